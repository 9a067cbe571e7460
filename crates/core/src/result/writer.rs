//! `ResultWriter`: what an engine writes an answer to.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::{Buf, Bytes};
use hearth_base::{Error, Result};
use hearth_types::StructType;

use super::gather::Gathered;
use super::log::ResultLog;
use super::{Batch, ByteBound, Item};
use crate::limits::Limits;
use crate::operation::Operation;
use crate::progress::Progress;

/// Writes schema, rows and answers, in this order. Batches have the Arrow form that clients get.
#[derive(Debug)]
pub struct ResultWriter {
    operation: Arc<Operation>,
    chunk_bytes: usize,
    chunk_rows: usize,
    schema: Option<Arc<StructType>>,
    arrow: Option<arrow::datatypes::SchemaRef>,
    rows: i64,
    bytes: u64,
    batches: usize,
    /// Batches that came encoded and are not in the log yet.
    gathered: Gathered,
    /// Rows were left out, and all that follow are.
    full: bool,
}

impl ResultWriter {
    pub fn new(operation: Arc<Operation>, limits: &Limits) -> Self {
        Self {
            operation,
            chunk_bytes: limits.chunk_size.as_usize().max(1),
            chunk_rows: limits.chunk_rows.max(1),
            schema: None,
            arrow: None,
            rows: 0,
            bytes: 0,
            batches: 0,
            gathered: Gathered::default(),
            full: false,
        }
    }

    pub fn progress(&self) -> &Progress {
        &self.operation.progress
    }

    /// The bytes that one chunk aims at: larger batches are cut, smaller ones are the engine's to put together.
    pub fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    /// The rows that one chunk has at most.
    pub fn chunk_rows(&self) -> usize {
        self.chunk_rows
    }

    fn log(&self) -> &ResultLog {
        &self.operation.log
    }

    /// Says what the rows look like: Spark's types, and the Arrow form of the batches that follow.
    pub async fn schema(&mut self, schema: Arc<StructType>, arrow: arrow::datatypes::SchemaRef) -> Result<()> {
        self.schema = Some(Arc::clone(&schema));
        self.arrow = Some(arrow);
        self.put(Item::Schema(schema)).await
    }

