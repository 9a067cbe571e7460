//! `format_number`: `java.text.DecimalFormat` patterns for the US locale, rounding half to even.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Decimal128Type, Float64Type, Int64Type};
use hearth_base::{Error, Result};

use crate::kernels::rowwise::Args;

/// A number as its digits before and after the point.
struct Digits {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Digits {
    /// Of `unscaled * 10^-scale`.
    fn of_decimal(unscaled: i128, scale: i8) -> Self {
        let mut digits = unscaled.unsigned_abs().to_string();
        let places = usize::from(scale.max(0).unsigned_abs());
        if digits.len() <= places {
            digits.insert_str(0, &"0".repeat(places + 1 - digits.len()));
        }
        digits.push_str(&"0".repeat(usize::from(scale.min(0).unsigned_abs())));
        let fraction = digits.split_off(digits.len() - places);
        Self { negative: unscaled < 0, whole: digits, fraction }
    }

    /// The exact value of a double; above 2^53 its shortest digits, as Java prints them.
    fn of_double(value: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let text = if value.abs() >= EXACT { format!("{value}") } else { format!("{value:.1074}") };
        let text = text.trim_start_matches('-');
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        Self {
            negative: value.is_sign_negative(),
            whole: whole.to_owned(),
            fraction: fraction.trim_end_matches('0').to_owned(),
        }
    }

    /// Moves the point to the right, to the left when negative.
    fn shift(&mut self, places: i32) {
        for _ in 0..places.max(0) {
            let digit = if self.fraction.is_empty() { '0' } else { self.fraction.remove(0) };
            self.whole.push(digit);
        }
        for _ in 0..places.min(0).unsigned_abs() {
            self.fraction.insert(0, self.whole.pop().unwrap_or('0'));
        }
    }

    /// Rounds to `places` digits after the point, half to even.
    fn round(&mut self, places: usize) {
        if self.fraction.len() <= places {
            return;
        }
        let dropped = self.fraction.split_off(places);
        let last = self.fraction.bytes().last().or(self.whole.bytes().last()).unwrap_or(b'0');
        let half = dropped.starts_with('5') && dropped[1..].bytes().all(|digit| digit == b'0');
        let up = if half { last % 2 == 1 } else { dropped.as_bytes()[0] >= b'5' };
        if up && !increment(&mut self.fraction) && !increment(&mut self.whole) {
            self.whole.insert(0, '1');
        }
    }

    fn is_zero(&self) -> bool {
        self.whole.bytes().chain(self.fraction.bytes()).all(|digit| digit == b'0')
    }
}

/// Adds one in the last place; false when it carries out (also of nothing).
fn increment(digits: &mut String) -> bool {
    let mut bytes = std::mem::take(digits).into_bytes();
    let mut done = false;
    for digit in bytes.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            done = true;
            break;
        }
    }
    *digits = bytes.into_iter().map(char::from).collect();
    done
}

/// A compiled pattern.
#[derive(Debug, Clone, Default)]
pub struct DecimalFormat {
    prefix: String,
    suffix: String,
    negative: Option<(String, String)>,
    /// Places that the value is multiplied by: 2 for percent, 3 for per mille.
    shift: i32,
    min_whole: usize,
    min_fraction: usize,
    max_fraction: usize,
    /// 0: no grouping.
    group: usize,
    /// Digits of the exponent, when there is one.
    exponent: Option<usize>,
}

impl DecimalFormat {
    /// What `format_number(x, places)` uses.
    fn with_places(places: usize) -> Self {
        Self { min_whole: 1, min_fraction: places, max_fraction: places, group: 3, ..Self::default() }
    }

    /// `None` when Java refuses the pattern.
    fn parse(pattern: &str) -> Option<Self> {
        let mut format = Self::default();
        let mut rest = pattern.chars().peekable();
        format.prefix = affix(&mut rest, &mut format.shift);
        format.parse_digits(&mut rest)?;
        format.suffix = affix(&mut rest, &mut format.shift);
        match rest.next() {
            None => Some(format),
            Some(';') => {
                let mut ignored = 0;
                let prefix = affix(&mut rest, &mut ignored);
                while rest.peek().is_some_and(|c| matches!(c, '#' | '0' | ',' | '.' | 'E')) {
                    rest.next();
                }
                let suffix = affix(&mut rest, &mut ignored);
                format.negative = Some((prefix, suffix));
                Some(format)
            }
            Some(_) => None,
        }
    }

