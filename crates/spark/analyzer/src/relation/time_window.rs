//! `window(time, '10 minutes', '5 minutes')`: the time windows that a row falls into (Spark's `TimeWindowing`).
//!
//! The call stands in an expression but changes rows: those without a time go, and with windows that overlap a row comes
//! once for each of its windows. So the input of a `SELECT` or `GROUP BY` gets a column for each call beforehand, outside
//! of its scope, and the call becomes that column. The name `window` finds it too.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType as Arrow;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr as PlanExpr, LogicalPlan, Operator, lit};
use hearth_base::condition::{
    CANNOT_PARSE_WINDOW_INTERVAL, DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, PARAMETER_CONSTRAINT_VIOLATION,
    WINDOW_NOT_CONSTANT, WINDOW_OF_MONTHS,
};
use hearth_base::{Error, Result};
use hearth_functions::{Generated, GeneratedColumn, Typed, cast};
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode, Origin};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField};

use super::block::filter;
use super::session_window;
use crate::analyzer::{Analyzer, located, unsupported};
use crate::expression::context::{Clause, Cx};
use crate::expression::extract::make_struct;
use crate::naming;
use crate::rel::{Rel, all_columns, project};
use crate::scope::ColumnId;

/// Windows that one row may fall into.
const MAX_OVERLAP: i64 = 10_000;

/// A window column that an input has got.
#[derive(Debug, Clone)]
pub(crate) struct WindowColumn {
    pub(super) id: ColumnId,
    pub(super) source: Source,
    pub(super) data_type: DataType,
    pub(super) nullable: bool,
}

/// What was asked for: equal calls are one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub(super) time: PlanExpr,
    pub(super) time_type: DataType,
    pub(super) duration: i64,
    pub(super) slide: i64,
    pub(super) start: i64,
    /// Where a session ends that has this row only; then the lengths mean nothing.
    pub(super) session_end: Option<PlanExpr>,
}

