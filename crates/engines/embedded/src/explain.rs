//! `EXPLAIN` and `DataFrame.explain`: the plans as text, under Spark's headings.

use datafusion::physical_plan::displayable;
use hearth_base::Result;
use hearth_core::engine::ExplainMode;
use hearth_plan::Relation;

use crate::execute::Query;
use crate::session::EmbeddedSession;
use crate::{error, run};

/// The text for a query.
pub async fn relation(session: &EmbeddedSession, relation: &Relation, mode: ExplainMode) -> Result<String> {
    let analyzed = run::analyze(session, relation).await?;
    let datafusion = &session.shared.datafusion;
    let optimized = datafusion.optimize(&analyzed.plan).map_err(error::from_datafusion)?;
    let query = Query::prepare(datafusion, &analyzed.plan).await?;
    let physical = displayable(query.plan.as_ref()).indent(false).to_string();
    let logical = |title: &str, plan: &datafusion::logical_expr::LogicalPlan| {
        format!("== {title} ==\n{}\n\n", plan.display_indent())
    };
    Ok(match mode {
        ExplainMode::Simple | ExplainMode::Formatted | ExplainMode::Codegen => {
            format!("== Physical Plan ==\n{physical}\n")
        }
        ExplainMode::Extended => format!(
            "== Parsed Logical Plan ==\n{relation:?}\n\n{}{}== Physical Plan ==\n{physical}\n",
            logical("Analyzed Logical Plan", &analyzed.plan),
            logical("Optimized Logical Plan", &optimized),
        ),
        ExplainMode::Cost => {
            format!("{}== Physical Plan ==\n{physical}\n", logical("Optimized Logical Plan", &optimized))
        }
    })
}
