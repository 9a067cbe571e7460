//! `hearth serve`: binds, composes, serves until it is told to stop, and drains.

use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hearth_base::task::TaskGroup;
use hearth_connect::rest::{self, RestState};
use hearth_connect::{ConnectService, grpc};
use hearth_core::WorkerDesk;
use hearth_kit::http::{self, HttpState};
use hearth_kit::{Listener, Shutdown};
use hearth_livy::Livy;
use hearth_statements::{Api, StatementsSettings};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::compose::{Composition, compose};
use crate::config::Config;
use crate::data_dir::{self, DataDirLock};

/// How long connections may take to end once all work has.
const DOOR_GRACE: Duration = Duration::from_secs(3);
/// How long stopping at once may take: what still runs is recorded as stopped.
const ABORT_GRACE: Duration = Duration::from_millis(100);
/// Doors that can fail.
const DOORS: usize = 3;

/// The bound listeners.
struct Doors {
    grpc: Listener,
    http: Listener,
    /// Spark Connect for child processes, where the other listener wants TLS.
    inner: Option<Listener>,
}

pub async fn serve(config: &Config, work: Handle) -> Result<ExitCode> {
    let _lock = DataDirLock::take(&config.data_dir)?;
    if data_dir::is_open_to_others(&config.data_dir) {
        tracing::warn!(folder = %config.data_dir.display(), "other users can look into the data folder");
    }
    let doors = bind(config).await?;
    let addresses = (doors.grpc.address(), doors.http.address());
    let shutdown = Shutdown::default();
    let tasks = TaskGroup::new(Handle::current());
    let signals = shutdown.clone();
    tasks.spawn("signals", async move {
        if let Err(error) = signals.on_signals().await {
            tracing::warn!(%error, "signals cannot be received");
        }
    });
    let composition = compose(config, work).await?;
    composition.access.listen_at(doors.inner.as_ref().map_or(addresses.0, Listener::address));
    let livy = Livy::open(composition.hearth.clone(), composition.interpreters(config)?, config.livy.clone()).await?;
    let doors_tasks = TaskGroup::new(Handle::current());
    // Workers push the answers of running work over HTTP: their door closes last.
    let closing = if composition.has_workers { Shutdown::default() } else { shutdown.clone() };
    let mut failures = open((&composition, &livy), config, doors, (&shutdown, &closing), &doors_tasks)?;
    announce(config, addresses)?;
    let failure = tokio::select! {
        () = shutdown.draining() => None,
        failure = failures.recv() => failure,
    };
    livy.stop(!shutdown.is_interrupted()).await;
    drain(composition, config, (&shutdown, &closing), &doors_tasks).await;
    tasks.shutdown(Duration::ZERO).await;
    if let Some(path) = &config.ready_file {
        // Nobody must find a server that is gone.
        let _ = std::fs::remove_file(path);
    }
    failure.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
}

async fn bind(config: &Config) -> Result<Doors> {
    let tls = |protocols: &[&str]| config.tls.as_ref().map(|tls| tls.server_config(protocols)).transpose();
    let exposure = config.exposure();
    let inner = match config.tls {
        Some(_) => Some(Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), exposure, None).await?),
        None => None,
    };
    Ok(Doors {
        inner,
        grpc: Listener::bind(config.grpc_address, exposure, tls(&["h2"])?).await?,
        http: Listener::bind(config.http_address, exposure, tls(&["h2", "http/1.1"])?).await?,
    })
}

