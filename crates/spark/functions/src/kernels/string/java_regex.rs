//! Java's regular expressions on Rust's `regex` and, for what has no linear time, on `fancy_regex`.
//!
//! `translate` writes a pattern in their syntax. Look-around, back references, atomic groups and possessive quantifiers
//! backtrack, as in Java; that has a limit here (`MAX_STEPS`). Anchors before a last line terminator are look-ahead, too,
//! and only the texts that have such a terminator pay for it.
//! Matches follow each other as in `Matcher.find`, where an empty match may touch the match before it.

mod translate;

use std::ops::Range;
use std::sync::Arc;
use std::sync::OnceLock;

use hearth_base::condition::{INVALID_PARAMETER_VALUE_PATTERN, LIMIT_EXCEEDED};
use hearth_base::{Error, Result};

use self::translate::{Refusal, translate};

/// Steps back that one search in one text may take.
const MAX_STEPS: usize = 10_000_000;

/// The latest compiled pattern: patterns are nearly always the same for all rows.
#[derive(Default)]
pub struct Compiled {
    last: Option<Pattern>,
}

impl Compiled {
    /// The pattern, compiled; `function` is for the error.
    pub fn get(&mut self, pattern: &str, function: &str) -> Result<&Pattern> {
        let known = self.last.as_ref().is_some_and(|last| &*last.source == pattern);
        if !known {
            self.last = Some(compile(pattern, function)?);
        }
        self.last.as_ref().ok_or_else(|| Error::internal("no pattern is compiled"))
    }
}

/// A compiled pattern.
pub struct Pattern {
    source: Arc<str>,
    engine: Engine,
    /// For texts that end in a line terminator, when the pattern asks for ends.
    exact: Option<OnceLock<Engine>>,
    lines: bool,
}

enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// Where the groups of a match are; the first is the match.
pub struct Groups<'t> {
    text: &'t str,
    ranges: Vec<Option<Range<usize>>>,
}

pub fn compile(pattern: &str, function: &str) -> Result<Pattern> {
    let translated = translate(pattern, false).map_err(|refusal| refused(&refusal, pattern, function))?;
    Ok(Pattern {
        source: Arc::from(pattern),
        engine: engine(&translated.text, translated.backtracks).ok_or_else(|| invalid(pattern, function))?,
        exact: translated.anchored.then(OnceLock::new),
        lines: translated.lines,
    })
}

fn refused(refusal: &Refusal, pattern: &str, function: &str) -> Error {
    match refusal {
        Refusal::Invalid => invalid(pattern, function),
        Refusal::Unsupported(feature) => Error::unsupported(format!("{feature} in the regular expression '{pattern}'")),
    }
}

fn invalid(pattern: &str, function: &str) -> Error {
    INVALID_PARAMETER_VALUE_PATTERN
        .with("parameter", "`regexp`")
        .with("functionName", format!("`{function}`"))
        .with("value", format!("'{pattern}'"))
}

fn engine(text: &str, backtracks: bool) -> Option<Engine> {
    if backtracks {
        let built = fancy_regex::RegexBuilder::new(text).backtrack_limit(MAX_STEPS).build();
        return built.ok().map(|regex| Engine::Backtracking(Box::new(regex)));
    }
    regex::Regex::new(text).ok().map(Engine::Linear)
}

/// Whether Rust reads a pattern as Java does, as it stands.
pub fn is_same_in_rust(pattern: &str) -> bool {
    translate(pattern, false).is_ok_and(|found| !found.backtracks && !found.anchored && found.text == pattern)
}

const TERMINATORS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

impl Pattern {
    /// What searches this text.
    fn engine(&self, text: &str) -> Result<&Engine> {
        let Some(exact) = &self.exact else { return Ok(&self.engine) };
        let plain = if self.lines {
            !text.is_empty() && !text.ends_with('\n') && !text.contains(&TERMINATORS[1..])
        } else {
            !text.ends_with(TERMINATORS)
        };
        if plain {
            return Ok(&self.engine);
        }
        if exact.get().is_none() {
            let translated = translate(&self.source, true).map_err(|refusal| refused(&refusal, &self.source, ""))?;
            let built = engine(&translated.text, translated.backtracks).ok_or_else(|| invalid(&self.source, ""))?;
            return Ok(exact.get_or_init(|| built));
        }
        exact.get().ok_or_else(|| Error::internal("no exact pattern is compiled"))
    }

