//! What workers push, decoded and checked before the pool looks at it.
//!
//! A worker answers with an envelope, with the bare message of the call, or with parts. What is none of these is
//! `Body::Wrong`: the request fails with it, because its worker will not answer again.

use bytes::Bytes;
use hearth_base::Result;
use hearth_base::condition::INVALID_REQUEST;
use hearth_proto::connect as pb;
use hearth_proto::connect::execute_plan_response::ResponseType;
use hearth_proto::connect::response_envelope::ResponseType as Member;
use hearth_proto::dataframe_processor::response::{Code, Result as Pushed};
use hearth_proto::dataframe_processor::{DataframeType, Response};
use hearth_proto::decode::decode_message;
use hearth_proto::limits::MAX_PLAN_DEPTH;
use hearth_proto::{rpc, worker};
use prost::{Message, Name};

use crate::call::{CallKind, TYPE_PREFIX, bare_name};
use crate::status;

/// The answer to a call, whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Whole {
    ExecutePlan(Box<pb::ExecutePlanResponse>),
    AnalyzePlan(Box<pb::AnalyzePlanResponse>),
    Config(pb::ConfigResponse),
    AddArtifacts(pb::AddArtifactsResponse),
    ArtifactStatus(pb::ArtifactStatusesResponse),
    Interrupt(pb::InterruptResponse),
    ReleaseSession(pb::ReleaseSessionResponse),
    CloneSession(pb::CloneSessionResponse),
    FetchErrorDetails(Box<pb::FetchErrorDetailsResponse>),
}

impl Whole {
    pub fn kind(&self) -> CallKind {
        match self {
            Self::ExecutePlan(_) => CallKind::ExecutePlan,
            Self::AnalyzePlan(_) => CallKind::AnalyzePlan,
            Self::Config(_) => CallKind::Config,
            Self::AddArtifacts(_) => CallKind::AddArtifacts,
            Self::ArtifactStatus(_) => CallKind::ArtifactStatus,
            Self::Interrupt(_) => CallKind::Interrupt,
            Self::ReleaseSession(_) => CallKind::ReleaseSession,
            Self::CloneSession(_) => CallKind::CloneSession,
            Self::FetchErrorDetails(_) => CallKind::FetchErrorDetails,
        }
    }
}

/// One push.
#[derive(Debug)]
pub(crate) struct Push {
    pub request: String,
    pub body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Part(Part),
    Whole(Whole),
    Failed(rpc::Status),
    /// The worker has given up the session.
    Reset(String),
    Wrong(String),
}

#[derive(Debug)]
pub(crate) struct Part {
    pub sequence: u64,
    pub responses: Vec<pb::ExecutePlanResponse>,
    pub last: bool,
    pub status: Option<rpc::Status>,
}

/// Reads a push. An error when it does not even say which request it answers.
pub(crate) fn decode(wire: Bytes) -> Result<Push> {
    let response: Response = decode_message(wire, MAX_PLAN_DEPTH)
        .map_err(|error| INVALID_REQUEST.with("message", format!("The response of the worker: {error}.")))?;
    let code = Code::try_from(response.code).map_err(|_| response.code);
    let said = Some(response.error_message).filter(|text| !text.is_empty());
    Ok(Push { request: response.request_id, body: body(code, said, response.result) })
}

fn body(code: std::result::Result<Code, i32>, said: Option<String>, result: Option<Pushed>) -> Body {
    match (code, result) {
        (Ok(Code::SessionResetRequiredError), _) => Body::Reset(said.unwrap_or_default()),
        (Ok(Code::InitError), None) => {
            let reason = said.unwrap_or_else(|| "no reason was given".to_owned());
            Body::Failed(status::plain(status::INTERNAL, format!("The worker could not start: {reason}")))
        }
        (Ok(Code::ExecutionError), None) => {
            let reason = said.unwrap_or_else(|| "The worker failed and gave no reason.".to_owned());
            Body::Failed(status::plain(status::INTERNAL, reason))
        }
        (Ok(Code::Ok | Code::InitError | Code::ExecutionError), Some(Pushed::Payload(payload))) => of_payload(payload),
        (Ok(Code::Ok | Code::InitError | Code::ExecutionError), Some(Pushed::ResultJobUuid(_))) => elsewhere(),
        (Ok(Code::Ok), None) => Body::Wrong("it has no payload".to_owned()),
        (Err(code), _) => Body::Wrong(format!("there is no code {code}")),
    }
}

fn elsewhere() -> Body {
    Body::Wrong("it names a result that is kept elsewhere; only results in the answer are taken".to_owned())
}

