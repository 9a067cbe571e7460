//! `+ - * / % div pmod` on numbers of one type and on decimals, as Spark checks them.
//!
//! ANSI raises on overflow and on zero divisors, `try_` functions give NULL for both, and old Spark wraps integers around
//! and gives NULL for zero divisors and for decimals that overflow. Integers are computed first and checked after, so
//! that the loop stays vectorised.

mod decimals;
mod operand;

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::ColumnarValue;
use hearth_base::condition::{ARITHMETIC_OVERFLOW, BINARY_ARITHMETIC_OVERFLOW, DIVIDE_BY_ZERO, REMAINDER_BY_ZERO};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

pub use operand::Operand;

use crate::cast::CastMode;
use crate::kernels::bulk::{self, Both, Mask};
use crate::kernels::cast::report::ANSI_SETTING;
use crate::kernels::invoke::{bad_array, raise};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    IntegralDivide,
    PositiveRemainder,
}

impl Op {
    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::IntegralDivide => "div",
            Self::PositiveRemainder => "pmod",
        }
    }

    /// The function that gives NULL where this one fails.
    fn tolerant(self) -> &'static str {
        match self {
            Self::Add => "try_add",
            Self::Subtract => "try_subtract",
            Self::Multiply => "try_multiply",
            Self::Divide | Self::IntegralDivide => "try_divide",
            Self::Remainder | Self::PositiveRemainder => "try_mod",
        }
    }

    fn divides(self) -> bool {
        matches!(self, Self::Divide | Self::Remainder | Self::IntegralDivide | Self::PositiveRemainder)
    }
}

/// One operation: what to compute, the types of the sides (equal unless decimals) and of the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arithmetic {
    pub op: Op,
    pub mode: CastMode,
    pub left: DataType,
    pub right: DataType,
    pub result: DataType,
}

impl Arithmetic {
    /// What a zero divisor gives.
    fn by_zero<T>(&self) -> Result<Option<T>> {
        if self.mode != CastMode::Ansi {
            return Ok(None);
        }
        let condition = match self.op {
            Op::Remainder | Op::PositiveRemainder => REMAINDER_BY_ZERO,
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::IntegralDivide => DIVIDE_BY_ZERO,
        };
        Err(condition.with("config", ANSI_SETTING))
    }

    fn overflow(&self, left: i64, right: i64) -> Error {
        let tolerant = self.op.tolerant();
        if matches!(self.left, DataType::Byte | DataType::Short) {
            return BINARY_ARITHMETIC_OVERFLOW
                .with("value1", format!("{left}S"))
                .with("symbol", self.op.symbol())
                .with("value2", format!("{right}S"))
                .with("functionName", format!("`{tolerant}`"));
        }
        let message = if self.op == Op::IntegralDivide { "Overflow in integral divide" } else { "overflow" };
        arithmetic_overflow(message, tolerant)
    }
}

/// `ARITHMETIC_OVERFLOW`; `tolerant` is the function that gives NULL instead, or empty.
pub fn arithmetic_overflow(message: &str, tolerant: &str) -> Error {
    let alternative = match tolerant {
        "" => String::new(),
        name => format!(" Use '{name}' to tolerate overflow and return NULL instead."),
    };
    ARITHMETIC_OVERFLOW.with("message", message).with("alternative", alternative).with("config", ANSI_SETTING)
}

/// The kernel.
pub fn evaluate(plan: &Arithmetic, arguments: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
    let [left, right] = arguments else {
        return Err(raise(Error::internal("arithmetic takes two arguments")));
    };
    match plan.left {
        DataType::Byte => integers::<Int8Type>(plan, left, right, rows),
        DataType::Short => integers::<Int16Type>(plan, left, right, rows),
        DataType::Integer => integers::<Int32Type>(plan, left, right, rows),
        DataType::Long => integers::<Int64Type>(plan, left, right, rows),
        DataType::Float => floats::<Float32Type>(plan, left, right, rows),
        DataType::Double => floats::<Float64Type>(plan, left, right, rows),
        DataType::Decimal { .. } => decimals::evaluate(plan, left, right, rows),
        _ => Err(bad_array("arithmetic", &left.data_type())),
    }
}

