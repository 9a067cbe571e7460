//! All open sessions, and the memory of closed ones.
//!
//! The rules are those of Spark's `SparkConnectSessionManager`: a session comes into being with its first request, a
//! closed one is refused from then on unless its client said that it will come back, and a client that has seen another
//! incarnation is told so.
//!
//! Sessions are counted in all, of each principal, and on each engine.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hearth_base::condition::{
    CLONE_TARGET_CLOSED, CLONE_TARGET_EXISTS, CLONE_TARGET_FORMAT, INVALID_HANDLE_FORMAT, LIMIT_EXCEEDED,
    SESSION_CHANGED, SESSION_CLOSED, SESSION_NOT_FOUND,
};
use hearth_base::{Clock, Result, SessionId};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use crate::engine::{Flavor, SessionSpec};
use crate::routing::RoutedSession;
use crate::session::{SessionKey, SessionParts};
use crate::{Engines, Limits, Principal, Session};

#[derive(Debug)]
pub struct Sessions {
    engines: Arc<Engines>,
    limits: Limits,
    clock: Clock,
    /// Sessions keep their files below this folder.
    root: PathBuf,
    state: Mutex<State>,
    /// One session is opened at a time: two first requests of one session must not open it twice.
    opening: AsyncMutex<()>,
}

/// How a session is to be opened.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    flavor: Flavor,
    engine: Option<&'a str>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<SessionKey, Arc<Session>>,
    closed: HashSet<SessionKey>,
    /// The closed ones, oldest first.
    closed_order: VecDeque<SessionKey>,
}

