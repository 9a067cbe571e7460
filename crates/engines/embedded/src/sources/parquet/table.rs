//! A table of parquet files whose places, sizes and partition values are known.
//!
//! DataFusion's own `ListingTable` knows neither Hive's NULL folder nor escaped values, and lists by itself.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Column, DFSchema, Result, ScalarValue, Statistics, project_schema};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchemaBuilder;
use datafusion::error::DataFusionError;
use datafusion::execution::cache::cache_manager::{CachedFileMetadata, SchemaFingerprint, TableScopedPath};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, path::Path};

use super::super::defaults::{Defaults, WithDefaults};
use super::super::layout::{PlacedFile, metadata, metadata_field};
use super::kinds::Checked;
use super::row_index;

/// Footers that are read at the same time.
const MAX_FOOTERS: usize = 32;

#[derive(Debug)]
pub struct ParquetTable {
    pub files: Arc<[PlacedFile]>,
    file_schema: SchemaRef,
    partitions: Vec<FieldRef>,
    /// Columns of the files, then those of the folders, then what tells of the file.
    schema: SchemaRef,
    fingerprint: Arc<SchemaFingerprint>,
    defaults: Arc<Defaults>,
}

impl ParquetTable {
    pub fn new(files: Vec<PlacedFile>, file_schema: SchemaRef, partitions: Vec<Field>) -> Self {
        let partitions: Vec<FieldRef> = partitions.into_iter().map(Arc::new).collect();
        let metadata = Arc::new(row_index::field());
        let fields: Vec<FieldRef> =
            file_schema.fields().iter().chain(&partitions).chain([&metadata]).cloned().collect();
        let fingerprint = Arc::new(SchemaFingerprint::from_schema(&file_schema));
        let schema = Arc::new(Schema::new(fields));
        Self { files: files.into(), file_schema, partitions, schema, fingerprint, defaults: Arc::default() }
    }

    /// Columns that have a value in files without them.
    pub fn with_defaults(mut self, mut defaults: Defaults) -> hearth_base::Result<Self> {
        for (name, value) in &mut defaults {
            if let Ok(field) = self.file_schema.field_with_name(name) {
                *value = value.cast_to(field.data_type()).map_err(crate::error::from_datafusion)?;
            }
        }
        self.defaults = Arc::new(defaults);
        Ok(self)
    }

    fn schema_without_metadata(&self) -> Result<SchemaRef> {
        let places: Vec<_> = (0..self.schema.fields().len() - 1).collect();
        Ok(Arc::new(self.schema.project(&places)?))
    }

    /// The files that `filters` leave, as far as partition columns decide.
    fn pruned(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&PlacedFile>> {
        let is_partition = |name: &str| self.partitions.iter().any(|field| field.name() == name);
        let decides = |filter: &&Expr| {
            let columns = filter.column_refs();
            !columns.is_empty() && columns.iter().all(|column| is_partition(&column.name)) && !filter.is_volatile()
        };
        let deciding = filters.iter().filter(decides).cloned().map(strip_qualifiers);
        let Some(filter) = conjunction(deciding.collect::<Result<Vec<_>>>()?) else {
            return Ok(self.files.iter().collect());
        };
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let schema = Arc::new(Schema::new(self.partitions.clone()));
        let columns = (0..self.partitions.len()).map(|index| {
            ScalarValue::iter_to_array(self.files.iter().filter_map(|file| file.partition.get(index).cloned()))
        });
        let values = RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<Vec<ArrayRef>>>()?)?;
        let predicate = state.create_physical_expr(filter, &DFSchema::try_from(schema)?)?;
        let mask = predicate.evaluate(&values)?.into_array(values.num_rows())?;
        let mask = mask.as_boolean();
        let kept = self.files.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true));
        Ok(kept.map(|(file, _)| file).collect())
    }

    /// A file with what its footer says about its columns.
    async fn with_statistics(
        &self,
        state: &dyn Session,
        store: &Arc<dyn ObjectStore>,
        file: &PlacedFile,
    ) -> Result<PartitionedFile> {
        let meta = ObjectMeta {
            location: Path::from_absolute_path(&file.path)
                .map_err(|error| DataFusionError::External(Box::new(error)))?,
            last_modified: file.modified.into(),
            size: file.bytes,
            e_tag: None,
            version: None,
        };
        let placed = PartitionedFile::new_from_meta(meta.clone()).with_partition_values(file.partition.clone());
        if !state.config().collect_statistics() {
            return Ok(placed);
        }
        let key = TableScopedPath { table: None, path: meta.location.clone() };
        let cache = state.runtime_env().cache_manager.get_file_statistic_cache();
        let known = cache.as_ref().and_then(|cache| cache.get(&key));
        let statistics = match known.filter(|known| known.is_valid_for(&meta, &self.fingerprint)) {
            Some(known) => known.statistics,
            None => {
                let found = format().infer_stats(state, store, Arc::clone(&self.file_schema), &meta).await?;
                let found = Arc::new(found);
                if let Some(cache) = &cache {
                    let (print, found) = (Arc::clone(&self.fingerprint), Arc::clone(&found));
                    cache.put(&key, CachedFileMetadata::new(meta, print, found, None));
                }
                found
            }
        };
        Ok(self.defaults_unknown(self.nulls_unknown(placed.with_statistics(statistics))))
    }

    /// The footer of a file says nothing of columns that are not in it.
    fn defaults_unknown(&self, mut file: PartitionedFile) -> PartitionedFile {
        if let Some(statistics) = file.statistics.as_mut().filter(|_| !self.defaults.is_empty()) {
            let columns = &mut Arc::make_mut(statistics).column_statistics;
            for (field, column) in self.file_schema.fields().iter().zip(columns) {
                if self.defaults.contains_key(field.name()) {
                    *column = datafusion::common::ColumnStatistics::new_unknown();
                }
            }
        }
        file
    }

    /// DataFusion says of every partition value that it is not NULL.
    fn nulls_unknown(&self, mut file: PartitionedFile) -> PartitionedFile {
        if let Some(statistics) = &mut file.statistics
            && file.partition_values.iter().any(ScalarValue::is_null)
        {
            let columns = &mut Arc::make_mut(statistics).column_statistics;
            for (index, value) in file.partition_values.iter().enumerate() {
                if let Some(column) = columns.get_mut(self.file_schema.fields().len() + index)
                    && value.is_null()
                {
                    *column = datafusion::common::ColumnStatistics::new_unknown();
                }
            }
        }
        file
    }
}

