//! Expressions: `NOT`, `AND`, `OR` and the predicates; what binds tighter is in `expression/`.
//!
//! Operators become functions named by their sign, predicates by what Spark calls them; what Spark's parser rewrites is
//! rewritten here in the same way (`a <> b` is `NOT (a == b)`), because output names show it.

mod call;
mod operator;
mod primary;
mod special;
mod window;

use hearth_base::Result;
use hearth_base::condition::{EMPTY_IN_PREDICATE, INVALID_ESC};
use hearth_plan::expression::{Subquery, SubqueryKind, SubquerySource};
use hearth_plan::{Expr, ExprNode};
use hearth_types::Value;

pub(crate) use self::primary::Paren;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::Reading;
use crate::token::TokenKind;

impl Parser<'_> {
    /// Any expression, without an alias.
    pub(crate) fn expression(&mut self) -> Result<Expr> {
        self.nested(Self::disjunction)
    }

    pub(crate) fn expressions(&mut self) -> Result<Vec<Expr>> {
        self.comma_list(Self::expression)
    }

    /// An expression with an optional alias: `a + b AS c`, `explode(m) AS (k, v)`.
    pub(crate) fn named_expression(&mut self) -> Result<Expr> {
        let start = match &self.operand {
            Some(operand) => origin_start(operand).unwrap_or_else(|| self.start()),
            None => self.start(),
        };
        let expr = self.expression()?;
        if self.at_alias_before_from() {
            let names = vec![self.plain_identifier()?];
            return Ok(self.expr(start, ExprNode::Alias { expr: Box::new(expr), names, metadata: None }));
        }
        let explicit = self.at(K::As) && (self.kind_at(1).is_name() || self.kind_at(1) == TokenKind::LeftParen);
        if explicit {
            self.advance();
        }
        let names = if self.at_kind(TokenKind::LeftParen) {
            self.identifier_list()?
        } else if explicit
            || self.at_implicit_alias()
            || self.at_item_alias()
            || (self.at(K::As) && self.kind() != TokenKind::Reserved(K::As))
        {
            vec![self.identifier()?]
        } else {
            return Ok(expr);
        };
        Ok(self.expr(start, ExprNode::Alias { expr: Box::new(expr), names, metadata: None }))
    }

    /// `SELECT a WHERE FROM t`: any word before `FROM` and a relation is an alias, `AS` too.
    fn at_alias_before_from(&self) -> bool {
        matches!(self.kind(), TokenKind::Word(Some(_)))
            && !self.at(K::From)
            && !(self.is_behind_from && self.is_select_list)
            && self.keyword_at(1) == Some(K::From)
            && self.keyword_at(2) != Some(K::From)
            && (self.kind_at(2).is_name() || self.kind_at(2) == TokenKind::LeftParen)
    }

    pub(crate) fn named_expressions(&mut self) -> Result<Vec<Expr>> {
        self.comma_list(Self::named_expression)
    }

    fn disjunction(&mut self) -> Result<Expr> {
        self.chain("or", K::Or, |parser| parser.chain("and", K::And, |parser| parser.nested(Self::negation)))
    }

    /// `operand AND operand AND …` as a balanced tree: generated filters have thousands of operands.
    fn chain(&mut self, name: &str, keyword: K, operand: impl Fn(&mut Self) -> Result<Expr>) -> Result<Expr> {
        let start = self.operand_start();
        let mut operands = vec![operand(self)?];
        while self.at(keyword) && self.kind_at(1).starts_expression() {
            self.advance();
            operands.push(operand(self)?);
        }
        if operands.len() > 1 {
            self.grew()?;
        }
        Ok(self.balanced(start, name, operands))
    }

    pub(crate) fn balanced(&self, start: usize, name: &str, mut operands: Vec<Expr>) -> Expr {
        while operands.len() > 1 {
            let mut pairs = operands.into_iter();
            let mut joined = Vec::with_capacity(pairs.len().div_ceil(2));
            while let Some(left) = pairs.next() {
                match pairs.next() {
                    Some(right) => joined.push(self.call(start, name, vec![left, right])),
                    None => joined.push(left),
                }
            }
            operands = joined;
        }
        operands.pop().unwrap_or_else(|| Expr::literal(Value::Boolean(true)))
    }

    fn negation(&mut self) -> Result<Expr> {
        let at = self.index();
        let is_not = self.at(K::Not) && self.kind_at(1).starts_expression() && !self.at_not_function();
        if self.operand.is_none() && (is_not || self.at_kind(TokenKind::Bang)) {
            let start = self.start();
            self.advance();
            let operand = self.nested(Self::negation)?;
            return Ok(self.call(start, "not", vec![operand]));
        }
        let is_column = self.is_read_as(Reading::Column);
        if self.operand.is_none() && self.at(K::Exists) && self.kind_at(1) == TokenKind::LeftParen && !is_column {
            let inner = (2..).find(|ahead| self.kind_at(*ahead) != TokenKind::LeftParen).unwrap_or(2);
            if self.starts_query_at(inner) {
                return self.predicted(at, |parser, failed| parser.call_or_column(at + 1, failed), Self::exists);
            }
        }
        self.predicated()
    }

    /// `NOT IN …` without a left side is no prefix.
    fn at_not_function(&self) -> bool {
        matches!(self.keyword_at(1), Some(K::In | K::Between | K::Like | K::Ilike | K::Rlike))
            && self.kind_at(2) == TokenKind::LeftParen
            && self.behind_parens(2).is_none()
    }

    fn exists(&mut self) -> Result<Expr> {
        let start = self.start();
        self.advance();
        let query = self.parenthesized_query()?;
        let subquery = Subquery { kind: SubqueryKind::Exists, source: SubquerySource::Inline(Box::new(query)) };
        Ok(self.expr(start, ExprNode::Subquery(Box::new(subquery))))
    }

    /// A value with at most one predicate behind it.
    fn predicated(&mut self) -> Result<Expr> {
        let value = self.value()?;
        let not = usize::from(self.at(K::Not) || self.at_kind(TokenKind::Bang));
        let next = self.kind_at(not + 1);
        let keyword = match self.keyword_at(not) {
            Some(K::Is) if not == 0 && self.at_is() => return self.is_predicate(value),
            Some(K::Is) if not == 0 && (self.keyword_at(1) == Some(K::Not) || self.kind_at(1) == TokenKind::Bang) => {
                return Err(self.unexpected_at(self.peek_at(2)));
            }
            Some(K::Between) if not == 0 && self.at_alias_before_from() => return Ok(value),
            Some(keyword @ (K::Between | K::Like | K::Ilike | K::Rlike)) if next.starts_expression() => keyword,
            Some(K::In) if next == TokenKind::LeftParen => K::In,
            Some(K::In) if not == 1 && self.at(K::Not) => return Err(self.unexpected_at(self.peek_at(2))),
            _ => return Ok(value),
        };
        // A predicate's place begins behind its value.
        let start = self.start();
        let negated = self.accept_infix_not()?;
        self.advance();
        let predicate = match keyword {
            K::Between => {
                let lower = self.value()?;
                self.expect(K::And)?;
                let upper = self.value()?;
                self.call(start, "between", vec![value, lower, upper])
            }
            K::In => self.in_predicate(start, value)?,
            K::Rlike => {
                let pattern = self.value()?;
                self.call(start, "rlike", vec![value, pattern])
            }
            _ => {
                let name = if keyword == K::Ilike { "ilike" } else { "like" };
                if self.at_like_quantifier() {
                    return self.quantified_like(start, name, value, negated);
                }
                self.like(start, name, value)?
            }
        };
        Ok(self.negated_if(negated, start, predicate))
    }

    /// `ANY (…)`; with `ESCAPE` behind it, it is a call of a function.
    fn at_like_quantifier(&self) -> bool {
        self.at_any(&[K::Any, K::Some, K::All])
            && self.kind_at(1) == TokenKind::LeftParen
            && self.behind_parens(1).is_none_or(|behind| {
                let has_escape = self.keyword_at(behind) == Some(K::Escape) && self.kind_at(behind + 1).is_string();
                !has_escape && !self.goes_on_as_value(behind)
            })
    }

    /// Whether an operator that only values have stands there: the call of a function was one of its operands.
    fn goes_on_as_value(&self, ahead: usize) -> bool {
        let operators = [
            TokenKind::DoubleColon,
            TokenKind::LeftBracket,
            TokenKind::Dot,
            TokenKind::Plus,
            TokenKind::Minus,
            TokenKind::Asterisk,
            TokenKind::Slash,
            TokenKind::Percent,
            TokenKind::Concat,
            TokenKind::Ampersand,
            TokenKind::Hat,
            TokenKind::Equal,
            TokenKind::NotEqual,
            TokenKind::BangEqual,
            TokenKind::NullSafeEqual,
            TokenKind::Less,
            TokenKind::LessEqual,
            TokenKind::Greater,
            TokenKind::GreaterEqual,
        ];
        operators.contains(&self.kind_at(ahead))
            || matches!(self.keyword_at(ahead), Some(K::Collate | K::Div))
                && self.kind_at(ahead + 1).starts_expression()
    }

    fn negated_if(&self, negated: bool, start: usize, predicate: Expr) -> Expr {
        if negated { self.call(start, "not", vec![predicate]) } else { predicate }
    }

    fn at_is(&self) -> bool {
        let not = usize::from(self.keyword_at(1) == Some(K::Not) || self.kind_at(1) == TokenKind::Bang);
        (not == 1 && self.kind_at(2) == TokenKind::End)
            || matches!(self.keyword_at(1 + not), Some(K::Null | K::True | K::False | K::Unknown | K::Distinct))
    }

    fn is_predicate(&mut self, value: Expr) -> Result<Expr> {
        let start = self.start();
        self.expect(K::Is)?;
        let negated = self.accept_infix_not()?;
        let kind = self.expect_any(&[K::Null, K::True, K::False, K::Unknown, K::Distinct])?;
        let predicate = match kind {
            K::Null | K::Unknown => {
                let name = if negated { "isnotnull" } else { "isnull" };
                return Ok(self.call(start, name, vec![value]));
            }
            K::Distinct => {
                self.expect(K::From)?;
                let right = self.value()?;
                let same = self.call(start, "<=>", vec![value, right]);
                // `IS DISTINCT FROM` is the negation; `IS NOT DISTINCT FROM` is not.
                return Ok(self.negated_if(!negated, start, same));
            }
            _ => {
                let truth = Expr::literal(Value::Boolean(kind == K::True));
                self.call(start, "<=>", vec![value, truth])
            }
        };
        Ok(self.negated_if(negated, start, predicate))
    }

    fn in_predicate(&mut self, start: usize, value: Expr) -> Result<Expr> {
        // `IN ((SELECT …))` is a list of one scalar subquery.
        let is_list = self.kind_at(1) == TokenKind::LeftParen
            && self.behind_parens(1).is_some_and(|behind| self.kind_at(behind) == TokenKind::RightParen);
        let may_be_query = self.starts_query_at(1) || self.kind_at(1) == TokenKind::LeftParen;
        if may_be_query && !is_list && !self.at_typed_literals() {
            let (query, mut items) = match self.paren_content(false)? {
                Paren::Query(query) => (Some(query), Vec::new()),
                Paren::Expressions(items) => (None, items),
            };
            if let Some(query) = query {
                let values = row_values(value);
                let kind = SubqueryKind::In { values };
                let subquery = Subquery { kind, source: SubquerySource::Inline(Box::new(query)) };
                return Ok(self.expr(start, ExprNode::Subquery(Box::new(subquery))));
            }
            items.insert(0, value);
            return Ok(self.call(start, "in", items));
        }
        self.expect_kind(TokenKind::LeftParen)?;
        if self.accept_kind(TokenKind::RightParen) {
            self.defer(self.plain(start, EMPTY_IN_PREDICATE));
            return Ok(value);
        }
        let mut items = vec![value];
        items.extend(self.expressions()?);
        self.expect_kind(TokenKind::RightParen)?;
        Ok(self.call(start, "in", items))
    }

    /// `(SELECT 'x')` behind `IN`: for Spark a constant of a type that is called `SELECT`, as long as all of it may be one.
    fn at_typed_literals(&self) -> bool {
        let word = matches!(self.keyword_at(1), Some(K::Select | K::Values | K::From | K::Table | K::With));
        if !word || !self.kind_at(2).is_string() {
            return false;
        }
        let mut behind = 3;
        if self.keyword_at(behind) == Some(K::Collate) && self.kind_at(behind + 1).is_name() {
            behind += 2;
        }
        match self.kind_at(behind) {
            TokenKind::RightParen => true,
            TokenKind::Comma => {
                let end = self.behind_parens(0).unwrap_or(behind);
                !(behind..end)
                    .any(|ahead| matches!(self.keyword_at(ahead), Some(K::From | K::Where | K::Union | K::Group)))
            }
            _ => false,
        }
    }

    fn like(&mut self, start: usize, name: &str, value: Expr) -> Result<Expr> {
        let pattern = self.value()?;
        let mut arguments = vec![value, pattern];
        if self.at(K::Escape) && self.kind_at(1).is_string() {
            let at = self.start();
            self.advance();
            let escape = self.string_expr()?;
            if !matches!(&escape.node, ExprNode::Literal(Value::String(text)) if text.chars().count() == 1) {
                let written = self.since(at).trim_start_matches(|c| c != '\'' && c != '"');
                self.defer(self.about(start, INVALID_ESC.with("invalidEscape", written)));
            }
            arguments.push(escape);
        }
        Ok(self.call(start, name, arguments))
    }

    /// `LIKE ANY (…)`, `LIKE ALL (…)`: the patterns one by one.
    fn quantified_like(&mut self, start: usize, name: &str, value: Expr, negated: bool) -> Result<Expr> {
        let all = self.advance().kind.keyword() == Some(K::All);
        if self.kind_at(1) == TokenKind::RightParen {
            self.advance();
            self.advance();
            self.defer(self.against_rule(start, "Expected something between '(' and ')'."));
            return Ok(value);
        }
        let patterns = self.paren_list(Self::expression)?;
        let constant = |pattern: &Expr| matches!(pattern.node, ExprNode::Literal(Value::String(_)));
        if patterns.iter().all(constant) {
            let (value, patterns) =
                if name == "like" { (value, patterns) } else { self.in_lower_case(start, value, patterns) };
            let name = match (negated, all) {
                (false, false) => "#likeany",
                (false, true) => "#likeall",
                (true, false) => "#notlikeany",
                (true, true) => "#notlikeall",
            };
            return Ok(self.call(start, name, std::iter::once(value).chain(patterns).collect()));
        }
        let tests = patterns.into_iter().map(|pattern| {
            let test = self.call(start, name, vec![value.clone(), pattern]);
            self.negated_if(negated, start, test)
        });
        let tests = tests.collect();
        Ok(self.balanced(start, if all { "and" } else { "or" }, tests))
    }

    /// `ILIKE ANY` over constant patterns is `LIKE ANY` in lower case.
    fn in_lower_case(&self, start: usize, value: Expr, patterns: Vec<Expr>) -> (Expr, Vec<Expr>) {
        let lower = |pattern: Expr| match pattern.node {
            ExprNode::Literal(Value::String(text)) => {
                Expr { node: ExprNode::Literal(Value::String(text.to_lowercase().into())), origin: pattern.origin }
            }
            node => Expr { node, origin: pattern.origin },
        };
        (self.call(start, "lower", vec![value]), patterns.into_iter().map(lower).collect())
    }
}

/// The values of a row constructor; any other value is a row of one.
pub(crate) fn row_values(value: Expr) -> Vec<Expr> {
    match value.node {
        ExprNode::Function(call) if (call.name == ["struct"] || call.name == ["#struct"]) && !call.is_internal => {
            call.arguments.into_iter().map(without_alias).collect()
        }
        node => vec![Expr { node, origin: value.origin }],
    }
}

fn without_alias(expr: Expr) -> Expr {
    match expr.node {
        ExprNode::Alias { expr, .. } => *expr,
        node => Expr { node, origin: expr.origin },
    }
}

fn origin_start(expr: &Expr) -> Option<usize> {
    match expr.origin.as_deref() {
        Some(hearth_plan::Origin::Sql { start, .. }) => usize::try_from(*start).ok(),
        _ => None,
    }
}
