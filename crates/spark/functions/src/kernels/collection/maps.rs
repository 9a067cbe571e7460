//! Making maps and taking them apart. Keys are never NULL and never twice.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, StringBuilder, StructArray, UInt32Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{SortOptions, concat, interleave, take};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Result as DfResult, ScalarValue};
use hearth_base::Error;
use hearth_base::condition::{DUPLICATED_MAP_KEY, MAP_ARRAYS_DIFFER_IN_LENGTH, NULL_MAP_KEY};
use hearth_types::{Collation, DataType};
use regex::Regex;

use super::lists::{range, row};
use super::shape::{Shaped, conform, encode};
use crate::kernels::invoke::{bad_array, raise};

/// What a key that comes again does: an error, or the later value wins (in the place of the first).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Repeated {
    pub last_wins: bool,
    /// What tells keys apart that are strings.
    pub collation: Option<Collation>,
}

impl Repeated {
    /// A key comes again as often as the collation of its type says.
    pub fn of_keys(self, key: &DataType) -> Self {
        Self { collation: crate::collation::of_text(key), ..self }
    }

    /// The keys as they are told apart.
    fn told(self, keys: &ArrayRef) -> DfResult<ArrayRef> {
        match self.collation {
            Some(collation) => crate::collation::keys(&collation.string_type(), keys),
            None => Ok(Arc::clone(keys)),
        }
    }
}

/// Keys and values, and how many of them each row has; `None` is NULL.
pub struct Parts {
    pub keys: ArrayRef,
    pub values: ArrayRef,
    pub lengths: Vec<Option<usize>>,
}

/// A map column of its parts.
pub fn assemble(parts: &Parts, repeated: Repeated, result: &ArrowType) -> DfResult<ArrayRef> {
    let ArrowType::Map(field, sorted) = result else { return Err(bad_array("map", result)) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(bad_array("map", result)) };
    if parts.keys.logical_null_count() > 0 {
        return Err(raise(NULL_MAP_KEY.error()));
    }
    let (keys, values, lengths) = unique(parts, repeated)?;
    let columns = vec![conform(&keys, fields[0].data_type())?, conform(&values, fields[1].data_type())?];
    let entries = StructArray::try_new(fields.clone(), columns, None)?;
    let nulls = NullBuffer::from_iter(lengths.iter().map(Option::is_some));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|length| length.unwrap_or(0)));
    Ok(Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, Some(nulls), *sorted)?))
}

type Unique = (ArrayRef, ArrayRef, Vec<Option<usize>>);

