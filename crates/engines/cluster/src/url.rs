//! The address of a Spark Connect server as Spark's clients write it: `sc://host:port/;name=value;name=value`.
//!
//! The names that clients know have their meaning; any other pair is sent as gRPC metadata with each call, as clients
//! do. Whether the address makes sense together with other settings is checked in `settings`.

use std::fmt;
use std::net::IpAddr;

use hearth_base::ByteSize;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use url::Url;

/// The port of Spark Connect servers that name none.
pub const DEFAULT_PORT: u16 = 15002;

/// Names that Spark's clients and this one give a meaning; they never become metadata.
const USE_SSL: &str = "use_ssl";
const TOKEN: &str = "token";
const USER_ID: &str = "user_id";
const USER_AGENT: &str = "user_agent";
const SESSION_ID: &str = "session_id";
const MAX_MESSAGE: &str = "grpc_max_message_size";
/// What gRPC itself sends, which nobody may set.
const RESERVED: [&str; 5] = ["authorization", "content-type", "te", "user-agent", "host"];

/// A parsed address. `Debug` and `Display` hide the token.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterUrl {
    /// A name or an address; IPv6 with its brackets.
    pub host: String,
    pub port: u16,
    pub use_ssl: bool,
    pub token: Option<String>,
    pub user_id: Option<String>,
    pub user_agent: Option<String>,
    /// What one message may have at most.
    pub max_message: Option<ByteSize>,
    /// Sent with each call.
    pub metadata: Vec<(String, String)>,
}

impl ClusterUrl {
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.trim().strip_prefix("sc://").ok_or("an address of Spark Connect begins with `sc://`")?;
        let (authority, parameters) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains(';') {
            return Err("a `/` belongs before the first `;`, as in `sc://host:15002/;use_ssl=true`".to_owned());
        }
        let (host, port) = place(authority)?;
        let mut url = Self {
            host,
            port,
            use_ssl: false,
            token: None,
            user_id: None,
            user_agent: None,
            max_message: None,
            metadata: Vec::new(),
        };
        if !parameters.is_empty() && !parameters.starts_with(';') {
            return Err("nothing stands between the `/` and the first `;`".to_owned());
        }
        for pair in parameters.split(';').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("`{}` is not `name=value`", shown(pair)))?;
            url.set(name, percent_decoded(value)?)?;
        }
        Ok(url)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            USE_SSL => {
                self.use_ssl = match value.to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(format!("`{USE_SSL}` is true or false, not `{value}`")),
                }
            }
            TOKEN => self.token = Some(value).filter(|token| !token.is_empty()),
            USER_ID => self.user_id = Some(value),
            USER_AGENT => self.user_agent = Some(value),
            SESSION_ID => {
                return Err(format!("`{SESSION_ID}` has no place here: each session gets an id of its own"));
            }
            MAX_MESSAGE => self.max_message = Some(value.parse().map_err(|error| format!("`{MAX_MESSAGE}`: {error}"))?),
            name => {
                let key = name.to_ascii_lowercase();
                if AsciiMetadataKey::from_bytes(key.as_bytes()).is_err() || RESERVED.contains(&key.as_str()) {
                    return Err(format!("`{name}` cannot be the name of gRPC metadata"));
                }
                if AsciiMetadataValue::try_from(value.as_str()).is_err() {
                    return Err(format!("the value of `{name}` cannot be gRPC metadata"));
                }
                self.metadata.push((key, value));
            }
        }
        Ok(())
    }

    /// Whether it is on this machine, so that a token may go there in the clear.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for ClusterUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sc://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for ClusterUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.metadata.iter().map(|(name, _)| name).collect();
        f.debug_struct("ClusterUrl")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("use_ssl", &self.use_ssl)
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("user_id", &self.user_id)
            .field("user_agent", &self.user_agent)
            .field("max_message", &self.max_message)
            .field("metadata", &names)
            .finish()
    }
}

fn place(authority: &str) -> Result<(String, u16), String> {
    if authority.is_empty() {
        return Err("the host is missing".to_owned());
    }
    let url =
        Url::parse(&format!("sc://{authority}")).map_err(|error| format!("`{authority}` is not a host: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user has no place before the host: use `;token=`".to_owned());
    }
    if !url.path().is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{authority}` is not a host with a port"));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("the host is missing")?;
    Ok((host.to_owned(), url.port().unwrap_or(DEFAULT_PORT)))
}

/// A pair without what may be a secret.
fn shown(pair: &str) -> String {
    if pair.to_ascii_lowercase().contains(TOKEN) { format!("{TOKEN}…") } else { pair.to_owned() }
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let decoded = match (first, others) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &others[2..] } else { others };
    }
    String::from_utf8(bytes).map_err(|_| "a value is not UTF-8 once its `%` are resolved".to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_clients_write_it() {
        let url =
            ClusterUrl::parse("sc://spark.example:443/;use_ssl=true;token=a%2Bb==;user_id=me;x-team=data").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.use_ssl), ("spark.example", 443, true));
        assert_eq!(url.token.as_deref(), Some("a+b=="));
        assert_eq!(url.user_id.as_deref(), Some("me"));
        assert_eq!(url.metadata, [("x-team".to_owned(), "data".to_owned())]);
        assert_eq!(url.to_string(), "sc://spark.example:443");
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let url = ClusterUrl::parse("sc://localhost").unwrap();
        assert_eq!((url.port, url.use_ssl, url.token.clone()), (DEFAULT_PORT, false, None));
        assert!(url.is_loopback());
        let url = ClusterUrl::parse("sc://[::1]:15010/;grpc_max_message_size=1048576").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.max_message), ("[::1]", 15010, Some(ByteSize::mib(1))));
        assert!(url.is_loopback());
        assert!(!ClusterUrl::parse("sc://10.0.0.1").unwrap().is_loopback());
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        for (text, part) in [
            ("http://host", "sc://"),
            ("sc://", "host is missing"),
            ("sc://host;use_ssl=true", "`/` belongs"),
            ("sc://host/path", "nothing stands"),
            ("sc://host:abc", "not a host"),
            ("sc://me:secret@host", "user has no place"),
            ("sc://host/;use_ssl", "not `name=value`"),
            ("sc://host/;use_ssl=yes", "true or false"),
            ("sc://host/;session_id=00000000-0000-0000-0000-000000000000", "id of its own"),
            ("sc://host/;authorization=x", "gRPC metadata"),
            ("sc://host/;bad name=x", "gRPC metadata"),
        ] {
            let error = ClusterUrl::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_token_is_never_printed() {
        let url = ClusterUrl::parse("sc://host/;token=sesame").unwrap();
        assert!(!format!("{url:?} {url}").contains("sesame"));
        assert!(!ClusterUrl::parse("sc://host/;token:sesame").unwrap_err().contains("sesame"));
    }
}
