//! Kept rows: a relation that is persisted is read from where its rows are.
//!
//! Two relations are the same when their analyses are, each for itself from the first column id on. Scans have names
//! that tell their data apart, which that comparison relies on.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScanBuilder};
use hearth_base::Result;
use hearth_plan::Relation;

use crate::analyzer::{Analyzer, Env, plan_error};
use crate::rel::{Rel, project};
use crate::scope::{Column, Scope};
use crate::view::{CachedRelation, SessionView};

/// The plan of a relation for itself, with all columns that can be named; equal for relations that mean the same.
pub(crate) fn canonical(relation: &Relation, view: &SessionView) -> Result<LogicalPlan> {
    let analyzer = Analyzer::plain(view);
    let rel = analyzer.relation(relation, analyzer.env())?;
    Rel::new(rel.plan, Scope::new(all_columns(&rel.scope))).positional()
}

/// The columns by name and those that only a qualifier reaches.
fn all_columns(scope: &Scope) -> Vec<Column> {
    scope.columns.iter().chain(&scope.hidden).cloned().collect()
}

impl Analyzer<'_> {
    /// `rel`, from kept rows if there are any for it.
    pub fn cached(&self, relation: &Relation, rel: Rel, env: Env<'_>) -> Result<Rel> {
        let alone = env.outer.is_none() && env.ctes.is_none() && env.parameters.is_none();
        if self.plain || !alone || !self.view.cached.iter().any(|cached| may_be(cached, &rel)) {
            return Ok(rel);
        }
        let Ok(plan) = canonical(relation, self.view) else { return Ok(rel) };
        match self.view.cached.iter().find(|cached| cached.plan == plan) {
            Some(cached) => read(cached.rows.table(with_own_names(plan)?), rel),
            None => Ok(rel),
        }
    }
}

/// Whether the columns have the right types, which is looked at first: a comparison of plans costs an analysis.
fn may_be(cached: &CachedRelation, rel: &Rel) -> bool {
    let fields = cached.plan.schema().fields();
    let columns = rel.scope.columns.iter().chain(&rel.scope.hidden);
    fields.len() == columns.clone().count()
        && fields.iter().zip(columns).all(|(field, column)| {
            let known = rel.schema().field_with_unqualified_name(&column.id.plan_name());
            known.is_ok_and(|known| known.data_type() == field.data_type())
        })
}

/// Columns that are not called like those of any query: the optimizer takes columns of one name for one.
fn with_own_names(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns = plan.schema().columns();
    let named = columns.into_iter().enumerate().map(|(at, column)| Expr::Column(column).alias(format!("kept {at}")));
    let named = named.collect();
    project(plan, named)
}

fn read(rows: Arc<dyn TableProvider>, rel: Rel) -> Result<Rel> {
    let source = provider_as_source(rows);
    let scan = TableScanBuilder::new(TableReference::bare("InMemoryTableScan"), source).build().map_err(plan_error)?;
    let scan = LogicalPlan::TableScan(scan);
    let mut ids = HashSet::new();
    let columns = scan.schema().columns();
    let renamed = columns
        .into_iter()
        .zip(all_columns(&rel.scope))
        .filter(|(_, column)| ids.insert(column.id))
        .map(|(source, column)| Expr::Column(source).alias(column.id.plan_name()));
    let plan = project(scan, renamed.collect())?;
    Ok(Rel { plan, ..rel })
}
