//! The order of a sorted subquery, for the aggregates that look at it.

use datafusion::common::Column as PlanColumn;
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{Expr, ExprSchemable, Filter, Limit, LogicalPlan, LogicalPlanBuilder, Projection, Sort};
use hearth_base::Result;
use hearth_functions::families::aggregate::{in_order, looks_at_order};

use crate::analyzer::{Analyzer, plan_error};
use crate::rel::{all_columns, project};

impl Analyzer<'_> {
    /// Aggregates over a sorted input get its keys; the input gets the keys as columns where it lacks them.
    pub(crate) fn in_kept_order(&self, input: LogicalPlan, aggregates: Vec<Expr>) -> Result<(LogicalPlan, Vec<Expr>)> {
        let looks = |expr: &Expr| matches!(expr, Expr::AggregateFunction(call) if looks_at_order(call));
        if !aggregates.iter().any(looks) {
            return Ok((input, aggregates));
        }
        let Some((plan, keys)) = self.sorted_input(&input)? else { return Ok((input, aggregates)) };
        let types = keys.iter().map(|key| key.expr.get_type(plan.schema()).map_err(plan_error));
        let types = types.collect::<Result<Vec<_>>>()?;
        let aggregates = aggregates.into_iter().map(|expr| match &expr {
            Expr::AggregateFunction(call) if looks_at_order(call) => in_order(call, &keys, &types),
            _ => expr,
        });
        Ok((plan, aggregates.collect()))
    }

    /// The plan with the keys of its order among its columns; `None` when its rows have no order.
    fn sorted_input(&self, plan: &LogicalPlan) -> Result<Option<(LogicalPlan, Vec<SortExpr>)>> {
        match plan {
            LogicalPlan::Sort(sort) => self.with_keys(sort).map(Some),
            LogicalPlan::Filter(filter) => {
                let Some((input, keys)) = self.sorted_input(&filter.input)? else { return Ok(None) };
                let filter = Filter::try_new(filter.predicate.clone(), input.into()).map_err(plan_error)?;
                Ok(Some((LogicalPlan::Filter(filter), keys)))
            }
            LogicalPlan::Limit(limit) => {
                // The limit takes rows of the order, so the sort itself stays.
                let LogicalPlan::Sort(sort) = limit.input.as_ref() else { return Ok(None) };
                let columns = sort.expr.iter().all(|key| matches!(key.expr, Expr::Column(_)));
                let kept = LogicalPlan::Limit(Limit { ..limit.clone() });
                Ok(columns.then(|| (kept, sort.expr.clone())))
            }
            LogicalPlan::Projection(projection) => self.sorted_projection(projection),
            _ => Ok(None),
        }
    }

    /// The keys go through the list of columns, where they have names of their own.
    fn sorted_projection(&self, projection: &Projection) -> Result<Option<(LogicalPlan, Vec<SortExpr>)>> {
        let Some((input, keys)) = self.sorted_input(&projection.input)? else { return Ok(None) };
        let mut outputs = projection.expr.clone();
        for key in &keys {
            if !outputs.contains(&key.expr) {
                outputs.push(key.expr.clone());
            }
        }
        Ok(Some((project(input, outputs)?, keys)))
    }

    /// The input of a sort with its keys as columns. Without a limit the sort is not needed any more.
    fn with_keys(&self, sort: &Sort) -> Result<(LogicalPlan, Vec<SortExpr>)> {
        let mut outputs = all_columns(&sort.input);
        let mut keys = Vec::with_capacity(sort.expr.len());
        for key in &sort.expr {
            let mut key = key.clone();
            if !matches!(key.expr, Expr::Column(_)) {
                let name = self.new_id().plan_name();
                outputs.push(key.expr.alias(&name));
                key.expr = Expr::Column(PlanColumn::new_unqualified(name));
            }
            keys.push(key);
        }
        let input = match outputs.len() == sort.input.schema().fields().len() {
            true => sort.input.as_ref().clone(),
            false => project(sort.input.as_ref().clone(), outputs)?,
        };
        if sort.fetch.is_none() {
            return Ok((input, keys));
        }
        let builder = LogicalPlanBuilder::new(input).sort_with_limit(keys.clone(), sort.fetch).map_err(plan_error)?;
        Ok((builder.build().map_err(plan_error)?, keys))
    }
}
