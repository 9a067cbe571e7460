//! What Spark refuses of frames, of `WITHIN GROUP`, of `IGNORE NULLS`, and of windows for ordered aggregates.

use hearth_base::condition::{
    FRAME_DIFF_TYPES, FRAME_INVALID_BOUND, FRAME_WRONG_COMPARISON, FUNCTION_WITH_UNSUPPORTED_SYNTAX,
    WINDOW_SPEC_FOR_AGGREGATE, WITHIN_GROUP_DISTINCT, WITHIN_GROUP_WRONG_NUMBER,
};
use hearth_base::{Error, Result};
use hearth_functions::{FunctionRow, Typed, cast};
use hearth_plan::expression::{FrameBound, FrameUnit, FunctionCall, WindowFrame, WindowSpec};
use hearth_types::DataType;

use crate::naming;

/// Bounds in an order that no frame has, and offsets of two types.
pub(super) fn bounds(
    spec: &WindowSpec,
    frame: &WindowFrame,
    keys: &[DataType],
    (lower, upper): (Option<&Typed>, Option<&Typed>),
) -> Result<()> {
    let text = || format!("\"{}\"", naming::frame_text(spec));
    if frame.lower == FrameBound::UnboundedFollowing || frame.upper == FrameBound::UnboundedPreceding {
        return Err(FRAME_INVALID_BOUND
            .with("sqlExpr", text())
            .with("lower", format!("\"{}\"", bound_sql(&frame.lower)))
            .with("upper", format!("\"{}\"", bound_sql(&frame.upper))));
    }
    let (Some(lower), Some(upper)) = (lower, upper) else { return Ok(()) };
    let brought_to_key = frame.unit == FrameUnit::Range && keys.first().is_some_and(|key| !key.is_datetime());
    if brought_to_key || lower.data_type == upper.data_type {
        return Ok(());
    }
    Err(FRAME_DIFF_TYPES
        .with("sqlExpr", text())
        .with("lower", format!("\"{}\"", bound_sql(&frame.lower)))
        .with("lowerType", format!("\"{}\"", lower.data_type.sql()))
        .with("upper", format!("\"{}\"", bound_sql(&frame.upper)))
        .with("upperType", format!("\"{}\"", upper.data_type.sql())))
}

/// A bound as an expression of its own.
fn bound_sql(bound: &FrameBound) -> String {
    match bound {
        FrameBound::CurrentRow => "CURRENT ROW".to_owned(),
        FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
        FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
        FrameBound::Offset(offset) => naming::sql(offset),
    }
}

/// The error of a frame whose two offsets stand in the wrong order.
pub(super) fn wrong_order(spec: &WindowSpec) -> Error {
    FRAME_WRONG_COMPARISON
        .with("sqlExpr", format!("\"{}\"", naming::frame_text(spec)))
        .with("comparison", "less than or equal")
}

/// Whether Spark lets an offset move keys of a type in a RANGE frame.
pub(super) fn moves(key: &DataType, offset: &DataType) -> bool {
    use DataType as T;
    use hearth_types::DayTimeField;
    match (key, offset) {
        (T::Date, T::Integer | T::YearMonthInterval { .. }) => true,
        (T::Date, T::DayTimeInterval { start, end }) => *start == DayTimeField::Day && *end == DayTimeField::Day,
        (T::Date, _) => false,
        (T::Timestamp | T::TimestampNtz, offset) => offset.is_interval(),
        (key, offset) => key == offset || cast::can_cast(offset, key, true),
    }
}

/// `IGNORE NULLS` and `WITHIN GROUP` go with some functions only, and with so many sort keys.
pub(crate) fn modifiers(row: &FunctionRow, call: &FunctionCall) -> Result<()> {
    let refused = |syntax: &str| {
        let name = call.name.last().map_or(row.name, String::as_str).to_lowercase();
        FUNCTION_WITH_UNSUPPORTED_SYNTAX.with("prettyName", format!("`{name}`")).with("syntax", syntax)
    };
    if call.ignore_nulls == Some(true) && !IGNORES_NULLS.contains(&row.name) {
        return Err(refused("IGNORE NULLS"));
    }
    let keys = call.within_group.len();
    if keys == 0 {
        return Ok(());
    }
    let expected = match row.name {
        "percentile_cont" | "percentile_disc" => 1,
        "mode" => usize::from(call.arguments.is_empty()),
        "listagg" | "string_agg" => return ordered_texts(row, call),
        _ => return Err(refused("WITHIN GROUP (ORDER BY ...)")),
    };
    if keys == expected {
        return Ok(());
    }
    Err(WITHIN_GROUP_WRONG_NUMBER
        .with("funcName", format!("`{}`", row.name))
        .with("expectedNum", expected)
        .with("actualNum", keys))
}

/// Distinct texts are ordered by themselves.
fn ordered_texts(row: &FunctionRow, call: &FunctionCall) -> Result<()> {
    let (Some(value), [key]) = (call.arguments.first(), call.within_group.as_slice()) else { return Ok(()) };
    let (value, key) = (naming::sql(value), naming::sql(&key.child));
    if !call.distinct || key.contains(&value) {
        return Ok(());
    }
    Err(WITHIN_GROUP_DISTINCT
        .with("funcName", format!("`{}`", row.name))
        .with("funcArg", format!("\"{value}\""))
        .with("orderingExpr", format!("\"{key}\"")))
}

const IGNORES_NULLS: [&str; 11] = [
    "first",
    "last",
    "first_value",
    "last_value",
    "any_value",
    "collect_list",
    "collect_set",
    "array_agg",
    "nth_value",
    "lag",
    "lead",
];

/// Aggregates over sorted values take whole partitions.
pub(super) fn ordered_aggregate(row: &FunctionRow, call: &FunctionCall, spec: &WindowSpec) -> Result<()> {
    if spec.order.is_empty() && spec.frame.is_none() {
        return Ok(());
    }
    let arguments = || call.arguments.iter().map(naming::sql).collect::<Vec<_>>();
    let text = match (row.name, call.within_group.as_slice()) {
        ("median", _) => format!("median({})", arguments().join(", ")),
        (name @ ("percentile_cont" | "percentile_disc"), [key]) => {
            format!("{name}({}, {})", naming::sql(&key.child), arguments().join(", "))
        }
        ("listagg" | "string_agg", [_, ..]) => {
            let mut shown = arguments();
            if shown.len() == 1 {
                shown.push("NULL".to_owned());
            }
            shown.extend(call.within_group.iter().map(naming::sort_order));
            format!("listagg({})", shown.join(", "))
        }
        _ => return Ok(()),
    };
    Err(WINDOW_SPEC_FOR_AGGREGATE.with("aggFunc", format!("\"{text}\"")))
}
