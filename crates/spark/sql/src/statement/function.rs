//! `CREATE FUNCTION`: by class, or with a body in SQL.

use hearth_base::Result;
use hearth_base::condition::{
    CREATE_ROUTINE_WITH_IF_NOT_EXISTS_AND_REPLACE, CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS, FUNCTION_PARAMETER_NOT_NULL,
};
use hearth_plan::catalog::{ColumnDef, CreateFunction, FunctionBody, SqlFunctionBody};
use hearth_plan::{CatalogOp, Plan};

use super::catalog;
use super::create::CreateWords;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn create_function(&mut self, words: CreateWords) -> Result<Plan> {
        self.advance();
        let if_not_exists = self.if_not_exists()?;
        let name = self.plain_name()?;
        if if_not_exists && words.or_replace {
            self.defer(self.about_statement(CREATE_ROUTINE_WITH_IF_NOT_EXISTS_AND_REPLACE.error()));
        }
        if words.temporary {
            if if_not_exists {
                self.defer(self.about_statement(CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS.error()));
            }
            self.temporary_name("FUNCTION", &name);
        }
        let (body, comment) = if self.accept(K::As) { (self.class_body()?, None) } else { self.sql_function()? };
        Ok(catalog(CatalogOp::CreateFunction(Box::new(CreateFunction {
            name,
            temporary: words.temporary,
            or_replace: words.or_replace,
            if_not_exists,
            body,
            comment,
        }))))
    }

    /// `'class' [USING JAR 'path', …]`
    fn class_body(&mut self) -> Result<FunctionBody> {
        let class_name = self.string()?;
        let mut resources = Vec::new();
        if self.accept(K::Using) {
            resources = self.comma_list(|parser| {
                let kind = parser.plain_identifier()?.to_lowercase();
                if !matches!(kind.as_str(), "jar" | "file" | "archive") {
                    let what = format!("CREATE FUNCTION with resource type '{kind}'");
                    parser.defer(parser.operation_not_allowed(&what));
                }
                Ok((kind, parser.string()?))
            })?;
        }
        Ok(FunctionBody::Class { class_name, resources })
    }

    fn sql_function(&mut self) -> Result<(FunctionBody, Option<String>)> {
        self.expect_kind(TokenKind::LeftParen)?;
        let is_empty = self.at_kind(TokenKind::RightParen);
        let parameters: Vec<ColumnDef> = if is_empty {
            Vec::new()
        } else {
            self.comma_list(|parser| {
                let start = parser.start();
                let (column, _) = parser.column_definition()?;
                if !column.nullable {
                    let written = parser.since(start);
                    parser.defer(parser.about(start, FUNCTION_PARAMETER_NOT_NULL.with("input", written)));
                }
                Ok(column)
            })?
        };
        self.expect_kind(TokenKind::RightParen)?;
        let (mut returns, mut returns_table) = (None, None);
        if self.at(K::Returns) && self.keyword_at(1) != Some(K::Null) {
            self.advance();
            if self.at(K::Table) && self.kind_at(1) == TokenKind::LeftParen {
                self.advance();
                returns_table = Some(self.paren_list(Self::plain_column)?);
            } else if self.at(K::Table) {
                self.advance();
                returns_table = Some(Vec::new());
            } else {
                returns = Some(self.type_ref()?);
            }
        }
        let comment = self.routine_characteristics()?;
        self.expect_quietly(TokenKind::Word(Some(K::Return)))?;
        let body = if self.starts_query_at(0) {
            SqlFunctionBody::Query(Box::new(self.query()?))
        } else {
            SqlFunctionBody::Expression(Box::new(self.expression()?))
        };
        Ok((FunctionBody::Sql { parameters, returns, returns_table, body }, comment))
    }

    /// `LANGUAGE SQL DETERMINISTIC COMMENT '…' …`: only the comment is kept.
    fn routine_characteristics(&mut self) -> Result<Option<String>> {
        let mut comment = None;
        let flags: [&[K]; 11] = [
            &[K::Deterministic],
            &[K::Not, K::Deterministic],
            &[K::No, K::Sql],
            &[K::Contains, K::Sql],
            &[K::Reads, K::Sql, K::Data],
            &[K::Modifies, K::Sql, K::Data],
            &[K::Returns, K::Null, K::On, K::Null, K::Input],
            &[K::Called, K::On, K::Null, K::Input],
            &[K::Sql, K::Security, K::Invoker],
            &[K::Sql, K::Security, K::Definer],
            &[K::Default, K::Collation],
        ];
        loop {
            if self.at(K::Comment) {
                self.once("COMMENT", comment.is_some());
                comment = Some(self.comment_clause()?);
            } else if self.at_any(&[K::Language, K::Specific]) {
                self.advance();
                self.plain_identifier()?;
            } else if self.at_all(&[K::Default, K::Collation]) {
                self.advance();
                self.advance();
                self.plain_identifier()?;
            } else if !flags.iter().any(|flag| self.accept_all(flag)) {
                return Ok(comment);
            }
        }
    }
}
