//! `MemoryResultStore`: results in memory, counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use hearth_base::condition::INVALID_HANDLE_FORMAT;
use hearth_base::{Error, OperationId, Result};
use hearth_core::ResultStore;
use hearth_core::store::ResultFile;
use parking_lot::Mutex;

/// Keeps results in memory.
#[derive(Debug, Default)]
pub struct MemoryResultStore {
    files: Mutex<HashMap<OperationId, Arc<MemoryFile>>>,
    appends: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct MemoryFile {
    content: Mutex<Content>,
    appends: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Content {
    frames: BytesMut,
    index: Option<Bytes>,
}

impl MemoryResultStore {
    /// Files that are there, sealed or not.
    pub fn count(&self) -> usize {
        self.files.lock().len()
    }

    /// Frames that were appended to any file.
    pub fn appends(&self) -> usize {
        self.appends.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ResultStore for MemoryResultStore {
    async fn create(&self, id: &OperationId) -> Result<Arc<dyn ResultFile>> {
        if !hearth_base::id::is_uuid(id.as_str()) {
            return Err(INVALID_HANDLE_FORMAT.with("handle", id));
        }
        let file = Arc::new(MemoryFile { content: Mutex::default(), appends: Arc::clone(&self.appends) });
        self.files.lock().insert(id.clone(), Arc::clone(&file));
        Ok(file)
    }

    async fn open(&self, id: &OperationId) -> Result<Option<(Arc<dyn ResultFile>, Bytes)>> {
        let file = self.files.lock().get(id).cloned();
        Ok(file.and_then(|file| {
            let index = file.content.lock().index.clone()?;
            Some((file as Arc<dyn ResultFile>, index))
        }))
    }

    async fn remove(&self, id: &OperationId) -> Result<()> {
        self.files.lock().remove(id);
        Ok(())
    }

    async fn remove_unsealed(&self) -> Result<u64> {
        let mut files = self.files.lock();
        let count = files.len();
        files.retain(|_, file| file.content.lock().index.is_some());
        Ok((count - files.len()) as u64)
    }
}

#[async_trait]
impl ResultFile for MemoryFile {
    async fn append(&self, frame: Bytes) -> Result<u64> {
        let mut content = self.content.lock();
        if content.index.is_some() {
            return Err(Error::internal("a sealed result takes no more frames"));
        }
        self.appends.fetch_add(1, Ordering::SeqCst);
        let place = content.frames.len() as u64;
        content.frames.extend_from_slice(&frame);
        Ok(place)
    }

    async fn read(&self, place: u64, length: usize) -> Result<Bytes> {
        let content = self.content.lock();
        let start = usize::try_from(place).unwrap_or(usize::MAX);
        start
            .checked_add(length)
            .and_then(|end| content.frames.get(start..end))
            .map(Bytes::copy_from_slice)
            .ok_or_else(|| Error::internal("the stored result does not reach so far"))
    }

    async fn seal(&self, index: Bytes) -> Result<()> {
        let mut content = self.content.lock();
        if content.index.is_some() {
            return Err(Error::internal("a result is sealed once"));
        }
        content.index = Some(index);
        Ok(())
    }
}
