//! One running interpreter: its process, its link and its folder.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use hearth_base::condition::{INTERPRETER_REFUSED, OPERATION_CANCELED, SERVER_STOPPED};
use hearth_base::{Error, Result, SessionId};
use hearth_core::Principal;
use hearth_core::interpreter::{
    CodeRequest, Dependency, DependencyKind, Ending, Interpreter, InterpreterLog, Language, Reply,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{OnceCell, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::account::Account;
use crate::folder::Folder;
use crate::host::Shared;
use crate::link::{Link, Lost, Outgoing};
use crate::processes::{self, ProcessId};
use crate::settings::{InterpreterSettings, Sandbox};
use crate::wire::{self, Answer, Op};
use crate::{log, programs};

/// How long a process may take to end when it is told to, before it is asked by a signal, and then until it is killed.
const STOP_GRACE: Duration = Duration::from_millis(1_500);
const TERMINATE_GRACE: Duration = Duration::from_millis(500);
/// How long a killed process may take until its end was seen.
const END_SEEN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) language: Language,
    pub(crate) leader: ProcessId,
    pub(crate) folder: Folder,
    pub(crate) link: Arc<Link>,
    pub(crate) settings: Arc<InterpreterSettings>,
    pub(crate) account: Option<Account>,
    pub(crate) host: Weak<Shared>,
    /// Ends when the server lets go of it.
    pub(crate) detached: CancellationToken,
    pub(crate) ending: watch::Sender<Option<Ending>>,
    /// What the ending is when it comes; by itself otherwise.
    pub(crate) intended: Mutex<Option<Ending>>,
    /// The code with which the process ended by itself, where that is known.
    pub(crate) exit_code: OnceLock<i32>,
    /// The session whose access it was given.
    pub(crate) granted: Mutex<Option<(Principal, SessionId)>>,
    /// Requests run one after the other, so that cancelling one that waits touches nothing else.
    turn: tokio::sync::Mutex<()>,
    /// Answers that came and are acknowledged when the caller goes on, because it has kept them by then.
    unacknowledged: Mutex<BTreeSet<u64>>,
    stopped: OnceCell<()>,
}

/// What an instance is made of.
pub(crate) struct Parts {
    pub(crate) id: String,
    pub(crate) language: Language,
    pub(crate) leader: ProcessId,
    pub(crate) folder: Folder,
    pub(crate) account: Option<Account>,
}

/// By what a later run of the server finds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handle {
    pub(crate) id: String,
    pub(crate) language: String,
    pub(crate) pid: i32,
    pub(crate) start: u64,
    /// The version of the programs that it runs.
    pub(crate) programs: String,
}

impl Handle {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let handle: Self = serde_json::from_str(text).ok()?;
        // The id names a folder.
        hearth_base::id::is_uuid(&handle.id).then_some(handle)
    }

    pub(crate) fn process(&self) -> ProcessId {
        ProcessId { pid: self.pid, start: self.start }
    }
}

impl Instance {
    /// The instance, and the queue of its link.
    pub(crate) fn new(shared: &Arc<Shared>, parts: Parts) -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let Parts { id, language, leader, folder, account } = parts;
        let (link, queue) = Link::new();
        let instance = Self {
            id,
            language,
            leader,
            folder,
            link,
            account,
            settings: shared.settings.clone(),
            host: Arc::downgrade(shared),
            detached: shared.detached.child_token(),
            ending: watch::Sender::new(None),
            intended: Mutex::default(),
            exit_code: OnceLock::new(),
            granted: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            unacknowledged: Mutex::default(),
            stopped: OnceCell::new(),
        };
        (Arc::new(instance), queue)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.ending.borrow().is_none()
    }

    /// Says what the ending will be; the first word counts.
    pub(crate) fn intend(&self, ending: Ending) {
        self.intended.lock().get_or_insert(ending);
    }

    /// Kills it and all that it started.
    pub(crate) async fn kill(&self, ending: Ending) {
        self.intend(ending);
        self.kill_family().await;
    }

    pub(crate) async fn kill_family(&self) {
        let (id, leader) = (self.id.clone(), self.leader);
        blocking(move || processes::kill_family(&id, Some(leader))).await;
    }

    /// Asks the interpreter for something of the server's own.
    pub(crate) async fn ask(&self, op: &Op<'_>) -> Result<Box<RawValue>> {
        let answer = self.link.ask(self.link.own_id(), op);
        self.settle(answer).await
    }

    /// The value of an answer, or the error that says why there is none.
    async fn settle(
        &self,
        answer: impl Future<Output = Result<std::result::Result<Answer, Lost>>>,
    ) -> Result<Box<RawValue>> {
        let answer = tokio::select! {
            biased;
            answer = answer => answer?,
            ending = self.ended() => return Err(ending.to_error()),
            () = self.detached.cancelled() => return Err(SERVER_STOPPED.error()),
        };
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(refusal)) => Err(INTERPRETER_REFUSED.with("message", refusal)),
            Err(Lost) => tokio::select! {
                ending = self.ended() => Err(ending.to_error()),
                () = self.detached.cancelled() => Err(SERVER_STOPPED.error()),
            },
        }
    }

    /// Interrupts a request and waits for its answer for as long as the grace.
    async fn interrupt(&self, id: u64, answer: impl Future<Output = Result<Box<RawValue>>>) -> Result<Box<RawValue>> {
        self.link.tell(&Op::Cancel { target: id }).await?;
        let grace = self.settings.cancel_grace;
        if let Ok(answer) = tokio::time::timeout(grace, answer).await {
            return answer;
        }
        let message = format!(
            "The code did not stop within {grace:?} after it was cancelled (interpreter.cancel_grace), so its \
             interpreter was killed."
        );
        self.kill(Ending::Died { message }).await;
        Err(self.ended().await.to_error())
    }

    /// Acknowledges what the caller must have kept, now that it comes with a later request.
    async fn acknowledge_below(&self, id: u64) -> Result<()> {
        let earlier = {
            let mut unacknowledged = self.unacknowledged.lock();
            let later = unacknowledged.split_off(&id);
            std::mem::replace(&mut *unacknowledged, later)
        };
        for target in earlier {
            self.link.tell(&Op::Ack { target }).await?;
        }
        Ok(())
    }

    /// Where the interpreter finds a file: its own copy where it cannot reach the file itself, or may hold it open.
    pub(crate) async fn reachable(&self, dependency: &Dependency) -> Result<String> {
        let is_apart = self.account.is_some() || self.settings.sandbox != Sandbox::None;
        let path = if is_apart || dependency.kind == DependencyKind::Jar {
            let (folder, account, taken) = (self.folder.clone(), self.account.clone(), dependency.clone());
            blocking(move || folder.take_in(&taken, account.as_ref())).await.ok_or_else(interrupted)?.map_err(
                |error| INTERPRETER_REFUSED.with("message", format!("{}: {error}", dependency.path.display())),
            )?
        } else {
            dependency.path.clone()
        };
        text_of(&path)
    }

    async fn end(&self) {
        self.intend(Ending::Stopped);
        if self.is_running() {
            let told = self.link.tell(&Op::Stop {}).await;
            if told.is_err() || !self.ends_within(STOP_GRACE).await {
                processes::terminate(self.leader);
                self.ends_within(TERMINATE_GRACE).await;
            }
        }
        self.kill_family().await;
        self.ends_within(END_SEEN).await;
        let folder = self.folder.clone();
        blocking(move || folder.remove()).await;
        if let Some(host) = self.host.upgrade() {
            host.forget(self);
        }
    }

    async fn ends_within(&self, time: Duration) -> bool {
        tokio::select! {
            ended = tokio::time::timeout(time, self.ended()) => ended.is_ok(),
            // Nobody looks any more.
            () = self.detached.cancelled() => false,
        }
    }
}

