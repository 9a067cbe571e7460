//! The forms in which rows leave: JSON, CSV, Arrow IPC.
//!
//! JSON and CSV are written by `RowEncoder` from record batches. Each column of a batch becomes `cells::Cells` once, which
//! resolves its type and layout; after that a cell costs one branch and goes straight into the output. `arrow` passes
//! stored IPC streams on, cuts, joins and compresses them. Nothing here knows chunks, links or HTTP.

pub mod arrow;
mod cells;
mod csv;
mod json;
mod text;

use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;
use hearth_base::{Error, Result};
use hearth_types::arrow::{ENGINE_TIME_ZONE, cast_batch_to, to_wire_schema};
use hearth_types::{StructType, Zone};

use cells::Cells;

/// Writes rows as text. Made once for a result.
#[derive(Debug, Clone)]
pub struct RowEncoder {
    columns: StructType,
    layout: SchemaRef,
    zone: Zone,
}

impl RowEncoder {
    /// `zone` is the session time zone, in which timestamps are shown.
    pub fn new(columns: &StructType, zone: Zone) -> Self {
        // Which zone the layout names does not matter: the values of timestamps are the same in all.
        Self { columns: columns.clone(), layout: to_wire_schema(columns, ENGINE_TIME_ZONE), zone }
    }

    fn cells(&self, batch: &RecordBatch) -> Result<Vec<Cells>> {
        let batch = cast_batch_to(batch, &self.layout)?;
        let columns = batch.columns().iter().zip(self.columns.fields.iter());
        columns.map(|(column, field)| Cells::new(column.as_ref(), &field.data_type, &self.zone)).collect()
    }
}

/// Only a damaged variant cannot be written.
fn unwritable(_: std::fmt::Error) -> Error {
    Error::internal("a value of the result has no text: its bytes are damaged")
}
