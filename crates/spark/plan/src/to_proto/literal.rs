//! Values onto the wire as literals, for observed metrics. Nested ones say their types in the fields that all clients
//! since 3.5 read.

use bytes::Bytes;
use hearth_proto::connect::expression::Literal;
use hearth_proto::connect::expression::literal::{self as wire, LiteralType};
use hearth_types::{DataType, Value};

use super::data_type;

/// The literal of a value.
pub fn literal(value: &Value) -> Literal {
    let data_type = needs_type(value).then(|| data_type(&value.data_type()));
    Literal { literal_type: Some(literal_type(value)), data_type }
}

/// Interval literals say their fields nowhere else.
fn needs_type(value: &Value) -> bool {
    matches!(value, Value::YearMonthInterval { .. } | Value::DayTimeInterval { .. })
}

fn literal_type(value: &Value) -> LiteralType {
    match value {
        Value::Null(null) => LiteralType::Null(data_type(null)),
        Value::Boolean(boolean) => LiteralType::Boolean(*boolean),
        Value::Byte(byte) => LiteralType::Byte(i32::from(*byte)),
        Value::Short(short) => LiteralType::Short(i32::from(*short)),
        Value::Integer(integer) => LiteralType::Integer(*integer),
        Value::Long(long) => LiteralType::Long(*long),
        Value::Float(float) => LiteralType::Float(*float),
        Value::Double(double) => LiteralType::Double(*double),
        Value::Decimal { unscaled, precision, scale } => decimal(*unscaled, *precision, *scale),
        Value::String(text) => LiteralType::String(text.to_string()),
        Value::Binary(bytes) => LiteralType::Binary(Bytes::copy_from_slice(bytes)),
        Value::Date(days) => LiteralType::Date(*days),
        Value::Timestamp(microseconds) => LiteralType::Timestamp(*microseconds),
        Value::TimestampNtz(microseconds) => LiteralType::TimestampNtz(*microseconds),
        Value::Time { nanos, precision } => {
            LiteralType::Time(wire::Time { nano: *nanos, precision: Some(i32::from(*precision)) })
        }
        Value::CalendarInterval { months, days, microseconds } => {
            let (months, days, microseconds) = (*months, *days, *microseconds);
            LiteralType::CalendarInterval(wire::CalendarInterval { months, days, microseconds })
        }
        Value::YearMonthInterval { months, .. } => LiteralType::YearMonthInterval(*months),
        Value::DayTimeInterval { microseconds, .. } => LiteralType::DayTimeInterval(*microseconds),
        Value::Array { element_type, elements } => LiteralType::Array(wire::Array {
            element_type: Some(data_type(element_type)),
            elements: elements.iter().map(literal).collect(),
        }),
        Value::Map { key_type, value_type, entries } => LiteralType::Map(wire::Map {
            key_type: Some(data_type(key_type)),
            value_type: Some(data_type(value_type)),
            keys: entries.iter().map(|(key, _)| literal(key)).collect(),
            values: entries.iter().map(|(_, value)| literal(value)).collect(),
        }),
        Value::Struct { fields, values } => LiteralType::Struct(wire::Struct {
            struct_type: Some(data_type(&DataType::structure(fields.iter().cloned()))),
            elements: values.iter().map(literal).collect(),
        }),
    }
}

fn decimal(unscaled: i128, precision: u8, scale: i8) -> LiteralType {
    LiteralType::Decimal(wire::Decimal {
        value: plain(unscaled, scale),
        precision: Some(i32::from(precision)),
        scale: Some(i32::from(scale)),
    })
}

/// `unscaled * 10^-scale` in digits, without an exponent.
fn plain(unscaled: i128, scale: i8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = unscaled.unsigned_abs().to_string();
    let Ok(fraction) = usize::try_from(scale) else {
        return format!("{sign}{digits}{}", "0".repeat(usize::from(scale.unsigned_abs())));
    };
    if fraction == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = fraction + 1);
    let (whole, fraction) = digits.split_at(digits.len() - fraction);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::from_proto;

    #[test]
    fn literals_read_back() {
        let list =
            Value::Array { element_type: DataType::Integer, elements: vec![Value::Integer(1), Value::Integer(-2)] };
        for value in [
            Value::Null(DataType::Date),
            Value::Decimal { unscaled: -5, precision: 3, scale: 2 },
            Value::Decimal { unscaled: 12_345, precision: 10, scale: 0 },
            Value::string("ü"),
            list.clone(),
            Value::Map {
                key_type: DataType::STRING,
                value_type: list.data_type(),
                entries: vec![(Value::string("k"), list)],
            },
        ] {
            assert_eq!(from_proto::value(literal(&value)).unwrap(), value);
        }
    }
}
