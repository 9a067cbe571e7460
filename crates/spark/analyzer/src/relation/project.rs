//! `SELECT` lists, filters, `HAVING`, `QUALIFY`, aliases, observed metrics.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::Column as PlanColumn;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, Volatility};
use hearth_base::condition::{
    ASSIGNMENT_ARITY_MISMATCH, Condition, DUPLICATED_METRICS_NAME, GENERATOR_OUTSIDE_SELECT,
    INVALID_INLINE_TABLE_DIFFERENT_COLUMNS, INVALID_WHERE_CONDITION, MISSING_AGGREGATION, MISSING_GROUP_BY,
    NESTED_AGGREGATE_FUNCTION, OBSERVED_ATTRIBUTE, OBSERVED_DISTINCT, OBSERVED_FILTER, OBSERVED_NESTED,
    OBSERVED_NOT_DETERMINISTIC, OBSERVED_WINDOW, QUALIFY_REQUIRES_WINDOW_FUNCTION, UNRESOLVED_COLUMN_WITH_SUGGESTION,
    WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE,
};
use hearth_base::{Error, Result};
use hearth_functions::row::Builder;
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};

use super::block::{Block, GeneratorStep, filter, has_window};
use crate::analyzer::{Analyzer, Env, located, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::expression::function::builtin_name;
use crate::expression::generator::with_ids;
use crate::naming;
use crate::observed::Observed;
use crate::rel::{Item, Rel};
use crate::scope::{Column, Scope};

/// The first column of a condition that is neither in the output nor inside of an aggregate.
fn ungrouped_name<'e>(expr: &'e Expr, output: &Scope) -> Option<&'e [String]> {
    match &expr.node {
        ExprNode::Attribute { name, .. } if matches!(output.find(name, false), Ok(None)) => Some(name),
        ExprNode::Function(call) if aggregate_name(call).is_none() => {
            call.arguments.iter().find_map(|argument| ungrouped_name(argument, output))
        }
        ExprNode::Cast { expr, .. } => ungrouped_name(expr, output),
        _ => None,
    }
}

/// The aggregates of a condition and the names inside of them; a window function is none.
#[derive(Default)]
struct Aggregated<'e> {
    any: bool,
    names: Vec<&'e Expr>,
}

impl<'e> Aggregated<'e> {
    fn collect(&mut self, expr: &'e Expr, inside: bool) {
        match &expr.node {
            ExprNode::Attribute { .. } if inside => self.names.push(expr),
            ExprNode::Function(call) => {
                let is_aggregate = aggregate_name(call).is_some();
                self.any |= is_aggregate;
                call.arguments.iter().for_each(|argument| self.collect(argument, inside || is_aggregate));
            }
            ExprNode::Window(window) => {
                if let ExprNode::Function(call) = &window.function.node {
                    call.arguments.iter().for_each(|argument| self.collect(argument, inside));
                }
                window.spec.partition.iter().for_each(|key| self.collect(key, inside));
                window.spec.order.iter().for_each(|key| self.collect(&key.child, inside));
            }
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => self.collect(expr, inside),
            _ => {}
        }
    }
}

/// A column with its table, as Spark tells of one that an operator lacks.
fn dotted(column: &Column) -> String {
    let parts = column.qualifier.iter().map(String::as_str).chain([&*column.name]);
    parts.map(hearth_types::ddl::quote_if_needed).collect::<Vec<_>>().join(".")
}

fn aggregate_name(call: &FunctionCall) -> Option<&'static str> {
    let row = builtin_name(&call.name).and_then(hearth_functions::lookup)?;
    matches!(row.builder, Builder::Aggregate(_)).then_some(row.name)
}

/// The output with the aggregates of a condition, which Spark computes beside it.
fn with_aggregates(output: &Scope, condition: &Expr) -> Scope {
    let mut columns = output.columns.clone();
    let mut names = Vec::new();
    collect_aggregates(condition, &mut names);
    for name in names {
        if let Some(like) = output.columns.first()
            && !columns.iter().any(|column| *column.name == *name)
        {
            columns.push(Column { name: name.into(), qualifier: Arc::default(), ..like.clone() });
        }
    }
    Scope { columns, hidden: Vec::new() }
}

