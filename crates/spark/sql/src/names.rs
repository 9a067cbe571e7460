//! Names: identifiers, names in parts, `IDENTIFIER(…)`, aliases, and which words may stand where.

use hearth_base::Result;
use hearth_base::condition::INVALID_IDENTIFIER;
use hearth_plan::Name;
use hearth_plan::relation::{NameForm, TableName};

use crate::dialect::Switch;
use crate::error;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::Reading;
use crate::token::{Token, TokenKind};

impl Parser<'_> {
    /// A name of one part. Unlike in an expression, `a-b` cannot be a difference here: it is a name without backticks.
    pub(crate) fn identifier(&mut self) -> Result<String> {
        let start = self.start();
        let name = self.plain_identifier()?;
        if self.at_kind(TokenKind::Minus) {
            let at = self.start();
            if !self.kind_at(1).is_name() {
                return Err(self.unexpected_at(self.peek_at(1)));
            }
            while self.at_kind(TokenKind::Minus) && self.kind_at(1).is_name() {
                self.advance();
                self.advance();
            }
            return Err(error::at(INVALID_IDENTIFIER.with("ident", dashed(self.since(start))), self.text, at));
        }
        Ok(name)
    }

    /// A name of one part where an expression may go on behind it.
    pub(crate) fn plain_identifier(&mut self) -> Result<String> {
        if !self.kind().is_name() {
            return Err(self.unexpected());
        }
        if self.identifier_literal().is_some() {
            self.advance();
            self.advance();
            let name = self.string()?;
            self.expect_kind(TokenKind::RightParen)?;
            return Ok(name);
        }
        let token = self.advance();
        self.name_of(token)
    }

    /// `IDENTIFIER('name')`, which is a name wherever a name may stand: how many tokens it has.
    pub(crate) fn identifier_literal(&self) -> Option<usize> {
        if !self.at(K::Identifier) || self.kind_at(1) != TokenKind::LeftParen {
            return None;
        }
        let strings = (2..).take_while(|ahead| self.kind_at(*ahead).is_string()).count();
        (strings > 0 && self.kind_at(strings + 2) == TokenKind::RightParen).then_some(strings + 3)
    }

    pub(crate) fn name_of(&self, token: Token) -> Result<String> {
        let lexeme = self.lexeme(token);
        if token.kind == TokenKind::Quoted && lexeme.starts_with('"') {
            return Ok(lexeme[1..lexeme.len() - 1].replace("\"\"", "\""));
        }
        if token.kind == TokenKind::Quoted {
            return Ok(lexeme[1..lexeme.len() - 1].replace("``", "`"));
        }
        let is_ascii = lexeme.bytes().all(|c| c == b'_' || c.is_ascii_alphanumeric());
        if !is_ascii {
            let error = INVALID_IDENTIFIER.with("ident", lexeme);
            return Err(error::at(error, self.text, token.start as usize));
        }
        Ok(lexeme.to_owned())
    }

    /// `a.b.c`
    pub(crate) fn name(&mut self) -> Result<Name> {
        let mut name = vec![self.identifier()?];
        while self.accept_kind(TokenKind::Dot) {
            name.push(self.identifier()?);
        }
        Ok(name)
    }

    pub(crate) fn names(&mut self) -> Result<Vec<Name>> {
        self.comma_list(Self::name)
    }

    /// `(a, b, c)`
    pub(crate) fn identifier_list(&mut self) -> Result<Vec<String>> {
        self.expect_kind(TokenKind::LeftParen)?;
        let names = self.comma_list(Self::identifier)?;
        self.forget_list();
        self.expect_kind(TokenKind::RightParen)?;
        Ok(names)
    }

    /// A name, or `IDENTIFIER(expression)`.
    pub(crate) fn table_name(&mut self) -> Result<TableName> {
        let start = self.start();
        if self.at(K::Identifier) && self.kind_at(1) == TokenKind::LeftParen && !self.at_literal_part() {
            self.advance();
            self.advance();
            let expr = self.expression()?;
            self.expect_kind(TokenKind::RightParen)?;
            return Ok(self.placed_name(start, TableName::identifier(expr)));
        }
        let name = self.name()?;
        Ok(self.placed_name(start, TableName::from(name)))
    }

    fn placed_name(&self, start: usize, name: TableName) -> TableName {
        TableName { origin: self.origin(start), ..name }
    }

    /// `IDENTIFIER('a').b`: the literal is one part of the name. Alone, it may hold a whole name.
    fn at_literal_part(&self) -> bool {
        self.identifier_literal().is_some_and(|length| self.kind_at(length) == TokenKind::Dot)
    }

    /// `table_name` where only a plain name can be kept.
    pub(crate) fn plain_name(&mut self) -> Result<Name> {
        let start = self.start();
        match self.table_name()?.form {
            NameForm::Plain(name) => Ok(name),
            NameForm::Identifier(_) => {
                let text = self.since(start);
                let literal = text.find(['\'', '"']).and_then(|open| {
                    let close = text.rfind(['\'', '"'])?;
                    crate::parse_multipart_identifier(text.get(open + 1..close)?).ok()
                });
                literal.ok_or_else(|| hearth_base::Error::unsupported("IDENTIFIER(expression) in this place"))
            }
        }
    }

    /// An alias of a table, with or without `AS`; words that go on with the statement are none.
    pub(crate) fn strict_alias(&mut self) -> Result<Option<String>> {
        if self.at(K::As) {
            // `AS` is the alias itself where no name can follow it.
            let is_strict = self.keyword_at(1).is_some_and(K::is_strict_non_reserved) && !self.has_reserved();
            if self.kind_at(1).is_name() && !is_strict {
                self.advance();
            }
            return self.plain_identifier().map(Some);
        }
        let before_on = self.kind().is_name()
            && self.keyword_at(1) == Some(K::On)
            && matches!(self.kind_at(2), TokenKind::Word(_) | TokenKind::Quoted | TokenKind::LeftParen)
            && !matches!(self.keyword(), Some(K::On | K::When | K::Set | K::By | K::Index));
        let is_strict = self.keyword().is_some_and(K::is_strict_non_reserved) && !self.has_reserved();
        // `FROM t MAP a USING 'script'`: a script's clause and no alias.
        if self.at_any(&[K::Map, K::Reduce])
            && self.kind_at(1).starts_expression()
            && !matches!(self.keyword_at(1), Some(K::Map | K::Reduce | K::Select))
            && self.at_script(1)
        {
            return Ok(None);
        }
        let is_alias = before_on || self.at_implicit_alias() || self.at_second_clause() || self.at_from_alias();
        if (is_alias || self.is_read_as(Reading::Alias)) && !is_strict {
            return self.plain_identifier().map(Some);
        }
        self.without_alias();
        Ok(None)
    }

    /// Whether the words that are no aliases of tables are words that name nothing: then the others among them name tables too.
    fn has_reserved(&self) -> bool {
        self.dialect.has(Switch::ReservedKeywords)
    }

    /// An optional alias without columns, with or without `AS`.
    pub(crate) fn optional_alias(&mut self) -> Result<Option<String>> {
        // `AS` is the alias itself where no name follows it.
        if self.at(K::As) && self.kind_at(1).is_name() {
            self.advance();
            return self.identifier().map(Some);
        }
        if self.at(K::As) || self.at_implicit_alias() { self.identifier().map(Some) } else { Ok(None) }
    }

    pub(crate) fn at_implicit_alias(&self) -> bool {
        self.kind().is_name() && !self.at_clause() && !self.at_quoted_behind_name()
    }

    /// `a "b"` is no column with an alias, `a AS "b"` and `1 "b"` are.
    fn at_quoted_behind_name(&self) -> bool {
        let has_quotes = self.dialect.has(Switch::DoubleQuotedIdentifiers) && self.kind() == TokenKind::Quoted;
        has_quotes && self.lexeme(self.peek()).starts_with('"') && self.is_behind_name()
    }

    /// `FROM t FROM`: the second one can only be a name.
    fn at_from_alias(&self) -> bool {
        self.at(K::From)
    }

    /// `t WHERE WHERE a`: read again, the first one is a name.
    fn at_second_clause(&self) -> bool {
        let clauses = [K::Where, K::Group, K::Having, K::Order, K::Limit, K::Offset, K::Qualify, K::Window];
        self.is_second_reading
            && self.at_any(&clauses)
            && self.keyword_at(1).is_some_and(|word| clauses.contains(&word) || matches!(word, K::Pivot | K::Unpivot))
    }

    /// `SELECT a FROM WHERE x`: read again, `FROM` is a name. `SELECT a ON b`: such words begin no clause behind a column.
    pub(crate) fn at_item_alias(&self) -> bool {
        let clauses = [K::From, K::Where, K::Group, K::Having, K::Order, K::Sort, K::Limit, K::Offset];
        let is_from = self.is_second_reading
            && self.at(K::From)
            && self.keyword_at(1).is_some_and(|word| clauses.contains(&word));
        is_from
            || (self.is_select_list
                && self.at_any(&[K::On, K::Using, K::Join, K::Natural, K::Inner, K::Cross, K::Left, K::Right, K::Full])
                && self.kind().is_name()
                && self.kind_at(1) != TokenKind::End)
    }

    /// Whether the keyword here begins the next clause rather than being an alias.
    pub(crate) fn at_clause(&self) -> bool {
        let Some(keyword) = self.keyword() else { return false };
        let next = self.kind_at(1);
        let word = self.keyword_at(1);
        let is_word = |words: &[K]| word.is_some_and(|word| words.contains(&word));
        match keyword {
            K::From => next.is_name() || next == TokenKind::LeftParen,
            K::Where | K::Having | K::Qualify | K::Limit | K::Offset => next.starts_expression(),
            K::Group | K::Order | K::Sort | K::Cluster | K::Distribute | K::Partition | K::Identified => {
                is_word(&[K::By]) && self.kind_at(2) != TokenKind::End
            }
            K::Window => {
                matches!(next, TokenKind::Word(None) | TokenKind::Quoted)
                    || (next.is_name() && self.keyword_at(2) == Some(K::As))
            }
            K::Lateral => is_word(&[K::View]),
            K::Union | K::Except | K::Intersect | K::Minus => {
                is_word(&[K::All, K::Distinct]) || self.starts_query_at(1) || next == TokenKind::LeftParen
            }
            K::Join | K::Natural | K::Inner | K::Cross | K::Left | K::Right | K::Full | K::Semi | K::Anti => {
                self.at_join()
            }
            K::As => true,
            K::For => {
                next == TokenKind::LeftParen
                    || (next.is_name() && (self.is_before_for || self.keyword_at(2) == Some(K::In)))
                    || (is_word(&[K::Read]) && self.keyword_at(2) == Some(K::Only))
                    || self.at_time_travel(1)
            }
            K::Tablesample => next == TokenKind::LeftParen || is_word(&[K::Bernoulli, K::System]),
            K::Pivot => next == TokenKind::LeftParen,
            K::Unpivot => next == TokenKind::LeftParen || is_word(&[K::Include, K::Exclude]),
            K::With => next == TokenKind::LeftParen || is_word(&[K::Rollup, K::Cube, K::Schema]),
            K::Grouping => is_word(&[K::Sets]),
            K::Version | K::SystemVersion | K::Timestamp | K::SystemTime => self.at_time_travel(0),
            K::Watermark => next.is_name() && matches!(self.kind_at(2), TokenKind::Word(_) | TokenKind::LeftParen),
            K::Changes => is_word(&[K::From]),
            K::Approx | K::Exact => is_word(&[K::Nearest]),
            K::Select => self.starts_query_at(0),
            K::Insert => is_word(&[K::Into, K::Overwrite, K::With]),
            K::Set => {
                (next.is_name() && matches!(self.kind_at(2), TokenKind::Equal | TokenKind::Dot))
                    || next == TokenKind::LeftParen
            }
            K::When => is_word(&[K::Matched, K::Not]),
            K::Replace => is_word(&[K::Where, K::On, K::Using]),
            K::By => is_word(&[K::Name]),
            K::Using => next == TokenKind::LeftParen || next.is_name(),
            K::On => next.starts_expression(),
            K::Do => self.script.in_for_query,
            _ => false,
        }
    }

    /// `VERSION AS OF` and its like, `ahead` tokens from here.
    pub(crate) fn at_time_travel(&self, ahead: usize) -> bool {
        let kinds = [K::Version, K::SystemVersion, K::Timestamp, K::SystemTime];
        self.keyword_at(ahead).is_some_and(|keyword| kinds.contains(&keyword))
            && self.keyword_at(ahead + 1) == Some(K::As)
            && self.keyword_at(ahead + 2) == Some(K::Of)
    }

    /// `JOIN`, or the words that may stand before it.
    pub(crate) fn at_join(&self) -> bool {
        let prefix = [K::Natural, K::Inner, K::Cross, K::Left, K::Right, K::Full, K::Outer, K::Semi, K::Anti];
        (0..4)
            .find_map(|ahead| match self.keyword_at(ahead) {
                Some(K::Join) => Some(true),
                Some(keyword) if prefix.contains(&keyword) => None,
                _ => Some(false),
            })
            .unwrap_or(false)
    }

    /// Whether a query starts `ahead` tokens from here, parentheses not counted.
    pub(crate) fn starts_query_at(&self, ahead: usize) -> bool {
        let next = self.kind_at(ahead + 1);
        match self.keyword_at(ahead) {
            Some(K::Select) => next.starts_expression() || next == TokenKind::HintStart,
            Some(K::With) => next.is_name() && next != TokenKind::Word(Some(K::Schema)),
            Some(K::From) => next.is_name() || next == TokenKind::LeftParen,
            Some(K::Values) => next.starts_expression(),
            Some(K::Table) => next.is_name(),
            Some(K::Map | K::Reduce) => {
                let is_sign = matches!(next, TokenKind::Minus | TokenKind::Plus | TokenKind::Asterisk);
                let is_value = next.is_string() || next.is_number() || next == TokenKind::Tilde || is_sign;
                (next.is_name() && self.kind_at(ahead + 2) != TokenKind::Dot) || (is_value && self.at_script(ahead))
            }
            _ => false,
        }
    }
}

/// `a - b` as Spark names it in its error: without blanks and backticks.
fn dashed(written: &str) -> String {
    let parts = written.split('-').map(str::trim);
    let plain = parts.map(|part| {
        let inner = part.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        inner.map_or_else(|| part.to_owned(), |inner| inner.replace("``", "`"))
    });
    plain.collect::<Vec<_>>().join("-")
}
