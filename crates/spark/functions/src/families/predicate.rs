//! Comparisons, logic and pattern matching.
//!
//! After coercion nearly all of these are DataFusion's own operators, so that it can push them down, prune files with
//! them and find join keys.

mod pattern;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr, Operator};
use hearth_base::condition::DATATYPE_MISMATCH_INVALID_ORDERING_TYPE;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion::{self, comparison_operands, quoted, to_common};
use crate::collation;
use crate::expr;
use crate::kernels::{invoke, math};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const PREDICATE: Family = Family::Predicate;
const TWO: Arity = Arity::Exact(2);
const ONE: Arity = Arity::Exact(1);

pub const ROWS: &[FunctionRow] = &[
    scalar("!", PREDICATE, ONE, not).example("! true", "false").summary("Logical not."),
    scalar("not", PREDICATE, ONE, not).example("not true", "false").summary("Logical not."),
    scalar("and", PREDICATE, TWO, and).example("true and NULL", "NULL").summary("Logical and."),
    scalar("or", PREDICATE, TWO, or).example("true or NULL", "true").summary("Logical or."),
    scalar("=", PREDICATE, TWO, equal).example("2 = 2", "true").summary("Whether both sides are equal."),
    scalar("==", PREDICATE, TWO, equal).example("2 == 2", "true").summary("Whether both sides are equal."),
    scalar("!=", PREDICATE, TWO, not_equal).example("1 != 2", "true").summary("Whether the sides differ."),
    scalar("<>", PREDICATE, TWO, not_equal).example("1 <> 2", "true").summary("Whether the sides differ."),
    scalar("<", PREDICATE, TWO, less).example("1 < 2", "true").summary("Whether the left side is less."),
    scalar("<=", PREDICATE, TWO, less_or_equal).example("2 <= 2", "true").summary("Whether the left side is not more."),
    scalar(">", PREDICATE, TWO, greater).example("2 > 1", "true").summary("Whether the left side is more."),
    scalar(">=", PREDICATE, TWO, greater_or_equal)
        .example("2 >= 1", "true")
        .summary("Whether the left side is not less."),
    scalar("<=>", PREDICATE, TWO, null_safe_equal)
        .example("NULL <=> NULL", "true")
        .summary("Equality in which NULL equals NULL."),
    scalar("equal_null", PREDICATE, TWO, null_safe_equal)
        .example("equal_null(NULL, NULL)", "true")
        .summary("Equality in which NULL equals NULL."),
    scalar("in", PREDICATE, Arity::AtLeast(1), is_in)
        .example("1 in (1, 2, 3)", "true")
        .summary("Whether the value is one of a list."),
    scalar("isnull", PREDICATE, ONE, is_null).example("isnull(1)", "false").summary("Whether the value is NULL."),
    scalar("isnotnull", PREDICATE, ONE, is_not_null)
        .example("isnotnull(1)", "true")
        .summary("Whether the value is not NULL."),
    scalar("isnan", PREDICATE, ONE, is_nan)
        .example("isnan(cast('NaN' as double))", "true")
        .summary("Whether the number is NaN; false for NULL."),
    scalar("like", PREDICATE, Arity::Range(2, 3), pattern::like)
        .example("'Spark' like '_park'", "true")
        .summary("Matches a pattern of % and _."),
    scalar("ilike", PREDICATE, Arity::Range(2, 3), pattern::ilike)
        .example("'Spark' ilike '_PARK'", "true")
        .summary("Matches a pattern of % and _ without regard to case."),
    scalar("rlike", PREDICATE, TWO, pattern::rlike)
        .example("'Spark SQL' rlike '^Sp.*L$'", "true")
        .summary("Whether a part of the text matches a regular expression."),
    scalar("regexp", PREDICATE, TWO, pattern::rlike)
        .example("regexp('Spark SQL', 'SQL$')", "true")
        .summary("Whether a part of the text matches a regular expression."),
    scalar("regexp_like", PREDICATE, TWO, pattern::rlike)
        .example("regexp_like('Spark SQL', 'SQL$')", "true")
        .summary("Whether a part of the text matches a regular expression."),
];

fn not(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::boolean(&call, 0, value)?;
    Ok(Typed::new(Expr::Not(Box::new(value.expr)), DataType::Boolean, value.nullable))
}

fn and(call: Call<'_>) -> Result<Typed> {
    logic(call, Operator::And)
}

fn or(call: Call<'_>) -> Result<Typed> {
    logic(call, Operator::Or)
}

fn logic(mut call: Call<'_>, op: Operator) -> Result<Typed> {
    let [left, right] = call.take()?;
    let ansi = call.session.ansi;
    if left.data_type.is_string() && right.data_type.is_string() {
        return Err(coercion::wrong_type(&call, "\"BOOLEAN\"", &left.data_type));
    }
    // A string beside another type becomes that one first.
    let types = [left.data_type.clone(), right.data_type.clone()];
    let text = types.iter().any(DataType::is_string);
    let other = types.iter().find(|data_type| !data_type.is_string());
    match other {
        Some(DataType::Null) if text => return Err(coercion::wrong_type(&call, "\"BOOLEAN\"", &DataType::STRING)),
        Some(DataType::Decimal { .. } | DataType::Float | DataType::Double) if text && ansi => {
            return Err(coercion::wrong_type(&call, "\"BOOLEAN\"", &DataType::Double));
        }
        Some(number) if text && ansi && number.is_integral() => {
            return Err(coercion::wrong_type(&call, "\"BOOLEAN\"", &DataType::Long));
        }
        _ => {}
    }
    if !fits_boolean(&left, ansi) || !fits_boolean(&right, ansi) {
        return Err(coercion::mismatched(&call, "\"BOOLEAN\"", &left.data_type, &right.data_type));
    }
    let left = coercion::boolean(&call, 0, left)?;
    let right = coercion::boolean(&call, 1, right)?;
    Ok(expr::binary(left, op, right, DataType::Boolean))
}

