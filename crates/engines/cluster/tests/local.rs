//! `LocalSpark` with a script in the place of Spark: its start, its end, its restart. That a real Spark takes these
//! settings is for the tests with real clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hearth_cluster::{ClusterLimits, GrpcUpstream, LocalSpark, LocalSparkSettings};
use hearth_core::engine::Health;
use hearth_proto::connect as pb;
use hearth_remote::{Failure, Upstream};
use tempfile::TempDir;
use tokio::runtime::Handle;

/// Notes its process and its token, then says that it listens.
const LISTENS: &str = r#"
echo "$$ $SPARK_CONNECT_AUTHENTICATE_TOKEN" >> "$RUNS"
echo "$@" > "$RUNS.arguments"
echo "INFO SparkConnectServer: Spark Connect server started at: 127.0.0.1:$((40000 + $(wc -l < "$RUNS")))" >&2
"#;

struct Fake {
    folder: TempDir,
    settings: LocalSparkSettings,
}

impl Fake {
    /// A Spark whose `spark-submit` is this script; `$RUNS` is a file for it.
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let runs = folder.path().join("runs");
        program(&home.join("bin/spark-submit"), &format!("RUNS='{}'\n{script}", runs.display()));
        program(&home.join("jars/spark-connect_2.13-4.2.0.jar"), "");
        program(&home.join("jdk/bin/java"), "");
        let settings = LocalSparkSettings {
            spark_home: Some(home.clone()),
            java: Some(home.join("jdk/bin/java")),
            folder: folder.path().join("data of spark"),
            conf: vec![("spark.secret".to_owned(), "hidden".to_owned())],
            start_timeout: Duration::from_secs(5),
            stop_grace: Duration::from_secs(1),
            ..LocalSparkSettings::default()
        };
        Self { folder, settings }
    }

    async fn start(&self) -> Arc<LocalSpark> {
        LocalSpark::start(self.settings.clone(), Handle::current()).await.unwrap()
    }

    fn runs(&self) -> Vec<(PathBuf, String)> {
        let text = fs::read_to_string(self.folder.path().join("runs")).unwrap_or_default();
        let run = |line: &str| {
            let (pid, token) = line.split_once(' ').unwrap();
            (Path::new("/proc").join(pid), token.to_owned())
        };
        text.lines().map(run).collect()
    }
}

fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 10 seconds");
}

#[tokio::test]
async fn it_starts_tells_its_address_and_stops() {
    let fake = Fake::new(&format!("{LISTENS}\nexec sleep 100"));
    let spark = fake.start().await;
    assert!(spark.address().is_none());
    spark.ready().await.unwrap();
    let (process, token) = fake.runs().remove(0);
    let address = spark.address().unwrap();
    assert_eq!((address.url.as_str(), address.token.as_deref()), ("sc://127.0.0.1:40001", Some(token.as_str())));
    assert!(token.len() >= 32 && process.exists());
    let arguments = fs::read_to_string(fake.folder.path().join("runs.arguments")).unwrap();
    assert!(!arguments.contains("hidden") && !arguments.contains(&token), "{arguments}");
    let conf = fake.settings.folder.join("spark.conf");
    assert!(fs::read_to_string(&conf).unwrap().contains("spark.secret=hidden"));
    assert_eq!(fs::metadata(&conf).unwrap().permissions().mode() & 0o777, 0o600);
    spark.stop().await;
    assert!(!process.exists() && spark.address().is_none());
    assert_eq!(fake.runs().len(), 1);
}

#[tokio::test]
async fn one_that_dies_starts_again_elsewhere_with_another_token() {
    let fake = Fake::new(&format!("{LISTENS}\nexec sleep 100"));
    let spark = fake.start().await;
    spark.ready().await.unwrap();
    let pid = fake.runs()[0].0.file_name().unwrap().to_owned();
    assert!(std::process::Command::new("kill").arg("-9").arg(pid).status().unwrap().success());
    let url = || spark.address().map(|address| address.url);
    until("a second start", || url().as_deref() == Some("sc://127.0.0.1:40002")).await;
    let runs = fake.runs();
    assert!(runs.len() == 2 && runs[0].1 != runs[1].1, "{runs:?}");
    spark.stop().await;
}

#[tokio::test]
async fn one_that_does_not_start_says_why() {
    let fake = Fake::new("echo 'Exception: no memory' >&2\nexit 3");
    let spark = fake.start().await;
    let error = spark.ready().await.unwrap_err();
    assert!(error.contains("exit status: 3") && error.ends_with("Exception: no memory"), "{error}");
    let upstream = GrpcUpstream::local("local", spark, ClusterLimits::default(), Handle::current());
    let failure = upstream.config(pb::ConfigRequest::default()).await.unwrap_err();
    let Failure::Unreachable(reason) = failure else { panic!("{failure:?}") };
    assert!(!reason.contains("memory"), "the log is for whoever runs it: {reason}");
    until("unavailable", || matches!(upstream.health(), Health::Unavailable { .. })).await;
    upstream.shutdown().await;
}

#[tokio::test]
async fn one_that_says_nothing_is_given_up() {
    let mut fake = Fake::new("echo $$ x >> \"$RUNS\"\necho waiting >&2\nexec sleep 100");
    fake.settings.start_timeout = Duration::from_millis(300);
    let spark = fake.start().await;
    let error = spark.ready().await.unwrap_err();
    assert!(error.contains("did not start within") && error.ends_with("waiting"), "{error}");
    assert!(!fake.runs()[0].0.exists());
    spark.stop().await;
}

#[tokio::test]
async fn one_that_does_not_listen_to_signals_is_killed() {
    let fake = Fake::new(&format!("trap '' TERM\n{LISTENS}\nwhile :; do sleep 0.1; done"));
    let spark = fake.start().await;
    spark.ready().await.unwrap();
    spark.stop().await;
    assert!(!fake.runs()[0].0.exists());
}

/// As when the server is killed: only the pipe closes.
#[tokio::test]
async fn it_ends_when_its_owner_is_gone() {
    let fake = Fake::new(&format!("{LISTENS}\nexec sleep 100"));
    let spark = fake.start().await;
    spark.ready().await.unwrap();
    drop(spark);
    until("the end", || !fake.runs()[0].0.exists()).await;
}
