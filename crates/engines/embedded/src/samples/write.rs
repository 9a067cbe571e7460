//! Sample rows into parquet files, and the files into their place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use hearth_base::{Error, Result};
use parking_lot::Mutex;
use uuid::Uuid;

/// Small enough that a table of scale 1 has work for several partitions.
const ROWS_PER_GROUP: usize = 245_760;
const ROWS_PER_FILE: u64 = 1_500_000;

/// A folder that is being filled.
#[derive(Debug)]
pub struct Target {
    folder: PathBuf,
    temporary: PathBuf,
}

impl Target {
    pub fn new(folder: &Path) -> Result<Self> {
        let parent = folder.parent().ok_or_else(|| Error::internal("a sample table at the root"))?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let prefix = format!(".{name}-");
        fs::create_dir_all(parent).map_err(failed)?;
        remove_leftovers(parent, &prefix)?;
        let temporary = parent.join(format!("{prefix}{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&temporary).map_err(failed)?;
        Ok(Self { folder: folder.to_path_buf(), temporary })
    }

    /// Writes one file, `part-<number>.parquet`. The rows come in the order of the file.
    pub fn write(
        &self,
        number: usize,
        schema: &SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch>>,
    ) -> Result<()> {
        let broken = |error| Error::internal("a sample table cannot be written").caused_by(error);
        let file = File::create(self.temporary.join(format!("part-{number:05}.parquet"))).map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .build();
        // Without Arrow's own schema in the file, readers see the plain types.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(file, schema.clone(), options).map_err(broken)?;
        for batch in batches {
            writer.write(&batch?).map_err(broken)?;
        }
        writer.close().map_err(broken)?;
        Ok(())
    }

    /// Makes the folder visible under its name.
    pub fn publish(&self) -> Result<()> {
        fs::rename(&self.temporary, &self.folder).map_err(failed)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

/// How many files a table of so many rows gets.
pub fn files_for(rows: u64) -> usize {
    usize::try_from(rows.div_ceil(ROWS_PER_FILE)).unwrap_or(1).max(1)
}

/// Runs `work` for the numbers below `count` on all cores.
pub fn in_parallel(count: usize, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || failure.lock().is_some() {
                return;
            }
            if let Err(error) = work(number) {
                *failure.lock() = Some(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
    failure.into_inner().map_or(Ok(()), Err)
}

/// Folders that a generator left when it was killed.
fn remove_leftovers(parent: &Path, prefix: &str) -> Result<()> {
    for entry in fs::read_dir(parent).map_err(failed)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

fn failed(error: std::io::Error) -> Error {
    Error::internal(format!("the folder of the sample data: {error}")).caused_by(error)
}
