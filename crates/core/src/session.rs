//! One session: whose it is, its engine state, its operations, and the errors a client may still ask about.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use hearth_base::clock::EpochMillis;
use hearth_base::{Error, OperationId, PrincipalId, Result, SessionId};
use parking_lot::Mutex;

use crate::engine::EngineSession;
use crate::engines::NamedEngine;
use crate::journal::Journal;
use crate::routing::RoutedSession;
use crate::{Operation, Principal};

/// `session.max_gone`: how many ids of released operations a session remembers.
const MAX_GONE: usize = 1_000;

/// A session is known by its principal and its id together, as in Spark.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    pub principal: PrincipalId,
    pub session: SessionId,
}

#[derive(Debug)]
pub struct Session {
    pub key: SessionKey,
    pub principal: Principal,
    /// The id of this incarnation. A client that saw another one talks to a session that is gone.
    pub server_side_id: String,
    pub folder: PathBuf,
    /// Its state in the engine that it runs on.
    pub engine: Arc<dyn EngineSession>,
    route: Arc<RoutedSession>,
    /// Opened for one operation, and gone with it.
    pub is_transient: bool,
    pub created_at: EpochMillis,
    last_used_at: AtomicI64,
    /// Requests and operations that use the session now; it does not idle meanwhile.
    users: AtomicUsize,
    operations: Mutex<HashMap<OperationId, Arc<Operation>>>,
    /// Ids of operations that were let go, oldest first: they are not run again.
    gone: Mutex<Gone>,
    errors: Mutex<ErrorMemory>,
    journal: OnceLock<Journal>,
}

#[derive(Debug)]
struct ErrorMemory {
    bound: usize,
    errors: VecDeque<(String, Arc<Error>)>,
}

#[derive(Debug, Default)]
struct Gone {
    ids: HashSet<OperationId>,
    order: VecDeque<OperationId>,
}

impl Gone {
    fn add(&mut self, id: &OperationId) {
        if self.order.len() >= MAX_GONE
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        if self.ids.insert(id.clone()) {
            self.order.push_back(id.clone());
        }
    }
}

/// Keeps the session from idling.
#[derive(Debug)]
pub struct SessionUse {
    session: Arc<Session>,
    clock: hearth_base::Clock,
}

/// What a session is made of.
#[derive(Debug)]
pub struct SessionParts {
    pub key: SessionKey,
    pub principal: Principal,
    pub server_side_id: String,
    pub folder: PathBuf,
    pub route: Arc<RoutedSession>,
    pub is_transient: bool,
    pub now: EpochMillis,
    pub max_errors: usize,
}

impl Session {
    pub fn new(parts: SessionParts) -> Self {
        Self {
            key: parts.key,
            principal: parts.principal,
            server_side_id: parts.server_side_id,
            folder: parts.folder,
            engine: parts.route.clone(),
            route: parts.route,
            is_transient: parts.is_transient,
            created_at: parts.now,
            last_used_at: AtomicI64::new(parts.now),
            users: AtomicUsize::new(0),
            operations: Mutex::default(),
            gone: Mutex::default(),
            errors: Mutex::new(ErrorMemory { bound: parts.max_errors.max(1), errors: VecDeque::new() }),
            journal: OnceLock::new(),
        }
    }

    /// The engine that it runs on now. Until the session was used it may move to another one.
    pub fn named_engine(&self) -> Arc<NamedEngine> {
        self.route.engine()
    }

    /// Binds the session to its engine, where it counts from now on. An error when the engine has too many sessions.
    pub async fn bind_engine(&self) -> Result<Arc<NamedEngine>> {
        self.route.fix().await
    }

    pub(crate) fn route(&self) -> &Arc<RoutedSession> {
        &self.route
    }

    /// Writes what changes the session into `journal` from now on. One that has a journal keeps it.
    pub fn keep_journal(&self, journal: Journal) {
        // The first one counts.
        let _ = self.journal.set(journal);
    }

    pub fn journal(&self) -> Option<&Journal> {
        self.journal.get()
    }

    /// Marks the session as in use until the guard is dropped.
    pub fn begin_use(self: &Arc<Self>, clock: &hearth_base::Clock) -> SessionUse {
        self.users.fetch_add(1, Ordering::SeqCst);
        self.last_used_at.store(clock.now(), Ordering::SeqCst);
        SessionUse { session: Arc::clone(self), clock: clock.clone() }
    }

    /// Since when nobody uses the session; `None` while somebody does.
    pub fn idle_since(&self) -> Option<EpochMillis> {
        (self.users.load(Ordering::SeqCst) == 0).then(|| self.last_used_at.load(Ordering::SeqCst))
    }

    /// Adds an operation; `false` when its id is taken.
    pub(crate) fn insert(&self, operation: &Arc<Operation>) -> bool {
        match self.operations.lock().entry(operation.id.clone()) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Arc::clone(operation));
                true
            }
        }
    }

    pub fn operation(&self, id: &OperationId) -> Option<Arc<Operation>> {
        self.operations.lock().get(id).cloned()
    }

    pub fn operations(&self) -> Vec<Arc<Operation>> {
        self.operations.lock().values().cloned().collect()
    }

    /// Takes an operation off the session's list; its result lives as long as somebody holds it.
    pub fn forget(&self, id: &OperationId) {
        self.remove(id);
    }

    pub(crate) fn remove(&self, id: &OperationId) -> Option<Arc<Operation>> {
        let removed = self.operations.lock().remove(id);
        if removed.is_some() {
            self.gone.lock().add(id);
        }
        removed
    }

    /// Takes back an operation that was never begun: the same request may come again.
    pub(crate) fn withdraw(&self, id: &OperationId) {
        self.operations.lock().remove(id);
    }

    /// Whether an operation of this id was here and was let go.
    pub fn had(&self, id: &OperationId) -> bool {
        self.gone.lock().ids.contains(id)
    }

    /// Removes the session's files, if there are any.
    pub(crate) async fn remove_folder(&self) {
        match tokio::fs::remove_dir_all(&self.folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::debug!(session = %self.key.session, %error, "the folder of a session stays");
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Keeps an error so that a client can ask for its details; returns the id to ask with.
    pub fn remember_error(&self, error: Arc<Error>) -> String {
        let id = OperationId::random().to_string();
        let mut memory = self.errors.lock();
        if memory.errors.len() >= memory.bound {
            memory.errors.pop_front();
        }
        memory.errors.push_back((id.clone(), error));
        id
    }

    pub fn error(&self, id: &str) -> Option<Arc<Error>> {
        self.errors.lock().errors.iter().find(|(known, _)| known == id).map(|(_, error)| Arc::clone(error))
    }
}

impl SessionUse {
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }
}

impl Drop for SessionUse {
    fn drop(&mut self) {
        self.session.last_used_at.store(self.clock.now(), Ordering::SeqCst);
        self.session.users.fetch_sub(1, Ordering::SeqCst);
    }
}
