//! How Univocity cuts a CSV record into fields and writes one, with the settings that Spark gives it.
//!
//! A quote inside a quoted field that is not escaped makes the field one without quotes (`STOP_AT_DELIMITER`): all of it
//! is text, up to the next separator.

use crate::kernels::json::typed::Options;

/// What the options say about the form of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    separator: String,
    quote: char,
    escape: char,
    null_value: String,
    /// What a quoted field without text is read as.
    empty_read: String,
    /// What the empty string is written as.
    empty_write: String,
    trim_read: Sides,
    trim_write: Sides,
    quote_all: bool,
    escape_quotes: bool,
    stray_quotes: StrayQuotes,
}

/// What a quote inside a quoted field that is not escaped means: `unescapedQuoteHandling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StrayQuotes {
    /// The field is one without quotes.
    EndAtSeparator,
    /// It is text, up to a quote that a separator follows.
    EndAtQuote,
    /// The field is left out.
    SkipField,
    /// What was read so far is cut at its separators, without the quotes, and the last part goes on as a quoted field.
    CutAtSeparators,
    /// The record cannot be read.
    Refuse,
}

/// Which ends of a field lose their blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sides {
    start: bool,
    end: bool,
}

impl Sides {
    fn trim(self, text: &str) -> &str {
        let text = if self.start { text.trim_start_matches(is_blank) } else { text };
        if self.end { text.trim_end_matches(is_blank) } else { text }
    }
}

fn is_blank(c: char) -> bool {
    c <= ' '
}

impl Dialect {
    pub fn writes_null_as_nothing(&self) -> bool {
        self.null_value.is_empty() && !self.quote_all
    }

    pub fn of(options: &Options) -> Self {
        let character = |name: &str, default| match options.get(name) {
            Some(text) => unescape(text).chars().next().unwrap_or('\0'),
            None => default,
        };
        let flag = |name: &str, default| options.get(name).map_or(default, |text| text.eq_ignore_ascii_case("true"));
        let sides = |default| Sides {
            start: flag("ignoreleadingwhitespace", default),
            end: flag("ignoretrailingwhitespace", default),
        };
        Self {
            // Nothing separates no fields, and would be found forever.
            separator: unescape(
                options.get("sep").or_else(|| options.get("delimiter")).filter(|text| !text.is_empty()).unwrap_or(","),
            ),
            quote: character("quote", '"'),
            escape: character("escape", '\\'),
            null_value: options.get("nullvalue").unwrap_or_default().to_owned(),
            empty_read: options.get("emptyvalue").unwrap_or_default().to_owned(),
            empty_write: options.get("emptyvalue").unwrap_or("\"\"").to_owned(),
            trim_read: sides(false),
            trim_write: sides(true),
            quote_all: flag("quoteall", false),
            escape_quotes: flag("escapequotes", true),
            stray_quotes: match options.get("unescapedquotehandling").map(str::to_ascii_uppercase).as_deref() {
                Some("STOP_AT_CLOSING_QUOTE") => StrayQuotes::EndAtQuote,
                Some("SKIP_VALUE") => StrayQuotes::SkipField,
                Some("BACK_TO_DELIMITER") => StrayQuotes::CutAtSeparators,
                Some("RAISE_ERROR") => StrayQuotes::Refuse,
                Some(_) | None => StrayQuotes::EndAtSeparator,
            },
        }
    }

    /// The fields of a record; `None` is NULL.
    pub fn split(&self, record: &str) -> Vec<Option<String>> {
        let mut fields = Vec::new();
        let mut rest = record;
        loop {
            let cut =
                if self.stray_quotes == StrayQuotes::CutAtSeparators { self.cut(rest, &mut fields) } else { None };
            let behind = match cut {
                Some(behind) => behind,
                None => {
                    let (field, behind) = self.field(rest);
                    fields.push(field.filter(|text| *text != self.null_value));
                    behind
                }
            };
            match behind {
                Some(behind) => rest = behind,
                None => return fields,
            }
        }
    }

