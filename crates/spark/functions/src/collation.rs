//! Collations: what `=`, `ORDER BY`, `GROUP BY` and searching mean for strings that are compared without case or without
//! the blanks at their ends.
//!
//! Values stay as they are; a collation lives in the type alone. Where values are compared, each is replaced by its key,
//! and keys are compared by their bytes. `apply` stands between the analyzer and a row's builder: it finds the collation
//! of a call (`COLLATE` is stronger than a column's, and that is stronger than a constant's), and gives the builder
//! plain strings. The collations of ICU (`UNICODE`, `de_CI`, …) are not built.

mod elements;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, StructArray};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, Float32Type, Float64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Expr, Operator};
use hearth_base::condition::{
    COLLATION_INVALID_NAME, COLLATION_MISMATCH_EXPLICIT, DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE,
    INDETERMINATE_COLLATION, INDETERMINATE_COLLATION_IN_EXPRESSION,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::{Argument, Call};
use crate::coercion;
use crate::expr;
use crate::kernels::invoke;
use crate::kernels::string::folded;
use crate::row::{Builder, FunctionRow, ScalarBuilder};
use crate::table::lookup;
use crate::typed::Typed;

/// How much an argument has to say about the collation of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A constant.
    Default,
    /// A column.
    Implicit,
    /// `COLLATE`.
    Explicit,
}

/// What is left out of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Folding {
    case: bool,
    trailing_blanks: bool,
}

const BINARY: &str = "UTF8_BINARY";
/// The collations that are built.
const KNOWN: [(&str, Folding); 4] = [
    (BINARY, Folding { case: false, trailing_blanks: false }),
    ("UTF8_BINARY_RTRIM", Folding { case: false, trailing_blanks: true }),
    ("UTF8_LCASE", Folding { case: true, trailing_blanks: false }),
    ("UTF8_LCASE_RTRIM", Folding { case: true, trailing_blanks: true }),
];

/// The collations that are built: name, and whether case and the blanks at the end are left out.
pub fn built() -> impl Iterator<Item = (&'static str, bool, bool)> {
    KNOWN.iter().map(|(name, folding)| (*name, folding.case, folding.trailing_blanks))
}

/// The type of strings of the collation that a text names.
pub fn string_type(name: &str) -> Result<DataType> {
    let upper = name.to_uppercase();
    if upper == BINARY {
        return Ok(DataType::STRING);
    }
    if KNOWN.iter().any(|(known, _)| *known == upper) {
        return Ok(DataType::String { collation: Some(upper.into()) });
    }
    let language = name.split('_').next().unwrap_or_default();
    if upper.starts_with("UNICODE") || (matches!(language.len(), 2 | 3) && LANGUAGES.contains(&language)) {
        return Err(Error::unsupported(format!("the collation {name}")));
    }
    Err(COLLATION_INVALID_NAME.with("collationName", name).with("proposals", nearest(&upper)))
}

/// Languages whose collations ICU has, the usual ones.
const LANGUAGES: [&str; 40] = [
    "af", "ar", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "eo", "es", "et", "fa", "fi", "fr",
    "ga", "he", "hi", "hr", "hu", "id", "is", "it", "ja", "ko", "lt", "lv", "nl", "pl", "pt", "ro", "ru", "sv", "tr",
    "uk", "zh",
];

fn nearest(name: &str) -> &'static str {
    let shared = |known: &str| known.bytes().zip(name.bytes()).take_while(|(left, right)| left == right).count();
    KNOWN.iter().map(|(known, _)| *known).max_by_key(|known| shared(known)).unwrap_or(BINARY)
}

/// The collation of a type, or of the elements of an array.
fn collation_of(data_type: &DataType) -> Option<&Arc<str>> {
    match data_type {
        DataType::String { collation } => collation.as_ref(),
        DataType::Array(array) => collation_of(&array.element),
        _ => None,
    }
}

/// Whether a collation has a say in a call.
pub fn concerns(call: &Call<'_>) -> bool {
    call.arguments.iter().any(|argument| match argument {
        Argument::Value(value) => collation_of(&value.data_type).is_some(),
        Argument::Lambda(_) => false,
    })
}

fn folding(collation: &str) -> Result<Folding> {
    KNOWN
        .iter()
        .find(|(name, _)| *name == collation)
        .map(|(_, folding)| *folding)
        .ok_or_else(|| Error::unsupported(format!("the collation {collation}")))
}

/// The value to compare, sort and group by in place of a value: itself unless its type has a collation.
pub fn key(value: Typed) -> Result<Typed> {
    match collation_of(&value.data_type).cloned() {
        Some(collation) => folded_key(value, &collation),
        None => Ok(value),
    }
}

