//! The table: all rows by name, and the one way to call one.

use std::collections::HashMap;
use std::sync::LazyLock;

use hearth_base::{Error, Result};

use crate::call::Call;
use crate::families;
use crate::row::FunctionRow;
use crate::wrong_number;

static BY_NAME: LazyLock<HashMap<&'static str, &'static FunctionRow>> =
    LazyLock::new(|| all_rows().map(|row| (row.name, row)).collect());

/// Every row, family by family.
pub fn all_rows() -> impl Iterator<Item = &'static FunctionRow> {
    families::ALL.iter().flat_map(|rows| rows.iter())
}

/// Looks a function up; names compare without case.
pub fn lookup(name: &str) -> Option<&'static FunctionRow> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return BY_NAME.get(name.to_ascii_lowercase().as_str()).copied();
    }
    BY_NAME.get(name).copied()
}

/// Checks the number of arguments of a call.
pub fn check_arity(row: &FunctionRow, call: &Call<'_>) -> Result<(), Error> {
    if row.arity.accepts(call.len()) {
        return Ok(());
    }
    Err(wrong_number::error(row, call))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::row::Family;

    /// The names of `SHOW SYSTEM FUNCTIONS` in Spark 4.2.
    const SPARK: &str = include_str!("table/spark_functions.txt");

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut names: Vec<_> = all_rows().map(|row| row.name).collect();
        assert!(names.iter().all(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase())));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// The examples run end to end in `tests/golden/functions/examples.tsv`, against Spark's own answers.
    #[test]
    fn examples_are_golden_cases() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/golden/functions/examples.tsv");
        let golden = std::fs::read_to_string(path).unwrap();
        let cases: HashMap<&str, Vec<&str>> = golden
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .map(|(call, answer)| (call, answer.split('\t').collect()))
            .collect();
        // A Spark without its module for Avro refuses these; the tests of their kernels hold their examples.
        let examples = || all_rows().filter(|row| row.family != Family::Avro).filter_map(|row| row.example);
        let lacking: Vec<_> = examples().map(|(call, _)| call).filter(|call| !cases.contains_key(call)).collect();
        assert!(lacking.is_empty(), "run scripts/golden after adding these lines:\n{}", lacking.join("\n"));
        let mut wrong = Vec::new();
        for (call, answer) in examples() {
            let [_, data_type, value] = cases[call][..] else { panic!("{call} has no answer") };
            let plain = data_type.trim_end_matches(" not null");
            if value.starts_with("rows ") || !matches!(plain, "string" | "int" | "bigint" | "boolean" | "date") {
                continue;
            }
            let value = if value == "null" { "NULL" } else { value };
            let text = value.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(value);
            if text.replace("\\\"", "\"").replace("\\\\", "\\") != answer {
                wrong.push((call, text, answer));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_function_of_spark_has_a_row() {
        let lacking: Vec<_> = SPARK.lines().filter(|name| lookup(name).is_none()).collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }
}
