//! Calls of constants, compared with what real Spark answered (`testdata/spark-values.tsv`: call, type, value).
//!
//! The calls are read by a small reader of literals and nested calls, so that kernels and builders are tested here
//! without the SQL parser; the type column ends in `null` when Spark calls the result nullable, and `!` is an error with
//! its condition. The session's zone is America/Los_Angeles, ANSI mode is on.

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use hearth_base::Error;
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{DataType, Zone};

use crate::call::{AggregateModifiers, Argument, Call, SessionSettings};
use crate::cast::{CastMode, cast};
use crate::row::Builder;
use crate::table::{check_arity, lookup};
use crate::typed::Typed;

const VALUES: &str = include_str!("../testdata/spark-values.tsv");

/// Calls that answer otherwise here, and why.
const KNOWN: [(&str, &str); 5] = [
    ("format_string('%s', array(1,2))", "arrays have no text there"),
    ("to_char(78.12, '999.99$')", "one condition for all formats that are not valid"),
    ("to_char(12, '9.9.9')", "one condition for all formats that are not valid"),
    (
        "schema_of_json('[{\"col\":01}]', map('allowNumericLeadingZeros', 'true'))",
        "options of the reader are not built",
    ),
    ("to_json(map(named_struct('a', 1),named_struct('b', 2)))", "a struct as a key is shown as a cast shows it"),
];

fn session() -> SessionSettings {
    SessionSettings {
        ansi: true,
        time_zone: "America/Los_Angeles".to_owned(),
        timestamp_ntz_default: false,
        time_type: false,
        map_key_last_wins: false,
        legacy_size_of_null: false,
        case_sensitive: false,
        decimal_precision_loss: true,
        current_catalog: "spark_catalog".to_owned(),
        current_database: "default".to_owned(),
        user: "test".to_owned(),
        statement_micros: 1_700_000_000_000_000,
        spark_version: "4.2.0".to_owned(),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    session: &'a SessionSettings,
}

/// Why a call gave no value.
enum Trouble {
    /// The reader here is too small for it.
    Unread,
    Error(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn literal(value: ScalarValue, data_type: DataType) -> Typed {
    let nullable = value.is_null();
    Typed::new(Expr::Literal(value, None), data_type, nullable)
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text[self.at..].trim_start()
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip();
        let there = self.rest().starts_with(token);
        self.at += if there { token.len() } else { 0 };
        there
    }

    fn word(&mut self) -> String {
        self.skip();
        let word: String = self.rest().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        self.at += word.len();
        word
    }

    fn quoted(&mut self, raw: bool) -> Result<String, Trouble> {
        let quote = self.text[self.at..].chars().next().ok_or(Trouble::Unread)?;
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.text[self.at..].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            match c {
                '\\' if !raw => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(other) => text.push(other),
                    None => return Err(Trouble::Unread),
                },
                c if c == quote => {
                    if chars.peek().is_some_and(|(_, next)| *next == quote) {
                        chars.next();
                        text.push(quote);
                        continue;
                    }
                    self.at += offset + 1;
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(Trouble::Unread)
    }

    fn value(&mut self) -> Result<Typed, Trouble> {
        self.skip();
        match self.rest().chars().next().ok_or(Trouble::Unread)? {
            '\'' | '"' => {
                let text = self.quoted(false)?;
                Ok(literal(ScalarValue::Utf8(Some(text)), DataType::STRING))
            }
            c if c.is_ascii_digit() || c == '-' || c == '.' => self.number(),
            _ => self.named(),
        }
    }

    fn number(&mut self) -> Result<Typed, Trouble> {
        let negative = self.eat("-");
        let sign = if negative { "-" } else { "" };
        let end = self.rest().find([',', ')', ' ']).unwrap_or(self.rest().len());
        let text = self.rest()[..end].to_owned();
        self.at += end;
        if let Some(double) = text.strip_suffix('D') {
            let value = format!("{sign}{double}").parse().map_err(|_| Trouble::Unread)?;
            return Ok(literal(ScalarValue::Float64(Some(value)), DataType::Double));
        }
        if let Some(float) = text.strip_suffix('F') {
            let value = format!("{sign}{float}").parse().map_err(|_| Trouble::Unread)?;
            return Ok(literal(ScalarValue::Float32(Some(value)), DataType::Float));
        }
        if let Some((whole, fraction)) = text.split_once('.') {
            let digits = format!("{whole}{fraction}");
            let unscaled: i128 = format!("{sign}{digits}").parse().map_err(|_| Trouble::Unread)?;
            let scale = fraction.len() as i8;
            let precision = digits.trim_start_matches('0').len().max(fraction.len()) as u8;
            let value = ScalarValue::Decimal128(Some(unscaled), precision, scale);
            return Ok(literal(value, DataType::Decimal { precision, scale }));
        }
        let value: i64 = format!("{sign}{text}").parse().map_err(|_| Trouble::Unread)?;
        Ok(match i32::try_from(value) {
            Ok(value) => literal(ScalarValue::Int32(Some(value)), DataType::Integer),
            Err(_) => literal(ScalarValue::Int64(Some(value)), DataType::Long),
        })
    }

    fn named(&mut self) -> Result<Typed, Trouble> {
        let name = self.word().to_lowercase();
        let typed_text = match name.as_str() {
            "date" => Some(DataType::Date),
            "timestamp" => Some(DataType::Timestamp),
            "timestamp_ntz" => Some(DataType::TimestampNtz),
            _ => None,
        };
        self.skip();
        if let (Some(data_type), true) = (typed_text, self.rest().starts_with('\'')) {
            let text = self.quoted(false)?;
            let text = literal(ScalarValue::Utf8(Some(text)), DataType::STRING);
            let mut value = cast(text, &data_type, CastMode::Ansi, self.session)?;
            value.nullable = false;
            return Ok(value);
        }
        match name.as_str() {
            "null" => return Ok(literal(ScalarValue::Null, DataType::Null)),
            "true" | "false" => return Ok(literal(ScalarValue::Boolean(Some(name == "true")), DataType::Boolean)),
            "r" if self.rest().starts_with('"') => {
                let text = self.quoted(true)?;
                return Ok(literal(ScalarValue::Utf8(Some(text)), DataType::STRING));
            }
            "x" if self.rest().starts_with('\'') => {
                let text = self.quoted(true)?;
                let bytes = (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16));
                let bytes = bytes.collect::<Result<Vec<_>, _>>().map_err(|_| Trouble::Unread)?;
                return Ok(literal(ScalarValue::Binary(Some(bytes)), DataType::Binary));
            }
            "cast" => {
                assert!(self.eat("("));
                let value = self.value()?;
                assert!(self.eat("as"));
                self.skip();
                let end = self.close();
                let data_type = hearth_types::ddl::parse_data_type(&self.rest()[..end])?;
                self.at += end + 1;
                return Ok(cast(value, &data_type, CastMode::Ansi, self.session)?);
            }
            _ => {}
        }
        if !self.eat("(") {
            // A unit of time.
            return Ok(literal(ScalarValue::Utf8(Some(name)), DataType::STRING));
        }
        self.call(&name)
    }

    /// Where the bracket that is open here closes.
    fn close(&self) -> usize {
        let mut depth = 0;
        for (at, c) in self.rest().char_indices() {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => return at,
                ')' => depth -= 1,
                _ => {}
            }
        }
        self.rest().len()
    }

    fn call(&mut self, name: &str) -> Result<Typed, Trouble> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            arguments.push(Argument::Value(self.value()?));
            if !self.eat(",") && !self.rest().starts_with(')') {
                return Err(Trouble::Unread);
            }
        }
        let row = lookup(name).ok_or(Trouble::Unread)?;
        let call = Call {
            name,
            session: self.session,
            argument_sql: arguments.iter().map(|_| String::new()).collect(),
            arguments,
            modifiers: AggregateModifiers::default(),
            sql: self.text.to_owned(),
        };
        check_arity(row, &call)?;
        match row.builder {
            Builder::Scalar(build) => Ok(build(call)?),
            _ => Err(Trouble::Unread),
        }
    }
}

