//! Rows one at a time: for `FOR` and for cursors.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use hearth_analyzer::Variable;
use hearth_base::Result;
use hearth_plan::Relation;
use hearth_types::StructType;

use crate::error::from_datafusion;
use crate::execute::{Query, Rows};
use crate::run;
use crate::session::EmbeddedSession;

/// A cursor of a block; it reads while it is open.
pub struct Cursor {
    /// The text of its query.
    pub text: String,
    pub reader: Option<RowReader>,
}

pub struct RowReader {
    pub schema: StructType,
    rows: Rows,
    batch: Option<RecordBatch>,
    next: usize,
}

impl RowReader {
    pub async fn open(session: &EmbeddedSession, relation: &Relation) -> Result<Self> {
        let analyzed = run::analyze(session, relation).await?;
        let query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
        Ok(Self { schema: analyzed.schema, rows: query.rows()?, batch: None, next: 0 })
    }

    /// The next row as a batch of one.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = &self.batch
                && self.next < batch.num_rows()
            {
                self.next += 1;
                return Ok(Some(batch.slice(self.next - 1, 1)));
            }
            self.batch = self.rows.next().await?;
            self.next = 0;
            if self.batch.is_none() {
                return Ok(None);
            }
        }
    }

    /// The columns of a row as variables, with their names.
    pub fn variables(&self, row: &RecordBatch) -> Result<Vec<(String, Variable)>> {
        let cells = self.schema.fields.iter().zip(row.columns());
        cells
            .map(|(field, column)| {
                let value = ScalarValue::try_from_array(column, 0).map_err(from_datafusion)?;
                Ok((field.name.to_string(), Variable { value, data_type: field.data_type.clone() }))
            })
            .collect()
    }
}
