//! Builders of string functions that give a string, a number or a boolean for strings.

use hearth_base::Result;
use hearth_base::condition::{DATATYPE_MISMATCH_INPUT_SIZE_NOT_ONE, DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE};
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::inputs::Input::{Int, Text};
use crate::inputs::{Input, coerced, int_literal, lenient, strict, text_literal};
use crate::kernels::invoke::any_nullable;
use crate::kernels::rowwise::{Run, call_rows};
use crate::kernels::string::code::Measure;
use crate::kernels::string::cut::{self, Side};
use crate::kernels::string::search::{self, Place};
use crate::kernels::string::{code, edit, regexp};
use crate::typed::Typed;

/// Builders without a choice: name, argument types, result, kernel.
macro_rules! builders {
    ($($how:ident $name:ident [$($kind:ident),*] $returns:expr, $state:expr, $run:path;)*) => {
        $(pub fn $name(call: Call<'_>) -> Result<Typed> {
            $how(call, stringify!($name), &[$($kind),*], $returns, $state, $run)
        })*
    };
}

builders! {
    strict instr [Text, Text] DataType::Integer, (), search::instr;
    strict find_in_set [Text, Text] DataType::Integer, (), search::find_in_set;
    strict substring_index [Text, Text, Int] DataType::STRING, (), cut::substring_index;
    strict repeat [Text, Int] DataType::STRING, (), edit::repeat;
    strict space [Int] DataType::STRING, (), edit::space;
    strict translate [Text, Text, Text] DataType::STRING, (), edit::translate;
    strict initcap [Text] DataType::STRING, (), edit::initcap;
    strict lower [Text] DataType::STRING, (), edit::lower;
    strict upper [Text] DataType::STRING, (), edit::upper;
    lenient quote [Text] DataType::STRING, (), edit::quote;
    strict ascii [Text] DataType::Integer, (), code::ascii;
    strict chr [Long] DataType::STRING, (), code::chr;
    strict levenshtein [Text, Text, Int] DataType::Integer, (), code::levenshtein;
    strict base64 [Binary] DataType::STRING, (), code::base64;
    lenient luhn_check [Text] DataType::Boolean, (), code::luhn_check;
    lenient is_valid_utf8 [Bytes] DataType::Boolean, (), code::is_valid_utf8;
    lenient make_valid_utf8 [Bytes] DataType::STRING, (), code::make_valid_utf8;
    lenient validate_utf8 [Bytes] DataType::STRING, false, code::validate_utf8;
    lenient try_validate_utf8 [Bytes] DataType::STRING, true, code::validate_utf8;
    lenient split_part [Text, Text, Int] DataType::STRING, (), cut::split_part;
    lenient right [Text, Int] DataType::STRING, (), cut::right;
    strict regexp_count [Text, Text] DataType::Integer, (), regexp::count;
    lenient regexp_substr [Text, Text] DataType::STRING, (), regexp::substr;
    strict regexp_instr [Text, Text, Int] DataType::Integer, (), regexp::instr;
}

use crate::inputs::Input::{Binary, Bytes, Long};

pub fn soundex(call: Call<'_>) -> Result<Typed> {
    crate::inputs::expect_texts(&call)?;
    strict(call, "soundex", &[Text], DataType::STRING, (), code::soundex)
}

/// `locate` gives 0, not NULL, for a NULL start.
pub fn locate(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text, Text, Int])?;
    if values.len() == 2 {
        values.push(int_literal(1));
    }
    let nullable = any_nullable(&values[..2]);
    call_rows("locate", values, (DataType::Integer, nullable), (), search::locate)
}

pub fn replace(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text])?;
    if values.len() == 2 {
        values.push(text_literal(""));
    }
    let nullable = any_nullable(&values);
    call_rows("replace", values, (DataType::STRING, nullable), (), edit::replace)
}

/// `trim`, `ltrim`, `rtrim` with two arguments have the characters first; `btrim` has them second.
pub fn trim(call: Call<'_>) -> Result<Typed> {
    trim_side(call, "trim", Side::Both, true)
}

pub fn ltrim(call: Call<'_>) -> Result<Typed> {
    trim_side(call, "ltrim", Side::Left, true)
}

pub fn rtrim(call: Call<'_>) -> Result<Typed> {
    trim_side(call, "rtrim", Side::Right, true)
}

pub fn btrim(call: Call<'_>) -> Result<Typed> {
    trim_side(call, "btrim", Side::Both, false)
}

fn trim_side(mut call: Call<'_>, name: &'static str, side: Side, set_first: bool) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text])?;
    if set_first {
        values.reverse();
    }
    let nullable = any_nullable(&values);
    call_rows(name, values, (DataType::STRING, nullable), side, cut::trim)
}

