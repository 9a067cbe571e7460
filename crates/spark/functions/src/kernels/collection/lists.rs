//! Reading lists by row, and making lists of indices into values.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanBufferBuilder, ListArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result as DfResult;

use super::shape::conform;
use crate::kernels::invoke::bad_array;

/// Where the elements of a row stand in the list's values; `None` for NULL.
pub fn row(list: &ListArray, index: usize) -> Option<Range<usize>> {
    list.is_valid(index).then(|| range(list, index))
}

/// Where the elements of a row stand, NULL or not.
pub fn range(list: &ListArray, index: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    offsets[index] as usize..offsets[index + 1] as usize
}

/// A list column made of indices into a column of values.
pub struct ListMaker {
    offsets: Vec<i32>,
    indices: Vec<Option<u32>>,
    valid: BooleanBufferBuilder,
}

impl ListMaker {
    pub fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, indices: Vec::new(), valid: BooleanBufferBuilder::new(rows) }
    }

    pub fn push(&mut self, index: usize) {
        self.indices.push(Some(index as u32));
    }

    /// Elements that were pushed so far.
    pub fn elements(&self) -> usize {
        self.indices.len()
    }

    pub fn push_null(&mut self) {
        self.indices.push(None);
    }

    pub fn extend(&mut self, range: Range<usize>) {
        self.indices.extend(range.map(|index| Some(index as u32)));
    }

    pub fn end_row(&mut self) {
        self.offsets.push(self.indices.len() as i32);
        self.valid.append(true);
    }

    pub fn end_null(&mut self) {
        self.offsets.push(self.indices.len() as i32);
        self.valid.append(false);
    }

    /// The elements that were pushed, without the rows.
    pub fn take_values(&self, values: &ArrayRef) -> DfResult<ArrayRef> {
        Ok(take(values, &UInt32Array::from(self.indices.clone()), None)?)
    }

    pub fn offsets(&self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(ScalarBuffer::from(self.offsets.clone()))
    }

    pub fn nulls(&mut self) -> NullBuffer {
        NullBuffer::new(self.valid.finish())
    }

    pub fn finish(mut self, values: &ArrayRef, result: &ArrowType) -> DfResult<ArrayRef> {
        let ArrowType::List(field) = result else { return Err(bad_array("a list kernel", result)) };
        let values = conform(&self.take_values(values)?, field.data_type())?;
        let nulls = self.nulls();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, Some(nulls))?))
    }
}
