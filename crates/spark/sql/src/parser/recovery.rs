//! What does not fit: syntax errors with the hint that ANTLR's recovery finds, and errors about parts of a statement.
//!
//! A syntax error ends a reading at once, an error of meaning is kept (`defer`, `settle`) until the whole text was read,
//! since Spark looks at what a text says only when its syntax is right. How readings compete is in `prediction`.

use hearth_base::condition::{
    BANG_EQUALS_NOT, INVALID_SET_SYNTAX, INVALID_STATEMENT_OR_CLAUSE, INVALID_TIME_ZONE_SYNTAX, PARSE_RULE,
    PARSE_SYNTAX_ERROR, PLAN_TOO_DEEP,
};
use hearth_base::{Condition, Error, Result};

use super::Parser;
use crate::dialect::Switch;
use crate::error::{self, Mend};
use crate::keywords::Keyword;
use crate::lexer::tokenize;
use crate::prediction::Prediction;
use crate::token::{Token, TokenKind};

impl<'a> Parser<'a> {
    pub(crate) fn unexpected(&self) -> Error {
        self.prediction.fail_at(self.position);
        self.surplus.set(&[]);
        self.failure.set(Some((self.position, None)));
        error::syntax(self.text, self.peek(), Mend::None)
    }

    pub(crate) fn unexpected_at(&self, token: Token) -> Error {
        self.prediction.fail_at(self.tokens.partition_point(|other| other.start < token.start));
        self.forget_failure();
        error::syntax(self.text, token, Mend::None)
    }

    /// Nothing mends what failed.
    pub(crate) fn forget_failure(&self) {
        self.failure.set(None);
        self.surplus.set(&[]);
    }

    /// The end of a list or a clause before which more may stand: a token too many is known by what follows it, one that is
    /// missing is not.
    pub(crate) fn expect_before(&mut self, kind: TokenKind, others: &'static [TokenKind]) -> Result<()> {
        let found = self.accept_kind(kind) || kind.keyword().is_some_and(|keyword| self.accept(keyword));
        if found { Ok(()) } else { Err(self.unexpected_before(others)) }
    }

    /// The token here does not fit, and is one too many when one of these follows it.
    pub(crate) fn unexpected_before(&self, others: &'static [TokenKind]) -> Error {
        let error = self.unexpected();
        self.surplus.set(others);
        error
    }

    /// The token here is one too many, whatever follows it.
    pub(crate) fn surplus(&self) -> Error {
        self.prediction.fail_at(self.position);
        self.forget_failure();
        error::syntax(self.text, self.peek(), Mend::Extra)
    }

    /// Only a token of this kind may stand here.
    pub(super) fn missing(&self, kind: TokenKind) -> Error {
        self.prediction.fail_at(self.position);
        self.surplus.set(&[]);
        // Behind a type of one word ANTLR still looks for more of it.
        let is_type = self.is_behind_type();
        let goes_on = self.kind().is_name() || matches!(self.kind(), TokenKind::Comma | TokenKind::RightParen);
        if is_type && kind == TokenKind::Semicolon && !goes_on {
            self.surplus.set(&[TokenKind::Semicolon]);
        }
        self.failure.set(Some((self.position, Some(kind).filter(|_| !is_type))));
        error::syntax(self.text, self.peek(), Mend::None)
    }

    /// The sign of an operation and of a pipe: nothing mends it.
    fn is_pipe(kind: TokenKind) -> bool {
        kind == TokenKind::Pipe
    }

    /// Behind a type of one word.
    fn is_behind_type(&self) -> bool {
        self.type_end == Some(self.position) && self.is_behind_primitive()
    }

