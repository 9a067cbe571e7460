//! Decimals as unscaled `i128`: rescaling with Spark's HALF_UP rounding, and the ways to and from floats and text.

use hearth_types::data_type::MAX_DECIMAL_PRECISION;

/// `10^exponent`, saturating past 38 digits, which no decimal has.
pub fn power_of_ten(exponent: u8) -> i128 {
    10i128.checked_pow(u32::from(exponent)).unwrap_or(i128::MAX)
}

/// Whether an unscaled value has at most `precision` digits.
pub fn fits(unscaled: i128, precision: u8) -> bool {
    unscaled.unsigned_abs() < power_of_ten(precision).unsigned_abs()
}

/// The value in another scale, rounded half away from zero; `None` when it has more than `precision` digits.
pub fn rescale(unscaled: i128, from: i8, precision: u8, to: i8) -> Option<i128> {
    let shift = i32::from(to) - i32::from(from);
    let rescaled = match u8::try_from(shift) {
        Ok(up) if unscaled == 0 || up == 0 => unscaled,
        Ok(up) if up > MAX_DECIMAL_PRECISION => return None,
        Ok(up) => unscaled.checked_mul(power_of_ten(up))?,
        Err(_) => divide_half_up(unscaled, u8::try_from(-shift).unwrap_or(u8::MAX)),
    };
    fits(rescaled, precision).then_some(rescaled)
}

/// `unscaled / 10^digits`, rounded half away from zero.
pub fn divide_half_up(unscaled: i128, digits: u8) -> i128 {
    if digits > MAX_DECIMAL_PRECISION {
        return 0;
    }
    let divisor = power_of_ten(digits);
    let (quotient, remainder) = (unscaled / divisor, unscaled % divisor);
    if remainder.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2) && remainder != 0 {
        quotient + unscaled.signum()
    } else {
        quotient
    }
}

/// The nearest double.
pub fn to_double(unscaled: i128, scale: i8) -> f64 {
    const EXACT: u128 = 1 << 53;
    if unscaled.unsigned_abs() < EXACT && (0..=22).contains(&scale) {
        // Both are exact, so one division rounds once.
        return unscaled as f64 / 10f64.powi(i32::from(scale));
    }
    format!("{unscaled}e{}", -i32::from(scale)).parse().unwrap_or(f64::NAN)
}

/// The nearest float.
pub fn to_float(unscaled: i128, scale: i8) -> f32 {
    format!("{unscaled}e{}", -i32::from(scale)).parse().unwrap_or(f32::NAN)
}

/// A finite double as a decimal, by its shortest digits (`BigDecimal.valueOf`).
pub fn from_double(value: f64, precision: u8, scale: i8) -> Option<i128> {
    from_text(&format!("{value:e}"), precision, scale)
}

/// A finite double's digits without exponent.
pub fn plain_double(value: f64) -> String {
    plain_text(&format!("{value:e}"))
}

/// Sign, digits and exponent of a decimal number's text: `-1.5e3` is `(true, "15", 2)`.
fn parse(text: &str) -> Option<(bool, String, i64)> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut digits = String::with_capacity(mantissa.len());
    digits.push_str(whole);
    digits.push_str(fraction);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0').to_owned();
    Some((negative, significant, exponent - i64::try_from(fraction.len()).ok()?))
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse::<i32>().ok().map(i64::from)
}

/// Whether the text is a number as `BigDecimal` reads it.
pub fn is_number(text: &str) -> bool {
    parse(text).is_some()
}

/// A number's text as a decimal, rounded half away from zero; `None` when it is no number or has too many digits.
pub fn from_text(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits, exponent) = parse(text)?;
    // Digits before the place where the wanted scale ends.
    let kept = i64::try_from(digits.len()).ok()? + exponent + i64::from(scale);
    if digits.is_empty() || kept < 0 {
        return Some(0);
    }
    if kept > i64::from(MAX_DECIMAL_PRECISION) {
        return None;
    }
    let kept = usize::try_from(kept).ok()?;
    let mut unscaled: i128 = 0;
    let bytes = digits.as_bytes();
    for place in 0..kept {
        let digit = bytes.get(place).map_or(0, |byte| i128::from(byte - b'0'));
        unscaled = unscaled * 10 + digit;
    }
    if bytes.get(kept).is_some_and(|byte| *byte >= b'5') {
        unscaled += 1;
    }
    fits(unscaled, precision).then_some(if negative { -unscaled } else { unscaled })
}

/// A number's text without exponent, for errors.
pub fn plain_text(text: &str) -> String {
    let Some((negative, digits, exponent)) = parse(text) else {
        return text.to_owned();
    };
    let sign = if negative && !digits.is_empty() { "-" } else { "" };
    let places = usize::try_from(exponent.unsigned_abs().min(400)).unwrap_or(0);
    if exponent >= 0 {
        let digits = if digits.is_empty() { "0" } else { &digits };
        return format!("{sign}{digits}{}", "0".repeat(places));
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}
