//! One relation of a `FROM`: a table, a query or relations in parentheses, `VALUES`, a table function; with sample,
//! time travel, options and alias.

use hearth_base::condition::{PARSE_RULE, TABLESAMPLE_BYTES, TABLESAMPLE_EMPTY, TABLESAMPLE_NOT_SUPPORTED};
use hearth_base::{Error, Result};
use hearth_plan::relation::{NamedTable, Sample, SampleMethod, TableName, TimeTravel};
use hearth_plan::{Options, Relation, RelationNode};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// What stood in parentheses behind `FROM`.
enum Inner {
    Query(Relation),
    Relation(Relation),
}

impl Parser<'_> {
    pub(super) fn relation_primary(&mut self) -> Result<Relation> {
        let start = self.start();
        if self.at_kind(TokenKind::LeftParen) {
            let around = std::mem::take(&mut self.is_lateral_table);
            let inner = self.paren_relation()?;
            self.is_lateral_table |= around;
            let is_query = matches!(inner, Inner::Query(_));
            let (Inner::Query(relation) | Inner::Relation(relation)) = inner;
            let relation = self.suffixes(start, relation)?;
            self.takes_lateral = is_query;
            return Ok(relation);
        }
        if self.at(K::Values) && self.kind_at(1).starts_expression() && !self.is_function_named_values() {
            self.takes_lateral = false;
            return self.inline_table();
        }
        let is_stream = self.at(K::Stream)
            && ((self.kind_at(1).is_name() && !self.stream_is_name()) || self.kind_at(1) == TokenKind::LeftParen);
        if is_stream {
            self.takes_lateral = false;
            return self.stream(start);
        }
        if self.at_table_function() {
            let function = self.table_function(start)?;
            self.takes_lateral = true;
            return Ok(function);
        }
        self.takes_lateral = false;
        self.table(start)
    }

    /// `FROM values(1)`: ANTLR sees an inline table, and so do we; only a dot makes it a name.
    fn is_function_named_values(&self) -> bool {
        self.kind_at(1) == TokenKind::Dot
    }

    fn stream_is_name(&self) -> bool {
        let ahead = self.keyword_at(1);
        matches!(ahead, Some(K::As | K::Join | K::Where | K::Group | K::Order | K::Limit | K::Left | K::Right))
            || matches!(ahead, Some(K::Inner | K::Cross | K::Full | K::On | K::Using | K::Lateral | K::Union))
    }

    fn paren_relation(&mut self) -> Result<Inner> {
        self.nested(|parser| {
            parser.expect_kind(TokenKind::LeftParen)?;
            let inner = parser.inside_paren_relation()?;
            parser.expect_kind(TokenKind::RightParen)?;
            Ok(inner)
        })
    }

    /// As with expressions, whether `((…` is a query shows behind the inner parentheses.
    fn inside_paren_relation(&mut self) -> Result<Inner> {
        if self.starts_query_at(0) && !(self.at(K::Values) && self.kind_at(1) == TokenKind::Dot) {
            let is_values = self.at(K::Values);
            let start = self.start();
            let query = self.query()?;
            // `(VALUES (1) AS t JOIN …)` is a relation.
            if is_values && (self.at_join() || self.at_kind(TokenKind::Comma)) {
                return self.relation_extensions(start, query).map(Inner::Relation);
            }
            return Ok(Inner::Query(query));
        }
        let start = self.start();
        if !self.at_kind(TokenKind::LeftParen) {
            return self.relation_chain(start, None).map(Inner::Relation);
        }
        let first = match self.paren_relation()? {
            Inner::Query(query) if self.at_kind(TokenKind::RightParen) => return Ok(Inner::Query(query)),
            Inner::Query(query) if self.at_query_continuation() => {
                return self.query_from(start, query).map(Inner::Query);
            }
            Inner::Query(relation) | Inner::Relation(relation) => relation,
        };
        let first = self.suffixes(start, first)?;
        self.relation_extensions(start, first).map(Inner::Relation)
    }

    fn table(&mut self, start: usize) -> Result<Relation> {
        let name = if self.at(K::Identifier) { self.undecided(Self::table_name)? } else { self.table_name()? };
        if self.at(K::Changes) && self.keyword_at(1) == Some(K::From) {
            return Err(self.about(start, Error::unsupported("CHANGES FROM")));
        }
        let travel = self.time_travel()?;
        let options = self.with_options()?;
        let table = NamedTable { name, options, is_streaming: false, travel };
        let table = self.relation(start, RelationNode::NamedTable(table));
        self.suffixes(start, table)
    }

    /// `STREAM t`, `STREAM(t)`
    fn stream(&mut self, start: usize) -> Result<Relation> {
        self.advance();
        let in_parens = self.accept_kind(TokenKind::LeftParen);
        if self.at_table_function() {
            let function = self.table_function(start)?;
            if in_parens {
                self.expect_kind(TokenKind::RightParen)?;
            }
            return self.aliased(start, function);
        }
        let name = TableName::from(self.name()?);
        if in_parens {
            self.expect_kind(TokenKind::RightParen)?;
        }
        let options = self.with_options()?;
        let table = NamedTable { name, options, is_streaming: true, travel: None };
        let table = self.relation(start, RelationNode::NamedTable(table));
        self.suffixes(start, table)
    }

    pub(crate) fn time_travel(&mut self) -> Result<Option<TimeTravel>> {
        let ahead = usize::from(self.at(K::For));
        if !self.at_time_travel(ahead) {
            return Ok(None);
        }
        self.accept(K::For);
        let is_version = self.at_any(&[K::Version, K::SystemVersion]);
        self.advance();
        self.expect_all(&[K::As, K::Of])?;
        if !is_version {
            return Ok(Some(TimeTravel::Timestamp(Box::new(self.nested(Self::value)?))));
        }
        if self.kind().is_string() {
            return Ok(Some(TimeTravel::Version(self.string()?)));
        }
        let version = self.expect_kind(TokenKind::Integer)?;
        Ok(Some(TimeTravel::Version(self.lexeme(version).to_owned())))
    }

    pub(crate) fn with_options(&mut self) -> Result<Options> {
        if self.at(K::With) && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            return self.property_list();
        }
        Ok(Vec::new())
    }

    /// Sample, watermark and alias.
    pub(super) fn suffixes(&mut self, start: usize, relation: Relation) -> Result<Relation> {
        let mut relation = relation;
        let sample = if self.at(K::Tablesample) && self.at_clause() { Some(self.sample_clause()?) } else { None };
        if self.at(K::Watermark) && self.at_clause() {
            return Err(self.about(start, Error::unsupported("WATERMARK")));
        }
        relation = self.aliased(start, relation)?;
        match sample {
            Some(sample) => Ok(self.sampled(start, relation, sample)),
            None => Ok(relation),
        }
    }

    /// `[AS] alias [(columns)]`
    pub(crate) fn aliased(&mut self, start: usize, relation: Relation) -> Result<Relation> {
        let Some(alias) = self.strict_alias()? else { return Ok(relation) };
        let columns = if self.at_kind(TokenKind::LeftParen) { self.identifier_list()? } else { Vec::new() };
        Ok(self.subquery_alias(start, relation, alias, columns))
    }

    pub(super) fn subquery_alias(
        &self,
        start: usize,
        input: Relation,
        alias: String,
        columns: Vec<String>,
    ) -> Relation {
        let node = RelationNode::SubqueryAlias { input: Box::new(input), alias, qualifier: Vec::new(), columns };
        self.relation(start, node)
    }

    /// `TABLESAMPLE (…)`: the method and the seed.
    pub(super) fn sample_clause(&mut self) -> Result<(SampleMethod, Option<i64>)> {
        let start = self.start();
        self.expect(K::Tablesample)?;
        let is_system = self.accept_any(&[K::Bernoulli, K::System]) == Some(K::System);
        self.expect_kind(TokenKind::LeftParen)?;
        let method = self.sample_method(start)?;
        self.expect_kind(TokenKind::RightParen)?;
        if is_system {
            return Err(self.about(start, Error::unsupported("TABLESAMPLE SYSTEM")));
        }
        let mut seed = None;
        if self.at(K::Repeatable) && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            self.advance();
            seed = Some(self.integer()?);
            self.expect_kind(TokenKind::RightParen)?;
        }
        Ok((method, seed))
    }

    fn sample_method(&mut self, start: usize) -> Result<SampleMethod> {
        if self.at(K::Bucket) && self.kind_at(1) == TokenKind::Integer {
            self.advance();
            let bucket = self.integer()?;
            self.expect_all(&[K::Out, K::Of])?;
            let of = self.integer()?;
            if self.accept(K::On) {
                self.plain_identifier()?;
                let is_call = self.at_kind(TokenKind::LeftParen);
                if is_call {
                    self.advance();
                    self.expect_kind(TokenKind::RightParen)?;
                }
                let what = if is_call { "BUCKET x OUT OF y ON function" } else { "BUCKET x OUT OF y ON colname" };
                self.defer(self.about_closed(start, TABLESAMPLE_NOT_SUPPORTED.with("msg", what)));
            }
            return Ok(SampleMethod::Bucket { bucket, of });
        }
        let sign = usize::from(self.at_kind(TokenKind::Minus));
        let is_number = matches!(self.kind_at(sign), TokenKind::Integer | TokenKind::Decimal);
        if is_number && self.keyword_at(sign + 1) == Some(K::Percent) {
            let negative = self.accept_kind(TokenKind::Minus);
            let token = self.advance();
            self.advance();
            let percent: f64 = self.lexeme(token).parse().map_err(|_| self.unexpected_at(token))?;
            let upper = if negative { -percent } else { percent } / 100.0;
            if !(-1e-6..=1.0 + 1e-6).contains(&upper) {
                let message = format!("Sampling fraction ({upper:?}) must be on interval [0, 1]");
                self.defer(self.about_closed(start, PARSE_RULE.with("msg", &message)));
            }
            return Ok(SampleMethod::Fraction { lower: 0.0, upper });
        }
        if self.at_kind(TokenKind::RightParen) {
            self.defer(self.about_closed(start, TABLESAMPLE_EMPTY.error()));
            return Ok(SampleMethod::Fraction { lower: 0.0, upper: 0.0 });
        }
        let at = self.start();
        let rows = self.expression()?;
        if self.accept(K::Rows) {
            return Ok(SampleMethod::Rows(rows));
        }
        let written: String = self.since(at).split_whitespace().collect();
        let is_size = written.strip_suffix(['b', 'B', 'k', 'K', 'm', 'M', 'g', 'G']);
        let error = match is_size.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()))
        {
            true => TABLESAMPLE_NOT_SUPPORTED.with("msg", "byteLengthLiteral"),
            false => TABLESAMPLE_BYTES.with("bytesStr", written),
        };
        self.defer(self.about_closed(start, error));
        Ok(SampleMethod::Rows(rows))
    }

    pub(super) fn sampled(
        &self,
        start: usize,
        input: Relation,
        (method, seed): (SampleMethod, Option<i64>),
    ) -> Relation {
        let sample =
            Sample { input: Box::new(input), method, with_replacement: false, seed, deterministic_order: false };
        self.relation(start, RelationNode::Sample(sample))
    }
}
