//! `Hearth`: the core as doors see it, put together.

use std::sync::Arc;
use std::time::Duration;

use hearth_base::Result;
use hearth_base::task::TaskGroup;

use crate::engines::EngineStatus;
use crate::{Authenticator, Engines, Operations, Sessions};

/// How often idle sessions and expired operations are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// Everything that a door needs. Shared by all doors.
#[derive(Debug, Clone)]
pub struct Hearth {
    pub engines: Arc<Engines>,
    pub sessions: Arc<Sessions>,
    pub operations: Arc<Operations>,
    pub authenticator: Arc<dyn Authenticator>,
}

impl Hearth {
    /// Settles what an earlier run left, then sweeps until `tasks` ends.
    pub async fn start(&self, tasks: &TaskGroup) -> Result<()> {
        self.operations.recover().await?;
        let hearth = self.clone();
        tasks.spawn("sweep", async move {
            let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
            loop {
                ticks.tick().await;
                hearth.sessions.expire_idle().await;
                if let Err(error) = hearth.operations.sweep(&hearth.sessions.all()).await {
                    tracing::warn!(%error, "expired operations could not be removed");
                }
            }
        });
        Ok(())
    }

    /// How the engines are now, by name.
    pub fn engine_statuses(&self) -> Vec<EngineStatus> {
        self.engines.statuses(self.operations.admission())
    }

    /// Stops in order: no new work, running work ends or is stopped after `grace`, sessions close, engines and store.
    pub async fn stop(&self, grace: Duration) {
        self.operations.drain(grace).await;
        self.sessions.close_all(grace).await;
        self.engines.shutdown().await;
        self.operations.metadata().close().await;
    }
}
