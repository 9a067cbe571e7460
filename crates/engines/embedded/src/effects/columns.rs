//! The columns of a new table: as declared, as Spark keeps them, and a query's columns in that order.

use std::collections::HashSet;
use std::path::Path;

use hearth_analyzer::{Analyzed, StoreAssignment, WriteTarget, align_for_write};
use hearth_base::condition::{
    ALL_PARTITION_COLUMNS_NOT_ALLOWED, COLUMN_ALREADY_EXISTS, COLUMN_NOT_DEFINED_IN_TABLE,
    INVALID_BUCKET_COLUMN_DATA_TYPE, INVALID_PARTITION_COLUMN_DATA_TYPE, TABLE_OPERATION, UNABLE_TO_INFER_SCHEMA,
};
use hearth_base::{Error, Result};
use hearth_plan::catalog::{ColumnDef, CreateTable, TableColumns};
use hearth_plan::expression::TypeRef;
use hearth_plan::identifier::quote;
use hearth_types::ddl::parse_data_type;
use hearth_types::metadata::{COMMENT, CURRENT_DEFAULT};
use hearth_types::{Collation, DataType, StructField, StructType};

use crate::catalog::TableRecord;
use crate::catalog::partitions::unescape;
use crate::session::EmbeddedSession;

/// What a column's default was when the column was made: older files have no value for it.
pub const EXISTS_DEFAULT: &str = "EXISTS_DEFAULT";

/// The columns that `CREATE TABLE` declares, those of `PARTITIONED BY (a INT)` last.
pub async fn declared(session: &EmbeddedSession, new: &CreateTable) -> Result<StructType> {
    let mut fields = match &new.columns {
        TableColumns::Inferred => Vec::new(),
        TableColumns::Schema(DataType::Struct(schema)) => schema.fields.to_vec(),
        TableColumns::Schema(_) => return Err(Error::unsupported("a table whose schema is no struct")),
        TableColumns::Columns(columns) => columns.iter().map(field).collect::<Result<Vec<_>>>()?,
    };
    fields.extend(new.partition_columns.iter().map(field).collect::<Result<Vec<_>>>()?);
    for field in &fields {
        super::insert::check_default(session, field, "CREATE TABLE").await?;
    }
    Ok(StructType::new(fields))
}

/// A declared column as a field; default and comment go into its metadata.
pub fn field(column: &ColumnDef) -> Result<StructField> {
    if column.generated.is_some() {
        return Err(TABLE_OPERATION
            .with("tableName", quote(std::slice::from_ref(&column.name)))
            .with("operation", "generated columns"));
    }
    let mut field = StructField::new(column.name.as_str(), type_of(&column.data_type)?, column.nullable);
    if let Some(default) = &column.default_text {
        field = field.with_metadata_text(CURRENT_DEFAULT, default).with_metadata_text(EXISTS_DEFAULT, default);
    }
    if let Some(comment) = &column.comment {
        field = field.with_metadata_text(COMMENT, comment);
    }
    Ok(field)
}

/// Sets or removes a column's default.
pub fn with_default(field: StructField, default: Option<&str>) -> StructField {
    match default {
        Some(text) => field.with_metadata_text(CURRENT_DEFAULT, text),
        None => {
            let mut metadata = field.metadata_object();
            metadata.remove(CURRENT_DEFAULT);
            field.with_metadata_object(metadata)
        }
    }
}

pub fn type_of(data_type: &TypeRef) -> Result<DataType> {
    match data_type {
        TypeRef::Known(data_type) => Ok(data_type.clone()),
        TypeRef::Text(text) => parse_data_type(text),
    }
}

