//! FetchErrorDetails.

use hearth_proto::connect as pb;
use tonic::Status;

use super::{Caller, ConnectService};
use crate::error::request_error;
use crate::to_wire;

impl ConnectService {
    pub async fn fetch_error_details(
        &self,
        caller: Caller,
        request: pb::FetchErrorDetailsRequest,
    ) -> Result<pb::FetchErrorDetailsResponse, Status> {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        // An id that is not known any more is no error: the client then makes do with the status.
        let known = session.error(&request.error_id);
        let (root_error_idx, mut errors) = known.map(|error| to_wire::error_details(&error)).unwrap_or_default();
        if looks_conditions_up(request.client_type()) {
            errors.iter_mut().for_each(forget_unknown_condition);
        }
        Ok(pb::FetchErrorDetailsResponse {
            server_side_session_id: session.server_side_id.clone(),
            session_id: session.key.session.to_string(),
            root_error_idx,
            errors,
        })
    }
}

/// The Scala client makes an error of what its own table says of the condition, and dies of one that is not there.
fn looks_conditions_up(client: &str) -> bool {
    client.to_ascii_lowercase().contains("scala")
}

/// Without a condition that client makes an error of the message.
fn forget_unknown_condition(error: &mut pb::fetch_error_details_response::Error) {
    let Some(throwable) = &mut error.spark_throwable else { return };
    let condition = hearth_base::condition::all().find(|one| Some(one.name) == throwable.error_class.as_deref());
    if condition.is_some_and(|condition| !condition.is_sparks()) {
        throwable.error_class = None;
        throwable.message_parameters.clear();
    }
}
