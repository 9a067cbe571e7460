//! `ScriptedEngine`: an engine that runs what a test wrote down.
//!
//! The work of an operation names a script (`Work::Sql` with the script's name as text); an unknown name is one row.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Int64Array, RecordBatch};
use async_trait::async_trait;
use hearth_base::condition::OPERATION_CANCELED;
use hearth_base::{Error, Result};
use hearth_core::engine::{Answer, Artifact, ConfigAnswer, ConfigRequest, Health, Namespace, Question, SessionSpec};
use hearth_core::{Engine, EngineSession, OpContext, ResultWriter, Work};
use hearth_types::{DataType, StructField, StructType};
use parking_lot::Mutex;
use tokio::sync::watch;

/// One step of a script.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes the schema: one column `id` of BIGINT.
    Schema,
    /// Writes a batch of so many rows; `id` goes on from the batch before.
    Rows(usize),
    /// Waits until the gate opens, or the operation is cancelled.
    Wait(Gate),
    /// As `Wait`, and does not look at the cancellation.
    WaitStubbornly(Gate),
    Fail(Error),
    Panic,
}

pub type Script = Vec<Step>;

/// Holds work until a test opens it, and says how much work came to it.
#[derive(Debug, Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    arrived: Arc<watch::Sender<usize>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Arc::new(watch::Sender::new(false)), arrived: Arc::new(watch::Sender::new(0)) }
    }
}

