//! What happened to a table, from its log.

use deltalake_core::kernel::CommitInfo;
use futures::TryStreamExt;
use hearth_base::Result;
use serde_json::Value;

use crate::error::failed;
use crate::snapshot::{Snapshot, versions};

/// One version's entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub version: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    pub user: Option<String>,
    pub operation: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub read_version: Option<i64>,
    pub isolation: Option<String>,
    pub is_blind_append: Option<bool>,
    pub metrics: Vec<(String, String)>,
    pub user_metadata: Option<String>,
    pub engine: Option<String>,
}

impl Snapshot {
    /// The newest first.
    pub async fn history(&self, limit: Option<usize>) -> Result<Vec<Entry>> {
        let infos = self.table.history(limit).try_collect::<Vec<CommitInfo>>();
        let infos = infos.await.map_err(|error| failed(&self.folder, error))?;
        let known = versions(&self.folder);
        // Each entry has its own file; the newest comes first here.
        let numbers = known.iter().rev().filter(|(version, _)| *version <= self.version.try_into().unwrap_or(i64::MAX));
        let entries = numbers.zip(infos).map(|((version, made), info)| entry(*version, *made, info));
        Ok(entries.collect())
    }
}

fn entry(version: i64, made: i64, info: CommitInfo) -> Entry {
    let mut metrics = match info.info.get("operationMetrics") {
        Some(Value::Object(metrics)) => metrics.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        _ => Vec::new(),
    };
    metrics.sort();
    let parameters = info.operation_parameters.unwrap_or_default();
    // The whole protocol and metadata of a new table are told elsewhere.
    let is_told = |key: &str| !["protocol", "metadata", "location"].contains(&key);
    let mut parameters: Vec<_> = parameters.iter().filter(|(key, _)| is_told(key)).collect();
    parameters.sort_by_key(|(key, _)| key.as_str());
    Entry {
        version,
        timestamp: info.in_commit_timestamp.unwrap_or(made),
        user: info.user_name,
        operation: info.operation,
        parameters: parameters.into_iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        read_version: info.read_version.and_then(|version| i64::try_from(version).ok()),
        isolation: info.isolation_level.map(|level| level.as_ref().to_owned()),
        is_blind_append: info.is_blind_append,
        metrics,
        user_metadata: info.user_metadata,
        engine: info.engine_info,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
