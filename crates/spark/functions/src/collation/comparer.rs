//! How the strings of a collation are compared and searched: by their bytes, by their letters in lower case, or by ICU.
//!
//! ICU4X has no search, and does not show the collation elements of a text. A match is found by comparing pieces of the
//! text with what is looked for: the pieces begin and end where a letter with all its marks does, they are the shortest
//! of their kind, and none cuts letters that count as one (`ch` of Czech). The trap: a boundary between such letters is
//! found by putting U+034F between them, which says nothing itself but keeps them apart.

use std::cmp::Ordering;

use hearth_types::Collation;
use hearth_types::collation::Root;
use icu_collator::options::{CaseLevel, CollatorOptions, Strength};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale::Locale;

/// Keeps letters apart that would be compared as one.
const JOINER: char = '\u{34F}';
/// Sorts behind everything.
const LAST: char = '\u{FFFF}';

pub struct Comparer {
    kind: Kind,
    trims: bool,
}

enum Kind {
    Binary,
    Lcase,
    Icu(Box<Icu>),
}

struct Icu {
    full: CollatorBorrowed<'static>,
    /// Letters alone, without accents and case.
    letters: CollatorBorrowed<'static>,
    /// With accents and case: tells an accent from a sign that nobody sees.
    marks: CollatorBorrowed<'static>,
}

impl Comparer {
    pub fn new(collation: Collation) -> Self {
        let kind = match collation.root {
            Root::Binary => Kind::Binary,
            Root::Lcase => Kind::Lcase,
            Root::Locale(locale) => Icu::new(collation, locale).map_or(Kind::Binary, |icu| Kind::Icu(Box::new(icu))),
        };
        Self { kind, trims: collation.trims }
    }

    /// The part of a text that counts: without the blanks at its end where the collation leaves them out.
    pub fn counted<'a>(&self, text: &'a str) -> &'a str {
        if self.trims { text.trim_end_matches(' ') } else { text }
    }

    /// What stands for a text where it is compared: the order of keys' bytes is the order of the texts.
    pub fn key(&self, text: &str) -> String {
        let text = self.counted(text);
        match &self.kind {
            Kind::Binary => text.to_owned(),
            Kind::Lcase => lower(text),
            Kind::Icu(icu) => icu.key(text),
        }
    }

    pub fn equal(&self, left: &str, right: &str) -> bool {
        let (left, right) = (self.counted(left), self.counted(right));
        match &self.kind {
            Kind::Binary => left == right,
            Kind::Lcase => lower(left) == lower(right),
            Kind::Icu(icu) => icu.full.compare(left, right) == Ordering::Equal,
        }
    }

    pub fn equal_letters(&self, left: char, right: char) -> bool {
        let (mut left_bytes, mut right_bytes) = ([0; 4], [0; 4]);
        match &self.kind {
            Kind::Binary => left == right,
            Kind::Lcase => lower_letter(left).eq(lower_letter(right)),
            Kind::Icu(icu) => {
                let (left, right) = (left.encode_utf8(&mut left_bytes), right.encode_utf8(&mut right_bytes));
                icu.full.compare(left, right) == Ordering::Equal && !icu.is_ignored(left)
            }
        }
    }

    /// Where `part` stands in `text`: the bytes of each match, from the left, none in another.
    pub fn matches(&self, text: &str, part: &str) -> Vec<(usize, usize)> {
        match &self.kind {
            Kind::Binary if part.is_empty() => Vec::new(),
            Kind::Binary => text.match_indices(part).map(|(start, found)| (start, start + found.len())).collect(),
            Kind::Lcase => lower_matches(text, part),
            Kind::Icu(icu) => icu.matches(text, part, usize::MAX),
        }
    }

    /// As `matches`; they may reach into each other.
    pub fn overlapping(&self, text: &str, part: &str) -> Vec<(usize, usize)> {
        if let Kind::Icu(icu) = &self.kind {
            return icu.overlapping(text, part);
        }
        let mut found = Vec::new();
        let mut from = 0;
        while let Some((start, end)) = text.get(from..).and_then(|rest| self.first_match(rest, part)) {
            found.push((from + start, from + end));
            let width = text[from + start..].chars().next().map_or(1, char::len_utf8);
            from += start + width;
        }
        found
    }

    pub fn first_match(&self, text: &str, part: &str) -> Option<(usize, usize)> {
        match &self.kind {
            Kind::Icu(icu) => icu.matches(text, part, 1).first().copied(),
            Kind::Binary | Kind::Lcase => self.matches(text, part).first().copied(),
        }
    }

    /// Whether `text` ends with `part`.
    pub fn ends_with(&self, text: &str, part: &str) -> bool {
        match &self.kind {
            Kind::Icu(icu) => icu.ends_with(text, part),
            Kind::Binary => text.ends_with(part),
            Kind::Lcase => lower(text).ends_with(&lower(part)),
        }
    }
}

