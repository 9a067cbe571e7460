//! Conversions that Arrow does exactly as Spark: DataFusion sees its own cast and can push it down, prune with it and
//! drop it.

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Cast, Expr};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::coercion::decimal;
use crate::typed::Typed;

/// Whether the two types have the same values in the same Arrow form, so that nothing needs to be done.
pub fn same_value(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (from, to) if from == to => true,
        (from, T::String { .. }) => from.is_string(),
        (T::YearMonthInterval { start: s1, end: e1 }, T::YearMonthInterval { start: s2, end: e2 }) => {
            s2 <= s1 && e2 >= e1
        }
        (T::DayTimeInterval { start: s1, end: e1 }, T::DayTimeInterval { start: s2, end: e2 }) => s2 <= s1 && e2 >= e1,
        (T::Time { precision: p1 }, T::Time { precision: p2 }) => p1 <= p2,
        (T::Geometry { .. }, T::Geometry { .. }) | (T::Geography { .. }, T::Geography { .. }) => true,
        _ => false,
    }
}

/// Whether Arrow's cast gives Spark's value for every input and never fails.
pub fn lossless(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    let rank = |data_type: &DataType| match data_type {
        T::Byte => Some(1),
        T::Short => Some(2),
        T::Integer => Some(3),
        T::Long => Some(4),
        _ => None,
    };
    match (from, to) {
        (T::Null, to) => !matches!(to, T::Variant | T::Udt(_)),
        (from, T::Float | T::Double) if from.is_integral() => true,
        (T::Float, T::Double) => true,
        (T::Date, T::TimestampNtz) => true,
        (from, T::Decimal { precision, scale }) if !matches!(from, T::Float | T::Double) => decimal::for_type(from)
            .is_some_and(|shape| decimal::is_wider((i32::from(*precision), i32::from(*scale)), shape)),
        (from, to) => matches!((rank(from), rank(to)), (Some(from), Some(to)) if from < to),
    }
}

/// The cast, done at once for constants. An alias around the value is dropped: a cast has no name of its own here.
pub fn cast(value: Typed, to: &DataType) -> Typed {
    let arrow_type = to_engine_arrow(to);
    let folded = value.literal().and_then(|literal| fold(literal, &arrow_type));
    let expr = match folded {
        Some(literal) => Expr::Literal(literal, None),
        None => Expr::Cast(Cast::new(Box::new(value.expr), arrow_type)),
    };
    Typed::new(expr, to.clone(), value.nullable)
}

fn fold(literal: &ScalarValue, to: &ArrowType) -> Option<ScalarValue> {
    if literal.is_null() { ScalarValue::try_from(to).ok() } else { literal.cast_to(to).ok() }
}
