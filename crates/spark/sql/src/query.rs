//! Queries: `WITH`, set operations by precedence, `ORDER BY` to `OFFSET`. The parts are in `query/`.

pub(crate) mod cte;
mod from;
mod grouping;
mod pipe;
mod pivot;
mod select;
mod table;
mod table_function;
mod transform;

use hearth_base::condition::{COMBINATION_QUERY_RESULT_CLAUSES, INVALID_INLINE_TABLE_DIFFERENT_COLUMNS};
use hearth_base::{Condition, Error, ErrorKind, Result};
use hearth_plan::expression::SortOrder;
use hearth_plan::relation::{NamedTable, SetOp, SetOpKind};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};

use crate::dialect::Switch;
use crate::expression::{Paren, row_values};
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::{Reading, starts_query};
use crate::token::TokenKind;

impl Parser<'_> {
    pub(crate) fn query(&mut self) -> Result<Relation> {
        let is_select_list = std::mem::replace(&mut self.is_select_list, false);
        let of_statement = self.statement_ctes.take();
        let query = self.nested(|parser| {
            let start = parser.start();
            let ctes = parser.ctes()?;
            let first = parser.query_primary()?;
            let body = parser.query_rest(start, first)?;
            let query = parser.with_ctes(start, ctes, body);
            Ok(parser.with_ctes(start, of_statement.clone(), query))
        });
        self.statement_ctes = of_statement;
        self.is_select_list = is_select_list;
        if query.is_ok() {
            self.forget_list();
        }
        query
    }

    /// The rest of a query whose first term, in parentheses, was read.
    pub(crate) fn query_from(&mut self, start: usize, first: Relation) -> Result<Relation> {
        self.query_rest(start, first)
    }

    fn query_rest(&mut self, start: usize, first: Relation) -> Result<Relation> {
        let mut body = self.set_operations(start, first, SetLevel::Union)?;
        while self.at_pipe() {
            self.advance();
            body = self.pipe_operator(start, body)?;
            self.grew()?;
            body = self.set_operations(start, body, SetLevel::Union)?;
        }
        self.organization(start, body)
    }

    /// Whether a query in parentheses goes on here as a query.
    pub(crate) fn at_query_continuation(&self) -> bool {
        self.at_pipe()
            || self.at_organization()
            || (self.at_any(&[K::Union, K::Except, K::Intersect, K::Minus]) && self.at_clause())
    }

    /// `|>`, or `|` before a word that begins an operator.
    pub(crate) fn at_pipe(&self) -> bool {
        self.at_kind(TokenKind::PipeOperator)
            || (self.at_kind(TokenKind::Pipe) && !self.dialect.has(Switch::NoShortPipe) && self.at_pipe_operator(1))
    }

    /// Whether an operator of `|>` stands `ahead` and not an operand of `|`.
    fn at_pipe_operator(&self, ahead: usize) -> bool {
        let next = self.kind_at(ahead + 1);
        let by = self.keyword_at(ahead + 1) == Some(K::By);
        match self.keyword_at(ahead) {
            Some(K::Select | K::Where | K::Extend) => {
                next.is_name() && self.kind_at(ahead + 2) != TokenKind::LeftBracket
                    || next.is_number()
                    || next.is_string()
                    || (next == TokenKind::Asterisk && self.keyword_at(ahead) == Some(K::Select))
            }
            Some(K::Set) => next.is_name() && self.kind_at(ahead + 2) == TokenKind::Equal,
            Some(K::Drop) => next.is_name(),
            Some(K::As) => next.is_name(),
            Some(K::Aggregate) => next.is_name(),
            Some(K::Limit | K::Offset) => next.is_number() || self.keyword_at(ahead + 1) == Some(K::All),
            Some(K::Order | K::Sort | K::Cluster | K::Distribute) => by,
            Some(K::Union | K::Except | K::Intersect | K::Minus) => {
                matches!(self.keyword_at(ahead + 1), Some(K::All | K::Distinct)) || self.starts_query_at(ahead + 1)
            }
            Some(K::Tablesample) => next == TokenKind::LeftParen,
            Some(K::Join) => next.is_name(),
            Some(K::Inner | K::Cross | K::Left | K::Right | K::Full | K::Semi | K::Anti | K::Natural) => {
                matches!(
                    self.keyword_at(ahead + 1),
                    Some(K::Join | K::Outer | K::Semi | K::Anti | K::Left | K::Right | K::Full | K::Inner)
                )
            }
            _ => false,
        }
    }

    fn at_organization(&self) -> bool {
        let by = self.at_any(&[K::Order, K::Sort, K::Cluster, K::Distribute]) && self.keyword_at(1) == Some(K::By);
        let limit = self.at_any(&[K::Limit, K::Offset]) && self.kind_at(1).starts_expression();
        by || limit || (self.at(K::Window) && self.at_clause())
    }

    /// `INTERSECT` binds tighter than `UNION` and `EXCEPT`; equals are left-associative.
    fn set_operations(&mut self, start: usize, mut left: Relation, level: SetLevel) -> Result<Relation> {
        loop {
            let kind = match self.keyword() {
                Some(K::Intersect) => SetOpKind::Intersect,
                Some(K::Union) if level == SetLevel::Union => SetOpKind::Union,
                Some(K::Except | K::Minus) if level == SetLevel::Union => SetOpKind::Except,
                _ => return Ok(left),
            };
            self.advance();
            let all = self.accept(K::All);
            if !all {
                self.accept(K::Distinct);
            }
            let at = self.start();
            let mut right = self.query_primary()?;
            if kind != SetOpKind::Intersect && !self.dialect.has(Switch::FlatSetOperations) {
                right = self.set_operations(at, right, SetLevel::Intersect)?;
            }
            self.grew()?;
            left = self.set_op(start, left, right, (kind, all));
        }
    }

    pub(super) fn set_op(
        &self,
        start: usize,
        left: Relation,
        right: Relation,
        (kind, all): (SetOpKind, bool),
    ) -> Relation {
        let node = RelationNode::SetOp(SetOp {
            left: Box::new(left),
            right: Box::new(right),
            kind,
            all,
            by_name: false,
            allow_missing_columns: false,
        });
        self.relation(start, node)
    }

    pub(crate) fn query_primary(&mut self) -> Result<Relation> {
        let start = self.start();
        match self.keyword() {
            Some(K::Select) => self.select(),
            Some(K::From) => self.relations_first(),
            Some(K::Values) => self.inline_table(),
            Some(K::Table) => {
                self.advance();
                let name = self.table_name()?;
                let table = NamedTable { name, options: Vec::new(), is_streaming: false, travel: None };
                Ok(self.relation(start, RelationNode::NamedTable(table)))
            }
            Some(K::Map | K::Reduce) => self.transform(None),
            _ if self.at_kind(TokenKind::LeftParen) => self.parenthesized_query(),
            _ => Err(self.unexpected()),
        }
    }

    /// Where only a query may stand, behind any number of parentheses.
    pub(crate) fn expect_query(&self) -> Result<()> {
        let open = (0..).take_while(|ahead| self.kind_at(*ahead) == TokenKind::LeftParen).count();
        match open == 0 || starts_query(self.kind_at(open)) {
            true => Ok(()),
            false => Err(self.unexpected_at(self.peek_at(open))),
        }
    }

    /// `( query )`
    pub(crate) fn parenthesized_query(&mut self) -> Result<Relation> {
        self.expect_query()?;
        let open = self.peek();
        match self.paren_content(false)? {
            Paren::Query(query) => Ok(query),
            Paren::Expressions(_) => Err(self.unexpected_at(open)),
        }
    }

    /// `VALUES row, row [AS t(a, b)]`
    pub(crate) fn inline_table(&mut self) -> Result<Relation> {
        let start = self.start();
        self.expect(K::Values)?;
        let rows = self.comma_list(|parser| Ok(row_values(parser.expression()?)))?;
        let expected = rows.first().map_or(0, Vec::len);
        let uneven = rows.iter().position(|row| row.len() != expected).map(|index| (index, rows[index].len()));
        let table = self.relation(start, RelationNode::InlineTable { rows });
        let table = self.aliased(start, table)?;
        if let Some((index, actual)) = uneven {
            self.defer(self.about(start, uneven_rows(index, actual, expected)));
        }
        Ok(table)
    }

    /// `ORDER BY … LIMIT … OFFSET …`
    pub(super) fn organization(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let mut relation = self.ordered(start, input)?;
        if self.at(K::Window) && self.at_clause() {
            relation = self.with_windows(start, relation)?;
        }
        self.limited(start, relation)
    }

    /// One of the clauses behind a query, which is not there when it cannot be read to its end.
    fn clause<T>(&mut self, words: &[K], rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if !self.at_all(words) || self.is_read_as(Reading::Absent) {
            return Ok(None);
        }
        let at = self.index();
        let read = self.predicted(
            at,
            |parser, failed| parser.clause_or_alias(at, failed),
            |parser| {
                for _ in words {
                    parser.advance();
                }
                let read = rule(parser)?;
                if parser.at_operator() { Err(parser.unexpected()) } else { Ok(read) }
            },
        );
        read.map(Some)
    }

    /// An operator of an expression that did not go on with it.
    fn at_operator(&self) -> bool {
        let words = [K::And, K::Or, K::In, K::Is, K::Like, K::Ilike, K::Rlike, K::Between, K::Not, K::Div];
        let signs = [TokenKind::Bang, TokenKind::Arrow, TokenKind::Colon, TokenKind::Dot, TokenKind::LeftBracket];
        self.at_any(&words) || signs.contains(&self.kind())
    }

    /// `ORDER BY`, or one of the clauses that only distribute and sort within parts.
    fn ordered(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let at = self.start();
        let order = self.clause(&[K::Order, K::By], Self::sort_items)?.unwrap_or_default();
        let cluster = self.clause(&[K::Cluster, K::By], Self::expressions)?.unwrap_or_default();
        let distribute = self.clause(&[K::Distribute, K::By], Self::expressions)?.unwrap_or_default();
        let sort = self.clause(&[K::Sort, K::By], Self::sort_items)?.unwrap_or_default();
        let given = [!order.is_empty(), !cluster.is_empty(), !distribute.is_empty() || !sort.is_empty()];
        if given.into_iter().filter(|clause| *clause).count() > 1 {
            self.defer(self.plain(at, COMBINATION_QUERY_RESULT_CLAUSES));
        }
        let mut relation = input;
        if !cluster.is_empty() {
            let order = cluster.iter().cloned().map(ascending).collect();
            relation = self.distributed(start, relation, cluster);
            relation = self.sorted(start, relation, order, false);
        }
        if !distribute.is_empty() {
            relation = self.distributed(start, relation, distribute);
        }
        if !sort.is_empty() {
            relation = self.sorted(start, relation, sort, false);
        }
        if !order.is_empty() {
            relation = self.sorted(start, relation, order, true);
        }
        Ok(relation)
    }

    /// The offset comes first: `LIMIT` counts what is left.
    fn limited(&mut self, start: usize, mut relation: Relation) -> Result<Relation> {
        let limit = self.clause(&[K::Limit], |parser| match parser.accept(K::All) {
            true => Ok(None),
            false => parser.expression().map(Some),
        })?;
        if let Some(offset) = self.clause(&[K::Offset], Self::expression)? {
            relation = self.relation(start, RelationNode::Offset { input: Box::new(relation), offset });
        }
        if let Some(limit) = limit.flatten() {
            relation = self.relation(start, RelationNode::Limit { input: Box::new(relation), limit });
        }
        Ok(relation)
    }

    fn distributed(&self, start: usize, input: Relation, expressions: Vec<Expr>) -> Relation {
        let node = RelationNode::RepartitionByExpression { input: Box::new(input), expressions, partitions: None };
        self.relation(start, node)
    }

    fn sorted(&self, start: usize, input: Relation, mut order: Vec<SortOrder>, is_global: bool) -> Relation {
        let input = Box::new(input);
        let is_all =
            is_global && order.len() == 1 && order.first().is_some_and(|item| self.is_word(&item.child, "all"));
        let node = match order.pop() {
            Some(direction_of) if is_all => RelationNode::SortAll { input, direction_of },
            Some(last) => {
                order.push(last);
                RelationNode::Sort { input, order, is_global }
            }
            None => return *input,
        };
        self.relation(start, node)
    }

    /// Whether an expression is this one word without backticks.
    pub(crate) fn is_word(&self, expr: &Expr, word: &str) -> bool {
        let ExprNode::Attribute { name, .. } = &expr.node else { return false };
        let written = match expr.origin.as_deref() {
            Some(hearth_plan::Origin::Sql { start, .. }) => self.text.get(*start as usize..).unwrap_or(""),
            _ => "",
        };
        matches!(name.as_slice(), [only] if only.eq_ignore_ascii_case(word)) && !written.starts_with('`')
    }

    pub(super) fn with_windows(&mut self, start: usize, input: Relation) -> Result<Relation> {
        let at = self.index();
        let windows = self.predicted(at, |_, _| Some(Reading::Absent), Self::window_clause)?;
        match windows {
            Some(windows) => Ok(self.relation(start, RelationNode::WithWindows { input: Box::new(input), windows })),
            None => Ok(input),
        }
    }
}

fn uneven_rows(index: usize, actual: usize, expected: usize) -> Error {
    let condition = Condition { kind: ErrorKind::Parse, ..INVALID_INLINE_TABLE_DIFFERENT_COLUMNS };
    condition.with("expectedNumCols", expected).with("actualNumCols", actual).with("rowIndex", index)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SetLevel {
    Union,
    Intersect,
}

fn ascending(child: Expr) -> SortOrder {
    use hearth_plan::expression::{NullOrdering, SortDirection};
    SortOrder { child, direction: SortDirection::Ascending, nulls: NullOrdering::Default }
}
