//! Decimal arithmetic whose result does not simply fit: exact in 128 bits where possible, else in 256, then rounded half
//! up to the result's scale and checked against its precision.

use datafusion::arrow::datatypes::{Decimal128Type, Int64Type, i256};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::ColumnarValue;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::{Arithmetic, Op, Operand, operand};
use crate::cast::CastMode;
use crate::kernels::cast::report;
use crate::kernels::decimal::{divide_half_up, fits};
use crate::kernels::invoke::{bad_array, raise};

/// Scales of the sides and shape of the result.
#[derive(Debug, Clone, Copy)]
struct Shape {
    left: i8,
    right: i8,
    precision: u8,
    scale: i8,
}

pub fn evaluate(
    plan: &Arithmetic,
    left: &ColumnarValue,
    right: &ColumnarValue,
    rows: usize,
) -> DfResult<ColumnarValue> {
    let (DataType::Decimal { scale: s1, .. }, DataType::Decimal { scale: s2, .. }) = (&plan.left, &plan.right) else {
        return Err(bad_array("decimal arithmetic", &left.data_type()));
    };
    let (left, right) = (Operand::<Decimal128Type>::new(left)?, Operand::<Decimal128Type>::new(right)?);
    match plan.result {
        DataType::Decimal { precision, scale } => {
            let shape = Shape { left: *s1, right: *s2, precision, scale };
            operand::rows::<Decimal128Type, Decimal128Type, Decimal128Type>(
                &left,
                &right,
                rows,
                &plan.result,
                |left, right| compute(plan, shape, left, right),
            )
        }
        DataType::Long => operand::rows::<Decimal128Type, Decimal128Type, Int64Type>(
            &left,
            &right,
            rows,
            &plan.result,
            |left, right| integral_quotient(plan, (*s1, *s2), left, right),
        ),
        _ => Err(raise(Error::internal(format!("decimal arithmetic gives {}", plan.result.sql())))),
    }
}

fn compute(plan: &Arithmetic, shape: Shape, left: i128, right: i128) -> Result<Option<i128>> {
    if plan.op.divides() && right == 0 {
        return plan.by_zero();
    }
    // The exact result and its scale; quotients are rounded to the result's scale already.
    let scale = match plan.op {
        Op::Multiply => shape.left + shape.right,
        Op::Divide => shape.scale,
        Op::Add | Op::Subtract | Op::Remainder | Op::PositiveRemainder | Op::IntegralDivide => {
            shape.left.max(shape.right)
        }
    };
    let drop = u8::try_from(scale - shape.scale).unwrap_or(0);
    let narrow = narrow(plan.op, shape, left, right);
    let rounded = match narrow {
        Some(exact) if drop == 0 => Some(exact),
        Some(exact) => Some(divide_half_up(exact, drop)),
        None => wide(plan.op, shape, left, right).and_then(|exact| round_wide(exact, drop)?.to_i128()),
    };
    match rounded.filter(|value| fits(*value, shape.precision)) {
        Some(value) => Ok(Some(value)),
        None if plan.mode == CastMode::Ansi => {
            let digits = match narrow {
                Some(exact) => exact.to_string(),
                None => wide(plan.op, shape, left, right).map(|exact| exact.to_string()).unwrap_or_default(),
            };
            let (digits, cut) = significant(&digits);
            let text = super::super::decimal::plain_text(&format!("{digits}e{}", cut - i32::from(scale)));
            Err(report::out_of_range(text, shape.precision, shape.scale))
        }
        None => Ok(None),
    }
}

/// The first 39 digits, as many as Spark computes with, and how many are cut off.
fn significant(digits: &str) -> (&str, i32) {
    let most = 39 + usize::from(digits.starts_with('-'));
    let kept = digits.get(..most).unwrap_or(digits);
    (kept, i32::try_from(digits.len() - kept.len()).unwrap_or(0))
}

fn raised(value: i128, digits: i8) -> Option<i128> {
    // More digits than 128 bits have are no factor: the quotient of a decimal of scale 38 may ask for 76.
    if digits <= 0 { Some(value) } else { value.checked_mul(10_i128.checked_pow(u32::from(digits.unsigned_abs()))?) }
}

