//! `function OVER (…)`: the window, its frame, and the function over it.

pub(super) mod check;

use datafusion::arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{NullTreatment, Sort as SortExpr, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr as PlanExpr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition, lit,
};
use hearth_base::condition::{
    DISTINCT_WINDOW_FUNCTION_UNSUPPORTED, FUNCTION_WITH_UNSUPPORTED_SYNTAX, INVALID_SHIFT,
    MISSING_WINDOW_SPECIFICATION, NESTED_GENERATOR, RANGE_FRAME_INVALID_TYPE, RANGE_FRAME_MULTI_ORDER,
    RANGE_FRAME_WITHOUT_ORDER, UNSUPPORTED_EXPR_FOR_WINDOW, WINDOW_FRAME_MISMATCH, WINDOW_FRAME_UNACCEPTED_TYPE,
    WINDOW_FUNCTION_FRAME_NOT_ORDERED, WINDOW_IN_AGGREGATE,
};
use hearth_base::{Error, Result};
use hearth_functions::row::Builder;
use hearth_functions::{FunctionRow, Typed, cast, collation, expr, lookup};
use hearth_plan::expression::{FrameBound, FrameUnit, SortOrder, Window, WindowSpec};
use hearth_plan::{Expr, ExprNode};
use hearth_types::DataType;

use super::aggregate_call::{SOME_ID, sort_expr};
use super::context::Cx;
use super::function::builtin_name;
use crate::analyzer::{Analyzer, WindowFrame as NamedWindows, located, plan_error, unsupported};
use crate::naming;

/// A window with its expressions typed.
struct Over {
    partition_by: Vec<PlanExpr>,
    order_by: Vec<SortExpr>,
    frame: WindowFrame,
}

impl Over {
    fn apply(
        &self,
        function: WindowFunctionDefinition,
        arguments: Vec<PlanExpr>,
        null_treatment: Option<NullTreatment>,
    ) -> PlanExpr {
        PlanExpr::WindowFunction(Box::new(WindowFunction {
            fun: function,
            params: WindowFunctionParams {
                args: arguments,
                partition_by: self.partition_by.clone(),
                order_by: self.order_by.clone(),
                window_frame: self.frame.clone(),
                filter: None,
                null_treatment,
                distinct: false,
            },
        }))
    }
}

/// A value of another row, or the default of this one where there is no such row: `exists` says that, or its NULL does.
fn or_default(value: Typed, exists: Option<PlanExpr>, default: Typed) -> Typed {
    let exists = match exists {
        Some(exists) => Typed::new(exists, DataType::Boolean, false),
        None => expr::is_not_null(value.clone()),
    };
    let data_type = value.data_type.clone();
    expr::case(vec![(exists, value)], Some(default), data_type)
}

