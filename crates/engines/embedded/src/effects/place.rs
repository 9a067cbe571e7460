//! Where a session stands: the current catalog and database.

use hearth_base::Result;
use hearth_base::condition::NESTED_DATABASE;
use hearth_plan::Name;
use hearth_plan::catalog::Style;

use super::lookup::Scope;
use super::rows::{Cell, done, optional, table, text, value};
use crate::catalog::{CATALOGS, DEFAULT_DATABASE, Pattern, SPARK_CATALOG, catalog_named};
use crate::run::Rows;
use crate::session::EmbeddedSession;

pub fn current_catalog(session: &EmbeddedSession) -> Result<Rows> {
    value(session.state.read().catalog.clone())
}

pub fn current_database(session: &EmbeddedSession) -> Result<Rows> {
    value(session.state.read().database.join("."))
}

/// `SET CATALOG`: the session then stands in the catalog's default database, if it has one.
pub fn set_catalog(session: &EmbeddedSession, name: &str) -> Result<Rows> {
    let catalog = catalog_named(name)?;
    let mut state = session.state.write();
    if state.catalog != catalog {
        state.database = if catalog == SPARK_CATALOG { vec![DEFAULT_DATABASE.to_owned()] } else { Vec::new() };
    }
    catalog.clone_into(&mut state.catalog);
    done()
}

/// `USE`: a catalog alone is one too.
pub fn set_database(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    let scope = Scope::new(session);
    let id = scope.database_id(Some(name));
    if id.namespace.is_empty() {
        return set_catalog(session, &id.catalog);
    }
    if scope.catalog().find_database(&id).is_none() {
        return Err(id.not_found());
    }
    let mut state = session.state.write();
    state.catalog = id.catalog;
    state.database = id.namespace;
    done()
}

pub fn list_catalogs(pattern: Option<&str>, style: Style) -> Result<Rows> {
    let pattern = Pattern::new(pattern);
    let names = CATALOGS.into_iter().filter(|name| pattern.matches(name));
    match style {
        Style::Api => {
            let rows = names.map(|name| vec![name.into(), Cell::Null]).collect();
            table(&[optional("name"), optional("description")], rows)
        }
        Style::Sql => table(&[text("catalog")], names.map(|name| vec![name.into()]).collect()),
    }
}

pub(super) fn nested(name: &Name) -> hearth_base::Error {
    NESTED_DATABASE.with("catalog", name.join("."))
}

/// `SHOW CURRENT NAMESPACE`, which also names the catalog.
pub fn show_current(session: &EmbeddedSession) -> Result<Rows> {
    let state = session.state.read();
    let database = state.database.join(".");
    table(&[text("catalog"), text("namespace")], vec![vec![state.catalog.clone().into(), database.into()]])
}
