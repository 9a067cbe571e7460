//! The REST transport: the same service, a POST per call, one protobuf message in each direction.
//!
//! An answer is a `ResponseEnvelope`; a failure of Spark's kind is `status` in it, under HTTP 200. HTTP's own codes are
//! for what fails before: `refusal`. What takes longer than `rest.wait` goes on behind a handler (`results`). The four
//! calls that the published mapping lacks answer their bare message; their failures are a `google.rpc.Status` of the type
//! `application/vnd.google.rpc.status`. Every failed call also says its code in `X-Hearth-Status`.
//!
//! Beyond the published mapping: bodies in JSON (`json`), answers as they come (`stream`), gzip and zstd.

mod answer;
mod artifacts;
mod calls;
mod execute;
mod fold;
mod frame;
mod json;
mod poll;
mod read;
mod refusal;
mod results;
mod stream;
mod worker;

use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::any;
use hearth_base::ByteSize;
use hearth_base::task::TaskGroup;
use hearth_core::WorkerDesk;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use crate::service::{ConnectService, Uploads};
use results::Results;

/// Where the calls are.
pub const PREFIX: &str = "/api/v2/spark-connect";
/// Where the answers of calls that took long are fetched.
pub const RESULTS: &str = "/api/v2/results";

/// How often what is over its time is looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);
/// Memory for results is counted in these.
const MEMORY_UNIT: u64 = 64 * 1024;

/// The limits of the transport.
#[derive(Debug, Clone)]
pub struct RestSettings {
    /// `connect.max_message_size`: bytes of the body of one request, after decompression.
    pub max_message_size: ByteSize,
    /// `rest.wait`: a call that takes longer is answered with 202 and a handler; a worker's pull that finds nothing ends.
    pub wait: Duration,
    /// `rest.max_result_size`: bytes of the rows of one answer that is not streamed.
    pub max_result_size: ByteSize,
    /// `rest.result_memory`: bytes of such rows, of answers above 1 MiB, on their way to clients at one time.
    pub result_memory: ByteSize,
    /// `rest.max_results`: handlers at one time. When there are as many, calls are held until they are done instead.
    pub max_results: usize,
    /// `rest.result_retention`: a handler that nobody asks for is forgotten after this.
    pub result_retention: Duration,
    /// `rest.max_uploads`: chunked artifacts that have begun to come, of all sessions; a session has one at a time.
    pub max_uploads: usize,
    /// `rest.upload_timeout`: one of them is dropped when its next chunk does not come within this.
    pub upload_timeout: Duration,
}

impl Default for RestSettings {
    fn default() -> Self {
        Self {
            max_message_size: ByteSize::mib(128),
            wait: Duration::from_secs(45),
            max_result_size: ByteSize::mib(128),
            result_memory: ByteSize::gib(1),
            max_results: 10_000,
            result_retention: Duration::from_secs(60 * 60),
            max_uploads: 1_000,
            upload_timeout: Duration::from_secs(5 * 60),
        }
    }
}

/// What the endpoints share. Clones are one.
#[derive(Debug, Clone)]
pub struct RestState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: ConnectService,
    desk: Option<Arc<dyn WorkerDesk>>,
    settings: RestSettings,
    results: Results,
    uploads: Uploads,
    memory: Arc<Semaphore>,
    tasks: TaskGroup,
}

impl RestState {
    /// To be called on the runtime that answers requests. Without a desk there are no workers.
    pub fn new(service: ConnectService, desk: Option<Arc<dyn WorkerDesk>>, settings: RestSettings) -> Self {
        let units = settings.result_memory.max(settings.max_result_size).bytes().div_ceil(MEMORY_UNIT);
        let units = usize::try_from(units).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let results = Results::new(&settings, service.hearth.sessions.clock().clone());
        let uploads = Uploads::new(settings.max_uploads, settings.upload_timeout);
        let (memory, tasks) = (Arc::new(Semaphore::new(units)), TaskGroup::new(Handle::current()));
        let inner = Arc::new(Inner { service, desk, settings, results, uploads, memory, tasks });
        inner.tasks.spawn("rest sweep", sweep(Arc::downgrade(&inner)));
        Self(inner)
    }

    fn service(&self) -> &ConnectService {
        &self.0.service
    }

    /// Where workers pull and push, if there are any.
    fn desk(&self) -> Option<&Arc<dyn WorkerDesk>> {
        self.0.desk.as_ref()
    }

    fn settings(&self) -> &RestSettings {
        &self.0.settings
    }

    fn results(&self) -> &Results {
        &self.0.results
    }

    fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    fn memory(&self) -> &Arc<Semaphore> {
        &self.0.memory
    }

    fn tasks(&self) -> &TaskGroup {
        &self.0.tasks
    }
}

impl Inner {
    /// Drops what is over its time.
    fn expire(&self) {
        let sessions = &self.service.hearth.sessions;
        self.results.expire();
        self.uploads.expire(sessions.clock().now(), |session| {
            let known = sessions.get(&session.principal, &session.key.session, None);
            known.is_ok_and(|known| Arc::ptr_eq(&known, session))
        });
    }
}

async fn sweep(state: Weak<Inner>) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        ticks.tick().await;
        let Some(state) = state.upgrade() else { return };
        state.expire();
    }
}

/// The routes of this transport, with limits and forms of their own.
pub fn router(state: RestState) -> Router {
    Router::new()
        .merge(calls::routes())
        .merge(execute::routes())
        .merge(poll::routes())
        .merge(worker::routes())
        .method_not_allowed_fallback(refusal::other_method)
        .route(PREFIX, any(refusal::unknown_path))
        .route(&format!("{PREFIX}/"), any(refusal::unknown_path))
        .route(&format!("{PREFIX}/{{*path}}"), any(refusal::unknown_path))
        .route(RESULTS, any(refusal::unknown_path))
        .route(&format!("{RESULTS}/"), any(refusal::unknown_path))
        .layer(RequestDecompressionLayer::new())
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn(frame::framed))
        .with_state(state)
}
