//! `Json`: a parsed document that borrows from its text.
//!
//! What is allowed beyond the standard is the caller's choice (`Syntax`); text after the document is the caller's
//! business. Depth is bounded as in Jackson.

use std::borrow::Cow;
use std::fmt::Write;

use hearth_types::number_text::write_double;

const MAX_DEPTH: usize = 1000;

/// What is allowed beyond the standard: Jackson's features as Spark's options name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Syntax {
    pub single_quotes: bool,
    pub comments: bool,
    pub unquoted_names: bool,
    pub leading_zeros: bool,
    /// `\\` before any character.
    pub any_escape: bool,
    pub control_characters: bool,
    /// `NaN`, `Infinity`, `-INF`, ….
    pub not_numbers: bool,
}

impl Syntax {
    pub const STRICT: Self = Self {
        single_quotes: false,
        comments: false,
        unquoted_names: false,
        leading_zeros: false,
        any_escape: false,
        control_characters: false,
        not_numbers: false,
    };
    /// Of the functions that have no options.
    pub const QUOTES: Self = Self { single_quotes: true, ..Self::STRICT };
    /// Words for numbers that are none, longest first.
    const NOT_NUMBERS: [&'static str; 7] = ["+Infinity", "-Infinity", "Infinity", "+INF", "-INF", "INF", "NaN"];
}

#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    Null,
    Boolean(bool),
    /// As written.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The document at the start of `text`; what follows it is ignored.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::parse_with(text, &Syntax::QUOTES)
    }

    pub fn parse_with(text: &'a str, syntax: &Syntax) -> Option<Self> {
        let mut reader = Reader { text, at: 0, depth: 0, syntax: *syntax };
        reader.value()
    }

    /// The document, and whether nothing but blanks is behind it.
    pub fn parse_all(text: &'a str, syntax: &Syntax) -> Option<Self> {
        let mut reader = Reader { text, at: 0, depth: 0, syntax: *syntax };
        let value = reader.value()?;
        reader.skip_space();
        reader.peek().is_none().then_some(value)
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// JSON text over several lines, as Jackson's printer lays it out.
    pub fn write_pretty(&self, depth: usize, out: &mut String) {
        match self {
            Self::Number(text) => out.push_str(text),
            Self::Array(elements) => {
                out.push_str("[ ");
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    element.write_pretty(depth, out);
                }
                out.push_str(if elements.is_empty() { "]" } else { " ]" });
            }
            Self::Object(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { ",\n" } else { "\n" });
                    out.push_str(&"  ".repeat(depth + 1));
                    write_string(name, out);
                    out.push_str(" : ");
                    value.write_pretty(depth + 1, out);
                }
                if fields.is_empty() {
                    out.push_str(" }");
                } else {
                    out.push('\n');
                    out.push_str(&"  ".repeat(depth));
                    out.push('}');
                }
            }
            Self::Null | Self::Boolean(_) | Self::String(_) => self.write(out),
        }
    }

    /// Compact JSON text; floating-point numbers as Java prints doubles.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => write_number(text, out),
            Self::String(text) => write_string(text, out),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_number(text: &str, out: &mut String) {
    match text.parse::<f64>() {
        Ok(value) if text.contains(['.', 'e', 'E']) => {
            // Writing to a String cannot fail.
            let _ = write_double(out, value);
        }
        _ => out.push_str(text),
    }
}

