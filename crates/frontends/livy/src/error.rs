//! Refused requests on this wire: a status, and one of the four forms of body that Livy answers with.
//!
//! Texts and statuses are those of Apache Livy, whose clients match on them. A statement that fails is no refused
//! request: it is answered with 200 and says so in its output.

use axum::response::{IntoResponse, Response};
use hearth_base::{Error, ErrorKind, condition};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::model::State;
use crate::pages::escape;

/// The content type of every answer of the API.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LivyError {
    pub status: StatusCode,
    pub body: Refusal,
}

/// What an error's answer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `{"msg": …}`
    Message(String),
    /// A bare JSON string.
    Text(String),
    /// Text that is no JSON, where Livy's servlet container answers for it.
    Plain(String),
    /// A page, where the request never came to the API.
    Page { path: String, reason: String },
    /// `{}`
    Object,
    /// Nothing, of the API's content type.
    Empty,
    /// Nothing but the methods that would do.
    Methods(String),
}

pub(crate) type LivyResult<T> = Result<T, LivyError>;

impl LivyError {
    fn new(status: StatusCode, body: Refusal) -> Self {
        Self { status, body }
    }

    fn message(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, Refusal::Message(text.into()))
    }

    fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, Refusal::Text(text.into()))
    }

    /// No session or batch of this id or name. Batches say "Session" too.
    pub fn no_session(reference: impl std::fmt::Display) -> Self {
        Self::message(StatusCode::NOT_FOUND, format!("Session '{reference}' not found."))
    }

    /// A session that somebody else deletes at the same time.
    pub fn already_stopped(id: i32) -> Self {
        Self::message(StatusCode::NOT_FOUND, format!("Session {id} already stopped."))
    }

    /// A statement that never was, or is not kept any more.
    pub fn no_statement() -> Self {
        Self::text(StatusCode::NOT_FOUND, "Statement not found")
    }

    /// A job that never was, or is not kept any more.
    pub fn no_job(id: &str) -> Self {
        Self::text(StatusCode::NOT_FOUND, format!("Job '{id}' not found."))
    }

    pub fn too_many_starting() -> Self {
        Self::message(StatusCode::BAD_REQUEST, "Rejected, too many sessions are being created!")
    }

    /// A session or batch that cannot be made as it was asked for.
    pub fn rejected(reason: impl std::fmt::Display) -> Self {
        Self::message(StatusCode::BAD_REQUEST, format!("Rejected, Reason: {reason}"))
    }

    /// An argument that does not do.
    pub fn illegal(text: impl Into<String>) -> Self {
        Self::message(StatusCode::BAD_REQUEST, text)
    }

    /// What Livy checks with Scala's `require`.
    pub fn requirement(text: impl std::fmt::Display) -> Self {
        Self::illegal(format!("requirement failed: {text}"))
    }

    pub fn not_active() -> Self {
        Self::requirement("Session isn't active.")
    }

    /// What Java says of a number that does not read.
    pub fn no_number(text: &str) -> Self {
        Self::illegal(format!("For input string: \"{text}\""))
    }

    /// A body that does not read; `text` is Jackson's.
    pub fn unreadable(text: impl Into<String>) -> Self {
        Self::text(StatusCode::BAD_REQUEST, text)
    }

    /// A form without the part that it must have: `jar` or `file`.
    pub fn no_upload(part: &str) -> Self {
        Self::text(StatusCode::BAD_REQUEST, format!("No {part} sent!"))
    }

    /// A form or file over its limit. Livy answers 500 here, from outside its API.
    pub fn too_large() -> Self {
        let text = "org.scalatra.servlet.SizeConstraintExceededException: Too large request or file";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Refusal::Plain(text.to_owned()))
    }

    /// The caller may not view, or not change, this session.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, Refusal::Object)
    }

    pub fn may_not_impersonate(user: &str, target: &str) -> Self {
        let text = format!("User '{user}' not allowed to impersonate 'Some({target})'.");
        Self::message(StatusCode::FORBIDDEN, text)
    }

    /// The caller may not use this door at all.
    pub fn not_authorised(path: &str) -> Self {
        let reason = "User not authorised to use Livy.".to_owned();
        Self::new(StatusCode::FORBIDDEN, Refusal::Page { path: path.to_owned(), reason })
    }

    pub fn no_csrf_header(path: &str) -> Self {
        let reason = "Missing Required Header for CSRF protection.".to_owned();
        Self::new(StatusCode::BAD_REQUEST, Refusal::Page { path: path.to_owned(), reason })
    }

    /// An `Accept` that asks for a version of the API that is not there.
    pub fn no_version(version: &str) -> Self {
        Self::message(StatusCode::NOT_ACCEPTABLE, format!("No value found for '{version}'"))
    }

    /// A session that takes no statements in this state.
    pub fn not_running(state: State) -> Self {
        Self::internal(format!("java.lang.IllegalStateException: Session is in state {}", state.name()))
    }

    /// A statement that says no kind, in a session that has none.
    pub fn no_code_type() -> Self {
        Self::internal(
            "java.util.concurrent.ExecutionException: java.lang.IllegalArgumentException: \
             Code type should be specified if session kind is shared",
        )
    }

    /// Whatever else went wrong.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::text(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// A path below `/sessions`, `/batches` or `/version` that is none of theirs.
    pub fn no_endpoint() -> Self {
        Self::new(StatusCode::NOT_FOUND, Refusal::Empty)
    }

    /// A path that answers to other methods, such as `GET, HEAD`. Without them whoever knows them adds them.
    pub fn no_method(allowed: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Refusal::Methods(allowed.into()))
    }
}