/// The value to tell rows apart by: 0.0 in the place of -0.0, which are one value to Spark.
pub fn distinct_key(value: Typed) -> Typed {
    let zero = match value.data_type {
        DataType::Float => ScalarValue::Float32(Some(0.0)),
        DataType::Double => ScalarValue::Float64(Some(0.0)),
        _ => return nested_key(value),
    };
    let Typed { expr, data_type, nullable, .. } = value;
    Typed::new(expr + Expr::Literal(zero, None), data_type, nullable)
}

/// As `distinct_key`, for arrays and structs alone: DataFusion compares numbers that stand for themselves as Spark does,
/// those inside of others by their bits.
pub fn nested_key(value: Typed) -> Typed {
    if !matches!(value.data_type, DataType::Array(_) | DataType::Struct(_)) || !holds_floats(&value.data_type) {
        return value;
    }
    let result = (value.data_type.clone(), value.nullable);
    invoke::call_arrays_with("distinct_key", (), vec![value.clone()], result, without_signs).unwrap_or(value)
}

/// Whether numbers with a fraction stand in an array or a struct.
pub fn holds_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float | DataType::Double => true,
        DataType::Array(array) => holds_floats(&array.element),
        DataType::Struct(structure) => structure.fields.iter().any(|field| holds_floats(&field.data_type)),
        _ => false,
    }
}

fn without_signs((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    zeroed(&arrays[0])
}

fn zeroed(array: &ArrayRef) -> DfResult<ArrayRef> {
    Ok(match array.data_type() {
        ArrowType::Float32 => {
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0))
        }
        ArrowType::Float64 => {
            Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0))
        }
        ArrowType::List(field) => {
            let lists = array.as_list::<i32>();
            let values = zeroed(lists.values())?;
            Arc::new(ListArray::try_new(Arc::clone(field), lists.offsets().clone(), values, lists.nulls().cloned())?)
        }
        ArrowType::Struct(fields) if !fields.is_empty() => {
            let structure = array.as_struct();
            let columns = structure.columns().iter().map(zeroed).collect::<DfResult<Vec<_>>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, structure.nulls().cloned())?)
        }
        _ => Arc::clone(array),
    })
}

fn folded_key(value: Typed, collation: &str) -> Result<Typed> {
    let folding = folding(collation)?;
    let value = plain(value);
    let result = (value.data_type.clone(), value.nullable);
    if folding == KNOWN[0].1 {
        return Ok(value);
    }
    invoke::call_arrays_with("collation_key", folding, vec![value], result, fold)
}

fn fold(folding: &Folding, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    fold_array(*folding, &arrays[0])
}

fn fold_array(folding: Folding, array: &ArrayRef) -> DfResult<ArrayRef> {
    if let Some(lists) = array.as_list_opt::<i32>() {
        let values = fold_array(folding, lists.values())?;
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        return Ok(Arc::new(ListArray::try_new(field, lists.offsets().clone(), values, lists.nulls().cloned())?));
    }
    let texts = arrow_cast(array, &ArrowType::Utf8)?;
    let texts = texts.as_string::<i32>().iter().map(|text| {
        text.map(|text| {
            let text = if folding.trailing_blanks { text.trim_end_matches(' ') } else { text };
            if folding.case { folded::lower(text) } else { text.to_owned() }
        })
    });
    Ok(Arc::new(texts.collect::<StringArray>()))
}

/// The value with a type that has no collation.
fn plain(value: Typed) -> Typed {
    let data_type = without(&value.data_type);
    Typed { data_type, ..value }
}

fn without(data_type: &DataType) -> DataType {
    match data_type {
        DataType::String { .. } => DataType::STRING,
        DataType::Array(array) => DataType::array(without(&array.element), array.contains_null),
        other => other.clone(),
    }
}

fn with(data_type: &DataType, collation: &Arc<str>) -> DataType {
    match data_type {
        DataType::String { .. } if &**collation != BINARY => {
            DataType::String { collation: Some(Arc::clone(collation)) }
        }
        DataType::Array(array) => DataType::array(with(&array.element, collation), array.contains_null),
        other => other.clone(),
    }
}

