//! Strings made of strings: repeat, reverse, replace, translate, initcap, mask, concat_ws, quote, sentences, randstr.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::DataType as ArrowType;
use hearth_base::{Error, Result};

use crate::kernels::room;
use crate::kernels::rowwise::Args;

pub fn repeat(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, times) = (args.text(0)?, args.int(1)?);
    args.try_texts(|row, out| {
        let (Some(text), Some(times)) = (text.get(row), times.get(row)) else { return Ok(None) };
        let times = usize::try_from(times).unwrap_or(0);
        room::check("the text", text.len().saturating_mul(times))?;
        (0..times).for_each(|_| out.push_str(text));
        Ok(Some(()))
    })
}

pub fn space(_: &(), args: &Args) -> Result<ArrayRef> {
    let count = args.int(0)?;
    args.try_texts(|row, out| {
        let Some(count) = count.get(row) else { return Ok(None) };
        let count = usize::try_from(count).unwrap_or(0);
        room::check("the text", count)?;
        out.extend(std::iter::repeat_n(' ', count));
        Ok(Some(()))
    })
}

/// Rows that may share one format, and so its widths.
const ROWS: usize = 8192;

/// A `printf`-style format as it is, once its widths and precisions are known to leave room.
pub fn format_with_room(_: &(), args: &Args) -> Result<ArrayRef> {
    let format = args.text(0)?;
    args.try_texts(|row, out| {
        let Some(format) = format.get(row) else { return Ok(None) };
        room::check("the formatted text", widths(format).saturating_mul(ROWS))?;
        out.push_str(format);
        Ok(Some(()))
    })
}

/// The sum of what the specifiers of a format ask for at least: `%-8.3f` for 11.
fn widths(mut format: &str) -> usize {
    let mut sum = 0usize;
    while let Some((_, specifier)) = format.split_once('%') {
        let end = specifier.find(|c: char| !(c.is_ascii_digit() || "-#+ ,(<.$".contains(c))).unwrap_or(specifier.len());
        let (numbers, rest) = specifier.split_at(end);
        for digits in numbers.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
            // More digits than a usize has are too many as well.
            sum = sum.saturating_add(digits.parse().unwrap_or(usize::MAX));
        }
        // Behind a conversion comes text; `%%` is one too.
        let mut behind = rest.chars();
        behind.next();
        format = behind.as_str();
    }
    sum
}

pub fn reverse(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        out.extend(text.get(row)?.chars().rev());
        Some(())
    })
}

/// `replace(text, search, replacement)`; an empty search changes nothing.
pub fn replace(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, search, replacement) = (args.text(0)?, args.text(1)?, args.text(2)?);
    args.try_texts(|row, out| {
        let (Some(text), Some(search), Some(replacement)) = (text.get(row), search.get(row), replacement.get(row))
        else {
            return Ok(None);
        };
        if search.is_empty() {
            out.push_str(text);
            return Ok(Some(()));
        }
        let mut rest = 0;
        for (at, _) in text.match_indices(search) {
            room::check("the text", out.len() + replacement.len())?;
            out.push_str(&text[rest..at]);
            out.push_str(replacement);
            rest = at + search.len();
        }
        out.push_str(&text[rest..]);
        Ok(Some(()))
    })
}

/// `translate(text, from, to)`: characters of `from` without a partner go; the first of a repeated one counts.
pub fn translate(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, from, to) = (args.text(0)?, args.text(1)?, args.text(2)?);
    let mut pairs: Vec<(char, Option<char>)> = Vec::new();
    let mut of: Option<(&str, &str)> = None;
    args.texts(|row, out| {
        let (text, from, to) = (text.get(row)?, from.get(row)?, to.get(row)?);
        if of != Some((from, to)) {
            pairs.clear();
            let mut targets = to.chars();
            for source in from.chars() {
                let target = targets.next();
                if !pairs.iter().any(|(known, _)| *known == source) {
                    // Spark ends the table at a NUL character, which stands for "delete".
                    pairs.push((source, target.filter(|target| *target != '\0')));
                }
            }
            of = Some((from, to));
        }
        for c in text.chars() {
            match pairs.iter().find(|(source, _)| *source == c) {
                Some((_, target)) => out.extend(*target),
                None => out.push(c),
            }
        }
        Some(())
    })
}

/// The first letter of each word in upper case, the rest in lower; only spaces separate words.
pub fn initcap(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let mut at_start = true;
        for c in text.get(row)?.chars() {
            if at_start {
                out.extend(super::locale_case::title(c));
            } else {
                out.extend(c.to_lowercase());
            }
            at_start = c == ' ';
        }
        Some(())
    })
}

pub fn lower(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let text = text.get(row)?;
        if text.is_ascii() {
            out.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        } else {
            out.push_str(&text.to_lowercase());
        }
        Some(())
    })
}

pub fn upper(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let text = text.get(row)?;
        if text.is_ascii() {
            out.extend(text.bytes().map(|byte| char::from(byte.to_ascii_uppercase())));
        } else {
            out.push_str(&text.to_uppercase());
        }
        Some(())
    })
}

