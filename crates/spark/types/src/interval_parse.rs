//! Strings to intervals: `1 day 2 hours`, and the ANSI forms `1-2` and `1 02:03:04` with or without their keywords.
//!
//! Sources: `IntervalUtils.stringToInterval`, `.castStringToYMInterval`, `.castStringToDTInterval`. `None` means that the
//! text is no interval of that type or does not fit.

use crate::data_type::{DayTimeField, YearMonthField};
use crate::datetime_parse::trim_all;
use crate::datetime_text::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};

/// Months, days and microseconds, the parts of a calendar interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CalendarInterval {
    pub months: i32,
    pub days: i32,
    pub microseconds: i64,
}

/// Reads `[interval] <n> <unit> …`: units from `year` to `microsecond`, fractions only of seconds.
pub fn string_to_interval(text: &str) -> Option<CalendarInterval> {
    let mut rest = trim_all(text);
    if let Some(prefix) = rest.get(..8).filter(|prefix| prefix.eq_ignore_ascii_case("interval")) {
        rest = &rest[prefix.len()..];
        if !rest.starts_with(is_space) {
            return None;
        }
        rest = rest.trim_start_matches(is_space);
    }
    if rest.is_empty() {
        return None;
    }
    let mut interval = CalendarInterval::default();
    while !rest.is_empty() {
        let (amount, after) = Amount::read(rest)?;
        let unit_end = after.find(is_space).unwrap_or(after.len());
        amount.add_to(&mut interval, &after[..unit_end])?;
        rest = after[unit_end..].trim_start_matches(is_space);
    }
    Some(interval)
}

fn is_space(c: char) -> bool {
    c <= ' ' || ('\u{7f}'..='\u{9f}').contains(&c)
}

/// A signed number before its unit.
struct Amount {
    negative: bool,
    whole: i64,
    /// Billionths, when there was a point.
    fraction: Option<i64>,
}

impl Amount {
    /// Reads the number and the space behind it; gives the rest.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text[1..].trim_start_matches(is_space)),
            b'+' => (false, text[1..].trim_start_matches(is_space)),
            _ => (false, text),
        };
        let end = unsigned.find(is_space)?;
        let (whole, fraction) = match unsigned[..end].split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (&unsigned[..end], None),
        };
        let mut value = 0i64;
        for byte in whole.bytes() {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            value = value.checked_mul(10)?.checked_add(digit)?;
        }
        let fraction = match fraction {
            Some("") if whole.is_empty() => return None,
            Some(digits) => Some(billionths(digits)?),
            None if whole.is_empty() => return None,
            None => None,
        };
        let value = if negative { -value } else { value };
        Some((Self { negative, whole: value, fraction }, unsigned[end..].trim_start_matches(is_space)))
    }

    fn add_to(&self, interval: &mut CalendarInterval, unit: &str) -> Option<()> {
        let lower = |name: &str| unit.eq_ignore_ascii_case(name) || is_plural(unit, name);
        if lower("second") {
            let fraction = self.fraction.unwrap_or(0) / 1000;
            let fraction = if self.negative { -fraction } else { fraction };
            let micros = self.whole.checked_mul(MICROS_PER_SECOND)?.checked_add(fraction)?;
            interval.microseconds = interval.microseconds.checked_add(micros)?;
            return Some(());
        }
        if self.fraction.is_some() {
            return None;
        }
        let int = |factor: i64| i32::try_from(self.whole.checked_mul(factor)?).ok();
        let micros = |factor: i64| self.whole.checked_mul(factor);
        if lower("year") {
            interval.months = interval.months.checked_add(int(12)?)?;
        } else if lower("month") {
            interval.months = interval.months.checked_add(int(1)?)?;
        } else if lower("week") {
            interval.days = interval.days.checked_add(int(7)?)?;
        } else if lower("day") {
            interval.days = interval.days.checked_add(int(1)?)?;
        } else if lower("hour") {
            interval.microseconds = interval.microseconds.checked_add(micros(MICROS_PER_HOUR)?)?;
        } else if lower("minute") {
            interval.microseconds = interval.microseconds.checked_add(micros(MICROS_PER_MINUTE)?)?;
        } else if lower("millisecond") {
            interval.microseconds = interval.microseconds.checked_add(micros(1000)?)?;
        } else if lower("microsecond") {
            interval.microseconds = interval.microseconds.checked_add(micros(1)?)?;
        } else {
            return None;
        }
        Some(())
    }
}