/// What a collation changes in a function.
enum Effect {
    /// All strings are compared, or searched in: keys take their places.
    Keys,
    /// The second argument is a regular expression.
    Pattern,
    /// The answer is made of the strings and has their collation.
    Text,
    Replace,
    SplitPart,
    SubstringIndex,
    /// Letters are looked for one by one, whatever their case.
    Letters(invoke::ArrayKernel<()>),
    /// Elements of arrays are compared, and kept.
    Elements,
    /// The value with the largest or smallest key.
    Extreme(&'static str),
    Greatest(Operator),
    NullIf,
    /// Types alone.
    None,
}

fn effect(row: &FunctionRow, call: &Call<'_>) -> Effect {
    match row.name {
        name if elements::NAMES.contains(&name) => Effect::Elements,
        "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" | "<=>" | "in" | "between" | "equal_null" | "like"
        | "ilike" | "contains" | "startswith" | "endswith" | "instr" | "locate" | "position" | "charindex"
        | "find_in_set" | "array_contains" | "array_position" | "arrays_overlap" => Effect::Keys,
        "count" | "approx_count_distinct" if call.modifiers.distinct || row.name != "count" => Effect::Keys,
        "rlike" | "regexp" | "regexp_like" | "regexp_replace" | "regexp_extract" | "regexp_extract_all"
        | "regexp_count" | "regexp_substr" | "regexp_instr" | "split" => Effect::Pattern,
        "upper" | "ucase" | "lower" | "lcase" | "concat" | "||" | "concat_ws" | "substring" | "substr" | "left"
        | "right" | "lpad" | "rpad" | "repeat" | "reverse" | "overlay" | "initcap" | "listagg" | "string_agg" => {
            Effect::Text
        }
        "trim" if call.len() == 2 => Effect::Letters(folded::trim),
        "ltrim" if call.len() == 2 => Effect::Letters(folded::trim_start),
        "rtrim" if call.len() == 2 => Effect::Letters(folded::trim_end),
        "btrim" if call.len() == 2 => Effect::Letters(folded::btrim),
        "trim" | "ltrim" | "rtrim" | "btrim" => Effect::Text,
        "translate" => Effect::Letters(folded::translate),
        "replace" => Effect::Replace,
        "split_part" => Effect::SplitPart,
        "substring_index" => Effect::SubstringIndex,
        "max" => Effect::Extreme("max_by"),
        "min" => Effect::Extreme("min_by"),
        "greatest" => Effect::Greatest(Operator::Gt),
        "least" => Effect::Greatest(Operator::Lt),
        "nullif" => Effect::NullIf,
        _ => Effect::None,
    }
}

/// The collation that the strings of a call agree on.
fn agreed(call: &Call<'_>, strengths: &[Strength], effect: &Effect) -> Result<Arc<str>> {
    let mut found: Vec<(Strength, &str)> = Vec::new();
    for (index, argument) in call.arguments.iter().enumerate() {
        let Argument::Value(value) = argument else { continue };
        let is_text = value.data_type.is_string() || collation_of(&value.data_type).is_some();
        if is_text {
            let strength = strengths.get(index).copied().unwrap_or(Strength::Implicit);
            found.push((strength, collation_of(&value.data_type).map_or(BINARY, |name| name)));
        }
    }
    let strongest = found.iter().map(|(strength, _)| *strength).max().unwrap_or(Strength::Default);
    let mut names: Vec<&str> = Vec::new();
    for (strength, name) in found {
        if strength == strongest && !names.contains(&name) {
            names.push(name);
        }
    }
    match (names.as_slice(), strongest) {
        ([], _) => Ok(BINARY.into()),
        ([only], _) => Ok((*only).into()),
        (several, Strength::Explicit) => {
            let types: Vec<_> = several.iter().map(|name| format!("\"STRING COLLATE {name}\"")).collect();
            Err(COLLATION_MISMATCH_EXPLICIT.with("explicitTypes", types.join(", ")))
        }
        (_, Strength::Implicit | Strength::Default) if matches!(effect, Effect::Text) => {
            Err(INDETERMINATE_COLLATION.error())
        }
        _ => Err(INDETERMINATE_COLLATION_IN_EXPRESSION.with("expr", format!("\"{}\"", call.sql))),
    }
}

/// Builds a call of which `concerns` is true.
pub fn apply(row: &FunctionRow, mut call: Call<'_>, strengths: &[Strength], build: ScalarBuilder) -> Result<Typed> {
    if matches!(row.name, "collate" | "collation" | "typeof") {
        return build(call);
    }
    if row.name == "collect_set" {
        return Err(DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", "`collect_set`")
            .with("dataType", "\"MAP\" or \"COLLATED STRING\""));
    }
    let effect = effect(row, &call);
    if matches!(effect, Effect::None) {
        return build(call);
    }
    let collation = agreed(&call, strengths, &effect)?;
    let case = folding(&collation)?.case;
    match effect {
        Effect::Keys => {
            change(&mut call, |value| folded_key(value, &collation))?;
            build(call)
        }
        Effect::Pattern => {
            change(&mut call, |value| Ok(plain(value)))?;
            if case && let Some(Argument::Value(pattern)) = call.arguments.get_mut(1) {
                *pattern = without_case(pattern.clone())?;
            }
            Ok(collated(build(call)?, &collation))
        }
        Effect::Replace if case => own(call, "collated_replace", &collation, folded::replace),
        Effect::SplitPart if case => own(call, "collated_split_part", &collation, folded::split_part),
        Effect::SubstringIndex if case => own(call, "collated_substring_index", &collation, folded::substring_index),
        Effect::Letters(kernel) if case => own(call, "collated_letters", &collation, kernel),
        Effect::Elements => elements::build(row.name, call, &collation),
        Effect::Extreme(by) => extreme(call, by, &collation),
        Effect::Greatest(operator) => greatest(call, operator, &collation),
        Effect::NullIf => null_if(call, &collation),
        Effect::Text
        | Effect::Letters(_)
        | Effect::Replace
        | Effect::SplitPart
        | Effect::SubstringIndex
        | Effect::None => {
            change(&mut call, |value| Ok(plain(value)))?;
            Ok(collated(build(call)?, &collation))
        }
    }
}

fn collated(value: Typed, collation: &Arc<str>) -> Typed {
    let data_type = with(&value.data_type, collation);
    Typed { data_type, ..value }
}

/// Strings and arrays of them.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(array) => is_text(&array.element),
        other => other.is_string(),
    }
}

