//! `ResultLog`: the items of one operation.
//!
//! Memory holds at most `LogSpec::memory` bytes of items. A writer that is faster than a live reader waits for it; when
//! nobody reads, items go to the operation's file. Readers never take items away: `release` does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hearth_base::condition::{CURSOR_NOT_AVAILABLE, OPERATION_CANCELED, RESULT_QUOTA_EXCEEDED};
use hearth_base::{ByteSize, Error, OperationId, Result};
use hearth_types::StructType;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::reader::ReadError;
use super::{Batch, Item, index};
use crate::store::{ResultFile, ResultStore};

/// How long a writer waits for a reader that has stopped taking items before it spills.
const READER_PATIENCE: Duration = Duration::from_millis(200);
/// How long a writer waits for a client to release what a reader has taken already. Some clients never do.
const RELEASE_PATIENCE: Duration = Duration::from_millis(20);
/// A sealed item above this size is read back from the file rather than kept in memory.
const KEEP_IN_MEMORY: usize = 64 * 1024;
/// A result up to this size is kept with the operation's metadata instead of in a file of its own.
const SMALL_RESULT: usize = 32 * 1024;

/// The bounds of one log.
#[derive(Debug, Clone)]
pub struct LogSpec {
    pub operation: OperationId,
    pub memory: ByteSize,
    pub max_size: ByteSize,
    /// Write what is in memory to the file when the work has succeeded, so that it outlives the process.
    pub durable: bool,
}

#[derive(Debug)]
pub struct ResultLog {
    spec: LogSpec,
    store: Arc<dyn ResultStore>,
    state: Mutex<State>,
    /// Something was added, or the log ended.
    grown: Notify,
    /// Something was read or released.
    drained: Notify,
    /// A reader waits for an item that is not there yet.
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Index of the first slot that is still there.
    first: u64,
    slots: VecDeque<Slot>,
    memory: usize,
    size: ResultSize,
    end: Option<End>,
    file: Option<Arc<dyn ResultFile>>,
    readers: usize,
    /// The index that the fastest reader wants next.
    wanted: u64,
    /// The reader stopped taking items; the writer does not wait for it until it comes back.
    stalled: bool,
    /// The client reads and does not release; the writer does not wait for that until it does.
    keeps_all: bool,
    /// The operation was released: nothing is kept any more.
    discarded: bool,
    /// Rows were left out, since the result has a bound.
    truncated: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Slot {
    Schema(Arc<StructType>),
    Batch { rows: i64, start: i64, data: Payload },
    Answer(Payload),
}

#[derive(Debug, Clone)]
pub(super) enum Payload {
    Memory(Bytes),
    File { place: u64, length: usize },
}

#[derive(Debug, Clone)]
enum End {
    Complete,
    Failed(Arc<Error>),
}

/// Which rows a batch of a result holds, and where it stands among the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlace {
    pub item: u64,
    pub rows: i64,
    pub start: i64,
    pub bytes: usize,
}

/// The shape of a result, without its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// `None` when the work gives no rows.
    pub schema: Option<Arc<StructType>>,
    /// The batches that have rows, in order.
    pub batches: Vec<BatchPlace>,
    pub truncated: bool,
}

/// What was written, whether or not it is still there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResultSize {
    pub rows: i64,
    pub bytes: i64,
}

impl ResultLog {
    pub fn new(spec: LogSpec, store: Arc<dyn ResultStore>) -> Self {
        Self::with_state(spec, store, State::default())
    }

    fn with_state(spec: LogSpec, store: Arc<dyn ResultStore>, state: State) -> Self {
        let (grown, drained, asked) = (Notify::new(), Notify::new(), Notify::new());
        Self { spec, store, state: Mutex::new(state), grown, drained, asked }
    }

    /// The log of an operation of an earlier run that had succeeded.
    pub fn restore(
        spec: LogSpec,
        store: Arc<dyn ResultStore>,
        file: Arc<dyn ResultFile>,
        index: &[u8],
    ) -> Result<Self> {
        Ok(Self::ended_with(spec, store, index::decode(index)?, Some(file)))
    }

    /// As `restore`, of a small result that `seal` gave in one piece.
    pub fn restore_small(spec: LogSpec, store: Arc<dyn ResultStore>, whole: Bytes) -> Result<Self> {
        Ok(Self::ended_with(spec, store, index::decode_whole(whole)?, None))
    }