/// Brings a new table's columns into the form that Spark keeps: data columns nullable, partition columns last in the
/// order of `PARTITIONED BY`.
pub fn finish(record: &mut TableRecord) -> Result<()> {
    if record.schema.fields.is_empty() {
        let format = record.provider.as_deref().unwrap_or_default();
        return Err(UNABLE_TO_INFER_SCHEMA.with("format", display_name(format)));
    }
    check_unique(record.schema.fields.iter().map(|field| &*field.name))?;
    let mut partitions = Vec::new();
    for column in &record.partition_columns {
        let found = record.schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(column));
        partitions.push(found.cloned().ok_or_else(|| not_defined(record, "partition", column))?);
    }
    check_unique(partitions.iter().map(|field| &*field.name))?;
    if !partitions.is_empty() && partitions.len() == record.schema.fields.len() {
        return Err(ALL_PARTITION_COLUMNS_NOT_ALLOWED.error());
    }
    if let Some(field) = partitions.iter().find(|field| !can_partition(&field.data_type)) {
        return Err(INVALID_PARTITION_COLUMN_DATA_TYPE.with("type", format!("\"{}\"", field.data_type.sql())));
    }
    for column in record.bucket.iter().flat_map(|(columns, _)| columns) {
        if !record.schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(column)) {
            return Err(not_defined(record, "bucket", column));
        }
        let has_collation =
            |field: &&StructField| field.name.eq_ignore_ascii_case(column) && Collation::is_in(&field.data_type);
        if let Some(field) = record.schema.fields.iter().find(has_collation) {
            return Err(INVALID_BUCKET_COLUMN_DATA_TYPE.with("type", format!("\"{}\"", field.data_type.sql())));
        }
    }
    for column in &record.sort_columns {
        if !record.schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(column)) {
            return Err(not_defined(record, "sort", column));
        }
    }
    let data = record.schema.fields.iter().filter(|field| !partitions.iter().any(|other| other.name == field.name));
    let data: Vec<_> = data.map(StructField::as_nullable).collect();
    record.partition_columns = partitions.iter().map(|field| field.name.to_string()).collect();
    record.schema = StructType::new(data.into_iter().chain(partitions));
    Ok(())
}

/// As Spark names a format in errors.
fn display_name(format: &str) -> String {
    match format {
        "parquet" => "Parquet".to_owned(),
        "text" => "Text".to_owned(),
        other => other.to_uppercase(),
    }
}

/// Whether a value of the type can be a folder's name.
pub fn can_partition(data_type: &DataType) -> bool {
    // Folders of values that are equal and look otherwise would be two.
    !Collation::is_in(data_type)
        && !matches!(
            data_type,
            DataType::Array(_)
                | DataType::Map(_)
                | DataType::Struct(_)
                | DataType::Variant
                | DataType::Null
                | DataType::CalendarInterval
                | DataType::Udt(_)
        )
}

fn not_defined(record: &TableRecord, kind: &str, column: &str) -> Error {
    let columns: Vec<_> = record.schema.fields.iter().map(|field| quote(&[field.name.to_string()])).collect();
    COLUMN_NOT_DEFINED_IN_TABLE
        .with("colType", kind)
        .with("colName", quote(&[column.to_owned()]))
        .with("tableName", record.id.quoted())
        .with("tableCols", columns.join(", "))
}

/// Refuses names that differ in case only.
pub fn check_unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        let name = name.to_lowercase();
        if !seen.insert(name.clone()) {
            return Err(COLUMN_ALREADY_EXISTS.with("columnName", quote(&[name])));
        }
    }
    Ok(())
}

/// The query with its columns in the order of the new table's.
pub async fn in_order(session: &EmbeddedSession, analyzed: &Analyzed, record: &TableRecord) -> Result<Analyzed> {
    let same =
        analyzed.schema.fields.iter().zip(record.schema.fields.iter()).all(|(left, right)| left.name == right.name);
    if same {
        return Ok(Analyzed { schema: record.schema.clone(), ..analyzed.clone() });
    }
    let state = session.snapshot();
    let view = hearth_analyzer::SessionView::new(crate::resolve::settings(session, &state));
    let defaults = vec![None; record.schema.fields.len()];
    let target = WriteTarget {
        table: &record.id.quoted(),
        schema: &record.schema,
        by_name: true,
        columns: &[],
        defaults: &defaults,
        policy: StoreAssignment::Ansi,
    };
    align_for_write(analyzed, &view, &target)
}

/// The partition columns that the folders below a location have: the first of each level says it.
pub fn folder_columns(folder: &Path) -> Vec<String> {
    let mut columns = Vec::new();
    let mut at = folder.to_path_buf();
    while let Ok(entries) = std::fs::read_dir(&at) {
        let mut folders: Vec<_> = entries.flatten().filter(|entry| entry.path().is_dir()).collect();
        folders.sort_by_key(std::fs::DirEntry::file_name);
        let next = folders.iter().find_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.split_once('=').map(|(column, _)| (unescape(column), entry.path()))
        });
        let Some((column, path)) = next else { break };
        columns.push(column);
        at = path;
    }
    columns
}
