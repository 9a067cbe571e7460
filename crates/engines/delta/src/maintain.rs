//! Work on a table's files that changes no row of its newest version: vacuum, compaction; and going back to an old one.

use chrono::Duration;
use hearth_base::Result;
use hearth_base::condition::DELTA_VACUUM_RETENTION;

use crate::error::failed;
use crate::snapshot::Snapshot;

/// Files younger than this are kept, unless a statement says otherwise: hours.
const RETENTION_HOURS: i64 = 168;

/// What `OPTIMIZE` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optimized {
    pub added: u64,
    pub removed: u64,
}

/// What `RESTORE` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    pub removed: usize,
    pub restored: usize,
}

impl Snapshot {
    /// Deletes files that no version of the last hours needs, and names them. `checked` refuses short times.
    pub async fn vacuum(&self, hours: Option<i64>, dry_run: bool, checked: bool) -> Result<Vec<String>> {
        if checked && hours.is_some_and(|hours| hours < RETENTION_HOURS) {
            return Err(DELTA_VACUUM_RETENTION.with("hours", RETENTION_HOURS));
        }
        let mut vacuum = self.table.clone().vacuum().with_dry_run(dry_run).with_enforce_retention_duration(false);
        vacuum = vacuum.with_mode(deltalake_core::operations::vacuum::VacuumMode::Full);
        vacuum = vacuum.with_retention_period(Duration::hours(hours.unwrap_or(RETENTION_HOURS)));
        let (_, metrics) = vacuum.await.map_err(|error| failed(&self.folder, error))?;
        Ok(metrics.files_deleted)
    }

    /// Puts small files together.
    pub async fn optimize(&self) -> Result<Optimized> {
        let (_, metrics) = self.table.clone().optimize().await.map_err(|error| failed(&self.folder, error))?;
        Ok(Optimized { added: metrics.num_files_added, removed: metrics.num_files_removed })
    }

    /// Makes a new version with the rows of the old one that `to` is.
    pub async fn restore(&self, to: &Self) -> Result<Restored> {
        let restore = self.table.clone().restore().with_version_to_restore(to.version);
        let (_, metrics) = restore.await.map_err(|error| failed(&self.folder, error))?;
        Ok(Restored { removed: metrics.num_removed_file, restored: metrics.num_restored_file })
    }
}
