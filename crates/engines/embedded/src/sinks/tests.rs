//! Writes into temporary folders, read back with the sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use datafusion::arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::execution::context::{SessionConfig, SessionState};
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{LogicalPlanBuilder, cast, ident, lit};
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use hearth_types::arrow::to_engine_schema;
use hearth_types::{DataType, StructField};

use super::*;
use crate::sources;

fn state() -> SessionState {
    let config = SessionConfig::new().with_target_partitions(2).with_batch_size(100);
    SessionStateBuilder::new().with_config(config).with_default_features().build()
}

fn schema() -> StructType {
    StructType::new([
        StructField::new("id", DataType::Long, false),
        StructField::new("name", DataType::STRING, true),
        StructField::new("part", DataType::Integer, true),
    ])
}

/// Rows `0..rows` with `id % modulus` as `part`, NULL for 0.
fn batch(rows: i64, modulus: i64) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|id| format!("n{id}"))));
    let part = |id: i64| i32::try_from(id % modulus).ok().filter(|part| *part != 0);
    let parts: ArrayRef = Arc::new(Int32Array::from_iter((0..rows).map(part)));
    RecordBatch::try_new(to_engine_schema(&schema()), vec![ids, names, parts]).unwrap()
}

async fn query(batches: Vec<Vec<RecordBatch>>) -> Query {
    let table = MemTable::try_new(to_engine_schema(&schema()), batches).unwrap();
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None).unwrap().build().unwrap();
    Query::prepare(&state(), &plan).await.unwrap()
}

fn request<'a>(query: Query, schema: &'a StructType, path: &'a Path) -> WriteRequest<'a> {
    WriteRequest {
        query,
        schema,
        format: "parquet",
        path,
        partition_columns: &[],
        mode: WriteMode::ErrorIfExists,
        options: &[],
        static_partition: &[],
        time_zone: "UTC",
    }
}

/// The paths below `root` without numbers that change, sorted.
fn tree(root: &Path) -> Vec<String> {
    let mut found: Vec<String> = glob::glob(&format!("{}/**/*", root.display()))
        .unwrap()
        .map(|path| path.unwrap())
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(root).unwrap().to_string_lossy().into_owned())
        .map(|path| regex::Regex::new("[0-9a-f]{8}-[0-9a-f-]{27}").unwrap().replace(&path, "ID").into_owned())
        .collect();
    found.sort();
    found
}

/// The ids in the files below `path`.
async fn ids(path: &Path) -> Vec<i64> {
    let state = state();
    let settings = crate::sources::tests::settings();
    let source = sources::open(sources::SourceRequest {
        format: "parquet",
        schema: None,
        options: &[],
        session: &[],
        paths: &[path.to_string_lossy().into_owned()],
        partition_columns: None,
        datafusion: &state,
        settings: &settings,
    })
    .await
    .unwrap();
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(source.table), None)
        .unwrap()
        .project([ident("id")])
        .unwrap()
        .build()
        .unwrap();
    let rows = Query::prepare(&state, &plan).await.unwrap().collect().await.unwrap();
    let mut ids: Vec<i64> =
        rows.iter().flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_file_for_each_partition_and_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("a/b"), schema());
    let query = query(vec![vec![batch(10, 3)], vec![batch(5, 3)]]).await;
    assert_eq!(write(request(query, &schema, &path)).await.unwrap(), 15);
    assert_eq!(tree(&path), ["_SUCCESS", "part-00000-ID-c000.snappy.parquet", "part-00001-ID-c000.snappy.parquet"]);
    assert!(!path.join("_temporary").exists());
}

#[tokio::test]
async fn parquet_says_sparks_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    write(request(query(vec![vec![]]).await, &schema, &path)).await.unwrap();
    let file = glob::glob(&format!("{}/*.parquet", path.display())).unwrap().next().unwrap().unwrap();
    let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let pairs = metadata.key_value_metadata().unwrap();
    let value = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone());
    assert_eq!(value("org.apache.spark.version").as_deref(), Some("4.2.0"));
    assert_eq!(value("org.apache.spark.sql.parquet.row.metadata"), Some(schema.json()));
    assert_eq!(metadata.num_rows(), 0);
    assert_eq!(metadata.schema().name(), "spark_schema");
}

#[tokio::test]
async fn folders_keep_their_columns_out_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    let names = ["part".to_owned()];
    let query = query(vec![vec![batch(6, 3)]]).await;
    let request = WriteRequest { partition_columns: &names, ..request(query, &schema, &path) };
    write(request).await.unwrap();
    assert_eq!(
        tree(&path),
        [
            "_SUCCESS",
            "part=1/part-00000-ID.c000.snappy.parquet",
            "part=2/part-00000-ID.c000.snappy.parquet",
            "part=__HIVE_DEFAULT_PARTITION__/part-00000-ID.c000.snappy.parquet"
        ]
    );
    assert_eq!(ids(&path).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn more_folders_than_open_files_are_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    let names = ["part".to_owned()];
    let query = query(vec![vec![batch(1000, 150), batch(1000, 150)]]).await;
    let request = WriteRequest { partition_columns: &names, ..request(query, &schema, &path) };
    assert_eq!(write(request).await.unwrap(), 2000);
    let files = tree(&path);
    // Two tasks: the open files of each, then one file for each folder.
    assert!(files.len() <= 1 + 2 * (150 + 64), "{} files", files.len());
    let mut expected: Vec<i64> = (0..1000).chain(0..1000).collect();
    expected.sort_unstable();
    assert_eq!(ids(&path).await, expected);
}

