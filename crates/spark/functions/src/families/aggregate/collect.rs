//! Aggregates that gather values: lists, texts, histograms, distinct counts.

use datafusion::arrow::compute::SortOptions;
use datafusion::scalar::ScalarValue;
use hearth_base::condition::{
    DATATYPE_MISMATCH_UNEXPECTED_NULL, DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE, DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE,
    DISTINCT_COUNT_ERROR, FAILED_FUNCTION_CALL,
};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{Collation, DataType, StructField};

use super::apply;
use super::order::constant_int;
use crate::call::{Argument, Call};
use crate::kernels::aggregate::finish::Finish;
use crate::kernels::aggregate::fold::Folding;
use crate::kernels::aggregate::gather::Gather;
use crate::kernels::aggregate::udaf::udaf;
use crate::kernels::decimal;
use crate::kernels::sketch::distinct::{self, Distinct};
use crate::typed::Typed;
use crate::{coercion, collation};

pub fn collect_list(call: Call<'_>) -> Result<Typed> {
    collect(call, "collect_list", Finish::List)
}

pub fn collect_set(mut call: Call<'_>) -> Result<Typed> {
    call.modifiers.distinct = false;
    if let Some(Argument::Value(value)) = call.arguments.first()
        && holds_map(&value.data_type)
    {
        return Err(DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", "`collect_set`")
            .with("dataType", "\"MAP\" or \"COLLATED STRING\""));
    }
    collect(call, "collect_set", Finish::Set)
}

fn holds_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_) => true,
        DataType::Array(array) => holds_map(&array.element),
        DataType::Struct(structure) => structure.fields.iter().any(|field| holds_map(&field.data_type)),
        _ => false,
    }
}

fn collect(mut call: Call<'_>, name: &'static str, finish: Finish) -> Result<Typed> {
    let [value] = call.take()?;
    let result = DataType::array(value.data_type.clone(), false);
    let mut arguments = vec![value];
    let finish = distinct_by_key(&mut call, &mut arguments, finish)?;
    let inputs = arguments.iter().map(|argument| to_engine_arrow(&argument.data_type)).collect();
    let plan = Gather { name, inputs, result: to_engine_arrow(&result), finish };
    Ok(apply(&call, udaf(plan), arguments, (result, false)))
}

/// DISTINCT over values with a collation: their keys are told apart, the first value of each key stays.
fn distinct_by_key(call: &mut Call<'_>, arguments: &mut Vec<Typed>, finish: Finish) -> Result<Finish> {
    let collated = arguments.first().filter(|value| call.modifiers.distinct && Collation::is_in(&value.data_type));
    let Some(value) = collated.cloned() else { return Ok(finish) };
    arguments.push(collation::key(value)?);
    call.modifiers.distinct = false;
    Ok(Finish::Distinct(Box::new(finish)))
}

pub fn listagg(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let delimiter = if values.len() > 1 { values.pop() } else { None };
    let value = values.pop().ok_or_else(|| Error::internal("listagg without a value"))?;
    let is_text = value.data_type == DataType::Binary || Collation::is_in(&value.data_type);
    let value = if is_text { value } else { coercion::string(&call, 0, value)? };
    if let Some(delimiter) = &delimiter
        && value.data_type == DataType::Binary
        && delimiter.data_type.is_string()
    {
        return Err(coercion::different_types(&call, &[value.data_type, delimiter.data_type.clone()]));
    }
    let delimiter = match &delimiter {
        None => Vec::new(),
        Some(delimiter) => delimiter_bytes(&call, delimiter)?,
    };
    let order: Vec<_> = call
        .modifiers
        .within_group
        .iter()
        .map(|(sort, _)| SortOptions { descending: !sort.asc, nulls_first: sort.nulls_first })
        .collect();
    let keys = call.modifiers.within_group.iter().map(|(_, key)| collation::key(key.clone()));
    let keys = keys.collect::<Result<Vec<Typed>>>()?;
    let data_type = value.data_type.clone();
    // A value that is its own key is one argument: DataFusion knows DISTINCT over one only.
    let own_key = matches!(keys.as_slice(), [key] if key.expr == value.expr);
    let keys = if own_key { Vec::new() } else { keys };
    let mut arguments: Vec<Typed> = std::iter::once(value).chain(keys).collect();
    let finish = distinct_by_key(&mut call, &mut arguments, Finish::Join { delimiter, order })?;
    let plan = Gather {
        name: "listagg",
        inputs: arguments.iter().map(|argument| to_engine_arrow(&argument.data_type)).collect(),
        result: to_engine_arrow(&data_type),
        finish,
    };
    Ok(apply(&call, udaf(plan), arguments, (data_type, true)))
}

