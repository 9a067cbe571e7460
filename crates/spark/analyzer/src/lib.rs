//! The analyzer: an unresolved plan and a snapshot of the session become a DataFusion plan.
//!
//! Pure and synchronous. The engine calls `mentions` to learn which names a plan uses, resolves them into a
//! `SessionView` (for views it asks again with their bodies), and calls `analyze`. Where the plan depends on data (a
//! pivot without values) the answer is a request: the engine runs it, puts the rows into `SessionView::answers` and
//! calls again.
//!
//! Columns in the plan have opaque names (`#12`); the output is positional and goes with `Analyzed::schema`, whose names
//! may repeat.

mod analyzer;
mod constant;
pub mod coverage;
mod decorrelate;
mod expression;
mod mentions;
mod naming;
mod observed;
mod rel;
mod relation;
mod scope;
mod scripted;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
mod view;
mod write;

pub use analyzer::{Request, located};
pub use coverage::{Coverage, Status, coverage, coverage_of};
pub use expression::cast::holds_time;
pub use mentions::{LocalMention, MentionOptions, Mentions, TableMention, command_mentions, mentions, plan_mentions};
pub use naming::sql as expression_text;
pub use observed::{Observation, Observed, ObservedRows};
pub use relation::cte::{RecursionLimits, recursion_limits, working_table};
pub use relation::source::decode_local_relation;
pub use scope::{FILE_METADATA, quote_name};
pub use scripted::Scripted;
pub use view::{
    CachedRelation, KeptRows, LocalRows, LocalScope, Place, RemoteRelation, ResolvedSource, ResolvedTable,
    SessionFunction, SessionView, SqlFunction, SqlFunctionBody, SqlParameter, TableEntry, TableKey, Variable,
    ViewEntry, local_key,
};
pub use write::{StoreAssignment, WriteTarget, align_for_write};

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use hearth_base::Result;
use hearth_functions::Typed;
use hearth_plan::expression::SortOrder;
use hearth_plan::{Expr, Relation, RelationNode};
use hearth_types::{DataType, StructField, StructType};

use analyzer::Analyzer;
use expression::context::{Clause, Cx};
use rel::Rel;

/// What an analysis gives.
#[derive(Debug, Clone)]
pub enum Analysis {
    Done(Analyzed),
    /// Run this, add the rows to `SessionView::answers` under its key, analyse again.
    Needs(Request),
}

/// A plan ready for DataFusion.
#[derive(Debug, Clone)]
pub struct Analyzed {
    /// Its columns are those of `schema`, by position.
    pub plan: LogicalPlan,
    pub schema: StructType,
    /// `observe`: queries over the observed rows.
    pub metrics: Vec<Arc<Observation>>,
    /// The client asked for a rendering of the rows; `schema` is that of the rows.
    pub render: Option<Render>,
    /// How many partitions the root asked for (`coalesce(1)`, `repartition(n)`): a write makes as many files.
    pub partitions: Option<usize>,
    /// The session's variables that it reads.
    pub variables: Vec<String>,
}

/// What the engine makes of the rows before they go to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Render {
    /// One row with one column `show_string`. The plan has one row more than `rows`, if there are more.
    ShowString { rows: usize, truncate: i32, vertical: bool },
    /// One row with one column `html_string`.
    HtmlString { rows: usize, truncate: i32 },
    /// The last rows, in order.
    Tail { rows: usize },
}

impl Analyzed {
    /// The schema the client sees.
    pub fn output_schema(&self) -> StructType {
        let text = |name: &str| StructType::new([StructField::new(name, DataType::STRING, false)]);
        match self.render {
            Some(Render::ShowString { .. }) => text("show_string"),
            Some(Render::HtmlString { .. }) => text("html_string"),
            Some(Render::Tail { .. }) | None => self.schema.clone(),
        }
    }
}

/// Analyses a query.
pub fn analyze(relation: &Relation, view: &SessionView) -> Result<Analysis> {
    let analyzer = Analyzer::new(view);
    match analyze_root(&analyzer, relation) {
        Ok(analyzed) => Ok(Analysis::Done(analyzed)),
        Err(error) => match analyzer.pending.take() {
            Some(request) => Ok(Analysis::Needs(request)),
            None => Err(error),
        },
    }
}

