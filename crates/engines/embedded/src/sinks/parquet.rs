//! Parquet files as Spark writes them, with its schema in the footer. Timestamps are microseconds in UTC.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as Arrow, Field, Fields, Int32Type, IntervalUnit, IntervalYearMonthType, Schema, SchemaRef, TimeUnit,
};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::metadata::KeyValue;
use datafusion::parquet::file::properties::WriterProperties;
use hearth_base::condition::CODEC_NOT_AVAILABLE;
use hearth_base::{Error, Result};
use hearth_types::arrow::{cast_array_to, to_engine_schema};
use hearth_types::{DataType, StructType, Zone};

use super::WriteRequest;
use super::format::{FileFormat, FileWriter, check_types, option, zone};
use super::stage::failed;
use crate::SPARK_VERSION;

/// Small enough that a reader has work for several partitions.
const ROWS_PER_GROUP: usize = 256 * 1024;
const BYTES_PER_GROUP: usize = 128 << 20;
const CODECS: &str = "brotli, uncompressed, lzo, snappy, lz4_raw, none, zstd, lz4, gzip";

pub(super) fn open(request: &WriteRequest<'_>, data: &StructType) -> Result<Box<dyn FileFormat>> {
    check_types(data, "Parquet", &holds)?;
    let (_, zone) = zone(request)?;
    let name = option(request.options, "compression").or_else(|| option(request.options, "parquet.compression"));
    let (compression, extension) = codec(name.unwrap_or("snappy"))?;
    let engine = to_engine_schema(data);
    let fields: Fields = engine.fields().iter().map(|field| to_file(field)).collect();
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_max_row_group_bytes(Some(BYTES_PER_GROUP))
        .set_created_by(format!("hearth {}", env!("CARGO_PKG_VERSION")))
        // Lists and maps in the names of the format's specification.
        .set_coerce_types(true)
        .set_key_value_metadata(Some(vec![
            pair("org.apache.spark.version", SPARK_VERSION.to_owned()),
            pair("org.apache.spark.sql.parquet.row.metadata", data.json()),
        ]))
        .build();
    Ok(Box::new(Parquet { schema: Arc::new(Schema::new(fields)), properties, extension, zone }))
}

/// Whether parquet has the type.
pub(super) fn holds(data_type: &DataType) -> bool {
    match data_type {
        DataType::CalendarInterval => false,
        DataType::Array(array) => holds(&array.element),
        DataType::Map(map) => holds(&map.key) && holds(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| holds(&field.data_type)),
        DataType::Udt(udt) => holds(&udt.sql_type),
        _ => true,
    }
}

fn codec(name: &str) -> Result<(Compression, &'static str)> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "none" | "uncompressed" => (Compression::UNCOMPRESSED, ".parquet"),
        "snappy" => (Compression::SNAPPY, ".snappy.parquet"),
        "gzip" => (Compression::GZIP(Default::default()), ".gz.parquet"),
        "zstd" => (Compression::ZSTD(ZstdLevel::default()), ".zstd.parquet"),
        "lz4" => (Compression::LZ4, ".lz4hadoop.parquet"),
        "lz4_raw" => (Compression::LZ4_RAW, ".lz4raw.parquet"),
        "brotli" => (Compression::BROTLI(Default::default()), ".br.parquet"),
        "lzo" => return Err(Error::unsupported("parquet files compressed with lzo")),
        name => return Err(CODEC_NOT_AVAILABLE.with("codecName", name).with("availableCodecs", CODECS)),
    })
}

/// The engine's type as a file has it: intervals are whole numbers there, times microseconds.
fn to_file(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(to_file(field));
    let data_type = match field.data_type() {
        Arrow::Interval(IntervalUnit::YearMonth) => Arrow::Int32,
        Arrow::Duration(_) => Arrow::Int64,
        Arrow::Time64(_) => Arrow::Time64(TimeUnit::Microsecond),
        Arrow::List(element) => Arrow::List(inner(element)),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(inner).collect()),
        Arrow::Map(entries, sorted) => Arrow::Map(inner(entries), *sorted),
        other => other.clone(),
    };
    Field::new(field.name(), data_type, field.is_nullable())
}

struct Parquet {
    schema: SchemaRef,
    properties: WriterProperties,
    extension: &'static str,
    zone: Zone,
}

impl FileFormat for Parquet {
    fn extension(&self) -> &str {
        self.extension
    }

    fn create(&self, path: PathBuf) -> Result<Box<dyn FileWriter>> {
        let file = File::create(&path).map_err(|error| failed(&path, error))?;
        // Without Arrow's own schema in the file, readers see the plain types.
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.clone())
            .with_skip_arrow_metadata(true)
            .with_schema_root("spark_schema".to_owned());
        let writer = ArrowWriter::try_new_with_options(file, Arc::clone(&self.schema), options)
            .map_err(|error| failed(&path, error))?;
        Ok(Box::new(ParquetFile { path, writer, schema: Arc::clone(&self.schema) }))
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}

struct ParquetFile {
    path: PathBuf,
    writer: ArrowWriter<File>,
    schema: SchemaRef,
}

impl ParquetFile {
    fn failed(path: &Path) -> impl Fn(datafusion::parquet::errors::ParquetError) -> Error {
        move |error| failed(path, error)
    }
}

impl FileWriter for ParquetFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| to_file_array(column, field.data_type())).collect::<Result<_>>()?;
        let batch = RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
        );
        self.writer.write(&batch.map_err(Error::internal)?).map_err(Self::failed(&self.path))
    }

    fn memory(&self) -> usize {
        self.writer.memory_size()
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(Self::failed(&self.path))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { path, writer, .. } = *self;
        writer.close().map(drop).map_err(Self::failed(&path))
    }
}

/// A column in the form of the file.
fn to_file_array(array: &ArrayRef, target: &Arrow) -> Result<ArrayRef> {
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    Ok(match (array.data_type(), target) {
        (Arrow::Interval(IntervalUnit::YearMonth), Arrow::Int32) => {
            Arc::new(array.as_primitive::<IntervalYearMonthType>().reinterpret_cast::<Int32Type>())
        }
        (Arrow::Duration(_) | Arrow::Time64(_), to) => cast(array, to).map_err(Error::internal)?,
        (Arrow::List(_), Arrow::List(element)) => {
            let list = array.as_list::<i32>();
            let values = to_file_array(list.values(), element.data_type())?;
            let list = ListArray::try_new(Arc::clone(element), list.offsets().clone(), values, list.nulls().cloned());
            Arc::new(list.map_err(Error::internal)?)
        }
        (Arrow::Map(..), Arrow::Map(entries, sorted)) => {
            let map = array.as_map();
            let values: ArrayRef = Arc::new(map.entries().clone());
            let values = to_file_array(&values, entries.data_type())?.as_struct().clone();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, values, nulls, *sorted).map_err(Error::internal)?)
        }
        (Arrow::Struct(_), Arrow::Struct(fields)) => {
            let row = array.as_struct();
            let columns = row.columns().iter().zip(fields);
            let columns = columns.map(|(column, field)| to_file_array(column, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let row = StructArray::try_new_with_length(fields.clone(), columns, row.nulls().cloned(), row.len());
            Arc::new(row.map_err(Error::internal)?)
        }
        (_, to) => cast_array_to(array, to)?,
    })
}
