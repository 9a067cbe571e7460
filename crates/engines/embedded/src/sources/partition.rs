//! Partition columns: what the names of folders say (`year=2024/month=1`).

use std::path::Path;

use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::datetime_parse::{string_to_date, string_to_timestamp};
use hearth_types::{DataType, StructField, Zone};

use crate::catalog::partitions::unescape;

/// What Hive writes for NULL.
pub const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The column names and values in a file's path below `root`, from the outside in.
pub fn values(root: &Path, file: &Path) -> Vec<(String, Option<String>)> {
    let Ok(below) = file.strip_prefix(root) else { return Vec::new() };
    let folders = below.parent().into_iter().flat_map(Path::components);
    folders
        .filter_map(|part| {
            let part = part.as_os_str().to_string_lossy();
            let (name, value) = part.split_once('=')?;
            let value = unescape(value);
            Some((unescape(name), (value != NULL_PARTITION).then_some(value)))
        })
        .collect()
}

/// The partition columns of files (each with its base folder), with the narrowest types that hold all values: int,
/// bigint, decimal, double, date, timestamp, string.
pub fn infer(files: &[(&Path, &Path)]) -> Vec<StructField> {
    let Some((base, first)) = files.first() else { return Vec::new() };
    let names: Vec<String> = values(base, first).into_iter().map(|(name, _)| name).collect();
    let mut types: Vec<Option<DataType>> = vec![None; names.len()];
    for (base, file) in files {
        for ((_, value), known) in values(base, file).iter().zip(&mut types) {
            if let Some(value) = value {
                *known = Some(widen(known.take(), type_of(value)));
            }
        }
    }
    let fields = names.into_iter().zip(types);
    fields.map(|(name, data_type)| StructField::new(name, data_type.unwrap_or(DataType::STRING), true)).collect()
}

fn type_of(value: &str) -> DataType {
    if value.parse::<i32>().is_ok() {
        DataType::Integer
    } else if value.parse::<i64>().is_ok() {
        DataType::Long
    } else if let Some(precision) = whole_digits(value) {
        DataType::Decimal { precision, scale: 0 }
    } else if value.parse::<f64>().is_ok_and(|number| number.is_finite() || ["NaN", "Infinity"].contains(&value)) {
        DataType::Double
    } else if value.len() >= 8 && value.contains('-') && !value.contains(':') && string_to_date(value).is_some() {
        DataType::Date
    } else if value.len() >= 16
        && value.contains('-')
        && value.contains(':')
        && string_to_timestamp(value, &Zone::UTC, 0).is_some()
    {
        DataType::Timestamp
    } else {
        DataType::STRING
    }
}

/// How many digits a whole number has (`123`, `1.0E20`), when a decimal can hold it.
fn whole_digits(value: &str) -> Option<u8> {
    let (mantissa, exponent) = match value.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (value, 0),
    };
    let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = exponent - i32::try_from(fraction.len()).ok()?;
    let is_number = !whole.is_empty() && [whole, fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !is_number || zeros < 0 {
        return None;
    }
    let leading = whole.trim_start_matches('0').len() + fraction.len();
    let digits = i32::try_from(leading).ok()? + zeros;
    u8::try_from(digits.max(1)).ok().filter(|digits| *digits <= MAX_DECIMAL_PRECISION)
}

fn widen(known: Option<DataType>, new: DataType) -> DataType {
    use DataType as T;
    match (known, new) {
        (None, new) => new,
        (Some(known), new) if known == new => known,
        (Some(T::Integer), T::Long) | (Some(T::Long), T::Integer) => T::Long,
        (Some(T::Integer | T::Long | T::Decimal { .. }), T::Double)
        | (Some(T::Double), T::Integer | T::Long | T::Decimal { .. }) => T::Double,
        (Some(T::Decimal { precision, .. }), T::Integer | T::Long)
        | (Some(T::Integer | T::Long), T::Decimal { precision, .. }) => {
            T::Decimal { precision: precision.max(20), scale: 0 }
        }
        (Some(T::Decimal { precision: left, .. }), T::Decimal { precision: right, .. }) => {
            T::Decimal { precision: left.max(right), scale: 0 }
        }
        (Some(T::Date), T::Timestamp) | (Some(T::Timestamp), T::Date) => T::Timestamp,
        (Some(_), _) => T::STRING,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn types(paths: &[&str]) -> Vec<(String, DataType)> {
        let paths: Vec<_> = paths.iter().map(|path| (Path::new("/t"), Path::new(*path))).collect();
        infer(&paths).into_iter().map(|field| (field.name.to_string(), field.data_type)).collect()
    }

    #[test]
    fn types_hold_all_values() {
        let found =
            types(&["/t/a=1/b=x/d=2024-01-02/f", "/t/a=5000000000/b=__HIVE_DEFAULT_PARTITION__/d=2024-03-04/f"]);
        let named = |name: &str, data_type| (name.to_owned(), data_type);
        assert_eq!(found, [named("a", DataType::Long), named("b", DataType::STRING), named("d", DataType::Date)]);
    }

    #[test]
    fn types_are_sparks() {
        for (folders, expected) in [
            (vec!["1.5", "2"], DataType::Double),
            (vec!["01", "12345678901234567890"], DataType::Decimal { precision: 20, scale: 0 }),
            (vec!["1.0E20"], DataType::Decimal { precision: 21, scale: 0 }),
            (vec!["2024-01-02 03%3A04%3A05"], DataType::Timestamp),
            (vec!["true"], DataType::STRING),
        ] {
            let paths: Vec<_> = folders.iter().map(|value| format!("/t/x={value}/f")).collect();
            let found = types(&paths.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(found, [("x".to_owned(), expected)], "{folders:?}");
        }
    }
}
