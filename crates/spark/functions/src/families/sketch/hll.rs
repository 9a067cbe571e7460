//! Calls of the HyperLogLog functions.

use datafusion::common::ScalarValue;
use hearth_base::condition::{HLL_INVALID_LG_K, HLL_K_MUST_BE_CONSTANT};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{bytes, fold, ticked};
use crate::call::Call;
use crate::coercion;
use crate::expr;
use crate::kernels::invoke;
use crate::kernels::sketch::hll;
use crate::typed::Typed;

const ITEMS: &str = "(\"INT\" or \"BIGINT\" or \"STRING\" or \"BINARY\")";

pub fn sketch_agg(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let lg_k = match values.len() {
        2 => values.pop(),
        _ => None,
    };
    let value = values.pop().ok_or_else(|| Error::internal("hll_sketch_agg without a value"))?;
    let fits = matches!(value.data_type, DataType::Integer | DataType::Long | DataType::Binary | DataType::Null);
    if !fits && !value.data_type.is_string() {
        return Err(call.unexpected_type(0, ITEMS, &value.data_type));
    }
    let lg_k = match lg_k {
        None => 12,
        Some(lg_k) if !matches!(lg_k.data_type, DataType::Integer | DataType::Null) => {
            return Err(call.unexpected_type(1, "\"INT\"", &lg_k.data_type));
        }
        Some(lg_k) => match lg_k.literal() {
            Some(ScalarValue::Int32(lg_k)) => lg_k.unwrap_or(0),
            Some(_) => 0,
            None => return Err(HLL_K_MUST_BE_CONSTANT.with("function", ticked(&call))),
        },
    };
    if !(4..=21).contains(&lg_k) {
        let error = HLL_INVALID_LG_K.with("function", ticked(&call)).with("min", 4).with("max", 21);
        return Err(error.with("value", lg_k));
    }
    let input = to_engine_arrow(&value.data_type);
    Ok(fold(&call, hll::Count { input, lg_k: lg_k as u8 }, vec![value], DataType::Binary))
}

pub fn union_agg(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let allow_different = match values.len() {
        2 => match values.pop() {
            Some(flag) if flag.data_type == DataType::Boolean => {
                matches!(flag.literal(), Some(ScalarValue::Boolean(Some(true))))
            }
            Some(flag) => return Err(call.unexpected_type(1, "\"BOOLEAN\"", &flag.data_type)),
            None => false,
        },
        _ => false,
    };
    let sketch = values.pop().ok_or_else(|| Error::internal("hll_union_agg without a value"))?;
    let sketch = bytes(&call, 0, sketch)?;
    Ok(fold(&call, hll::Unite { allow_different }, vec![sketch], DataType::Binary))
}

pub fn estimate(mut call: Call<'_>) -> Result<Typed> {
    let [sketch] = call.take()?;
    let sketch = bytes(&call, 0, sketch)?;
    let nullable = sketch.nullable;
    invoke::call_arrays("hll_sketch_estimate", vec![sketch], (DataType::Long, nullable), hll::estimate)
}

pub fn union(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let flag = match values.len() {
        3 => values.pop(),
        _ => None,
    };
    let flag = flag.unwrap_or_else(|| expr::literal(ScalarValue::Boolean(Some(false)), DataType::Boolean));
    let mut arguments =
        values.into_iter().enumerate().map(|(index, value)| bytes(&call, index, value)).collect::<Result<Vec<_>>>()?;
    arguments.push(coercion::boolean(&call, 2, flag)?);
    let nullable = invoke::any_nullable(&arguments);
    invoke::call_arrays("hll_union", arguments, (DataType::Binary, nullable), hll::union)
}