impl Analyzer<'_> {
    pub fn window(&self, window: &Window, cx: Cx<'_>) -> Result<Typed> {
        if cx.inside_aggregate {
            return Err(WINDOW_IN_AGGREGATE.error());
        }
        let cx = cx.nested();
        let ExprNode::Function(call) = &window.function.node else { return Err(not_for_windows(&window.function)) };
        if builtin_name(&call.name).and_then(lookup).is_none() {
            self.no_sql_function(&window.function, "Window")?;
        }
        let row = builtin_name(&call.name).and_then(lookup).ok_or_else(|| self.no_such_function(&call.name, cx))?;
        if let Builder::Generator(_) = row.builder {
            let text = naming::sql(&Expr::new(ExprNode::Window(Box::new(window.clone()))));
            return Err(NESTED_GENERATOR.with("expression", format!("\"{text}\"")));
        }
        if let Builder::Aggregate(_) | Builder::Window(_) = row.builder {
            check::modifiers(row, call)?;
            check::ordered_aggregate(row, call, &window.spec)?;
        }
        let spec = self.named_window(&window.spec, cx.env.windows)?;
        check_window(window, &spec, row)?;
        let over = located(spec.origin.as_ref(), self.over(&spec, row, cx))?;
        match row.builder {
            Builder::Aggregate(_) => {
                let typed = self.build_aggregate(row, (call, &window.function), cx, true)?;
                aggregate_over(typed, &over)
            }
            Builder::Window(_) if call.filter.is_some() => Err(FUNCTION_WITH_UNSUPPORTED_SYNTAX
                .with("prettyName", format!("`{}`", row.name))
                .with("syntax", "FILTER CLAUSE")),
            Builder::Window(build) => {
                let mut built = build(self.checked_call(row, call, &window.function, cx)?)?;
                built.ignore_nulls |= call.ignore_nulls == Some(true);
                let treatment = built.ignore_nulls.then_some(NullTreatment::IgnoreNulls);
                let otherwise = built.otherwise.take();
                let exists = match (&otherwise, built.arguments.get(1)) {
                    (Some(_), Some(offset)) if !built.ignore_nulls => {
                        let arguments = vec![lit(true), offset.clone(), lit(false)];
                        Some(over.apply(built.function.clone(), arguments, None))
                    }
                    _ => None,
                };
                let function = over.apply(built.function, built.arguments, treatment);
                let typed = self.window_result(function, built.data_type, built.nullable)?;
                Ok(match otherwise {
                    Some(default) => or_default(typed, exists, default),
                    None => typed,
                })
            }
            Builder::Missing(reason) => unsupported(&format!("the function {} ({reason})", row.name)),
            Builder::Scalar(_) | Builder::Generator(_) | Builder::Analyzer(_) => Err(not_for_windows(&window.function)),
        }
    }

    /// DataFusion's ranking functions count in `UInt64`; Spark's in INT.
    fn window_result(&self, function: PlanExpr, data_type: DataType, nullable: bool) -> Result<Typed> {
        let PlanExpr::WindowFunction(window) = &function else { return Err(Error::internal("no window function")) };
        let unsigned = matches!(window.fun.name(), "row_number" | "rank" | "dense_rank" | "ntile");
        let expr = if unsigned {
            let to = hearth_types::arrow::to_engine_arrow(&data_type);
            PlanExpr::Cast(datafusion::logical_expr::Cast::new(Box::new(function), to))
        } else {
            function
        };
        Ok(Typed::new(expr, data_type, nullable))
    }

    /// A window with what it takes from the `WINDOW` clause filled in.
    pub(super) fn named_window(&self, spec: &WindowSpec, windows: Option<&NamedWindows<'_>>) -> Result<WindowSpec> {
        let Some(base) = &spec.base else { return Ok(spec.clone()) };
        let mut frame = windows;
        while let Some(clause) = frame {
            if let Some((_, found)) = clause.windows.iter().find(|(name, _)| name.eq_ignore_ascii_case(base)) {
                let found = self.named_window(found, windows)?;
                return Ok(WindowSpec {
                    base: None,
                    partition: if spec.partition.is_empty() { found.partition } else { spec.partition.clone() },
                    order: if spec.order.is_empty() { found.order } else { spec.order.clone() },
                    frame: spec.frame.clone().or(found.frame),
                    origin: spec.origin.clone().or(found.origin),
                });
            }
            frame = clause.parent;
        }
        Err(MISSING_WINDOW_SPECIFICATION
            .with("windowName", base)
            .with("docroot", "https://spark.apache.org/docs/latest"))
    }

    fn over(&self, spec: &WindowSpec, row: &FunctionRow, cx: Cx<'_>) -> Result<Over> {
        let partition_by: Vec<PlanExpr> =
            spec.partition.iter().map(|key| self.partition_key(key, cx)).collect::<Result<_>>()?;
        let mut order_by = Vec::with_capacity(spec.order.len());
        let mut key_types = Vec::with_capacity(spec.order.len());
        for order in &spec.order {
            let key = self.expression(&order.child, cx)?;
            crate::relation::sort::check_orderable(&key, order)?;
            key_types.push(key.data_type.clone());
            order_by.push(sort_expr(collation::distinct_key(collation::key(key)?).expr, order));
        }
        check_range(spec, &key_types)?;
        let frame = self.frame(spec, &key_types, row, cx)?;
        if frame.units == WindowFrameUnits::Range && order_by.is_empty() && !whole_partition(&frame) {
            return Err(RANGE_FRAME_WITHOUT_ORDER.with("sqlExpr", format!("\"({})\"", naming::frame_text(spec))));
        }
        Ok(Over { partition_by, order_by, frame })
    }

    fn frame(&self, spec: &WindowSpec, key_types: &[DataType], row: &FunctionRow, cx: Cx<'_>) -> Result<WindowFrame> {
        let Some(frame) = &spec.frame else {
            return Ok(default_frame(spec.order.as_slice(), row));
        };
        let units = match frame.unit {
            FrameUnit::Rows => WindowFrameUnits::Rows,
            FrameUnit::Range => WindowFrameUnits::Range,
        };
        let offset = |bound: &FrameBound| match bound {
            FrameBound::Offset(offset) => self.expression(offset, cx).map(Some),
            FrameBound::CurrentRow | FrameBound::UnboundedPreceding | FrameBound::UnboundedFollowing => Ok(None),
        };
        let offsets = (offset(&frame.lower)?, offset(&frame.upper)?);
        for (offset, location) in [(&offsets.0, "lower"), (&offsets.1, "upper")] {
            if let Some(offset) = offset {
                check_rows_offset(spec, (frame.unit, location), &offset.data_type)?;
            }
        }
        check::bounds(spec, frame, key_types, (offsets.0.as_ref(), offsets.1.as_ref()))?;
        for offset in [&offsets.0, &offsets.1].into_iter().flatten() {
            check_range_offset(spec, frame.unit, &offset.data_type, key_types)?;
        }
        let both = offsets.0.is_some() && offsets.1.is_some();
        let lower = self.bound((&frame.lower, offsets.0), frame.unit, key_types, cx)?;
        let upper = self.bound((&frame.upper, offsets.1), frame.unit, key_types, cx)?;
        if is_reversed(&lower, &upper) {
            if both {
                return Err(check::wrong_order(spec));
            }
            return Ok(empty_frame());
        }
        Ok(WindowFrame::new_bounds(units, lower, upper))
    }

    fn bound(
        &self,
        (bound, offset): (&FrameBound, Option<Typed>),
        unit: FrameUnit,
        key_types: &[DataType],
        cx: Cx<'_>,
    ) -> Result<WindowFrameBound> {
        let typed = match (bound, offset) {
            (FrameBound::UnboundedPreceding, _) => return Ok(WindowFrameBound::Preceding(ScalarValue::Null)),
            (FrameBound::UnboundedFollowing, _) => return Ok(WindowFrameBound::Following(ScalarValue::Null)),
            (FrameBound::CurrentRow | FrameBound::Offset(_), None) => return Ok(WindowFrameBound::CurrentRow),
            (FrameBound::CurrentRow | FrameBound::Offset(_), Some(offset)) => offset,
        };
        let target = match unit {
            FrameUnit::Rows => DataType::Long,
            FrameUnit::Range => range_offset_type(key_types, &typed.data_type),
        };
        let typed = cast::cast(typed, &target, cast::CastMode::Ansi, cx.env.settings)?;
        let value = self.constant(&typed)?;
        if let Some(bound) = moved_bound(&value, key_types.first()) {
            return Ok(bound);
        }
        let zero = ScalarValue::new_zero(&value.data_type()).map_err(plan_error)?;
        if value == zero {
            return Ok(WindowFrameBound::CurrentRow);
        }
        let negative = value.partial_cmp(&zero) == Some(std::cmp::Ordering::Less);
        let size = if negative { value.arithmetic_negate().map_err(plan_error)? } else { value };
        let size = match (unit, size) {
            (FrameUnit::Rows, ScalarValue::Int64(Some(rows))) => ScalarValue::UInt64(Some(rows.unsigned_abs())),
            (_, size) => size,
        };
        Ok(if negative { WindowFrameBound::Preceding(size) } else { WindowFrameBound::Following(size) })
    }
}

