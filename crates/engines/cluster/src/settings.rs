//! The settings of a cluster engine, and what they come to once checked.
//!
//! A token makes the connection TLS, as it does for Spark's clients, except to this machine.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hearth_base::ByteSize;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::transport::{Certificate, ClientTlsConfig};

use crate::in_process::Door;
use crate::url::ClusterUrl;

/// A Spark Connect server, and how it is talked to.
#[derive(Clone)]
pub struct ClusterSettings {
    /// The engine's name, for logs.
    pub name: String,
    /// `sc://host:port/;use_ssl=true;token=…`, as Spark's clients write it.
    pub url: String,
    /// Instead of a token in the address.
    pub token: Option<String>,
    /// PEM certificates that the server's chain must end in; `None` is the machine's own.
    pub tls_ca: Option<PathBuf>,
    pub limits: ClusterLimits,
}

/// What the connections to one Spark may take, and how long it is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterLimits {
    /// Connections that streams are spread over.
    pub connections: usize,
    /// One message from the Spark. The address can say otherwise.
    pub max_message: ByteSize,
    /// Bytes that may wait for one slow reader; then the Spark waits. What is on its way when a connection breaks must
    /// fit into what Spark keeps for it (`spark.connect.execute.reattachable.observerRetryBufferSize`, 10 MB), together
    /// with one message.
    pub stream_window: ByteSize,
    pub connect_timeout: Duration,
    /// Connecting is tried this often, with pauses that grow.
    pub connect_attempts: u32,
    /// A call that may be repeated is sent this often at most.
    pub call_attempts: u32,
    /// A call without plan or files.
    pub call_timeout: Duration,
    /// A cut stream is taken up again this often without anything new from it.
    pub reattach_attempts: u32,
    /// … and this long.
    pub reattach_timeout: Duration,
    /// When nobody has listened for so long where the Spark was, it has ended, and what it ran with it.
    pub refused_timeout: Duration,
    /// A stream that says nothing for this long is taken for cut. Spark itself ends each after two minutes.
    pub quiet_timeout: Duration,
    /// How often an idle Spark is asked whether it is there.
    pub health_interval: Duration,
}

impl Default for ClusterLimits {
    fn default() -> Self {
        Self {
            connections: 4,
            max_message: ByteSize::mib(256),
            stream_window: ByteSize::mib(4),
            connect_timeout: Duration::from_secs(10),
            connect_attempts: 4,
            call_attempts: 4,
            call_timeout: Duration::from_secs(120),
            reattach_attempts: 30,
            reattach_timeout: Duration::from_secs(120),
            refused_timeout: Duration::from_secs(5),
            quiet_timeout: Duration::from_secs(300),
            health_interval: Duration::from_secs(5),
        }
    }
}

impl ClusterSettings {
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { name: name.into(), url: url.into(), token: None, tls_ca: None, limits: ClusterLimits::default() }
    }

    /// Everything that is wrong with them; empty when nothing is. Reads the CA file.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = self.limits.mistakes();
        if let Err(mistake) = self.target() {
            mistakes.push(mistake);
        }
        mistakes
    }

    /// The address, with its token hidden.
    pub fn address(&self) -> Result<ClusterUrl, String> {
        ClusterUrl::parse(&self.url)
    }

    pub(crate) fn target(&self) -> Result<Target, String> {
        let mut url = self.address()?;
        if let Some(token) = self.token.as_ref().filter(|token| !token.is_empty()) {
            if url.token.is_some() {
                return Err("the token stands both in the address and beside it".to_owned());
            }
            url.token = Some(token.clone());
        }
        let secure = url.use_ssl || (url.token.is_some() && !url.is_loopback());
        let tls = match (secure, &self.tls_ca) {
            (true, Some(path)) => {
                let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
                if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
                    return Err(format!("{} holds no PEM certificate", path.display()));
                }
                Some(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
            }
            (true, None) => Some(ClientTlsConfig::new().trust_anchors(machine_roots()?)),
            (false, Some(_)) => return Err("a CA has no use without TLS: add `use_ssl=true` to the address".to_owned()),
            (false, None) => None,
        };
        let headers = headers(&url)?;
        Ok(Target { url, tls, headers, door: None })
    }
}

const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

