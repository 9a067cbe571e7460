//! `(key = value, …)`: options and properties, and other small clauses that many statements share.

use hearth_base::Result;
use hearth_base::condition::{DUPLICATE_KEY, EMPTY_PARTITION_VALUE, REF_DEFAULT_VALUE_IN_PARTITION};
use hearth_plan::catalog::PartitionSpec;
use hearth_plan::{ExprNode, Options};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `(a.b = 'x', 'c' 1, d)`; a key without a value has an empty one.
    pub(crate) fn property_list(&mut self) -> Result<Options> {
        let start = self.start();
        let properties = self.paren_list(Self::property)?;
        for (index, (key, _)) in properties.iter().enumerate() {
            if properties[..index].iter().any(|(earlier, _)| earlier == key) {
                self.defer(self.about(start, DUPLICATE_KEY.with("keyColumn", format!("`{key}`"))));
            }
        }
        Ok(properties)
    }

    fn property(&mut self) -> Result<(String, String)> {
        let key = self.property_key()?;
        let has_value = self.accept_kind(TokenKind::Equal);
        if !has_value && matches!(self.kind(), TokenKind::Comma | TokenKind::RightParen) {
            self.bare_keys.push(key.clone());
            return Ok((key, String::new()));
        }
        self.valued_keys.push(key.clone());
        Ok((key, self.property_value()?))
    }

    /// `(a = 'x', …)` where each key has a value.
    pub(crate) fn valued_property_list(&mut self) -> Result<Options> {
        self.bare_keys.clear();
        let properties = self.property_list()?;
        if self.bare_keys.is_empty() {
            return Ok(properties);
        }
        let what = format!("Values must be specified for key(s): [{}]", self.bare_keys.join(","));
        self.defer(self.operation_not_allowed(&what));
        Ok(properties)
    }

    /// `(a, b, …)` where no key has a value.
    pub(crate) fn key_list(&mut self) -> Result<Vec<String>> {
        self.valued_keys.clear();
        let properties = self.property_list()?;
        if self.valued_keys.is_empty() {
            return Ok(properties.into_iter().map(|(key, _)| key).collect());
        }
        let what = format!("Values should not be specified for key(s): [{}]", self.valued_keys.join(","));
        self.defer(self.operation_not_allowed(&what));
        Ok(Vec::new())
    }

    pub(crate) fn property_key(&mut self) -> Result<String> {
        if self.kind().is_string() {
            // `'key' 'value'` is a key and its value, not one joined string.
            if self.kind_at(1).is_string() {
                let token = self.advance();
                return Ok(self.unquoted(token));
            }
            return self.string();
        }
        let mut key = self.identifier()?;
        while self.accept_kind(TokenKind::Dot) {
            key.push('.');
            key.push_str(&self.identifier()?);
        }
        Ok(key)
    }

    fn property_value(&mut self) -> Result<String> {
        if self.kind().is_string() {
            return self.string();
        }
        let is_value = matches!(self.kind(), TokenKind::Integer | TokenKind::Decimal);
        if is_value || self.at_any(&[K::True, K::False]) {
            let token = self.advance();
            let text = self.lexeme(token);
            return Ok(if is_value { text.to_owned() } else { text.to_lowercase() });
        }
        Err(self.unexpected())
    }

    /// Options whose values may be constant expressions; their value is the literal's text, else the expression's.
    pub(crate) fn expression_property_list(&mut self) -> Result<Options> {
        self.paren_list(|parser| {
            let key = parser.property_key()?;
            let has_value = parser.accept_kind(TokenKind::Equal);
            if !has_value && matches!(parser.kind(), TokenKind::Comma | TokenKind::RightParen) {
                let what = format!("A value must be specified for the key: {key}.");
                parser.defer(parser.operation_not_allowed(&what));
                return Ok((key, String::new()));
            }
            let start = parser.start();
            let is_word = parser.at_any(&[K::True, K::False]);
            let value = parser.expression()?;
            let written = parser.since(start);
            let text = match value.node {
                ExprNode::Literal(hearth_types::Value::String(text)) => text.to_string(),
                _ if is_word => written.to_lowercase(),
                _ => written.to_owned(),
            };
            Ok((key, text))
        })
    }

    /// `COMMENT 'text'`
    pub(crate) fn comment_clause(&mut self) -> Result<String> {
        self.expect(K::Comment)?;
        self.string()
    }

    /// `PARTITION (a = 1, b)`
    pub(crate) fn partition_spec(&mut self) -> Result<PartitionSpec> {
        let whole = self.start();
        self.expect(K::Partition)?;
        let start = self.start();
        let spec = self.paren_list(|parser| {
            let column = parser.plain_identifier()?;
            let value = if parser.accept_kind(TokenKind::Equal) {
                let at = parser.start();
                if parser.at(K::Default) {
                    parser.advance();
                    Some(parser.expr(at, ExprNode::Default))
                } else {
                    Some(parser.constant()?)
                }
            } else {
                None
            };
            Ok((column, value))
        })?;
        if spec.iter().any(|(_, value)| value.as_ref().is_some_and(|value| value.node == ExprNode::Default)) {
            self.defer(self.plain(whole, REF_DEFAULT_VALUE_IN_PARTITION));
        }
        for (index, (column, _)) in spec.iter().enumerate() {
            if spec[..index].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(column)) {
                self.defer(self.about(start, DUPLICATE_KEY.with("keyColumn", format!("`{column}`"))));
            }
        }
        Ok(spec)
    }

    /// A partition with a value for each key.
    pub(crate) fn full_partition_spec(&mut self) -> Result<PartitionSpec> {
        let start = self.start();
        let spec = self.partition_spec()?;
        if let Some((key, _)) = spec.iter().find(|(_, value)| value.is_none()) {
            self.defer(self.about(start, EMPTY_PARTITION_VALUE.with("partKey", format!("`{key}`"))));
        }
        Ok(spec)
    }

    pub(crate) fn optional_full_partition_spec(&mut self) -> Result<PartitionSpec> {
        let is_spec = self.at(K::Partition) && self.kind_at(1) == TokenKind::LeftParen;
        if is_spec { self.full_partition_spec() } else { Ok(Vec::new()) }
    }

    pub(crate) fn optional_partition_spec(&mut self) -> Result<PartitionSpec> {
        let is_spec = self.at(K::Partition) && self.kind_at(1) == TokenKind::LeftParen;
        if is_spec { self.partition_spec() } else { Ok(Vec::new()) }
    }

    /// A literal, typed literal or parameter.
    pub(super) fn constant(&mut self) -> Result<hearth_plan::Expr> {
        let token = self.peek();
        let expr = self.nested(Self::value)?;
        match expr.node {
            ExprNode::Literal(_)
            | ExprNode::TypedLiteral { .. }
            | ExprNode::NamedParameter(_)
            | ExprNode::PositionalParameter(_) => Ok(expr),
            _ => Err(self.unexpected_at(token)),
        }
    }

    /// `IF NOT EXISTS`
    pub(crate) fn if_not_exists(&mut self) -> Result<bool> {
        if self.at(K::If) && self.kind_at(1) == TokenKind::Bang && self.keyword_at(2) == Some(K::Exists) {
            self.advance();
            let not = self.accept_infix_not()?;
            self.expect(K::Exists)?;
            return Ok(not);
        }
        if self.at_all(&[K::If, K::Not]) && self.keyword_at(2) != Some(K::Exists) {
            return Err(self.unexpected_at(self.peek_at(2)));
        }
        Ok(self.accept_all(&[K::If, K::Not, K::Exists]))
    }

    pub(crate) fn if_exists(&mut self) -> bool {
        self.accept_all(&[K::If, K::Exists])
    }

    /// `[LIKE] 'pattern'`
    pub(crate) fn pattern(&mut self) -> Result<Option<String>> {
        if self.accept(K::Like) || self.kind().is_string() { self.string().map(Some) } else { Ok(None) }
    }
}
