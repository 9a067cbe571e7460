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
        let errors = session.error(&request.error_id).map(|error| to_wire::error_chain(&error)).unwrap_or_default();
        Ok(pb::FetchErrorDetailsResponse {
            server_side_session_id: session.server_side_id.clone(),
            session_id: session.key.session.to_string(),
            root_error_idx: (!errors.is_empty()).then_some(0),
            errors,
        })
    }
}
