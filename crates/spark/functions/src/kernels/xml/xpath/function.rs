//! The functions of XPath 1.0.

use hearth_base::{Error, Result};

use super::evaluate::{Context, Value, text_number};
use super::parse::Expr;

/// Name, fewest and most arguments.
const FUNCTIONS: [(&str, usize, usize); 25] = [
    ("last", 0, 0),
    ("position", 0, 0),
    ("count", 1, 1),
    ("local-name", 0, 1),
    ("namespace-uri", 0, 1),
    ("name", 0, 1),
    ("string", 0, 1),
    ("concat", 2, usize::MAX),
    ("starts-with", 2, 2),
    ("contains", 2, 2),
    ("substring-before", 2, 2),
    ("substring-after", 2, 2),
    ("substring", 2, 3),
    ("string-length", 0, 1),
    ("normalize-space", 0, 1),
    ("translate", 3, 3),
    ("boolean", 1, 1),
    ("not", 1, 1),
    ("true", 0, 0),
    ("false", 0, 0),
    ("number", 0, 1),
    ("sum", 1, 1),
    ("floor", 1, 1),
    ("ceiling", 1, 1),
    ("round", 1, 1),
];

pub fn is_known(name: &str, arguments: usize) -> bool {
    FUNCTIONS.iter().any(|(known, least, most)| *known == name && (*least..=*most).contains(&arguments))
}

pub fn call(name: &str, arguments: &[Expr], context: Context<'_>) -> Result<Value> {
    let document = context.document;
    let text = |index: usize| -> Result<String> {
        match arguments.get(index) {
            Some(argument) => Ok(context.value(argument)?.string(document)),
            None => Ok(document.string(context.node)),
        }
    };
    let number = |index: usize| -> Result<f64> {
        match arguments.get(index) {
            Some(argument) => Ok(context.value(argument)?.number(document)),
            None => Ok(text_number(&document.string(context.node))),
        }
    };
    let truth = |index: usize| -> Result<bool> {
        arguments.get(index).map_or(Ok(false), |argument| Ok(context.value(argument)?.boolean(document)))
    };
    let node_name = || -> Result<String> {
        let node = match arguments.first() {
            Some(argument) => context.nodes(argument)?.first().copied(),
            None => Some(context.node),
        };
        Ok(node.map(|node| document.name(node).to_owned()).unwrap_or_default())
    };
    let nodes = || arguments.first().map_or(Ok(Vec::new()), |argument| context.nodes(argument));
    Ok(match name {
        "last" => Value::Number(context.size as f64),
        "position" => Value::Number(context.position as f64),
        "count" => Value::Number(nodes()?.len() as f64),
        "name" => Value::Text(node_name()?),
        "local-name" => Value::Text(node_name()?.rsplit(':').next().unwrap_or_default().to_owned()),
        "namespace-uri" => Value::Text(String::new()),
        "string" => Value::Text(text(0)?),
        "concat" => Value::Text((0..arguments.len()).map(text).collect::<Result<Vec<_>>>()?.concat()),
        "starts-with" => Value::Boolean(text(0)?.starts_with(&text(1)?)),
        "contains" => Value::Boolean(text(0)?.contains(&text(1)?)),
        "substring-before" => {
            let (whole, part) = (text(0)?, text(1)?);
            Value::Text(whole.split_once(&part).map(|(before, _)| before.to_owned()).unwrap_or_default())
        }
        "substring-after" => {
            let (whole, part) = (text(0)?, text(1)?);
            Value::Text(whole.split_once(&part).map(|(_, after)| after.to_owned()).unwrap_or_default())
        }
        "substring" => {
            let length = if arguments.len() > 2 { number(2)? } else { f64::INFINITY };
            Value::Text(substring(&text(0)?, number(1)?, length))
        }
        "string-length" => Value::Number(text(0)?.chars().count() as f64),
        "normalize-space" => Value::Text(text(0)?.split_whitespace().collect::<Vec<_>>().join(" ")),
        "translate" => Value::Text(translate(&text(0)?, &text(1)?, &text(2)?)),
        "boolean" => Value::Boolean(truth(0)?),
        "not" => Value::Boolean(!truth(0)?),
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        "number" => Value::Number(number(0)?),
        "sum" => Value::Number(nodes()?.iter().fold(0.0, |sum, node| sum + text_number(&document.string(*node)))),
        "floor" => Value::Number(number(0)?.floor()),
        "ceiling" => Value::Number(number(0)?.ceil()),
        // Halves go up.
        "round" => Value::Number((number(0)? + 0.5).floor()),
        other => return Err(Error::unsupported(format!("the XPath function {other}"))),
    })
}

/// Positions count from 1 and are rounded.
fn substring(text: &str, start: f64, length: f64) -> String {
    let round = |number: f64| (number + 0.5).floor();
    let (first, last) = (round(start), round(start) + round(length));
    let positions = text.chars().enumerate().map(|(index, c)| ((index + 1) as f64, c));
    positions.filter(|(position, _)| *position >= first && *position < last).map(|(_, c)| c).collect()
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    let replaced = |c: char| match from.chars().position(|known| known == c) {
        Some(place) => to.get(place).copied(),
        None => Some(c),
    };
    text.chars().filter_map(replaced).collect()
}
