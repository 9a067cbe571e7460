//! Variants as values of a type: casts from VARIANT and `variant_get`.
//!
//! A value that does not fit is an error, or NULL at its place when trying. Source: `VariantGet.cast`.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Decimal128Type, Float64Type, Int64Type};
use hearth_base::condition::{INVALID_VARIANT_CAST, MALFORMED_VARIANT, UNSUPPORTED_TIME_TYPE};
use hearth_base::{Error, Result};
use hearth_types::{DataType, Zone, value_text};

use super::build::{Builder, MAX_DEPTH};
use super::read::{Value, Variant};
use crate::cast::{CastMode, can_cast};
use crate::kernels::cast::{CastPlan, cast_array};
use crate::kernels::json::cell::Cell;

/// How variants are converted.
#[derive(Debug, Clone)]
pub struct Conversion {
    pub zone: Zone,
    pub time_zone: Arc<str>,
    pub now: i64,
    /// What does not fit is NULL.
    pub tries: bool,
}

impl Conversion {
    pub fn cell(&self, variant: Variant<'_>, to: &DataType) -> Result<Cell> {
        self.nested(variant, to, 0)
    }

    fn refuse(&self, variant: Variant<'_>, to: &DataType) -> Result<Cell> {
        if self.tries {
            return Ok(Cell::Null);
        }
        Err(INVALID_VARIANT_CAST.with("value", variant.json(&self.zone)?).with("dataType", format!("\"{}\"", to.sql())))
    }

    fn nested(&self, variant: Variant<'_>, to: &DataType, depth: usize) -> Result<Cell> {
        if depth > MAX_DEPTH {
            return Err(MALFORMED_VARIANT.error());
        }
        let value = variant.read()?;
        match (value, to) {
            (_, DataType::Variant) => {
                let mut builder = Builder::default();
                builder.variant(variant)?;
                builder.finish().map(Cell::Variant)
            }
            (Value::Null, _) => Ok(Cell::Null),
            (Value::Array(elements), DataType::Array(array)) => {
                let cells = elements.into_iter().map(|element| self.nested(element, &array.element, depth + 1));
                cells.collect::<Result<_>>().map(Cell::List)
            }
            (Value::Object(fields), DataType::Map(map)) => {
                let entries = fields
                    .into_iter()
                    .map(|(name, value)| Ok((Cell::Text(name.to_owned()), self.nested(value, &map.value, depth + 1)?)));
                entries.collect::<Result<_>>().map(Cell::Map)
            }
            (Value::Object(fields), DataType::Struct(structure)) => {
                let cells =
                    structure.fields.iter().map(|field| match fields.iter().find(|(name, _)| **name == *field.name) {
                        Some((_, value)) => self.nested(*value, &field.data_type, depth + 1),
                        None => Ok(Cell::Null),
                    });
                cells.collect::<Result<_>>().map(Cell::Struct)
            }
            (Value::Object(_) | Value::Array(_), to) if to.is_string() => variant.json(&self.zone).map(Cell::Text),
            (Value::Object(_) | Value::Array(_), _) => self.refuse(variant, to),
            (_, DataType::Array(_) | DataType::Map(_) | DataType::Struct(_)) => self.refuse(variant, to),
            (value, to) => match self.scalar(value, to)? {
                Some(cell) => Ok(cell),
                None => self.refuse(variant, to),
            },
        }
    }

    /// `None` for what does not fit.
    fn scalar(&self, value: Value<'_>, to: &DataType) -> Result<Option<Cell>> {
        match (&value, to) {
            // The common pairs, without a column for each value.
            (Value::String(text), to) if to.is_string() => return Ok(Some(Cell::Text((*text).to_owned()))),
            (Value::Long(value), DataType::Long) => return Ok(Some(Cell::Long(*value))),
            (Value::Long(value), DataType::Integer) if i32::try_from(*value).is_ok() => {
                return Ok(Some(Cell::Long(*value)));
            }
            (Value::Double(value), DataType::Double) => return Ok(Some(Cell::Double(*value))),
            (Value::Boolean(value), DataType::Boolean) => return Ok(Some(Cell::Boolean(*value))),
            (_, DataType::Time { .. }) => return Err(UNSUPPORTED_TIME_TYPE.error()),
            _ => {}
        }
        let (array, from) = one_row(value)?;
        if from == *to {
            return cell_of(&array, to).map(Some);
        }
        if !can_cast(&from, to, true) {
            return Ok(None);
        }
        let time_zone = Arc::clone(&self.time_zone);
        let plan = CastPlan { from, to: to.clone(), mode: CastMode::Try, time_zone, now: self.now };
        let converted = cast_array(&plan, &array).map_err(|error| Error::internal(error.to_string()))?;
        if converted.is_null(0) { Ok(None) } else { cell_of(&converted, to).map(Some) }
    }
}

