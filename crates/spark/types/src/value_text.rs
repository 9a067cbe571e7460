//! Text of one value in an Arrow array: what casts to string give and what `show()` prints.
//!
//! The two differ in NULL (`null` inside casts, `NULL` in `show`), binary (its bytes as UTF-8, `[41 42]`), and decimals
//! (without ANSI a cast may give `0E-8`). Sources: `ToStringBase`, `Cast`, `ToPrettyString`.

use std::fmt::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, DurationMicrosecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, IntervalYearMonthType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};

use crate::data_type::{DataType, StructType};
use crate::datetime_text as datetime;
use crate::number_text as number;
use crate::variant_text;
use crate::zone::Zone;

/// Whose rules a text follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextStyle {
    /// `CAST(x AS STRING)` in ANSI mode.
    Cast,
    /// `CAST(x AS STRING)` without ANSI mode.
    LegacyCast,
    /// `show()`, `ToPrettyString`.
    Pretty,
}

impl TextStyle {
    fn null(self) -> &'static str {
        match self {
            Self::Cast | Self::LegacyCast => "null",
            Self::Pretty => "NULL",
        }
    }
}

/// The text of a row. NULL gives `null` or `NULL`; a cast must check for NULL before.
pub fn format_value(array: &dyn Array, row: usize, data_type: &DataType, zone: &Zone, style: TextStyle) -> String {
    // A variant that is a string loses its quotes in a cast, but not inside arrays.
    if style != TextStyle::Pretty
        && *data_type == DataType::Variant
        && let Some(parts) = array.as_struct_opt().filter(|parts| parts.is_valid(row))
        && let Some(value) = parts.column_by_name("value").and_then(|value| bytes_at(value.as_ref(), row))
        && let Some(text) = variant_text::string_value(value)
    {
        return text.to_owned();
    }
    let mut out = String::new();
    // Writing to a String does not fail; an array of another layout leaves the text empty.
    let _ = write_value(&mut out, array, row, data_type, &TextRules { zone, style });
    out
}

/// What a text depends on besides the value.
#[derive(Debug, Clone, Copy)]
pub struct TextRules<'a> {
    pub zone: &'a Zone,
    pub style: TextStyle,
}

/// Writes the text of a row. Fails only for an array whose layout cannot hold the type, or when `out` fails.
pub fn write_value(
    out: &mut impl Write,
    array: &dyn Array,
    row: usize,
    data_type: &DataType,
    rules: &TextRules<'_>,
) -> fmt::Result {
    if array.is_null(row) || matches!(array.data_type(), Arrow::Null) {
        return out.write_str(rules.style.null());
    }
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let keys = dictionary.normalized_keys();
        return write_value(out, dictionary.values().as_ref(), keys[row], data_type, rules);
    }
    match data_type {
        DataType::Null => out.write_str(rules.style.null()),
        DataType::Boolean => {
            out.write_str(if array.as_boolean_opt().ok_or(fmt::Error)?.value(row) { "true" } else { "false" })
        }
        DataType::Byte | DataType::Short | DataType::Integer | DataType::Long => write_integer(out, array, row),
        DataType::Float | DataType::Double => write_floating(out, array, row),
        DataType::Decimal { .. } => write_decimal(out, array, row, rules.style),
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => {
            out.write_str(string_at(array, row).ok_or(fmt::Error)?)
        }
        DataType::Binary => write_binary(out, bytes_at(array, row).ok_or(fmt::Error)?, rules.style),
        DataType::Date => write_date(out, array, row),
        DataType::Timestamp => datetime::write_timestamp(out, micros_at(array, row).ok_or(fmt::Error)?, rules.zone),
        DataType::TimestampNtz => datetime::write_timestamp_ntz(out, micros_at(array, row).ok_or(fmt::Error)?),
        DataType::Time { .. } => write_time(out, array, row),
        DataType::CalendarInterval | DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => {
            write_interval(out, array, row, data_type)
        }
        DataType::Array(list) => {
            let values = list_at(array, row).ok_or(fmt::Error)?;
            write_list(out, &values, &list.element, rules)
        }
        DataType::Map(map) => {
            let entries = array.as_map_opt().ok_or(fmt::Error)?.value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.write_char('{')?;
            for entry in 0..entries.len() {
                out.write_str(if entry == 0 { "" } else { ", " })?;
                write_value(out, keys.as_ref(), entry, &map.key, rules)?;
                out.write_str(" -> ")?;
                write_value(out, values.as_ref(), entry, &map.value, rules)?;
            }
            out.write_char('}')
        }
        DataType::Struct(structure) => write_struct(out, array, row, structure, rules),
        DataType::Variant => write_variant(out, array, row, rules),
        DataType::Geometry { .. } | DataType::Geography { .. } => {
            let wkb = array.as_struct_opt().and_then(|parts| parts.columns().get(1)).ok_or(fmt::Error)?;
            write_binary(out, bytes_at(wkb.as_ref(), row).ok_or(fmt::Error)?, TextStyle::Pretty)
        }
        DataType::Udt(udt) => write_value(out, array, row, &udt.sql_type, rules),
    }
}

