//! `GrpcUpstream`: a Spark that is reached over gRPC.
//!
//! Calls that change nothing when they come twice are repeated after a broken connection; others only when they never
//! left.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use futures::stream::BoxStream;
use hearth_base::task::TaskGroup;
use hearth_core::engine::Health;
use hearth_proto::connect as pb;
use hearth_remote::{Failure, Responses, Upstream};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::connections::{Connections, Place, endpoint};
use crate::execution;
use crate::health::{self, Pulse};
use crate::in_process::{Arrivals, door};
use crate::line::Line;
use crate::local::LocalSpark;
use crate::settings::{ClusterLimits, ClusterSettings, Target};

/// How long releases that are under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// A Spark over gRPC. Connects when it is first needed.
#[derive(Debug)]
pub struct GrpcUpstream {
    line: Arc<Line>,
    local: Option<Arc<LocalSpark>>,
    /// Asks for the Spark's health; ends before the line.
    watcher: TaskGroup,
}

impl GrpcUpstream {
    /// An upstream for what the settings say. The error is what is wrong with them.
    pub fn connect(settings: &ClusterSettings, runtime: Handle) -> Result<Arc<Self>, String> {
        let mistakes = settings.mistakes();
        if !mistakes.is_empty() {
            return Err(mistakes.join("; "));
        }
        let target = settings.target()?;
        endpoint(&target, &settings.limits)?;
        // What is sent never changes, so nobody needs to keep the sender.
        let (_, place) = watch::channel(Place::At(Arc::new(target)));
        Ok(Self::new(settings.name.clone(), place, settings.limits.clone(), None, runtime))
    }

    /// An upstream for a server in this process, and the connections that the server is to take.
    pub fn in_process(name: &str, runtime: Handle) -> Result<(Arc<Self>, Arrivals), String> {
        let settings = ClusterSettings::new(name, "sc://in-process");
        let (door, arrivals) = door();
        let target = Target { door: Some(door), ..settings.target()? };
        let (_, place) = watch::channel(Place::At(Arc::new(target)));
        Ok((Self::new(settings.name, place, settings.limits, None, runtime), arrivals))
    }

    /// An upstream for a Spark on this machine, which it stops with itself.
    pub fn local(name: impl Into<String>, spark: Arc<LocalSpark>, limits: ClusterLimits, runtime: Handle) -> Arc<Self> {
        Self::new(name.into(), spark.place(), limits, Some(spark), runtime)
    }

    fn new(
        name: String,
        place: watch::Receiver<Place>,
        limits: ClusterLimits,
        local: Option<Arc<LocalSpark>>,
        runtime: Handle,
    ) -> Arc<Self> {
        let patience = local.as_ref().map_or(limits.connect_timeout, |spark| spark.start_timeout());
        let connections = Arc::new(Connections::new(place, limits.clone(), patience, runtime.clone()));
        let pulse = Arc::new(Pulse::new(name));
        let watcher = TaskGroup::new(runtime.clone());
        watcher.spawn("health", health::watch(Arc::clone(&connections), Arc::clone(&pulse), limits.health_interval));
        let line = Arc::new(Line { connections, pulse, limits, tasks: TaskGroup::new(runtime) });
        Arc::new(Self { line, local, watcher })
    }

    fn timeout(&self) -> Option<Duration> {
        Some(self.line.limits.call_timeout)
    }
}

/// A unary call: `repeat` or `once`, with or without a deadline.
macro_rules! unary {
    ($upstream:ident, $how:ident, $deadline:expr, $method:ident, $request:ident) => {
        $upstream
            .line
            .$how($deadline, |mut client| {
                let request = $request.clone();
                async move { client.$method(request).await }
            })
            .await
    };
}

#[async_trait]
impl Upstream for GrpcUpstream {
    fn health(&self) -> Health {
        self.line.pulse.health()
    }

    async fn execute_plan(&self, request: pb::ExecutePlanRequest) -> Result<Responses, Failure> {
        Ok(execution::responses(Arc::clone(&self.line), request))
    }

    /// Without a deadline: resolving a plan may list a large table's files.
    async fn analyze_plan(&self, request: pb::AnalyzePlanRequest) -> Result<pb::AnalyzePlanResponse, Failure> {
        unary!(self, repeat, None, analyze_plan, request)
    }

    async fn config(&self, request: pb::ConfigRequest) -> Result<pb::ConfigResponse, Failure> {
        unary!(self, repeat, self.timeout(), config, request)
    }

    async fn add_artifacts(
        &self,
        messages: BoxStream<'static, pb::AddArtifactsRequest>,
    ) -> Result<pb::AddArtifactsResponse, Failure> {
        let source = Arc::new(Source { stream: Mutex::new(messages), is_begun: AtomicBool::new(false) });
        self.line
            .once(None, |mut client| {
                let messages = Borrowed(Arc::clone(&source));
                async move {
                    if messages.0.is_begun.load(Ordering::Acquire) {
                        return Err(tonic::Status::unavailable("the connection broke while files were sent"));
                    }
                    client.add_artifacts(messages).await
                }
            })
            .await
    }

    async fn artifact_status(
        &self,
        request: pb::ArtifactStatusesRequest,
    ) -> Result<pb::ArtifactStatusesResponse, Failure> {
        unary!(self, repeat, self.timeout(), artifact_status, request)
    }

    async fn interrupt(&self, request: pb::InterruptRequest) -> Result<pb::InterruptResponse, Failure> {
        unary!(self, repeat, self.timeout(), interrupt, request)
    }

    async fn release_session(&self, request: pb::ReleaseSessionRequest) -> Result<pb::ReleaseSessionResponse, Failure> {
        unary!(self, repeat, self.timeout(), release_session, request)
    }

    async fn clone_session(&self, request: pb::CloneSessionRequest) -> Result<pb::CloneSessionResponse, Failure> {
        unary!(self, once, self.timeout(), clone_session, request)
    }

    async fn fetch_error_details(
        &self,
        request: pb::FetchErrorDetailsRequest,
    ) -> Result<pb::FetchErrorDetailsResponse, Failure> {
        unary!(self, repeat, self.timeout(), fetch_error_details, request)
    }

    async fn shutdown(&self) {
        self.watcher.shutdown(Duration::ZERO).await;
        self.line.tasks.shutdown(GRACE).await;
        self.line.connections.close();
        if let Some(local) = &self.local {
            local.stop().await;
        }
    }
}

/// The messages of one AddArtifacts call. Until the first was read, the call can be sent again.
struct Source {
    stream: Mutex<BoxStream<'static, pb::AddArtifactsRequest>>,
    is_begun: AtomicBool,
}

struct Borrowed(Arc<Source>);

impl Stream for Borrowed {
    type Item = pb::AddArtifactsRequest;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.is_begun.store(true, Ordering::Release);
        self.0.stream.lock().as_mut().poll_next(cx)
    }
}
