//! Which engine a session runs on.
//!
//! A session starts on the engine that was asked for, or on its principal's. A client of Spark Connect names another one
//! with the setting `hearth.engine`, which it can only send once the session is there: as long as a session has only read
//! and changed settings and asked for Spark's version, it moves. Whatever else it does binds it to its engine. The statement
//! `SET hearth.engine` names one too; it runs there, and so settles it. A session that could not move does nothing until that
//! is settled: some clients make a warning of the refusal and go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use hearth_base::condition::ENGINE_FIXED;
use hearth_base::{Error, Result};
use parking_lot::RwLock;
use tokio::sync::Mutex as AsyncMutex;

use crate::engine::{
    Answer, Artifact, ConfigAnswer, ConfigRequest, EngineSession, Namespace, Question, SessionSpec, Work,
};
use crate::engines::{ENGINE_SETTING, Engines, NamedEngine, Seat};
use crate::{OpContext, ResultWriter};

/// `session.max_moved_settings`: changes of settings that move with a session; with more it stays where it is.
const MAX_MOVED: usize = 1_000;

/// A session's state in the engine that it runs on.
#[derive(Debug)]
pub struct RoutedSession {
    engines: Arc<Engines>,
    spec: SessionSpec,
    bound: RwLock<Bound>,
    /// It has used its engine and stays there.
    is_fixed: AtomicBool,
    /// What may change the engine, one after the other.
    choosing: AsyncMutex<Choosing>,
}

/// An engine and the session's state in it.
#[derive(Debug, Clone)]
struct Bound {
    engine: Arc<NamedEngine>,
    session: Arc<dyn EngineSession>,
}

#[derive(Debug, Default)]
struct Choosing {
    /// The changes of settings so far, while it can move.
    settings: Vec<ConfigRequest>,
    /// Its places among the sessions of its principal and of its engine.
    seats: Vec<Seat>,
    /// Why it is not on the engine that was asked for last.
    refused: Option<Error>,
}

impl RoutedSession {
    /// Opens a session on the engine `asked`, where it stays, or on its principal's. A transient one, for one operation,
    /// counts among no sessions.
    pub(crate) async fn open(
        engines: &Arc<Engines>,
        spec: SessionSpec,
        asked: Option<&str>,
        is_transient: bool,
    ) -> Result<Arc<Self>> {
        let engine = engines.choose(&spec.principal, asked)?;
        let is_fixed = is_transient || asked.is_some();
        let mut seats = Vec::new();
        if !is_transient {
            seats.push(engines.seat_of_principal(&spec.principal.id)?);
            if is_fixed {
                seats.push(engines.seat_of_engine(&engine)?);
            }
        }
        let session = engine.engine.open_session(spec.clone()).await?;
        let bound = Bound { engine, session };
        Ok(Self::assemble(engines, spec, bound, seats, is_fixed))
    }

