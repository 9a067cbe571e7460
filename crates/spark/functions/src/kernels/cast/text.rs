//! Strings into everything, and everything into strings.
//!
//! Texts of values are written by `hearth_types`. Reading ignores whitespace and control characters around the value.
//! Without ANSI an integer may have a fraction, which is dropped.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanBufferBuilder, BooleanBuilder, PrimitiveArray, PrimitiveBuilder,
    StringArray, StringBuilder,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
};
use datafusion::common::Result as DfResult;
use hearth_base::Error;
use hearth_types::DataType;
use hearth_types::datetime_parse::{
    string_to_date, string_to_time, string_to_timestamp, string_to_timestamp_ntz, trim_all,
};
use hearth_types::value_text::{TextRules, TextStyle, write_value};

use super::{CastPlan, finish, interval, report};
use crate::cast::CastMode;
use crate::kernels::decimal;
use crate::kernels::invoke::raise;

pub fn to_text(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    if plan.from == DataType::Binary {
        return bytes_as_text(array);
    }
    if plan.from.is_integral() {
        return Ok(arrow_cast(array, &ArrowType::Utf8)?);
    }
    let zone = plan.zone()?;
    let style = if plan.mode == CastMode::Legacy { TextStyle::LegacyCast } else { TextStyle::Cast };
    let rules = TextRules { zone: &zone, style };
    let mut output = StringBuilder::with_capacity(array.len(), array.len() * 8);
    for row in 0..array.len() {
        if array.is_null(row) {
            output.append_null();
            continue;
        }
        write_value(&mut output, array.as_ref(), row, &plan.from, &rules).map_err(|_| plan.bad_array(array))?;
        // Ends the row that was written.
        output.append_value("");
    }
    Ok(Arc::new(output.finish()))
}

/// Bytes that are not UTF-8 are replaced: an Arrow string cannot hold them.
fn bytes_as_text(array: &ArrayRef) -> DfResult<ArrayRef> {
    let bytes = arrow_cast(array, &ArrowType::Binary)?;
    let mut output = StringBuilder::new();
    for value in bytes.as_binary::<i32>() {
        match value {
            Some(value) => output.append_value(String::from_utf8_lossy(value)),
            None => output.append_null(),
        }
    }
    Ok(Arc::new(output.finish()))
}

pub fn from_text(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    let text = arrow_cast(array, &ArrowType::Utf8)?;
    let text = text.as_string::<i32>();
    match plan.to {
        T::Boolean => to_boolean(plan, text),
        T::Byte => read::<Int8Type>(plan, text, |text| integer(text, plan.mode).and_then(|v| i8::try_from(v).ok())),
        T::Short => read::<Int16Type>(plan, text, |text| integer(text, plan.mode).and_then(|v| i16::try_from(v).ok())),
        T::Integer => {
            read::<Int32Type>(plan, text, |text| integer(text, plan.mode).and_then(|v| i32::try_from(v).ok()))
        }
        T::Long => read::<Int64Type>(plan, text, |text| integer(text, plan.mode)),
        T::Float => read::<Float32Type>(plan, text, |text| float(text, |digits| digits.parse::<f32>().ok())),
        T::Double => read::<Float64Type>(plan, text, |text| float(text, |digits| digits.parse::<f64>().ok())),
        T::Decimal { precision, scale } => to_decimal(plan, text, precision, scale),
        T::Date => read::<Date32Type>(plan, text, string_to_date),
        T::Timestamp => {
            let zone = plan.zone()?;
            read::<TimestampMicrosecondType>(plan, text, |text| string_to_timestamp(text, &zone, plan.now))
        }
        T::TimestampNtz => read::<TimestampMicrosecondType>(plan, text, |text| string_to_timestamp_ntz(text, true)),
        T::Time { .. } => to_time(plan, text),
        T::Binary => {
            let (offsets, values, nulls) = text.clone().into_parts();
            Ok(Arc::new(BinaryArray::try_new(offsets, values, nulls)?))
        }
        T::YearMonthInterval { .. } | T::DayTimeInterval { .. } | T::CalendarInterval => {
            interval::from_text(plan, text)
        }
        T::Null
        | T::String { .. }
        | T::Char { .. }
        | T::VarChar { .. }
        | T::Array(_)
        | T::Map(_)
        | T::Struct(_)
        | T::Variant
        | T::Geometry { .. }
        | T::Geography { .. }
        | T::Udt(_) => Err(raise(Error::unsupported(format!("casts from string to {}", plan.to.sql())))),
    }
}

