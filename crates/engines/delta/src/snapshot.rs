//! One version of a table: its columns, its properties, and the files that its rows are in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use datafusion::catalog::TableProvider;
use deltalake_core::kernel::LogicalFileView;
use deltalake_core::{DeltaTable, DeltaTableBuilder};
use futures::TryStreamExt;
use hearth_base::condition::{
    DELTA_FAILED, DELTA_TABLE_NOT_FOUND, DELTA_TIMESTAMP_EARLIER, DELTA_TIMESTAMP_GREATER, DELTA_VERSION_NOT_FOUND,
};
use hearth_base::{Error, Result};
use url::Url;

use crate::error::failed;

/// Where the log is, below a table's folder.
const LOG: &str = "_delta_log";
/// The property that says how columns are named in files.
const COLUMN_MAPPING: &str = "delta.columnMapping.mode";

/// Which version of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Latest,
    Version(i64),
    /// Milliseconds since the epoch: the last version that was there by then.
    Time(i64),
}

/// A file that a version has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
    /// By column; `None` is NULL.
    pub partition: HashMap<String, Option<String>>,
}

/// See the module.
pub struct Snapshot {
    pub(crate) table: DeltaTable,
    pub(crate) folder: PathBuf,
    pub(crate) views: Vec<LogicalFileView>,
    pub version: u64,
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    /// Milliseconds since the epoch.
    pub created: Option<i64>,
    /// `DataType.json` of the columns.
    pub schema: String,
    pub partition_columns: Vec<String>,
    /// In the order of their keys.
    pub properties: Vec<(String, String)>,
    pub reader_version: i32,
    pub writer_version: i32,
    pub features: Vec<String>,
    pub files: Vec<DataFile>,
    /// Whether parquet files and partition values are all that there is to know.
    pub is_plain: bool,
}

/// Whether a folder holds a Delta table.
pub fn is_table(folder: &Path) -> bool {
    std::fs::read_dir(folder.join(LOG)).is_ok_and(|mut entries| entries.next().is_some())
}

/// The versions that the log still has entries of, with the times when they were made; in order.
pub(crate) fn versions(folder: &Path) -> Vec<(i64, i64)> {
    let Ok(entries) = std::fs::read_dir(folder.join(LOG)) else { return Vec::new() };
    let version = |entry: std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_suffix(".json")?.parse().ok()?;
        let made = entry.metadata().and_then(|metadata| metadata.modified()).ok()?;
        let millis = made.duration_since(UNIX_EPOCH).ok()?.as_millis();
        Some((number, i64::try_from(millis).unwrap_or(i64::MAX)))
    };
    let mut found: Vec<_> = entries.flatten().filter_map(version).collect();
    found.sort_unstable();
    found
}

pub(crate) fn url_of(folder: &Path) -> Result<Url> {
    Url::from_directory_path(folder).map_err(|()| Error::internal(format!("{} is no absolute path", folder.display())))
}

/// The number of the version that `at` means; `None` for the latest.
fn number_of(folder: &Path, at: At) -> Result<Option<u64>> {
    let known = versions(folder);
    let (first, last) = (known.first().copied().unwrap_or_default(), known.last().copied().unwrap_or_default());
    match at {
        At::Latest => Ok(None),
        At::Version(version) if version < first.0 || version > last.0 => {
            Err(DELTA_VERSION_NOT_FOUND.with("userVersion", version).with("earliest", first.0).with("latest", last.0))
        }
        At::Version(version) => Ok(u64::try_from(version).ok()),
        At::Time(millis) => {
            let shown = |millis: i64| {
                let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
                time.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
            };
            if millis < first.1 {
                return Err(DELTA_TIMESTAMP_EARLIER
                    .with("userTimestamp", shown(millis))
                    .with("commitTs", shown(first.1))
                    .with("timestampString", shown(first.1)));
            }
            if millis > last.1 {
                return Err(DELTA_TIMESTAMP_GREATER
                    .with("providedTimestamp", shown(millis))
                    .with("tableName", shown(last.1))
                    .with("maximumTimestamp", shown(last.1)));
            }
            let found = known.iter().rev().find(|(_, made)| *made <= millis).copied().unwrap_or(first);
            Ok(u64::try_from(found.0).ok())
        }
    }
}

impl Snapshot {
    /// Reads the log of the table in `folder`.
    pub async fn open(folder: &Path, at: At) -> Result<Self> {
        if !is_table(folder) {
            return Err(DELTA_TABLE_NOT_FOUND.with("tableName", format!("delta.`{}`", folder.display())));
        }
        let wrap = |error| failed(folder, error);
        let mut builder = DeltaTableBuilder::from_url(url_of(folder)?).map_err(wrap)?;
        if let Some(version) = number_of(folder, at)? {
            builder = builder.with_version(version);
        }
        let table = builder.load().await.map_err(wrap)?;
        let state = table.snapshot().map_err(wrap)?;
        let views = state.snapshot().file_views(&table.log_store(), None);
        let views: Vec<_> = views.try_collect().await.map_err(wrap)?;
        let (metadata, protocol) = (state.metadata(), state.protocol());
        let schema = metadata.parse_schema().map_err(|error| failed(folder, error.into()))?;
        let schema = serde_json::to_string(&schema).map_err(Error::internal)?;
        let mut properties: Vec<(String, String)> =
            metadata.configuration().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        properties.sort();
        let is_mapped = properties.iter().any(|(key, value)| key == COLUMN_MAPPING && value != "none");
        let has_vectors = views.iter().any(|view| view.deletion_vector_descriptor().is_some());
        let elsewhere = views.iter().any(|view| view.path().contains("://"));
        let mut features: Vec<String> = Vec::new();
        for feature in protocol.reader_features().into_iter().chain(protocol.writer_features()).flatten() {
            features.push(feature.to_string());
        }
        features.sort();
        features.dedup();
        Ok(Self {
            version: state.version(),
            id: metadata.id().to_owned(),
            name: metadata.name().map(ToOwned::to_owned),
            description: metadata.description().map(ToOwned::to_owned),
            created: metadata.created_time(),
            schema,
            partition_columns: metadata.partition_columns().to_vec(),
            reader_version: protocol.min_reader_version(),
            writer_version: protocol.min_writer_version(),
            features,
            files: views.iter().map(|view| data_file(folder, view)).collect(),
            is_plain: !is_mapped && !has_vectors && !elsewhere,
            properties,
            folder: folder.to_path_buf(),
            views,
            table,
        })
    }

    /// Milliseconds since the epoch when this version was made.
    pub fn modified(&self) -> Option<i64> {
        let number = i64::try_from(self.version).ok()?;
        versions(&self.folder).into_iter().find(|(version, _)| *version == number).map(|(_, made)| made)
    }

    /// A table that delta-rs reads, for those that are not plain.
    pub async fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        self.table
            .table_provider()
            .await
            .map_err(|error| DELTA_FAILED.with("tableName", self.folder.display()).with("message", error))
    }
}

fn data_file(folder: &Path, view: &LogicalFileView) -> DataFile {
    let millis = u64::try_from(view.modification_time()).unwrap_or_default();
    DataFile {
        path: folder.join(view.path().as_ref()),
        bytes: u64::try_from(view.size()).unwrap_or_default(),
        modified: UNIX_EPOCH + Duration::from_millis(millis),
        partition: view.partition_values_map(),
    }
}
