//! The engines that the settings name, put together: what `[engines.NAME]` and `[principals.NAME]` come to.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use hearth_cluster::{ClusterLimits, ClusterSettings, GrpcUpstream, LocalSpark, LocalSparkSettings};
use hearth_core::{Engine, EngineKind, Engines, NamedEngine};
use hearth_embedded::EmbeddedEngine;
use hearth_remote::{RemoteEngine, RemoteSettings, Upstream};
use hearth_worker::{Desk, PoolSettings};
use tokio::runtime::Handle;

use crate::config::Config;
use crate::config::engines::{
    ClusterTable, ClusterTimes, EMBEDDED, EngineKindTable, EngineTable, LocalTable, WorkerTable,
};

/// All engines, and the desk of those that pull.
#[derive(Debug)]
pub struct Opened {
    pub engines: Arc<Engines>,
    pub desk: Option<Arc<Desk>>,
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
    let desk = has_workers.then(Desk::new);
    for (name, table) in &tables.engines {
        named.push(open_one(config, name, table, desk.as_ref()).await?);
    }
    let engines = Engines::new(named, &tables.default, tables.principals.clone())?;
    Ok(Opened { engines: Arc::new(engines), desk })
}

async fn open_one(config: &Config, name: &str, table: &EngineTable, desk: Option<&Arc<Desk>>) -> Result<NamedEngine> {
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
            let desk = desk.ok_or_else(|| anyhow!("there is no desk for the pool {name}"))?;
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
    ClusterLimits { connect_timeout: times.connect, reattach_timeout: times.reattach, ..ClusterLimits::default() }
}

fn connect(name: &str, settings: &ClusterSettings) -> Result<Arc<dyn Upstream>> {
    let upstream = GrpcUpstream::connect(settings, Handle::current());
    Ok(upstream.map_err(|mistake| anyhow!("engines.{name}: {mistake}"))?)
}

/// Starts a Spark as a child process; its engine answers once it is up.
async fn start(config: &Config, name: &str, table: &LocalTable) -> Result<Arc<dyn Upstream>> {
    let settings = LocalSparkSettings {
        python: table.python.clone(),
        spark_home: table.spark_home.clone(),
        java: table.java.clone(),
        master: table.master.clone(),
        conf: table.conf.clone(),
        folder: config.data_dir.join("engines").join(name),
        start_timeout: table.start_timeout,
        ..LocalSparkSettings::default()
    };
    let spark = LocalSpark::start(settings, Handle::current()).await;
    let spark = spark.map_err(|mistake| anyhow!("engines.{name}: {mistake}"))?;
    Ok(GrpcUpstream::local(name, spark, limits(&table.times), Handle::current()))
}

fn pool(desk: &Desk, name: &str, table: &WorkerTable) -> Result<Arc<dyn Upstream>> {
    let settings = PoolSettings {
        workers: table.workers.as_ref().map(|names| names.iter().cloned().collect()),
        lease: table.lease,
        worker_timeout: table.worker_timeout,
        max_queued: table.max_requests,
        max_buffered: table.answer_buffer,
        ..PoolSettings::named(name)
    };
    Ok(desk.pool(settings)?)
}
