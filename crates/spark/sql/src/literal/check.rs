//! Whether the text of a typed literal is a value of its type.
//!
//! Spark's parser reads these values, so a text that is none is a parse error with its place. The value itself stays text,
//! since it may depend on the session's time zone. Sources: `AstBuilder.visitTypeConstructor`, `.visitInterval`,
//! `IntervalUtils`.

use hearth_base::condition::{
    INTERVAL_FIELD_OUT_OF_RANGE, INTERVAL_VALUE_NEEDS_NUMBER, INVALID_INTERVAL_FORMAT_ARITHMETIC,
    INVALID_INTERVAL_FORMAT_FRACTION, INVALID_INTERVAL_FORMAT_FROM_TO, INVALID_INTERVAL_FORMAT_PARSING,
    INVALID_INTERVAL_FORMAT_PRECISION, INVALID_INTERVAL_FORMAT_UNIT, INVALID_INTERVAL_FORMAT_UNMATCHED,
    INVALID_INTERVAL_FORMAT_UNMATCHED_WITH_NOTICE, INVALID_TYPED_LITERAL, MIXED_INTERVAL,
};
use hearth_base::{Condition, Error, ErrorKind, Result};
use hearth_plan::expression::TypedLiteralKind;
use hearth_types::datetime_parse::{string_to_date, string_to_time, string_to_timestamp, string_to_timestamp_ntz};
use hearth_types::interval_parse::{string_to_day_time, string_to_interval, string_to_year_month};
use hearth_types::zone::Zone;
use hearth_types::{DayTimeField, YearMonthField, timestamp_word};

use crate::keywords::Keyword as K;
use crate::parser::Parser;

/// Most digits behind the point of seconds.
const SECOND_DIGITS: usize = 9;

/// One `value unit` of an interval: the value as written without quotes, the unit, and where the pair starts and ends.
pub(super) struct Pair {
    pub value: String,
    pub is_string: bool,
    pub unit: K,
    pub start: usize,
    pub end: usize,
}

pub(super) fn is_typed_value(kind: TypedLiteralKind, text: &str) -> bool {
    let instant = || {
        let utc = Zone::parse("UTC");
        utc.is_some_and(|zone| string_to_timestamp(text, &zone, 0).is_some())
    };
    match kind {
        TypedLiteralKind::Date => string_to_date(text).is_some() || is_special(text),
        TypedLiteralKind::Timestamp => instant() || string_to_timestamp_ntz(text, false).is_some() || is_special(text),
        TypedLiteralKind::TimestampLtz => instant() || is_special(text),
        TypedLiteralKind::TimestampNtz => string_to_timestamp_ntz(text, true).is_some() || is_special(text),
        TypedLiteralKind::Time => string_to_time(text).is_some(),
        TypedLiteralKind::Interval => true,
    }
}

/// Whether `TIMESTAMP '…'` is a wall clock: the session says so, and the text names no zone.
pub(super) fn is_wall_clock(text: &str) -> bool {
    timestamp_word::is_wall_clock() && (string_to_timestamp_ntz(text, false).is_some() || is_special(text))
}

/// `today` and its like, which only literals may say.
fn is_special(text: &str) -> bool {
    let word = text.trim();
    ["epoch", "now", "today", "tomorrow", "yesterday"].iter().any(|special| word.eq_ignore_ascii_case(special))
}

pub(super) fn invalid(type_word: &str, text: &str) -> Error {
    INVALID_TYPED_LITERAL.with("valueType", format!("\"{type_word}\"")).with("value", format!("'{text}'"))
}

impl Parser<'_> {
    /// `INTERVAL 'text'`
    pub(super) fn check_interval_text(&self, start: usize, text: &str, negative: bool) -> Result<()> {
        let signed = if negative { format!("-{text}") } else { text.to_owned() };
        if string_to_interval(text).is_none() && string_to_interval(&signed).is_none() {
            return Err(self.about(start, invalid("INTERVAL", text)));
        }
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        let has = |names: &[&str]| words.iter().any(|word| names.iter().any(|name| word.starts_with(name)));
        if has(&["year", "month"]) && has(&["week", "day", "hour", "minute", "second", "milli", "micro"]) {
            return Err(self.mixed(start));
        }
        Ok(())
    }

    fn mixed(&self, start: usize) -> Error {
        self.about(start, MIXED_INTERVAL.with("literal", self.since(start)))
    }

    /// `INTERVAL value unit value unit …`
    pub(super) fn check_interval_pairs(&self, start: usize, pairs: &[Pair]) -> Result<()> {
        let units = |months: bool| pairs.iter().any(|pair| is_month_unit(pair.unit) == months);
        if units(true) && units(false) {
            return Err(self.mixed(start));
        }
        if let Some(pair) = pairs.iter().find(|pair| pair.is_string && !is_number(&pair.value)) {
            let error = INTERVAL_VALUE_NEEDS_NUMBER.with("value", &pair.value);
            let (from, to) = pairs.first().zip(pairs.last()).map_or((start, pair.end), |(a, b)| (a.start, b.end));
            return Err(crate::error::about(error, self.text, from, to));
        }
        let written = || {
            let parts = pairs.iter().map(|pair| format!(" {} {}", pair.value, pair.unit.spelling()));
            parts.collect::<String>()
        };
        for pair in pairs {
            check_pair(pair, &written)?;
        }
        Ok(())
    }

    /// `INTERVAL 'text' unit TO unit`; `start` is where the text stands.
    pub(super) fn check_interval_range(&self, start: usize, text: &str, from: K, to: K) -> Result<()> {
        let year_month = (from, to) == (K::Year, K::Month);
        let fields = day_time_field(from).zip(day_time_field(to)).filter(|(from, to)| from < to);
        if !year_month && fields.is_none() {
            let error = INVALID_INTERVAL_FORMAT_FROM_TO
                .with("input", text)
                .with("from", from.spelling().to_lowercase())
                .with("to", to.spelling().to_lowercase());
            return Err(self.about(start, error));
        }
        let trimmed = text.trim();
        let unsigned = trimmed.trim_start_matches(['-', '+']);
        if year_month {
            if string_to_year_month(trimmed, YearMonthField::Year, YearMonthField::Month).is_some() {
                return Ok(());
            }
            let shaped = unsigned.split_once('-').is_some_and(|(a, b)| is_digits(a) && is_digits(b));
            let error = if shaped {
                INVALID_INTERVAL_FORMAT_PARSING.with("input", text).with("interval", "year-month")
            } else {
                parse_kind(INVALID_INTERVAL_FORMAT_UNMATCHED)
                    .with("input", text)
                    .with("intervalStr", "year-month")
                    .with("supportedFormat", "`[+|-]y-m`, `INTERVAL [+|-]'[+|-]y-m' YEAR TO MONTH`")
                    .with("typeName", "interval year to month")
            };
            return Err(self.about(start, error));
        }
        let Some((first, last)) = fields else { return Ok(()) };
        if string_to_day_time(trimmed, first, last).is_some() || string_to_interval(text).is_some() {
            return Ok(());
        }
        let type_name = format!("interval {} to {}", first.name(), last.name());
        match out_of_range_part(unsigned, first, last) {
            Some(error) => Err(self.about(start, error)),
            None => Err(self.about(start, unmatched(text, &type_name, first, last))),
        }
    }
}

