//! A pool as an `Upstream`: every call becomes a request for a worker.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hearth_core::engine::Health;
use hearth_proto::connect as pb;
use hearth_proto::connect::interrupt_request::{Interrupt, InterruptType};
use hearth_remote::Upstream;
use hearth_remote::upstream::{Failure, Responses};
use prost::Message;
use tokio::time::Instant;

use crate::answer::Whole;
use crate::call::{CallKind, SessionKey};
use crate::pool::{Ask, Marks, Pool};
use crate::status;

/// The upstream of one pool.
#[derive(Debug)]
pub(crate) struct PoolUpstream(pub Arc<Pool>);

fn ask(kind: CallKind, session: SessionKey, request: &impl Message) -> Ask {
    Ask { kind, session, payload: Bytes::from(request.encode_to_vec()), marks: Marks::default() }
}

/// The interrupt of one operation.
pub(crate) fn interrupt_of(session: &SessionKey, operation: &str) -> Ask {
    let request = pb::InterruptRequest {
        session_id: session.id().to_owned(),
        user_context: Some(pb::UserContext { user_id: session.user().to_owned(), ..pb::UserContext::default() }),
        interrupt_type: InterruptType::OperationId.into(),
        interrupt: Some(Interrupt::OperationId(operation.to_owned())),
        ..pb::InterruptRequest::default()
    };
    ask(CallKind::Interrupt, session.clone(), &request)
}

/// Which executions an interrupt means.
fn means(request: &pb::InterruptRequest, marks: &Marks) -> bool {
    match (request.interrupt_type(), &request.interrupt) {
        (InterruptType::All, _) => true,
        (InterruptType::Tag, Some(Interrupt::OperationTag(tag))) => marks.tags.contains(tag),
        (InterruptType::OperationId, Some(Interrupt::OperationId(id))) => marks.operation == *id,
        (InterruptType::Unspecified | InterruptType::Tag | InterruptType::OperationId, _) => false,
    }
}

/// The answer as the message that the call promises; the pool has checked its kind.
macro_rules! expect {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Whole::$kind(message) => Ok(message),
            other => Err(status::bad_answer(format!("{:?}", other.kind()))),
        }
    };
}

#[async_trait]
impl Upstream for PoolUpstream {
    fn health(&self) -> Health {
        match self.0.with(|state| state.trouble(Instant::now())) {
            None => Health::Ready,
            Some(reason) => Health::Unavailable { reason },
        }
    }

    async fn execute_plan(&self, mut request: pb::ExecutePlanRequest) -> Result<Responses, Failure> {
        // Without a name it could not be interrupted.
        let operation = request.operation_id.get_or_insert_with(|| uuid::Uuid::new_v4().to_string()).clone();
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        let marks = Marks { operation, tags: request.tags.clone() };
        self.0.execute(Ask { marks, ..ask(CallKind::ExecutePlan, session, &request) })
    }

    async fn analyze_plan(&self, request: pb::AnalyzePlanRequest) -> Result<pb::AnalyzePlanResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        expect!(self.0.ask(ask(CallKind::AnalyzePlan, session, &request)).await?, AnalyzePlan).map(|answer| *answer)
    }

    async fn config(&self, request: pb::ConfigRequest) -> Result<pb::ConfigResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        expect!(self.0.ask(ask(CallKind::Config, session, &request)).await?, Config)
    }

    /// One request per message, in order, as Spark Connect over REST does it: workers put the chunks together.
    async fn add_artifacts(
        &self,
        mut messages: BoxStream<'static, pb::AddArtifactsRequest>,
    ) -> Result<pb::AddArtifactsResponse, Failure> {
        let mut whole = pb::AddArtifactsResponse::default();
        let Some(first) = messages.next().await else { return Ok(whole) };
        let session = SessionKey::of(first.user_context.as_ref(), &first.session_id);
        let lock = self.0.upload(&session);
        let _alone = lock.lock().await;
        let (session_id, user_context) = (first.session_id.clone(), first.user_context.clone());
        let mut next = Some(first);
        while let Some(mut message) = next {
            message.session_id.clone_from(&session_id);
            message.user_context.clone_from(&user_context);
            let answer = self.0.ask(ask(CallKind::AddArtifacts, session.clone(), &message)).await?;
            let mut answer = expect!(answer, AddArtifacts)?;
            whole.artifacts.append(&mut answer.artifacts);
            (whole.session_id, whole.server_side_session_id) = (answer.session_id, answer.server_side_session_id);
            next = messages.next().await;
        }
        Ok(whole)
    }

    async fn artifact_status(
        &self,
        request: pb::ArtifactStatusesRequest,
    ) -> Result<pb::ArtifactStatusesResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        expect!(self.0.ask(ask(CallKind::ArtifactStatus, session, &request)).await?, ArtifactStatus)
    }

    /// What no worker has is taken out of the queue and never runs.
    async fn interrupt(&self, request: pb::InterruptRequest) -> Result<pb::InterruptResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        let ask = ask(CallKind::Interrupt, session, &request);
        let (mut stopped, sent) = self.0.with(|state| state.interrupt(ask, |marks| means(&request, marks)));
        let mut answer = pb::InterruptResponse { session_id: request.session_id, ..pb::InterruptResponse::default() };
        if let Some((key, notify)) = sent {
            match self.0.whole(key, notify).await {
                Ok(whole) => answer = expect!(whole, Interrupt)?,
                // Its executions went with the worker.
                Err(Failure::Lost(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        stopped.append(&mut answer.interrupted_ids);
        stopped.dedup();
        answer.interrupted_ids = stopped;
        Ok(answer)
    }

    async fn release_session(&self, request: pb::ReleaseSessionRequest) -> Result<pb::ReleaseSessionResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        if !self.0.with(|state| state.release(&session)) {
            let session_id = request.session_id;
            return Ok(pb::ReleaseSessionResponse { session_id, ..pb::ReleaseSessionResponse::default() });
        }
        let answer = self.0.ask(ask(CallKind::ReleaseSession, session.clone(), &request)).await;
        self.0.with(|state| state.unbind(&session));
        expect!(answer?, ReleaseSession)
    }

    async fn clone_session(&self, mut request: pb::CloneSessionRequest) -> Result<pb::CloneSessionResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        let new = request.new_session_id.get_or_insert_with(|| uuid::Uuid::new_v4().to_string()).clone();
        let answer = self.0.ask(ask(CallKind::CloneSession, session.clone(), &request)).await?;
        let answer = expect!(answer, CloneSession)?;
        // The clone lives where its original does.
        self.0.with(|state| state.bind_clone(&session, session.sibling(&new)));
        Ok(answer)
    }

    async fn fetch_error_details(
        &self,
        request: pb::FetchErrorDetailsRequest,
    ) -> Result<pb::FetchErrorDetailsResponse, Failure> {
        let session = SessionKey::of(request.user_context.as_ref(), &request.session_id);
        let answer = self.0.ask(ask(CallKind::FetchErrorDetails, session, &request)).await?;
        expect!(answer, FetchErrorDetails).map(|answer| *answer)
    }

    async fn shutdown(&self) {
        self.0.drain();
    }
}
