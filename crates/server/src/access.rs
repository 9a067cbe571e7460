//! How interpreters reach their sessions on this server: its own Spark Connect port, and a token for each session.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hearth_auth::SessionTokens;
use hearth_base::{Error, Result, SessionId};
use hearth_core::Principal;
use hearth_core::interpreter::SessionAccess;

#[derive(Debug)]
pub struct LocalAccess {
    tokens: Arc<SessionTokens>,
    /// Set once the port is bound.
    address: OnceLock<SocketAddr>,
}

impl LocalAccess {
    pub fn new(tokens: Arc<SessionTokens>) -> Self {
        Self { tokens, address: OnceLock::new() }
    }

    /// Says where Spark Connect listens without TLS. Child processes reach a listener of all addresses by loopback.
    pub fn listen_at(&self, address: SocketAddr) {
        let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
        // There is one listener, bound once.
        let _ = self.address.set(SocketAddr::new(ip, address.port()));
    }
}

impl SessionAccess for LocalAccess {
    fn grant(&self, principal: &Principal, session: &SessionId) -> Result<String> {
        let address = self.address.get().ok_or_else(|| Error::internal("Spark Connect does not listen yet"))?;
        let token = self.tokens.issue(principal, session)?;
        let user = escape(principal.id.as_str());
        // Clients want TLS with a parameter named `token`; what they do not know goes along as a header.
        Ok(format!("sc://{address}/;user_id={user};session_id={session};authorization=Bearer%20{token}"))
    }

    fn withdraw(&self, principal: &Principal, session: &SessionId) {
        self.tokens.withdraw(principal, session);
    }
}

/// A text as a parameter of the address.
fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.as_bytes()
        .iter()
        .map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_session_and_token() {
        let access = LocalAccess::new(Arc::default());
        let (principal, session) = (Principal::named("a b;c"), SessionId::random());
        assert!(access.grant(&principal, &session).is_err());
        access.listen_at("0.0.0.0:15002".parse().unwrap());
        let url = access.grant(&principal, &session).unwrap();
        assert!(url.starts_with(&format!("sc://127.0.0.1:15002/;user_id=a%20b%3Bc;session_id={session};")), "{url}");
        assert!(url.contains(";authorization=Bearer%20hearth_"), "{url}");
    }
}
