//! `INSERT` in all its forms, and `FROM … INSERT …`.

use hearth_base::Result;
use hearth_base::condition::{INVALID_STATEMENT_OR_CLAUSE, OPERATION_NOT_ALLOWED};
use hearth_plan::command::{Insert, InsertMode, InsertTarget};
use hearth_plan::{Command, Expr, ExprNode, Options, Plan, Relation, RelationNode};

use super::unsupported;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// An insertion without its query.
struct Target {
    insert: Insert,
    /// A form that the plan has no place for.
    unsupported: Option<&'static str>,
    /// `REPLACE ON` or `REPLACE USING`.
    refers_to_source: bool,
}

impl Parser<'_> {
    pub(super) fn insert(&mut self) -> Result<Plan> {
        let target = self.insert_target()?;
        let start = self.start();
        self.expect_query()?;
        let query = self.query()?;
        // `(query) AS alias` in the forms that refer to the source.
        if target.refers_to_source {
            self.aliased(start, Relation::new(RelationNode::OneRow))?;
        }
        Ok(inserted(target, query))
    }

    /// `FROM t`, a query, or `FROM t INSERT … SELECT … [INSERT … SELECT …]`.
    pub(super) fn query_or_insert(&mut self) -> Result<Plan> {
        if !self.inserts_ahead() {
            return self.query().map(Plan::Relation);
        }
        let start = self.start();
        let input = self.relations_clause()?;
        let mut inserts = Vec::new();
        while self.at(K::Insert) {
            let target = self.insert_target()?;
            let body = self.body_over(start, input.clone())?;
            match inserted(target, body) {
                Plan::Command(Command::Insert(insert)) => inserts.push(*insert),
                refused => return Ok(refused),
            }
        }
        match inserts.pop() {
            Some(insert) if inserts.is_empty() => Ok(Plan::Command(Command::Insert(Box::new(insert)))),
            Some(insert) => {
                inserts.push(insert);
                Ok(Plan::Command(Command::MultiInsert(inserts)))
            }
            None => Err(self.unexpected()),
        }
    }

    /// Whether `INSERT` stands outside of parentheses ahead.
    fn inserts_ahead(&self) -> bool {
        let mut open = 0usize;
        for ahead in 0.. {
            match self.kind_at(ahead) {
                TokenKind::LeftParen => open += 1,
                TokenKind::RightParen => open = open.saturating_sub(1),
                TokenKind::Word(Some(K::Insert)) if open == 0 => {
                    return matches!(self.keyword_at(ahead + 1), Some(K::Into | K::Overwrite | K::With));
                }
                TokenKind::End => return false,
                _ => {}
            }
        }
        false
    }

    fn insert_target(&mut self) -> Result<Target> {
        self.expect(K::Insert)?;
        let evolution = self.accept_all(&[K::With, K::Schema, K::Evolution]);
        let overwrite = self.expect_any(&[K::Into, K::Overwrite])? == K::Overwrite;
        let is_directory = self.at(K::Directory) || self.at_all(&[K::Local, K::Directory]);
        if overwrite && is_directory && !self.kind_at(1).is_name() || self.at_all(&[K::Local, K::Directory]) {
            return self.insert_directory();
        }
        if overwrite && is_directory && self.keyword_at(1) == Some(K::Using) {
            return self.insert_directory();
        }
        if self.kind_at(1).is_name() {
            self.accept(K::Table);
        }
        let mode = if overwrite { InsertMode::Overwrite } else { InsertMode::Append };
        let mut target = Target {
            insert: insert(InsertTarget::Table(self.table_name()?), mode),
            unsupported: None,
            refers_to_source: false,
        };
        if evolution {
            target.unsupported = Some("INSERT WITH SCHEMA EVOLUTION");
        }
        let alias_ahead = self.alias_before_replace();
        if alias_ahead && !overwrite {
            self.accept(K::As);
            self.plain_identifier()?;
            target.unsupported = Some("INSERT INTO … AS alias REPLACE …");
        }
        if self.at(K::With) && self.kind_at(1) == TokenKind::LeftParen {
            self.with_options()?;
            target.unsupported = Some("INSERT … WITH (options)");
        }
        let is_query = |ahead| {
            let word = self.keyword_at(ahead);
            self.starts_query_at(ahead)
                || matches!(
                    word,
                    Some(
                        K::Values
                            | K::Partition
                            | K::By
                            | K::Replace
                            | K::If
                            | K::Select
                            | K::Table
                            | K::From
                            | K::With
                    )
                )
        };
        if !overwrite && self.kind().is_name() && !is_query(0) {
            // An alias, which only `REPLACE` may stand behind.
            self.accept(K::As);
            if self.keyword().is_some_and(K::is_strict_non_reserved) {
                return Err(self.unexpected());
            }
            self.plain_identifier()?;
            let is_row = self.at_kind(TokenKind::LeftParen) && !self.kind_at(1).is_name();
            return Err(self.unexpected_at(self.peek_at(usize::from(is_row))));
        }
        self.insert_clauses(&mut target, overwrite)?;
        Ok(target)
    }

    /// `t AS a REPLACE …`, `t a BY NAME REPLACE …`
    fn alias_before_replace(&self) -> bool {
        let at = usize::from(self.at(K::As));
        let is_word = self.kind_at(at).is_name() && !matches!(self.keyword_at(at), Some(K::Replace | K::By));
        let by_name = self.keyword_at(at + 1) == Some(K::By) && self.keyword_at(at + 3) == Some(K::Replace);
        is_word
            && (self.keyword_at(at + 1) == Some(K::Replace) || by_name)
            && matches!(self.keyword_at(at + 2), Some(K::Where | K::On | K::Using | K::Name))
    }

    /// Partition, column list, `BY NAME`, `REPLACE WHERE`.
    fn insert_clauses(&mut self, target: &mut Target, overwrite: bool) -> Result<()> {
        let insert = &mut target.insert;
        insert.partition = self.optional_partition_spec()?;
        if !overwrite || !insert.partition.is_empty() {
            insert.if_partition_not_exists = self.if_not_exists()?;
        }
        if insert.if_partition_not_exists && !overwrite {
            let error = INVALID_STATEMENT_OR_CLAUSE.with("operation", "INSERT INTO ... IF NOT EXISTS");
            self.defer(self.about(self.statement_start, error));
        }
        let dynamic: Vec<_> =
            insert.partition.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str()).collect();
        if insert.if_partition_not_exists && !dynamic.is_empty() {
            let what = format!("IF NOT EXISTS with dynamic partitions: {}", dynamic.join(", "));
            self.defer(self.about(self.statement_start, OPERATION_NOT_ALLOWED.with("message", what)));
        }
        if self.accept(K::By) {
            self.expect_quietly(TokenKind::Word(Some(K::Name)))?;
            insert.by_name = true;
        } else if self.at_kind(TokenKind::LeftParen) && !self.starts_query_at(1) && self.kind_at(1).is_name() {
            insert.columns = self.identifier_list()?;
        }
        let is_replace = self.at(K::Replace) && matches!(self.keyword_at(1), Some(K::Where | K::On | K::Using));
        if overwrite || !is_replace {
            return Ok(());
        }
        self.advance();
        match self.expect_any(&[K::Where, K::On, K::Using])? {
            K::Where => insert.mode = InsertMode::ReplaceWhere(self.expression()?),
            K::On => {
                self.expression()?;
                target.refers_to_source = true;
                target.unsupported = Some("INSERT INTO … REPLACE ON");
            }
            _ => {
                self.identifier_list()?;
                target.refers_to_source = true;
                target.unsupported = Some("INSERT INTO … REPLACE USING");
            }
        }
        Ok(())
    }

    /// `[LOCAL] DIRECTORY ['path'] USING format [OPTIONS (…)]`
    fn insert_directory(&mut self) -> Result<Target> {
        let local = self.accept(K::Local);
        self.expect(K::Directory)?;
        let path = if self.kind().is_string() { Some(self.string()?) } else { None };
        let mut format = String::new();
        let mut options = Options::new();
        if self.accept(K::Using) {
            format = self.name()?.join(".");
            if self.accept(K::Options) {
                options = self.property_list()?;
            }
            let has_option = options.iter().any(|(key, _)| key.eq_ignore_ascii_case("path"));
            if path.is_some() == has_option {
                let what = hearth_base::condition::INSERT_DIRECTORY_PATH.error();
                self.defer(self.about(self.statement_start, what));
            }
        } else {
            if self.at(K::Row) {
                self.row_format()?;
            }
            if self.at(K::Stored) {
                self.file_format()?;
            }
        }
        let target = InsertTarget::Directory { path, format, options, local };
        Ok(Target { insert: insert(target, InsertMode::Overwrite), unsupported: None, refers_to_source: false })
    }

    /// `DEFAULT` where a value stands for a column is that column's default.
    pub(super) fn default_if_word(&self, value: Expr) -> Expr {
        if self.is_word(&value, "default") { Expr { node: ExprNode::Default, origin: value.origin } } else { value }
    }
}

fn insert(target: InsertTarget, mode: InsertMode) -> Insert {
    Insert {
        target,
        partition: Vec::new(),
        if_partition_not_exists: false,
        columns: Vec::new(),
        by_name: false,
        mode,
        query: Box::new(Relation::new(RelationNode::OneRow)),
    }
}

fn inserted(target: Target, mut query: Relation) -> Plan {
    if let Some(what) = target.unsupported {
        return unsupported(what);
    }
    defaults_in_values(&mut query);
    Plan::Command(Command::Insert(Box::new(Insert { query: Box::new(query), ..target.insert })))
}

/// `VALUES (1, DEFAULT)`
fn defaults_in_values(query: &mut Relation) {
    match &mut query.node {
        RelationNode::InlineTable { rows } => {
            for value in rows.iter_mut().flatten() {
                if matches!(&value.node, ExprNode::Attribute { name, .. }
                    if matches!(name.as_slice(), [only] if only.eq_ignore_ascii_case("default")))
                {
                    value.node = ExprNode::Default;
                }
            }
        }
        RelationNode::SubqueryAlias { input, .. } => defaults_in_values(input),
        _ => {}
    }
}
