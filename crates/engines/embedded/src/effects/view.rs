//! Views: temporary ones live in the session, persistent ones in the catalog as text.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_analyzer::{MentionOptions, Place, column_name, mentions};
use hearth_base::condition::{
    CREATE_PERMANENT_VIEW_WITHOUT_ALIAS, CREATE_VIEW_NOT_ENOUGH_DATA_COLUMNS, CREATE_VIEW_TOO_MANY_DATA_COLUMNS,
    EXPECT_VIEW_NOT_TABLE, INVALID_TEMP_OBJ_QUALIFIER, INVALID_TEMP_OBJ_REFERENCE, RECURSIVE_VIEW,
    TABLE_OR_VIEW_ALREADY_EXISTS, TEMP_TABLE_OR_VIEW_ALREADY_EXISTS, TEMPORARY_VIEW_WITH_SCHEMA_BINDING_MODE,
};
use hearth_base::{Error, Result};
use hearth_plan::catalog::TableChange;
use hearth_plan::command::{CreateView, ViewKind};
use hearth_plan::identifier::quote;
use hearth_plan::relation::Cte;
use hearth_plan::{Expr, ExprNode, Name, Relation, RelationNode};
use hearth_types::metadata::COMMENT;
use hearth_types::{StructField, StructType};

use super::lookup::{Found, Scope, table_name};
use super::rows::{done, truth};
use super::{columns, options};
use crate::catalog::{DEFAULT_SCHEMA_MODE, TableKind, TableRecord, ViewText};
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use crate::state::TempView;

pub async fn create(session: &EmbeddedSession, new: &CreateView) -> Result<()> {
    let name = table_name(session, &new.name).await?;
    match new.kind {
        ViewKind::Temp | ViewKind::GlobalTemp => create_temporary(session, &name, new).await,
        ViewKind::Persistent => create_persistent(session, &name, new).await,
    }
}

/// The one part of a temporary view's name. The DataFrame API may send more; Spark takes the last.
fn temporary_name(name: &[String], new: &CreateView) -> Result<String> {
    let Some((last, qualifier)) = name.split_last() else { return Err(Error::internal("a view without a name")) };
    let is_session = match qualifier {
        [] => true,
        [only] => only.eq_ignore_ascii_case("session"),
        [system, session] => system.eq_ignore_ascii_case("system") && session.eq_ignore_ascii_case("session"),
        _ => false,
    };
    if is_session || new.text.is_none() {
        return Ok(last.clone());
    }
    Err(INVALID_TEMP_OBJ_QUALIFIER
        .with("objectType", "VIEW")
        .with("objectName", quote(std::slice::from_ref(last)))
        .with("qualifier", quote(qualifier)))
}

async fn create_temporary(session: &EmbeddedSession, name: &[String], new: &CreateView) -> Result<()> {
    let name = temporary_name(name, new)?;
    let is_global = new.kind == ViewKind::GlobalTemp;
    let key = name.to_lowercase();
    let exists = || match is_global {
        true => session.shared.global_views.read().contains_key(&key),
        false => session.state.read().views.contains_key(&key),
    };
    let already = || TEMP_TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", quote(std::slice::from_ref(&name)));
    if !new.or_replace && exists() {
        return Err(already());
    }
    let query = closed(session, &new.query, (!is_global && new.text.is_some()).then_some(name.as_str()))?;
    let schema = run::analyze(session, &query).await?.schema;
    let columns = named_columns(&schema, new, std::slice::from_ref(&name))?;
    let view = TempView {
        schema: columns.clone().unwrap_or(schema),
        name: name.clone(),
        query: Arc::new(query),
        columns,
        comment: new.comment.clone(),
        properties: new.properties.clone(),
        text: new.text.clone(),
        config: session.state.read().config.captured(),
    };
    // Checked again under the lock: two operations of a session may make the same view.
    if is_global {
        let mut views = session.shared.global_views.write();
        if !new.or_replace && views.contains_key(&key) {
            return Err(already());
        }
        views.insert(key, view);
    } else {
        let mut state = session.state.write();
        if !new.or_replace && state.views.contains_key(&key) {
            return Err(already());
        }
        state.views.insert(key, view);
    }
    Ok(())
}

