//! Builders that make dates and timestamps out of text and numbers, and text and numbers out of them.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::datetime_text::MICROS_PER_DAY;

use super::setting;
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion;
use crate::inputs::Input::{Date, Int, Long, Text, Timestamp, TimestampNtz};
use crate::inputs::{coerced, expect, int_literal, strict, text_literal};
use crate::kernels::datetime::make::{self, Making};
use crate::kernels::datetime::text::{self, Reading};
use crate::kernels::datetime::{fields, zone, zones};
use crate::kernels::invoke::any_nullable;
use crate::kernels::rowwise::call_rows;
use crate::typed::Typed;

const DEFAULT_PATTERN: &str = "yyyy-MM-dd HH:mm:ss";
/// What seconds with a fraction are converted to.
const SECONDS: DataType = DataType::Decimal { precision: 16, scale: 6 };

/// `date_format`, also what `to_char` does with dates and timestamps.
pub fn format_datetime(call: &Call<'_>, value: Typed, pattern: Typed) -> Result<Typed> {
    let value = coercion::timestamp(call, 0, value)?;
    let pattern = coercion::string(call, 1, pattern)?;
    let values = vec![value, pattern];
    let nullable = any_nullable(&values);
    call_rows("date_format", values, (DataType::STRING, nullable), setting(call), text::format)
}

pub fn date_format(mut call: Call<'_>) -> Result<Typed> {
    let [value, pattern] = call.take()?;
    format_datetime(&call, value, pattern)
}

pub fn from_unixtime(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Long, Text])?;
    if values.len() == 1 {
        values.push(text_literal(DEFAULT_PATTERN));
    }
    call_rows("from_unixtime", values, (DataType::STRING, true), setting(&call), text::format_seconds)
}

/// Which conversion of text a function is.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Conversion {
    to: Target,
    /// `try_…`
    lenient: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Date,
    /// By `spark.sql.timestampType`.
    Default,
    Instant,
    WallClock,
}

pub fn to_date(call: Call<'_>) -> Result<Typed> {
    converted(call, Conversion { to: Target::Date, lenient: false })
}

pub fn try_to_date(call: Call<'_>) -> Result<Typed> {
    converted(call, Conversion { to: Target::Date, lenient: true })
}

pub fn to_timestamp(call: Call<'_>) -> Result<Typed> {
    converted(call, Conversion { to: Target::Default, lenient: false })
}

pub fn try_to_timestamp(call: Call<'_>) -> Result<Typed> {
    converted(call, Conversion { to: Target::Default, lenient: true })
}

pub fn to_timestamp_ltz(call: Call<'_>) -> Result<Typed> {
    converted(call, Conversion { to: Target::Instant, lenient: false })
}

pub fn to_timestamp_ntz(call: Call<'_>) -> Result<Typed> {
    converted(call, Conversion { to: Target::WallClock, lenient: false })
}

/// What functions that read points in time take.
const MOMENTS: &str = "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")";

fn converted(mut call: Call<'_>, conversion: Conversion) -> Result<Typed> {
    let mut values = call.values()?;
    let wall_clock = match conversion.to {
        Target::WallClock => true,
        Target::Default => call.session.timestamp_ntz_default,
        Target::Date | Target::Instant => false,
    };
    let timestamp = if wall_clock { DataType::TimestampNtz } else { DataType::Timestamp };
    let target = if conversion.to == Target::Date { DataType::Date } else { timestamp.clone() };
    let mode = if conversion.lenient { CastMode::Try } else { CastMode::of(call.session) };
    let pattern = if values.len() > 1 { values.pop() } else { None };
    let Some(value) = values.pop() else { return Err(Error::internal("no argument to convert")) };
    if matches!(value.data_type, DataType::Array(_) | DataType::Map(_) | DataType::Struct(_)) {
        return Err(call.unexpected_type(0, MOMENTS, &value.data_type));
    }
    // What is no point in time is read as text, but for numbers that are seconds.
    let by_text = matches!(value.data_type, DataType::Time { .. })
        || (matches!(value.data_type, DataType::Boolean | DataType::Binary) || value.data_type.is_numeric())
            && (target == DataType::Date || target == DataType::TimestampNtz);
    let value = if by_text { cast(value, &DataType::STRING, mode, call.session)? } else { value };
    let Some(pattern) = pattern else {
        return cast(value, &target, mode, call.session);
    };
    if value.data_type.is_datetime() {
        return cast(value, &target, mode, call.session);
    }
    let lenient = conversion.lenient || !call.session.ansi;
    let suggestion = if conversion.to == Target::Date { "try_to_date" } else { "try_to_timestamp" };
    let values = vec![coercion::string(&call, 0, value)?, coercion::string(&call, 1, pattern)?];
    let nullable = lenient || any_nullable(&values);
    let reading = Reading { setting: setting(&call), wall_clock, lenient, suggestion };
    let read = call_rows("to_timestamp", values, (timestamp, nullable), reading, text::parse)?;
    cast(read, &target, mode, call.session)
}

