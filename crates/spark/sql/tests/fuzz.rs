//! Broken statements: every cut and every dropped or doubled lexeme of the corpus is answered, never a panic; deep nesting
//! is refused by its limit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hearth_sql::{parse_expression, parse_statement};

fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/parser");
    let files = ["query.tsv", "expression.tsv", "identifier.tsv", "command.tsv", "error.tsv", "rule.tsv", "form.tsv"];
    let mut statements = Vec::new();
    for file in files {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let lines = text.lines().filter_map(|line| line.split('\t').nth(1));
        statements.extend(lines.map(|statement| statement.replace("\\n", "\n")));
    }
    statements
}

/// Numbers that look random and are the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

/// Words of one statement among those of another, in any order, some of them twice.
fn mutated(numbers: &mut Numbers, statements: &[String]) -> String {
    let mut words: Vec<&str> = words(&statements[numbers.below(statements.len())]);
    let others = self::words(&statements[numbers.below(statements.len())]);
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(words.len() + 1);
        match numbers.below(5) {
            0 => words.insert(at, others[numbers.below(others.len())]),
            1 if at < words.len() => drop(words.remove(at)),
            2 if at < words.len() => words[at] = others[numbers.below(others.len())],
            3 if at < words.len() => {
                let other = numbers.below(words.len());
                words.swap(at, other);
            }
            _ => words.insert(
                at,
                ["(", ")", "'", "`", "\"", "/*", "*/", "--", "$$", "é", "\\", "\u{0}", "|>", "->"][numbers.below(14)],
            ),
        }
    }
    words.concat()
}

fn words(statement: &str) -> Vec<&str> {
    statement.split_inclusive(|c: char| !c.is_alphanumeric()).collect()
}

/// A fixed share of what a fuzzer does, in a bounded time: every answer is a plan or an error, and comes at once.
#[test]
fn random_mixes_of_statements_are_answered_quickly() {
    let statements = statements();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let begun = Instant::now();
    for _ in 0..40_000 {
        let text = mutated(&mut numbers, &statements);
        let at = Instant::now();
        let _ = parse_statement(&text);
        let _ = parse_expression(&text);
        assert!(at.elapsed() < Duration::from_secs(5), "slow: {text}");
        if begun.elapsed() > Duration::from_secs(30) {
            break;
        }
    }
}

/// Four times the text takes about four times as long.
#[test]
fn time_grows_with_the_length_of_a_statement() {
    let make: [fn(usize) -> String; 7] = [
        |count| format!("SELECT {}", vec!["CAST(a AS DECIMAL(10, 2)) AS b"; count].join(", ")),
        |count| format!("INSERT INTO t VALUES {}", vec!["(1, 'some text', DATE '2024-01-01')"; count].join(", ")),
        |count| format!("SELECT * FROM t WHERE {}", vec!["(a = 1 AND b LIKE 'x%')"; count].join(" OR ")),
        |count| format!("SELECT dateadd(DAY, 1, a){}", ", CASE WHEN a THEN b ELSE c END".repeat(count)),
        |count| format!("SELECT a IN ({})", vec!["'abcdefgh'"; count].join(",")),
        |count| format!("CREATE TABLE t ({})", vec!["c STRUCT<a: INT, b: ARRAY<STRING>>"; count].join(", ")),
        |count| format!("SELECT {}", vec!["INTERVAL 1 DAY, `a b`.c[1].d, f(x -> x + 1)"; count].join(", ")),
    ];
    for (index, make) in make.into_iter().enumerate() {
        let time = |count: usize| {
            let text = make(count);
            let begun = Instant::now();
            let _ = parse_statement(&text);
            begun.elapsed()
        };
        time(500);
        let (short, long) = (time(2_000), time(32_000));
        // 16 times the length; a quadratic rule would take 256 times.
        assert!(long < short * 64 + Duration::from_millis(500), "{index}: {short:?}, then {long:?}");
    }
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
    let sum = vec!["a * (b + 1)"; 900].join(" + ");
    assert!(parse_statement(&format!("SELECT {sum}")).is_ok());
    let cases = "WHEN a THEN 1 ".repeat(count);
    assert!(parse_statement(&format!("SELECT CASE {cases} END")).is_ok());
}
