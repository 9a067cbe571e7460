//! Candidates for the word at a cursor, from the session itself.

use std::sync::Arc;

use async_trait::async_trait;
use hearth_base::Result;
use hearth_core::engine::SqlWork;
use hearth_core::interpreter::Output;
use hearth_core::{Submission, Work};

use super::LivySession;
use crate::completion::{self, Queries};
use crate::error::LivyResult;
use crate::model::{CompletionRequest, Kind};
use crate::output;

/// `livy.max_completion_rows`: names of one sort that are looked at.
const MAX_NAMES: usize = 10_000;

impl LivySession {
    /// Names that may stand at the cursor. An interpreter that was not needed yet knows none.
    pub async fn complete(&self, request: CompletionRequest) -> LivyResult<Vec<String>> {
        self.touch();
        let kind = match request.kind {
            Some(Kind::Shared) | None => self.kind(),
            Some(kind) => kind,
        };
        let Some(language) = kind.language() else {
            return Ok(match kind {
                Kind::Sql => completion::complete(&request.code, request.cursor, self).await,
                Kind::Spark | Kind::Pyspark | Kind::Sparkr | Kind::Shared => Vec::new(),
            });
        };
        let interpreter = self.interpreters.lock().get(&language).map(Arc::clone);
        match interpreter {
            Some(interpreter) => Ok(interpreter.complete(&request.code, request.cursor).await?),
            None => Ok(Vec::new()),
        }
    }
}

#[async_trait]
impl Queries for LivySession {
    async fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let submission = Submission {
            id: None,
            work: Work::Sql(SqlWork::spark(sql)),
            tags: Vec::new(),
            reattachable: false,
            description: sql.to_owned(),
            origin: self.parts.origin(format!("sessions/{}/completion", self.facts.id)),
            bounds: self.bounds(),
        };
        let operation = self.parts.hearth.operations.submit(self.spark(), submission).await?;
        operation.log.ended().await;
        self.spark().forget(&operation.id);
        if let Some(error) = operation.failure() {
            return Err((*error).clone());
        }
        match output::sql_output(&operation, MAX_NAMES).await? {
            Output::Ok { data } => Ok(data.iter().flat_map(|(_, json)| output::texts(json)).collect()),
            Output::Error { .. } => Ok(Vec::new()),
        }
    }
}