fn unique(parts: &Parts, repeated: Repeated) -> DfResult<Unique> {
    let same = || (Arc::clone(&parts.keys), Arc::clone(&parts.values), parts.lengths.clone());
    if parts.lengths.iter().all(|length| length.is_none_or(|length| length < 2)) {
        return Ok(same());
    }
    let (_, rows) = encode(&[&repeated.told(&parts.keys)?], SortOptions::default())?;
    let rows = &rows[0];
    let mut key_places: Vec<u32> = Vec::with_capacity(parts.keys.len());
    let mut value_places: Vec<u32> = Vec::with_capacity(parts.keys.len());
    let mut lengths = Vec::with_capacity(parts.lengths.len());
    let mut seen = HashMap::new();
    let mut start = 0;
    for length in &parts.lengths {
        seen.clear();
        let end = start + length.unwrap_or(0);
        let before = key_places.len();
        for place in start..end {
            match seen.get(&rows.row(place)) {
                None => {
                    seen.insert(rows.row(place), key_places.len());
                    key_places.push(place as u32);
                    value_places.push(place as u32);
                }
                Some(held) if repeated.last_wins => value_places[*held] = place as u32,
                Some(_) => {
                    let key = ScalarValue::try_from_array(&parts.keys, place)?;
                    return Err(raise(
                        DUPLICATED_MAP_KEY
                            .with("key", key.to_string())
                            .with("mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""),
                    ));
                }
            }
        }
        lengths.push(length.map(|_| key_places.len() - before));
        start = end;
    }
    if key_places.len() == parts.keys.len() {
        return Ok(same());
    }
    let keys = take(&parts.keys, &UInt32Array::from(key_places), None)?;
    let values = take(&parts.values, &UInt32Array::from(value_places), None)?;
    Ok((keys, values, lengths))
}

/// Kernel: `map(k, v, k, v, …)`.
pub fn make_map(shaped: &Shaped<Repeated>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let ArrowType::Map(field, _) = &shaped.result else { return Err(bad_array("map", &shaped.result)) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(bad_array("map", &shaped.result)) };
    let pairs = arrays.len() / 2;
    let rows = arrays.first().map_or(1, |array| array.len());
    let column = |first: usize| -> DfResult<ArrayRef> {
        let sources: Vec<&dyn Array> = arrays.iter().skip(first).step_by(2).map(AsRef::as_ref).collect();
        if sources.is_empty() {
            return Ok(datafusion::arrow::array::new_empty_array(fields[first].data_type()));
        }
        let places: Vec<_> = (0..rows).flat_map(|row| (0..pairs).map(move |pair| (pair, row))).collect();
        Ok(interleave(&sources, &places)?)
    };
    let parts = Parts { keys: column(0)?, values: column(1)?, lengths: vec![Some(pairs); rows] };
    assemble(&parts, shaped.state, &shaped.result)
}

/// Kernel: `map_from_arrays(keys, values)`.
pub fn from_arrays(shaped: &Shaped<Repeated>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let (keys, values) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
    let (mut key_places, mut value_places, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(keys.len()));
    for index in 0..keys.len() {
        let (Some(key_range), Some(value_range)) = (row(keys, index), row(values, index)) else {
            lengths.push(None);
            continue;
        };
        if key_range.len() != value_range.len() {
            return Err(raise(MAP_ARRAYS_DIFFER_IN_LENGTH.error()));
        }
        lengths.push(Some(key_range.len()));
        key_places.extend(key_range.map(|place| place as u32));
        value_places.extend(value_range.map(|place| place as u32));
    }
    let parts = Parts {
        keys: take(keys.values(), &UInt32Array::from(key_places), None)?,
        values: take(values.values(), &UInt32Array::from(value_places), None)?,
        lengths,
    };
    assemble(&parts, shaped.state, &shaped.result)
}

/// Kernel: `map_from_entries(array of structs)`; NULL when an entry is.
pub fn from_entries(shaped: &Shaped<Repeated>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let entries = list.values().as_struct();
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(list.len()));
    for index in 0..list.len() {
        match row(list, index).filter(|range| range.clone().all(|place| entries.is_valid(place))) {
            Some(range) => {
                lengths.push(Some(range.len()));
                places.extend(range.map(|place| place as u32));
            }
            None => lengths.push(None),
        }
    }
    let places = UInt32Array::from(places);
    let parts = Parts {
        keys: take(entries.column(0), &places, None)?,
        values: take(entries.column(1), &places, None)?,
        lengths,
    };
    assemble(&parts, shaped.state, &shaped.result)
}

/// Kernel: `map_concat(a, b, …)`; NULL when one of them is.
pub fn concatenate(shaped: &Shaped<Repeated>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let maps: Vec<&MapArray> = arrays.iter().map(|array| array.as_map()).collect();
    let rows = maps.first().map_or(1, |map| map.len());
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(rows));
    for index in 0..rows {
        if maps.iter().any(|map| map.is_null(index)) {
            lengths.push(None);
            continue;
        }
        let before = places.len();
        for (number, map) in maps.iter().enumerate() {
            let offsets = map.value_offsets();
            places.extend((offsets[index] as usize..offsets[index + 1] as usize).map(|place| (number, place)));
        }
        lengths.push(Some(places.len() - before));
    }
    let keys: Vec<&dyn Array> = maps.iter().map(|map| map.keys().as_ref()).collect();
    let values: Vec<&dyn Array> = maps.iter().map(|map| map.values().as_ref()).collect();
    let parts = Parts { keys: interleave(&keys, &places)?, values: interleave(&values, &places)?, lengths };
    assemble(&parts, shaped.state, &shaped.result)
}

fn list_of(shaped: &Shaped<()>, map: &MapArray, values: &ArrayRef) -> DfResult<ArrayRef> {
    let ArrowType::List(field) = &shaped.result else { return Err(bad_array("a map kernel", &shaped.result)) };
    let values = conform(values, field.data_type())?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), map.offsets().clone(), values, map.nulls().cloned())?))
}

