//! JSON, token by token, as Jackson reads it: the same mistakes are found at the same places and said in the same words.
//!
//! Tokens come as they stand in the text, so that what is wrong first is what is answered. Texts are read only when
//! they are asked for. What stands behind the first value is nobody's business.

use super::number;

/// Objects and lists inside each other.
const MAX_DEPTH: usize = 1_000;
/// Characters of a token that is none, in an answer.
const MAX_SHOWN: usize = 256;

/// Where something stands, counted from 1, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Object,
    EndObject,
    Array,
    EndArray,
    Name(String),
    /// Read by `Reader::text`.
    Text,
    Number {
        text: String,
        is_float: bool,
    },
    Bool(bool),
    Null,
}

impl Token {
    /// Jackson's name of it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Object => "START_OBJECT",
            Self::EndObject => "END_OBJECT",
            Self::Array => "START_ARRAY",
            Self::EndArray => "END_ARRAY",
            Self::Name(_) => "FIELD_NAME",
            Self::Text => "VALUE_STRING",
            Self::Number { is_float: false, .. } => "VALUE_NUMBER_INT",
            Self::Number { is_float: true, .. } => "VALUE_NUMBER_FLOAT",
            Self::Bool(true) => "VALUE_TRUE",
            Self::Bool(false) => "VALUE_FALSE",
            Self::Null => "VALUE_NULL",
        }
    }
}

/// What is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Syntax {
    pub text: String,
    /// How far the text was read.
    pub here: Place,
    /// Where the last token began.
    pub token: Place,
}

#[derive(Debug)]
struct Scope {
    is_object: bool,
    start: Place,
    has_entries: bool,
}

impl Scope {
    fn name(&self) -> &'static str {
        if self.is_object { "Object" } else { "Array" }
    }
}

#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    line: usize,
    line_start: usize,
    token: Place,
    scopes: Vec<Scope>,
    /// The name of the last token.
    current: &'static str,
    /// How often there was no more to read. Jackson counts what it has read once more each time.
    ends: usize,
    /// A text whose quote was read and nothing more.
    is_in_text: bool,
    is_after_name: bool,
}