/// `mask(text, upper, lower, digit, other)`: a NULL replacement keeps the character.
pub fn mask(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let replacements = [args.text(1)?, args.text(2)?, args.text(3)?, args.text(4)?];
    args.texts(|row, out| {
        let text = text.get(row)?;
        for c in text.chars() {
            let kind = if c.is_uppercase() {
                0
            } else if c.is_lowercase() {
                1
            } else if c.is_numeric() {
                2
            } else {
                3
            };
            match replacements[kind].get(row) {
                Some(replacement) => out.push_str(replacement),
                None => out.push(c),
            }
        }
        Some(())
    })
}

/// `concat_ws(separator, …)` over strings and arrays of strings; NULLs are left out.
pub fn concat_ws(_: &(), args: &Args) -> Result<ArrayRef> {
    enum Part<'a> {
        Text(crate::kernels::rowwise::Text<'a>),
        List(&'a datafusion::arrow::array::ListArray, ArrayRef, usize),
    }
    let separator = args.text(0)?;
    let mut parts = Vec::with_capacity(args.len());
    for index in 1..args.len() {
        let (array, step) = args.raw(index)?;
        parts.push(match array.as_list_opt::<i32>() {
            Some(list) => {
                let elements = datafusion::arrow::compute::cast(list.values(), &ArrowType::Utf8)
                    .map_err(|error| Error::internal(error.to_string()))?;
                Part::List(list, elements, step)
            }
            None => Part::Text(args.text(index)?),
        });
    }
    args.texts(|row, out| {
        let separator = separator.get(row)?;
        let mut first = true;
        let mut add = |out: &mut String, text: &str| {
            if !std::mem::take(&mut first) {
                out.push_str(separator);
            }
            out.push_str(text);
        };
        for part in &parts {
            match part {
                Part::Text(text) => {
                    if let Some(text) = text.get(row) {
                        add(out, text);
                    }
                }
                Part::List(list, elements, step) => {
                    let row = row * step;
                    if list.is_null(row) {
                        continue;
                    }
                    let offsets = list.value_offsets();
                    let elements = elements.as_string::<i32>();
                    let there = offsets[row] as usize..offsets[row + 1] as usize;
                    there.filter(|at| elements.is_valid(*at)).for_each(|at| add(out, elements.value(at)));
                }
            }
        }
        Some(())
    })
}

/// `quote(text)`: single quotes around, and a backslash before each inside.
pub fn quote(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        out.push('\'');
        for c in text.get(row)?.chars() {
            if c == '\'' {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('\'');
        Some(())
    })
}

/// `sentences(text, …)`: arrays of words. Sentences end at `.`, `!`, `?` before a space; words are runs of letters,
/// digits and apostrophes (Java's `BreakIterator` for the root locale, without its dictionary languages).
pub fn sentences(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let mut builder = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for row in 0..args.rows() {
        let Some(text) = text.get(row) else {
            builder.append(false);
            continue;
        };
        if !text.is_empty() && words(text).next().is_none() {
            // A text without words is one sentence of none.
            builder.values().append(true);
        }
        for sentence in split_sentences(text) {
            let mut words = words(sentence).peekable();
            if words.peek().is_none() {
                continue;
            }
            let list = builder.values();
            words.for_each(|word| list.values().append_value(word));
            list.append(true);
        }
        builder.append(true);
    }
    Ok(Arc::new(builder.finish()))
}

fn split_sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut after_end = false;
    for (at, c) in text.char_indices() {
        match c {
            '.' | '!' | '?' => after_end = true,
            _ if c.is_whitespace() && after_end => {
                sentences.push(&text[start..at]);
                start = at;
                after_end = false;
            }
            _ => after_end = false,
        }
    }
    sentences.push(&text[start..]);
    sentences
}

fn words(sentence: &str) -> impl Iterator<Item = &str> {
    sentence
        .split(|c: char| !(c.is_alphanumeric() || is_mark(c) || matches!(c, '\'' | '’' | '_' | '.' | ',')))
        .flat_map(between_commas)
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && !is_mark(c) && c != '_'))
        .filter(|word| !word.is_empty())
}

/// What stands on the letter before it: an accent of its own.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// A comma belongs to a word between digits only: `1,000`.
fn between_commas(run: &str) -> Vec<&str> {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = run.as_bytes();
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in run.match_indices(',') {
        if !(digit(at.checked_sub(1).and_then(|before| bytes.get(before))) && digit(bytes.get(at + 1))) {
            parts.push(&run[start..at]);
            start = at + 1;
        }
    }
    parts.push(&run[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::widths;

    #[test]
    fn widths_are_those_of_specifiers_only() {
        assert_eq!(widths("%-8.3f|%5d%% 99 %s"), 16);
        assert_eq!(widths("99 and 100%% 77"), 0);
        assert_eq!(widths("%99999999999999999999d"), usize::MAX);
        assert_eq!(widths("%é7%2d"), 2);
    }
}
