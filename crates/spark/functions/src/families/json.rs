//! JSON functions.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::common::ScalarValue;
use hearth_base::condition::{
    DATATYPE_MISMATCH_INVALID_JSON_SCHEMA, DATATYPE_MISMATCH_UNEXPECTED_NULL, INVALID_OPTIONS_NON_MAP_FUNCTION,
    INVALID_OPTIONS_NON_STRING_TYPE, INVALID_SCHEMA_NON_STRING_LITERAL, MALFORMED_RECORD_IN_PARSING, NON_STRING_TYPE,
    PARSE_MODE_UNSUPPORTED,
};
use hearth_base::{Error, Result};
use hearth_types::ddl::{parse_data_type, parse_table_schema};
use hearth_types::{ArrayType, DataType, MapType, StructField};

use crate::call::{Argument, Call};
use crate::coercion;
use crate::inputs::Input::Text;
use crate::inputs::{coerced, expect_texts, lenient, text_literal};
use crate::kernels::json::typed::{Format, Options};
use crate::kernels::json::value::Json;
use crate::kernels::json::{schema, simple, typed};
use crate::kernels::rowwise::call_rows;
use crate::row::Family::Json as F;
use crate::row::{Arity, FunctionRow, Generated, GeneratedColumn, generator, scalar};
use crate::typed::Typed;

fn get_json_object(call: Call<'_>) -> Result<Typed> {
    expect_texts(&call)?;
    lenient(call, "get_json_object", &[Text], DataType::STRING, (), simple::get_json_object)
}

fn json_array_length(call: Call<'_>) -> Result<Typed> {
    expect_texts(&call)?;
    lenient(call, "json_array_length", &[Text], DataType::Integer, (), simple::array_length)
}

fn json_object_keys(call: Call<'_>) -> Result<Typed> {
    expect_texts(&call)?;
    let keys = DataType::array(DataType::STRING, true);
    lenient(call, "json_object_keys", &[Text], keys, (), simple::object_keys)
}

/// One row of as many columns as there are names.
fn json_tuple(mut call: Call<'_>) -> Result<Generated> {
    let is_text = |argument: &Argument<'_>| matches!(argument, Argument::Value(value) if value.data_type.is_string());
    if !call.arguments.iter().all(is_text) {
        return Err(NON_STRING_TYPE
            .with("funcName", format!("`{}`", call.name))
            .with("sqlExpr", format!("\"{}\"", call.sql)));
    }
    let text = match call.arguments.first() {
        Some(Argument::Value(Typed { data_type: text @ DataType::String { .. }, .. })) => text.clone(),
        Some(Argument::Value(_) | Argument::Lambda(_)) | None => DataType::STRING,
    };
    let values = coerced(&mut call, &[Text])?;
    let names = (0..values.len().saturating_sub(1)).map(|index| format!("c{index}"));
    let columns: Vec<_> = names.map(|name| GeneratedColumn { name, data_type: text.clone(), nullable: true }).collect();
    let row = DataType::structure(columns.iter().map(|column| StructField::new(&*column.name, DataType::STRING, true)));
    let list = call_rows("json_tuple", values, (DataType::array(row, false), false), (), simple::tuple)?;
    Ok(Generated { list, columns, elements_are_structs: true })
}

/// The options argument: a constant map of strings.
pub(super) fn options(call: &Call<'_>, argument: Option<&Typed>) -> Result<Options> {
    let mut entries = Vec::new();
    if let Some(argument) = argument {
        match &argument.data_type {
            DataType::Map(map) if map.key.is_string() && map.value.is_string() => {}
            // The empty map has no types yet.
            DataType::Map(map) if map.key == DataType::Null => {}
            DataType::Map(_) => {
                let data_type = coercion::quoted(&argument.data_type);
                return Err(INVALID_OPTIONS_NON_STRING_TYPE.with("mapType", data_type));
            }
            _ => return Err(INVALID_OPTIONS_NON_MAP_FUNCTION.error()),
        }
        let map = match argument.literal() {
            Some(ScalarValue::Map(map)) => map,
            Some(_) | None => return Err(INVALID_OPTIONS_NON_MAP_FUNCTION.error()),
        };
        let internal = |error: datafusion::arrow::error::ArrowError| Error::internal(error.to_string());
        let utf8 = &datafusion::arrow::datatypes::DataType::Utf8;
        let keys = datafusion::arrow::compute::cast(map.keys(), utf8).map_err(internal)?;
        let values = datafusion::arrow::compute::cast(map.values(), utf8).map_err(internal)?;
        for index in 0..keys.len() {
            let key = keys.as_string::<i32>().value(index).to_ascii_lowercase();
            entries.push((key, values.as_string::<i32>().value(index).to_owned()));
        }
    }
    Ok(Options {
        entries: entries.into(),
        zone: Arc::from(call.session.time_zone.as_str()),
        now: call.session.statement_micros,
    })
}

/// A schema as text: columns, a type, or a type's JSON.
pub(super) fn schema_argument(call: &Call<'_>, argument: &Typed) -> Result<DataType> {
    let text = argument.literal_str().ok_or_else(|| {
        let written = call.argument_sql.get(1).map_or("", String::as_str);
        INVALID_SCHEMA_NON_STRING_LITERAL.with("inputSchema", format!("\"{written}\""))
    })?;
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '"']) {
        return DataType::from_json(text).map(all_nullable);
    }
    let parsed = match parse_table_schema(text) {
        Ok(structure) => Ok(DataType::Struct(structure)),
        Err(_) => parse_data_type(text),
    };
    parsed.map(all_nullable)
}

