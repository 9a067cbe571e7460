//! The operators behind `|>`.

use hearth_base::condition::{
    CLAUSE_WITH_PIPE_OPERATORS, INVALID_USAGE_OF_STAR_OR_REGEX, MULTIPLE_RESULT_CLAUSES_WITH_PIPES,
    OPERATION_NOT_ALLOWED, PIPE_AGGREGATE_UNSUPPORTED_CASE,
};
use hearth_base::{Error, Result};
use hearth_plan::relation::{Grouping, GroupingItem, SetOpKind};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};
use hearth_types::Value;

use super::from::JOIN_WORDS;
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
                    self.defer(self.about(start, Error::unsupported("GROUP BY behind |> SELECT")));
                }
                let has_more = self.at_any(&[K::Where, K::Having, K::Qualify, K::Lateral]) && self.at_clause();
                if has_more { Err(self.unexpected()) } else { self.select_rest(start, list, input) }
            }
            Some(K::Extend) => {
                self.advance();
                let mut expressions = vec![star(Vec::new())];
                let extended = self.named_expressions()?;
                self.settle(no_star(&extended), ())?;
                expressions.extend(extended.into_iter().map(|expr| part("EXTEND", expr)));
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
            _ if self.at_join() || self.at_any(&JOIN_WORDS) => self.join(start, input),
            // None of the clauses need be there, not even one.
            _ => self.pipe_organization(start, input),
        }
    }

    /// An order or a limit, not both.
    fn pipe_organization(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let at = self.start();
        let order = match self.keyword() {
            Some(K::Order) => Some("ORDER BY"),
            Some(K::Cluster) => Some("CLUSTER BY"),
            Some(K::Distribute) => Some("DISTRIBUTE BY"),
            Some(K::Sort) => Some("SORT BY"),
            _ => None,
        };
        let mut relation = self.ordered(start, input)?;
        if self.at(K::Window) && self.at_clause() {
            let error = CLAUSE_WITH_PIPE_OPERATORS.with("clauses", "the WINDOW clause");
            relation = self.with_windows(start, relation)?;
            self.defer(self.about(at, error));
        }
        let limit = match self.keyword() {
            Some(K::Limit) => Some("LIMIT"),
            Some(K::Offset) => Some("OFFSET"),
            _ => None,
        };
        let relation = self.limited(start, relation)?;
        if let (Some(order), Some(limit)) = (order, limit) {
            let error = MULTIPLE_RESULT_CLAUSES_WITH_PIPES.with("clause1", order).with("clause2", limit);
            self.defer(self.about(at, error));
        }
        Ok(relation)
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
                self.defer(self.about(at, OPERATION_NOT_ALLOWED.with("message", what)));
                match self.accept_kind(TokenKind::Comma) {
                    true => continue,
                    false => return Ok(input),
                }
            };
            let value = self.expression()?;
            let columns = vec![(name, part("SET", value), None)];
            let node = RelationNode::WithColumns { input: Box::new(input), columns };
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
            self.defer(self.about(start, OPERATION_NOT_ALLOWED.with("message", what)));
        }
        self.settle(no_star(&aggregates), ())?;
        let grouping = grouping.unwrap_or(Grouping::Items(Vec::new()));
        if let Some(case) = unsupported_grouping(&grouping) {
            self.defer(self.about(start, PIPE_AGGREGATE_UNSUPPORTED_CASE.with("case", case)));
        }
        let (grouping, mut expressions) = grouping_output(grouping);
        expressions.extend(aggregates.into_iter().map(|expr| part("AGGREGATE", expr)));
        let node = RelationNode::Aggregate { input: Box::new(input), grouping, expressions };
        Ok(self.relation(start, node))
    }

    fn pipe_set_op(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let kind = match self.advance().kind {
            TokenKind::Word(Some(K::Union)) | TokenKind::Reserved(K::Union) => SetOpKind::Union,
            TokenKind::Word(Some(K::Intersect)) | TokenKind::Reserved(K::Intersect) => SetOpKind::Intersect,
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

/// An expression that the analyzer treats as one of an operator: `#pipe('EXTEND', a + 1)`.
fn part(operator: &str, expr: Expr) -> Expr {
    let origin = expr.origin.clone();
    Expr { origin, ..Expr::function("#pipe", vec![Expr::literal(Value::string(operator)), expr]) }
}

fn no_star(expressions: &[Expr]) -> Result<()> {
    match expressions.iter().any(|expr| matches!(expr.node, ExprNode::Star { .. })) {
        true => {
            Err(INVALID_USAGE_OF_STAR_OR_REGEX.with("elem", "'*'").with("prettyName", "expression `pipeexpression`"))
        }
        false => Ok(()),
    }
}

fn unsupported_grouping(grouping: &Grouping) -> Option<&'static str> {
    let items = match grouping {
        Grouping::All => return Some("GROUP BY ALL"),
        Grouping::Items(items) => items,
    };
    items.iter().find_map(|item| match item {
        GroupingItem::Expr(_) => None,
        GroupingItem::Rollup(_) => Some("GROUP BY ROLLUP"),
        GroupingItem::Cube(_) => Some("GROUP BY CUBE"),
        GroupingItem::Sets { .. } => Some("GROUPING SETS"),
    })
}

/// The grouping without aliases, and its expressions with them. A number is the position of a column of the input.
fn grouping_output(grouping: Grouping) -> (Grouping, Vec<Expr>) {
    let Grouping::Items(items) = grouping else { return (grouping, Vec::new()) };
    let positioned = |expr: Expr| match expr.node {
        ExprNode::Literal(Value::Integer(_)) => part("POSITION", expr),
        _ => expr,
    };
    let mut output = Vec::new();
    let items = items.into_iter().map(|item| match item {
        // With a name it is no position any more.
        GroupingItem::Expr(expr) if matches!(expr.node, ExprNode::Alias { .. }) => {
            output.push(expr.clone());
            GroupingItem::Expr(strip_alias(expr))
        }
        GroupingItem::Expr(expr) => {
            let key = positioned(expr);
            output.push(key.clone());
            GroupingItem::Expr(key)
        }
        other @ (GroupingItem::Rollup(_) | GroupingItem::Cube(_) | GroupingItem::Sets { .. }) => other,
    });
    let items = items.collect();
    (Grouping::Items(items), output)
}
