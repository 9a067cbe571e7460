//! The same step for every element of an array or entry of a map, where the analyzer itself writes the step.
//!
//! Names of parameters come from the caller: they must be unlike every other name of the plan.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::LambdaVariable;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{Function, Parameter, apply};
use crate::kernels::collection::higher_order::Kind;
use crate::kernels::collection::maps::Repeated;
use crate::typed::Typed;

/// The array of what `step` makes of each element.
pub fn each_element(array: Typed, name: String, step: impl FnOnce(Typed) -> Result<Typed>) -> Result<Typed> {
    let DataType::Array(kind) = array.data_type.clone() else { return Err(Error::internal("elements of no array")) };
    let parameter = (kind.element.clone(), kind.contains_null);
    let body = step(variable(&name, &parameter))?;
    let result = (DataType::array(body.data_type.clone(), body.nullable), array.nullable);
    let function = Function { body, names: vec![name], parameters: vec![parameter] };
    Ok(apply("transform", Kind::Transform, vec![array], vec![function], result))
}

/// The map with what `step` makes of each value.
pub fn each_value(
    map: Typed,
    [key_name, name]: [String; 2],
    step: impl FnOnce(Typed) -> Result<Typed>,
) -> Result<Typed> {
    let DataType::Map(kind) = map.data_type.clone() else { return Err(Error::internal("values of no map")) };
    let parameters = vec![(kind.key.clone(), false), (kind.value.clone(), kind.value_contains_null)];
    let body = step(variable(&name, &parameters[1]))?;
    let result = (DataType::map(kind.key.clone(), body.data_type.clone(), body.nullable), map.nullable);
    let function = Function { body, names: vec![key_name, name], parameters };
    Ok(apply("transform_values", Kind::TransformValues, vec![map], vec![function], result))
}

/// The map with what `step` makes of each key, which must stay different.
pub fn each_key(
    map: Typed,
    [name, value_name]: [String; 2],
    step: impl FnOnce(Typed) -> Result<Typed>,
) -> Result<Typed> {
    let DataType::Map(kind) = map.data_type.clone() else { return Err(Error::internal("keys of no map")) };
    let parameters = vec![(kind.key.clone(), false), (kind.value.clone(), kind.value_contains_null)];
    let body = step(variable(&name, &parameters[0]))?;
    let result = (DataType::map(body.data_type.clone(), kind.value.clone(), kind.value_contains_null), map.nullable);
    let function = Function { body, names: vec![name, value_name], parameters };
    let kind = Kind::TransformKeys(Repeated::default());
    Ok(apply("transform_keys", kind, vec![map], vec![function], result))
}

fn variable(name: &str, (data_type, nullable): &Parameter) -> Typed {
    let field = Arc::new(Field::new(name, to_engine_arrow(data_type), *nullable));
    let variable = LambdaVariable::new(name.to_owned(), Some(field));
    Typed::new(Expr::LambdaVariable(variable), data_type.clone(), *nullable)
}
