//! The arithmetic operators and their `try_` kin.
//!
//! What cannot overflow is DataFusion's own operator; the rest is the checked kernel. Dates, timestamps and intervals go
//! to `temporal`.

use datafusion::logical_expr::Operator;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::temporal;
use crate::call::Call;
use crate::cast::{self, CastMode};
use crate::coercion::decimal::{self, Operation, for_type};
use crate::coercion::{arithmetic_operands, different, widened, wrong_type};
use crate::expr;
use crate::kernels::arithmetic::{Arithmetic, Op, evaluate};
use crate::kernels::invoke;
use crate::typed::Typed;

pub const SUMMABLE: &str = "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")";
const NUMERIC: &str = "\"NUMERIC\"";
const DIVISIBLE: &str = "(\"DOUBLE\" or \"DECIMAL\")";
const COUNTABLE: &str = "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")";

pub fn add(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::Add, mode)
}

pub fn subtract(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::Subtract, mode)
}

pub fn multiply(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::Multiply, mode)
}

pub fn divide(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::Divide, mode)
}

pub fn remainder(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::Remainder, mode)
}

pub fn integral_divide(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::IntegralDivide, mode)
}

pub fn pmod(call: Call<'_>) -> Result<Typed> {
    let mode = CastMode::of(call.session);
    operate(call, Op::PositiveRemainder, mode)
}

pub fn try_add(call: Call<'_>) -> Result<Typed> {
    operate(call, Op::Add, CastMode::Try)
}

pub fn try_subtract(call: Call<'_>) -> Result<Typed> {
    operate(call, Op::Subtract, CastMode::Try)
}

pub fn try_multiply(call: Call<'_>) -> Result<Typed> {
    operate(call, Op::Multiply, CastMode::Try)
}

pub fn try_divide(call: Call<'_>) -> Result<Typed> {
    operate(call, Op::Divide, CastMode::Try)
}

pub fn try_mod(call: Call<'_>) -> Result<Typed> {
    operate(call, Op::Remainder, CastMode::Try)
}

fn operate(mut call: Call<'_>, op: Op, mode: CastMode) -> Result<Typed> {
    let [left, right] = call.take()?;
    if temporal::concerns(&left.data_type) || temporal::concerns(&right.data_type) {
        return temporal::operate(&call, op, mode, left, right);
    }
    numbers(&call, op, mode, left, right)
}

/// `left op right` on numbers and what converts to numbers.
pub fn numbers(call: &Call<'_>, op: Op, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    let (left, right) = if op == Op::IntegralDivide {
        (integer_as_long(call, left)?, integer_as_long(call, right)?)
    } else {
        (left, right)
    };
    if !call.session.ansi
        && let Some(error) = no_double(call, op, &left.data_type, &right.data_type)
    {
        return Err(error);
    }
    let (left, right) = if mode == CastMode::Try { tolerant_text(call, left, right)? } else { (left, right) };
    // Nothing divided by a number is a double, whatever the number is.
    let voids = op == Op::Divide && left.is_void() && (right.data_type.is_numeric() || right.is_void());
    let (left, right) = if voids {
        (widened(call, left, &DataType::Double)?, widened(call, right, &DataType::Double)?)
    } else {
        (left, right)
    };
    let accepts = |common: &DataType| match op {
        Op::IntegralDivide => common.is_integral() || matches!(common, DataType::Decimal { .. } | DataType::Null),
        _ => common.is_numeric() || *common == DataType::Null,
    };
    let (mut left, mut right) = arithmetic_operands(call, left, right, accepts)?;
    if left.is_void() && right.is_void() {
        let number = if op == Op::IntegralDivide { DataType::Long } else { DataType::Double };
        left = widened(call, left, &number)?;
        right = widened(call, right, &number)?;
    }
    if !left.data_type.is_numeric() {
        return Err(wrong_type(call, accepted(op), &left.data_type));
    }
    let decimals = matches!(left.data_type, DataType::Decimal { .. });
    match op {
        Op::Divide if !decimals => {
            left = widened(call, left, &DataType::Double)?;
            right = widened(call, right, &DataType::Double)?;
        }
        Op::IntegralDivide if !decimals && !left.data_type.is_integral() => {
            return Err(wrong_type(call, COUNTABLE, &left.data_type));
        }
        _ => {}
    }
    let result = result_type(call, op, &left.data_type, &right.data_type);
    let value = match native(op, mode, &left, &result) {
        Some(operator) => expr::binary(left, operator, right, result),
        None => checked(op, mode, left, right, result)?,
    };
    // Spark calls a division nullable also where a zero is an error.
    let divides = matches!(op, Op::Divide | Op::IntegralDivide | Op::Remainder | Op::PositiveRemainder);
    Ok(Typed { nullable: value.nullable || divides, ..value })
}

