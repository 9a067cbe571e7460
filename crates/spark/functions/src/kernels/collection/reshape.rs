//! Arrays made of values and of other arrays.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{concat, interleave, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Int32Type};
use datafusion::common::Result as DfResult;
use hearth_base::condition::{INVALID_INDEX_OF_ZERO, INVALID_PARAMETER_VALUE_LENGTH, INVALID_PARAMETER_VALUE_START};

use super::lists::{ListMaker, range, row};
use super::shape::{Shaped, conform};
use crate::kernels::invoke::{bad_array, raise};
use crate::kernels::room;

/// Kernel: `array(a, b, …)`, the arguments having the element's type.
pub fn make_array(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let ArrowType::List(field) = &shaped.result else { return Err(bad_array("array", &shaped.result)) };
    let Some(first) = arrays.first() else {
        let empty = datafusion::arrow::array::new_empty_array(field.data_type());
        return Ok(Arc::new(ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths([0]), empty, None)?));
    };
    let rows = first.len();
    let columns = arrays.iter().map(|array| conform(array, field.data_type())).collect::<DfResult<Vec<_>>>()?;
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(columns.len(), rows));
    let values = if columns.len() == 1 {
        Arc::clone(&columns[0])
    } else {
        let sources: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
        let places: Vec<_> = (0..rows).flat_map(|row| (0..columns.len()).map(move |column| (column, row))).collect();
        interleave(&sources, &places)?
    };
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None)?))
}

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    Front,
    Back,
}

/// Kernel: `array_append` and `array_prepend` of (array, element).
pub fn extend(shaped: &Shaped<End>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let values = concat(&[list.values().as_ref(), arrays[1].as_ref()])?;
    let shift = list.values().len();
    let mut maker = ListMaker::new(list.len());
    for index in 0..list.len() {
        let Some(range) = row(list, index) else {
            maker.end_null();
            continue;
        };
        if shaped.state == End::Front {
            maker.push(shift + index);
        }
        maker.extend(range);
        if shaped.state == End::Back {
            maker.push(shift + index);
        }
        maker.end_row();
    }
    maker.finish(&values, &shaped.result)
}

/// Kernel: `array_insert(array, position, element)`; NULLs fill the gap to a position outside.
pub fn insert(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let positions = arrays[1].as_primitive::<Int32Type>();
    let values = concat(&[list.values().as_ref(), arrays[2].as_ref()])?;
    let shift = list.values().len();
    let mut maker = ListMaker::new(list.len());
    for index in 0..list.len() {
        let Some(range) = row(list, index).filter(|_| positions.is_valid(index)) else {
            maker.end_null();
            continue;
        };
        let (position, size) = (i64::from(positions.value(index)), range.len() as i64);
        if position == 0 {
            return Err(raise(INVALID_INDEX_OF_ZERO.error()));
        }
        // From the end, -1 is behind the last element.
        let place = if position > 0 { position - 1 } else { size + position + 1 };
        let gap = if place < 0 { -place } else { place - size };
        room::check_elements("the array", maker.elements() + usize::try_from(gap).unwrap_or(0)).map_err(raise)?;
        if place < 0 {
            maker.push(shift + index);
            (0..-place).for_each(|_| maker.push_null());
            maker.extend(range);
        } else if place >= size {
            maker.extend(range);
            (0..place - size).for_each(|_| maker.push_null());
            maker.push(shift + index);
        } else {
            let middle = range.start + place as usize;
            maker.extend(range.start..middle);
            maker.push(shift + index);
            maker.extend(middle..range.end);
        }
        maker.end_row();
    }
    maker.finish(&values, &shaped.result)
}

/// Kernel: `array_repeat(element, count)`.
pub fn repeat(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let counts = arrays[1].as_primitive::<Int32Type>();
    let mut maker = ListMaker::new(counts.len());
    let element = arrays[0].get_buffer_memory_size() / arrays[0].len().max(1);
    for index in 0..counts.len() {
        if counts.is_null(index) {
            maker.end_null();
            continue;
        }
        let count = counts.value(index).max(0);
        room::check_elements("the array", maker.elements() + count as usize).map_err(raise)?;
        room::check("the array", element.saturating_mul(maker.elements() + count as usize)).map_err(raise)?;
        (0..count).for_each(|_| maker.push(index));
        maker.end_row();
    }
    maker.finish(&arrays[0], &shaped.result)
}

/// Kernel: the arrays of an array, one after the other; NULL when one of them is.
pub fn flatten(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let outer = arrays[0].as_list::<i32>();
    let inner = outer.values().as_list::<i32>();
    let mut maker = ListMaker::new(outer.len());
    for index in 0..outer.len() {
        let parts = row(outer, index).filter(|parts| parts.clone().all(|part| inner.is_valid(part)));
        let Some(parts) = parts else {
            maker.end_null();
            continue;
        };
        parts.for_each(|part| maker.extend(range(inner, part)));
        maker.end_row();
    }
    maker.finish(inner.values(), &shaped.result)
}

