//! Tasks with an owner.
//!
//! `tokio::spawn` is banned in this workspace: a task belongs to a `TaskGroup`, which cancels and joins it. Dropping the
//! group cancels its tasks.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Owns the tasks that are spawned on it.
#[derive(Debug)]
pub struct TaskGroup {
    runtime: Handle,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl TaskGroup {
    /// A group whose tasks run on `runtime`.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, tracker: TaskTracker::new(), cancel: CancellationToken::new() }
    }

    /// Runs `task` until it ends or the group is cancelled. `name` is its span.
    #[expect(clippy::disallowed_methods, reason = "the one place where tasks start")]
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cancel = self.cancel.clone();
        let guarded = async move {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                () = task => {}
            }
        };
        let tracked = self.tracker.track_future(guarded.instrument(tracing::info_span!("task", name)));
        drop(self.runtime.spawn(tracked));
    }

    /// A token that ends with the group.
    pub fn cancellation(&self) -> CancellationToken {
        self.cancel.child_token()
    }

    /// How many tasks are running.
    pub fn len(&self) -> usize {
        self.tracker.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tracker.is_empty()
    }

    /// Waits up to `grace` for the tasks to end by themselves, then cancels the rest and waits for them.
    pub async fn shutdown(&self, grace: Duration) {
        self.tracker.close();
        if tokio::time::timeout(grace, self.tracker.wait()).await.is_err() {
            self.cancel.cancel();
            self.tracker.wait().await;
        }
    }
}

impl Drop for TaskGroup {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_cancels_what_outlives_the_grace() {
        let group = TaskGroup::new(Handle::current());
        group.spawn("forever", std::future::pending());
        assert_eq!(group.len(), 1);
        group.shutdown(Duration::from_millis(1)).await;
        assert!(group.is_empty());
    }
}