/// A frame that holds no row of any partition: from so many rows behind the current one that none are there.
fn empty_frame() -> WindowFrame {
    let far = ScalarValue::UInt64(Some(1 << 40));
    let bound = WindowFrameBound::Following(far);
    WindowFrame::new_bounds(WindowFrameUnits::Rows, bound.clone(), bound)
}

/// ROWS counts in INT.
fn check_rows_offset(spec: &WindowSpec, (unit, location): (FrameUnit, &str), offset: &DataType) -> Result<()> {
    use DataType as T;
    // The sign of `PRECEDING` makes a number of what it stands before.
    let shown = if offset.is_string() || *offset == T::Null { &T::Double } else { offset };
    match unit {
        FrameUnit::Rows if !matches!(shown, T::Byte | T::Short | T::Integer) => Err(WINDOW_FRAME_UNACCEPTED_TYPE
            .with("sqlExpr", format!("\"{}\"", naming::frame_text(spec)))
            .with("location", location)
            .with("exprType", format!("\"{}\"", shown.sql()))
            .with("expectedType", "\"INT\"")),
        FrameUnit::Rows | FrameUnit::Range => Ok(()),
    }
}

/// RANGE moves points in time by intervals, dates by days too, and other keys by what can become one.
fn check_range_offset(spec: &WindowSpec, unit: FrameUnit, offset: &DataType, keys: &[DataType]) -> Result<()> {
    let text = naming::frame_text(spec);
    match (unit, keys.first()) {
        (FrameUnit::Range, Some(key)) if !check::moves(key, offset) => {
            let offset = if offset.is_string() { &DataType::Double } else { offset };
            let order: Vec<_> = spec.order.iter().map(naming::sort_order).collect();
            Err(RANGE_FRAME_INVALID_TYPE
                .with("sqlExpr", format!("\"(ORDER BY {} {text})\"", order.join(", ")))
                .with("orderSpecType", format!("\"{}\"", key.sql()))
                .with("valueBoundaryType", format!("\"{}\"", offset.sql())))
        }
        (FrameUnit::Rows | FrameUnit::Range, _) => Ok(()),
    }
}

