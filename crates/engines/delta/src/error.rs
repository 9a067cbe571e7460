//! What delta-rs reports, as conditions.

use hearth_base::Error;
use hearth_base::condition::{DELTA_CONCURRENT_WRITE, DELTA_FAILED};
use std::path::Path;

use deltalake_core::DeltaTableError;

/// An error of delta-rs about the table at `path`.
pub fn failed(path: &Path, error: DeltaTableError) -> Error {
    let is_conflict = matches!(error, DeltaTableError::Transaction { .. } | DeltaTableError::VersionAlreadyExists(_));
    let text = error.to_string();
    if is_conflict {
        return DELTA_CONCURRENT_WRITE.with("tableName", path.display()).with("message", text);
    }
    DELTA_FAILED.with("tableName", path.display()).with("message", text)
}
