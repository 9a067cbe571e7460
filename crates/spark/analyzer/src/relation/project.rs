//! `SELECT` lists, filters, `HAVING`, `QUALIFY`, aliases, observed metrics.

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::{ASSIGNMENT_ARITY_MISMATCH, WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE};
use hearth_plan::{Expr, Relation};

use super::block::{Block, filter, has_window};
use crate::analyzer::{Analyzer, Env, ObservedMetrics};
use crate::expression::context::{Clause, Cx};
use crate::rel::Rel;
use crate::scope::{Column, Scope};

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
        let rel = self.relation(input, env)?;
        let Some(block) = &rel.block else {
            let predicate = self.condition(condition, Cx::new(env, &rel, Clause::Where))?;
            let plan = filter(rel.plan.clone(), predicate)?;
            return Ok(rel.with_plan(plan));
        };
        let mut block = block.as_ref().clone();
        let grouped = block.grouped.clone().unwrap_or_default();
        let cx = Cx { output: &block.items, grouped: Some(&grouped), ..Cx::new(env, &block.input, Clause::Having) };
        let predicate = self.condition(condition, cx)?;
        block.having.push(predicate);
        block.grouped = Some(grouped);
        self.block_rel(block)
    }

    pub fn qualify(&self, input: &Relation, condition: &Expr, env: Env<'_>) -> Result<Rel> {
        let rel = self.relation(input, env)?;
        let Some(block) = &rel.block else {
            let predicate = self.condition(condition, Cx::new(env, &rel, Clause::Where))?;
            let plan = filter(rel.plan.clone(), predicate)?;
            return Ok(rel.with_plan(plan));
        };
        let mut block = block.as_ref().clone();
        let cx =
            Cx { output: &block.items, grouped: block.grouped.as_ref(), ..Cx::new(env, &block.input, Clause::Having) };
        let predicate = self.condition(condition, cx)?;
        block.qualify.push(predicate);
        self.block_rel(block)
    }

    /// `AS t`, `AS t(a, b)`: all columns get the alias as their only qualifier.
    pub fn subquery_alias(
        &self,
        input: &Relation,
        (alias, qualifier): (&str, &[String]),
        columns: &[String],
        env: Env<'_>,
    ) -> Result<Rel> {
        let input = self.relation(input, env)?;
        if !columns.is_empty() && columns.len() != input.scope.columns.len() {
            return Err(ASSIGNMENT_ARITY_MISMATCH
                .with("numTarget", columns.len())
                .with("numExpr", input.scope.columns.len()));
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

    /// `observe`: the rows pass; what is observed becomes a query of its own.
    pub fn collect_metrics(&self, input: &Relation, name: &str, metrics: &[Expr], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let (items, generators) = self.items(metrics, Cx::new(env, &input, Clause::Select))?;
        let rel = self.block_rel(Block::new(input.clone(), items, generators))?;
        let observed = ObservedMetrics { name: name.to_owned(), plan: rel.positional()?, schema: rel.scope.schema() };
        self.metrics.borrow_mut().push(observed);
        Ok(input)
    }
}
