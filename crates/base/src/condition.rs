//! The one table of error conditions.
//!
//! Names, SQLSTATEs and parameter names are Spark's (`error-conditions.json` of Spark 4.2) where Spark has the condition;
//! those of ours start with `HEARTH_`, those of Delta Lake with `DELTA_`. Texts are our own words; `<name>` is replaced by the parameter of that name.

mod analysis;
mod collation;
mod ddl;
mod delta;
mod frame;
mod language;
mod names;
mod plan;
mod reading;
mod request;
mod routine;
mod runtime;
mod script;
mod sketch;
mod tables;
mod writing;

pub use analysis::*;
pub use collation::*;
pub use ddl::*;
pub use delta::*;
pub use frame::*;
pub use language::*;
pub use names::*;
pub use plan::*;
pub use reading::*;
pub use request::*;
pub use routine::*;
pub use runtime::*;
pub use script::*;
pub use sketch::*;
pub use tables::*;
pub use writing::*;

use crate::error::{Error, ErrorKind};

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// With its sub-condition: `DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES`.
    pub name: &'static str,
    pub sqlstate: &'static str,
    pub kind: ErrorKind,
    pub text: &'static str,
}

/// Names without `HEARTH_` that Spark 4.2 does not have: older ones, and some whose sub-condition is not told apart.
#[rustfmt::skip]
const NOT_SPARKS: [&str; 11] = [
    "ASSERT_TRUE_FAILED", "CATALOG_ALREADY_EXISTS", "CATALOG_NOT_EMPTY", "CONNECT_INVALID_PLAN.UNKNOWN",
    "DATAFRAME_NOT_FOUND", "INVALID_INTERVAL_FORMAT", "INVALID_PARAMETER_VALUE",
    "INVALID_SQL_SYNTAX", "MISSING_CLAUSES_FOR_OPERATION", "NO_SUCH_CATALOG_EXCEPTION", "UNSUPPORTED_FEATURE",
];

/// The names of Spark's own conditions, with their sub-conditions, in order.
const SPARKS: &str = include_str!("../../../tests/golden/conditions/spark-4.2.txt");

/// Whether Spark has this condition, or one with sub-conditions of this name.
pub fn sparks_has(name: &str) -> bool {
    let is_it = |known: &str| known.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    SPARKS.lines().any(is_it)
}

impl Condition {
    /// Whether Spark 4.2 has a condition of this name. Clients that look it up in a table of their own know no others.
    pub fn is_sparks(&self) -> bool {
        let others = ["HEARTH_", "DELTA_", "_LEGACY_ERROR_TEMP_DELTA_"];
        !others.iter().any(|other| self.name.starts_with(other)) && !NOT_SPARKS.contains(&self.name)
    }

    /// Starts an error of this condition with its first parameter.
    pub fn with(self, name: &'static str, value: impl std::fmt::Display) -> Error {
        Error::new(self).with(name, value)
    }

    /// An error of this condition without parameters.
    pub fn error(self) -> Error {
        Error::new(self)
    }

    /// The text with its parameters in place; an unknown `<name>` stays as it is.
    pub fn render(&self, parameters: &[(&'static str, String)]) -> String {
        let mut text = String::with_capacity(self.text.len() + 32);
        let mut rest = self.text;
        while let Some(open) = rest.find('<') {
            text.push_str(&rest[..open]);
            rest = &rest[open..];
            let name = rest.find('>').map(|close| &rest[1..close]);
            match name.and_then(|name| parameters.iter().find(|(key, _)| *key == name)) {
                Some((key, value)) => {
                    text.push_str(value);
                    rest = &rest[key.len() + 2..];
                }
                None => {
                    text.push('<');
                    rest = &rest[1..];
                }
            }
        }
        text.push_str(rest);
        text
    }
}

/// Rows: `CONST "NAME" "SQLSTATE" Kind "text";`. Makes one constant each and `ALL` of the file.
macro_rules! conditions {
    ($all:ident: $($constant:ident $name:literal $sqlstate:literal $kind:ident $text:literal;)*) => {
        $(pub const $constant: $crate::condition::Condition = $crate::condition::Condition {
            name: $name,
            sqlstate: $sqlstate,
            kind: $crate::error::ErrorKind::$kind,
            text: $text,
        };)*
        /// Every row of this file.
        pub const $all: &[$crate::condition::Condition] = &[$($constant),*];
    };
}
pub(crate) use conditions;

/// All conditions, for the reference page and the doors' goldens.
pub fn all() -> impl Iterator<Item = &'static Condition> {
    ANALYSIS
        .iter()
        .chain(COLLATION)
        .chain(DDL)
        .chain(DELTA)
        .chain(FRAME)
        .chain(LANGUAGE)
        .chain(NAMES)
        .chain(PLAN)
        .chain(READING)
        .chain(REQUEST)
        .chain(ROUTINE)
        .chain(RUNTIME)
        .chain(SCRIPT)
        .chain(SKETCH)
        .chain(TABLES)
        .chain(WRITING)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// `scripts/golden` records the names.
    #[test]
    fn names_are_sparks_or_known_not_to_be() {
        let sparks: Vec<_> = SPARKS.lines().collect();
        assert!(sparks.len() > 1_000);
        for condition in all() {
            assert_eq!(condition.is_sparks(), sparks.contains(&condition.name), "{}", condition.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|condition| condition.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn parameters_replace_their_places() {
        let error = TABLE_OR_VIEW_NOT_FOUND.with("relationName", "`a`.`<b>`");
        assert!(error.text().contains("`a`.`<b>`"));
        assert_eq!(error.to_string(), format!("[TABLE_OR_VIEW_NOT_FOUND] {} SQLSTATE: 42P01", error.text()));
    }
}
