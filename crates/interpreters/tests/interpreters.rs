//! The host of interpreters against a small program that speaks the protocol (`interpreters/fake_interpreter.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hearth_base::{ByteSize, SessionId};
use hearth_core::Principal;
use hearth_core::interpreter::{
    CodeRequest, Dependency, DependencyKind, Ending, Interpreter, InterpreterHost, InterpreterSpec, Language, Output,
    Reply, SessionAccess,
};
use hearth_interpreters::{InterpreterSettings, Interpreters};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

/// Gives numbered addresses and records what was withdrawn.
#[derive(Debug, Default)]
struct Access {
    granted: Mutex<usize>,
    withdrawn: Mutex<Vec<String>>,
}

impl SessionAccess for Access {
    fn grant(&self, _: &Principal, session: &SessionId) -> hearth_base::Result<String> {
        let mut granted = self.granted.lock();
        *granted += 1;
        Ok(format!("sc://{session}/{granted}"))
    }

    fn withdraw(&self, _: &Principal, session: &SessionId) {
        self.withdrawn.lock().push(session.to_string());
    }
}

struct World {
    folder: TempDir,
    settings: InterpreterSettings,
    access: Arc<Access>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interpreters/fake_interpreter.py");
        let python = folder.path().join("python");
        fs::write(&python, format!("#!/bin/sh\nexec python3 {} \"$@\"\n", program.display())).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let settings = InterpreterSettings {
            // Longer than what the path of a socket may be.
            folder: folder.path().join("interpreters".repeat(10)),
            python,
            pool: 0,
            cancel_grace: Duration::from_millis(300),
            ..InterpreterSettings::default()
        };
        Self { folder, settings, access: Arc::default() }
    }

    fn host(&self) -> Interpreters {
        Interpreters::new(self.settings.clone(), self.access.clone(), Handle::current()).unwrap()
    }

    /// The private folders that are there.
    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.settings.folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.file_name().is_some_and(|name| name.len() == 36)).collect()
    }
}

fn spec() -> InterpreterSpec {
    InterpreterSpec {
        language: Language::Python,
        principal: Principal::named("ada"),
        session: SessionId::new("s"),
        name: "test".to_owned(),
        conf: Vec::new(),
        dependencies: Vec::new(),
        run_as: None,
    }
}

fn code(code: &str) -> CodeRequest {
    CodeRequest::Execute { code: code.to_owned() }
}

/// Runs code that gives text.
async fn text(interpreter: &Arc<dyn Interpreter>, id: u64, source: &str) -> String {
    let reply = interpreter.run(id, code(source), &CancellationToken::new()).await.unwrap();
    let Reply::Output(Output::Ok { data }) = reply else { panic!("{reply:?}") };
    assert_eq!(data[0].0, "text/plain");
    data[0].1.trim_matches('"').to_owned()
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} does not come"));
}

async fn ending(interpreter: &Arc<dyn Interpreter>) -> Ending {
    tokio::time::timeout(PATIENCE, interpreter.ended()).await.expect("it does not end")
}

#[tokio::test]
async fn code_runs_in_a_private_folder_with_a_clean_environment_and_stop_leaves_nothing() {
    let world = World::new();
    let host = world.host();
    let mut wanted = spec();
    let module = world.folder.path().join("module.py");
    fs::write(&module, "x = 1").unwrap();
    let named = |name: &str| Dependency { kind: DependencyKind::PyFile, path: module.clone(), name: name.to_owned() };
    wanted.dependencies = vec![named("module.py"), named("other.py")];
    let interpreter = host.start(wanted).await.unwrap();
    assert_eq!(text(&interpreter, 1, "1 + 1").await, "1 + 1");
    assert_eq!(text(&interpreter, 2, "added").await, "module.py other.py");
    let environment = text(&interpreter, 3, "environment").await;
    assert!(environment.contains("HEARTH_INTERPRETER_ID") && !environment.contains("CARGO"), "{environment}");
    assert_eq!(interpreter.complete("ab", 1).await.unwrap(), ["ax"]);
    text(&interpreter, 4, "print hello").await;
    assert_eq!(interpreter.log(5).await.stdout, ["hello"]);
    let pid = text(&interpreter, 5, "pid").await;
    assert_eq!(fs::metadata(&world.folders()[0]).unwrap().permissions().mode() & 0o777, 0o700);

    interpreter.stop().await;
    assert_eq!(ending(&interpreter).await, Ending::Stopped);
    assert!(!is_alive(&pid) && world.folders().is_empty());
    assert_eq!(*world.access.withdrawn.lock(), ["s"]);
    assert!(interpreter.run(6, code("1"), &CancellationToken::new()).await.is_err());
    host.shutdown(false).await;
}

