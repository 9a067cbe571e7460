//! `Block`: one `SELECT`: grouping, `HAVING`, windows, generators and the output list over one input.
//!
//! The expressions are typed against the input, with aggregates and window functions standing inside them as DataFusion
//! expressions. `Block::build` then makes the plan: aggregates go into one `Aggregate`, windows into `Window` nodes,
//! generators into `Unnest`. A block can be built again with more expressions, which is how `ORDER BY` and `HAVING` reach
//! columns and aggregates that the list does not have.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column as PlanColumn, NullHandling, UnnestOptions};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, when};
use hearth_base::condition::{
    CORRELATED_REFERENCE, MISSING_AGGREGATION, MISSING_GROUP_BY, MIXED_OUTER_LOCAL_AGGREGATE, SUBQUERY_NOT_GROUPED,
};
use hearth_base::{Error, Result};
use hearth_functions::Generated;

pub(crate) use super::condition::filter;
use super::grouped_subquery;
use super::grouping_sets::group_expressions;
use crate::analyzer::{Analyzer, plan_error};
use crate::expression::context::Grouped;
use crate::expression::extract::get_field;
use crate::rel::{Item, Rel, all_columns, project};
use crate::scope::{ColumnId, Scope, quote_name};

#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub input: Rel,
    /// `None`: no grouping and no aggregates.
    pub grouped: Option<Grouped>,
    pub having: Vec<Expr>,
    /// Aggregates that subqueries of `having` read, as columns with these ids.
    pub read_by_having: Vec<(ColumnId, Expr)>,
    pub qualify: Vec<Expr>,
    pub generators: Vec<GeneratorStep>,
    pub items: Vec<Item>,
}

/// A generator with the ids its columns have.
#[derive(Debug, Clone)]
pub(crate) struct GeneratorStep {
    pub generated: Generated,
    pub outer: bool,
    pub ids: Vec<ColumnId>,
}

impl Block {
    pub fn new(input: Rel, items: Vec<Item>, generators: Vec<GeneratorStep>) -> Self {
        Self {
            input,
            grouped: None,
            having: Vec::new(),
            read_by_having: Vec::new(),
            qualify: Vec::new(),
            generators,
            items,
        }
    }

    /// Turns a list with aggregates but without `GROUP BY` into one group.
    #[must_use]
    pub fn with_implicit_group(mut self) -> Self {
        let aggregates =
            self.items.iter().any(|item| has_aggregate(&item.value.expr)) || self.having.iter().any(has_aggregate);
        if self.grouped.is_none() && aggregates {
            self.grouped = Some(Grouped::default());
        }
        self
    }
}

/// Whether an aggregate (not one over a window) stands in an expression.
pub(crate) fn has_aggregate(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::AggregateFunction(_)))).unwrap_or(false)
}

pub(crate) fn has_window(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::WindowFunction(_)))).unwrap_or(false)
}

