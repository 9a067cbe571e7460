//! `df.write` and `df.writeTo`: where the rows go and what happens to what is there.

use std::path::Path;

use hearth_analyzer::{Analyzed, holds_time};
use hearth_base::condition::{
    ALL_PARTITION_COLUMNS_NOT_ALLOWED, AMBIGUOUS_REFERENCE, APPEND_TO_VIEW, BUCKETS_NOT_SUPPORTED_BY_WRITE,
    CLUSTER_BY_WITH_PARTITIONED_BY, DATA_SOURCE_NOT_FOUND, EXPECT_TABLE_NOT_VIEW, EXTERNAL_METADATA_UNSUPPORTED,
    HIVE_FILES, HIVE_SUPPORT_REQUIRED, KAFKA_MISSING, PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO,
    PARTITION_COLUMN_NOT_IN_SCHEMA, PATH_NOT_SPECIFIED, SAVE_IN_UNKNOWN_CATALOG, SORT_BY_WITHOUT_BUCKETING,
    TABLE_OR_VIEW_ALREADY_EXISTS, UNSUPPORTED_TIME_TYPE, WRITE_FOR_BINARY_SOURCE,
};
use hearth_base::error::ErrorKind;
use hearth_base::{Condition, Error, Result};
use hearth_plan::command::{Insert, InsertMode, InsertTarget, SaveMode, Write, WriteTarget, WriteV2, WriteV2Mode};
use hearth_plan::relation::{NamedTable, TableName};
use hearth_plan::{Name, Options, Relation, RelationNode};
use hearth_types::StructType;

use super::lookup::Scope;
use super::table::{fill, new_record, partition_by_expressions};
use super::{Written, clustering, columns, delta, insert, options, path, save};
use crate::catalog::{DELTA, TableKind, TableRecord};
use crate::execute::Query;
use crate::run;
use crate::session::EmbeddedSession;
use crate::sinks::{self, WriteMode, WriteRequest};

/// Where files go and how.
#[derive(Debug, Clone, Copy)]
pub struct FileWrite<'a> {
    pub format: &'a str,
    pub path: &'a Path,
    pub partition_columns: &'a [String],
    pub mode: WriteMode,
    pub options: &'a [(String, String)],
    pub static_partition: &'a [(String, Option<String>)],
}

/// Runs a query and writes its rows to files.
pub async fn files(session: &EmbeddedSession, analyzed: &Analyzed, write: FileWrite<'_>) -> Result<u64> {
    if write.format == DELTA {
        return delta::write(session, analyzed, &write, delta::Extra::default()).await;
    }
    let mut query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
    if let Some(count) = analyzed.partitions {
        query = query.in_partitions(count)?;
    }
    let time_zone = session.state.read().config.time_zone().to_owned();
    sinks::write(WriteRequest {
        query,
        schema: &analyzed.schema,
        format: write.format,
        path: write.path,
        partition_columns: write.partition_columns,
        mode: write.mode,
        options: write.options,
        static_partition: write.static_partition,
        time_zone: &time_zone,
    })
    .await
}

/// Where Spark's own formats have stood, in this version and older ones.
const FORMAT_HOMES: [&str; 4] = [
    "org.apache.spark.sql.execution.datasources.",
    "org.apache.spark.sql.hive.",
    "org.apache.spark.sql.",
    "com.databricks.spark.",
];

/// The lower-case name of a format that files can have.
pub fn format_named(given: &str) -> Result<String> {
    let name = given.to_lowercase();
    let short = FORMAT_HOMES.iter().find_map(|home| name.strip_prefix(home)).unwrap_or(&name);
    // A class behind a package of the format's name.
    let short = if short.len() < name.len() { short.split('.').next().unwrap_or(short) } else { short };
    match short {
        "parquet" | "csv" | "json" | "text" | "xml" | "orc" | "avro" | "delta" => Ok(short.to_owned()),
        "binaryfile" => Err(WRITE_FOR_BINARY_SOURCE.error()),
        "hive" => Err(HIVE_FILES.with("operation", "write")),
        "kafka" => Err(KAFKA_MISSING.with("provider", given)),
        "jdbc" => Err(Error::unsupported(format!("tables and files of the format {short}"))),
        _ => Err(DATA_SOURCE_NOT_FOUND.with("provider", given)),
    }
}

/// How many rows a table has.
pub async fn count_rows(session: &EmbeddedSession, record: &TableRecord) -> Result<u64> {
    let table =
        NamedTable { name: TableName::from(record.id.parts()), options: Vec::new(), is_streaming: false, travel: None };
    count(session, &Relation::new(RelationNode::NamedTable(table))).await
}