/// RANGE with offsets goes with one key that can be moved by them.
fn check_range(spec: &WindowSpec, key_types: &[DataType]) -> Result<()> {
    let Some(frame) = &spec.frame else { return Ok(()) };
    let lower = matches!(frame.lower, FrameBound::Offset(_));
    let upper = matches!(frame.upper, FrameBound::Offset(_));
    if frame.unit != FrameUnit::Range || !(lower || upper) {
        return Ok(());
    }
    let text = naming::frame_text(spec);
    match key_types {
        [] => Ok(()),
        [key] => {
            let moves = key.is_numeric()
                || key.is_interval()
                || matches!(key, DataType::Array(_) | DataType::Struct(_) | DataType::Map(_))
                || matches!(key, DataType::Date | DataType::Timestamp | DataType::TimestampNtz | DataType::Null);
            if moves {
                return Ok(());
            }
            Err(WINDOW_FRAME_UNACCEPTED_TYPE
                .with("sqlExpr", format!("\"{text}\""))
                .with("location", if lower { "lower" } else { "upper" })
                .with("exprType", format!("\"{}\"", key.sql()))
                .with(
                    "expectedType",
                    "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")",
                ))
        }
        _ => {
            let keys: Vec<_> = spec.order.iter().map(naming::sort_order).collect();
            Err(RANGE_FRAME_MULTI_ORDER
                .with("sqlExpr", format!("\"(ORDER BY {} {text})\"", keys.join(", ")))
                .with("orderSpec", spec.order.iter().map(with_id).collect::<Vec<_>>().join(",")))
        }
    }
}

/// A sort key as Spark prints plans: a column's name with its id.
fn with_id(order: &SortOrder) -> String {
    let text = naming::sort_order(order);
    match &order.child.node {
        ExprNode::Attribute { .. } => {
            let name = naming::sql(&order.child);
            text.replacen(&name, &format!("{name}{SOME_ID}"), 1)
        }
        _ => text,
    }
}

