//! Parts of strings: substring, left, right, padding, trimming, splitting at a delimiter.
//!
//! Everything counts code points. Strings that are ASCII take a path by bytes.

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;
use hearth_base::condition::INVALID_INDEX_OF_ZERO;

use crate::kernels::room;
use crate::kernels::rowwise::Args;

/// The half-open range that Spark's `substringSQL` takes of `length` items: `position` counts from 1, from the end
/// when negative, and 0 is 1.
fn range(length: i64, position: i32, count: i32) -> (i64, i64) {
    let position = i64::from(position);
    let start = match position {
        1.. => position - 1,
        0 => 0,
        _ => length + position,
    };
    let end = start.saturating_add(i64::from(count));
    (start.clamp(0, length), end.clamp(0, length))
}

/// The code points `start..end` of a text.
fn code_points(text: &str, start: usize, end: usize) -> &str {
    if start >= end {
        return "";
    }
    if text.is_ascii() {
        return text.get(start.min(text.len())..end.min(text.len())).unwrap_or("");
    }
    let mut offsets = text.char_indices().map(|(offset, _)| offset);
    let Some(from) = offsets.nth(start) else { return "" };
    match offsets.nth(end - start - 1) {
        Some(to) => text.get(from..to).unwrap_or(""),
        None => text.get(from..).unwrap_or(""),
    }
}

/// `substringSQL`.
pub fn substring_text(text: &str, position: i32, count: i32) -> &str {
    let length = if position < 0 { text.chars().count() as i64 } else { text.len() as i64 };
    let (start, end) = range(length, position, count);
    code_points(text, start.max(0) as usize, end.max(0) as usize)
}

pub fn substring(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, position, count) = (args.text(0)?, args.int(1)?, args.int(2)?);
    args.slices(|row| Some(substring_text(text.get(row)?, position.get(row)?, count.get(row)?)))
}

pub fn substring_bytes(_: &(), args: &Args) -> Result<ArrayRef> {
    let (bytes, position, count) = (args.bytes(0)?, args.int(1)?, args.int(2)?);
    args.binaries(|row, out| {
        let (Some(bytes), Some(position), Some(count)) = (bytes.get(row), position.get(row), count.get(row)) else {
            return Ok(None);
        };
        let (start, end) = range(bytes.len() as i64, position, count);
        out.extend_from_slice(bytes.get(start.max(0) as usize..end.max(0) as usize).unwrap_or(&[]));
        Ok(Some(()))
    })
}

/// `right(text, count)`: empty when the count is not positive.
pub fn right(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, count) = (args.text(0)?, args.int(1)?);
    args.slices(|row| {
        let (text, count) = (text.get(row)?, count.get(row)?);
        Some(if count <= 0 { "" } else { substring_text(text, count.checked_neg()?, i32::MAX) })
    })
}

/// Which side a pad or a trim works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Left,
    Right,
    Both,
}

pub fn pad(side: &Side, args: &Args) -> Result<ArrayRef> {
    let (text, length, fill) = (args.text(0)?, args.int(1)?, args.text(2)?);
    args.try_texts(|row, out| {
        let (Some(text), Some(length), Some(fill)) = (text.get(row), length.get(row), fill.get(row)) else {
            return Ok(None);
        };
        let wanted = usize::try_from(length).unwrap_or(0);
        let there = text.chars().count();
        let missing = wanted.saturating_sub(there);
        if missing == 0 || fill.is_empty() {
            out.push_str(code_points(text, 0, wanted));
            return Ok(Some(()));
        }
        room::check("the text", missing)?;
        if *side == Side::Right {
            out.push_str(text);
        }
        out.extend(fill.chars().cycle().take(missing));
        if *side != Side::Right {
            out.push_str(text);
        }
        Ok(Some(()))
    })
}

pub fn pad_bytes(side: &Side, args: &Args) -> Result<ArrayRef> {
    let (bytes, length, fill) = (args.bytes(0)?, args.int(1)?, args.bytes(2)?);
    args.binaries(|row, out| {
        let (Some(bytes), Some(length), Some(fill)) = (bytes.get(row), length.get(row), fill.get(row)) else {
            return Ok(None);
        };
        let wanted = usize::try_from(length).unwrap_or(0);
        let missing = wanted.saturating_sub(bytes.len());
        if missing == 0 || fill.is_empty() {
            out.extend_from_slice(&bytes[..wanted.min(bytes.len())]);
            return Ok(Some(()));
        }
        room::check("the bytes", missing)?;
        if *side == Side::Right {
            out.extend_from_slice(bytes);
        }
        out.extend(fill.iter().cycle().take(missing));
        if *side != Side::Right {
            out.extend_from_slice(bytes);
        }
        Ok(Some(()))
    })
}

