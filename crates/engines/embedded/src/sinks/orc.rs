//! ORC files, as Spark writes them: of all its types, with its own names of those that ORC has not.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use hearth_base::condition::{CODEC_NOT_AVAILABLE, TASK_WRITE_FAILED};
use hearth_base::{Error, Result};
use hearth_types::arrow::{cast_array_to, to_engine_schema};
use hearth_types::{DataType, StructType, Zone};

use super::WriteRequest;
use super::format::{self, FileFormat, FileWriter, check_types};
use crate::catalog::location_uri;
use crate::orc::writer::Failure;
use crate::orc::{Codec, OrcWriter};

struct Orc {
    extension: String,
    codec: Codec,
    columns: StructType,
    schema: SchemaRef,
    zone: Zone,
}

pub(super) fn open(request: &WriteRequest<'_>, data: &StructType) -> Result<Box<dyn FileFormat>> {
    check_types(data, "ORC", &holds)?;
    let named =
        format::option(request.options, "compression").or_else(|| format::option(request.options, "orc.compress"));
    let (codec, mark) = match named.unwrap_or("zstd").to_ascii_lowercase().as_str() {
        "none" | "uncompressed" => (Codec::None, ""),
        "snappy" => (Codec::Snappy, ".snappy"),
        "zlib" => (Codec::Zlib, ".zlib"),
        "lz4" => (Codec::Lz4, ".lz4"),
        "zstd" => (Codec::Zstd, ".zstd"),
        name @ ("lzo" | "brotli") => return Err(Error::unsupported(format!("ORC files compressed with {name}"))),
        other => {
            return Err(CODEC_NOT_AVAILABLE
                .with("codecName", other)
                .with("availableCodecs", "brotli, uncompressed, lz4, lzo, snappy, zlib, none, zstd"));
        }
    };
    let (_, zone) = format::zone(request)?;
    let schema = to_engine_schema(data);
    Ok(Box::new(Orc { extension: format!("{mark}.orc"), codec, columns: data.clone(), schema, zone }))
}

/// Whether Spark's ORC files have the type.
fn holds(data_type: &DataType) -> bool {
    match data_type {
        DataType::CalendarInterval
        | DataType::Null
        | DataType::Variant
        | DataType::Geometry { .. }
        | DataType::Geography { .. } => false,
        DataType::Array(array) => holds(&array.element),
        DataType::Map(map) => holds(&map.key) && holds(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| holds(&field.data_type)),
        DataType::Udt(udt) => holds(&udt.sql_type),
        _ => true,
    }
}

impl FileFormat for Orc {
    fn extension(&self) -> &str {
        &self.extension
    }

    fn create(&self, path: PathBuf) -> Result<Box<dyn FileWriter>> {
        let file = File::create(&path).map_err(|error| failed(&path, Failure::Io(error.to_string())))?;
        let out = BufWriter::new(file);
        let writer = OrcWriter::new(out, &self.columns.fields, self.codec, crate::SPARK_VERSION);
        let writer = writer.map_err(|error| failed(&path, error))?;
        Ok(Box::new(OrcFile { path, schema: SchemaRef::clone(&self.schema), writer }))
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}

fn failed(path: &Path, failure: Failure) -> Error {
    match failure {
        Failure::Io(error) => TASK_WRITE_FAILED.with("path", location_uri(&path.to_string_lossy())).caused_by(error),
        Failure::Other(error) => error,
    }
}

struct OrcFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: OrcWriter<BufWriter<File>>,
}

impl FileWriter for OrcFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| cast_array_to(column, field.data_type()));
        let fields = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = datafusion::arrow::datatypes::Schema::new(fields.collect::<Vec<_>>());
        let batch = RecordBatch::try_new(SchemaRef::new(schema), columns.collect::<Result<_>>()?);
        self.writer.write(&batch.map_err(Error::internal)?).map_err(|error| failed(&self.path, error))
    }

    fn memory(&self) -> usize {
        self.writer.memory()
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.end_stripe().map_err(|error| failed(&self.path, error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { path, writer, .. } = *self;
        writer.finish().map_err(|error| failed(&path, error))
    }
}
