//! Tokens of users, as bearer tokens or as passwords of HTTP Basic. The identity is the token's: a name in the request neither adds to it nor counts against it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hearth_base::condition::{INVALID_REQUEST, UNAUTHENTICATED};
use hearth_base::{Clock, Error, OperationId, PrincipalId, Result};
use hearth_core::store::TokenRecord;
use hearth_core::{Authenticator, Credentials, MetadataStore, Principal};
use subtle::ConstantTimeEq;

use crate::presented::Presented;
use crate::secret;

const PREFIX: &str = "hearth_";
/// The longest name that a token may stand for.
const MAX_PRINCIPAL: usize = 255;

/// Takes tokens that the store knows.
#[derive(Debug, Clone)]
pub struct TokenAuthenticator {
    store: Arc<dyn MetadataStore>,
    clock: Clock,
}

impl TokenAuthenticator {
    pub fn new(store: Arc<dyn MetadataStore>, clock: Clock) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Authenticator for TokenAuthenticator {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal> {
        let header = credentials.authorization.as_deref().ok_or_else(|| refused("a bearer token is needed"))?;
        let presented = Presented::of(header).ok_or_else(foreign)?;
        let hash = secret::hash_of(PREFIX, &presented.token).ok_or_else(foreign)?;
        let record = self.store.token_by_hash(&hash).await?.ok_or_else(|| refused("the bearer token is not known"))?;
        // The index found equal bytes already; this keeps the verdict independent of how it compares.
        if !bool::from(record.hash.ct_eq(&hash)) {
            return Err(refused("the bearer token is not known"));
        }
        if record.expires_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(refused("the bearer token has expired"));
        }
        if !presented.may_be(record.principal.as_str()) {
            return Err(refused("the password is the token of another user"));
        }
        Ok(Principal { id: record.principal })
    }
}

/// A new token: the text to give away, which is not kept, and what is kept.
#[derive(Debug)]
pub struct NewToken {
    pub secret: String,
    pub record: TokenRecord,
}

/// Makes a token for `principal` and keeps it in `store`.
pub async fn create_token(
    store: &dyn MetadataStore,
    clock: &Clock,
    principal: &str,
    comment: &str,
    lifetime: Option<Duration>,
) -> Result<NewToken> {
    if principal.is_empty() || principal.len() > MAX_PRINCIPAL || principal.chars().any(char::is_control) {
        return Err(INVALID_REQUEST.with("message", "a token needs a user name of 1 to 255 printable characters"));
    }
    let (secret, hash) = secret::new(PREFIX)?;
    let now = clock.now();
    let record = TokenRecord {
        id: OperationId::random().as_str()[..8].to_owned(),
        principal: PrincipalId::new(principal),
        hash,
        comment: comment.to_owned(),
        created_at: now,
        expires_at: lifetime.map(|span| now.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))),
    };
    store.put_token(record.clone()).await?;
    Ok(NewToken { secret, record })
}

fn refused(message: &str) -> Error {
    UNAUTHENTICATED.with("message", message)
}

fn foreign() -> Error {
    refused("the bearer token is not one of Hearth's")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::ErrorKind;
    use hearth_testkit::MemoryMetadataStore;

    use super::*;
    use crate::presented::tests::basic;

    async fn authenticator() -> (TokenAuthenticator, NewToken, Clock) {
        let (store, clock) = (Arc::new(MemoryMetadataStore::default()), Clock::manual(1_000));
        let day = Duration::from_secs(24 * 3600);
        let token = create_token(store.as_ref(), &clock, "ada", "laptop", Some(day)).await.unwrap();
        (TokenAuthenticator::new(store, clock.clone()), token, clock)
    }

    fn credentials(header: &str) -> Credentials {
        Credentials { authorization: Some(header.to_owned()), claimed_user: Some("mallory".to_owned()) }
    }

    #[tokio::test]
    async fn the_identity_is_the_tokens_whatever_the_request_claims() {
        let (authenticator, token, _) = authenticator().await;
        for scheme in ["Bearer", "bearer"] {
            let credentials = credentials(&format!("{scheme} {}", token.secret));
            assert_eq!(authenticator.authenticate(&credentials).await.unwrap(), Principal::named("ada"));
        }
    }

    #[tokio::test]
    async fn a_token_is_also_a_password() {
        let (authenticator, token, _) = authenticator().await;
        for user in ["ada", "", "token"] {
            let credentials = credentials(&basic(user, &token.secret));
            assert_eq!(authenticator.authenticate(&credentials).await.unwrap(), Principal::named("ada"), "{user}");
        }
        for (user, password) in [("mallory", token.secret.as_str()), ("ada", "x"), ("ada", ""), (&token.secret, "")] {
            let error = authenticator.authenticate(&credentials(&basic(user, password))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{user}");
        }
    }

    #[tokio::test]
    async fn everything_else_is_refused() {
        let (authenticator, token, clock) = authenticator().await;
        let unknown = format!("Bearer hearth_{}", "0".repeat(64));
        let upper = format!("Bearer hearth_{}", token.secret[7..].to_ascii_uppercase());
        let short = format!("Bearer {}", &token.secret[..token.secret.len() - 2]);
        for header in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x", "Bearer hearth_é", &unknown, &upper, &short]
        {
            let error = authenticator.authenticate(&credentials(header)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{header}");
        }
        let nothing = authenticator.authenticate(&Credentials::default()).await.unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::Unauthenticated);
        clock.advance(Duration::from_secs(24 * 3600));
        let expired = authenticator.authenticate(&credentials(&format!("Bearer {}", token.secret))).await.unwrap_err();
        assert!(expired.text().contains("expired"));
    }

    #[tokio::test]
    async fn the_secret_is_not_kept() {
        let (_, token, _) = authenticator().await;
        let digits: String = token.record.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_ne!(digits, token.secret[7..]);
        assert!(!format!("{:?}", token.record).contains(&token.secret[7..]));
        assert_eq!(token.secret.len(), 7 + 64);
    }
}
