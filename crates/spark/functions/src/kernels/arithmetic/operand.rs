//! A side of an operator: an array or a constant, without copying the constant into an array.

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, PrimitiveBuilder};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use hearth_base::Result;
use hearth_types::DataType;

use super::typed;
use crate::kernels::invoke::{bad_array, raise};

#[derive(Debug)]
pub enum Operand<'a, T: ArrowPrimitiveType> {
    Array(&'a PrimitiveArray<T>),
    Scalar(Option<T::Native>),
}

impl<'a, T: ArrowPrimitiveType> Operand<'a, T> {
    pub fn new(value: &'a ColumnarValue) -> DfResult<Self> {
        match value {
            ColumnarValue::Array(array) => {
                let array = array.as_primitive_opt::<T>().ok_or_else(|| bad_array("an operator", array.data_type()))?;
                Ok(Self::Array(array))
            }
            ColumnarValue::Scalar(scalar) => {
                let array: ArrayRef = scalar.to_array()?;
                let array = array.as_primitive_opt::<T>().ok_or_else(|| bad_array("an operator", array.data_type()))?;
                Ok(Self::Scalar(if array.is_null(0) { None } else { Some(array.value(0)) }))
            }
        }
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Option<T::Native> {
        match self {
            Self::Array(array) => (!array.is_null(row)).then(|| array.value(row)),
            Self::Scalar(value) => *value,
        }
    }

    pub fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Array(array) => array.nulls(),
            Self::Scalar(_) => None,
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar(_))
    }
}

/// Applies `f` row by row; NULL when a side is. Two constants give a constant.
pub fn rows<L: ArrowPrimitiveType, R: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    left: &Operand<'_, L>,
    right: &Operand<'_, R>,
    rows: usize,
    result: &DataType,
    f: impl Fn(L::Native, R::Native) -> Result<Option<O::Native>>,
) -> DfResult<ColumnarValue> {
    let constant = left.is_scalar() && right.is_scalar();
    let count = if constant { 1 } else { rows };
    let mut output = PrimitiveBuilder::<O>::with_capacity(count);
    for row in 0..count {
        match (left.get(row), right.get(row)) {
            (Some(left), Some(right)) => output.append_option(f(left, right).map_err(raise)?),
            _ => output.append_null(),
        }
    }
    let array = typed(output.finish(), result);
    if constant {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}
