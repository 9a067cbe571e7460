//! Delta tables as Spark's clients use them. There is no Delta beside the recorded Spark, so the answers are written here.

use super::*;

async fn rows_of(session: &EmbeddedSession, sql: &str) -> String {
    let rows = run(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    cells(&rows).iter().map(|row| json!(row).to_string()).collect::<Vec<_>>().join(" ")
}

async fn all(session: &EmbeddedSession, statements: &[&str]) {
    for sql in statements {
        run(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn condition_of(session: &EmbeddedSession, sql: &str) -> &'static str {
    run(session, sql).await.err().map_or("none", |error| error.condition().name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_change_and_old_versions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    all(
        &session,
        &[
            "CREATE TABLE d (id INT, name STRING) USING delta",
            "INSERT INTO d VALUES (1, 'a'), (2, 'b'), (3, NULL)",
            "UPDATE d SET name = upper(name) WHERE id < 3",
            "DELETE FROM d WHERE id = 3",
            "MERGE INTO d USING (SELECT 1 AS id, 'M' AS name UNION ALL SELECT 9, 'new') s ON d.id = s.id \
             WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT *",
        ],
    )
    .await;
    assert_eq!(rows_of(&session, "SELECT * FROM d ORDER BY id").await, r#"["1","M"] ["2","B"] ["9","new"]"#);
    let old = rows_of(&session, "SELECT * FROM d VERSION AS OF 1 ORDER BY id").await;
    assert_eq!(old, r#"["1","a"] ["2","b"] ["3",null]"#);
    let history = run(&session, "DESCRIBE HISTORY d").await.unwrap();
    let operations: Vec<_> = cells(&history).into_iter().map(|row| row[4].clone()).collect();
    assert_eq!(json!(operations).to_string(), r#"["MERGE","DELETE","UPDATE","WRITE","CREATE TABLE"]"#);
    all(&session, &["RESTORE TABLE d TO VERSION AS OF 1", "OPTIMIZE d", "VACUUM d"]).await;
    assert_eq!(rows_of(&session, "SELECT count(*) FROM d").await, r#"["3"]"#);
    assert_eq!(condition_of(&session, "SELECT * FROM d VERSION AS OF 99").await, "DELTA_VERSION_NOT_FOUND");
    assert_eq!(condition_of(&session, "VACUUM d RETAIN 0 HOURS").await, "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_leaves_the_version_and_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    all(&session, &["CREATE TABLE d USING delta AS SELECT id FROM range(3)"]).await;
    let home = folder.path().join("warehouse/d");
    let files = || std::fs::read_dir(&home).unwrap().count();
    let before = files();
    for sql in ["INSERT OVERWRITE d SELECT 1 / (id - 1) FROM range(3)", "UPDATE d SET id = 1 / (id - 1)"] {
        assert_eq!(condition_of(&session, sql).await, "DIVIDE_BY_ZERO", "{sql}");
        assert_eq!(rows_of(&session, "SELECT sum(id) FROM d").await, r#"["3"]"#, "{sql}");
        assert_eq!(files(), before, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_replaced_alone() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    all(
        &session,
        &[
            "CREATE TABLE p USING delta PARTITIONED BY (k) AS SELECT id, id % 3 AS k FROM range(9)",
            "INSERT OVERWRITE p PARTITION (k = 1) SELECT 100",
            "INSERT INTO p REPLACE WHERE k = 2 SELECT 200, 2",
        ],
    )
    .await;
    let shares = rows_of(&session, "SELECT k, sum(id) FROM p GROUP BY k ORDER BY k").await;
    assert_eq!(shares, r#"["0","9"] ["1","100"] ["2","200"]"#);
    let refused = condition_of(&session, "INSERT INTO p REPLACE WHERE k = 2 SELECT 200, 1").await;
    assert_eq!(refused, "DELTA_REPLACE_WHERE_MISMATCH");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tables_have_no_versions() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    all(&session, &["CREATE TABLE f AS SELECT 1 AS a"]).await;
    assert_eq!(condition_of(&session, "SELECT * FROM f VERSION AS OF 1").await, "UNSUPPORTED_FEATURE.TIME_TRAVEL");
    assert_eq!(condition_of(&session, "DESCRIBE HISTORY f").await, "DELTA_TABLE_ONLY_OPERATION");
    assert_eq!(condition_of(&session, "DELETE FROM f").await, "UNSUPPORTED_FEATURE.TABLE_OPERATION");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_before_a_statement_are_known_in_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    all(
        &session,
        &[
            "CREATE TABLE d USING delta AS SELECT * FROM VALUES (1, 'a'), (2, 'b'), (3, 'c') AS t(id, name)",
            "WITH c AS (SELECT 1 AS x) DELETE FROM d WHERE id IN (SELECT x FROM c)",
            "WITH c AS (SELECT 3 AS x) UPDATE d SET name = 'C' WHERE id = (SELECT max(x) FROM c)",
            "WITH c AS (SELECT 2 AS x, 'B' AS v) MERGE INTO d USING c ON d.id = c.x WHEN MATCHED THEN UPDATE SET name = c.v",
            "ALTER TABLE d ALTER COLUMN id COMMENT 'the id', name COMMENT 'the name'",
        ],
    )
    .await;
    assert_eq!(rows_of(&session, "SELECT * FROM d ORDER BY id").await, r#"["2","B"] ["3","C"]"#);
    assert_eq!(rows_of(&session, "DESCRIBE d").await, r#"["id","int","the id"] ["name","string","the name"]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_columns_change_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    all(&session, &["CREATE TABLE d USING delta AS SELECT 1 AS id, 'a' AS name"]).await;
    let refused = "ALTER TABLE d ALTER COLUMN id COMMENT 'the id', name TYPE INT";
    assert_eq!(condition_of(&session, refused).await, "NOT_SUPPORTED_CHANGE_COLUMN");
    assert_eq!(rows_of(&session, "DESCRIBE d").await, r#"["id","int",null] ["name","string",null]"#);
}
