//! The token in an `Authorization` header: as a bearer token, or as the password of HTTP Basic for clients that know
//! nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The user name that stands for whoever the token names.
const ANYBODY: &str = "token";

/// What a header presents. Nothing is checked yet.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Presented {
    pub token: String,
    /// The name that must be the token's, if one was given.
    user: Option<String>,
}

impl Presented {
    /// `None` for another scheme and for what does not read.
    pub fn of(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ')?;
        // The case of the scheme does not count (RFC 9110).
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self { token: rest.trim().to_owned(), user: None });
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        let (user, password) = pair.split_once(':')?;
        let is_named = !user.is_empty() && user != ANYBODY;
        Some(Self { token: password.to_owned(), user: is_named.then(|| user.to_owned()) })
    }

    /// Whether the name that was given, if any, is that of the token's principal.
    pub fn may_be(&self, principal: &str) -> bool {
        self.user.as_deref().is_none_or(|user| user == principal)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub(crate) mod tests {
    use super::*;

    pub fn basic(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }

    #[test]
    fn token_is_the_bearer_or_the_password() {
        for header in ["Bearer t", "bearer  t ", &basic("", "t"), &basic("token", "t"), &basic("ada", "t")] {
            assert_eq!(Presented::of(header).unwrap().token, "t", "{header}");
        }
        assert_eq!(Presented::of(&basic("ada", "a:b")).unwrap().token, "a:b");
        for header in ["", "Bearer", "Basic", "Basic !", "Basic YQ==", "Basic /w==", "Digest t"] {
            assert!(Presented::of(header).is_none(), "{header}");
        }
    }

    #[test]
    fn named_user_must_be_the_principal() {
        assert!(Presented::of("Bearer t").unwrap().may_be("ada"));
        assert!(Presented::of(&basic("ada", "t")).unwrap().may_be("ada"));
        assert!(Presented::of(&basic("token", "t")).unwrap().may_be("ada"));
        assert!(!Presented::of(&basic("Ada", "t")).unwrap().may_be("ada"));
    }
}
