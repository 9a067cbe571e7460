//! The data folder: where it is, and that one server has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// `$XDG_DATA_HOME/hearth`, `~/.local/share/hearth`, or `hearth-data` where there is no home.
pub fn default_path() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("hearth-data"), |base| base.join("hearth"))
}

/// Makes the folder, for its user's eyes only. A folder that is there keeps its permissions.
pub fn create(path: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data folder {} cannot be made", path.display()))
}

/// Holds the data folder; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock(#[expect(dead_code, reason = "held, not read")] File);

impl DataDirLock {
    /// Takes the folder, or fails when another process has it.
    pub fn take(data_dir: &Path) -> Result<Self> {
        create(data_dir)?;
        let path = data_dir.join("lock");
        let open = || OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = open().with_context(|| format!("{} cannot be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "the data folder {} is in use by another hearth: stop it, or give another folder with --data-dir",
                data_dir.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context(format!("{} cannot be locked", path.display())),
        }
    }
}

/// Whether others than its user may look into the folder.
pub fn is_open_to_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn one_server_has_the_folder_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let lock = DataDirLock::take(&path).unwrap();
        assert!(!is_open_to_others(&path));
        assert!(DataDirLock::take(&path).unwrap_err().to_string().contains("another hearth"));
        drop(lock);
        DataDirLock::take(&path).unwrap();
    }
}
