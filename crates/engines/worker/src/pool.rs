//! A pool: its state, and those who wait on it.
//!
//! There is no task of its own. Callers, pulls and pushes look at the time while they wait, so a lost worker is noticed
//! as soon as anybody cares. Locks are held for a moment and never across a wait.

mod state;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use hearth_base::condition::{DRAINING, LIMIT_EXCEEDED, PERMISSION_DENIED};
use hearth_base::{PrincipalId, Result};
use hearth_core::Principal;
use hearth_remote::upstream::{Failure, Responses};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use state::{Ask, Marks, Read, Slot, State, Taken, Takes, WorkerId};

use crate::PoolSettings;
use crate::answer::{Push, Whole};
use crate::call::SessionKey;
use crate::queue::CallKey;

#[derive(Debug)]
pub(crate) struct Pool {
    pub settings: PoolSettings,
    state: Mutex<State>,
    /// One upload at a time in a session, because its chunks name no upload.
    uploads: Mutex<HashMap<SessionKey, Weak<tokio::sync::Mutex<()>>>>,
}

impl Pool {
    pub fn new(settings: PoolSettings) -> Arc<Self> {
        let state = Mutex::new(State::new(settings.clone()));
        Arc::new(Self { settings, state, uploads: Mutex::default() })
    }