/// A JSON string, escaped as Jackson escapes.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    syntax: Syntax,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if !self.syntax.comments || !self.skip_comment() {
                return;
            }
        }
    }

    fn skip_comment(&mut self) -> bool {
        let Some(rest) = self.text.get(self.at..) else { return false };
        let (end, length) = match rest.get(..2) {
            Some("/*") => (rest.find("*/"), 2),
            Some("//") => (rest.find(['\n', '\r']), 1),
            _ => return false,
        };
        self.at += end.map_or(rest.len(), |end| end + length);
        true
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let fits = self.text.get(self.at..)?.starts_with(word);
        let after = self.text.as_bytes().get(self.at + word.len());
        if !fits || after.is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        self.at += word.len();
        Some(())
    }

    fn value(&mut self) -> Option<Json<'a>> {
        self.skip_space();
        match self.peek()? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            quote if self.is_quote(quote) => self.string(quote).map(Json::String),
            b'N' | b'I' | b'+' | b'-' if self.syntax.not_numbers => self.not_number(),
            b't' => self.word("true").map(|()| Json::Boolean(true)),
            b'f' => self.word("false").map(|()| Json::Boolean(false)),
            b'n' => self.word("null").map(|()| Json::Null),
            _ => self.number(),
        }
    }

    fn is_quote(&self, byte: u8) -> bool {
        byte == b'"' || (byte == b'\'' && self.syntax.single_quotes)
    }

    fn not_number(&mut self) -> Option<Json<'a>> {
        let start = self.at;
        match Syntax::NOT_NUMBERS.iter().find(|word| self.word(word).is_some()) {
            Some(_) => self.text.get(start..self.at).map(Json::Number),
            None => self.number(),
        }
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        self.skip_space();
        let first = self.peek()?;
        if self.is_quote(first) {
            return self.string(first);
        }
        if !self.syntax.unquoted_names {
            return None;
        }
        let rest = self.text.get(self.at..)?;
        let length = rest.find(|c: char| !(c.is_alphanumeric() || "_$@#*+-".contains(c))).unwrap_or(rest.len());
        let is_name = length > 0 && !first.is_ascii_digit();
        self.at += length;
        is_name.then(|| Cow::Borrowed(&rest[..length]))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Json<'a>>) -> Option<Json<'a>> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<Json<'a>> {
        let mut fields = Vec::new();
        if self.take(b'}') {
            return Some(Json::Object(fields));
        }
        loop {
            let name = self.name()?;
            if !self.take(b':') {
                return None;
            }
            fields.push((name, self.value()?));
            if self.take(b'}') {
                return Some(Json::Object(fields));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn array(&mut self) -> Option<Json<'a>> {
        let mut elements = Vec::new();
        if self.take(b']') {
            return Some(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.take(b']') {
                return Some(Json::Array(elements));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn string(&mut self, quote: u8) -> Option<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                byte if byte == quote => {
                    let text = self.text.get(start..self.at)?;
                    self.at += 1;
                    return Some(Cow::Borrowed(text));
                }
                b'\\' => break,
                byte if byte < b' ' && !self.syntax.control_characters => return None,
                _ => self.at += 1,
            }
        }
        let mut text = self.text.get(start..self.at)?.to_owned();
        loop {
            let c = self.text.get(self.at..)?.chars().next()?;
            self.at += c.len_utf8();
            match c {
                '\\' => self.escape(&mut text)?,
                c if u32::from(c) == u32::from(quote) => return Some(Cow::Owned(text)),
                c if c < ' ' && !self.syntax.control_characters => return None,
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        text.push(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(byte),
            b'\'' if self.syntax.single_quotes => '\'',
            b'u' => {
                let first = self.hex()?;
                if !(0xD800..0xDC00).contains(&first) {
                    char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
                } else if self.text.get(self.at..)?.starts_with("\\u") {
                    self.at += 2;
                    let second = self.hex()?;
                    let code = 0x10000 + ((first - 0xD800) << 10) + (second.wrapping_sub(0xDC00) & 0x3FF);
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                } else {
                    char::REPLACEMENT_CHARACTER
                }
            }
            _ if self.syntax.any_escape => {
                self.at -= 1;
                let c = self.text.get(self.at..)?.chars().next()?;
                self.at += c.len_utf8();
                c
            }
            _ => return None,
        });
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Option<Json<'a>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.peek();
        let whole = self.digits();
        if whole == 0 || (whole > 1 && first == Some(b'0') && !self.syntax.leading_zeros) {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        if self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        self.text.get(start..self.at).map(Json::Number)
    }
}
