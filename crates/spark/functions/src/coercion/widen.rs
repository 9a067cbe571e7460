//! The common type of several: `findTightestCommonType`, `findWiderTypeForTwo`, `findWiderCommonType`.

use std::sync::Arc;

use hearth_types::spatial::MIXED_SRID;
use hearth_types::{DataType, StructField};

use super::decimal;
use crate::call::SessionSettings;

/// The type that all of `types` widen to, strings, decimals, nested types and void included.
pub fn common_type(types: &[DataType], session: &SessionSettings) -> Option<DataType> {
    let ansi = session.ansi;
    let mut ordered: Vec<&DataType> = Vec::with_capacity(types.len());
    if ansi {
        ordered.extend(types);
    } else {
        // Widening with strings is not associative without ANSI, so strings go first.
        ordered.extend(types.iter().filter(|data_type| has_string(data_type)));
        ordered.extend(types.iter().filter(|data_type| !has_string(data_type)));
    }
    ordered.into_iter().try_fold(DataType::Null, |common, next| wider_type(&common, next, ansi))
}

fn has_string(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(array) => has_string(&array.element),
        other => other.is_string(),
    }
}

/// The type that both widen to (`findWiderTypeForTwo`).
pub fn wider_type(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    tightest_type(left, right, ansi)
        .or_else(|| wider_decimal(left, right))
        .or_else(|| if ansi { promoted_string(left, right) } else { legacy_promoted_string(left, right) })
        .or_else(|| nested(left, right, wider_type, ansi))
}

/// How the common type of two others is found.
type Common = fn(&DataType, &DataType, bool) -> Option<DataType>;

/// As `tightest_type`, for what arrays, maps and structs are made of as well.
pub fn tightest_nested(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    tightest_type(left, right, ansi).or_else(|| nested(left, right, tightest_nested, ansi))
}

/// The type that both convert to without loss (`findTightestCommonType`).
pub fn tightest_type(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    use DataType as T;
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (T::Null, other) | (other, T::Null) => Some(other.clone()),
        (left, right) if left.is_string() && right.is_string() => Some(wider_string(left, right)),
        (number, decimal @ T::Decimal { .. }) | (decimal @ T::Decimal { .. }, number) if number.is_integral() => {
            let (wide, narrow) = (decimal::for_type(decimal)?, decimal::for_type(number)?);
            decimal::is_wider(wide, narrow).then(|| decimal.clone())
        }
        (T::Geometry { .. }, T::Geometry { .. }) => Some(T::Geometry { srid: MIXED_SRID }),
        (T::Geography { .. }, T::Geography { .. }) => Some(T::Geography { srid: MIXED_SRID }),
        (left, right) => wider_number(left, right, ansi).or_else(|| wider_datetime(left, right)),
    }
}

/// Place in `Byte < Short < Integer < Long < Float < Double`.
fn rank(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::Byte => Some(0),
        DataType::Short => Some(1),
        DataType::Integer => Some(2),
        DataType::Long => Some(3),
        DataType::Float => Some(4),
        DataType::Double => Some(5),
        _ => None,
    }
}

fn wider_number(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    let wider = if rank(left)? >= rank(right)? { left } else { right };
    // An integer does not fit in a float, so ANSI goes on to double.
    if ansi && *wider == DataType::Float && left != right { Some(DataType::Double) } else { Some(wider.clone()) }
}

fn wider_datetime(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType as T;
    match (left, right) {
        (T::Timestamp, T::Date | T::TimestampNtz) | (T::Date | T::TimestampNtz, T::Timestamp) => Some(T::Timestamp),
        (T::TimestampNtz, T::Date) | (T::Date, T::TimestampNtz) => Some(T::TimestampNtz),
        (T::Time { precision: p1 }, T::Time { precision: p2 }) => Some(T::Time { precision: *p1.max(p2) }),
        (T::YearMonthInterval { start: s1, end: e1 }, T::YearMonthInterval { start: s2, end: e2 }) => {
            Some(T::YearMonthInterval { start: *s1.min(s2), end: *e1.max(e2) })
        }
        (T::DayTimeInterval { start: s1, end: e1 }, T::DayTimeInterval { start: s2, end: e2 }) => {
            Some(T::DayTimeInterval { start: *s1.min(s2), end: *e1.max(e2) })
        }
        _ => None,
    }
}

