//! What all endpoints share: the core, the caller, the routes.
//!
//! Every path answers with and without a slash at its end; an unknown one is answered as the service does.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use hearth_core::{Hearth, Principal};
use hearth_kit::credentials;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Uri};

use crate::error::{ApiError, ApiResult};
use crate::links::Signer;
use crate::settings::StatementsSettings;
use crate::warehouses::Warehouses;
use crate::{history, openapi, sessions, statements, warehouses, workspace};

/// `http.max_statement_body`: bytes of one request. A statement of the largest size has room, escapes included.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// Bytes of the reason for a refusal that is not ours.
const MAX_REASON: usize = 4 * 1024;

/// The door.
#[derive(Debug, Clone)]
pub struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hearth: Hearth,
    settings: StatementsSettings,
    signer: Signer,
    warehouses: Warehouses,
}

impl Api {
    pub fn new(hearth: Hearth, settings: StatementsSettings) -> Self {
        let warehouses = Warehouses::new(hearth.clone());
        Self(Arc::new(Inner { hearth, settings, signer: Signer::random(), warehouses }))
    }

    pub(crate) fn hearth(&self) -> &Hearth {
        &self.0.hearth
    }

    pub(crate) fn settings(&self) -> &StatementsSettings {
        &self.0.settings
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0.signer
    }

    pub(crate) fn warehouses(&self) -> &Warehouses {
        &self.0.warehouses
    }
}

/// The routes of this door.
pub fn router(api: Api) -> Router {
    Router::new()
        .merge(statements::routes())
        .merge(sessions::routes())
        .merge(warehouses::routes())
        .merge(history::routes())
        .merge(workspace::routes())
        .merge(openapi::routes())
        .method_not_allowed_fallback(no_endpoint)
        .fallback(no_endpoint)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(map_response(as_api_error))
        .with_state(api)
}

/// What is refused before an endpoint sees it (a body that is too large, a path that does not read) is refused in this
/// API's form.
async fn as_api_error(response: Response) -> Response {
    let is_text = response.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    if !response.status().is_client_error() || !is_text {
        return response;
    }
    let reason = axum::body::to_bytes(response.into_body(), MAX_REASON).await.unwrap_or_default();
    ApiError::invalid(format!("The request does not read: {}", String::from_utf8_lossy(&reason))).into_response()
}

/// A path of another method is as unknown as one of none.
async fn no_endpoint(request: Request) -> ApiError {
    ApiError::no_endpoint(request.method(), request.uri().path())
}

/// Adds a route under `path`, with and without a slash at its end.
pub(crate) fn both(router: Router<Api>, path: &str, methods: MethodRouter<Api>) -> Router<Api> {
    router.route(&format!("{path}/"), methods.clone()).route(path, methods)
}

/// Who calls, and what the request says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub principal: Principal,
    /// The `User-Agent`.
    pub client: String,
    /// `http://host:port`, as the client wrote it.
    pub base: String,
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> ApiResult<Self> {
        let principal = authenticate(api, &parts.headers).await?;
        let client = text(&parts.headers, USER_AGENT.as_str()).unwrap_or_default();
        Ok(Self { principal, client, base: base(api, &parts.headers, &parts.uri) })
    }
}

async fn authenticate(api: &Api, headers: &HeaderMap) -> ApiResult<Principal> {
    let authenticator = &api.hearth().authenticator;
    authenticator.authenticate(&credentials::from_headers(headers)).await.map_err(|error| {
        let is_bearer = text(headers, AUTHORIZATION.as_str())
            .is_some_and(|value| value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")));
        match error.kind() {
            hearth_base::ErrorKind::Unauthenticated if !is_bearer => ApiError::no_credentials(),
            _ => ApiError::from(error),
        }
    })
}

/// What a URL of this server starts with, for this client.
pub(crate) fn base(api: &Api, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(url) = &api.settings().public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = uri.authority().map(|authority| authority.as_str().to_owned()).or_else(|| text(headers, HOST.as_str()));
    let scheme = if api.settings().tls { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or_else(|| "localhost".to_owned()))
}

pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}
