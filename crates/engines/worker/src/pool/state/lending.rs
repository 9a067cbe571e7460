//! What workers do to the state of a pool: they arrive, wait, and take requests.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use hearth_base::Result;
use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_remote::upstream::Failure;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Binding, Call, Lease, MAX_SLOTS, Slot, State, Takes, Waiter, Worker, WorkerId};
use crate::call::{CallKind, SessionKey, encode_request};
use crate::queue::CallKey;
use crate::request::RequestEvent;

impl State {
    /// A worker calls. It is alive until the matching `leave`, and for a lease after.
    pub fn enter(&mut self, id: &WorkerId, now: Instant) -> Result<()> {
        if !self.workers.contains_key(id) && self.workers.len() >= self.settings.max_workers {
            let what = format!("The pool {}: the number of workers", self.settings.name);
            let limit = self.settings.max_workers;
            return Err(LIMIT_EXCEEDED
                .with("what", what)
                .with("limit", self.settings.named_limit("max_workers"))
                .with("value", limit));
        }
        let worker = self.workers.entry(id.clone()).or_insert_with(|| Worker {
            seen: now,
            present: 0,
            able: true,
            control: VecDeque::new(),
            slots: HashMap::new(),
        });
        worker.seen = now;
        worker.present += 1;
        Ok(())
    }

    pub fn leave(&mut self, id: &WorkerId, now: Instant) {
        if let Some(worker) = self.workers.get_mut(id) {
            worker.seen = now;
            worker.present = worker.present.saturating_sub(1);
        }
    }

    /// A slot that pulls has nothing in its hands: what it was given did not reach it.
    pub fn open_slot(&mut self, id: &WorkerId, slot: &Slot) -> Result<()> {
        let (Some(name), Some(worker)) = (&slot.name, self.workers.get_mut(id)) else { return Ok(()) };
        if let Some(key) = worker.slots.remove(name) {
            self.take_back(key);
        } else if worker.slots.len() >= MAX_SLOTS {
            let what = "The number of slots of one worker";
            return Err(LIMIT_EXCEEDED.with("what", what).with("limit", "its slots").with("value", MAX_SLOTS));
        }
        Ok(())
    }

    pub fn wait(&mut self, id: &WorkerId, slot: &Slot) -> (u64, Arc<Notify>) {
        if let Some(worker) = self.workers.get_mut(id) {
            match slot.takes {
                Takes::All => worker.able = true,
                Takes::Bound => worker.able = false,
                Takes::Interrupts => {}
            }
        }
        let number = self.number();
        let notify = Arc::new(Notify::new());
        self.waiters.push(Waiter {
            number,
            worker: id.clone(),
            takes: slot.takes,
            woken: false,
            notify: Arc::clone(&notify),
        });
        (number, notify)
    }

