//! Secrets of tokens: 256 random bits, written as 64 hex digits, kept as their SHA-256.

use std::fmt::Write;

use hearth_base::{Error, Result};
use rand::TryRngCore;
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

/// The hash of a secret.
pub(crate) type Hash = [u8; BYTES];

/// A new token with this prefix, and its hash.
pub(crate) fn new(prefix: &str) -> Result<(String, Hash)> {
    let mut bytes = [0; BYTES];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::internal("the system gives no random numbers").caused_by(error))?;
    let mut text = String::with_capacity(prefix.len() + BYTES * 2);
    text.push_str(prefix);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok((text, Sha256::digest(bytes).into()))
}

/// The hash of a token with this prefix; `None` for what is no such token.
pub(crate) fn hash_of(prefix: &str, token: &str) -> Option<Hash> {
    let digits = token.strip_prefix(prefix)?.as_bytes();
    if digits.len() != BYTES * 2 {
        return None;
    }
    let mut secret = [0; BYTES];
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn token_hashes_to_its_hash_and_nothing_else_does() {
        let (token, hash) = new("p_").unwrap();
        assert_eq!(token.len(), 2 + 64);
        assert_eq!(hash_of("p_", &token), Some(hash));
        assert_ne!(new("p_").unwrap().1, hash);
        for other in ["", "p_", &token[1..], &token[..65], &format!("{token}0"), &token.to_uppercase(), "p_é"] {
            assert_eq!(hash_of("p_", other), None, "{other}");
        }
    }
}