/// Changes the arguments that are strings.
fn change(call: &mut Call<'_>, change: impl Fn(Typed) -> Result<Typed>) -> Result<()> {
    for argument in &mut call.arguments {
        if let Argument::Value(value) = argument
            && (is_text(&value.data_type) || collation_of(&value.data_type).is_some())
        {
            *value = change(value.clone())?;
        }
    }
    Ok(())
}

/// A pattern that does not tell case.
fn without_case(pattern: Typed) -> Result<Typed> {
    let result = (DataType::STRING, pattern.nullable);
    invoke::call_arrays("pattern_without_case", vec![pattern], result, |(), arrays| {
        let texts = arrow_cast(&arrays[0], &ArrowType::Utf8)?;
        let marked = texts.as_string::<i32>().iter().map(|text| text.map(|text| format!("(?i){text}")));
        Ok(Arc::new(marked.collect::<StringArray>()))
    })
}

fn own(mut call: Call<'_>, name: &'static str, collation: &Arc<str>, kernel: invoke::ArrayKernel<()>) -> Result<Typed> {
    let mut arguments = Vec::new();
    for (index, value) in call.values()?.into_iter().enumerate() {
        let number = index == 2 && !matches!(name, "collated_replace" | "collated_letters");
        arguments.push(match number {
            true => coercion::int(&call, index, value)?,
            false => plain(coercion::string(&call, index, value)?),
        });
    }
    let nullable = invoke::any_nullable(&arguments);
    Ok(collated(invoke::call_arrays(name, arguments, (DataType::STRING, nullable), kernel)?, collation))
}

fn extreme(mut call: Call<'_>, by: &'static str, collation: &Arc<str>) -> Result<Typed> {
    let [value] = call.take()?;
    let key = folded_key(value.clone(), collation)?;
    call.arguments = vec![Argument::Value(value), Argument::Value(key)];
    match lookup(by).map(|row| row.builder) {
        Some(Builder::Aggregate(build)) => build(call),
        _ => Err(Error::internal(format!("{by} is no aggregate"))),
    }
}

fn greatest(mut call: Call<'_>, operator: Operator, collation: &Arc<str>) -> Result<Typed> {
    let data_type = with(&DataType::STRING, collation);
    let mut found: Option<Typed> = None;
    for value in call.values()? {
        let value = collated(plain(value), collation);
        found = Some(match found {
            None => value,
            Some(best) => {
                let keys = (folded_key(value.clone(), collation)?, folded_key(best.clone(), collation)?);
                let better = expr::binary(keys.0, operator, keys.1, DataType::Boolean);
                let unknown = expr::is_null(best.clone());
                expr::case(vec![(unknown, value.clone()), (better, value)], Some(best), data_type.clone())
            }
        });
    }
    found.ok_or_else(|| Error::internal("greatest of nothing"))
}

fn null_if(mut call: Call<'_>, collation: &Arc<str>) -> Result<Typed> {
    let [left, right] = call.take()?;
    let keys = (folded_key(left.clone(), collation)?, folded_key(right, collation)?);
    let same = expr::binary(keys.0, Operator::Eq, keys.1, DataType::Boolean);
    let left = collated(plain(left), collation);
    let data_type = left.data_type.clone();
    let nothing = expr::literal(ScalarValue::Utf8(None), data_type.clone());
    Ok(expr::case(vec![(same, nothing)], Some(left), data_type))
}
