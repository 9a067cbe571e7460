//! Dates, timestamps and intervals from numbers.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, DurationMicrosecondType, Float64Type, Int64Type, IntervalMonthDayNano,
    IntervalMonthDayNanoType, IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use hearth_base::condition::{
    ARITHMETIC_OVERFLOW, DATETIME_FIELD_OUT_OF_BOUNDS, INTERVAL_ARITHMETIC_OVERFLOW, INVALID_FRACTION_OF_SECOND,
};
use hearth_base::{Error, Result};
use hearth_types::Zone;
use hearth_types::datetime_text::{MICROS_PER_DAY, MICROS_PER_HOUR, days_from_civil, days_in_month};

use crate::kernels::datetime::{Setting, overflow, zone};
use crate::kernels::rowwise::Args;

const MONTHS: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

fn out_of_bounds(message: String) -> Error {
    DATETIME_FIELD_OUT_OF_BOUNDS.with("rangeMessage", message).with("ansiConfig", "\"spark.sql.ansi.enabled\"")
}

fn within(name: &str, value: i32, low: i32, high: i32) -> Result<u32> {
    if (low..=high).contains(&value) {
        return Ok(value.unsigned_abs());
    }
    // Java says of days that some months end earlier.
    let shorter = if name == "DayOfMonth" { "28/" } else { "" };
    Err(out_of_bounds(format!("Invalid value for {name} (valid values {low} - {shorter}{high}): {value}")))
}

/// Days of a date that must exist (`LocalDate.of`).
fn date_of(year: i32, month: i32, day: i32) -> Result<i64> {
    within("Year", year, -999_999_999, 999_999_999)?;
    let month = within("MonthOfYear", month, 1, 12)?;
    let day = within("DayOfMonth", day, 1, 31)?;
    if day > days_in_month(i64::from(year), month) {
        let message = match (month, day) {
            (2, 29) => format!("Invalid date 'February 29' as '{year}' is not a leap year"),
            (month, day) => format!("Invalid date '{} {day}'", MONTHS[month as usize - 1]),
        };
        return Err(out_of_bounds(message));
    }
    Ok(days_from_civil(i64::from(year), month, day))
}

/// An error, or NULL without ANSI.
fn or_null<T>(result: Result<T>, ansi: bool) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if ansi => Err(error),
        Err(_) => Ok(None),
    }
}

pub fn make_date(ansi: &bool, args: &Args) -> Result<ArrayRef> {
    let (year, month, day) = (args.int(0)?, args.int(1)?, args.int(2)?);
    args.try_values::<Date32Type>(|row| {
        let (Some(year), Some(month), Some(day)) = (year.get(row), month.get(row), day.get(row)) else {
            return Ok(None);
        };
        let days = date_of(year, month, day).and_then(|days| i32::try_from(days).map_err(|_| overflow("make_date")));
        or_null(days, *ansi)
    })
}

/// What `make_timestamp` makes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Making {
    /// `ansi` false: NULL for what does not exist.
    pub setting: Setting,
    pub wall_clock: bool,
}

/// `make_timestamp(year, month, day, hour, minute, second[, zone])`; seconds are `decimal(16,6)`.
pub fn make_timestamp(making: &Making, args: &Args) -> Result<ArrayRef> {
    let numbers = [args.int(0)?, args.int(1)?, args.int(2)?, args.int(3)?, args.int(4)?];
    let seconds = args.column::<Decimal128Type>(5)?;
    let name = args.optional_text(6)?;
    let session = making.setting.zone()?;
    args.try_values::<TimestampMicrosecondType>(|row| {
        let mut fields = [0; 5];
        for (field, column) in fields.iter_mut().zip(&numbers) {
            let Some(value) = column.get(row) else { return Ok(None) };
            *field = value;
        }
        let Some(seconds) = seconds.get(row) else { return Ok(None) };
        let own = match &name {
            Some(name) => match name.get(row) {
                Some(name) => Some(zone(name)?),
                None => return Ok(None),
            },
            None => None,
        };
        let zone = own.as_ref().unwrap_or(&session);
        or_null(moment(fields, seconds, zone, making.wall_clock), making.setting.ansi)
    })
}

