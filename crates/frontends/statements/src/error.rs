//! Refused requests on this wire: a status, `error_code`, `message`.
//!
//! A statement that fails is no refused request: it is answered with 200 and says so in its status (`to_wire.rs`).

use axum::Json;
use axum::response::{IntoResponse, Response};
use hearth_base::{Error, ErrorKind, condition};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// Seconds after which a client may try again.
const RETRY_SECONDS: &str = "1";

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", message)
    }

    /// Nothing of this name was ever there, or it belongs to somebody else.
    pub fn no_resource(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", message)
    }

    /// It was there and is gone.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub fn no_endpoint(method: &http::Method, path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", format!("No API found for '{method} {path}'"))
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "RESOURCE_CONFLICT", message)
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    pub fn no_credentials() -> Self {
        let message = "Credential was not sent or was of an unsupported type for this API.";
        Self::new(StatusCode::UNAUTHORIZED, "401", message)
    }

    pub fn bad_token() -> Self {
        Self::new(StatusCode::FORBIDDEN, "403", "Invalid access token.")
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        if error.condition() == condition::UNKNOWN_ENGINE {
            return Self::invalid(error.to_string());
        }
        let (status, code) = match error.kind() {
            ErrorKind::InvalidRequest | ErrorKind::Parse | ErrorKind::Analysis | ErrorKind::Runtime => {
                (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE")
            }
            ErrorKind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED"),
            ErrorKind::Unauthenticated => return Self::bad_token(),
            ErrorKind::Denied => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
            ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
            ErrorKind::Conflict | ErrorKind::Cancelled => (StatusCode::CONFLICT, "RESOURCE_CONFLICT"),
            ErrorKind::Exhausted => (StatusCode::TOO_MANY_REQUESTS, "REQUEST_LIMIT_EXCEEDED"),
            ErrorKind::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
            ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
            ErrorKind::UserCode | ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "a request failed");
        }
        Self::new(status, code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // The service answers what is wrong with credentials by number.
        let code = self.code.parse::<u16>().map_or_else(|_| Value::from(self.code), Value::from);
        let body = Json(json!({ "error_code": code, "message": self.message }));
        let mut response = (self.status, body).into_response();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                let realm = HeaderValue::from_static("Bearer realm=\"DatabricksRealm\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, realm);
            }
            // Nothing was accepted, so trying again runs nothing twice.
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
            }
            _ => {}
        }
        response
    }
}