fn is_plural(unit: &str, name: &str) -> bool {
    unit.len() == name.len() + 1
        && unit.as_bytes()[name.len()].eq_ignore_ascii_case(&b's')
        && unit.get(..name.len()).is_some_and(|unit| unit.eq_ignore_ascii_case(name))
}

/// Up to nine digits after a point as billionths.
fn billionths(digits: &str) -> Option<i64> {
    if digits.len() > 9 {
        return None;
    }
    let mut value = 0i64;
    for byte in digits.bytes() {
        value = value * 10 + byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
    }
    Some(value * 10i64.pow(9 - digits.len() as u32))
}

/// Months of `1-2` (year to month) or `3` (one field), or of the whole literal `INTERVAL '1-2' YEAR TO MONTH`.
pub fn string_to_year_month(text: &str, start: YearMonthField, end: YearMonthField) -> Option<i32> {
    let (negative, body) = interval_body(text, start.name(), end.name())?;
    let (years, months) = if start == end {
        let value = number(body)?;
        match start {
            YearMonthField::Year => (value, 0),
            YearMonthField::Month => (0, value),
        }
    } else {
        let (years, months) = body.split_once('-')?;
        (number(years)?, number(months).filter(|months| *months < 12)?)
    };
    let total = years.checked_mul(12)?.checked_add(months)?;
    i32::try_from(if negative { -total } else { total }).ok()
}

/// Microseconds of `1 02:03:04.5` (day to second) and its shorter kin, or of the whole literal.
pub fn string_to_day_time(text: &str, start: DayTimeField, end: DayTimeField) -> Option<i64> {
    let (negative, body) = interval_body(text, start.name(), end.name())?;
    let mut rest = body;
    let mut total = 0i128;
    for field in [DayTimeField::Day, DayTimeField::Hour, DayTimeField::Minute, DayTimeField::Second] {
        if field < start || field > end {
            continue;
        }
        let part = if field == end {
            rest
        } else {
            let (part, after) = rest.split_once(if field == DayTimeField::Day { ' ' } else { ':' })?;
            rest = after;
            part
        };
        let (whole, fraction) = match part.split_once('.') {
            Some((whole, fraction)) if field == DayTimeField::Second && !fraction.is_empty() => {
                (whole, billionths(fraction)? / 1000)
            }
            Some(_) => return None,
            None => (part, 0),
        };
        let value = number(whole)?;
        let (size, limit) = match field {
            DayTimeField::Day => (MICROS_PER_DAY, i64::MAX),
            DayTimeField::Hour => (MICROS_PER_HOUR, 23),
            DayTimeField::Minute => (MICROS_PER_MINUTE, 59),
            DayTimeField::Second => (MICROS_PER_SECOND, 59),
        };
        if field != start && (value > limit || whole.len() > 2) {
            return None;
        }
        // A lone field wraps around in Spark instead of being refused.
        if start == end && field != DayTimeField::Second {
            let micros = value.wrapping_mul(size);
            return Some(if negative { micros.wrapping_neg() } else { micros });
        }
        total += i128::from(value) * i128::from(size) + i128::from(fraction);
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// The sign and the fields, out of the bare form or `INTERVAL [+|-]'…' START TO END`.
fn interval_body<'a>(text: &'a str, start: &str, end: &str) -> Option<(bool, &'a str)> {
    let text = trim_all(text);
    let Some(prefix) = text.get(..8).filter(|prefix| prefix.eq_ignore_ascii_case("interval")) else {
        return Some(sign(text));
    };
    let rest = &text[prefix.len()..];
    if !rest.starts_with(is_space) {
        return None;
    }
    let (outer, rest) = sign(rest.trim_start_matches(is_space));
    let (body, units) = rest.strip_prefix('\'')?.split_once('\'')?;
    if !units.starts_with(is_space) {
        return None;
    }
    let mut words = units.split(is_space).filter(|word| !word.is_empty());
    let mut expect = |name: &str| words.next().filter(|word| word.eq_ignore_ascii_case(name));
    expect(start)?;
    if start != end {
        expect("to")?;
        expect(end)?;
    }
    if words.next().is_some() {
        return None;
    }
    let (inner, body) = sign(body);
    Some((outer != inner, body))
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) | None => (false, text),
    }
}

/// One or more digits.
fn number(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}
