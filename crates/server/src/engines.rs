//! The engines that the settings name, put together: what `[engines.NAME]` and `[principals.NAME]` come to.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use hearth_cluster::{ClusterLimits, ClusterSettings, GrpcUpstream, LocalSpark, LocalSparkSettings};
use hearth_core::engine::Health;
use hearth_core::{Engine, EngineKind, Engines, NamedEngine};
use hearth_embedded::EmbeddedEngine;
use hearth_remote::{RemoteEngine, RemoteSettings, Upstream};
use hearth_worker::{Desk, PoolSettings};
use tokio::runtime::Handle;

use crate::config::Config;
use crate::config::engines::{
    ClusterTable, ClusterTimes, EMBEDDED, EngineKindTable, EngineTable, LocalTable, WorkerTable,
};

/// How often a Spark is looked at that has not answered yet.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where workers call when no engine takes any.
const IDLE_POOL: &str = "default";

/// All engines, and the desk of those that pull.
#[derive(Debug)]
pub struct Opened {
    pub engines: Arc<Engines>,
    pub desk: Arc<Desk>,
    /// Whether an engine waits for workers.
    pub has_workers: bool,
}

/// Opens every engine of the configuration. A Spark that is not there yet is no error: it is asked when it is needed.
pub async fn open(config: &Config, embedded: Arc<EmbeddedEngine>) -> Result<Opened> {
    let tables = &config.engines;
    let mut named = vec![
        NamedEngine::new(EMBEDDED, EngineKind::Embedded, embedded)
            .limited(&tables.embedded_limits)
            .described("in this process"),
    ];
    let has_workers = tables.engines.values().any(|table| matches!(table.kind, EngineKindTable::Worker(_)));
    let desk = Desk::new();
    for (name, table) in &tables.engines {
        named.push(open_one(config, name, table, &desk).await?);
    }
    if !has_workers {
        // Whoever calls is told that there is nothing to do: no engine gives this pool any work.
        desk.pool(PoolSettings::named(IDLE_POOL))?;
    }
    let engines = Engines::new(named, &tables.default, tables.principals.clone())?;
    Ok(Opened { engines: Arc::new(engines), desk, has_workers })
}

async fn open_one(config: &Config, name: &str, table: &EngineTable, desk: &Desk) -> Result<NamedEngine> {
    let (kind, upstream, description) = match &table.kind {
        EngineKindTable::Cluster(cluster) => {
            let settings = cluster_settings(name, cluster);
            let address = settings.address().map(|address| address.to_string()).unwrap_or_default();
            (EngineKind::Cluster, connect(name, &settings)?, address)
        }
        EngineKindTable::Local(local) => (
            EngineKind::Cluster,
            start(config, name, local).await?,
            format!("a Spark of this machine, {}", local.master),
        ),
        EngineKindTable::Worker(worker) => {
            (EngineKind::Worker, pool(desk, name, worker)?, format!("workers of the pool {name}"))
        }
    };
    let settings = RemoteSettings { name: name.to_owned(), session_settings: config.engine.session_defaults.clone() };
    let engine: Arc<dyn Engine> = Arc::new(RemoteEngine::new(settings, upstream));
    Ok(NamedEngine::new(name, kind, engine).limited(&table.limits).described(description))
}

fn cluster_settings(name: &str, table: &ClusterTable) -> ClusterSettings {
    ClusterSettings {
        token: table.token.clone(),
        tls_ca: table.tls_ca.clone(),
        limits: limits(&table.times),
        ..ClusterSettings::new(name, &table.url)
    }
}

fn limits(times: &ClusterTimes) -> ClusterLimits {
    ClusterLimits {
        connect_timeout: times.connect,
        reattach_timeout: times.reattach,
        refused_timeout: times.refused,
        call_timeout: times.call,
        quiet_timeout: times.quiet,
        ..ClusterLimits::default()
    }
}

fn connect(name: &str, settings: &ClusterSettings) -> Result<Arc<dyn Upstream>> {
    let upstream = GrpcUpstream::connect(settings, Handle::current());
    Ok(upstream.map_err(|mistake| anyhow!("engines.{name}: {mistake}"))?)
}

