//! All sessions and batches: their ids, who finds them, when they go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_base::{Result, SessionId};
use hearth_core::engine::Flavor;
use hearth_core::engines::ENGINE_SETTING;
use hearth_core::interpreter::Language;
use hearth_core::journal::{Change, Journal};
use hearth_core::{Principal, Session};
use parking_lot::RwLock;
use tokio::sync::Mutex as AsyncMutex;

use crate::batch::Batch;
use crate::error::{LivyError, LivyResult};
use crate::model::{NewBatch, NewSession, Resources, State};
use crate::parts::Parts;
use crate::record::{BatchRecord, SessionRecord};
use crate::session::{Expiry, Facts, LivySession};
use crate::statement::Statement;

const SESSIONS: &str = "sessions";
const BATCHES: &str = "batches";
/// How often timeouts are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Who asks for something new.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// As authentication found out; nobody in particular without it.
    pub user: Option<String>,
    pub proxy_user: Option<String>,
    pub principal: Principal,
}

#[derive(Debug)]
pub(crate) struct Registry {
    parts: Arc<Parts>,
    sessions: RwLock<BTreeMap<i32, Arc<LivySession>>>,
    batches: RwLock<BTreeMap<i32, Arc<Batch>>>,
    /// The next ids. Held while something is created, so that two do not take one name.
    next: AsyncMutex<NextIds>,
}

#[derive(Debug)]
struct NextIds {
    session: i32,
    batch: i32,
}

impl Registry {
    /// Reads what an earlier run of the server kept, and takes it up. Interpreters of nobody end.
    pub async fn open(parts: Arc<Parts>) -> Result<Arc<Self>> {
        let archive = &parts.archive;
        let next = NextIds { session: archive.next_id(SESSIONS).await?, batch: archive.next_id(BATCHES).await? };
        let registry = Arc::new(Self {
            parts: Arc::clone(&parts),
            sessions: RwLock::default(),
            batches: RwLock::default(),
            next: AsyncMutex::new(next),
        });
        let (sessions, batches) = (archive.sessions().await?, archive.batches().await?);
        if !parts.settings.recovery {
            registry.forget(sessions, batches).await?;
            parts.interpreters.clean_up(&[]).await;
        } else {
            let sessions =
                registry.with_spark(sessions, |one| (one.id, &one.principal, &one.spark, &one.resources)).await;
            let batches =
                registry.with_spark(batches, |one| (one.id, &one.principal, &one.spark, &one.resources)).await;
            let handles = sessions.iter().flat_map(|(session, _)| session.interpreters.values());
            let handles: Vec<_> =
                handles.chain(batches.iter().filter_map(|(one, _)| one.interpreter.as_ref())).cloned().collect();
            let lost = parts.interpreters.clean_up(&handles).await;
            if lost > 0 {
                tracing::info!(interpreters = lost, "interpreters of nobody were ended");
            }
            for (record, spark) in sessions {
                registry.recover_session(record, &spark).await?;
            }
            for (record, spark) in batches {
                registry.recover_batch(record, &spark);
            }
        }
        let sweeping = Arc::clone(&registry);
        parts.tasks.spawn("livy sweep", async move {
            let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
            loop {
                ticks.tick().await;
                sweeping.sweep().await;
            }
        });
        Ok(registry)
    }

    async fn forget(&self, sessions: Vec<SessionRecord>, batches: Vec<BatchRecord>) -> Result<()> {
        for session in sessions {
            self.parts.archive.delete_session(session.id).await?;
        }
        for batch in batches {
            self.parts.archive.delete_batch(batch.id).await?;
        }
        Ok(())
    }

    async fn recover_session(&self, record: SessionRecord, spark: &Arc<Session>) -> Result<()> {
        let statements = self.parts.archive.statements(record.id).await?;
        let statements = statements.into_iter().map(Statement::restore).collect();
        let handles: Vec<_> = record
            .interpreters
            .iter()
            .filter_map(|(language, handle)| Some((Language::from_name(language)?, handle.clone())))
            .collect();
        let journal = self.journal(&spark.key.session).await?;
        let session = LivySession::restore(record, statements, Arc::clone(&self.parts), spark);
        self.sessions.write().insert(session.facts.id, Arc::clone(&session));
        self.parts.tasks.spawn("livy session recovery", async move { session.recover(handles, journal).await });
        Ok(())
    }

