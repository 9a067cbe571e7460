//! How files of a format are made. Formats are an open set, looked up by name.

use std::path::PathBuf;

use datafusion::arrow::array::RecordBatch;
use hearth_base::condition::{DATA_SOURCE_NOT_FOUND, EMPTY_SCHEMA_NOT_SUPPORTED, UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE};
use hearth_base::{Error, Result};
use hearth_functions::records::TextFormat;
use hearth_types::{DataType, StructType, Zone};

use super::{WriteRequest, avro, orc, parquet, text};

/// The format that writes nothing.
pub const NOTHING: &str = "noop";

/// Makes files of one format for the columns of one write.
pub trait FileFormat: Send + Sync {
    /// `.snappy.parquet`
    fn extension(&self) -> &str;
    fn create(&self, path: PathBuf) -> Result<Box<dyn FileWriter>>;
    /// In which timestamps are told, also in the names of folders.
    fn zone(&self) -> &Zone;
}

/// A file that is being written.
pub trait FileWriter: Send {
    /// Rows in the engine's form, without the columns of the partitions.
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;
    /// Bytes held.
    fn memory(&self) -> usize;
    /// Writes out what is held, as far as the format can.
    fn flush(&mut self) -> Result<()>;
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The format of a request, for files of `data`'s columns.
pub fn open(request: &WriteRequest<'_>, data: &StructType) -> Result<Box<dyn FileFormat>> {
    check_schema(request.format, data)?;
    match crate::sources::names::short(request.format).as_str() {
        "parquet" => parquet::open(request, data),
        "csv" => text::open_records(request, data, TextFormat::Csv),
        "json" => text::open_records(request, data, TextFormat::Json),
        "xml" => text::open_records(request, data, TextFormat::Xml),
        "text" => text::open_text(request, data),
        NOTHING => Ok(Box::new(Nothing)),
        "orc" => orc::open(request, data),
        "avro" => avro::open(request, data),
        _ => Err(DATA_SOURCE_NOT_FOUND.with("provider", request.format)),
    }
}

/// An option's value; keys compare without case.
pub fn option<'a>(options: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = options.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value.as_str())
}

/// The session's zone, or the one of the option `timeZone`.
pub fn zone(request: &WriteRequest<'_>) -> Result<(String, Zone)> {
    let id = option(request.options, "timeZone").unwrap_or(request.time_zone);
    let zone = Zone::parse(id).ok_or_else(|| Error::unsupported(format!("the time zone {id}")))?;
    Ok((id.to_owned(), zone))
}

/// How Spark calls the format in errors about columns.
pub fn display_name(format: &str) -> String {
    match format.to_ascii_lowercase().as_str() {
        "parquet" => "Parquet".to_owned(),
        "text" => "Text".to_owned(),
        other => other.to_uppercase(),
    }
}

/// A file without columns says nothing.
fn check_schema(format: &str, data: &StructType) -> Result<()> {
    if data.fields.is_empty() && format != NOTHING {
        return Err(EMPTY_SCHEMA_NOT_SUPPORTED.with("format", display_name(format)));
    }
    Ok(())
}

/// Refuses columns whose types the format does not have.
pub fn check_types(data: &StructType, format: &str, holds: &dyn Fn(&DataType) -> bool) -> Result<()> {
    match data.fields.iter().find(|field| !holds(&field.data_type)) {
        Some(field) => Err(UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE
            .with("columnName", hearth_plan::identifier::quote(&[field.name.to_string()]))
            .with("columnType", format!("\"{}\"", field.data_type.sql()))
            .with("format", format)),
        None => Ok(()),
    }
}

/// Refuses the columns of a new table that its format does not have.
pub fn check_columns(format: &str, data: &StructType) -> Result<()> {
    match format.to_ascii_lowercase().as_str() {
        "text" => check_types(data, "Text", &|data_type| matches!(data_type, DataType::String { .. })),
        "csv" => check_types(data, "CSV", &|data_type| text::holds(TextFormat::Csv, data_type)),
        "json" => check_types(data, "JSON", &|data_type| text::holds(TextFormat::Json, data_type)),
        "parquet" => check_types(data, "Parquet", &parquet::holds),
        "avro" => check_types(data, "Avro", &avro::holds),
        _ => Ok(()),
    }
}

struct Nothing;

impl FileFormat for Nothing {
    fn extension(&self) -> &str {
        ""
    }

    fn create(&self, _path: PathBuf) -> Result<Box<dyn FileWriter>> {
        Err(Error::internal("a noop write has no files"))
    }

    fn zone(&self) -> &Zone {
        &Zone::UTC
    }
}
