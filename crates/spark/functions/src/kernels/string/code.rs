//! Codes of strings: ascii, chr, soundex, levenshtein, base64, hex and Luhn numbers, UTF-8 checks, lengths.

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::Int32Type;
use hearth_base::Result;
use hearth_base::condition::{CONVERSION_INVALID_INPUT, INVALID_ARRAY_INDEX, INVALID_REQUEST, INVALID_UTF8_STRING};

use crate::kernels::rowwise::Args;

/// The code point of the first character, 0 for an empty string.
pub fn ascii(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.values::<Int32Type>(|row| Some(text.get(row)?.chars().next().map_or(0, |c| c as i32)))
}

/// The character of `code % 256`; empty for a negative code.
pub fn chr(_: &(), args: &Args) -> Result<ArrayRef> {
    let code = args.long(0)?;
    args.texts(|row, out| {
        let code = code.get(row)?;
        if code >= 0 {
            out.push(char::from((code & 0xFF) as u8));
        }
        Some(())
    })
}

/// Which length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    Characters,
    Bytes,
    Bits,
}

pub fn length(measure: &Measure, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.values::<Int32Type>(|row| {
        let text = text.get(row)?;
        Some(match measure {
            Measure::Characters if text.is_ascii() => text.len(),
            Measure::Characters => text.chars().count(),
            Measure::Bytes => text.len(),
            Measure::Bits => text.len() * 8,
        } as i32)
    })
}

pub fn length_bytes(measure: &Measure, args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.values::<Int32Type>(|row| {
        let length = bytes.get(row)?.len() as i32;
        Some(match measure {
            Measure::Characters | Measure::Bytes => length,
            Measure::Bits => length.saturating_mul(8),
        })
    })
}

/// Codes of A to Z; 0 separates equal codes, 7 (H and W) does not.
const SOUNDEX: [u8; 26] = *b"01230127022455012623017202";

/// A text that does not start with an ASCII letter stays as it is.
pub fn soundex(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let text = text.get(row)?;
        let letter = |byte: u8| byte.is_ascii_alphabetic().then(|| usize::from(byte.to_ascii_uppercase() - b'A'));
        let Some(first) = text.bytes().next().and_then(letter) else {
            out.push_str(text);
            return Some(());
        };
        out.push(char::from(b'A' + first as u8));
        let mut last = SOUNDEX[first];
        for byte in text.bytes().skip(1) {
            let Some(index) = letter(byte) else {
                last = b'0';
                continue;
            };
            match SOUNDEX[index] {
                b'7' => {}
                code if code == last => {}
                code => {
                    if code != b'0' {
                        out.push(char::from(code));
                    }
                    last = code;
                }
            }
            if out.len() == 4 {
                break;
            }
        }
        while out.len() < 4 {
            out.push('0');
        }
        Some(())
    })
}