    fn ended_with(
        spec: LogSpec,
        store: Arc<dyn ResultStore>,
        index: index::Index,
        file: Option<Arc<dyn ResultFile>>,
    ) -> Self {
        let mut size = ResultSize::default();
        let mut memory = 0;
        for slot in &index.slots {
            size.bytes += slot.payload().map_or(0, |payload| i64::try_from(payload.len()).unwrap_or(i64::MAX));
            memory += slot.memory();
            if let Slot::Batch { rows, .. } = slot {
                size.rows += rows;
            }
        }
        let state = State {
            first: index.first,
            slots: index.slots,
            memory,
            size,
            end: Some(End::Complete),
            file,
            truncated: index.truncated,
            ..State::default()
        };
        Self::with_state(spec, store, state)
    }

    /// The log of an operation that has nothing but its failure.
    pub fn failed(spec: LogSpec, store: Arc<dyn ResultStore>, error: Arc<Error>) -> Self {
        let log = Self::new(spec, store);
        log.fail(error);
        log
    }

    pub fn size(&self) -> ResultSize {
        self.state.lock().size
    }

    /// The shape of what was written so far.
    pub fn layout(&self) -> Layout {
        let state = self.state.lock();
        let mut layout = Layout { truncated: state.truncated, ..Layout::default() };
        for (item, slot) in (state.first..).zip(&state.slots) {
            match slot {
                Slot::Schema(schema) => layout.schema = Some(Arc::clone(schema)),
                Slot::Batch { rows, start, data } if *rows > 0 => {
                    layout.batches.push(BatchPlace { item, rows: *rows, start: *start, bytes: data.len() });
                }
                Slot::Batch { .. } | Slot::Answer(_) => {}
            }
        }
        layout
    }

    /// The batch at `item`, which `layout` told of. Any number of readers may ask, in any order.
    pub async fn batch(&self, item: u64) -> Result<Batch, ReadError> {
        match self.item(item).await? {
            Some(Item::Batch(batch)) => Ok(batch),
            Some(Item::Schema(_) | Item::Answer(_) | Item::Complete) | None => {
                Err(ReadError::from(Error::internal("there are no rows at this place of a result")))
            }
        }
    }

    /// Says that rows were left out.
    pub(super) fn truncate(&self) {
        self.state.lock().truncated = true;
    }

    /// The index of the first item that was not released.
    pub fn first(&self) -> u64 {
        self.state.lock().first
    }

    /// The bytes of items that are in memory now.
    pub fn memory(&self) -> usize {
        self.state.lock().memory
    }

    pub(super) async fn push(&self, item: Item) -> Result<()> {
        let length = match &item {
            Item::Batch(batch) => batch.data.len(),
            Item::Answer(bytes) => bytes.len(),
            Item::Schema(_) | Item::Complete => 0,
        };
        self.check_quota(length)?;
        let spill = !self.wait_for_room(length).await;
        let slot = match item {
            Item::Schema(schema) => Slot::Schema(schema),
            Item::Batch(Batch { rows, start, data }) => {
                Slot::Batch { rows, start, data: self.keep(data, spill).await? }
            }
            Item::Answer(bytes) => Slot::Answer(self.keep(bytes, spill).await?),
            Item::Complete => return Err(Error::internal("a log is completed, not written to")),
        };
        self.add(slot, length);
        self.remove_when_discarded().await
    }

    /// What was written while the operation was being released must not stay behind.
    async fn remove_when_discarded(&self) -> Result<()> {
        if !self.state.lock().discarded {
            return Ok(());
        }
        self.discard().await?;
        self.store.remove(&self.spec.operation).await?;
        Err(OPERATION_CANCELED.error())
    }

    fn add(&self, slot: Slot, length: usize) {
        let mut state = self.state.lock();
        state.memory += slot.memory();
        state.size.bytes += i64::try_from(length).unwrap_or(i64::MAX);
        if let Slot::Batch { rows, .. } = &slot {
            state.size.rows += rows;
        }
        state.slots.push_back(slot);
        drop(state);
        self.grown.notify_waiters();
    }

    fn check_quota(&self, more: usize) -> Result<()> {
        let written = u64::try_from(self.state.lock().size.bytes).unwrap_or(0);
        if written + more as u64 > self.spec.max_size.bytes() {
            return Err(RESULT_QUOTA_EXCEEDED.with("limit", "result.max_size").with("value", self.spec.max_size));
        }
        Ok(())
    }

