//! `encode` and `decode`: the seven character sets that Spark allows.

use datafusion::arrow::array::ArrayRef;
use hearth_base::condition::{INVALID_PARAMETER_VALUE_CHARSET, MALFORMED_CHARACTER_CODING};
use hearth_base::{Error, Result};

use crate::kernels::rowwise::Args;

const CHARSETS: &str = "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8";

#[derive(Debug, Clone, Copy)]
enum Charset {
    Ascii,
    Latin1,
    Utf8,
    Utf16 { big: bool, mark: bool },
    Utf32,
}

fn charset(name: &str, function: &str) -> Result<Charset> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "us-ascii" => Charset::Ascii,
        "iso-8859-1" => Charset::Latin1,
        "utf-8" => Charset::Utf8,
        "utf-16" => Charset::Utf16 { big: true, mark: true },
        "utf-16be" => Charset::Utf16 { big: true, mark: false },
        "utf-16le" => Charset::Utf16 { big: false, mark: false },
        "utf-32" => Charset::Utf32,
        _ => {
            return Err(INVALID_PARAMETER_VALUE_CHARSET
                .with("functionName", format!("`{function}`"))
                .with("parameter", "`charset`")
                .with("charset", name)
                .with("charsets", CHARSETS));
        }
    })
}

fn malformed(function: &str, name: &str) -> Error {
    MALFORMED_CHARACTER_CODING.with("function", format!("`{function}`")).with("charset", name)
}

pub fn encode(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, name) = (args.text(0)?, args.text(1)?);
    args.binaries(|row, out| {
        let (Some(text), Some(name)) = (text.get(row), name.get(row)) else { return Ok(None) };
        match charset(name, "encode")? {
            Charset::Utf8 => out.extend_from_slice(text.as_bytes()),
            Charset::Ascii => {
                if !text.is_ascii() {
                    return Err(malformed("encode", name));
                }
                out.extend_from_slice(text.as_bytes());
            }
            Charset::Latin1 => {
                for c in text.chars() {
                    out.push(u8::try_from(u32::from(c)).map_err(|_| malformed("encode", name))?);
                }
            }
            Charset::Utf16 { big, mark } => {
                if mark && !text.is_empty() {
                    out.extend_from_slice(&[0xFE, 0xFF]);
                }
                for unit in text.encode_utf16() {
                    out.extend_from_slice(&if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
                }
            }
            Charset::Utf32 => text.chars().for_each(|c| out.extend_from_slice(&u32::from(c).to_be_bytes())),
        }
        Ok(Some(()))
    })
}

pub fn decode(_: &(), args: &Args) -> Result<ArrayRef> {
    let (bytes, name) = (args.bytes(0)?, args.text(1)?);
    args.try_texts(|row, out| {
        let (Some(bytes), Some(name)) = (bytes.get(row), name.get(row)) else { return Ok(None) };
        let charset = charset(name, "decode")?;
        decode_into(charset, bytes, out).ok_or_else(|| malformed("decode", name))?;
        Ok(Some(()))
    })
}

fn decode_into(charset: Charset, bytes: &[u8], out: &mut String) -> Option<()> {
    match charset {
        Charset::Utf8 => out.push_str(std::str::from_utf8(bytes).ok()?),
        Charset::Ascii if bytes.is_ascii() => out.extend(bytes.iter().map(|byte| char::from(*byte))),
        Charset::Ascii => return None,
        Charset::Latin1 => out.extend(bytes.iter().map(|byte| char::from(*byte))),
        Charset::Utf16 { mut big, mark } => {
            let mut body = bytes;
            if mark {
                match bytes {
                    [0xFE, 0xFF, rest @ ..] => body = rest,
                    [0xFF, 0xFE, rest @ ..] => (body, big) = (rest, false),
                    _ => {}
                }
            }
            if !body.len().is_multiple_of(2) {
                return None;
            }
            let units = body.chunks_exact(2).map(|pair| {
                let pair = [pair[0], pair[1]];
                if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
            });
            for c in char::decode_utf16(units) {
                out.push(c.ok()?);
            }
        }
        Charset::Utf32 => {
            if !bytes.len().is_multiple_of(4) {
                return None;
            }
            let (little, body) = match bytes {
                [0, 0, 0xFE, 0xFF, rest @ ..] => (false, rest),
                [0xFF, 0xFE, 0, 0, rest @ ..] => (true, rest),
                _ => (false, bytes),
            };
            for unit in body.chunks_exact(4) {
                let unit = [unit[0], unit[1], unit[2], unit[3]];
                out.push(char::from_u32(if little { u32::from_le_bytes(unit) } else { u32::from_be_bytes(unit) })?);
            }
        }
    }
    Some(())
}
