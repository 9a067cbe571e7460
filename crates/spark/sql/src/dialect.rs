//! `Dialect`: the settings of a session that change what its texts mean, and the ways in that take them.
//!
//! The functions of `lib.rs` read Spark's default dialect. Who has a session makes its dialect once a statement. `${…}` is no
//! matter of the grammar: Spark replaces it in the text first, and so does `substituted`.

use std::borrow::Cow;

use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_base::{Error, Result};
use hearth_plan::relation::SqlText;
use hearth_plan::{Expr, Plan};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::{Marker, bound, markers, named_expression, whole};

/// What `${name}`s may become in one text: a long value can be named millions of times.
const MAX_SUBSTITUTED_BYTES: usize = 16 << 20;

/// A setting that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Words of the SQL standard name nothing without backticks.
    ReservedKeywords,
    /// `"a"` is a name.
    DoubleQuotedIdentifiers,
    /// A backslash in a string stands for itself.
    EscapedStrings,
    /// `'a''b'` are two strings beside each other.
    ConsecutiveStrings,
    /// `1e3` is a decimal.
    DecimalExponents,
    /// `!` may stand for `NOT` between a value and its predicate.
    BangIsNot,
    /// `INTERSECT` binds no tighter than `UNION`.
    FlatSetOperations,
    /// `` `a.*` `` in a select list is a pattern.
    RegexColumns,
    /// `|` does not stand for `|>`.
    NoShortPipe,
    /// `a, b JOIN c` joins `b` and `c` first.
    JoinBeforeComma,
    /// `HAVING` without `GROUP BY` is a `WHERE`.
    HavingIsWhere,
    /// `${name}` stays as it is.
    NoSubstitution,
}

/// Switch, setting, the setting's value that turns it on, and whether it needs ANSI mode.
const SETTINGS: [(Switch, &str, &str, bool); 12] = [
    (Switch::ReservedKeywords, "spark.sql.ansi.enforceReservedKeywords", "true", true),
    (Switch::DoubleQuotedIdentifiers, "spark.sql.ansi.doubleQuotedIdentifiers", "true", true),
    (Switch::EscapedStrings, "spark.sql.parser.escapedStringLiterals", "true", false),
    (Switch::ConsecutiveStrings, "spark.sql.legacy.consecutiveStringLiterals.enabled", "true", false),
    (Switch::DecimalExponents, "spark.sql.legacy.exponentLiteralAsDecimal.enabled", "true", false),
    (Switch::BangIsNot, "spark.sql.legacy.bangEqualsNot", "true", false),
    (Switch::FlatSetOperations, "spark.sql.legacy.setopsPrecedence.enabled", "true", false),
    (Switch::RegexColumns, "spark.sql.parser.quotedRegexColumnNames", "true", false),
    (Switch::NoShortPipe, "spark.sql.parser.singleCharacterPipeOperator.enabled", "false", false),
    (Switch::JoinBeforeComma, "spark.sql.ansi.relationPrecedence", "true", true),
    (Switch::HavingIsWhere, "spark.sql.legacy.parser.havingWithoutGroupByAsWhere", "true", false),
    (Switch::NoSubstitution, "spark.sql.variable.substitute", "false", false),
];

/// The switches that are on; none of them is by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect(u16);

impl Dialect {
    /// What a session's settings say; `setting` gives those that differ from Spark's defaults.
    pub fn of<'s>(setting: impl Fn(&str) -> Option<&'s str>) -> Self {
        let is = |key: &str, value: &str| setting(key).is_some_and(|found| found.trim().eq_ignore_ascii_case(value));
        let ansi = !is("spark.sql.ansi.enabled", "false");
        let on = SETTINGS.iter().filter(|(_, key, value, needs_ansi)| (ansi || !needs_ansi) && is(key, value));
        Self(on.fold(0, |switches, (switch, ..)| switches | (1 << *switch as u16)))
    }

    pub fn has(self, switch: Switch) -> bool {
        self.0 & (1 << switch as u16) != 0
    }

    /// As `crate::parse_statement`.
    pub fn parse_statement(self, text: &str) -> Result<Plan> {
        whole(Parser::in_dialect(text, self)?, Parser::only_statement)
    }

    /// As `crate::parse_bound`.
    pub fn parse_bound(self, text: &SqlText) -> Result<Plan> {
        bound(Parser::in_dialect(&text.query, self)?, text)
    }

    /// As `crate::parse_expression`.
    pub fn parse_expression(self, text: &str) -> Result<Expr> {
        whole(Parser::in_dialect(text, self)?, named_expression)
    }

    /// As `crate::parameter_markers`.
    pub fn parameter_markers(self, text: &str) -> Result<Vec<Marker>> {
        markers(Parser::in_dialect(text, self)?)
    }

    /// The text with the values of settings in the place of `${name}`; a name that is not set is nothing.
    pub fn substituted<'t, 's>(self, text: &'t str, setting: impl Fn(&str) -> Option<&'s str>) -> Result<Cow<'t, str>> {
        if self.has(Switch::NoSubstitution) || !text.contains("${") {
            return Ok(Cow::Borrowed(text));
        }
        let mut room = MAX_SUBSTITUTED_BYTES;
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find("${") {
            out.push_str(&rest[..open]);
            let inside = &rest[open + 2..];
            let Some(close) = inside.find('}') else {
                rest = &rest[open..];
                break;
            };
            let name = &inside[..close];
            let key = ["hiveconf:", "hivevar:", "sparkconf:", "spark:"].into_iter().find_map(|p| name.strip_prefix(p));
            let value = match (key, name.contains(':')) {
                (Some(key), _) => setting(key).unwrap_or(""),
                (None, false) => setting(name).unwrap_or(""),
                // Neither the server's environment nor its properties are a client's to read.
                (None, true) => &rest[open..open + 3 + close],
            };
            room = room.checked_sub(value.len()).ok_or_else(too_much)?;
            out.push_str(value);
            rest = &inside[close + 1..];
        }
        out.push_str(rest);
        Ok(Cow::Owned(out))
    }
}