    pub fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock())
    }

    // Workers.

    /// The next request for a worker, or nothing when `wait` is over or the pool drains.
    pub async fn pull(
        self: &Arc<Self>,
        principal: &Principal,
        name: &str,
        slot: Slot,
        wait: Duration,
    ) -> Result<Option<Bytes>> {
        let id = self.worker(principal, name)?;
        let deadline = Instant::now() + wait;
        let (_present, waiting) = self.arrive(&id, &slot)?;
        loop {
            let now = Instant::now();
            let taken = self.with(|state| {
                state.sweep(now);
                state.rearm(waiting.number);
                state.take(&id, &slot)
            });
            if taken.is_some() || now >= deadline || self.with(|state| state.is_draining()) {
                return Ok(taken);
            }
            let next = deadline.min(now + self.settings.tick());
            tokio::select! {
                () = waiting.notify.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    fn arrive(self: &Arc<Self>, id: &WorkerId, slot: &Slot) -> Result<(Present, WaitingPull)> {
        let present = Present::enter(self, id)?;
        let (number, notify) = self.with(|state| {
            state.open_slot(id, slot)?;
            Ok(state.wait(id, slot))
        })?;
        Ok((present, WaitingPull { pool: Arc::clone(self), number, notify }))
    }

    fn worker(&self, principal: &Principal, name: &str) -> Result<WorkerId> {
        let allowed = &self.settings.workers;
        if allowed.as_ref().is_some_and(|allowed| !allowed.contains(principal.id.as_str())) {
            let message = format!("{} may not work for the pool {}.", principal.id, self.settings.name);
            return Err(PERMISSION_DENIED.with("message", message));
        }
        if self.with(|state| state.is_draining()) {
            return Err(DRAINING.error());
        }
        Ok(WorkerId { principal: principal.id.clone(), name: Arc::from(name) })
    }

    /// A slot says that it will not pull again; what was given to it and did not reach it goes back.
    pub fn close_slot(self: &Arc<Self>, principal: &Principal, name: &str, slot: &Slot) -> Result<()> {
        let id = self.worker(principal, name)?;
        let _present = Present::enter(self, &id)?;
        self.with(|state| state.open_slot(&id, slot))
    }

    /// A worker says that it will not call again.
    pub fn farewell(&self, principal: &Principal, name: &str) -> Result<()> {
        let id = self.worker(principal, name)?;
        let sessions = self.with(|state| state.lose(&id));
        tracing::info!(pool = self.settings.name, worker = name, sessions, "a worker left");
        Ok(())
    }

    /// Takes what a worker pushes. Waits while the answer's reader has enough to read.
    pub async fn push(self: &Arc<Self>, principal: &PrincipalId, push: Push) -> Result<()> {
        let id = self.with(|state| state.holder(&push.request, principal))?;
        let _present = Present::enter(self, &id)?;
        let deadline = Instant::now() + self.settings.push_wait;
        let mut body = push.body;
        loop {
            match self.with(|state| state.push(&push.request, principal, body))? {
                Taken::Yes => return Ok(()),
                Taken::Full(again, mut room) => {
                    body = again;
                    tokio::select! {
                        // An error means that the request has ended: the next look tells.
                        _ = room.changed() => {}
                        () = tokio::time::sleep_until(deadline) => return Err(self.no_room()),
                    }
                }
            }
        }
    }

    fn no_room(&self) -> hearth_base::Error {
        let what = "The part of the answer that its reader has not taken yet";
        LIMIT_EXCEEDED
            .with("what", what)
            .with("limit", self.settings.named_limit("answer_buffer"))
            .with("value", self.settings.max_buffered)
    }

    // Callers.

    /// Asks and waits for the whole answer.
    pub async fn ask(self: &Arc<Self>, ask: Ask) -> std::result::Result<Whole, Failure> {
        let (key, notify) = self.with(|state| state.submit(ask))?;
        self.whole(key, notify).await
    }

    /// Waits for the whole answer to a request that was handed in.
    pub async fn whole(self: &Arc<Self>, key: CallKey, notify: Arc<Notify>) -> std::result::Result<Whole, Failure> {
        let reader = Reader { pool: Arc::clone(self), key, notify };
        match reader.next().await {
            Read::End(Ok(Some(whole))) => Ok(whole),
            Read::End(Err(failure)) => Err(failure),
            Read::End(Ok(None)) | Read::Response(_) | Read::Nothing => Err(crate::status::bad_answer("it is empty")),
        }
    }

    /// Asks for an execution.
    pub fn execute(self: &Arc<Self>, ask: Ask) -> std::result::Result<Responses, Failure> {
        let (key, notify) = self.with(|state| state.submit(ask))?;
        let reader = Reader { pool: Arc::clone(self), key, notify };
        let responses = stream::unfold(Some(reader), |reader| async move {
            let reader = reader?;
            match reader.next().await {
                Read::Response(response) => Some((Ok(*response), Some(reader))),
                Read::End(Err(failure)) => Some((Err(failure), None)),
                Read::End(Ok(_)) | Read::Nothing => None,
            }
        });
        Ok(responses.boxed())
    }

    /// The lock of a session's uploads.
    pub fn upload(&self, session: &SessionKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut uploads = self.uploads.lock();
        uploads.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = uploads.get(session).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        uploads.insert(session.clone(), Arc::downgrade(&lock));
        lock
    }

    pub fn drain(&self) {
        self.with(State::drain);
    }
}

/// A worker that is being answered.
struct Present {
    pool: Arc<Pool>,
    id: WorkerId,
}

impl Present {
    fn enter(pool: &Arc<Pool>, id: &WorkerId) -> Result<Self> {
        pool.with(|state| state.enter(id, Instant::now()))?;
        Ok(Self { pool: Arc::clone(pool), id: id.clone() })
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.pool.with(|state| state.leave(&self.id, Instant::now()));
    }
}

/// A pull that can be woken.
struct WaitingPull {
    pool: Arc<Pool>,
    number: u64,
    notify: Arc<Notify>,
}

impl Drop for WaitingPull {
    fn drop(&mut self) {
        self.pool.with(|state| state.stop_waiting(self.number));
    }
}

/// Who waits for an answer. Dropping it gives the request up.
struct Reader {
    pool: Arc<Pool>,
    key: CallKey,
    notify: Arc<Notify>,
}

impl Reader {
    /// The next of the answer; never `Read::Nothing`.
    async fn next(&self) -> Read {
        loop {
            let read = self.pool.with(|state| {
                state.sweep(Instant::now());
                state.read(self.key)
            });
            if !matches!(read, Read::Nothing) {
                return read;
            }
            tokio::select! {
                () = self.notify.notified() => {}
                () = tokio::time::sleep(self.pool.settings.tick()) => {}
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pool.with(|state| state.abandon(self.key));
    }
}
