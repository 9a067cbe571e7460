//! The order of inner joins, where the written one would explode.
//!
//! DataFusion joins as the query is written. That is mostly right for star queries, whose facts come first, and ruinous
//! where two facts meet on a key that neither has once (TPC-DS q72). This rule flattens a tree of inner joins, estimates
//! rows from the sizes of tables, and joins greedily, smallest result first; it speaks up only where the written order
//! is estimated to make `WORTHWHILE` times as many rows, since the estimates are rough.

mod estimate;
mod tree;

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{JoinType, Result};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use tree::{Condition, Tree};

/// Rules of DataFusion before which ours stands: filters are where they belong, and no column is dropped yet.
const BEFORE: &str = "optimize_projections";
/// How many times fewer rows another order must make.
const WORTHWHILE: f64 = 10.0;
/// Larger trees are left as they are: the search takes cubic time.
const MAX_RELATIONS: usize = 32;

/// DataFusion's rules with ours among them.
pub fn rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    let place = rules.iter().position(|rule| rule.name() == BEFORE).unwrap_or(rules.len());
    rules.insert(place, Arc::new(JoinOrder));
    rules
}

#[derive(Debug)]
struct JoinOrder;

impl OptimizerRule for JoinOrder {
    fn name(&self) -> &'static str {
        "join_order"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        if !matches!(&plan, LogicalPlan::Join(join) if join.join_type == JoinType::Inner) {
            return Ok(Transformed::no(plan));
        }
        let Some(tree) = Tree::flatten(&plan).filter(|tree| (3..=MAX_RELATIONS).contains(&tree.relations.len())) else {
            return Ok(Transformed::no(plan));
        };
        match better(&tree) {
            Some(order) => Ok(Transformed::yes(build(&plan, tree, &order)?)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// A set of relations that are joined so far, as bits.
type Members = u64;

/// The joins of the greedy order, each as its two sides, if that is far cheaper than the written one.
fn better(tree: &Tree) -> Option<Vec<(Members, Members)>> {
    let written = tree.written.iter().map(|(left, right)| tree.rows(left | right)).sum::<f64>();
    let (order, cost) = greedy(tree)?;
    (written > WORTHWHILE * cost.max(1.0)).then_some(order)
}

/// Joins the two connected parts that make the fewest rows, until one part is left.
fn greedy(tree: &Tree) -> Option<(Vec<(Members, Members)>, f64)> {
    let mut parts: Vec<Members> = (0..tree.relations.len()).map(|index| 1 << index).collect();
    let (mut order, mut cost) = (Vec::new(), 0.0);
    while parts.len() > 1 {
        let mut best: Option<(f64, usize, usize)> = None;
        for left in 0..parts.len() {
            for right in left + 1..parts.len() {
                if !tree.connected(parts[left], parts[right]) {
                    continue;
                }
                let rows = tree.rows(parts[left] | parts[right]);
                if best.is_none_or(|(fewest, ..)| rows < fewest) {
                    best = Some((rows, left, right));
                }
            }
        }
        let (rows, left, right) = best?;
        let taken = parts.remove(right);
        // The larger side goes left, where a query's author puts the fact.
        let sides = if tree.rows(parts[left]) < tree.rows(taken) { (taken, parts[left]) } else { (parts[left], taken) };
        order.push(sides);
        parts[left] |= taken;
        cost += rows;
    }
    Some((order, cost))
}

/// The plan of an order, with the columns where they were.
fn build(original: &LogicalPlan, tree: Tree, order: &[(Members, Members)]) -> Result<LogicalPlan> {
    let mut conditions = tree.conditions;
    let mut parts: Vec<(Members, LogicalPlan)> =
        tree.relations.into_iter().enumerate().map(|(index, relation)| (1 << index, relation.plan)).collect();
    let mut take = |members: Members| {
        let place = parts.iter().position(|(bits, _)| *bits == members);
        place.map(|place| parts.remove(place).1)
    };
    let mut joined: Vec<(Members, LogicalPlan)> = Vec::new();
    for (left, right) in order {
        let mut side = |members: Members| {
            let place = joined.iter().position(|(bits, _)| *bits == members);
            place.map(|place| joined.remove(place).1).or_else(|| take(members))
        };
        let (Some(left_plan), Some(right_plan)) = (side(*left), side(*right)) else {
            return datafusion::common::internal_err!("the order of joins names a part twice");
        };
        let (now, later): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(|condition| condition.members & !(left | right) == 0);
        conditions = later;
        joined.push((left | right, join(left_plan, right_plan, *left, now)?));
    }
    let Some((_, plan)) = joined.pop() else {
        return datafusion::common::internal_err!("an order of no joins");
    };
    // What concerns no relation at all, as a constant that no rule has folded.
    let plan = match conjunction(conditions.into_iter().map(|condition| condition.expr)) {
        Some(rest) => LogicalPlanBuilder::from(plan).filter(rest)?.build()?,
        None => plan,
    };
    LogicalPlanBuilder::from(plan).project(original.schema().columns().into_iter().map(Expr::Column))?.build()
}

/// One join: equalities between the sides are its keys, everything else its filter.
fn join(left: LogicalPlan, right: LogicalPlan, members: Members, conditions: Vec<Condition>) -> Result<LogicalPlan> {
    let (mut keys, mut rest) = ((Vec::new(), Vec::new()), Vec::new());
    for condition in conditions {
        match condition.key {
            Some((one, other)) if one.members & !members == 0 && other.members & members == 0 => {
                keys.0.push(one.expr);
                keys.1.push(other.expr);
            }
            Some((one, other)) if other.members & !members == 0 && one.members & members == 0 => {
                keys.0.push(other.expr);
                keys.1.push(one.expr);
            }
            _ => rest.push(condition.expr),
        }
    }
    LogicalPlanBuilder::from(left).join_with_expr_keys(right, JoinType::Inner, keys, conjunction(rest))?.build()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
