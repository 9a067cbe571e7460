//! `SHOW CREATE TABLE`, `SHOW TBLPROPERTIES` and their calls.

use std::fmt::Write;

use hearth_base::Result;
use hearth_base::condition::{
    EXPECT_PERMANENT_VIEW_NOT_TEMP, SHOW_CREATE_TEMPORARY_VIEW, UNSUPPORTED_SHOW_CREATE_AS_SERDE,
};
use hearth_plan::Options;
use hearth_plan::catalog::Style;
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_types::ddl::quote_if_needed;
use hearth_types::metadata::CURRENT_DEFAULT;
use hearth_types::{DataType, StructField};

use super::describe::{plain, time_text};
use super::lookup::{Found, Scope, table_name};
use super::options::listed;
use super::rows::{Cell, optional, table, text, value};
use crate::catalog::partitions::Partition;
use crate::catalog::{TableKind, TableRecord, location_uri};
use crate::run::Rows;
use crate::session::EmbeddedSession;

pub async fn create_table(session: &EmbeddedSession, name: &TableName, as_serde: bool, style: Style) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let record = match Scope::new(session).get(&name)? {
        Found::Table(record) => record,
        Found::Temporary(_) | Found::GlobalTemporary(_) if matches!(style, Style::Api) => {
            return Err(SHOW_CREATE_TEMPORARY_VIEW.with("tableName", quote(&name)));
        }
        Found::Temporary(_) | Found::GlobalTemporary(_) => {
            return Err(EXPECT_PERMANENT_VIEW_NOT_TEMP
                .with("viewName", quote(&name))
                .with("operation", "SHOW CREATE TABLE"));
        }
    };
    if as_serde {
        return Err(UNSUPPORTED_SHOW_CREATE_AS_SERDE.with("tableName", record.id.quoted()));
    }
    let statement = if record.is_view() { view_statement(&record) } else { table_statement(&record) };
    match style {
        Style::Api => value(statement),
        Style::Sql => table(&[text("createtab_stmt")], vec![vec![statement.into()]]),
    }
}

// Writing to a String does not fail, so the results of `write!` below are dropped.

fn table_statement(record: &TableRecord) -> String {
    let columns: Vec<_> = record.schema.fields.iter().map(column).collect();
    let mut out = format!("CREATE TABLE {} (\n  {})\n", record.id.plain(), columns.join(",\n  "));
    if let Some(provider) = &record.provider {
        let _ = writeln!(out, "USING {provider}");
    }
    push_pairs(&mut out, "OPTIONS", &record.options);
    if !record.partition_columns.is_empty() {
        let columns: Vec<_> = record.partition_columns.iter().map(|column| quote_if_needed(column)).collect();
        let _ = writeln!(out, "PARTITIONED BY ({})", columns.join(", "));
    }
    if let Some(columns) = super::clustering::columns(record) {
        let columns: Vec<_> = columns.iter().map(|name| plain(name)).collect();
        let _ = writeln!(out, "PARTITIONED BY (cluster_by({}))", columns.join(", "));
    }
    if let Some((columns, buckets)) = &record.bucket {
        let columns: Vec<_> = columns.iter().map(|column| quote_if_needed(column)).collect();
        let _ = writeln!(out, "CLUSTERED BY ({})", columns.join(", "));
        if !record.sort_columns.is_empty() {
            let columns: Vec<_> = record.sort_columns.iter().map(|column| quote_if_needed(column)).collect();
            let _ = writeln!(out, "SORTED BY ({})", columns.join(", "));
        }
        let _ = writeln!(out, "INTO {buckets} BUCKETS");
    }
    if let Some(location) = record.location.as_deref().filter(|_| record.kind == TableKind::External) {
        let _ = writeln!(out, "LOCATION '{}'", escape(&location_uri(location)));
    }
    push_comment(&mut out, record.comment.as_deref());
    if let Some(collation) = record.collation {
        let _ = writeln!(out, "DEFAULT COLLATION {collation}");
    }
    push_pairs(&mut out, "TBLPROPERTIES", &record.properties);
    out
}