/// A column of one value, and its type.
fn one_row(value: Value<'_>) -> Result<(ArrayRef, DataType)> {
    let stamp = |micros: i64| TimestampMicrosecondArray::from(vec![micros]);
    Ok(match value {
        Value::Boolean(value) => (Arc::new(BooleanArray::from(vec![value])), DataType::Boolean),
        Value::Long(value) => (Arc::new(Int64Array::from(vec![value])), DataType::Long),
        Value::Double(value) => (Arc::new(Float64Array::from(vec![value])), DataType::Double),
        Value::Float(value) => (Arc::new(Float32Array::from(vec![value])), DataType::Float),
        Value::Decimal { unscaled, scale } => {
            let (unscaled, scale) = stripped(unscaled, scale);
            let precision = decimal_precision(unscaled, scale);
            let scale = i8::try_from(scale).map_err(|_| MALFORMED_VARIANT.error())?;
            let array = Decimal128Array::from(vec![unscaled]).with_precision_and_scale(precision, scale);
            let array = array.map_err(|_| MALFORMED_VARIANT.error())?;
            (Arc::new(array), DataType::Decimal { precision, scale })
        }
        Value::Date(days) => (Arc::new(Date32Array::from(vec![days])), DataType::Date),
        Value::Timestamp(micros) => (Arc::new(stamp(micros).with_timezone("UTC")), DataType::Timestamp),
        Value::TimestampNtz(micros) => (Arc::new(stamp(micros)), DataType::TimestampNtz),
        Value::Binary(bytes) => (Arc::new(BinaryArray::from(vec![bytes])), DataType::Binary),
        Value::String(text) => (Arc::new(StringArray::from(vec![text])), DataType::STRING),
        Value::Uuid(bytes) => (Arc::new(StringArray::from(vec![uuid_text(bytes)])), DataType::STRING),
        Value::Null | Value::Object(_) | Value::Array(_) => return Err(Error::internal("a scalar that is none")),
    })
}

/// Without zeros at the end.
pub fn stripped(mut unscaled: i128, mut scale: u8) -> (i128, u8) {
    while scale > 0 && unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    (unscaled, scale)
}

/// The precision of a decimal's type: its digits, and never less than its scale.
pub fn decimal_precision(unscaled: i128, scale: u8) -> u8 {
    let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    u8::try_from(digits).unwrap_or(38).max(scale)
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The first value of a column.
pub fn cell_of(array: &ArrayRef, data_type: &DataType) -> Result<Cell> {
    let plain = |to: &ArrowType| cast(array, to).map_err(|error| Error::internal(error.to_string()));
    Ok(match data_type {
        DataType::Boolean => Cell::Boolean(array.as_boolean().value(0)),
        DataType::Byte | DataType::Short | DataType::Integer | DataType::Long => {
            Cell::Long(plain(&ArrowType::Int64)?.as_primitive::<Int64Type>().value(0))
        }
        DataType::Date => {
            let days = cast(&plain(&ArrowType::Int32)?, &ArrowType::Int64);
            let days = days.map_err(|error| Error::internal(error.to_string()))?;
            Cell::Long(days.as_primitive::<Int64Type>().value(0))
        }
        DataType::Timestamp | DataType::TimestampNtz => {
            Cell::Long(plain(&ArrowType::Int64)?.as_primitive::<Int64Type>().value(0))
        }
        DataType::Float | DataType::Double => {
            Cell::Double(plain(&ArrowType::Float64)?.as_primitive::<Float64Type>().value(0))
        }
        DataType::Decimal { .. } => Cell::Decimal(array.as_primitive::<Decimal128Type>().value(0)),
        DataType::Binary => Cell::Bytes(plain(&ArrowType::Binary)?.as_binary::<i32>().value(0).to_vec()),
        data_type if data_type.is_string() => {
            Cell::Text(plain(&ArrowType::Utf8)?.as_string::<i32>().value(0).to_owned())
        }
        other => {
            let text = value_text::format_value(array, 0, other, &Zone::UTC, value_text::TextStyle::Cast);
            return Err(Error::unsupported(format!("the variant {text} as {}", other.sql())));
        }
    })
}