fn write_list(out: &mut impl Write, values: &ArrayRef, element: &DataType, rules: &TextRules<'_>) -> fmt::Result {
    out.write_char('[')?;
    for index in 0..values.len() {
        out.write_str(if index == 0 { "" } else { ", " })?;
        write_value(out, values.as_ref(), index, element, rules)?;
    }
    out.write_char(']')
}

fn write_struct(
    out: &mut impl Write,
    array: &dyn Array,
    row: usize,
    structure: &StructType,
    rules: &TextRules<'_>,
) -> fmt::Result {
    let source = array.as_struct_opt().ok_or(fmt::Error)?;
    out.write_char('{')?;
    for (index, (column, field)) in source.columns().iter().zip(structure.fields.iter()).enumerate() {
        out.write_str(if index == 0 { "" } else { ", " })?;
        write_value(out, column.as_ref(), row, &field.data_type, rules)?;
    }
    out.write_char('}')
}

fn write_variant(out: &mut impl Write, array: &dyn Array, row: usize, rules: &TextRules<'_>) -> fmt::Result {
    let parts = array.as_struct_opt().ok_or(fmt::Error)?;
    let (Some(value), Some(metadata)) = (parts.column_by_name("value"), parts.column_by_name("metadata")) else {
        return Err(fmt::Error);
    };
    let value = bytes_at(value.as_ref(), row).ok_or(fmt::Error)?;
    let metadata = bytes_at(metadata.as_ref(), row).ok_or(fmt::Error)?;
    match rules.style {
        TextStyle::Cast | TextStyle::LegacyCast => variant_text::write_json(out, value, metadata, rules.zone),
        // `show` does not know the session's zone here.
        TextStyle::Pretty => variant_text::write_json(out, value, metadata, &Zone::UTC),
    }
}

fn write_integer(out: &mut impl Write, array: &dyn Array, row: usize) -> fmt::Result {
    match array.data_type() {
        Arrow::Int8 => write!(out, "{}", array.as_primitive::<Int8Type>().value(row)),
        Arrow::Int16 => write!(out, "{}", array.as_primitive::<Int16Type>().value(row)),
        Arrow::Int32 => write!(out, "{}", array.as_primitive::<Int32Type>().value(row)),
        Arrow::Int64 => write!(out, "{}", array.as_primitive::<Int64Type>().value(row)),
        Arrow::UInt8 => write!(out, "{}", array.as_primitive::<UInt8Type>().value(row)),
        Arrow::UInt16 => write!(out, "{}", array.as_primitive::<UInt16Type>().value(row)),
        Arrow::UInt32 => write!(out, "{}", array.as_primitive::<UInt32Type>().value(row)),
        Arrow::UInt64 => write!(out, "{}", array.as_primitive::<UInt64Type>().value(row)),
        _ => Err(fmt::Error),
    }
}

fn write_floating(out: &mut impl Write, array: &dyn Array, row: usize) -> fmt::Result {
    match array.data_type() {
        Arrow::Float16 => number::write_float(out, array.as_primitive::<Float16Type>().value(row).to_f32()),
        Arrow::Float32 => number::write_float(out, array.as_primitive::<Float32Type>().value(row)),
        Arrow::Float64 => number::write_double(out, array.as_primitive::<Float64Type>().value(row)),
        _ => Err(fmt::Error),
    }
}

