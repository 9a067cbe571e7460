//! `conv`, `bin`, `hex`, `unhex`, `factorial`, bit positions and counts.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int8Builder, Int32Builder, Int64Builder, StringBuilder,
};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Int32Type, Int64Type};
use datafusion::common::Result as DfResult;
use hearth_base::Error;
use hearth_types::DataType;

use crate::kernels::arithmetic::arithmetic_overflow;
use crate::kernels::invoke::{bad_array, raise};

fn longs(array: &ArrayRef) -> DfResult<ArrayRef> {
    Ok(arrow_cast(array, &ArrowType::Int64)?)
}

fn missing() -> datafusion::common::DataFusionError {
    raise(Error::internal("a kernel got another number of arguments than its function takes"))
}

/// `conv(text, from, to)`; the state says whether overflow is an error.
pub fn conv(ansi: &bool, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [text, from, to] = arrays else {
        return Err(missing());
    };
    let text = arrow_cast(text, &ArrowType::Utf8)?;
    let text = text.as_string::<i32>();
    let (from, to) = (from.as_primitive::<Int32Type>(), to.as_primitive::<Int32Type>());
    let mut output = StringBuilder::new();
    for row in 0..text.len() {
        if text.is_null(row) || from.is_null(row) || to.is_null(row) {
            output.append_null();
            continue;
        }
        match convert(text.value(row), from.value(row), to.value(row)) {
            Ok(answer) => output.append_option(answer),
            Err(overflowed) if *ansi => {
                let _ = overflowed;
                return Err(raise(arithmetic_overflow("Overflow in function conv()", "")));
            }
            Err(overflowed) => output.append_value(overflowed),
        }
    }
    Ok(Arc::new(output.finish()))
}

/// The number in another base. `Err` holds what an unsigned overflow saturates to.
fn convert(text: &str, from: i32, to: i32) -> Result<Option<String>, String> {
    let text = text.trim_matches(' ');
    let bases = 2..=36;
    if !bases.contains(&from) || !bases.contains(&to.saturating_abs()) || text.is_empty() {
        return Ok(None);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut value: u64 = 0;
    let mut overflowed = false;
    for character in digits.chars() {
        let Some(digit) = character.to_digit(from.unsigned_abs()) else {
            break;
        };
        match value.checked_mul(u64::from(from.unsigned_abs())).and_then(|value| value.checked_add(u64::from(digit))) {
            Some(next) => value = next,
            None => {
                overflowed = true;
                value = u64::MAX;
                break;
            }
        }
    }
    let text = signed_text(value, negative, to);
    if overflowed { Err(text) } else { Ok(Some(text)) }
}

fn signed_text(value: u64, negative: bool, to: i32) -> String {
    let mut value = value;
    let mut sign = negative;
    if negative && to > 0 {
        value = if (value as i64) < 0 { u64::MAX } else { (value as i64).wrapping_neg() as u64 };
    }
    if to < 0 && (value as i64) < 0 {
        value = (value as i64).wrapping_neg() as u64;
        sign = true;
    }
    let digits = in_base(value, u64::from(to.unsigned_abs()));
    if sign && to < 0 { format!("-{digits}") } else { digits }
}

fn in_base(mut value: u64, base: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(value % base).ok().and_then(|digit| char::from_digit(digit, 36));
        digits.push(digit.unwrap_or('0').to_ascii_uppercase());
        value /= base;
        if value == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

pub fn bin((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(missing());
    };
    let longs = longs(array)?;
    let mut output = StringBuilder::new();
    for value in longs.as_primitive::<Int64Type>() {
        output.append_option(value.map(|value| format!("{value:b}")));
    }
    Ok(Arc::new(output.finish()))
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Of a long or of bytes.
pub fn hex((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(missing());
    };
    let mut output = StringBuilder::new();
    if *array.data_type() == ArrowType::Int64 {
        for value in array.as_primitive::<Int64Type>() {
            output.append_option(value.map(|value| format!("{value:X}")));
        }
        return Ok(Arc::new(output.finish()));
    }
    let bytes = arrow_cast(array, &ArrowType::Binary)?;
    for value in bytes.as_binary::<i32>() {
        output.append_option(value.map(|value| {
            value
                .iter()
                .flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
                .map(char::from)
                .collect::<String>()
        }));
    }
    Ok(Arc::new(output.finish()))
}

pub fn unhex((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(missing());
    };
    let text = arrow_cast(array, &ArrowType::Utf8)?;
    let mut output = BinaryBuilder::new();
    for value in text.as_string::<i32>() {
        output.append_option(value.and_then(bytes_of_hex));
    }
    Ok(Arc::new(output.finish()))
}

/// An odd first digit is a byte of its own.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<Vec<_>>>()?;
    let mut bytes = Vec::with_capacity(digits.len().div_ceil(2));
    let odd = digits.len() % 2;
    bytes.extend(digits.iter().take(odd));
    bytes.extend(digits[odd..].chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)));
    Some(bytes)
}

