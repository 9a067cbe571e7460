//! `ResponseStream`: the answer of an operation as `ExecutePlanResponse`s.
//!
//! Items come from the operation's log, in order, each under an id that says where it stands. Between them, progress. A
//! reattachable stream ends after a while or a size without `ResultComplete`; its client comes back for the rest. A
//! stream that another one took over ends with `INVALID_CURSOR.DISCONNECTED`.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use hearth_base::condition::CURSOR_DISCONNECTED;
use hearth_core::result::{Batch, ReadError};
use hearth_core::session::SessionUse;
use hearth_core::{Item, Operation, ResultReader, Session};
use hearth_proto::connect as pb;
use hearth_proto::decode::decode_message;
use hearth_proto::limits::MAX_PLAN_DEPTH;
use pb::execute_plan_response::ResponseType;
use prost::Message;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Status;

use super::ConnectService;
use crate::error::{operation_failure, request_error};
use crate::response_id::{PartSize, Place};
use crate::to_wire;

/// What a stream is made of.
pub(super) struct StreamSpec {
    pub service: ConnectService,
    pub session: Option<Arc<Session>>,
    pub operation: Arc<Operation>,
    pub reattachable: bool,
    pub part_size: PartSize,
    /// The item and the part of it to begin with.
    pub from: (u64, u16),
}

