//! One run of the child: its settings, its start, its end.
//!
//! Between this process and Spark stands a shell that waits on a pipe: when this end of the pipe closes, be it that
//! this process was killed, it ends Spark. Java itself does not notice.

use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

use super::installation::Installation;
use super::log::{BoundedFile, LastLines, copy};
use super::{LocalSparkSettings, STOP_MARGIN};

const SERVER: &str = "org.apache.spark.sql.connect.service.SparkConnectServer";
/// Arguments: the grace in seconds, then the command.
const GUARD: &str = r#"
grace=$1
shift
exec 3<&0
"$@" 3<&- </dev/null &
spark=$!
(
    while read -r _ <&3; do :; done
    kill -TERM "$spark"
    sleep "$grace"
    kill -KILL "$spark"
) >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait "$spark"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
"#;

/// Only what an operator wants to read, and that the server listens.
const LOG_SETTINGS: &str = "\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex
logger.server.name = org.apache.spark.sql.connect.service.SparkConnectServer
logger.server.level = info
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
";

/// Variables that would make it another Spark than the one that was asked for.
const NOT_INHERITED: [&str; 5] =
    ["SPARK_REMOTE", "SPARK_API_MODE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_CONNECT_MODE", "SPARK_ENV_LOADED"];

/// How long the last lines of a Spark that has ended may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A Spark that listens.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) port: u16,
    running: Running,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) reason: String,
    pub(super) log: String,
}

impl Ended {
    fn early(reason: String) -> Self {
        Self { reason, log: String::new() }
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Closing it asks the Spark to end.
    pipe: Option<ChildStdin>,
    copying: tokio::task::JoinSet<()>,
    last_lines: LastLines,
    grace: Duration,
}

impl Process {
    /// Starts it and waits until it listens. Dropping the future ends it.
    pub(super) async fn start(
        settings: &LocalSparkSettings,
        installation: &Installation,
        token: &str,
    ) -> Result<Self, Ended> {
        let files = Files::make(settings, installation)
            .map_err(|error| Ended::early(format!("{}: {error}", settings.folder.display())))?;
        let (sender, mut port) = watch::channel(None);
        let mut running = Running::start(settings, installation, &files, (token, sender))
            .await
            .map_err(|error| Ended::early(format!("Spark cannot be started: {error}")))?;
        let listens = tokio::select! {
            listens = async { port.wait_for(Option::is_some).await.ok().and_then(|port| *port) } => listens,
            ended = running.ended() => return Err(ended),
            () = tokio::time::sleep(settings.start_timeout) => {
                let reason = format!("Spark did not start within {:?}", settings.start_timeout);
                let ended = Ended { reason, log: running.last_lines.text() };
                running.stop().await;
                return Err(ended);
            }
        };
        match listens {
            Some(port) => Ok(Self { port, running }),
            // Nobody reads its log any more: it is ending.
            None => Err(running.ended().await),
        }
    }

    /// Waits for its end and says how it was.
    pub(super) async fn ended(&mut self) -> Ended {
        self.running.ended().await
    }

    pub(super) async fn stop(mut self) {
        self.running.stop().await;
    }
}

impl Running {
    async fn start(
        settings: &LocalSparkSettings,
        installation: &Installation,
        files: &Files,
        (token, port): (&str, watch::Sender<Option<u16>>),
    ) -> io::Result<Self> {
        let mut command = command(settings, installation, files);
        command.env("SPARK_CONNECT_AUTHENTICATE_TOKEN", token);
        let mut child = command.spawn()?;
        let last_lines = LastLines::default();
        let mut copying = tokio::task::JoinSet::new();
        let limit = settings.log_size.bytes();
        if let Some(stderr) = child.stderr.take() {
            let file = BoundedFile::open(files.log("spark.log"), limit).await?;
            copying.spawn(copy(stderr, file, last_lines.clone(), port.clone()));
        }
        if let Some(stdout) = child.stdout.take() {
            let file = BoundedFile::open(files.log("stdout.log"), limit).await?;
            copying.spawn(copy(stdout, file, last_lines.clone(), port));
        }
        let pipe = child.stdin.take();
        Ok(Self { child, pipe, copying, last_lines, grace: settings.stop_grace })
    }

    async fn ended(&mut self) -> Ended {
        let reason = match self.child.wait().await {
            Ok(status) => format!("Spark ended with {status}"),
            Err(error) => format!("Spark ended: {error}"),
        };
        // What it wrote last is on its way; workers of it may hold the pipe for longer.
        let copied = async { while self.copying.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_WORDS, copied).await;
        Ended { reason, log: self.last_lines.text() }
    }

    async fn stop(&mut self) {
        drop(self.pipe.take());
        if tokio::time::timeout(self.grace + STOP_MARGIN / 2, self.child.wait()).await.is_ok() {
            return;
        }
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // Not waited for yet, so the number is still its own.
            let _ = kill_process_group(group, Signal::Kill);
        }
        let _ = self.child.wait().await;
    }
}

