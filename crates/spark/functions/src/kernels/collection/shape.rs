//! Exact Arrow forms, and comparison of elements.
//!
//! A record batch wants columns of exactly its schema's types, names and nullability inside nested types included; what
//! files and other functions produce differs in such details. `conform` rebuilds without copying values.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float64Array, ListArray, MapArray, StructArray,
};
use datafusion::arrow::compute::{SortOptions, cast};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::Result as DfResult;
use hearth_base::Result;
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::kernels::invoke::{self, State};
use crate::typed::Typed;

/// A kernel that gets its arguments in exactly the form of their Spark types. Its answer is brought into form too.
pub type ShapedKernel<S> = fn(&Shaped<S>, &[ArrayRef]) -> DfResult<ArrayRef>;

/// A kernel's state with the Arrow types of its arguments and its result.
#[derive(Clone)]
pub struct Shaped<S> {
    pub state: S,
    pub arguments: Vec<ArrowType>,
    pub result: ArrowType,
    kernel: ShapedKernel<S>,
}

impl<S: fmt::Debug> fmt::Debug for Shaped<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shaped").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<S: PartialEq> PartialEq for Shaped<S> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.arguments == other.arguments && self.result == other.result
    }
}

impl<S: Eq> Eq for Shaped<S> {}

impl<S: Hash> Hash for Shaped<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.state.hash(state);
        self.arguments.hash(state);
    }
}

fn run<S: State>(shaped: &Shaped<S>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let arrays = arrays
        .iter()
        .zip(&shaped.arguments)
        .map(|(array, target)| conform(array, target))
        .collect::<DfResult<Vec<_>>>()?;
    conform(&(shaped.kernel)(shaped, &arrays)?, &shaped.result)
}

/// Calls a kernel on arguments in form. `result` is type and nullability.
pub fn call<S: State>(
    name: &'static str,
    state: S,
    arguments: Vec<Typed>,
    result: (DataType, bool),
    kernel: ShapedKernel<S>,
) -> Result<Typed> {
    let (shaped, result) = shape(state, &arguments, result, kernel);
    invoke::call_arrays_with(name, shaped, arguments, result, run::<S>)
}

/// As `call`, for kernels whose answer differs from call to call.
pub fn call_volatile<S: State>(
    name: &'static str,
    state: S,
    arguments: Vec<Typed>,
    result: (DataType, bool),
    kernel: ShapedKernel<S>,
) -> Typed {
    let (shaped, (data_type, nullable)) = shape(state, &arguments, result, kernel);
    let udf = invoke::SparkUdf::of_arrays(name, shaped, to_engine_arrow(&data_type), nullable, run::<S>).volatile();
    invoke::apply(udf, arguments, data_type)
}

fn shape<S: State>(
    state: S,
    arguments: &[Typed],
    result: (DataType, bool),
    kernel: ShapedKernel<S>,
) -> (Shaped<S>, (DataType, bool)) {
    let types = arguments.iter().map(|argument| to_engine_arrow(&argument.data_type)).collect();
    (Shaped { state, arguments: types, result: to_engine_arrow(&result.0), kernel }, result)
}

/// `array` as exactly `target`, which has the same structure. Struct fields are taken by place, not by name.
pub fn conform(array: &ArrayRef, target: &ArrowType) -> DfResult<ArrayRef> {
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    Ok(match (array.data_type(), target) {
        (ArrowType::List(_), ArrowType::List(field)) => {
            let list = array.as_list::<i32>();
            let values = conform(list.values(), field.data_type())?;
            Arc::new(ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        (ArrowType::Struct(_), ArrowType::Struct(fields)) if array.as_struct().num_columns() == fields.len() => {
            let structs = array.as_struct();
            if fields.is_empty() {
                return Ok(Arc::new(StructArray::new_empty_fields(structs.len(), structs.nulls().cloned())));
            }
            let columns = structs
                .columns()
                .iter()
                .zip(fields)
                .map(|(column, field)| conform(column, field.data_type()))
                .collect::<DfResult<Vec<_>>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, structs.nulls().cloned())?)
        }
        (ArrowType::Map(..), ArrowType::Map(field, sorted)) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let entries = conform(&entries, field.data_type())?.as_struct().clone();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls, *sorted)?)
        }
        _ => cast(array, target)?,
    })
}

/// `array` with one zero and one NaN, so that equal values have equal bits.
pub fn comparable(array: &ArrayRef) -> DfResult<ArrayRef> {
    if !has_floats(array.data_type()) {
        return Ok(Arc::clone(array));
    }
    Ok(match array.data_type() {
        ArrowType::Float64 => {
            let normal: Float64Array = array
                .as_primitive::<Float64Type>()
                .unary(|value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 });
            Arc::new(normal)
        }
        ArrowType::Float32 => {
            let normal: Float32Array = array
                .as_primitive::<Float32Type>()
                .unary(|value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 });
            Arc::new(normal)
        }
        ArrowType::List(field) => {
            let list = array.as_list::<i32>();
            let values = comparable(list.values())?;
            Arc::new(ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        ArrowType::Struct(fields) => {
            let structs = array.as_struct();
            let columns = structs.columns().iter().map(comparable).collect::<DfResult<Vec<_>>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, structs.nulls().cloned())?)
        }
        _ => Arc::clone(array),
    })
}

fn has_floats(data_type: &ArrowType) -> bool {
    match data_type {
        ArrowType::Float32 | ArrowType::Float64 => true,
        ArrowType::List(field) => has_floats(field.data_type()),
        ArrowType::Struct(fields) => fields.iter().any(|field| has_floats(field.data_type())),
        _ => false,
    }
}

/// Arrays of one type as rows of bytes that compare as their values do. NULL equals NULL.
pub fn encode(arrays: &[&ArrayRef], options: SortOptions) -> DfResult<(RowConverter, Vec<Rows>)> {
    let data_type = arrays.first().map_or(ArrowType::Null, |array| array.data_type().clone());
    let converter = RowConverter::new(vec![SortField::new_with_options(data_type, options)])?;
    let rows = arrays
        .iter()
        .map(|array| Ok(converter.convert_columns(&[comparable(array)?])?))
        .collect::<DfResult<Vec<_>>>()?;
    Ok((converter, rows))
}
