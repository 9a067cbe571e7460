//! Constants, and the texts that are constants once the session is known (`DATE '…'`, `INTERVAL '…'`).

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListArray, MapArray, StructArray, new_empty_array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType as Arrow, IntervalMonthDayNano};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use hearth_base::condition::INVALID_TYPED_LITERAL;
use hearth_base::{Error, Result};
use hearth_functions::{SessionSettings, Typed};
use hearth_plan::expression::TypedLiteralKind;
use hearth_types::arrow::{cast_array_to, to_engine_arrow};
use hearth_types::zone::Zone;
use hearth_types::{DataType, Value, datetime_parse};

use super::interval;
use crate::analyzer::plan_error;

const NANOS_PER_MICRO: i64 = 1000;
/// Of `TIME '…'`, whatever it says.
const TIME_PRECISION: u8 = 6;

pub(crate) fn typed(value: &Value) -> Result<Typed> {
    let data_type = value.data_type();
    Ok(Typed::new(Expr::Literal(scalar(value)?, None), data_type, value.is_null()))
}

/// `DATE '…'` and its like.
pub(crate) fn typed_literal(kind: TypedLiteralKind, text: &str, settings: &SessionSettings) -> Result<Typed> {
    typed(&typed_literal_value(kind, text, settings)?)
}

pub(crate) fn typed_literal_value(kind: TypedLiteralKind, text: &str, settings: &SessionSettings) -> Result<Value> {
    let zone = || Zone::parse(&settings.time_zone).ok_or_else(|| Error::internal("the session time zone is invalid"));
    let instant = |text: &str| -> Result<Option<i64>> {
        Ok(datetime_parse::string_to_timestamp(text, &zone()?, settings.statement_micros))
    };
    let value = match kind {
        TypedLiteralKind::Date => datetime_parse::string_to_date(text).map(Value::Date),
        TypedLiteralKind::Timestamp if settings.timestamp_ntz_default => {
            match datetime_parse::string_to_timestamp_ntz(text, false) {
                Some(local) => Some(Value::TimestampNtz(local)),
                None => instant(text)?.map(Value::Timestamp),
            }
        }
        TypedLiteralKind::Timestamp | TypedLiteralKind::TimestampLtz => instant(text)?.map(Value::Timestamp),
        TypedLiteralKind::TimestampNtz => match datetime_parse::string_to_timestamp_ntz(text, true) {
            Some(local) => Some(Value::TimestampNtz(local)),
            None => special_wall_clock(text, settings, &zone()?),
        },
        TypedLiteralKind::Time => {
            datetime_parse::string_to_time(text).map(|nanos| Value::Time { nanos, precision: TIME_PRECISION })
        }
        TypedLiteralKind::Interval => return interval::parse(text),
    };
    value.ok_or_else(|| {
        INVALID_TYPED_LITERAL.with("valueType", format!("\"{}\"", type_word(kind))).with("value", format!("'{text}'"))
    })
}

/// `today` and its like on the session's clock.
fn special_wall_clock(text: &str, settings: &SessionSettings, zone: &Zone) -> Option<Value> {
    let (moment, _) = datetime_parse::SpecialMoment::parse(text)?;
    let local = match moment {
        datetime_parse::SpecialMoment::Epoch => 0,
        moment => zone.to_local(moment.timestamp(zone, settings.statement_micros)?),
    };
    Some(Value::TimestampNtz(local))
}

fn type_word(kind: TypedLiteralKind) -> &'static str {
    match kind {
        TypedLiteralKind::Date => "DATE",
        TypedLiteralKind::Timestamp => "TIMESTAMP",
        TypedLiteralKind::TimestampNtz => "TIMESTAMP_NTZ",
        TypedLiteralKind::TimestampLtz => "TIMESTAMP_LTZ",
        TypedLiteralKind::Time => "TIME",
        TypedLiteralKind::Interval => "INTERVAL",
    }
}

