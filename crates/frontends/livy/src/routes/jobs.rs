//! Programmatic jobs: submit, look at, cancel.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::api::{Caller, Livy, check_active};
use crate::error::{LivyError, LivyResult};
use crate::{from_wire, to_wire};

pub(crate) fn routes() -> Router<Livy> {
    Router::new()
        .route("/sessions/{id}/submit-job", post(submit))
        .route("/sessions/{id}/run-job", post(submit))
        .route("/sessions/{id}/jobs/{job}", get(look))
        .route("/sessions/{id}/jobs/{job}/cancel", post(cancel))
}

async fn submit(State(livy): State<Livy>, caller: Caller, Path(id): Path<String>, body: Bytes) -> LivyResult<Response> {
    let new = from_wire::new_job(&body, livy.settings())?;
    let session = livy.modified(&caller, &id)?;
    check_active(session.state())?;
    let job = session.submit_job(new).await?;
    Ok(to_wire::job(&job.view()).made())
}

async fn look(
    State(livy): State<Livy>,
    caller: Caller,
    Path((id, job)): Path<(String, String)>,
) -> LivyResult<Response> {
    let session = livy.viewed(&caller, &id)?;
    check_active(session.state())?;
    let job = session.job(from_wire::long(&job)?).ok_or_else(|| LivyError::no_job(&job))?;
    Ok(to_wire::job(&job.view()).into_response())
}

async fn cancel(
    State(livy): State<Livy>,
    caller: Caller,
    Path((id, job)): Path<(String, String)>,
) -> LivyResult<Response> {
    let session = livy.modified(&caller, &id)?;
    if let Some(job) = session.job(from_wire::long(&job)?) {
        job.cancel();
    }
    Ok(to_wire::nothing())
}
