//! From a logical plan to rows in the `ResultWriter`.
//!
//! Partitions run side by side, and their rows are written in the order of the partitions, as Spark's `collect` gives
//! them. A partition that is ahead waits in a short channel.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning, SendableRecordBatchStream};
use futures::StreamExt;
use hearth_base::task::TaskGroup;
use hearth_base::{Error, Result};
use hearth_core::ResultWriter;
use hearth_types::StructType;
use hearth_types::arrow::cast_batch_to;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::error::from_datafusion;
use crate::{interrupt, numbered, ordered, progress, recursion};

/// Batches of one partition that may wait for their turn.
const PARTITION_BUFFER: usize = 4;
/// Bytes of rows that are put together for one message to the client.
const CHUNK_BYTES: usize = 2 << 20;
/// How often the progress of a query is read from its operators.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);
/// How long rows wait for others that go with them.
const CHUNK_PATIENCE: Duration = Duration::from_millis(20);

/// A query that is ready to run.
#[derive(Debug)]
pub struct Query {
    pub plan: Arc<dyn ExecutionPlan>,
    pub context: Arc<TaskContext>,
}

impl Query {
    /// Optimizes `plan` and makes it physical.
    pub async fn prepare(datafusion: &SessionState, plan: &LogicalPlan) -> Result<Self> {
        let physical = match constant_row(plan) {
            Some(row) => one_batch(plan, &row)?,
            None => {
                let physical = datafusion.create_physical_plan(plan).await.map_err(from_datafusion)?;
                let physical = numbered::by_partition(physical).map_err(from_datafusion)?;
                let physical = ordered::first_rows(physical).and_then(interrupt::stoppable).map_err(from_datafusion)?;
                recursion::recursive(physical).map_err(from_datafusion)?
            }
        };
        Ok(Self { plan: physical, context: datafusion.task_ctx() })
    }

    /// The same rows in `count` partitions; one holds them in their order, as Spark's `coalesce(1)` writes them.
    pub fn in_partitions(mut self, count: usize) -> Result<Self> {
        if self.plan.output_partitioning().partition_count() == count {
            return Ok(self);
        }
        self.plan = match (count, self.plan.output_ordering().cloned()) {
            (1, Some(order)) => Arc::new(SortPreservingMergeExec::new(order, self.plan)),
            (1, None) => ordered::one_partition(self.plan),
            _ => {
                let spread = RepartitionExec::try_new(self.plan, Partitioning::RoundRobinBatch(count));
                Arc::new(spread.map_err(from_datafusion)?)
            }
        };
        Ok(self)
    }

    /// The rows in the order of the partitions.
    pub fn rows(&self) -> Result<Rows> {
        let partitions = self.plan.output_partitioning().partition_count();
        if partitions <= 1 {
            return Ok(Rows::One(self.stream(0)?));
        }
        let tasks = TaskGroup::new(Handle::current());
        let mut receivers = Vec::with_capacity(partitions);
        for partition in 0..partitions {
            let (sender, receiver) = mpsc::channel(PARTITION_BUFFER);
            receivers.push(receiver);
            tasks.spawn("partition", forward(self.stream(partition)?, sender));
        }
        receivers.reverse();
        Ok(Rows::Many { receivers, _tasks: tasks })
    }

    fn stream(&self, partition: usize) -> Result<SendableRecordBatchStream> {
        self.plan.execute(partition, Arc::clone(&self.context)).map_err(from_datafusion)
    }

    /// All rows at once, for small answers.
    pub async fn collect(&self) -> Result<Vec<RecordBatch>> {
        let mut rows = self.rows()?;
        let mut batches = Vec::new();
        while let Some(batch) = rows.next().await? {
            batches.push(batch);
        }
        Ok(batches)
    }

    /// The last `count` rows, in order.
    pub async fn last(&self, count: usize) -> Result<Vec<RecordBatch>> {
        let mut rows = self.rows()?;
        let mut kept = VecDeque::new();
        let mut total = 0;
        while let Some(batch) = rows.next().await? {
            total += batch.num_rows();
            kept.push_back(batch);
            // Whole batches in front go as soon as the rest is enough.
            while let Some(first) = kept.front().map(RecordBatch::num_rows)
                && total - first >= count
            {
                total -= first;
                kept.pop_front();
            }
        }
        if let Some(first) = kept.front_mut() {
            let surplus = total.saturating_sub(count);
            *first = first.slice(surplus, first.num_rows() - surplus);
        }
        Ok(kept.into())
    }

    /// Writes schema and rows in the form that clients get.
    ///
    /// `batch_rows` is how many rows every batch has, where the session asks for a number.
    pub async fn write(
        &self,
        schema: &StructType,
        (time_zone, batch_rows): (&str, Option<usize>),
        writer: &mut ResultWriter,
    ) -> Result<()> {
        let arrow = hearth_types::arrow::to_wire_schema(schema, time_zone);
        writer.schema(Arc::new(schema.clone()), Arc::clone(&arrow)).await?;
        let mut rows = self.rows()?;
        let mut chunk = Chunk::new(arrow, batch_rows, writer);
        while !writer.is_full() {
            let next = if chunk.batches.is_empty() {
                self.next(&mut rows, writer).await?
            } else {
                // Rows that are there do not wait long for rows that are not.
                match tokio::time::timeout(CHUNK_PATIENCE, rows.next()).await {
                    Ok(next) => next?,
                    Err(_) => {
                        chunk.write(writer).await?;
                        continue;
                    }
                }
            };
            let Some(batch) = next else { break };
            if batch.num_rows() > 0 {
                chunk.add(cast_batch_to(&batch, &chunk.schema)?, writer).await?;
            }
        }
        chunk.write(writer).await?;
        progress::complete(self.plan.as_ref(), writer.progress());
        Ok(())
    }

