//! Moving dates and timestamps, differences, truncation.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use hearth_base::Result;
use hearth_base::condition::ILLEGAL_DAY_OF_WEEK;
use hearth_types::Zone;
use hearth_types::datetime_text::{MICROS_PER_DAY, civil_from_days, days_from_civil, days_in_month};

use crate::kernels::datetime::{Setting, overflow};
use crate::kernels::rowwise::Args;

/// `date + days * sign`
pub fn add_days(sign: &i32, args: &Args) -> Result<ArrayRef> {
    let (date, days) = (args.column::<Date32Type>(0)?, args.int(1)?);
    args.values::<Date32Type>(|row| Some(date.get(row)?.wrapping_add(days.get(row)?.wrapping_mul(*sign))))
}

pub fn days_between(_: &(), args: &Args) -> Result<ArrayRef> {
    let (end, start) = (args.column::<Date32Type>(0)?, args.column::<Date32Type>(1)?);
    args.values::<Int32Type>(|row| Some(end.get(row)?.wrapping_sub(start.get(row)?)))
}

/// The same day in another month, or that month's last.
pub fn date_plus_months(days: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil_from_days(days);
    let total = (year * 12 + i64::from(month) - 1).checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) as u32 + 1);
    Some(days_from_civil(year, month, day.min(days_in_month(year, month))))
}

pub fn add_months(_: &(), args: &Args) -> Result<ArrayRef> {
    let (date, months) = (args.column::<Date32Type>(0)?, args.int(1)?);
    args.try_values::<Date32Type>(|row| {
        let (Some(date), Some(months)) = (date.get(row), months.get(row)) else { return Ok(None) };
        let moved = date_plus_months(i64::from(date), i64::from(months)).and_then(|days| i32::try_from(days).ok());
        moved.map(Some).ok_or_else(|| overflow("add_months"))
    })
}

/// Whole months and a fraction of 31 days; whole when both are the same day of the month or both the last.
pub fn months_between(setting: &Setting, args: &Args) -> Result<ArrayRef> {
    let end = args.column::<TimestampMicrosecondType>(0)?;
    let (start, round) = (args.column::<TimestampMicrosecondType>(1)?, args.boolean(2)?);
    let zone = setting.zone()?;
    args.values::<Float64Type>(|row| {
        let (end, start) = (zone.to_local(end.get(row)?), zone.to_local(start.get(row)?));
        let round = round.get(row)?;
        let parts = |local: i64| {
            let (year, month, day) = civil_from_days(local.div_euclid(MICROS_PER_DAY));
            let last = day == days_in_month(year, month);
            (year * 12 + i64::from(month), i64::from(day), last, local.rem_euclid(MICROS_PER_DAY) / 1_000_000)
        };
        let (months_a, day_a, last_a, second_a) = parts(end);
        let (months_b, day_b, last_b, second_b) = parts(start);
        let months = (months_a - months_b) as f64;
        if day_a == day_b || (last_a && last_b) {
            return Some(months);
        }
        let seconds = (day_a - day_b) * 86_400 + second_a - second_b;
        let exact = months + seconds as f64 / f64::from(31 * 86_400);
        Some(if round { (exact * 1e8).round() / 1e8 } else { exact })
    })
}

pub fn last_day(_: &(), args: &Args) -> Result<ArrayRef> {
    let date = args.column::<Date32Type>(0)?;
    args.values::<Date32Type>(|row| {
        let days = date.get(row)?;
        let (year, month, day) = civil_from_days(i64::from(days));
        Some(days + (days_in_month(year, month) - day) as i32)
    })
}

/// 0 is Monday.
fn weekday(name: &str) -> Option<i32> {
    Some(match name.to_ascii_uppercase().as_str() {
        "MO" | "MON" | "MONDAY" => 0,
        "TU" | "TUE" | "TUESDAY" => 1,
        "WE" | "WED" | "WEDNESDAY" => 2,
        "TH" | "THU" | "THURSDAY" => 3,
        "FR" | "FRI" | "FRIDAY" => 4,
        "SA" | "SAT" | "SATURDAY" => 5,
        "SU" | "SUN" | "SUNDAY" => 6,
        _ => return None,
    })
}

pub fn next_day(ansi: &bool, args: &Args) -> Result<ArrayRef> {
    let (date, name) = (args.column::<Date32Type>(0)?, args.text(1)?);
    args.try_values::<Date32Type>(|row| {
        let (Some(days), Some(name)) = (date.get(row), name.get(row)) else { return Ok(None) };
        match weekday(name) {
            Some(wanted) => Ok(Some(days + 1 + (wanted - 1 - (days + 3)).rem_euclid(7))),
            None if *ansi => Err(ILLEGAL_DAY_OF_WEEK.with("string", name)),
            None => Ok(None),
        }
    })
}

/// What a date is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Micros(i64),
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

fn level(name: &str) -> Option<Level> {
    Some(match name.to_ascii_uppercase().as_str() {
        "MICROSECOND" => Level::Micros(1),
        "MILLISECOND" => Level::Micros(1000),
        "SECOND" => Level::Micros(1_000_000),
        "MINUTE" => Level::Micros(60_000_000),
        "HOUR" => Level::Micros(3_600_000_000),
        "DAY" | "DD" => Level::Day,
        "WEEK" => Level::Week,
        "MON" | "MONTH" | "MM" => Level::Month,
        "QUARTER" => Level::Quarter,
        "YEAR" | "YYYY" | "YY" => Level::Year,
        _ => return None,
    })
}

