//! Dates, timestamps and times into each other and from and to numbers.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::array::{Array, AsArray, BooleanArray, new_null_array};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
};
use datafusion::common::Result as DfResult;
use hearth_types::arrow::to_engine_arrow;
use hearth_types::datetime_text::write_timestamp;
use hearth_types::{DataType, Zone};
use std::sync::Arc;

use super::{CastPlan, map_values, report};
use crate::cast::CastMode;
use crate::kernels::decimal;

type Micros = TimestampMicrosecondType;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

pub fn cast(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    match (&plan.from, &plan.to) {
        (T::Date, T::Timestamp) => {
            let zone = plan.zone()?;
            map_values::<Date32Type, Micros>(array, plan, |days| Ok(zone.to_instant(i64::from(days) * MICROS_PER_DAY)))
        }
        (T::Date, T::TimestampNtz) => {
            map_values::<Date32Type, Micros>(array, plan, |days| Ok(i64::from(days).checked_mul(MICROS_PER_DAY)))
        }
        // Old Spark gave NULL for a date as a number.
        (T::Date, to) => Ok(new_null_array(&to_engine_arrow(to), array.len())),
        (T::Timestamp, T::Date) => {
            let zone = plan.zone()?;
            map_values::<Micros, Date32Type>(array, plan, |micros| Ok(Some(day_of(zone.to_local(micros)))))
        }
        (T::TimestampNtz, T::Date) => map_values::<Micros, Date32Type>(array, plan, |micros| Ok(Some(day_of(micros)))),
        (T::Timestamp, T::TimestampNtz) => {
            let zone = plan.zone()?;
            map_values::<Micros, Micros>(array, plan, |micros| Ok(Some(zone.to_local(micros))))
        }
        (T::TimestampNtz, T::Timestamp) => {
            let zone = plan.zone()?;
            map_values::<Micros, Micros>(array, plan, |micros| Ok(zone.to_instant(micros)))
        }
        (T::Timestamp, _) => timestamp_to_number(plan, array),
        (_, T::Timestamp) => number_to_timestamp(plan, array),
        (T::Time { .. }, T::Time { precision }) => {
            let unit = 10i64.pow(9 - u32::from((*precision).min(6)));
            map_values::<Time64NanosecondType, Time64NanosecondType>(array, plan, |nanos| {
                Ok(Some(nanos - nanos.rem_euclid(unit)))
            })
        }
        (T::Time { .. }, _) => time_to_number(plan, array),
        _ => Err(plan.bad_array(array)),
    }
}

