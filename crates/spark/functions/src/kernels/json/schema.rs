//! `schema_of_json`: the type of a document, as Spark's JSON source infers it.

use std::collections::BTreeMap;

use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::{DataType, StructField, timestamp_word};

use crate::kernels::json::cell::Reading;
use crate::kernels::json::typed::Options;
use crate::kernels::json::value::Json;
use crate::kernels::variant::convert::decimal_precision;
use crate::kernels::variant::of_json;

/// How types are found.
#[derive(Debug, Clone)]
pub struct Inferring {
    prefers_decimal: bool,
    texts_only: bool,
    timestamps: Option<Reading>,
    drops_nulls: bool,
}

impl Inferring {
    pub fn new(options: &Options) -> hearth_base::Result<Self> {
        let timestamps = if options.is_on("infertimestamp", false) { Some(options.reading()?) } else { None };
        Ok(Self {
            prefers_decimal: options.is_on("prefersdecimal", false),
            texts_only: options.is_on("primitivesasstring", false),
            timestamps,
            drops_nulls: options.is_on("dropfieldifallnull", false),
        })
    }

    /// The type of a document; `void` where nothing is known yet.
    pub fn of(&self, json: &Json<'_>) -> DataType {
        match json {
            Json::Null => DataType::Null,
            Json::Boolean(_) | Json::Number(_) if self.texts_only => DataType::STRING,
            Json::Boolean(_) => DataType::Boolean,
            Json::String(text) => self.of_text(text),
            Json::Number(text) if self.prefers_decimal && text.contains(['.', 'e', 'E']) => {
                decimal(text).unwrap_or_else(|| of_number(text))
            }
            Json::Number(text) => of_number(text),
            Json::Array(elements) => {
                let element = elements.iter().map(|element| self.of(element)).reduce(merge);
                DataType::array(element.unwrap_or(DataType::Null), true)
            }
            Json::Object(fields) => {
                let sorted: BTreeMap<&str, &Json<'_>> = fields
                    .iter()
                    .map(|(name, value)| (name.as_ref(), value))
                    .filter(|(name, _)| !name.is_empty())
                    .collect();
                let typed = sorted.into_iter().map(|(name, value)| StructField::new(name, self.of(value), true));
                DataType::structure(typed)
            }
        }
    }

    fn of_text(&self, text: &str) -> DataType {
        if self.texts_only {
            return DataType::STRING;
        }
        if self.prefers_decimal
            && let Some(decimal) = decimal(text)
        {
            return decimal;
        }
        let word = timestamp_word::timestamp();
        let is_moment = |reading: &Reading| reading.moment(text, &word).is_ok();
        if self.timestamps.as_ref().is_some_and(is_moment) { word } else { DataType::STRING }
    }

    /// The type with `STRING` where nothing is known. Structs without fields are left out, and with
    /// `dropFieldIfAllNull` what is unknown too.
    pub fn settle(&self, data_type: DataType) -> Option<DataType> {
        match data_type {
            DataType::Null => (!self.drops_nulls).then_some(DataType::STRING),
            DataType::Array(array) => Some(DataType::array(self.settle(array.element.clone())?, true)),
            DataType::Struct(structure) => {
                let fields = structure.fields.iter().filter_map(|field| {
                    Some(StructField::new(&*field.name, self.settle(field.data_type.clone())?, true))
                });
                let fields: Vec<_> = fields.collect();
                (!fields.is_empty()).then(|| DataType::structure(fields))
            }
            other => Some(other),
        }
    }
}

/// The decimal that holds a number, if one does.
pub fn decimal(text: &str) -> Option<DataType> {
    let (unscaled, scale) = of_json::decimal(text).filter(|_| text.bytes().any(|byte| byte.is_ascii_digit()))?;
    let precision = decimal_precision(unscaled, scale);
    Some(DataType::Decimal { precision, scale: i8::try_from(scale).ok()? })
}

fn of_number(text: &str) -> DataType {
    if text.contains(['.', 'e', 'E', 'N', 'I']) {
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
        (DataType::Long, DataType::Decimal { precision, scale })
        | (DataType::Decimal { precision, scale }, DataType::Long) => common_decimal((20, 0), (precision, scale)),
        (DataType::Decimal { precision: p1, scale: s1 }, DataType::Decimal { precision: p2, scale: s2 }) => {
            common_decimal((p1, s1), (p2, s2))
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

/// The decimal with room for both, or a double.
fn common_decimal((p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> DataType {
    let scale = s1.max(s2);
    let whole = (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2));
    match u8::try_from(whole + i16::from(scale)) {
        Ok(precision) if precision <= MAX_DECIMAL_PRECISION => DataType::Decimal { precision, scale },
        Ok(_) | Err(_) => DataType::Double,
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
