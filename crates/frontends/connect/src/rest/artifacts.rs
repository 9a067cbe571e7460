//! AddArtifacts, one message per call.

use hearth_proto::connect as pb;
use pb::response_envelope::ResponseType as Member;
use tonic::Status;

use super::RestState;
use super::answer::Reply;
use crate::service::Caller;

/// The state by its clone: the call may outlive its request.
pub(super) async fn add(state: RestState, caller: Caller, message: pb::AddArtifactsRequest) -> Result<Reply, Status> {
    let response = state.service().add_artifacts_part(state.uploads(), caller, message).await?;
    Ok(Reply::member(Member::AddArtifactsResponse(response)))
}
