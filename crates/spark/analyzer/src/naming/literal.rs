//! Constants as names: text bare, dates and intervals as typed literals.

use hearth_plan::expression::TypedLiteralKind;
use hearth_types::Value;
use hearth_types::datetime_text::{
    write_calendar_interval, write_date, write_day_time_interval, write_time, write_timestamp, write_timestamp_ntz,
    write_year_month_interval,
};
use hearth_types::number_text::{write_decimal_java, write_double, write_float};
use hearth_types::zone::Zone;
use std::fmt::Write;

use crate::expression::interval;

pub(super) fn plain(value: &Value) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_plain(&mut out, value);
    out
}

fn write_plain(out: &mut String, value: &Value) -> std::fmt::Result {
    match value {
        Value::Null(_) => out.write_str("NULL"),
        Value::Boolean(value) => write!(out, "{value}"),
        Value::Byte(value) => write!(out, "{value}"),
        Value::Short(value) => write!(out, "{value}"),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Long(value) => write!(out, "{value}"),
        Value::Float(value) => write_float(out, *value),
        Value::Double(value) => write_double(out, *value),
        Value::Decimal { unscaled, scale, .. } => write_decimal_java(out, *unscaled, *scale),
        Value::String(text) => out.write_str(text),
        Value::Binary(bytes) => {
            out.write_str("X'")?;
            for byte in bytes.iter() {
                write!(out, "{byte:02X}")?;
            }
            out.write_char('\'')
        }
        Value::Date(_) | Value::Timestamp(_) | Value::TimestampNtz(_) | Value::Time { .. } => {
            write_datetime(out, value)
        }
        Value::CalendarInterval { .. } | Value::YearMonthInterval { .. } | Value::DayTimeInterval { .. } => {
            write_interval(out, value)
        }
        Value::Array { elements, .. } => write_list(out, "ARRAY(", elements.iter()),
        Value::Map { entries, .. } => write_list(out, "MAP(", entries.iter().flat_map(|(key, value)| [key, value])),
        Value::Struct { fields, values } => {
            out.write_str("NAMED_STRUCT(")?;
            for (index, (field, value)) in fields.iter().zip(values).enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                write!(out, "{comma}'{}', ", field.name)?;
                write_plain(out, value)?;
            }
            out.write_char(')')
        }
    }
}

fn write_list<'v>(out: &mut String, open: &str, values: impl Iterator<Item = &'v Value>) -> std::fmt::Result {
    out.write_str(open)?;
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write_plain(out, value)?;
    }
    out.write_char(')')
}

fn write_datetime(out: &mut String, value: &Value) -> std::fmt::Result {
    let utc = Zone::parse("UTC");
    match (value, utc) {
        (Value::Date(days), _) => {
            out.write_str("DATE '")?;
            write_date(out, *days)?;
        }
        (Value::Timestamp(micros), Some(zone)) => {
            out.write_str("TIMESTAMP '")?;
            write_timestamp(out, *micros, &zone)?;
        }
        (Value::TimestampNtz(micros), _) => {
            out.write_str("TIMESTAMP_NTZ '")?;
            write_timestamp_ntz(out, *micros)?;
        }
        (Value::Time { nanos, .. }, _) => {
            out.write_str("TIME '")?;
            write_time(out, *nanos)?;
        }
        _ => {}
    }
    out.write_char('\'')
}

fn write_interval(out: &mut String, value: &Value) -> std::fmt::Result {
    match value {
        Value::CalendarInterval { months, days, microseconds } => {
            out.write_str("INTERVAL '")?;
            write_calendar_interval(out, *months, *days, *microseconds)?;
            out.write_char('\'')
        }
        Value::YearMonthInterval { months, start, end } => write_year_month_interval(out, *months, *start, *end),
        Value::DayTimeInterval { microseconds, start, end } => {
            write_day_time_interval(out, *microseconds, *start, *end)
        }
        _ => Ok(()),
    }
}

/// `DATE '2020-01-01'`; text that is read in another form prints in the usual one.
pub(super) fn typed(kind: TypedLiteralKind, text: &str) -> String {
    use hearth_types::datetime_parse::{string_to_date, string_to_time, string_to_timestamp_ntz};
    let value = match kind {
        TypedLiteralKind::Date => string_to_date(text).map(Value::Date),
        TypedLiteralKind::Timestamp | TypedLiteralKind::TimestampLtz => {
            // Printed as the wall clock that was written; a zone in the text is rare and kept as it is.
            string_to_timestamp_ntz(text, false).map(Value::Timestamp)
        }
        TypedLiteralKind::TimestampNtz => string_to_timestamp_ntz(text, true).map(Value::TimestampNtz),
        TypedLiteralKind::Time => string_to_time(text).map(|nanos| Value::Time { nanos, precision: 6 }),
        TypedLiteralKind::Interval => interval::parse(text).ok(),
    };
    match value {
        Some(value) => plain(&value),
        None => text.to_owned(),
    }
}
