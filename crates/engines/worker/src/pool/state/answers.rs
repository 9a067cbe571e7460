//! What pushes and readers do to the state of a pool.

use hearth_base::condition::{ANSWERED_ALREADY, INVALID_REQUEST, NO_SUCH_REQUEST};
use hearth_base::{PrincipalId, Result};
use hearth_proto::connect as pb;
use hearth_proto::rpc;
use hearth_remote::upstream::Failure;
use tokio::sync::watch;

use super::{State, WorkerId};
use crate::answer::{Body, Part, Waiting, Whole};
use crate::call::{CallKind, SessionKey};
use crate::queue::CallKey;
use crate::request::RequestEvent;
use crate::status;

/// Whether a push was taken.
#[derive(Debug)]
pub(crate) enum Taken {
    Yes,
    /// There is no room until its reader has taken more; the push comes back.
    Full(Body, watch::Receiver<()>),
}

/// What a reader finds.
#[derive(Debug)]
pub(crate) enum Read {
    Response(Box<pb::ExecutePlanResponse>),
    /// Once; the request is forgotten with it.
    End(std::result::Result<Option<Whole>, Failure>),
    Nothing,
}

impl State {
    /// The worker that has this request, when it is the principal's.
    pub fn holder(&self, request: &str, principal: &PrincipalId) -> Result<WorkerId> {
        let lease = self.leases.get(request).and_then(|key| self.calls.get(key)).and_then(|call| call.lease.as_ref());
        match lease {
            Some(lease) if lease.worker.principal == *principal => Ok(lease.worker.clone()),
            _ if self.answered.get(&request.to_owned()) == Some(principal) => {
                Err(ANSWERED_ALREADY.with("request", request))
            }
            _ => Err(NO_SUCH_REQUEST.with("request", request)),
        }
    }

    /// Takes what a worker says of a request that it has.
    pub fn push(&mut self, request: &str, principal: &PrincipalId, body: Body) -> Result<Taken> {
        self.holder(request, principal)?;
        let key = *self.leases.get(request).ok_or_else(|| NO_SUCH_REQUEST.with("request", request))?;
        let Some(call) = self.calls.get(&key) else { return Err(NO_SUCH_REQUEST.with("request", request)) };
        let (kind, session) = (call.kind, call.session.clone());
        match body {
            Body::Part(_) if kind != CallKind::ExecutePlan => return Err(self.wrong(key, "the call is answered whole")),
            Body::Part(part) => return self.part(key, request, part),
            Body::Whole(whole) if whole.kind() != kind => {
                return Err(self.wrong(key, format!("{:?} was answered to {kind:?}", whole.kind())));
            }
            Body::Whole(_) | Body::Failed(_) if call.sequence > 0 => {
                return Err(self.wrong(key, "it is whole although parts had come"));
            }
            Body::Whole(Whole::ExecutePlan(response)) => {
                self.buffer(key, vec![*response]);
                self.keeps_state(&session);
                self.finish(key, RequestEvent::Finish, Ok(None));
            }
            Body::Whole(whole) => {
                self.keeps_state(&session);
                self.finish(key, RequestEvent::Finish, Ok(Some(whole)));
            }
            Body::Failed(status) => {
                self.has_failed(&session, &status);
                self.finish(key, RequestEvent::Finish, Err(Failure::Status(status)));
            }
            Body::Reset(reason) => {
                self.finish(key, RequestEvent::Finish, Err(status::session_reset(&session, &reason)));
                self.reset(&session, &reason);
            }
            Body::Wrong(reason) => return Err(self.wrong(key, reason)),
        }
        Ok(Taken::Yes)
    }

    fn part(&mut self, key: CallKey, request: &str, part: Part) -> Result<Taken> {
        let limit = self.settings.max_buffered.bytes();
        let Some(call) = self.calls.get_mut(&key) else { return Err(NO_SUCH_REQUEST.with("request", request)) };
        if part.sequence < call.sequence {
            return Err(ANSWERED_ALREADY.with("request", request));
        }
        if part.sequence > call.sequence {
            let message = format!("Part {} of {request} was expected, not {}.", call.sequence, part.sequence);
            return Err(INVALID_REQUEST.with("message", message));
        }
        if part.status.is_some() && !part.last {
            return Err(self.wrong(key, "a part with a status is not the last"));
        }
        if call.buffered >= limit {
            let room = call.room.subscribe();
            return Ok(Taken::Full(Body::Part(part), room));
        }
        let event = if part.last { RequestEvent::Finish } else { RequestEvent::Part };
        let Some(state) = call.state.apply(event) else { return Err(NO_SUCH_REQUEST.with("request", request)) };
        call.sequence += 1;
        let session = call.session.clone();
        match &part.status {
            Some(status) if part.sequence == 0 && part.responses.is_empty() => self.has_failed(&session, status),
            Some(_) | None => self.keeps_state(&session),
        }
        let Some(call) = self.calls.get_mut(&key) else { return Err(NO_SUCH_REQUEST.with("request", request)) };
        if part.last {
            self.buffer(key, part.responses);
            self.finish(key, event, part.status.map_or(Ok(None), |status| Err(Failure::Status(status))));
        } else {
            call.state = state;
            call.began();
            self.buffer(key, part.responses);
        }
        Ok(Taken::Yes)
    }

    /// A worker that could not do the first thing that a session asked for keeps nothing for it: another may do better.
    fn has_failed(&mut self, session: &SessionKey, status: &rpc::Status) {
        if status.code == status::UNAVAILABLE {
            self.unbind_fresh(session);
        } else {
            self.keeps_state(session);
        }
    }

    fn buffer(&mut self, key: CallKey, responses: Vec<pb::ExecutePlanResponse>) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        for response in responses {
            let waiting = Waiting::from(response);
            call.buffered += waiting.size;
            call.buffer.push_back(waiting);
        }
        call.reader.notify_one();
    }

    /// The worker will not answer again, so the request ends with what is wrong.
    fn wrong(&mut self, key: CallKey, reason: impl std::fmt::Display) -> hearth_base::Error {
        self.fail(key, status::bad_answer(&reason));
        INVALID_REQUEST.with("message", format!("The answer is wrong: {reason}."))
    }

    /// The next of an answer.
    pub fn read(&mut self, key: CallKey) -> Read {
        let Some(call) = self.calls.get_mut(&key) else {
            return Read::End(Err(Failure::Lost("the request is gone".to_owned())));
        };
        if let Some(Waiting { response, size }) = call.buffer.pop_front() {
            call.buffered -= size;
            call.room.send_replace(());
            return Read::Response(Box::new(response));
        }
        match call.outcome.take() {
            Some(outcome) => {
                self.calls.remove(&key);
                Read::End(outcome)
            }
            None => Read::Nothing,
        }
    }
}
