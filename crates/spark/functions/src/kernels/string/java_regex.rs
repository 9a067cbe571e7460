//! Java's regular expressions on Rust's `regex`.
//!
//! The two languages share most of their syntax. Translated here: the ASCII meaning of `\d \w \s \b` in Java, `\h \R \Q…\E`,
//! what `.` leaves out, `[` and `&&` inside classes, POSIX class names. Look-around, back references, atomic groups and
//! possessive quantifiers have no counterpart in an engine that promises linear time; they are refused by name.
//! Matches follow each other as in `Matcher.find`, where an empty match may touch the match before it.

use hearth_base::condition::INVALID_PARAMETER_VALUE_PATTERN;
use hearth_base::{Error, Result};
use regex::{Captures, Match, Regex};

/// The latest compiled pattern: patterns are nearly always the same for all rows.
#[derive(Default)]
pub struct Compiled {
    last: Option<(String, Regex)>,
}

impl Compiled {
    /// The pattern, compiled; `function` is for the error.
    pub fn get(&mut self, pattern: &str, function: &str) -> Result<&Regex> {
        let known = self.last.as_ref().is_some_and(|(last, _)| last == pattern);
        if !known {
            self.last = Some((pattern.to_owned(), compile(pattern, function)?));
        }
        self.last.as_ref().map(|(_, regex)| regex).ok_or_else(|| Error::internal("no pattern is compiled"))
    }
}

pub fn compile(pattern: &str, function: &str) -> Result<Regex> {
    if let Some(feature) = unsupported(pattern) {
        return Err(Error::unsupported(format!("{feature} in the regular expression '{pattern}'")));
    }
    Regex::new(&translate(pattern)).map_err(|_| {
        INVALID_PARAMETER_VALUE_PATTERN
            .with("parameter", "`regexp`")
            .with("functionName", format!("`{function}`"))
            .with("value", format!("'{pattern}'"))
    })
}

/// Whether Rust reads a pattern as Java does, as it stands.
pub fn is_same_in_rust(pattern: &str) -> bool {
    translate(pattern) == pattern
}

fn unsupported(pattern: &str) -> Option<&'static str> {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    let mut quantified = false;
    while at < bytes.len() {
        let rest = &bytes[at..];
        match rest {
            [b'\\', b'1'..=b'9', ..] => return Some("a back reference"),
            [b'\\', b'k', b'<', ..] => return Some("a back reference"),
            [b'\\', ..] => {
                at += 2;
                quantified = false;
                continue;
            }
            [b'(', b'?', b'=' | b'!', ..] | [b'(', b'?', b'<', b'=' | b'!', ..] => return Some("look-around"),
            [b'(', b'?', b'>', ..] => return Some("an atomic group"),
            [b'+', ..] if quantified => return Some("a possessive quantifier"),
            [b'[', ..] => {
                at += class_length(rest);
                quantified = false;
                continue;
            }
            [b'{', inner @ ..] => {
                // `{2,3}` repeats; `\p{L}` does not.
                let length = inner.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
                quantified = length > 0 && inner.get(length) == Some(&b'}');
                at += if quantified { length + 1 } else { 0 };
            }
            [b'*' | b'+' | b'?', ..] => quantified = true,
            _ => quantified = false,
        }
        at += 1;
    }
    None
}

