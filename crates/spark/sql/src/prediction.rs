//! How Spark's parser chooses between readings of a text that is wrong.
//!
//! ANTLR reads ahead until one reading is left. When none is left it takes one that was already complete before the word that
//! fits nothing: of `f(a b)` the column `f`, since the call could not be read and behind a column a list of names in
//! parentheses might stand. So the error is told behind that reading, at the parenthesis. A clause may be such a reading
//! too: `ORDER BY a b` falls back to no clause at all.
//!
//! Here a rule that fails says which shorter reading there was (`shorter`), and the text is read again with it. The outermost
//! rule wins, because its choice was made first.

use std::cell::Cell;

use hearth_base::condition::PARSE_SYNTAX_ERROR;
use hearth_base::{Error, Result};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// How often a text is read again.
const READINGS: usize = 12;

/// What stands at a token when the longer reading failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The word is a column, and no call or `CASE`.
    Column,
    /// The clause or the suffix is not there.
    Absent,
    /// The word is an alias.
    Alias,
}

#[derive(Default)]
pub struct Prediction {
    /// Choices by the index of their first token.
    chosen: Vec<(usize, Reading)>,
    /// The token that fitted nothing.
    failed: Cell<Option<usize>>,
    /// The shorter reading of the outermost rule that failed.
    shorter: Option<(usize, Reading)>,
    /// Where a table could have had an alias and has none.
    no_alias: Option<usize>,
}

impl Prediction {
    pub fn fail_at(&self, index: usize) {
        self.failed.set(Some(index));
    }

    pub fn failed_at(&self) -> Option<usize> {
        self.failed.get()
    }

    /// The same choices for a new reading.
    pub fn again(&self) -> Self {
        Self { chosen: self.chosen.clone(), ..Self::default() }
    }
}

impl<'a> Parser<'a> {
    /// Whether the next token was decided to be read so.
    pub(crate) fn is_read_as(&self, reading: Reading) -> bool {
        self.prediction.chosen.contains(&(self.index(), reading))
    }

    /// Behind a table that takes an alias, where none stands.
    pub(crate) fn without_alias(&mut self) {
        self.prediction.no_alias = Some(self.index());
    }

    /// Runs a rule that starts at the token `at` and has a shorter reading.
    pub(crate) fn predicted<T>(
        &mut self,
        at: usize,
        reading: impl FnOnce(&Self, usize) -> Option<Reading>,
        rule: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let result = rule(self);
        let is_wrong = result.as_ref().is_err_and(|error| error.condition() == PARSE_SYNTAX_ERROR);
        if let Some(failed) = self.prediction.failed.get().filter(|_| is_wrong)
            && let Some(reading) = reading(self, failed)
            && !self.prediction.chosen.contains(&(at, reading))
        {
            self.prediction.shorter = Some((at, reading));
        }
        result
    }

    /// Runs a rule that is read ahead with another one beside it: nothing in it is mended, and no part of it has a shorter
    /// reading, since the choice between the two is still open.
    pub(crate) fn undecided<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let result = rule(self);
        if result.as_ref().is_err_and(|error| error.condition() == PARSE_SYNTAX_ERROR) {
            self.prediction.shorter = None;
            self.forget_failure();
        }
        result
    }

    /// A call whose parenthesis is at `open`: a column when what was read of it might be a list of names or a query.
    pub(crate) fn call_or_column(&self, open: usize, failed: usize) -> Option<Reading> {
        if failed <= open {
            return None;
        }
        let mut inside = self.kinds(open + 1..failed);
        let is_names = inside.by_ref().enumerate().all(|(index, kind)| match index % 2 {
            0 => kind.is_name(),
            _ => matches!(kind, TokenKind::Comma | TokenKind::Minus),
        });
        let mut words = self.kinds(open + 1..failed).skip_while(|kind| *kind == TokenKind::LeftParen);
        let is_query = words.next().is_some_and(|first| begins_query(first, words.next()));
        (is_names || is_query).then_some(Reading::Column)
    }

    /// `CASE WHEN …` may be the operand of another `CASE` all the way; `CASE a` only until its `WHEN`.
    pub(crate) fn case_or_column(&self, at: usize, failed: usize) -> Option<Reading> {
        let mut words = self.kinds(at + 1..failed);
        let first = words.next();
        let is_column =
            first.is_none_or(|first| first.keyword() == Some(K::When) || (first.is_name() && words.next().is_none()));
        is_column.then_some(Reading::Column)
    }

    /// A clause of two words at `at`: absent, or its first word the alias of the table before it when it fails at once.
    pub(crate) fn clause_or_alias(&self, at: usize, failed: usize) -> Option<Reading> {
        let is_alias = failed == at + 2 && self.prediction.no_alias == Some(at);
        Some(if is_alias { Reading::Alias } else { Reading::Absent })
    }

    /// What is wrong with a text, read as Spark's prediction reads it. It may be right then.
    pub(crate) fn reread<T>(self, error: Error, rule: impl Fn(&mut Self) -> Result<T>) -> Result<T> {
        let (mut parser, mut error) = (self, error);
        for _ in 0..READINGS {
            let Some(shorter) = parser.prediction.shorter.take() else { break };
            let mut prediction = parser.prediction.again();
            prediction.chosen.push(shorter);
            parser = parser.again(prediction)?;
            match rule(&mut parser) {
                Ok(_) if parser.deferred.is_some() => return Err(parser.deferred.take().unwrap_or(error)),
                Err(other) if other.condition() == PARSE_SYNTAX_ERROR => error = other,
                read => return read,
            }
        }
        Err(parser.with_hint(error, rule))
    }
}

/// Whether a query may begin with these two, of which the second need not be there.
fn begins_query(first: TokenKind, second: Option<TokenKind>) -> bool {
    let Some(second) = second else { return starts_query(first) };
    match first.keyword() {
        Some(K::Select) => second.starts_expression() || second == TokenKind::HintStart,
        Some(K::Values | K::Map | K::Reduce) => second.starts_expression(),
        Some(K::From) => second.is_name() || second == TokenKind::LeftParen,
        Some(K::With | K::Table) => second.is_name(),
        _ => false,
    }
}

pub fn starts_query(kind: TokenKind) -> bool {
    matches!(kind.keyword(), Some(K::Select | K::With | K::From | K::Values | K::Table | K::Map | K::Reduce))
}
