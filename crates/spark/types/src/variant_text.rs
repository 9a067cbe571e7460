//! JSON text of a variant value (`VariantUtil`, the Parquet variant binary encoding).
//!
//! Damaged bytes never panic: they are an error of writing. Depth is limited, since values come from files.

use std::fmt::{self, Write};

use crate::datetime_text;
use crate::number_text;
use crate::zone::Zone;

const MAX_DEPTH: u32 = 256;

/// Writes a variant as compact JSON; timestamps are shown in `zone`.
pub fn write_json(out: &mut impl Write, value: &[u8], metadata: &[u8], zone: &Zone) -> fmt::Result {
    Variant { metadata, zone }.write(out, value, 0)
}

/// The text of a variant that is a string, which a cast to string gives without quotes.
pub fn string_value(value: &[u8]) -> Option<&str> {
    let (header, rest) = value.split_first()?;
    let length = usize::from(header >> 2);
    let bytes = match header & 3 {
        1 => rest.get(..length)?,
        0 if length == 16 => {
            let size = unsigned(rest, 0, 4)?;
            rest.get(4..size.checked_add(4)?)?
        }
        _ => return None,
    };
    std::str::from_utf8(bytes).ok()
}

/// True for a variant that holds JSON's null.
pub fn is_null_value(value: &[u8]) -> bool {
    value.first() == Some(&0)
}

struct Variant<'a> {
    metadata: &'a [u8],
    zone: &'a Zone,
}

impl Variant<'_> {
    fn write(&self, out: &mut impl Write, value: &[u8], depth: u32) -> fmt::Result {
        if depth > MAX_DEPTH {
            return Err(fmt::Error);
        }
        let (header, rest) = value.split_first().ok_or(fmt::Error)?;
        let info = header >> 2;
        match header & 3 {
            0 => self.write_primitive(out, info, rest, value),
            1 => write_quoted(out, string_value(value).ok_or(fmt::Error)?),
            2 => self.write_object(out, info, rest, depth),
            _ => self.write_array(out, info, rest, depth),
        }
    }

    fn write_object(&self, out: &mut impl Write, info: u8, rest: &[u8], depth: u32) -> fmt::Result {
        let offset_size = usize::from(info & 3) + 1;
        let id_size = usize::from(info >> 2 & 3) + 1;
        let count_size = if info & 16 != 0 { 4 } else { 1 };
        let count = unsigned(rest, 0, count_size).ok_or(fmt::Error)?;
        let offsets = count_size + count * id_size;
        let data = rest.get(offsets + (count + 1) * offset_size..).ok_or(fmt::Error)?;
        out.write_char('{')?;
        for index in 0..count {
            out.write_str(if index == 0 { "" } else { "," })?;
            let id = unsigned(rest, count_size + index * id_size, id_size).ok_or(fmt::Error)?;
            write_quoted(out, self.key(id).ok_or(fmt::Error)?)?;
            out.write_char(':')?;
            let offset = unsigned(rest, offsets + index * offset_size, offset_size).ok_or(fmt::Error)?;
            self.write(out, data.get(offset..).ok_or(fmt::Error)?, depth + 1)?;
        }
        out.write_char('}')
    }

    fn write_array(&self, out: &mut impl Write, info: u8, rest: &[u8], depth: u32) -> fmt::Result {
        let offset_size = usize::from(info & 3) + 1;
        let count_size = if info & 4 != 0 { 4 } else { 1 };
        let count = unsigned(rest, 0, count_size).ok_or(fmt::Error)?;
        let data = rest.get(count_size + (count + 1) * offset_size..).ok_or(fmt::Error)?;
        out.write_char('[')?;
        for index in 0..count {
            out.write_str(if index == 0 { "" } else { "," })?;
            let offset = unsigned(rest, count_size + index * offset_size, offset_size).ok_or(fmt::Error)?;
            self.write(out, data.get(offset..).ok_or(fmt::Error)?, depth + 1)?;
        }
        out.write_char(']')
    }

    fn key(&self, id: usize) -> Option<&str> {
        let offset_size = usize::from(self.metadata.first()? >> 6) + 1;
        let count = unsigned(self.metadata, 1, offset_size)?;
        let offsets = 1 + offset_size;
        let strings = offsets + (count + 1) * offset_size;
        let start = unsigned(self.metadata, offsets + id * offset_size, offset_size)?;
        let end = unsigned(self.metadata, offsets + (id + 1) * offset_size, offset_size)?;
        std::str::from_utf8(self.metadata.get(strings + start..strings + end)?).ok()
    }

    fn write_primitive(&self, out: &mut impl Write, info: u8, rest: &[u8], value: &[u8]) -> fmt::Result {
        let long = |size: usize| signed(rest, 0, size).ok_or(fmt::Error);
        match info {
            0 => out.write_str("null"),
            1 => out.write_str("true"),
            2 => out.write_str("false"),
            3..=6 => write!(out, "{}", long(1 << (info - 3))?),
            7 => {
                let value = f64::from_bits(long(8)? as u64);
                self.write_number(out, value.is_finite(), |out| number_text::write_double(out, value))
            }
            8..=10 => {
                let scale = *rest.first().ok_or(fmt::Error)?;
                let unscaled = signed(rest, 1, 4 << (info - 8)).ok_or(fmt::Error)?;
                write_short_decimal(out, unscaled, scale)
            }
            11 => quoted_by(out, |out| datetime_text::write_date(out, long(4)? as i32)),
            12 => {
                let micros = long(8)? as i64;
                quoted_by(out, |out| {
                    datetime_text::write_timestamp(out, micros, self.zone)?;
                    write_offset(out, self.zone.offset_at(micros))
                })
            }
            13 => quoted_by(out, |out| datetime_text::write_timestamp_ntz(out, long(8)? as i64)),
            14 => {
                let value = f32::from_bits(long(4)? as u32);
                self.write_number(out, value.is_finite(), |out| number_text::write_float(out, value))
            }
            15 => {
                let size = unsigned(rest, 0, 4).ok_or(fmt::Error)?;
                let bytes = rest.get(4..).and_then(|bytes| bytes.get(..size)).ok_or(fmt::Error)?;
                quoted_by(out, |out| write_base64(out, bytes))
            }
            16 => write_quoted(out, string_value(value).ok_or(fmt::Error)?),
            20 => {
                let bytes = rest.get(..16).ok_or(fmt::Error)?;
                quoted_by(out, |out| write_uuid(out, bytes))
            }
            _ => Err(fmt::Error),
        }
    }

    /// Numbers that JSON does not have are strings.
    fn write_number<W: Write>(
        &self,
        out: &mut W,
        finite: bool,
        write: impl FnOnce(&mut W) -> fmt::Result,
    ) -> fmt::Result {
        if finite { write(out) } else { quoted_by(out, write) }
    }
}

