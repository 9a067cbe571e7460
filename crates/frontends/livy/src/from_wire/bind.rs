//! Values into fields, with what Jackson takes for one another and what it says of what does not fit.

use std::collections::BTreeMap;

use super::json::{Place, Reader, Syntax, Token, source};
use super::number;
use crate::error::{LivyError, LivyResult};

/// A class of Livy's that bodies are read into: its name and its fields are part of what is said of mistakes.
#[derive(Debug)]
pub(super) struct Class {
    pub name: &'static str,
    pub known: &'static [&'static str],
    /// The arguments that it is made of: unknown fields are complained of only when all of them are there, or nothing
    /// comes any more.
    pub creator: &'static [&'static str],
}

const LISTS: &str = "com.fasterxml.jackson.module.scala.deser.GenericFactoryDeserializerResolver$BuilderWrapper";
/// Characters of a wrong text, in an answer.
const MAX_SHOWN: usize = 64;
const NO_CONTENT: &str = "No content to map due to end-of-input";

/// What is wrong with a body.
#[derive(Debug)]
pub(super) struct Fault {
    text: String,
    place: Option<Place>,
    /// The fields that led there, the innermost first.
    chain: Vec<String>,
}

impl Fault {
    fn at(place: Place, text: impl Into<String>) -> Self {
        Self { text: text.into(), place: Some(place), chain: Vec::new() }
    }

    /// A mistake that no place is told of.
    pub fn nowhere(text: impl Into<String>) -> Self {
        Self { text: text.into(), place: None, chain: Vec::new() }
    }

    /// A mistake in the midst of the fields, not in the value of one.
    fn between(syntax: Syntax) -> Self {
        Self::at(syntax.here, syntax.text)
    }

    /// A mistake in the value of a field.
    fn within(syntax: Syntax) -> Self {
        Self::at(syntax.token, syntax.text)
    }

    fn through(mut self, link: String) -> Self {
        self.chain.push(link);
        self
    }

    fn into_error(self) -> LivyError {
        let mut text = self.text;
        if let Some(place) = self.place {
            text.push_str("\n at ");
            text.push_str(&source(place));
        }
        if !self.chain.is_empty() {
            let links: Vec<_> = self.chain.into_iter().rev().collect();
            text.push_str(&format!(" (through reference chain: {})", links.join("->")));
        }
        LivyError::unreadable(text)
    }
}

/// Reads a body: `set` takes each field that `class` knows, as they come.
pub(super) fn read(
    body: &[u8],
    class: &Class,
    ignore_unknown: bool,
    set: impl FnMut(&str, Field<'_, '_>) -> Result<(), Fault>,
) -> LivyResult<()> {
    fields(&mut Reader::new(body), class, ignore_unknown, set).map_err(Fault::into_error)
}