/// What is read from text can always be NULL.
pub(super) fn all_nullable(data_type: DataType) -> DataType {
    match data_type {
        DataType::Struct(structure) => DataType::structure(structure.fields.iter().map(|field| StructField {
            data_type: all_nullable(field.data_type.clone()),
            nullable: true,
            ..field.clone()
        })),
        DataType::Array(array) => {
            DataType::Array(Arc::new(ArrayType { element: all_nullable(array.element.clone()), contains_null: true }))
        }
        DataType::Map(map) => DataType::Map(Arc::new(MapType {
            key: all_nullable(map.key.clone()),
            value: all_nullable(map.value.clone()),
            value_contains_null: true,
        })),
        other => other,
    }
}

/// Text only: nothing is converted to it. NULL is.
pub(super) fn text_argument(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    if value.is_void() || value.data_type.is_string() {
        return coercion::string(call, index, value);
    }
    Err(call.unexpected_type(index, "\"STRING\"", &value.data_type))
}

/// A function cannot leave a record out.
pub(super) fn check_mode(options: &Options, function: &str) -> Result<()> {
    match options.get("mode") {
        Some(mode) if mode.eq_ignore_ascii_case("DROPMALFORMED") => {
            Err(PARSE_MODE_UNSUPPORTED.with("funcName", function).with("mode", "DROPMALFORMED"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The constant text whose type is asked for.
pub(super) fn sample<'t>(call: &Call<'_>, name: &str, value: Option<&'t Typed>) -> Result<&'t str> {
    let literal = value.and_then(Typed::literal);
    let literal = literal.ok_or_else(|| call.not_a_constant(0, name, &DataType::STRING))?;
    literal.try_as_str().flatten().ok_or_else(|| {
        DATATYPE_MISMATCH_UNEXPECTED_NULL.with("exprName", name).with("sqlExpr", format!("\"{}\"", call.sql))
    })
}

fn from_json(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let [text, schema, rest @ ..] = values.as_slice() else { return Err(Error::internal("from_json has no schema")) };
    let data_type = schema_argument(&call, schema)?;
    if !data_type.is_nested() && data_type != DataType::Variant {
        return Err(DATATYPE_MISMATCH_INVALID_JSON_SCHEMA
            .with("schema", coercion::quoted(&data_type))
            .with("sqlExpr", format!("\"{}\"", call.sql)));
    }
    let options = options(&call, rest.first())?;
    check_mode(&options, "`from_json`")?;
    let text = text_argument(&call, 0, text.clone())?;
    let format = Format { data_type: data_type.clone(), options };
    call_rows("from_json", vec![text], (data_type, true), format, typed::from_json)
}

fn to_json(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let option = if values.len() > 1 { values.pop() } else { None };
    let options = options(&call, option.as_ref())?;
    let Some(value) = values.pop() else { return Err(Error::internal("to_json has no value")) };
    if !value.data_type.is_nested() && value.data_type != DataType::Variant {
        return Err(DATATYPE_MISMATCH_INVALID_JSON_SCHEMA
            .with("schema", coercion::quoted(&value.data_type))
            .with("sqlExpr", format!("\"{}\"", call.sql)));
    }
    let format = Format { data_type: value.data_type.clone(), options };
    call_rows("to_json", vec![value], (DataType::STRING, true), format, typed::to_json)
}

fn schema_of_json(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let options = options(&call, values.get(1))?;
    let text = sample(&call, "json", values.first())?;
    if text.trim().is_empty() {
        return Ok(text_literal("STRING"));
    }
    let json = Json::parse_with(text, &options.syntax());
    let json = json.ok_or_else(|| MALFORMED_RECORD_IN_PARSING.with("badRecord", text))?;
    let inferring = schema::Inferring::new(&options)?;
    let found = inferring.settle(inferring.of(&json));
    Ok(text_literal(&found.unwrap_or_else(|| DataType::structure([])).sql()))
}

pub const ROWS: &[FunctionRow] = &[
    scalar("from_json", F, Arity::Range(2, 3), from_json)
        .example("from_json('{\"a\":1, \"b\":0.8}', 'a INT, b DOUBLE')", "{1, 0.8}")
        .summary("A value of a schema from JSON text."),
    scalar("get_json_object", F, Arity::Exact(2), get_json_object)
        .example("get_json_object('{\"a\":\"b\"}', '$.a')", "b")
        .summary("What a path finds in JSON text."),
    scalar("json_array_length", F, Arity::Exact(1), json_array_length)
        .example("json_array_length('[1,2,3,4]')", "4")
        .summary("How many elements a JSON array has."),
    scalar("json_object_keys", F, Arity::Exact(1), json_object_keys)
        .example("json_object_keys('{\"key\": \"value\"}')", "[key]")
        .summary("The names of a JSON object."),
    generator("json_tuple", Arity::AtLeast(2), json_tuple)
        .summary("Values of several names of a JSON object, as columns."),
    scalar("schema_of_json", F, Arity::Range(1, 2), schema_of_json)
        .example("schema_of_json('[{\"col\":0}]')", "ARRAY<STRUCT<col: BIGINT>>")
        .summary("The type of a JSON text."),
    scalar("to_json", F, Arity::Range(1, 2), to_json)
        .example("to_json(named_struct('a', 1, 'b', 2))", "{\"a\":1,\"b\":2}")
        .summary("A struct, array or map as JSON text."),
];