/// A condition of casts, found by the parser.
fn parse_kind(condition: Condition) -> Condition {
    Condition { kind: ErrorKind::Parse, ..condition }
}

fn unmatched(text: &str, type_name: &str, first: DayTimeField, last: DayTimeField) -> Error {
    let letters = [(DayTimeField::Day, "d"), (DayTimeField::Hour, "h"), (DayTimeField::Minute, "m")];
    let mut form = String::new();
    for (field, letter) in letters.into_iter().filter(|(field, _)| (first..=last).contains(field)) {
        form.push_str(letter);
        if field < last {
            form.push(if field == DayTimeField::Day { ' ' } else { ':' });
        }
    }
    if last == DayTimeField::Second {
        form.push_str("s.n");
    }
    let words = format!("{} TO {}", first.name(), last.name()).to_uppercase();
    parse_kind(INVALID_INTERVAL_FORMAT_UNMATCHED_WITH_NOTICE)
        .with("input", text)
        .with("intervalStr", "day-time")
        .with("supportedFormat", format!("`[+|-]{form}`, `INTERVAL [+|-]'[+|-]{form}' {words}`"))
        .with("typeName", type_name)
}

/// The first part of `1 25:00:00` that is larger than its unit allows.
fn out_of_range_part(text: &str, first: DayTimeField, last: DayTimeField) -> Option<Error> {
    let fields = [DayTimeField::Day, DayTimeField::Hour, DayTimeField::Minute, DayTimeField::Second];
    let fields: Vec<_> = fields.into_iter().filter(|field| (first..=last).contains(field)).collect();
    let parts: Vec<&str> = text.split([' ', ':']).collect();
    if parts.len() != fields.len() {
        return None;
    }
    if !parts.iter().all(|part| is_number(part)) {
        return None;
    }
    fields.iter().zip(parts).skip(1).find_map(|(field, part)| {
        let bound = if *field == DayTimeField::Hour { 23 } else { 59 };
        let whole = part.split('.').next().unwrap_or(part);
        whole.parse::<u64>().is_ok_and(|value| value > bound).then(|| field_out_of_range(field.name(), whole, bound))
    })
}

fn field_out_of_range(field: &str, value: &str, bound: u64) -> Error {
    let message = format!("requirement failed: {field} {value} outside range [0, {bound}]");
    INTERVAL_FIELD_OUT_OF_RANGE.with("msg", message)
}

fn check_pair(pair: &Pair, written: &impl Fn() -> String) -> Result<()> {
    let unit = pair.unit.spelling().to_lowercase();
    let number = pair.value.trim().trim_start_matches(['-', '+']).trim();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_second = matches!(pair.unit, K::Second | K::Seconds);
    if matches!(pair.unit, K::Nanosecond | K::Nanoseconds) {
        return Err(INVALID_INTERVAL_FORMAT_UNIT.with("input", written()).with("unit", unit));
    }
    if number.contains('.') && !is_second {
        return Err(INVALID_INTERVAL_FORMAT_FRACTION.with("input", written()).with("unit", unit));
    }
    if fraction.len() > SECOND_DIGITS {
        return Err(INVALID_INTERVAL_FORMAT_PRECISION.with("input", written()).with("value", number));
    }
    let amount = format!("{whole} {unit}");
    if !whole.is_empty() && string_to_interval(&amount).is_none() {
        return Err(INVALID_INTERVAL_FORMAT_ARITHMETIC.with("input", written()));
    }
    Ok(())
}

fn is_month_unit(unit: K) -> bool {
    matches!(unit, K::Year | K::Years | K::Month | K::Months)
}

fn day_time_field(unit: K) -> Option<DayTimeField> {
    Some(match unit {
        K::Day => DayTimeField::Day,
        K::Hour => DayTimeField::Hour,
        K::Minute => DayTimeField::Minute,
        K::Second => DayTimeField::Second,
        _ => return None,
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits with at most one point, a sign and blanks around.
fn is_number(text: &str) -> bool {
    let unsigned = text.trim().trim_start_matches(['-', '+']).trim();
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    (is_digits(whole) || (whole.is_empty() && is_digits(fraction)))
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}
