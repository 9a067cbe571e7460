//! Table functions: `range(10)`, `explode(a) AS t(x)`, `f(TABLE(t) PARTITION BY a, n => 1)`.

use hearth_base::condition::TABLE_ARGUMENT_WITHOUT_PARENTHESES;
use hearth_base::{Error, Result};
use hearth_plan::expression::{Subquery, SubqueryKind, SubquerySource};
use hearth_plan::relation::{NamedTable, TableFunction, TableName};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// Whether `name.name(` stands here.
    pub(super) fn at_table_function(&self) -> bool {
        let mut ahead = 0;
        while self.kind_at(ahead).is_name() {
            match self.kind_at(ahead + 1) {
                TokenKind::Dot => ahead += 2,
                TokenKind::LeftParen if ahead == 0 && self.keyword() == Some(K::Identifier) => {
                    return self.identifier_is_called();
                }
                TokenKind::LeftParen => return true,
                _ => return false,
            }
        }
        false
    }

    /// Whether arguments stand behind `IDENTIFIER(…)`.
    fn identifier_is_called(&self) -> bool {
        let mut depth = 0_usize;
        for ahead in 1.. {
            match self.kind_at(ahead) {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 1 => return self.kind_at(ahead + 1) == TokenKind::LeftParen,
                TokenKind::RightParen => depth -= 1,
                TokenKind::End => return false,
                _ => {}
            }
        }
        false
    }

    pub(super) fn table_function(&mut self, start: usize) -> Result<Relation> {
        let name = self.table_function_name()?;
        self.expect_kind(TokenKind::LeftParen)?;
        let is_empty = self.at_kind(TokenKind::RightParen);
        let arguments = if is_empty { Vec::new() } else { self.comma_list(Self::table_function_argument)? };
        // Of one name it may be the columns of an alias just as well.
        match self.is_behind_first_name() {
            true => self.expect_quietly(TokenKind::RightParen)?,
            false => drop(self.expect_kind(TokenKind::RightParen)?),
        }
        let function = self.relation(start, RelationNode::TableFunction(TableFunction { name, arguments }));
        if self.at(K::Watermark) && self.at_clause() {
            return Err(self.about(start, Error::unsupported("WATERMARK")));
        }
        // A function has no sample: the word is its alias.
        if self.at(K::Tablesample) {
            let alias = self.plain_identifier()?;
            let columns = if self.at_kind(TokenKind::LeftParen) { self.identifier_list()? } else { Vec::new() };
            return Ok(self.subquery_alias(start, function, alias, columns));
        }
        self.aliased(start, function)
    }

    fn table_function_name(&mut self) -> Result<TableName> {
        if self.at(K::Identifier) && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            self.advance();
            let expr = self.expression()?;
            self.expect_kind(TokenKind::RightParen)?;
            return Ok(TableName::identifier(expr));
        }
        let mut name = vec![self.plain_identifier()?];
        while self.accept_kind(TokenKind::Dot) {
            name.push(self.plain_identifier()?);
        }
        Ok(TableName::from(name))
    }

    fn table_function_argument(&mut self) -> Result<Expr> {
        let start = self.start();
        let named = self.kind().is_name() && self.kind_at(1) == TokenKind::FatArrow;
        let is_table = |parser: &Self, ahead: usize| {
            parser.keyword_at(ahead) == Some(K::Table)
                && (parser.kind_at(ahead + 1) == TokenKind::LeftParen || parser.kind_at(ahead + 1).is_name())
        };
        if named && is_table(self, 2) {
            let key = self.plain_identifier()?;
            self.advance();
            let value = Box::new(self.table_argument()?);
            return Ok(self.expr(start, ExprNode::NamedArgument { key, value }));
        }
        if !named && is_table(self, 0) {
            return self.table_argument();
        }
        self.argument()
    }

    /// `TABLE(query or name) [PARTITION BY … [ORDER BY …] | WITH SINGLE PARTITION]`
    fn table_argument(&mut self) -> Result<Expr> {
        let start = self.start();
        self.expect(K::Table)?;
        if !self.at_kind(TokenKind::LeftParen) {
            let name = self.name()?;
            let quoted: Vec<_> = name.iter().map(|part| format!("`{}`", part.replace('`', "``"))).collect();
            let error = TABLE_ARGUMENT_WITHOUT_PARENTHESES.with("argumentName", quoted.join("."));
            self.defer(self.about(start, error));
            return Ok(self.expr(start, ExprNode::Attribute { name, plan_id: None, is_metadata: false }));
        }
        let at = self.start();
        let is_query = self.starts_query_at(1) || self.kind_at(1) == TokenKind::LeftParen;
        let relation = if is_query {
            self.parenthesized_query()?
        } else {
            self.expect_kind(TokenKind::LeftParen)?;
            let name: TableName = self.table_name()?;
            self.expect_kind(TokenKind::RightParen)?;
            let table = NamedTable { name, options: Vec::new(), is_streaming: false, travel: None };
            self.relation(at, RelationNode::NamedTable(table))
        };
        let kind = self.table_argument_partitioning(start)?;
        let subquery = Subquery { kind, source: SubquerySource::Inline(Box::new(relation)) };
        Ok(self.expr(start, ExprNode::Subquery(Box::new(subquery))))
    }

    fn table_argument_partitioning(&mut self, start: usize) -> Result<SubqueryKind> {
        let single_partition = self.accept_all(&[K::With, K::Single, K::Partition]);
        let mut partition = Vec::new();
        if !single_partition && (self.accept_all(&[K::Partition, K::By]) || self.accept_all(&[K::Distribute, K::By])) {
            let in_parens = self.at_list_in_parens();
            partition = if in_parens { self.paren_list(Self::expression)? } else { vec![self.expression()?] };
            self.several_without_parens(start, "PARTITION BY")?;
        }
        let mut order = Vec::new();
        if self.accept_all(&[K::Order, K::By]) || self.accept_all(&[K::Sort, K::By]) {
            let in_parens = self.at_list_in_parens();
            order = if in_parens { self.paren_list(Self::sort_item)? } else { vec![self.sort_item()?] };
            self.several_without_parens(start, "ORDER BY")?;
        }
        Ok(SubqueryKind::TableArgument { partition, order, single_partition })
    }

    /// `PARTITION BY a, 2`: what follows the comma is the next argument, unless it can only be meant as a key.
    fn several_without_parens(&mut self, start: usize, clause: &str) -> Result<()> {
        let next_is_argument = (self.kind_at(1).is_name() && self.kind_at(2) == TokenKind::FatArrow)
            || (self.keyword_at(1) == Some(K::Table) && self.kind_at(2) == TokenKind::LeftParen);
        if !self.at_kind(TokenKind::Comma) || next_is_argument {
            return Ok(());
        }
        let message = format!(
            "The table function call includes a table argument with an invalid partitioning/ordering specification: \
             the {clause} clause included multiple expressions without parentheses surrounding them; please add \
             parentheses around these expressions and then retry the query again"
        );
        self.advance();
        self.expression()?;
        self.defer(self.against_rule(start, &message));
        Ok(())
    }

    /// Parentheses around the whole list, not around its first operand.
    fn at_list_in_parens(&self) -> bool {
        self.at_kind(TokenKind::LeftParen)
            && self.behind_parens(0).is_some_and(|behind| match self.kind_at(behind) {
                TokenKind::RightParen | TokenKind::Comma => true,
                _ => matches!(self.keyword_at(behind), Some(K::Order | K::Sort)),
            })
    }
}
