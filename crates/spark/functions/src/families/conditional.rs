//! Conditional functions: `CASE` and what is written in terms of it.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion::{self, to_common};
use crate::expr;
use crate::families::predicate::compare_values;
use crate::kernels::{invoke, math};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const CONDITIONAL: Family = Family::Conditional;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("when", CONDITIONAL, Arity::AtLeast(2), when)
        .example("CASE WHEN 1 > 0 THEN 1 WHEN 2 > 0 THEN 2.0 ELSE 1.2 END", "1.0")
        .summary("The value behind the first condition that is true, else the last argument."),
    scalar("case", CONDITIONAL, Arity::AtLeast(2), when)
        .example("CASE WHEN 1 < 0 THEN 1 WHEN 2 > 0 THEN 2.0 ELSE 1.2 END", "2.0")
        .summary("The value behind the first condition that is true, else the last argument."),
    scalar("if", CONDITIONAL, Arity::Exact(3), when)
        .example("if(1 < 2, 'a', 'b')", "a")
        .summary("The second argument if the first is true, else the third."),
    scalar("coalesce", CONDITIONAL, Arity::AtLeast(1), coalesce)
        .example("coalesce(NULL, 1, NULL)", "1")
        .summary("The first argument that is not NULL."),
    scalar("nvl", CONDITIONAL, TWO, coalesce)
        .example("nvl(NULL, 2)", "2")
        .summary("The second argument if the first is NULL."),
    scalar("ifnull", CONDITIONAL, TWO, coalesce)
        .example("ifnull(NULL, 2)", "2")
        .summary("The second argument if the first is NULL."),
    scalar("nvl2", CONDITIONAL, Arity::Exact(3), nvl2)
        .example("nvl2(NULL, 2, 1)", "1")
        .summary("The second argument if the first is not NULL, else the third."),
    scalar("nullif", CONDITIONAL, TWO, nullif)
        .example("nullif(2, 2)", "NULL")
        .summary("NULL if the arguments are equal, else the first."),
    scalar("nullifzero", CONDITIONAL, ONE, nullifzero)
        .example("nullifzero(0)", "NULL")
        .summary("NULL for zero, else the argument."),
    scalar("zeroifnull", CONDITIONAL, ONE, zeroifnull)
        .example("zeroifnull(NULL)", "0")
        .summary("Zero for NULL, else the argument."),
    scalar("nanvl", CONDITIONAL, TWO, nanvl)
        .example("nanvl(cast('NaN' as double), 123)", "123.0")
        .summary("The second argument if the first is NaN."),
    scalar("between", CONDITIONAL, Arity::Exact(3), between)
        .example("0.5 between 0.1 and 1.0", "true")
        .summary("Whether the value lies between two others or is one of them."),
];

/// Conditions and results take turns; an odd last argument is the `ELSE`.
fn when(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let mut conditions = Vec::with_capacity(values.len() / 2);
    let mut results = Vec::with_capacity(values.len() / 2 + 1);
    let count = values.len();
    for (index, value) in values.into_iter().enumerate() {
        if index % 2 == 0 && index + 1 < count {
            conditions.push(condition(&call, index, value)?);
        } else {
            results.push(value);
        }
    }
    let (mut results, data_type) = common_result(&call, results)?;
    let otherwise = if results.len() > conditions.len() { results.pop() } else { None };
    // What stands behind a condition that always holds is never reached.
    let always = |condition: &Typed| matches!(condition.literal(), Some(ScalarValue::Boolean(Some(true))));
    let certain = conditions.iter().position(always).filter(|_| call.name != "if");
    let nullable = certain.map(|last| results[..=last].iter().any(|value| value.nullable));
    let answer = expr::case(conditions.into_iter().zip(results).collect(), otherwise, data_type);
    Ok(Typed { nullable: nullable.unwrap_or(answer.nullable), ..answer })
}

/// The results of a `CASE` as one type.
fn common_result(call: &Call<'_>, results: Vec<Typed>) -> Result<(Vec<Typed>, DataType)> {
    let function = if matches!(call.name, "when" | "case") { "casewhen" } else { "if" };
    let types: Vec<_> = results.iter().map(|value| value.data_type.clone()).collect();
    match coercion::common_type(&types, call.session) {
        Some(_) => to_common(call, results),
        None => Err(coercion::different_in_list(call, function, &types)),
    }
}

