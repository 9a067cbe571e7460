//! `TestHearth`: a core on fakes, and short words for what tests do with it.

use std::path::Path;
use std::sync::Arc;

use hearth_base::{Clock, OperationId, Result, SessionId};
use hearth_core::engine::SqlWork;
use hearth_core::result::{Bounds, ReadError, ResultReader};
use hearth_core::store::Origin;
use hearth_core::{
    Authenticator, EngineKind, Engines, Hearth, Item, Limits, MetadataStore, NamedEngine, Operation, Operations,
    Principal, PrincipalRule, ResultStore, Session, Sessions, Submission, Work, WorkLimits,
};
use tokio::runtime::Handle;

use crate::{MemoryMetadataStore, MemoryResultStore, ScriptedEngine};

/// The time at which manual clocks stand at first.
const START: i64 = 1_700_000_000_000;

/// A core whose every part a test can reach.
#[derive(Debug)]
pub struct TestHearth {
    pub engine: Arc<ScriptedEngine>,
    pub engines: Arc<Engines>,
    pub metadata: Arc<dyn MetadataStore>,
    pub results: Arc<dyn ResultStore>,
    pub clock: Clock,
    pub sessions: Arc<Sessions>,
    pub operations: Arc<Operations>,
    pub principal: Principal,
}

impl TestHearth {
    /// A core on fakes whose sessions keep their files below `root`. Work runs on the test's own runtime.
    pub fn new(root: &Path, limits: Limits) -> Self {
        let metadata = Arc::new(MemoryMetadataStore::default());
        Self::on(root, limits, metadata, Arc::new(MemoryResultStore::default()))
    }

    /// A core on given stores; a second one on the same stores is the server after a restart.
    pub fn on(root: &Path, limits: Limits, metadata: Arc<dyn MetadataStore>, results: Arc<dyn ResultStore>) -> Self {
        let engine = Arc::new(ScriptedEngine::default());
        let engines = Engines::single(engine.clone());
        Self::assemble(root, limits, (metadata, results), engine, engines)
    }

    /// A core on given stores with these engines. `engine` is the one that the test reaches by that name.
    pub fn with_engines(root: &Path, limits: Limits, engine: Arc<ScriptedEngine>, engines: Engines) -> Self {
        let stores = (Arc::new(MemoryMetadataStore::default()) as _, Arc::new(MemoryResultStore::default()) as _);
        Self::assemble(root, limits, stores, engine, engines)
    }

    fn assemble(
        root: &Path,
        limits: Limits,
        (metadata, results): (Arc<dyn MetadataStore>, Arc<dyn ResultStore>),
        engine: Arc<ScriptedEngine>,
        engines: Engines,
    ) -> Self {
        let (engines, clock) = (Arc::new(engines), Clock::manual(START));
        let sessions = Sessions::new(Arc::clone(&engines), limits.clone(), clock.clone(), root.to_owned());
        let sessions = Arc::new(sessions);
        let operations = Arc::new(Operations::new(
            Arc::clone(&metadata),
            Arc::clone(&results),
            limits,
            clock.clone(),
            Handle::current(),
        ));
        Self { engine, engines, metadata, results, clock, sessions, operations, principal: Principal::named("ada") }
    }

    /// What a door gets.
    pub fn core(&self, authenticator: Arc<dyn Authenticator>) -> Hearth {
        Hearth {
            engines: Arc::clone(&self.engines),
            sessions: Arc::clone(&self.sessions),
            operations: Arc::clone(&self.operations),
            authenticator,
        }
    }

    /// A new session of `self.principal`.
    pub async fn session(&self) -> Result<Arc<Session>> {
        self.sessions.get_or_open(&self.principal, &SessionId::random(), None).await
    }

    /// Submits the script of this name as a reattachable operation.
    pub async fn submit(&self, session: &Arc<Session>, script: &str) -> Result<Arc<Operation>> {
        self.submit_as(session, script, OperationId::random()).await
    }

    pub async fn submit_as(&self, session: &Arc<Session>, script: &str, id: OperationId) -> Result<Arc<Operation>> {
        self.operations.submit(session, submission(script, Some(id))).await
    }
}

/// A reattachable submission of a script.
pub fn submission(script: &str, id: Option<OperationId>) -> Submission {
    Submission {
        id,
        work: Work::Sql(SqlWork::spark(script)),
        tags: Vec::new(),
        reattachable: true,
        description: script.to_owned(),
        origin: Origin::default(),
        bounds: Bounds::default(),
    }
}

/// Waits until the operation has ended and its readers may see it.
pub async fn wait_finished(operation: &Operation) {
    operation.log.ended().await;
}

/// All items from `index` on, to the end or the error.
pub async fn read_from(operation: &Operation, index: u64) -> (Vec<(u64, Item)>, Option<ReadError>) {
    let mut reader = ResultReader::new(Arc::clone(&operation.log), index);
    let mut items = Vec::new();
    loop {
        match reader.next().await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

/// Two scripted engines, `near` (the default) and `far`, to be named and limited as a test needs.
#[derive(Debug)]
pub struct TwoEngines {
    pub near: Arc<ScriptedEngine>,
    pub far: Arc<ScriptedEngine>,
}

impl Default for TwoEngines {
    fn default() -> Self {
        Self { near: Arc::new(ScriptedEngine::default()), far: Arc::new(ScriptedEngine::default()) }
    }
}

impl TwoEngines {
    /// Both by name. `far` has `limits`, principals have `rules`.
    pub fn named(&self, limits: &WorkLimits, rules: &[(&str, PrincipalRule)]) -> Result<Engines> {
        let near = NamedEngine::new("near", EngineKind::Embedded, self.near.clone());
        let far = NamedEngine::new("far", EngineKind::Cluster, self.far.clone()).limited(limits);
        let rules = rules.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect();
        Engines::new(vec![near, far.described("a Spark elsewhere")], "near", rules)
    }
}
