//! Programmatic jobs: pickled Python functions. They take their turn among the session's statements.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hearth_core::interpreter::{CodeRequest, CodeWork, Language, Reply};
use hearth_core::{OperationState, Submission, Work};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::LivySession;
use crate::error::{LivyError, LivyResult};
use crate::model::{JobState, JobView, NewJob};
use crate::record::Phase;
use crate::session::run::Task;

/// `livy.max_jobs`: ended jobs that a session keeps.
const MAX_JOBS: usize = 100;
/// The only kind of job that runs without the classes of a JVM.
const PYTHON: &str = "pyspark";
/// What clients of Livy find before the traceback of a job.
const JOB_ERROR: &str = "org.apache.livy.repl.PythonJobException: Client job error:";
/// Livy names it when the request does not.
const DEFAULT_TYPE: &str = "spark";

#[derive(Debug)]
pub(crate) struct Job {
    id: i64,
    job: String,
    cancel: CancellationToken,
    life: Mutex<(JobState, Option<Result<String, String>>)>,
}

impl Job {
    /// Asks the job to end. One that waits has ended thereby.
    pub fn cancel(&self) {
        self.cancel.cancel();
        let mut life = self.life.lock();
        if life.0 == JobState::Sent {
            life.0 = JobState::Cancelled;
        }
    }

    fn is_finished(&self) -> bool {
        matches!(self.life.lock().0, JobState::Cancelled | JobState::Failed | JobState::Succeeded)
    }

    pub fn view(&self) -> JobView {
        let (state, outcome) = self.life.lock().clone();
        let (result, error) = match outcome {
            None => (None, None),
            Some(Ok(result)) => (Some(result), None),
            Some(Err(error)) => (None, Some(error)),
        };
        JobView { id: self.id, state, result, error }
    }

    fn end(&self, state: JobState, outcome: Option<Result<String, String>>) {
        *self.life.lock() = (state, outcome);
    }
}

impl LivySession {
    /// Takes a job on. One that only a JVM could run is answered as failed, with the reason.
    pub async fn submit_job(self: &Arc<Self>, new: NewJob) -> LivyResult<Arc<Job>> {
        if self.phase() != Phase::Ready {
            return Err(LivyError::not_running(self.state()));
        }
        self.touch();
        let job_type = new.job_type.unwrap_or_else(|| DEFAULT_TYPE.to_owned());
        let refusal = (job_type != PYTHON).then(|| {
            format!(
                "Jobs of the type {job_type} are serialized Java objects, which need a Spark driver in a JVM. \
                 This server runs jobs of the type {PYTHON}."
            )
        });
        let id = {
            let mut life = self.life.lock();
            life.jobs = life.jobs.saturating_add(1);
            life.jobs
        };
        self.save().await?;
        let state = if refusal.is_some() { JobState::Failed } else { JobState::Sent };
        let job = Arc::new(Job {
            id,
            job: new.job,
            cancel: CancellationToken::new(),
            life: Mutex::new((state, refusal.clone().map(Err))),
        });
        self.keep_job(&job);
        if refusal.is_none() {
            self.push(Task::Job(Arc::clone(&job)));
        }
        Ok(job)
    }

    fn keep_job(&self, job: &Arc<Job>) {
        let mut jobs = self.jobs.lock();
        while jobs.len() >= MAX_JOBS {
            let Some(oldest) = jobs.iter().find(|(_, job)| job.is_finished()).map(|(id, _)| *id) else { break };
            jobs.remove(&oldest);
        }
        jobs.insert(job.id, Arc::clone(job));
    }

    pub fn job(&self, id: i64) -> Option<Arc<Job>> {
        self.jobs.lock().get(&id).cloned()
    }

    pub(super) async fn run_job(self: &Arc<Self>, job: &Arc<Job>) {
        if job.is_finished() {
            return;
        }
        job.life.lock().0 = JobState::Started;
        let (state, outcome) = match self.run_in_python(job).await {
            Ok(Some(Ok(result))) => (JobState::Succeeded, Some(Ok(result))),
            Ok(Some(Err(error))) => (JobState::Failed, Some(Err(error))),
            Ok(None) => (JobState::Cancelled, None),
            Err(error) => (JobState::Failed, Some(Err(error.text()))),
        };
        let state = if job.cancel.is_cancelled() { JobState::Cancelled } else { state };
        job.end(state, outcome);
    }

    /// `None` when it was cancelled. What goes out is base64 of the interpreter's base64: Livy's driver takes that for the
    /// bytes of the result.
    async fn run_in_python(self: &Arc<Self>, job: &Job) -> hearth_base::Result<Option<Result<String, String>>> {
        let reply = Arc::new(OnceLock::new());
        let work = Work::Code(CodeWork {
            interpreter: self.interpreter(Language::Python).await?,
            id: u64::try_from(job.id).unwrap_or_default() * 2 + 1,
            request: CodeRequest::Job { job: job.job.clone() },
            reply: Arc::clone(&reply),
        });
        let name = format!("sessions/{}/jobs/{}", self.facts.id, job.id);
        let submission = Submission {
            id: None,
            work,
            tags: vec![format!("livy-session-{}", self.facts.id)],
            reattachable: false,
            description: format!("Python job {}", job.id),
            origin: self.parts.origin(name),
            bounds: self.bounds(),
        };
        let operation = self.parts.hearth.operations.submit(self.spark(), submission).await?;
        tokio::select! {
            biased;
            () = operation.log.ended() => {}
            () = job.cancel.cancelled() => {
                operation.request_cancel();
                self.interrupt_engine();
                operation.log.ended().await;
            }
        }
        self.spark().forget(&operation.id);
        match (reply.get(), operation.state(), operation.failure()) {
            (Some(Reply::Job(Ok(result))), _, _) => Ok(Some(Ok(BASE64_STANDARD.encode(result)))),
            (Some(Reply::Job(Err(error))), _, _) => Ok(Some(Err(format!("{JOB_ERROR}{}", error.trim_end())))),
            (_, OperationState::Cancelled, _) | (_, _, None) => Ok(None),
            (_, _, Some(error)) => Ok(Some(Err(error.text()))),
        }
    }
}
