//! One interactive session: whose it is, how far it is, its interpreters, its statements.
//!
//! It stands on one session of core, which its SQL statements and all its interpreters share. Statements run one after
//! the other, whatever they are written in.

mod complete;
mod interpreters;
mod jobs;
mod life;
mod run;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hearth_base::clock::EpochMillis;
use hearth_base::{Result, SessionId};
use hearth_core::interpreter::{Dependency, Language};
use hearth_core::session::SessionUse;
use hearth_core::{Interpreter, Principal, Session};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

use crate::error::{LivyError, LivyResult};
use crate::model::{Kind, NewSession, NewStatement, SessionView, State};
use crate::parts::Parts;
use crate::record::{Phase, PhaseEvent, SessionRecord};
use crate::statement::{Statement, StatementEvent};
pub(crate) use interpreters::assemble_log;
pub(crate) use jobs::Job;
pub(crate) use life::Expiry;
use run::Task;

/// Lines that a session's object shows of its log.
const SHOWN_LINES: usize = 10;

/// What never changes of a session.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub id: i32,
    pub owner: Option<String>,
    pub proxy_user: Option<String>,
    pub principal: Principal,
    pub request: NewSession,
    pub created_at: EpochMillis,
}

#[derive(Debug)]
pub(crate) struct LivySession {
    pub facts: Facts,
    parts: Arc<Parts>,
    /// Core's session, in use as long as this one is there.
    spark: SessionUse,
    life: Mutex<Life>,
    statements: Mutex<Statements>,
    queue: Mutex<Queue>,
    jobs: Mutex<BTreeMap<i64, Arc<Job>>>,
    interpreters: Mutex<BTreeMap<Language, Arc<dyn Interpreter>>>,
    /// One interpreter starts at a time.
    starting: AsyncMutex<()>,
    /// Ends when the session does: what starts is given up.
    ending: CancellationToken,
    /// Records are written in the order of what they say.
    saving: AsyncMutex<()>,
}

#[derive(Debug)]
struct Life {
    phase: Phase,
    finished_at: Option<EpochMillis>,
    /// When something was last asked to be done.
    last_activity: EpochMillis,
    /// When a client was last heard of.
    last_seen: EpochMillis,
    jobs: i64,
    notes: VecDeque<String>,
    /// Files that came after the start, for interpreters that start later.
    added: Vec<Dependency>,
}

#[derive(Debug, Default)]
struct Statements {
    next: i32,
    kept: VecDeque<Arc<Statement>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Task>,
    /// A task works through what waits.
    is_running: bool,
}

impl LivySession {
    pub fn new(facts: Facts, parts: Arc<Parts>, spark: &Arc<Session>) -> Arc<Self> {
        let (now, next) = (parts.now(), Statements::default());
        let life = Life {
            phase: Phase::Starting,
            finished_at: None,
            last_activity: now,
            last_seen: now,
            jobs: 0,
            notes: VecDeque::new(),
            added: Vec::new(),
        };
        Self::assemble(facts, parts, spark, (life, next))
    }

    /// A session of an earlier run of the server. It is `Starting` until its interpreters are found, unless it had ended.
    pub fn restore(
        record: SessionRecord,
        statements: Vec<Statement>,
        parts: Arc<Parts>,
        spark: &Arc<Session>,
    ) -> Arc<Self> {
        let now = parts.now();
        let life = Life {
            phase: match record.phase {
                Phase::Ready | Phase::Starting => Phase::Starting,
                Phase::ShuttingDown | Phase::Dead => Phase::Dead,
                Phase::Error => Phase::Error,
            },
            finished_at: record.finished_at,
            last_activity: now,
            last_seen: now,
            jobs: record.jobs,
            notes: record.notes.into(),
            added: Vec::new(),
        };
        let statements = Statements {
            next: statements.last().map_or(0, |last| last.id + 1),
            kept: statements.into_iter().map(Arc::new).collect(),
        };
        let facts = Facts {
            id: record.id,
            owner: record.owner,
            proxy_user: record.proxy_user.clone(),
            principal: Principal::named(&record.principal),
            request: NewSession {
                kind: record.kind,
                name: record.name,
                proxy_user: record.proxy_user,
                resources: record.resources,
                heartbeat_timeout: record.heartbeat_timeout,
                ttl: record.ttl,
                idle_timeout: record.idle_timeout,
            },
            created_at: record.created_at,
        };
        Self::assemble(facts, parts, spark, (life, statements))
    }

