//! Pushing a domain of outer values down a query: the result has the domain's columns and the query's, and for each
//! row of the domain the rows that the query has for it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::expr::{AggregateFunction, Alias, Sort as SortExpr, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Expr, ExprFunctionExt, FetchType, GroupingSet, Join, LogicalPlan, LogicalPlanBuilder, SkipType, Sort,
    Union, Window, lit,
};
use hearth_base::Result;

use super::{distinct, join, outer_names, same};
use crate::analyzer::{Analyzer, plan_error, unsupported};
use crate::rel::{all_columns, project};
use crate::relation::block::filter;

/// A pushed plan with the columns that hold the domain's values, in the domain's order.
type Pushed = (LogicalPlan, Vec<Column>);

/// The outer values that a query is to be answered for.
pub(super) struct Domain {
    plan: LogicalPlan,
    /// The outer columns, which the query refers to.
    outer: Vec<Column>,
    /// The outer relation itself, with all its columns under their own names. It can be put into one place only.
    whole: bool,
}

impl Domain {
    pub(super) fn distinct(outer_plan: &LogicalPlan, outer: Vec<Column>) -> Result<Self> {
        let columns = outer.iter().cloned().map(Expr::Column).collect();
        Ok(Self { plan: distinct(project(outer_plan.clone(), columns)?), outer, whole: false })
    }

    pub(super) fn whole(outer_plan: &LogicalPlan) -> Self {
        Self { plan: outer_plan.clone(), outer: outer_plan.schema().columns(), whole: true }
    }

    fn is_used_by(&self, names: &HashSet<String>) -> bool {
        self.outer.iter().any(|column| names.contains(&column.name))
    }

    fn correlates(&self, plan: &LogicalPlan) -> bool {
        self.is_used_by(&outer_names(plan))
    }

    fn is_in<'e>(&self, expressions: impl IntoIterator<Item = &'e Expr>) -> bool {
        expressions.into_iter().any(|expr| {
            expr.exists(|expr| {
                Ok(matches!(expr, Expr::OuterReferenceColumn(_, column)
                if self.outer.iter().any(|outer| outer.name == column.name)))
            })
            .unwrap_or(false)
        })
    }
}

/// Whether each outer row can go through the query by itself: nothing in it looks at several rows, and only one leaf
/// would get the domain.
pub(super) fn goes_row_by_row(plan: &LogicalPlan, outer: &[Column]) -> bool {
    let names = outer_names(plan);
    if !outer.iter().any(|column| names.contains(&column.name)) {
        return true;
    }
    match plan {
        LogicalPlan::EmptyRelation(_) => true,
        LogicalPlan::Projection(node) => goes_row_by_row(&node.input, outer),
        LogicalPlan::Filter(node) => goes_row_by_row(&node.input, outer),
        LogicalPlan::SubqueryAlias(_) => false,
        LogicalPlan::Unnest(node) => goes_row_by_row(&node.input, outer),
        LogicalPlan::Join(node) if node.join_type == JoinType::Inner => {
            let used = |side: &LogicalPlan| {
                let names = outer_names(side);
                outer.iter().any(|column| names.contains(&column.name))
            };
            !(used(&node.left) && used(&node.right))
                && goes_row_by_row(&node.left, outer)
                && goes_row_by_row(&node.right, outer)
        }
        _ => false,
    }
}

