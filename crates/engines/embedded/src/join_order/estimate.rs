//! How many rows a plan gives, roughly: sizes of tables, and a usual share for each kind of condition.

use datafusion::common::JoinType;
use datafusion::common::stats::Precision;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, FetchType, LogicalPlan, Operator, SkipType};

/// Estimated rows.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// With all filters.
    pub rows: f64,
    /// Of the table below, before its filters.
    pub base: f64,
}

const EQUAL: f64 = 0.1;
const RANGE: f64 = 0.33;
const PATTERN: f64 = 0.2;
const OTHER: f64 = 0.5;
const NOT_NULL: f64 = 0.95;
/// What a GROUP BY leaves of its input.
const GROUPS: f64 = 0.2;

/// The size of a plan; nothing where it reads something whose size is not known.
pub fn size(plan: &LogicalPlan) -> Option<Size> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let statistics = source_as_provider(&scan.source).ok()?.statistics()?;
            match statistics.num_rows {
                Precision::Exact(rows) | Precision::Inexact(rows) => Some(exactly(rows)),
                Precision::Absent => None,
            }
        }
        LogicalPlan::Filter(filter) => {
            let input = size(&filter.input)?;
            Some(Size { rows: (input.rows * selectivity(&filter.predicate)).max(1.0), ..input })
        }
        LogicalPlan::Projection(projection) => size(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => size(&alias.input),
        LogicalPlan::Sort(sort) => size(&sort.input),
        LogicalPlan::Limit(limit) => {
            let input = size(&limit.input)?;
            match (limit.get_fetch_type().ok()?, limit.get_skip_type().ok()?) {
                (FetchType::Literal(Some(fetch)), SkipType::Literal(_)) => {
                    let rows = input.rows.min(fetch as f64);
                    Some(Size { rows, base: rows })
                }
                _ => Some(input),
            }
        }
        LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => Some(exactly(1)),
        LogicalPlan::Aggregate(aggregate) => groups(&aggregate.input),
        LogicalPlan::Distinct(distinct) => groups(distinct.input()),
        LogicalPlan::Values(values) => Some(exactly(values.values.len())),
        LogicalPlan::EmptyRelation(empty) => Some(exactly(usize::from(empty.produce_one_row))),
        LogicalPlan::Join(join) => match join.join_type {
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => size(&join.left),
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => size(&join.right),
            JoinType::Inner | JoinType::Full => {
                let (left, right) = (size(&join.left)?, size(&join.right)?);
                let rows = if join.on.is_empty() { left.rows * right.rows } else { left.rows.max(right.rows) };
                Some(Size { rows, base: left.base.max(right.base) })
            }
        },
        LogicalPlan::Union(union) => {
            let sizes = union.inputs.iter().map(|input| size(input)).collect::<Option<Vec<_>>>()?;
            Some(Size { rows: sizes.iter().map(|one| one.rows).sum(), base: sizes.iter().map(|one| one.base).sum() })
        }
        // The size of anything else is not known.
        _ => None,
    }
}

fn exactly(rows: usize) -> Size {
    let rows = (rows as f64).max(1.0);
    Size { rows, base: rows }
}

fn groups(input: &LogicalPlan) -> Option<Size> {
    let rows = (size(input)?.rows * GROUPS).max(1.0);
    Some(Size { rows, base: rows })
}

/// The share of rows that a condition leaves.
pub fn selectivity(condition: &Expr) -> f64 {
    split_conjunction(condition).into_iter().map(share).product()
}

fn share(expr: &Expr) -> f64 {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq | Operator::IsNotDistinctFrom => EQUAL,
            Operator::NotEq | Operator::IsDistinctFrom => 1.0 - EQUAL,
            Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => RANGE,
            Operator::And => selectivity(left) * selectivity(right),
            Operator::Or => (selectivity(left) + selectivity(right)).min(1.0),
            _ => OTHER,
        },
        Expr::InList(list) if list.negated => OTHER,
        Expr::InList(list) => (EQUAL * list.list.len() as f64).min(OTHER),
        Expr::Between(_) => RANGE,
        Expr::Like(_) => PATTERN,
        Expr::IsNotNull(_) => NOT_NULL,
        Expr::IsNull(_) => 1.0 - NOT_NULL,
        Expr::Not(inner) => 1.0 - selectivity(inner),
        _ => OTHER,
    }
}
