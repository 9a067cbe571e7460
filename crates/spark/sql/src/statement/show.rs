//! `SHOW …`

use hearth_base::Result;
use hearth_plan::catalog::{FunctionScope, MetadataKind, Style};
use hearth_plan::relation::SqlText;
use hearth_plan::{CatalogOp, Expr, Name, Plan};
use hearth_types::Value;

use super::catalog;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn show(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        let style = Style::Sql;
        let word = self.keyword();
        if self.kind_at(1) == TokenKind::Word(Some(K::Functions)) {
            let scope = self.function_scope()?;
            return self.show_functions(scope);
        }
        match word {
            Some(K::Catalogs) => {
                self.advance();
                Ok(catalog(CatalogOp::ListCatalogs { pattern: self.pattern()?, style }))
            }
            Some(K::Namespaces | K::Databases | K::Schemas) => {
                self.advance();
                if let Some(plan) = self.metadata(MetadataKind::Schemas)? {
                    return Ok(plan);
                }
                let parent = if self.accept_any(&[K::From, K::In]).is_some() { Some(self.name()?) } else { None };
                Ok(catalog(CatalogOp::ListDatabases { catalog: parent, pattern: self.pattern()?, style }))
            }
            Some(K::Table) => self.show_table_extended(),
            Some(K::Columns) => self.show_columns(),
            Some(K::Functions) => self.show_functions(FunctionScope::All),
            Some(K::Tables | K::Views | K::Partitions | K::Tblproperties) => self.show_of_catalog(style),
            Some(K::Primary | K::Foreign) if self.keyword_at(1) == Some(K::Keys) => self.show_keys(),
            Some(K::Keys) => self.show_keys(),
            Some(K::Create) => {
                self.advance();
                self.expect_quietly(TokenKind::Word(Some(K::Table)))?;
                if self.at_kind(TokenKind::End) {
                    return Err(self.not_valid("SHOW CREATE TABLE"));
                }
                let name = self.table_name()?;
                let as_serde = self.accept_all(&[K::As, K::Serde]);
                Ok(catalog(CatalogOp::GetCreateTable { name, as_serde, style }))
            }
            Some(K::Current) if self.keyword_at(1) == Some(K::Roles) => self.show_refused(start, 2),
            Some(K::Current) => {
                self.advance();
                self.expect_any(&[K::Namespace, K::Database, K::Schema])?;
                Ok(catalog(CatalogOp::CurrentDatabase))
            }
            Some(K::Procedures) => {
                self.advance();
                Ok(catalog(CatalogOp::ListProcedures { database: self.in_database()? }))
            }
            Some(K::Collations) => {
                self.advance();
                collations(self.pattern()?)
            }
            Some(K::Grant | K::Principals | K::Roles | K::Compactions | K::Transactions | K::Indexes | K::Locks) => {
                self.show_refused(start, 1)
            }
            Some(K::Role) => {
                let words = if self.keyword_at(1) == Some(K::Grant) { 2 } else { 1 };
                self.show_refused(start, words)
            }
            _ if self.kind().is_name() => {
                self.advance();
                self.show_functions(FunctionScope::All)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn show_of_catalog(&mut self, style: Style) -> Result<Plan> {
        let word = self.keyword();
        match word {
            Some(K::Tables) => {
                self.advance();
                if let Some(plan) = self.metadata(MetadataKind::Tables)? {
                    return Ok(plan);
                }
                let database = self.in_database()?;
                Ok(catalog(CatalogOp::ListTables { database, pattern: self.pattern()?, style }))
            }
            Some(K::Views) => {
                self.advance();
                let database = self.in_database()?;
                Ok(catalog(CatalogOp::ListViews { database, pattern: self.pattern()?, style }))
            }
            Some(K::Partitions) => {
                self.advance();
                let name = self.table_name()?;
                let partition = if self.at(K::Partition) { self.full_partition_spec()? } else { Vec::new() };
                Ok(catalog(CatalogOp::ListPartitions { name, partition, style }))
            }
            Some(K::Tblproperties) => {
                self.advance();
                let name = self.table_name()?;
                let key = if self.accept_kind(TokenKind::LeftParen) {
                    let key = self.property_key()?;
                    self.expect_kind(TokenKind::RightParen)?;
                    Some(key)
                } else {
                    None
                };
                Ok(catalog(CatalogOp::GetTableProperties { name, key, style }))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn show_refused(&mut self, start: usize, words: usize) -> Result<Plan> {
        for _ in 1..words {
            self.advance();
        }
        self.not_allowed_from(start)
    }

    /// `[FROM|IN] database`
    fn in_database(&mut self) -> Result<Option<Name>> {
        if self.accept_any(&[K::From, K::In]).is_some() { self.plain_name().map(Some) } else { Ok(None) }
    }

    fn function_scope(&mut self) -> Result<FunctionScope> {
        let scope = self.plain_identifier()?;
        match scope.to_lowercase().as_str() {
            "all" => Ok(FunctionScope::All),
            "system" => Ok(FunctionScope::System),
            "user" => Ok(FunctionScope::User),
            other => {
                let what = hearth_base::condition::INVALID_SHOW_FUNCTIONS_SCOPE.with("scope", format!("`{other}`"));
                self.defer(self.about_statement(what));
                Ok(FunctionScope::All)
            }
        }
    }

    fn show_functions(&mut self, scope: FunctionScope) -> Result<Plan> {
        self.expect(K::Functions)?;
        if let Some(plan) = self.metadata(MetadataKind::Functions)? {
            return Ok(plan);
        }
        let database = self.in_database()?;
        self.accept(K::Like);
        let (mut database, mut pattern) = (database, None);
        if self.kind().is_string() {
            pattern = Some(self.string()?);
        } else if self.kind().is_name() {
            // The old form names the function: `SHOW FUNCTIONS db.f`.
            let mut name = self.name()?;
            pattern = name.pop();
            if !name.is_empty() {
                database = Some(name);
            }
        }
        Ok(catalog(CatalogOp::ListFunctions { database, pattern, scope, style: Style::Sql }))
    }

    fn show_table_extended(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::Extended)?;
        let database = self.in_database()?;
        self.expect(K::Like)?;
        let pattern = self.string()?;
        let partition = self.optional_full_partition_spec()?;
        Ok(catalog(CatalogOp::ShowTableExtended { database, pattern, partition }))
    }

    fn show_columns(&mut self) -> Result<Plan> {
        self.advance();
        if let Some(plan) = self.metadata(MetadataKind::Columns)? {
            return Ok(plan);
        }
        self.expect_any(&[K::From, K::In])?;
        let name = self.table_name()?;
        let database = if self.accept_any(&[K::From, K::In]).is_some() { Some(self.name()?) } else { None };
        Ok(catalog(CatalogOp::ListColumns { name, database, style: Style::Sql }))
    }
}

/// `SHOW COLLATIONS` is a query of the function that lists them. `*` stands for any letters and `|` for or.
fn collations(pattern: Option<String>) -> Result<Plan> {
    const ALL: &str = "SELECT NAME, LANGUAGE, COUNTRY, ACCENT_SENSITIVITY, CASE_SENSITIVITY, PAD_ATTRIBUTE, \
                       ICU_VERSION FROM collations()";
    let Some(pattern) = pattern else { return crate::parse_statement(ALL) };
    let regex = format!("(?i)^(?:{})$", pattern.trim().replace('*', ".*"));
    let named = vec![("pattern".to_owned(), Expr::literal(Value::string(regex)))];
    crate::parse_bound(&SqlText { query: format!("{ALL} WHERE NAME RLIKE :pattern"), named, positional: Vec::new() })
}
