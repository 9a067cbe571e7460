//! Builders of string functions that look at the types or the constants they get: formats, charsets, conversions.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Case, Expr, Operator, binary_expr};
use hearth_base::condition::{
    DATATYPE_MISMATCH_INVALID_ARG_VALUE, INVALID_FORMAT_EMPTY, INVALID_FORMAT_THOUSANDS,
    INVALID_FORMAT_UNEXPECTED_TOKEN, INVALID_FORMAT_WRONG_NUM_DIGIT, INVALID_FORMAT_WRONG_NUM_TOKEN,
    UNEXPECTED_INPUT_TYPE,
};
use hearth_base::{Error, Result};
use hearth_types::{Collation, DataType};

use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion;
use crate::inputs::Input::{Binary, Text};
use crate::inputs::{coerced, int_literal, lenient, strict};
use crate::kernels::invoke::{any_nullable, call_arrays_with};
use crate::kernels::rowwise::{call_rows, call_volatile};
use crate::kernels::string::code::{self, BinaryFormat, ToBinary};
use crate::kernels::string::number_format::{self, NumberFormat, ToNumber};
use crate::kernels::string::random_text;
use crate::kernels::string::{charset, decimal_format, edit, printf};
use crate::typed::Typed;

pub fn encode(call: Call<'_>) -> Result<Typed> {
    lenient(call, "encode", &[Text, Text], DataType::Binary, (), charset::encode)
}

/// With two arguments a charset, with more a search as in Oracle.
pub fn decode(mut call: Call<'_>) -> Result<Typed> {
    if call.len() == 2 {
        return lenient(call, "decode", &[Binary, Text], DataType::STRING, (), charset::decode);
    }
    let mut values = call.values()?;
    let default = if values.len().is_multiple_of(2) { values.pop() } else { None };
    let mut compared = vec![values.remove(0)];
    let mut results = Vec::new();
    for (place, value) in values.into_iter().enumerate() {
        if place % 2 == 0 { compared.push(value) } else { results.push(value) }
    }
    let no_default = default.is_none();
    // Without a default Spark adds a NULL that is a text.
    let types = results.iter().map(|value| value.data_type.clone()).chain([DataType::STRING]);
    let default = match default {
        None if coercion::common_type(&types.collect::<Vec<_>>(), call.session).is_some() => {
            Some(crate::expr::null(&DataType::STRING)?)
        }
        default => default,
    };
    let has_otherwise = default.is_some();
    results.extend(default);
    let (compared, _) = coercion::to_common(&call, compared)?;
    let mut compared = compared.into_iter().map(crate::collation::key).collect::<Result<Vec<_>>>()?;
    let (mut results, data_type) = coercion::to_common(&call, results)?;
    let nullable = no_default || any_nullable(&results);
    let otherwise = if has_otherwise { results.pop().map(|value| Box::new(value.expr)) } else { None };
    let subject = compared.remove(0).expr;
    let branches = compared.into_iter().zip(results).map(|(search, result)| {
        let same = binary_expr(subject.clone(), Operator::IsNotDistinctFrom, search.expr);
        (Box::new(same), Box::new(result.expr))
    });
    Ok(Typed::new(Expr::Case(Case::new(None, branches.collect(), otherwise)), data_type, nullable))
}

/// `elt(n, …)`: binary when all are, else strings.
pub fn elt(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let binary = values.iter().skip(1).all(|value| value.data_type == DataType::Binary);
    let mut converted = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match index {
            0 => coercion::int(&call, 0, value)?,
            _ if binary => value,
            _ => coercion::string(&call, index, value)?,
        });
    }
    let returns = if binary { DataType::Binary } else { DataType::STRING };
    call_rows("elt", converted, (returns, true), call.session.ansi, code::elt)
}

pub fn unbase64(call: Call<'_>) -> Result<Typed> {
    let how = ToBinary { format: BinaryFormat::LooseBase64, lenient: false, function: "to_binary" };
    strict(call, "unbase64", &[Text], DataType::Binary, how, code::to_binary)
}

