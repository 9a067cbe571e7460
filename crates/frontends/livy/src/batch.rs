//! One batch: a Python or SQL file, or a jar, run as an application.
//!
//! A Python application has an interpreter of its own, bound to a Spark session of its own on this server. A SQL file
//! runs in the server, statement by statement.

mod submit;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use hearth_base::Result;
use hearth_base::clock::EpochMillis;
use hearth_core::engine::{ConfigRequest, SqlWork};
use hearth_core::interpreter::{CodeRequest, CodeWork, Ending, InterpreterSpec, Language, Output, Reply};
use hearth_core::result::Bounds;
use hearth_core::session::SessionUse;
use hearth_core::{Interpreter, Principal, Session, Submission, Work};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

use crate::error::{LivyError, LivyResult};
use crate::model::{BatchView, NewBatch, State};
use crate::output;
use crate::parts::{self, Parts};
use crate::record::BatchRecord;
use crate::registry::Owner;
use crate::session::assemble_log;

/// Lines that a batch's object shows of its log.
const SHOWN_LINES: usize = 10;
/// The id of the one request of a batch's interpreter.
const REQUEST: u64 = 1;
/// Bytes of a SQL file.
const MAX_SQL_FILE: u64 = 16 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Batch {
    parts: Arc<Parts>,
    /// As it was when the batch began; what changes is in `life`.
    facts: BatchRecord,
    spark: SessionUse,
    life: Mutex<Life>,
    cancel: CancellationToken,
    saving: AsyncMutex<()>,
    /// Held while it runs.
    running: AsyncMutex<()>,
}

#[derive(Debug)]
struct Life {
    state: State,
    finished_at: Option<EpochMillis>,
    log: Vec<String>,
    interpreter: Option<Arc<dyn Interpreter>>,
}

/// What can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Application {
    Python,
    Sql,
    /// By the `spark-submit` of `livy.spark_submit`.
    Jar,
}

impl Batch {
    /// Refuses what cannot run here.
    pub async fn check(request: &NewBatch, parts: &Parts) -> LivyResult<()> {
        match application(&request.file)? {
            Application::Jar if parts.settings.spark_submit.is_none() => Err(LivyError::rejected(
                "applications in jars need a Spark driver in a JVM: name the spark-submit of a Spark in livy.spark_submit. \
                 Without, this server runs Python (.py) and SQL (.sql) files",
            )),
            Application::Python | Application::Jar => Ok(parts.interpreters.check(Language::Python).await?),
            Application::Sql => Ok(()),
        }
    }

    pub fn first_record(id: i32, owner: Owner, request: NewBatch, spark: String, now: EpochMillis) -> BatchRecord {
        BatchRecord {
            id,
            name: request.name,
            owner: owner.user,
            proxy_user: owner.proxy_user,
            principal: owner.principal.id.to_string(),
            spark,
            file: request.file,
            class_name: request.class_name,
            args: request.args,
            resources: request.resources,
            created_at: now,
            state: State::Starting,
            finished_at: None,
            interpreter: None,
            log: Vec::new(),
        }
    }

    pub fn new(record: BatchRecord, parts: Arc<Parts>, spark: &Arc<Session>) -> Arc<Self> {
        let life =
            Life { state: record.state, finished_at: record.finished_at, log: record.log.clone(), interpreter: None };
        let spark = spark.begin_use(parts.hearth.sessions.clock());
        Arc::new(Self {
            parts,
            facts: record,
            spark,
            life: Mutex::new(life),
            cancel: CancellationToken::new(),
            saving: AsyncMutex::default(),
            running: AsyncMutex::default(),
        })
    }

    pub fn id(&self) -> i32 {
        self.facts.id
    }

    pub fn name(&self) -> Option<&str> {
        self.facts.name.as_deref()
    }

    pub fn owner(&self) -> (Option<&str>, Option<&str>) {
        (self.facts.owner.as_deref(), self.facts.proxy_user.as_deref())
    }

    pub fn state(&self) -> State {
        self.life.lock().state
    }

    /// Finished so long ago that nobody needs to hear of it any more.
    pub fn is_over(&self, now: EpochMillis) -> bool {
        let retention = EpochMillis::try_from(self.parts.settings.state_retention.as_millis()).unwrap_or(i64::MAX);
        self.life.lock().finished_at.is_some_and(|at| now - at > retention)
    }

    pub async fn view(&self, with_log: bool) -> BatchView {
        let log = if with_log { self.log().await } else { Vec::new() };
        BatchView {
            id: self.facts.id,
            name: self.facts.name.clone(),
            app_id: None,
            owner: self.facts.owner.clone(),
            proxy_user: self.facts.proxy_user.clone(),
            state: self.state(),
            log: log[log.len().saturating_sub(SHOWN_LINES)..].to_vec(),
        }
    }

