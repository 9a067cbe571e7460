//! One operation: a state machine with a result.
//!
//! Every change of state goes through `OperationState::apply`. The result is written to the operation's `ResultLog`
//! while it runs and is read from there by any door.

use std::sync::Arc;
use std::time::Duration;

use hearth_base::clock::EpochMillis;
use hearth_base::{Clock, Error, ErrorKind, Foreign, OperationId, SessionId};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::progress::Progress;
use crate::result::{Bounds, ResultLog};
use crate::store::{FailureRecord, OperationRecord, Origin};
use crate::{OpContext, Principal};

/// Where an operation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    /// Finished long ago; its result is gone.
    Expired,
}

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationEvent {
    Start,
    Succeed,
    Fail,
    Cancel,
    Expire,
}

impl OperationState {
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::Expired];

    /// The state after `event`, or `None` when the event says nothing in this state (a cancel that came too late, a
    /// success after a cancel).
    pub fn apply(self, event: OperationEvent) -> Option<Self> {
        match (self, event) {
            (Self::Queued, OperationEvent::Start) => Some(Self::Running),
            (Self::Running, OperationEvent::Succeed) => Some(Self::Succeeded),
            (Self::Queued | Self::Running, OperationEvent::Fail) => Some(Self::Failed),
            (Self::Queued | Self::Running, OperationEvent::Cancel) => Some(Self::Cancelled),
            (Self::Succeeded | Self::Failed | Self::Cancelled, OperationEvent::Expire) => Some(Self::Expired),
            (Self::Queued, OperationEvent::Succeed | OperationEvent::Expire)
            | (Self::Running, OperationEvent::Start | OperationEvent::Expire)
            | (
                Self::Succeeded | Self::Failed | Self::Cancelled,
                OperationEvent::Start | OperationEvent::Succeed | OperationEvent::Fail | OperationEvent::Cancel,
            )
            | (
                Self::Expired,
                OperationEvent::Start
                | OperationEvent::Succeed
                | OperationEvent::Fail
                | OperationEvent::Cancel
                | OperationEvent::Expire,
            ) => None,
        }
    }

    pub fn is_finished(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Expired => true,
        }
    }

    /// The word in the store and the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One execution.
#[derive(Debug)]
pub struct Operation {
    pub id: OperationId,
    pub principal: Principal,
    pub session: SessionId,
    /// The incarnation of the session that ran it.
    pub server_session: String,
    pub tags: Vec<String>,
    /// Whether a client may come back for the rest of the answer.
    pub reattachable: bool,
    pub description: String,
    pub origin: Origin,
    pub bounds: Bounds,
    /// It runs in an interpreter, which starts operations of its own in the same session.
    pub runs_code: bool,
    /// Two requests with one id are one operation only if they ask for the same.
    pub work_digest: u64,
    pub progress: Progress,
    pub log: Arc<ResultLog>,
    cancel: CancellationToken,
    /// Counts the streams that sent the answer; the last one is the one that goes on.
    streams: watch::Sender<u64>,
    life: Mutex<Life>,
}

#[derive(Debug, Clone)]
struct Life {
    state: OperationState,
    submitted_at: EpochMillis,
    started_at: Option<EpochMillis>,
    finished_at: Option<EpochMillis>,
    failure: Option<Arc<Error>>,
    /// Kept when the operation was read back from the store, where an `Error` cannot be had any more.
    recorded_failure: Option<FailureRecord>,
    /// Since when nobody reads the answer, as far as the sweep has noticed.
    unattended_since: Option<EpochMillis>,
    abandoned: bool,
}

/// What an operation is made of.
#[derive(Debug)]
pub struct OperationSpec {
    pub id: OperationId,
    pub principal: Principal,
    pub session: SessionId,
    pub server_session: String,
    pub tags: Vec<String>,
    pub reattachable: bool,
    pub description: String,
    pub origin: Origin,
    pub bounds: Bounds,
    pub runs_code: bool,
    pub work_digest: u64,
}

