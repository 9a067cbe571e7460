//! Calls in which a collation has a say: how strong each argument's is, which only the written expression tells.

use hearth_base::Result;
use hearth_functions::collation::{self, Strength};
use hearth_functions::row::ScalarBuilder;
use hearth_functions::{Call, FunctionRow, Typed};
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};

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
