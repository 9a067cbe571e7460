//! Batches: create, list, look at, end.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Uri;

use super::sessions;
use crate::api::{Caller, Livy};
use crate::batch::Batch;
use crate::error::{LivyError, LivyResult};
use crate::from_wire::{self, Page};
use crate::to_wire;

pub(crate) fn routes() -> Router<Livy> {
    Router::new()
        .route("/batches", get(list).post(create))
        .route("/batches/{id}", get(look).delete(remove))
        .route("/batches/{id}/state", get(state))
        .route("/batches/{id}/log", get(log))
}

async fn list(State(livy): State<Livy>, caller: Caller, uri: Uri) -> LivyResult<Response> {
    let batches = livy.registry().batches();
    let (from, shown) = Page::read(&uri)?.of_sessions(batches.len());
    let mut views = Vec::new();
    for batch in &batches[shown] {
        views.push(batch.view(caller.may_view_batch(&livy, batch)).await);
    }
    Ok(to_wire::batches(from, batches.len(), &views).into_response())
}

async fn create(State(livy): State<Livy>, caller: Caller, body: Bytes) -> LivyResult<Response> {
    livy.check_starting()?;
    let request = from_wire::new_batch(&body, livy.settings())?;
    let owner = caller.owner(&livy, request.proxy_user.as_deref())?;
    from_wire::check_batch(&request, livy.settings())?;
    let batch = livy.registry().create_batch(owner, request).await?;
    let view = batch.view(true).await;
    Ok(to_wire::batch(&view).created(&format!("/batches/{}", view.id)))
}

async fn look(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let batch = livy.batch(&id)?;
    Ok(to_wire::batch(&batch.view(caller.may_view_batch(&livy, &batch)).await).into_response())
}

async fn state(State(livy): State<Livy>, _caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let batch = livy.batch(&id)?;
    Ok(to_wire::state(batch.id(), batch.state()).into_response())
}

async fn log(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>, uri: Uri) -> LivyResult<Response> {
    let batch = livy.batch(&id)?;
    if !caller.may_view_batch(&livy, &batch) {
        return Err(LivyError::forbidden());
    }
    sessions::window(batch.id(), &batch.log().await, &uri)
}

async fn remove(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>) -> LivyResult<Response> {
    let batch: Arc<Batch> = livy.batch(&id)?;
    if !caller.may_modify_batch(&livy, &batch) {
        return Err(LivyError::forbidden());
    }
    if livy.registry().delete_batch(&batch).await? {
        Ok(to_wire::message("deleted").into_response())
    } else {
        Err(LivyError::already_stopped(batch.id()))
    }
}
