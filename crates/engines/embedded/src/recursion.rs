//! The limit on how deep a recursive query goes, which DataFusion does not have.
//!
//! A recursive query executes its recursive term once for each level; `LevelLimit` stands in front of that term and
//! counts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use hearth_base::condition::RECURSION_LEVEL_LIMIT_EXCEEDED;

/// Puts its limit into every recursive query of a plan.
pub fn limited(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let limited = plan.transform_up(|node| {
        let Some(query) = (node.as_ref() as &dyn std::any::Any).downcast_ref::<RecursiveQueryExec>() else {
            return Ok(Transformed::no(node));
        };
        let Some(limit) = hearth_analyzer::recursion_levels(query.name()) else { return Ok(Transformed::no(node)) };
        let step = LevelLimit { input: Arc::clone(query.recursive_term()), limit, level: Arc::default() };
        let children: Vec<Arc<dyn ExecutionPlan>> = vec![Arc::clone(query.static_term()), Arc::new(step)];
        Ok(Transformed::yes(
            node.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))?,
        ))
    })?;
    Ok(limited.data)
}

#[derive(Debug)]
struct LevelLimit {
    input: Arc<dyn ExecutionPlan>,
    limit: usize,
    /// Shared by the copies that each level makes of the plan.
    level: Arc<AtomicUsize>,
}

impl DisplayAs for LevelLimit {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LevelLimit: {}", self.limit)
    }
}

impl ExecutionPlan for LevelLimit {
    fn name(&self) -> &'static str {
        "LevelLimit"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
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
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self { input, limit: self.limit, level: Arc::clone(&self.level) }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        if self.level.fetch_add(1, Ordering::Relaxed) >= self.limit {
            let error = RECURSION_LEVEL_LIMIT_EXCEEDED.with("levelLimit", self.limit);
            return Err(DataFusionError::External(Box::new(error)));
        }
        self.input.execute(partition, context)
    }
}
