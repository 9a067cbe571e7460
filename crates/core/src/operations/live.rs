//! Operations by id, of all sessions.
//!
//! Sessions hold their operations; those of transient sessions have nobody else, so the ones that ended last are held
//! here. Older ones are read from the store when somebody asks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hearth_base::OperationId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Operation;

/// An operation that is in the store is listed a moment later; longer than this means never.
const LISTING: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Live {
    max_recent: usize,
    state: Mutex<State>,
    listed: Notify,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<OperationId, Weak<Operation>>,
    /// Ended last, oldest first.
    recent: VecDeque<Arc<Operation>>,
    /// Let go of, and not yet said to the store.
    released: Vec<OperationId>,
}

impl Live {
    pub fn new(max_recent: usize) -> Self {
        Self { max_recent, state: Mutex::default(), listed: Notify::new() }
    }

    pub fn insert(&self, operation: &Arc<Operation>) {
        self.state.lock().known.insert(operation.id.clone(), Arc::downgrade(operation));
        self.listed.notify_waiters();
    }

    /// The operation of this id, which the store has as not ended: whoever submits it is about to list it.
    pub async fn soon(&self, id: &OperationId) -> Option<Arc<Operation>> {
        let listing = async {
            loop {
                let listed = self.listed.notified();
                tokio::pin!(listed);
                listed.as_mut().enable();
                if let Some(operation) = self.get(id) {
                    return operation;
                }
                listed.await;
            }
        };
        tokio::time::timeout(LISTING, listing).await.ok()
    }

    /// Holds an operation that has ended, unless it was released meanwhile.
    pub fn keep(&self, operation: Arc<Operation>) {
        let mut state = self.state.lock();
        if !state.known.contains_key(&operation.id) {
            return;
        }
        state.recent.push_back(operation);
        while state.recent.len() > self.max_recent
            && let Some(oldest) = state.recent.pop_front()
        {
            state.known.remove(&oldest.id);
        }
    }

    pub fn get(&self, id: &OperationId) -> Option<Arc<Operation>> {
        self.state.lock().known.get(id).and_then(Weak::upgrade)
    }

    /// All that somebody holds; forgets the others.
    pub fn all(&self) -> Vec<Arc<Operation>> {
        let mut state = self.state.lock();
        state.known.retain(|_, operation| operation.strong_count() > 0);
        state.known.values().filter_map(Weak::upgrade).collect()
    }

    pub fn release(&self, id: &OperationId) {
        let mut state = self.state.lock();
        state.known.remove(id);
        state.recent.retain(|operation| operation.id != *id);
        state.released.push(id.clone());
    }

    pub fn take_released(&self) -> Vec<OperationId> {
        std::mem::take(&mut self.state.lock().released)
    }
}