    fn assemble(facts: Facts, parts: Arc<Parts>, spark: &Arc<Session>, state: (Life, Statements)) -> Arc<Self> {
        let spark = spark.begin_use(parts.hearth.sessions.clock());
        Arc::new(Self {
            facts,
            parts,
            spark,
            life: Mutex::new(state.0),
            statements: Mutex::new(state.1),
            queue: Mutex::default(),
            jobs: Mutex::default(),
            interpreters: Mutex::default(),
            starting: AsyncMutex::default(),
            ending: CancellationToken::new(),
            saving: AsyncMutex::default(),
        })
    }

    pub fn spark(&self) -> &Arc<Session> {
        self.spark.session()
    }

    pub fn spark_id(&self) -> &SessionId {
        &self.spark().key.session
    }

    pub fn phase(&self) -> Phase {
        self.life.lock().phase
    }

    /// The state that clients see.
    pub fn state(&self) -> State {
        match self.phase() {
            Phase::Starting => State::Starting,
            Phase::Ready if self.is_busy() => State::Busy,
            Phase::Ready => State::Idle,
            Phase::ShuttingDown => State::ShuttingDown,
            Phase::Error => State::Error,
            Phase::Dead => State::Dead,
        }
    }

    pub fn is_busy(&self) -> bool {
        let queue = self.queue.lock();
        queue.is_running || !queue.waiting.is_empty()
    }

    /// Something was asked to be done: the idle timeout starts again.
    pub fn touch(&self) {
        let now = self.parts.now();
        let mut life = self.life.lock();
        (life.last_activity, life.last_seen) = (now, now);
    }

    /// A client was heard of: the heartbeat starts again.
    pub fn see(&self) {
        self.life.lock().last_seen = self.parts.now();
    }

    /// Adds a line to the session's log.
    pub fn note(&self, line: impl Into<String>) {
        let line = line.into();
        tracing::info!(session = self.facts.id, "{line}");
        let mut life = self.life.lock();
        if life.notes.len() >= self.parts.settings.log_lines {
            life.notes.pop_front();
        }
        life.notes.push_back(line);
    }

    pub async fn view(&self, with_log: bool) -> SessionView {
        let log = if with_log { self.log().await } else { Vec::new() };
        let request = self.facts.request.clone();
        SessionView {
            id: self.facts.id,
            name: request.name,
            app_id: None,
            owner: self.facts.owner.clone(),
            proxy_user: self.facts.proxy_user.clone(),
            state: self.state(),
            kind: request.kind,
            log: log[log.len().saturating_sub(SHOWN_LINES)..].to_vec(),
            heartbeat_timeout: request.heartbeat_timeout,
            ttl: request.ttl,
            idle_timeout: request.idle_timeout,
            resources: request.resources,
        }
    }

    pub fn record(&self) -> SessionRecord {
        let interpreters = self.interpreters.lock();
        let handles = interpreters.iter().map(|(language, one)| (language.name().to_owned(), one.handle())).collect();
        drop(interpreters);
        let life = self.life.lock();
        let (facts, request) = (&self.facts, &self.facts.request);
        SessionRecord {
            id: facts.id,
            name: request.name.clone(),
            owner: facts.owner.clone(),
            proxy_user: facts.proxy_user.clone(),
            principal: facts.principal.id.to_string(),
            spark: self.spark_id().to_string(),
            kind: request.kind,
            heartbeat_timeout: request.heartbeat_timeout,
            ttl: request.ttl.clone(),
            idle_timeout: request.idle_timeout.clone(),
            resources: request.resources.clone(),
            created_at: facts.created_at,
            phase: life.phase,
            finished_at: life.finished_at,
            interpreters: handles,
            jobs: life.jobs,
            notes: life.notes.iter().cloned().collect(),
        }
    }

