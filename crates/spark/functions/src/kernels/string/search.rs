//! Where strings are in strings: instr, locate, find_in_set, startswith, endswith, contains.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use hearth_base::Result;

use crate::kernels::rowwise::Args;

/// The place (from 1) of `part` in `text` at or after the code point `start` (from 0), or 0.
fn position_from(text: &str, part: &str, start: usize) -> i32 {
    let Some(offset) = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).nth(start) else {
        return 0;
    };
    match text.get(offset..).and_then(|rest| rest.find(part)) {
        Some(found) => (start + text[offset..offset + found].chars().count() + 1) as i32,
        None => 0,
    }
}

pub fn instr(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, part) = (args.text(0)?, args.text(1)?);
    args.values::<Int32Type>(|row| Some(position_from(text.get(row)?, part.get(row)?, 0)))
}

/// `locate(part, text, start)`: a NULL start gives 0, and an empty part is at 1 wherever one starts.
pub fn locate(_: &(), args: &Args) -> Result<ArrayRef> {
    let (part, text, start) = (args.text(0)?, args.text(1)?, args.int(2)?);
    args.values::<Int32Type>(|row| {
        let Some(start) = start.get(row) else { return Some(0) };
        let (part, text) = (part.get(row)?, text.get(row)?);
        if start < 1 {
            return Some(0);
        }
        Some(if part.is_empty() { 1 } else { position_from(text, part, start as usize - 1) })
    })
}

pub fn find_in_set(_: &(), args: &Args) -> Result<ArrayRef> {
    let (word, set) = (args.text(0)?, args.text(1)?);
    args.values::<Int32Type>(|row| {
        let (word, set) = (word.get(row)?, set.get(row)?);
        if word.contains(',') {
            return Some(0);
        }
        Some(set.split(',').position(|element| element == word).map_or(0, |at| at as i32 + 1))
    })
}

/// How a text is compared with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    Start,
    End,
    Anywhere,
}

pub fn has_part(place: &Place, args: &Args) -> Result<ArrayRef> {
    let (text, part) = (args.text(0)?, args.text(1)?);
    args.booleans(|row| {
        let (text, part) = (text.get(row)?, part.get(row)?);
        Some(match place {
            Place::Start => text.starts_with(part),
            Place::End => text.ends_with(part),
            Place::Anywhere => text.contains(part),
        })
    })
}

pub fn has_part_bytes(place: &Place, args: &Args) -> Result<ArrayRef> {
    let (bytes, part) = (args.bytes(0)?, args.bytes(1)?);
    args.booleans(|row| {
        let (bytes, part) = (bytes.get(row)?, part.get(row)?);
        Some(match place {
            Place::Start => bytes.starts_with(part),
            Place::End => bytes.ends_with(part),
            Place::Anywhere => part.is_empty() || bytes.windows(part.len()).any(|window| window == part),
        })
    })
}
