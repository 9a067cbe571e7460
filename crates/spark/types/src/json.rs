//! `DataType.json` and back.
//!
//! Plain types are a JSON string, nested ones an object. A collation is not part of the type's text: it stands in the
//! metadata of the nearest struct field, under `__COLLATIONS`, keyed by the path to the string.

use std::sync::Arc;

use hearth_base::condition::INVALID_JSON_DATA_TYPE;
use hearth_base::{Error, Result};
use serde_json::{Map, Value, json};

use crate::data_type::{ArrayType, DataType, MapType, StructField, StructType, UdtType};
use crate::ddl::parse_data_type;
use crate::metadata::{COLLATIONS, metadata_of};
use crate::spatial::{crs_of, srid_of};
use crate::timestamp_word;

/// Nesting that `from_json` follows.
const MAX_DEPTH: u32 = 256;

impl DataType {
    /// The compact JSON text.
    pub fn json(&self) -> String {
        self.json_value().to_string()
    }

    pub fn json_value(&self) -> Value {
        match self {
            Self::Array(array) => {
                json!({"type": "array", "elementType": array.element.json_value(), "containsNull": array.contains_null})
            }
            Self::Map(map) => json!({
                "type": "map",
                "keyType": map.key.json_value(),
                "valueType": map.value.json_value(),
                "valueContainsNull": map.value_contains_null,
            }),
            Self::Struct(structure) => structure.json_value(),
            Self::Udt(udt) => udt_json(udt),
            Self::Geography { srid } => Value::from(format!("geography({}, SPHERICAL)", crs_of(*srid))),
            Self::Geometry { srid } => Value::from(format!("geometry({})", crs_of(*srid))),
            Self::Null
            | Self::Boolean
            | Self::Byte
            | Self::Short
            | Self::Integer
            | Self::Long
            | Self::Float
            | Self::Double
            | Self::Decimal { .. }
            | Self::String { .. }
            | Self::Char { .. }
            | Self::VarChar { .. }
            | Self::Binary
            | Self::Date
            | Self::Timestamp
            | Self::TimestampNtz
            | Self::Time { .. }
            | Self::CalendarInterval
            | Self::YearMonthInterval { .. }
            | Self::DayTimeInterval { .. }
            | Self::Variant => Value::from(self.type_name()),
        }
    }

    /// Reads `DataType.json`'s text.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| invalid(text).caused_by(error))?;
        Self::from_json_value(&value)
    }

    pub fn from_json_value(value: &Value) -> Result<Self> {
        read(value, &Collations { paths: Map::new(), at: String::new() }, 0)
    }
}

impl StructType {
    pub fn json_value(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(field_json).collect();
        json!({"type": "struct", "fields": fields})
    }

    /// The compact JSON text.
    pub fn json(&self) -> String {
        self.json_value().to_string()
    }

    /// Reads a struct; any other type is an error.
    pub fn from_json(text: &str) -> Result<Self> {
        match DataType::from_json(text)? {
            DataType::Struct(structure) => Ok(structure),
            other => Err(invalid(&other.json())),
        }
    }
}

fn udt_json(udt: &UdtType) -> Value {
    let mut object = Map::new();
    object.insert("type".into(), "udt".into());
    if let Some(class) = &udt.jvm_class {
        object.insert("class".into(), (**class).into());
    }
    match &udt.python_class {
        Some(class) => {
            object.insert("pyClass".into(), (**class).into());
        }
        None if udt.jvm_class.is_some() => {
            object.insert("pyClass".into(), Value::Null);
        }
        None => {}
    }
    if let Some(class) = &udt.serialized_python_class {
        object.insert("serializedClass".into(), (**class).into());
    }
    object.insert("sqlType".into(), udt.sql_type.json_value());
    Value::Object(object)
}

fn field_json(field: &StructField) -> Value {
    let mut metadata = field.metadata_object();
    let mut collations = Map::new();
    let bare = take_collations(&field.data_type, &field.name, &mut collations);
    if !collations.is_empty() {
        metadata.insert(COLLATIONS.into(), Value::Object(collations));
    }
    json!({
        "name": &*field.name,
        "type": bare.unwrap_or_else(|| field.data_type.clone()).json_value(),
        "nullable": field.nullable,
        "metadata": metadata,
    })
}

