//! Avro functions. Spark has them in a module of its own; here they are always there.

use datafusion::arrow::datatypes::DataType as Arrow;
use hearth_base::condition::{DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT, PARSE_MODE_UNSUPPORTED};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::json::{all_nullable, options};
use crate::call::Call;
use crate::inputs::text_literal;
use crate::kernels::avro::schema::Schema;
use crate::kernels::avro::types::{Members, of_schema, to_schema};
use crate::kernels::avro::{self, Reading, Writing, write};
use crate::kernels::json::typed::Options;
use crate::kernels::rowwise::call_rows;
use crate::row::Family::Avro as F;
use crate::row::{Arity, FunctionRow, scalar};
use crate::typed::Typed;

fn misuse(call: &Call<'_>, argument: &str, what: &str, purpose: &str) -> Error {
    let function = call.name.to_uppercase();
    DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with(
            "msg",
            format!("The {argument} argument of the {function} SQL function must be a constant {what} {purpose}"),
        )
        .with("hint", "")
}

const SCHEMA: &str = "string containing the JSON representation of the schema to use for";
const OPTIONS: &str = "map of strings to strings containing the options to use for";
const FROM: &str = "converting the value from AVRO format.";
const TO: &str = "converting the value to AVRO format.";

fn schema_text<'t>(call: &Call<'_>, value: &'t Typed, argument: &str, purpose: &str) -> Result<&'t str> {
    value.literal_str().ok_or_else(|| misuse(call, argument, SCHEMA, purpose))
}

fn options_of(call: &Call<'_>, value: Option<&Typed>, argument: &str) -> Result<Options> {
    // A NULL is as good as none.
    let value = value.filter(|value| !value.is_void());
    options(call, value).map_err(|_| misuse(call, argument, OPTIONS, FROM))
}

fn members(options: &Options) -> Members {
    if options.is_on("enablestableidentifiersforuniontype", false) { Members::Named } else { Members::Numbered }
}

fn from_avro(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let [value, schema, rest @ ..] = values.as_slice() else { return Err(Error::internal("from_avro has no schema")) };
    let text = schema_text(&call, schema, "second", FROM)?;
    let options = options_of(&call, rest.first(), "third")?;
    let mode = options.get("mode").unwrap_or("FAILFAST").to_uppercase();
    if mode == "DROPMALFORMED" {
        return Err(PARSE_MODE_UNSUPPORTED.with("funcName", "`from_avro`").with("mode", mode));
    }
    let written = Schema::parse(text)?;
    let wanted = match options.get("avroschema") {
        Some(text) => Schema::parse(text)?,
        None => written.clone(),
    };
    let permissive = mode == "PERMISSIVE";
    let (data_type, _) = of_schema(&wanted, members(&options))?;
    let data_type = if permissive { all_nullable(data_type) } else { data_type };
    if value.data_type != DataType::Binary {
        return Err(call.unexpected_type(0, "\"BINARY\"", &value.data_type));
    }
    let reading = Reading { written, wanted, data_type: data_type.clone(), permissive };
    call_rows("from_avro", vec![value.clone()], (data_type, true), reading, avro::from_avro)
}

fn to_avro(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let Some(value) = values.first() else { return Err(Error::internal("to_avro has no value")) };
    let given = values.get(1).filter(|given| !given.is_void());
    let schema = match given {
        Some(given) => Schema::parse(schema_text(&call, given, "second", TO)?)?,
        None => to_schema(&value.data_type, value.nullable, "topLevelRecord", "")?,
    };
    write::check(&value.data_type, &schema)?;
    let (value, nullable) = (plain(value.clone()), value.nullable);
    let writing = Writing { schema, data_type: value.data_type.clone() };
    call_rows("to_avro", vec![value], (DataType::Binary, nullable), writing, avro::to_avro)
}

/// Texts and bytes in the form that the kernel reads.
fn plain(value: Typed) -> Typed {
    let arrow = hearth_types::arrow::to_engine_arrow(&value.data_type);
    if matches!(arrow, Arrow::Int32 | Arrow::Int64 | Arrow::Float64 | Arrow::Boolean) {
        return value;
    }
    let expr = datafusion::logical_expr::cast(value.expr, arrow);
    Typed { expr, ..value }
}

fn schema_of_avro(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let Some(schema) = values.first() else { return Err(Error::internal("schema_of_avro has no schema")) };
    let text = schema_text(&call, schema, "first", FROM)?;
    let options = options_of(&call, values.get(1), "second")?;
    let (data_type, _) = of_schema(&Schema::parse(text)?, members(&options))?;
    Ok(text_literal(&data_type.sql()))
}

pub const ROWS: &[FunctionRow] = &[
    scalar("from_avro", F, Arity::Range(2, 3), from_avro)
        .example("from_avro(x'02', '{\"type\": \"int\", \"name\": \"u\"}')", "1")
        .summary("A value from Avro's binary form, by a schema in JSON."),
    scalar("schema_of_avro", F, Arity::Range(1, 2), schema_of_avro)
        .example("schema_of_avro('{\"type\": \"int\", \"name\": \"u\"}')", "INT")
        .summary("The type of an Avro schema."),
    scalar("to_avro", F, Arity::Range(1, 2), to_avro)
        .example("hex(to_avro(named_struct('u', 1)))", "02")
        .summary("A value in Avro's binary form, by a schema in JSON or that of its type."),
];