impl Analyzer<'_> {
    /// The input with a column for each call of `window` in the expressions.
    pub(crate) fn with_time_windows<'x>(
        &self,
        mut input: Rel,
        expressions: impl Iterator<Item = &'x Expr>,
        cx_env: crate::analyzer::Env<'_>,
    ) -> Result<Rel> {
        let mut calls = Vec::new();
        for expr in expressions {
            find_calls(expr, &mut calls);
        }
        let mut sources: Vec<Source> = Vec::new();
        for (call, origin) in calls {
            let source = self.window_source(call, Cx::new(cx_env, &input, Clause::Select));
            let source = located(origin, source)?;
            if sources.iter().any(|other| *other != source) {
                return Err(session_window::several());
            }
            sources.push(source.clone());
            if self.known_window(&input, &source).is_none() {
                input = match source.session_end.clone() {
                    Some(end) => self.add_session(input, source, &end)?,
                    None => self.add_window(input, source)?,
                };
            }
        }
        Ok(input)
    }

    fn known_window(&self, input: &Rel, source: &Source) -> Option<WindowColumn> {
        let known = self.time_windows.borrow();
        let present = |column: &&WindowColumn| input.schema().has_column_with_unqualified_name(&column.id.plan_name());
        known.iter().filter(present).find(|column| column.source == *source).cloned()
    }

    /// The call, where an input has its column.
    pub(crate) fn time_window(&self, call: &FunctionCall, cx: Cx<'_>) -> Result<Typed> {
        let source = self.window_source(call, cx)?;
        match self.known_window(cx.rel, &source) {
            Some(column) => Ok(Typed::new(column.id.expr(), column.data_type, column.nullable)),
            None => unsupported("the function window outside of SELECT and GROUP BY"),
        }
    }

    /// What the bare name `window` means.
    pub(crate) fn window_by_name(&self, name: &[String], cx: Cx<'_>) -> Result<Option<Typed>> {
        let [first, fields @ ..] = name else { return Ok(None) };
        let session = first.eq_ignore_ascii_case("session_window");
        if !session && !first.eq_ignore_ascii_case("window") {
            return Ok(None);
        }
        let known = self.time_windows.borrow();
        let present = |column: &&WindowColumn| cx.rel.schema().has_column_with_unqualified_name(&column.id.plan_name());
        let mut present = known.iter().filter(present);
        let Some(column) = present.find(|column| column.source.session_end.is_some() == session) else {
            return Ok(None);
        };
        let typed = Typed::new(column.id.expr(), column.data_type.clone(), column.nullable);
        fields.iter().try_fold(typed, |value, field| self.field(value, field)).map(Some)
    }

    /// `window_time(window)`: the last instant of a window.
    pub(crate) fn window_time(&self, call: &FunctionCall, cx: Cx<'_>) -> Result<Typed> {
        let [argument] = call.arguments.as_slice() else { return unsupported("window_time of this") };
        let window = self.expression(argument, cx)?;
        if !matches!(window.data_type, DataType::Struct(_)) {
            let text = naming::sql(argument);
            return Err(DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
                .with("sqlExpr", format!("\"window_time({text})\""))
                .with("paramIndex", "first")
                .with("requiredType", "\"STRUCT\"")
                .with("inputSql", format!("\"{text}\""))
                .with("inputType", format!("\"{}\"", window.data_type.sql())));
        }
        let end = self.field(window, "end")?;
        let micros = minus(as_long(end.expr), lit(1_i64));
        let expr = cast_to(micros, to_engine_arrow(&end.data_type));
        Ok(Typed::new(expr, end.data_type, true))
    }

    fn window_source(&self, call: &FunctionCall, cx: Cx<'_>) -> Result<Source> {
        if is_session(call) {
            return self.session_source(call, cx);
        }
        let (Some(time), durations @ [_, ..]) = (call.arguments.first(), call.arguments.get(1..).unwrap_or_default())
        else {
            return Err(wrong_number(call));
        };
        if durations.len() > 3 {
            return Err(wrong_number(call));
        }
        let time_sql = naming::sql(time);
        let micros = durations.iter().map(|length| self.window_micros(length, cx)).collect::<Result<Vec<_>>>()?;
        let duration = micros.first().copied().unwrap_or(0);
        let slide = micros.get(1).copied().unwrap_or(duration);
        let start = micros.get(2).copied().unwrap_or(0);
        let lengths = format!(", {duration}, {slide}, {start}");
        let typed = self.expression(time, Cx { clause: Clause::Select, output: &[], ..cx }.nested())?;
        let typed = match typed.data_type {
            DataType::Timestamp | DataType::TimestampNtz => typed,
            DataType::Date => {
                let mode = cast::CastMode::of(cx.env.settings);
                cast::cast(typed, &DataType::Timestamp, mode, cx.env.settings)?
            }
            DataType::Struct(_) => return unsupported("windows of windows"),
            other => {
                return Err(DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
                    .with("sqlExpr", format!("\"window({time_sql}{lengths})\""))
                    .with("paramIndex", "first")
                    .with("requiredType", session_window::TIMES)
                    .with("inputSql", format!("\"{time_sql}\""))
                    .with("inputType", format!("\"{}\"", other.sql())));
            }
        };
        check_lengths(&format!("window({time_sql}{lengths})"), duration, slide, start)?;
        Ok(Source { time: typed.expr, time_type: typed.data_type, duration, slide, start, session_end: None })
    }

    /// An interval, or its text, in microseconds.
    fn window_micros(&self, expr: &Expr, cx: Cx<'_>) -> Result<i64> {
        let typed = self.expression(expr, cx.nested())?;
        if !typed.expr.column_refs().is_empty() {
            return Err(WINDOW_NOT_CONSTANT.error());
        }
        if let Some(text) = typed.literal_str() {
            return micros_of_text(text);
        }
        match self.constant(&typed)? {
            ScalarValue::IntervalMonthDayNano(Some(interval)) if interval.months == 0 => {
                Ok(i64::from(interval.days) * 86_400_000_000 + interval.nanoseconds / 1000)
            }
            ScalarValue::DurationMicrosecond(Some(micros)) | ScalarValue::Int64(Some(micros)) => Ok(micros),
            ScalarValue::Int32(Some(micros)) => Ok(i64::from(micros)),
            _ => unsupported("time windows of months or of no constant length"),
        }
    }

    fn add_window(&self, input: Rel, source: Source) -> Result<Rel> {
        let plan = filter(input.plan.clone(), source.time.clone().is_not_null())?;
        let micros = as_long(source.time.clone());
        // The start of the last window that has the time: a remainder that is never negative.
        let offset = minus(micros.clone(), lit(source.start));
        let slide = lit(source.slide);
        let remainder = binary(
            binary(binary(offset, Operator::Modulo, slide.clone()), Operator::Plus, slide.clone()),
            Operator::Modulo,
            slide,
        );
        let last = minus(micros.clone(), remainder);
        let overlap = (source.duration - 1) / source.slide + 1;
        if overlap > MAX_OVERLAP {
            return Err(Error::unsupported("more than 10000 time windows for a row"));
        }
        let (plan, start) = if overlap == 1 {
            self.with_column(plan, last)?
        } else {
            self.overlapping(plan, &last, overlap, source.slide)?
        };
        let exact = source.duration % source.slide == 0;
        let plan = if exact {
            plan
        } else {
            let end = binary(start.expr(), Operator::Plus, lit(source.duration));
            filter(plan, micros.lt(end))?
        };
        let end = binary(start.expr(), Operator::Plus, lit(source.duration));
        let window = span(start.expr(), end, &source.time_type);
        let (plan, id) = self.with_column(plan, window.expr)?;
        let column = WindowColumn { id, source, data_type: window.data_type, nullable: overlap > 1 };
        self.time_windows.borrow_mut().push(column);
        Ok(input.with_plan(plan))
    }

    fn overlapping(
        &self,
        plan: LogicalPlan,
        last: &PlanExpr,
        overlap: i64,
        slide: i64,
    ) -> Result<(LogicalPlan, ColumnId)> {
        let starts = (0..overlap).map(|index| minus(last.clone(), lit(index * slide))).collect();
        let list = datafusion::functions_nested::expr_fn::make_array(starts);
        let list = Typed::new(list, DataType::array(DataType::Long, true), false);
        let column = GeneratedColumn { name: "start".to_owned(), data_type: DataType::Long, nullable: true };
        let generated = Generated { list, columns: vec![column], elements_are_structs: false };
        let step = self.generator_step(generated, false);
        let id = step.ids.first().copied().ok_or_else(|| Error::internal("a generator without columns"))?;
        Ok((self.generate(plan, &step, step.generated.list.expr.clone())?, id))
    }

    pub(super) fn with_column(&self, plan: LogicalPlan, expr: PlanExpr) -> Result<(LogicalPlan, ColumnId)> {
        let id = self.new_id();
        let mut outputs = all_columns(&plan);
        outputs.push(expr.alias(id.plan_name()));
        Ok((project(plan, outputs)?, id))
    }
}