fn day_of(local: i64) -> i32 {
    i32::try_from(local.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

fn timestamp_text(micros: i64, zone: &Zone) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_timestamp(&mut text, micros, zone);
    text
}

fn timestamp_to_number(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    match plan.to {
        T::Byte => seconds::<Int8Type>(plan, array, |value| value as i8),
        T::Short => seconds::<Int16Type>(plan, array, |value| value as i16),
        T::Integer => seconds::<Int32Type>(plan, array, |value| value as i32),
        T::Long => seconds::<Int64Type>(plan, array, |value| value),
        T::Float => map_values::<Micros, Float32Type>(array, plan, |micros| Ok(Some((micros as f64 / 1e6) as f32))),
        T::Double => map_values::<Micros, Float64Type>(array, plan, |micros| Ok(Some(micros as f64 / 1e6))),
        T::Boolean => {
            let micros = array.as_primitive_opt::<Micros>().ok_or_else(|| plan.bad_array(array))?;
            Ok(Arc::new(micros.iter().map(|value| value.map(|value| value != 0)).collect::<BooleanArray>()))
        }
        T::Decimal { precision, scale } => map_values::<Micros, Decimal128Type>(array, plan, |micros| {
            match decimal::rescale(i128::from(micros), 6, precision, scale) {
                Some(unscaled) => Ok(Some(unscaled)),
                None => {
                    plan.refuse(|| report::out_of_range(report::decimal_text(i128::from(micros), 6), precision, scale))
                }
            }
        }),
        _ => Err(plan.bad_array(array)),
    }
}

fn seconds<T: ArrowPrimitiveType>(plan: &CastPlan, array: &ArrayRef, wrap: fn(i64) -> T::Native) -> DfResult<ArrayRef>
where
    T::Native: Into<i64>,
{
    let zone = plan.zone()?;
    map_values::<Micros, T>(array, plan, |micros| {
        let seconds = micros.div_euclid(MICROS_PER_SECOND);
        let narrowed = wrap(seconds);
        if narrowed.into() == seconds {
            return Ok(Some(narrowed));
        }
        plan.refuse(|| {
            report::overflow(report::timestamp_literal(&timestamp_text(micros, &zone)), &plan.from, &plan.to)
        })
    })
}

fn number_to_timestamp(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    match plan.from {
        T::Boolean => {
            // One microsecond, not one second, as Spark has it.
            let longs = arrow_cast(array, &ArrowType::Int64)?;
            map_values::<Int64Type, Micros>(&longs, plan, |value| Ok(Some(value)))
        }
        T::Decimal { scale, .. } => map_values::<Decimal128Type, Micros>(array, plan, |value| {
            let divisor = decimal::power_of_ten(scale.unsigned_abs());
            let whole = (value / divisor).wrapping_mul(i128::from(MICROS_PER_SECOND));
            let fraction = (value % divisor) * i128::from(MICROS_PER_SECOND) / divisor;
            Ok(Some(whole.wrapping_add(fraction) as i64))
        }),
        T::Float | T::Double => {
            let doubles = arrow_cast(array, &ArrowType::Float64)?;
            map_values::<Float64Type, Micros>(&doubles, plan, |value| {
                let micros = value * 1e6;
                if !value.is_finite() {
                    let text = report::float_literal(value, &T::Double);
                    return plan.refuse(|| report::invalid(text, &T::Double, &plan.to));
                }
                let fits = micros.floor() <= i64::MAX as f64 && micros.ceil() >= i64::MIN as f64;
                if fits || plan.mode == CastMode::Legacy {
                    return Ok(Some(micros as i64));
                }
                plan.refuse(|| report::overflow(report::float_literal(micros, &T::Double), &T::Double, &T::Long))
            })
        }
        _ => {
            let longs = arrow_cast(array, &ArrowType::Int64)?;
            map_values::<Int64Type, Micros>(&longs, plan, |value| Ok(Some(value.saturating_mul(MICROS_PER_SECOND))))
        }
    }
}

/// Seconds of the day; decimals keep the fraction.
fn time_to_number(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    fn whole<T: ArrowPrimitiveType>(
        plan: &CastPlan,
        array: &ArrayRef,
        narrow: fn(i64) -> Option<T::Native>,
    ) -> DfResult<ArrayRef> {
        map_values::<Time64NanosecondType, T>(array, plan, |nanos| {
            let seconds = nanos / NANOS_PER_SECOND;
            match narrow(seconds) {
                Some(value) => Ok(Some(value)),
                None if plan.mode == CastMode::Legacy => Ok(narrow(seconds)),
                None => {
                    let mut text = String::new();
                    let _ = hearth_types::datetime_text::write_time(&mut text, nanos);
                    plan.refuse(|| report::overflow(format!("TIME '{text}'"), &plan.from, &plan.to))
                }
            }
        })
    }
    match plan.to {
        T::Byte => whole::<Int8Type>(plan, array, |value| i8::try_from(value).ok()),
        T::Short => whole::<Int16Type>(plan, array, |value| i16::try_from(value).ok()),
        T::Integer => whole::<Int32Type>(plan, array, |value| i32::try_from(value).ok()),
        T::Long => whole::<Int64Type>(plan, array, Some),
        T::Decimal { precision, scale } => map_values::<Time64NanosecondType, Decimal128Type>(array, plan, |nanos| {
            match decimal::rescale(i128::from(nanos), 9, precision, scale) {
                Some(unscaled) => Ok(Some(unscaled)),
                None => {
                    plan.refuse(|| report::out_of_range(report::decimal_text(i128::from(nanos), 9), precision, scale))
                }
            }
        }),
        _ => Err(plan.bad_array(array)),
    }
}
