//! Hearth's own worker on a desk without HTTP between, and on a target that does what the tags of a plan say.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use hearth_base::{ByteSize, Error, ErrorKind};
use hearth_core::engine::Health;
use hearth_proto::connect::add_artifacts_request::{ArtifactChunk, BeginChunkedArtifact, Payload};
use hearth_proto::dataframe_processor::Response;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng as _};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::*;
use crate::agent::gateway::{Gateway, Refusal};
use crate::{Agent, AgentSettings};

/// A Spark for tests. Tags of a plan: `rows=N` responses of `size=N` bytes with `pause=MS` between, then `fail` or
/// `forever`.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// How often each operation was begun.
    pub ran: Mutex<BTreeMap<String, usize>>,
    pub stopped: watch::Sender<usize>,
    running: Mutex<BTreeMap<String, CancellationToken>>,
    pub uploads: Mutex<Vec<usize>>,
}

/// Counts executions that were let go of.
struct Running(Arc<Target>, #[expect(dead_code, reason = "ends with the execution")] DropGuard);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stopped.send_modify(|count| *count += 1);
    }
}

fn tag(request: &pb::ExecutePlanRequest, name: &str) -> Option<usize> {
    request.tags.iter().find_map(|tag| tag.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

#[derive(Debug)]
pub(super) struct TargetUpstream(pub Arc<Target>);

#[async_trait]
impl Upstream for TargetUpstream {
    fn health(&self) -> Health {
        Health::Ready
    }

    async fn execute_plan(&self, request: pb::ExecutePlanRequest) -> std::result::Result<Responses, Failure> {
        let operation = request.operation_id.clone().unwrap();
        *self.0.ran.lock().entry(operation.clone()).or_default() += 1;
        let cancel = CancellationToken::new();
        self.0.running.lock().insert(operation, cancel.clone());
        let running = Running(Arc::clone(&self.0), CancellationToken::new().drop_guard());
        let (count, size) = (tag(&request, "rows").unwrap_or(1), tag(&request, "size").unwrap_or(1));
        let pause = Duration::from_millis(tag(&request, "pause").unwrap_or(0).try_into().unwrap());
        let (fails, forever) =
            (request.tags.contains(&"fail".to_owned()), request.tags.contains(&"forever".to_owned()));
        let start = (0, running, cancel);
        let responses = stream::unfold(Some(start), move |state| async move {
            let (number, running, cancel) = state?;
            if number < count {
                tokio::time::sleep(pause).await;
                return Some((Ok(batch(number.try_into().unwrap(), size)), Some((number + 1, running, cancel))));
            }
            if forever {
                cancel.cancelled().await;
                return Some((Err(Failure::Status(crate::status::plain(1, "interrupted"))), None));
            }
            fails.then(|| (Err(Failure::Unreachable("gone".to_owned())), None))
        });
        Ok(responses.boxed())
    }

    async fn analyze_plan(
        &self,
        request: pb::AnalyzePlanRequest,
    ) -> std::result::Result<pb::AnalyzePlanResponse, Failure> {
        Ok(pb::AnalyzePlanResponse { session_id: request.session_id, ..Default::default() })
    }

    async fn config(&self, request: pb::ConfigRequest) -> std::result::Result<pb::ConfigResponse, Failure> {
        Ok(pb::ConfigResponse { session_id: request.session_id, ..Default::default() })
    }

    async fn add_artifacts(
        &self,
        messages: BoxStream<'static, pb::AddArtifactsRequest>,
    ) -> std::result::Result<pb::AddArtifactsResponse, Failure> {
        let count = messages.count().await;
        self.0.uploads.lock().push(count);
        let summary = pb::add_artifacts_response::ArtifactSummary { name: "a".to_owned(), is_crc_successful: true };
        Ok(pb::AddArtifactsResponse { artifacts: vec![summary], ..Default::default() })
    }

    async fn artifact_status(
        &self,
        _: pb::ArtifactStatusesRequest,
    ) -> std::result::Result<pb::ArtifactStatusesResponse, Failure> {
        Ok(pb::ArtifactStatusesResponse::default())
    }

    async fn interrupt(&self, _: pb::InterruptRequest) -> std::result::Result<pb::InterruptResponse, Failure> {
        let running = std::mem::take(&mut *self.0.running.lock());
        running.values().for_each(CancellationToken::cancel);
        Ok(pb::InterruptResponse { interrupted_ids: running.into_keys().collect(), ..Default::default() })
    }

    async fn release_session(
        &self,
        request: pb::ReleaseSessionRequest,
    ) -> std::result::Result<pb::ReleaseSessionResponse, Failure> {
        Ok(pb::ReleaseSessionResponse { session_id: request.session_id, ..Default::default() })
    }

    async fn clone_session(
        &self,
        _: pb::CloneSessionRequest,
    ) -> std::result::Result<pb::CloneSessionResponse, Failure> {
        Ok(pb::CloneSessionResponse::default())
    }

    async fn fetch_error_details(
        &self,
        request: pb::FetchErrorDetailsRequest,
    ) -> std::result::Result<pb::FetchErrorDetailsResponse, Failure> {
        Ok(pb::FetchErrorDetailsResponse { session_id: request.session_id, ..Default::default() })
    }

    async fn shutdown(&self) {}
}

/// A desk as a worker reaches it, over a line that loses some answers.
#[derive(Debug)]
pub(super) struct Line {
    pub desk: Arc<Desk>,
    pub pushes: AtomicUsize,
    /// Of ten answers of the gateway, so many are lost.
    pub loses: u32,
    pub chance: Mutex<StdRng>,
}

impl Line {
    pub fn to(desk: &Arc<Desk>, loses: u32) -> Arc<Self> {
        let (pushes, chance) = (AtomicUsize::new(0), Mutex::new(StdRng::seed_from_u64(7)));
        Arc::new(Self { desk: Arc::clone(desk), pushes, loses, chance })
    }

    fn arrives<T>(&self, answer: std::result::Result<T, Refusal>) -> std::result::Result<T, Refusal> {
        let lost = self.chance.lock().random_range(0..10) < self.loses;
        if lost { Err(Refusal::Away("the line is broken".to_owned())) } else { answer }
    }
}

fn refusal(error: Error) -> Refusal {
    match error.kind() {
        ErrorKind::NotFound => Refusal::Gone,
        ErrorKind::Conflict => Refusal::Taken,
        ErrorKind::Exhausted => Refusal::Busy,
        ErrorKind::InvalidRequest => Refusal::Refused(error.to_string()),
        _ => Refusal::Away(error.to_string()),
    }
}

#[async_trait]
impl Gateway for Line {
    async fn pull(&self, worker: &str) -> std::result::Result<Option<Bytes>, Refusal> {
        let pulled = self.desk.pull(&Principal::named("robot"), worker, Duration::from_secs(45)).await;
        self.arrives(pulled.map_err(refusal))
    }

    async fn push(&self, response: Bytes) -> std::result::Result<(), Refusal> {
        self.pushes.fetch_add(1, Ordering::Relaxed);
        let pushed = self.desk.push(&Principal::named("robot"), response).await;
        self.arrives(pushed.map_err(refusal))
    }
}

pub(super) fn agent_settings() -> AgentSettings {
    let server = "http://127.0.0.1:1".parse().unwrap();
    AgentSettings { pool: "edge".to_owned(), part_size: ByteSize(1_000), ..AgentSettings::new(server) }
}

fn tagged(operation: &str, tags: &[&str]) -> pb::ExecutePlanRequest {
    pb::ExecutePlanRequest { tags: tags.iter().map(ToString::to_string).collect(), ..plan("s", operation) }
}

/// Runs `test` beside a worker, which is stopped afterwards.
async fn beside<T>(line: Arc<dyn Gateway>, target: &Arc<Target>, test: impl Future<Output = T>) -> T {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let upstream = Arc::new(TargetUpstream(Arc::clone(target)));
    let worker = Agent::run_on(line, agent_settings(), upstream, async { drop(stopped.await) });
    let test = async {
        let tested = test.await;
        drop(stop);
        tested
    };
    let (worked, tested) = tokio::join!(worker, test);
    worked.unwrap();
    tested
}

#[tokio::test(start_paused = true)]
async fn large_answers_go_in_parts_and_small_ones_in_one() {
    let ((desk, pool), target) = (open(settings()), Arc::default());
    let line = Line::to(&desk, 0);
    beside(line.clone(), &target, async {
        let small = pool.execute_plan(tagged("small", &["rows=3"])).await.unwrap();
        assert_eq!(drained(small).await, (vec![0, 1, 2], None));
        assert_eq!(line.pushes.swap(0, Ordering::Relaxed), 1);
        let large = pool.execute_plan(tagged("large", &["rows=100", "size=200"])).await.unwrap();
        assert_eq!(drained(large).await, ((0..100).collect(), None));
        let pushes = line.pushes.swap(0, Ordering::Relaxed);
        assert!((20..30).contains(&pushes), "{pushes}");
        let slow = pool.execute_plan(tagged("slow", &["rows=4", "pause=1000"])).await.unwrap();
        assert_eq!(drained(slow).await, ((0..4).collect(), None));
        assert!(line.pushes.swap(0, Ordering::Relaxed) >= 4, "slow responses do not wait for each other");
        let failed = pool.execute_plan(tagged("failed", &["rows=2", "fail"])).await.unwrap();
        let (found, failure) = drained(failed).await;
        assert_eq!((found, condition(&failure.unwrap()).as_str()), (vec![0, 1], "HEARTH_ENGINE_UNAVAILABLE"));
    })
    .await;
    assert_eq!(desk.snapshot()[0].workers, 0, "it said that it leaves");
}

#[tokio::test(start_paused = true)]
async fn the_other_calls_are_forwarded() {
    let ((desk, pool), target) = (open(settings()), Arc::default());
    beside(Line::to(&desk, 0), &target, async {
        assert_eq!(pool.config(config("s")).await.unwrap().session_id, "s");
        let session_id = "s".to_owned();
        let details =
            pb::FetchErrorDetailsRequest { session_id: session_id.clone(), user_context: user(), ..Default::default() };
        assert_eq!(pool.fetch_error_details(details).await.unwrap().session_id, "s");
        let analyze =
            pb::AnalyzePlanRequest { session_id: session_id.clone(), user_context: user(), ..Default::default() };
        assert_eq!(pool.analyze_plan(analyze).await.unwrap().session_id, "s");
        let statuses =
            pb::ArtifactStatusesRequest { session_id: session_id.clone(), user_context: user(), ..Default::default() };
        pool.artifact_status(statuses).await.unwrap();
        let release = pb::ReleaseSessionRequest { session_id, user_context: user(), ..Default::default() };
        assert_eq!(pool.release_session(release).await.unwrap().session_id, "s");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn chunks_are_one_upload() {
    let ((desk, pool), target) = (open(settings()), Arc::<Target>::default());
    let begin = BeginChunkedArtifact { name: "a".to_owned(), num_chunks: 3, ..Default::default() };
    let payloads = [
        Payload::BeginChunk(begin),
        Payload::Chunk(ArtifactChunk::default()),
        Payload::Chunk(ArtifactChunk::default()),
        Payload::Batch(pb::add_artifacts_request::Batch::default()),
    ];
    let messages = payloads.map(|payload| pb::AddArtifactsRequest {
        session_id: "s".to_owned(),
        user_context: user(),
        payload: Some(payload),
        ..Default::default()
    });
    beside(Line::to(&desk, 0), &target, async {
        let answer = pool.add_artifacts(stream::iter(messages).boxed()).await.unwrap();
        assert_eq!(answer.artifacts.len(), 2);
        let stray = pb::AddArtifactsRequest {
            session_id: "s".to_owned(),
            user_context: user(),
            payload: Some(Payload::Chunk(ArtifactChunk::default())),
            ..Default::default()
        };
        let failure = pool.add_artifacts(stream::iter([stray]).boxed()).await.unwrap_err();
        assert!(text(&failure).contains("without its beginning"));
    })
    .await;
    assert_eq!(*target.uploads.lock(), [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn interrupts_reach_a_worker_that_works() {
    let ((desk, pool), target) = (open(settings()), Arc::default());
    beside(Line::to(&desk, 0), &target, async {
        let running: Vec<_> =
            (0..8).map(|number| pool.execute_plan(tagged(&format!("o{number}"), &["forever"]))).collect();
        let mut running: Vec<_> = futures::future::try_join_all(running).await.unwrap();
        for responses in &mut running {
            assert!(responses.next().await.unwrap().is_ok());
        }
        assert_eq!(pool.interrupt(interrupt_all("s")).await.unwrap().interrupted_ids.len(), 8);
        for responses in running {
            assert_eq!(text(&drained(responses).await.1.unwrap()), "interrupted");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn work_stops_when_its_reader_goes() {
    let ((desk, pool), target) = (open(settings()), Arc::<Target>::default());
    let mut stopped = target.stopped.subscribe();
    beside(Line::to(&desk, 0), &target, async {
        let mut responses = pool.execute_plan(tagged("o", &["rows=1000000", "pause=10"])).await.unwrap();
        assert!(responses.next().await.unwrap().is_ok());
        drop(responses);
        stopped.wait_for(|count| *count == 1).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_lossy_line_neither_loses_nor_doubles_work() {
    let ((desk, pool), target) = (open(PoolSettings { max_attempts: 100, ..settings() }), Arc::<Target>::default());
    beside(Line::to(&desk, 3), &target, async {
        let work = (0..200).map(|number| {
            let pool = Arc::clone(&pool);
            async move {
                let request = tagged(&format!("o{number}"), &["rows=20", "size=200"]);
                drained(pool.execute_plan(request).await.unwrap()).await
            }
        });
        for answer in futures::future::join_all(work).await {
            assert_eq!(answer, ((0..20).collect(), None));
        }
    })
    .await;
    assert_eq!(target.ran.lock().len(), 200);
    assert!(target.ran.lock().values().all(|count| *count == 1));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_finishes_what_runs() {
    let ((desk, pool), target) = (open(settings()), Arc::<Target>::default());
    let mut running = pool.execute_plan(tagged("o", &["rows=5", "pause=1000"])).await.unwrap();
    let mut first = None;
    beside(Line::to(&desk, 0), &target, async { first = running.next().await }).await;
    assert_eq!(rows(&first.unwrap().unwrap()), 0);
    assert_eq!(drained(running).await, (vec![1, 2, 3, 4], None));
}

/// Hands out what it is told and keeps what is pushed.
#[derive(Debug)]
struct Script {
    requests: Mutex<VecDeque<Request>>,
    pushed: watch::Sender<Vec<Response>>,
}

#[async_trait]
impl Gateway for Script {
    async fn pull(&self, worker: &str) -> std::result::Result<Option<Bytes>, Refusal> {
        let next = if worker.ends_with("#0") { self.requests.lock().pop_front() } else { None };
        Ok(next.map(|request| request.encode_to_vec().into()))
    }

    async fn push(&self, response: Bytes) -> std::result::Result<(), Refusal> {
        self.pushed.send_modify(|pushed| pushed.push(Response::decode(response).unwrap()));
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_it_does_not_know_are_answered() {
    let unknown = prost_types::Any { type_url: "type.googleapis.com/spark.connect.Future".to_owned(), value: vec![] };
    let broken =
        prost_types::Any { type_url: "type.googleapis.com/spark.connect.ConfigRequest".to_owned(), value: vec![255] };
    let requests = [Some(unknown), Some(broken), None].map(|payload| Request {
        request_id: "r".to_owned(),
        payload,
        ..Default::default()
    });
    let script = Arc::new(Script { requests: Mutex::new(requests.into()), pushed: watch::Sender::default() });
    let mut pushed = script.pushed.subscribe();
    let answers = beside(script.clone(), &Arc::default(), async {
        pushed.wait_for(|pushed| pushed.len() == 3).await.unwrap().clone()
    })
    .await;
    let told = answers.into_iter().map(|answer| {
        let push = crate::answer::decode(answer.encode_to_vec().into()).unwrap();
        let crate::answer::Body::Failed(status) = push.body else { panic!("{push:?}") };
        (answer.code, status.code)
    });
    assert_eq!(told.collect::<Vec<_>>(), [(2, 12), (2, 13), (2, 12)]);
}
