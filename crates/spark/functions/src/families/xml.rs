//! XML functions, and XPath.

use datafusion::common::ScalarValue;
use hearth_base::condition::DATATYPE_MISMATCH_INVALID_XML_SCHEMA;
use hearth_base::{Error, Result};
use hearth_types::{DataType, StructField};

use super::json::{check_mode, options, sample, schema_argument, text_argument as text};
use crate::call::Call;
use crate::coercion;
use crate::expr;
use crate::inputs::text_literal;
use crate::kernels::json::typed::Format;
use crate::kernels::rowwise::{Run, call_rows};
use crate::kernels::xml::options::XmlOptions;
use crate::kernels::xml::xpath::{self, XPath};
use crate::kernels::xml::{infer, read, write};
use crate::row::Family::Xml as F;
use crate::row::{Arity, FunctionRow, ScalarBuilder, scalar};
use crate::typed::Typed;

const TWO: Arity = Arity::Exact(2);

fn from_xml(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    let [value, schema, rest @ ..] = values.as_slice() else { return Err(Error::internal("from_xml has no schema")) };
    let data_type = schema_argument(&call, schema)?;
    if !matches!(data_type, DataType::Struct(_) | DataType::Variant) {
        return Err(DATATYPE_MISMATCH_INVALID_XML_SCHEMA
            .with("schema", coercion::quoted(&data_type))
            .with("sqlExpr", format!("\"{}\"", call.sql)));
    }
    let options = options(&call, rest.first())?;
    check_mode(&options, "`from_xml`")?;
    let value = text(&call, 0, value.clone())?;
    let format = Format { data_type: data_type.clone(), options };
    call_rows("from_xml", vec![value], (data_type, true), format, read::from_xml)
}

fn to_xml(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?;
    let option = if values.len() > 1 { values.pop() } else { None };
    let options = options(&call, option.as_ref())?;
    let Some(value) = values.pop() else { return Err(Error::internal("to_xml has no value")) };
    if !matches!(value.data_type, DataType::Struct(_) | DataType::Variant) {
        return Err(call.unexpected_type(0, "\"STRUCT\"", &value.data_type));
    }
    let format = Format { data_type: value.data_type.clone(), options };
    call_rows("to_xml", vec![value], (DataType::STRING, true), format, write::to_xml)
}

fn schema_of_xml(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    if let Some(text) = values.first().filter(|text| hearth_types::Collation::is_in(&text.data_type)) {
        return Err(call.unexpected_type(0, "\"STRING\"", &text.data_type));
    }
    let options = options(&call, values.get(1))?;
    let text = sample(&call, "xml", values.first())?;
    let reading = options.reading()?;
    let found = match infer::of_record(text, &XmlOptions::of(&options), &reading) {
        Some(found) => infer::settle(found),
        None => DataType::structure([StructField::new(reading.corrupt_column.as_str(), DataType::STRING, true)]),
    };
    Ok(text_literal(&found.sql()))
}

/// A function of a text and a path that is known beforehand.
fn path_call(mut call: Call<'_>, name: &'static str, result: DataType, run: Run<XPath>) -> Result<Typed> {
    let [value, path] = call.take()?;
    let value = text(&call, 0, value)?;
    let path = text(&call, 1, path)?;
    let Some(literal) = path.literal() else { return Err(call.not_a_constant(1, "path", &DataType::STRING)) };
    let Some(path) = literal.try_as_str().flatten().filter(|path| !path.is_empty()) else {
        let null = ScalarValue::try_from(hearth_types::arrow::to_engine_arrow(&result));
        let null = null.map_err(|error| Error::internal(error.to_string()))?;
        return Ok(expr::literal(null, result));
    };
    let path = XPath::parse(path)?;
    call_rows(name, vec![value], (result, true), path, run)
}

fn xpath_list(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath", DataType::array(DataType::STRING, true), xpath::list)
}

fn xpath_boolean(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_boolean", DataType::Boolean, xpath::boolean)
}

fn xpath_double(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_double", DataType::Double, xpath::double)
}

fn xpath_float(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_float", DataType::Float, xpath::float)
}

fn xpath_int(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_int", DataType::Integer, xpath::int)
}

fn xpath_long(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_long", DataType::Long, xpath::long)
}

fn xpath_short(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_short", DataType::Short, xpath::short)
}

fn xpath_string(call: Call<'_>) -> Result<Typed> {
    path_call(call, "xpath_string", DataType::STRING, xpath::string)
}

const fn path_row(name: &'static str, builder: ScalarBuilder, summary: &'static str) -> FunctionRow {
    scalar(name, F, TWO, builder).summary(summary)
}

pub const ROWS: &[FunctionRow] = &[
    scalar("from_xml", F, Arity::Range(2, 3), from_xml).summary("A struct from an XML record."),
    scalar("schema_of_xml", F, Arity::Range(1, 2), schema_of_xml).summary("The type of an XML record."),
    scalar("to_xml", F, Arity::Range(1, 2), to_xml).summary("A struct as an XML element."),
    path_row("xpath", xpath_list, "The texts of the nodes that an XPath finds."),
    path_row("xpath_boolean", xpath_boolean, "Whether an XPath is true, or finds a node."),
    path_row("xpath_double", xpath_double, "An XPath's value as a double."),
    path_row("xpath_float", xpath_float, "An XPath's value as a float."),
    path_row("xpath_int", xpath_int, "An XPath's value as an int."),
    path_row("xpath_long", xpath_long, "An XPath's value as a bigint."),
    path_row("xpath_number", xpath_double, "An XPath's value as a double."),
    path_row("xpath_short", xpath_short, "An XPath's value as a smallint."),
    path_row("xpath_string", xpath_string, "The text of the first node that an XPath finds."),
];
