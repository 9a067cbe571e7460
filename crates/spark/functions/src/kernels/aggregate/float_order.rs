//! Floating point numbers as integers of the same order, and back.
//!
//! DataFusion's grouped `min` and `max` lose a NaN that is followed by a number. In Spark NaN is larger than everything;
//! mapped to integers in that order, `min` and `max` of integers are right.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float32Array, Float64Array, Int32Array, Int64Array};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::common::Result as DfResult;

use crate::kernels::invoke::bad_array;

fn order64(value: f64) -> i64 {
    let bits = (if value.is_nan() { f64::NAN } else { value }).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

fn order32(value: f32) -> i32 {
    let bits = (if value.is_nan() { f32::NAN } else { value }).to_bits() as i32;
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// Kernel: float to int.
pub fn to_order(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    match arrays[0].data_type() {
        ArrowType::Float64 => {
            let values: Int64Array = arrays[0].as_primitive::<Float64Type>().unary(order64);
            Ok(Arc::new(values))
        }
        ArrowType::Float32 => {
            let values: Int32Array = arrays[0].as_primitive::<Float32Type>().unary(order32);
            Ok(Arc::new(values))
        }
        other => Err(bad_array("float_to_order", other)),
    }
}

/// Kernel: int to float.
pub fn from_order(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    match arrays[0].data_type() {
        ArrowType::Int64 => {
            let back = |value: i64| f64::from_bits((value ^ (((value >> 63) as u64) >> 1) as i64) as u64);
            let values: Float64Array = arrays[0].as_primitive::<Int64Type>().unary(back);
            Ok(Arc::new(values))
        }
        ArrowType::Int32 => {
            let back = |value: i32| f32::from_bits((value ^ (((value >> 31) as u32) >> 1) as i32) as u32);
            let values: Float32Array = arrays[0].as_primitive::<Int32Type>().unary(back);
            Ok(Arc::new(values))
        }
        other => Err(bad_array("float_from_order", other)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn order_is_sparks_and_comes_back() {
        let values = [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 2.5, f64::INFINITY, f64::NAN];
        let input: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        let order = to_order(&(), &[input]).unwrap();
        assert!(order.as_primitive::<Int64Type>().values().windows(2).all(|pair| pair[0] < pair[1]));
        let back = from_order(&(), &[order]).unwrap();
        let bits: Vec<_> = back.as_primitive::<Float64Type>().values().iter().map(|value| value.to_bits()).collect();
        assert_eq!(bits, values.map(f64::to_bits));
    }
}
