//! `GROUP BY`: expressions, ordinals, `ALL`, `ROLLUP`, `CUBE`, `GROUPING SETS`, `WITH ROLLUP`.

use hearth_base::Result;
use hearth_base::condition::PARSE_SYNTAX_ERROR;
use hearth_plan::Expr;
use hearth_plan::relation::{Grouping, GroupingItem, GroupingSet};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::Reading;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(crate) fn group_by(&mut self) -> Result<Option<Grouping>> {
        if !self.at(K::Group) || self.is_read_as(Reading::Absent) {
            return Ok(None);
        }
        let at = self.index();
        self.predicted(
            at,
            |parser, failed| parser.clause_or_alias(at, failed).filter(|reading| *reading == Reading::Alias),
            Self::grouping_clause,
        )
        .map(Some)
    }

    fn grouping_clause(&mut self) -> Result<Grouping> {
        self.advance();
        self.expect_quietly(TokenKind::Word(Some(K::By)))?;
        let mut items = self.comma_list(Self::grouping_item)?;
        let only = match items.as_slice() {
            [GroupingItem::Expr(expr)] => self.is_word(expr, "all"),
            _ => false,
        };
        if only {
            return Ok(Grouping::All);
        }
        if self.at(K::With) && matches!(self.keyword_at(1), Some(K::Rollup | K::Cube)) {
            self.advance();
            let sets = plain(&mut items).into_iter().map(|expr| vec![expr]).collect();
            let item = match self.expect_any(&[K::Rollup, K::Cube])? {
                K::Rollup => GroupingItem::Rollup(sets),
                _ => GroupingItem::Cube(sets),
            };
            return Ok(Grouping::Items(vec![item]));
        }
        if self.at_all(&[K::Grouping, K::Sets]) {
            self.expect_all(&[K::Grouping, K::Sets])?;
            let sets = self.paren_list(|parser| parser.grouping_set().map(GroupingSet::Set))?;
            let expressions = plain(&mut items);
            return Ok(Grouping::Items(vec![GroupingItem::Sets { sets, expressions }]));
        }
        Ok(Grouping::Items(items))
    }

    fn grouping_item(&mut self) -> Result<GroupingItem> {
        match self.grouping_analytics()? {
            Some(item) => Ok(item),
            None if self.is_pipe_grouping => self.named_expression().map(GroupingItem::Expr),
            None => {
                let expr = self.expression()?;
                self.refuse_alias()?;
                Ok(GroupingItem::Expr(expr))
            }
        }
    }

    /// The grammar has aliases here for `|>`; in a plain `GROUP BY` they are refused when all was read, without a place.
    fn refuse_alias(&mut self) -> Result<()> {
        let joins = [K::Join, K::Natural, K::Inner, K::Cross, K::Left, K::Right, K::Full, K::Semi, K::Anti];
        let is_clause =
            self.at_any(&[K::Order, K::Sort, K::Cluster, K::Distribute]) && self.keyword_at(1) != Some(K::Order);
        if is_clause {
            return Ok(());
        }
        if self.at(K::As) && self.kind_at(1).is_name() {
            self.advance();
        } else if !(self.at(K::As) || self.at_implicit_alias() || (self.kind().is_name() && self.at_any(&joins))) {
            return Ok(());
        }
        let start = self.start();
        self.plain_identifier()?;
        let near = format!("'{}'", self.since(start));
        let hint = format!(": extra input {near}");
        self.defer(crate::error::bare(PARSE_SYNTAX_ERROR.with("error", near).with("hint", hint), self.text));
        Ok(())
    }

    fn grouping_analytics(&mut self) -> Result<Option<GroupingItem>> {
        let is_empty = self.kind_at(2) == TokenKind::RightParen;
        if self.at_any(&[K::Rollup, K::Cube]) && self.kind_at(1) == TokenKind::LeftParen && !is_empty {
            let is_rollup = self.advance().kind == TokenKind::Word(Some(K::Rollup));
            let sets = self.undecided(|parser| parser.paren_list(Self::grouping_set))?;
            return Ok(Some(if is_rollup { GroupingItem::Rollup(sets) } else { GroupingItem::Cube(sets) }));
        }
        if self.at_all(&[K::Grouping, K::Sets]) && self.kind_at(2) == TokenKind::LeftParen {
            self.advance();
            self.advance();
            let sets = self.nested(|parser| parser.paren_list(Self::grouping_element))?;
            return Ok(Some(GroupingItem::Sets { sets, expressions: Vec::new() }));
        }
        Ok(None)
    }

    fn grouping_element(&mut self) -> Result<GroupingSet> {
        match self.grouping_analytics()? {
            Some(item) => Ok(GroupingSet::Nested(item)),
            None => self.grouping_set().map(GroupingSet::Set),
        }
    }

    /// `(a, b)`, `()` or one expression.
    fn grouping_set(&mut self) -> Result<Vec<Expr>> {
        if self.at_kind(TokenKind::LeftParen) && self.kind_at(1) == TokenKind::RightParen {
            self.advance();
            self.advance();
            return Ok(Vec::new());
        }
        let is_row = self.at_kind(TokenKind::LeftParen)
            && self
                .behind_parens(0)
                .is_some_and(|behind| matches!(self.kind_at(behind), TokenKind::Comma | TokenKind::RightParen));
        if is_row && !self.starts_query_at(1) {
            return self.paren_list(Self::expression);
        }
        Ok(vec![self.expression()?])
    }
}

fn plain(items: &mut Vec<GroupingItem>) -> Vec<Expr> {
    let expressions = items.drain(..).filter_map(|item| match item {
        GroupingItem::Expr(expr) => Some(expr),
        GroupingItem::Rollup(_) | GroupingItem::Cube(_) | GroupingItem::Sets { .. } => None,
    });
    expressions.collect()
}
