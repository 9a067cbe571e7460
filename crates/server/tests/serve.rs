//! The whole server as a process: it says where it is, keeps others out, and stops when it is told to.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The bound of every wait.
const PATIENCE: Duration = Duration::from_secs(60);

fn hearth(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HEARTH_"));
    ours.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for `condition`, asking often, up to the bound.
fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Stopped when the test ends, however it ends.
struct Server {
    process: Child,
    folder: TempDir,
    addresses: serde_json::Value,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let ready = folder.path().join("ready.json");
        let serve =
            ["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ready-file", ready.to_str().unwrap()];
        let mut process = hearth(&folder.path().join("data"), &[&serve[..], arguments].concat()).spawn().unwrap();
        let text = wait("the start", || {
            assert!(process.try_wait().unwrap().is_none(), "the server ended");
            std::fs::read_to_string(&ready).ok()
        });
        // The file is there as a whole or not at all.
        Self { process, folder, addresses: serde_json::from_str(&text).unwrap() }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.addresses["http"].as_str().unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").arg(name).arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
    }

    fn ended(&mut self) -> ExitStatus {
        wait("the end", || self.process.try_wait().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text_of(command: &mut Command) -> (bool, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_server_answers_once_it_is_ready_and_stops_when_told() {
    for signal in ["-INT", "-TERM"] {
        let mut server = Server::start(&[]);
        assert!(server.get("/readyz").ends_with("ready\n"));
        assert!(server.get("/metrics").contains("hearth_engine_memory_bytes 0"));
        TcpStream::connect(server.addresses["grpc"].as_str().unwrap()).unwrap();
        server.signal(signal);
        assert!(server.ended().success());
        assert!(!server.folder.path().join("ready.json").exists(), "nobody finds a server that is gone");
    }
}

#[test]
fn a_data_folder_has_one_server_and_a_killed_one_lets_go() {
    let mut server = Server::start(&[]);
    let data = server.folder.path().join("data");
    let (good, _, error) = text_of(&mut hearth(&data, &["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]));
    assert!(!good && error.contains("in use by another hearth"), "{error}");
    server.signal("-KILL");
    server.ended();
    let (good, out, error) = text_of(&mut hearth(&data, &["sql", "select 1 as one", "--format", "csv"]));
    assert_eq!((good, out.as_str()), (true, "one\n1\n"), "{error}");
}

#[test]
fn tokens_are_made_beside_a_running_server_that_asks_for_them() {
    let server = Server::start(&["--require-token"]);
    let data = server.folder.path().join("data");
    assert!(server.get("/metrics").starts_with("HTTP/1.1 401"));
    let (good, secret, _) = text_of(&mut hearth(&data, &["token", "create", "--user", "ada", "--comment", "laptop"]));
    assert!(good && secret.starts_with("hearth_"), "{secret}");
    let mut stream = TcpStream::connect(server.addresses["http"].as_str().unwrap()).unwrap();
    let request = format!(
        "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
        secret.trim()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, list, _) = text_of(&mut hearth(&data, &["token", "list"]));
    assert!(list.contains("ada") && list.contains("laptop") && !list.contains(secret.trim()), "{list}");
}

#[test]
fn mistakes_and_addresses_that_others_reach_are_refused_before_anything_starts() {
    let folder = TempDir::new().unwrap();
    let (good, _, error) =
        text_of(&mut hearth(folder.path(), &["serve", "--set", "session.mx=1", "--set", "result.memory=much"]));
    assert!(!good && error.contains("did you mean `session.max`") && error.contains("result.memory"), "{error}");
    let open = ["serve", "--grpc", "0.0.0.0:0", "--http", "127.0.0.1:0", "--require-token"];
    let (good, _, error) = text_of(&mut hearth(folder.path(), &open));
    assert!(!good && error.contains("TLS"), "{error}");
}
