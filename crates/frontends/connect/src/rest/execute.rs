//! ExecutePlan and ReattachExecute: one answer for all that an operation gives, or, when asked, what it gives as it
//! comes.
//!
//! The same request again finds the same operation, so it gets the same answer. Its answer stays with the operation,
//! which is let go by ReleaseExecute or after its retention; one that has no id of the client's, which nobody could come
//! back for, goes with its request.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::{FutureExt, StreamExt};
use hearth_core::{Operation, Principal, Session};
use hearth_proto::connect as pb;
use pb::execute_plan_response::ResponseType;
use pb::response_envelope::ResponseType as Member;
use tokio::time::{Instant, timeout_at};

use super::answer::{Reply, Wrapping, Written};
use super::fold::Folding;
use super::read::{Form, read};
use super::refusal::Refusal;
use super::results::{Done, PlanKey};
use super::{PREFIX, RestState, poll, stream};
use crate::service::{Attached, Refused};

pub(super) fn routes() -> Router<RestState> {
    Router::new()
        .route(&format!("{PREFIX}/execute-plan"), post(execute_plan))
        .route(&format!("{PREFIX}/reattach-execute"), post(reattach_execute))
}

async fn execute_plan(State(state): State<RestState>, request: Request) -> Response {
    let (form, caller, message) = match read::<pb::ExecutePlanRequest>(&state, request).await {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    let id = message.operation_id.clone().filter(|id| !id.is_empty());
    let key = id.map(|id| PlanKey::new(&caller.principal, &caller.session, id));
    let is_held = form.stream || key.as_ref().is_some_and(|key| state.results().was_busy(key));
    let until = (!is_held).then(|| Instant::now() + state.settings().wait);
    let patience = Patience { principal: caller.principal.clone(), until };
    let (service, keep) = (state.service().clone(), !form.stream);
    let mut starting = async move { service.start_plan(caller, message, keep).await }.boxed();
    let started = patience.wait(&mut starting).await;
    match started {
        None => {
            let begun = async move {
                match starting.await {
                    Ok(attached) => Done::Begun(Folding::new(form, attached)),
                    Err(refused) => Done::Answered(Written::new(&form, Wrapping::Envelope, Err(refused.status))),
                }
            };
            poll::hand_over(&state, &patience.principal, begun.boxed()).await
        }
        Some(Ok(attached)) if form.stream => stream::response(form, state.service().stream(attached)),
        Some(Ok(attached)) => {
            let nameless = if key.is_none() { Nameless::of(&attached) } else { None };
            finish(&state, &patience, Folding::new(form, attached), nameless).await
        }
        Some(Err(refused)) => refuse(&state, &form, key, &refused),
    }
}

fn refuse(state: &RestState, form: &Form, key: Option<PlanKey>, refused: &Refused) -> Response {
    match &refused.busy {
        Some(error) => {
            if let Some(key) = key {
                state.results().remember_busy(key);
            }
            Refusal::busy(error).into_response()
        }
        None if form.stream => stream::failed(form, &refused.status),
        None => Written::new(form, Wrapping::Envelope, Err(refused.status.clone())).into_response(),
    }
}

async fn reattach_execute(State(state): State<RestState>, request: Request) -> Response {
    let (form, caller, message) = match read::<pb::ReattachExecuteRequest>(&state, request).await {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    let principal = caller.principal.clone();
    match state.service().attach(caller, message).await {
        Err(status) if form.stream => stream::failed(&form, &status),
        Err(status) => Written::new(&form, Wrapping::Envelope, Err(status)).into_response(),
        Ok(attached) if form.stream => stream::response(form, state.service().stream(attached)),
        Ok(attached) if attached.from.1 > 0 => next_part(&state, &form, attached).await,
        Ok(attached) => {
            let patience = Patience { principal, until: Some(Instant::now() + state.settings().wait) };
            finish(&state, &patience, Folding::new(form, attached), None).await
        }
    }
}

/// Who waits for an operation, and how long.
struct Patience {
    principal: Principal,
    /// Without an end for a stream, and for a client that was told to try again: it does not understand being told to
    /// poll.
    until: Option<Instant>,
}

impl Patience {
    async fn wait<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match self.until {
            Some(until) => timeout_at(until, work).await.ok(),
            None => Some(work.await),
        }
    }
}

/// Waits for the end of an operation, and answers with all of it, or with a handler.
async fn finish(state: &RestState, patience: &Patience, folding: Folding, nameless: Option<Nameless>) -> Response {
    let answer = match patience.until {
        Some(until) => folding.by(state, until).await,
        None => Some(folding.whole(state).await),
    };
    let answer = match answer {
        Some(answer) => answer,
        None => match state.results().add_operation(&patience.principal, folding.clone()) {
            Some(entry) => {
                if let Some(nameless) = nameless {
                    nameless.keep();
                }
                return poll::goes_on(&entry.handler);
            }
            None => folding.whole(state).await,
        },
    };
    if let Some(nameless) = nameless {
        nameless.release(state).await;
    }
    answer.into_response()
}

/// A client that has a part of a batch gets the next part: the parts are one batch only together.
async fn next_part(state: &RestState, form: &Form, attached: Attached) -> Response {
    let mut responses = state.service().stream(attached);
    let outcome = loop {
        match responses.next().await {
            Some(Ok(response)) if matches!(response.response_type, Some(ResponseType::ExecutionProgress(_))) => {}
            Some(outcome) => break outcome,
            None => break Ok(pb::ExecutePlanResponse::default()),
        }
    };
    let outcome = outcome.map(|response| Reply::member(Member::ExecutePlanResponse(response)));
    Written::new(form, Wrapping::Envelope, outcome).into_response()
}

/// An operation that only its request knows: it stops when nobody waits any more.
struct Nameless {
    session: Arc<Session>,
    operation: Arc<Operation>,
    kept: bool,
}

impl Nameless {
    fn of(attached: &Attached) -> Option<Self> {
        let session = attached.session.clone()?;
        Some(Self { session, operation: Arc::clone(&attached.operation), kept: false })
    }

    /// A handler knows it now.
    fn keep(mut self) {
        self.kept = true;
    }

    /// It has been answered.
    async fn release(mut self, state: &RestState) {
        self.kept = true;
        let operations = &state.service().hearth.operations;
        if let Err(error) = operations.release(Some(&self.session), &self.operation).await {
            tracing::warn!(operation = %self.operation.id, %error, "the result of an operation stays");
        }
    }
}

impl Drop for Nameless {
    fn drop(&mut self) {
        if !self.kept {
            self.operation.request_cancel();
            self.session.forget(&self.operation.id);
        }
    }
}
