//! Recursive queries: `UNION ALL` of a start and of a step that reads the rows of the step before.
//!
//! DataFusion's own operator lets a step read its last rows once only and knows no limits. `Recursion` takes its place in
//! physical plans: any number of `LastStep` scans share the rows of the last step, and levels and rows are counted.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::work_table::WorkTableExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt};
use hearth_analyzer::RecursionLimits;
use hearth_base::condition::{RECURSION_LEVEL_LIMIT_EXCEEDED, RECURSION_ROW_LIMIT_EXCEEDED};
use parking_lot::Mutex;

/// Puts the operator of this file into the place of every recursive query of a plan.
pub fn recursive(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let placed = plan.transform_up(|node| {
        let Some(query) = (node.as_ref() as &dyn std::any::Any).downcast_ref::<RecursiveQueryExec>() else {
            return Ok(Transformed::no(node));
        };
        let last = LastRows::default();
        let table = hearth_analyzer::working_table(query.name());
        let step = Arc::clone(query.recursive_term()).transform_down(|node| {
            match (node.as_ref() as &dyn std::any::Any).downcast_ref::<WorkTableExec>() {
                Some(scan) if scan.name() == table => {
                    let properties = Arc::clone(scan.properties());
                    Ok(Transformed::yes(Arc::new(LastStep { rows: Arc::clone(&last), properties })))
                }
                _ => Ok(Transformed::no(node)),
            }
        })?;
        Ok(Transformed::yes(Arc::new(Recursion {
            start: Arc::clone(query.static_term()),
            step: step.data,
            last,
            limits: hearth_analyzer::recursion_limits(query.name()),
            properties: Arc::clone(query.properties()),
        })))
    })?;
    Ok(placed.data)
}

/// The rows that the last step gave.
type LastRows = Arc<Mutex<Vec<RecordBatch>>>;

#[derive(Debug)]
struct Recursion {
    start: Arc<dyn ExecutionPlan>,
    step: Arc<dyn ExecutionPlan>,
    last: LastRows,
    limits: RecursionLimits,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for Recursion {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recursion")
    }
}

impl ExecutionPlan for Recursion {
    fn name(&self) -> &'static str {
        "Recursion"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.start, &self.step]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        let mut children = children.into_iter();
        let start = children.next().unwrap_or_else(|| Arc::clone(&self.start));
        let step = children.next().unwrap_or_else(|| Arc::clone(&self.step));
        let (last, properties) = (Arc::clone(&self.last), Arc::clone(&self.properties));
        Ok(Arc::new(Self { start, step, last, limits: self.limits, properties }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let start = self.start.execute(partition, Arc::clone(&context))?;
        let run = Run {
            step: Arc::clone(&self.step),
            last: Arc::clone(&self.last),
            limits: self.limits,
            reservation: MemoryConsumer::new("Recursion").register(context.memory_pool()),
            context,
            rows: start,
            kept: Vec::new(),
            level: 0,
            count: 0,
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), run.into_stream())))
    }
}

/// One execution of a recursive query.
struct Run {
    step: Arc<dyn ExecutionPlan>,
    last: LastRows,
    limits: RecursionLimits,
    context: Arc<TaskContext>,
    /// Holds the memory of the rows of two steps: the one that is read and the one that is written.
    reservation: MemoryReservation,
    rows: SendableRecordBatchStream,
    /// What `rows` gave so far.
    kept: Vec<RecordBatch>,
    level: usize,
    count: usize,
}

impl Run {
    fn into_stream(self) -> impl Stream<Item = DfResult<RecordBatch>> {
        futures::stream::try_unfold(self, |mut run| async move {
            loop {
                match run.rows.next().await.transpose()? {
                    Some(batch) if batch.num_rows() == 0 => {}
                    Some(batch) => {
                        run.keep(&batch)?;
                        return Ok(Some((batch, run)));
                    }
                    None if run.kept.is_empty() => return Ok(None),
                    None => run.next_step()?,
                }
            }
        })
    }

    fn keep(&mut self, batch: &RecordBatch) -> DfResult<()> {
        self.count += batch.num_rows();
        if let Some(limit) = self.limits.rows.filter(|limit| self.count > *limit) {
            return Err(DataFusionError::External(Box::new(RECURSION_ROW_LIMIT_EXCEEDED.with("rowLimit", limit))));
        }
        self.reservation.try_grow(batch.get_array_memory_size())?;
        self.kept.push(batch.clone());
        Ok(())
    }

    fn next_step(&mut self) -> DfResult<()> {
        if let Some(limit) = self.limits.levels.filter(|limit| self.level >= *limit) {
            return Err(DataFusionError::External(Box::new(RECURSION_LEVEL_LIMIT_EXCEEDED.with("levelLimit", limit))));
        }
        self.level += 1;
        let rows = std::mem::take(&mut self.kept);
        self.reservation.try_resize(rows.iter().map(RecordBatch::get_array_memory_size).sum())?;
        *self.last.lock() = rows;
        let step = reset_plan_states(Arc::clone(&self.step))?;
        self.rows = step.execute(0, Arc::clone(&self.context))?;
        Ok(())
    }
}

/// A place in the step that reads the rows of the last one.
#[derive(Debug)]
struct LastStep {
    rows: LastRows,
    properties: Arc<PlanProperties>,
}

impl LastStep {
    /// The rows with the columns of this scan, which may be fewer than the query has.
    fn batches(&self, schema: &SchemaRef) -> DfResult<Vec<RecordBatch>> {
        let rows = self.rows.lock().clone();
        let columns = |batch: &RecordBatch| -> DfResult<RecordBatch> {
            let places: Vec<usize> = schema
                .fields()
                .iter()
                .map(|field| batch.schema_ref().index_of(field.name()))
                .collect::<Result<_, _>>()?;
            let chosen = batch.project(&places)?;
            let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(Arc::clone(schema), chosen.columns().to_vec(), &options)?)
        };
        rows.iter().map(columns).collect()
    }
}

impl DisplayAs for LastStep {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastStep")
    }
}

impl ExecutionPlan for LastStep {
    fn name(&self) -> &'static str {
        "LastStep"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _partition: usize, _context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let schema = self.schema();
        let stream = MemoryStream::try_new(self.batches(&schema)?, schema, None)?;
        Ok(Box::pin(datafusion::physical_plan::coop::cooperative(stream)))
    }
}