type Read<T> = Result<T, Syntax>;

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let token = Place { line: 1, column: 0 };
        Self {
            bytes,
            at,
            line: 1,
            line_start: at,
            token,
            scopes: Vec::new(),
            current: "null",
            ends: 0,
            is_in_text: false,
            is_after_name: false,
        }
    }

    /// How far the text was read.
    pub fn here(&self) -> Place {
        Place { line: self.line, column: self.at - self.line_start + 1 + self.ends * self.bytes.len() }
    }

    /// Where the last token began.
    pub fn token(&self) -> Place {
        self.token
    }

    pub(super) fn fail<T>(&self, text: impl Into<String>) -> Read<T> {
        Err(Syntax { text: text.into(), here: self.here(), token: self.token })
    }

    pub(super) fn end_of_input<T>(&mut self, what: impl std::fmt::Display) -> Read<T> {
        self.ends += 1;
        self.fail(format!("Unexpected end-of-input{what}"))
    }

    /// The input ends within what was to be the next token.
    pub(super) fn end_of_token<T>(&mut self) -> Read<T> {
        self.end_of_input(format!(" in {}", self.current))
    }

    /// Notices that what was read may have ended with the input.
    pub(super) fn notice_end(&mut self) {
        self.ends += usize::from(self.peek().is_none());
    }

    /// The character before `at` does not belong there.
    pub(super) fn unexpected<T>(&self, byte: u8, why: &str) -> Read<T> {
        self.fail(format!("Unexpected character ({}){why}", described(u32::from(byte))))
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The next token; `None` behind the last.
    pub fn next(&mut self) -> Read<Option<Token>> {
        let token = self.read()?;
        self.current = token.as_ref().map_or("null", Token::name);
        Ok(token)
    }

    fn read(&mut self) -> Read<Option<Token>> {
        if self.is_in_text {
            self.text()?;
        }
        if std::mem::take(&mut self.is_after_name) {
            let byte = self.need()?;
            return self.value(byte).map(Some);
        }
        self.entry()
    }

    /// What comes where no value is due: a name, an element, an end.
    fn entry(&mut self) -> Read<Option<Token>> {
        let Some(mut byte) = self.significant()? else {
            let Some(scope) = self.scopes.last() else { return Ok(None) };
            let close =
                format!(": expected close marker for {} (start marker at {})", scope.name(), source(scope.start));
            return self.end_of_input(close);
        };
        if byte == b']' || byte == b'}' {
            return self.close(byte).map(Some);
        }
        let Some(scope) = self.scopes.last_mut() else {
            let token = self.value(byte)?;
            return self.root(token).map(Some);
        };
        let (is_object, name) = (scope.is_object, scope.name());
        if std::mem::replace(&mut scope.has_entries, true) {
            if byte != b',' {
                return self.unexpected(byte, &format!(": was expecting comma to separate {name} entries"));
            }
            byte = self.need()?;
        }
        if is_object {
            return self.name(byte).map(Some);
        }
        self.token = self.place();
        self.value(byte).map(Some)
    }

    /// A number on its own ends with white space.
    fn root(&mut self, token: Token) -> Read<Token> {
        match (&token, self.peek()) {
            (Token::Number { .. }, Some(byte)) if !byte.is_ascii_whitespace() => {
                self.at += 1;
                self.unexpected(byte, ": Expected space separating root-level values")
            }
            _ => Ok(token),
        }
    }

    /// Skips what began with this token.
    pub fn skip(&mut self, token: &Token) -> Read<()> {
        if matches!(token, Token::Object | Token::Array) {
            let depth = self.scopes.len();
            while self.scopes.len() >= depth {
                self.next()?;
            }
        }
        Ok(())
    }

    /// Takes the next byte that is no white space.
    fn significant(&mut self) -> Read<Option<u8>> {
        while let Some(byte) = self.take() {
            match byte {
                b'\n' => (self.line, self.line_start) = (self.line + 1, self.at),
                b'\r' if self.peek() != Some(b'\n') => (self.line, self.line_start) = (self.line + 1, self.at),
                b' ' | b'\t' | b'\r' => {}
                0..b' ' => {
                    let what = described(u32::from(byte));
                    let why = "only regular white space (\\r, \\n, \\t) is allowed between tokens";
                    return self.fail(format!("Illegal character ({what}): {why}"));
                }
                b'/' => {
                    let why = ": maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not \
                               enabled for parser)";
                    return self.unexpected(byte, why);
                }
                _ => return Ok(Some(byte)),
            }
        }
        Ok(None)
    }

    /// As `significant`, where the input may not end.
    fn need(&mut self) -> Read<u8> {
        match self.significant()? {
            Some(byte) => Ok(byte),
            None => {
                let entries = self.scopes.last().map_or("root", Scope::name);
                self.end_of_input(format!(" within/between {entries} entries"))
            }
        }
    }

    /// Where the byte before `at` stands.
    fn place(&self) -> Place {
        Place { line: self.line, column: self.at - self.line_start }
    }

    fn close(&mut self, byte: u8) -> Read<Token> {
        self.token = self.place();
        let is_object = byte == b'}';
        match self.scopes.last() {
            Some(scope) if scope.is_object == is_object => {
                self.scopes.pop();
                Ok(if is_object { Token::EndObject } else { Token::EndArray })
            }
            scope => {
                let (name, start) = match scope {
                    Some(scope) => (scope.name(), scope.start),
                    None => ("root", Place { line: 1, column: 0 }),
                };
                let expected = if is_object { ']' } else { '}' };
                self.fail(format!(
                    "Unexpected close marker '{}': expected '{expected}' (for {name} starting at {})",
                    char::from(byte),
                    source(start)
                ))
            }
        }
    }

    fn name(&mut self, byte: u8) -> Read<Token> {
        if byte != b'"' {
            return self.unexpected(byte, ": was expecting double-quote to start field name");
        }
        let start = self.place();
        let mut name = Vec::new();
        loop {
            let Some(byte) = self.take() else { return self.end_of_input(" in field name") };
            match byte {
                b'"' => break,
                b'\\' => self.escape(&mut name)?,
                0..b' ' => return self.unquoted(byte, "name"),
                _ => name.push(byte),
            }
        }
        let name = self.decoded(name)?;
        self.token = start;
        let colon = self.need()?;
        if colon != b':' {
            return self.unexpected(colon, ": was expecting a colon to separate field name and value");
        }
        self.is_after_name = true;
        Ok(Token::Name(name))
    }

    fn value(&mut self, byte: u8) -> Read<Token> {
        let start = self.place();
        let token = match byte {
            b'"' => {
                self.is_in_text = true;
                Token::Text
            }
            b'{' | b'[' => {
                let is_object = byte == b'{';
                self.scopes.push(Scope { is_object, start, has_entries: false });
                if self.scopes.len() > MAX_DEPTH {
                    let depth = self.scopes.len();
                    return self.fail(format!(
                        "Document nesting depth ({depth}) exceeds the maximum allowed ({MAX_DEPTH}, from \
                         `StreamReadConstraints.getMaxNestingDepth()`)"
                    ));
                }
                if is_object { Token::Object } else { Token::Array }
            }
            b't' => self.literal("true", Token::Bool(true))?,
            b'f' => self.literal("false", Token::Bool(false))?,
            b'n' => self.literal("null", Token::Null)?,
            b'-' | b'0'..=b'9' => number::read(self, byte)?,
            other => return self.no_value(other),
        };
        self.token = start;
        Ok(token)
    }

    /// A byte that begins no value.
    fn no_value(&mut self, byte: u8) -> Read<Token> {
        let is_in_array = self.scopes.last().is_some_and(|scope| !scope.is_object);
        match byte {
            b'}' => self.unexpected(byte, ": expected a value"),
            b']' if is_in_array => self.unexpected(byte, ": expected a value"),
            b'+' => match self.take() {
                Some(next) => self.unexpected(next, number::NO_DIGIT),
                None => self.end_of_input(" in a Number value"),
            },
            b'N' => self.no_number("NaN"),
            b'I' => self.no_number("Infinity"),
            byte if is_identifier(char::from(byte)) && !byte.is_ascii_digit() => {
                self.no_token(char::from(byte).to_string(), "('true', 'false' or 'null')")
            }
            _ => self.unexpected(
                byte,
                ": expected a valid value (number, String, array, object, 'true', 'false' or 'null')",
            ),
        }
    }

    fn no_number(&mut self, word: &str) -> Read<Token> {
        self.literal(word, Token::Null)?;
        self.fail(format!("Non-standard token '{word}': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"))
    }

    /// `word`, whose first letter was read.
    fn literal(&mut self, word: &str, token: Token) -> Read<Token> {
        const EXPECTED: &str = "'null', 'true', 'false' or NaN";
        for (index, letter) in word.bytes().enumerate().skip(1) {
            if self.peek() != Some(letter) {
                self.notice_end();
                return self.no_token(word[..index].to_owned(), EXPECTED);
            }
            self.at += 1;
        }
        match self.peek() {
            Some(byte) if !byte.is_ascii() || is_identifier(char::from(byte)) => {
                self.no_token(word.to_owned(), EXPECTED)
            }
            _ => Ok(token),
        }
    }

    /// A word that means nothing; the rest of it is read to show it.
    fn no_token<T>(&mut self, mut word: String, expected: &str) -> Read<T> {
        loop {
            let Some(char) = self.character() else {
                self.ends += 1;
                break;
            };
            if !is_identifier(char) {
                break;
            }
            if word.chars().count() >= MAX_SHOWN {
                word.push_str("...");
                break;
            }
            word.push(char);
        }
        self.fail(format!("Unrecognized token '{word}': was expecting {expected}"))
    }

    /// The next character, whatever the bytes are.
    fn character(&mut self) -> Option<char> {
        let rest = &self.bytes[self.at..];
        let chunk = &rest[..rest.len().min(4)];
        let char = String::from_utf8_lossy(chunk).chars().next()?;
        self.at += if char == char::REPLACEMENT_CHARACTER { 1 } else { char.len_utf8() };
        Some(char)
    }

    /// Reads the text whose beginning was the last token.
    pub fn text(&mut self) -> Read<String> {
        self.is_in_text = false;
        let mut text = Vec::new();
        loop {
            let Some(byte) = self.take() else { return self.end_of_input(" in VALUE_STRING") };
            match byte {
                b'"' => return self.decoded(text),
                b'\\' => self.escape(&mut text)?,
                0..b' ' => return self.unquoted(byte, "string value"),
                _ => text.push(byte),
            }
        }
    }

    fn unquoted<T>(&self, byte: u8, whose: &str) -> Read<T> {
        let what = described(u32::from(byte));
        self.fail(format!(
            "Illegal unquoted character ({what}): has to be escaped using backslash to be included in {whose}"
        ))
    }

    /// Half of a pair of surrogates is no character of its own; it is read as the one that stands for such.
    fn escape(&mut self, text: &mut Vec<u8>) -> Read<()> {
        let Some(byte) = self.take() else { return self.end_of_input(" in character escape sequence") };
        let char = match byte {
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'"' | b'/' | b'\\' => char::from(byte),
            b'u' => {
                let first = self.unit()?;
                let low = match first {
                    0xD800..=0xDBFF if self.bytes[self.at..].starts_with(b"\\u") => self.low_surrogate(),
                    _ => None,
                };
                let units = [first, low.unwrap_or_default()];
                let units = &units[..1 + usize::from(low.is_some())];
                char::decode_utf16(units.iter().copied()).next().and_then(Result::ok).unwrap_or('\u{fffd}')
            }
            _ => return self.fail(format!("Unrecognized character escape {}", described(u32::from(byte)))),
        };
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Takes the second half of a pair, if that is what comes.
    fn low_surrogate(&mut self) -> Option<u16> {
        let before = self.at;
        self.at += 2;
        match self.unit() {
            Ok(low @ 0xDC00..=0xDFFF) => Some(low),
            _ => {
                self.at = before;
                None
            }
        }
    }

    fn unit(&mut self) -> Read<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(byte) = self.take() else { return self.end_of_input(" in character escape sequence") };
            let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok()) else {
                return self.unexpected(byte, ": expected a hex-digit for character escape sequence");
            };
            unit = unit << 4 | digit;
        }
        Ok(unit)
    }

    /// Jackson lets surrogates pass that are written as UTF-8; nothing else that is none.
    fn decoded(&self, bytes: Vec<u8>) -> Read<String> {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => error,
        };
        let bytes = error.as_bytes();
        let at = error.utf8_error().valid_up_to();
        let first = bytes[at];
        let length = match first {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => return self.fail(format!("Invalid UTF-8 start byte {first:#x}")),
        };
        // Behind the last byte stands the quote.
        let following = (1..length).map(|offset| bytes.get(at + offset).copied().unwrap_or(b'"'));
        match following.into_iter().find(|byte| byte & 0xC0 != 0x80) {
            Some(byte) => self.fail(format!("Invalid UTF-8 middle byte {byte:#x}")),
            None => Ok(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// A place as Jackson writes it.
pub(super) fn source(place: Place) -> String {
    let Place { line, column } = place;
    format!("[Source: (org.eclipse.jetty.server.HttpInputOverHTTP); line: {line}, column: {column}]")
}

/// What Java takes for a part of a name.
fn is_identifier(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '$'
}

fn described(code: u32) -> String {
    match char::from_u32(code) {
        Some(char) if !char.is_control() && code > 255 => format!("'{char}' (code {code} / {code:#x})"),
        Some(char) if !char.is_control() => format!("'{char}' (code {code})"),
        _ => format!("(CTRL-CHAR, code {code})"),
    }
}