    /// Waits while memory is full and a reader is taking items. `false`: the item belongs on disk.
    async fn wait_for_room(&self, length: usize) -> bool {
        loop {
            let drained = self.drained.notified();
            let patience = {
                let state = self.state.lock();
                if state.memory == 0 || state.memory + length <= self.spec.memory.as_usize() {
                    return true;
                }
                if state.readers == 0 || state.stalled {
                    return false;
                }
                let is_behind = state.wanted < state.first + state.slots.len() as u64;
                match (is_behind, state.keeps_all) {
                    (true, _) => READER_PATIENCE,
                    (false, false) => RELEASE_PATIENCE,
                    (false, true) => return false,
                }
            };
            if tokio::time::timeout(patience, drained).await.is_err() {
                let mut state = self.state.lock();
                state.stalled = true;
                state.keeps_all |= patience == RELEASE_PATIENCE;
            }
        }
    }

    async fn keep(&self, data: Bytes, spill: bool) -> Result<Payload> {
        if !spill {
            return Ok(Payload::Memory(data));
        }
        let length = data.len();
        let place = self.file().await?.append(data).await?;
        Ok(Payload::File { place, length })
    }

    async fn file(&self) -> Result<Arc<dyn ResultFile>> {
        if let Some(file) = self.state.lock().file.clone() {
            return Ok(file);
        }
        let file = self.store.create(&self.spec.operation).await?;
        self.state.lock().file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Ends the log with success.
    pub(crate) fn complete(&self) {
        self.state.lock().end.get_or_insert(End::Complete);
        self.grown.notify_waiters();
    }

    /// Ends the log with `error`; readers get what was written, then the error.
    pub(crate) fn fail(&self, error: Arc<Error>) {
        self.state.lock().end.get_or_insert(End::Failed(error));
        self.grown.notify_waiters();
        self.drained.notify_waiters();
    }

    /// Whether readers may see the end.
    pub fn is_ended(&self) -> bool {
        self.state.lock().end.is_some()
    }

    /// Waits until the work has ended, however it did. Nothing is read.
    pub async fn ended(&self) {
        loop {
            let grown = self.grown.notified();
            if self.state.lock().end.is_some() {
                return;
            }
            grown.await;
        }
    }

    /// Makes a durable result outlive the process: a small one is given back in one piece, to be kept with the
    /// operation; of others, what is in memory is written to the file.
    pub(super) async fn seal(&self) -> Result<Option<Bytes>> {
        if !self.spec.durable {
            return Ok(None);
        }
        let (first, slots, truncated, is_small) = {
            let state = self.state.lock();
            let is_small = state.file.is_none() && state.memory <= SMALL_RESULT;
            (state.first, state.slots.clone(), state.truncated, is_small)
        };
        let mut frame = BytesMut::new();
        let mut offsets = Vec::with_capacity(slots.len());
        for slot in &slots {
            offsets.push(frame.len() as u64);
            if let Some(Payload::Memory(data)) = slot.payload() {
                frame.extend_from_slice(data);
            }
        }
        if is_small {
            let slots = slots.into_iter().zip(offsets).map(|(slot, offset)| slot.moved_to(offset)).collect();
            return Ok(Some(index::encode_whole(&index::encode(truncated, first, &slots), &frame)));
        }
        let file = self.file().await?;
        let place = if frame.is_empty() { 0 } else { file.append(frame.freeze()).await? };
        let sealed: VecDeque<Slot> =
            slots.into_iter().zip(offsets).map(|(slot, offset)| slot.moved_to(place + offset)).collect();
        file.seal(index::encode(truncated, first, &sealed)).await?;
        self.adopt(first, sealed);
        self.remove_when_discarded().await?;
        Ok(None)
    }

    /// Lets go of the memory of large items that are in the file now.
    fn adopt(&self, first: u64, sealed: VecDeque<Slot>) {
        let mut state = self.state.lock();
        if state.memory <= KEEP_IN_MEMORY {
            return;
        }
        let released = usize::try_from(state.first - first).unwrap_or(usize::MAX);
        state.slots = sealed.into_iter().skip(released).collect();
        state.memory = 0;
    }

    /// The item at `index`, waiting for it if it is not written yet. `None` behind the last one.
    pub(super) async fn item(&self, index: u64) -> Result<Option<Item>, ReadError> {
        loop {
            let grown = self.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            if let Some(found) = self.look(index)? {
                return match found {
                    Found::Slot(slot, file) => Ok(Some(slot.load(file).await?)),
                    Found::Complete => Ok(Some(Item::Complete)),
                    Found::End => Ok(None),
                };
            }
            self.asked.notify_waiters();
            grown.await;
        }
    }

    /// Waits until a reader waits for an item that is not there yet.
    pub(super) async fn awaited(&self) {
        loop {
            let asked = self.asked.notified();
            tokio::pin!(asked);
            asked.as_mut().enable();
            let is_awaited = {
                let state = self.state.lock();
                state.readers > 0 && state.wanted >= state.first + state.slots.len() as u64
            };
            if is_awaited {
                return;
            }
            asked.await;
        }
    }

    fn look(&self, index: u64) -> Result<Option<Found>, ReadError> {
        let mut state = self.state.lock();
        state.wanted = state.wanted.max(index);
        if state.stalled && index >= state.first {
            state.stalled = false;
        }
        if index < state.first {
            return Err(ReadError::from(
                CURSOR_NOT_AVAILABLE.with("index", index.saturating_add(1)).with("responseId", ""),
            ));
        }
        let offset = usize::try_from(index - state.first).unwrap_or(usize::MAX);
        if let Some(slot) = state.slots.get(offset) {
            return Ok(Some(Found::Slot(slot.clone(), state.file.clone())));
        }
        match &state.end {
            None => Ok(None),
            Some(End::Complete) if offset == state.slots.len() => Ok(Some(Found::Complete)),
            Some(End::Complete) => Ok(Some(Found::End)),
            Some(End::Failed(error)) => Err(ReadError::Failed(Arc::clone(error))),
        }
    }

    /// Forgets all items up to and with `index`.
    pub fn release_until(&self, index: u64) {
        let mut state = self.state.lock();
        state.keeps_all = false;
        while state.first <= index {
            let Some(slot) = state.slots.pop_front() else { break };
            state.memory -= slot.memory().min(state.memory);
            state.first += 1;
        }
        drop(state);
        self.drained.notify_waiters();
    }

    pub(super) fn attach(&self) {
        let mut state = self.state.lock();
        state.readers += 1;
        state.stalled = false;
    }

    pub(super) fn detach(&self) {
        let mut state = self.state.lock();
        state.readers = state.readers.saturating_sub(1);
        drop(state);
        self.drained.notify_waiters();
    }

    /// How many readers follow this log now.
    pub fn readers(&self) -> usize {
        self.state.lock().readers
    }

    /// Removes everything, the file too.
    pub async fn discard(&self) -> Result<()> {
        let file = {
            let mut state = self.state.lock();
            state.first += state.slots.len() as u64;
            state.slots.clear();
            state.memory = 0;
            state.discarded = true;
            state.file.take()
        };
        self.drained.notify_waiters();
        match file {
            Some(_) => self.store.remove(&self.spec.operation).await,
            None => Ok(()),
        }
    }
}

enum Found {
    Slot(Slot, Option<Arc<dyn ResultFile>>),
    Complete,
    End,
}

impl Payload {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory(data) => data.len(),
            Self::File { length, .. } => *length,
        }
    }
}

