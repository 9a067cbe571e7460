//! Arithmetic, bit, shift, comparison and concatenation operators: a precedence climber.
//!
//! All are left-associative. From loosest: comparison, `|`, `^`, `&`, shifts, `+ - ||`, `* / % DIV`, unary.

use hearth_base::Result;
use hearth_plan::Expr;

use super::origin_start;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// Comparison's, the loosest.
const LOWEST: u8 = 1;

impl Parser<'_> {
    /// An operand of a predicate: no `AND`, `OR`, `NOT`, `IN`, ….
    pub(crate) fn value(&mut self) -> Result<Expr> {
        self.binary(LOWEST)
    }

    /// Where the next expression starts, an operand that waits included.
    pub(crate) fn operand_start(&self) -> usize {
        self.operand.as_ref().and_then(origin_start).unwrap_or_else(|| self.start())
    }

    fn binary(&mut self, loosest: u8) -> Result<Expr> {
        let start = self.operand_start();
        let mut left = self.unary()?;
        while let Some((precedence, name)) = self.binary_operator() {
            if precedence < loosest {
                break;
            }
            let token = self.advance();
            let right = self.beside(|parser| parser.binary(precedence + 1))?;
            self.grew()?;
            left = self.call(start, name, vec![left, right]);
            if matches!(token.kind, TokenKind::NotEqual | TokenKind::BangEqual) {
                left = self.call(start, "not", vec![left]);
            }
        }
        Ok(left)
    }

    fn binary_operator(&self) -> Option<(u8, &'static str)> {
        Some(match self.kind() {
            TokenKind::Equal | TokenKind::NotEqual | TokenKind::BangEqual => (LOWEST, "=="),
            TokenKind::NullSafeEqual => (LOWEST, "<=>"),
            TokenKind::Less => (LOWEST, "<"),
            TokenKind::LessEqual => (LOWEST, "<="),
            TokenKind::Greater => (LOWEST, ">"),
            TokenKind::GreaterEqual => (LOWEST, ">="),
            TokenKind::Pipe if !self.at_pipe() && self.kind_at(1).starts_expression() => (2, "|"),
            TokenKind::Hat => (3, "^"),
            TokenKind::Ampersand => (4, "&"),
            TokenKind::ShiftLeft => (5, "<<"),
            TokenKind::ShiftRight => (5, ">>"),
            TokenKind::ShiftRightUnsigned => (5, ">>>"),
            TokenKind::Plus => (6, "+"),
            TokenKind::Minus => (6, "-"),
            TokenKind::Concat => (6, "concat"),
            TokenKind::Asterisk => (7, "*"),
            TokenKind::Slash => (7, "/"),
            TokenKind::Percent => (7, "%"),
            TokenKind::Word(Some(K::Div)) if self.kind_at(1).starts_expression() => (7, "div"),
            _ => return None,
        })
    }

    fn unary(&mut self) -> Result<Expr> {
        if self.operand.is_some() {
            return self.primary();
        }
        let name = match self.kind() {
            TokenKind::Minus if self.kind_at(1).is_number() => return self.primary(),
            TokenKind::Minus => "-",
            TokenKind::Plus => "positive",
            TokenKind::Tilde => "~",
            _ => return self.primary(),
        };
        let start = self.start();
        self.advance();
        let operand = self.nested(Self::unary)?;
        Ok(self.call(start, name, vec![operand]))
    }
}
