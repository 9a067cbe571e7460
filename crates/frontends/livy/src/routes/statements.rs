//! Statements: submit, list, look at, cancel; and candidates for what is being typed.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::Uri;

use crate::api::{Caller, Livy, check_active};
use crate::error::{LivyError, LivyResult};
use crate::from_wire::{self, Page};
use crate::to_wire;

pub(crate) fn routes() -> Router<Livy> {
    Router::new()
        .route("/sessions/{id}/statements", get(list).post(submit))
        .route("/sessions/{id}/statements/{statement}", get(look))
        .route("/sessions/{id}/statements/{statement}/cancel", post(cancel))
        .route("/sessions/{id}/completion", post(complete))
}

async fn list(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>, uri: Uri) -> LivyResult<Response> {
    let session = livy.viewed(&caller, &id)?;
    check_active(session.state())?;
    let mut statements = session.statements();
    if from_wire::is_descending(&uri) {
        statements.reverse();
    }
    let page = &statements[Page::read(&uri)?.of_statements(statements.len())];
    let views: Vec<_> = page.iter().map(|statement| statement.view(session.progress(statement))).collect();
    Ok(to_wire::statements(statements.len(), &views).into_response())
}

async fn submit(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>, body: Bytes) -> LivyResult<Response> {
    // What the body says comes before whether there is such a session.
    let new = from_wire::new_statement(&body, livy.settings())?;
    let session = livy.modified(&caller, &id)?;
    let statement = session.submit(new).await?;
    let location = format!("/sessions/{}/statements/{}", session.facts.id, statement.id);
    Ok(to_wire::statement(&statement.view(session.progress(&statement))).created(&location))
}

async fn look(
    State(livy): State<Livy>,
    caller: Caller,
    Path((id, statement)): Path<(String, String)>,
) -> LivyResult<Response> {
    let session = livy.viewed(&caller, &id)?;
    check_active(session.state())?;
    let statement = session.statement(from_wire::int(&statement)?).ok_or_else(LivyError::no_statement)?;
    Ok(to_wire::statement(&statement.view(session.progress(&statement))).into_response())
}

/// A statement that has ended, or never was, is cancelled as well as any.
async fn cancel(
    State(livy): State<Livy>,
    caller: Caller,
    Path((id, statement)): Path<(String, String)>,
) -> LivyResult<Response> {
    let session = livy.modified(&caller, &id)?;
    session.cancel(from_wire::int(&statement)?).await?;
    Ok(to_wire::message("canceled").into_response())
}

async fn complete(
    State(livy): State<Livy>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> LivyResult<Response> {
    let request = from_wire::completion_request(&body, livy.settings())?;
    let session = livy.modified(&caller, &id)?;
    Ok(to_wire::candidates(&session.complete(request).await?).into_response())
}
