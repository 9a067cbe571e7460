//! Texts and values recorded from real Spark (`tests/golden/types/record.py`) against ours.
//!
//! Each test lists all rows that differ, with what Spark gives and what we give.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use hearth_types::arrow::{cast_batch_to_wire, from_arrow_schema, to_wire_schema};
use hearth_types::ddl::{parse_data_type, parse_table_schema};
use hearth_types::show::{ShowOptions, html_string, show_string};
use hearth_types::{DataType, DayTimeField, StructType, YearMonthField, Zone};
use hearth_types::{datetime_parse, datetime_text, interval_parse, number_text};

/// Rows of a recorded file; `None` is NULL.
fn rows(text: &str) -> Vec<Vec<Option<String>>> {
    let cell = |cell: &str| {
        if cell == "\\N" {
            return None;
        }
        let mut out = String::new();
        let mut chars = cell.chars();
        while let Some(c) = chars.next() {
            out.push(match (c, c == '\\') {
                (_, true) => match chars.next().unwrap() {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    c => c,
                },
                (c, false) => c,
            });
        }
        Some(out)
    };
    text.split('\n').filter(|line| !line.is_empty()).map(|line| line.split('\t').map(cell).collect()).collect()
}

/// Collects differences, to show all at once.
#[derive(Default)]
struct Differences {
    count: usize,
    lines: Vec<String>,
}

impl Differences {
    fn check(&mut self, what: &str, spark: &str, ours: &str) {
        self.count += 1;
        if spark != ours {
            self.lines.push(format!("{what}\n  spark: {spark}\n  ours:  {ours}"));
        }
    }

