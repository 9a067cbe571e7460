//! Function calls: arguments, `DISTINCT`, named arguments, and what may follow (`FILTER`, `WITHIN GROUP`, `OVER`).

use hearth_base::Result;
use hearth_plan::expression::{FunctionCall, SortOrder, Window};
use hearth_plan::{Expr, ExprNode, Name};
use hearth_types::Value;

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `name` was read; the cursor is at the parenthesis.
    pub(super) fn function_call(&mut self, start: usize, name: Name) -> Result<Expr> {
        self.expect_kind(TokenKind::LeftParen)?;
        self.call_with(start, name, Vec::new())
    }

    pub(super) fn at_named_argument(&self) -> bool {
        self.kind().is_name() && self.kind_at(1) == TokenKind::FatArrow
    }

    /// The rest of a call whose first argument may have been read.
    pub(super) fn call_with(&mut self, start: usize, name: Name, mut arguments: Vec<Expr>) -> Result<Expr> {
        let mut call = FunctionCall::new(name, Vec::new());
        let mut ignore_inside = None;
        let is_select_list = std::mem::replace(&mut self.is_select_list, false);
        if arguments.is_empty() && !self.at_kind(TokenKind::RightParen) {
            call.distinct = self.set_quantifier() == Some(K::Distinct);
            arguments.push(self.argument()?);
        }
        while self.accept_kind(TokenKind::Comma) {
            arguments.push(self.argument()?);
        }
        self.end_list(arguments.len());
        self.is_select_list = is_select_list;
        if self.takes_nulls_inside(&call.name) && self.at_all(&[K::Ignore, K::Nulls]) {
            self.advance();
            self.advance();
            ignore_inside = Some(true);
        }
        self.expect_kind(TokenKind::RightParen)?;
        call.arguments = count_star_as_one(&call, arguments);
        if self.at_all(&[K::Within, K::Group]) && self.kind_at(2) == TokenKind::LeftParen {
            self.expect_all(&[K::Within, K::Group])?;
            self.expect_kind(TokenKind::LeftParen)?;
            self.expect_all(&[K::Order, K::By])?;
            call.within_group = self.sort_items()?;
            self.expect_kind(TokenKind::RightParen)?;
        }
        if self.at(K::Filter) && self.kind_at(1) == TokenKind::LeftParen && self.keyword_at(2) == Some(K::Where) {
            self.advance();
            self.advance();
            self.advance();
            call.filter = Some(self.expression()?);
            self.expect_kind(TokenKind::RightParen)?;
        }
        call.ignore_nulls = ignore_inside;
        if self.at_any(&[K::Ignore, K::Respect]) && self.keyword_at(1) == Some(K::Nulls) {
            call.ignore_nulls = Some(self.at(K::Ignore));
            self.advance();
            self.advance();
        }
        let function = self.expr(start, ExprNode::Function(Box::new(call)));
        self.over(start, function)
    }

    pub(super) fn over(&mut self, start: usize, function: Expr) -> Result<Expr> {
        let is_window = self.kind_at(1) == TokenKind::LeftParen
            || (self.kind_at(1).is_name() && !matches!(self.keyword_at(1), Some(K::From | K::As)));
        if !(self.at(K::Over) && is_window) {
            return Ok(function);
        }
        if self.kind_at(1) == TokenKind::LeftParen && !self.at_window_definition() {
            // The word is the column's alias then, or does not fit at all.
            return if self.is_select_list { Ok(function) } else { Err(self.unexpected()) };
        }
        self.advance();
        let spec = self.window_spec()?;
        Ok(self.expr(start, ExprNode::Window(Box::new(Window { function, spec }))))
    }

    /// Whether what begins behind `OVER (` may be a window.
    fn at_window_definition(&self) -> bool {
        match self.keyword_at(2) {
            Some(K::Partition | K::Distribute | K::Cluster | K::Order | K::Sort)
                if self.keyword_at(3) == Some(K::By) =>
            {
                true
            }
            Some(K::Rows | K::Range) => true,
            _ => {
                self.kind_at(2) == TokenKind::RightParen
                    || (self.kind_at(2).is_name() && self.kind_at(3) == TokenKind::RightParen)
            }
        }
    }

    fn takes_nulls_inside(&self, name: &Name) -> bool {
        let names = ["first", "last", "any_value"];
        matches!(name.as_slice(), [only] if names.iter().any(|name| name.eq_ignore_ascii_case(only)))
    }

    /// `DISTINCT` or `ALL` before arguments or columns.
    pub(crate) fn set_quantifier(&mut self) -> Option<K> {
        let is_quantifier = self.at_any(&[K::Distinct, K::All])
            && self.kind_at(1).starts_expression()
            && !(self.keyword_at(1).is_some() && self.at_operator_word(1));
        if is_quantifier { self.accept_any(&[K::Distinct, K::All]) } else { None }
    }

    /// `all = 1`, `distinct AS d`: there the word is a column.
    fn at_operator_word(&self, ahead: usize) -> bool {
        matches!(
            self.keyword_at(ahead),
            Some(K::As | K::And | K::Or | K::In | K::Is | K::Like | K::Between | K::From | K::Div)
        ) && !matches!(self.kind_at(ahead + 1), TokenKind::Comma | TokenKind::RightParen | TokenKind::End)
    }

    pub(crate) fn argument(&mut self) -> Result<Expr> {
        if !self.at_named_argument() {
            return self.expression();
        }
        let start = self.start();
        let key = self.plain_identifier()?;
        self.expect_kind(TokenKind::FatArrow)?;
        let value = Box::new(self.expression()?);
        Ok(self.expr(start, ExprNode::NamedArgument { key, value }))
    }

    /// `IDENTIFIER(expression)`, a column's or a function's name.
    pub(super) fn identifier_clause(&mut self) -> Result<Expr> {
        let start = self.start();
        let name = self.undecided(|parser| {
            parser.advance();
            parser.expect_kind(TokenKind::LeftParen)?;
            let name = Box::new(parser.expression()?);
            parser.expect_kind(TokenKind::RightParen)?;
            Ok(name)
        })?;
        let mut arguments = None;
        if self.accept_kind(TokenKind::LeftParen) {
            let is_empty = self.at_kind(TokenKind::RightParen);
            arguments = Some(if is_empty { Vec::new() } else { self.comma_list(Self::argument)? });
            self.expect_kind(TokenKind::RightParen)?;
        }
        let function = self.expr(start, ExprNode::Identifier { name, arguments });
        self.over(start, function)
    }

    pub(crate) fn sort_items(&mut self) -> Result<Vec<SortOrder>> {
        self.comma_list(Self::sort_item)
    }
}

/// `count(*)` is `count(1)`, as Spark's parser has it.
fn count_star_as_one(call: &FunctionCall, arguments: Vec<Expr>) -> Vec<Expr> {
    let is_count = call.name.last().is_some_and(|name| name.eq_ignore_ascii_case("count"));
    let is_star = matches!(
        arguments.as_slice(),
        [Expr { node: ExprNode::Star { target: None, except, .. }, .. }] if except.is_empty()
    );
    if is_count && is_star && !call.distinct {
        return vec![Expr { origin: arguments[0].origin.clone(), ..Expr::literal(Value::Integer(1)) }];
    }
    arguments
}