    /// A syntax error with its hint, as ANTLR's recovery finds it: the token is one too many when the one behind it fits;
    /// one is missing when the token fits behind that one, which `rule` tries out.
    pub(crate) fn with_hint<T>(&mut self, error: Error, rule: impl FnOnce(&mut Self) -> Result<T>) -> Error {
        let Some((at, kind)) = self.failure.get() else { return error };
        if self.tokens.get(at).is_some_and(|token| Self::is_pipe(token.kind)) {
            return error;
        }
        let next = self.tokens.get(at + 1).map(|token| token.kind);
        if next.is_some_and(|next| self.surplus.get().iter().any(|kind| kind.is_like(next))) {
            return self.tokens.get(at).map_or(error, |token| error::syntax(self.text, *token, Mend::Extra));
        }
        let Some(kind) = kind else { return error };
        let Some(token) = self.tokens.get(at).copied().filter(|_| error.condition() == PARSE_SYNTAX_ERROR) else {
            return error;
        };
        if let Some((_, items)) = self.list_end.filter(|(end, _)| *end == at && kind == TokenKind::RightParen) {
            // Behind the first comma ANTLR skips what is no further item, before it skips only what the list goes on behind.
            let goes_on = self
                .tokens
                .get(at + 1)
                .is_some_and(|next| matches!(next.kind, TokenKind::RightParen | TokenKind::Comma));
            if items > 1 || (items == 1 && goes_on) {
                return error::syntax(self.text, token, Mend::Extra);
            }
            // Behind a name nothing but the end was left, behind a value also an operator.
            let is_behind_name = at.checked_sub(1).is_some_and(|last| self.tokens[last].kind.is_name());
            if items == 1 && !is_behind_name {
                return error;
            }
        } else if self.tokens.get(at + 1).is_some_and(|next| next.kind.is_like(kind)) {
            return error::syntax(self.text, token, Mend::Extra);
        }
        let (text, dialect, mut tokens) = (self.text, self.dialect, std::mem::take(&mut self.tokens));
        tokens.insert(at, Token { kind, start: token.start, end: token.start });
        let mut second = Self::of_tokens(text, dialect, tokens).with_values(self.named, self.positional);
        second.prediction = self.prediction.again();
        let fits = match rule(&mut second) {
            Ok(_) => true,
            Err(_) => second.position > at + 1 || second.prediction.failed_at().is_some_and(|failed| failed > at + 1),
        };
        if fits { error::syntax(text, token, Mend::Missing(kind)) } else { error }
    }

    /// The text once more, with what prediction came to.
    pub(crate) fn again(&self, prediction: Prediction) -> Result<Self> {
        let tokens = tokenize(self.text, self.dialect)?;
        let second = Self::of_tokens(self.text, self.dialect, tokens).with_values(self.named, self.positional);
        Ok(Self { prediction, ..second })
    }

    /// The index of the next token.
    pub(crate) fn index(&self) -> usize {
        self.position
    }

