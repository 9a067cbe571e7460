//! Warm Python interpreters: started and attached ahead, bound when a session takes one.

use std::sync::Arc;
use std::time::Duration;

use hearth_core::interpreter::{Interpreter, Language};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::host::Shared;
use crate::instance::Instance;
use crate::start::{self, Origin};

/// After a failed start, no other is tried for so long.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Pool {
    state: Mutex<State>,
    /// Something became ready, or did not.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether Python was asked for.
    is_wanted: bool,
    ready: Vec<Arc<Instance>>,
    warming: usize,
    /// Sessions that wait for one that is warming.
    waiting: usize,
    not_before: Option<Instant>,
}

enum Turn {
    Take(Arc<Instance>),
    Wait,
    None,
}

impl Pool {
    /// A warm interpreter, or one that will be warm sooner than a new one.
    pub(crate) async fn take(&self) -> Option<Arc<Instance>> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.next() {
                Turn::Take(instance) => return Some(instance),
                Turn::None => return None,
                Turn::Wait => {
                    let _waits = Waits(self);
                    changed.await;
                }
            }
        }
    }

    fn next(&self) -> Turn {
        let mut state = self.state.lock();
        state.is_wanted = true;
        if let Some(index) = state.ready.iter().rposition(|instance| instance.is_running()) {
            return Turn::Take(state.ready.remove(index));
        }
        if state.warming > state.waiting {
            state.waiting += 1;
            return Turn::Wait;
        }
        Turn::None
    }

    /// Warms them although nobody asked for Python yet.
    pub(crate) fn want(&self) {
        self.state.lock().is_wanted = true;
    }
}

struct Waits<'a>(&'a Pool);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.state.lock().waiting -= 1;
    }
}

/// Starts what is missing.
pub(crate) fn refill(shared: &Arc<Shared>) {
    if shared.closing.is_cancelled() {
        return;
    }
    let missing = {
        let mut state = shared.pool.state.lock();
        let may_start = state.is_wanted && state.not_before.is_none_or(|time| Instant::now() >= time);
        let there = state.ready.len() + state.warming;
        let missing = if may_start { shared.settings.pool.saturating_sub(there) } else { 0 };
        state.warming += missing;
        missing
    };
    for _ in 0..missing {
        let warmed = shared.clone();
        shared.steps.spawn("warm", async move { warm(&warmed).await });
    }
}

async fn warm(shared: &Arc<Shared>) {
    let started = start::open(shared, Language::Python, Origin::pool(shared), &shared.closing).await;
    let mut state = shared.pool.state.lock();
    state.warming -= 1;
    match started {
        Ok(instance) => state.ready.push(instance),
        Err(error) => {
            tracing::warn!(%error, "no warm interpreter");
            state.not_before = Some(Instant::now() + PAUSE);
        }
    }
    drop(state);
    shared.pool.changed.notify_waiters();
}

/// Replaces those that died.
pub(crate) fn upkeep(shared: &Arc<Shared>) {
    let dead: Vec<_> = shared.pool.state.lock().ready.extract_if(.., |instance| !instance.is_running()).collect();
    for instance in dead {
        shared.steps.spawn("stop", async move { instance.stop().await });
    }
    refill(shared);
}

/// Takes all of them out and ends them.
pub(crate) async fn drain(shared: &Shared) {
    let ready = std::mem::take(&mut shared.pool.state.lock().ready);
    futures::future::join_all(ready.iter().map(|instance| instance.stop())).await;
}
