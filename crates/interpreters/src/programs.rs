//! The programs of the interpreters, carried in the server and written to disk where they are started from.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// Their paths below this crate, and their bytes.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/programs.rs"));

static HASH: LazyLock<String> = LazyLock::new(|| hash_of(""));

/// Names this version of the programs.
pub(crate) fn hash() -> &'static str {
    &HASH
}

/// Names this version of the programs whose paths begin so.
pub(crate) fn hash_of(prefix: &str) -> String {
    let mut hasher = Sha256::new();
    for (name, bytes) in FILES.iter().filter(|(name, _)| name.starts_with(prefix)) {
        hasher.update(name.as_bytes());
        hasher.update(bytes.len().to_be_bytes());
        hasher.update(bytes);
    }
    short(hasher)
}

/// The start of a digest, long enough for a name.
pub(crate) fn short(hasher: Sha256) -> String {
    hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the programs below `folder` unless they are there; where they are. Blocks.
pub(crate) fn write(folder: &Path) -> io::Result<PathBuf> {
    let target = folder.join("programs").join(hash());
    if target.is_dir() {
        return Ok(target);
    }
    let partial = folder.join("programs").join(format!("partial-{}", uuid::Uuid::new_v4()));
    for (name, bytes) in FILES {
        let path = partial.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&partial))?;
        fs::write(path, bytes)?;
    }
    match fs::rename(&partial, &target) {
        Err(_) if target.is_dir() => fs::remove_dir_all(&partial)?,
        result => result?,
    }
    Ok(target)
}

/// Removes the programs of other versions, but for those still in use. Blocks.
pub(crate) fn remove_others(folder: &Path, used: &HashSet<String>) {
    let Ok(entries) = fs::read_dir(folder.join("programs")) else { return };
    let is_used = |name: &str| name == hash() || used.contains(name);
    for entry in entries.flatten().filter(|entry| !entry.file_name().to_str().is_some_and(is_used)) {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(folder = %entry.path().display(), %error, "old programs stay behind");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_written_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path()).unwrap();
        assert_eq!(write(folder.path()).unwrap(), first);
        assert!(first.join("python/hearth_interpreter/__main__.py").is_file());
        assert_eq!(fs::read_dir(folder.path().join("programs")).unwrap().count(), 1);
    }
}
