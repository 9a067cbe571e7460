//! `Zone`: a time zone as `java.time.ZoneId` understands it, and the offset arithmetic that Spark does with it.
//!
//! Names are read as Spark's `getZoneId` reads them: regions, Java's three-letter short ids, `UTC+1`, `+01:00`, `+1:00`.
//! Region rules come from chrono-tz, whose tables end before 2100; later years use an earlier year with the same
//! calendar, as the rules themselves repeat.

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::datetime_text::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil};

/// Largest offset of `java.time.ZoneOffset`, in seconds.
const MAX_OFFSET_SECONDS: i32 = 18 * 3600;
/// First year whose rules are read from an earlier year.
const FIRST_REPEATED_YEAR: i64 = 2090;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// Seconds east of Greenwich.
    Fixed(i32),
    Region(Tz),
}

/// `ZoneId.SHORT_IDS`.
const SHORT_IDS: [(&str, Zone); 28] = [
    ("EST", Zone::Fixed(-5 * 3600)),
    ("HST", Zone::Fixed(-10 * 3600)),
    ("MST", Zone::Fixed(-7 * 3600)),
    ("ACT", Zone::Region(Tz::Australia__Darwin)),
    ("AET", Zone::Region(Tz::Australia__Sydney)),
    ("AGT", Zone::Region(Tz::America__Argentina__Buenos_Aires)),
    ("ART", Zone::Region(Tz::Africa__Cairo)),
    ("AST", Zone::Region(Tz::America__Anchorage)),
    ("BET", Zone::Region(Tz::America__Sao_Paulo)),
    ("BST", Zone::Region(Tz::Asia__Dhaka)),
    ("CAT", Zone::Region(Tz::Africa__Harare)),
    ("CNT", Zone::Region(Tz::America__St_Johns)),
    ("CST", Zone::Region(Tz::America__Chicago)),
    ("CTT", Zone::Region(Tz::Asia__Shanghai)),
    ("EAT", Zone::Region(Tz::Africa__Addis_Ababa)),
    ("ECT", Zone::Region(Tz::Europe__Paris)),
    ("IET", Zone::Region(Tz::America__Indiana__Indianapolis)),
    ("IST", Zone::Region(Tz::Asia__Kolkata)),
    ("JST", Zone::Region(Tz::Asia__Tokyo)),
    ("MIT", Zone::Region(Tz::Pacific__Apia)),
    ("NET", Zone::Region(Tz::Asia__Yerevan)),
    ("NST", Zone::Region(Tz::Pacific__Auckland)),
    ("PLT", Zone::Region(Tz::Asia__Karachi)),
    ("PNT", Zone::Region(Tz::America__Phoenix)),
    ("PRT", Zone::Region(Tz::America__Puerto_Rico)),
    ("PST", Zone::Region(Tz::America__Los_Angeles)),
    ("SST", Zone::Region(Tz::Pacific__Guadalcanal)),
    ("VST", Zone::Region(Tz::Asia__Ho_Chi_Minh)),
];

impl Zone {
    pub const UTC: Self = Self::Fixed(0);

    /// Reads a zone name; `None` when Java would refuse it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        match bytes.first()? {
            b'Z' if bytes.len() == 1 => return Some(Self::UTC),
            b'+' | b'-' => return parse_offset(bytes).map(Self::Fixed),
            _ => {}
        }
        for prefix in ["UTC", "GMT", "UT"] {
            match text.strip_prefix(prefix).map(str::as_bytes) {
                Some([]) => return Some(Self::UTC),
                Some(rest @ [b'+' | b'-', ..]) => return parse_offset(rest).map(Self::Fixed),
                Some(_) | None => {}
            }
        }
        if let Some((_, zone)) = SHORT_IDS.iter().find(|(name, _)| *name == text) {
            return Some(*zone);
        }
        text.parse().ok().map(Self::Region)
    }

    /// Seconds to add to an instant to get its wall clock.
    pub fn offset_at(&self, micros: i64) -> i32 {
        match self {
            Self::Fixed(seconds) => *seconds,
            Self::Region(tz) => region_offset_at(*tz, micros),
        }
    }

    /// The wall clock of an instant.
    pub fn to_local(&self, micros: i64) -> i64 {
        micros.saturating_add(i64::from(self.offset_at(micros)) * MICROS_PER_SECOND)
    }

    /// The instant of a wall clock, as `LocalDateTime.atZone` chooses it: the earlier of two, and shifted by the gap's
    /// length when the clock skipped it. `None` past the range of microseconds.
    pub fn to_instant(&self, local: i64) -> Option<i64> {
        let offset = match self {
            Self::Fixed(seconds) => *seconds,
            Self::Region(tz) => region_offset_of_local(*tz, local),
        };
        local.checked_sub(i64::from(offset) * MICROS_PER_SECOND)
    }
}

