//! Arrays as sets, and search in arrays. Equal is what Spark calls equal: NaN equals NaN, 0.0 equals -0.0.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray};
use datafusion::arrow::compute::{SortOptions, concat};
use datafusion::arrow::row::{Row, Rows};
use datafusion::common::Result as DfResult;

use super::elements::has_null;
use super::lists::{ListMaker, range, row};
use super::shape::{Shaped, encode};

/// The rows of a list's elements and of a value column.
fn elements_and_value(list: &ListArray, value: &ArrayRef) -> DfResult<(Rows, Rows)> {
    let (_, mut rows) = encode(&[list.values(), value], SortOptions::default())?;
    let value = rows.pop();
    let elements = rows.pop();
    match (elements, value) {
        (Some(elements), Some(value)) => Ok((elements, value)),
        _ => datafusion::common::internal_err!("two columns encode to two"),
    }
}

/// Kernel: `array_contains(array, value)`; NULL when it is not found and might be one of the NULLs.
pub fn contains(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let (elements, wanted) = elements_and_value(list, &arrays[1])?;
    let found = (0..list.len()).map(|index| {
        let range = row(list, index)?;
        if arrays[1].is_null(index) {
            return None;
        }
        let wanted = wanted.row(index);
        if range.clone().any(|place| elements.row(place) == wanted) {
            return Some(true);
        }
        (!has_null(list, index)).then_some(false)
    });
    Ok(Arc::new(found.collect::<BooleanArray>()))
}

/// Kernel: `array_position(array, value)`, from 1; 0 when it is not there.
pub fn position(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let (elements, wanted) = elements_and_value(list, &arrays[1])?;
    let found = (0..list.len()).map(|index| {
        let mut range = row(list, index)?;
        if arrays[1].is_null(index) {
            return None;
        }
        let wanted = wanted.row(index);
        let place = range.position(|place| elements.row(place) == wanted);
        Some(place.map_or(0, |place| place as i64 + 1))
    });
    Ok(Arc::new(found.collect::<Int64Array>()))
}

/// Kernel: `array_remove(array, value)`.
pub fn remove(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let (elements, unwanted) = match &arrays[2..] {
        [keys, key] => elements_and_value(keys.as_list::<i32>(), key)?,
        _ => elements_and_value(list, &arrays[1])?,
    };
    let mut maker = ListMaker::new(list.len());
    for index in 0..list.len() {
        let Some(range) = row(list, index).filter(|_| arrays[1].is_valid(index)) else {
            maker.end_null();
            continue;
        };
        let unwanted = unwanted.row(index);
        range.filter(|place| elements.row(*place) != unwanted).for_each(|place| maker.push(place));
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// Kernel: `array_compact(array)`, without NULLs.
pub fn compact(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    // An array of nothing but NULLs (of type void) has no validity of its own.
    let nulls = list.values().logical_nulls();
    let there = |place: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(place));
    let mut maker = ListMaker::new(list.len());
    for index in 0..list.len() {
        let Some(range) = row(list, index) else {
            maker.end_null();
            continue;
        };
        range.filter(|place| there(*place)).for_each(|place| maker.push(place));
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// Kernel: `array_distinct(array)`. Here and below further arguments are what is compared in place of the first ones.
pub fn distinct(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let keys = arrays.get(1).map_or(list, |keys| keys.as_list::<i32>());
    let (_, rows) = encode(&[keys.values()], SortOptions::default())?;
    let elements = &rows[0];
    let mut maker = ListMaker::new(list.len());
    let mut seen = HashSet::new();
    for index in 0..list.len() {
        let Some(range) = row(list, index) else {
            maker.end_null();
            continue;
        };
        seen.clear();
        range.filter(|place| seen.insert(elements.row(*place))).for_each(|place| maker.push(place));
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// What two arrays make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperation {
    Union,
    Intersect,
    Except,
}

/// Kernel: `array_union`, `array_intersect`, `array_except`. Each element once, NULL too.
pub fn combine(shaped: &Shaped<SetOperation>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let (left, right) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
    let values = concat(&[left.values().as_ref(), right.values().as_ref()])?;
    let keys = match &arrays[2..] {
        [left, right] => concat(&[left.as_list::<i32>().values().as_ref(), right.as_list::<i32>().values().as_ref()])?,
        _ => Arc::clone(&values),
    };
    let (_, rows) = encode(&[&keys], SortOptions::default())?;
    let elements = &rows[0];
    let shift = left.values().len();
    let mut maker = ListMaker::new(left.len());
    let mut seen: HashSet<Row<'_>> = HashSet::new();
    let mut other: HashSet<Row<'_>> = HashSet::new();
    for index in 0..left.len() {
        let (Some(first), Some(second)) = (row(left, index), row(right, index)) else {
            maker.end_null();
            continue;
        };
        let second = second.start + shift..second.end + shift;
        seen.clear();
        match shaped.state {
            SetOperation::Union => {
                first
                    .chain(second)
                    .filter(|place| seen.insert(elements.row(*place)))
                    .for_each(|place| maker.push(place));
            }
            SetOperation::Intersect | SetOperation::Except => {
                other.clear();
                other.extend(second.map(|place| elements.row(place)));
                let wanted = shaped.state == SetOperation::Intersect;
                for place in first {
                    let element = elements.row(place);
                    if other.contains(&element) == wanted && seen.insert(element) {
                        maker.push(place);
                    }
                }
            }
        }
        maker.end_row();
    }
    maker.finish(&values, &shaped.result)
}

/// Kernel: `arrays_overlap(left, right)`; NULL when they share nothing but both have elements and one has a NULL.
pub fn overlap(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let (left, right) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
    let (_, rows) = encode(&[left.values(), right.values()], SortOptions::default())?;
    let (first, second) = (&rows[0], &rows[1]);
    let mut seen = HashSet::new();
    let mut shared = Vec::with_capacity(left.len());
    for index in 0..left.len() {
        if left.is_null(index) || right.is_null(index) {
            shared.push(None);
            continue;
        }
        seen.clear();
        let (one, two) = (range(left, index), range(right, index));
        let empty = one.is_empty() || two.is_empty();
        seen.extend(one.filter(|place| left.values().is_valid(*place)).map(|place| first.row(place)));
        let found = two.filter(|place| right.values().is_valid(*place)).any(|place| seen.contains(&second.row(place)));
        let unsure = !empty && (has_null(left, index) || has_null(right, index));
        shared.push(if found || !unsure { Some(found) } else { None });
    }
    Ok(Arc::new(BooleanArray::from(shared)))
}
