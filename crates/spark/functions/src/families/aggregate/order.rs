//! Aggregates that choose a value or combine bits: `min`, `first`, `max_by`, `bool_and`, `bit_or`, `mode`.

use std::sync::Arc;

use datafusion::functions_aggregate::bit_and_or_xor::{bit_and_udaf, bit_or_udaf, bit_xor_udaf};
use datafusion::functions_aggregate::bool_and_or::{bool_and_udaf, bool_or_udaf};
use datafusion::functions_aggregate::first_last::{first_value_udaf, last_value_udaf};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_window::nth_value::{first_value_udwf, last_value_udwf};
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{AggregateUDF, Expr, WindowFunctionDefinition};
use hearth_base::condition::{IGNORE_NULLS_NOT_A_FLAG, INVALID_WITHIN_GROUP_EXPRESSION_MISSING};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{Collation, DataType};

use super::{apply, null_treatment};
use crate::call::Call;
use crate::constant::failure;
use crate::families::array::check_orderable;
use crate::kernels::aggregate::extremum::Extremum;
use crate::kernels::aggregate::finish::Finish;
use crate::kernels::aggregate::float_order::{from_order, to_order};
use crate::kernels::aggregate::gather::Gather;
use crate::kernels::aggregate::udaf::udaf;
use crate::kernels::invoke;
use crate::typed::Typed;
use crate::{coercion, collation};

pub fn min(call: Call<'_>) -> Result<Typed> {
    extreme(call, min_udaf())
}

pub fn max(call: Call<'_>) -> Result<Typed> {
    extreme(call, max_udaf())
}

fn extreme(mut call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    let [value] = call.take()?;
    check_orderable(&call, &value.data_type)?;
    // Which values repeat does not matter.
    call.modifiers.distinct = false;
    let data_type = value.data_type.clone();
    let order = match data_type {
        DataType::Float => DataType::Integer,
        DataType::Double => DataType::Long,
        // DataFusion compares a NULL inside as larger than any value.
        DataType::Struct(_) | DataType::Array(_) => {
            let arrow = to_engine_arrow(&data_type);
            let plan = Extremum { value: arrow.clone(), key: arrow, largest: function.name() == "max", first: false };
            return Ok(apply(&call, udaf(plan), vec![value.clone(), value], (data_type, true)));
        }
        _ => return Ok(apply(&call, function, vec![value], (data_type, true))),
    };
    let nullable = value.nullable;
    let value = invoke::call_arrays("float_to_order", vec![value], (order.clone(), nullable), to_order)?;
    let found = apply(&call, function, vec![value], (order, true));
    invoke::call_arrays("float_from_order", vec![found], (data_type, true), from_order)
}

pub fn min_by(call: Call<'_>) -> Result<Typed> {
    by(call, false)
}

pub fn max_by(call: Call<'_>) -> Result<Typed> {
    by(call, true)
}

fn by(mut call: Call<'_>, largest: bool) -> Result<Typed> {
    let mut values = call.values()?;
    let k = if values.len() == 3 { values.pop() } else { None };
    let [value, key]: [Typed; 2] =
        values.try_into().map_err(|_| Error::internal("max_by takes two or three arguments"))?;
    check_orderable(&call, &key.data_type)?;
    let (value_type, key_type) = (to_engine_arrow(&value.data_type), to_engine_arrow(&key.data_type));
    let name = if largest { "max_by" } else { "min_by" };
    let Some(k) = k else {
        let result = (value.data_type.clone(), true);
        // `max` of strings with a collation is the value with the largest key.
        let first = matches!(call.name.to_lowercase().as_str(), "max" | "min");
        let plan = Extremum { value: value_type, key: key_type, largest, first };
        return Ok(apply(&call, udaf(plan), vec![value, key], result));
    };
    let k = coercion::int(&call, 2, k)?;
    let k = constant_int(&call, 2, "k", &k)?;
    let k = usize::try_from(k).map_err(|_| Error::unsupported(format!("{name} of {k} values")))?;
    let result = DataType::array(value.data_type.clone(), true);
    let plan = Gather {
        name,
        inputs: vec![key_type, value_type],
        result: to_engine_arrow(&result),
        finish: Finish::Top { k, largest },
    };
    Ok(apply(&call, udaf(plan), vec![key, value], (result, true)))
}

