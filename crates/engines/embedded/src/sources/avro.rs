//! Avro files, read by arrow-avro. All columns may be NULL, as in Spark.
//!
//! Files are not trusted: `container` looks whether one is whole, and a decoder that gives up on what is inside of a
//! block is an error of the file.

mod container;

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow_avro::codec::Tz;
use arrow_avro::reader::{Reader, ReaderBuilder};
use arrow_avro::schema::AvroSchema;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, TimeUnit};
use hearth_base::Result;
use hearth_base::condition::{FAILED_READ_FILE, UNABLE_TO_INFER_SCHEMA};
use hearth_types::StructField;
use hearth_types::arrow::from_arrow_field;

use super::batches::{self, BatchFormat};
use super::layout::{Layout, PlacedFile};
use super::{Source, SourceRequest};
use crate::catalog::location_uri;

const BATCH_ROWS: usize = 8192;
const READER_SCHEMA: &str = "avroSchema";

pub(super) fn open(request: &SourceRequest<'_>) -> Result<Source> {
    let layout = Layout::find(request)?;
    let columns = match request.schema {
        Some(schema) => schema.fields.to_vec(),
        None => match layout.files.first() {
            Some(first) => columns_of(&first.path, request.option(READER_SCHEMA))?,
            None => return Err(UNABLE_TO_INFER_SCHEMA.with("format", "Avro")),
        },
    };
    let columns: Vec<_> = layout.without_partitions(&columns).into_iter().map(|field| field.as_nullable()).collect();
    let schema = request.option(READER_SCHEMA).map(ToOwned::to_owned);
    let by_place = super::is_true(request.option("positionalFieldMatching"), false);
    let names = by_place.then(|| columns.iter().map(|field| field.name.to_string()).collect());
    batches::table(request, layout, columns, Arc::new(Avro { schema, names }))
}

fn failed(path: &Path, error: impl std::fmt::Display) -> hearth_base::Error {
    let path = location_uri(&path.to_string_lossy());
    FAILED_READ_FILE.with("path", path).caused_by(error.to_string())
}

fn reader(path: &Path, schema: Option<&str>, projection: Option<Vec<usize>>) -> Result<Reader<BufReader<File>>> {
    let file = File::open(path).map_err(|error| failed(path, error))?;
    let builder = ReaderBuilder::new().with_batch_size(BATCH_ROWS).with_tz(Tz::Utc);
    let builder = match schema {
        Some(schema) => builder.with_reader_schema(AvroSchema::new(schema.to_owned())),
        None => builder,
    };
    let builder = match projection {
        Some(places) => builder.with_projection(places),
        None => builder,
    };
    trusting_nothing(path, || builder.build(BufReader::new(file)))
}

/// Runs the decoder. It panics on some damaged files, which must not be told as a fault of the server.
fn trusting_nothing<T, E: std::fmt::Display>(path: &Path, decode: impl FnOnce() -> Result<T, E>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(outcome) => outcome.map_err(|error| failed(path, error)),
        Err(_) => Err(failed(path, "its content is damaged")),
    }
}

fn columns_of(path: &Path, schema: Option<&str>) -> Result<Vec<StructField>> {
    container::check(path).map_err(|error| failed(path, error))?;
    let schema = reader(path, schema, None)?.schema();
    let fields = schema.fields().iter();
    fields.map(|field| from_arrow_field(&plain(field)).map(|field| field.as_nullable())).collect()
}

/// The field with the types that Spark has for Avro's.
fn plain(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(plain(field));
    let data_type = match field.data_type() {
        Arrow::Timestamp(_, zone) => Arrow::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| "UTC".into())),
        // Enumerations
        Arrow::Dictionary(_, value) => value.as_ref().clone(),
        Arrow::FixedSizeBinary(_) => Arrow::Binary,
        Arrow::List(element) => Arrow::List(inner(element)),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(inner).collect()),
        Arrow::Map(entries, sorted) => Arrow::Map(inner(entries), *sorted),
        other => other.clone(),
    };
    Field::new(field.name(), data_type, field.is_nullable())
}

#[derive(Debug)]
struct Avro {
    /// The option `avroSchema`: in which the rows are wanted.
    schema: Option<String>,
    /// With `positionalFieldMatching`: the names of the columns, in the order of the files'.
    names: Option<Vec<String>>,
}

impl Avro {
    /// The rows with the names of the columns in whose places they are.
    fn named(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let Some(names) = &self.names else { return Ok(batch) };
        let known = batch.schema();
        let name = |(at, field): (usize, &Arc<Field>)| match names.get(at) {
            Some(name) => field.as_ref().clone().with_name(name),
            None => field.as_ref().clone().with_name(format!("\u{1}{at}")),
        };
        let fields: Vec<_> = known.fields().iter().enumerate().map(name).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec())
            .map_err(hearth_base::Error::internal)
    }
}

impl BatchFormat for Avro {
    fn read(
        &self,
        file: &PlacedFile,
        wanted: &[String],
        send: &mut dyn FnMut(RecordBatch) -> Result<bool>,
    ) -> Result<()> {
        container::check(&file.path).map_err(|error| failed(&file.path, error))?;
        let schema = self.schema.as_deref();
        let whole = reader(&file.path, schema, None)?;
        if self.names.is_some() {
            let mut batches = whole;
            while let Some(batch) = trusting_nothing(&file.path, || batches.next().transpose())? {
                if !send(self.named(batch)?)? {
                    return Ok(());
                }
            }
            return Ok(());
        }
        let given = schema;
        let schema = whole.schema();
        let is_wanted = |name: &str| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        let places: Vec<_> =
            schema.fields().iter().enumerate().filter(|(_, field)| is_wanted(field.name())).map(|(at, _)| at).collect();
        // Rows without columns are counted by those that they have.
        let is_part = !places.is_empty() && places.len() < schema.fields().len();
        let mut batches = if is_part { reader(&file.path, given, Some(places))? } else { whole };
        while let Some(batch) = trusting_nothing(&file.path, || batches.next().transpose())? {
            if !send(batch)? {
                return Ok(());
            }
        }
        Ok(())
    }
}
