//! `to_number` and `to_char` on numbers: the formats of Spark's `ToNumberParser`.
//!
//! A format is `[MI|S] [$] [0|9|G|,]* [.|D] [0|9]* [$] [PR|MI|S]`. A group that starts with `0` has exactly its digits,
//! one that starts with `9` at most.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Decimal128Type};
use hearth_base::condition::INVALID_FORMAT_MISMATCH_INPUT;
use hearth_base::{Error, Result};

use crate::kernels::rowwise::Args;

/// Where the sign stands and how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sign {
    None,
    /// `S`: `+` or `-`.
    Always,
    /// `MI`: `-` or a space.
    Minus,
    /// `PR`: `<12>`.
    Brackets,
}

/// A compiled format.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NumberFormat {
    text: String,
    leading: Sign,
    trailing: Sign,
    dollar: bool,
    /// Digits (`0`, `9`) and commas before the point.
    whole: Vec<u8>,
    point: bool,
    fraction: Vec<u8>,
}

impl NumberFormat {
    /// `None` when the format is not valid.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let mut rest = upper.as_str();
        let leading = match (take(&mut rest, "MI"), take(&mut rest, "S")) {
            (true, _) => Sign::Minus,
            (false, true) => Sign::Always,
            (false, false) => Sign::None,
        };
        let dollar = take(&mut rest, "$");
        let digits = rest.len() - rest.trim_start_matches(['0', '9', 'G', ',']).len();
        let whole: Vec<u8> = rest[..digits].bytes().map(|byte| if byte == b'G' { b',' } else { byte }).collect();
        rest = &rest[digits..];
        let point = rest.starts_with(['.', 'D']);
        rest = &rest[usize::from(point)..];
        let digits = rest.len() - rest.trim_start_matches(['0', '9']).len();
        let fraction = rest.as_bytes()[..digits].to_vec();
        let trailing = match &rest[digits..] {
            "" => Sign::None,
            "S" => Sign::Always,
            "MI" => Sign::Minus,
            "PR" => Sign::Brackets,
            _ => return None,
        };
        let bad_comma = whole.first() == Some(&b',') || whole.last() == Some(&b',');
        let any = whole.iter().chain(&fraction).any(|byte| *byte != b',');
        let format = Self { text: text.to_owned(), leading, trailing, dollar, whole, point, fraction };
        (any && !bad_comma && (leading == Sign::None || trailing == Sign::None)).then_some(format)
    }

    pub fn precision(&self) -> u8 {
        let digits = self.whole.iter().filter(|byte| **byte != b',').count() + self.fraction.len();
        u8::try_from(digits).unwrap_or(u8::MAX)
    }

    pub fn scale(&self) -> i8 {
        i8::try_from(self.fraction.len()).unwrap_or(i8::MAX)
    }

    /// The unscaled value at `scale()`.
    fn read(&self, text: &str) -> Option<i128> {
        let text: String = text.chars().filter(|c| *c != ' ').collect();
        let mut rest = text.as_str();
        let mut negative = false;
        match self.leading {
            Sign::Always => negative = take_sign(&mut rest, true),
            Sign::Minus => negative = take_sign(&mut rest, false),
            Sign::None | Sign::Brackets => {}
        }
        if self.trailing == Sign::Brackets
            && let Some(inner) = rest.strip_prefix('<')
        {
            rest = inner.strip_suffix('>')?;
            negative = true;
        }
        if self.dollar {
            rest = rest.strip_prefix('$')?;
        }
        match (self.trailing, rest.as_bytes().last()) {
            (Sign::Always | Sign::Minus, Some(b'-')) => {
                rest = &rest[..rest.len() - 1];
                negative = true;
            }
            (Sign::Always, Some(b'+')) => rest = &rest[..rest.len() - 1],
            (_, _) => {}
        }
        let (whole, fraction) = match rest.split_once('.') {
            Some((whole, fraction)) if self.point => (whole, fraction),
            Some(_) => return None,
            None => (rest, ""),
        };
        if (whole.is_empty() && fraction.is_empty()) || fraction.len() > self.fraction.len() {
            return None;
        }
        let mut value = self.read_whole(whole)?;
        for place in 0..self.fraction.len() {
            let digit = match fraction.as_bytes().get(place) {
                Some(byte) => char::from(*byte).to_digit(10)?,
                None => 0,
            };
            value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        Some(if negative { -value } else { value })
    }

    fn read_whole(&self, text: &str) -> Option<i128> {
        let mut groups = self.whole.rsplit(|byte| *byte == b',');
        let mut given: Vec<&str> = text.split(',').collect();
        if text.is_empty() && !self.point && self.whole.is_empty() {
            return None;
        }
        let mut value = 0i128;
        let mut scale = 1i128;
        while let Some(digits) = given.pop() {
            let group = groups.next()?;
            let exact = group.first() == Some(&b'0') || !given.is_empty();
            let fits = if exact { digits.len() == group.len() } else { digits.len() <= group.len() };
            if !fits {
                return None;
            }
            for byte in digits.bytes().rev() {
                value = value.checked_add(i128::from(char::from(byte).to_digit(10)?).checked_mul(scale)?)?;
                scale = scale.checked_mul(10)?;
            }
        }
        groups.all(|group| group.first() != Some(&b'0')).then_some(value)
    }

    /// Writes `unscaled * 10^-scale`; `#` in all places when it does not fit.
    fn write(&self, unscaled: i128, scale: i8, out: &mut String) {
        let negative = unscaled < 0;
        let places = usize::from(scale.max(0).unsigned_abs());
        let mut digits = unscaled.unsigned_abs().to_string();
        if digits.len() <= places {
            digits.insert_str(0, &"0".repeat(places + 1 - digits.len()));
        }
        let fraction = digits.split_off(digits.len() - places);
        let whole = digits.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let room = self.whole.iter().filter(|byte| **byte != b',').count();
        let overflow = whole.len() > room || fraction.len() > self.fraction.len();
        match self.leading {
            Sign::Always => out.push(if negative { '-' } else { '+' }),
            Sign::Minus => out.push(if negative { '-' } else { ' ' }),
            Sign::None | Sign::Brackets => {}
        }
        if self.trailing == Sign::Brackets && negative {
            out.push('<');
        }
        if self.dollar {
            out.push('$');
        }
        self.write_whole(whole, room, overflow, out);
        if self.point {
            if out.ends_with(' ') {
                out.pop();
                out.push('0');
            }
            out.push('.');
        }
        for place in 0..self.fraction.len() {
            out.push(if overflow { '#' } else { fraction.as_bytes().get(place).map_or('0', |byte| char::from(*byte)) });
        }
        match (self.trailing, negative) {
            (Sign::Always, _) => out.push(if negative { '-' } else { '+' }),
            (Sign::Minus, true) => out.push('-'),
            (Sign::Minus, false) => out.push(' '),
            (Sign::Brackets, true) => out.push('>'),
            (Sign::Brackets, false) => out.push_str("  "),
            (Sign::None, _) => {}
        }
    }

    /// Leading places of a `9` group are spaces, and go before the sign.
    fn write_whole(&self, whole: &str, room: usize, overflow: bool, out: &mut String) {
        let mut left = room;
        let mut started = false;
        let blank = |out: &mut String| match out.pop() {
            Some(sign @ ('+' | '-' | '<')) => {
                out.push(' ');
                out.push(sign);
            }
            Some(other) => {
                out.push(other);
                out.push(' ');
            }
            None => out.push(' '),
        };
        let zero_first = self.whole.first() == Some(&b'0');
        for byte in &self.whole {
            if *byte == b',' {
                if started || overflow || zero_first {
                    out.push(',')
                } else {
                    blank(out)
                }
                continue;
            }
            let digit = (left <= whole.len()).then(|| whole.as_bytes()[whole.len() - left]);
            left -= 1;
            match digit {
                _ if overflow => out.push('#'),
                Some(digit) => {
                    started = true;
                    out.push(char::from(digit));
                }
                None if zero_first => out.push('0'),
                None => blank(out),
            }
        }
    }
}

