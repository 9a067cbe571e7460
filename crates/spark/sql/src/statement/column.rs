//! Columns of `CREATE TABLE`, `ALTER TABLE` and function parameters, with their options and constraints.

use hearth_base::Result;
use hearth_plan::catalog::{ColumnDef, TablePromise};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// Columns, and the constraints among them.
pub(super) struct TableElements {
    pub columns: Vec<ColumnDef>,
    pub promise: TablePromise,
}

impl Parser<'_> {
    /// `(a INT NOT NULL DEFAULT 1, PRIMARY KEY (a), …)`
    pub(super) fn table_elements(&mut self) -> Result<TableElements> {
        let mut promise = TablePromise::Nothing;
        let columns = self.paren_list(|parser| {
            if parser.at_table_constraint() {
                promise = promise.max(parser.table_constraint()?);
                return Ok(None);
            }
            let (column, more) = parser.column_definition()?;
            promise = promise.max(more);
            Ok(Some(column))
        })?;
        Ok(TableElements { columns: columns.into_iter().flatten().collect(), promise })
    }

    /// One column and the constraint or identity that it carries.
    pub(super) fn column_definition(&mut self) -> Result<(ColumnDef, TablePromise)> {
        let name = self.identifier()?;
        let data_type = self.type_ref()?;
        let mut column = ColumnDef {
            name,
            data_type,
            nullable: true,
            default: None,
            default_text: None,
            generated: None,
            comment: None,
        };
        let mut promise = TablePromise::Nothing;
        loop {
            if self.at_not_null() {
                self.once("NOT NULL", !column.nullable);
                self.accept_infix_not()?;
                self.advance();
                column.nullable = false;
            } else if self.at(K::Default) {
                self.once("DEFAULT", column.default.is_some());
                self.advance();
                let at = self.start();
                column.default = Some(self.expression()?);
                column.default_text = Some(self.since(at).to_owned());
            } else if self.at(K::Comment) {
                self.once("COMMENT", column.comment.is_some());
                column.comment = Some(self.comment_clause()?);
            } else if self.accept(K::Generated) {
                if self.generated(&mut column)? {
                    promise = TablePromise::Identity;
                }
            } else if self.at_any(&[K::Constraint, K::Check, K::Unique, K::Primary, K::References]) {
                promise = promise.max(self.column_constraint()?);
            } else {
                return Ok((column, promise));
            }
        }
    }

    pub(super) fn at_not_null(&self) -> bool {
        (self.at(K::Not) || self.at_kind(TokenKind::Bang)) && self.keyword_at(1) == Some(K::Null)
    }

    /// `ALWAYS AS (expression)`, or an identity, which is said by `true`.
    fn generated(&mut self, column: &mut ColumnDef) -> Result<bool> {
        if !self.accept(K::Always) {
            self.expect_all(&[K::By, K::Default])?;
        }
        self.expect(K::As)?;
        if !self.accept(K::Identity) {
            self.expect_kind(TokenKind::LeftParen)?;
            column.generated = Some(self.expression()?);
            self.expect_kind(TokenKind::RightParen)?;
            return Ok(false);
        }
        if self.accept_kind(TokenKind::LeftParen) {
            while !self.accept_kind(TokenKind::RightParen) {
                match self.expect_any(&[K::Start, K::Increment])? {
                    K::Start => self.expect(K::With)?,
                    _ => self.expect(K::By)?,
                }
                self.accept_kind(TokenKind::Minus);
                if !matches!(self.kind(), TokenKind::Integer | TokenKind::Long) {
                    return Err(self.unexpected());
                }
                self.advance();
            }
        }
        Ok(true)
    }

    fn column_constraint(&mut self) -> Result<TablePromise> {
        if self.accept(K::Constraint) {
            self.identifier()?;
        }
        let kind = self.expect_any(&[K::Check, K::Unique, K::Primary, K::References])?;
        match kind {
            K::Check => self.check_constraint()?,
            K::Primary => self.expect(K::Key)?,
            K::References => self.references()?,
            _ => {}
        }
        self.constraint_characteristics();
        Ok(promise(kind))
    }

    pub(super) fn at_table_constraint(&self) -> bool {
        let next = self.kind_at(1);
        match self.keyword() {
            Some(K::Constraint) => {
                next.is_name() && matches!(self.keyword_at(2), Some(K::Check | K::Unique | K::Primary | K::Foreign))
            }
            Some(K::Check | K::Unique) => next == TokenKind::LeftParen,
            Some(K::Primary | K::Foreign) => {
                self.keyword_at(1) == Some(K::Key) && self.kind_at(2) == TokenKind::LeftParen
            }
            _ => false,
        }
    }

    pub(super) fn table_constraint(&mut self) -> Result<TablePromise> {
        if self.accept(K::Constraint) {
            self.identifier()?;
        }
        let kind = self.expect_any(&[K::Check, K::Unique, K::Primary, K::Foreign])?;
        match kind {
            K::Check => self.check_constraint()?,
            K::Unique => {
                self.identifier_list()?;
            }
            K::Primary => {
                self.expect(K::Key)?;
                self.identifier_list()?;
            }
            _ => {
                self.expect(K::Key)?;
                self.identifier_list()?;
                self.expect(K::References)?;
                self.references()?;
            }
        }
        self.constraint_characteristics();
        Ok(promise(kind))
    }

    fn check_constraint(&mut self) -> Result<()> {
        self.expect_kind(TokenKind::LeftParen)?;
        self.expression()?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(())
    }

    fn references(&mut self) -> Result<()> {
        self.name()?;
        if self.at_kind(TokenKind::LeftParen) {
            self.identifier_list()?;
        }
        Ok(())
    }

    fn constraint_characteristics(&mut self) {
        while self.accept_any(&[K::Enforced, K::Rely, K::Norely]).is_some() || self.accept_all(&[K::Not, K::Enforced]) {
        }
    }

    /// Columns of a schema without options: `a INT NOT NULL COMMENT 'x'`.
    pub(super) fn plain_column(&mut self) -> Result<ColumnDef> {
        let name = self.identifier()?;
        self.plain_column_named(name)
    }

    pub(super) fn plain_column_named(&mut self, name: String) -> Result<ColumnDef> {
        let data_type = self.type_ref()?;
        let nullable = !self.at_not_null();
        if !nullable {
            self.advance();
            self.advance();
        }
        let comment = if self.at(K::Comment) { Some(self.comment_clause()?) } else { None };
        Ok(ColumnDef { name, data_type, nullable, default: None, default_text: None, generated: None, comment })
    }

    /// Refuses a clause that is there twice.
    pub(super) fn once(&mut self, clause: &str, is_second: bool) {
        if is_second {
            let error = hearth_base::condition::DUPLICATE_CLAUSES.with("clauseName", clause);
            self.defer(self.about_statement(error));
        }
    }
}

/// What a constraint that begins with this keyword promises.
fn promise(kind: K) -> TablePromise {
    if kind == K::Check { TablePromise::Check } else { TablePromise::Keys }
}
