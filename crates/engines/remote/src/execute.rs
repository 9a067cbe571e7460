//! Executions elsewhere, and their responses as a result here.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::ipc::reader::StreamReader;
use bytes::{Buf, Bytes};
use futures::StreamExt;
use hearth_base::condition::{LIMIT_EXCEEDED, OPERATION_CANCELED};
use hearth_base::{Error, OperationId, Result};
use hearth_core::ResultWriter;
use hearth_core::progress::Progress;
use hearth_plan::from_proto;
use hearth_proto::connect as pb;
use hearth_types::{DataType, StructType};
use pb::execute_plan_request::RequestOption;
use pb::execute_plan_request::request_option::RequestOption as Choice;
use pb::execute_plan_response::{ArrowBatch, ExecutionProgress, ResponseType};
use prost::Message;
use tokio_util::sync::CancellationToken;

use crate::interrupt::Stopper;
use crate::link::Link;
use crate::place::Stay;
use crate::upstream::{Failure, Responses};

/// How long an execution keeps others from moving the session, when it says nothing before: what it means is settled then.
const STAY: Duration = Duration::from_secs(10);
/// `engine.max_collected`: bytes of rows that are read for our own use.
const MAX_COLLECTED: usize = 64 << 20;

/// An execution that was begun elsewhere. Dropping it before its end interrupts it.
pub struct Running {
    link: Arc<Link>,
    cancel: CancellationToken,
    responses: Responses,
    stopper: Option<Stopper>,
    /// How it failed. Kept, since asking for the details can be given up and begun again.
    failed: Option<Failure>,
}

impl Running {
    /// Begins to run a plan, whose bytes go on as they are.
    pub async fn begin(
        link: &Arc<Link>,
        cancel: &CancellationToken,
        operation: &OperationId,
        plan: Bytes,
    ) -> Result<Self> {
        let reattach = Choice::ReattachOptions(pb::ReattachOptions { reattachable: true });
        let request = pb::ExecutePlanRequest {
            session_id: link.session.clone(),
            client_observed_server_side_session_id: link.observed(),
            user_context: link.user_context(),
            operation_id: Some(operation.to_string()),
            plan,
            client_type: link.client_type(),
            request_options: vec![RequestOption { request_option: Some(reattach) }],
            tags: Vec::new(),
        };
        let stopper = Stopper::of(link, operation.as_str());
        let begun = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(OPERATION_CANCELED.error()),
            begun = link.upstream.execute_plan(request) => begun,
        };
        match begun {
            Ok(responses) => {
                let (link, cancel) = (Arc::clone(link), cancel.clone());
                Ok(Self { link, cancel, responses, stopper: Some(stopper), failed: None })
            }
            Err(failure) => {
                settle(Some(stopper), &failure);
                Err(link.error(failure).await)
            }
        }
    }

    /// The next response; `None` after the last. A call that is given up loses nothing.
    pub async fn next(&mut self) -> Result<Option<pb::ExecutePlanResponse>> {
        if let Some(failure) = &self.failed {
            return Err(self.link.error(failure.clone()).await);
        }
        let next = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(OPERATION_CANCELED.error()),
            next = self.responses.next() => next,
        };
        match next {
            Some(Ok(response)) => {
                self.link.saw(&response.server_side_session_id);
                Ok(Some(response))
            }
            Some(Err(failure)) => {
                settle(self.stopper.take(), &failure);
                self.failed = Some(failure.clone());
                Err(self.link.error(failure).await)
            }
            None => {
                if let Some(stopper) = self.stopper.take() {
                    stopper.ended();
                }
                Ok(None)
            }
        }
    }
}

/// An execution that failed has ended, unless it was only lost from sight.
fn settle(stopper: Option<Stopper>, failure: &Failure) {
    match failure {
        Failure::Status(_) | Failure::Unreachable(_) => {
            if let Some(stopper) = stopper {
                stopper.ended();
            }
        }
        Failure::Lost(_) => drop(stopper),
    }
}

/// How an answer is written here.
#[derive(Debug, Clone, Copy, Default)]
pub enum Shape {
    /// As the other side gives it.
    #[default]
    Same,
    /// Of one SQL statement: an answer without columns is none.
    Rows,
    /// As `Rows`, with columns called as a SQL warehouse calls them.
    Renamed(&'static [(&'static str, &'static str)]),
}

impl Shape {
    fn name(self, column: &str) -> &str {
        match self {
            Self::Same | Self::Rows => column,
            Self::Renamed(names) => names.iter().find(|(from, _)| *from == column).map_or(column, |(_, to)| *to),
        }
    }
}

/// Writes responses down. `stay` ends when the execution has read where its session stands.
pub async fn write(running: Running, shape: Shape, stay: Option<Stay>, writer: &mut ResultWriter) -> Result<()> {
    let written = write_until_end(running, shape, stay, writer).await;
    // The rows before an error are part of the answer.
    let flushed = writer.flush().await;
    written.and(flushed)
}

async fn write_until_end(
    mut running: Running,
    shape: Shape,
    mut stay: Option<Stay>,
    writer: &mut ResultWriter,
) -> Result<()> {
    let mut sink = Sink { writer, shape, skips_rows: false };
    let settled = tokio::time::sleep(STAY);
    tokio::pin!(settled);
    while !sink.writer.is_full() {
        let response = tokio::select! {
            biased;
            response = running.next() => response?,
            // Rows are gathered while more are there, or while nobody waits for them.
            () = sink.writer.awaited(), if sink.writer.holds_rows() => {
                sink.writer.flush().await?;
                continue;
            }
            () = &mut settled, if stay.is_some() => {
                stay = None;
                continue;
            }
        };
        let Some(response) = response else { break };
        if !matches!(response.response_type, Some(ResponseType::ExecutionProgress(_))) {
            stay = None;
        }
        sink.take(response).await?;
    }
    Ok(())
}

struct Sink<'a> {
    writer: &'a mut ResultWriter,
    shape: Shape,
    /// The answer has no columns and is not wanted then.
    skips_rows: bool,
}

