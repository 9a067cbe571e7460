//! Partition columns: what the names of folders say (`year=2024/month=1`).

use std::path::Path;

use hearth_types::datetime_parse::string_to_date;
use hearth_types::{DataType, StructField};

use super::files::DataFile;
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

/// The partition columns of files, with the narrowest types that hold all values: int, bigint, double, date, string.
pub fn infer(root: &Path, files: &[DataFile]) -> Vec<StructField> {
    let Some(first) = files.first() else { return Vec::new() };
    let names: Vec<String> = values(root, &first.path).into_iter().map(|(name, _)| name).collect();
    let mut types: Vec<Option<DataType>> = vec![None; names.len()];
    for file in files {
        for ((_, value), known) in values(root, &file.path).iter().zip(&mut types) {
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
    } else if value.parse::<f64>().is_ok_and(f64::is_finite) {
        DataType::Double
    } else if value.len() >= 8 && value.contains('-') && string_to_date(value).is_some() {
        DataType::Date
    } else {
        DataType::STRING
    }
}

fn widen(known: Option<DataType>, new: DataType) -> DataType {
    let rank = |data_type: &DataType| match data_type {
        DataType::Integer => Some(0),
        DataType::Long => Some(1),
        DataType::Double => Some(2),
        _ => None,
    };
    match known {
        None => new,
        Some(known) if known == new => known,
        Some(known) => match (rank(&known), rank(&new)) {
            (Some(left), Some(right)) => if left > right { known } else { new },
            _ => DataType::STRING,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Vec<DataFile> {
        paths.iter().map(|path| DataFile { path: path.into(), bytes: 1 }).collect()
    }

    #[test]
    fn types_hold_all_values() {
        let found = infer(
            Path::new("/t"),
            &files(&["/t/a=1/b=x/d=2024-01-02/f", "/t/a=5000000000/b=__HIVE_DEFAULT_PARTITION__/d=2024-03-04/f"]),
        );
        let types: Vec<_> = found.iter().map(|field| (field.name.as_ref(), field.data_type.clone())).collect();
        assert_eq!(types, [("a", DataType::Long), ("b", DataType::STRING), ("d", DataType::Date)]);
    }
}
