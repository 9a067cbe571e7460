//! One partition of the query and its files.
//!
//! With folders, a task first keeps the files of all folders open, up to a limit; then the rows keep their order. When
//! there are more folders than that, the rest of the rows is sorted by folder, so that one open file is enough.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use hearth_base::{Error, Result};
use hearth_types::StructType;
use hearth_types::arrow::{cast_batch_to, to_engine_schema};
use parking_lot::Mutex;
use uuid::Uuid;

use super::folders::{Columns, Splitter};
use super::format::{FileFormat, FileWriter};
use super::stage::Stage;
use crate::error::from_datafusion;

/// Files of folders that one task keeps open.
const MAX_OPEN_FILES: usize = 64;

/// What all tasks of a write share.
pub struct Job {
    pub id: Uuid,
    pub format: Box<dyn FileFormat>,
    pub columns: Columns,
    pub schema: StructType,
    /// Of one file.
    pub max_rows: u64,
    pub context: Arc<TaskContext>,
    pub stage: Arc<Stage>,
}

/// Writes the rows of one partition and gives their number.
pub async fn run(job: &Job, number: usize, mut stream: SendableRecordBatchStream) -> Result<u64> {
    let mut task = Task::new(job, number);
    if !job.columns.partition.is_empty() {
        return task.run_folders(stream).await;
    }
    let mut file = OpenFile::new(String::new(), 0);
    while let Some(batch) = stream.next().await {
        let batch = cast_batch_to(&batch.map_err(from_datafusion)?, &task.schema)?;
        task.write(&mut file, &batch)?;
        task.account([&mut file])?;
    }
    if file.is_untouched() && number == 0 {
        // A result without rows has a file too, which says what the columns are.
        file.writer = Some(task.create(&mut file)?);
    }
    file.finish()?;
    Ok(task.rows)
}

struct Task<'a> {
    job: &'a Job,
    number: usize,
    schema: SchemaRef,
    rows: u64,
    reservation: MemoryReservation,
}

impl<'a> Task<'a> {
    fn new(job: &'a Job, number: usize) -> Self {
        let reservation = MemoryConsumer::new(format!("FileWriter[{number}]")).register(job.context.memory_pool());
        Self { job, number, schema: to_engine_schema(&job.schema), rows: 0, reservation }
    }

    async fn run_folders(&mut self, mut stream: SendableRecordBatchStream) -> Result<u64> {
        let splitter = Splitter::new(&self.job.columns, *self.job.format.zone())?;
        let mut open: HashMap<String, OpenFile> = HashMap::new();
        let mut surplus = Vec::new();
        while surplus.is_empty()
            && let Some(batch) = stream.next().await
        {
            let batch = cast_batch_to(&batch.map_err(from_datafusion)?, &self.schema)?;
            for share in splitter.split(&batch)? {
                let full = open.len() >= MAX_OPEN_FILES;
                match open.get_mut(&share.folder) {
                    Some(file) => self.write(file, &share.rows)?,
                    None if full => surplus.push(share.rows),
                    None => {
                        let mut file = OpenFile::new(share.folder.clone(), 0);
                        self.write(&mut file, &share.rows)?;
                        open.insert(share.folder, file);
                    }
                }
            }
            self.account(open.values_mut())?;
        }
        let mut numbers = HashMap::new();
        for (folder, mut file) in open {
            file.finish()?;
            numbers.insert(folder, file.next);
        }
        self.reservation.free();
        if !surplus.is_empty() {
            self.run_sorted(&splitter, surplus, stream, numbers).await?;
        }
        Ok(self.rows)
    }

    /// Writes the rest of the rows folder by folder. `numbers` are those that the next file of a folder gets.
    async fn run_sorted(
        &mut self,
        splitter: &Splitter<'_>,
        surplus: Vec<RecordBatch>,
        stream: SendableRecordBatchStream,
        mut numbers: HashMap<String, usize>,
    ) -> Result<()> {
        let mut sorted = self.sorted(surplus, stream)?;
        let mut current: Option<OpenFile> = None;
        while let Some(batch) = sorted.next().await {
            for share in splitter.split(&batch.map_err(from_datafusion)?)? {
                let same = current.take_if(|file| file.folder == share.folder);
                if let Some(mut done) = current.take() {
                    done.finish()?;
                    numbers.insert(done.folder, done.next);
                }
                let next = || numbers.get(&share.folder).copied().unwrap_or_default();
                let mut file = same.unwrap_or_else(|| OpenFile::new(share.folder.clone(), next()));
                self.write(&mut file, &share.rows)?;
                self.account([&mut file])?;
                current = Some(file);
            }
        }
        match current {
            Some(mut file) => file.finish(),
            None => Ok(()),
        }
    }

