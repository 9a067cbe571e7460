//! `session_window(time, gap)`: rows that follow each other closely are one group (Spark's `SessionWindowing`).
//!
//! As with `window`, the input gets a column beforehand: what every row spans by itself, `[time, time + gap)`. Where that
//! column is a grouping key, spans that touch are merged among the rows whose other keys are equal. Rows without a time
//! and rows whose gap is not positive go.

use datafusion::common::{Column, ScalarValue};
use datafusion::functions_aggregate::min_max::max_udaf;
use datafusion::logical_expr::expr::{Sort, WindowFunction};
use datafusion::logical_expr::{
    Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition, when,
};
use hearth_base::condition::{DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, INVALID_SESSION_GAP, WRONG_NUM_ARGS};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast};
use hearth_plan::expression::FunctionCall;
use hearth_types::DataType;

use super::block::filter;
use super::time_window::{Source, WindowColumn, as_long, span};
use crate::analyzer::{Analyzer, plan_error, unsupported};
use crate::expression::context::{Clause, Cx, Grouped};
use crate::naming;
use crate::rel::{Rel, all_columns, project};
use crate::scope::ColumnId;

/// The name of a type's class.
fn type_name(data_type: &DataType) -> String {
    let debug = format!("{data_type:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// What the time of a window may be.
pub(super) const TIMES: &str = "(\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or \"STRUCT<start: TIMESTAMP, end: \
     TIMESTAMP>\" or \"STRUCT<start: TIMESTAMP_NTZ, end: TIMESTAMP_NTZ>\")";

impl Analyzer<'_> {
    pub(super) fn session_source(&self, call: &FunctionCall, cx: Cx<'_>) -> Result<Source> {
        let [time, gap] = call.arguments.as_slice() else {
            return Err(WRONG_NUM_ARGS
                .with("functionName", "`session_window`")
                .with("expectedNum", 2)
                .with("actualNum", call.arguments.len())
                .with("docroot", "https://spark.apache.org/docs/latest"));
        };
        let cx = Cx { clause: Clause::Select, output: &[], ..cx }.nested();
        let settings = cx.env.settings;
        let (time_sql, gap_sql) = (naming::sql(time), naming::sql(gap));
        let gap = self.expression(gap, cx)?;
        let gap = match gap.data_type {
            // A text that is no interval is NULL, also with ANSI.
            DataType::String { .. } => cast::cast(gap, &DataType::CalendarInterval, cast::CastMode::Legacy, settings)?,
            DataType::CalendarInterval => gap,
            other => return Err(INVALID_SESSION_GAP.with("dt", format!("{}Type", type_name(&other)))),
        };
        let time = self.expression(time, cx)?;
        let time = match time.data_type {
            DataType::Timestamp | DataType::TimestampNtz => time,
            DataType::Date => cast::cast(time, &DataType::Timestamp, cast::CastMode::of(settings), settings)?,
            other => {
                return Err(DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
                    .with("sqlExpr", format!("\"sessionwindow({time_sql}, {gap_sql})\""))
                    .with("paramIndex", "first")
                    .with("requiredType", TIMES)
                    .with("inputSql", format!("\"{time_sql}\""))
                    .with("inputType", format!("\"{}\"", other.sql())));
            }
        };
        let time_type = time.data_type.clone();
        let end = self.call("+", vec![time.clone(), gap], cx)?;
        Ok(Source { time: time.expr, time_type, duration: 0, slide: 0, start: 0, session_end: Some(end.expr) })
    }

    /// The input with what each row spans by itself.
    pub(super) fn add_session(&self, input: Rel, source: Source, end: &PlanExpr) -> Result<Rel> {
        let (start, end) = (as_long(source.time.clone()), as_long(end.clone()));
        let spans = source.time.clone().is_not_null().and(end.clone().gt(start.clone()));
        let plan = filter(input.plan.clone(), spans)?;
        let window = span(start, end, &source.time_type);
        let (plan, id) = self.with_column(plan, window.expr)?;
        let column = WindowColumn { id, source, data_type: window.data_type, nullable: false };
        self.time_windows.borrow_mut().push(column);
        Ok(input.with_plan(plan))
    }

    /// The input with the sessions of its rows in place of their own spans, where rows are grouped by them.
    pub(super) fn with_sessions(&self, input: Rel, grouped: impl FnOnce(&Rel) -> Result<Grouped>) -> Result<Rel> {
        let schema = input.schema();
        let is_session = |column: &&WindowColumn| {
            column.source.session_end.is_some() && schema.has_column_with_unqualified_name(&column.id.plan_name())
        };
        let Some(column) = self.time_windows.borrow().iter().find(is_session).cloned() else { return Ok(input) };
        let name = Column::new_unqualified(column.id.plan_name());
        let grouped = grouped(&input)?;
        let (sessions, others): (Vec<_>, Vec<_>) =
            grouped.keys.into_iter().partition(|key| key.column_refs().contains(&name));
        if sessions.is_empty() {
            return Ok(input);
        }
        if grouped.sets.is_some() {
            return unsupported("session_window beside ROLLUP, CUBE and GROUPING SETS");
        }
        let (plan, id) = self.merge(input.plan.clone(), &column, others)?;
        for known in self.time_windows.borrow_mut().iter_mut().filter(|known| known.id == column.id) {
            known.id = id;
        }
        Ok(input.with_plan(plan))
    }

    /// Merges spans that touch, among rows with the same keys.
    ///
    /// A row opens a session when it starts after the end of all rows that start before it; the last opening up to a row
    /// is its session's start. Rows that start together are treated alike, whatever their order.
    fn merge(&self, plan: LogicalPlan, column: &WindowColumn, keys: Vec<PlanExpr>) -> Result<(LogicalPlan, ColumnId)> {
        let own = Typed::new(column.id.expr(), column.data_type.clone(), false);
        let (start, end) = (as_long(self.field(own.clone(), "start")?.expr), as_long(self.field(own, "end")?.expr));
        let (plan, start) = self.with_column(plan, start)?;
        let (plan, end) = self.with_column(plan, end)?;
        let unbounded = || WindowFrameBound::Preceding(ScalarValue::Int64(None));
        let range = |end| WindowFrame::new_bounds(WindowFrameUnits::Range, unbounded(), end);
        let before = range(WindowFrameBound::Preceding(ScalarValue::Int64(Some(1))));
        let (plan, reached) = self.with_maximum(plan, end.expr(), (&keys, Some(start.expr())), before)?;
        let opens = reached.expr().is_null().or(start.expr().gt(reached.expr()));
        let opening = when(opens, start.expr()).end().map_err(plan_error)?;
        let so_far = range(WindowFrameBound::CurrentRow);
        let (plan, first) = self.with_maximum(plan, opening, (&keys, Some(start.expr())), so_far)?;
        let mut session = keys;
        session.push(first.expr());
        let (plan, last) = self.with_maximum(plan, end.expr(), (&session, None), WindowFrame::new(None))?;
        let window = span(first.expr(), last.expr(), &column.source.time_type);
        self.with_column(plan, window.expr)
    }

    /// The plan with the largest value of a frame as a new column.
    fn with_maximum(
        &self,
        plan: LogicalPlan,
        value: PlanExpr,
        (keys, order): (&[PlanExpr], Option<PlanExpr>),
        frame: WindowFrame,
    ) -> Result<(LogicalPlan, ColumnId)> {
        let mut function = WindowFunction::new(WindowFunctionDefinition::AggregateUDF(max_udaf()), vec![value]);
        function.params.partition_by = keys.to_vec();
        function.params.order_by = order.map(|expr| Sort::new(expr, true, true)).into_iter().collect();
        function.params.window_frame = frame;
        let function = PlanExpr::WindowFunction(Box::new(function));
        let name = Column::new_unqualified(function.schema_name().to_string());
        let mut outputs = all_columns(&plan);
        let plan = LogicalPlanBuilder::window_plan(plan, [function]).map_err(plan_error)?;
        let id = self.new_id();
        outputs.push(PlanExpr::Column(name).alias(id.plan_name()));
        Ok((project(plan, outputs)?, id))
    }
}

/// The error of two different windows over one input.
pub(super) fn several() -> Error {
    hearth_base::condition::SEVERAL_TIME_WINDOWS.error()
}
