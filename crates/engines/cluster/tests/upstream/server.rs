//! A Spark Connect server that does what a script says and keeps what it was asked.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use hearth_base::task::TaskGroup;
use hearth_proto::connect as pb;
use hearth_proto::connect::execute_plan_response::{ResponseType, ResultComplete};
use hearth_proto::connect::release_execute_request::Release;
use hearth_proto::connect::spark_connect_service_server::{SparkConnectService, SparkConnectServiceServer};
use hearth_proto::rpc;
use parking_lot::Mutex;
use prost::Message;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status, Streaming};

/// What a stream does after its responses.
#[derive(Debug, Clone)]
pub enum End {
    Complete,
    /// Ends well without saying that it is complete, as Spark does after a while.
    Early,
    Fails(Status),
    Hangs,
}

#[derive(Debug, Clone)]
pub struct Act {
    pub responses: Vec<&'static str>,
    pub end: End,
}

pub fn act(responses: &[&'static str], end: End) -> Act {
    Act { responses: responses.to_vec(), end }
}

/// What it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Execute { is_reattachable: bool },
    Reattach { last: Option<String> },
    ReleaseUntil(String),
    ReleaseAll,
    Config,
    Clone,
    Artifacts(Vec<String>),
}

#[derive(Debug, Default)]
pub struct State {
    /// What the streams do, one act for each; then they fail with UNAVAILABLE.
    pub acts: VecDeque<Act>,
    /// What the next unary calls answer instead.
    pub refusals: VecDeque<Status>,
    pub calls: Vec<Call>,
    pub metadata: Vec<MetadataMap>,
    /// Whether released executions are known.
    pub forgets: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Script(pub Arc<Mutex<State>>);

#[derive(Debug)]
pub struct ScriptedServer {
    pub script: Script,
    pub port: u16,
    _tasks: TaskGroup,
}

impl ScriptedServer {
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::with_tls(acts, None).await
    }

    pub async fn with_tls(acts: impl IntoIterator<Item = Act>, identity: Option<Identity>) -> Self {
        let script = Script::default();
        script.0.lock().acts.extend(acts);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tasks = TaskGroup::new(Handle::current());
        let mut server = Server::builder();
        if let Some(identity) = identity {
            server = server.tls_config(ServerTlsConfig::new().identity(identity)).unwrap();
        }
        let service = SparkConnectServiceServer::new(script.clone());
        tasks.spawn("server", async move {
            server.add_service(service).serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
        });
        Self { script, port, _tasks: tasks }
    }

    pub fn calls(&self) -> Vec<Call> {
        self.script.0.lock().calls.clone()
    }

    /// Without those that release.
    pub fn streams(&self) -> Vec<Call> {
        let is_stream = |call: &Call| matches!(call, Call::Execute { .. } | Call::Reattach { .. });
        self.calls().into_iter().filter(is_stream).collect()
    }
}

pub fn reattach(last: Option<&str>) -> Call {
    Call::Reattach { last: last.map(str::to_owned) }
}

pub const EXECUTE: Call = Call::Execute { is_reattachable: true };

/// An error as Spark tells it.
pub fn spark_error(condition: &str) -> Status {
    let info = rpc::ErrorInfo {
        reason: "org.apache.spark.SparkSQLException".to_owned(),
        domain: "org.apache.spark".to_owned(),
        metadata: [("errorClass".to_owned(), condition.to_owned())].into(),
    };
    let detail = prost_types::Any {
        type_url: "type.googleapis.com/google.rpc.ErrorInfo".to_owned(),
        value: info.encode_to_vec(),
    };
    let message = format!("[{condition}] in words");
    let full = rpc::Status { code: Code::Internal as i32, message: message.clone(), details: vec![detail] };
    Status::with_details(Code::Internal, message, full.encode_to_vec().into())
}

type Responses = Pin<Box<dyn Stream<Item = Result<pb::ExecutePlanResponse, Status>> + Send>>;

impl Script {
    fn note(&self, call: Call, metadata: &MetadataMap) {
        let mut state = self.0.lock();
        state.calls.push(call);
        state.metadata.push(metadata.clone());
    }

