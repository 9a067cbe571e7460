//! ORC files, read by orc-rust. All columns may be NULL, as in Spark.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema};
use hearth_base::condition::{CANNOT_READ_FILE_FOOTER, FAILED_READ_FILE, UNABLE_TO_INFER_SCHEMA};
use hearth_base::{Error, Result};
use hearth_types::StructField;
use hearth_types::arrow::to_engine_arrow;
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;
use orc_rust::schema::TimestampPrecision;

use super::batches::{self, BatchFormat};
use super::layout::{Layout, PlacedFile};
use super::{Source, SourceRequest, is_true, parquet};
use crate::catalog::location_uri;
use crate::orc::tail::{Tail, meant};

pub(super) fn open(request: &SourceRequest<'_>) -> Result<Source> {
    let layout = Layout::find(request)?;
    let columns = match request.schema {
        Some(schema) => schema.fields.to_vec(),
        None => infer(request, &layout.files)?,
    };
    let columns = layout.without_partitions(&columns).into_iter().map(|field| field.as_nullable()).collect();
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
    Ok(tail(path)?.columns.iter().map(StructField::as_nullable).collect())
}

fn tail(path: &Path) -> Result<Tail> {
    let uri = location_uri(&path.to_string_lossy());
    Tail::read(path).map_err(|error| CANNOT_READ_FILE_FOOTER.with("path", uri).caused_by(error))
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
        let tail = tail(&file.path)?;
        let mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), &names);
        let batch_size = 8192;
        for batch in builder.with_projection(mask).with_batch_size(batch_size).build() {
            let batch = batch.map_err(|error| {
                let path = location_uri(&file.path.to_string_lossy());
                FAILED_READ_FILE.with("path", path).caused_by(error.to_string())
            })?;
            if !send(as_meant(&batch, &tail)?)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The rows in the types that the file's end says.
fn as_meant(batch: &RecordBatch, tail: &Tail) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let known = tail.columns.iter().find(|known| &*known.name == field.name());
        let wanted = known.map_or_else(|| field.data_type().clone(), |known| to_engine_arrow(&known.data_type));
        columns.push(meant(column, &wanted, !tail.is_proleptic)?);
    }
    let fields = schema.fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).map_err(Error::internal)
}
