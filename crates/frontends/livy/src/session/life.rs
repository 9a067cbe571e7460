//! A session's beginning and end: start, recovery, timeouts, stop.

use std::sync::Arc;
use std::time::Duration;

use hearth_base::Result;
use hearth_base::clock::EpochMillis;
use hearth_core::engine::ConfigRequest;
use hearth_core::interpreter::Language;
use hearth_core::journal::{Change, Journal};
use hearth_core::{Submission, Work};

use super::{LivySession, millis};
use crate::duration;
use crate::model::{Kind, StatementState};
use crate::record::{Phase, PhaseEvent};
use crate::session::run::Task;
use crate::statement::StatementEvent;

const RESTARTED: &str =
    "The server was restarted. Temporary views, variables and settings of the session were made again.";
const INTERPRETER_LOST: &str =
    "The interpreter was lost when the server stopped. What it held is gone; create a new session.";

/// Why a session ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    Idle,
    Ttl,
    Heartbeat,
    /// It had ended, and nobody needs to hear of it any more.
    Retention,
}

impl LivySession {
    /// Brings a new session to where it takes statements. A session without an interpreter of its own is there at once.
    pub async fn start(self: &Arc<Self>) {
        self.configure().await;
        match self.facts.request.kind.language() {
            None => self.started(Ok(())).await,
            Some(language) => {
                let session = Arc::clone(self);
                self.parts.tasks.spawn("livy session start", async move {
                    let started = session.interpreter(language).await.map(drop);
                    session.started(started).await;
                });
            }
        }
    }

