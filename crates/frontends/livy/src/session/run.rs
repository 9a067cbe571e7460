//! Running what a session was asked for, one after the other.
//!
//! A task works through the queue as long as something waits there, so an idle session costs none.

use std::sync::{Arc, OnceLock};

use hearth_base::clock::EpochMillis;
use hearth_base::condition::SERVER_STOPPED;
use hearth_base::{Error, ErrorKind};
use hearth_core::engine::SqlWork;
use hearth_core::interpreter::{CodeRequest, CodeWork, Output, Reply};
use hearth_core::result::Bounds;
use hearth_core::{Interpreter, Operation, OperationState, Submission, Work};

use super::{Job, LivySession};
use crate::from_wire::with_line_feeds;
use crate::model::StatementState;
use crate::output;
use crate::statement::{Statement, StatementEvent, StatementRecord};

#[derive(Debug)]
pub(crate) enum Task {
    Statement(Arc<Statement>),
    /// A statement that ran already when the server was restarted: its answer is waited for.
    Resume(Arc<Statement>),
    Job(Arc<Job>),
}

impl Task {
    pub fn statement(&self) -> Option<&Arc<Statement>> {
        match self {
            Self::Statement(statement) | Self::Resume(statement) => Some(statement),
            Self::Job(_) => None,
        }
    }

    pub fn apply(&self, event: StatementEvent, now: EpochMillis) {
        match self {
            Self::Statement(statement) | Self::Resume(statement) => {
                statement.apply(event, now);
            }
            Self::Job(job) => job.cancel(),
        }
    }
}

impl LivySession {
    /// Puts something at the end of the queue, and sees that somebody works on it.
    pub(super) fn push(self: &Arc<Self>, task: Task) {
        let mut queue = self.queue.lock();
        queue.waiting.push_back(task);
        if !std::mem::replace(&mut queue.is_running, true) {
            let session = Arc::clone(self);
            self.parts.tasks.spawn("livy statements", async move { session.work().await });
        }
    }

    async fn work(self: &Arc<Self>) {
        loop {
            let task = {
                let mut queue = self.queue.lock();
                let Some(task) = queue.waiting.pop_front() else {
                    queue.is_running = false;
                    return;
                };
                task
            };
            match task {
                Task::Statement(statement) => {
                    if statement.apply(StatementEvent::Start, self.parts.now()) {
                        self.save_statement(&statement).await;
                        self.run(&statement).await;
                    }
                }
                Task::Resume(statement) => self.run(&statement).await,
                Task::Job(job) => self.run_job(&job).await,
            }
            self.life.lock().last_activity = self.parts.now();
        }
    }

    async fn run(self: &Arc<Self>, statement: &Arc<Statement>) {
        let output = match statement.kind.language() {
            None => self.run_sql(statement).await,
            Some(language) => match self.interpreter(language).await {
                Ok(interpreter) => self.run_code(statement, interpreter).await,
                Err(error) => failed(&error),
            },
        };
        self.evict().await;
        // What is told to have ended has ended in the store as well.
        let now = self.parts.now();
        self.put_statement(&statement.ended_record(output.clone(), now)).await;
        statement.end(output, now);
        if statement.state() == StatementState::Cancelled {
            self.save_statement(statement).await;
        }
    }

    async fn run_sql(&self, statement: &Arc<Statement>) -> Option<Output> {
        let rows = self.parts.settings.sql_rows;
        let work = Work::Sql(SqlWork::spark(with_line_feeds(&statement.code)));
        let bounds = Bounds { rows: i64::try_from(rows).ok(), ..self.bounds() };
        let operation = match self.begin(statement, work, bounds).await {
            Ok(operation) => operation,
            Err(error) => return Some(output::sql_error(&error)),
        };
        self.wait(statement, &operation).await;
        let output = match (operation.state(), operation.failure()) {
            (OperationState::Cancelled, _) => None,
            (_, Some(error)) => Some(output::sql_error(&error)),
            (_, None) => match output::sql_output(&operation, rows).await {
                Ok(output) => Some(output),
                Err(error) => Some(output::sql_error(&error)),
            },
        };
        self.spark().forget(&operation.id);
        output
    }