fn region_offset_at(tz: Tz, micros: i64) -> i32 {
    let Some(utc) = naive(micros) else { return 0 };
    tz.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

fn region_offset_of_local(tz: Tz, local: i64) -> i32 {
    let Some(clock) = naive(local) else { return 0 };
    match tz.offset_from_local_datetime(&clock) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset.fix().local_minus_utc(),
        // Inside a gap: the offset before it. No gap is longer than a day.
        LocalResult::None => match naive(local.saturating_sub(MICROS_PER_DAY)) {
            Some(before) => tz
                .offset_from_local_datetime(&before)
                .latest()
                .map_or_else(|| region_offset_at(tz, local), |offset| offset.fix().local_minus_utc()),
            None => 0,
        },
    }
}

/// The moment for looking up rules: years past the tables are mapped to a year with the same weekdays and leap day.
fn naive(micros: i64) -> Option<NaiveDateTime> {
    let days = micros.div_euclid(MICROS_PER_DAY);
    let (year, month, day) = civil_from_days(days);
    let micros = if year >= FIRST_REPEATED_YEAR {
        let january = days_from_civil(year, 1, 1);
        let weekday = january.rem_euclid(7);
        let leap = days_from_civil(year + 1, 1, 1) - january;
        let same = (FIRST_REPEATED_YEAR - 28..FIRST_REPEATED_YEAR).find(|candidate| {
            let start = days_from_civil(*candidate, 1, 1);
            start.rem_euclid(7) == weekday && days_from_civil(candidate + 1, 1, 1) - start == leap
        })?;
        days_from_civil(same, month, day) * MICROS_PER_DAY + micros.rem_euclid(MICROS_PER_DAY)
    } else {
        micros
    };
    match DateTime::from_timestamp_micros(micros) {
        Some(moment) => Some(moment.naive_utc()),
        // Before chrono's first year every region is on local mean time, as in its first year.
        None => DateTime::from_timestamp(-1_000_000_000_000, 0).map(|moment| moment.naive_utc()),
    }
}

/// `+h`, `+hh`, `+h:mm`, `+hh:m`, `+hh:mm`, `+hhmm`, `+hh:mm:ss`, `+hhmmss`.
fn parse_offset(bytes: &[u8]) -> Option<i32> {
    let (sign, rest) = match bytes {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let two = |a: &u8, b: &u8| Some(digit(*a)? * 10 + digit(*b)?);
    let (hours, minutes, seconds) = match rest {
        [h] => (digit(*h)?, 0, 0),
        [h1, h2] => (two(h1, h2)?, 0, 0),
        [h, b':', m1, m2] => (digit(*h)?, two(m1, m2)?, 0),
        [h, b':', m] => (digit(*h)?, digit(*m)?, 0),
        [h1, h2, b':', m] => (two(h1, h2)?, digit(*m)?, 0),
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (two(h1, h2)?, two(m1, m2)?, 0),
        [h, b':', m1, m2, b':', s1, s2] => (digit(*h)?, two(m1, m2)?, two(s1, s2)?),
        [h1, h2, b':', m1, m2, b':', s1, s2] | [h1, h2, m1, m2, s1, s2] => (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?),
        _ => return None,
    };
    let total = hours * 3600 + minutes * 60 + seconds;
    (minutes < 60 && seconds < 60 && total <= MAX_OFFSET_SECONDS).then_some(sign * total)
}

fn digit(byte: u8) -> Option<i32> {
    byte.is_ascii_digit().then(|| i32::from(byte - b'0'))
}