    fn recover_batch(&self, record: BatchRecord, spark: &Arc<Session>) {
        let batch = Batch::new(record, Arc::clone(&self.parts), spark);
        self.batches.write().insert(batch.id(), Arc::clone(&batch));
        batch.recover();
    }

    async fn journal(&self, session: &SessionId) -> Result<(Journal, Vec<Change>)> {
        Journal::open(Arc::clone(self.parts.hearth.operations.metadata()), session).await
    }

    /// Each record with core's session of the same id as before: child processes know it by that. What cannot be had (its
    /// engine is not there any more, or has fewer places) stays in the store for a server with other settings.
    async fn with_spark<R>(
        &self,
        records: Vec<R>,
        facts: impl Fn(&R) -> (i32, &str, &str, &Resources),
    ) -> Vec<(R, Arc<Session>)> {
        let sessions = &self.parts.hearth.sessions;
        let mut opened = Vec::with_capacity(records.len());
        for record in records {
            let (id, principal, spark, resources) = facts(&record);
            let principal = Principal::named(principal);
            match sessions.get_or_open_on(&principal, &SessionId::new(spark), engine(resources)).await {
                Ok(spark) => opened.push((record, spark)),
                Err(error) => tracing::error!(id, %error, "a session or batch of before is not taken up"),
            }
        }
        opened
    }

    /// A session of core for something new, on the engine that its `conf` names.
    async fn open_spark(&self, principal: &Principal, resources: &Resources) -> LivyResult<Arc<Session>> {
        let opened = self.parts.hearth.sessions.open_new(principal, Flavor::Spark, engine(resources)).await;
        Ok(opened?)
    }

    pub async fn create_session(&self, owner: Owner, request: NewSession) -> LivyResult<Arc<LivySession>> {
        if let Some(language) = request.kind.language() {
            self.parts.interpreters.check(language).await?;
        }
        let mut next = self.next.lock().await;
        let sessions: Vec<_> = self.sessions.read().values().cloned().collect();
        let starting = sessions.iter().filter(|session| session.state() == State::Starting).count();
        self.check_room("sessions", sessions.len(), starting)?;
        let taken = request.name.as_deref().and_then(|name| {
            let session = sessions.iter().find(|session| session.facts.request.name.as_deref() == Some(name))?;
            Some((name.to_owned(), session.facts.id))
        });
        let id = next.session;
        next.session = id.saturating_add(1);
        self.parts.archive.put_next_id(SESSIONS, next.session).await?;
        if let Some((name, other)) = taken {
            return Err(duplicate(&name, other));
        }
        let spark = self.open_spark(&owner.principal, &request.resources).await?;
        // A full engine says so now, not at the first statement.
        if let Err(error) = spark.bind_engine().await {
            self.parts.hearth.sessions.close(&owner.principal, &spark.key.session, false).await;
            return Err(error.into());
        }
        let (journal, _) = self.journal(&spark.key.session).await?;
        spark.keep_journal(journal);
        let facts = Facts {
            id,
            owner: owner.user,
            proxy_user: owner.proxy_user,
            principal: owner.principal,
            request,
            created_at: self.parts.now(),
        };
        let session = LivySession::new(facts, Arc::clone(&self.parts), &spark);
        session.save().await?;
        self.sessions.write().insert(id, Arc::clone(&session));
        drop(next);
        session.start().await;
        Ok(session)
    }

