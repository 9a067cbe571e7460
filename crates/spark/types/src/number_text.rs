//! Text of numbers as Java prints them, which is what Spark's casts to string give.
//!
//! `Double.toString` and `Float.toString`: plain between 10^-3 and 10^7, otherwise `d.dddE±n`, always with a digit after
//! the point. Decimals have a plain form (ANSI casts, `show`) and `BigDecimal.toString`'s form (casts without ANSI).
//! Digits are the shortest that read back; Java before 19 sometimes prints one digit more.

use std::fmt::{self, Write};

use crate::text_buffer::TextBuffer;

pub fn write_double(out: &mut impl Write, value: f64) -> fmt::Result {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return out.write_str(special_text(value));
    }
    let mut scientific = TextBuffer::new();
    write!(scientific, "{value:e}")?;
    if !scientific.as_bytes().contains(&b'.') {
        // Java always has two digits, and takes the nearest two (`4.9E-324`, where `5` would do).
        scientific = TextBuffer::new();
        write!(scientific, "{value:.1e}")?;
    }
    write_java_form(out, scientific.as_bytes())
}

pub fn write_float(out: &mut impl Write, value: f32) -> fmt::Result {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return out.write_str(special_text(f64::from(value)));
    }
    let mut scientific = TextBuffer::new();
    write!(scientific, "{value:e}")?;
    if !scientific.as_bytes().contains(&b'.') {
        // Java always has two digits, and takes the nearest two (`4.9E-324`, where `5` would do).
        scientific = TextBuffer::new();
        write!(scientific, "{value:.1e}")?;
    }
    write_java_form(out, scientific.as_bytes())
}

fn special_text(value: f64) -> &'static str {
    match (value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
        (true, _, _) => "NaN",
        (false, true, false) => "Infinity",
        (false, true, true) => "-Infinity",
        (false, false, false) => "0.0",
        (false, false, true) => "-0.0",
    }
}

/// Turns `-1.25e-7` (Rust's `{:e}`) into Java's choice between plain and `E` form.
fn write_java_form(out: &mut impl Write, scientific: &[u8]) -> fmt::Result {
    let mut text = TextBuffer::new();
    let mut digits = [0u8; 24];
    let mut count = 0;
    let mut exponent: i32 = 0;
    let mut exponent_negative = false;
    let mut in_exponent = false;
    for byte in scientific {
        match byte {
            b'e' => in_exponent = true,
            b'-' if in_exponent => exponent_negative = true,
            b'-' => text.push(b'-'),
            b'0'..=b'9' if in_exponent => exponent = exponent * 10 + i32::from(byte - b'0'),
            b'0'..=b'9' if count < digits.len() => {
                digits[count] = *byte;
                count += 1;
            }
            _ => {}
        }
    }
    if exponent_negative {
        exponent = -exponent;
    }
    if count == 2 && digits[1] == b'0' {
        count = 1;
    }
    let digits = &digits[..count];
    if !(-3..7).contains(&exponent) {
        text.push(digits[0]);
        push_after_point(&mut text, &digits[1..]);
        text.push(b'E');
        if exponent < 0 {
            text.push(b'-');
        }
        text.push_padded(u64::from(exponent.unsigned_abs()), 1);
    } else if exponent < 0 {
        text.push_bytes(b"0.");
        for _ in 1..exponent.unsigned_abs() {
            text.push(b'0');
        }
        text.push_bytes(digits);
    } else {
        let whole = exponent.unsigned_abs() as usize + 1;
        for place in 0..whole {
            text.push(digits.get(place).copied().unwrap_or(b'0'));
        }
        push_after_point(&mut text, digits.get(whole..).unwrap_or(&[]));
    }
    text.write_to(out)
}

fn push_after_point(text: &mut TextBuffer, digits: &[u8]) {
    text.push(b'.');
    text.push_bytes(if digits.is_empty() { b"0" } else { digits });
}

/// `BigDecimal.toPlainString` of `unscaled * 10^-scale`.
pub fn write_decimal_plain(out: &mut impl Write, unscaled: i128, scale: i8) -> fmt::Result {
    let mut digits = TextBuffer::new();
    write!(digits, "{}", unscaled.unsigned_abs())?;
    let digits = digits.as_bytes();
    let mut text = TextBuffer::new();
    if unscaled < 0 {
        text.push(b'-');
    }
    let Ok(scale) = usize::try_from(scale) else {
        text.push_bytes(digits);
        for _ in 0..if unscaled == 0 { 0 } else { scale.unsigned_abs() } {
            text.push(b'0');
        }
        return text.write_to(out);
    };
    if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        text.push_bytes(whole);
        if scale > 0 {
            text.push(b'.');
            text.push_bytes(fraction);
        }
    } else {
        text.push_bytes(b"0.");
        for _ in digits.len()..scale {
            text.push(b'0');
        }
        text.push_bytes(digits);
    }
    text.write_to(out)
}

/// `BigDecimal.toString`: with an exponent when the scale is negative or the value is below 10^-6.
pub fn write_decimal_java(out: &mut impl Write, unscaled: i128, scale: i8) -> fmt::Result {
    let mut digits = TextBuffer::new();
    write!(digits, "{}", unscaled.unsigned_abs())?;
    let digits = digits.as_bytes();
    let adjusted = digits.len() as i64 - 1 - i64::from(scale);
    if scale >= 0 && adjusted >= -6 {
        return write_decimal_plain(out, unscaled, scale);
    }
    let mut text = TextBuffer::new();
    if unscaled < 0 {
        text.push(b'-');
    }
    text.push(digits[0]);
    if digits.len() > 1 {
        text.push(b'.');
        text.push_bytes(&digits[1..]);
    }
    if adjusted != 0 {
        text.push(b'E');
        text.push(if adjusted < 0 { b'-' } else { b'+' });
        text.push_padded(adjusted.unsigned_abs(), 1);
    }
    text.write_to(out)
}