pub fn startswith(call: Call<'_>) -> Result<Typed> {
    part(call, "startswith", Place::Start)
}

pub fn endswith(call: Call<'_>) -> Result<Typed> {
    part(call, "endswith", Place::End)
}

pub fn contains(call: Call<'_>) -> Result<Typed> {
    part(call, "contains", Place::Anywhere)
}

/// Two binaries are compared by bytes, anything else as strings.
fn part(mut call: Call<'_>, name: &'static str, place: Place) -> Result<Typed> {
    let values = call.values()?;
    if values.iter().all(|value| value.data_type == DataType::Binary) {
        return call_rows(name, values, (DataType::Boolean, true), place, search::has_part_bytes);
    }
    let values = texts(&call, values)?;
    let nullable = any_nullable(&values);
    call_rows(name, values, (DataType::Boolean, nullable), place, search::has_part)
}

fn texts(call: &Call<'_>, values: Vec<Typed>) -> Result<Vec<Typed>> {
    values.into_iter().enumerate().map(|(index, value)| coercion::string(call, index, value)).collect()
}

pub fn length(call: Call<'_>) -> Result<Typed> {
    measured(call, "length", Measure::Characters)
}

pub fn octet_length(call: Call<'_>) -> Result<Typed> {
    measured(call, "octet_length", Measure::Bytes)
}

pub fn bit_length(call: Call<'_>) -> Result<Typed> {
    measured(call, "bit_length", Measure::Bits)
}

/// What is cut or measured.
const TEXT_OR_BYTES: &str = "(\"STRING\" or \"BINARY\")";

fn measured(mut call: Call<'_>, name: &'static str, measure: Measure) -> Result<Typed> {
    let [value] = call.take()?;
    let (value, run): (Typed, Run<Measure>) = if value.data_type == DataType::Binary {
        (value, code::length_bytes)
    } else {
        let given = value.data_type.clone();
        let text = coercion::string(&call, 0, value);
        (text.map_err(|_| call.unexpected_type(0, TEXT_OR_BYTES, &given))?, code::length)
    };
    let nullable = value.nullable;
    call_rows(name, vec![value], (DataType::Integer, nullable), measure, run)
}

/// `substring(text, position[, length])`; binary stays binary.
pub fn substring(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    if values.len() == 2 {
        values.push(int_literal(i32::MAX));
    }
    cut_out(&call, values)
}

pub fn left(mut call: Call<'_>) -> Result<Typed> {
    let [value, count] = call.take()?;
    let count = coercion::int(&call, 1, count)?;
    cut_out(&call, vec![value, int_literal(1), count])
}

fn cut_out(call: &Call<'_>, values: Vec<Typed>) -> Result<Typed> {
    let binary = values.first().is_some_and(|value| value.data_type == DataType::Binary);
    let mut converted = Vec::with_capacity(3);
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match index {
            0 if binary => value,
            0 => {
                let given = value.data_type.clone();
                let text = coercion::string(call, 0, value);
                text.map_err(|_| call.unexpected_type(0, TEXT_OR_BYTES, &given))?
            }
            _ => coercion::int(call, index, value)?,
        });
    }
    let nullable = any_nullable(&converted);
    if binary {
        return call_rows("substring", converted, (DataType::Binary, nullable), (), cut::substring_bytes);
    }
    call_rows("substring", converted, (DataType::STRING, nullable), (), cut::substring)
}

pub fn lpad(call: Call<'_>) -> Result<Typed> {
    pad(call, "lpad", Side::Left)
}

pub fn rpad(call: Call<'_>) -> Result<Typed> {
    pad(call, "rpad", Side::Right)
}

/// Binary with binary or nothing to pad with (then zero bytes) stays binary.
fn pad(mut call: Call<'_>, name: &'static str, side: Side) -> Result<Typed> {
    let mut values = call.values()?;
    let is_binary = |value: Option<&Typed>| value.is_none_or(|value| value.data_type == DataType::Binary);
    let binary = is_binary(values.first()) && is_binary(values.get(2));
    if values.len() == 2 {
        values.push(if binary {
            let zero = datafusion::common::ScalarValue::Binary(Some(vec![0]));
            Typed::new(datafusion::logical_expr::Expr::Literal(zero, None), DataType::Binary, false)
        } else {
            text_literal(" ")
        });
    }
    let mut converted = Vec::with_capacity(3);
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match index {
            1 => coercion::int(&call, 1, value)?,
            _ if binary => value,
            _ => coercion::string(&call, index, value)?,
        });
    }
    let nullable = any_nullable(&converted);
    if binary {
        return call_rows(name, converted, (DataType::Binary, nullable), side, cut::pad_bytes);
    }
    call_rows(name, converted, (DataType::STRING, nullable), side, cut::pad)
}