fn fields(
    reader: &mut Reader<'_>,
    class: &Class,
    ignore_unknown: bool,
    mut set: impl FnMut(&str, Field<'_, '_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match reader.next().map_err(Fault::between)? {
        // No object is as good as no body; Livy fails on it.
        None | Some(Token::Null) => return Err(Fault::at(Place { line: 1, column: 0 }, NO_CONTENT)),
        Some(Token::Object) => {}
        Some(other) => return Err(no_object(reader, class, &other)),
    }
    let mut unknown = None;
    let mut missing = class.creator.to_vec();
    while let Some(Token::Name(name)) = reader.next().map_err(Fault::between)? {
        let Some(token) = reader.next().map_err(Fault::between)? else { break };
        let link = || format!("{}[\"{name}\"]", class.name);
        if class.known.contains(&name.as_str()) {
            missing.retain(|argument| *argument != name);
            set(&name, Field { reader, token }).map_err(|fault| fault.through(link()))?;
        } else {
            if !ignore_unknown && missing.is_empty() {
                return Err(Fault::at(reader.here(), unrecognized(class, &name)).through(link()));
            }
            reader.skip(&token).map_err(Fault::between)?;
            unknown.get_or_insert(name);
        }
    }
    match unknown.filter(|_| !ignore_unknown) {
        Some(name) => {
            let link = format!("{}[\"{name}\"]", class.name);
            Err(Fault::at(reader.here(), unrecognized(class, &name)).through(link))
        }
        None => Ok(()),
    }
}

fn unrecognized(class: &Class, name: &str) -> String {
    let known: Vec<_> = class.known.iter().map(|known| format!("\"{known}\"")).collect();
    let count = match known.len() {
        1 => "one known property".to_owned(),
        count => format!("{count} known properties"),
    };
    let (class, known) = (class.name, known.join(", "));
    format!("Unrecognized field \"{name}\" (class {class}), not marked as ignorable ({count}: {known}])")
}

/// A body that is a value of another sort.
fn no_object(reader: &mut Reader<'_>, class: &Class, token: &Token) -> Fault {
    let place = reader.token();
    let class = class.name;
    let no_creator = |takes: &str, from: &str| {
        format!(
            "Cannot construct instance of `{class}` (although at least one Creator exists): no {takes}-argument \
             constructor/factory method to deserialize from {from}"
        )
    };
    let text = match token {
        Token::Text => match reader.text() {
            Ok(text) => no_creator("String", &format!("String value ('{text}')")),
            Err(syntax) => return Fault::between(syntax),
        },
        Token::Number { text, is_float } => {
            let takes = match (is_float, text.parse::<i32>(), text.parse::<i64>()) {
                (true, _, _) => "double/Double",
                (false, Ok(_), _) => "int/Int",
                (false, Err(_), Ok(_)) => "long/Long",
                (false, Err(_), Err(_)) => "BigInteger",
            };
            no_creator(takes, &format!("Number value ({text})"))
        }
        Token::Bool(value) => no_creator("boolean/Boolean", &format!("boolean value ({value})")),
        other => format!("Cannot deserialize instance of `{class}` out of {} token", other.name()),
    };
    Fault::at(place, text)
}

/// The value of a field, of which the first token was read.
#[derive(Debug)]
pub(super) struct Field<'r, 'b> {
    reader: &'r mut Reader<'b>,
    token: Token,
}

impl Field<'_, '_> {
    fn no_instance<T>(&self, of: &str) -> Result<T, Fault> {
        let text = format!("Cannot deserialize instance of `{of}` out of {} token", self.token.name());
        Err(Fault::at(self.reader.token(), text))
    }

    /// Numbers and truth values are taken as they are written.
    pub fn text(self) -> Result<Option<String>, Fault> {
        match &self.token {
            Token::Text => self.reader.text().map(Some).map_err(Fault::within),
            Token::Number { text, .. } => Ok(Some(text.clone())),
            Token::Bool(value) => Ok(Some(value.to_string())),
            Token::Null => Ok(None),
            Token::Object | Token::Array | Token::EndObject | Token::EndArray | Token::Name(_) => {
                self.no_instance("java.lang.String")
            }
        }
    }

    /// A text that nothing else is taken for.
    pub fn only_text(self, what: &str) -> Result<Option<String>, Fault> {
        match &self.token {
            Token::Text => self.reader.text().map(Some).map_err(Fault::within),
            Token::Null => Ok(None),
            _ => Err(Fault::nowhere(format!("requirement failed: {what} should be a string."))),
        }
    }

    pub fn int(self) -> Result<Option<i32>, Fault> {
        let place = self.reader.token();
        let fault = |text: String| Fault::at(place, text);
        match &self.token {
            Token::Number { text, is_float } => number::int(text, *is_float).map(Some).map_err(fault),
            Token::Text => {
                let text = self.reader.text().map_err(Fault::within)?;
                number::int_of_text(&text).map_err(fault)
            }
            Token::Null => Ok(None),
            _ => self.no_instance("int"),
        }
    }

    /// What is `null` in a list is no part of it.
    pub fn list(self) -> Result<Vec<String>, Fault> {
        const CLASS: &str = "scala.collection.immutable.List";
        match &self.token {
            Token::Array => {}
            Token::Null => return Ok(Vec::new()),
            Token::Text => return self.no_text(CLASS, true),
            _ => return self.no_instance(CLASS),
        }
        let mut list = Vec::new();
        for index in 0.. {
            let token = self.reader.next().map_err(Fault::within)?;
            let Some(token) = token.filter(|token| *token != Token::EndArray) else { break };
            let field = Field { reader: &mut *self.reader, token };
            list.extend(field.text().map_err(|fault| fault.through(format!("{LISTS}[{index}]")))?);
        }
        Ok(list)
    }

    /// What is `null` in an object is no part of it.
    pub fn map(self) -> Result<BTreeMap<String, String>, Fault> {
        const CLASS: &str = "scala.collection.immutable.Map";
        const MAPS: &str =
            "com.fasterxml.jackson.module.scala.deser.GenericMapFactoryDeserializerResolver$BuilderWrapper";
        match &self.token {
            Token::Object => {}
            Token::Null => return Ok(BTreeMap::new()),
            Token::Text => return self.no_text(CLASS, false),
            _ => return self.no_instance(CLASS),
        }
        let mut map = BTreeMap::new();
        while let Some(Token::Name(name)) = self.reader.next().map_err(Fault::within)? {
            let Some(token) = self.reader.next().map_err(Fault::within)? else { break };
            let field = match token {
                Token::Text => self.reader.text().map(Some).map_err(Fault::within)?,
                token => {
                    let field = Field { reader: &mut *self.reader, token };
                    field.text().map_err(|fault| fault.through(format!("{MAPS}[\"{name}\"]")))?
                }
            };
            if let Some(value) = field {
                map.insert(name, value);
            }
        }
        Ok(map)
    }

    /// A text where something with parts is due.
    fn no_text<T>(self, class: &str, takes_tokens: bool) -> Result<T, Fault> {
        let place = self.reader.token();
        let text = self.reader.text().map_err(Fault::within)?;
        Err(Fault::at(
            place,
            if takes_tokens && !text.is_empty() {
                format!("Cannot deserialize instance of `{class}` out of VALUE_STRING token")
            } else {
                format!(
                    "Cannot construct instance of `{class}` (although at least one Creator exists): no String-argument \
                     constructor/factory method to deserialize from String value ('{text}')"
                )
            },
        ))
    }

    /// Bytes in base64. They stay as they are written.
    pub fn base64(self) -> Result<Option<String>, Fault> {
        let place = self.reader.token();
        match &self.token {
            Token::Text => {
                let text = self.reader.text().map_err(Fault::within)?;
                match no_base64(&text) {
                    None => Ok(Some(text)),
                    Some((rest, why)) => {
                        let rest: String = rest.chars().take(MAX_SHOWN).collect();
                        let what = format!("Cannot deserialize value of type `byte[]` from String \"{rest}\": {why}");
                        Err(Fault::at(place, what))
                    }
                }
            }
            Token::Null => Ok(None),
            _ => self.no_instance("byte[]"),
        }
    }

    pub fn skip(self) -> Result<(), Fault> {
        self.reader.skip(&self.token).map_err(Fault::within)
    }
}

/// What is left of a text behind the first mistake in it, and the mistake. White space may stand between units of four.
fn no_base64(text: &str) -> Option<(&str, String)> {
    let mut unit = 0;
    for (at, char) in text.char_indices() {
        let rest = &text[at + char.len_utf8()..];
        let why = match (unit, char) {
            (0, ' ' | '\t' | '\n' | '\r') => continue,
            (_, 'a'..='z' | 'A'..='Z' | '0'..='9' | '+' | '/') if unit < 4 => {
                unit = (unit + 1) % 4;
                continue;
            }
            // One `=` more is due.
            (2, '=') => {
                unit = 4;
                continue;
            }
            (3 | 4, '=') => {
                unit = 0;
                continue;
            }
            (4, _) => "expected padding character '='".to_owned(),
            (_, '=') => format!(
                "Unexpected padding character ('=') as character #{} of 4-char base64 unit: padding only legal as 3rd or \
                 4th character",
                unit + 1
            ),
            (_, '\0'..=' ') => format!(
                "Illegal white space character (code {:#x}) as character #{} of 4-char base64 unit: can only used between \
                 units",
                u32::from(char),
                unit + 1
            ),
            (_, other) => format!("Illegal character '{other}' (code {:#x}) in base64 content", u32::from(other)),
        };
        return Some((rest, format!("Failed to decode VALUE_STRING as base64 (MIME-NO-LINEFEEDS): {why}")));
    }
    (unit != 0).then(|| {
        let why = "Unexpected end of base64-encoded String: base64 variant 'MIME-NO-LINEFEEDS' expects padding (one or more \
                   '=' characters) at the end";
        ("", why.to_owned())
    })
}
