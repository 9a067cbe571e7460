//! What kind of statement a text is, by its first word.

use serde::Serialize;
use utoipa::ToSchema;

/// The kinds that the service knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum QueryStatementType {
    Alter,
    Analyze,
    Copy,
    Create,
    Delete,
    Describe,
    Drop,
    Explain,
    Grant,
    Insert,
    Merge,
    Optimize,
    Other,
    Refresh,
    Replace,
    Revoke,
    Select,
    Set,
    Show,
    Truncate,
    Update,
    Use,
}

impl QueryStatementType {
    /// The kind of a SQL text. What is no SQL is `OTHER`.
    pub fn of(text: &str) -> Self {
        match first_word(text).to_ascii_uppercase().as_str() {
            "ALTER" => Self::Alter,
            "ANALYZE" => Self::Analyze,
            "COPY" => Self::Copy,
            "CREATE" => Self::Create,
            "DELETE" => Self::Delete,
            "DESC" | "DESCRIBE" => Self::Describe,
            "DROP" => Self::Drop,
            "EXPLAIN" => Self::Explain,
            "GRANT" => Self::Grant,
            "INSERT" => Self::Insert,
            "MERGE" => Self::Merge,
            "OPTIMIZE" => Self::Optimize,
            "REFRESH" => Self::Refresh,
            "REPLACE" => Self::Replace,
            "REVOKE" => Self::Revoke,
            // The ways in which a query begins.
            "SELECT" | "WITH" | "VALUES" | "TABLE" | "FROM" | "MAP" | "REDUCE" => Self::Select,
            "SET" => Self::Set,
            "SHOW" => Self::Show,
            "TRUNCATE" => Self::Truncate,
            "UPDATE" => Self::Update,
            "USE" => Self::Use,
            _ => Self::Other,
        }
    }
}

/// The first word behind blanks, comments and opening parentheses.
fn first_word(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, behind)| behind);
        } else if rest.starts_with("/*") {
            rest = behind_comment(rest);
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return &rest[..end];
        }
    }
}

/// What stands behind a bracketed comment. Comments nest, as in Spark.
fn behind_comment(text: &str) -> &str {
    let mut depth = 0usize;
    let mut rest = text;
    loop {
        let Some(at) = rest.find(['/', '*']) else { return "" };
        rest = &rest[at..];
        if let Some(inner) = rest.strip_prefix("/*") {
            depth += 1;
            rest = inner;
        } else if let Some(outer) = rest.strip_prefix("*/") {
            depth -= 1;
            rest = outer;
            if depth == 0 {
                return rest;
            }
        } else {
            rest = &rest[1..];
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells_the_kind() {
        use QueryStatementType as Kind;
        for (text, kind) in [
            ("select 1", Kind::Select),
            ("/* {\"app\": \"dbt\"} */\n create or replace view v as select 1", Kind::Create),
            ("-- first\n--second\nINSERT INTO t VALUES (1)", Kind::Insert),
            ("/* a /* nested */ b */ merge into t", Kind::Merge),
            ("((values 1) union all (values 2))", Kind::Select),
            ("with a as (select 1) select * from a", Kind::Select),
            ("desc extended t", Kind::Describe),
            ("SET x=1", Kind::Set),
            ("use catalog c", Kind::Use),
            ("plan of 17 bytes", Kind::Other),
            ("/*/ select", Kind::Other),
            ("/* never closed /* é", Kind::Other),
            ("-- é", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