/// Char and varchar meet as the longer of a kind, or as string.
fn wider_string(left: &DataType, right: &DataType) -> DataType {
    use DataType as T;
    match (left, right) {
        (T::Char { length: a }, T::Char { length: b }) => T::Char { length: *a.max(b) },
        (T::VarChar { length: a } | T::Char { length: a }, T::VarChar { length: b } | T::Char { length: b }) => {
            T::VarChar { length: *a.max(b) }
        }
        (T::String { collation: Some(name) }, _) | (_, T::String { collation: Some(name) }) => {
            T::String { collation: Some(Arc::clone(name)) }
        }
        _ => T::STRING,
    }
}

fn wider_decimal(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType as T;
    match (left, right) {
        (T::Decimal { .. }, other) | (other, T::Decimal { .. }) => match other {
            T::Float | T::Double => Some(T::Double),
            other if other.is_numeric() => Some(decimal::wider(decimal::for_type(left)?, decimal::for_type(right)?)),
            _ => None,
        },
        _ => None,
    }
}

/// What ANSI makes of a string beside another type: it reads the string as that type.
pub fn promoted_string(left: &DataType, right: &DataType) -> Option<DataType> {
    let other = match (left.is_string(), right.is_string()) {
        (true, false) => right,
        (false, true) => left,
        (true, true) | (false, false) => return None,
    };
    match other {
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => None,
        other if other.is_integral() => Some(DataType::Long),
        other if other.is_numeric() => Some(DataType::Double),
        other if is_atomic(other) || *other == DataType::Variant => Some(other.clone()),
        _ => None,
    }
}

/// Without ANSI most things become strings.
fn legacy_promoted_string(left: &DataType, right: &DataType) -> Option<DataType> {
    let other = match (left.is_string(), right.is_string()) {
        (true, false) => right,
        (false, true) => left,
        (true, true) | (false, false) => return None,
    };
    (is_atomic(other) && !matches!(other, DataType::Binary | DataType::Boolean)).then_some(DataType::STRING)
}

/// Spark's `AtomicType`: neither nested, nor void, nor a calendar interval, nor variant.
pub fn is_atomic(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null
        | DataType::CalendarInterval
        | DataType::Array(_)
        | DataType::Map(_)
        | DataType::Struct(_)
        | DataType::Variant
        | DataType::Geometry { .. }
        | DataType::Geography { .. }
        | DataType::Udt(_) => false,
        DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::Decimal { .. }
        | DataType::String { .. }
        | DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Binary
        | DataType::Date
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::Time { .. }
        | DataType::YearMonthInterval { .. }
        | DataType::DayTimeInterval { .. } => true,
    }
}

/// The array, map or struct of what `common` finds for the parts.
fn nested(left: &DataType, right: &DataType, common: Common, ansi: bool) -> Option<DataType> {
    use DataType as T;
    match (left, right) {
        (T::Array(a), T::Array(b)) => {
            let element = common(&a.element, &b.element, ansi)?;
            let contains_null = a.contains_null
                || b.contains_null
                || force_nullable(&a.element, &element)
                || force_nullable(&b.element, &element);
            Some(T::array(element, contains_null))
        }
        (T::Map(a), T::Map(b)) => {
            let key = common(&a.key, &b.key, ansi)?;
            if force_nullable(&a.key, &key) || force_nullable(&b.key, &key) {
                return None;
            }
            let value = common(&a.value, &b.value, ansi)?;
            let contains_null = a.value_contains_null
                || b.value_contains_null
                || force_nullable(&a.value, &value)
                || force_nullable(&b.value, &value);
            Some(T::map(key, value, contains_null))
        }
        (T::Struct(a), T::Struct(b)) if a.fields.len() == b.fields.len() => {
            let fields: Option<Vec<StructField>> =
                a.fields.iter().zip(b.fields.iter()).map(|(a, b)| nested_field(a, b, common, ansi)).collect();
            Some(T::structure(fields?))
        }
        _ => None,
    }
}

