//! Left-deep chains of operators (`a + b + c + …`), typed from the deepest operand up: text and type of each level are
//! made from those of the level below, so a chain of a thousand terms costs a thousand steps and no stack.

use hearth_base::Result;
use hearth_functions::row::Builder;
use hearth_functions::table::check_arity;
use hearth_functions::{AggregateModifiers, Argument, Call, Typed, lookup};
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::DataType;

use super::context::Cx;
use super::{collated, located};
use crate::analyzer::{self, Analyzer};
use crate::naming;

/// Shorter chains go the usual way.
const MANY: usize = 4;

/// One operator of a chain, with the expression that it is.
type Level<'e> = (&'e Expr, &'e FunctionCall, &'e Expr);

impl Analyzer<'_> {
    /// The value of a chain; `None` when `expr` is none.
    pub(super) fn chain(&self, expr: &Expr, cx: Cx<'_>) -> Result<Option<Typed>> {
        let (levels, deepest) = levels(expr);
        let is_builtin = |call: &FunctionCall| self.session_function(&call.name).is_none();
        if levels.len() < MANY || !levels.iter().all(|(_, call, _)| is_builtin(call)) {
            return Ok(None);
        }
        let inner = cx.nested();
        let mut left = self.expression(deepest, inner)?;
        let mut sql = naming::sql(&self.with_paths(deepest, cx));
        for (depth, (expr, call, right)) in levels.iter().enumerate().rev() {
            let Some((row, Builder::Scalar(build))) = row_of(call) else { return Ok(None) };
            let value = self.expression(right, inner)?;
            let right_sql = naming::sql(&self.with_paths(right, cx));
            let joined = naming::infix(call).map(|(open, sign)| format!("{open}{sql}{sign}{right_sql})"));
            let joined = joined.unwrap_or_else(|| naming::sql(&self.with_paths(expr, cx)));
            let typed = Call {
                name: call.name.last().map_or(row.name, String::as_str),
                session: cx.env.settings,
                arguments: vec![Argument::Value(left), Argument::Value(value)],
                modifiers: AggregateModifiers { ignore_nulls: None, ..AggregateModifiers::default() },
                argument_sql: vec![sql, right_sql],
                sql: joined.clone(),
            };
            check_arity(row, &typed)?;
            let typed = collated::build(row, call, typed, build);
            // The outermost operator gets its place from the caller.
            left = if depth == 0 { typed? } else { placed(typed, expr, cx)? };
            sql = joined;
        }
        Ok(Some(left))
    }

    /// Whether an operator is a chain of plain values, over which no date is moved: such a chain's name is the written one.
    pub(super) fn is_plain_chain(&self, expr: &Expr, cx: Cx<'_>) -> bool {
        let (levels, deepest) = levels(expr);
        let plain = |operand: &Expr| {
            let typed = self.expression(operand, cx.nested());
            typed.is_ok_and(|typed| {
                let is_time = matches!(typed.data_type, DataType::Time { .. } | DataType::Null);
                !(typed.data_type.is_datetime() || typed.data_type.is_interval() || is_time)
            })
        };
        levels.len() >= MANY && plain(deepest) && levels.iter().all(|(_, _, right)| plain(right))
    }
}

fn row_of(call: &FunctionCall) -> Option<(&'static hearth_functions::FunctionRow, Builder)> {
    let row = call.name.first().and_then(|name| lookup(name))?;
    Some((row, row.builder))
}

fn placed(typed: Result<Typed>, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
    let typed = typed.map_err(|error| located::by_name(error, expr, cx));
    let typed = analyzer::located(expr.origin.as_ref(), typed)?;
    match &expr.origin {
        Some(origin) => located::with_origin(typed, origin, cx.env.settings.ansi),
        None => Ok(typed),
    }
}

/// The operators of a chain, the outermost first, and the operand below them all.
pub(super) fn levels(expr: &Expr) -> (Vec<Level<'_>>, &Expr) {
    let mut levels = Vec::new();
    let mut deepest = expr;
    while let ExprNode::Function(call) = &deepest.node {
        let [left, right] = call.arguments.as_slice() else { break };
        if naming::infix(call).is_none() || !is_value(left) || !is_value(right) || row_of(call).is_none() {
            break;
        }
        levels.push((deepest, call.as_ref(), right));
        deepest = left;
    }
    (levels, deepest)
}

/// Not one of the nodes that stand for something else among arguments.
fn is_value(expr: &Expr) -> bool {
    !matches!(
        expr.node,
        ExprNode::Star { .. }
            | ExprNode::Regex { .. }
            | ExprNode::SqlText(_)
            | ExprNode::Lambda { .. }
            | ExprNode::NamedArgument { .. }
            | ExprNode::Alias { .. }
    )
}
