//! Statements of 16 MiB, the size that a message may have: answered by a plan or by a limit with a name, in memory that is a
//! multiple of the text and in time that grows with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::time::{Duration, Instant};

use hearth_base::condition::{PARSE_SYNTAX_ERROR, PLAN_TOO_DEEP, STATEMENT_TOO_LONG, UNCLOSED_BRACKETED_COMMENT};
use hearth_sql::{parse_statement, split_statements};

const SIZE: usize = 16 << 20;

/// Bytes of memory that a byte of text may cost, at its worst.
const COST: usize = 100;

/// `part` again and again until the text has its size.
fn filled(open: &str, part: &str, close: &str) -> String {
    let count = (SIZE - open.len() - close.len()) / part.len();
    format!("{open}{}{close}", part.repeat(count))
}

/// The most memory that the process ever had, where the system tells.
fn peak() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1024)
}

/// How a text is answered: nothing, or the condition's name.
fn answer(text: &str) -> Option<&'static str> {
    parse_statement(text).err().map(|error| error.condition().name)
}

/// One test, so that no other makes memory grow meanwhile.
#[test]
fn statements_of_16_mib_are_answered_in_bounded_memory() {
    let deep = Some(PLAN_TOO_DEEP.name);
    let long = Some(STATEMENT_TOO_LONG.name);
    let shapes = [
        ("a long string", filled("SELECT '", "x", "'"), None),
        ("a string of escapes", filled("SELECT '", "\\n", "'"), None),
        ("a long comment", filled("SELECT 1 /*", "x", "*/"), None),
        ("nested comments", filled("SELECT 1 /*", "/*", ""), Some(UNCLOSED_BRACKETED_COMMENT.name)),
        ("many comments", filled("SELECT 1", "--\n", ""), None),
        ("a long name", filled("SELECT `", "n", "`"), None),
        ("an IN list of ids", filled("SELECT a IN (1", ", 'c1f6a2d0-0000-4000-8000-00000000'", ")"), None),
        ("a short IN list's worst", filled("SELECT a IN (1", ",1", ")"), long),
        (
            "rows",
            filled(
                "INSERT INTO t VALUES (1, 'x', DATE '2024-01-01')",
                ", (1234567, 'some text', DATE '2024-01-01')",
                "",
            ),
            None,
        ),
        ("brackets", filled("SELECT ", "(", ""), long),
        ("operands in brackets", filled("SELECT ", "(1234567890 + ", ""), deep),
        ("closed brackets", filled("SELECT ", "(", &")".repeat(SIZE / 2)), long),
        ("signs", filled("SELECT 1", " + 1234567890123", ""), deep),
        ("unions", filled("SELECT 1", " UNION ALL SELECT 1", ""), deep),
        ("conditions", filled("SELECT 1 WHERE a = 1", " OR some_column = 'value of a column'", ""), None),
        ("semicolons", filled("SELECT 1", ";", ""), long),
        ("blanks", filled("SELECT", " ", "1"), None),
    ];
    for (what, text, expected) in shapes {
        let (before, begun) = (peak(), Instant::now());
        assert_eq!(answer(&text), expected, "{what}");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(60), "{what}: {took:?}");
        if let (Some(before), Some(after)) = (before, peak()) {
            let grown = after.saturating_sub(before);
            assert!(grown < COST * SIZE, "{what}: {} MiB", grown >> 20);
        }
    }
    let many = filled("", "SELECT 1234567;\n", "");
    assert_eq!(split_statements(&many).unwrap().len(), SIZE / 16);
    assert_eq!(answer(&many), Some(PARSE_SYNTAX_ERROR.name));
}
