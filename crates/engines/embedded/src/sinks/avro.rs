//! Avro files, written by arrow-avro with the schema that Spark writes.
//!
//! arrow-avro writes rows by the schema that it is given, but puts one of its own into the file's head. So the head is
//! written here, and what it writes before its first block is dropped.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroOcfFormat;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Fields, Schema, SchemaRef};
use hearth_base::condition::{CODEC_SHORT_NAME_NOT_FOUND, TASK_WRITE_FAILED};
use hearth_base::{Error, Result};
use hearth_types::arrow::{cast_array_to, to_engine_arrow};
use hearth_types::{DataType, StructType, Zone};
use serde_json::{Value, json};

use super::WriteRequest;
use super::format::{self, FileFormat, FileWriter, check_types};
use crate::catalog::location_uri;

/// Where arrow-avro looks for the schema to write.
const SCHEMA: &str = "avro.schema";

struct Avro {
    extension: String,
    codec: Option<CompressionCodec>,
    schema: SchemaRef,
    zone: Zone,
}

pub(super) fn open(request: &WriteRequest<'_>, data: &StructType) -> Result<Box<dyn FileFormat>> {
    check_types(data, "Avro", &holds)?;
    if let Some(field) = data.fields.iter().find(|field| !is_written(&field.data_type)) {
        return Err(Error::unsupported(format!("writing {} to Avro", field.data_type.sql())));
    }
    let option = |key: &str| format::option(request.options, key);
    let name = option("compression").unwrap_or("snappy").to_ascii_lowercase();
    let (codec, mark) = match name.as_str() {
        "uncompressed" => (None, ""),
        "snappy" => (Some(CompressionCodec::Snappy), ".snappy"),
        "deflate" => (Some(CompressionCodec::Deflate), ".deflate"),
        "bzip2" => (Some(CompressionCodec::Bzip2), ".bzip2"),
        "zstandard" => (Some(CompressionCodec::ZStandard), ".zstandard"),
        "xz" => return Err(Error::unsupported("Avro files compressed with xz")),
        other => return Err(CODEC_SHORT_NAME_NOT_FOUND.with("codecName", other)),
    };
    let json = match option("avroSchema") {
        Some(given) => given.to_owned(),
        None => {
            let name = option("recordName").unwrap_or("topLevelRecord");
            record(&data.fields, name, option("recordNamespace").unwrap_or_default()).to_string()
        }
    };
    let fields: Fields = data
        .fields
        .iter()
        .map(|field| Field::new(field.name.as_ref(), arrow(&to_engine_arrow(&field.data_type)), field.nullable))
        .collect();
    let schema = Schema::new_with_metadata(fields, [(SCHEMA.to_owned(), json)].into());
    let (_, zone) = format::zone(request)?;
    Ok(Box::new(Avro { extension: format!("{mark}.avro"), codec, schema: Arc::new(schema), zone }))
}

/// The types that Spark puts into Avro.
pub(super) fn holds(data_type: &DataType) -> bool {
    match data_type {
        DataType::CalendarInterval | DataType::Variant | DataType::Geometry { .. } | DataType::Geography { .. } => {
            false
        }
        DataType::Array(array) => holds(&array.element),
        DataType::Map(map) => map.key.is_string() && holds(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| holds(&field.data_type)),
        DataType::Udt(udt) => holds(&udt.sql_type),
        _ => true,
    }
}

/// Those of them that are written here: readers would not know intervals from numbers.
fn is_written(data_type: &DataType) -> bool {
    match data_type {
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } | DataType::Time { .. } => false,
        DataType::Array(array) => is_written(&array.element),
        DataType::Map(map) => is_written(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| is_written(&field.data_type)),
        DataType::Udt(udt) => is_written(&udt.sql_type),
        _ => true,
    }
}

fn record(fields: &[hearth_types::StructField], name: &str, namespace: &str) -> Value {
    let below = within(name, namespace);
    let field = |field: &hearth_types::StructField| json!({"name": field.name.as_ref(), "type": type_of(&field.data_type, field.nullable, &field.name, &below)});
    let fields: Vec<_> = fields.iter().map(field).collect();
    match namespace {
        "" => json!({"type": "record", "name": name, "fields": fields}),
        namespace => json!({"type": "record", "name": name, "namespace": namespace, "fields": fields}),
    }
}

