//! What `df.write` asks for before a row is computed: sources, paths, buckets, and what a table that is there must
//! agree with. Spark checks these before it runs the query.

use hearth_base::condition::{
    APPEND_BUCKETING, APPEND_COLUMN_COUNT, APPEND_COLUMN_MISSING, APPEND_FORMAT, APPEND_LOCATION, APPEND_PARTITIONING,
    BUCKET_COLUMN_IS_PARTITION, CLUSTER_BY_WITH_BUCKETING, CLUSTER_BY_WITH_PARTITIONED_BY, INVALID_BUCKET_COUNT,
    INVALID_PARTITION_COLUMN_DATA_TYPE, INVALID_REQUEST, INVALID_TRANSFORM, SAVE_WITH_TWO_PATHS,
    SORT_COLUMN_IS_PARTITION, UNSUPPORTED_DATA_SOURCE_SAVE_MODE, UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
};
use hearth_base::error::ErrorKind;
use hearth_base::{Condition, Error, Result};
use hearth_plan::command::{SaveMode, Write};
use hearth_plan::{Expr, ExprNode, Options};
use hearth_types::{DataType, StructType};

use super::write::format_named;
use super::{columns, literal_text, options, path};
use crate::catalog::{TableRecord, location_uri};
use crate::session::EmbeddedSession;

const TWO_PATHS: &str = "spark.sql.legacy.pathOptionBehavior.enabled";
/// `spark.sql.sources.bucketing.maxBuckets`
const MAX_BUCKETS: i32 = 100_000;

/// What Java says of an argument, without a condition.
pub fn illegal(message: impl std::fmt::Display) -> Error {
    INVALID_REQUEST.with("message", message)
}

/// The path of `save`, which the option `path` may give in its place.
pub fn path(session: &EmbeddedSession, given: Option<&String>, write_options: &mut Options) -> Result<Option<String>> {
    let option = options::take(write_options, "path");
    let legacy = session.state.read().config.get(TWO_PATHS).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if given.is_some() && option.is_some() && !legacy {
        return Err(SAVE_WITH_TWO_PATHS.with("config", TWO_PATHS));
    }
    let path = given.cloned().or(option);
    match path.as_deref() {
        Some("") => Err(illegal("Can not create a Path from an empty string")),
        Some(_) | None => Ok(path),
    }
}

/// `noop` takes rows, it makes nothing.
pub fn check_nothing(mode: SaveMode, source: &str) -> Result<()> {
    let mode = match mode {
        SaveMode::Append | SaveMode::Overwrite => return Ok(()),
        SaveMode::ErrorIfExists | SaveMode::Unspecified => "ErrorIfExists",
        SaveMode::Ignore => "Ignore",
    };
    Err(UNSUPPORTED_DATA_SOURCE_SAVE_MODE.with("source", source).with("createMode", format!("\"{mode}\"")))
}

/// Partition columns of a write to files: each once, and of types that a folder's name can hold.
pub fn check_partition_columns(schema: &StructType, names: &[String], format: &str) -> Result<()> {
    columns::check_unique(names.iter().map(String::as_str))?;
    for name in names {
        let field = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        let Some(field) = field.filter(|field| !columns::can_partition(&field.data_type)) else { continue };
        if field.data_type == DataType::CalendarInterval {
            return Err(UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE
                .with("columnName", hearth_plan::identifier::quote(&[field.name.to_string()]))
                .with("columnType", field.data_type.quoted_sql())
                .with("format", crate::sinks::display_name(format)));
        }
        let shown = field.data_type.as_nullable().quoted_sql();
        return Err(INVALID_PARTITION_COLUMN_DATA_TYPE.with("type", shown));
    }
    Ok(())
}

/// Columns and the partition transforms that Spark knows.
pub fn check_transforms(expressions: &[Expr]) -> Result<()> {
    const TRANSFORMS: [&str; 5] = ["bucket", "years", "months", "days", "hours"];
    for expr in expressions {
        if let ExprNode::Function(call) = &expr.node {
            let name = call.name.join(".");
            if !TRANSFORMS.contains(&name.as_str()) {
                let shown = |argument: &Expr| match &argument.node {
                    ExprNode::Attribute { name, .. } => name.join("."),
                    ExprNode::Literal(value) => literal_text(value).unwrap_or_default(),
                    _ => String::new(),
                };
                let arguments: Vec<_> = call.arguments.iter().map(shown).collect();
                let name = hearth_types::ddl::quote_if_needed(&name);
                return Err(INVALID_TRANSFORM.with("expr", format!("{name}({})", arguments.join(", "))));
            }
        }
    }
    Ok(())
}

/// `clusterBy` stands alone.
pub fn check_layout(write: &Write) -> Result<()> {
    if write.cluster_columns.is_empty() {
        return Ok(());
    }
    if !write.partition_columns.is_empty() {
        return Err(Condition { kind: ErrorKind::Analysis, ..CLUSTER_BY_WITH_PARTITIONED_BY }.error());
    }
    match write.bucket {
        Some(_) => Err(CLUSTER_BY_WITH_BUCKETING.error()),
        None => Ok(()),
    }
}

