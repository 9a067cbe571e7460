//! Config.

use std::sync::Arc;

use hearth_proto::connect as pb;
use tonic::Status;

use super::{Caller, ConnectService};
use crate::error::{operation_failure, request_error};
use crate::{from_wire, to_wire};

impl ConnectService {
    pub async fn config(&self, caller: Caller, request: pb::ConfigRequest) -> Result<pb::ConfigResponse, Status> {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        let fail = |error| operation_failure(session, &Arc::new(error));
        let request = from_wire::config(request.operation.unwrap_or_default()).map_err(fail)?;
        let answer = session.configure(request).await.map_err(fail)?;
        Ok(pb::ConfigResponse {
            session_id: session.key.session.to_string(),
            server_side_session_id: session.server_side_id.clone(),
            pairs: answer.pairs.into_iter().map(to_wire::key_value).collect(),
            warnings: answer.warnings,
        })
    }
}