/// `unix_timestamp([value[, pattern]])`; without arguments the moment of the statement.
pub fn unix_timestamp(call: Call<'_>) -> Result<Typed> {
    if call.is_empty() {
        let seconds = call.session.statement_micros.div_euclid(1_000_000);
        return Ok(Typed::new(lit(seconds), DataType::Long, false));
    }
    to_unix_timestamp(call)
}

pub fn to_unix_timestamp(mut call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, MOMENTS, |data_type| !matches!(data_type, DataType::Time { .. }))?;
    let mut values = call.values()?;
    let pattern = if values.len() > 1 { values.pop() } else { None };
    let Some(value) = values.pop() else { return Err(Error::internal("no argument to convert")) };
    let nullable = value.nullable || !call.session.ansi;
    match value.data_type {
        DataType::Date => {
            let returns = (DataType::Long, nullable);
            call_rows("seconds_of_date", vec![value], returns, setting(&call), make::seconds_of_date)
        }
        DataType::Timestamp | DataType::TimestampNtz => {
            let returns = (DataType::Long, nullable);
            call_rows("to_unix_timestamp", vec![value], returns, (), fields::seconds_towards_epoch)
        }
        _ => {
            let pattern = match pattern {
                Some(pattern) => coercion::string(&call, 1, pattern)?,
                None => text_literal(DEFAULT_PATTERN),
            };
            let values = vec![coercion::string(&call, 0, value)?, pattern];
            let lenient = !call.session.ansi;
            let nullable = lenient || any_nullable(&values);
            let reading =
                Reading { setting: setting(&call), wall_clock: false, lenient, suggestion: "try_to_timestamp" };
            call_rows("to_unix_timestamp", values, (DataType::Long, nullable), reading, text::parse_seconds)
        }
    }
}

pub fn unix_seconds(call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"TIMESTAMP\"", |data_type| *data_type == DataType::Timestamp)?;
    strict(call, "unix_seconds", &[Timestamp], DataType::Long, 1_000_000, fields::epoch)
}

pub fn unix_millis(call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"TIMESTAMP\"", |data_type| *data_type == DataType::Timestamp)?;
    strict(call, "unix_millis", &[Timestamp], DataType::Long, 1000, fields::epoch)
}

pub fn unix_micros(call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"TIMESTAMP\"", |data_type| *data_type == DataType::Timestamp)?;
    strict(call, "unix_micros", &[Timestamp], DataType::Long, 1, fields::epoch)
}

pub fn unix_date(call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"DATE\"", |data_type| *data_type == DataType::Date)?;
    strict(call, "unix_date", &[Date], DataType::Integer, (), make::days_of_date)
}

pub fn date_from_unix_date(call: Call<'_>) -> Result<Typed> {
    strict(call, "date_from_unix_date", &[Int], DataType::Date, (), make::date_of_days)
}

pub fn timestamp_seconds(mut call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"NUMERIC\"", DataType::is_numeric)?;
    let [value] = call.take()?;
    let value = coercion::numeric(&call, 0, value)?;
    let nullable = value.nullable;
    match value.data_type {
        DataType::Decimal { scale, .. } => {
            let returns = (DataType::Timestamp, nullable);
            call_rows("timestamp_of_decimal", vec![value], returns, scale, make::from_decimal_seconds)
        }
        DataType::Float | DataType::Double => {
            let value = cast(value, &DataType::Double, CastMode::Legacy, call.session)?;
            call_rows("timestamp_of_double", vec![value], (DataType::Timestamp, true), (), make::from_double_seconds)
        }
        _ => {
            let value = coercion::long(&call, 0, value)?;
            call_rows("timestamp_seconds", vec![value], (DataType::Timestamp, nullable), 1_000_000, make::from_units)
        }
    }
}

