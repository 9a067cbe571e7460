//! The corpus in `tests/golden/parser`: statements with what real Spark's parser says of them.
//!
//! Our parser must accept what Spark's accepts and refuse what Spark's refuses, with the same condition. A statement
//! that the grammar takes and nothing runs yet (`unsupported`) counts as accepted. `deviations.tsv` lists what is known
//! to differ, with the reason; a listed statement that does not differ fails too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hearth_base::ErrorKind;
use hearth_sql::parse_statement;

const FILES: [&str; 6] = ["query.tsv", "expression.tsv", "identifier.tsv", "command.tsv", "error.tsv", "rule.tsv"];

fn rows(file: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/parser").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once('\t').unwrap_or_else(|| panic!("no tab in {line}")))
        .map(|(outcome, statement)| (outcome.to_owned(), statement.to_owned()))
        .collect()
}

fn outcome(statement: &str) -> String {
    match parse_statement(&statement.replace("\\n", "\n")) {
        Ok(_) => "ok".to_owned(),
        Err(error) if error.kind() == ErrorKind::Unsupported => "ok".to_owned(),
        Err(error) => error.condition().name.to_owned(),
    }
}

#[test]
fn decisions_are_those_of_spark() {
    let deviations: BTreeMap<String, String> =
        rows("deviations.tsv").into_iter().map(|(reason, statement)| (statement, reason)).collect();
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in FILES {
        for (expected, statement) in rows(file) {
            count += 1;
            let ours = outcome(&statement);
            match (ours == expected, deviations.contains_key(&statement)) {
                (true, false) | (false, true) => {}
                (true, true) => wrong.push(format!("{file}: is in deviations.tsv and does not differ: {statement}")),
                (false, false) => wrong.push(format!("{file}: Spark {expected}, ours {ours}: {statement}")),
            }
        }
    }
    assert!(count > 500, "only {count} statements");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}
