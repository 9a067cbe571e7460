//! Columns of `CREATE TABLE`, `ALTER TABLE` and function parameters, with their options and constraints.

use hearth_base::Result;
use hearth_base::condition::{
    CREATE_TABLE_COLUMN_DESCRIPTOR_DUPLICATE, FUNCTION_PARAMETER_CONSTRAINT, FUNCTION_PARAMETER_GENERATED,
    IDENTITY_DUPLICATE_OPTION, IDENTITY_ILLEGAL_STEP, IDENTITY_UNSUPPORTED_DATA_TYPE,
    INVALID_CONSTRAINT_CHARACTERISTICS, MULTIPLE_PRIMARY_KEYS, UNSUPPORTED_CONSTRAINT_CHARACTERISTIC,
};
use hearth_plan::catalog::{ColumnDef, TablePromise};
use hearth_plan::expression::TypeRef;
use hearth_types::DataType;

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// Columns, and the constraints among them.
pub(super) struct TableElements {
    pub columns: Vec<ColumnDef>,
    pub promise: TablePromise,
}

/// Where a column stands, which decides what may be said of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnOf {
    Table,
    Function,
}

impl Parser<'_> {
    /// `(a INT NOT NULL DEFAULT 1, PRIMARY KEY (a), …)`
    pub(super) fn table_elements(&mut self) -> Result<TableElements> {
        let mut promise = TablePromise::Nothing;
        let start = self.start() + 1;
        self.primary_keys.clear();
        let columns = self.column_list(|parser| {
            if parser.at_table_constraint() {
                promise = promise.max(parser.table_constraint()?);
                return Ok(None);
            }
            let (column, more) = parser.column_definition(ColumnOf::Table)?;
            promise = promise.max(more);
            Ok(Some(column))
        })?;
        if self.primary_keys.len() > 1 {
            let keys: Vec<_> = self.primary_keys.iter().map(|key| format!("({})", key.join(", "))).collect();
            let error = MULTIPLE_PRIMARY_KEYS.with("columns", keys.join(", "));
            self.defer(crate::error::about(error, self.text, start, self.end() - 1));
        }
        Ok(TableElements { columns: columns.into_iter().flatten().collect(), promise })
    }

    /// Columns in parentheses.
    pub(super) fn column_list<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_kind(TokenKind::LeftParen)?;
        let columns = self.comma_list(item)?;
        self.forget_list();
        self.expect_kind(TokenKind::RightParen)?;
        Ok(columns)
    }

    /// One column and the constraint or identity that it carries.
    pub(super) fn column_definition(&mut self, of: ColumnOf) -> Result<(ColumnDef, TablePromise)> {
        let start = self.start();
        let mut twice = None;
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
        let mut is_constrained = false;
        loop {
            if self.at_not_null() {
                twice = twice.or((!column.nullable).then_some("NOT NULL"));
                self.accept_infix_not()?;
                self.advance();
                column.nullable = false;
            } else if self.at(K::Default) {
                twice = twice.or(column.default.is_some().then_some("DEFAULT"));
                self.advance();
                let at = self.start();
                column.default = Some(self.expression()?);
                column.default_text = Some(self.since(at).to_owned());
            } else if self.at(K::Comment) {
                twice = twice.or(column.comment.is_some().then_some("COMMENT"));
                column.comment = Some(self.comment_clause()?);
            } else if self.accept(K::Generated) {
                twice = twice.or(column.generated.is_some().then_some("GENERATED ALWAYS AS"));
                if of == ColumnOf::Function {
                    self.defer(self.about_statement(FUNCTION_PARAMETER_GENERATED.error()));
                }
                if self.generated(start, &mut column)? {
                    promise = TablePromise::Identity;
                }
            } else if self.at_any(&[K::Constraint, K::Check, K::Unique, K::Primary, K::References]) {
                twice = twice.or(is_constrained.then_some("CONSTRAINT"));
                is_constrained = true;
                if of == ColumnOf::Function {
                    self.defer(self.about_statement(FUNCTION_PARAMETER_CONSTRAINT.error()));
                }
                promise = promise.max(self.column_constraint(&column.name)?);
            } else {
                break;
            }
        }
        if let Some(option) = twice.filter(|_| of == ColumnOf::Table) {
            let error =
                CREATE_TABLE_COLUMN_DESCRIPTOR_DUPLICATE.with("columnName", &column.name).with("optionName", option);
            self.defer(self.about(start, error));
        }
        Ok((column, promise))
    }

    pub(super) fn at_not_null(&self) -> bool {
        (self.at(K::Not) || self.at_kind(TokenKind::Bang)) && self.keyword_at(1) == Some(K::Null)
    }

    /// `ALWAYS AS (expression)`, or an identity, which is said by `true`.
    fn generated(&mut self, start: usize, column: &mut ColumnDef) -> Result<bool> {
        let is_always = self.accept(K::Always);
        if !is_always {
            self.expect_all(&[K::By, K::Default])?;
        }
        self.expect(K::As)?;
        if !is_always {
            self.expect(K::Identity)?;
        } else if !self.accept(K::Identity) {
            self.expect_quietly(TokenKind::LeftParen)?;
            column.generated = Some(self.expression()?);
            self.expect_kind(TokenKind::RightParen)?;
            return Ok(false);
        }
        let mut refused = None;
        if self.accept_kind(TokenKind::LeftParen) {
            let (mut has_start, mut has_step) = (false, false);
            while !self.accept_kind(TokenKind::RightParen) {
                let is_start = self.expect_any(&[K::Start, K::Increment])? == K::Start;
                self.expect(if is_start { K::With } else { K::By })?;
                let (seen, name) = if is_start { (&mut has_start, "START") } else { (&mut has_step, "STEP") };
                if std::mem::replace(seen, true) {
                    refused.get_or_insert(IDENTITY_DUPLICATE_OPTION.with("sequenceGeneratorOption", name));
                }
                self.accept_kind(TokenKind::Minus);
                if !matches!(self.kind(), TokenKind::Integer | TokenKind::Long) {
                    return Err(self.unexpected());
                }
                let number = self.advance();
                if !is_start && self.lexeme(number).bytes().all(|digit| digit == b'0') {
                    refused.get_or_insert(IDENTITY_ILLEGAL_STEP.error());
                }
            }
        }
        if column.data_type == TypeRef::Known(DataType::String { collation: None }) {
            refused.get_or_insert(IDENTITY_UNSUPPORTED_DATA_TYPE.with("dataType", "StringType"));
        }
        if let Some(error) = refused {
            self.defer(self.about(start, error));
        }
        Ok(true)
    }

    fn column_constraint(&mut self, column: &str) -> Result<TablePromise> {
        let start = self.start();
        if self.accept(K::Constraint) {
            self.identifier()?;
        }
        let kind = self.expect_any(&[K::Check, K::Unique, K::Primary, K::References])?;
        match kind {
            K::Check => self.check_constraint()?,
            K::Primary => {
                self.expect(K::Key)?;
                self.primary_keys.push(vec![column.to_owned()]);
            }
            K::References => self.references()?,
            _ => {}
        }
        self.constraint_characteristics(start, kind);
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
        let start = self.start();
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
                let key = self.identifier_list()?;
                self.primary_keys.push(key);
            }
            _ => {
                self.expect(K::Key)?;
                self.identifier_list()?;
                self.expect(K::References)?;
                self.references()?;
            }
        }
        self.constraint_characteristics(start, kind);
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

    /// `[NOT] ENFORCED`, `RELY`, `NORELY` behind a constraint that began at `start`: one of each pair.
    fn constraint_characteristics(&mut self, start: usize, kind: K) {
        let (mut enforced, mut relied) = (Vec::new(), Vec::new());
        loop {
            if self.accept_all(&[K::Not, K::Enforced]) {
                enforced.push("NOT ENFORCED");
            } else if self.accept(K::Enforced) {
                enforced.push("ENFORCED");
            } else if let Some(word) = self.accept_any(&[K::Rely, K::Norely]) {
                relied.push(word.spelling());
            } else {
                break;
            }
        }
        if let Some(several) = [&enforced, &relied].into_iter().find(|words| words.len() > 1) {
            let error = INVALID_CONSTRAINT_CHARACTERISTICS.with("characteristics", several.join(", "));
            self.defer(self.about(start, error));
        }
        let (constraint, refused) = match kind {
            K::Check => ("CHECK", "NOT ENFORCED"),
            K::Unique => ("UNIQUE", "ENFORCED"),
            K::Primary => ("PRIMARY KEY", "ENFORCED"),
            _ => ("FOREIGN KEY", "ENFORCED"),
        };
        if enforced.contains(&refused) {
            let error = UNSUPPORTED_CONSTRAINT_CHARACTERISTIC
                .with("characteristic", refused)
                .with("constraintType", constraint);
            self.defer(self.about(start, error));
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
