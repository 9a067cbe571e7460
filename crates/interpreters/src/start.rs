//! From a spec to an instance that is bound: folder, process, socket, `attach`, `bind`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hearth_base::condition::{INTERPRETER_START, SERVER_STOPPED};
use hearth_base::{Error, Result};
use hearth_core::interpreter::{Dependency, DependencyKind, Ending, Interpreter, InterpreterSpec, Language};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::account::Account;
use crate::folder::Folder;
use crate::host::Shared;
use crate::instance::{Handle, Instance, Parts, blocking, interrupted};
use crate::processes::{self, ProcessId};
use crate::supervise::supervise;
use crate::wire::{self, Attached, Bind, Op, PROTOCOL};
use crate::{check, languages, log, pool, spawn, venv};

/// The setting of a session that names its Python.
const PYTHON: &str = "spark.pyspark.python";
/// The setting of a session that names the packages it wants.
const REQUIREMENTS: &str = "hearth.python.requirements";
/// How often a starting interpreter is asked whether it listens.
const CONNECT_PAUSE: Duration = Duration::from_millis(5);

/// What an interpreter is started from, besides its language.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) python: PathBuf,
    pub(crate) requirements: Vec<String>,
    pub(crate) account: Option<Account>,
    /// Nothing of it is the session's own.
    is_usual: bool,
}

impl Origin {
    /// What warm interpreters are started from.
    pub(crate) fn pool(shared: &Shared) -> Self {
        Self { python: shared.settings.python.clone(), requirements: Vec::new(), account: None, is_usual: true }
    }

    async fn of(shared: &Shared, spec: &InterpreterSpec) -> Result<Self> {
        let conf = |key: &str| spec.conf.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.trim());
        let own_python = conf(PYTHON).filter(|python| !python.is_empty()).map(PathBuf::from);
        let requirements = venv::parse(&shared.settings, conf(REQUIREMENTS).unwrap_or_default())?;
        let account = match &spec.run_as {
            Some(name) => Some(Account::find(name).await?),
            None => None,
        };
        Ok(Self {
            is_usual: own_python.is_none() && requirements.is_empty() && account.is_none(),
            python: own_python.unwrap_or_else(|| shared.settings.python.clone()),
            requirements,
            account,
        })
    }
}

/// An error of the start of this language.
pub(crate) fn start_error(language: Language, message: impl std::fmt::Display) -> Error {
    INTERPRETER_START.with("language", language.name()).with("message", message)
}

/// Starts an interpreter, or takes a warm one, and binds it.
pub(crate) async fn start(
    shared: &Arc<Shared>,
    spec: InterpreterSpec,
    cancel: &CancellationToken,
) -> Result<Arc<Instance>> {
    let origin = Origin::of(shared, &spec).await?;
    let is_pooled = spec.language == Language::Python && origin.is_usual && shared.settings.pool > 0;
    let warm = match is_pooled {
        true => tokio::select! {
            warm = shared.pool.take() => warm,
            () = cancel.cancelled() => return Err(SERVER_STOPPED.error()),
        },
        false => None,
    };
    let instance = match warm {
        Some(instance) => instance,
        None => open(shared, spec.language, origin, cancel).await?,
    };
    bind(shared, &instance, &spec, cancel).await?;
    // Not before: the session that is waited for comes first.
    match spec.language {
        Language::Python if is_pooled => pool::refill(shared),
        Language::Scala => languages::scala::train(shared),
        Language::Python | Language::R => {}
    }
    Ok(instance)
}

/// Starts an interpreter up to `attach`.
pub(crate) async fn open(
    shared: &Arc<Shared>,
    language: Language,
    origin: Origin,
    cancel: &CancellationToken,
) -> Result<Arc<Instance>> {
    check::check(shared, language, Some(&origin.python)).await?;
    let id = Uuid::new_v4().to_string();
    let folder = Folder::at(&shared.settings.folder, &id);
    let started = async {
        let (made, account) = (folder.clone(), origin.account.clone());
        let made = blocking(move || made.create(account.as_ref())).await.ok_or_else(interrupted)?;
        made.map_err(|error| start_error(language, format!("its folder cannot be made: {error}")))?;
        let launched = tokio::select! {
            launched = launch(shared, language, &origin, (&id, &folder)) => launched,
            () = cancel.cancelled() => Err(SERVER_STOPPED.error()),
        };
        run(shared, language, (id.clone(), folder.clone()), origin.account.clone(), launched?).await
    };
    let (instance, queue) = match started.await {
        Ok(started) => started,
        Err(error) => {
            blocking(move || folder.remove()).await;
            return Err(error);
        }
    };
    let attached = async {
        let stream = listen(&instance).await?;
        attach(shared, &instance, stream, queue).await.map(drop)
    };
    within(&instance, cancel, attached).await?;
    Ok(instance)
}

