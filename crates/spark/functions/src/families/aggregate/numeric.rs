//! `count`, `sum`, `avg` and their `try_` forms.

use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::{Expr, lit, when};
use hearth_base::condition::WRONG_NUM_ARGS_WITH_SUGGESTION;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;
use hearth_types::data_type::MAX_DECIMAL_PRECISION;

use super::{apply, apply_exprs};
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion;
use crate::kernels::aggregate::average::{DecimalAverage, decimal_average, interval_average};
use crate::kernels::aggregate::sum::{CheckedSum, Overflow};
use crate::kernels::aggregate::udaf::udaf;
use crate::kernels::invoke;
use crate::typed::Typed;

const COUNT: (DataType, bool) = (DataType::Long, false);
const NUMBER_OR_INTERVAL: &str = "\"NUMERIC\" or \"ANSI INTERVAL\"";

pub fn count(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    if values.is_empty() {
        return Err(WRONG_NUM_ARGS_WITH_SUGGESTION
            .with("functionName", "`count`")
            .with("expectedNum", " >= 1")
            .with("actualNum", 0)
            .with("legacyConfKey", "\"spark.sql.legacy.allowParameterlessCount\"")
            .with("legacyConfValue", "\"true\"")
            .with("legacyNum", 0));
    }
    Ok(count_of(&call, values))
}

/// Counts rows in which no value is NULL. Values that never are do not matter, so that equal counts are one.
pub fn count_of(call: &Call<'_>, values: Vec<Typed>) -> Typed {
    if call.modifiers.distinct {
        return apply_exprs(call, count_udaf(), vec![one_value(values)], COUNT);
    }
    let known = |value: &Typed| !value.nullable || value.literal().is_some_and(|literal| !literal.is_null());
    let mut open: Vec<Typed> = values.into_iter().filter(|value| !known(value)).collect();
    let counted = match open.len() {
        0 => lit(1_i64),
        1 => open.remove(0).expr,
        _ => all_known(&open, lit(1_i64)),
    };
    apply_exprs(call, count_udaf(), vec![counted], COUNT)
}

/// `value` where all of `known` are not NULL, else NULL.
fn all_known(known: &[Typed], value: Expr) -> Expr {
    let condition = known.iter().map(|value| value.expr.clone().is_not_null()).reduce(Expr::and);
    match condition {
        Some(condition) => when(condition, value.clone()).end().unwrap_or(value),
        None => value,
    }
}

/// Several values as one, which is NULL when one of them is.
fn one_value(mut values: Vec<Typed>) -> Expr {
    if values.len() == 1 {
        return values.remove(0).expr;
    }
    let named = values.iter().enumerate().flat_map(|(index, value)| [lit(format!("{index}")), value.expr.clone()]);
    let packed = datafusion::functions::core::named_struct().call(named.collect());
    all_known(&values, packed)
}

pub fn count_if(mut call: Call<'_>) -> Result<Typed> {
    let [condition] = call.take()?;
    let condition = coercion::boolean(&call, 0, condition)?;
    if call.modifiers.distinct {
        return Err(Error::unsupported("DISTINCT in count_if"));
    }
    let one = when(condition.expr, lit(1_i64)).end().map_err(|error| Error::internal(error.to_string()))?;
    Ok(apply_exprs(&call, count_udaf(), vec![one], COUNT))
}

pub fn sum(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let overflow = if call.session.ansi { Overflow::Raise } else { Overflow::Null };
    sum_of(&call, value, overflow, call.session.ansi)
}

pub fn try_sum(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    sum_of(&call, value, Overflow::Null, true)
}

