//! Which subqueries DataFusion plans well by itself: uncorrelated ones, and those whose outer columns stand in equality
//! conditions that it can pull up into a join.

use datafusion::common::JoinType;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use super::outer_names;

/// What may be pulled up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conditions {
    /// `column = value of outer columns`
    Equalities,
    Any,
}

/// Whether DataFusion plans this subquery where it stands in this node.
pub(super) fn is_simple(subquery: &Expr, node: &LogicalPlan) -> bool {
    let projection_or_filter = matches!(node, LogicalPlan::Projection(_) | LogicalPlan::Filter(_));
    let filter = matches!(node, LogicalPlan::Filter(_));
    match subquery {
        Expr::ScalarSubquery(scalar) => {
            let plan = &scalar.subquery;
            if outer_names(plan).is_empty() {
                return projection_or_filter || matches!(node, LogicalPlan::Aggregate(_));
            }
            projection_or_filter && pulls_over_aggregate(plan)
        }
        Expr::Exists(exists) => filter && pulls_up(&exists.subquery.subquery, Conditions::Any),
        Expr::InSubquery(_) => filter,
        _ => true,
    }
}

/// A lateral side without anything that looks at several rows.
pub(super) fn is_simple_lateral(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(node) => !has_outer(&node.expr) && is_simple_lateral(&node.input),
        LogicalPlan::Filter(node) => outer_names(&node.input).is_empty(),
        _ => false,
    }
}

/// A scalar subquery: one aggregate over rows that are found by equal columns.
fn pulls_over_aggregate(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(node) => !has_outer(&node.expr) && pulls_over_aggregate(&node.input),
        LogicalPlan::SubqueryAlias(node) => pulls_over_aggregate(&node.input),
        LogicalPlan::Aggregate(node) => {
            node.group_expr.is_empty() && !has_outer(&node.aggr_expr) && pulls_up(&node.input, Conditions::Equalities)
        }
        _ => false,
    }
}

fn pulls_up(plan: &LogicalPlan, conditions: Conditions) -> bool {
    if outer_names(plan).is_empty() {
        return true;
    }
    match plan {
        LogicalPlan::Projection(node) => !has_outer(&node.expr) && pulls_up(&node.input, conditions),
        LogicalPlan::SubqueryAlias(node) => pulls_up(&node.input, conditions),
        LogicalPlan::Filter(node) => {
            let fits = |condition: &&Expr| {
                !has_outer([*condition])
                    || (!has_nested_outer(condition) && (conditions == Conditions::Any || is_equality(condition)))
            };
            // DataFusion loses columns when it pulls up from two filters, one above the other.
            let input_fits = if has_outer([&node.predicate]) {
                outer_names(&node.input).is_empty()
            } else {
                pulls_up(&node.input, conditions)
            };
            split_conjunction(&node.predicate).iter().all(fits) && input_fits
        }
        LogicalPlan::Join(node) => {
            let keys = node.on.iter().flat_map(|(left, right)| [left, right]);
            node.join_type == JoinType::Inner
                && !has_outer(keys.chain(&node.filter))
                && pulls_up(&node.left, conditions)
                && pulls_up(&node.right, conditions)
        }
        _ => false,
    }
}

/// Whether outer columns stand in the expressions, or in subqueries inside them that go further out.
fn has_outer<'e>(expressions: impl IntoIterator<Item = &'e Expr>) -> bool {
    expressions
        .into_iter()
        .any(|expr| expr.exists(|expr| Ok(matches!(expr, Expr::OuterReferenceColumn(..)))).unwrap_or(false))
}

fn has_nested_outer(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_))))
        .unwrap_or(true)
}

fn is_equality(condition: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return false };
    let is_value = |expr: &Expr| expr.column_refs().is_empty();
    let is_column = |expr: &Expr| matches!(expr, Expr::Column(_));
    (is_column(left) && is_value(right)) || (is_column(right) && is_value(left))
}
