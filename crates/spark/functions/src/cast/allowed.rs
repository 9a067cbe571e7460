//! Which types convert to which: `Cast.canAnsiCast` and `Cast.canCast`.

use hearth_types::DataType;
use hearth_types::spatial::MIXED_SRID;

use crate::coercion::force_nullable;

/// Whether `CAST` from one type to the other exists. `ansi` holds for `try_cast` too.
pub fn can_cast(from: &DataType, to: &DataType, ansi: bool) -> bool {
    use DataType as T;
    match (from, to) {
        (from, to) if from == to => true,
        (T::Null, _) => true,
        (T::Array(from), T::Array(to)) => {
            can_cast(&from.element, &to.element, ansi)
                && keeps_nulls(from.contains_null, &from.element, to.contains_null, &to.element)
        }
        (T::Map(from), T::Map(to)) => {
            can_cast(&from.key, &to.key, ansi)
                && (ansi || !force_nullable(&from.key, &to.key))
                && can_cast(&from.value, &to.value, ansi)
                && keeps_nulls(from.value_contains_null, &from.value, to.value_contains_null, &to.value)
        }
        (T::Struct(from), T::Struct(to)) => {
            from.fields.len() == to.fields.len()
                && from.fields.iter().zip(to.fields.iter()).all(|(from, to)| {
                    can_cast(&from.data_type, &to.data_type, ansi)
                        && keeps_nulls(from.nullable, &from.data_type, to.nullable, &to.data_type)
                })
        }
        // What a client made of a type is that type to nobody else.
        (T::Udt(_), to) => to.is_string(),
        (_, T::Udt(_)) => false,
        (_, T::Variant) => to_variant(from),
        (T::Variant, to) => from_variant(to),
        (T::Geometry { .. }, T::Geometry { srid }) | (T::Geography { .. }, T::Geography { srid }) => {
            *srid == MIXED_SRID
        }
        (T::Geography { srid: from }, T::Geometry { srid: to })
        | (T::Geometry { srid: from }, T::Geography { srid: to }) => from == to,
        (T::Geometry { .. } | T::Geography { .. }, _) | (_, T::Geometry { .. } | T::Geography { .. }) => false,
        (from, to) if to.is_string() => !matches!(from, T::Null),
        (from, to) if from.is_string() => from_string(to),
        (from, to) if from.is_interval() || to.is_interval() => interval(from, to),
        (from, to) => atomic(from, to, ansi),
    }
}

fn keeps_nulls(from_nullable: bool, from: &DataType, to_nullable: bool, to: &DataType) -> bool {
    to_nullable || (!from_nullable && !force_nullable(from, to))
}

fn from_string(to: &DataType) -> bool {
    !matches!(to, DataType::Array(_) | DataType::Map(_) | DataType::Struct(_) | DataType::Null | DataType::Udt(_))
}

fn interval(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    let exact = |data_type: &DataType| data_type.is_integral() || matches!(data_type, T::Decimal { .. });
    match (from, to) {
        (T::YearMonthInterval { .. }, T::YearMonthInterval { .. }) => true,
        (T::DayTimeInterval { .. }, T::DayTimeInterval { .. }) => true,
        (T::YearMonthInterval { .. } | T::DayTimeInterval { .. }, to) => exact(to),
        (from, T::YearMonthInterval { .. } | T::DayTimeInterval { .. }) => exact(from),
        _ => false,
    }
}

fn atomic(from: &DataType, to: &DataType, ansi: bool) -> bool {
    use DataType as T;
    let number = |data_type: &DataType| data_type.is_numeric();
    match (from, to) {
        (from, to) if number(from) && number(to) => true,
        (T::Boolean, to) if number(to) => true,
        (from, T::Boolean) if number(from) => true,
        (from, T::Timestamp) if number(from) => true,
        (T::Timestamp, to) if number(to) => true,
        (T::Date | T::Timestamp | T::TimestampNtz, T::Date | T::Timestamp | T::TimestampNtz) => true,
        (T::Time { .. }, T::Time { .. }) => true,
        (T::Time { .. }, to) => to.is_integral() || matches!(to, T::Decimal { .. }),
        (T::Boolean, T::Timestamp) | (T::Timestamp, T::Boolean) => !ansi,
        (T::Date, T::Boolean) => !ansi,
        (T::Date, to) if number(to) => !ansi,
        (from, T::Binary) if from.is_integral() => !ansi,
        _ => false,
    }
}

fn to_variant(from: &DataType) -> bool {
    match from {
        DataType::Array(array) => to_variant(&array.element),
        DataType::Map(_) | DataType::Struct(_) => false,
        other => !other.is_interval(),
    }
}

fn from_variant(to: &DataType) -> bool {
    match to {
        DataType::Array(array) => from_variant(&array.element),
        DataType::Map(map) => map.key.is_string() && from_variant(&map.value),
        DataType::Struct(structure) => structure.fields.iter().all(|field| from_variant(&field.data_type)),
        other => !other.is_interval() && *other != DataType::Null,
    }
}
