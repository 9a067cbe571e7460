//! Functions of arrays, maps and strings alike.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth_base::condition::DATATYPE_MISMATCH_MAP_FUNCTION_DIFF_TYPES;
use hearth_base::{Error, Result};
use hearth_types::{DataType, MapType};

use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion::{self, common_type, different_types, to_common};
use crate::kernels::collection::elements::{self, Indexing, SizeOfNull};
use crate::kernels::collection::{joins, reshape, shape};
use crate::kernels::invoke;
use crate::kernels::rowwise::{Args, call_rows};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const COLLECTION: Family = Family::Collection;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("size", COLLECTION, ONE, size)
        .example("size(array('b', 'd', 'c', 'a'))", "4")
        .summary("The number of elements or entries."),
    scalar("cardinality", COLLECTION, ONE, size)
        .example("cardinality(map('a', 1, 'b', 2))", "2")
        .summary("The number of elements or entries."),
    scalar("element_at", COLLECTION, TWO, element_at)
        .example("element_at(array(1, 2, 3), 2)", "2")
        .summary("The element at an index from 1 (negative: from the end), or the value of a key."),
    scalar("try_element_at", COLLECTION, TWO, try_element_at)
        .example("try_element_at(array(1, 2, 3), 2)", "2")
        .summary("The element at an index from 1, or the value of a key; NULL when it is not there."),
    scalar("reverse", COLLECTION, ONE, reverse)
        .example("reverse(array(2, 1, 4, 3))", "[3,4,1,2]")
        .summary("A text or an array backwards."),
    scalar("||", COLLECTION, TWO, concat)
        .example("array(1, 2) || array(3)", "[1,2,3]")
        .summary("Texts, binaries or arrays, one after the other."),
    scalar("concat", COLLECTION, Arity::AtLeast(0), concat)
        .example("concat(array(1, 2, 3), array(4, 5), array(6))", "[1,2,3,4,5,6]")
        .summary("Texts, binaries or arrays, one after the other."),
];

fn size(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    if !matches!(value.data_type, DataType::Array(_) | DataType::Map(_) | DataType::Null) {
        return Err(call.unexpected_type(0, "(\"ARRAY\" or \"MAP\")", &value.data_type));
    }
    let legacy = call.session.legacy_size_of_null && !call.session.ansi;
    let nullable = value.nullable && !legacy;
    let null = SizeOfNull(legacy.then_some(-1));
    shape::call("size", null, vec![value], (DataType::Integer, nullable), elements::size)
}

fn element_at(call: Call<'_>) -> Result<Typed> {
    let fail = call.session.ansi;
    element(call, "element_at", fail)
}

fn try_element_at(call: Call<'_>) -> Result<Typed> {
    element(call, "try_element_at", false)
}

fn element(mut call: Call<'_>, name: &'static str, fail: bool) -> Result<Typed> {
    let [value, index] = call.take()?;
    if let DataType::Map(map) = value.data_type.clone() {
        let index = map_key(&call, &value, &map, index)?;
        let (value, index) = crate::collation::looked_up(value, index)?;
        return shape::call("map_value", (), vec![value, index], (map.value.clone(), true), elements::map_value);
    }
    let DataType::Array(array) = value.data_type.clone() else {
        return Err(call.unexpected_type(0, "(\"ARRAY\" or \"MAP\")", &value.data_type));
    };
    if !index.data_type.is_integral() || index.data_type == DataType::Long {
        return Err(call.unexpected_type(1, "\"INT\"", &index.data_type));
    }
    let index = coercion::int(&call, 1, index)?;
    let nullable = !fail || value.nullable || index.nullable || array.contains_null;
    let indexing = Indexing::ElementAt { raise: fail };
    shape::call(name, indexing, vec![value, index], (array.element.clone(), nullable), elements::list_element)
}

/// A key for a map, as the map's key type; strings do not become numbers.
pub fn map_key(call: &Call<'_>, value: &Typed, map: &MapType, key: Typed) -> Result<Typed> {
    let types = [map.key.clone(), key.data_type.clone()];
    let string_and_not = types[0].is_string() != types[1].is_string() && types.iter().all(|one| *one != DataType::Null);
    let string_and_not = string_and_not || crate::collation::differ(&types[0], &types[1]);
    if common_type(&types, call.session).filter(|common| *common == map.key && !string_and_not).is_none() {
        return Err(no_key(call, value, &key));
    }
    cast(key, &map.key, CastMode::of(call.session), call.session)
}

