//! `hearth docs`: the reference pages that are generated from the code's tables.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::settings;

/// A page and its text.
type Page = (&'static str, fn() -> String);

const PAGES: [Page; 6] = [
    ("settings.md", settings::reference),
    ("errors.md", errors),
    ("coverage.md", hearth_embedded::coverage::page),
    ("functions.md", hearth_embedded::coverage::functions::page),
    ("sql.md", hearth_embedded::coverage::statements::page),
    ("deviations.md", hearth_embedded::coverage::deviations::page),
];

pub fn write(folder: &Path) -> Result<ExitCode> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (name, text) in PAGES {
        let path = folder.join(name);
        std::fs::write(&path, text()).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn errors() -> String {
    let mut conditions: Vec<_> = hearth_base::condition::all().collect();
    conditions.sort_by_key(|condition| condition.name);
    let mut page = String::from(
        "# Errors\n\nNames, SQLSTATEs and parameters are Spark's where Spark has the condition; those of ours start \
         with `HEARTH_`. Texts are our own.\n\n| condition | SQLSTATE | kind | text |\n|---|---|---|---|\n",
    );
    for condition in conditions {
        let text = condition.text.replace('|', "\\|").replace('<', "&lt;");
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {:?} | {text} |", condition.name, condition.sqlstate, condition.kind);
    }
    page
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// Run `hearth docs` when this fails.
    #[test]
    fn the_reference_pages_are_what_the_code_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
        for (name, text) in PAGES {
            let written = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(written == text(), "docs/reference/{name} is stale: run `cargo run -- docs`");
        }
    }
}
