//! `array_join`, and `concat` of binaries.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, StringBuilder};
use datafusion::common::Result as DfResult;

use super::lists::row;
use super::shape::Shaped;

/// Kernel: `array_join(array of strings, delimiter[, text of NULL])`.
pub fn array_join(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let texts = list.values().as_string::<i32>();
    let delimiters = arrays[1].as_string::<i32>();
    let replacements = arrays.get(2).map(|array| array.as_string::<i32>());
    let mut joined = StringBuilder::with_capacity(list.len(), texts.value_data().len());
    let mut text = String::new();
    for index in 0..list.len() {
        let replaceable = replacements.is_none_or(|array| array.is_valid(index));
        let Some(range) = row(list, index).filter(|_| delimiters.is_valid(index) && replaceable) else {
            joined.append_null();
            continue;
        };
        text.clear();
        let mut first = true;
        for place in range {
            let part = if texts.is_valid(place) {
                texts.value(place)
            } else {
                match replacements {
                    Some(array) => array.value(index),
                    None => continue,
                }
            };
            if !first {
                text.push_str(delimiters.value(index));
            }
            text.push_str(part);
            first = false;
        }
        joined.append_value(&text);
    }
    Ok(Arc::new(joined.finish()))
}

/// Kernel: binaries, one after the other; NULL when one of them is.
pub fn concat_binary(_: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let columns: Vec<_> = arrays.iter().map(|array| array.as_binary::<i32>()).collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let mut joined = BinaryBuilder::new();
    let mut bytes = Vec::new();
    for index in 0..rows {
        if columns.iter().any(|column| column.is_null(index)) {
            joined.append_null();
            continue;
        }
        bytes.clear();
        columns.iter().for_each(|column| bytes.extend_from_slice(column.value(index)));
        joined.append_value(&bytes);
    }
    Ok(Arc::new(joined.finish()))
}