impl Slot {
    fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Schema(_) => None,
            Self::Batch { data, .. } | Self::Answer(data) => Some(data),
        }
    }

    fn memory(&self) -> usize {
        match self.payload() {
            Some(Payload::Memory(data)) => data.len(),
            Some(Payload::File { .. }) | None => 0,
        }
    }

    fn moved_to(self, place: u64) -> Self {
        let moved = |data| match data {
            Payload::Memory(data) => Payload::File { place, length: data.len() },
            Payload::File { place, length } => Payload::File { place, length },
        };
        match self {
            Self::Schema(schema) => Self::Schema(schema),
            Self::Batch { rows, start, data } => Self::Batch { rows, start, data: moved(data) },
            Self::Answer(data) => Self::Answer(moved(data)),
        }
    }

    async fn load(self, file: Option<Arc<dyn ResultFile>>) -> Result<Item> {
        let read = async |payload| match (payload, file) {
            (Payload::Memory(data), _) => Ok(data),
            (Payload::File { place, length }, Some(file)) => file.read(place, length).await,
            (Payload::File { .. }, None) => Err(Error::internal("the file of a result is gone")),
        };
        Ok(match self {
            Self::Schema(schema) => Item::Schema(schema),
            Self::Batch { rows, start, data } => Item::Batch(Batch { rows, start, data: read(data).await? }),
            Self::Answer(data) => Item::Answer(read(data).await?),
        })
    }
}