/// The error of a text beside something that is no number without ANSI, where it is read as a double.
fn no_double(call: &Call<'_>, op: Op, left: &DataType, right: &DataType) -> Option<Error> {
    let other = if left.is_string() { right } else { left };
    let counts = op != Op::IntegralDivide || *other == DataType::Double;
    let fits = *other == DataType::Null || (other.is_numeric() && counts);
    if left.is_string() == right.is_string() || fits {
        return None;
    }
    let shown = |side: &DataType| if side.is_string() { DataType::Double } else { side.clone() };
    Some(different(call, &shown(left), &shown(right)))
}

fn integer_as_long(call: &Call<'_>, value: Typed) -> Result<Typed> {
    if value.data_type.is_integral() { widened(call, value, &DataType::Long) } else { Ok(value) }
}

/// Text beside a number: what is no number is NULL for a `try_` function.
fn tolerant_text(call: &Call<'_>, left: Typed, right: Typed) -> Result<(Typed, Typed)> {
    let number = |side: &Typed| match side.data_type.is_integral() && call.session.ansi {
        true => DataType::Long,
        false => DataType::Double,
    };
    let read = |text: Typed, to: DataType| cast::cast(text, &to, CastMode::Try, call.session);
    match (left.data_type.is_string(), right.data_type.is_string()) {
        (true, false) if right.data_type.is_numeric() => {
            let to = number(&right);
            Ok((read(left, to)?, right))
        }
        (false, true) if left.data_type.is_numeric() => {
            let to = number(&left);
            Ok((left, read(right, to)?))
        }
        _ => Ok((left, right)),
    }
}

/// What an operator takes, as errors tell it.
pub fn accepted(op: Op) -> &'static str {
    match op {
        Op::Add | Op::Subtract => SUMMABLE,
        Op::Multiply | Op::Remainder | Op::PositiveRemainder => NUMERIC,
        Op::Divide => DIVISIBLE,
        Op::IntegralDivide => COUNTABLE,
    }
}

fn result_type(call: &Call<'_>, op: Op, left: &DataType, right: &DataType) -> DataType {
    let operation = match op {
        Op::Add => Operation::Add,
        Op::Subtract => Operation::Subtract,
        Op::Multiply => Operation::Multiply,
        Op::Divide => Operation::Divide,
        Op::Remainder | Op::PositiveRemainder => Operation::Remainder,
        Op::IntegralDivide => return DataType::Long,
    };
    match (left, right, for_type(left), for_type(right)) {
        (DataType::Decimal { .. }, DataType::Decimal { .. }, Some(left), Some(right)) => {
            decimal::result(operation, left, right, call.session.decimal_precision_loss)
        }
        _ => left.clone(),
    }
}

/// DataFusion's operator, when it gives the same values: floats, wrapping integers, and decimals that always fit.
fn native(op: Op, mode: CastMode, left: &Typed, result: &DataType) -> Option<Operator> {
    let operator = match op {
        Op::Add => Operator::Plus,
        Op::Subtract => Operator::Minus,
        Op::Multiply => Operator::Multiply,
        Op::Divide | Op::Remainder | Op::IntegralDivide | Op::PositiveRemainder => return None,
    };
    let fits = match (&left.data_type, result) {
        (DataType::Float | DataType::Double, _) => true,
        // At 38 digits the result may have been cut to fit.
        (DataType::Decimal { .. }, DataType::Decimal { precision, .. }) => *precision < 38,
        (data_type, _) => data_type.is_integral() && mode == CastMode::Legacy,
    };
    fits.then_some(operator)
}

fn checked(op: Op, mode: CastMode, left: Typed, right: Typed, result: DataType) -> Result<Typed> {
    let plan =
        Arithmetic { op, mode, left: left.data_type.clone(), right: right.data_type.clone(), result: result.clone() };
    let never_null = match op {
        // A decimal may overflow to NULL, and Spark's schema says so in every mode.
        Op::Add | Op::Subtract | Op::Multiply => {
            mode != CastMode::Try && (left.data_type.is_integral() || mode == CastMode::Ansi)
        }
        Op::Divide | Op::Remainder | Op::IntegralDivide | Op::PositiveRemainder => mode == CastMode::Ansi,
    };
    let nullable = !never_null || left.nullable || right.nullable;
    // Operands of these two may change places, which who compares plans must see.
    let name = match op {
        Op::Add => "spark_add",
        Op::Multiply => "spark_multiply",
        Op::Subtract => "spark_arithmetic",
        Op::Divide | Op::Remainder | Op::IntegralDivide | Op::PositiveRemainder => "spark_division",
    };
    invoke::call_with(name, plan, vec![left, right], (result, nullable), evaluate)
}
