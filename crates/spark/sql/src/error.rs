//! Parse errors with the place in the text, as Spark's `ParseException` prints them.

use hearth_base::condition::{PARSE_EMPTY_STATEMENT, PARSE_SYNTAX_ERROR};
use hearth_base::error::QueryContext;
use hearth_base::{Error, ErrorKind};

use crate::token::{Token, TokenKind};

/// How much text beside the place an error shows.
const FRAGMENT_MARGIN: usize = 32;

/// `(line, column)` of a byte offset; lines count from 1, columns from 0, in characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count())
}

/// The statement with `^^^` under the place.
fn pointer(text: &str, line: usize, column: usize) -> String {
    let mut shown = String::from("\n\n== SQL ==\n");
    for (index, row) in text.split('\n').enumerate() {
        shown.push_str(row);
        shown.push('\n');
        if index + 1 == line {
            shown.push_str(&"-".repeat(column));
            shown.push_str("^^^\n");
        }
    }
    shown
}

fn positioned(error: Error, text: &str, offset: usize) -> Error {
    let (line, column) = line_and_column(text, offset);
    error.trailer(format!(" (line {line}, pos {column}){}", pointer(text, line, column)))
}

/// What would mend a statement at the place of a syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    None,
    /// The token there is one too many.
    Extra,
    /// This one is missing before it.
    Missing(TokenKind),
}

/// `PARSE_SYNTAX_ERROR` at a token.
pub fn syntax(text: &str, token: Token, mend: Mend) -> Error {
    let start = token.start as usize;
    let lexeme = &text[start..token.end as usize];
    let near = if token.kind == TokenKind::End { "end of input".to_owned() } else { format!("'{lexeme}'") };
    let hint = match mend {
        Mend::Extra => format!(": extra input {near}"),
        Mend::Missing(kind) => kind.grammar_name().map(|name| format!(": missing {name}")).unwrap_or_default(),
        Mend::None => String::new(),
    };
    positioned(PARSE_SYNTAX_ERROR.with("error", near).with("hint", hint), text, start)
}

pub fn empty(text: &str) -> Error {
    positioned(PARSE_EMPTY_STATEMENT.error(), text, text.len())
}

/// An error of another condition at one place.
pub fn at(error: Error, text: &str, offset: usize) -> Error {
    positioned(error, text, offset)
}

/// An error about the part `start..end` of the text.
pub fn about(error: Error, text: &str, start: usize, end: usize) -> Error {
    let characters = |until: usize| i32::try_from(text[..until].chars().count()).unwrap_or(i32::MAX);
    let (line, column) = line_and_column(text, start);
    let shown = marked(text, start, end);
    error.trailer(format!("\n== SQL (line {line}, position {}) ==\n{shown}\n", column + 1)).at(QueryContext::Sql {
        object_type: String::new(),
        object_name: String::new(),
        start: characters(start),
        stop: characters(end) - 1,
        fragment: text[start..end].to_owned(),
    })
}

/// What Spark prints behind the SQLSTATE of an error about the part `start..end` of a statement that parses: of one that
/// data raised the marked text, of others the line and the column.
pub fn place(kind: ErrorKind, text: &str, start: usize, end: usize) -> String {
    let (line, column) = line_and_column(text, start);
    if kind == ErrorKind::Runtime {
        format!("\n== SQL (line {line}, position {}) ==\n{}\n", column + 1, marked(text, start, end))
    } else {
        format!("; line {line} pos {column}")
    }
}

/// An error about the statement as a whole, without a place in it.
pub fn bare(error: Error, text: &str) -> Error {
    error.trailer(format!("\n== SQL ==\n{text}"))
}

/// The lines of `start..end` with `^` below it. Of what else stands in these lines, at most `FRAGMENT_MARGIN` characters
/// on either side; so many of them count as cut, even when the line ends there.
fn marked(text: &str, start: usize, end: usize) -> String {
    let in_line = |c: &char| *c != '\n';
    let before = text[..start].chars().rev().take_while(in_line).take(FRAGMENT_MARGIN);
    let (before, from) = before.fold((0, start), |(count, at), c| (count + 1, at - c.len_utf8()));
    let behind = text[end..].chars().take_while(in_line).take(FRAGMENT_MARGIN);
    let (behind, to) = behind.fold((0, end), |(count, at), c| (count + 1, at + c.len_utf8()));
    let (is_cut_before, is_cut_behind) = (before == FRAGMENT_MARGIN, behind == FRAGMENT_MARGIN);
    let indent = before + if is_cut_before { 3 } else { 0 };
    let width = text[start..end].chars().count();
    let mut shown = String::new();
    // Characters of the fragment and its surroundings that were shown so far.
    let mut at = 0;
    let whole = format!(
        "{}{}{}",
        if is_cut_before { "..." } else { "" },
        &text[from..to],
        if is_cut_behind { "..." } else { "" }
    );
    for line in whole.trim_end_matches('\n').split('\n') {
        let length = line.chars().count();
        let spaces = indent.saturating_sub(at).min(length);
        let marks = (indent + width).saturating_sub(at + spaces).min(length - spaces);
        shown.push_str(line);
        shown.push('\n');
        shown.push_str(&" ".repeat(spaces));
        shown.push_str(&"^".repeat(marks));
        shown.push('\n');
        at += length + 1;
    }
    shown.pop();
    shown
}