fn reverse(mut call: Call<'_>) -> Result<Typed> {
    let [array] = call.take()?;
    if array.data_type == DataType::Binary {
        let returns = (DataType::Binary, array.nullable);
        return call_rows("reverse_bytes", vec![array], returns, (), reversed_bytes);
    }
    if !matches!(array.data_type, DataType::Array(_)) {
        if coercion::implicit_type(&array.data_type, &DataType::STRING, call.session.ansi).is_none() {
            return Err(call.unexpected_type(0, "(\"STRING\" or \"ARRAY\")", &array.data_type));
        }
        let text = coercion::string(&call, 0, array)?;
        let nullable = text.nullable;
        return Ok(invoke::native(&datafusion::functions::unicode::reverse(), vec![text], DataType::STRING, nullable));
    }
    let result = (array.data_type.clone(), array.nullable);
    shape::call("array_reverse", (), vec![array], result, reshape::reverse)
}

/// The error of a map and a key that do not go together.
pub fn no_key(call: &Call<'_>, value: &Typed, key: &Typed) -> Error {
    DATATYPE_MISMATCH_MAP_FUNCTION_DIFF_TYPES
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", format!("`{}`", call.name))
        .with("dataType", "\"MAP\"")
        .with("leftType", format!("\"{}\"", value.data_type.sql()))
        .with("rightType", format!("\"{}\"", key.data_type.sql()))
}

/// Kernel: the bytes from the last to the first.
fn reversed_bytes(_: &(), args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.binaries(|row, into| {
        let Some(bytes) = bytes.get(row) else { return Ok(None) };
        into.extend(bytes.iter().rev());
        Ok(Some(()))
    })
}

/// What `concat` takes.
const JOINED: &str = "(\"STRING\" or \"BINARY\" or \"ARRAY\")";

fn concat(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    if !values.iter().any(|value| matches!(value.data_type, DataType::Array(_))) {
        return concat_texts(&call, values);
    }
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    for (index, data_type) in types.iter().enumerate() {
        match data_type {
            DataType::Array(_) => {}
            DataType::Map(_) | DataType::Struct(_) => return Err(call.unexpected_type(index, JOINED, data_type)),
            _ => {
                // All but arrays are read as texts before they are compared.
                let shown = |data_type: &DataType| match data_type {
                    DataType::Array(_) | DataType::Null => data_type.clone(),
                    _ => DataType::STRING,
                };
                return Err(different_types(&call, &types.iter().map(shown).collect::<Vec<_>>()));
            }
        }
    }
    let nullable = values.iter().any(|value| value.nullable);
    let (values, common) = to_common(&call, values)?;
    shape::call("array_concat", (), values, (common, nullable), reshape::concatenate)
}

/// Binaries when all are, else texts; NULL when one is.
fn concat_texts(call: &Call<'_>, values: Vec<Typed>) -> Result<Typed> {
    let nullable = values.iter().any(|value| value.nullable);
    if !values.is_empty() && values.iter().all(|value| value.data_type == DataType::Binary) {
        return shape::call("concat_binary", (), values, (DataType::Binary, nullable), joins::concat_binary);
    }
    let texts = values.into_iter().enumerate().map(|(index, value)| {
        match coercion::implicit_type(&value.data_type, &DataType::STRING, call.session.ansi) {
            Some(_) => coercion::string(call, index, value),
            None => Err(call.unexpected_type(index, JOINED, &value.data_type)),
        }
    });
    let texts = texts.collect::<Result<Vec<_>>>()?;
    let nullable = nullable || texts.iter().any(|text| text.nullable);
    let concat = datafusion_spark::function::string::concat();
    let texts = texts.into_iter().flat_map(|text| joined_texts(text, &concat)).collect();
    Ok(invoke::native(&concat, texts, DataType::STRING, nullable))
}

/// What a text is joined of: `a || b || c` is one call of three texts, as in Spark's own plans.
fn joined_texts(text: Typed, concat: &Arc<ScalarUDF>) -> Vec<Typed> {
    match text.expr {
        Expr::ScalarFunction(call) if call.func == *concat => {
            let typed = |expr| Typed::new(expr, DataType::STRING, text.nullable);
            call.args.into_iter().map(typed).collect()
        }
        expr => vec![Typed { expr, ..text }],
    }
}
