//! Strings to dates, timestamps and times, as Spark's casts read them.
//!
//! The formats are those of `SparkDateTimeUtils`: partial dates (`2020`, `2020-1`), one- or two-digit fields, `T` or a
//! space before the time, more than six fraction digits cut off, a zone at the end. Surrounding whitespace and control
//! characters do not count. Nothing here allocates.

use crate::datetime_text::{MICROS_PER_DAY, civil_from_days, days_from_civil, days_in_month};
use crate::zone::Zone;

/// The text without the whitespace and control characters around it (`UTF8String.trimAll`).
pub fn trim_all(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ' || ('\u{7f}'..='\u{9f}').contains(&c))
}

/// Days since 1970-01-01. Text after a full date is ignored if a space or `T` comes first, as Spark does.
pub fn string_to_date(text: &str) -> Option<i32> {
    let bytes = trim_all(text).as_bytes();
    let (sign, bytes) = split_sign(bytes);
    let mut fields = [1i64, 1, 1];
    let mut index = 0;
    let mut value = 0i64;
    let mut digits = 0;
    let mut rest = bytes.iter();
    let mut ended_early = false;
    for byte in rest.by_ref() {
        match byte {
            b' ' | b'T' => {
                ended_early = true;
                break;
            }
            b'-' if index < 2 => {
                fields[index] = date_field(index, value, digits)?;
                (index, value, digits) = (index + 1, 0, 0);
            }
            b'0'..=b'9' if digits < 8 => {
                value = value * 10 + i64::from(byte - b'0');
                digits += 1;
            }
            _ => return None,
        }
    }
    fields[index] = date_field(index, value, digits)?;
    if index < 2 && ended_early {
        return None;
    }
    days(sign.unwrap_or(1) * fields[0], fields[1], fields[2]).and_then(|days| i32::try_from(days).ok())
}

fn date_field(index: usize, value: i64, digits: u32) -> Option<i64> {
    let allowed = if index == 0 { 4..=7 } else { 1..=2 };
    allowed.contains(&digits).then_some(value)
}

fn split_sign(bytes: &[u8]) -> (Option<i64>, &[u8]) {
    match bytes {
        [b'-', rest @ ..] => (Some(-1), rest),
        [b'+', rest @ ..] => (Some(1), rest),
        _ => (None, bytes),
    }
}

/// Days of a date, if it exists.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let month = u32::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    let day = u32::try_from(day).ok().filter(|day| *day >= 1 && *day <= days_in_month(year, month))?;
    Some(days_from_civil(year, month, day))
}

/// Microseconds since the epoch; a string without a zone is in `zone`. A bare time is on the day that `now` (in
/// microseconds since the epoch) has there.
pub fn string_to_timestamp(text: &str, zone: &Zone, now: i64) -> Option<i64> {
    let parts = TimestampParts::parse(text)?;
    let zone = parts.zone.as_ref().unwrap_or(zone);
    let day = match parts.date {
        Some((year, month, day)) => days(year, month, day)?,
        None => zone.to_local(now).div_euclid(MICROS_PER_DAY),
    };
    let local = i128::from(day) * i128::from(MICROS_PER_DAY) + i128::from(parts.time_micros()?);
    match i64::try_from(local) {
        Ok(local) => zone.to_instant(local),
        // Only the offset can bring it back into range.
        Err(_) => {
            let offset = zone.offset_at(if local < 0 { i64::MIN } else { i64::MAX });
            i64::try_from(local - i128::from(offset) * 1_000_000).ok()
        }
    }
}

/// Microseconds of the wall clock. A zone in the text is allowed and dropped, unless `allow_zone` is false.
pub fn string_to_timestamp_ntz(text: &str, allow_zone: bool) -> Option<i64> {
    let parts = TimestampParts::parse(text)?;
    if !allow_zone && parts.zone.is_some() {
        return None;
    }
    let (year, month, day) = parts.date?;
    let local = i128::from(days(year, month, day)?) * i128::from(MICROS_PER_DAY) + i128::from(parts.time_micros()?);
    i64::try_from(local).ok()
}

/// Nanoseconds of the day (microsecond resolution), from `12:30`, `12:30:15.5` or with `AM`/`PM` behind.
pub fn string_to_time(text: &str) -> Option<i64> {
    let trimmed = trim_all(text);
    let split = trimmed.len().checked_sub(2)?;
    let (clock, half) = match trimmed.get(split..) {
        Some(end) if end.eq_ignore_ascii_case("am") => (&trimmed[..split], Some(0)),
        Some(end) if end.eq_ignore_ascii_case("pm") => (&trimmed[..split], Some(12)),
        Some(_) | None => (trimmed, None),
    };
    let mut parts = TimestampParts::parse(clock.trim_end())?;
    if parts.date.is_some() || parts.zone.is_some() {
        return None;
    }
    if let Some(half) = half {
        let hour = parts.time[0];
        if !(1..=12).contains(&hour) {
            return None;
        }
        parts.time[0] = hour % 12 + half;
    }
    parts.time_micros().map(|micros| micros * 1000)
}

/// What a timestamp string says, before the fields are checked against the calendar.
struct TimestampParts {
    /// `None` for a bare time.
    date: Option<(i64, i64, i64)>,
    /// Hour, minute, second, microsecond.
    time: [i64; 4],
    zone: Option<Zone>,
}

