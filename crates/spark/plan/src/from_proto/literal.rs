//! Literals from the wire.
//!
//! Clients say the type of a nested literal in one of two ways: since 4.1 in `data_type` of the outermost literal, before
//! in fields of each array, map and struct. Elements then take their types from the outside in.

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::{
    ARRAY_LITERAL_MISSING_DATA_TYPE, INCOMPATIBLE_LITERAL_DATA_TYPE, INVALID_NUMBER, MAP_LITERAL_MISSING_DATA_TYPE,
    STRUCT_LITERAL_MISSING_DATA_TYPE, UNSUPPORTED_LITERAL_TYPE,
};
use hearth_proto::connect as pb;
use hearth_proto::connect::expression::Literal;
use hearth_proto::connect::expression::literal::specialized_array::ValueType;
use hearth_proto::connect::expression::literal::{self as wire, LiteralType};
use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::{DataType, DayTimeField, StructType, Value, YearMonthField};

use super::types::{data_type, decimal_of, time_precision};
use super::{invalid, with_stack};

/// The constant that a literal stands for.
pub fn value(literal: Literal) -> Result<Value> {
    typed(literal, None)
}

pub(super) fn values(literals: Vec<Literal>) -> Result<Vec<Value>> {
    literals.into_iter().map(value).collect()
}

/// A literal of which the surrounding one may have said the type.
fn typed(literal: Literal, outer: Option<&DataType>) -> Result<Value> {
    let own = literal.data_type.filter(|own| own.kind.is_some()).map(data_type).transpose()?;
    let expected = own.as_ref().or(outer);
    let not_set = || UNSUPPORTED_LITERAL_TYPE.with("typeInfo", "LITERALTYPE_NOT_SET(0)");
    let kind = literal.literal_type.ok_or_else(not_set)?;
    with_stack(|| literal_type(kind, expected))
}

/// Bytes and shorts travel as 32-bit numbers, of which Spark takes the low bits.
#[expect(clippy::cast_possible_truncation, reason = "as Spark does")]
fn literal_type(kind: LiteralType, expected: Option<&DataType>) -> Result<Value> {
    match kind {
        LiteralType::Null(null) => null_value(null, expected),
        LiteralType::Binary(bytes) => Ok(Value::Binary(Arc::from(&bytes[..]))),
        LiteralType::Boolean(boolean) => Ok(Value::Boolean(boolean)),
        LiteralType::Byte(byte) => Ok(Value::Byte(byte as i8)),
        LiteralType::Short(short) => Ok(Value::Short(short as i16)),
        LiteralType::Integer(integer) => Ok(Value::Integer(integer)),
        LiteralType::Long(long) => Ok(Value::Long(long)),
        LiteralType::Float(float) => Ok(Value::Float(float)),
        LiteralType::Double(double) => Ok(Value::Double(double)),
        LiteralType::Decimal(decimal) => decimal_value(&decimal, expected),
        LiteralType::String(string) => Ok(Value::String(string.into())),
        LiteralType::Date(days) => Ok(Value::Date(days)),
        LiteralType::Timestamp(microseconds) => Ok(Value::Timestamp(microseconds)),
        LiteralType::TimestampNtz(microseconds) => Ok(Value::TimestampNtz(microseconds)),
        LiteralType::CalendarInterval(interval) => Ok(calendar_interval(&interval)),
        LiteralType::YearMonthInterval(months) => Ok(year_month_interval(months, expected)),
        LiteralType::DayTimeInterval(microseconds) => Ok(day_time_interval(microseconds, expected)),
        LiteralType::Array(array) => array_value(array, expected),
        LiteralType::Map(map) => map_value(map, expected),
        LiteralType::Struct(structure) => struct_value(structure, expected),
        LiteralType::SpecializedArray(array) => specialized_array(array),
        LiteralType::Time(time) => time_value(&time, expected),
    }
}

fn null_value(null: pb::DataType, expected: Option<&DataType>) -> Result<Value> {
    match (expected, null.kind.is_some()) {
        (Some(expected), _) => Ok(Value::Null(expected.clone())),
        (None, true) => Ok(Value::Null(data_type(null)?)),
        (None, false) => Ok(Value::Null(DataType::Null)),
    }
}

