//! Delta tables: the parquet files that a version of the table has, with the values of their partitions from its log.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{LogicalPlanBuilder, cast, ident};
use hearth_base::condition::{DELTA_TIMESTAMP_INVALID, INVALID_TIME_TRAVEL_SPEC, PATH_NOT_SPECIFIED};
use hearth_base::{Error, Result};
use hearth_delta::{At, DataFile, Snapshot};
use hearth_functions::SessionSettings;
use hearth_types::arrow::to_engine_arrow;
use hearth_types::datetime_parse::string_to_timestamp;
use hearth_types::{StructField, StructType, Zone};

use super::layout::{Layout, PlacedFile, partition_value};
use super::{Source, SourceRequest, parquet};
use crate::catalog::local_path;
use crate::error::from_datafusion;

pub(super) async fn open(request: &SourceRequest<'_>) -> Result<Source> {
    let folder = folder(request)?;
    let snapshot = Snapshot::open(&folder, at(request)?).await?;
    let schema = schema_of(&snapshot)?;
    if !snapshot.is_plain {
        let table = typed(snapshot.provider().await?, &schema)?;
        return Ok(Source { table, schema });
    }
    let is_partition =
        |field: &&StructField| snapshot.partition_columns.iter().any(|column| column.eq_ignore_ascii_case(&field.name));
    let partitions: Vec<_> = schema.fields.iter().filter(is_partition).cloned().collect();
    // The log has times in UTC.
    let settings = SessionSettings { time_zone: "UTC".to_owned(), ..request.settings.clone() };
    let files = snapshot.files.iter().map(|file| placed(file, &partitions, &settings)).collect::<Result<_>>()?;
    let known =
        SourceRequest { schema: Some(&schema), partition_columns: Some(&snapshot.partition_columns), ..*request };
    let source = parquet::open_files(&known, Layout { files, partitions })?;
    in_order(source, schema)
}

/// The columns of a version.
pub fn schema_of(snapshot: &Snapshot) -> Result<StructType> {
    StructType::from_json(&snapshot.schema)
}

fn folder(request: &SourceRequest<'_>) -> Result<PathBuf> {
    let [path] = request.paths else { return Err(PATH_NOT_SPECIFIED.error()) };
    let local = local_path(path).ok_or_else(|| Error::unsupported(format!("the file system of {path}")))?;
    std::path::absolute(local).map_err(Error::internal)
}

/// The options `versionAsOf` and `timestampAsOf`.
fn at(request: &SourceRequest<'_>) -> Result<At> {
    match (request.option("versionAsOf"), request.option("timestampAsOf")) {
        (Some(_), Some(_)) => Err(INVALID_TIME_TRAVEL_SPEC.error()),
        (Some(version), None) => {
            let number = version.trim().parse();
            number.map(At::Version).map_err(|_| DELTA_TIMESTAMP_INVALID.with("expr", version))
        }
        (None, Some(time)) => {
            let zone = Zone::parse(&request.settings.time_zone).unwrap_or(Zone::UTC);
            let micros = string_to_timestamp(time, &zone, request.settings.statement_micros);
            micros
                .map(|micros| At::Time(micros.div_euclid(1000)))
                .ok_or_else(|| DELTA_TIMESTAMP_INVALID.with("expr", time))
        }
        (None, None) => Ok(At::Latest),
    }
}

fn placed(file: &DataFile, partitions: &[StructField], settings: &SessionSettings) -> Result<PlacedFile> {
    let value = |field: &StructField| {
        let found = file.partition.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        // The log has an empty text for NULL.
        let text = found.and_then(|(_, text)| text.clone()).filter(|text| !text.is_empty());
        partition_value(text, field, settings)
    };
    let partition = partitions.iter().map(value).collect::<Result<_>>()?;
    Ok(PlacedFile { path: file.path.clone(), bytes: file.bytes, modified: file.modified, partition })
}

/// The columns of files come before those of partitions; a table's own order may be another.
fn in_order(source: Source, schema: StructType) -> Result<Source> {
    let same = source.schema.fields.iter().zip(schema.fields.iter()).all(|(left, right)| left.name == right.name);
    if same {
        return Ok(Source { schema, ..source });
    }
    let columns = schema.fields.iter().map(|field| ident(field.name.as_ref()));
    let plan = LogicalPlanBuilder::scan("delta", provider_as_source(source.table), None)
        .and_then(|scan| scan.project(columns))
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    Ok(Source { table: Arc::new(ViewTable::new(plan, None)), schema })
}

/// The columns of a foreign table in the engine's types.
fn typed(table: Arc<dyn TableProvider>, schema: &StructType) -> Result<Arc<dyn TableProvider>> {
    let columns = schema.fields.iter().map(|field| {
        let name = field.name.as_ref();
        cast(ident(name), to_engine_arrow(&field.data_type)).alias(name)
    });
    let plan = LogicalPlanBuilder::scan("delta", provider_as_source(table), None)
        .and_then(|scan| scan.project(columns))
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