fn of_payload(payload: prost_types::Any) -> Body {
    let name = bare_name(&payload.type_url);
    let wire = Bytes::from(payload.value);
    let read = if name == worker::Part::full_name() {
        decode_message::<worker::Part>(wire, MAX_PLAN_DEPTH).map(part)
    } else if name == pb::ResponseEnvelope::full_name() {
        decode_message::<pb::ResponseEnvelope>(wire, MAX_PLAN_DEPTH).map(of_envelope)
    } else if name == pb::ReleaseSessionResponse::full_name() {
        decode_message(wire, MAX_PLAN_DEPTH).map(|message| Body::Whole(Whole::ReleaseSession(message)))
    } else if name == pb::CloneSessionResponse::full_name() {
        decode_message(wire, MAX_PLAN_DEPTH).map(|message| Body::Whole(Whole::CloneSession(message)))
    } else if name == pb::FetchErrorDetailsResponse::full_name() {
        decode_message(wire, MAX_PLAN_DEPTH).map(|message| Body::Whole(Whole::FetchErrorDetails(Box::new(message))))
    } else {
        return Body::Wrong(format!("{name} is no answer"));
    };
    read.unwrap_or_else(|error| Body::Wrong(format!("{name}: {error}")))
}

fn part(part: worker::Part) -> Body {
    let responses = part.responses.into_iter().filter_map(without_end).collect();
    Body::Part(Part { sequence: part.sequence, responses, last: part.last, status: part.status })
}

/// Takes the mark of the end away, and the whole response when it says nothing else.
fn without_end(mut response: pb::ExecutePlanResponse) -> Option<pb::ExecutePlanResponse> {
    if matches!(response.response_type, Some(ResponseType::ResultComplete(_))) {
        response.response_type = None;
        if response.schema.is_none() && response.metrics.is_none() && response.observed_metrics.is_empty() {
            return None;
        }
    }
    Some(response)
}

fn of_envelope(envelope: pb::ResponseEnvelope) -> Body {
    let Some(member) = envelope.response_type else {
        return if envelope.query_id.is_empty() {
            Body::Wrong("the envelope is empty".to_owned())
        } else {
            elsewhere()
        };
    };
    let whole = match member {
        Member::Status(status) => return Body::Failed(status),
        Member::DataframeQueryResult(_) => return elsewhere(),
        Member::ReleaseExecuteResponse(_) => {
            return Body::Wrong("nobody asked for the release of an execution".to_owned());
        }
        // The end of the answer is the end of the push.
        Member::ExecutePlanResponse(response) => {
            Whole::ExecutePlan(Box::new(without_end(response).unwrap_or_default()))
        }
        Member::AnalyzePlanResponse(response) => Whole::AnalyzePlan(Box::new(response)),
        Member::ConfigResponse(response) => Whole::Config(response),
        Member::AddArtifactsResponse(response) => Whole::AddArtifacts(response),
        Member::ArtifactStatusResponse(response) => Whole::ArtifactStatus(response),
        Member::InterruptResponse(response) => Whole::Interrupt(response),
    };
    Body::Whole(whole)
}

/// What a worker pushes for a call that is answered whole.
pub(crate) fn encode_whole(request: &str, answer: std::result::Result<Whole, rpc::Status>) -> Vec<u8> {
    let code = if answer.is_ok() { Code::Ok } else { Code::ExecutionError };
    let payload = match answer {
        Err(status) => in_envelope(Member::Status(status)),
        Ok(Whole::ExecutePlan(message)) => in_envelope(Member::ExecutePlanResponse(*message)),
        Ok(Whole::AnalyzePlan(message)) => in_envelope(Member::AnalyzePlanResponse(*message)),
        Ok(Whole::Config(message)) => in_envelope(Member::ConfigResponse(message)),
        Ok(Whole::AddArtifacts(message)) => in_envelope(Member::AddArtifactsResponse(message)),
        Ok(Whole::ArtifactStatus(message)) => in_envelope(Member::ArtifactStatusResponse(message)),
        Ok(Whole::Interrupt(message)) => in_envelope(Member::InterruptResponse(message)),
        Ok(Whole::ReleaseSession(message)) => any(&message),
        Ok(Whole::CloneSession(message)) => any(&message),
        Ok(Whole::FetchErrorDetails(message)) => any(&*message),
    };
    encode(request, code, payload)
}

/// What a worker pushes of an execution.
pub(crate) fn encode_part(request: &str, part: &worker::Part) -> Vec<u8> {
    let code = if part.status.is_none() { Code::Ok } else { Code::ExecutionError };
    encode(request, code, any(part))
}

fn encode(request: &str, code: Code, payload: prost_types::Any) -> Vec<u8> {
    let response = Response {
        request_id: request.to_owned(),
        dataframe_type: DataframeType::SparkConnect.into(),
        code: code.into(),
        result: Some(Pushed::Payload(payload)),
        error_message: String::new(),
    };
    response.encode_to_vec()
}

fn in_envelope(member: Member) -> prost_types::Any {
    any(&pb::ResponseEnvelope { response_type: Some(member), ..pb::ResponseEnvelope::default() })
}

fn any<M: Message + Name>(message: &M) -> prost_types::Any {
    prost_types::Any { type_url: format!("{TYPE_PREFIX}{}", M::full_name()), value: message.encode_to_vec() }
}

/// A response that waits for its reader, with its size on the wire.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub response: pb::ExecutePlanResponse,
    pub size: u64,
}

impl From<pb::ExecutePlanResponse> for Waiting {
    fn from(response: pb::ExecutePlanResponse) -> Self {
        let size = u64::try_from(response.encoded_len()).unwrap_or(u64::MAX);
        Self { response, size }
    }
}
