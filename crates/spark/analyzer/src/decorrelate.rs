//! Correlated subqueries as joins, for the shapes that DataFusion's own rules refuse or get wrong.
//!
//! What is simple (`simple`) stays as it is: DataFusion makes a direct join of it. Everything else goes through the
//! domain: the distinct outer values that the subquery uses. They are pushed down to the leaves of the subquery
//! (`push`), which then answers for all of them at once, and its answers are joined back to the outer rows.

mod push;
mod simple;

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, NullEquality, Result as DfResult};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{
    Distinct, Expr, Join, JoinConstraint, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, binary_expr, lit,
};
use hearth_base::Result;

use crate::analyzer::{Analyzer, plan_error, unsupported};
use crate::expression::subquery::plan_subquery;
use crate::rel::project;
use push::Domain;

impl Analyzer<'_> {
    /// The plan without the subqueries that DataFusion cannot plan.
    pub(crate) fn decorrelated(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        if !self.subqueries.get() {
            return Ok(plan);
        }
        let external = |error: hearth_base::Error| datafusion::common::DataFusionError::External(Box::new(error));
        let rewritten = plan.transform_up(|node| self.decorrelated_node(node).map_err(external));
        Ok(rewritten.map_err(plan_error)?.data)
    }

    fn decorrelated_node(&self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        if let LogicalPlan::Join(join) = &node
            && let LogicalPlan::Subquery(subquery) = join.right.as_ref()
        {
            return match self.lateral(join, &subquery.subquery)? {
                Some(plan) => Ok(Transformed::yes(plan)),
                None => Ok(Transformed::no(node)),
            };
        }
        let mut found = Vec::new();
        node.apply_expressions(|expr| collect_subqueries(expr, &mut found)).map_err(plan_error)?;
        if found.is_empty() {
            return Ok(Transformed::no(node));
        }
        let mut replacements = Vec::with_capacity(found.len());
        let mut inputs: Vec<LogicalPlan> = node.inputs().into_iter().cloned().collect();
        let mut attached = false;
        for original in found {
            let inner = without_correlated_list(self.with_inner_decorrelated(&original)?, &inputs)?;
            if simple::is_simple(&inner, &node) {
                replacements.push((original, inner));
                continue;
            }
            let side = side_of(&inner, &inputs);
            let Some(input) = inputs.get_mut(side) else {
                return unsupported("a subquery that uses columns of both sides of an outer join");
            };
            let (plan, value) = self.attached(input.clone(), &inner)?;
            *input = plan;
            attached = true;
            replacements.push((original, value));
        }
        let expressions = replaced_expressions(&node, &replacements)?;
        let schema = Arc::clone(node.schema());
        let plan = rebuilt(node, expressions, inputs)?;
        if attached && plan.schema().fields().len() != schema.fields().len() {
            let columns = schema.columns().into_iter().map(Expr::Column).collect();
            return project(plan, columns).map(Transformed::yes);
        }
        Ok(Transformed::yes(plan))
    }

    fn with_inner_decorrelated(&self, subquery: &Expr) -> Result<Expr> {
        let again = |subquery: &Subquery| -> Result<Subquery> {
            Ok(plan_subquery(self.decorrelated(subquery.subquery.as_ref().clone())?))
        };
        Ok(match subquery {
            Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(again(subquery)?),
            Expr::Exists(exists) => {
                let mut exists = exists.clone();
                exists.subquery = again(&exists.subquery)?;
                Expr::Exists(exists)
            }
            Expr::InSubquery(membership) => {
                let mut membership = membership.clone();
                membership.subquery = again(&membership.subquery)?;
                Expr::InSubquery(membership)
            }
            other => other.clone(),
        })
    }

    /// The input with one more column, which says what the subquery is for each row, and the value made of it.
    fn attached(&self, input: LogicalPlan, subquery: &Expr) -> Result<(LogicalPlan, Expr)> {
        let subquery = match subquery {
            Expr::InSubquery(membership) => &matching_rows(membership, std::slice::from_ref(&input))?,
            other => other,
        };
        match subquery {
            Expr::ScalarSubquery(scalar) => {
                let (plan, value) = self.joined_back(input, &scalar.subquery, false)?;
                Ok((plan, Expr::Column(value)))
            }
            Expr::Exists(exists) => {
                let (plan, marker) = self.joined_back(input, &exists.subquery.subquery, true)?;
                Ok((plan, found(marker, exists.negated)))
            }
            other => Ok((input, other.clone())),
        }
    }

    /// Joins the outer rows with the subquery's answers. The new column is the subquery's only one, or with `exists` a
    /// marker that is NULL where the subquery has no rows.
    fn joined_back(&self, input: LogicalPlan, query: &LogicalPlan, exists: bool) -> Result<(LogicalPlan, Column)> {
        let outer = outer_columns(query, &input);
        let value_id = self.new_id();
        let value = Column::new_unqualified(value_id.plan_name());
        let answer = |plan: &LogicalPlan, skipped: &[Column]| match exists {
            true => Some(lit(true)),
            false => plan.schema().columns().into_iter().find(|column| !skipped.contains(column)).map(Expr::Column),
        };
        if outer.is_empty() {
            let Some(answer) = answer(query, &[]) else { return unsupported("a subquery without columns") };
            let mut plan = project(query.clone(), vec![answer.alias(value_id.plan_name())])?;
            if exists {
                plan = distinct(plan);
            }
            let joined = LogicalPlanBuilder::new(input)
                .join_on(plan, JoinType::Left, [lit(true)])
                .and_then(LogicalPlanBuilder::build)
                .map_err(plan_error)?;
            return Ok((joined, value));
        }
        let domain = Domain::distinct(&input, outer.clone())?;
        let (pushed, keys) = self.push(query, &domain)?;
        let Some(answer) = answer(&pushed, &keys) else { return unsupported("a subquery without columns") };
        let mut outputs: Vec<Expr> = keys.iter().cloned().map(Expr::Column).collect();
        outputs.push(answer.alias(value_id.plan_name()));
        let mut answers = project(pushed, outputs)?;
        if exists {
            answers = distinct(answers);
        }
        let on = outer.into_iter().map(Expr::Column).zip(keys.into_iter().map(Expr::Column)).collect();
        Ok((join(input, answers, on, None, JoinType::Left)?, value))
    }

    /// A lateral join: `None` leaves it to DataFusion.
    fn lateral(&self, node: &Join, query: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        let left = node.left.as_ref();
        let right = &self.decorrelated(query.clone())?;
        let outer = outer_columns(right, left);
        let wanted: Vec<Expr> = node.schema.columns().into_iter().map(Expr::Column).collect();
        if outer.is_empty() {
            let mut plan = node.clone();
            plan.right = Arc::new(right.clone());
            return Ok(Some(LogicalPlan::Join(plan)));
        }
        if node.join_type == JoinType::Inner && push::goes_row_by_row(right, &outer) {
            let (mut plan, _) = self.push(right, &Domain::whole(left))?;
            if let Some(condition) = &node.filter {
                plan = crate::relation::block::filter(plan, condition.clone())?;
            }
            return project(plan, wanted).map(Some);
        }
        if simple::is_simple_lateral(right) {
            let mut plan = node.clone();
            plan.right = Arc::new(LogicalPlan::Subquery(plan_subquery(right.clone())));
            return Ok(Some(LogicalPlan::Join(plan)));
        }
        let domain = Domain::distinct(left, outer.clone())?;
        let (pushed, keys) = self.push(right, &domain)?;
        let on = outer.into_iter().map(Expr::Column).zip(keys.into_iter().map(Expr::Column)).collect();
        let plan = join(left.clone(), pushed, on, node.filter.clone(), node.join_type)?;
        project(plan, wanted).map(Some)
    }
}

