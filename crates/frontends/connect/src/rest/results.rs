//! `Results`: the handlers of calls that took longer than a request may.
//!
//! A handler cannot be guessed, belongs to its principal and is forgotten when nobody asks for it in time. Behind one
//! stands an operation, whose answer is in its log, or another call and its answer. Rows are never held here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hearth_base::clock::EpochMillis;
use hearth_base::{Clock, OperationId, PrincipalId, SessionId};
use hearth_core::Principal;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::RestSettings;
use super::answer::Written;
use super::fold::Folding;
use super::read::Format;

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

impl Drop for Entry {
    fn drop(&mut self) {
        // Nobody can fetch the answer any more. Operations know by themselves when they are given up.
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

/// The same operation from the same place in the same form has the same handler.
type OperationKey = (PrincipalId, OperationId, u64, Format);

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
    by_operation: HashMap<OperationKey, String>,
    gone: HashMap<String, PrincipalId>,
    gone_order: VecDeque<String>,
    busy: HashMap<PlanKey, EpochMillis>,
}

impl Results {
    pub fn new(settings: &RestSettings, clock: Clock) -> Self {
        Self { max: settings.max_results, retention: settings.result_retention, clock, table: Mutex::default() }
    }

    /// A handler for an operation; `None` when there are too many.
    pub fn add_operation(&self, principal: &Principal, folding: Folding) -> Option<String> {
        let key = key_of(&principal.id, &folding);
        let known = self.table.lock().by_operation.get(&key).cloned();
        if let Some(entry) = known.and_then(|handler| self.open(&handler)) {
            return Some(entry.handler.clone());
        }
        self.add(&principal.id, Work::Operation(folding))
    }

    /// A handler for a call that will leave its answer, and when to stop it; `None` when there are too many.
    pub fn add_call(
        &self,
        principal: &Principal,
        done: watch::Receiver<Option<Done>>,
    ) -> Option<(String, CancellationToken)> {
        let cancel = CancellationToken::new();
        let handler = self.add(&principal.id, Work::Call { done, cancel: cancel.clone() })?;
        Some((handler, cancel))
    }

    fn add(&self, principal: &PrincipalId, work: Work) -> Option<String> {
        let mut table = self.table.lock();
        if table.entries.len() >= self.max {
            self.expire_in(&mut table);
        }
        if table.entries.len() >= self.max {
            return None;
        }
        let handler = Uuid::new_v4().to_string();
        if let Work::Operation(folding) = &work {
            table.by_operation.insert(key_of(principal, folding), handler.clone());
        }
        let asked_at = AtomicI64::new(self.clock.now());
        let entry = Entry { handler: handler.clone(), principal: principal.clone(), work, asked_at };
        table.entries.insert(handler.clone(), Arc::new(entry));
        Some(handler)
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
        if entry.asked_at.load(Ordering::Relaxed) <= self.deadline(self.retention) {
            table.forget(handler, self.max);
            return None;
        }
        Some(entry)
    }

    /// Says that somebody has asked.
    pub fn touch(&self, entry: &Entry) {
        entry.asked_at.store(self.clock.now(), Ordering::Relaxed);
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
        let over: Vec<String> = table
            .entries
            .values()
            .filter(|entry| entry.asked_at.load(Ordering::Relaxed) <= deadline)
            .map(|entry| entry.handler.clone())
            .collect();
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
        if let Work::Operation(folding) = &entry.work {
            self.by_operation.remove(&key_of(&entry.principal, folding));
        }
        self.gone.insert(handler.to_owned(), entry.principal.clone());
        self.gone_order.push_back(handler.to_owned());
        while self.gone_order.len() > max_gone
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }
}

fn key_of(principal: &PrincipalId, folding: &Folding) -> OperationKey {
    (principal.clone(), folding.operation.id.clone(), folding.from, folding.form.format)
}
