//! Sessions: create, list, look at, end.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::Uri;

use crate::api::{Caller, Livy};
use crate::error::{LivyError, LivyResult};
use crate::from_wire::{self, Page};
use crate::model::{self, SessionView};
use crate::to_wire;

pub(crate) fn routes() -> Router<Livy> {
    Router::new()
        .route("/sessions", get(list).post(create))
        .route("/sessions/{id}", get(look).delete(remove))
        .route("/sessions/{id}/state", get(state))
        .route("/sessions/{id}/log", get(log))
        .route("/sessions/{id}/stop", post(stop))
        .route("/sessions/{id}/interrupt", post(interrupt))
        .route("/sessions/{id}/connect", post(connect))
}

async fn list(State(livy): State<Livy>, caller: Caller, uri: Uri) -> LivyResult<Response> {
    let sessions = livy.registry().sessions();
    let (from, shown) = Page::read(&uri)?.of_sessions(sessions.len());
    let mut views = Vec::new();
    for session in &sessions[shown] {
        views.push(session.view(caller.may_view(&livy, session)).await);
    }
    Ok(to_wire::sessions(from, sessions.len(), &views).into_response())
}

async fn create(State(livy): State<Livy>, caller: Caller, body: Bytes) -> LivyResult<Response> {
    livy.check_starting()?;
    let request = from_wire::new_session(&body, livy.settings())?;
    let owner = caller.owner(&livy, request.proxy_user.as_deref())?;
    from_wire::check_session(&request, livy.settings())?;
    let session = livy.registry().create_session(owner, request).await?;
    // A SQL session is ready by now; clients are told what they are told of every new session.
    let view = SessionView { state: model::State::Starting, ..session.view(true).await };
    Ok(to_wire::session(&view).created(&format!("/sessions/{}", view.id)))
}

async fn look(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let session = livy.session(&id)?;
    Ok(to_wire::session(&session.view(caller.may_view(&livy, &session)).await).into_response())
}

async fn state(State(livy): State<Livy>, _caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let session = livy.session(&id)?;
    Ok(to_wire::state(session.facts.id, session.state()).into_response())
}

async fn log(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>, uri: Uri) -> LivyResult<Response> {
    let session = livy.viewed(&caller, &id)?;
    window(session.facts.id, &session.log().await, &uri)
}

/// The part of a log that a request asks for.
pub(super) fn window(id: i32, lines: &[String], uri: &Uri) -> LivyResult<Response> {
    let (from, shown) = Page::read(uri)?.of_log(lines.len());
    Ok(to_wire::log(id, from, lines.len(), &lines[shown]).into_response())
}

async fn remove(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let session = livy.modified(&caller, &id)?;
    if livy.registry().delete_session(&session).await? {
        Ok(to_wire::message("deleted").into_response())
    } else {
        Err(LivyError::already_stopped(session.facts.id))
    }
}

/// Ends a session, which can be asked about for some time after.
async fn stop(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    livy.modified(&caller, &id)?.stop().await;
    Ok(to_wire::no_content())
}

/// Stops what runs. (In Livy the whole session stops.)
async fn interrupt(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    livy.modified(&caller, &id)?.interrupt().await?;
    Ok(to_wire::message("interrupted").into_response())
}

async fn connect(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let session = livy.modified(&caller, &id)?;
    session.touch();
    Ok(to_wire::session(&session.view(true).await).into_response())
}
