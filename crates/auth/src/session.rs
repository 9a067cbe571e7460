//! Tokens of sessions: what a child process of this server shows to come back to it as its session's principal.
//!
//! They live in memory, until they are withdrawn or the server ends. Whether or not others need tokens: one of these
//! names its principal, and one that is not good any more is refused.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use hearth_base::condition::UNAUTHENTICATED;
use hearth_base::{Result, SessionId};
use hearth_core::{Authenticator, Credentials, Principal};
use parking_lot::RwLock;

use crate::presented::Presented;
use crate::secret::{self, Hash};

/// Tells these tokens from those of users; 64 hex digits follow.
const PREFIX: &str = "hearth_session_";

/// The tokens that are good now.
#[derive(Default)]
pub struct SessionTokens {
    /// By the hash of the secret, so that the time of a look-up tells nothing of a secret.
    issued: RwLock<HashMap<Hash, (Principal, SessionId)>>,
}

impl std::fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionTokens").field("issued", &self.issued.read().len()).finish()
    }
}

impl SessionTokens {
    /// A new token that names `principal` until it is withdrawn. A session may have several.
    pub fn issue(&self, principal: &Principal, session: &SessionId) -> Result<String> {
        let (token, hash) = secret::new(PREFIX)?;
        self.issued.write().insert(hash, (principal.clone(), session.clone()));
        Ok(token)
    }

    /// Ends all tokens of a session of this principal.
    pub fn withdraw(&self, principal: &Principal, session: &SessionId) {
        self.issued.write().retain(|_, (owner, of)| owner != principal || of != session);
    }

    fn principal(&self, token: &str) -> Option<Principal> {
        let hash = secret::hash_of(PREFIX, token)?;
        self.issued.read().get(&hash).map(|(principal, _)| principal.clone())
    }
}

/// Takes tokens of sessions, and hands everything else on.
#[derive(Debug, Clone)]
pub struct SessionTokenAuthenticator {
    inner: Arc<dyn Authenticator>,
    tokens: Arc<SessionTokens>,
}

impl SessionTokenAuthenticator {
    pub fn new(inner: Arc<dyn Authenticator>, tokens: Arc<SessionTokens>) -> Self {
        Self { inner, tokens }
    }
}

#[async_trait]
impl Authenticator for SessionTokenAuthenticator {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal> {
        let presented = credentials.authorization.as_deref().and_then(Presented::of);
        let Some(presented) = presented.filter(|presented| presented.token.starts_with(PREFIX)) else {
            return self.inner.authenticate(credentials).await;
        };
        let principal = self.tokens.principal(&presented.token);
        principal
            .filter(|principal| presented.may_be(principal.id.as_str()))
            .ok_or_else(|| UNAUTHENTICATED.with("message", "the session of this token has ended"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::{Clock, ErrorKind};
    use hearth_testkit::MemoryMetadataStore;

    use super::*;
    use crate::presented::tests::basic;
    use crate::{OpenAuthenticator, TokenAuthenticator, create_token};

    fn bearer(token: &str) -> Credentials {
        Credentials { authorization: Some(format!("Bearer {token}")), claimed_user: Some("mallory".to_owned()) }
    }

    fn open(tokens: &Arc<SessionTokens>) -> SessionTokenAuthenticator {
        SessionTokenAuthenticator::new(Arc::new(OpenAuthenticator), Arc::clone(tokens))
    }

    #[tokio::test]
    async fn token_names_its_principal_even_where_nobody_asks() {
        let tokens = Arc::new(SessionTokens::default());
        let (ada, session) = (Principal::named("ada"), SessionId::random());
        let token = tokens.issue(&ada, &session).unwrap();
        assert!(token.starts_with("hearth_session_") && token.len() == 15 + 64);
        assert_eq!(open(&tokens).authenticate(&bearer(&token)).await.unwrap(), ada);
        let basic = Credentials { authorization: Some(basic("ada", &token)), ..Credentials::default() };
        assert_eq!(open(&tokens).authenticate(&basic).await.unwrap(), ada);
        assert!(!format!("{tokens:?}").contains(&token[15..]));
    }

    #[tokio::test]
    async fn withdrawn_and_unknown_tokens_are_refused_even_where_nobody_asks() {
        let tokens = Arc::new(SessionTokens::default());
        let (ada, bob, session) = (Principal::named("ada"), Principal::named("bob"), SessionId::random());
        let first = tokens.issue(&ada, &session).unwrap();
        let second = tokens.issue(&ada, &session).unwrap();
        let other = tokens.issue(&ada, &SessionId::random()).unwrap();
        let bobs = tokens.issue(&bob, &session).unwrap();
        tokens.withdraw(&ada, &session);
        let unknown = format!("{PREFIX}{}", "0".repeat(64));
        let upper = format!("{PREFIX}{}", other[PREFIX.len()..].to_uppercase());
        for token in [&first, &second, &unknown, &upper, PREFIX] {
            let error = open(&tokens).authenticate(&bearer(token)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        }
        assert_eq!(open(&tokens).authenticate(&bearer(&other)).await.unwrap(), ada);
        assert_eq!(open(&tokens).authenticate(&bearer(&bobs)).await.unwrap(), bob);
    }

    #[tokio::test]
    async fn everything_else_is_the_inner_ones() {
        let (store, clock) = (Arc::new(MemoryMetadataStore::default()), Clock::manual(1_000));
        let users = create_token(store.as_ref(), &clock, "eve", "laptop", None).await.unwrap();
        let inner = Arc::new(TokenAuthenticator::new(store, clock));
        let tokens = Arc::new(SessionTokens::default());
        let token = tokens.issue(&Principal::named("ada"), &SessionId::random()).unwrap();
        let both = SessionTokenAuthenticator::new(inner, Arc::clone(&tokens));
        assert_eq!(both.authenticate(&bearer(&token)).await.unwrap(), Principal::named("ada"));
        assert_eq!(both.authenticate(&bearer(&users.secret)).await.unwrap(), Principal::named("eve"));
        assert!(both.authenticate(&bearer("x")).await.is_err());
        assert!(both.authenticate(&Credentials::default()).await.is_err());
        let claimed = Credentials { claimed_user: Some("eve".to_owned()), ..Credentials::default() };
        assert_eq!(open(&tokens).authenticate(&claimed).await.unwrap(), Principal::named("eve"));
    }
}
