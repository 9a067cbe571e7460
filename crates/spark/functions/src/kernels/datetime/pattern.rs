//! `java.time.format.DateTimeFormatter` patterns as Spark allows them, for the US locale: compiled once, then used to
//! `format` moments and to `parse` texts.
//!
//! Spark's own changes to Java: `y` is the proleptic year unless an era (`G`) is there; week-based letters and narrow
//! forms are refused; when parsing, a run of `S` reads any number of digits up to its length, and `E`, `F`, `q`, `Q` are
//! refused. Resolution is strict. Source: `DateTimeFormatterHelper`, `DateTimeFormatterBuilder`.

mod format;
mod names;
mod parse;

use hearth_base::Error;
use hearth_base::condition::{
    DATETIME_PATTERN_RECOGNITION, DATETIME_WEEK_BASED_PATTERN, INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER,
    INVALID_DATETIME_PATTERN_WITH_SUGGESTION,
};

pub use format::Moment;
pub use parse::{ParseFailure, Parsed};

/// A numeric or named field of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    Era,
    Year,
    YearOfEra,
    Quarter,
    Month,
    Day,
    DayOfYear,
    /// Day of the week in the month: 1 for the first seven days.
    AlignedWeek,
    DayOfWeek,
    HalfOfDay,
    /// 0 to 23.
    Hour,
    /// 1 to 24.
    ClockHour,
    /// 0 to 11.
    HourOfHalf,
    /// 1 to 12.
    ClockHourOfHalf,
    Minute,
    Second,
}

/// How a number shows and reads its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum SignStyle {
    NotNegative,
    Normal,
    /// A `+` when there are more digits than the width.
    ExceedsPad,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Item {
    Literal(String),
    /// `reserved` digits belong to fixed-width numbers that follow directly.
    Number {
        field: Field,
        min: usize,
        max: usize,
        sign: SignStyle,
        reserved: usize,
    },
    /// The last two digits of a year, from 2000 when parsed.
    ShortYear {
        field: Field,
        reserved: usize,
    },
    Fraction {
        min: usize,
        max: usize,
    },
    Text {
        field: Field,
        full: bool,
    },
    ZoneId,
    ZoneName {
        full: bool,
    },
    /// `colon`, `seconds`: the form. `zero`: what zero is written as.
    Offset {
        form: OffsetForm,
        zero: &'static str,
    },
    LocalizedOffset {
        full: bool,
    },
    Optional(Vec<Item>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::enum_variant_names, reason = "all forms start with hours")]
enum OffsetForm {
    /// `+HHmm`: minutes when there are some.
    HourMaybeMinute,
    HourMinute,
    HourColonMinute,
    HourMinuteMaybeSecond,
    HourColonMinuteMaybeSecond,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    items: Vec<Item>,
}

/// What a pattern is for: letters differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    Format,
    Parse,
}

/// Letters of the formatter that Spark 2 used: a pattern of these alone has meant something once.
const LEGACY_LETTERS: &str = "GyYMLwWDdFEuaHkKhmsSzZX";

impl Pattern {
    pub fn compile(pattern: &str, purpose: Purpose) -> Result<Self, Error> {
        if let Some(letter) = letters(pattern).find(|letter| matches!(letter, 'c' | 'e')) {
            return Err(DATETIME_WEEK_BASED_PATTERN.with("c", letter));
        }
        let has_era = letters(pattern).any(|letter| letter == 'G');
        let mut compiler = Compiler { purpose, has_era, rest: pattern.chars().collect(), at: 0 };
        match compiler.sequence(false) {
            Ok(mut items) => {
                reserve(&mut items);
                Ok(Self { items })
            }
            Err(fault) => Err(fault.error(pattern)),
        }
    }
}

/// Why a pattern is refused.
enum Fault {
    /// A letter that Spark does not allow.
    Letter(char),
    /// Anything else that Java refuses.
    Syntax,
}

