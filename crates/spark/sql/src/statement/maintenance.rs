//! Cache, refresh, statistics, repair, comments, `LOAD DATA`.

use hearth_base::Result;
use hearth_plan::catalog::{CommentTarget, RecoverBy};
use hearth_plan::{CatalogOp, Options, Plan};

use super::catalog;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

const BLANKS_IN_PATH: &str = r"REFRESH statements cannot contain ' ', '\n', '\r', '\t' inside unquoted resource paths";

impl Parser<'_> {
    pub(super) fn cache(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        let lazy = self.accept(K::Lazy);
        self.expect_quietly(TokenKind::Word(Some(K::Table)))?;
        let name = self.table_name()?;
        let options = if self.accept(K::Options) { self.valued_property_list()? } else { Options::new() };
        let is_query = self.accept(K::As) || self.starts_query_at(0) || self.at_kind(TokenKind::LeftParen);
        let query = if is_query { Some(Box::new(self.query()?)) } else { None };
        let has_parts = matches!(&name.form, hearth_plan::relation::NameForm::Plain(parts) if parts.len() > 1);
        if query.is_some() && has_parts {
            self.defer(self.plain(start, hearth_base::condition::CACHE_TABLE_AS_WITH_DATABASE));
        }
        Ok(catalog(CatalogOp::CacheTable { name, query, lazy, storage: None, options }))
    }

    pub(super) fn uncache(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::Table)?;
        let if_exists = self.if_exists();
        let name = self.table_name()?;
        Ok(catalog(CatalogOp::UncacheTable { name, if_exists }))
    }

    pub(super) fn clear_cache(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::Cache)?;
        Ok(catalog(CatalogOp::ClearCache))
    }

    pub(super) fn refresh(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        if self.at(K::Table) && self.kind_at(1).is_name() {
            self.advance();
            let name = self.table_name()?;
            self.check_refreshed(start)?;
            return Ok(catalog(CatalogOp::RefreshTable { name, is_statement: true }));
        }
        if self.at(K::Function) && self.kind_at(1).is_name() {
            self.advance();
            let name = self.plain_name()?;
            self.check_refreshed(start)?;
            return Ok(catalog(CatalogOp::RefreshFunction { name }));
        }
        let path = if self.kind().is_string() && self.kind_at(1) == TokenKind::End {
            self.string()?
        } else {
            self.skip_rest().trim().to_owned()
        };
        let is_bare = !path.contains(char::is_whitespace);
        if path.is_empty() {
            let message = "Resource paths cannot be empty in REFRESH statements. Use / to match everything";
            return Err(self.against_rule(start, message));
        }
        if !is_bare {
            return Err(self.against_rule(start, BLANKS_IN_PATH));
        }
        Ok(catalog(CatalogOp::RefreshByPath { path }))
    }

    /// With words behind the name, all of it is a path that has blanks.
    fn check_refreshed(&mut self, start: usize) -> Result<()> {
        if matches!(self.kind(), TokenKind::End | TokenKind::Semicolon) {
            return Ok(());
        }
        self.skip_rest();
        Err(self.against_rule(start, BLANKS_IN_PATH))
    }

    pub(super) fn analyze(&mut self) -> Result<Plan> {
        self.advance();
        if self.accept(K::Tables) {
            let database = match self.accept_any(&[K::From, K::In]) {
                Some(_) => Some(self.plain_name()?),
                None => None,
            };
            self.expect_all(&[K::Compute, K::Statistics])?;
            let no_scan = self.no_scan()?;
            return Ok(catalog(CatalogOp::AnalyzeTables { database, no_scan }));
        }
        self.expect_quietly(TokenKind::Word(Some(K::Table)))?;
        let name = self.table_name()?;
        let partition = self.optional_partition_spec()?;
        self.expect_all(&[K::Compute, K::Statistics])?;
        let (mut no_scan, mut columns) = (false, None);
        if self.accept_all(&[K::For, K::All, K::Columns]) {
            columns = Some(Vec::new());
        } else if self.accept_all(&[K::For, K::Columns]) {
            columns = Some(self.comma_list(Self::identifier)?);
        } else {
            no_scan = self.no_scan()?;
        }
        Ok(catalog(CatalogOp::AnalyzeTable { name, partition, no_scan, columns }))
    }

    fn no_scan(&mut self) -> Result<bool> {
        if !self.kind().is_name() {
            return Ok(false);
        }
        let word = self.plain_identifier()?;
        if !word.eq_ignore_ascii_case("noscan") {
            let error = hearth_base::condition::EXPECTED_NOSCAN.with("ctx", word);
            self.defer(self.about_statement(error));
        }
        Ok(true)
    }

    /// `[MSCK] REPAIR TABLE t [ADD|DROP|SYNC PARTITIONS]`
    pub(super) fn repair(&mut self) -> Result<Plan> {
        self.accept(K::Msck);
        self.expect_all(&[K::Repair, K::Table])?;
        let name = self.table_name()?;
        if self.accept_any(&[K::Add, K::Drop, K::Sync]).is_some() {
            self.expect(K::Partitions)?;
        }
        Ok(catalog(CatalogOp::RecoverPartitions { name, by: RecoverBy::Repair }))
    }

    pub(super) fn comment_on(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::On)?;
        let kind = match self.expect_any(&[K::Namespace, K::Database, K::Schema, K::Table, K::View, K::Column])? {
            K::Table => CommentTarget::Table,
            K::View => CommentTarget::View,
            K::Column => CommentTarget::Column,
            _ => CommentTarget::Database,
        };
        let name = self.table_name()?;
        self.expect(K::Is)?;
        let comment = if self.accept(K::Null) { None } else { Some(self.string()?) };
        Ok(catalog(CatalogOp::CommentOn { kind, name, comment }))
    }

    pub(super) fn load_data(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::Data)?;
        self.accept(K::Local);
        self.expect_quietly(TokenKind::Word(Some(K::Inpath)))?;
        self.string()?;
        self.accept(K::Overwrite);
        self.expect_all(&[K::Into, K::Table])?;
        let name = self.table_name()?;
        let partition = self.optional_full_partition_spec()?;
        Ok(catalog(CatalogOp::LoadData { name, partition }))
    }
}
