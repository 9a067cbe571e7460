//! Conditions that DataFusion does not understand as they stand, made such that it does.
//!
//! `NOT IN (subquery)` as one part of a condition becomes `NOT EXISTS`: the mark join that is made of it takes for no what
//! is unknown. A condition without columns stays above an aggregate without keys: below of it, it would leave out the
//! rows and not the answer.

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator};
use hearth_base::Result;

use crate::analyzer::plan_error;
use crate::expression::subquery::plan_subquery;

pub(crate) fn filter(plan: LogicalPlan, condition: Expr) -> Result<LogicalPlan> {
    let mut builder = LogicalPlanBuilder::new(plan);
    let has_subquery =
        holds(&condition, |expr| matches!(expr, Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_)));
    let condition = if has_subquery { nested_not_in(condition, builder.schema())? } else { condition };
    let stays = (has_subquery || condition.is_volatile()) && !condition.any_column_refs();
    if stays && is_one_row(builder.plan()) {
        builder = builder.limit(0, Some(1)).map_err(plan_error)?;
    }
    builder.filter(condition).and_then(LogicalPlanBuilder::build).map_err(plan_error)
}

fn holds(expr: &Expr, is: impl Fn(&Expr) -> bool) -> bool {
    expr.exists(|expr| Ok(is(expr))).unwrap_or(true)
}

/// An aggregate without keys: one row whatever the input is.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        _ => false,
    }
}

fn nested_not_in(condition: Expr, outer: &DFSchema) -> Result<Expr> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            Ok(nested_not_in(*left, outer)?.and(nested_not_in(*right, outer)?))
        }
        // DataFusion's anti join knows of NULLs.
        whole @ Expr::InSubquery(_) => Ok(whole),
        other => {
            let rewritten = other.transform_down(|expr| match expr {
                Expr::InSubquery(InSubquery { expr: value, subquery, negated: true }) => {
                    let Some(column) = subquery.subquery.schema().columns().into_iter().next() else {
                        return Ok(Transformed::no(Expr::InSubquery(InSubquery::new(value, subquery, true))));
                    };
                    let may_be = Expr::Column(column).eq(as_outer(*value, outer)?).is_not_false();
                    let plan = LogicalPlanBuilder::new_from_arc(subquery.subquery).filter(may_be)?.build()?;
                    let exists = Expr::Exists(Exists::new(plan_subquery(plan), true));
                    Ok(Transformed::new(exists, true, TreeNodeRecursion::Jump))
                }
                other => Ok(Transformed::no(other)),
            });
            Ok(rewritten.map_err(plan_error)?.data)
        }
    }
}

/// The columns of a value, seen from inside of a subquery.
fn as_outer(value: Expr, outer: &DFSchema) -> datafusion::common::Result<Expr> {
    let transformed = value.transform_up(|expr| match expr {
        Expr::Column(column) => match outer.field_with_unqualified_name(&column.name) {
            Ok(field) => Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), column))),
            Err(_) => Ok(Transformed::no(Expr::Column(column))),
        },
        other => Ok(Transformed::no(other)),
    });
    Ok(transformed?.data)
}
