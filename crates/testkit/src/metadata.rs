//! `MemoryMetadataStore`: metadata that a test can also look at and break.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use hearth_base::clock::EpochMillis;
use hearth_base::condition::{INVALID_REQUEST, OPERATION_ALREADY_EXISTS, SERVER_STOPPED};
use hearth_base::{Error, OperationId, Result};
use hearth_core::history::{HistoryFilter, HistoryPage};
use hearth_core::store::{Document, FailureRecord, OperationRecord, TokenRecord};
use hearth_core::{MetadataStore, OperationState};
use parking_lot::Mutex;

const DEFAULT_PAGE: usize = 100;

/// Keeps metadata in memory.
#[derive(Debug, Default)]
pub struct MemoryMetadataStore {
    state: Mutex<State>,
    broken: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    operations: BTreeMap<OperationId, OperationRecord>,
    /// Each state that an operation was put in, in order.
    transitions: Vec<(OperationId, OperationState)>,
    tokens: BTreeMap<String, TokenRecord>,
    documents: BTreeMap<(String, String), Document>,
}

impl MemoryMetadataStore {
    /// From now on, or no longer, writes fail.
    pub fn break_writes(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// The states in which the operation was put, in order.
    pub fn transitions(&self, id: &OperationId) -> Vec<OperationState> {
        let state = self.state.lock();
        state.transitions.iter().filter(|(known, _)| known == id).map(|(_, state)| *state).collect()
    }

    /// Operations in the order in which they finished.
    pub fn finish_order(&self) -> Vec<OperationId> {
        let state = self.state.lock();
        state.transitions.iter().filter(|(_, state)| state.is_finished()).map(|(id, _)| id.clone()).collect()
    }

    fn check_writable(&self) -> Result<()> {
        if self.broken.load(Ordering::SeqCst) { Err(Error::internal("the store is broken")) } else { Ok(()) }
    }
}

#[async_trait]
impl MetadataStore for MemoryMetadataStore {
    async fn put_operation(&self, record: OperationRecord) -> Result<()> {
        self.check_writable()?;
        let mut state = self.state.lock();
        let owner = |record: &OperationRecord| {
            (record.principal.clone(), record.session.clone(), record.server_session.clone())
        };
        if state.operations.get(&record.id).is_some_and(|known| owner(known) != owner(&record)) {
            return Err(OPERATION_ALREADY_EXISTS.with("handle", &record.id));
        }
        state.transitions.push((record.id.clone(), record.state));
        state.operations.insert(record.id.clone(), record);
        Ok(())
    }

    async fn operation(&self, id: &OperationId) -> Result<Option<OperationRecord>> {
        Ok(self.state.lock().operations.get(id).cloned())
    }

    async fn fail_unfinished(&self, now: EpochMillis) -> Result<u64> {
        self.check_writable()?;
        let mut failed = 0;
        for record in self.state.lock().operations.values_mut().filter(|record| !record.state.is_finished()) {
            record.state = OperationState::Failed;
            record.finished_at = Some(now);
            record.failure = Some(FailureRecord::of(&SERVER_STOPPED.error()));
            failed += 1;
        }
        Ok(failed)
    }

    async fn expire_operations(&self, before: EpochMillis) -> Result<Vec<OperationId>> {
        self.check_writable()?;
        let mut expired = Vec::new();
        for record in self.state.lock().operations.values_mut() {
            let is_old = record.finished_at.is_some_and(|at| at < before);
            if record.state.is_finished() && record.state != OperationState::Expired && is_old {
                record.state = OperationState::Expired;
                record.result = None;
                expired.push(record.id.clone());
            }
        }
        Ok(expired)
    }

    async fn prune_history(&self, before: EpochMillis) -> Result<u64> {
        self.check_writable()?;
        let mut state = self.state.lock();
        let count = state.operations.len();
        state.operations.retain(|_, record| record.submitted_at >= before || record.state != OperationState::Expired);
        Ok((count - state.operations.len()) as u64)
    }

