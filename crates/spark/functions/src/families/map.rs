//! Map functions.

use hearth_base::condition::{
    Condition, DATATYPE_MISMATCH_CREATE_MAP_KEY_DIFF_TYPES, DATATYPE_MISMATCH_CREATE_MAP_VALUE_DIFF_TYPES,
    DATATYPE_MISMATCH_INVALID_MAP_KEY_TYPE, DATATYPE_MISMATCH_MAP_CONCAT_DIFF_TYPES, WRONG_NUM_ARGS,
};
use hearth_base::{Error, Result};
use hearth_types::{DataType, MapType, StructField};

use super::collection::map_key;
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion::{self, common_type, different_types, to_common};
use crate::collation;
use crate::expr;
use crate::kernels::collection::maps::{self, Repeated};
use crate::kernels::collection::{elements, shape};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const MAP: Family = Family::Map;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("map", MAP, Arity::AtLeast(0), map)
        .example("map(1.0, '2', 3.0, '4')", "{1.0:\"2\",3.0:\"4\"}")
        .summary("A map of keys and values in turn."),
    scalar("map_from_arrays", MAP, TWO, map_from_arrays)
        .example("map_from_arrays(array(1.0, 3.0), array('2', '4'))", "{1.0:\"2\",3.0:\"4\"}")
        .summary("A map of an array of keys and one of values."),
    scalar("map_from_entries", MAP, ONE, map_from_entries)
        .example("map_from_entries(array(struct(1, 'a'), struct(2, 'b')))", "{1:\"a\",2:\"b\"}")
        .summary("A map of an array of entries."),
    scalar("map_keys", MAP, ONE, map_keys)
        .example("map_keys(map(1, 'a', 2, 'b'))", "[1,2]")
        .summary("The keys of a map."),
    scalar("map_values", MAP, ONE, map_values)
        .example("map_values(map(1, 'a', 2, 'b'))", "[\"a\",\"b\"]")
        .summary("The values of a map."),
    scalar("map_entries", MAP, ONE, map_entries)
        .example("map_entries(map(1, 'a', 2, 'b'))", "[{\"key\":1,\"value\":\"a\"},{\"key\":2,\"value\":\"b\"}]")
        .summary("The entries of a map as structs."),
    scalar("map_concat", MAP, Arity::AtLeast(0), map_concat)
        .example("map_concat(map(1, 'a', 2, 'b'), map(3, 'c'))", "{1:\"a\",2:\"b\",3:\"c\"}")
        .summary("The entries of all maps."),
    scalar("map_contains_key", MAP, TWO, map_contains_key)
        .example("map_contains_key(map(1, 'a', 2, 'b'), 1)", "true")
        .summary("Whether the map has the key."),
    scalar("str_to_map", MAP, Arity::Range(1, 3), str_to_map)
        .example("str_to_map('a:1,b:2,c:3', ',', ':')", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}")
        .summary("A map of a text of entries."),
];

/// What the session wants of repeated keys.
pub fn repeated(call: &Call<'_>) -> Repeated {
    Repeated { last_wins: call.session.map_key_last_wins, collation: None }
}

/// Argument `index` as a map. A bare NULL is a map of nothing.
pub fn as_map(call: &Call<'_>, index: usize, value: Typed) -> Result<(Typed, MapType)> {
    match value.data_type.clone() {
        DataType::Map(map) => Ok((value, map.as_ref().clone())),
        DataType::Null => {
            let map = MapType { key: DataType::Null, value: DataType::Null, value_contains_null: true };
            let null = expr::null(&DataType::map(DataType::Null, DataType::Null, true))?;
            Ok((null, map))
        }
        other => Err(call.unexpected_type(index, "\"MAP\"", &other)),
    }
}

