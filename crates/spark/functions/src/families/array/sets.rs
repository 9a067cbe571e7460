//! Arrays as sets.

use hearth_base::condition::DATATYPE_MISMATCH_BINARY_ARRAY_DIFF_TYPES;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::{as_array, contains_null};
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion::common_type;
use crate::kernels::collection::sets::{self, SetOperation};
use crate::kernels::collection::shape;
use crate::typed::Typed;

pub fn array_compact(mut call: Call<'_>) -> Result<Typed> {
    let [array] = call.take()?;
    let (array, array_type) = as_array(&call, 0, array, true)?;
    let result = (DataType::array(array_type.element, false), array.nullable);
    shape::call("array_compact", (), vec![array], result, sets::compact)
}

pub fn array_distinct(mut call: Call<'_>) -> Result<Typed> {
    let [array] = call.take()?;
    let (array, _) = as_array(&call, 0, array, true)?;
    let result = (array.data_type.clone(), array.nullable);
    shape::call("array_distinct", (), vec![array], result, sets::distinct)
}

pub fn array_union(call: Call<'_>) -> Result<Typed> {
    combine(call, "array_union", SetOperation::Union)
}

pub fn array_intersect(call: Call<'_>) -> Result<Typed> {
    combine(call, "array_intersect", SetOperation::Intersect)
}

pub fn array_except(call: Call<'_>) -> Result<Typed> {
    combine(call, "array_except", SetOperation::Except)
}

fn combine(mut call: Call<'_>, name: &'static str, operation: SetOperation) -> Result<Typed> {
    let (left, right, element) = two_arrays(&mut call)?;
    let with_null = match operation {
        SetOperation::Union => contains_null(&left) || contains_null(&right),
        SetOperation::Intersect => contains_null(&left) && contains_null(&right),
        SetOperation::Except => contains_null(&left),
    };
    let nullable = left.nullable || right.nullable;
    let result = (DataType::array(element, with_null), nullable);
    shape::call(name, operation, vec![left, right], result, sets::combine)
}

pub fn arrays_overlap(mut call: Call<'_>) -> Result<Typed> {
    let (left, right, _) = two_arrays(&mut call)?;
    let nullable = left.nullable || right.nullable || contains_null(&left) || contains_null(&right);
    shape::call("arrays_overlap", (), vec![left, right], (DataType::Boolean, nullable), sets::overlap)
}

/// Two arrays of one element type. Each keeps whether it has NULLs.
fn two_arrays(call: &mut Call<'_>) -> Result<(Typed, Typed, DataType)> {
    let [left, right] = call.take()?;
    let one_is_void = left.is_void() || right.is_void();
    let both_arrays = [&left, &right].iter().all(|side| matches!(side.data_type, DataType::Array(_)));
    if !one_is_void && !both_arrays {
        return Err(different(call, &left, &right));
    }
    let (left, left_type) = as_array(call, 0, left, false)?;
    let (right, right_type) = as_array(call, 1, right, false)?;
    let types = [left_type.element.clone(), right_type.element.clone()];
    let string_and_not = types[0].is_string() != types[1].is_string() && types.iter().all(|one| *one != DataType::Null);
    let Some(common) = common_type(&types, call.session).filter(|_| !string_and_not) else {
        return Err(different(call, &left, &right));
    };
    let mode = CastMode::of(call.session);
    let left = cast(left, &DataType::array(common.clone(), left_type.contains_null), mode, call.session)?;
    let right = cast(right, &DataType::array(common.clone(), right_type.contains_null), mode, call.session)?;
    Ok((left, right, common))
}

fn different(call: &Call<'_>, left: &Typed, right: &Typed) -> Error {
    DATATYPE_MISMATCH_BINARY_ARRAY_DIFF_TYPES
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", format!("`{}`", call.name))
        .with("arrayType", "\"ARRAY\"")
        .with("leftType", format!("\"{}\"", left.data_type.sql()))
        .with("rightType", format!("\"{}\"", right.data_type.sql()))
}
