//! The errors of casts and arithmetic, with Spark's parameters: values are printed as SQL literals.

use std::fmt::Write;

use hearth_base::Error;
use hearth_base::condition::{CAST_INVALID_INPUT, CAST_OVERFLOW, NUMERIC_VALUE_OUT_OF_RANGE};
use hearth_types::DataType;
use hearth_types::number_text::{write_decimal_plain, write_double, write_float};

/// `spark.sql.ansi.enabled` as errors name it.
pub const ANSI_SETTING: &str = "\"spark.sql.ansi.enabled\"";

/// A value that is too large or too small for the type. `value` is its SQL literal.
pub fn overflow(value: impl std::fmt::Display, from: &DataType, to: &DataType) -> Error {
    CAST_OVERFLOW
        .with("value", value)
        .with("sourceType", quoted(from))
        .with("targetType", quoted(to))
        .with("ansiConfig", ANSI_SETTING)
}

/// A value that is none of the type. `expression` is its SQL literal.
pub fn invalid(expression: impl std::fmt::Display, from: &DataType, to: &DataType) -> Error {
    CAST_INVALID_INPUT
        .with("expression", expression)
        .with("sourceType", quoted(from))
        .with("targetType", quoted(to))
        .with("ansiConfig", ANSI_SETTING)
}

/// A string that is none of the type.
pub fn invalid_text(text: &str, from: &DataType, to: &DataType) -> Error {
    let from = if from.is_string() { &DataType::STRING } else { from };
    invalid(string_literal(text), from, to)
}

/// A decimal that does not fit its type; `value` in plain digits.
pub fn out_of_range(value: impl std::fmt::Display, precision: u8, scale: i8) -> Error {
    NUMERIC_VALUE_OUT_OF_RANGE
        .with("value", value)
        .with("precision", precision)
        .with("scale", scale)
        .with("config", ANSI_SETTING)
}

fn quoted(data_type: &DataType) -> String {
    format!("\"{}\"", data_type.sql())
}

/// `'it\'s'`
pub fn string_literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// An integer as a literal of its type: `128S`, `5L`.
pub fn integer_literal(value: i64, data_type: &DataType) -> String {
    let suffix = match data_type {
        DataType::Byte => "T",
        DataType::Short => "S",
        DataType::Long => "L",
        _ => "",
    };
    format!("{value}{suffix}")
}

/// A float or double as errors print it: bare, with the digits of its own width.
pub fn float_literal(value: f64, data_type: &DataType) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    if *data_type == DataType::Float {
        let _ = write_float(&mut text, value as f32);
    } else {
        let _ = write_double(&mut text, value);
        if value.is_finite() {
            text.push('D');
        }
    }
    text
}

/// A decimal as a literal: `12.50BD`.
pub fn decimal_literal(unscaled: i128, scale: i8) -> String {
    format!("{}BD", decimal_text(unscaled, scale))
}

/// A decimal's plain digits.
pub fn decimal_text(unscaled: i128, scale: i8) -> String {
    let mut text = String::new();
    let _ = write_decimal_plain(&mut text, unscaled, scale);
    text
}

/// A timestamp as a literal.
pub fn timestamp_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 12);
    let _ = write!(literal, "TIMESTAMP '{text}'");
    literal
}