fn nested_field(left: &StructField, right: &StructField, common: Common, ansi: bool) -> Option<StructField> {
    if !left.name.eq_ignore_ascii_case(&right.name) {
        return None;
    }
    let data_type = common(&left.data_type, &right.data_type, ansi)?;
    let nullable = left.nullable
        || right.nullable
        || force_nullable(&left.data_type, &data_type)
        || force_nullable(&right.data_type, &data_type);
    Some(StructField::new(Arc::clone(&left.name), data_type, nullable))
}

/// Whether a cast can give NULL for a value that is not (`Cast.forceNullable`).
pub fn force_nullable(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (T::Null, _) => false,
        (from, to) if from == to => false,
        (T::Variant, _) => true,
        (from, T::Binary) if from.is_string() => false,
        (from, to) if from.is_string() && to.is_string() => false,
        (from, _) if from.is_string() => true,
        (_, to) if to.is_string() => false,
        (T::Timestamp, T::Byte | T::Short | T::Integer) => true,
        (T::Float | T::Double, T::Timestamp) => true,
        (T::Float | T::Double | T::Decimal { .. }, to) if to.is_integral() => true,
        (T::Timestamp, T::Date) => false,
        (_, T::Date) => true,
        (_, T::CalendarInterval) => true,
        (T::Date, to) if *to != T::Timestamp => true,
        (from, T::Decimal { precision, scale }) => !fits_decimal(from, (i32::from(*precision), i32::from(*scale))),
        _ => false,
    }
}

/// Whether every value of a type is one of the decimal, fractions left out (`Cast.canNullSafeCastToDecimal`).
fn fits_decimal(from: &DataType, to: decimal::Shape) -> bool {
    match from {
        DataType::Boolean => decimal::is_wider(to, (1, 0)),
        DataType::Float | DataType::Double => false,
        DataType::Decimal { precision, scale } => {
            let from = (i32::from(*precision), i32::from(*scale));
            decimal::is_wider(to, from) || to.0 - to.1 > from.0 - from.1
        }
        from => decimal::for_type(from).is_some_and(|shape| decimal::is_wider(to, shape)),
    }
}

/// Whether a cast loses nothing and never fails (`Cast.canUpCast`): then `try_cast` gives no NULL of its own.
pub fn up_castable(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (from, to) if from == to => true,
        (T::Variant, _) => false,
        (T::Null, _) => true,
        (from, T::Binary) if from.is_string() => true,
        (from, to) if to.is_string() => is_atomic(from) || *from == T::CalendarInterval,
        (T::Float | T::Double, T::Decimal { .. }) => false,
        (from, T::Decimal { precision, scale }) => decimal::for_type(from)
            .is_some_and(|shape| decimal::is_wider((i32::from(*precision), i32::from(*scale)), shape)),
        (T::Decimal { .. }, T::Float | T::Double) => false,
        (T::Decimal { precision, scale }, to) if to.is_integral() => decimal::for_type(to)
            .is_some_and(|shape| decimal::is_wider(shape, (i32::from(*precision), i32::from(*scale)))),
        (T::Date | T::TimestampNtz, T::Timestamp) | (T::Date | T::Timestamp, T::TimestampNtz) => true,
        (T::Long, T::Timestamp) | (T::Timestamp, T::Long) => true,
        (T::YearMonthInterval { .. }, T::YearMonthInterval { .. }) => true,
        (T::DayTimeInterval { .. }, T::DayTimeInterval { .. }) => true,
        (T::Array(from), T::Array(to)) => {
            (to.contains_null || !from.contains_null) && up_castable(&from.element, &to.element)
        }
        (T::Map(from), T::Map(to)) => {
            (to.value_contains_null || !from.value_contains_null)
                && up_castable(&from.key, &to.key)
                && up_castable(&from.value, &to.value)
        }
        (T::Struct(from), T::Struct(to)) => {
            from.fields.len() == to.fields.len()
                && from
                    .fields
                    .iter()
                    .zip(to.fields.iter())
                    .all(|(from, to)| (to.nullable || !from.nullable) && up_castable(&from.data_type, &to.data_type))
        }
        (from, to) => matches!((rank(from), rank(to)), (Some(from), Some(to)) if from <= to),
    }
}