    async fn release_operations(&self, ids: Vec<OperationId>) -> Result<u64> {
        self.check_writable()?;
        let mut released = 0;
        for record in self.state.lock().operations.values_mut() {
            if ids.contains(&record.id) && record.state.is_finished() && record.state != OperationState::Expired {
                record.state = OperationState::Expired;
                record.result = None;
                released += 1;
            }
        }
        Ok(released)
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<HistoryPage> {
        let after = filter.after.as_deref().map(read_key).transpose()?;
        let key = |record: &OperationRecord| (record.submitted_at, record.id.to_string());
        let limit = if filter.limit == 0 { DEFAULT_PAGE } else { filter.limit };
        let mut operations: Vec<_> = {
            let state = self.state.lock();
            let wanted = |record: &&OperationRecord| {
                matches(filter, record) && after.as_ref().is_none_or(|after| key(record) < *after)
            };
            let bare = |record: &OperationRecord| OperationRecord { result: None, ..record.clone() };
            state.operations.values().filter(wanted).map(bare).collect()
        };
        operations.sort_by_key(|record| std::cmp::Reverse(key(record)));
        let more = operations.len() > limit;
        operations.truncate(limit);
        let next = operations.last().filter(|_| more).map(|last| format!("{}:{}", last.submitted_at, last.id));
        Ok(HistoryPage { operations, next })
    }

    async fn put_document(&self, document: Document) -> Result<()> {
        self.check_writable()?;
        let key = (document.kind.clone(), document.id.clone());
        self.state.lock().documents.insert(key, document);
        Ok(())
    }

    async fn documents(&self, kind: &str) -> Result<Vec<Document>> {
        let state = self.state.lock();
        Ok(state.documents.values().filter(|document| document.kind == kind).cloned().collect())
    }

    async fn delete_document(&self, kind: &str, id: &str) -> Result<bool> {
        self.check_writable()?;
        Ok(self.state.lock().documents.remove(&(kind.to_owned(), id.to_owned())).is_some())
    }

    async fn delete_documents(&self, kind: &str) -> Result<u64> {
        self.check_writable()?;
        let mut state = self.state.lock();
        let before = state.documents.len();
        state.documents.retain(|(of, _), _| of != kind);
        Ok((before - state.documents.len()) as u64)
    }

    async fn put_token(&self, token: TokenRecord) -> Result<()> {
        self.check_writable()?;
        self.state.lock().tokens.insert(token.id.clone(), token);
        Ok(())
    }

    async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<TokenRecord>> {
        Ok(self.state.lock().tokens.values().find(|token| token.hash == *hash).cloned())
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>> {
        let mut tokens: Vec<_> = self.state.lock().tokens.values().cloned().collect();
        tokens.sort_by_key(|token| (token.created_at, token.id.clone()));
        Ok(tokens)
    }

    async fn delete_token(&self, id: &str) -> Result<bool> {
        self.check_writable()?;
        Ok(self.state.lock().tokens.remove(id).is_some())
    }

    async fn close(&self) {}
}

fn matches(filter: &HistoryFilter, record: &OperationRecord) -> bool {
    (filter.principals.is_empty() || filter.principals.contains(&record.principal))
        && (filter.ids.is_empty() || filter.ids.contains(&record.id))
        && (filter.warehouses.is_empty()
            || record.origin.warehouse.as_ref().is_some_and(|warehouse| filter.warehouses.contains(warehouse)))
        && filter.session.as_ref().is_none_or(|session| *session == record.session)
        && (filter.states.is_empty() || filter.states.contains(&record.state))
        && filter.submitted_from.is_none_or(|from| record.submitted_at >= from)
        && filter.submitted_until.is_none_or(|until| record.submitted_at < until)
}

fn read_key(text: &str) -> Result<(EpochMillis, String)> {
    text.split_once(':')
        .and_then(|(millis, id)| Some((millis.parse().ok()?, id.to_owned())))
        .ok_or_else(|| INVALID_REQUEST.with("message", "the page token of the history does not read"))
}
