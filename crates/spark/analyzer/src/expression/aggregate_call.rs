//! Aggregates: their modifiers, and `grouping()` and `grouping_id()`.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::common::Column as PlanColumn;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{Aggregate, BinaryExpr, Expr as PlanExpr, Operator, lit};
use hearth_base::condition::{
    AGGREGATE_FILTER_HAS_AGGREGATE, AGGREGATE_FILTER_NOT_BOOLEAN, AGGREGATE_FILTER_NOT_DETERMINISTIC,
    AGGREGATE_NOT_DETERMINISTIC, GROUPING_COLUMN_MISMATCH, GROUPING_ID_COLUMN_MISMATCH,
    JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE, NESTED_AGGREGATE_FUNCTION, UNSUPPORTED_GROUPING_EXPRESSION,
};
use hearth_base::{Error, Result};
use hearth_functions::call::Argument;
use hearth_functions::row::Builder;
use hearth_functions::{AggregateModifiers, FunctionRow, Typed};
use hearth_plan::expression::{FunctionCall, NullOrdering, SortDirection, SortOrder};
use hearth_plan::{Expr, ExprNode};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::context::{Clause, Cx};
use super::function::is_boolean;
use crate::analyzer::{Analyzer, located, plan_error};
use crate::naming;

impl Analyzer<'_> {
    pub fn aggregate_call(&self, row: &FunctionRow, call: &FunctionCall, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
        if let Some(typed) = self.aggregate_of_outer(row, (call, expr), cx)? {
            return Ok(typed);
        }
        self.check_aggregate_place(expr, cx)?;
        super::window::check::modifiers(row, call)?;
        for argument in &call.arguments {
            if reads_file(argument)
                || self.expression(argument, cx.inside_aggregate()).is_ok_and(|v| v.expr.is_volatile())
            {
                let error = AGGREGATE_NOT_DETERMINISTIC.with("sqlExpr", format!("\"{}\"", naming::sql(expr)));
                return located(argument.origin.as_ref(), Err(error));
            }
        }
        self.build_aggregate(row, (call, expr), cx.inside_aggregate(), false)
    }

    /// In the condition of a subquery of `HAVING` an aggregate over outer columns alone is one of the outer query.
    fn aggregate_of_outer(
        &self,
        row: &FunctionRow,
        (call, expr): (&FunctionCall, &Expr),
        cx: Cx<'_>,
    ) -> Result<Option<Typed>> {
        let Some(asked) = cx.env.outer.and_then(|outer| outer.aggregates) else { return Ok(None) };
        if cx.clause != Clause::Where || cx.inside_aggregate {
            return Ok(None);
        }
        let Ok(typed) = self.build_aggregate(row, (call, expr), cx.inside_aggregate(), false) else { return Ok(None) };
        // The aggregate itself may have dropped a column that is never NULL.
        let mut outer_columns = false;
        for argument in &call.arguments {
            let Ok(value) = self.expression(argument, cx.inside_aggregate()) else { return Ok(None) };
            let value = value.expr;
            let outer = |part: &PlanExpr| Ok(matches!(part, PlanExpr::OuterReferenceColumn(..)));
            outer_columns |= value.exists(outer).map_err(plan_error)?;
            if !value.column_refs().is_empty() {
                return Ok(None);
            }
        }
        if !outer_columns || !typed.expr.column_refs().is_empty() {
            return Ok(None);
        }
        let seen_outside = typed.expr.clone().transform(|part| match part {
            PlanExpr::OuterReferenceColumn(_, column) => Ok(Transformed::yes(PlanExpr::Column(column))),
            other => Ok(Transformed::no(other)),
        });
        let aggregate = seen_outside.map_err(plan_error)?.data;
        let mut asked = asked.borrow_mut();
        let known = asked.iter().find(|(_, known)| *known == aggregate).map(|(id, _)| *id);
        let id = known.unwrap_or_else(|| {
            let id = self.new_id();
            asked.push((id, aggregate));
            id
        });
        let field = Field::new(id.plan_name(), to_engine_arrow(&typed.data_type), typed.nullable);
        let column = PlanColumn::new_unqualified(id.plan_name());
        let seen_inside = PlanExpr::OuterReferenceColumn(Arc::new(field), column);
        Ok(Some(Typed::new(seen_inside, typed.data_type, typed.nullable)))
    }

    pub(crate) fn build_aggregate(
        &self,
        row: &FunctionRow,
        (call, expr): (&FunctionCall, &Expr),
        cx: Cx<'_>,
        in_window: bool,
    ) -> Result<Typed> {
        let Builder::Aggregate(build) = row.builder else {
            return Err(Error::internal(format!("{} is no aggregate", row.name)));
        };
        let mut checked = self.checked_call(row, call, expr, cx)?;
        checked.modifiers = AggregateModifiers {
            distinct: call.distinct,
            filter: call.filter.as_ref().map(|filter| self.aggregate_filter(filter, cx)).transpose()?,
            ignore_nulls: call.ignore_nulls,
            within_group: call
                .within_group
                .iter()
                .map(|order| {
                    let key = self.expression(&order.child, cx)?;
                    Ok((sort_expr(key.expr.clone(), order), key))
                })
                .collect::<Result<_>>()?,
            in_window,
        };
        if call.distinct || matches!(row.name, "collect_set" | "mode") {
            for argument in &mut checked.arguments {
                if let Argument::Value(value) = argument {
                    *value = hearth_functions::collation::distinct_key(value.clone());
                }
            }
        }
        super::collated::build(row, call, checked, build)
    }

    fn aggregate_filter(&self, filter: &Expr, cx: Cx<'_>) -> Result<PlanExpr> {
        let text = format!("\"{}\"", naming::sql(filter));
        let typed = match self.expression(filter, cx.nested()) {
            Err(error) if error.condition() == NESTED_AGGREGATE_FUNCTION => {
                let inner =
                    inner_aggregate(filter).map_or_else(|| text.clone(), |call| format!("\"{}\"", naming::sql(call)));
                return Err(AGGREGATE_FILTER_HAS_AGGREGATE.with("filterExpr", &text).with("aggExpr", inner));
            }
            typed => typed?,
        };
        if typed.expr.is_volatile() {
            return Err(AGGREGATE_FILTER_NOT_DETERMINISTIC.with("filterExpr", text));
        }
        if !is_boolean(&typed) {
            return Err(AGGREGATE_FILTER_NOT_BOOLEAN.with("filterExpr", text));
        }
        Ok(typed.expr)
    }

    fn check_aggregate_place(&self, expr: &Expr, cx: Cx<'_>) -> Result<()> {
        use hearth_base::condition::{GROUP_BY_AGGREGATE, INVALID_WHERE_CONDITION};
        if cx.inside_aggregate {
            return Err(NESTED_AGGREGATE_FUNCTION.error());
        }
        match cx.clause {
            Clause::Select | Clause::Having | Clause::OrderBy => Ok(()),
            Clause::Where | Clause::Join => Err(INVALID_WHERE_CONDITION
                .with("condition", format!("\"{}\"", naming::sql(expr)))
                .with("expressionList", naming::sql(expr))),
            Clause::GroupBy => Err(GROUP_BY_AGGREGATE.with("sqlExpr", naming::sql(expr))),
            Clause::Values => Err(INVALID_WHERE_CONDITION
                .with("condition", format!("\"{}\"", naming::sql(expr)))
                .with("expressionList", naming::sql(expr))),
        }
    }

    /// A condition, which must be boolean.
    pub(crate) fn condition(&self, expr: &Expr, cx: Cx<'_>) -> Result<PlanExpr> {
        let typed = self.expression(expr, cx.nested())?;
        // HAVING and QUALIFY stand above a list, where NULL is a boolean by then.
        if is_boolean(&typed) || (typed.is_void() && cx.clause != Clause::Where && cx.clause != Clause::Join) {
            return Ok(typed.expr);
        }
        if matches!(cx.clause, Clause::Join) {
            return Err(JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE
                .with("joinCondition", format!("\"{}\"", naming::sql(expr)))
                .with("conditionType", format!("\"{}\"", typed.data_type.sql())));
        }
        Err(hearth_base::condition::DATATYPE_MISMATCH_FILTER_NOT_BOOLEAN
            .with("sqlExpr", format!("\"{}\"", naming::sql(expr)))
            .with("filter", format!("\"{}\"", naming::sql(expr)))
            .with("type", format!("\"{}\"", typed.data_type.sql())))
    }

    /// `grouping(a)`: 1 where `a` is rolled up.
    pub fn grouping(&self, arguments: &[Expr], cx: Cx<'_>) -> Result<Typed> {
        let (grouped, count) = grouping_sets(cx)?;
        let [argument] = arguments else { return Err(UNSUPPORTED_GROUPING_EXPRESSION.error()) };
        let key = self.expression(argument, cx.inside_aggregate())?;
        let position = grouped.iter().position(|known| *known == key.expr).ok_or_else(|| {
            GROUPING_COLUMN_MISMATCH
                .with("grouping", shown(&key.expr, cx))
                .with("groupingColumns", all_shown(grouped, cx))
        })?;
        let bit = shifted(group_bits(), count - 1 - position);
        Ok(Typed::new(cast_to(bit, datafusion::arrow::datatypes::DataType::Int8), DataType::Byte, false))
    }

    /// `grouping_id(a, b)`: the bits of `grouping` in one number; without arguments all grouping columns.
    pub fn grouping_id(&self, arguments: &[Expr], cx: Cx<'_>) -> Result<Typed> {
        let (grouped, count) = grouping_sets(cx)?;
        let mut positions: Vec<usize> = (0..count).collect();
        if !arguments.is_empty() {
            positions.clear();
            for argument in arguments {
                let key = self.expression(argument, cx.inside_aggregate())?;
                let position = grouped.iter().position(|known| *known == key.expr);
                positions.push(position.ok_or_else(|| {
                    GROUPING_ID_COLUMN_MISMATCH
                        .with("groupingIdColumn", shown(&key.expr, cx))
                        .with("groupByColumns", all_shown(grouped, cx))
                })?);
            }
        }
        if !positions.iter().copied().eq(0..count) {
            let keys = positions.iter().filter_map(|position| grouped.get(*position)).cloned().collect::<Vec<_>>();
            return Err(GROUPING_ID_COLUMN_MISMATCH
                .with("groupingIdColumn", all_shown(&keys, cx))
                .with("groupByColumns", all_shown(grouped, cx)));
        }
        let bits = binary(group_bits(), Operator::BitwiseAnd, lit((1_i64 << count) - 1));
        Ok(Typed::new(bits, DataType::Long, false))
    }
}

