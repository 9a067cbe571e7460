//! `EmbeddedEngine`: what all sessions of the engine share.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{SessionConfig, SessionState};
use hearth_base::{ByteSize, Clock, Result};
use hearth_core::engine::{Flavor, SessionSpec};
use hearth_core::{Engine, EngineSession};
use parking_lot::RwLock;

use crate::cached::CacheRoom;
use crate::catalog::Catalog;
use crate::join_order;
use crate::leaf_rule;
use crate::memory::{self, MemorySettings};
use crate::null_safe_joins;
use crate::planner::Planner;
use crate::samples::SampleSettings;
use crate::script::ScriptLimits;
use crate::session::EmbeddedSession;
use crate::state::SessionState as State;
use crate::stream_side;

/// The settings of the engine.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Tables live below `warehouse`, spill files below `spill`, sample data below `samples`.
    pub data_folder: PathBuf,
    /// `engine.memory`
    pub memory: ByteSize,
    /// `engine.spill_limit`
    pub spill_limit: ByteSize,
    /// `engine.partitions`: how many partitions a query is cut into; 0 means one for each core.
    pub partitions: usize,
    /// `engine.transform_scripts`: whether `TRANSFORM … USING` may run programs.
    pub transform_scripts: bool,
    pub samples: SampleSettings,
    pub script: ScriptLimits,
    /// `catalog.names`: catalogs that there are beside `spark_catalog`.
    pub catalogs: Vec<String>,
    /// Settings that every new session starts with.
    pub session_defaults: Vec<(String, String)>,
    pub clock: Clock,
}

/// Shared by all sessions: memory, catalog, DataFusion's rules.
#[derive(Debug)]
pub struct Shared {
    pub settings: EngineSettings,
    pub catalog: Catalog,
    /// The state that each query starts from. It has no functions and no tables: the analyzer brings both.
    pub datafusion: SessionState,
    /// Global temporary views, by lower-case name.
    pub global_views: RwLock<std::collections::HashMap<String, crate::state::TempView>>,
    /// The room for kept rows of all sessions.
    pub cache_room: Arc<CacheRoom>,
}

#[derive(Debug)]
pub struct EmbeddedEngine {
    shared: Arc<Shared>,
}

impl EmbeddedEngine {
    /// Opens the engine on its data folder.
    pub async fn open(settings: EngineSettings) -> Result<Self> {
        let runtime = memory::runtime(&MemorySettings {
            memory: settings.memory,
            spill_limit: settings.spill_limit,
            spill_folder: settings.data_folder.join("spill"),
        })?;
        hearth_functions::kernels::room::set_most(settings.memory.as_usize() / 4);
        let datafusion = SessionStateBuilder::new()
            .with_config(session_config(settings.partitions))
            .with_runtime_env(runtime)
            .with_optimizer_rules(null_safe_joins::guarded(leaf_rule::outside_of_recursion(join_order::rules())))
            .with_physical_optimizer_rules(stream_side::rules())
            .with_query_planner(Arc::new(Planner { transform_scripts: settings.transform_scripts }))
            .build();
        let catalog = Catalog::open(
            settings.data_folder.join("warehouse"),
            &settings.catalogs,
            &settings.samples,
            &settings.data_folder,
        )?;
        let cache_room = Arc::new(CacheRoom::new(settings.memory));
        let shared = Shared { settings, catalog, datafusion, global_views: RwLock::default(), cache_room };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// Rows that operators hand on at once: twice DataFusion's number, which costs fewer rounds through the operators.
const BATCH_ROWS: usize = 16 * 1024;
/// The smaller side of a join is one hash table up to this estimated size.
const ONE_TABLE_BYTES: usize = 64 << 20;
/// The same where only a count of rows is estimated.
const ONE_TABLE_ROWS: usize = 4 << 20;

/// How DataFusion runs our plans.
fn session_config(partitions: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_batch_size(BATCH_ROWS);
    if partitions > 0 {
        config = config.with_target_partitions(partitions);
    }
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = false;
    // A subquery that became a join says of a count that it may be NULL, which the plan above it was not told.
    options.execution.skip_physical_aggregate_schema_check = true;
    // One hash table for both sides' partitions costs less than to cut both sides, up to this size of the smaller one;
    // its keys also let the other side's scan leave out rows early.
    options.optimizer.hash_join_single_partition_threshold = ONE_TABLE_BYTES;
    options.optimizer.hash_join_single_partition_threshold_rows = ONE_TABLE_ROWS;
    config
}

const TIME_ZONE: &str = "spark.sql.session.timeZone";
/// The zone of a warehouse's sessions, wherever its machine stands.
const WAREHOUSE_ZONE: &str = "UTC";

#[async_trait]
impl Engine for EmbeddedEngine {
    async fn open_session(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        let mut state = State::new(&self.shared.settings.session_defaults)?;
        let zone_is_set = self.shared.settings.session_defaults.iter().any(|(key, _)| key == TIME_ZONE);
        if spec.flavor == Flavor::Warehouse && !zone_is_set {
            state.config.set(TIME_ZONE, WAREHOUSE_ZONE)?;
        }
        Ok(Arc::new(EmbeddedSession::new(Arc::clone(&self.shared), spec, state)))
    }

    async fn shutdown(&self) {}
}