/// Bytes of the character class that starts `bytes`.
fn class_length(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' => depth += 1,
            b']' if at > 1 && !(at == 2 && bytes[1] == b'^') => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars().peekable();
    let mut depth = 0usize;
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('Q') => {
                    let text: String = rest.by_ref().collect();
                    let (literal, after) = text.split_once("\\E").unwrap_or((&text, ""));
                    out.push_str(&regex::escape(literal));
                    out.push_str(&translate(after));
                    return out;
                }
                Some(escape) => push_escape(&mut out, escape, depth > 0, &mut rest),
                None => out.push('\\'),
            },
            '[' => {
                depth += 1;
                out.push('[');
                if rest.peek() == Some(&'^') {
                    rest.next();
                    out.push('^');
                }
                if rest.peek() == Some(&']') {
                    rest.next();
                    out.push_str("\\]");
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            // Rust reads these as set operations inside a class; in Java they are plain characters.
            '~' | '-' if depth > 0 && rest.peek() == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            ']' | '}' if depth == 0 && !matches_open(&out, c) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Whether a closing bracket closes a repetition; otherwise it is a character.
fn matches_open(out: &str, close: char) -> bool {
    close == '}' && out.rfind('{').is_some_and(|open| out.rfind('}').is_none_or(|last| last < open))
}

fn push_escape(out: &mut String, escape: char, in_class: bool, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let inner = match escape {
        'd' => "0-9",
        'w' => "a-zA-Z_0-9",
        's' => " \\t\\n\\x0B\\f\\r",
        'h' => " \\t\\u{A0}\\u{1680}\\u{180e}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}",
        'v' => "\\n\\x0B\\f\\r\\u{85}\\u{2028}\\u{2029}",
        _ => "",
    };
    if !inner.is_empty() {
        if in_class {
            out.push_str(inner);
        } else {
            out.push('[');
            out.push_str(inner);
            out.push(']');
        }
        return;
    }
    match escape {
        'D' => out.push_str("[^0-9]"),
        'W' => out.push_str("[^a-zA-Z_0-9]"),
        'S' => out.push_str("[^ \\t\\n\\x0B\\f\\r]"),
        'H' => out.push_str("[^ \\t\\u{A0}\\u{1680}\\u{180e}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}]"),
        'V' => out.push_str("[^\\n\\x0B\\f\\r\\u{85}\\u{2028}\\u{2029}]"),
        'R' => out.push_str("(?:\\r\\n|[\\n\\x0B\\f\\r\\u{85}\\u{2028}\\u{2029}])"),
        'Z' => out.push_str("\\z"),
        'e' => out.push_str("\\x1B"),
        'u' => push_unicode(out, rest),
        'p' | 'P' => push_property(out, escape, rest),
        'a' | 'f' | 'n' | 'r' | 't' | 'x' | 'b' | 'B' | 'A' | 'z' => {
            out.push('\\');
            out.push(escape);
        }
        // A letter without meaning is an error in both languages; any other character stands for itself.
        _ if escape.is_ascii_alphanumeric() => {
            out.push('\\');
            out.push(escape);
        }
        _ => out.push_str(&regex::escape(escape.encode_utf8(&mut [0; 4]))),
    }
}

/// `\uXXXX`
fn push_unicode(out: &mut String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    out.push_str("\\u{");
    out.extend(rest.by_ref().take(4));
    out.push('}');
}

/// `\p{Alpha}`: Java's POSIX names are ASCII, `Is…` and `In…` prefix Unicode names.
fn push_property(out: &mut String, escape: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if rest.peek() != Some(&'{') {
        out.push('\\');
        out.push(escape);
        return;
    }
    rest.next();
    let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
    let not = if escape == 'P' { "^" } else { "" };
    let posix = match name.as_str() {
        "Lower" => "lower",
        "Upper" => "upper",
        "ASCII" => "ascii",
        "Alpha" => "alpha",
        "Digit" => "digit",
        "Alnum" => "alnum",
        "Punct" => "punct",
        "Graph" => "graph",
        "Print" => "print",
        "Blank" => "blank",
        "Cntrl" => "cntrl",
        "XDigit" => "xdigit",
        "Space" => "space",
        _ => "",
    };
    if posix.is_empty() {
        let name = name.strip_prefix("Is").unwrap_or(&name);
        out.push('\\');
        out.push(escape);
        out.push('{');
        out.push_str(name);
        out.push('}');
    } else {
        out.push_str("[[:");
        out.push_str(not);
        out.push_str(posix);
        out.push_str(":]]");
    }
}

/// Where `Matcher.find` looks next.
fn next_start(text: &str, found: Match<'_>) -> usize {
    if found.is_empty() {
        found.end() + text[found.end()..].chars().next().map_or(1, char::len_utf8)
    } else {
        found.end()
    }
}

/// All matches, in `Matcher.find`'s order.
pub fn matches<'t>(regex: &'t Regex, text: &'t str) -> impl Iterator<Item = Match<'t>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let found = (start <= text.len()).then(|| regex.find_at(text, start)).flatten()?;
        start = next_start(text, found);
        Some(found)
    })
}

/// All matches with their groups.
pub fn captures<'t>(regex: &'t Regex, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let groups = (start <= text.len()).then(|| regex.captures_at(text, start)).flatten()?;
        start = next_start(text, groups.get(0)?);
        Some(groups)
    })
}

/// `Matcher.appendReplacement`: `$1`, `${name}` and `\x`. `None` when the replacement is not valid.
pub fn append_replacement(out: &mut String, groups: &Captures<'_>, replacement: &str) -> Option<()> {
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
                out.push_str(groups.name(&name)?.as_str());
            }
            '$' => {
                let mut group = rest.next()?.to_digit(10)? as usize;
                if group >= groups.len() {
                    return None;
                }
                while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= groups.len() {
                        break;
                    }
                    group = longer;
                    rest.next();
                }
                out.push_str(groups.get(group).map_or("", |found| found.as_str()));
            }
            _ => out.push(c),
        }
    }
    Some(())
}
