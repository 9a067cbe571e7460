//! Calls of the KLL functions, for longs, doubles and floats.

use datafusion::arrow::datatypes::ArrowPrimitiveType;
use datafusion::common::ScalarValue;
use hearth_base::condition::{DATATYPE_MISMATCH_UNEXPECTED_NULL, KLL_SKETCH_K_OUT_OF_RANGE, NOT_A_CONSTANT};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{bytes, fold, hint, row_name, ticked};
use crate::call::Call;
use crate::coercion;
use crate::kernels::invoke::{self, ArrayKernel};
use crate::kernels::sketch::kll::{self, DEFAULT_K, Quantity, Question};
use crate::kernels::sketch::kll_text;
use crate::typed::Typed;

/// The type of a sketch's values.
fn value_type<Q: Quantity>() -> DataType {
    match Q::Arrow::DATA_TYPE {
        datafusion::arrow::datatypes::DataType::Int64 => DataType::Long,
        datafusion::arrow::datatypes::DataType::Float32 => DataType::Float,
        _ => DataType::Double,
    }
}

/// What goes into a sketch: narrower numbers of the same kind, and NULL.
fn item<Q: Quantity>(call: &Call<'_>, value: Typed) -> Result<Typed> {
    let wanted = value_type::<Q>();
    let (fits, required) = match wanted {
        DataType::Long => (value.data_type.is_integral(), "(\"TINYINT\" or \"INT\" or \"BIGINT\" or \"SMALLINT\")"),
        DataType::Float => (value.data_type == DataType::Float, "\"FLOAT\""),
        _ => (matches!(value.data_type, DataType::Float | DataType::Double), "(\"FLOAT\" or \"DOUBLE\")"),
    };
    if !fits && !value.is_void() {
        return Err(call.unexpected_type(0, required, &value.data_type));
    }
    coercion::widened(call, value, &wanted)
}

fn size(call: &Call<'_>, value: Option<Typed>) -> Result<Option<u16>> {
    let Some(value) = value else { return Ok(None) };
    if !matches!(value.data_type, DataType::Integer | DataType::Null) {
        return Err(call.unexpected_type(1, "\"INT\"", &value.data_type));
    }
    let sql = format!("\"{}\"", call.sql);
    match value.literal() {
        Some(ScalarValue::Int32(Some(k))) => match u16::try_from(*k) {
            Ok(k) if k >= 8 => Ok(Some(k)),
            _ => Err(hint(call, &KLL_SKETCH_K_OUT_OF_RANGE.with("functionName", ticked(call)).with("k", k))),
        },
        Some(_) => Err(DATATYPE_MISMATCH_UNEXPECTED_NULL.with("sqlExpr", sql).with("exprName", "k")),
        None => Err(NOT_A_CONSTANT
            .with("sqlExpr", sql)
            .with("inputName", "k")
            .with("inputType", value.data_type.simple_string())
            .with("inputExpr", call.argument_sql.get(1).map_or("", String::as_str))),
    }
}

fn value_and_size(call: &mut Call<'_>) -> Result<(Typed, Option<Typed>)> {
    let mut values = call.values()?.into_iter();
    let value = values.next().ok_or_else(|| Error::internal("a KLL aggregate without a value"))?;
    Ok((value, values.next()))
}

pub fn sketch_agg<Q: Quantity>(mut call: Call<'_>) -> Result<Typed> {
    let (value, k) = value_and_size(&mut call)?;
    let value = item::<Q>(&call, value)?;
    let k = size(&call, k)?.unwrap_or(DEFAULT_K);
    Ok(fold(&call, kll::Count { name: row_name(&call), k, quantity: Q::QUANTITY }, vec![value], DataType::Binary))
}

pub fn merge_agg<Q: Quantity>(mut call: Call<'_>) -> Result<Typed> {
    let (sketch, k) = value_and_size(&mut call)?;
    let sketch = bytes(&call, 0, sketch)?;
    let k = size(&call, k)?;
    Ok(fold(&call, kll::Merge { name: row_name(&call), k, quantity: Q::QUANTITY }, vec![sketch], DataType::Binary))
}

pub fn get_n<Q: Quantity>(call: Call<'_>) -> Result<Typed> {
    of_one(call, DataType::Long, kll::get_n::<Q>)
}

pub fn to_string<Q: Quantity>(call: Call<'_>) -> Result<Typed> {
    of_one(call, DataType::STRING, kll_text::to_string::<Q>)
}

fn of_one(mut call: Call<'_>, result: DataType, kernel: ArrayKernel<&'static str>) -> Result<Typed> {
    let [sketch] = call.take()?;
    let sketch = bytes(&call, 0, sketch)?;
    let (name, nullable) = (row_name(&call), sketch.nullable);
    invoke::call_arrays_with(name, name, vec![sketch], (result, nullable), kernel)
}

pub fn merge<Q: Quantity>(mut call: Call<'_>) -> Result<Typed> {
    let [left, right] = call.take()?;
    let sketches = vec![bytes(&call, 0, left)?, bytes(&call, 1, right)?];
    let (name, nullable) = (row_name(&call), invoke::any_nullable(&sketches));
    invoke::call_arrays_with(name, name, sketches, (DataType::Binary, nullable), kll::merge::<Q>)
}

pub fn quantile<Q: Quantity>(call: Call<'_>) -> Result<Typed> {
    look_up(call, &DataType::Double, &value_type::<Q>(), kll::quantile::<Q>)
}

pub fn rank<Q: Quantity>(call: Call<'_>) -> Result<Typed> {
    look_up(call, &value_type::<Q>(), &DataType::Double, kll::rank::<Q>)
}

/// One question, or an array of them.
fn look_up(mut call: Call<'_>, asked: &DataType, answer: &DataType, kernel: ArrayKernel<Question>) -> Result<Typed> {
    let [sketch, question] = call.take()?;
    let sketch = bytes(&call, 0, sketch)?;
    let (question, result) = match &question.data_type {
        DataType::Array(array) => {
            if array.contains_null {
                let required = format!("(\"{0}\" or \"ARRAY<{0}>\")", asked.sql());
                return Err(call.unexpected_type(1, &required, &question.data_type));
            }
            let wanted = DataType::array(asked.clone(), false);
            (coercion::implicit(&call, 1, question, &wanted)?, DataType::array(answer.clone(), true))
        }
        _ => (coercion::implicit(&call, 1, question, asked)?, answer.clone()),
    };
    let (name, nullable) = (row_name(&call), sketch.nullable || question.nullable);
    let state = Question { name, result: to_engine_arrow(&result) };
    invoke::call_arrays_with(name, state, vec![sketch, question], (result, nullable), kernel)
}
