//! External links: an address that proves by itself that its holder may read one chunk, for a while.

use hearth_base::OperationId;
use hearth_base::clock::EpochMillis;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

const PATH: &str = "/api/2.0/sql/external-links";

/// Signs links with a key that lives as long as the server.
pub struct Signer {
    key: [u8; 64],
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    pub fn random() -> Self {
        let mut key = [0; 64];
        for part in key.chunks_exact_mut(16) {
            part.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        Self { key }
    }

    /// The path and query of a link to chunk `chunk` of `statement` that works until `expires`.
    pub fn link(&self, statement: &OperationId, chunk: usize, expires: EpochMillis) -> String {
        let signature = hex(&self.mac(statement, chunk, expires).finalize().into_bytes());
        format!("{PATH}/{statement}/{chunk}?expires={expires}&signature={signature}")
    }

    /// Whether the signature is ours. Takes the same time wherever it is wrong.
    pub fn accepts(&self, statement: &OperationId, chunk: usize, expires: EpochMillis, signature: &str) -> bool {
        unhex(signature).is_some_and(|given| self.mac(statement, chunk, expires).verify_slice(&given).is_ok())
    }

    fn mac(&self, statement: &OperationId, chunk: usize, expires: EpochMillis) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new(&self.key.into());
        mac.update(format!("{statement}/{chunk}/{expires}").as_bytes());
        mac
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_for_one_chunk_one_statement_one_time() {
        let (signer, id) = (Signer::random(), OperationId::random());
        let link = signer.link(&id, 3, 1_000);
        let signature = link.rsplit_once('=').unwrap().1;
        assert!(signer.accepts(&id, 3, 1_000, signature));
        assert!(!signer.accepts(&id, 4, 1_000, signature));
        assert!(!signer.accepts(&id, 3, 1_001, signature));
        assert!(!signer.accepts(&OperationId::random(), 3, 1_000, signature));
        assert!(!Signer::random().accepts(&id, 3, 1_000, signature));
        for odd in ["", "zz", "é", &signature[1..], &format!("{signature}00")] {
            assert!(!signer.accepts(&id, 3, 1_000, odd), "{odd}");
        }
    }
}
