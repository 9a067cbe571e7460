//! `DROP …` and `TRUNCATE`.

use hearth_base::Result;
use hearth_plan::catalog::Style;
use hearth_plan::{CatalogOp, Command, Plan};

use super::catalog;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn drop_statement(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        let temporary = self.accept(K::Temporary);
        if temporary && !self.at_any(&[K::Function, K::Variable, K::Var, K::Macro]) {
            return Err(self.unexpected());
        }
        match self.keyword() {
            Some(K::Table) => {
                self.advance();
                let if_exists = self.if_exists();
                let name = self.table_name()?;
                let purge = self.accept(K::Purge);
                Ok(catalog(CatalogOp::DropTable { name, if_exists, purge }))
            }
            Some(K::View) => {
                self.advance();
                let if_exists = self.if_exists();
                let name = self.table_name()?;
                Ok(catalog(CatalogOp::DropView { name, if_exists }))
            }
            Some(K::Namespace | K::Database | K::Schema) => {
                self.advance();
                let if_exists = self.if_exists();
                let name = self.plain_name()?;
                let cascade = self.accept_any(&[K::Restrict, K::Cascade]) == Some(K::Cascade);
                Ok(catalog(CatalogOp::DropDatabase { name, if_exists, cascade }))
            }
            Some(K::Catalog) if !temporary => self.drop_catalog(),
            Some(K::Function) => {
                self.advance();
                let if_exists = self.if_exists();
                let name = self.plain_name()?;
                if temporary {
                    self.temporary_name("FUNCTION", &name);
                }
                Ok(catalog(CatalogOp::DropFunction { name, if_exists, temporary }))
            }
            Some(K::Variable | K::Var) if temporary => {
                self.advance();
                let if_exists = self.if_exists();
                let name = self.plain_name()?;
                Ok(Plan::Command(Command::DropVariable { name, if_exists }))
            }
            Some(K::Index) => {
                self.advance();
                if self.at_kind(TokenKind::End) {
                    return Err(self.not_valid("DROP INDEX"));
                }
                self.if_exists();
                self.plain_identifier()?;
                self.expect(K::On)?;
                if self.kind_at(1).is_name() {
                    self.accept(K::Table);
                }
                Ok(catalog(CatalogOp::DropIndex { name: self.table_name()? }))
            }
            Some(K::Role) => self.not_allowed_from(start),
            Some(K::Macro) if temporary => self.not_allowed_from(start),
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn truncate(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::Table)?;
        let name = self.table_name()?;
        let partition = if self.at(K::Partition) { self.full_partition_spec()? } else { Vec::new() };
        Ok(catalog(CatalogOp::TruncateTable { name, partition, style: Style::Sql }))
    }
}