/// Buckets of a new table: their number, and that their columns differ from one another and from partition columns.
pub fn check_buckets(record: &TableRecord) -> Result<()> {
    let Some((bucket_columns, count)) = &record.bucket else { return Ok(()) };
    if *count < 1 || *count > MAX_BUCKETS {
        return Err(Condition { kind: ErrorKind::Analysis, ..INVALID_BUCKET_COUNT }
            .with("bucketingMaxBuckets", MAX_BUCKETS)
            .with("numBuckets", count));
    }
    columns::check_unique(bucket_columns.iter().map(String::as_str))?;
    columns::check_unique(record.sort_columns.iter().map(String::as_str))?;
    let partitions = || record.partition_columns.join(", ");
    let is_partition = |name: &&String| record.partition_columns.iter().any(|other| other.eq_ignore_ascii_case(name));
    if let Some(column) = bucket_columns.iter().find(is_partition) {
        return Err(BUCKET_COLUMN_IS_PARTITION.with("bucketCol", column).with("normalizedPartCols", partitions()));
    }
    match record.sort_columns.iter().find(is_partition) {
        Some(column) => Err(SORT_COLUMN_IS_PARTITION.with("sortCol", column).with("normalizedPartCols", partitions())),
        None => Ok(()),
    }
}

/// What `saveAsTable` in append mode says of the table must be true.
pub fn check_append(
    session: &EmbeddedSession,
    write: &Write,
    format: &str,
    record: &TableRecord,
    schema: &StructType,
) -> Result<()> {
    let existing = record.format();
    if format_named(format)? != existing {
        return Err(APPEND_FORMAT
            .with("tableName", record.id.plain())
            .with("existingProvider", class_of(existing))
            .with("specifiedProvider", class_of(&format_named(format)?)));
    }
    let location = write.options.iter().find(|(key, _)| key.eq_ignore_ascii_case("path"));
    if let (Some((_, location)), Some(known)) = (location, &record.location) {
        let asked = path::absolute(location, session)?;
        if location_uri(&asked) != location_uri(known) {
            return Err(APPEND_LOCATION
                .with("identifier", record.id.quoted())
                .with("existingTableLoc", location_uri(known))
                .with("tableDescLoc", location_uri(&asked)));
        }
    }
    check_append_columns(record, schema)?;
    let same = write.partition_columns.iter().zip(&record.partition_columns);
    if write.partition_columns.len() != record.partition_columns.len()
        || same.into_iter().any(|(left, right)| !left.eq_ignore_ascii_case(right))
    {
        return Err(APPEND_PARTITIONING
            .with("tableName", record.id.plain())
            .with("specifiedPartCols", write.partition_columns.join(", "))
            .with("existingPartCols", record.partition_columns.join(", ")));
    }
    let asked = bucket_text(write.bucket.as_ref(), &write.sort_columns);
    let known = bucket_text(record.bucket.as_ref(), &record.sort_columns);
    if asked != known {
        return Err(APPEND_BUCKETING
            .with("tableName", record.id.plain())
            .with("specifiedBucketString", asked)
            .with("existingBucketString", known));
    }
    Ok(())
}

/// As many columns as the table has, and each of its names.
fn check_append_columns(record: &TableRecord, schema: &StructType) -> Result<()> {
    let text = |schema: &StructType| hearth_types::DataType::Struct(schema.clone()).simple_string();
    if schema.fields.len() != record.schema.fields.len() {
        return Err(APPEND_COLUMN_COUNT
            .with("tableName", record.id.plain())
            .with("existingTableSchema", text(&record.schema))
            .with("querySchema", text(schema)));
    }
    let has = |name: &str| schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    match record.schema.fields.iter().find(|field| !has(&field.name)) {
        Some(missing) => {
            let columns: Vec<_> = schema.fields.iter().map(|field| field.name.to_string()).collect();
            Err(APPEND_COLUMN_MISSING.with("col", &missing.name).with("inputColumns", columns.join(", ")))
        }
        None => Ok(()),
    }
}

/// The class of a format, by which Spark names it here.
fn class_of(format: &str) -> &str {
    match format {
        "parquet" => "ParquetDataSourceV2",
        "csv" => "CSVDataSourceV2",
        "json" => "JsonDataSourceV2",
        "orc" => "OrcDataSourceV2",
        "text" => "TextDataSourceV2",
        "xml" => "XmlFileFormat",
        "avro" => "AvroDataSourceV2",
        other => other,
    }
}

fn bucket_text(bucket: Option<&(Vec<String>, i32)>, sort_columns: &[String]) -> String {
    let Some((columns, count)) = bucket else { return "not bucketed".to_owned() };
    let sorted = match sort_columns {
        [] => String::new(),
        columns => format!(", sort columns: [{}]", columns.join(", ")),
    };
    format!("{count} buckets, bucket columns: [{}]{sorted}", columns.join(", "))
}
