//! `DESCRIBE TABLE EXTENDED t AS JSON`: what the catalog knows of a table as one JSON document.
//!
//! Keys stand in the order in which Spark writes them (`DescribeTableJson`), so the document is put together as text.

use hearth_base::Result;
use hearth_plan::Options;
use hearth_plan::catalog::PartitionSpec;
use hearth_plan::relation::TableName;
use hearth_types::metadata::CURRENT_DEFAULT;
use hearth_types::{DataType, StructField, StructType};

use super::describe::plain;
use super::lookup::{Found, Scope, table_name};
use super::partition;
use super::rows::{table, text};
use crate::catalog::{GLOBAL_TEMP, SPARK_CATALOG, TableRecord, ViewText, location_uri};
use crate::run::Rows;
use crate::session::EmbeddedSession;
use crate::state::TempView;

const COLLATION: &str = "UTF8_BINARY";

pub async fn describe(session: &EmbeddedSession, name: &TableName, spec: &PartitionSpec) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    let found = scope.find(&name)?.ok_or_else(|| scope.relation_not_found(&name))?;
    let document = match &found {
        Found::Table(record) if spec.is_empty() => of_table(record, None),
        Found::Table(record) => {
            let values = partition::values(session, record, spec).await?;
            of_table(record, Some(&partition::exactly(record, &values)?))
        }
        Found::Temporary(view) => of_temporary(&scope, view, "system", "session"),
        Found::GlobalTemporary(view) => of_temporary(&scope, view, SPARK_CATALOG, GLOBAL_TEMP),
    };
    table(&[text("json_metadata")], vec![vec![document.finish().into()]])
}

/// A JSON object whose keys keep their order.
#[derive(Default)]
struct Object(Vec<String>);

impl Object {
    /// `json` is JSON already.
    fn raw(&mut self, key: &str, json: impl Into<String>) -> &mut Self {
        self.0.push(format!("{}:{}", quoted(key), json.into()));
        self
    }

    fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.raw(key, quoted(value))
    }

    fn optional(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    fn pairs(&mut self, key: &str, pairs: &Options) -> &mut Self {
        if pairs.is_empty() {
            return self;
        }
        let mut object = Self::default();
        for (key, value) in pairs {
            object.text(key, value);
        }
        self.raw(key, object.finish())
    }

    fn finish(&self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn names<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    list(names.into_iter().map(|name| quoted(name)))
}

fn head(name: &str, catalog: &str, schema: &str, columns: &StructType) -> Object {
    let mut object = Object::default();
    object.text("table_name", name).text("catalog_name", catalog);
    object.raw("namespace", list(std::iter::once(quoted(schema)))).text("schema_name", schema);
    object.raw("columns", list(columns.fields.iter().map(column)));
    object
}

fn column(field: &StructField) -> String {
    let mut object = Object::default();
    object.text("name", &field.name).raw("type", type_json(&field.data_type));
    object.raw("nullable", field.nullable.to_string());
    object.optional("comment", field.comment().as_deref());
    object.optional("default", field.metadata_text(CURRENT_DEFAULT).as_deref());
    object.finish()
}

fn type_json(data_type: &DataType) -> String {
    let mut object = Object::default();
    match data_type {
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => {
            object.text("name", "string").text("collation", COLLATION);
        }
        DataType::Decimal { precision, scale } => {
            object.text("name", "decimal").raw("precision", precision.to_string()).raw("scale", scale.to_string());
        }
        DataType::Array(array) => {
            object.text("name", "array").raw("element_type", type_json(&array.element));
            object.raw("element_nullable", array.contains_null.to_string());
        }
        DataType::Map(map) => {
            object.text("name", "map").raw("key_type", type_json(&map.key)).raw("value_type", type_json(&map.value));
            object.raw("value_nullable", map.value_contains_null.to_string());
        }
        DataType::Struct(structure) => {
            object.text("name", "struct").raw("fields", list(structure.fields.iter().map(column)));
        }
        DataType::Timestamp => {
            object.text("name", "timestamp_ltz");
        }
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => {
            let text = data_type.sql().to_lowercase();
            let units = text.trim_start_matches("interval ");
            let (start, end) = units.split_once(" to ").unwrap_or((units, units));
            object.text("name", "interval").text("start_unit", start).text("end_unit", end);
        }
        other => {
            object.text("name", &other.simple_string());
        }
    }
    object.finish()
}

/// `2026-11-22T17:55:12Z`
fn time(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(String::new, |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn origin(object: &mut Object, created: i64, kind: &str) {
    object.text("created_time", &time(created)).text("last_access", "UNKNOWN");
    object.text("created_by", &format!("Spark {}", crate::SPARK_VERSION)).text("type", kind);
}

fn of_table(record: &TableRecord, partition: Option<&crate::catalog::partitions::Partition>) -> Object {
    let mut object = head(&record.id.name, &record.id.catalog, &record.id.database, &record.schema);
    if let Some(partition) = partition {
        let values = partition.values.iter().map(|value| value.clone().unwrap_or_else(|| "null".to_owned()));
        object.pairs("partition_values", &record.partition_columns.iter().cloned().zip(values).collect());
    }
    if let Some((columns, buckets)) = &record.bucket {
        object
            .raw("num_buckets", buckets.to_string())
            .raw("bucket_columns", names(columns))
            .raw("sort_columns", names(&record.sort_columns));
    }
    let folder = partition.map(|partition| partition.folder.display().to_string());
    object
        .optional("location", folder.or_else(|| record.location.clone()).map(|place| location_uri(&place)).as_deref());
    object.pairs("storage_properties", &record.options);
    origin(&mut object, record.created, record.kind.name());
    object.optional("provider", record.provider.as_deref()).optional("comment", record.comment.as_deref());
    if let Some(view) = &record.view {
        object.text("view_text", &view.text).text("view_original_text", &view.text);
        object.text("view_schema_mode", &view.schema_mode);
        object.text("view_catalog_and_namespace", &place_of(view));
        object.raw("view_query_output_columns", names(&view.query_columns));
    }
    let mut properties = record.properties.clone();
    properties.sort();
    object.pairs("table_properties", &properties);
    if let Some(view) = &record.view {
        object.pairs("view_creation_spark_configuration", &view.config);
    }
    if let Some(statistics) = &record.statistics {
        let mut inner = Object::default();
        inner.raw("size_in_bytes", statistics.bytes.to_string());
        if let Some(rows) = statistics.rows {
            inner.raw("num_rows", rows.to_string());
        }
        object.raw("statistics", inner.finish());
    }
    if !record.partition_columns.is_empty() {
        object.text("partition_provider", "Catalog").raw("partition_columns", names(&record.partition_columns));
    }
    object.text("collation", COLLATION);
    object
}

fn place_of(view: &ViewText) -> String {
    plain(&std::iter::once(view.catalog.clone()).chain(view.database.iter().cloned()).collect::<Vec<_>>())
}

fn of_temporary(scope: &Scope<'_>, view: &TempView, catalog: &str, schema: &str) -> Object {
    let mut object = head(&view.name, catalog, schema, &view.schema);
    origin(&mut object, scope.session.shared.settings.clock.now(), "VIEW");
    object.optional("comment", view.comment.as_deref()).optional("view_text", view.text.as_deref());
    let place: Vec<_> = std::iter::once(&scope.state.catalog).chain(&scope.state.database).cloned().collect();
    object.text("view_schema_mode", "BINDING").text("view_catalog_and_namespace", &plain(&place));
    let columns: Vec<_> = view.schema.fields.iter().map(|field| field.name.to_string()).collect();
    object.raw("view_query_output_columns", names(&columns));
    object.pairs("table_properties", &view.properties).text("collation", COLLATION);
    object
}
