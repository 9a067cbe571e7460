//! One memory pool for the engine, with spill to disk behind it.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use hearth_base::{ByteSize, Error, Result};
use parking_lot::Mutex;

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

/// A fair pool in which repartitioning does not spill.
///
/// A repartition whose rows are in two spill files at once can wait for the one that nobody writes to any more
/// (apache/datafusion#24883), and the query never ends. It passes rows on rather than gathers them, so what its share
/// refuses is counted beside the pool, up to `OVERDRAFT`, and takes nothing from others. To go when DataFusion has the fix.
#[derive(Debug)]
struct Pool {
    inner: FairSpillPool,
    size: ByteSize,
    overdrafts: Mutex<Overdrafts>,
}

#[derive(Debug, Default)]
struct Overdrafts {
    total: usize,
    /// By the id of the consumer.
    of: HashMap<usize, usize>,
}

/// The part of the pool's size that repartitioning may take beside it: one in so many.
const OVERDRAFT: usize = 4;
/// What names of consumers that repartition start with.
const REPARTITION: &str = "RepartitionExec";

impl Pool {
    fn new(size: ByteSize) -> Self {
        Self { inner: FairSpillPool::new(size.as_usize()), size, overdrafts: Mutex::default() }
    }

    /// Counts bytes beside the pool, if the consumer repartitions and there is room.
    fn overdraw(&self, consumer: &MemoryConsumer, additional: usize) -> bool {
        let mut overdrafts = self.overdrafts.lock();
        let total = overdrafts.total.saturating_add(additional);
        if !consumer.name().starts_with(REPARTITION) || total > self.size.as_usize() / OVERDRAFT {
            return false;
        }
        overdrafts.total = total;
        *overdrafts.of.entry(consumer.id()).or_default() += additional;
        true
    }

    /// Gives back up to `bytes` that were counted beside the pool; returns how many.
    fn repay(&self, consumer: &MemoryConsumer, bytes: usize) -> usize {
        let mut overdrafts = self.overdrafts.lock();
        let Some(owed) = overdrafts.of.get_mut(&consumer.id()) else { return 0 };
        let repaid = bytes.min(*owed);
        *owed -= repaid;
        if *owed == 0 {
            overdrafts.of.remove(&consumer.id());
        }
        overdrafts.total -= repaid;
        repaid
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let repaid = self.repay(reservation.consumer(), shrink);
        self.inner.shrink(reservation, shrink - repaid);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<(), DataFusionError> {
        match self.inner.try_grow(reservation, additional) {
            Err(_) if self.overdraw(reservation.consumer(), additional) => Ok(()),
            Err(DataFusionError::ResourcesExhausted(message)) => {
                Err(DataFusionError::ResourcesExhausted(format!("{message} (the limit is {})", self.size)))
            }
            done => done,
        }
    }

    fn reserved(&self) -> usize {
        self.inner.reserved() + self.overdrafts.lock().total
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.inner.memory_limit()
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// The runtime that all queries of the engine share.
pub fn runtime(settings: &MemorySettings) -> Result<Arc<RuntimeEnv>> {
    std::fs::create_dir_all(&settings.spill_folder)
        .map_err(|error| Error::internal("the folder for spill files cannot be made").caused_by(error))?;
    let pool = Pool::new(settings.memory);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn repartitioning_goes_over_its_share_and_nothing_else_does() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Pool::new(ByteSize::new(1000)));
        let sort = MemoryConsumer::new("ExternalSorter[0]").with_can_spill(true).register(&pool);
        let spread = MemoryConsumer::new("RepartitionExec[1]").with_can_spill(true).register(&pool);
        sort.try_grow(400).unwrap();
        assert!(sort.try_grow(200).unwrap_err().to_string().contains("the limit is"));
        spread.try_grow(500).unwrap();
        spread.try_grow(250).unwrap();
        assert_eq!(pool.reserved(), 1150);
        assert!(spread.try_grow(1).is_err());
        sort.try_grow(100).unwrap();
        spread.shrink(600);
        assert_eq!(pool.reserved(), 650);
        spread.shrink(150);
        assert_eq!(pool.reserved(), 500);
    }
}