    pub(crate) fn kinds(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = TokenKind> {
        self.tokens.get(range).unwrap_or_default().iter().map(|token| token.kind)
    }

    /// What a second reading makes of a text that was wrong at first sight, if it makes something of it.
    pub(crate) fn second_reading<T>(&self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Option<Result<T>> {
        let tokens = tokenize(self.text, self.dialect).ok()?;
        let mut second = Self::of_tokens(self.text, self.dialect, tokens).with_values(self.named, self.positional);
        second.is_second_reading = true;
        let read = rule(&mut second).ok()?;
        Some(second.deferred.map_or(Ok(read), Err))
    }

    /// What Spark says of statements that it knows by their first words, whatever stands behind these.
    pub(crate) fn native_command(&self) -> Option<Error> {
        use Keyword as K;
        let word = |index: usize| self.tokens.get(index).and_then(|token| token.kind.keyword());
        let about = |error: Error| {
            let start = self.tokens.first().map_or(0, |token| token.start as usize);
            let last = self.tokens.iter().rfind(|token| !matches!(token.kind, TokenKind::End | TokenKind::Semicolon));
            Some(error::about(error, self.text, start, last.map_or(start, |token| token.end as usize)))
        };
        let refused = |what: &str| about(INVALID_STATEMENT_OR_CLAUSE.with("operation", what));
        match (word(0)?, word(1), word(2)) {
            (K::Set, Some(K::Time), Some(K::Zone)) => about(INVALID_TIME_ZONE_SYNTAX.error()),
            (K::Set, ..) => about(INVALID_SET_SYNTAX.error()),
            (K::Show, Some(K::Create), Some(K::Table)) => refused("SHOW CREATE TABLE"),
            (K::Create, Some(K::Index), _) => refused("CREATE INDEX"),
            (K::Drop, Some(K::Index), _) => refused("DROP INDEX"),
            (K::Alter, Some(K::Index), _) => refused("ALTER INDEX"),
            _ => None,
        }
    }

    /// Keeps the first error of a statement that is read on.
    pub(crate) fn defer(&mut self, error: Error) {
        self.deferred.get_or_insert(error);
    }

    /// What was read last is more than a list.
    pub(crate) fn forget_list(&mut self) {
        self.list_end = None;
    }

    /// The list just read has this many items.
    pub(crate) fn end_list(&mut self, items: usize) {
        self.list_end = Some((self.position, items));
    }

    /// An error about the text from `start` to the last token taken.
    pub(crate) fn about(&self, start: usize, error: Error) -> Error {
        error::about(error, self.text, start, self.end().max(start))
    }

    /// `about`, and the parenthesis that closes here.
    pub(crate) fn about_closed(&self, start: usize, error: Error) -> Error {
        let end = if self.at_kind(TokenKind::RightParen) { self.peek().end as usize } else { self.end() };
        error::about(error, self.text, start, end.max(start))
    }

    /// Keeps an error that Spark finds only when all of a statement was read, and goes on with something in its place.
    pub(crate) fn settle<T>(&mut self, result: Result<T>, instead: T) -> Result<T> {
        match result {
            Err(error) if error.condition() != PARSE_SYNTAX_ERROR && error.condition() != PLAN_TOO_DEEP => {
                self.defer(error);
                Ok(instead)
            }
            result => result,
        }
    }

    /// An error about the statement, which Spark raises when all of it was read.
    pub(crate) fn about_statement(&self, error: Error) -> Error {
        let start = self.statement_start;
        error::about(error, self.text, start, self.statement_end().max(start))
    }

    /// The byte behind the last token that is no semicolon at the end.
    fn statement_end(&self) -> usize {
        self.tokens.get(self.last_token().wrapping_sub(1)).map_or(0, |token| token.end as usize)
    }

    /// The index behind the last token that is no semicolon at the end.
    fn last_token(&self) -> usize {
        let mut last = self.tokens.len() - 1;
        while last > self.position && self.tokens[last - 1].kind == TokenKind::Semicolon {
            last -= 1;
        }
        last
    }

    /// Goes to what ends the statement: in a script the next semicolon, elsewhere those at the end of the text.
    pub(crate) fn skip_to_end(&mut self) {
        if !self.script.is_inside {
            self.position = self.last_token();
            return;
        }
        while !(self.at_kind(TokenKind::End) || self.at_kind(TokenKind::Semicolon)) {
            self.advance();
        }
    }

    /// A rule of Spark's parser that has no condition of its own.
    pub(crate) fn against_rule(&self, start: usize, message: &str) -> Error {
        self.about(start, PARSE_RULE.with("msg", message))
    }

    pub(crate) fn plain(&self, start: usize, condition: Condition) -> Error {
        self.about(start, condition.error())
    }

    /// `NOT` between a value and its predicate, or in `IF NOT EXISTS`. `!` was that once.
    pub(crate) fn accept_infix_not(&mut self) -> Result<bool> {
        if self.dialect.has(Switch::BangIsNot) && self.accept_kind(TokenKind::Bang) {
            return Ok(true);
        }
        if self.at_kind(TokenKind::Bang) {
            let start = self.start();
            self.advance();
            self.defer(self.about(start, BANG_EQUALS_NOT.with("clause", "!")));
            return Ok(true);
        }
        Ok(self.accept(Keyword::Not))
    }

    /// The end of the statement: semicolons, then nothing. Says `extra input` where ANTLR's recovery does.
    pub(crate) fn expect_end(&mut self) -> Result<()> {
        let mut closed = false;
        while self.accept_kind(TokenKind::Semicolon) {
            closed = true;
        }
        if self.at_kind(TokenKind::End) {
            return Ok(());
        }
        let one_too_many = matches!(self.kind_at(1), TokenKind::End | TokenKind::Semicolon);
        let goes_on = Self::is_pipe(self.kind()) || (self.is_behind_type() && self.kind().is_name());
        let mend = if closed || (one_too_many && !goes_on) { Mend::Extra } else { Mend::None };
        self.failure.set(None);
        Err(error::syntax(self.text, self.peek(), mend))
    }
}
