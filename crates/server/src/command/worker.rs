//! `hearth worker`: works for a server elsewhere, with an engine of its own or a Spark beside it.
//!
//! The embedded engine runs behind Spark Connect as in a server, over pipes in memory instead of a port. Without
//! `--data-dir` its folder is a temporary one: what it keeps ends with the worker.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hearth_base::task::TaskGroup;
use hearth_cluster::{ClusterSettings, GrpcUpstream};
use hearth_connect::{ConnectService, grpc};
use hearth_kit::Shutdown;
use hearth_remote::Upstream;
use hearth_worker::{Agent, AgentSettings};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::cli::WorkerArguments;
use crate::compose::{Composition, compose};
use crate::config::engines::{EMBEDDED, EngineTables};
use crate::config::{Config, RawConfig};
use crate::data_dir::DataDirLock;

/// How long closing may take once all work has ended.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// The configuration of a worker's own engine, and the folder that goes with the worker. The `[engines.*]` of a
/// configuration, its rules and its tokens are a gateway's and mean nothing here.
pub fn config(arguments: &WorkerArguments) -> Result<(Config, Option<TempDir>)> {
    let mut common = arguments.common.clone();
    let mut temporary = None;
    if common.data_dir.is_none() {
        let folder = tempfile::Builder::new().prefix("hearth-worker-").tempdir()?;
        common.data_dir = Some(folder.path().to_string_lossy().into_owned());
        temporary = Some(folder);
    }
    let mut config = Config::resolve(RawConfig::gather_common(common))?;
    config.engines = EngineTables::embedded_only();
    // Nobody but this process reaches its engine; the gateway has found out who asks.
    config.require_token = false;
    Ok((config, temporary))
}

pub async fn work(config: &Config, work: Handle, arguments: WorkerArguments) -> Result<ExitCode> {
    let shutdown = Shutdown::default();
    let tasks = TaskGroup::new(Handle::current());
    let signals = shutdown.clone();
    tasks.spawn("signals", async move {
        if let Err(error) = signals.on_signals().await {
            tracing::warn!(%error, "signals cannot be received");
        }
    });
    let settings = settings(config, &arguments)?;
    let outcome = if arguments.engine == EMBEDDED {
        embedded(config, work, settings, &shutdown).await
    } else {
        beside(arguments, settings, &shutdown).await
    };
    tasks.shutdown(Duration::ZERO).await;
    outcome.map(|()| ExitCode::SUCCESS)
}

fn settings(config: &Config, arguments: &WorkerArguments) -> Result<AgentSettings> {
    let server = arguments.server.parse().with_context(|| format!("--server {}", arguments.server))?;
    let mut settings = AgentSettings {
        token: arguments.token.clone(),
        pool: arguments.pool.clone(),
        slots: arguments.slots.max(1),
        grace: config.drain_grace,
        ca: arguments.tls_ca.clone(),
        ..AgentSettings::new(server)
    };
    if let Some(name) = &arguments.name {
        settings.name.clone_from(name);
    }
    Ok(settings)
}

/// Works on a Spark that is there.
async fn beside(arguments: WorkerArguments, settings: AgentSettings, shutdown: &Shutdown) -> Result<()> {
    let cluster =
        ClusterSettings { token: arguments.engine_token, ..ClusterSettings::new("engine", &arguments.engine) };
    let connected = GrpcUpstream::connect(&cluster, Handle::current());
    let target = connected.map_err(|mistake| anyhow!("--engine {}: {mistake}", arguments.engine))?;
    let outcome = Agent::run(settings, target.clone(), shutdown.draining()).await;
    target.shutdown().await;
    Ok(outcome?)
}

/// Works on the engine in this process.
async fn embedded(config: &Config, work: Handle, settings: AgentSettings, shutdown: &Shutdown) -> Result<()> {
    let _lock = DataDirLock::take(&config.data_dir)?;
    let composition = compose(config, work).await?;
    let (target, arrivals) =
        GrpcUpstream::in_process(EMBEDDED, Handle::current()).map_err(|mistake| anyhow!("--engine: {mistake}"))?;
    let service = ConnectService { hearth: composition.hearth.clone(), settings: config.connect.clone() };
    let doors = TaskGroup::new(Handle::current());
    let (grpc_settings, ends) = (config.grpc.clone(), Shutdown::default());
    let draining = ends.draining();
    doors.spawn("grpc", async move {
        if let Err(error) = grpc::serve(service, grpc_settings, arrivals, draining).await {
            tracing::error!(%error, "the worker's engine does not answer any more");
        }
    });
    let outcome = Agent::run(settings, target.clone(), shutdown.draining()).await;
    target.shutdown().await;
    ends.request();
    stop(composition, &doors).await;
    Ok(outcome?)
}

async fn stop(composition: Composition, doors: &TaskGroup) {
    composition.stop(CLOSE_GRACE).await;
    doors.shutdown(CLOSE_GRACE).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_worker_opens_no_engines_and_asks_itself_for_no_token() {
        let words = ["hearth", "worker", "--server", "http://127.0.0.1:1", "--set", "auth.require_token=true"];
        let engines =
            ["--set", "engines.far.kind=cluster", "--set", "engines.far.url=sc://h:1", "--set", "default_engine=far"];
        let Command::Worker(arguments) = Cli::parse_from(words.iter().chain(&engines)).command else {
            panic!("a worker")
        };
        let (config, folder) = config(&arguments).unwrap();
        assert_eq!((config.engines.default.as_str(), config.engines.engines.len()), (EMBEDDED, 0));
        assert!(!config.require_token && config.data_dir == folder.unwrap().path());
    }
}
