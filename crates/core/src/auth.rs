//! The seam to authentication.

use async_trait::async_trait;
use hearth_base::Result;

use crate::Principal;

/// What a request brought along to say who it is from.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The value of `Authorization`, whole.
    pub authorization: Option<String>,
    /// The name that the request gives itself (Spark Connect's `user_context.user_id`). It never counts against a token.
    pub claimed_user: Option<String>,
}

/// Finds out who calls.
#[async_trait]
pub trait Authenticator: Send + Sync + std::fmt::Debug {
    /// The principal, or an error of kind `Unauthenticated`.
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal>;
}
