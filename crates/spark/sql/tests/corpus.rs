//! The corpus in `tests/golden/parser`: statements with what real Spark's parser says of them.
//!
//! Our parser must accept what Spark's accepts and refuse what Spark's refuses, with the same condition, parameters and
//! place. A statement that the grammar takes and nothing runs yet (`unsupported`) counts as accepted. `deviations.tsv`
//! lists what is known to differ, with the reason, `places.tsv` those of the same condition whose place or parameters
//! differ; a listed statement that does not differ fails too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hearth_base::{Error, ErrorKind};
use hearth_sql::parse_statement;

const FILES: [&str; 12] = [
    "query.tsv",
    "expression.tsv",
    "identifier.tsv",
    "command.tsv",
    "error.tsv",
    "rule.tsv",
    "form.tsv",
    "message.tsv",
    "grammar.tsv",
    "typed.tsv",
    "prediction.tsv",
    "definition.tsv",
];

/// The columns of the lines that are neither empty nor comments.
fn rows(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/parser").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines =
        text.lines().filter(|line| !line.is_empty() && (!line.starts_with('#') || line.starts_with("# keywords ")));
    lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Reason by statement.
fn listed(file: &str) -> BTreeMap<String, String> {
    rows(file).into_iter().map(|row| (row[1].clone(), row[0].clone())).collect()
}

fn failure(statement: &str) -> Option<Error> {
    parse_statement(&statement.replace("\\n", "\n")).err().filter(|error| error.kind() != ErrorKind::Unsupported)
}

fn outcome(error: Option<&Error>) -> String {
    error.map_or_else(|| "ok".to_owned(), |error| error.condition().name.to_owned())
}

/// Place and parameters in the form of the files.
fn details(error: &Error) -> Vec<String> {
    let mut parameters: Vec<_> = error.named_parameters().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.sort();
    let place = error.behind().unwrap_or("").trim_end_matches('\n').to_owned();
    let escape = |text: String| text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
    std::iter::once(place).chain(parameters).map(escape).collect()
}

/// The texts of conditions without a name are ours, and so are their parameters, `msg` aside.
fn comparable(condition: &str, details: &[String]) -> Vec<String> {
    let is_legacy = condition.starts_with("_LEGACY");
    let keep = |index: usize, text: &str| index == 0 || !is_legacy || text.starts_with("msg=");
    details.iter().enumerate().filter(|(index, text)| keep(*index, text)).map(|(_, text)| text.clone()).collect()
}

#[test]
fn decisions_are_those_of_spark() {
    let (deviations, places) = (listed("deviations.tsv"), listed("places.tsv"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in FILES {
        for row in rows(file) {
            let (expected, statement) = (&row[0], &row[1]);
            count += 1;
            let error = failure(statement);
            let ours = outcome(error.as_ref());
            match (ours == *expected, deviations.contains_key(statement)) {
                (true, false) | (false, true) => {}
                (true, true) => wrong.push(format!("{file}: is in deviations.tsv and does not differ: {statement}")),
                (false, false) => wrong.push(format!("{file}: Spark {expected}, ours {ours}: {statement}")),
            }
            let Some(error) = error.filter(|_| ours == *expected && row.len() > 2) else { continue };
            let (told, ours) = (comparable(expected, &row[2..]), comparable(expected, &details(&error)));
            match (told == ours, places.contains_key(statement)) {
                (true, false) | (false, true) => {}
                (true, true) => wrong.push(format!("{file}: is in places.tsv and does not differ: {statement}")),
                (false, false) => wrong.push(format!("{file}: Spark {told:?}, ours {ours:?}: {statement}")),
            }
        }
    }
    assert!(count > 2500, "only {count} statements");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_keyword_is_a_name_where_spark_takes_it() {
    let deviations = listed("deviations.tsv");
    let rows = rows("keyword.tsv");
    let keywords: Vec<&str> = rows[0][0].split_whitespace().skip(2).collect();
    let mut wrong = Vec::new();
    for row in &rows[1..] {
        let refused: BTreeMap<&str, &str> = row[0]
            .split(';')
            .filter_map(|part| part.split_once(':'))
            .flat_map(|(condition, words)| words.split(',').map(move |word| (word, condition)))
            .collect();
        for keyword in &keywords {
            let statement = row[1].replace("{k}", keyword);
            let ours = outcome(failure(&statement).as_ref());
            let expected = refused.get(keyword).copied().unwrap_or("ok");
            if (ours == expected) == deviations.contains_key(&statement) {
                wrong.push(format!("Spark {expected}, ours {ours}: {statement}"));
            }
        }
    }
    assert!(keywords.len() > 400 && rows.len() > 20);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
