//! Records as JSON documents, which are what stands on disk.
//!
//! Version 1. A field that is missing reads as empty, so that fields can be added.

use hearth_base::{Error, Result};
use hearth_plan::Options;
use hearth_types::{Collation, DataType, StructType};
use serde_json::{Map, Value, json};

use super::name::TableId;
use super::record::{
    ColumnStatistics, DatabaseRecord, FunctionBody, FunctionRecord, ParameterRecord, TableKind, TableRecord,
    TableStatistics, ViewText,
};

const VERSION: u64 = 1;
/// How a view follows its tables, if it does not say.
pub const DEFAULT_SCHEMA_MODE: &str = "COMPENSATION";

pub fn write_catalog(name: &str, comment: Option<&str>) -> Value {
    json!({"version": VERSION, "name": name, "comment": comment})
}

pub fn write_database(record: &DatabaseRecord) -> Value {
    json!({
        "version": VERSION,
        "name": record.name,
        "comment": record.comment,
        "location": record.location,
        "properties": write_options(&record.properties),
        "owner": record.owner,
    })
}

pub fn read_database(catalog: &str, document: &Value) -> Result<DatabaseRecord> {
    check_version(document)?;
    Ok(DatabaseRecord {
        catalog: catalog.to_owned(),
        name: text(document, "name")?,
        comment: optional(document, "comment"),
        location: text(document, "location")?,
        properties: read_options(document, "properties"),
        owner: optional(document, "owner").unwrap_or_default(),
    })
}

pub fn write_table(record: &TableRecord) -> Value {
    json!({
        "version": VERSION,
        "database": record.id.database,
        "name": record.id.name,
        "kind": record.kind.name(),
        "provider": record.provider,
        "schema": record.schema.json_value(),
        "partitionColumns": record.partition_columns,
        "bucketColumns": record.bucket.as_ref().map(|(columns, _)| columns),
        "buckets": record.bucket.as_ref().map(|(_, buckets)| buckets),
        "sortColumns": record.sort_columns,
        "collation": record.collation.map(|collation| collation.to_string()),
        "options": write_options(&record.options),
        "properties": write_options(&record.properties),
        "location": record.location,
        "comment": record.comment,
        "owner": record.owner,
        "created": record.created,
        "statistics": record.statistics.as_ref().map(write_statistics),
        "view": record.view.as_ref().map(write_view),
    })
}

pub fn read_table(catalog: &str, document: &Value) -> Result<TableRecord> {
    check_version(document)?;
    let kind = match text(document, "kind")?.as_str() {
        "MANAGED" => TableKind::Managed,
        "EXTERNAL" => TableKind::External,
        "VIEW" => TableKind::View,
        other => return Err(broken(format!("kind {other}"))),
    };
    Ok(TableRecord {
        id: id(catalog, document)?,
        kind,
        provider: optional(document, "provider"),
        schema: read_schema(&document["schema"])?,
        partition_columns: texts(document, "partitionColumns"),
        bucket: document["buckets"]
            .as_i64()
            .map(|buckets| (texts(document, "bucketColumns"), i32::try_from(buckets).unwrap_or(i32::MAX))),
        sort_columns: texts(document, "sortColumns"),
        collation: optional(document, "collation").map(|name| Collation::parse(&name)).transpose()?,
        options: read_options(document, "options"),
        properties: read_options(document, "properties"),
        location: optional(document, "location"),
        comment: optional(document, "comment"),
        owner: optional(document, "owner").unwrap_or_default(),
        created: document["created"].as_i64().unwrap_or_default(),
        statistics: read_statistics(&document["statistics"]),
        view: document.get("view").filter(|view| view.is_object()).map(read_view).transpose()?,
    })
}

fn write_statistics(statistics: &TableStatistics) -> Value {
    let column = |column: &ColumnStatistics| {
        json!({
            "name": column.name,
            "min": column.min,
            "max": column.max,
            "nulls": column.nulls,
            "distinct": column.distinct,
            "averageLength": column.average_length,
            "longest": column.longest,
        })
    };
    let columns: Vec<_> = statistics.columns.iter().map(column).collect();
    json!({"bytes": statistics.bytes, "rows": statistics.rows, "columns": columns})
}

fn read_statistics(statistics: &Value) -> Option<TableStatistics> {
    let column = |column: &Value| {
        Some(ColumnStatistics {
            name: optional(column, "name")?,
            min: optional(column, "min"),
            max: optional(column, "max"),
            nulls: column["nulls"].as_u64()?,
            distinct: column["distinct"].as_u64()?,
            average_length: column["averageLength"].as_u64()?,
            longest: column["longest"].as_u64()?,
        })
    };
    let columns = statistics["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    Some(TableStatistics {
        bytes: statistics["bytes"].as_u64()?,
        rows: statistics["rows"].as_u64(),
        columns: columns.iter().filter_map(column).collect(),
    })
}