/// How many rows a query has.
pub async fn count(session: &EmbeddedSession, relation: &Relation) -> Result<u64> {
    let analyzed = run::analyze(session, relation).await?;
    let mut rows = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?.rows()?;
    let mut count = 0u64;
    while let Some(batch) = rows.next().await? {
        count += u64::try_from(batch.num_rows()).unwrap_or_default();
    }
    Ok(count)
}

/// `df.write…`; gives what the rows are observed for.
pub async fn write(session: &EmbeddedSession, write: &Write) -> Result<Written> {
    if !write.sort_columns.is_empty() && write.bucket.is_none() {
        return Err(SORT_BY_WITHOUT_BUCKETING.error());
    }
    match &write.target {
        WriteTarget::Nothing => to_path(session, write, None).await,
        WriteTarget::Path(path) => to_path(session, write, Some(path)).await,
        WriteTarget::SaveAsTable(name) => save_as_table(session, write, name).await,
        WriteTarget::InsertInto(name) => insert_into(session, write, name).await,
    }
}

fn default_format(session: &EmbeddedSession, format: Option<&String>) -> String {
    let state = session.state.read();
    format.cloned().or_else(|| state.config.get("spark.sql.sources.default").map(Into::into)).unwrap_or_default()
}

async fn to_path(session: &EmbeddedSession, write: &Write, path: Option<&String>) -> Result<Written> {
    if write.bucket.is_some() {
        return Err(BUCKETS_NOT_SUPPORTED_BY_WRITE.with("operation", "save"));
    }
    let mut write_options = write.options.clone();
    let path = save::path(session, path, &mut write_options)?;
    let format = default_format(session, write.format.as_ref());
    let analyzed = run::analyze(session, &write.input).await?;
    if format.eq_ignore_ascii_case("noop") {
        save::check_nothing(write.mode, "noop")?;
        run_only(session, &analyzed).await?;
        return Ok(Written { metrics: analyzed.metrics, rows: 0 });
    }
    let format = format_named(&format)?;
    let Some(path) = path.as_ref() else { return Err(PATH_NOT_SPECIFIED.error()) };
    if format == DELTA
        && let Some(condition) = delta::replace_where(write)?
    {
        let record = delta::target(session, &[DELTA.to_owned(), path.clone()]).await?;
        return delta::replace_matching(session, write, &record, &condition).await;
    }
    // Fields of CSV have no names.
    if format != "csv" {
        columns::check_unique(analyzed.schema.fields.iter().map(|field| &*field.name))?;
    }
    check_partitioning(&analyzed.schema, &write.partition_columns, &format)?;
    let time_type = session.state.read().config.time_type();
    if !time_type && analyzed.schema.fields.iter().any(|field| holds_time(&field.data_type)) {
        return Err(UNSUPPORTED_TIME_TYPE.error());
    }
    let dynamic = is_dynamic(session, &write_options) && !write.partition_columns.is_empty();
    let mode = match write.mode {
        SaveMode::Append => WriteMode::Append,
        SaveMode::Overwrite if dynamic => WriteMode::OverwritePartitions,
        SaveMode::Overwrite => WriteMode::Overwrite,
        SaveMode::ErrorIfExists | SaveMode::Unspecified => WriteMode::ErrorIfExists,
        SaveMode::Ignore => WriteMode::Ignore,
    };
    let target = FileWrite {
        format: &format,
        path: &path::target(path, session)?,
        partition_columns: &write.partition_columns,
        mode,
        options: &write_options,
        static_partition: &[],
    };
    let rows = files(session, &analyzed, target).await?;
    Ok(Written { metrics: analyzed.metrics, rows })
}

/// Runs a query for its effects.
async fn run_only(session: &EmbeddedSession, analyzed: &Analyzed) -> Result<()> {
    let mut rows = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?.rows()?;
    while rows.next().await?.is_some() {}
    Ok(())
}

/// Whether an overwrite replaces only the partitions that get rows.
pub fn is_dynamic(session: &EmbeddedSession, options: &Options) -> bool {
    const OPTION: &str = "partitionOverwriteMode";
    let option = options.iter().find(|(key, _)| key.eq_ignore_ascii_case(OPTION)).map(|(_, value)| value.clone());
    let state = session.state.read();
    let mode = option.or_else(|| state.config.get("spark.sql.sources.partitionOverwriteMode").map(Into::into));
    mode.is_some_and(|mode| mode.eq_ignore_ascii_case("dynamic"))
}

