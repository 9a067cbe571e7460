//! Primary expressions: literals, names, parentheses, lambdas, and what may stand behind them (`.field`, `[i]`, `::type`).

use hearth_base::Result;
use hearth_plan::expression::{CastMode, Subquery, SubqueryKind, SubquerySource};
use hearth_plan::{Expr, ExprNode, Name, Relation};
use hearth_types::{DataType, Value};

use crate::dialect::Switch;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::Reading;
use crate::token::TokenKind;

/// What stood in parentheses.
pub(crate) enum Paren {
    Query(Relation),
    Expressions(Vec<Expr>),
}

impl Parser<'_> {
    pub(crate) fn primary(&mut self) -> Result<Expr> {
        let start = self.operand_start();
        let base = match self.operand.take() {
            Some(operand) => operand,
            None => self.base()?,
        };
        self.postfix(start, base)
    }

    fn postfix(&mut self, start: usize, mut base: Expr) -> Result<Expr> {
        loop {
            base = match self.kind() {
                TokenKind::Dot => {
                    self.advance();
                    let field = self.plain_identifier()?;
                    self.field(start, base, field)?
                }
                TokenKind::LeftBracket => {
                    self.advance();
                    let extraction = self.nested(Self::value)?;
                    self.expect_kind(TokenKind::RightBracket)?;
                    self.grew()?;
                    let node = ExprNode::Extract { child: Box::new(base), extraction: Box::new(extraction) };
                    self.expr(start, node)
                }
                TokenKind::DoubleColon => {
                    self.advance();
                    let to = self.type_ref()?;
                    self.grew()?;
                    self.expr(start, ExprNode::Cast { expr: Box::new(base), to, mode: CastMode::Session })
                }
                TokenKind::Colon if self.kind_at(1).is_name() || self.kind_at(1) == TokenKind::LeftBracket => {
                    self.grew()?;
                    self.json_path(start, base)?
                }
                TokenKind::Word(Some(K::Collate)) | TokenKind::Reserved(K::Collate) if self.kind_at(1).is_name() => {
                    self.advance();
                    let collation = self.name()?.join(".");
                    self.grew()?;
                    self.call(start, "collate", vec![base, Expr::literal(Value::string(collation))])
                }
                _ => return Ok(base),
            };
        }
    }

    /// `base.field`: one more part of a name, or a field of a value.
    fn field(&mut self, start: usize, base: Expr, field: String) -> Result<Expr> {
        let node = match base.node {
            ExprNode::Attribute { mut name, plan_id, is_metadata } => {
                name.push(field);
                ExprNode::Attribute { name, plan_id, is_metadata }
            }
            ExprNode::LambdaVariable { mut name } => {
                name.push(field);
                ExprNode::LambdaVariable { name }
            }
            node => {
                self.grew()?;
                let child = Box::new(Expr { node, origin: base.origin });
                let extraction = Box::new(Expr::literal(Value::string(field)));
                ExprNode::Extract { child, extraction }
            }
        };
        Ok(self.expr(start, node))
    }

    /// `value:path.to[0]['x']` of a variant.
    fn json_path(&mut self, start: usize, base: Expr) -> Result<Expr> {
        self.expect_kind(TokenKind::Colon)?;
        let mut path = String::from("$");
        if self.kind().is_name() {
            path.push('.');
            path.push_str(&self.plain_identifier()?);
        }
        loop {
            if self.at_kind(TokenKind::Dot) && self.kind_at(1).is_name() {
                self.advance();
                path.push('.');
                path.push_str(&self.plain_identifier()?);
            } else if self.accept_kind(TokenKind::LeftBracket) {
                if self.kind().is_string() {
                    path.push_str(&format!("['{}']", self.string()?));
                } else if self.kind().is_name() {
                    path.push_str(&format!("['{}']", self.plain_identifier()?));
                } else {
                    path.push_str(&format!("[{}]", self.integer::<u32>()?));
                }
                self.expect_kind(TokenKind::RightBracket)?;
            } else {
                break;
            }
        }
        Ok(self.call(start, "#variant_path", vec![base, Expr::literal(Value::string(path))]))
    }

    fn base(&mut self) -> Result<Expr> {
        let start = self.start();
        match self.kind() {
            TokenKind::LeftParen => self.paren_expression(),
            TokenKind::Asterisk => {
                self.advance();
                self.star(start, None)
            }
            TokenKind::Question => {
                self.advance();
                let index = self.parameters;
                self.parameters += 1;
                self.mark(start, None);
                let value = self.positional_value(index).map(|value| value.node.clone());
                // Spark calls it by the character at which it stands.
                let place = self.text.get(..start).map_or(start, |before| before.encode_utf16().count());
                Ok(self.expr(start, value.unwrap_or(ExprNode::PositionalParameter(place))))
            }
            TokenKind::Colon => {
                self.advance();
                let name = self.plain_identifier()?;
                self.mark(start, Some(name.clone()));
                let value = self.named_value(&name).map(|value| value.node.clone());
                Ok(self.expr(start, value.unwrap_or(ExprNode::NamedParameter(name))))
            }
            TokenKind::Minus => self.number(),
            kind if kind.is_number() => self.number(),
            kind if kind.is_string() => self.string_expr(),
            TokenKind::Word(Some(keyword)) => self.word(keyword),
            TokenKind::Reserved(keyword) => self.reserved_word(keyword),
            TokenKind::Word(None) | TokenKind::Quoted => self.named(),
            _ => Err(self.unexpected()),
        }
    }

    /// Reserved words, of which some begin an expression.
    fn reserved_word(&mut self, keyword: K) -> Result<Expr> {
        let next = self.kind_at(1);
        let fits = match keyword {
            K::Case => return self.case(),
            K::Null | K::False => true,
            K::Cast => next == TokenKind::LeftParen,
            K::CurrentDate
            | K::CurrentPath
            | K::CurrentTime
            | K::CurrentTimestamp
            | K::CurrentUser
            | K::SessionUser => next != TokenKind::LeftParen,
            K::User if next != TokenKind::LeftParen => {
                let start = self.start();
                self.advance();
                return Ok(self.call(start, "user", Vec::new()));
            }
            K::Time if next.is_string() => return self.typed_literal(),
            K::Left | K::Right | K::Filter if next == TokenKind::LeftParen => {
                let start = self.start();
                let name = self.advance();
                return self.function_call(start, vec![self.lexeme(name).to_owned()]);
            }
            _ => false,
        };
        if fits { self.word(keyword) } else { Err(self.unexpected()) }
    }

    /// Words that begin more than a name, when what follows says so.
    fn word(&mut self, keyword: K) -> Result<Expr> {
        let (start, at) = (self.start(), self.index());
        let next = self.kind_at(1);
        if self.is_read_as(Reading::Column) {
            return self.named();
        }
        let constant = match keyword {
            K::Null => Some(Value::Null(DataType::Null)),
            K::True => Some(Value::Boolean(true)),
            K::False => Some(Value::Boolean(false)),
            _ => None,
        };
        if let Some(value) = constant
            .filter(|_| !matches!(next, TokenKind::Dot | TokenKind::LeftParen | TokenKind::Arrow) && !next.is_string())
        {
            self.advance();
            return Ok(self.expr(start, ExprNode::Literal(value)));
        }
        match keyword {
            K::Interval if self.at_interval() => self.interval(),
            K::Case if self.at_case() => {
                self.predicted(at, |parser, failed| parser.case_or_column(at, failed), Self::case)
            }
            K::Identifier if next == TokenKind::LeftParen => match self.identifier_literal() {
                // A part of a name, or the argument of a lambda.
                Some(length) if self.kind_at(length) == TokenKind::Arrow => self.named(),
                Some(length)
                    if self.kind_at(length) == TokenKind::Dot && self.kind_at(length + 1) == TokenKind::Asterisk =>
                {
                    self.named()
                }
                _ => self.identifier_clause(),
            },
            _ if next == TokenKind::LeftParen => self.predicted(
                at,
                |parser, failed| parser.call_or_column(at + 1, failed),
                |parser| parser.special(keyword),
            ),
            _ if matches!(next, TokenKind::Dot | TokenKind::Arrow) || next.is_string() => self.named(),
            K::CurrentDate
            | K::CurrentTimestamp
            | K::CurrentTime
            | K::CurrentUser
            | K::SessionUser
            | K::CurrentPath => {
                let name = keyword.spelling().to_lowercase();
                self.advance();
                Ok(self.call(start, &name, Vec::new()))
            }
            _ => self.named(),
        }
    }

    /// `CASE WHEN …` or `CASE x WHEN …`, not a column of that name.
    fn at_case(&self) -> bool {
        let next = self.kind_at(1);
        let star = next == TokenKind::Asterisk && !matches!(self.keyword_at(2), Some(K::When | K::Except));
        let alias = self.keyword_at(1) == Some(K::When) && matches!(self.kind_at(2), TokenKind::End | TokenKind::Comma);
        next.starts_expression()
            && !star
            && !alias
            && !self.at_call_of_case()
            && !matches!(self.keyword_at(1), Some(K::From | K::End | K::As))
    }

    /// `CASE(1)`, a function of that name.
    fn at_call_of_case(&self) -> bool {
        if self.kind_at(1) != TokenKind::LeftParen {
            return false;
        }
        self.behind_parens(1).is_some_and(|behind| {
            matches!(
                self.kind_at(behind),
                TokenKind::End | TokenKind::Semicolon | TokenKind::Comma | TokenKind::RightParen
            )
        })
    }

    /// A name and what it may begin: a typed literal, a lambda, a call, `t.*`, a column.
    pub(super) fn named(&mut self) -> Result<Expr> {
        let (start, at, is_column) = (self.start(), self.index(), self.is_read_as(Reading::Column));
        let next = self.kind_at(1);
        if next.is_string() && matches!(self.kind(), TokenKind::Word(_)) {
            return self.typed_literal();
        }
        if next == TokenKind::Arrow {
            let argument = self.plain_identifier()?;
            return self.lambda(start, vec![argument]);
        }
        let mut name = vec![self.plain_identifier()?];
        if name.len() == 1 && self.at_kind(TokenKind::Arrow) {
            return self.lambda(start, name);
        }
        while self.at_kind(TokenKind::Dot) {
            if self.kind_at(1) == TokenKind::Asterisk {
                self.advance();
                self.advance();
                return self.star(start, Some(name));
            }
            self.advance();
            name.push(self.plain_identifier()?);
        }
        if self.at_kind(TokenKind::LeftParen) && !is_column {
            let open = self.index();
            return self.predicted(
                at,
                |parser, failed| parser.call_or_column(open, failed),
                |parser| parser.function_call(start, name),
            );
        }
        Ok(self.column(start, name))
    }

    fn column(&self, start: usize, name: Name) -> Expr {
        let first = name.first().map_or("", String::as_str);
        let is_variable = self.lambdas.iter().flatten().any(|argument| argument.eq_ignore_ascii_case(first));
        let node = if let Some(pattern) = self.column_pattern(start, &name) {
            pattern
        } else if is_variable {
            ExprNode::LambdaVariable { name }
        } else {
            ExprNode::Attribute { name, plan_id: None, is_metadata: false }
        };
        self.expr(start, node)
    }

    /// A name in a select list whose last part can only be meant as a pattern.
    fn column_pattern(&self, start: usize, name: &[String]) -> Option<ExprNode> {
        let (last, target) = name.split_last()?;
        let is_pattern = self.is_select_list
            && self.dialect.has(Switch::RegexColumns)
            && target.len() < 2
            && self.since(start).ends_with('`')
            && last.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        is_pattern.then(|| ExprNode::Regex { table: target.first().cloned(), pattern: last.clone(), plan_id: None })
    }

    fn star(&mut self, start: usize, target: Option<Name>) -> Result<Expr> {
        let has_except = self.at(K::Except) && self.kind_at(1) == TokenKind::LeftParen && !self.starts_query_at(2);
        let except = if has_except && self.kind_at(2).is_name() {
            self.advance();
            self.paren_list(Self::name)?
        } else {
            Vec::new()
        };
        Ok(self.expr(start, ExprNode::Star { target, plan_id: None, except }))
    }

    /// `-> body`
    fn lambda(&mut self, start: usize, arguments: Vec<String>) -> Result<Expr> {
        self.expect_kind(TokenKind::Arrow)?;
        self.lambdas.push(arguments.clone());
        let body = self.expression();
        self.lambdas.pop();
        Ok(self.expr(start, ExprNode::Lambda { body: Box::new(body?), arguments }))
    }

    /// Whether `(a, b) ->` stands here.
    fn at_lambda(&self) -> bool {
        let mut ahead = 1;
        while self.kind_at(ahead).is_name() {
            match self.kind_at(ahead + 1) {
                TokenKind::Comma => ahead += 2,
                TokenKind::RightParen => return self.kind_at(ahead + 2) == TokenKind::Arrow,
                _ => return false,
            }
        }
        false
    }

    fn paren_expression(&mut self) -> Result<Expr> {
        let start = self.start();
        if self.at_lambda() {
            let arguments = self.identifier_list()?;
            return self.lambda(start, arguments);
        }
        match self.paren_content(true)? {
            Paren::Query(query) => Ok(self.scalar_subquery(start, query)),
            Paren::Expressions(mut items) => match items.pop() {
                Some(only) if items.is_empty() => match only.node {
                    ExprNode::Alias { .. } => Err(self.unexpected()),
                    _ => Ok(only),
                },
                Some(last) => {
                    items.push(last);
                    Ok(self.call(start, "#struct", items))
                }
                None => Err(self.unexpected()),
            },
        }
    }

    pub(super) fn scalar_subquery(&self, start: usize, query: Relation) -> Expr {
        let subquery = Subquery { kind: SubqueryKind::Scalar, source: SubquerySource::Inline(Box::new(query)) };
        self.expr(start, ExprNode::Subquery(Box::new(subquery)))
    }

    /// `( … )`, a query or expressions. Which one may show only behind inner parentheses: `((SELECT 1) + 1)`,
    /// `((SELECT 1) UNION SELECT 2)`. Nothing is parsed twice.
    pub(crate) fn paren_content(&mut self, is_operand: bool) -> Result<Paren> {
        let open = self.index();
        self.nested(|parser| {
            parser.expect_kind(TokenKind::LeftParen)?;
            let content = parser.paren_inner()?;
            if matches!(&content, Paren::Expressions(items) if matches!(items.as_slice(), [Expr { node: ExprNode::Alias { .. }, .. }]))
            {
                // One with an alias is no operand, and a row has two.
                return Err(parser.unexpected_before(&[TokenKind::Comma]));
            }
            match content {
                // `(SELECT a` may still be a column with an alias.
                Paren::Query(_) if is_operand && parser.at_kind(TokenKind::End) && parser.index() <= open + 3 => {
                    return Err(parser.unexpected());
                }
                Paren::Query(_) => parser.expect_kind(TokenKind::RightParen).map(|_| ())?,
                Paren::Expressions(items)
                    if items.len() > 1 && !parser.at_kind(TokenKind::RightParen) && !items.iter().all(is_name) =>
                {
                    return Err(parser.surplus());
                }
                Paren::Expressions(_) => parser.expect_quietly(TokenKind::RightParen)?,
            }
            Ok(content)
        })
    }

    fn paren_inner(&mut self) -> Result<Paren> {
        if self.starts_query_at(0) {
            return self.query().map(Paren::Query);
        }
        if self.at_kind(TokenKind::LeftParen) && !self.at_lambda() {
            let start = self.start();
            match self.paren_content(true)? {
                Paren::Query(query) if self.at_query_end() => return Ok(Paren::Query(query)),
                Paren::Query(query) if self.at_query_continuation() => {
                    return self.query_from(start, query).map(Paren::Query);
                }
                Paren::Query(query) => self.operand = Some(self.scalar_subquery(start, query)),
                Paren::Expressions(items) => self.operand = Some(self.row_or_single(start, items)?),
            }
        }
        self.named_expressions().map(Paren::Expressions)
    }

    fn row_or_single(&self, start: usize, mut items: Vec<Expr>) -> Result<Expr> {
        match items.pop() {
            Some(only) if items.is_empty() => Ok(only),
            Some(last) => {
                items.push(last);
                Ok(self.call(start, "#struct", items))
            }
            None => Err(self.unexpected()),
        }
    }

    fn at_query_end(&self) -> bool {
        self.at_kind(TokenKind::RightParen)
    }
}

/// A word that may also be the argument of a lambda.
fn is_name(item: &Expr) -> bool {
    match &item.node {
        ExprNode::Attribute { name, .. } => name.len() == 1,
        ExprNode::Literal(value) => matches!(value, Value::Null(_) | Value::Boolean(_)),
        _ => false,
    }
}
