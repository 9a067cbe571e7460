//! Shutdown in two phases: stop accepting and let work finish; then stop at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Who must stop, and when. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    draining: CancellationToken,
    abort: CancellationToken,
    interrupted: Arc<AtomicBool>,
}

impl Shutdown {
    /// Ends when doors must stop accepting.
    pub fn draining(&self) -> WaitForCancellationFutureOwned {
        self.draining.clone().cancelled_owned()
    }

    /// Ends when nothing may go on.
    pub fn aborted(&self) -> WaitForCancellationFutureOwned {
        self.abort.clone().cancelled_owned()
    }

    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Whether somebody at a terminal stopped the server (Ctrl-C), rather than whoever restarts it.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The first call drains, the second one aborts.
    pub fn request(&self) {
        if self.draining.is_cancelled() {
            self.abort.cancel();
        }
        self.draining.cancel();
    }

    /// Turns SIGINT and SIGTERM into requests, for ever.
    pub async fn on_signals(self) -> std::io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = interrupt.recv() => self.interrupted.store(true, Ordering::Relaxed),
                _ = terminate.recv() => {}
            }
            if self.is_draining() {
                tracing::warn!("stopping at once");
            } else {
                tracing::info!("draining: running work may finish; once more to stop at once");
            }
            self.request();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_first_request_drains_and_the_second_aborts() {
        let shutdown = Shutdown::default();
        shutdown.request();
        assert!(shutdown.draining().now_or_never().is_some());
        assert!(shutdown.aborted().now_or_never().is_none());
        shutdown.request();
        assert!(shutdown.aborted().now_or_never().is_some());
    }
}
