//! `Uploads`: artifacts that come in several calls.
//!
//! Over REST each message of AddArtifacts is a call of its own, and nothing in a chunk says which artifact it is of: the
//! one that its session has begun. A session has at most one; the files of what is dropped go with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_base::Result;
use hearth_base::clock::EpochMillis;
use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_core::Session;
use hearth_core::session::SessionKey;
use parking_lot::Mutex;

use super::artifacts::Upload;

#[derive(Debug)]
pub struct Uploads {
    /// `rest.max_uploads`.
    max: usize,
    /// `rest.upload_timeout`.
    timeout: Duration,
    open: Mutex<HashMap<SessionKey, Open>>,
}

#[derive(Debug)]
struct Open {
    upload: Upload,
    since: EpochMillis,
}

impl Uploads {
    pub fn new(max: usize, timeout: Duration) -> Self {
        Self { max, timeout, open: Mutex::default() }
    }

    /// What the session has begun. While a call works on it, it is the call's alone: one that breaks off takes it along.
    pub(super) fn take(&self, session: &Arc<Session>) -> Option<Upload> {
        let found = self.open.lock().remove(&session.key)?;
        // Another incarnation began it.
        Arc::ptr_eq(&found.upload.session, session).then_some(found.upload)
    }

    /// Drops what the session has begun, and says whether something may begin.
    pub(super) fn make_room(&self, session: &Session) -> Result<()> {
        let mut open = self.open.lock();
        let given_up = open.remove(&session.key);
        let count = open.len();
        drop(open);
        drop(given_up);
        if count < self.max {
            return Ok(());
        }
        Err(LIMIT_EXCEEDED
            .with("what", "The number of artifacts that have begun to come")
            .with("limit", "rest.max_uploads")
            .with("value", self.max))
    }

    pub(super) fn keep(&self, upload: Upload, now: EpochMillis) {
        let key = upload.session.key.clone();
        let before = self.open.lock().insert(key, Open { upload, since: now });
        drop(before);
    }

    /// How many have begun.
    pub fn count(&self) -> usize {
        self.open.lock().len()
    }

    /// Drops what nothing has come for in time, and what is of a session that `is_open` does not know.
    pub fn expire(&self, now: EpochMillis, is_open: impl Fn(&Arc<Session>) -> bool) {
        let deadline = now.saturating_sub(i64::try_from(self.timeout.as_millis()).unwrap_or(i64::MAX));
        let mut open = self.open.lock();
        let over: Vec<SessionKey> = open
            .iter()
            .filter(|(_, open)| open.since <= deadline || !is_open(&open.upload.session))
            .map(|(key, _)| key.clone())
            .collect();
        let dropped: Vec<_> = over.iter().filter_map(|key| open.remove(key)).collect();
        drop(open);
        drop(dropped);
    }
}
