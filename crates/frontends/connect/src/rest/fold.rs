//! `Folding`: the whole answer of an operation as one `ExecutePlanResponse`.
//!
//! Clients take one message, and in it one record batch: all rows are put together, up to `rest.max_result_size`. Nothing
//! is held in memory while the operation runs, its log spills; memory is taken for the time from reading to sending.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use hearth_base::clock::EpochMillis;
use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_base::{Error, Result};
use hearth_core::result::{Batch, ReadError};
use hearth_core::{Item, Operation, ResultReader, Session};
use hearth_proto::connect as pb;
use hearth_proto::decode::decode_message;
use hearth_proto::limits::MAX_PLAN_DEPTH;
use pb::execute_plan_response::{ArrowBatch, ResponseType, ResultComplete};
use pb::response_envelope::ResponseType as Member;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tonic::Status;

use super::answer::{Reply, Wrapping, Written};
use super::read::Form;
use super::{MEMORY_UNIT, RestState};
use crate::error::{operation_failure, request_error};
use crate::response_id::Place;
use crate::service::Attached;
use crate::to_wire;

/// How often a waiting request says that somebody waits, and looks at how large the result is.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Results up to this size are put together on the threads that answer requests, and wait for nobody's memory.
const SMALL: u64 = 1 << 20;

/// The memory of an answer; small ones are not counted.
type Memory = Option<OwnedSemaphorePermit>;

/// What a client asks for that wants all of an answer from an item on.
#[derive(Debug, Clone)]
pub(super) struct Folding {
    session: Option<Arc<Session>>,
    pub operation: Arc<Operation>,
    /// The first item.
    pub from: u64,
    pub form: Form,
}

impl Folding {
    pub fn new(form: Form, attached: Attached) -> Self {
        Self { session: attached.session, operation: attached.operation, from: attached.from.0, form }
    }

    /// The answer, if it comes by `until`.
    pub async fn by(&self, state: &RestState, until: Instant) -> Option<Written> {
        self.operation.attend();
        let memory = timeout_at(until, self.ready(state)).await.ok()?;
        Some(self.answer(state, memory).await)
    }

    /// The answer, however long it takes.
    pub async fn whole(&self, state: &RestState) -> Written {
        let memory = self.ready(state).await;
        self.answer(state, memory).await
    }

    /// Stops the operation and lets go of its answer. Says whether it had ended before.
    pub async fn cancel(&self, state: &RestState) -> bool {
        let had_ended = self.operation.state().is_finished();
        let operations = &state.service().hearth.operations;
        if let Err(error) = operations.release(self.session.as_deref(), &self.operation).await {
            tracing::warn!(operation = %self.operation.id, %error, "the result of an operation stays");
        }
        had_ended
    }

    /// When the operation ended, if it has.
    pub fn ended_at(&self) -> Option<EpochMillis> {
        self.operation.finished_at()
    }

    /// Waits until there is something to answer, and for the memory that a large answer takes.
    async fn ready(&self, state: &RestState) -> Memory {
        self.ended(state).await;
        let (size, limit) = (self.size(), state.settings().max_result_size.bytes());
        if size <= SMALL || size > limit {
            return None;
        }
        let units = u32::try_from(size.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX);
        // Nobody closes it.
        Arc::clone(state.memory()).acquire_many_owned(units).await.ok()
    }

    /// Waits until the operation has ended, or has given too much already.
    async fn ended(&self, state: &RestState) {
        let log = &self.operation.log;
        loop {
            tokio::select! {
                biased;
                () = log.ended() => return,
                () = tokio::time::sleep(LOOK_INTERVAL) => self.operation.attend(),
            }
            if self.size() > state.settings().max_result_size.bytes() {
                return;
            }
        }
    }

    fn size(&self) -> u64 {
        u64::try_from(self.operation.log.size().bytes).unwrap_or(0)
    }

    async fn answer(&self, state: &RestState, memory: Memory) -> Written {
        let folded = match self.read(state).await {
            Ok(folded) => folded,
            Err(status) => return Written::new(&self.form, Wrapping::Envelope, Err(status)),
        };
        let form = self.form.clone();
        let write = move || {
            let reply = Reply::member(Member::ExecutePlanResponse(folded.response()?));
            Ok(Written::new(&form, Wrapping::Envelope, Ok(reply)).holding(memory))
        };
        let written = if self.size() <= SMALL {
            write()
        } else {
            state.service().hearth.operations.on_executor("fold", async move { write() }).await
        };
        written.unwrap_or_else(|error| {
            let status = self.failure(&ReadError::from(error));
            Written::new(&self.form, Wrapping::Envelope, Err(status))
        })
    }

    async fn read(&self, state: &RestState) -> Result<Folded, Status> {
        let limit = state.settings().max_result_size;
        if self.size() > limit.bytes() {
            return Err(self.failure(&ReadError::from(too_large(limit))));
        }
        let mut reader = ResultReader::new(Arc::clone(&self.operation.log), self.from);
        let mut folded = Folded::default();
        let mut last = self.from.checked_sub(1).map_or_else(Place::start, Place::whole);
        while let Some((index, item)) = reader.next().await.map_err(|error| self.failure(&error))? {
            last = Place::whole(index);
            folded.add(item).map_err(|error| self.failure(&ReadError::from(error)))?;
        }
        folded.answer.session_id = self.operation.session.to_string();
        folded.answer.server_side_session_id.clone_from(&self.operation.server_session);
        folded.answer.operation_id = self.operation.id.to_string();
        folded.answer.response_id = last.id(&self.operation.id);
        Ok(folded)
    }

