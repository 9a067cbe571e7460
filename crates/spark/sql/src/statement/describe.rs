//! `DESCRIBE …`

use hearth_base::Result;
use hearth_base::condition::{DESCRIBE_JSON_NOT_EXTENDED, EMPTY_PARTITION_VALUE};
use hearth_plan::{CatalogOp, Command, Name, Plan};

use super::catalog;
use crate::error::bare;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn describe(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        if let Some(plan) = self.describe_delta()? {
            return Ok(plan);
        }
        match self.keyword() {
            Some(K::Function) if self.describes_function() => return self.describe_function(),
            Some(K::Procedure) if self.kind_at(1).is_name() => {
                self.advance();
                let name = self.plain_name()?;
                return Ok(Plan::Command(Command::Procedure { name, origin: self.origin(start) }));
            }
            Some(K::Namespace | K::Database | K::Schema) if self.kind_at(1).is_name() => {
                self.advance();
                let extended = self.at(K::Extended) && self.kind_at(1).is_name();
                if extended {
                    self.advance();
                }
                let name = self.plain_name()?;
                return Ok(catalog(CatalogOp::DescribeDatabase { name, extended }));
            }
            _ => {}
        }
        let has_word = self.at(K::Query) && (self.starts_query_at(1) || self.kind_at(1) == TokenKind::LeftParen);
        let is_table = self.at(K::Table) && !matches!(self.keyword_at(2), Some(K::Union | K::Order));
        if has_word || self.at_kind(TokenKind::LeftParen) || (self.starts_query_at(0) && !is_table) {
            if has_word {
                self.advance();
            }
            let query = Box::new(self.query()?);
            return Ok(Plan::Command(Command::DescribeQuery { query }));
        }
        self.describe_table()
    }

    fn describes_function(&self) -> bool {
        !matches!(self.kind_at(1), TokenKind::End | TokenKind::Semicolon | TokenKind::Dot)
    }

    fn describe_function(&mut self) -> Result<Plan> {
        self.advance();
        let extended = self.at(K::Extended) && !matches!(self.kind_at(1), TokenKind::End | TokenKind::Dot);
        if extended {
            self.advance();
        }
        let start = self.start();
        let name = self.described_function_name()?;
        Ok(catalog(CatalogOp::DescribeFunction { name, extended, origin: self.origin(start) }))
    }

    /// A name, a string, or an operator.
    fn described_function_name(&mut self) -> Result<Name> {
        if self.kind().is_string() {
            return Ok(vec![self.string()?]);
        }
        if self.kind().is_name() {
            return self.plain_name();
        }
        let is_operator = matches!(
            self.kind(),
            TokenKind::Equal
                | TokenKind::NotEqual
                | TokenKind::BangEqual
                | TokenKind::NullSafeEqual
                | TokenKind::Less
                | TokenKind::LessEqual
                | TokenKind::Greater
                | TokenKind::GreaterEqual
                | TokenKind::Plus
                | TokenKind::Minus
                | TokenKind::Asterisk
                | TokenKind::Slash
                | TokenKind::Percent
                | TokenKind::Tilde
                | TokenKind::Ampersand
                | TokenKind::Pipe
                | TokenKind::Concat
                | TokenKind::Hat
                | TokenKind::ShiftLeft
                | TokenKind::ShiftRight
                | TokenKind::ShiftRightUnsigned
                | TokenKind::Bang
        );
        if !is_operator {
            return Err(self.unexpected());
        }
        let token = self.advance();
        Ok(vec![self.lexeme(token).to_owned()])
    }

    /// `[TABLE] [EXTENDED|FORMATTED] name [PARTITION (…)] [column] [AS JSON]`
    fn describe_table(&mut self) -> Result<Plan> {
        if self.kind_at(1).is_name() {
            self.accept(K::Table);
        }
        let extended = self.at_any(&[K::Extended, K::Formatted]) && self.kind_at(1).is_name();
        if extended {
            self.advance();
        }
        let named_at = self.start();
        let name = self.table_name()?;
        let named = self.since(named_at);
        let partition = self.optional_partition_spec()?;
        if let Some((key, _)) = partition.iter().find(|(_, value)| value.is_none()) {
            self.defer(self.about_statement(EMPTY_PARTITION_VALUE.with("partKey", format!("`{key}`"))));
        }
        let mut column = None;
        if self.kind().is_name() && !self.at_all(&[K::As, K::Json]) {
            column = Some(self.name()?);
        }
        let as_json = self.accept_all(&[K::As, K::Json]);
        if as_json && !extended {
            self.defer(bare(DESCRIBE_JSON_NOT_EXTENDED.with("tableName", named), self.text));
        }
        match column {
            Some(column) => {
                if !partition.is_empty() {
                    self.defer(self.about_statement(hearth_base::condition::DESCRIBE_COLUMN_OF_PARTITION.error()));
                }
                if as_json {
                    self.defer(bare(hearth_base::condition::DESCRIBE_COLUMN_AS_JSON.error(), self.text));
                }
                Ok(catalog(CatalogOp::DescribeColumn { name, column, extended }))
            }
            None => Ok(catalog(CatalogOp::DescribeTable { name, extended, partition, as_json })),
        }
    }
}