    fn assemble(
        engines: &Arc<Engines>,
        spec: SessionSpec,
        bound: Bound,
        seats: Vec<Seat>,
        is_fixed: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            engines: Arc::clone(engines),
            spec,
            bound: RwLock::new(bound),
            is_fixed: AtomicBool::new(is_fixed),
            choosing: AsyncMutex::new(Choosing { settings: Vec::new(), seats, refused: None }),
        })
    }

    pub fn engines(&self) -> &Arc<Engines> {
        &self.engines
    }

    /// The engine that it runs on now.
    pub fn engine(&self) -> Arc<NamedEngine> {
        Arc::clone(&self.bound.read().engine)
    }

    /// Does what a statement says of the session's engine, before it runs there.
    pub(crate) async fn heed(&self, work: &Work) -> Result<()> {
        let said = work.may_set(ENGINE_SETTING).then(|| self.bound().session.sets(work, ENGINE_SETTING)).flatten();
        match said {
            Some(wanted) => self.set_engine(wanted.as_deref()).await,
            None => Ok(()),
        }
    }

    /// Binds the session to its engine and returns it.
    pub(crate) async fn fix(&self) -> Result<Arc<NamedEngine>> {
        Ok(self.fixed().await?.engine)
    }

    async fn fixed(&self) -> Result<Bound> {
        if !self.is_fixed() {
            let mut choosing = self.choosing.lock().await;
            self.fix_here(&mut choosing)?;
        }
        Ok(self.bound())
    }

    fn fix_here(&self, choosing: &mut Choosing) -> Result<()> {
        if !self.is_fixed() {
            if let Some(error) = &choosing.refused {
                return Err(error.clone());
            }
            choosing.seats.push(self.engines.seat_of_engine(&self.engine())?);
            choosing.settings = Vec::new();
            self.is_fixed.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn is_fixed(&self) -> bool {
        self.is_fixed.load(Ordering::Acquire)
    }

    fn bound(&self) -> Bound {
        self.bound.read().clone()
    }

    /// Moves the session to the engine `wanted`, or to its principal's.
    async fn set_engine(&self, wanted: Option<&str>) -> Result<()> {
        let mut choosing = self.choosing.lock().await;
        let moved = self.move_to(wanted, &choosing.settings).await;
        choosing.refused = moved.as_ref().err().cloned();
        moved
    }

    async fn move_to(&self, wanted: Option<&str>, settings: &[ConfigRequest]) -> Result<()> {
        let target = self.engines.choose(&self.spec.principal, wanted)?;
        let current = self.bound();
        if current.engine.name == target.name {
            return Ok(());
        }
        if self.is_fixed() {
            return Err(ENGINE_FIXED.with("engine", &current.engine.name).with("wanted", &target.name));
        }
        let session = target.engine.open_session(self.spec.clone()).await?;
        for change in settings {
            if let Err(error) = session.configure(change.clone()).await {
                session.close().await;
                return Err(error);
            }
        }
        *self.bound.write() = Bound { engine: target, session };
        current.session.close().await;
        Ok(())
    }

    /// Passes a request that does not speak of the engine on to the engine.
    async fn pass(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        if self.is_fixed() {
            return self.bound().session.configure(request).await;
        }
        let mut choosing = self.choosing.lock().await;
        let change = changes(&request).then(|| request.clone());
        if change.is_some() && choosing.settings.len() >= MAX_MOVED {
            self.fix_here(&mut choosing)?;
        }
        let answer = self.bound().session.configure(request).await?;
        if let Some(change) = change.filter(|_| !self.is_fixed()) {
            choosing.settings.push(change);
        }
        Ok(answer)
    }

    /// Answers for the engine's setting in the places where `keys` ask for it; the engine answers for the rest.
    async fn read<K>(
        &self,
        keys: Vec<K>,
        name: impl Fn(&K) -> &str,
        value: impl Fn(&Self) -> String,
        rest: impl FnOnce(Vec<K>) -> ConfigRequest,
    ) -> Result<ConfigAnswer> {
        let (mut places, mut others) = (Vec::new(), Vec::new());
        for (place, key) in keys.into_iter().enumerate() {
            if name(&key) == ENGINE_SETTING {
                places.push(place);
            } else {
                others.push(key);
            }
        }
        let mut answer = if others.is_empty() { ConfigAnswer::default() } else { self.pass(rest(others)).await? };
        for place in places {
            let pair = (ENGINE_SETTING.to_owned(), Some(value(self)));
            answer.pairs.insert(place.min(answer.pairs.len()), pair);
        }
        Ok(answer)
    }

    async fn set(&self, pairs: Vec<(String, Option<String>)>, silent: bool) -> Result<ConfigAnswer> {
        let (own, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key == ENGINE_SETTING);
        if let Some((_, wanted)) = own.last() {
            // Silent or not: running elsewhere than asked is no small thing.
            self.set_engine(wanted.as_deref()).await?;
        }
        let mut answer = match others.is_empty() {
            true => ConfigAnswer::default(),
            false => self.pass(ConfigRequest::Set { pairs: others, silent }).await?,
        };
        answer.pairs.extend(own);
        Ok(answer)
    }

    async fn unset(&self, keys: Vec<String>) -> Result<ConfigAnswer> {
        let (own, others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key == ENGINE_SETTING);
        if !own.is_empty() {
            self.set_engine(None).await?;
        }
        let mut answer = match others.is_empty() {
            true => ConfigAnswer::default(),
            false => self.pass(ConfigRequest::Unset { keys: others }).await?,
        };
        answer.pairs.extend(own.into_iter().map(|key| (key, None)));
        Ok(answer)
    }

    /// A new session on the same engine with the same state.
    pub(crate) async fn fork_routed(&self, spec: SessionSpec) -> Result<Arc<Self>> {
        let Bound { engine, session } = self.fixed().await?;
        let seats = vec![self.engines.seat_of_principal(&spec.principal.id)?, self.engines.seat_of_engine(&engine)?];
        let session = session.fork(spec.clone()).await?;
        Ok(Self::assemble(&self.engines, spec, Bound { engine, session }, seats, true))
    }
}

#[async_trait]
impl EngineSession for RoutedSession {
    async fn execute(&self, cx: &OpContext, work: Work, writer: &mut ResultWriter) -> Result<()> {
        self.fixed().await?.session.execute(cx, work, writer).await
    }

    fn changes_session(&self, work: &Work) -> bool {
        self.bound().session.changes_session(work)
    }

    fn sets(&self, work: &Work, key: &str) -> Option<Option<String>> {
        self.bound().session.sets(work, key)
    }

    async fn analyze(&self, cx: &OpContext, question: Question) -> Result<Answer> {
        let bound = if question == Question::SparkVersion { self.bound() } else { self.fixed().await? };
        bound.session.analyze(cx, question).await
    }

    async fn configure(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        let name = |this: &Self| this.engine().name.to_string();
        let is_modifiable = |this: &Self| (!this.is_fixed()).to_string();
        match request {
            ConfigRequest::Set { pairs, silent } => self.set(pairs, silent).await,
            ConfigRequest::Unset { keys } => self.unset(keys).await,
            ConfigRequest::Get { keys } => {
                self.read(keys, String::as_str, name, |keys| ConfigRequest::Get { keys }).await
            }
            ConfigRequest::GetOption { keys } => {
                self.read(keys, String::as_str, name, |keys| ConfigRequest::GetOption { keys }).await
            }
            ConfigRequest::GetWithDefault { pairs } => {
                self.read(pairs, |(key, _)| key, name, |pairs| ConfigRequest::GetWithDefault { pairs }).await
            }
            ConfigRequest::IsModifiable { keys } => {
                self.read(keys, String::as_str, is_modifiable, |keys| ConfigRequest::IsModifiable { keys }).await
            }
            ConfigRequest::GetAll { prefix } => {
                let own = ENGINE_SETTING.strip_prefix(prefix.as_deref().unwrap_or_default());
                let mut answer = self.pass(ConfigRequest::GetAll { prefix: prefix.clone() }).await?;
                answer.pairs.extend(own.map(|key| (key.to_owned(), Some(name(self)))));
                Ok(answer)
            }
        }
    }

    async fn use_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.fixed().await?.session.use_namespace(namespace).await
    }

    async fn add_artifact(&self, artifact: Artifact) -> Result<()> {
        self.fixed().await?.session.add_artifact(artifact).await
    }

    async fn has_artifact(&self, name: &str) -> Result<bool> {
        self.fixed().await?.session.has_artifact(name).await
    }

    async fn fork(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        Ok(self.fork_routed(spec).await?)
    }

    async fn close(&self) {
        let mut choosing = self.choosing.lock().await;
        // It goes nowhere any more.
        self.is_fixed.store(true, Ordering::Release);
        self.bound().session.close().await;
        *choosing = Choosing::default();
    }
}

/// Whether a request changes settings.
fn changes(request: &ConfigRequest) -> bool {
    match request {
        ConfigRequest::Set { .. } | ConfigRequest::Unset { .. } => true,
        ConfigRequest::Get { .. }
        | ConfigRequest::GetWithDefault { .. }
        | ConfigRequest::GetOption { .. }
        | ConfigRequest::GetAll { .. }
        | ConfigRequest::IsModifiable { .. } => false,
    }
}
