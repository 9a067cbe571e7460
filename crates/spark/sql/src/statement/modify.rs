//! `DELETE`, `UPDATE`, `MERGE`.

use hearth_base::Result;
use hearth_base::condition::{MERGE_INSERT_VALUE_COUNT_MISMATCH, MERGE_WITHOUT_WHEN};
use hearth_plan::command::MergeInto;
use hearth_plan::expression::{MergeAction, MergeActionKind};
use hearth_plan::relation::{MergeActions, NamedTable};
use hearth_plan::{Command, Expr, Plan, Relation, RelationNode};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

type Assignments = Vec<(Expr, Expr)>;

impl Parser<'_> {
    pub(super) fn delete(&mut self) -> Result<Plan> {
        self.advance();
        self.expect(K::From)?;
        let table = self.table_name()?;
        let alias = self.strict_alias()?;
        let condition = self.condition(K::Where)?;
        Ok(Plan::Command(Command::Delete { table, alias, condition }))
    }

    pub(super) fn update(&mut self) -> Result<Plan> {
        self.advance();
        let table = self.table_name()?;
        let alias = self.strict_alias()?;
        self.expect(K::Set)?;
        let assignments = self.assignments()?;
        let condition = self.condition(K::Where)?;
        Ok(Plan::Command(Command::Update { table, alias, assignments, condition }))
    }

    fn assignments(&mut self) -> Result<Assignments> {
        self.comma_list(|parser| {
            let column = parser.column_name()?;
            parser.expect_kind(TokenKind::Equal)?;
            let value = parser.expression()?;
            Ok((column, parser.default_if_word(value)))
        })
    }

    pub(super) fn merge(&mut self) -> Result<Plan> {
        self.advance();
        let schema_evolution = self.accept_all(&[K::With, K::Schema, K::Evolution]);
        self.expect_before(TokenKind::Word(Some(K::Into)), &[TokenKind::Word(Some(K::Into))])?;
        let target = self.table_name()?;
        let target_alias = self.strict_alias()?;
        self.expect(K::Using)?;
        let source = self.merge_source()?;
        self.expect(K::On)?;
        let condition = self.expression()?;
        let mut actions =
            MergeActions { matched: Vec::new(), not_matched: Vec::new(), not_matched_by_source: Vec::new() };
        while self.accept(K::When) {
            let not = self.accept(K::Not) || self.accept_kind(TokenKind::Bang);
            self.expect(K::Matched)?;
            let by_source = not && self.accept_all(&[K::By, K::Source]);
            if not && !by_source {
                self.accept_all(&[K::By, K::Target]);
            }
            let guard = if self.accept(K::And) { Some(self.expression()?) } else { None };
            self.expect_quietly(TokenKind::Word(Some(K::Then)))?;
            let action = self.merge_action(guard, not && !by_source, by_source)?;
            let list = match (not, by_source) {
                (false, _) => &mut actions.matched,
                (true, false) => &mut actions.not_matched,
                (true, true) => &mut actions.not_matched_by_source,
            };
            list.push(action);
        }
        let count = actions.matched.len() + actions.not_matched.len() + actions.not_matched_by_source.len();
        if count == 0 && !matches!(self.kind(), TokenKind::End | TokenKind::Semicolon) {
            return Err(self.unexpected());
        }
        if count == 0 {
            self.defer(self.about_statement(MERGE_WITHOUT_WHEN.error()));
        }
        let source = Box::new(source);
        let merge = MergeInto { target, target_alias, source, condition, actions, schema_evolution };
        Ok(Plan::Command(Command::MergeInto(Box::new(merge))))
    }

    fn merge_source(&mut self) -> Result<Relation> {
        let start = self.start();
        let relation = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized_query()?
        } else {
            let name = self.table_name()?;
            let table = NamedTable { name, options: Vec::new(), is_streaming: false, travel: None };
            self.relation(start, RelationNode::NamedTable(table))
        };
        self.aliased(start, relation)
    }

    fn merge_action(&mut self, condition: Option<Expr>, inserts: bool, by_source: bool) -> Result<MergeAction> {
        let action = |kind, assignments| MergeAction { kind, condition, assignments };
        if inserts {
            self.expect(K::Insert)?;
            if self.accept_kind(TokenKind::Asterisk) {
                return Ok(action(MergeActionKind::InsertStar, Vec::new()));
            }
            let columns = self.paren_list(Self::column_name)?;
            self.expect(K::Values)?;
            let values = self.paren_list(|parser| {
                let value = parser.expression()?;
                Ok(parser.default_if_word(value))
            })?;
            if columns.len() != values.len() {
                let error = MERGE_INSERT_VALUE_COUNT_MISMATCH
                    .with("expectedCount", columns.len())
                    .with("actualCount", values.len());
                self.defer(self.about_statement(error));
            }
            return Ok(action(MergeActionKind::Insert, columns.into_iter().zip(values).collect()));
        }
        if self.accept(K::Delete) {
            return Ok(action(MergeActionKind::Delete, Vec::new()));
        }
        self.expect_all(&[K::Update, K::Set])?;
        if !by_source && self.accept_kind(TokenKind::Asterisk) {
            return Ok(action(MergeActionKind::UpdateStar, Vec::new()));
        }
        Ok(action(MergeActionKind::Update, self.assignments()?))
    }
}