    fn failure(&self, error: &ReadError) -> Status {
        // What was let go of does not read; why the work ended says more.
        let why = self.operation.failure();
        let error = why.as_ref().unwrap_or_else(|| error.error());
        match &self.session {
            Some(session) => operation_failure(session, error),
            None => request_error(error),
        }
    }
}

fn too_large(limit: hearth_base::ByteSize) -> Error {
    let hint = "larger ones come as a stream: '?stream=true' on execute-plan or reattach-execute";
    LIMIT_EXCEEDED
        .with("what", "The size of the result")
        .with("limit", "rest.max_result_size")
        .with("value", format!("{limit}; {hint}"))
}

/// The items of an answer, put together.
#[derive(Debug, Default)]
struct Folded {
    answer: pb::ExecutePlanResponse,
    batches: Vec<Batch>,
}

impl Folded {
    fn add(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Schema(schema) => self.answer.schema = Some(to_wire::schema(&schema)),
            Item::Batch(batch) => self.batches.push(batch),
            Item::Answer(bytes) => {
                let more: pb::ExecutePlanResponse = decode_message(bytes, MAX_PLAN_DEPTH)
                    .map_err(|error| Error::internal("an answer does not decode").caused_by(error))?;
                self.merge(more);
            }
            Item::Complete => {}
        }
        Ok(())
    }

    fn merge(&mut self, more: pb::ExecutePlanResponse) {
        let answer = &mut self.answer;
        match (&mut answer.metrics, more.metrics) {
            (Some(metrics), Some(more)) => metrics.metrics.extend(more.metrics),
            (metrics @ None, more) => *metrics = more,
            (Some(_), None) => {}
        }
        answer.observed_metrics.extend(more.observed_metrics);
        if more.schema.is_some() {
            answer.schema = more.schema;
        }
        if weight(more.response_type.as_ref()) >= weight(answer.response_type.as_ref()) {
            answer.response_type = more.response_type;
        }
    }

    fn response(mut self) -> Result<pb::ExecutePlanResponse> {
        if let Some(batch) = joined(self.batches)? {
            self.answer.response_type = Some(ResponseType::ArrowBatch(batch));
        }
        self.answer.response_type.get_or_insert(ResponseType::ResultComplete(ResultComplete {}));
        Ok(self.answer)
    }
}

/// Of several results in one answer, the one that counts.
fn weight(result: Option<&ResponseType>) -> u8 {
    match result {
        None => 0,
        Some(ResponseType::ExecutionProgress(_)) => 1,
        Some(ResponseType::ResultComplete(_)) => 2,
        Some(
            ResponseType::WriteStreamOperationStartResult(_)
            | ResponseType::StreamingQueryCommandResult(_)
            | ResponseType::GetResourcesCommandResult(_)
            | ResponseType::StreamingQueryManagerCommandResult(_)
            | ResponseType::StreamingQueryListenerEventsResult(_)
            | ResponseType::CreateResourceProfileCommandResult(_)
            | ResponseType::CheckpointCommandResult(_)
            | ResponseType::MlCommandResult(_)
            | ResponseType::PipelineEventResult(_)
            | ResponseType::PipelineCommandResult(_)
            | ResponseType::PipelineQueryFunctionExecutionSignal(_)
            | ResponseType::Extension(_),
        ) => 3,
        Some(ResponseType::SqlCommandResult(_)) => 4,
        Some(ResponseType::ArrowBatch(_)) => 5,
    }
}

/// All rows in one record batch of one Arrow IPC stream.
fn joined(mut batches: Vec<Batch>) -> Result<Option<ArrowBatch>> {
    if batches.len() > 1 {
        let empty = batches.iter().find(|batch| batch.rows == 0).cloned();
        batches.retain(|batch| batch.rows > 0);
        if batches.is_empty() {
            batches.extend(empty);
        }
    }
    let row_count = batches.iter().map(|batch| batch.rows).sum();
    let data = match batches.len() {
        0 => return Ok(None),
        1 => batches.swap_remove(0).data,
        _ => concatenated(batches)?,
    };
    Ok(Some(ArrowBatch { row_count, data, ..ArrowBatch::default() }))
}

fn concatenated(batches: Vec<Batch>) -> Result<Bytes> {
    let broken = |error| Error::internal("the rows of a result cannot be put together").caused_by(error);
    let mut parts: Vec<RecordBatch> = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut buffer = Buffer::from(batch.data);
        let mut decoder = StreamDecoder::new();
        while let Some(part) = decoder.decode(&mut buffer).map_err(broken)? {
            parts.push(part);
        }
    }
    let Some(schema) = parts.first().map(RecordBatch::schema) else { return Ok(Bytes::new()) };
    let whole = concat_batches(&schema, &parts).map_err(broken)?;
    drop(parts);
    let mut out = Vec::with_capacity(whole.get_array_memory_size() + 4096);
    let mut writer = StreamWriter::try_new(&mut out, &schema).map_err(broken)?;
    writer.write(&whole).map_err(broken)?;
    writer.finish().map_err(broken)?;
    drop(writer);
    Ok(Bytes::from(out))
}
