//! How requests end, and what is lost with a worker.

use std::sync::Arc;

use bytes::Bytes;
use hearth_remote::upstream::Failure;
use tokio::time::Instant;

use super::{Call, State, Worker, WorkerId};
use crate::answer::Whole;
use crate::call::{CallKind, SessionKey};
use crate::queue::CallKey;
use crate::request::{RequestEvent, RequestState};
use crate::status;

impl State {
    pub(super) fn fail(&mut self, key: CallKey, failure: Failure) {
        self.finish(key, RequestEvent::Fail, Err(failure));
    }

    /// Ends a request, once. What its reader has not taken yet stays for it.
    pub(super) fn finish(
        &mut self,
        key: CallKey,
        event: RequestEvent,
        outcome: std::result::Result<Option<Whole>, Failure>,
    ) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let Some(state) = call.state.apply(event) else { return };
        if call.state == RequestState::Queued && self.queue.remove(&call.session, key) {
            self.queued_bytes -= call.size();
        }
        call.state = state;
        call.payload = Bytes::new();
        call.outcome = Some(outcome);
        call.reader.notify_one();
        call.room.send_replace(());
        let (lease, detached) = (call.lease.take(), call.detached);
        if let Some(lease) = lease {
            self.forget_lease(&lease, key);
            if state == RequestState::Answered {
                self.answered.insert(lease.id, lease.worker.principal);
            }
        }
        if detached {
            self.calls.remove(&key);
        }
    }

    /// A worker is gone, and with it what it kept for its sessions. Answers how many there were.
    pub fn lose(&mut self, id: &WorkerId) -> usize {
        if self.workers.remove(id).is_none() {
            return 0;
        }
        let bound = self.sessions.iter().filter(|(_, binding)| binding.worker == *id);
        let bound: Vec<_> = bound.map(|(session, binding)| (session.clone(), binding.answered)).collect();
        for (session, answered) in &bound {
            self.sessions.remove(session);
            if *answered {
                self.lost.insert(session.clone(), Arc::clone(&id.name));
                self.lose_session(session, |session| status::session_lost(session, &id.name), &id.name);
            }
        }
        // The rest had answered nothing: another worker may have it, in the old order.
        let out = self.keys(|call| call.lease.as_ref().is_some_and(|lease| lease.worker == *id));
        for key in out.into_iter().rev() {
            if self.calls.get(&key).is_some_and(|call| call.state == RequestState::Leased) {
                self.take_back(key);
            } else {
                self.fail(key, Failure::Lost(format!("the worker {} was lost", id.name)));
            }
        }
        let told = self.keys(|call| call.kind == CallKind::Interrupt && call.state == RequestState::Queued);
        for key in told {
            let waits = self.workers.values().any(|worker| worker.control.contains(&key));
            if !waits {
                self.fail(key, Failure::Lost(format!("the worker {} was lost", id.name)));
            }
        }
        for (session, _) in &bound {
            for _ in 0..self.queue.of(session) {
                self.wake(session);
            }
        }
        bound.len()
    }

    /// Fails everything of a session whose state is gone.
    fn lose_session(&mut self, session: &SessionKey, failure: impl Fn(&SessionKey) -> Failure, worker: &str) {
        for key in self.keys(|call| call.session == *session && !call.state.is_final()) {
            let began = self.calls.get(&key).is_some_and(|call| call.state == RequestState::Answering);
            let failure = if began {
                Failure::Lost(format!("the worker {worker} was lost before its answer was whole"))
            } else {
                failure(session)
            };
            self.fail(key, failure);
        }
    }

    /// The worker itself has given a session up.
    pub(super) fn reset(&mut self, session: &SessionKey, reason: &str) {
        let name = self.sessions.remove(session).map_or_else(|| Arc::from(""), |binding| binding.worker.name);
        self.lost.insert(session.clone(), Arc::clone(&name));
        self.lose_session(session, |session| status::session_reset(session, reason), &name);
    }

    /// Looks at the time: silent workers are lost, and requests that no worker came for have waited enough.
    pub fn sweep(&mut self, now: Instant) {
        if now < self.swept + self.settings.tick() / 2 {
            return;
        }
        self.swept = now;
        let lease = self.settings.lease;
        let silent = |worker: &Worker| worker.present == 0 && worker.seen + lease <= now;
        let lost: Vec<_> = self.workers.iter().filter(|(_, worker)| silent(worker)).map(|(id, _)| id.clone()).collect();
        for id in lost {
            let sessions = self.lose(&id);
            tracing::warn!(pool = self.settings.name, worker = &*id.name, sessions, "a worker was lost");
        }
        if self.workers.values().any(|worker| worker.able) {
            self.last_able = now;
            return;
        }
        let (able, timeout) = (self.last_able, self.settings.worker_timeout);
        // What is bound waits for its worker, as long as that is alive.
        let waited = |call: &Call| {
            let is_free = call.state == RequestState::Queued && !self.sessions.contains_key(&call.session);
            is_free && call.queued.max(able) + timeout <= now
        };
        let reason = format!("{} for {} s", self.no_worker(), timeout.as_secs_f64());
        for key in self.keys(waited) {
            self.fail(key, Failure::Unreachable(reason.clone()));
        }
    }

    fn no_worker(&self) -> String {
        let pool = &self.settings.name;
        if self.workers.is_empty() {
            format!("no worker has called for the pool {pool}")
        } else {
            format!("no worker of the pool {pool} could work")
        }
    }

    /// Why no work could be done now.
    pub fn trouble(&self, now: Instant) -> Option<String> {
        let lease = self.settings.lease;
        let is_alive = |worker: &Worker| worker.present > 0 || worker.seen + lease > now;
        let able = self.workers.values().any(|worker| worker.able && is_alive(worker));
        if self.draining {
            return Some("the server is shutting down".to_owned());
        }
        (!able).then(|| self.no_worker())
    }

    /// Gives nothing out any more. What workers have, they may answer.
    pub fn drain(&mut self) {
        self.draining = true;
        for key in self.keys(|call| call.state == RequestState::Queued) {
            self.fail(key, Failure::Unreachable("the server is shutting down".to_owned()));
        }
        self.wake_all();
    }
}