fn check_partitioning(schema: &StructType, partition_columns: &[String], format: &str) -> Result<()> {
    for column in partition_columns {
        if !schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(column)) {
            let text = hearth_types::DataType::Struct(schema.clone()).simple_string();
            return Err(PARTITION_COLUMN_NOT_IN_SCHEMA.with("col", column).with("schemaCatalog", text));
        }
        let same: Vec<_> = schema.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(column)).collect();
        if same.len() > 1 {
            let quoted = format!("`{column}`");
            let all = vec![quoted.as_str(); same.len()].join(", ");
            return Err(AMBIGUOUS_REFERENCE.with("name", &quoted).with("referenceNames", format!("[{all}]")));
        }
    }
    save::check_partition_columns(schema, partition_columns, format)?;
    if !partition_columns.is_empty() && partition_columns.len() == schema.fields.len() {
        return Err(ALL_PARTITION_COLUMNS_NOT_ALLOWED.error());
    }
    Ok(())
}

async fn save_as_table(session: &EmbeddedSession, write: &Write, name: &Name) -> Result<Written> {
    save::check_layout(write)?;
    let format = default_format(session, write.format.as_ref());
    let scope = Scope::new(session);
    let id = match name.as_slice() {
        [_, _, _, ..] => scope.table_id(name).map_err(|_| SAVE_IN_UNKNOWN_CATALOG.with("quote", name.join(".")))?,
        _ => scope.table_id(name)?,
    };
    scope.catalog().database(&id.database_id())?;
    let known = scope.catalog().table(&id);
    if let Some(view) = known.as_ref().filter(|known| known.is_view()) {
        match write.mode {
            SaveMode::Append => return Err(APPEND_TO_VIEW.error()),
            // A table takes its place.
            SaveMode::Overwrite if !session.is_warehouse() => scope.catalog().drop_table(&view.id)?,
            SaveMode::Overwrite => {
                return Err(EXPECT_TABLE_NOT_VIEW.with("viewName", view.id.quoted()).with("operation", "saveAsTable"));
            }
            SaveMode::ErrorIfExists | SaveMode::Unspecified | SaveMode::Ignore => {}
        }
    }
    let known = known.filter(|known| !known.is_view() || write.mode != SaveMode::Overwrite);
    if let (Some(record), SaveMode::Append | SaveMode::Overwrite) = (&known, write.mode)
        && record.format() == DELTA
        && write.format.as_ref().is_none_or(|format| format.eq_ignore_ascii_case(DELTA))
    {
        return delta::save(session, write, record).await;
    }
    let replace = match (&known, write.mode) {
        (Some(_), SaveMode::ErrorIfExists | SaveMode::Unspecified) => {
            return Err(TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", id.quoted()));
        }
        (Some(_), SaveMode::Ignore) => return Ok(Written::default()),
        (Some(record), SaveMode::Append) => return append(session, write, &format, record).await,
        (Some(_), SaveMode::Overwrite) => true,
        (None, _) => false,
    };
    match format.to_ascii_lowercase().as_str() {
        "hive" => return Err(HIVE_SUPPORT_REQUIRED.with("cmd", "CREATE Hive TABLE (AS SELECT)")),
        "noop" => {
            let shown = hearth_plan::identifier::quote(&[id.database.clone(), id.name.clone()]);
            return Err(EXTERNAL_METADATA_UNSUPPORTED.with("tableName", shown).with("provider", format));
        }
        _ => {}
    }
    let analyzed = run::analyze(session, &write.input).await?;
    if let Some(record) = known.as_ref().filter(|_| replace) {
        insert::check_not_read(session, &analyzed, record)?;
    }
    let mut record = new_record(session, &id, write.format.as_deref())?;
    let mut write_options = write.options.clone();
    if let Some(location) = options::take(&mut write_options, "path") {
        record.kind = TableKind::External;
        record.location = Some(path::absolute(&location, session)?);
    }
    record.options = write_options;
    record.schema = analyzed.schema.without_notes().with_lengths().as_nullable();
    record.partition_columns.clone_from(&write.partition_columns);
    record.bucket.clone_from(&write.bucket);
    record.sort_columns.clone_from(&write.sort_columns);
    cluster(&mut record, &write.cluster_columns)?;
    save::check_buckets(&record)?;
    let appends = write.mode == SaveMode::Append;
    let rows = super::table::fill_with(session, record, &analyzed, replace, appends).await?;
    Ok(Written { metrics: analyzed.metrics, rows })
}

/// `clusterBy`
fn cluster(record: &mut TableRecord, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<Name> =
        names.iter().map(|name| hearth_plan::identifier::parse_multipart_identifier(name)).collect::<Result<_>>()?;
    clustering::set(&mut record.properties, &record.schema, &names)
}

/// `saveAsTable` in append mode: columns go by name, and format and partitioning must be the table's.
async fn append(session: &EmbeddedSession, write: &Write, format: &str, record: &TableRecord) -> Result<Written> {
    let schema = run::analyze(session, &write.input).await?.schema;
    save::check_append(session, write, format, record, &schema)?;
    insert::insert(session, &plain_insert(record.id.parts(), &write.input, InsertMode::Append, true)).await
}

fn plain_insert(table: Name, query: &Relation, mode: InsertMode, by_name: bool) -> Insert {
    Insert {
        target: InsertTarget::Table(TableName::from(table)),
        partition: Vec::new(),
        if_partition_not_exists: false,
        columns: Vec::new(),
        by_name,
        mode,
        query: Box::new(query.clone()),
    }
}

async fn insert_into(session: &EmbeddedSession, write: &Write, name: &Name) -> Result<Written> {
    if !write.partition_columns.is_empty() {
        return Err(PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO.with("tableName", name.join(".")));
    }
    if write.bucket.is_some() {
        return Err(BUCKETS_NOT_SUPPORTED_BY_WRITE.with("operation", "insertInto"));
    }
    let mode = if write.mode == SaveMode::Overwrite { InsertMode::Overwrite } else { InsertMode::Append };
    insert::insert(session, &plain_insert(name.clone(), &write.input, mode, false)).await
}

/// `df.writeTo…`. Spark refuses all but `create` for file tables; here the rest works as on Spark's other tables.
pub async fn write_v2(session: &EmbeddedSession, write: &WriteV2) -> Result<Written> {
    if !write.cluster_columns.is_empty() && !write.partitioning.is_empty() {
        return Err(Condition { kind: ErrorKind::Analysis, ..CLUSTER_BY_WITH_PARTITIONED_BY }.error());
    }
    let scope = Scope::new(session);
    let by_name = |mode: InsertMode| plain_insert(write.table.clone(), &write.input, mode, true);
    let replace = match &write.mode {
        WriteV2Mode::Create => false,
        WriteV2Mode::Replace | WriteV2Mode::CreateOrReplace => true,
        WriteV2Mode::Append => return insert::insert(session, &by_name(InsertMode::Append)).await,
        WriteV2Mode::OverwritePartitions => {
            return insert::overwrite_partitions(session, &by_name(InsertMode::Overwrite)).await;
        }
        WriteV2Mode::Overwrite(condition) => {
            let always = match condition {
                None => true,
                Some(condition) => insert::is_always_true(condition),
            };
            if let (false, Some(condition)) = (always, condition)
                && delta::is_target(session, &write.table).await?
            {
                return insert::insert(session, &by_name(InsertMode::ReplaceWhere(condition.clone()))).await;
            }
            if !always {
                return Err(insert::v1_table(&scope, &write.table)?);
            }
            return insert::insert(session, &by_name(InsertMode::Overwrite)).await;
        }
    };
    let id = scope.table_id(&write.table)?;
    scope.catalog().database(&id.database_id())?;
    match (scope.catalog().table(&id), &write.mode) {
        (Some(_), WriteV2Mode::Create) => return Err(TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", id.quoted())),
        (None, WriteV2Mode::Replace) => return Err(id.not_found_here()),
        (Some(known), _) if known.is_view() => {
            return Err(EXPECT_TABLE_NOT_VIEW
                .with("viewName", id.quoted())
                .with("operation", "REPLACE TABLE AS SELECT"));
        }
        (Some(_) | None, _) => {}
    }
    save::check_transforms(&write.partitioning)?;
    let analyzed = run::analyze(session, &write.input).await?;
    let mut record = new_record(session, &id, write.provider.as_deref())?;
    record.options.clone_from(&write.options);
    if let Some(location) = options::take(&mut record.options, "path") {
        record.kind = TableKind::External;
        record.location = Some(path::absolute(&location, session)?);
    }
    record.properties.clone_from(&write.properties);
    record.schema = analyzed.schema.without_notes().with_lengths().as_nullable();
    partition_by_expressions(&mut record, &write.partitioning)?;
    cluster(&mut record, &write.cluster_columns)?;
    save::check_buckets(&record)?;
    let rows = fill(session, record, &analyzed, replace).await?;
    Ok(Written { metrics: analyzed.metrics, rows })
}
