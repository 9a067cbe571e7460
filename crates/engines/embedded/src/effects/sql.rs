//! `spark.sql(…)`: a query becomes a relation that the client reads later, a command runs now.

use std::sync::atomic::{AtomicI32, Ordering};

use bytes::Bytes;
use hearth_base::{Error, Result};
use hearth_core::ResultWriter;
use hearth_plan::catalog::CatalogOp;
use hearth_plan::command::ExplainMode as Mode;
use hearth_plan::relation::SqlText;
use hearth_plan::{Command, Expr, Name, Plan, Relation, RelationNode};
use hearth_proto::connect as pb;
use pb::execute_plan_response::{ResponseType, SqlCommandResult};
use prost::Message;

use super::checkpoint::ipc;
use super::lookup::constant_text;
use super::parameter::bound;
use super::rows::{nothing, table, text};
use super::{Outcome, inserted, perform, variable};
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use crate::{explain, observe};

/// The command that a text is; `None` when it is a query.
pub fn command_of(text: &SqlText) -> Result<Option<Command>> {
    match hearth_sql::parse_bound(text)? {
        Plan::Relation(_) => Ok(None),
        Plan::Command(command) => Ok(Some(command)),
    }
}

/// A text and what it refers to.
pub struct Statement<'a> {
    pub text: &'a SqlText,
    /// `WithRelations`, when the text names other relations.
    pub input: Option<&'a Relation>,
    /// What the client gets back for a query; `None` when the text came through another door, which wants rows.
    pub sql_relation: Option<pb::Relation>,
}

/// Runs the text of a root and writes the answer.
pub async fn run(session: &EmbeddedSession, statement: Statement<'_>, writer: &mut ResultWriter) -> Result<()> {
    let Some(command) = command_of(statement.text)? else {
        let relation = match statement.input {
            Some(input) => input.clone(),
            None => Relation::new(RelationNode::Sql(statement.text.clone())),
        };
        return match statement.sql_relation {
            None => run::relation(session, &relation, writer).await,
            Some(sql_relation) => {
                run::analyze(session, &relation).await?;
                answer(writer, ResponseType::SqlCommandResult(SqlCommandResult { relation: Some(sql_relation) })).await
            }
        };
    };
    if let Command::ExecuteImmediate { text, into, arguments } = &command
        && into.is_empty()
    {
        let inner = immediate(session, text, arguments).await?;
        let query = bound(session, &inner).await?;
        let sql_relation = statement.sql_relation.is_some().then(|| sql_of(&query));
        let text = SqlText { query, named: Vec::new(), positional: Vec::new() };
        let inner = Statement { text: &text, input: None, sql_relation };
        return Box::pin(run(session, inner, writer)).await;
    }
    let command = prepared(session, statement.text, statement.input, command).await?;
    let (rows, metrics) = match perform(session, command).await? {
        Outcome::Rows(rows) => (rows, Vec::new()),
        Outcome::Written(written) => (inserted(session, written.rows)?, written.metrics),
        Outcome::Answer(response) => return answer(writer, *response).await,
    };
    match statement.sql_relation {
        None => run::write_rows(session, &rows.0, &rows.1, writer).await?,
        Some(_) => {
            let relation = Some(local(session, &rows)?);
            answer(writer, ResponseType::SqlCommandResult(SqlCommandResult { relation })).await?;
        }
    }
    observe::answer(session, &metrics, writer).await
}

/// Runs a text in the place of a relation and gives its rows.
pub async fn rows(session: &EmbeddedSession, sql: &SqlText, input: Option<&Relation>) -> Result<Rows> {
    match command_of(sql)? {
        Some(command) => {
            let command = prepared(session, sql, input, command).await?;
            match Box::pin(perform(session, command)).await? {
                Outcome::Rows(rows) => Ok(rows),
                Outcome::Written(written) => inserted(session, written.rows),
                Outcome::Answer(_) => Ok(nothing()),
            }
        }
        None => {
            let relation = input.cloned().unwrap_or_else(|| Relation::new(RelationNode::Sql(sql.clone())));
            run::collect(session, &relation).await
        }
    }
}

/// The command with its parameters and the relations that it refers to.
async fn prepared(
    session: &EmbeddedSession,
    sql: &SqlText,
    input: Option<&Relation>,
    command: Command,
) -> Result<Command> {
    let has_parameters = !sql.named.is_empty() || !sql.positional.is_empty();
    let mut command = match has_parameters {
        false => command,
        true => match hearth_sql::parse_statement(&bound(session, sql).await?)? {
            Plan::Command(command) => command,
            Plan::Relation(_) => return Err(Error::internal("a command became a query by its parameters")),
        },
    };
    if let Some(RelationNode::WithRelations { references, .. }) = input.map(|input| &input.node) {
        add_references(&mut command, references);
    }
    Ok(command)
}

