//! Replays calls that were recorded from real Spark: `tests/data/*.tsv`, one call per line.
//!
//! Columns: function (`cast:TYPE` for casts), arguments as `text::type` separated by `|`, `spark.sql.ansi.enabled`, result
//! type or `ERR`, nullability or condition, value or the condition's parameters. The session time zone is
//! America/Los_Angeles. Each call runs on constants, which may be computed while building, and on columns of one row.
//! `known.tsv` lists the lines where we differ, with the reason.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::{Column, DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;
use hearth_base::Error;
use hearth_types::ddl::parse_data_type;
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{DataType, Zone};

use crate::call::{AggregateModifiers, Argument, Call, SessionSettings};
use crate::cast::{self, CastMode};
use crate::row::Builder;
use crate::typed::Typed;

const ZONE: &str = "America/Los_Angeles";

fn settings(ansi: bool) -> SessionSettings {
    SessionSettings { ansi, time_zone: ZONE.to_owned(), time_type: true, ..crate::evaluate::settings() }
}

#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Value {
        data_type: String,
        text: String,
    },
    Failed {
        condition: String,
        parameters: BTreeMap<String, String>,
    },
    /// The line needs something that this harness cannot build.
    Skipped,
}

fn failed(error: &Error) -> Outcome {
    let parameters = error.parameters().iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Outcome::Failed { condition: error.condition().name.to_owned(), parameters }
}

/// A constant of the recording: `12::int`, `NULL::date`, `INTERVAL '1' DAY::lit`.
fn argument(text: &str, session: &SessionSettings) -> Option<Result<Typed, Error>> {
    let (value, kind) = text.rsplit_once("::")?;
    if kind == "lit" {
        return literal(value, session);
    }
    let data_type = parse_data_type(kind).ok()?;
    if value == "NULL" || data_type == DataType::Null {
        return Some(crate::expr::null(&data_type));
    }
    if data_type == DataType::Binary {
        let bytes = (0..value.len() / 2).map(|at| u8::from_str_radix(&value[at * 2..at * 2 + 2], 16).ok());
        let bytes = bytes.collect::<Option<Vec<u8>>>()?;
        return Some(Ok(crate::expr::literal(ScalarValue::Binary(Some(bytes)), DataType::Binary)));
    }
    Some(cast::cast(crate::expr::text(value), &data_type, CastMode::Legacy, session))
}

fn literal(text: &str, session: &SessionSettings) -> Option<Result<Typed, Error>> {
    if let Ok(number) = text.parse::<i32>() {
        return Some(Ok(crate::expr::literal(ScalarValue::Int32(Some(number)), DataType::Integer)));
    }
    if text == "null" {
        return Some(crate::expr::null(&DataType::Null));
    }
    let (value, unit) = text.strip_prefix("INTERVAL '")?.split_once("' ")?;
    let data_type = parse_data_type(&format!("interval {}", unit.to_lowercase())).ok()?;
    Some(cast::cast(crate::expr::text(value), &data_type, CastMode::Ansi, session))
}

fn build(name: &str, values: Vec<Typed>, session: &SessionSettings) -> Option<Result<Typed, Error>> {
    if let Some(target) = name.strip_prefix("cast:") {
        let data_type = parse_data_type(target).ok()?;
        return Some(cast::cast(values.into_iter().next()?, &data_type, CastMode::of(session), session));
    }
    let row = crate::lookup(name)?;
    let Builder::Scalar(builder) = row.builder else {
        return None;
    };
    let call = Call {
        name,
        session,
        argument_sql: vec![String::new(); values.len()],
        arguments: values.into_iter().map(Argument::Value).collect(),
        modifiers: AggregateModifiers::default(),
        sql: String::new(),
    };
    if let Err(error) = crate::table::check_arity(row, &call) {
        return Some(Err(error));
    }
    Some(builder(call))
}

static CONTEXT: LazyLock<SessionContext> = LazyLock::new(SessionContext::new);

fn evaluate(typed: &Typed, batch: &RecordBatch, session: &SessionSettings) -> Outcome {
    let run = || -> Result<ArrayRef, DataFusionError> {
        let schema = DFSchema::try_from(batch.schema().as_ref().clone())?;
        CONTEXT.create_physical_expr(typed.expr.clone(), &schema)?.evaluate(batch)?.into_array(1)
    };
    let array = match run() {
        Ok(array) => array,
        Err(error) => return from_datafusion(&error),
    };
    let zone = Zone::parse(ZONE).unwrap();
    let style = if session.ansi { TextStyle::Cast } else { TextStyle::LegacyCast };
    let text = if array.is_null(0) || typed.data_type == DataType::Null {
        "NULL".to_owned()
    } else if typed.data_type == DataType::Binary {
        match ScalarValue::try_from_array(&array, 0) {
            Ok(ScalarValue::Binary(Some(bytes))) => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
            other => format!("{other:?}"),
        }
    } else {
        format_value(array.as_ref(), 0, &typed.data_type, &zone, style)
    };
    Outcome::Value { data_type: typed.data_type.simple_string(), text }
}