pub fn timestamp_millis(call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"INTEGRAL\"", DataType::is_integral)?;
    strict(call, "timestamp_millis", &[Long], DataType::Timestamp, 1000, make::from_units)
}

pub fn timestamp_micros(call: Call<'_>) -> Result<Typed> {
    expect(&call, 0, "\"INTEGRAL\"", DataType::is_integral)?;
    strict(call, "timestamp_micros", &[Long], DataType::Timestamp, 1, make::from_units)
}

pub fn make_date(mut call: Call<'_>) -> Result<Typed> {
    let values = coerced(&mut call, &[Int])?;
    let nullable = !call.session.ansi || any_nullable(&values);
    call_rows("make_date", values, (DataType::Date, nullable), call.session.ansi, make::make_date)
}

pub fn make_timestamp(call: Call<'_>) -> Result<Typed> {
    let wall_clock = call.session.timestamp_ntz_default;
    made(call, wall_clock, false)
}

pub fn make_timestamp_ltz(call: Call<'_>) -> Result<Typed> {
    made(call, false, false)
}

pub fn make_timestamp_ntz(call: Call<'_>) -> Result<Typed> {
    made(call, true, false)
}

pub fn try_make_timestamp(call: Call<'_>) -> Result<Typed> {
    let wall_clock = call.session.timestamp_ntz_default;
    made(call, wall_clock, true)
}

pub fn try_make_timestamp_ltz(call: Call<'_>) -> Result<Typed> {
    made(call, false, true)
}

pub fn try_make_timestamp_ntz(call: Call<'_>) -> Result<Typed> {
    made(call, true, true)
}

fn made(mut call: Call<'_>, wall_clock: bool, lenient: bool) -> Result<Typed> {
    let values = call.values()?;
    let from_parts = values.len() >= 6;
    let mut converted = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match (from_parts, index) {
            (true, 0..=4) => coercion::int(&call, index, value)?,
            (true, 5) => seconds(&call, index, value)?,
            (false, 0) => coercion::date(&call, index, value)?,
            (false, 1) => coercion::implicit(&call, index, value, &DataType::Time { precision: 6 })?,
            (_, _) => coercion::string(&call, index, value)?,
        });
    }
    let mut setting = setting(&call);
    setting.ansi &= !lenient;
    let nullable = !setting.ansi || any_nullable(&converted);
    let data_type = if wall_clock { DataType::TimestampNtz } else { DataType::Timestamp };
    let making = Making { setting, wall_clock };
    let run = if from_parts { make::make_timestamp } else { make::make_from_date_and_time };
    let name = if from_parts { "make_timestamp" } else { "make_timestamp_of_date" };
    call_rows(name, converted, (data_type, nullable), making, run)
}

/// Seconds as `decimal(16,6)`.
fn seconds(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    decimal(call, index, value, &SECONDS)
}

fn decimal(call: &Call<'_>, index: usize, value: Typed, to: &DataType) -> Result<Typed> {
    let given = value.data_type.clone();
    let number = coercion::numeric(call, index, value)
        .map_err(|_| call.unexpected_type(index, &format!("\"{}\"", to.sql()), &given))?;
    cast(number, to, CastMode::of(call.session), call.session)
}

/// Fills up with zeros to `count` integers and the seconds.
fn interval_parts(call: &mut Call<'_>, count: usize) -> Result<Vec<Typed>> {
    let values = call.values()?;
    let mut converted = Vec::with_capacity(count + 1);
    for (index, value) in values.into_iter().enumerate() {
        converted.push(if index < count {
            coercion::int(call, index, value)?
        } else {
            decimal(call, index, value, &DataType::Decimal { precision: 18, scale: 6 })?
        });
    }
    while converted.len() < count {
        converted.push(int_literal(0));
    }
    if converted.len() == count {
        let zero = Expr::Literal(ScalarValue::Decimal128(Some(0), 18, 6), None);
        converted.push(Typed::new(zero, DataType::Decimal { precision: 18, scale: 6 }, false));
    }
    Ok(converted)
}

pub fn make_interval(mut call: Call<'_>) -> Result<Typed> {
    let values = interval_parts(&mut call, 6)?;
    let strict = call.session.ansi;
    let nullable = !strict || any_nullable(&values);
    call_rows("make_interval", values, (DataType::CalendarInterval, nullable), strict, make::make_interval)
}

