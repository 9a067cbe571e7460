//! A request to a caller and a message: who calls, how the body is written, what the answer shall look like.

use std::error::Error as StdError;

use axum::body::Body;
use axum::extract::Request;
use hearth_core::{Credentials, Principal};
use hearth_kit::credentials;
use hearth_proto::connect as pb;
use hearth_proto::decode::{DecodeError, decode_message};
use hearth_proto::limits::MAX_PLAN_DEPTH;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use prost::{Message, Name};

use super::frame::CallId;
use super::refusal::{Answered, Refusal};
use super::{RestState, json};
use crate::service::Caller;

/// The answer as it comes: see `stream`.
pub(super) const ENVELOPES: &str = "application/vnd.hearth.envelopes";
/// A body up to this size is read before anybody asks who sent it.
const SMALL_BODY: u64 = 64 * 1024;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Format {
    Protobuf,
    Json,
}

/// What the answer shall look like.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub format: Format,
    /// As it comes, rather than in one piece.
    pub stream: bool,
    pub request_id: String,
}

/// What all requests say.
pub(super) trait Asked: Message + Name + Default + Send + 'static {
    fn user(&self) -> Option<&pb::UserContext>;
    fn session(&self) -> &str;
    fn observed(&self) -> Option<String>;
}

macro_rules! asked {
    ($($request:ident),* $(,)?) => {$(
        impl Asked for pb::$request {
            fn user(&self) -> Option<&pb::UserContext> {
                self.user_context.as_ref()
            }

            fn session(&self) -> &str {
                &self.session_id
            }

            fn observed(&self) -> Option<String> {
                self.client_observed_server_side_session_id.clone()
            }
        }
    )*};
}

asked!(
    ExecutePlanRequest,
    AnalyzePlanRequest,
    ConfigRequest,
    AddArtifactsRequest,
    ArtifactStatusesRequest,
    InterruptRequest,
    ReattachExecuteRequest,
    ReleaseExecuteRequest,
    FetchErrorDetailsRequest,
    CloneSessionRequest,
    GetStatusRequest,
);

/// The one request that does not say which incarnation its client saw.
impl Asked for pb::ReleaseSessionRequest {
    fn user(&self) -> Option<&pb::UserContext> {
        self.user_context.as_ref()
    }

    fn session(&self) -> &str {
        &self.session_id
    }

    fn observed(&self) -> Option<String> {
        None
    }
}

/// Reads a request. Nobody learns more than that, or sends more than a little, without being somebody.
pub(super) async fn read<Q: Asked>(state: &RestState, request: Request) -> Answered<(Form, Caller, Q)> {
    let (parts, body) = request.into_parts();
    let credentials = credentials_of(&parts.headers);
    if length(&parts.headers).is_none_or(|length| length > SMALL_BODY) {
        authenticate(state, &credentials).await?;
    }
    let (form, message) = match message::<Q>(state, &parts, body).await {
        Ok(read) => read,
        Err(refusal) => {
            authenticate(state, &credentials).await?;
            return Err(refusal);
        }
    };
    let caller = state.service().caller(credentials, message.user(), message.session(), message.observed()).await?;
    Ok((form, caller, message))
}

async fn message<Q: Asked>(state: &RestState, parts: &Parts, body: Body) -> Answered<(Form, Q)> {
    let format = format(&parts.headers)?;
    let limit = state.settings().max_message_size;
    let bytes = axum::body::to_bytes(body, limit.as_usize()).await.map_err(|error| unreadable(&error, &limit))?;
    let bytes = match format {
        Format::Protobuf => bytes,
        Format::Json => json::to_wire(&Q::full_name(), &bytes)?,
    };
    let message = decode_message(bytes, MAX_PLAN_DEPTH).map_err(|error| undecodable(&error))?;
    let request_id = parts.extensions.get::<CallId>().map(|id| id.0.clone()).unwrap_or_default();
    Ok((Form { format, stream: wants_stream(parts), request_id }, message))
}

pub(super) fn unreadable(error: &axum::Error, limit: &dyn std::fmt::Display) -> Refusal {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if current.is::<http_body_util::LengthLimitError>() {
            return Refusal::too_large(format!("The body is over connect.max_message_size ({limit})."));
        }
        cause = current.source();
    }
    Refusal::invalid(format!("The body does not read: {error}."))
}

fn undecodable(error: &DecodeError) -> Refusal {
    match error {
        DecodeError::Malformed(_) | DecodeError::UnknownCodec { .. } => Refusal::invalid(error.to_string()),
        DecodeError::TooDeep { .. } | DecodeError::TooLarge { .. } | DecodeError::TooMany { .. } => {
            Refusal::too_large(error.to_string())
        }
    }
}

/// The length that is announced, of a body that is not compressed.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body without a type is protobuf.
fn format(headers: &HeaderMap) -> Answered<Format> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(Format::Protobuf) };
    let given = given.to_str().unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/octet-stream" | "application/x-protobuf" | "application/protobuf" | "" => Ok(Format::Protobuf),
        "application/json" => Ok(Format::Json),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            format!("A body is application/octet-stream (protobuf) or application/json, not '{given}'."),
        )),
    }
}

fn wants_stream(parts: &Parts) -> bool {
    let accepts = |value: &http::HeaderValue| value.to_str().is_ok_and(|value| value.contains(ENVELOPES));
    let pairs = || parts.uri.query().unwrap_or_default().split('&');
    parts.headers.get_all(ACCEPT).iter().any(accepts) || pairs().any(|pair| pair == "stream=true")
}

/// The credentials of a request. A session token in the form of the published clients is a bearer token like the others;
/// their further headers say of which kind it is, which the token itself does too.
pub(super) fn credentials_of(headers: &HeaderMap) -> Credentials {
    let mut credentials = credentials::from_headers(headers);
    if let Some(token) = credentials.authorization.as_deref().and_then(session_token) {
        credentials.authorization = Some(format!("Bearer {token}"));
    }
    credentials
}

/// The token in `Snowflake Token="…"`.
fn session_token(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    let (name, value) = rest.trim().split_once('=')?;
    let is_token = scheme.eq_ignore_ascii_case("snowflake") && name.trim().eq_ignore_ascii_case("token");
    let value = value.trim();
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    quoted.or_else(|| (!value.contains('"')).then_some(value)).filter(|_| is_token)
}

pub(super) async fn authenticate(state: &RestState, credentials: &Credentials) -> Answered<Principal> {
    Ok(state.service().hearth.authenticator.authenticate(credentials).await?)
}

/// A header of ours.
pub(super) const HEARTH_STATUS: HeaderName = HeaderName::from_static("x-hearth-status");

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_session_token_is_a_bearer_token() {
        for (header, expected) in [
            ("Snowflake Token=\"abc\"", "Bearer abc"),
            ("snowflake token=abc", "Bearer abc"),
            ("Snowflake Token=\"a=b\"", "Bearer a=b"),
            ("Bearer abc", "Bearer abc"),
            ("Snowflake abc", "Snowflake abc"),
            ("Snowflake Token=\"abc", "Snowflake Token=\"abc"),
            ("Snowflake Token2=\"abc\"", "Snowflake Token2=\"abc\""),
        ] {
            let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, header.parse().unwrap())]);
            assert_eq!(credentials_of(&headers).authorization.as_deref(), Some(expected));
        }
    }
}
