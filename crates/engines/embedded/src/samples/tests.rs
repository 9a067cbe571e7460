//! The sample tables as they come out of their files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

async fn count(samples: &Samples, database: &str, table: &str) -> (usize, usize) {
    let table = samples.table(database, table).unwrap();
    samples.ensure(&table.id).await.unwrap();
    let mut rows = 0;
    let mut columns = 0;
    for entry in std::fs::read_dir(table.folder().unwrap()).unwrap() {
        let file = std::fs::File::open(entry.unwrap().path()).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            rows += batch.num_rows();
            columns = batch.num_columns();
        }
    }
    assert_eq!(columns, table.schema.fields.len());
    (rows, columns)
}

#[tokio::test]
async fn tables_have_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let settings = SampleSettings { tpch_scale: 0.001, tpcds_scale: 0.001, folder: None };
    let samples = Samples::new(&settings, folder.path()).unwrap();
    assert_eq!(count(&samples, "nyctaxi", "trips").await, (21_932, 6));
    assert_eq!(count(&samples, "tpch", "nation").await, (25, 4));
    assert_eq!(count(&samples, "tpch", "region").await, (5, 3));
    assert_eq!(count(&samples, "tpcds", "reason").await.1, 3);
    assert_eq!(count(&samples, "tpcds", "income_band").await, (20, 3));
    assert!(count(&samples, "tpcds", "store_sales").await.0 > 0);
    assert!(count(&samples, "tpcds", "web_returns").await.0 > 0);
}

#[tokio::test]
async fn concurrent_readers_share_one_generation() {
    let folder = tempfile::tempdir().unwrap();
    let samples = Samples::new(&SampleSettings::default(), folder.path()).unwrap();
    let table = samples.table("nyctaxi", "trips").unwrap();
    let all = futures::future::join_all((0..8).map(|_| samples.ensure(&table.id))).await;
    assert!(all.iter().all(Result::is_ok));
    let parent = table.folder().unwrap().parent().unwrap().to_path_buf();
    assert_eq!(std::fs::read_dir(parent).unwrap().count(), 1);
}
