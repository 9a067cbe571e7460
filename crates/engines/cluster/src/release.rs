//! Tells the Spark what it need not keep any more of an execution, beside the stream and never in its way.
//!
//! Releasing all of an execution that still runs ends it. A failed release costs nothing but the Spark's memory for a
//! while: it forgets executions that nobody asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hearth_proto::connect as pb;
use hearth_proto::connect::release_execute_request::{Release, ReleaseAll, ReleaseUntil};

use crate::line::Line;

/// Received responses, or their bytes, between two releases. Spark itself keeps no more than some megabytes of what it sent.
const RESPONSES: usize = 64;
const BYTES: usize = 16 << 20;
/// A release gets this long.
const TIMEOUT: Duration = Duration::from_secs(20);
/// An execution that is dropped before it is known may arrive after its release: then it is released again.
const AGAIN: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(5)];

/// Which execution.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) session_id: String,
    pub(crate) user_context: Option<pb::UserContext>,
    pub(crate) operation_id: String,
    pub(crate) client_type: Option<String>,
    pub(crate) observed_session: Option<String>,
}

impl Identity {
    pub(crate) fn reattach(&self, last_response_id: Option<String>) -> pb::ReattachExecuteRequest {
        pb::ReattachExecuteRequest {
            session_id: self.session_id.clone(),
            client_observed_server_side_session_id: self.observed_session.clone(),
            user_context: self.user_context.clone(),
            operation_id: self.operation_id.clone(),
            client_type: self.client_type.clone(),
            last_response_id,
        }
    }

    fn release(&self, release: Release) -> pb::ReleaseExecuteRequest {
        pb::ReleaseExecuteRequest {
            session_id: self.session_id.clone(),
            // A session that is not the same any more has nothing to release.
            client_observed_server_side_session_id: None,
            user_context: self.user_context.clone(),
            operation_id: self.operation_id.clone(),
            client_type: self.client_type.clone(),
            release: Some(release),
        }
    }
}

/// Counts what was received and releases it now and then.
#[derive(Debug)]
pub(crate) struct Releases {
    line: Arc<Line>,
    identity: Identity,
    responses: usize,
    bytes: usize,
    /// One at a time.
    is_releasing: Arc<AtomicBool>,
}

impl Releases {
    pub(crate) fn new(line: Arc<Line>, identity: Identity) -> Self {
        Self { line, identity, responses: 0, bytes: 0, is_releasing: Arc::default() }
    }

    /// `response_id` was handed on, and everything before it.
    pub(crate) fn received(&mut self, response_id: &str, bytes: usize) {
        self.responses += 1;
        self.bytes += bytes;
        if self.responses < RESPONSES && self.bytes < BYTES {
            return;
        }
        if self.is_releasing.swap(true, Ordering::AcqRel) {
            return;
        }
        (self.responses, self.bytes) = (0, 0);
        let until = ReleaseUntil { response_id: response_id.to_owned() };
        let request = self.identity.release(Release::ReleaseUntil(until));
        let (line, is_releasing) = (Arc::clone(&self.line), Arc::clone(&self.is_releasing));
        self.line.tasks.spawn("release", async move {
            send(&line, request).await;
            is_releasing.store(false, Ordering::Release);
        });
    }

    /// Everything, which ends an execution that still runs. `is_known` says that the Spark has answered of it.
    pub(crate) fn all(&self, is_known: bool) {
        let request = self.identity.release(Release::ReleaseAll(ReleaseAll {}));
        let line = Arc::clone(&self.line);
        self.line.tasks.spawn("release", async move {
            for pause in AGAIN {
                match send(&line, request.clone()).await {
                    Released::Nothing if !is_known => tokio::time::sleep(pause).await,
                    Released::Something | Released::Nothing | Released::Refused => return,
                }
            }
        });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Released {
    Something,
    /// The Spark does not have the execution, not any more or not yet.
    Nothing,
    Refused,
}

async fn send(line: &Line, request: pb::ReleaseExecuteRequest) -> Released {
    let operation = request.operation_id.clone();
    let call = line.repeat(Some(TIMEOUT), |mut client| {
        let request = request.clone();
        async move { client.release_execute(request).await }
    });
    match call.await {
        Ok(response) if response.operation_id.is_some() => Released::Something,
        Ok(_) => Released::Nothing,
        Err(failure) => {
            tracing::debug!(operation, ?failure, "an execution was not released");
            Released::Refused
        }
    }
}
