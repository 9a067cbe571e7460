//! Where a session stands: the current catalog and database.

use hearth_base::Result;
use hearth_base::condition::NESTED_DATABASE;
use hearth_core::engine::Namespace;
use hearth_plan::catalog::Style;
use hearth_plan::{Expr, ExprNode, Name};

use super::lookup::{Scope, name_text};
use super::rows::{Cell, done, optional, table, text, value};
use crate::catalog::{DEFAULT_DATABASE, DatabaseId, SYSTEM_CATALOG};
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
    let catalog = session.catalog_named(name)?;
    let has_default = session.shared.catalog.database_exists(&DatabaseId::new(&catalog, DEFAULT_DATABASE));
    let mut state = session.state.write();
    if state.catalog != catalog {
        state.database = if has_default { vec![DEFAULT_DATABASE.to_owned()] } else { Vec::new() };
    }
    state.catalog = catalog;
    done()
}

/// `SET CATALOG`: the value of an expression; a plain name is a variable's where there is one.
pub async fn set_catalog_to(session: &EmbeddedSession, name: &Expr) -> Result<Rows> {
    if let ExprNode::Attribute { name: parts, .. } = &name.node
        && let [part] = parts.as_slice()
        && !session.state.read().variables.contains_key(&part.to_lowercase())
    {
        return set_catalog(session, part);
    }
    let text = name_text(session, name).await?;
    set_catalog(session, &text)
}

/// `USE`: a catalog alone is one too.
pub fn set_database(session: &EmbeddedSession, name: &Name, style: Style) -> Result<Rows> {
    let scope = Scope::new(session);
    let name = match style {
        Style::Sql => name.clone(),
        Style::Api => [scope.state.catalog.clone()].into_iter().chain(name.iter().cloned()).collect(),
    };
    let id = scope.database_id(Some(&name));
    if id.namespace.is_empty() {
        return set_catalog(session, &id.catalog);
    }
    if scope.catalog().find_database(&id).is_none() {
        return Err(id.not_found());
    }
    let mut state = session.state.write();
    state.catalog = id.catalog;
    // It is told as it was typed.
    state.database = name[name.len() - id.namespace.len()..].to_vec();
    done()
}

/// Moves the session to a catalog, a database, or both, for a statement.
pub fn use_namespace(session: &EmbeddedSession, namespace: &Namespace) -> Result<()> {
    if let Some(catalog) = &namespace.catalog {
        set_catalog(session, catalog)?;
    }
    if let Some(schema) = &namespace.schema {
        let catalog = session.state.read().catalog.clone();
        set_database(session, &vec![catalog, schema.clone()], Style::Sql)?;
    }
    Ok(())
}

/// Where a new session stands. The database need not be there yet: clients name the schema that they are about to make.
pub fn start_in(session: &EmbeddedSession, namespace: &Namespace) -> Result<()> {
    if let Some(catalog) = &namespace.catalog {
        set_catalog(session, catalog)?;
    }
    if let Some(schema) = &namespace.schema {
        session.state.write().database = vec![schema.to_lowercase()];
    }
    Ok(())
}

/// `SHOW CATALOGS`, `listCatalogs`. Only a SQL warehouse names `system`, which Spark has for other things.
pub fn list_catalogs(session: &EmbeddedSession, pattern: Option<&str>, style: Style) -> Result<Rows> {
    let pattern = session.pattern(pattern);
    let names = session.shared.catalog.names();
    let shown = |name: &&str| pattern.matches(name) && (session.is_warehouse() || *name != SYSTEM_CATALOG);
    let names = names.iter().filter(shown);
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

pub fn create_catalog(
    session: &EmbeddedSession,
    name: &str,
    comment: Option<&str>,
    if_not_exists: bool,
) -> Result<Rows> {
    session.shared.catalog.create_catalog(name, comment, if_not_exists)?;
    done()
}

/// Drops a catalog. A session that stands in it stays there.
pub fn drop_catalog(session: &EmbeddedSession, name: &str, if_exists: bool, cascade: bool) -> Result<Rows> {
    if if_exists && session.shared.catalog.names().find(name).is_none() {
        return done();
    }
    let name = session.catalog_named(name)?;
    session.shared.catalog.drop_catalog(&name, cascade)?;
    done()
}
