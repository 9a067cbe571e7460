//! `spark.sql(…)`: a query becomes a relation that the client reads later, a command runs now.

use std::sync::atomic::{AtomicI32, Ordering};

use bytes::Bytes;
use hearth_analyzer::column_name;
use hearth_base::condition::{
    ALL_PARAMETERS_MUST_BE_NAMED, EXECUTE_IMMEDIATE_DUPLICATE_NAMES, INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE,
    INVALID_QUERY_MIXED_QUERY_PARAMETERS, INVALID_STATEMENT_FOR_EXECUTE_INTO, NULL_QUERY_STRING_EXECUTE_IMMEDIATE,
    SCRIPT_POSITIONAL_PARAMETERS, SQL_SCRIPT_IN_EXECUTE_IMMEDIATE, UNSUPPORTED_PARAMETER_EXPRESSION,
};
use hearth_base::{Error, Result};
use hearth_core::ResultWriter;
use hearth_plan::catalog::CatalogOp;
use hearth_plan::command::ExplainMode as Mode;
use hearth_plan::identifier::quote;
use hearth_plan::relation::SqlText;
use hearth_plan::{Command, Expr, ExprNode, Name, Plan, Relation, RelationNode};
use hearth_proto::connect as pb;
use hearth_sql::Dialect;
use hearth_types::{DataType, Value};
use pb::execute_plan_response::{ResponseType, SqlCommandResult};
use prost::Message;

use super::checkpoint::ipc;
use super::insert::evaluate;
use super::parameter::bound;
use super::rows::{nothing, optional, table};
use super::{Outcome, inserted, perform, variable};
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use crate::{explain, observe};

/// The command that a text is; `None` when it is a query.
pub fn command_of(session: &EmbeddedSession, text: &SqlText) -> Result<Option<Command>> {
    match parsed(session, text)? {
        Plan::Relation(_) => Ok(None),
        Plan::Command(command) => Ok(Some(command)),
    }
}

fn parsed(session: &EmbeddedSession, text: &SqlText) -> Result<Plan> {
    let state = session.state.read();
    let overrides = state.config.overrides();
    hearth_sql::parse_bound_in(text, |key| overrides.get(key).map(String::as_str))
}

