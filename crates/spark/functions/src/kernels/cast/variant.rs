//! Casts from VARIANT. What does not fit is an error whatever the mode is, except with `try_cast`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::common::Result as DfResult;
use hearth_base::Result;

use super::CastPlan;
use crate::cast::CastMode;
use crate::kernels::invoke::raise;
use crate::kernels::json::cell::{Cell, column};
use crate::kernels::variant::VariantColumn;
use crate::kernels::variant::convert::Conversion;

pub fn from_variant(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    let conversion = Conversion {
        zone: plan.zone()?,
        time_zone: Arc::clone(&plan.time_zone),
        now: plan.now,
        tries: plan.mode == CastMode::Try,
    };
    convert(&conversion, plan, array).map_err(raise)
}

fn convert(conversion: &Conversion, plan: &CastPlan, array: &ArrayRef) -> Result<ArrayRef> {
    let variants = VariantColumn::of(array)?;
    let cell = |row: usize| match variants.get(row) {
        Some(variant) => conversion.cell(variant, &plan.to),
        None => Ok(Cell::Null),
    };
    let cells = (0..array.len()).map(cell).collect::<Result<Vec<_>>>()?;
    column(&cells.iter().collect::<Vec<_>>(), &plan.to)
}