impl ClusterLimits {
    fn mistakes(&self) -> Vec<String> {
        let positive = [
            ("connections", self.connections > 0),
            ("max_message", self.max_message.bytes() > 0),
            // HTTP/2 counts windows in 31 bits.
            ("stream_window", (64 << 10..1 << 31).contains(&self.stream_window.bytes())),
            ("connect_timeout", !self.connect_timeout.is_zero()),
            ("connect_attempts", self.connect_attempts > 0),
            ("call_attempts", self.call_attempts > 0),
            ("call_timeout", !self.call_timeout.is_zero()),
            ("quiet_timeout", !self.quiet_timeout.is_zero()),
            ("health_interval", !self.health_interval.is_zero()),
        ];
        let wrong = positive.iter().filter(|(_, is_right)| !is_right);
        wrong
            .map(|(name, _)| match *name {
                "stream_window" => "`stream_window` is between 64k and 2g".to_owned(),
                name => format!("`{name}` must be above 0"),
            })
            .collect()
    }
}

impl fmt::Debug for ClusterSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterSettings")
            .field("name", &self.name)
            .field("url", &self.address())
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("tls_ca", &self.tls_ca)
            .field("limits", &self.limits)
            .finish()
    }
}

/// A server that can be connected to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: ClusterUrl,
    pub(crate) tls: Option<ClientTlsConfig>,
    pub(crate) headers: Headers,
    /// Connections are made here, for a server in this process.
    pub(crate) door: Option<Door>,
}

/// Metadata of each call. Its values are not printed.
#[derive(Clone)]
pub(crate) struct Headers(pub(crate) Arc<[(AsciiMetadataKey, AsciiMetadataValue)]>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn headers(url: &ClusterUrl) -> Result<Headers, String> {
    let mut headers = Vec::new();
    if let Some(token) = &url.token {
        let mut value = AsciiMetadataValue::try_from(format!("Bearer {token}"))
            .map_err(|_| "the token has characters that no header can carry".to_owned())?;
        value.set_sensitive(true);
        headers.push((AsciiMetadataKey::from_static("authorization"), value));
    }
    for (name, value) in &url.metadata {
        let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a header"))?;
        let mut value = AsciiMetadataValue::try_from(value.as_str()).map_err(|_| format!("`{name}`: not a header"))?;
        value.set_sensitive(true);
        headers.push((key, value));
    }
    Ok(Headers(headers.into()))
}

/// The certificates that this machine trusts: what its administrators added too, which a list built in would not have.
fn machine_roots() -> Result<Vec<rustls::pki_types::TrustAnchor<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = rustls::RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        return Err(format!(
            "this machine has no certificates to trust{reasons}: install ca-certificates or name a CA"
        ));
    }
    Ok(store.roots)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let settings = ClusterSettings {
            token: Some("sesame".to_owned()),
            ..ClusterSettings::new("a", "sc://localhost/;x-key=hidden")
        };
        let target = settings.target().unwrap();
        let printed = format!("{settings:?} {target:?}");
        assert!(!printed.contains("sesame") && !printed.contains("hidden"), "{printed}");
        assert!(target.tls.is_none());
        assert_eq!(target.headers.0[0].1.to_str().unwrap(), "Bearer sesame");
    }

    #[test]
    fn all_mistakes_are_told() {
        let settings = ClusterSettings {
            tls_ca: Some("/nowhere/ca.pem".into()),
            limits: ClusterLimits { connections: 0, stream_window: ByteSize::new(1), ..ClusterLimits::default() },
            ..ClusterSettings::new("a", "sc://host")
        };
        let mistakes = settings.mistakes();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(mistakes[2].contains("use_ssl"));
        let settings = ClusterSettings { url: "sc://host/;use_ssl=true".to_owned(), ..settings };
        assert!(settings.mistakes()[2].contains("/nowhere/ca.pem"));
        let both =
            ClusterSettings { token: Some("a".to_owned()), ..ClusterSettings::new("a", "sc://localhost/;token=b") };
        assert!(both.mistakes()[0].contains("both"));
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nothing").unwrap();
        let settings = ClusterSettings {
            tls_ca: Some(file.path().into()),
            ..ClusterSettings::new("a", "sc://host/;use_ssl=true")
        };
        assert!(settings.mistakes()[0].contains("no PEM certificate"));
    }
}
