//! One statement of a session: its code, its state machine, its output.

use std::sync::Arc;

use hearth_base::clock::EpochMillis;
use hearth_core::Operation;
use hearth_core::interpreter::Output;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::model::{Kind, StatementState, StatementView};

#[derive(Debug)]
pub(crate) struct Statement {
    pub id: i32,
    pub code: String,
    /// What it is written in; never `Shared`.
    pub kind: Kind,
    /// Ends when the statement is to stop.
    pub cancel: CancellationToken,
    life: Mutex<Life>,
}

#[derive(Debug, Clone)]
struct Life {
    state: StatementState,
    started: EpochMillis,
    completed: EpochMillis,
    output: Option<Output>,
    operation: Option<Arc<Operation>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementEvent {
    Start,
    Cancel,
    End,
}

impl StatementState {
    /// The next state; `None` when the event comes too late.
    pub fn apply(self, event: StatementEvent) -> Option<Self> {
        match (self, event) {
            (Self::Waiting, StatementEvent::Start) => Some(Self::Running),
            (Self::Running, StatementEvent::Cancel) => Some(Self::Cancelling),
            (Self::Running | Self::Waiting, StatementEvent::End) => Some(Self::Available),
            (Self::Waiting, StatementEvent::Cancel) | (Self::Cancelling, StatementEvent::End) => Some(Self::Cancelled),
            (Self::Running | Self::Cancelling, StatementEvent::Start)
            | (Self::Cancelling, StatementEvent::Cancel)
            | (Self::Available | Self::Cancelled, _) => None,
        }
    }
}

/// A statement as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StatementRecord {
    pub id: i32,
    pub code: String,
    pub kind: Kind,
    pub state: StatementState,
    pub started: EpochMillis,
    pub completed: EpochMillis,
    pub output: Option<OutputRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum OutputRecord {
    Ok { data: Vec<(String, String)> },
    Error { name: String, value: String, traceback: Vec<String> },
}

impl From<Output> for OutputRecord {
    fn from(output: Output) -> Self {
        match output {
            Output::Ok { data } => Self::Ok { data },
            Output::Error { name, value, traceback } => Self::Error { name, value, traceback },
        }
    }
}

impl From<OutputRecord> for Output {
    fn from(record: OutputRecord) -> Self {
        match record {
            OutputRecord::Ok { data } => Self::Ok { data },
            OutputRecord::Error { name, value, traceback } => Self::Error { name, value, traceback },
        }
    }
}

impl Statement {
    pub fn new(id: i32, code: String, kind: Kind) -> Self {
        let life = Life { state: StatementState::Waiting, started: 0, completed: 0, output: None, operation: None };
        Self { id, code, kind, cancel: CancellationToken::new(), life: Mutex::new(life) }
    }

    pub fn restore(record: StatementRecord) -> Self {
        let life = Life {
            state: record.state,
            started: record.started,
            completed: record.completed,
            output: record.output.map(Output::from),
            operation: None,
        };
        let cancel = CancellationToken::new();
        Self { id: record.id, code: record.code, kind: record.kind, cancel, life: Mutex::new(life) }
    }

    pub fn record(&self) -> StatementRecord {
        let life = self.life.lock().clone();
        StatementRecord {
            id: self.id,
            code: self.code.clone(),
            kind: self.kind,
            state: life.state,
            started: life.started,
            completed: life.completed,
            output: life.output.map(OutputRecord::from),
        }
    }

    /// The record as it is once the statement has ended so.
    pub fn ended_record(&self, output: Option<Output>, now: EpochMillis) -> StatementRecord {
        let record = self.record();
        StatementRecord {
            state: record.state.apply(StatementEvent::End).unwrap_or(record.state),
            completed: now,
            output: output.map(OutputRecord::from),
            ..record
        }
    }

    pub fn view(&self, progress: f64) -> StatementView {
        let life = self.life.lock().clone();
        StatementView {
            id: self.id,
            code: self.code.clone(),
            progress: if life.state.is_finished() { 1.0 } else { progress },
            state: life.state,
            output: life.output,
            started: life.started,
            completed: life.completed,
        }
    }

    pub fn state(&self) -> StatementState {
        self.life.lock().state
    }

    pub fn is_finished(&self) -> bool {
        self.state().is_finished()
    }

    /// Bytes that the statement's texts and output take.
    pub fn size(&self) -> usize {
        let output = match &self.life.lock().output {
            Some(Output::Ok { data }) => data.iter().map(|(_, value)| value.len()).sum(),
            Some(Output::Error { value, traceback, .. }) => {
                value.len() + traceback.iter().map(String::len).sum::<usize>()
            }
            None => 0,
        };
        self.code.len() + output
    }

    /// The request id by which its interpreter knows it.
    pub fn request(&self) -> u64 {
        u64::try_from(self.id).unwrap_or_default() * 2
    }

    pub fn operation(&self) -> Option<Arc<Operation>> {
        self.life.lock().operation.clone()
    }

    pub fn set_operation(&self, operation: &Arc<Operation>) {
        self.life.lock().operation = Some(Arc::clone(operation));
    }

    /// Moves the state machine; `false` when the event came too late.
    pub fn apply(&self, event: StatementEvent, now: EpochMillis) -> bool {
        let mut life = self.life.lock();
        let Some(next) = life.state.apply(event) else { return false };
        life.state = next;
        if event == StatementEvent::Start {
            life.started = now;
        }
        if next.is_finished() {
            life.completed = now;
            life.operation = None;
        }
        drop(life);
        if event == StatementEvent::Cancel {
            self.cancel.cancel();
        }
        true
    }

    /// Ends the statement with its output, which it keeps even when it was cancelled meanwhile.
    pub fn end(&self, output: Option<Output>, now: EpochMillis) {
        self.life.lock().output = output;
        self.apply(StatementEvent::End, now);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENTS: [StatementEvent; 3] = [StatementEvent::Start, StatementEvent::Cancel, StatementEvent::End];

    proptest! {
        #[test]
        fn a_statement_ends_once(events in proptest::collection::vec(0usize..3, 0..30)) {
            let mut state = StatementState::Waiting;
            let mut ends = 0;
            for event in events {
                let Some(next) = state.apply(EVENTS[event]) else { continue };
                prop_assert!(!state.is_finished());
                ends += usize::from(next.is_finished());
                state = next;
            }
            prop_assert!(ends <= 1);
        }
    }

    #[test]
    fn what_ends_while_it_is_cancelled_is_cancelled_and_keeps_its_output() {
        let statement = Statement::new(0, "1".to_owned(), Kind::Pyspark);
        assert!(statement.apply(StatementEvent::Start, 1));
        assert!(statement.apply(StatementEvent::Cancel, 2));
        assert!(statement.cancel.is_cancelled());
        let output = Output::Ok { data: vec![("text/plain".to_owned(), "\"1\"".to_owned())] };
        statement.end(Some(output.clone()), 3);
        let again = Statement::restore(statement.record()).view(0.0);
        assert_eq!((again.state, again.output), (StatementState::Cancelled, Some(output)));
        assert_eq!((again.started, again.completed, again.progress), (1, 3, 1.0));
    }
}