fn command(settings: &LocalSparkSettings, installation: &Installation, files: &Files) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", GUARD, "hearth-spark"])
        .arg(settings.stop_grace.as_secs().max(1).to_string())
        .arg("bash")
        .arg(installation.spark_home.join("bin/spark-submit"))
        .args(["--class", SERVER, "--name", "hearth"])
        .arg("--properties-file")
        .arg(&files.conf);
    if installation.has_connect {
        // The option is as old as the server's place among Spark's jars.
        command.arg("--load-spark-defaults");
    }
    command
        .arg("spark-internal")
        .current_dir(&settings.folder)
        .env("SPARK_HOME", &installation.spark_home)
        .env("PYSPARK_PYTHON", &installation.python)
        .env("SPARK_SUBMIT_OPTS", &files.java_options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Not among those that the terminal interrupts: it is stopped after the work of this process.
        .process_group(0)
        .kill_on_drop(true);
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    if let Some(java_home) = &installation.java_home {
        command.env("JAVA_HOME", java_home);
    }
    command
}

/// What the child reads and writes, below its folder.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    conf: PathBuf,
    /// For Java itself: where it finds the settings of its log, where Derby writes.
    java_options: String,
}

impl Files {
    fn make(settings: &LocalSparkSettings, installation: &Installation) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&settings.folder)?;
        let folder = settings.folder.canonicalize()?;
        // A Spark that was killed leaves its scratch files behind.
        match std::fs::remove_dir_all(folder.join("scratch")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        for name in ["warehouse", "scratch", "derby"] {
            std::fs::create_dir_all(folder.join(name))?;
        }
        let log_settings = folder.join("log4j2.properties");
        std::fs::write(&log_settings, LOG_SETTINGS)?;
        let conf = folder.join("spark.conf");
        write_private(&conf, &properties(settings, installation, &folder))?;
        let java_options = format!(
            "\"-Dlog4j2.configurationFile=file://{}\" \"-Dderby.system.home={}\"",
            log_settings.display(),
            folder.join("derby").display()
        );
        Ok(Self { folder, conf, java_options })
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Settings may hold secrets, which a command line would show to everybody on the machine.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// The settings of the child as Java's properties.
fn properties(settings: &LocalSparkSettings, installation: &Installation, folder: &Path) -> String {
    let below = |name: &str| folder.join(name).display().to_string();
    let mut pairs = vec![
        ("spark.ui.enabled", "false".to_owned()),
        ("spark.sql.warehouse.dir", below("warehouse")),
        ("spark.local.dir", below("scratch")),
        (
            "spark.hadoop.javax.jdo.option.ConnectionURL",
            format!("jdbc:derby:;databaseName={};create=true", below("metastore_db")),
        ),
    ];
    if settings.master.starts_with("local") {
        pairs.push(("spark.driver.host", "127.0.0.1".to_owned()));
        pairs.push(("spark.driver.bindAddress", "127.0.0.1".to_owned()));
    }
    pairs.push(("spark.pyspark.python", installation.python.display().to_string()));
    pairs.extend(settings.conf.iter().map(|(name, value)| (name.as_str(), value.clone())));
    pairs.push(("spark.master", settings.master.clone()));
    pairs.push(("spark.connect.grpc.binding.address", "127.0.0.1".to_owned()));
    pairs.push(("spark.connect.grpc.binding.port", "0".to_owned()));
    let mut text = String::new();
    // Of one name, the last one counts.
    for (name, value) in pairs {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "{}={}", escaped(name, true), escaped(&value, false));
    }
    text
}

fn escaped(text: &str, is_name: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\\' => escaped.push_str("\\\\"),
            ' ' if is_name || index == 0 => escaped.push_str("\\ "),
            '=' | ':' | '#' | '!' if is_name => {
                escaped.push('\\');
                escaped.push(character);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_properties_that_java_reads() {
        assert_eq!(escaped("a b=c:d", true), "a\\ b\\=c\\:d");
        assert_eq!(escaped(" -Dx=\"y z\" C:\\d\n", false), "\\ -Dx=\"y z\" C:\\\\d\\n");
    }

    #[test]
    fn nobody_moves_where_it_listens_and_anybody_the_rest() {
        let listens = ("spark.connect.grpc.binding.address".to_owned(), "0.0.0.0".to_owned());
        let settings = LocalSparkSettings {
            conf: vec![listens, ("spark.ui.enabled".to_owned(), "true".to_owned())],
            master: "local[3]".to_owned(),
            ..LocalSparkSettings::default()
        };
        let installation = Installation {
            spark_home: "/spark".into(),
            java_home: None,
            python: "/usr/bin/python3".into(),
            has_connect: true,
        };
        let text = properties(&settings, &installation, Path::new("/data"));
        let last = |name: &str| text.lines().filter_map(|line| line.strip_prefix(&format!("{name}="))).next_back();
        assert_eq!(last("spark.connect.grpc.binding.address"), Some("127.0.0.1"));
        assert_eq!(last("spark.connect.grpc.binding.port"), Some("0"));
        assert_eq!(last("spark.ui.enabled"), Some("true"));
        assert_eq!(last("spark.master"), Some("local[3]"));
        assert_eq!(last("spark.sql.warehouse.dir"), Some("/data/warehouse"));
    }
}