    async fn started(&self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.apply(PhaseEvent::Started),
            Err(error) => {
                self.note(error.to_string());
                self.apply(PhaseEvent::Failed)
            }
        };
        self.save_or_log().await;
    }

    /// Hands the settings of the request to the Spark session. Those that only a cluster has are not known there.
    async fn configure(&self) {
        for (key, value) in &self.facts.request.resources.conf {
            if !key.starts_with("spark.sql.") && !key.starts_with("hearth.") {
                continue;
            }
            let pairs = vec![(key.clone(), Some(value.clone()))];
            if let Err(error) = self.spark().engine.configure(ConfigRequest::Set { pairs, silent: true }).await {
                self.note(format!("Setting {key} was not taken: {error}"));
            }
        }
    }

    /// Takes up a session of an earlier run of the server: brings its Spark session to where it was, finds its
    /// interpreters again and goes on with its statements.
    pub async fn recover(
        self: &Arc<Self>,
        handles: Vec<(Language, String)>,
        (journal, changes): (Journal, Vec<Change>),
    ) {
        if self.phase() != Phase::Starting {
            return;
        }
        self.configure().await;
        self.note(RESTARTED);
        self.replay(changes).await;
        self.spark().keep_journal(journal);
        let mut found = handles.is_empty();
        for (language, handle) in handles {
            match self.reattach(language, &handle).await {
                Ok(is_there) => found |= is_there,
                Err(error) => self.note(error.to_string()),
            }
        }
        let needs = self.facts.request.kind.language();
        let is_whole = found && needs.is_none_or(|language| self.interpreters.lock().contains_key(&language));
        if is_whole {
            self.apply(PhaseEvent::Started);
        } else {
            self.note(INTERPRETER_LOST);
            self.apply(PhaseEvent::InterpreterDied);
        }
        self.resume_statements(is_whole).await;
        self.save_or_log().await;
    }

    /// Makes again what an earlier run of the server had in memory only. What cannot be made again is said.
    async fn replay(&self, changes: Vec<Change>) {
        for change in changes {
            let outcome = match change {
                Change::Work(work) => self.make_again(work).await,
                Change::Configure(request) => self.spark().engine.configure(request).await.map(drop),
                Change::Full => {
                    self.note("The session had changed too often: what changed last was not made again.");
                    Ok(())
                }
            };
            if let Err(error) = outcome {
                self.note(format!("A part of the session's state was lost with the server: {error}"));
            }
        }
    }

    async fn make_again(&self, work: Work) -> Result<()> {
        let submission = Submission {
            id: None,
            description: match &work {
                Work::Sql(sql) => sql.text.clone(),
                Work::Plan(_) | Work::Code(_) => "a change of the session".to_owned(),
            },
            work,
            tags: vec![format!("livy-session-{}", self.facts.id)],
            reattachable: false,
            origin: self.parts.origin(format!("sessions/{}/recovery", self.facts.id)),
            bounds: self.bounds(),
        };
        let operation = self.parts.hearth.operations.submit(self.spark(), submission).await?;
        operation.log.ended().await;
        self.spark().forget(&operation.id);
        operation.failure().map_or(Ok(()), |error| Err((*error).clone()))
    }

    /// Statements that had not begun begin; one that ran in an interpreter goes on there; what ran in the server is lost.
    async fn resume_statements(self: &Arc<Self>, is_whole: bool) {
        for statement in self.statements() {
            match statement.state() {
                StatementState::Available | StatementState::Cancelled => continue,
                StatementState::Waiting if is_whole => {
                    self.push(Task::Statement(Arc::clone(&statement)));
                    continue;
                }
                StatementState::Waiting => {
                    statement.apply(StatementEvent::Cancel, self.parts.now());
                }
                StatementState::Running | StatementState::Cancelling => {
                    let language = statement.kind.language();
                    if language.is_some_and(|language| self.interpreters.lock().contains_key(&language)) {
                        self.push(Task::Resume(Arc::clone(&statement)));
                        continue;
                    }
                    statement.end(Some(super::run::lost()), self.parts.now());
                }
            }
            self.save_statement(&statement).await;
        }
    }

    /// Why the session ends now, if it does.
    pub fn expiry(&self, now: EpochMillis) -> Option<Expiry> {
        let settings = &self.parts.settings;
        let is_busy = self.is_busy();
        let life = self.life.lock();
        let over = |since: EpochMillis, span: Option<Duration>| span.is_some_and(|span| now - since > millis(span));
        if let Some(finished_at) = life.finished_at {
            return over(finished_at, Some(settings.state_retention)).then_some(Expiry::Retention);
        }
        let own = |text: &Option<String>| text.as_deref().and_then(|text| duration::parse(text).ok());
        let request = &self.facts.request;
        let heartbeat = u64::try_from(request.heartbeat_timeout).ok().filter(|seconds| *seconds > 0);
        if over(life.last_seen, heartbeat.map(Duration::from_secs)) && life.phase == Phase::Ready {
            return Some(Expiry::Heartbeat);
        }
        let may_idle = !is_busy || settings.busy_times_out;
        if may_idle && over(life.last_activity, own(&request.idle_timeout).or(settings.idle_timeout)) {
            return Some(Expiry::Idle);
        }
        over(self.facts.created_at, own(&request.ttl).or(settings.ttl)).then_some(Expiry::Ttl)
    }

    /// Ends the session and all it started. Returns when nothing of it runs; `false` when another call ends it.
    pub async fn stop(self: &Arc<Self>) -> bool {
        let is_first = self.apply(PhaseEvent::Stop);
        self.ending.cancel();
        if is_first {
            self.save_or_log().await;
            self.end_statements().await;
        }
        // Whoever starts an interpreter now finds out that it is too late.
        let _nobody_starts = self.starting.lock().await;
        let interpreters = std::mem::take(&mut *self.interpreters.lock());
        let ends = interpreters.values().map(|interpreter| interpreter.stop());
        futures::future::join_all(ends).await;
        let key = &self.spark().key;
        self.parts.hearth.sessions.close(&self.facts.principal, &key.session, false).await;
        self.apply(PhaseEvent::Stopped);
        if is_first {
            self.save_or_log().await;
        }
        is_first
    }

    async fn end_statements(&self) {
        self.queue.lock().waiting.clear();
        for statement in self.statements() {
            if statement.apply(StatementEvent::Cancel, self.parts.now()) {
                self.save_statement(&statement).await;
            }
        }
        for job in self.jobs.lock().values() {
            job.cancel();
        }
    }

    pub(super) async fn save_or_log(&self) {
        if let Err(error) = self.save().await {
            tracing::error!(session = self.facts.id, %error, "a session's state is not in the store");
        }
    }

    pub fn kind(&self) -> Kind {
        self.facts.request.kind
    }
}
