//! Mathematical functions of one or two doubles as Java computes them, and the other numeric kernels of the family.
//!
//! Spark takes most of them from `StrictMath` (`strict`). Sine, cosine and tangent are left to the machine, as in Java,
//! where their last bit is that of the processor's own routines.

pub mod radix;
pub mod rounding;
pub mod strict;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Builder};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};
use datafusion::common::Result as DfResult;
use hearth_base::Error;

use crate::kernels::invoke::{bad_array, raise};

/// A function of one double. `None` is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Cbrt,
    Cos,
    Cosh,
    Cot,
    Csc,
    Degrees,
    Exp,
    Expm1,
    Ln,
    Log10,
    Log1p,
    Log2,
    Radians,
    Rint,
    Sec,
    Signum,
    Sin,
    Sinh,
    Sqrt,
    Tan,
    Tanh,
}

impl Unary {
    fn apply(self, x: f64) -> Option<f64> {
        Some(match self {
            Self::Acos => strict::acos(x),
            Self::Acosh => strict::acosh(x),
            Self::Asin => strict::asin(x),
            Self::Asinh => strict::asinh(x),
            Self::Atan => strict::atan(x),
            Self::Atanh => 0.5 * (strict::ln_1p(x) - strict::ln_1p(-x)),
            Self::Cbrt => strict::cbrt(x),
            Self::Cos => x.cos(),
            Self::Cosh => strict::cosh(x),
            Self::Cot => 1.0 / x.tan(),
            Self::Csc => 1.0 / x.sin(),
            Self::Degrees => x * (180.0 / std::f64::consts::PI),
            Self::Exp => strict::exp(x),
            Self::Expm1 => strict::expm1(x),
            Self::Ln if x <= 0.0 => return None,
            Self::Ln => strict::ln(x),
            Self::Log10 if x <= 0.0 => return None,
            Self::Log10 => strict::log10(x),
            Self::Log1p if x <= -1.0 => return None,
            Self::Log1p => strict::ln_1p(x),
            Self::Log2 if x <= 0.0 => return None,
            Self::Log2 => strict::ln(x) / std::f64::consts::LN_2,
            Self::Radians => x * (std::f64::consts::PI / 180.0),
            Self::Rint => x.round_ties_even(),
            Self::Sec => 1.0 / x.cos(),
            Self::Signum if x == 0.0 || x.is_nan() => x,
            Self::Signum => x.signum(),
            Self::Sin => x.sin(),
            Self::Sinh => strict::sinh(x),
            Self::Sqrt => x.sqrt(),
            Self::Tan => x.tan(),
            Self::Tanh => strict::tanh(x),
        })
    }
}

pub fn unary(function: &Unary, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(wrong_count());
    };
    let values = doubles(array)?;
    let mut output = Float64Builder::with_capacity(values.len());
    for value in values {
        output.append_option(value.and_then(|value| function.apply(value)));
    }
    Ok(Arc::new(output.finish()))
}

/// A function of two doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    Atan2,
    Hypot,
    Log,
    Pow,
}

impl Binary {
    fn apply(self, left: f64, right: f64) -> Option<f64> {
        match self {
            // Adding zero turns -0.0 into 0.0, as Spark does.
            Self::Atan2 => Some(strict::atan2(left + 0.0, right + 0.0)),
            Self::Hypot => Some(strict::hypot(left, right)),
            Self::Log if left <= 0.0 || right <= 0.0 => None,
            Self::Log => Some(strict::ln(right) / strict::ln(left)),
            // Java: one to the infinite power, and minus one, are NaN; anything to NaN is NaN.
            Self::Pow if right.is_nan() || (left.abs() == 1.0 && right.is_infinite()) => Some(f64::NAN),
            Self::Pow => Some(strict::pow(left, right)),
        }
    }
}

pub fn binary(function: &Binary, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [left, right] = arrays else {
        return Err(wrong_count());
    };
    let mut output = Float64Builder::with_capacity(left.len());
    for pair in doubles(left)?.iter().zip(doubles(right)?) {
        output.append_option(match pair {
            (Some(left), Some(right)) => function.apply(left, right),
            _ => None,
        });
    }
    Ok(Arc::new(output.finish()))
}

fn doubles(array: &ArrayRef) -> DfResult<&datafusion::arrow::array::Float64Array> {
    array.as_primitive_opt::<Float64Type>().ok_or_else(|| bad_array("a mathematical function", array.data_type()))
}

fn wrong_count() -> datafusion::common::DataFusionError {
    raise(Error::internal("a kernel got another number of arguments than its function takes"))
}

/// False for NULL.
pub fn is_nan((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let [array] = arrays else {
        return Err(wrong_count());
    };
    let answer: BooleanArray = match array.data_type() {
        ArrowType::Float32 => {
            array.as_primitive::<Float32Type>().iter().map(|value| Some(value.is_some_and(f32::is_nan))).collect()
        }
        _ => doubles(array)?.iter().map(|value| Some(value.is_some_and(f64::is_nan))).collect(),
    };
    Ok(Arc::new(answer))
}
