//! What an argument converts to when a function wants a certain type (`ImplicitTypeCasts`).

use hearth_types::DataType;

use super::widen::{force_nullable, is_atomic};

/// The type that a value of type `from` gets when `target` is wanted; `None` when it does not fit.
pub fn implicit_type(from: &DataType, target: &DataType, ansi: bool) -> Option<DataType> {
    use DataType as T;
    if from == target || (matches!(from, T::String { .. }) && matches!(target, T::String { .. })) {
        return Some(from.clone());
    }
    let fits = match (from, target) {
        (T::Null, _) => true,
        (from, T::String { .. }) if from.is_string() => true,
        (from, target) if ansi && from.is_string() && is_atomic(target) => true,
        (from, target) if ansi => ansi_store_assignable(from, target),
        (from, target) => legacy_fits(from, target),
    };
    fits.then(|| target.clone())
}

fn legacy_fits(from: &DataType, target: &DataType) -> bool {
    use DataType as T;
    match (from, target) {
        (from, target) if from.is_string() => {
            target.is_numeric() || target.is_datetime() || matches!(target, T::Binary | T::Time { .. })
        }
        (from, target) if from.is_numeric() && target.is_numeric() => true,
        (from, target) if from.is_datetime() && target.is_datetime() => true,
        (from, T::String { .. }) => is_atomic(from),
        (T::YearMonthInterval { .. }, T::YearMonthInterval { .. }) => true,
        (T::DayTimeInterval { .. }, T::DayTimeInterval { .. }) => true,
        (T::Array(from), T::Array(to)) => {
            (to.contains_null || !(from.contains_null || force_nullable(&from.element, &to.element)))
                && implicit_type(&from.element, &to.element, false).is_some()
        }
        (T::Map(from), T::Map(to)) => {
            !force_nullable(&from.key, &to.key)
                && (to.value_contains_null || !(from.value_contains_null || force_nullable(&from.value, &to.value)))
                && implicit_type(&from.key, &to.key, false).is_some()
                && implicit_type(&from.value, &to.value, false).is_some()
        }
        _ => false,
    }
}

/// What the SQL standard lets be assigned without a cast (`Cast.canANSIStoreAssign`).
pub fn ansi_store_assignable(from: &DataType, target: &DataType) -> bool {
    use DataType as T;
    match (from, target) {
        (from, target) if from == target => true,
        (T::Null, _) => true,
        (from, target) if from.is_numeric() && target.is_numeric() => true,
        (from, target) if target.is_string() => is_atomic(from) || matches!(from, T::CalendarInterval | T::Variant),
        (from, target) if from.is_datetime() && target.is_datetime() => true,
        (T::Time { .. }, T::Time { .. }) => true,
        (T::YearMonthInterval { .. }, T::YearMonthInterval { .. }) => true,
        (T::DayTimeInterval { .. }, T::DayTimeInterval { .. }) => true,
        (T::Array(from), T::Array(to)) => {
            (to.contains_null || !from.contains_null) && ansi_store_assignable(&from.element, &to.element)
        }
        (T::Map(from), T::Map(to)) => {
            (to.value_contains_null || !from.value_contains_null)
                && ansi_store_assignable(&from.key, &to.key)
                && ansi_store_assignable(&from.value, &to.value)
        }
        (T::Struct(from), T::Struct(to)) => {
            from.fields.len() == to.fields.len()
                && from.fields.iter().zip(to.fields.iter()).all(|(from, to)| {
                    (to.nullable || !from.nullable) && ansi_store_assignable(&from.data_type, &to.data_type)
                })
        }
        _ => false,
    }
}
