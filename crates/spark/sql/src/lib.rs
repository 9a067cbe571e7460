//! Spark SQL: text into `hearth_plan`'s nodes.
//!
//! A hand-written lexer, recursive descent for statements and queries, and a precedence climber for expressions. The
//! grammar is Spark 4.2's (`SqlBaseParser`) in its default mode, where almost every keyword may also be a name. Nothing
//! here knows a session or a catalog: names stay as typed, dates and intervals stay text.

pub mod change;
pub mod dialect;
pub mod drivers;
mod error;
mod expression;
mod keywords;
mod lexer;
mod literal;
mod names;
mod parser;
mod prediction;
mod query;
mod statement;
mod token;
mod types;

use hearth_base::Result;
use hearth_plan::relation::SqlText;
use hearth_plan::{Expr, Name, Plan};
use hearth_types::{DataType, StructType};

pub use dialect::{Dialect, parse_bound_in};
pub use error::place;
pub use keywords::Keyword;
pub use parser::MAX_NESTING_DEPTH;

use parser::Parser;
use token::TokenKind;

/// One statement: a query is `Plan::Relation`, everything else `Plan::Command`.
pub fn parse_statement(text: &str) -> Result<Plan> {
    Dialect::default().parse_statement(text)
}

/// All of a text by one rule.
fn whole<'a, T>(mut parser: Parser<'a>, rule: impl Fn(&mut Parser<'a>) -> Result<T>) -> Result<T> {
    if parser.at_kind(TokenKind::End) {
        let is_blank = parser.text.chars().all(|c| c <= ' ');
        return Err(if is_blank { error::empty(parser.text) } else { parser.unexpected() });
    }
    match rule(&mut parser) {
        Err(error) if error.condition() == hearth_base::condition::PARSE_SYNTAX_ERROR => {
            if let Some(read) = parser.second_reading(&rule) {
                return read;
            }
            match parser.native_command() {
                Some(other) => Err(other),
                None => parser.reread(error, rule),
            }
        }
        Ok(_) if parser.deferred.is_some() => Err(parser.deferred.take().unwrap_or_else(|| error::empty(parser.text))),
        result => result,
    }
}

/// As `parse_statement`, with the values of `:name` and `?` in their places: nodes in place of nodes, so a value is never
/// read as SQL. A marker without a value stays one.
pub fn parse_bound(text: &SqlText) -> Result<Plan> {
    Dialect::default().parse_bound(text)
}

fn bound<'a>(parser: Parser<'a>, text: &'a SqlText) -> Result<Plan> {
    whole(parser.with_values(&text.named, &text.positional), |parser| {
        let plan = parser.only_statement()?;
        let named = parser.markers.iter().filter(|marker| marker.name.is_some()).count();
        match named == 0 || named == parser.markers.len() {
            true => Ok(plan),
            false => Err(hearth_base::condition::INVALID_QUERY_MIXED_QUERY_PARAMETERS.error()),
        }
    })
}

/// A parameter of a statement's text, and the bytes at which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Without its colon; none for `?`.
    pub name: Option<String>,
    pub start: usize,
    /// Exclusive.
    pub end: usize,
}

/// The parameters of a statement, in their order.
pub fn parameter_markers(text: &str) -> Result<Vec<Marker>> {
    Dialect::default().parameter_markers(text)
}

fn markers(mut parser: Parser<'_>) -> Result<Vec<Marker>> {
    parser.single_statement()?;
    parser.expect_end()?;
    Ok(parser.markers)
}

/// The statements of a text, separated by semicolons; the blocks of scripts are kept whole.
pub fn parse_statements(text: &str) -> Result<Vec<Plan>> {
    split_statements(text)?.into_iter().map(parse_statement).collect()
}

/// The texts of the statements, without empty ones.
pub fn split_statements(text: &str) -> Result<Vec<&str>> {
    let tokens = lexer::tokenize(text, Dialect::default())?;
    let mut parts = Vec::new();
    let (mut from, mut is_empty, mut script_end) = (0, true, 0);
    for token in tokens {
        let at = token.start as usize;
        if at < script_end {
            continue;
        }
        match token.kind {
            TokenKind::Semicolon => {
                if !is_empty {
                    parts.push(text[from..at].trim());
                }
                (from, is_empty) = (token.end as usize, true);
            }
            TokenKind::End => {
                if !is_empty {
                    parts.push(text[from..].trim());
                }
            }
            TokenKind::Word(Some(Keyword::Begin)) if is_empty => {
                is_empty = false;
                script_end = at + script_length(&text[at..]).unwrap_or(0);
            }
            _ => is_empty = false,
        }
    }
    Ok(parts)
}

/// The bytes of the script that a text starts with; `None` when it is none.
fn script_length(text: &str) -> Option<usize> {
    let mut parser = Parser::new(text).ok()?;
    parser.single_statement().ok()?;
    Some(parser.end())
}

/// One expression with an optional alias, as in `selectExpr`: `a + 1 AS b`, `*`, `explode(m) AS (k, v)`.
pub fn parse_expression(text: &str) -> Result<Expr> {
    Dialect::default().parse_expression(text)
}

fn named_expression(parser: &mut Parser<'_>) -> Result<Expr> {
    let expr = parser.named_expression()?;
    parser.expect_kind(TokenKind::End)?;
    Ok(expr)
}

/// ``a.`b c`.d``
pub fn parse_multipart_identifier(text: &str) -> Result<Name> {
    let mut parser = Parser::new(text)?;
    if parser.at_kind(TokenKind::End) {
        return Err(error::empty(text));
    }
    let name = parser.name()?;
    if !parser.at_kind(TokenKind::End) {
        return Err(parser.unexpected());
    }
    Ok(name)
}

/// `array<int>`; see `hearth_types::ddl`.
pub fn parse_data_type(text: &str) -> Result<DataType> {
    hearth_types::ddl::parse_data_type(text)
}

/// `a INT, b STRING NOT NULL COMMENT 'x'`, or one `struct<…>`.
pub fn parse_table_schema(text: &str) -> Result<StructType> {
    let columns = hearth_types::ddl::parse_table_schema(text);
    match columns {
        Ok(schema) => Ok(schema),
        Err(error) => match hearth_types::ddl::parse_data_type(text) {
            Ok(DataType::Struct(schema)) => Ok(schema),
            Ok(_) | Err(_) => Err(error),
        },
    }
}