fn within(name: &str, namespace: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

/// As Spark's `SchemaConverters` says it: a type that may be NULL is a union with `null` behind.
fn type_of(data_type: &DataType, nullable: bool, name: &str, namespace: &str) -> Value {
    let logical = |physical: &str, logical: &str| json!({"type": physical, "logicalType": logical});
    let found = match data_type {
        DataType::Null => return json!("null"),
        DataType::Boolean => json!("boolean"),
        DataType::Byte | DataType::Short | DataType::Integer => json!("int"),
        DataType::Long => json!("long"),
        DataType::Float => json!("float"),
        DataType::Double => json!("double"),
        DataType::Binary => json!("bytes"),
        DataType::Date => logical("int", "date"),
        DataType::Timestamp => logical("long", "timestamp-micros"),
        DataType::TimestampNtz => logical("long", "local-timestamp-micros"),
        DataType::Decimal { precision, scale } => json!({
            "type": "fixed",
            "name": "fixed",
            "namespace": within(name, namespace),
            "size": bytes_of(*precision),
            "logicalType": "decimal",
            "precision": precision,
            "scale": scale,
        }),
        DataType::Array(array) => {
            json!({"type": "array", "items": type_of(&array.element, array.contains_null, name, namespace)})
        }
        DataType::Map(map) => {
            json!({"type": "map", "values": type_of(&map.value, map.value_contains_null, name, namespace)})
        }
        DataType::Struct(structure) => record(&structure.fields, name, namespace),
        DataType::Udt(udt) => return type_of(&udt.sql_type, nullable, name, namespace),
        _ => json!("string"),
    };
    if nullable { json!([found, "null"]) } else { found }
}

/// The fewest bytes that hold all numbers of so many digits.
fn bytes_of(precision: u8) -> u32 {
    let largest = 10_i128.pow(u32::from(precision.min(38))) - 1;
    (1..16).find(|bytes| largest < 1_i128 << (8 * bytes - 1)).unwrap_or(16)
}

/// The form that the writer takes: Avro has no small whole numbers.
fn arrow(data_type: &Arrow) -> Arrow {
    let inner = |field: &Arc<Field>| Arc::new(field.as_ref().clone().with_data_type(arrow(field.data_type())));
    match data_type {
        Arrow::Int8 | Arrow::Int16 => Arrow::Int32,
        Arrow::List(element) => Arrow::List(inner(element)),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(inner).collect()),
        Arrow::Map(entries, sorted) => Arrow::Map(inner(entries), *sorted),
        other => other.clone(),
    }
}

impl Avro {
    /// The head of an object container file.
    fn head(&self, marker: &[u8; 16]) -> Vec<u8> {
        let codec = match self.codec {
            None => "null",
            Some(CompressionCodec::Deflate) => "deflate",
            Some(CompressionCodec::Snappy) => "snappy",
            Some(CompressionCodec::ZStandard) => "zstandard",
            Some(CompressionCodec::Bzip2) => "bzip2",
            Some(CompressionCodec::Xz) => "xz",
        };
        let schema = self.schema.metadata().get(SCHEMA).map_or("", String::as_str);
        let pairs = [(SCHEMA, schema), ("org.apache.spark.version", crate::SPARK_VERSION), ("avro.codec", codec)];
        let mut head = b"Obj\x01".to_vec();
        put_length(&mut head, pairs.len());
        for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
            put_length(&mut head, text.len());
            head.extend_from_slice(text.as_bytes());
        }
        put_length(&mut head, 0);
        head.extend_from_slice(marker);
        head
    }
}

/// A length as Avro has whole numbers: zigzag, seven bits at a time.
fn put_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = (length as u64) << 1;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push((rest & 0x7f) as u8);
}

/// A file whose head is written by somebody else.
struct Body {
    file: File,
    starts: Arc<AtomicBool>,
}

impl Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.starts.load(Ordering::Acquire) { self.file.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl FileFormat for Avro {
    fn extension(&self) -> &str {
        &self.extension
    }

    fn create(&self, path: PathBuf) -> Result<Box<dyn FileWriter>> {
        let mut file = File::create(&path).map_err(|error| failed(&path, error))?;
        let starts = Arc::new(AtomicBool::new(false));
        let body = file.try_clone().map_err(|error| failed(&path, error))?;
        let body = Body { file: body, starts: Arc::clone(&starts) };
        let builder = WriterBuilder::new(self.schema.as_ref().clone()).with_compression(self.codec);
        let writer = builder.build::<_, AvroOcfFormat>(body).map_err(|error| failed(&path, error))?;
        let marker = writer.sync_marker().copied().unwrap_or_default();
        file.write_all(&self.head(&marker)).map_err(|error| failed(&path, error))?;
        starts.store(true, Ordering::Release);
        Ok(Box::new(AvroFile { path, schema: Arc::clone(&self.schema), writer }))
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}

fn failed(path: &std::path::Path, error: impl std::fmt::Display) -> Error {
    TASK_WRITE_FAILED.with("path", location_uri(&path.to_string_lossy())).caused_by(error.to_string())
}

/// A file; each batch is written as a block when it comes.
struct AvroFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: arrow_avro::writer::Writer<Body, AvroOcfFormat>,
}

impl FileWriter for AvroFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| cast_array_to(column, field.data_type()));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_>>()?);
        let batch = batch.map_err(Error::internal)?;
        self.writer.write(&batch).map_err(|error| failed(&self.path, error))
    }

    fn memory(&self) -> usize {
        0
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.writer.finish().map_err(|error| failed(&self.path, error))
    }
}
