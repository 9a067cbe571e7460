//! One execution as a stream that survives cuts.
//!
//! Spark keeps what it has not been told to release, so a stream that breaks, or that Spark ends in the middle as it
//! does after a while, is taken up again behind the last response. The plan itself is sent a second time only when it
//! never left.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use hearth_proto::connect as pb;
use hearth_proto::connect::execute_plan_request::RequestOption;
use hearth_proto::connect::execute_plan_request::request_option::RequestOption as OptionKind;
use hearth_proto::connect::execute_plan_response::ResponseType;
use hearth_proto::rpc;
use hearth_remote::{Failure, Responses};
use tonic::Streaming;
use uuid::Uuid;

use crate::backoff::Tries;
use crate::connections::Lane;
use crate::ending::{Ending, Unsent, condition};
use crate::line::Line;
use crate::release::{Identity, Releases};
use crate::settings::Target;

/// Ids of responses that are remembered to know one that comes twice.
const REMEMBERED: usize = 1 << 16;
/// A stream that ended sooner, without a response, is counted as a failure: Spark ends streams after minutes.
const SHORT: Duration = Duration::from_secs(1);
/// How long the end of a complete stream may take to arrive.
const DRAIN: Duration = Duration::from_secs(1);

/// What Spark calls an execution or session that it does not have, or not any more.
const LOST: [&str; 3] = [NOT_FOUND, "INVALID_HANDLE.SESSION_NOT_FOUND", "INVALID_HANDLE.SESSION_CHANGED"];
const NOT_FOUND: &str = "INVALID_HANDLE.OPERATION_NOT_FOUND";
/// Another reattach came between.
const PREEMPTED: &str = "INVALID_CURSOR.DISCONNECTED";

/// The responses of a plan that is sent when the stream is first read.
pub(crate) fn responses(line: Arc<Line>, mut request: pb::ExecutePlanRequest) -> Responses {
    let operation_id = request.operation_id.get_or_insert_with(|| Uuid::new_v4().to_string()).clone();
    make_reattachable(&mut request.request_options);
    let identity = Identity {
        session_id: request.session_id.clone(),
        user_context: request.user_context.clone(),
        operation_id,
        client_type: request.client_type.clone(),
        observed_session: request.client_observed_server_side_session_id.clone(),
    };
    let execution = Execution {
        connecting: line.connecting(),
        reattaching: Tries::new(line.limits.reattach_attempts, line.limits.reattach_timeout),
        refused_since: None,
        releases: Releases::new(Arc::clone(&line), identity.clone()),
        state: State::New(Box::new(request)),
        line,
        identity,
        current: None,
        last_response_id: None,
        seen: Seen::default(),
        sent: None,
        is_known: false,
        is_reattached: false,
        doubted: None,
    };
    stream::unfold(execution, |mut execution| async move {
        let item = execution.next().await?;
        Some((item, execution))
    })
    .boxed()
}

fn make_reattachable(options: &mut Vec<RequestOption>) {
    let wanted = pb::ReattachOptions { reattachable: true };
    let existing = options.iter_mut().find_map(|option| match &mut option.request_option {
        Some(OptionKind::ReattachOptions(options)) => Some(options),
        Some(OptionKind::ResultChunkingOptions(_) | OptionKind::Extension(_)) | None => None,
    });
    match existing {
        Some(options) => *options = wanted,
        None => options.push(RequestOption { request_option: Some(OptionKind::ReattachOptions(wanted)) }),
    }
}

#[derive(Debug)]
enum State {
    /// The plan has not left yet.
    New(Box<pb::ExecutePlanRequest>),
    /// It may run, there.
    Begun(Arc<Target>),
    Done,
}

#[derive(Debug)]
struct Execution {
    line: Arc<Line>,
    identity: Identity,
    state: State,
    /// The stream that is read, and since when.
    current: Option<Current>,
    last_response_id: Option<String>,
    seen: Seen,
    /// The plan that was sent, until the Spark has told of it.
    sent: Option<Box<pb::ExecutePlanRequest>>,
    /// The Spark has answered of this execution.
    is_known: bool,
    is_reattached: bool,
    /// The last ending was in doubt.
    doubted: Option<rpc::Status>,
    connecting: Tries,
    reattaching: Tries,
    /// Since when nobody listens where the Spark was.
    refused_since: Option<Instant>,
    releases: Releases,
}

