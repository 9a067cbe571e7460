//! Broken statements: every cut and every dropped or doubled lexeme of the corpus is answered, never a panic; deep nesting
//! is refused by its limit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use hearth_sql::{parse_expression, parse_statement};

fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/parser");
    let files = ["query.tsv", "expression.tsv", "identifier.tsv", "command.tsv", "error.tsv", "rule.tsv"];
    let mut statements = Vec::new();
    for file in files {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        statements.extend(lines.map(|(_, statement)| statement.replace("\\n", "\n")));
    }
    statements
}

#[test]
fn cut_and_mutated_statements_are_answered() {
    for statement in statements() {
        let words: Vec<&str> = statement.split_inclusive(|c: char| !c.is_alphanumeric()).collect();
        for index in 0..words.len() {
            let cut = words[..index].concat();
            let dropped = [&words[..index], &words[index + 1..]].concat().concat();
            let doubled = [&words[..=index], &words[index..]].concat().concat();
            let strange = [words[..index].concat(), "é'`\\$".to_owned(), words[index..].concat()].concat();
            for text in [cut, dropped, doubled, strange] {
                let _ = parse_statement(&text);
                let _ = parse_expression(&text);
            }
        }
    }
}

#[test]
fn nesting_is_limited_in_every_direction() {
    let count = 100_000;
    let texts = [
        format!("SELECT {}1{}", "(".repeat(count), ")".repeat(count)),
        format!("SELECT {}1", "- (".repeat(count)),
        format!("SELECT {}a", "NOT ".repeat(count)),
        format!("SELECT 1{}", " + 1".repeat(count)),
        format!("SELECT a{}", "[0]".repeat(count)),
        format!("SELECT {}1{}", "f(".repeat(count), ")".repeat(count)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(count)),
        format!("SELECT * FROM a{}", " JOIN a".repeat(count)),
        format!("SELECT * FROM {}a{}", "(".repeat(count), ")".repeat(count)),
        format!("{}SELECT 1{}", "(".repeat(count), ")".repeat(count)),
        format!("{}1", "CASE WHEN ".repeat(count)).replacen("CASE", "SELECT CASE", 1),
        format!("TABLE t{}", " |> WHERE a".repeat(count)),
        format!("{}SELECT 1", "EXPLAIN ".repeat(count)),
        format!("SELECT CAST(a AS {}INT{})", "ARRAY<".repeat(count), ">".repeat(count)),
    ];
    for text in texts {
        let condition = parse_statement(&text).unwrap_err().condition().name;
        let known = ["HEARTH_PLAN_DEPTH_LIMIT", "PARSE_SYNTAX_ERROR"];
        assert!(known.contains(&condition), "{condition}: {}", &text[..40]);
    }
}

#[test]
fn long_flat_statements_are_taken() {
    let count = 20_000;
    let filter = vec!["a = 1"; count].join(" OR ");
    assert!(parse_statement(&format!("SELECT * FROM t WHERE {filter}")).is_ok());
    let values = vec!["(1, 'x')"; count].join(", ");
    assert!(parse_statement(&format!("INSERT INTO t VALUES {values}")).is_ok());
    let list = vec!["1"; count].join(", ");
    assert!(parse_statement(&format!("SELECT a IN ({list}), array({list})")).is_ok());
    let cases = "WHEN a THEN 1 ".repeat(count);
    assert!(parse_statement(&format!("SELECT CASE {cases} END")).is_ok());
}
