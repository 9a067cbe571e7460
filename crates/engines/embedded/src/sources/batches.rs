//! Files that are read whole, batch by batch: what ORC, Avro and binary files stand on.
//!
//! A format reads one file on a thread for such work; here its batches get the columns that were asked for, by name, and
//! those of the file's folders. Files are spread over the partitions of the engine.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::project_schema;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use hearth_analyzer::FILE_METADATA;
use hearth_base::{Error, Result};
use hearth_types::arrow::{cast_array_to, to_engine_arrow};
use hearth_types::{StructField, StructType};

use super::defaults::Defaults;
use super::layout::{Layout, PlacedFile, metadata, metadata_field};
use super::{Source, SourceRequest, defaults, is_true};

/// How files of one format are read.
pub trait BatchFormat: Debug + Send + Sync {
    /// Hands over the rows of a file, with those of the columns `wanted` that it has, until `send` wants no more.
    fn read(
        &self,
        file: &PlacedFile,
        wanted: &[String],
        send: &mut dyn FnMut(RecordBatch) -> Result<bool>,
    ) -> Result<()>;
}

/// Files as a table.
#[derive(Debug)]
pub struct BatchTable {
    pub files: Vec<PlacedFile>,
    format: Arc<dyn BatchFormat>,
    /// Of the files, then of the folders, then what tells of the file.
    schema: SchemaRef,
    /// How many columns are of the files.
    data: usize,
    skips_broken: bool,
    defaults: Arc<Defaults>,
}

/// Rows without columns.
pub fn empty(rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).map_err(Error::internal)
}

/// The table of the files of a layout with the columns `data` in them.
pub fn table(
    request: &SourceRequest<'_>,
    layout: Layout,
    data: Vec<StructField>,
    format: Arc<dyn BatchFormat>,
) -> Result<Source> {
    let defaults = Arc::new(defaults::of(&data, request.settings)?);
    let count = data.len();
    let fields: Vec<_> = data.into_iter().chain(layout.partitions).collect();
    let arrow = |field: &StructField| Field::new(field.name.as_ref(), to_engine_arrow(&field.data_type), true);
    let with_metadata = fields.iter().map(arrow).chain([metadata_field()]);
    let schema = Arc::new(Schema::new(with_metadata.collect::<Vec<_>>()));
    let skips_broken = is_true(request.option("ignoreCorruptFiles"), false);
    let table = BatchTable { files: layout.files, format, schema, data: count, skips_broken, defaults };
    Ok(Source { table: Arc::new(table), schema: StructType::new(fields) })
}

#[async_trait]
impl TableProvider for BatchTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let schema = project_schema(&self.schema, projection)?;
        let columns: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let count = state.config().target_partitions().min(self.files.len()).max(1);
        let mut groups = vec![Vec::new(); count];
        for (index, file) in self.files.iter().enumerate() {
            groups[index * count / self.files.len()].push(file.clone());
        }
        let group = |files| Group {
            schema: Arc::clone(&schema),
            columns: columns.clone(),
            data: self.data,
            format: Arc::clone(&self.format),
            skips_broken: self.skips_broken,
            defaults: Arc::clone(&self.defaults),
            files,
        };
        let streams = groups.into_iter().map(|files| Arc::new(group(files)) as Arc<dyn PartitionStream>).collect();
        Ok(Arc::new(StreamingTableExec::try_new(Arc::clone(&schema), streams, None, [], false, limit)?))
    }
}

/// Files that are read one after the other.
#[derive(Debug, Clone)]
struct Group {
    schema: SchemaRef,
    /// Places in the table's schema.
    columns: Vec<usize>,
    data: usize,
    format: Arc<dyn BatchFormat>,
    skips_broken: bool,
    defaults: Arc<Defaults>,
    files: Vec<PlacedFile>,
}

impl PartitionStream for Group {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let (sender, group) = (builder.tx(), self.clone());
        builder.spawn_blocking(move || {
            for file in &group.files {
                let outcome = group.read(file, &mut |batch| sender.blocking_send(Ok(batch)).is_ok());
                match outcome {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(_) if group.skips_broken => {}
                    Err(error) => return Err(DataFusionError::External(Box::new(error))),
                }
            }
            Ok(())
        });
        builder.build()
    }
}

impl Group {
    /// Whether more is wanted.
    fn read(&self, file: &PlacedFile, send: &mut dyn FnMut(RecordBatch) -> bool) -> Result<bool> {
        let places = self.columns.iter().zip(self.schema.fields());
        let wanted: Vec<_> =
            places.filter(|(place, _)| **place < self.data).map(|(_, field)| field.name().clone()).collect();
        let mut goes_on = true;
        self.format.read(file, &wanted, &mut |batch| {
            goes_on = send(self.shaped(file, &batch)?);
            Ok(goes_on)
        })?;
        Ok(goes_on)
    }

    /// The columns that were asked for.
    fn shaped(&self, file: &PlacedFile, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let known = batch.schema();
        let column = |(place, field): (&usize, &Arc<Field>)| -> Result<ArrayRef> {
            if field.name() == FILE_METADATA && *place == self.data + file.partition.len() {
                let value = metadata(&file.path, file.bytes, file.modified)?;
                return value.to_array_of_size(rows).map_err(Error::internal);
            }
            if let Some(value) = place.checked_sub(self.data).and_then(|place| file.partition.get(place)) {
                let array = value.to_array_of_size(rows).map_err(Error::internal)?;
                return cast_array_to(&array, field.data_type());
            }
            let exact = known.fields().iter().position(|other| other.name() == field.name());
            let found = exact
                .or_else(|| known.fields().iter().position(|other| other.name().eq_ignore_ascii_case(field.name())));
            match found {
                Some(index) => cast_array_to(batch.column(index), field.data_type()),
                None => match self.defaults.get(field.name()) {
                    Some(value) => {
                        let array = value.to_array_of_size(rows).map_err(Error::internal)?;
                        cast_array_to(&array, field.data_type())
                    }
                    None => Ok(new_null_array(field.data_type(), rows)),
                },
            }
        };
        let columns = self.columns.iter().zip(self.schema.fields()).map(column).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(Error::internal)
    }
}