fn collect_aggregates(expr: &Expr, names: &mut Vec<String>) {
    if let ExprNode::Function(call) = &expr.node {
        match aggregate_name(call) {
            Some(_) => names.push(naming::sql(expr)),
            None => call.arguments.iter().for_each(|argument| collect_aggregates(argument, names)),
        }
    }
}

impl Analyzer<'_> {
    pub fn project(&self, input: &Relation, expressions: &[Expr], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let input = self.with_time_windows(input, expressions.iter(), env)?;
        let (items, generators) = self.items(expressions, Cx::new(env, &input, Clause::Select))?;
        self.block_rel(Block::new(input, items, generators))
    }

    pub fn filter(&self, input: &Relation, condition: &Expr, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let predicate = match self.condition(condition, Cx::new(env, &input, Clause::Where)) {
            Ok(predicate) => predicate,
            Err(error) if error.condition() == INVALID_WHERE_CONDITION => {
                return Err(self.whole_condition(&error, condition, &input.scope));
            }
            Err(error) if error.condition() == GENERATOR_OUTSIDE_SELECT => {
                return Err(GENERATOR_OUTSIDE_SELECT.with("plan", format!("'Filter {}", with_ids(condition))));
            }
            // `df.select("a").filter(df.b > 1)`: the column is below the projection.
            Err(error) => match &input.block {
                Some(block) => return self.filter_below(block, condition, env).or(Err(error)),
                None => return Err(error),
            },
        };
        if has_window(&predicate) {
            return Err(WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE.with("clauseName", "WHERE"));
        }
        let plan = filter(input.plan.clone(), predicate)?;
        Ok(input.with_plan(plan))
    }

    /// The error for an aggregate in a condition names the whole of it, and the aggregate with its columns' tables.
    fn whole_condition(&self, error: &Error, condition: &Expr, scope: &Scope) -> Error {
        let list = error.named_parameters().find(|(name, _)| *name == "expressionList").map_or("", |(_, list)| list);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut qualified = String::new();
        let mut rest = list;
        while let Some(start) = rest.find(is_word) {
            let (before, word) = rest.split_at(start);
            let (word, after) = word.split_at(word.find(|c| !is_word(c)).unwrap_or(word.len()));
            qualified.push_str(before);
            let column = scope.find(&[word.to_owned()], self.case_sensitive).ok().flatten();
            if let Some(found) = column.filter(|_| !after.starts_with('('))
                && !found.column.qualifier.is_empty()
            {
                qualified.push_str(&found.column.qualifier.join("."));
                qualified.push('.');
            }
            qualified.push_str(word);
            rest = after;
        }
        qualified.push_str(rest);
        INVALID_WHERE_CONDITION
            .with("condition", format!("\"{}\"", naming::sql(condition)))
            .with("expressionList", qualified)
    }

    fn filter_below(&self, block: &Arc<Block>, condition: &Expr, env: Env<'_>) -> Result<Rel> {
        let cx = Cx { output: &block.items, ..Cx::new(env, &block.input, Clause::OrderBy) };
        let predicate = self.condition(condition, cx)?;
        let id = self.new_id();
        let built = self.build_block(block, &[(id, predicate)])?;
        let scope = built.scope.clone();
        let plan = filter(built.plan, id.expr())?;
        Ok(Rel::new(Rel::new(plan, scope.clone()).positional()?, scope))
    }

    pub fn having(&self, input: &Relation, condition: &Expr, env: Env<'_>) -> Result<Rel> {
        if super::sort::contains_window(condition) {
            return Err(WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE.with("clauseName", "HAVING"));
        }
        let rel = self.relation(input, env)?;
        let Some(block) = &rel.block else {
            let predicate = self.condition(condition, Cx::new(env, &rel, Clause::Where))?;
            let plan = filter(rel.plan.clone(), predicate)?;
            return Ok(rel.with_plan(plan));
        };
        let mut block = block.as_ref().clone();
        let grouped = block.grouped.clone().unwrap_or_default();
        let asked = RefCell::new(std::mem::take(&mut block.read_by_having));
        let cx = Cx {
            output: &block.items,
            grouped: Some(&grouped),
            outer_aggregates: Some(&asked),
            ..Cx::new(env, &block.input, Clause::Having)
        };
        let predicate = self.condition(condition, cx)?;
        block.having.push(predicate);
        block.read_by_having = asked.into_inner();
        let is_grouped = block.grouped.is_some();
        block.grouped = Some(grouped);
        self.block_rel(block).map_err(|error| {
            let about_columns = error.condition() == MISSING_AGGREGATION || error.condition() == MISSING_GROUP_BY;
            match ungrouped_name(condition, &rel.scope).filter(|_| about_columns && is_grouped) {
                Some(name) => with_aggregates(&rel.scope, condition).unresolved(name),
                None => error,
            }
        })
    }

    pub fn qualify(&self, input: &Relation, condition: &Expr, env: Env<'_>) -> Result<Rel> {
        let rel = self.relation(input, env)?;
        let Some(block) = &rel.block else {
            let predicate = self.condition(condition, Cx::new(env, &rel, Clause::Where))?;
            if !has_window(&predicate) {
                return Err(QUALIFY_REQUIRES_WINDOW_FUNCTION.error());
            }
            let plan = filter(rel.plan.clone(), predicate)?;
            return Ok(rel.with_plan(plan));
        };
        if block.grouped.is_some() {
            self.check_grouped_qualify(condition, block, &rel.scope)?;
        }
        let mut block = block.as_ref().clone();
        let cx =
            Cx { output: &block.items, grouped: block.grouped.as_ref(), ..Cx::new(env, &block.input, Clause::Having) };
        let predicate = self.condition(condition, cx)?;
        if !has_window(&predicate) && !block.items.iter().any(|item| has_window(&item.value.expr)) {
            return Err(QUALIFY_REQUIRES_WINDOW_FUNCTION.error());
        }
        block.qualify.push(predicate);
        self.block_rel(block)
    }

    /// Where groups are made already, an aggregate of `QUALIFY` would be one over them, without groups of its own.
    fn check_grouped_qualify(&self, condition: &Expr, block: &Block, output: &Scope) -> Result<()> {
        let mut written = Aggregated::default();
        written.collect(condition, false);
        for name in &written.names {
            let ExprNode::Attribute { name: parts, .. } = &name.node else { continue };
            let hidden = matches!(output.find(parts, self.case_sensitive), Ok(None));
            let below = block.input.scope.find(parts, self.case_sensitive).ok().flatten();
            if let Some(below) = below.filter(|_| hidden) {
                let known = output.columns.iter().map(dotted).collect::<Vec<_>>().join(", ");
                let name_of = dotted(below.column);
                let error = UNRESOLVED_COLUMN_WITH_SUGGESTION.with("objectName", name_of).with("proposal", known);
                return located(name.origin.as_ref(), Err(error));
            }
        }
        if written.any { Err(MISSING_GROUP_BY.error()) } else { Ok(()) }
    }

    /// `AS t`, `AS t(a, b)`: all columns get the alias as their only qualifier.
    pub fn subquery_alias(
        &self,
        input: &Relation,
        (alias, qualifier): (&str, &[String]),
        columns: &[String],
        (env, in_parentheses): (Env<'_>, bool),
    ) -> Result<Rel> {
        let is_inline_table = matches!(input.node, RelationNode::InlineTable { .. }) && !in_parentheses;
        let input = self.relation(input, env)?;
        let given = input.scope.columns.len();
        if !columns.is_empty() && columns.len() != given && is_inline_table {
            return Err(INVALID_INLINE_TABLE_DIFFERENT_COLUMNS
                .with("expectedNumCols", columns.len())
                .with("actualNumCols", given)
                .with("rowIndex", 0));
        }
        if !columns.is_empty() && columns.len() != given {
            return Err(ASSIGNMENT_ARITY_MISMATCH.with("numTarget", columns.len()).with("numExpr", given));
        }
        let mut parts = qualifier.to_vec();
        parts.push(alias.to_owned());
        let qualifier: Arc<[String]> = parts.into();
        let renamed = input.scope.columns.iter().enumerate().map(|(index, column)| {
            let name = columns.get(index).map_or_else(|| Arc::clone(&column.name), |name| name.as_str().into());
            Column { name, qualifier: Arc::clone(&qualifier), ..column.clone() }
        });
        let hidden = input.scope.file_metadata();
        let hidden = hidden.map(|column| Column { qualifier: Arc::clone(&qualifier), ..column.clone() }).collect();
        Ok(Rel::new(input.plan.clone(), Scope { columns: renamed.collect(), hidden }))
    }

    /// `observe`: the rows pass; what is observed is a query of its own over what passes.
    pub fn collect_metrics(&self, input: &Relation, name: &str, metrics: &[Expr], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        if self.metrics.borrow().iter().any(|(known, source)| known == name && source != metrics) {
            return Err(DUPLICATED_METRICS_NAME.with("metricName", name));
        }
        if name.is_empty() {
            return Err(super::stat::illegal("Metrics must have a name"));
        }
        let cx = Cx::new(env, &input, Clause::Select);
        let mut items = Vec::with_capacity(metrics.len());
        let mut generators = Vec::new();
        for metric in metrics {
            let (made, steps) =
                self.items(std::slice::from_ref(metric), cx).map_err(|error| nested_metric(error, metric))?;
            for item in &made {
                check_metric(&item.value.expr, metric)?;
            }
            items.extend(made);
            generators.extend(steps);
        }
        self.metrics.borrow_mut().push((name.to_owned(), metrics.to_vec()));
        let columns = read_columns(&items, &generators, &input.plan)?;
        let plan = Observed::over(input.plan.clone(), columns, name, |rows| {
            let rel = self.block_rel(Block::new(input.clone().with_plan(rows), items, generators))?;
            Ok((self.decorrelated(rel.positional()?)?, rel.scope.schema()))
        })?;
        Ok(input.with_plan(plan))
    }
}