#[tokio::test]
async fn modes_decide_about_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    let one = || query(vec![vec![batch(2, 3)]]);
    write(request(one().await, &schema, &path)).await.unwrap();
    let error = write(request(one().await, &schema, &path)).await.unwrap_err();
    assert_eq!(error.condition().name, "PATH_ALREADY_EXISTS");
    assert_eq!(error.parameters(), [("outputPath", format!("file:{}", path.display()))]);
    let with = |mode, query| WriteRequest { mode, ..request(query, &schema, &path) };
    assert_eq!(write(with(WriteMode::Ignore, one().await)).await.unwrap(), 0);
    assert_eq!(ids(&path).await, [0, 1]);
    write(with(WriteMode::Append, one().await)).await.unwrap();
    assert_eq!(ids(&path).await, [0, 0, 1, 1]);
    write(with(WriteMode::Overwrite, one().await)).await.unwrap();
    assert_eq!(ids(&path).await, [0, 1]);
    assert_eq!(tree(&path).len(), 2);
}

#[tokio::test]
async fn only_partitions_that_are_meant_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    let names = ["part".to_owned()];
    let with = |mode, query| WriteRequest { mode, partition_columns: &names, ..request(query, &schema, &path) };
    write(with(WriteMode::Append, query(vec![vec![batch(6, 3)]]).await)).await.unwrap();
    let second = batch(2, 3).slice(1, 1);
    write(with(WriteMode::OverwritePartitions, query(vec![vec![second.clone()]]).await)).await.unwrap();
    assert_eq!(ids(&path).await, [0, 1, 2, 3, 5]);
    let fixed = [("part".to_owned(), Some("1".to_owned()))];
    let overwrite = with(WriteMode::Overwrite, query(vec![vec![]]).await);
    write(WriteRequest { static_partition: &fixed, ..overwrite }).await.unwrap();
    assert_eq!(ids(&path).await, [0, 2, 3, 5]);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("a/t"), schema());
    let table = MemTable::try_new(to_engine_schema(&schema), vec![vec![batch(500, 3)]]).unwrap();
    // Division by zero at row 300.
    let bad = lit(1i64) / (ident("id") - lit(300i64));
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None)
        .unwrap()
        .project([bad.alias("id"), ident("name"), cast(ident("part"), datafusion::arrow::datatypes::DataType::Int32)])
        .unwrap()
        .build()
        .unwrap();
    let query = Query::prepare(&state(), &plan).await.unwrap();
    let error = write(request(query, &schema, &path)).await.unwrap_err();
    assert_eq!(error.condition().name, "DIVIDE_BY_ZERO");
    assert!(!folder.path().join("a").exists());
}

/// Rows, then nothing for ever.
#[derive(Debug)]
struct Endless(datafusion::arrow::datatypes::SchemaRef);

impl PartitionStream for Endless {
    fn schema(&self) -> &datafusion::arrow::datatypes::SchemaRef {
        &self.0
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = futures::stream::iter([Ok(batch(100, 3))]).chain(futures::stream::pending());
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.0), rows))
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    let arrow = to_engine_schema(&schema);
    let partitions: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(Endless(Arc::clone(&arrow)))];
    let plan = StreamingTableExec::try_new(arrow, partitions, None, [], true, None).unwrap();
    let query = Query { plan: Arc::new(plan), context: state().task_ctx() };
    let write = write(request(query, &schema, &path));
    assert!(tokio::time::timeout(Duration::from_millis(50), write).await.is_err());
    for _ in 0..200 {
        if !path.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("left: {:?}", tree(&path));
}

#[tokio::test]
async fn files_have_as_many_rows_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (path, schema) = (folder.path().join("t"), schema());
    let options = [("maxRecordsPerFile".to_owned(), "4".to_owned())];
    let query = query(vec![vec![batch(10, 3)]]).await;
    write(WriteRequest { options: &options, ..request(query, &schema, &path) }).await.unwrap();
    assert_eq!(tree(&path).len(), 1 + 3);
    assert_eq!(ids(&path).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn csv_and_json_are_lines() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema();
    let read = |path: &Path, end: &str| {
        let file = glob::glob(&format!("{}/part-*{end}", path.display())).unwrap().next().unwrap().unwrap();
        std::fs::read_to_string(file).unwrap()
    };
    let header = [("header".to_owned(), "true".to_owned())];
    let path = folder.path().join("csv");
    let two = query(vec![vec![batch(2, 3)]]).await;
    write(WriteRequest { format: "csv", options: &header, ..request(two, &schema, &path) }).await.unwrap();
    assert_eq!(read(&path, ".csv"), "id,name,part\n0,n0,\n1,n1,1\n");
    let path = folder.path().join("json");
    let two = query(vec![vec![batch(2, 3)]]).await;
    write(WriteRequest { format: "json", ..request(two, &schema, &path) }).await.unwrap();
    assert_eq!(read(&path, ".json"), "{\"id\":0,\"name\":\"n0\"}\n{\"id\":1,\"name\":\"n1\",\"part\":1}\n");
}
