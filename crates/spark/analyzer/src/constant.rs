//! The value of an expression that does not depend on rows: limits, frame offsets, names, pivot values.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use hearth_base::Result;
use hearth_base::condition::NOT_A_CONSTANT_EXPRESSION;
use hearth_functions::{Typed, constant};

use crate::analyzer::{Analyzer, plan_error};

impl Analyzer<'_> {
    pub fn constant(&self, typed: &Typed) -> Result<ScalarValue> {
        if let Some(value) = typed.literal() {
            return Ok(value.clone());
        }
        let simplifier = ExprSimplifier::new(SimplifyContext::default());
        match simplifier.simplify(typed.expr.clone()).map_err(plan_error)? {
            Expr::Literal(value, _) => Ok(value),
            other if other.column_refs().is_empty() => {
                Err(constant::failure_of(&other).unwrap_or_else(|| NOT_A_CONSTANT_EXPRESSION.with("expr", other)))
            }
            other => Err(NOT_A_CONSTANT_EXPRESSION.with("expr", other)),
        }
    }
}
