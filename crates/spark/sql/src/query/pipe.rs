//! The operators behind `|>`.

use hearth_base::condition::OPERATION_NOT_ALLOWED;
use hearth_base::{Error, Result};
use hearth_plan::relation::{Grouping, GroupingItem, SetOpKind};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};

use super::select::strip_alias;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// One operator on `input`.
    pub(super) fn pipe_operator(&mut self, start: usize, input: Relation) -> Result<Relation> {
        match self.keyword() {
            Some(K::Select) => {
                let list = self.select_list()?;
                if self.at(K::Group) {
                    return Err(self.about(start, Error::unsupported("GROUP BY behind |> SELECT")));
                }
                self.select_rest(start, list, input)
            }
            Some(K::Extend) => {
                self.advance();
                let mut expressions = vec![star(Vec::new())];
                expressions.extend(self.named_expressions()?);
                Ok(self.relation(start, RelationNode::Project { input: Box::new(input), expressions }))
            }
            Some(K::Set) => self.pipe_set(start, input),
            Some(K::Drop) => {
                self.advance();
                let except = self.names()?;
                let node = RelationNode::Project { input: Box::new(input), expressions: vec![star(except)] };
                Ok(self.relation(start, node))
            }
            Some(K::As) => {
                self.advance();
                let alias = self.identifier()?;
                Ok(self.subquery_alias(start, input, alias, Vec::new()))
            }
            Some(K::Where) => {
                self.advance();
                let condition = self.expression()?;
                Ok(self.relation(start, RelationNode::Filter { input: Box::new(input), condition }))
            }
            Some(K::Pivot | K::Unpivot) => self.pivot_or_unpivot(start, input),
            Some(K::Tablesample) => {
                let sample = self.sample_clause()?;
                Ok(self.sampled(start, input, sample))
            }
            Some(K::Aggregate) => self.pipe_aggregate(start, input),
            Some(K::Union | K::Except | K::Intersect | K::Minus) => self.pipe_set_op(start, input),
            _ if self.at_join() => self.join(start, input),
            // None of the clauses need be there, not even one.
            _ => self.organization(start, input),
        }
    }

    /// Each assignment sees those before it.
    fn pipe_set(&mut self, start: usize, mut input: Relation) -> Result<Relation> {
        self.expect(K::Set)?;
        loop {
            let at = self.start();
            let name = self.name()?;
            self.expect_kind(TokenKind::Equal)?;
            let Ok([name]) = <[String; 1]>::try_from(name) else {
                self.expression()?;
                let what = "SQL pipe syntax |> SET operator with multi-part assignment key (only single-part keys are allowed)";
                return Err(self.about(at, OPERATION_NOT_ALLOWED.with("message", what)));
            };
            let value = self.expression()?;
            let node = RelationNode::WithColumns { input: Box::new(input), columns: vec![(name, value, None)] };
            input = self.relation(start, node);
            self.grew()?;
            if !self.accept_kind(TokenKind::Comma) {
                return Ok(input);
            }
        }
    }

    /// The output is the grouping expressions, then the aggregates.
    fn pipe_aggregate(&mut self, start: usize, input: Relation) -> Result<Relation> {
        self.expect(K::Aggregate)?;
        let has_list = self.kind().starts_expression() && !self.at_all(&[K::Group, K::By]);
        let aggregates = if has_list { self.named_expressions()? } else { Vec::new() };
        self.is_pipe_grouping = true;
        let grouping = self.group_by();
        self.is_pipe_grouping = false;
        let grouping = grouping?;
        if aggregates.is_empty() && grouping.is_none() {
            let what = "The AGGREGATE clause requires a list of aggregate expressions or a list of grouping expressions, or both";
            return Err(self.about(start, OPERATION_NOT_ALLOWED.with("message", what)));
        }
        let grouping = grouping.unwrap_or(Grouping::Items(Vec::new()));
        let (grouping, mut expressions) = grouping_output(grouping);
        expressions.extend(aggregates);
        let node = RelationNode::Aggregate { input: Box::new(input), grouping, expressions };
        Ok(self.relation(start, node))
    }

    fn pipe_set_op(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let kind = match self.advance().kind {
            TokenKind::Word(Some(K::Union)) => SetOpKind::Union,
            TokenKind::Word(Some(K::Intersect)) => SetOpKind::Intersect,
            _ => SetOpKind::Except,
        };
        let all = self.accept(K::All);
        if !all {
            self.accept(K::Distinct);
        }
        let right = self.query_primary()?;
        Ok(self.set_op(start, input, right, (kind, all)))
    }
}

fn star(except: Vec<hearth_plan::Name>) -> Expr {
    Expr::new(ExprNode::Star { target: None, plan_id: None, except })
}

/// The grouping without aliases, and its expressions with them.
fn grouping_output(grouping: Grouping) -> (Grouping, Vec<Expr>) {
    let Grouping::Items(items) = grouping else { return (grouping, Vec::new()) };
    let mut output = Vec::new();
    let items = items.into_iter().map(|item| match item {
        GroupingItem::Expr(expr) => {
            output.push(expr.clone());
            GroupingItem::Expr(strip_alias(expr))
        }
        GroupingItem::Rollup(sets) => {
            output.extend(sets.iter().flatten().cloned());
            GroupingItem::Rollup(sets)
        }
        GroupingItem::Cube(sets) => {
            output.extend(sets.iter().flatten().cloned());
            GroupingItem::Cube(sets)
        }
        GroupingItem::Sets { sets, expressions } => GroupingItem::Sets { sets, expressions },
    });
    let items = items.collect();
    (Grouping::Items(items), output)
}