/// Which input of a node a subquery belongs to: the one with the outer columns it uses. None of them if they are from
/// both sides of a join.
fn side_of(subquery: &Expr, inputs: &[LogicalPlan]) -> usize {
    let used = outer_names_of(subquery);
    let has = |input: &LogicalPlan, name: &String| input.schema().field_with_unqualified_name(name).is_ok();
    let anywhere = used.iter().filter(|name| inputs.iter().any(|input| has(input, name))).collect::<Vec<_>>();
    let whole = inputs.iter().position(|input| anywhere.iter().all(|name| has(input, name)));
    whole.unwrap_or(usize::MAX)
}

/// Names of outer columns that a subquery uses, the compared values of `IN` included.
fn outer_names_of(subquery: &Expr) -> HashSet<String> {
    let (plan, values) = match subquery {
        Expr::ScalarSubquery(scalar) => (&scalar.subquery, None),
        Expr::Exists(exists) => (&exists.subquery.subquery, None),
        Expr::InSubquery(membership) => (&membership.subquery.subquery, Some(&membership.expr)),
        _ => return HashSet::new(),
    };
    let mut names = outer_names(plan);
    names.extend(values.iter().flat_map(|value| value.column_refs()).map(|column| column.name.clone()));
    names
}

/// Every outer reference of a plan, those of the subqueries inside it included.
pub(super) fn outer_names(plan: &LogicalPlan) -> HashSet<String> {
    let mut names = HashSet::new();
    let _ = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::OuterReferenceColumn(_, column) = expr {
                    names.insert(column.name.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    names
}

/// The outer references of a query that are columns of `outer`, in the order of its columns.
fn outer_columns(query: &LogicalPlan, outer: &LogicalPlan) -> Vec<Column> {
    let names = outer_names(query);
    outer.schema().columns().into_iter().filter(|column| names.contains(&column.name)).collect()
}

fn collect_subqueries(expr: &Expr, into: &mut Vec<Expr>) -> DfResult<TreeNodeRecursion> {
    expr.apply(|expr| {
        let subquery = matches!(expr, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_));
        if subquery && !into.contains(expr) {
            into.push(expr.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    })
}

/// The node's expressions with the subqueries replaced. What names a column of the output keeps its name.
fn replaced_expressions(node: &LogicalPlan, replacements: &[(Expr, Expr)]) -> Result<Vec<Expr>> {
    let named = matches!(node, LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Window(_));
    let replaced = |expr: Expr| -> Result<Expr> {
        let name = if named { Some(expr.qualified_name()) } else { None };
        let changed = expr.transform_down(|expr| match replacements.iter().find(|(from, _)| *from == expr) {
            Some((_, to)) => Ok(Transformed::new(to.clone(), true, TreeNodeRecursion::Jump)),
            None => Ok(Transformed::no(expr)),
        });
        let changed = changed.map_err(plan_error)?;
        match name {
            Some((qualifier, name)) if changed.transformed && changed.data.qualified_name().1 != name => {
                Ok(changed.data.alias_qualified(qualifier, name))
            }
            _ => Ok(changed.data),
        }
    };
    node.expressions().into_iter().map(replaced).collect()
}

/// The node over other inputs. An inner join's filter is the only place where its inputs grow on both sides.
fn rebuilt(node: LogicalPlan, expressions: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<LogicalPlan> {
    match node {
        LogicalPlan::Window(_) => {
            let [input] = inputs.as_slice() else { return unsupported("a window over several inputs") };
            push::window(input.clone(), expressions)
        }
        other => other.with_new_exprs(expressions, inputs).map_err(plan_error),
    }
}

/// `IN` over a correlated query, or where DataFusion makes no join of it, as `EXISTS` of the matching rows; for `NOT IN`
/// also of the rows for which nobody can say whether they match.
fn without_correlated_list(subquery: Expr, inputs: &[LogicalPlan]) -> Result<Expr> {
    let Expr::InSubquery(membership) = &subquery else { return Ok(subquery) };
    let query = membership.subquery.subquery.as_ref();
    if outer_names(query).is_empty() {
        return Ok(subquery);
    }
    matching_rows(membership, inputs)
}

fn matching_rows(membership: &InSubquery, inputs: &[LogicalPlan]) -> Result<Expr> {
    let query = membership.subquery.subquery.as_ref();
    let Some(column) = query.schema().columns().into_iter().next() else {
        return unsupported("IN over a query without columns");
    };
    let value = membership.expr.as_ref().clone().transform_up(|expr| match expr {
        Expr::Column(column) => {
            let field = inputs.iter().find_map(|input| input.schema().field_with_unqualified_name(&column.name).ok());
            match field {
                Some(field) => Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), column))),
                None => Ok(Transformed::no(Expr::Column(column))),
            }
        }
        other => Ok(Transformed::no(other)),
    });
    let equal = Expr::Column(column).eq(value.map_err(plan_error)?.data);
    let condition = if membership.negated { equal.is_not_false() } else { equal };
    let matching = crate::relation::block::filter(query.clone(), condition)?;
    Ok(Expr::Exists(Exists::new(plan_subquery(matching), membership.negated)))
}

fn found(marker: Column, negated: bool) -> Expr {
    let marker = Expr::Column(marker);
    if negated { marker.is_null() } else { marker.is_not_null() }
}

pub(super) fn distinct(plan: LogicalPlan) -> LogicalPlan {
    LogicalPlan::Distinct(Distinct::All(Arc::new(plan)))
}

/// A join on keys of which NULL equals NULL.
pub(super) fn join(
    left: LogicalPlan,
    right: LogicalPlan,
    on: Vec<(Expr, Expr)>,
    filter: Option<Expr>,
    join_type: JoinType,
) -> Result<LogicalPlan> {
    let join = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        on,
        filter,
        join_type,
        JoinConstraint::On,
        NullEquality::NullEqualsNull,
        false,
    );
    join.map(LogicalPlan::Join).map_err(plan_error)
}

pub(super) fn same(left: &Column, right: &Column) -> Expr {
    binary_expr(Expr::Column(left.clone()), Operator::IsNotDistinctFrom, Expr::Column(right.clone()))
}