impl Gate {
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until so much work has come to the gate.
    pub async fn arrived(&self, count: usize) {
        // The sender lives in `self`.
        let _ = self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    pub(crate) async fn pass(&self) {
        self.arrived.send_modify(|arrived| *arrived += 1);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

/// Runs scripts.
#[derive(Debug, Default)]
pub struct ScriptedEngine {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Script>>,
    opened: AtomicUsize,
    closed: AtomicUsize,
    executed: AtomicUsize,
    shut_down: AtomicUsize,
    health: Mutex<Option<Health>>,
}

impl ScriptedEngine {
    pub fn script(&self, name: &str, script: Script) {
        self.shared.scripts.lock().insert(name.to_owned(), script);
    }

    /// Sessions that were opened and not closed.
    pub fn open_sessions(&self) -> usize {
        self.shared.opened.load(Ordering::SeqCst) - self.shared.closed.load(Ordering::SeqCst)
    }

    /// How the engine says that it is; ready at first.
    pub fn set_health(&self, health: Health) {
        *self.shared.health.lock() = Some(health);
    }

    /// How often the engine was shut down.
    pub fn shut_down(&self) -> usize {
        self.shared.shut_down.load(Ordering::SeqCst)
    }

    /// How often work was started.
    pub fn executed(&self) -> usize {
        self.shared.executed.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    async fn open_session(&self, _spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        self.shared.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(ScriptedSession { shared: Arc::clone(&self.shared), config: Mutex::default() }))
    }

    fn health(&self) -> Health {
        self.shared.health.lock().clone().unwrap_or(Health::Ready)
    }

    async fn shutdown(&self) {
        self.shared.shut_down.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct ScriptedSession {
    shared: Arc<Shared>,
    config: Mutex<HashMap<String, Option<String>>>,
}

#[async_trait]
impl EngineSession for ScriptedSession {
    /// A script whose name begins with `change` does.
    fn changes_session(&self, work: &Work) -> bool {
        matches!(work, Work::Sql(sql) if sql.text.starts_with("change"))
    }

    /// `SET key = value` and `RESET key`, in these words.
    fn sets(&self, work: &Work, key: &str) -> Option<Option<String>> {
        let Work::Sql(sql) = work else { return None };
        match *sql.text.split(' ').collect::<Vec<_>>() {
            ["SET", of, "=", value] if of == key => Some(Some(value.to_owned())),
            ["RESET", of] if of == key => Some(None),
            _ => None,
        }
    }

    async fn execute(&self, cx: &OpContext, work: Work, writer: &mut ResultWriter) -> Result<()> {
        self.shared.executed.fetch_add(1, Ordering::SeqCst);
        let name = match work {
            Work::Sql(sql) => sql.text,
            Work::Plan(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Work::Code(code) => format!("{:?}", code.request),
        };
        let script = self.shared.scripts.lock().get(&name).cloned();
        let mut rows = 0;
        for step in script.unwrap_or_else(|| vec![Step::Schema, Step::Rows(1)]) {
            run(cx, step, &mut rows, writer).await?;
        }
        Ok(())
    }

    async fn analyze(&self, _cx: &OpContext, question: Question) -> Result<Answer> {
        match question {
            Question::SparkVersion => Ok(Answer::Text("4.2.0".to_owned())),
            Question::Schema { .. } => Ok(Answer::Schema(DataType::Struct(schema().as_ref().clone()))),
            other => Err(Error::unsupported(format!("{other:?}"))),
        }
    }

    async fn configure(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        let mut config = self.config.lock();
        let pairs = match request {
            ConfigRequest::Set { pairs, .. } => {
                config.extend(pairs);
                Vec::new()
            }
            ConfigRequest::Get { keys } | ConfigRequest::GetOption { keys } => {
                keys.into_iter().map(|key| (key.clone(), config.get(&key).cloned().flatten())).collect()
            }
            ConfigRequest::GetAll { prefix } => {
                let prefix = prefix.unwrap_or_default();
                let bare = |(key, value): (&String, &Option<String>)| {
                    Some((key.strip_prefix(&prefix)?.to_owned(), value.clone()))
                };
                config.iter().filter_map(bare).collect()
            }
            ConfigRequest::Unset { keys } => {
                keys.iter().for_each(|key| drop(config.remove(key)));
                Vec::new()
            }
            other => return Err(Error::unsupported(format!("{other:?}"))),
        };
        Ok(ConfigAnswer { pairs, warnings: Vec::new() })
    }

    async fn use_namespace(&self, _namespace: &Namespace) -> Result<()> {
        Ok(())
    }

    async fn add_artifact(&self, _artifact: Artifact) -> Result<()> {
        Ok(())
    }

    async fn has_artifact(&self, _name: &str) -> Result<bool> {
        Ok(false)
    }

    async fn fork(&self, _spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        self.shared.opened.fetch_add(1, Ordering::SeqCst);
        let config = Mutex::new(self.config.lock().clone());
        Ok(Arc::new(Self { shared: Arc::clone(&self.shared), config }))
    }

    async fn close(&self) {
        self.shared.closed.fetch_add(1, Ordering::SeqCst);
    }
}

async fn run(cx: &OpContext, step: Step, rows: &mut i64, writer: &mut ResultWriter) -> Result<()> {
    match step {
        Step::Schema => writer.schema(schema(), arrow_schema()).await,
        Step::Rows(count) => {
            let end = *rows + i64::try_from(count).unwrap_or(i64::MAX);
            let ids = Int64Array::from_iter_values(*rows..end);
            *rows = end;
            let batch = RecordBatch::try_new(arrow_schema(), vec![Arc::new(ids)]).map_err(Error::internal)?;
            writer.batch(&batch).await
        }
        Step::Wait(gate) => tokio::select! {
            () = gate.pass() => Ok(()),
            () = cx.cancel.cancelled() => Err(OPERATION_CANCELED.error()),
        },
        Step::WaitStubbornly(gate) => {
            gate.pass().await;
            Ok(())
        }
        Step::Fail(error) => Err(error),
        #[expect(clippy::panic, reason = "what the test asked for")]
        Step::Panic => panic!("the script says so"),
    }
}

fn schema() -> Arc<StructType> {
    Arc::new(StructType::new([StructField::new("id", DataType::Long, false)]))
}

fn arrow_schema() -> arrow::datatypes::SchemaRef {
    let field = arrow::datatypes::Field::new("id", arrow::datatypes::DataType::Int64, false);
    Arc::new(arrow::datatypes::Schema::new(vec![field]))
}
