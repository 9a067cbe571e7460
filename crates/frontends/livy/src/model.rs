//! What this door speaks of: sessions, statements, batches, as Livy has them.
//!
//! Records are what is kept of them; the wire's form is in `from_wire` and `to_wire`.

use std::collections::BTreeMap;

use hearth_base::clock::EpochMillis;
use hearth_core::interpreter::{Language, Output};
use serde::{Deserialize, Serialize};

/// What a session or a statement is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Spark,
    Pyspark,
    Sparkr,
    Sql,
    Shared,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Spark => "spark",
            Self::Pyspark => "pyspark",
            Self::Sparkr => "sparkr",
            Self::Sql => "sql",
            Self::Shared => "shared",
        }
    }

    /// The kind of one of its names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "spark" | "scala" => Some(Self::Spark),
            "pyspark" | "python" => Some(Self::Pyspark),
            "sparkr" | "r" => Some(Self::Sparkr),
            "sql" => Some(Self::Sql),
            "shared" => Some(Self::Shared),
            _ => None,
        }
    }

    /// Whose interpreter runs it; `None` for SQL, which the server runs, and for no kind in particular.
    pub fn language(self) -> Option<Language> {
        match self {
            Self::Spark => Some(Language::Scala),
            Self::Pyspark => Some(Language::Python),
            Self::Sparkr => Some(Language::R),
            Self::Sql | Self::Shared => None,
        }
    }
}

/// What a session or batch may say of its resources and files. Written in answers as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resources {
    pub jars: Vec<String>,
    pub py_files: Vec<String>,
    pub files: Vec<String>,
    pub archives: Vec<String>,
    pub driver_memory: Option<String>,
    pub driver_cores: Option<i32>,
    pub executor_memory: Option<String>,
    pub executor_cores: Option<i32>,
    pub num_executors: Option<i32>,
    pub queue: Option<String>,
    pub conf: BTreeMap<String, String>,
}

/// `POST /sessions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewSession {
    pub kind: Kind,
    pub name: Option<String>,
    pub proxy_user: Option<String>,
    pub resources: Resources,
    /// Seconds; 0 is off.
    pub heartbeat_timeout: i32,
    /// As it was written; it reads (`duration::parse`).
    pub ttl: Option<String>,
    pub idle_timeout: Option<String>,
}

/// `POST /sessions/{id}/statements`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewStatement {
    /// With line feeds only.
    pub code: String,
    pub kind: Option<Kind>,
}

/// `POST /sessions/{id}/completion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompletionRequest {
    pub code: String,
    pub kind: Option<Kind>,
    pub cursor: usize,
}

/// `POST /sessions/{id}/submit-job` and `run-job`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewJob {
    /// Base64, as it came. Never empty.
    pub job: String,
    pub job_type: Option<String>,
}

/// `POST /batches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewBatch {
    pub file: String,
    pub class_name: Option<String>,
    pub args: Vec<String>,
    pub name: Option<String>,
    pub proxy_user: Option<String>,
    pub resources: Resources,
}

/// The words of sessions and batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    NotStarted,
    Starting,
    Idle,
    Running,
    Busy,
    ShuttingDown,
    Error,
    Dead,
    Killed,
    Success,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Busy => "busy",
            Self::ShuttingDown => "shutting_down",
            Self::Error => "error",
            Self::Dead => "dead",
            Self::Killed => "killed",
            Self::Success => "success",
        }
    }

    /// Statements and files of an active session can be asked for.
    pub fn is_active(self) -> bool {
        match self {
            Self::NotStarted | Self::Starting | Self::Idle | Self::Running | Self::Busy | Self::Error => true,
            Self::ShuttingDown | Self::Dead | Self::Killed | Self::Success => false,
        }
    }

    /// It runs nothing any more, and is dropped some time after.
    pub fn is_finished(self) -> bool {
        match self {
            Self::Error | Self::Dead | Self::Killed | Self::Success => true,
            Self::NotStarted | Self::Starting | Self::Idle | Self::Running | Self::Busy | Self::ShuttingDown => false,
        }
    }
}

/// What an answer says of a session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SessionView {
    pub id: i32,
    pub name: Option<String>,
    pub app_id: Option<String>,
    pub owner: Option<String>,
    pub proxy_user: Option<String>,
    pub state: State,
    pub kind: Kind,
    /// The newest lines; empty for who may not see them.
    pub log: Vec<String>,
    pub heartbeat_timeout: i32,
    pub ttl: Option<String>,
    pub idle_timeout: Option<String>,
    pub resources: Resources,
}

/// What an answer says of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BatchView {
    pub id: i32,
    pub name: Option<String>,
    pub app_id: Option<String>,
    pub owner: Option<String>,
    pub proxy_user: Option<String>,
    pub state: State,
    pub log: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatementState {
    Waiting,
    Running,
    Available,
    Cancelling,
    Cancelled,
}

impl StatementState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Available => "available",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn is_finished(self) -> bool {
        match self {
            Self::Available | Self::Cancelled => true,
            Self::Waiting | Self::Running | Self::Cancelling => false,
        }
    }
}

/// A statement as an answer shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StatementView {
    pub id: i32,
    pub code: String,
    pub state: StatementState,
    pub output: Option<Output>,
    /// From 0 to 1.
    pub progress: f64,
    pub started: EpochMillis,
    pub completed: EpochMillis,
}

/// A programmatic job as an answer shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobView {
    pub id: i64,
    pub state: JobState,
    pub result: Option<String>,
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobState {
    Sent,
    Started,
    Cancelled,
    Failed,
    Succeeded,
}

impl JobState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "SENT",
            Self::Started => "STARTED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
            Self::Succeeded => "SUCCEEDED",
        }
    }
}
