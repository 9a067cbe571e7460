//! Numbers and booleans into each other.
//!
//! ANSI checks ranges. Without it integers wrap around, floats saturate as Java's conversions do, and only decimals
//! become NULL. `try_cast` gives NULL where ANSI gives an error.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BinaryBuilder, BooleanArray, BooleanBuilder};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type,
};
use datafusion::common::Result as DfResult;
use hearth_types::DataType;

use super::{CastPlan, all_values, map_values, report};
use crate::cast::CastMode;
use crate::kernels::decimal;

pub fn cast(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    match (&plan.from, &plan.to) {
        (T::Boolean, _) => from_boolean(plan, array),
        (_, T::Boolean) => to_boolean(plan, array),
        (from, T::Binary) if from.is_integral() => to_binary(plan, array),
        (T::Decimal { scale, .. }, _) => from_decimal(plan, array, *scale),
        (T::Float | T::Double, _) => from_float(plan, array),
        _ => from_integer(plan, array),
    }
}

fn as_longs(array: &ArrayRef) -> DfResult<ArrayRef> {
    Ok(arrow_cast(array, &ArrowType::Int64)?)
}

fn from_boolean(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    let bits = arrow_cast(array, &ArrowType::Int8)?;
    cast(&plan.part(&DataType::Byte, &plan.to), &bits)
}

fn to_boolean(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    fn non_zero<T: ArrowPrimitiveType>(array: &ArrayRef, zero: T::Native) -> Option<BooleanArray>
    where
        T::Native: PartialEq,
    {
        let input = array.as_primitive_opt::<T>()?;
        let mut output = BooleanBuilder::with_capacity(input.len());
        input.iter().for_each(|value| output.append_option(value.map(|value| value != zero)));
        Some(output.finish())
    }
    let answer = match &plan.from {
        DataType::Decimal { .. } => non_zero::<Decimal128Type>(array, 0),
        DataType::Float => non_zero::<Float32Type>(array, 0.0),
        DataType::Double => non_zero::<Float64Type>(array, 0.0),
        _ => non_zero::<Int64Type>(&as_longs(array)?, 0),
    };
    Ok(Arc::new(answer.ok_or_else(|| plan.bad_array(array))?))
}

/// Big-endian bytes, as many as the type has.
fn to_binary(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    let width = match plan.from {
        DataType::Byte => 1,
        DataType::Short => 2,
        DataType::Integer => 4,
        _ => 8,
    };
    let longs = as_longs(array)?;
    let mut output = BinaryBuilder::new();
    for value in longs.as_primitive::<Int64Type>() {
        match value {
            Some(value) => output.append_value(&value.to_be_bytes()[8 - width..]),
            None => output.append_null(),
        }
    }
    Ok(Arc::new(output.finish()))
}

fn from_integer(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    if let DataType::Decimal { precision, scale } = plan.to {
        return integer_to_decimal(plan, array, precision, scale);
    }
    let longs = as_longs(array)?;
    match plan.to {
        DataType::Byte => narrow::<Int8Type>(plan, &longs, |value| value as i8),
        DataType::Short => narrow::<Int16Type>(plan, &longs, |value| value as i16),
        DataType::Integer => narrow::<Int32Type>(plan, &longs, |value| value as i32),
        DataType::Long => Ok(longs),
        DataType::Float => Ok(arrow_cast(array, &ArrowType::Float32)?),
        DataType::Double => Ok(arrow_cast(array, &ArrowType::Float64)?),
        _ => Err(plan.bad_array(array)),
    }
}

fn integer_to_decimal(plan: &CastPlan, array: &ArrayRef, precision: u8, scale: i8) -> DfResult<ArrayRef> {
    let whole_digits = u32::try_from(i32::from(precision) - i32::from(scale)).unwrap_or_default();
    let factor = u32::try_from(scale).ok().and_then(|scale| 10i64.checked_pow(scale));
    // Decimals of up to 18 digits are computed as longs.
    if let (Some(factor), Some(limit), true) = (factor, 10i64.checked_pow(whole_digits), precision <= 18) {
        let done = if plan.from == DataType::Integer {
            let scaled = |value: i32| scaled(i64::from(value), factor, limit);
            all_values::<Int32Type, Decimal128Type, _>(array, plan, scaled, |wrong| wrong == 0)?
        } else {
            let scaled = |value: i64| scaled(value, factor, limit);
            all_values::<Int64Type, Decimal128Type, _>(&as_longs(array)?, plan, scaled, |wrong| wrong == 0)?
        };
        if let Some(done) = done {
            return Ok(done);
        }
    }
    map_values::<Int64Type, Decimal128Type>(&as_longs(array)?, plan, |value| {
        match decimal::rescale(i128::from(value), 0, precision, scale) {
            Some(unscaled) => Ok(Some(unscaled)),
            None => plan.refuse(|| report::out_of_range(value, precision, scale)),
        }
    })
}

/// The digits of a long as a decimal, and not 0 where they do not fit. A function, because a closure that is called from
/// two places is not inlined into its loops.
#[inline]
fn scaled(value: i64, factor: i64, limit: i64) -> (i128, i64) {
    (i128::from(value.wrapping_mul(factor)), i64::from(value >= limit) | i64::from(value <= -limit))
}

/// Longs to a narrower integer. `wrap` keeps the low bits.
fn narrow<T: ArrowPrimitiveType>(
    plan: &CastPlan,
    longs: &ArrayRef,
    wrap: impl Fn(i64) -> T::Native,
) -> DfResult<ArrayRef>
where
    T::Native: Into<i64>,
{
    let lost = |value: i64| {
        let narrowed = wrap(value);
        (narrowed, narrowed.into() ^ value)
    };
    let fine = |lost| lost == 0 || plan.mode == CastMode::Legacy;
    if let Some(done) = all_values::<Int64Type, T, _>(longs, plan, lost, fine)? {
        return Ok(done);
    }
    map_values::<Int64Type, T>(longs, plan, |value| {
        let narrowed = wrap(value);
        if plan.mode == CastMode::Legacy || narrowed.into() == value {
            return Ok(Some(narrowed));
        }
        plan.refuse(|| report::overflow(report::integer_literal(value, &plan.from), &plan.from, &plan.to))
    })
}

