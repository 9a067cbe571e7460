//! Times of day: nanoseconds since midnight.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Decimal128Type, Int32Type, Int64Type, Time64NanosecondType};
use hearth_base::condition::{CANNOT_PARSE_TIME, INVALID_TIME_UNIT, TIME_FIELD_OUT_OF_BOUNDS};
use hearth_base::{Error, Result};
use hearth_types::datetime_parse::string_to_time;

use crate::kernels::datetime::fields::TimePart;
use crate::kernels::datetime::pattern::{Pattern, Purpose};
use crate::kernels::rowwise::Args;

type Time = Time64NanosecondType;

const NANOS_PER_MICRO: i64 = 1_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND as i128;
/// What Spark says it tried where no format was given.
const DEFAULT_FORMAT: &str = "HH:mm:ss.SSSSSS";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

impl Unit {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "HOUR" => Self::Hour,
            "MINUTE" => Self::Minute,
            "SECOND" => Self::Second,
            "MILLISECOND" => Self::Millisecond,
            "MICROSECOND" => Self::Microsecond,
            _ => return None,
        })
    }

    fn nanos(self) -> i64 {
        match self {
            Self::Hour => 3_600 * NANOS_PER_SECOND,
            Self::Minute => 60 * NANOS_PER_SECOND,
            Self::Second => NANOS_PER_SECOND,
            Self::Millisecond => 1_000_000,
            Self::Microsecond => NANOS_PER_MICRO,
        }
    }
}

fn unit(name: &str, function: &str) -> Result<Unit> {
    Unit::parse(name).ok_or_else(|| {
        INVALID_TIME_UNIT
            .with("functionName", format!("`{function}`"))
            .with("parameter", "`unit`")
            .with("invalidValue", format!("'{name}'"))
    })
}

fn out_of_bounds(message: String) -> Error {
    TIME_FIELD_OUT_OF_BOUNDS.with("rangeMessage", message)
}

fn field(name: &str, value: i64, last: i64) -> Result<i64> {
    if (0..=last).contains(&value) {
        return Ok(value);
    }
    Err(out_of_bounds(format!("Invalid value for {name} (valid values 0 - {last}): {value}")))
}

