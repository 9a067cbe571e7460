//! Parquet files, read by DataFusion.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use hearth_base::condition::{FAILED_READ_FILE, UNABLE_TO_INFER_SCHEMA};
use hearth_base::{Error, Result};
use hearth_types::arrow::{from_arrow_schema, to_engine_arrow};
use hearth_types::{DataType, StructField, StructType};

use super::{Source, SourceRequest, files, partition};
use crate::catalog::location_uri;
use crate::error::from_datafusion;

/// Where Spark writes its own schema into a file.
const SPARK_SCHEMA: &str = "org.apache.spark.sql.parquet.row.metadata";

pub(super) async fn open(request: SourceRequest<'_>) -> Result<Source> {
    let mut roots = Vec::new();
    for path in request.paths {
        roots.extend(files::expand(path)?);
    }
    let layout = Layout::find(&request, &roots)?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
        .with_file_extension(layout.extension)
        .with_table_partition_cols(layout.partition_types());
    let urls = roots.iter().map(|root| table_url(root)).collect::<Result<Vec<_>>>()?;
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(Arc::new(engine_schema(&layout.columns)));
    let cache = request.datafusion.runtime_env().cache_manager.get_file_statistic_cache();
    let table = ListingTable::try_new(config).map_err(from_datafusion)?.with_cache(cache);
    let schema = StructType::new(layout.columns.into_iter().chain(layout.partitions));
    Ok(Source { table: Arc::new(table), schema })
}

/// What the files have: columns, partition columns, and how their names end.
struct Layout {
    columns: Vec<StructField>,
    partitions: Vec<StructField>,
    extension: &'static str,
}

impl Layout {
    fn find(request: &SourceRequest<'_>, roots: &[PathBuf]) -> Result<Self> {
        let mut all = Vec::new();
        let mut partitions = Vec::new();
        for root in roots {
            let found = files::list(root)?;
            if partitions.is_empty() && request.partition_columns.is_none() {
                let base = request.option("basePath").map_or(root.as_path(), Path::new);
                partitions = partition::infer(base, &found);
            }
            all.extend(found);
        }
        let is_parquet = |file: &files::DataFile| file.path.extension().is_some_and(|end| end == "parquet");
        let extension = if all.iter().all(is_parquet) { ".parquet" } else { "" };
        let columns = match request.schema {
            Some(schema) => schema.fields.to_vec(),
            None => all.first().ok_or_else(|| UNABLE_TO_INFER_SCHEMA.with("format", "Parquet")).and_then(|file| read_schema(&file.path))?,
        };
        if let Some(names) = request.partition_columns {
            partitions = columns.iter().filter(|field| is_among(field, names)).cloned().collect();
        }
        for field in &mut partitions {
            // A schema that names a partition column decides its type.
            if let Some(known) = columns.iter().find(|known| known.name.eq_ignore_ascii_case(&field.name)) {
                field.data_type = known.data_type.clone();
            }
        }
        let names: Vec<String> = partitions.iter().map(|field| field.name.to_string()).collect();
        let columns = columns.into_iter().filter(|field| !is_among(field, &names)).collect();
        Ok(Self { columns, partitions, extension })
    }

    fn partition_types(&self) -> Vec<(String, Arrow)> {
        self.partitions.iter().map(|field| (field.name.to_string(), to_engine_arrow(&field.data_type))).collect()
    }
}

fn is_among(field: &StructField, names: &[String]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(&field.name))
}

fn table_url(root: &Path) -> Result<ListingTableUrl> {
    let mut text = root.to_string_lossy().into_owned();
    if root.is_dir() {
        text.push('/');
    }
    ListingTableUrl::parse(text).map_err(from_datafusion)
}

/// The engine's columns over parquet: strings as views, which scans make without copying.
fn engine_schema(columns: &[StructField]) -> Schema {
    let field = |field: &StructField| {
        let arrow = match to_engine_arrow(&field.data_type) {
            Arrow::Utf8 => Arrow::Utf8View,
            Arrow::Binary => Arrow::BinaryView,
            other => other,
        };
        Field::new(field.name.as_ref(), arrow, true)
    };
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
}

/// The columns of one file: as Spark wrote them down, or as the file's own types say. All may be NULL, as in Spark.
fn read_schema(path: &Path) -> Result<Vec<StructField>> {
    let uri = location_uri(&path.to_string_lossy());
    let broken = |error: String| FAILED_READ_FILE.with("path", &uri).caused_by(error);
    let file = File::open(path).map_err(|error| broken(error.to_string()))?;
    let reader = SerializedFileReader::new(file).map_err(|error| broken(error.to_string()))?;
    let metadata = reader.metadata().file_metadata();
    let written = metadata.key_value_metadata().into_iter().flatten().find(|pair| pair.key == SPARK_SCHEMA);
    if let Some(json) = written.and_then(|pair| pair.value.as_deref())
        && let Ok(DataType::Struct(schema)) = DataType::from_json(json)
    {
        return Ok(schema.fields.iter().map(nullable).collect());
    }
    let arrow = parquet_to_arrow_schema(metadata.schema_descr(), metadata.key_value_metadata())
        .map_err(|error| Error::internal(error).with("path", &uri))?;
    Ok(from_arrow_schema(&arrow)?.fields.iter().map(nullable).collect())
}

fn nullable(field: &StructField) -> StructField {
    StructField { nullable: true, ..field.clone() }
}
