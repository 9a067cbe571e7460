//! `round`, `bround`, `ceil`, `floor` to a number of digits, and `abs`, `negative`, `sign` on exact types.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveBuilder};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
};
use datafusion::common::Result as DfResult;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::cast::CastMode;
use crate::kernels::arithmetic::arithmetic_overflow;
use crate::kernels::cast::report;
use crate::kernels::decimal::{fits, rescale};
use crate::kernels::invoke::{bad_array, raise};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    HalfUp,
    HalfEven,
    Up,
    Down,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Round {
    pub rounding: Rounding,
    pub digits: i32,
    pub from: DataType,
    pub to: DataType,
    pub mode: CastMode,
}

pub fn round(plan: &Round, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(raise(Error::internal("round takes one column")));
    };
    match (&plan.from, &plan.to) {
        (DataType::Decimal { scale, .. }, DataType::Long) => {
            map::<Decimal128Type, Int64Type>(array, &plan.to, |value| {
                Ok(Some(divided(value, u32::from(scale.unsigned_abs()), plan.rounding) as i64))
            })
        }
        (DataType::Decimal { scale, .. }, DataType::Decimal { precision, scale: to }) => {
            map::<Decimal128Type, Decimal128Type>(array, &plan.to, |value| {
                let drop = i32::from(*scale) - plan.digits;
                let rounded = if drop <= 0 { value } else { divided(value, drop.unsigned_abs(), plan.rounding) };
                let at = if drop <= 0 { i32::from(*scale) } else { plan.digits };
                match rescaled(rounded, at, *precision, *to) {
                    Some(value) => Ok(Some(value)),
                    None if plan.mode == CastMode::Ansi => {
                        Err(report::out_of_range(report::decimal_text(value, *scale), *precision, *to))
                    }
                    None => Ok(None),
                }
            })
        }
        (DataType::Float, DataType::Float) => {
            map::<Float32Type, Float32Type>(array, &plan.to, |value| Ok(Some(float32(plan, value) + 0.0)))
        }
        (DataType::Double, DataType::Double) => {
            map::<Float64Type, Float64Type>(array, &plan.to, |value| Ok(Some(float64(plan, value) + 0.0)))
        }
        (DataType::Double, DataType::Long) => map::<Float64Type, Int64Type>(array, &plan.to, |value| {
            let whole = if plan.rounding == Rounding::Up { value.ceil() } else { value.floor() };
            Ok(Some(whole as i64))
        }),
        (DataType::Byte, _) => whole::<Int8Type>(plan, array, |value| i8::try_from(value).ok(), |value| value as i8),
        (DataType::Short, _) => {
            whole::<Int16Type>(plan, array, |value| i16::try_from(value).ok(), |value| value as i16)
        }
        (DataType::Integer, _) => {
            whole::<Int32Type>(plan, array, |value| i32::try_from(value).ok(), |value| value as i32)
        }
        (DataType::Long, _) => whole::<Int64Type>(plan, array, |value| i64::try_from(value).ok(), |value| value as i64),
        _ => Err(bad_array("round", array.data_type())),
    }
}

fn rescaled(value: i128, at: i32, precision: u8, to: i8) -> Option<i128> {
    match i8::try_from(at) {
        Ok(at) => rescale(value, at, precision, to),
        Err(_) => (value == 0 && fits(value, precision)).then_some(0),
    }
}

/// `value / 10^digits`, rounded.
fn divided(value: i128, digits: u32, rounding: Rounding) -> i128 {
    let Some(divisor) = 10i128.checked_pow(digits) else {
        return match rounding {
            Rounding::Up => i128::from(value > 0),
            Rounding::Down => -i128::from(value < 0),
            Rounding::HalfUp | Rounding::HalfEven => 0,
        };
    };
    let (quotient, remainder) = (value / divisor, value % divisor);
    if remainder == 0 {
        return quotient;
    }
    let doubled = remainder.unsigned_abs().saturating_mul(2).cmp(&divisor.unsigned_abs());
    let away = match rounding {
        Rounding::HalfUp => doubled.is_ge(),
        Rounding::HalfEven => doubled.is_gt() || (doubled.is_eq() && quotient % 2 != 0),
        Rounding::Up => value > 0,
        Rounding::Down => value < 0,
    };
    if away { quotient + value.signum() } else { quotient }
}

/// Integers: only negative digits do anything.
fn whole<T: ArrowPrimitiveType>(
    plan: &Round,
    array: &ArrayRef,
    narrow: fn(i128) -> Option<T::Native>,
    wrap: fn(i128) -> T::Native,
) -> DfResult<ArrayRef> {
    if plan.digits >= 0 {
        return Ok(Arc::clone(array));
    }
    let longs = arrow_cast(array, &ArrowType::Int64)?;
    let digits = plan.digits.unsigned_abs();
    map::<Int64Type, T>(&longs, &plan.to, |value| {
        let rounded = divided(i128::from(value), digits, plan.rounding);
        let restored = if rounded == 0 { 0 } else { rounded * 10i128.pow(digits) };
        match narrow(restored) {
            Some(value) => Ok(Some(value)),
            None if plan.mode == CastMode::Ansi => Err(arithmetic_overflow("Overflow", "")),
            None => Ok(Some(wrap(restored))),
        }
    })
}

/// Rounds the shortest decimal text of a double, as `BigDecimal.valueOf` does.
fn float64(plan: &Round, value: f64) -> f64 {
    if !value.is_finite() { value } else { shortest(&format!("{value:e}"), plan).parse().unwrap_or(value) }
}