impl Fault {
    fn error(self, pattern: &str) -> Error {
        let legacy = letters(pattern).all(|letter| LEGACY_LETTERS.contains(letter));
        let balanced = pattern.matches('\'').count().is_multiple_of(2);
        if legacy && balanced {
            return DATETIME_PATTERN_RECOGNITION
                .with("pattern", format!("'{pattern}'"))
                .with("config", "\"spark.sql.legacy.timeParserPolicy\"")
                .with("docroot", "https://spark.apache.org/docs/latest");
        }
        match self {
            Self::Letter(letter) => {
                INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER.with("c", letter).with("pattern", pattern)
            }
            Self::Syntax => INVALID_DATETIME_PATTERN_WITH_SUGGESTION
                .with("pattern", format!("'{pattern}'"))
                .with("docroot", "https://spark.apache.org/docs/latest"),
        }
    }
}

/// The letters outside quotes.
fn letters(pattern: &str) -> impl Iterator<Item = char> {
    let mut quoted = false;
    pattern.chars().filter(move |c| {
        if *c == '\'' {
            quoted = !quoted;
        }
        !quoted && c.is_ascii_alphabetic()
    })
}

struct Compiler {
    purpose: Purpose,
    has_era: bool,
    rest: Vec<char>,
    at: usize,
}

