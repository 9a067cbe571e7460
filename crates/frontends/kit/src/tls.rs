//! TLS: a given certificate, or a self-signed one that is made once and kept.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_base::condition::INVALID_REQUEST;
use hearth_base::{Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSettings {
    /// PEM files: the certificate with its chain, and its key.
    Given { certificate: PathBuf, key: PathBuf },
    /// `cert.pem` and `key.pem` in this folder, made if they are not there.
    SelfSigned { folder: PathBuf, names: Vec<String> },
}

impl TlsSettings {
    /// Where clients find the certificate to trust.
    pub fn certificate(&self) -> PathBuf {
        match self {
            Self::Given { certificate, .. } => certificate.clone(),
            Self::SelfSigned { folder, .. } => folder.join("cert.pem"),
        }
    }

    /// The configuration of a listener that speaks `protocols` (ALPN), the preferred first.
    pub fn server_config(&self, protocols: &[&str]) -> Result<Arc<rustls::ServerConfig>> {
        let (certificate, key) = match self {
            Self::Given { certificate, key } => (certificate.clone(), key.clone()),
            Self::SelfSigned { folder, names } => self_signed(folder, names)?,
        };
        let chain = CertificateDer::pem_file_iter(&certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable(&certificate, &error))?;
        let private = PrivateKeyDer::from_pem_file(&key).map_err(|error| unusable(&key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| unusable(&certificate, &error))?;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    INVALID_REQUEST.with("message", format!("{} is of no use for TLS: {error}", path.display()))
}

/// The files of the self-signed certificate.
fn self_signed(folder: &Path, names: &[String]) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let made = rcgen::generate_simple_self_signed(names.to_vec())
        .map_err(|error| Error::internal("no certificate can be made").caused_by(error))?;
    std::fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
    write_private(&key, &made.signing_key.serialize_pem()).map_err(|error| unusable(&key, &error))?;
    std::fs::write(&certificate, made.cert.pem()).map_err(|error| unusable(&certificate, &error))?;
    Ok((certificate, key))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_self_signed_certificate_is_made_once_and_serves_as_a_given_one() {
        let folder = tempfile::tempdir().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let settings = TlsSettings::SelfSigned { folder: folder.path().join("tls"), names };
        let config = settings.server_config(&["h2"]).unwrap();
        assert_eq!(config.alpn_protocols, [b"h2"]);
        let first = std::fs::read(settings.certificate()).unwrap();
        settings.server_config(&["h2"]).unwrap();
        assert_eq!(std::fs::read(settings.certificate()).unwrap(), first);
        let given = TlsSettings::Given { certificate: settings.certificate(), key: folder.path().join("tls/key.pem") };
        given.server_config(&["http/1.1"]).unwrap();
    }

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("cert.pem");
        std::fs::write(&certificate, "hello").unwrap();
        let given = TlsSettings::Given { key: certificate.clone(), certificate };
        assert!(given.server_config(&[]).unwrap_err().text().contains("cert.pem"));
    }
}