impl Analyzer<'_> {
    /// The relation of a block; it remembers the block for the clauses that follow.
    pub fn block_rel(&self, block: Block) -> Result<Rel> {
        let mut block = block.with_implicit_group();
        for item in &mut block.items {
            item.id.get_or_insert_with(|| self.new_id());
        }
        let mut rel = self.build_block(&block, &[])?;
        rel.block = Some(Arc::new(block));
        Ok(rel)
    }

    /// Makes the plan. `extra` expressions become columns too, with the ids given, behind the scope.
    pub fn build_block(&self, block: &Block, extra: &[(ColumnId, Expr)]) -> Result<Rel> {
        let with_keys = grouped_subquery::with_keys(block)?;
        let block = with_keys.as_ref().unwrap_or(block);
        let mut plan = block.input.plan.clone();
        let mut expressions = Expressions::of(block, extra);
        if let Some(grouped) = &block.grouped {
            plan = self.aggregate_plan(plan, grouped, &mut expressions, block)?;
        }
        let read = std::mem::take(&mut expressions.read);
        if !read.is_empty() {
            let named = block.read_by_having.iter().zip(read).map(|((id, _), expr)| expr.alias(id.plan_name()));
            let outputs = all_columns(&plan).into_iter().chain(named).collect();
            plan = project(plan, outputs)?;
        }
        for condition in std::mem::take(&mut expressions.having) {
            plan = filter(plan, condition)?;
        }
        plan = self.window_plan(plan, &mut expressions)?;
        for condition in std::mem::take(&mut expressions.qualify) {
            plan = filter(plan, condition)?;
        }
        for (step, list) in block.generators.iter().zip(std::mem::take(&mut expressions.lists)) {
            plan = self.generate(plan, step, list)?;
        }
        let items: Vec<Item> = block
            .items
            .iter()
            .zip(expressions.items)
            .map(|(item, expr)| {
                let mut item = item.clone();
                item.value.expr = expr;
                item
            })
            .collect();
        let (mut outputs, columns) = self.output(&items);
        let known: HashSet<ColumnId> = columns.iter().map(|column| column.id).collect();
        for ((id, _), expr) in extra.iter().zip(expressions.extra) {
            if !known.contains(id) {
                outputs.push(expr.alias(id.plan_name()));
            }
        }
        if outputs.is_empty() {
            return Ok(Rel::new(plan, Scope::default()));
        }
        let mut hidden = Vec::new();
        if block.grouped.is_none() && block.generators.is_empty() {
            // What files tell of themselves goes through a list of columns, unseen.
            for column in block.input.scope.file_metadata() {
                if !known.contains(&column.id) {
                    outputs.push(column.id.expr());
                    hidden.push(column.clone());
                }
            }
        }
        Ok(Rel::new(project(plan, outputs)?, Scope { columns, hidden }))
    }

    fn aggregate_plan(
        &self,
        input: LogicalPlan,
        grouped: &Grouped,
        expressions: &mut Expressions,
        block: &Block,
    ) -> Result<LogicalPlan> {
        let mut aggregates: Vec<Expr> = Vec::new();
        expressions.each(&mut |expr| collect_aggregates(expr, &mut aggregates));
        check_outer_columns(block, &aggregates)?;
        let mut keys = grouped.keys.clone();
        for (position, folded) in grouped.collated.iter().chain(&grouped.normalized) {
            keys[*position] = folded.clone();
        }
        let input = if grouped.sets.is_some() { self.computed_keys(input, &mut keys)? } else { input };
        let group = group_expressions(grouped, keys);
        if group.is_empty() && aggregates.is_empty() {
            // `GROUP BY ()` over nothing to compute: one row whatever the input is.
            aggregates.push(datafusion::functions_aggregate::expr_fn::count(datafusion::logical_expr::lit(1_i64)));
        }
        // Spark's sets have no rows where the input has none, the grand total included.
        let rows = grouped
            .sets
            .as_ref()
            .filter(|sets| !group.is_empty() && sets.iter().any(Vec::is_empty))
            .map(|_| datafusion::functions_aggregate::expr_fn::count(datafusion::logical_expr::lit(1_i64)));
        aggregates.extend(rows.iter().filter(|rows| !aggregates.contains(rows)).cloned().collect::<Vec<_>>());
        let firsts: Vec<Expr> =
            grouped.collated.iter().map(|(position, _)| first_of(grouped.keys[*position].clone())).collect();
        aggregates.extend(firsts.iter().filter(|first| !aggregates.contains(first)).cloned().collect::<Vec<_>>());
        let (input, ordered) = self.in_kept_order(input, aggregates.clone())?;
        let named = distinct_names(&ordered, |index| format!("#agg{index}_{}", self.new_id().0));
        let aggregate = Aggregate::try_new(Arc::new(input), group, named).map_err(plan_error)?;
        let mut replacements: Vec<(Expr, Expr)> = Vec::with_capacity(grouped.keys.len() + aggregates.len());
        let offset = aggregate.schema.fields().len() - aggregates.len();
        for (index, key) in grouped.keys.iter().enumerate() {
            let first = grouped.collated.iter().position(|(position, _)| *position == index);
            let first = first.and_then(|place| aggregates.iter().position(|known| *known == firsts[place]));
            let told = column_at(&aggregate, index);
            let value = match first {
                Some(place) => {
                    let value = column_at(&aggregate, offset + place);
                    // A key that a grouping set leaves out is NULL.
                    match grouped.sets {
                        Some(_) => when(told.is_not_null(), value).end().map_err(plan_error)?,
                        None => value,
                    }
                }
                None => told,
            };
            replacements.push((key.clone(), value));
        }
        for (index, expr) in aggregates.into_iter().enumerate() {
            replacements.push((expr, column_at(&aggregate, offset + index)));
        }
        let plan = self.repeated_sets(LogicalPlan::Aggregate(aggregate), grouped)?;
        expressions.replace(&mut |expr| rebase(expr, &replacements))?;
        expressions.check(&plan, block)?;
        match rows {
            Some(rows) => filter(plan, rebase(rows, &replacements)?.gt(datafusion::logical_expr::lit(0_i64))),
            None => Ok(plan),
        }
    }

    /// Lifts window functions out, the innermost first: a window may stand in another's arguments through an alias.
    fn window_plan(&self, mut plan: LogicalPlan, expressions: &mut Expressions) -> Result<LogicalPlan> {
        loop {
            let mut windows: Vec<Expr> = Vec::new();
            expressions.each(&mut |expr| collect_windows(expr, &mut windows));
            if windows.is_empty() {
                return Ok(plan);
            }
            let mut names = HashSet::new();
            let (now, _later): (Vec<Expr>, Vec<Expr>) =
                windows.into_iter().partition(|window| names.insert(window.schema_name().to_string()));
            plan = LogicalPlanBuilder::window_plan(plan, now.clone()).map_err(plan_error)?;
            // New ids at once: names of window columns may repeat in the next round.
            let mut outputs = Vec::new();
            let mut replacements = Vec::with_capacity(now.len());
            let made: HashSet<String> = now.iter().map(|window| window.schema_name().to_string()).collect();
            for column in plan.schema().columns() {
                if !made.contains(&column.name) {
                    outputs.push(Expr::Column(column));
                }
            }
            for window in now {
                let id = self.new_id();
                let column = PlanColumn::new_unqualified(window.schema_name().to_string());
                outputs.push(Expr::Column(column).alias(id.plan_name()));
                replacements.push((window, id.expr()));
            }
            plan = project(plan, outputs)?;
            expressions.replace(&mut |expr| rebase(expr, &replacements))?;
        }
    }

    /// Adds a generator's columns to a plan.
    pub fn generate(&self, plan: LogicalPlan, step: &GeneratorStep, list: Expr) -> Result<LogicalPlan> {
        let generated = &step.generated;
        let element = match (generated.elements_are_structs, step.ids.as_slice()) {
            (false, [only]) => *only,
            _ => self.new_id(),
        };
        let mut outputs = all_columns(&plan);
        let kept = outputs.clone();
        outputs.push(list.alias(element.plan_name()));
        let plan = project(plan, outputs)?;
        let null_handling = if step.outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let options = UnnestOptions { null_handling, recursions: Vec::new() };
        let column = PlanColumn::new_unqualified(element.plan_name());
        let plan = LogicalPlanBuilder::new(plan)
            .unnest_column_with_options(column, options)
            .and_then(LogicalPlanBuilder::build)
            .map_err(plan_error)?;
        if !generated.elements_are_structs {
            return Ok(plan);
        }
        let mut outputs = kept;
        for (column, id) in generated.columns.iter().zip(&step.ids) {
            outputs.push(get_field(element.expr(), &column.name).alias(id.plan_name()));
        }
        project(plan, outputs)
    }
}

