//! Variants taken apart: one level at a time, without copying.

use std::fmt::Write;

use hearth_base::condition::MALFORMED_VARIANT;
use hearth_base::{Error, Result};
use hearth_types::{Zone, variant_text};

/// A value and the names that it uses. Bytes behind the value's end are not looked at.
#[derive(Debug, Clone, Copy)]
pub struct Variant<'a> {
    pub value: &'a [u8],
    pub metadata: &'a [u8],
}

/// What a variant is.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    Null,
    Boolean(bool),
    Long(i64),
    Double(f64),
    Decimal {
        unscaled: i128,
        scale: u8,
    },
    Date(i32),
    Timestamp(i64),
    TimestampNtz(i64),
    Float(f32),
    Binary(&'a [u8]),
    String(&'a str),
    Uuid([u8; 16]),
    /// Names with values, by name.
    Object(Vec<(&'a str, Variant<'a>)>),
    Array(Vec<Variant<'a>>),
}

fn malformed() -> Error {
    MALFORMED_VARIANT.error()
}

impl<'a> Variant<'a> {
    pub fn read(self) -> Result<Value<'a>> {
        self.parse().ok_or_else(malformed)
    }

    /// The text of `to_json` and of a cast to a string.
    pub fn json(self, zone: &Zone) -> Result<String> {
        let mut out = String::new();
        self.write_json(zone, &mut out)?;
        Ok(out)
    }

    pub fn write_json(self, zone: &Zone, out: &mut impl Write) -> Result<()> {
        variant_text::write_json(out, self.value, self.metadata, zone).map_err(|_| malformed())
    }

    pub fn is_null(self) -> bool {
        variant_text::is_null_value(self.value)
    }

    fn parse(self) -> Option<Value<'a>> {
        let (header, rest) = self.value.split_first()?;
        let info = header >> 2;
        match header & 3 {
            0 => primitive(info, rest),
            1 => text(rest.get(..usize::from(info))?).map(Value::String),
            2 => self.object(info, rest).map(Value::Object),
            _ => self.array(info, rest).map(Value::Array),
        }
    }

    fn object(self, info: u8, rest: &'a [u8]) -> Option<Vec<(&'a str, Self)>> {
        let offset_size = usize::from(info & 3) + 1;
        let id_size = usize::from(info >> 2 & 3) + 1;
        let count_size = if info & 16 != 0 { 4 } else { 1 };
        let count = unsigned(rest, 0, count_size)?;
        let offsets = count_size + count.checked_mul(id_size)?;
        let data = rest.get(offsets.checked_add((count + 1).checked_mul(offset_size)?)?..)?;
        let mut fields = Vec::with_capacity(count);
        for index in 0..count {
            let id = unsigned(rest, count_size + index * id_size, id_size)?;
            let offset = unsigned(rest, offsets + index * offset_size, offset_size)?;
            fields.push((self.key(id)?, Self { value: data.get(offset..)?, metadata: self.metadata }));
        }
        Some(fields)
    }

    fn array(self, info: u8, rest: &'a [u8]) -> Option<Vec<Self>> {
        let offset_size = usize::from(info & 3) + 1;
        let count_size = if info & 4 != 0 { 4 } else { 1 };
        let count = unsigned(rest, 0, count_size)?;
        let data = rest.get(count_size.checked_add((count + 1).checked_mul(offset_size)?)?..)?;
        let mut elements = Vec::with_capacity(count);
        for index in 0..count {
            let offset = unsigned(rest, count_size + index * offset_size, offset_size)?;
            elements.push(Self { value: data.get(offset..)?, metadata: self.metadata });
        }
        Some(elements)
    }

    fn key(self, id: usize) -> Option<&'a str> {
        let offset_size = usize::from(self.metadata.first()? >> 6) + 1;
        let count = unsigned(self.metadata, 1, offset_size)?;
        if id >= count {
            return None;
        }
        let offsets = 1 + offset_size;
        let strings = offsets + (count + 1) * offset_size;
        let start = unsigned(self.metadata, offsets + id * offset_size, offset_size)?;
        let end = unsigned(self.metadata, offsets + (id + 1) * offset_size, offset_size)?;
        text(self.metadata.get(strings + start..strings + end)?)
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn primitive(info: u8, rest: &[u8]) -> Option<Value<'_>> {
    let long = |size: usize| signed(rest, 0, size).map(|value| value as i64);
    Some(match info {
        0 => Value::Null,
        1 => Value::Boolean(true),
        2 => Value::Boolean(false),
        3..=6 => Value::Long(long(1 << (info - 3))?),
        7 => Value::Double(f64::from_bits(long(8)? as u64)),
        8..=10 => Value::Decimal { scale: *rest.first()?, unscaled: signed(rest, 1, 4 << (info - 8))? },
        11 => Value::Date(long(4)? as i32),
        12 => Value::Timestamp(long(8)?),
        13 => Value::TimestampNtz(long(8)?),
        14 => Value::Float(f32::from_bits(long(4)? as u32)),
        15 => Value::Binary(long_bytes(rest)?),
        16 => Value::String(text(long_bytes(rest)?)?),
        20 => Value::Uuid(rest.get(..16)?.try_into().ok()?),
        _ => return None,
    })
}

fn long_bytes(rest: &[u8]) -> Option<&[u8]> {
    let size = unsigned(rest, 0, 4)?;
    rest.get(4..)?.get(..size)
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
