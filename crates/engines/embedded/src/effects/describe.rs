//! `DESCRIBE`: the columns of a table, and what the catalog knows of it.

use hearth_base::Result;
use hearth_base::condition::{COLUMN_NOT_FOUND, NOT_PARTITIONED_BY_CATALOG};
use hearth_base::{Error, condition::PARTITION_SCHEMA_IS_EMPTY};
use hearth_plan::catalog::PartitionSpec;
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_plan::{Name, Options, Relation};
use hearth_types::metadata::CURRENT_DEFAULT;
use hearth_types::{StructField, StructType};

use super::list::{objects, schema_of};
use super::lookup::{Found, Scope, table_name};
use super::options::listed;
use super::rows::{Cell, Column, flag, optional, table, text};
use super::{clustering, partition, show};
use crate::catalog::{GLOBAL_TEMP, TableRecord, ViewText, location_uri};
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;

const COLUMNS: [Column; 3] = [text("col_name"), text("data_type"), optional("comment")];

/// `DESCRIBE [TABLE] [EXTENDED] name [PARTITION (…)]`
pub async fn describe(
    session: &EmbeddedSession,
    name: &TableName,
    partition: &PartitionSpec,
    extended: bool,
) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    let found = scope.find(&name)?.ok_or_else(|| scope.relation_not_found(&name))?;
    let mut rows = columns(schema_of(&found));
    let Found::Table(record) = &found else { return table(&COLUMNS, rows) };
    rows.extend(partition_columns(record));
    rows.extend(clustering_columns(record));
    if !partition.is_empty() {
        if record.partition_columns.is_empty() {
            return Err(NOT_PARTITIONED_BY_CATALOG.with("action", "DESC PARTITION").with("tableName", &record.id.name));
        }
        let values = partition::values(session, record, partition).await?;
        rows.extend(partition_detail(record, &values)?);
    } else if extended {
        rows.push(blank());
        rows.push(title("# Detailed Table Information"));
        rows.extend(detail(record).into_iter().map(|(key, value)| vec![key.into(), value.into(), "".into()]));
    }
    rows.extend(defaults(&record.schema));
    table(&COLUMNS, rows)
}

pub async fn query(session: &EmbeddedSession, query: &Relation) -> Result<Rows> {
    table(&COLUMNS, columns(&run::analyze(session, query).await?.schema))
}

fn columns(schema: &StructType) -> Vec<Vec<Cell>> {
    schema.fields.iter().map(column).collect()
}

fn column(field: &StructField) -> Vec<Cell> {
    vec![(&*field.name).into(), field.data_type.simple_string().into(), field.comment().into()]
}

fn blank() -> Vec<Cell> {
    title("")
}

fn title(title: &str) -> Vec<Cell> {
    vec![title.into(), "".into(), "".into()]
}

fn partition_columns(record: &TableRecord) -> Vec<Vec<Cell>> {
    if record.partition_columns.is_empty() {
        return Vec::new();
    }
    let mut rows =
        vec![title("# Partition Information"), vec!["# col_name".into(), "data_type".into(), "comment".into()]];
    let is_partition =
        |field: &&StructField| record.partition_columns.iter().any(|column| column.eq_ignore_ascii_case(&field.name));
    rows.extend(record.schema.fields.iter().filter(is_partition).map(column));
    rows
}

/// `CLUSTER BY`: columns and fields in them.
fn clustering_columns(record: &TableRecord) -> Vec<Vec<Cell>> {
    let Some(columns) = clustering::columns(record) else { return Vec::new() };
    let mut rows =
        vec![title("# Clustering Information"), vec!["# col_name".into(), "data_type".into(), "comment".into()]];
    rows.extend(columns.iter().map(|name| match clustering::field(&record.schema, name) {
        Some(field) => vec![plain(name).into(), field.data_type.simple_string().into(), field.comment().into()],
        None => title(&plain(name)),
    }));
    rows
}

fn defaults(schema: &StructType) -> Vec<Vec<Cell>> {
    let with_default: Vec<_> = schema
        .fields
        .iter()
        .filter_map(|field| Some((field, field.metadata_text(CURRENT_DEFAULT)?)))
        .map(|(field, default)| vec![(&*field.name).into(), field.data_type.simple_string().into(), default.into()])
        .collect();
    if with_default.is_empty() {
        return Vec::new();
    }
    [vec![blank(), title("# Column Default Values")], with_default].concat()
}

