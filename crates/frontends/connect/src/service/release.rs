//! ReleaseExecute.

use hearth_base::OperationId;
use hearth_base::condition::INVALID_REQUEST;
use hearth_core::Session;
use hearth_proto::connect as pb;
use pb::release_execute_request::Release;
use tonic::Status;

use super::{Caller, ConnectService};
use crate::error::request_error;
use crate::response_id::Place;

impl ConnectService {
    pub async fn release_execute(
        &self,
        caller: Caller,
        request: pb::ReleaseExecuteRequest,
    ) -> Result<pb::ReleaseExecuteResponse, Status> {
        let known = self.known_session(&caller);
        let session = known.as_ref().ok().map(|session| session.session());
        let id = OperationId::new(request.operation_id);
        if session.is_some_and(|session| session.operation(&id).is_none() && session.had(&id)) {
            // Clients release the parts of an answer beside the whole, in any order; the store need not be asked.
            return Ok(released(&caller, session.map(|session| &**session), None));
        }
        let found = self.hearth.operations.find(&caller.principal, session.map(|session| &**session), &id).await;
        // As in Spark: an operation that is not there is released already, and the answer does not name it.
        let operation_id = match found {
            Err(_) => match &known {
                Ok(_) => None,
                Err(error) => return Err(request_error(error)),
            },
            Ok(operation) => {
                match request.release.ok_or_else(|| INVALID_REQUEST.with("message", "release is not set")) {
                    Err(error) => return Err(request_error(&error)),
                    Ok(Release::ReleaseAll(_)) => {
                        let released = self.hearth.operations.release(session.map(|s| &**s), &operation).await;
                        released.map_err(|error| request_error(&error))?;
                    }
                    Ok(Release::ReleaseUntil(until)) => {
                        let place = Place::read(&until.response_id, &id).map_err(|error| request_error(&error))?;
                        if let Some(last) = place.last_whole_item() {
                            operation.log.release_until(last);
                        }
                    }
                }
                Some(id.to_string())
            }
        };
        Ok(released(&caller, session.map(|session| &**session), operation_id))
    }
}

fn released(caller: &Caller, session: Option<&Session>, operation_id: Option<String>) -> pb::ReleaseExecuteResponse {
    pb::ReleaseExecuteResponse {
        session_id: caller.session.to_string(),
        server_side_session_id: session.map(|session| session.server_side_id.clone()).unwrap_or_default(),
        operation_id,
    }
}
