//! The service behind the transports: one file per group of RPCs.
//!
//! A transport gives each call the caller's credentials and gets messages, or a status, back.

mod analyze;
mod artifacts;
mod config;
mod details;
mod execute;
mod interrupt;
mod release;
mod session;
mod stream;
mod uploads;

use std::time::Duration;

use hearth_base::{ByteSize, OperationId, Result, SessionId};
use hearth_core::session::SessionUse;
use hearth_core::{Credentials, Hearth, OpContext, Principal};
use hearth_proto::connect as pb;
use tokio_util::sync::CancellationToken;

pub use execute::{Attached, Refused};
pub use stream::ResponseStream;
pub use uploads::Uploads;

/// The limits of this door.
#[derive(Debug, Clone)]
pub struct ConnectSettings {
    /// `connect.stream_duration`: a reattachable stream ends after this; the client comes back for the rest.
    pub stream_duration: Duration,
    /// `connect.stream_size`: a reattachable stream ends after so many bytes.
    pub stream_size: ByteSize,
    /// `connect.progress_interval`: how often a waiting client hears how far its operation is.
    pub progress_interval: Duration,
    /// `connect.max_artifact_size`: bytes of one artifact.
    pub max_artifact_size: ByteSize,
    /// `connect.max_artifacts_size`: bytes of one AddArtifacts call.
    pub max_artifacts_size: ByteSize,
}

impl Default for ConnectSettings {
    fn default() -> Self {
        Self {
            stream_duration: Duration::from_secs(120),
            stream_size: ByteSize::gib(1),
            progress_interval: Duration::from_secs(2),
            max_artifact_size: ByteSize::gib(2),
            max_artifacts_size: ByteSize::gib(8),
        }
    }
}

/// Spark Connect over the core.
#[derive(Debug, Clone)]
pub struct ConnectService {
    pub hearth: Hearth,
    pub settings: ConnectSettings,
}

/// What every request says of its caller and session.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    pub session: SessionId,
    /// The incarnation of the session that the client saw last.
    pub observed: Option<String>,
}

impl ConnectService {
    /// Who calls. The token decides; the name in the request counts only where no token is asked for.
    pub async fn caller(
        &self,
        mut credentials: Credentials,
        user: Option<&pb::UserContext>,
        session: &str,
        observed: Option<String>,
    ) -> Result<Caller> {
        credentials.claimed_user = user.map(|user| user.user_id.clone()).filter(|name| !name.is_empty());
        let principal = self.hearth.authenticator.authenticate(&credentials).await?;
        Ok(Caller { principal, session: SessionId::new(session), observed })
    }

    /// The caller's session, opened if need be, in use until the answer is dropped.
    async fn session(&self, caller: &Caller) -> Result<SessionUse> {
        let session =
            self.hearth.sessions.get_or_open(&caller.principal, &caller.session, caller.observed.as_deref()).await?;
        Ok(session.begin_use(self.hearth.sessions.clock()))
    }

    /// The caller's session, which must be there.
    fn known_session(&self, caller: &Caller) -> Result<SessionUse> {
        let session = self.hearth.sessions.get(&caller.principal, &caller.session, caller.observed.as_deref())?;
        Ok(session.begin_use(self.hearth.sessions.clock()))
    }
}

/// A context for work that is no operation: an analysis.
fn context(caller: &Caller) -> OpContext {
    OpContext {
        principal: caller.principal.clone(),
        session: caller.session.clone(),
        operation: OperationId::random(),
        cancel: CancellationToken::new(),
    }
}
