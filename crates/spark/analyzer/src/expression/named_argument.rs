//! `name => value` in calls of built-in functions: put in order, with the defaults of those that are left out.

use hearth_base::Result;
use hearth_base::condition::{
    DOUBLE_NAMED_ARGUMENT, NAMED_PARAMETERS_NOT_SUPPORTED, REQUIRED_PARAMETER_NOT_FOUND,
    UNEXPECTED_POSITIONAL_ARGUMENT, UNRECOGNIZED_PARAMETER_NAME,
};
use hearth_functions::lookup;
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::{DataType, Value};

use super::function::builtin_name;
use crate::scope::quote_name;

/// A parameter, with its default.
type Parameter = (&'static str, Option<Filler>);

/// What stands for an argument that is left out.
#[derive(Clone, Copy)]
enum Filler {
    Text(&'static str),
    Null,
}

/// The built-in functions whose parameters have names.
const SIGNATURES: &[(&str, &[Parameter])] = &[
    (
        "mask",
        &[
            ("str", None),
            ("upperChar", Some(Filler::Text("X"))),
            ("lowerChar", Some(Filler::Text("x"))),
            ("digitChar", Some(Filler::Text("n"))),
            ("otherChar", Some(Filler::Null)),
        ],
    ),
    ("explode", &[("collection", None)]),
    ("explode_outer", &[("collection", None)]),
    ("variant_explode", &[("input", None)]),
    ("variant_explode_outer", &[("input", None)]),
];

/// The call with its arguments by place, if it names one; `None` when there is nothing to do.
pub(crate) fn positional(call: &FunctionCall) -> Result<Option<FunctionCall>> {
    let named = |argument: &Expr| matches!(argument.node, ExprNode::NamedArgument { .. });
    let Some(row) = builtin_name(&call.name).and_then(lookup) else { return Ok(None) };
    if !call.arguments.iter().any(named) {
        return Ok(None);
    }
    let routine = quote_name(&[row.name]);
    let Some((_, parameters)) = SIGNATURES.iter().find(|(name, _)| *name == row.name) else {
        return Err(NAMED_PARAMETERS_NOT_SUPPORTED.with("functionName", routine));
    };
    let placed = in_place(&call.arguments, parameters, &routine)?;
    let mut arguments = Vec::with_capacity(placed.len());
    for (index, value) in placed.into_iter().enumerate() {
        let (name, filler) = parameters.get(index).copied().unwrap_or(("", None));
        arguments.push(match (value, filler) {
            (Some(value), _) => value,
            (None, Some(Filler::Text(text))) => Expr::literal(Value::string(text)),
            (None, Some(Filler::Null)) => Expr::literal(Value::Null(DataType::STRING)),
            (None, None) => {
                return Err(REQUIRED_PARAMETER_NOT_FOUND
                    .with("routineName", routine)
                    .with("parameterName", quote_name(&[name]))
                    .with("index", index));
            }
        });
    }
    Ok(Some(FunctionCall { arguments, ..call.clone() }))
}

/// The arguments that are given, each at the place of its parameter.
fn in_place(arguments: &[Expr], parameters: &[Parameter], routine: &str) -> Result<Vec<Option<Expr>>> {
    let mut values: Vec<Option<Expr>> = vec![None; parameters.len().max(arguments.len())];
    let mut last_key: Option<&str> = None;
    for (index, argument) in arguments.iter().enumerate() {
        let ExprNode::NamedArgument { key, value } = &argument.node else {
            if let Some(key) = last_key {
                let error = UNEXPECTED_POSITIONAL_ARGUMENT.with("routineName", routine);
                return Err(error.with("parameterName", quote_name(&[key])));
            }
            values[index] = Some(argument.clone());
            continue;
        };
        last_key = Some(key);
        let Some(place) = parameters.iter().position(|(name, _)| name.eq_ignore_ascii_case(key)) else {
            return Err(unrecognized(routine, key, parameters));
        };
        if values[place].is_some() {
            let error = DOUBLE_NAMED_ARGUMENT.with("routineName", routine);
            return Err(error.with("parameterName", quote_name(&[key])));
        }
        values[place] = Some(value.as_ref().clone());
    }
    Ok(values)
}

/// Names the three parameters whose names are nearest, the nearest first.
fn unrecognized(routine: &str, key: &str, parameters: &[Parameter]) -> hearth_base::Error {
    let mut names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
    names.sort_by_key(|name| distance(&key.to_lowercase(), &name.to_lowercase()));
    let proposal: Vec<_> = names.iter().take(3).map(|name| quote_name(&[name])).collect();
    UNRECOGNIZED_PARAMETER_NAME
        .with("routineName", routine)
        .with("argumentName", quote_name(&[key]))
        .with("proposal", proposal.join(" "))
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (place, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
