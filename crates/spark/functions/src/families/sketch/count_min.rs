//! `count_min_sketch`.

use datafusion::common::ScalarValue;
use hearth_base::condition::{
    DATATYPE_MISMATCH_UNEXPECTED_NULL, DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE, REQUIRED_PARAMETER_NOT_FOUND,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{fold, ticked};
use crate::call::Call;
use crate::kernels::sketch::count_min::CountMin;
use crate::typed::Typed;

const NAMES: [&str; 4] = ["column", "eps", "confidence", "seed"];

fn out_of_range(call: &Call<'_>, name: &str, range: &str, value: f64) -> Error {
    DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("exprName", name)
        .with("valueRange", range)
        .with("currentValue", format!("{value:?}D"))
}

fn constant<'t>(call: &Call<'_>, index: usize, value: &'t Typed) -> Result<&'t ScalarValue> {
    let name = NAMES[index];
    match value.literal() {
        None => Err(call.not_a_constant(index, name, &value.data_type)),
        Some(literal) if literal.is_null() => {
            Err(DATATYPE_MISMATCH_UNEXPECTED_NULL.with("exprName", name).with("sqlExpr", format!("\"{}\"", call.sql)))
        }
        Some(literal) => Ok(literal),
    }
}

pub fn count_min_sketch(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let [value, eps, confidence, seed] = values.as_slice() else {
        return Err(REQUIRED_PARAMETER_NOT_FOUND
            .with("routineName", ticked(&call))
            .with("parameterName", format!("`{}`", NAMES.get(values.len()).copied().unwrap_or_default()))
            .with("index", 0));
    };
    let fits = value.data_type.is_integral() || value.data_type.is_string();
    if !fits && !matches!(value.data_type, DataType::Binary | DataType::Null) {
        return Err(call.unexpected_type(0, "(\"INTEGRAL\" or \"STRING\" or \"BINARY\")", &value.data_type));
    }
    for (index, number) in [(1, eps), (2, confidence)] {
        if !matches!(number.data_type, DataType::Double | DataType::Null) {
            return Err(call.unexpected_type(index, "\"DOUBLE\"", &number.data_type));
        }
    }
    if !matches!(seed.data_type, DataType::Integer | DataType::Long | DataType::Null) {
        return Err(call.unexpected_type(3, "(\"INT\" or \"BIGINT\")", &seed.data_type));
    }
    let number = |index: usize, value: &Typed| match constant(&call, index, value)? {
        ScalarValue::Float64(Some(number)) => Ok(*number),
        _ => Err(Error::internal("a double that is none")),
    };
    let (eps, confidence) = (number(1, eps)?, number(2, confidence)?);
    let seed = match constant(&call, 3, seed)? {
        ScalarValue::Int32(Some(seed)) => *seed,
        ScalarValue::Int64(Some(seed)) => *seed as i32,
        _ => 0,
    };
    if eps <= 0.0 {
        return Err(out_of_range(&call, "eps", "(0.0, 1.7976931348623157E308]", eps));
    }
    if confidence <= 0.0 || confidence > 1.0 {
        return Err(out_of_range(&call, "confidence", "(0.0, 1.0]", confidence));
    }
    let fold_of = CountMin {
        input: to_engine_arrow(&value.data_type),
        depth: ((-(1.0 - confidence).ln()) / std::f64::consts::LN_2).ceil() as usize,
        width: (2.0 / eps).ceil() as usize,
        seed,
    };
    Ok(fold(&call, fold_of, vec![value.clone()], DataType::Binary))
}
