//! Parse errors with the place in the text, as Spark's `ParseException` prints them.

use hearth_base::Error;
use hearth_base::condition::{PARSE_EMPTY_STATEMENT, PARSE_SYNTAX_ERROR};
use hearth_base::error::QueryContext;

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

/// `PARSE_SYNTAX_ERROR` at a token. `extra` says that the token is one too many.
pub fn syntax(text: &str, token: Token, extra: bool) -> Error {
    let start = token.start as usize;
    let (near, hint) = if token.kind == TokenKind::End {
        ("end of input".to_owned(), String::new())
    } else {
        let lexeme = &text[start..token.end as usize];
        let hint = if extra { format!(": extra input '{lexeme}'") } else { String::new() };
        (format!("'{lexeme}'"), hint)
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
    let fragment = text[start..end].to_owned();
    let from = text[..start].char_indices().rev().nth(FRAGMENT_MARGIN - 1).map_or(0, |(at, _)| at);
    let to = text[end..].char_indices().nth(FRAGMENT_MARGIN).map_or(text.len(), |(at, _)| end + at);
    let (head, tail) = (if from > 0 { "..." } else { "" }, if to < text.len() { "..." } else { "" });
    let indent = " ".repeat(head.len() + text[from..start].chars().count());
    let marks = "^".repeat(fragment.chars().count());
    error
        .trailer(format!(
            "\n== SQL (line {line}, position {}) ==\n{head}{}{tail}\n{indent}{marks}",
            column + 1,
            &text[from..to]
        ))
        .at(QueryContext::Sql {
            object_type: String::new(),
            object_name: String::new(),
            start: characters(start),
            stop: characters(end) - 1,
            fragment,
        })
}
