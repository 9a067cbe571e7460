//! `PIVOT` and `UNPIVOT`.

use hearth_base::Result;
use hearth_plan::relation::{Pivot, PivotValue, Unpivot, UnpivotValue};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};

use super::select::strip_alias;
use crate::expression::row_values;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn at_pivot(&self) -> bool {
        self.at_any(&[K::Pivot, K::Unpivot]) && self.at_clause()
    }

    /// One `PIVOT` or `UNPIVOT` behind a relation.
    pub(super) fn pivot_or_unpivot(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let is_pivot = self.at(K::Pivot);
        let at = self.start();
        self.advance();
        let relation = if is_pivot { self.pivot(at, input)? } else { self.unpivot(start, input)? };
        self.grew()?;
        match self.optional_alias()? {
            Some(alias) => Ok(self.subquery_alias(start, relation, alias, Vec::new())),
            None => Ok(relation),
        }
    }

    fn pivot(&mut self, start: usize, input: Relation) -> Result<Relation> {
        self.expect_kind(TokenKind::LeftParen)?;
        let around = std::mem::replace(&mut self.is_before_for, true);
        let aggregates = self.named_expressions();
        self.is_before_for = around;
        let aggregates = aggregates?;
        self.expect(K::For)?;
        let columns = if self.at_kind(TokenKind::LeftParen) {
            self.paren_list(Self::pivot_column)?
        } else {
            vec![self.pivot_column()?]
        };
        self.expect(K::In)?;
        let values = self.paren_list(Self::pivot_value)?;
        self.expect_kind(TokenKind::RightParen)?;
        let pivot = Pivot { input: Box::new(input), grouping: None, columns, values, aggregates };
        Ok(self.relation(start, RelationNode::Pivot(Box::new(pivot))))
    }

    fn pivot_column(&mut self) -> Result<Expr> {
        let start = self.start();
        let name = vec![self.identifier()?];
        Ok(self.expr(start, ExprNode::Attribute { name, plan_id: None, is_metadata: false }))
    }

    fn pivot_value(&mut self) -> Result<PivotValue> {
        let named = self.named_expression()?;
        let alias = match &named.node {
            ExprNode::Alias { names, .. } => names.first().cloned(),
            _ => None,
        };
        Ok(PivotValue { expressions: row_values(strip_alias(named)), alias })
    }

    fn unpivot(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let include_nulls = self.accept_all(&[K::Include, K::Nulls]);
        if !include_nulls && self.at(K::Exclude) {
            self.expect_all(&[K::Exclude, K::Nulls])?;
        }
        self.expect_kind(TokenKind::LeftParen)?;
        let several = self.at_kind(TokenKind::LeftParen);
        let value_columns =
            if several { self.paren_list(Self::plain_identifier)? } else { vec![self.plain_identifier()?] };
        self.expect(K::For)?;
        let variable_column = self.plain_identifier()?;
        self.expect(K::In)?;
        let values = self.paren_list(|parser| parser.unpivot_value(several))?;
        self.expect_kind(TokenKind::RightParen)?;
        let unpivot = Unpivot {
            input: Box::new(input),
            ids: None,
            values: Some(values),
            variable_column,
            value_columns,
            include_nulls,
        };
        Ok(self.relation(start, RelationNode::Unpivot(unpivot)))
    }

    fn unpivot_value(&mut self, several: bool) -> Result<UnpivotValue> {
        let expressions = if several { self.paren_list(Self::column_name)? } else { vec![self.column_name()?] };
        let alias = self.optional_alias()?;
        Ok(UnpivotValue { expressions, alias })
    }

    /// A name in parts, as a column.
    pub(crate) fn column_name(&mut self) -> Result<Expr> {
        let start = self.start();
        let name = self.name()?;
        Ok(self.expr(start, ExprNode::Attribute { name, plan_id: None, is_metadata: false }))
    }
}
