//! Decimal precision and scale: of numbers as decimals, of common types and of results.
//!
//! Source: `DecimalType` and the arithmetic expressions' `resultDecimalType`. Scales here are never negative.

use hearth_types::DataType;
use hearth_types::data_type::MAX_DECIMAL_PRECISION;

/// Digits after the point that an overflowing result keeps at least (`MINIMUM_ADJUSTED_SCALE`).
const MINIMUM_ADJUSTED_SCALE: i32 = 6;
const MAX: i32 = MAX_DECIMAL_PRECISION as i32;

/// Precision and scale, wide enough for intermediate results.
pub type Shape = (i32, i32);

/// The decimal that holds every value of an integral type; of floats, the one that Spark takes for them.
pub fn for_type(data_type: &DataType) -> Option<Shape> {
    match data_type {
        DataType::Byte => Some((3, 0)),
        DataType::Short => Some((5, 0)),
        DataType::Integer => Some((10, 0)),
        DataType::Long => Some((20, 0)),
        DataType::Float => Some((14, 7)),
        DataType::Double => Some((30, 15)),
        DataType::Decimal { precision, scale } => Some((i32::from(*precision), i32::from(*scale))),
        _ => None,
    }
}

/// The decimal of a constant integer: as many digits as it has (`DecimalType.fromLiteral`).
pub fn for_literal(value: i64) -> Shape {
    let digits = value.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    (i32::try_from(digits).unwrap_or(MAX), 0)
}

pub fn bounded((precision, scale): Shape) -> DataType {
    decimal((precision.min(MAX), scale.min(MAX)))
}

/// Keeps integral digits when both do not fit (`boundedPreferIntegralDigits`).
pub fn bounded_prefer_integral((precision, scale): Shape) -> DataType {
    if precision <= MAX {
        return decimal((precision, scale));
    }
    decimal((MAX, (scale - (precision - MAX)).max(0)))
}

/// Gives up scale for integral digits, down to six digits (`adjustPrecisionScale`).
pub fn adjusted((precision, scale): Shape) -> DataType {
    if precision <= MAX {
        return decimal((precision, scale));
    }
    if scale < 0 {
        return decimal((MAX, scale));
    }
    let integral = precision - scale;
    let minimum = scale.min(MINIMUM_ADJUSTED_SCALE);
    decimal((MAX, (MAX - integral).max(minimum)))
}

/// The type that holds every value of both (`widerDecimalType`).
pub fn wider((p1, s1): Shape, (p2, s2): Shape) -> DataType {
    let scale = s1.max(s2);
    let range = (p1 - s1).max(p2 - s2);
    bounded_prefer_integral((range + scale, scale))
}

/// Whether `a` holds every value of `b`.
pub fn is_wider((p1, s1): Shape, (p2, s2): Shape) -> bool {
    p1 - s1 >= p2 - s2 && s1 >= s2
}

/// The arithmetic that has decimal rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    IntegralDivide,
}

/// Type of the result. `precision_loss` is `spark.sql.decimalOperations.allowPrecisionLoss`.
pub fn result(operation: Operation, (p1, s1): Shape, (p2, s2): Shape, precision_loss: bool) -> DataType {
    let fit = if precision_loss { adjusted } else { bounded };
    match operation {
        Operation::Add | Operation::Subtract => {
            let scale = s1.max(s2);
            fit(((p1 - s1).max(p2 - s2) + scale + 1, scale))
        }
        Operation::Multiply => fit((p1 + p2 + 1, s1 + s2)),
        Operation::Divide if precision_loss => {
            let scale = MINIMUM_ADJUSTED_SCALE.max(s1 + p2 + 1);
            adjusted((p1 - s1 + s2 + scale, scale))
        }
        Operation::Divide => {
            let mut integral = MAX.min(p1 - s1 + s2);
            let mut fraction = MAX.min(MINIMUM_ADJUSTED_SCALE.max(s1 + p2 + 1));
            let over = integral + fraction - MAX;
            if over > 0 {
                fraction -= over / 2 + 1;
                integral = MAX - fraction;
            }
            bounded((integral + fraction, fraction))
        }
        Operation::Remainder => {
            let scale = s1.max(s2);
            fit(((p1 - s1).min(p2 - s2) + scale, scale))
        }
        Operation::IntegralDivide => {
            let integral = p1 - s1 + s2;
            fit((if integral == 0 { 1 } else { integral }, 0))
        }
    }
}

fn decimal((precision, scale): Shape) -> DataType {
    let precision = u8::try_from(precision.clamp(1, MAX)).unwrap_or(MAX_DECIMAL_PRECISION);
    let scale = i8::try_from(scale.clamp(-MAX, MAX)).unwrap_or(0);
    DataType::Decimal { precision, scale }
}
