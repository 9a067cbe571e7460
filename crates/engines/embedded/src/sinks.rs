//! Writing files: `df.write`, `INSERT` and tables made of queries.
//!
//! A write is all or nothing: files are made in a folder `_temporary` below the target, moved to their places when all
//! rows are there, and `_SUCCESS` marks the end. A write that fails or is cancelled leaves the target as it was.
//!
//! Each partition of the query is a task of its own, as in Spark: `task` writes its rows, `format` says how a file of a
//! format is made, `stage` moves the files to their places.

mod avro;
mod compress;
mod folders;
mod format;
mod options;
mod orc;
mod parquet;
pub mod recovery;
mod stage;
mod task;
mod text;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlanProperties;
use hearth_base::condition::PATH_ALREADY_EXISTS;
use hearth_base::task::TaskGroup;
use hearth_base::{Error, Result};
use hearth_types::StructType;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::catalog::location_uri;
use crate::error::from_datafusion;
use crate::execute::Query;
use crate::sources::not_a_number;
pub use format::{check_columns, display_name};

use folders::Columns;
use stage::{Replace, Stage};
use task::Job;

/// What is to be written, and where.
#[derive(Debug)]
pub struct WriteRequest<'a> {
    pub query: Query,
    /// The columns of the query, by position; those of the partitions are among them.
    pub schema: &'a StructType,
    /// `parquet`, `csv`, `json`, `text`; any case.
    pub format: &'a str,
    pub path: &'a Path,
    /// In the order of the folders.
    pub partition_columns: &'a [String],
    pub mode: WriteMode,
    pub options: &'a [(String, String)],
    /// With `Overwrite`: only the partitions with these values are replaced. Values are as in folder names, not escaped;
    /// `None` is NULL. Empty: everything is replaced.
    pub static_partition: &'a [(String, Option<String>)],
    /// Of the session, for timestamps in text.
    pub time_zone: &'a str,
}

/// What happens to files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    Append,
    Overwrite,
    /// Replaces the partitions that the rows fall into.
    OverwritePartitions,
    ErrorIfExists,
    Ignore,
}

/// Writes the rows of a query to new files beside those that are there, and gives the rows' number and the files.
pub async fn write_aside(request: WriteRequest<'_>) -> Result<(u64, Vec<PathBuf>)> {
    let columns = Columns::new(request.schema, request.partition_columns)?;
    let format = format::open(&request, &columns.data)?;
    let stage = Arc::new(Stage::new(request.path, &Replace::Nothing)?);
    let job = Arc::new(job(&request, columns, format, &stage)?);
    let rows = run(&request.query, &job).await?;
    Ok((rows, stage.publish()?))
}

/// Writes the rows of a query and gives their number.
pub async fn write(request: WriteRequest<'_>) -> Result<u64> {
    let columns = Columns::new(request.schema, request.partition_columns)?;
    let format = format::open(&request, &columns.data)?;
    if request.path.exists() {
        match request.mode {
            WriteMode::ErrorIfExists => {
                return Err(PATH_ALREADY_EXISTS.with("outputPath", location_uri(&request.path.to_string_lossy())));
            }
            WriteMode::Ignore => return Ok(0),
            WriteMode::Append | WriteMode::Overwrite | WriteMode::OverwritePartitions => {}
        }
    }
    if request.format.eq_ignore_ascii_case(format::NOTHING) {
        return count(&request.query).await;
    }
    let replace = match request.mode {
        WriteMode::Append | WriteMode::ErrorIfExists | WriteMode::Ignore => Replace::Nothing,
        WriteMode::OverwritePartitions => Replace::SameFolders,
        WriteMode::Overwrite if request.static_partition.is_empty() => Replace::All,
        WriteMode::Overwrite => {
            Replace::Matching { columns: request.partition_columns, fixed: request.static_partition }
        }
    };
    let stage = Arc::new(Stage::new(request.path, &replace)?);
    let job = Arc::new(job(&request, columns, format, &stage)?);
    let rows = run(&request.query, &job).await?;
    stage.commit(&replace)?;
    Ok(rows)
}

fn job(
    request: &WriteRequest<'_>,
    columns: Columns,
    format: Box<dyn format::FileFormat>,
    stage: &Arc<Stage>,
) -> Result<Job> {
    Ok(Job {
        id: Uuid::new_v4(),
        format,
        columns,
        schema: request.schema.clone(),
        max_rows: max_rows(request)?,
        context: Arc::clone(&request.query.context),
        stage: Arc::clone(stage),
    })
}

/// `format("noop")`: the query runs for its own sake.
async fn count(query: &Query) -> Result<u64> {
    let mut rows = query.rows()?;
    let mut count = 0;
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows() as u64;
    }
    Ok(count)
}

/// `maxRecordsPerFile`: how many rows a file may have.
fn max_rows(request: &WriteRequest<'_>) -> Result<u64> {
    let option = format::option(request.options, "maxRecordsPerFile");
    let Some(text) = option else { return Ok(u64::MAX) };
    let number: i64 = text.trim().parse().map_err(|_| not_a_number(text))?;
    Ok(u64::try_from(number).ok().filter(|number| *number > 0).unwrap_or(u64::MAX))
}

/// Writes all partitions of the query side by side. Dropping this stops the tasks.
async fn run(query: &Query, job: &Arc<Job>) -> Result<u64> {
    let partitions = query.plan.output_partitioning().partition_count();
    let tasks = TaskGroup::new(Handle::current());
    let (sender, mut receiver) = mpsc::channel(partitions.max(1));
    for partition in 0..partitions {
        let stream = query.plan.execute(partition, Arc::clone(&query.context)).map_err(from_datafusion)?;
        let (job, sender) = (Arc::clone(job), sender.clone());
        tasks.spawn("write", async move {
            let outcome = task::run(&job, partition, stream).await;
            // The stage is let go before the answer: who gets it may clean up.
            drop(job);
            let _ = sender.send(outcome).await;
        });
    }
    drop(sender);
    let mut rows = 0;
    for _ in 0..partitions {
        let outcome = receiver.recv().await.unwrap_or_else(|| Err(Error::internal("a task of a write died")));
        match outcome {
            Ok(written) => rows += written,
            Err(error) => {
                // Only when no task is left is the stage cleaned up.
                tasks.shutdown(Duration::ZERO).await;
                return Err(error);
            }
        }
    }
    Ok(rows)
}