    fn sorted(
        &self,
        surplus: Vec<RecordBatch>,
        stream: SendableRecordBatchStream,
    ) -> Result<SendableRecordBatchStream> {
        let schema = Arc::clone(&self.schema);
        let rest = stream.map(move |batch| {
            cast_batch_to(&batch?, &schema).map_err(|error| DataFusionError::External(Box::new(error)))
        });
        let first = futures::stream::iter(surplus.into_iter().map(Ok));
        let rows = RecordBatchStreamAdapter::new(Arc::clone(&self.schema), first.chain(rest));
        let once = Once { schema: Arc::clone(&self.schema), rows: Mutex::new(Some(Box::pin(rows))) };
        let input = StreamingTableExec::try_new(Arc::clone(&self.schema), vec![Arc::new(once)], None, [], false, None)
            .map_err(from_datafusion)?;
        let keys = self.job.columns.partition_places.iter().map(|place| {
            let column = Column::new(self.schema.field(*place).name(), *place);
            PhysicalSortExpr::new(Arc::new(column), SortOptions::default())
        });
        let order = LexOrdering::new(keys).ok_or_else(|| Error::internal("a write without partition columns"))?;
        SortExec::new(order, Arc::new(input)).execute(0, Arc::clone(&self.job.context)).map_err(from_datafusion)
    }

    /// Writes rows to a file, and to the next ones when it is full.
    fn write(&mut self, file: &mut OpenFile, batch: &RecordBatch) -> Result<()> {
        let data = batch.project(&self.job.columns.data_places).map_err(Error::internal)?;
        let mut done = 0;
        while done < data.num_rows() {
            if file.rows >= self.job.max_rows {
                file.finish()?;
            }
            let left = usize::try_from(self.job.max_rows - file.rows).unwrap_or(usize::MAX);
            let part = data.slice(done, (data.num_rows() - done).min(left));
            let mut writer = match file.writer.take() {
                Some(writer) => writer,
                None => self.create(file)?,
            };
            writer.write(&part)?;
            file.writer = Some(writer);
            file.rows += part.num_rows() as u64;
            done += part.num_rows();
        }
        self.rows += data.num_rows() as u64;
        Ok(())
    }

    fn create(&self, file: &mut OpenFile) -> Result<Box<dyn FileWriter>> {
        let path = self.job.stage.place(&file.folder)?.join(self.name(file));
        file.next += 1;
        self.job.format.create(path)
    }

    fn name(&self, file: &OpenFile) -> String {
        let mark = if file.folder.is_empty() { '-' } else { '.' };
        let extension = self.job.format.extension();
        PathBuf::from(format!("part-{:05}-{}{mark}c{:03}{extension}", self.number, self.job.id, file.next))
            .to_string_lossy()
            .into_owned()
    }

    /// Tells the memory pool what the open files hold; when that is too much, they are written out as far as possible.
    fn account<'f>(&self, files: impl IntoIterator<Item = &'f mut OpenFile>) -> Result<()> {
        let mut writers: Vec<_> = files.into_iter().filter_map(|file| file.writer.as_mut()).collect();
        let held = writers.iter().map(|writer| writer.memory()).sum();
        if self.reservation.try_resize(held).is_ok() {
            return Ok(());
        }
        for writer in &mut writers {
            writer.flush()?;
        }
        let held = writers.iter().map(|writer| writer.memory()).sum();
        self.reservation.try_resize(held).map_err(from_datafusion)
    }
}

/// The files of one folder, one after the other.
struct OpenFile {
    folder: String,
    writer: Option<Box<dyn FileWriter>>,
    /// In the current file.
    rows: u64,
    /// The number of the next file.
    next: usize,
}

impl OpenFile {
    fn new(folder: String, next: usize) -> Self {
        Self { folder, writer: None, rows: 0, next }
    }

    fn is_untouched(&self) -> bool {
        self.next == 0
    }

    fn finish(&mut self) -> Result<()> {
        self.rows = 0;
        self.writer.take().map_or(Ok(()), FileWriter::finish)
    }
}

/// Rows that can be taken once.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the rest of the rows")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let empty = || Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::empty()));
        self.rows.lock().take().unwrap_or_else(|| empty())
    }
}
