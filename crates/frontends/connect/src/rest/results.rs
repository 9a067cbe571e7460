//! `Results`: the handlers of calls that took longer than a request may.
//!
//! A handler cannot be guessed, belongs to its principal and is forgotten when nobody asks for it in time. Behind one
//! stands an operation, whose answer is in its log, or another call and its answer. Rows are never held here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hearth_base::clock::EpochMillis;
use hearth_base::{Clock, PrincipalId, SessionId};
use hearth_core::Principal;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::RestSettings;
use super::answer::Written;
use super::fold::Folding;

/// How many plans that found no room are remembered, and for how long: clients try for ten minutes.
const MAX_BUSY: usize = 10_000;
const BUSY_MEMORY: Duration = Duration::from_secs(15 * 60);

/// What a handler stands for.
#[derive(Debug)]
pub(super) struct Entry {
    pub handler: String,
    pub principal: PrincipalId,
    pub work: Work,
    asked_at: AtomicI64,
}

#[derive(Debug)]
pub(super) enum Work {
    Operation(Folding),
    Call { done: watch::Receiver<Option<Done>>, cancel: CancellationToken },
}

/// What has become of a call.
#[derive(Debug, Clone)]
pub(super) enum Done {
    Answered(Written),
    /// A plan has become an operation.
    Begun(Folding),
}

impl Entry {
    /// Says that somebody has asked, or that there is something new.
    pub fn touch(&self, now: EpochMillis) {
        self.asked_at.store(now, Ordering::Relaxed);
    }

    /// Whether nobody has asked since `deadline`. Operations that run know by themselves when they are given up.
    fn is_over(&self, deadline: EpochMillis) -> bool {
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        let ended_at = match &self.work {
            Work::Operation(folding) => folding.ended_at(),
            Work::Call { done, .. } => match &*done.borrow() {
                Some(Done::Begun(folding)) => folding.ended_at(),
                Some(Done::Answered(_)) | None => Some(asked_at),
            },
        };
        ended_at.is_some_and(|ended_at| ended_at.max(asked_at) <= deadline)
    }

    /// Nobody can fetch the answer any more.
    fn forget(&self) {
        if let Work::Call { cancel, .. } = &self.work {
            cancel.cancel();
        }
    }
}

/// What is known of a handler.
#[derive(Debug)]
pub(super) enum Known {
    Open(Arc<Entry>),
    /// It was there once, and was this principal's.
    Gone(PrincipalId),
    Never,
}

/// A plan as its client names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PlanKey {
    principal: PrincipalId,
    session: SessionId,
    operation: String,
}

impl PlanKey {
    pub fn new(principal: &Principal, session: &SessionId, operation: String) -> Self {
        Self { principal: principal.id.clone(), session: session.clone(), operation }
    }
}

#[derive(Debug)]
pub(super) struct Results {
    max: usize,
    retention: Duration,
    clock: Clock,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<String, Arc<Entry>>,
    gone: HashMap<String, PrincipalId>,
    gone_order: VecDeque<String>,
    busy: HashMap<PlanKey, EpochMillis>,
}

impl Results {
    pub fn new(settings: &RestSettings, clock: Clock) -> Self {
        Self { max: settings.max_results, retention: settings.result_retention, clock, table: Mutex::default() }
    }

    /// A handler for an operation; `None` when there are too many.
    pub fn add_operation(&self, principal: &Principal, folding: Folding) -> Option<Arc<Entry>> {
        self.add(&principal.id, Work::Operation(folding))
    }

    /// A handler for a call that will leave what becomes of it, and when to stop it; `None` when there are too many.
    pub fn add_call(
        &self,
        principal: &Principal,
        done: watch::Receiver<Option<Done>>,
    ) -> Option<(Arc<Entry>, CancellationToken)> {
        let cancel = CancellationToken::new();
        let entry = self.add(&principal.id, Work::Call { done, cancel: cancel.clone() })?;
        Some((entry, cancel))
    }

    fn add(&self, principal: &PrincipalId, work: Work) -> Option<Arc<Entry>> {
        let mut table = self.table.lock();
        if table.entries.len() >= self.max {
            self.expire_in(&mut table);
        }
        if table.entries.len() >= self.max {
            return None;
        }
        let handler = Uuid::new_v4().to_string();
        let asked_at = AtomicI64::new(self.clock.now());
        let entry = Arc::new(Entry { handler: handler.clone(), principal: principal.clone(), work, asked_at });
        table.entries.insert(handler, Arc::clone(&entry));
        Some(entry)
    }

    pub fn find(&self, handler: &str) -> Known {
        if let Some(entry) = self.open(handler) {
            return Known::Open(entry);
        }
        self.table.lock().gone.get(handler).cloned().map_or(Known::Never, Known::Gone)
    }

    fn open(&self, handler: &str) -> Option<Arc<Entry>> {
        let mut table = self.table.lock();
        let entry = table.entries.get(handler).cloned()?;
        if entry.is_over(self.deadline(self.retention)) {
            table.forget(handler, self.max);
            return None;
        }
        Some(entry)
    }

    /// Nobody will ask any more.
    pub fn remove(&self, handler: &str) {
        self.table.lock().forget(handler, self.max);
    }

    pub fn expire(&self) {
        self.expire_in(&mut self.table.lock());
    }

    fn expire_in(&self, table: &mut Table) {
        let deadline = self.deadline(self.retention);
        let over: Vec<String> =
            table.entries.values().filter(|entry| entry.is_over(deadline)).map(|entry| entry.handler.clone()).collect();
        for handler in over {
            table.forget(&handler, self.max);
        }
        let deadline = self.deadline(BUSY_MEMORY);
        table.busy.retain(|_, at| *at > deadline);
    }

    fn deadline(&self, span: Duration) -> EpochMillis {
        self.clock.now().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    }

    /// Says that a client was told to send this plan again.
    pub fn remember_busy(&self, key: PlanKey) {
        let mut table = self.table.lock();
        if table.busy.len() < MAX_BUSY {
            table.busy.insert(key, self.clock.now());
        }
    }

    /// Whether a client was told to send this plan again. Published clients that were cannot be told to poll.
    pub fn was_busy(&self, key: &PlanKey) -> bool {
        self.table.lock().busy.contains_key(key)
    }
}

impl Table {
    fn forget(&mut self, handler: &str, max_gone: usize) {
        let Some(entry) = self.entries.remove(handler) else { return };
        entry.forget();
        self.gone.insert(handler.to_owned(), entry.principal.clone());
        self.gone_order.push_back(handler.to_owned());
        while self.gone_order.len() > max_gone
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }
}
