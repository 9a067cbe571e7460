//! Lists of tables, views and columns, and what is told of one of them.

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE;
use hearth_plan::Name;
use hearth_plan::catalog::Style;
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_types::StructType;

use super::lookup::{Found, Scope, is_global_temp, table_name};
use super::rows::{Cell, Column, flag, optional, table, text, texts, truth};
use crate::catalog::{GLOBAL_TEMP, TableId, TableRecord};
use crate::run::Rows;
use crate::session::EmbeddedSession;
use crate::state::TempView;

/// The columns of `org.apache.spark.sql.catalog.Table`.
const API: [Column; 6] = [
    optional("name"),
    optional("catalog"),
    texts("namespace"),
    optional("description"),
    optional("tableType"),
    flag("isTemporary"),
];

/// Tables and views, or views only; permanent ones first.
pub fn tables(session: &EmbeddedSession, database: Option<&Name>, pattern: Option<&str>, style: Style) -> Result<Rows> {
    let found = objects(session, database, pattern)?;
    match style {
        Style::Api => table(&API, found.into_iter().map(api_row).collect()),
        Style::Sql => {
            let namespace = if session.is_warehouse() { "database" } else { "namespace" };
            table(&[text(namespace), text("tableName"), flag("isTemporary")], sql_rows(found))
        }
    }
}

pub fn views(session: &EmbeddedSession, database: Option<&Name>, pattern: Option<&str>, style: Style) -> Result<Rows> {
    let mut found = objects(session, database, pattern)?;
    found.retain(|object| !matches!(object, Found::Table(table) if !table.is_view()));
    match style {
        Style::Api => table(&API, found.into_iter().map(api_row).collect()),
        Style::Sql if session.is_warehouse() => {
            let columns = [text("namespace"), text("viewName"), flag("isTemporary"), flag("isMaterialized")];
            let rows = sql_rows(found).into_iter().map(|row| [row, vec![false.into()]].concat());
            table(&columns, rows.collect())
        }
        Style::Sql => table(&[text("namespace"), text("viewName"), flag("isTemporary")], sql_rows(found)),
    }
}

/// What a pattern finds in a database: its tables and views, then the temporary views of the session.
pub fn objects(session: &EmbeddedSession, database: Option<&Name>, pattern: Option<&str>) -> Result<Vec<Found>> {
    let scope = Scope::new(session);
    let pattern = session.pattern(pattern);
    let mut found = Vec::new();
    if database.is_some_and(|name| is_global_temp(name)) {
        let views = session.shared.global_views.read();
        let mut global: Vec<TempView> = views.values().filter(|view| pattern.matches(&view.name)).cloned().collect();
        global.sort_by(|left, right| left.name.cmp(&right.name));
        found.extend(global.into_iter().map(Found::GlobalTemporary));
    } else {
        let id = scope.database_id(database);
        if id.namespace.len() > 1 {
            return Err(super::place::nested(&id.namespace));
        }
        let tables: Vec<Arc<TableRecord>> = match id.namespace.is_empty() {
            true => Vec::new(),
            false => scope.catalog().tables(&id)?,
        };
        found.extend(tables.into_iter().filter(|table| pattern.matches(&table.id.name)).map(Found::Table));
    }
    let mut local: Vec<TempView> =
        scope.state.views.values().filter(|view| pattern.matches(&view.name)).cloned().collect();
    local.sort_by(|left, right| left.name.cmp(&right.name));
    found.extend(local.into_iter().map(Found::Temporary));
    Ok(found)
}

fn sql_rows(found: Vec<Found>) -> Vec<Vec<Cell>> {
    let row = |object: Found| -> Vec<Cell> {
        match object {
            Found::Table(table) => vec![table.id.database.clone().into(), table.id.name.clone().into(), false.into()],
            Found::Temporary(view) => vec!["".into(), view.name.into(), true.into()],
            Found::GlobalTemporary(view) => vec![GLOBAL_TEMP.into(), view.name.into(), true.into()],
        }
    };
    found.into_iter().map(row).collect()
}

