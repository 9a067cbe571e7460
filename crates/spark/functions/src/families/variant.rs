//! Functions on VARIANT. The path syntax `v:a.b[0]` is `variant_get` to the analyzer.

use std::sync::Arc;

use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use hearth_base::condition::{
    DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE,
    INVALID_SCHEMA_NON_STRING_LITERAL,
};
use hearth_base::{Error, Result};
use hearth_types::{DataType, StructField};

use super::aggregate::apply;
use super::json::text_argument as text;
use crate::call::{Call, ordinal};
use crate::cast::can_cast;
use crate::kernels::rowwise::{Run, call_rows};
use crate::kernels::variant::of_json::OnError;
use crate::kernels::variant::{explode, get, of_column, of_json, schema};
use crate::row::Family::Variant as F;
use crate::row::{Arity, Builder, FunctionRow, Generated, GeneratedColumn, aggregate, scalar};
use crate::typed::Typed;

const ONE: Arity = Arity::Exact(1);

fn variant(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    if value.data_type == DataType::Variant {
        return Ok(value);
    }
    if value.is_void() {
        return crate::cast::cast(value, &DataType::Variant, crate::cast::CastMode::Ansi, call.session);
    }
    Err(DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("paramIndex", ordinal(index + 1))
        .with("requiredType", "\"VARIANT\"")
        .with("inputSql", format!("\"{}\"", call.argument_sql.get(index).map_or("", String::as_str)))
        .with("inputType", format!("\"{}\"", value.data_type.sql())))
}

fn parse(mut call: Call<'_>, on_error: OnError) -> Result<Typed> {
    let [value] = call.take()?;
    let value = text(&call, 0, value)?;
    let nullable = value.nullable || on_error == OnError::Null;
    call_rows("parse_json", vec![value], (DataType::Variant, nullable), on_error, of_json::parse_json)
}

fn parse_json(call: Call<'_>) -> Result<Typed> {
    parse(call, OnError::Fail)
}

fn try_parse_json(call: Call<'_>) -> Result<Typed> {
    parse(call, OnError::Null)
}

/// A kernel over one variant. `nullable` is told by whether the variant is.
fn of_variant(
    mut call: Call<'_>,
    name: &'static str,
    (data_type, keeps_null): (DataType, bool),
    run: Run<()>,
) -> Result<Typed> {
    let [value] = call.take()?;
    let value = variant(&call, 0, value)?;
    let nullable = keeps_null && value.nullable;
    call_rows(name, vec![value], (data_type, nullable), (), run)
}

fn is_variant_null(call: Call<'_>) -> Result<Typed> {
    of_variant(call, "is_variant_null", (DataType::Boolean, false), explode::is_variant_null)
}

fn is_valid_variant(call: Call<'_>) -> Result<Typed> {
    of_variant(call, "is_valid_variant", (DataType::Boolean, true), explode::is_valid_variant)
}

fn schema_of_variant(call: Call<'_>) -> Result<Typed> {
    of_variant(call, "schema_of_variant", (DataType::STRING, true), schema::schema_of_variant)
}

fn schema_of_variant_agg(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = variant(&call, 0, value)?;
    let found = call_rows("variant_type", vec![value], (DataType::STRING, true), (), schema::type_json)?;
    // Types repeat: only different ones are gathered.
    call.modifiers.distinct = true;
    let types = apply(&call, array_agg_udaf(), vec![found], (DataType::array(DataType::STRING, true), true));
    call_rows("merged_variant_types", vec![types], (DataType::STRING, false), (), schema::merged)
}

fn variant_get(call: Call<'_>) -> Result<Typed> {
    get_as(call, "variant_get", false)
}

fn try_variant_get(call: Call<'_>) -> Result<Typed> {
    get_as(call, "try_variant_get", true)
}

fn get_as(mut call: Call<'_>, function: &'static str, tries: bool) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(value), Some(path)) = (values.next(), values.next()) else {
        return Err(Error::internal("variant_get without a path"));
    };
    let to = match values.next() {
        Some(named) => target(&call, &named)?,
        None => DataType::Variant,
    };
    let value = variant(&call, 0, value)?;
    let path = text(&call, 1, path)?;
    if !can_cast(&DataType::Variant, &to, true) {
        return Err(DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("srcType", "\"VARIANT\"")
            .with("targetType", format!("\"{}\"", to.sql())));
    }
    let session = call.session;
    let time_zone = Arc::from(session.time_zone.as_str());
    let state = get::Get { function, to: to.clone(), tries, time_zone, now: session.statement_micros };
    call_rows("variant_get", vec![value, path], (to, true), state, get::variant_get)
}

