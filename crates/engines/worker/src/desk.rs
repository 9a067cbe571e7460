//! The desk of a server: all its pools, and the way in for workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hearth_base::condition::{INVALID_REQUEST, NO_SUCH_REQUEST, UNKNOWN_POOL};
use hearth_base::{ErrorKind, Result};
use hearth_core::{Principal, WorkerDesk};
use hearth_remote::Upstream;
use parking_lot::RwLock;

use crate::PoolSettings;
use crate::answer;
use crate::pool::{Pool, Slot, Takes};
use crate::upstream::PoolUpstream;

/// The pool of workers that name none: one of this name, or the only one that there is.
const DEFAULT_POOL: &str = "default";
/// What a worker may call itself, with its pool and slot.
const MAX_NAME: usize = 256;
/// The slot that takes interrupts only.
pub(crate) const CONTROL: &str = "control";
/// The slot of a worker's last call.
pub(crate) const LEAVING: &str = "leaving";
/// Behind a slot's name: it will not pull again.
pub(crate) const CLOSED: &str = ":closed";
/// Behind a slot's name: it takes no new sessions.
pub(crate) const BOUND: &str = ":bound";

/// All pools of a server.
#[derive(Debug, Default)]
pub struct Desk {
    pools: RwLock<BTreeMap<String, Arc<Pool>>>,
}

/// A pool in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSnapshot {
    pub pool: String,
    /// Workers that are alive.
    pub workers: usize,
    /// Sessions that are bound to one of them.
    pub sessions: usize,
    pub queued: usize,
    /// Requests that workers have.
    pub leased: usize,
}

impl Desk {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Opens a pool. Workers find it by its name, which must be new.
    pub fn pool(&self, settings: PoolSettings) -> Result<Arc<dyn Upstream>> {
        let mut pools = self.pools.write();
        if settings.name.is_empty() || settings.name.contains(['/', '#']) || pools.contains_key(&settings.name) {
            let message = format!("`{}` cannot be the name of a pool, or there are two of it.", settings.name);
            return Err(INVALID_REQUEST.with("message", message));
        }
        let name = settings.name.clone();
        let pool = Pool::new(settings);
        pools.insert(name, Arc::clone(&pool));
        Ok(Arc::new(PoolUpstream(pool)))
    }

    pub fn snapshot(&self) -> Vec<PoolSnapshot> {
        let snapshot = |(name, pool): (&String, &Arc<Pool>)| {
            let (workers, sessions, queued, leased) = pool.with(|state| state.counts());
            PoolSnapshot { pool: name.clone(), workers, sessions, queued, leased }
        };
        self.pools.read().iter().map(snapshot).collect()
    }

    /// Gives nothing out any more: waiting pulls end empty and what is queued fails. What workers have, they may answer.
    pub fn shutdown(&self) {
        for pool in self.pools.read().values() {
            pool.drain();
        }
    }

    fn find(&self, name: &str) -> Result<Arc<Pool>> {
        let pools = self.pools.read();
        let only = || pools.values().next().filter(|_| name == DEFAULT_POOL && pools.len() == 1);
        pools.get(name).or_else(only).cloned().ok_or_else(|| {
            let names: Vec<_> = pools.keys().map(String::as_str).collect();
            UNKNOWN_POOL.with("pool", name).with("pools", names.join(", "))
        })
    }
}

/// `POOL/NAME#SLOT`; all but the name may be missing, and the name may be empty.
fn parse(worker: &str) -> Result<(&str, &str, Option<&str>)> {
    if worker.len() > MAX_NAME {
        return Err(INVALID_REQUEST.with("message", format!("A worker's name has at most {MAX_NAME} bytes.")));
    }
    let (worker, slot) = match worker.split_once('#') {
        Some((worker, slot)) => (worker, Some(slot)),
        None => (worker, None),
    };
    let (pool, name) = worker.split_once('/').unwrap_or((DEFAULT_POOL, worker));
    Ok((pool, name, slot.filter(|slot| !slot.is_empty())))
}

#[async_trait]
impl WorkerDesk for Desk {
    async fn pull(&self, principal: &Principal, worker: &str, wait: Duration) -> Result<Option<Bytes>> {
        let (pool, name, slot) = parse(worker)?;
        let pool = self.find(pool)?;
        if slot == Some(LEAVING) {
            return pool.farewell(principal, name).map(|()| None);
        }
        if let Some(slot) = slot.and_then(|slot| slot.strip_suffix(CLOSED)) {
            let slot = Slot { name: Some(Arc::from(slot)), takes: Takes::Interrupts };
            return pool.close_slot(principal, name, &slot).map(|()| None);
        }
        let (slot, takes) = match slot.map(|slot| (slot, slot.strip_suffix(BOUND))) {
            None => (None, Takes::All),
            Some((_, Some(name))) => (Some(name), Takes::Bound),
            Some((CONTROL, None)) => (Some(CONTROL), Takes::Interrupts),
            Some((name, None)) => (Some(name), Takes::All),
        };
        let slot = Slot { name: slot.map(Arc::from), takes };
        pool.pull(principal, name, slot, wait).await
    }

    async fn push(&self, principal: &Principal, response: Bytes) -> Result<()> {
        let push = answer::decode(response)?;
        let pools: Vec<_> = self.pools.read().values().cloned().collect();
        // Ids are unique among pools; the pool that knows the request says what is wrong with the push.
        for pool in pools {
            match pool.with(|state| state.holder(&push.request, &principal.id)) {
                Ok(_) => return pool.push(&principal.id, push).await,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(NO_SUCH_REQUEST.with("request", &push.request))
    }
}
