//! Operations: submitted once, run on the work executor, found again by id.
//!
//! An operation is in the store before `submit` returns, and its end is there before a reader sees it.

mod live;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use hearth_base::condition::{
    DRAINING, INVALID_HANDLE_FORMAT, OPERATION_ABANDONED, OPERATION_ALREADY_EXISTS, OPERATION_CANCELED,
    OPERATION_NOT_FOUND, SERVER_STOPPED,
};
use hearth_base::task::TaskGroup;
use hearth_base::{Clock, Error, ErrorKind, OperationId, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::admission::{Admission, Asker, Place, Ticket};
use crate::allowance::TimeCap;
use crate::engine::Work;
use crate::engines::EngineKind;
use crate::history::{HistoryFilter, HistoryPage};
use crate::interpreter::CodeWork;
use crate::journal::Change;
use crate::operation::{OperationEvent, OperationSpec};
use crate::result::{Bounds, LogSpec, ResultLog, ResultWriter};
use crate::store::{MetadataStore, OperationRecord, Origin, ResultStore};
use crate::{Limits, Operation, OperationState, Principal, Session};
use live::Live;

/// How long stopped work may take to be recorded as such.
const SETTLE_GRACE: Duration = Duration::from_secs(2);

/// `history.max_text`: bytes of a statement that the history keeps.
const MAX_DESCRIPTION: usize = 64 * 1024;

/// What a door asks to be run.
#[derive(Debug)]
pub struct Submission {
    /// The client's own id, or none.
    pub id: Option<OperationId>,
    pub work: Work,
    pub tags: Vec<String>,
    pub reattachable: bool,
    /// For the history: the SQL text, or what the plan is.
    pub description: String,
    pub origin: Origin,
    pub bounds: Bounds,
}

#[derive(Debug)]
pub struct Operations {
    metadata: Arc<dyn MetadataStore>,
    results: Arc<dyn ResultStore>,
    admission: Arc<Admission>,
    limits: Limits,
    clock: Clock,
    live: Live,
    tasks: TaskGroup,
    /// Work that only passes through on its way to an engine elsewhere: it computes nothing, and runs where its bytes come in
    /// and go out.
    passing: TaskGroup,
    /// Where the end of work is recorded: the runtime of the store and of the readers, so that threads change once.
    settling: TaskGroup,
    draining: CancellationToken,
    /// Ends when work that still runs must end at once, with `HEARTH_SERVER_STOPPED`.
    stopping: CancellationToken,
}

impl Operations {
    /// `executor` is where work runs: a runtime of its own, not the one that answers requests.
    pub fn new(
        metadata: Arc<dyn MetadataStore>,
        results: Arc<dyn ResultStore>,
        limits: Limits,
        clock: Clock,
        executor: Handle,
    ) -> Self {
        let admission = Admission::new(limits.max_running_operations, limits.max_queued_operations);
        let (draining, stopping) = (CancellationToken::new(), CancellationToken::new());
        let live = Live::new(limits.max_recent_operations);
        let tasks = TaskGroup::new(executor);
        let [passing, settling] = [(); 2].map(|()| TaskGroup::new(Handle::current()));
        Self { metadata, results, admission, limits, clock, live, tasks, passing, settling, draining, stopping }
    }

    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Settles what an earlier run of the server left behind.
    pub async fn recover(&self) -> Result<()> {
        let lost = self.metadata.fail_unfinished(self.clock.now()).await?;
        let files = self.results.remove_unsealed().await?;
        if lost > 0 || files > 0 {
            tracing::info!(operations = lost, files, "operations of an earlier run ended with HEARTH_SERVER_STOPPED");
        }
        Ok(())
    }

    /// Takes work on. When this returns the operation is in the store and runs or waits.
    pub async fn submit(self: &Arc<Self>, session: &Arc<Session>, submission: Submission) -> Result<Arc<Operation>> {
        if self.draining.is_cancelled() {
            return Err(DRAINING.error());
        }
        let id = submission.id.unwrap_or_else(OperationId::random);
        if !hearth_base::id::is_uuid(id.as_str()) {
            return Err(INVALID_HANDLE_FORMAT.with("handle", &id));
        }
        let log = Arc::new(ResultLog::new(self.log_spec(&id, submission.reattachable), Arc::clone(&self.results)));
        let spec = OperationSpec {
            id: id.clone(),
            principal: session.principal.clone(),
            session: session.key.session.clone(),
            server_session: session.server_side_id.clone(),
            tags: submission.tags,
            reattachable: submission.reattachable,
            description: shorten(submission.description),
            origin: submission.origin,
            bounds: submission.bounds,
            runs_code: matches!(submission.work, Work::Code(_)),
            work_digest: submission.work.digest(),
        };
        let operation = Arc::new(Operation::new(spec, log, &self.clock, CancellationToken::new()));
        if !session.insert(&operation) {
            return Err(OPERATION_ALREADY_EXISTS.with("handle", &id));
        }
        let known = Arc::clone(&operation);
        let mut arrival = Arrival { session, operation: &known, clock: &self.clock, is_over: false };
        let admitted = async {
            // Code waits for the operations that it starts: with a place among them it would wait for itself.
            let ticket = match submission.work {
                Work::Code(_) => None,
                Work::Plan(_) | Work::Sql(_) => Some(self.ask_for_place(session, &submission.work).await?),
            };
            self.metadata.put_operation(operation.record()).await?;
            Ok::<_, Error>(ticket)
        };
        match admitted.await {
            Ok(ticket) => {
                arrival.is_over = true;
                self.live.insert(&operation);
                self.start(session, &operation, submission.work, ticket);
            }
            Err(error) => {
                operation.log.fail(Arc::new(error.clone()));
                return Err(error);
            }
        }
        Ok(operation)
    }

    /// A place on the session's engine, which the session now stays on.
    async fn ask_for_place(&self, session: &Session, work: &Work) -> Result<Ticket> {
        session.route().heed(work).await?;
        let engine = session.bind_engine().await?;
        let principal = &session.principal.id;
        self.admission.ask(Asker {
            principal,
            engine: &engine.name,
            of_principal: session.route().engines().allowance(principal),
            of_engine: engine.allowance(),
        })
    }

    fn start(self: &Arc<Self>, session: &Arc<Session>, operation: &Arc<Operation>, work: Work, ticket: Option<Ticket>) {
        let (operations, session, operation) = (Arc::clone(self), Arc::clone(session), Arc::clone(operation));
        let is_elsewhere = session.named_engine().kind != EngineKind::Embedded;
        let tasks = if is_elsewhere && matches!(work, Work::Plan(_)) { &self.passing } else { &self.tasks };
        tasks.spawn("operation", async move {
            let in_use = session.begin_use(&operations.clock);
            let run = AssertUnwindSafe(operations.run(&session, &operation, work, ticket));
            let outcome = tokio::select! {
                biased;
                outcome = run.catch_unwind() => outcome.unwrap_or_else(|_| {
                    tracing::error!(operation = %operation.id, "the engine panicked");
                    Err(Error::internal("the engine panicked; the log of the server says where"))
                }),
                () = operations.stopping.cancelled() => Err(SERVER_STOPPED.error()),
            };
            let settling = Arc::clone(&operations);
            settling.settling.spawn("settle", async move {
                operations.settle(&operation, outcome).await;
                if session.is_transient {
                    session.engine.close().await;
                    session.remove_folder().await;
                    operations.live.keep(operation);
                }
                drop(in_use);
            });
        });
    }

    async fn run(
        &self,
        session: &Arc<Session>,
        operation: &Arc<Operation>,
        work: Work,
        ticket: Option<Ticket>,
    ) -> Result<ResultWriter> {
        let cx = operation.context();
        let place = match ticket {
            Some(ticket) => Some(wait_for_place(ticket, &cx.cancel).await?),
            None => None,
        };
        if !operation.apply(OperationEvent::Start, None, &self.clock) {
            return Err(OPERATION_CANCELED.error());
        }
        let mut writer = ResultWriter::new(Arc::clone(operation), &self.limits);
        match work {
            Work::Code(code) => self.run_code(operation, code).await?,
            Work::Plan(_) | Work::Sql(_) => self.run_in_engine(session, operation, work, &mut writer).await?,
        }
        drop(place);
        Ok(writer)
    }

    async fn run_in_engine(
        &self,
        session: &Session,
        operation: &Operation,
        work: Work,
        writer: &mut ResultWriter,
    ) -> Result<()> {
        let (cx, timeout) = (operation.context(), shortest_timeout(session, operation));
        let change = session.journal().filter(|_| session.engine.changes_session(&work)).map(|_| work.clone());
        tokio::select! {
            biased;
            outcome = session.engine.execute(&cx, work, writer) => outcome?,
            error = timed_out(timeout) => return Err(error),
            // The engine watches the token too; this is for work that does not come back to look.
            () = cx.cancel.cancelled() => return Err(OPERATION_CANCELED.error()),
        }
        if let (Some(journal), Some(change)) = (session.journal(), change) {
            journal.add(&Change::Work(change)).await?;
        }
        Ok(())
    }

    /// Code stops when its interpreter says so, which knows how to stop it: it may not be left running.
    async fn run_code(&self, operation: &Operation, code: CodeWork) -> Result<()> {
        let stop = operation.context().cancel.child_token();
        // The limits of engines are for what code runs there, not for the code.
        let timeout = operation.bounds.timeout.map(TimeCap::of_operation);
        let running = code.run(&stop);
        tokio::pin!(running);
        tokio::select! {
            biased;
            outcome = &mut running => outcome,
            error = timed_out(timeout) => {
                stop.cancel();
                // Whatever it says now, it was stopped because of the time.
                let _ = running.await;
                Err(error)
            }
        }
    }

    /// Records how the work ended, then lets readers see it.
    async fn settle(&self, operation: &Arc<Operation>, outcome: Result<ResultWriter>) {
        let outcome = match outcome {
            Ok(writer) => writer.seal().await,
            Err(error) => Err(error),
        };
        let cancelled = operation.is_cancel_requested();
        let mut result = None;
        let (event, failure) = match outcome {
            Ok(small) => {
                result = small;
                (OperationEvent::Succeed, None)
            }
            Err(error) if cancelled || error.kind() == ErrorKind::Cancelled => {
                (OperationEvent::Cancel, Some(Arc::new(why_cancelled(operation).caused_by(error))))
            }
            Err(error) => (OperationEvent::Fail, Some(Arc::new(error))),
        };
        operation.apply(event, failure.clone(), &self.clock);
        let record = OperationRecord { result, ..operation.record() };
        if let Err(error) = self.metadata.put_operation(record).await {
            tracing::error!(operation = %operation.id, %error, "the end of an operation is not in the store");
        }
        match failure {
            None => operation.log.complete(),
            Some(error) => operation.log.fail(error),
        }
    }

    /// Runs something short on the work executor, so that heavy computing stays off the threads that answer requests.
    pub async fn on_executor<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.tasks.spawn(name, async move {
            let outcome = AssertUnwindSafe(work).catch_unwind().await;
            // Nobody listens any more when the caller gave up.
            let _ = sender.send(outcome.unwrap_or_else(|_| Err(Error::internal("the engine panicked"))));
        });
        receiver.await.map_err(|_| DRAINING.error())?
    }

    /// What the store knows of an operation of this principal.
    pub async fn record(&self, principal: &Principal, id: &OperationId) -> Result<Option<OperationRecord>> {
        let record = self.metadata.operation(id).await?;
        Ok(record.filter(|record| record.principal == principal.id))
    }

    /// Operations of all doors, newest first, as they are now: the store hears of their beginning and their end.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<HistoryPage> {
        let mut wanted = filter.clone();
        let (queued, running) = (OperationState::Queued, OperationState::Running);
        if wanted.states.contains(&running) && !wanted.states.contains(&queued) {
            wanted.states.push(queued);
        }
        let mut page = self.metadata.history(&wanted).await?;
        for record in page.operations.iter_mut().filter(|record| !record.state.is_finished()) {
            if let Some(operation) = self.live.get(&record.id) {
                *record = operation.record();
            }
        }
        page.operations.retain(|record| filter.states.is_empty() || filter.states.contains(&record.state));
        Ok(page)
    }

    /// The operation of this id in this session, from memory or from an earlier run of the server.
    pub async fn find(
        &self,
        principal: &Principal,
        session: Option<&Session>,
        id: &OperationId,
    ) -> Result<Arc<Operation>> {
        let not_found = || OPERATION_NOT_FOUND.with("handle", id);
        let operation = match session.and_then(|session| session.operation(id)) {
            Some(operation) => operation,
            None if session.is_some_and(|session| session.had(id)) => return Err(not_found()),
            None => self.by_id(id).await?,
        };
        (operation.principal == *principal).then_some(operation).ok_or_else(not_found)
    }

    /// The operation of this id, whoever it belongs to: the caller has its own proof of the right to read it.
    pub async fn by_id(&self, id: &OperationId) -> Result<Arc<Operation>> {
        if let Some(operation) = self.live.get(id) {
            return Ok(operation);
        }
        let not_found = || OPERATION_NOT_FOUND.with("handle", id);
        let mut record = self.metadata.operation(id).await?.ok_or_else(not_found)?;
        if matches!(record.state, OperationState::Queued | OperationState::Running) {
            // What an earlier run of the server had begun was settled at its start: this one is being submitted now, or
            // ended in this moment.
            if let Some(operation) = self.live.soon(id).await {
                return Ok(operation);
            }
            record = self.metadata.operation(id).await?.ok_or_else(not_found)?;
        }
        self.restore(record).await?.ok_or_else(not_found)
    }

    async fn restore(&self, mut record: OperationRecord) -> Result<Option<Arc<Operation>>> {
        let spec = self.log_spec(&record.id, false);
        let results = Arc::clone(&self.results);
        let log = match record.state {
            OperationState::Succeeded => match record.result.take() {
                Some(whole) => ResultLog::restore_small(spec, results, whole)?,
                None => match self.results.open(&record.id).await? {
                    Some((file, index)) => ResultLog::restore(spec, results, file, &index)?,
                    None => return Ok(None),
                },
            },
            OperationState::Failed | OperationState::Cancelled => {
                let error =
                    record.failure.as_ref().map_or_else(|| SERVER_STOPPED.error(), |failure| failure.to_error());
                ResultLog::failed(spec, results, Arc::new(error))
            }
            OperationState::Queued | OperationState::Running | OperationState::Expired => return Ok(None),
        };
        Ok(Some(Arc::new(Operation::restore(record, Arc::new(log)))))
    }

    fn log_spec(&self, id: &OperationId, durable: bool) -> LogSpec {
        LogSpec {
            operation: id.clone(),
            memory: self.limits.result_memory,
            max_size: self.limits.max_result_size,
            durable,
        }
    }

    /// Stops the operations of a session that `matches` says; returns the ids of those that were still running.
    pub fn interrupt(&self, session: &Session, matches: impl Fn(&Operation) -> bool) -> Vec<OperationId> {
        let mut interrupted = Vec::new();
        for operation in session.operations() {
            if !operation.state().is_finished() && !operation.is_cancel_requested() && matches(&operation) {
                operation.request_cancel();
                interrupted.push(operation.id.clone());
            }
        }
        interrupted
    }

    /// Lets go of an operation and its result; running work stops.
    pub async fn release(&self, session: Option<&Session>, operation: &Arc<Operation>) -> Result<()> {
        operation.request_cancel();
        if let Some(session) = session {
            session.remove(&operation.id);
        }
        self.live.release(&operation.id);
        operation.log.discard().await
    }

    /// As `release`, and the store says so when this returns: the operation's record stays, as expired.
    pub async fn close(&self, session: Option<&Session>, operation: &Arc<Operation>) -> Result<()> {
        operation.request_cancel();
        operation.log.ended().await;
        operation.apply(OperationEvent::Expire, None, &self.clock);
        self.release(session, operation).await?;
        self.flush_released().await?;
        // A result that an earlier run of the server left has no open file.
        self.results.remove(&operation.id).await
    }

    /// Tells the store of released operations, several at once: nobody waits for it.
    async fn flush_released(&self) -> Result<()> {
        let ids = self.live.take_released();
        if !ids.is_empty() {
            self.metadata.release_operations(ids).await?;
        }
        Ok(())
    }

    /// Stops running operations that nobody came back for, and forgets finished ones that are past their retention.
    pub async fn sweep(&self, sessions: &[Arc<Session>]) -> Result<()> {
        let now = self.clock.now();
        let before = |span: Duration| now.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let expired = before(self.limits.operation_retention);
        for operation in self.live.all() {
            if operation.abandon(now, self.limits.abandon_timeout) {
                tracing::info!(operation = %operation.id, "operation given up: no client came back for it");
            }
        }
        self.flush_released().await?;
        for session in sessions {
            for operation in session.operations() {
                if operation.finished_at().is_some_and(|at| at <= expired) && operation.log.readers() == 0 {
                    operation.apply(OperationEvent::Expire, None, &self.clock);
                    self.release(Some(session), &operation).await?;
                }
            }
        }
        for id in self.metadata.expire_operations(expired).await? {
            self.live.release(&id);
            self.results.remove(&id).await?;
        }
        self.live.take_released();
        self.metadata.prune_history(before(self.limits.history_retention)).await?;
        Ok(())
    }

    /// Takes no more work, waits `grace` for what runs, then stops it.
    pub async fn drain(&self, grace: Duration) {
        self.draining.cancel();
        let stop = async {
            tokio::time::sleep(grace).await;
            self.stopping.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = futures::future::join(
                self.tasks.shutdown(grace + SETTLE_GRACE),
                self.passing.shutdown(grace + SETTLE_GRACE),
            ) => {}
            () = stop => {}
        }
        self.settling.shutdown(SETTLE_GRACE).await;
        if let Err(error) = self.flush_released().await {
            tracing::warn!(%error, "released operations are not marked as such in the store");
        }
    }

    pub fn metadata(&self) -> &Arc<dyn MetadataStore> {
        &self.metadata
    }

    /// Where the results of this server are kept, for `hearth doctor` and tests.
    pub fn results(&self) -> &Arc<dyn ResultStore> {
        &self.results
    }
}