/// The type that the third argument names.
fn target(call: &Call<'_>, named: &Typed) -> Result<DataType> {
    let quoted = || format!("\"{}\"", call.argument_sql.get(2).map_or("", String::as_str));
    match named.literal() {
        Some(literal) => match literal.try_as_str().flatten() {
            Some(text) => hearth_types::ddl::parse_data_type(text).map(super::json::all_nullable),
            None => Err(INVALID_SCHEMA_NON_STRING_LITERAL.with("inputSchema", quoted())),
        },
        None => Err(INVALID_SCHEMA_NON_STRING_LITERAL.with("inputSchema", quoted())),
    }
}

fn to_variant_object(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    if !value.data_type.is_nested() || !fits(&value.data_type) {
        return Err(DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("srcType", format!("\"{}\"", value.data_type.sql()))
            .with("targetType", "\"VARIANT\""));
    }
    let (from, nullable) = (value.data_type.clone(), value.nullable);
    call_rows("to_variant_object", vec![value], (DataType::Variant, nullable), from, |from, args| {
        let (array, step) = args.raw(0)?;
        let converted = of_column::of_column(array, from)?;
        if step == 1 || args.rows() == 1 {
            return Ok(converted);
        }
        let places = datafusion::arrow::array::UInt32Array::from(vec![0; args.rows()]);
        datafusion::arrow::compute::take(&converted, &places, None).map_err(|error| Error::internal(error.to_string()))
    })
}

/// Whether values of the type have a form as variants: maps need names for keys.
fn fits(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(array) => fits(&array.element),
        DataType::Map(map) => map.key.is_string() && fits(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| fits(&field.data_type)),
        other => !other.is_interval(),
    }
}

fn variant_explode(mut call: Call<'_>) -> Result<Generated> {
    let [value] = call.take()?;
    let value = variant(&call, 0, value)?;
    let columns: Vec<_> = [("pos", DataType::Integer, false), ("key", DataType::STRING, true)]
        .into_iter()
        .chain([("value", DataType::Variant, false)])
        .map(|(name, data_type, nullable)| GeneratedColumn { name: name.to_owned(), data_type, nullable })
        .collect();
    let fields =
        columns.iter().map(|column| StructField::new(column.name.as_str(), column.data_type.clone(), column.nullable));
    let rows = DataType::array(DataType::structure(fields), false);
    let list = call_rows("variant_explode", vec![value], (rows.clone(), false), rows, explode::explode)?;
    Ok(Generated { list, columns, elements_are_structs: true })
}

/// A table function: it stands in FROM only.
const fn table_function(name: &'static str) -> FunctionRow {
    FunctionRow {
        name,
        family: F,
        arity: ONE,
        builder: Builder::Generator(variant_explode),
        example: None,
        summary: "A row for each element of an array or field of an object of a variant.",
    }
}

pub const ROWS: &[FunctionRow] = &[
    scalar("is_valid_variant", F, ONE, is_valid_variant)
        .example("is_valid_variant(parse_json('null'))", "true")
        .summary("Whether the bytes of a variant are sound."),
    scalar("is_variant_null", F, ONE, is_variant_null)
        .example("is_variant_null(parse_json('null'))", "true")
        .summary("Whether a variant is JSON's null, which is not NULL."),
    scalar("parse_json", F, ONE, parse_json).summary("A variant from JSON text."),
    scalar("schema_of_variant", F, ONE, schema_of_variant)
        .example("schema_of_variant(parse_json('[{\"b\":true,\"a\":0}]'))", "ARRAY<OBJECT<a: BIGINT, b: BOOLEAN>>")
        .summary("The type of what a variant holds."),
    aggregate("schema_of_variant_agg", F, ONE, schema_of_variant_agg)
        .summary("The type that holds what all variants hold."),
    scalar("to_variant_object", F, ONE, to_variant_object)
        .summary("A struct, array or map as a variant; structs and maps become objects."),
    scalar("try_parse_json", F, ONE, try_parse_json).summary("A variant from JSON text, or NULL."),
    scalar("try_variant_get", F, Arity::Range(2, 3), try_variant_get)
        .example("try_variant_get(parse_json('[1, \"2\"]'), '$[1]', 'string')", "2")
        .summary("What stands at a path of a variant, as a type, or NULL."),
    table_function("variant_explode"),
    table_function("variant_explode_outer"),
    scalar("variant_get", F, Arity::Range(2, 3), variant_get)
        .example("variant_get(parse_json('{\"a\": 1}'), '$.a', 'int')", "1")
        .summary("What stands at a path of a variant, as a type."),
];
