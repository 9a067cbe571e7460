//! Expressions of the operators behind `|>`, which the parser marks: each operator has its own rules on aggregates and
//! on what a number means.

use hearth_base::condition::{GROUP_BY_POS_OUT_OF_RANGE, PIPE_AGGREGATE_WITHOUT_FUNCTION, PIPE_CONTAINS_AGGREGATE};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::Value;

use super::context::Cx;
use crate::analyzer::Analyzer;
use crate::naming;
use crate::rel::Item;
use crate::relation::block::has_aggregate;

/// The operator of a marked expression, and the expression.
pub(crate) fn part(expr: &Expr) -> Option<(&str, &Expr)> {
    match &expr.node {
        ExprNode::Function(call) => part_of(call),
        _ => None,
    }
}

pub(crate) fn part_of(call: &FunctionCall) -> Option<(&str, &Expr)> {
    match (call.name.as_slice(), call.arguments.as_slice()) {
        ([name], [Expr { node: ExprNode::Literal(Value::String(operator)), .. }, inner]) if name == "#pipe" => {
            Some((operator, inner))
        }
        _ => None,
    }
}

impl Analyzer<'_> {
    /// A marked expression of an output list.
    pub(super) fn pipe_item(&self, (operator, inner): (&str, &Expr), cx: Cx<'_>) -> Result<Vec<Item>> {
        if operator == "POSITION" {
            return self.column_at(inner, cx).map(|item| vec![item]);
        }
        let items = self.item(inner, cx)?;
        let counts = items.iter().all(|item| has_aggregate(&item.value.expr));
        match operator {
            "AGGREGATE" if !counts => {
                Err(PIPE_AGGREGATE_WITHOUT_FUNCTION.with("expr", naming::sql(without_alias(inner))))
            }
            "EXTEND" if counts && !items.is_empty() => Err(aggregated(operator, inner)),
            _ => Ok(items),
        }
    }

    /// The value of a marked expression inside of another.
    pub(super) fn pipe_value(&self, (operator, inner): (&str, &Expr), cx: Cx<'_>) -> Result<Typed> {
        if operator == "POSITION" {
            return self.column_at(inner, cx).map(|item| item.value);
        }
        self.expression(inner, cx)
    }

    /// Refuses an aggregate on the right side of `|> SET`; other errors come where the list is made.
    pub(crate) fn pipe_assigned(&self, expr: &Expr, cx: Cx<'_>) -> Result<()> {
        let Some((operator, inner)) = part(expr) else { return Ok(()) };
        match self.expression(inner, cx) {
            Ok(typed) if has_aggregate(&typed.expr) => Err(aggregated(operator, inner)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn column_at(&self, position: &Expr, cx: Cx<'_>) -> Result<Item> {
        let columns = &cx.rel.scope.columns;
        let index = match &position.node {
            ExprNode::Literal(Value::Integer(index)) => *index,
            _ => 0,
        };
        let column = usize::try_from(index).ok().and_then(|index| columns.get(index.checked_sub(1)?));
        let out_of_range = || GROUP_BY_POS_OUT_OF_RANGE.with("index", index).with("size", columns.len());
        column.map(Item::column).ok_or_else(out_of_range)
    }
}

fn without_alias(expr: &Expr) -> &Expr {
    match &expr.node {
        ExprNode::Alias { expr, .. } => expr,
        _ => expr,
    }
}

fn aggregated(operator: &str, expr: &Expr) -> Error {
    PIPE_CONTAINS_AGGREGATE.with("clause", operator).with("expr", naming::sql(without_alias(expr)))
}
