//! One request, from the pull to the last push.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use hearth_proto::decode::decode_message;
use hearth_proto::limits::MAX_PLAN_DEPTH;
use hearth_proto::{dataframe_processor, rpc, worker};
use hearth_remote::upstream::{Failure, Responses};
use prost::{Message, Name};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::gateway::Refusal;
use super::{Agent, FIRST_PAUSE, LONGEST_PAUSE};
use crate::answer::{Whole, encode_part, encode_whole};
use crate::call::{CallKind, bare_name};
use crate::status;

/// How long a part waits for more responses before it goes: small answers are one push, slow ones are seen early.
const LINGER: Duration = Duration::from_millis(50);
/// Parts that wait to be pushed, beside the one that is.
const READ_AHEAD: usize = 1;
/// How long a push is tried while the gateway is away.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long an interrupt may take: the slot that takes them also shows that the worker is alive.
const INTERRUPT_PATIENCE: Duration = Duration::from_secs(20);

/// Why an answer goes no further.
enum Stop {
    /// Nobody waits for it.
    Gone,
    /// The gateway does not take it.
    Refused(String),
}

impl Agent {
    pub(super) async fn work(&self, request: Bytes) {
        let request: dataframe_processor::Request = match decode_message(request, MAX_PLAN_DEPTH) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(%error, "the gateway sent what is no request");
                return;
            }
        };
        let payload = request.payload.unwrap_or_default();
        let id = request.request_id;
        match CallKind::of_request(&payload.type_url) {
            Some(CallKind::ExecutePlan) => self.execute(&id, payload.value.into()).await,
            Some(kind) => {
                let answer = self.call(kind, payload.value.into()).await;
                self.answer(&id, answer).await;
            }
            None => {
                let message = format!("This worker does not know {}.", bare_name(&payload.type_url));
                self.answer(&id, Err(status::plain(status::UNIMPLEMENTED, message))).await;
            }
        }
    }

    async fn answer(&self, id: &str, answer: Result<Whole, rpc::Status>) {
        let Err(Stop::Refused(reason)) = self.push(encode_whole(id, answer).into()).await else { return };
        drop(self.push(encode_whole(id, Err(refused(&reason))).into()).await);
    }

    /// A call that is answered whole.
    async fn call(&self, kind: CallKind, wire: Bytes) -> Result<Whole, rpc::Status> {
        let target = &self.target;
        let answer = match kind {
            CallKind::ExecutePlan => return Err(status::plain(status::INTERNAL, "an execution is answered in parts")),
            CallKind::AnalyzePlan => {
                target.analyze_plan(read(wire)?).await.map(|answer| Whole::AnalyzePlan(Box::new(answer)))
            }
            CallKind::Config => target.config(read(wire)?).await.map(Whole::Config),
            CallKind::AddArtifacts => self.uploads.take(read(wire)?).await.map(Whole::AddArtifacts),
            CallKind::ArtifactStatus => target.artifact_status(read(wire)?).await.map(Whole::ArtifactStatus),
            CallKind::Interrupt => {
                let interrupt = target.interrupt(read(wire)?);
                let late = |_| Failure::Lost("the interrupt took too long".to_owned());
                let answer = tokio::time::timeout(INTERRUPT_PATIENCE, interrupt).await.map_err(late);
                answer.and_then(|answer| answer).map(Whole::Interrupt)
            }
            CallKind::ReleaseSession => target.release_session(read(wire)?).await.map(Whole::ReleaseSession),
            CallKind::CloneSession => target.clone_session(read(wire)?).await.map(Whole::CloneSession),
            CallKind::FetchErrorDetails => {
                target.fetch_error_details(read(wire)?).await.map(|answer| Whole::FetchErrorDetails(Box::new(answer)))
            }
        };
        answer.map_err(|failure| self.failed(failure))
    }

    fn failed(&self, failure: Failure) -> rpc::Status {
        status::of_failure(failure, &self.name)
    }

    /// Reads ahead while a part is pushed. When the gateway does not want more, the responses are dropped, and with
    /// them the work.
    async fn execute(&self, id: &str, wire: Bytes) {
        let responses = match read(wire) {
            Ok(plan) => self.target.execute_plan(plan).await.map_err(|failure| self.failed(failure)),
            Err(status) => Err(status),
        };
        let responses = match responses {
            Ok(responses) => responses,
            Err(status) => {
                drop(self.end(id, 0, status).await);
                return;
            }
        };
        let (parts, mut pushed) = mpsc::channel(READ_AHEAD);
        let reading = async {
            self.read(responses, parts).await;
            Ok(())
        };
        let pushing = async {
            while let Some(part) = pushed.recv().await {
                self.push(encode_part(id, &part).into()).await.map_err(|stop| (part.sequence, stop))?;
            }
            Ok(())
        };
        if let Err((sequence, Stop::Refused(reason))) = futures::future::try_join(reading, pushing).await {
            drop(self.end(id, sequence, refused(&reason)).await);
        }
    }

    async fn end(&self, id: &str, sequence: u64, status: rpc::Status) -> Result<(), Stop> {
        let part = worker::Part { sequence, responses: Vec::new(), last: true, status: Some(status) };
        self.push(encode_part(id, &part).into()).await
    }

    /// Puts responses together to parts.
    async fn read(&self, mut responses: Responses, parts: mpsc::Sender<worker::Part>) {
        for sequence in 0.. {
            let part = self.gather(sequence, &mut responses).await;
            let is_last = part.last;
            if parts.send(part).await.is_err() || is_last {
                return;
            }
        }
    }

    async fn gather(&self, sequence: u64, responses: &mut Responses) -> worker::Part {
        let mut part = worker::Part { sequence, ..worker::Part::default() };
        let mut size = 0;
        while size < self.part_size {
            let next = if part.responses.is_empty() {
                responses.next().await
            } else {
                let Ok(next) = tokio::time::timeout(LINGER, responses.next()).await else { break };
                next
            };
            match next {
                Some(Ok(response)) => {
                    size += u64::try_from(response.encoded_len()).unwrap_or(u64::MAX);
                    part.responses.push(response);
                }
                Some(Err(failure)) => {
                    part.status = Some(self.failed(failure));
                    part.last = true;
                    break;
                }
                None => {
                    part.last = true;
                    break;
                }
            }
        }
        part
    }

    /// Pushes until it is taken. Safe to repeat: what was taken before is refused as such.
    async fn push(&self, response: Bytes) -> Result<(), Stop> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.gateway.push(response.clone()).await {
                Ok(()) | Err(Refusal::Taken) => {
                    self.is_back();
                    return Ok(());
                }
                Err(Refusal::Gone) => return Err(Stop::Gone),
                Err(Refusal::Refused(reason)) => return Err(Stop::Refused(reason)),
                // The reader of the answer is slow; however long that lasts, it is no trouble.
                Err(Refusal::Busy) => tokio::time::sleep(FIRST_PAUSE).await,
                Err(refusal @ Refusal::Away(_)) => {
                    self.is_gone(&refusal);
                    if Instant::now() >= deadline {
                        return Err(Stop::Gone);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

fn read<M: Message + Name + Default>(wire: Bytes) -> Result<M, rpc::Status> {
    decode_message(wire, MAX_PLAN_DEPTH)
        .map_err(|error| status::plain(status::INTERNAL, format!("The request of the gateway: {error}.")))
}

fn refused(reason: &str) -> rpc::Status {
    status::plain(status::RESOURCE_EXHAUSTED, format!("The gateway did not take the answer: {reason}"))
}