    pub async fn save(&self) -> Result<()> {
        let _in_order = self.saving.lock().await;
        self.parts.archive.put_session(&self.record()).await
    }

    /// Takes a statement on. When this returns it is in the store and waits for its turn.
    pub async fn submit(self: &Arc<Self>, new: NewStatement) -> LivyResult<Arc<Statement>> {
        if self.phase() != Phase::Ready {
            return Err(LivyError::not_running(self.state()));
        }
        let kind = match (new.kind, self.facts.request.kind) {
            (Some(kind), _) | (None, kind) if kind != Kind::Shared => kind,
            _ => return Err(LivyError::no_code_type()),
        };
        if self.queue.lock().waiting.len() >= self.parts.settings.max_waiting {
            let limit = self.parts.settings.max_waiting;
            return Err(LivyError::rejected(format!("the session has {limit} waiting statements (livy.max_waiting)")));
        }
        if let Some(language) = kind.language() {
            self.parts.interpreters.check(language).await?;
        }
        self.touch();
        let statement = {
            let mut statements = self.statements.lock();
            let statement = Arc::new(Statement::new(statements.next, new.code, kind));
            statements.next = statements.next.saturating_add(1);
            statements.kept.push_back(Arc::clone(&statement));
            statement
        };
        self.parts.archive.put_statement(self.facts.id, &statement.record()).await?;
        self.push(Task::Statement(Arc::clone(&statement)));
        Ok(statement)
    }

    pub fn statement(&self, id: i32) -> Option<Arc<Statement>> {
        self.statements.lock().kept.iter().find(|statement| statement.id == id).cloned()
    }

    pub fn statements(&self) -> Vec<Arc<Statement>> {
        self.statements.lock().kept.iter().cloned().collect()
    }

    /// How far a statement is, from 0 to 1: what the operations of the session have done of their tasks.
    pub fn progress(&self, statement: &Statement) -> f64 {
        let Some(own) = statement.operation() else { return 0.0 };
        let operations = if own.runs_code { self.spark().operations() } else { vec![own] };
        let counts = operations.iter().filter(|one| !one.state().is_finished()).map(|one| one.progress.snapshot());
        let (tasks, done) = counts.fold((0, 0), |(tasks, done), one| (tasks + one.tasks, done + one.completed));
        if tasks <= 0 { 0.0 } else { ratio(done.min(tasks), tasks) }
    }

    /// Stops a statement. One that has ended, or never was, is left alone.
    pub async fn cancel(&self, id: i32) -> Result<()> {
        self.touch();
        let Some(statement) = self.statement(id) else { return Ok(()) };
        if statement.apply(StatementEvent::Cancel, self.parts.now()) && statement.is_finished() {
            self.parts.archive.put_statement(self.facts.id, &statement.record()).await?;
        }
        Ok(())
    }

    /// Stops whatever the session runs or has waiting; it goes on with what comes then.
    pub async fn interrupt(&self) -> Result<()> {
        let unfinished: Vec<_> = self.statements().into_iter().filter(|statement| !statement.is_finished()).collect();
        // The newest first: none that waits may begin because one before it ended.
        for statement in unfinished.iter().rev() {
            self.cancel(statement.id).await?;
        }
        Ok(())
    }

    fn apply(&self, event: PhaseEvent) -> bool {
        let now = self.parts.now();
        let mut life = self.life.lock();
        let Some(next) = life.phase.apply(event) else { return false };
        life.phase = next;
        life.last_activity = now;
        if matches!(next, Phase::Dead | Phase::Error) {
            life.finished_at.get_or_insert(now);
        }
        true
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks are small")]
fn ratio(done: i64, tasks: i64) -> f64 {
    done as f64 / tasks as f64
}

/// Milliseconds of a span, for comparing with the clock.
fn millis(span: Duration) -> EpochMillis {
    EpochMillis::try_from(span.as_millis()).unwrap_or(EpochMillis::MAX)
}
