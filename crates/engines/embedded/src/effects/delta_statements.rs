//! `DESCRIBE HISTORY`, `DESCRIBE DETAIL`, `OPTIMIZE`, `VACUUM` and `RESTORE` of Delta tables.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, MapBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use hearth_base::condition::DELTA_TIMESTAMP_INVALID;
use hearth_base::{Error, Result};
use hearth_delta::{At, Snapshot};
use hearth_plan::catalog::DeltaOp;
use hearth_plan::relation::{TableName, TimeTravel};
use hearth_types::arrow::{cast_array_to, to_engine_arrow, to_engine_schema};
use hearth_types::datetime_parse::string_to_timestamp;
use hearth_types::{DataType, StructField, StructType, Zone};

use super::delta::folder_named;
use super::lookup::{constant_text, table_name};
use super::rows::{long, optional, table};
use crate::catalog::location_uri;
use crate::run::Rows;
use crate::session::EmbeddedSession;

/// The setting that lets `VACUUM` delete what queries of a moment ago may still read.
const CHECK: &str = "spark.databricks.delta.retentionDurationCheck.enabled";

pub async fn run(session: &EmbeddedSession, name: &TableName, op: &DeltaOp) -> Result<Rows> {
    let operation = match op {
        DeltaOp::History { .. } => "DESCRIBE HISTORY",
        DeltaOp::Detail => "DESCRIBE DETAIL",
        DeltaOp::Vacuum { .. } => "VACUUM",
        DeltaOp::Restore { .. } => "RESTORE",
    };
    let name = table_name(session, name).await?;
    let folder = folder_named(session, &name, operation).await?;
    let snapshot = Snapshot::open(&folder, At::Latest).await?;
    match op {
        DeltaOp::History { limit } => history(&snapshot, *limit).await,
        DeltaOp::Detail => detail(&snapshot, &name, &folder.display().to_string()),
        DeltaOp::Vacuum { hours, dry_run } => {
            let checked = session.state.read().config.get(CHECK).is_none_or(|value| value != "false");
            let gone = snapshot.vacuum(*hours, *dry_run, checked).await?;
            let paths = match dry_run {
                true => gone.iter().map(|path| location_uri(&folder.join(path).display().to_string())).collect(),
                false => vec![location_uri(&folder.display().to_string())],
            };
            table(&[optional("path")], paths.into_iter().map(|path| vec![path.into()]).collect())
        }
        DeltaOp::Restore { to } => {
            let old = Snapshot::open(&folder, travelled(session, to).await?).await?;
            let restored = snapshot.restore(&old).await?;
            let columns = [
                long("table_size_after_restore"),
                long("num_of_files_after_restore"),
                long("num_removed_files"),
                long("num_restored_files"),
            ];
            let bytes: u64 = old.files.iter().map(|file| file.bytes).sum();
            let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
            let numbers = [
                i64::try_from(bytes).unwrap_or(i64::MAX),
                count(old.files.len()),
                count(restored.removed),
                count(restored.restored),
            ];
            table(&columns, vec![numbers.map(Into::into).to_vec()])
        }
    }
}

/// `OPTIMIZE`: small files are put together.
pub async fn optimize(session: &EmbeddedSession, name: &[String]) -> Result<Rows> {
    let folder = folder_named(session, name, "OPTIMIZE").await?;
    let done = Snapshot::open(&folder, At::Latest).await?.optimize().await?;
    let metrics = StructType::new([
        StructField::new("numFilesAdded", DataType::Long, false),
        StructField::new("numFilesRemoved", DataType::Long, false),
    ]);
    let schema = StructType::new([
        StructField::new("path", DataType::STRING, true),
        StructField::new("metrics", DataType::Struct(metrics.clone()), true),
    ]);
    let number = |number: u64| Arc::new(Int64Array::from(vec![i64::try_from(number).unwrap_or(i64::MAX)])) as ArrayRef;
    let fields = to_engine_schema(&metrics).fields().clone();
    let columns = vec![number(done.added), number(done.removed)];
    let metrics = datafusion::arrow::array::StructArray::try_new(fields, columns, None).map_err(Error::internal)?;
    let path = location_uri(&folder.display().to_string());
    one_batch(schema, vec![Arc::new(StringArray::from(vec![path])), Arc::new(metrics)])
}

/// The version that `VERSION AS OF` or `TIMESTAMP AS OF` says.
pub async fn travelled(session: &EmbeddedSession, travel: &TimeTravel) -> Result<At> {
    match travel {
        TimeTravel::Version(text) => {
            text.trim().parse().map(At::Version).map_err(|_| DELTA_TIMESTAMP_INVALID.with("expr", text))
        }
        TimeTravel::Timestamp(expr) => {
            let text = constant_text(session, expr).await?.unwrap_or_default();
            let zone = Zone::parse(session.state.read().config.time_zone()).unwrap_or(Zone::UTC);
            let now = session.shared.settings.clock.now().saturating_mul(1000);
            let micros = string_to_timestamp(&text, &zone, now);
            micros
                .map(|micros| At::Time(micros.div_euclid(1000)))
                .ok_or_else(|| DELTA_TIMESTAMP_INVALID.with("expr", text))
        }
    }
}

