//! The reference page of functions: the table's rows by family, with calls and answers recorded from Spark.

use std::collections::BTreeMap;
use std::fmt::Write;

use hearth_functions::row::Builder;
use hearth_functions::{FunctionRow, all_rows};

/// `call<TAB>column<TAB>type<TAB>value`, recorded from Spark and compared with us.
const EXAMPLES: &str = include_str!("../../../../../tests/golden/functions/examples.tsv");

const MOST_EXAMPLES: usize = 2;

/// The page as Markdown.
pub fn page() -> String {
    let examples = examples();
    let mut families: BTreeMap<String, Vec<&FunctionRow>> = BTreeMap::new();
    for row in all_rows() {
        families.entry(format!("{:?}", row.family)).or_default().push(row);
    }
    let mut page = String::from(
        "# Functions\n\nThe built-in functions, printed by `hearth docs` from the table of the code. Examples are calls \
         with the answers that Spark 4.2 gives; a value is written as JSON. `DESCRIBE FUNCTION name` says the same in a \
         session.\n",
    );
    for (family, mut rows) in families {
        rows.sort_by_key(|row| row.name);
        let _ = write!(page, "\n## {family}\n\n| function | arguments | kind | example |\n|---|---|---|---|\n");
        for row in rows {
            let calls = examples.get(row.name).map(Vec::as_slice).unwrap_or_default();
            let own = row.example.map(|(call, answer)| shown(call, answer));
            let mut lines: Vec<String> = own.into_iter().collect();
            for (call, answer) in calls.iter().take(MOST_EXAMPLES) {
                let line = shown(call, answer);
                if lines.len() < MOST_EXAMPLES && !lines.contains(&line) {
                    lines.push(line);
                }
            }
            let about = match row.builder {
                Builder::Missing(reason) => format!("not built: {reason}"),
                _ => lines.join("<br>"),
            };
            // Writing to a String cannot fail.
            let _ =
                writeln!(page, "| `{}` | {} | {} | {about} |", cell(row.name), row.arity.describe(), kind(row.builder));
        }
    }
    page
}

fn kind(builder: Builder) -> &'static str {
    match builder {
        Builder::Scalar(_) | Builder::Analyzer(_) => "scalar",
        Builder::Aggregate(_) => "aggregate",
        Builder::Window(_) => "window",
        Builder::Generator(_) => "generator",
        Builder::Missing(_) => "",
    }
}

/// Calls and their answers by the function that stands first.
fn examples() -> BTreeMap<String, Vec<(&'static str, &'static str)>> {
    let mut examples: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for line in EXAMPLES.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [call, _, _, answer] = columns.as_slice() else { continue };
        let Some((name, _)) = call.split_once('(') else { continue };
        let is_name = name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if is_name {
            examples.entry(name.to_ascii_lowercase()).or_default().push((*call, *answer));
        }
    }
    examples
}

fn shown(call: &str, answer: &str) -> String {
    format!("`{}` → `{}`", cell(call), cell(answer))
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '`'], " ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn most_functions_have_a_recorded_example() {
        let page = page();
        let with_example = page.lines().filter(|line| line.contains(" → ")).count();
        assert!(with_example > 250, "{with_example}");
        assert_eq!(page.lines().filter(|line| line.starts_with("| `")).count(), all_rows().count());
    }
}
