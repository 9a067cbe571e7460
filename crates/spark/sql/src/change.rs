//! Which work changes its session rather than data: its views, variables, settings and place.

use hearth_plan::catalog::CatalogOp;
use hearth_plan::command::{Command, ViewKind};
use hearth_plan::relation::{NameForm, SqlText};
use hearth_plan::{Name, Plan, RelationNode};

/// Whether a name, of one part or more, is a temporary view of the session.
pub type IsTemporary<'a> = &'a dyn Fn(&Name) -> bool;

/// Text that does not read changes nothing.
pub fn changes_session(plan: &Plan, is_temporary: IsTemporary<'_>) -> bool {
    match plan {
        Plan::Command(command) => changes(command, is_temporary),
        Plan::Relation(relation) => match &relation.node {
            RelationNode::Catalog(op) => moves(op, is_temporary),
            RelationNode::Command(command) => changes(command, is_temporary),
            RelationNode::Sql(text) => of_text(text, is_temporary),
            _ => false,
        },
    }
}

fn of_text(text: &SqlText, is_temporary: IsTemporary<'_>) -> bool {
    matches!(crate::parse_bound(text), Ok(Plan::Command(command)) if changes(&command, is_temporary))
}

/// A new command touches data unless it is named here.
fn changes(command: &Command, is_temporary: IsTemporary<'_>) -> bool {
    match command {
        Command::Sql { text, .. } => of_text(text, is_temporary),
        Command::Catalog(op) => moves(op, is_temporary),
        Command::CreateView(view) => matches!(view.kind, ViewKind::Temp | ViewKind::GlobalTemp),
        Command::SetConfig { .. }
        | Command::ResetConfig { .. }
        | Command::SetTimeZone { .. }
        | Command::SetCatalog { .. }
        | Command::SetPath
        | Command::DeclareVariable { .. }
        | Command::SetVariable { .. }
        | Command::DropVariable { .. } => true,
        _ => false,
    }
}

/// A new operation touches the catalog unless it is named here.
fn moves(op: &CatalogOp, is_temporary: IsTemporary<'_>) -> bool {
    match op {
        CatalogOp::SetCurrentCatalog { .. }
        | CatalogOp::SetCurrentDatabase { .. }
        | CatalogOp::DropTempView { .. }
        | CatalogOp::DropGlobalTempView { .. } => true,
        // A kept view of the name must not be dropped again.
        CatalogOp::DropView { name, .. } => matches!(&name.form, NameForm::Plain(name) if is_temporary(name)),
        CatalogOp::CreateFunction(function) => function.temporary,
        CatalogOp::DropFunction { temporary, .. } => *temporary,
        _ => false,
    }
}

/// What a plan makes of the setting `key`: `Some(None)` where it takes it away.
pub fn setting(plan: &Plan, key: &str) -> Option<Option<String>> {
    match plan {
        Plan::Command(Command::Sql { text, .. }) => setting_of_text(text, key),
        Plan::Command(command) => setting_of(command, key),
        Plan::Relation(relation) => match &relation.node {
            RelationNode::Command(command) => setting_of(command, key),
            RelationNode::Sql(text) => setting_of_text(text, key),
            _ => None,
        },
    }
}

fn setting_of_text(text: &SqlText, key: &str) -> Option<Option<String>> {
    match crate::parse_bound(text) {
        Ok(Plan::Command(command)) => setting_of(&command, key),
        Ok(Plan::Relation(_)) | Err(_) => None,
    }
}

fn setting_of(command: &Command, key: &str) -> Option<Option<String>> {
    match command {
        Command::SetConfig { key: set, value } if set == key => Some(Some(value.clone())),
        Command::ResetConfig { key: Some(unset) } if unset == key => Some(None),
        _ => None,
    }
}

/// The temporary view that a plan makes.
pub fn temporary_view(plan: &Plan) -> Option<Name> {
    let command = match plan {
        Plan::Command(Command::Sql { text, .. }) => return temporary_view_of_text(text),
        Plan::Command(command) => command,
        Plan::Relation(relation) => match &relation.node {
            RelationNode::Command(command) => command,
            RelationNode::Sql(text) => return temporary_view_of_text(text),
            _ => return None,
        },
    };
    of_command(command)
}

fn temporary_view_of_text(text: &SqlText) -> Option<Name> {
    match crate::parse_bound(text) {
        Ok(Plan::Command(command)) => of_command(&command),
        Ok(Plan::Relation(_)) | Err(_) => None,
    }
}

fn of_command(command: &Command) -> Option<Name> {
    match command {
        Command::CreateView(view) if view.kind == ViewKind::Temp => match &view.name.form {
            NameForm::Plain(name) => Some(name.clone()),
            NameForm::Identifier(_) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::{Marker, parameter_markers, parse_statement};

    fn changes_with(views: &[&str], text: &str) -> bool {
        let is_temporary = |name: &Name| matches!(name.as_slice(), [only] if views.contains(&only.as_str()));
        changes_session(&parse_statement(text).unwrap(), &is_temporary)
    }

    #[test]
    fn statements_set_and_take_away_settings() {
        let said = |text: &str| setting(&parse_statement(text).unwrap(), "hearth.engine");
        assert_eq!(said("SET hearth.engine = far"), Some(Some("far".to_owned())));
        assert_eq!(said("set `hearth.engine`=far;"), Some(Some("far".to_owned())));
        assert_eq!(said("RESET hearth.engine"), Some(None));
        for other in ["SET hearth.engine", "SET hearth.engines = far", "RESET", "SELECT 'SET hearth.engine = far'"] {
            assert_eq!(said(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_temporary_view_is_the_sessions_to_drop() {
        assert!(changes_with(&["v"], "DROP VIEW v"));
        assert!(!changes_with(&["v"], "DROP VIEW s.v"));
        assert!(!changes_with(&[], "DROP VIEW v"));
        let made = |text: &str| temporary_view(&parse_statement(text).unwrap());
        assert_eq!(made("CREATE TEMP VIEW v AS SELECT 1"), Some(vec!["v".to_owned()]));
        assert_eq!(made("CREATE VIEW v AS SELECT 1"), None);
    }

    #[test]
    fn markers_stand_where_the_text_has_them() {
        let text = "SELECT :a, ':b', ?, c:d FROM t WHERE x = :`e f` -- ?";
        let found = parameter_markers(text).unwrap();
        let found: Vec<_> =
            found.iter().map(|Marker { name, start, end }| (name.as_deref(), &text[*start..*end])).collect();
        assert_eq!(found, [(Some("a"), ":a"), (None, "?"), (Some("e f"), ":`e f`")]);
    }
}
