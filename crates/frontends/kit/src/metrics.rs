//! Metrics for Prometheus: what is true now is read when somebody asks.

use std::fmt;
use std::sync::Mutex;

use hearth_base::{Error, Result};
use hearth_core::Hearth;
use hearth_core::engine::Health;
use hearth_core::engines::EngineStatus;
use prometheus::core::Collector;
use prometheus::{Gauge, GaugeVec, Opts, Registry, TextEncoder};

/// A metric that every engine has.
type EngineGauge = (&'static str, &'static str, fn(&EngineStatus) -> usize);

const ENGINE_GAUGES: [EngineGauge; 4] = [
    ("hearth_engine_up", "Whether the engine could run work now", |status| usize::from(status.health == Health::Ready)),
    ("hearth_engine_sessions", "Open sessions that have used the engine", |status| status.sessions),
    ("hearth_engine_operations_running", "Operations that run on the engine", |status| status.running),
    ("hearth_engine_operations_queued", "Operations that wait for a place on the engine", |status| status.queued),
];

/// The metrics of one server.
pub struct Metrics {
    registry: Registry,
    /// Run before each answer: they set gauges to what is true now.
    readers: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Metrics of the core and of the process.
    pub fn new(hearth: &Hearth) -> Result<Self> {
        let metrics = Self { registry: Registry::new(), readers: Mutex::default() };
        let core = hearth.clone();
        metrics.gauge("hearth_sessions", "Open sessions", move || as_f64(core.sessions.count()))?;
        let core = hearth.clone();
        metrics.gauge("hearth_operations_queued", "Operations that wait for a place to run", move || {
            as_f64(core.operations.admission().load().1)
        })?;
        metrics.operations(hearth)?;
        metrics.engines(hearth)?;
        let core = hearth.clone();
        metrics.gauge("hearth_result_memory_bytes", "Results of open sessions in memory", move || {
            let sessions = core.sessions.all();
            let operations = sessions.iter().flat_map(|session| session.operations());
            as_f64(operations.map(|operation| operation.log.memory()).sum())
        })?;
        metrics.gauge("process_resident_memory_bytes", "Resident memory of the process", || {
            resident_memory().map_or(0.0, as_f64)
        })?;
        Ok(metrics)
    }

    /// Adds a gauge that `read` gives the value of.
    pub fn gauge(&self, name: &str, help: &str, read: impl Fn() -> f64 + Send + 'static) -> Result<()> {
        let gauge = self.register(Gauge::new(name, help))?;
        self.on_read(move || gauge.set(read()));
        Ok(())
    }

    fn operations(&self, hearth: &Hearth) -> Result<()> {
        let opts = Opts::new("hearth_operations", "Operations that open sessions hold, by state");
        let gauges = self.register(GaugeVec::new(opts, &["state"]))?;
        let hearth = hearth.clone();
        self.on_read(move || {
            let operations: Vec<_> = hearth.sessions.all().iter().flat_map(|session| session.operations()).collect();
            for state in hearth_core::OperationState::ALL {
                let count = operations.iter().filter(|operation| operation.state() == state).count();
                gauges.with_label_values(&[&state.name().to_ascii_lowercase()]).set(as_f64(count));
            }
        });
        Ok(())
    }

    fn engines(&self, hearth: &Hearth) -> Result<()> {
        let mut gauges = Vec::with_capacity(ENGINE_GAUGES.len());
        for (name, help, read) in ENGINE_GAUGES {
            gauges.push((self.register(GaugeVec::new(Opts::new(name, help), &["engine"]))?, read));
        }
        let hearth = hearth.clone();
        self.on_read(move || {
            for status in hearth.engine_statuses() {
                for (gauge, read) in &gauges {
                    gauge.with_label_values(&[&*status.name]).set(as_f64(read(&status)));
                }
            }
        });
        Ok(())
    }

    fn register<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> Result<C> {
        let broken = |error| Error::internal("a metric cannot be registered").caused_by(error);
        let collector = made.map_err(broken)?;
        self.registry.register(Box::new(collector.clone())).map_err(broken)?;
        Ok(collector)
    }

    fn on_read(&self, read: impl Fn() + Send + 'static) {
        self.readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Box::new(read));
    }

    /// All metrics in Prometheus' text format.
    pub fn text(&self) -> Result<String> {
        self.readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter().for_each(|read| read());
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| Error::internal("the metrics do not encode").caused_by(error))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

/// Bytes of memory that this process has, where the system says so (Linux).
pub fn resident_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
