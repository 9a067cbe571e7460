//! Rows behind `persist` and `CACHE TABLE`.
//!
//! The first query that reads a persisted relation to its end leaves its rows in memory, and later ones read them there.
//! All kept rows together take at most a part of `engine.memory`; what does not fit is not kept and computed anew. A
//! write anywhere in the engine makes kept rows stale. The analyzer finds where a query contains a persisted relation.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::StreamExt;
use hearth_analyzer::KeptRows;
use hearth_base::ByteSize;
use hearth_core::engine::StorageLevel;
use parking_lot::Mutex;

/// Kept rows take at most one part in so many of `engine.memory`.
const SHARE: usize = 4;

/// What all kept rows of the engine share: the room for them, and the number of the last write.
#[derive(Debug)]
pub struct CacheRoom {
    limit: usize,
    used: AtomicUsize,
    writes: AtomicU64,
}

impl CacheRoom {
    pub fn new(memory: ByteSize) -> Self {
        Self { limit: memory.as_usize() / SHARE, used: AtomicUsize::new(0), writes: AtomicU64::new(0) }
    }

    /// Data has changed: rows kept so far are stale.
    pub fn written(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    fn last_write(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    fn take(&self, bytes: usize) -> bool {
        let room = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.limit);
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_ok()
    }
}

/// Bytes that are taken from the room until this is dropped.
#[derive(Debug)]
struct Lease {
    room: Arc<CacheRoom>,
    bytes: AtomicUsize,
}

impl Lease {
    fn grow(&self, bytes: usize) -> bool {
        let taken = self.room.take(bytes);
        if taken {
            self.bytes.fetch_add(bytes, Ordering::AcqRel);
        }
        taken
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.room.used.fetch_sub(self.bytes.load(Ordering::Acquire), Ordering::AcqRel);
    }
}

/// A relation that the session keeps.
#[derive(Debug, Clone)]
pub struct Persisted {
    pub plan: LogicalPlan,
    pub level: StorageLevel,
    pub rows: Arc<CachedRows>,
}

impl Persisted {
    pub fn new(plan: LogicalPlan, level: StorageLevel, room: &Arc<CacheRoom>) -> Self {
        let rows = CachedRows { room: Arc::clone(room), kept: Mutex::default() };
        Self { plan, level, rows: Arc::new(rows) }
    }
}

#[derive(Debug)]
pub struct CachedRows {
    room: Arc<CacheRoom>,
    kept: Mutex<Option<Filled>>,
}

#[derive(Debug, Clone)]
struct Filled {
    partitions: Arc<Vec<Vec<RecordBatch>>>,
    as_of: u64,
    _lease: Arc<Lease>,
}

impl CachedRows {
    fn fresh(&self) -> Option<Filled> {
        let mut kept = self.kept.lock();
        if kept.as_ref().is_some_and(|kept| kept.as_of != self.room.last_write()) {
            *kept = None;
        }
        kept.clone()
    }
}

/// The rows as the analyzer knows them.
#[derive(Debug)]
pub struct Kept(pub Arc<CachedRows>);

impl KeptRows for Kept {
    fn table(&self, plan: LogicalPlan) -> Arc<dyn TableProvider> {
        let schema = Arc::new(plan.schema().as_arrow().clone());
        Arc::new(CachedTable { rows: Arc::clone(&self.0), plan, schema })
    }
}

/// The relation as the table that queries read instead of it.
#[derive(Debug)]
struct CachedTable {
    rows: Arc<CachedRows>,
    /// What the rows are computed from.
    plan: LogicalPlan,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for CachedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        if let Some(kept) = self.rows.fresh() {
            let rows: Arc<dyn ExecutionPlan> =
                MemorySourceConfig::try_new_exec(&kept.partitions, Arc::clone(&self.schema), projection.cloned())?;
            return Ok(Arc::new(CachedScan::new(rows, schema, None)));
        }
        let as_of = self.rows.room.last_write();
        let input = state.create_physical_plan(&self.plan).await?;
        let count = input.output_partitioning().partition_count();
        let lease = Arc::new(Lease { room: Arc::clone(&self.rows.room), bytes: AtomicUsize::new(0) });
        let filling = Filling {
            rows: Arc::clone(&self.rows),
            as_of,
            lease,
            given_up: AtomicBool::new(false),
            partitions: Mutex::new(vec![None; count]),
            projection: projection.cloned(),
        };
        Ok(Arc::new(CachedScan::new(input, schema, Some(Arc::new(filling)))))
    }
}

