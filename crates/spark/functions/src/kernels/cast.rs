//! Casts over arrays: one function per pair of kinds, element by element through nested types.
//!
//! Text goes through `hearth_types` both ways. A value that does not convert is an error in ANSI mode and NULL otherwise,
//! except where old Spark wraps around (`numeric`).

mod interval;
mod nested;
mod numeric;
pub mod report;
mod temporal;
mod text;
mod variant;

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, PrimitiveBuilder, new_null_array,
};
use datafusion::common::{DataFusionError, Result as DfResult};
use hearth_base::Error;
use hearth_types::arrow::{cast_array_to as relabelled, to_engine_arrow};
use hearth_types::{DataType, Zone};

use crate::cast::CastMode;
use crate::kernels::bulk::{self, Mask};
use crate::kernels::invoke::{bad_array, raise};
use crate::kernels::variant::of_column;

/// One cast: types, what happens to a value that does not convert, and what the session says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CastPlan {
    pub from: DataType,
    pub to: DataType,
    pub mode: CastMode,
    pub time_zone: Arc<str>,
    /// When the statement started: a time without a date is on that day.
    pub now: i64,
}

impl CastPlan {
    /// The same cast for parts of a nested type.
    fn part(&self, from: &DataType, to: &DataType) -> Self {
        Self { from: from.clone(), to: to.clone(), ..self.clone() }
    }

    fn zone(&self) -> DfResult<Zone> {
        Zone::parse(&self.time_zone)
            .ok_or_else(|| raise(Error::internal(format!("the session time zone is {}", self.time_zone))))
    }

    fn is_ansi(&self) -> bool {
        self.mode == CastMode::Ansi
    }

    /// What a value that does not convert becomes: the error, or NULL.
    fn refuse<T>(&self, error: impl FnOnce() -> Error) -> DfResult<Option<T>> {
        if self.is_ansi() { Err(raise(error())) } else { Ok(None) }
    }

    fn bad_array(&self, array: &ArrayRef) -> DataFusionError {
        bad_array(&format!("cast from {} to {}", self.from.sql(), self.to.sql()), array.data_type())
    }
}

/// The kernel: one array in.
pub fn cast_arrays(plan: &CastPlan, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    match arrays {
        [array] => cast_array(plan, array),
        _ => Err(raise(Error::internal("a cast takes one argument"))),
    }
}

pub fn cast_array(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    match (&plan.from, &plan.to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (T::Udt(udt), to) => cast_array(&plan.part(&udt.sql_type, to), array),
        (T::Null, to) => Ok(new_null_array(&to_engine_arrow(to), array.len())),
        (from, to) if from.is_string() && to.is_string() => Ok(Arc::clone(array)),
        (T::Array(_), T::Array(_)) | (T::Map(_), T::Map(_)) | (T::Struct(_), T::Struct(_)) => nested::cast(plan, array),
        (T::Geometry { .. } | T::Geography { .. }, to) => relabelled(array, &to_engine_arrow(to)).map_err(raise),
        (T::Variant, _) => variant::from_variant(plan, array),
        (from, T::Variant) => of_column::of_column(array, from).map_err(raise),
        (_, to) if to.is_string() => text::to_text(plan, array),
        (from, _) if from.is_string() => text::from_text(plan, array),
        (from, to) if from.is_interval() || to.is_interval() => interval::cast(plan, array),
        (T::Date | T::Timestamp | T::TimestampNtz | T::Time { .. }, _)
        | (_, T::Date | T::Timestamp | T::TimestampNtz | T::Time { .. }) => temporal::cast(plan, array),
        _ => numeric::cast(plan, array),
    }
}

/// Applies `f` to each value that is not NULL; `None` makes NULL.
fn map_values<F, T>(
    array: &ArrayRef,
    plan: &CastPlan,
    f: impl Fn(F::Native) -> DfResult<Option<T::Native>>,
) -> DfResult<ArrayRef>
where
    F: ArrowPrimitiveType,
    T: ArrowPrimitiveType,
{
    let input = array.as_primitive_opt::<F>().ok_or_else(|| plan.bad_array(array))?;
    let mut output = PrimitiveBuilder::<T>::with_capacity(input.len());
    for row in 0..input.len() {
        if input.is_null(row) {
            output.append_null();
        } else {
            output.append_option(f(input.value(row))?);
        }
    }
    finish(output.finish(), plan)
}

/// Computes all values at once; nothing when what `f` found wrong with them is more than `fine` takes. Then they must be
/// looked at one by one.
fn all_values<F, T, M>(
    array: &ArrayRef,
    plan: &CastPlan,
    f: impl Fn(F::Native) -> (T::Native, M),
    fine: impl Fn(M) -> bool,
) -> DfResult<Option<ArrayRef>>
where
    F: ArrowPrimitiveType,
    T: ArrowPrimitiveType,
    M: Mask,
{
    let input = array.as_primitive_opt::<F>().ok_or_else(|| plan.bad_array(array))?;
    let (values, found) = bulk::map(input.values(), f);
    if !fine(found) {
        return Ok(None);
    }
    finish(PrimitiveArray::<T>::new(values.into(), input.nulls().cloned()), plan).map(Some)
}

/// Puts on the result's precise type (scale, time zone).
fn finish<T: ArrowPrimitiveType>(array: PrimitiveArray<T>, plan: &CastPlan) -> DfResult<ArrayRef> {
    let wanted = to_engine_arrow(&plan.to);
    if *array.data_type() == wanted {
        return Ok(Arc::new(array));
    }
    Ok(Arc::new(array.with_data_type(wanted)))
}