    /// The fields that a quoted one with stray quotes is cut into, and what is behind their last separator. `None` where
    /// no quote is astray.
    fn cut<'t>(&self, text: &'t str, fields: &mut Vec<Option<String>>) -> Option<Option<&'t str>> {
        let start = if self.trim_read.start { text.trim_start_matches(is_blank) } else { text };
        let inner = start.strip_prefix(self.quote)?;
        if self.quoted(inner).is_some() {
            return None;
        }
        let (mut value, mut rest) = (String::new(), inner);
        let behind = loop {
            let Some((at, part)) = self.closing(rest) else {
                value.push_str(&self.without_escapes(rest));
                break None;
            };
            value.push_str(&part);
            rest = &rest[at + self.quote.len_utf8()..];
            let next = rest.trim_start_matches(|c| is_blank(c) && !self.separator.starts_with(c));
            if next.is_empty() {
                break None;
            }
            if let Some(behind) = next.strip_prefix(self.separator.as_str()) {
                break Some(behind);
            }
            while let Some(end) = value.find(&self.separator) {
                let last = value.split_off(end + self.separator.len());
                value.truncate(end);
                let field = std::mem::replace(&mut value, last);
                fields.push(Some(field).filter(|text| !text.is_empty() && *text != self.null_value));
            }
        };
        fields.push(Some(value).filter(|text| *text != self.null_value));
        Some(behind)
    }

    /// Whether the record has a quote astray that makes it one that cannot be read.
    pub fn refuses(&self, record: &str) -> bool {
        if self.stray_quotes != StrayQuotes::Refuse {
            return false;
        }
        let mut rest = Some(record);
        while let Some(text) = rest {
            let start = if self.trim_read.start { text.trim_start_matches(is_blank) } else { text };
            if start.strip_prefix(self.quote).is_some_and(|inner| self.quoted(inner).is_none()) {
                return true;
            }
            rest = self.field(text).1;
        }
        false
    }

    /// The first field, and what is behind its separator.
    fn field<'t>(&self, text: &'t str) -> (Option<String>, Option<&'t str>) {
        let start = if self.trim_read.start { text.trim_start_matches(is_blank) } else { text };
        if let Some(quoted) = start.strip_prefix(self.quote)
            && let Some((value, behind)) = self.quoted(quoted)
        {
            return (Some(if value.is_empty() { self.empty_read.clone() } else { value }), behind);
        }
        let (field, behind) = match self.unquoted_end(text) {
            Some(end) => (&text[..end], Some(&text[end + self.separator.len()..])),
            None => (text, None),
        };
        if self.stray_quotes == StrayQuotes::SkipField && start.starts_with(self.quote) {
            return (None, behind);
        }
        let field = self.trim_read.trim(field);
        ((!field.is_empty()).then(|| field.to_owned()), behind)
    }

    /// Where the separator behind a field without quotes is. In a field with a quote that is not escaped it is the one
    /// behind that quote.
    fn unquoted_end(&self, text: &str) -> Option<usize> {
        let mut from = 0;
        if text.starts_with(self.quote) {
            let inner = &text[self.quote.len_utf8()..];
            from = self.quote.len_utf8() + self.closing(inner).map_or(0, |(at, _)| at);
        }
        text[from..].find(&self.separator).map(|at| from + at)
    }

    /// The place of the first quote that is not escaped, and the text before it.
    fn closing(&self, text: &str) -> Option<(usize, String)> {
        let mut value = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == self.escape && (next == Some(self.quote) || (c != self.quote && next == Some(self.escape))) {
                value.extend(next);
                chars.next();
            } else if c == self.quote {
                return Some((at, value));
            } else {
                value.push(c);
            }
        }
        None
    }

    /// A field behind its opening quote; `None` when a quote in it is not escaped.
    fn quoted<'t>(&self, text: &'t str) -> Option<(String, Option<&'t str>)> {
        let mut value = String::new();
        let mut rest = text;
        loop {
            let Some((at, part)) = self.closing(rest) else {
                return Some((self.without_escapes(text), None));
            };
            value.push_str(&part);
            let behind = &rest[at + self.quote.len_utf8()..];
            // Blanks between the quote and the separator belong to nothing.
            let mut next = behind;
            while !next.starts_with(self.separator.as_str()) && next.starts_with(is_blank) {
                next = &next[1..];
            }
            if next.is_empty() {
                return Some((value, None));
            }
            if let Some(rest) = next.strip_prefix(self.separator.as_str()) {
                return Some((value, Some(rest)));
            }
            if self.stray_quotes != StrayQuotes::EndAtQuote {
                return None;
            }
            value.push(self.quote);
            rest = behind;
        }
    }

    /// A field whose quote is not closed.
    fn without_escapes(&self, text: &str) -> String {
        let mut value = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = c == self.escape && chars.peek().is_some_and(|next| [self.quote, self.escape].contains(next));
            value.push(if escaped { chars.next().unwrap_or(c) } else { c });
        }
        value
    }

    /// Whether a quote is open at the end of `line`, when one was or was not at its start.
    pub fn stay_open(&self, open: bool, line: &str) -> bool {
        let mut rest = line;
        let mut open = open;
        loop {
            if !open {
                match rest.strip_prefix(self.quote) {
                    Some(inner) => (open, rest) = (true, inner),
                    None => match rest.find(&self.separator) {
                        Some(at) => rest = &rest[at + self.separator.len()..],
                        None => return false,
                    },
                }
                continue;
            }
            let Some((at, _)) = self.closing(rest) else { return true };
            rest = &rest[at + self.quote.len_utf8()..];
            match rest.find(&self.separator) {
                Some(at) => (open, rest) = (false, &rest[at + self.separator.len()..]),
                None => return false,
            }
        }
    }

    /// Appends what stands between two fields.
    pub fn separate(&self, out: &mut String) {
        out.push_str(&self.separator);
    }

    /// Appends a field; `None` is NULL.
    pub fn write(&self, text: Option<&str>, out: &mut String) {
        let Some(text) = text else {
            return if self.quote_all {
                self.write_quoted(&self.null_value, out)
            } else {
                out.push_str(&self.null_value)
            };
        };
        let text = self.trim_write.trim(text);
        if text.is_empty() {
            return match (self.quote_all, self.empty_write.as_str()) {
                (true, "\"\"") => self.write_quoted("", out),
                (true, other) => self.write_quoted(other, out),
                (false, other) => out.push_str(other),
            };
        }
        let special = self.quote_all
            || text.contains(&self.separator)
            || text.contains(['\n', '\r'])
            || text.starts_with(self.quote)
            || (self.escape_quotes && text.contains(self.quote));
        if special { self.write_quoted(text, out) } else { out.push_str(text) }
    }

    fn write_quoted(&self, text: &str, out: &mut String) {
        out.push(self.quote);
        for c in text.chars() {
            if c == self.quote || c == self.escape {
                out.push(self.escape);
            }
            out.push(c);
        }
        out.push(self.quote);
    }
}

