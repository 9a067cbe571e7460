//! The composition root: the one place that knows every part of a server and puts them together.

use std::sync::Arc;

use anyhow::Result;
use hearth_auth::{OpenAuthenticator, SessionTokenAuthenticator, SessionTokens, TokenAuthenticator};
use hearth_base::Clock;
use hearth_base::task::TaskGroup;
use hearth_core::{Authenticator, Hearth, MetadataStore, Operations, Sessions};
use hearth_embedded::EmbeddedEngine;
use hearth_interpreters::Interpreters;
use hearth_kit::Metrics;
use hearth_store::{FileResultSettings, FileResultStore, SqliteSettings, SqliteStore};
use hearth_worker::Desk;
use tokio::runtime::Handle;

use crate::access::LocalAccess;
use crate::config::Config;
use crate::engines::{self, Opened};

/// A core with its engine and stores, ready for doors.
#[derive(Debug)]
pub struct Composition {
    pub hearth: Hearth,
    pub embedded: Arc<EmbeddedEngine>,
    /// Where workers call.
    pub desk: Arc<Desk>,
    /// Whether an engine waits for them.
    pub has_workers: bool,
    /// How child processes reach their sessions.
    pub access: Arc<LocalAccess>,
    tasks: TaskGroup,
}

/// Puts a core together on the configuration's data folder. Call it on the runtime that answers requests; `work` is
/// where operations run.
pub async fn compose(config: &Config, work: Handle) -> Result<Composition> {
    let clock = Clock::system();
    let metadata = open_metadata(config).await?;
    let results =
        FileResultStore::open(FileResultSettings { folder: config.data_dir.join("results"), fsync: config.fsync })?;
    let embedded = Arc::new(EmbeddedEngine::open(config.engine.clone()).await?);
    let Opened { engines, desk, has_workers } = engines::open(config, Arc::clone(&embedded)).await?;
    let callers: Arc<dyn Authenticator> = if config.require_token {
        Arc::new(TokenAuthenticator::new(metadata.clone(), clock.clone()))
    } else {
        Arc::new(OpenAuthenticator)
    };
    let tokens = Arc::new(SessionTokens::default());
    let authenticator = Arc::new(SessionTokenAuthenticator::new(callers, Arc::clone(&tokens)));
    let access = Arc::new(LocalAccess::new(tokens));
    let sessions_folder = config.data_dir.join("sessions");
    remove_leftovers(&sessions_folder);
    let limits = config.limits.clone();
    let sessions = Sessions::new(Arc::clone(&engines), limits.clone(), clock.clone(), sessions_folder);
    let operations = Operations::new(metadata, results, limits, clock, work);
    let hearth = Hearth { engines, sessions: Arc::new(sessions), operations: Arc::new(operations), authenticator };
    let tasks = TaskGroup::new(Handle::current());
    hearth.start(&tasks).await?;
    Ok(Composition { hearth, embedded, desk, has_workers, access, tasks })
}

/// The metadata store alone, which the token commands use beside a running server.
pub async fn open_metadata(config: &Config) -> Result<Arc<dyn MetadataStore>> {
    crate::data_dir::create(&config.data_dir)?;
    let settings = SqliteSettings { path: config.data_dir.join("hearth.db"), fsync: config.fsync };
    Ok(SqliteStore::open(settings, Handle::current()).await?)
}

impl Composition {
    /// The interpreters of this server's sessions.
    pub fn interpreters(&self, config: &Config) -> Result<Arc<Interpreters>> {
        Ok(Arc::new(Interpreters::new(config.interpreters.clone(), self.access.clone(), Handle::current())?))
    }

    pub fn metrics(&self) -> Result<Arc<Metrics>> {
        let metrics = Metrics::new(&self.hearth)?;
        let engine = Arc::clone(&self.embedded);
        metrics.gauge("hearth_engine_memory_bytes", "Memory that running queries have reserved", move || {
            as_f64(engine.shared().datafusion.runtime_env().memory_pool.reserved())
        })?;
        Ok(Arc::new(metrics))
    }

    /// Stops all parts in order.
    pub async fn stop(self, grace: std::time::Duration) {
        self.tasks.shutdown(std::time::Duration::ZERO).await;
        self.hearth.stop(grace).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

/// Sessions do not outlive the process, so their folders of an earlier run are of no use.
fn remove_leftovers(folder: &std::path::Path) {
    if let Err(error) = std::fs::remove_dir_all(folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "folders of earlier sessions stay");
    }
}
