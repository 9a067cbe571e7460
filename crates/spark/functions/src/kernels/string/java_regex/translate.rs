//! A regular expression of `java.util.regex` in the syntax of Rust's `regex` and `fancy_regex`.
//!
//! The pattern is read once, group by group, with Java's flags. What the two languages call alike is written out when it
//! means something else: `.`, `\d \w \s \h \v \R`, POSIX class names, case that is ignored for ASCII letters alone, classes.
//! `$`, `\Z` and the anchors of lines stand before a last line terminator in Java: that is written with look-ahead in the
//! `exact` form; the plain form is right for texts that `needs_exact` does not name, and keeps linear time.

mod class;

use std::iter::Peekable;
use std::str::Chars;

use class::Shorthand;

const TERMINATORS: &str = r"\n\r\u{85}\u{2028}\u{2029}";

/// What a pattern is in Rust's syntax.
#[derive(Debug, PartialEq, Eq)]
pub struct Translated {
    pub text: String,
    /// Look-around, back references, atomic groups, possessive quantifiers: no linear time.
    pub backtracks: bool,
    /// Whether the exact form is another.
    pub anchored: bool,
    /// Whether anchors of lines are in it.
    pub lines: bool,
}

/// Why a pattern is not translated.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Java refuses it as well.
    Invalid,
    /// What is not built.
    Unsupported(&'static str),
}

type Outcome<T> = Result<T, Refusal>;

/// `exact` asks for anchors that are right for every text.
pub fn translate(pattern: &str, exact: bool) -> Outcome<Translated> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 8),
        flags: Flags::default(),
        exact,
        groups: 0,
        depth: 0,
        backtracks: false,
        anchored: false,
        lines: false,
    };
    translator.alternatives()?;
    if translator.rest.peek().is_some() {
        return Err(Refusal::Invalid);
    }
    let Translator { out, backtracks, anchored, lines, .. } = translator;
    Ok(Translated { text: out, backtracks, anchored, lines })
}

/// Java's embedded flags; `(?i)` without `(?u)` is about ASCII.
#[derive(Clone, Copy, Default)]
struct Flags {
    case_insensitive: bool,
    unix_lines: bool,
    multiline: bool,
    dot_all: bool,
    unicode_case: bool,
    comments: bool,
    unicode_classes: bool,
}

/// How deep groups may nest: the compilers below have their own limits, this one keeps our own stack.
const MAX_DEPTH: usize = 250;

struct Translator<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
    flags: Flags,
    exact: bool,
    groups: usize,
    depth: usize,
    backtracks: bool,
    anchored: bool,
    lines: bool,
}