/// Runs what blocks where it may; `None` when the runtime is going down.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

pub(crate) fn interrupted() -> Error {
    SERVER_STOPPED.error()
}

/// A path as the protocol carries it.
pub(crate) fn text_of(path: &Path) -> Result<String> {
    let refused = || INTERPRETER_REFUSED.with("message", format!("{} is not a name in UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(refused)
}

/// The word of the protocol.
pub(crate) fn kind_name(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::File => "file",
        DependencyKind::PyFile => "pyfile",
        DependencyKind::Archive => "archive",
        DependencyKind::Jar => "jar",
    }
}

#[async_trait]
impl Interpreter for Instance {
    fn language(&self) -> Language {
        self.language
    }

    fn handle(&self) -> String {
        let handle = Handle {
            id: self.id.clone(),
            language: self.language.name().to_owned(),
            pid: self.leader.pid,
            start: self.leader.start,
            programs: programs::hash().to_owned(),
        };
        serde_json::to_string(&handle).unwrap_or_default()
    }

    async fn run(&self, id: u64, request: CodeRequest, cancel: &CancellationToken) -> Result<Reply> {
        let _turn = tokio::select! {
            turn = self.turn.lock() => turn,
            ending = self.ended() => return Err(ending.to_error()),
            () = self.detached.cancelled() => return Err(SERVER_STOPPED.error()),
            () = cancel.cancelled() => return Err(OPERATION_CANCELED.error()),
        };
        self.acknowledge_below(id).await?;
        let op = wire::op(&request)?;
        let mut answer = pin!(self.settle(self.link.ask(id, &op)));
        let is_application = matches!(request, CodeRequest::Application { .. });
        let value = tokio::select! {
            biased;
            answer = &mut answer => match (answer, self.exit_code.get()) {
                (Ok(value), _) => value,
                // It ended its process in its own way; how is still its exit code.
                (Err(_), Some(code)) if is_application => return Ok(Reply::Exit(*code)),
                (Err(error), _) => return Err(error),
            },
            () = cancel.cancelled() => self.interrupt(id, answer).await?,
        };
        if is_application {
            // Its process ends now.
            self.intend(Ending::Stopped);
            self.link.tell(&Op::Ack { target: id }).await?;
        } else {
            self.unacknowledged.lock().insert(id);
        }
        wire::reply(&request, &value)
    }

    async fn complete(&self, code: &str, cursor: usize) -> Result<Vec<String>> {
        wire::candidates(&self.ask(&Op::Complete { code, cursor }).await?)
    }

    async fn add(&self, dependency: Dependency) -> Result<()> {
        let path = self.reachable(&dependency).await?;
        let add = Op::Add { kind: kind_name(dependency.kind), path, name: &dependency.name };
        self.ask(&add).await.map(drop)
    }

    async fn log(&self, lines: usize) -> InterpreterLog {
        let (stdout, stderr) = (self.folder.stdout(), self.folder.stderr());
        let read = move || InterpreterLog { stdout: log::tail(&stdout, lines), stderr: log::tail(&stderr, lines) };
        blocking(read).await.unwrap_or_default()
    }

    async fn ended(&self) -> Ending {
        let mut ending = self.ending.subscribe();
        match ending.wait_for(Option::is_some).await {
            Ok(ending) => ending.clone().unwrap_or(Ending::Stopped),
            // The sender lives in `self`.
            Err(_) => Ending::Stopped,
        }
    }

    async fn stop(&self) {
        self.stopped.get_or_init(|| self.end()).await;
    }
}
