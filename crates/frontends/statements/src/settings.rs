//! The limits of this door. The server's settings fill this struct.

use std::time::Duration;

use hearth_base::ByteSize;

#[derive(Debug, Clone)]
pub struct StatementsSettings {
    /// `statements.inline_limit`: bytes of a result with `disposition: INLINE`; over it the statement fails.
    pub inline_limit: ByteSize,
    /// `statements.external_limit`: bytes of a result with external links; rows behind it are left out.
    pub external_limit: ByteSize,
    /// `statements.attachment_limit`: bytes of a hybrid result that comes in the answer itself.
    pub attachment_limit: ByteSize,
    /// `statements.max_text`: bytes of a statement's text.
    pub max_text: ByteSize,
    /// `statements.timeout`: a statement runs at most so long, unless `STATEMENT_TIMEOUT` of its session says less.
    pub timeout: Duration,
    /// `statements.poll_timeout`: a statement that no client asks about for so long is stopped and closed.
    pub poll_timeout: Duration,
    /// `statements.link_lifetime`: how long an external link works.
    pub link_lifetime: Duration,
    /// `statements.public_url`: what external links start with; without it, the address that the client used.
    pub public_url: Option<String>,
    /// Whether clients reach the HTTP port by TLS.
    pub tls: bool,
}

impl Default for StatementsSettings {
    fn default() -> Self {
        Self {
            inline_limit: ByteSize::mib(25),
            external_limit: ByteSize::gib(100),
            attachment_limit: ByteSize::mib(5),
            max_text: ByteSize::mib(16),
            timeout: Duration::from_secs(12 * 60 * 60),
            poll_timeout: Duration::from_secs(15 * 60),
            link_lifetime: Duration::from_secs(15 * 60),
            public_url: None,
            tls: false,
        }
    }
}
