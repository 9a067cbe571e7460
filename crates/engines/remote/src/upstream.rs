//! `Upstream`: the way to a Spark, one method per call of Spark Connect that engines need.
//!
//! Requests name their session and user; the upstream sends them as they are. Reattaching, retries and the releasing of
//! what was received are its own business.

use async_trait::async_trait;
use futures::stream::BoxStream;
use hearth_core::engine::Health;
use hearth_proto::connect as pb;
use hearth_proto::rpc;

/// The responses of one execution, in order and each once. It ends after the last response; `ResultComplete` is not among
/// them. Dropping it releases the execution, which stops when it still runs.
pub type Responses = BoxStream<'static, Result<pb::ExecutePlanResponse, Failure>>;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The Spark answered with an error.
    Status(rpc::Status),
    /// It could not be reached; nothing was run.
    Unreachable(String),
    /// It was lost after it may have begun. What it did is not known.
    Lost(String),
}

#[async_trait]
pub trait Upstream: Send + Sync + std::fmt::Debug {
    fn health(&self) -> Health;

    /// Runs a plan, once: never again after it may have begun.
    async fn execute_plan(&self, request: pb::ExecutePlanRequest) -> Result<Responses, Failure>;

    async fn analyze_plan(&self, request: pb::AnalyzePlanRequest) -> Result<pb::AnalyzePlanResponse, Failure>;

    async fn config(&self, request: pb::ConfigRequest) -> Result<pb::ConfigResponse, Failure>;

    /// One AddArtifacts call with all its messages.
    async fn add_artifacts(
        &self,
        messages: BoxStream<'static, pb::AddArtifactsRequest>,
    ) -> Result<pb::AddArtifactsResponse, Failure>;

    async fn artifact_status(
        &self,
        request: pb::ArtifactStatusesRequest,
    ) -> Result<pb::ArtifactStatusesResponse, Failure>;

    async fn interrupt(&self, request: pb::InterruptRequest) -> Result<pb::InterruptResponse, Failure>;

    async fn release_session(&self, request: pb::ReleaseSessionRequest) -> Result<pb::ReleaseSessionResponse, Failure>;

    async fn clone_session(&self, request: pb::CloneSessionRequest) -> Result<pb::CloneSessionResponse, Failure>;

    async fn fetch_error_details(
        &self,
        request: pb::FetchErrorDetailsRequest,
    ) -> Result<pb::FetchErrorDetailsResponse, Failure>;

    /// Lets go of connections. Called once, after the last session was closed.
    async fn shutdown(&self);
}