impl Analyzer<'_> {
    pub(super) fn push(&self, plan: &LogicalPlan, domain: &Domain) -> Result<Pushed> {
        if !domain.correlates(plan) {
            return self.beside_domain(plan, domain);
        }
        match plan {
            LogicalPlan::Projection(node) => {
                let (input, keys) = self.push(&node.input, domain)?;
                let plan = keeping(input, &keys, inner_all(&node.expr, domain, &keys)?)?;
                Ok((plan, keys))
            }
            LogicalPlan::Filter(node) => {
                let (input, keys) = self.push(&node.input, domain)?;
                Ok((filter(input, inner(node.predicate.clone(), domain, &keys)?)?, keys))
            }
            LogicalPlan::SubqueryAlias(node) => {
                let (input, keys) = self.push(&node.input, domain)?;
                let plan = LogicalPlanBuilder::new(input)
                    .alias(node.alias.clone())
                    .and_then(LogicalPlanBuilder::build)
                    .map_err(plan_error)?;
                let keys = keys.into_iter().map(|key| Column::new(Some(node.alias.clone()), key.name)).collect();
                Ok((plan, keys))
            }
            LogicalPlan::Aggregate(node) if node.group_expr.is_empty() => self.push_one_group(node, domain),
            LogicalPlan::Aggregate(node) => self.push_groups(node, domain),
            LogicalPlan::Distinct(node) => {
                let (input, keys) = self.push(node.input(), domain)?;
                Ok((distinct(input), keys))
            }
            LogicalPlan::Sort(node) => match node.fetch {
                Some(fetch) => {
                    let unbounded = LogicalPlan::Sort(Sort { fetch: None, ..node.clone() });
                    self.push_limit(&unbounded, 0, Some(fetch), domain)
                }
                None => self.push(&node.input, domain),
            },
            LogicalPlan::Limit(node) => {
                let (Ok(SkipType::Literal(skip)), Ok(FetchType::Literal(fetch))) =
                    (node.get_skip_type(), node.get_fetch_type())
                else {
                    return unsupported("a LIMIT in a correlated subquery that is no constant");
                };
                self.push_limit(&node.input, skip, fetch, domain)
            }
            LogicalPlan::Join(node) => self.push_join(node, domain),
            LogicalPlan::Union(node) => self.push_union(node, domain),
            LogicalPlan::Window(node) => self.push_window(node, domain),
            LogicalPlan::Unnest(node) => {
                let (input, keys) = self.push(&node.input, domain)?;
                let plan = LogicalPlanBuilder::new(input)
                    .unnest_columns_with_options(node.exec_columns.clone(), node.options.clone())
                    .and_then(LogicalPlanBuilder::build)
                    .map_err(plan_error)?;
                Ok((plan, keys))
            }
            LogicalPlan::Repartition(node) => self.push(&node.input, domain),
            other => unsupported(&format!("a correlated subquery with {}", node_name(other))),
        }
    }

    /// The domain under column names of its own.
    fn domain_rows(&self, domain: &Domain) -> Result<Pushed> {
        if domain.whole {
            return Ok((domain.plan.clone(), domain.outer.clone()));
        }
        let names: Vec<String> = domain.outer.iter().map(|_| self.new_id().plan_name()).collect();
        let named = domain.outer.iter().zip(&names).map(|(column, name)| Expr::Column(column.clone()).alias(name));
        let plan = project(domain.plan.clone(), named.collect())?;
        Ok((plan, names.into_iter().map(Column::new_unqualified).collect()))
    }

    fn beside_domain(&self, plan: &LogicalPlan, domain: &Domain) -> Result<Pushed> {
        let (rows, keys) = self.domain_rows(domain)?;
        if matches!(plan, LogicalPlan::EmptyRelation(empty) if empty.produce_one_row) {
            return Ok((rows, keys));
        }
        let plan = LogicalPlanBuilder::new(rows)
            .cross_join(plan.clone())
            .and_then(LogicalPlanBuilder::build)
            .map_err(plan_error)?;
        Ok((plan, keys))
    }

    fn push_groups(&self, node: &Aggregate, domain: &Domain) -> Result<Pushed> {
        let (input, keys) = self.push(&node.input, domain)?;
        let key_exprs: Vec<Expr> = keys.iter().cloned().map(Expr::Column).collect();
        let groups = inner_all(&node.group_expr, domain, &keys)?;
        let groups = match groups.as_slice() {
            [Expr::GroupingSet(GroupingSet::GroupingSets(sets))] => {
                let sets = sets.iter().map(|set| [key_exprs.clone(), set.clone()].concat()).collect();
                vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))]
            }
            _ => [key_exprs, groups].concat(),
        };
        let aggregates = inner_all(&node.aggr_expr, domain, &keys)?;
        let plan = Aggregate::try_new(Arc::new(input), groups, aggregates).map_err(plan_error)?;
        Ok((LogicalPlan::Aggregate(plan), keys))
    }

    /// An aggregate without grouping has a row for outer values that find nothing, too: a marker tells the rows of the
    /// query from those of the domain.
    fn push_one_group(&self, node: &Aggregate, domain: &Domain) -> Result<Pushed> {
        let (input, found) = self.push(&node.input, domain)?;
        let marker = self.new_id();
        let mut outputs = all_columns(&input);
        outputs.push(lit(true).alias(marker.plan_name()));
        let input = project(input, outputs)?;
        let (rows, keys) = self.domain_rows(domain)?;
        let on = keys.iter().cloned().map(Expr::Column).zip(found.into_iter().map(Expr::Column)).collect();
        let joined = join(rows, input, on, None, JoinType::Left)?;
        let aggregates = inner_all(&node.aggr_expr, domain, &keys)?;
        let marked = |expr: Expr| -> Result<Expr> {
            let name = expr.schema_name().to_string();
            let counted = expr.transform_down(|expr| match expr {
                Expr::AggregateFunction(mut call) => {
                    let real = marker.expr().is_not_null();
                    call.params.filter = Some(Box::new(match call.params.filter.take() {
                        Some(condition) => real.and(*condition),
                        None => real,
                    }));
                    Ok(Transformed::new(
                        Expr::AggregateFunction(AggregateFunction { ..call }),
                        true,
                        datafusion::common::tree_node::TreeNodeRecursion::Jump,
                    ))
                }
                other => Ok(Transformed::no(other)),
            });
            Ok(counted.map_err(plan_error)?.data.unalias().alias(name))
        };
        let aggregates = aggregates.into_iter().map(marked).collect::<Result<Vec<_>>>()?;
        let groups = keys.iter().cloned().map(Expr::Column).collect();
        let plan = Aggregate::try_new(Arc::new(joined), groups, aggregates).map_err(plan_error)?;
        Ok((LogicalPlan::Aggregate(plan), keys))
    }

    /// The first rows for each row of the domain.
    fn push_limit(&self, plan: &LogicalPlan, skip: usize, fetch: Option<usize>, domain: &Domain) -> Result<Pushed> {
        match plan {
            LogicalPlan::Projection(node) if domain.correlates(&node.input) => {
                let (input, keys) = self.push_limit(&node.input, skip, fetch, domain)?;
                let plan = keeping(input, &keys, inner_all(&node.expr, domain, &keys)?)?;
                Ok((plan, keys))
            }
            LogicalPlan::Sort(node) if node.fetch.is_none() => {
                let (input, keys) = self.push(&node.input, domain)?;
                let order = node.expr.iter().map(|key| {
                    let expr = inner(key.expr.clone(), domain, &keys)?;
                    Ok(SortExpr { expr, ..key.clone() })
                });
                let order = order.collect::<Result<Vec<_>>>()?;
                let plan = self.first_of_each(input, &keys, order, (skip, fetch))?;
                Ok((plan, keys))
            }
            other => {
                let (input, keys) = self.push(other, domain)?;
                let plan = self.first_of_each(input, &keys, Vec::new(), (skip, fetch))?;
                Ok((plan, keys))
            }
        }
    }

    fn first_of_each(
        &self,
        input: LogicalPlan,
        keys: &[Column],
        order: Vec<SortExpr>,
        (skip, fetch): (usize, Option<usize>),
    ) -> Result<LogicalPlan> {
        let number = self.new_id();
        let row_number = datafusion::functions_window::expr_fn::row_number()
            .partition_by(keys.iter().cloned().map(Expr::Column).collect());
        // An empty order would still ask for a frame over values.
        let row_number = if order.is_empty() { row_number } else { row_number.order_by(order) };
        let row_number = row_number.build().map_err(plan_error)?;
        let outputs = all_columns(&input);
        let plan = window(input, vec![row_number.alias(number.plan_name())])?;
        let skip = u64::try_from(skip).unwrap_or(u64::MAX);
        let mut condition = number.expr().gt(lit(skip));
        if let Some(fetch) = fetch {
            let last = skip.saturating_add(u64::try_from(fetch).unwrap_or(u64::MAX));
            condition = condition.and(number.expr().lt_eq(lit(last)));
        }
        project(filter(plan, condition)?, outputs)
    }

    fn push_join(&self, node: &Join, domain: &Domain) -> Result<Pushed> {
        let pairs = node.on.iter().flat_map(|(left, right)| [left, right]);
        let in_condition = domain.is_in(pairs.chain(&node.filter));
        let (left_uses, right_uses) = (domain.correlates(&node.left), domain.correlates(&node.right));
        let (left, right) = match node.join_type {
            JoinType::Inner => (left_uses || !right_uses, right_uses),
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (true, right_uses),
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (left_uses, true),
            JoinType::Full => (true, true),
        };
        let plain = |plan: &LogicalPlan| (plan.clone(), Vec::new());
        let (left_plan, left_keys) = if left { self.push(&node.left, domain)? } else { plain(&node.left) };
        let (right_plan, right_keys) = if right { self.push(&node.right, domain)? } else { plain(&node.right) };
        if in_condition && node.null_aware {
            return unsupported("NOT IN with outer columns inside of a correlated subquery");
        }
        let left_is_kept = left && !matches!(node.join_type, JoinType::RightSemi | JoinType::RightAnti);
        let keys = if left_is_kept && node.join_type != JoinType::Right { &left_keys } else { &right_keys };
        let mut conditions: Vec<Expr> = Vec::new();
        if left && right {
            conditions.extend(left_keys.iter().zip(&right_keys).map(|(left, right)| same(left, right)));
        }
        if let Some(condition) = &node.filter {
            conditions.push(inner(condition.clone(), domain, keys)?);
        }
        let mut on = Vec::with_capacity(node.on.len());
        for (left, right) in &node.on {
            on.push((inner(left.clone(), domain, keys)?, inner(right.clone(), domain, keys)?));
        }
        let joined = Join::try_new(
            Arc::new(left_plan),
            Arc::new(right_plan),
            on,
            conditions.into_iter().reduce(Expr::and),
            node.join_type,
            node.join_constraint,
            node.null_equality,
            node.null_aware,
        );
        let joined = LogicalPlan::Join(joined.map_err(plan_error)?);
        if node.join_type != JoinType::Full {
            return Ok((joined, keys.clone()));
        }
        let ids: Vec<_> = keys.iter().map(|_| self.new_id()).collect();
        let mut outputs = all_columns(&joined);
        for ((left, right), id) in left_keys.into_iter().zip(right_keys).zip(&ids) {
            let either = vec![Expr::Column(left), Expr::Column(right)];
            outputs.push(datafusion::functions::core::expr_fn::coalesce(either).alias(id.plan_name()));
        }
        let keys = ids.iter().map(|id| Column::new_unqualified(id.plan_name())).collect();
        Ok((project(joined, outputs)?, keys))
    }

    fn push_union(&self, node: &Union, domain: &Domain) -> Result<Pushed> {
        let ids: Vec<_> = domain.outer.iter().map(|_| self.new_id()).collect();
        let names: Vec<String> = node.schema.fields().iter().map(|field| field.name().clone()).collect();
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            let columns = input.schema().columns();
            let (plan, keys) = self.push(input, domain)?;
            let mut outputs: Vec<Expr> =
                keys.into_iter().zip(&ids).map(|(key, id)| Expr::Column(key).alias(id.plan_name())).collect();
            outputs.extend(columns.into_iter().zip(&names).map(|(column, name)| Expr::Column(column).alias(name)));
            inputs.push(Arc::new(project(plan, outputs)?));
        }
        let union = Union::try_new_with_loose_types(inputs).map_err(plan_error)?;
        Ok((LogicalPlan::Union(union), ids.iter().map(|id| Column::new_unqualified(id.plan_name())).collect()))
    }

    fn push_window(&self, node: &Window, domain: &Domain) -> Result<Pushed> {
        let (input, keys) = self.push(&node.input, domain)?;
        let within_domain = |expr: &Expr| -> Result<Expr> {
            let (_, name) = expr.qualified_name();
            let expr = inner(expr.clone(), domain, &keys)?.unalias();
            let Expr::WindowFunction(call) = expr else { return Ok(expr.alias(name)) };
            let WindowFunction { fun, mut params } = *call;
            params.partition_by.extend(keys.iter().cloned().map(Expr::Column));
            Ok(Expr::WindowFunction(Box::new(WindowFunction { fun, params })).alias(name))
        };
        let windows = node.window_expr.iter().map(within_domain).collect::<Result<Vec<_>>>()?;
        Ok((window(input, windows)?, keys))
    }
}

