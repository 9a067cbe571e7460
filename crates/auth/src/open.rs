//! Authentication switched off: callers are who they say they are. Only for loopback.
//!
//! They say it in the protocol's own place (`Credentials::claimed_user`). `Authorization` names nobody here: clients fill it
//! in with whatever they have, and a name without proof in it would look like one with.

use async_trait::async_trait;
use hearth_base::Result;
use hearth_core::{Authenticator, Credentials, Principal};

/// The name of callers that give none.
const NAMELESS: &str = "local";

/// Believes everybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenAuthenticator;

#[async_trait]
impl Authenticator for OpenAuthenticator {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal> {
        let name = credentials.claimed_user.as_deref().filter(|name| !name.is_empty());
        Ok(Principal::named(name.unwrap_or(NAMELESS)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn callers_are_who_they_say() {
        let named = Credentials { claimed_user: Some("ada".into()), ..Credentials::default() };
        assert_eq!(OpenAuthenticator.authenticate(&named).await.unwrap(), Principal::named("ada"));
        let nameless = Credentials { claimed_user: Some(String::new()), ..Credentials::default() };
        assert_eq!(OpenAuthenticator.authenticate(&nameless).await.unwrap(), Principal::named("local"));
    }

    #[tokio::test]
    async fn authorization_names_nobody() {
        let ada = crate::presented::tests::basic("ada", "secret");
        let credentials = Credentials { authorization: Some(ada), ..Credentials::default() };
        assert_eq!(OpenAuthenticator.authenticate(&credentials).await.unwrap(), Principal::named("local"));
    }
}
