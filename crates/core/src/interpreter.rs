//! The seam to interpreters: child processes that run a session's code.
//!
//! An interpreter belongs to one session and one language. It may outlive the server: whoever kept its handle finds it
//! again. Code runs as an operation (`Work::Code`), one request after the other.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use hearth_base::condition::{CODE_FAILED, INTERPRETER_DIED, INTERPRETER_LIMIT, INTERPRETER_STOPPED};
use hearth_base::{Error, Result, SessionId};
use tokio_util::sync::CancellationToken;

use crate::Principal;

/// What code is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    Python,
    Scala,
    R,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Python, Self::Scala, Self::R];

    /// The word in the protocol, in settings and in folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Scala => "scala",
            Self::R => "r",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }
}

/// What an interpreter is started with.
#[derive(Debug, Clone)]
pub struct InterpreterSpec {
    pub language: Language,
    pub principal: Principal,
    /// The session that its Spark session is.
    pub session: SessionId,
    /// The name of the application.
    pub name: String,
    /// Settings of the Spark session, and of the interpreter (`spark.pyspark.python`).
    pub conf: Vec<(String, String)>,
    pub dependencies: Vec<Dependency>,
    /// The user of the operating system to run as; `None` is the server's own.
    pub run_as: Option<String>,
}

/// A file that code needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub kind: DependencyKind,
    /// Where it is on this machine.
    pub path: PathBuf,
    /// What the code calls it: a plain file name.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    File,
    PyFile,
    Archive,
    Jar,
}

/// What an interpreter is asked to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeRequest {
    /// A cell of a notebook.
    Execute { code: String },
    /// A pickled function, in base64.
    Job { job: String },
    /// A program: a file and its arguments.
    Application { file: PathBuf, args: Vec<String> },
}

/// What running it gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Output(Output),
    Job(std::result::Result<String, String>),
    Exit(i32),
}

/// A rendered output. Values are JSON texts by media type, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Ok { data: Vec<(String, String)> },
    Error { name: String, value: String, traceback: Vec<String> },
}

/// How an interpreter ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It was told to.
    Stopped,
    /// By itself: what it wrote to standard error last.
    Died { message: String },
    /// It took more than it may.
    OverLimit { what: String, limit: &'static str, value: String },
}

impl Ending {
    pub fn to_error(&self) -> Error {
        match self {
            Self::Stopped => INTERPRETER_STOPPED.error(),
            Self::Died { message } => INTERPRETER_DIED.with("message", message),
            Self::OverLimit { what, limit, value } => {
                INTERPRETER_LIMIT.with("what", what).with("limit", limit).with("value", value)
            }
        }
    }
}

/// The newest lines of what an interpreter wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterpreterLog {
    pub stdout: Vec<String>,
    pub stderr: Vec<String>,
}

/// Starts interpreters.
#[async_trait]
pub trait InterpreterHost: Send + Sync + std::fmt::Debug {
    /// An error that names what is missing and how to install it, when the language cannot run on this machine.
    async fn check(&self, language: Language) -> Result<()>;

    /// Starts an interpreter and binds it to its session.
    async fn start(&self, spec: InterpreterSpec) -> Result<Arc<dyn Interpreter>>;

    /// Finds an interpreter of an earlier run of the server and binds it to its session anew. `None` when it is gone.
    async fn reattach(&self, handle: &str, spec: InterpreterSpec) -> Result<Option<Arc<dyn Interpreter>>>;

    /// Ends what earlier runs of the server left behind, but for the interpreters of these handles. Returns how many
    /// there were.
    async fn clean_up(&self, kept: &[String]) -> usize;

    /// Lets go of all interpreters: they stop, unless `keep` says that the next run of the server will come for them.
    async fn shutdown(&self, keep: bool);
}

/// A running interpreter.
#[async_trait]
pub trait Interpreter: Send + Sync + std::fmt::Debug {
    fn language(&self) -> Language;

    /// A text by which `InterpreterHost::reattach` finds it again.
    fn handle(&self) -> String;

    /// Runs one request. `id` is the caller's own, below 2^32, and rises; a request of a known id is not run again, its
    /// answer is waited for. When `cancel` ends, the request is interrupted; when it does not heed that within the
    /// grace, the interpreter is killed. `Err` means that there is no answer.
    async fn run(&self, id: u64, request: CodeRequest, cancel: &CancellationToken) -> Result<Reply>;

    /// Names that may stand at `cursor`, counted in characters.
    async fn complete(&self, code: &str, cursor: usize) -> Result<Vec<String>>;

    /// Copies a file into the interpreter's folder and makes it known to the code that runs from now on.
    async fn add(&self, dependency: Dependency) -> Result<()>;

    /// At most `lines` of each stream.
    async fn log(&self, lines: usize) -> InterpreterLog;

    /// Waits for the end.
    async fn ended(&self) -> Ending;

    /// Ends it and all that it started, and removes its folder. Returns when that is done.
    async fn stop(&self);
}

/// How child processes reach a session on this server.
pub trait SessionAccess: Send + Sync + std::fmt::Debug {
    /// The `sc://` address of the session with what proves the right to it, good until `withdraw`.
    fn grant(&self, principal: &Principal, session: &SessionId) -> Result<String>;

    fn withdraw(&self, principal: &Principal, session: &SessionId);
}

/// Code as the work of an operation.
#[derive(Debug, Clone)]
pub struct CodeWork {
    pub interpreter: Arc<dyn Interpreter>,
    pub id: u64,
    pub request: CodeRequest,
    /// Gets the reply before the operation ends.
    pub reply: Arc<OnceLock<Reply>>,
}

impl PartialEq for CodeWork {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.request == other.request && self.interpreter.handle() == other.interpreter.handle()
    }
}

impl CodeWork {
    /// Runs it; user code that fails is an error too, so that the operation says so.
    pub(crate) async fn run(self, cancel: &CancellationToken) -> Result<()> {
        let reply = self.interpreter.run(self.id, self.request, cancel).await?;
        let failure = reply.failure();
        // Nobody else sets it: the work runs once.
        let _ = self.reply.set(reply);
        failure.map_or(Ok(()), Err)
    }
}

impl Reply {
    fn failure(&self) -> Option<Error> {
        let failed = |name: &str, value: &str| Some(CODE_FAILED.with("name", name).with("value", value));
        match self {
            Self::Output(Output::Error { name, value, .. }) => failed(name, value),
            Self::Job(Err(message)) => failed("Job", message),
            Self::Exit(code) if *code != 0 => failed("Application", &format!("exit code {code}")),
            Self::Output(Output::Ok { .. }) | Self::Job(Ok(_)) | Self::Exit(_) => None,
        }
    }
}
