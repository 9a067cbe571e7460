//! Variants put together, in exactly the bytes that Spark writes.
//!
//! Names are kept in the order in which they first appear; an object lists its fields by name, its values stay in the
//! order in which they came. Numbers take the narrowest form. Source: `VariantBuilder`.

use std::collections::HashMap;

use hearth_base::condition::{VARIANT_DUPLICATE_KEY, VARIANT_SIZE_LIMIT};
use hearth_base::{Error, Result};

use super::read::{Value, Variant};

/// The most bytes that a value or its names may have.
const MAX_BYTES: usize = 128 << 20;
/// How deep values may be nested.
pub const MAX_DEPTH: usize = 1000;
const VERSION: u8 = 1;
const MAX_SHORT_TEXT: usize = 63;

/// A finished variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub value: Vec<u8>,
    pub metadata: Vec<u8>,
}

impl Encoded {
    pub fn as_variant(&self) -> Variant<'_> {
        Variant { value: &self.value, metadata: &self.metadata }
    }
}

#[derive(Debug, Default)]
pub struct Builder {
    out: Vec<u8>,
    names: Vec<String>,
    ids: HashMap<String, usize>,
}

/// A field that was written: its name's number and where its value begins, from the object's start.
pub struct Field {
    id: usize,
    offset: usize,
}

fn primitive(id: u8) -> u8 {
    id << 2
}

/// Bytes that a number needs.
fn width(value: usize) -> usize {
    match value {
        0..=0xFF => 1,
        0x100..=0xFFFF => 2,
        0x1_0000..=0xFF_FFFF => 3,
        _ => 4,
    }
}

fn push_number(out: &mut Vec<u8>, value: usize, size: usize) {
    out.extend_from_slice(&value.to_le_bytes()[..size]);
}

impl Builder {
    /// Where the next value begins.
    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// The field of a name whose value is written next into the object that began at `start`.
    pub fn field(&mut self, start: usize, name: &str) -> Field {
        let id = match self.ids.get(name) {
            Some(id) => *id,
            None => {
                let id = self.names.len();
                self.names.push(name.to_owned());
                self.ids.insert(name.to_owned(), id);
                id
            }
        };
        Field { id, offset: self.out.len() - start }
    }

    pub fn null(&mut self) {
        self.out.push(primitive(0));
    }

    pub fn boolean(&mut self, value: bool) {
        self.out.push(primitive(if value { 1 } else { 2 }));
    }

    pub fn long(&mut self, value: i64) {
        let bytes = value.to_le_bytes();
        let (id, size) = if i8::try_from(value).is_ok() {
            (3, 1)
        } else if i16::try_from(value).is_ok() {
            (4, 2)
        } else if i32::try_from(value).is_ok() {
            (5, 4)
        } else {
            (6, 8)
        };
        self.scalar(id, &bytes[..size]);
    }

    fn scalar(&mut self, id: u8, bytes: &[u8]) {
        self.out.push(primitive(id));
        self.out.extend_from_slice(bytes);
    }

    pub fn double(&mut self, value: f64) {
        self.scalar(7, &value.to_bits().to_le_bytes());
    }

    pub fn float(&mut self, value: f32) {
        self.scalar(14, &value.to_bits().to_le_bytes());
    }

    pub fn decimal(&mut self, unscaled: i128, scale: u8) {
        let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
        let bytes = unscaled.to_le_bytes();
        let (id, most, size) = [(8, 9, 4), (9, 18, 8), (10, 38, 16)]
            .into_iter()
            .find(|(_, most, _)| digits <= *most && u32::from(scale) <= *most)
            .unwrap_or((10, 38, 16));
        debug_assert!(digits <= most);
        self.out.extend_from_slice(&[primitive(id), scale]);
        self.out.extend_from_slice(&bytes[..size]);
    }

    pub fn date(&mut self, days: i32) {
        self.scalar(11, &days.to_le_bytes());
    }

    pub fn timestamp(&mut self, micros: i64) {
        self.scalar(12, &micros.to_le_bytes());
    }

    pub fn timestamp_ntz(&mut self, micros: i64) {
        self.scalar(13, &micros.to_le_bytes());
    }

    pub fn binary(&mut self, bytes: &[u8]) {
        self.scalar(15, &(bytes.len() as u32).to_le_bytes());
        self.out.extend_from_slice(bytes);
    }

    pub fn string(&mut self, text: &str) {
        let bytes = text.as_bytes();
        match u8::try_from(bytes.len()) {
            Ok(length) if bytes.len() <= MAX_SHORT_TEXT => self.out.push(length << 2 | 1),
            Ok(_) | Err(_) => self.scalar(16, &(bytes.len() as u32).to_le_bytes()),
        }
        self.out.extend_from_slice(bytes);
    }

