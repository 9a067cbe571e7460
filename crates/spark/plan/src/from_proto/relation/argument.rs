//! Arguments of `spark.sql`: literals, and the functions that make arrays, maps and structs of them.

use hearth_base::Result;
use hearth_base::condition::INVALID_SQL_ARG;
use hearth_types::Value;

use crate::{Expr, ExprNode};

/// Functions that an argument may call.
const MAKERS: [&str; 6] = ["array", "map", "struct", "named_struct", "map_from_arrays", "map_from_entries"];

pub(super) fn named(arguments: Vec<(String, Expr)>) -> Result<Vec<(String, Expr)>> {
    arguments.into_iter().map(|(name, value)| Ok((name.clone(), checked(value, &name)?))).collect()
}

pub(super) fn positional(arguments: Vec<Expr>) -> Result<Vec<Expr>> {
    arguments.into_iter().enumerate().map(|(index, value)| checked(value, &format!("_pos_{index}"))).collect()
}

/// The value without the name that it may have.
fn checked(value: Expr, name: &str) -> Result<Expr> {
    match value.node {
        ExprNode::Alias { expr, .. } => checked(*expr, name),
        ExprNode::Literal(constant) => Ok(Expr { node: ExprNode::Literal(narrowest(constant)), origin: value.origin }),
        _ if is_value(&value) => Ok(value),
        _ => Err(INVALID_SQL_ARG.with("name", name)),
    }
}

/// A decimal with no more digits than it has, whatever type the client gave it.
fn narrowest(value: Value) -> Value {
    let Value::Decimal { unscaled, scale, .. } = value else { return value };
    let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    let precision = u8::try_from(digits).unwrap_or(u8::MAX).max(u8::try_from(scale).unwrap_or(0));
    Value::Decimal { unscaled, precision, scale }
}

fn is_value(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Literal(_) | ExprNode::TypedLiteral { .. } | ExprNode::SqlText(_) => true,
        ExprNode::Alias { expr, .. } => is_value(expr),
        ExprNode::Function(call) => {
            let is_maker = matches!(call.name.as_slice(), [name] if MAKERS.contains(&name.to_lowercase().as_str()));
            is_maker && call.arguments.iter().all(is_value)
        }
        _ => false,
    }
}
