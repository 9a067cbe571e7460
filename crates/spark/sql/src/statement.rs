//! Statements: the first words choose the rule. One line per kind; the rules are in `statement/`.

mod alter;
mod column;
mod config;
mod create;
mod create_table;
mod delta;
mod describe;
mod drop;
mod function;
mod handler;
mod insert;
mod maintenance;
mod modify;
mod properties;
mod script;
mod show;
mod variable;
mod view;
mod warehouse;

pub(crate) use script::ScriptState;

use hearth_base::condition::{INVALID_STATEMENT_OR_CLAUSE, INVALID_TEMP_OBJ_QUALIFIER, OPERATION_NOT_ALLOWED};
use hearth_base::{Error, Result};
use hearth_plan::command::ExplainMode;
use hearth_plan::{CatalogOp, Command, Plan};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// A statement, or a setting: what stands alone.
    pub(crate) fn single_statement(&mut self) -> Result<Plan> {
        if self.at(K::Begin) {
            return self.script();
        }
        self.nested(Self::statement)
    }

    /// A statement and nothing behind it.
    pub(crate) fn only_statement(&mut self) -> Result<Plan> {
        let plan = self.single_statement()?;
        self.expect_end()?;
        Ok(plan)
    }

    pub(crate) fn statement(&mut self) -> Result<Plan> {
        self.statement_start = self.start();
        match self.keyword() {
            Some(K::With) => self.with_statement(),
            Some(K::From) => self.query_or_insert(),
            Some(K::Select | K::Values | K::Table | K::Map | K::Reduce) => self.query().map(Plan::Relation),
            Some(K::Insert) => self.insert(),
            Some(K::Delete) => self.delete(),
            Some(K::Update) => self.update(),
            Some(K::Merge) => self.merge(),
            Some(K::Create) => self.create(),
            Some(K::Replace) => self.replace_table(),
            Some(K::Drop) => self.drop_statement(),
            Some(K::Alter) => self.alter(),
            Some(K::Truncate) => self.truncate(),
            Some(K::Use) => self.use_statement(),
            Some(K::Set) => self.set(),
            Some(K::Reset) => self.reset(),
            Some(K::Show) => self.show(),
            Some(K::Desc | K::Describe) => self.describe(),
            Some(K::Explain) => self.explain(),
            Some(K::Cache) => self.cache(),
            Some(K::Uncache) => self.uncache(),
            Some(K::Clear) => self.clear_cache(),
            Some(K::Refresh) => self.refresh(),
            Some(K::Analyze) => self.analyze(),
            Some(K::Msck | K::Repair) => self.repair(),
            Some(K::Comment) => self.comment_on(),
            Some(K::Add | K::List) => self.resource(),
            Some(K::Load) => self.load_data(),
            Some(K::Declare) => self.declare(),
            Some(K::Execute) => self.execute_immediate(),
            Some(K::Call) => self.call_procedure(),
            Some(K::Open | K::Fetch | K::Close) => self.cursor_alone(),
            Some(K::Grant | K::Revoke) if self.keyword_at(1) == Some(K::Role) => self.not_allowed(2),
            Some(K::Grant | K::Revoke | K::Commit | K::Rollback | K::Dfs) => self.not_allowed(1),
            Some(K::Export | K::Import) if self.keyword_at(1) == Some(K::Table) => self.not_allowed(2),
            Some(K::Start) if self.keyword_at(1) == Some(K::Transaction) => self.not_allowed(2),
            Some(K::Lock | K::Unlock) if matches!(self.keyword_at(1), Some(K::Table | K::Database)) => {
                self.not_allowed(2)
            }
            _ if self.at_word("OPTIMIZE") && self.kind_at(1).is_name() => self.optimize(),
            _ if self.at_word("VACUUM") && self.names_delta_table(1) => self.vacuum(),
            _ if self.at_word("RESTORE") && self.names_delta_table(1) => self.restore(),
            _ if self.at_kind(TokenKind::LeftParen) => self.query().map(Plan::Relation),
            _ => Err(self.unexpected()),
        }
    }

    /// `WITH …` before a query or before `INSERT`.
    fn with_statement(&mut self) -> Result<Plan> {
        let start = self.start();
        let Some(ctes) = self.undecided(Self::ctes)? else { return Err(self.unexpected()) };
        if self.at(K::Insert) {
            let mut plan = self.insert()?;
            if let Plan::Command(Command::Insert(insert)) = &mut plan {
                let query = (*insert.query).clone();
                *insert.query = self.with_ctes(start, Some(ctes), query);
            }
            return Ok(plan);
        }
        if self.at_any(&[K::Delete, K::Update, K::Merge]) {
            self.statement_ctes = Some(ctes.clone());
            let plan = self.statement();
            self.statement_ctes = None;
            let mut plan = plan?;
            if let Plan::Command(Command::MergeInto(merge)) = &mut plan {
                let source = (*merge.source).clone();
                *merge.source = self.with_ctes(start, Some(ctes), source);
            }
            return Ok(plan);
        }
        let query = self.query()?;
        Ok(Plan::Relation(self.with_ctes(start, Some(ctes), query)))
    }

    fn explain(&mut self) -> Result<Plan> {
        self.advance();
        let modes = [K::Logical, K::Formatted, K::Extended, K::Codegen, K::Cost];
        let mode = match self.accept_any(&modes) {
            Some(K::Formatted) => ExplainMode::Formatted,
            Some(K::Extended) => ExplainMode::Extended,
            Some(K::Codegen) => ExplainMode::Codegen,
            Some(K::Cost) => ExplainMode::Cost,
            Some(_) => {
                self.defer(self.not_valid("EXPLAIN LOGICAL"));
                ExplainMode::Simple
            }
            None => ExplainMode::Simple,
        };
        let plan = Box::new(self.nested(Self::statement)?);
        Ok(Plan::Command(Command::Explain { mode, plan }))
    }

    /// Statements of Hive that Spark refuses by name; `words` of them name it.
    pub(super) fn not_allowed(&mut self, words: usize) -> Result<Plan> {
        let start = self.start();
        for _ in 0..words {
            self.advance();
        }
        let what = self.since(start).to_uppercase();
        Err(self.not_valid(&what))
    }

    pub(super) fn not_valid(&self, operation: &str) -> Error {
        self.about_statement(INVALID_STATEMENT_OR_CLAUSE.with("operation", operation))
    }

    /// Temporary things have no database.
    pub(super) fn temporary_name(&mut self, object_type: &str, name: &[String]) {
        let Some((last, qualifier)) = name.split_last() else { return };
        let is_session = match qualifier {
            [] => true,
            [only] => only.eq_ignore_ascii_case("session"),
            [first, second] => first.eq_ignore_ascii_case("system") && second.eq_ignore_ascii_case("session"),
            _ => false,
        };
        if is_session {
            return;
        }
        let quoted: Vec<_> = qualifier.iter().map(|part| format!("`{part}`")).collect();
        let error = INVALID_TEMP_OBJ_QUALIFIER
            .with("objectType", object_type)
            .with("objectName", format!("`{last}`"))
            .with("qualifier", quoted.join("."));
        self.defer(self.about_statement(error));
    }

    pub(super) fn operation_not_allowed(&self, what: &str) -> Error {
        self.about_statement(OPERATION_NOT_ALLOWED.with("message", what))
    }

    /// Takes all tokens that are left, semicolons at the end not counted; their text.
    pub(super) fn skip_rest(&mut self) -> &str {
        let from = self.start();
        self.skip_to_end();
        &self.text[from..self.end().max(from)]
    }
}

pub(super) fn catalog(op: CatalogOp) -> Plan {
    Plan::Command(Command::Catalog(Box::new(op)))
}

pub(super) fn unsupported(what: impl Into<String>) -> Plan {
    Plan::Command(Command::UnsupportedSql { what: what.into() })
}
