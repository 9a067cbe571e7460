//! What every request passes before its path is looked up, and every answer after it.
//!
//! In: the CSRF header, compressed bodies, methods that stand for others, versions of the API. Out: security headers, and
//! the form of this API for what was refused before an endpoint saw it.

use std::io::Read;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use futures::FutureExt;
use http::header::{ACCEPT, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::error::{JSON, LivyError, LivyResult};
use crate::from_wire::parameter;
use crate::settings::LivySettings;

const CSRF: HeaderName = HeaderName::from_static("x-requested-by");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const METHOD_PARAMETER: &str = "_method";
/// What versions are asked for with.
const VERSIONED: &str = "application/vnd.livy.v";
/// The one version there is.
const VERSION: &str = "0.1";
/// Bytes of a form that may hold nothing but a method.
const MAX_METHOD_FORM: u64 = 1_024;
/// `http.max_livy_body`: bytes of one request, unpacked, unless uploads may be larger.
const MAX_BODY: u64 = 64 * 1024 * 1024;
/// Bytes of the reason for a refusal that is not ours.
const MAX_REASON: usize = 4 * 1024;

const SECURITY: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-xss-protection", "1; mode=block"),
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self'; frame-src 'self';",
    ),
];

#[derive(Debug, Clone, Copy)]
struct Guard {
    csrf_header: bool,
    security_headers: bool,
    max_body: u64,
}

/// `inner` behind the guard.
pub(crate) fn guarded(inner: Router, settings: &LivySettings) -> Router {
    let guard = Guard {
        csrf_header: settings.csrf_header,
        security_headers: settings.security_headers,
        max_body: settings.max_upload.bytes().max(MAX_BODY),
    };
    // As a fallback, so that the method is known when the path is looked up.
    Router::new().fallback_service(inner).layer(from_fn_with_state(guard, watch))
}

async fn watch(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(async {
        match admit(guard, request).await {
            Ok(request) => in_form(next.run(request).await).await,
            Err(error) => error.into_response(),
        }
    });
    let mut response = answer.catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a request ended in a panic");
        LivyError::internal("java.lang.RuntimeException: the request failed").into_response()
    });
    if guard.security_headers {
        for (name, value) in SECURITY {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    response
}

async fn admit(guard: Guard, request: Request) -> LivyResult<Request> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if guard.csrf_header && !is_safe && !request.headers().contains_key(CSRF) {
        return Err(LivyError::no_csrf_header(request.uri().path()));
    }
    let request = unpack(guard, request).await?;
    let request = override_method(request).await?;
    let path = request.uri().path();
    if path.starts_with("/sessions") || path.starts_with("/batches") {
        check_version(request.headers())?;
    }
    Ok(request)
}

/// Unpacks gzip. Other encodings are none: Livy's own client says `UTF-8`.
async fn unpack(guard: Guard, mut request: Request) -> LivyResult<Request> {
    let Some(encoding) = request.headers_mut().remove(CONTENT_ENCODING) else { return Ok(request) };
    if !encoding.as_bytes().eq_ignore_ascii_case(b"gzip") {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let packed = read(body, guard.max_body).await?;
    let unpacked = gunzip(&packed, guard.max_body)?;
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(unpacked.len()));
    Ok(Request::from_parts(parts, Body::from(unpacked)))
}

fn gunzip(packed: &[u8], limit: u64) -> LivyResult<Vec<u8>> {
    let mut unpacked = Vec::new();
    // One byte more tells that there is more.
    match MultiGzDecoder::new(packed).take(limit + 1).read_to_end(&mut unpacked) {
        Ok(length) if length as u64 > limit => Err(LivyError::too_large()),
        Ok(_) => Ok(unpacked),
        Err(error) => Err(LivyError::unreadable(format!("java.util.zip.ZipException: {error}"))),
    }
}

async fn read(body: Body, limit: u64) -> LivyResult<Bytes> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    axum::body::to_bytes(body, limit).await.map_err(|_| LivyError::too_large())
}