/// `levenshtein(left, right[, threshold])`: -1 when the distance is above the threshold.
pub fn levenshtein(_: &(), args: &Args) -> Result<ArrayRef> {
    let (left, right) = (args.text(0)?, args.text(1)?);
    let threshold = if args.len() > 2 { Some(args.int(2)?) } else { None };
    let (mut letters, mut row_before) = (Vec::new(), Vec::new());
    args.values::<Int32Type>(|row| {
        let (left, right) = (left.get(row)?, right.get(row)?);
        let threshold = match &threshold {
            Some(threshold) => Some(threshold.get(row)?),
            None => None,
        };
        letters.clear();
        letters.extend(right.chars());
        row_before.clear();
        row_before.extend(0..=letters.len() as i32);
        for (i, a) in left.chars().enumerate() {
            let mut diagonal = row_before[0];
            row_before[0] = i as i32 + 1;
            for (j, b) in letters.iter().enumerate() {
                let substitution = diagonal + i32::from(a != *b);
                diagonal = row_before[j + 1];
                row_before[j + 1] = substitution.min(row_before[j] + 1).min(diagonal + 1);
            }
        }
        let distance = row_before[letters.len()];
        Some(if threshold.is_some_and(|threshold| distance > threshold) { -1 } else { distance })
    })
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Without line breaks (`spark.sql.chunkBase64String.enabled` is off).
pub fn base64(_: &(), args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.texts(|row, out| {
        encode_base64(bytes.get(row)?, out);
        Some(())
    })
}

pub fn encode_base64(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(BASE64[(group >> (18 - 6 * place) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
}

/// Java's MIME decoder: characters outside the alphabet do not count, `=` ends the text.
pub fn decode_base64(text: &str, strict: bool, out: &mut Vec<u8>) -> Option<()> {
    let (mut group, mut bits, mut digits, mut padding) = (0u32, 0u32, 0usize, 0usize);
    for byte in text.bytes() {
        let Some(value) = BASE64.iter().position(|known| *known == byte) else {
            match byte {
                b'=' => padding += 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if strict => return None,
                _ => {}
            }
            continue;
        };
        if padding > 0 {
            return None;
        }
        group = group << 6 | value as u32;
        bits += 6;
        digits += 1;
        if bits >= 8 {
            bits -= 8;
            out.push((group >> bits & 0xFF) as u8);
        }
    }
    let complete = match digits % 4 {
        0 => padding == 0,
        1 => false,
        2 => padding == 2 || (padding == 0 && !strict),
        _ => padding == 1 || (padding == 0 && !strict),
    };
    complete.then_some(())
}

/// How a text is read as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ToBinary {
    pub format: BinaryFormat,
    /// Malformed input gives NULL.
    pub lenient: bool,
    pub function: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryFormat {
    Hex,
    Base64,
    /// As `unbase64` reads it.
    LooseBase64,
    Utf8,
}

pub fn to_binary(how: &ToBinary, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.binaries(|row, out| {
        let Some(text) = text.get(row) else { return Ok(None) };
        let (read, name) = match how.format {
            BinaryFormat::Hex => (decode_hex(text, out), "HEX"),
            BinaryFormat::Base64 => (decode_base64(text, true, out), "BASE64"),
            BinaryFormat::LooseBase64 => (decode_base64(text, false, out), "BASE64"),
            BinaryFormat::Utf8 => {
                out.extend_from_slice(text.as_bytes());
                (Some(()), "UTF-8")
            }
        };
        match read {
            Some(()) => Ok(Some(())),
            None if how.lenient => Ok(None),
            // Java's decoder, whose exception has no condition.
            None if how.format == BinaryFormat::LooseBase64 => {
                Err(INVALID_REQUEST.with("message", "Last unit does not have enough valid bits"))
            }
            None => Err(CONVERSION_INVALID_INPUT
                .with("str", format!("'{text}'"))
                .with("fmt", format!("'{name}'"))
                .with("targetType", "\"BINARY\"")
                .with("suggestion", format!("`try_{}`", how.function))),
        }
    })
}

/// An odd first digit stands alone, as in `unhex`.
fn decode_hex(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let value = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (head, rest) = text.as_bytes().split_at(text.len() % 2);
    for byte in head {
        out.push(value(*byte)?);
    }
    for pair in rest.chunks_exact(2) {
        out.push(value(pair[0])? << 4 | value(pair[1])?);
    }
    Some(())
}

/// Luhn's check sum; anything but digits is false.
pub fn luhn_check(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.booleans(|row| {
        let text = text.get(row)?;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(false);
        }
        let sum: u32 = text
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, byte)| {
                let digit = u32::from(byte - b'0') << (place % 2);
                if digit > 9 { digit - 9 } else { digit }
            })
            .sum();
        Some(sum.is_multiple_of(10))
    })
}

pub fn is_valid_utf8(_: &(), args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.booleans(|row| Some(std::str::from_utf8(bytes.get(row)?).is_ok()))
}

pub fn make_valid_utf8(_: &(), args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.texts(|row, out| {
        out.push_str(&String::from_utf8_lossy(bytes.get(row)?));
        Some(())
    })
}

/// Invalid bytes are an error, or NULL when `lenient`.
pub fn validate_utf8(lenient: &bool, args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.try_texts(|row, out| {
        let Some(bytes) = bytes.get(row) else { return Ok(None) };
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                out.push_str(text);
                Ok(Some(()))
            }
            Err(_) if *lenient => Ok(None),
            Err(error) => {
                let rest = bytes.get(error.valid_up_to()..).unwrap_or(&[]);
                let shown = error.error_len().unwrap_or(rest.len());
                let text: String = rest.iter().take(shown).map(|byte| format!("\\x{byte:02X}")).collect();
                Err(INVALID_UTF8_STRING.with("str", text))
            }
        }
    })
}

/// `elt(n, …)`: outside the arguments an error under ANSI, else NULL.
pub fn elt(ansi: &bool, args: &Args) -> Result<ArrayRef> {
    let index = args.int(0)?;
    let binary = args.raw(1)?.0.data_type().is_binary();
    let pick = |row: usize| -> Result<Option<usize>> {
        let Some(index) = index.get(row) else { return Ok(None) };
        match usize::try_from(index).ok().filter(|place| (1..args.len()).contains(place)) {
            Some(place) => Ok(Some(place)),
            None if *ansi => {
                Err(INVALID_ARRAY_INDEX.with("indexValue", index).with("arraySize", args.len().saturating_sub(1)))
            }
            None => Ok(None),
        }
    };
    if binary {
        let columns = (1..args.len()).map(|index| args.bytes(index)).collect::<Result<Vec<_>>>()?;
        return args.binaries(|row, out| {
            let value = pick(row)?.and_then(|place| columns[place - 1].get(row));
            out.extend_from_slice(value.unwrap_or(&[]));
            Ok(value.map(|_| ()))
        });
    }
    let columns = (1..args.len()).map(|index| args.text(index)).collect::<Result<Vec<_>>>()?;
    args.try_texts(|row, out| {
        let value = pick(row)?.and_then(|place| columns[place - 1].get(row));
        out.push_str(value.unwrap_or(""));
        Ok(value.map(|_| ()))
    })
}

/// Hexadecimal digits of bytes, upper case.
pub fn hex(_: &(), args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    args.texts(|row, out| {
        for byte in bytes.get(row)? {
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16)?.to_ascii_uppercase());
            }
        }
        Some(())
    })
}