/// Without a second argument only spaces go, no other whitespace.
pub fn trim(side: &Side, args: &Args) -> Result<ArrayRef> {
    let (text, set) = (args.text(0)?, args.optional_text(1)?);
    args.slices(|row| {
        let text = text.get(row)?;
        let set = match &set {
            Some(set) => set.get(row)?,
            None => " ",
        };
        let unwanted = |c: char| set.contains(c);
        Some(match side {
            Side::Left => text.trim_start_matches(unwanted),
            Side::Right => text.trim_end_matches(unwanted),
            Side::Both => text.trim_matches(unwanted),
        })
    })
}

/// `substring_index(text, delimiter, count)`: up to the n-th delimiter from the left, or from the n-th from the right.
pub fn substring_index(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, delimiter, count) = (args.text(0)?, args.text(1)?, args.int(2)?);
    args.slices(|row| {
        let (text, delimiter, count) = (text.get(row)?, delimiter.get(row)?, count.get(row)?);
        if delimiter.is_empty() || count == 0 {
            return Some("");
        }
        let nth = count.unsigned_abs() as usize;
        if count > 0 {
            Some(nth_from_left(text, delimiter, nth).map_or(text, |at| &text[..at]))
        } else {
            Some(nth_from_right(text, delimiter, nth).map_or(text, |at| &text[at + delimiter.len()..]))
        }
    })
}

/// Where a part stands for the n-th time; it may reach into the one before.
fn nth_from_left(text: &str, part: &str, nth: usize) -> Option<usize> {
    let width = part.chars().next().map_or(1, char::len_utf8);
    let mut at = text.find(part)?;
    for _ in 1..nth {
        at += width + text[at + width..].find(part)?;
    }
    Some(at)
}

fn nth_from_right(text: &str, part: &str, nth: usize) -> Option<usize> {
    let width = part.chars().next_back().map_or(1, char::len_utf8);
    let mut at = text.rfind(part)?;
    for _ in 1..nth {
        at = text[..at + part.len() - width].rfind(part)?;
    }
    Some(at)
}

/// `split_part(text, delimiter, index)`: empty past the ends; an empty delimiter does not split.
pub fn split_part(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, delimiter, index) = (args.text(0)?, args.text(1)?, args.int(2)?);
    args.try_texts(|row, out| {
        let (Some(text), Some(delimiter), Some(index)) = (text.get(row), delimiter.get(row), index.get(row)) else {
            return Ok(None);
        };
        if index == 0 {
            return Err(INVALID_INDEX_OF_ZERO.error());
        }
        let nth = index.unsigned_abs() as usize - 1;
        let part = match (delimiter.is_empty(), index > 0) {
            (true, _) => (nth == 0).then_some(text),
            (false, true) => text.split(delimiter).nth(nth),
            (false, false) => text.rsplit(delimiter).nth(nth),
        };
        out.push_str(part.unwrap_or(""));
        Ok(Some(()))
    })
}

/// `overlay(text, replacement, position, length)`; a negative length is the replacement's.
pub fn overlay(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, new, position, length) = (args.text(0)?, args.text(1)?, args.int(2)?, args.int(3)?);
    args.texts(|row, out| {
        let (text, new) = (text.get(row)?, new.get(row)?);
        let (position, length) = (position.get(row)?, length.get(row)?);
        let length = if length >= 0 { length } else { new.chars().count() as i32 };
        out.push_str(substring_text(text, 1, position.saturating_sub(1)));
        out.push_str(new);
        out.push_str(substring_text(text, position.saturating_add(length), i32::MAX));
        Some(())
    })
}

pub fn overlay_bytes(_: &(), args: &Args) -> Result<ArrayRef> {
    let (bytes, new, position, length) = (args.bytes(0)?, args.bytes(1)?, args.int(2)?, args.int(3)?);
    args.binaries(|row, out| {
        let (Some(bytes), Some(new)) = (bytes.get(row), new.get(row)) else { return Ok(None) };
        let (Some(position), Some(length)) = (position.get(row), length.get(row)) else { return Ok(None) };
        let length = if length >= 0 { length } else { new.len() as i32 };
        let part = |position: i32, count: i32| {
            let (start, end) = range(bytes.len() as i64, position, count);
            bytes.get(start.max(0) as usize..end.max(0) as usize).unwrap_or(&[])
        };
        out.extend_from_slice(part(1, position.saturating_sub(1)));
        out.extend_from_slice(new);
        out.extend_from_slice(part(position.saturating_add(length), i32::MAX));
        Ok(Some(()))
    })
}
