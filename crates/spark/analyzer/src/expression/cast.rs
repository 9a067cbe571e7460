//! Explicit casts.

use hearth_base::Result;
use hearth_base::condition::UNSUPPORTED_TIME_TYPE;
use hearth_functions::{Typed, cast};
use hearth_plan::Expr;
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_types::{ArrayType, DataType, MapType, StructField, StructType};
use std::sync::Arc;

use super::context::Cx;
use crate::analyzer::Analyzer;
use crate::naming;

impl Analyzer<'_> {
    pub fn cast_expression(
        &self,
        (written, child): (&Expr, &Expr),
        to: &TypeRef,
        mode: CastMode,
        cx: Cx<'_>,
    ) -> Result<Typed> {
        let to = without_lengths(&type_of(to)?);
        let value = self.expression(child, cx.nested())?;
        // Functions of times look for themselves; a literal or `current_time()` alone is no harm.
        if !cx.env.settings.time_type && holds_time(&to) {
            return Err(UNSUPPORTED_TIME_TYPE.error());
        }
        let mode = match mode {
            CastMode::Session => cast::CastMode::of(cx.env.settings),
            CastMode::Legacy => cast::CastMode::Legacy,
            CastMode::Ansi => cast::CastMode::Ansi,
            CastMode::Try => cast::CastMode::Try,
        };
        cast::cast_written(value, &to, mode, cx.env.settings, |_| naming::sql(written))
    }
}

/// A type that may still be text.
pub(crate) fn type_of(reference: &TypeRef) -> Result<DataType> {
    match reference {
        TypeRef::Known(data_type) => Ok(data_type.clone()),
        TypeRef::Text(text) => hearth_types::ddl::parse_data_type(text),
    }
}

/// Whether values of a type hold a time of day.
pub fn holds_time(data_type: &DataType) -> bool {
    match data_type {
        DataType::Time { .. } => true,
        DataType::Array(array) => holds_time(&array.element),
        DataType::Map(map) => holds_time(&map.key) || holds_time(&map.value),
        DataType::Struct(structure) => structure.fields.iter().any(|field| holds_time(&field.data_type)),
        _ => false,
    }
}

/// `char(n)` and `varchar(n)` are plain strings everywhere but in table schemas.
pub(crate) fn without_lengths(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Char { .. } | DataType::VarChar { .. } => DataType::STRING,
        DataType::Array(array) => DataType::Array(Arc::new(ArrayType {
            element: without_lengths(&array.element),
            contains_null: array.contains_null,
        })),
        DataType::Map(map) => DataType::Map(Arc::new(MapType {
            key: without_lengths(&map.key),
            value: without_lengths(&map.value),
            value_contains_null: map.value_contains_null,
        })),
        DataType::Struct(structure) => DataType::Struct(StructType::new(
            structure
                .fields
                .iter()
                .map(|field| StructField { data_type: without_lengths(&field.data_type), ..field.clone() }),
        )),
        other => other.clone(),
    }
}
