//! `observe`: metrics of the rows that passed, sent when the query has ended.
//!
//! `ObserveExec` hands on its rows and gives their columns to the query of the metrics, which runs beside it and always
//! takes them, so neither waits for the other for long. What never ran has observed no rows.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::Result as DfResult;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, collect};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt;
use hearth_analyzer::{Observation, Observed, ObservedRows};
use hearth_base::Result;
use hearth_core::ResultWriter;
use hearth_plan::to_proto;
use hearth_proto::connect as pb;
use parking_lot::Mutex;
use prost::Message;
use tokio::sync::mpsc;

use crate::error::from_datafusion;
use crate::execute::Query;
use crate::lazy_operands;
use crate::session::EmbeddedSession;
use crate::value;

/// Batches that may wait for the query of the metrics.
const BATCHES_AHEAD: usize = 4;

/// Writes one answer for each name. The query itself has run.
pub async fn answer(session: &EmbeddedSession, metrics: &[Arc<Observation>], writer: &mut ResultWriter) -> Result<()> {
    for observed in metrics {
        let batches = rows_of(session, observed).await?;
        let row = value::first_row(&observed.schema, &batches)?;
        let metrics = pb::execute_plan_response::ObservedMetrics {
            name: observed.name.clone(),
            keys: observed.schema.fields.iter().map(|field| field.name.to_string()).collect(),
            values: row.iter().map(to_proto::literal).collect(),
            ..Default::default()
        };
        let response = pb::ExecutePlanResponse { observed_metrics: vec![metrics], ..Default::default() };
        writer.answer(Bytes::from(response.encode_to_vec())).await?;
    }
    Ok(())
}

/// What the query of the metrics gives.
async fn rows_of(session: &EmbeddedSession, observed: &Observation) -> Result<Vec<RecordBatch>> {
    let run = observed.run.lock().take().and_then(|run| run.downcast::<Run>().ok());
    let running = run.and_then(|run| run.running.lock().take());
    match running {
        Some(Running { task, rows }) => {
            // Without the last sender the rows end.
            drop(rows);
            let joined = task.join().await.map_err(|error| DataFusionError::External(Box::new(error)));
            joined.flatten().map_err(from_datafusion)
        }
        None => Query::prepare(&session.shared.datafusion, &observed.plan).await?.collect().await,
    }
}

/// Plans observations, and all else as DataFusion does, with operands that are computed where they count.
pub fn planner() -> Arc<dyn QueryPlanner + Send + Sync> {
    Arc::new(Planner)
}

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)]);
        let plan = lazy_operands::rewritten(plan.clone())?;
        planner.create_physical_plan(&plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for Planner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(rows) = ObservedRows::of(node) {
            return Ok(Some(Arc::new(ObservedRowsExec::new(Arc::clone(rows.schema().inner())))));
        }
        let (Some(observed), [input]) = (Observed::of(node), physical_inputs) else { return Ok(None) };
        let metrics = session.create_physical_plan(&observed.observation.plan).await?;
        let run = Arc::new(Run { metrics, running: Mutex::default() });
        *observed.observation.run.lock() = Some(Arc::clone(&run) as Arc<dyn Any + Send + Sync>);
        let schema = input.schema();
        let columns = observed.columns.iter().map(|column| Ok(schema.index_of(&column.name)?));
        let columns = columns.collect::<DfResult<Vec<_>>>()?;
        let name = observed.observation.name.clone();
        Ok(Some(Arc::new(ObserveExec { input: Arc::clone(input), name, run, columns })))
    }
}

/// The query of the metrics, while rows come.
#[derive(Debug)]
struct Run {
    metrics: Arc<dyn ExecutionPlan>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    task: SpawnedTask<DfResult<Vec<RecordBatch>>>,
    rows: mpsc::Sender<RecordBatch>,
}

impl Run {
    /// Where a partition's rows go; with the first the query starts.
    fn rows(&self, context: &Arc<TaskContext>) -> DfResult<mpsc::Sender<RecordBatch>> {
        let mut running = self.running.lock();
        if let Some(running) = running.as_ref() {
            return Ok(running.rows.clone());
        }
        let (rows, receiver) = mpsc::channel(BATCHES_AHEAD);
        let mut receiver = Some(receiver);
        self.metrics.apply(|node| {
            if let Some(leaf) = (node.as_ref() as &dyn Any).downcast_ref::<ObservedRowsExec>() {
                *leaf.rows.lock() = receiver.take();
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let task = SpawnedTask::spawn(collect(Arc::clone(&self.metrics), Arc::clone(context)));
        *running = Some(Running { task, rows: rows.clone() });
        Ok(rows)
    }
}

#[derive(Debug)]
struct ObserveExec {
    input: Arc<dyn ExecutionPlan>,
    name: String,
    run: Arc<Run>,
    /// Of the input, as the metrics read them.
    columns: Vec<usize>,
}

impl DisplayAs for ObserveExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObserveExec: {}", self.name)
    }
}

impl ExecutionPlan for ObserveExec {
    fn name(&self) -> &'static str {
        "ObserveExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
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
        let (name, columns) = (self.name.clone(), self.columns.clone());
        Ok(Arc::new(Self { input, name, run: Arc::clone(&self.run), columns }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let rows = self.run.rows(&context)?;
        let columns = self.columns.clone();
        let passed = self.input.execute(partition, context)?.then(move |batch| {
            let seen = batch.and_then(|batch| Ok((batch.project(&columns)?, batch)));
            let rows = rows.clone();
            async move {
                let (observed, batch) = seen?;
                // Where the query of the metrics has failed, its error is told when they are asked for.
                let _ = rows.send(observed).await;
                Ok(batch)
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), passed)))
    }
}

/// The leaf of the query of the metrics.
#[derive(Debug)]
struct ObservedRowsExec {
    rows: Mutex<Option<mpsc::Receiver<RecordBatch>>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl ObservedRowsExec {
    fn new(schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { rows: Mutex::default(), schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ObservedRowsExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObservedRowsExec")
    }
}

impl ExecutionPlan for ObservedRowsExec {
    fn name(&self) -> &'static str {
        "ObservedRowsExec"
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

    /// No rows where nothing was observed.
    fn execute(&self, _partition: usize, _context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let schema = Arc::clone(&self.schema);
        let mut receiver = self.rows.lock().take();
        let rows = futures::stream::poll_fn(move |context| match &mut receiver {
            Some(receiver) => receiver.poll_recv(context),
            None => Poll::Ready(None),
        });
        let rows = rows.map(move |batch| {
            // Columns that are never NULL here may be so in the plan.
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), batch.columns().to_vec(), &options)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows)))
    }
}
