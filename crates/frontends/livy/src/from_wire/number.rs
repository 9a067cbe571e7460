//! Numbers in JSON: how they are written, and what of them fits.

use super::json::{Reader, Syntax, Token};

pub(super) const NO_DIGIT: &str =
    " in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value";
const NO_FRACTION: &str = " in numeric value: Decimal point not followed by a digit";

/// Reads the number that begins with `first`, which was read.
pub(super) fn read(reader: &mut Reader<'_>, first: u8) -> Result<Token, Syntax> {
    let start = reader.at - 1;
    let mut digit = first;
    if first == b'-' {
        match reader.take() {
            Some(byte @ b'0'..=b'9') => digit = byte,
            Some(byte) => return reader.unexpected(byte, NO_DIGIT),
            None => return reader.end_of_token(),
        }
    }
    if digit == b'0' && reader.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        return reader.fail("Invalid numeric value: Leading zeroes not allowed");
    }
    skip_digits(reader);
    let mut is_float = false;
    if reader.peek() == Some(b'.') {
        is_float = true;
        reader.at += 1;
        if reader.peek().is_none() {
            reader.notice_end();
            return reader.unexpected(b'.', NO_FRACTION);
        }
        digits(reader, NO_FRACTION)?;
    }
    if matches!(reader.peek(), Some(b'e' | b'E')) {
        is_float = true;
        reader.at += 1;
        if matches!(reader.peek(), Some(b'+' | b'-')) {
            reader.at += 1;
        }
        digits(reader, " in numeric value: Exponent indicator not followed by a digit")?;
    }
    reader.notice_end();
    let text = String::from_utf8_lossy(&reader.bytes[start..reader.at]).into_owned();
    Ok(Token::Number { text, is_float })
}

fn skip_digits(reader: &mut Reader<'_>) {
    while reader.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        reader.at += 1;
    }
}

/// One digit or more.
fn digits(reader: &mut Reader<'_>, why: &str) -> Result<(), Syntax> {
    match reader.take() {
        Some(b'0'..=b'9') => {
            skip_digits(reader);
            Ok(())
        }
        Some(byte) => reader.unexpected(byte, why),
        None => reader.end_of_token(),
    }
}

/// The `int` of a number; fractions are dropped.
pub(super) fn int(text: &str, is_float: bool) -> Result<i32, String> {
    if is_float {
        let number: f64 = text.parse().unwrap_or(f64::INFINITY);
        // The bounds are exact in a double.
        if number.trunc() < f64::from(i32::MIN) || number.trunc() > f64::from(i32::MAX) {
            return Err(format!("Numeric value ({text}) out of range of int ({} - {})", i32::MIN, i32::MAX));
        }
        #[allow(clippy::cast_possible_truncation)]
        return Ok(number as i32);
    }
    text.parse().map_err(|_| format!("Numeric value ({text}) out of range of int"))
}

/// The `int` that a text stands for; an empty one stands for none.
pub(super) fn int_of_text(text: &str) -> Result<Option<i32>, String> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    let wrong = |why: &str| format!("Cannot deserialize value of type `int` from String \"{text}\": {why}");
    match text.parse::<i64>() {
        Ok(number) => i32::try_from(number).map(Some).map_err(|_| {
            wrong(&format!("Overflow: numeric value ({text}) out of range of Integer ({} - {})", i32::MIN, i32::MAX))
        }),
        Err(_) => Err(wrong("not a valid Integer value")),
    }
}
