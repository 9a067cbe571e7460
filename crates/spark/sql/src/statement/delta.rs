//! Statements that Delta Lake adds: `DESCRIBE HISTORY`, `DESCRIBE DETAIL`, `VACUUM`, `RESTORE`.
//!
//! Their words are no keywords of Spark, so they are only looked for where Spark has nothing of the kind.

use hearth_base::Result;
use hearth_plan::catalog::DeltaOp;
use hearth_plan::relation::TableName;
use hearth_plan::{CatalogOp, Plan};

use super::catalog;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// Whether a table, a path as a string, or `TABLE` stands there.
    pub(super) fn names_delta_table(&self, ahead: usize) -> bool {
        self.kind_at(ahead).is_name() || self.kind_at(ahead).is_string()
    }

    /// `HISTORY t [LIMIT n]` or `DETAIL t` behind `DESCRIBE`, if one of them is next.
    pub(super) fn describe_delta(&mut self) -> Result<Option<Plan>> {
        let is_history = self.at_word("HISTORY");
        let ends = matches!(self.keyword_at(1), Some(K::Partition | K::As));
        if !(is_history || self.at_word("DETAIL")) || ends || !self.names_delta_table(1) {
            return Ok(None);
        }
        self.advance();
        let name = self.delta_table()?;
        let op = match is_history {
            true if self.accept(K::Limit) => DeltaOp::History { limit: Some(self.integer()?) },
            true => DeltaOp::History { limit: None },
            false => DeltaOp::Detail,
        };
        Ok(Some(catalog(CatalogOp::Delta { name, op })))
    }

    /// `VACUUM t [FULL|LITE] [RETAIN n HOURS] [DRY RUN]`
    pub(super) fn vacuum(&mut self) -> Result<Plan> {
        self.advance();
        let name = self.delta_table()?;
        if self.at_word("LITE") || self.at(K::Full) {
            self.advance();
        }
        let (mut hours, mut dry_run) = (None, false);
        if self.at_word("RETAIN") {
            self.advance();
            hours = Some(self.integer()?);
            if !self.accept(K::Hours) {
                self.expect(K::Hour)?;
            }
        }
        if self.at_word("DRY") {
            self.advance();
            if !self.at_word("RUN") {
                return Err(self.unexpected());
            }
            self.advance();
            dry_run = true;
        }
        Ok(catalog(CatalogOp::Delta { name, op: DeltaOp::Vacuum { hours, dry_run } }))
    }

    /// `RESTORE [TABLE] t [TO] VERSION AS OF n`, `… TIMESTAMP AS OF t`
    pub(super) fn restore(&mut self) -> Result<Plan> {
        self.advance();
        if self.at(K::Table) && self.names_delta_table(1) && self.keyword_at(1) != Some(K::To) {
            self.advance();
        }
        let name = self.delta_table()?;
        self.accept(K::To);
        let Some(to) = self.time_travel()? else { return Err(self.unexpected()) };
        Ok(catalog(CatalogOp::Delta { name, op: DeltaOp::Restore { to } }))
    }

    /// A table's name, or the path of one as a string.
    fn delta_table(&mut self) -> Result<TableName> {
        if matches!(self.kind(), TokenKind::Word(_)) || !self.kind().is_string() {
            return self.table_name();
        }
        Ok(TableName::from(vec!["delta".to_owned(), self.string()?]))
    }
}