fn moment([year, month, day, hour, minute]: [i32; 5], seconds: i128, zone: &Zone, wall_clock: bool) -> Result<i64> {
    let days = date_of(year, month, day)?;
    let hour = within("HourOfDay", hour, 0, 23)?;
    let minute = within("MinuteOfHour", minute, 0, 59)?;
    let micros = i64::try_from(seconds).map_err(|_| overflow("make_timestamp"))?;
    // 60 is the next minute, but only without a fraction.
    if micros.div_euclid(1_000_000) == 60 && micros % 1_000_000 != 0 {
        let shown = format!("{}.{}", micros / 1_000_000, format!("{:06}", micros % 1_000_000).trim_end_matches('0'));
        return Err(INVALID_FRACTION_OF_SECOND.with("secAndMicros", shown));
    }
    if micros != 60_000_000 {
        within("SecondOfMinute", i32::try_from(micros.div_euclid(1_000_000)).unwrap_or(i32::MAX), 0, 59)?;
    }
    let time = (i64::from(hour) * 60 + i64::from(minute)) * 60_000_000 + micros;
    let local = days
        .checked_mul(MICROS_PER_DAY)
        .and_then(|micros| micros.checked_add(time))
        .ok_or_else(|| overflow("make_timestamp"))?;
    if wall_clock {
        return Ok(local);
    }
    zone.to_instant(local).ok_or_else(|| overflow("make_timestamp"))
}

/// `make_timestamp(date, time[, zone])`
pub fn make_from_date_and_time(making: &Making, args: &Args) -> Result<ArrayRef> {
    let (date, time) = (args.column::<Date32Type>(0)?, args.column::<Time64NanosecondType>(1)?);
    let name = args.optional_text(2)?;
    let session = making.setting.zone()?;
    args.try_values::<TimestampMicrosecondType>(|row| {
        let (Some(days), Some(nanos)) = (date.get(row), time.get(row)) else { return Ok(None) };
        let local = i64::from(days) * MICROS_PER_DAY + nanos / 1000;
        if making.wall_clock {
            return Ok(Some(local));
        }
        let own = match &name {
            Some(name) => match name.get(row) {
                Some(name) => Some(zone(name)?),
                None => return Ok(None),
            },
            None => None,
        };
        let instant = own.as_ref().unwrap_or(&session).to_instant(local);
        instant.map(Some).ok_or_else(|| overflow("make_timestamp"))
    })
}

/// `timestamp_seconds` and friends: a whole number of units of `size` microseconds.
pub fn from_units(size: &i64, args: &Args) -> Result<ArrayRef> {
    let count = args.long(0)?;
    args.try_values::<TimestampMicrosecondType>(|row| {
        let Some(count) = count.get(row) else { return Ok(None) };
        count.checked_mul(*size).map(Some).ok_or_else(|| overflow("long overflow"))
    })
}

/// Seconds as a double: NULL for what is no number.
pub fn from_double_seconds(_: &(), args: &Args) -> Result<ArrayRef> {
    let seconds = args.column::<Float64Type>(0)?;
    args.values::<TimestampMicrosecondType>(|row| {
        let seconds = seconds.get(row)?;
        seconds.is_finite().then_some((seconds * 1e6) as i64)
    })
}

/// Seconds as a decimal of any scale; digits below a microsecond are an error.
pub fn from_decimal_seconds(scale: &i8, args: &Args) -> Result<ArrayRef> {
    let seconds = args.column::<Decimal128Type>(0)?;
    args.try_values::<TimestampMicrosecondType>(|row| {
        let Some(unscaled) = seconds.get(row) else { return Ok(None) };
        let places = 6 - i32::from(*scale);
        let power = 10i128.checked_pow(places.unsigned_abs()).ok_or_else(|| overflow("timestamp_seconds"))?;
        let micros = if places >= 0 {
            unscaled.checked_mul(power)
        } else if unscaled % power == 0 {
            Some(unscaled / power)
        } else {
            return Err(overflow("Rounding necessary"));
        };
        let micros = micros.and_then(|micros| i64::try_from(micros).ok());
        micros.map(Some).ok_or_else(|| overflow("timestamp_seconds"))
    })
}

