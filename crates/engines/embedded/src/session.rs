//! `EmbeddedSession`: core's seam, one short method each.

use std::sync::Arc;

use async_trait::async_trait;
use hearth_base::Result;
use hearth_base::condition::NO_SUCH_CATALOG_EXCEPTION;
use hearth_core::engine::{Answer, Artifact, ConfigAnswer, ConfigRequest, Flavor, Namespace, Question, SessionSpec};
use hearth_core::{EngineSession, OpContext, ResultWriter, Work};
use hearth_plan::Plan;
use hearth_types::timestamp_word;
use parking_lot::RwLock;

use crate::catalog::{Pattern, Position, TableId, table_id};
use crate::engine::Shared;
use crate::script::Scopes;
use crate::state::SessionState;
use crate::{change, decode, effects, interrupt, question, run};

#[derive(Debug)]
pub struct EmbeddedSession {
    pub shared: Arc<Shared>,
    pub spec: SessionSpec,
    pub state: Arc<RwLock<SessionState>>,
    /// Whose answers the operation at hand gets.
    pub flavor: Flavor,
    /// The variables of the script whose statement this is.
    pub script: Option<Arc<Scopes>>,
}

impl EmbeddedSession {
    pub fn new(shared: Arc<Shared>, spec: SessionSpec, state: SessionState) -> Self {
        Self { shared, spec, state: Arc::new(RwLock::new(state)), flavor: Flavor::Spark, script: None }
    }

    /// The same session for an operation that gets another's answers.
    pub fn with_flavor(&self, flavor: Flavor) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            spec: self.spec.clone(),
            state: Arc::clone(&self.state),
            flavor,
            script: None,
        }
    }

    /// The same session for the statements of a script.
    pub fn in_script(&self, scopes: Arc<Scopes>) -> Self {
        Self { script: Some(scopes), ..self.with_flavor(self.flavor) }
    }

    /// The same session for a statement that sees nothing of the script around it.
    pub fn outside_script(&self) -> Self {
        self.with_flavor(self.flavor)
    }

    pub fn is_warehouse(&self) -> bool {
        self.flavor == Flavor::Warehouse
    }

    /// The pattern of a `SHOW … LIKE`.
    pub fn pattern(&self, text: Option<&str>) -> Pattern {
        if self.is_warehouse() { Pattern::of_driver(text) } else { Pattern::new(text) }
    }

    /// Reads a table's name, with the error of the flavor for a catalog that is not there.
    pub fn table_id(&self, name: &[String], at: Position<'_>) -> Result<TableId> {
        match (table_id(name, at), name) {
            (Err(_), [catalog, _, _]) if self.is_warehouse() => Err(NO_SUCH_CATALOG_EXCEPTION.with("catalog", catalog)),
            (read, _) => read,
        }
    }

    /// The catalog of this name, or the error of the flavor.
    pub fn catalog_named(&self, name: &str) -> Result<String> {
        match self.shared.catalog.named(name) {
            Err(_) if self.is_warehouse() => Err(NO_SUCH_CATALOG_EXCEPTION.with("catalog", name)),
            named => named,
        }
    }

    /// The state as it is now. Work sees one snapshot from its start to its end.
    pub fn snapshot(&self) -> SessionState {
        self.state.read().clone()
    }

    fn timestamps_are_wall_clocks(&self) -> bool {
        self.state.read().config.timestamps_are_wall_clocks()
    }

    /// Runs an operation's work.
    async fn run(&self, work: Work, writer: &mut ResultWriter) -> Result<()> {
        let session = match &work {
            Work::Sql(sql) => self.with_flavor(sql.flavor),
            Work::Plan(_) | Work::Code(_) => self.with_flavor(Flavor::Spark),
        };
        if let Work::Sql(sql) = &work {
            effects::use_namespace(&session, &sql.namespace)?;
        }
        let request = decode::request(work)?;
        match request.plan {
            Plan::Relation(relation) => run::relation(&session, &relation, writer).await,
            Plan::Command(command) => effects::command(&session, command, request.sql_relation, writer).await,
        }
    }
}

#[async_trait]
impl EngineSession for EmbeddedSession {
    async fn execute(&self, cx: &OpContext, work: Work, writer: &mut ResultWriter) -> Result<()> {
        let wall_clock = self.timestamps_are_wall_clocks();
        let run = timestamp_word::scope(wall_clock, self.run(work, writer));
        interrupt::CANCEL.scope(cx.cancel.clone(), run).await
    }

    fn changes_session(&self, work: &Work) -> bool {
        change::changes_session(self, work)
    }

    fn sets(&self, work: &Work, key: &str) -> Option<Option<String>> {
        change::sets(work, key)
    }

    async fn analyze(&self, _cx: &OpContext, question: Question) -> Result<Answer> {
        timestamp_word::scope(self.timestamps_are_wall_clocks(), question::answer(self, question)).await
    }

    async fn configure(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        self.state.write().config.answer(request)
    }

    async fn use_namespace(&self, namespace: &Namespace) -> Result<()> {
        effects::start_in(self, namespace)
    }

    async fn add_artifact(&self, artifact: Artifact) -> Result<()> {
        self.state.write().artifacts.insert(artifact.name, artifact.path);
        Ok(())
    }

    async fn has_artifact(&self, name: &str) -> Result<bool> {
        Ok(self.state.read().artifacts.contains_key(name))
    }

    async fn fork(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        let mut state = self.snapshot();
        state.artifacts = copy_artifacts(&state, &self.spec, &spec).await?;
        Ok(Arc::new(Self::new(Arc::clone(&self.shared), spec, state)))
    }

    async fn close(&self) {
        let mut state = self.state.write();
        state.views.clear();
        state.remote.clear();
        state.persisted.clear();
        state.artifacts.clear();
    }
}

/// The artifacts of one session in the folder of another, which may outlive it.
async fn copy_artifacts(
    state: &SessionState,
    from: &SessionSpec,
    to: &SessionSpec,
) -> Result<std::collections::HashMap<String, std::path::PathBuf>> {
    let failed = |error: std::io::Error| hearth_base::Error::internal("an artifact cannot be copied").caused_by(error);
    let mut copies = std::collections::HashMap::new();
    for (name, path) in &state.artifacts {
        let relative = path.strip_prefix(&from.folder).map_err(hearth_base::Error::internal)?;
        let target = to.folder.join(relative);
        if let Some(folder) = target.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        }
        tokio::fs::copy(path, &target).await.map_err(failed)?;
        copies.insert(name.clone(), target);
    }
    Ok(copies)
}