impl Icu {
    /// The names of the table are tags that ICU reads, and its data is compiled in: there is always one.
    fn new(collation: Collation, locale: &hearth_types::collation::Locale) -> Option<Self> {
        let preferences = CollatorPreferences::from(locale.tag().parse::<Locale>().ok()?);
        let collator = |strength, case_level| {
            let mut options = CollatorOptions::default();
            options.strength = Some(strength);
            options.case_level = case_level;
            CollatorBorrowed::try_new(preferences, options).ok()
        };
        let (strength, case_level) = match (collation.ignores_case, collation.ignores_accents) {
            (false, false) => (Strength::Tertiary, None),
            (true, false) => (Strength::Secondary, None),
            (false, true) => (Strength::Primary, Some(CaseLevel::On)),
            (true, true) => (Strength::Primary, None),
        };
        Some(Self {
            full: collator(strength, case_level)?,
            letters: collator(Strength::Primary, None)?,
            marks: collator(Strength::Tertiary, None)?,
        })
    }

    /// Bytes as letters below U+0100: text whose order is that of the bytes.
    fn key(&self, text: &str) -> String {
        let mut bytes = Vec::new();
        let Ok(()) = self.full.write_sort_key_to(text, &mut bytes);
        bytes.into_iter().map(char::from).collect()
    }

    /// Whether nothing of a text counts.
    fn is_ignored(&self, text: &str) -> bool {
        self.full.compare(text, "") == Ordering::Equal
    }

    /// Where letters begin, each with the marks behind it, and the end.
    fn boundaries(&self, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut flags = 0;
        let mut last = None;
        for (place, letter) in text.char_indices() {
            let is_flag = ('\u{1F1E6}'..='\u{1F1FF}').contains(&letter);
            let second = (is_flag && flags % 2 == 1) || (last == Some('\r') && letter == '\n');
            if found.is_empty() || !(second || self.is_mark(letter)) {
                found.push(place);
            }
            flags = if is_flag { flags + 1 } else { 0 };
            last = Some(letter);
        }
        found.push(text.len());
        found
    }

    /// An accent: no letter, but not nothing.
    fn is_mark(&self, letter: char) -> bool {
        if letter.is_ascii() {
            return false;
        }
        let mut bytes = [0; 4];
        let letter = letter.encode_utf8(&mut bytes);
        self.letters.compare(letter, "") == Ordering::Equal
            && (self.marks.compare(letter, "") != Ordering::Equal || is_joined(letter))
    }

    fn matches(&self, text: &str, part: &str, limit: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        if self.is_ignored(part) {
            return found;
        }
        let boundaries = self.boundaries(text);
        let mut place = 0;
        while place + 1 < boundaries.len() && found.len() < limit {
            match self.match_at(text, part, &boundaries, place) {
                Some(end) => {
                    found.push((boundaries[place], boundaries[end]));
                    place = end;
                }
                None => place += 1,
            }
        }
        found
    }

    /// Matches that may reach into each other.
    fn overlapping(&self, text: &str, part: &str) -> Vec<(usize, usize)> {
        if self.is_ignored(part) {
            return Vec::new();
        }
        let boundaries = self.boundaries(text);
        let places = 0..boundaries.len().saturating_sub(1);
        let found = places
            .filter_map(|place| Some((boundaries[place], boundaries[self.match_at(text, part, &boundaries, place)?])));
        found.collect()
    }