/// The query of a DataFrame's view with the temporary views that it reads inside of it: a DataFrame means what its names
/// mean now, also when the new view takes the name of one of them. A view made in SQL keeps names, and may not read
/// itself.
fn closed(session: &EmbeddedSession, query: &Relation, sql_name: Option<&str>) -> Result<Relation> {
    let scope = Scope::new(session);
    let case_sensitive = scope.state.config.flag("spark.sql.caseSensitive");
    let mentioned = mentions(query, &MentionOptions { place: Place::Session, case_sensitive, config: HashMap::new() });
    let mut ctes: Vec<Cte> = Vec::new();
    for table in &mentioned.tables {
        let [only] = table.name.as_slice() else { continue };
        let Some(Found::Temporary(view)) = scope.temporary(&table.name) else { continue };
        if let Some(name) = sql_name {
            if name.eq_ignore_ascii_case(only) {
                let quoted = quote(&[name.to_owned()]);
                return Err(RECURSIVE_VIEW.with("viewIdent", &quoted).with("newPath", format!("{quoted} -> {quoted}")));
            }
        } else if !ctes.iter().any(|cte| cte.name.eq_ignore_ascii_case(only)) {
            let columns = view.columns.iter().flat_map(|schema| schema.fields.iter());
            ctes.push(Cte {
                name: only.clone(),
                columns: columns.map(|field| field.name.to_string()).collect(),
                query: view.query.as_ref().clone(),
                max_recursion: None,
            });
        }
    }
    if ctes.is_empty() {
        return Ok(query.clone());
    }
    // The views' own queries are closed already, so the order of the expressions does not matter.
    Ok(Relation::new(RelationNode::WithCte { input: Box::new(query.clone()), ctes, recursive: false }))
}

/// The columns under the names that the view's list gives them.
fn named_columns(schema: &StructType, new: &CreateView, name: &[String]) -> Result<Option<StructType>> {
    if new.columns.is_empty() {
        return Ok(None);
    }
    let (given, wanted) = (schema.fields.len(), new.columns.len());
    if given != wanted {
        let condition = match given > wanted {
            true => CREATE_VIEW_TOO_MANY_DATA_COLUMNS,
            false => CREATE_VIEW_NOT_ENOUGH_DATA_COLUMNS,
        };
        let list = |names: Vec<String>| -> String {
            names.iter().map(|name| quote(std::slice::from_ref(name))).collect::<Vec<_>>().join(", ")
        };
        return Err(condition
            .with("viewName", quote(name))
            .with("viewColumns", list(new.columns.iter().map(|(name, _)| name.clone()).collect()))
            .with("dataColumns", list(schema.fields.iter().map(|field| field.name.to_string()).collect())));
    }
    let fields = schema.fields.iter().zip(&new.columns).map(|(field, (name, comment))| {
        let field = StructField { name: name.as_str().into(), ..field.clone() };
        match comment {
            Some(comment) => field.with_metadata_text(COMMENT, comment),
            None => field,
        }
    });
    Ok(Some(StructType::new(fields)))
}