pub fn overlay(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    if values.len() == 3 {
        values.push(int_literal(-1));
    }
    let binary = values.iter().take(2).all(|value| value.data_type == DataType::Binary);
    let mut converted = Vec::with_capacity(4);
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match index {
            0 | 1 if binary => value,
            0 | 1 => coercion::string(&call, index, value)?,
            _ => coercion::int(&call, index, value)?,
        });
    }
    let nullable = any_nullable(&converted);
    if binary {
        return call_rows("overlay", converted, (DataType::Binary, nullable), (), cut::overlay_bytes);
    }
    call_rows("overlay", converted, (DataType::STRING, nullable), (), cut::overlay)
}

/// `mask(text[, upper[, lower[, digit[, other]]]])`
pub fn mask(mut call: Call<'_>) -> Result<Typed> {
    const PLACES: [(&str, Option<&str>); 5] = [
        ("str", None),
        ("upperChar", Some("X")),
        ("lowerChar", Some("x")),
        ("digitChar", Some("n")),
        ("otherChar", None),
    ];
    crate::inputs::expect_texts(&call)?;
    let mut values = coerced(&mut call, &[Text])?;
    for (index, value) in values.iter().enumerate().skip(1) {
        let long = value.literal_str().is_some_and(|text| text.chars().count() != 1);
        if long {
            return Err(DATATYPE_MISMATCH_INPUT_SIZE_NOT_ONE
                .with("sqlExpr", format!("\"{}\"", call.sql))
                .with("exprName", PLACES.get(index).map_or("", |(name, _)| name)));
        }
    }
    for (_, default) in PLACES.iter().skip(values.len()) {
        values.push(match default {
            Some(text) => text_literal(text),
            None => null_text(),
        });
    }
    call_rows("mask", values, (DataType::STRING, true), (), edit::mask)
}

fn null_text() -> Typed {
    let null = datafusion::common::ScalarValue::Utf8(None);
    Typed::new(datafusion::logical_expr::Expr::Literal(null, None), DataType::STRING, true)
}

/// `concat_ws(separator, …)`: strings and arrays of strings, in any order.
pub fn concat_ws(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let mut converted = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match &value.data_type {
            DataType::Array(array) if index > 0 => {
                let list = DataType::array(DataType::STRING, array.contains_null);
                coercion::implicit(&call, index, value, &list)?
            }
            _ => coercion::string(&call, index, value)?,
        });
    }
    let nullable = any_nullable(&converted[..1]);
    call_rows("concat_ws", converted, (DataType::STRING, nullable), (), edit::concat_ws)
}

pub fn sentences(call: Call<'_>) -> Result<Typed> {
    let words = DataType::array(DataType::array(DataType::STRING, false), false);
    lenient(call, "sentences", &[Text], words, (), edit::sentences)
}

pub fn split(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text, Text, Int])?;
    if values.len() == 2 {
        values.push(int_literal(-1));
    }
    let nullable = any_nullable(&values);
    call_rows("split", values, (DataType::array(DataType::STRING, false), nullable), (), regexp::split)
}

fn with_group(call: &mut Call<'_>) -> Result<Vec<Typed>> {
    let mut values = coerced(call, &[Text, Text, Int])?;
    if values.len() == 2 {
        values.push(int_literal(1));
    }
    Ok(values)
}

pub fn regexp_extract(mut call: Call<'_>) -> Result<Typed> {
    let values = with_group(&mut call)?;
    let nullable = any_nullable(&values);
    call_rows("regexp_extract", values, (DataType::STRING, nullable), (), regexp::extract)
}

pub fn regexp_extract_all(mut call: Call<'_>) -> Result<Typed> {
    let values = with_group(&mut call)?;
    let nullable = any_nullable(&values);
    let list = DataType::array(DataType::STRING, true);
    call_rows("regexp_extract_all", values, (list, nullable), (), regexp::extract_all)
}

pub fn regexp_replace(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text, Text, Text, Input::Int])?;
    if values.len() == 3 {
        values.push(int_literal(1));
    }
    if let Some(datafusion::common::ScalarValue::Int32(Some(position))) = values[3].literal()
        && *position <= 0
    {
        return Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "position")
            .with("valueRange", "(0, 2147483647]")
            .with("currentValue", position));
    }
    let nullable = any_nullable(&values);
    call_rows("regexp_replace", values, (DataType::STRING, nullable), (), regexp::replace)
}