/// Whether a value tells of the file that its row comes from, which Spark knows only while it reads.
fn reads_file(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Function(call) => {
            let name = call.name.last().map(|name| name.to_lowercase());
            let name = name.as_deref().unwrap_or_default();
            matches!(name, "input_file_name" | "input_file_block_start" | "input_file_block_length")
                || call.arguments.iter().any(reads_file)
        }
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => reads_file(expr),
        _ => false,
    }
}

/// The first aggregate among the arguments of calls.
pub(crate) fn inner_aggregate(expr: &Expr) -> Option<&Expr> {
    let ExprNode::Function(call) = &expr.node else { return None };
    let row = super::function::builtin_name(&call.name).and_then(hearth_functions::lookup);
    if row.is_some_and(|row| matches!(row.builder, Builder::Aggregate(_))) {
        return Some(expr);
    }
    call.arguments.iter().find_map(inner_aggregate)
}

fn grouping_sets<'c>(cx: Cx<'c>) -> Result<(&'c [PlanExpr], usize)> {
    match cx.grouped {
        Some(grouped) if grouped.sets.is_some() => Ok((&grouped.keys, grouped.keys.len())),
        _ => Err(UNSUPPORTED_GROUPING_EXPRESSION.error()),
    }
}

/// Stands for a column's id where Spark shows one: ids of ours are taken for names (see `by_name`).
pub(super) const SOME_ID: &str = "#1000000";

