//! What names mean now: temporary views first, then the catalog.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use hearth_analyzer::{SessionView, constant, expression_text, located};
use hearth_base::condition::{NOT_A_STRING, NULL_IN_PLACE_OF_A_NAME, TABLE_OR_VIEW_NOT_FOUND};
use hearth_base::{Condition, Error, Result};
use hearth_plan::identifier::{parse_multipart_identifier, quote};
use hearth_plan::relation::{NameForm, TableName};
use hearth_plan::{Command, Expr, Name};
use hearth_types::DataType;

use crate::catalog::{self, CatalogNames, DatabaseId, GLOBAL_TEMP, Position, SPARK_CATALOG, TableId, TableRecord};
use crate::resolve;
use crate::session::EmbeddedSession;
use crate::state::{SessionState, TempView};

/// What a table's name stands for.
#[derive(Debug, Clone)]
pub enum Found {
    Temporary(TempView),
    GlobalTemporary(TempView),
    Table(Arc<TableRecord>),
}

/// The session as one operation sees it.
pub struct Scope<'a> {
    pub session: &'a EmbeddedSession,
    pub state: SessionState,
    pub names: CatalogNames,
}

impl<'a> Scope<'a> {
    pub fn new(session: &'a EmbeddedSession) -> Self {
        Self { session, state: session.snapshot(), names: session.shared.catalog.names() }
    }

    pub fn catalog(&self) -> &'a catalog::Catalog {
        &self.session.shared.catalog
    }

    pub fn position(&self) -> Position<'_> {
        Position { catalog: &self.state.catalog, database: &self.state.database, names: &self.names }
    }

    pub fn table_id(&self, name: &[String]) -> Result<TableId> {
        self.session.table_id(name, self.position())
    }

    pub fn database_id(&self, name: Option<&Name>) -> DatabaseId {
        catalog::database_id(name.map_or(&[], Vec::as_slice), self.position())
    }

    /// The table or view of this name, if there is one.
    pub fn find(&self, name: &[String]) -> Result<Option<Found>> {
        if let Some(view) = self.temporary(name) {
            return Ok(Some(view));
        }
        let id = self.table_id(name)?;
        Ok(self.catalog().table(&id).map(Found::Table))
    }

    /// A temporary view of this name.
    pub fn temporary(&self, name: &[String]) -> Option<Found> {
        match name {
            [only] => self.state.views.get(&only.to_lowercase()).cloned().map(Found::Temporary),
            [first @ .., last] if is_global_temp(first) => {
                let views = self.session.shared.global_views.read();
                views.get(&last.to_lowercase()).cloned().map(Found::GlobalTemporary)
            }
            _ => None,
        }
    }

    /// The table or view of this name, or Spark's error.
    pub fn get(&self, name: &[String]) -> Result<Found> {
        self.find(name)?.ok_or_else(|| TableId::not_found(name, self.position()))
    }

    /// The error of a relation that is read and is not there.
    pub fn relation_not_found(&self, name: &[String]) -> Error {
        let mut current = vec![self.state.catalog.clone()];
        current.extend_from_slice(&self.state.database);
        let path = format!("[`system`.`builtin`, `system`.`session`, {}]", quote(&current));
        TABLE_OR_VIEW_NOT_FOUND.with("relationName", quote(name)).with("searchPath", path)
    }

    /// A table that stands in the catalog; a view is the error that `not_view` makes of its quoted name.
    pub fn get_table(&self, name: &[String], not_view: impl FnOnce(String) -> Error) -> Result<Arc<TableRecord>> {
        match self.get(name)? {
            Found::Table(table) if !table.is_view() => Ok(table),
            Found::Table(view) => Err(not_view(view.id.quoted())),
            Found::Temporary(_) | Found::GlobalTemporary(_) => Err(not_view(quote(name))),
        }
    }
}

/// `global_temp`, with or without the catalog in front.
pub fn is_global_temp(namespace: &[String]) -> bool {
    match namespace {
        [database] => database.eq_ignore_ascii_case(GLOBAL_TEMP),
        [catalog, database] => {
            catalog.eq_ignore_ascii_case(SPARK_CATALOG) && database.eq_ignore_ascii_case(GLOBAL_TEMP)
        }
        _ => false,
    }
}

/// The name itself, or what `IDENTIFIER(…)` says.
pub async fn table_name(session: &EmbeddedSession, name: &TableName) -> Result<Name> {
    match &name.form {
        NameForm::Plain(name) => Ok(name.clone()),
        NameForm::Identifier(expr) => {
            let text = constant_text(session, expr).await?;
            parse_multipart_identifier(&text.unwrap_or_default())
        }
    }
}

/// The value of an expression without columns.
pub async fn constant_value(session: &EmbeddedSession, expr: &Expr) -> Result<(ScalarValue, DataType)> {
    constant(expr, &expression_view(session, expr).await?)
}

/// What an expression that stands alone may refer to.
pub async fn expression_view(session: &EmbeddedSession, expr: &Expr) -> Result<SessionView> {
    let command = Command::SetTimeZone { zone: Some(expr.clone()) };
    resolve::command_view(session, &command).await
}

/// A constant that stands for a name: text that is there.
pub async fn name_text(session: &EmbeddedSession, expr: &Expr) -> Result<String> {
    let (value, data_type) = constant_value(session, expr).await?;
    let about = |condition: Condition| condition.with("name", "IDENTIFIER").with("expr", expression_text(expr));
    let refused = match value.try_as_str() {
        Some(Some(text)) => return Ok(text.to_owned()),
        Some(None) => about(NULL_IN_PLACE_OF_A_NAME),
        None => about(NOT_A_STRING).with("dataType", data_type.sql().to_lowercase()),
    };
    located(expr.origin.as_ref(), Err(refused))
}

/// A constant as text; `None` is NULL.
pub async fn constant_text(session: &EmbeddedSession, expr: &Expr) -> Result<Option<String>> {
    let (value, data_type) = constant_value(session, expr).await?;
    scalar_text(&value, &data_type, session)
}

/// A value as `CAST(… AS STRING)` gives it.
pub fn scalar_text(value: &ScalarValue, data_type: &DataType, session: &EmbeddedSession) -> Result<Option<String>> {
    use hearth_types::value_text::{TextStyle, format_value};
    if value.is_null() {
        return Ok(None);
    }
    let array = value.to_array().map_err(Error::internal)?;
    let wire = hearth_types::arrow::cast_array_to(&array, &hearth_types::arrow::to_engine_arrow(data_type))?;
    let zone = hearth_types::Zone::parse(session.state.read().config.time_zone()).unwrap_or(hearth_types::Zone::UTC);
    Ok(Some(format_value(wire.as_ref(), 0, data_type, &zone, TextStyle::Cast)))
}
