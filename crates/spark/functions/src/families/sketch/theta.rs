//! Calls of the theta functions.

use datafusion::common::ScalarValue;
use hearth_base::condition::THETA_LG_NOM_ENTRIES_MUST_BE_CONSTANT;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{bytes, fold, row_name, ticked};
use crate::call::Call;
use crate::coercion;
use crate::expr;
use crate::kernels::invoke::{self, ArrayKernel};
use crate::kernels::sketch::theta::{self, LG_ENTRIES};
use crate::typed::Typed;

const ITEMS: &str = "(\"ARRAY<INT>\" or \"ARRAY<BIGINT>\" or \"BINARY\" or \"DOUBLE\" or \"FLOAT\" or \"INT\" or \
                     \"BIGINT\" or \"STRING\")";

/// Whether a theta sketch counts values of the type as they are.
pub fn counts(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(array) => matches!(array.element, DataType::Integer | DataType::Long),
        DataType::Binary | DataType::Double | DataType::Float | DataType::Integer | DataType::Long | DataType::Null => {
            true
        }
        other => other.is_string(),
    }
}

/// The size, which is checked before anything is read.
fn lg_entries(call: &Call<'_>, value: Option<Typed>) -> Result<u8> {
    let Some(value) = value else { return Ok(12) };
    if !matches!(value.data_type, DataType::Integer | DataType::Null) {
        return Err(call.unexpected_type(1, "\"INT\"", &value.data_type));
    }
    let lg = match value.literal() {
        Some(ScalarValue::Int32(lg)) => lg.unwrap_or(0),
        Some(_) => 0,
        None => return Err(THETA_LG_NOM_ENTRIES_MUST_BE_CONSTANT.with("function", ticked(call))),
    };
    if LG_ENTRIES.contains(&lg) { Ok(lg as u8) } else { Err(theta::out_of_range(row_name(call), lg)) }
}

fn value_and_size(call: &mut Call<'_>) -> Result<(Typed, Option<Typed>)> {
    let mut values = call.values()?;
    let size = match values.len() {
        2 => values.pop(),
        _ => None,
    };
    Ok((values.pop().ok_or_else(|| Error::internal("a theta aggregate without a value"))?, size))
}

pub fn sketch_agg(mut call: Call<'_>) -> Result<Typed> {
    let (value, size) = value_and_size(&mut call)?;
    if !counts(&value.data_type) {
        return Err(call.unexpected_type(0, ITEMS, &value.data_type));
    }
    let lg = lg_entries(&call, size)?;
    let input = to_engine_arrow(&value.data_type);
    Ok(fold(&call, theta::Count { input, lg }, vec![value], DataType::Binary))
}

pub fn union_agg(mut call: Call<'_>) -> Result<Typed> {
    let (sketch, size) = value_and_size(&mut call)?;
    let sketch = bytes(&call, 0, sketch)?;
    let lg = lg_entries(&call, size)?;
    Ok(fold(&call, theta::Unite { lg }, vec![sketch], DataType::Binary))
}

pub fn intersection_agg(mut call: Call<'_>) -> Result<Typed> {
    let [sketch] = call.take()?;
    let sketch = bytes(&call, 0, sketch)?;
    Ok(fold(&call, theta::Intersect, vec![sketch], DataType::Binary))
}

pub fn estimate(mut call: Call<'_>) -> Result<Typed> {
    let [sketch] = call.take()?;
    let sketch = bytes(&call, 0, sketch)?;
    let nullable = sketch.nullable;
    invoke::call_arrays("theta_sketch_estimate", vec![sketch], (DataType::Long, nullable), theta::estimate)
}

pub fn union(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let size = match values.len() {
        3 => values.pop(),
        _ => None,
    };
    let size = size.unwrap_or_else(|| expr::literal(ScalarValue::Int32(Some(12)), DataType::Integer));
    let mut arguments =
        values.into_iter().enumerate().map(|(index, value)| bytes(&call, index, value)).collect::<Result<Vec<_>>>()?;
    arguments.push(coercion::int(&call, 2, size)?);
    let nullable = invoke::any_nullable(&arguments);
    invoke::call_arrays("theta_union", arguments, (DataType::Binary, nullable), theta::union)
}

pub fn intersection(call: Call<'_>) -> Result<Typed> {
    of_two(call, theta::intersection)
}

pub fn difference(call: Call<'_>) -> Result<Typed> {
    of_two(call, theta::difference)
}

fn of_two(mut call: Call<'_>, kernel: ArrayKernel<()>) -> Result<Typed> {
    let [left, right] = call.take()?;
    let arguments = vec![bytes(&call, 0, left)?, bytes(&call, 1, right)?];
    let nullable = invoke::any_nullable(&arguments);
    invoke::call_arrays(row_name(&call), arguments, (DataType::Binary, nullable), kernel)
}
