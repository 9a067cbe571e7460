//! Answers as they come: envelopes one behind the other, each behind its length (a varint), in a chunked body.
//!
//! Each response of the operation is an envelope, `ResultComplete` of a reattachable one included; a failure is the last
//! envelope. As over gRPC, a reattachable stream may end before its `ResultComplete`: the client reattaches. Requests in
//! JSON get lines of JSON. A slow client holds up the stream, and the stream the work.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use hearth_proto::connect as pb;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pb::response_envelope::ResponseType as Member;
use prost::{Message, Name};
use tonic::Status;

use super::answer::{status_of, wrap};
use super::json;
use super::read::{ENVELOPES, Form, Format};
use crate::service::ResponseStream;

pub(super) fn response(form: Form, responses: ResponseStream) -> Response {
    body(form, responses)
}

/// The stream of a call that failed at once.
pub(super) fn failed(form: &Form, status: &Status) -> Response {
    body(form.clone(), futures::stream::iter([Err(status.clone())]))
}

fn body<S>(form: Form, responses: S) -> Response
where
    S: Stream<Item = Result<pb::ExecutePlanResponse, Status>> + Send + 'static,
{
    let content_type = match form.format {
        Format::Protobuf => ENVELOPES,
        Format::Json => "application/x-ndjson",
    };
    // Compression asks again behind the end.
    let frames = responses.map(move |outcome| Ok::<Bytes, Infallible>(frame(&form, outcome))).fuse();
    (StatusCode::OK, [(CONTENT_TYPE, content_type)], Body::from_stream(frames)).into_response()
}

fn frame(form: &Form, outcome: Result<pb::ExecutePlanResponse, Status>) -> Bytes {
    let member = match outcome {
        Ok(response) => Member::ExecutePlanResponse(response),
        Err(status) => Member::Status(status_of(&status)),
    };
    let envelope = wrap(form, member);
    match form.format {
        Format::Protobuf => envelope.encode_length_delimited_to_vec().into(),
        Format::Json => {
            let line = json::from_wire(&pb::ResponseEnvelope::full_name(), envelope.encode_to_vec().into());
            [&line[..], b"\n"].concat().into()
        }
    }
}
