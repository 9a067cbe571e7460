//! JSON functions whose answer needs no schema.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, StringBuilder, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, Int32Type};
use hearth_base::{Error, Result};

use crate::kernels::json::path::Path;
use crate::kernels::json::value::Json;
use crate::kernels::rowwise::Args;

pub fn get_json_object(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, path) = (args.text(0)?, args.text(1)?);
    let mut known: Option<(&str, Option<Path>)> = None;
    args.texts(|row, out| {
        let (text, path) = (text.get(row)?, path.get(row)?);
        if known.as_ref().is_none_or(|(last, _)| *last != path) {
            known = Some((path, Path::parse(path)));
        }
        let path = known.as_ref().and_then(|(_, path)| path.as_ref())?;
        path.find(&Json::parse(text)?, out)
    })
}

/// NULL for anything but an array.
pub fn array_length(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.values::<Int32Type>(|row| match Json::parse(text.get(row)?)? {
        Json::Array(elements) => Some(elements.len() as i32),
        _ => None,
    })
}

/// NULL for anything but an object.
pub fn object_keys(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.text_lists(|row, out| match text.get(row).and_then(Json::parse) {
        Some(Json::Object(fields)) => {
            fields.iter().for_each(|(name, _)| out.append_value(name));
            Ok(Some(()))
        }
        _ => Ok(None),
    })
}

/// `json_tuple(text, names…)`: a list with one struct of texts for each row.
pub fn tuple(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let names = (1..args.len()).map(|index| args.text(index)).collect::<Result<Vec<_>>>()?;
    let mut columns: Vec<StringBuilder> = names.iter().map(|_| StringBuilder::new()).collect();
    for row in 0..args.rows() {
        let json = text.get(row).and_then(Json::parse);
        for (column, name) in columns.iter_mut().zip(&names) {
            let value = match (&json, name.get(row)) {
                // The last of a repeated name counts here.
                (Some(Json::Object(fields)), Some(name)) => {
                    fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
                }
                (_, _) => None,
            };
            match value {
                None | Some(Json::Null) => column.append_null(),
                Some(Json::String(text)) => column.append_value(text),
                Some(other) => {
                    let mut text = String::new();
                    other.write(&mut text);
                    column.append_value(text);
                }
            }
        }
    }
    let fields: Vec<_> =
        (0..columns.len()).map(|index| Field::new(format!("c{index}"), ArrowType::Utf8, true)).collect();
    let arrays = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
    let internal = |error: datafusion::arrow::error::ArrowError| Error::internal(error.to_string());
    let structs = StructArray::try_new(fields.into(), arrays, None).map_err(internal)?;
    let field = Arc::new(Field::new("element", structs.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(1, args.rows()));
    let list = ListArray::try_new(field, offsets, Arc::new(structs), None);
    Ok(Arc::new(list.map_err(internal)?))
}
