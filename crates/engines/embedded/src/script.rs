//! SQL scripts: runs the tree of `hearth_plan::script`.
//!
//! Statements run one after another in the session, with the variables of the blocks around them in reach. What comes
//! back is the last result set. A loop holds no rows but those of its own query, gives other work its turn on every
//! round and looks whether the operation is cancelled; what a script keeps has limits.

mod cursor;
mod handlers;
mod runner;
mod scopes;

use std::sync::Arc;

use hearth_base::condition::{CONTINUE_HANDLER_DISABLED, SCRIPT_LIMIT, SQL_CURSOR_DISABLED, SQL_SCRIPTING_DISABLED};
use hearth_base::{ByteSize, Result};
use hearth_plan::{Relation, Script};

use crate::effects::rows::nothing;
use crate::execute::Query;
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use runner::Runner;

pub use scopes::{Local, Place, Scopes};

/// What a script may keep while it runs, which is not in the queries' memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptLimits {
    /// `script.max_result_size`: bytes of the result set that is kept until the script ends.
    pub result: ByteSize,
    /// `script.max_variable_size`: bytes of one variable's value.
    pub variable: ByteSize,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self { result: ByteSize::mib(256), variable: ByteSize::mib(64) }
    }
}

fn is_on(session: &EmbeddedSession, key: &str, default: bool) -> bool {
    let state = session.state.read();
    state.config.get(key).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
}

/// Cursors are behind a setting of Spark.
pub fn check_cursors(session: &EmbeddedSession) -> Result<()> {
    if is_on(session, "spark.sql.scripting.cursorEnabled", false) { Ok(()) } else { Err(SQL_CURSOR_DISABLED.error()) }
}

/// Runs a script and gives its last result set.
pub async fn run(session: &EmbeddedSession, script: &Script) -> Result<Rows> {
    if !is_on(session, "spark.sql.scripting.enabled", true) {
        return Err(SQL_SCRIPTING_DISABLED.with("sqlScriptingEnabled", "\"spark.sql.scripting.enabled\""));
    }
    if script.has_cursors {
        check_cursors(session)?;
    }
    if script.has_continue_handlers && !is_on(session, "spark.sql.scripting.continueHandlerEnabled", false) {
        return Err(CONTINUE_HANDLER_DISABLED.error());
    }
    handlers::check(&script.body)?;
    let scopes = Arc::new(Scopes::new(session.shared.settings.script.variable));
    let inside = session.in_script(Arc::clone(&scopes));
    let result = Runner::new(&inside, &scopes).script(script).await?;
    Ok(result.unwrap_or_else(nothing))
}

/// The rows of a query, as far as a script may keep them.
async fn collect(session: &EmbeddedSession, relation: &Relation) -> Result<Rows> {
    let analyzed = run::analyze(session, relation).await?;
    let query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
    let mut rows = query.rows()?;
    let limit = session.shared.settings.script.result;
    let (mut batches, mut bytes) = (Vec::new(), 0usize);
    while let Some(batch) = rows.next().await? {
        bytes = bytes.saturating_add(batch.get_array_memory_size());
        if bytes > limit.as_usize() {
            return Err(SCRIPT_LIMIT.with("limit", "script.max_result_size").with("value", limit));
        }
        batches.push(batch);
    }
    Ok((analyzed.schema, batches))
}
