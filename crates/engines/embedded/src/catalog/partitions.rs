//! The partitions of a table: the folders `column=value` below its location.
//!
//! A partition at a place of its own is a link from there. Values are escaped as Hive does
//! (`ExternalCatalogUtils.escapePathName`). The folders are the only record of what partitions there are, so a folder
//! that appears is a partition at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hearth_base::Result;

/// The folder of NULL and of the empty string.
pub const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";
/// Beyond this many partitions a table is not listed.
const MAX_PARTITIONS: usize = 1_000_000;

/// One partition: its values in the order of the columns, `None` for NULL, and its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub values: Vec<Option<String>>,
    pub folder: PathBuf,
}

impl Partition {
    /// Where its files are: a partition at a place of its own is a link.
    pub fn place(&self) -> PathBuf {
        fs::read_link(&self.folder).unwrap_or_else(|_| self.folder.clone())
    }

    /// `a=1/b=x`, escaped.
    pub fn path(&self, columns: &[String]) -> String {
        path_of(columns, &self.values)
    }
}

/// `a=1/b=x`, escaped.
pub fn path_of(columns: &[String], values: &[Option<String>]) -> String {
    let parts = columns.iter().zip(values).map(|(column, value)| folder_name(column, value.as_deref()));
    parts.collect::<Vec<_>>().join("/")
}

/// The name of one folder: `column=value`, escaped.
pub fn folder_name(column: &str, value: Option<&str>) -> String {
    match value {
        None | Some("") => format!("{}={NULL_PARTITION}", escape(column)),
        Some(value) => format!("{}={}", escape(column), escape(value)),
    }
}

/// All partitions in the order of their folders' names.
pub fn list(location: &Path, columns: &[String]) -> Result<Vec<Partition>> {
    let mut found = vec![Partition { values: Vec::new(), folder: location.to_path_buf() }];
    for column in columns {
        let mut next = Vec::new();
        for parent in &found {
            for (value, folder) in children(&parent.folder, column)? {
                let mut values = parent.values.clone();
                values.push(value);
                next.push(Partition { values, folder });
            }
        }
        if next.len() > MAX_PARTITIONS {
            return Err(hearth_base::condition::LIMIT_EXCEEDED
                .with("what", "the number of partitions")
                .with("limit", "engine.max_partitions")
                .with("value", MAX_PARTITIONS));
        }
        found = next;
    }
    Ok(found)
}

/// The folders of one column with their values.
fn children(folder: &Path, column: &str) -> Result<Vec<(Option<String>, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(super::files::failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(super::files::failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((key, value)) = name.split_once('=') else { continue };
        if unescape(key).eq_ignore_ascii_case(column) && entry.path().is_dir() {
            let value = (value != NULL_PARTITION).then(|| unescape(value));
            found.push((name.clone(), value, entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, value, path)| (value, path)).collect())
}

/// Replaces what may not stand in a file name by `%` and two hex digits.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c <= '\u{1f}' || "\"#%'*/:=?\\\u{7f}{[]^".contains(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// The inverse of `escape`; a `%` without two hex digits stays.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_hive_does() {
        for (text, escaped) in [("a b/c", "a b%2Fc"), ("x=1:2", "x%3D1%3A2"), ("ö%", "ö%25"), ("{a}", "%7Ba}")] {
            assert_eq!(escape(text), escaped);
            assert_eq!(unescape(escaped), text);
        }
        assert_eq!(unescape("5%"), "5%");
        assert_eq!(folder_name("p", None), "p=__HIVE_DEFAULT_PARTITION__");
    }

    #[test]
    fn partitions_are_folders() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["p=2/q=x", "p=3/q=a b%2Fc", "p=3/q=__HIVE_DEFAULT_PARTITION__", "_temporary/q=1", "p=9"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        let columns = ["p".to_owned(), "q".to_owned()];
        let found = list(folder.path(), &columns).unwrap();
        let paths: Vec<_> = found.iter().map(|partition| partition.path(&columns)).collect();
        assert_eq!(paths, ["p=2/q=x", "p=3/q=__HIVE_DEFAULT_PARTITION__", "p=3/q=a b%2Fc"]);
        assert_eq!(found[1].values, [Some("3".to_owned()), None]);
        assert_eq!(list(&folder.path().join("missing"), &columns).unwrap(), []);
    }
}
