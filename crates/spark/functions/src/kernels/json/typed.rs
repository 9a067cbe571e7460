//! `from_json`, `to_json` and `schema_of_json` as kernels: schema and options are their state.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use hearth_base::condition::{
    DATETIME_PATTERN_RECOGNITION, FAILED_READ_FILE, MALFORMED_RECORD_IN_PARSING, QUERY_ONLY_CORRUPT_RECORD_COLUMN,
};
use hearth_base::{Error, Result};
use hearth_types::{DataType, timestamp_word};

use crate::kernels::datetime::pattern::{Pattern, Purpose};
use crate::kernels::datetime::zone;
use crate::kernels::json::cell::{Cell, Reading, column, document};
use crate::kernels::json::value::{Json, Syntax};
use crate::kernels::json::write::Writing;
use crate::kernels::rowwise::Args;

/// Options of the text formats, in lower case, with the session's zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Options {
    pub entries: Arc<[(String, String)]>,
    pub zone: Arc<str>,
    pub now: i64,
}

impl Options {
    /// `name` in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn zone_id(&self) -> &str {
        self.get("timezone").unwrap_or(&self.zone)
    }

    pub fn is_fail_fast(&self) -> bool {
        self.get("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("FAILFAST"))
    }

    /// An option that is yes or no; `name` in lower case.
    pub fn is_on(&self, name: &str, default: bool) -> bool {
        self.get(name).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// What JSON may look like.
    pub fn syntax(&self) -> Syntax {
        Syntax {
            single_quotes: self.is_on("allowsinglequotes", true),
            comments: self.is_on("allowcomments", false),
            unquoted_names: self.is_on("allowunquotedfieldnames", false),
            leading_zeros: self.is_on("allownumericleadingzeros", false),
            any_escape: self.is_on("allowbackslashescapinganycharacter", false),
            control_characters: self.is_on("allowunquotedcontrolchars", false),
            not_numbers: self.is_on("allownonnumericnumbers", true),
        }
    }

    /// The error of FAILFAST. A source names its file.
    pub fn malformed(&self, record: &str) -> Error {
        let error = MALFORMED_RECORD_IN_PARSING.with("badRecord", record).with("failFastMode", "FAILFAST");
        match self.get(FILE) {
            Some(file) => FAILED_READ_FILE.with("path", file).caused_by(error),
            None => error,
        }
    }

    pub fn reading(&self) -> Result<Reading> {
        if self.get(ONLY_CORRUPT).is_some() {
            return Err(QUERY_ONLY_CORRUPT_RECORD_COLUMN.error());
        }
        let pattern = |name| self.get(name).map(pattern_of_reading).transpose();
        Ok(Reading {
            zone: zone(self.zone_id())?,
            now: self.now,
            date: pattern("dateformat")?,
            timestamp: pattern("timestampformat")?,
            wall_clock: pattern("timestampntzformat")?,
            prefers_date: self.is_on("preferdate", true),
            infers_wall_clock: self.get(WALL_CLOCK).is_some() || timestamp_word::is_wall_clock(),
            decimal_comma: self.get("locale").is_some_and(has_decimal_comma),
            corrupt_column: self.get("columnnameofcorruptrecord").unwrap_or("_corrupt_record").to_owned(),
            not_numbers: [("nanvalue", "NaN"), ("positiveinf", "Inf"), ("negativeinf", "-Inf")]
                .map(|(name, default)| self.get(name).unwrap_or(default).to_owned()),
            single_variant: self.get("singlevariantcolumn").map(ToOwned::to_owned),
        })
    }

    pub fn writing(&self) -> Result<Writing> {
        let pattern = |name, default| Pattern::compile(self.get(name).unwrap_or(default), Purpose::Format);
        Ok(Writing {
            zone: zone(self.zone_id())?,
            zone_id: self.zone_id().to_owned(),
            date: pattern("dateformat", "yyyy-MM-dd")?,
            timestamp: pattern("timestampformat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX")?,
            wall_clock: pattern("timestampntzformat", "yyyy-MM-dd'T'HH:mm:ss.SSS")?,
            skip_nulls: self.get("ignorenullfields") != Some("false"),
        })
    }
}

/// A pattern that means nothing fits no text; only one that older versions knew is an error.
fn pattern_of_reading(text: &str) -> Result<Pattern> {
    match Pattern::compile(text, Purpose::Parse) {
        Err(error) if error.condition() != DATETIME_PATTERN_RECOGNITION => Pattern::compile("'\u{1}'", Purpose::Parse),
        compiled => compiled,
    }
}

/// Whether a locale's numbers have points between thousands and a comma before the fraction.
fn has_decimal_comma(locale: &str) -> bool {
    let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let swiss = locale.to_ascii_uppercase().ends_with("CH");
    !swiss
        && ["da", "de", "el", "es", "hr", "id", "is", "it", "nl", "pt", "ro", "sl", "sr", "tr", "vi"]
            .contains(&language.as_str())
}

/// An option of our own: the file that a source reads from.
pub const FILE: &str = "\u{1}file";
/// An option of our own: nothing but the column of corrupt records is asked for.
pub const ONLY_CORRUPT: &str = "\u{1}only corrupt";

/// An option of our own: timestamps without a zone are inferred as TIMESTAMP_NTZ.
pub const WALL_CLOCK: &str = "\u{1}wall clock";
/// An option of our own: the places in a CSV record of the fields that are asked for, when they are not all of them.
pub const PLACES: &str = "\u{1}places";

/// A schema or a value's type, and options.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Format {
    pub data_type: DataType,
    pub options: Options,
}

pub fn from_json(format: &Format, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let reading = format.options.reading()?;
    let syntax = format.options.syntax();
    let fail_fast = format.options.is_fail_fast();
    let mut cells = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let Some(text) = text.get(row).filter(|text| !text.trim().is_empty()) else {
            cells.push(Cell::Null);
            continue;
        };
        let (cell, whole) = document(Json::parse_with(text, &syntax).as_ref(), &format.data_type, &reading, text);
        if fail_fast && !whole {
            return Err(format.options.malformed(text));
        }
        cells.push(cell);
    }
    column(&cells.iter().collect::<Vec<_>>(), &format.data_type)
}

pub fn to_json(format: &Format, args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let writing = format.options.writing()?;
    let pretty = format.options.is_on("pretty", false);
    args.try_texts(|row, out| {
        if array.is_null(row * step) {
            return Ok(None);
        }
        if !pretty {
            writing.json(array.as_ref(), row * step, &format.data_type, out)?;
            return Ok(Some(()));
        }
        let mut text = String::new();
        writing.json(array.as_ref(), row * step, &format.data_type, &mut text)?;
        match Json::parse(&text) {
            Some(json) => json.write_pretty(0, out),
            None => out.push_str(&text),
        }
        Ok(Some(()))
    })
}