/// Whether each engine beside the embedded one would run: by name, what is good of it or what is not.
pub async fn report(config: &Config) -> Vec<(String, Result<String, String>)> {
    let mut report = Vec::new();
    for (name, table) in &config.engines.engines {
        let verdict = match &table.kind {
            EngineKindTable::Cluster(cluster) => reach(&cluster_settings(name, cluster)).await,
            EngineKindTable::Local(local) => {
                let found = LocalSpark::find(&local_settings(config, name, local)).await;
                found.map(|folder| format!("{} on {}", folder.display(), local.master))
            }
            EngineKindTable::Worker(WorkerTable { workers: None, .. }) => Ok("everybody may work for it".to_owned()),
            EngineKindTable::Worker(WorkerTable { workers: Some(names), .. }) if names.is_empty() => {
                Err(format!("nobody may work for it: name principals in engines.{name}.workers"))
            }
            EngineKindTable::Worker(WorkerTable { workers: Some(names), .. }) => {
                Ok(format!("workers of {}", names.join(", ")))
            }
        };
        report.push((name.clone(), verdict));
    }
    report
}

/// Whether a Spark answers.
async fn reach(settings: &ClusterSettings) -> Result<String, String> {
    let upstream = GrpcUpstream::connect(settings, Handle::current())?;
    let mut health = upstream.health();
    let looking = async {
        while health == Health::Starting {
            tokio::time::sleep(LOOK_EVERY).await;
            health = upstream.health();
        }
    };
    // Who has not answered by then is said to be on its way.
    let _ = tokio::time::timeout(settings.limits.connect_timeout, looking).await;
    upstream.shutdown().await;
    match health {
        Health::Ready => Ok(format!("{} answers", settings.address()?)),
        Health::Starting => Err(format!("{} has not answered in time", settings.address()?)),
        Health::Unavailable { reason } => Err(reason),
    }
}

/// Starts a Spark as a child process; its engine answers once it is up.
async fn start(config: &Config, name: &str, table: &LocalTable) -> Result<Arc<dyn Upstream>> {
    let spark = LocalSpark::start(local_settings(config, name, table), Handle::current()).await;
    let spark = spark.map_err(|mistake| anyhow!("engines.{name}: {mistake}"))?;
    Ok(GrpcUpstream::local(name, spark, limits(&table.times), Handle::current()))
}

fn local_settings(config: &Config, name: &str, table: &LocalTable) -> LocalSparkSettings {
    LocalSparkSettings {
        python: table.python.clone(),
        spark_home: table.spark_home.clone(),
        java: table.java.clone(),
        master: table.master.clone(),
        conf: table.conf.clone(),
        folder: config.data_dir.join("engines").join(name),
        start_timeout: table.start_timeout,
        ..LocalSparkSettings::default()
    }
}

fn pool(desk: &Desk, name: &str, table: &WorkerTable) -> Result<Arc<dyn Upstream>> {
    Ok(desk.pool(pool_settings(name, table))?)
}

fn pool_settings(name: &str, table: &WorkerTable) -> PoolSettings {
    PoolSettings {
        workers: table.workers.as_ref().map(|names| names.iter().cloned().collect()),
        lease: table.lease,
        worker_timeout: table.worker_timeout,
        max_queued: table.max_requests,
        max_queued_size: table.max_queued_size,
        max_buffered: table.answer_buffer,
        push_wait: table.push_wait,
        max_bound_sessions: table.max_bound_sessions,
        max_workers: table.max_workers,
        max_attempts: u32::try_from(table.max_attempts).unwrap_or(u32::MAX),
        name: name.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::config::RawConfig;

    #[test]
    fn the_tables_defaults_are_those_of_the_crates() {
        let mut raw = RawConfig::default();
        let text = "[engines.a]\nkind = \"cluster\"\nurl = \"sc://h:1\"\n[engines.b]\nkind = \"worker\"\n";
        raw.read_toml("f", text);
        let tables = Config::resolve(raw).unwrap().engines.engines;
        let (EngineKindTable::Cluster(a), EngineKindTable::Worker(b)) = (&tables["a"].kind, &tables["b"].kind) else {
            panic!("a cluster and workers");
        };
        assert_eq!(limits(&a.times), ClusterLimits::default());
        assert_eq!(format!("{:?}", pool_settings("b", b)), format!("{:?}", PoolSettings::named("b")));
    }
}
