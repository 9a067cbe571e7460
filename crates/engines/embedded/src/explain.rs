//! `EXPLAIN` and `DataFrame.explain`: the plans as text, under Spark's headings.

mod parsed;
mod tree;
mod written;

use datafusion::common::Statistics;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
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
    let physical = tree::draw(&query.plan);
    let logical = |title: &str, plan: &datafusion::logical_expr::LogicalPlan| {
        format!("== {title} ==\n{}\n\n", plan.display_indent())
    };
    Ok(match mode {
        ExplainMode::Simple | ExplainMode::Formatted => format!("== Physical Plan ==\n{physical}\n"),
        ExplainMode::Codegen => "Found 0 WholeStageCodegen subtrees.\n".to_owned(),
        ExplainMode::Extended => format!(
            "== Parsed Logical Plan ==\n{}\n\n{}{}== Physical Plan ==\n{physical}\n",
            parsed::draw(relation),
            logical("Analyzed Logical Plan", &analyzed.plan),
            logical("Optimized Logical Plan", &optimized),
        ),
        ExplainMode::Cost => {
            let statistics = StatisticsContext::new().compute(query.plan.as_ref(), &StatisticsArgs::new());
            let statistics = statistics.map_err(error::from_datafusion)?;
            format!(
                "== Optimized Logical Plan ==\n{}\nStatistics({})\n\n== Physical Plan ==\n{physical}\n",
                optimized.display_indent(),
                sizes(&statistics),
            )
        }
    })
}

/// What is known of the size of an answer.
fn sizes(statistics: &Statistics) -> String {
    let bytes = statistics.total_byte_size.get_value().map(|bytes| format!("sizeInBytes={bytes} B"));
    let rows = statistics.num_rows.get_value().map(|rows| format!("rowCount={rows}"));
    bytes.into_iter().chain(rows).collect::<Vec<_>>().join(", ")
}