pub fn to_binary(call: Call<'_>) -> Result<Typed> {
    read_binary(call, "to_binary", false)
}

pub fn try_to_binary(call: Call<'_>) -> Result<Typed> {
    read_binary(call, "try_to_binary", true)
}

fn read_binary(mut call: Call<'_>, name: &'static str, lenient: bool) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text])?;
    let format = match values.get(1) {
        None => BinaryFormat::Hex,
        Some(value) if value.literal().is_some_and(ScalarValue::is_null) => {
            let null = Expr::Literal(ScalarValue::Binary(None), None);
            return Ok(Typed::new(null, DataType::Binary, true));
        }
        Some(value) => {
            let text = value.literal_str().ok_or_else(|| call.not_a_constant(1, "fmt", &DataType::STRING))?;
            match text.to_ascii_lowercase().as_str() {
                "hex" => BinaryFormat::Hex,
                "base64" => BinaryFormat::Base64,
                "utf-8" | "utf8" => BinaryFormat::Utf8,
                _ => {
                    return Err(DATATYPE_MISMATCH_INVALID_ARG_VALUE
                        .with("sqlExpr", format!("\"{}\"", call.sql))
                        .with("inputName", "fmt")
                        .with("requireType", "case-insensitive \"STRING\"")
                        .with("validValues", "'hex', 'utf-8', 'utf8', or 'base64'")
                        .with("inputValue", format!("'{text}'")));
                }
            }
        }
    };
    values.truncate(1);
    let nullable = lenient || values[0].nullable || !matches!(format, BinaryFormat::Base64);
    let how = ToBinary { format, lenient, function: "to_binary" };
    call_rows(name, values, (DataType::Binary, nullable), how, code::to_binary)
}

/// `format_number(number, places or pattern)`
pub fn format_number(mut call: Call<'_>) -> Result<Typed> {
    crate::inputs::expect(&call, 1, "(\"INT\" or \"STRING\")", |data_type| {
        matches!(data_type, DataType::Integer | DataType::Short | DataType::Byte) || data_type.is_string()
    })?;
    let [number, how] = call.take()?;
    let number = coercion::numeric(&call, 0, number)?;
    let number = match &number.data_type {
        DataType::Decimal { .. } | DataType::Long | DataType::Double => number,
        DataType::Float => cast(number, &DataType::Double, CastMode::Legacy, call.session)?,
        _ => cast(number, &DataType::Long, CastMode::Legacy, call.session)?,
    };
    if how.data_type.is_string() {
        let returns = (DataType::STRING, true);
        return call_rows("format_number", vec![number, how], returns, (), decimal_format::with_pattern);
    }
    let places = coercion::int(&call, 1, how)?;
    call_rows("format_number", vec![number, places], (DataType::STRING, true), (), decimal_format::with_places)
}

/// Dates and times go in as the numbers that Spark holds them as.
pub fn format_string(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let Some(format) = values.next() else { return Err(Error::internal("a format without a format")) };
    let format = coercion::string(&call, 0, format)?;
    let nullable = format.nullable;
    let format = call_rows("format_with_room", vec![format], (DataType::STRING, nullable), (), edit::format_with_room)?;
    let known = format.literal_str().map(str::to_owned);
    let as_booleans = known.as_ref().map(|known| printf::only_as_booleans(known, values.len())).unwrap_or_default();
    let mut converted = if known.is_some() { Vec::new() } else { vec![format] };
    for (index, value) in values.enumerate() {
        converted.push(match &value.data_type {
            DataType::Boolean => value,
            _ if as_booleans.get(index).is_some_and(|is_boolean| *is_boolean) => {
                Typed::new(value.expr.is_not_null(), DataType::Boolean, false)
            }
            DataType::Date => {
                let number = datafusion::logical_expr::cast(value.expr, datafusion::arrow::datatypes::DataType::Int32);
                Typed::new(number, DataType::Integer, value.nullable)
            }
            DataType::Timestamp | DataType::TimestampNtz => {
                let number = datafusion::logical_expr::cast(value.expr, datafusion::arrow::datatypes::DataType::Int64);
                Typed::new(number, DataType::Long, value.nullable)
            }
            DataType::DayTimeInterval { .. } => {
                let number = datafusion::logical_expr::cast(value.expr, datafusion::arrow::datatypes::DataType::Int64);
                Typed::new(number, DataType::Long, value.nullable)
            }
            // As text: Java formats these with %s only.
            DataType::YearMonthInterval { .. }
            | DataType::Array(_)
            | DataType::Map(_)
            | DataType::Struct(_)
            | DataType::Binary
            | DataType::Null
            | DataType::Decimal { .. } => cast(value, &DataType::STRING, CastMode::Legacy, call.session)?,
            _ => value,
        });
    }
    call_arrays_with("format_string", known, converted, (DataType::STRING, nullable), printf::format)
}

