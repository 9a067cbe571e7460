//! Calls with a syntax of their own: `CAST(x AS t)`, `EXTRACT(f FROM x)`, `TRIM(BOTH a FROM b)`, `CASE`, ….
//!
//! When the inside does not fit the special syntax, it is a call of an ordinary function of that name.

use hearth_base::Result;
use hearth_base::condition::INVALID_DATETIME_UNIT;
use hearth_plan::expression::CastMode;
use hearth_plan::{Expr, ExprNode};
use hearth_types::Value;

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

const UNITS: &[K] = &[
    K::Year,
    K::Quarter,
    K::Month,
    K::Week,
    K::Day,
    K::Dayofyear,
    K::Hour,
    K::Minute,
    K::Second,
    K::Millisecond,
    K::Microsecond,
];

impl Parser<'_> {
    /// `keyword(`
    pub(super) fn special(&mut self, keyword: K) -> Result<Expr> {
        let first = self.kind_at(2);
        match keyword {
            K::Cast => self.cast(CastMode::Session),
            K::TryCast => self.cast(CastMode::Try),
            K::Extract if first.is_name() && self.keyword_at(3) == Some(K::From) => self.extract(),
            K::Trim => self.trim(),
            K::Substr | K::Substring => self.substring(),
            K::Position => self.position(),
            K::Overlay => self.overlay(),
            K::Timestampadd | K::Dateadd | K::DateAdd => self.with_unit("timestampadd"),
            K::Timestampdiff | K::Datediff | K::DateDiff | K::Timediff => self.with_unit("timestampdiff"),
            K::Struct => self.undecided(Self::structure),
            _ => self.named(),
        }
    }

    fn cast(&mut self, mode: CastMode) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        let name = self.lexeme(word).to_owned();
        self.expect_kind(TokenKind::LeftParen)?;
        if self.at_kind(TokenKind::RightParen) {
            return self.call_with(start, vec![name], Vec::new());
        }
        let expr = self.undecided(Self::expression)?;
        if !self.accept(K::As) {
            return self.undecided(|parser| parser.call_with(start, vec![name], vec![expr]));
        }
        let to = self.type_ref()?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.expr(start, ExprNode::Cast { expr: Box::new(expr), to, mode }))
    }

    fn extract(&mut self) -> Result<Expr> {
        let start = self.start();
        self.advance();
        self.advance();
        let at = self.start();
        let field = self.plain_identifier()?;
        let field = self.expr(at, ExprNode::Literal(Value::string(field)));
        self.expect(K::From)?;
        let source = self.nested(Self::value)?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, "extract", vec![field, source]))
    }

    /// `TRIM([BOTH|LEADING|TRAILING] [chars] FROM text)`, or the function `trim`.
    fn trim(&mut self) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        let written = self.lexeme(word).to_owned();
        self.expect_kind(TokenKind::LeftParen)?;
        if self.at_kind(TokenKind::RightParen) {
            return self.call_with(start, vec![written], Vec::new());
        }
        let side = [K::Both, K::Leading, K::Trailing];
        let has_side = self.at_any(&side)
            && (self.kind_at(1).starts_expression() && self.kind_at(1) != TokenKind::Asterisk)
            && self.kind_at(1) != TokenKind::LeftParen;
        let side = if has_side { self.accept_any(&side) } else { None };
        let name = match side {
            Some(K::Leading) => "ltrim",
            Some(K::Trailing) => "rtrim",
            _ => "trim",
        };
        let mut arguments = Vec::new();
        if !(self.at(K::From) && self.kind_at(1).starts_expression()) {
            let first = self.undecided(Self::expression)?;
            if side.is_none() && !self.at(K::From) {
                return self.undecided(|parser| parser.call_with(start, vec![written], vec![first]));
            }
            arguments.push(first);
        }
        self.expect_quietly(TokenKind::Word(Some(K::From)))?;
        arguments.push(self.nested(Self::value)?);
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, name, arguments))
    }

    /// `SUBSTRING(text FROM position [FOR length])`, or the function.
    fn substring(&mut self) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        let written = self.lexeme(word).to_owned();
        self.expect_kind(TokenKind::LeftParen)?;
        if self.at_kind(TokenKind::RightParen) || self.at_named_argument() {
            return self.call_with(start, vec![written], Vec::new());
        }
        let mut arguments = vec![self.undecided(Self::expression)?];
        if !self.accept(K::From) {
            return self.undecided(|parser| parser.call_with(start, vec![written], arguments));
        }
        arguments.push(self.nested(Self::value)?);
        if self.accept(K::For) || self.accept_kind(TokenKind::Comma) {
            arguments.push(self.nested(Self::value)?);
        }
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, "substring", arguments))
    }

    /// `POSITION(part IN text)`, or the function.
    fn position(&mut self) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        let written = self.lexeme(word).to_owned();
        self.expect_kind(TokenKind::LeftParen)?;
        if self.at_kind(TokenKind::RightParen) || self.at_named_argument() {
            return self.call_with(start, vec![written], Vec::new());
        }
        // `IN` would be a predicate for `expression`.
        let part = self.undecided(|parser| parser.nested(Self::value))?;
        if !self.accept(K::In) {
            return self.undecided(|parser| parser.call_with(start, vec![written], vec![part]));
        }
        let text = self.nested(Self::value)?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, "locate", vec![part, text]))
    }

    /// `OVERLAY(text PLACING part FROM position [FOR length])`, or the function.
    fn overlay(&mut self) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        let written = self.lexeme(word).to_owned();
        self.expect_kind(TokenKind::LeftParen)?;
        if self.at_kind(TokenKind::RightParen) || self.at_named_argument() {
            return self.call_with(start, vec![written], Vec::new());
        }
        let mut arguments = vec![self.undecided(Self::expression)?];
        if !self.accept(K::Placing) {
            return self.undecided(|parser| parser.call_with(start, vec![written], arguments));
        }
        arguments.push(self.nested(Self::value)?);
        self.expect(K::From)?;
        arguments.push(self.nested(Self::value)?);
        if self.accept(K::For) {
            arguments.push(self.nested(Self::value)?);
        }
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, "overlay", arguments))
    }

    /// `DATEADD(unit, amount, time)` and its like; with two arguments they are functions.
    fn with_unit(&mut self, name: &str) -> Result<Expr> {
        let is_three = self.three_arguments();
        let unit = self.kind_at(2);
        let has_unit = self.keyword_at(2).is_some_and(|unit| UNITS.contains(&unit)) || unit.is_string();
        if !is_three || !has_unit || self.kind_at(3) != TokenKind::Comma {
            return self.named();
        }
        self.undecided(|parser| parser.call_with_unit(name))
    }

    fn call_with_unit(&mut self, name: &str) -> Result<Expr> {
        let start = self.start();
        let function = self.advance();
        let written = self.lexeme(function);
        self.advance();
        let at = self.start();
        let unit = self.advance();
        let word = self.lexeme(unit);
        let mut arguments = vec![self.expr(at, ExprNode::Literal(Value::string(word)))];
        for _ in 0..2 {
            self.expect_kind(TokenKind::Comma)?;
            arguments.push(self.nested(Self::value)?);
        }
        self.expect_kind(TokenKind::RightParen)?;
        if unit.kind.is_string() {
            let error = INVALID_DATETIME_UNIT
                .with("functionName", format!("`{written}`"))
                .with("parameter", "`unit`")
                .with("invalidValue", word);
            self.defer(self.about(start, error));
        }
        Ok(self.call(start, name, arguments))
    }

    /// Whether the call here has exactly three arguments.
    fn three_arguments(&self) -> bool {
        let Some(end) = self.behind_parens(1) else { return true };
        let (mut open, mut commas) = (0usize, 0);
        for ahead in 1..end {
            match self.kind_at(ahead) {
                TokenKind::LeftParen | TokenKind::LeftBracket => open += 1,
                TokenKind::RightParen | TokenKind::RightBracket => open = open.saturating_sub(1),
                TokenKind::Comma if open == 1 => commas += 1,
                _ => {}
            }
        }
        commas == 2
    }

    /// `STRUCT(a, b AS c)`
    fn structure(&mut self) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        let written = self.lexeme(word).to_owned();
        self.expect_kind(TokenKind::LeftParen)?;
        if self.at_kind(TokenKind::RightParen) || self.at_named_argument() {
            return self.call_with(start, vec![written], Vec::new());
        }
        let fields = self.named_expressions()?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, "struct", fields))
    }

    /// Both forms of `CASE`; the simple one compares by `==`.
    pub(super) fn case(&mut self) -> Result<Expr> {
        let start = self.start();
        self.expect(K::Case)?;
        let at = self.start();
        let subject = if self.at(K::When) { None } else { Some(self.expression()?) };
        let mut arguments = Vec::new();
        while self.accept(K::When) {
            let condition = self.expression()?;
            arguments.push(match &subject {
                Some(subject) => self.call(at, "==", vec![subject.clone(), condition]),
                None => condition,
            });
            self.expect(K::Then)?;
            arguments.push(self.expression()?);
        }
        if arguments.is_empty() {
            return Err(self.unexpected());
        }
        if self.accept(K::Else) {
            arguments.push(self.expression()?);
        }
        self.expect(K::End)?;
        Ok(self.call(start, "when", arguments))
    }
}