    pub async fn create_batch(&self, owner: Owner, request: NewBatch) -> LivyResult<Arc<Batch>> {
        Batch::check(&request, &self.parts).await?;
        let mut next = self.next.lock().await;
        let batches: Vec<_> = self.batches.read().values().cloned().collect();
        let starting = batches.iter().filter(|batch| batch.state() == State::Starting).count();
        self.check_room("batches", batches.len(), starting)?;
        let taken = request.name.as_deref().and_then(|name| {
            let batch = batches.iter().find(|batch| batch.name() == Some(name))?;
            Some((name.to_owned(), batch.id()))
        });
        let id = next.batch;
        next.batch = id.saturating_add(1);
        self.parts.archive.put_next_id(BATCHES, next.batch).await?;
        if let Some((name, other)) = taken {
            return Err(duplicate(&name, other));
        }
        let spark = self.open_spark(&owner.principal, &request.resources).await?;
        let record = Batch::first_record(id, owner, request, spark.key.session.to_string(), self.parts.now());
        let batch = Batch::new(record, Arc::clone(&self.parts), &spark);
        batch.save().await?;
        self.batches.write().insert(id, Arc::clone(&batch));
        drop(next);
        batch.start();
        Ok(batch)
    }

    fn check_room(&self, what: &str, count: usize, starting: usize) -> LivyResult<()> {
        let settings = &self.parts.settings;
        if starting >= settings.max_starting {
            return Err(LivyError::too_many_starting());
        }
        if count >= settings.max_sessions {
            let limit = settings.max_sessions;
            return Err(LivyError::rejected(format!("there are {limit} {what} already (livy.max_sessions)")));
        }
        Ok(())
    }

    pub fn sessions(&self) -> Vec<Arc<LivySession>> {
        self.sessions.read().values().cloned().collect()
    }

    pub fn batches(&self) -> Vec<Arc<Batch>> {
        self.batches.read().values().cloned().collect()
    }

    pub fn session(&self, id: i32) -> Option<Arc<LivySession>> {
        self.sessions.read().get(&id).cloned()
    }

    pub fn session_named(&self, name: &str) -> Option<Arc<LivySession>> {
        let sessions = self.sessions.read();
        sessions.values().find(|session| session.facts.request.name.as_deref() == Some(name)).cloned()
    }

    pub fn batch(&self, id: i32) -> Option<Arc<Batch>> {
        self.batches.read().get(&id).cloned()
    }

    pub fn batch_named(&self, name: &str) -> Option<Arc<Batch>> {
        self.batches.read().values().find(|batch| batch.name() == Some(name)).cloned()
    }

    /// Ends a session and forgets it. `false` when somebody else did.
    pub async fn delete_session(&self, session: &Arc<LivySession>) -> Result<bool> {
        session.stop().await;
        let id = session.facts.id;
        let was_there = self.sessions.write().remove(&id).is_some();
        if was_there {
            self.parts.archive.delete_session(id).await?;
        }
        Ok(was_there)
    }

    pub async fn delete_batch(&self, batch: &Arc<Batch>) -> Result<bool> {
        batch.stop().await;
        let was_there = self.batches.write().remove(&batch.id()).is_some();
        if was_there {
            self.parts.archive.delete_batch(batch.id()).await?;
        }
        Ok(was_there)
    }

    async fn sweep(self: &Arc<Self>) {
        let now = self.parts.now();
        for session in self.sessions() {
            let Some(why) = session.expiry(now) else { continue };
            if why != Expiry::Retention {
                tracing::info!(session = session.facts.id, ?why, "a session's time is over");
            }
            // A session that is slow to end does not hold up the others.
            let registry = Arc::clone(self);
            self.parts.tasks.spawn("livy session end", async move {
                if let Err(error) = registry.delete_session(&session).await {
                    tracing::warn!(session = session.facts.id, %error, "a session stays in the store");
                }
            });
        }
        for batch in self.batches() {
            if batch.is_over(now)
                && let Err(error) = self.delete_batch(&batch).await
            {
                tracing::warn!(batch = batch.id(), %error, "a batch stays in the store");
            }
        }
    }

    /// Ends all sessions and batches, for a server that stops for good.
    pub async fn end_all(&self) {
        let sessions = self.sessions();
        futures::future::join_all(sessions.iter().map(|session| session.stop())).await;
        let batches = self.batches();
        futures::future::join_all(batches.iter().map(|batch| batch.stop())).await;
    }
}

/// The engine that a request names.
fn engine(resources: &Resources) -> Option<&str> {
    resources.conf.get(ENGINE_SETTING).map(String::as_str)
}

fn duplicate(name: &str, other: i32) -> LivyError {
    LivyError::rejected(format!("Duplicate session name: Some({name}) for session {other}"))
}