fn api_row(object: Found) -> Vec<Cell> {
    let temporary = |view: TempView, namespace: Vec<String>| -> Vec<Cell> {
        vec![view.name.into(), Cell::Null, namespace.into(), view.comment.into(), "TEMPORARY".into(), true.into()]
    };
    match object {
        Found::Table(table) => vec![
            table.id.name.clone().into(),
            table.id.catalog.clone().into(),
            vec![table.id.database.clone()].into(),
            table.comment.clone().into(),
            table.kind.name().into(),
            false.into(),
        ],
        Found::Temporary(view) => temporary(view, Vec::new()),
        Found::GlobalTemporary(view) => temporary(view, vec![GLOBAL_TEMP.to_owned()]),
    }
}

pub fn get_table(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    table(&API, vec![api_row(Scope::new(session).get(name)?)])
}

pub fn table_exists(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    truth(Scope::new(session).find(name)?.is_some())
}

/// The columns of whatever a name stands for.
pub fn schema_of(found: &Found) -> &StructType {
    match found {
        Found::Table(table) => &table.schema,
        Found::Temporary(view) | Found::GlobalTemporary(view) => &view.schema,
    }
}

pub async fn columns(
    session: &EmbeddedSession,
    name: &TableName,
    database: Option<&Name>,
    style: Style,
) -> Result<Rows> {
    let mut name = table_name(session, name).await?;
    if let Some(database) = database {
        if let [first, _] = name.as_slice()
            && !database.iter().any(|part| part.eq_ignore_ascii_case(first))
        {
            return Err(SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE
                .with("namespaceA", quote(database))
                .with("namespaceB", quote(std::slice::from_ref(first))));
        }
        let last = name.pop();
        name = database.iter().cloned().chain(last).collect();
    }
    let scope = Scope::new(session);
    let found = match (scope.find(&name)?, style, database) {
        (Some(found), _, _) => found,
        (None, Style::Api, Some(_)) => {
            return Err(TableId::not_found(&scope.table_id(&name)?.parts(), scope.position()));
        }
        (None, _, _) => return Err(TableId::not_found(&name, scope.position())),
    };
    let schema = schema_of(&found);
    match style {
        Style::Sql => {
            table(&[text("col_name")], schema.fields.iter().map(|field| vec![(&*field.name).into()]).collect())
        }
        Style::Api => table(&API_COLUMNS, api_columns(&found)),
    }
}

/// The columns of `org.apache.spark.sql.catalog.Column`.
const API_COLUMNS: [Column; 7] = [
    optional("name"),
    optional("description"),
    optional("dataType"),
    flag("nullable"),
    flag("isPartition"),
    flag("isBucket"),
    flag("isCluster"),
];

fn api_columns(found: &Found) -> Vec<Vec<Cell>> {
    let (partitions, buckets) = match found {
        Found::Table(table) => {
            (table.partition_columns.clone(), table.bucket.clone().map(|(columns, _)| columns).unwrap_or_default())
        }
        Found::Temporary(_) | Found::GlobalTemporary(_) => (Vec::new(), Vec::new()),
    };
    let clustered: Vec<String> = match found {
        Found::Table(table) => {
            super::clustering::columns(table).unwrap_or_default().into_iter().map(|name| name.join(".")).collect()
        }
        Found::Temporary(_) | Found::GlobalTemporary(_) => Vec::new(),
    };
    let within = |list: &[String], name: &str| list.iter().any(|column| column.eq_ignore_ascii_case(name));
    let fields = schema_of(found).fields.iter();
    fields
        .map(|field| {
            vec![
                (&*field.name).into(),
                field.comment().into(),
                field.data_type.catalog_string().into(),
                field.nullable.into(),
                within(&partitions, &field.name).into(),
                within(&buckets, &field.name).into(),
                within(&clustered, &field.name).into(),
            ]
        })
        .collect()
}
