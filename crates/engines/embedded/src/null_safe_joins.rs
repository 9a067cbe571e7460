//! Joins by `<=>` beside joins by `=`.
//!
//! DataFusion's rule against cross joins flattens a tree of inner joins and builds it again with one meaning of NULL for
//! all: that of the join on top. Here a projection of all columns stands around every join by `<=>`, and below it, while
//! the rule looks, so that each keeps its own.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, NullEquality, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// The rule that this one stands around.
const CROSS_JOINS: &str = "eliminate_cross_join";

/// The rules, with that one guarded.
pub fn guarded(rules: Vec<Rule>) -> Vec<Rule> {
    let guard = |rule: Rule| -> Rule { if rule.name() == CROSS_JOINS { Arc::new(Guarded(rule)) } else { rule } };
    rules.into_iter().map(guard).collect()
}

#[derive(Debug)]
struct Guarded(Rule);

impl OptimizerRule for Guarded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let mut found = false;
        plan.apply_with_subqueries(|node| {
            found |= is_null_safe(node);
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        if !found {
            return self.0.rewrite(plan, config);
        }
        let fenced = plan.transform_up_with_subqueries(|node| {
            if !is_null_safe(&node) {
                return Ok(Transformed::no(node));
            }
            let inside = node.map_children(|input| Ok(Transformed::yes(fenced(input)?)))?.data;
            Ok(Transformed::yes(fenced(inside)?))
        })?;
        Ok(Transformed::yes(self.0.rewrite(fenced.data, config)?.data))
    }
}

fn is_null_safe(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join)
        if join.join_type == JoinType::Inner && join.null_equality == NullEquality::NullEqualsNull)
}

fn fenced(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}