fn write_uuid(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    for (index, byte) in bytes.iter().enumerate() {
        let dash = if [4, 6, 8, 10].contains(&index) { "-" } else { "" };
        write!(out, "{dash}{byte:02x}")?;
    }
    Ok(())
}

fn quoted_by<W: Write>(out: &mut W, write: impl FnOnce(&mut W) -> fmt::Result) -> fmt::Result {
    out.write_char('"')?;
    write(out)?;
    out.write_char('"')
}

/// Without trailing zeros, as JSON numbers are compared.
fn write_short_decimal(out: &mut impl Write, mut unscaled: i128, mut scale: u8) -> fmt::Result {
    while scale > 0 && unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    number_text::write_decimal_plain(out, unscaled, i8::try_from(scale).map_err(|_| fmt::Error)?)
}

fn write_offset(out: &mut impl Write, seconds: i32) -> fmt::Result {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn unsigned(bytes: &[u8], start: usize, size: usize) -> Option<usize> {
    let mut value = 0;
    for (index, byte) in bytes.get(start..start.checked_add(size)?)?.iter().enumerate() {
        value |= usize::from(*byte) << (8 * index);
    }
    Some(value)
}

fn signed(bytes: &[u8], start: usize, size: usize) -> Option<i128> {
    let bytes = bytes.get(start..start + size)?;
    let fill = if bytes.last()? & 0x80 != 0 { 0xff } else { 0 };
    let mut whole = [fill; 16];
    whole[..size].copy_from_slice(bytes);
    Some(i128::from_le_bytes(whole))
}

/// A JSON string, escaped as Jackson escapes.
pub fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            c if c < ' ' => write!(out, "\\u{:04X}", c as u32)?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

fn write_base64(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place) & 63) as usize;
            out.write_char(if place > chunk.len() { '=' } else { char::from(ALPHABET[sextet]) })?;
        }
    }
    Ok(())
}
