//! ORC files, read by orc-rust. All columns may be NULL, as in Spark.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType as Arrow, Field, TimeUnit};
use hearth_base::Result;
use hearth_base::condition::{CANNOT_READ_FILE_FOOTER, FAILED_READ_FILE, UNABLE_TO_INFER_SCHEMA};
use hearth_types::StructField;
use hearth_types::arrow::from_arrow_field;
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;
use orc_rust::schema::TimestampPrecision;

use super::batches::{self, BatchFormat};
use super::layout::{Layout, PlacedFile};
use super::{Source, SourceRequest, is_true, parquet};
use crate::catalog::location_uri;

pub(super) fn open(request: &SourceRequest<'_>) -> Result<Source> {
    let layout = Layout::find(request)?;
    let columns = match request.schema {
        Some(schema) => schema.fields.to_vec(),
        None => infer(request, &layout.files)?,
    };
    let columns = layout.without_partitions(&columns).into_iter().map(|field| parquet::nullable(&field)).collect();
    batches::table(request, layout, columns, Arc::new(Orc))
}

/// The columns that the files have: of the first one, or with `mergeSchema` of all.
fn infer(request: &SourceRequest<'_>, files: &[PlacedFile]) -> Result<Vec<StructField>> {
    let Some(first) = files.first() else { return Err(UNABLE_TO_INFER_SCHEMA.with("format", "ORC")) };
    let mut columns = columns_of(&first.path)?;
    let merges = request.option("mergeSchema").or_else(|| request.option("\u{1}orc.mergeSchema"));
    if is_true(merges, false) {
        for file in files.iter().skip(1) {
            columns = parquet::merge(columns, columns_of(&file.path)?)?;
        }
    }
    Ok(columns)
}

fn builder(path: &Path) -> Result<ArrowReaderBuilder<File>> {
    let uri = location_uri(&path.to_string_lossy());
    let broken = |error: String| CANNOT_READ_FILE_FOOTER.with("path", &uri).caused_by(error);
    let file = File::open(path).map_err(|error| broken(error.to_string()))?;
    let builder = ArrowReaderBuilder::try_new(file).map_err(|error| broken(error.to_string()))?;
    Ok(builder.with_timestamp_precision(TimestampPrecision::Microsecond))
}

fn columns_of(path: &Path) -> Result<Vec<StructField>> {
    let schema = builder(path)?.schema();
    schema
        .fields()
        .iter()
        .map(|field| from_arrow_field(&instants(field)).map(|field| parquet::nullable(&field)))
        .collect()
}

/// ORC's plain timestamps are instants in Spark.
fn instants(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(instants(field));
    let data_type = match field.data_type() {
        Arrow::Timestamp(_, None) => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Arrow::List(element) => Arrow::List(inner(element)),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(inner).collect()),
        Arrow::Map(entries, sorted) => Arrow::Map(inner(entries), *sorted),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

#[derive(Debug)]
struct Orc;

impl BatchFormat for Orc {
    fn read(
        &self,
        file: &PlacedFile,
        wanted: &[String],
        send: &mut dyn FnMut(RecordBatch) -> Result<bool>,
    ) -> Result<()> {
        let builder = builder(&file.path)?;
        let schema = builder.schema();
        let known = schema.fields().iter().map(|field| field.name());
        let names: Vec<&String> =
            known.filter(|name| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))).collect();
        if names.is_empty() {
            // Nothing but the number of rows is asked for.
            let rows = usize::try_from(builder.file_metadata().number_of_rows()).unwrap_or(usize::MAX);
            return send(super::batches::empty(rows)?).map(drop);
        }
        let mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), &names);
        let batch_size = 8192;
        for batch in builder.with_projection(mask).with_batch_size(batch_size).build() {
            let batch = batch.map_err(|error| {
                let path = location_uri(&file.path.to_string_lossy());
                FAILED_READ_FILE.with("path", path).caused_by(error.to_string())
            })?;
            if !send(batch)? {
                return Ok(());
            }
        }
        Ok(())
    }
}