    fn parse_digits(&mut self, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<()> {
        let (mut left, mut zeros, mut right) = (0usize, 0usize, 0usize);
        let mut point: Option<usize> = None;
        let mut group: Option<usize> = None;
        while let Some(c) = rest.peek() {
            match c {
                '#' if zeros > 0 => right += 1,
                '#' => left += 1,
                '0' if right > 0 => return None,
                '0' => zeros += 1,
                ',' if point.is_none() => group = Some(0),
                '.' if point.is_none() => point = Some(left + zeros + right),
                'E' => {
                    rest.next();
                    let mut digits = 0;
                    while rest.next_if_eq(&'0').is_some() {
                        digits += 1;
                    }
                    self.exponent = Some(digits).filter(|digits| *digits > 0);
                    self.exponent?;
                    break;
                }
                _ => break,
            }
            if *c != ',' && point.is_none() {
                group = group.map(|group| group + 1);
            }
            rest.next();
        }
        // `#.##` is `0.##`.
        if let Some(point) = point.filter(|_| zeros == 0 && left > 0) {
            let whole = point.max(1);
            right = left - whole;
            left = whole - 1;
            zeros = 1;
        }
        let total = left + zeros + right;
        let place = point.unwrap_or(total);
        self.min_whole = place.saturating_sub(left);
        self.max_fraction = total - place;
        self.min_fraction = (left + zeros).saturating_sub(place);
        // The comma itself is not a digit, and the first character counted is the comma.
        self.group = group.unwrap_or(0);
        Some(())
    }

    fn write(&self, mut digits: Digits, out: &mut String) {
        digits.shift(self.shift);
        let exponent = self.exponent.map(|width| (width, self.normalize(&mut digits)));
        digits.round(self.max_fraction);
        let negative = digits.negative;
        let (prefix, suffix) = match &self.negative {
            Some((prefix, suffix)) if negative => (prefix, suffix),
            Some(_) | None => (&self.prefix, &self.suffix),
        };
        if negative && self.negative.is_none() {
            out.push('-');
        }
        out.push_str(prefix);
        self.write_digits(&digits, out);
        if let Some((width, exponent)) = exponent {
            let sign = if exponent < 0 { "-" } else { "" };
            out.push_str(&format!("E{sign}{:0width$}", exponent.abs()));
        }
        out.push_str(suffix);
    }

    /// Brings the value to `min_whole` digits before the point, and says what that costs.
    fn normalize(&self, digits: &mut Digits) -> i32 {
        if digits.is_zero() {
            return 0;
        }
        let wanted = self.min_whole.max(1) as i32;
        let whole = digits.whole.trim_start_matches('0').len() as i32;
        let magnitude = if whole > 0 {
            whole
        } else {
            -((digits.fraction.len() - digits.fraction.trim_start_matches('0').len()) as i32)
        };
        digits.shift(wanted - magnitude);
        magnitude - wanted
    }

    fn write_digits(&self, digits: &Digits, out: &mut String) {
        let fraction = digits.fraction.trim_end_matches('0');
        let whole = digits.whole.trim_start_matches('0');
        let shown = whole.len().max(self.min_whole);
        let shown = if shown == 0 && fraction.is_empty() && self.min_fraction == 0 { 1 } else { shown };
        let padding = shown - whole.len();
        for (place, digit) in std::iter::repeat_n('0', padding).chain(whole.chars()).enumerate() {
            let left = shown - place;
            if place > 0 && self.group > 0 && left.is_multiple_of(self.group) {
                out.push(',');
            }
            out.push(digit);
        }
        if fraction.is_empty() && self.min_fraction == 0 {
            return;
        }
        out.push('.');
        out.push_str(fraction);
        out.extend(std::iter::repeat_n('0', self.min_fraction.saturating_sub(fraction.len())));
    }
}

/// Text around the digits; quotes make special characters plain.
fn affix(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, shift: &mut i32) -> String {
    let mut text = String::new();
    while let Some(c) = rest.peek().copied() {
        match c {
            '#' | '0' | ',' | '.' | ';' => break,
            '\'' => {
                rest.next();
                if rest.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                    continue;
                }
                for c in rest.by_ref() {
                    if c == '\'' {
                        break;
                    }
                    text.push(c);
                }
                continue;
            }
            '%' => *shift = 2,
            '\u{2030}' => *shift = 3,
            _ => {}
        }
        text.push(c);
        rest.next();
    }
    text
}

/// `format_number(number, places)`: NULL for negative places.
pub fn with_places(_: &(), args: &Args) -> Result<ArrayRef> {
    let places = args.int(1)?;
    write_numbers(args, |row| usize::try_from(places.get(row)?).ok().map(DecimalFormat::with_places).map(Ok))
}

/// `format_number(number, pattern)`.
pub fn with_pattern(_: &(), args: &Args) -> Result<ArrayRef> {
    let pattern = args.text(1)?;
    write_numbers(args, |row| {
        let pattern = pattern.get(row)?;
        let pattern = if pattern.is_empty() { "#,###,###,###,###,###,##0" } else { pattern };
        Some(DecimalFormat::parse(pattern).ok_or_else(|| Error::internal(format!("Malformed pattern \"{pattern}\""))))
    })
}

fn write_numbers(args: &Args, mut format: impl FnMut(usize) -> Option<Result<DecimalFormat>>) -> Result<ArrayRef> {
    let (numbers, step) = args.raw(0)?;
    let constant = args.is_scalar(1);
    let mut known: Option<DecimalFormat> = None;
    args.try_texts(|row, out| {
        if known.is_none() || !constant {
            known = format(row).transpose()?;
        }
        let Some(format) = &known else { return Ok(None) };
        let at = row * step;
        if numbers.is_null(at) {
            return Ok(None);
        }
        let digits = match numbers.data_type() {
            ArrowType::Float64 => {
                let value = numbers.as_primitive::<Float64Type>().value(at);
                if value.is_nan() {
                    out.push_str("NaN");
                    return Ok(Some(()));
                }
                if value.is_infinite() {
                    out.push_str(if value > 0.0 { "∞" } else { "-∞" });
                    return Ok(Some(()));
                }
                Digits::of_double(value)
            }
            ArrowType::Decimal128(_, scale) => {
                Digits::of_decimal(numbers.as_primitive::<Decimal128Type>().value(at), *scale)
            }
            ArrowType::Int64 => Digits::of_decimal(i128::from(numbers.as_primitive::<Int64Type>().value(at)), 0),
            other => return Err(Error::internal(format!("format_number got {other}"))),
        };
        format.write(digits, out);
        Ok(Some(()))
    })
}
