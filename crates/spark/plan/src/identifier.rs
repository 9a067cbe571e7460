//! Names in text form, as the DataFrame API sends them: parts separated by dots, unusual parts in backticks.
//!
//! Spark has two readings, and they differ. A column's name (`UnresolvedAttribute.parseAttributeName`) may hold anything
//! outside of backticks but dots. A table's, a view's or a function's name is SQL (`parseMultipartIdentifier`): an
//! unquoted part is letters, digits and underscores.

use hearth_base::condition::{
    INVALID_ATTRIBUTE_NAME_SYNTAX, INVALID_IDENTIFIER, PARSE_EMPTY_STATEMENT, PARSE_SYNTAX_ERROR,
};
use hearth_base::{Error, Result};

use crate::Name;

/// Reads a column's name: `a.b`, `` `a.b`.c ``, `some column`.
pub fn parse_attribute_name(text: &str) -> Result<Name> {
    let mut name = Name::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('`') {
            Some(quoted) => quoted_part(quoted),
            None => plain_part(rest),
        }
        .ok_or_else(|| INVALID_ATTRIBUTE_NAME_SYNTAX.with("name", text))?;
        name.push(part);
        if after.is_empty() {
            return Ok(name);
        }
        // What follows a part is a dot with another part behind it.
        rest = after
            .strip_prefix('.')
            .filter(|next| !next.is_empty() && !next.starts_with('.'))
            .ok_or_else(|| INVALID_ATTRIBUTE_NAME_SYNTAX.with("name", text))?;
    }
}

/// Reads the name of a table, a view, a database or a function as SQL does: `db.table`, `` `my-db`.t ``.
pub fn parse_multipart_identifier(text: &str) -> Result<Name> {
    let mut name = Name::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(PARSE_EMPTY_STATEMENT.error());
    }
    loop {
        let (part, after) = sql_part(rest)?;
        name.push(part);
        let after = after.trim_start();
        if after.is_empty() {
            return Ok(name);
        }
        // A dot that no part follows is too much, as is anything that is no dot.
        rest = after
            .strip_prefix('.')
            .map(str::trim_start)
            .filter(|next| starts_part(next))
            .ok_or_else(|| syntax_error(after).with("hint", format!(": extra input {}", token(after))))?;
    }
}

/// The name as SQL text: each part in backticks.
pub fn quote(name: &[String]) -> String {
    let parts: Vec<_> = name.iter().map(|part| format!("`{}`", part.replace('`', "``"))).collect();
    parts.join(".")
}

/// Behind an opening backtick: the part up to the closing one, and what follows it. A doubled backtick stands for one.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let close = rest.find('`')?;
        part.push_str(&rest[..close]);
        rest = &rest[close + 1..];
        match rest.strip_prefix('`') {
            Some(after) => {
                part.push('`');
                rest = after;
            }
            None => return Some((part, rest)),
        }
    }
}

/// Up to the next dot; a backtick inside is a mistake.
fn plain_part(text: &str) -> Option<(String, &str)> {
    let (part, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let starts_with_dot = part.is_empty() && !rest.is_empty();
    (!part.contains('`') && !starts_with_dot).then(|| (part.to_owned(), rest))
}

fn starts_part(text: &str) -> bool {
    text.starts_with(|c: char| c == '`' || c == '_' || c.is_alphanumeric())
}

/// A part of a name in SQL, quoted or not. A bare number is none. Letters beyond ASCII and dashes read as a part that
/// lacks its backticks.
fn sql_part(text: &str) -> Result<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('`') {
        return quoted_part(quoted).ok_or_else(|| syntax_error(text).with("hint", ""));
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let (part, rest) = text.split_at(text.find(|c| !is_word(c)).unwrap_or(text.len()));
    if part.is_empty() || part.starts_with('-') || part.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(syntax_error(text).with("hint", ""));
    }
    if part.contains('-') || !part.is_ascii() {
        return Err(INVALID_IDENTIFIER.with("ident", part));
    }
    Ok((part.to_owned(), rest))
}

/// The condition without its hint.
fn syntax_error(near: &str) -> Error {
    PARSE_SYNTAX_ERROR.with("error", token(near))
}

/// The word or the sign at which a text begins, in quotes.
fn token(near: &str) -> String {
    let word = near.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(near.len());
    let first = near.chars().next().map_or(0, char::len_utf8);
    format!("'{}'", &near[..word.max(first)])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn attribute_names_are_split_at_dots_outside_backticks() {
        for (text, parts) in [
            ("a", vec!["a"]),
            ("a.b.c", vec!["a", "b", "c"]),
            ("`a.b`.c", vec!["a.b", "c"]),
            ("`a``b`", vec!["a`b"]),
            ("some column-1", vec!["some column-1"]),
            ("count(1)", vec!["count(1)"]),
            ("", vec![""]),
            ("``", vec![""]),
        ] {
            assert_eq!(parse_attribute_name(text).unwrap(), parts, "{text}");
        }
    }

    #[test]
    fn unbalanced_attribute_names_are_refused() {
        for text in ["`a", "a`", "a`b`", "`a`b", "a..b", "a.", ".a", ".", "`", "```"] {
            let error = parse_attribute_name(text).unwrap_err();
            assert_eq!(error.condition().name, "INVALID_ATTRIBUTE_NAME_SYNTAX", "{text}");
        }
    }

    #[test]
    fn identifiers_are_words_or_quoted() {
        for (text, parts) in [
            ("t", vec!["t"]),
            ("cat.db.t", vec!["cat", "db", "t"]),
            (" db . t ", vec!["db", "t"]),
            ("`a-b`.`c.d`", vec!["a-b", "c.d"]),
            ("select", vec!["select"]),
            ("1a", vec!["1a"]),
            ("`größe`", vec!["größe"]),
        ] {
            assert_eq!(parse_multipart_identifier(text).unwrap(), parts, "{text}");
        }
    }

    /// As Spark 4.2 answers a read of such a table.
    #[test]
    fn bad_identifiers_have_sparks_conditions() {
        for (text, condition, parameters) in [
            ("", "PARSE_EMPTY_STATEMENT", vec![]),
            ("a b", "PARSE_SYNTAX_ERROR", vec!["'b'", ": extra input 'b'"]),
            ("a.", "PARSE_SYNTAX_ERROR", vec!["'.'", ": extra input '.'"]),
            ("`a", "PARSE_SYNTAX_ERROR", vec!["'`'", ""]),
            ("1", "PARSE_SYNTAX_ERROR", vec!["'1'", ""]),
            ("a-b", "INVALID_IDENTIFIER", vec!["a-b"]),
            ("x.a-b-c.d", "INVALID_IDENTIFIER", vec!["a-b-c"]),
            ("größe", "INVALID_IDENTIFIER", vec!["größe"]),
        ] {
            let error = parse_multipart_identifier(text).unwrap_err();
            let values: Vec<_> = error.parameters().iter().map(|(_, value)| value.as_str()).collect();
            assert_eq!((error.condition().name, values), (condition, parameters), "{text}");
        }
        assert!(parse_multipart_identifier("a..b").is_err());
    }

    #[test]
    fn quoting_and_parsing_are_inverse() {
        let name = vec!["a.b".to_owned(), "c`d".to_owned(), String::new()];
        assert_eq!(parse_multipart_identifier(&quote(&name)).unwrap(), name);
    }
}
