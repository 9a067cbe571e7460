//! Operations on databases.

use hearth_base::Result;
use hearth_base::condition::REQUIRES_SINGLE_PART_NAMESPACE;
use hearth_core::engine::Flavor;
use hearth_plan::catalog::Style;
use hearth_plan::identifier::quote;
use hearth_plan::{Name, Options};

use super::lookup::Scope;
use super::rows::{Cell, done, optional, table, text, truth};
use crate::catalog::{DatabaseRecord, SPARK_CATALOG, location_uri};
use crate::run::Rows;
use crate::session::EmbeddedSession;

pub fn list(session: &EmbeddedSession, catalog: Option<&Name>, pattern: Option<&str>, style: Style) -> Result<Rows> {
    let scope = Scope::new(session);
    let name = match catalog.map(Vec::as_slice) {
        None => scope.state.catalog.clone(),
        Some([name]) => session.catalog_named(name)?,
        Some(name) => return Err(super::place::nested(&name.to_vec())),
    };
    let pattern = session.pattern(pattern);
    let (databases, column) = match session.flavor {
        Flavor::Spark => (scope.catalog().databases(&name), "namespace"),
        Flavor::Warehouse => (scope.catalog().all_databases(&name), "databaseName"),
    };
    let databases = databases.into_iter().filter(|database| pattern.matches(&database.name));
    match style {
        Style::Api => table(&API, databases.map(api_row).collect()),
        Style::Sql => table(&[text(column)], databases.map(|database| vec![database.name.into()]).collect()),
    }
}

const API: [super::rows::Column; 4] =
    [optional("name"), optional("catalog"), optional("description"), optional("locationUri")];

fn api_row(database: DatabaseRecord) -> Vec<Cell> {
    let location = location_uri(&database.location);
    let comment = database.comment.unwrap_or_default();
    vec![database.name.into(), database.catalog.into(), comment.into(), location.into()]
}

pub fn get(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    let scope = Scope::new(session);
    let database = scope.catalog().database(&scope.database_id(Some(name)))?;
    table(&API, vec![api_row(database)])
}

pub fn exists(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    let scope = Scope::new(session);
    truth(scope.catalog().database_exists(&scope.database_id(Some(name))))
}

/// What `CREATE DATABASE` says beside the name.
pub struct NewDatabase<'a> {
    pub if_not_exists: bool,
    pub comment: Option<&'a String>,
    pub location: Option<&'a String>,
    pub properties: &'a Options,
}

pub fn create(session: &EmbeddedSession, name: &Name, new: &NewDatabase<'_>) -> Result<Rows> {
    let scope = Scope::new(session);
    let id = scope.database_id(Some(name));
    let [database] = id.namespace.as_slice() else {
        return Err(REQUIRES_SINGLE_PART_NAMESPACE
            .with("sessionCatalog", SPARK_CATALOG)
            .with("identifier", quote(name)));
    };
    let location = match new.location {
        Some(location) => super::path::absolute(location, session)?,
        None => scope.catalog().default_location(&id)?.display().to_string(),
    };
    let record = DatabaseRecord {
        catalog: id.catalog.clone(),
        name: database.clone(),
        comment: new.comment.cloned(),
        location,
        properties: new.properties.clone(),
        owner: session.spec.principal.id.as_str().to_owned(),
    };
    scope.catalog().create_database(record, new.if_not_exists)?;
    done()
}

/// Drops a database. A session that stands in it stays there, as in Spark.
pub fn drop(session: &EmbeddedSession, name: &Name, if_exists: bool, cascade: bool) -> Result<Rows> {
    let scope = Scope::new(session);
    let id = scope.database_id(Some(name));
    if scope.catalog().find_database(&id).is_none() {
        return if if_exists { done() } else { Err(id.not_found()) };
    }
    scope.catalog().drop_database(&id, cascade)?;
    done()
}

pub fn set_properties(session: &EmbeddedSession, name: &Name, properties: &Options) -> Result<Rows> {
    alter(session, name, |database| super::options::merge(&mut database.properties, properties))
}

pub fn unset_properties(session: &EmbeddedSession, name: &Name, keys: &[String]) -> Result<Rows> {
    alter(session, name, |database| database.properties.retain(|(key, _)| !keys.contains(key)))
}

pub fn set_location(session: &EmbeddedSession, name: &Name, location: &str) -> Result<Rows> {
    let location = super::path::absolute(location, session)?;
    alter(session, name, |database| database.location = location)
}

pub fn set_comment(session: &EmbeddedSession, name: &Name, comment: Option<&String>) -> Result<Rows> {
    alter(session, name, |database| database.comment = comment.cloned())
}

fn alter(session: &EmbeddedSession, name: &Name, change: impl FnOnce(&mut DatabaseRecord)) -> Result<Rows> {
    let scope = Scope::new(session);
    scope.catalog().alter_database(&scope.database_id(Some(name)), change)?;
    done()
}

pub fn describe(session: &EmbeddedSession, name: &Name, extended: bool) -> Result<Rows> {
    let scope = Scope::new(session);
    let database = scope.catalog().database(&scope.database_id(Some(name)))?;
    let mut rows: Vec<Vec<Cell>> =
        vec![vec!["Catalog Name".into(), database.catalog.into()], vec!["Namespace Name".into(), database.name.into()]];
    rows.push(vec!["Comment".into(), database.comment.unwrap_or_default().into()]);
    rows.push(vec!["Location".into(), location_uri(&database.location).into()]);
    rows.push(vec!["Owner".into(), database.owner.into()]);
    if extended {
        let mut properties = database.properties;
        properties.sort();
        let pairs: Vec<_> = properties.into_iter().map(|(key, value)| format!("({key},{value})")).collect();
        let text = if pairs.is_empty() { String::new() } else { format!("({})", pairs.join(", ")) };
        rows.push(vec!["Properties".into(), text.into()]);
    }
    table(&[text("info_name"), optional("info_value")], rows)
}