impl Compiler {
    fn sequence(&mut self, optional: bool) -> Result<Vec<Item>, Fault> {
        let mut items = Vec::new();
        while let Some(c) = self.rest.get(self.at).copied() {
            match c {
                '[' => {
                    self.at += 1;
                    items.push(Item::Optional(self.sequence(true)?));
                }
                ']' if optional => {
                    self.at += 1;
                    return Ok(items);
                }
                ']' | '#' | '{' | '}' => return Err(Fault::Syntax),
                '\'' => push_literal(&mut items, &self.quoted()?),
                _ if c.is_ascii_alphabetic() => {
                    let start = self.at;
                    while self.rest.get(self.at) == Some(&c) {
                        self.at += 1;
                    }
                    items.push(self.letter(c, self.at - start)?);
                }
                _ => {
                    self.at += 1;
                    push_literal(&mut items, c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        Ok(items)
    }

    /// The text of a quoted part; two quotes are one.
    fn quoted(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        self.at += 1;
        let empty_start = self.at;
        loop {
            match self.rest.get(self.at) {
                None => return Err(Fault::Syntax),
                Some('\'') if self.rest.get(self.at + 1) == Some(&'\'') && self.at != empty_start => {
                    text.push('\'');
                    self.at += 2;
                }
                Some('\'') => {
                    if self.at == empty_start {
                        text.push('\'');
                    }
                    self.at += 1;
                    return Ok(text);
                }
                Some(c) => {
                    text.push(*c);
                    self.at += 1;
                }
            }
        }
    }

    fn letter(&self, letter: char, count: usize) -> Result<Item, Fault> {
        let parsing = self.purpose == Purpose::Parse;
        let number = |field, least_max: usize| {
            if count > 2 {
                return Err(Fault::Syntax);
            }
            let max = if count == 1 { 19 } else { least_max };
            let sign = if count == 1 { SignStyle::Normal } else { SignStyle::NotNegative };
            Ok(Item::Number { field, min: count, max, sign, reserved: 0 })
        };
        match letter {
            'y' => Ok(self.year(count)?),
            'G' if count <= 4 => Ok(Item::Text { field: Field::Era, full: count == 4 }),
            'M' | 'L' if count <= 2 => number(Field::Month, 2),
            'M' | 'L' if count <= 4 => Ok(Item::Text { field: Field::Month, full: count == 4 }),
            'Q' | 'q' | 'E' | 'F' if parsing => Err(Fault::Letter(letter)),
            'Q' | 'q' if count <= 2 => number(Field::Quarter, 2),
            'Q' | 'q' if count <= 4 => Ok(Item::Text { field: Field::Quarter, full: count == 4 }),
            'E' if count <= 4 => Ok(Item::Text { field: Field::DayOfWeek, full: count == 4 }),
            'F' if count == 1 => number(Field::AlignedWeek, 1),
            'd' => number(Field::Day, 2),
            'D' if count <= 3 => {
                let (max, sign) = if count == 1 { (19, SignStyle::Normal) } else { (3, SignStyle::NotNegative) };
                Ok(Item::Number { field: Field::DayOfYear, min: count, max, sign, reserved: 0 })
            }
            'a' if count == 1 => Ok(Item::Text { field: Field::HalfOfDay, full: false }),
            'h' => number(Field::ClockHourOfHalf, 2),
            'H' => number(Field::Hour, 2),
            'k' => number(Field::ClockHour, 2),
            'K' => number(Field::HourOfHalf, 2),
            'm' => number(Field::Minute, 2),
            's' => number(Field::Second, 2),
            'S' if count <= 9 => Ok(Item::Fraction { min: if parsing { 1 } else { count }, max: count }),
            'V' if count == 2 => Ok(Item::ZoneId),
            'z' if count <= 4 => Ok(Item::ZoneName { full: count == 4 }),
            'O' if count == 1 || count == 4 => Ok(Item::LocalizedOffset { full: count == 4 }),
            'X' | 'x' | 'Z' => offset(letter, count),
            'A' | 'B' | 'n' | 'N' | 'p' => Err(Fault::Letter(letter)),
            _ => Err(Fault::Syntax),
        }
    }

    fn year(&self, count: usize) -> Result<Item, Fault> {
        let field = if self.has_era { Field::YearOfEra } else { Field::Year };
        match count {
            2 => Ok(Item::ShortYear { field, reserved: 0 }),
            1 | 3 => Ok(Item::Number { field, min: count, max: 19, sign: SignStyle::Normal, reserved: 0 }),
            4..=6 => Ok(Item::Number { field, min: count, max: 19, sign: SignStyle::ExceedsPad, reserved: 0 }),
            _ => Err(Fault::Syntax),
        }
    }
}

fn offset(letter: char, count: usize) -> Result<Item, Fault> {
    let form = match (letter, count) {
        ('Z', 4) => return Ok(Item::LocalizedOffset { full: true }),
        ('Z', 1..=3) => OffsetForm::HourMinute,
        ('Z' | 'X' | 'x', 5) => OffsetForm::HourColonMinuteMaybeSecond,
        (_, 1) => OffsetForm::HourMaybeMinute,
        (_, 2) => OffsetForm::HourMinute,
        (_, 3) => OffsetForm::HourColonMinute,
        (_, 4) => OffsetForm::HourMinuteMaybeSecond,
        (_, _) => return Err(Fault::Syntax),
    };
    let zero = match (letter, count) {
        ('X', _) | ('Z', 5) => "Z",
        ('x', 1) => "+00",
        ('x', 3 | 5) => "+00:00",
        (_, _) => "+0000",
    };
    Ok(Item::Offset { form, zero })
}

fn push_literal(items: &mut Vec<Item>, text: &str) {
    if let Some(Item::Literal(before)) = items.last_mut() {
        before.push_str(text);
    } else {
        items.push(Item::Literal(text.to_owned()));
    }
}

/// Adjacent numbers: the first, if it may be longer, leaves the digits that the fixed ones after it need.
fn reserve(items: &mut [Item]) {
    let mut reserved = 0;
    for item in items.iter_mut().rev() {
        match item {
            Item::Number { min, max, sign, reserved: own, .. } => {
                let fixed = *min == *max && *sign == SignStyle::NotNegative;
                *own = if fixed { 0 } else { reserved };
                reserved = if fixed { reserved + *max } else { 0 };
            }
            Item::ShortYear { reserved: own, .. } => {
                *own = 0;
                reserved += 2;
            }
            Item::Fraction { min, max } => reserved = if min == max { reserved + *max } else { 0 },
            Item::Optional(inner) => {
                reserve(inner);
                reserved = 0;
            }
            Item::Literal(_)
            | Item::Text { .. }
            | Item::ZoneId
            | Item::ZoneName { .. }
            | Item::Offset { .. }
            | Item::LocalizedOffset { .. } => reserved = 0,
        }
    }
}
