//! Structs with their fields in the order of another struct, found by name, also those inside of arrays and maps.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use datafusion::arrow::datatypes::DataType as ArrowType;
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType};

use crate::kernels::rowwise::{Args, call_rows};
use crate::typed::Typed;

/// What is given and what it becomes.
type Types = (DataType, DataType);

/// `value` with the fields of its structs in the order and under the names of `to`, whose fields must all be there. The
/// fields' own types stay.
pub fn arranged(value: Typed, to: &DataType, case_sensitive: bool) -> Result<Typed> {
    let wanted = arranged_type(&value.data_type, to, case_sensitive);
    if wanted == value.data_type {
        return Ok(value);
    }
    let (from, nullable) = (value.data_type.clone(), value.nullable);
    call_rows("arranged_by_name", vec![value], (wanted.clone(), nullable), (from, wanted), arrange_all)
}

fn arranged_type(from: &DataType, to: &DataType, case_sensitive: bool) -> DataType {
    match (from, to) {
        (DataType::Struct(from), DataType::Struct(to)) => {
            let field = |wanted: &StructField| {
                let given = from.fields.iter().find(|field| same(&field.name, &wanted.name, case_sensitive))?;
                let data_type = arranged_type(&given.data_type, &wanted.data_type, case_sensitive);
                Some(StructField::new(wanted.name.to_string(), data_type, given.nullable))
            };
            match to.fields.iter().map(field).collect::<Option<Vec<_>>>() {
                Some(fields) => DataType::structure(fields),
                None => DataType::Struct(from.clone()),
            }
        }
        (DataType::Array(from), DataType::Array(to)) => {
            DataType::array(arranged_type(&from.element, &to.element, case_sensitive), from.contains_null)
        }
        (DataType::Map(from), DataType::Map(to)) => DataType::map(
            arranged_type(&from.key, &to.key, case_sensitive),
            arranged_type(&from.value, &to.value, case_sensitive),
            from.value_contains_null,
        ),
        (from, _) => from.clone(),
    }
}

fn same(left: &str, right: &str, case_sensitive: bool) -> bool {
    if case_sensitive { left == right } else { left.eq_ignore_ascii_case(right) }
}

fn arrange_all((from, to): &Types, args: &Args) -> Result<ArrayRef> {
    let (array, _) = args.raw(0)?;
    arrange(array, from, to)
}

fn arrange(array: &ArrayRef, from: &DataType, to: &DataType) -> Result<ArrayRef> {
    if from == to {
        return Ok(Arc::clone(array));
    }
    match (from, to) {
        (DataType::Struct(from), DataType::Struct(to)) => arrange_struct(array, from, to),
        (DataType::Array(from), DataType::Array(inner)) => {
            let ArrowType::List(field) = to_engine_arrow(to) else { return Err(mismatch()) };
            let list = array.as_list_opt::<i32>().ok_or_else(mismatch)?;
            let values = arrange(list.values(), &from.element, &inner.element)?;
            let made = ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned());
            Ok(Arc::new(made.map_err(Error::internal)?))
        }
        (DataType::Map(from), DataType::Map(inner)) => {
            let ArrowType::Map(field, sorted) = to_engine_arrow(to) else { return Err(mismatch()) };
            let ArrowType::Struct(fields) = field.data_type() else { return Err(mismatch()) };
            let map = array.as_map_opt().ok_or_else(mismatch)?;
            let columns =
                vec![arrange(map.keys(), &from.key, &inner.key)?, arrange(map.values(), &from.value, &inner.value)?];
            let entries = StructArray::try_new(fields.clone(), columns, None).map_err(Error::internal)?;
            let made = MapArray::try_new(field, map.offsets().clone(), entries, map.nulls().cloned(), sorted);
            Ok(Arc::new(made.map_err(Error::internal)?))
        }
        (_, _) => Err(mismatch()),
    }
}

fn arrange_struct(array: &ArrayRef, from: &StructType, to: &StructType) -> Result<ArrayRef> {
    let given = array.as_struct_opt().ok_or_else(mismatch)?;
    let mut columns = Vec::with_capacity(to.fields.len());
    for field in to.fields.iter() {
        let place = from.fields.iter().position(|known| known.name.eq_ignore_ascii_case(&field.name));
        let place = place.ok_or_else(mismatch)?;
        let (column, known) = (given.columns().get(place), from.fields.get(place));
        let (Some(column), Some(known)) = (column, known) else { return Err(mismatch()) };
        columns.push(arrange(column, &known.data_type, &field.data_type)?);
    }
    let ArrowType::Struct(fields) = to_engine_arrow(&DataType::Struct(to.clone())) else { return Err(mismatch()) };
    let made = StructArray::try_new(fields, columns, given.nulls().cloned());
    Ok(Arc::new(made.map_err(Error::internal)?))
}

fn mismatch() -> Error {
    Error::internal("rows of another type than their schema says")
}
