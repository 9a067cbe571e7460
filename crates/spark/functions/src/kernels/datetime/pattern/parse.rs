//! Text to moments: Java's strict parsing and resolution, with Spark's defaults for what is not there (1970, January,
//! the first, midnight).

use hearth_types::datetime_text::{MICROS_PER_DAY, days_from_civil, days_in_month};
use hearth_types::zone::Zone;

use super::{Field, Item, OffsetForm, Pattern, SignStyle, names};

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Microseconds of the wall clock.
    pub local: i64,
    /// The zone in the text.
    pub zone: Option<Zone>,
}

/// Why a text does not fit, as `DateTimeParseException` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseFailure {
    /// Byte offset.
    At(usize),
    Unparsed(usize),
    Invalid(String),
}

impl ParseFailure {
    pub fn message(&self, text: &str) -> String {
        match self {
            Self::At(index) => format!("Text '{text}' could not be parsed at index {index}"),
            Self::Unparsed(index) => {
                format!("Text '{text}' could not be parsed, unparsed text found at index {index}")
            }
            Self::Invalid(reason) => format!("Text '{text}' could not be parsed: {reason}"),
        }
    }
}

const FIELDS: usize = 16;

#[derive(Debug, Clone, Default)]
struct State {
    fields: [Option<i64>; FIELDS],
    nanos: Option<i64>,
    zone: Option<Zone>,
}

impl State {
    fn get(&self, field: Field) -> Option<i64> {
        self.fields[field as usize]
    }

    /// Fails when the field has another value already.
    fn set(&mut self, field: Field, value: i64) -> bool {
        let place = &mut self.fields[field as usize];
        let same = place.is_none_or(|before| before == value);
        *place = Some(value);
        same
    }
}

impl Pattern {
    pub fn parse(&self, text: &str) -> Result<Parsed, ParseFailure> {
        let mut state = State::default();
        let end = read_items(&self.items, text, 0, &mut state).map_err(ParseFailure::At)?;
        if end < text.len() {
            return Err(ParseFailure::Unparsed(end));
        }
        let local = resolve(&state).map_err(ParseFailure::Invalid)?;
        Ok(Parsed { local, zone: state.zone })
    }
}

/// Where reading ended, or where it failed.
fn read_items(items: &[Item], text: &str, start: usize, state: &mut State) -> Result<usize, usize> {
    let mut at = start;
    for item in items {
        let rest = text.get(at..).ok_or(at)?;
        at += match item {
            Item::Literal(literal) => {
                let fits = rest.get(..literal.len()).is_some_and(|start| start.eq_ignore_ascii_case(literal));
                if !fits {
                    return Err(at + common_prefix(rest, literal));
                }
                literal.len()
            }
            Item::Number { field, min, max, sign, reserved } => {
                let (value, length) = read_number(rest, *min, *max, *sign, *reserved).ok_or(at)?;
                if !state.set(*field, value) {
                    return Err(at);
                }
                length
            }
            Item::ShortYear { field, .. } => {
                let (value, length) = read_number(rest, 2, 2, SignStyle::NotNegative, 0).ok_or(at)?;
                if !state.set(*field, 2000 + value) {
                    return Err(at);
                }
                length
            }
            Item::Fraction { min, max } => {
                let digits = rest.bytes().take(*max).take_while(u8::is_ascii_digit).count();
                if digits < *min {
                    return Err(at + digits);
                }
                let value: i64 = rest[..digits].parse().unwrap_or(0);
                state.nanos = Some(value * 10i64.pow(9 - digits.min(9) as u32));
                digits
            }
            Item::Text { field, full } => {
                let (value, length) = names::read(*field, *full, rest).ok_or(at)?;
                if !state.set(*field, value) {
                    return Err(at);
                }
                length
            }
            Item::ZoneId => read_zone(rest, false, state).ok_or(at)?,
            Item::ZoneName { .. } => read_zone(rest, true, state).ok_or(at)?,
            Item::Offset { form, zero } => read_offset(rest, *form, zero, state).ok_or(at)?,
            Item::LocalizedOffset { full } => read_localized(rest, *full, state).ok_or(at)?,
            Item::Optional(items) => {
                let mut attempt = state.clone();
                match read_items(items, text, at, &mut attempt) {
                    Ok(end) => {
                        *state = attempt;
                        end - at
                    }
                    Err(_) => 0,
                }
            }
        };
    }
    Ok(at)
}

