//! What a call answers, written in the form that its client reads.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hearth_base::condition::{ENGINE_LOST, ENGINE_UNAVAILABLE};
use hearth_proto::connect as pb;
use hearth_proto::decode::decode_message;
use hearth_proto::limits::MAX_PLAN_DEPTH;
use hearth_proto::rpc;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use hyper::body::{Frame, SizeHint};
use pb::response_envelope::ResponseType as Member;
use prost::{Message, Name};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::json;
use super::read::{Form, Format, HEARTH_STATUS};

/// What a call answers when it succeeds.
#[derive(Debug)]
pub(super) enum Reply {
    /// A member of the envelope.
    Member(Box<Member>),
    /// A message that the envelope has no member for.
    Bare { name: String, bytes: Bytes },
}

impl Reply {
    pub fn member(member: Member) -> Self {
        Self::Member(Box::new(member))
    }

    pub fn bare<M: Message + Name>(message: &M) -> Self {
        Self::Bare { name: M::full_name(), bytes: message.encode_to_vec().into() }
    }
}

/// Whether a call is answered with an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    Envelope,
    Bare,
}

/// An answer, ready to be sent, more than once if need be.
#[derive(Debug, Clone)]
pub(super) struct Written {
    content_type: &'static str,
    /// The code of a call that failed.
    failed: Option<i32>,
    body: Bytes,
    /// The memory that the answer takes, until it is sent.
    held: Option<Arc<OwnedSemaphorePermit>>,
}

impl Written {
    pub fn new(form: &Form, wrapping: Wrapping, outcome: Result<Reply, Status>) -> Self {
        let failed = outcome.as_ref().err().map(|status| status_of(status).code);
        let (name, bytes) = match (outcome, wrapping) {
            (Ok(Reply::Bare { name, bytes }), _) => (name, bytes),
            (Ok(Reply::Member(member)), _) => envelope(form, *member),
            (Err(status), Wrapping::Envelope) => envelope(form, Member::Status(status_of(&status))),
            (Err(status), Wrapping::Bare) => (rpc::Status::full_name(), status_of(&status).encode_to_vec().into()),
        };
        let (content_type, body) = match (form.format, failed, wrapping) {
            (Format::Protobuf, Some(_), Wrapping::Bare) => ("application/vnd.google.rpc.status", bytes),
            (Format::Protobuf, _, _) => ("application/octet-stream", bytes),
            (Format::Json, _, _) => ("application/json", json::from_wire(&name, bytes)),
        };
        Self { content_type, failed, body, held: None }
    }

    /// Holds memory until the answer is sent.
    pub fn holding(mut self, memory: Option<OwnedSemaphorePermit>) -> Self {
        self.held = memory.map(Arc::new);
        self
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static(self.content_type);
        let body = match self.held {
            None => Body::from(self.body),
            Some(held) => Body::new(Sliced { rest: self.body, _held: held }),
        };
        let mut response = (StatusCode::OK, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        if let Some(code) = self.failed {
            response.headers_mut().insert(HEARTH_STATUS, HeaderValue::from(code));
        }
        response
    }
}

fn envelope(form: &Form, member: Member) -> (String, Bytes) {
    let envelope = wrap(form, member);
    (pb::ResponseEnvelope::full_name(), envelope.encode_to_vec().into())
}

pub(super) fn wrap(form: &Form, member: Member) -> pb::ResponseEnvelope {
    pb::ResponseEnvelope {
        request_id: form.request_id.clone(),
        response_type: Some(member),
        ..pb::ResponseEnvelope::default()
    }
}

/// The status as a message, with its details. Its code is never 0, which would be no failure.
pub(super) fn status_of(status: &Status) -> rpc::Status {
    let details = Bytes::copy_from_slice(status.details());
    let whole = decode_message::<rpc::Status>(details, MAX_PLAN_DEPTH).ok().filter(|whole| whole.code != 0);
    let mut whole = whole.unwrap_or_else(|| rpc::Status {
        code: if status.code() == Code::Ok { Code::Unknown.into() } else { status.code().into() },
        message: status.message().to_owned(),
        details: Vec::new(),
    });
    if is_engine_away(status) {
        whole.code = Code::Unavailable.into();
    }
    whole
}

/// Whether work failed since its engine cannot be had. A client of gRPC would send the plan again and again for that code,
/// so there it is another one; over REST the envelope says what it is.
fn is_engine_away(status: &Status) -> bool {
    let details = status.get_error_details();
    let name = details.error_info().and_then(|info| info.metadata.get("errorClass"));
    name.is_some_and(|name| [ENGINE_UNAVAILABLE, ENGINE_LOST].iter().any(|condition| condition.name == name))
}

/// A large body in slices, so that what it holds is held until most of it is on its way.
struct Sliced {
    rest: Bytes,
    _held: Arc<OwnedSemaphorePermit>,
}

const SLICE: usize = 256 * 1024;

impl HttpBody for Sliced {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(SLICE);
        let slice = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
