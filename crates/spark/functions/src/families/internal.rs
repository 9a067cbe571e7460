//! Functions that clients send under their own name and SQL does not know: they are in no list.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Float64Array, ListArray};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result as DfResult;
use datafusion::common::cast::{as_float64_array, as_list_array};
use hearth_base::Result;
use hearth_types::DataType;

use super::aggregate::collect_list;
use crate::call::{Argument, Call};
use crate::coercion;
use crate::kernels::invoke::{SparkUdf, apply};
use crate::row::{Arity, Family, FunctionRow, aggregate};
use crate::typed::Typed;

const ROWS: &[FunctionRow] =
    &[aggregate("product", Family::Aggregate, Arity::Exact(1), product).summary("The product of the values.")];

/// The row of an internal function.
pub fn lookup(name: &str) -> Option<&'static FunctionRow> {
    ROWS.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}

/// The values of a group multiplied in their order, as doubles; NULL for none.
fn product(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::double(&call, 0, value)?;
    let values = collect_list(Call { arguments: vec![Argument::Value(value)], ..call })?;
    let udf = SparkUdf::of_arrays("spark_product", (), ArrowType::Float64, true, multiply);
    Ok(apply(udf, vec![values], DataType::Double))
}

fn multiply(_state: &(), arguments: &[ArrayRef]) -> DfResult<ArrayRef> {
    let lists: &ListArray = as_list_array(&arguments[0])?;
    let products: Float64Array = (0..lists.len())
        .map(|row| {
            if lists.is_null(row) || lists.value_length(row) == 0 {
                return Ok(None);
            }
            let values = lists.value(row);
            Ok(Some(as_float64_array(&values)?.iter().flatten().product()))
        })
        .collect::<DfResult<_>>()?;
    Ok(Arc::new(products))
}