fn from_datafusion(error: &DataFusionError) -> Outcome {
    match error.find_root() {
        DataFusionError::External(boxed) if boxed.is::<Error>() => failed(boxed.downcast_ref::<Error>().unwrap()),
        other => Outcome::Failed { condition: format!("DATAFUSION {other}"), parameters: BTreeMap::new() },
    }
}

/// Runs a line on constants (`columns` false) or on columns of one row.
fn replay(name: &str, arguments: &str, ansi: bool, columns: bool) -> Outcome {
    let session = settings(ansi);
    let separator = if arguments.contains('¦') { '¦' } else { '|' };
    let mut values = Vec::new();
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (index, text) in arguments.split(separator).filter(|text| !text.is_empty()).enumerate() {
        let mut value = match argument(text, &session) {
            Some(Ok(value)) => value,
            Some(Err(error)) => return failed(&error),
            None => return Outcome::Skipped,
        };
        // What Spark saw as a literal stays one.
        if columns && !text.ends_with("::lit") {
            let array = value.literal().unwrap().to_array().unwrap();
            let name = format!("c{index}");
            fields.push(Field::new(name.as_str(), array.data_type().clone(), true));
            arrays.push(array);
            value = Typed::new(Expr::Column(Column::from_name(name)), value.data_type, true);
        }
        values.push(value);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap();
    match build(name, values, &session) {
        Some(Ok(typed)) => evaluate(&typed, &batch, &session),
        Some(Err(error)) => failed(&error),
        None => Outcome::Skipped,
    }
}

/// The recorded outcome of a line's last three columns. Parameters are `key=value`, U+001F between them.
fn expected(kind: &str, middle: &str, last: &str) -> Outcome {
    if kind == "ERR" {
        let pairs = last.split('\u{1f}').filter_map(|pair| pair.split_once('='));
        let parameters = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        return Outcome::Failed { condition: middle.to_owned(), parameters };
    }
    Outcome::Value { data_type: kind.to_owned(), text: last.replace("\\n", "\n").replace("\\\\", "\\") }
}

/// Whether two outcomes are one. The SQL of expressions is the analyzer's, which does not run here.
fn same(expected: &Outcome, actual: &Outcome) -> bool {
    match (expected, actual) {
        (Outcome::Failed { condition: c1, parameters: p1 }, Outcome::Failed { condition: c2, parameters: p2 }) => {
            let from_sql = |key: &str| matches!(key, "functionName" | "errorMessage" | "inputExpr");
            c1 == c2 && p1.iter().all(|(key, value)| from_sql(key) || p2.get(key) == Some(value))
        }
        (Outcome::Value { data_type: t1, text: v1 }, Outcome::Value { data_type: t2, text: v2 }) => {
            t1 == t2 && same_text(v1, v2)
        }
        _ => false,
    }
}

/// Doubles may differ in the last digits, as libraries' logarithms and sines do.
fn same_text(expected: &str, actual: &str) -> bool {
    match (expected.parse::<f64>(), actual.parse::<f64>()) {
        _ if expected == actual => true,
        (Ok(e), Ok(a)) if expected.contains(['.', 'E']) => (e - a).abs() <= e.abs() * 8.0 * f64::EPSILON,
        _ => false,
    }
}

fn differences(data: &str, known: &str) -> Vec<String> {
    let known: HashSet<&str> = known.lines().filter_map(|line| line.rsplit_once('\t')).map(|(call, _)| call).collect();
    let mut report = Vec::new();
    for line in data.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [name, arguments, ansi, kind, middle, last] = parts.as_slice() else {
            panic!("not a line: {line}");
        };
        if known.contains(format!("{name}\t{arguments}\t{ansi}").as_str()) {
            continue;
        }
        let expected = expected(kind, middle, last);
        // Spark's decimal rules look at literals, which a folded cast is here and not there.
        let folded = arguments.contains("decimal") && ["::int", "::bigint"].iter().any(|kind| arguments.contains(kind));
        for columns in [false, true] {
            if folded && !columns {
                continue;
            }
            let actual = replay(name, arguments, *ansi == "true", columns);
            let constant_wanted =
                matches!(&actual, Outcome::Failed { condition, .. } if columns && condition.contains("NON_FOLDABLE"));
            if !constant_wanted && actual != Outcome::Skipped && !same(&expected, &actual) {
                let place = if columns { "columns" } else { "constants" };
                report.push(format!(
                    "{name}\t{arguments}\t{ansi}\t{place}\n    spark {expected:?}\n    here  {actual:?}"
                ));
            }
        }
    }
    report
}

fn check(data: &str) {
    let report = differences(data, include_str!("../tests/data/known.tsv"));
    assert!(report.is_empty(), "{} differences:\n{}", report.len(), report.join("\n"));
}

#[test]
fn casts_are_as_recorded() {
    check(include_str!("../tests/data/casts.tsv"));
}

#[test]
fn operators_and_functions_are_as_recorded() {
    check(include_str!("../tests/data/functions.tsv"));
}