/// A condition must be boolean already; the bare NULL converts for `if` but not for `CASE`.
fn condition(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    if value.data_type == DataType::Boolean || (value.is_void() && call.name.eq_ignore_ascii_case("if")) {
        return coercion::boolean(call, index, value);
    }
    Err(call.unexpected_type(index, "\"BOOLEAN\"", &value.data_type))
}

fn coalesce(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    // The others are this one in Spark, and its errors say so.
    call.sql = format!("coalesce({})", call.argument_sql.join(", "));
    call.name = "coalesce";
    let (mut values, data_type) = to_common(&call, values)?;
    let last = values.pop().ok_or_else(|| Error::internal("coalesce without arguments"))?;
    Ok(first_there(values, last, data_type))
}

/// The first value that is not NULL, written as the `CASE` that DataFusion turns its own `coalesce` into.
fn first_there(values: Vec<Typed>, last: Typed, data_type: DataType) -> Typed {
    if values.is_empty() {
        return last;
    }
    let nullable = last.nullable && values.iter().all(|value| value.nullable);
    let branches = values.into_iter().map(|value| (expr::is_not_null(value.clone()), value)).collect();
    Typed { nullable, ..expr::case(branches, Some(last), data_type) }
}

fn nvl2(mut call: Call<'_>) -> Result<Typed> {
    let [value, there, missing] = call.take()?;
    if let [tested, first, second] = call.argument_sql.as_slice() {
        call.sql = format!("(IF(({tested} IS NOT NULL), {first}, {second}))");
    }
    call.name = "if";
    let (results, data_type) = common_result(&call, vec![there, missing])?;
    let [there, missing] = pair(results)?;
    Ok(expr::case(vec![(expr::is_not_null(value), there)], Some(missing), data_type))
}

fn pair(values: Vec<Typed>) -> Result<[Typed; 2]> {
    values.try_into().map_err(|_| Error::internal("two values became another number"))
}

fn nullif(mut call: Call<'_>) -> Result<Typed> {
    let [left, right] = call.take()?;
    shared_operand(&mut call, "=", 1);
    let equal = compare_values(&call, left.clone(), Operator::Eq, right)?;
    let data_type = left.data_type.clone();
    let null = expr::null(&data_type)?;
    Ok(expr::case(vec![(equal, null)], Some(left), data_type))
}

fn zero() -> Typed {
    expr::literal(ScalarValue::Int32(Some(0)), DataType::Integer)
}

fn nullifzero(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let equal = compare_values(&call, value.clone(), Operator::Eq, zero())?;
    let data_type = value.data_type.clone();
    let null = expr::null(&data_type)?;
    Ok(expr::case(vec![(equal, null)], Some(value), data_type))
}

fn zeroifnull(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let (mut values, data_type) = to_common(&call, vec![value, zero()])?;
    let last = values.pop().ok_or_else(|| Error::internal("zeroifnull without arguments"))?;
    Ok(first_there(values, last, data_type))
}

fn nanvl(mut call: Call<'_>) -> Result<Typed> {
    let [left, right] = call.take()?;
    let both_float = left.data_type == DataType::Float && right.data_type == DataType::Float;
    let target = if both_float { DataType::Float } else { DataType::Double };
    let left = coercion::implicit(&call, 0, left, &target)?;
    let right = coercion::implicit(&call, 1, right, &target)?;
    let nullable = left.nullable || right.nullable;
    let is_nan = invoke::call_arrays("spark_isnan", vec![left.clone()], (DataType::Boolean, false), math::is_nan)?;
    let mut answer = expr::case(vec![(is_nan, right)], Some(left), target);
    answer.nullable = nullable;
    Ok(answer)
}

/// Spark computes the value once, and its errors show where it stands.
fn shared_operand(call: &mut Call<'_>, operator: &str, other: usize) {
    let other = call.argument_sql.get(other).map_or("", String::as_str);
    call.sql = format!("(commonexpressionref() {operator} {other})");
}

/// `value >= low AND value <= high`, each pair coerced on its own.
fn between(mut call: Call<'_>) -> Result<Typed> {
    let [value, low, high] = call.take()?;
    call.name = ">=";
    shared_operand(&mut call, ">=", 1);
    let above = compare_values(&call, value.clone(), Operator::GtEq, low)?;
    call.name = "<=";
    shared_operand(&mut call, "<=", 2);
    let below = compare_values(&call, value, Operator::LtEq, high)?;
    Ok(expr::binary(above, Operator::And, below, DataType::Boolean))
}