/// Lets the query inside a command see the relations that the client sent with the text.
fn add_references(command: &mut Command, references: &[Relation]) {
    let wrap = |query: &mut Relation| {
        let root = Box::new(query.clone());
        *query = Relation::new(RelationNode::WithRelations { root, references: references.to_vec() });
    };
    match command {
        Command::Insert(insert) => wrap(&mut insert.query),
        Command::CreateView(view) => wrap(&mut view.query),
        Command::Catalog(op) => {
            if let CatalogOp::CreateTable(new) = op.as_mut()
                && let Some(query) = &mut new.query
            {
                wrap(query);
            }
        }
        _ => {}
    }
}

/// `EXECUTE IMMEDIATE`: the text and its arguments.
async fn immediate(session: &EmbeddedSession, text: &Expr, arguments: &[Expr]) -> Result<SqlText> {
    use hearth_plan::ExprNode;
    let query = constant_text(session, text).await?.unwrap_or_default();
    let mut sql = SqlText { query, named: Vec::new(), positional: Vec::new() };
    for argument in arguments {
        match &argument.node {
            ExprNode::Alias { expr, names, .. } if names.len() == 1 => {
                sql.named.push((names.concat(), expr.as_ref().clone()));
            }
            ExprNode::NamedArgument { key, value } => sql.named.push((key.clone(), value.as_ref().clone())),
            _ => sql.positional.push(argument.clone()),
        }
    }
    Ok(sql)
}

/// `EXECUTE IMMEDIATE` in the place of a relation, or with `INTO`.
pub async fn execute_immediate(
    session: &EmbeddedSession,
    text: &Expr,
    into: &[Name],
    arguments: &[Expr],
) -> Result<Rows> {
    let sql = immediate(session, text, arguments).await?;
    if into.is_empty() {
        return rows(session, &sql, None).await;
    }
    if command_of(&sql)?.is_some() {
        return Err(Error::unsupported("EXECUTE IMMEDIATE of a command with INTO"));
    }
    let targets: Vec<(Name, Expr)> =
        into.iter().map(|name| (name.clone(), Expr::new(hearth_plan::ExprNode::Default))).collect();
    let query = Relation::new(RelationNode::Sql(sql));
    variable::set(session, &targets, Some(&query)).await?;
    Ok(nothing())
}

fn sql_of(query: &str) -> pb::Relation {
    let sql = pb::Sql { query: query.to_owned(), ..Default::default() };
    pb::Relation { common: None, rel_type: Some(pb::relation::RelType::Sql(sql)) }
}

/// Rows as a relation that carries them.
fn local(session: &EmbeddedSession, (schema, batches): &Rows) -> Result<pb::Relation> {
    let time_zone = session.state.read().config.time_zone().to_owned();
    let data = Some(Bytes::from(ipc(schema, batches, &time_zone)?));
    let local = pb::LocalRelation { data, schema: Some(schema.json()) };
    Ok(pb::Relation { common: None, rel_type: Some(pb::relation::RelType::LocalRelation(local)) })
}

pub async fn answer(writer: &mut ResultWriter, response: ResponseType) -> Result<()> {
    let response = pb::ExecutePlanResponse { response_type: Some(response), ..Default::default() };
    writer.answer(Bytes::from(response.encode_to_vec())).await
}

/// `EXPLAIN`: one row with the text. A plan that cannot be made is told line by line, as Spark does.
pub async fn explain(session: &EmbeddedSession, mode: Mode, plan: &Plan) -> Result<Rows> {
    let mode = match mode {
        Mode::Simple => hearth_core::engine::ExplainMode::Simple,
        Mode::Extended => hearth_core::engine::ExplainMode::Extended,
        Mode::Codegen => hearth_core::engine::ExplainMode::Codegen,
        Mode::Cost => hearth_core::engine::ExplainMode::Cost,
        Mode::Formatted => hearth_core::engine::ExplainMode::Formatted,
    };
    let lines = match plan {
        Plan::Relation(relation) => match explain::relation(session, relation, mode).await {
            Ok(text) => vec![text],
            Err(error) => {
                let message = format!("Error occurred during query planning: \n{error}");
                message.lines().map(ToOwned::to_owned).collect()
            }
        },
        Plan::Command(command) => {
            let name = format!("{command:?}");
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            vec![format!("== Physical Plan ==\nExecute {name}\n\n")]
        }
    };
    table(&[text("plan")], lines.into_iter().map(|line| vec![line.into()]).collect())
}

/// An id for a resource profile; profiles have no effect.
pub fn new_resource_profile() -> pb::CreateResourceProfileCommandResult {
    static NEXT: AtomicI32 = AtomicI32::new(1);
    pb::CreateResourceProfileCommandResult { profile_id: NEXT.fetch_add(1, Ordering::Relaxed) }
}
