//! Classes of characters: `[…]`, `\d` and its like, `\p{…}`, in the syntax of Rust's `regex`.

use super::{MAX_DEPTH, Outcome, Refusal, Translator};

const SPACE: &str = r"\x20\t\n\x0B\x0C\r";
const HORIZONTAL: &str = r"\x20\t\xA0\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}";
const VERTICAL: &str = r"\n\x0B\x0C\r\x85\u{2028}\u{2029}";

impl Translator<'_> {
    /// `\d`, `\p{…}` and their like; None for another escape.
    pub(super) fn shorthand(&mut self, escape: char) -> Outcome<Option<Shorthand>> {
        let unicode = self.flags.unicode_classes;
        let inner = match escape.to_ascii_lowercase() {
            'd' if unicode => r"\d",
            'w' if unicode => r"\w",
            's' if unicode => r"\s",
            'd' => "0-9",
            'w' => "a-zA-Z_0-9",
            's' => SPACE,
            'h' => HORIZONTAL,
            'v' => VERTICAL,
            'p' => return self.property(escape == 'P').map(Some),
            _ => return Ok(None),
        };
        Ok(Some(Shorthand { inner: inner.to_owned(), negated: escape.is_ascii_uppercase() }))
    }

    /// After `\p`: `L`, `{Alpha}`, `{IsLatin}`, `{script=Latin}`.
    fn property(&mut self, negated: bool) -> Outcome<Shorthand> {
        let name: String = if self.eat('{') {
            let mut name = String::new();
            loop {
                match self.next()? {
                    '}' => break name,
                    c => name.push(c),
                }
            }
        } else {
            self.next()?.to_string()
        };
        let inner = match self.posix(&name) {
            Some(inner) => inner.to_owned(),
            None => unicode_property(&name, self.flags.case_insensitive)?,
        };
        Ok(Shorthand { inner, negated })
    }

    /// The POSIX names are about ASCII, and so are their cases when case is ignored.
    fn posix(&self, name: &str) -> Option<&'static str> {
        Some(match name {
            "Lower" | "Upper" if self.flags.case_insensitive => "a-zA-Z",
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`\{-\x7E",
            "Graph" => r"!-\x7E",
            "Print" => r"\x20-\x7E",
            "Blank" => r"\x20\t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => SPACE,
            _ => return None,
        })
    }

    /// After `[`: the class in Rust's syntax, brackets included.
    pub(super) fn class(&mut self) -> Outcome<String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::Unsupported("classes nested that deep"));
        }
        let mut class = String::from(if self.eat('^') { "[^" } else { "[" });
        let mut empty = true;
        loop {
            self.skip_comments();
            match self.next()? {
                ']' if !empty => break,
                '[' => class.push_str(&self.class()?),
                '&' if self.eat('&') => {
                    while self.eat('&') {}
                    // An intersection with nothing is none.
                    if !matches!(self.rest.peek(), Some(']') | None) && !empty {
                        class.push_str("&&");
                    }
                    continue;
                }
                '\\' => self.class_escape(&mut class)?,
                c => self.class_range(c, &mut class)?,
            }
            empty = false;
        }
        self.depth -= 1;
        class.push(']');
        Ok(class)
    }

    fn class_escape(&mut self, class: &mut String) -> Outcome<()> {
        let escape = self.next()?;
        if escape == 'Q' {
            while let Some(c) = self.rest.next() {
                if c == '\\' && self.eat('E') {
                    break;
                }
                self.push_range(class, c, c);
            }
            return Ok(());
        }
        match self.shorthand(escape)? {
            Some(Shorthand { inner, negated }) => {
                class.push_str(if negated { "[^" } else { "[" });
                class.push_str(&inner);
                class.push(']');
                Ok(())
            }
            None => {
                let first = self.character(escape)?;
                self.class_range(first, class)
            }
        }
    }

    /// One character, or a range of them.
    fn class_range(&mut self, first: char, class: &mut String) -> Outcome<()> {
        let mut ahead = self.rest.clone();
        let range = ahead.next() == Some('-') && !matches!(ahead.next(), Some(']' | '[') | None);
        if !range {
            self.push_range(class, first, first);
            return Ok(());
        }
        self.expect('-')?;
        let last = match self.next()? {
            '\\' => {
                let escape = self.next()?;
                self.character(escape)?
            }
            c => c,
        };
        if last < first {
            return Err(Refusal::Invalid);
        }
        self.push_range(class, first, last);
        Ok(())
    }

    /// Where case is ignored for ASCII, the other case of a range comes with it.
    fn push_range(&self, class: &mut String, first: char, last: char) {
        let push = |class: &mut String, first: char, last: char| {
            push_class_character(class, first);
            if last > first {
                class.push('-');
                push_class_character(class, last);
            }
        };
        push(class, first, last);
        if !self.flags.case_insensitive || self.flags.unicode_case {
            return;
        }
        for (low, high) in [('a', 'z'), ('A', 'Z')] {
            let (low, high) = (first.max(low), last.min(high));
            if low <= high {
                let other =
                    |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                push(class, other(low), other(high));
            }
        }
    }
}

/// What stands inside of a class for `\d` and its like.
pub(super) struct Shorthand {
    pub(super) inner: String,
    pub(super) negated: bool,
}

/// A name of Unicode, as Rust has it. Where case is ignored, the names of one case mean all letters that have any.
fn unicode_property(name: &str, ignore_case: bool) -> Outcome<String> {
    let named = |name: &str| format!("\\p{{{name}}}");
    Ok(match name {
        "Lu" | "Ll" | "Lt" | "LC" if ignore_case || name == "LC" => r"\p{Lu}\p{Ll}\p{Lt}".to_owned(),
        "javaLowerCase" | "javaUpperCase" | "IsLowercase" | "IsUppercase" if ignore_case => {
            r"\p{Lowercase}\p{Uppercase}\p{Lt}".to_owned()
        }
        "javaLowerCase" => named("Lowercase"),
        "javaUpperCase" => named("Uppercase"),
        "javaAlphabetic" => named("Alphabetic"),
        "javaLetter" => named("L"),
        "javaDigit" => named("Nd"),
        "javaLetterOrDigit" => r"\p{L}\p{Nd}".to_owned(),
        "javaWhitespace" => {
            r"\t-\r\x1C-\x1F\x20\u{1680}\u{2000}-\u{2006}\u{2008}-\u{200a}\u{2028}\u{2029}\u{205f}\u{3000}".to_owned()
        }
        "L1" => r"\x00-\xFF".to_owned(),
        "all" => r"\x00-\u{10FFFF}".to_owned(),
        "LD" => r"\p{L}\p{Nd}".to_owned(),
        _ => {
            if name.starts_with("In") || name.starts_with("blk=") || name.starts_with("block=") {
                return Err(Refusal::Unsupported("a block of Unicode"));
            }
            let plain = name.strip_prefix("Is").unwrap_or(name);
            if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_alphanumeric() || "_= -".contains(c)) {
                return Err(Refusal::Invalid);
            }
            named(plain)
        }
    })
}

fn push_class_character(out: &mut String, c: char) {
    if r"\[]^-&~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}
