//! The HTTP listener: `/healthz`, `/readyz`, `/metrics`, and whatever routes other doors bring.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use hearth_base::task::TaskGroup;
use hearth_base::{Error, ErrorKind};
use hearth_core::Authenticator;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;

use crate::browser::{BrowserGuard, guarded};
use crate::limits::{HEADER_TIMEOUT, MAX_BODY_SIZE, MAX_HEADERS, MAX_HEADERS_SIZE};
use crate::{Incoming, Metrics, RequestLayer, Shutdown, credentials};

/// What the common routes need.
#[derive(Debug, Clone)]
pub struct HttpState {
    pub metrics: Arc<Metrics>,
    pub authenticator: Arc<dyn Authenticator>,
    pub shutdown: Shutdown,
    pub browser: BrowserGuard,
}

/// The common routes and those of `doors`, under request ids, the guard against foreign pages, and limits.
pub fn router(state: HttpState, doors: Router) -> Router {
    let guard = Arc::new(state.browser.clone());
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
        .merge(doors)
        .layer(DefaultBodyLimit::max(MAX_BODY_SIZE))
        .layer(from_fn_with_state(guard, guarded))
        .layer(RequestLayer)
}

async fn ready(State(state): State<HttpState>) -> (StatusCode, &'static str) {
    if state.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

/// Metrics tell who works how much: where tokens are asked for, they are asked for here too.
async fn metrics(State(state): State<HttpState>, headers: HeaderMap) -> Result<Response, Refusal> {
    state.authenticator.authenticate(&credentials::from_headers(&headers)).await?;
    let text = state.metrics.text()?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

struct Refusal(Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = format!("{}\n", self.0);
        if self.0.kind() == ErrorKind::Unauthenticated {
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], text).into_response()
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// Serves connections until `shutdown` ends, then lets running requests finish within `grace`.
pub async fn serve(mut incoming: Incoming, router: Router, shutdown: impl Future<Output = ()> + Send, grace: Duration) {
    let tasks = TaskGroup::new(tokio::runtime::Handle::current());
    let graceful = GracefulShutdown::new();
    let server = builder();
    tokio::pin!(shutdown);
    loop {
        let connection = tokio::select! {
            biased;
            () = &mut shutdown => break,
            connection = incoming.next() => connection,
        };
        let Some(Ok(connection)) = connection else { break };
        let service = TowerToHyperService::new(router.clone());
        let serving = server.serve_connection(TokioIo::new(connection), service).into_owned();
        let serving = graceful.watch(serving);
        tasks.spawn("http connection", async move {
            if let Err(error) = serving.await {
                tracing::debug!(%error, "an HTTP connection ended early");
            }
        });
    }
    drop(incoming);
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::debug!("HTTP connections did not end in time");
    }
    tasks.shutdown(Duration::ZERO).await;
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADERS_SIZE)
        .max_headers(MAX_HEADERS);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(u32::try_from(MAX_HEADERS_SIZE).unwrap_or(u32::MAX));
    builder
}
