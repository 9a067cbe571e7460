//! Arrays, maps and structs: their parts are cast, their shape stays.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result as DfResult;
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::{CastPlan, cast_array};

pub fn cast(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    match (&plan.from, &plan.to, to_engine_arrow(&plan.to)) {
        (DataType::Array(from), DataType::Array(to), ArrowType::List(field)) => {
            let list = as_list(array)?;
            let list = list.as_list_opt::<i32>().ok_or_else(|| plan.bad_array(array))?;
            let values = cast_array(&plan.part(&from.element, &to.element), list.values())?;
            Ok(Arc::new(ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        (DataType::Map(from), DataType::Map(to), ArrowType::Map(field, ordered)) => {
            let map = array.as_map_opt().ok_or_else(|| plan.bad_array(array))?;
            let keys = cast_array(&plan.part(&from.key, &to.key), map.keys())?;
            let values = cast_array(&plan.part(&from.value, &to.value), map.values())?;
            let ArrowType::Struct(fields) = field.data_type() else {
                return Err(plan.bad_array(array));
            };
            let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
            Ok(Arc::new(MapArray::try_new(field, map.offsets().clone(), entries, map.nulls().cloned(), ordered)?))
        }
        (DataType::Struct(from), DataType::Struct(to), ArrowType::Struct(fields)) => {
            let structure = array.as_struct_opt().ok_or_else(|| plan.bad_array(array))?;
            let parts = from.fields.iter().zip(to.fields.iter()).zip(structure.columns());
            let columns = parts
                .map(|((from, to), column)| cast_array(&plan.part(&from.data_type, &to.data_type), column))
                .collect::<DfResult<Vec<_>>>()?;
            let nulls = structure.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields, columns, nulls, structure.len())?))
        }
        _ => Err(plan.bad_array(array)),
    }
}

/// Large lists and list views as plain lists.
fn as_list(array: &ArrayRef) -> DfResult<ArrayRef> {
    match array.data_type() {
        ArrowType::LargeList(field) | ArrowType::ListView(field) | ArrowType::FixedSizeList(field, _) => {
            Ok(arrow_cast(array, &ArrowType::List(Arc::clone(field)))?)
        }
        _ => Ok(Arc::clone(array)),
    }
}