fn fits_boolean(value: &Typed, ansi: bool) -> bool {
    value.is_void() || value.data_type == DataType::Boolean || (ansi && value.data_type.is_string())
}

fn equal(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::Eq)
}

fn not_equal(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::NotEq)
}

fn less(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::Lt)
}

fn less_or_equal(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::LtEq)
}

fn greater(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::Gt)
}

fn greater_or_equal(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::GtEq)
}

fn null_safe_equal(call: Call<'_>) -> Result<Typed> {
    compare(call, Operator::IsNotDistinctFrom)
}

fn compare(mut call: Call<'_>, op: Operator) -> Result<Typed> {
    let [left, right] = call.take()?;
    compare_values(&call, left, op, right)
}

/// `left op right` with both sides brought to one type that has an order.
pub fn compare_values(call: &Call<'_>, left: Typed, op: Operator, right: Typed) -> Result<Typed> {
    let equality = matches!(op, Operator::Eq | Operator::NotEq | Operator::IsNotDistinctFrom);
    let (left, right) =
        if equality && !call.session.ansi { legacy_booleans(call, left, right)? } else { (left, right) };
    let (left, right) = comparison_operands(call, left, right)?;
    check_orderable(call, &left.data_type)?;
    let (left, right) = (collation::nested_key(left), collation::nested_key(right));
    Ok(expr::binary(left, op, right, DataType::Boolean))
}

/// Without ANSI a boolean equals a number as 0 or 1.
fn legacy_booleans(call: &Call<'_>, left: Typed, right: Typed) -> Result<(Typed, Typed)> {
    match (&left.data_type, &right.data_type) {
        (DataType::Boolean, number) if number.is_numeric() => {
            let number = number.clone();
            Ok((coercion::widened(call, left, &number)?, right))
        }
        (number, DataType::Boolean) if number.is_numeric() => {
            let number = number.clone();
            Ok((left, coercion::widened(call, right, &number)?))
        }
        _ => Ok((left, right)),
    }
}

/// Maps, variants and calendar intervals have no order, nor what is made of them.
pub fn is_orderable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_)
        | DataType::Variant
        | DataType::CalendarInterval
        | DataType::Geometry { .. }
        | DataType::Geography { .. } => false,
        DataType::Array(array) => is_orderable(&array.element),
        DataType::Struct(structure) => structure.fields.iter().all(|field| is_orderable(&field.data_type)),
        DataType::Udt(udt) => is_orderable(&udt.sql_type),
        _ => true,
    }
}

pub fn check_orderable(call: &Call<'_>, data_type: &DataType) -> Result<()> {
    if is_orderable(data_type) { Ok(()) } else { Err(not_orderable(call, data_type)) }
}

fn not_orderable(call: &Call<'_>, data_type: &DataType) -> Error {
    DATATYPE_MISMATCH_INVALID_ORDERING_TYPE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", format!("`{}`", if call.name == "==" { "=" } else { call.name }))
        .with("dataType", quoted(data_type))
}

fn is_in(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    if let [value] = values.as_slice() {
        let never = expr::literal(ScalarValue::Boolean(Some(false)), DataType::Boolean);
        return Ok(Typed { nullable: value.nullable, ..never });
    }
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    if coercion::common_type(&types, call.session).is_none() {
        return Err(coercion::different_in_list(&call, "in", &types));
    }
    let (values, common) = to_common(&call, values)?;
    check_orderable(&call, &common)?;
    let nullable = invoke::any_nullable(&values);
    let mut values = values.into_iter().map(|value| value.expr);
    let Some(value) = values.next() else {
        return Err(Error::internal("IN without a value"));
    };
    let values: Vec<Expr> = values.collect();
    // DataFusion takes a subquery that is a list's only item for the whole list.
    if let [only @ Expr::ScalarSubquery(_)] = values.as_slice() {
        let equal = datafusion::logical_expr::binary_expr(value, Operator::Eq, only.clone());
        return Ok(Typed::new(equal, DataType::Boolean, nullable));
    }
    let list = Expr::InList(InList::new(Box::new(value), values, false));
    Ok(Typed::new(list, DataType::Boolean, nullable))
}

fn is_null(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    Ok(expr::is_null(value))
}

fn is_not_null(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    Ok(expr::is_not_null(value))
}

fn is_nan(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = match value.data_type {
        DataType::Float => value,
        ref data_type if data_type.is_numeric() || data_type.is_string() || value.is_void() => {
            coercion::double(&call, 0, value)?
        }
        ref data_type => return Err(call.unexpected_type(0, "(\"DOUBLE\" or \"FLOAT\")", data_type)),
    };
    invoke::call_arrays("spark_isnan", vec![value], (DataType::Boolean, false), math::is_nan)
}