/// `make_interval(years, months, weeks, days, hours, minutes, seconds)`; the state says that overflow is an error.
pub fn make_interval(strict: &bool, args: &Args) -> Result<ArrayRef> {
    let numbers = (0..6).map(|index| args.int(index)).collect::<Result<Vec<_>>>()?;
    let seconds = args.column::<Decimal128Type>(6)?;
    args.try_values::<IntervalMonthDayNanoType>(|row| {
        let mut fields = [0i64; 6];
        for (field, column) in fields.iter_mut().zip(&numbers) {
            let Some(value) = column.get(row) else { return Ok(None) };
            *field = i64::from(value);
        }
        let Some(seconds) = seconds.get(row) else { return Ok(None) };
        let [years, months, weeks, days, hours, minutes] = fields;
        let parts = (|| {
            let months = i32::try_from(years * 12 + months).ok()?;
            let days = i32::try_from(weeks * 7 + days).ok()?;
            let micros = i64::try_from(seconds).ok()?.checked_add(hours * MICROS_PER_HOUR + minutes * 60_000_000)?;
            Some(IntervalMonthDayNano::new(months, days, micros.checked_mul(1000)?))
        })();
        match parts {
            Some(interval) => Ok(Some(interval)),
            None if *strict => Err(ARITHMETIC_OVERFLOW
                .with("message", "overflow")
                .with("alternative", "")
                .with("config", "\"spark.sql.ansi.enabled\"")),
            None => Ok(None),
        }
    })
}

/// `make_ym_interval(years, months)`
pub fn make_ym_interval(_: &(), args: &Args) -> Result<ArrayRef> {
    let (years, months) = (args.int(0)?, args.int(1)?);
    args.try_values::<IntervalYearMonthType>(|row| {
        let (Some(years), Some(months)) = (years.get(row), months.get(row)) else { return Ok(None) };
        let total = i32::try_from(i64::from(years) * 12 + i64::from(months));
        total.map(Some).map_err(|_| INTERVAL_ARITHMETIC_OVERFLOW.error())
    })
}

/// `make_dt_interval(days, hours, minutes, seconds)`
pub fn make_dt_interval(_: &(), args: &Args) -> Result<ArrayRef> {
    let (days, hours, minutes) = (args.int(0)?, args.int(1)?, args.int(2)?);
    let seconds = args.column::<Decimal128Type>(3)?;
    args.try_values::<DurationMicrosecondType>(|row| {
        let (Some(days), Some(hours), Some(minutes)) = (days.get(row), hours.get(row), minutes.get(row)) else {
            return Ok(None);
        };
        let Some(seconds) = seconds.get(row) else { return Ok(None) };
        let total = i128::from(days) * i128::from(MICROS_PER_DAY)
            + i128::from(hours) * i128::from(MICROS_PER_HOUR)
            + i128::from(minutes) * 60_000_000
            + seconds;
        i64::try_from(total).map(Some).map_err(|_| INTERVAL_ARITHMETIC_OVERFLOW.error())
    })
}

/// The same number under another type: days since the epoch.
pub fn date_of_days(_: &(), args: &Args) -> Result<ArrayRef> {
    let days = args.int(0)?;
    args.values::<Date32Type>(|row| days.get(row))
}

pub fn days_of_date(_: &(), args: &Args) -> Result<ArrayRef> {
    let date = args.column::<Date32Type>(0)?;
    args.values::<datafusion::arrow::datatypes::Int32Type>(|row| date.get(row))
}

/// Seconds of a date's midnight in a zone.
pub fn seconds_of_date(setting: &Setting, args: &Args) -> Result<ArrayRef> {
    let date = args.column::<Date32Type>(0)?;
    let zone = setting.zone()?;
    args.values::<Int64Type>(|row| {
        let local = i64::from(date.get(row)?).checked_mul(MICROS_PER_DAY)?;
        Some(zone.to_instant(local)?.div_euclid(1_000_000))
    })
}
