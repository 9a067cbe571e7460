//! One memory pool for the engine, with spill to disk behind it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use hearth_base::{ByteSize, Error, Result};

/// How many of the largest consumers the error over the limit names.
const NAMED_CONSUMERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

/// The engine's memory and where it spills.
#[derive(Debug, Clone)]
pub struct MemorySettings {
    /// `engine.memory`: shared fairly by the operators that can spill.
    pub memory: ByteSize,
    /// `engine.spill_limit`: bytes of spill files at one time.
    pub spill_limit: ByteSize,
    pub spill_folder: PathBuf,
}

/// The runtime that all queries of the engine share.
pub fn runtime(settings: &MemorySettings) -> Result<Arc<RuntimeEnv>> {
    std::fs::create_dir_all(&settings.spill_folder)
        .map_err(|error| Error::internal("the folder for spill files cannot be made").caused_by(error))?;
    let pool = FairSpillPool::new(settings.memory.as_usize());
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![settings.spill_folder.clone()]))
        .with_max_temp_directory_size(settings.spill_limit.bytes());
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, NAMED_CONSUMERS)))
        .with_disk_manager_builder(disk)
        // A kept listing would hide what was written since, here or by others.
        .with_object_list_cache_limit(0)
        .build_arc()
        .map_err(crate::error::from_datafusion)
}
