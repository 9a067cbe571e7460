//! The desk and the agent as their users see them. Time is paused: leases and timeouts are exact.

mod agent;
mod chaos;
mod desk;
mod http;
mod malformed;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use hearth_base::Result;
use hearth_core::{Principal, WorkerDesk};
use hearth_proto::connect as pb;
use hearth_proto::connect::execute_plan_response::{ArrowBatch, ResponseType};
use hearth_proto::dataframe_processor::Request;
use hearth_proto::worker::Part;
use hearth_remote::Upstream;
use hearth_remote::upstream::{Failure, Responses};
use prost::{Message, Name};

use crate::answer::{Whole, encode_part, encode_whole};
use crate::{Desk, PoolSettings};

const LEASE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(100);

fn settings() -> PoolSettings {
    PoolSettings::named("edge")
}

fn open(settings: PoolSettings) -> (Arc<Desk>, Arc<dyn Upstream>) {
    let desk = Desk::new();
    let pool = desk.pool(settings).unwrap();
    (desk, pool)
}

/// One worker's hand.
#[derive(Debug, Clone)]
struct Hand {
    desk: Arc<Desk>,
    principal: Principal,
    worker: String,
}

impl Hand {
    fn of(desk: &Arc<Desk>, worker: &str) -> Self {
        Self { desk: Arc::clone(desk), principal: Principal::named("robot"), worker: format!("edge/{worker}") }
    }

    async fn pull(&self) -> Option<Request> {
        self.pull_for(SOON).await.unwrap()
    }

    async fn pull_for(&self, wait: Duration) -> Result<Option<Request>> {
        let bytes = self.desk.pull(&self.principal, &self.worker, wait).await?;
        Ok(bytes.map(|bytes| Request::decode(bytes).unwrap()))
    }

    async fn push(&self, bytes: Vec<u8>) -> Result<()> {
        self.desk.push(&self.principal, Bytes::from(bytes)).await
    }

    async fn part(&self, request: &Request, sequence: u64, rows: &[i64], last: bool) -> Result<()> {
        let responses = rows.iter().map(|rows| batch(*rows, 10)).collect();
        self.push(encode_part(&request.request_id, &Part { sequence, responses, last, status: None })).await
    }

    async fn answer(&self, request: &Request, whole: Whole) -> Result<()> {
        self.push(encode_whole(&request.request_id, Ok(whole))).await
    }

    async fn configured(&self, request: &Request) -> Result<()> {
        self.answer(request, Whole::Config(pb::ConfigResponse::default())).await
    }
}

fn payload<M: Message + Name + Default>(request: &Request) -> M {
    let any = request.payload.as_ref().unwrap();
    assert_eq!(any.type_url, format!("type.googleapis.com/{}", M::full_name()));
    M::decode(any.value.as_slice()).unwrap()
}

fn is_of<M: Name>(request: &Request) -> bool {
    request.payload.as_ref().is_some_and(|any| any.type_url.ends_with(&M::full_name()))
}

fn batch(rows: i64, size: usize) -> pb::ExecutePlanResponse {
    let data = Bytes::from(vec![7; size]);
    let batch = ArrowBatch { row_count: rows, data, ..ArrowBatch::default() };
    pb::ExecutePlanResponse { response_type: Some(ResponseType::ArrowBatch(batch)), ..Default::default() }
}

fn rows(response: &pb::ExecutePlanResponse) -> i64 {
    match &response.response_type {
        Some(ResponseType::ArrowBatch(batch)) => batch.row_count,
        other => panic!("{other:?}"),
    }
}

fn user() -> Option<pb::UserContext> {
    Some(pb::UserContext { user_id: "ada".to_owned(), ..pb::UserContext::default() })
}

fn plan(session: &str, operation: &str) -> pb::ExecutePlanRequest {
    pb::ExecutePlanRequest {
        session_id: session.to_owned(),
        user_context: user(),
        operation_id: Some(operation.to_owned()),
        plan: Bytes::from_static(b"\x0a\x00"),
        ..pb::ExecutePlanRequest::default()
    }
}

fn config(session: &str) -> pb::ConfigRequest {
    pb::ConfigRequest { session_id: session.to_owned(), user_context: user(), ..pb::ConfigRequest::default() }
}

fn interrupt_all(session: &str) -> pb::InterruptRequest {
    pb::InterruptRequest {
        session_id: session.to_owned(),
        user_context: user(),
        interrupt_type: pb::interrupt_request::InterruptType::All.into(),
        ..pb::InterruptRequest::default()
    }
}

/// All of an answer: the rows of its batches, and how it ended.
async fn drained(mut responses: Responses) -> (Vec<i64>, Option<Failure>) {
    let mut found = Vec::new();
    while let Some(item) = responses.next().await {
        match item {
            Ok(response) => found.push(rows(&response)),
            Err(failure) => return (found, Some(failure)),
        }
    }
    (found, None)
}

/// The condition of a failure, where it is a status with one.
fn condition(failure: &Failure) -> String {
    let Failure::Status(status) = failure else { panic!("{failure:?}") };
    let info = hearth_proto::rpc::ErrorInfo::decode(status.details[0].value.as_slice()).unwrap();
    info.metadata["errorClass"].clone()
}

fn text(failure: &Failure) -> String {
    match failure {
        Failure::Status(status) => status.message.clone(),
        Failure::Unreachable(reason) | Failure::Lost(reason) => reason.clone(),
    }
}