impl Translator<'_> {
    fn next(&mut self) -> Outcome<char> {
        self.rest.next().ok_or(Refusal::Invalid)
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    fn expect(&mut self, wanted: char) -> Outcome<()> {
        if self.eat(wanted) { Ok(()) } else { Err(Refusal::Invalid) }
    }

    /// In comments mode blanks and `#…` say nothing.
    fn skip_comments(&mut self) {
        while self.flags.comments {
            match self.rest.peek() {
                Some(' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C') => {
                    self.rest.next();
                }
                Some('#') => while self.rest.next_if(|c| *c != '\n').is_some() {},
                _ => return,
            }
        }
    }

    /// Up to the end or the `)` of the group; flags that are set inside hold to its end.
    fn alternatives(&mut self) -> Outcome<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::Unsupported("groups nested that deep"));
        }
        let flags = self.flags;
        loop {
            self.skip_comments();
            match self.rest.peek() {
                None | Some(')') => break,
                Some('|') => {
                    self.rest.next();
                    self.out.push('|');
                }
                Some(_) => self.item()?,
            }
        }
        self.flags = flags;
        self.depth -= 1;
        Ok(())
    }

    /// An atom with its quantifier.
    fn item(&mut self) -> Outcome<()> {
        let start = self.out.len();
        match self.rest.peek() {
            // A repetition of nothing.
            Some('{') => self.out.push_str("(?:)"),
            Some('*' | '+' | '?') => return Err(Refusal::Invalid),
            _ => {
                if !self.atom()? {
                    return Ok(());
                }
            }
        }
        self.skip_comments();
        self.quantifier(start)
    }

    /// What follows the atom that was written from `start` on.
    fn quantifier(&mut self, start: usize) -> Outcome<()> {
        match self.rest.peek() {
            Some('*' | '+' | '?') => {
                let quantifier = self.next()?;
                self.out.push(quantifier);
            }
            Some('{') => self.counted()?,
            _ => return Ok(()),
        }
        if self.eat('?') {
            self.out.push('?');
        } else if self.eat('+') {
            self.backtracks = true;
            self.out.insert_str(start, "(?>");
            self.out.push(')');
        }
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,3}`
    fn counted(&mut self) -> Outcome<()> {
        self.expect('{')?;
        let least = self.digits(10, usize::MAX);
        let mut written = format!("{{{least}");
        if least.is_empty() {
            return Err(Refusal::Invalid);
        }
        if self.eat(',') {
            let most = self.digits(10, usize::MAX);
            let number = |text: &str| text.parse::<u32>().map_err(|_| Refusal::Invalid);
            if !most.is_empty() && number(&most)? < number(&least)? {
                return Err(Refusal::Invalid);
            }
            written.push(',');
            written.push_str(&most);
        }
        self.expect('}')?;
        written.push('}');
        self.out.push_str(&written);
        Ok(())
    }

    fn digits(&mut self, radix: u32, most: usize) -> String {
        let mut digits = String::new();
        while digits.len() < most
            && let Some(digit) = self.rest.next_if(|c| c.is_digit(radix))
        {
            digits.push(digit);
        }
        digits
    }

    /// One atom; false for what cannot be repeated because nothing was written.
    fn atom(&mut self) -> Outcome<bool> {
        match self.next()? {
            '(' => return self.group(),
            '[' => {
                let class = self.class()?;
                self.push_class(&class);
            }
            '\\' => return self.escape(),
            '.' => self.dot(),
            '^' => self.line_start(),
            '$' => self.line_end(self.flags.multiline),
            c => self.literal(c),
        }
        Ok(true)
    }

    fn dot(&mut self) {
        match (self.flags.dot_all, self.flags.unix_lines) {
            (true, _) => self.out.push_str("(?s:.)"),
            (false, true) => self.out.push_str("[^\\n]"),
            (false, false) => {
                self.out.push_str("[^");
                self.out.push_str(TERMINATORS);
                self.out.push(']');
            }
        }
    }

    fn line_start(&mut self) {
        if !self.flags.multiline {
            return self.out.push('^');
        }
        (self.anchored, self.lines) = (true, true);
        if !self.exact {
            return self.out.push_str("(?m:^)");
        }
        self.backtracks = true;
        self.out.push_str(if self.flags.unix_lines {
            r"(?!\z)(?:\A|(?<=\n))"
        } else {
            r"(?!\z)(?:\A|(?<=[\n\u{85}\u{2028}\u{2029}])|(?<=\r)(?!\n))"
        });
    }

    /// `$` of lines or of the text, and `\Z`.
    fn line_end(&mut self, lines: bool) {
        self.anchored = true;
        self.lines |= lines;
        if !self.exact {
            return self.out.push_str(if lines { "(?m:$)" } else { r"\z" });
        }
        self.backtracks = true;
        self.out.push_str(match (lines, self.flags.unix_lines) {
            (true, true) => r"(?=\z|\n)",
            (true, false) => r"(?=\z|(?<!\r)\n|[\r\u{85}\u{2028}\u{2029}])",
            (false, true) => r"(?=\n?\z)",
            (false, false) => r"(?=\z|\r\n\z|(?<!\r)\n\z|[\r\u{85}\u{2028}\u{2029}]\z)",
        });
    }

    /// A character that stands for itself.
    fn literal(&mut self, c: char) {
        match (self.flags.case_insensitive, self.flags.unicode_case) {
            (true, false) if c.is_ascii_alphabetic() => {
                self.out.extend(['[', c.to_ascii_lowercase(), c.to_ascii_uppercase(), ']']);
            }
            (true, true) => {
                self.out.push_str("(?i:");
                push_character(&mut self.out, c);
                self.out.push(')');
            }
            (true | false, _) => push_character(&mut self.out, c),
        }
    }

    fn push_class(&mut self, class: &str) {
        if self.flags.case_insensitive && self.flags.unicode_case {
            self.out.push_str("(?i:");
            self.out.push_str(class);
            self.out.push(')');
        } else {
            self.out.push_str(class);
        }
    }

    /// After `(`. False for flags alone, which write nothing.
    fn group(&mut self) -> Outcome<bool> {
        if !self.eat('?') {
            self.groups += 1;
            self.out.push('(');
            return self.inside(self.flags);
        }
        let flags = self.flags;
        match self.next()? {
            ':' => self.out.push_str("(?:"),
            '=' => self.look("(?="),
            '!' => self.look("(?!"),
            '>' => self.look("(?>"),
            '<' => match self.rest.peek() {
                Some('=') => {
                    self.rest.next();
                    self.look("(?<=");
                }
                Some('!') => {
                    self.rest.next();
                    self.look("(?<!");
                }
                _ => {
                    let name = self.group_name()?;
                    self.groups += 1;
                    self.out.push_str("(?<");
                    self.out.push_str(&name);
                    self.out.push('>');
                }
            },
            first => {
                let set = self.embedded_flags(first)?;
                if self.eat(')') {
                    self.flags = set;
                    return Ok(false);
                }
                self.expect(':')?;
                self.flags = set;
                self.out.push_str("(?:");
            }
        }
        self.inside(flags)
    }

    /// The rest of a group and its `)`; then the flags hold that held before.
    fn inside(&mut self, before: Flags) -> Outcome<bool> {
        self.alternatives()?;
        self.expect(')')?;
        self.out.push(')');
        self.flags = before;
        Ok(true)
    }

    fn look(&mut self, open: &str) {
        self.backtracks = true;
        self.out.push_str(open);
    }

    /// `name>` of a group or of a reference to it.
    fn group_name(&mut self) -> Outcome<String> {
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(char::is_ascii_alphanumeric) {
            name.push(c);
        }
        self.expect('>')?;
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) { Ok(name) } else { Err(Refusal::Invalid) }
    }

    /// `idmsuxU-idmsuxU`, whose first character was read.
    fn embedded_flags(&mut self, first: char) -> Outcome<Flags> {
        let mut flags = self.flags;
        let mut on = true;
        let mut letter = first;
        loop {
            match letter {
                'i' => flags.case_insensitive = on,
                'd' => flags.unix_lines = on,
                'm' => flags.multiline = on,
                's' => flags.dot_all = on,
                'u' => flags.unicode_case = on,
                'x' => flags.comments = on,
                'U' => (flags.unicode_classes, flags.unicode_case) = (on, on),
                '-' if on => on = false,
                _ => return Err(Refusal::Invalid),
            }
            match self.rest.peek() {
                Some(')' | ':') => return Ok(flags),
                _ => letter = self.next()?,
            }
        }
    }

    /// After `\`, outside of classes. False when nothing was written.
    fn escape(&mut self) -> Outcome<bool> {
        let escape = self.next()?;
        match escape {
            'Q' => return self.quoted(),
            'E' => return Ok(false),
            '1'..='9' => self.back_reference(escape),
            'k' => {
                self.expect('<')?;
                let name = self.group_name()?;
                self.backtracks = true;
                let open = if self.flags.case_insensitive { "(?i:" } else { "(?:" };
                self.out.push_str(&format!("{open}\\k<{name}>)"));
            }
            'b' => {
                if self.eat('{') {
                    return Err(Refusal::Unsupported("\\b{g}"));
                }
                self.out.push_str("\\b");
            }
            'B' | 'A' | 'z' => self.out.extend(['\\', escape]),
            'G' => {
                self.backtracks = true;
                self.out.push_str("\\G");
            }
            'Z' => self.line_end(false),
            'R' => self.out.push_str(r"(?:\r\n|[\n\x0B\x0C\r\u{85}\u{2028}\u{2029}])"),
            'X' => return Err(Refusal::Unsupported("\\X")),
            _ => match self.shorthand(escape)? {
                Some(Shorthand { inner, negated }) => {
                    let open = if negated { "[^" } else { "[" };
                    let class = format!("{open}{inner}]");
                    self.push_class(&class);
                }
                None => {
                    let c = self.character(escape)?;
                    self.literal(c);
                }
            },
        }
        Ok(true)
    }

    /// `\Q…\E`: the last of its characters is what a quantifier repeats.
    fn quoted(&mut self) -> Outcome<bool> {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.eat('E') {
                break;
            }
            text.push(c);
        }
        let Some(last) = text.pop() else { return Ok(false) };
        for c in text.chars() {
            self.literal(c);
        }
        let start = self.out.len();
        self.literal(last);
        self.quantifier(start)?;
        Ok(false)
    }

    /// `\1`; more digits belong to it while there are that many groups. A group that is not there never matches.
    fn back_reference(&mut self, first: char) {
        let mut group = first.to_digit(10).unwrap_or_default() as usize;
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if longer > self.groups {
                break;
            }
            group = longer;
            self.rest.next();
        }
        self.backtracks = true;
        if group > self.groups {
            return self.out.push_str("(?!)");
        }
        let open = if self.flags.case_insensitive { "(?i:" } else { "(?:" };
        self.out.push_str(&format!("{open}\\{group})"));
    }

    /// The single character that an escape stands for, in classes and outside.
    fn character(&mut self, escape: char) -> Outcome<char> {
        let code = match escape {
            't' => return Ok('\t'),
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            'f' => return Ok('\x0C'),
            'a' => return Ok('\x07'),
            'e' => return Ok('\x1B'),
            'c' => u32::from(self.next()?) ^ 64,
            '0' => self.octal()?,
            'x' if self.eat('{') => {
                let digits = self.digits(16, 8);
                self.expect('}')?;
                parse_hex(&digits)?
            }
            'x' => self.hex(2)?,
            'u' => self.utf16()?,
            'N' => return Err(Refusal::Unsupported("\\N{…}")),
            // A letter without meaning is reserved; any other character stands for itself.
            _ if escape.is_ascii_alphabetic() => return Err(Refusal::Invalid),
            _ => return Ok(escape),
        };
        char::from_u32(code).ok_or(Refusal::Invalid)
    }

    fn hex(&mut self, count: usize) -> Outcome<u32> {
        let digits = self.digits(16, count);
        if digits.len() == count { parse_hex(&digits) } else { Err(Refusal::Invalid) }
    }

    /// `\0n`, `\0nn`, `\0mnn` with m at most 3.
    fn octal(&mut self) -> Outcome<u32> {
        let mut value = None;
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(8)) {
            let longer = value.unwrap_or(0) * 8 + digit;
            if longer > 0o377 {
                break;
            }
            value = Some(longer);
            self.rest.next();
        }
        value.ok_or(Refusal::Invalid)
    }

    /// `\uXXXX`, twice for the two halves of one character.
    fn utf16(&mut self) -> Outcome<u32> {
        let high = self.hex(4)?;
        if !(0xD800..0xDC00).contains(&high) {
            return Ok(high);
        }
        self.expect('\\')?;
        self.expect('u')?;
        let low = self.hex(4)?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(Refusal::Invalid);
        }
        Ok(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    }
}

fn parse_hex(digits: &str) -> Outcome<u32> {
    u32::from_str_radix(digits, 16).map_err(|_| Refusal::Invalid)
}

/// Outside of classes.
fn push_character(out: &mut String, c: char) {
    if r"\.+*?()|[]{}^$".contains(c) {
        out.push('\\');
    }
    out.push(c);
}