fn truncate_days(days: i64, level: Level) -> i64 {
    let (year, month, _) = civil_from_days(days);
    match level {
        Level::Micros(_) | Level::Day => days,
        Level::Week => days - (days + 3).rem_euclid(7),
        Level::Month => days_from_civil(year, month, 1),
        Level::Quarter => days_from_civil(year, (month - 1) / 3 * 3 + 1, 1),
        Level::Year => days_from_civil(year, 1, 1),
    }
}

/// `trunc(date, unit)`: NULL for an unknown unit or one below a week.
pub fn truncate_date(_: &(), args: &Args) -> Result<ArrayRef> {
    let (date, unit) = (args.column::<Date32Type>(0)?, args.text(1)?);
    args.values::<Date32Type>(|row| {
        let level = level(unit.get(row)?)?;
        if matches!(level, Level::Micros(_) | Level::Day) {
            return None;
        }
        i32::try_from(truncate_days(i64::from(date.get(row)?), level)).ok()
    })
}

/// `date_trunc(unit, timestamp)`: NULL for an unknown unit.
pub fn truncate_timestamp(setting: &Setting, args: &Args) -> Result<ArrayRef> {
    let (unit, micros) = (args.text(0)?, args.column::<TimestampMicrosecondType>(1)?);
    let zone = setting.zone()?;
    args.values::<TimestampMicrosecondType>(|row| {
        let (level, micros) = (level(unit.get(row)?)?, micros.get(row)?);
        match level {
            Level::Micros(size) if size <= 1_000_000 => Some(micros.div_euclid(size) * size),
            // Hours and minutes are cut on the wall clock, and the offset stays.
            Level::Micros(size) => {
                let local = zone.to_local(micros);
                Some(micros - local.rem_euclid(size))
            }
            _ => {
                let days = zone.to_local(micros).div_euclid(MICROS_PER_DAY);
                zone.to_instant(truncate_days(days, level).checked_mul(MICROS_PER_DAY)?)
            }
        }
    })
}

/// A unit of `timestampadd` and `timestampdiff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Of a fixed length, in microseconds.
    Micros(i64),
    Days(i64),
    Months(i64),
}

impl Unit {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "MICROSECOND" => Self::Micros(1),
            "MILLISECOND" => Self::Micros(1000),
            "SECOND" => Self::Micros(1_000_000),
            "MINUTE" => Self::Micros(60_000_000),
            "HOUR" => Self::Micros(3_600_000_000),
            "DAY" | "DAYOFYEAR" => Self::Days(1),
            "WEEK" => Self::Days(7),
            "MONTH" => Self::Months(1),
            "QUARTER" => Self::Months(3),
            "YEAR" => Self::Months(12),
            _ => return None,
        })
    }

    fn add(self, zone: &Zone, micros: i64, count: i64) -> Option<i64> {
        let date_part = |micros: i64| {
            let local = zone.to_local(micros);
            (local.div_euclid(MICROS_PER_DAY), local.rem_euclid(MICROS_PER_DAY))
        };
        let (days, time) = match self {
            Self::Micros(size) => return micros.checked_add(size.checked_mul(count)?),
            Self::Days(size) => {
                let (days, time) = date_part(micros);
                (days.checked_add(size.checked_mul(count)?)?, time)
            }
            Self::Months(size) => {
                let (days, time) = date_part(micros);
                (date_plus_months(days, size.checked_mul(count)?)?, time)
            }
        };
        zone.to_instant(days.checked_mul(MICROS_PER_DAY)?.checked_add(time)?)
    }

    /// Whole units from one wall clock to another.
    fn between(self, start: i64, end: i64) -> Option<i64> {
        let months = |local: i64| {
            let (year, month, day) = civil_from_days(local.div_euclid(MICROS_PER_DAY));
            (year * 12 + i64::from(month), (i64::from(day), local.rem_euclid(MICROS_PER_DAY)))
        };
        Some(match self {
            Self::Micros(size) => end.checked_sub(start)? / size,
            Self::Days(size) => end.checked_sub(start)? / MICROS_PER_DAY / size,
            Self::Months(size) => {
                let ((start_months, start_rest), (end_months, end_rest)) = (months(start), months(end));
                let whole = end_months - start_months;
                let whole = match whole {
                    1.. if end_rest < start_rest => whole - 1,
                    ..=-1 if end_rest > start_rest => whole + 1,
                    _ => whole,
                };
                whole / size
            }
        })
    }
}

/// `timestampadd(unit, count, timestamp)`; the zone is UTC for a wall clock.
pub fn add_units((unit, setting): &(Unit, Setting), args: &Args) -> Result<ArrayRef> {
    let (count, micros) = (args.long(0)?, args.column::<TimestampMicrosecondType>(1)?);
    let zone = setting.zone()?;
    args.try_values::<TimestampMicrosecondType>(|row| {
        let (Some(count), Some(micros)) = (count.get(row), micros.get(row)) else { return Ok(None) };
        unit.add(&zone, micros, count).map(Some).ok_or_else(|| overflow("timestampadd"))
    })
}

/// `timestampdiff(unit, start, end)`
pub fn units_between((unit, setting): &(Unit, Setting), args: &Args) -> Result<ArrayRef> {
    let start = args.column::<TimestampMicrosecondType>(0)?;
    let end = args.column::<TimestampMicrosecondType>(1)?;
    let zone = setting.zone()?;
    args.try_values::<Int64Type>(|row| {
        let (Some(start), Some(end)) = (start.get(row), end.get(row)) else { return Ok(None) };
        let count = unit.between(zone.to_local(start), zone.to_local(end));
        count.map(Some).ok_or_else(|| overflow("timestampdiff"))
    })
}
