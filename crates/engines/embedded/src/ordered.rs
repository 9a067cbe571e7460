//! Rows in the order of the partitions, as Spark takes them: DataFusion takes whichever come first.
//!
//! `CoalescePartitionsExec` gives the rows of partitions as they come. Where a limit stands on it, or a write asks for one
//! partition, `InOrder` takes its place: partitions run side by side, a few batches ahead, and their rows come one
//! partition after the other. So do what partitions have found of each group where a group's first or last value is asked
//! for, which is also what stands for strings that a collation takes as equal.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::StreamExt;

/// Batches of one partition that are made before it has its turn.
const AHEAD: usize = 2;

/// Lets limits take the first rows of the first partitions.
pub fn first_rows(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let ordered = plan.transform_up(|node| {
        if let Some(coalesce) = as_coalesce(&node)
            && let Some(fetch) = coalesce.fetch()
        {
            return Ok(Transformed::yes(Arc::new(GlobalLimitExec::new(InOrder::over(coalesce), 0, Some(fetch)))));
        }
        if let Some(below) = merged_in_order(&node)? {
            return Ok(Transformed::yes(with_child(node, below)?));
        }
        let any = node.as_ref() as &dyn std::any::Any;
        // A window without an order numbers rows as they come.
        let is_limit = any.is::<GlobalLimitExec>() || any.is::<WindowAggExec>() || any.is::<BoundedWindowAggExec>();
        let below = node.children().first().and_then(|child| as_coalesce(child)).map(InOrder::over);
        match below {
            Some(below) if is_limit => Ok(Transformed::yes(with_child(node, below)?)),
            Some(_) | None => Ok(Transformed::no(node)),
        }
    })?;
    Ok(ordered.data)
}

fn with_child(node: Arc<dyn ExecutionPlan>, child: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    node.replace_children(vec![child], options)
}

/// What stands below an aggregate that merges first or last values, with the partitions one after the other.
fn merged_in_order(node: &Arc<dyn ExecutionPlan>) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
    let Some(aggregate) = (node.as_ref() as &dyn std::any::Any).downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let merges = matches!(aggregate.mode(), AggregateMode::Final | AggregateMode::FinalPartitioned);
    let is_placed = |name: &str| matches!(name, "first_value" | "last_value");
    if !merges || !aggregate.aggr_expr().iter().any(|call| is_placed(call.fun().name())) {
        return Ok(None);
    }
    let below = aggregate.input();
    if let Some(coalesce) = as_coalesce(below) {
        return Ok(Some(InOrder::over(coalesce)));
    }
    match (below.as_ref() as &dyn std::any::Any).downcast_ref::<RepartitionExec>() {
        Some(cut) if !cut.preserve_order() && cut.input().output_partitioning().partition_count() > 1 => {
            let input = InOrder::of(Arc::clone(cut.input()));
            Ok(Some(Arc::new(RepartitionExec::try_new(input, cut.partitioning().clone())?)))
        }
        Some(_) | None => Ok(None),
    }
}

/// All rows, one partition after the other.
pub fn one_partition(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    InOrder::of(plan)
}

fn as_coalesce(node: &Arc<dyn ExecutionPlan>) -> Option<&CoalescePartitionsExec> {
    (node.as_ref() as &dyn std::any::Any).downcast_ref()
}

#[derive(Debug)]
struct InOrder {
    input: Arc<dyn ExecutionPlan>,
    /// Those of one partition of any order.
    properties: Arc<PlanProperties>,
}

impl InOrder {
    fn over(coalesce: &CoalescePartitionsExec) -> Arc<dyn ExecutionPlan> {
        Self::of(Arc::clone(coalesce.input()))
    }

    fn of(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let properties = Arc::clone(CoalescePartitionsExec::new(Arc::clone(&input)).properties());
        Arc::new(Self { input, properties })
    }
}

impl DisplayAs for InOrder {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InOrder")
    }
}

impl ExecutionPlan for InOrder {
    fn name(&self) -> &'static str {
        "InOrder"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
        Ok(Self::of(children.pop().unwrap_or_else(|| Arc::clone(&self.input))))
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let partitions = 0..self.input.output_partitioning().partition_count();
        let streams = partitions
            .map(|partition| Ok(spawn_buffered(self.input.execute(partition, Arc::clone(&context))?, AHEAD)))
            .collect::<DfResult<Vec<_>>>()?;
        let rows = futures::stream::iter(streams).flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use datafusion::arrow::array::{Int64Array, RecordBatch};
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::physical_plan::collect;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_limit_takes_the_first_rows_of_the_first_partitions() {
        let coalesce = CoalescePartitionsExec::new(two_rows_in_each_of_eight());
        let limits: [Arc<dyn ExecutionPlan>; 2] = [
            Arc::new(CoalescePartitionsExec::new(Arc::clone(coalesce.input())).with_fetch(Some(5))),
            Arc::new(GlobalLimitExec::new(Arc::new(coalesce), 0, Some(5))),
        ];
        for limit in limits {
            assert_eq!(ids(first_rows(limit).unwrap()).await, [0, 1, 2, 3, 4]);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_partition_holds_the_rows_in_the_order_of_the_partitions() {
        for _ in 0..50 {
            let rows = ids(one_partition(two_rows_in_each_of_eight())).await;
            assert_eq!(rows, (0..16).collect::<Vec<_>>());
        }
    }

    fn two_rows_in_each_of_eight() -> Arc<dyn ExecutionPlan> {
        let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
        let batch = |from: i64| {
            let column = Int64Array::from_iter_values(from..from + 2);
            RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(column)]).unwrap()
        };
        let partitions: Vec<_> = (0..8).map(|partition| vec![batch(partition * 2)]).collect();
        MemorySourceConfig::try_new_exec(&partitions, schema, None).unwrap()
    }

    async fn ids(plan: Arc<dyn ExecutionPlan>) -> Vec<i64> {
        let rows = collect(plan, Arc::default()).await.unwrap();
        let column =
            |batch: &RecordBatch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec();
        rows.iter().flat_map(column).collect()
    }
}
