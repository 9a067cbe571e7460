//! How far an operation is: counters that the engine moves and doors read.

use std::sync::atomic::{AtomicI64, Ordering};

/// Counters of one operation. There is one stage; what its tasks are is the engine's to say.
#[derive(Debug, Default)]
pub struct Progress {
    tasks: AtomicI64,
    completed: AtomicI64,
    bytes_read: AtomicI64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressSnapshot {
    pub tasks: i64,
    pub completed: i64,
    pub bytes_read: i64,
}

impl Progress {
    pub fn set_tasks(&self, count: i64) {
        self.tasks.store(count, Ordering::Relaxed);
    }

    pub fn set_completed(&self, count: i64) {
        self.completed.store(count, Ordering::Relaxed);
    }

    pub fn set_bytes_read(&self, bytes: i64) {
        self.bytes_read.store(bytes, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> ProgressSnapshot {
        ProgressSnapshot {
            tasks: self.tasks.load(Ordering::Relaxed),
            completed: self.completed.load(Ordering::Relaxed),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
        }
    }
}
