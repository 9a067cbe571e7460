//! Statements against an engine on a temporary folder. `recorded.jsonl` holds what Spark 4.2 answers to them, in order.

mod delta;
mod warehouse;

use std::path::Path;
use std::sync::Arc;

use hearth_base::{ByteSize, Clock, SessionId};
use hearth_core::Principal;
use hearth_core::engine::SessionSpec;
use hearth_plan::Command;
use hearth_plan::relation::SqlText;
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{StructType, Zone};
use serde_json::{Value as Json, json};

use crate::run::Rows;
use crate::samples::SampleSettings;
use crate::script::ScriptLimits;
use crate::session::EmbeddedSession;
use crate::state::SessionState;
use crate::{EmbeddedEngine, EngineSettings};

const RECORDED: &str = include_str!("recorded.jsonl");

/// Statements whose answer differs from Spark's, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("ALTER TABLE t2 DROP PARTITION (p=9)", "a partial clause drops all that it matches, as with a Hive metastore"),
    ("CREATE VIEW v3 AS SELECT * FROM nosuch", "the analyzer gives no searchPath"),
    ("DESCRIBE TABLE EXTENDED jv AS JSON", "a view keeps only the settings that were set"),
    ("DESCRIBE DATABASE EXTENDED default", "the default database belongs to nobody"),
];

async fn session(folder: &Path) -> EmbeddedSession {
    let settings = EngineSettings {
        data_folder: folder.to_path_buf(),
        memory: ByteSize::mib(256),
        spill_limit: ByteSize::mib(256),
        partitions: 2,
        transform_scripts: true,
        samples: SampleSettings::default(),
        catalogs: vec!["main".to_owned()],
        script: ScriptLimits::default(),
        session_defaults: Vec::new(),
        clock: Clock::manual(1_795_370_112_000),
    };
    let engine = EmbeddedEngine::open(settings).await.unwrap();
    let spec = SessionSpec {
        flavor: hearth_core::engine::Flavor::Spark,
        principal: Principal::named("root"),
        session: SessionId::random(),
        folder: folder.join("session"),
    };
    EmbeddedSession::new(Arc::clone(engine.shared()), spec, SessionState::new(&[]).unwrap())
}

async fn run(session: &EmbeddedSession, sql: &str) -> hearth_base::Result<Rows> {
    let text = SqlText { query: sql.to_owned(), named: Vec::new(), positional: Vec::new() };
    super::rows(session, Command::Sql { text, input: None }).await
}

fn schema_text(schema: &StructType) -> String {
    let all_nullable = schema.fields.iter().all(|field| field.nullable);
    let fields = schema.fields.iter().map(|field| {
        let not_null = if field.nullable || all_nullable { "" } else { " not null" };
        format!("{}:{}{not_null}", field.name, field.data_type.simple_string())
    });
    format!("struct<{}>", fields.collect::<Vec<_>>().join(","))
}

fn cells((schema, batches): &Rows) -> Vec<Vec<Json>> {
    let mut rows = Vec::new();
    for batch in batches {
        let batch = hearth_types::arrow::cast_batch_to_wire(batch, schema, "UTC").unwrap();
        for row in 0..batch.num_rows() {
            let cell = |index: usize| {
                let (column, field) = (batch.column(index), &schema.fields[index]);
                if column.is_null(row) {
                    return Json::Null;
                }
                let text = format_value(column.as_ref(), row, &field.data_type, &Zone::UTC, TextStyle::Cast);
                if field.data_type == hearth_types::DataType::Boolean { json!(text == "true") } else { json!(text) }
            };
            rows.push((0..schema.fields.len()).map(cell).collect());
        }
    }
    rows
}

/// What a statement answers, in the form of the recording.
async fn answer(session: &EmbeddedSession, sql: &str) -> Json {
    match run(session, sql).await {
        Ok(rows) => json!({"schema": schema_text(&rows.0), "rows": cells(&rows)}),
        Err(error) => {
            let parameters: serde_json::Map<String, Json> =
                error.parameters().iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            json!({"condition": error.condition().name, "parameters": parameters})
        }
    }
}

