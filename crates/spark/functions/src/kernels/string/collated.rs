//! Searching in strings by what a collation takes as equal. The state of each kernel is the collation.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::common::Result as DfResult;
use hearth_base::condition::INVALID_INDEX_OF_ZERO;
use hearth_types::Collation;

use crate::collation::Comparer;
use crate::kernels::invoke::raise;

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
pub fn replace(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let others = arrays.get(2).map(|array| cast(array, &DataType::Utf8)).transpose()?;
    let others = others.as_ref().map(|array| array.as_string::<i32>());
    rows(arrays, |text, part, row| {
        let other = others.map_or("", |others| others.value(row));
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in comparer.matches(text, part) {
            out.push_str(&text[from..start]);
            out.push_str(other);
            from = end;
        }
        out.push_str(&text[from..]);
        Ok(out)
    })
}

/// `split_part(text, delimiter, number)`: the blanks that a collation leaves out are a part of the last piece.
pub fn split_part(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let numbers = arrays[2].as_primitive::<Int32Type>();
    rows(arrays, |text, delimiter, row| {
        let mut parts = Vec::new();
        let mut from = 0;
        for (start, end) in comparer.matches(comparer.counted(text), comparer.counted(delimiter)) {
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
pub fn substring_index(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let counts = arrays[2].as_primitive::<Int32Type>();
    rows(arrays, |text, delimiter, row| {
        let count = counts.value(row);
        let (counted, delimiter) = (comparer.counted(text), comparer.counted(delimiter));
        let found = comparer.overlapping(counted, delimiter);
        let nth = (count.unsigned_abs() as usize).checked_sub(1);
        let Some(nth) = nth.filter(|_| !delimiter.is_empty()) else { return Ok(String::new()) };
        let cut = match count > 0 {
            true => found.get(nth).map(|(start, _)| &text[..*start]),
            false => found.iter().rev().nth(nth).map(|(_, end)| &text[*end..]),
        };
        Ok(cut.unwrap_or(text).to_owned())
    })
}

/// `contains(text, part)`, and the ends below; the empty text is a part of all.
pub fn contains(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    search(*collation, arrays, |comparer, text, part| comparer.first_match(text, part).is_some())
}

pub fn starts_with(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    search(*collation, arrays, |comparer, text, part| {
        comparer.first_match(text, part).is_some_and(|(start, _)| start == 0)
    })
}

pub fn ends_with(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    search(*collation, arrays, Comparer::ends_with)
}

fn search(
    collation: Collation,
    arrays: &[ArrayRef],
    holds: impl Fn(&Comparer, &str, &str) -> bool,
) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(collation);
    let found = pairs(arrays)?.map(|text, part| {
        let (text, part) = (comparer.counted(text), comparer.counted(part));
        part.is_empty() || (!text.is_empty() && holds(&comparer, text, part))
    });
    Ok(Arc::new(BooleanArray::from(found)))
}

/// `instr(text, part)`
pub fn instr(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let found = pairs(arrays)?.map(|text, part| position(&comparer, text, part, 0));
    Ok(Arc::new(Int32Array::from(found)))
}

/// `locate(part, text, from)`: NULL is no place to begin at.
pub fn locate(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let starts = arrays.get(2).map(|array| array.as_primitive::<Int32Type>());
    let (part, text) = (cast(&arrays[0], &DataType::Utf8)?, cast(&arrays[1], &DataType::Utf8)?);
    let (part, text) = (part.as_string::<i32>(), text.as_string::<i32>());
    let found = (0..text.len()).map(|row| {
        let start = match starts {
            Some(starts) if starts.is_null(row) => return Some(0),
            Some(starts) => starts.value(row),
            None => 1,
        };
        if part.is_null(row) || text.is_null(row) {
            return None;
        }
        let skipped = usize::try_from(start).ok().and_then(|start| start.checked_sub(1));
        Some(skipped.map_or(0, |skipped| position(&comparer, text.value(row), part.value(row), skipped)))
    });
    Ok(Arc::new(found.collect::<Int32Array>()))
}

/// The letter, counted from 1, at which a part begins that stands behind some letters.
fn position(comparer: &Comparer, text: &str, part: &str, skipped: usize) -> i32 {
    let (text, part) = (comparer.counted(text), comparer.counted(part));
    if part.is_empty() {
        return 1;
    }
    let Some((from, _)) = text.char_indices().nth(skipped) else { return 0 };
    match comparer.first_match(&text[from..], part) {
        Some((start, _)) => (skipped + text[from..from + start].chars().count() + 1) as i32,
        None => 0,
    }
}

/// `find_in_set(word, words)`
pub fn find_in_set(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let found = pairs(arrays)?.map(|word, words| {
        let place = words.split(',').position(|one| comparer.equal(one, word)).filter(|_| !word.contains(','));
        place.map_or(0, |place| place as i32 + 1)
    });
    Ok(Arc::new(Int32Array::from(found)))
}

/// Two columns of texts.
struct Pairs {
    left: ArrayRef,
    right: ArrayRef,
}

fn pairs(arrays: &[ArrayRef]) -> DfResult<Pairs> {
    Ok(Pairs { left: cast(&arrays[0], &DataType::Utf8)?, right: cast(&arrays[1], &DataType::Utf8)? })
}

impl Pairs {
    /// What `make` says of each row in which both are known.
    fn map<T>(&self, make: impl Fn(&str, &str) -> T) -> Vec<Option<T>> {
        let pairs = self.left.as_string::<i32>().iter().zip(self.right.as_string::<i32>());
        pairs.map(|(left, right)| Some(make(left?, right?))).collect()
    }
}

/// Which ends of a text lose letters.
#[derive(Clone, Copy)]
struct Ends {
    start: bool,
    end: bool,
}

/// `trim(letters FROM text)`, the letters first.
pub fn trim(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    cut(*collation, arrays, Ends { start: true, end: true }, false)
}

pub fn trim_start(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    cut(*collation, arrays, Ends { start: true, end: false }, false)
}

pub fn trim_end(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    cut(*collation, arrays, Ends { start: false, end: true }, false)
}

/// `btrim(text, letters)`
pub fn btrim(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    cut(*collation, arrays, Ends { start: true, end: true }, true)
}

/// Blanks that a collation leaves out stay at the end, behind what is cut, unless they are to be cut themselves.
fn cut(collation: Collation, arrays: &[ArrayRef], ends: Ends, text_first: bool) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(collation);
    rows(arrays, |first, second, _| {
        let (text, letters) = if text_first { (first, second) } else { (second, first) };
        let among = |letter: char| letters.chars().any(|other| comparer.equal_letters(other, letter));
        let mut text = text;
        let mut blanks = "";
        if ends.end {
            if !letters.contains(' ') {
                let counted = comparer.counted(text);
                (text, blanks) = text.split_at(counted.len());
            }
            text = text.trim_end_matches(among);
        }
        if ends.start {
            text = text.trim_start_matches(among);
        }
        Ok(format!("{text}{blanks}"))
    })
}

/// `translate(text, from, to)`: each letter by the one at its place, or by nothing.
pub fn translate(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let comparer = Comparer::new(*collation);
    let others = cast(&arrays[2], &DataType::Utf8)?;
    let others = others.as_string::<i32>();
    rows(arrays, |text, from, row| {
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            match from.chars().position(|other| comparer.equal_letters(other, letter)) {
                Some(place) => out.extend(others.value(row).chars().nth(place)),
                None => out.push(letter),
            }
        }
        Ok(out)
    })
}
