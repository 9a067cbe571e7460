//! Rows that are put together here: what no single statement of Spark answers.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use hearth_base::{Error, Result};
use hearth_core::ResultWriter;
use hearth_sql::drivers::{Column, Kind};
use hearth_types::arrow::to_wire_schema;
use hearth_types::{DataType, StructField, StructType};

#[derive(Debug, Clone)]
pub enum Cell {
    Text(Option<String>),
    Flag(bool),
    Int(Option<i32>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

/// Writes `rows`, each as long as `columns`.
pub async fn write(columns: &[Column], rows: &[Vec<Cell>], writer: &mut ResultWriter) -> Result<()> {
    let fields = columns.iter().map(|(name, kind, nullable)| {
        let data_type = match kind {
            Kind::Text => DataType::STRING,
            Kind::Flag => DataType::Boolean,
            Kind::Int => DataType::Integer,
        };
        StructField::new(*name, data_type, *nullable)
    });
    let structure = StructType::new(fields);
    // No column has a zone.
    let schema = to_wire_schema(&structure, "UTC");
    let arrays = columns.iter().enumerate().map(|(index, (_, kind, _))| {
        let cells = rows.iter().map(|row| row.get(index));
        array(*kind, cells)
    });
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect())
        .map_err(|error| Error::internal("rows do not fit their columns").caused_by(error))?;
    writer.schema(Arc::new(structure), schema).await?;
    writer.batch(&batch).await
}

fn array<'a>(kind: Kind, cells: impl Iterator<Item = Option<&'a Cell>>) -> ArrayRef {
    match kind {
        Kind::Text => Arc::new(
            cells
                .map(|cell| if let Some(Cell::Text(text)) = cell { text.as_deref() } else { None })
                .collect::<StringArray>(),
        ),
        Kind::Flag => Arc::new(
            cells
                .map(|cell| if let Some(Cell::Flag(flag)) = cell { Some(*flag) } else { None })
                .collect::<BooleanArray>(),
        ),
        Kind::Int => Arc::new(
            cells.map(|cell| if let Some(Cell::Int(number)) = cell { *number } else { None }).collect::<Int32Array>(),
        ),
    }
}
