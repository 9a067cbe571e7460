//! Bitwise functions and operators.

use datafusion::logical_expr::Operator;
use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion::{self, arithmetic_operands, mismatched};
use crate::expr;
use crate::kernels::invoke;
use crate::kernels::math::radix::{self, Shift};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const BITWISE: Family = Family::Bitwise;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("&", BITWISE, TWO, and).example("3 & 5", "1").summary("Bits set in both."),
    scalar("|", BITWISE, TWO, or).example("3 | 5", "7").summary("Bits set in either."),
    scalar("^", BITWISE, TWO, xor).example("3 ^ 5", "6").summary("Bits set in one only."),
    scalar("~", BITWISE, ONE, not).example("~ 0", "-1").summary("All bits turned over."),
    scalar("<<", BITWISE, TWO, shift_left).example("2 << 1", "4").summary("Bits moved left."),
    scalar(">>", BITWISE, TWO, shift_right).example("4 >> 1", "2").summary("Bits moved right, the sign kept."),
    scalar(">>>", BITWISE, TWO, shift_right_unsigned)
        .example("4 >>> 1", "2")
        .summary("Bits moved right, zeros put in."),
    scalar("shiftleft", BITWISE, TWO, shift_left).example("shiftleft(2, 1)", "4").summary("Bits moved left."),
    scalar("shiftright", BITWISE, TWO, shift_right)
        .example("shiftright(4, 1)", "2")
        .summary("Bits moved right, the sign kept."),
    scalar("shiftrightunsigned", BITWISE, TWO, shift_right_unsigned)
        .example("shiftrightunsigned(4, 1)", "2")
        .summary("Bits moved right, zeros put in."),
    scalar("bit_count", BITWISE, ONE, bit_count).example("bit_count(0)", "0").summary("How many bits are set."),
    scalar("bit_get", BITWISE, TWO, bit_get).example("bit_get(11, 0)", "1").summary("The bit at a position."),
    scalar("getbit", BITWISE, TWO, bit_get).example("getbit(11, 2)", "0").summary("The bit at a position."),
];

fn and(call: Call<'_>) -> Result<Typed> {
    operate(call, Operator::BitwiseAnd)
}

fn or(call: Call<'_>) -> Result<Typed> {
    operate(call, Operator::BitwiseOr)
}

fn xor(call: Call<'_>) -> Result<Typed> {
    operate(call, Operator::BitwiseXor)
}

fn operate(mut call: Call<'_>, op: Operator) -> Result<Typed> {
    let [left, right] = call.take()?;
    let (left, right) =
        arithmetic_operands(&call, left, right, |common| common.is_integral() || *common == DataType::Null)?;
    let (left, right) = if left.is_void() {
        (coercion::widened(&call, left, &DataType::Byte)?, coercion::widened(&call, right, &DataType::Byte)?)
    } else {
        (left, right)
    };
    if !left.data_type.is_integral() || left.data_type != right.data_type {
        return Err(if left.data_type == right.data_type {
            coercion::wrong_type(&call, "\"INTEGRAL\"", &left.data_type)
        } else {
            mismatched(&call, "\"INTEGRAL\"", &left.data_type, &right.data_type)
        });
    }
    let data_type = left.data_type.clone();
    Ok(expr::binary(left, op, right, data_type))
}

fn not(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    if value.data_type.is_string() {
        return Err(call.unexpected_type(0, "\"INTEGRAL\"", &value.data_type));
    }
    let value = integral(&call, 0, value, "\"INTEGRAL\"")?;
    let ones = coercion::widened(
        &call,
        expr::literal(datafusion::common::ScalarValue::Int32(Some(-1)), DataType::Integer),
        &value.data_type,
    )?;
    let data_type = value.data_type.clone();
    Ok(expr::binary(value, Operator::BitwiseXor, ones, data_type))
}

/// An integer of any width; text becomes the widest, NULL an integer.
fn integral(call: &Call<'_>, index: usize, value: Typed, required: &str) -> Result<Typed> {
    match &value.data_type {
        data_type if data_type.is_integral() => Ok(value),
        DataType::Null => coercion::int(call, index, value),
        data_type if data_type.is_string() => coercion::long(call, index, value),
        data_type => Err(call.unexpected_type(index, required, data_type)),
    }
}

fn shift_left(call: Call<'_>) -> Result<Typed> {
    shift(call, Shift::Left)
}

fn shift_right(call: Call<'_>) -> Result<Typed> {
    shift(call, Shift::Right)
}

fn shift_right_unsigned(call: Call<'_>) -> Result<Typed> {
    shift(call, Shift::RightUnsigned)
}

fn shift(mut call: Call<'_>, direction: Shift) -> Result<Typed> {
    let [value, distance] = call.take()?;
    let value = match coercion::implicit_type(&value.data_type, &DataType::Integer, call.session.ansi) {
        _ if value.data_type == DataType::Long => value,
        Some(_) => coercion::int(&call, 0, value)?,
        None => return Err(call.unexpected_type(0, "(\"INT\" or \"BIGINT\")", &value.data_type)),
    };
    let distance = coercion::int(&call, 1, distance)?;
    let result = (value.data_type.clone(), value.nullable || distance.nullable);
    invoke::call_arrays_with("spark_shift", direction, vec![value, distance], result, radix::shift)
}

fn bit_count(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    const REQUIRED: &str = "(\"INTEGRAL\" or \"BOOLEAN\")";
    let value = match &value.data_type {
        DataType::Boolean => value,
        data_type if data_type.is_string() => return Err(call.unexpected_type(0, REQUIRED, data_type)),
        _ => integral(&call, 0, value, REQUIRED)?,
    };
    let nullable = value.nullable;
    invoke::call_arrays("spark_bit_count", vec![value], (DataType::Integer, nullable), radix::bit_count)
}

fn bit_get(mut call: Call<'_>) -> Result<Typed> {
    let [value, position] = call.take()?;
    let value = integral(&call, 0, value, "\"INTEGRAL\"")?;
    let position = coercion::int(&call, 1, position)?;
    let data_type = value.data_type.clone();
    let nullable = value.nullable || position.nullable;
    invoke::call_arrays_with(
        "spark_bit_get",
        (data_type, call.name.to_lowercase()),
        vec![value, position],
        (DataType::Byte, nullable),
        radix::bit_get,
    )
}