fn too_much() -> Error {
    LIMIT_EXCEEDED
        .with("what", "What the settings named by ${…} put into the statement")
        .with("limit", "the fixed limit")
        .with("value", format!("{} MiB", MAX_SUBSTITUTED_BYTES >> 20))
}

/// As `crate::parse_bound`, in a session: its dialect, and its settings in the place of their names.
pub fn parse_bound_in<'s>(text: &SqlText, setting: impl Fn(&str) -> Option<&'s str>) -> Result<Plan> {
    let dialect = Dialect::of(&setting);
    match dialect.substituted(&text.query, setting)? {
        Cow::Borrowed(_) => dialect.parse_bound(text),
        Cow::Owned(query) => dialect.parse_bound(&SqlText { query, ..text.clone() }),
    }
}

/// Words that `ReservedKeywords` keeps from being names.
const RESERVED: [K; 80] = [
    K::All,
    K::And,
    K::Any,
    K::As,
    K::Authorization,
    K::Both,
    K::Call,
    K::Case,
    K::Cast,
    K::Check,
    K::Collate,
    K::Collation,
    K::Collations,
    K::Column,
    K::Constraint,
    K::Create,
    K::Cross,
    K::CurrentDate,
    K::CurrentPath,
    K::CurrentSchema,
    K::CurrentTime,
    K::CurrentTimestamp,
    K::CurrentUser,
    K::Distinct,
    K::Else,
    K::End,
    K::Escape,
    K::Except,
    K::Execute,
    K::False,
    K::Fetch,
    K::Filter,
    K::For,
    K::Foreign,
    K::From,
    K::Full,
    K::Grant,
    K::Group,
    K::Having,
    K::In,
    K::Inner,
    K::Intersect,
    K::Into,
    K::Is,
    K::Join,
    K::Lateral,
    K::Leading,
    K::Left,
    K::Natural,
    K::Not,
    K::Null,
    K::Offset,
    K::On,
    K::Only,
    K::Or,
    K::Order,
    K::Outer,
    K::Overlaps,
    K::Primary,
    K::Recursive,
    K::References,
    K::Right,
    K::Select,
    K::SessionUser,
    K::Some,
    K::Sql,
    K::Table,
    K::Then,
    K::Time,
    K::To,
    K::Trailing,
    K::Union,
    K::Unique,
    K::Unknown,
    K::User,
    K::Using,
    K::When,
    K::Where,
    K::With,
    K::Within,
];

pub(crate) fn is_reserved(keyword: K) -> bool {
    RESERVED.contains(&keyword)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_ansi_mode_are_off_without_it() {
        let on = |key: &str| key.starts_with("spark.sql.ansi.").then_some("true");
        assert!(Dialect::of(on).has(Switch::ReservedKeywords));
        let off = |key: &str| if key == "spark.sql.ansi.enabled" { Some("false") } else { on(key) };
        assert_eq!(Dialect::of(off), Dialect::default());
    }

    #[test]
    fn settings_stand_in_the_place_of_their_names() {
        let setting = |key: &str| (key == "a.b").then_some("7");
        let replaced = |text: &'static str| Dialect::default().substituted(text, setting).unwrap().into_owned();
        assert_eq!(replaced("SELECT ${a.b}, '${hiveconf:a.b}', '${none}'"), "SELECT 7, '7', ''");
        assert_eq!(replaced("SELECT '${env:HOME}', '${'"), "SELECT '${env:HOME}', '${'");
    }

    #[test]
    fn what_settings_put_into_a_text_is_bounded() {
        let long = "x".repeat(1 << 20);
        let text = "${a}".repeat(17);
        let error = Dialect::default().substituted(&text, |_| Some(long.as_str())).unwrap_err();
        assert_eq!(error.condition(), LIMIT_EXCEEDED);
        assert!(Dialect::default().substituted(&text[..16 * 4], |_| Some(long.as_str())).is_ok());
    }
}
