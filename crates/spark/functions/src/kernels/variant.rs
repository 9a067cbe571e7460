//! VARIANT: values of any shape in Spark's binary form (a value, and the names of all its fields beside it).
//!
//! `read` takes values apart, `build` makes them; the rest goes between them and JSON, columns, paths and types. Bytes
//! may come from files: damaged ones are the error `MALFORMED_VARIANT`, never a panic. Source: `VariantUtil`,
//! `VariantBuilder` and the variant expressions of Spark.

pub mod build;
pub mod convert;
pub mod explode;
pub mod get;
pub mod of_column;
pub mod of_json;
pub mod read;
pub mod schema;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType as ArrowType;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use build::Encoded;
use read::Variant;

/// A column of variants.
pub struct VariantColumn {
    nulls: Option<NullBuffer>,
    values: BinaryArray,
    metadata: BinaryArray,
}

impl VariantColumn {
    /// `array` is a struct of two binary columns, of whatever width.
    pub fn of(array: &ArrayRef) -> Result<Self> {
        let wrong = || Error::internal(format!("a variant is held as {}", array.data_type()));
        let structure = array.as_struct_opt().ok_or_else(wrong)?;
        let part = |name: &str| -> Result<BinaryArray> {
            let column = structure.column_by_name(name).ok_or_else(wrong)?;
            let bytes = cast(column, &ArrowType::Binary).map_err(|error| Error::internal(error.to_string()))?;
            bytes.as_binary_opt::<i32>().cloned().ok_or_else(wrong)
        };
        Ok(Self { nulls: structure.nulls().cloned(), values: part("value")?, metadata: part("metadata")? })
    }

    pub fn get(&self, row: usize) -> Option<Variant<'_>> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(Variant { value: self.values.value(row), metadata: self.metadata.value(row) })
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// The engine's column of variants.
pub fn column<'a>(values: impl Iterator<Item = Option<&'a Encoded>>) -> Result<ArrayRef> {
    let (mut bytes, mut metadata, mut valid) = (BinaryBuilder::new(), BinaryBuilder::new(), Vec::new());
    for value in values {
        valid.push(value.is_some());
        bytes.append_value(value.map_or(&[][..], |value| &value.value));
        metadata.append_value(value.map_or(&[][..], |value| &value.metadata));
    }
    let ArrowType::Struct(fields) = to_engine_arrow(&DataType::Variant) else {
        return Err(Error::internal("a variant is no struct"));
    };
    let columns: Vec<ArrayRef> = vec![Arc::new(bytes.finish()), Arc::new(metadata.finish())];
    let column = StructArray::try_new(fields, columns, Some(NullBuffer::from(valid)));
    Ok(Arc::new(column.map_err(|error| Error::internal(error.to_string()))?))
}