#[derive(Debug)]
struct Current {
    stream: Streaming<pb::ExecutePlanResponse>,
    lane: Lane,
    since: Instant,
}

impl Execution {
    async fn next(&mut self) -> Option<Result<pb::ExecutePlanResponse, Failure>> {
        if matches!(self.state, State::Done) {
            return None;
        }
        match self.advance().await {
            Ok(Some(response)) => Some(Ok(response)),
            Ok(None) => {
                self.complete();
                None
            }
            Err(failure) => {
                self.current = None;
                self.abandon();
                Some(Err(failure))
            }
        }
    }

    /// The next response, or `None` after the last one.
    async fn advance(&mut self) -> Result<Option<pb::ExecutePlanResponse>, Failure> {
        loop {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => match self.open().await {
                    Ok(current) => current,
                    Err(ending) => {
                        self.bear(ending).await?;
                        continue;
                    }
                },
            };
            let quiet = self.line.limits.quiet_timeout;
            let received = tokio::time::timeout(quiet, current.stream.message()).await;
            match received {
                Ok(Ok(Some(response))) => {
                    self.line.pulse.answered();
                    let is_complete = matches!(response.response_type, Some(ResponseType::ResultComplete(_)));
                    let is_new = self.note(&response);
                    self.current = Some(current);
                    if is_complete {
                        return Ok(None);
                    }
                    if is_new {
                        return Ok(Some(response));
                    }
                }
                // More is to come; the next loop takes it up.
                Ok(Ok(None)) if current.since.elapsed() >= SHORT => {}
                Ok(Ok(None)) => self.bear(Ending::Cut("the stream ended at once".to_owned())).await?,
                Ok(Err(status)) => {
                    let ending = Ending::of(&status);
                    self.line.pulse.ended(&ending);
                    self.bear(ending).await?;
                }
                Err(_) => self.bear(Ending::Cut(format!("nothing came for {quiet:?} (`quiet_timeout`)"))).await?,
            }
        }
    }

    /// Takes note of a response. False when it came before.
    fn note(&mut self, response: &pb::ExecutePlanResponse) -> bool {
        self.is_known = true;
        self.sent = None;
        let id = &response.response_id;
        if !id.is_empty() {
            if !self.seen.add(id) {
                return false;
            }
            self.last_response_id = Some(id.clone());
            let bytes = match &response.response_type {
                Some(ResponseType::ArrowBatch(batch)) => batch.data.len(),
                _ => 0,
            };
            self.releases.received(id, bytes);
        }
        self.reattaching.succeeded();
        self.refused_since = None;
        self.doubted = None;
        true
    }

    async fn open(&mut self) -> Result<Current, Ending> {
        let elsewhere = || Ending::Cut("it was started anew".to_owned());
        if !self.is_where_it_began() {
            return Err(elsewhere());
        }
        let mut lane = self.line.connections.lane().await.map_err(|reason| Ending::Unsent(reason.into()))?;
        let quiet = self.line.limits.quiet_timeout;
        let since = Instant::now();
        // From here on it may arrive, also when this future is dropped.
        let begun = State::Begun(Arc::clone(&lane.target));
        if matches!(&self.state, State::Begun(target) if !Arc::ptr_eq(target, &lane.target)) {
            return Err(elsewhere());
        }
        let state = mem::replace(&mut self.state, begun);
        let answer = match &state {
            State::New(request) => {
                tokio::time::timeout(quiet, lane.client.execute_plan(request.as_ref().clone())).await
            }
            State::Begun(_) | State::Done => {
                self.is_reattached = true;
                let request = self.identity.reattach(self.last_response_id.clone());
                tokio::time::timeout(quiet, lane.client.reattach_execute(request)).await
            }
        };
        let answer = answer.map_err(|_| Ending::Cut(format!("nothing came for {quiet:?} (`quiet_timeout`)")))?;
        match answer {
            Ok(response) => {
                if let State::New(request) = state {
                    self.sent = Some(request);
                }
                Ok(Current { stream: response.into_inner(), lane, since })
            }
            Err(status) => {
                let ending = Ending::of(&status);
                self.line.pulse.ended(&ending);
                match &ending {
                    Ending::Unsent(_) => {
                        self.state = state;
                        return Err(ending);
                    }
                    Ending::Answered(_) => self.is_known = true,
                    Ending::Cut(_) | Ending::Doubtful(_) => {}
                }
                if let (State::New(request), State::Begun(_)) = (state, &self.state) {
                    self.sent = Some(request);
                }
                Err(ending)
            }
        }
    }

    /// Waits before the stream is taken up again, or says why it is not.
    async fn bear(&mut self, ending: Ending) -> Result<(), Failure> {
        if !matches!(ending, Ending::Answered(_)) && !self.is_where_it_began() {
            return Err(Failure::Lost(format!("the Spark that it ran in has ended ({})", ending.text())));
        }
        let pause = match &ending {
            Ending::Unsent(_) if matches!(self.state, State::New(_)) => self.connecting.failed(),
            Ending::Unsent(unsent) if self.has_ended(unsent) => None,
            Ending::Unsent(_) | Ending::Cut(_) => self.reattaching.failed(),
            Ending::Doubtful(status) if self.doubted.as_ref() == Some(status) => None,
            Ending::Doubtful(status) => {
                self.doubted = Some(status.clone());
                self.reattaching.failed()
            }
            Ending::Answered(status) => match condition(status) {
                Some(name) if name == NOT_FOUND && self.has_never_arrived() => self.reattaching.failed(),
                // What was in doubt is an answer then: the plan was refused and nothing is kept of it.
                Some(name) if self.is_reattached && LOST.contains(&name.as_str()) => {
                    let lost = Failure::Lost(status.message.clone());
                    return Err(self.doubted.take().map_or(lost, Failure::Status));
                }
                Some(name) if name == PREEMPTED => self.reattaching.failed(),
                Some(_) | None => None,
            },
        };
        let Some(pause) = pause else {
            return Err(match (ending, &self.state) {
                (Ending::Unsent(unsent), State::Begun(_) | State::Done) => Failure::Lost(unsent.text),
                (ending, _) => ending.into_failure(),
            });
        };
        tracing::debug!(
            operation = self.identity.operation_id,
            reason = ending.text(),
            ?pause,
            "taking up a cut stream"
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Whether the session that the plan was sent to is there and does not know of it: then it was lost on the way, and goes
    /// out again under its own id. What had begun there is known until it is released or given up, which has its own name;
    /// a session of a Spark that was started anew is told by its id.
    fn has_never_arrived(&mut self) -> bool {
        let is_same_session = self.identity.observed_session.as_ref().is_some_and(|id| !id.is_empty());
        // A refusal that looked like a cut is still a refusal.
        let was_cut = self.is_reattached && self.doubted.is_none();
        match self.sent.take_if(|_| is_same_session && was_cut) {
            Some(request) => {
                self.state = State::New(request);
                (self.is_known, self.is_reattached) = (false, false);
                true
            }
            None => false,
        }
    }

    /// Whether nobody has listened for so long that the Spark must have ended. One that is merely out of reach may still
    /// have the result.
    fn has_ended(&mut self, unsent: &Unsent) -> bool {
        if !unsent.is_refused {
            self.refused_since = None;
            return false;
        }
        self.refused_since.get_or_insert_with(Instant::now).elapsed() >= self.line.limits.refused_timeout
    }

    /// Whether the Spark that the plan was sent to is still the one that calls go to. True before it was sent.
    fn is_where_it_began(&self) -> bool {
        match &self.state {
            State::Begun(target) => self.line.connections.is_at(target),
            State::New(_) | State::Done => true,
        }
    }

    /// Lets the Spark forget what it may be running.
    fn abandon(&mut self) {
        if matches!(self.state, State::Begun(_)) && self.is_where_it_began() {
            self.releases.all(self.is_known);
        }
        self.state = State::Done;
    }

    fn complete(&mut self) {
        self.state = State::Done;
        let Some(mut current) = self.current.take() else { return };
        // The trailers are on their way: a stream that is read to its end is not reset.
        self.line.tasks.spawn("drain", async move {
            let _ = tokio::time::timeout(DRAIN, current.stream.message()).await;
            drop(current.lane);
        });
        self.releases.all(true);
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// The responses that came last, as hashes.
#[derive(Debug, Default)]
struct Seen {
    hasher: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Seen {
    /// False when it was there.
    fn add(&mut self, id: &str) -> bool {
        let hash = self.hasher.hash_one(id);
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