    async fn run_code(&self, statement: &Arc<Statement>, interpreter: Arc<dyn Interpreter>) -> Option<Output> {
        let reply = Arc::new(OnceLock::new());
        let work = Work::Code(CodeWork {
            interpreter,
            id: statement.request(),
            request: CodeRequest::Execute { code: with_line_feeds(&statement.code).into_owned() },
            reply: Arc::clone(&reply),
        });
        let operation = match self.begin(statement, work, self.bounds()).await {
            Ok(operation) => operation,
            Err(error) => return failed(&error),
        };
        self.wait(statement, &operation).await;
        let failure = operation.failure();
        self.spark().forget(&operation.id);
        match reply.get() {
            Some(Reply::Output(output)) => Some(output.clone()),
            Some(Reply::Job(_) | Reply::Exit(_)) | None => failure.and_then(|error| failed(&error)),
        }
    }

    async fn begin(
        &self,
        statement: &Arc<Statement>,
        work: Work,
        bounds: Bounds,
    ) -> hearth_base::Result<Arc<Operation>> {
        let id = self.facts.id;
        let submission = Submission {
            id: None,
            work,
            tags: vec![format!("livy-session-{id}"), format!("livy-statement-{id}-{}", statement.id)],
            reattachable: false,
            description: statement.code.clone(),
            origin: self.parts.origin(format!("sessions/{id}/statements/{}", statement.id)),
            bounds,
        };
        let operation = self.parts.hearth.operations.submit(self.spark(), submission).await?;
        statement.set_operation(&operation);
        Ok(operation)
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { timeout: self.parts.settings.statement_timeout, ..Bounds::default() }
    }

    /// Waits for the end of an operation, and brings it about when the statement is cancelled.
    async fn wait(&self, statement: &Statement, operation: &Arc<Operation>) {
        tokio::select! {
            biased;
            () = operation.log.ended() => return,
            () = statement.cancel.cancelled() => {}
        }
        operation.request_cancel();
        self.interrupt_engine();
        operation.log.ended().await;
    }

    /// Stops what interpreters have running in the engine.
    pub(super) fn interrupt_engine(&self) {
        self.parts.hearth.operations.interrupt(self.spark(), |operation| !operation.runs_code);
    }

    pub(super) async fn save_statement(&self, statement: &Statement) {
        self.put_statement(&statement.record()).await;
    }

    async fn put_statement(&self, record: &StatementRecord) {
        if let Err(error) = self.parts.archive.put_statement(self.facts.id, record).await {
            tracing::error!(session = self.facts.id, statement = record.id, %error, "a statement is not in the store");
        }
    }

    /// Lets go of the oldest finished statements when there are too many, or when they hold too much.
    async fn evict(&self) {
        let (settings, mut gone) = (&self.parts.settings, Vec::new());
        {
            let mut statements = self.statements.lock();
            let mut bytes: usize = statements.kept.iter().map(|statement| statement.size()).sum();
            while statements.kept.len() > settings.retained_statements.max(1)
                || (bytes > settings.retained_output.as_usize() && statements.kept.len() > 1)
            {
                let Some(oldest) = statements.kept.front().filter(|statement| statement.is_finished()) else { break };
                bytes -= oldest.size();
                gone.extend(statements.kept.pop_front());
            }
        }
        for statement in gone {
            if let Err(error) = self.parts.archive.delete_statement(self.facts.id, statement.id).await {
                tracing::warn!(session = self.facts.id, %error, "an old statement stays in the store");
            }
        }
    }
}

/// The output of a statement that did not run, or whose interpreter is gone. A cancelled one has none.
fn failed(error: &Error) -> Option<Output> {
    let output = Output::Error { name: "Error".to_owned(), value: error.text(), traceback: Vec::new() };
    (error.kind() != ErrorKind::Cancelled).then_some(output)
}

/// The output of a statement that ended with the server.
pub(super) fn lost() -> Output {
    Output::Error { name: "Error".to_owned(), value: SERVER_STOPPED.error().text(), traceback: Vec::new() }
}
