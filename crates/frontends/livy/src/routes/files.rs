//! Files for a session: uploaded with the request, or named by their place on the server's machine.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use hearth_core::interpreter::{Dependency, DependencyKind};

use crate::api::{Caller, Livy, check_active};
use crate::error::{LivyError, LivyResult};
use crate::session::LivySession;
use crate::upload::{self, Uploaded};
use crate::{from_wire, parts, to_wire};

pub(crate) fn routes() -> Router<Livy> {
    Router::new()
        .route("/sessions/{id}/upload-jar", post(upload_jar))
        .route("/sessions/{id}/upload-file", post(upload_file))
        .route("/sessions/{id}/upload-pyfile", post(upload_pyfile))
        .layer(DefaultBodyLimit::disable())
        .route("/sessions/{id}/add-jar", post(add_jar))
        .route("/sessions/{id}/add-file", post(add_file))
        .route("/sessions/{id}/add-pyfile", post(add_pyfile))
}

async fn upload_jar(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> LivyResult<Response> {
    upload(&livy, &caller, (&id, DependencyKind::Jar, "jar"), request).await
}

async fn upload_file(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> LivyResult<Response> {
    upload(&livy, &caller, (&id, DependencyKind::File, "file"), request).await
}

async fn upload_pyfile(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> LivyResult<Response> {
    upload(&livy, &caller, (&id, DependencyKind::PyFile, "file"), request).await
}

async fn upload(
    livy: &Livy,
    caller: &Caller,
    (id, kind, part): (&str, DependencyKind, &str),
    request: Request,
) -> LivyResult<Response> {
    let session = livy.modified(caller, id)?;
    check_active(session.state())?;
    let Uploaded { path, name } = upload::receive(request, part, &folder(&session), livy.settings()).await?;
    session.add(Dependency { kind, path, name }).await?;
    Ok(to_wire::nothing())
}

/// Where a session keeps what was uploaded; it goes with the session.
fn folder(session: &Arc<LivySession>) -> PathBuf {
    session.spark().folder.join("uploads")
}

async fn add_jar(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> LivyResult<Response> {
    add(&livy, &caller, (&id, DependencyKind::Jar), &body).await
}

async fn add_file(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> LivyResult<Response> {
    add(&livy, &caller, (&id, DependencyKind::File), &body).await
}

async fn add_pyfile(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> LivyResult<Response> {
    add(&livy, &caller, (&id, DependencyKind::PyFile), &body).await
}

async fn add(livy: &Livy, caller: &Caller, (id, kind): (&str, DependencyKind), body: &Bytes) -> LivyResult<Response> {
    let uri = from_wire::uri_request(body, livy.settings())?;
    let session = livy.modified(caller, id)?;
    check_active(session.state())?;
    from_wire::check_uri(&uri, livy.settings())?;
    let dependency = parts::dependency(kind, &uri)
        .ok_or_else(|| LivyError::requirement(format!("Path '{uri}' is not a file of this machine.")))?;
    if !tokio::fs::try_exists(&dependency.path).await.unwrap_or(false) {
        return Err(LivyError::requirement(format!("File '{uri}' does not exist.")));
    }
    session.add(dependency).await?;
    Ok(to_wire::nothing())
}