/// `checked`: sums of integers do not wrap.
fn sum_of(call: &Call<'_>, value: Typed, overflow: Overflow, checked: bool) -> Result<Typed> {
    match value.data_type.clone() {
        DataType::Byte | DataType::Short | DataType::Integer => {
            // Two billion rows of the largest int do not overflow a long.
            let value = cast(value, &DataType::Long, CastMode::of(call.session), call.session)?;
            Ok(apply(call, sum_udaf(), vec![value], (DataType::Long, true)))
        }
        DataType::Long if checked => Ok(checked_sum(call, value, DataType::Long, overflow)),
        DataType::Long => Ok(apply(call, sum_udaf(), vec![value], (DataType::Long, true))),
        DataType::Decimal { precision, scale } => {
            let result = DataType::Decimal { precision: (precision + 10).min(MAX_DECIMAL_PRECISION), scale };
            // Ten more digits: ten billion rows of the largest value.
            if precision + 10 <= MAX_DECIMAL_PRECISION {
                return Ok(apply(call, sum_udaf(), vec![value], (result, true)));
            }
            Ok(checked_sum(call, value, result, overflow))
        }
        data_type @ DataType::DayTimeInterval { .. } => {
            let micros = datafusion::logical_expr::cast(value.expr, to_engine_arrow(&DataType::Long));
            let micros = Typed::new(micros, DataType::Long, value.nullable);
            // Without ANSI this is an error too: only integers wrap.
            let raise = overflow == Overflow::Raise || !checked;
            let overflow = if raise { Overflow::RaiseInterval } else { Overflow::Null };
            let sum = checked_sum(call, micros, DataType::Long, overflow);
            let sum = datafusion::logical_expr::cast(sum.expr, to_engine_arrow(&data_type));
            Ok(Typed::new(sum, data_type, true))
        }
        data_type @ DataType::YearMonthInterval { .. } => Ok(apply(call, sum_udaf(), vec![value], (data_type, true))),
        DataType::Float | DataType::Double | DataType::Null | DataType::String { .. } => {
            let value = coercion::double(call, 0, value)?;
            Ok(apply(call, sum_udaf(), vec![value], (DataType::Double, true)))
        }
        other => Err(call.unexpected_type(0, NUMBER_OR_INTERVAL, &other)),
    }
}

fn checked_sum(call: &Call<'_>, value: Typed, result: DataType, overflow: Overflow) -> Typed {
    let plan = CheckedSum { input: to_engine_arrow(&value.data_type), result: to_engine_arrow(&result), overflow };
    apply(call, udaf(plan), vec![value], (result, true))
}

pub fn avg(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let overflow = if call.session.ansi { Overflow::Raise } else { Overflow::Null };
    average_of(&call, value, overflow)
}

pub fn try_avg(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    average_of(&call, value, Overflow::Null)
}

pub fn average_of(call: &Call<'_>, value: Typed, overflow: Overflow) -> Result<Typed> {
    match value.data_type.clone() {
        DataType::Decimal { precision, scale } => {
            let result = DataType::Decimal {
                precision: (precision + 4).min(MAX_DECIMAL_PRECISION),
                scale: (scale + 4).min(MAX_DECIMAL_PRECISION as i8),
            };
            let DataType::Decimal { precision, scale: to } = result else {
                return Err(Error::internal("an average of decimals is a decimal"));
            };
            let extra = u32::from((to - scale).unsigned_abs());
            let state = DecimalAverage { extra, precision, scale: to, ansi: overflow == Overflow::Raise };
            let parts = vec![sum_of(call, value.clone(), overflow, true)?, count_of(call, vec![value])];
            invoke::call_arrays_with("decimal_average", state, parts, (result, true), decimal_average)
        }
        DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. } => {
            let result = match value.data_type {
                DataType::DayTimeInterval { .. } => DataType::DAY_TIME,
                _ => DataType::YEAR_MONTH,
            };
            let parts = vec![sum_of(call, value.clone(), overflow, true)?, count_of(call, vec![value])];
            invoke::call_arrays_with("interval_average", (), parts, (result, true), interval_average)
        }
        data_type if data_type.is_numeric() || data_type.is_string() || data_type == DataType::Null => {
            let value = coercion::double(call, 0, value)?;
            Ok(apply(call, avg_udaf(), vec![value], (DataType::Double, true)))
        }
        other => Err(call.unexpected_type(0, NUMBER_OR_INTERVAL, &other)),
    }
}

/// `value` where `other` is not NULL either.
pub fn where_known(value: &Typed, other: &Typed) -> Typed {
    let both = [value.clone(), other.clone()];
    Typed::new(all_known(&both, value.expr.clone()), value.data_type.clone(), true)
}