/// What the loops need of a native integer.
trait Integer: Copy + Into<i64> + Mask {
    fn overflowing(op: Op, left: Self, right: Self) -> (Self, bool);
    /// The sum, and a mask that is negative when it overflowed.
    fn sum(left: Self, right: Self) -> (Self, Self);
    /// The difference, and a mask that is negative when it overflowed.
    fn difference(left: Self, right: Self) -> (Self, Self);
    /// The product, and the bits that each side needs.
    fn product(left: Self, right: Self) -> (Self, Both<Self>);
    /// Whether products of numbers with at most these bits may overflow.
    fn may_overflow(bits: Both<Self>) -> bool;
    fn is_negative(self) -> bool;
    /// Quotients and remainders; the divisor is not zero.
    fn wrapping_division(op: Op, left: Self, right: Self) -> Self;
    fn is_zero(self) -> bool;
}

macro_rules! integer {
    ($($native:ty),*) => {$(
        impl Integer for $native {
            #[inline]
            fn overflowing(op: Op, left: Self, right: Self) -> (Self, bool) {
                match op {
                    Op::Add => left.overflowing_add(right),
                    Op::Subtract => left.overflowing_sub(right),
                    _ => left.overflowing_mul(right),
                }
            }

            #[inline(always)]
            fn sum(left: Self, right: Self) -> (Self, Self) {
                let sum = left.wrapping_add(right);
                (sum, (left ^ sum) & (right ^ sum))
            }

            #[inline(always)]
            fn difference(left: Self, right: Self) -> (Self, Self) {
                let difference = left.wrapping_sub(right);
                (difference, (left ^ right) & (left ^ difference))
            }

            #[inline(always)]
            fn product(left: Self, right: Self) -> (Self, Both<Self>) {
                let sign = Self::BITS - 1;
                (left.wrapping_mul(right), Both(left ^ (left >> sign), right ^ (right >> sign)))
            }

            fn may_overflow(Both(left, right): Both<Self>) -> bool {
                // Of n and m bits comes a product of up to n + m, and one bit is the sign's.
                left.leading_zeros() + right.leading_zeros() < Self::BITS + 2
            }

            fn is_negative(self) -> bool {
                self < 0
            }

            #[inline]
            fn wrapping_division(op: Op, left: Self, right: Self) -> Self {
                match op {
                    Op::Remainder => left.wrapping_rem(right),
                    Op::PositiveRemainder => {
                        let remainder = left.wrapping_rem(right);
                        if remainder < 0 { remainder.wrapping_add(right).wrapping_rem(right) } else { remainder }
                    }
                    _ => left.wrapping_div(right),
                }
            }

            fn is_zero(self) -> bool {
                self == 0
            }
        }
    )*};
}
integer!(i8, i16, i32, i64);

fn integers<T: ArrowPrimitiveType>(
    plan: &Arithmetic,
    left: &ColumnarValue,
    right: &ColumnarValue,
    rows: usize,
) -> DfResult<ColumnarValue>
where
    T::Native: Integer,
{
    let (left, right) = (Operand::<T>::new(left)?, Operand::<T>::new(right)?);
    if plan.op.divides() {
        return operand::rows::<T, T, T>(&left, &right, rows, &plan.result, |left, right| {
            if right.is_zero() {
                return plan.by_zero();
            }
            let (wide_left, wide_right): (i64, i64) = (left.into(), right.into());
            if plan.op == Op::IntegralDivide && wide_left == i64::MIN && wide_right == -1 {
                return match plan.mode {
                    CastMode::Ansi => Err(plan.overflow(wide_left, wide_right)),
                    CastMode::Try => Ok(None),
                    CastMode::Legacy => Ok(Some(left)),
                };
            }
            Ok(Some(T::Native::wrapping_division(plan.op, left, right)))
        });
    }
    let checked = match plan.op {
        Op::Add => sides(&left, &right, T::Native::sum).map(|(values, mask)| (values, mask.is_negative())),
        Op::Subtract => sides(&left, &right, T::Native::difference).map(|(values, mask)| (values, mask.is_negative())),
        _ => match sides(&left, &right, T::Native::product) {
            Some((values, bits)) if !T::Native::may_overflow(bits) => Some((values, false)),
            // Large numbers: each product is looked at.
            _ => sides(&left, &right, |left, right| T::Native::overflowing(plan.op, left, right)),
        },
    };
    if let Some((values, may_overflow)) = checked
        && (plan.mode == CastMode::Legacy || !may_overflow)
    {
        let nulls = NullBuffer::union(left.nulls(), right.nulls());
        let array = PrimitiveArray::<T>::new(values.into(), nulls);
        return Ok(ColumnarValue::Array(typed(array, &plan.result)));
    }
    // NULLs hide arbitrary values, and `try_` wants NULL in place of each overflow.
    operand::rows::<T, T, T>(&left, &right, rows, &plan.result, |left, right| {
        settle(plan, T::Native::overflowing(plan.op, left, right), left, right)
    })
}

