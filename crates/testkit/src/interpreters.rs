//! `FakeInterpreters`: interpreters without processes, for tests of doors.
//!
//! The code is the script: `fail` is an error of the code, `wait` runs until it is cancelled and then says
//! `KeyboardInterrupt`, `stuck` does not heed a cancel and gets the interpreter killed, `die` ends the interpreter, and
//! anything else comes back as `text/plain`. For an application the stem of its file is the script. Calls are recorded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use hearth_base::condition::INTERPRETER_MISSING;
use hearth_base::{Error, Result};
use hearth_core::interpreter::{
    CodeRequest, Dependency, Ending, Interpreter, InterpreterHost, InterpreterLog, InterpreterSpec, Language, Output,
    Reply,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Gate;

/// What a door asked for.
#[derive(Debug, Clone)]
pub enum Call {
    Start(Box<InterpreterSpec>),
    Reattach(String, Box<InterpreterSpec>),
    CleanUp(Vec<String>),
    Shutdown { keep: bool },
    Run(u64, CodeRequest),
    Complete(String, usize),
    Add(Dependency),
    Stop(String),
}

type Calls = Arc<Mutex<Vec<Call>>>;

#[derive(Debug, Default)]
pub struct FakeInterpreters {
    calls: Calls,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    missing: HashSet<Language>,
    refusal: Option<Error>,
    gate: Option<Gate>,
    /// By handle.
    living: HashMap<String, Arc<FakeInterpreter>>,
    started: usize,
}

impl FakeInterpreters {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Says from now on that the parts of this language are missing.
    pub fn miss(&self, language: Language) {
        self.state.lock().missing.insert(language);
    }

    /// Answers every start from now on with this error.
    pub fn refuse_starts(&self, error: Error) {
        self.state.lock().refusal = Some(error);
    }

    /// Holds every start from now on until the gate opens.
    pub fn hold_starts(&self, gate: Gate) {
        self.state.lock().gate = Some(gate);
    }

    /// Ends all interpreters, so that `reattach` finds none of them.
    pub fn lose_all(&self) {
        for interpreter in self.state.lock().living.values() {
            interpreter.end(Ending::Died { message: "Killed".to_owned() });
        }
    }

    /// Everything that was asked for, in its order.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().clone()
    }

    /// The interpreters that run.
    pub fn living(&self) -> Vec<Arc<FakeInterpreter>> {
        let state = self.state.lock();
        state.living.values().filter(|interpreter| interpreter.ending.borrow().is_none()).cloned().collect()
    }
}

#[async_trait]
impl InterpreterHost for FakeInterpreters {
    async fn check(&self, language: Language) -> Result<()> {
        if !self.state.lock().missing.contains(&language) {
            return Ok(());
        }
        let name = language.name();
        Err(INTERPRETER_MISSING
            .with("kind", name)
            .with("missing", format!("the parts of {name}"))
            .with("command", format!("install {name}")))
    }

    async fn start(&self, spec: InterpreterSpec) -> Result<Arc<dyn Interpreter>> {
        self.calls.lock().push(Call::Start(Box::new(spec.clone())));
        self.check(spec.language).await?;
        let gate = self.state.lock().gate.clone();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        let mut state = self.state.lock();
        if let Some(error) = &state.refusal {
            return Err(error.clone());
        }
        state.started += 1;
        let interpreter = Arc::new(FakeInterpreter {
            handle: format!("fake-{}", state.started),
            spec,
            calls: self.calls.clone(),
            ending: watch::Sender::new(None),
            replies: Mutex::default(),
            log: Mutex::default(),
        });
        state.living.insert(interpreter.handle.clone(), interpreter.clone());
        Ok(interpreter)
    }

    async fn reattach(&self, handle: &str, spec: InterpreterSpec) -> Result<Option<Arc<dyn Interpreter>>> {
        self.calls.lock().push(Call::Reattach(handle.to_owned(), Box::new(spec)));
        let found = self.living().into_iter().find(|interpreter| interpreter.handle == handle);
        Ok(found.map(|interpreter| interpreter as Arc<dyn Interpreter>))
    }

    async fn clean_up(&self, kept: &[String]) -> usize {
        self.calls.lock().push(Call::CleanUp(kept.to_vec()));
        let left: Vec<_> =
            self.living().into_iter().filter(|interpreter| !kept.contains(&interpreter.handle)).collect();
        for interpreter in &left {
            interpreter.end(Ending::Stopped);
        }
        left.len()
    }

    async fn shutdown(&self, keep: bool) {
        self.calls.lock().push(Call::Shutdown { keep });
        if !keep {
            for interpreter in self.living() {
                interpreter.end(Ending::Stopped);
            }
        }
    }
}

#[derive(Debug)]
pub struct FakeInterpreter {
    handle: String,
    pub spec: InterpreterSpec,
    calls: Calls,
    ending: watch::Sender<Option<Ending>>,
    /// What was answered, by id.
    replies: Mutex<HashMap<u64, Reply>>,
    log: Mutex<InterpreterLog>,
}

