//! The two sides of an operator: strings promoted, decimals kept apart, everything else brought to one type.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use hearth_base::condition::{DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES, DATATYPE_MISMATCH_BINARY_OP_WRONG_TYPE};
use hearth_base::{Error, Result};
use hearth_types::{DataType, StructField};

use super::widen::{promoted_string, tightest_nested, tightest_type};
use super::{decimal, quoted, widened, wider_type};
use crate::call::Call;
use crate::typed::Typed;

/// Sides of `+ - * / % div` and their like. Both have one type afterwards, except two decimals, which keep their own.
///
/// `accepts` says what the operator takes: sides that meet in another type stay as they are, and are told as they are.
pub fn arithmetic_operands(
    call: &Call<'_>,
    left: Typed,
    right: Typed,
    accepts: impl Fn(&DataType) -> bool,
) -> Result<(Typed, Typed)> {
    let common = if call.session.ansi {
        promoted_string(&left.data_type, &right.data_type)
    } else {
        legacy_string_as_double(&left.data_type, &right.data_type)
    };
    if let Some(common) = common {
        return Ok((widened(call, left, &common)?, widened(call, right, &common)?));
    }
    let strings = left.data_type.is_string() && right.data_type.is_string();
    if call.session.ansi && !strings && (left.data_type.is_string() || right.data_type.is_string()) {
        // Beside a text NULL is one too, and no operator takes that.
        if left.is_void() || right.is_void() {
            return Ok((widened(call, left, &DataType::STRING)?, widened(call, right, &DataType::STRING)?));
        }
    }
    if let Some((left, right)) = decimals(call, &left, &right)? {
        return Ok((left, right));
    }
    let ansi = call.session.ansi;
    let numbers = left.data_type.is_numeric() && right.data_type.is_numeric();
    let common = if numbers {
        wider_type(&left.data_type, &right.data_type, ansi)
    } else {
        tightest_type(&left.data_type, &right.data_type, ansi)
    };
    // A decimal beside a double becomes one, whether the operator takes doubles or not.
    let is_decimal = |side: &Typed| matches!(side.data_type, DataType::Decimal { .. });
    let is_double = |side: &Typed| side.data_type == DataType::Double;
    let is_settled = left.data_type == right.data_type
        || (is_decimal(&left) && is_double(&right))
        || (is_double(&left) && is_decimal(&right));
    match common {
        Some(common) if accepts(&common) || is_settled => {
            Ok((widened(call, left, &common)?, widened(call, right, &common)?))
        }
        Some(_) | None => Err(different(call, &left.data_type, &right.data_type)),
    }
}

/// Without ANSI a string in arithmetic is a double.
fn legacy_string_as_double(left: &DataType, right: &DataType) -> Option<DataType> {
    let fits = |data_type: &DataType| data_type.is_string() || data_type.is_numeric() || *data_type == DataType::Null;
    ((left.is_string() && fits(right)) || (right.is_string() && fits(left))).then_some(DataType::Double)
}

/// Both sides as decimals, when one is a decimal and the other a decimal or an integer.
fn decimals(call: &Call<'_>, left: &Typed, right: &Typed) -> Result<Option<(Typed, Typed)>> {
    let is_decimal = |side: &Typed| matches!(side.data_type, DataType::Decimal { .. });
    let fits = |side: &Typed| is_decimal(side) || side.data_type.is_integral();
    if !((is_decimal(left) && fits(right)) || (is_decimal(right) && fits(left))) {
        return Ok(None);
    }
    let left = widened(call, left.clone(), &as_decimal(left))?;
    let right = widened(call, right.clone(), &as_decimal(right))?;
    Ok(Some((left, right)))
}

/// The decimal type of a side: its own, the one of a constant's digits, or the one that holds its type.
fn as_decimal(side: &Typed) -> DataType {
    let digits = match side.literal() {
        Some(ScalarValue::Int16(Some(value))) => Some(i64::from(*value)),
        Some(ScalarValue::Int32(Some(value))) => Some(i64::from(*value)),
        Some(ScalarValue::Int64(Some(value))) => Some(*value),
        _ => None,
    };
    match (digits, decimal::for_type(&side.data_type)) {
        (Some(value), _) => decimal::bounded(decimal::for_literal(value)),
        (None, Some(shape)) => decimal::bounded(shape),
        (None, None) => side.data_type.clone(),
    }
}

/// Sides of a comparison, both of one type.
pub fn comparison_operands(call: &Call<'_>, left: Typed, right: Typed) -> Result<(Typed, Typed)> {
    let types = (&left.data_type, &right.data_type);
    let common = if call.session.ansi {
        promoted_string(types.0, types.1).or_else(|| compared(types.0, types.1, true))
    } else {
        legacy_compared(types.0, types.1).or_else(|| compared(types.0, types.1, false))
    };
    match common {
        Some(common) => Ok((widened(call, left, &common)?, widened(call, right, &common)?)),
        None => Err(different(call, &left.data_type, &right.data_type)),
    }
}

/// Common type without turning strings into anything.
fn compared(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    let right = &like_named(left, right);
    // Within arrays, maps and structs nothing is widened.
    if left.is_nested() && right.is_nested() {
        return tightest_nested(left, right, ansi);
    }
    tightest_type(left, right, ansi)
        .or_else(|| if left.is_string() || right.is_string() { None } else { wider_type(left, right, ansi) })
}

/// Structs are compared field by field, whatever the fields are called: the right type under the left one's names.
fn like_named(left: &DataType, right: &DataType) -> DataType {
    match (left, right) {
        (DataType::Struct(a), DataType::Struct(b)) if a.fields.len() == b.fields.len() => {
            let fields = a.fields.iter().zip(b.fields.iter());
            DataType::structure(fields.map(|(a, b)| StructField {
                name: Arc::clone(&a.name),
                data_type: like_named(&a.data_type, &b.data_type),
                ..b.clone()
            }))
        }
        _ => right.clone(),
    }
}

/// Without ANSI a string is read as what it is compared with; with a fraction in play, as a double.
fn legacy_compared(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType as T;
    let other = match (left.is_string(), right.is_string()) {
        (true, false) => right,
        (false, true) => left,
        (true, true) | (false, false) => return None,
    };
    match other {
        T::Null => Some(T::STRING),
        T::Decimal { scale, .. } if *scale > 0 => Some(T::Double),
        other if super::widen::is_atomic(other) && !other.is_interval() => Some(other.clone()),
        _ => None,
    }
}

/// The error of sides whose types do not go together.
pub fn different(call: &Call<'_>, left: &DataType, right: &DataType) -> Error {
    DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("left", quoted(left))
        .with("right", quoted(right))
}

/// The error of an operator whose sides agree on a type that it does not take.
pub fn mismatched(call: &Call<'_>, required: &str, left: &DataType, right: &DataType) -> Error {
    if left != right {
        return different(call, left, right);
    }
    wrong_type(call, required, left)
}

/// The error of an operator that does not take a type. `required` is quoted already.
pub fn wrong_type(call: &Call<'_>, required: &str, actual: &DataType) -> Error {
    DATATYPE_MISMATCH_BINARY_OP_WRONG_TYPE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("inputType", required)
        .with("actualDataType", quoted(actual))
}
