//! The reference page of known deviations, from the lists that the golden tests keep exact.

use std::collections::BTreeMap;
use std::fmt::Write;

/// `file<TAB>case<TAB>reason`
const ANSWERS: &str = include_str!("../../../../../tests/golden/deviations.tsv");
/// `reason<TAB>statement`, the reasons in words above them.
const DECISIONS: &str = include_str!("../../../../../tests/golden/parser/deviations.tsv");
const PLACES: &str = include_str!("../../../../../tests/golden/parser/places.tsv");

/// The page as Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Known deviations\n\nCases of the recorded answers of Spark 4.2 where Hearth differs, by reason, printed by `hearth \
         docs` from the lists in `tests/golden`. A case that is listed and does not differ fails a test, and so does one that \
         differs and is not listed.\n\n## Answers\n",
    );
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in ANSWERS.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        if let [_, case, reason] = columns.as_slice() {
            by_reason.entry(reason).or_default().push(case);
        }
    }
    for (reason, cases) in by_reason {
        section(&mut page, reason, &cases);
    }
    page.push_str("\n## Statements that one of both takes, or refuses for another reason\n");
    statements(&mut page, DECISIONS);
    page.push_str("\n## Errors of the parser with another place or other parameters\n");
    statements(&mut page, PLACES);
    page
}

fn section(page: &mut String, reason: &str, cases: &[&str]) {
    // Writing to a String cannot fail.
    let _ = write!(page, "\n{reason}\n\n");
    for case in cases {
        let _ = writeln!(page, "* `{}`", case.replace('`', "'"));
    }
}

/// The statements below each comment line.
fn statements(page: &mut String, list: &str) {
    let mut reason = "";
    let mut cases = Vec::new();
    for line in list.lines().skip(1).chain(["# "]) {
        match (line.strip_prefix("# "), line.split_once('\t')) {
            (Some(next), _) => {
                if !cases.is_empty() {
                    section(page, reason, &cases);
                }
                (reason, cases) = (next, Vec::new());
            }
            (None, Some((_, statement))) => cases.push(statement),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_case_is_on_the_page() {
        let listed = |text: &str| text.lines().filter(|line| !line.starts_with('#') && line.contains('\t')).count();
        let count = listed(ANSWERS) + listed(DECISIONS) + listed(PLACES);
        assert_eq!(page().lines().filter(|line| line.starts_with("* ")).count(), count);
    }
}