/// The stream of a call. Dropping it detaches from the operation.
pub struct ResponseStream(BoxStream<'static, Result<pb::ExecutePlanResponse, Status>>);

impl Stream for ResponseStream {
    type Item = Result<pb::ExecutePlanResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl ResponseStream {
    pub(super) fn new(spec: StreamSpec) -> Self {
        let sender = Sender::new(spec);
        Self(Box::pin(futures::stream::unfold(Some(sender), |sender| async {
            let mut sender = sender?;
            match sender.next().await {
                Some(Ok(response)) => Some((Ok(response), Some(sender))),
                Some(Err(status)) => Some((Err(status), None)),
                None => None,
            }
        })))
    }
}

struct Sender {
    service: ConnectService,
    session: Option<Arc<Session>>,
    _in_use: Option<SessionUse>,
    operation: Arc<Operation>,
    reader: ResultReader,
    reattachable: bool,
    part_size: PartSize,
    /// Parts of the first item that the client has.
    skip: u16,
    /// Parts that are ready to go.
    ready: VecDeque<pb::ExecutePlanResponse>,
    /// The id of the last response, which progress repeats: it moves nobody forward.
    last: Place,
    /// Changes when another stream takes this operation over.
    taken: watch::Receiver<u64>,
    deadline: Instant,
    room: u64,
    complete: bool,
}

impl Sender {
    fn new(spec: StreamSpec) -> Self {
        let clock = spec.service.hearth.sessions.clock();
        Self {
            _in_use: spec.session.as_ref().map(|session| session.begin_use(clock)),
            taken: spec.operation.take_over(),
            reader: ResultReader::new(Arc::clone(&spec.operation.log), spec.from.0),
            deadline: Instant::now() + spec.service.settings.stream_duration,
            room: spec.service.settings.stream_size.bytes(),
            last: spec.from.0.checked_sub(1).map_or_else(Place::start, Place::whole),
            skip: spec.from.1,
            service: spec.service,
            session: spec.session,
            operation: spec.operation,
            reattachable: spec.reattachable,
            part_size: spec.part_size,
            ready: VecDeque::new(),
            complete: false,
        }
    }

    /// The next response; `None` at the end of the stream, which need not be the end of the answer.
    async fn next(&mut self) -> Option<Result<pb::ExecutePlanResponse, Status>> {
        loop {
            if let Some(response) = self.ready.pop_front() {
                let size = response.encoded_len() as u64;
                if self.reattachable && size > self.room {
                    return None;
                }
                self.room = self.room.saturating_sub(size);
                return Some(Ok(response));
            }
            if self.complete || (self.reattachable && Instant::now() >= self.deadline) {
                return None;
            }
            match self.wait().await {
                Ok(Some((index, item))) => self.unpack(index, item),
                Ok(None) => return self.at_pause(),
                Err(error) => return Some(Err(self.failure(&error))),
            }
        }
    }

    /// The next item, or `None` when it is time for progress or for the end of the stream.
    async fn wait(&mut self) -> Result<Option<(u64, Item)>, ReadError> {
        let mut pause = Instant::now() + self.service.settings.progress_interval.max(Duration::from_millis(10));
        if self.reattachable {
            pause = pause.min(self.deadline);
        }
        tokio::select! {
            biased;
            Ok(()) = self.taken.changed() => Err(CURSOR_DISCONNECTED.error().into()),
            answer = self.reader.next() => {
                self.complete = matches!(answer, Ok(None));
                answer
            }
            () = tokio::time::sleep_until(pause) => Ok(None),
        }
    }

    fn at_pause(&mut self) -> Option<Result<pb::ExecutePlanResponse, Status>> {
        if self.complete || (self.reattachable && Instant::now() >= self.deadline) {
            return None;
        }
        let progress = to_wire::progress(self.operation.progress.snapshot());
        let mut response = self.response(self.last);
        response.response_type = Some(ResponseType::ExecutionProgress(progress));
        Some(Ok(response))
    }

    fn failure(&self, error: &ReadError) -> Status {
        match (error, &self.session) {
            (ReadError::Failed(error), Some(session)) => operation_failure(session, error),
            (ReadError::Failed(error) | ReadError::Unreadable(error), _) => request_error(error),
        }
    }

    fn unpack(&mut self, index: u64, item: Item) {
        match item {
            Item::Schema(schema) => {
                let mut response = self.at(Place::whole(index));
                response.schema = Some(to_wire::schema(&schema));
                self.ready.push_back(response);
            }
            Item::Batch(batch) => self.unpack_batch(index, batch),
            Item::Answer(bytes) => match decode_message::<pb::ExecutePlanResponse>(bytes, MAX_PLAN_DEPTH) {
                Ok(answer) => {
                    let ids = self.at(Place::whole(index));
                    self.ready.push_back(pb::ExecutePlanResponse {
                        session_id: ids.session_id,
                        server_side_session_id: ids.server_side_session_id,
                        operation_id: ids.operation_id,
                        response_id: ids.response_id,
                        ..answer
                    });
                }
                Err(error) => tracing::error!(operation = %self.operation.id, %error, "an answer does not decode"),
            },
            Item::Complete if !self.reattachable => self.complete = true,
            Item::Complete => {
                let mut response = self.at(Place::whole(index));
                response.response_type =
                    Some(ResponseType::ResultComplete(pb::execute_plan_response::ResultComplete {}));
                self.ready.push_back(response);
                self.complete = true;
            }
        }
        if !self.reattachable {
            // Nobody comes back for it.
            self.operation.log.release_until(index);
        }
    }

    fn unpack_batch(&mut self, index: u64, batch: Batch) {
        let parts = split(&batch.data, self.part_size.bytes());
        let count = parts.len();
        let skip = usize::from(std::mem::take(&mut self.skip));
        for (number, data) in parts.into_iter().enumerate().skip(skip) {
            let place = Place {
                item: index,
                part: u16::try_from(number).unwrap_or(u16::MAX),
                last_part: number + 1 == count,
                part_size: self.part_size,
            };
            let in_parts = count > 1;
            let mut response = self.at(place);
            response.response_type = Some(ResponseType::ArrowBatch(pb::execute_plan_response::ArrowBatch {
                row_count: batch.rows,
                data,
                start_offset: Some(batch.start),
                chunk_index: in_parts.then_some(i64::try_from(number).unwrap_or(i64::MAX)),
                num_chunks_in_batch: in_parts.then_some(i64::try_from(count).unwrap_or(i64::MAX)),
            }));
            self.ready.push_back(response);
        }
    }

    /// A response at `place`, which becomes the last one.
    fn at(&mut self, place: Place) -> pb::ExecutePlanResponse {
        self.last = place;
        self.response(place)
    }

    fn response(&self, place: Place) -> pb::ExecutePlanResponse {
        pb::ExecutePlanResponse {
            session_id: self.operation.session.to_string(),
            server_side_session_id: self.operation.server_session.clone(),
            operation_id: self.operation.id.to_string(),
            response_id: place.id(&self.operation.id),
            ..Default::default()
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // As in Spark: work that nobody can come back for stops when its client is gone, and leaves nothing.
        let taken = self.taken.has_changed().unwrap_or(true);
        if !self.reattachable && !taken {
            self.operation.request_cancel();
            if let Some(session) = &self.session {
                session.forget(&self.operation.id);
            }
        }
    }
}

/// Cuts a batch into parts of at most `size` bytes; at most as many as an id can number.
fn split(data: &Bytes, size: Option<usize>) -> Vec<Bytes> {
    const MAX_PARTS: usize = 4096;
    let size = size.unwrap_or(data.len()).max(data.len().div_ceil(MAX_PARTS)).max(1);
    let mut parts: Vec<Bytes> =
        (0..data.len()).step_by(size).map(|start| data.slice(start..data.len().min(start + size))).collect();
    if parts.is_empty() {
        parts.push(Bytes::new());
    }
    parts
}
