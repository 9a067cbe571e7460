//! Options of text formats whose values Spark checks before it writes.

use hearth_base::condition::{
    INVALID_PARAMETER_VALUE_CHARSET, INVALID_REQUEST, NOT_A_FLAG, OPTION_VALUE_EXCEEDS_ONE_CHARACTER,
    XML_ROW_TAG_MISSING,
};
use hearth_base::{Error, Result};
use hearth_functions::records::TextFormat;

use super::WriteRequest;
use super::format::option;
use crate::sources::charset::Charset;

const CHARSETS: &str = "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8";
const CSV_FLAGS: [&str; 6] =
    ["header", "quoteAll", "escapeQuotes", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace", "multiLine"];
const JSON_FLAGS: [&str; 3] = ["ignoreNullFields", "pretty", "writeNonAsciiCharacterAsCodePoint"];
const CSV_CHARACTERS: [&str; 4] = ["quote", "escape", "comment", "charToEscapeQuoteEscaping"];

/// What Java says of an argument, without a condition.
fn illegal(message: impl std::fmt::Display) -> Error {
    INVALID_REQUEST.with("message", message)
}

/// Refuses values that Spark refuses. `None` is plain text.
pub fn check(request: &WriteRequest<'_>, format: Option<TextFormat>) -> Result<()> {
    let separator = option(request.options, "lineSep");
    if separator == Some("") {
        return Err(illegal("requirement failed: 'lineSep' cannot be an empty string."));
    }
    match format {
        Some(TextFormat::Csv) => {
            if separator.is_some_and(|text| text.chars().count() > 2) {
                return Err(illegal("requirement failed: 'lineSep' can contain only 1 character."));
            }
            check_csv(request)
        }
        Some(TextFormat::Json) => match JSON_FLAGS.iter().find(|name| !is_flag(request, name)) {
            Some(name) => {
                let value = option(request.options, name).unwrap_or_default();
                Err(illegal(format!("For input string: \"{value}\"")))
            }
            None => Ok(()),
        },
        Some(TextFormat::Xml) => check_row_tag(request),
        None => Ok(()),
    }
}

fn check_csv(request: &WriteRequest<'_>) -> Result<()> {
    if let Some(name) = CSV_FLAGS.iter().find(|name| !is_flag(request, name)) {
        return Err(NOT_A_FLAG.with("paramName", name));
    }
    for name in CSV_CHARACTERS {
        // A backslash before a character is part of how it is written.
        let value = option(request.options, name).unwrap_or_default();
        if value.chars().count() > 1 && !value.starts_with('\\') {
            return Err(OPTION_VALUE_EXCEEDS_ONE_CHARACTER.with("paramName", name).with("actualValue", value));
        }
    }
    Ok(())
}

fn is_flag(request: &WriteRequest<'_>, name: &str) -> bool {
    option(request.options, name).is_none_or(|value| ["true", "false"].contains(&&*value.trim().to_lowercase()))
}

fn check_row_tag(request: &WriteRequest<'_>) -> Result<()> {
    match option(request.options, "rowTag") {
        None => Err(XML_ROW_TAG_MISSING.with("rowTag", "`rowTag`")),
        Some(tag) if tag.is_empty() || tag.starts_with('<') || tag.ends_with('>') => {
            Err(illegal("requirement failed: 'rowTag' option should be a name without brackets."))
        }
        Some(_) => Ok(()),
    }
}

/// The option `encoding`.
pub fn charset(request: &WriteRequest<'_>, format: Option<TextFormat>) -> Result<Charset> {
    let name = option(request.options, "encoding").or_else(|| option(request.options, "charset"));
    let class = match format {
        Some(TextFormat::Csv) => "`CSVOptions`",
        Some(TextFormat::Json) => "`JSONOptions`",
        Some(TextFormat::Xml) => "`XmlOptions`",
        None => "`TextOptions`",
    };
    Charset::named(name).ok_or_else(|| {
        INVALID_PARAMETER_VALUE_CHARSET
            .with("functionName", class)
            .with("parameter", "`charset`")
            .with("charset", name.unwrap_or_default())
            .with("charsets", CHARSETS)
    })
}