    /// Nothing that is still written will be kept: the engine may stop.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Writes rows, cut into chunks of the named sizes.
    pub async fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.flush().await?;
        let batch = &self.within_bounds(batch)?;
        let rows_per_chunk = self.rows_per_chunk(batch);
        let mut start = 0;
        while start < batch.num_rows() {
            let length = rows_per_chunk.min(batch.num_rows() - start);
            self.chunk(&batch.slice(start, length)).await?;
            start += length;
        }
        Ok(())
    }

    /// The part of `batch` that the operation's bounds leave.
    fn within_bounds(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let bounds = &self.operation.bounds;
        let left = bounds.rows.map_or(rows, |most| usize::try_from(most - self.rows).unwrap_or(0));
        let mut keep = if self.full { 0 } else { rows.min(left) };
        if let (Some(bound), 1..) = (&bounds.bytes, keep) {
            let bytes = slice_bytes(&batch.slice(0, keep)) as u64;
            match bound {
                ByteBound::Refuse(most, error) if self.bytes + bytes > most.bytes() => return Err(error.clone()),
                ByteBound::Truncate(most) if self.bytes + bytes > most.bytes() => {
                    // Rows of a batch count as equally large.
                    let left = most.bytes().saturating_sub(self.bytes);
                    let fit = u128::from(left) * keep as u128 / u128::from(bytes.max(1));
                    keep = keep.min(usize::try_from(fit).unwrap_or(keep));
                }
                ByteBound::Refuse(..) | ByteBound::Truncate(_) => {}
            }
            self.bytes += bytes;
        }
        if keep < rows {
            self.full = true;
            self.log().truncate();
        }
        Ok(batch.slice(0, keep))
    }

    fn rows_per_chunk(&self, batch: &RecordBatch) -> usize {
        let bytes = slice_bytes(batch);
        let chunks = bytes.div_ceil(self.chunk_bytes).max(1);
        batch.num_rows().div_ceil(chunks).clamp(1, self.chunk_rows)
    }

    async fn chunk(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        let item = Item::Batch(Batch { rows, start: self.rows, data: encode(batch)? });
        self.rows += rows;
        self.batches += 1;
        self.log().push(item).await
    }

    /// Writes an item behind what was gathered.
    async fn put(&mut self, item: Item) -> Result<()> {
        self.flush().await?;
        self.log().push(item).await
    }

    /// Writes rows that are an Arrow IPC stream already, of one record batch. They go on as they are, unless the operation's
    /// bounds cut them; small batches wait for others until `flush` or the end.
    pub async fn encoded(&mut self, rows: i64, data: Bytes) -> Result<()> {
        let bounds = &self.operation.bounds;
        if bounds.rows.is_some() || bounds.bytes.is_some() {
            for batch in decode(data)? {
                // Of rows that are none, one batch is written in the end.
                self.arrow.get_or_insert_with(|| batch.schema());
                self.batch(&batch).await?;
            }
            return Ok(());
        }
        let is_small = Gathered::is_small(&data);
        if !is_small || !self.gathered.has_room(rows, &data, self.chunk_rows) {
            self.flush().await?;
        }
        self.gathered.add(rows, data);
        if is_small { Ok(()) } else { self.flush().await }
    }

    /// Whether rows wait here for `flush`.
    pub fn holds_rows(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// Ends when a reader waits for what comes next.
    pub async fn awaited(&self) {
        self.log().awaited().await;
    }

    /// Lets readers have all rows that were written.
    pub async fn flush(&mut self) -> Result<()> {
        for (rows, data) in self.gathered.take() {
            let item = Item::Batch(Batch { rows, start: self.rows, data });
            self.rows += rows;
            self.batches += 1;
            self.log().push(item).await?;
        }
        Ok(())
    }

    /// As `schema`, for rows that come encoded: their Arrow form is in them.
    pub async fn schema_of_encoded(&mut self, schema: Arc<StructType>) -> Result<()> {
        self.schema = Some(Arc::clone(&schema));
        self.put(Item::Schema(schema)).await
    }

    /// Writes an encoded `spark.connect.ExecutePlanResponse` without ids.
    pub async fn answer(&mut self, response: Bytes) -> Result<()> {
        self.put(Item::Answer(response)).await
    }

    /// Ends the writing: a schema without rows gets its one empty batch, as clients expect, and a durable result is in
    /// its file, or given back, when this returns. Readers do not see the end yet.
    pub(crate) async fn seal(mut self) -> Result<Option<Bytes>> {
        self.flush().await?;
        if let (Some(arrow), 0) = (self.arrow.clone(), self.batches) {
            self.chunk(&RecordBatch::new_empty(arrow)).await?;
        }
        self.log().seal().await
    }
}

fn slice_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

/// The record batches of an Arrow IPC stream.
fn decode(data: Bytes) -> Result<Vec<RecordBatch>> {
    let broken = |error| Error::internal("a batch of an engine is no Arrow IPC stream").caused_by(error);
    let reader = StreamReader::try_new(data.reader(), None).map_err(broken)?;
    reader.map(|batch| batch.map_err(broken)).collect()
}

/// One record batch as an Arrow IPC stream.
pub(super) fn encode(batch: &RecordBatch) -> Result<Bytes> {
    let broken = |error| Error::internal("a batch does not encode as Arrow IPC").caused_by(error);
    let mut buffer = Vec::with_capacity(batch.get_array_memory_size().min(8 << 20) + 1024);
    let mut writer = StreamWriter::try_new(&mut buffer, &batch.schema()).map_err(broken)?;
    writer.write(batch).map_err(broken)?;
    writer.finish().map_err(broken)?;
    drop(writer);
    Ok(Bytes::from(buffer))
}