/// The constant in the engine's Arrow form.
pub(crate) fn scalar(value: &Value) -> Result<ScalarValue> {
    let utc = || Some(Arc::from("UTC"));
    Ok(match value {
        Value::Null(data_type) => ScalarValue::try_from(&to_engine_arrow(data_type)).map_err(plan_error)?,
        Value::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        Value::Byte(value) => ScalarValue::Int8(Some(*value)),
        Value::Short(value) => ScalarValue::Int16(Some(*value)),
        Value::Integer(value) => ScalarValue::Int32(Some(*value)),
        Value::Long(value) => ScalarValue::Int64(Some(*value)),
        Value::Float(value) => ScalarValue::Float32(Some(*value)),
        Value::Double(value) => ScalarValue::Float64(Some(*value)),
        Value::Decimal { unscaled, precision, scale } => ScalarValue::Decimal128(Some(*unscaled), *precision, *scale),
        Value::String(text) => ScalarValue::Utf8(Some(text.to_string())),
        Value::Binary(bytes) => ScalarValue::Binary(Some(bytes.to_vec())),
        Value::Date(days) => ScalarValue::Date32(Some(*days)),
        Value::Timestamp(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), utc()),
        Value::TimestampNtz(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), None),
        Value::Time { nanos, .. } => ScalarValue::Time64Nanosecond(Some(*nanos)),
        Value::CalendarInterval { months, days, microseconds } => {
            let nanos = microseconds.checked_mul(NANOS_PER_MICRO).ok_or_else(interval_too_long)?;
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(*months, *days, nanos)))
        }
        Value::YearMonthInterval { months, .. } => ScalarValue::IntervalYearMonth(Some(*months)),
        Value::DayTimeInterval { microseconds, .. } => ScalarValue::DurationMicrosecond(Some(*microseconds)),
        Value::Array { element_type, elements } => list(element_type, elements)?,
        Value::Map { key_type, value_type, entries } => map(key_type, value_type, entries)?,
        Value::Struct { values, .. } => structure(value, values)?,
    })
}

fn interval_too_long() -> Error {
    Error::internal("an interval is longer than Arrow can hold")
}

/// Constants of one type as an Arrow array.
pub(crate) fn array<'v>(data_type: &DataType, values: impl Iterator<Item = &'v Value>) -> Result<ArrayRef> {
    let arrow = to_engine_arrow(data_type);
    let mut scalars = values.map(scalar).collect::<Result<Vec<_>>>()?.into_iter().peekable();
    if scalars.peek().is_none() {
        return Ok(new_empty_array(&arrow));
    }
    // A NULL among values carries the type it was sent with, which may differ from the list's.
    let typed_null = ScalarValue::try_from(&arrow).map_err(plan_error)?;
    let aligned = scalars.map(|scalar| if scalar.is_null() { typed_null.clone() } else { scalar });
    let array = ScalarValue::iter_to_array(aligned).map_err(plan_error)?;
    if *array.data_type() == arrow { Ok(array) } else { cast_array_to(&array, &arrow) }
}

fn list(element_type: &DataType, elements: &[Value]) -> Result<ScalarValue> {
    let values = array(element_type, elements.iter())?;
    let list_type = to_engine_arrow(&DataType::array(element_type.clone(), true));
    let Arrow::List(field) = list_type else { return Err(Error::internal("an array type without an element")) };
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    let list = ListArray::try_new(field, offsets, values, None).map_err(Error::internal)?;
    Ok(ScalarValue::List(Arc::new(list)))
}

fn map(key_type: &DataType, value_type: &DataType, entries: &[(Value, Value)]) -> Result<ScalarValue> {
    let keys = array(key_type, entries.iter().map(|(key, _)| key))?;
    let values = array(value_type, entries.iter().map(|(_, value)| value))?;
    let map_type = to_engine_arrow(&DataType::map(key_type.clone(), value_type.clone(), true));
    let Arrow::Map(entries_field, ordered) = map_type else {
        return Err(Error::internal("a map type without entries"));
    };
    let Arrow::Struct(fields) = entries_field.data_type() else {
        return Err(Error::internal("a map type whose entries are no structs"));
    };
    let offsets = OffsetBuffer::from_lengths([keys.len()]);
    let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(Error::internal)?;
    let map = MapArray::try_new(entries_field, offsets, pairs, None, ordered).map_err(Error::internal)?;
    Ok(ScalarValue::Map(Arc::new(map)))
}

fn structure(whole: &Value, values: &[Value]) -> Result<ScalarValue> {
    let DataType::Struct(structure) = whole.data_type() else { return Err(Error::internal("a struct without fields")) };
    let arrow = to_engine_arrow(&whole.data_type());
    let Arrow::Struct(fields) = arrow else { return Err(Error::internal("a struct type without fields")) };
    let columns = structure
        .fields
        .iter()
        .zip(values)
        .map(|(field, value)| array(&field.data_type, std::iter::once(value)))
        .collect::<Result<Vec<_>>>()?;
    let fields: datafusion::arrow::datatypes::Fields =
        fields.iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let row = StructArray::try_new_with_length(fields, columns, None, 1).map_err(Error::internal)?;
    Ok(ScalarValue::Struct(Arc::new(row)))
}
