//! Which work changes its session rather than data.

use hearth_core::Work;
use hearth_plan::catalog::CatalogOp;
use hearth_plan::command::{Command, ViewKind};
use hearth_plan::relation::TableName;
use hearth_plan::{Plan, RelationNode};

use crate::effects;
use crate::session::EmbeddedSession;

/// Work that does not read changes nothing.
pub fn changes_session(session: &EmbeddedSession, work: &Work) -> bool {
    match crate::decode::request(work.clone()) {
        Ok(request) => plan(session, &request.plan),
        Err(_) => false,
    }
}

fn plan(session: &EmbeddedSession, plan: &Plan) -> bool {
    match plan {
        Plan::Command(command) => changes(session, command),
        Plan::Relation(relation) => match &relation.node {
            RelationNode::Catalog(op) => moves(session, op),
            RelationNode::Command(command) => changes(session, command),
            RelationNode::Sql(text) => of_text(session, effects::command_of(text)),
            _ => false,
        },
    }
}

fn of_text(session: &EmbeddedSession, command: hearth_base::Result<Option<Command>>) -> bool {
    matches!(command, Ok(Some(command)) if changes(session, &command))
}

/// A new command touches data unless it is named here.
fn changes(session: &EmbeddedSession, command: &Command) -> bool {
    match command {
        Command::Sql { text, .. } => of_text(session, effects::command_of(text)),
        Command::Catalog(op) => moves(session, op),
        Command::CreateView(view) => matches!(view.kind, ViewKind::Temp | ViewKind::GlobalTemp),
        Command::SetConfig { .. }
        | Command::ResetConfig { .. }
        | Command::SetTimeZone { .. }
        | Command::DeclareVariable { .. }
        | Command::SetVariable { .. }
        | Command::DropVariable { .. } => true,
        _ => false,
    }
}

/// A new operation touches the catalog unless it is named here.
fn moves(session: &EmbeddedSession, op: &CatalogOp) -> bool {
    match op {
        CatalogOp::SetCurrentCatalog { .. }
        | CatalogOp::SetCurrentDatabase { .. }
        | CatalogOp::DropTempView { .. }
        | CatalogOp::DropGlobalTempView { .. } => true,
        // A kept view of the name must not be dropped again.
        CatalogOp::DropView { name, .. } => is_temporary(session, name),
        CatalogOp::CreateFunction(function) => function.temporary,
        CatalogOp::DropFunction { temporary, .. } => *temporary,
        _ => false,
    }
}

fn is_temporary(session: &EmbeddedSession, name: &TableName) -> bool {
    let TableName::Name(name) = name else { return false };
    matches!(name.as_slice(), [only] if session.state.read().views.contains_key(&only.to_lowercase()))
}
