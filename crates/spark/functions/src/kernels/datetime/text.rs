//! Timestamps to text and back by patterns.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use hearth_base::condition::CANNOT_PARSE_TIMESTAMP;
use hearth_base::{Error, Result};
use hearth_types::Zone;

use crate::kernels::datetime::pattern::{Moment, Pattern, Purpose};
use crate::kernels::datetime::{Setting, overflow};
use crate::kernels::rowwise::Args;

/// The latest compiled pattern: it is nearly always the same for all rows.
struct Compiled {
    purpose: Purpose,
    last: Option<(String, Pattern)>,
}

impl Compiled {
    fn new(purpose: Purpose) -> Self {
        Self { purpose, last: None }
    }

    fn get(&mut self, text: &str) -> Result<&Pattern> {
        let known = self.last.as_ref().is_some_and(|(last, _)| last == text);
        if !known {
            self.last = Some((text.to_owned(), Pattern::compile(text, self.purpose)?));
        }
        self.last.as_ref().map(|(_, pattern)| pattern).ok_or_else(|| Error::internal("no pattern is compiled"))
    }
}

/// `date_format(timestamp, pattern)`
pub fn format(setting: &Setting, args: &Args) -> Result<ArrayRef> {
    let (micros, pattern) = (args.column::<TimestampMicrosecondType>(0)?, args.text(1)?);
    let zone = setting.zone()?;
    let mut compiled = Compiled::new(Purpose::Format);
    args.try_texts(|row, out| {
        let (Some(micros), Some(pattern)) = (micros.get(row), pattern.get(row)) else { return Ok(None) };
        let moment = Moment::of_instant(micros, &zone, &setting.zone);
        compiled.get(pattern)?.format(&moment, out).ok_or_else(|| overflow("date_format"))?;
        Ok(Some(()))
    })
}

/// `from_unixtime(seconds, pattern)`
pub fn format_seconds(setting: &Setting, args: &Args) -> Result<ArrayRef> {
    let (seconds, pattern) = (args.long(0)?, args.text(1)?);
    let zone = setting.zone()?;
    let mut compiled = Compiled::new(Purpose::Format);
    args.try_texts(|row, out| {
        let (Some(seconds), Some(pattern)) = (seconds.get(row), pattern.get(row)) else { return Ok(None) };
        let micros = seconds.wrapping_mul(1_000_000);
        let moment = Moment::of_instant(micros, &zone, &setting.zone);
        compiled.get(pattern)?.format(&moment, out).ok_or_else(|| overflow("from_unixtime"))?;
        Ok(Some(()))
    })
}

/// How text is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reading {
    pub setting: Setting,
    /// A wall clock is wanted, not an instant.
    pub wall_clock: bool,
    /// Text that does not fit gives NULL.
    pub lenient: bool,
    /// What the error suggests.
    pub suggestion: &'static str,
}

impl Reading {
    fn read(&self, zone: &Zone, pattern: &Pattern, text: &str) -> Result<Option<i64>> {
        let parsed = match pattern.parse(text) {
            Ok(parsed) => parsed,
            Err(_) if self.lenient => return Ok(None),
            Err(failure) => {
                return Err(CANNOT_PARSE_TIMESTAMP
                    .with("message", failure.message(text))
                    .with("func", format!("`{}`", self.suggestion)));
            }
        };
        if self.wall_clock {
            return Ok(Some(parsed.local));
        }
        let zone = parsed.zone.as_ref().unwrap_or(zone);
        zone.to_instant(parsed.local).map(Some).ok_or_else(|| overflow("to_timestamp"))
    }
}

/// `to_timestamp(text, pattern)`
pub fn parse(reading: &Reading, args: &Args) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let zone = reading.setting.zone()?;
    let mut compiled = Compiled::new(Purpose::Parse);
    args.try_values::<TimestampMicrosecondType>(|row| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        reading.read(&zone, compiled.get(pattern)?, text)
    })
}

/// `to_unix_timestamp(text, pattern)`: whole seconds, cut off towards the epoch.
pub fn parse_seconds(reading: &Reading, args: &Args) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let zone = reading.setting.zone()?;
    let mut compiled = Compiled::new(Purpose::Parse);
    args.try_values::<Int64Type>(|row| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        Ok(reading.read(&zone, compiled.get(pattern)?, text)?.map(|micros| micros / 1_000_000))
    })
}
