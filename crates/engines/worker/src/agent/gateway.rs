//! The gateway as a worker sees it: two calls by HTTP, JSON strings in both directions.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::{AgentError, AgentSettings};

/// Below the server's address.
const PULL: &str = "api/v2/spark-connect/pull-request";
const PUSH: &str = "api/v2/spark-connect/push-response";
/// A long poll ends after 45 s at the gateway.
const PULL_PATIENCE: Duration = Duration::from_secs(75);
/// A push waits for the reader of the answer, up to the pool's `push_wait`, and its body must travel.
const PUSH_PATIENCE: Duration = Duration::from_secs(180);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Largest answer that is read: a request of Spark Connect in base64.
const MAX_ANSWER: usize = 1 << 30;
/// How much of an error is told.
const MAX_TEXT: usize = 500;

/// Why a gateway did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It cannot be reached, is in trouble, or does not let us in. Asking again may help.
    Away(String),
    /// It has enough for now.
    Busy,
    /// It has no such request.
    Gone,
    /// It has that answer.
    Taken,
    /// It will never take this.
    Refused(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(reason) | Self::Refused(reason) => f.write_str(reason),
            Self::Busy => f.write_str("it is busy"),
            Self::Gone => f.write_str("it has no such request"),
            Self::Taken => f.write_str("it has the answer"),
        }
    }
}

#[async_trait]
pub(crate) trait Gateway: Send + Sync + fmt::Debug {
    /// The next request, or `None` when there is none for a while.
    async fn pull(&self, worker: &str) -> Result<Option<Bytes>, Refusal>;

    async fn push(&self, response: Bytes) -> Result<(), Refusal>;
}

pub(crate) struct HttpGateway {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    pull: Uri,
    push: Uri,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for HttpGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpGateway").field("pull", &self.pull).finish_non_exhaustive()
    }
}

impl HttpGateway {
    pub fn new(settings: &AgentSettings) -> Result<Self, AgentError> {
        let bad = || AgentError::Server(settings.server.clone());
        if !matches!(settings.server.scheme(), "http" | "https") {
            return Err(bad());
        }
        let base = settings.server.as_str().trim_end_matches('/');
        let uri = |path: &str| format!("{base}/{path}").parse::<Uri>().map_err(|_| bad());
        let authorization = settings.token.as_ref().map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| AgentError::Token)?;
            value.set_sensitive(true);
            Ok(value)
        });
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(KEEP_ALIVE));
        http.set_connect_timeout(Some(CONNECT_PATIENCE));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(settings)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        Ok(Self { client, pull: uri(PULL)?, push: uri(PUSH)?, authorization: authorization.transpose()? })
    }

    /// Posts a JSON string and reads what comes back.
    async fn post(&self, uri: &Uri, json: Vec<u8>, patience: Duration) -> Result<(StatusCode, Bytes), Refusal> {
        let mut request = Request::new(Full::new(Bytes::from(json)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| away(uri, &error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            Ok((status, body.map_err(|error| away(uri, &*error))?.to_bytes()))
        };
        let late = |_| Refusal::Away(format!("{uri}: no answer within {} s", patience.as_secs()));
        tokio::time::timeout(patience, exchange).await.map_err(late)?
    }
}

/// An error with its causes: the outermost says little.
fn away(uri: &Uri, error: &(dyn std::error::Error + 'static)) -> Refusal {
    let causes: Vec<_> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    Refusal::Away(format!("{uri}: {}", causes.join(": ")))
}

fn told(uri: &Uri, status: StatusCode, body: &Bytes) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(MAX_TEXT).collect();
    format!("{uri}: HTTP {status}: {text}")
}

#[async_trait]
impl Gateway for HttpGateway {
    async fn pull(&self, worker: &str) -> Result<Option<Bytes>, Refusal> {
        let body = serde_json::json!(worker).to_string().into_bytes();
        let (status, body) = self.post(&self.pull, body, PULL_PATIENCE).await?;
        if status != StatusCode::OK {
            return Err(Refusal::Away(told(&self.pull, status, &body)));
        }
        let strange = || Refusal::Away(format!("{}: the answer is no request", self.pull));
        let text: String = serde_json::from_slice(&body).map_err(|_| strange())?;
        if text.is_empty() {
            return Ok(None);
        }
        STANDARD.decode(text).map(|request| Some(Bytes::from(request))).map_err(|_| strange())
    }

    async fn push(&self, response: Bytes) -> Result<(), Refusal> {
        let mut json = String::with_capacity(response.len() / 3 * 4 + 8);
        json.push('"');
        STANDARD.encode_string(&response, &mut json);
        json.push('"');
        let (status, body) = self.post(&self.push, json.into_bytes(), PUSH_PATIENCE).await?;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(Refusal::Gone),
            StatusCode::CONFLICT => Err(Refusal::Taken),
            StatusCode::TOO_MANY_REQUESTS => Err(Refusal::Busy),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Err(Refusal::Refused(told(&self.push, status, &body)))
            }
            status => Err(Refusal::Away(told(&self.push, status, &body))),
        }
    }
}

fn tls(settings: &AgentSettings) -> Result<ClientConfig, AgentError> {
    let mut roots = RootCertStore::empty();
    match &settings.ca {
        Some(path) => {
            let failed = |reason: String| AgentError::Certificates { path: path.display().to_string(), reason };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| failed(error.to_string()))?;
                roots.add(certificate).map_err(|error| failed(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(failed("there are none".to_owned()));
            }
        }
        // A machine without certificates can still call by plain HTTP.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| AgentError::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
