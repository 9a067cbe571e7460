//! DataFusion's rule that moves fields of structs towards the leaves, kept from going through recursive queries: it would
//! give the start of one another column than the step has.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

const RULE: &str = "push_down_leaf_projections";

type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// The rules with that one replaced.
pub fn outside_of_recursion(rules: Vec<Rule>) -> Vec<Rule> {
    let guarded = |rule: Rule| if rule.name() == RULE { Arc::new(OutsideOfRecursion(rule)) as Rule } else { rule };
    rules.into_iter().map(guarded).collect()
}

#[derive(Debug)]
struct OutsideOfRecursion(Rule);

impl OptimizerRule for OutsideOfRecursion {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // The rule looks at projections only.
        let recursive = |plan: &LogicalPlan| Ok(matches!(plan, LogicalPlan::RecursiveQuery(_)));
        if matches!(plan, LogicalPlan::Projection(_)) && plan.exists(recursive)? {
            return Ok(Transformed::no(plan));
        }
        self.0.rewrite(plan, config)
    }
}
