//! Commands and catalog operations: the dispatch. Each arm calls one function of a family file.

mod alter;
mod cache;
mod checkpoint;
mod clustering;
mod columns;
mod database;
mod delta;
mod delta_statements;
mod describe;
mod describe_json;
pub mod function;
mod insert;
mod list;
mod lookup;
mod merge;
mod metadata;
mod options;
mod overflow;
mod parameter;
mod partition;
mod path;
mod place;
mod refused;
mod rewrite;
pub mod rows;
mod save;
mod setting;
mod show;
mod sql;
mod statistics;
mod table;
pub mod variable;
mod view;
mod write;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use std::sync::Arc;

use hearth_analyzer::{Observation, located};
use hearth_base::condition::{
    CURSOR_OUTSIDE_SCRIPT, EXPECT_PERMANENT_VIEW_NOT_TEMP, EXPECT_TABLE_NOT_VIEW, EXPECT_TABLE_USE_ALTER_VIEW,
    EXPECT_VIEW_NOT_TABLE, EXPECT_VIEW_USE_ALTER_TABLE, NO_MERGE_ACTION_SPECIFIED, TABLE_OPERATION,
    TABLE_OR_VIEW_NOT_FOUND,
};
use hearth_base::{Condition, Error, Result};
use hearth_core::ResultWriter;
use hearth_plan::command::MergeInto;
use hearth_plan::relation::TableName;
use hearth_plan::{CatalogOp, Command, Name};
use hearth_proto::connect as pb;
use pb::execute_plan_response::ResponseType;

use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use crate::{observe, script};
use database::NewDatabase;
use lookup::{Found, Scope};

pub use lookup::constant_text;
pub use parameter::text as literal_text;
pub use place::{start_in, use_namespace};
pub use sql::{add_arguments, command_of, immediate as immediate_arguments, immediate_rows};

/// What a command gives.
enum Outcome {
    Rows(Rows),
    Written(Written),
    /// A message of its own.
    Answer(Box<ResponseType>),
}

/// Rows were written.
#[derive(Default)]
pub struct Written {
    /// What was asked of them.
    metrics: Vec<Arc<Observation>>,
    rows: u64,
}

