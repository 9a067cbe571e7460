//! `Interpreters`: all interpreters of this server.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use hearth_base::condition::{INTERPRETER_START, SERVER_STOPPED};
use hearth_base::id::is_uuid;
use hearth_base::task::TaskGroup;
use hearth_base::{Result, SessionId};
use hearth_core::Principal;
use hearth_core::interpreter::{Interpreter, InterpreterHost, InterpreterSpec, Language, SessionAccess};
use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use tokio::sync::{OnceCell, oneshot};
use tokio_util::sync::CancellationToken;

use crate::check::{self, Checks, Report};
use crate::folder::Folder;
use crate::instance::{Handle, Instance, blocking, interrupted};
use crate::pool::{self, Pool};
use crate::settings::InterpreterSettings;
use crate::{processes, programs, start, watch};

/// Interpreters that are stopped at one time.
const STOPS: usize = 8;
/// How long what starts or stops may take to its end.
const LAST_STEPS: Duration = Duration::from_secs(3);

/// Starts interpreters, and knows all that run.
#[derive(Debug)]
pub struct Interpreters {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<InterpreterSettings>,
    pub(crate) access: Arc<dyn SessionAccess>,
    pub(crate) tasks: TaskGroup,
    /// What starts and stops interpreters: a shutdown lets it come to its end.
    pub(crate) steps: TaskGroup,
    pub(crate) pool: Pool,
    pub(crate) checks: Checks,
    /// Nothing is started any more.
    pub(crate) closing: CancellationToken,
    /// The server lets go of what runs.
    pub(crate) detached: CancellationToken,
    /// One preparation of a language or of requirements at a time.
    pub(crate) preparing: tokio::sync::Mutex<()>,
    programs: OnceCell<PathBuf>,
    instances: Mutex<HashMap<String, Arc<Instance>>>,
    /// How many interpreters use the access to a session.
    grants: Mutex<HashMap<(String, String), usize>>,
}

impl Interpreters {
    /// Makes the folder of the settings. Tasks run on `runtime`.
    pub fn new(settings: InterpreterSettings, access: Arc<dyn SessionAccess>, runtime: Runtime) -> Result<Self> {
        let mut settings = settings;
        settings.folder = make_folder(&settings.folder).map_err(|error| {
            let message = format!("{}: {error}", settings.folder.display());
            INTERPRETER_START.with("language", "first").with("message", message)
        })?;
        let shared = Arc::new(Shared {
            settings: Arc::new(settings),
            access,
            tasks: TaskGroup::new(runtime.clone()),
            steps: TaskGroup::new(runtime),
            pool: Pool::default(),
            checks: Checks::default(),
            closing: CancellationToken::new(),
            detached: CancellationToken::new(),
            preparing: tokio::sync::Mutex::default(),
            programs: OnceCell::new(),
            instances: Mutex::default(),
            grants: Mutex::default(),
        });
        if shared.settings.pool_at_start {
            shared.pool.want();
        }
        shared.tasks.spawn("watch", watch::watch(Arc::downgrade(&shared), shared.closing.clone()));
        Ok(Self { shared })
    }

    /// What each language needs and has, for people.
    pub async fn report(&self) -> Vec<Report> {
        check::report(&self.shared).await
    }

    /// Runs a start where its caller may go away: what it started is stopped then.
    async fn claim<F>(&self, start: impl FnOnce(Arc<Shared>, CancellationToken) -> F) -> Result<Option<Arc<Instance>>>
    where
        F: Future<Output = Result<Option<Arc<Instance>>>> + Send + 'static,
    {
        if self.shared.closing.is_cancelled() {
            return Err(SERVER_STOPPED.error());
        }
        let cancel = self.shared.closing.child_token();
        let _abandons = cancel.clone().drop_guard();
        let (sender, receiver) = oneshot::channel();
        let (shared, started) = (self.shared.clone(), start(self.shared.clone(), cancel));
        self.shared.steps.spawn("start", async move {
            let unclaimed = started.await.map(|instance| Unclaimed { instance, shared });
            // Dropped, it stops what was started.
            let _ = sender.send(unclaimed);
        });
        receiver.await.unwrap_or_else(|_| Err(interrupted())).map(|mut unclaimed| unclaimed.instance.take())
    }
}

impl Drop for Interpreters {
    fn drop(&mut self) {
        self.shared.closing.cancel();
        self.shared.detached.cancel();
    }
}

/// Others may pass through it, because interpreters may run as other users; nobody may look into it.
fn make_folder(path: &Path) -> std::io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o711).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o711))?;
    fs::canonicalize(path)
}

struct Unclaimed {
    instance: Option<Arc<Instance>>,
    shared: Arc<Shared>,
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(instance) = self.instance.take() {
            self.shared.steps.spawn("stop", async move { instance.stop().await });
        }
    }
}

