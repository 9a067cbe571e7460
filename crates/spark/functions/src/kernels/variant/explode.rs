//! `variant_explode` and the small questions about variants: is it JSON's null, are its bytes sound.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int32Array, ListArray, StringArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::DataType as ArrowType;
use hearth_base::{Error, Result};
use hearth_types::Zone;
use hearth_types::arrow::to_engine_arrow;

use super::build::{Builder, Encoded};
use super::read::Value;
use super::{VariantColumn, column};
use crate::kernels::rowwise::Args;

/// The list type is the state: structs of position, name and value.
pub fn explode(result: &hearth_types::DataType, args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let variants = VariantColumn::of(array)?;
    let (mut positions, mut names, mut values) = (Vec::new(), Vec::new(), Vec::<Encoded>::new());
    let mut lengths = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let parts = match variants.get(row * step).map(|variant| variant.read()).transpose()? {
            Some(Value::Object(fields)) => fields.into_iter().map(|(name, part)| (Some(name), part)).collect(),
            Some(Value::Array(elements)) => elements.into_iter().map(|part| (None, part)).collect(),
            _ => Vec::new(),
        };
        lengths.push(parts.len());
        for (position, (name, part)) in parts.into_iter().enumerate() {
            positions.push(i32::try_from(position).unwrap_or(i32::MAX));
            names.push(name.map(ToOwned::to_owned));
            let mut builder = Builder::default();
            builder.variant(part)?;
            values.push(builder.finish()?);
        }
    }
    let ArrowType::List(field) = to_engine_arrow(result) else { return Err(Error::internal("no list")) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(Error::internal("no list of structs")) };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(positions)),
        Arc::new(StringArray::from(names)),
        column(values.iter().map(Some))?,
    ];
    let internal = |error: datafusion::arrow::error::ArrowError| Error::internal(error.to_string());
    let structs = StructArray::try_new(fields.clone(), columns, None).map_err(internal)?;
    let list = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), Arc::new(structs), None);
    Ok(Arc::new(list.map_err(internal)?))
}

/// NULL is not JSON's null.
pub fn is_variant_null(_: &(), args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let variants = VariantColumn::of(array)?;
    let answers = (0..args.rows()).map(|row| Some(variants.get(row * step).is_some_and(|variant| variant.is_null())));
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}

pub fn is_valid_variant(_: &(), args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let variants = VariantColumn::of(array)?;
    let answers = (0..args.rows()).map(|row| variants.get(row * step).map(|variant| variant.json(&Zone::UTC).is_ok()));
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}
