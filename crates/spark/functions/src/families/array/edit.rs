//! Arrays made of values and of other arrays.

use hearth_base::condition::DATATYPE_MISMATCH_SEQUENCE_WRONG_INPUT_TYPES;
use hearth_base::{Error, Result};
use hearth_types::{DataType, StructField};

use super::{as_array, contains_null, with_element};
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion::{self, common_type, to_common};
use crate::families::aggregate::constant_int;
use crate::kernels::collection::reshape::{self, End};
use crate::kernels::collection::sequence::{InZone, integers, moments};
use crate::kernels::collection::shape;
use crate::typed::Typed;

pub fn array(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let (values, element) = if values.is_empty() { (values, DataType::Null) } else { to_common(&call, values)? };
    let nullable = values.iter().any(|value| value.nullable);
    shape::call("array", (), values, (DataType::array(element, nullable), false), reshape::make_array)
}

pub fn array_append(call: Call<'_>) -> Result<Typed> {
    extend(call, "array_append", End::Back)
}

pub fn array_prepend(call: Call<'_>) -> Result<Typed> {
    extend(call, "array_prepend", End::Front)
}

fn extend(mut call: Call<'_>, name: &'static str, end: End) -> Result<Typed> {
    let [array, value] = call.take()?;
    let (array, value, element) = with_element(&call, array, value)?;
    let result = DataType::array(element, contains_null(&array) || value.nullable);
    let nullable = array.nullable;
    shape::call(name, end, vec![array, value], (result, nullable), reshape::extend)
}

pub fn array_insert(mut call: Call<'_>) -> Result<Typed> {
    let [array, position, value] = call.take()?;
    let position = coercion::int(&call, 1, position)?;
    let (array, value, element) = with_element(&call, array, value)?;
    let nullable = array.nullable || position.nullable;
    let result = (DataType::array(element, true), nullable);
    shape::call("array_insert", (), vec![array, position, value], result, reshape::insert)
}

pub fn array_repeat(mut call: Call<'_>) -> Result<Typed> {
    let [value, count] = call.take()?;
    if count.data_type.is_string() {
        return Err(call.unexpected_type(1, "\"INT\"", &count.data_type));
    }
    let count = coercion::int(&call, 1, count)?;
    let result = (DataType::array(value.data_type.clone(), value.nullable), count.nullable);
    shape::call("array_repeat", (), vec![value, count], result, reshape::repeat)
}

pub fn flatten(mut call: Call<'_>) -> Result<Typed> {
    let [array] = call.take()?;
    let DataType::Array(outer) = array.data_type.clone() else {
        return Err(call.unexpected_type(0, "\"ARRAY\" of \"ARRAY\"", &array.data_type));
    };
    let DataType::Array(inner) = &outer.element else {
        return Err(call.unexpected_type(0, "\"ARRAY\" of \"ARRAY\"", &array.data_type));
    };
    let nullable = array.nullable || outer.contains_null;
    let result = (DataType::array(inner.element.clone(), inner.contains_null), nullable);
    shape::call("flatten", (), vec![array], result, reshape::flatten)
}

pub fn slice(mut call: Call<'_>) -> Result<Typed> {
    let [array, start, length] = call.take()?;
    let (array, _) = as_array(&call, 0, array, true)?;
    let start = coercion::int(&call, 1, start)?;
    let length = coercion::int(&call, 2, length)?;
    let nullable = array.nullable || start.nullable || length.nullable;
    let result = (array.data_type.clone(), nullable);
    shape::call("slice", (), vec![array, start, length], result, reshape::slice)
}

pub fn shuffle(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let seed = if values.len() > 1 { values.pop() } else { None };
    let seed = match &seed {
        Some(seed) => constant_int(&call, 1, "seed", seed)?,
        None => call.session.statement_micros,
    };
    let array = values.pop().ok_or_else(|| Error::internal("shuffle without an array"))?;
    let (array, _) = as_array(&call, 0, array, true)?;
    let result = (array.data_type.clone(), array.nullable);
    Ok(shape::call_volatile("shuffle", seed, vec![array], result, reshape::shuffle))
}

pub fn arrays_zip(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let nullable = values.iter().any(|value| value.nullable);
    let mut arrays = Vec::with_capacity(values.len());
    let mut fields = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let (array, array_type) = as_array(&call, index, value, true)?;
        let name = call.argument_sql.get(index).and_then(|sql| attribute_name(sql));
        let name = name.unwrap_or_else(|| index.to_string());
        fields.push(StructField::new(name, array_type.element, true));
        arrays.push(array);
    }
    let result = DataType::array(DataType::structure(fields), false);
    shape::call("arrays_zip", (), arrays, (result, nullable), reshape::zip)
}

/// The last part of a name like `t.a`; `None` for anything else than a name.
fn attribute_name(sql: &str) -> Option<String> {
    let last = sql.rsplit('.').next()?;
    let bare = last.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(last);
    let starts = |text: &str| text.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let word = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '`');
    (starts(bare) && sql.split('.').all(|part| !part.is_empty() && word(part))).then(|| bare.to_owned())
}

/// Whole numbers by whole numbers, or points in time by intervals.
pub fn sequence(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let step = if values.len() > 2 { values.pop() } else { None };
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    let Some(element) = common_type(&types, call.session) else { return Err(no_sequence(&call)) };
    let (mut values, _) = to_common(&call, values)?;
    let mode = CastMode::of(call.session);
    let nullable = values.iter().chain(&step).any(|value| value.nullable);
    let result = (DataType::array(element.clone(), false), nullable);
    if element.is_integral() || element == DataType::Null {
        let wide = match &step {
            Some(step) if step.data_type.is_integral() => to_common(&call, vec![values[0].clone(), step.clone()])?.1,
            Some(_) => return Err(no_sequence(&call)),
            None if element == DataType::Null => DataType::Integer,
            None => element,
        };
        values.extend(step);
        let values: Vec<_> =
            values.into_iter().map(|value| cast(value, &wide, mode, call.session)).collect::<Result<_>>()?;
        return shape::call("sequence", (), values, (DataType::array(wide, false), nullable), integers);
    }
    if !element.is_datetime() || step.as_ref().is_some_and(|step| !step.data_type.is_interval()) {
        return Err(no_sequence(&call));
    }
    values.extend(step);
    shape::call("sequence_of_moments", InZone(call.session.time_zone.clone()), values, result, moments)
}

fn no_sequence(call: &Call<'_>) -> Error {
    DATATYPE_MISMATCH_SEQUENCE_WRONG_INPUT_TYPES
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", "`sequence`")
        .with("startType", "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\")")
        .with("stepType", "(\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")")
        .with("otherStartType", "\"INTEGRAL\"")
}

#[cfg(test)]
mod tests {
    use super::attribute_name;

    #[test]
    fn only_names_give_names() {
        assert_eq!(attribute_name("t.`a`").as_deref(), Some("a"));
        assert_eq!(attribute_name("x").as_deref(), Some("x"));
        assert_eq!(attribute_name("array(1)"), None);
        assert_eq!(attribute_name("1.5"), None);
    }
}
