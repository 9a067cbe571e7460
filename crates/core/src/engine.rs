//! The seam to engines: what runs work.
//!
//! An `Engine` opens one `EngineSession` per session of ours; that is where config, temp views, catalog position and
//! artifacts live. Plans cross this seam as the bytes that the client sent (`spark.connect.Plan`), so that an engine
//! elsewhere gets exactly them; only an engine decodes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hearth_base::{Result, SessionId};
use hearth_types::DataType;

use crate::interpreter::CodeWork;
use crate::{OpContext, Principal, ResultWriter};

/// What an operation runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// An encoded `spark.connect.Plan`.
    Plan(Bytes),
    Sql(SqlWork),
    /// Runs in an interpreter; engines never see it.
    Code(CodeWork),
}

/// One SQL statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SqlWork {
    pub text: String,
    pub parameters: Vec<Parameter>,
    /// Where the statement stands, when that is not where its session stands.
    pub namespace: Namespace,
    pub flavor: Flavor,
}

/// The value of a parameter marker, as a client's text: `CAST('<value>' AS <data_type>)`, or NULL of that type.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Without its colon. Parameters without a name stand for `?`, in their order.
    pub name: Option<String>,
    pub data_type: DataType,
    pub value: Option<String>,
}

/// A place among catalogs and schemas; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    pub catalog: Option<String>,
    pub schema: Option<String>,
}

impl Namespace {
    pub fn is_empty(&self) -> bool {
        self.catalog.is_none() && self.schema.is_none()
    }
}

/// Whose answers a SQL statement gets where the two differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flavor {
    /// Apache Spark's.
    #[default]
    Spark,
    /// A Databricks SQL warehouse's: counts of changed rows, the columns of `SHOW` that drivers read.
    Warehouse,
}

impl SqlWork {
    /// A statement as Spark runs it, without parameters.
    pub fn spark(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Work {
    /// Whether it may be a statement about the setting `key`. Large work is none.
    pub(crate) fn may_set(&self, key: &str) -> bool {
        /// A statement that sets something is short.
        const MAX: usize = 4 << 10;
        let bytes = match self {
            Self::Plan(bytes) => bytes.as_ref(),
            Self::Sql(sql) => sql.text.as_bytes(),
            Self::Code(_) => return false,
        };
        bytes.len() <= MAX && bytes.windows(key.len()).any(|some| some == key.as_bytes())
    }

    /// Equal for equal work, within one run of the server.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Plan(bytes) => bytes.hash(&mut hasher),
            Self::Sql(sql) => format!("{sql:?}").hash(&mut hasher),
            Self::Code(code) => format!("{} {:?}", code.id, code.request).hash(&mut hasher),
        }
        hasher.finish()
    }
}

/// Runs work. One per configured engine.
#[async_trait]
pub trait Engine: Send + Sync + std::fmt::Debug {
    /// Opens the state of a session. Cheap: nothing starts before it is needed.
    async fn open_session(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>>;

    /// Whether it could run work now.
    fn health(&self) -> Health {
        Health::Ready
    }

    /// Refuses new work and lets go of what the engine holds. Called once, after all sessions are closed.
    async fn shutdown(&self);
}

/// Whether an engine could run work now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Ready,
    /// It is on its way: work that is handed in waits for it.
    Starting,
    Unavailable {
        reason: String,
    },
}

/// Whose session it is and where it may keep files.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    pub principal: Principal,
    pub session: SessionId,
    /// Whose defaults it starts with.
    pub flavor: Flavor,
    /// The session's own folder: made by whoever first keeps a file there, removed when the session closes.
    pub folder: PathBuf,
}

/// The state of one session in an engine.
#[async_trait]
pub trait EngineSession: Send + Sync + std::fmt::Debug {
    /// Runs `work` and writes what it gives. Returns when all is written, or when `cx.cancel` ends (then with
    /// `OPERATION_CANCELED`). Called on the work executor: heavy computing is fine.
    async fn execute(&self, cx: &OpContext, work: Work, writer: &mut ResultWriter) -> Result<()>;

    /// Whether work that succeeded has changed the session itself (its views, variables, settings, place) rather than
    /// data: what a journal keeps.
    fn changes_session(&self, work: &Work) -> bool;

    /// What a statement makes of the setting `key`: `Some(None)` where it takes it away, nothing for all other work.
    fn sets(&self, work: &Work, key: &str) -> Option<Option<String>>;

    /// Answers a question about a plan without running it. Called on the work executor.
    async fn analyze(&self, cx: &OpContext, question: Question) -> Result<Answer>;

    /// Reads and changes the session's settings.
    async fn configure(&self, request: ConfigRequest) -> Result<ConfigAnswer>;

    /// Moves the session to a catalog and schema; an error when they are not there.
    async fn use_namespace(&self, namespace: &Namespace) -> Result<()>;

    /// Takes artifacts that were checked and stored under the session's folder.
    async fn add_artifact(&self, artifact: Artifact) -> Result<()>;

    /// Whether an artifact of this name is there.
    async fn has_artifact(&self, name: &str) -> Result<bool>;

    /// A new session with the same config, views, catalog position and artifacts.
    async fn fork(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>>;

    /// Lets go of everything. Work of the session was cancelled before.
    async fn close(&self);
}

/// An artifact as the core has stored it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The checked name: `pyfiles/a.py`, `cache/HASH`, `files/x.txt`.
    pub name: String,
    pub path: PathBuf,
}

/// The kinds of `AnalyzePlan`. Plans and relations are encoded, as in `Work`.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    Schema { plan: Bytes },
    Explain { plan: Bytes, mode: ExplainMode },
    TreeString { plan: Bytes, level: Option<i32> },
    IsLocal { plan: Bytes },
    IsStreaming { plan: Bytes },
    InputFiles { plan: Bytes },
    SparkVersion,
    DdlParse { text: String },
    JsonToDdl { text: String },
    SameSemantics { left: Bytes, right: Bytes },
    SemanticHash { plan: Bytes },
    Persist { relation: Bytes, level: Option<StorageLevel> },
    Unpersist { relation: Bytes, blocking: bool },
    GetStorageLevel { relation: Bytes },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Schema(DataType),
    Text(String),
    Flag(bool),
    Files(Vec<String>),
    Hash(i32),
    StorageLevel(StorageLevel),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainMode {
    Simple,
    Extended,
    Codegen,
    Cost,
    Formatted,
}

/// Spark's `StorageLevel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageLevel {
    pub use_disk: bool,
    pub use_memory: bool,
    pub use_off_heap: bool,
    pub deserialized: bool,
    pub replication: i32,
}

/// The operations of `Config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigRequest {
    Set { pairs: Vec<(String, Option<String>)>, silent: bool },
    Get { keys: Vec<String> },
    GetWithDefault { pairs: Vec<(String, Option<String>)> },
    GetOption { keys: Vec<String> },
    GetAll { prefix: Option<String> },
    Unset { keys: Vec<String> },
    IsModifiable { keys: Vec<String> },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigAnswer {
    pub pairs: Vec<(String, Option<String>)>,
    pub warnings: Vec<String>,
}

/// What resources an engine has, by name (`gpu`): the addresses.
pub type Resources = BTreeMap<String, Vec<String>>;