/// A POST may stand for another method: by a header, in the query, or by a form that holds nothing else.
async fn override_method(mut request: Request) -> LivyResult<Request> {
    if *request.method() != Method::POST {
        return Ok(request);
    }
    let header = request.headers().get(METHOD_OVERRIDE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut wanted = parameter(request.uri(), METHOD_PARAMETER).or(header);
    if wanted.is_none() && is_small_form(request.headers()) {
        let (parts, body) = request.into_parts();
        let bytes = read(body, MAX_METHOD_FORM).await?;
        let form = format!("/?{}", String::from_utf8_lossy(&bytes));
        wanted = form.parse().ok().and_then(|uri| parameter(&uri, METHOD_PARAMETER));
        request = Request::from_parts(parts, Body::from(bytes));
    }
    if let Some(method) = wanted.and_then(|name| Method::from_bytes(name.to_ascii_uppercase().as_bytes()).ok()) {
        *request.method_mut() = method;
    }
    Ok(request)
}

fn is_small_form(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    text(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        && text(CONTENT_LENGTH)
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: u64| length <= MAX_METHOD_FORM)
}

fn check_version(headers: &HeaderMap) -> LivyResult<()> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match accept.strip_prefix(VERSIONED).map(|version| version.split('+').next().unwrap_or_default()) {
        Some(version) if version != VERSION => Err(LivyError::no_version(version)),
        _ => Ok(()),
    }
}

/// What a router or an extractor refused, in this API's form.
async fn in_form(mut response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = response.headers().get(ALLOW).and_then(|allow| allow.to_str().ok()).map(in_order);
        if let Some(allowed) = allowed.and_then(|allowed| HeaderValue::try_from(allowed).ok()) {
            response.headers_mut().insert(ALLOW, allowed);
        }
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        return response;
    }
    let is_text = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !response.status().is_client_error() || !is_text {
        return response;
    }
    let status = response.status();
    let reason = axum::body::to_bytes(response.into_body(), MAX_REASON).await.unwrap_or_default();
    let mut error = LivyError::unreadable(String::from_utf8_lossy(&reason));
    error.status = status;
    error.into_response()
}