/// A constant integer argument.
pub fn constant_int(call: &Call<'_>, index: usize, name: &str, value: &Typed) -> Result<i64> {
    use datafusion::scalar::ScalarValue as Scalar;
    match value.literal() {
        Some(Scalar::Int8(Some(number))) => Ok(i64::from(*number)),
        Some(Scalar::Int16(Some(number))) => Ok(i64::from(*number)),
        Some(Scalar::Int32(Some(number))) => Ok(i64::from(*number)),
        Some(Scalar::Int64(Some(number))) => Ok(*number),
        _ => Err(failure(value).unwrap_or_else(|| call.not_a_constant(index, name, &value.data_type))),
    }
}

/// A constant boolean argument.
pub fn constant_bool(call: &Call<'_>, index: usize, name: &str, value: &Typed) -> Result<bool> {
    match value.literal() {
        Some(datafusion::scalar::ScalarValue::Boolean(Some(flag))) => Ok(*flag),
        _ => Err(call.not_a_constant(index, name, &value.data_type)),
    }
}

pub fn first(call: Call<'_>) -> Result<Typed> {
    positional(call, true)
}

pub fn last(call: Call<'_>) -> Result<Typed> {
    positional(call, false)
}

fn positional(mut call: Call<'_>, first: bool) -> Result<Typed> {
    let mut values = call.values()?;
    let mut ignore = call.modifiers.ignore_nulls.unwrap_or(false);
    if let Some(flag) = values.get(1) {
        let name = call.name.to_lowercase();
        let name = name.strip_suffix("_value").filter(|name| *name != "any").unwrap_or(&name).to_owned();
        ignore |=
            constant_bool(&call, 1, "ignoreNulls", flag).map_err(|_| IGNORE_NULLS_NOT_A_FLAG.with("funcName", name))?;
    }
    values.truncate(1);
    let value = values.pop().ok_or_else(|| Error::internal("first without a value"))?;
    let (data_type, nullable) = (value.data_type.clone(), true);
    if call.modifiers.in_window {
        let function = if first { first_value_udwf() } else { last_value_udwf() };
        let mut window = WindowFunction::new(WindowFunctionDefinition::WindowUDF(function), vec![value.expr]);
        window.params.null_treatment = null_treatment(ignore);
        window.params.filter = call.modifiers.filter.clone().map(Box::new);
        return Ok(Typed::new(Expr::WindowFunction(Box::new(window)), data_type, nullable));
    }
    let function = if first { first_value_udaf() } else { last_value_udaf() };
    let filter = call.modifiers.filter.clone().map(Box::new);
    let aggregate =
        AggregateFunction::new_udf(function, vec![value.expr], false, filter, vec![], null_treatment(ignore));
    Ok(Typed::new(Expr::AggregateFunction(aggregate), data_type, nullable))
}

pub fn bool_and(call: Call<'_>) -> Result<Typed> {
    of_booleans(call, bool_and_udaf())
}

pub fn bool_or(call: Call<'_>) -> Result<Typed> {
    of_booleans(call, bool_or_udaf())
}

fn of_booleans(mut call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::boolean(&call, 0, value)?;
    call.modifiers.distinct = false;
    Ok(apply(&call, function, vec![value], (DataType::Boolean, true)))
}

pub fn bit_and(call: Call<'_>) -> Result<Typed> {
    of_bits(call, bit_and_udaf())
}

pub fn bit_or(call: Call<'_>) -> Result<Typed> {
    of_bits(call, bit_or_udaf())
}

pub fn bit_xor(call: Call<'_>) -> Result<Typed> {
    of_bits(call, bit_xor_udaf())
}

fn of_bits(mut call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = if value.is_void() { coercion::int(&call, 0, value)? } else { value };
    if !value.data_type.is_integral() {
        return Err(call.unexpected_type(0, "\"INTEGRAL\"", &value.data_type));
    }
    let data_type = value.data_type.clone();
    Ok(apply(&call, function, vec![value], (data_type, true)))
}

pub fn mode(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let mut largest = false;
    let value = match call.modifiers.within_group.first() {
        Some((sort, key)) => {
            largest = !sort.asc;
            key.clone()
        }
        None if values.is_empty() => return Err(INVALID_WITHIN_GROUP_EXPRESSION_MISSING.with("funcName", "`mode`")),
        None => values.remove(0),
    };
    check_orderable(&call, &value.data_type)?;
    let arrow = to_engine_arrow(&value.data_type);
    let result = (value.data_type.clone(), true);
    let mut arguments = vec![value.clone()];
    if Collation::is_in(&value.data_type) {
        arguments.push(collation::key(value)?);
    }
    let inputs = arguments.iter().map(|argument| to_engine_arrow(&argument.data_type)).collect();
    let plan = Gather { name: "mode", inputs, result: arrow, finish: Finish::Mode { largest } };
    Ok(apply(&call, udaf(plan), arguments, result))
}
