//! Where a recursive query may not refer to itself: below a grouping or a window, on the side of an outer join whose rows
//! may be left out, and in scalar subqueries.

use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan};
use hearth_plan::relation::{JoinKind, SetOpKind};
use hearth_plan::{Relation, RelationNode as Node};

/// Whether the query reads `name` below `GROUP BY` or `HAVING`, or on the wrong side of a join.
pub(super) fn misplaced(query: &Relation, name: &str) -> bool {
    let names = |relation: &Relation| crate::mentions::names_table(relation, name);
    match &query.node {
        Node::Aggregate { input, .. } | Node::Having { input, .. } => names(input),
        Node::Join(join) => {
            let (no_left, no_right) = match join.kind {
                JoinKind::Inner | JoinKind::Cross => (false, false),
                JoinKind::LeftOuter | JoinKind::LeftSemi | JoinKind::LeftAnti => (false, true),
                JoinKind::RightOuter => (true, false),
                JoinKind::FullOuter => (true, true),
            };
            (no_left && names(&join.left))
                || (no_right && names(&join.right))
                || misplaced(&join.left, name)
                || misplaced(&join.right, name)
        }
        Node::SetOp(operation) => misplaced(&operation.left, name) || misplaced(&operation.right, name),
        Node::Project { input, .. }
        | Node::Filter { input, .. }
        | Node::Qualify { input, .. }
        | Node::SubqueryAlias { input, .. }
        | Node::WithCte { input, .. }
        | Node::WithWindows { input, .. }
        | Node::Hint { input, .. }
        | Node::Sort { input, .. }
        | Node::Limit { input, .. }
        | Node::Offset { input, .. }
        | Node::Distinct { input } => misplaced(input, name),
        Node::LateralView(view) => misplaced(&view.input, name),
        Node::ScriptTransform(transform) => misplaced(&transform.input, name),
        _ => false,
    }
}

/// Whether a step is an `EXCEPT` or `INTERSECT`, whose plans have aggregates and windows of their own.
pub(super) fn has_set_difference(step: &Relation) -> bool {
    match &step.node {
        Node::SetOp(operation) => operation.kind != SetOpKind::Union,
        Node::SubqueryAlias { input, .. } | Node::WithCte { input, .. } => has_set_difference(input),
        _ => false,
    }
}

/// Whether a step's plan reads the working table below an aggregate or a window, or in a scalar subquery.
pub(super) fn below_aggregate(plan: &LogicalPlan, table: &str, forbidden: bool) -> bool {
    let in_subquery = plan.expressions().iter().any(|expr| {
        expr.exists(|expr| match expr {
            PlanExpr::ScalarSubquery(subquery) => Ok(below_aggregate(&subquery.subquery, table, true)),
            PlanExpr::InSubquery(condition) => Ok(below_aggregate(&condition.subquery.subquery, table, forbidden)),
            PlanExpr::Exists(condition) => Ok(below_aggregate(&condition.subquery.subquery, table, forbidden)),
            _ => Ok(false),
        })
        .unwrap_or(false)
    });
    in_subquery
        || match plan {
            LogicalPlan::TableScan(scan) => forbidden && scan.table_name.table() == table,
            // DISTINCT, which is allowed, is a grouping without aggregates.
            LogicalPlan::Aggregate(aggregate) => {
                below_aggregate(&aggregate.input, table, forbidden || !aggregate.aggr_expr.is_empty())
            }
            LogicalPlan::Window(window) => below_aggregate(&window.input, table, true),
            other => other.inputs().into_iter().any(|input| below_aggregate(input, table, forbidden)),
        }
}