pub fn factorial((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(missing());
    };
    let input = array.as_primitive_opt::<Int32Type>().ok_or_else(|| bad_array("factorial", array.data_type()))?;
    let mut output = Int64Builder::with_capacity(input.len());
    for value in input {
        output.append_option(
            value.filter(|value| (0..=20).contains(value)).map(|value| (1..=i64::from(value)).product()),
        );
    }
    Ok(Arc::new(output.finish()))
}

/// Number of bits that are set; of a negative number, in 64 bits.
pub fn bit_count((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(missing());
    };
    let longs = longs(array)?;
    let mut output = Int32Builder::new();
    for value in longs.as_primitive::<Int64Type>() {
        output.append_option(value.and_then(|value| i32::try_from(value.count_ones()).ok()));
    }
    Ok(Arc::new(output.finish()))
}

/// The bit at a position; the state is the number's type, whose width bounds the position, and the function's name.
pub fn bit_get((data_type, name): &(DataType, String), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array, position] = arrays else {
        return Err(missing());
    };
    let width = width_of(data_type);
    let longs = longs(array)?;
    let position =
        position.as_primitive_opt::<Int32Type>().ok_or_else(|| bad_array("bit_get", position.data_type()))?;
    let mut output = Int8Builder::new();
    for (value, position) in longs.as_primitive::<Int64Type>().iter().zip(position) {
        let (Some(value), Some(position)) = (value, position) else {
            output.append_null();
            continue;
        };
        if !(0..width).contains(&position) {
            return Err(raise(
                hearth_base::condition::INVALID_PARAMETER_VALUE_BIT_POSITION_RANGE
                    .with("parameter", "`pos`")
                    .with("functionName", format!("`{name}`"))
                    .with("upper", width)
                    .with("invalidValue", position),
            ));
        }
        output.append_value(i8::from(value >> position & 1 == 1));
    }
    Ok(Arc::new(output.finish()))
}

fn width_of(data_type: &DataType) -> i32 {
    match data_type {
        DataType::Byte => 8,
        DataType::Short => 16,
        DataType::Integer => 32,
        _ => 64,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shift {
    Left,
    Right,
    RightUnsigned,
}

/// Shifts of an int or a long; Java takes the distance modulo the width.
pub fn shift(direction: &Shift, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array, distance] = arrays else {
        return Err(missing());
    };
    let distance =
        distance.as_primitive_opt::<Int32Type>().ok_or_else(|| bad_array("a shift", distance.data_type()))?;
    if *array.data_type() == ArrowType::Int64 {
        let mut output = Int64Builder::new();
        for pair in array.as_primitive::<Int64Type>().iter().zip(distance) {
            output.append_option(match pair {
                (Some(value), Some(by)) => Some(match direction {
                    Shift::Left => value.wrapping_shl(by as u32),
                    Shift::Right => value.wrapping_shr(by as u32),
                    Shift::RightUnsigned => (value as u64).wrapping_shr(by as u32) as i64,
                }),
                _ => None,
            });
        }
        return Ok(Arc::new(output.finish()));
    }
    let input = array.as_primitive_opt::<Int32Type>().ok_or_else(|| bad_array("a shift", array.data_type()))?;
    let mut output = Int32Builder::new();
    for pair in input.iter().zip(distance) {
        output.append_option(match pair {
            (Some(value), Some(by)) => Some(match direction {
                Shift::Left => value.wrapping_shl(by as u32),
                Shift::Right => value.wrapping_shr(by as u32),
                Shift::RightUnsigned => (value as u32).wrapping_shr(by as u32) as i32,
            }),
            _ => None,
        });
    }
    Ok(Arc::new(output.finish()))
}
