//! A Spark on this machine as a child process: started, watched, started again when it dies, and stopped.
//!
//! It is the Spark of an installed PySpark, or of a folder. It listens on the loopback address, on a port that the
//! system chooses, and takes calls only with a token that is made anew for each start. It ends with this process,
//! however this process ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_base::ByteSize;
use hearth_base::task::TaskGroup;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::connections::Place;
use crate::settings::ClusterSettings;

mod installation;
mod log;
mod process;

use installation::Installation;
use process::{Ended, Process};

/// A Spark that lived this long starts again at once.
const SETTLED: Duration = Duration::from_secs(60);
/// Pauses before it is started again, the last one from then on.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
];
/// Beside the grace of the process itself: killing, waiting, closing the log.
const STOP_MARGIN: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub struct LocalSparkSettings {
    /// The Python whose pyspark package is the Spark, and that runs Python functions.
    pub python: PathBuf,
    /// The folder of a Spark, instead of a package's.
    pub spark_home: Option<PathBuf>,
    /// The `java` program; `None` looks at `JAVA_HOME`, then on the path.
    pub java: Option<PathBuf>,
    /// `local[*]`, `local-cluster[2,1,1024]`, `spark://host:7077` and so on.
    pub master: String,
    /// Spark's own settings. They go before those that are made here, except for where it listens.
    pub conf: Vec<(String, String)>,
    /// Warehouse, metastore, scratch space, log. Nothing else may be in it.
    pub folder: PathBuf,
    pub start_timeout: Duration,
    /// Between being asked to stop and being killed.
    pub stop_grace: Duration,
    /// The log keeps between one and two times as much.
    pub log_size: ByteSize,
}

impl Default for LocalSparkSettings {
    fn default() -> Self {
        Self {
            python: PathBuf::from("python3"),
            spark_home: None,
            java: None,
            master: "local[*]".to_owned(),
            conf: Vec::new(),
            folder: PathBuf::from("spark"),
            start_timeout: Duration::from_secs(120),
            stop_grace: Duration::from_secs(10),
            log_size: ByteSize::mib(16),
        }
    }
}

/// A Spark that runs as long as this lives.
#[derive(Debug)]
pub struct LocalSpark {
    start_timeout: Duration,
    stop_grace: Duration,
    place: watch::Receiver<Place>,
    stop: CancellationToken,
    tasks: TaskGroup,
}

impl LocalSpark {
    /// Finds the Spark and begins to start it. The error says what is missing and how it is had; whether it came up is
    /// for [`Self::ready`] to say.
    pub async fn start(settings: LocalSparkSettings, runtime: Handle) -> Result<Arc<Self>, String> {
        let installation = Installation::find(&settings).await?;
        let (sender, place) = watch::channel(Place::Starting);
        let tasks = TaskGroup::new(runtime);
        let stop = CancellationToken::new();
        let spark = Self {
            start_timeout: settings.start_timeout,
            stop_grace: settings.stop_grace,
            place,
            stop: stop.clone(),
            tasks,
        };
        spark.tasks.spawn("local spark", supervise(settings, installation, sender, stop));
        Ok(Arc::new(spark))
    }

    /// The folder of the Spark that would be started, or what is missing and how it is had.
    pub async fn find(settings: &LocalSparkSettings) -> Result<PathBuf, String> {
        Installation::find(settings).await.map(|installation| installation.spark_home)
    }

    /// Waits until it takes calls. The error is why it does not, with the last lines of its log.
    pub async fn ready(&self) -> Result<(), String> {
        let mut place = self.place.clone();
        let arrived = place.wait_for(|place| !matches!(place, Place::Starting)).await;
        match arrived.as_deref() {
            Ok(Place::At(_)) => Ok(()),
            Ok(Place::Gone { reason, log }) => Err(format!("{reason}. The end of its log:\n{log}")),
            Ok(Place::Starting) | Err(_) => Err("it was stopped".to_owned()),
        }
    }

    /// How it is reached now, as other clients would; `None` while it starts. A later start has another address.
    pub fn address(&self) -> Option<ClusterSettings> {
        match &*self.place.borrow() {
            Place::At(target) => Some(ClusterSettings {
                token: target.url.token.clone(),
                ..ClusterSettings::new("local", target.url.to_string())
            }),
            Place::Starting | Place::Gone { .. } => None,
        }
    }

    pub fn start_timeout(&self) -> Duration {
        self.start_timeout
    }

    pub(crate) fn place(&self) -> watch::Receiver<Place> {
        self.place.clone()
    }

    /// Asks it to end, kills it after the grace, and waits until it is gone.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.shutdown(self.stop_grace + STOP_MARGIN).await;
    }
}

async fn supervise(
    settings: LocalSparkSettings,
    installation: Installation,
    place: watch::Sender<Place>,
    stop: CancellationToken,
) {
    let mut failures = 0_usize;
    loop {
        place.send_replace(Place::Starting);
        let token = Uuid::new_v4().simple().to_string();
        let started = tokio::select! {
            started = Process::start(&settings, &installation, &token) => started,
            () = stop.cancelled() => break,
        };
        let begun = Instant::now();
        let came_up = started.is_ok();
        let ended = match started {
            Ok(mut process) => {
                let (place_of_it, port) = (at(process.port, token), process.port);
                tracing::info!(port, master = settings.master, "the local Spark is up");
                place.send_replace(place_of_it);
                tokio::select! {
                    ended = process.ended() => ended,
                    () = stop.cancelled() => {
                        place.send_replace(stopped());
                        process.stop().await;
                        break;
                    }
                }
            }
            Err(ended) => ended,
        };
        failures = if begun.elapsed() >= SETTLED { 0 } else { failures + 1 };
        let Ended { reason, log } = ended;
        tracing::warn!(reason, log, "the local Spark ended");
        // One that did not even come up waits at least for whoever looks.
        let step = if came_up { failures.saturating_sub(1) } else { failures };
        let pause = PAUSES[step.min(PAUSES.len() - 1)];
        if failures > 1 || !came_up {
            place.send_replace(Place::Gone { reason, log });
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => break,
        }
    }
    place.send_replace(stopped());
}

fn stopped() -> Place {
    Place::Gone { reason: "it was stopped".to_owned(), log: String::new() }
}

fn at(port: u16, token: String) -> Place {
    let settings =
        ClusterSettings { token: Some(token), ..ClusterSettings::new("local", format!("sc://127.0.0.1:{port}")) };
    match settings.target() {
        Ok(target) => Place::At(Arc::new(target)),
        Err(reason) => Place::Gone { reason, log: String::new() },
    }
}
