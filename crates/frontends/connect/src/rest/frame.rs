//! What is around every request: its id, and the form of what is refused.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hearth_kit::RequestId;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};

use super::refusal::Refusal;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-snowflake-request-id");
/// Bytes of a reason for a refusal that is not ours.
const MAX_REASON: usize = 4 * 1024;

/// The id of a request, a UUID, in its extensions.
#[derive(Debug, Clone)]
pub(super) struct CallId(pub String);

pub(super) async fn framed(mut request: Request, next: Next) -> Response {
    let known = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    let id = known.filter(|id| hearth_base::id::is_uuid(id)).unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    request.extensions_mut().insert(CallId(id.clone()));
    let mut response = next.run(request).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = refusal.to_response(&id);
    } else if is_foreign(&response) {
        response = reworded(response).await.to_response(&id);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A refusal of the libraries underneath: a coding that is not known, a path that does not read.
fn is_foreign(response: &Response) -> bool {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let is_json =
        response.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    is_error && !is_json
}

async fn reworded(response: Response) -> Refusal {
    let status = response.status();
    let reason = axum::body::to_bytes(response.into_body(), MAX_REASON).await.unwrap_or_default();
    let reason = match (status, reason.is_empty()) {
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, _) => "The body may be encoded with gzip or zstd.".to_owned(),
        (_, true) => status.canonical_reason().unwrap_or("The request is refused.").to_owned(),
        (_, false) => String::from_utf8_lossy(&reason).into_owned(),
    };
    let code = status.canonical_reason().unwrap_or("ERROR").to_ascii_uppercase().replace([' ', '-'], "_");
    Refusal::new(status, &code, reason)
}
