//! `round` and its kin, and the sign functions: result types and modes.

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_types::DataType;
use hearth_types::data_type::MAX_DECIMAL_PRECISION;

use crate::call::Call;
use crate::cast::CastMode;
use crate::coercion;
use crate::kernels::invoke;
use crate::kernels::math::rounding::{self as kernel, Round, Rounding, Sign, Signed};
use crate::typed::Typed;

pub fn round(call: Call<'_>) -> Result<Typed> {
    to_digits(call, Rounding::HalfUp)
}

pub fn bround(call: Call<'_>) -> Result<Typed> {
    to_digits(call, Rounding::HalfEven)
}

pub fn ceil(call: Call<'_>) -> Result<Typed> {
    if call.len() == 2 { to_digits(call, Rounding::Up) } else { to_whole(call, Rounding::Up) }
}

pub fn floor(call: Call<'_>) -> Result<Typed> {
    if call.len() == 2 { to_digits(call, Rounding::Down) } else { to_whole(call, Rounding::Down) }
}

/// Of a double, the bigint; of a decimal, the decimal without a fraction.
fn to_whole(mut call: Call<'_>, rounding: Rounding) -> Result<Typed> {
    let [value] = call.take()?;
    let value = match &value.data_type {
        DataType::Decimal { .. } => value,
        data_type if data_type.is_integral() => coercion::widened(&call, value, &DataType::Long)?,
        data_type if data_type.is_numeric() || data_type.is_string() || value.is_void() => {
            coercion::double(&call, 0, value)?
        }
        data_type => return Err(call.unexpected_type(0, "(\"DECIMAL\" or \"DOUBLE\" or \"BIGINT\")", data_type)),
    };
    let to = match value.data_type {
        DataType::Decimal { scale: 0, .. } => value.data_type.clone(),
        DataType::Decimal { precision, scale } => {
            let whole = i32::from(precision) - i32::from(scale) + 1;
            DataType::Decimal { precision: bounded(whole), scale: 0 }
        }
        _ => DataType::Long,
    };
    // Spark's schema says that there may be no answer, whatever the number is.
    if value.data_type == DataType::Long {
        return Ok(Typed { nullable: true, ..value });
    }
    Ok(Typed { nullable: true, ..apply(&call, value, rounding, 0, to)? })
}

fn bounded(precision: i32) -> u8 {
    u8::try_from(precision.clamp(1, i32::from(MAX_DECIMAL_PRECISION))).unwrap_or(MAX_DECIMAL_PRECISION)
}

fn to_digits(mut call: Call<'_>, rounding: Rounding) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(value), digits) = (values.next(), values.next()) else {
        return Err(hearth_base::Error::internal("round without arguments"));
    };
    let directed = matches!(rounding, Rounding::Up | Rounding::Down);
    let digits = match digits {
        // These two ask for the constant before anything is converted.
        Some(digits) if directed && (digits.literal().is_none() || digits.data_type != DataType::Integer) => {
            return Err(coercion::not_foldable(&call, "scale", &DataType::Integer));
        }
        Some(digits) => constant_digits(&call, digits)?,
        None => Some(0),
    };
    let value = match &value.data_type {
        DataType::Decimal { .. } => value,
        // Towards one side, Spark rounds decimals only.
        data_type if directed && (data_type.is_numeric() || data_type.is_string()) => as_decimal(&call, value)?,
        _ => coercion::numeric(&call, 0, value)?,
    };
    let Some(digits) = digits else {
        return crate::expr::null(&value.data_type);
    };
    let to = match value.data_type {
        DataType::Decimal { precision, scale } => rounded_type(precision, scale, digits),
        ref other => other.clone(),
    };
    apply(&call, value, rounding, digits, to)
}

fn as_decimal(call: &Call<'_>, value: Typed) -> Result<Typed> {
    let shape = match &value.data_type {
        data_type if data_type.is_string() => Some((38, 18)),
        data_type => coercion::decimal::for_type(data_type),
    };
    match shape {
        Some(shape) => coercion::widened(call, value, &coercion::decimal::bounded(shape)),
        None => Ok(value),
    }
}