/// Whether a frame ends before it starts.
fn is_reversed(lower: &WindowFrameBound, upper: &WindowFrameBound) -> bool {
    use WindowFrameBound as B;
    match (lower, upper) {
        (B::Following(low), B::Following(high)) => !high.is_null() && low > high,
        (B::Preceding(low), B::Preceding(high)) => !low.is_null() && low < high,
        (B::Following(_), B::Preceding(_) | B::CurrentRow) | (B::CurrentRow, B::Preceding(_)) => true,
        (B::CurrentRow, B::CurrentRow | B::Following(_)) | (B::Preceding(_), B::CurrentRow | B::Following(_)) => false,
    }
}

/// What Spark refuses: DISTINCT over a window, ranking without an order or with a frame of its own.
fn check_window(window: &Window, spec: &WindowSpec, row: &FunctionRow) -> Result<()> {
    if let ExprNode::Function(call) = &window.function.node
        && call.distinct
    {
        let text = naming::sql(&Expr::new(ExprNode::Window(Box::new(window.clone()))));
        return Err(DISTINCT_WINDOW_FUNCTION_UNSUPPORTED.with("windowExpr", format!("\"{text}\"")));
    }
    let Builder::Window(_) = row.builder else { return Ok(()) };
    if spec.order.is_empty() {
        return Err(WINDOW_FUNCTION_FRAME_NOT_ORDERED
            .with("wf_name", row.name)
            .with("wf_expr", naming::sql(&window.function)));
    }
    if let ("lag" | "lead", Some(_)) = (row.name, &spec.frame) {
        return Err(INVALID_SHIFT.with("prettyName", row.name));
    }
    let (true, Some(frame)) = (ranks(row), &spec.frame) else { return Ok(()) };
    let unit = if frame.unit == FrameUnit::Rows { "RowFrame" } else { "RangeFrame" };
    let given = format!("specifiedwindowframe({unit}, {}, {})", bound_text(&frame.lower), bound_text(&frame.upper));
    let unit = if row.name == "cume_dist" { "RangeFrame" } else { "RowFrame" };
    let required = format!("specifiedwindowframe({unit}, unboundedpreceding$(), currentrow$())");
    if given == required {
        return Ok(());
    }
    Err(WINDOW_FRAME_MISMATCH.with("wf", given).with("required", required))
}

fn ranks(row: &FunctionRow) -> bool {
    matches!(row.name, "row_number" | "rank" | "dense_rank" | "percent_rank" | "ntile" | "cume_dist")
}

fn bound_text(bound: &FrameBound) -> String {
    match bound {
        FrameBound::CurrentRow => "currentrow$()".to_owned(),
        FrameBound::UnboundedPreceding => "unboundedpreceding$()".to_owned(),
        FrameBound::UnboundedFollowing => "unboundedfollowing$()".to_owned(),
        FrameBound::Offset(offset) => {
            let text = naming::sql(offset);
            text.strip_prefix("(- ")
                .and_then(|text| text.strip_suffix(')'))
                .map_or(text.clone(), |size| format!("-{size}"))
        }
    }
}

/// A bound for keys that are dates or times: DataFusion moves them by its calendar intervals.
fn moved_bound(offset: &ScalarValue, key: Option<&DataType>) -> Option<WindowFrameBound> {
    if !matches!(key, Some(DataType::Date | DataType::Timestamp | DataType::TimestampNtz)) {
        return None;
    }
    const DAY_MICROS: i64 = 86_400_000_000;
    let (months, days, micros) = match offset {
        ScalarValue::Int32(Some(days)) => (0, i64::from(*days), 0),
        ScalarValue::IntervalYearMonth(Some(months)) => (*months, 0, 0),
        ScalarValue::DurationMicrosecond(Some(micros)) => (0, micros / DAY_MICROS, micros % DAY_MICROS),
        ScalarValue::IntervalMonthDayNano(Some(all)) => (all.months, i64::from(all.days), all.nanoseconds / 1000),
        _ => return None,
    };
    let sign = [i64::from(months), days, micros].into_iter().find(|part| *part != 0).map_or(0, i64::signum);
    let size = IntervalMonthDayNano::new(
        months.checked_abs()?,
        i32::try_from(days.checked_abs()?).ok()?,
        micros.checked_abs()?.checked_mul(1000)?,
    );
    let size = ScalarValue::IntervalMonthDayNano(Some(size));
    Some(match sign {
        0 => WindowFrameBound::CurrentRow,
        1 => WindowFrameBound::Following(size),
        _ => WindowFrameBound::Preceding(size),
    })
}