/// What to start. Whatever must be made first (compiled programs, packages) is made here.
async fn launch(shared: &Shared, language: Language, origin: &Origin, place: (&str, &Folder)) -> Result<spawn::Launch> {
    let (id, folder) = place;
    if let Some(account) = &origin.account {
        let (account, path) = (account.clone(), folder.path().to_owned());
        blocking(move || account.can_reach(&path)).await.ok_or_else(interrupted)??;
    }
    let mut origin = origin.clone();
    if !origin.requirements.is_empty() {
        origin.python = venv::prepare(shared, &origin, place).await?;
    }
    languages::launch(shared, language, &origin, (id, folder)).await
}

type Queue = tokio::sync::mpsc::Receiver<crate::link::Outgoing>;

/// Starts the process, and whoever waits for its end.
async fn run(
    shared: &Arc<Shared>,
    language: Language,
    place: (String, Folder),
    account: Option<Account>,
    launch: spawn::Launch,
) -> Result<(Arc<Instance>, Queue)> {
    let (id, folder) = place;
    let (there, user) = (folder.clone(), account.clone());
    let spawned = blocking(move || spawn::spawn(&launch, &there, user.as_ref())).await.ok_or_else(interrupted)?;
    let child = spawned.map_err(|error| start_error(language, error))?;
    let leader = child.id().and_then(|pid| ProcessId::of(i32::try_from(pid).ok()?));
    let leader = leader.ok_or_else(|| start_error(language, "its process is gone"))?;
    Ok(watched(shared, Parts { id, language, leader, folder, account }, Some(child)))
}

/// An instance that the host knows, with whoever waits for its end.
fn watched(shared: &Arc<Shared>, parts: Parts, child: Option<Child>) -> (Arc<Instance>, Queue) {
    let (instance, queue) = Instance::new(shared, parts);
    shared.register(&instance);
    shared.tasks.spawn("supervise", supervise(instance.clone(), child));
    (instance, queue)
}

/// Runs a step of the start. When it fails, takes too long or nobody wants it any more, the interpreter goes.
async fn within<T>(
    instance: &Arc<Instance>,
    cancel: &CancellationToken,
    step: impl Future<Output = Result<T>>,
) -> Result<T> {
    let limit = instance.settings.start_timeout;
    let language = instance.language;
    let error = tokio::select! {
        biased;
        done = tokio::time::timeout(limit, step) => match done {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => match &*instance.ending.borrow() {
                Some(Ending::Died { message }) => start_error(language, message),
                Some(Ending::Stopped | Ending::OverLimit { .. }) | None => error,
            },
            Err(_) => start_error(language, format!("it takes longer than {limit:?} (interpreter.start_timeout)")),
        },
        ending = instance.ended() => match ending {
            Ending::Died { message } => start_error(language, message),
            ending @ (Ending::Stopped | Ending::OverLimit { .. }) => ending.to_error(),
        },
        () = cancel.cancelled() => SERVER_STOPPED.error(),
    };
    let stderr = instance.folder.stderr();
    let words = blocking(move || log::last_words(&stderr)).await.unwrap_or_default();
    instance.stop().await;
    tracing::warn!(%error, words, language = language.name(), "an interpreter did not start");
    Err(error)
}

/// Waits until the interpreter listens.
async fn listen(instance: &Instance) -> Result<UnixStream> {
    loop {
        if let Ok(stream) = instance.folder.connect().await {
            return Ok(stream);
        }
        tokio::time::sleep(CONNECT_PAUSE).await;
    }
}