fn one_batch(schema: StructType, columns: Vec<ArrayRef>) -> Result<Rows> {
    let arrow = to_engine_schema(&schema);
    let cast = columns.iter().zip(schema.fields.iter());
    let columns = cast.map(|(column, field)| cast_array_to(column, &to_engine_arrow(&field.data_type)));
    let batch = RecordBatch::try_new(arrow, columns.collect::<Result<_>>()?).map_err(Error::internal)?;
    Ok((schema, vec![batch]))
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn map_type() -> DataType {
    DataType::map(DataType::STRING, DataType::STRING, true)
}

fn maps<'a>(values: impl Iterator<Item = &'a [(String, String)]>) -> Result<ArrayRef> {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for pairs in values {
        for (key, value) in pairs {
            builder.keys().append_value(key);
            builder.values().append_value(value);
        }
        builder.append(true).map_err(Error::internal)?;
    }
    Ok(Arc::new(builder.finish()))
}

fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let micros = values.map(|millis| millis.map(|millis| millis.saturating_mul(1000)));
    Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

async fn history(snapshot: &Snapshot, limit: Option<usize>) -> Result<Rows> {
    let entries = snapshot.history(limit).await?;
    let field = |name: &str, data_type: DataType| StructField::new(name, data_type, true);
    let note = DataType::structure([field("notebookId", DataType::STRING)]);
    let job = ["jobId", "jobName", "jobRunId", "runId", "jobOwnerId", "triggerType"];
    let job = DataType::structure(job.map(|name| field(name, DataType::STRING)));
    let schema = StructType::new([
        field("version", DataType::Long),
        field("timestamp", DataType::Timestamp),
        field("userId", DataType::STRING),
        field("userName", DataType::STRING),
        field("operation", DataType::STRING),
        field("operationParameters", map_type()),
        field("job", job.clone()),
        field("notebook", note.clone()),
        field("clusterId", DataType::STRING),
        field("readVersion", DataType::Long),
        field("isolationLevel", DataType::STRING),
        field("isBlindAppend", DataType::Boolean),
        field("operationMetrics", map_type()),
        field("userMetadata", DataType::STRING),
        field("engineInfo", DataType::STRING),
    ]);
    let nulls =
        |data_type: &DataType| datafusion::arrow::array::new_null_array(&to_engine_arrow(data_type), entries.len());
    let of = |value: fn(&hearth_delta::Entry) -> Option<String>| texts(entries.iter().map(value));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(entries.iter().map(|entry| Some(entry.version)).collect::<Int64Array>()),
        times(entries.iter().map(|entry| Some(entry.timestamp))),
        nulls(&DataType::STRING),
        of(|entry| entry.user.clone()),
        of(|entry| entry.operation.clone()),
        maps(entries.iter().map(|entry| entry.parameters.as_slice()))?,
        nulls(&job),
        nulls(&note),
        nulls(&DataType::STRING),
        Arc::new(entries.iter().map(|entry| entry.read_version).collect::<Int64Array>()),
        of(|entry| entry.isolation.clone()),
        Arc::new(entries.iter().map(|entry| entry.is_blind_append).collect::<BooleanArray>()),
        maps(entries.iter().map(|entry| entry.metrics.as_slice()))?,
        of(|entry| entry.user_metadata.clone()),
        of(|entry| entry.engine.clone()),
    ];
    one_batch(schema, columns)
}

fn detail(snapshot: &Snapshot, name: &[String], folder: &str) -> Result<Rows> {
    let field = |name: &str, data_type: DataType| StructField::new(name, data_type, true);
    let list = DataType::array(DataType::STRING, true);
    let schema = StructType::new([
        field("format", DataType::STRING),
        field("id", DataType::STRING),
        field("name", DataType::STRING),
        field("description", DataType::STRING),
        field("location", DataType::STRING),
        field("createdAt", DataType::Timestamp),
        field("lastModified", DataType::Timestamp),
        field("partitionColumns", list.clone()),
        field("clusteringColumns", list.clone()),
        field("numFiles", DataType::Long),
        field("sizeInBytes", DataType::Long),
        field("properties", map_type()),
        field("minReaderVersion", DataType::Integer),
        field("minWriterVersion", DataType::Integer),
        field("tableFeatures", list),
    ]);
    let one = |text: Option<String>| texts(std::iter::once(text));
    let shown = super::delta::path_of(name).is_none().then(|| name.join(".")).or_else(|| snapshot.name.clone());
    let bytes: u64 = snapshot.files.iter().map(|file| file.bytes).sum();
    let number = |number: u64| Arc::new(Int64Array::from(vec![i64::try_from(number).unwrap_or(i64::MAX)])) as ArrayRef;
    let columns: Vec<ArrayRef> = vec![
        one(Some("delta".to_owned())),
        one(Some(snapshot.id.clone())),
        one(shown),
        one(snapshot.description.clone()),
        one(Some(location_uri(folder))),
        times(std::iter::once(snapshot.created)),
        times(std::iter::once(snapshot.modified())),
        lists(&snapshot.partition_columns),
        lists(&[]),
        number(snapshot.files.len() as u64),
        number(bytes),
        maps(std::iter::once(snapshot.properties.as_slice()))?,
        Arc::new(Int32Array::from(vec![snapshot.reader_version])),
        Arc::new(Int32Array::from(vec![snapshot.writer_version])),
        lists(&snapshot.features),
    ];
    one_batch(schema, columns)
}

/// One list of texts.
fn lists(values: &[String]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    builder.append_value(values.iter().map(Some));
    Arc::new(builder.finish())
}
