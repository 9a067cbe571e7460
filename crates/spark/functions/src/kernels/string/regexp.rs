//! The regexp functions and `split`.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use hearth_base::Result;
use hearth_base::condition::{INVALID_PARAMETER_VALUE_REGEX_GROUP_INDEX, INVALID_REGEXP_REPLACE};

use crate::kernels::room;
use crate::kernels::rowwise::Args;
use crate::kernels::string::java_regex::{Compiled, append_replacement};

/// `RLIKE`; the state is the function's name, for errors.
pub fn like(name: &Arc<str>, args: &Args) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut compiled = Compiled::default();
    let mut answers = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        answers.push(match (text.get(row), pattern.get(row)) {
            (Some(text), Some(pattern)) => Some(compiled.get(pattern, name)?.is_match(text)?),
            (_, _) => None,
        });
    }
    args.booleans(|row| answers[row])
}

fn check_group(group: i32, count: usize, function: &str) -> Result<usize> {
    match usize::try_from(group) {
        Ok(index) if index < count => Ok(index),
        Ok(_) | Err(_) => Err(INVALID_PARAMETER_VALUE_REGEX_GROUP_INDEX
            .with("parameter", "`idx`")
            .with("functionName", format!("`{function}`"))
            .with("groupCount", count - 1)
            .with("groupIndex", group)),
    }
}

/// `regexp_extract(text, pattern, group)`: empty without a match.
pub fn extract(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern, group) = (args.text(0)?, args.text(1)?, args.int(2)?);
    let mut compiled = Compiled::default();
    args.try_texts(|row, out| {
        let (Some(text), Some(pattern), Some(group)) = (text.get(row), pattern.get(row), group.get(row)) else {
            return Ok(None);
        };
        let regex = compiled.get(pattern, "regexp_extract")?;
        if let Some(groups) = regex.captures(text)? {
            out.push_str(groups.text(check_group(group, groups.count(), "regexp_extract")?));
        }
        Ok(Some(()))
    })
}

pub fn extract_all(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern, group) = (args.text(0)?, args.text(1)?, args.int(2)?);
    let mut compiled = Compiled::default();
    args.text_lists(|row, out| {
        let (Some(text), Some(pattern), Some(group)) = (text.get(row), pattern.get(row), group.get(row)) else {
            return Ok(None);
        };
        for groups in compiled.get(pattern, "regexp_extract_all")?.all_captures(text) {
            let groups = groups?;
            out.append_value(groups.text(check_group(group, groups.count(), "regexp_extract_all")?));
        }
        Ok(Some(()))
    })
}

/// The first match, or NULL when there is none or it is empty.
pub fn substr(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut compiled = Compiled::default();
    args.try_texts(|row, out| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        let found = compiled.get(pattern, "regexp_substr")?.find(text)?.filter(|found| !found.is_empty());
        Ok(found.map(|found| out.push_str(&text[found])))
    })
}

pub fn count(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut compiled = Compiled::default();
    args.try_values::<Int32Type>(|row| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        let mut count = 0;
        for found in compiled.get(pattern, "regexp_count")?.matches(text) {
            found?;
            count += 1;
        }
        Ok(Some(count))
    })
}

/// Where the first match starts, from 1; 0 without one.
pub fn instr(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let group = if args.len() > 2 { Some(args.int(2)?) } else { None };
    let mut compiled = Compiled::default();
    args.try_values::<Int32Type>(|row| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        if group.as_ref().is_some_and(|group| group.get(row).is_none()) {
            return Ok(None);
        }
        let found = compiled.get(pattern, "regexp_instr")?.find(text)?;
        Ok(Some(found.map_or(0, |found| text[..found.start].encode_utf16().count() as i32 + 1)))
    })
}

/// `regexp_replace(text, pattern, replacement, position)`: what comes before the position stays.
pub fn replace(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern, replacement) = (args.text(0)?, args.text(1)?, args.text(2)?);
    let position = args.int(3)?;
    let mut compiled = Compiled::default();
    args.try_texts(|row, out| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        let (Some(replacement), Some(position)) = (replacement.get(row), position.get(row)) else { return Ok(None) };
        let regex = compiled.get(pattern, "regexp_replace")?;
        let skipped = usize::try_from(position).unwrap_or(1).saturating_sub(1);
        let start = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
        let (before, rest) = text.split_at(start);
        out.push_str(before);
        if skipped > 0 && rest.is_empty() {
            return Ok(Some(()));
        }
        let mut done = 0;
        for groups in regex.all_captures(rest) {
            let groups = groups?;
            let found = groups.range();
            room::check("the text", out.len() + replacement.len())?;
            out.push_str(&rest[done..found.start]);
            append_replacement(out, regex, &groups, replacement).ok_or_else(|| {
                INVALID_REGEXP_REPLACE
                    .with("source", text)
                    .with("pattern", pattern)
                    .with("replacement", replacement)
                    .with("position", position)
            })?;
            done = found.end;
        }
        out.push_str(&rest[done..]);
        Ok(Some(()))
    })
}

/// `split(text, pattern, limit)` as `String.split` with a limit; a limit of 0 is no limit. An empty pattern splits into
/// characters.
pub fn split(_: &(), args: &Args) -> Result<ArrayRef> {
    let (text, pattern, limit) = (args.text(0)?, args.text(1)?, args.int(2)?);
    let mut compiled = Compiled::default();
    args.text_lists(|row, out| {
        let (Some(text), Some(pattern), Some(limit)) = (text.get(row), pattern.get(row), limit.get(row)) else {
            return Ok(None);
        };
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let mut parts = 0;
        let mut start = 0;
        if pattern.is_empty() && !text.is_empty() {
            for (at, _) in text.char_indices().skip(1) {
                if parts + 1 >= limit {
                    break;
                }
                out.append_value(&text[start..at]);
                (parts, start) = (parts + 1, at);
            }
            out.append_value(&text[start..]);
            return Ok(Some(()));
        }
        for found in compiled.get(pattern, "split")?.matches(text) {
            let found = found?;
            if parts + 1 >= limit {
                break;
            }
            // An empty match at the beginning gives no empty first part.
            if found.end == 0 {
                continue;
            }
            out.append_value(&text[start..found.start]);
            (parts, start) = (parts + 1, found.end);
        }
        out.append_value(&text[start..]);
        Ok(Some(()))
    })
}