/// What `EXTENDED` tells, in Spark's order.
fn detail(record: &TableRecord) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("Catalog", record.id.catalog.clone()),
        ("Database", record.id.database.clone()),
        ("Table", record.id.name.clone()),
    ];
    if !record.owner.is_empty() {
        lines.push(("Owner", record.owner.clone()));
    }
    lines.push(("Created Time", time_text(record.created)));
    lines.push(("Last Access", "UNKNOWN".to_owned()));
    lines.push(("Created By", format!("Spark {}", crate::SPARK_VERSION)));
    lines.push(("Type", record.kind.name().to_owned()));
    let mut optional = |key: &'static str, value: Option<String>| lines.extend(value.map(|value| (key, value)));
    optional("Provider", record.provider.clone());
    if let Some((columns, buckets)) = &record.bucket {
        optional("Num Buckets", Some(buckets.to_string()));
        optional("Bucket Columns", Some(list_of(columns)));
        optional("Sort Columns", Some(list_of(&record.sort_columns)));
    }
    optional("Comment", record.comment.clone());
    optional("Collation", record.collation.map(|collation| collation.to_string()));
    for (key, value) in record.view.iter().flat_map(view_detail) {
        optional(key, Some(value));
    }
    optional("Table Properties", listed(&record.properties));
    optional(
        "Statistics",
        record.statistics.as_ref().map(|statistics| match statistics.rows {
            Some(rows) => format!("{} bytes, {rows} rows", statistics.bytes),
            None => format!("{} bytes", statistics.bytes),
        }),
    );
    optional("Location", record.location.as_deref().map(location_uri));
    optional("Storage Properties", listed(&record.options));
    optional("Partition Provider", (!record.partition_columns.is_empty()).then(|| "Catalog".to_owned()));
    lines
}

fn view_detail(view: &ViewText) -> Vec<(&'static str, String)> {
    let place: Vec<String> = std::iter::once(view.catalog.clone()).chain(view.database.iter().cloned()).collect();
    vec![
        ("View Text", view.text.clone()),
        ("View Original Text", view.text.clone()),
        ("View Schema Mode", view.schema_mode.clone()),
        ("View Catalog and Namespace", plain(&place)),
        ("View Query Output Columns", list_of(&view.query_columns)),
    ]
}

/// ``[`a`, `b`]``
fn list_of(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| quote(std::slice::from_ref(name))).collect();
    format!("[{}]", quoted.join(", "))
}

pub(super) fn plain(name: &[String]) -> String {
    name.iter().map(|part| hearth_types::ddl::quote_if_needed(part)).collect::<Vec<_>>().join(".")
}

/// As Java's `Date.toString` prints it: `Sun Nov 22 17:55:12 UTC 2026`.
pub(super) fn time_text(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(String::new, |time| time.format("%a %b %d %H:%M:%S UTC %Y").to_string())
}

fn partition_detail(record: &TableRecord, values: &partition::Values) -> Result<Vec<Vec<Cell>>> {
    if record.partition_columns.is_empty() {
        return Err(PARTITION_SCHEMA_IS_EMPTY.with("name", record.id.quoted()));
    }
    let found = partition::exactly(record, values)?;
    let mut rows = vec![blank(), title("# Detailed Partition Information")];
    let mut line = |key: &str, value: String| rows.push(vec![key.into(), value.into(), "".into()]);
    line("Database", record.id.database.clone());
    line("Table", record.id.name.clone());
    for (key, value) in show::partition_lines(record, &found) {
        line(key, value);
    }
    rows.push(blank());
    rows.push(title("# Storage Information"));
    let mut line = |key: &str, value: Option<String>| {
        rows.extend(value.map(|value| vec![key.into(), value.into(), "".into()]));
    };
    line("Location", record.location.as_deref().map(location_uri));
    line("Storage Properties", listed(&record.options));
    Ok(rows)
}

