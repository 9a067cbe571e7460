//! Session variables, `EXECUTE IMMEDIATE`, procedures.

use hearth_base::Result;
use hearth_base::condition::VARIABLE_TYPE_OR_DEFAULT_REQUIRED;
use hearth_plan::{Command, Expr, Plan};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `DECLARE [OR REPLACE] [VARIABLE] a, b [type] [DEFAULT value]`
    pub(super) fn declare(&mut self) -> Result<Plan> {
        if self.at_cursor_declaration() {
            return self.cursor_declaration_alone();
        }
        self.advance();
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
            self.defer(self.about_statement(VARIABLE_TYPE_OR_DEFAULT_REQUIRED.error()));
        }
        Ok(Plan::Command(Command::DeclareVariable { names, data_type, default, or_replace }))
    }

    /// `EXECUTE IMMEDIATE text [INTO a, b] [USING value [AS name], …]`
    pub(super) fn execute_immediate(&mut self) -> Result<Plan> {
        self.advance();
        if self.script.is_inside {
            self.expect_quietly(TokenKind::Word(Some(K::Immediate)))?;
        } else {
            self.expect(K::Immediate)?;
        }
        let text = self.expression()?;
        let into = if self.accept(K::Into) { self.names()? } else { Vec::new() };
        let arguments = if self.accept(K::Using) { self.using_arguments()? } else { Vec::new() };
        Ok(Plan::Command(Command::ExecuteImmediate { text, into, arguments }))
    }

    /// `USING a, b AS c`, in parentheses or not.
    pub(super) fn using_arguments(&mut self) -> Result<Vec<Expr>> {
        let in_parens = self.at_kind(TokenKind::LeftParen)
            && self
                .behind_parens(0)
                .is_some_and(|behind| matches!(self.kind_at(behind), TokenKind::End | TokenKind::Semicolon));
        if in_parens { self.paren_list(Self::named_expression) } else { self.named_expressions() }
    }

    pub(super) fn call_procedure(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        let name = self.plain_name()?;
        self.expect_kind(TokenKind::LeftParen)?;
        if !self.at_kind(TokenKind::RightParen) {
            self.comma_list(Self::argument)?;
        }
        self.expect_kind(TokenKind::RightParen)?;
        Ok(Plan::Command(Command::Procedure { name, origin: self.origin(start) }))
    }
}