    fn finish(self, at_least: usize) {
        assert!(self.lines.is_empty(), "{} of {} differ\n{}", self.lines.len(), self.count, self.lines.join("\n"));
        assert!(self.count >= at_least, "only {} rows were compared", self.count);
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn types_print_and_parse_as_in_spark() {
    let mut found = Differences::default();
    for row in rows(include_str!("ddl.tsv")) {
        let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
        let (kind, text) = (row[0].as_str(), row[1].as_str());
        let parsed = match kind {
            "type" => parse_data_type(text),
            _ => parse_table_schema(text).map(DataType::Struct),
        };
        let ours = match parsed {
            Ok(data_type) => data_type,
            Err(error) => {
                let spark = if row[2] == "ERROR" { &row[3] } else { "a type" };
                found.check(text, spark, error.condition().name);
                continue;
            }
        };
        if row[2] == "ERROR" {
            found.check(text, &row[3], &ours.sql());
            continue;
        }
        found.check(text, &row[2], &ours.simple_string());
        found.check(text, &row[3], &ours.catalog_string());
        found.check(text, &row[4], &ours.sql());
        found.check(text, &json(&row[5]).to_string(), &sorted_like(&row[5], &ours.json()));
        assert_eq!(DataType::from_json(&row[5]).unwrap(), ours, "{text}");
        match &ours {
            DataType::Struct(structure) if kind == "schema" => {
                found.check(text, &row[6], &structure.to_ddl());
                found.check(text, &row[7], &structure.tree_string(0));
                found.check(text, &row[8], &structure.tree_string(2));
                found.check(text, &row[9], &structure.tree_string(3));
            }
            _ => found.check(text, &row[6], &ours.type_name()),
        }
    }
    found.finish(200);
}

/// Our JSON, or Spark's own text where both are the same value with keys in another order.
fn sorted_like(spark: &str, ours: &str) -> String {
    if json(spark) == json(ours) { json(spark).to_string() } else { ours.to_owned() }
}

fn year_month(unit: &str) -> (YearMonthField, YearMonthField) {
    match parse_data_type(&format!("interval {unit}")).unwrap() {
        DataType::YearMonthInterval { start, end } => (start, end),
        other => panic!("{other:?}"),
    }
}

fn day_time(unit: &str) -> (DayTimeField, DayTimeField) {
    match parse_data_type(&format!("interval {unit}")).unwrap() {
        DataType::DayTimeInterval { start, end } => (start, end),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_print_as_in_spark() {
    let mut found = Differences::default();
    for row in rows(include_str!("text.tsv")) {
        let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
        let (kind, unit, ansi) = (row[0].as_str(), row[1].as_str(), row[2] == "true");
        let value = |index: usize| row[index].parse::<i64>().unwrap();
        let mut out = String::new();
        match kind {
            "double" => number_text::write_double(&mut out, f64::from_bits(value(3) as u64)),
            "float" => number_text::write_float(&mut out, f32::from_bits(value(3) as u32)),
            "decimal" if ansi => number_text::write_decimal_plain(&mut out, row[3].parse().unwrap(), value(4) as i8),
            "decimal" => number_text::write_decimal_java(&mut out, row[3].parse().unwrap(), value(4) as i8),
            "date" => datetime_text::write_date(&mut out, value(3) as i32),
            "timestamp" => datetime_text::write_timestamp(&mut out, value(3), &Zone::parse(unit).unwrap()),
            "time" => datetime_text::write_time(&mut out, value(3)),
            "year_month" => {
                let (start, end) = year_month(unit);
                datetime_text::write_year_month_interval(&mut out, value(3) as i32, start, end)
            }
            "day_time" => {
                let (start, end) = day_time(unit);
                datetime_text::write_day_time_interval(&mut out, value(3), start, end)
            }
            "calendar" => datetime_text::write_calendar_interval(&mut out, value(3) as i32, value(4) as i32, value(5)),
            other => panic!("{other}"),
        }
        .unwrap();
        if out == "1.0E23" {
            // deviation: Java 17 prints 9.999999999999999E22, Java 19 and later the shortest digits, as we do.
            continue;
        }
        found.check(&row[..row.len() - 1].join(" "), row.last().unwrap(), &out);
    }
    found.finish(400);
}

#[test]
fn strings_are_read_as_in_spark() {
    let mut found = Differences::default();
    for row in rows(include_str!("parse.tsv")) {
        let (kind, unit, text) = (row[0].as_deref().unwrap(), row[1].as_deref().unwrap(), row[2].as_deref().unwrap());
        let ours = match kind {
            "date" => datetime_parse::string_to_date(text).map(i64::from),
            "timestamp" => datetime_parse::string_to_timestamp(text, &Zone::parse(unit).unwrap(), 0),
            "timestamp_ntz" => datetime_parse::string_to_timestamp_ntz(text, true),
            "time" => datetime_parse::string_to_time(text),
            "year_month" => {
                let (start, end) = year_month(unit);
                interval_parse::string_to_year_month(text, start, end).map(i64::from)
            }
            "day_time" => {
                let (start, end) = day_time(unit);
                interval_parse::string_to_day_time(text, start, end)
            }
            "zone" => Zone::parse(text).map(|zone| i64::from(zone.offset_at(1_577_836_800_000_000))),
            "interval" => {
                let ours = interval_parse::string_to_interval(text)
                    .map(|interval| format!("{} {} {}", interval.months, interval.days, interval.microseconds));
                found.check(text, row[3].as_deref().unwrap_or("NULL"), ours.as_deref().unwrap_or("NULL"));
                continue;
            }
            other => panic!("{other}"),
        };
        let ours = ours.map_or("NULL".to_owned(), |value| value.to_string());
        found.check(&format!("{kind} {unit} {text:?}"), row[3].as_deref().unwrap_or("NULL"), &ours);
    }
    found.finish(500);
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn tables_print_as_in_spark() {
    let mut found = Differences::default();
    for row in rows(include_str!("show.tsv")) {
        let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
        let structure = StructType::from_json(&row[6]).unwrap();
        let data = bytes(&row[7]);
        let reader = StreamReader::try_new(data.as_slice(), None).unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let rows: usize = row[3].parse().unwrap();
        let zone = Zone::parse(&row[2]).unwrap();
        let options = ShowOptions {
            rows,
            truncate: row[4].parse().unwrap(),
            vertical: row[5] == "true",
            zone: &zone,
            has_more: count > rows,
        };
        let ours = match row[0].as_str() {
            "show" => show_string(&structure, &batches, &options),
            _ => html_string(&structure, &batches, &options),
        };
        found.check(&row[..6].join(" "), &row[8], &ours);
    }
    found.finish(50);
}

#[test]
fn wire_schema_is_what_spark_sends() {
    let mut found = Differences::default();
    for row in rows(include_str!("show.tsv")) {
        let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
        let structure = StructType::from_json(&row[6]).unwrap();
        let data = bytes(&row[7]);
        let reader = StreamReader::try_new(data.as_slice(), None).unwrap();
        let sent = reader.schema();
        let ours = to_wire_schema(&structure, &row[2]);
        for (spark, ours) in sent.fields().iter().zip(ours.fields()) {
            found.check(&row[1], &format!("{spark:?}"), &format!("{ours:?}"));
        }
        assert_eq!(sent.fields().len(), ours.fields().len());
        for batch in reader {
            let batch = batch.unwrap();
            let same = cast_batch_to_wire(&batch, &structure, &row[2]).unwrap();
            assert_eq!(same.num_rows(), batch.num_rows());
        }
        assert_eq!(from_arrow_schema(&ours).unwrap().fields.len(), structure.fields.len());
    }
    found.finish(50);
}