/// Methods in the order in which Livy names them.
fn in_order(allowed: &str) -> String {
    let mut methods: Vec<_> = allowed.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
    methods.sort_by_key(|method| matches!(*method, "GET" | "HEAD"));
    methods.join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::io::Write;

    use axum::routing::get;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    fn router(settings: &LivySettings) -> Router {
        let echo = async |method: Method, body: String| format!("{method} {body}");
        let panics = get(async |method: Method| {
            if method == Method::GET {
                panic!("on purpose")
            }
        });
        let inner = Router::new()
            .route("/sessions", get(echo).post(echo))
            .route("/sessions/{id}", get(echo).delete(echo))
            .route("/ui", get(echo))
            .route("/panics", panics)
            .method_not_allowed_fallback(async || LivyError::no_method(""));
        guarded(inner, settings)
    }

    async fn send(
        settings: &LivySettings,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("content-length", body.len());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router(settings).oneshot(request.body(Body::from(body.to_vec())).unwrap()).await.unwrap()
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_post_may_stand_for_another_method() {
        let settings = LivySettings::default();
        let form = ("content-type", "application/x-www-form-urlencoded");
        for (path, headers, body, expected) in [
            ("/sessions/0", &[("x-http-method-override", "delete")][..], "", "DELETE "),
            ("/sessions?_method=GET", &[][..], "x", "GET x"),
            ("/sessions/0", &[form][..], "_method=DELETE", "DELETE _method=DELETE"),
            ("/sessions", &[form][..], "{\"code\":\"1\"}", "POST {\"code\":\"1\"}"),
            ("/sessions", &[][..], "x", "POST x"),
        ] {
            let response = send(&settings, "POST", path, headers, body.as_bytes()).await;
            assert_eq!(text(response).await, expected, "{path}");
        }
        let response = send(&settings, "GET", "/sessions", &[("x-http-method-override", "POST")], b"").await;
        assert_eq!(text(response).await, "GET ");
    }

    #[tokio::test]
    async fn versions_of_the_api_are_asked_for_by_accept() {
        let settings = LivySettings::default();
        for (accept, status) in [
            ("application/vnd.livy.v0.1+json", 200),
            ("application/vnd.livy.v0.1", 200),
            ("application/vnd.livy+json", 200),
            ("text/html", 200),
            ("application/vnd.livy.v9+json", 406),
            ("application/vnd.livy.v1.0+json", 406),
        ] {
            let response = send(&settings, "GET", "/sessions", &[("accept", accept)], b"").await;
            assert_eq!(response.status().as_u16(), status, "{accept}");
        }
        let headers = [("accept", "application/vnd.livy.v9+json")];
        let response = send(&settings, "GET", "/sessions", &headers, b"").await;
        assert_eq!(text(response).await, r#"{"msg":"No value found for '9'"}"#);
        assert_eq!(send(&settings, "GET", "/ui", &headers, b"").await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn the_csrf_header_is_asked_for_when_it_is_to_be() {
        let off = LivySettings::default();
        assert_eq!(send(&off, "POST", "/sessions", &[], b"").await.status(), StatusCode::OK);
        let on = LivySettings { csrf_header: true, ..LivySettings::default() };
        for (method, path, status) in [
            ("POST", "/sessions", 400),
            ("DELETE", "/sessions/0", 400),
            ("POST", "/nothing", 400),
            ("GET", "/sessions", 200),
        ] {
            assert_eq!(send(&on, method, path, &[], b"").await.status().as_u16(), status, "{method}");
        }
        assert_eq!(send(&on, "POST", "/sessions", &[("X-Requested-By", "")], b"").await.status(), StatusCode::OK);
        // The method that is sent counts, not the one that it stands for.
        let response = send(&on, "POST", "/sessions?_method=GET", &[], b"").await;
        assert!(text(response).await.contains("Missing Required Header for CSRF protection."));
    }

    #[tokio::test]
    async fn packed_bodies_are_unpacked_within_a_limit() {
        let settings = LivySettings::default();
        let pack = |bytes: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let gzip = [("content-encoding", "gzip")];
        let response = send(&settings, "POST", "/sessions", &gzip, &pack(b"hello")).await;
        assert_eq!(text(response).await, "POST hello");
        let response = send(&settings, "POST", "/sessions", &[("content-encoding", "UTF-8")], b"hello").await;
        assert_eq!(text(response).await, "POST hello");
        let response = send(&settings, "POST", "/sessions", &gzip, b"hello").await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let bomb = pack(&vec![0; 1_000_000]);
        assert_eq!(gunzip(&bomb, 999_999).unwrap_err(), LivyError::too_large());
        assert_eq!(gunzip(&bomb, 1_000_000).unwrap().len(), 1_000_000);
    }

    #[tokio::test]
    async fn answers_carry_what_browsers_heed() {
        let response = send(&LivySettings::default(), "GET", "/nothing", &[], b"").await;
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["x-frame-options"], "SAMEORIGIN");
        let off = LivySettings { security_headers: false, ..LivySettings::default() };
        let response = send(&off, "GET", "/sessions", &[], b"").await;
        assert!(!response.headers().contains_key("content-security-policy"));
    }

    #[tokio::test]
    async fn what_others_refuse_is_refused_in_this_apis_form() {
        let settings = LivySettings::default();
        let response = send(&settings, "PUT", "/sessions", &[], b"").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "POST, GET, HEAD");
        let response = send(&settings, "PUT", "/sessions/0", &[], b"").await;
        assert_eq!(response.headers()["allow"], "DELETE, GET, HEAD");
        assert_eq!(response.headers()["content-type"], "application/json;charset=utf-8");
        // The extractor's refusal is text.
        let response = send(&settings, "POST", "/sessions", &[], b"\xff").await;
        assert_eq!(response.headers()["content-type"], "application/json;charset=utf-8");
        assert!(text(response).await.starts_with('"'));
        let response = send(&settings, "HEAD", "/sessions", &[], b"").await;
        assert_eq!((response.status().as_u16(), text(response).await.as_str()), (200, ""));
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let response = send(&LivySettings::default(), "GET", "/panics", &[], b"").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text(response).await.starts_with('"'));
    }
}
