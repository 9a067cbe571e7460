//! Table of Spark's settings: key, type, default, scope. Recorded from Spark by `tests/golden/config/record.py`.

use std::collections::HashMap;
use std::sync::LazyLock;

use hearth_base::condition::{
    INVALID_CONF_VALUE_OUT_OF_RANGE_OF_OPTIONS, INVALID_CONF_VALUE_REQUIREMENT, INVALID_CONF_VALUE_TYPE_MISMATCH,
};
use hearth_base::{Error, Result};

const RECORDED: &str = include_str!("catalogue.tsv");
/// Defined by Spark's Connect server, which the recording does not start.
const CONNECT: &str = "spark.connect.session.planCompression.threshold\tint\t10485760\tsession\n\
    spark.connect.session.planCompression.defaultAlgorithm\tone of ZSTD, NONE\tZSTD\tsession\n";

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub key: &'static str,
    pub kind: Kind,
    /// `None` where Spark has none, or takes it from another setting.
    pub default: Option<&'static str>,
    /// The setting whose value is this one's default.
    pub fallback: Option<&'static str>,
    pub scope: Scope,
    /// What Spark says of a negative number; empty when it takes one.
    pub requirement: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Boolean,
    Int,
    Long,
    Double,
    /// A time in this unit, with or without a unit of its own: `5`, `5m`.
    Duration(&'static str),
    /// Bytes: `10`, `10MB`.
    Size,
    /// Separated by `, `; compared without case.
    OneOf(&'static str),
}

/// Who may change a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Session,
    /// Fixed when the server starts.
    Static,
    /// Not a SQL setting: it belongs to Spark's core.
    Core,
}

static BY_KEY: LazyLock<HashMap<&'static str, Entry>> =
    LazyLock::new(|| all().map(|entry| (entry.key, entry)).collect());

/// Every setting, in the order of the keys.
pub fn all() -> impl Iterator<Item = Entry> {
    RECORDED.lines().filter(|line| !line.starts_with('#')).chain(CONNECT.lines()).filter_map(read)
}

pub fn find(key: &str) -> Option<Entry> {
    BY_KEY.get(key).copied().or_else(|| is_core(key).then_some(CORE))
}

const CORE: Entry =
    Entry { key: "", kind: Kind::Text, default: None, fallback: None, scope: Scope::Core, requirement: "" };

/// Settings of Spark's core that Spark refuses to change in a session.
fn is_core(key: &str) -> bool {
    const PREFIXES: [&str; 6] =
        ["spark.driver.", "spark.executor.", "spark.master", "spark.submit.", "spark.shuffle.", "spark.memory."];
    PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

fn read(line: &'static str) -> Option<Entry> {
    let mut columns = line.split('\t');
    let (key, kind, default, scope) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let kind = match kind {
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "double" => Kind::Double,
        "duration" if key != "spark.sql.session.timeZone" => {
            Kind::Duration(if SECONDS.contains(&key) { "SECONDS" } else { "MILLISECONDS" })
        }
        "size" => Kind::Size,
        other => other.strip_prefix("one of ").map_or(Kind::Text, Kind::OneOf),
    };
    let fallback = default.strip_prefix("<value of ").and_then(|rest| rest.strip_suffix('>'));
    let default = (default != "<undefined>" && fallback.is_none()).then_some(default);
    let scope = if scope == "static" { Scope::Static } else { Scope::Session };
    let requirement = columns.next().unwrap_or_default();
    Some(Entry { key, kind, default, fallback, scope, requirement })
}

impl Entry {
    /// Whether `value` may be set, with Spark's error when not.
    pub fn check(&self, value: &str) -> Result<()> {
        self.kind.check(self.key, value)?;
        let takes_zero = !self.requirement.contains("must be positive");
        let is_below = |number: i64| number < 0 || (number == 0 && !takes_zero);
        let is_refused = value.trim().parse::<i64>().is_ok_and(is_below);
        if is_refused && !self.requirement.is_empty() && self.default != Some(value.trim()) {
            return Err(INVALID_CONF_VALUE_REQUIREMENT
                .with("confName", self.key)
                .with("confValue", value)
                .with("confRequirement", self.requirement));
        }
        Ok(())
    }
}

impl Kind {
    /// Whether `value` is one of this kind, with Spark's error when not.
    pub fn check(self, key: &str, value: &str) -> Result<()> {
        let trimmed = value.trim();
        let expected = match self {
            Self::Text => return Ok(()),
            Self::Boolean if matches!(trimmed.to_ascii_lowercase().as_str(), "true" | "false") => return Ok(()),
            Self::Boolean => "boolean",
            Self::Int if trimmed.parse::<i32>().is_ok() => return Ok(()),
            Self::Int => "int",
            Self::Long if trimmed.parse::<i64>().is_ok() => return Ok(()),
            Self::Long => "long",
            Self::Double if trimmed.parse::<f64>().is_ok() => return Ok(()),
            Self::Double => "double",
            Self::Duration(_) if has_unit(trimmed, &TIME_UNITS) => return Ok(()),
            Self::Duration(unit) => {
                return Err(mismatch(key, value, &format!("time in {unit}")));
            }
            Self::Size if has_unit(trimmed, &SIZE_UNITS) => return Ok(()),
            Self::Size => "bytes in BYTE",
            Self::OneOf(options) if options.split(", ").any(|option| option.eq_ignore_ascii_case(trimmed)) => {
                return Ok(());
            }
            Self::OneOf(options) => {
                return Err(INVALID_CONF_VALUE_OUT_OF_RANGE_OF_OPTIONS
                    .with("confName", key)
                    .with("confValue", value)
                    .with("confOptions", options));
            }
        };
        Err(mismatch(key, value, expected))
    }
}

fn mismatch(key: &str, value: &str, expected: &str) -> Error {
    INVALID_CONF_VALUE_TYPE_MISMATCH.with("confName", key).with("confValue", value).with("confType", expected)
}

/// Settings that are counted in seconds.
const SECONDS: [&str; 5] = [
    "spark.sql.broadcastTimeout",
    "spark.sql.execution.pyspark.udf.idleTimeoutSeconds",
    "spark.sql.execution.pyspark.udf.tracebackDumpIntervalSeconds",
    "spark.sql.scriptTransformation.exitTimeoutInSeconds",
    "spark.sql.thriftServer.queryTimeout",
];

/// What `JavaUtils.timeStringAs` knows.
const TIME_UNITS: [&str; 8] = ["", "us", "ms", "s", "m", "min", "h", "d"];

/// What `JavaUtils.byteStringAs` knows.
const SIZE_UNITS: [&str; 12] = ["", "b", "k", "kb", "m", "mb", "g", "gb", "t", "tb", "p", "pb"];

/// Whether a text is a number with one of the units right behind it.
fn has_unit(text: &str, units: &[&str]) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (number, unit) = digits.split_at(end);
    !number.is_empty() && units.iter().any(|known| known.eq_ignore_ascii_case(unit))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for entry in all() {
            if let Some(default) = entry.default {
                entry.kind.check(entry.key, default).unwrap();
            }
        }
    }

    #[test]
    fn ansi_is_on_and_a_boolean() {
        let entry = find("spark.sql.ansi.enabled").unwrap();
        assert_eq!((entry.kind, entry.default), (Kind::Boolean, Some("true")));
        assert!(entry.kind.check(entry.key, "maybe").is_err());
    }
}