/// The type is wide enough for the digits and for what the client says (`10,0` with the value `1.5` is `10,1`).
fn decimal_value(decimal: &wire::Decimal, expected: Option<&DataType>) -> Result<Value> {
    let no_decimal = || invalid::assertion(format!("{} is not a decimal", decimal.value));
    let not_a_number = || INVALID_NUMBER.with("message", format!("{} is not a decimal", decimal.value));
    let digits = Digits::parse(&decimal.value).ok_or_else(not_a_number)?;
    if digits.precision > i32::from(MAX_DECIMAL_PRECISION) {
        return Err(invalid::decimal_value_too_wide(digits.precision));
    }
    let (mut precision, mut scale) = match expected {
        Some(DataType::Decimal { precision, scale }) => (i32::from(*precision), i32::from(*scale)),
        _ => (0, 0),
    };
    scale = scale.max(digits.scale).max(decimal.scale.unwrap_or(0));
    precision = precision.max(digits.precision).max(decimal.precision.unwrap_or(0)).max(scale);
    let DataType::Decimal { precision, scale } = decimal_of(precision, scale)? else {
        return Err(no_decimal());
    };
    let shift = (i32::from(scale) - digits.scale).cast_unsigned();
    let unscaled = 10_i128.checked_pow(shift).and_then(|factor| digits.unscaled.checked_mul(factor));
    Ok(Value::Decimal { unscaled: unscaled.ok_or_else(no_decimal)?, precision, scale })
}

/// A decimal number as text: `-12.50`, `1E+3`. The scale is never negative.
struct Digits {
    unscaled: i128,
    precision: i32,
    scale: i32,
}

impl Digits {
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let mut digits = format!("{whole}{fraction}");
        let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        if scale < 0 {
            // 1E+3 is 1000. Longer than any decimal is no decimal, unless it is zero.
            let zeros = usize::try_from(-scale).ok()?.min(usize::from(u8::MAX));
            digits.extend(std::iter::repeat_n('0', zeros));
            scale = 0;
        }
        let significant = digits.trim_start_matches('0');
        // What does not fit is too wide for a decimal anyway, which the precision says.
        let unscaled: i128 = if significant.is_empty() { 0 } else { significant.parse().unwrap_or(i128::MAX) };
        let precision = i32::try_from(significant.len()).ok()?.max(1).max(scale);
        Some(Self { unscaled: if negative { -unscaled } else { unscaled }, precision, scale })
    }
}

fn calendar_interval(interval: &wire::CalendarInterval) -> Value {
    Value::CalendarInterval { months: interval.months, days: interval.days, microseconds: interval.microseconds }
}

fn year_month_interval(months: i32, expected: Option<&DataType>) -> Value {
    let (start, end) = match expected {
        Some(DataType::YearMonthInterval { start, end }) => (*start, *end),
        _ => (YearMonthField::Year, YearMonthField::Month),
    };
    Value::YearMonthInterval { months, start, end }
}

fn day_time_interval(microseconds: i64, expected: Option<&DataType>) -> Value {
    let (start, end) = match expected {
        Some(DataType::DayTimeInterval { start, end }) => (*start, *end),
        _ => (DayTimeField::Day, DayTimeField::Second),
    };
    Value::DayTimeInterval { microseconds, start, end }
}

fn time_value(time: &wire::Time, expected: Option<&DataType>) -> Result<Value> {
    let precision = match expected {
        Some(DataType::Time { precision }) => *precision,
        _ => time_precision(time.precision)?,
    };
    Ok(Value::Time { nanos: time.nano, precision })
}

fn array_value(array: wire::Array, expected: Option<&DataType>) -> Result<Value> {
    let said = match expected {
        Some(DataType::Array(array)) => Some(array.element.clone()),
        Some(other) => return Err(incompatible("ARRAY", other)),
        None => array.element_type.map(data_type).transpose()?,
    };
    let elements = elements(array.elements, said.as_ref())?;
    let element_type = said.or_else(|| elements.first().map(Value::data_type));
    let element_type = element_type.ok_or_else(|| ARRAY_LITERAL_MISSING_DATA_TYPE.error())?;
    Ok(Value::Array { element_type, elements })
}

fn elements(literals: Vec<Literal>, expected: Option<&DataType>) -> Result<Vec<Value>> {
    literals.into_iter().map(|literal| typed(literal, expected)).collect()
}

fn map_value(map: wire::Map, expected: Option<&DataType>) -> Result<Value> {
    let (key_type, value_type) = match expected {
        Some(DataType::Map(map)) => (Some(map.key.clone()), Some(map.value.clone())),
        Some(other) => return Err(incompatible("MAP", other)),
        None => (map.key_type.map(data_type).transpose()?, map.value_type.map(data_type).transpose()?),
    };
    let keys = elements(map.keys, key_type.as_ref())?;
    let values = elements(map.values, value_type.as_ref())?;
    if keys.len() != values.len() {
        return Err(invalid::assertion("A map literal has as many keys as values"));
    }
    let key_type = key_type.or_else(|| keys.first().map(Value::data_type));
    let value_type = value_type.or_else(|| values.first().map(Value::data_type));
    let (Some(key_type), Some(value_type)) = (key_type, value_type) else {
        return Err(MAP_LITERAL_MISSING_DATA_TYPE.error());
    };
    Ok(Value::Map { key_type, value_type, entries: keys.into_iter().zip(values).collect() })
}

