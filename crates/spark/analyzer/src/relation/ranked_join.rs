//! As-of joins and nearest-by joins: of all rows of the right side that qualify for a row of the left one, the best.
//!
//! Rows of the left side get a number, the sides are joined, and of the pairs with one number those that rank first are
//! kept. Spark does the same with a subquery for each row; ties may fall either way in both.

use datafusion::arrow::datatypes::DataType as Arrow;
use datafusion::common::{Column as PlanColumn, ScalarValue};
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{Expr as PlanExpr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, lit};
use hearth_base::condition::{
    AS_OF_JOIN_TOLERANCE_IS_NON_NEGATIVE, AS_OF_JOIN_TOLERANCE_IS_UNFOLDABLE, AS_OF_JOIN_UNSUPPORTED_DIRECTION,
};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_plan::relation::{AsOfJoin, JoinKind, NearestByJoin};
use hearth_types::DataType;

use super::block::filter;
use super::join::{both_sides, join_plan, joined_scope};
use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::rel::{Rel, all_columns, project};
use crate::scope::ColumnId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Backward,
    Forward,
    Nearest,
}

impl Direction {
    fn parse(text: &str) -> Result<Self> {
        match text.to_lowercase().as_str() {
            "backward" | "" => Ok(Self::Backward),
            "forward" => Ok(Self::Forward),
            "nearest" => Ok(Self::Nearest),
            _ => Err(AS_OF_JOIN_UNSUPPORTED_DIRECTION
                .with("direction", text)
                .with("supported", "'forward', 'backward', 'nearest'")),
        }
    }
}

/// Which pairs qualify, and how those of one left row are ordered.
struct Ranking {
    condition: Option<PlanExpr>,
    key: SortExpr,
    results: i64,
    kind: JoinKind,
}

