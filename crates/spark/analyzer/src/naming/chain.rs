//! Names of left-deep chains of operators, written in one go: a name per level would be copied once per level above it.

use hearth_plan::ExprNode;
use hearth_plan::expression::FunctionCall;

use super::collated::explicit_collation;
use super::sql as text;

/// Shorter chains are named level by level.
const MANY: usize = 4;

/// What an operator of a chain opens with, and what stands between its sides; a parenthesis closes it.
pub(crate) fn infix(call: &FunctionCall) -> Option<(&'static str, &'static str)> {
    let ([name], [_, _]) = (call.name.as_slice(), call.arguments.as_slice()) else { return None };
    if call.distinct || call.is_user_defined || call.filter.is_some() || !call.within_group.is_empty() {
        return None;
    }
    Some(match name.as_str() {
        "+" => ("(", " + "),
        "-" => ("(", " - "),
        "*" => ("(", " * "),
        "/" => ("(", " / "),
        "%" => ("(", " % "),
        "&" => ("(", " & "),
        "|" => ("(", " | "),
        "^" => ("(", " ^ "),
        "div" => ("(", " div "),
        "and" => ("(", " AND "),
        "or" => ("(", " OR "),
        "concat" => ("concat(", ", "),
        _ => return None,
    })
}

/// The text of a chain; `None` when the call is none, or when a collation has a say in how it prints.
pub(super) fn text_of(call: &FunctionCall) -> Option<String> {
    let mut levels = Vec::new();
    let mut next = Some(call);
    let mut deepest = None;
    while let Some(call) = next {
        let Some((open, sign)) = infix(call) else { break };
        let [left, right] = call.arguments.as_slice() else { break };
        levels.push((open, sign, right));
        deepest = Some(left);
        next = match &left.node {
            ExprNode::Function(call) => Some(call.as_ref()),
            _ => None,
        };
    }
    let deepest = deepest.filter(|_| levels.len() >= MANY)?;
    let has_collation = explicit_collation(deepest).is_some();
    if has_collation || levels.iter().any(|(_, _, right)| explicit_collation(right).is_some()) {
        return None;
    }
    let mut out: String = levels.iter().map(|(open, _, _)| *open).collect();
    out.push_str(&text(deepest));
    for (_, sign, right) in levels.iter().rev() {
        out.push_str(sign);
        out.push_str(&text(right));
        out.push(')');
    }
    Some(out)
}
