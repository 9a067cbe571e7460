//! Prints where our parser's answers differ from those that `tests/golden/parser/record.py` wrote: `judge FILE.tsv …`.
//!
//! A line is `class<TAB>statement<TAB>Spark's answer<TAB>ours`; the class says whether the outcome differs or only the place or
//! the parameters. Every answer of a damaged statement must come without a panic, so this is also a fuzzer's target.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::process::ExitCode;

use hearth_base::{Error, ErrorKind};
use hearth_sql::parse_statement;

fn details(error: &Error) -> Vec<String> {
    let mut parameters: Vec<_> = error.named_parameters().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.sort();
    let place = error.behind().unwrap_or("").trim_end_matches('\n').to_owned();
    let escape = |text: String| text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
    std::iter::once(place).chain(parameters).map(escape).collect()
}

/// What differs between a recorded row and ours, as class, Spark's and ours.
fn difference(row: &[&str]) -> Option<(String, String, String)> {
    let (expected, statement) = (row.first()?, row.get(1)?);
    let result = parse_statement(&statement.replace("\\n", "\n"));
    let error = result.err().filter(|error| error.kind() != ErrorKind::Unsupported);
    let ours = error.as_ref().map_or("ok", |error| error.condition().name);
    let told = error.as_ref().map(details).unwrap_or_default();
    if ours != *expected {
        return Some((format!("{expected}|{ours}"), row[2..].join(" "), told.join(" ")));
    }
    let recorded: Vec<_> = row.iter().skip(2).map(|text| (*text).to_owned()).collect();
    let is_place = recorded.first() != told.first();
    let class = if is_place { "place" } else { "parameters" };
    (recorded != told && !expected.starts_with("_LEGACY") && *expected != "ok")
        .then(|| (format!("{class}|{expected}"), recorded.join(" "), told.join(" ")))
}

fn main() -> ExitCode {
    let (mut count, mut differ) = (0, 0);
    for file in std::env::args().skip(1) {
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            count += 1;
            let row: Vec<_> = line.split('\t').collect();
            if let Some((class, spark, ours)) = difference(&row) {
                differ += 1;
                println!("{class}\t{}\t{spark}\t{ours}", row.get(1).unwrap_or(&""));
            }
        }
    }
    eprintln!("{count} statements, {differ} differ");
    ExitCode::SUCCESS
}
