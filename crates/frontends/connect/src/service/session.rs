//! CloneSession, ReleaseSession, GetStatus.

use std::sync::Arc;

use hearth_base::{OperationId, SessionId};
use hearth_core::Session;
use hearth_proto::connect as pb;
use pb::get_status_response::OperationStatus;
use pb::get_status_response::operation_status::OperationState as WireState;
use tonic::Status;

use super::{Caller, ConnectService};
use crate::error::{operation_failure, request_error};
use crate::to_wire;

impl ConnectService {
    pub async fn clone_session(
        &self,
        caller: Caller,
        request: pb::CloneSessionRequest,
    ) -> Result<pb::CloneSessionResponse, Status> {
        let source = self.known_session(&caller).map_err(|error| request_error(&error))?;
        let source = source.session();
        let new = self.hearth.sessions.clone_session(source, request.new_session_id.map(SessionId::new)).await;
        let new = new.map_err(|error| operation_failure(source, &Arc::new(error)))?;
        Ok(pb::CloneSessionResponse {
            session_id: source.key.session.to_string(),
            server_side_session_id: source.server_side_id.clone(),
            new_session_id: new.key.session.to_string(),
            new_server_side_session_id: new.server_side_id.clone(),
        })
    }

    pub async fn release_session(
        &self,
        caller: Caller,
        request: pb::ReleaseSessionRequest,
    ) -> Result<pb::ReleaseSessionResponse, Status> {
        let sessions = &self.hearth.sessions;
        let closed = sessions.close(&caller.principal, &caller.session, request.allow_reconnect).await;
        Ok(pb::ReleaseSessionResponse {
            session_id: caller.session.to_string(),
            server_side_session_id: closed.map(|session| session.server_side_id.clone()).unwrap_or_default(),
        })
    }

    pub async fn get_status(
        &self,
        caller: Caller,
        request: pb::GetStatusRequest,
    ) -> Result<pb::GetStatusResponse, Status> {
        // After a restart the session is gone and its operations are not: they still answer.
        let known = self.known_session(&caller);
        let session = known.as_ref().ok().map(|session| session.session());
        let mut statuses = Vec::new();
        if let Some(asked) = request.operation_status {
            let ids = match (asked.operation_ids.is_empty(), session) {
                (true, Some(session)) => session.operations().iter().map(|operation| operation.id.clone()).collect(),
                _ => asked.operation_ids.into_iter().map(OperationId::new).collect::<Vec<_>>(),
            };
            for id in ids {
                statuses.push(self.operation_status(&caller, session.map(|session| &**session), id).await);
            }
        }
        if let Err(error) = &known
            && statuses.iter().all(|status| status.state() == WireState::Unknown)
        {
            return Err(request_error(error));
        }
        Ok(pb::GetStatusResponse {
            session_id: caller.session.to_string(),
            server_side_session_id: session.map(|session| session.server_side_id.clone()).unwrap_or_default(),
            operation_statuses: statuses,
            extensions: Vec::new(),
        })
    }

    async fn operation_status(&self, caller: &Caller, session: Option<&Session>, id: OperationId) -> OperationStatus {
        let state = match session.and_then(|session| session.operation(&id)) {
            Some(held) => to_wire::held_operation(held.state(), held.is_cancel_requested()),
            None => match self.hearth.operations.record(&caller.principal, &id).await {
                Ok(Some(record)) if record.session == caller.session => to_wire::past_operation(record.state),
                Ok(_) => WireState::Unknown,
                Err(error) => {
                    tracing::warn!(operation = %id, %error, "the status of an operation cannot be read");
                    WireState::Unknown
                }
            },
        };
        OperationStatus { operation_id: id.to_string(), state: state.into(), extensions: Vec::new() }
    }
}
