//! Where a request is in its life. Every change goes through `RequestState::apply`.
//!
//! The rule that matters: from `Answering` no event leads back to `Queued`, so a request whose answer began is never
//! handed out again.

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RequestState {
    /// Waits for a worker.
    Queued,
    /// A worker has it and has said nothing yet.
    Leased,
    /// A part of the answer has come.
    Answering,
    /// The whole answer has come.
    Answered,
    Failed,
    /// Nobody waits for the answer any more.
    Cancelled,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RequestEvent {
    /// A worker pulls it.
    Lease,
    /// A part of an answer that is not the last.
    Part,
    /// A whole answer, or the last part of one.
    Finish,
    /// Its worker is lost or never got it, and another may have it.
    Return,
    Fail,
    Cancel,
}

impl RequestState {
    /// The state after `event`, or `None` when the event must not happen in this state.
    pub fn apply(self, event: RequestEvent) -> Option<Self> {
        match (self, event) {
            (Self::Queued, RequestEvent::Lease) => Some(Self::Leased),
            (Self::Leased, RequestEvent::Return) => Some(Self::Queued),
            (Self::Leased | Self::Answering, RequestEvent::Part) => Some(Self::Answering),
            (Self::Leased | Self::Answering, RequestEvent::Finish) => Some(Self::Answered),
            (Self::Queued | Self::Leased | Self::Answering, RequestEvent::Fail) => Some(Self::Failed),
            (Self::Queued | Self::Leased | Self::Answering, RequestEvent::Cancel) => Some(Self::Cancelled),
            (Self::Queued, RequestEvent::Part | RequestEvent::Finish | RequestEvent::Return)
            | (Self::Leased, RequestEvent::Lease)
            | (Self::Answering, RequestEvent::Lease | RequestEvent::Return)
            | (
                Self::Answered | Self::Failed | Self::Cancelled,
                RequestEvent::Lease
                | RequestEvent::Part
                | RequestEvent::Finish
                | RequestEvent::Return
                | RequestEvent::Fail
                | RequestEvent::Cancel,
            ) => None,
        }
    }

    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Leased | Self::Answering => false,
            Self::Answered | Self::Failed | Self::Cancelled => true,
        }
    }

    /// Whether a worker has it.
    pub fn is_out(self) -> bool {
        match self {
            Self::Leased | Self::Answering => true,
            Self::Queued | Self::Answered | Self::Failed | Self::Cancelled => false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENTS: [RequestEvent; 6] = [
        RequestEvent::Lease,
        RequestEvent::Part,
        RequestEvent::Finish,
        RequestEvent::Return,
        RequestEvent::Fail,
        RequestEvent::Cancel,
    ];

    proptest! {
        #[test]
        fn requests_end_once_and_never_run_after_an_answer_began(
            events in prop::collection::vec(prop::sample::select(&EVENTS[..]), 0..40)
        ) {
            let mut state = RequestState::Queued;
            let (mut began, mut ends) = (false, 0);
            for event in events {
                let Some(next) = state.apply(event) else { continue };
                prop_assert!(!state.is_final(), "{state:?} was left by {event:?}");
                prop_assert!(!(began && next == RequestState::Leased), "run again after its answer began");
                prop_assert!(!(began && next == RequestState::Queued), "queued after its answer began");
                if matches!(event, RequestEvent::Part | RequestEvent::Finish) {
                    prop_assert!(state.is_out(), "answered without a worker");
                    began = true;
                }
                ends += u32::from(next.is_final());
                state = next;
            }
            prop_assert!(ends <= 1);
        }
    }
}