fn delimiter_bytes(call: &Call<'_>, delimiter: &Typed) -> Result<Vec<u8>> {
    match delimiter.literal() {
        Some(ScalarValue::Binary(bytes)) => Ok(bytes.clone().unwrap_or_default()),
        Some(literal) if literal.is_null() => Ok(Vec::new()),
        Some(_) => {
            let text = coercion::string(call, 1, delimiter.clone())
                .map_err(|_| call.unexpected_type(1, "(\"STRING\" or \"BINARY\")", &delimiter.data_type))?;
            match text.literal_str() {
                Some(text) => Ok(text.as_bytes().to_vec()),
                None => Err(call.not_a_constant(1, "delimiter", &delimiter.data_type)),
            }
        }
        None => Err(call.not_a_constant(1, "delimiter", &delimiter.data_type)),
    }
}

pub fn histogram_numeric(mut call: Call<'_>) -> Result<Typed> {
    let [mut value, bins] = call.take()?;
    if value.data_type.is_string() {
        value = coercion::double(&call, 0, value)?;
    }
    let fits = value.data_type.is_numeric() || value.data_type.is_datetime() || value.data_type.is_interval();
    if !fits {
        return Err(call.unexpected_type(0, "\"NUMERIC\"", &value.data_type));
    }
    let bins = coercion::int(&call, 1, bins)?;
    if bins.literal().is_some_and(ScalarValue::is_null) {
        return Err(DATATYPE_MISMATCH_UNEXPECTED_NULL
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "nb"));
    }
    let bins = constant_int(&call, 1, "nb", &bins)?;
    let Some(bins) = usize::try_from(bins).ok().filter(|bins| *bins >= 2) else {
        return Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "nb")
            .with("valueRange", "[2, 2147483647]")
            .with("currentValue", bins));
    };
    let element = DataType::structure([
        StructField::new("x", value.data_type.clone(), true),
        StructField::new("y", DataType::Double, true),
    ]);
    let result = DataType::array(element, true);
    let plan = Gather {
        name: "histogram_numeric",
        inputs: vec![to_engine_arrow(&value.data_type)],
        result: to_engine_arrow(&result),
        finish: Finish::Histogram { bins },
    };
    Ok(apply(&call, udaf(plan), vec![value], (result, true)))
}

/// How exact it is when nothing is said.
const RELATIVE_SD: f64 = 0.05;

pub fn approx_count_distinct(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let deviation = match values.get(1).map(Typed::literal) {
        None => RELATIVE_SD,
        Some(Some(ScalarValue::Float64(Some(deviation)))) => *deviation,
        Some(Some(ScalarValue::Decimal128(Some(unscaled), _, scale))) => decimal::to_double(*unscaled, *scale),
        Some(_) => return Err(DISTINCT_COUNT_ERROR.error()),
    };
    values.truncate(1);
    // Where registers are so many that their standard error is this.
    let precision = (2.0 * (1.106 / deviation).log2()).ceil();
    let allowed = distinct::PRECISIONS;
    if precision.is_nan() || precision < f64::from(*allowed.start()) {
        return Err(FAILED_FUNCTION_CALL.with("funcName", "`approx_count_distinct`"));
    }
    if precision > f64::from(*allowed.end()) {
        return Err(Error::unsupported(format!(
            "approx_count_distinct with a relative standard deviation of {deviation}, below 0.00027,"
        )));
    }
    call.modifiers.distinct = false;
    let [value] = values.as_slice() else {
        return Err(Error::internal("approx_count_distinct without a column"));
    };
    let counted = Distinct::new(&value.data_type, to_engine_arrow(&value.data_type), precision as u32);
    Ok(apply(&call, udaf(Folding(counted)), values, (DataType::Long, false)))
}