    /// The boundary at which the shortest match ends that begins at a boundary.
    fn match_at(&self, text: &str, part: &str, boundaries: &[usize], place: usize) -> Option<usize> {
        let start = boundaries[place];
        if self.is_ignored(&text[start..boundaries[place + 1]]) || !self.is_apart(text, boundaries, place) {
            return None;
        }
        let mut open = String::new();
        for (end, limit) in boundaries.iter().copied().enumerate().skip(place + 1) {
            let piece = &text[start..limit];
            match self.letters.compare(piece, part) {
                Ordering::Greater => return None,
                Ordering::Equal => {
                    if self.full.compare(piece, part) == Ordering::Equal && self.is_apart(text, boundaries, end) {
                        return Some(end);
                    }
                }
                Ordering::Less => {
                    open.clear();
                    open.push_str(piece);
                    open.push(LAST);
                    // Letters that count as one with those before them may come behind all others.
                    if self.letters.compare(&open, part) == Ordering::Less && self.is_apart(text, boundaries, end) {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Whether what stands before and behind a boundary is compared one by one.
    fn is_apart(&self, text: &str, boundaries: &[usize], place: usize) -> bool {
        if place == 0 || place + 1 >= boundaries.len() {
            return true;
        }
        let (before, behind) =
            (&text[boundaries[place - 1]..boundaries[place]], &text[boundaries[place]..boundaries[place + 1]]);
        if before.is_ascii()
            && behind.is_ascii()
            && !before.bytes().chain(behind.bytes()).all(|b| b.is_ascii_alphabetic())
        {
            return true;
        }
        self.full.compare(&format!("{before}{behind}"), &format!("{before}{JOINER}{behind}")) == Ordering::Equal
    }

    fn ends_with(&self, text: &str, part: &str) -> bool {
        if self.is_ignored(part) {
            return false;
        }
        let boundaries = self.boundaries(text);
        let last = boundaries.len() - 1;
        (0..last).any(|place| self.match_at(text, part, &boundaries, place) == Some(last))
    }
}

/// Signs that nobody sees but that belong to the letter before them.
fn is_joined(letter: &str) -> bool {
    letter.chars().all(|letter| matches!(letter, '\u{200C}' | '\u{200D}' | '\u{34F}' | '\u{FE00}'..='\u{FE0F}'))
}

/// Each letter in lower case by itself; a final sigma is a sigma.
pub fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(lower_letter).collect() }
}

fn lower_letter(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().map(|lower| if lower == 'ς' { 'σ' } else { lower })
}

fn lower_matches(text: &str, part: &str) -> Vec<(usize, usize)> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn matches(collation: &str, text: &str, part: &str) -> Vec<(usize, usize)> {
        Comparer::new(Collation::parse(collation).unwrap()).matches(text, part)
    }

    #[test]
    fn matches_do_not_tell_case_and_do_not_overlap() {
        for collation in ["UTF8_LCASE", "UNICODE_CI"] {
            assert_eq!(matches(collation, "aXbxc", "x"), [(1, 2), (3, 4)]);
            assert_eq!(matches(collation, "AAaA", "aa"), [(0, 2), (2, 4)]);
            assert_eq!(matches(collation, "ÄäΣς", "ä"), [(0, 2), (2, 4)]);
            assert_eq!(matches(collation, "ΣΑΣ", "ς"), [(0, 2), (4, 6)]);
            assert!(matches(collation, "abc", "").is_empty());
            assert!(matches(collation, "ab", "abc").is_empty());
        }
    }

    #[test]
    fn letters_that_count_as_one_are_not_cut() {
        assert!(matches("cs", "ach", "c").is_empty());
        assert!(matches("cs", "ach", "h").is_empty());
        assert_eq!(matches("cs_CI", "ach", "CH"), [(1, 3)]);
        assert!(matches("UNICODE_CI", "a\u{308}b", "a").is_empty());
        assert_eq!(matches("UNICODE_CI_AI", "a\u{308}b", "a"), [(0, 3)]);
        assert_eq!(matches("UNICODE_CI_AI", "straße", "ss"), [(4, 6)]);
        assert!(matches("UNICODE_CI_AI", "straße", "se").is_empty());
    }

    #[test]
    fn signs_that_nobody_sees_are_passed_over_inside_of_a_match() {
        assert_eq!(matches("UNICODE_CI", "xa\u{1}bc", "ab"), [(1, 4)]);
        assert_eq!(matches("UNICODE_CI", "x\u{1}a\u{1}b", "a"), [(2, 3)]);
        assert!(matches("UNICODE_CI", "ab", "\u{1}").is_empty());
    }

    #[test]
    fn every_locale_is_one_that_icu_reads() {
        for locale in &hearth_types::collation::LOCALES {
            assert!(locale.tag().parse::<Locale>().is_ok(), "{}", locale.name);
            let comparer = Comparer::new(Collation::parse(locale.name).unwrap());
            assert!(matches!(comparer.kind, Kind::Icu(_)), "{}", locale.name);
        }
    }
}