/// Kernel: the keys of a map.
pub fn keys(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let map = arrays[0].as_map();
    list_of(shaped, map, map.keys())
}

/// Kernel: the values of a map.
pub fn values(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let map = arrays[0].as_map();
    list_of(shaped, map, map.values())
}

/// Kernel: the entries of a map as structs of key and value.
pub fn entries(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let map = arrays[0].as_map();
    let entries: ArrayRef = Arc::new(map.entries().clone());
    list_of(shaped, map, &entries)
}

/// Keys of two maps, each once and in order of appearance, with the places of their values.
pub struct Merged {
    pub keys: ArrayRef,
    pub left: UInt32Array,
    pub right: UInt32Array,
    pub lengths: Vec<Option<usize>>,
}

/// Brings two maps together by key, for `map_zip_with`.
pub fn merge(left: &MapArray, right: &MapArray, repeated: Repeated) -> DfResult<Merged> {
    let all = concat(&[left.keys().as_ref(), right.keys().as_ref()])?;
    let (_, rows) = encode(&[&repeated.told(&all)?], SortOptions::default())?;
    let rows = &rows[0];
    let shift = left.keys().len();
    let (mut key_places, mut lefts, mut rights) = (Vec::new(), Vec::new(), Vec::new());
    let mut lengths = Vec::with_capacity(left.len());
    let mut seen = HashMap::new();
    for index in 0..left.len() {
        if left.is_null(index) || right.is_null(index) {
            lengths.push(None);
            continue;
        }
        seen.clear();
        let before = key_places.len();
        for place in map_range(left, index) {
            seen.insert(rows.row(place), key_places.len());
            key_places.push(place as u32);
            lefts.push(Some(place as u32));
            rights.push(None);
        }
        for place in map_range(right, index) {
            if let Some(held) = seen.get(&rows.row(place + shift)) {
                rights[*held] = Some(place as u32);
                continue;
            }
            key_places.push((place + shift) as u32);
            lefts.push(None);
            rights.push(Some(place as u32));
        }
        lengths.push(Some(key_places.len() - before));
    }
    let keys = take(&all, &UInt32Array::from(key_places), None)?;
    Ok(Merged { keys, left: lefts.into(), right: rights.into(), lengths })
}

/// Where the entries of a row stand.
pub fn map_range(map: &MapArray, index: usize) -> std::ops::Range<usize> {
    let offsets = map.value_offsets();
    offsets[index] as usize..offsets[index + 1] as usize
}

/// How many elements each row has; `None` is NULL.
pub fn list_lengths(list: &ListArray) -> Vec<Option<usize>> {
    (0..list.len()).map(|index| list.is_valid(index).then(|| range(list, index).len())).collect()
}

/// Kernel: `str_to_map(text, pair delimiter, key delimiter)`; delimiters are regular expressions.
pub fn from_text(shaped: &Shaped<Repeated>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let column = |index: usize| arrays[index].as_string::<i32>();
    let (texts, pair_patterns, key_patterns) = (column(0), column(1), column(2));
    let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
    let mut lengths = Vec::with_capacity(texts.len());
    let mut patterns: HashMap<String, Regex> = HashMap::new();
    for index in 0..texts.len() {
        if arrays.iter().any(|array| array.is_null(index)) {
            lengths.push(None);
            continue;
        }
        let pair = compiled(&mut patterns, pair_patterns.value(index))?;
        let key = compiled(&mut patterns, key_patterns.value(index))?;
        let mut count = 0;
        for part in pair.split(texts.value(index)) {
            let mut sides = key.splitn(part, 2);
            keys.append_value(sides.next().unwrap_or_default());
            values.append_option(sides.next());
            count += 1;
        }
        lengths.push(Some(count));
    }
    let parts = Parts { keys: Arc::new(keys.finish()), values: Arc::new(values.finish()), lengths };
    assemble(&parts, shaped.state, &shaped.result)
}

fn compiled(patterns: &mut HashMap<String, Regex>, pattern: &str) -> DfResult<Regex> {
    if let Some(regex) = patterns.get(pattern) {
        return Ok(regex.clone());
    }
    let regex = Regex::new(pattern)
        .map_err(|error| raise(Error::unsupported(format!("the pattern {pattern:?} of str_to_map: {error}"))))?;
    patterns.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}