fn write_view(view: &ViewText) -> Value {
    json!({
        "text": view.text,
        "catalog": view.catalog,
        "database": view.database,
        "config": write_options(&view.config),
        "queryColumns": view.query_columns,
        "schemaMode": view.schema_mode,
    })
}

fn read_view(view: &Value) -> Result<ViewText> {
    Ok(ViewText {
        text: text(view, "text")?,
        catalog: text(view, "catalog")?,
        database: texts(view, "database"),
        config: read_options(view, "config"),
        query_columns: texts(view, "queryColumns"),
        schema_mode: optional(view, "schemaMode").unwrap_or_else(|| DEFAULT_SCHEMA_MODE.to_owned()),
    })
}

pub fn write_function(record: &FunctionRecord) -> Value {
    let parameter = |parameter: &ParameterRecord| {
        json!({
            "name": parameter.name,
            "type": parameter.data_type.json_value(),
            "default": parameter.default,
            "comment": parameter.comment,
        })
    };
    let (kind, body) = match &record.body {
        FunctionBody::Expression(text) => ("expression", text),
        FunctionBody::Query(text) => ("query", text),
    };
    json!({
        "version": VERSION,
        "database": record.id.database,
        "name": record.id.name,
        "parameters": record.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "returns": record.returns.as_ref().map(DataType::json_value),
        "returnsTable": record.returns_table.as_ref().map(StructType::json_value),
        "bodyKind": kind,
        "body": body,
        "comment": record.comment,
        "owner": record.owner,
        "created": record.created,
        "config": write_options(&record.config),
    })
}

pub fn read_function(catalog: &str, document: &Value) -> Result<FunctionRecord> {
    check_version(document)?;
    let parameter = |parameter: &Value| -> Result<ParameterRecord> {
        Ok(ParameterRecord {
            name: text(parameter, "name")?,
            data_type: DataType::from_json_value(&parameter["type"])?,
            default: optional(parameter, "default"),
            comment: optional(parameter, "comment"),
        })
    };
    let parameters = document["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let body = text(document, "body")?;
    Ok(FunctionRecord {
        id: id(catalog, document)?,
        parameters: parameters.iter().map(parameter).collect::<Result<_>>()?,
        returns: present(document, "returns").map(DataType::from_json_value).transpose()?,
        returns_table: present(document, "returnsTable").map(read_schema).transpose()?,
        body: match text(document, "bodyKind")?.as_str() {
            "query" => FunctionBody::Query(body),
            "expression" => FunctionBody::Expression(body),
            other => return Err(broken(format!("body of kind {other}"))),
        },
        comment: optional(document, "comment"),
        owner: optional(document, "owner").unwrap_or_default(),
        created: document["created"].as_i64().unwrap_or_default(),
        config: read_options(document, "config"),
    })
}

fn check_version(document: &Value) -> Result<()> {
    match document["version"].as_u64() {
        Some(VERSION) => Ok(()),
        Some(other) => Err(broken(format!("version {other}, which is not {VERSION}"))),
        None => Err(broken("no version")),
    }
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::internal(format!("a document of the catalog has {what}"))
}

fn id(catalog: &str, document: &Value) -> Result<TableId> {
    Ok(TableId::new(catalog, &text(document, "database")?, &text(document, "name")?))
}

fn text(document: &Value, key: &str) -> Result<String> {
    optional(document, key).ok_or_else(|| broken(format!("no {key}")))
}

fn optional(document: &Value, key: &str) -> Option<String> {
    document[key].as_str().map(ToOwned::to_owned)
}

fn present<'a>(document: &'a Value, key: &str) -> Option<&'a Value> {
    document.get(key).filter(|value| !value.is_null())
}

fn texts(document: &Value, key: &str) -> Vec<String> {
    let values = document[key].as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn read_schema(value: &Value) -> Result<StructType> {
    match DataType::from_json_value(value)? {
        DataType::Struct(structure) => Ok(structure),
        other => Err(broken(format!("the schema {}", other.sql()))),
    }
}

fn write_options(options: &Options) -> Value {
    let pairs = options.iter().map(|(key, value)| (key.clone(), Value::String(value.clone())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn read_options(document: &Value, key: &str) -> Options {
    let Some(pairs) = document[key].as_object() else { return Vec::new() };
    pairs.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