/// Takes a token off the front, if it is there.
fn take(rest: &mut &str, token: &str) -> bool {
    let after = rest.strip_prefix(token);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

/// Takes a sign off the front; true when it is a minus.
fn take_sign(rest: &mut &str, plus: bool) -> bool {
    if let Some(after) = rest.strip_prefix('-') {
        *rest = after;
        return true;
    }
    if plus && let Some(after) = rest.strip_prefix('+') {
        *rest = after;
    }
    false
}

/// How `to_number` and `try_to_number` read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToNumber {
    pub format: NumberFormat,
    pub lenient: bool,
}

pub fn to_number(how: &ToNumber, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_values::<Decimal128Type>(|row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        match how.format.read(text) {
            Some(value) => Ok(Some(value)),
            None if how.lenient => Ok(None),
            None => Err(INVALID_FORMAT_MISMATCH_INPUT
                .with("inputType", "\"STRING\"")
                .with("input", text)
                .with("format", &how.format.text)),
        }
    })
}

pub fn to_char(format: &NumberFormat, args: &Args) -> Result<ArrayRef> {
    let (numbers, step) = args.raw(0)?;
    let ArrowType::Decimal128(_, scale) = numbers.data_type() else {
        return Err(Error::internal(format!("to_char got {}", numbers.data_type())));
    };
    let (values, scale) = (numbers.as_primitive::<Decimal128Type>(), *scale);
    args.texts(|row, out| {
        let at = row * step;
        if values.is_null(at) {
            return None;
        }
        format.write(values.value(at), scale, out);
        Some(())
    })
}
