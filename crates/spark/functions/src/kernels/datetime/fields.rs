//! Parts of dates, timestamps and intervals.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, DurationMicrosecondType, Int8Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalYearMonthType, TimestampMicrosecondType,
};
use hearth_base::Result;
use hearth_types::Zone;
use hearth_types::datetime_text::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil};

use crate::kernels::datetime::Setting;
use crate::kernels::rowwise::Args;

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatePart {
    Year,
    YearOfWeek,
    Quarter,
    Month,
    /// ISO 8601
    Week,
    Day,
    DayOfYear,
    /// 1 is Sunday.
    DayOfWeek,
    /// 1 is Monday.
    DayOfWeekIso,
    /// 0 is Monday.
    Weekday,
}

impl DatePart {
    pub fn of(self, days: i32) -> i32 {
        let days = i64::from(days);
        let weekday = (days + 3).rem_euclid(7);
        let value = match self {
            Self::Year => civil_from_days(days).0,
            Self::Quarter => i64::from(civil_from_days(days).1 + 2) / 3,
            Self::Month => i64::from(civil_from_days(days).1),
            Self::Day => i64::from(civil_from_days(days).2),
            Self::DayOfYear => days - days_from_civil(civil_from_days(days).0, 1, 1) + 1,
            Self::DayOfWeek => (weekday + 1) % 7 + 1,
            Self::DayOfWeekIso => weekday + 1,
            Self::Weekday => weekday,
            // The week belongs to the year that its Thursday is in.
            Self::YearOfWeek => civil_from_days(days - weekday + 3).0,
            Self::Week => {
                let thursday = days - weekday + 3;
                (thursday - days_from_civil(civil_from_days(thursday).0, 1, 1)) / 7 + 1
            }
        };
        value as i32
    }
}

pub fn of_date(part: &DatePart, args: &Args) -> Result<ArrayRef> {
    let date = args.column::<Date32Type>(0)?;
    args.values::<Int32Type>(|row| Some(part.of(date.get(row)?)))
}

/// The short English name of the day or month.
pub fn name(part: &DatePart, args: &Args) -> Result<ArrayRef> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = args.column::<Date32Type>(0)?;
    args.slices(|row| {
        let days = date.get(row)?;
        match part {
            DatePart::Month => MONTHS.get(DatePart::Month.of(days) as usize - 1).copied(),
            _ => DAYS.get(DatePart::Weekday.of(days) as usize).copied(),
        }
    })
}

/// A part of the time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePart {
    Hour,
    Minute,
    Second,
}

impl TimePart {
    fn of(self, local: i64) -> i64 {
        let seconds = local.rem_euclid(MICROS_PER_DAY) / MICROS_PER_SECOND;
        match self {
            Self::Hour => seconds / 3600,
            Self::Minute => seconds / 60 % 60,
            Self::Second => seconds % 60,
        }
    }
}

/// Of an instant, in the session's zone.
pub fn of_timestamp((part, setting): &(TimePart, Setting), args: &Args) -> Result<ArrayRef> {
    let micros = args.column::<TimestampMicrosecondType>(0)?;
    let zone = setting.zone()?;
    args.values::<Int32Type>(|row| Some(part.of(zone.to_local(micros.get(row)?)) as i32))
}

/// Of a wall clock.
pub fn of_wall_clock(part: &TimePart, args: &Args) -> Result<ArrayRef> {
    let micros = args.column::<TimestampMicrosecondType>(0)?;
    args.values::<Int32Type>(|row| Some(part.of(micros.get(row)?) as i32))
}

/// Seconds with their fraction, `decimal(8,6)`; the zone is `None` for a wall clock.
pub fn seconds_with_fraction(setting: &Option<Setting>, args: &Args) -> Result<ArrayRef> {
    let micros = args.column::<TimestampMicrosecondType>(0)?;
    let zone = match setting {
        Some(setting) => setting.zone()?,
        None => Zone::UTC,
    };
    args.values::<Decimal128Type>(|row| {
        Some(i128::from(zone.to_local(micros.get(row)?).rem_euclid(60 * MICROS_PER_SECOND)))
    })
}

/// A part of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntervalPart {
    Year,
    Quarter,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// Months, days and microseconds of a row, whatever kind of interval it is.
type Triple = (i32, i64, i64);

fn triples<'a>(args: &'a Args) -> Result<Box<dyn Fn(usize) -> Option<Triple> + 'a>> {
    if let Ok(months) = args.column::<IntervalYearMonthType>(0) {
        return Ok(Box::new(move |row| Some((months.get(row)?, 0, 0))));
    }
    if let Ok(micros) = args.column::<DurationMicrosecondType>(0) {
        return Ok(Box::new(move |row| {
            let micros = micros.get(row)?;
            Some((0, micros / MICROS_PER_DAY, micros % MICROS_PER_DAY))
        }));
    }
    let interval = args.column::<IntervalMonthDayNanoType>(0)?;
    Ok(Box::new(move |row| {
        let value = interval.get(row)?;
        Some((value.months, i64::from(value.days), value.nanoseconds / 1000 % MICROS_PER_DAY))
    }))
}

impl IntervalPart {
    fn of(self, (months, days, micros): Triple) -> i64 {
        match self {
            Self::Year => i64::from(months / 12),
            Self::Quarter => i64::from(months % 12 / 3 + 1),
            Self::Month => i64::from(months % 12),
            Self::Day => days,
            Self::Hour => micros / (3600 * MICROS_PER_SECOND),
            Self::Minute => micros / (60 * MICROS_PER_SECOND) % 60,
            Self::Second => micros % (60 * MICROS_PER_SECOND),
        }
    }
}

/// Years and days, as `int`.
pub fn of_interval_int(part: &IntervalPart, args: &Args) -> Result<ArrayRef> {
    let triple = triples(args)?;
    args.values::<Int32Type>(|row| Some(part.of(triple(row)?) as i32))
}

/// All small parts, as `tinyint`.
pub fn of_interval_byte(part: &IntervalPart, args: &Args) -> Result<ArrayRef> {
    let triple = triples(args)?;
    args.values::<Int8Type>(|row| Some(part.of(triple(row)?) as i8))
}

/// Seconds, as `decimal(8,6)`.
pub fn of_interval_seconds(part: &IntervalPart, args: &Args) -> Result<ArrayRef> {
    let triple = triples(args)?;
    args.values::<Decimal128Type>(|row| Some(i128::from(part.of(triple(row)?))))
}

/// `unix_timestamp` of a moment: whole seconds, cut off towards the epoch, where `unix_seconds` rounds down.
pub fn seconds_towards_epoch(_: &(), args: &Args) -> Result<ArrayRef> {
    let micros = args.column::<TimestampMicrosecondType>(0)?;
    args.values::<Int64Type>(|row| Some(micros.get(row)? / 1_000_000))
}

/// Microseconds since the epoch in units of `size` microseconds, rounded down.
pub fn epoch(size: &i64, args: &Args) -> Result<ArrayRef> {
    let micros = args.column::<TimestampMicrosecondType>(0)?;
    args.values::<Int64Type>(|row| Some(micros.get(row)?.div_euclid(*size)))
}