/// What is wrong with a number format, in the order in which Spark looks (`ToNumberParser.checkInputDataTypes`).
fn invalid_format(text: &str) -> Error {
    let upper = text.to_ascii_uppercase();
    let whole = upper.split(['.', 'D']).next().unwrap_or_default();
    let group = whole.trim_start_matches(['M', 'I', 'S', '$']).trim_end_matches(['M', 'I', 'S', 'P', 'R', '$']);
    let separator = |c: char| c == ',' || c == 'G';
    let several =
        [(".D", ". or D"), ("$", "$"), ("S", "S"), ("MI", "MI"), ("PR", "PR")].into_iter().find(|(token, _)| {
            let count = if *token == ".D" { upper.matches(['.', 'D']).count() } else { upper.matches(token).count() };
            count > 1
        });
    let error = if text.is_empty() {
        INVALID_FORMAT_EMPTY.error()
    } else if !upper.contains(['0', '9']) {
        INVALID_FORMAT_WRONG_NUM_DIGIT.error()
    } else if group.starts_with(separator) || group.ends_with(separator) || group.contains(",,") {
        INVALID_FORMAT_THOUSANDS.error()
    } else if let Some((_, token)) = several {
        INVALID_FORMAT_WRONG_NUM_TOKEN.with("token", token)
    } else {
        INVALID_FORMAT_UNEXPECTED_TOKEN.with("token", "a character")
    };
    error.with("format", format!("'{upper}'"))
}

fn number_format(call: &Call<'_>, value: &Typed) -> Result<NumberFormat> {
    let text = value.literal_str().ok_or_else(|| call.not_a_constant(1, "format", &DataType::STRING))?;
    NumberFormat::parse(text).ok_or_else(|| invalid_format(text))
}

pub fn to_number(call: Call<'_>) -> Result<Typed> {
    read_number(call, "to_number", false)
}

pub fn try_to_number(call: Call<'_>) -> Result<Typed> {
    read_number(call, "try_to_number", true)
}

fn read_number(mut call: Call<'_>, name: &'static str, lenient: bool) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Text])?;
    let format = number_format(&call, &values[1])?;
    values.truncate(1);
    let nullable = lenient || values[0].nullable;
    let returns = DataType::Decimal { precision: format.precision(), scale: format.scale() };
    call_rows(name, values, (returns, nullable), ToNumber { format, lenient }, number_format::to_number)
}

/// Numbers by a number format, dates and times by a date pattern, binary as hex, base64 or UTF-8.
pub fn to_char(mut call: Call<'_>) -> Result<Typed> {
    let [value, format] = call.take()?;
    match &value.data_type {
        DataType::Date | DataType::Timestamp | DataType::TimestampNtz => {
            crate::families::datetime::format_datetime(&call, value, format)
        }
        DataType::Binary => binary_text(&call, value, &format),
        DataType::Time { .. } => coercion::timestamp(&call, 0, value),
        other => {
            let decimal = match other {
                DataType::Decimal { .. } => other.clone(),
                DataType::Byte => DataType::Decimal { precision: 3, scale: 0 },
                DataType::Short => DataType::Decimal { precision: 5, scale: 0 },
                DataType::Integer => DataType::Decimal { precision: 10, scale: 0 },
                DataType::Long => DataType::Decimal { precision: 20, scale: 0 },
                DataType::Float => DataType::Decimal { precision: 14, scale: 7 },
                DataType::Double => DataType::Decimal { precision: 30, scale: 15 },
                _ => DataType::Decimal { precision: 38, scale: 18 },
            };
            let value = coercion::implicit(&call, 0, value, &decimal)?;
            let value = cast(value, &decimal, CastMode::of(call.session), call.session)?;
            let format = number_format(&call, &format)?;
            let nullable = value.nullable;
            call_rows("to_char", vec![value], (DataType::STRING, nullable), format, number_format::to_char)
        }
    }
}

