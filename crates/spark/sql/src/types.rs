//! Types inside statements. Their grammar is `hearth_types::ddl`'s; here their text is found and stepped over.

use hearth_base::condition::{COLLATION_INVALID_NAME, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, PARSE_SYNTAX_ERROR};
use hearth_base::{Error, Result};
use hearth_plan::expression::TypeRef;
use hearth_types::DataType;
use hearth_types::ddl::parse_data_type_prefix;

use crate::keywords::Keyword;
use crate::parser::Parser;
use crate::token::{Token, TokenKind};

impl Parser<'_> {
    pub(crate) fn type_ref(&mut self) -> Result<TypeRef> {
        self.data_type().map(TypeRef::Known)
    }

    pub(crate) fn data_type(&mut self) -> Result<DataType> {
        if !self.kind().is_name() && self.kind() != TokenKind::Reserved(Keyword::Time) {
            return Err(self.unexpected());
        }
        let start = self.start();
        let token = self.peek();
        let parsed = parse_data_type_prefix(&self.text[start..]).map_err(|error: Error| {
            if error.condition() == PARSE_SYNTAX_ERROR {
                self.unexpected_in_type(token)
            } else if [COLLATION_INVALID_NAME, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION].contains(&error.condition()) {
                error
            } else {
                let has_parameters = self.kind_at(1) == TokenKind::LeftParen;
                let last = self.behind_parens(1).filter(|_| has_parameters).map_or(0, |behind| behind - 1);
                crate::error::about(error, self.text, start, self.peek_at(last).end as usize)
            }
        });
        let has_angle = self.kind_at(1) == TokenKind::Less;
        let is_nested = self.at_any(&[Keyword::Array, Keyword::Map, Keyword::Struct]);
        let (data_type, length) = match parsed {
            // What stands behind a type of parts is no part of it then.
            Err(error) if is_nested && (!has_angle || error.condition() == PARSE_SYNTAX_ERROR) => {
                let alone = parse_data_type_prefix(self.lexeme(token)).err().unwrap_or(error);
                self.advance();
                self.defer(self.about(start, alone));
                return Ok(DataType::Null);
            }
            // The rest of the statement may be wrong, which comes first.
            Err(error) if error.condition() != PARSE_SYNTAX_ERROR && !(is_nested && has_angle) => {
                let last = self.behind_parens(1).filter(|_| self.kind_at(1) == TokenKind::LeftParen);
                for _ in 0..last.unwrap_or(1) {
                    self.advance();
                }
                if self.accept(Keyword::Collate) {
                    self.name()?;
                }
                self.defer(error);
                return Ok(DataType::Null);
            }
            parsed => parsed?,
        };
        self.skip_to(start + length)?;
        self.type_end = Some(self.index());
        Ok(data_type)
    }

    /// The token of a type that does not fit. One with `<…>` or a type of shapes is then read without what stands behind
    /// its word.
    fn unexpected_in_type(&self, word: Token) -> Error {
        let shapes = [Keyword::Geometry, Keyword::Geography];
        let is_whole =
            self.kind_at(1) == TokenKind::Less || word.kind.keyword().is_some_and(|word| shapes.contains(&word));
        let first = self.kind_at(1);
        if is_whole && matches!(first, TokenKind::Less | TokenKind::LeftParen) {
            return self.unexpected_at(self.peek_at(1));
        }
        if first != TokenKind::LeftParen {
            return self.unexpected_at(word);
        }
        let fits = |ahead: &usize| match ahead % 2 {
            0 => self.kind_at(*ahead) == TokenKind::Integer,
            _ => self.kind_at(*ahead) == TokenKind::Comma,
        };
        let last = (2..).take_while(fits).last().unwrap_or(1);
        self.unexpected_at(self.peek_at(last + 1))
    }

    /// Moves to the byte where a type ends, which may be inside a `>>`.
    fn skip_to(&mut self, end: usize) -> Result<()> {
        while (self.peek().end as usize) <= end && self.start() < end {
            self.advance();
        }
        while self.start() < end {
            self.expect_closing_angle()?;
        }
        Ok(())
    }
}