/// Kernel: `slice(array, start, length)`.
pub fn slice(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let (starts, lengths) = (arrays[1].as_primitive::<Int32Type>(), arrays[2].as_primitive::<Int32Type>());
    let mut maker = ListMaker::new(list.len());
    for index in 0..list.len() {
        let known = starts.is_valid(index) && lengths.is_valid(index);
        let Some(range) = row(list, index).filter(|_| known) else {
            maker.end_null();
            continue;
        };
        let (start, length) = (starts.value(index), lengths.value(index));
        if start == 0 {
            let error = INVALID_PARAMETER_VALUE_START.with("parameter", "`start`");
            return Err(raise(error.with("functionName", "`slice`")));
        }
        let Ok(length) = usize::try_from(length) else {
            let error = INVALID_PARAMETER_VALUE_LENGTH.with("parameter", "`length`").with("length", length);
            return Err(raise(error.with("functionName", "`slice`")));
        };
        let skip =
            if start > 0 { Some(start as usize - 1) } else { range.len().checked_sub(start.unsigned_abs() as usize) };
        if let Some(skip) = skip.filter(|skip| *skip < range.len()) {
            let first = range.start + skip;
            maker.extend(first..first.saturating_add(length).min(range.end));
        }
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// Kernel: an array backwards.
pub fn reverse(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let mut maker = ListMaker::new(list.len());
    for index in 0..list.len() {
        let Some(range) = row(list, index) else {
            maker.end_null();
            continue;
        };
        range.rev().for_each(|place| maker.push(place));
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// Kernel: arrays of one type, one after the other; NULL when one of them is.
pub fn concatenate(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let lists: Vec<&ListArray> = arrays.iter().map(|array| array.as_list::<i32>()).collect();
    let sources: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
    let values = concat(&sources)?;
    let rows = lists.first().map_or(0, |list| list.len());
    let mut maker = ListMaker::new(rows);
    for index in 0..rows {
        if lists.iter().any(|list| list.is_null(index)) {
            maker.end_null();
            continue;
        }
        let mut shift = 0;
        for list in &lists {
            let part = range(list, index);
            maker.extend(part.start + shift..part.end + shift);
            shift += list.values().len();
        }
        maker.end_row();
    }
    maker.finish(&values, &shaped.result)
}

/// Kernel: `arrays_zip(a, b, …)`: structs of the elements at each place, NULL where an array is shorter.
pub fn zip(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let ArrowType::List(field) = &shaped.result else { return Err(bad_array("arrays_zip", &shaped.result)) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(bad_array("arrays_zip", &shaped.result)) };
    let lists: Vec<&ListArray> = arrays.iter().map(|array| array.as_list::<i32>()).collect();
    // Without arguments it is a constant: one row with an empty list.
    let rows = lists.first().map_or(1, |list| list.len());
    let mut places: Vec<Vec<Option<u32>>> = vec![Vec::new(); lists.len()];
    let mut lengths = Vec::with_capacity(rows);
    let mut valid = Vec::with_capacity(rows);
    for index in 0..rows {
        let present = lists.iter().all(|list| list.is_valid(index));
        let longest = lists.iter().map(|list| range(list, index).len()).max().unwrap_or(0);
        let length = if present { longest } else { 0 };
        for (list, places) in lists.iter().zip(&mut places) {
            let range = range(list, index);
            places.extend((0..length).map(|place| (place < range.len()).then_some((range.start + place) as u32)));
        }
        lengths.push(length);
        valid.push(present);
    }
    let columns = lists
        .iter()
        .zip(places)
        .zip(fields)
        .map(|((list, places), field)| {
            conform(&take(list.values(), &UInt32Array::from(places), None)?, field.data_type())
        })
        .collect::<DfResult<Vec<_>>>()?;
    let total = lengths.iter().sum();
    let structs = if columns.is_empty() {
        StructArray::new_empty_fields(total, None)
    } else {
        StructArray::try_new(fields.clone(), columns, None)?
    };
    let offsets = OffsetBuffer::from_lengths(lengths);
    let nulls = Some(NullBuffer::from(valid));
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, Arc::new(structs), nulls)?))
}

/// Kernel: `shuffle(array)`, with the seed of the call.
pub fn shuffle(shaped: &Shaped<i64>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let mut maker = ListMaker::new(list.len());
    // SplitMix64: the order is free, it only has to differ.
    let mut state = shaped.state as u64;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    for index in 0..list.len() {
        let Some(range) = row(list, index) else {
            maker.end_null();
            continue;
        };
        let mut order: Vec<usize> = range.collect();
        for last in (1..order.len()).rev() {
            order.swap(last, (next() % (last as u64 + 1)) as usize);
        }
        order.into_iter().for_each(|place| maker.push(place));
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// Kernel: a struct of its arguments.
pub fn make_struct(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let ArrowType::Struct(fields) = &shaped.result else { return Err(bad_array("struct", &shaped.result)) };
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(1, None)));
    }
    let columns = arrays
        .iter()
        .zip(fields)
        .map(|(array, field)| conform(array, field.data_type()))
        .collect::<DfResult<Vec<_>>>()?;
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns, None)?))
}