/// Objects compare without the order of their keys.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(object) => {
            let mut pairs: Vec<_> = object.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            pairs.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(pairs.into_iter().collect())
        }
        Json::Array(values) => Json::Array(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_answer_as_spark_does() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display().to_string();
    let session = session(folder.path()).await;
    let mut different = Vec::new();
    for line in RECORDED.lines() {
        let mut recorded: Json = serde_json::from_str(line).unwrap();
        let sql = recorded["sql"].as_str().unwrap().replace("{folder}", &root);
        recorded.as_object_mut().unwrap().remove("sql");
        let text = answer(&session, &sql).await.to_string();
        let text = text.replace(&format!("{root}/warehouse"), "{warehouse}").replace(&root, "{folder}");
        let text = text.replace("Sun Nov 22 17:55:12 UTC 2026", "{time}").replace("2026-11-22T17:55:12Z", "{isotime}");
        let ours: Json = serde_json::from_str(&text).unwrap();
        if sorted(&ours) != sorted(&recorded) && !DEVIATIONS.iter().any(|(start, _)| sql.starts_with(start)) {
            different.push(format!("{sql}\n  spark {recorded}\n  ours  {ours}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

async fn rows_of(session: &EmbeddedSession, sql: &str) -> String {
    let rows = run(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut lines: Vec<String> = cells(&rows).iter().map(|row| json!(row).to_string()).collect();
    lines.sort();
    lines.join(" ")
}

async fn error_of(session: &EmbeddedSession, sql: &str) -> String {
    let error = run(session, sql).await.expect_err(sql);
    let parameters: Vec<_> = error.parameters().iter().map(|(_, value)| value.as_str()).collect();
    format!("{} {}", error.condition().name, parameters.join(" | "))
}

/// Answers as recorded from Spark 4.2, but for the order of parameters.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_go_in_and_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    for sql in [
        "CREATE TABLE t1 (a INT, b STRING, c DECIMAL(10,2) DEFAULT 1.5)",
        "INSERT INTO t1 (b, a) VALUES ('x', 1)",
        "INSERT INTO t1 VALUES (1, NULL, 2.5)",
        "INSERT INTO t1 VALUES (1, DEFAULT, 2.5)",
        "INSERT INTO t1 BY NAME SELECT 5 AS a, 'b' AS b",
    ] {
        assert_eq!(rows_of(&session, sql).await, "", "{sql}");
    }
    assert_eq!(
        rows_of(&session, "SELECT * FROM t1").await,
        r#"["1","x","1.50"] ["1",null,"2.50"] ["1",null,"2.50"] ["5","b","1.50"]"#
    );
    let name = "`spark_catalog`.`default`.`t1`";
    for (sql, expected) in [
        ("VALUES (1)", "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"),
        ("VALUES (1, 'x', 2.5, 4)", "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS"),
        ("(b, zz) VALUES ('x', 1)", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
        ("(b, b) VALUES ('x', 1)", "COLUMN_ALREADY_EXISTS"),
        ("VALUES ('abc', 'b', 2.5)", "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST"),
        ("BY NAME SELECT 5 AS a, 'b' AS zz", "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS"),
        ("PARTITION (a = 2) SELECT 9", "PARTITIONS_NOT_FOUND"),
    ] {
        let error = error_of(&session, &format!("INSERT INTO t1 {sql}")).await;
        assert!(error.starts_with(expected), "{sql}: {error}");
    }
    assert!(error_of(&session, "CREATE TABLE t1 AS SELECT 1 AS a").await.ends_with(name));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_written_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    run(&session, "CREATE TABLE t2 (a INT, p INT, q STRING) USING parquet PARTITIONED BY (p, q)").await.unwrap();
    run(&session, "INSERT INTO t2 VALUES (1, 2, 'x'), (2, 3, 'z'), (3, 3, 'a b/c')").await.unwrap();
    assert_eq!(rows_of(&session, "SHOW PARTITIONS t2").await, r#"["p=2/q=x"] ["p=3/q=a b%2Fc"] ["p=3/q=z"]"#);
    run(&session, "INSERT OVERWRITE t2 PARTITION (p = 2, q = 'y') SELECT 9").await.unwrap();
    assert_eq!(
        rows_of(&session, "SELECT * FROM t2").await,
        r#"["1","2","x"] ["2","3","z"] ["3","3","a b/c"] ["9","2","y"]"#
    );
    run(&session, "SET spark.sql.sources.partitionOverwriteMode=dynamic").await.unwrap();
    run(&session, "INSERT OVERWRITE t2 SELECT 7, 2, 'x'").await.unwrap();
    assert_eq!(rows_of(&session, "SELECT a FROM t2").await, r#"["2"] ["3"] ["7"] ["9"]"#);
    run(&session, "TRUNCATE TABLE t2 PARTITION (p = 2)").await.unwrap();
    assert_eq!(rows_of(&session, "SELECT a FROM t2").await, r#"["2"] ["3"]"#);
    run(&session, "ALTER TABLE t2 DROP PARTITION (p = 3)").await.unwrap();
    assert_eq!(rows_of(&session, "SELECT count(*) FROM t2").await, r#"["0"]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_null_partition_reads_as_null() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    run(&session, "CREATE TABLE n (a INT, p INT, q STRING) USING parquet PARTITIONED BY (p, q)").await.unwrap();
    run(&session, "INSERT INTO n VALUES (2, 3, null)").await.unwrap();
    assert_eq!(rows_of(&session, "SHOW PARTITIONS n").await, r#"["p=3/q=__HIVE_DEFAULT_PARTITION__"]"#);
    assert_eq!(rows_of(&session, "SELECT * FROM n").await, r#"["2","3",null]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_views_and_variables_are_made_of_queries() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    for sql in [
        "CREATE TABLE cta PARTITIONED BY (p) AS SELECT 1 AS a, 2 AS p, 'x' AS b",
        "CREATE VIEW v (x, y) AS SELECT a, b FROM cta",
        "CREATE TEMP VIEW tv AS SELECT x FROM v",
        "CREATE FUNCTION plus(n INT) RETURNS INT RETURN n + 1",
        "DECLARE VARIABLE w INT DEFAULT 5",
        "SET VAR w = w + 1",
    ] {
        run(&session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    assert_eq!(rows_of(&session, "SELECT * FROM cta").await, r#"["1","x","2"]"#);
    assert_eq!(rows_of(&session, "SELECT * FROM v").await, r#"["1","x"]"#);
    assert_eq!(rows_of(&session, "SELECT * FROM tv").await, r#"["1"]"#);
    assert_eq!(rows_of(&session, "SELECT w").await, r#"["6"]"#);
    assert_eq!(rows_of(&session, "EXECUTE IMMEDIATE 'SELECT 1 AS a WHERE 1 = ?' USING 1").await, r#"["1"]"#);
    assert_eq!(rows_of(&session, "SELECT count(*) FROM samples.tpch.region").await, r#"["5"]"#);
    run(&session, "CREATE TABLE plain AS SELECT 3 AS z").await.unwrap();
    assert_eq!(rows_of(&session, "SELECT * FROM plain").await, r#"["3"]"#);
    run(&session, "CREATE OR REPLACE TABLE cta AS SELECT 3 AS z").await.unwrap();
    assert_eq!(rows_of(&session, "SELECT * FROM cta").await, r#"["3"]"#);
}