/// Window functions over a plan, under the names of their aliases.
pub(super) fn window(input: LogicalPlan, windows: Vec<Expr>) -> Result<LogicalPlan> {
    let mut outputs = all_columns(&input);
    let mut calls = Vec::with_capacity(windows.len());
    for expr in windows {
        let (call, name) = match expr {
            Expr::Alias(Alias { expr, name, .. }) => (*expr, name),
            other => {
                let name = other.schema_name().to_string();
                (other, name)
            }
        };
        outputs.push(Expr::Column(Column::new_unqualified(call.schema_name().to_string())).alias(name));
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    let plan = LogicalPlanBuilder::window_plan(input, calls).map_err(plan_error)?;
    project(plan, outputs)
}

/// A projection that lets the domain's columns through.
fn keeping(input: LogicalPlan, keys: &[Column], expressions: Vec<Expr>) -> Result<LogicalPlan> {
    let mut outputs: Vec<Expr> = keys.iter().cloned().map(Expr::Column).collect();
    outputs.extend(expressions);
    let mut names = HashSet::new();
    outputs.retain(|expr| names.insert(expr.qualified_name()));
    project(input, outputs)
}

fn inner_all(expressions: &[Expr], domain: &Domain, keys: &[Column]) -> Result<Vec<Expr>> {
    let one = |expr: &Expr| -> Result<Expr> {
        let (qualifier, name) = expr.qualified_name();
        let changed = inner(expr.clone(), domain, keys)?;
        let same_name = matches!(expr, Expr::GroupingSet(_)) || changed.qualified_name().1 == name;
        Ok(if same_name { changed } else { changed.alias_qualified(qualifier, name) })
    };
    expressions.iter().map(one).collect()
}

/// The expression with the domain's columns in place of the outer ones; inside of its subqueries they stay outer.
fn inner(expr: Expr, domain: &Domain, keys: &[Column]) -> Result<Expr> {
    let columns: HashMap<&str, &Column> =
        domain.outer.iter().zip(keys).map(|(outer, key)| (outer.name.as_str(), key)).collect();
    let replaced = expr.transform_up(|expr| match expr {
        Expr::OuterReferenceColumn(field, column) => match columns.get(column.name.as_str()) {
            Some(key) => Ok(Transformed::yes(Expr::Column((*key).clone()))),
            None => Ok(Transformed::no(Expr::OuterReferenceColumn(field, column))),
        },
        Expr::ScalarSubquery(mut subquery) => {
            subquery.subquery = renamed_outer(&subquery.subquery, &columns)?;
            subquery.outer_ref_columns = subquery.subquery.all_out_ref_exprs();
            Ok(Transformed::yes(Expr::ScalarSubquery(subquery)))
        }
        Expr::Exists(mut exists) => {
            exists.subquery.subquery = renamed_outer(&exists.subquery.subquery, &columns)?;
            exists.subquery.outer_ref_columns = exists.subquery.subquery.all_out_ref_exprs();
            Ok(Transformed::yes(Expr::Exists(exists)))
        }
        Expr::InSubquery(mut membership) => {
            membership.subquery.subquery = renamed_outer(&membership.subquery.subquery, &columns)?;
            membership.subquery.outer_ref_columns = membership.subquery.subquery.all_out_ref_exprs();
            Ok(Transformed::yes(Expr::InSubquery(membership)))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(replaced.map_err(plan_error)?.data)
}

fn renamed_outer(
    plan: &Arc<LogicalPlan>,
    columns: &HashMap<&str, &Column>,
) -> datafusion::common::Result<Arc<LogicalPlan>> {
    let renamed = plan.as_ref().clone().transform_up_with_subqueries(|node| {
        node.map_expressions(|expr| {
            expr.transform_up(|expr| match expr {
                Expr::OuterReferenceColumn(field, column) => match columns.get(column.name.as_str()) {
                    Some(key) => Ok(Transformed::yes(Expr::OuterReferenceColumn(field, (*key).clone()))),
                    None => Ok(Transformed::no(Expr::OuterReferenceColumn(field, column))),
                },
                other => Ok(Transformed::no(other)),
            })
        })
    })?;
    Ok(Arc::new(renamed.data))
}

fn node_name(plan: &LogicalPlan) -> String {
    let text = plan.display().to_string();
    text.split([':', ' ']).next().unwrap_or_default().to_owned()
}
