//! The HTTP listener over a real port: what it answers, to whom, and how it stops.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use hearth_auth::{OpenAuthenticator, TokenAuthenticator, create_token};
use hearth_base::task::TaskGroup;
use hearth_core::engine::{Flavor, Health};
use hearth_core::{Authenticator, Hearth, Limits, MetadataStore, WorkLimits};
use hearth_kit::http::{HttpState, Router, router, serve};
use hearth_kit::{BrowserGuard, Exposure, Listener, Metrics, Shutdown, TlsSettings};
use hearth_testkit::{Gate, Step, TestHearth, TwoEngines};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    metadata: Arc<dyn MetadataStore>,
    tasks: TaskGroup,
    folder: TempDir,
}

/// Starts the listener with an extra route that waits until the server drains.
async fn start(with_tokens: bool, tls: bool) -> Server {
    let folder = TempDir::new().unwrap();
    let parts = TestHearth::new(folder.path(), Limits::default());
    let metadata = Arc::clone(&parts.metadata);
    let authenticator: Arc<dyn Authenticator> = if with_tokens {
        Arc::new(TokenAuthenticator::new(Arc::clone(&metadata), parts.clock.clone()))
    } else {
        Arc::new(OpenAuthenticator)
    };
    let hearth = Hearth {
        engines: parts.engines,
        sessions: parts.sessions,
        operations: parts.operations,
        authenticator: Arc::clone(&authenticator),
    };
    let shutdown = Shutdown::default();
    let state = HttpState {
        metrics: Arc::new(Metrics::new(&hearth).unwrap()),
        authenticator,
        shutdown: shutdown.clone(),
        browser: BrowserGuard::default(),
    };
    let draining = shutdown.clone();
    let slow = Router::new().route("/slow", get(async move || draining.draining().await));
    let names = vec!["localhost".to_owned()];
    let tls = tls.then(|| TlsSettings::SelfSigned { folder: folder.path().join("tls"), names });
    let tls = tls.map(|tls| tls.server_config(&["http/1.1"]).unwrap());
    let exposure = Exposure { tokens: with_tokens, tls: tls.is_some(), insecure: false };
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), exposure, tls).await.unwrap();
    let address = listener.address();
    let tasks = TaskGroup::new(Handle::current());
    let serving = serve(listener.incoming(), router(state, slow), shutdown.draining(), Duration::from_secs(5));
    tasks.spawn("http", serving);
    Server { address, shutdown, metadata, tasks, folder }
}

/// The answer to one request, as text.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get_text(server: &Server, path: &str, headers: &str) -> String {
    ask(TcpStream::connect(server.address).await.unwrap(), path, headers).await
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let server = start(false, false).await;
    assert!(get_text(&server, "/healthz", "").await.starts_with("HTTP/1.1 200"));
    assert!(get_text(&server, "/readyz", "").await.ends_with("ready\n"));
    let metrics = get_text(&server, "/metrics", "").await;
    for line in [
        "hearth_sessions 0",
        "hearth_operations{state=\"running\"} 0",
        "hearth_engine_up{engine=\"embedded\"} 1",
        "process_resident_memory_bytes ",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    assert!(get_text(&server, "/nothing", "").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn pages_of_other_sites_and_foreign_names_are_refused_everywhere() {
    let server = start(false, false).await;
    for path in ["/healthz", "/metrics", "/slow", "/nothing"] {
        let page = get_text(&server, path, "origin: https://evil.test\r\n").await;
        assert!(page.starts_with("HTTP/1.1 403") && page.contains("http.allowed_origins"), "{path}: {page}");
        assert!(page.contains("x-request-id: "), "{page}");
        let second_host = get_text(&server, path, "host: evil.test\r\n").await;
        assert!(second_host.starts_with("HTTP/1.1 403") || second_host.starts_with("HTTP/1.1 400"), "{second_host}");
    }
    assert!(get_text(&server, "/healthz", "origin: http://localhost\r\n").await.starts_with("HTTP/1.1 200"));
}

/// Every endpoint, and whether it is open to callers without a token.
#[tokio::test]
async fn with_tokens_only_health_is_open() {
    let server = start(true, false).await;
    let clock = hearth_base::Clock::manual(0);
    let token = create_token(server.metadata.as_ref(), &clock, "ada", "", None).await.unwrap();
    for (path, is_open) in [("/healthz", true), ("/readyz", true), ("/metrics", false)] {
        let without = get_text(&server, path, "").await;
        assert_eq!(without.starts_with("HTTP/1.1 200"), is_open, "{path}: {without}");
        assert_eq!(without.starts_with("HTTP/1.1 401"), !is_open, "{path}");
        let wrong = get_text(&server, path, "authorization: Bearer hearth_nonsense\r\n").await;
        assert_eq!(wrong.starts_with("HTTP/1.1 401"), !is_open, "{path}");
        let with = get_text(&server, path, &format!("authorization: Bearer {}\r\n", token.secret)).await;
        assert!(with.starts_with("HTTP/1.1 200"), "{path}");
    }
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let server = start(false, false).await;
    let large = format!("x-large: {}\r\n", "x".repeat(hearth_kit::limits::MAX_HEADERS_SIZE));
    let answer = get_text(&server, "/healthz", &large).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn draining_lets_a_running_request_finish_and_takes_no_new_one() {
    let server = start(false, false).await;
    let slow = get_text(&server, "/slow", "");
    let stop = async {
        // The request is on its way once its connection is accepted; readiness shows that the server serves.
        assert!(get_text(&server, "/readyz", "").await.ends_with("ready\n"));
        server.shutdown.request();
    };
    let (answer, ()) = tokio::join!(slow, stop);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.tasks.shutdown(Duration::from_secs(10)).await;
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn tls_serves_and_a_silent_client_holds_up_nobody() {
    let server = start(false, true).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let pem = server.folder.path().join("tls/cert.pem");
    let mut roots = rustls::RootCertStore::empty();
    let certificate = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_file(pem);
    roots.add(certificate.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(server.address).await.unwrap();
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    assert!(ask(stream, "/healthz", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn every_engine_has_its_metrics() {
    let (folder, engines) = (TempDir::new().unwrap(), TwoEngines::default());
    let limits = WorkLimits { max_running: Some(1), ..WorkLimits::default() };
    let named = engines.named(&limits, &[]).unwrap();
    let parts = TestHearth::with_engines(folder.path(), Limits::default(), engines.near.clone(), named);
    let metrics = Metrics::new(&parts.core(Arc::new(OpenAuthenticator))).unwrap();
    let gate = Gate::default();
    engines.far.script("waits", vec![Step::Wait(gate.clone())]);
    engines.near.set_health(Health::Starting);
    let session = parts.sessions.open_new(&parts.principal, Flavor::Spark, Some("far")).await.unwrap();
    for _ in 0..3 {
        parts.submit(&session, "waits").await.unwrap();
    }
    gate.arrived(1).await;
    let text = metrics.text().unwrap();
    for line in [
        "hearth_engine_up{engine=\"far\"} 1",
        "hearth_engine_up{engine=\"near\"} 0",
        "hearth_engine_sessions{engine=\"far\"} 1",
        "hearth_engine_operations_running{engine=\"far\"} 1",
        "hearth_engine_operations_queued{engine=\"far\"} 2",
        "hearth_engine_operations_queued{engine=\"near\"} 0",
        "hearth_operations_queued 2",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    gate.open();
}
