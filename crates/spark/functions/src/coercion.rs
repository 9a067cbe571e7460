//! Spark's implicit conversions, ANSI and legacy.
//!
//! Builders call these before they build: `implicit` and its shorthands for arguments of a fixed type, `to_common` for
//! arguments that must agree, `operands` for operators. `widen` finds common types, `decimal` holds the decimal rules.
//! Sources: `AnsiTypeCoercion`, `TypeCoercion`, `DecimalPrecision` of Spark.

pub mod decimal;
mod implicit;
mod operands;
mod widen;

pub use implicit::{ansi_store_assignable, implicit_type};
pub use operands::{arithmetic_operands, comparison_operands, different, mismatched, wrong_type};
pub use widen::{common_type, force_nullable, up_castable, wider_type};

use hearth_base::condition::{DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, DATATYPE_MISMATCH_DATA_DIFF_TYPES};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::Call;
use crate::cast::{self, CastMode};
use crate::typed::Typed;

/// Converts argument `index` (from 0) to `target` as Spark does by itself, or says that its type does not fit.
pub fn implicit(call: &Call<'_>, index: usize, value: Typed, target: &DataType) -> Result<Typed> {
    match implicit_type(&value.data_type, target, call.session.ansi) {
        Some(data_type) => cast::cast(value, &data_type, CastMode::of(call.session), call.session),
        None if both_of_time(&value.data_type, target) => Err(no_such_moment(call, index, &value.data_type, target)),
        None => Err(call.unexpected_type(index, &quoted(target), &value.data_type)),
    }
}

/// Spark takes a time of day for something that a date or a timestamp can be made of, and then knows no such cast.
fn both_of_time(from: &DataType, target: &DataType) -> bool {
    let time = |data_type: &DataType| matches!(data_type, DataType::Time { .. });
    (time(from) && target.is_datetime()) || (from.is_datetime() && time(target))
}

/// The error of the cast that Spark puts around a time of day where a date or a timestamp belongs.
pub fn no_such_moment(call: &Call<'_>, index: usize, from: &DataType, target: &DataType) -> Error {
    DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION
        .with("sqlExpr", format!("\"{}\"", call.argument_sql.get(index).map_or("", String::as_str)))
        .with("srcType", quoted(from))
        .with("targetType", quoted(target))
}

pub fn string(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    if matches!(value.data_type, DataType::String { .. }) {
        return Ok(value);
    }
    implicit(call, index, value, &DataType::STRING)
}

pub fn boolean(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Boolean)
}

pub fn int(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Integer)
}

pub fn long(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Long)
}

pub fn double(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Double)
}

pub fn date(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Date)
}

pub fn timestamp(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Timestamp)
}

pub fn binary(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    implicit(call, index, value, &DataType::Binary)
}

/// A number of any type: strings become doubles, NULL becomes a double too, other types do not fit.
pub fn numeric(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    if value.data_type.is_numeric() {
        return Ok(value);
    }
    if value.is_void() || value.data_type.is_string() {
        return cast::cast(value, &DataType::Double, CastMode::of(call.session), call.session);
    }
    Err(call.unexpected_type(index, "\"NUMERIC\"", &value.data_type))
}

/// Converts all values to their common type, or says that there is none.
pub fn to_common(call: &Call<'_>, values: Vec<Typed>) -> Result<(Vec<Typed>, DataType)> {
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    let Some(common) = common_type(&types, call.session) else {
        return Err(different_types(call, &types));
    };
    let values = values.into_iter().map(|value| widened(call, value, &common)).collect::<Result<Vec<_>>>()?;
    Ok((values, common))
}

/// `value` as the type that it was widened to.
pub fn widened(call: &Call<'_>, value: Typed, to: &DataType) -> Result<Typed> {
    cast::cast(value, to, CastMode::of(call.session), call.session)
}

/// The error of arguments that have no common type.
pub fn different_types(call: &Call<'_>, types: &[DataType]) -> Error {
    // Spark puts other calls in the place of some.
    let (name, sql) = match call.name.to_lowercase().as_str() {
        "if" => return different_in_list(call, "if", types),
        "nvl" | "ifnull" => ("coalesce", format!("coalesce({})", call.argument_sql.join(", "))),
        _ => (call.name, call.sql.clone()),
    };
    let list: Vec<_> = types.iter().map(quoted).collect();
    DATATYPE_MISMATCH_DATA_DIFF_TYPES
        .with("sqlExpr", format!("\"{sql}\""))
        .with("functionName", format!("`{name}`"))
        .with("dataType", format!("({})", list.join(" or ")))
}

/// The types of several arguments as errors list them where the arguments are of one list: `["INT", "DATE"]`.
pub fn listed(types: &[DataType]) -> String {
    let list: Vec<_> = types.iter().map(quoted).collect();
    format!("[{}]", list.join(", "))
}

/// As `different_types`, for `IN` and `CASE`, which list the types otherwise.
pub fn different_in_list(call: &Call<'_>, function: &str, types: &[DataType]) -> Error {
    DATATYPE_MISMATCH_DATA_DIFF_TYPES
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", format!("`{function}`"))
        .with("dataType", listed(types))
}

/// The error of an argument that must be a constant of exactly one type, where Spark asks before it types the call.
pub fn not_foldable(call: &Call<'_>, name: &str, data_type: &DataType) -> Error {
    hearth_base::condition::NON_FOLDABLE_ARGUMENT
        .with("funcName", format!("`{}`", call.name.to_lowercase()))
        .with("paramName", format!("`{name}`"))
        .with("paramType", quoted(data_type))
}

/// A type as Spark's errors print it: `"INT"`.
pub fn quoted(data_type: &DataType) -> String {
    data_type.quoted_sql()
}