async fn create_persistent(session: &EmbeddedSession, name: &[String], new: &CreateView) -> Result<()> {
    let scope = Scope::new(session);
    let id = scope.table_id(name)?;
    scope.catalog().database(&id.database_id())?;
    match scope.catalog().table(&id) {
        Some(_) if new.if_not_exists => return Ok(()),
        Some(known) if new.or_replace && !known.is_view() => {
            return Err(EXPECT_VIEW_NOT_TABLE
                .with("tableName", id.quoted())
                .with("operation", "CREATE OR REPLACE VIEW"));
        }
        Some(_) if !new.or_replace => return Err(TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", id.quoted())),
        Some(_) | None => {}
    }
    let Some(text) = &new.text else { return Err(Error::unsupported("a persistent view of a DataFrame")) };
    let mut record = TableRecord {
        id,
        kind: TableKind::View,
        provider: None,
        schema: StructType::default(),
        partition_columns: Vec::new(),
        bucket: None,
        sort_columns: Vec::new(),
        collation: None,
        options: Vec::new(),
        properties: new.properties.clone(),
        location: None,
        comment: new.comment.clone(),
        owner: String::new(),
        created: session.shared.settings.clock.now(),
        statistics: None,
        view: None,
    };
    let schema = set_text(session, &mut record, &new.query, text).await?;
    if let (Some(view), Some(mode)) = (&mut record.view, new.schema_mode) {
        view.schema_mode = mode.to_owned();
    }
    record.schema = match named_columns(&schema, new, &record.id.parts())? {
        Some(named) => named,
        None => {
            check_aliases(&new.query, &record)?;
            schema
        }
    };
    columns::check_unique(record.schema.fields.iter().map(|field| &*field.name))?;
    match new.or_replace {
        true => scope.catalog().replace_table(record, None),
        false => scope.catalog().create_table(record, None),
    }
}

/// Puts a query into a view's record and gives the query's columns.
async fn set_text(
    session: &EmbeddedSession,
    record: &mut TableRecord,
    query: &Relation,
    text: &str,
) -> Result<StructType> {
    let scope = Scope::new(session);
    let name = record.id.quoted();
    check_permanent(session, ("VIEW", &name), query, &[])?;
    let analyzed = run::analyze(session, query).await?;
    check_permanent(session, ("VIEW", &name), query, &analyzed.variables)?;
    let schema = analyzed.schema;
    let known_mode = record.view.take().map(|view| view.schema_mode);
    record.view = Some(ViewText {
        text: text.to_owned(),
        catalog: scope.state.catalog.clone(),
        database: scope.state.database.clone(),
        config: scope.state.config.captured(),
        query_columns: schema.fields.iter().map(|field| field.name.to_string()).collect(),
        schema_mode: known_mode.unwrap_or_else(|| DEFAULT_SCHEMA_MODE.to_owned()),
    });
    Ok(schema)
}

/// Refuses that something which is kept (`VIEW`, `FUNCTION`) is made of what a session has for itself.
pub(super) fn check_permanent(
    session: &EmbeddedSession,
    (object, name): (&'static str, &str),
    query: &Relation,
    variables: &[String],
) -> Result<()> {
    let refused = |kind: &'static str, found: &[String]| {
        INVALID_TEMP_OBJ_REFERENCE
            .with("obj", object)
            .with("objName", name)
            .with("tempObj", kind)
            .with("tempObjName", quote(found))
    };
    let scope = Scope::new(session);
    let mentioned =
        mentions(query, &MentionOptions { place: Place::Session, case_sensitive: false, config: HashMap::new() });
    if let Some(table) = mentioned.tables.iter().find(|table| scope.temporary(&table.name).is_some()) {
        return Err(refused("VIEW", &table.name));
    }
    let is_temporary = |name: &&Vec<String>| {
        let known = |only: &str| scope.state.functions.contains_key(&only.to_lowercase());
        let is_builtin = matches!(name.as_slice(), [only] if hearth_functions::lookup(only).is_some());
        !is_builtin && super::function::temporary_name(name).is_some_and(known)
    };
    if let Some(function) = mentioned.functions.iter().find(is_temporary) {
        return Err(refused("FUNCTION", function));
    }
    match variables.first() {
        Some(variable) => Err(refused("VARIABLE", std::slice::from_ref(variable))),
        None => Ok(()),
    }
}

/// A persistent view's columns need names that somebody gave.
fn check_aliases(query: &Relation, record: &TableRecord) -> Result<()> {
    let expressions: &[Expr] = match &query.node {
        RelationNode::Project { expressions, .. } | RelationNode::Aggregate { expressions, .. } => expressions,
        RelationNode::Sort { input, .. }
        | RelationNode::Limit { input, .. }
        | RelationNode::Distinct { input }
        | RelationNode::WithCte { input, .. } => return check_aliases(input, record),
        _ => return Ok(()),
    };
    let has_name = |expr: &&Expr| {
        matches!(
            expr.node,
            ExprNode::Alias { .. }
                | ExprNode::Attribute { .. }
                | ExprNode::Star { .. }
                | ExprNode::Extract { .. }
                | ExprNode::Literal(_)
                | ExprNode::TypedLiteral { .. }
        )
    };
    match expressions.iter().find(|expr| !has_name(expr)) {
        Some(expr) => Err(CREATE_PERMANENT_VIEW_WITHOUT_ALIAS
            .with("name", record.id.quoted())
            .with("attr", format!("\"{}\"", column_name(expr)))),
        None => Ok(()),
    }
}

/// `ALTER VIEW … WITH SCHEMA …`
pub fn set_schema_mode(session: &EmbeddedSession, record: &TableRecord, mode: &str) -> Result<()> {
    session.shared.catalog.alter_table(&record.id, |table| {
        if let Some(view) = &mut table.view {
            mode.clone_into(&mut view.schema_mode);
        }
        Ok(())
    })
}

/// `ALTER VIEW … AS`
pub async fn set_query(session: &EmbeddedSession, record: &TableRecord, query: &Relation, text: &str) -> Result<()> {
    let mut changed = record.clone();
    changed.schema = set_text(session, &mut changed, query, text).await?;
    columns::check_unique(changed.schema.fields.iter().map(|field| &*field.name))?;
    check_aliases(query, &changed)?;
    session.shared.catalog.alter_table(&record.id, |table| {
        *table = changed;
        Ok(())
    })
}

/// `ALTER VIEW` of a temporary view.
pub async fn alter_temporary(session: &EmbeddedSession, view: &TempView, change: &TableChange) -> Result<Rows> {
    let mut changed = view.clone();
    match change {
        TableChange::SetProperties(new) => options::merge(&mut changed.properties, new),
        TableChange::UnsetProperties { keys, .. } => changed.properties.retain(|(key, _)| !keys.contains(key)),
        TableChange::ViewQuery { query, text } => {
            let query = closed(session, query, Some(&view.name))?;
            changed.schema = run::analyze(session, &query).await?.schema;
            changed.query = Arc::new(query);
            changed.columns = None;
            changed.text = Some(text.clone());
            changed.config = session.state.read().config.captured();
        }
        TableChange::SchemaBinding(_) => return Err(TEMPORARY_VIEW_WITH_SCHEMA_BINDING_MODE.error()),
        TableChange::SetLocation { .. }
        | TableChange::SetOptions(_)
        | TableChange::ClusterBy(_)
        | TableChange::DefaultCollation(_)
        | TableChange::AddColumnsAt { .. }
        | TableChange::Refused(_)
        | TableChange::AddColumns(_)
        | TableChange::RenameColumn { .. }
        | TableChange::DropColumns { .. }
        | TableChange::AlterColumn { .. }
        | TableChange::AlterColumns(_)
        | TableChange::SetSerde { .. }
        | TableChange::ReplaceColumns(_)
        | TableChange::AddPartitions { .. }
        | TableChange::DropPartitions { .. }
        | TableChange::RenamePartition { .. } => {
            return Err(super::alter::not_for_views(&quote(std::slice::from_ref(&view.name)), change));
        }
    }
    session.state.write().views.insert(view.name.to_lowercase(), changed);
    done()
}

pub fn rename_temporary(session: &EmbeddedSession, view: &TempView, to: &Name) -> Result<Rows> {
    let [name] = to.as_slice() else {
        return Err(Error::unsupported("a temporary view with a name of several parts"));
    };
    let mut state = session.state.write();
    if state.views.contains_key(&name.to_lowercase()) {
        return Err(TEMP_TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", quote(std::slice::from_ref(name))));
    }
    state.views.remove(&view.name.to_lowercase());
    state.views.insert(name.to_lowercase(), TempView { name: name.clone(), ..view.clone() });
    drop(state);
    done()
}

pub fn drop_temporary(session: &EmbeddedSession, name: &str) -> Result<Rows> {
    truth(session.state.write().views.remove(&name.to_lowercase()).is_some())
}

pub fn drop_global_temporary(session: &EmbeddedSession, name: &str) -> Result<Rows> {
    truth(session.shared.global_views.write().remove(&name.to_lowercase()).is_some())
}