/// Starts the doors. The receiver gets the error of a door that fails.
fn open(
    (composition, livy): (&Composition, &Livy),
    config: &Config,
    doors: Doors,
    (shutdown, closing): (&Shutdown, &Shutdown),
    tasks: &TaskGroup,
) -> Result<mpsc::Receiver<hearth_base::Error>> {
    let (failed, failures) = mpsc::channel(DOORS);
    for listener in [Some(doors.grpc), doors.inner].into_iter().flatten() {
        let service = ConnectService { hearth: composition.hearth.clone(), settings: config.connect.clone() };
        let (settings, incoming, draining) = (config.grpc.clone(), listener.incoming(), shutdown.draining());
        let failed = failed.clone();
        tasks.spawn("grpc", async move {
            if let Err(error) = grpc::serve(service, settings, incoming, draining).await {
                // The receiver waits as long as the server serves.
                let _ = failed.send(error).await;
            }
        });
    }
    let state = HttpState {
        metrics: composition.metrics()?,
        authenticator: composition.hearth.authenticator.clone(),
        shutdown: shutdown.clone(),
        browser: config.browser.clone(),
    };
    let settings = StatementsSettings { tls: config.tls.is_some(), ..config.statements.clone() };
    let statements = hearth_statements::router(Api::new(composition.hearth.clone(), settings));
    let service = ConnectService { hearth: composition.hearth.clone(), settings: config.connect.clone() };
    let desk: Arc<dyn WorkerDesk> = composition.desk.clone();
    let connect = rest::router(RestState::new(service, Some(desk), config.rest.clone()));
    let router = http::router(state, statements.merge(connect).merge(hearth_livy::router(livy.clone())));
    tasks.spawn("http", http::serve(doors.http.incoming(), router, closing.draining(), DOOR_GRACE));
    Ok(failures)
}

/// Phase one: no new connections, running work may end. Phase two, after the grace or a second signal: at once.
async fn drain(
    composition: Composition,
    config: &Config,
    (shutdown, closing): (&Shutdown, &Shutdown),
    doors: &TaskGroup,
) {
    if !shutdown.is_draining() {
        shutdown.request();
    }
    let hearth = composition.hearth.clone();
    tokio::select! {
        () = composition.stop(config.drain_grace) => {
            closing.request();
            doors.shutdown(DOOR_GRACE).await;
        }
        () = shutdown.aborted() => {
            hearth.stop(ABORT_GRACE).await;
            doors.shutdown(Duration::ZERO).await;
        }
    }
    tracing::info!("stopped");
}

/// Says where the server is: in the log, in the ready file, and on a terminal with lines to paste.
fn announce(config: &Config, (grpc, http): (SocketAddr, SocketAddr)) -> Result<()> {
    tracing::info!(%grpc, %http, data_dir = %config.data_dir.display(), "ready");
    if let Some(path) = &config.ready_file {
        write_ready_file(path, grpc, http).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if std::io::stdout().is_terminal() {
        print!("{}", banner(config, grpc, http));
    }
    Ok(())
}

/// Written beside its place and renamed: who sees the file sees all of it.
fn write_ready_file(path: &Path, grpc: SocketAddr, http: SocketAddr) -> std::io::Result<()> {
    let text = serde_json::json!({ "grpc": grpc.to_string(), "http": http.to_string() }).to_string();
    let part = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&part, text)?;
    std::fs::rename(&part, path)
}

fn banner(config: &Config, grpc: SocketAddr, http: SocketAddr) -> String {
    let mut options = String::new();
    if config.tls.is_some() {
        options.push_str(";use_ssl=true");
    }
    if config.require_token {
        options.push_str(";token=TOKEN");
    }
    let address = if options.is_empty() { format!("sc://{grpc}") } else { format!("sc://{grpc}/{options}") };
    let (scheme, trust) = match &config.tls {
        Some(tls) => ("https", format!("--cacert {} ", tls.certificate().display())),
        None => ("http", String::new()),
    };
    format!(
        "Hearth listens on {grpc} (Spark Connect) and {http} (HTTP: SQL statements, Livy). Ctrl-C stops it.\n\n  \
         python -c \"from pyspark.sql import SparkSession; \
         SparkSession.builder.remote('{address}').getOrCreate().sql('select * from samples.tpch.nation').show()\"\n  \
         pyspark --remote \"{address}\"\n  \
         curl {trust}{scheme}://{http}/api/2.0/sql/statements -H 'Authorization: Bearer TOKEN' \
         -d '{{\"warehouse_id\": \"default\", \"statement\": \"select 1\"}}'\n\n"
    )
}