impl From<Error> for LivyError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        if error.condition() == condition::UNKNOWN_ENGINE {
            return Self::rejected(text);
        }
        match error.kind() {
            ErrorKind::InvalidRequest
            | ErrorKind::Parse
            | ErrorKind::Analysis
            | ErrorKind::Runtime
            | ErrorKind::UserCode
            | ErrorKind::AlreadyExists
            | ErrorKind::Conflict
            | ErrorKind::Cancelled => Self::illegal(text),
            ErrorKind::Unsupported | ErrorKind::Exhausted => Self::rejected(text),
            ErrorKind::Unauthenticated => Self::text(StatusCode::UNAUTHORIZED, text),
            ErrorKind::Denied => Self::message(StatusCode::FORBIDDEN, text),
            ErrorKind::NotFound => Self::message(StatusCode::NOT_FOUND, text),
            ErrorKind::Unavailable => Self::text(StatusCode::SERVICE_UNAVAILABLE, text),
            ErrorKind::DeadlineExceeded | ErrorKind::Internal => {
                tracing::error!(%error, "a request failed");
                Self::internal(text)
            }
        }
    }
}

impl IntoResponse for LivyError {
    fn into_response(self) -> Response {
        let page_type = HeaderValue::from_static("text/html;charset=utf-8");
        let mut response = match self.body {
            Refusal::Message(text) => ([(CONTENT_TYPE, JSON)], json!({ "msg": text }).to_string()).into_response(),
            Refusal::Text(text) => ([(CONTENT_TYPE, JSON)], json!(text).to_string()).into_response(),
            Refusal::Plain(text) => ([(CONTENT_TYPE, page_type)], escape(&text)).into_response(),
            Refusal::Object => ([(CONTENT_TYPE, JSON)], "{}").into_response(),
            Refusal::Empty => ([(CONTENT_TYPE, JSON)], "").into_response(),
            Refusal::Page { path, reason } => {
                let caching = HeaderValue::from_static("must-revalidate,no-cache,no-store");
                let page = page(self.status, &path, &reason);
                let latin = HeaderValue::from_static("text/html;charset=iso-8859-1");
                ([(CONTENT_TYPE, latin), (CACHE_CONTROL, caching)], page).into_response()
            }
            Refusal::Methods(allowed) => {
                let mut response = ([(CONTENT_TYPE, JSON)], "").into_response();
                if let Some(allowed) = HeaderValue::try_from(allowed).ok().filter(|allowed| !allowed.is_empty()) {
                    response.headers_mut().insert(ALLOW, allowed);
                }
                response
            }
        };
        *response.status_mut() = self.status;
        if self.status == StatusCode::UNAUTHORIZED {
            for scheme in ["Basic realm=\"Hearth\"", "Bearer"] {
                response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
            }
        }
        response
    }
}

