//! The text behind `INTERVAL`: `'1-2' YEAR TO MONTH`, `1 day 2 hours`, `'1 day'`.
//!
//! Years and months make a year-month interval, days and smaller a day-time interval; both together exist only in the
//! legacy calendar form. Source: `AstBuilder.visitInterval`, `IntervalUtils` of Spark.

use hearth_base::Result;
use hearth_base::condition::{INVALID_INTERVAL_FORMAT, MIXED_INTERVAL};
use hearth_types::{DayTimeField, Value, YearMonthField};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

pub(crate) fn parse(text: &str) -> Result<Value> {
    let invalid = || INVALID_INTERVAL_FORMAT.with("input", text.trim());
    let tokens = tokens(text).ok_or_else(invalid)?;
    let tokens = match tokens.first() {
        Some(Token::Word(word)) if word == "interval" => &tokens[1..],
        _ => &tokens[..],
    };
    let value = match tokens {
        [sign @ .., Token::Text(value), Token::Word(from), Token::Word(to), Token::Word(until)] if to == "to" => {
            match (unit(from), unit(until)) {
                (Some(from), Some(until)) => range(value, negative(sign), from, until),
                _ => None,
            }
        }
        [Token::Text(value)] => multi_unit(value),
        [Token::Sign(true), Token::Text(value)] => multi_unit(value).and_then(negate),
        other => pairs(other),
    };
    match value {
        Some(Value::CalendarInterval { .. }) => {
            Err(MIXED_INTERVAL.with("literal", format!("interval {}", text.trim())))
        }
        Some(value) => Ok(value),
        None => Err(invalid()),
    }
}

/// `'1 day 2 hours'`: the quoted form, which may start with `interval` again.
fn multi_unit(value: &str) -> Option<Value> {
    let tokens = tokens(value)?;
    match tokens.first() {
        Some(Token::Word(word)) if word == "interval" => pairs(&tokens[1..]),
        _ => pairs(&tokens),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Number(String),
    Word(String),
    /// True for minus.
    Sign(bool),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let close = rest[1..].find(first)?;
                tokens.push(Token::Text(rest[1..=close].to_owned()));
                close + 2
            }
            '-' | '+' => {
                tokens.push(Token::Sign(first == '-'));
                1
            }
            '0'..='9' | '.' => {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                tokens.push(Token::Number(rest[..end].to_owned()));
                end
            }
            'a'..='z' | 'A'..='Z' => {
                let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_ascii_lowercase()));
                end
            }
            _ => return None,
        };
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn negative(signs: &[Token]) -> bool {
    signs.iter().filter(|token| **token == Token::Sign(true)).count() % 2 == 1
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word.strip_suffix('s').unwrap_or(word) {
        "year" => Unit::Year,
        "quarter" => Unit::Quarter,
        "month" => Unit::Month,
        "week" => Unit::Week,
        "day" => Unit::Day,
        "hour" => Unit::Hour,
        "minute" => Unit::Minute,
        "second" => Unit::Second,
        "millisecond" => Unit::Millisecond,
        "microsecond" => Unit::Microsecond,
        _ => return None,
    })
}

/// Values with units, in any order: `1 day 2 hours`, `'1' day`, `-2 weeks`.
fn pairs(tokens: &[Token]) -> Option<Value> {
    let (mut months, mut micros) = (0i64, 0i64);
    let mut units: Vec<Unit> = Vec::new();
    let mut index = 0;
    let mut minus = false;
    while let Some(token) = tokens.get(index) {
        index += 1;
        match token {
            Token::Sign(sign) => minus ^= *sign,
            Token::Number(number) | Token::Text(number) => {
                let Some(Token::Word(word)) = tokens.get(index) else { return None };
                index += 1;
                let unit = unit(word)?;
                let number = number.trim();
                let (text_minus, number) = match number.strip_prefix('-') {
                    Some(rest) => (true, rest),
                    None => (false, number.strip_prefix('+').unwrap_or(number)),
                };
                let sign = if minus ^ text_minus { -1 } else { 1 };
                let (add_months, add_micros) = amount(number.trim(), unit)?;
                months = months.checked_add(add_months.checked_mul(sign)?)?;
                micros = micros.checked_add(add_micros.checked_mul(sign)?)?;
                units.push(unit);
                minus = false;
            }
            Token::Word(_) => return None,
        }
    }
    build(months, micros, &units)
}

/// Months and microseconds of `number` units.
fn amount(number: &str, unit: Unit) -> Option<(i64, i64)> {
    if unit == Unit::Second {
        return seconds(number).map(|micros| (0, micros));
    }
    let number: i64 = number.parse().ok()?;
    Some(match unit {
        Unit::Year => (number.checked_mul(12)?, 0),
        Unit::Quarter => (number.checked_mul(3)?, 0),
        Unit::Month => (number, 0),
        Unit::Week => (0, number.checked_mul(7 * MICROS_PER_DAY)?),
        Unit::Day => (0, number.checked_mul(MICROS_PER_DAY)?),
        Unit::Hour => (0, number.checked_mul(MICROS_PER_HOUR)?),
        Unit::Minute => (0, number.checked_mul(MICROS_PER_MINUTE)?),
        Unit::Second => (0, number.checked_mul(MICROS_PER_SECOND)?),
        Unit::Millisecond => (0, number.checked_mul(1000)?),
        Unit::Microsecond => (0, number),
    })
}

