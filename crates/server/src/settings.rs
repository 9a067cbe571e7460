//! The table of all settings. Help, reference page, file, environment and flags are read from here.
//!
//! A setting named `session.idle_timeout` is `HEARTH_SESSION_IDLE_TIMEOUT` in the environment, `idle_timeout` under
//! `[session]` in the file, and `--set session.idle_timeout=…` on the command line.

mod family;
mod value;

pub use family::{FAMILIES, member};
pub use value::{Kind, Share, Value, parse_duration};

/// One row.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    /// As it would be typed.
    pub default: &'static str,
    pub doc: &'static str,
}

const fn row(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Setting {
    Setting { name, kind, default, doc }
}

#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    row("data_dir", Kind::Path, "", "Where tables, results and metadata are kept. Empty: $XDG_DATA_HOME/hearth, or ~/.local/share/hearth."),
    row("ready_file", Kind::Path, "", "Gets the addresses as JSON when the server answers."),
    row("log", Kind::Text, "info", "What is logged: a level, or tracing directives such as `info,hearth_core=debug`."),
    row("log_format", Kind::Text, "text", "`text` or `json`."),

    row("grpc.address", Kind::Address, "127.0.0.1:15002", "Where Spark Connect listens; port 0 is any free port."),
    row("http.address", Kind::Address, "127.0.0.1:8998", "Where HTTP listens; port 0 is any free port."),
    row("listener.insecure", Kind::Flag, "false", "Listen for other machines without tokens or TLS."),
    row("auth.require_token", Kind::Flag, "false", "Ask for a bearer token."),
    row("tls.cert", Kind::Path, "", "PEM file of the certificate and its chain."),
    row("tls.key", Kind::Path, "", "PEM file of the certificate's key."),
    row("tls.self_signed", Kind::Flag, "false", "TLS with a certificate that is made and kept in the data folder."),
    row("tls.names", Kind::Text, "localhost,127.0.0.1,::1", "Names in the self-signed certificate, with commas."),

    row("server.io_threads", Kind::Count, "0", "Threads that answer requests; 0 is half of the cores, at least one and at most four."),
    row("server.work_threads", Kind::Count, "0", "Threads that run work; 0 is one for each core."),
    row("server.work_stack", Kind::Size, "16m", "Stack of a thread that runs work; deep plans need much."),
    row("server.drain_grace", Kind::Duration, "10s", "How long running work may go on when the server stops."),

    row("session.max", Kind::Count, "10000", "Open sessions in the server."),
    row("session.idle_timeout", Kind::Duration, "60m", "A session that nobody uses is closed after this."),
    row("session.max_tombstones", Kind::Count, "1000", "How many closed sessions are remembered."),
    row("session.max_errors", Kind::Count, "100", "How many errors a session keeps for clients that ask for details."),
    row("operation.max_running", Kind::Count, "64", "Operations that run at once; more wait, and users take turns."),
    row("operation.max_queued", Kind::Count, "10000", "Operations that wait; more are refused."),
    row("operation.retention", Kind::Duration, "60m", "How long a finished operation that nobody released keeps its result."),
    row("operation.abandon_timeout", Kind::Duration, "10m", "A running operation that no client is attached to is given up after this."),
    row("operation.max_recent", Kind::Count, "1000", "Ended statements that are kept in memory; older ones are read from the store."),
    row("history.retention", Kind::Duration, "30d", "How long the history tells of an expired operation."),
    row("result.memory", Kind::Size, "16m", "Bytes of one result that are kept in memory; the rest goes to disk."),
    row("result.max_size", Kind::Size, "100g", "Bytes of one result; over it the operation fails."),
    row("result.chunk_size", Kind::Size, "4m", "Bytes that one chunk of a result aims at."),
    row("result.chunk_rows", Kind::Count, "262144", "Rows that one chunk of a result has at most."),
    row("store.fsync", Kind::Flag, "false", "Wait for the disk with each write, so that a power loss loses nothing either."),

    row("connect.max_message_size", Kind::Size, "128m", "Bytes of one inbound message of Spark Connect."),
    row("connect.max_metadata_size", Kind::Size, "64k", "Bytes of the headers of one call."),
    row("connect.keepalive_interval", Kind::Duration, "60s", "How often a quiet connection is asked whether it is alive."),
    row("connect.keepalive_timeout", Kind::Duration, "20s", "How long it may take to answer."),
    row("connect.reflection", Kind::Flag, "true", "Whether the server tells its methods and messages (gRPC reflection)."),
    row("connect.stream_duration", Kind::Duration, "2m", "A reattachable stream ends after this; the client comes back for the rest."),
    row("connect.stream_size", Kind::Size, "1g", "A reattachable stream ends after so many bytes."),
    row("connect.progress_interval", Kind::Duration, "2s", "How often a waiting client hears how far its operation is."),
    row("connect.max_artifact_size", Kind::Size, "2g", "Bytes of one artifact."),
    row("connect.max_artifacts_size", Kind::Size, "8g", "Bytes of one AddArtifacts call."),

    row("rest.wait", Kind::Duration, "45s", "A call of Spark Connect over REST that takes longer is answered with 202 and a path to ask at; a worker's pull that finds nothing ends."),
    row("rest.max_result_size", Kind::Size, "128m", "Bytes of the rows that such a call gives in one answer; larger results are read as a stream."),
    row("rest.result_memory", Kind::Size, "1g", "Bytes of such rows, of answers above 1 MiB, that are on their way to clients at one time; more wait."),
    row("rest.max_results", Kind::Count, "10000", "Calls that are answered later at one time; more are held until they are done."),
    row("rest.result_retention", Kind::Duration, "60m", "An answer that nobody fetches is forgotten after this."),
    row("rest.max_uploads", Kind::Count, "1000", "Chunked artifacts that have begun to come over REST, of all sessions; a session has one at a time."),
    row("rest.upload_timeout", Kind::Duration, "5m", "One of them is dropped when its next chunk does not come within this."),

    row("statements.inline_limit", Kind::Size, "25m", "Bytes of a result with `disposition: INLINE`; over it the statement fails."),
    row("statements.external_limit", Kind::Size, "100g", "Bytes of a result with external links; rows behind it are left out, and `truncated` says so."),
    row("statements.attachment_limit", Kind::Size, "5m", "Bytes of a hybrid result that comes in the answer itself; larger ones get links."),
    row("statements.max_text", Kind::Size, "16m", "Bytes of a statement's text."),
    row("statements.timeout", Kind::Duration, "12h", "A statement runs at most so long."),
    row("statements.poll_timeout", Kind::Duration, "15m", "A running statement that no client asks about for so long is stopped and closed."),
    row("statements.link_lifetime", Kind::Duration, "15m", "How long an external link works."),
    row("statements.public_url", Kind::Text, "", "What external links start with. Empty: the address that the client used."),

    row("http.allowed_hosts", Kind::Text, "", "Names that a request's `Host` may have beside the machine's own loopback names, with commas; `*` is any. A server that listens for other machines takes any when this is empty."),
    row("http.allowed_origins", Kind::Text, "", "Web pages, as `https://host:port` with commas, whose scripts may call this server."),

    row("livy.conf_file", Kind::Path, "", "A `livy.conf` whose settings hold where no other says otherwise."),
    row("livy.sql_rows", Kind::Count, "1000", "Rows of the output of a SQL statement."),
    row("livy.retained_statements", Kind::Count, "100", "Finished statements that a session keeps; the oldest go first."),
    row("livy.retained_output", Kind::Size, "64m", "Bytes of texts and outputs that a session keeps of them."),
    row("livy.max_waiting", Kind::Count, "10000", "Statements of one session that wait; more are refused."),
    row("livy.max_sessions", Kind::Count, "1000", "Sessions that are there at one time, and batches."),
    row("livy.max_starting", Kind::Count, "100", "Sessions that start at one time, and batches."),
    row("livy.idle_timeout", Kind::Duration, "1h", "A session that nobody asks to do something is deleted after this; 0 keeps it."),
    row("livy.busy_times_out", Kind::Flag, "false", "Whether a session that works counts as idle too, as in Livy."),
    row("livy.ttl", Kind::Duration, "0s", "A session is deleted after this, whatever it does; 0 keeps it."),
    row("livy.state_retention", Kind::Duration, "10m", "How long a session or batch that has ended can be asked about."),
    row("livy.statement_timeout", Kind::Duration, "0s", "A statement or job runs at most so long; 0 is no limit."),
    row("livy.log_lines", Kind::Count, "200", "The newest lines that a log keeps of each stream."),
    row("livy.max_upload", Kind::Size, "100m", "Bytes of an uploaded file."),
    row("livy.csrf_header", Kind::Flag, "false", "Ask for the header `X-Requested-By` on everything that changes something."),
    row("livy.security_headers", Kind::Flag, "true", "Answer with the headers that browsers heed."),
    row("livy.unknown_fields", Kind::Text, "refuse", "What happens to fields of a request that Livy does not know: `refuse` or `ignore`."),
    row("livy.impersonation", Kind::Flag, "false", "Whether `proxyUser` and `doAs` count."),
    row("livy.run_as_proxy_user", Kind::Flag, "false", "Run a proxy user's code as the user of the operating system with that name; the server must run as root."),
    row("livy.superusers", Kind::Text, "", "Who may act for everybody, with commas; `*` is everybody."),
    row("livy.access_control", Kind::Flag, "false", "Whether sessions are closed to others than their owner and those named below."),
    row("livy.allowed_users", Kind::Text, "*", "Who may use Livy's API at all, with commas."),
    row("livy.modify_users", Kind::Text, "", "Who may change every session, with commas."),
    row("livy.view_users", Kind::Text, "", "Who may look into every session, with commas."),
    row("livy.local_folders", Kind::Text, "", "Folders below which sessions and batches may name files of this machine, with commas. Empty: wherever the server may read."),
    row("livy.conf_refused", Kind::Text, "spark.master,spark.submit.deployMode,spark.yarn.jar,spark.yarn.jars,spark.yarn.archive,livy.rsc.server.idle-timeout", "Settings that a session or batch may not give, with commas."),
    row("livy.spark_submit", Kind::Path, "", "The spark-submit of a Spark, which runs batches that are jars. Empty: they are refused."),
    row("livy.spark_master", Kind::Text, "local[*]", "The master that it gets."),
    row("livy.recovery", Kind::Flag, "true", "Sessions, batches and their interpreters outlive a restart of the server. Ctrl-C ends them in any case."),

    row("interpreter.python", Kind::Path, "python3", "The Python of sessions that name none; it needs PySpark."),
    row("interpreter.r", Kind::Path, "Rscript", "R's front end for scripts."),
    row("interpreter.java", Kind::Path, "", "The Java of Scala sessions. Empty: that of JAVA_HOME, or the first on the path."),
    row("interpreter.spark_home", Kind::Path, "", "A whole Spark, with `jars/`, for Scala sessions. Empty: the pyspark package of `interpreter.python`."),
    row("interpreter.pool", Kind::Count, "1", "Python interpreters that are kept warm once one was asked for; 0 is none."),
    row("interpreter.pool_at_start", Kind::Flag, "false", "Warm them when the server starts."),
    row("interpreter.memory", Kind::Size, "4g", "Resident bytes of all processes of one interpreter together; over it they are killed."),
    row("interpreter.processes", Kind::Count, "256", "Processes of one interpreter; over it they are killed."),
    row("interpreter.max_output", Kind::Size, "16m", "Bytes of one output; text is cut there."),
    row("interpreter.cancel_grace", Kind::Duration, "5s", "How long cancelled code may go on before its interpreter is killed."),
    row("interpreter.start_timeout", Kind::Duration, "60s", "How long an interpreter may take until it is ready."),
    row("interpreter.orphan_timeout", Kind::Duration, "10m", "An interpreter that no server is connected to ends itself after this."),
    row("interpreter.environment", Kind::Text, "", "Environment variables of the server that interpreters get too, with commas; they get no others but the few that every program needs."),
    row("interpreter.sandbox", Kind::Text, "none", "`none`, or `bubblewrap`: the machine read-only, other processes and sessions out of sight."),
    row("interpreter.log_size", Kind::Size, "64m", "A log file of an interpreter over this loses its older part."),
    row("interpreter.session_requirements", Kind::Flag, "true", "Whether sessions may have Python packages installed (`hearth.python.requirements` in their conf)."),
    row("interpreter.requirements_timeout", Kind::Duration, "10m", "How long installing them may take."),

    row("default_engine", Kind::Text, "embedded", "The engine of sessions that name none: `embedded`, or one of the tables `[engines.NAME]`."),
    row("engine.memory", Kind::Share, "60%", "Memory for queries, as a size or a share of the machine's; over it they spill."),
    row("engine.spill_limit", Kind::Size, "100g", "Bytes of spill files at one time; over it a query fails."),
    row("engine.partitions", Kind::Count, "0", "Into how many partitions a query is cut; 0 is one for each core."),
    row("engine.transform_scripts", Kind::Flag, "true", "Whether `SELECT TRANSFORM … USING` may run programs of this machine, with the rights of the server. Switch it off where users are not to have them."),
    row("script.max_result_size", Kind::Size, "256m", "Bytes of the result set that a SQL script keeps until it ends."),
    row("script.max_variable_size", Kind::Size, "64m", "Bytes of the value of one variable of a SQL script."),
    row("catalog.names", Kind::Text, "main", "Catalogs beside spark_catalog, separated by commas; each is a folder below `catalogs` in the data folder."),
    row("samples.tpch_scale", Kind::Number, "0.01", "Scale factor of samples.tpch; 1 is about a gigabyte of text."),
    row("samples.tpcds_scale", Kind::Number, "0.01", "Scale factor of samples.tpcds."),
    row("samples.folder", Kind::Path, "", "Where sample data is made. Empty: in the data folder."),
];