/// `\t` and its kin as options have them.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let known = behind.chars().next().and_then(|c| match c {
            't' => Some(('\t', 1)),
            'r' => Some(('\r', 1)),
            'n' => Some(('\n', 1)),
            'b' => Some(('\u{8}', 1)),
            'f' => Some(('\u{c}', 1)),
            '"' | '\'' | '\\' => Some((c, 1)),
            'u' => {
                let code = behind.get(1..5).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                code.and_then(char::from_u32).map(|c| (c, 5))
            }
            _ => None,
        });
        match known {
            Some((c, length)) => {
                out.push(c);
                rest = &behind[length..];
            }
            None => {
                out.push('\\');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn dialect(options: &[(&str, &str)]) -> Dialect {
        let entries = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Dialect::of(&Options { entries, zone: "UTC".into(), now: 0 })
    }

    /// Fields joined by `|`, `~` for NULL.
    fn fields(record: &str, options: &[(&str, &str)]) -> String {
        let fields = dialect(options).split(record).into_iter().map(|field| field.unwrap_or_else(|| "~".to_owned()));
        fields.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn fields_are_read_as_spark_does() {
        for (record, options, expected) in [
            ("1,\"a,b\",1.5", &[][..], "1|a,b|1.5"),
            ("2,\"x\\\"y\",", &[], "2|x\"y|~"),
            ("3,\"\",NULL", &[], "3|~|NULL"),
            ("3,\"\",NULL", &[("nullvalue", "NULL")], "3||~"),
            ("4,,abc", &[("nullvalue", "NULL")], "4|~|abc"),
            ("3,\"\",NULL", &[("emptyvalue", "E")], "3|E|NULL"),
            ("5,\"q\"\"q\",-2", &[], "5|\"q\"\"q\"|-2"),
            ("5,\"q\"\"q\",-2", &[("escape", "\"")], "5|q\"q|-2"),
            ("6, sp ,3", &[], "6| sp |3"),
            ("6, sp ,3", &[("ignoreleadingwhitespace", "true"), ("ignoretrailingwhitespace", "true")], "6|sp|3"),
            ("7,\"un\"quoted,4", &[], "7|\"un\"quoted|4"),
            ("1,\"a\"b\",x", &[], "1|\"a\"b\"|x"),
            ("1,\"a\"b\",x", &[("unescapedquotehandling", "stop_at_closing_quote")], "1|a\"b|x"),
            ("1,\"a\"b\",x", &[("unescapedquotehandling", "SKIP_VALUE")], "1|~|x"),
            ("\"x\" ,5", &[], "x|5"),
            ("\"x\"\t5", &[("sep", "\t")], "x|5"),
            ("10,\"back\\\\slash\",7", &[], "10|back\\slash|7"),
            ("11,a\"b,8", &[], "11|a\"b|8"),
            ("1,\"a,b\"", &[("quote", "")], "1|\"a|b\""),
            ("a||b|c||d", &[("sep", "||")], "a|b|c|d"),
            ("a\tb", &[("sep", "\\t")], "a|b"),
            ("1,\"line1", &[], "1|line1"),
        ] {
            assert_eq!(fields(record, options), expected, "{record} {options:?}");
        }
    }

    #[test]
    fn fields_are_written_as_spark_does() {
        let values = ["  lead", "", "a,b", "trail  ", "x\"y", "\\", "a\nb", "ta\tb", "\"q\"", " ", "a\\\"b", "'"];
        let write = |options: &[(&str, &str)]| {
            let (dialect, mut out) = (dialect(options), String::new());
            for (index, value) in values.iter().map(|value| Some(*value)).chain([None]).enumerate() {
                if index > 0 {
                    dialect.separate(&mut out);
                }
                dialect.write(value, &mut out);
            }
            out
        };
        let plain = "lead,\"\",\"a,b\",trail,\"x\\\"y\",\\,\"a\nb\",ta\tb,\"\\\"q\\\"\",\"\",\"a\\\\\\\"b\",',";
        assert_eq!(write(&[]), plain);
        let all = "\"lead\",\"\",\"a,b\",\"trail\",\"x\\\"y\",\"\\\\\",\"a\nb\",\"ta\tb\",\"\\\"q\\\"\",\"\",\"a\\\\\\\"b\",\"'\",\"\"";
        assert_eq!(write(&[("quoteall", "true")]), all);
        let raw = "lead,\"\",\"a,b\",trail,x\"y,\\,\"a\nb\",ta\tb,\"\\\"q\\\"\",\"\",a\\\"b,',";
        assert_eq!(write(&[("escapequotes", "false")]), raw);
        let doubled = "lead,\"\",\"a,b\",trail,\"x\"\"y\",\\,\"a\nb\",ta\tb,\"\"\"q\"\"\",\"\",\"a\\\"\"b\",',";
        assert_eq!(write(&[("escape", "\"")]), doubled);
        let words = "lead,E,\"a,b\",trail,\"x\\\"y\",\\,\"a\nb\",ta\tb,\"\\\"q\\\"\",E,\"a\\\\\\\"b\",',NULL";
        assert_eq!(write(&[("nullvalue", "NULL"), ("emptyvalue", "E")]), words);
    }

    #[test]
    fn quotes_stay_open_over_lines() {
        let dialect = dialect(&[]);
        assert!(dialect.stay_open(false, "1,\"line1"));
        assert!(!dialect.stay_open(true, "line2\",x"));
        assert!(dialect.stay_open(true, "line2\",\"x"));
        assert!(!dialect.stay_open(false, "a\"b,c"));
    }
}