    fn play(&self) -> Result<Response<Responses>, Status> {
        let next = self.0.lock().acts.pop_front();
        let Some(act) = next else { return Err(Status::unavailable("the script is over")) };
        let response = |id: &str| pb::ExecutePlanResponse { response_id: id.to_owned(), ..Default::default() };
        let sent: Vec<_> = act.responses.iter().map(|id| Ok(response(id))).collect();
        let end: Responses = match act.end {
            End::Complete => {
                let complete = Some(ResponseType::ResultComplete(ResultComplete::default()));
                let last = pb::ExecutePlanResponse { response_type: complete, ..response("complete") };
                stream::iter([Ok(last)]).boxed()
            }
            End::Early => stream::empty().boxed(),
            End::Fails(status) if sent.is_empty() => return Err(status),
            End::Fails(status) => stream::iter([Err(status)]).boxed(),
            End::Hangs => stream::pending().boxed(),
        };
        Ok(Response::new(stream::iter(sent).chain(end).boxed()))
    }

    fn answer<T: Default>(&self) -> Result<Response<T>, Status> {
        self.0.lock().refusals.pop_front().map_or_else(|| Ok(Response::new(T::default())), Err)
    }
}

#[tonic::async_trait]
impl SparkConnectService for Script {
    type ExecutePlanStream = Responses;
    type ReattachExecuteStream = Responses;

    async fn execute_plan(&self, request: Request<pb::ExecutePlanRequest>) -> Result<Response<Responses>, Status> {
        use hearth_proto::connect::execute_plan_request::request_option::RequestOption;
        assert_eq!(request.get_ref().operation_id.as_deref(), Some(crate::OPERATION));
        let is_reattachable = request.get_ref().request_options.iter().any(|option| {
            matches!(&option.request_option, Some(RequestOption::ReattachOptions(options)) if options.reattachable)
        });
        self.note(Call::Execute { is_reattachable }, request.metadata());
        self.play()
    }

    async fn reattach_execute(
        &self,
        request: Request<pb::ReattachExecuteRequest>,
    ) -> Result<Response<Responses>, Status> {
        assert_eq!(request.get_ref().operation_id, crate::OPERATION);
        self.note(Call::Reattach { last: request.get_ref().last_response_id.clone() }, request.metadata());
        self.play()
    }

    async fn release_execute(
        &self,
        request: Request<pb::ReleaseExecuteRequest>,
    ) -> Result<Response<pb::ReleaseExecuteResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let call = match request.release {
            Some(Release::ReleaseUntil(until)) => Call::ReleaseUntil(until.response_id),
            Some(Release::ReleaseAll(_)) => Call::ReleaseAll,
            None => panic!("a release of nothing"),
        };
        self.note(call, &metadata);
        let forgets = self.0.lock().forgets;
        let operation_id = (!forgets).then_some(request.operation_id);
        Ok(Response::new(pb::ReleaseExecuteResponse { operation_id, ..Default::default() }))
    }

    async fn config(&self, request: Request<pb::ConfigRequest>) -> Result<Response<pb::ConfigResponse>, Status> {
        self.note(Call::Config, request.metadata());
        self.answer()
    }

    async fn clone_session(
        &self,
        request: Request<pb::CloneSessionRequest>,
    ) -> Result<Response<pb::CloneSessionResponse>, Status> {
        self.note(Call::Clone, request.metadata());
        self.answer()
    }

    async fn add_artifacts(
        &self,
        request: Request<Streaming<pb::AddArtifactsRequest>>,
    ) -> Result<Response<pb::AddArtifactsResponse>, Status> {
        let metadata = request.metadata().clone();
        let mut messages = request.into_inner();
        let mut sessions = Vec::new();
        while let Some(message) = messages.message().await? {
            sessions.push(message.session_id);
        }
        self.note(Call::Artifacts(sessions), &metadata);
        self.answer()
    }

    /// What the watch asks.
    async fn release_session(
        &self,
        _: Request<pb::ReleaseSessionRequest>,
    ) -> Result<Response<pb::ReleaseSessionResponse>, Status> {
        Ok(Response::new(pb::ReleaseSessionResponse::default()))
    }

    async fn analyze_plan(
        &self,
        _: Request<pb::AnalyzePlanRequest>,
    ) -> Result<Response<pb::AnalyzePlanResponse>, Status> {
        self.answer()
    }

    async fn artifact_status(
        &self,
        _: Request<pb::ArtifactStatusesRequest>,
    ) -> Result<Response<pb::ArtifactStatusesResponse>, Status> {
        self.answer()
    }

    async fn interrupt(&self, _: Request<pb::InterruptRequest>) -> Result<Response<pb::InterruptResponse>, Status> {
        self.answer()
    }

    async fn fetch_error_details(
        &self,
        _: Request<pb::FetchErrorDetailsRequest>,
    ) -> Result<Response<pb::FetchErrorDetailsResponse>, Status> {
        self.answer()
    }

    async fn get_status(&self, _: Request<pb::GetStatusRequest>) -> Result<Response<pb::GetStatusResponse>, Status> {
        self.answer()
    }
}