fn analyze_root(analyzer: &Analyzer<'_>, relation: &Relation) -> Result<Analyzed> {
    let env = analyzer.env();
    let (rel, render) = match &relation.node {
        RelationNode::ShowString { input, rows, truncate, vertical } => {
            let rows = usize::try_from(*rows).unwrap_or(0);
            let rel = analyzer.first_rows(input, rows.saturating_add(1), env)?;
            (rel, Some(Render::ShowString { rows, truncate: *truncate, vertical: *vertical }))
        }
        RelationNode::HtmlString { input, rows, truncate } => {
            let rows = usize::try_from(*rows).unwrap_or(0);
            let rel = analyzer.first_rows(input, rows.saturating_add(1), env)?;
            (rel, Some(Render::HtmlString { rows, truncate: *truncate }))
        }
        RelationNode::Tail { input, limit } => {
            let rows = analyzer.row_count("tail", limit, env)?;
            (analyzer.relation(input, env)?, Some(Render::Tail { rows }))
        }
        _ => (analyzer.relation(relation, env)?, None),
    };
    let plan = analyzer.decorrelated(rel.positional()?)?;
    let watched = !analyzer.metrics.borrow().is_empty();
    Ok(Analyzed {
        metrics: if watched { observed::observations(&plan)? } else { Vec::new() },
        plan,
        schema: rel.scope.schema(),
        render,
        partitions: partitions_of(relation),
        variables: analyzer.variables.take(),
    })
}

/// The number of partitions that the root of a query asks for. `coalesce` only lowers it, which matters for one.
fn partitions_of(relation: &Relation) -> Option<usize> {
    let count = match &relation.node {
        RelationNode::Repartition { partitions, shuffle: true, .. } => *partitions,
        RelationNode::Repartition { partitions: 1, shuffle: false, .. } => 1,
        RelationNode::RepartitionByExpression { partitions: Some(partitions), .. } => *partitions,
        _ => return None,
    };
    usize::try_from(count).ok().filter(|count| *count > 0)
}

/// The plan of a relation for itself, equal for relations that mean the same: for `SessionView::cached`. Fails where the
/// analysis would have to ask.
pub fn canonical(relation: &Relation, view: &SessionView) -> Result<LogicalPlan> {
    relation::cached::canonical(relation, view)
}

/// Types an expression that stands alone: its names are the columns of `input`, if there is one.
pub fn analyze_expression(expr: &Expr, input: Option<&Analyzed>, view: &SessionView) -> Result<Typed> {
    let analyzer = Analyzer::new(view);
    let rel = match input {
        Some(input) => write::positional_rel(input, &analyzer)?,
        None => Rel::one_row(),
    };
    let env = analyzer.env();
    analyzer.expression(expr, Cx::new(env, &rel, Clause::Select))
}

/// The value of an expression without columns.
pub fn constant(expr: &Expr, view: &SessionView) -> Result<(ScalarValue, DataType)> {
    let analyzer = Analyzer::new(view);
    let nothing = Rel::one_row();
    let typed = analyzer.expression(expr, Cx::new(analyzer.env(), &nothing, Clause::Values))?;
    Ok((analyzer.constant(&typed)?, typed.data_type))
}

/// The name of an expression as an output column.
pub fn column_name(expr: &Expr) -> String {
    naming::output_name(expr)
}

/// The sorted form of a query, for sinks that want their rows in order.
pub fn sorted(analyzed: &Analyzed, order: &[SortOrder], view: &SessionView) -> Result<Analyzed> {
    let analyzer = Analyzer::new(view);
    let rel = write::positional_rel(analyzed, &analyzer)?;
    let cx = Cx::new(analyzer.env(), &rel, Clause::OrderBy);
    let mut keys = Vec::with_capacity(order.len());
    for key in order {
        let typed = analyzer.expression(&key.child, cx)?;
        keys.push(expression::aggregate_call::sort_expr(typed.expr, key));
    }
    let plan = relation::sort::sorted(rel.plan.clone(), keys)?;
    Ok(Analyzed { plan: Rel::new(plan, rel.scope).positional()?, ..analyzed.clone() })
}