/// How the session's texts are read.
pub fn dialect(session: &EmbeddedSession) -> Dialect {
    let state = session.state.read();
    let overrides = state.config.overrides();
    Dialect::of(|key| overrides.get(key).map(String::as_str))
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
    let Some(command) = command_of(session, statement.text)? else {
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
    if matches!(command, Command::Script(_)) && !statement.text.positional.is_empty() {
        return Err(SCRIPT_POSITIONAL_PARAMETERS.error());
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
    match command_of(session, sql)? {
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
    let is_script = matches!(command, Command::Script(_));
    let mut command = match has_parameters && !is_script {
        false => command,
        true => match dialect(session).parse_statement(&bound(session, sql).await?)? {
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
pub async fn immediate(session: &EmbeddedSession, text: &Expr, arguments: &[Expr]) -> Result<SqlText> {
    let query = immediate_text(session, text).await?;
    let mut sql = SqlText { query, named: Vec::new(), positional: Vec::new() };
    add_arguments(&mut sql, arguments);
    check_names(&sql)?;
    // The text gets values: it does not see the variables of a script, while its arguments do.
    for (_, value) in &mut sql.named {
        *value = argument_value(session, value).await?;
    }
    for value in &mut sql.positional {
        *value = argument_value(session, value).await?;
    }
    let plan = parsed(session, &sql)?;
    if matches!(plan, Plan::Command(Command::Script(_))) {
        return Err(SQL_SCRIPT_IN_EXECUTE_IMMEDIATE.with("sqlString", &sql.query));
    }
    let markers = dialect(session).parameter_markers(&sql.query)?;
    let has_names = markers.iter().any(|marker| marker.name.is_some());
    if has_names && markers.iter().any(|marker| marker.name.is_none()) {
        return Err(INVALID_QUERY_MIXED_QUERY_PARAMETERS.error());
    }
    if has_names && !sql.positional.is_empty() {
        let shown: Vec<_> = sql.positional.iter().map(|value| format!("\"{}\"", column_name(value))).collect();
        return Err(ALL_PARAMETERS_MUST_BE_NAMED.with("exprs", shown.join(", ")));
    }
    Ok(sql)
}

async fn argument_value(session: &EmbeddedSession, argument: &Expr) -> Result<Expr> {
    if matches!(argument.node, ExprNode::Subquery(_)) {
        let shown = format!("\"{}\"", column_name(argument));
        return Err(UNSUPPORTED_PARAMETER_EXPRESSION.with("invalidExprSql", shown));
    }
    // What makes an array, a map or a struct of constants stays the call that it is, for its name.
    if session.script.is_none() && is_maker(argument) {
        return Ok(argument.clone());
    }
    evaluate(session, argument.clone()).await.map(Expr::literal)
}

fn is_maker(argument: &Expr) -> bool {
    let ExprNode::Function(call) = &argument.node else { return false };
    let [name] = call.name.as_slice() else { return false };
    let is_known = ["array", "map", "struct", "named_struct"].contains(&name.to_lowercase().as_str());
    is_known && call.arguments.iter().all(|part| matches!(part.node, ExprNode::Literal(_)) || is_maker(part))
}

/// No two arguments have the same name.
fn check_names(sql: &SqlText) -> Result<()> {
    let mut known: Vec<String> = Vec::new();
    let mut twice: Vec<String> = Vec::new();
    for (name, _) in &sql.named {
        let shown = quote(std::slice::from_ref(name));
        if known.contains(&name.to_lowercase()) && !twice.contains(&shown) {
            twice.push(shown);
        }
        known.push(name.to_lowercase());
    }
    if twice.is_empty() { Ok(()) } else { Err(EXECUTE_IMMEDIATE_DUPLICATE_NAMES.with("aliases", twice.join(", "))) }
}

/// The text that `EXECUTE IMMEDIATE` runs.
async fn immediate_text(session: &EmbeddedSession, text: &Expr) -> Result<String> {
    match evaluate(session, text.clone()).await? {
        Value::String(text) => Ok(text.to_string()),
        Value::Null(DataType::String { .. }) => {
            let name = match &text.node {
                ExprNode::Attribute { name, .. } => quote(name),
                _ => quote(&[column_name(text)]),
            };
            Err(NULL_QUERY_STRING_EXECUTE_IMMEDIATE.with("varName", name))
        }
        other => {
            let shown = format!("\"{}\"", other.data_type().sql());
            Err(INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE.with("exprType", shown))
        }
    }
}

/// Gives a text the values of `USING`.
pub fn add_arguments(sql: &mut SqlText, arguments: &[Expr]) {
    for argument in arguments {
        match &argument.node {
            ExprNode::Alias { expr, names, .. } if names.len() == 1 => {
                sql.named.push((names.concat(), expr.as_ref().clone()));
            }
            ExprNode::NamedArgument { key, value } => sql.named.push((key.clone(), value.as_ref().clone())),
            _ => sql.positional.push(argument.clone()),
        }
    }
}

/// Runs the text of an `EXECUTE IMMEDIATE` in a script; the rows of a query, nothing of a command.
pub async fn immediate_rows(session: &EmbeddedSession, sql: &SqlText) -> Result<Option<Rows>> {
    let outside = session.outside_script();
    let is_query = match command_of(session, sql)? {
        None => true,
        Some(Command::ExecuteImmediate { into, .. }) => into.is_empty(),
        Some(_) => false,
    };
    let answer = rows(&outside, sql, None).await?;
    Ok(is_query.then_some(answer))
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
        return rows(&session.outside_script(), &sql, None).await;
    }
    if command_of(session, &sql)?.is_some() {
        return Err(INVALID_STATEMENT_FOR_EXECUTE_INTO.with("sqlString", sql.query.to_uppercase()));
    }
    let targets: Vec<(Name, Expr)> = into.iter().map(|name| (name.clone(), Expr::new(ExprNode::Default))).collect();
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
    table(&[optional("plan")], lines.into_iter().map(|line| vec![line.into()]).collect())
}

/// An id for a resource profile; profiles have no effect.
pub fn new_resource_profile() -> pb::CreateResourceProfileCommandResult {
    static NEXT: AtomicI32 = AtomicI32::new(1);
    pb::CreateResourceProfileCommandResult { profile_id: NEXT.fetch_add(1, Ordering::Relaxed) }
}