pub fn try_make_interval(mut call: Call<'_>) -> Result<Typed> {
    let values = interval_parts(&mut call, 6)?;
    call_rows("try_make_interval", values, (DataType::CalendarInterval, true), false, make::make_interval)
}

pub fn make_ym_interval(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Int])?;
    while values.len() < 2 {
        values.push(int_literal(0));
    }
    let nullable = any_nullable(&values);
    call_rows("make_ym_interval", values, (DataType::YEAR_MONTH, nullable), (), make::make_ym_interval)
}

pub fn make_dt_interval(mut call: Call<'_>) -> Result<Typed> {
    let values = interval_parts(&mut call, 3)?;
    let nullable = any_nullable(&values);
    call_rows("make_dt_interval", values, (DataType::DAY_TIME, nullable), (), make::make_dt_interval)
}

pub fn from_utc_timestamp(call: Call<'_>) -> Result<Typed> {
    strict(call, "from_utc_timestamp", &[Timestamp, Text], DataType::Timestamp, (), zones::from_utc)
}

pub fn to_utc_timestamp(call: Call<'_>) -> Result<Typed> {
    strict(call, "to_utc_timestamp", &[Timestamp, Text], DataType::Timestamp, (), zones::to_utc)
}

/// With two arguments the source is the session's zone.
pub fn convert_timezone(mut call: Call<'_>) -> Result<Typed> {
    if call.len() == 3 {
        return strict(
            call,
            "convert_timezone",
            &[Text, Text, TimestampNtz],
            DataType::TimestampNtz,
            (),
            zones::convert,
        );
    }
    let [target, value] = call.take()?;
    let source = text_literal(&call.session.time_zone);
    let target = coercion::string(&call, 0, target)?;
    let value = coercion::implicit(&call, 1, value, &DataType::TimestampNtz)?;
    let values = vec![source, target, value];
    let nullable = any_nullable(&values);
    call_rows("convert_timezone", values, (DataType::TimestampNtz, nullable), (), zones::convert)
}

pub fn current_timestamp(call: Call<'_>) -> Result<Typed> {
    let value = ScalarValue::TimestampMicrosecond(Some(call.session.statement_micros), Some("UTC".into()));
    Ok(Typed::new(Expr::Literal(value, None), DataType::Timestamp, false))
}

fn local_now(call: &Call<'_>) -> Result<i64> {
    Ok(zone(&call.session.time_zone)?.to_local(call.session.statement_micros))
}

pub fn localtimestamp(call: Call<'_>) -> Result<Typed> {
    let value = ScalarValue::TimestampMicrosecond(Some(local_now(&call)?), None);
    Ok(Typed::new(Expr::Literal(value, None), DataType::TimestampNtz, false))
}

pub fn current_date(call: Call<'_>) -> Result<Typed> {
    let days = i32::try_from(local_now(&call)?.div_euclid(MICROS_PER_DAY)).ok();
    Ok(Typed::new(Expr::Literal(ScalarValue::Date32(days), None), DataType::Date, false))
}

/// `current_time([precision])`
pub fn current_time(mut call: Call<'_>) -> Result<Typed> {
    let precision = match call.values()?.pop() {
        None => 6,
        Some(value) => match coercion::int(&call, 0, value)?.literal() {
            Some(ScalarValue::Int32(Some(precision @ 0..=6))) => precision.unsigned_abs(),
            Some(ScalarValue::Int32(Some(precision))) => {
                return Err(hearth_base::condition::DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
                    .with("sqlExpr", format!("\"{}\"", call.sql))
                    .with("exprName", "`precision`")
                    .with("valueRange", "[0, 6]")
                    .with("currentValue", precision));
            }
            _ => return Err(call.not_a_constant(0, "precision", &DataType::Integer)),
        },
    };
    let unit = 10i64.pow(6 - precision);
    let nanos = local_now(&call)?.rem_euclid(MICROS_PER_DAY) / unit * unit * 1000;
    let value = ScalarValue::Time64Nanosecond(Some(nanos));
    Ok(Typed::new(Expr::Literal(value, None), DataType::Time { precision: precision as u8 }, false))
}

pub fn current_timezone(call: Call<'_>) -> Result<Typed> {
    Ok(text_literal(&call.session.time_zone))
}
