//! Session variables, `EXECUTE IMMEDIATE`, procedures, cursors and scripts.

use hearth_base::Result;
use hearth_plan::{Command, Plan};

use super::unsupported;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `DECLARE [OR REPLACE] [VARIABLE] a, b [type] [DEFAULT value]`
    pub(super) fn declare(&mut self) -> Result<Plan> {
        self.advance();
        let cursor = (1..=2)
            .any(|ahead| self.keyword_at(ahead) == Some(K::Cursor) && self.keyword_at(ahead + 1) == Some(K::For));
        if cursor {
            self.identifier()?;
            self.accept_any(&[K::Asensitive, K::Insensitive]);
            self.expect_all(&[K::Cursor, K::For])?;
            self.query()?;
            self.accept_all(&[K::For, K::Read, K::Only]);
            return Ok(unsupported("DECLARE CURSOR"));
        }
        let or_replace = self.accept_all(&[K::Or, K::Replace]);
        if self.kind_at(1).is_name() {
            self.accept_any(&[K::Variable, K::Var]);
        }
        let names = self.comma_list(Self::plain_name)?;
        let is_done = matches!(self.kind(), TokenKind::End | TokenKind::Semicolon | TokenKind::Equal);
        let data_type = if is_done || self.at(K::Default) { None } else { Some(self.type_ref()?) };
        let has_default = self.accept(K::Default) || self.accept_kind(TokenKind::Equal);
        let default = if has_default { Some(self.expression()?) } else { None };
        if data_type.is_none() && default.is_none() {
            return Err(self.unexpected());
        }
        Ok(Plan::Command(Command::DeclareVariable { names, data_type, default, or_replace }))
    }

    /// `EXECUTE IMMEDIATE text [INTO a, b] [USING value [AS name], …]`
    pub(super) fn execute_immediate(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::Immediate)?;
        let text = self.expression()?;
        let into = if self.accept(K::Into) { self.names()? } else { Vec::new() };
        let mut arguments = Vec::new();
        if self.accept(K::Using) {
            let in_parens = self.at_kind(TokenKind::LeftParen)
                && self
                    .behind_parens(0)
                    .is_some_and(|behind| matches!(self.kind_at(behind), TokenKind::End | TokenKind::Semicolon));
            arguments = if in_parens { self.paren_list(Self::named_expression)? } else { self.named_expressions()? };
        }
        Ok(Plan::Command(Command::ExecuteImmediate { text, into, arguments }))
    }

    pub(super) fn call_procedure(&mut self) -> Result<Plan> {
        self.advance();
        self.table_name()?;
        self.expect_kind(TokenKind::LeftParen)?;
        if !self.at_kind(TokenKind::RightParen) {
            self.comma_list(Self::argument)?;
        }
        self.expect_kind(TokenKind::RightParen)?;
        Ok(unsupported("CALL"))
    }

    /// `OPEN c [USING …]`, `FETCH [[NEXT] FROM] c INTO a`, `CLOSE c`
    pub(super) fn cursor(&mut self) -> Result<Plan> {
        match self.expect_any(&[K::Open, K::Fetch, K::Close])? {
            K::Open => {
                self.name()?;
                if self.accept(K::Using) {
                    self.named_expressions()?;
                }
                Ok(unsupported("OPEN cursor"))
            }
            K::Fetch => {
                let _ = self.accept_all(&[K::Next, K::From]) || self.accept(K::From);
                self.name()?;
                self.expect(K::Into)?;
                self.names()?;
                Ok(unsupported("FETCH cursor"))
            }
            _ => {
                self.name()?;
                Ok(unsupported("CLOSE cursor"))
            }
        }
    }

    /// `BEGIN` and `END` around everything.
    pub(super) fn is_script(&self) -> bool {
        let mut last = None;
        for ahead in 0.. {
            match self.kind_at(ahead) {
                TokenKind::End => break,
                TokenKind::Semicolon => {}
                kind => last = Some(kind),
            }
        }
        last == Some(TokenKind::Word(Some(K::End)))
    }

    /// The text of a script; its statements are parsed when it runs.
    pub(super) fn script(&mut self) -> Result<Plan> {
        let text = self.skip_rest().to_owned();
        Ok(Plan::Command(Command::Script { text }))
    }
}
