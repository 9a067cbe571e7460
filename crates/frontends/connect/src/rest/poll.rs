//! `/api/v2/results/{handler}`: GET gives the answer of a call that took long, DELETE cancels it.
//!
//! GET waits as the call itself did and then says 202 again, or what the call would have said. An answer can be fetched
//! until its handler is forgotten, so that one lost on the way is not lost. A poll is never told to come back later by
//! an error: published clients do not understand that.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::BoxFuture;
use hearth_base::PrincipalId;
use hearth_core::Principal;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::answer::Written;
use super::read::{authenticate, credentials_of};
use super::refusal::{Answered, Refusal};
use super::results::{Done, Entry, Known, Work};
use super::{RESULTS, RestState};

/// The code of an answer that is still to come.
const IN_PROGRESS: &str = "392604";

pub(super) fn routes() -> Router<RestState> {
    Router::new().route(&format!("{RESULTS}/{{handler}}"), get(poll).delete(cancel))
}

/// The answer is still to come.
pub(super) fn goes_on(handler: &str) -> Response {
    let message = "The call is still running. Its answer is at the location that the header names.";
    let body = json!({ "code": IN_PROGRESS, "message": message, "resultHandler": handler });
    let mut response = (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("{RESULTS}/{handler}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

async fn poll(State(state): State<RestState>, Path(handler): Path<String>, headers: HeaderMap) -> Answered<Response> {
    let entry = find(&state, &handler, &headers).await?;
    let until = Instant::now() + state.settings().wait;
    let done = match &entry.work {
        Work::Operation(folding) => Ok(Done::Begun(folding.clone())),
        Work::Call { done, .. } => {
            let mut done = done.clone();
            match timeout_at(until, done.wait_for(Option::is_some)).await {
                Ok(done) => Ok(done.map_err(|_| gone())?.clone().ok_or_else(gone)?),
                Err(elapsed) => Err(elapsed),
            }
        }
    };
    let answer = match done {
        Ok(Done::Answered(written)) => Some(written),
        Ok(Done::Begun(folding)) => folding.by(&state, until).await,
        Err(_) => None,
    };
    // The time that the poll itself took does not count.
    entry.touch(state.service().hearth.sessions.clock().now());
    Ok(answer.map_or_else(|| goes_on(&handler), Written::into_response))
}

/// Work that takes long goes on behind a handler, and leaves there what has become of it. When there are too many
/// handlers, its client waits.
pub(super) async fn hand_over(state: &RestState, principal: &Principal, work: BoxFuture<'static, Done>) -> Response {
    let (sender, receiver) = watch::channel(None);
    let Some((entry, cancelled)) = state.results().add_call(principal, receiver) else {
        return match work.await {
            Done::Answered(written) => written.into_response(),
            Done::Begun(folding) => folding.whole(state).await.into_response(),
        };
    };
    let (handler, clock) = (entry.handler.clone(), state.service().hearth.sessions.clock().clone());
    state.tasks().spawn("rest call", async move {
        tokio::select! {
            biased;
            () = cancelled.cancelled() => {}
            done = work => {
                sender.send_replace(Some(done));
                entry.touch(clock.now());
            }
        }
    });
    goes_on(&handler)
}

async fn cancel(State(state): State<RestState>, Path(handler): Path<String>, headers: HeaderMap) -> Answered<Response> {
    let entry = find(&state, &handler, &headers).await?;
    let begun = match &entry.work {
        Work::Operation(folding) => Some(Done::Begun(folding.clone())),
        Work::Call { done, .. } => done.borrow().clone(),
    };
    let had_ended = match begun {
        Some(Done::Begun(folding)) => folding.cancel(&state).await,
        Some(Done::Answered(_)) => true,
        None => false,
    };
    state.results().remove(&handler);
    let message = if had_ended { "The call had ended already." } else { "The call is cancelled." };
    let body = json!({ "message": message, "resultHandler": handler });
    Ok((StatusCode::OK, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}

/// The caller's handler.
async fn find(state: &RestState, handler: &str, headers: &HeaderMap) -> Answered<Arc<Entry>> {
    let known = state.results().find(handler);
    let owner: Option<&PrincipalId> = match &known {
        Known::Open(entry) => Some(&entry.principal),
        Known::Gone(principal) => Some(principal),
        Known::Never => None,
    };
    let mut credentials = credentials_of(headers);
    // A GET has no message to say the caller's name in. Where names need no proof, the handler is enough of one.
    credentials.claimed_user = owner.map(ToString::to_string);
    let caller = authenticate(state, &credentials).await.map_err(Refusal::of_poll)?;
    match known {
        Known::Open(entry) if entry.principal == caller.id => {
            entry.touch(state.service().hearth.sessions.clock().now());
            Ok(entry)
        }
        Known::Gone(principal) if principal == caller.id => Err(gone()),
        Known::Open(_) | Known::Gone(_) | Known::Never => {
            Err(Refusal::not_found(format!("There is no result {handler}.")))
        }
    }
}

fn gone() -> Refusal {
    Refusal::new(StatusCode::GONE, "GONE", "The result was cancelled, or nobody asked for it in time.")
}
