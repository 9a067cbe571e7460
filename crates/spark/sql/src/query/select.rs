//! `SELECT` and the `FROM`-first form.

use hearth_base::Result;
use hearth_plan::relation::{Grouping, SetOpKind};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};

use crate::dialect::Switch;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::Reading;
use crate::token::TokenKind;

/// A hint: its name and parameters.
type HintCall = (String, Vec<Expr>);

/// `SELECT /*+ hints */ [DISTINCT] items`
pub(super) struct SelectList {
    hints: Vec<HintCall>,
    distinct: bool,
    pub(super) items: Vec<Expr>,
}

impl SelectList {
    pub(super) fn plain(items: Vec<Expr>) -> Self {
        Self { hints: Vec::new(), distinct: false, items }
    }
}

impl Parser<'_> {
    pub(crate) fn select(&mut self) -> Result<Relation> {
        let start = self.start();
        if self.at_all(&[K::Select, K::Transform]) && self.is_transform() {
            return self.transform(None);
        }
        let list = self.select_list()?;
        let input =
            if self.at(K::From) { self.relations_clause()? } else { self.relation(start, RelationNode::OneRow) };
        self.select_rest(start, list, input)
    }

    pub(super) fn select_list(&mut self) -> Result<SelectList> {
        self.expect(K::Select)?;
        let mut hints = Vec::new();
        while self.accept_kind(TokenKind::HintStart) {
            hints.extend(self.hints()?);
        }
        let distinct = self.set_quantifier() == Some(K::Distinct);
        let around = std::mem::replace(&mut self.is_select_list, true);
        let items = self.named_expressions();
        self.is_select_list = around;
        let items = items?;
        Ok(SelectList { hints, distinct, items })
    }

    fn hints(&mut self) -> Result<Vec<HintCall>> {
        let mut hints = Vec::new();
        loop {
            let name = self.plain_identifier()?;
            let parameters = if self.at_kind(TokenKind::LeftParen) {
                self.paren_list(|parser| parser.nested(Self::primary))?
            } else {
                Vec::new()
            };
            hints.push((name, parameters));
            self.accept_kind(TokenKind::Comma);
            if self.accept_kind(TokenKind::HintEnd) {
                return Ok(hints);
            }
        }
    }

    /// From `LATERAL VIEW` to `QUALIFY`, in the order in which Spark stacks the nodes.
    pub(super) fn select_rest(&mut self, start: usize, list: SelectList, input: Relation) -> Result<Relation> {
        let mut relation = self.lateral_views(start, input)?;
        relation = self.where_clause(start, relation)?;
        let grouping = self.group_by()?;
        let having = self.condition(K::Having)?;
        let SelectList { hints, distinct, items } = list;
        let input = Box::new(relation);
        relation = match (grouping, &having) {
            (None, having) if having.is_none() || self.dialect.has(Switch::HavingIsWhere) => {
                self.relation(start, RelationNode::Project { input, expressions: items })
            }
            (grouping, _) => {
                let grouping = grouping.unwrap_or(Grouping::Items(Vec::new()));
                self.relation(start, RelationNode::Aggregate { input, grouping, expressions: items })
            }
        };
        let is_where = self.dialect.has(Switch::HavingIsWhere) && matches!(relation.node, RelationNode::Project { .. });
        if let Some(condition) = having.clone().filter(|_| is_where) {
            relation = self.relation(start, RelationNode::Filter { input: Box::new(relation), condition });
        } else if let Some(condition) = having {
            relation = self.relation(start, RelationNode::Having { input: Box::new(relation), condition });
        }
        let at = self.index();
        let windows = if self.at(K::Window) && self.at_clause() {
            self.predicted(at, |_, _| Some(Reading::Absent), Self::window_clause)?
        } else {
            None
        };
        if let Some(condition) = self.condition(K::Qualify)? {
            relation = self.relation(start, RelationNode::Qualify { input: Box::new(relation), condition });
        }
        if distinct {
            relation = self.relation(start, RelationNode::Distinct { input: Box::new(relation) });
        }
        if let Some(windows) = windows {
            relation = self.relation(start, RelationNode::WithWindows { input: Box::new(relation), windows });
        }
        for (name, parameters) in hints.into_iter().rev() {
            relation = self.relation(start, RelationNode::Hint { input: Box::new(relation), name, parameters });
        }
        Ok(relation)
    }

    pub(crate) fn where_clause(&mut self, start: usize, input: Relation) -> Result<Relation> {
        match self.condition(K::Where)? {
            Some(condition) => Ok(self.relation(start, RelationNode::Filter { input: Box::new(input), condition })),
            None => Ok(input),
        }
    }

    /// `WHERE condition` and its like.
    pub(crate) fn condition(&mut self, keyword: K) -> Result<Option<Expr>> {
        if !self.at(keyword) {
            return Ok(None);
        }
        self.advance();
        self.expression().map(Some)
    }

    /// `FROM t [SELECT …]…`: several selects are a union.
    pub(crate) fn relations_first(&mut self) -> Result<Relation> {
        let start = self.start();
        let input = self.relations_clause()?;
        let mut union: Option<Relation> = None;
        while self.at_any(&[K::Select, K::Map, K::Reduce]) {
            let body = self.body_over(start, input.clone())?;
            union = Some(match union {
                Some(left) => self.set_op(start, left, body, (SetOpKind::Union, true)),
                None => body,
            });
            self.grew()?;
        }
        Ok(union.unwrap_or(input))
    }

    pub(crate) fn body_over(&mut self, start: usize, input: Relation) -> Result<Relation> {
        if !self.at(K::Select) || (self.at_all(&[K::Select, K::Transform]) && self.is_transform()) {
            return self.transform(Some(input));
        }
        let around = std::mem::replace(&mut self.is_behind_from, true);
        let list = self.select_list();
        self.is_behind_from = around;
        let body = self.select_rest(start, list?, input)?;
        self.organization(start, body)
    }
}

/// An alias's expression; other expressions as they are.
pub(super) fn strip_alias(expr: Expr) -> Expr {
    match expr.node {
        ExprNode::Alias { expr, .. } => *expr,
        node => Expr { node, origin: expr.origin },
    }
}