    /// Ends the object that began at `start`.
    pub fn object(&mut self, start: usize, mut fields: Vec<Field>) -> Result<()> {
        let names = &self.names;
        fields.sort_by(|left, right| java_order(&names[left.id], &names[right.id]));
        if let Some(pair) = fields.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(VARIANT_DUPLICATE_KEY.with("key", &names[pair[0].id]));
        }
        let data_size = self.out.len() - start;
        let count = fields.len();
        let count_size = if count > 0xFF { 4 } else { 1 };
        let id_size = width(fields.iter().map(|field| field.id).max().unwrap_or(0));
        let offset_size = width(data_size);
        let large = u8::from(count > 0xFF);
        let sizes = (id_size as u8 - 1) << 2 | (offset_size as u8 - 1);
        let mut header = vec![(large << 4 | sizes) << 2 | 2];
        push_number(&mut header, count, count_size);
        fields.iter().for_each(|field| push_number(&mut header, field.id, id_size));
        fields.iter().for_each(|field| push_number(&mut header, field.offset, offset_size));
        push_number(&mut header, data_size, offset_size);
        self.out.splice(start..start, header);
        self.check_size()
    }

    /// Ends the array that began at `start`; `offsets` are those of its elements from there.
    pub fn array(&mut self, start: usize, offsets: &[usize]) -> Result<()> {
        let data_size = self.out.len() - start;
        let count_size = if offsets.len() > 0xFF { 4 } else { 1 };
        let offset_size = width(data_size);
        let large = u8::from(offsets.len() > 0xFF);
        let mut header = vec![(large << 2 | (offset_size as u8 - 1)) << 2 | 3];
        push_number(&mut header, offsets.len(), count_size);
        offsets.iter().for_each(|offset| push_number(&mut header, *offset, offset_size));
        push_number(&mut header, data_size, offset_size);
        self.out.splice(start..start, header);
        self.check_size()
    }

    /// A whole variant, with only the names that it uses.
    pub fn variant(&mut self, variant: Variant<'_>) -> Result<()> {
        self.nested(variant, 0)
    }

    fn nested(&mut self, variant: Variant<'_>, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match variant.read()? {
            Value::Null => self.null(),
            Value::Boolean(value) => self.boolean(value),
            Value::Long(value) => self.long(value),
            Value::Double(value) => self.double(value),
            Value::Decimal { unscaled, scale } => self.decimal(unscaled, scale),
            Value::Date(days) => self.date(days),
            Value::Timestamp(micros) => self.timestamp(micros),
            Value::TimestampNtz(micros) => self.timestamp_ntz(micros),
            Value::Float(value) => self.float(value),
            Value::Binary(bytes) => self.binary(bytes),
            Value::String(text) => self.string(text),
            Value::Uuid(bytes) => self.scalar(20, &bytes),
            Value::Object(parts) => {
                let start = self.position();
                let mut fields = Vec::with_capacity(parts.len());
                for (name, part) in parts {
                    fields.push(self.field(start, name));
                    self.nested(part, depth + 1)?;
                }
                self.object(start, fields)?;
            }
            Value::Array(parts) => {
                let start = self.position();
                let mut offsets = Vec::with_capacity(parts.len());
                for part in parts {
                    offsets.push(self.position() - start);
                    self.nested(part, depth + 1)?;
                }
                self.array(start, &offsets)?;
            }
        }
        Ok(())
    }

    fn check_size(&self) -> Result<()> {
        if self.out.len() > MAX_BYTES { Err(too_large()) } else { Ok(()) }
    }

    pub fn finish(self) -> Result<Encoded> {
        self.check_size()?;
        let text_size: usize = self.names.iter().map(String::len).sum();
        let offset_size = width(text_size.max(self.names.len()));
        let mut metadata = vec![VERSION | (offset_size as u8 - 1) << 6];
        push_number(&mut metadata, self.names.len(), offset_size);
        let mut offset = 0;
        for name in &self.names {
            push_number(&mut metadata, offset, offset_size);
            offset += name.len();
        }
        push_number(&mut metadata, offset, offset_size);
        self.names.iter().for_each(|name| metadata.extend_from_slice(name.as_bytes()));
        if metadata.len() > MAX_BYTES {
            return Err(too_large());
        }
        Ok(Encoded { value: self.out, metadata })
    }
}

fn too_large() -> Error {
    VARIANT_SIZE_LIMIT.with("sizeLimit", "128.0 MiB").with("functionName", "`parse_json`")
}

fn too_deep() -> Error {
    hearth_base::condition::MALFORMED_VARIANT.error()
}

/// As Java compares strings: by UTF-16 units.
fn java_order(left: &str, right: &str) -> std::cmp::Ordering {
    if left.is_ascii() && right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}
