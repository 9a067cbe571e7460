//! Functions of the type TIME. Spark computes them in Java methods, so nearly all of their answers may be NULL.
//!
//! The type is refused as a whole unless `spark.sql.timeType.enabled` is set.

use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion;
use crate::kernels::datetime::clock::{self, Parsing, Unit};
use crate::kernels::datetime::fields::TimePart;
use crate::kernels::rowwise::call_rows;
use crate::typed::Typed;

const TIME: DataType = DataType::Time { precision: 6 };
const SECONDS: DataType = DataType::Decimal { precision: 16, scale: 6 };
const SECONDS_OF_DAY: DataType = DataType::Decimal { precision: 14, scale: 6 };
const FRACTION: DataType = DataType::Decimal { precision: 8, scale: 6 };
/// Seconds that `time_from_seconds` is given: all that a whole number can be, to the nanosecond.
const MANY_SECONDS: DataType = DataType::Decimal { precision: 38, scale: 9 };

fn time(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    match value.data_type {
        DataType::Time { .. } => Ok(value),
        _ => coercion::implicit(call, index, value, &TIME),
    }
}

pub fn make_time(mut call: Call<'_>) -> Result<Typed> {
    call.check_time()?;
    let [hour, minute, second] = call.take()?;
    let hour = coercion::int(&call, 0, hour)?;
    let minute = coercion::int(&call, 1, minute)?;
    let second = coercion::implicit(&call, 2, second, &SECONDS)?;
    call_rows("make_time", vec![hour, minute, second], (TIME, true), (), clock::make)
}

pub fn to_time(call: Call<'_>) -> Result<Typed> {
    parsed(call, false)
}

pub fn try_to_time(call: Call<'_>) -> Result<Typed> {
    parsed(call, true)
}

fn parsed(mut call: Call<'_>, lenient: bool) -> Result<Typed> {
    call.check_time()?;
    let mut values = call.values()?;
    for (index, value) in values.iter_mut().enumerate() {
        if !(value.data_type.is_string() || value.is_void()) {
            return Err(call.unexpected_type(index, "\"STRING\"", &value.data_type));
        }
        *value = coercion::string(&call, index, value.clone())?;
    }
    call_rows("to_time", values, (TIME, true), Parsing { lenient }, clock::parse)
}

pub fn time_trunc(mut call: Call<'_>) -> Result<Typed> {
    call.check_time()?;
    let [unit, value] = call.take()?;
    let unit = coercion::string(&call, 0, unit)?;
    let value = time(&call, 1, value)?;
    let data_type = value.data_type.clone();
    call_rows("time_trunc", vec![unit, value], (data_type, true), (), clock::truncate)
}

pub fn time_diff(mut call: Call<'_>) -> Result<Typed> {
    call.check_time()?;
    let [unit, start, end] = call.take()?;
    let unit = coercion::string(&call, 0, unit)?;
    let values = vec![unit, time(&call, 1, start)?, time(&call, 2, end)?];
    call_rows("time_diff", values, (DataType::Long, true), (), clock::difference)
}

pub fn time_to_seconds(call: Call<'_>) -> Result<Typed> {
    counted(call, SECONDS_OF_DAY, clock::seconds_of)
}

pub fn time_to_millis(call: Call<'_>) -> Result<Typed> {
    counted(call, DataType::Long, clock::millis_of)
}

pub fn time_to_micros(call: Call<'_>) -> Result<Typed> {
    counted(call, DataType::Long, clock::micros_of)
}

fn counted(mut call: Call<'_>, data_type: DataType, run: crate::kernels::rowwise::Run<()>) -> Result<Typed> {
    call.check_time()?;
    let [value] = call.take()?;
    let value = time(&call, 0, value)?;
    call_rows("time_in_units", vec![value], (data_type, true), (), run)
}

pub fn time_from_seconds(mut call: Call<'_>) -> Result<Typed> {
    call.check_time()?;
    let [value] = call.take()?;
    if !(value.data_type.is_numeric() || value.data_type.is_string() || value.is_void()) {
        return Err(call.unexpected_type(0, "\"NUMERIC\"", &value.data_type));
    }
    let value = cast(value, &MANY_SECONDS, CastMode::of(call.session), call.session)?;
    call_rows("time_from_seconds", vec![value], (TIME, true), (), clock::from_seconds)
}

pub fn time_from_millis(call: Call<'_>) -> Result<Typed> {
    from_whole(call, Unit::Millisecond)
}

pub fn time_from_micros(call: Call<'_>) -> Result<Typed> {
    from_whole(call, Unit::Microsecond)
}

fn from_whole(mut call: Call<'_>, unit: Unit) -> Result<Typed> {
    call.check_time()?;
    let [value] = call.take()?;
    if !(value.data_type.is_integral() || value.data_type.is_string() || value.is_void()) {
        return Err(call.unexpected_type(0, "\"INTEGRAL\"", &value.data_type));
    }
    let value = coercion::long(&call, 0, value)?;
    call_rows("time_from_whole", vec![value], (TIME, true), unit, clock::from_whole)
}

/// `hour(time)` and its like.
pub fn part(value: Typed, part: TimePart) -> Result<Typed> {
    call_rows("time_part", vec![value], (DataType::Integer, true), part, clock::part)
}

/// `extract(SECOND FROM time)`
pub fn seconds_with_fraction(value: Typed) -> Result<Typed> {
    call_rows("time_seconds", vec![value], (FRACTION, true), (), clock::seconds_with_fraction)
}