fn view_statement(record: &TableRecord) -> String {
    let name = plain(&[record.id.database.clone(), record.id.name.clone()]);
    let columns: Vec<_> = record
        .schema
        .fields
        .iter()
        .map(|field| format!("{}{}", quote_if_needed(&field.name), comment_clause(field.comment().as_deref())))
        .collect();
    let mut out = format!("CREATE VIEW {name} (\n  {})\n", columns.join(",\n  "));
    push_comment(&mut out, record.comment.as_deref());
    push_pairs(&mut out, "TBLPROPERTIES", &record.properties);
    let text = record.view.as_ref().map_or("", |view| view.text.as_str());
    let mode = record.view.as_ref().map_or("", |view| view.schema_mode.as_str());
    let _ = writeln!(out, "WITH SCHEMA {mode}\nAS {text}");
    out
}

fn column(field: &StructField) -> String {
    let mut data_type = field.data_type.sql();
    if field.data_type == DataType::STRING {
        data_type.push_str(" COLLATE UTF8_BINARY");
    }
    let not_null = if field.nullable { "" } else { " NOT NULL" };
    let default = field.metadata_text(CURRENT_DEFAULT).map_or_else(String::new, |text| format!(" DEFAULT {text}"));
    let comment = comment_clause(field.comment().as_deref());
    format!("{} {data_type}{not_null}{default}{comment}", quote_if_needed(&field.name))
}

fn comment_clause(comment: Option<&str>) -> String {
    comment.map_or_else(String::new, |comment| format!(" COMMENT '{}'", escape(comment)))
}

fn push_comment(out: &mut String, comment: Option<&str>) {
    if let Some(comment) = comment {
        let _ = writeln!(out, "COMMENT '{}'", escape(comment));
    }
}

fn push_pairs(out: &mut String, title: &str, pairs: &Options) {
    if pairs.is_empty() {
        return;
    }
    let mut sorted = pairs.clone();
    sorted.sort();
    let lines: Vec<_> = sorted.iter().map(|(key, value)| format!("'{}' = '{}'", escape(key), escape(value))).collect();
    let _ = writeln!(out, "{title} (\n  {})", lines.join(",\n  "));
}

/// The inside of a string literal.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// `SHOW TBLPROPERTIES`: options count as properties with `option.` in front.
pub async fn properties(
    session: &EmbeddedSession,
    name: &TableName,
    key: Option<&String>,
    style: Style,
) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let found = Scope::new(session).get(&name)?;
    let (shown, mut pairs) = match found {
        Found::Table(record) => {
            let options = record.options.iter().map(|(key, value)| (format!("option.{key}"), value.clone()));
            (record.id.plain(), record.properties.iter().cloned().chain(options).collect::<Options>())
        }
        Found::Temporary(view) | Found::GlobalTemporary(view) => (view.name, view.properties),
    };
    pairs.sort();
    if let Some(key) = key {
        let value = pairs.into_iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let value = value.unwrap_or_else(|| format!("Table {shown} does not have property: {key}"));
        pairs = vec![(key.clone(), value)];
    }
    let rows: Vec<Vec<Cell>> = pairs.into_iter().map(|(key, value)| vec![key.into(), value.into()]).collect();
    match style {
        Style::Api => table(&[text("key"), optional("value")], rows),
        Style::Sql => table(&[text("key"), text("value")], rows),
    }
}

/// What Spark tells of one partition.
pub fn partition_lines(record: &TableRecord, partition: &Partition) -> Vec<(&'static str, String)> {
    let values = record.partition_columns.iter().zip(&partition.values);
    let values: Vec<_> =
        values.map(|(column, value)| format!("{column}={}", value.as_deref().unwrap_or("null"))).collect();
    let mut lines = vec![
        ("Partition Values", format!("[{}]", values.join(", "))),
        ("Location", location_uri(&partition.place().display().to_string())),
    ];
    lines.extend(listed(&record.options).map(|options| ("Storage Properties", options)));
    let made = std::fs::metadata(&partition.folder).and_then(|metadata| metadata.modified()).ok();
    let millis = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    let millis = millis.map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX));
    lines.push(("Created Time", time_text(millis)));
    lines.push(("Last Access", "UNKNOWN".to_owned()));
    lines
}
