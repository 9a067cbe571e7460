//! What clients of SQL warehouses send: columns with their types, and rows.

use hearth_core::EngineSession;
use hearth_core::engine::{ConfigRequest, Flavor, Namespace};

use super::*;

async fn warehouse(folder: &Path) -> EmbeddedSession {
    session(folder).await.with_flavor(Flavor::Warehouse)
}

/// The answer as `columns | row row …`; nullability is not told.
async fn answered(session: &EmbeddedSession, sql: &str) -> String {
    let rows = run(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let columns: Vec<_> =
        rows.0.fields.iter().map(|field| format!("{} {}", field.name, field.data_type.simple_string())).collect();
    let cells: Vec<_> = cells(&rows).iter().map(|row| json!(row).to_string()).collect();
    format!("{} | {}", columns.join(", "), cells.join(" "))
}

async fn all(session: &EmbeddedSession, statements: &[&str]) {
    for sql in statements {
        run(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn expect(session: &EmbeddedSession, cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(answered(session, sql).await, *expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn catalogs_and_schemas_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(&session, &["CREATE SCHEMA main.my_schema", "CREATE SCHEMA main.sales"]).await;
    expect(
        &session,
        &[
            ("SHOW CATALOGS", r#"catalog string | ["main"] ["samples"] ["spark_catalog"] ["system"]"#),
            ("SHOW CATALOGS LIKE 'm%'", r#"catalog string | ["main"]"#),
            (
                "SHOW SCHEMAS IN `main`",
                r#"databaseName string | ["default"] ["information_schema"] ["my_schema"] ["sales"]"#,
            ),
            ("SHOW SCHEMAS IN main LIKE 's%'", r#"databaseName string | ["sales"]"#),
            ("SHOW SCHEMAS IN `main` LIKE 'my.schema'", r#"databaseName string | ["my_schema"]"#),
            ("SHOW DATABASES IN main LIKE 'd*|s*'", r#"databaseName string | ["default"] ["sales"]"#),
            (
                "SHOW SCHEMAS IN ALL CATALOGS LIKE 'def%'",
                r#"databaseName string, catalog string | ["default","main"] ["default","spark_catalog"]"#,
            ),
            ("SHOW SCHEMAS IN samples LIKE 't*'", r#"databaseName string | ["tpcds"] ["tpch"]"#),
        ],
    )
    .await;
    let missing = error_of(&session, "SHOW SCHEMAS IN nowhere").await;
    assert_eq!(missing, "NO_SUCH_CATALOG_EXCEPTION nowhere");
    assert_eq!(error_of(&session, "SELECT * FROM nowhere.a.b").await, "NO_SUCH_CATALOG_EXCEPTION nowhere");
    assert!(error_of(&session, "SELECT * FROM main.a.b").await.starts_with("TABLE_OR_VIEW_NOT_FOUND `main`.`a`.`b`"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sparks_own_answers_stay_for_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path()).await;
    expect(
        &session,
        &[
            ("SHOW CATALOGS", r#"catalog string | ["main"] ["samples"] ["spark_catalog"]"#),
            ("SHOW SCHEMAS IN main", r#"namespace string | ["default"]"#),
            ("SHOW TABLES", "namespace string, tableName string, isTemporary boolean | "),
            ("SHOW VIEWS", "namespace string, viewName string, isTemporary boolean | "),
            ("SHOW CATALOGS LIKE 'm%'", "catalog string | "),
            ("CREATE TABLE t AS SELECT 1 AS a", " | "),
            ("INSERT INTO t VALUES (2)", " | "),
            (
                "SELECT count(*) FROM main.information_schema.tables WHERE table_schema = 'default'",
                r#"count(1) bigint | ["0"]"#,
            ),
        ],
    )
    .await;
    assert!(error_of(&session, "SHOW SCHEMAS IN nowhere").await.starts_with("CATALOG_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_columns_and_functions_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(
        &session,
        &[
            "USE CATALOG main",
            "CREATE SCHEMA s1",
            "CREATE TABLE s1.t1 (id BIGINT COMMENT 'key', price DECIMAL(10,2), name STRING, at TIMESTAMP, d DOUBLE, \
             tags ARRAY<INT>) COMMENT 'orders'",
            "CREATE VIEW s1.v1 AS SELECT id FROM s1.t1",
            "CREATE TEMP VIEW tv AS SELECT 1 AS x",
        ],
    )
    .await;
    let tables = "namespace string, tableName string, isTemporary boolean, information string, catalogName string, \
                  tableType string, remarks string | ";
    let t1 = r#"["s1","t1",false,"","main","TABLE","orders"]"#;
    let v1 = r#"["s1","v1",false,"","main","VIEW",null]"#;
    for sql in [
        "SHOW TABLES IN CATALOG main SCHEMA LIKE 's1' LIKE '%'",
        "SHOW TABLES IN CATALOG `main` SCHEMA LIKE 's.' LIKE '*'",
        "SHOW TABLES IN CATALOG `main` SCHEMA LIKE 's*'",
        "SHOW TABLES IN ALL CATALOGS SCHEMA LIKE 's1'",
    ] {
        assert_eq!(answered(&session, sql).await, format!("{tables}{t1} {v1}"), "{sql}");
    }
    let only = answered(&session, "SHOW TABLES IN CATALOG main SCHEMA LIKE 's1' LIKE 'v_'").await;
    assert_eq!(only, format!("{tables}{v1}"));
    let columns = "col_name string, catalogName string, namespace string, tableName string, columnType string, \
                   columnSize int, decimalDigits int, radix int, isNullable string, remarks string, \
                   ordinalPosition int, isAutoIncrement string, isGenerated string | ";
    let rows = [
        r#"["id","main","s1","t1","BIGINT","19","0","10","true","key","0","NO","NO"]"#,
        r#"["price","main","s1","t1","DECIMAL(10,2)","10","2","10","true",null,"1","NO","NO"]"#,
        r#"["name","main","s1","t1","STRING","255",null,null,"true",null,"2","NO","NO"]"#,
        r#"["at","main","s1","t1","TIMESTAMP","29","6",null,"true",null,"3","NO","NO"]"#,
        r#"["d","main","s1","t1","DOUBLE","15","15","10","true",null,"4","NO","NO"]"#,
        r#"["tags","main","s1","t1","ARRAY<INT>","255",null,null,"true",null,"5","NO","NO"]"#,
    ];
    let of_t1 = "SHOW COLUMNS IN CATALOG `main` SCHEMA LIKE 's1' TABLE LIKE 't1'";
    assert_eq!(answered(&session, of_t1).await, format!("{columns}{}", rows.join(" ")));
    assert_eq!(answered(&session, &format!("{of_t1} LIKE 'pri%'")).await, format!("{columns}{}", rows[1]));
    expect(
        &session,
        &[
            ("SHOW COLUMNS IN s1.v1", r#"col_name string | ["id"]"#),
            (
                "SHOW TABLES IN main.s1",
                r#"database string, tableName string, isTemporary boolean | ["s1","t1",false] ["s1","v1",false] ["","tv",true]"#,
            ),
            (
                "SHOW VIEWS FROM `main`.`s1`",
                "namespace string, viewName string, isTemporary boolean, isMaterialized boolean | \
                 [\"s1\",\"v1\",false,false] [\"\",\"tv\",true,false]",
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_and_keys_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(
        &session,
        &[
            "USE CATALOG main",
            "CREATE SCHEMA s1",
            "CREATE TABLE s1.t1 (id BIGINT)",
            "CREATE FUNCTION s1.plus(n INT) RETURNS INT COMMENT 'adds' RETURN n + 1",
        ],
    )
    .await;
    expect(
        &session,
        &[
            (
                "SHOW FUNCTIONS IN CATALOG `main` SCHEMA LIKE 's1' LIKE 'p*'",
                "functionName string, namespace string, catalogName string, remarks string, functionType int, \
                 specificName string | [\"plus\",\"s1\",\"main\",\"adds\",\"1\",\"plus\"]",
            ),
            (
                "SHOW KEYS IN CATALOG `main` IN SCHEMA `s1` IN TABLE `t1`",
                "catalogName string, namespace string, tableName string, col_name string, keySeq int, \
                 constraintName string | ",
            ),
            (
                "SHOW FOREIGN KEYS IN CATALOG `main` IN SCHEMA `s1` IN TABLE `t1`",
                "parentCatalogName string, parentNamespace string, parentTableName string, parentColName string, \
                 catalogName string, namespace string, tableName string, col_name string, keySeq int, \
                 updateRule int, deleteRule int, constraintName string, deferrability int | ",
            ),
        ],
    )
    .await;
    let missing = error_of(&session, "SHOW KEYS IN CATALOG main IN SCHEMA s1 IN TABLE nosuch").await;
    assert!(missing.starts_with("TABLE_OR_VIEW_NOT_FOUND `main`.`s1`.`nosuch`"), "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_and_settings_are_set_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(&session, &["USE CATALOG `main`", "CREATE SCHEMA s1", "USE SCHEMA s1"]).await;
    expect(
        &session,
        &[
            (
                "SELECT CURRENT_CATALOG(), CURRENT_SCHEMA()",
                r#"current_catalog() string, current_schema() string | ["main","s1"]"#,
            ),
            ("SET ANSI_MODE", r#"key string, value string | ["ANSI_MODE","true"]"#),
            ("SET ansi_mode = false", r#"key string, value string | ["ansi_mode","false"]"#),
            ("SELECT 1 / 0 AS a", "a double | [null]"),
            ("SET TIMEZONE = America/Los_Angeles", r#"key string, value string | ["TIMEZONE","America/Los_Angeles"]"#),
            ("SELECT current_timezone() AS z", r#"z string | ["America/Los_Angeles"]"#),
            ("SET STATEMENT_TIMEOUT", r#"key string, value string | ["STATEMENT_TIMEOUT","172800"]"#),
            ("RESET ANSI_MODE", " | "),
            ("SET ANSI_MODE", r#"key string, value string | ["ANSI_MODE","true"]"#),
        ],
    )
    .await;
    let pairs = [("use_cached_result", "false"), ("ansi_mode", "FALSE"), ("foo", "bar")];
    let pairs = pairs.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))).to_vec();
    session.configure(ConfigRequest::Set { pairs, silent: false }).await.unwrap();
    expect(
        &session,
        &[
            ("SET ANSI_MODE", r#"key string, value string | ["ANSI_MODE","FALSE"]"#),
            ("SET USE_CACHED_RESULT", r#"key string, value string | ["USE_CACHED_RESULT","false"]"#),
            ("SET foo", r#"key string, value string | ["foo","bar"]"#),
            ("SELECT 1 / 0 AS a", "a double | [null]"),
        ],
    )
    .await;
    assert_eq!(error_of(&session, "USE CATALOG nowhere").await, "NO_SUCH_CATALOG_EXCEPTION nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_stands_in_a_schema_before_it_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    let namespace = Namespace { catalog: Some("main".to_owned()), schema: Some("Later".to_owned()) };
    session.use_namespace(&namespace).await.unwrap();
    assert!(error_of(&session, "CREATE TABLE t (a INT)").await.starts_with("SCHEMA_NOT_FOUND `main`.`later`"));
    all(&session, &["CREATE SCHEMA IF NOT EXISTS main.later", "CREATE TABLE t (a INT)", "SELECT * FROM main.later.t"])
        .await;
    let nowhere = Namespace { catalog: Some("nowhere".to_owned()), schema: None };
    assert_eq!(session.use_namespace(&nowhere).await.unwrap_err().condition().name, "NO_SUCH_CATALOG_EXCEPTION");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_rows_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    let counts = |count: u32| format!(r#"num_affected_rows bigint, num_inserted_rows bigint | ["{count}","{count}"]"#);
    for (sql, count) in [
        ("CREATE OR REPLACE TABLE main.default.t USING delta AS SELECT 1 AS a, 'x' AS b", 1),
        ("INSERT INTO main.default.t VALUES (2, 'y'), (3, 'z')", 2),
        ("insert into main.default.t by name select 'q' as b, 9 as a", 1),
        ("/* {\"app\": \"dbt\"} */ insert overwrite main.default.t values (7, 'q')", 1),
        ("INSERT INTO main.default.t SELECT a, b FROM main.default.t WHERE false", 0),
    ] {
        assert_eq!(answered(&session, sql).await, counts(count), "{sql}");
    }
    expect(
        &session,
        &[
            ("SELECT * FROM main.default.t", r#"a int, b string | ["7","q"]"#),
            ("CREATE TABLE main.default.e (a INT) USING delta", " | "),
            ("CREATE OR REPLACE VIEW main.default.v AS (SELECT a FROM main.default.t)", " | "),
            ("CREATE TABLE main.default.c (d DATE, n INT)", " | "),
            (
                "INSERT INTO main.default.c VALUES ('2024-01-02', '7')",
                r#"num_affected_rows bigint, num_inserted_rows bigint | ["1","1"]"#,
            ),
            ("SELECT * FROM main.default.c", r#"d date, n int | ["2024-01-02","7"]"#),
            ("DROP VIEW IF EXISTS main.default.v", " | "),
            ("DROP TABLE IF EXISTS main.default.nosuch", " | "),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delta_tables_are_said_to_be_delta() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(
        &session,
        &[
            "USE CATALOG main",
            "create or replace table d (a INT comment 'an a') using delta comment 'c' tblproperties ('k' = 'v')",
            "alter table d set tblproperties ('delta.x' = 'y')",
            "comment on table d is 'other'",
            "comment on column d.a is 'better'",
            "create view w (x comment 'c') as select a from d",
            "comment on view w is 'seen'",
            "insert into d values (1)",
            "optimize d zorder by (a)",
        ],
    )
    .await;
    let extended = rows_of(&session, "DESCRIBE TABLE EXTENDED d").await;
    assert!(extended.contains(r#"["Provider","delta",""]"#) && extended.contains(r#"["Catalog","main",""]"#));
    let json = rows_of(&session, "DESCRIBE TABLE EXTENDED d AS JSON").await;
    assert!(json.contains(r#"\"provider\":\"delta\",\"comment\":\"other\""#), "{json}");
    assert!(json.contains(r#"\"nullable\":true,\"comment\":\"better\""#), "{json}");
    expect(
        &session,
        &[
            (
                "SELECT table_name, lower(data_source_format) AS f, table_type, comment FROM \
                 `system`.`information_schema`.`tables` WHERE table_catalog = 'main' AND table_schema = 'default' \
                 ORDER BY table_name",
                "table_name string, f string, table_type string, comment string | \
                 [\"d\",\"delta\",\"MANAGED\",\"other\"] \
                 [\"w\",\"unknown_data_source_format\",\"VIEW\",\"seen\"]",
            ),
            ("SHOW TBLPROPERTIES d", r#"key string, value string | ["delta.x","y"] ["k","v"]"#),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_information_schema_tells_of_its_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(
        &session,
        &[
            "CREATE SCHEMA main.s1 COMMENT 'first'",
            "CREATE TABLE main.s1.t1 (a BIGINT, b DECIMAL(10,2) DEFAULT 1, p STRING COMMENT 'part') PARTITIONED BY (p)",
            "CREATE VIEW main.s1.v1 AS SELECT a FROM main.s1.t1",
            "CREATE FUNCTION main.s1.plus(n INT, m INT DEFAULT 2) RETURNS BIGINT COMMENT 'adds' RETURN n + m",
            "CREATE TABLE spark_catalog.default.other (z INT)",
        ],
    )
    .await;
    expect(
        &session,
        &[
            (
                "SELECT column_name, ordinal_position, column_default, full_data_type, data_type, numeric_precision, \
                 numeric_scale, is_nullable, partition_index, comment FROM main.information_schema.columns \
                 WHERE table_schema = 's1' AND table_name = 't1' ORDER BY ordinal_position",
                "column_name string, ordinal_position int, column_default string, full_data_type string, \
                 data_type string, numeric_precision int, numeric_scale int, is_nullable string, \
                 partition_index int, comment string | \
                 [\"a\",\"1\",null,\"bigint\",\"LONG\",\"64\",\"0\",\"YES\",null,null] \
                 [\"b\",\"2\",\"1\",\"decimal(10,2)\",\"DECIMAL\",\"10\",\"2\",\"YES\",null,null] \
                 [\"p\",\"3\",null,\"string\",\"STRING\",null,null,\"YES\",\"1\",\"part\"]",
            ),
            (
                "SELECT table_name, view_definition FROM main.information_schema.views WHERE table_schema = 's1'",
                r#"table_name string, view_definition string | ["v1","SELECT a FROM main.s1.t1"]"#,
            ),
            (
                "SELECT schema_name, comment FROM main.information_schema.schemata ORDER BY schema_name",
                "schema_name string, comment string | [\"default\",\"default database\"] \
                 [\"information_schema\",\"Information schema (auto-created)\"] [\"s1\",\"first\"]",
            ),
            (
                "SELECT catalog_name FROM system.information_schema.catalogs ORDER BY 1",
                r#"catalog_name string | ["main"] ["samples"] ["spark_catalog"] ["system"]"#,
            ),
            (
                "SELECT routine_catalog, routine_schema, routine_name, comment, specific_name FROM \
                 `main`.information_schema.routines WHERE routine_type = 'FUNCTION' AND routine_schema LIKE 's1'",
                "routine_catalog string, routine_schema string, routine_name string, comment string, \
                 specific_name string | [\"main\",\"s1\",\"plus\",\"adds\",\"plus\"]",
            ),
            (
                "SELECT parameter_name, ordinal_position, full_data_type, parameter_default FROM \
                 main.information_schema.parameters ORDER BY ordinal_position",
                "parameter_name string, ordinal_position int, full_data_type string, parameter_default string | \
                 [\"n\",\"1\",\"int\",null] [\"m\",\"2\",\"int\",\"2\"]",
            ),
            (
                "SELECT count(*) AS n FROM main.information_schema.tables WHERE table_name = 'other'",
                r#"n bigint | ["0"]"#,
            ),
            (
                "SELECT table_catalog, created FROM system.information_schema.tables WHERE table_name = 'other'",
                r#"table_catalog string, created timestamp | ["spark_catalog","2026-11-22 17:55:12"]"#,
            ),
        ],
    )
    .await;
    for relation in ["row_filters", "column_masks", "table_tags", "table_constraints", "table_privileges", "volumes"] {
        let sql = format!("SELECT count(*) AS n FROM main.information_schema.{relation}");
        assert_eq!(answered(&session, &sql).await, r#"n bigint | ["0"]"#, "{relation}");
    }
    all(&session, &["DESCRIBE TABLE main.information_schema.tables", "SHOW TABLES IN main.information_schema"]).await;
    let refused = error_of(&session, "INSERT INTO main.information_schema.catalogs SELECT 1").await;
    assert!(refused.starts_with("EXPECT_TABLE_NOT_VIEW"), "{refused}");
}

/// What dbt asks after a run for its documentation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relations_of_the_information_schema_join() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(&session, &["CREATE TABLE main.default.t (a INT, b STRING)"]).await;
    let sql = "WITH tables AS (SELECT table_catalog AS table_database, table_schema, table_name, \
               lower(table_type) AS table_type, last_altered AS `stats:last_modified:value`, \
               (last_altered IS NOT NULL AND table_type NOT ILIKE '%VIEW%') AS `stats:last_modified:include` \
               FROM `system`.`information_schema`.`tables` WHERE table_catalog = 'main' AND table_schema = 'default'), \
               columns AS (SELECT table_catalog AS table_database, table_schema, table_name, column_name, \
               ordinal_position AS column_index, lower(full_data_type) AS column_type FROM \
               `system`.`information_schema`.`columns` WHERE table_catalog = 'main' AND table_schema = 'default') \
               SELECT table_name, table_type, column_name, column_type, `stats:last_modified:include` AS i FROM tables \
               JOIN columns USING (table_database, table_schema, table_name) ORDER BY column_index";
    assert_eq!(rows_of(&session, sql).await, r#"["t","managed","a","int",true] ["t","managed","b","string",true]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_deleted_and_updated() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(
        &session,
        &[
            "CREATE TABLE t (a INT, b STRING DEFAULT 'd', p INT) USING delta PARTITIONED BY (p)",
            "INSERT INTO t VALUES (1, 'x', 1), (2, NULL, 1), (3, 'z', 2), (NULL, 'n', 2)",
        ],
    )
    .await;
    let affected = |count: u32| format!(r#"num_affected_rows bigint | ["{count}"]"#);
    for (sql, count, rows) in [
        ("DELETE FROM t WHERE a > 2", 1, r#"["1","x","1"] ["2",null,"1"] [null,"n","2"]"#),
        ("DELETE FROM t AS x WHERE x.a = 99", 0, r#"["1","x","1"] ["2",null,"1"] [null,"n","2"]"#),
        (
            "UPDATE t SET b = concat(b, '!'), p = p + 5 WHERE a = 1",
            1,
            r#"["1","x!","6"] ["2",null,"1"] [null,"n","2"]"#,
        ),
        ("UPDATE t AS y SET y.b = DEFAULT WHERE y.b IS NULL", 1, r#"["1","x!","6"] ["2","d","1"] [null,"n","2"]"#),
        ("UPDATE t SET a = 7", 3, r#"["7","d","1"] ["7","n","2"] ["7","x!","6"]"#),
        ("DELETE FROM t WHERE b IN (SELECT b FROM t WHERE p = 2)", 1, r#"["7","d","1"] ["7","x!","6"]"#),
        ("DELETE FROM t", 2, ""),
    ] {
        assert_eq!(answered(&session, sql).await, affected(count), "{sql}");
        assert_eq!(rows_of(&session, "SELECT * FROM t").await, rows, "{sql}");
    }
    assert!(error_of(&session, "UPDATE t SET nosuch = 1").await.starts_with("UNRESOLVED_COLUMN"));
    assert!(error_of(&session, "DELETE FROM samples.tpch.region").await.starts_with("UNSUPPORTED_FEATURE"));
    all(&session, &["INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2)"]).await;
    let replaced = answered(&session, "INSERT INTO t REPLACE WHERE p = 2 SELECT 9, 'q', 2").await;
    assert!(replaced.ends_with(r#"["1","1"]"#), "{replaced}");
    let by_name = "INSERT INTO t BY NAME REPLACE WHERE p = 1 SELECT 1 AS p, 8 AS a, 'w' AS b";
    all(&session, &[by_name]).await;
    assert_eq!(rows_of(&session, "SELECT * FROM t").await, r#"["8","w","1"] ["9","q","2"]"#);
    let refused = error_of(&session, "INSERT INTO t REPLACE WHERE p = 2 SELECT 9, 'q', 3").await;
    assert!(refused.starts_with("DELTA_REPLACE_WHERE_MISMATCH"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let session = warehouse(folder.path()).await;
    all(
        &session,
        &[
            "CREATE TABLE t (id INT, v STRING, n INT DEFAULT 5) USING delta",
            "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (NULL, 'n', 0)",
            "CREATE TABLE s (v STRING, id INT, n INT)",
            "INSERT INTO s VALUES ('A', 1, 10), ('B', 2, 20), ('D', 4, 40), (NULL, NULL, 50)",
        ],
    )
    .await;
    let counts = |counts: [u32; 4]| {
        let [affected, updated, deleted, inserted] = counts;
        format!(
            "num_affected_rows bigint, num_updated_rows bigint, num_deleted_rows bigint, num_inserted_rows bigint | \
             [\"{affected}\",\"{updated}\",\"{deleted}\",\"{inserted}\"]"
        )
    };
    for (sql, expected, rows) in [
        (
            "merge into t as DBT_INTERNAL_DEST using s as DBT_INTERNAL_SOURCE on DBT_INTERNAL_SOURCE.id = \
             DBT_INTERNAL_DEST.id when matched then update set * when not matched then insert *",
            [4, 2, 0, 2],
            r#"["1","A","10"] ["2","B","20"] ["3","c","3"] ["4","D","40"] [null,"n","0"] [null,null,"50"]"#,
        ),
        (
            "MERGE INTO t USING (SELECT * FROM s WHERE id IS NOT NULL) AS s ON t.id = s.id \
             WHEN MATCHED AND s.n = 10 THEN DELETE WHEN MATCHED AND s.n = 20 THEN UPDATE SET v = upper(t.v) || s.v \
             WHEN NOT MATCHED BY SOURCE AND t.id IS NULL THEN DELETE \
             WHEN NOT MATCHED BY SOURCE THEN UPDATE SET n = DEFAULT",
            [5, 2, 3, 0],
            r#"["2","BB","20"] ["3","c","5"] ["4","D","40"]"#,
        ),
        (
            "MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED AND s.id = 1 THEN INSERT (id, v) VALUES (id, v) \
             WHEN NOT MATCHED AND s.id > 1 THEN INSERT *",
            [1, 0, 0, 1],
            r#"["1","A","5"] ["2","BB","20"] ["3","c","5"] ["4","D","40"]"#,
        ),
        (
            "MERGE INTO t USING (SELECT 1 AS one UNION ALL SELECT 2) x ON t.id = 1 WHEN MATCHED THEN DELETE",
            [1, 0, 1, 0],
            r#"["2","BB","20"] ["3","c","5"] ["4","D","40"]"#,
        ),
        (
            "MERGE INTO t USING (SELECT 1 AS one UNION ALL SELECT 2) x ON t.id = 2 WHEN MATCHED AND x.one = 2 THEN \
             UPDATE SET n = x.one",
            [1, 1, 0, 0],
            r#"["2","BB","2"] ["3","c","5"] ["4","D","40"]"#,
        ),
    ] {
        assert_eq!(answered(&session, sql).await, counts(expected), "{sql}");
        assert_eq!(rows_of(&session, "SELECT * FROM t").await, rows, "{sql}");
    }
    let twice =
        "MERGE INTO t USING (SELECT 1 AS one UNION ALL SELECT 2) x ON t.id = 2 WHEN MATCHED THEN UPDATE SET n = 0";
    assert!(error_of(&session, twice).await.starts_with("MERGE_CARDINALITY_VIOLATION"));
    let sparks = session.with_flavor(Flavor::Spark);
    assert!(error_of(&sparks, "DELETE FROM s").await.starts_with("UNSUPPORTED_FEATURE.TABLE_OPERATION"));
    assert!(error_of(&sparks, twice).await.starts_with("MERGE_CARDINALITY_VIOLATION"));
}
