//! Collations: what `=`, `ORDER BY`, `GROUP BY` and searching mean for strings that are compared without case, without
//! the blanks at their ends, or as a language has it.
//!
//! Values stay as they are; a collation lives in the type alone. Where values are compared, each is replaced by its key,
//! and keys are compared by their bytes. `apply` stands between the analyzer and a row's builder: it finds the collation
//! of a call (`COLLATE` is stronger than a column's, and that is stronger than a constant's), and gives the builder
//! plain strings. Names of collations are read in `hearth_types::collation`.

mod comparer;
mod effect;
mod elements;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StringArray, StructArray};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Expr, Operator};
use hearth_base::condition::{
    COLLATION_MISMATCH_EXPLICIT, DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE, INDETERMINATE_COLLATION,
    INDETERMINATE_COLLATION_IN_EXPRESSION,
};
use hearth_base::{Error, Result};
use hearth_types::collation::BINARY;
use hearth_types::{Collation, DataType};

pub use self::comparer::Comparer;
use self::effect::{Effect, check_supported, effect};
use crate::call::{Argument, Call};
use crate::coercion;
use crate::expr;
use crate::kernels::invoke;
use crate::row::{Builder, FunctionRow, ScalarBuilder};
use crate::table::lookup;
use crate::typed::Typed;

/// The collation of a value that was made of strings with different ones.
pub const UNKNOWN: &str = "null";

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

/// The collation of a string type, or of the elements of an array or a map.
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
        Argument::Value(value) => Collation::is_named_in(&value.data_type),
        Argument::Lambda(_) => false,
    })
}

fn is_in(argument: &Argument<'_>) -> bool {
    matches!(argument, Argument::Value(value) if Collation::is_in(&value.data_type))
}

/// The value to compare, sort and group by in place of a value: itself unless its type has a collation.
pub fn key(value: Typed) -> Result<Typed> {
    let data_type = value.data_type.clone();
    keyed(value, &data_type)
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

fn folded_key(value: Typed, collation: &Arc<str>) -> Result<Typed> {
    let data_type = with(&value.data_type, collation);
    keyed(value, &data_type)
}

/// The key of a value as one of a type that differs from its own in collations alone.
fn keyed(value: Typed, data_type: &DataType) -> Result<Typed> {
    let value = plain(value);
    if !Collation::is_in(data_type) {
        return Ok(value);
    }
    let result = (value.data_type.clone(), value.nullable);
    invoke::call_arrays_with("collation_key", data_type.clone(), vec![value], result, |data_type, arrays| {
        keys(data_type, &arrays[0])
    })
}

/// The collation of a type of strings, where it has one that is known.
pub fn of_text(data_type: &DataType) -> Option<Collation> {
    match data_type {
        DataType::String { collation: Some(name) } if &**name != UNKNOWN => Collation::parse(name).ok(),
        _ => None,
    }
}

/// Whether two types are the same but for collations.
pub fn same_otherwise(left: &DataType, right: &DataType) -> bool {
    without(left) == without(right)
}

/// Whether two types differ in collations alone; strings without one are those of bytes.
pub fn differ(left: &DataType, right: &DataType) -> bool {
    let named = |data_type| with_named(data_type);
    named(left) != named(right) && same_otherwise(left, right)
}

fn with_named(data_type: &DataType) -> DataType {
    each_string(data_type, &|data_type| match data_type {
        DataType::String { collation: None } => Collation::BINARY.string_type(),
        other => other.clone(),
    })
}

/// A map and what is looked for among its keys, both as their collation compares them.
pub fn looked_up(map: Typed, key: Typed) -> Result<(Typed, Typed)> {
    let DataType::Map(kind) = map.data_type.clone() else { return Ok((map, key)) };
    if !Collation::is_in(&kind.key) {
        return Ok((map, key));
    }
    let plain = DataType::map(without(&kind.key), kind.value.clone(), kind.value_contains_null);
    let result = (plain, map.nullable);
    let map =
        invoke::call_arrays_with("collated_map_keys", kind.key.clone(), vec![map], result, |data_type, arrays| {
            map_keys(data_type, &arrays[0])
        })?;
    Ok((map, keyed(key, &kind.key)?))
}

fn map_keys(data_type: &DataType, array: &ArrayRef) -> DfResult<ArrayRef> {
    let (Some(map), ArrowType::Map(field, sorted)) = (array.as_map_opt(), array.data_type()) else {
        return Ok(Arc::clone(array));
    };
    let columns = vec![keys(data_type, map.keys())?, Arc::clone(map.values())];
    let entries = StructArray::try_new(map.entries().fields().clone(), columns, None)?;
    let offsets = map.offsets().clone();
    Ok(Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, map.nulls().cloned(), *sorted)?))
}

