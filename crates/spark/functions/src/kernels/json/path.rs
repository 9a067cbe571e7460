//! `get_json_object`: the paths and the output rules that Spark took from Hive.
//!
//! A wildcard gives an array when several elements match, and the bare element when one does. Source:
//! `GetJsonObjectEvaluator`.

use crate::kernels::json::value::Json;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Name(String),
    AnyName,
    Index(usize),
    AnyIndex,
}

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Strings without quotes.
    Raw,
    Quoted,
    /// Nested arrays become one.
    Flatten,
}

impl Path {
    /// `None` when the path is not valid.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("['") {
                let (name, after) = after.split_once("']")?;
                steps.push(if name == "*" { Step::AnyName } else { Step::Name(name.to_owned()) });
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (index, after) = after.split_once(']')?;
                steps.push(if index == "*" { Step::AnyIndex } else { Step::Index(index.parse().ok()?) });
                rest = after;
            } else {
                let after = rest.strip_prefix('.')?;
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                if name.is_empty() {
                    return None;
                }
                steps.push(if name == "*" { Step::AnyName } else { Step::Name(name.to_owned()) });
                rest = after;
            }
        }
        Some(Self { steps })
    }

    /// Appends what the path finds; `None` when that is nothing.
    pub fn find(&self, json: &Json<'_>, out: &mut String) -> Option<()> {
        let mut pieces = Vec::new();
        let found = evaluate(json, &self.steps, Style::Raw, &mut pieces);
        pieces.iter().for_each(|piece| out.push_str(piece));
        found.then_some(())
    }
}

/// Adds the values found to `out`, one piece each; true when something was found.
fn evaluate(json: &Json<'_>, steps: &[Step], style: Style, out: &mut Vec<String>) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        match json {
            Json::String(text) if style == Style::Raw => out.push(text.clone().into_owned()),
            Json::Array(elements) if style == Style::Flatten => {
                let mut any = false;
                for element in elements {
                    any |= evaluate(element, steps, style, out);
                }
                return any;
            }
            _ => {
                let mut text = String::new();
                json.write(&mut text);
                out.push(text);
            }
        }
        return true;
    };
    match (json, step) {
        (Json::Object(_), Step::Name(name)) => match json.get(name) {
            None | Some(Json::Null) => false,
            Some(value) => evaluate(value, rest, style, out),
        },
        (Json::Array(elements), Step::Index(index)) => match elements.get(*index) {
            None => false,
            Some(element) if rest.first() == Some(&Step::AnyIndex) => evaluate(element, rest, Style::Quoted, out),
            Some(element) => evaluate(element, rest, style, out),
        },
        (Json::Array(elements), Step::AnyIndex) => {
            let double = rest.first() == Some(&Step::AnyIndex);
            let (inner, rest) = match (double, style) {
                (true, _) => (Style::Flatten, &rest[1..]),
                (false, Style::Flatten) => (Style::Flatten, rest),
                (false, Style::Raw | Style::Quoted) => (Style::Quoted, rest),
            };
            let mut pieces = Vec::new();
            let found = elements.iter().filter(|element| evaluate(element, rest, inner, &mut pieces)).count();
            let bare = !double && style != Style::Quoted && found == 1;
            if found > 0 || double || style == Style::Quoted {
                let joined = pieces.join(",");
                out.push(if bare { joined } else { format!("[{joined}]") });
            }
            found > 0
        }
        (_, _) => false,
    }
}