/// Computes all rows at once, unless a side is NULL or both are constants.
fn sides<T: ArrowPrimitiveType, M: Mask>(
    left: &Operand<'_, T>,
    right: &Operand<'_, T>,
    f: impl Fn(T::Native, T::Native) -> (T::Native, M),
) -> Option<(Vec<T::Native>, M)> {
    match (left, right) {
        (Operand::Array(left), Operand::Array(right)) => Some(bulk::zip(left.values(), right.values(), f)),
        (Operand::Array(left), Operand::Scalar(Some(right))) => Some(bulk::map(left.values(), |left| f(left, *right))),
        (Operand::Scalar(Some(left)), Operand::Array(right)) => {
            Some(bulk::map(right.values(), |right| f(*left, right)))
        }
        (Operand::Scalar(_), _) | (_, Operand::Scalar(_)) => None,
    }
}

fn settle<N: Integer>(plan: &Arithmetic, (value, overflowed): (N, bool), left: N, right: N) -> Result<Option<N>> {
    match (overflowed, plan.mode) {
        (false, _) | (true, CastMode::Legacy) => Ok(Some(value)),
        (true, CastMode::Try) => Ok(None),
        (true, CastMode::Ansi) => Err(plan.overflow(left.into(), right.into())),
    }
}

/// Puts the result's precise Arrow type on.
fn typed<T: ArrowPrimitiveType>(array: PrimitiveArray<T>, result: &DataType) -> ArrayRef {
    let wanted = to_engine_arrow(result);
    if wanted == T::DATA_TYPE { Arc::new(array) } else { Arc::new(array.with_data_type(wanted)) }
}

/// Division and remainder of floats: only a zero divisor is special.
fn floats<T: ArrowPrimitiveType>(
    plan: &Arithmetic,
    left: &ColumnarValue,
    right: &ColumnarValue,
    rows: usize,
) -> DfResult<ColumnarValue>
where
    T::Native: Float,
{
    let (left, right) = (Operand::<T>::new(left)?, Operand::<T>::new(right)?);
    operand::rows::<T, T, T>(&left, &right, rows, &plan.result, |left, right| {
        if right == T::Native::ZERO && plan.op.divides() {
            return plan.by_zero();
        }
        Ok(Some(T::Native::compute(plan.op, left, right)))
    })
}

trait Float: Copy + PartialEq {
    const ZERO: Self;
    fn compute(op: Op, left: Self, right: Self) -> Self;
}

macro_rules! float {
    ($($native:ty),*) => {$(
        impl Float for $native {
            const ZERO: Self = 0.0;

            fn compute(op: Op, left: Self, right: Self) -> Self {
                match op {
                    Op::Add => left + right,
                    Op::Subtract => left - right,
                    Op::Multiply => left * right,
                    Op::Divide => left / right,
                    Op::IntegralDivide => (left / right).trunc(),
                    Op::Remainder => left % right,
                    Op::PositiveRemainder => {
                        let remainder = left % right;
                        if remainder < 0.0 { (remainder + right) % right } else { remainder }
                    }
                }
            }
        }
    )*};
}
float!(f32, f64);