/// What stands for values of a type where they are compared.
pub fn keys(data_type: &DataType, array: &ArrayRef) -> DfResult<ArrayRef> {
    match data_type {
        _ if !Collation::is_in(data_type) => Ok(Arc::clone(array)),
        // Without a collation that is known, bytes are compared.
        DataType::String { collation: Some(name) } if &**name == UNKNOWN => Ok(Arc::clone(array)),
        DataType::String { collation: Some(name) } => {
            let comparer = Comparer::new(Collation::parse(name).map_err(invoke::raise)?);
            let texts = arrow_cast(array, &ArrowType::Utf8)?;
            let keys = texts.as_string::<i32>().iter().map(|text| text.map(|text| comparer.key(text)));
            Ok(Arc::new(keys.collect::<StringArray>()))
        }
        DataType::Array(element) => {
            let (Some(lists), ArrowType::List(field)) = (array.as_list_opt::<i32>(), array.data_type()) else {
                return Ok(Arc::clone(array));
            };
            let values = keys(&element.element, lists.values())?;
            let field = Arc::new(field.as_ref().clone().with_data_type(values.data_type().clone()));
            Ok(Arc::new(ListArray::try_new(field, lists.offsets().clone(), values, lists.nulls().cloned())?))
        }
        DataType::Struct(structure) => {
            let Some(held) = array.as_struct_opt() else { return Ok(Arc::clone(array)) };
            let mut columns = Vec::with_capacity(held.num_columns());
            for (field, column) in structure.fields.iter().zip(held.columns()) {
                columns.push(keys(&field.data_type, column)?);
            }
            let fields = held
                .fields()
                .iter()
                .zip(&columns)
                .map(|(field, column)| Arc::new(field.as_ref().clone().with_data_type(column.data_type().clone())));
            Ok(Arc::new(StructArray::try_new(fields.collect(), columns, held.nulls().cloned())?))
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// The value with a type that has no collation.
fn plain(value: Typed) -> Typed {
    let data_type = without(&value.data_type);
    Typed { data_type, ..value }
}

fn without(data_type: &DataType) -> DataType {
    each_string(data_type, &|data_type| match data_type {
        DataType::String { .. } => DataType::STRING,
        other => other.clone(),
    })
}

fn with(data_type: &DataType, collation: &Arc<str>) -> DataType {
    each_string(data_type, &|data_type| match data_type {
        DataType::String { .. } => DataType::String { collation: Some(Arc::clone(collation)) },
        other => other.clone(),
    })
}

/// A type with other strings in it.
fn each_string(data_type: &DataType, change: &impl Fn(&DataType) -> DataType) -> DataType {
    match data_type {
        DataType::Array(array) => DataType::array(each_string(&array.element, change), array.contains_null),
        DataType::Map(map) => {
            let (key, value) = (each_string(&map.key, change), each_string(&map.value, change));
            DataType::map(key, value, map.value_contains_null)
        }
        DataType::Struct(structure) => DataType::structure(structure.fields.iter().map(|field| {
            let data_type = each_string(&field.data_type, change);
            hearth_types::StructField { data_type, ..field.clone() }
        })),
        other => change(other),
    }
}

/// The collation that the strings of a call agree on.
fn agreed(call: &Call<'_>, strengths: &[Strength], effect: &Effect) -> Result<Arc<str>> {
    // These do not name the expression whose collation is unknown.
    let tells_nothing =
        matches!(effect, Effect::Text | Effect::Greatest(_)) || call.name.eq_ignore_ascii_case("split_part");
    let mut found: Vec<(Strength, &str)> = Vec::new();
    for (index, argument) in call.arguments.iter().enumerate() {
        let Argument::Value(value) = argument else { continue };
        let is_text = value.data_type.is_string() || collation_of(&value.data_type).is_some();
        if is_text {
            let strength = strengths.get(index).copied().unwrap_or(Strength::Implicit);
            found.push((strength, collation_of(&value.data_type).map_or(BINARY, |name| name)));
        }
    }
    if found.iter().any(|(_, name)| *name == UNKNOWN) {
        return Err(INDETERMINATE_COLLATION_IN_EXPRESSION.with("expr", format!("\"{}\"", call.sql)));
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
        (_, Strength::Implicit | Strength::Default) if tells_nothing => Err(INDETERMINATE_COLLATION.error()),
        _ => Err(INDETERMINATE_COLLATION_IN_EXPRESSION.with("expr", format!("\"{}\"", call.sql))),
    }
}

/// Builds a call of which `concerns` is true.
pub fn apply(row: &FunctionRow, mut call: Call<'_>, strengths: &[Strength], build: ScalarBuilder) -> Result<Typed> {
    if matches!(row.name, "collate" | "collation" | "typeof") {
        return build(call);
    }
    let is_told = call.arguments.iter().any(is_in);
    if row.name == "collect_set" && is_told {
        return Err(DATATYPE_MISMATCH_UNSUPPORTED_INPUT_TYPE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", "`collect_set`")
            .with("dataType", "\"MAP\" or \"COLLATED STRING\""));
    }
    let effect = effect(row, &call);
    match effect {
        Effect::None => return build(call),
        Effect::First => return first(call, build),
        _ if !is_told => return of_bytes(call, build),
        Effect::Keys | Effect::SecondKey if call.arguments.iter().any(is_nested) => {
            nested_keys(&mut call)?;
            return build(call);
        }
        _ => {}
    }
    // Bytes tell values apart whose collation nobody knows.
    if let ([Argument::Value(value)], Effect::Extreme(_) | Effect::Keys | Effect::Order) =
        (call.arguments.as_slice(), &effect)
        && collation_of(&value.data_type).is_some_and(|name| &**name == UNKNOWN)
    {
        change(&mut call, |value| Ok(plain(value)))?;
        return Ok(collated(build(call)?, &UNKNOWN.into()));
    }
    let name = match (agreed(&call, strengths, &effect), &effect) {
        // Columns of different collations make a value whose collation nobody knows.
        (Err(error), Effect::Choice | Effect::Text)
            if error.condition() != COLLATION_MISMATCH_EXPLICIT && !row.name.ends_with("trim") =>
        {
            change(&mut call, |value| Ok(plain(value)))?;
            return Ok(collated(build(call)?, &UNKNOWN.into()));
        }
        (name, _) => name?,
    };
    let collation = Collation::parse(&name)?;
    check_supported(row, &call, &effect, collation)?;
    build_with(row, call, effect, (&name, collation), build)
}

/// A call over strings of bytes whose type says so: that of the answer says it too.
fn of_bytes(mut call: Call<'_>, build: ScalarBuilder) -> Result<Typed> {
    change(&mut call, |value| Ok(plain(value)))?;
    Ok(collated(build(call)?, &BINARY.into()))
}

/// The collation that a call compares by: that of all its strings, or, of structs, those of each field.
#[derive(Clone, Copy)]
struct Told<'a>(Option<&'a Arc<str>>);

impl Told<'_> {
    fn key(self, value: Typed) -> Result<Typed> {
        match self.0 {
            Some(name) => folded_key(value, name),
            None => key(value),
        }
    }

    fn data_type(self, data_type: &DataType) -> DataType {
        match self.0 {
            Some(name) => with(data_type, name),
            None => data_type.clone(),
        }
    }
}

fn build_with(
    row: &FunctionRow,
    mut call: Call<'_>,
    effect: Effect,
    (name, collation): (&Arc<str>, Collation),
    build: ScalarBuilder,
) -> Result<Typed> {
    let is_icu = collation.locale().is_some();
    let is_binary = collation == Collation::BINARY;
    let told = Told(Some(name).filter(|_| !call.arguments.iter().any(is_nested)));
    match effect {
        Effect::Search(own) if is_icu => own.build(call, collation),
        Effect::Words(own) | Effect::Letters(own) if !is_binary => own.build(call, collation),
        Effect::Case(own) if is_icu || (row.name == "initcap" && !is_binary) => own.build(call, collation),
        Effect::Keys | Effect::Like | Effect::Search(_) | Effect::Words(_) => {
            change(&mut call, |value| folded_key(value, name))?;
            build(call)
        }
        Effect::SecondKey => {
            if let Some(Argument::Value(value)) = call.arguments.get_mut(1) {
                *value = key(value.clone())?;
            }
            build(call)
        }
        Effect::Pattern => {
            change(&mut call, |value| Ok(plain(value)))?;
            if collation.is_case_insensitive()
                && let Some(Argument::Value(pattern)) = call.arguments.get_mut(1)
            {
                *pattern = without_case(pattern.clone())?;
            }
            Ok(collated(build(call)?, name))
        }
        Effect::Choice => {
            change(&mut call, |value| Ok(collated(value, name)))?;
            build(call)
        }
        Effect::Elements => elements::build(row.name, call, told),
        Effect::Order => elements::order(row.name, call, told, build),
        Effect::Extreme(by) => extreme(call, by, told),
        Effect::Greatest(operator) => greatest(call, operator, told),
        Effect::NullIf => null_if(call, name),
        Effect::Text if row.name == "str_to_map" && collation.is_case_insensitive() => {
            for argument in call.arguments.iter_mut().skip(1) {
                if let Argument::Value(pattern) = argument {
                    *pattern = without_case(plain(pattern.clone()))?;
                }
            }
            change(&mut call, |value| Ok(plain(value)))?;
            Ok(collated(build(call)?, name))
        }
        Effect::Text | Effect::Letters(_) | Effect::Case(_) | Effect::First | Effect::None => {
            change(&mut call, |value| Ok(plain(value)))?;
            Ok(collated(build(call)?, name))
        }
    }
}

/// Collations inside of structs.
fn is_nested(argument: &Argument<'_>) -> bool {
    match argument {
        Argument::Value(value) => Collation::is_in(&value.data_type) && collation_of(&value.data_type).is_none(),
        Argument::Lambda(_) => false,
    }
}

/// Structs are compared as their common type has it, whose collations are those of any of them.
fn nested_keys(call: &mut Call<'_>) -> Result<()> {
    let types: Vec<DataType> = call
        .arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Value(value) => Some(value.data_type.clone()),
            Argument::Lambda(_) => None,
        })
        .collect();
    let common = coercion::common_type(&types, call.session);
    for argument in &mut call.arguments {
        let Argument::Value(value) = argument else { continue };
        let data_type = common.clone().filter(|common| without(common) == without(&value.data_type));
        *value = keyed(value.clone(), &data_type.unwrap_or_else(|| value.data_type.clone()))?;
    }
    Ok(())
}

