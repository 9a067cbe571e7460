//! Functions of arrays whose strings have a collation: elements are compared by their keys, and stay as they are.
//!
//! The kernels of the plain functions take the keys as further arguments, place by place.

use std::sync::Arc;

use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::{folded_key, plain, with};
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::families::array::contains_null;
use crate::kernels::collection::sets::{self, SetOperation};
use crate::kernels::collection::shape;
use crate::kernels::invoke::any_nullable;
use crate::typed::Typed;

/// The built-in functions of this kind.
pub(super) const NAMES: [&str; 5] =
    ["array_distinct", "array_union", "array_intersect", "array_except", "array_remove"];

pub(super) fn build(name: &str, mut call: Call<'_>, collation: &Arc<str>) -> Result<Typed> {
    let mut values: Vec<Typed> = call.values()?.into_iter().map(plain).collect();
    let lists = if name == "array_remove" { 1 } else { values.len() };
    let is_list = |value: &Typed| matches!(value.data_type, DataType::Array(_));
    if !values.iter().take(lists).all(is_list) {
        return Err(Error::unsupported(format!("{name} of these arguments with a collation")));
    }
    if let Some(wanted) = values.get_mut(lists) {
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
    let result = (with(&DataType::array(DataType::STRING, with_null), collation), nullable);
    for value in values.clone() {
        values.push(folded_key(value, collation)?);
    }
    match operation {
        Some(operation) => shape::call("collated_array_set", operation, values, result, sets::combine),
        None if name == "array_remove" => shape::call("collated_array_remove", (), values, result, sets::remove),
        None => shape::call("collated_array_distinct", (), values, result, sets::distinct),
    }
}
