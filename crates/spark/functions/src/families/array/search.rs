//! Elements of arrays: by place, by value, by order.

use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Case;
use datafusion::scalar::ScalarValue;
use hearth_base::condition::DATATYPE_MISMATCH_NULL_TYPE;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::{as_array, check_orderable, contains_null, with_element};
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion;
use crate::kernels::collection::elements::{self, Indexing, SizeOfNull};
use crate::kernels::collection::sorting::{self, Sorting};
use crate::kernels::collection::{joins, sets, shape};
use crate::typed::Typed;

pub fn array_contains(mut call: Call<'_>) -> Result<Typed> {
    let [array, value] = call.take()?;
    if value.is_void() || array.is_void() {
        return Err(DATATYPE_MISMATCH_NULL_TYPE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", format!("`{}`", call.name)));
    }
    let (array, value, _) = with_element(&call, array, value)?;
    check_orderable(&call, &value.data_type)?;
    let nullable = array.nullable || value.nullable || contains_null(&array);
    shape::call("array_contains", (), vec![array, value], (DataType::Boolean, nullable), sets::contains)
}

pub fn array_position(mut call: Call<'_>) -> Result<Typed> {
    let [array, value] = call.take()?;
    let (array, value, _) = with_element(&call, array, value)?;
    let nullable = array.nullable || value.nullable;
    shape::call("array_position", (), vec![array, value], (DataType::Long, nullable), sets::position)
}

pub fn array_remove(mut call: Call<'_>) -> Result<Typed> {
    let [array, value] = call.take()?;
    let (array, value, _) = with_element(&call, array, value)?;
    let result = (array.data_type.clone(), array.nullable || value.nullable);
    shape::call("array_remove", (), vec![array, value], result, sets::remove)
}

pub fn array_join(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let first = values.remove(0);
    if !matches!(first.data_type, DataType::Array(_) | DataType::Null) {
        return Err(call.unexpected_type(0, "\"ARRAY<STRING>\"", &first.data_type));
    }
    let (array, _) = as_array(&call, 0, first, true)?;
    let texts = DataType::array(DataType::STRING, contains_null(&array));
    let array = cast(array, &texts, CastMode::of(call.session), call.session)?;
    let mut arguments = vec![array];
    for (index, value) in values.into_iter().enumerate() {
        if !(value.data_type.is_string() || value.is_void()) {
            return Err(call.unexpected_type(index + 1, "\"STRING\"", &value.data_type));
        }
        arguments.push(coercion::string(&call, index + 1, value)?);
    }
    let nullable = arguments.iter().any(|argument| argument.nullable);
    shape::call("array_join", (), arguments, (DataType::STRING, nullable), joins::array_join)
}

pub fn array_max(call: Call<'_>) -> Result<Typed> {
    extreme(call, "array_max", true)
}

pub fn array_min(call: Call<'_>) -> Result<Typed> {
    extreme(call, "array_min", false)
}

fn extreme(mut call: Call<'_>, name: &'static str, largest: bool) -> Result<Typed> {
    let [array] = call.take()?;
    let (array, array_type) = as_array(&call, 0, array, false)?;
    check_orderable(&call, &array_type.element)?;
    shape::call(name, largest, vec![array], (array_type.element, true), sorting::extreme)
}

pub fn sort_array(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let flag = if values.len() > 1 { values.pop() } else { None };
    if let Some(flag) = &flag
        && !matches!(flag.data_type, DataType::Boolean | DataType::Null)
    {
        return Err(call.unexpected_type(1, "\"BOOLEAN\"", &flag.data_type));
    }
    let array = values.pop().ok_or_else(|| Error::internal("sort_array without an array"))?;
    let (array, array_type) = as_array(&call, 0, array, true)?;
    check_orderable(&call, &array_type.element)?;
    let result = (array.data_type.clone(), array.nullable);
    let sorted = |ascending: bool| {
        let sorting = Sorting { descending: !ascending, nulls_first: ascending };
        shape::call("sort_array", sorting, vec![array.clone()], result.clone(), sorting::sort)
    };
    let Some(flag) = flag else { return sorted(true) };
    if let Some(ScalarValue::Boolean(Some(ascending))) = flag.literal() {
        return sorted(*ascending);
    }
    if flag.expr.any_column_refs() {
        return Err(call.not_a_constant(1, "ascendingOrder", &flag.data_type));
    }
    // A computed constant; NULL says nothing about an order.
    let flag = cast(flag, &DataType::Boolean, CastMode::of(call.session), call.session)?;
    let (up, down) = (sorted(true)?, sorted(false)?);
    let branches =
        vec![(Box::new(flag.expr.clone()), Box::new(up.expr)), (Box::new(flag.expr.is_false()), Box::new(down.expr))];
    let sorted = Expr::Case(Case::new(None, branches, None));
    Ok(Typed::new(sorted, result.0, result.1 || flag.nullable))
}

pub fn array_size(mut call: Call<'_>) -> Result<Typed> {
    let [array] = call.take()?;
    let (array, _) = as_array(&call, 0, array, true)?;
    let nullable = array.nullable;
    shape::call("array_size", SizeOfNull(None), vec![array], (DataType::Integer, nullable), elements::size)
}

pub fn get(mut call: Call<'_>) -> Result<Typed> {
    let [array, index] = call.take()?;
    let (array, array_type) = as_array(&call, 0, array, true)?;
    let index = coercion::int(&call, 1, index)?;
    let indexing = Indexing::Bracket { raise: false };
    shape::call("get", indexing, vec![array, index], (array_type.element, true), elements::list_element)
}