fn common_prefix(text: &str, literal: &str) -> usize {
    // Java reads a literal character by character and reports the first that differs.
    text.bytes().zip(literal.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

fn read_number(text: &str, min: usize, max: usize, style: SignStyle, reserved: usize) -> Option<(i64, usize)> {
    let bytes = text.as_bytes();
    let (negative, signed) = match bytes.first() {
        Some(b'+') if style == SignStyle::ExceedsPad => (false, true),
        Some(b'-') if style != SignStyle::NotNegative => (true, true),
        _ => (false, false),
    };
    let digits = &bytes[usize::from(signed)..];
    let there = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = there.min(max + reserved);
    if reserved > 0 {
        length = length.saturating_sub(reserved).max(min).min(there);
    }
    length = length.min(max);
    if length < min {
        return None;
    }
    let mut value = 0i64;
    for byte in &digits[..length] {
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    match style {
        // Strict: a plus belongs to a number longer than the width, and only there.
        SignStyle::ExceedsPad if !negative && signed != (length > min) => return None,
        SignStyle::ExceedsPad | SignStyle::Normal | SignStyle::NotNegative => {}
    }
    Some((if negative { -value } else { value }, length + usize::from(signed)))
}

/// The longest zone name at the start of the text.
fn read_zone(text: &str, names_too: bool, state: &mut State) -> Option<usize> {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'-' | b':' | b'~'))
        .count();
    let (zone, length) = (1..=length).rev().find_map(|length| {
        let name = text.get(..length)?;
        let named = names::ABBREVIATIONS.iter().find(|(short, _)| names_too && short.eq_ignore_ascii_case(name));
        let zone = match named {
            Some((_, region)) => Zone::parse(region),
            None => Zone::parse(name),
        };
        zone.map(|zone| (zone, length))
    })?;
    state.zone = Some(zone);
    Some(length)
}

fn two_digits(bytes: &[u8]) -> Option<i32> {
    match bytes {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', ..] => Some(i32::from(a - b'0') * 10 + i32::from(b - b'0')),
        _ => None,
    }
}

fn read_offset(text: &str, form: OffsetForm, zero: &str, state: &mut State) -> Option<usize> {
    let bytes = text.as_bytes();
    let sign = match bytes.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => {
            let zero_here = text.get(..zero.len()).is_some_and(|start| start.eq_ignore_ascii_case(zero));
            state.zone = Some(Zone::UTC);
            return zero_here.then_some(zero.len());
        }
    };
    let colon = usize::from(matches!(form, OffsetForm::HourColonMinute | OffsetForm::HourColonMinuteMaybeSecond));
    let hours = two_digits(bytes.get(1..)?)?;
    let mut at = 3;
    let part = |at: usize| -> Option<i32> {
        if colon == 1 && bytes.get(at) != Some(&b':') {
            return None;
        }
        two_digits(bytes.get(at + colon..)?)
    };
    let minutes = match (part(at), form) {
        (Some(minutes), _) => {
            at += 2 + colon;
            minutes
        }
        (None, OffsetForm::HourMaybeMinute) => 0,
        (None, _) => return None,
    };
    let mut seconds = 0;
    if matches!(form, OffsetForm::HourMinuteMaybeSecond | OffsetForm::HourColonMinuteMaybeSecond)
        && let Some(value) = part(at)
    {
        seconds = value;
        at += 2 + colon;
    }
    let total = hours * 3600 + minutes * 60 + seconds;
    if minutes > 59 || seconds > 59 || total > 18 * 3600 {
        return None;
    }
    state.zone = Some(Zone::Fixed(sign * total));
    Some(at)
}