impl FakeInterpreter {
    /// Ends it as if by itself.
    pub fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(ending);
            }
            is_first
        });
    }

    async fn follow(&self, script: &str, cancel: &CancellationToken) -> Result<Output> {
        match script {
            "fail" => Ok(error_output("ValueError", "told to fail")),
            "wait" => {
                cancel.cancelled().await;
                Ok(error_output("KeyboardInterrupt", ""))
            }
            "stuck" => {
                cancel.cancelled().await;
                let message = "it did not stop within interpreter.cancel_grace and was killed".to_owned();
                self.end(Ending::Died { message });
                Err(self.ended().await.to_error())
            }
            "die" => {
                self.end(Ending::Died { message: "told to die".to_owned() });
                Err(self.ended().await.to_error())
            }
            code => {
                let text = serde_json::Value::from(code).to_string();
                Ok(Output::Ok { data: vec![("text/plain".to_owned(), text)] })
            }
        }
    }
}

fn error_output(name: &str, value: &str) -> Output {
    Output::Error { name: name.to_owned(), value: value.to_owned(), traceback: vec![format!("{name}: {value}\n")] }
}

#[async_trait]
impl Interpreter for FakeInterpreter {
    fn language(&self) -> Language {
        self.spec.language
    }

    fn handle(&self) -> String {
        self.handle.clone()
    }

    async fn run(&self, id: u64, request: CodeRequest, cancel: &CancellationToken) -> Result<Reply> {
        self.calls.lock().push(Call::Run(id, request.clone()));
        if let Some(reply) = self.replies.lock().get(&id) {
            return Ok(reply.clone());
        }
        let script = match &request {
            CodeRequest::Execute { code } => code.clone(),
            CodeRequest::Job { job } => job.clone(),
            CodeRequest::Application { file, .. } => {
                file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
            }
        };
        self.log.lock().stdout.push(format!("ran {script}"));
        let output = tokio::select! {
            ending = self.ended() => return Err(ending.to_error()),
            output = self.follow(&script, cancel) => output?,
        };
        let reply = match (request, output) {
            (CodeRequest::Execute { .. }, output) => Reply::Output(output),
            (CodeRequest::Job { job }, Output::Ok { .. }) => Reply::Job(Ok(job)),
            (CodeRequest::Job { .. }, Output::Error { name, value, .. }) => Reply::Job(Err(format!("{name}: {value}"))),
            (CodeRequest::Application { .. }, output) => {
                self.end(Ending::Stopped);
                Reply::Exit(i32::from(matches!(output, Output::Error { .. })))
            }
        };
        self.replies.lock().insert(id, reply.clone());
        Ok(reply)
    }

    /// Two names that begin with what stands before the cursor.
    async fn complete(&self, code: &str, cursor: usize) -> Result<Vec<String>> {
        self.calls.lock().push(Call::Complete(code.to_owned(), cursor));
        let prefix: String = code.chars().take(cursor).collect();
        Ok(vec![format!("{prefix}_one"), format!("{prefix}_two")])
    }

    async fn add(&self, dependency: Dependency) -> Result<()> {
        self.calls.lock().push(Call::Add(dependency));
        Ok(())
    }

    async fn log(&self, lines: usize) -> InterpreterLog {
        let newest = |all: &[String]| all[all.len().saturating_sub(lines)..].to_vec();
        let log = self.log.lock();
        InterpreterLog { stdout: newest(&log.stdout), stderr: newest(&log.stderr) }
    }

    async fn ended(&self) -> Ending {
        let mut ending = self.ending.subscribe();
        match ending.wait_for(Option::is_some).await {
            Ok(ending) => ending.clone().unwrap_or(Ending::Stopped),
            // The sender lives in `self`.
            Err(_) => Ending::Stopped,
        }
    }

    async fn stop(&self) {
        self.calls.lock().push(Call::Stop(self.handle.clone()));
        self.end(Ending::Stopped);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::SessionId;
    use hearth_core::Principal;

    use super::*;

    fn spec() -> InterpreterSpec {
        InterpreterSpec {
            language: Language::Python,
            principal: Principal::named("ada"),
            session: SessionId::random(),
            name: "test".to_owned(),
            conf: Vec::new(),
            dependencies: Vec::new(),
            run_as: None,
        }
    }

    fn code(code: &str) -> CodeRequest {
        CodeRequest::Execute { code: code.to_owned() }
    }

    #[tokio::test]
    async fn code_is_the_script() {
        let host = FakeInterpreters::new();
        let interpreter = host.start(spec()).await.unwrap();
        let cancel = CancellationToken::new();
        let reply = interpreter.run(1, code("1 + 1"), &cancel).await.unwrap();
        let data = vec![("text/plain".to_owned(), "\"1 + 1\"".to_owned())];
        assert_eq!(reply, Reply::Output(Output::Ok { data }));
        cancel.cancel();
        let reply = interpreter.run(2, code("wait"), &cancel).await.unwrap();
        assert!(matches!(reply, Reply::Output(Output::Error { name, .. }) if name == "KeyboardInterrupt"));
        assert!(interpreter.run(3, code("die"), &cancel).await.is_err());
        assert!(host.reattach(&interpreter.handle(), spec()).await.unwrap().is_none());
    }
}