    /// The pull looks again: it can be woken from now on.
    pub fn rearm(&mut self, number: u64) {
        if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.number == number) {
            waiter.woken = false;
        }
    }

    /// The pull ends. Was it woken and has not looked, another must look.
    pub fn stop_waiting(&mut self, number: u64) {
        let Some(place) = self.waiters.iter().position(|waiter| waiter.number == number) else { return };
        let waiter = self.waiters.remove(place);
        if waiter.woken {
            self.wake_all();
        }
    }

    pub(super) fn wake_all(&mut self) {
        for waiter in &mut self.waiters {
            waiter.wake();
        }
    }

    /// Wakes a pull that may take a request of this session: the one that has waited longest.
    pub(super) fn wake(&mut self, session: &SessionKey) {
        let bound = self.sessions.get(session).map(|binding| &binding.worker);
        let fits = |waiter: &&mut Waiter| !waiter.woken && waiter.takes.session(bound, &waiter.worker);
        if let Some(waiter) = self.waiters.iter_mut().find(fits) {
            waiter.wake();
        }
    }

    /// The next request for a worker, encoded.
    pub fn take(&mut self, id: &WorkerId, slot: &Slot) -> Option<Bytes> {
        if self.draining {
            return None;
        }
        while let Some(key) = self.workers.get_mut(id)?.control.pop_front() {
            if let Some(bytes) = self.lease(key, id, slot) {
                return Some(bytes);
            }
        }
        let sessions = &self.sessions;
        let bound = |session: &SessionKey| sessions.get(session).map(|binding| &binding.worker);
        let key = self.queue.take(|session| slot.takes.session(bound(session), id))?;
        self.queued_bytes -= self.calls.get(&key).map_or(0, Call::size);
        self.lease(key, id, slot)
    }

    fn lease(&mut self, key: CallKey, id: &WorkerId, slot: &Slot) -> Option<Bytes> {
        let call = self.calls.get_mut(&key)?;
        call.state = call.state.apply(RequestEvent::Lease)?;
        call.attempts += 1;
        let lease = uuid::Uuid::new_v4().to_string();
        let slot = slot.name.clone();
        if let (Some(slot), Some(worker)) = (&slot, self.workers.get_mut(id)) {
            worker.slots.insert(Arc::clone(slot), key);
        }
        let bytes = encode_request(&lease, call.kind, &call.payload);
        call.lease = Some(Lease { id: lease.clone(), worker: id.clone(), slot });
        self.leases.insert(lease, key);
        // An interrupt says nothing of the session: it may come after its end.
        if call.kind != CallKind::Interrupt {
            let session = call.session.clone();
            self.bind(&session, id);
        }
        Some(bytes)
    }

    fn bind(&mut self, session: &SessionKey, id: &WorkerId) {
        if self.sessions.contains_key(session) {
            return;
        }
        self.sessions.insert(session.clone(), Binding { worker: id.clone(), answered: false });
        // What else it has queued may have woken pulls of other workers.
        for _ in 0..self.queue.of(session) {
            self.wake(session);
        }
    }

    /// The worker of a session has answered: it may keep state from now on.
    pub(super) fn keeps_state(&mut self, session: &SessionKey) {
        if let Some(binding) = self.sessions.get_mut(session) {
            binding.answered = true;
        }
    }

    /// Lets a session go whose worker has answered nothing.
    pub(super) fn unbind_fresh(&mut self, session: &SessionKey) {
        if self.sessions.get(session).is_none_or(|binding| binding.answered) {
            return;
        }
        self.sessions.remove(session);
        for _ in 0..self.queue.of(session) {
            self.wake(session);
        }
    }

    /// Takes a request that was not answered back into the queue, unless it was given out too often.
    pub(super) fn take_back(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let Some(state) = call.state.apply(RequestEvent::Return) else { return };
        if call.detached || self.draining || call.attempts >= self.settings.max_attempts {
            let reason = format!("{} workers were given it and none answered", call.attempts);
            self.fail(key, Failure::Lost(reason));
            return;
        }
        call.state = state;
        let Some(lease) = call.lease.take() else { return };
        let (kind, session, size) = (call.kind, call.session.clone(), call.size());
        self.forget_lease(&lease, key);
        if kind == CallKind::Interrupt {
            self.tell(&lease.worker, key);
            return;
        }
        self.queued_bytes += size;
        self.queue.push_front(&session, key);
        self.wake(&session);
    }

    pub(super) fn forget_lease(&mut self, lease: &Lease, key: CallKey) {
        self.leases.remove(&lease.id);
        let slots = self.workers.get_mut(&lease.worker).map(|worker| &mut worker.slots);
        if let (Some(slots), Some(slot)) = (slots, &lease.slot)
            && slots.get(slot) == Some(&key)
        {
            slots.remove(slot);
        }
    }
}

impl Takes {
    /// Whether a pull of `worker` takes requests of a session that is bound to `bound`.
    fn session(self, bound: Option<&WorkerId>, worker: &WorkerId) -> bool {
        match self {
            Self::All => bound.is_none_or(|bound| bound == worker),
            Self::Bound => bound == Some(worker),
            Self::Interrupts => false,
        }
    }
}
