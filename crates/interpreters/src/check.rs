//! Whether the parts that a language needs are on this machine, and the command that installs those that are not.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use hearth_base::condition::INTERPRETER_MISSING;
use hearth_base::{Error, Result};
use hearth_core::interpreter::Language;
use parking_lot::Mutex;
use tokio::process::Command;

use crate::host::Shared;
use crate::languages::python::PythonParts;
use crate::languages::{python, r, scala};

/// A program that only says what it has must be done in this time.
const LIMIT: Duration = Duration::from_secs(30);

/// What one language needs and has.
#[derive(Debug, Clone)]
pub struct Report {
    pub language: Language,
    pub is_good: bool,
    /// What was found, or what is missing and how to install it.
    pub text: String,
}

/// What was found to be good stays so while the server runs.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) pythons: Mutex<HashMap<PathBuf, PythonParts>>,
    pub(crate) scala: Mutex<Option<scala::Parts>>,
    good: Mutex<HashMap<(Language, PathBuf), String>>,
}

/// What is missing for a kind of session, and what installs it.
pub(crate) struct Missing {
    pub(crate) kind: &'static str,
    pub(crate) missing: String,
    pub(crate) command: String,
}

impl Missing {
    pub(crate) fn to_error(&self) -> Error {
        INTERPRETER_MISSING.with("kind", self.kind).with("missing", &self.missing).with("command", &self.command)
    }
}

/// What was found; an error names what is missing. `python` is the session's own.
pub(crate) async fn check(shared: &Shared, language: Language, python: Option<&Path>) -> Result<String> {
    let python = python.unwrap_or(&shared.settings.python);
    let key = (language, python.to_owned());
    if let Some(text) = shared.checks.good.lock().get(&key) {
        return Ok(text.clone());
    }
    let text = match language {
        Language::Python => python::check(shared, python).await,
        Language::Scala => scala::check(shared).await,
        Language::R => r::check(shared, python).await,
    }
    .map_err(|missing| missing.to_error())?;
    shared.checks.good.lock().insert(key, text.clone());
    Ok(text)
}

pub(crate) async fn report(shared: &Shared) -> Vec<Report> {
    let mut reports = Vec::new();
    for language in Language::ALL {
        let report = match check(shared, language, None).await {
            Ok(text) => Report { language, is_good: true, text },
            Err(error) => Report { language, is_good: false, text: error.text() },
        };
        reports.push(report);
    }
    reports
}

/// Runs a program that says what it has: its standard output and error together, or why it does not run.
pub(crate) async fn ask(program: &Path, args: &[impl AsRef<OsStr>]) -> std::result::Result<String, String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(LIMIT, output)
        .await
        .map_err(|_| format!("{} says nothing for {LIMIT:?}", program.display()))?
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(text.lines().next_back().unwrap_or("it fails without a word").to_owned()),
    }
}