fn struct_value(structure: wire::Struct, expected: Option<&DataType>) -> Result<Value> {
    let said = match expected {
        Some(said) => said.clone(),
        None => {
            structure.struct_type.map(data_type).transpose()?.ok_or_else(|| STRUCT_LITERAL_MISSING_DATA_TYPE.error())?
        }
    };
    let DataType::Struct(StructType { fields }) = said else {
        return Err(incompatible("STRUCT", &said));
    };
    if fields.len() != structure.elements.len() {
        return Err(invalid::assertion("A struct literal has as many elements as fields"));
    }
    let values: Result<Vec<_>> = structure
        .elements
        .into_iter()
        .zip(fields.iter())
        .map(|(element, field)| typed(element, Some(&field.data_type)))
        .collect();
    Ok(Value::Struct { fields, values: values? })
}

fn specialized_array(array: wire::SpecializedArray) -> Result<Value> {
    let not_set = || invalid::not_set("spark.connect.Expression.Literal.SpecializedArray", "value_type");
    Ok(match array.value_type.ok_or_else(not_set)? {
        ValueType::Bools(bools) => packed(DataType::Boolean, bools.values, Value::Boolean),
        ValueType::Ints(ints) => packed(DataType::Integer, ints.values, Value::Integer),
        ValueType::Longs(longs) => packed(DataType::Long, longs.values, Value::Long),
        ValueType::Floats(floats) => packed(DataType::Float, floats.values, Value::Float),
        ValueType::Doubles(doubles) => packed(DataType::Double, doubles.values, Value::Double),
        ValueType::Strings(strings) => packed(DataType::STRING, strings.values, |text: String| Value::string(text)),
    })
}

fn packed<T>(element_type: DataType, values: Vec<T>, value: impl Fn(T) -> Value) -> Value {
    Value::Array { element_type, elements: values.into_iter().map(value).collect() }
}

fn incompatible(literal: &'static str, said: &DataType) -> hearth_base::Error {
    let kind = match said {
        DataType::Array(_) => "ARRAY",
        DataType::Map(_) => "MAP",
        DataType::Struct(_) => "STRUCT",
        _ => "another type",
    };
    INCOMPATIBLE_LITERAL_DATA_TYPE.with("dataTypeKindCase", kind).with("literalTypeCase", literal)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::to_proto;

    fn literal(kind: LiteralType) -> Literal {
        Literal { data_type: None, literal_type: Some(kind) }
    }

    fn decimal(text: &str, precision: Option<i32>, scale: Option<i32>) -> Result<Value> {
        value(literal(LiteralType::Decimal(wire::Decimal { value: text.into(), precision, scale })))
    }

    #[test]
    fn decimals_are_as_wide_as_digits_and_type_ask() {
        for (text, precision, scale, expected) in [
            ("1.5", Some(10), Some(0), (15, 10, 1)),
            ("1.5", None, None, (15, 2, 1)),
            ("-0.05", None, None, (-5, 2, 2)),
            ("1E+3", None, None, (1000, 4, 0)),
            ("12E-1", None, None, (12, 2, 1)),
            ("0", Some(38), Some(18), (0, 38, 18)),
            ("7", Some(5), Some(2), (700, 5, 2)),
        ] {
            let (unscaled, precision_, scale_) = expected;
            let expected = Value::Decimal { unscaled, precision: precision_, scale: scale_ };
            assert_eq!(decimal(text, precision, scale).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        let wide = "1".repeat(39);
        for text in ["", ".", "-", "1.2.3", "x", "1E999999999", "1E-99", "NaN", wide.as_str()] {
            assert!(decimal(text, None, None).is_err(), "{text}");
        }
    }

    #[test]
    fn outer_type_gives_the_elements_theirs() {
        let inner = DataType::array(DataType::Long, true);
        let of_type = DataType::array(inner.clone(), true);
        let array = |elements| LiteralType::Array(wire::Array { element_type: None, elements });
        let null = literal(LiteralType::Null(pb::DataType::default()));
        let nested = literal(array(vec![literal(array(vec![])), null]));
        let proto = Literal { data_type: Some(to_proto::data_type(&of_type)), ..nested };
        let empty = Value::Array { element_type: DataType::Long, elements: vec![] };
        let expected = Value::Array { element_type: inner.clone(), elements: vec![empty, Value::Null(inner.clone())] };
        assert_eq!(value(proto).unwrap(), expected);
    }

    #[test]
    fn empty_array_without_type_is_refused() {
        let array = literal(LiteralType::Array(wire::Array::default()));
        let condition = value(array).unwrap_err().condition().name;
        assert_eq!(condition, "CONNECT_INVALID_PLAN.ARRAY_LITERAL_MISSING_DATA_TYPE");
    }
}
