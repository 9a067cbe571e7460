//! Joins that can be stopped.
//!
//! A query is stopped by dropping its streams, which works where they come back to be asked again. A join whose one
//! input row meets millions of others does not, for minutes: it has rows for whoever asks, or looks for some without
//! finding any. So joins count against the share of time that a task has, and the condition of a nested loop looks
//! whether the operation is cancelled.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use hearth_base::condition::OPERATION_CANCELED;
use tokio_util::sync::CancellationToken;

tokio::task_local! {
    /// Ends when the operation that the task works for is to stop.
    pub static CANCEL: CancellationToken;
}

/// Makes the joins of a plan stop with the operation of the task that prepares it.
pub fn stoppable(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let cancel = CANCEL.try_with(CancellationToken::clone).ok();
    let stoppable = plan.transform_up(|node| {
        let any = node.as_ref() as &dyn std::any::Any;
        if let Some(join) = any.downcast_ref::<NestedLoopJoinExec>() {
            let join = match &cancel {
                Some(cancel) => watched(join, cancel)?,
                None => Arc::clone(&node),
            };
            return Ok(Transformed::yes(Arc::new(CooperativeExec::new(join))));
        }
        if any.is::<HashJoinExec>() || any.is::<CrossJoinExec>() || any.is::<SortMergeJoinExec>() {
            return Ok(Transformed::yes(Arc::new(CooperativeExec::new(node))));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(stoppable.data)
}

/// The same join, whose condition fails once the operation is cancelled.
fn watched(join: &NestedLoopJoinExec, cancel: &CancellationToken) -> DfResult<Arc<dyn ExecutionPlan>> {
    let filter = join.filter().map(|filter| {
        let condition = Watched { inner: Arc::clone(filter.expression()), cancel: cancel.clone() };
        JoinFilter::new(Arc::new(condition), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    });
    let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
    let projection = join.projection().as_deref().map(<[usize]>::to_vec);
    Ok(Arc::new(NestedLoopJoinExec::try_new(left, right, filter, join.join_type(), projection)?))
}

#[derive(Debug, Clone)]
struct Watched {
    inner: Arc<dyn PhysicalExpr>,
    cancel: CancellationToken,
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Watched {
    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        if self.cancel.is_cancelled() {
            return Err(DataFusionError::External(Box::new(OPERATION_CANCELED.error())));
        }
        self.inner.evaluate(batch)
    }

    fn return_field(&self, input_schema: &Schema) -> DfResult<FieldRef> {
        self.inner.return_field(input_schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> DfResult<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, cancel: self.cancel.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