#[tokio::test]
async fn cancelled_code_is_interrupted_and_the_interpreter_lives_on() {
    let world = World::new();
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    let cancel = CancellationToken::new();
    let (first, later) = (interpreter.clone(), cancel.clone());
    let runs = async move { first.run(1, code("wait"), &later).await };
    let waits = interpreter.run(2, code("never begins"), &cancel);
    let (ran, waited, ()) = tokio::join!(runs, waits, async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    assert!(matches!(ran.unwrap(), Reply::Output(Output::Error { name, .. }) if name == "KeyboardInterrupt"));
    assert_eq!(waited.unwrap_err().condition().name, "OPERATION_CANCELED");
    assert_eq!(text(&interpreter, 3, "on").await, "on");
    host.shutdown(false).await;
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn code_that_does_not_heed_a_cancel_is_killed_with_its_interpreter() {
    let world = World::new();
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    let pid = text(&interpreter, 1, "pid").await;
    let cancel = CancellationToken::new();
    let (stuck, ()) = tokio::join!(interpreter.run(2, code("stuck"), &cancel), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let message = stuck.unwrap_err().to_string();
    assert!(message.contains("interpreter.cancel_grace"), "{message}");
    assert!(matches!(ending(&interpreter).await, Ending::Died { message } if message.contains("cancel_grace")));
    assert!(!is_alive(&pid));
    // The log is there until it is stopped.
    assert_eq!(world.folders().len(), 1);
    interpreter.stop().await;
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn a_death_ends_the_request_with_the_last_words() {
    let world = World::new();
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    let error = interpreter.run(1, code("die"), &CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.condition().name, "HEARTH_INTERPRETER_DIED");
    assert!(error.to_string().contains("last words\nThe process ended with code 3."), "{error}");
    host.shutdown(false).await;
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn an_applications_exit_is_an_orderly_end() {
    let world = World::new();
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    let request = CodeRequest::Application { file: "a.py".into(), args: vec!["x".to_owned()] };
    let reply = interpreter.run(1, request, &CancellationToken::new()).await.unwrap();
    assert_eq!(reply, Reply::Exit(7));
    assert_eq!(ending(&interpreter).await, Ending::Stopped);
    host.shutdown(false).await;
}

#[tokio::test]
async fn stop_finds_what_forked_twice() {
    let world = World::new();
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    let file = world.folder.path().join("escaped");
    text(&interpreter, 1, &format!("escape {}", file.display())).await;
    let pid = || fs::read_to_string(&file).unwrap_or_default();
    until("the escaped process", || !pid().is_empty()).await;
    assert!(is_alive(&pid()));
    interpreter.stop().await;
    assert!(!is_alive(&pid()));
    host.shutdown(false).await;
}

#[tokio::test]
async fn a_later_run_finds_it_with_what_runs_and_what_was_answered() {
    let world = World::new();
    let file = world.folder.path().join("go");
    let first = world.host();
    let interpreter = first.start(spec()).await.unwrap();
    let handle = interpreter.handle();
    assert_eq!(text(&interpreter, 1, "one").await, "one");
    let waiting = format!("wait {}", file.display());
    let never = CancellationToken::new();
    let (lost, ()) = tokio::join!(interpreter.run(2, code(&waiting), &never), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.shutdown(true).await;
    });
    assert_eq!(lost.unwrap_err().condition().name, "HEARTH_SERVER_STOPPED");
    drop((interpreter, first));

    let second = world.host();
    let again = second.reattach(&handle, spec()).await.unwrap().expect("it lives");
    assert_eq!(second.clean_up(std::slice::from_ref(&handle)).await, 0);
    fs::write(&file, "").unwrap();
    assert_eq!(text(&again, 2, &waiting).await, "waited");
    assert_eq!(text(&again, 3, "remotes").await, "sc://s/1 sc://s/2");
    again.stop().await;
    assert_eq!(ending(&again).await, Ending::Stopped);
    assert!(second.reattach(&handle, spec()).await.unwrap().is_none());
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn a_killed_server_leaves_what_the_next_one_finds_or_cleans_up() {
    let world = World::new();
    let first = world.host();
    let kept = first.start(spec()).await.unwrap();
    let left = first.start(spec()).await.unwrap();
    let pid = text(&left, 1, "pid").await;
    let file = world.folder.path().join("escaped");
    text(&left, 2, &format!("escape {}", file.display())).await;
    let escaped = || fs::read_to_string(&file).unwrap_or_default();
    until("the escaped process", || !escaped().is_empty()).await;
    let handle = kept.handle();
    drop((first, kept, left));

    let second = world.host();
    assert_eq!(second.clean_up(std::slice::from_ref(&handle)).await, 1);
    assert!(!is_alive(&pid) && !is_alive(&escaped()));
    let again = second.reattach(&handle, spec()).await.unwrap().expect("it lives");
    assert_eq!(text(&again, 1, "on").await, "on");
    // Its death is seen though it is no child of this server's.
    again.run(2, code("die"), &CancellationToken::new()).await.unwrap_err();
    let died = ending(&again).await;
    assert!(matches!(died, Ending::Died { message } if message.contains("last words")));
    second.shutdown(false).await;
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn an_orphan_ends_itself() {
    let mut world = World::new();
    world.settings.orphan_timeout = Duration::from_millis(300);
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    let pid = text(&interpreter, 1, "pid").await;
    host.shutdown(true).await;
    drop((interpreter, host));
    until("the end of the orphan", || !is_alive(&pid)).await;
    assert_eq!(world.host().clean_up(&[]).await, 1);
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn limits_of_memory_and_processes_end_it_by_their_names() {
    let mut world = World::new();
    world.settings.memory = ByteSize::mib(150);
    world.settings.processes = 20;
    let host = world.host();
    let cases = [("grow 300", "interpreter.memory", "150 MiB"), ("processes 30", "interpreter.processes", "20")];
    for (source, setting, limit) in cases {
        let interpreter = host.start(spec()).await.unwrap();
        // It may be over the limit before it answers.
        let _ = interpreter.run(1, code(source), &CancellationToken::new()).await;
        let end = ending(&interpreter).await;
        let expected = Ending::OverLimit { what: String::new(), limit: setting, value: limit.to_owned() };
        let Ending::OverLimit { limit, value, .. } = &end else { panic!("{end:?}") };
        assert_eq!(Ending::OverLimit { what: String::new(), limit, value: value.clone() }, expected);
        interpreter.stop().await;
    }
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn logs_do_not_grow_without_end() {
    let mut world = World::new();
    world.settings.log_size = ByteSize::kib(10);
    let host = world.host();
    let interpreter = host.start(spec()).await.unwrap();
    for id in 1..=10 {
        text(&interpreter, id, &format!("print {}", "x".repeat(2_000))).await;
    }
    let log = world.folders()[0].join("stdout.log");
    until("the cut", || fs::metadata(&log).unwrap().len() < 10_240).await;
    text(&interpreter, 11, "print newest").await;
    assert_eq!(interpreter.log(1).await.stdout, ["newest"]);
    assert!(fs::metadata(&log).unwrap().len() < 10_240);
    host.shutdown(false).await;
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_leaves_nothing() {
    let world = World::new();
    let host = world.host();
    let mut refused = spec();
    refused.conf = vec![("fake.refuse".to_owned(), "true".to_owned())];
    let error = host.start(refused).await.unwrap_err();
    assert_eq!(error.condition().name, "HEARTH_INTERPRETER_START");
    assert!(error.to_string().contains("no such server"), "{error}");
    let mut missing = spec();
    missing.conf = vec![("spark.pyspark.python".to_owned(), "/nowhere/python".to_owned())];
    let error = host.start(missing).await.unwrap_err();
    assert_eq!(error.condition().name, "HEARTH_INTERPRETER_MISSING");
    assert!(world.folders().is_empty());
    assert_eq!(*world.access.withdrawn.lock(), ["s"]);
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_any_more_is_undone() {
    let world = World::new();
    let host = world.host();
    let given_up = tokio::time::timeout(Duration::from_millis(30), host.start(spec())).await;
    assert!(given_up.is_err(), "it starts faster than can be given up");
    until("the removal of its folder", || world.folders().is_empty()).await;
    host.shutdown(false).await;
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn warm_interpreters_are_kept_taken_and_replaced() {
    let mut world = World::new();
    world.settings.pool = 1;
    let host = world.host();
    let first = host.start(spec()).await.unwrap();
    until("a warm one", || world.folders().len() == 2).await;
    let second = host.start(spec()).await.unwrap();
    until("another warm one", || world.folders().len() == 3).await;
    let own = InterpreterSpec {
        conf: vec![("spark.pyspark.python".to_owned(), world.settings.python.display().to_string())],
        ..spec()
    };
    let third = host.start(own).await.unwrap();
    assert_eq!(world.folders().len(), 4);
    for interpreter in [&first, &second, &third] {
        assert_eq!(text(interpreter, 1, "x").await, "x");
        interpreter.stop().await;
    }
    // The access belongs to the session, and ends with its last interpreter.
    assert_eq!(world.access.withdrawn.lock().len(), 1);
    assert_eq!(world.folders().len(), 1);
    host.shutdown(true).await;
    assert!(world.folders().is_empty());
}

#[tokio::test]
async fn another_user_runs_it_only_where_the_server_may() {
    let mut world = World::new();
    let path = world.folder.path().to_owned();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interpreters/fake_interpreter.py");
    let copy = path.join("fake_interpreter.py");
    fs::copy(program, &copy).unwrap();
    fs::write(&world.settings.python, format!("#!/bin/sh\nexec /usr/bin/python3 {} \"$@\"\n", copy.display())).unwrap();
    world.settings.pool = 1;
    let host = world.host();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let as_nobody = || InterpreterSpec { run_as: Some("nobody".to_owned()), ..spec() };
    let error = host.start(as_nobody()).await.unwrap_err().to_string();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        assert!(error.contains("runs as root"), "{error}");
        return;
    }
    assert!(error.contains("cannot pass the folder"), "{error}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o711)).unwrap();
    let interpreter = host.start(as_nobody()).await.unwrap();
    let pid = text(&interpreter, 1, "pid").await;
    let process = fs::metadata(format!("/proc/{pid}")).unwrap();
    assert_eq!((process.uid(), process.gid()), (65_534, 65_534));
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.lines().any(|line| line.trim_end() == "Groups:"), "{status}");
    let root = InterpreterSpec { run_as: Some("root".to_owned()), ..spec() };
    assert!(host.start(root).await.is_err());
    interpreter.stop().await;
    assert!(!is_alive(&pid));
    host.shutdown(false).await;
    assert!(world.folders().is_empty());
}
