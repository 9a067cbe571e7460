//! Interrupt.

use hearth_base::condition::{INTERRUPT_ID_MISSING, INTERRUPT_TAG_MISSING, INTERRUPT_TYPE_UNSUPPORTED};
use hearth_base::{Condition, OperationId, Result};
use hearth_core::{Operation, Session};
use hearth_proto::connect as pb;
use pb::interrupt_request::{Interrupt, InterruptType};
use tonic::Status;

use super::{Caller, ConnectService};
use crate::error::request_error;

impl ConnectService {
    pub async fn interrupt(
        &self,
        caller: Caller,
        request: pb::InterruptRequest,
    ) -> Result<pb::InterruptResponse, Status> {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        let interrupted = self.stop(session, &request).map_err(|error| request_error(&error))?;
        Ok(pb::InterruptResponse {
            session_id: session.key.session.to_string(),
            server_side_session_id: session.server_side_id.clone(),
            interrupted_ids: interrupted.into_iter().map(|id| id.to_string()).collect(),
        })
    }

    fn stop(&self, session: &Session, request: &pb::InterruptRequest) -> Result<Vec<OperationId>> {
        let missing =
            |condition: Condition, what: &str| condition.with("functionName", "interrupt").with("parameter", what);
        let operations = &self.hearth.operations;
        match (request.interrupt_type(), &request.interrupt) {
            // Not the code that asks for it.
            (InterruptType::All, _) => Ok(operations.interrupt(session, |operation| !operation.runs_code)),
            (InterruptType::Tag, Some(Interrupt::OperationTag(tag))) => {
                Ok(operations.interrupt(session, |operation: &Operation| operation.tags.contains(tag)))
            }
            (InterruptType::OperationId, Some(Interrupt::OperationId(id))) => {
                Ok(operations.interrupt(session, |operation: &Operation| operation.id.as_str() == id))
            }
            (InterruptType::Tag, Some(Interrupt::OperationId(_)) | None) => {
                Err(missing(INTERRUPT_TAG_MISSING, "operation_tag"))
            }
            (InterruptType::OperationId, Some(Interrupt::OperationTag(_)) | None) => {
                Err(missing(INTERRUPT_ID_MISSING, "operation_id"))
            }
            (InterruptType::Unspecified, _) => {
                Err(INTERRUPT_TYPE_UNSUPPORTED.with("interruptType", InterruptType::Unspecified.as_str_name()))
            }
        }
    }
}
