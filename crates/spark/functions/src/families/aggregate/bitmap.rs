//! Aggregates over bitmaps.

use hearth_base::Result;
use hearth_types::DataType;

use super::apply;
use crate::call::Call;
use crate::coercion;
use crate::kernels::aggregate::bitmap::Bitmap;
use crate::kernels::aggregate::fold::Folding;
use crate::kernels::aggregate::udaf::udaf;
use crate::typed::Typed;

pub fn construct(mut call: Call<'_>) -> Result<Typed> {
    let [position] = call.take()?;
    let position = coercion::long(&call, 0, position)?;
    Ok(apply(&call, udaf(Folding(Bitmap::Construct)), vec![position], (DataType::Binary, false)))
}

pub fn or(call: Call<'_>) -> Result<Typed> {
    of_bitmaps(call, Bitmap::Or)
}

pub fn and(call: Call<'_>) -> Result<Typed> {
    of_bitmaps(call, Bitmap::And)
}

/// Nothing is converted: NULL and text do not fit.
fn of_bitmaps(mut call: Call<'_>, fold: Bitmap) -> Result<Typed> {
    let [bitmap] = call.take()?;
    if bitmap.data_type != DataType::Binary {
        return Err(call.unexpected_type(0, "\"BINARY\"", &bitmap.data_type));
    }
    Ok(apply(&call, udaf(Folding(fold)), vec![bitmap], (DataType::Binary, false)))
}
