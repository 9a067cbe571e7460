//! Lists for generators: `with_position` numbers elements, `stack` makes rows.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{interleave, take};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result as DfResult;

use super::lists::range;
use super::shape::{Shaped, conform};
use crate::kernels::invoke::bad_array;

/// Kernel: each element as a struct of its place (from 0) and itself, or its fields when `state`.
pub fn with_position(shaped: &Shaped<bool>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let ArrowType::List(field) = &shaped.result else { return Err(bad_array("posexplode", &shaped.result)) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(bad_array("posexplode", &shaped.result)) };
    let places: UInt32Array =
        (0..list.len()).flat_map(|index| range(list, index)).map(|place| Some(place as u32)).collect();
    let values = take(list.values(), &places, None)?;
    let positions = (0..list.len()).flat_map(|index| 0..range(list, index).len() as i32);
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int32Array::from_iter_values(positions))];
    if shaped.state {
        columns.extend(values.as_struct().columns().iter().cloned());
    } else {
        columns.push(values);
    }
    let columns = columns
        .iter()
        .zip(fields)
        .map(|(column, field)| conform(column, field.data_type()))
        .collect::<DfResult<Vec<_>>>()?;
    let structs = StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths((0..list.len()).map(|index| range(list, index).len()));
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, Arc::new(structs), list.nulls().cloned())?))
}

/// Kernel: `state` structs per row, filled with the arguments one after the other.
pub fn stack(shaped: &Shaped<usize>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let ArrowType::List(field) = &shaped.result else { return Err(bad_array("stack", &shaped.result)) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(bad_array("stack", &shaped.result)) };
    let rows = arrays.first().map_or(1, |array| array.len());
    let (count, width) = (shaped.state, fields.len());
    let columns = fields
        .iter()
        .enumerate()
        .map(|(column, field)| {
            let cells = arrays.iter().skip(column).step_by(width).map(|array| conform(array, field.data_type()));
            let mut cells = cells.collect::<DfResult<Vec<_>>>()?;
            let null = datafusion::arrow::array::new_null_array(field.data_type(), rows);
            cells.resize(count, null);
            let sources: Vec<&dyn Array> = cells.iter().map(AsRef::as_ref).collect();
            let places: Vec<_> = (0..rows).flat_map(|row| (0..count).map(move |cell| (cell, row))).collect();
            Ok(interleave(&sources, &places)?)
        })
        .collect::<DfResult<Vec<_>>>()?;
    let structs = StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(count, rows));
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, Arc::new(structs), None)?))
}
