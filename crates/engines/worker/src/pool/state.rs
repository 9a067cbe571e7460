//! The state of a pool, under one lock: who waits for what, who has what, who is alive.
//!
//! Nothing here waits; `pool` does. Here is what callers do; `lending` has what workers do, `answers` what pushes and
//! readers do, `loss` how requests end. A request is given out under a new id every time, so that a worker which was
//! taken for lost cannot answer for the one that has the request now.

mod answers;
mod lending;
mod loss;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use hearth_base::PrincipalId;
use hearth_remote::upstream::Failure;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

pub(crate) use answers::{Read, Taken};

use crate::PoolSettings;
use crate::answer::{Waiting, Whole};
use crate::call::{CallKind, SessionKey};
use crate::queue::{CallKey, FairQueue};
use crate::remembered::Remembered;
use crate::request::{RequestEvent, RequestState};
use crate::status;

/// Sessions whose worker was lost, and requests that were answered: so many are remembered.
const REMEMBERED: usize = 10_000;
/// Interrupts that wait for one worker; the oldest of executions that were dropped give way.
const MAX_CONTROL: usize = 1_000;
/// Slots of one worker that are told apart.
const MAX_SLOTS: usize = 1_024;

/// One worker process, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WorkerId {
    pub principal: PrincipalId,
    pub name: Arc<str>,
}

/// Which of a worker's hands pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    /// A named one works on one request at a time.
    pub name: Option<Arc<str>>,
    pub takes: Takes,
}

/// What a pull asks for. Interrupts go to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    All,
    /// Requests of the worker's sessions: it wants no new ones.
    Bound,
    Interrupts,
}

#[derive(Debug)]
struct Worker {
    seen: Instant,
    /// Pulls and pushes that are being answered.
    present: usize,
    /// It takes new sessions, as far as its last pull tells.
    able: bool,
    /// Interrupts, which go ahead of the queue.
    control: VecDeque<CallKey>,
    /// What its named slots have in hands.
    slots: HashMap<Arc<str>, CallKey>,
}

#[derive(Debug)]
struct Binding {
    worker: WorkerId,
    /// The worker has answered something, so it may keep state for the session.
    answered: bool,
}

#[derive(Debug)]
struct Lease {
    pub id: String,
    pub worker: WorkerId,
    slot: Option<Arc<str>>,
}

/// A request and its answer.
#[derive(Debug)]
struct Call {
    pub kind: CallKind,
    pub session: SessionKey,
    pub state: RequestState,
    /// Emptied when the answer begins: it is never sent again.
    payload: Bytes,
    /// Of executions.
    pub marks: Marks,
    pub lease: Option<Lease>,
    attempts: u32,
    queued: Instant,
    /// Nobody waits for the answer: an interrupt for an execution that was dropped.
    detached: bool,
    pub sequence: u64,
    pub buffer: VecDeque<Waiting>,
    pub buffered: u64,
    pub outcome: Option<std::result::Result<Option<Whole>, Failure>>,
    /// Tells the reader.
    pub reader: Arc<Notify>,
    /// Tells pushes that wait for room.
    pub room: watch::Sender<()>,
}

/// By what an interrupt can name an execution.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    pub operation: String,
    pub tags: Vec<String>,
}

/// What is asked of a pool.
#[derive(Debug)]
pub(crate) struct Ask {
    pub kind: CallKind,
    pub session: SessionKey,
    pub payload: Bytes,
    pub marks: Marks,
}

/// A pull that waits.
#[derive(Debug)]
struct Waiter {
    number: u64,
    worker: WorkerId,
    takes: Takes,
    woken: bool,
    notify: Arc<Notify>,
}

#[derive(Debug)]
pub(crate) struct State {
    settings: PoolSettings,
    calls: HashMap<CallKey, Call>,
    leases: HashMap<String, CallKey>,
    queue: FairQueue,
    queued_bytes: u64,
    workers: HashMap<WorkerId, Worker>,
    sessions: HashMap<SessionKey, Binding>,
    /// Sessions whose worker was lost, and what it was called.
    lost: Remembered<SessionKey, Arc<str>>,
    answered: Remembered<String, PrincipalId>,
    waiters: Vec<Waiter>,
    next: u64,
    draining: bool,
    swept: Instant,
    /// When a worker was there last that takes new sessions; at first, when the pool was made.
    last_able: Instant,
}

