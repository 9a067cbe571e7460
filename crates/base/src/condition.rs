//! The one table of error conditions.
//!
//! Names, SQLSTATEs and parameter names are Spark's (`error-conditions.json` of Spark 4.2) where Spark has the condition;
//! those of ours start with `HEARTH_`. Texts are our own words; `<name>` is replaced by the parameter of that name.

mod analysis;
mod ddl;
mod plan;
mod request;
mod runtime;

pub use analysis::*;
pub use ddl::*;
pub use plan::*;
pub use request::*;
pub use runtime::*;

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

impl Condition {
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
    ANALYSIS.iter().chain(DDL).chain(PLAN).chain(RUNTIME).chain(REQUEST)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

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