/// `make_time(hour, minute, second)`
pub fn make(_: &(), args: &Args) -> Result<ArrayRef> {
    let (hours, minutes, seconds) = (args.int(0)?, args.int(1)?, args.column::<Decimal128Type>(2)?);
    args.try_values::<Time>(|row| {
        let (Some(hour), Some(minute), Some(second)) = (hours.get(row), minutes.get(row), seconds.get(row)) else {
            return Ok(None);
        };
        let hour = field("HourOfDay", i64::from(hour), 23)?;
        let minute = field("MinuteOfHour", i64::from(minute), 59)?;
        let micros = i64::try_from(second).unwrap_or(i64::MAX);
        let whole = field("SecondOfMinute", micros.div_euclid(1_000_000), 59)?;
        let nanos = micros.rem_euclid(1_000_000) * NANOS_PER_MICRO;
        Ok(Some(((hour * 60 + minute) * 60 + whole) * NANOS_PER_SECOND + nanos))
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parsing {
    /// What does not parse is NULL.
    pub lenient: bool,
}

/// `to_time(text[, format])`
pub fn parse(parsing: &Parsing, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let format = if args.len() > 1 { Some(args.text(1)?) } else { None };
    args.try_values::<Time>(|row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        let format = match &format {
            Some(format) => match format.get(row) {
                Some(format) => Some(format),
                None => return Ok(None),
            },
            None => None,
        };
        match read(text, format) {
            Err(_) if parsing.lenient => Ok(None),
            read => read.map(Some),
        }
    })
}

fn read(text: &str, format: Option<&str>) -> Result<i64> {
    let nanos = match format {
        None => string_to_time(text),
        Some(format) => {
            let parsed = Pattern::compile(format, Purpose::Parse)?.parse(text);
            parsed.ok().map(|parsed| parsed.local.rem_euclid(86_400_000_000) * NANOS_PER_MICRO)
        }
    };
    nanos.ok_or_else(|| {
        CANNOT_PARSE_TIME
            .with("input", format!("'{text}'"))
            .with("format", format!("'{}'", format.unwrap_or(DEFAULT_FORMAT)))
    })
}

/// `time_trunc(unit, time)`
pub fn truncate(_: &(), args: &Args) -> Result<ArrayRef> {
    let (units, times) = (args.text(0)?, args.column::<Time>(1)?);
    args.try_values::<Time>(|row| {
        let (Some(name), Some(nanos)) = (units.get(row), times.get(row)) else { return Ok(None) };
        Ok(Some(nanos - nanos % unit(name, "time_trunc")?.nanos()))
    })
}

/// `time_diff(unit, start, end)`: whole units.
pub fn difference(_: &(), args: &Args) -> Result<ArrayRef> {
    let (units, starts, ends) = (args.text(0)?, args.column::<Time>(1)?, args.column::<Time>(2)?);
    args.try_values::<Int64Type>(|row| {
        let (Some(name), Some(start), Some(end)) = (units.get(row), starts.get(row), ends.get(row)) else {
            return Ok(None);
        };
        Ok(Some((end - start) / unit(name, "time_diff")?.nanos()))
    })
}

/// With six digits behind the point.
pub fn seconds_of(_: &(), args: &Args) -> Result<ArrayRef> {
    let times = args.column::<Time>(0)?;
    args.values::<Decimal128Type>(|row| Some(i128::from(times.get(row)? / NANOS_PER_MICRO)))
}

pub fn millis_of(_: &(), args: &Args) -> Result<ArrayRef> {
    let times = args.column::<Time>(0)?;
    args.values::<Int64Type>(|row| Some(times.get(row)? / 1_000_000))
}

pub fn micros_of(_: &(), args: &Args) -> Result<ArrayRef> {
    let times = args.column::<Time>(0)?;
    args.values::<Int64Type>(|row| Some(times.get(row)? / NANOS_PER_MICRO))
}

fn within_day(nanos: i128) -> Result<i64> {
    let whole = i64::try_from(nanos).ok().filter(|_| (0..NANOS_PER_DAY).contains(&nanos));
    whole.ok_or_else(|| {
        out_of_bounds(format!(
            "Invalid TIME value: must be between 00:00:00 and 23:59:59.999999999, but got {nanos} nanoseconds"
        ))
    })
}

/// `time_from_seconds` of a number with nine digits behind the point.
pub fn from_seconds(_: &(), args: &Args) -> Result<ArrayRef> {
    let seconds = args.column::<Decimal128Type>(0)?;
    args.try_values::<Time>(|row| seconds.get(row).map(within_day).transpose())
}

pub fn from_whole(unit: &Unit, args: &Args) -> Result<ArrayRef> {
    let numbers = args.long(0)?;
    let nanos = i128::from(unit.nanos());
    args.try_values::<Time>(|row| numbers.get(row).map(|number| within_day(i128::from(number) * nanos)).transpose())
}

pub fn part(part: &TimePart, args: &Args) -> Result<ArrayRef> {
    let times = args.column::<Time>(0)?;
    let (unit, wrap) = match part {
        TimePart::Hour => (Unit::Hour, 24),
        TimePart::Minute => (Unit::Minute, 60),
        TimePart::Second => (Unit::Second, 60),
    };
    args.values::<Int32Type>(|row| i32::try_from(times.get(row)? / unit.nanos() % wrap).ok())
}

pub fn seconds_with_fraction(_: &(), args: &Args) -> Result<ArrayRef> {
    let times = args.column::<Time>(0)?;
    args.values::<Decimal128Type>(|row| Some(i128::from(times.get(row)? / NANOS_PER_MICRO % 60_000_000)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_by_default_and_by_format() {
        assert_eq!(read("12:34:56.5", None).unwrap(), 45_296_500_000_000);
        assert_eq!(read("1-02 PM", Some("h-mm a")).unwrap(), 46_920_000_000_000);
        assert_eq!(read("x", None).unwrap_err().condition(), CANNOT_PARSE_TIME);
    }

    #[test]
    fn a_day_has_no_twenty_fifth_hour() {
        assert_eq!(within_day(NANOS_PER_DAY - 1).unwrap(), 86_399_999_999_999);
        assert_eq!(within_day(NANOS_PER_DAY).unwrap_err().condition(), TIME_FIELD_OUT_OF_BOUNDS);
        assert!(field("HourOfDay", 24, 23).is_err());
    }
}