/// Names that start so are settings of Spark that each new session starts with.
pub const SPARK_PREFIX: &str = "spark.";

pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// `session.idle_timeout` as `HEARTH_SESSION_IDLE_TIMEOUT`.
pub fn environment_name(name: &str) -> String {
    format!("HEARTH_{}", name.replace('.', "_").to_ascii_uppercase())
}

/// The known name that looks most like `name`, if one does.
pub fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = name.chars().count() / 3;
    known.map(|other| (distance(name, other), other)).filter(|(far, _)| *far <= limit).min().map(|(_, other)| other)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replace = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The reference page.
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\nA setting is given in the file (`--config`), in the environment or as `--set name=value`; the \
         later in this order wins. Names that start with `spark.` are settings of Spark that every new session starts \
         with.\n\n| setting | environment | type | default | what it does |\n|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        page.push_str(&format!(
            "| `{}` | `{}` | {} | {default} | {} |\n",
            setting.name,
            environment_name(setting.name),
            setting.kind.name(),
            setting.doc
        ));
    }
    for family in FAMILIES {
        page.push_str(&format!(
            "\n## `[{}.NAME]`\n\n{} In the file, or as `--set {}.NAME.setting=…`.\n\n| setting | type | default | what it \
             does |\n|---|---|---|---|\n",
            family.prefix, family.doc, family.prefix
        ));
        for setting in family.rows {
            let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
            page.push_str(&format!("| `{}` | {} | {default} | {} |\n", setting.name, setting.kind.name(), setting.doc));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_also_in_the_environment() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| environment_name(setting.name)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[test]
    fn a_typo_gets_a_suggestion_and_nonsense_none() {
        let known = || SETTINGS.iter().map(|setting| setting.name);
        assert_eq!(suggestion("sesion.idle_timeot", known()), Some("session.idle_timeout"));
        assert_eq!(suggestion("completely.else", known()), None);
    }
}
