//! The private folder of an interpreter: `<settings.folder>/<id>`, mode 700, with its socket, logs, home and files.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use hearth_core::interpreter::Dependency;
use tokio::net::UnixStream;

use crate::account::Account;

#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn at(parent: &Path, id: &str) -> Self {
        Self { path: parent.join(id) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    pub(crate) fn stdout(&self) -> PathBuf {
        self.path.join("stdout.log")
    }

    pub(crate) fn stderr(&self) -> PathBuf {
        self.path.join("stderr.log")
    }

    /// Makes it, owned by the account. Blocks.
    pub(crate) fn create(&self, account: Option<&Account>) -> io::Result<()> {
        for path in [self.path.clone(), self.home(), self.temporary(), self.path.join("files")] {
            DirBuilder::new().mode(0o700).create(&path)?;
            give(&path, account)?;
        }
        Ok(())
    }

    /// Removes it and all that is in it. Blocks.
    pub(crate) fn remove(&self) {
        if let Err(error) = remove_tree(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "the folder of an interpreter stays behind");
        }
    }

    /// Copies a file to where another user, or a sandbox, can read it. Blocks.
    pub(crate) fn take_in(&self, dependency: &Dependency, account: Option<&Account>) -> io::Result<PathBuf> {
        let name = Path::new(&dependency.name).file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let target = self.path.join("files").join(name);
        fs::copy(&dependency.path, &target)?;
        give(&target, account)?;
        Ok(target)
    }

    /// Opens a log to append to it. Blocks.
    pub(crate) fn open_log(&self, path: &Path, account: Option<&Account>) -> io::Result<File> {
        let file = File::options().create(true).append(true).open(path)?;
        give(path, account)?;
        Ok(file)
    }

    /// Connects to the interpreter. A socket's path may be 107 bytes long and ours may be longer, so the way leads
    /// through a descriptor of the folder.
    pub(crate) async fn connect(&self) -> io::Result<UnixStream> {
        let path = self.path.clone();
        let folder = tokio::task::spawn_blocking(move || File::open(path)).await.map_err(io::Error::other)??;
        UnixStream::connect(format!("/proc/self/fd/{}/control.sock", folder.as_raw_fd())).await
    }
}

fn give(path: &Path, account: Option<&Account>) -> io::Result<()> {
    account.map_or(Ok(()), |account| chown(path, Some(account.uid), Some(account.gid)))
}

/// Code may have taken its own rights to a folder away; the owner gets them back first.
fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            fs::remove_dir_all(path)
        }
        result => result,
    }
}

fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // What cannot be opened is named by the removal that follows.
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}
