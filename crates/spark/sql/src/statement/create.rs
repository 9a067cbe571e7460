//! `CREATE …`: looks behind the words that many share and chooses the rule.

use hearth_base::Result;
use hearth_base::condition::SCHEMA_LEVEL_COLLATIONS;
use hearth_plan::command::PipelineDataset;
use hearth_plan::{CatalogOp, Command, Options, Plan, Relation};

use super::catalog;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// What may stand between `CREATE` and the kind of thing.
#[derive(Clone, Copy, Default)]
pub(super) struct CreateWords {
    pub or_replace: bool,
    pub global: bool,
    pub temporary: bool,
    pub external: bool,
}

impl Parser<'_> {
    pub(super) fn create(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        if self.at(K::Or) && self.keyword_at(1) != Some(K::Replace) {
            return Err(self.unexpected_at(self.peek_at(1)));
        }
        let words = CreateWords {
            or_replace: self.accept_all(&[K::Or, K::Replace]),
            global: self.accept(K::Global),
            temporary: self.accept(K::Temporary),
            external: self.accept(K::External),
        };
        let is_plain = !words.or_replace && !words.global && !words.temporary && !words.external;
        match self.keyword() {
            Some(K::Table) if !words.global => self.create_table(start, words),
            Some(K::View) if !words.external => self.create_view(start, words),
            Some(K::Function) if !words.external && !words.global => self.create_function(words),
            Some(K::Namespace | K::Database | K::Schema) if is_plain => self.create_database(),
            Some(K::Catalog) if is_plain => self.create_catalog(),
            Some(K::Index) if is_plain && self.is_create_index() => self.create_index(start),
            Some(K::Index) if is_plain => self.not_allowed_from(start),
            Some(K::Role) if is_plain => self.not_allowed_from(start),
            Some(K::Macro) if words.temporary => self.not_allowed_from(start),
            Some(K::Materialized | K::Streaming | K::Flow) if is_plain => self.create_pipeline(),
            _ => Err(self.unexpected()),
        }
    }

    /// The words from `start` to this one name a statement that Spark refuses.
    pub(super) fn not_allowed_from(&mut self, start: usize) -> Result<Plan> {
        self.advance();
        let what = self.since(start).to_uppercase();
        self.skip_rest();
        Err(self.not_valid(&what))
    }

    fn create_database(&mut self) -> Result<Plan> {
        self.advance();
        let if_not_exists = self.if_not_exists()?;
        let name = self.plain_name()?;
        let (mut comment, mut location, mut properties) = (None, None, Options::new());
        loop {
            if self.at(K::Comment) {
                self.once("COMMENT", comment.is_some());
                comment = Some(self.comment_clause()?);
            } else if self.accept(K::Location) {
                self.once("LOCATION", location.is_some());
                location = Some(self.string()?);
            } else if self.accept_all(&[K::Default, K::Collation]) {
                self.plain_identifier()?;
                self.defer(crate::error::bare(SCHEMA_LEVEL_COLLATIONS.error(), self.text));
            } else if self.accept(K::With) {
                self.expect_any(&[K::Dbproperties, K::Properties])?;
                self.once("WITH PROPERTIES", !properties.is_empty());
                properties = self.valued_property_list()?;
            } else {
                break;
            }
        }
        Ok(catalog(CatalogOp::CreateDatabase { name, if_not_exists, comment, location, properties }))
    }

    /// Other forms of it are Hive's, which Spark refuses by name.
    fn is_create_index(&self) -> bool {
        (1..12).any(|ahead| self.keyword_at(ahead) == Some(K::On))
    }

    fn create_index(&mut self, start: usize) -> Result<Plan> {
        self.advance();
        self.if_not_exists()?;
        self.plain_identifier()?;
        self.expect(K::On)?;
        if self.kind_at(1).is_name() {
            self.accept(K::Table);
        }
        let name = self.table_name()?;
        if self.accept(K::Using) {
            self.plain_identifier()?;
        }
        let columns = self.paren_list(|parser| {
            let column = parser.name()?;
            if parser.accept(K::Options) {
                parser.property_list()?;
            }
            Ok(column)
        })?;
        if self.accept(K::Options) {
            self.property_list()?;
        }
        Ok(catalog(CatalogOp::CreateIndex { name, columns, origin: self.origin(start) }))
    }

    /// Statements of declarative pipelines.
    fn create_pipeline(&mut self) -> Result<Plan> {
        if self.accept(K::Flow) {
            self.table_name()?;
            if self.at(K::Comment) {
                self.comment_clause()?;
            }
            self.expect(K::As)?;
            let query = match self.insert()? {
                Plan::Command(Command::Insert(insert)) => Some(insert.query),
                Plan::Command(_) | Plan::Relation(_) => None,
            };
            return Ok(pipeline_dataset(PipelineDataset::Flow, query));
        }
        let kind = if self.advance().kind == TokenKind::Word(Some(K::Materialized)) {
            self.expect(K::View)?;
            PipelineDataset::MaterializedView
        } else {
            self.expect(K::Table)?;
            PipelineDataset::StreamingTable
        };
        self.if_not_exists()?;
        self.table_name()?;
        if self.at_kind(TokenKind::LeftParen) {
            if self.kind_at(1) == TokenKind::RightParen {
                self.advance();
                self.advance();
            } else {
                self.table_elements()?;
            }
        }
        self.table_clauses()?;
        let query = if self.accept(K::As) { Some(Box::new(self.query()?)) } else { None };
        if query.is_none() && kind == PipelineDataset::MaterializedView {
            self.defer(self.operation_not_allowed("Unable to find query for CREATE MATERIALIZED VIEW statement."));
        }
        Ok(pipeline_dataset(kind, query))
    }
}

fn pipeline_dataset(kind: PipelineDataset, query: Option<Box<Relation>>) -> Plan {
    Plan::Command(Command::PipelineDataset { kind, query })
}