/// Seconds with up to nine digits after the point; Spark cuts what is below a microsecond.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let micros: i64 = format!("{fraction:0<6}")[..6].parse().ok()?;
    whole.checked_mul(MICROS_PER_SECOND)?.checked_add(micros)
}

fn build(months: i64, micros: i64, units: &[Unit]) -> Option<Value> {
    let has_months = units.iter().any(|unit| *unit <= Unit::Month);
    let has_micros = units.iter().any(|unit| *unit > Unit::Month);
    match (has_months, has_micros) {
        (false, false) => None,
        (true, true) => Some(Value::CalendarInterval {
            months: i32::try_from(months).ok()?,
            days: i32::try_from(micros / MICROS_PER_DAY).ok()?,
            microseconds: micros % MICROS_PER_DAY,
        }),
        (true, false) => {
            let field = |unit: &Unit| if *unit == Unit::Year { YearMonthField::Year } else { YearMonthField::Month };
            Some(Value::YearMonthInterval {
                months: i32::try_from(months).ok()?,
                start: units.iter().map(field).min()?,
                end: units.iter().map(field).max()?,
            })
        }
        (false, true) => {
            let start = units.iter().map(|unit| day_time_field(*unit)).min()?;
            let end = units.iter().map(|unit| day_time_field(*unit)).max()?;
            Some(Value::DayTimeInterval { microseconds: micros, start, end })
        }
    }
}

fn day_time_field(unit: Unit) -> DayTimeField {
    match unit {
        Unit::Year | Unit::Quarter | Unit::Month | Unit::Week | Unit::Day => DayTimeField::Day,
        Unit::Hour => DayTimeField::Hour,
        Unit::Minute => DayTimeField::Minute,
        Unit::Second | Unit::Millisecond | Unit::Microsecond => DayTimeField::Second,
    }
}

/// `'1-2' YEAR TO MONTH`, `'1 02:03:04.5' DAY TO SECOND` and the shorter ones.
fn range(text: &str, minus: bool, from: Unit, until: Unit) -> Option<Value> {
    let text = text.trim();
    let (text_minus, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let sign: i64 = if minus ^ text_minus { -1 } else { 1 };
    if from == Unit::Year && until == Unit::Month {
        let (years, months) = text.split_once('-')?;
        let (years, months): (i64, i64) = (years.trim().parse().ok()?, months.trim().parse().ok()?);
        if months > 11 {
            return None;
        }
        let months = years.checked_mul(12)?.checked_add(months)?.checked_mul(sign)?;
        return Some(Value::YearMonthInterval {
            months: i32::try_from(months).ok()?,
            start: YearMonthField::Year,
            end: YearMonthField::Month,
        });
    }
    if from < Unit::Day || until <= from {
        return None;
    }
    let units: Vec<Unit> = [Unit::Day, Unit::Hour, Unit::Minute, Unit::Second]
        .into_iter()
        .filter(|unit| (from..=until).contains(unit))
        .collect();
    let parts: Vec<&str> = text.split([' ', ':']).filter(|part| !part.is_empty()).collect();
    if parts.len() != units.len() {
        return None;
    }
    let mut micros = 0i64;
    for (unit, part) in units.iter().zip(parts) {
        micros = micros.checked_add(amount(part, *unit)?.1)?;
    }
    Some(Value::DayTimeInterval {
        microseconds: micros.checked_mul(sign)?,
        start: day_time_field(from),
        end: day_time_field(until),
    })
}

fn negate(value: Value) -> Option<Value> {
    Some(match value {
        Value::YearMonthInterval { months, start, end } => {
            Value::YearMonthInterval { months: months.checked_neg()?, start, end }
        }
        Value::DayTimeInterval { microseconds, start, end } => {
            Value::DayTimeInterval { microseconds: microseconds.checked_neg()?, start, end }
        }
        Value::CalendarInterval { months, days, microseconds } => Value::CalendarInterval {
            months: months.checked_neg()?,
            days: days.checked_neg()?,
            microseconds: microseconds.checked_neg()?,
        },
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn day_time(microseconds: i64, start: DayTimeField, end: DayTimeField) -> Value {
        Value::DayTimeInterval { microseconds, start, end }
    }

    #[test]
    fn forms_of_sql_are_read() {
        use DayTimeField::{Day, Hour, Second};
        assert_eq!(parse("1 day").unwrap(), day_time(MICROS_PER_DAY, Day, Day));
        assert_eq!(parse("'1 day'").unwrap(), day_time(MICROS_PER_DAY, Day, Day));
        assert_eq!(parse("-1 day").unwrap(), day_time(-MICROS_PER_DAY, Day, Day));
        assert_eq!(parse("1 day 2 hours").unwrap(), day_time(MICROS_PER_DAY + 2 * MICROS_PER_HOUR, Day, Hour));
        assert_eq!(
            parse("'1 2:03:04.5' day to second").unwrap(),
            day_time(MICROS_PER_DAY + 2 * MICROS_PER_HOUR + 3 * MICROS_PER_MINUTE + 4_500_000, Day, Second)
        );
        assert_eq!(
            parse("'1-2' year to month").unwrap(),
            Value::YearMonthInterval { months: 14, start: YearMonthField::Year, end: YearMonthField::Month }
        );
        assert_eq!(parse("'90' day").unwrap(), day_time(90 * MICROS_PER_DAY, Day, Day));
        assert!(parse("1 fortnight").is_err());
    }
}
