//! The reference page of SQL statements: what each is written like, and whether it runs.
//!
//! The state is asked of the code: the sample is parsed, and the command that comes out is looked up in the dispatch.

use std::collections::BTreeMap;
use std::fmt::Write;

use hearth_analyzer::Status;
use hearth_plan::{Command, Plan};

/// A group of statements with a sample of each.
type Group = (&'static str, &'static [&'static str]);

const GROUPS: &[Group] = &[
    (
        "Queries",
        &[
            "SELECT a FROM t WHERE b GROUP BY a HAVING c ORDER BY a LIMIT 1 OFFSET 2",
            "FROM t SELECT a",
            "FROM t |> WHERE a |> SELECT b",
            "VALUES (1), (2)",
            "TABLE t",
            "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
            "SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2))",
            "SELECT * FROM t UNPIVOT (v FOR n IN (a, b))",
            "SELECT * FROM t LATERAL VIEW explode(a) e AS x",
            "SELECT * FROM t, LATERAL (SELECT t.a)",
            "SELECT * FROM t TABLESAMPLE (10 PERCENT)",
            "SELECT * FROM t VERSION AS OF 1",
            "SELECT TRANSFORM (a) USING 'cat' AS (b) FROM t",
        ],
    ),
    (
        "Changing rows",
        &[
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t BY NAME SELECT 1 AS a",
            "INSERT OVERWRITE t PARTITION (p = 1) SELECT 1",
            "INSERT INTO t REPLACE WHERE a = 1 SELECT 1",
            "INSERT OVERWRITE DIRECTORY '/x' USING parquet SELECT 1",
            "FROM t INSERT INTO u SELECT a INSERT INTO v SELECT b",
            "UPDATE t SET a = 1 WHERE b",
            "DELETE FROM t WHERE a",
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE",
            "TRUNCATE TABLE t",
            "LOAD DATA INPATH '/x' INTO TABLE t",
        ],
    ),
    (
        "Tables",
        &[
            "CREATE TABLE t (a INT) USING parquet",
            "CREATE TABLE t USING parquet AS SELECT 1 AS a",
            "CREATE OR REPLACE TABLE t (a INT) USING delta",
            "CREATE TABLE t LIKE s",
            "CREATE TABLE t (a INT) STORED AS PARQUET",
            "CREATE TABLE t (a INT CHECK (a > 0)) USING parquet",
            "DROP TABLE t",
            "ALTER TABLE t RENAME TO u",
            "ALTER TABLE t ADD COLUMNS (b INT)",
            "ALTER TABLE t DROP COLUMNS (b)",
            "ALTER TABLE t RENAME COLUMN a TO b",
            "ALTER TABLE t ALTER COLUMN a TYPE BIGINT",
            "ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')",
            "ALTER TABLE t SET LOCATION '/x'",
            "ALTER TABLE t ADD PARTITION (p = 1)",
            "ALTER TABLE t DROP PARTITION (p = 1)",
            "ALTER TABLE t RECOVER PARTITIONS",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
            "ALTER TABLE t SET SERDEPROPERTIES ('a' = 'b')",
            "MSCK REPAIR TABLE t",
            "OPTIMIZE t",
            "COMMENT ON TABLE t IS 'x'",
            "CREATE INDEX i ON t (a)",
        ],
    ),
    (
        "Views, databases, functions, variables",
        &[
            "CREATE VIEW v AS SELECT 1",
            "CREATE TEMPORARY VIEW v AS SELECT 1",
            "CREATE MATERIALIZED VIEW v AS SELECT 1",
            "ALTER VIEW v AS SELECT 2",
            "ALTER VIEW v WITH SCHEMA BINDING",
            "DROP VIEW v",
            "CREATE DATABASE d",
            "ALTER DATABASE d SET DBPROPERTIES ('a' = 'b')",
            "DROP DATABASE d CASCADE",
            "CREATE FUNCTION f (a INT) RETURNS INT RETURN a + 1",
            "CREATE FUNCTION f AS 'a.B' USING JAR '/x.jar'",
            "DROP FUNCTION f",
            "DECLARE x INT DEFAULT 1",
            "SET VAR x = 2",
            "DROP TEMPORARY VARIABLE x",
        ],
    ),
    (
        "Asking",
        &[
            "SHOW TABLES",
            "SHOW TABLE EXTENDED LIKE '*'",
            "SHOW VIEWS",
            "SHOW DATABASES",
            "SHOW CATALOGS",
            "SHOW COLUMNS IN t",
            "SHOW CREATE TABLE t",
            "SHOW PARTITIONS t",
            "SHOW TBLPROPERTIES t",
            "SHOW FUNCTIONS",
            "SHOW COLLATIONS",
            "SHOW PROCEDURES",
            "SHOW CURRENT NAMESPACE",
            "DESCRIBE TABLE t",
            "DESCRIBE DATABASE d",
            "DESCRIBE FUNCTION f",
            "DESCRIBE QUERY SELECT 1",
            "EXPLAIN SELECT 1",
            "ANALYZE TABLE t COMPUTE STATISTICS",
        ],
    ),
    (
        "Session",
        &[
            "USE d",
            "SET CATALOG c",
            "SET a = b",
            "SET TIME ZONE 'UTC'",
            "RESET a",
            "CACHE TABLE t",
            "UNCACHE TABLE t",
            "CLEAR CACHE",
            "REFRESH TABLE t",
            "ADD JAR '/x.jar'",
            "LIST JARS",
            "EXECUTE IMMEDIATE 'SELECT 1'",
            "CALL p(1)",
            "BEGIN SELECT 1; END",
        ],
    ),
];

/// The page as Markdown.
pub fn page() -> String {
    let statuses = super::statuses();
    let mut page = String::from(
        "# SQL statements\n\nThe parser takes all of Spark 4.2's SQL. This is what the embedded engine runs of it, a sample \
         per kind, printed by `hearth docs` from the code. What it does not run answers with the name of the feature; \
         statements that only Hive has are refused by Spark as well.\n",
    );
    for (title, samples) in GROUPS {
        let _ = write!(page, "\n## {title}\n\n| statement | state |\n|---|---|\n");
        for sample in *samples {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "| `{}` | {} |", sample.replace('|', "\\|"), state(sample, &statuses));
        }
    }
    page
}

fn state(sample: &str, statuses: &BTreeMap<String, Status>) -> String {
    match hearth_sql::parse_statement(sample) {
        Ok(Plan::Relation(_)) => "built".to_owned(),
        Ok(Plan::Command(Command::UnsupportedSql { what })) => format!("not built: {what}"),
        Ok(Plan::Command(Command::Catalog(op))) => of_name(&format!("{op:?}"), statuses),
        Ok(Plan::Command(command)) => of_name(&format!("{command:?}"), statuses),
        Err(error) => format!("not built: {}", error.text()),
    }
}

/// The state of a node by its name, with which its debug text begins.
fn of_name(text: &str, statuses: &BTreeMap<String, Status>) -> String {
    let name = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    match statuses.get(name) {
        Some(Status::Built) => "built".to_owned(),
        Some(Status::Refused) => "refused, as Spark does for tables of files".to_owned(),
        Some(Status::Unsupported) | None => format!("not built: {name}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn samples_parse() {
        for sample in GROUPS.iter().flat_map(|(_, samples)| *samples) {
            let error = hearth_sql::parse_statement(sample).err();
            let is_known = error.as_ref().is_none_or(|error| error.condition().name != "PARSE_SYNTAX_ERROR");
            assert!(is_known, "{sample}: {error:?}");
        }
    }
}
