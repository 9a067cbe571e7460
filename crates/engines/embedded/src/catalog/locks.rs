//! Who changes a table's files: many may add to them at the same time, one may write all of them anew.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::Catalog;
use super::name::TableId;

/// A lock for each table that is being changed.
#[derive(Debug, Default)]
pub struct Locks(Mutex<HashMap<TableId, Arc<RwLock<()>>>>);

impl Locks {
    fn of(&self, id: &TableId) -> Arc<RwLock<()>> {
        let mut locks = self.0.lock();
        // Those that nobody holds any more.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(id.clone()).or_default())
    }
}

impl Catalog {
    /// Waits until a table may get more files; it may as long as the guard lives.
    pub async fn together(&self, id: &TableId) -> OwnedRwLockReadGuard<()> {
        self.changing.of(id).read_owned().await
    }

    /// Waits until nobody else changes a table's files; nobody does as long as the guard lives.
    pub async fn alone(&self, id: &TableId) -> OwnedRwLockWriteGuard<()> {
        self.changing.of(id).write_owned().await
    }
}
