//! What clients of SQL warehouses get where a Spark's own answer differs, as far as it can be had from outside: the
//! zone of a session, columns of `SHOW`, what drivers ask about catalogs. Counts of changed rows cannot be had.

pub mod metadata;
mod rows;

use hearth_core::engine::ConfigRequest;
use hearth_plan::catalog::{CatalogOp, Metadata, Style};
use hearth_plan::identifier::quote;
use hearth_plan::{Command, Name, Plan};
use hearth_sql::drivers::spark_pattern;

use crate::execute::Shape;

pub const TIME_ZONE: &str = "spark.sql.session.timeZone";
/// The zone that sessions of warehouses start in.
pub const UTC: &str = "Etc/UTC";

const SCHEMAS: Shape = Shape::Renamed(&[("namespace", "databaseName")]);
const TABLES: Shape = Shape::Renamed(&[("namespace", "database")]);

/// How a statement is asked of a Spark.
#[derive(Debug)]
pub enum Asked {
    Same,
    /// By another text, which may mean the same in Spark only.
    As(String, Shape),
    /// By several questions.
    List(Metadata),
}

/// A statement of a warehouse's client as Spark knows it. One that does not read here goes on as it is.
pub fn ask(text: &str) -> Asked {
    let Ok(Plan::Command(command)) = hearth_sql::parse_statement(text) else { return Asked::Same };
    let op = match command {
        Command::Catalog(op) => *op,
        Command::SetConfig { key, value } => {
            return match spark_setting(&key) {
                Some(key) => Asked::As(format!("SET {key}={}", value.trim_matches('\'')), Shape::Rows),
                None => Asked::Same,
            };
        }
        _ => return Asked::Same,
    };
    match op {
        // Spark has no USE CATALOG.
        CatalogOp::SetCurrentCatalog { name } => {
            Asked::As(format!("SET CATALOG {}", quote(std::slice::from_ref(&name))), Shape::Rows)
        }
        CatalogOp::ListDatabases { catalog, pattern, style: Style::Sql } => {
            Asked::As(show("SCHEMAS", catalog.as_ref(), pattern.as_deref()), SCHEMAS)
        }
        CatalogOp::ListTables { database, pattern, style: Style::Sql } => {
            Asked::As(show("TABLES", database.as_ref(), pattern.as_deref()), TABLES)
        }
        CatalogOp::ListMetadata(wanted) => Asked::List(*wanted),
        _ => Asked::Same,
    }
}

fn show(what: &str, place: Option<&Name>, pattern: Option<&str>) -> String {
    let mut text = format!("SHOW {what}");
    if let Some(place) = place {
        text.push_str(" IN ");
        text.push_str(&quote(place));
    }
    if let Some(pattern) = pattern {
        text.push_str(" LIKE ");
        text.push_str(&string(&spark_pattern(pattern)));
    }
    text
}

/// A SQL string.
pub fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The setting of Spark that a short name means; one that Spark has not keeps its name, in the case in which it is read.
fn spark_setting(key: &str) -> Option<&'static str> {
    const SHORT: [(&str, &str); 9] = [
        ("ANSI_MODE", "spark.sql.ansi.enabled"),
        ("ENABLE_PHOTON", "ENABLE_PHOTON"),
        ("LEGACY_TIME_PARSER_POLICY", "spark.sql.legacy.timeParserPolicy"),
        ("MAX_FILE_PARTITION_BYTES", "spark.sql.files.maxPartitionBytes"),
        ("QUERY_TAGS", "QUERY_TAGS"),
        ("READ_ONLY_EXTERNAL_METASTORE", "READ_ONLY_EXTERNAL_METASTORE"),
        ("STATEMENT_TIMEOUT", "STATEMENT_TIMEOUT"),
        ("TIMEZONE", TIME_ZONE),
        ("USE_CACHED_RESULT", "USE_CACHED_RESULT"),
    ];
    SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(key)).map(|(_, key)| *key)
}

/// Settings with Spark's names in the place of short ones.
pub fn configure(request: ConfigRequest) -> ConfigRequest {
    match request {
        ConfigRequest::Set { mut pairs, silent } => {
            for (key, _) in &mut pairs {
                if let Some(spark) = spark_setting(key) {
                    spark.clone_into(key);
                }
            }
            ConfigRequest::Set { pairs, silent }
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn asked(text: &str) -> String {
        match ask(text) {
            Asked::Same => text.to_owned(),
            Asked::As(text, _) => text,
            Asked::List(wanted) => format!("{wanted:?}"),
        }
    }

    #[test]
    fn statements_that_spark_does_not_know_are_asked_in_its_words() {
        let cases = [
            ("USE CATALOG main", "SET CATALOG `main`"),
            ("SHOW SCHEMAS IN main LIKE 'def%'", "SHOW SCHEMAS IN `main` LIKE 'def*'"),
            ("SHOW TABLES IN `a`.`b` LIKE 't\\\\_1'", "SHOW TABLES IN `a`.`b` LIKE 't_1'"),
            ("SET ansi_mode = false", "SET spark.sql.ansi.enabled=false"),
            ("set statement_timeout = 5", "SET STATEMENT_TIMEOUT=5"),
            ("SELECT 1", "SELECT 1"),
            ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"),
        ];
        for (text, expected) in cases {
            assert_eq!(asked(text), expected);
        }
        assert!(matches!(ask("SHOW TABLES IN CATALOG main SCHEMA LIKE 's' LIKE '%'"), Asked::List(_)));
    }
}