/// An operation that its session knows and that does not run yet. When it is refused, or its caller gives up, it is taken
/// back: the same request may come again, and who waits for it already hears of it.
struct Arrival<'a> {
    session: &'a Session,
    operation: &'a Operation,
    clock: &'a Clock,
    is_over: bool,
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.session.withdraw(&self.operation.id);
        let cancelled = Arc::new(OPERATION_CANCELED.error());
        self.operation.apply(OperationEvent::Cancel, Some(Arc::clone(&cancelled)), self.clock);
        // The reason that was given before counts.
        self.operation.log.fail(cancelled);
    }
}

fn shorten(mut description: String) -> String {
    if description.len() > MAX_DESCRIPTION {
        description.truncate(description.floor_char_boundary(MAX_DESCRIPTION));
        description.push('…');
    }
    description
}

/// The shortest of what the door, the engine and the principal allow.
fn shortest_timeout(session: &Session, operation: &Operation) -> Option<TimeCap> {
    let route = session.route();
    let own = operation.bounds.timeout.map(TimeCap::of_operation);
    let of_engine = route.engine().allowance().timeout.clone();
    let of_principal = route.engines().allowance(&session.principal.id).timeout.clone();
    [own, of_engine, of_principal].into_iter().flatten().min_by_key(|cap| cap.after)
}

/// Waits until the time is over and says which limit that was; without one, for ever.
async fn timed_out(timeout: Option<TimeCap>) -> Error {
    match timeout {
        Some(timeout) => {
            tokio::time::sleep(timeout.after).await;
            timeout.exceeded()
        }
        None => std::future::pending().await,
    }
}

fn why_cancelled(operation: &Operation) -> Error {
    if operation.is_abandoned() {
        OPERATION_ABANDONED.with("handle", &operation.id)
    } else {
        OPERATION_CANCELED.error()
    }
}

async fn wait_for_place(ticket: Ticket, cancel: &CancellationToken) -> Result<Place> {
    let receiver = match ticket {
        Ticket::Now(place) => return Ok(place),
        Ticket::Later(receiver) => receiver,
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(OPERATION_CANCELED.error()),
        place = receiver => place.map_err(|_| Error::internal("the queue of operations is gone")),
    }
}
