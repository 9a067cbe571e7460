//! Pages for people, the version, and what leads there.

use axum::Router;
use axum::extract::{Extension, Path};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::api::{Base, Caller, Livy};
use crate::error::LivyResult;
use crate::{pages, to_wire};

pub(crate) fn routes() -> Router<Livy> {
    Router::new()
        .route("/", get(root))
        .route("/version", get(version))
        .route("/ui", get(overview))
        .route("/ui/session/{id}", get(session))
        .route("/ui/session/{id}/log", get(session_log))
        .route("/ui/batch/{id}/log", get(batch_log))
        .route("/thriftserver/sessions", get(thrift_sessions))
}

async fn root(Extension(base): Extension<Base>) -> Response {
    let location = match base.0 {
        "" => HeaderValue::from_static("/ui/"),
        _ => HeaderValue::from_static("/livy/ui/"),
    };
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

async fn version() -> Response {
    to_wire::version().into_response()
}

async fn overview(Extension(base): Extension<Base>) -> Html<String> {
    Html(pages::overview(base.0))
}

async fn session(Extension(base): Extension<Base>, Path(id): Path<String>) -> Html<String> {
    Html(pages::session(base.0, &id))
}

async fn session_log(Extension(base): Extension<Base>, Path(id): Path<String>) -> Html<String> {
    Html(pages::session_log(base.0, &id))
}

async fn batch_log(Extension(base): Extension<Base>, Path(id): Path<String>) -> Html<String> {
    Html(pages::batch_log(base.0, &id))
}

/// There is no Thrift server beside this door, so it has no sessions.
async fn thrift_sessions(_caller: Caller) -> LivyResult<Response> {
    Ok(to_wire::sessions(0, 0, &[]).into_response())
}