fn binary_text(call: &Call<'_>, value: Typed, format: &Typed) -> Result<Typed> {
    let text = format.literal_str().ok_or_else(|| call.not_a_constant(1, "format", &DataType::STRING))?;
    let nullable = value.nullable;
    match text.to_ascii_lowercase().as_str() {
        "base64" => call_rows("base64", vec![value], (DataType::STRING, nullable), (), code::base64),
        "hex" => call_rows("hex_text", vec![value], (DataType::STRING, nullable), (), code::hex),
        "utf-8" => {
            let values = vec![value, crate::inputs::text_literal("utf-8")];
            call_rows("decode", values, (DataType::STRING, true), (), charset::decode)
        }
        _ => Err(DATATYPE_MISMATCH_INVALID_ARG_VALUE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("inputName", "format")
            .with("requireType", "case-insensitive \"STRING\"")
            .with("validValues", "'base64', 'hex' or 'utf-8'")
            .with("inputValue", format!("'{text}'"))),
    }
}

/// The same text; what it is compared by is in its type.
pub fn collate(mut call: Call<'_>) -> Result<Typed> {
    let [value, name] = call.take()?;
    if !value.data_type.is_string() && !value.is_void() {
        return Err(call.unexpected_type(0, "\"STRING\"", &value.data_type));
    }
    let value = coercion::string(&call, 0, value)?;
    if !name.data_type.is_string() {
        return Err(UNEXPECTED_INPUT_TYPE
            .with("functionName", "`collate`")
            .with("paramIndex", "first")
            .with("requiredType", "\"STRING\"")
            .with("inputSql", format!("\"{}\"", call.argument_sql.get(1).map_or("", String::as_str)))
            .with("inputType", format!("\"{}\"", name.data_type.sql())));
    }
    let name = name.literal_str().ok_or_else(|| coercion::not_foldable(&call, "collationName", &DataType::STRING))?;
    Ok(Typed::new(value.expr, Collation::parse(name)?.string_type(), value.nullable))
}

pub fn collation(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    if !value.data_type.is_string() && !value.is_void() {
        return Err(call.unexpected_type(0, "\"STRING\"", &value.data_type));
    }
    let name = match &value.data_type {
        DataType::String { collation: Some(name) } if &**name == crate::collation::UNKNOWN => {
            return Ok(crate::inputs::text_literal(name));
        }
        DataType::String { collation: Some(name) } => name.to_string(),
        _ => "UTF8_BINARY".to_owned(),
    };
    Ok(crate::inputs::text_literal(&format!("SYSTEM.BUILTIN.{name}")))
}

/// `randstr(length[, seed])`: constants both; without a seed another text each time.
pub fn randstr(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let seed = match values.get(1) {
        Some(seed) => {
            let seed = coercion::long(&call, 1, seed.clone())?;
            match seed.literal() {
                Some(ScalarValue::Int64(seed)) => seed.unwrap_or(0),
                Some(_) | None => return Err(call.not_a_constant(1, "seed", &DataType::Long)),
            }
        }
        None => call.session.statement_micros,
    };
    values.truncate(1);
    let length = match values.pop() {
        Some(length) => coercion::int(&call, 0, length)?,
        None => int_literal(0),
    };
    if length.literal().is_none() {
        return Err(call.not_a_constant(0, "length", &DataType::Integer));
    }
    call_volatile("randstr", vec![length], (DataType::STRING, false), seed, random_text::randstr)
}
