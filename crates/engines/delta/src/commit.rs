//! Changes: a new table, or a new version of one.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Metadata, MetadataExt, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use hearth_base::condition::DELTA_UNSUPPORTED;
use hearth_base::{Error, Result};
use serde_json::{Value, json};

use crate::error::failed;
use crate::snapshot::Snapshot;
use crate::statistics;

/// What a table is by its metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// `DataType.json`
    pub schema: String,
    pub partition_columns: Vec<String>,
    pub properties: Vec<(String, String)>,
    pub comment: Option<String>,
}

/// A file that is in its place already and now becomes the table's.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFile {
    pub path: PathBuf,
    /// By column; `None` is NULL.
    pub partition: Vec<(String, Option<String>)>,
}

/// Which files of the old version a new one has no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    Nothing,
    All,
    These(HashSet<PathBuf>),
}

/// What a change is called in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    Write { overwrite: bool, partition_columns: Vec<String>, predicate: Option<String> },
    Delete { predicate: Option<String> },
    Update { predicate: Option<String> },
    Merge { predicate: Option<String> },
    Properties,
}

/// A new version.
#[derive(Debug, Clone)]
pub struct Change {
    pub operation: Operation,
    pub added: Vec<NewFile>,
    pub removed: Removal,
    /// When columns, properties or the comment change.
    pub definition: Option<Definition>,
    /// `operationMetrics` of the history.
    pub metrics: Vec<(&'static str, String)>,
}

impl Operation {
    fn of_log(self, properties: &[(String, String)]) -> DeltaOperation {
        match self {
            Self::Write { overwrite, partition_columns, predicate } => DeltaOperation::Write {
                mode: if overwrite { SaveMode::Overwrite } else { SaveMode::Append },
                partition_by: Some(partition_columns),
                predicate,
            },
            Self::Delete { predicate } => DeltaOperation::Delete { predicate },
            Self::Update { predicate } => DeltaOperation::Update { predicate },
            Self::Merge { predicate } => DeltaOperation::Merge {
                predicate: None,
                merge_predicate: predicate,
                matched_predicates: Vec::new(),
                not_matched_predicates: Vec::new(),
                not_matched_by_source_predicates: Vec::new(),
            },
            Self::Properties => DeltaOperation::SetTableProperties { properties: properties.iter().cloned().collect() },
        }
    }

    fn is_blind_append(&self) -> bool {
        matches!(self, Self::Write { overwrite: false, .. })
    }
}

fn metadata_of(metrics: &[(&'static str, String)], blind: bool) -> CommitProperties {
    let metrics: serde_json::Map<String, Value> =
        metrics.iter().map(|(key, value)| ((*key).to_owned(), Value::String(value.clone()))).collect();
    CommitProperties::default().with_metadata([
        ("operationMetrics".to_owned(), Value::Object(metrics)),
        ("isBlindAppend".to_owned(), Value::Bool(blind)),
    ])
}

fn parse_schema(json: &str) -> Result<StructType> {
    serde_json::from_str(json).map_err(|error| DELTA_UNSUPPORTED.with("what", format!("the columns: {error}")))
}

/// Makes a table in `folder`, with files that are there already.
pub async fn create(
    folder: &Path,
    definition: &Definition,
    added: &[NewFile],
    metrics: &[(&'static str, String)],
) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::internal(error).with("path", folder.display()))?;
    let schema = parse_schema(&definition.schema)?;
    let actions = added.iter().map(|file| add(folder, file).map(Action::Add)).collect::<Result<Vec<_>>>()?;
    let mut builder = CreateBuilder::new()
        .with_location(folder.display().to_string())
        .with_columns(schema.fields().cloned())
        .with_partition_columns(definition.partition_columns.clone())
        .with_raise_if_key_not_exists(false)
        .with_configuration(definition.properties.iter().map(|(key, value)| (key.clone(), Some(value.clone()))))
        .with_commit_properties(metadata_of(metrics, true))
        .with_actions(actions);
    if let Some(comment) = &definition.comment {
        builder = builder.with_comment(comment.clone());
    }
    builder.await.map(drop).map_err(|error| failed(folder, error))
}

/// The entry of one file.
fn add(folder: &Path, file: &NewFile) -> Result<Add> {
    let below = file.path.strip_prefix(folder).map_err(Error::internal)?;
    let size = std::fs::metadata(&file.path).map_err(Error::internal)?.len();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(Add {
        path: below.to_string_lossy().into_owned(),
        partition_values: file.partition.iter().cloned().collect::<HashMap<_, _>>(),
        size: i64::try_from(size).unwrap_or(i64::MAX),
        modification_time: i64::try_from(now).unwrap_or(i64::MAX),
        data_change: true,
        stats: statistics::of_file(&file.path),
        ..Add::default()
    })
}

impl Snapshot {
    /// Adds a version. Fails when what this one has was changed meanwhile; files may be added by several at once.
    pub async fn commit(&self, change: Change) -> Result<u64> {
        if !self.is_plain && !self.has_vectors_only() {
            return Err(DELTA_UNSUPPORTED.with("what", "writing to a table with mapped columns"));
        }
        let wrap = |error| failed(&self.folder, error);
        let mut actions: Vec<Action> = Vec::new();
        if let Some(definition) = &change.definition {
            actions.push(Action::Metadata(self.metadata(definition)?));
        }
        for (view, file) in self.views.iter().zip(&self.files) {
            let goes = match &change.removed {
                Removal::Nothing => false,
                Removal::All => true,
                Removal::These(paths) => paths.contains(&file.path),
            };
            if goes {
                actions.push(Action::Remove(view.remove_action(true)));
            }
        }
        for file in &change.added {
            actions.push(Action::Add(add(&self.folder, file)?));
        }
        let properties = change.definition.map(|definition| definition.properties).unwrap_or_default();
        let blind = change.operation.is_blind_append();
        let state = self.table.snapshot().map_err(wrap)?;
        let done = CommitBuilder::from(metadata_of(&change.metrics, blind))
            .with_actions(actions)
            .build(Some(state), self.table.log_store(), change.operation.of_log(&properties))
            .await
            .map_err(wrap)?;
        Ok(done.version())
    }

    fn has_vectors_only(&self) -> bool {
        self.properties.iter().all(|(key, value)| key != "delta.columnMapping.mode" || value == "none")
            && self.views.iter().all(|view| !view.path().contains("://"))
    }

    /// The table's metadata with another definition; its id stays.
    fn metadata(&self, definition: &Definition) -> Result<Metadata> {
        let state = self.table.snapshot().map_err(|error| failed(&self.folder, error))?;
        let old = state.metadata();
        let schema = parse_schema(&definition.schema)?;
        let value = json!({
            "id": old.id(),
            "name": old.name(),
            "description": definition.comment,
            "format": { "provider": "parquet", "options": {} },
            "schemaString": serde_json::to_string(&schema).map_err(Error::internal)?,
            "partitionColumns": definition.partition_columns,
            "configuration": definition.properties.iter().cloned().collect::<HashMap<_, _>>(),
            "createdTime": old.created_time(),
        });
        let metadata: Metadata = serde_json::from_value(value).map_err(Error::internal)?;
        // The schema is read once more, so that what cannot be read is never written.
        metadata.with_schema(&schema).map_err(Error::internal)
    }
}
