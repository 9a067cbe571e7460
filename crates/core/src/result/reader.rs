//! `ResultReader`: follows a log from an index on, while it grows.

use std::sync::Arc;

use hearth_base::Error;

use super::Item;
use super::log::ResultLog;

/// Why there is no item.
#[derive(Debug, Clone)]
pub enum ReadError {
    /// The work failed; this is the end of the answer.
    Failed(Arc<Error>),
    /// The item cannot be had: it was released, or its file does not read.
    Unreadable(Arc<Error>),
}

impl ReadError {
    pub fn error(&self) -> &Arc<Error> {
        match self {
            Self::Failed(error) | Self::Unreadable(error) => error,
        }
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Unreadable(Arc::new(error))
    }
}

/// Reads items in order. While one lives, a writer waits for it before it spills.
#[derive(Debug)]
pub struct ResultReader {
    log: Arc<ResultLog>,
    next: u64,
}

impl ResultReader {
    /// Reads from the item `next` on.
    pub fn new(log: Arc<ResultLog>, next: u64) -> Self {
        log.attach();
        Self { log, next }
    }

    /// The next item with its index, waiting for it; `None` behind `Item::Complete`.
    pub async fn next(&mut self) -> Result<Option<(u64, Item)>, ReadError> {
        let index = self.next;
        let item = self.log.item(index).await?;
        Ok(item.map(|item| {
            self.next += 1;
            (index, item)
        }))
    }

    /// The index that `next` gives.
    pub fn position(&self) -> u64 {
        self.next
    }

    pub fn log(&self) -> &Arc<ResultLog> {
        &self.log
    }
}

impl Drop for ResultReader {
    fn drop(&mut self) {
        self.log.detach();
    }
}
