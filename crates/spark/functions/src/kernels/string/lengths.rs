//! What `char(n)` and `varchar(n)` columns do with texts: on the way in they are cut and padded, on the way out padded.
//!
//! Lengths are counted in code points. Spaces at the end that are too many go silently; anything else is an error.

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;
use hearth_base::condition::EXCEED_LIMIT_LENGTH;
use hearth_types::DataType;

use crate::kernels::rowwise::{Args, call_rows};
use crate::typed::Typed;

/// A text on its way into a column of the type; other types leave it as it is.
pub fn stored(value: Typed, column: &DataType) -> Result<Typed> {
    let nullable = value.nullable;
    match column {
        DataType::Char { length } => {
            call_rows("char_stored", vec![value], (DataType::STRING, nullable), *length as usize, char_stored)
        }
        DataType::VarChar { length } => {
            call_rows("varchar_stored", vec![value], (DataType::STRING, nullable), *length as usize, varchar_stored)
        }
        _ => Ok(value),
    }
}

/// A text out of a `char(n)` column.
pub fn padded(value: Typed, length: u32) -> Result<Typed> {
    let nullable = value.nullable;
    call_rows("char_read", vec![value], (DataType::STRING, nullable), length as usize, char_read)
}

fn char_stored(length: &usize, args: &Args) -> Result<ArrayRef> {
    write(args, *length, true, true)
}

fn varchar_stored(length: &usize, args: &Args) -> Result<ArrayRef> {
    write(args, *length, false, true)
}

fn char_read(length: &usize, args: &Args) -> Result<ArrayRef> {
    write(args, *length, true, false)
}

fn write(args: &Args, length: usize, pad: bool, limited: bool) -> Result<ArrayRef> {
    let texts = args.text(0)?;
    args.try_texts(|row, out| {
        let Some(text) = texts.get(row) else { return Ok(None) };
        let count = text.chars().count();
        if count > length && limited {
            let end = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
            if !text[end..].bytes().all(|byte| byte == b' ') {
                return Err(EXCEED_LIMIT_LENGTH.with("limit", length));
            }
            out.push_str(&text[..end]);
            return Ok(Some(()));
        }
        out.push_str(text);
        if pad {
            out.extend(std::iter::repeat_n(' ', length.saturating_sub(count)));
        }
        Ok(Some(()))
    })
}