/// `DESCRIBE TABLE t column`
pub async fn one_column(session: &EmbeddedSession, name: &TableName, of: &Name, extended: bool) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    let found = scope.find(&name)?.ok_or_else(|| scope.relation_not_found(&name))?;
    let case_sensitive = scope.state.config.flag("spark.sql.caseSensitive");
    let same = |left: &str, right: &str| {
        if case_sensitive { left == right } else { left.eq_ignore_ascii_case(right) }
    };
    let [column] = of.as_slice() else {
        return Err(Error::unsupported("DESCRIBE of a field inside of a column"));
    };
    let field = schema_of(&found).fields.iter().find(|field| same(&field.name, column)).ok_or_else(|| {
        COLUMN_NOT_FOUND.with("colName", quote(of)).with("caseSensitiveConfig", "\"spark.sql.caseSensitive\"")
    })?;
    let null = || "NULL".to_owned();
    let mut rows: Vec<(&str, String)> = vec![
        ("col_name", field.name.to_string()),
        ("data_type", field.data_type.catalog_string()),
        ("comment", field.comment().unwrap_or_else(null)),
    ];
    if extended {
        let known = match &found {
            Found::Table(record) => record.statistics.as_ref(),
            Found::Temporary(_) | Found::GlobalTemporary(_) => None,
        };
        let known = known.and_then(|known| known.columns.iter().find(|known| known.name == *field.name));
        let text = |text: Option<String>| text.unwrap_or_else(null);
        let number = |number: Option<u64>| text(number.map(|number| number.to_string()));
        rows.push(("min", text(known.and_then(|known| known.min.clone()))));
        rows.push(("max", text(known.and_then(|known| known.max.clone()))));
        rows.push(("num_nulls", number(known.map(|known| known.nulls))));
        rows.push(("distinct_count", number(known.map(|known| known.distinct))));
        rows.push(("avg_col_len", number(known.map(|known| known.average_length))));
        rows.push(("max_col_len", number(known.map(|known| known.longest))));
        rows.push(("histogram", null()));
        rows.extend(field.metadata_text(CURRENT_DEFAULT).map(|default| ("default", default)));
    }
    let rows = rows.into_iter().map(|(key, value)| vec![key.into(), value.into()]).collect();
    table(&[text("info_name"), text("info_value")], rows)
}

/// `SHOW TABLE EXTENDED … LIKE pattern [PARTITION (…)]`
pub async fn table_extended(
    session: &EmbeddedSession,
    database: Option<&Name>,
    pattern: &str,
    partition: &PartitionSpec,
) -> Result<Rows> {
    const EXTENDED: [Column; 4] = [text("namespace"), text("tableName"), flag("isTemporary"), text("information")];
    let found = objects(session, database, Some(pattern))?;
    if !partition.is_empty() {
        let scope = Scope::new(session);
        let name = found.first().map_or_else(|| vec![pattern.to_owned()], name_of);
        let record = scope.get_table(&name, |view| {
            hearth_base::condition::EXPECT_TABLE_NOT_VIEW
                .with("viewName", view)
                .with("operation", "SHOW TABLE EXTENDED ... PARTITION")
        })?;
        let values = partition::values(session, &record, partition).await?;
        let lines = show::partition_lines(&record, &partition::exactly(&record, &values)?);
        let information: String = lines.into_iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        let (database, name) = (record.id.database.clone(), record.id.name.clone());
        return table(&EXTENDED, vec![vec![database.into(), name.into(), false.into(), information.into()]]);
    }
    table(&EXTENDED, found.iter().map(extended_row).collect())
}

fn name_of(found: &Found) -> Name {
    match found {
        Found::Table(table) => table.id.parts(),
        Found::Temporary(view) => vec![view.name.clone()],
        Found::GlobalTemporary(view) => vec![GLOBAL_TEMP.to_owned(), view.name.clone()],
    }
}

fn extended_row(found: &Found) -> Vec<Cell> {
    let tree = schema_of(found).tree_string(0);
    let with_schema = |lines: Vec<(&str, String)>| -> String {
        let text: String = lines.into_iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        format!("{text}Schema: {tree}\n\n").replace("\n\n\n", "\n\n")
    };
    match found {
        Found::Table(record) => {
            let mut lines = detail(record);
            if !record.partition_columns.is_empty() {
                lines.push(("Partition Columns", list_of(&record.partition_columns)));
            }
            let (database, name) = (record.id.database.clone(), record.id.name.clone());
            vec![database.into(), name.into(), false.into(), with_schema(lines).into()]
        }
        Found::Temporary(view) => {
            let lines = temporary_detail(&view.name, view.text.as_ref(), &view.properties);
            vec!["".into(), view.name.clone().into(), true.into(), with_schema(lines).into()]
        }
        Found::GlobalTemporary(view) => {
            let lines = temporary_detail(&view.name, view.text.as_ref(), &view.properties);
            vec![GLOBAL_TEMP.into(), view.name.clone().into(), true.into(), with_schema(lines).into()]
        }
    }
}

fn temporary_detail(name: &str, text: Option<&String>, properties: &Options) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("Table", name.to_owned()),
        ("Last Access", "UNKNOWN".to_owned()),
        ("Created By", format!("Spark {}", crate::SPARK_VERSION)),
        ("Type", "VIEW".to_owned()),
    ];
    lines.extend(text.map(|text| ("View Text", text.clone())));
    lines.extend(listed(properties).map(|properties| ("Table Properties", properties)));
    lines
}