/// The columns of the input that metrics read; all where they may stand in a subquery.
fn read_columns(items: &[Item], generators: &[GeneratorStep], input: &LogicalPlan) -> Result<Vec<PlanColumn>> {
    let expressions = || items.iter().map(|item| &item.value.expr);
    let mut subqueries = false;
    for expression in expressions() {
        let found = |part: &PlanExpr| {
            Ok(matches!(part, PlanExpr::ScalarSubquery(_) | PlanExpr::Exists(_) | PlanExpr::InSubquery(_)))
        };
        subqueries |= expression.exists(found).map_err(plan_error)?;
    }
    let columns = input.schema().columns();
    if subqueries || !generators.is_empty() {
        return Ok(columns);
    }
    let read: HashSet<&PlanColumn> = expressions().flat_map(PlanExpr::column_refs).collect();
    Ok(columns.into_iter().filter(|column| read.contains(column)).collect())
}

/// A metric as errors show it.
fn metric_text(metric: &Expr) -> String {
    let text = match &metric.node {
        ExprNode::Alias { expr, names, .. } => format!("{} AS {}", naming::sql(expr), names.join(", ")),
        ExprNode::SqlText(text) => match hearth_sql::parse_expression(text) {
            Ok(parsed) => return metric_text(&parsed),
            Err(_) => text.clone(),
        },
        _ => naming::sql(metric),
    };
    format!("\"{text}\"")
}