fn map(mut call: Call<'_>) -> Result<Typed> {
    if !call.len().is_multiple_of(2) {
        return Err(WRONG_NUM_ARGS
            .with("functionName", "`map`")
            .with("expectedNum", "2n (n > 0)")
            .with("actualNum", call.len())
            .with("docroot", "https://spark.apache.org/docs/latest"));
    }
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (index, value) in call.values()?.into_iter().enumerate() {
        if index % 2 == 0 { keys.push(value) } else { values.push(value) }
    }
    if keys.is_empty() {
        let empty = DataType::map(DataType::Null, DataType::Null, false);
        return shape::call("map", repeated(&call), vec![], (empty, false), maps::make_map);
    }
    let (keys, key) = one_type(&call, keys, DATATYPE_MISMATCH_CREATE_MAP_KEY_DIFF_TYPES)?;
    check_key(&call, &key)?;
    let (values, value) = one_type(&call, values, DATATYPE_MISMATCH_CREATE_MAP_VALUE_DIFF_TYPES)?;
    let repeated = repeated(&call).of_keys(&key);
    let result = DataType::map(key, value, values.iter().any(|value| value.nullable));
    let arguments = keys.into_iter().zip(values).flat_map(|(key, value)| [key, value]).collect();
    shape::call("map", repeated, arguments, (result, false), maps::make_map)
}

/// The keys or the values of a map that is written out, as one type.
fn one_type(call: &Call<'_>, values: Vec<Typed>, otherwise: Condition) -> Result<(Vec<Typed>, DataType)> {
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    match common_type(&types, call.session) {
        Some(_) => to_common(call, values),
        None => Err(not_one_type(call, &types, otherwise)),
    }
}

fn not_one_type(call: &Call<'_>, types: &[DataType], condition: Condition) -> Error {
    condition
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", format!("`{}`", call.name))
        .with("dataType", coercion::listed(types))
}

/// Maps and variants are no keys: two that are equal may differ in their bytes.
fn check_key(call: &Call<'_>, key: &DataType) -> Result<()> {
    fn fits(data_type: &DataType) -> bool {
        match data_type {
            DataType::Map(_) | DataType::Variant => false,
            DataType::Array(array) => fits(&array.element),
            DataType::Struct(structure) => structure.fields.iter().all(|field| fits(&field.data_type)),
            _ => true,
        }
    }
    if fits(key) {
        return Ok(());
    }
    Err(DATATYPE_MISMATCH_INVALID_MAP_KEY_TYPE
        .with("keyType", format!("\"{}\"", key.sql()))
        .with("sqlExpr", format!("\"{}\"", call.sql)))
}

fn map_from_arrays(mut call: Call<'_>) -> Result<Typed> {
    let [keys, values] = call.take()?;
    let (keys, key) = super::array::as_array(&call, 0, keys, false)?;
    let (values, value) = super::array::as_array(&call, 1, values, false)?;
    let nullable = keys.nullable || values.nullable;
    let repeated = repeated(&call).of_keys(&key.element);
    let result = DataType::map(key.element, value.element, value.contains_null);
    shape::call("map_from_arrays", repeated, vec![keys, values], (result, nullable), maps::from_arrays)
}

fn map_from_entries(mut call: Call<'_>) -> Result<Typed> {
    let [entries] = call.take()?;
    let unexpected =
        |call: &Call<'_>, entries: &Typed| call.unexpected_type(0, "\"ARRAY\" of pair \"STRUCT\"", &entries.data_type);
    let DataType::Array(array) = entries.data_type.clone() else { return Err(unexpected(&call, &entries)) };
    let DataType::Struct(structure) = &array.element else { return Err(unexpected(&call, &entries)) };
    let [key, value] = structure.fields.as_ref() else { return Err(unexpected(&call, &entries)) };
    let result = DataType::map(key.data_type.clone(), value.data_type.clone(), value.nullable);
    let nullable = entries.nullable || array.contains_null;
    shape::call(
        "map_from_entries",
        repeated(&call).of_keys(&key.data_type),
        vec![entries],
        (result, nullable),
        maps::from_entries,
    )
}

