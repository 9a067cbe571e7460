//! The gRPC transport: tonic's trait over the service, one call per RPC.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use hearth_base::{ByteSize, Error, Result};
use hearth_proto::connect as pb;
use pb::spark_connect_service_server::{SparkConnectService, SparkConnectServiceServer};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, Streaming};
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};

use crate::error::request_error;
use crate::service::{Caller, ConnectService, ResponseStream};

/// The limits of the transport.
#[derive(Debug, Clone)]
pub struct GrpcSettings {
    /// `connect.max_message_size`: bytes of one inbound message.
    pub max_message_size: ByteSize,
    /// `connect.max_metadata_size`: bytes of the headers of one call.
    pub max_metadata_size: ByteSize,
    /// `connect.keepalive_interval`: how often a quiet connection is asked whether it is alive.
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
    /// `connect.reflection`: whether the server tells its methods and messages.
    pub reflection: bool,
}

impl Default for GrpcSettings {
    fn default() -> Self {
        Self {
            max_message_size: ByteSize::mib(128),
            max_metadata_size: ByteSize::kib(64),
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
            reflection: true,
        }
    }
}

/// Serves connections until `shutdown` ends, then lets running calls finish.
pub async fn serve<I, IO>(
    service: ConnectService,
    settings: GrpcSettings,
    incoming: I,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()>
where
    I: futures::Stream<Item = std::io::Result<IO>> + Send,
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    let limit = settings.max_message_size.as_usize();
    let connect = SparkConnectServiceServer::new(Grpc(service))
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX)
        // As in Spark, answers go out as they are: every client accepts gzip, and few want its price.
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<SparkConnectServiceServer<Grpc>>().await;
    let reflection = settings.reflection.then(reflection).transpose()?;
    Server::builder()
        .layer(hearth_kit::RequestLayer)
        .http2_keepalive_interval(Some(settings.keepalive_interval))
        .http2_keepalive_timeout(Some(settings.keepalive_timeout))
        .http2_max_header_list_size(u32::try_from(settings.max_metadata_size.bytes()).unwrap_or(u32::MAX))
        .initial_stream_window_size(Some(STREAM_WINDOW))
        .initial_connection_window_size(Some(CONNECTION_WINDOW))
        .tcp_nodelay(true)
        .add_service(connect)
        .add_service(health_service)
        .add_optional_service(reflection)
        .serve_with_incoming_shutdown(incoming, shutdown)
        .await
        .map_err(|error| Error::internal("the gRPC listener failed").caused_by(error))
}

/// HTTP/2 windows for large uploads; the client's windows govern downloads.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

fn reflection() -> Result<ServerReflectionServer<impl ServerReflection>> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(hearth_proto::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(|error| Error::internal("the published descriptors are broken").caused_by(error))
}

/// The adapter between tonic and the service.
#[derive(Debug, Clone)]
struct Grpc(ConnectService);

impl Grpc {
    async fn caller(
        &self,
        metadata: &MetadataMap,
        user: Option<&pb::UserContext>,
        session: &str,
        observed: Option<String>,
    ) -> Result<Caller, Status> {
        let credentials = hearth_kit::credentials::from_headers(metadata.as_ref());
        self.0.caller(credentials, user, session, observed).await.map_err(|error| request_error(&error))
    }
}

/// One unary RPC: who calls, then the service.
macro_rules! unary {
    ($self:ident, $request:ident, $method:ident) => {{
        let (metadata, _, message) = $request.into_parts();
        let observed = message.client_observed_server_side_session_id.clone();
        let caller = $self.caller(&metadata, message.user_context.as_ref(), &message.session_id, observed).await?;
        $self.0.$method(caller, message).await.map(Response::new)
    }};
}

#[tonic::async_trait]
impl SparkConnectService for Grpc {
    type ExecutePlanStream = ResponseStream;
    type ReattachExecuteStream = ResponseStream;

    async fn execute_plan(
        &self,
        request: Request<pb::ExecutePlanRequest>,
    ) -> Result<Response<Self::ExecutePlanStream>, Status> {
        unary!(self, request, execute_plan)
    }

    async fn analyze_plan(
        &self,
        request: Request<pb::AnalyzePlanRequest>,
    ) -> Result<Response<pb::AnalyzePlanResponse>, Status> {
        unary!(self, request, analyze_plan)
    }

    async fn config(&self, request: Request<pb::ConfigRequest>) -> Result<Response<pb::ConfigResponse>, Status> {
        unary!(self, request, config)
    }

    async fn add_artifacts(
        &self,
        request: Request<Streaming<pb::AddArtifactsRequest>>,
    ) -> Result<Response<pb::AddArtifactsResponse>, Status> {
        let (metadata, _, mut messages) = request.into_parts();
        let first = messages.next().await.ok_or_else(|| Status::unknown("the call ended without a message"))??;
        let observed = first.client_observed_server_side_session_id.clone();
        let caller = self.caller(&metadata, first.user_context.as_ref(), &first.session_id, observed).await?;
        self.0.add_artifacts(caller, first, messages).await.map(Response::new)
    }

    async fn artifact_status(
        &self,
        request: Request<pb::ArtifactStatusesRequest>,
    ) -> Result<Response<pb::ArtifactStatusesResponse>, Status> {
        unary!(self, request, artifact_status)
    }

    async fn interrupt(
        &self,
        request: Request<pb::InterruptRequest>,
    ) -> Result<Response<pb::InterruptResponse>, Status> {
        unary!(self, request, interrupt)
    }

    async fn reattach_execute(
        &self,
        request: Request<pb::ReattachExecuteRequest>,
    ) -> Result<Response<Self::ReattachExecuteStream>, Status> {
        unary!(self, request, reattach_execute)
    }

    async fn release_execute(
        &self,
        request: Request<pb::ReleaseExecuteRequest>,
    ) -> Result<Response<pb::ReleaseExecuteResponse>, Status> {
        unary!(self, request, release_execute)
    }

    async fn release_session(
        &self,
        request: Request<pb::ReleaseSessionRequest>,
    ) -> Result<Response<pb::ReleaseSessionResponse>, Status> {
        // The one request that does not say which incarnation its client saw.
        let (metadata, _, message) = request.into_parts();
        let caller = self.caller(&metadata, message.user_context.as_ref(), &message.session_id, None).await?;
        self.0.release_session(caller, message).await.map(Response::new)
    }

    async fn fetch_error_details(
        &self,
        request: Request<pb::FetchErrorDetailsRequest>,
    ) -> Result<Response<pb::FetchErrorDetailsResponse>, Status> {
        unary!(self, request, fetch_error_details)
    }

    async fn clone_session(
        &self,
        request: Request<pb::CloneSessionRequest>,
    ) -> Result<Response<pb::CloneSessionResponse>, Status> {
        unary!(self, request, clone_session)
    }

    async fn get_status(
        &self,
        request: Request<pb::GetStatusRequest>,
    ) -> Result<Response<pb::GetStatusResponse>, Status> {
        unary!(self, request, get_status)
    }
}
