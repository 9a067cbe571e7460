//! Calls of the tuple functions, for both types of summaries.

use datafusion::common::ScalarValue;
use hearth_base::condition::{
    DATATYPE_MISMATCH_UNEXPECTED_NULL, REQUIRED_PARAMETER_NOT_FOUND, TUPLE_INVALID_SKETCH_MODE,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{bytes, fold, hint, row_name, ticked};
use crate::call::Call;
use crate::coercion;
use crate::kernels::invoke;
use crate::kernels::sketch::theta::{self, LG_ENTRIES};
use crate::kernels::sketch::tuple::{self, Figure, Kind, Mode, Operation, Pair};
use crate::typed::Typed;

/// The type of a kind's numbers, and of all of them together.
fn types<K: Kind>() -> (DataType, DataType) {
    if size_of::<K::Number>() == 8 { (DataType::Double, DataType::Double) } else { (DataType::Integer, DataType::Long) }
}

/// The argument at `index`, which is a constant and not NULL.
fn constant<'t>(call: &Call<'_>, index: usize, name: &str, value: &'t Typed) -> Result<&'t ScalarValue> {
    match value.literal() {
        Some(literal) if literal.is_null() => {
            Err(DATATYPE_MISMATCH_UNEXPECTED_NULL.with("sqlExpr", format!("\"{}\"", call.sql)).with("exprName", name))
        }
        Some(literal) => Ok(literal),
        None => Err(hearth_base::condition::NOT_A_CONSTANT
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("inputName", name)
            .with("inputType", value.data_type.simple_string())
            .with("inputExpr", call.argument_sql.get(index).map_or("", String::as_str))),
    }
}

fn lg_entries(call: &Call<'_>, index: usize, value: Option<Typed>) -> Result<u8> {
    let Some(value) = value else { return Ok(12) };
    let value = coercion::int(call, index, value)?;
    let ScalarValue::Int32(Some(lg)) = constant(call, index, "lgNomEntries", &value)? else {
        return Err(call.unexpected_type(index, "\"INT\"", &value.data_type));
    };
    if LG_ENTRIES.contains(lg) { Ok(*lg as u8) } else { Err(hint(call, &theta::out_of_range(row_name(call), *lg))) }
}

fn mode(call: &Call<'_>, index: usize, value: Option<Typed>) -> Result<Mode> {
    let Some(value) = value else { return Ok(Mode::Sum) };
    let value = coercion::string(call, index, value)?;
    let text = constant(call, index, "mode", &value)?.try_as_str().flatten().unwrap_or_default().to_owned();
    Mode::parse(&text)
        .ok_or_else(|| hint(call, &TUPLE_INVALID_SKETCH_MODE.with("function", ticked(call)).with("mode", text)))
}

pub fn sketch_agg<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(key), Some(number)) = (values.next(), values.next()) else {
        return Err(REQUIRED_PARAMETER_NOT_FOUND
            .with("routineName", ticked(&call))
            .with("parameterName", "`summary`")
            .with("index", 0));
    };
    // What is no item of its own is text, or a number.
    let key = match &key.data_type {
        data_type if super::theta::counts(data_type) => key,
        data_type if data_type.is_numeric() => coercion::double(&call, 0, key)?,
        _ => coercion::string(&call, 0, key)?,
    };
    let number = coercion::implicit(&call, 1, number, &types::<K>().0)?;
    let lg = lg_entries(&call, 2, values.next())?;
    let mode = mode(&call, 3, values.next())?;
    let count = tuple::Count { key: to_engine_arrow(&key.data_type), lg, mode, name: row_name(&call), kind: K::KIND };
    Ok(fold(&call, count, vec![key, number], DataType::Binary))
}

pub fn union_agg<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let sketch = bytes(&call, 0, first(values.next())?)?;
    let lg = Some(lg_entries(&call, 1, values.next())?);
    let mode = mode(&call, 2, values.next())?;
    let merge = tuple::Merge { lg, mode, name: row_name(&call), kind: K::KIND };
    Ok(fold(&call, merge, vec![sketch], DataType::Binary))
}

pub fn intersection_agg<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let sketch = bytes(&call, 0, first(values.next())?)?;
    let mode = mode(&call, 1, values.next())?;
    let merge = tuple::Merge { lg: None, mode, name: row_name(&call), kind: K::KIND };
    Ok(fold(&call, merge, vec![sketch], DataType::Binary))
}

fn first(value: Option<Typed>) -> Result<Typed> {
    value.ok_or_else(|| Error::internal("a tuple function without a sketch"))
}

pub fn union<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let mut rest = values.split_off(2).into_iter();
    let lg = lg_entries(&call, 2, rest.next())?;
    let mode = mode(&call, 3, rest.next())?;
    of_two::<K>(&call, values, Operation::Union { lg, mode })
}

pub fn intersection<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let mode = mode(&call, 2, values.split_off(2).into_iter().next())?;
    of_two::<K>(&call, values, Operation::Intersection { mode })
}

pub fn difference<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    of_two::<K>(&call, values, Operation::Difference)
}

fn of_two<K: Kind>(call: &Call<'_>, values: Vec<Typed>, operation: Operation) -> Result<Typed> {
    let name = row_name(call);
    let pair = Pair { name, with_theta: name.contains("_theta_"), operation };
    let sketches =
        values.into_iter().enumerate().map(|(index, value)| bytes(call, index, value)).collect::<Result<Vec<_>>>()?;
    let nullable = invoke::any_nullable(&sketches);
    invoke::call_arrays_with(name, pair, sketches, (DataType::Binary, nullable), tuple::pair::<K::Number>)
}

pub fn estimate<K: Kind>(call: Call<'_>) -> Result<Typed> {
    figure::<K>(call, false)
}

pub fn theta<K: Kind>(call: Call<'_>) -> Result<Typed> {
    figure::<K>(call, true)
}

fn figure<K: Kind>(mut call: Call<'_>, theta: bool) -> Result<Typed> {
    let [sketch] = call.take()?;
    let sketch = bytes(&call, 0, sketch)?;
    let (name, nullable) = (row_name(&call), sketch.nullable);
    let state = Figure { name, theta };
    invoke::call_arrays_with(name, state, vec![sketch], (DataType::Double, nullable), tuple::figure::<K::Number>)
}

pub fn summary<K: Kind>(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let sketch = bytes(&call, 0, first(values.next())?)?;
    let mode = mode(&call, 1, values.next())?;
    let (name, nullable) = (row_name(&call), sketch.nullable);
    let result = (types::<K>().1, nullable);
    invoke::call_arrays_with(name, (name, mode), vec![sketch], result, tuple::summary::<K::Number>)
}