    pub async fn log(&self) -> Vec<String> {
        let (mut stdout, interpreter) = {
            let life = self.life.lock();
            (life.log.clone(), life.interpreter.clone())
        };
        if let Some(interpreter) = interpreter {
            stdout.extend(output_of(interpreter.as_ref(), self.parts.settings.log_lines).await);
        }
        assemble_log(stdout, Vec::new(), self.parts.settings.log_lines)
    }

    fn record(&self) -> BatchRecord {
        let life = self.life.lock();
        BatchRecord {
            state: life.state,
            finished_at: life.finished_at,
            log: life.log.clone(),
            interpreter: life.interpreter.as_ref().map(|interpreter| interpreter.handle()),
            ..self.facts.clone()
        }
    }

    pub async fn save(&self) -> Result<()> {
        let _in_order = self.saving.lock().await;
        self.parts.archive.put_batch(&self.record()).await
    }

    pub fn start(self: &Arc<Self>) {
        let batch = Arc::clone(self);
        self.parts.tasks.spawn("livy batch", async move {
            let _running = batch.running.lock().await;
            let outcome = batch.run().await;
            batch.end(outcome).await;
        });
    }

    /// Takes up a batch of an earlier run of the server: what runs in an interpreter is waited for.
    pub fn recover(self: &Arc<Self>) {
        if self.state().is_finished() {
            return;
        }
        let batch = Arc::clone(self);
        self.parts.tasks.spawn("livy batch", async move {
            let _running = batch.running.lock().await;
            let lost = || Err(hearth_base::condition::SERVER_STOPPED.error());
            let outcome = match &batch.facts.interpreter {
                None => lost(),
                Some(handle) => match batch.parts.interpreters.reattach(handle, batch.spec()).await {
                    Ok(Some(interpreter)) => batch.run_in(interpreter).await,
                    Ok(None) => lost(),
                    Err(error) => Err(error),
                },
            };
            batch.end(outcome).await;
        });
    }

    async fn run(self: &Arc<Self>) -> Result<i32> {
        let silent = |(key, value): (&String, &String)| (key.clone(), Some(value.clone()));
        let settings = self.facts.resources.conf.iter().filter(|(key, _)| key.starts_with("spark.sql."));
        let pairs: Vec<_> = settings.map(silent).collect();
        if !pairs.is_empty() {
            self.spark.session().engine.configure(ConfigRequest::Set { pairs, silent: true }).await?;
        }
        match application(&self.facts.file) {
            Ok(Application::Sql) => self.run_sql().await,
            Ok(Application::Python | Application::Jar) | Err(_) => {
                let interpreter = tokio::select! {
                    started = self.parts.interpreters.start(self.spec()) => started?,
                    () = self.cancel.cancelled() => return Err(hearth_base::condition::OPERATION_CANCELED.error()),
                };
                self.run_in(interpreter).await
            }
        }
    }

    fn spec(&self) -> InterpreterSpec {
        let facts = &self.facts;
        InterpreterSpec {
            language: Language::Python,
            principal: Principal::named(&facts.principal),
            session: self.spark.session().key.session.clone(),
            name: facts.name.clone().unwrap_or_else(|| format!("livy-batch-{}", facts.id)),
            conf: facts.resources.conf.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            dependencies: parts::dependencies(&facts.resources),
            run_as: facts.proxy_user.clone().filter(|_| self.parts.settings.run_as_proxy_user),
        }
    }

    async fn run_in(&self, interpreter: Arc<dyn Interpreter>) -> Result<i32> {
        {
            let mut life = self.life.lock();
            life.interpreter = Some(Arc::clone(&interpreter));
            life.state = State::Running;
        }
        self.save().await?;
        let reply = Arc::new(OnceLock::new());
        let request = self.request().await?;
        let work = Work::Code(CodeWork { interpreter, id: REQUEST, request, reply: Arc::clone(&reply) });
        let failure = self.operate(work, self.facts.file.clone(), Bounds::default()).await?.failure();
        match (reply.get(), failure) {
            (Some(Reply::Exit(code)), _) => Ok(*code),
            (_, Some(error)) => Err((*error).clone()),
            (Some(Reply::Output(_) | Reply::Job(_)) | None, None) => Err(Ending::Stopped.to_error()),
        }
    }

    async fn request(&self) -> Result<CodeRequest> {
        let facts = &self.facts;
        let submit = self.parts.settings.spark_submit.as_ref();
        if let (Ok(Application::Jar), Some(program)) = (application(&facts.file), submit) {
            let file = submit::waiter(&self.spark.session().folder).await?;
            let args = submit::command(program, &self.parts.settings.spark_master, facts);
            return Ok(CodeRequest::Application { file, args });
        }
        let file = parts::local_path(&facts.file).unwrap_or_else(|| facts.file.clone().into());
        Ok(CodeRequest::Application { file, args: facts.args.clone() })
    }