/// `GMT`, `GMT+8`, `GMT+08:30`.
fn read_localized(text: &str, full: bool, state: &mut State) -> Option<usize> {
    let rest = text.strip_prefix("GMT")?;
    let bytes = rest.as_bytes();
    let sign = match bytes.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => {
            state.zone = Some(Zone::UTC);
            return Some(3);
        }
    };
    let mut at = 1;
    let hours = match two_digits(&bytes[1..]) {
        Some(hours) => {
            at += 2;
            hours
        }
        None if !full && bytes.get(1)?.is_ascii_digit() => {
            at += 1;
            i32::from(bytes[1] - b'0')
        }
        None => return None,
    };
    let mut minutes = 0;
    if bytes.get(at) == Some(&b':') {
        minutes = two_digits(bytes.get(at + 1..)?)?;
        at += 3;
    } else if full {
        return None;
    }
    state.zone = Some(Zone::Fixed(sign * (hours * 3600 + minutes * 60)));
    Some(3 + at)
}

/// Checks a field against its range.
fn within(state: &State, field: Field, name: &str, low: i64, high: i64) -> Result<Option<i64>, String> {
    match state.get(field) {
        Some(value) if !(low..=high).contains(&value) => {
            let shorter = match name {
                "DayOfMonth" => "28/",
                "DayOfYear" => "365/",
                _ => "",
            };
            Err(format!("Invalid value for {name} (valid values {low} - {shorter}{high}): {value}"))
        }
        value => Ok(value),
    }
}

/// The wall clock that the fields mean.
fn resolve(state: &State) -> Result<i64, String> {
    let days = resolve_date(state)?;
    let clock_hour = within(state, Field::ClockHour, "ClockHourOfDay", 1, 24)?.map(|hour| hour % 24);
    let clock_half = within(state, Field::ClockHourOfHalf, "ClockHourOfAmPm", 1, 12)?.map(|hour| hour % 12);
    let half_hour = within(state, Field::HourOfHalf, "HourOfAmPm", 0, 11)?.or(clock_half);
    let half = state.get(Field::HalfOfDay);
    let in_half = half_hour.map(|hour| hour + 12 * half.unwrap_or(0));
    let hour = within(state, Field::Hour, "HourOfDay", 0, 23)?.or(clock_hour);
    if let (Some(hour), Some(half)) = (hour, half)
        && hour / 12 != half
    {
        return Err(format!("Conflict found: {half} differs from {}", hour / 12));
    }
    let hour = hour.or(in_half).unwrap_or(0);
    let minute = within(state, Field::Minute, "MinuteOfHour", 0, 59)?.unwrap_or(0);
    let second = within(state, Field::Second, "SecondOfMinute", 0, 59)?.unwrap_or(0);
    let time = ((hour * 60 + minute) * 60 + second) * 1_000_000 + state.nanos.unwrap_or(0) / 1000;
    days.checked_mul(MICROS_PER_DAY)
        .and_then(|micros| micros.checked_add(time))
        .ok_or_else(|| "the date is out of range".to_owned())
}

fn resolve_date(state: &State) -> Result<i64, String> {
    let year = match (state.get(Field::Year), state.get(Field::YearOfEra)) {
        (Some(year), _) => year,
        (None, Some(year)) if state.get(Field::Era) == Some(0) => 1 - year,
        (None, Some(year)) => year,
        (None, None) => 1970,
    };
    if !(-999_999_999..=999_999_999).contains(&year) {
        return Err(format!("Invalid value for Year: {year}"));
    }
    let month = within(state, Field::Month, "MonthOfYear", 1, 12)?;
    let day = within(state, Field::Day, "DayOfMonth", 1, 31)?;
    let of_year = within(state, Field::DayOfYear, "DayOfYear", 1, 366)?;
    if let (Some(of_year), None, None) = (of_year, month, day) {
        let first = days_from_civil(year, 1, 1);
        let length = days_from_civil(year + 1, 1, 1) - first;
        if of_year > length {
            return Err(format!("Invalid date 'DayOfYear {of_year}' as '{year}' is not a leap year"));
        }
        return Ok(first + of_year - 1);
    }
    let (month, day) = (month.unwrap_or(1) as u32, day.unwrap_or(1) as u32);
    if day > days_in_month(year, month) {
        return Err(format!("Invalid date '{month}-{day}'"));
    }
    let days = days_from_civil(year, month, day);
    match of_year {
        Some(of_year) if days_from_civil(year, 1, 1) + of_year - 1 != days => {
            Err("Conflict found: day of year and date differ".to_owned())
        }
        Some(_) | None => Ok(days),
    }
}
