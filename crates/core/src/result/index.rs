//! The index of a sealed result: which items there are and where their bytes stand in the file.
//!
//! Layout, little endian: version u8, truncated u8, first index u64, count u64, then per item a tag u8 (0 schema,
//! 1 batch, 2 answer) and its fields. A schema is its `DataType.json`. A small result is one piece: length of the index
//! u32, index, frames.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::log::{Payload, Slot};

const VERSION: u8 = 2;

/// What an index says.
#[derive(Debug)]
pub(super) struct Index {
    pub truncated: bool,
    pub first: u64,
    pub slots: VecDeque<Slot>,
}

/// Encodes slots whose payloads are all in the file.
pub(super) fn encode(truncated: bool, first: u64, slots: &VecDeque<Slot>) -> Bytes {
    let mut out = BytesMut::with_capacity(32 + slots.len() * 40);
    out.put_u8(VERSION);
    out.put_u8(u8::from(truncated));
    out.put_u64_le(first);
    out.put_u64_le(slots.len() as u64);
    for slot in slots {
        match slot {
            Slot::Schema(schema) => {
                let json = DataType::Struct(schema.as_ref().clone()).json();
                out.put_u8(0);
                out.put_u64_le(json.len() as u64);
                out.put_slice(json.as_bytes());
            }
            Slot::Batch { rows, start, data } => {
                out.put_u8(1);
                out.put_i64_le(*rows);
                out.put_i64_le(*start);
                put_payload(&mut out, data);
            }
            Slot::Answer(data) => {
                out.put_u8(2);
                put_payload(&mut out, data);
            }
        }
    }
    out.freeze()
}

fn put_payload(out: &mut BytesMut, payload: &Payload) {
    let (place, length) = match payload {
        Payload::File { place, length } => (*place, *length),
        Payload::Memory(data) => (0, data.len()),
    };
    out.put_u64_le(place);
    out.put_u64_le(length as u64);
}

/// An index and its frames in one piece.
pub(super) fn encode_whole(index: &[u8], frames: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(4 + index.len() + frames.len());
    out.put_u32_le(u32::try_from(index.len()).unwrap_or(u32::MAX));
    out.put_slice(index);
    out.put_slice(frames);
    out.freeze()
}

/// Reads what `encode_whole` wrote; the payloads are in memory.
pub(super) fn decode_whole(mut bytes: Bytes) -> Result<Index> {
    let broken = || Error::internal("a stored result is damaged");
    let length = bytes.try_get_u32_le().ok().and_then(|length| usize::try_from(length).ok()).ok_or_else(broken)?;
    if length > bytes.len() {
        return Err(broken());
    }
    let mut index = decode(&bytes.split_to(length))?;
    let load = |payload: &mut Payload| {
        if let Payload::File { place, length } = *payload {
            let start = usize::try_from(place).unwrap_or(usize::MAX);
            let end = start.checked_add(length).filter(|end| *end <= bytes.len()).ok_or_else(broken)?;
            *payload = Payload::Memory(bytes.slice(start..end));
        }
        Ok(())
    };
    for slot in &mut index.slots {
        match slot {
            Slot::Schema(_) => {}
            Slot::Batch { data, .. } | Slot::Answer(data) => load(data)?,
        }
    }
    Ok(index)
}

pub(super) fn decode(mut bytes: &[u8]) -> Result<Index> {
    let broken = || Error::internal("the index of a stored result is damaged");
    if bytes.try_get_u8().map_err(|_| broken())? != VERSION {
        return Err(Error::internal("the index of a stored result has an unknown version"));
    }
    let truncated = bytes.try_get_u8().map_err(|_| broken())? != 0;
    let first = bytes.try_get_u64_le().map_err(|_| broken())?;
    let count = bytes.try_get_u64_le().map_err(|_| broken())?;
    let mut slots = VecDeque::new();
    for _ in 0..count {
        slots.push_back(decode_slot(&mut bytes).ok_or_else(broken)?);
    }
    Ok(Index { truncated, first, slots })
}

fn decode_slot(bytes: &mut &[u8]) -> Option<Slot> {
    match bytes.try_get_u8().ok()? {
        0 => {
            let length = usize::try_from(bytes.try_get_u64_le().ok()?).ok()?;
            let json = std::str::from_utf8(bytes.get(..length)?).ok()?;
            bytes.advance(length);
            match DataType::from_json(json).ok()? {
                DataType::Struct(schema) => Some(Slot::Schema(Arc::new(schema))),
                _ => None,
            }
        }
        1 => {
            let rows = bytes.try_get_i64_le().ok()?;
            let start = bytes.try_get_i64_le().ok()?;
            Some(Slot::Batch { rows, start, data: get_payload(bytes)? })
        }
        2 => Some(Slot::Answer(get_payload(bytes)?)),
        _ => None,
    }
}

fn get_payload(bytes: &mut &[u8]) -> Option<Payload> {
    let place = bytes.try_get_u64_le().ok()?;
    let length = usize::try_from(bytes.try_get_u64_le().ok()?).ok()?;
    Some(Payload::File { place, length })
}