fn unwrap(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::internal(other),
        },
        DataFusionError::Context(_, inner) => unwrap(*inner),
        other => Error::internal(other),
    }
}

fn compute(value: &Typed) -> Result<ArrayRef, Error> {
    let schema = DFSchema::empty();
    let physical =
        create_physical_expr(&value.expr, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
            .map_err(unwrap)?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Schema::empty().into(), vec![], &options)
        .map_err(|error| Error::internal(error.to_string()))?;
    physical.evaluate(&batch).and_then(|value| value.into_array(1)).map_err(unwrap)
}

/// Type and text as the file has them.
fn answer(text: &str) -> Option<(String, String)> {
    let session = session();
    let mut reader = Reader { text, at: 0, session: &session };
    let value = match reader.value() {
        Ok(value) => value,
        Err(Trouble::Unread) => return None,
        Err(Trouble::Error(error)) => return Some(("!".to_owned(), error.condition().name.to_owned())),
    };
    Some(match compute(&value) {
        Ok(array) => {
            let shown = if array.is_null(0) {
                "NULL".to_owned()
            } else {
                let zone = Zone::parse(&session.time_zone).unwrap();
                format_value(array.as_ref(), 0, &value.data_type, &zone, TextStyle::Cast)
            };
            let shown = shown.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n");
            (value.data_type.simple_string(), shown)
        }
        Err(error) => ("!".to_owned(), error.condition().name.to_owned()),
    })
}

#[test]
fn constant_calls_answer_as_spark() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in VALUES.lines() {
        let mut columns = line.split('\t');
        let (Some(call), Some(data_type), Some(value)) = (columns.next(), columns.next(), columns.next()) else {
            panic!("{line}");
        };
        if KNOWN.iter().any(|(known, _)| *known == call) {
            continue;
        }
        let Some((our_type, our_value)) = answer(call) else { continue };
        compared += 1;
        let data_type = data_type.trim_end_matches(" null");
        // Spark's Java exceptions have no condition.
        let same = our_type == data_type && (our_value == value || (data_type == "!" && value.is_empty()));
        if !same {
            wrong.push(format!("{call}: {our_value} ({our_type}), Spark {value} ({data_type})"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 400, "only {compared} calls were read");
}
