//! `Refusal`: what HTTP's own codes are for. The body is JSON on every path, since clients read nothing else.
//!
//! A refusal travels to `frame` as an extension of the response, which knows the request's id.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use hearth_base::{Error, ErrorKind};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

/// A request that is not answered. `code` is the condition's name where there is one.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    allow: Option<&'static str>,
}

pub(super) type Answered<T> = Result<T, Refusal>;

impl Refusal {
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), allow: None }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "HEARTH_INVALID_REQUEST", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "HEARTH_LIMIT", message)
    }

    /// There is no room now: the client is to send the same request again.
    pub fn busy(error: &Error) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, error.name(), error.to_string())
    }

    /// The same without a code that says to come back: published clients then do so at another place.
    pub fn of_poll(self) -> Self {
        let is_retried = matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        if is_retried { Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..self } } else { self }
    }

    /// The response, as a client of this API reads it.
    pub fn to_response(&self, request_id: &str) -> Response {
        let body = json!({
            "message": self.message,
            "code": self.code,
            "error_code": self.code,
            "request_id": request_id,
        });
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response();
        let headers = response.headers_mut();
        if let Some(methods) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Errors of calls that have no envelope: who calls, and the workers' two.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(status(error.kind()), error.name(), error.to_string())
    }
}

fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::Parse | ErrorKind::Analysis => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Denied => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists | ErrorKind::Conflict | ErrorKind::Cancelled => StatusCode::CONFLICT,
        ErrorKind::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::DeadlineExceeded => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Runtime | ErrorKind::UserCode | ErrorKind::Unsupported | ErrorKind::Internal => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) async fn unknown_path(request: Request) -> Refusal {
    Refusal::not_found(format!("There is nothing at {}.", request.uri().path()))
}

/// The path is known, the method is not.
pub(super) async fn other_method(request: Request) -> Refusal {
    let path = request.uri().path();
    let methods = if path.starts_with(super::RESULTS) { "GET, DELETE" } else { "POST" };
    let message = format!("{path} takes {methods} only.");
    Refusal { allow: Some(methods), ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message) }
}
