//! Expressions of the operators behind `|>`, which the parser marks: each operator has its own rules on aggregates and
//! on what a number means.

use hearth_base::condition::{
    GROUP_BY_POS_OUT_OF_RANGE, PIPE_AGGREGATE_UNSUPPORTED_CASE, PIPE_AGGREGATE_WITHOUT_FUNCTION,
    PIPE_CONTAINS_AGGREGATE,
};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_functions::row::Builder;
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::Value;

use super::context::Cx;
use super::function::builtin_name;
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
        if operator == "AGGREGATE"
            && let Some(case) = grouping_call(inner)
        {
            return Err(PIPE_AGGREGATE_UNSUPPORTED_CASE.with("case", case));
        }
        let items = self.item(inner, cx)?;
        let counts = items.iter().all(|item| has_aggregate(&item.value.expr));
        match operator {
            // An aggregate behind an alias of the same list is none of this expression.
            "AGGREGATE" if !counts || self.only_by_alias(inner, cx) => {
                Err(PIPE_AGGREGATE_WITHOUT_FUNCTION.with("expr", naming::sql(without_alias(inner))))
            }
            "EXTEND" if counts && !items.is_empty() => Err(aggregated(operator, inner)),
            _ => Ok(items),
        }
    }

    /// Whether an expression has aggregates only through names that earlier ones of the list have.
    fn only_by_alias(&self, inner: &Expr, cx: Cx<'_>) -> bool {
        !cx.output.is_empty() && !calls_aggregate(inner) && !matches!(without_alias(inner).node, ExprNode::Star { .. })
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

/// `GROUPING` or `GROUPING_ID`, where one of them is called with columns.
fn grouping_call(expr: &Expr) -> Option<&'static str> {
    match &expr.node {
        ExprNode::Function(call) => {
            let name = call.name.last().filter(|_| !call.arguments.is_empty()).map(|name| name.to_lowercase());
            match name.as_deref() {
                Some("grouping") => Some("GROUPING"),
                Some("grouping_id") => Some("GROUPING_ID"),
                _ => call.arguments.iter().find_map(grouping_call),
            }
        }
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => grouping_call(expr),
        _ => None,
    }
}

/// Whether a call that may be of an aggregate is written in an expression: a function of the session may be one.
fn calls_aggregate(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Function(call) => {
            let known = builtin_name(&call.name).and_then(hearth_functions::lookup);
            known.is_none_or(|row| matches!(row.builder, Builder::Aggregate(_)))
                || call.arguments.iter().any(calls_aggregate)
        }
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => calls_aggregate(expr),
        ExprNode::Attribute { .. } | ExprNode::Literal(_) => false,
        _ => true,
    }
}