/// Every expression of a block, in the places they came from.
struct Expressions {
    having: Vec<Expr>,
    read: Vec<Expr>,
    qualify: Vec<Expr>,
    lists: Vec<Expr>,
    items: Vec<Expr>,
    extra: Vec<Expr>,
}

impl Expressions {
    fn of(block: &Block, extra: &[(ColumnId, Expr)]) -> Self {
        Self {
            having: block.having.clone(),
            read: block.read_by_having.iter().map(|(_, expr)| expr.clone()).collect(),
            qualify: block.qualify.clone(),
            lists: block.generators.iter().map(|step| step.generated.list.expr.clone()).collect(),
            items: block.items.iter().map(|item| item.value.expr.clone()).collect(),
            extra: extra.iter().map(|(_, expr)| expr.clone()).collect(),
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Expr> {
        let Self { having, read, qualify, lists, items, extra } = self;
        having.iter_mut().chain(read).chain(qualify).chain(lists).chain(items).chain(extra)
    }

    fn each(&mut self, visit: &mut dyn FnMut(&Expr)) {
        for expr in self.all() {
            visit(expr);
        }
    }

    fn replace(&mut self, change: &mut dyn FnMut(Expr) -> Result<Expr>) -> Result<()> {
        for expr in self.all() {
            *expr = change(std::mem::take(expr))?;
        }
        Ok(())
    }

    /// After grouping only keys and aggregates may be left.
    fn check(&mut self, plan: &LogicalPlan, block: &Block) -> Result<()> {
        let generated: HashSet<String> =
            block.generators.iter().flat_map(|step| &step.ids).map(|id| id.plan_name()).collect();
        for expr in self.all() {
            for column in expr.column_refs() {
                if plan.schema().maybe_index_of_column(column).is_none() && !generated.contains(&column.name) {
                    return Err(not_grouped(column, block));
                }
            }
        }
        Ok(())
    }
}

fn not_grouped(column: &PlanColumn, block: &Block) -> Error {
    let columns = block.input.scope.columns.iter().chain(&block.input.scope.hidden);
    let found = columns.into_iter().find(|known| known.id.plan_name() == column.name);
    let Some(found) = found else { return Error::internal(format!("the column {column} is lost in an aggregate")) };
    let implicit = block.grouped.as_ref().is_none_or(|grouped| grouped.keys.is_empty() && grouped.sets.is_none());
    if implicit {
        return MISSING_GROUP_BY.error();
    }
    let name: &str = &found.name;
    let _ = quote_name(&[name]);
    MISSING_AGGREGATION
        .with("expression", format!("\"{name}\""))
        .with("expressionAnyValue", format!("\"any_value({name})\""))
}

/// Where the grouping of a subquery may not hold columns of the outer query, and a list not a subquery of its own rows.
fn check_outer_columns(block: &Block, aggregates: &[Expr]) -> Result<()> {
    let is_outer = |expr: &Expr| matches!(expr, Expr::OuterReferenceColumn(..));
    for aggregate in aggregates {
        if aggregate.exists(|expr| Ok(is_outer(expr))).unwrap_or(false) {
            let mixed = !aggregate.column_refs().is_empty();
            let text = aggregate.schema_name().to_string();
            return Err(match mixed {
                true => MIXED_OUTER_LOCAL_AGGREGATE.with("function", text),
                false => CORRELATED_REFERENCE.with("sqlExprs", format!("\"{text}\"")),
            });
        }
    }
    let keys = block.grouped.as_ref().map_or(&[][..], |grouped| grouped.keys.as_slice());
    for item in &block.items {
        let (mut outer, mut subquery) = (false, false);
        let _ = item.value.expr.apply(|expr| {
            if keys.contains(expr) || matches!(expr, Expr::AggregateFunction(_)) {
                return Ok(TreeNodeRecursion::Jump);
            }
            outer |= is_outer(expr);
            subquery |= matches!(expr, Expr::ScalarSubquery(scalar) if !scalar.outer_ref_columns.is_empty());
            Ok(TreeNodeRecursion::Continue)
        });
        if outer {
            return Err(CORRELATED_REFERENCE.with("sqlExprs", format!("\"{}\"", item.name)));
        }
        if subquery {
            return Err(SUBQUERY_NOT_GROUPED.with("sqlExpr", format!("\"{}\"", item.name)));
        }
    }
    Ok(())
}

fn collect_aggregates(expr: &Expr, into: &mut Vec<Expr>) {
    let _ = expr.apply(|expr| {
        if matches!(expr, Expr::AggregateFunction(_)) {
            if !into.contains(expr) {
                into.push(expr.clone());
            }
            return Ok(TreeNodeRecursion::Jump);
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

/// Window functions without a window function inside.
fn collect_windows(expr: &Expr, into: &mut Vec<Expr>) {
    let _ = expr.apply(|expr| {
        if let Expr::WindowFunction(window) = expr {
            let params = &window.params;
            let inner = params.args.iter().chain(&params.partition_by).any(has_window)
                || params.order_by.iter().any(|order| has_window(&order.expr));
            if !inner {
                if !into.contains(expr) {
                    into.push(expr.clone());
                }
                return Ok(TreeNodeRecursion::Jump);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

/// Replaces whole expressions, the outermost first.
fn rebase(expr: Expr, replacements: &[(Expr, Expr)]) -> Result<Expr> {
    let transformed = expr.transform_down(|expr| match replacements.iter().find(|(from, _)| *from == expr) {
        Some((_, to)) => Ok(Transformed::new(to.clone(), true, TreeNodeRecursion::Jump)),
        None => Ok(Transformed::no(expr)),
    });
    Ok(transformed.map_err(plan_error)?.data)
}

fn column_at(aggregate: &Aggregate, index: usize) -> Expr {
    Expr::Column(PlanColumn::from(aggregate.schema.qualified_field(index)))
}

fn first_of(value: Expr) -> Expr {
    datafusion::functions_aggregate::expr_fn::first_value(value, Vec::new())
}

/// DataFusion leaves casts out of names, so different expressions may get one name: the later ones get an alias.
fn distinct_names(expressions: &[Expr], alias: impl Fn(usize) -> String) -> Vec<Expr> {
    let mut names = HashSet::new();
    expressions
        .iter()
        .enumerate()
        .map(
            |(index, expr)| {
                if names.insert(expr.schema_name().to_string()) {
                    expr.clone()
                } else {
                    expr.clone().alias(alias(index))
                }
            },
        )
        .collect()
}
