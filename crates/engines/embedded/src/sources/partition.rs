//! Partition columns: what the names of folders say (`year=2024/month=1`).

use std::path::{Path, PathBuf};

use hearth_base::condition::{
    COLUMN_ALREADY_EXISTS, CONFLICTING_DIRECTORY_STRUCTURES, CONFLICTING_PARTITION_COLUMN_NAMES,
    EMPTY_PARTITION_COLUMN_NAME, EMPTY_PARTITION_COLUMN_VALUE,
};
use hearth_base::{Error, Result};
use hearth_plan::identifier::quote;
use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::datetime_parse::{string_to_date, string_to_timestamp};
use hearth_types::{DataType, StructField, Zone};

use crate::catalog::location_uri;
use crate::catalog::partitions::unescape;

/// What Hive writes for NULL.
pub const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The column names and values in a file's path below `root`, from the outside in.
pub fn values(root: &Path, file: &Path) -> Vec<Column> {
    let Ok(below) = file.strip_prefix(root) else { return Vec::new() };
    let folders = below.parent().into_iter().flat_map(Path::components);
    folders
        .filter_map(|part| {
            let part = part.as_os_str().to_string_lossy();
            let (name, value) = part.split_once('=')?;
            Some(column(name, value))
        })
        .collect()
}

/// A column's name and what a folder says of it.
pub type Column = (String, Option<String>);

fn column(name: &str, value: &str) -> Column {
    let value = unescape(value);
    (unescape(name), (value != NULL_PARTITION).then_some(value))
}

/// The partition columns of a folder, from the outside in, and the folder that they start in. Sought from the inside out,
/// up to one of `bases` or the first folder that is no partition.
pub fn columns_of(folder: &Path, bases: &[PathBuf]) -> Result<(Vec<Column>, PathBuf)> {
    let mut columns = Vec::new();
    let mut current = folder;
    while !bases.iter().any(|base| base == current) {
        let name = current.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match name.split_once('=') {
            Some(("", _)) => return Err(EMPTY_PARTITION_COLUMN_NAME.with("columnSpec", name)),
            Some((_, "")) => return Err(EMPTY_PARTITION_COLUMN_VALUE.with("columnSpec", name)),
            Some((key, value)) => columns.push(column(key, value)),
            None if !columns.is_empty() => break,
            None => {}
        }
        match current.parent() {
            Some(parent) => current = parent,
            None => break,
        }
    }
    columns.reverse();
    let base = if columns.is_empty() { folder } else { current };
    Ok((columns, base.to_owned()))
}

/// How the types of partition columns are found.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// `spark.sql.sources.partitionColumnTypeInference.enabled`
    pub infers: bool,
    pub case_sensitive: bool,
}

/// The partition columns that folders have, with the narrowest types that hold all values: int, bigint, decimal, double,
/// date, timestamp, string. All folders must agree on the names.
pub fn infer(folders: &[(PathBuf, Vec<Column>, PathBuf)], rules: Rules) -> Result<Vec<StructField>> {
    let mut found = folders.iter().filter(|(_, columns, _)| !columns.is_empty());
    let Some((_, first, _)) = found.next() else { return Ok(Vec::new()) };
    let mut bases: Vec<&Path> = Vec::new();
    for (_, _, base) in folders {
        if !bases.contains(&base.as_path()) {
            bases.push(base);
        }
    }
    if bases.len() > 1 {
        let bases = bases.iter().map(|base| format!("\n\t{}", shown(base))).collect::<String>();
        return Err(CONFLICTING_DIRECTORY_STRUCTURES.with("discoveredBasePaths", format!("{bases}\n")));
    }
    let folded = |name: &str| if rules.case_sensitive { name.to_owned() } else { name.to_lowercase() };
    let folded_names = |columns: &[Column]| columns.iter().map(|(name, _)| folded(name)).collect::<Vec<_>>();
    let names = folded_names(first);
    if found.any(|(_, columns, _)| folded_names(columns) != names) {
        return Err(conflict(folders));
    }
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(COLUMN_ALREADY_EXISTS.with("columnName", quote(std::slice::from_ref(name))));
        }
    }
    let mut types: Vec<Option<DataType>> = vec![None; names.len()];
    for (_, columns, _) in folders {
        for ((_, value), known) in columns.iter().zip(&mut types) {
            if let Some(value) = value {
                let new = if rules.infers { type_of(value) } else { DataType::STRING };
                *known = Some(widen(known.take(), new));
            }
        }
    }
    let fields = first.iter().zip(types);
    let field = |((name, _), data_type): (&Column, Option<DataType>)| {
        StructField::new(name.as_str(), data_type.unwrap_or(DataType::Null), true)
    };
    Ok(fields.map(field).collect())
}

/// The error of folders that name different columns.
fn conflict(folders: &[(PathBuf, Vec<Column>, PathBuf)]) -> Error {
    let names = |columns: &[Column]| columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let mut lists: Vec<Vec<String>> = Vec::new();
    for (_, columns, _) in folders.iter().filter(|(_, columns, _)| !columns.is_empty()) {
        if !lists.contains(&names(columns)) {
            lists.push(names(columns));
        }
    }
    let told = lists.iter().enumerate();
    let told: String =
        told.map(|(at, list)| format!("\n\tPartition column name list #{at}: {}", list.join(", "))).collect();
    lists.sort_by_key(Vec::len);
    let of_list = |list: &Vec<String>| {
        let same = folders.iter().filter(|(_, columns, _)| names(columns) == *list);
        same.map(|(folder, _, _)| format!("\n\t{}", shown(folder))).collect::<String>()
    };
    let suspicious: String = lists.iter().map(of_list).collect();
    CONFLICTING_PARTITION_COLUMN_NAMES
        .with("distinctPartColLists", format!("{told}\n"))
        .with("suspiciousPaths", suspicious)
}

fn shown(path: &Path) -> String {
    location_uri(&path.to_string_lossy())
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

    fn found(paths: &[&str]) -> Result<Vec<StructField>> {
        let bases = [PathBuf::from("/t")];
        let folder = |path: &&str| {
            let folder = Path::new(*path).parent().unwrap().to_owned();
            let (columns, base) = columns_of(&folder, &bases)?;
            Ok((folder, columns, base))
        };
        let folders = paths.iter().map(folder).collect::<Result<Vec<_>>>()?;
        infer(&folders, Rules { infers: true, case_sensitive: false })
    }

    fn types(paths: &[&str]) -> Vec<(String, DataType)> {
        found(paths).unwrap().into_iter().map(|field| (field.name.to_string(), field.data_type)).collect()
    }

    #[test]
    fn folders_that_do_not_agree_are_refused() {
        for (paths, condition) in [
            (&["/t/k=1/f", "/t/j=1/f"][..], "CONFLICTING_PARTITION_COLUMN_NAMES"),
            (&["/t/k=1/f", "/t/k=1/l=2/f"], "CONFLICTING_PARTITION_COLUMN_NAMES"),
            (&["/t/k=1/f", "/t/u/v=1/f"], "CONFLICTING_DIRECTORY_STRUCTURES"),
            (&["/t/=1/f"], "EMPTY_PARTITION_COLUMN_NAME"),
            (&["/t/k=/f"], "EMPTY_PARTITION_COLUMN_VALUE"),
            (&["/t/k=1/K=2/f"], "COLUMN_ALREADY_EXISTS"),
        ] {
            assert_eq!(found(paths).unwrap_err().condition().name, condition, "{paths:?}");
        }
        assert_eq!(types(&["/t/k=1/sub/f", "/t/f"]), [("k".to_owned(), DataType::Integer)]);
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