/// Reads each text that is not NULL.
fn read<T: ArrowPrimitiveType>(
    plan: &CastPlan,
    text: &StringArray,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> DfResult<ArrayRef> {
    let mut output = Vec::with_capacity(text.len());
    let mut invalid = Vec::new();
    for (row, value) in text.iter().enumerate() {
        let Some(value) = value else {
            output.push(T::Native::default());
            continue;
        };
        output.push(match parse(value) {
            Some(parsed) => parsed,
            None => {
                invalid.push(row);
                plan.refuse(|| report::invalid_text(value, &plan.from, &plan.to))?.unwrap_or_default()
            }
        });
    }
    let nulls = if invalid.is_empty() { text.nulls().cloned() } else { Some(without(text, &invalid)) };
    finish(PrimitiveArray::<T>::new(output.into(), nulls), plan)
}

/// Which rows have values, when these have none either.
fn without(text: &StringArray, invalid: &[usize]) -> NullBuffer {
    let mut valid = BooleanBufferBuilder::new(text.len());
    match text.nulls() {
        Some(nulls) => valid.append_buffer(nulls.inner()),
        None => valid.append_n(text.len(), true),
    }
    invalid.iter().for_each(|row| valid.set_bit(*row, false));
    NullBuffer::new(valid.finish())
}

fn to_boolean(plan: &CastPlan, text: &StringArray) -> DfResult<ArrayRef> {
    let mut output = BooleanBuilder::with_capacity(text.len());
    for value in text {
        let Some(value) = value else {
            output.append_null();
            continue;
        };
        match boolean(value) {
            Some(parsed) => output.append_value(parsed),
            None => output.append_option(plan.refuse(|| report::invalid_text(value, &plan.from, &plan.to))?),
        }
    }
    Ok(Arc::new(output.finish()))
}

/// `t`, `true`, `y`, `yes`, `1` and their opposites, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    let text = trim_all(text);
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(&["t", "true", "y", "yes", "1"]) {
        Some(true)
    } else if is_one_of(&["f", "false", "n", "no", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A whole number. Without ANSI a fraction is checked and dropped.
fn integer(text: &str, mode: CastMode) -> Option<i64> {
    if let Some(value) = plain_integer(text.as_bytes()) {
        return Some(value);
    }
    let text = trim_all(text);
    let digits = match (mode, text.split_once('.')) {
        (_, None) => text,
        (CastMode::Legacy, Some((whole, fraction))) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            // `.5` is zero, as is `-.5`; a lone sign or point is nothing.
            if whole.is_empty() || whole == "-" || whole == "+" {
                return (!fraction.is_empty() || whole.is_empty()).then_some(0);
            }
            whole
        }
        (CastMode::Legacy | CastMode::Ansi | CastMode::Try, Some(_)) => return None,
    };
    digits.parse().ok()
}

/// The usual case: digits, perhaps with a sign, too few to overflow.
fn plain_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// A floating-point number as Java reads it, `f` or `d` behind it allowed, and the words for infinity and NaN.
fn float<T: From<f32>>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let is_bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if is_bare(text.as_bytes().first()) && is_bare(text.as_bytes().last()) {
        return parse(text);
    }
    let text = trim_all(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts_as_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if starts_as_number {
        let digits = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
        return parse(digits);
    }
    let infinity = |negative: bool| if negative { f32::NEG_INFINITY } else { f32::INFINITY };
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
        return Some(T::from(infinity(text.starts_with('-'))));
    }
    text.eq_ignore_ascii_case("nan").then(|| T::from(f32::NAN))
}

fn to_decimal(plan: &CastPlan, text: &StringArray, precision: u8, scale: i8) -> DfResult<ArrayRef> {
    let mut output = PrimitiveBuilder::<Decimal128Type>::with_capacity(text.len());
    for value in text {
        let Some(value) = value else {
            output.append_null();
            continue;
        };
        let digits = trim_all(value);
        match decimal::from_text(digits, precision, scale) {
            Some(unscaled) => output.append_value(unscaled),
            None => output.append_option(plan.refuse(|| {
                if decimal::is_number(digits) {
                    report::out_of_range(decimal::plain_text(digits), precision, scale)
                } else {
                    report::invalid_text(value, &plan.from, &plan.to)
                }
            })?),
        }
    }
    finish(output.finish(), plan)
}

/// All digits of the text are kept, whatever the precision of the type.
fn to_time(plan: &CastPlan, text: &StringArray) -> DfResult<ArrayRef> {
    let mut output = PrimitiveBuilder::<Time64NanosecondType>::with_capacity(text.len());
    for value in text {
        let Some(value) = value else {
            output.append_null();
            continue;
        };
        match string_to_time(value) {
            Some(nanos) => output.append_value(nanos),
            // Spark reads with full precision first, and says so.
            None => output.append_option(
                plan.refuse(|| report::invalid_text(value, &plan.from, &DataType::Time { precision: 6 }))?,
            ),
        }
    }
    Ok(Arc::new(output.finish()))
}