    async fn operate(&self, work: Work, description: String, bounds: Bounds) -> Result<Arc<hearth_core::Operation>> {
        let submission = Submission {
            id: None,
            work,
            tags: vec![format!("livy-batch-{}", self.facts.id)],
            reattachable: false,
            description,
            origin: self.parts.origin(format!("batches/{}", self.facts.id)),
            bounds,
        };
        let session = self.spark.session();
        let operation = self.parts.hearth.operations.submit(session, submission).await?;
        tokio::select! {
            biased;
            () = operation.log.ended() => {}
            () = self.cancel.cancelled() => {
                operation.request_cancel();
                self.parts.hearth.operations.interrupt(session, |operation| !operation.runs_code);
                operation.log.ended().await;
            }
        }
        session.forget(&operation.id);
        Ok(operation)
    }

    async fn run_sql(&self) -> Result<i32> {
        self.life.lock().state = State::Running;
        self.save().await?;
        let file = parts::local_path(&self.facts.file).unwrap_or_else(|| self.facts.file.clone().into());
        let text = match read(&file).await {
            Ok(text) => text,
            Err(message) => {
                self.say(message);
                return Ok(1);
            }
        };
        let statements: Vec<String> = hearth_sql::split_statements(&text)?.into_iter().map(str::to_owned).collect();
        for statement in statements {
            let rows = self.parts.settings.sql_rows;
            let bounds = Bounds { rows: i64::try_from(rows).ok(), ..Bounds::default() };
            let work = Work::Sql(SqlWork::spark(statement.clone()));
            let operation = self.operate(work, statement, bounds).await?;
            if let Some(error) = operation.failure() {
                self.say(error.to_string());
                return Ok(1);
            }
            if let Output::Ok { data } = output::sql_output(&operation, rows).await? {
                for line in data.iter().flat_map(|(_, json)| output::texts(json)) {
                    self.say(line.join("\t"));
                }
            }
        }
        Ok(0)
    }

    /// Adds lines to the batch's log.
    fn say(&self, text: String) {
        let (mut life, most) = (self.life.lock(), self.parts.settings.log_lines);
        life.log.extend(text.lines().map(ToOwned::to_owned));
        let skipped = life.log.len().saturating_sub(most);
        life.log.drain(..skipped);
    }

    async fn end(&self, outcome: Result<i32>) {
        let interpreter = self.life.lock().interpreter.clone();
        if let Some(interpreter) = interpreter {
            let lines = output_of(interpreter.as_ref(), self.parts.settings.log_lines).await;
            lines.into_iter().for_each(|line| self.say(line));
            interpreter.stop().await;
        }
        let state = match outcome {
            Ok(0) => State::Success,
            _ if self.cancel.is_cancelled() => State::Killed,
            Ok(code) => {
                self.say(format!("The application ended with exit code {code}."));
                State::Dead
            }
            Err(error) => {
                self.say(error.to_string());
                State::Dead
            }
        };
        {
            let mut life = self.life.lock();
            (life.state, life.finished_at, life.interpreter) = (state, Some(self.parts.now()), None);
        }
        let key = &self.spark.session().key;
        self.parts.hearth.sessions.close(&self.spark.session().principal, &key.session, false).await;
        if let Err(error) = self.save().await {
            tracing::error!(batch = self.facts.id, %error, "the end of a batch is not in the store");
        }
    }

    /// Stops it, if it runs. Returns when nothing of it runs.
    pub async fn stop(&self) {
        self.cancel.cancel();
        drop(self.running.lock().await);
    }
}

/// How a file is run; an error for what this server does not run.
fn application(file: &str) -> LivyResult<Application> {
    let extension = Path::new(file).extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("py") => Ok(Application::Python),
        Some("sql") => Ok(Application::Sql),
        Some("jar") => Ok(Application::Jar),
        _ => Err(LivyError::rejected(format!(
            "the application {file} is neither a Python (.py) nor a SQL (.sql) file nor a jar"
        ))),
    }
}

async fn read(file: &Path) -> std::result::Result<String, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
    let size = tokio::fs::metadata(file).await.map_err(failed)?.len();
    if size > MAX_SQL_FILE {
        return Err(format!("{} is larger than {MAX_SQL_FILE} bytes", file.display()));
    }
    tokio::fs::read_to_string(file).await.map_err(failed)
}

/// Standard output and error together, as a terminal shows them.
async fn output_of(interpreter: &dyn Interpreter, lines: usize) -> Vec<String> {
    let log = interpreter.log(lines).await;
    log.stdout.into_iter().chain(log.stderr).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn files_say_by_their_names_how_they_are_run() {
        assert_eq!(application("/a/b.py").unwrap(), Application::Python);
        assert_eq!(application("file:///a/B.SQL").unwrap(), Application::Sql);
        assert_eq!(application("/a/b.jar").unwrap(), Application::Jar);
        assert!(application("/a/b").is_err());
    }
}