impl Shared {
    /// The folder of the programs, written when it is first needed.
    pub(crate) async fn programs(&self) -> Result<&Path> {
        let folder = self.settings.folder.clone();
        let write = async || {
            let written = blocking(move || programs::write(&folder)).await.ok_or_else(interrupted)?;
            let failed = |error| INTERPRETER_START.with("language", "first").with("message", error);
            written.map_err(|error| failed(format!("its programs cannot be written: {error}")))
        };
        self.programs.get_or_try_init(write).await.map(PathBuf::as_path)
    }

    pub(crate) fn register(&self, instance: &Arc<Instance>) {
        self.instances.lock().insert(instance.id.clone(), instance.clone());
    }

    /// The `sc://` address of a session for this interpreter.
    pub(crate) fn grant(&self, instance: &Instance, principal: &Principal, session: &SessionId) -> Result<String> {
        let remote = self.access.grant(principal, session)?;
        if instance.granted.lock().replace((principal.clone(), session.clone())).is_none() {
            *self.grants.lock().entry(session_key(principal, session)).or_default() += 1;
        }
        Ok(remote)
    }

    /// Takes an interpreter that is gone out; the access to its session ends with the session's last interpreter.
    pub(crate) fn forget(&self, instance: &Instance) {
        self.instances.lock().remove(&instance.id);
        let Some((principal, session)) = instance.granted.lock().take() else { return };
        let key = session_key(&principal, &session);
        let mut grants = self.grants.lock();
        let left = grants.get(&key).map_or(0, |count| count - 1);
        if left > 0 {
            grants.insert(key, left);
            return;
        }
        grants.remove(&key);
        drop(grants);
        self.access.withdraw(&principal, &session);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Instance>> {
        self.instances.lock().values().cloned().collect()
    }

    pub(crate) fn running(&self) -> Vec<Arc<Instance>> {
        self.all().into_iter().filter(|instance| instance.is_running()).collect()
    }
}

fn session_key(principal: &Principal, session: &SessionId) -> (String, String) {
    (principal.id.to_string(), session.to_string())
}

#[async_trait]
impl InterpreterHost for Interpreters {
    async fn check(&self, language: Language) -> Result<()> {
        check::check(&self.shared, language, None).await.map(drop)
    }

    async fn start(&self, spec: InterpreterSpec) -> Result<Arc<dyn Interpreter>> {
        let start = |shared: Arc<Shared>, cancel| async move { start::start(&shared, spec, &cancel).await.map(Some) };
        let instance = self.claim(start).await?.ok_or_else(interrupted)?;
        Ok(instance)
    }

    async fn reattach(&self, handle: &str, spec: InterpreterSpec) -> Result<Option<Arc<dyn Interpreter>>> {
        let Some(handle) = Handle::parse(handle) else { return Ok(None) };
        let start = |shared: Arc<Shared>, cancel| async move { start::reattach(&shared, handle, spec, &cancel).await };
        let instance = self.claim(start).await?;
        Ok(instance.map(|instance| instance as Arc<dyn Interpreter>))
    }

    async fn clean_up(&self, kept: &[String]) -> usize {
        let kept: Vec<Handle> = kept.iter().filter_map(|handle| Handle::parse(handle)).collect();
        let mut known: HashSet<String> = self.shared.all().iter().map(|instance| instance.id.clone()).collect();
        known.extend(kept.iter().map(|handle| handle.id.clone()));
        let programs = kept.into_iter().map(|handle| handle.programs).collect();
        let folder = self.shared.settings.folder.clone();
        blocking(move || remove_left(&folder, &known, &programs)).await.unwrap_or_default()
    }

    async fn shutdown(&self, keep: bool) {
        let shared = &self.shared;
        shared.closing.cancel();
        // What was starting stops by itself now.
        shared.steps.shutdown(LAST_STEPS).await;
        pool::drain(shared).await;
        if !keep {
            let stops = futures::stream::iter(shared.all()).map(|instance| async move { instance.stop().await });
            stops.buffer_unordered(STOPS).collect::<()>().await;
        }
        shared.detached.cancel();
        shared.tasks.shutdown(Duration::ZERO).await;
    }
}

/// Ends what runs in folders that nobody knows, and removes them and old programs.
fn remove_left(folder: &Path, known: &HashSet<String>, programs: &HashSet<String>) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let left: Vec<String> = names.filter(|name| is_uuid(name) && !known.contains(name)).collect();
    for id in &left {
        processes::kill_family(id, None);
        Folder::at(folder, id).remove();
    }
    programs::remove_others(folder, programs);
    remove_partial(&folder.join("cache"));
    left.len()
}

/// Removes what a preparation that was killed left in the caches.
fn remove_partial(cache: &Path) {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let inner = entries(cache).flat_map(|entry| entries(&entry.path()).collect::<Vec<_>>());
    for entry in inner.filter(|entry| entry.file_name().to_string_lossy().starts_with("partial-")) {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(folder = %entry.path().display(), %error, "a folder stays behind");
        }
    }
}