/// A column as Spark prints plans: its name with an id.
fn shown(expr: &PlanExpr, cx: Cx<'_>) -> String {
    let PlanExpr::Column(column) = expr else { return expr.to_string() };
    let known = cx.rel.scope.columns.iter().find(|known| known.id.plan_name() == column.name);
    known.map_or_else(|| column.name.clone(), |known| format!("{}{SOME_ID}", known.name))
}

fn all_shown(keys: &[PlanExpr], cx: Cx<'_>) -> String {
    keys.iter().map(|key| shown(key, cx)).collect::<Vec<_>>().join(",")
}

/// DataFusion's own column: one bit per key, the first key highest, 1 where the key is rolled up.
fn group_bits() -> PlanExpr {
    let column = PlanExpr::Column(PlanColumn::new_unqualified(Aggregate::INTERNAL_GROUPING_ID));
    cast_to(column, datafusion::arrow::datatypes::DataType::Int64)
}

fn shifted(bits: PlanExpr, by: usize) -> PlanExpr {
    let moved = if by == 0 { bits } else { binary(bits, Operator::BitwiseShiftRight, lit(by as i64)) };
    binary(moved, Operator::BitwiseAnd, lit(1_i64))
}

fn binary(left: PlanExpr, operator: Operator, right: PlanExpr) -> PlanExpr {
    PlanExpr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

fn cast_to(expr: PlanExpr, to: datafusion::arrow::datatypes::DataType) -> PlanExpr {
    PlanExpr::Cast(datafusion::logical_expr::Cast::new(Box::new(expr), to))
}

/// A sort key with Spark's default for NULLs: first when ascending, last when descending.
pub(crate) fn sort_expr(expr: PlanExpr, order: &SortOrder) -> SortExpr {
    let ascending = order.direction == SortDirection::Ascending;
    let nulls_first = match order.nulls {
        NullOrdering::Default => ascending,
        NullOrdering::First => true,
        NullOrdering::Last => false,
    };
    SortExpr::new(expr, ascending, nulls_first)
}
