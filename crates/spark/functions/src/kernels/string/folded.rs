//! Searching in strings without regard to case, as the collation `UTF8_LCASE` does it: letter by letter.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::common::Result as DfResult;
use hearth_base::condition::INVALID_INDEX_OF_ZERO;

use crate::kernels::invoke::raise;

/// Each letter in lower case by itself; a final sigma is a sigma.
pub fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(lower_letter).collect() }
}

fn lower_letter(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().map(|lower| if lower == 'ς' { 'σ' } else { lower })
}

/// Where `part` stands in `text`: the bytes of each match, from the left, none in another.
fn matches(text: &str, part: &str) -> Vec<(usize, usize)> {
    let part: Vec<char> = part.chars().flat_map(lower_letter).collect();
    let mut found = Vec::new();
    if part.is_empty() {
        return found;
    }
    let mut from = 0;
    for (start, _) in text.char_indices() {
        if start < from {
            continue;
        }
        let mut wanted = part.iter().peekable();
        for (place, letter) in text[start..].char_indices() {
            if wanted.peek().is_none() {
                break;
            }
            if !lower_letter(letter).all(|lower| wanted.next_if(|wanted| **wanted == lower).is_some()) {
                break;
            }
            if wanted.peek().is_none() {
                from = start + place + letter.len_utf8();
                found.push((start, from));
            }
        }
    }
    found
}

/// Calls `make` for each row in which all of two texts and one more column are known.
fn rows(arrays: &[ArrayRef], make: impl Fn(&str, &str, usize) -> DfResult<String>) -> DfResult<ArrayRef> {
    let (text, part) = (cast(&arrays[0], &DataType::Utf8)?, cast(&arrays[1], &DataType::Utf8)?);
    let (text, part) = (text.as_string::<i32>(), part.as_string::<i32>());
    let made = (0..text.len()).map(|row| {
        let known = text.is_valid(row) && part.is_valid(row) && arrays[2..].iter().all(|array| array.is_valid(row));
        if known { make(text.value(row), part.value(row), row).map(Some) } else { Ok(None) }
    });
    Ok(Arc::new(made.collect::<DfResult<StringArray>>()?))
}

/// `replace(text, part[, other])`
pub fn replace(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let others = arrays.get(2).map(|array| cast(array, &DataType::Utf8)).transpose()?;
    let others = others.as_ref().map(|array| array.as_string::<i32>());
    rows(arrays, |text, part, row| {
        let other = others.map_or("", |others| others.value(row));
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in matches(text, part) {
            out.push_str(&text[from..start]);
            out.push_str(other);
            from = end;
        }
        out.push_str(&text[from..]);
        Ok(out)
    })
}

/// `split_part(text, delimiter, number)`
pub fn split_part(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let numbers = arrays[2].as_primitive::<Int32Type>();
    rows(arrays, |text, delimiter, row| {
        let mut parts = Vec::new();
        let mut from = 0;
        for (start, end) in matches(text, delimiter) {
            parts.push(&text[from..start]);
            from = end;
        }
        parts.push(&text[from..]);
        let number = numbers.value(row);
        if number == 0 {
            return Err(raise(INVALID_INDEX_OF_ZERO.error()));
        }
        let place = number.unsigned_abs() as usize;
        let part = if number > 0 { parts.get(place - 1) } else { parts.iter().rev().nth(place - 1) };
        Ok(part.map(|part| (*part).to_owned()).unwrap_or_default())
    })
}

/// `substring_index(text, delimiter, count)`
pub fn substring_index(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let counts = arrays[2].as_primitive::<Int32Type>();
    rows(arrays, |text, delimiter, row| {
        let count = counts.value(row);
        let found = matches(text, delimiter);
        let nth = (count.unsigned_abs() as usize).checked_sub(1);
        let Some(nth) = nth.filter(|_| !delimiter.is_empty()) else { return Ok(String::new()) };
        let cut = match count > 0 {
            true => found.get(nth).map(|(start, _)| &text[..*start]),
            false => found.iter().rev().nth(nth).map(|(_, end)| &text[*end..]),
        };
        Ok(cut.unwrap_or(text).to_owned())
    })
}

/// `trim(letters FROM text)`, the letters first.
pub fn trim(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    rows(arrays, |letters, text, _| Ok(text.trim_matches(among(letters)).to_owned()))
}

pub fn trim_start(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    rows(arrays, |letters, text, _| Ok(text.trim_start_matches(among(letters)).to_owned()))
}

pub fn trim_end(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    rows(arrays, |letters, text, _| Ok(text.trim_end_matches(among(letters)).to_owned()))
}

/// `btrim(text, letters)`
pub fn btrim(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    rows(arrays, |text, letters, _| Ok(text.trim_matches(among(letters)).to_owned()))
}

/// Whether a letter is one of some.
fn among(letters: &str) -> impl Fn(char) -> bool + Copy + '_ {
    move |letter| letters.chars().any(|other| lower_letter(other).eq(lower_letter(letter)))
}

/// `translate(text, from, to)`: each letter by the one at its place, or by nothing.
pub fn translate(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let others = cast(&arrays[2], &DataType::Utf8)?;
    let others = others.as_string::<i32>();
    rows(arrays, |text, from, row| {
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            match from.chars().position(|other| lower_letter(other).eq(lower_letter(letter))) {
                Some(place) => out.extend(others.value(row).chars().nth(place)),
                None => out.push(letter),
            }
        }
        Ok(out)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn matches_do_not_tell_case_and_do_not_overlap() {
        assert_eq!(matches("aXbxc", "x"), [(1, 2), (3, 4)]);
        assert_eq!(matches("AAaA", "aa"), [(0, 2), (2, 4)]);
        assert_eq!(matches("ÄäΣς", "ä"), [(0, 2), (2, 4)]);
        assert_eq!(matches("ΣΑΣ", "ς"), [(0, 2), (4, 6)]);
        assert!(matches("abc", "").is_empty());
        assert!(matches("ab", "abc").is_empty());
    }
}
