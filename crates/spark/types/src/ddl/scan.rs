//! Tokens of type text: words, backticked names, strings, numbers and single signs, with where they start.

use hearth_base::condition::PARSE_SYNTAX_ERROR;
use hearth_base::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Letters, digits and `_`; a number when all are digits.
    Word(&'a str),
    /// Between backticks, doubled ones still doubled.
    Quoted(&'a str),
    /// Between quotes, escapes still in it.
    Text(&'a str),
    Sign(char),
    End,
}

/// Cheap to copy, so looking ahead is copying.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Result<Token<'a>> {
        let mut ahead = *self;
        ahead.next()
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>> {
        self.skip_blank();
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        match first {
            '`' => self.quoted(rest).map(Token::Quoted),
            '\'' | '"' => self.quoted_text(rest, first).map(Token::Text),
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                self.at += end;
                Ok(Token::Word(&rest[..end]))
            }
            c => {
                self.at += c.len_utf8();
                Ok(Token::Sign(c))
            }
        }
    }

    /// Takes the sign if it comes next.
    pub(super) fn eat_sign(&mut self, sign: char) -> Result<bool> {
        let mut ahead = *self;
        let found = ahead.next()? == Token::Sign(sign);
        if found {
            *self = ahead;
        }
        Ok(found)
    }

    /// Takes the keyword, in any case, if it comes next.
    pub(super) fn eat_word(&mut self, keyword: &str) -> Result<bool> {
        let mut ahead = *self;
        let found = matches!(ahead.next()?, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if found {
            *self = ahead;
        }
        Ok(found)
    }

    pub(super) fn expect_sign(&mut self, sign: char) -> Result<()> {
        if self.eat_sign(sign)? { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_word(&mut self, keyword: &str) -> Result<()> {
        if self.eat_word(keyword)? { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The error for the token that comes next.
    pub(super) fn unexpected(&self) -> Error {
        let mut ahead = *self;
        ahead.skip_blank();
        let start = ahead.at;
        let found = match ahead.next() {
            Ok(Token::End) => "end of input".to_owned(),
            Ok(_) => format!("'{}'", &self.text[start..ahead.at]),
            Err(error) => return error,
        };
        PARSE_SYNTAX_ERROR.with("error", found).with("hint", "")
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let comment = if trimmed.starts_with("--") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += comment;
        }
    }

    fn quoted(&mut self, rest: &'a str) -> Result<&'a str> {
        let mut end = 1;
        while let Some(found) = rest[end..].find('`') {
            end += found + 1;
            if !rest[end..].starts_with('`') {
                self.at += end;
                return Ok(&rest[1..end - 1]);
            }
            end += 1;
        }
        Err(PARSE_SYNTAX_ERROR.with("error", "'`'").with("hint", ""))
    }

    fn quoted_text(&mut self, rest: &'a str, quote: char) -> Result<&'a str> {
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(&rest[1..at]);
                }
                _ => {}
            }
        }
        Err(PARSE_SYNTAX_ERROR.with("error", format!("'{quote}'")).with("hint", ""))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text of a string literal: `\n`, `\t`, `\'`, `\u0041`, octal `\101`; `\%` and `\_` keep their backslash.
pub(super) fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some((c, length)) = numeric_escape(rest) {
            out.push(c);
            rest = &rest[length..];
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        match c {
            '0' => out.push('\0'),
            'b' => out.push('\u{8}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'Z' => out.push('\u{1a}'),
            '%' | '_' => out.extend(['\\', c]),
            c => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    out.push_str(rest);
    out
}

fn numeric_escape(rest: &str) -> Option<(char, usize)> {
    let (radix, start, length) = match rest.as_bytes() {
        [b'u', ..] => (16, 1, 4),
        [b'U', ..] => (16, 1, 8),
        [b'0' | b'1', ..] => (8, 0, 3),
        _ => return None,
    };
    let digits = rest.get(start..start + length)?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).map(|c| (c, start + length))
}