/// One query's attempt to leave the rows behind.
#[derive(Debug)]
struct Filling {
    rows: Arc<CachedRows>,
    as_of: u64,
    lease: Arc<Lease>,
    given_up: AtomicBool,
    partitions: Mutex<Vec<Option<Vec<RecordBatch>>>>,
    /// What the query itself wants of the rows.
    projection: Option<Vec<usize>>,
}

impl Filling {
    /// Whether a batch is to be kept.
    fn has_room(&self, batch: &RecordBatch) -> bool {
        if self.given_up.load(Ordering::Relaxed) {
            return false;
        }
        let taken = self.lease.grow(batch.get_array_memory_size());
        if !taken {
            self.given_up.store(true, Ordering::Relaxed);
            self.partitions.lock().iter_mut().for_each(|partition| *partition = None);
        }
        taken
    }

    /// A partition was read to its end; the last one leaves all rows behind.
    fn end(&self, partition: usize, batches: Vec<RecordBatch>) {
        if self.given_up.load(Ordering::Relaxed) {
            return;
        }
        let mut partitions = self.partitions.lock();
        if let Some(place) = partitions.get_mut(partition) {
            *place = Some(batches);
        }
        if partitions.iter().all(Option::is_some) {
            let complete = partitions.iter_mut().map(|partition| partition.take().unwrap_or_default()).collect();
            let kept = Filled { partitions: Arc::new(complete), as_of: self.as_of, _lease: Arc::clone(&self.lease) };
            *self.rows.kept.lock() = Some(kept);
        }
    }

    /// What the query gets of a batch that came; `batches` are those of the partition so far.
    fn passed(&self, next: DfResult<RecordBatch>, batches: &mut Vec<RecordBatch>) -> DfResult<RecordBatch> {
        let batch = next.inspect_err(|_| self.given_up.store(true, Ordering::Relaxed))?;
        if self.has_room(&batch) {
            batches.push(batch.clone());
        } else {
            batches.clear();
        }
        self.shown(batch)
    }

    fn shown(&self, batch: RecordBatch) -> DfResult<RecordBatch> {
        match &self.projection {
            Some(columns) => Ok(batch.project(columns)?),
            None => Ok(batch),
        }
    }
}

/// Called as Spark calls it, which is what people look for in a plan.
#[derive(Debug)]
struct CachedScan {
    input: Arc<dyn ExecutionPlan>,
    filling: Option<Arc<Filling>>,
    properties: Arc<PlanProperties>,
}

impl CachedScan {
    fn new(input: Arc<dyn ExecutionPlan>, schema: SchemaRef, filling: Option<Arc<Filling>>) -> Self {
        let partitions = Partitioning::UnknownPartitioning(input.output_partitioning().partition_count());
        let equivalence = EquivalenceProperties::new(schema);
        let properties = PlanProperties::new(equivalence, partitions, input.pipeline_behavior(), input.boundedness());
        Self { input, filling, properties: Arc::new(properties) }
    }
}

impl DisplayAs for CachedScan {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemoryTableScan")
    }
}

impl ExecutionPlan for CachedScan {
    fn name(&self) -> &'static str {
        "InMemoryTableScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        let same = input.output_partitioning().partition_count() == self.input.output_partitioning().partition_count();
        // Rows in other partitions than those that were counted cannot be kept.
        let filling = self.filling.as_ref().map(|filling| {
            if !same {
                filling.given_up.store(true, Ordering::Relaxed);
            }
            Arc::clone(filling)
        });
        Ok(Arc::new(Self::new(input, self.schema(), filling)))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let Some(filling) = self.filling.clone() else { return Ok(input) };
        let rows = futures::stream::unfold((input, Vec::new()), move |(mut input, mut batches)| {
            let filling = Arc::clone(&filling);
            async move {
                let Some(next) = input.next().await else {
                    filling.end(partition, batches);
                    return None;
                };
                let shown = filling.passed(next, &mut batches);
                Some((shown, (input, batches)))
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
