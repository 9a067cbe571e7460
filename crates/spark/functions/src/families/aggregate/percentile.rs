//! Percentiles. All are exact here, the approximate ones too: Spark's are for as many rows as their accuracy.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::scalar::ScalarValue;
use hearth_base::condition::{DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE, INVALID_WITHIN_GROUP_EXPRESSION_MISSING};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::apply;
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion;
use crate::kernels::aggregate::finish::{Finish, Fractions, Percentile};
use crate::kernels::aggregate::gather::Gather;
use crate::kernels::aggregate::udaf::udaf;
use crate::typed::Typed;

pub fn median(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let fractions = Fractions { bits: vec![0.5_f64.to_bits()], array: false };
    exact(&call, vec![value], fractions, (Percentile::Continuous, false))
}

pub fn percentile(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let frequency = if values.len() > 2 { values.pop() } else { None };
    let fractions = values.pop().ok_or_else(|| Error::internal("percentile without a percentage"))?;
    let fractions = percentages(&call, 1, fractions)?;
    if let Some(frequency) = frequency.filter(|frequency| !is_one(frequency)) {
        if !frequency.data_type.is_integral() {
            return Err(call.unexpected_type(2, "\"INTEGRAL\"", &frequency.data_type));
        }
        values.push(frequency);
    }
    exact(&call, values, fractions, (Percentile::Continuous, false))
}

fn is_one(frequency: &Typed) -> bool {
    matches!(frequency.literal(), Some(ScalarValue::Int32(Some(1)) | ScalarValue::Int64(Some(1))))
}

pub fn percentile_cont(call: Call<'_>) -> Result<Typed> {
    within_group(call, Percentile::Continuous)
}

pub fn percentile_disc(call: Call<'_>) -> Result<Typed> {
    within_group(call, Percentile::Discrete)
}

fn within_group(mut call: Call<'_>, kind: Percentile) -> Result<Typed> {
    let [fractions] = call.take()?;
    let fractions = percentages(&call, 0, fractions)?;
    let Some((sort, value)) = call.modifiers.within_group.first().cloned() else {
        return Err(INVALID_WITHIN_GROUP_EXPRESSION_MISSING.with("funcName", format!("`{}`", call.name)));
    };
    exact(&call, vec![value], fractions, (kind, !sort.asc))
}

/// `values` are the numbers, and their frequencies if there are some.
fn exact(
    call: &Call<'_>,
    mut values: Vec<Typed>,
    fractions: Fractions,
    (kind, descending): (Percentile, bool),
) -> Result<Typed> {
    let element = match values[0].data_type {
        DataType::DayTimeInterval { .. } => DataType::DAY_TIME,
        DataType::YearMonthInterval { .. } => DataType::YEAR_MONTH,
        _ => {
            let first = values.remove(0);
            let fits = first.data_type.is_numeric() || first.data_type.is_string() || first.is_void();
            if !fits {
                let numbers = "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")";
                return Err(call.unexpected_type(0, numbers, &first.data_type));
            }
            values.insert(0, coercion::double(call, 0, first)?);
            DataType::Double
        }
    };
    let result = if fractions.array { DataType::array(element, false) } else { element };
    let plan = Gather {
        name: "percentile",
        inputs: values.iter().map(|value| to_engine_arrow(&value.data_type)).collect(),
        result: to_engine_arrow(&result),
        finish: Finish::Percentile { fractions, kind, descending },
    };
    Ok(apply(call, udaf(plan), values, (result, true)))
}

pub fn percentile_approx(mut call: Call<'_>) -> Result<Typed> {
    crate::inputs::expect(&call, 2, "\"INTEGRAL\"", DataType::is_integral)?;
    let mut values = call.values()?;
    if let Some(accuracy) = values.get(2) {
        check_accuracy(&call, accuracy)?;
    }
    values.truncate(2);
    let fractions = values.pop().ok_or_else(|| Error::internal("approx_percentile without a percentage"))?;
    let fractions = percentages(&call, 1, fractions)?;
    let mut value = values.pop().ok_or_else(|| Error::internal("approx_percentile without a value"))?;
    if value.data_type.is_string() || value.is_void() {
        value = coercion::double(&call, 0, value)?;
    }
    let data_type = value.data_type.clone();
    if !(data_type.is_numeric() || data_type.is_datetime() || data_type.is_interval()) {
        return Err(call.unexpected_type(0, "\"NUMERIC\"", &data_type));
    }
    let result = if fractions.array { DataType::array(data_type.clone(), false) } else { data_type.clone() };
    let plan = Gather {
        name: "percentile_approx",
        inputs: vec![to_engine_arrow(&data_type)],
        result: to_engine_arrow(&result),
        finish: Finish::Element { fractions },
    };
    Ok(apply(&call, udaf(plan), vec![value], (result, true)))
}

/// The accuracy means nothing here, since all rows are kept, but must be one.
fn check_accuracy(call: &Call<'_>, accuracy: &Typed) -> Result<()> {
    let data_type = accuracy.data_type.clone();
    let value = match cast(accuracy.clone(), &DataType::Long, CastMode::of(call.session), call.session)?.literal() {
        Some(ScalarValue::Int64(Some(value))) => *value,
        Some(_) => return Ok(()),
        None if accuracy.expr.column_refs().is_empty() => return Ok(()),
        None => return Err(call.not_a_constant(2, "accuracy", &data_type)),
    };
    if (1..=i64::from(i32::MAX)).contains(&value) {
        return Ok(());
    }
    Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("exprName", "accuracy")
        .with("valueRange", "(0, 2147483647]")
        .with("currentValue", format!("{value}L")))
}

/// Constant percentages between 0 and 1, one or an array.
fn percentages(call: &Call<'_>, index: usize, value: Typed) -> Result<Fractions> {
    let array = matches!(value.data_type, DataType::Array(_));
    let target = if array { DataType::array(DataType::Double, true) } else { DataType::Double };
    let data_type = value.data_type.clone();
    let is_column = !value.expr.column_refs().is_empty();
    let value = cast(value, &target, CastMode::of(call.session), call.session)?;
    if is_column {
        return Err(call.not_a_constant(index, "percentage", &target));
    }
    let literal = value.literal().ok_or_else(|| {
        crate::constant::failure(&value).unwrap_or_else(|| call.not_a_constant(index, "percentage", &target))
    })?;
    let numbers: ArrayRef = match literal {
        ScalarValue::List(list) => list.value(0),
        scalar => scalar.to_array().map_err(|error| Error::internal(error.to_string()))?,
    };
    let numbers = numbers.as_primitive_opt::<Float64Type>();
    let Some(numbers) = numbers.filter(|numbers| numbers.null_count() == 0) else {
        return Err(call.unexpected_type(index, "\"DOUBLE\"", &data_type));
    };
    if let Some(outside) = numbers.values().iter().find(|number| !(0.0..=1.0).contains(*number)) {
        return Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "percentage")
            .with("valueRange", "[0.0, 1.0]")
            .with("currentValue", format!("{outside:?}D")));
    }
    Ok(Fractions { bits: numbers.values().iter().map(|number| number.to_bits()).collect(), array })
}
