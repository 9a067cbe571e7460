//! Functions that exist only over a window. DataFusion's rankings count in `UInt64`; the analyzer casts to the type here.

use std::sync::Arc;

use datafusion::functions_window::cume_dist::cume_dist_udwf;
use datafusion::functions_window::lead_lag::{lag_udwf, lead_udwf};
use datafusion::functions_window::nth_value::nth_value_udwf;
use datafusion::functions_window::ntile::ntile_udwf;
use datafusion::functions_window::rank::{dense_rank_udwf, percent_rank_udwf, rank_udwf};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::{Expr, WindowFunctionDefinition, WindowUDF, lit};
use hearth_base::condition::{DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE, FAILED_FUNCTION_CALL, INVALID_SHIFT};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::aggregate::{constant_bool, constant_int};
use crate::call::Call;
use crate::coercion;
use crate::constant;
use crate::row::{Arity, FunctionRow, WindowCall, window};
use crate::typed::Typed;

const NONE: Arity = Arity::Exact(0);
const SHIFT: Arity = Arity::Range(0, 3);

pub const ROWS: &[FunctionRow] = &[
    window("row_number", NONE, row_number).summary("The number of the row in its partition, from 1."),
    window("rank", Arity::AtLeast(0), rank).summary("The rank of the row, with gaps after equal rows."),
    window("dense_rank", Arity::AtLeast(0), dense_rank).summary("The rank of the row, without gaps."),
    window("percent_rank", Arity::AtLeast(0), percent_rank).summary("The rank as a share between 0 and 1."),
    window("cume_dist", NONE, cume_dist).summary("The share of rows up to this one."),
    window("ntile", Arity::Range(0, 1), ntile).summary("The number of the bucket, of so many."),
    window("lag", SHIFT, lag).summary("The value so many rows before."),
    window("lead", SHIFT, lead).summary("The value so many rows behind."),
    window("nth_value", Arity::Range(2, 3), nth_value).summary("The value in a row of the frame, counted from 1."),
];

fn ranking(function: Arc<WindowUDF>, arguments: Vec<Expr>, data_type: DataType) -> WindowCall {
    let function = WindowFunctionDefinition::WindowUDF(function);
    WindowCall { function, arguments, data_type, nullable: false, ignore_nulls: false, otherwise: None }
}

fn row_number(_: Call<'_>) -> Result<WindowCall> {
    Ok(ranking(row_number_udwf(), vec![], DataType::Integer))
}

fn rank(_: Call<'_>) -> Result<WindowCall> {
    Ok(ranking(rank_udwf(), vec![], DataType::Integer))
}

fn dense_rank(_: Call<'_>) -> Result<WindowCall> {
    Ok(ranking(dense_rank_udwf(), vec![], DataType::Integer))
}

fn percent_rank(_: Call<'_>) -> Result<WindowCall> {
    Ok(ranking(percent_rank_udwf(), vec![], DataType::Double))
}

fn cume_dist(_: Call<'_>) -> Result<WindowCall> {
    Ok(ranking(cume_dist_udwf(), vec![], DataType::Double))
}

fn ntile(mut call: Call<'_>) -> Result<WindowCall> {
    let mut values = call.values()?;
    let buckets = match values.pop() {
        None => 1,
        Some(value) => {
            if value.data_type != DataType::Integer {
                return Err(call.unexpected_type(0, "\"INT\"", &value.data_type));
            }
            constant_int(&call, 0, "buckets", &value)?
        }
    };
    if buckets <= 0 {
        return Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "buckets")
            .with("valueRange", "(0, 2147483647]")
            .with("currentValue", buckets));
    }
    Ok(ranking(ntile_udwf(), vec![lit(buckets)], DataType::Integer))
}

fn lag(call: Call<'_>) -> Result<WindowCall> {
    shifted(call, true)
}

fn lead(call: Call<'_>) -> Result<WindowCall> {
    shifted(call, false)
}

fn shifted(mut call: Call<'_>, back: bool) -> Result<WindowCall> {
    let ignore_nulls = call.modifiers.ignore_nulls.unwrap_or(false);
    let mut values = call.values()?.into_iter();
    let value = values.next().map_or_else(|| crate::expr::null(&DataType::Null), Ok)?;
    let offset = match values.next() {
        None => 1,
        Some(offset) => shift_offset(&call, &offset)?,
    };
    let default = values.next().map(|default| coercion::implicit(&call, 2, default, &value.data_type)).transpose()?;
    let nullable = value.nullable || default.as_ref().is_none_or(|default| default.nullable);
    let data_type = value.data_type.clone();
    // Backwards by less than nothing is forwards.
    let function = if back == (offset >= 0) { lag_udwf() } else { lead_udwf() };
    let mut arguments = vec![value.expr, lit(offset.abs())];
    let mut otherwise = None;
    match default.filter(|default| !default.literal().is_some_and(datafusion::scalar::ScalarValue::is_null)) {
        None => {}
        Some(default) => match default.literal() {
            Some(literal) => arguments.push(Expr::Literal(literal.clone(), None)),
            None => otherwise = Some(constant::failure(&default).map_or(Ok(default), Err)?),
        },
    }
    let function = WindowFunctionDefinition::WindowUDF(function);
    Ok(WindowCall { function, arguments, data_type, nullable, ignore_nulls, otherwise })
}

/// The offset of `lag` and `lead`: an INT, where Spark converts nothing.
fn shift_offset(call: &Call<'_>, offset: &Typed) -> Result<i64> {
    let name = call.name.to_lowercase();
    if offset.data_type.is_string() {
        return Err(FAILED_FUNCTION_CALL.with("funcName", format!("`{name}`")));
    }
    if offset.expr.column_refs().is_empty()
        && (offset.data_type != DataType::Integer
            || offset.literal().is_some_and(datafusion::scalar::ScalarValue::is_null))
    {
        return Err(INVALID_SHIFT.with("prettyName", name));
    }
    let offset = coercion::int(call, 1, offset.clone())?;
    constant_int(call, 1, "offset", &offset)
}

fn nth_value(mut call: Call<'_>) -> Result<WindowCall> {
    let mut values = call.values()?;
    let mut ignore_nulls = call.modifiers.ignore_nulls.unwrap_or(false);
    if let Some(flag) = values.get(2) {
        ignore_nulls |= constant_bool(&call, 2, "ignoreNulls", flag)?;
    }
    values.truncate(2);
    let [value, place]: [Typed; 2] =
        values.try_into().map_err(|_| Error::internal("nth_value takes a value and a place"))?;
    let place = coercion::int(&call, 1, place)?;
    let place = constant_int(&call, 1, "offset", &place)?;
    if place <= 0 {
        return Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "offset")
            .with("valueRange", "(0, 9223372036854775807]")
            .with("currentValue", format!("{place}L")));
    }
    let function = WindowFunctionDefinition::WindowUDF(nth_value_udwf());
    Ok(WindowCall {
        function,
        arguments: vec![value.expr, lit(place)],
        data_type: value.data_type,
        nullable: true,
        ignore_nulls,
        otherwise: None,
    })
}
