//! The settings of this door. The server's settings fill this struct; a `livy.conf` may fill those.

use std::time::Duration;

use hearth_base::ByteSize;

#[derive(Debug, Clone)]
pub struct LivySettings {
    /// `livy.sql_rows`: rows of the output of a SQL statement.
    pub sql_rows: usize,
    /// `livy.retained_statements`: finished statements that a session keeps; the oldest go first.
    pub retained_statements: usize,
    /// `livy.retained_output`: bytes of texts and outputs that a session keeps of them.
    pub retained_output: ByteSize,
    /// `livy.max_waiting`: statements of one session that wait; more are refused.
    pub max_waiting: usize,
    /// `livy.max_sessions`: open sessions and batches, each.
    pub max_sessions: usize,
    /// `livy.max_starting`: sessions and batches that start at one time.
    pub max_starting: usize,
    /// `livy.idle_timeout`: a session without work is deleted after this; `None` keeps it.
    pub idle_timeout: Option<Duration>,
    /// `livy.busy_times_out`: whether a session that works counts as idle too, as in Livy.
    pub busy_times_out: bool,
    /// `livy.ttl`: a session is deleted after this, whatever it does; `None` keeps it.
    pub ttl: Option<Duration>,
    /// `livy.state_retention`: how long a finished session or batch can still be asked about.
    pub state_retention: Duration,
    /// `livy.statement_timeout`: a statement runs at most so long.
    pub statement_timeout: Option<Duration>,
    /// `livy.log_lines`: the newest lines that a log keeps of each stream.
    pub log_lines: usize,
    /// `livy.max_upload`: bytes of an uploaded file.
    pub max_upload: ByteSize,
    /// `livy.csrf_header`: ask for `X-Requested-By` on everything that changes something.
    pub csrf_header: bool,
    /// `livy.security_headers`: answer with the headers that browsers heed.
    pub security_headers: bool,
    /// `livy.impersonation`: whether `proxyUser` and `doAs` count.
    pub impersonation: bool,
    /// `livy.run_as_proxy_user`: run a proxy user's code as the user of the operating system with that name.
    pub run_as_proxy_user: bool,
    /// `livy.superusers`: who may act for everybody; `*` is everybody.
    pub superusers: Vec<String>,
    /// `livy.access_control`: whether sessions are closed to others than those named.
    pub access_control: bool,
    pub allowed_users: Vec<String>,
    pub modify_users: Vec<String>,
    pub view_users: Vec<String>,
    /// `livy.local_folders`: folders below which files of this machine may be named by sessions and batches; none: any file that
    /// the server's user may read.
    pub local_folders: Vec<std::path::PathBuf>,
    /// `livy.spark_submit`: the `spark-submit` that runs applications in jars; none: they are refused.
    pub spark_submit: Option<std::path::PathBuf>,
    /// `livy.spark_master`: the master that it gets.
    pub spark_master: String,
    /// `livy.conf_refused`: settings that a session may not give.
    pub conf_refused: Vec<String>,
    /// `livy.unknown_fields` is `ignore`: fields that Livy does not know are no mistake.
    pub ignore_unknown_fields: bool,
    /// `livy.recovery`: sessions outlive the server.
    pub recovery: bool,
    /// Whether callers say who they are by a token: without, sessions have no owner.
    pub authenticated: bool,
}

impl Default for LivySettings {
    fn default() -> Self {
        Self {
            sql_rows: 1_000,
            retained_statements: 100,
            retained_output: ByteSize::mib(64),
            max_waiting: 10_000,
            max_sessions: 1_000,
            max_starting: 100,
            idle_timeout: Some(Duration::from_secs(60 * 60)),
            busy_times_out: false,
            ttl: None,
            state_retention: Duration::from_secs(600),
            statement_timeout: None,
            log_lines: 200,
            max_upload: ByteSize::mib(100),
            csrf_header: false,
            security_headers: true,
            impersonation: false,
            run_as_proxy_user: false,
            superusers: Vec::new(),
            access_control: false,
            allowed_users: vec!["*".to_owned()],
            modify_users: Vec::new(),
            view_users: Vec::new(),
            local_folders: Vec::new(),
            spark_submit: None,
            spark_master: "local[*]".to_owned(),
            conf_refused: REFUSED.map(str::to_owned).to_vec(),
            ignore_unknown_fields: false,
            recovery: true,
            authenticated: false,
        }
    }
}

/// What Livy's own list names.
const REFUSED: [&str; 6] = [
    "spark.master",
    "spark.submit.deployMode",
    "spark.yarn.jar",
    "spark.yarn.jars",
    "spark.yarn.archive",
    "livy.rsc.server.idle-timeout",
];
