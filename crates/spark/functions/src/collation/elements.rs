//! Functions of arrays whose strings have a collation: elements are compared by their keys, and stay as they are.
//!
//! The kernels of the plain functions take the keys as further arguments, place by place.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::{Told, plain};
use crate::call::{Argument, Call};
use crate::cast::{CastMode, cast};
use crate::families::array::contains_null;
use crate::kernels::collection::sets::{self, SetOperation};
use crate::kernels::collection::shape;
use crate::kernels::collection::sorting::{self, Sorting};
use crate::kernels::invoke::any_nullable;
use crate::row::ScalarBuilder;
use crate::typed::Typed;

/// The built-in functions of this kind.
pub(super) const NAMES: [&str; 5] =
    ["array_distinct", "array_union", "array_intersect", "array_except", "array_remove"];

/// `sort_array`, `array_sort`, `array_max` and `array_min`. An order that is computed is left to the plain function.
pub(super) fn order(name: &str, mut call: Call<'_>, told: Told<'_>, plainly: ScalarBuilder) -> Result<Typed> {
    let is_ascending = match call.arguments.get(1) {
        None => true,
        Some(Argument::Value(Typed { expr: Expr::Literal(ScalarValue::Boolean(Some(ascending)), _), .. })) => {
            *ascending
        }
        Some(_) => return plainly(call),
    };
    let value = call.values()?.into_iter().next();
    let Some((value, DataType::Array(array))) = value.map(|value| (value.clone(), value.data_type)) else {
        return plainly(call);
    };
    let element = (told.data_type(&array.element), true);
    let result = (told.data_type(&value.data_type), value.nullable);
    let key = told.key(value.clone())?;
    let arguments = vec![plain(value), key];
    match name {
        "array_max" => shape::call("collated_array_max", true, arguments, element, sorting::extreme),
        "array_min" => shape::call("collated_array_min", false, arguments, element, sorting::extreme),
        _ => {
            let nulls_first = name == "sort_array" && is_ascending;
            let sorting = Sorting { descending: !is_ascending, nulls_first };
            shape::call("collated_sort", sorting, arguments, result, sorting::sort)
        }
    }
}

pub(super) fn build(name: &str, mut call: Call<'_>, told: Told<'_>) -> Result<Typed> {
    let given = call.values()?;
    let element = match given.first().map(|value| &value.data_type) {
        Some(DataType::Array(array)) if told.0.is_none() => array.element.clone(),
        _ => told.data_type(&DataType::STRING),
    };
    let mut values: Vec<Typed> = match told.0 {
        Some(_) => given.into_iter().map(plain).collect(),
        None => given,
    };
    let lists = if name == "array_remove" { 1 } else { values.len() };
    let is_list = |value: &Typed| matches!(value.data_type, DataType::Array(_));
    if !values.iter().take(lists).all(is_list) {
        return Err(Error::unsupported(format!("{name} of these arguments with a collation")));
    }
    if let Some(wanted) = values.get_mut(lists).filter(|_| told.0.is_some()) {
        *wanted = cast(wanted.clone(), &DataType::STRING, CastMode::of(call.session), call.session)?;
    }
    let (left, right) = (values.first().is_some_and(contains_null), values.get(1).is_some_and(contains_null));
    let (operation, with_null) = match name {
        "array_union" => (Some(SetOperation::Union), left || right),
        "array_intersect" => (Some(SetOperation::Intersect), left && right),
        "array_except" => (Some(SetOperation::Except), left),
        _ => (None, left),
    };
    let nullable = any_nullable(&values);
    let result = (DataType::array(element, with_null), nullable);
    for value in values.clone() {
        values.push(told.key(value)?);
    }
    match operation {
        Some(operation) => shape::call("collated_array_set", operation, values, result, sets::combine),
        None if name == "array_remove" => shape::call("collated_array_remove", (), values, result, sets::remove),
        None => shape::call("collated_array_distinct", (), values, result, sets::distinct),
    }
}
