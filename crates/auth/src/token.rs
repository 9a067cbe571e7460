//! Bearer tokens. The identity is the token's: a name in the request neither adds to it nor counts against it.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hearth_base::condition::{INVALID_REQUEST, UNAUTHENTICATED};
use hearth_base::{Clock, Error, OperationId, PrincipalId, Result};
use hearth_core::store::TokenRecord;
use hearth_core::{Authenticator, Credentials, MetadataStore, Principal};
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const PREFIX: &str = "hearth_";
const SECRET_BYTES: usize = 32;
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
        let hash =
            bearer(header).and_then(hash_of).ok_or_else(|| refused("the bearer token is not one of Hearth's"))?;
        let record = self.store.token_by_hash(&hash).await?.ok_or_else(|| refused("the bearer token is not known"))?;
        // The index found equal bytes already; this keeps the verdict independent of how it compares.
        if !bool::from(record.hash.ct_eq(&hash)) {
            return Err(refused("the bearer token is not known"));
        }
        if record.expires_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(refused("the bearer token has expired"));
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
    let mut bytes = [0; SECRET_BYTES];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::internal("the system gives no random numbers").caused_by(error))?;
    let now = clock.now();
    let record = TokenRecord {
        id: OperationId::random().as_str()[..8].to_owned(),
        principal: PrincipalId::new(principal),
        hash: Sha256::digest(bytes).into(),
        comment: comment.to_owned(),
        created_at: now,
        expires_at: lifetime.map(|span| now.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))),
    };
    store.put_token(record.clone()).await?;
    Ok(NewToken { secret: format!("{PREFIX}{}", hex(&bytes)), record })
}

fn refused(message: &str) -> Error {
    UNAUTHENTICATED.with("message", message)
}

/// The token of `Bearer TOKEN`; the scheme's case does not count (RFC 7235).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn hash_of(token: &str) -> Option<[u8; 32]> {
    let digits = token.strip_prefix(PREFIX)?.as_bytes();
    if digits.len() != SECRET_BYTES * 2 {
        return None;
    }
    let mut secret = [0; SECRET_BYTES];
    for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(Sha256::digest(secret).into())
}

/// Only lower-case digits: a token has one spelling.
fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::ErrorKind;
    use hearth_testkit::MemoryMetadataStore;

    use super::*;

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
        let kept = format!("{:?} {}", token.record, hex(&token.record.hash));
        assert!(!kept.contains(&token.secret[7..]));
        assert_eq!(token.secret.len(), 7 + 64);
    }
}
