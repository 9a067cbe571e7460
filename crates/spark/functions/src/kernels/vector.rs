//! Measures of vectors, computed in single precision as Spark does. A vector with a NULL element has none.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float32Builder, ListArray, ListBuilder};
use datafusion::arrow::datatypes::Float32Type;
use datafusion::common::Result as DfResult;
use hearth_base::condition::{INVALID_VECTOR_NORM_DEGREE, VECTOR_DIMENSION_MISMATCH};

use super::collection::shape::Shaped;
use super::invoke::raise;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    CosineSimilarity,
    InnerProduct,
    Distance,
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Self::CosineSimilarity => "`vector_cosine_similarity`",
            Self::InnerProduct => "`vector_inner_product`",
            Self::Distance => "`vector_l2_distance`",
        }
    }

    fn of(self, left: &[f32], right: &[f32]) -> Option<f32> {
        let pairs = || left.iter().zip(right);
        match self {
            Self::InnerProduct => Some(pairs().map(|(a, b)| a * b).sum()),
            Self::Distance => Some(pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()),
            Self::CosineSimilarity => {
                let product: f32 = pairs().map(|(a, b)| a * b).sum();
                let square = |vector: &[f32]| vector.iter().map(|a| a * a).sum::<f32>();
                let lengths = (square(left) * square(right)).sqrt();
                (lengths != 0.0).then(|| product / lengths)
            }
        }
    }
}

/// The elements of a row, without copying; `None` for NULL and for a vector with a NULL.
fn elements(list: &ListArray, row: usize) -> Option<&[f32]> {
    if list.is_null(row) {
        return None;
    }
    let values = list.values().as_primitive::<Float32Type>();
    let range = list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize;
    if values.null_count() > 0 && range.clone().any(|place| values.is_null(place)) {
        return None;
    }
    Some(&values.values()[range])
}

/// Kernel: `vector_inner_product(left, right)` and its like.
pub fn measure(shaped: &Shaped<Measure>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let (left, right) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
    let mut values = Vec::with_capacity(left.len());
    for row in 0..left.len() {
        if left.is_null(row) || right.is_null(row) {
            values.push(None);
            continue;
        }
        let (left_length, right_length) = (left.value_length(row), right.value_length(row));
        if left_length != right_length {
            return Err(raise(
                VECTOR_DIMENSION_MISMATCH
                    .with("functionName", shaped.state.name())
                    .with("leftDim", left_length)
                    .with("rightDim", right_length),
            ));
        }
        values.push(match (elements(left, row), elements(right, row)) {
            (Some(left), Some(right)) => shaped.state.of(left, right),
            _ => None,
        });
    }
    Ok(Arc::new(Float32Array::from(values)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Norm {
    Length,
    Normalized,
}

impl Norm {
    fn name(self) -> &'static str {
        match self {
            Self::Length => "`vector_norm`",
            Self::Normalized => "`vector_normalize`",
        }
    }

    fn length(self, vector: &[f32], degree: f32) -> DfResult<f32> {
        let sizes = vector.iter().map(|element| element.abs());
        match degree {
            1.0 => Ok(sizes.sum()),
            2.0 => Ok(sizes.map(|size| size * size).sum::<f32>().sqrt()),
            f32::INFINITY => Ok(sizes.fold(0.0, f32::max)),
            other => {
                let mut text = String::new();
                // Writing into a String cannot fail.
                let _ = hearth_types::number_text::write_float(&mut text, other);
                Err(raise(INVALID_VECTOR_NORM_DEGREE.with("functionName", self.name()).with("degree", text)))
            }
        }
    }
}

/// Kernel: `vector_norm(vector, degree)`, `vector_normalize(vector, degree)`.
pub fn norm(shaped: &Shaped<Norm>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let vectors = arrays[0].as_list::<i32>();
    let degrees = arrays[1].as_primitive::<Float32Type>();
    let mut lengths = Vec::with_capacity(vectors.len());
    for row in 0..vectors.len() {
        let length = match elements(vectors, row) {
            Some(vector) if degrees.is_valid(row) => Some(shaped.state.length(vector, degrees.value(row))?),
            _ => None,
        };
        lengths.push(length);
    }
    if shaped.state == Norm::Length {
        return Ok(Arc::new(Float32Array::from(lengths)));
    }
    let mut builder = ListBuilder::new(Float32Builder::with_capacity(vectors.values().len()));
    for (row, length) in lengths.into_iter().enumerate() {
        match (elements(vectors, row), length) {
            (Some(vector), Some(length)) if length != 0.0 => {
                vector.iter().for_each(|element| builder.values().append_value(element / length));
                builder.append(true);
            }
            _ => builder.append(false),
        }
    }
    Ok(Arc::new(builder.finish()))
}