/// A file whose last constant tells of itself.
fn with_metadata(mut file: PartitionedFile, placed: &PlacedFile) -> Result<PartitionedFile> {
    let value = metadata(&placed.path, placed.bytes, placed.modified);
    file.partition_values.push(value.map_err(|error| DataFusionError::External(Box::new(error)))?);
    // They would need the reader's own column too.
    file.statistics = None;
    Ok(file)
}

/// How parquet files are read: the old 96-bit timestamps have microseconds in Spark.
fn format() -> ParquetFormat {
    ParquetFormat::default().with_coerce_int96(Some("us".to_owned()))
}

/// What a value takes in a parquet file, encoded and compressed, roughly.
fn bytes_on_disk(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Null | DataType::Boolean | DataType::Int8 => 1,
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Date32 => 2,
        data_type if data_type.is_primitive() => 4,
        data_type if data_type.is_nested() => 32,
        _ => 8,
    }
}

/// The columns without the name of their table.
fn strip_qualifiers(filter: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let stripped = filter.transform(|expr| match expr {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(stripped.data)
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// What can be said before a footer is read: rows by the size of the files.
    fn statistics(&self) -> Option<Statistics> {
        let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
        let row: u64 = self.file_schema.fields().iter().map(|field| bytes_on_disk(field.data_type())).sum();
        let rows = usize::try_from(bytes / row.max(1)).unwrap_or(usize::MAX);
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Inexact(rows);
        Some(statistics)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let url = ObjectStoreUrl::local_filesystem();
        let store = state.runtime_env().object_store(&url)?;
        let placed = self.pruned(state, filters)?;
        let files: Vec<_> = placed.iter().map(|file| self.with_statistics(state, &store, file)).collect();
        let files: Vec<_> = futures::stream::iter(files).buffered(MAX_FOOTERS).try_collect().await?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let place = self.schema.fields().len() - 1;
        // Seldom asked for, so it costs nothing else.
        let wants_metadata = projection.is_none_or(|columns| columns.contains(&place));
        let (schema, mut partitions) = (self.schema_without_metadata()?, self.partitions.clone());
        let files: Vec<_> = match wants_metadata {
            false => files,
            true => {
                partitions.push(Arc::new(metadata_field()));
                files
                    .into_iter()
                    .zip(placed)
                    .map(|(file, placed)| with_metadata(file, placed))
                    .collect::<Result<_>>()?
            }
        };
        let columns = TableSchemaBuilder::from(&self.file_schema).with_table_partition_cols(partitions);
        let columns = if wants_metadata { columns.with_virtual_columns(vec![row_index::counter()]) } else { columns };
        let columns = columns.build();
        let known: Vec<_> = files.iter().filter_map(|file| file.statistics.clone()).collect();
        let statistics = if known.len() == files.len() && !wants_metadata {
            Statistics::try_merge_iter(known.iter().map(AsRef::as_ref), &schema)?
        } else {
            Statistics::new_unknown(columns.table_schema())
        };
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let projected = project_schema(&self.schema, projection)?;
        let mut indices = projection.cloned();
        if wants_metadata {
            let all = || (0..self.schema.fields().len()).collect();
            let with_counter = indices.get_or_insert_with(all);
            with_counter.push(self.schema.fields().len());
        }
        let format = format();
        let config = FileScanConfigBuilder::new(url, format.file_source(columns))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(indices)?
            .with_limit(limit);
        let adapter = Checked { inner: WithDefaults(Arc::clone(&self.defaults)), files: Arc::clone(&self.files) };
        let config = config.with_expr_adapter(Some(Arc::new(adapter))).build();
        let plan = format.create_physical_plan(state, config).await?;
        if wants_metadata { row_index::with_rows(plan, &projected, state) } else { Ok(plan) }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}