/// A call whose answer has the collation of its first argument.
fn first(mut call: Call<'_>, build: ScalarBuilder) -> Result<Typed> {
    let collation = match call.arguments.first() {
        Some(Argument::Value(value)) => collation_of(&value.data_type).cloned(),
        Some(Argument::Lambda(_)) | None => None,
    };
    change(&mut call, |value| Ok(plain(value)))?;
    let answer = build(call)?;
    Ok(match collation {
        Some(collation) => collated(answer, &collation),
        None => answer,
    })
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

fn extreme(mut call: Call<'_>, by: &'static str, told: Told<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let key = told.key(value.clone())?;
    call.arguments = vec![Argument::Value(value), Argument::Value(key)];
    match lookup(by).map(|row| row.builder) {
        Some(Builder::Aggregate(build)) => build(call),
        _ => Err(Error::internal(format!("{by} is no aggregate"))),
    }
}

fn greatest(mut call: Call<'_>, operator: Operator, told: Told<'_>) -> Result<Typed> {
    let values = call.values()?;
    let data_type = match (told.0, values.first()) {
        (None, Some(first)) => first.data_type.clone(),
        _ => told.data_type(&DataType::STRING),
    };
    let mut found: Option<Typed> = None;
    for value in values {
        let value = Typed { data_type: told.data_type(&value.data_type), ..value };
        found = Some(match found {
            None => value,
            Some(best) => {
                let keys = (told.key(value.clone())?, told.key(best.clone())?);
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
