//! The option `encoding`: texts that are not UTF-8 are decoded while they are read.

use std::io::{self, BufRead, Read};

/// How the characters of a file are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charset {
    #[default]
    Utf8,
    Latin1,
    /// As the first bytes of a document say.
    Found,
    /// `None`: a mark at the start says which end comes first; big without one.
    Utf16 {
        little: Option<bool>,
    },
}

impl Charset {
    /// `None` for a name that is not known here.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name.map(str::to_ascii_lowercase).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => Some(Self::Utf8),
            Some("iso-8859-1" | "latin1" | "iso8859_1") => Some(Self::Latin1),
            Some("utf-16" | "utf16") => Some(Self::Utf16 { little: None }),
            Some("utf-16le") => Some(Self::Utf16 { little: Some(true) }),
            Some("utf-16be") => Some(Self::Utf16 { little: Some(false) }),
            Some(_) => None,
        }
    }

    /// What the first bytes of a JSON document say, which starts with two characters of ASCII or a mark.
    pub fn of_json(start: &[u8]) -> Self {
        match start {
            [0xfe, 0xff, ..] | [0, 1..=255, ..] => Self::Utf16 { little: None },
            [0xff, 0xfe, ..] | [1..=255, 0, ..] => Self::Utf16 { little: Some(true) },
            _ => Self::Utf8,
        }
    }

    pub fn is_utf8(self) -> bool {
        self == Self::Utf8
    }

    /// The bytes that a file of this charset begins with.
    pub fn mark(self) -> &'static [u8] {
        if self == (Self::Utf16 { little: None }) { &[0xFE, 0xFF] } else { &[] }
    }

    /// The bytes of a text. What the charset has not becomes `?`.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Utf8 | Self::Found => out.extend_from_slice(text.as_bytes()),
            Self::Latin1 => out.extend(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))),
            Self::Utf16 { little: Some(true) } => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16 { little: _ } => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        }
    }

    /// The same text in UTF-8.
    pub fn decode<R: BufRead>(self, source: R) -> Decoder<R> {
        Decoder { source, charset: self, pending: Vec::new(), high: None }
    }
}

/// Gives UTF-8 for what `source` has in another charset.
pub struct Decoder<R> {
    source: R,
    charset: Charset,
    /// Decoded, in reverse.
    pending: Vec<u8>,
    /// The first half of a pair.
    high: Option<u16>,
}

impl<R: BufRead> Decoder<R> {
    /// The next character; `None` at the end.
    fn next(&mut self) -> io::Result<Option<char>> {
        loop {
            let mut byte = [0; 2];
            let wanted = if self.charset == Charset::Latin1 { 1 } else { 2 };
            let mut filled = 0;
            while filled < wanted {
                match self.source.read(&mut byte[filled..wanted])? {
                    0 => return Ok(None),
                    count => filled += count,
                }
            }
            let Charset::Utf16 { little } = self.charset else { return Ok(Some(char::from(byte[0]))) };
            let unit = if little == Some(true) { u16::from_le_bytes(byte) } else { u16::from_be_bytes(byte) };
            if little.is_none() {
                self.charset = Charset::Utf16 { little: Some(unit == 0xFFFE) };
                if unit == 0xFFFE || unit == 0xFEFF {
                    continue;
                }
            }
            match (self.high.take(), unit) {
                (_, 0xD800..=0xDBFF) => self.high = Some(unit),
                (Some(high), low) => {
                    let pair = char::decode_utf16([high, low]).next();
                    return Ok(Some(pair.and_then(std::result::Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)));
                }
                (None, unit) => {
                    return Ok(Some(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)));
                }
            }
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            if let Some(byte) = self.pending.pop() {
                buffer[filled] = byte;
                filled += 1;
                continue;
            }
            let Some(character) = self.next()? else { break };
            let mut encoded = [0; 4];
            self.pending.extend(character.encode_utf8(&mut encoded).bytes().rev());
        }
        Ok(filled)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn decoded(name: &str, bytes: &[u8]) -> String {
        let mut text = String::new();
        Charset::named(Some(name)).unwrap().decode(bytes).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn texts_become_utf8() {
        assert_eq!(decoded("ISO-8859-1", b"\xe4,\xf6"), "ä,ö");
        assert_eq!(decoded("UTF-16", b"\xff\xfe\xe4\x00\x3d\xd8\x00\xde"), "ä😀");
        assert_eq!(decoded("UTF-16BE", b"\x00a\x00b"), "ab");
    }
}
