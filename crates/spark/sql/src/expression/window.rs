//! Windows (`OVER …`, the `WINDOW` clause) and sort items.

use hearth_base::Result;
use hearth_base::condition::{REPETITIVE_WINDOW_DEFINITION, UNRESOLVED_WINDOW_REFERENCE};
use hearth_plan::expression::{FrameBound, FrameUnit, NullOrdering, SortDirection, SortOrder, WindowFrame, WindowSpec};
use hearth_plan::{Expr, ExprNode};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::prediction::Reading;
use crate::token::TokenKind;

const BEHIND_NULLS: [TokenKind; 2] = [TokenKind::Word(Some(K::First)), TokenKind::Word(Some(K::Last))];

const BEHIND_OFFSET: [TokenKind; 2] = [TokenKind::Word(Some(K::Preceding)), TokenKind::Word(Some(K::Following))];

const BEHIND_ORDER: [TokenKind; 3] =
    [TokenKind::RightParen, TokenKind::Word(Some(K::Rows)), TokenKind::Word(Some(K::Range))];

const BEHIND_KEYS: [TokenKind; 5] = [
    TokenKind::RightParen,
    TokenKind::Word(Some(K::Rows)),
    TokenKind::Word(Some(K::Range)),
    TokenKind::Word(Some(K::Order)),
    TokenKind::Word(Some(K::Sort)),
];

impl Parser<'_> {
    pub(crate) fn sort_item(&mut self) -> Result<SortOrder> {
        let child = self.expression()?;
        let direction = match self.accept_any(&[K::Asc, K::Desc]) {
            Some(K::Desc) => SortDirection::Descending,
            _ => SortDirection::Ascending,
        };
        let mut nulls = NullOrdering::Default;
        if self.accept(K::Nulls) {
            nulls = match self.accept_any(&[K::First, K::Last]) {
                Some(K::First) => NullOrdering::First,
                Some(_) => NullOrdering::Last,
                None => return Err(self.unexpected_before(&BEHIND_NULLS)),
            };
        }
        Ok(SortOrder { child, direction, nulls })
    }

    /// A window's name or its definition.
    pub(crate) fn window_spec(&mut self) -> Result<WindowSpec> {
        if !self.at_kind(TokenKind::LeftParen) {
            let base = Some(self.identifier()?);
            return Ok(WindowSpec { base, ..WindowSpec::default() });
        }
        let start = self.start();
        self.expect_kind(TokenKind::LeftParen)?;
        let mut spec = WindowSpec::default();
        if self.kind().is_name() && self.kind_at(1) == TokenKind::RightParen {
            spec.base = Some(self.identifier()?);
        } else if self.accept_all(&[K::Cluster, K::By]) {
            spec.partition = self.expressions()?;
        } else {
            if self.accept_all(&[K::Partition, K::By]) || self.accept_all(&[K::Distribute, K::By]) {
                spec.partition = self.expressions()?;
            }
            if self.accept_all(&[K::Order, K::By]) || self.accept_all(&[K::Sort, K::By]) {
                spec.order = self.sort_items()?;
            }
        }
        if self.at_any(&[K::Rows, K::Range]) {
            spec.frame = Some(self.window_frame()?);
            self.expect_kind(TokenKind::RightParen)?;
        } else {
            self.expect_before(
                TokenKind::RightParen,
                if spec.order.is_empty() { &BEHIND_KEYS } else { &BEHIND_ORDER },
            )?;
        }
        spec.origin = self.origin(start);
        Ok(spec)
    }

    fn window_frame(&mut self) -> Result<WindowFrame> {
        let unit = match self.expect_any(&[K::Rows, K::Range])? {
            K::Rows => FrameUnit::Rows,
            _ => FrameUnit::Range,
        };
        if self.accept(K::Between) {
            let lower = self.frame_bound()?;
            self.expect(K::And)?;
            let upper = self.frame_bound()?;
            return Ok(WindowFrame { unit, lower, upper });
        }
        let lower = self.frame_bound()?;
        Ok(WindowFrame { unit, lower, upper: FrameBound::CurrentRow })
    }

    fn frame_bound(&mut self) -> Result<FrameBound> {
        if self.at(K::Unbounded) && matches!(self.keyword_at(1), Some(K::Preceding | K::Following)) {
            self.advance();
            return Ok(match self.expect_any(&[K::Preceding, K::Following])? {
                K::Preceding => FrameBound::UnboundedPreceding,
                _ => FrameBound::UnboundedFollowing,
            });
        }
        if self.accept_all(&[K::Current, K::Row]) {
            return Ok(FrameBound::CurrentRow);
        }
        let start = self.start();
        // `1 PRECEDING AND …`: no `AND` of the expression's own, so a value.
        let offset = self.nested(Self::value)?;
        let Some(direction) = self.accept_any(&[K::Preceding, K::Following]) else {
            return Err(self.unexpected_before(&BEHIND_OFFSET));
        };
        if !is_constant(&offset) {
            self.defer(self.against_rule(start, "Frame bound value must be a literal."));
        }
        Ok(match direction {
            K::Preceding => FrameBound::Offset(self.call(start, "-", vec![offset])),
            _ => FrameBound::Offset(offset),
        })
    }

    /// A window may take its definition from one of the same clause.
    fn check_window_references(&mut self, start: usize, windows: &[(String, WindowSpec)]) {
        let is_defined =
            |base: &str| windows.iter().any(|(name, spec)| name.eq_ignore_ascii_case(base) && spec.base.is_none());
        let unknown = windows.iter().filter_map(|(_, spec)| spec.base.as_deref()).find(|base| !is_defined(base));
        if let Some(base) = unknown {
            self.defer(self.about(start, UNRESOLVED_WINDOW_REFERENCE.with("windowName", format!("`{base}`"))));
        }
    }

    /// `WINDOW a AS (…), b AS c`
    pub(crate) fn window_clause(&mut self) -> Result<Option<Vec<(String, WindowSpec)>>> {
        if !(self.at(K::Window) && self.kind_at(1).is_name()) || self.is_read_as(Reading::Absent) {
            return Ok(None);
        }
        let start = self.start();
        self.advance();
        let windows = self.comma_list(|parser| {
            let name = parser.identifier()?;
            parser.expect(K::As)?;
            Ok((name, parser.window_spec()?))
        })?;
        self.check_window_references(start, &windows);
        for (index, (name, _)) in windows.iter().enumerate() {
            if windows[..index].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
                let error = REPETITIVE_WINDOW_DEFINITION.with("windowName", format!("`{name}`"));
                self.defer(self.about(start, error));
            }
        }
        Ok(Some(windows))
    }
}

/// What Spark can compute while it reads a frame: constants and operators between them, no calls of functions.
fn is_constant(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Literal(_)
        | ExprNode::TypedLiteral { .. }
        | ExprNode::NamedParameter(_)
        | ExprNode::PositionalParameter(_) => true,
        ExprNode::Cast { expr, .. } => is_constant(expr),
        ExprNode::Function(call) => {
            let is_operator = match call.name.as_slice() {
                [only] => only == "when" || only == "positive" || !only.starts_with(|c: char| c.is_alphabetic()),
                _ => false,
            };
            is_operator && call.arguments.iter().all(is_constant)
        }
        _ => false,
    }
}
