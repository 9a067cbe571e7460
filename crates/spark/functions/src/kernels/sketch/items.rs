//! What sketches count: values as the bytes that DataSketches hashes in every language.

use std::hash::{Hash, Hasher};

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::common::Result as DfResult;
use datasketches::hash::value::canonical_float;

use crate::kernels::invoke::bad_array;

pub enum Item<'a> {
    Long(i64),
    Double(f64),
    Bytes(&'a [u8]),
    /// The elements of an array, one after the other, in little endian.
    Words(Vec<u8>),
}

impl Hash for Item<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Long(value) => state.write(&value.to_le_bytes()),
            Self::Double(value) => canonical_float::from_f64(*value).hash(state),
            Self::Bytes(bytes) => state.write(bytes),
            Self::Words(bytes) => state.write(bytes),
        }
    }
}

/// Hands over the item of each row, with the row's number. NULL, empty text and empty arrays are no items.
pub fn visit(array: &ArrayRef, mut take: impl FnMut(usize, Item<'_>)) -> DfResult<()> {
    let rows = (0..array.len()).filter(|row| array.is_valid(*row));
    match array.data_type() {
        ArrowType::Null => {}
        ArrowType::Int32 => {
            let values = array.as_primitive::<Int32Type>();
            rows.for_each(|row| take(row, Item::Long(i64::from(values.value(row)))));
        }
        ArrowType::Int64 => {
            let values = array.as_primitive::<Int64Type>();
            rows.for_each(|row| take(row, Item::Long(values.value(row))));
        }
        ArrowType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            rows.for_each(|row| take(row, Item::Double(f64::from(values.value(row)))));
        }
        ArrowType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            rows.for_each(|row| take(row, Item::Double(values.value(row))));
        }
        ArrowType::Utf8 => {
            let values = array.as_string::<i32>();
            rows.filter(|row| values.value_length(*row) > 0)
                .for_each(|row| take(row, Item::Bytes(values.value(row).as_bytes())));
        }
        ArrowType::Utf8View => {
            let values = array.as_string_view();
            rows.map(|row| (row, values.value(row).as_bytes()))
                .filter(|(_, bytes)| !bytes.is_empty())
                .for_each(|(row, bytes)| take(row, Item::Bytes(bytes)));
        }
        ArrowType::Binary => {
            let values = array.as_binary::<i32>();
            rows.filter(|row| values.value_length(*row) > 0).for_each(|row| take(row, Item::Bytes(values.value(row))));
        }
        ArrowType::List(_) => {
            let lists = array.as_list::<i32>();
            for row in rows.filter(|row| lists.value_length(*row) > 0) {
                take(row, Item::Words(words(&lists.value(row))?));
            }
        }
        other => return Err(bad_array("sketch", other)),
    }
    Ok(())
}

fn words(values: &ArrayRef) -> DfResult<Vec<u8>> {
    match values.data_type() {
        ArrowType::Int32 => {
            Ok(values.as_primitive::<Int32Type>().values().iter().flat_map(|v| v.to_le_bytes()).collect())
        }
        ArrowType::Int64 => {
            Ok(values.as_primitive::<Int64Type>().values().iter().flat_map(|v| v.to_le_bytes()).collect())
        }
        other => Err(bad_array("sketch", other)),
    }
}
