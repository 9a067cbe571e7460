//! The columns of parquet files: as Spark wrote them down, or as the files' own types say. All may be NULL, as in Spark.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::datatypes::{DataType as Arrow, Field, FieldRef, TimeUnit};
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::basic::Type as Physical;
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use hearth_base::condition::{CANNOT_MERGE_SCHEMAS, CANNOT_READ_FILE_FOOTER};
use hearth_base::{Error, Result};
use hearth_types::arrow::from_arrow_field;
use hearth_types::{DataType, StructField, StructType};
use std::sync::Arc;

use crate::catalog::location_uri;

/// Where Spark writes its own schema into a file.
const SPARK_SCHEMA: &str = "org.apache.spark.sql.parquet.row.metadata";

/// The columns of one file, all of which may be NULL.
pub fn read(path: &Path) -> Result<Vec<StructField>> {
    Ok(written(path)?.iter().map(StructField::as_nullable).collect())
}

/// The columns of one file, as they were written.
pub fn written(path: &Path) -> Result<Vec<StructField>> {
    let uri = location_uri(&path.to_string_lossy());
    let broken = |error: String| CANNOT_READ_FILE_FOOTER.with("path", &uri).caused_by(error);
    let file = File::open(path).map_err(|error| broken(error.to_string()))?;
    let reader = SerializedFileReader::new(file).map_err(|error| broken(error.to_string()))?;
    let metadata = reader.metadata().file_metadata();
    let written = metadata.key_value_metadata().into_iter().flatten().find(|pair| pair.key == SPARK_SCHEMA);
    if let Some(json) = written.and_then(|pair| pair.value.as_deref())
        && let Ok(DataType::Struct(schema)) = DataType::from_json(json)
    {
        return Ok(schema.fields.to_vec());
    }
    let descriptor = metadata.schema_descr();
    // Spark does not know the Arrow schema that other writers leave in the file.
    let arrow = parquet_to_arrow_schema(descriptor, None).map_err(|error| Error::internal(error).with("path", &uri))?;
    let old_times = descriptor.columns().iter().any(|column| column.physical_type() == Physical::INT96);
    let fields = arrow.fields().iter().map(|field| {
        let field = if old_times { instants(field) } else { field.as_ref().clone() };
        from_arrow_field(&field)
    });
    fields.collect()
}

/// Timestamps of 96 bits are instants in Spark; Arrow sees nanoseconds of a wall clock in them.
fn instants(field: &FieldRef) -> Field {
    let inner = |field: &FieldRef| Arc::new(instants(field));
    let data_type = match field.data_type() {
        Arrow::Timestamp(TimeUnit::Nanosecond, None) => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Arrow::List(element) => Arrow::List(inner(element)),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(inner).collect()),
        Arrow::Map(entries, sorted) => Arrow::Map(inner(entries), *sorted),
        other => other.clone(),
    };
    field.as_ref().clone().with_data_type(data_type)
}

/// `mergeSchema`: the columns of all files.
pub fn merge(left: Vec<StructField>, right: Vec<StructField>) -> Result<Vec<StructField>> {
    let text =
        |fields: &[StructField]| format!("\"{}\"", DataType::Struct(StructType::new(fields.iter().cloned())).sql());
    merge_fields(&left, &right)
        .ok_or_else(|| CANNOT_MERGE_SCHEMAS.with("left", text(&left)).with("right", text(&right)))
}

fn merge_fields(left: &[StructField], right: &[StructField]) -> Option<Vec<StructField>> {
    let mut merged = left.to_vec();
    for field in right {
        match merged.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&field.name)) {
            Some(known) => known.data_type = merge_types(&known.data_type, &field.data_type)?,
            None => merged.push(field.clone()),
        }
    }
    Some(merged)
}

fn merge_types(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (left, right) if left.as_nullable() == right.as_nullable() => Some(left.as_nullable()),
        (DataType::Struct(left), DataType::Struct(right)) => {
            merge_fields(&left.fields, &right.fields).map(|fields| DataType::Struct(StructType::new(fields)))
        }
        (DataType::Array(left), DataType::Array(right)) => {
            merge_types(&left.element, &right.element).map(|element| DataType::array(element, true))
        }
        (DataType::Map(left), DataType::Map(right)) => {
            Some(DataType::map(merge_types(&left.key, &right.key)?, merge_types(&left.value, &right.value)?, true))
        }
        (_, _) => None,
    }
}
