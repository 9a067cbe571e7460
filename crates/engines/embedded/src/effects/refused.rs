//! Statements that no table and no catalog here can do, refused as Spark refuses them.

use std::sync::Arc;

use hearth_analyzer::located;
use hearth_base::condition::{
    EXPECT_TABLE_NOT_VIEW, INDEX_NOT_SUPPORTED, LOAD_DATA_INTO_FILE_TABLE, NO_FLOW, NO_PIPELINE_DATASET, NO_PROCEDURES,
    REQUIRES_SINGLE_PART_NAMESPACE, SET_PATH_DISABLED,
};
use hearth_base::{Error, Result};
use hearth_plan::catalog::PartitionSpec;
use hearth_plan::command::PipelineDataset;
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_plan::{Name, Origin, Relation};

use super::lookup::{Scope, table_name};
use super::{alter, clustering, function, partition};
use crate::catalog::{SPARK_CATALOG, TableRecord};
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;

const PATH_ENABLED: &str = "spark.sql.path.enabled";

/// `CALL` and `DESCRIBE PROCEDURE`
pub fn procedure(session: &EmbeddedSession, name: &Name, origin: Option<&Arc<Origin>>) -> Result<Rows> {
    match name.as_slice() {
        [catalog, rest @ ..] if !rest.is_empty() && session.catalog_named(catalog).is_ok() => Err(match rest {
            [_] if catalog.eq_ignore_ascii_case(SPARK_CATALOG) => {
                REQUIRES_SINGLE_PART_NAMESPACE.with("sessionCatalog", SPARK_CATALOG).with("identifier", quote(rest))
            }
            _ => NO_PROCEDURES.with("plugin", catalog),
        }),
        _ => located(origin, Err(function::unresolved(&Scope::new(session), name))),
    }
}

/// `SHOW PROCEDURES`
pub fn list_procedures(session: &EmbeddedSession, database: Option<&Name>) -> Result<Rows> {
    Err(NO_PROCEDURES.with("plugin", Scope::new(session).database_id(database).catalog))
}

pub async fn load_data(session: &EmbeddedSession, name: &TableName, spec: &PartitionSpec) -> Result<Rows> {
    let record = table(session, name, "LOAD DATA").await?;
    partition::check_columns(&record, spec.iter().map(|(column, _)| column))?;
    Err(LOAD_DATA_INTO_FILE_TABLE.with("tableIdentWithDB", record.id.quoted()))
}

pub async fn create_index(
    session: &EmbeddedSession,
    name: &TableName,
    columns: &[Name],
    origin: Option<&Arc<Origin>>,
) -> Result<Rows> {
    let record = table(session, name, "CREATE INDEX").await?;
    let missing = columns.iter().find(|column| clustering::field(&record.schema, column).is_none());
    match missing {
        Some(column) => located(origin, Err(alter::unresolved(&record.schema, column))),
        None => Err(no_index(&record, "CreateIndex")),
    }
}

pub async fn drop_index(session: &EmbeddedSession, name: &TableName) -> Result<Rows> {
    Err(no_index(&*table(session, name, "DROP INDEX").await?, "DropIndex"))
}

fn no_index(record: &TableRecord, what: &str) -> Error {
    let name = format!("{}.{}", record.id.database, record.id.name);
    INDEX_NOT_SUPPORTED.with("errorMessage", format!("{what} is not supported in this table {name}."))
}

/// The query is looked at first.
pub async fn pipeline_dataset(
    session: &EmbeddedSession,
    kind: PipelineDataset,
    query: Option<&Relation>,
) -> Result<Rows> {
    if let Some(query) = query {
        run::analyze(session, query).await?;
    }
    Err(match kind {
        PipelineDataset::MaterializedView => NO_PIPELINE_DATASET.with("pipelineDatasetType", "MATERIALIZED VIEW"),
        PipelineDataset::StreamingTable => NO_PIPELINE_DATASET.with("pipelineDatasetType", "STREAMING TABLE"),
        PipelineDataset::Flow => NO_FLOW.error(),
    })
}

pub fn set_path(session: &EmbeddedSession) -> Result<Rows> {
    let is_on = session.state.read().config.get(PATH_ENABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    Err(if is_on { Error::unsupported("SET PATH") } else { SET_PATH_DISABLED.with("config", PATH_ENABLED) })
}

async fn table(session: &EmbeddedSession, name: &TableName, operation: &str) -> Result<Arc<TableRecord>> {
    let name = table_name(session, name).await?;
    let not_view = |view: String| EXPECT_TABLE_NOT_VIEW.with("viewName", view).with("operation", operation);
    Scope::new(session).get_table(&name, not_view)
}
