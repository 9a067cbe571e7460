//! CSV functions.

use hearth_base::condition::{
    DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE, INVALID_SCHEMA_NON_STRUCT_TYPE, UNSUPPORTED_DATATYPE,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::families::json::{check_mode, options, sample, schema_argument, text_argument};
use crate::inputs::text_literal;
use crate::kernels::csv;
use crate::kernels::json::typed::Format;
use crate::kernels::rowwise::call_rows;
use crate::row::Family::Csv as F;
use crate::row::{Arity, FunctionRow, scalar};
use crate::typed::Typed;

fn from_csv(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let [text, schema, rest @ ..] = values.as_slice() else { return Err(Error::internal("from_csv has no schema")) };
    let data_type = schema_argument(&call, schema)?;
    let DataType::Struct(structure) = &data_type else {
        let written = call.argument_sql.get(1).map_or("", String::as_str);
        return Err(INVALID_SCHEMA_NON_STRUCT_TYPE
            .with("inputSchema", format!("\"{written}\""))
            .with("dataType", coercion::quoted(&data_type)));
    };
    if let Some(field) = structure.fields.iter().find(|field| field.data_type.is_nested()) {
        return Err(UNSUPPORTED_DATATYPE.with("typeName", coercion::quoted(&field.data_type)));
    }
    let options = options(&call, rest.first())?;
    check_mode(&options, "`from_csv`")?;
    let text = text_argument(&call, 0, text.clone())?;
    let nullable = text.nullable;
    let format = Format { data_type: data_type.clone(), options };
    call_rows("from_csv", vec![text], (data_type, nullable), format, csv::from_csv)
}

fn to_csv(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let option = if values.len() > 1 { values.pop() } else { None };
    let options = options(&call, option.as_ref())?;
    let Some(value) = values.pop() else { return Err(Error::internal("to_csv has no value")) };
    let fits = match &value.data_type {
        DataType::Struct(structure) => structure.fields.iter().all(|field| field.data_type != DataType::Variant),
        _ => false,
    };
    if !fits {
        return Err(DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE
            .with("functionName", "`to_csv`")
            .with("dataType", coercion::quoted(&value.data_type))
            .with("sqlExpr", format!("\"{}\"", call.sql)));
    }
    let format = Format { data_type: value.data_type.clone(), options };
    call_rows("to_csv", vec![value], (DataType::STRING, true), format, csv::to_csv)
}

fn schema_of_csv(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    if let Some(text) = values.first().filter(|text| hearth_types::Collation::is_in(&text.data_type)) {
        return Err(call.unexpected_type(0, "\"STRING\"", &text.data_type));
    }
    let options = options(&call, values.get(1))?;
    let text = sample(&call, "csv", values.first())?;
    Ok(text_literal(&csv::infer(text, &options)?.sql()))
}

pub const ROWS: &[FunctionRow] = &[
    scalar("from_csv", F, Arity::Range(2, 3), from_csv)
        .example("from_csv('1, 0.8', 'a INT, b DOUBLE')", "{1, 0.8}")
        .summary("A struct from a CSV record."),
    scalar("schema_of_csv", F, Arity::Range(1, 2), schema_of_csv)
        .example("schema_of_csv('1,abc')", "STRUCT<_c0: INT, _c1: STRING>")
        .summary("The type of a CSV record."),
    scalar("to_csv", F, Arity::Range(1, 2), to_csv)
        .example("to_csv(named_struct('a', 1, 'b', 2))", "1,2")
        .summary("A struct as a CSV record."),
];
