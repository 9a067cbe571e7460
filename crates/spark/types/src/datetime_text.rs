//! Text of dates, times, timestamps and intervals as Spark's casts to string print them, and the calendar under it.
//!
//! Years outside 0..=9999 have a sign (`+10000-01-01`), fractions have no trailing zeros. Intervals are in the ANSI
//! style (`INTERVAL '1 02:03:04' DAY TO SECOND`); calendar intervals in Spark's own (`1 years 2 days`).

use std::fmt::{self, Write};

use crate::data_type::{DayTimeField, YearMonthField};
use crate::text_buffer::TextBuffer;
use crate::zone::Zone;

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Year, month and day of a day since 1970-01-01 in the proleptic Gregorian calendar.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    // Years run from March here, so the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Days since 1970-01-01 of a date that exists.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Days in a month.
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `2024-02-29`.
pub fn write_date(out: &mut impl Write, days: i32) -> fmt::Result {
    let mut text = TextBuffer::new();
    push_date(&mut text, i64::from(days));
    text.write_to(out)
}

/// `2024-02-29 01:02:03.5` in the wall clock of `zone`.
pub fn write_timestamp(out: &mut impl Write, micros: i64, zone: &Zone) -> fmt::Result {
    let offset = i64::from(zone.offset_at(micros)) * MICROS_PER_SECOND;
    // By parts, as the wall clock of the last instants does not fit.
    let time = micros.rem_euclid(MICROS_PER_DAY) + offset;
    let days = micros.div_euclid(MICROS_PER_DAY) + time.div_euclid(MICROS_PER_DAY);
    write_clock(out, days, time.rem_euclid(MICROS_PER_DAY))
}

/// `2024-02-29 01:02:03.5` of a wall clock.
pub fn write_timestamp_ntz(out: &mut impl Write, micros: i64) -> fmt::Result {
    write_clock(out, micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY))
}

fn write_clock(out: &mut impl Write, days: i64, micros_of_day: i64) -> fmt::Result {
    let mut text = TextBuffer::new();
    push_date(&mut text, days);
    text.push(b' ');
    push_time(&mut text, micros_of_day.unsigned_abs() * 1000);
    text.write_to(out)
}

/// `01:02:03.5` of nanoseconds of the day.
pub fn write_time(out: &mut impl Write, nanos: i64) -> fmt::Result {
    let mut text = TextBuffer::new();
    push_time(&mut text, nanos.unsigned_abs());
    text.write_to(out)
}

fn push_date(text: &mut TextBuffer, days: i64) {
    let (year, month, day) = civil_from_days(days);
    if year < 0 {
        text.push(b'-');
    } else if year > 9999 {
        text.push(b'+');
    }
    text.push_padded(year.unsigned_abs(), 4);
    text.push(b'-');
    text.push_two(month);
    text.push(b'-');
    text.push_two(day);
}

fn push_time(text: &mut TextBuffer, nanos_of_day: u64) {
    let seconds = nanos_of_day / NANOS_PER_SECOND;
    text.push_two((seconds / 3600) as u32);
    text.push(b':');
    text.push_two((seconds / 60 % 60) as u32);
    text.push(b':');
    text.push_two((seconds % 60) as u32);
    text.push_fraction(nanos_of_day % NANOS_PER_SECOND, 9);
}

impl YearMonthField {
    pub fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
        }
    }

    fn upper_name(self) -> &'static str {
        match self {
            Self::Year => "YEAR",
            Self::Month => "MONTH",
        }
    }
}

impl DayTimeField {
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }

    fn upper_name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Hour => "HOUR",
            Self::Minute => "MINUTE",
            Self::Second => "SECOND",
        }
    }
}

/// `INTERVAL '1-2' YEAR TO MONTH`.
pub fn write_year_month_interval(
    out: &mut impl Write,
    months: i32,
    start: YearMonthField,
    end: YearMonthField,
) -> fmt::Result {
    let sign = if months < 0 { "-" } else { "" };
    let months = months.unsigned_abs();
    match (start, end) {
        (YearMonthField::Year, YearMonthField::Year) => write!(out, "INTERVAL '{sign}{}' YEAR", months / 12),
        (YearMonthField::Month, YearMonthField::Month) => write!(out, "INTERVAL '{sign}{months}' MONTH"),
        (YearMonthField::Year, YearMonthField::Month) | (YearMonthField::Month, YearMonthField::Year) => write!(
            out,
            "INTERVAL '{sign}{}-{}' {} TO {}",
            months / 12,
            months % 12,
            start.upper_name(),
            end.upper_name()
        ),
    }
}

/// `INTERVAL '1 02:03:04.5' DAY TO SECOND`; the first field is as large as it needs to be.
pub fn write_day_time_interval(
    out: &mut impl Write,
    micros: i64,
    start: DayTimeField,
    end: DayTimeField,
) -> fmt::Result {
    let mut text = TextBuffer::new();
    if micros < 0 {
        text.push(b'-');
    }
    let mut rest = micros.unsigned_abs();
    for field in [DayTimeField::Day, DayTimeField::Hour, DayTimeField::Minute, DayTimeField::Second] {
        if field < start || field > end {
            continue;
        }
        let (size, separator) = match field {
            DayTimeField::Day => (MICROS_PER_DAY, b' '),
            DayTimeField::Hour => (MICROS_PER_HOUR, b' '),
            DayTimeField::Minute => (MICROS_PER_MINUTE, b':'),
            DayTimeField::Second => (MICROS_PER_SECOND, b':'),
        };
        if field > start {
            text.push(separator);
        }
        let size = size.unsigned_abs();
        text.push_padded(rest / size, if field == DayTimeField::Day { 1 } else { 2 });
        rest %= size;
    }
    if end == DayTimeField::Second {
        text.push_fraction(rest, 6);
    }
    out.write_str("INTERVAL '")?;
    text.write_to(out)?;
    out.write_str("' ")?;
    out.write_str(start.upper_name())?;
    if start != end {
        out.write_str(" TO ")?;
        out.write_str(end.upper_name())?;
    }
    Ok(())
}

/// `1 years 2 months 3 days 4 hours 5 minutes 6.7 seconds`: parts that are zero are left out.
pub fn write_calendar_interval(out: &mut impl Write, months: i32, days: i32, micros: i64) -> fmt::Result {
    if months == 0 && days == 0 && micros == 0 {
        return out.write_str("0 seconds");
    }
    let parts = [
        (i64::from(months / 12), "years"),
        (i64::from(months % 12), "months"),
        (i64::from(days), "days"),
        (micros / MICROS_PER_HOUR, "hours"),
        (micros % MICROS_PER_HOUR / MICROS_PER_MINUTE, "minutes"),
    ];
    let mut separator = "";
    for (count, unit) in parts.into_iter().filter(|(count, _)| *count != 0) {
        write!(out, "{separator}{count} {unit}")?;
        separator = " ";
    }
    let rest = micros % MICROS_PER_MINUTE;
    if rest != 0 {
        let mut text = TextBuffer::new();
        text.push_bytes(separator.as_bytes());
        if rest < 0 {
            text.push(b'-');
        }
        text.push_padded(rest.unsigned_abs() / MICROS_PER_SECOND.unsigned_abs(), 1);
        text.push_fraction(rest.unsigned_abs() % MICROS_PER_SECOND.unsigned_abs(), 6);
        text.push_bytes(b" seconds");
        text.write_to(out)?;
    }
    Ok(())
}