    /// The next rows; while they are waited for, the progress moves.
    async fn next(&self, rows: &mut Rows, writer: &ResultWriter) -> Result<Option<RecordBatch>> {
        loop {
            match tokio::time::timeout(PROGRESS_INTERVAL, rows.next()).await {
                Ok(next) => return next,
                Err(_) => progress::report(self.plan.as_ref(), writer.progress()),
            }
        }
    }
}

/// The row of a plan that has nothing to compute, as `SELECT 1`: DataFusion's rules would take longer than the query.
fn constant_row(plan: &LogicalPlan) -> Option<Vec<ScalarValue>> {
    match plan {
        LogicalPlan::EmptyRelation(empty) if empty.produce_one_row && empty.schema.fields().is_empty() => {
            Some(Vec::new())
        }
        LogicalPlan::Projection(projection) => {
            let row = constant_row(&projection.input)?;
            let schema = projection.input.schema();
            projection.expr.iter().map(|expr| constant_value(expr, schema, &row)).collect()
        }
        _ => None,
    }
}

fn constant_value(expr: &Expr, schema: &DFSchema, row: &[ScalarValue]) -> Option<ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value.clone()),
        Expr::Alias(alias) => constant_value(&alias.expr, schema, row),
        Expr::Column(column) => row.get(schema.maybe_index_of_column(column)?).cloned(),
        _ => None,
    }
}

fn one_batch(plan: &LogicalPlan, row: &[ScalarValue]) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = Arc::clone(plan.schema().inner());
    let columns = row.iter().map(ScalarValue::to_array).collect::<Result<Vec<_>, _>>().map_err(from_datafusion)?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options).map_err(Error::internal)?;
    let exec = MemorySourceConfig::try_new_exec(&[vec![batch]], schema, None).map_err(from_datafusion)?;
    Ok(exec)
}

/// Batches that go to the client together: each message has its price on both sides.
struct Chunk {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    most_rows: usize,
    most_bytes: usize,
    /// Chunks have this many rows, but for the last one and where so many are too large for a message.
    exact_rows: Option<usize>,
}

impl Chunk {
    fn new(schema: SchemaRef, exact_rows: Option<usize>, writer: &ResultWriter) -> Self {
        let (most_rows, most_bytes) = (writer.chunk_rows(), writer.chunk_bytes().min(CHUNK_BYTES));
        let exact_rows = exact_rows.filter(|rows| *rows > 0 && *rows <= most_rows);
        Self { schema, batches: Vec::new(), rows: 0, bytes: 0, most_rows, most_bytes, exact_rows }
    }

    async fn add(&mut self, batch: RecordBatch, writer: &mut ResultWriter) -> Result<()> {
        match self.exact_rows {
            Some(rows) => self.add_exactly(batch, rows, writer).await,
            None => self.add_whole(batch, writer).await,
        }
    }

    async fn add_exactly(&mut self, batch: RecordBatch, rows: usize, writer: &mut ResultWriter) -> Result<()> {
        let mut start = 0;
        while start < batch.num_rows() {
            let taken = (rows - self.rows).min(batch.num_rows() - start);
            let part = batch.slice(start, taken);
            self.rows += taken;
            self.bytes += bytes_of(&part);
            self.batches.push(part);
            start += taken;
            if self.rows == rows || self.bytes >= self.most_bytes {
                self.write(writer).await?;
            }
        }
        Ok(())
    }

    async fn add_whole(&mut self, batch: RecordBatch, writer: &mut ResultWriter) -> Result<()> {
        let bytes = bytes_of(&batch);
        if self.rows + batch.num_rows() > self.most_rows || self.bytes + bytes > self.most_bytes {
            self.write(writer).await?;
        }
        self.rows += batch.num_rows();
        self.bytes += bytes;
        self.batches.push(batch);
        Ok(())
    }

    async fn write(&mut self, writer: &mut ResultWriter) -> Result<()> {
        let batches = std::mem::take(&mut self.batches);
        (self.rows, self.bytes) = (0, 0);
        match batches.as_slice() {
            [] => Ok(()),
            [only] => writer.batch(only).await,
            several => {
                let whole = concat_batches(&self.schema, several).map_err(Error::internal)?;
                writer.batch(&whole).await
            }
        }
    }
}

/// What the rows of a batch hold, without what else is in its buffers.
fn bytes_of(batch: &RecordBatch) -> usize {
    let size = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(0);
    batch.columns().iter().map(size).sum()
}

/// Sends the batches of a partition, and at the end a mark: without it the partition died, and what it gave is not the
/// whole.
async fn forward(mut stream: SendableRecordBatchStream, sender: mpsc::Sender<Result<Option<RecordBatch>>>) {
    while let Some(batch) = stream.next().await {
        if sender.send(batch.map(Some).map_err(from_datafusion)).await.is_err() {
            return;
        }
    }
    // Nobody listens any more when the query was dropped.
    let _ = sender.send(Ok(None)).await;
}

/// Rows that are being computed. Dropping them stops the work.
pub enum Rows {
    One(SendableRecordBatchStream),
    Many {
        /// The current partition is the last one.
        receivers: Vec<mpsc::Receiver<Result<Option<RecordBatch>>>>,
        _tasks: TaskGroup,
    },
}

impl Rows {
    /// The next batch, or `None` at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::One(stream) => stream.next().await.transpose().map_err(from_datafusion),
            Self::Many { receivers, .. } => {
                while let Some(receiver) = receivers.last_mut() {
                    match receiver.recv().await {
                        Some(Ok(None)) => drop(receivers.pop()),
                        Some(answer) => return answer,
                        None => return Err(Error::internal("a partition of the query died")),
                    }
                }
                Ok(None)
            }
        }
    }
}
