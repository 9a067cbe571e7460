//! `schema_of_json`: the type of a document, as Spark's JSON source infers it.

use std::collections::BTreeMap;

use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::{DataType, StructField};

use crate::kernels::json::value::Json;

/// The type of a document, with `STRING` where nothing is known.
pub fn infer(json: &Json<'_>) -> DataType {
    settle(of(json))
}

/// The type of a document; `void` where nothing is known yet.
pub fn of(json: &Json<'_>) -> DataType {
    match json {
        Json::Null => DataType::Null,
        Json::Boolean(_) => DataType::Boolean,
        Json::String(_) => DataType::STRING,
        Json::Number(text) => of_number(text),
        Json::Array(elements) => {
            let element = elements.iter().map(of).reduce(merge).unwrap_or(DataType::Null);
            DataType::array(element, true)
        }
        Json::Object(fields) => {
            let sorted: BTreeMap<&str, &Json<'_>> = fields.iter().map(|(name, value)| (name.as_ref(), value)).collect();
            DataType::structure(sorted.into_iter().map(|(name, value)| StructField::new(name, of(value), true)))
        }
    }
}

fn of_number(text: &str) -> DataType {
    if text.contains(['.', 'e', 'E']) {
        return DataType::Double;
    }
    if text.parse::<i64>().is_ok() {
        return DataType::Long;
    }
    let digits = text.trim_start_matches('-').len();
    match u8::try_from(digits) {
        Ok(precision) if precision <= MAX_DECIMAL_PRECISION => DataType::Decimal { precision, scale: 0 },
        Ok(_) | Err(_) => DataType::Double,
    }
}

/// The type of values of both types.
pub fn merge(left: DataType, right: DataType) -> DataType {
    match (left, right) {
        (left, right) if left == right => left,
        (DataType::Null, other) | (other, DataType::Null) => other,
        (DataType::Long, DataType::Double) | (DataType::Double, DataType::Long) => DataType::Double,
        (DataType::Decimal { .. }, DataType::Double) | (DataType::Double, DataType::Decimal { .. }) => DataType::Double,
        (DataType::Long, DataType::Decimal { precision, .. })
        | (DataType::Decimal { precision, .. }, DataType::Long) => {
            DataType::Decimal { precision: precision.max(20), scale: 0 }
        }
        (DataType::Decimal { precision: a, .. }, DataType::Decimal { precision: b, .. }) => {
            DataType::Decimal { precision: a.max(b), scale: 0 }
        }
        (DataType::Array(left), DataType::Array(right)) => {
            DataType::array(merge(left.element.clone(), right.element.clone()), true)
        }
        (DataType::Struct(left), DataType::Struct(right)) => {
            let mut fields: BTreeMap<String, DataType> = BTreeMap::new();
            for field in left.fields.iter().chain(right.fields.iter()) {
                let known = fields.remove(&*field.name).unwrap_or(DataType::Null);
                fields.insert(field.name.to_string(), merge(known, field.data_type.clone()));
            }
            DataType::structure(fields.into_iter().map(|(name, data_type)| StructField::new(name, data_type, true)))
        }
        (_, _) => DataType::STRING,
    }
}

/// `STRING` for what stayed unknown.
pub fn settle(data_type: DataType) -> DataType {
    match data_type {
        DataType::Null => DataType::STRING,
        DataType::Array(array) => DataType::array(settle(array.element.clone()), true),
        DataType::Struct(structure) => DataType::structure(
            structure.fields.iter().map(|field| StructField::new(&*field.name, settle(field.data_type.clone()), true)),
        ),
        other => other,
    }
}
