//! `CREATE FUNCTION`: by class, or with a body in SQL.

use hearth_base::Result;
use hearth_base::condition::{
    CREATE_ROUTINE_WITH_IF_NOT_EXISTS_AND_REPLACE, CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS, DUPLICATE_CLAUSES,
    FUNCTION_PARAMETER_NOT_NULL, OPERATION_NOT_ALLOWED,
};
use hearth_plan::catalog::{ColumnDef, CreateFunction, FunctionBody, SqlFunctionBody};
use hearth_plan::{CatalogOp, Plan};

use super::catalog;
use super::create::CreateWords;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// What a routine may say of itself, by the name of the clause.
const CHARACTERISTICS: [(&str, &[K]); 10] = [
    ("DETERMINISTIC", &[K::Deterministic]),
    ("DETERMINISTIC", &[K::Not, K::Deterministic]),
    ("SQL DATA ACCESS", &[K::No, K::Sql]),
    ("SQL DATA ACCESS", &[K::Contains, K::Sql]),
    ("SQL DATA ACCESS", &[K::Reads, K::Sql, K::Data]),
    ("SQL DATA ACCESS", &[K::Modifies, K::Sql, K::Data]),
    ("NULL CALL", &[K::Returns, K::Null, K::On, K::Null, K::Input]),
    ("NULL CALL", &[K::Called, K::On, K::Null, K::Input]),
    ("SQL SECURITY RIGHTS", &[K::Sql, K::Security, K::Invoker]),
    ("SQL SECURITY RIGHTS", &[K::Sql, K::Security, K::Definer]),
];

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
        self.expect_quietly(TokenKind::LeftParen)?;
        let is_empty = self.at_kind(TokenKind::RightParen);
        let parameters: Vec<ColumnDef> = if is_empty {
            Vec::new()
        } else {
            self.comma_list(|parser| {
                let start = parser.start();
                let (column, _) = parser.column_definition(super::column::ColumnOf::Function)?;
                if !column.nullable {
                    let written = parser.since(start);
                    parser.defer(parser.about(start, FUNCTION_PARAMETER_NOT_NULL.with("input", written)));
                }
                Ok(column)
            })?
        };
        self.forget_list();
        self.expect_kind(TokenKind::RightParen)?;
        let (mut returns, mut returns_table) = (None, None);
        if self.at(K::Returns) && self.keyword_at(1) != Some(K::Null) {
            self.advance();
            if self.at(K::Table) && self.kind_at(1) == TokenKind::LeftParen {
                self.advance();
                returns_table = Some(self.column_list(Self::plain_column)?);
            } else if self.at(K::Table) {
                self.advance();
                returns_table = Some(Vec::new());
            } else {
                returns = Some(self.type_ref()?);
            }
        }
        let comment = self.routine_characteristics()?;
        match returns.is_some() || returns_table.is_some() {
            true => self.expect(K::Return)?,
            false => self.expect_quietly(TokenKind::Word(Some(K::Return)))?,
        }
        let body = if self.starts_query_at(0) {
            SqlFunctionBody::Query(Box::new(self.query()?))
        } else {
            SqlFunctionBody::Expression(Box::new(self.expression()?))
        };
        Ok((FunctionBody::Sql { parameters, returns, returns_table, body }, comment))
    }

    /// `LANGUAGE SQL DETERMINISTIC COMMENT '…' …`: only the comment is kept.
    fn routine_characteristics(&mut self) -> Result<Option<String>> {
        let (start, mut comment, mut seen, mut refused) = (self.start(), None, Vec::new(), None);
        loop {
            let clause = if self.at(K::Comment) {
                comment = Some(self.comment_clause()?);
                "COMMENT"
            } else if self.at_any(&[K::Language, K::Specific]) {
                let is_language = self.advance().kind.keyword() == Some(K::Language);
                let word = self.plain_identifier()?;
                if is_language && !word.eq_ignore_ascii_case("sql") {
                    refused = refused.or(Some(format!("Unsupported language for user defined functions: {word}")));
                }
                if is_language { "LANGUAGE" } else { "SPECIFIC" }
            } else if self.at_all(&[K::Default, K::Collation]) {
                self.advance();
                self.advance();
                self.plain_identifier()?;
                continue;
            } else if let Some((clause, words)) = CHARACTERISTICS.iter().find(|(_, words)| self.accept_all(words)) {
                if matches!(words, [K::No, ..] | [K::Modifies, ..]) {
                    let words: Vec<_> = words.iter().map(|word| word.spelling()).collect();
                    refused = refused.or(Some(format!("SQL function with {} is not supported", words.join(" "))));
                }
                clause
            } else {
                break;
            };
            seen.push(clause);
        }
        if let Some(twice) = seen.iter().enumerate().find(|(at, clause)| seen[..*at].contains(clause)) {
            self.defer(self.about(start, DUPLICATE_CLAUSES.with("clauseName", *twice.1)));
        }
        if let Some(what) = refused {
            self.defer(self.about(start, OPERATION_NOT_ALLOWED.with("message", what)));
        }
        Ok(comment)
    }
}
