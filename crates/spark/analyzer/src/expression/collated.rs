//! Calls in which a collation has a say: how strong each argument's is, which only the written expression tells.

use hearth_base::Result;
use hearth_functions::collation::{self, Strength};
use hearth_functions::row::ScalarBuilder;
use hearth_functions::{Call, FunctionRow, Typed};
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::collation::BINARY;
use hearth_types::{Collation, DataType};

use super::context::Cx;
use crate::analyzer::Analyzer;
use crate::naming;

/// Builds a call, with regard to collations where there is one.
pub(crate) fn build(row: &FunctionRow, written: &FunctionCall, call: Call<'_>, build: ScalarBuilder) -> Result<Typed> {
    if !collation::concerns(&call) {
        return build(call);
    }
    let strengths: Vec<Strength> = written.arguments.iter().map(strength).collect();
    collation::apply(row, call, &strengths, build)
}

/// `COLLATE` is stronger than a column, also inside of calls, and a column is stronger than a constant.
fn strength(expr: &Expr) -> Strength {
    match &expr.node {
        ExprNode::Literal(_) | ExprNode::TypedLiteral { .. } => Strength::Default,
        ExprNode::Function(call) if is_collate(call) => Strength::Explicit,
        ExprNode::Function(call) => call.arguments.iter().map(strength).max().unwrap_or(Strength::Default),
        ExprNode::Cast { expr, .. } => match strength(expr) {
            Strength::Default => Strength::Default,
            Strength::Implicit | Strength::Explicit => Strength::Implicit,
        },
        _ => Strength::Implicit,
    }
}

pub(crate) fn is_collate(call: &FunctionCall) -> bool {
    call.name.last().is_some_and(|name| name.eq_ignore_ascii_case("collate"))
}

impl Analyzer<'_> {
    /// The collation of a column or a subquery that constants of a call meet, of which their names tell.
    pub(super) fn met_collation(&self, call: &FunctionCall, cx: Cx<'_>) -> Option<String> {
        let is_constant = |argument: &&Expr| matches!(argument.node, ExprNode::Literal(_) | ExprNode::Cast { .. });
        let is_explicit = |argument: &Expr| naming::collated::explicit_collation(argument).is_some();
        if !call.arguments.iter().any(|argument| is_constant(&argument))
            || naming::collated::keeps_constants(call)
            || call.arguments.iter().any(is_explicit)
            || !(call.arguments.iter().any(is_subquery) || has_collations(cx))
        {
            return None;
        }
        let mut found =
            call.arguments.iter().filter(|argument| !is_constant(argument)).filter_map(|argument| {
                match self.expression(argument, cx.nested()).ok()?.data_type {
                    DataType::String { collation } => collation.map(|name| name.to_string()),
                    _ => None,
                }
            });
        let first = found.next().filter(|name| name != BINARY)?;
        Some(if found.all(|other| other == first) { first } else { collation::UNKNOWN.to_owned() })
    }
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(expr.node, ExprNode::Subquery(_))
}

/// Whether a column in sight has a collation.
fn has_collations(cx: Cx<'_>) -> bool {
    cx.rel.scope.columns.iter().any(|column| Collation::is_in(&column.data_type))
}