/// The constant number of digits; `None` for NULL.
fn constant_digits(call: &Call<'_>, digits: Typed) -> Result<Option<i32>> {
    let data_type = digits.data_type.clone();
    let digits = coercion::int(call, 1, digits)?;
    match digits.literal() {
        Some(ScalarValue::Int32(digits)) => Ok(*digits),
        _ => Err(call.not_a_constant(1, "scale", &data_type)),
    }
}

/// Room for a digit more, which rounding up may need; digits left of the point become part of the integer.
fn rounded_type(precision: u8, scale: i8, digits: i32) -> DataType {
    let integral = i32::from(precision) - i32::from(scale) + 1;
    if digits < 0 {
        return DataType::Decimal { precision: bounded(integral.max(1 - digits)), scale: 0 };
    }
    let scale = i32::from(scale).min(digits);
    DataType::Decimal { precision: bounded(integral + scale), scale: i8::try_from(scale).unwrap_or(0) }
}

fn apply(call: &Call<'_>, value: Typed, rounding: Rounding, digits: i32, to: DataType) -> Result<Typed> {
    let plan =
        Round { rounding, digits, from: value.data_type.clone(), to: to.clone(), mode: CastMode::of(call.session) };
    let directed = matches!(rounding, Rounding::Up | Rounding::Down);
    let nullable = value.nullable || !directed || matches!(to, DataType::Decimal { .. });
    invoke::call_arrays_with("spark_round", plan, vec![value], (to, nullable), kernel::round)
}

pub fn positive(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    signable(&call, value)
}

pub fn negative(call: Call<'_>) -> Result<Typed> {
    sign(call, Sign::Negate)
}

pub fn abs(call: Call<'_>) -> Result<Typed> {
    sign(call, Sign::Absolute)
}

fn sign(mut call: Call<'_>, sign: Sign) -> Result<Typed> {
    let [value] = call.take()?;
    let value = signable(&call, value)?;
    if sign == Sign::Absolute && value.data_type == DataType::CalendarInterval {
        return Err(call.unexpected_type(0, ABSOLUTE, &value.data_type));
    }
    let plan = Signed { sign, data_type: value.data_type.clone(), mode: CastMode::of(call.session) };
    let result = (value.data_type.clone(), value.nullable);
    invoke::call_arrays_with("spark_sign", plan, vec![value], result, kernel::signed)
}

const ABSOLUTE: &str = "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")";
const SIGNABLE: &str = "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")";

/// Numbers and intervals; text and NULL become doubles.
fn signable(call: &Call<'_>, value: Typed) -> Result<Typed> {
    if value.data_type.is_interval() || value.data_type.is_numeric() {
        return Ok(value);
    }
    if value.is_void() || value.data_type.is_string() {
        return coercion::widened(call, value, &DataType::Double);
    }
    Err(call.unexpected_type(0, if call.name == "abs" { ABSOLUTE } else { SIGNABLE }, &value.data_type))
}

/// An interval's length as a double, for its sign.
pub fn interval_as_double(call: &Call<'_>, value: Typed) -> Result<Typed> {
    let exact = coercion::widened(call, value, &DataType::Decimal { precision: 38, scale: 6 })?;
    coercion::widened(call, exact, &DataType::Double)
}

pub fn width_bucket(mut call: Call<'_>) -> Result<Typed> {
    let [value, low, high, count] = call.take()?;
    let bound = |index: usize, value: Typed| match value.data_type {
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => interval_as_double(&call, value),
        _ => coercion::double(&call, index, value),
    };
    let arguments = vec![bound(0, value)?, bound(1, low)?, bound(2, high)?, coercion::long(&call, 3, count)?];
    invoke::call_arrays("spark_width_bucket", arguments, (DataType::Long, true), kernel::width_bucket)
}