/// Collects the collations under `path` and gives the type without them, or `None` when there are none. Structs inside
/// keep their own, so the walk stops at them.
fn take_collations(data_type: &DataType, path: &str, found: &mut Map<String, Value>) -> Option<DataType> {
    match data_type {
        DataType::String { collation: Some(name) } => {
            let provider = if name.starts_with("UTF8_") { "spark" } else { "icu" };
            found.insert(path.to_owned(), format!("{provider}.{name}").into());
            Some(DataType::STRING)
        }
        DataType::Array(array) => {
            let element = take_collations(&array.element, &format!("{path}.element"), found)?;
            Some(DataType::array(element, array.contains_null))
        }
        DataType::Map(map) => {
            let key = take_collations(&map.key, &format!("{path}.key"), found);
            let value = take_collations(&map.value, &format!("{path}.value"), found);
            if key.is_none() && value.is_none() {
                return None;
            }
            let or = |bare: Option<DataType>, part: &DataType| bare.unwrap_or_else(|| part.clone());
            Some(DataType::map(or(key, &map.key), or(value, &map.value), map.value_contains_null))
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::Decimal { .. }
        | DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Binary
        | DataType::Date
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::Time { .. }
        | DataType::CalendarInterval
        | DataType::YearMonthInterval { .. }
        | DataType::DayTimeInterval { .. }
        | DataType::Variant
        | DataType::Geometry { .. }
        | DataType::Geography { .. }
        | DataType::Udt(_)
        | DataType::String { collation: None }
        | DataType::Struct(_) => None,
    }
}

/// The collations of a field and the path inside it.
struct Collations {
    paths: Map<String, Value>,
    at: String,
}

impl Collations {
    fn below(&self, step: &str) -> Self {
        if self.paths.is_empty() {
            return Self { paths: Map::new(), at: String::new() };
        }
        Self { paths: self.paths.clone(), at: format!("{}.{step}", self.at) }
    }

    fn here(&self) -> Option<Arc<str>> {
        let Value::String(name) = self.paths.get(&self.at)? else { return None };
        let name = name.split_once('.').map_or(name.as_str(), |(_, name)| name);
        Some(name.into())
    }
}

fn invalid(what: &str) -> Error {
    INVALID_JSON_DATA_TYPE.with("invalidType", what)
}

fn read(value: &Value, collations: &Collations, depth: u32) -> Result<DataType> {
    if depth > MAX_DEPTH {
        return Err(invalid("nested too deeply"));
    }
    match value {
        Value::String(name) => read_name(name, collations),
        Value::Object(object) => read_object(object, collations, depth + 1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(invalid(&value.to_string())),
    }
}

fn read_name(name: &str, collations: &Collations) -> Result<DataType> {
    let spatial = |prefix: &str| name.strip_prefix(prefix)?.strip_prefix('(')?.strip_suffix(')');
    if name == "string" && !collations.paths.is_empty() {
        return Ok(DataType::String { collation: collations.here() });
    }
    if name == "null" {
        return Ok(DataType::Null);
    }
    if name == "decimal" {
        return Ok(DataType::DECIMAL_DEFAULT);
    }
    if let Some(crs) = spatial("geometry") {
        return srid_of(crs).map(|srid| DataType::Geometry { srid }).ok_or_else(|| invalid(name));
    }
    if let Some(arguments) = spatial("geography") {
        let crs = arguments.split(',').next().unwrap_or(arguments);
        return srid_of(crs).map(|srid| DataType::Geography { srid }).ok_or_else(|| invalid(name));
    }
    match timestamp_word::with(false, || parse_data_type(name)) {
        Ok(data_type) if !data_type.is_nested() => Ok(data_type),
        Ok(_) => Err(invalid(name)),
        Err(error) => Err(invalid(name).caused_by(error)),
    }
}

fn read_object(object: &Map<String, Value>, collations: &Collations, depth: u32) -> Result<DataType> {
    let part = |name: &str| object.get(name).ok_or_else(|| invalid(&Value::Object(object.clone()).to_string()));
    let flag = |name: &str| part(name).map(|value| value.as_bool().unwrap_or(true));
    match part("type")?.as_str() {
        Some("array") => Ok(DataType::Array(Arc::new(ArrayType {
            element: read(part("elementType")?, &collations.below("element"), depth)?,
            contains_null: flag("containsNull")?,
        }))),
        Some("map") => Ok(DataType::Map(Arc::new(MapType {
            key: read(part("keyType")?, &collations.below("key"), depth)?,
            value: read(part("valueType")?, &collations.below("value"), depth)?,
            value_contains_null: flag("valueContainsNull")?,
        }))),
        Some("struct") => {
            let Value::Array(fields) = part("fields")? else { return Err(invalid("struct")) };
            let fields: Vec<_> = fields.iter().map(|field| read_field(field, depth)).collect::<Result<_>>()?;
            Ok(DataType::structure(fields))
        }
        Some("udt") => {
            let text = |name: &str| object.get(name).and_then(Value::as_str).map(Arc::from);
            Ok(DataType::Udt(Arc::new(UdtType {
                jvm_class: text("class"),
                python_class: text("pyClass"),
                serialized_python_class: text("serializedClass"),
                sql_type: read(part("sqlType")?, collations, depth)?,
            })))
        }
        Some(_) | None => Err(invalid(&Value::Object(object.clone()).to_string())),
    }
}

fn read_field(value: &Value, depth: u32) -> Result<StructField> {
    let Some(name) = value.get("name").and_then(Value::as_str) else { return Err(invalid(&value.to_string())) };
    let mut metadata = match value.get("metadata") {
        Some(Value::Object(metadata)) => metadata.clone(),
        Some(_) | None => Map::new(),
    };
    let paths = match metadata.remove(COLLATIONS) {
        Some(Value::Object(paths)) => paths,
        Some(_) | None => Map::new(),
    };
    let data_type = value.get("type").ok_or_else(|| invalid(&value.to_string()))?;
    Ok(StructField {
        name: name.into(),
        data_type: read(data_type, &Collations { paths, at: name.to_owned() }, depth)?,
        nullable: value.get("nullable").and_then(Value::as_bool).unwrap_or(true),
        metadata: metadata_of(metadata),
    })
}