impl Sink<'_> {
    async fn take(&mut self, mut response: pb::ExecutePlanResponse) -> Result<()> {
        if let Some(schema) = response.schema.take() {
            self.schema(schema).await?;
        }
        match response.response_type.take() {
            Some(ResponseType::ArrowBatch(batch)) => self.batch(batch).await?,
            Some(ResponseType::ExecutionProgress(progress)) => show(self.writer.progress(), &progress),
            Some(ResponseType::ResultComplete(_)) | None => {}
            Some(other) => response.response_type = Some(other),
        }
        response.session_id.clear();
        response.server_side_session_id.clear();
        response.operation_id.clear();
        response.response_id.clear();
        let rest = Bytes::from(response.encode_to_vec());
        if rest.is_empty() { Ok(()) } else { self.writer.answer(rest).await }
    }

    async fn schema(&mut self, wire: pb::DataType) -> Result<()> {
        let schema = match from_proto::data_type(wire.clone()) {
            Ok(DataType::Struct(schema)) => schema,
            Ok(other) => return Err(Error::internal(format!("the rows of the engine have the type {}", other.sql()))),
            Err(error) => {
                // A type of a later Spark: clients of Spark Connect may know it.
                tracing::debug!(%error, "a schema goes on unread");
                let response = pb::ExecutePlanResponse { schema: Some(wire), ..Default::default() };
                return self.writer.answer(Bytes::from(response.encode_to_vec())).await;
            }
        };
        self.skips_rows = schema.fields.is_empty() && !matches!(self.shape, Shape::Same);
        if self.skips_rows {
            return Ok(());
        }
        self.writer.schema_of_encoded(Arc::new(self.named(schema))).await
    }

    fn named(&self, schema: StructType) -> StructType {
        match self.shape {
            Shape::Same | Shape::Rows => schema,
            Shape::Renamed(_) => StructType::new(schema.fields.iter().cloned().map(|mut field| {
                field.name = Arc::from(self.shape.name(&field.name));
                field
            })),
        }
    }

    fn renamed(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let schema = batch.schema();
        let fields = schema.fields().iter().map(|field| {
            let name = self.shape.name(field.name());
            field.as_ref().clone().with_name(name)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(broken)
    }

    async fn batch(&mut self, batch: ArrowBatch) -> Result<()> {
        if batch.num_chunks_in_batch.is_some_and(|count| count > 1) {
            return Err(Error::internal("the engine cut a batch, which it was not asked to"));
        }
        if self.skips_rows {
            return Ok(());
        }
        match self.shape {
            Shape::Same | Shape::Rows => self.writer.encoded(batch.row_count, batch.data).await,
            Shape::Renamed(_) => {
                for batch in decode(batch.data)? {
                    self.writer.batch(&self.renamed(&batch)?).await?;
                }
                Ok(())
            }
        }
    }
}

/// All rows of a statement that is asked for our own use.
pub async fn collect(mut running: Running) -> Result<Vec<RecordBatch>> {
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(response) = running.next().await? {
        if let Some(ResponseType::ArrowBatch(batch)) = response.response_type {
            bytes += batch.data.len();
            if bytes > MAX_COLLECTED {
                return Err(LIMIT_EXCEEDED
                    .with("what", "What the engine says of its catalogs")
                    .with("limit", "engine.max_collected")
                    .with("value", MAX_COLLECTED));
            }
            batches.extend(decode(batch.data)?.into_iter().filter(|batch| batch.num_rows() > 0));
        }
    }
    Ok(batches)
}

fn decode(data: Bytes) -> Result<Vec<RecordBatch>> {
    StreamReader::try_new(data.reader(), None).map_err(broken)?.map(|batch| batch.map_err(broken)).collect()
}

fn broken(error: arrow::error::ArrowError) -> Error {
    Error::internal("a batch of the engine is no Arrow IPC stream").caused_by(error)
}

fn show(progress: &Progress, said: &ExecutionProgress) {
    let sum = |count: fn(&pb::execute_plan_response::execution_progress::StageInfo) -> i64| {
        said.stages.iter().map(count).fold(0, i64::saturating_add)
    };
    progress.set_tasks(sum(|stage| stage.num_tasks));
    progress.set_completed(sum(|stage| stage.num_completed_tasks));
    progress.set_bytes_read(sum(|stage| stage.input_bytes_read));
}