fn from_float(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    let doubles = arrow_cast(array, &ArrowType::Float64)?;
    // Java goes through int on the way to byte and short, which saturates first and wraps then.
    match plan.to {
        DataType::Byte => whole::<Int8Type>(plan, &doubles, (-128.0, 127.0), |value| value as i32 as i8),
        DataType::Short => whole::<Int16Type>(plan, &doubles, (-32768.0, 32767.0), |value| value as i32 as i16),
        DataType::Integer => {
            whole::<Int32Type>(plan, &doubles, (f64::from(i32::MIN), f64::from(i32::MAX)), |value| value as i32)
        }
        DataType::Long => whole::<Int64Type>(plan, &doubles, (i64::MIN as f64, i64::MAX as f64), |value| value as i64),
        DataType::Float => Ok(arrow_cast(array, &ArrowType::Float32)?),
        DataType::Double => Ok(doubles),
        DataType::Decimal { precision, scale } => map_values::<Float64Type, Decimal128Type>(&doubles, plan, |value| {
            if !value.is_finite() {
                return Ok(None);
            }
            match decimal::from_double(value, precision, scale) {
                Some(unscaled) => Ok(Some(unscaled)),
                None => plan.refuse(|| report::out_of_range(decimal::plain_double(value), precision, scale)),
            }
        }),
        _ => Err(plan.bad_array(array)),
    }
}

/// Doubles without their fraction. `range` is checked as Spark checks: by floor and ceiling.
fn whole<T: ArrowPrimitiveType>(
    plan: &CastPlan,
    doubles: &ArrayRef,
    (low, high): (f64, f64),
    convert: impl Fn(f64) -> T::Native,
) -> DfResult<ArrayRef> {
    // The bounds of longs are no exact doubles, so these are looked at one by one where they are near.
    let outside = |value: f64| (convert(value), u64::from(!(value > low - 1.0 && value < high + 1.0)));
    let fine = |outside| outside == 0 || plan.mode == CastMode::Legacy;
    if let Some(done) = all_values::<Float64Type, T, _>(doubles, plan, outside, fine)? {
        return Ok(done);
    }
    map_values::<Float64Type, T>(doubles, plan, |value| {
        if plan.mode == CastMode::Legacy || (value.floor() <= high && value.ceil() >= low) {
            return Ok(Some(convert(value)));
        }
        plan.refuse(|| report::overflow(report::float_literal(value, &plan.from), &plan.from, &plan.to))
    })
}

fn from_decimal(plan: &CastPlan, array: &ArrayRef, scale: i8) -> DfResult<ArrayRef> {
    type Source = Decimal128Type;
    match plan.to {
        DataType::Byte => truncated::<Int8Type>(plan, array, scale, |value| value as i8),
        DataType::Short => truncated::<Int16Type>(plan, array, scale, |value| value as i16),
        DataType::Integer => truncated::<Int32Type>(plan, array, scale, |value| value as i32),
        DataType::Long => truncated::<Int64Type>(plan, array, scale, |value| value),
        DataType::Float => {
            map_values::<Source, Float32Type>(array, plan, |value| Ok(Some(decimal::to_float(value, scale))))
        }
        DataType::Double => decimal_to_double(plan, array, scale),
        DataType::Decimal { precision, scale: to_scale } => map_values::<Source, Source>(array, plan, |value| {
            match decimal::rescale(value, scale, precision, to_scale) {
                Some(unscaled) => Ok(Some(unscaled)),
                None => plan.refuse(|| report::out_of_range(report::decimal_text(value, scale), precision, to_scale)),
            }
        }),
        _ => Err(plan.bad_array(array)),
    }
}

fn decimal_to_double(plan: &CastPlan, array: &ArrayRef, scale: i8) -> DfResult<ArrayRef> {
    if (0..=22).contains(&scale) {
        let divisor = 10f64.powi(i32::from(scale));
        // Up to 53 bits and such a divisor are exact doubles, so the division rounds once.
        let divided = |value: i128| {
            let low = value as i64;
            let sign = low >> 63;
            (low as f64 / divisor, ((value >> 64) as i64 ^ sign) | ((low ^ sign) >> 53))
        };
        if let Some(done) = all_values::<Decimal128Type, Float64Type, _>(array, plan, divided, |wrong| wrong == 0)? {
            return Ok(done);
        }
    }
    map_values::<Decimal128Type, Float64Type>(array, plan, |value| Ok(Some(decimal::to_double(value, scale))))
}

/// Decimals without their fraction. Without ANSI the low bits remain.
fn truncated<T: ArrowPrimitiveType>(
    plan: &CastPlan,
    array: &ArrayRef,
    scale: i8,
    wrap: fn(i64) -> T::Native,
) -> DfResult<ArrayRef>
where
    T::Native: Into<i64>,
{
    let divisor = decimal::power_of_ten(scale.unsigned_abs());
    map_values::<Decimal128Type, T>(array, plan, |value| {
        let whole = value / divisor;
        let narrowed = wrap(whole as i64);
        if plan.mode == CastMode::Legacy || i128::from(narrowed.into()) == whole {
            return Ok(Some(narrowed));
        }
        plan.refuse(|| report::overflow(report::decimal_literal(value, scale), &plan.from, &plan.to))
    })
}