impl State {
    pub fn new(settings: PoolSettings) -> Self {
        let now = Instant::now();
        Self {
            settings,
            calls: HashMap::new(),
            leases: HashMap::new(),
            queue: FairQueue::default(),
            queued_bytes: 0,
            workers: HashMap::new(),
            sessions: HashMap::new(),
            lost: Remembered::new(REMEMBERED),
            answered: Remembered::new(REMEMBERED),
            waiters: Vec::new(),
            next: 0,
            draining: false,
            swept: now,
            last_able: now,
        }
    }

    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// Workers alive, sessions bound, requests queued, requests given out.
    pub fn counts(&self) -> (usize, usize, usize, usize) {
        let out = self.calls.values().filter(|call| call.state.is_out()).count();
        (self.workers.len(), self.sessions.len(), self.queue.len(), out)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Queues a request, or says why not.
    pub fn submit(&mut self, ask: Ask) -> std::result::Result<(CallKey, Arc<Notify>), Failure> {
        self.refuse(&ask)?;
        let key = self.number();
        let session = ask.session.clone();
        let call = Call::new(ask, false);
        let reader = Arc::clone(&call.reader);
        self.queued_bytes += call.size();
        self.calls.insert(key, call);
        self.queue.push_back(&session, key);
        self.wake(&session);
        Ok((key, reader))
    }

    fn refuse(&self, ask: &Ask) -> std::result::Result<(), Failure> {
        let settings = &self.settings;
        if self.draining {
            return Err(Failure::Unreachable("the server is shutting down".to_owned()));
        }
        if let Some(worker) = self.lost.get(&ask.session) {
            return Err(status::session_lost(&ask.session, worker));
        }
        let of = |what: &str| format!("The pool {}: {what}", settings.name);
        if self.queue.len() >= settings.max_queued {
            return Err(status::over_limit(of("the queue"), settings.named_limit("max_requests"), settings.max_queued));
        }
        let size = u64::try_from(ask.payload.len()).unwrap_or(u64::MAX);
        if self.queued_bytes.saturating_add(size) > settings.max_queued_size.bytes() {
            let what = of("what is queued together with this request");
            return Err(status::over_limit(what, settings.named_limit("max_queued_size"), settings.max_queued_size));
        }
        if !self.sessions.contains_key(&ask.session) && self.sessions.len() >= settings.max_bound_sessions {
            return Err(status::over_limit(
                of("the number of sessions"),
                settings.named_limit("max_bound_sessions"),
                settings.max_bound_sessions,
            ));
        }
        Ok(())
    }

    /// Ends a request that nobody waits for any more. What a worker works on, it is told to stop.
    pub fn abandon(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(&key) else { return };
        let stop = call.lease.as_ref().map(|lease| lease.worker.clone());
        let stop = stop.filter(|_| call.kind == CallKind::ExecutePlan && call.state.is_out());
        let ask = stop.as_ref().map(|_| call.interrupt());
        self.finish(key, RequestEvent::Cancel, Ok(None));
        self.calls.remove(&key);
        let (Some(worker), Some(ask)) = (stop, ask) else { return };
        let stop = self.number();
        self.calls.insert(stop, Call::new(ask, true));
        self.tell(&worker, stop);
    }

    /// Puts an interrupt ahead of the queue of a worker.
    fn tell(&mut self, id: &WorkerId, key: CallKey) {
        let Some(worker) = self.workers.get_mut(id) else {
            self.fail(key, Failure::Lost("the worker is gone".to_owned()));
            return;
        };
        worker.control.push_back(key);
        let too_old = (worker.control.len() > MAX_CONTROL).then(|| worker.control.pop_front()).flatten();
        if let Some(key) = too_old {
            self.fail(key, status::over_limit("The interrupts for one worker".to_owned(), "its queue", MAX_CONTROL));
        }
        let waits = |waiter: &&mut Waiter| waiter.worker == *id && !waiter.woken;
        // The hand that takes interrupts only comes first, so that the others stay for work.
        let chosen = match self.waiters.iter_mut().filter(waits).find(|waiter| waiter.takes == Takes::Interrupts) {
            Some(waiter) => Some(waiter),
            None => self.waiters.iter_mut().find(waits),
        };
        if let Some(waiter) = chosen {
            waiter.wake();
        }
    }

    /// Takes the executions that an interrupt means out of the queue, and tells their worker of those that it has.
    /// Answers the operations that will never run, and the request to wait for.
    pub fn interrupt(
        &mut self,
        ask: Ask,
        means: impl Fn(&Marks) -> bool,
    ) -> (Vec<String>, Option<(CallKey, Arc<Notify>)>) {
        let meant =
            |call: &Call| call.kind == CallKind::ExecutePlan && call.session == ask.session && means(&call.marks);
        let queued: Vec<CallKey> = self.keys(|call| meant(call) && call.state == RequestState::Queued);
        let out = self.calls.values().find(|call| meant(call) && call.state.is_out());
        let worker = out.and_then(|call| call.lease.as_ref()).map(|lease| lease.worker.clone());
        let mut stopped = Vec::new();
        for key in queued {
            stopped.extend(self.calls.get(&key).map(|call| call.marks.operation.clone()));
            self.finish(key, RequestEvent::Cancel, Err(status::cancelled()));
        }
        let Some(worker) = worker else { return (stopped, None) };
        let key = self.number();
        let call = Call::new(ask, false);
        let reader = Arc::clone(&call.reader);
        self.calls.insert(key, call);
        self.tell(&worker, key);
        (stopped, Some((key, reader)))
    }

    /// Forgets a session. `false` when no worker knows it.
    pub fn release(&mut self, session: &SessionKey) -> bool {
        if self.lost.remove(session).is_some() {
            return false;
        }
        if !self.sessions.contains_key(session) {
            let queued = self.keys(|call| call.session == *session && call.state == RequestState::Queued);
            for key in queued {
                self.finish(key, RequestEvent::Cancel, Err(status::cancelled()));
            }
            return false;
        }
        true
    }

    /// Takes the binding of a session away.
    pub fn unbind(&mut self, session: &SessionKey) {
        self.sessions.remove(session);
        self.lost.remove(session);
    }

    /// Binds a new session to the worker of another.
    pub fn bind_clone(&mut self, of: &SessionKey, new: SessionKey) {
        match self.sessions.get(of) {
            Some(binding) => {
                let worker = binding.worker.clone();
                self.sessions.insert(new, Binding { worker, answered: true });
            }
            None => self.lost.insert(new, Arc::from("of its original")),
        }
    }

    fn keys(&self, wanted: impl Fn(&Call) -> bool) -> Vec<CallKey> {
        let mut keys: Vec<_> = self.calls.iter().filter(|(_, call)| wanted(call)).map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }
}

impl Call {
    fn new(ask: Ask, detached: bool) -> Self {
        Self {
            kind: ask.kind,
            session: ask.session,
            state: RequestState::Queued,
            payload: ask.payload,
            marks: ask.marks,
            lease: None,
            attempts: 0,
            queued: Instant::now(),
            detached,
            sequence: 0,
            buffer: VecDeque::new(),
            buffered: 0,
            outcome: None,
            reader: Arc::new(Notify::new()),
            room: watch::Sender::new(()),
        }
    }

    fn size(&self) -> u64 {
        u64::try_from(self.payload.len()).unwrap_or(u64::MAX)
    }

    pub fn began(&mut self) {
        self.payload = Bytes::new();
    }

    /// What stops this execution.
    fn interrupt(&self) -> Ask {
        crate::upstream::interrupt_of(&self.session, &self.marks.operation)
    }
}

impl Waiter {
    fn wake(&mut self) {
        self.woken = true;
        self.notify.notify_one();
    }
}