/// A page for what a person's browser did wrong.
fn page(status: StatusCode, path: &str, reason: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>Error {code}</title></head>\n\
         <body><h2>HTTP ERROR: {code}</h2>\n<p>{path} was refused. Reason:</p>\n<pre>{reason}</pre>\n</body></html>\n",
        code = status.as_u16(),
        path = escape(path),
        reason = escape(reason),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn answer(error: LivyError) -> (u16, String, String) {
        let response = error.into_response();
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    const API: &str = "application/json;charset=utf-8";

    #[tokio::test]
    async fn bodies_are_those_of_livy() {
        for (error, status, body) in [
            (LivyError::no_session(99), 404, r#"{"msg":"Session '99' not found."}"#),
            (LivyError::no_session("a\"b"), 404, r#"{"msg":"Session 'a\"b' not found."}"#),
            (LivyError::already_stopped(3), 404, r#"{"msg":"Session 3 already stopped."}"#),
            (LivyError::no_statement(), 404, r#""Statement not found""#),
            (LivyError::too_many_starting(), 400, r#"{"msg":"Rejected, too many sessions are being created!"}"#),
            (LivyError::rejected("no"), 400, r#"{"msg":"Rejected, Reason: no"}"#),
            (LivyError::not_active(), 400, r#"{"msg":"requirement failed: Session isn't active."}"#),
            (LivyError::no_number("x"), 400, r#"{"msg":"For input string: \"x\""}"#),
            (LivyError::unreadable("Invalid kind: x"), 400, r#""Invalid kind: x""#),
            (LivyError::no_upload("jar"), 400, r#""No jar sent!""#),
            (LivyError::forbidden(), 403, "{}"),
            (
                LivyError::may_not_impersonate("alice", "bob"),
                403,
                r#"{"msg":"User 'alice' not allowed to impersonate 'Some(bob)'."}"#,
            ),
            (LivyError::no_version("9"), 406, r#"{"msg":"No value found for '9'"}"#),
            (
                LivyError::not_running(State::Starting),
                500,
                r#""java.lang.IllegalStateException: Session is in state starting""#,
            ),
            (LivyError::no_endpoint(), 404, ""),
            (LivyError::no_method("POST, GET, HEAD"), 405, ""),
        ] {
            assert_eq!(answer(error).await, (status, API.to_owned(), body.to_owned()));
        }
    }

    #[tokio::test]
    async fn pages_say_what_was_refused_and_escape_it() {
        let (status, kind, body) = answer(LivyError::no_csrf_header("/sessions/<script>")).await;
        assert_eq!((status, kind.as_str()), (400, "text/html;charset=iso-8859-1"));
        assert!(body.contains("Missing Required Header for CSRF protection."), "{body}");
        assert!(body.contains("/sessions/&lt;script&gt;") && !body.contains("<script>"), "{body}");
        let (status, _, body) = answer(LivyError::not_authorised("/sessions")).await;
        assert!(status == 403 && body.contains("User not authorised to use Livy."), "{body}");
    }

    #[tokio::test]
    async fn who_is_unknown_is_told_how_to_say_who_they_are() {
        let response = LivyError::from(condition::UNAUTHENTICATED.error()).into_response();
        let schemes: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().collect();
        assert_eq!(schemes, ["Basic realm=\"Hearth\"", "Bearer"]);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn what_is_not_here_is_a_rejection() {
        let engine = LivyError::from(condition::UNKNOWN_ENGINE.with("engine", "x").with("engines", "y"));
        assert_eq!(engine.status, StatusCode::BAD_REQUEST);
        let error = LivyError::from(Error::unsupported("R: apt-get install r-base-core"));
        let (status, _, body) = answer(error).await;
        assert_eq!(status, 400);
        assert!(body.starts_with(r#"{"msg":"Rejected, Reason: ["#) && body.contains("apt-get install"), "{body}");
        assert_eq!(LivyError::from(Error::internal("x")).status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
