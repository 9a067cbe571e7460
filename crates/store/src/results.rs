//! `FileResultStore`: core's `ResultStore` as one file per operation, `<folder>/<2 hex>/<id>`.
//!
//! A file is a header, frames, the index, and a footer that says where the index is. It is written as `<id>.part` and
//! gets its name when it is sealed; a small result is written whole, in one go, under its name. So a file under its name
//! that does not read is damaged, and one with `.part` belongs to an operation that never ended.

mod file;
mod layout;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hearth_base::condition::INVALID_HANDLE_FORMAT;
use hearth_base::{Error, OperationId, Result};
use hearth_core::ResultStore;
use hearth_core::store::ResultFile;

use file::FileResult;

/// Where results are kept and how sure a write must be.
#[derive(Debug, Clone)]
pub struct FileResultSettings {
    pub folder: PathBuf,
    /// `store.fsync`: wait for the disk when a result is sealed.
    pub fsync: bool,
}

/// Results in files.
#[derive(Debug)]
pub struct FileResultStore {
    settings: FileResultSettings,
}

impl FileResultStore {
    /// Opens the folder, made if need be.
    pub fn open(settings: FileResultSettings) -> Result<Arc<Self>> {
        std::fs::create_dir_all(&settings.folder)
            .map_err(|error| failed("the folder of the results cannot be made", &settings.folder, error))?;
        Ok(Arc::new(Self { settings }))
    }

    /// The sealed file's path. The id comes from a client: only a UUID gets this far.
    fn path(&self, id: &OperationId) -> Result<PathBuf> {
        if !hearth_base::id::is_uuid(id.as_str()) {
            return Err(INVALID_HANDLE_FORMAT.with("handle", id));
        }
        let name = id.as_str().to_ascii_lowercase();
        Ok(self.settings.folder.join(&name[..2]).join(name))
    }
}

#[async_trait]
impl ResultStore for FileResultStore {
    async fn create(&self, id: &OperationId) -> Result<Arc<dyn ResultFile>> {
        Ok(Arc::new(FileResult::create(self.path(id)?, self.settings.fsync)))
    }

    async fn open(&self, id: &OperationId) -> Result<Option<(Arc<dyn ResultFile>, Bytes)>> {
        let path = self.path(id)?;
        blocking(move || {
            let file = match std::fs::File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(failed("a stored result does not open", &path, error)),
            };
            let index = layout::read_index(&file, &path)?;
            let file: Arc<dyn ResultFile> = Arc::new(FileResult::sealed(path));
            Ok(Some((file, index)))
        })
        .await
    }

    async fn remove(&self, id: &OperationId) -> Result<()> {
        let path = self.path(id)?;
        for path in [layout::part_path(&path), path] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(failed("a stored result cannot be removed", &path, error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    async fn remove_unsealed(&self) -> Result<u64> {
        let folder = self.settings.folder.clone();
        blocking(move || {
            let mut removed = 0;
            for entry in folder_entries(&folder)? {
                if entry.is_dir() {
                    removed += remove_parts(&entry)?;
                }
            }
            Ok(removed)
        })
        .await
    }
}

fn folder_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
    read().map_err(|error| failed("a folder of results does not read", folder, error))
}

fn remove_parts(folder: &Path) -> Result<u64> {
    let mut removed = 0;
    for path in folder_entries(folder)? {
        if layout::is_part(&path) {
            std::fs::remove_file(&path)
                .map_err(|error| failed("an unfinished result cannot be removed", &path, error))?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::internal(format!("{what}: {}: {error}", path.display())).caused_by(error)
}

/// Runs what waits for the disk off the threads that must not wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("the disk work of a result did not end").caused_by(error))?
}
