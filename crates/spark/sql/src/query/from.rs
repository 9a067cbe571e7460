//! `FROM`: relations separated by commas, joins, lateral views, pivots behind them.

use hearth_base::condition::{
    INCOMPATIBLE_JOIN_TYPES, INVALID_LATERAL_JOIN_TYPE, LATERAL_JOIN_USING, LATERAL_WITHOUT_SUBQUERY,
};
use hearth_base::{Condition, ErrorKind, Result};
use hearth_plan::relation::{Join, JoinConstraint, JoinKind, LateralView, NearestByJoin};
use hearth_plan::{Relation, RelationNode};

use crate::dialect::Switch;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// Words that are no aliases of tables, so that behind one they can only begin a join.
pub(super) const JOIN_WORDS: [K; 8] = [K::Natural, K::Inner, K::Cross, K::Left, K::Right, K::Full, K::Semi, K::Anti];

impl Parser<'_> {
    /// `FROM a, b JOIN c …`. As in Spark, a join behind a comma joins to all on its left.
    pub(crate) fn relations_clause(&mut self) -> Result<Relation> {
        let whole = self.start();
        self.expect(K::From)?;
        self.is_lateral_table = false;
        let start = self.start();
        let relation = self.nested(|parser| {
            let mut relation = parser.relation_chain(start, None)?;
            while parser.accept_kind(TokenKind::Comma) {
                relation = if parser.dialect.has(Switch::JoinBeforeComma) && !parser.at(K::Lateral) {
                    let right = parser.relation_chain(parser.start(), None)?;
                    parser.grew()?;
                    parser.comma_join(start, relation, right, false)
                } else {
                    parser.relation_chain(start, Some(relation))?
                };
            }
            Ok(relation)
        })?;
        if std::mem::take(&mut self.is_lateral_table) {
            self.defer(self.about(whole, LATERAL_WITHOUT_SUBQUERY.error()));
        }
        let mut relation = self.lateral_views(start, relation)?;
        while self.at_pivot() {
            relation = self.pivot_or_unpivot(start, relation)?;
        }
        Ok(relation)
    }

    /// One relation with its joins; `left` is what stands before the comma.
    pub(super) fn relation_chain(&mut self, start: usize, left: Option<Relation>) -> Result<Relation> {
        let lateral = self.accept_lateral();
        let primary = self.relation_primary()?;
        // Before the first relation the word says nothing.
        self.is_lateral_table |= lateral && left.is_some() && !self.takes_lateral;
        let first = match left {
            Some(left) => {
                self.grew()?;
                self.comma_join(start, left, primary, lateral)
            }
            None if lateral => {
                let nothing = self.relation(start, RelationNode::OneRow);
                self.comma_join(start, nothing, primary, lateral)
            }
            None => primary,
        };
        self.relation_extensions(start, first)
    }

    /// `left, right`
    fn comma_join(&self, start: usize, left: Relation, right: Relation, lateral: bool) -> Relation {
        let join = Join {
            left: Box::new(left),
            right: Box::new(right),
            kind: JoinKind::Inner,
            constraint: JoinConstraint::None,
            lateral,
            structs: None,
        };
        self.relation(start, RelationNode::Join(Box::new(join)))
    }

    /// Joins and pivots behind a relation.
    pub(super) fn relation_extensions(&mut self, start: usize, mut relation: Relation) -> Result<Relation> {
        loop {
            if self.at_join() || self.at_any(&JOIN_WORDS) {
                relation = self.join(start, relation)?;
                self.grew()?;
            } else if self.at_pivot() {
                relation = self.pivot_or_unpivot(start, relation)?;
            } else {
                return Ok(relation);
            }
        }
    }

    /// `LATERAL` before a relation; `LATERAL VIEW` is another thing.
    fn accept_lateral(&mut self) -> bool {
        let lateral = self.at(K::Lateral)
            && (self.kind_at(1) == TokenKind::LeftParen
                || (self.kind_at(1).is_name() && self.keyword_at(1) != Some(K::View)));
        if lateral {
            self.advance();
        }
        lateral
    }

    pub(super) fn join(&mut self, start: usize, left: Relation) -> Result<Relation> {
        let at = self.start();
        let natural = self.accept(K::Natural);
        let kind = self.join_kind()?;
        self.expect(K::Join)?;
        let lateral = self.accept_lateral();
        let right = self.relation_primary()?;
        let takes_lateral = self.takes_lateral;
        if !natural && self.at_any(&[K::Approx, K::Exact]) && self.keyword_at(1) == Some(K::Nearest) {
            return self.nearest_by(start, left, right, kind);
        }
        let constraint = if natural {
            JoinConstraint::Natural
        } else if self.accept(K::On) {
            JoinConstraint::On(self.expression()?)
        } else if self.accept(K::Using) {
            JoinConstraint::Using(self.identifier_list()?)
        } else {
            JoinConstraint::None
        };
        if lateral {
            self.check_lateral(at, kind, &constraint, takes_lateral);
        }
        let join = Join { left: Box::new(left), right: Box::new(right), kind, constraint, lateral, structs: None };
        // Its place begins behind the left side.
        Ok(self.relation(at, RelationNode::Join(Box::new(join))))
    }

    /// What no lateral join may be, of the join that began at `start`.
    fn check_lateral(&mut self, start: usize, kind: JoinKind, constraint: &JoinConstraint, takes_lateral: bool) {
        let parse = |condition: Condition| Condition { kind: ErrorKind::Parse, ..condition };
        let refused = match kind {
            JoinKind::Inner | JoinKind::Cross | JoinKind::LeftOuter => None,
            JoinKind::RightOuter => Some("RIGHT OUTER"),
            JoinKind::FullOuter => Some("FULL OUTER"),
            JoinKind::LeftSemi => Some("LEFT SEMI"),
            JoinKind::LeftAnti => Some("LEFT ANTI"),
        };
        let error = match (constraint, refused) {
            _ if !takes_lateral => LATERAL_WITHOUT_SUBQUERY.error(),
            (JoinConstraint::Natural, _) => {
                INCOMPATIBLE_JOIN_TYPES.with("joinType1", "LATERAL").with("joinType2", "NATURAL")
            }
            (JoinConstraint::Using(_), _) => parse(LATERAL_JOIN_USING).error(),
            (_, Some(kind)) => parse(INVALID_LATERAL_JOIN_TYPE).with("joinType", kind),
            (_, None) => return,
        };
        self.defer(self.about(start, error));
    }

    fn join_kind(&mut self) -> Result<JoinKind> {
        let words = [K::Inner, K::Cross, K::Left, K::Right, K::Full, K::Semi, K::Anti];
        let kind = match self.accept_any(&words) {
            None | Some(K::Inner) => return Ok(JoinKind::Inner),
            Some(K::Cross) => return Ok(JoinKind::Cross),
            Some(K::Semi) => return Ok(JoinKind::LeftSemi),
            Some(K::Anti) => return Ok(JoinKind::LeftAnti),
            Some(K::Right) => JoinKind::RightOuter,
            Some(K::Full) => JoinKind::FullOuter,
            Some(_) => match self.accept_any(&[K::Semi, K::Anti]) {
                Some(K::Semi) => return Ok(JoinKind::LeftSemi),
                Some(_) => return Ok(JoinKind::LeftAnti),
                None => JoinKind::LeftOuter,
            },
        };
        self.accept(K::Outer);
        Ok(kind)
    }

    /// `APPROX|EXACT NEAREST [n] BY DISTANCE|SIMILARITY expression`
    fn nearest_by(&mut self, start: usize, left: Relation, right: Relation, kind: JoinKind) -> Result<Relation> {
        let mode = self.expect_any(&[K::Approx, K::Exact])?.spelling().to_lowercase();
        self.expect(K::Nearest)?;
        let results = if self.at_kind(TokenKind::Integer) { self.integer()? } else { 1 };
        self.expect(K::By)?;
        let direction = self.expect_any(&[K::Distance, K::Similarity])?.spelling().to_lowercase();
        let ranking = self.expression()?;
        let join_type = match kind {
            JoinKind::Inner => "inner",
            JoinKind::Cross => "cross",
            JoinKind::LeftOuter => "leftouter",
            JoinKind::RightOuter => "rightouter",
            JoinKind::FullOuter => "fullouter",
            JoinKind::LeftSemi => "leftsemi",
            JoinKind::LeftAnti => "leftanti",
        };
        let join = NearestByJoin {
            left: Box::new(left),
            right: Box::new(right),
            ranking,
            results,
            join_type: join_type.to_owned(),
            mode,
            direction,
        };
        Ok(self.relation(start, RelationNode::NearestByJoin(Box::new(join))))
    }

    /// `LATERAL VIEW [OUTER] generator(…) alias [AS a, b]`
    pub(super) fn lateral_views(&mut self, start: usize, mut relation: Relation) -> Result<Relation> {
        while self.accept(K::Lateral) {
            self.expect(K::View)?;
            let outer = self.at(K::Outer) && self.kind_at(1).is_name();
            if outer {
                self.advance();
            }
            let at = self.start();
            let mut name = vec![self.plain_identifier()?];
            while self.accept_kind(TokenKind::Dot) {
                name.push(self.plain_identifier()?);
            }
            self.expect_kind(TokenKind::LeftParen)?;
            let is_empty = self.at_kind(TokenKind::RightParen);
            let arguments = if is_empty { Vec::new() } else { self.expressions()? };
            self.expect_kind(TokenKind::RightParen)?;
            let call = hearth_plan::expression::FunctionCall::new(name, arguments);
            let generator = self.expr(at, hearth_plan::ExprNode::Function(Box::new(call)));
            let table_alias = Some(self.plain_identifier()?);
            let has_columns = self.accept(K::As) || self.at_implicit_alias();
            let columns = if has_columns { self.comma_list(Self::plain_identifier)? } else { Vec::new() };
            let view = LateralView { input: Box::new(relation), outer, generator, table_alias, columns };
            relation = self.relation(start, RelationNode::LateralView(Box::new(view)));
            self.grew()?;
        }
        Ok(relation)
    }
}