fn write_decimal(out: &mut impl Write, array: &dyn Array, row: usize, style: TextStyle) -> fmt::Result {
    let (unscaled, scale) = match array.data_type() {
        Arrow::Decimal32(_, scale) => (i128::from(array.as_primitive::<Decimal32Type>().value(row)), *scale),
        Arrow::Decimal64(_, scale) => (i128::from(array.as_primitive::<Decimal64Type>().value(row)), *scale),
        Arrow::Decimal128(_, scale) => (array.as_primitive::<Decimal128Type>().value(row), *scale),
        Arrow::UInt64 => (i128::from(array.as_primitive::<UInt64Type>().value(row)), 0),
        _ => return Err(fmt::Error),
    };
    match style {
        TextStyle::Cast | TextStyle::Pretty => number::write_decimal_plain(out, unscaled, scale),
        TextStyle::LegacyCast => number::write_decimal_java(out, unscaled, scale),
    }
}

fn write_binary(out: &mut impl Write, bytes: &[u8], style: TextStyle) -> fmt::Result {
    match style {
        TextStyle::Cast | TextStyle::LegacyCast => out.write_str(&String::from_utf8_lossy(bytes)),
        TextStyle::Pretty => {
            out.write_char('[')?;
            for (index, byte) in bytes.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { " " })?;
                write!(out, "{byte:02X}")?;
            }
            out.write_char(']')
        }
    }
}

fn write_date(out: &mut impl Write, array: &dyn Array, row: usize) -> fmt::Result {
    match array.data_type() {
        Arrow::Date32 => datetime::write_date(out, array.as_primitive::<Date32Type>().value(row)),
        Arrow::Date64 => {
            let days = array.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000);
            datetime::write_date(out, i32::try_from(days).map_err(|_| fmt::Error)?)
        }
        _ => Err(fmt::Error),
    }
}

fn write_time(out: &mut impl Write, array: &dyn Array, row: usize) -> fmt::Result {
    match array.data_type() {
        Arrow::Time64(TimeUnit::Nanosecond) => {
            datetime::write_time(out, array.as_primitive::<Time64NanosecondType>().value(row))
        }
        Arrow::Time64(TimeUnit::Microsecond) => {
            datetime::write_time(out, array.as_primitive::<Time64MicrosecondType>().value(row) * 1000)
        }
        _ => Err(fmt::Error),
    }
}

fn write_interval(out: &mut impl Write, array: &dyn Array, row: usize, data_type: &DataType) -> fmt::Result {
    match (data_type, array.data_type()) {
        (DataType::YearMonthInterval { start, end }, Arrow::Interval(IntervalUnit::YearMonth)) => {
            let months = array.as_primitive::<IntervalYearMonthType>().value(row);
            datetime::write_year_month_interval(out, months, *start, *end)
        }
        (DataType::DayTimeInterval { start, end }, Arrow::Duration(TimeUnit::Microsecond)) => {
            let micros = array.as_primitive::<DurationMicrosecondType>().value(row);
            datetime::write_day_time_interval(out, micros, *start, *end)
        }
        (DataType::CalendarInterval, Arrow::Interval(IntervalUnit::MonthDayNano)) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            datetime::write_calendar_interval(out, value.months, value.days, value.nanoseconds / 1000)
        }
        _ => Err(fmt::Error),
    }
}

fn string_at(array: &dyn Array, row: usize) -> Option<&str> {
    match array.data_type() {
        Arrow::Utf8 => Some(array.as_string::<i32>().value(row)),
        Arrow::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        Arrow::Utf8View => Some(array.as_string_view().value(row)),
        _ => None,
    }
}

fn bytes_at(array: &dyn Array, row: usize) -> Option<&[u8]> {
    match array.data_type() {
        Arrow::Binary => Some(array.as_binary::<i32>().value(row)),
        Arrow::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        Arrow::BinaryView => Some(array.as_binary_view().value(row)),
        Arrow::FixedSizeBinary(_) => Some(array.as_fixed_size_binary().value(row)),
        _ => None,
    }
}

fn micros_at(array: &dyn Array, row: usize) -> Option<i64> {
    let Arrow::Timestamp(unit, _) = array.data_type() else { return None };
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row).checked_mul(1_000_000),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row).checked_mul(1000),
        TimeUnit::Microsecond => Some(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        TimeUnit::Nanosecond => Some(array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1000)),
    }
}

fn list_at(array: &dyn Array, row: usize) -> Option<ArrayRef> {
    match array.data_type() {
        Arrow::List(_) => Some(array.as_list::<i32>().value(row)),
        Arrow::LargeList(_) => Some(array.as_list::<i64>().value(row)),
        Arrow::ListView(_) => Some(array.as_list_view::<i32>().value(row)),
        Arrow::FixedSizeList(..) => Some(array.as_fixed_size_list().value(row)),
        _ => None,
    }
}