/// The length that a text names.
fn micros_of_text(text: &str) -> Result<i64> {
    let Some(parsed) = hearth_types::interval_parse::string_to_interval(text) else {
        return Err(CANNOT_PARSE_WINDOW_INTERVAL.with("intervalString", format!("'{text}'")));
    };
    if parsed.months != 0 {
        return Err(WINDOW_OF_MONTHS.with("interval", text));
    }
    Ok(i64::from(parsed.days) * 86_400_000_000 + parsed.microseconds)
}

fn check_lengths(sql: &str, duration: i64, slide: i64, start: i64) -> Result<()> {
    for (name, value) in [("window_duration", duration), ("slide_duration", slide)] {
        if value <= 0 {
            return Err(hearth_base::condition::DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
                .with("sqlExpr", format!("\"{sql}\""))
                .with("exprName", format!("`{name}`"))
                .with("valueRange", format!("(0, {}]", i64::MAX))
                .with("currentValue", format!("{value}L")));
        }
    }
    let violation = |left: (&str, i64), constraint: &str, right: (&str, i64)| {
        Err(PARAMETER_CONSTRAINT_VIOLATION
            .with("sqlExpr", format!("\"{sql}\""))
            .with("leftExprName", format!("`{}`", left.0))
            .with("leftExprValue", format!("{}L", left.1))
            .with("constraint", constraint)
            .with("rightExprName", format!("`{}`", right.0))
            .with("rightExprValue", format!("{}L", right.1)))
    };
    if slide > duration {
        return violation(("slide_duration", slide), "<=", ("window_duration", duration));
    }
    if start.abs() >= slide {
        return violation(("abs(start_time)", start.abs()), "<", ("slide_duration", slide));
    }
    Ok(())
}

type Found<'x> = (&'x FunctionCall, Option<&'x Arc<Origin>>);

fn find_calls<'x>(expr: &'x Expr, into: &mut Vec<Found<'x>>) {
    match &expr.node {
        ExprNode::Function(call) => {
            let window =
                matches!(call.name.as_slice(), [name] if name.eq_ignore_ascii_case("window")) || is_session(call);
            if window {
                into.push((call, expr.origin.as_ref()));
            }
            call.arguments.iter().for_each(|argument| find_calls(argument, into));
        }
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => find_calls(expr, into),
        ExprNode::Extract { child, .. } => find_calls(child, into),
        _ => {}
    }
}

fn is_session(call: &FunctionCall) -> bool {
    matches!(call.name.as_slice(), [name] if name.eq_ignore_ascii_case("session_window"))
}

fn wrong_number(call: &FunctionCall) -> Error {
    hearth_base::condition::WRONG_NUM_ARGS
        .with("functionName", "`window`")
        .with("expectedNum", "[2, 3, 4]")
        .with("actualNum", call.arguments.len())
        .with("docroot", "https://spark.apache.org/docs/latest")
}

/// The struct of two instants in microseconds.
pub(super) fn span(start: PlanExpr, end: PlanExpr, time_type: &DataType) -> Typed {
    let engine = to_engine_arrow(time_type);
    let bound = |expr| Typed::new(cast_to(expr, engine.clone()), time_type.clone(), true);
    let made = make_struct(vec![("start".into(), bound(start)), ("end".into(), bound(end))]);
    let data_type = DataType::structure(["start", "end"].map(|n| StructField::new(n, time_type.clone(), true)));
    Typed::new(made.expr, data_type, false)
}

fn binary(left: PlanExpr, operator: Operator, right: PlanExpr) -> PlanExpr {
    PlanExpr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

fn minus(left: PlanExpr, right: PlanExpr) -> PlanExpr {
    binary(left, Operator::Minus, right)
}

fn cast_to(expr: PlanExpr, to: Arrow) -> PlanExpr {
    PlanExpr::Cast(datafusion::logical_expr::Cast::new(Box::new(expr), to))
}

pub(super) fn as_long(expr: PlanExpr) -> PlanExpr {
    cast_to(expr, Arrow::Int64)
}
