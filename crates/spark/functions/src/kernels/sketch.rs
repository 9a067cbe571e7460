//! Sketches of Apache DataSketches, and Spark's own count-min sketch.
//!
//! The `datasketches` crate has the algorithms and their binary forms, which other languages read. What is here: how
//! Spark's values become items, the aggregates, and the few bytes in which Java writes another variant of the same form.

pub mod count_min;
pub mod distinct;
pub mod hll;
pub mod items;
pub mod kll;
pub mod kll_text;
pub mod theta;
pub mod top_k;
pub mod tuple;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use datafusion::common::{DataFusionError, Result as DfResult};
use hearth_base::condition::Condition;

use crate::kernels::invoke::{bad_array, raise};

/// A sketch that cannot be read, in a call of `function`.
pub fn invalid(condition: Condition, function: &str) -> DataFusionError {
    raise(condition.with("function", format!("`{function}`")))
}

pub fn binary<'a>(function: &str, array: &'a ArrayRef) -> DfResult<&'a BinaryArray> {
    array.as_binary_opt::<i32>().ok_or_else(|| bad_array(function, array.data_type()))
}

/// The sketches of each row in which both are known.
pub fn pairs<T>(
    function: &str,
    arrays: &[ArrayRef],
    combine: impl Fn(&[u8], &[u8]) -> DfResult<T>,
) -> DfResult<Vec<Option<T>>> {
    let (left, right) = (binary(function, &arrays[0])?, binary(function, &arrays[1])?);
    (0..left.len())
        .map(|row| match left.is_valid(row) && right.is_valid(row) {
            true => combine(left.value(row), right.value(row)).map(Some),
            false => Ok(None),
        })
        .collect()
}
