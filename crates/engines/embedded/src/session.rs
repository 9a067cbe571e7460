//! `EmbeddedSession`: core's seam, one short method each.

use std::sync::Arc;

use async_trait::async_trait;
use hearth_base::Result;
use hearth_core::engine::{Answer, Artifact, ConfigAnswer, ConfigRequest, Question, SessionSpec};
use hearth_core::{EngineSession, OpContext, ResultWriter, Work};
use hearth_plan::Plan;
use parking_lot::RwLock;

use crate::engine::Shared;
use crate::state::SessionState;
use crate::{decode, effects, question, run};

#[derive(Debug)]
pub struct EmbeddedSession {
    pub shared: Arc<Shared>,
    pub spec: SessionSpec,
    pub state: RwLock<SessionState>,
}

impl EmbeddedSession {
    pub fn new(shared: Arc<Shared>, spec: SessionSpec, state: SessionState) -> Self {
        Self { shared, spec, state: RwLock::new(state) }
    }

    /// The state as it is now. Work sees one snapshot from its start to its end.
    pub fn snapshot(&self) -> SessionState {
        self.state.read().clone()
    }
}

#[async_trait]
impl EngineSession for EmbeddedSession {
    async fn execute(&self, _cx: &OpContext, work: Work, writer: &mut ResultWriter) -> Result<()> {
        let request = decode::request(work)?;
        match request.plan {
            Plan::Relation(relation) => run::relation(self, &relation, writer).await,
            Plan::Command(command) => effects::command(self, command, request.sql_relation, writer).await,
        }
    }

    async fn analyze(&self, _cx: &OpContext, question: Question) -> Result<Answer> {
        question::answer(self, question).await
    }

    async fn configure(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        self.state.write().config.answer(request)
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
