//! A session's interpreters: started when first needed, watched, asked for their logs.

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::INTERPRETER_STOPPED;
use hearth_core::interpreter::{Dependency, Ending, InterpreterSpec, Language};
use hearth_core::{EngineKind, Interpreter};

use super::LivySession;
use crate::parts;
use crate::record::{Phase, PhaseEvent};
use crate::statement::StatementEvent;

/// Of `bind` (crates/interpreters/PROTOCOL.md).
const UPLOAD_CLASSES: &str = "hearth.interpreter.upload_classes";

impl LivySession {
    /// The session's interpreter of this language, started if need be.
    pub async fn interpreter(self: &Arc<Self>, language: Language) -> Result<Arc<dyn Interpreter>> {
        let _one_at_a_time = self.starting.lock().await;
        if let Some(known) = self.interpreters.lock().get(&language) {
            return Ok(Arc::clone(known));
        }
        if !matches!(self.phase(), Phase::Starting | Phase::Ready) {
            return Err(INTERPRETER_STOPPED.error());
        }
        let interpreter = tokio::select! {
            started = self.parts.interpreters.start(self.spec(language)) => started?,
            () = self.ending.cancelled() => return Err(INTERPRETER_STOPPED.error()),
        };
        self.adopt(&interpreter);
        self.save().await?;
        Ok(interpreter)
    }

    /// Whether the interpreter of an earlier run of the server is still there; then it is this session's again.
    pub(super) async fn reattach(self: &Arc<Self>, language: Language, handle: &str) -> Result<bool> {
        let found = self.parts.interpreters.reattach(handle, self.spec(language)).await?;
        if let Some(interpreter) = &found {
            self.adopt(interpreter);
        }
        Ok(found.is_some())
    }

    fn spec(&self, language: Language) -> InterpreterSpec {
        let request = &self.facts.request;
        let mut dependencies = parts::dependencies(&request.resources);
        dependencies.extend(self.life.lock().added.iter().cloned());
        InterpreterSpec {
            language,
            principal: self.facts.principal.clone(),
            session: self.spark_id().clone(),
            name: request.name.clone().unwrap_or_else(|| format!("livy-session-{}", self.facts.id)),
            conf: self.interpreter_conf(language),
            dependencies,
            run_as: self.facts.proxy_user.clone().filter(|_| self.parts.settings.run_as_proxy_user),
        }
    }

    /// The conf of the request. An engine with a JVM gets the classes of Scala's cells, so that closures run there.
    fn interpreter_conf(&self, language: Language) -> Vec<(String, String)> {
        let given = self.facts.request.resources.conf.iter();
        let mut conf: Vec<_> = given.map(|(key, value)| (key.clone(), value.clone())).collect();
        let has_jvm = match self.spark().named_engine().kind {
            EngineKind::Embedded => false,
            EngineKind::Cluster | EngineKind::Worker => true,
        };
        if language == Language::Scala && has_jvm {
            conf.push((UPLOAD_CLASSES.to_owned(), "true".to_owned()));
        }
        conf
    }

    fn adopt(self: &Arc<Self>, interpreter: &Arc<dyn Interpreter>) {
        self.interpreters.lock().insert(interpreter.language(), Arc::clone(interpreter));
        let (session, interpreter) = (Arc::clone(self), Arc::clone(interpreter));
        self.parts.tasks.spawn("livy interpreter", async move {
            let ending = interpreter.ended().await;
            session.interpreter_ended(&interpreter, ending).await;
        });
    }

    /// An interpreter that ends by itself takes its session along: what it held is gone.
    async fn interpreter_ended(&self, interpreter: &Arc<dyn Interpreter>, ending: Ending) {
        if ending == Ending::Stopped || !matches!(self.phase(), Phase::Starting | Phase::Ready) {
            return;
        }
        // Who sees the state sees why.
        let log = interpreter.log(self.parts.settings.log_lines).await;
        for line in log.stdout.into_iter().chain(log.stderr) {
            self.note(line);
        }
        self.note(ending.to_error().text());
        if !self.apply(PhaseEvent::InterpreterDied) {
            return;
        }
        let waiting = std::mem::take(&mut self.queue.lock().waiting);
        for task in waiting {
            task.apply(StatementEvent::Cancel, self.parts.now());
            if let Some(statement) = task.statement() {
                self.save_statement(statement).await;
            }
        }
        interpreter.stop().await;
        self.interpreters.lock().remove(&interpreter.language());
        self.save_or_log().await;
    }

    /// Makes a file known to the interpreters that run, and to those that start later.
    pub async fn add(&self, dependency: Dependency) -> Result<()> {
        self.touch();
        let running: Vec<_> = self.interpreters.lock().values().cloned().collect();
        for interpreter in running {
            interpreter.add(dependency.clone()).await?;
        }
        self.life.lock().added.push(dependency);
        Ok(())
    }

    /// The log in Livy's form: what went to standard output, then what went to standard error.
    pub async fn log(&self) -> Vec<String> {
        let lines = self.parts.settings.log_lines;
        let mut stdout: Vec<String> = self.life.lock().notes.iter().cloned().collect();
        let mut stderr = Vec::new();
        let running: Vec<_> = self.interpreters.lock().values().cloned().collect();
        for interpreter in running {
            let log = interpreter.log(lines).await;
            stdout.extend(log.stdout);
            stderr.extend(log.stderr);
        }
        assemble_log(stdout, stderr, lines)
    }
}

/// `stdout: `, its newest lines, `stderr: `, its newest lines.
pub(crate) fn assemble_log(stdout: Vec<String>, stderr: Vec<String>, lines: usize) -> Vec<String> {
    let newest = |all: Vec<String>| {
        let skipped = all.len().saturating_sub(lines);
        all.into_iter().skip(skipped)
    };
    let mut log = vec!["stdout: ".to_owned()];
    log.extend(newest(stdout));
    log.push("\nstderr: ".to_owned());
    log.extend(newest(stderr));
    log
}
