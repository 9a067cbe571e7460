//! `RemoteEngine`: core's engine over an upstream.
//!
//! Opening a session costs nothing here: the Spark elsewhere hears of it with its first call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hearth_base::Result;
use hearth_base::task::TaskGroup;
use hearth_core::engine::{Engine, EngineSession, Health, SessionSpec};
use tokio::runtime::Handle;

use crate::link::Link;
use crate::session::RemoteSession;
use crate::upstream::Upstream;

/// How long interrupts that are on their way may take when the engine shuts down.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// What an engine elsewhere is called and how its sessions start.
#[derive(Debug, Clone, Default)]
pub struct RemoteSettings {
    /// For errors: the engine's name in the configuration.
    pub name: String,
    /// Settings that each new session gets before its first call.
    pub session_settings: Vec<(String, String)>,
}

/// An engine whose sessions live on a Spark elsewhere, one of its sessions for each of ours.
#[derive(Debug)]
pub struct RemoteEngine {
    settings: RemoteSettings,
    upstream: Arc<dyn Upstream>,
    /// Interrupts that outlive the calls that they stop.
    tasks: Arc<TaskGroup>,
}

impl RemoteEngine {
    /// Must be called on a runtime, which then carries the engine's tasks.
    pub fn new(settings: RemoteSettings, upstream: Arc<dyn Upstream>) -> Self {
        Self { settings, upstream, tasks: Arc::new(TaskGroup::new(Handle::current())) }
    }
}

#[async_trait]
impl Engine for RemoteEngine {
    async fn open_session(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        let link = Link::new(&self.settings.name, &self.upstream, &self.tasks, &spec);
        Ok(Arc::new(RemoteSession::new(link, spec.flavor, self.settings.session_settings.clone())))
    }

    fn health(&self) -> Health {
        self.upstream.health()
    }

    async fn shutdown(&self) {
        self.tasks.shutdown(SHUTDOWN_GRACE).await;
        self.upstream.shutdown().await;
    }
}