fn nested_metric(error: Error, metric: &Expr) -> Error {
    match error.condition() == NESTED_AGGREGATE_FUNCTION {
        true => OBSERVED_NESTED.with("expr", metric_text(metric)),
        false => error,
    }
}

/// Metrics are aggregates of all rows: outside of them there are neither columns nor values that change.
fn check_metric(expr: &PlanExpr, metric: &Expr) -> Result<()> {
    let mut refused: Option<Condition> = None;
    let looked = expr.apply(|part| {
        refused = match part {
            PlanExpr::AggregateFunction(call) if call.params.distinct => Some(OBSERVED_DISTINCT),
            PlanExpr::AggregateFunction(call) if call.params.filter.is_some() => Some(OBSERVED_FILTER),
            PlanExpr::AggregateFunction(_) => return Ok(TreeNodeRecursion::Jump),
            PlanExpr::WindowFunction(_) => Some(OBSERVED_WINDOW),
            PlanExpr::Column(_) => Some(OBSERVED_ATTRIBUTE),
            PlanExpr::ScalarFunction(call) if call.func.signature().volatility == Volatility::Volatile => {
                Some(OBSERVED_NOT_DETERMINISTIC)
            }
            _ => None,
        };
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    looked.map_err(plan_error)?;
    match refused {
        Some(condition) => Err(condition.with("expr", metric_text(metric))),
        None => Ok(()),
    }
}
