//! Finding files: globs, folders, and the names that Spark does not read (`_SUCCESS`, `.crc`, `_temporary/`).

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hearth_base::condition::{INVALID_MODIFIED_TIME, PATH_NOT_FOUND};
use hearth_base::{Error, Result};
use hearth_types::Zone;
use hearth_types::datetime_parse::string_to_timestamp;

use super::SourceRequest;
use crate::catalog::{local_path, location_uri};

/// How many files one read may have.
const MAX_FILES: usize = 1_000_000;

/// A file of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
}

/// The options that leave files out: `pathGlobFilter`, `modifiedAfter`, `modifiedBefore`.
#[derive(Debug, Default)]
pub struct Filter {
    names: Option<Vec<glob::Pattern>>,
    /// Microseconds since the epoch.
    after: Option<i64>,
    before: Option<i64>,
}

impl Filter {
    pub fn new(request: &SourceRequest<'_>) -> Result<Self> {
        let names = match request.option("pathGlobFilter") {
            None => None,
            Some(text) => {
                let patterns = alternatives(text).into_iter().map(|one| glob::Pattern::new(&one));
                let patterns: std::result::Result<_, _> = patterns.collect();
                Some(patterns.map_err(|_| Error::unsupported(format!("the pattern {text} as pathGlobFilter")))?)
            }
        };
        let zone = request.option("timeZone").unwrap_or(&request.settings.time_zone);
        let zone = Zone::parse(zone).unwrap_or(Zone::UTC);
        let time = |name: &str| {
            let parse = |text: &str| {
                let parsed = string_to_timestamp(text, &zone, request.settings.statement_micros);
                parsed
                    .ok_or_else(|| INVALID_MODIFIED_TIME.with("strategy", name.to_lowercase()).with("timeString", text))
            };
            request.option(name).map(parse).transpose()
        };
        Ok(Self { names, after: time("modifiedAfter")?, before: time("modifiedBefore")? })
    }

    pub fn takes(&self, file: &DataFile) -> bool {
        let name = file.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let named = self.names.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(&name)));
        let age = file.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        named && self.after.is_none_or(|after| age > after) && self.before.is_none_or(|before| age < before)
    }
}

/// The folders and files that a path means: itself, or what a glob matches. None is an error.
pub fn expand(path: &str) -> Result<Vec<PathBuf>> {
    let not_found = || PATH_NOT_FOUND.with("path", location_uri(path));
    let local = local_path(path).ok_or_else(|| Error::unsupported(format!("the file system of {path}")))?;
    let absolute = std::path::absolute(&local).map_err(|_| not_found())?;
    if absolute.exists() {
        return Ok(vec![absolute]);
    }
    let text = absolute.to_string_lossy();
    if !text.contains(['*', '?', '[', '{']) {
        return Err(not_found());
    }
    let mut found = Vec::new();
    for pattern in alternatives(&text) {
        let matches = glob::glob(&pattern).map_err(|_| not_found())?;
        found.extend(matches.filter_map(std::result::Result::ok).filter(|path| !is_hidden(path)));
    }
    found.sort();
    found.dedup();
    if found.is_empty() { Err(not_found()) } else { Ok(found) }
}

/// `{a,b}` written out, which the glob of Hadoop has and others have not.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((head, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let Some((choices, tail)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
    choices.split(',').flat_map(|choice| alternatives(&format!("{head}{choice}{tail}"))).collect()
}

/// All files of data below `root`, or `root` itself, in the order of their paths.
pub fn list(root: &Path) -> Result<Vec<DataFile>> {
    let mut files = Vec::new();
    walk(root, &mut files)?;
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn walk(path: &Path, files: &mut Vec<DataFile>) -> Result<()> {
    let failed = |error: std::io::Error| {
        hearth_base::condition::FAILED_READ_FILE.with("path", location_uri(&path.to_string_lossy())).caused_by(error)
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        if files.len() >= MAX_FILES {
            return Err(hearth_base::condition::LIMIT_EXCEEDED
                .with("what", "The number of files of one read")
                .with("limit", "source.max_files")
                .with("value", MAX_FILES));
        }
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        files.push(DataFile { path: path.to_owned(), bytes: metadata.len(), modified });
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !is_hidden(&path) {
            walk(&path, files)?;
        }
    }
    Ok(())
}

/// Names that start with `_` or `.` are not data, but for the folders of partition columns (`_a=1`).
pub fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.starts_with('.') || name.ends_with("._COPYING_") || (name.starts_with('_') && !name.contains('='))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_written_out() {
        assert_eq!(alternatives("/d/{a,b}/x{1,2}"), ["/d/a/x1", "/d/a/x2", "/d/b/x1", "/d/b/x2"]);
    }

    #[test]
    fn markers_are_not_data() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["_SUCCESS", ".part.crc", "part-0.parquet"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let files = list(folder.path()).unwrap();
        assert_eq!(files.len(), 1);
        assert!(files[0].path.ends_with("part-0.parquet"));
    }

    #[test]
    fn a_path_that_is_not_there_has_sparks_condition() {
        let error = expand("/nowhere/at/all").unwrap_err();
        assert_eq!(error.condition().name, "PATH_NOT_FOUND");
        assert_eq!(error.parameters(), [("path", "file:/nowhere/at/all".to_owned())]);
    }
}
