//! Statements of SQL warehouses that Spark has not: what drivers ask about catalogs, and catalogs themselves.
//!
//! Spark's own forms win where a text is both: `SHOW TABLES IN catalog` names a schema. The names in `SHOW … KEYS` are
//! names; everything behind `LIKE` is a pattern, which is kept as text.

use hearth_base::Result;
use hearth_plan::catalog::{Metadata, MetadataKind};
use hearth_plan::{CatalogOp, Plan};

use super::catalog;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `IN ALL CATALOGS …` and `IN CATALOG c [SCHEMA LIKE 's'] [TABLE LIKE 't'] [LIKE 'x']`, if one of them is next.
    pub(super) fn metadata(&mut self, kind: MetadataKind) -> Result<Option<Plan>> {
        let mut wanted = Metadata { kind, catalog: None, schema: None, object: None, column: None };
        if !self.at_any(&[K::From, K::In]) {
            return Ok(None);
        }
        match self.keyword_at(1) {
            Some(K::All) if self.keyword_at(2) == Some(K::Catalogs) => {
                for _ in 0..3 {
                    self.advance();
                }
            }
            Some(K::Catalog) if self.is_name_of_catalog(2) => {
                self.advance();
                self.advance();
                wanted.catalog = Some(self.identifier()?);
            }
            _ => return Ok(None),
        }
        if self.accept(K::Schema) {
            wanted.schema = self.pattern()?;
        }
        if kind == MetadataKind::Columns && self.accept(K::Table) {
            wanted.object = self.pattern()?;
        }
        let pattern = self.pattern()?;
        match kind {
            MetadataKind::Schemas => wanted.schema = pattern.or(wanted.schema),
            MetadataKind::Columns => wanted.column = pattern,
            MetadataKind::Tables | MetadataKind::Functions => wanted.object = pattern,
            MetadataKind::PrimaryKeys | MetadataKind::ForeignKeys => {}
        }
        Ok(Some(metadata(wanted)))
    }

    /// Whether a catalog's name stands there rather than the end of Spark's own form: `IN catalog LIKE '…'`.
    fn is_name_of_catalog(&self, ahead: usize) -> bool {
        let is_clause = matches!(self.keyword_at(ahead), Some(K::Like | K::From | K::In));
        self.kind_at(ahead).is_name() && !is_clause
    }

    /// `SHOW [PRIMARY|FOREIGN] KEYS IN CATALOG c IN SCHEMA s IN TABLE t`
    pub(super) fn show_keys(&mut self) -> Result<Plan> {
        let kind = match self.accept_any(&[K::Primary, K::Foreign]) {
            Some(K::Foreign) => MetadataKind::ForeignKeys,
            _ => MetadataKind::PrimaryKeys,
        };
        self.expect(K::Keys)?;
        let mut part = |word: K| -> Result<Option<String>> {
            if !self.at_any(&[K::From, K::In]) || self.keyword_at(1) != Some(word) {
                return Ok(None);
            }
            self.advance();
            self.advance();
            self.identifier().map(Some)
        };
        let (catalog, schema) = (part(K::Catalog)?, part(K::Schema)?);
        let Some(object) = part(K::Table)? else { return Err(self.unexpected()) };
        Ok(metadata(Metadata { kind, catalog, schema, object: Some(object), column: None }))
    }

    /// `USE CATALOG name`
    pub(super) fn use_catalog(&mut self) -> Result<Plan> {
        self.advance();
        let name = if self.kind().is_string() { self.string()? } else { self.identifier()? };
        Ok(catalog(CatalogOp::SetCurrentCatalog { name }))
    }

    /// `CREATE CATALOG [IF NOT EXISTS] name [COMMENT '…']`
    pub(super) fn create_catalog(&mut self) -> Result<Plan> {
        self.advance();
        let if_not_exists = self.if_not_exists()?;
        let name = self.identifier()?;
        let comment = if self.at(K::Comment) { Some(self.comment_clause()?) } else { None };
        Ok(catalog(CatalogOp::CreateCatalog { name, if_not_exists, comment }))
    }

    /// `DROP CATALOG [IF EXISTS] name [RESTRICT|CASCADE]`
    pub(super) fn drop_catalog(&mut self) -> Result<Plan> {
        self.advance();
        let if_exists = self.if_exists();
        let name = self.identifier()?;
        let cascade = self.accept_any(&[K::Restrict, K::Cascade]) == Some(K::Cascade);
        Ok(catalog(CatalogOp::DropCatalog { name, if_exists, cascade }))
    }

    /// `OPTIMIZE t [WHERE …] [ZORDER BY (…)]`: how the files lie, which changes no answer.
    pub(super) fn optimize(&mut self) -> Result<Plan> {
        self.advance();
        let name = self.table_name()?;
        if self.accept(K::Where) {
            self.expression()?;
        }
        if self.at_word("ZORDER") {
            self.advance();
            self.expect(K::By)?;
            if self.at_kind(TokenKind::LeftParen) {
                self.paren_list(Self::name)?;
            } else {
                self.comma_list(Self::name)?;
            }
        }
        Ok(catalog(CatalogOp::OptimizeTable { name }))
    }

    /// Whether a word stands here that is none of Spark's keywords.
    pub(super) fn at_word(&self, word: &str) -> bool {
        matches!(self.kind(), TokenKind::Word(_)) && self.lexeme(self.peek()).eq_ignore_ascii_case(word)
    }
}

fn metadata(wanted: Metadata) -> Plan {
    catalog(CatalogOp::ListMetadata(Box::new(wanted)))
}