fn float32(plan: &Round, value: f32) -> f32 {
    if !value.is_finite() { value } else { shortest(&format!("{value:e}"), plan).parse().unwrap_or(value) }
}

/// Rounds `d.ddde±n`; the answer is digits and an exponent again.
fn shortest(text: &str, plan: &Round) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap_or(0);
    let exponent = exponent.parse::<i32>().unwrap_or(0) - i32::try_from(fraction.len()).unwrap_or(0);
    // The last digit stands at 10^exponent; digits past 10^-digits go.
    let drop = -exponent - plan.digits;
    if drop <= 0 {
        return text.to_owned();
    }
    format!("{}e{}", divided(digits, drop.unsigned_abs(), plan.rounding), -plan.digits)
}

fn map<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    to: &DataType,
    f: impl Fn(F::Native) -> Result<Option<T::Native>>,
) -> DfResult<ArrayRef> {
    let input = array.as_primitive_opt::<F>().ok_or_else(|| bad_array("round", array.data_type()))?;
    let mut output = PrimitiveBuilder::<T>::with_capacity(input.len());
    for value in input {
        match value {
            Some(value) => output.append_option(f(value).map_err(raise)?),
            None => output.append_null(),
        }
    }
    Ok(Arc::new(output.finish().with_data_type(to_engine_arrow(to))))
}

/// What happens to a value's sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    Negate,
    Absolute,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signed {
    pub sign: Sign,
    pub data_type: DataType,
    pub mode: CastMode,
}

pub fn signed(plan: &Signed, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(raise(Error::internal("a sign function takes one column")));
    };
    let to = &plan.data_type;
    macro_rules! exact {
        ($arrow:ty) => {
            map::<$arrow, $arrow>(array, to, |value| {
                if plan.sign == Sign::Absolute && value >= 0 {
                    return Ok(Some(value));
                }
                match (value.checked_neg(), plan.mode) {
                    (Some(value), _) => Ok(Some(value)),
                    (None, CastMode::Ansi) => Err(arithmetic_overflow("overflow", "")),
                    (None, CastMode::Legacy | CastMode::Try) => Ok(Some(value)),
                }
            })
        };
    }
    match to {
        DataType::Byte => exact!(Int8Type),
        DataType::Short => exact!(Int16Type),
        DataType::Integer => exact!(Int32Type),
        DataType::Long => exact!(Int64Type),
        DataType::Decimal { .. } => exact!(Decimal128Type),
        DataType::YearMonthInterval { .. } => exact!(IntervalYearMonthType),
        DataType::DayTimeInterval { .. } => exact!(DurationMicrosecondType),
        DataType::Float => map::<Float32Type, Float32Type>(array, to, |value| {
            Ok(Some(if plan.sign == Sign::Absolute { value.abs() } else { -value }))
        }),
        DataType::Double => map::<Float64Type, Float64Type>(array, to, |value| {
            Ok(Some(if plan.sign == Sign::Absolute { value.abs() } else { -value }))
        }),
        DataType::CalendarInterval => map::<IntervalMonthDayNanoType, IntervalMonthDayNanoType>(array, to, |value| {
            Ok(Some(IntervalMonthDayNano::new(
                value.months.wrapping_neg(),
                value.days.wrapping_neg(),
                value.nanoseconds.wrapping_neg(),
            )))
        }),
        _ => Err(bad_array("a sign function", array.data_type())),
    }
}

/// `width_bucket`: NULL where the arguments make no buckets.
pub fn width_bucket((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [value, low, high, count] = arrays else {
        return Err(raise(Error::internal("width_bucket takes four columns")));
    };
    let doubles =
        |array: &ArrayRef| Ok::<_, datafusion::common::DataFusionError>(arrow_cast(array, &ArrowType::Float64)?);
    let (value, low, high) = (doubles(value)?, doubles(low)?, doubles(high)?);
    let (value, low, high) =
        (value.as_primitive::<Float64Type>(), low.as_primitive::<Float64Type>(), high.as_primitive::<Float64Type>());
    let count = count.as_primitive_opt::<Int64Type>().ok_or_else(|| bad_array("width_bucket", count.data_type()))?;
    let mut output = PrimitiveBuilder::<Int64Type>::with_capacity(value.len());
    for row in 0..value.len() {
        let null = value.is_null(row) || low.is_null(row) || high.is_null(row) || count.is_null(row);
        output.append_option(if null {
            None
        } else {
            bucket(value.value(row), low.value(row), high.value(row), count.value(row))
        });
    }
    Ok(Arc::new(output.finish()))
}

fn bucket(value: f64, low: f64, high: f64, count: i64) -> Option<i64> {
    if count <= 0 || count == i64::MAX || value.is_nan() || low == high || !low.is_finite() || !high.is_finite() {
        return None;
    }
    let (smallest, largest) = (low.min(high), low.max(high));
    let (before, after) = if low < high { (0, count + 1) } else { (count + 1, 0) };
    // The far bound belongs to the last bucket's other side when buckets run upwards, and so downwards.
    let outside = if low < high {
        (value < smallest).then_some(before).or((value >= largest).then_some(after))
    } else {
        (value > largest).then_some(after).or((value <= smallest).then_some(before))
    };
    if outside.is_some() {
        return outside;
    }
    Some(((count as f64) * (value - low) / (high - low)) as i64 + 1)
}
