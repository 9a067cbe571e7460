//! `pull-request` and `push-response`: engines that can only call out.
//!
//! Bodies are JSON strings: a worker's name comes in and a request in base64 goes out, or a response in base64 comes in
//! and an empty string goes out. A pull without a request is answered by an empty string after a while.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hearth_core::{Principal, WorkerDesk};
use http::header::CONTENT_TYPE;

use super::read::{authenticate, credentials_of, unreadable};
use super::refusal::{Answered, Refusal};
use super::{PREFIX, RestState};

pub(super) fn routes() -> Router<RestState> {
    Router::new()
        .route(&format!("{PREFIX}/pull-request"), post(pull_request))
        .route(&format!("{PREFIX}/push-response"), post(push_response))
}

async fn pull_request(State(state): State<RestState>, request: Request) -> Answered<Response> {
    let (desk, principal, worker) = read(&state, request).await?;
    let pulled = desk.pull(&principal, &worker, state.settings().wait).await?;
    Ok(string(&pulled.map(|request| STANDARD.encode(request)).unwrap_or_default()))
}

async fn push_response(State(state): State<RestState>, request: Request) -> Answered<Response> {
    let (desk, principal, response) = read(&state, request).await?;
    let response = STANDARD.decode(response).map_err(|_| Refusal::invalid("The string is not base64."))?;
    desk.push(&principal, response.into()).await?;
    Ok(string(""))
}

/// The desk, who calls, and the string in the body. A body of no bytes is an empty string.
async fn read(state: &RestState, request: Request) -> Answered<(Arc<dyn WorkerDesk>, Principal, String)> {
    let (parts, body) = request.into_parts();
    let principal = authenticate(state, &credentials_of(&parts.headers)).await?;
    let desk = state.desk().ok_or_else(|| Refusal::not_found("No engine of this server takes workers."))?;
    let limit = state.settings().max_message_size;
    let body = axum::body::to_bytes(body, limit.as_usize()).await.map_err(|error| unreadable(&error, &limit))?;
    Ok((Arc::clone(desk), principal, parse(&body)?))
}

fn parse(body: &Bytes) -> Answered<String> {
    if body.is_empty() {
        return Ok(String::new());
    }
    serde_json::from_slice(body).map_err(|_| Refusal::invalid("The body is not a JSON string."))
}

fn string(text: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], serde_json::json!(text).to_string()).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_strings() {
        assert_eq!(parse(&Bytes::new()).unwrap(), "");
        assert_eq!(parse(&Bytes::from_static(b"\"edge/w1#0\"")).unwrap(), "edge/w1#0");
        for wrong in [&b"edge"[..], b"{}", b"[\"a\"]", b"null", b"\xff"] {
            assert!(parse(&Bytes::from_static(wrong)).is_err());
        }
    }
}