impl Operation {
    pub fn new(spec: OperationSpec, log: Arc<ResultLog>, clock: &Clock, cancel: CancellationToken) -> Self {
        Self {
            id: spec.id,
            principal: spec.principal,
            session: spec.session,
            server_session: spec.server_session,
            tags: spec.tags,
            reattachable: spec.reattachable,
            description: spec.description,
            origin: spec.origin,
            bounds: spec.bounds,
            runs_code: spec.runs_code,
            work_digest: spec.work_digest,
            progress: Progress::default(),
            log,
            cancel,
            streams: watch::Sender::default(),
            life: Mutex::new(Life {
                state: OperationState::Queued,
                submitted_at: clock.now(),
                started_at: None,
                finished_at: None,
                failure: None,
                recorded_failure: None,
                unattended_since: None,
                abandoned: false,
            }),
        }
    }

    /// An operation of an earlier run of the server.
    pub fn restore(record: OperationRecord, log: Arc<ResultLog>) -> Self {
        Self {
            id: record.id,
            principal: Principal { id: record.principal },
            session: record.session,
            server_session: record.server_session,
            tags: record.tags,
            reattachable: record.reattachable,
            description: record.description,
            origin: record.origin,
            bounds: Bounds::default(),
            runs_code: false,
            work_digest: 0,
            progress: Progress::default(),
            log,
            cancel: CancellationToken::new(),
            streams: watch::Sender::default(),
            life: Mutex::new(Life {
                state: record.state,
                submitted_at: record.submitted_at,
                started_at: record.started_at,
                finished_at: record.finished_at,
                failure: None,
                recorded_failure: record.failure,
                unattended_since: None,
                abandoned: false,
            }),
        }
    }

    pub fn context(&self) -> OpContext {
        OpContext {
            principal: self.principal.clone(),
            session: self.session.clone(),
            operation: self.id.clone(),
            cancel: self.cancel.clone(),
        }
    }

    pub fn state(&self) -> OperationState {
        self.life.lock().state
    }

    /// Ended with this error. `None` while running, after success, and for an operation read back from the store.
    pub fn failure(&self) -> Option<Arc<Error>> {
        self.life.lock().failure.clone()
    }

    pub fn recorded_failure(&self) -> Option<FailureRecord> {
        self.life.lock().recorded_failure.clone()
    }

    pub fn finished_at(&self) -> Option<EpochMillis> {
        self.life.lock().finished_at
    }

    /// Makes the caller the one stream that sends the answer. The receiver changes when another one takes over.
    pub fn take_over(&self) -> watch::Receiver<u64> {
        self.streams.send_modify(|count| *count += 1);
        let mut taken = self.streams.subscribe();
        taken.mark_unchanged();
        taken
    }

    /// Asks the work to stop. The state changes when it has.
    pub fn request_cancel(&self) {
        self.cancel.cancel();
    }

    /// Says that a client has asked about the operation: the time after which it is given up starts again.
    pub fn attend(&self) {
        self.life.lock().unattended_since = None;
    }