const YEAR: usize = 0;
const DAY: usize = 2;
const HOUR: usize = 3;
const MINUTE: usize = 4;
const SECOND: usize = 5;
const FRACTION: usize = 6;

/// One pass over the text: the field being read and what was read.
struct Scanner {
    fields: [i64; 7],
    index: usize,
    value: i64,
    digits: u32,
    signed: bool,
    just_time: bool,
}

impl TimestampParts {
    fn parse(text: &str) -> Option<Self> {
        let text = trim_all(text);
        let (sign, rest) = split_sign(text.as_bytes());
        if text.is_empty() {
            return None;
        }
        let mut scanner = Scanner {
            fields: [1, 1, 1, 0, 0, 0, 0],
            index: YEAR,
            value: 0,
            digits: 0,
            signed: sign.is_some(),
            just_time: false,
        };
        let mut zone = None;
        for (at, byte) in rest.iter().enumerate() {
            if byte.is_ascii_digit() {
                scanner.digit(*byte)?;
            } else if at == 0 && sign.is_none() && *byte == b'T' {
                scanner.just_time = true;
                scanner.index = HOUR;
            } else if !scanner.separator(*byte)? {
                let start = text.len() - rest.len() + at;
                zone = Some(Zone::parse(text.get(start..)?.trim())?);
                break;
            }
        }
        if zone.is_none() {
            scanner.close()?;
        }
        let [year, month, day, hour, minute, second, fraction] = scanner.fields;
        let date = (!scanner.just_time).then_some((year * sign.unwrap_or(1), month, day));
        Some(Self { date, time: [hour, minute, second, fraction], zone })
    }

    fn time_micros(&self) -> Option<i64> {
        let [hour, minute, second, micros] = self.time;
        (hour < 24 && minute < 60 && second < 60).then_some(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
    }
}

impl Scanner {
    fn digit(&mut self, byte: u8) -> Option<()> {
        if self.index != FRACTION || self.digits < 6 {
            self.value = self.value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
        }
        self.digits += 1;
        Some(())
    }

    /// Stores the field that ends here, if it has as many digits as it may.
    fn close(&mut self) -> Option<()> {
        let allowed = match self.index {
            YEAR => 4..=6,
            FRACTION => 0..=u32::MAX,
            _ => 1..=2,
        };
        if !allowed.contains(&self.digits) {
            return None;
        }
        if self.index == FRACTION {
            self.value *= 10i64.pow(6 - self.digits.min(6));
        }
        self.fields[self.index] = self.value;
        (self.value, self.digits) = (0, 0);
        Some(())
    }

    /// `Some(false)` where a zone starts, `None` where nothing can follow.
    fn separator(&mut self, byte: u8) -> Option<bool> {
        match (self.index, byte) {
            (YEAR, b':') if !self.signed => {
                self.just_time = true;
                self.index = HOUR;
                self.close()?;
            }
            (0..DAY, b'-') | (DAY, b' ' | b'T') | (HOUR | MINUTE, b':') | (SECOND, b'.') => self.close()?,
            (SECOND | FRACTION, _) => {
                self.close()?;
                return Some(false);
            }
            (_, _) => return None,
        }
        self.index += 1;
        Some(true)
    }
}

/// `epoch`, `now`, `today`, `yesterday`, `tomorrow`: what typed literals and casts of constants know besides dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialMoment {
    Epoch,
    Now,
    Today,
    Yesterday,
    Tomorrow,
}

impl SpecialMoment {
    /// Reads the word, optionally with a zone behind it.
    pub fn parse(text: &str) -> Option<(Self, Option<Zone>)> {
        let text = trim_all(text);
        let (word, zone) = match text.find(|c: char| c.is_ascii_whitespace()) {
            Some(space) => (&text[..space], Some(Zone::parse(text[space..].trim())?)),
            None => (text, None),
        };
        let words = [
            ("epoch", Self::Epoch),
            ("now", Self::Now),
            ("today", Self::Today),
            ("yesterday", Self::Yesterday),
            ("tomorrow", Self::Tomorrow),
        ];
        words.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, moment)| (*moment, zone))
    }

    /// The day it means in `zone` at `now` (microseconds since the epoch).
    pub fn date(self, zone: &Zone, now: i64) -> i64 {
        let today = zone.to_local(now).div_euclid(MICROS_PER_DAY);
        match self {
            Self::Epoch => 0,
            Self::Now | Self::Today => today,
            Self::Yesterday => today - 1,
            Self::Tomorrow => today + 1,
        }
    }

    /// The instant it means in `zone` at `now`; days start at midnight there.
    pub fn timestamp(self, zone: &Zone, now: i64) -> Option<i64> {
        match self {
            Self::Epoch => Some(0),
            Self::Now => Some(now),
            Self::Today | Self::Yesterday | Self::Tomorrow => {
                zone.to_instant(self.date(zone, now).checked_mul(MICROS_PER_DAY)?)
            }
        }
    }
}

/// Year, month and day of days since 1970-01-01.
pub fn date_fields(days: i32) -> (i64, u32, u32) {
    civil_from_days(i64::from(days))
}