impl Analyzer<'_> {
    pub fn as_of_join(&self, join: &AsOfJoin, env: Env<'_>) -> Result<Rel> {
        let direction = Direction::parse(&join.direction)?;
        let kind = kind_of(&join.join_type)?;
        let left = self.relation(&join.left, env)?;
        let right = self.relation(&join.right, env)?;
        let both = both_sides(&left, &right)?;
        let cx = Cx::new(env, &both, Clause::Join);
        let mine = self.expression(&join.left_as_of, Cx::new(env, &left, Clause::Join))?;
        let other = self.expression(&join.right_as_of, Cx::new(env, &right, Clause::Join))?;
        let mut conditions = Vec::new();
        if let Some(condition) = &join.condition {
            conditions.push(self.condition(condition, cx)?);
        }
        for name in &join.using {
            let (left, right) = (self.named_column(&left, name)?, self.named_column(&right, name)?);
            conditions.push(self.equal(left.typed(), right.typed(), env)?);
        }
        let (before, after) = if join.allow_exact_matches { ("<=", ">=") } else { ("<", ">") };
        match direction {
            Direction::Backward => conditions.push(self.call(after, vec![mine.clone(), other.clone()], cx)?.expr),
            Direction::Forward => conditions.push(self.call(before, vec![mine.clone(), other.clone()], cx)?.expr),
            Direction::Nearest if join.allow_exact_matches => {}
            Direction::Nearest => conditions.push(mine.expr.clone().not_eq(other.expr.clone())),
        }
        if let Some(tolerance) = &join.tolerance {
            let tolerance = self.expression(tolerance, Cx { rel: &Rel::one_row(), ..cx })?;
            self.check_tolerance(&tolerance, cx)?;
            if direction != Direction::Forward {
                let least = self.call("-", vec![mine.clone(), tolerance.clone()], cx)?;
                conditions.push(self.call(">=", vec![other.clone(), least], cx)?.expr);
            }
            if direction != Direction::Backward {
                let most = self.call("+", vec![mine.clone(), tolerance], cx)?;
                conditions.push(self.call("<=", vec![other.clone(), most], cx)?.expr);
            }
        }
        let distance = self.distance(direction, mine, other, cx)?;
        let key = SortExpr::new(distance, true, false);
        let ranking = Ranking { condition: conditions.into_iter().reduce(PlanExpr::and), key, results: 1, kind };
        self.ranked(&left, &right, ranking)
    }

    fn check_tolerance(&self, tolerance: &Typed, cx: Cx<'_>) -> Result<()> {
        let value = self.constant(tolerance).map_err(|_| AS_OF_JOIN_TOLERANCE_IS_UNFOLDABLE.error())?;
        let zero = match tolerance.data_type {
            DataType::CalendarInterval => return Ok(()),
            _ => ScalarValue::new_zero(&value.data_type()).map_err(plan_error)?,
        };
        let _ = cx;
        if value.partial_cmp(&zero) == Some(std::cmp::Ordering::Less) {
            return Err(AS_OF_JOIN_TOLERANCE_IS_NON_NEGATIVE.error());
        }
        Ok(())
    }

    fn distance(&self, direction: Direction, mine: Typed, other: Typed, cx: Cx<'_>) -> Result<PlanExpr> {
        let back = self.call("-", vec![mine.clone(), other.clone()], cx)?.expr;
        if direction == Direction::Backward {
            return Ok(back);
        }
        let ahead = self.call("-", vec![other.clone(), mine.clone()], cx)?.expr;
        if direction == Direction::Forward {
            return Ok(ahead);
        }
        let later = self.call(">", vec![mine, other], cx)?.expr;
        datafusion::logical_expr::when(later, back).otherwise(ahead).map_err(plan_error)
    }

    pub fn nearest_by_join(&self, join: &NearestByJoin, env: Env<'_>) -> Result<Rel> {
        let kind = kind_of(&join.join_type)?;
        let ascending = match join.direction.to_lowercase().as_str() {
            "distance" | "" => true,
            "similarity" => false,
            other => return Err(Error::unsupported(format!("nearest-by joins of the direction {other}"))),
        };
        let left = self.relation(&join.left, env)?;
        let right = self.relation(&join.right, env)?;
        let both = both_sides(&left, &right)?;
        let key = self.expression(&join.ranking, Cx::new(env, &both, Clause::Join))?;
        let key = SortExpr::new(key.expr, ascending, false);
        self.ranked(&left, &right, Ranking { condition: None, key, results: i64::from(join.results), kind })
    }

    fn ranked(&self, left: &Rel, right: &Rel, ranking: Ranking) -> Result<Rel> {
        let number = datafusion::functions_window::expr_fn::row_number();
        let (numbered, number) = self.with_window(left.plan.clone(), number)?;
        let joined = join_plan(numbered, right.plan.clone(), ranking.kind, ranking.condition)?;
        let rank = datafusion::functions_window::expr_fn::row_number()
            .partition_by(vec![number.expr()])
            .order_by(vec![ranking.key])
            .build()
            .map_err(plan_error)?;
        let (plan, rank) = self.with_window(joined, rank)?;
        let rank = PlanExpr::Cast(datafusion::logical_expr::Cast::new(Box::new(rank.expr()), Arrow::Int64));
        let plan = filter(plan, rank.lt_eq(lit(ranking.results)))?;
        Ok(Rel::new(plan, joined_scope(&left.scope, &right.scope, ranking.kind)))
    }

    /// A plan with one more column.
    fn with_window(&self, plan: LogicalPlan, window: PlanExpr) -> Result<(LogicalPlan, ColumnId)> {
        let mut outputs = all_columns(&plan);
        let name = window.schema_name().to_string();
        let id = self.new_id();
        let plan = LogicalPlanBuilder::window_plan(plan, [window]).map_err(plan_error)?;
        outputs.push(PlanExpr::Column(PlanColumn::new_unqualified(name)).alias(id.plan_name()));
        Ok((project(plan, outputs)?, id))
    }
}

fn kind_of(text: &str) -> Result<JoinKind> {
    match text.to_lowercase().replace('_', "").as_str() {
        "inner" | "" => Ok(JoinKind::Inner),
        "left" | "leftouter" => Ok(JoinKind::LeftOuter),
        other => Err(Error::unsupported(format!("as-of and nearest-by joins of the type {other}"))),
    }
}