impl Sessions {
    pub fn new(engines: Arc<Engines>, limits: Limits, clock: Clock, root: PathBuf) -> Self {
        Self { engines, limits, clock, root, state: Mutex::default(), opening: AsyncMutex::new(()) }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn engines(&self) -> &Arc<Engines> {
        &self.engines
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The open session of this key, opened if need be. `observed` is the incarnation that the client saw last.
    pub async fn get_or_open(
        &self,
        principal: &Principal,
        id: &SessionId,
        observed: Option<&str>,
    ) -> Result<Arc<Session>> {
        self.get_or_open_with(principal, id, observed, Wanted { flavor: Flavor::Spark, engine: None }).await
    }

    /// The open session of this key, opened on `engine` if need be.
    pub async fn get_or_open_on(
        &self,
        principal: &Principal,
        id: &SessionId,
        engine: Option<&str>,
    ) -> Result<Arc<Session>> {
        self.get_or_open_with(principal, id, None, Wanted { flavor: Flavor::Spark, engine }).await
    }

    /// A session with an id of its own and the defaults of `flavor`, on the engine of this name. Without one it starts on
    /// its principal's, and the setting `hearth.engine` moves it before it is used.
    pub async fn open_new(&self, principal: &Principal, flavor: Flavor, engine: Option<&str>) -> Result<Arc<Session>> {
        self.get_or_open_with(principal, &SessionId::random(), None, Wanted { flavor, engine }).await
    }

    async fn get_or_open_with(
        &self,
        principal: &Principal,
        id: &SessionId,
        observed: Option<&str>,
        wanted: Wanted<'_>,
    ) -> Result<Arc<Session>> {
        check_format(id)?;
        if let Some(session) = self.lookup(principal, id, observed)? {
            return Ok(session);
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(session) = self.lookup(principal, id, observed)? {
            return Ok(session);
        }
        if observed.is_some_and(|seen| !seen.is_empty()) {
            return Err(SESSION_CHANGED.with("handle", id));
        }
        self.check_count()?;
        let spec = self.spec(principal, id, wanted.flavor);
        let route = RoutedSession::open(&self.engines, spec.clone(), wanted.engine, false).await?;
        Ok(self.adopt(spec, route))
    }

    /// A session for one operation: nobody finds it, and it closes when its operation ends.
    pub async fn open_transient(
        &self,
        principal: &Principal,
        flavor: Flavor,
        engine: Option<&str>,
    ) -> Result<Arc<Session>> {
        let id = SessionId::random();
        let spec = self.spec(principal, &id, flavor);
        let route = RoutedSession::open(&self.engines, spec.clone(), engine, true).await?;
        Ok(self.new_session(spec, route, true))
    }

    /// The open session of this key, or the error that Spark gives.
    pub fn get(&self, principal: &Principal, id: &SessionId, observed: Option<&str>) -> Result<Arc<Session>> {
        check_format(id)?;
        self.lookup(principal, id, observed)?.ok_or_else(|| SESSION_NOT_FOUND.with("handle", id))
    }

    fn lookup(&self, principal: &Principal, id: &SessionId, observed: Option<&str>) -> Result<Option<Arc<Session>>> {
        let key = key(principal, id);
        let state = self.state.lock();
        if state.closed.contains(&key) {
            return Err(SESSION_CLOSED.with("handle", id));
        }
        let Some(session) = state.open.get(&key) else { return Ok(None) };
        if observed.is_some_and(|seen| !seen.is_empty() && seen != session.server_side_id) {
            return Err(SESSION_CHANGED.with("handle", id));
        }
        Ok(Some(Arc::clone(session)))
    }

    fn check_count(&self) -> Result<()> {
        if self.state.lock().open.len() < self.limits.max_sessions {
            return Ok(());
        }
        Err(LIMIT_EXCEEDED
            .with("what", "The number of open sessions")
            .with("limit", "session.max")
            .with("value", self.limits.max_sessions))
    }

    fn spec(&self, principal: &Principal, id: &SessionId, flavor: Flavor) -> SessionSpec {
        // The folder's name is our own: neither the principal nor the session id reaches a path.
        let folder = self.root.join(SessionId::random().as_str());
        SessionSpec { principal: principal.clone(), session: id.clone(), flavor, folder }
    }

    /// Makes a session of what its engine opened, and lists it.
    fn adopt(&self, spec: SessionSpec, route: Arc<RoutedSession>) -> Arc<Session> {
        let session = self.new_session(spec, route, false);
        self.state.lock().open.insert(session.key.clone(), Arc::clone(&session));
        session
    }

    fn new_session(&self, spec: SessionSpec, route: Arc<RoutedSession>, is_transient: bool) -> Arc<Session> {
        Arc::new(Session::new(SessionParts {
            key: key(&spec.principal, &spec.session),
            principal: spec.principal,
            server_side_id: SessionId::random().to_string(),
            folder: spec.folder,
            route,
            is_transient,
            now: self.clock.now(),
            max_errors: self.limits.max_errors_per_session,
        }))
    }

    /// A new session with the state of `source`.
    pub async fn clone_session(&self, source: &Arc<Session>, new: Option<SessionId>) -> Result<Arc<Session>> {
        let id = new.unwrap_or_else(SessionId::random);
        if !hearth_base::id::is_uuid(id.as_str()) {
            return Err(CLONE_TARGET_FORMAT.with("targetSessionId", &id));
        }
        let _one_at_a_time = self.opening.lock().await;
        match self.lookup(&source.principal, &id, None) {
            Ok(None) => {}
            Ok(Some(_)) => return Err(CLONE_TARGET_EXISTS.with("targetSessionId", &id)),
            Err(error) => return Err(CLONE_TARGET_CLOSED.with("targetSessionId", &id).caused_by(error)),
        }
        self.check_count()?;
        let spec = self.spec(&source.principal, &id, Flavor::Spark);
        let route = source.route().fork_routed(spec.clone()).await?;
        Ok(self.adopt(spec, route))
    }

    /// Closes a session: its operations stop, its state goes. Unless `allow_reconnect`, its id is refused from now on.
    /// Returns the session when there was one.
    pub async fn close(&self, principal: &Principal, id: &SessionId, allow_reconnect: bool) -> Option<Arc<Session>> {
        let key = key(principal, id);
        let session = {
            let mut state = self.state.lock();
            let session = state.open.remove(&key);
            if session.is_some() && !allow_reconnect && state.closed.insert(key.clone()) {
                state.closed_order.push_back(key.clone());
                if state.closed_order.len() > self.limits.max_tombstones
                    && let Some(oldest) = state.closed_order.pop_front()
                {
                    state.closed.remove(&oldest);
                }
            }
            session
        };
        if let Some(session) = &session {
            self.tear_down(session).await;
            if let Some(journal) = session.journal()
                && let Err(error) = journal.discard().await
            {
                tracing::warn!(session = %id, %error, "the journal of a session stays in the store");
            }
        }
        session
    }

    async fn tear_down(&self, session: &Arc<Session>) {
        // Code that closes its own session goes on.
        for operation in session.operations().iter().filter(|operation| !operation.runs_code) {
            operation.request_cancel();
        }
        session.engine.close().await;
        session.remove_folder().await;
    }

    /// Closes sessions that nobody has used for the idle timeout. Returns how many.
    pub async fn expire_idle(&self) -> usize {
        let timeout = i64::try_from(self.limits.session_idle_timeout.as_millis()).unwrap_or(i64::MAX);
        let deadline = self.clock.now().saturating_sub(timeout);
        let idle: Vec<_> = {
            let state = self.state.lock();
            let is_idle = |session: &&Arc<Session>| session.idle_since().is_some_and(|since| since <= deadline);
            state.open.values().filter(is_idle).cloned().collect()
        };
        for session in &idle {
            tracing::info!(session = %session.key.session, "session closed: idle for too long");
            self.close(&session.principal, &session.key.session, false).await;
        }
        idle.len()
    }

    pub fn all(&self) -> Vec<Arc<Session>> {
        self.state.lock().open.values().cloned().collect()
    }

    pub fn count(&self) -> usize {
        self.state.lock().open.len()
    }

    /// Closes all sessions, within `grace`.
    pub async fn close_all(&self, grace: Duration) {
        let sessions: Vec<_> = self.state.lock().open.drain().map(|(_, session)| session).collect();
        let close = async {
            for session in &sessions {
                self.tear_down(session).await;
            }
        };
        if tokio::time::timeout(grace, close).await.is_err() {
            tracing::warn!("sessions did not close in time");
        }
    }
}

fn key(principal: &Principal, id: &SessionId) -> SessionKey {
    SessionKey { principal: principal.id.clone(), session: id.clone() }
}

/// Session ids are UUIDs, as in Spark Connect.
fn check_format(id: &SessionId) -> Result<()> {
    hearth_base::id::is_uuid(id.as_str()).then_some(()).ok_or_else(|| INVALID_HANDLE_FORMAT.with("handle", id))
}