fn map_keys(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let (value, map) = as_map(&call, 0, value)?;
    let result = (DataType::array(map.key, true), value.nullable);
    shape::call("map_keys", (), vec![value], result, maps::keys)
}

fn map_values(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let (value, map) = as_map(&call, 0, value)?;
    let result = (DataType::array(map.value, true), value.nullable);
    shape::call("map_values", (), vec![value], result, maps::values)
}

fn map_entries(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let (value, map) = as_map(&call, 0, value)?;
    let result = (DataType::array(entry_type(&map), false), value.nullable);
    shape::call("map_entries", (), vec![value], result, maps::entries)
}

/// The struct of one entry.
pub fn entry_type(map: &MapType) -> DataType {
    DataType::structure([
        StructField::new("key", map.key.clone(), false),
        StructField::new("value", map.value.clone(), map.value_contains_null),
    ])
}

fn map_concat(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    if values.is_empty() {
        let empty = DataType::map(DataType::STRING, DataType::STRING, true);
        return shape::call("map", repeated(&call), vec![], (empty, false), maps::make_map);
    }
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    let mut parts = Vec::with_capacity(types.len());
    for data_type in &types {
        let DataType::Map(map) = data_type else {
            return Err(not_one_type(&call, &types, DATATYPE_MISMATCH_MAP_CONCAT_DIFF_TYPES));
        };
        parts.push(map.as_ref().clone());
    }
    let keys: Vec<_> = parts.iter().map(|map| map.key.clone()).collect();
    let strings = keys.iter().filter(|key| key.is_string()).count();
    let mixed = strings > 0 && strings < keys.len();
    let contents: Vec<_> = parts.iter().map(|map| map.value.clone()).collect();
    let of_several = |types: &[DataType]| types.iter().any(|other| collation::differ(&types[0], other));
    let mixed = mixed || of_several(&keys) || of_several(&contents);
    let (Some(key), Some(value), false) =
        (common_type(&keys, call.session), common_type(&contents, call.session), mixed)
    else {
        return Err(different_types(&call, &types));
    };
    let repeated = repeated(&call).of_keys(&key);
    let with_null = parts.iter().any(|map| map.value_contains_null);
    let result = DataType::map(key, value, with_null);
    let nullable = values.iter().any(|value| value.nullable);
    let mode = CastMode::of(call.session);
    let values = values.into_iter().map(|value| cast(value, &result, mode, call.session)).collect::<Result<_>>()?;
    shape::call("map_concat", repeated, values, (result, nullable), maps::concatenate)
}

fn map_contains_key(mut call: Call<'_>) -> Result<Typed> {
    let [value, key] = call.take()?;
    if !matches!(value.data_type, DataType::Map(_) | DataType::Null) && !key.is_void() {
        return Err(super::collection::no_key(&call, &value, &key));
    }
    let (value, map) = as_map(&call, 0, value)?;
    let key = map_key(&call, &value, &map, key)?;
    let nullable = value.nullable || key.nullable;
    let (value, key) = collation::looked_up(value, key)?;
    shape::call("map_contains_key", (), vec![value, key], (DataType::Boolean, nullable), elements::map_contains)
}

fn str_to_map(mut call: Call<'_>) -> Result<Typed> {
    crate::inputs::expect_texts(&call)?;
    let mut values = Vec::with_capacity(3);
    for (index, value) in call.values()?.into_iter().enumerate() {
        values.push(coercion::string(&call, index, value)?);
    }
    for default in [",", ":"].iter().skip(values.len() - 1) {
        values.push(expr::text(*default));
    }
    let nullable = values.iter().any(|value| value.nullable);
    let result = DataType::map(DataType::STRING, DataType::STRING, true);
    shape::call("str_to_map", repeated(&call), values, (result, nullable), maps::from_text)
}