/// The exact result, if everything on the way fits in 128 bits.
fn narrow(op: Op, shape: Shape, left: i128, right: i128) -> Option<i128> {
    match op {
        Op::Multiply => left.checked_mul(right),
        Op::Divide => {
            let shift = shape.scale + shape.right - shape.left;
            let numerator = raised(left, shift)?;
            let denominator = raised(right, -shift)?;
            Some(quotient_half_up(numerator, denominator))
        }
        Op::Add | Op::Subtract | Op::Remainder | Op::PositiveRemainder | Op::IntegralDivide => {
            let left = raised(left, shape.right - shape.left)?;
            let right = raised(right, shape.left - shape.right)?;
            match op {
                Op::Add => left.checked_add(right),
                Op::Subtract => left.checked_sub(right),
                Op::PositiveRemainder => {
                    let remainder = left % right;
                    Some(if remainder < 0 { (remainder + right) % right } else { remainder })
                }
                _ => Some(left % right),
            }
        }
    }
}

fn quotient_half_up(numerator: i128, denominator: i128) -> i128 {
    let (quotient, remainder) = (numerator / denominator, numerator % denominator);
    if remainder.unsigned_abs() >= denominator.unsigned_abs().div_ceil(2) && remainder != 0 {
        quotient + numerator.signum() * denominator.signum()
    } else {
        quotient
    }
}

fn raised_wide(value: i128, digits: i8) -> Option<i256> {
    let value = i256::from_i128(value);
    if digits <= 0 {
        return Some(value);
    }
    value.checked_mul(wide_power(digits.unsigned_abs())?)
}

fn wide_power(digits: u8) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::from(digits))
}

/// The same in 256 bits.
fn wide(op: Op, shape: Shape, left: i128, right: i128) -> Option<i256> {
    match op {
        Op::Multiply => i256::from_i128(left).checked_mul(i256::from_i128(right)),
        Op::Divide => {
            let shift = shape.scale + shape.right - shape.left;
            wide_quotient(raised_wide(left, shift)?, raised_wide(right, -shift)?)
        }
        Op::Add | Op::Subtract | Op::Remainder | Op::PositiveRemainder | Op::IntegralDivide => {
            let left = raised_wide(left, shape.right - shape.left)?;
            let right = raised_wide(right, shape.left - shape.right)?;
            match op {
                Op::Add => left.checked_add(right),
                Op::Subtract => left.checked_sub(right),
                Op::PositiveRemainder => {
                    let remainder = left.checked_rem(right)?;
                    if remainder.is_negative() {
                        remainder.checked_add(right)?.checked_rem(right)
                    } else {
                        Some(remainder)
                    }
                }
                _ => left.checked_rem(right),
            }
        }
    }
}

fn wide_quotient(numerator: i256, denominator: i256) -> Option<i256> {
    let quotient = numerator.checked_div(denominator)?;
    let remainder = numerator.checked_rem(denominator)?;
    let doubled = remainder.wrapping_abs().checked_mul(i256::from_i128(2))?;
    if doubled < denominator.wrapping_abs() {
        return Some(quotient);
    }
    let one = i256::from_i128(if numerator.is_negative() == denominator.is_negative() { 1 } else { -1 });
    quotient.checked_add(one)
}

fn round_wide(value: i256, digits: u8) -> Option<i256> {
    if digits == 0 { Some(value) } else { wide_quotient(value, wide_power(digits)?) }
}

/// `div`: the quotient without its fraction, as a long.
fn integral_quotient(plan: &Arithmetic, (s1, s2): (i8, i8), left: i128, right: i128) -> Result<Option<i64>> {
    if right == 0 {
        return plan.by_zero();
    }
    let quotient = match (raised(left, s2 - s1), raised(right, s1 - s2)) {
        (Some(left), Some(right)) => Some(left / right),
        _ => raised_wide(left, s2 - s1)
            .zip(raised_wide(right, s1 - s2))
            .and_then(|(left, right)| left.checked_div(right)?.to_i128()),
    };
    // Spark keeps the low bits here, in ANSI mode too.
    Ok(quotient.map(|quotient| quotient as i64))
}
