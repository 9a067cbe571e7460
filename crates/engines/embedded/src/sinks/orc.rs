//! ORC files, written by orc-rust. It has no decimals and no nested types yet.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef, TimeUnit};
use hearth_base::condition::TASK_WRITE_FAILED;
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType, Zone};
use orc_rust::ArrowWriterBuilder;
use orc_rust::compression::CompressionType;

use super::WriteRequest;
use super::format::{self, FileFormat, FileWriter, check_types};
use crate::catalog::location_uri;

/// What a stripe may hold.
const STRIPE_BYTES: usize = 16 << 20;

struct Orc {
    extension: String,
    codec: Option<CompressionType>,
    schema: SchemaRef,
    zone: Zone,
}

pub(super) fn open(request: &WriteRequest<'_>, data: &StructType) -> Result<Box<dyn FileFormat>> {
    check_types(data, "ORC", &holds)?;
    if let Some(field) = data.fields.iter().find(|field| arrow(&field.data_type).is_none()) {
        return Err(Error::unsupported(format!("writing {} to ORC", field.data_type.sql())));
    }
    let named =
        format::option(request.options, "compression").or_else(|| format::option(request.options, "orc.compress"));
    let (codec, mark) = match named.unwrap_or("zstd").to_ascii_lowercase().as_str() {
        "none" | "uncompressed" => (None, ""),
        "snappy" => (Some(CompressionType::Snappy), ".snappy"),
        "zlib" => (Some(CompressionType::Zlib), ".zlib"),
        "lz4" => (Some(CompressionType::Lz4), ".lz4"),
        "zstd" => (Some(CompressionType::Zstd), ".zstd"),
        other => {
            return Err(hearth_base::condition::CODEC_NOT_AVAILABLE
                .with("codecName", other)
                .with("availableCodecs", "brotli, uncompressed, lz4, lzo, snappy, zlib, none, zstd"));
        }
    };
    let field =
        |field: &StructField| Field::new(field.name.as_ref(), arrow(&field.data_type).unwrap_or(Arrow::Null), true);
    let schema = Arc::new(Schema::new(data.fields.iter().map(field).collect::<Vec<_>>()));
    let (_, zone) = format::zone(request)?;
    Ok(Box::new(Orc { extension: format!("{mark}.orc"), codec, schema, zone }))
}

/// Whether Spark's ORC files have the type.
fn holds(data_type: &DataType) -> bool {
    match data_type {
        DataType::CalendarInterval | DataType::Null | DataType::Variant => false,
        DataType::Array(array) => holds(&array.element),
        DataType::Map(map) => holds(&map.key) && holds(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| holds(&field.data_type)),
        DataType::Udt(udt) => holds(&udt.sql_type),
        _ => true,
    }
}

/// The form of a type that the writer takes; Spark's timestamps are ORC's plain ones, in UTC.
fn arrow(data_type: &DataType) -> Option<Arrow> {
    match to_engine_arrow(data_type) {
        Arrow::Timestamp(_, _) => Some(Arrow::Timestamp(TimeUnit::Microsecond, None)),
        known @ (Arrow::Boolean
        | Arrow::Int8
        | Arrow::Int16
        | Arrow::Int32
        | Arrow::Int64
        | Arrow::Float32
        | Arrow::Float64
        | Arrow::Utf8
        | Arrow::Binary
        | Arrow::Date32) => Some(known),
        _ => None,
    }
}

impl FileFormat for Orc {
    fn extension(&self) -> &str {
        &self.extension
    }

    fn create(&self, path: PathBuf) -> Result<Box<dyn FileWriter>> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let (schema, codec, place) = (Arc::clone(&self.schema), self.codec, path.clone());
        let work = move || write_all(&place, schema, codec, &receiver);
        let thread = thread::Builder::new().name("orc".to_owned()).spawn(work).map_err(Error::internal)?;
        Ok(Box::new(OrcFile {
            path,
            schema: Arc::clone(&self.schema),
            sender: Some(sender),
            thread: Some(thread),
            held: 0,
        }))
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}

/// Writes the batches that come until the other side is gone.
fn write_all(
    path: &Path,
    schema: SchemaRef,
    codec: Option<CompressionType>,
    batches: &mpsc::Receiver<RecordBatch>,
) -> std::result::Result<(), String> {
    let file = File::create(path).map_err(|error| error.to_string())?;
    let mut builder = ArrowWriterBuilder::new(file, schema).with_stripe_byte_size(STRIPE_BYTES);
    if let Some(codec) = codec {
        builder = builder.with_compression(codec);
    }
    let mut writer = builder.try_build().map_err(|error| error.to_string())?;
    for batch in batches {
        writer.write(&batch).map_err(|error| error.to_string())?;
    }
    writer.close().map_err(|error| error.to_string())
}

/// A file and the thread that writes it: orc-rust's writer stays on the thread that made it.
struct OrcFile {
    path: PathBuf,
    schema: SchemaRef,
    sender: Option<mpsc::SyncSender<RecordBatch>>,
    thread: Option<JoinHandle<std::result::Result<(), String>>>,
    /// Bytes since the last stripe, about.
    held: usize,
}

impl OrcFile {
    /// Ends the thread, and says how it went.
    fn join(&mut self) -> Result<()> {
        self.sender = None;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let outcome = thread.join().unwrap_or_else(|_| Err("its thread died".to_owned()));
        let path = location_uri(&self.path.to_string_lossy());
        outcome.map_err(|error| TASK_WRITE_FAILED.with("path", path).caused_by(error))
    }
}

impl Drop for OrcFile {
    fn drop(&mut self) {
        let _ = self.join();
    }
}

impl FileWriter for OrcFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| match field.data_type() {
            // The instant itself, as in UTC.
            Arrow::Timestamp(_, None) => {
                let micros = cast(column, &Arrow::Int64).map_err(Error::internal)?;
                cast(&micros, field.data_type()).map_err(Error::internal)
            }
            other => hearth_types::arrow::cast_array_to(column, other),
        });
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_>>()?);
        let batch = batch.map_err(Error::internal)?;
        self.held = (self.held + batch.get_array_memory_size()).min(2 * STRIPE_BYTES);
        let gone = self.sender.as_ref().is_none_or(|sender| sender.send(batch).is_err());
        if gone { self.join() } else { Ok(()) }
    }

    fn memory(&self) -> usize {
        self.held
    }

    /// Stripes are written when they are full.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.join()
    }
}