/// A number of days for dates, the key's own type for numbers, the interval as it is for timestamps.
fn range_offset_type(key_types: &[DataType], offset: &DataType) -> DataType {
    match key_types.first() {
        Some(key) if key.is_numeric() => key.clone(),
        Some(DataType::Date) if offset.is_integral() => DataType::Integer,
        _ => offset.clone(),
    }
}

impl Analyzer<'_> {
    fn partition_key(&self, key: &Expr, cx: Cx<'_>) -> Result<PlanExpr> {
        let typed = self.expression(key, cx)?;
        let map = crate::relation::set_op::holds_map(&typed.data_type);
        if map || crate::relation::set_op::holds_variant(&typed.data_type) {
            // Spark has given what is no column a name by then.
            let computed = map && !matches!(key.node, ExprNode::Attribute { .. });
            let shown = if computed { "_w1".to_owned() } else { crate::naming::sql(key) };
            return Err(hearth_base::condition::EXPRESSION_TYPE_IS_NOT_ORDERABLE
                .with("expr", format!("\"{shown}\""))
                .with("exprType", format!("\"{}\"", typed.data_type.sql())));
        }
        Ok(collation::distinct_key(collation::key(typed)?).expr)
    }
}

/// Spark's default frames: the whole partition without an order, up to the current row's peers with one. Ranking
/// functions have their own, which DataFusion does not look at.
fn default_frame(order: &[SortOrder], row: &FunctionRow) -> WindowFrame {
    let unbounded = WindowFrameBound::Preceding(ScalarValue::Null);
    if order.is_empty() {
        return WindowFrame::new_bounds(
            WindowFrameUnits::Rows,
            unbounded,
            WindowFrameBound::Following(ScalarValue::Null),
        );
    }
    let units = match row.builder {
        Builder::Window(_) if row.name != "nth_value" && row.name != "cume_dist" => WindowFrameUnits::Rows,
        _ => WindowFrameUnits::Range,
    };
    WindowFrame::new_bounds(units, unbounded, WindowFrameBound::CurrentRow)
}

fn whole_partition(frame: &WindowFrame) -> bool {
    frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded()
}

/// The aggregates of a built expression become window functions; what is around them stays.
fn aggregate_over(typed: Typed, over: &Over) -> Result<Typed> {
    let transformed = typed.expr.transform_down(|expr| match expr {
        PlanExpr::AggregateFunction(aggregate) => {
            let params = aggregate.params;
            let function = WindowFunction {
                fun: WindowFunctionDefinition::AggregateUDF(aggregate.func),
                params: WindowFunctionParams {
                    args: params.args,
                    partition_by: over.partition_by.clone(),
                    order_by: over.order_by.clone(),
                    window_frame: over.frame.clone(),
                    filter: params.filter,
                    null_treatment: params.null_treatment,
                    distinct: params.distinct,
                },
            };
            let window = PlanExpr::WindowFunction(Box::new(function));
            Ok(Transformed::new(window, true, TreeNodeRecursion::Jump))
        }
        // `first` and `last` come as window functions without a window.
        PlanExpr::WindowFunction(mut window) => {
            window.params.partition_by.clone_from(&over.partition_by);
            window.params.order_by.clone_from(&over.order_by);
            window.params.window_frame = over.frame.clone();
            Ok(Transformed::new(PlanExpr::WindowFunction(window), true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    });
    let expr = transformed.map_err(plan_error)?.data;
    Ok(Typed::new(expr, typed.data_type, typed.nullable))
}

fn not_for_windows(function: &Expr) -> Error {
    UNSUPPORTED_EXPR_FOR_WINDOW.with("sqlExpr", format!("\"{}\"", naming::sql(function)))
}