    pub fn is_match(&self, text: &str) -> Result<bool> {
        match self.engine(text)? {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|error| self.stopped(&error)),
        }
    }

    pub fn find(&self, text: &str) -> Result<Option<Range<usize>>> {
        self.find_at(text, 0)
    }

    pub fn captures<'t>(&self, text: &'t str) -> Result<Option<Groups<'t>>> {
        self.captures_at(text, 0)
    }

    fn find_at(&self, text: &str, start: usize) -> Result<Option<Range<usize>>> {
        match self.engine(text)? {
            Engine::Linear(regex) => Ok(regex.find_at(text, start).map(|found| found.range())),
            Engine::Backtracking(regex) => {
                let found = regex.find_from_pos(text, start).map_err(|error| self.stopped(&error))?;
                Ok(found.map(|found| found.range()))
            }
        }
    }

    fn captures_at<'t>(&self, text: &'t str, start: usize) -> Result<Option<Groups<'t>>> {
        let ranges = match self.engine(text)? {
            Engine::Linear(regex) => regex
                .captures_at(text, start)
                .map(|groups| groups.iter().map(|group| group.map(|found| found.range())).collect()),
            Engine::Backtracking(regex) => regex
                .captures_from_pos(text, start)
                .map_err(|error| self.stopped(&error))?
                .map(|groups| groups.iter().map(|group| group.map(|found| found.range())).collect()),
        };
        Ok(ranges.map(|ranges| Groups { text, ranges }))
    }

    /// The place of a named group.
    fn group_named(&self, name: &str) -> Option<usize> {
        match &self.engine {
            Engine::Linear(regex) => regex.capture_names().position(|known| known == Some(name)),
            Engine::Backtracking(regex) => regex.capture_names().position(|known| known == Some(name)),
        }
    }

    /// There is one way to stop besides the limit, a stack that is full, and it has the same cause.
    fn stopped(&self, _: &fancy_regex::Error) -> Error {
        LIMIT_EXCEEDED
            .with("what", format!("a search for '{}', which goes back and tries again,", self.source))
            .with("limit", "the steps of a regular expression in one text")
            .with("value", MAX_STEPS)
    }

    /// All matches, in `Matcher.find`'s order.
    pub fn matches<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Result<Range<usize>>> + 't {
        let mut start = 0;
        std::iter::from_fn(move || {
            let found = if start <= text.len() { self.find_at(text, start).transpose()? } else { return None };
            start = found.as_ref().map_or(usize::MAX, |found| next_start(text, found));
            Some(found)
        })
    }

    /// All matches with their groups.
    pub fn all_captures<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Result<Groups<'t>>> + 't {
        let mut start = 0;
        std::iter::from_fn(move || {
            let groups = if start <= text.len() { self.captures_at(text, start).transpose()? } else { return None };
            start = groups.as_ref().map_or(usize::MAX, |groups| next_start(text, &groups.range()));
            Some(groups)
        })
    }
}

impl<'t> Groups<'t> {
    /// How many there are, the match itself among them.
    pub fn count(&self) -> usize {
        self.ranges.len()
    }

    /// Where the match is.
    pub fn range(&self) -> Range<usize> {
        self.ranges.first().cloned().flatten().unwrap_or(0..0)
    }

    /// What a group matched; empty when it took no part.
    pub fn text(&self, group: usize) -> &'t str {
        self.ranges.get(group).cloned().flatten().map_or("", |range| &self.text[range])
    }
}

/// Where `Matcher.find` looks next.
fn next_start(text: &str, found: &Range<usize>) -> usize {
    if found.is_empty() { found.end + text[found.end..].chars().next().map_or(1, char::len_utf8) } else { found.end }
}

/// `Matcher.appendReplacement`: `$1`, `${name}` and `\x`. `None` when the replacement is not valid.
pub fn append_replacement(out: &mut String, pattern: &Pattern, groups: &Groups<'_>, replacement: &str) -> Option<()> {
    let mut rest = replacement.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.push(rest.next()?),
            '$' if rest.peek() == Some(&'{') => {
                rest.next();
                let mut name = String::new();
                loop {
                    match rest.next()? {
                        '}' => break,
                        c if c.is_ascii_alphanumeric() => name.push(c),
                        _ => return None,
                    }
                }
                out.push_str(groups.text(pattern.group_named(&name)?));
            }
            '$' => {
                let mut group = rest.next()?.to_digit(10)? as usize;
                if group >= groups.count() {
                    return None;
                }
                while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= groups.count() {
                        break;
                    }
                    group = longer;
                    rest.next();
                }
                out.push_str(groups.text(group));
            }
            _ => out.push(c),
        }
    }
    Some(())
}
