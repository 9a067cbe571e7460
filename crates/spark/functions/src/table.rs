//! The table: all rows by name, and the one way to call one.

use std::collections::HashMap;
use std::sync::LazyLock;

use hearth_base::condition::WRONG_NUM_ARGS;
use hearth_base::{Error, Result};

use crate::call::Call;
use crate::families;
use crate::row::FunctionRow;

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
    Err(WRONG_NUM_ARGS
        .with("functionName", format!("`{}`", row.name))
        .with("expectedNum", row.arity.describe())
        .with("actualNum", call.len())
        .with("docroot", "https://spark.apache.org/docs/latest"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut names: Vec<_> = all_rows().map(|row| row.name).collect();
        assert!(names.iter().all(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase())));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