async fn attach(shared: &Shared, instance: &Arc<Instance>, stream: UnixStream, queue: Queue) -> Result<Attached> {
    shared.tasks.spawn("link", instance.link.clone().serve(instance.folder.clone(), stream, queue));
    let value = instance.ask(&Op::Attach { protocol: PROTOCOL }).await?;
    let attached: Attached = wire::parse(&value)?;
    if attached.language != instance.language.name() {
        return Err(start_error(instance.language, format!("it speaks {}", attached.language)));
    }
    tracing::debug!(interpreter = instance.id, language = attached.language, version = attached.version, "attached");
    Ok(attached)
}

async fn bind(
    shared: &Shared,
    instance: &Arc<Instance>,
    spec: &InterpreterSpec,
    cancel: &CancellationToken,
) -> Result<()> {
    let bound = async {
        let (named, renamed) =
            spec.dependencies.iter().partition(|one| one.path.file_name() == Some(one.name.as_ref()));
        send_bind(shared, instance, spec, named).await?;
        for dependency in renamed {
            instance.add(Dependency::clone(dependency)).await?;
        }
        Ok(())
    };
    let bound = async { bound.await.map_err(|error: Error| start_error(instance.language, error.text())) };
    within(instance, cancel, bound).await
}

/// `bind`, with the files that code calls as they are called on disk.
async fn send_bind(
    shared: &Shared,
    instance: &Instance,
    spec: &InterpreterSpec,
    dependencies: Vec<&Dependency>,
) -> Result<()> {
    let remote = shared.grant(instance, &spec.principal, &spec.session)?;
    let mut bind = Bind {
        remote: &remote,
        name: &spec.name,
        conf: spec.conf.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect(),
        max_output: shared.settings.max_output.bytes(),
        py_files: Vec::new(),
        files: Vec::new(),
        archives: Vec::new(),
        jars: Vec::new(),
    };
    for dependency in dependencies {
        let path = instance.reachable(dependency).await?;
        match dependency.kind {
            DependencyKind::File => bind.files.push(path),
            DependencyKind::PyFile => bind.py_files.push(path),
            DependencyKind::Archive => bind.archives.push(path),
            DependencyKind::Jar => bind.jars.push(path),
        }
    }
    instance.ask(&Op::Bind(bind)).await.map(drop)
}

/// Finds an interpreter of an earlier run of the server.
pub(crate) async fn reattach(
    shared: &Arc<Shared>,
    handle: Handle,
    spec: InterpreterSpec,
    cancel: &CancellationToken,
) -> Result<Option<Arc<Instance>>> {
    let leader = handle.process();
    let id = handle.id.clone();
    let is_same = blocking(move || {
        leader.is_alive() && processes::interpreter_of(leader.pid).is_some_and(|interpreter| interpreter == id)
    });
    if !is_same.await.unwrap_or_default() || handle.language != spec.language.name() {
        return Ok(None);
    }
    let account = match &spec.run_as {
        Some(name) => Some(Account::find(name).await?),
        None => None,
    };
    let folder = Folder::at(&shared.settings.folder, &handle.id);
    let parts = Parts { id: handle.id, language: spec.language, leader, folder, account };
    let (instance, queue) = watched(shared, parts, None);
    let attached = async {
        let stream = listen(&instance).await?;
        attach(shared, &instance, stream, queue).await
    };
    let attached = within(&instance, cancel, attached).await?;
    if attached.running.is_none() {
        bind(shared, &instance, &spec, cancel).await?;
        return Ok(Some(instance));
    }
    // It is bound when the code that runs has ended: whoever waits for that code need not wait for this.
    let (rebound, host) = (instance.clone(), shared.clone());
    let bind = async move {
        let again = InterpreterSpec { dependencies: Vec::new(), ..spec };
        let bound = send_bind(&host, &rebound, &again, Vec::new()).await;
        if let Err(error) = bound
            && !rebound.detached.is_cancelled()
        {
            let message = format!("It could not be bound to the restarted server: {error}");
            rebound.kill(Ending::Died { message }).await;
        }
    };
    shared.tasks.spawn("bind", bind);
    Ok(Some(instance))
}