    /// Gives up work that nobody has read for `patience`. `false` while somebody reads or the time is not over.
    pub(crate) fn abandon(&self, now: EpochMillis, patience: Duration) -> bool {
        let patience = self.bounds.abandon_after.unwrap_or(patience);
        let deadline = now.saturating_sub(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
        let mut life = self.life.lock();
        if self.log.readers() > 0 || !self.reattachable || life.state.is_finished() {
            life.unattended_since = None;
            return false;
        }
        life.abandoned = *life.unattended_since.get_or_insert(now) <= deadline;
        if life.abandoned {
            self.cancel.cancel();
        }
        life.abandoned
    }

    pub fn is_abandoned(&self) -> bool {
        self.life.lock().abandoned
    }

    pub fn is_cancel_requested(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Moves the state machine; `false` when the event came too late.
    pub fn apply(&self, event: OperationEvent, failure: Option<Arc<Error>>, clock: &Clock) -> bool {
        let mut life = self.life.lock();
        let Some(next) = life.state.apply(event) else { return false };
        life.state = next;
        match event {
            OperationEvent::Start => life.started_at = Some(clock.now()),
            OperationEvent::Succeed | OperationEvent::Fail | OperationEvent::Cancel => {
                life.finished_at = Some(clock.now());
            }
            OperationEvent::Expire => {}
        }
        if failure.is_some() {
            life.failure = failure;
        }
        true
    }

    pub fn record(&self) -> OperationRecord {
        let life = self.life.lock().clone();
        let size = self.log.size();
        OperationRecord {
            id: self.id.clone(),
            principal: self.principal.id.clone(),
            session: self.session.clone(),
            server_session: self.server_session.clone(),
            state: life.state,
            reattachable: self.reattachable,
            tags: self.tags.clone(),
            description: self.description.clone(),
            submitted_at: life.submitted_at,
            started_at: life.started_at,
            finished_at: life.finished_at,
            rows: size.rows,
            bytes: size.bytes,
            failure: life.failure.as_deref().map(FailureRecord::of).or(life.recorded_failure),
            origin: self.origin.clone(),
            result: None,
        }
    }
}

impl FailureRecord {
    pub fn of(error: &Error) -> Self {
        Self {
            condition: error.name().to_owned(),
            sqlstate: error.sqlstate().to_owned(),
            message: error.text(),
            parameters: error.named_parameters().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            trailer: error.behind().map(ToOwned::to_owned),
        }
    }

    /// The error again: of the condition that the record names, or another Spark's.
    pub fn to_error(&self) -> Error {
        let Some(condition) = hearth_base::condition::all().find(|condition| condition.name == self.condition) else {
            return self.to_foreign();
        };
        let mut error = Error::new(*condition);
        for (key, value) in &self.parameters {
            // Parameter names are static in the table of conditions; a restored error finds them in its text.
            if let Some(name) = parameter_name(condition.text, key) {
                error = error.with(name, value);
            }
        }
        if let Some(trailer) = &self.trailer {
            error = error.trailer(trailer);
        }
        error.message(self.message.clone())
    }

    fn to_foreign(&self) -> Error {
        let foreign = Foreign {
            condition: Some(self.condition.clone()),
            sqlstate: Some(self.sqlstate.clone()),
            parameters: self.parameters.clone(),
            message: format!(
                "[{}] {} SQLSTATE: {}{}",
                self.condition,
                self.message,
                self.sqlstate,
                self.trailer.as_deref().unwrap_or_default()
            ),
            ..Foreign::default()
        };
        Error::foreign(ErrorKind::of_sqlstate(&self.sqlstate).unwrap_or(ErrorKind::Internal), foreign)
    }
}

/// The static spelling of a parameter that stands as `<key>` in `text`.
fn parameter_name(text: &'static str, key: &str) -> Option<&'static str> {
    text.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(name, _)| name).find(|name| *name == key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVENTS: [OperationEvent; 5] = [
        OperationEvent::Start,
        OperationEvent::Succeed,
        OperationEvent::Fail,
        OperationEvent::Cancel,
        OperationEvent::Expire,
    ];

    proptest! {
        #[test]
        fn a_finished_operation_never_runs_again(events in proptest::collection::vec(0usize..EVENTS.len(), 0..40)) {
            let mut state = OperationState::Queued;
            let mut finishes = 0;
            for event in events {
                let Some(next) = state.apply(EVENTS[event]) else { continue };
                prop_assert_ne!(next, state);
                prop_assert!(!state.is_finished() || next == OperationState::Expired);
                finishes += usize::from(next.is_finished() && next != OperationState::Expired);
                state = next;
            }
            prop_assert!(finishes <= 1);
        }
    }

    #[test]
    fn names_read_back() {
        for state in OperationState::ALL {
            assert_eq!(OperationState::from_name(state.name()), Some(state));
        }
    }

    #[test]
    fn another_sparks_failure_keeps_its_name_and_its_text() {
        let foreign = Foreign {
            condition: Some("STREAM_FAILED".to_owned()),
            sqlstate: Some("XXKST".to_owned()),
            parameters: vec![("id".to_owned(), "1".to_owned())],
            message: "[STREAM_FAILED] The query 1 ended. SQLSTATE: XXKST\n== SQL ==".to_owned(),
            ..Foreign::default()
        };
        let error = Error::foreign(ErrorKind::Runtime, foreign);
        assert_eq!(
            (error.text().as_str(), error.name(), error.sqlstate()),
            ("The query 1 ended.", "STREAM_FAILED", "XXKST")
        );
        let again = FailureRecord::of(&error).to_error();
        assert_eq!(again.to_string(), error.to_string());
        assert_eq!(again.named_parameters().collect::<Vec<_>>(), [("id", "1")]);
    }

    #[test]
    fn a_recorded_failure_keeps_condition_and_parameters() {
        let error = hearth_base::condition::TABLE_OR_VIEW_NOT_FOUND.with("relationName", "`t`");
        let again = FailureRecord::of(&error).to_error();
        assert_eq!(again.to_string(), error.to_string());
        assert_eq!(again.parameters(), error.parameters());
    }
}
