//! `FileResult`: one operation's file, from its first frame to its seal and after.
//!
//! Frames gather in memory up to `BUFFER`; a result that is sealed before that is one write. Nothing is open between
//! reads of a sealed file, so results cost no file descriptors.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use hearth_base::{Error, Result};
use hearth_core::store::ResultFile;
use parking_lot::Mutex;

use super::{blocking, failed, layout};

/// Frames that wait to be written together.
const BUFFER: usize = 256 * 1024;
/// What is read and written without changing to a thread that may wait: the page cache takes it at once.
const INLINE: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct FileResult {
    path: PathBuf,
    fsync: bool,
    /// Held over a whole append, so that frames stand in the order of their places.
    writing: tokio::sync::Mutex<()>,
    view: Mutex<View>,
}

/// What readers see.
#[derive(Debug)]
struct View {
    /// The file under `.part`; `None` before the first write and after the seal.
    file: Option<Arc<File>>,
    /// Bytes in the file.
    written: u64,
    /// Bytes that belong behind them.
    pending: BytesMut,
    sealed: bool,
}

impl FileResult {
    /// A new file, which is not made before there is much to write.
    pub fn create(path: PathBuf, fsync: bool) -> Self {
        let view = View { file: None, written: 0, pending: BytesMut::from(&layout::HEADER[..]), sealed: false };
        Self { path, fsync, writing: tokio::sync::Mutex::new(()), view: Mutex::new(view) }
    }

    pub fn sealed(path: PathBuf) -> Self {
        let view = View { file: None, written: 0, pending: BytesMut::new(), sealed: true };
        Self { path, fsync: false, writing: tokio::sync::Mutex::new(()), view: Mutex::new(view) }
    }

    /// Writes what is pending, and `frame` behind it, to the file under `.part`.
    async fn flush(&self, frame: Bytes) -> Result<Arc<File>> {
        let (file, place, pending) = {
            let view = self.view.lock();
            (view.file.clone(), view.written, view.pending.clone().freeze())
        };
        let length = (pending.len() + frame.len()) as u64;
        let path = layout::part_path(&self.path);
        let file = blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(create(&path)?),
            };
            // By place, so that a write that failed half way is written over.
            let write = |data: &[u8], place| file.write_all_at(data, place).map_err(|error| unwritten(&path, error));
            write(&pending, place)?;
            write(&frame, place + pending.len() as u64)?;
            Ok(file)
        })
        .await?;
        let mut view = self.view.lock();
        view.file = Some(Arc::clone(&file));
        view.written += length;
        view.pending.clear();
        Ok(file)
    }

    /// Writes a whole small result under its name.
    async fn write_small(&self, content: Bytes) -> Result<()> {
        let (path, fsync) = (self.path.clone(), self.fsync);
        let write = move || {
            let mut file = create(&path)?;
            file.write_all(&content).map_err(|error| unwritten(&path, error))?;
            if fsync { sync(&file, &path) } else { Ok(()) }
        };
        if self.fsync { blocking(write).await } else { write() }
    }

    async fn name_part(&self, file: Arc<File>) -> Result<()> {
        let (path, fsync) = (self.path.clone(), self.fsync);
        blocking(move || {
            let part = layout::part_path(&path);
            if fsync {
                sync(&file, &part)?;
            }
            std::fs::rename(&part, &path).map_err(|error| unwritten(&path, error))
        })
        .await
    }
}

#[async_trait]
impl ResultFile for FileResult {
    async fn append(&self, frame: Bytes) -> Result<u64> {
        let _writing = self.writing.lock().await;
        let place = {
            let mut view = self.view.lock();
            if view.sealed {
                return Err(Error::internal("a sealed result takes no more frames"));
            }
            let place = view.written + view.pending.len() as u64;
            if view.pending.len() + frame.len() <= BUFFER {
                view.pending.extend_from_slice(&frame);
                return Ok(place);
            }
            place
        };
        self.flush(frame).await?;
        Ok(place)
    }

    async fn read(&self, place: u64, length: usize) -> Result<Bytes> {
        let file = {
            let view = self.view.lock();
            if !view.sealed && place >= view.written {
                let start = usize::try_from(place - view.written).unwrap_or(usize::MAX);
                let frame = start.checked_add(length).and_then(|end| view.pending.get(start..end));
                return frame
                    .map(Bytes::copy_from_slice)
                    .ok_or_else(|| layout::damaged(&self.path, "it does not reach so far"));
            }
            view.file.clone()
        };
        let path = self.path.clone();
        let read = move || match file {
            Some(file) => layout::read_frame(&file, &path, place, length),
            None => {
                let file = File::open(&path).map_err(|error| failed("a stored result does not open", &path, error))?;
                layout::read_frame(&file, &path, place, length)
            }
        };
        if length <= INLINE { read() } else { blocking(read).await }
    }

    async fn seal(&self, index: Bytes) -> Result<()> {
        let _writing = self.writing.lock().await;
        let (small, mut tail, place) = {
            let view = self.view.lock();
            if view.sealed {
                return Err(Error::internal("a result is sealed once"));
            }
            let place = view.written + view.pending.len() as u64;
            let small = view.file.is_none();
            (small, if small { view.pending.clone() } else { BytesMut::new() }, place)
        };
        layout::put_index(&mut tail, place, &index);
        if small {
            self.write_small(tail.freeze()).await?;
        } else {
            let file = self.flush(tail.freeze()).await?;
            self.name_part(file).await?;
        }
        let mut view = self.view.lock();
        view.sealed = true;
        view.file = None;
        view.pending = BytesMut::new();
        Ok(())
    }
}

/// Makes the file, and its folder the first time. Only the server's user reads it.
fn create(path: &Path) -> Result<File> {
    let open = || OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path);
    let made = match (open(), path.parent()) {
        (Err(error), Some(folder)) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(folder).and_then(|()| open())
        }
        (made, _) => made,
    };
    made.map_err(|error| unwritten(path, error))
}

fn sync(file: &File, path: &Path) -> Result<()> {
    file.sync_data().map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: std::io::Error) -> Error {
    failed("a result cannot be written", path, error)
}
