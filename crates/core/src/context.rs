//! Who calls and for what: the first argument of everything that can wait or must be authorised.

use hearth_base::{OperationId, PrincipalId, SessionId};
use tokio_util::sync::CancellationToken;

/// Who calls, as an `Authenticator` found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub id: PrincipalId,
}

impl Principal {
    pub fn named(name: &str) -> Self {
        Self { id: PrincipalId::new(name) }
    }
}

/// The context of one operation.
#[derive(Debug, Clone)]
pub struct OpContext {
    pub principal: Principal,
    pub session: SessionId,
    pub operation: OperationId,
    /// Ends when the operation is to stop: interrupted, over its deadline, or the server shuts down.
    pub cancel: CancellationToken,
}
