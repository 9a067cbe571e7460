//! Elements by index, and values by key.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, StructArray, UInt32Array,
};
use datafusion::arrow::compute::{SortOptions, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Int32Type};
use datafusion::common::{DataFusionError, Result as DfResult};
use hearth_base::condition::{INVALID_ARRAY_INDEX, INVALID_ARRAY_INDEX_IN_ELEMENT_AT, INVALID_INDEX_OF_ZERO};

use super::lists::{range, row};
use super::shape::{Shaped, encode};
use crate::kernels::invoke::{bad_array, raise};

/// Which function asks for an element, and what an index outside does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// `a[i]`, from 0.
    Bracket { raise: bool },
    /// `element_at(a, i)`, from 1, negative from the end.
    ElementAt { raise: bool },
}

impl Indexing {
    /// The place of `index` in an array of `size` elements.
    fn place(self, index: i32, size: usize) -> DfResult<Option<usize>> {
        match self {
            Self::Bracket { raise: fail } => match usize::try_from(index) {
                Ok(place) if place < size => Ok(Some(place)),
                _ if fail => Err(outside(INVALID_ARRAY_INDEX, index, size)),
                _ => Ok(None),
            },
            Self::ElementAt { raise: fail } => {
                if index == 0 {
                    return Err(raise(INVALID_INDEX_OF_ZERO.error()));
                }
                let distance = index.unsigned_abs() as usize;
                if distance > size {
                    return if fail { Err(outside(INVALID_ARRAY_INDEX_IN_ELEMENT_AT, index, size)) } else { Ok(None) };
                }
                Ok(Some(if index > 0 { distance - 1 } else { size - distance }))
            }
        }
    }
}

fn outside(condition: hearth_base::condition::Condition, index: i32, size: usize) -> DataFusionError {
    raise(condition.with("indexValue", index).with("arraySize", size))
}

/// Kernel: an element of (array, int).
pub fn list_element(shaped: &Shaped<Indexing>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let wanted = arrays[1].as_primitive::<Int32Type>();
    let mut picked: Vec<Option<u32>> = Vec::with_capacity(list.len());
    for index in 0..list.len() {
        let place = match row(list, index) {
            Some(range) if wanted.is_valid(index) => {
                shaped.state.place(wanted.value(index), range.len())?.map(|place| (range.start + place) as u32)
            }
            _ => None,
        };
        picked.push(place);
    }
    Ok(take(list.values(), &UInt32Array::from(picked), None)?)
}

/// For each row, the place of the key in the row's map.
fn places(arrays: &[ArrayRef]) -> DfResult<Vec<Option<u32>>> {
    let map = arrays[0].as_map();
    let (_, rows) = encode(&[map.keys(), &arrays[1]], SortOptions::default())?;
    let (keys, wanted) = (&rows[0], &rows[1]);
    let offsets = map.value_offsets();
    Ok((0..map.len())
        .map(|index| {
            if map.is_null(index) || arrays[1].is_null(index) {
                return None;
            }
            let wanted = wanted.row(index);
            let mut range = offsets[index] as usize..offsets[index + 1] as usize;
            range.find(|place| keys.row(*place) == wanted).map(|place| place as u32)
        })
        .collect())
}

/// Kernel: the value of (map, key); NULL when the key is not there.
pub fn map_value(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let picked = UInt32Array::from(places(arrays)?);
    Ok(take(arrays[0].as_map().values(), &picked, None)?)
}

/// Kernel: whether (map, key) is there.
pub fn map_contains(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let found = places(arrays)?;
    let known = |index: usize| arrays[0].is_valid(index) && arrays[1].is_valid(index);
    let values = found.iter().enumerate().map(|(index, place)| known(index).then_some(place.is_some()));
    Ok(Arc::new(values.collect::<BooleanArray>()))
}

/// Kernel: field `state` of a struct, NULL where the struct is.
pub fn struct_field(shaped: &Shaped<usize>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let structs = arrays[0].as_struct();
    field_of(structs, shaped.state)
}

fn field_of(structs: &StructArray, field: usize) -> DfResult<ArrayRef> {
    let column = structs.columns().get(field).ok_or_else(|| bad_array("a struct field", structs.data_type()))?;
    if structs.null_count() == 0 {
        return Ok(Arc::clone(column));
    }
    let places: UInt32Array = (0..structs.len()).map(|index| structs.is_valid(index).then_some(index as u32)).collect();
    Ok(take(column, &places, None)?)
}

/// Kernel: field `state` of every struct of an array.
pub fn fields_of_list(shaped: &Shaped<usize>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let values = field_of(list.values().as_struct(), shaped.state)?;
    let ArrowType::List(field) = &shaped.result else { return Err(bad_array("a struct field", &shaped.result)) };
    let values = super::shape::conform(&values, field.data_type())?;
    let list = ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned())?;
    Ok(Arc::new(list))
}

/// What `size(NULL)` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SizeOfNull(pub Option<i32>);

/// Kernel: the number of elements of an array or of entries of a map.
pub fn size(shaped: &Shaped<SizeOfNull>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let SizeOfNull(null) = shaped.state;
    let array = &arrays[0];
    let offsets = match array.data_type() {
        ArrowType::List(_) => array.as_list::<i32>().value_offsets(),
        ArrowType::Map(..) => array.as_map().value_offsets(),
        ArrowType::Null => return Ok(Arc::new(Int32Array::from(vec![null; array.len()]))),
        other => return Err(bad_array("size", other)),
    };
    let sizes = offsets.windows(2).enumerate().map(
        |(index, pair)| {
            if array.is_valid(index) { Some(pair[1] - pair[0]) } else { null }
        },
    );
    Ok(Arc::new(sizes.collect::<Int32Array>()))
}

/// Whether any element of a row is NULL.
pub fn has_null(list: &ListArray, index: usize) -> bool {
    let values = list.values();
    values.null_count() > 0 && range(list, index).any(|place| values.is_null(place))
}
