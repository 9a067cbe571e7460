//! Parameters of a statement as literals in its text.
//!
//! Queries carry their parameters along and the analyzer puts them in. A command has no place for them, so they are
//! written into its text before it is parsed, as Spark does it too: `:name` and `?` outside of quotes and comments.

use hearth_base::condition::UNBOUND_SQL_PARAMETER;
use hearth_base::{Error, Result};
use hearth_plan::relation::SqlText;
use hearth_types::{DataType, Value, Zone};

use super::insert::evaluate;
use crate::session::EmbeddedSession;

/// The text with its parameters in place. A text without any is given back as it is.
pub async fn bound(session: &EmbeddedSession, sql: &SqlText) -> Result<String> {
    if sql.named.is_empty() && sql.positional.is_empty() {
        return Ok(sql.query.clone());
    }
    let mut named = Vec::with_capacity(sql.named.len());
    for (name, expr) in &sql.named {
        named.push((name.to_lowercase(), literal(&evaluate(session, expr.clone()).await?)?));
    }
    let mut positional = Vec::with_capacity(sql.positional.len());
    for expr in &sql.positional {
        positional.push(literal(&evaluate(session, expr.clone()).await?)?);
    }
    substitute(&sql.query, &named, &positional)
}

fn substitute(text: &str, named: &[(String, String)], positional: &[String]) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = 0;
    while let Some(first) = rest.chars().next() {
        let skipped = quoted_or_comment(rest);
        if skipped > 0 {
            out.push_str(&rest[..skipped]);
            rest = &rest[skipped..];
            continue;
        }
        let word = if first == ':' && !out.ends_with(':') { word_length(&rest[1..]) } else { 0 };
        let value =
            named.iter().find(|(name, _)| word > 0 && rest[1..=word].trim_matches('`').eq_ignore_ascii_case(name));
        if let Some((_, value)) = value {
            out.push_str(value);
            rest = &rest[1 + word..];
        } else if first == '?' && named.is_empty() {
            let unbound = || {
                let place = text[..text.len() - rest.len()].encode_utf16().count();
                UNBOUND_SQL_PARAMETER.with("name", format!("_{place}"))
            };
            let value = positional.get(next).ok_or_else(unbound)?;
            next += 1;
            out.push_str(value);
            rest = &rest[1..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(out)
}

/// The length of the name, quoted or not, that a text begins with.
fn word_length(text: &str) -> usize {
    if text.starts_with('`') {
        return quoted_or_comment(text);
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The length of the string, quoted name or comment that a text begins with; 0 when it begins with something else.
fn quoted_or_comment(text: &str) -> usize {
    let until = |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    match text.as_bytes() {
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'`', ..] => until(1, "`"),
        [quote @ (b'\'' | b'"'), ..] => string_length(text, *quote),
        _ => 0,
    }
}

fn string_length(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// A value as a SQL literal.
pub fn literal(value: &Value) -> Result<String> {
    let data_type = value.data_type();
    Ok(match value {
        Value::Null(DataType::Null) => "NULL".to_owned(),
        Value::Null(_) => format!("CAST(NULL AS {})", data_type.sql()),
        Value::Boolean(flag) => flag.to_string(),
        Value::Byte(number) => format!("{number}Y"),
        Value::Short(number) => format!("{number}S"),
        Value::Integer(number) => number.to_string(),
        Value::Long(number) => format!("{number}L"),
        Value::String(text) => string(text),
        Value::Array { elements, .. } => {
            let elements = elements.iter().map(literal).collect::<Result<Vec<_>>>()?;
            format!("CAST(array({}) AS {})", elements.join(", "), data_type.sql())
        }
        Value::Map { entries, .. } => {
            let mut parts = Vec::with_capacity(entries.len() * 2);
            for (key, value) in entries {
                parts.push(literal(key)?);
                parts.push(literal(value)?);
            }
            format!("CAST(map({}) AS {})", parts.join(", "), data_type.sql())
        }
        Value::Struct { fields, values } => {
            let mut parts = Vec::with_capacity(fields.len() * 2);
            for (field, value) in fields.iter().zip(values) {
                parts.push(string(&field.name));
                parts.push(literal(value)?);
            }
            format!("named_struct({})", parts.join(", "))
        }
        Value::Binary(bytes) => format!("X'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>()),
        Value::Float(_)
        | Value::Double(_)
        | Value::Decimal { .. }
        | Value::Date(_)
        | Value::Timestamp(_)
        | Value::TimestampNtz(_)
        | Value::Time { .. }
        | Value::CalendarInterval { .. }
        | Value::YearMonthInterval { .. }
        | Value::DayTimeInterval { .. } => format!("CAST({} AS {})", string(&text(value)?), data_type.sql()),
    })
}

fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The text that a cast reads back.
pub fn text(value: &Value) -> Result<String> {
    use hearth_types::datetime_text as datetime;
    let mut out = String::new();
    let written = match value {
        Value::Float(number) => return Ok(number.to_string()),
        Value::Double(number) => return Ok(number.to_string()),
        Value::Decimal { unscaled, scale, .. } => return Ok(decimal(*unscaled, *scale)),
        Value::Date(days) => datetime::write_date(&mut out, *days),
        Value::Timestamp(micros) => {
            let written = datetime::write_timestamp(&mut out, *micros, &Zone::UTC);
            out.push('Z');
            written
        }
        Value::TimestampNtz(micros) => datetime::write_timestamp_ntz(&mut out, *micros),
        Value::Time { nanos, .. } => datetime::write_time(&mut out, *nanos),
        _ => {
            return Err(Error::unsupported(format!(
                "a parameter of the type {} in a command",
                value.data_type().sql()
            )));
        }
    };
    written.map_err(Error::internal)?;
    Ok(out)
}

fn decimal(unscaled: i128, scale: i8) -> String {
    let digits = usize::try_from(scale).unwrap_or(0);
    let text = format!("{:0>width$}", unscaled.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    let sign = if unscaled < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_put_in_outside_of_quotes() {
        let named = [("a".to_owned(), "1".to_owned())];
        let text = "SELECT :a, ':a', x::int, `:a`, :ab, \":a\" -- :a\n, :A /* :a */";
        let expected = "SELECT 1, ':a', x::int, `:a`, :ab, \":a\" -- :a\n, 1 /* :a */";
        assert_eq!(substitute(text, &named, &[]).unwrap(), expected);
        let positional = ["'x'".to_owned(), "2".to_owned()];
        assert_eq!(substitute("? '?' ?", &[], &positional).unwrap(), "'x' '?' 2");
        assert!(substitute("? ? ?", &[], &positional).is_err());
    }

    #[test]
    fn literals_read_back() {
        assert_eq!(literal(&Value::string("it's \\")).unwrap(), "'it\\'s \\\\'");
        let decimal = Value::Decimal { unscaled: -5, precision: 3, scale: 2 };
        assert_eq!(literal(&decimal).unwrap(), "CAST('-0.05' AS DECIMAL(3,2))");
        assert_eq!(literal(&Value::Date(1)).unwrap(), "CAST('1970-01-02' AS DATE)");
    }
}
