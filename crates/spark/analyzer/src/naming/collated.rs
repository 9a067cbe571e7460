//! Constants in names: Spark casts them to the collation of what they meet, and shows it.

use hearth_plan::expression::{FunctionCall, TypeRef};
use hearth_plan::{Expr, ExprNode};
use hearth_types::collation::BINARY;
use hearth_types::{Collation, DataType, Value};

use super::call::lower_name;
use crate::expression::collated::is_collate;

/// Calls whose constants keep their own collation in their names.
const UNCOLLATED: &[&str] = &[
    "collate",
    "#collated",
    "collation",
    "like",
    "ilike",
    "rlike",
    "regexp",
    "regexp_like",
    "regexp_extract",
    "regexp_extract_all",
    "regexp_count",
    "regexp_substr",
    "regexp_instr",
    "split",
    "btrim",
    "nullif",
    "ifnull",
    "nvl",
    "nvl2",
    "equal_null",
    "between",
    "encode",
    "decode",
    "to_binary",
    "format_string",
    "printf",
    "get_json_object",
    "parse_url",
    "aes_encrypt",
    "#map_value",
    "element_at",
    "try_element_at",
    "map_contains_key",
    "array_insert",
    "array_prepend",
    "struct",
    "named_struct",
    "typeof",
];

/// The call with its text constants marked by the collation that another argument asks for.
pub(super) fn marked(call: &FunctionCall) -> Option<FunctionCall> {
    if keeps_constants(call) {
        return None;
    }
    if let Some(lambdas) = marked_lambdas(call) {
        return Some(lambdas);
    }
    let mut meeting = call.arguments.iter().enumerate().filter(|(index, _)| meets(call, *index));
    let collation = meeting.find_map(|(_, argument)| explicit_collation(argument)).filter(|name| name != BINARY)?;
    marked_by(call, &collation)
}

/// Whether a call's constants keep their own collation.
pub(crate) fn keeps_constants(call: &FunctionCall) -> bool {
    UNCOLLATED.contains(&lower_name(call).as_str())
}

/// Of a choice the values meet, not the conditions.
fn meets(call: &FunctionCall, index: usize) -> bool {
    let last = call.arguments.len().saturating_sub(1);
    !matches!(lower_name(call).as_str(), "when" | "if") || index % 2 == 1 || index == last
}

/// The call with its text constants marked by a collation; `None` when it has none. A cast that was written is taken for
/// the one to the collation, which does not show.
pub(crate) fn marked_by(call: &FunctionCall, collation: &str) -> Option<FunctionCall> {
    let mark = |index: usize, argument: &Expr| match &argument.node {
        ExprNode::Literal(Value::String(_)) if meets(call, index) => Some(Expr::function(
            "#collated",
            vec![argument.clone(), Expr::literal(Value::string(collation.to_owned()))],
        )),
        ExprNode::Cast { expr, to: TypeRef::Known(to), .. } if meets(call, index) && is_plain_text(to) => {
            Some(Expr::function("#without_cast", vec![expr.as_ref().clone()]))
        }
        _ => None,
    };
    let arguments: Vec<Option<Expr>> =
        call.arguments.iter().enumerate().map(|(index, argument)| mark(index, argument)).collect();
    if arguments.iter().all(Option::is_none) {
        return None;
    }
    let arguments =
        arguments.into_iter().zip(&call.arguments).map(|(marked, argument)| marked.unwrap_or_else(|| argument.clone()));
    Some(FunctionCall { arguments: arguments.collect(), ..call.clone() })
}

fn is_plain_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::String { collation: None } | DataType::Char { .. } | DataType::VarChar { .. })
}

/// The call with marks in the bodies of its lambdas, where constants meet the parameters.
fn marked_lambdas(call: &FunctionCall) -> Option<FunctionCall> {
    let is_lambda = |argument: &Expr| matches!(argument.node, ExprNode::Lambda { .. });
    if !call.arguments.iter().any(is_lambda) {
        return None;
    }
    let collation = call.arguments.iter().filter(|argument| !is_lambda(argument)).find_map(explicit_collation)?;
    let mut made = call.clone();
    let mut changed = false;
    for argument in &mut made.arguments {
        if let ExprNode::Lambda { body, arguments } = &mut argument.node {
            changed |= mark_body(body, arguments, &collation);
        }
    }
    changed.then_some(made)
}

fn mark_body(expr: &mut Expr, parameters: &[String], collation: &str) -> bool {
    let ExprNode::Function(call) = &mut expr.node else { return false };
    let is_parameter = |argument: &Expr| match &argument.node {
        ExprNode::LambdaVariable { name } | ExprNode::Attribute { name, .. } => {
            matches!(name.as_slice(), [only] if parameters.iter().any(|known| known.eq_ignore_ascii_case(only)))
        }
        _ => false,
    };
    let mut changed = false;
    for argument in &mut call.arguments {
        changed |= mark_body(argument, parameters, collation);
    }
    if !keeps_constants(call)
        && call.arguments.iter().any(is_parameter)
        && let Some(marked) = marked_by(call, collation)
    {
        **call = marked;
        changed = true;
    }
    changed
}

/// Letters that a call fills in, with the collation that they are cast to.
pub(super) fn letters(list: &str, collation: &str) -> String {
    let shown = list.split(", ").map(|letter| match letter {
        "NULL" => letter.to_owned(),
        letter => format!("'{letter}' collate {collation}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

pub(crate) fn explicit_collation(expr: &Expr) -> Option<String> {
    let ExprNode::Function(call) = &expr.node else { return None };
    match (is_collate(call), call.arguments.as_slice()) {
        (true, [_, Expr { node: ExprNode::Literal(Value::String(name)), .. }]) => {
            Some(Collation::parse(name).map_or_else(|_| name.to_string(), |collation| collation.to_string()))
        }
        (true, _) => None,
        (false, arguments) => arguments.iter().find_map(explicit_collation),
    }
}