/// What a statement answers that has put in rows: their number for a client of a SQL warehouse, nothing for Spark's.
fn inserted(session: &EmbeddedSession, count: u64) -> Result<Rows> {
    if !session.is_warehouse() {
        return Ok(rows::nothing());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let columns = [rows::long("num_affected_rows"), rows::long("num_inserted_rows")];
    rows::table(&columns, vec![vec![count.into(), count.into()]])
}

/// Runs the command of a root and writes its answer.
pub async fn command(
    session: &EmbeddedSession,
    command: Command,
    sql_relation: Option<pb::Relation>,
    writer: &mut ResultWriter,
) -> Result<()> {
    if let Command::Sql { text, input } = &command {
        let statement = sql::Statement { text, input: input.as_deref(), sql_relation };
        return sql::run(session, statement, writer).await;
    }
    match perform(session, command).await? {
        Outcome::Rows((schema, _)) if schema.fields.is_empty() => Ok(()),
        Outcome::Rows((schema, batches)) => run::write_rows(session, &schema, &batches, writer).await,
        Outcome::Written(written) => observe::answer(session, &written.metrics, writer).await,
        Outcome::Answer(response) => sql::answer(writer, *response).await,
    }
}

/// Runs a command in the place of a relation and gives its rows.
pub async fn rows(session: &EmbeddedSession, command: Command) -> Result<Rows> {
    match perform(session, command).await? {
        Outcome::Rows(rows) => Ok(rows),
        Outcome::Written(written) => inserted(session, written.rows),
        Outcome::Answer(_) => Ok(rows::nothing()),
    }
}

async fn perform(session: &EmbeddedSession, command: Command) -> Result<Outcome> {
    let outcome = performed(session, &command).await;
    if changes_data(&command) {
        session.shared.cache_room.written();
    }
    outcome
}

/// Whether rows that were kept may be others now, also after a failure.
fn changes_data(command: &Command) -> bool {
    match command {
        Command::Write(_)
        | Command::WriteV2(_)
        | Command::Insert(_)
        | Command::Delete { .. }
        | Command::Update { .. }
        | Command::MergeInto(_) => true,
        Command::Catalog(op) => changes_tables(op),
        _ => false,
    }
}

fn changes_tables(op: &CatalogOp) -> bool {
    matches!(
        op,
        CatalogOp::CreateTable(_)
            | CatalogOp::DropTable { .. }
            | CatalogOp::DropDatabase { .. }
            | CatalogOp::RenameTable { .. }
            | CatalogOp::AlterTable { .. }
            | CatalogOp::TruncateTable { .. }
            | CatalogOp::RecoverPartitions { .. }
            | CatalogOp::RefreshTable { .. }
            | CatalogOp::RefreshByPath { .. }
    )
}

async fn performed(session: &EmbeddedSession, command: &Command) -> Result<Outcome> {
    match command {
        Command::Write(write) => write::write(session, write).await.map(Outcome::Written),
        Command::WriteV2(write) => write::write_v2(session, write).await.map(Outcome::Written),
        Command::Insert(insert) => insert::insert(session, insert).await.map(Outcome::Written),
        Command::Checkpoint { relation, .. } => {
            let result = checkpoint::checkpoint(session, relation).await?;
            Ok(Outcome::Answer(Box::new(ResponseType::CheckpointCommandResult(result))))
        }
        Command::GetResources => {
            let resources = pb::GetResourcesCommandResult::default();
            Ok(Outcome::Answer(Box::new(ResponseType::GetResourcesCommandResult(resources))))
        }
        Command::CreateResourceProfile => {
            let profile = sql::new_resource_profile();
            Ok(Outcome::Answer(Box::new(ResponseType::CreateResourceProfileCommandResult(profile))))
        }
        _ => Box::pin(answered(session, command)).await.map(Outcome::Rows),
    }
}

/// The commands whose answer is rows.
async fn answered(session: &EmbeddedSession, command: &Command) -> Result<Rows> {
    match command {
        Command::Sql { text, input } => sql::rows(session, text, input.as_deref()).await,
        Command::Catalog(op) if **op == CatalogOp::CurrentDatabase => place::show_current(session),
        Command::Catalog(op) => in_place(op.subject(), catalog(session, op).await.map(sql_answer)),
        Command::CreateView(new) => nothing(view::create(session, new).await),
        Command::Delete { table, alias, condition } => {
            in_place(Some(table), check_changes(session, table, "DELETE").await)?;
            rewrite::delete(session, table, alias.as_ref(), condition.as_ref()).await
        }
        Command::Update { table, alias, assignments, condition } => {
            in_place(Some(table), check_changes(session, table, "UPDATE TABLE").await)?;
            rewrite::update(session, table, alias.as_ref(), assignments, condition.as_ref()).await
        }
        Command::MergeInto(merge) => {
            in_place(Some(&merge.target), check_merge(session, merge).await)?;
            merge::merge(session, merge).await
        }
        Command::SetConfig { key, value } => setting::set(session, key, value),
        Command::ShowConfig { key, verbose } => setting::show(session, key.as_ref(), *verbose),
        Command::ResetConfig { key } => nothing(setting::reset(session, key.as_ref())),
        Command::SetTimeZone { zone } => setting::set_time_zone(session, zone.as_ref()).await,
        Command::Explain { mode, plan } => sql::explain(session, *mode, plan).await,
        Command::DescribeQuery { query } => describe::query(session, query).await,
        Command::DeclareVariable { names, data_type, default, or_replace } => {
            nothing(variable::declare(session, names, data_type.as_ref(), default.as_ref(), *or_replace).await)
        }
        Command::SetVariable { assignments, query } => {
            nothing(variable::set(session, assignments, query.as_deref()).await)
        }
        Command::DropVariable { name, if_exists } => nothing(variable::drop(session, name, *if_exists)),
        Command::ExecuteImmediate { text, into, arguments } => {
            sql::execute_immediate(session, text, into, arguments).await
        }
        Command::RemoveCachedRemoteRelation { relation_id } => {
            checkpoint::remove(session, relation_id).await;
            Ok(rows::nothing())
        }
        Command::Script(program) => script::run(session, program).await,
        Command::MultiInsert(inserts) => insert::several(session, inserts).await,
        Command::Procedure { name, origin } => refused::procedure(session, name, origin.as_ref()),
        Command::PipelineDataset { kind, query } => refused::pipeline_dataset(session, *kind, query.as_deref()).await,
        Command::SetCatalog { name } => place::set_catalog_to(session, name).await.map(sql_answer),
        Command::SetPath => refused::set_path(session),
        Command::CursorOutsideScript { cursor, into } => cursor_outside_script(session, cursor, into),
        Command::AddResource { kind, .. } => unsupported(&format!("ADD {kind}")),
        Command::ListResources { .. } => rows::table(&[rows::text("Results")], Vec::new()),
        Command::RegisterFunction(_) => unsupported("user-defined functions"),
        Command::RegisterTableFunction { .. } => unsupported("user-defined table functions"),
        Command::RegisterDataSource { .. } => unsupported("Python data sources"),
        Command::ExecuteExternal { .. } => unsupported("external commands"),
        Command::WriteStreamStart => unsupported("structured streaming: writeStream"),
        Command::StreamingQuery => unsupported("structured streaming: streaming queries"),
        Command::StreamingQueryManager => unsupported("structured streaming: the query manager"),
        Command::StreamingQueryListenerBus => unsupported("structured streaming: query listeners"),
        Command::Ml { what } => unsupported(&format!("Spark ML: {what}")),
        Command::Pipeline { what } => unsupported(&format!("declarative pipelines: {what}")),
        Command::Extension { type_url } => unsupported(&format!("the extension {type_url}")),
        Command::UnsupportedSql { what } => unsupported(what),
        Command::Write(_)
        | Command::WriteV2(_)
        | Command::Insert(_)
        | Command::Checkpoint { .. }
        | Command::GetResources
        | Command::CreateResourceProfile => Err(Error::internal("a command without rows was asked for rows")),
    }
}

fn cursor_outside_script(session: &EmbeddedSession, cursor: &str, into: &[Name]) -> Result<Rows> {
    script::check_cursors(session)?;
    variable::targets(session, into)?;
    Err(CURSOR_OUTSIDE_SCRIPT.with("cursorName", cursor))
}

fn unsupported<T>(feature: &str) -> Result<T> {
    Err(Error::unsupported(feature))
}

/// What Spark tells the place of: the name of a table that is not there, or is of another kind.
const AT_NAME: [Condition; 6] = [
    TABLE_OR_VIEW_NOT_FOUND,
    EXPECT_TABLE_NOT_VIEW,
    EXPECT_TABLE_USE_ALTER_VIEW,
    EXPECT_VIEW_NOT_TABLE,
    EXPECT_VIEW_USE_ALTER_TABLE,
    EXPECT_PERMANENT_VIEW_NOT_TEMP,
];

/// The answer; an error about the name of what the statement is about has its place.
fn in_place<T>(subject: Option<&TableName>, answer: Result<T>) -> Result<T> {
    match answer {
        Err(error) if AT_NAME.contains(&error.condition()) => {
            located(subject.and_then(|name| name.origin.as_ref()), Err(error))
        }
        answer => answer,
    }
}

fn nothing(done: Result<()>) -> Result<Rows> {
    done.map(|()| rows::nothing())
}

const MERGE: &str = "MERGE INTO TABLE";

/// Refuses what file tables do not do: their rows change for clients of SQL warehouses only, those of Delta for all.
async fn check_changes(session: &EmbeddedSession, table: &TableName, operation: &str) -> Result<()> {
    let name = lookup::table_name(session, table).await?;
    if session.is_warehouse() || delta::is_target(session, &name).await? {
        return Ok(());
    }
    let scope = Scope::new(session);
    let shown = match scope.find(&name)?.ok_or_else(|| scope.relation_not_found(&name))? {
        Found::Table(record) => record.id.quoted(),
        // Spark replaces the view by its query before it looks, and that has no name.
        Found::Temporary(_) | Found::GlobalTemporary(_) if operation == MERGE => "`unknown`".to_owned(),
        Found::Temporary(view) | Found::GlobalTemporary(view) => hearth_plan::identifier::quote(&[view.name]),
    };
    Err(TABLE_OPERATION.with("tableName", shown).with("operation", operation))
}

/// A call finds out what it may do to what it names only after everything else: its actions come first.
async fn check_merge(session: &EmbeddedSession, merge: &MergeInto) -> Result<()> {
    let actions = &merge.actions;
    if actions.matched.is_empty() && actions.not_matched.is_empty() && actions.not_matched_by_source.is_empty() {
        return Err(NO_MERGE_ACTION_SPECIFIED.error());
    }
    check_changes(session, &merge.target, MERGE).await
}

/// In SQL, an operation that answers nothing has no columns either; a call has one without rows.
fn sql_answer(answer: Rows) -> Rows {
    let is_value = matches!(&*answer.0.fields, [field] if &*field.name == "value");
    let is_empty = answer.1.iter().all(|batch| batch.num_rows() == 0);
    if is_value && is_empty { rows::nothing() } else { answer }
}

/// Runs an operation of the catalog that is no command.
pub async fn catalog_call(session: &EmbeddedSession, op: &CatalogOp) -> Result<Rows> {
    let answer = catalog(session, op).await;
    if changes_tables(op) {
        session.shared.cache_room.written();
    }
    answer
}

/// Runs an operation of the catalog.
#[expect(clippy::too_many_lines, reason = "one arm for each operation")]
pub async fn catalog(session: &EmbeddedSession, op: &CatalogOp) -> Result<Rows> {
    match op {
        CatalogOp::CurrentCatalog => place::current_catalog(session),
        CatalogOp::CurrentDatabase => place::current_database(session),
        CatalogOp::SetCurrentCatalog { name } => place::set_catalog(session, name),
        CatalogOp::SetCurrentDatabase { name, style } => place::set_database(session, name, *style),

        CatalogOp::ListMetadata(wanted) => metadata::list(session, wanted),

        CatalogOp::CreateCatalog { name, if_not_exists, comment } => {
            place::create_catalog(session, name, comment.as_deref(), *if_not_exists)
        }
        CatalogOp::DropCatalog { name, if_exists, cascade } => place::drop_catalog(session, name, *if_exists, *cascade),
        CatalogOp::ListCatalogs { pattern, style } => place::list_catalogs(session, pattern.as_deref(), *style),
        CatalogOp::ListDatabases { catalog, pattern, style } => {
            database::list(session, catalog.as_ref(), pattern.as_deref(), *style)
        }
        CatalogOp::GetDatabase { name } => database::get(session, name),
        CatalogOp::DatabaseExists { name } => database::exists(session, name),
        CatalogOp::CreateDatabase { name, if_not_exists, comment, location, properties } => {
            let (comment, location) = (comment.as_ref(), location.as_ref());
            database::create(
                session,
                name,
                &NewDatabase { if_not_exists: *if_not_exists, comment, location, properties },
            )
        }
        CatalogOp::DropDatabase { name, if_exists, cascade } => database::drop(session, name, *if_exists, *cascade),
        CatalogOp::UnsetDatabaseProperties { name, keys } => database::unset_properties(session, name, keys),
        CatalogOp::AlterDatabaseProperties { name, properties } => database::set_properties(session, name, properties),
        CatalogOp::AlterDatabaseLocation { name, location } => database::set_location(session, name, location),
        CatalogOp::DescribeDatabase { name, extended } => database::describe(session, name, *extended),

        CatalogOp::ListTables { database, pattern, style } => {
            list::tables(session, database.as_ref(), pattern.as_deref(), *style)
        }
        CatalogOp::ShowTableExtended { database, pattern, partition } => {
            describe::table_extended(session, database.as_ref(), pattern, partition).await
        }
        CatalogOp::ListViews { database, pattern, style } => {
            list::views(session, database.as_ref(), pattern.as_deref(), *style)
        }
        CatalogOp::GetTable { name } => list::get_table(session, name),
        CatalogOp::TableExists { name } => list::table_exists(session, name),
        CatalogOp::CreateTable(new) => table::create(session, new).await,
        CatalogOp::DropTable { name, if_exists, purge: _ } => table::drop(session, name, *if_exists).await,
        CatalogOp::DropView { name, if_exists } => table::drop_view(session, name, *if_exists).await,
        CatalogOp::DropTempView { name } => view::drop_temporary(session, name),
        CatalogOp::DropGlobalTempView { name } => view::drop_global_temporary(session, name),
        CatalogOp::RenameTable { name, to, is_view } => table::rename(session, name, to, *is_view).await,
        CatalogOp::AlterTable { name, is_view, change } => alter::alter(session, name, *is_view, change).await,
        CatalogOp::TruncateTable { name, partition, style } => table::truncate(session, name, partition, *style).await,
        CatalogOp::DescribeTable { name, extended: _, partition, as_json: true } => {
            describe_json::describe(session, name, partition).await
        }
        CatalogOp::DescribeTable { name, extended, partition, as_json: false } => {
            describe::describe(session, name, partition, *extended).await
        }
        CatalogOp::DescribeColumn { name, column, extended } => {
            describe::one_column(session, name, column, *extended).await
        }
        CatalogOp::GetTableProperties { name, key, style } => {
            show::properties(session, name, key.as_ref(), *style).await
        }
        CatalogOp::GetCreateTable { name, as_serde, style } => {
            show::create_table(session, name, *as_serde, *style).await
        }
        CatalogOp::ListColumns { name, database, style } => {
            list::columns(session, name, database.as_ref(), *style).await
        }
        CatalogOp::ListPartitions { name, partition, style } => partition::list(session, name, partition, *style).await,
        CatalogOp::RecoverPartitions { name, by } => partition::recover(session, name, *by).await,
        CatalogOp::LoadData { name, partition } => refused::load_data(session, name, partition).await,
        CatalogOp::CreateIndex { name, columns, origin } => {
            refused::create_index(session, name, columns, origin.as_ref()).await
        }
        CatalogOp::DropIndex { name } => refused::drop_index(session, name).await,
        CatalogOp::ListProcedures { database } => refused::list_procedures(session, database.as_ref()),
        CatalogOp::AnalyzeTable { name, partition, no_scan, columns } => {
            table::analyze(session, name, partition, (*no_scan, columns.as_ref())).await
        }
        CatalogOp::AnalyzeTables { database, no_scan } => {
            table::analyze_all(session, database.as_ref(), *no_scan).await
        }
        CatalogOp::RefreshTable { name, is_statement } => table::refresh(session, name, *is_statement).await,
        CatalogOp::OptimizeTable { name } => table::optimize(session, name).await,
        CatalogOp::Delta { name, op } => delta_statements::run(session, name, op).await,
        CatalogOp::RefreshByPath { path: _ } => rows::done(),
        CatalogOp::RefreshFunction { name } => function::refresh(session, name),

        CatalogOp::ListFunctions { database, pattern, scope, style } => {
            function::list(session, database.as_ref(), pattern.as_deref(), *scope, *style)
        }
        CatalogOp::GetFunction { name } => function::get(session, name),
        CatalogOp::FunctionExists { name } => function::exists(session, name),
        CatalogOp::DescribeFunction { name, extended, origin } => {
            located(origin.as_ref(), function::describe(session, name, *extended))
        }
        CatalogOp::CreateFunction(new) => function::create(session, new).await,
        CatalogOp::DropFunction { name, if_exists, temporary } => {
            function::drop_function(session, name, *if_exists, *temporary)
        }

        CatalogOp::IsCached { name } => cache::is_cached(session, name).await,
        CatalogOp::CacheTable { name, query, lazy: _, storage, options } => {
            cache::cache(session, name, query.as_deref(), (*storage, options)).await
        }
        CatalogOp::UncacheTable { name, if_exists } => cache::uncache(session, name, *if_exists).await,
        CatalogOp::ClearCache => cache::clear(session),

        CatalogOp::CommentOn { kind, name, comment } => alter::comment_on(session, *kind, name, comment.as_ref()).await,
    }
}
