//! The settings of interpreters. The server's settings fill this struct.

use std::path::PathBuf;
use std::time::Duration;

use hearth_base::ByteSize;

#[derive(Debug, Clone)]
pub struct InterpreterSettings {
    /// Where private folders, programs and caches live. Nothing else may be in it.
    pub folder: PathBuf,
    /// `interpreter.python`: the Python of sessions that name none.
    pub python: PathBuf,
    /// `interpreter.r`: R's front end for scripts.
    pub r: PathBuf,
    /// `interpreter.java`: `None` looks at `JAVA_HOME`, then on the path.
    pub java: Option<PathBuf>,
    /// `interpreter.spark_home`: a whole Spark, with `jars/`; `None` looks for the pyspark package of `python`.
    pub spark_home: Option<PathBuf>,
    /// `interpreter.pool`: Python interpreters that are kept warm once one was asked for; 0 is none.
    pub pool: usize,
    /// `interpreter.pool_at_start`: warm them when the server starts.
    pub pool_at_start: bool,
    /// `interpreter.memory`: resident bytes of all processes of one interpreter together.
    pub memory: ByteSize,
    /// `interpreter.processes`: processes of one interpreter.
    pub processes: usize,
    /// `interpreter.max_output`: bytes of one output.
    pub max_output: ByteSize,
    /// `interpreter.cancel_grace`: how long cancelled code may go on before its interpreter is killed.
    pub cancel_grace: Duration,
    /// `interpreter.start_timeout`: from the start of the process until its Spark session is there.
    pub start_timeout: Duration,
    /// `interpreter.orphan_timeout`: an interpreter that no server is connected to ends itself after this.
    pub orphan_timeout: Duration,
    /// `interpreter.environment`: names of environment variables of the server that interpreters get too.
    pub environment: Vec<String>,
    /// `interpreter.sandbox`: what keeps interpreters apart from the machine.
    pub sandbox: Sandbox,
    /// `interpreter.hidden`: folders that a sandbox hides: the server's data.
    pub hidden: Vec<PathBuf>,
    /// `interpreter.log_size`: a log file over this loses its older part.
    pub log_size: ByteSize,
    /// `interpreter.session_requirements`: whether sessions may have Python packages installed for them.
    pub session_requirements: bool,
    /// `interpreter.requirements_timeout`: how long installing them may take.
    pub requirements_timeout: Duration,
}

/// What keeps interpreters apart from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    None,
    /// `bwrap`: the machine read-only, other processes and other sessions out of sight. The network is shared.
    Bubblewrap,
}

impl Sandbox {
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "bubblewrap" => Some(Self::Bubblewrap),
            _ => None,
        }
    }
}

impl Default for InterpreterSettings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("interpreters"),
            python: PathBuf::from("python3"),
            r: PathBuf::from("Rscript"),
            java: None,
            spark_home: None,
            pool: 1,
            pool_at_start: false,
            memory: ByteSize::gib(4),
            processes: 256,
            max_output: ByteSize::mib(16),
            cancel_grace: Duration::from_secs(5),
            start_timeout: Duration::from_secs(60),
            orphan_timeout: Duration::from_secs(10 * 60),
            environment: Vec::new(),
            sandbox: Sandbox::None,
            hidden: Vec::new(),
            log_size: ByteSize::mib(64),
            session_requirements: true,
            requirements_timeout: Duration::from_secs(10 * 60),
        }
    }
}
