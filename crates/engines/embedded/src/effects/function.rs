//! Functions: SQL functions of the session and of the catalog, and what is told of the built-in ones.

mod check;

use std::sync::Arc;

use hearth_analyzer::{Analyzed, SessionFunction, SqlFunction, SqlFunctionBody, SqlParameter};
use hearth_base::condition::{
    DROP_TEMPORARY_FUNCTION_WORD, FORBIDDEN_OPERATION, REFRESH_BUILTIN_FUNCTION, ROUTINE_NOT_FOUND, UNRESOLVED_ROUTINE,
};
use hearth_base::{Error, Result};
use hearth_functions::row::{Builder, FunctionRow};
use hearth_functions::table::{all_rows, lookup};
use hearth_plan::catalog::{
    ColumnDef, CreateFunction, FunctionBody as NewBody, FunctionScope, SqlFunctionBody as NewSqlBody, Style,
};
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_plan::identifier::quote;
use hearth_plan::relation::{Join, JoinConstraint, JoinKind};
use hearth_plan::{Expr, ExprNode, Name, Origin, Plan, Relation, RelationNode};
use hearth_types::{DataType, StructType, Value};

use super::columns::type_of;
use super::describe::time_text;
use super::lookup::Scope;
use super::rows::{Cell, Column, done, flag, optional, table, text, texts, truth};
use crate::catalog::function_exists as already_exists;
use crate::catalog::{FunctionBody, FunctionRecord, ParameterRecord, TableId};
use crate::config::SessionConfig;
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;

/// What a function's name stands for.
enum Found {
    BuiltIn(&'static FunctionRow),
    Temporary(Arc<SqlFunction>),
    Persistent(Arc<FunctionRecord>),
}

/// The one part of a temporary function's name, with or without `session` in front.
pub fn temporary_name(name: &[String]) -> Option<&str> {
    match name {
        [only] => Some(only),
        [session, only] if session.eq_ignore_ascii_case("session") => Some(only),
        [system, session, only] if system.eq_ignore_ascii_case("system") && session.eq_ignore_ascii_case("session") => {
            Some(only)
        }
        _ => None,
    }
}

/// A built-in function that is there.
fn built_in(name: &[String]) -> Option<&'static FunctionRow> {
    let [only] = name else { return None };
    lookup(only).filter(|row| !matches!(row.builder, Builder::Missing(_)))
}

fn find(scope: &Scope<'_>, name: &[String]) -> Result<Option<Found>> {
    if let Some(row) = built_in(name) {
        return Ok(Some(Found::BuiltIn(row)));
    }
    if let Some(SessionFunction::Sql(function)) =
        temporary_name(name).and_then(|name| scope.state.functions.get(&name.to_lowercase()))
    {
        return Ok(Some(Found::Temporary(Arc::clone(function))));
    }
    let id = scope.table_id(name)?;
    Ok(scope.catalog().function(&id).map(Found::Persistent))
}

pub fn unresolved(scope: &Scope<'_>, name: &[String]) -> Error {
    let mut current = vec![scope.state.catalog.clone()];
    current.extend_from_slice(&scope.state.database);
    UNRESOLVED_ROUTINE
        .with("routineName", quote(name))
        .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, {}]", quote(&current)))
}

/// The columns of `org.apache.spark.sql.catalog.Function`.
const API: [Column; 6] = [
    optional("name"),
    optional("catalog"),
    texts("namespace"),
    optional("description"),
    optional("className"),
    flag("isTemporary"),
];

fn api_row(found: &Found) -> Vec<Cell> {
    match found {
        Found::BuiltIn(row) => {
            let class = format!("hearth.functions.{:?}", row.family);
            vec![row.name.into(), Cell::Null, Cell::Null, row.summary.into(), class.into(), true.into()]
        }
        Found::Temporary(function) => {
            vec![function.name.clone().into(), Cell::Null, Cell::Null, "".into(), "sqlFunction.".into(), true.into()]
        }
        Found::Persistent(record) => vec![
            record.id.name.clone().into(),
            record.id.catalog.clone().into(),
            vec![record.id.database.clone()].into(),
            record.comment.clone().unwrap_or_default().into(),
            "sqlFunction.".into(),
            false.into(),
        ],
    }
}

pub fn list(
    session: &EmbeddedSession,
    database: Option<&Name>,
    pattern: Option<&str>,
    scope: FunctionScope,
    style: Style,
) -> Result<Rows> {
    let state = Scope::new(session);
    let pattern = session.pattern(pattern);
    let mut found: Vec<(String, Found)> = Vec::new();
    let with_user = matches!(scope, FunctionScope::All | FunctionScope::User);
    if matches!(scope, FunctionScope::All | FunctionScope::System) {
        let rows = all_rows().filter(|row| !matches!(row.builder, Builder::Missing(_)) && pattern.matches(row.name));
        found.extend(rows.map(|row| (row.name.to_owned(), Found::BuiltIn(row))));
    }
    let id = state.database_id(database);
    if with_user && !id.namespace.is_empty() {
        let records = state.catalog().functions(&id)?.into_iter().filter(|record| pattern.matches(&record.id.name));
        found.extend(records.map(|record| (record.id.plain(), Found::Persistent(record))));
    }
    if with_user {
        for SessionFunction::Sql(function) in state.state.functions.values() {
            if pattern.matches(&function.name) {
                found.push((function.name.clone(), Found::Temporary(Arc::clone(function))));
            }
        }
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    match style {
        Style::Api => table(&API, found.iter().map(|(_, found)| api_row(found)).collect()),
        Style::Sql => table(&[text("function")], found.into_iter().map(|(name, _)| vec![name.into()]).collect()),
    }
}

pub fn get(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    let scope = Scope::new(session);
    let found = find(&scope, name)?.ok_or_else(|| unresolved(&scope, name))?;
    table(&API, vec![api_row(&found)])
}

pub fn exists(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    truth(find(&Scope::new(session), name)?.is_some())
}

/// `DESCRIBE FUNCTION [EXTENDED]`
pub fn describe(session: &EmbeddedSession, name: &Name, extended: bool) -> Result<Rows> {
    let scope = Scope::new(session);
    let lines = match find(&scope, name)?.ok_or_else(|| unresolved(&scope, name))? {
        Found::BuiltIn(row) => built_in_lines(row, extended),
        Found::Temporary(function) => signature_lines(&Signature::of(&function), extended),
        Found::Persistent(record) => signature_lines(&Signature::of_record(&record), extended),
    };
    table(&[text("function_desc")], lines.into_iter().map(|line| vec![line.into()]).collect())
}

fn built_in_lines(row: &FunctionRow, extended: bool) -> Vec<String> {
    let mut lines = vec![
        format!("Function: {}", row.name),
        format!("Class: hearth.functions.{:?}", row.family),
        format!("Usage: {}", row.summary),
    ];
    if extended {
        let example = row
            .example
            .map(|(call, answer)| format!("Extended Usage:\n    Examples:\n      > SELECT {call};\n       {answer}\n"));
        lines.push(example.unwrap_or_else(|| "Extended Usage:".to_owned()));
    }
    lines
}

/// What is told of a SQL function.
struct Signature {
    name: String,
    parameters: Vec<ParameterRecord>,
    returns: Option<DataType>,
    returns_table: Option<StructType>,
    comment: Option<String>,
    created: Option<i64>,
    body: Option<String>,
}

impl Signature {
    fn of(function: &SqlFunction) -> Self {
        let parameter = |parameter: &SqlParameter| ParameterRecord {
            name: parameter.name.clone(),
            data_type: parameter.data_type.clone(),
            default: parameter.default.as_ref().and_then(source_text),
            comment: parameter.comment.clone(),
        };
        Self {
            name: function.name.clone(),
            parameters: function.parameters.iter().map(parameter).collect(),
            returns: function.returns.clone(),
            returns_table: function.returns_table.clone(),
            comment: function.comment.clone(),
            created: None,
            body: match &function.body {
                SqlFunctionBody::Expression(expr) => source_text(expr),
                SqlFunctionBody::Query(query) => origin_text(query.origin.as_deref()),
            },
        }
    }

    fn of_record(record: &FunctionRecord) -> Self {
        let (FunctionBody::Expression(body) | FunctionBody::Query(body)) = &record.body;
        Self {
            name: record.id.plain(),
            parameters: record.parameters.clone(),
            returns: record.returns.clone(),
            returns_table: record.returns_table.clone(),
            comment: record.comment.clone(),
            created: Some(record.created),
            body: Some(body.clone()),
        }
    }
}

/// Titles padded to the longest one, more values below the first.
fn signature_lines(signature: &Signature, extended: bool) -> Vec<String> {
    let width = if extended { 15 } else { 10 };
    let mut lines = Vec::new();
    let mut section = |title: &str, values: Vec<String>| {
        for (index, value) in values.into_iter().enumerate() {
            let title = if index == 0 { format!("{title}:") } else { String::new() };
            lines.push(format!("{title:<width$}{value}"));
        }
    };
    section("Function", vec![signature.name.clone()]);
    let kind = if signature.returns_table.is_some() { "TABLE" } else { "SCALAR" };
    section("Type", vec![kind.to_owned()]);
    let inputs: Vec<_> =
        signature.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.data_type.sql())).collect();
    let mut inputs = padded(&inputs);
    if extended {
        for (line, parameter) in inputs.iter_mut().zip(&signature.parameters) {
            line.extend(parameter.default.as_ref().map(|default| format!(" DEFAULT {default}")));
            line.extend(parameter.comment.as_ref().map(|comment| format!(" '{comment}'")));
        }
    }
    section("Input", if inputs.is_empty() { vec!["()".to_owned()] } else { inputs });
    match (&signature.returns_table, &signature.returns) {
        (Some(columns), _) => {
            let columns: Vec<_> =
                columns.fields.iter().map(|field| (field.name.to_string(), field.data_type.sql())).collect();
            section("Returns", padded(&columns));
        }
        (None, Some(data_type)) => section("Returns", vec![data_type.sql()]),
        (None, None) => {}
    }
    if extended {
        section("Comment", signature.comment.iter().cloned().collect());
        section("Deterministic", vec!["true".to_owned()]);
        section("Data Access", vec!["CONTAINS SQL".to_owned()]);
        section("Create Time", signature.created.map(time_text).into_iter().collect());
        section("Body", signature.body.iter().cloned().collect());
    }
    lines
}

/// Names and types in two columns.
fn padded(pairs: &[(String, String)]) -> Vec<String> {
    let width = |of: fn(&(String, String)) -> &String| pairs.iter().map(|pair| of(pair).len()).max().unwrap_or(0);
    let (names, types) = (width(|pair| &pair.0), width(|pair| &pair.1));
    pairs.iter().map(|(name, data_type)| format!("{name:<names$} {data_type:<types$}")).collect()
}

/// The text that an expression was read from.
pub(super) fn source_text(expr: &Expr) -> Option<String> {
    origin_text(expr.origin.as_deref())
}

fn origin_text(origin: Option<&Origin>) -> Option<String> {
    match origin? {
        Origin::Sql { text, start, stop } => text.get(*start as usize..=*stop as usize).map(ToOwned::to_owned),
        Origin::DataFrame { .. } => None,
    }
}

/// `CREATE FUNCTION`
pub async fn create(session: &EmbeddedSession, new: &CreateFunction) -> Result<Rows> {
    let NewBody::Sql { parameters, returns, returns_table, body } = &new.body else {
        return Err(Error::unsupported("CREATE FUNCTION of a JVM class"));
    };
    let mut function = SqlFunction {
        name: new.name.last().cloned().unwrap_or_default(),
        qualified: quote(&new.name),
        parameters: parameters.iter().map(parameter).collect::<Result<_>>()?,
        returns: returns.as_ref().map(type_of).transpose()?,
        returns_table: table_columns(returns_table.as_deref())?,
        body: match body {
            NewSqlBody::Expression(expr) => SqlFunctionBody::Expression(expr.as_ref().clone()),
            NewSqlBody::Query(query) => SqlFunctionBody::Query(query.as_ref().clone()),
        },
        comment: new.comment.clone(),
        config: session.state.read().config.captured(),
        settings: None,
    };
    check::declaration(&function)?;
    check::lengths(&function)?;
    check_defaults(session, &function).await?;
    let exists = match new.temporary {
        true => session.state.read().functions.contains_key(&function.name.to_lowercase()),
        false => Scope::new(session).table_id(&new.name).is_ok_and(|id| session.shared.catalog.function(&id).is_some()),
    };
    if exists && new.if_not_exists {
        return done();
    }
    let columns = checked_body(session, &function, new).await?;
    match &function.returns_table {
        Some(table) if table.fields.is_empty() => function.returns_table = Some(columns),
        None if function.returns.is_none() => {
            function.returns = columns.fields.first().map(|field| field.data_type.clone());
        }
        Some(_) | None => {}
    }
    if new.temporary {
        let key = function.name.to_lowercase();
        let mut state = session.state.write();
        if state.functions.contains_key(&key) && !new.or_replace {
            return Err(already_exists(&quote(&[function.name])));
        }
        state.functions.insert(key, SessionFunction::Sql(Arc::new(function)));
        drop(state);
        return done();
    }
    let record = record(session, new, parameters, &function)?;
    session.shared.catalog.create_function(record, new.or_replace)?;
    done()
}

fn parameter(column: &ColumnDef) -> Result<SqlParameter> {
    Ok(SqlParameter {
        name: column.name.clone(),
        data_type: type_of(&column.data_type)?,
        default: column.default.clone(),
        comment: column.comment.clone(),
    })
}

fn table_columns(columns: Option<&[ColumnDef]>) -> Result<Option<StructType>> {
    let Some(columns) = columns else { return Ok(None) };
    let fields = columns.iter().map(super::columns::field).collect::<Result<Vec<_>>>()?;
    Ok(Some(StructType::new(fields)))
}

/// Defaults have no columns to name.
async fn check_defaults(session: &EmbeddedSession, function: &SqlFunction) -> Result<()> {
    for default in function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()) {
        let input = Box::new(Relation::new(RelationNode::OneRow));
        let query = Relation::new(RelationNode::Project { input, expressions: vec![default.clone()] });
        run::analyze(session, &query).await?;
    }
    Ok(())
}

/// The columns of the body, which is fit for a function.
async fn checked_body(session: &EmbeddedSession, function: &SqlFunction, new: &CreateFunction) -> Result<StructType> {
    let body = analyzed_body(session, function).await;
    let body = body.map_err(|error| check::missing_routine(&Scope::new(session), error))?;
    if !new.temporary {
        let name = Scope::new(session).table_id(&new.name)?.quoted_short();
        let relation = relation_of(&function.body);
        super::view::check_permanent(session, ("FUNCTION", &name), &relation, &body.variables)?;
    }
    let mut columns = body.schema.fields.to_vec();
    match &function.body {
        SqlFunctionBody::Expression(expr) => check::plain(&body.plan, source_text(expr))?,
        // The parameters stand before them.
        SqlFunctionBody::Query(_) => drop(columns.drain(..function.parameters.len().min(columns.len()))),
    }
    let shown = match new.temporary {
        true => function.name.clone(),
        false => Scope::new(session).table_id(&new.name)?.plain(),
    };
    check::column_count(function, &shown, columns.len())?;
    Ok(StructType::new(columns))
}

/// A body as a relation, for the names that it mentions.
pub fn relation_of(body: &SqlFunctionBody) -> Relation {
    match body {
        SqlFunctionBody::Query(query) => query.clone(),
        SqlFunctionBody::Expression(expression) => Relation::new(RelationNode::Project {
            input: Box::new(Relation::new(RelationNode::OneRow)),
            expressions: vec![expression.clone()],
        }),
    }
}

/// Analyses the body over parameters that are NULL.
async fn analyzed_body(session: &EmbeddedSession, function: &SqlFunction) -> Result<Analyzed> {
    let parameters = function.parameters.iter().map(|parameter| {
        let null = Expr::new(ExprNode::Cast {
            expr: Box::new(Expr::literal(Value::Null(DataType::Null))),
            to: TypeRef::Known(parameter.data_type.clone()),
            mode: CastMode::Session,
        });
        Expr::new(ExprNode::Alias { expr: Box::new(null), names: vec![parameter.name.clone()], metadata: None })
    });
    let expressions: Vec<_> = parameters.collect();
    let one_row = Relation::new(RelationNode::OneRow);
    let input = match expressions.is_empty() {
        true => one_row,
        // `f.x` names a parameter too.
        false => Relation::new(RelationNode::SubqueryAlias {
            input: Box::new(Relation::new(RelationNode::Project { input: Box::new(one_row), expressions })),
            alias: function.name.clone(),
            qualifier: Vec::new(),
            columns: Vec::new(),
        }),
    };
    let query = match &function.body {
        SqlFunctionBody::Expression(expr) => {
            let value = match &function.returns {
                None => expr.clone(),
                Some(to) => Expr::new(ExprNode::Cast {
                    expr: Box::new(expr.clone()),
                    to: TypeRef::Known(to.clone()),
                    mode: CastMode::Session,
                }),
            };
            RelationNode::Project { input: Box::new(input), expressions: vec![value] }
        }
        SqlFunctionBody::Query(query) => RelationNode::Join(Box::new(Join {
            left: Box::new(input),
            right: Box::new(query.clone()),
            kind: JoinKind::Inner,
            constraint: JoinConstraint::None,
            lateral: true,
            structs: None,
        })),
    };
    run::analyze(session, &Relation::new(query)).await
}

fn record(
    session: &EmbeddedSession,
    new: &CreateFunction,
    parameters: &[ColumnDef],
    function: &SqlFunction,
) -> Result<FunctionRecord> {
    let id = Scope::new(session).table_id(&new.name)?;
    let no_text = || Error::internal("a SQL function without the text of its body");
    let body = match &function.body {
        SqlFunctionBody::Expression(expr) => FunctionBody::Expression(source_text(expr).ok_or_else(no_text)?),
        SqlFunctionBody::Query(query) => FunctionBody::Query(origin_text(query.origin.as_deref()).ok_or_else(no_text)?),
    };
    let parameter = |(column, typed): (&ColumnDef, &SqlParameter)| ParameterRecord {
        name: typed.name.clone(),
        data_type: typed.data_type.clone(),
        default: column.default_text.clone(),
        comment: column.comment.clone(),
    };
    Ok(FunctionRecord {
        id,
        parameters: parameters.iter().zip(&function.parameters).map(parameter).collect(),
        returns: function.returns.clone(),
        returns_table: function.returns_table.clone(),
        body,
        comment: new.comment.clone(),
        owner: String::new(),
        created: session.shared.settings.clock.now(),
        config: function.config.clone(),
    })
}

/// A function of the catalog as the analyzer takes it.
pub fn session_function(record: &FunctionRecord) -> Result<SessionFunction> {
    let dialect = SessionConfig::captured_dialect(&record.config);
    let parameter = |parameter: &ParameterRecord| -> Result<SqlParameter> {
        Ok(SqlParameter {
            name: parameter.name.clone(),
            data_type: parameter.data_type.clone(),
            default: parameter.default.as_deref().map(|text| dialect.parse_expression(text)).transpose()?,
            comment: parameter.comment.clone(),
        })
    };
    let body = match &record.body {
        FunctionBody::Expression(text) => SqlFunctionBody::Expression(dialect.parse_expression(text)?),
        FunctionBody::Query(text) => match dialect.parse_statement(text)? {
            Plan::Relation(query) => SqlFunctionBody::Query(query),
            Plan::Command(_) => return Err(Error::internal("the body of a function is no query")),
        },
    };
    Ok(SessionFunction::Sql(Arc::new(SqlFunction {
        name: record.id.name.clone(),
        qualified: record.id.quoted(),
        parameters: record.parameters.iter().map(parameter).collect::<Result<_>>()?,
        returns: record.returns.clone(),
        returns_table: record.returns_table.clone(),
        body,
        comment: record.comment.clone(),
        config: record.config.clone(),
        settings: None,
    })))
}

/// A function that stands in the catalog, by its name as typed.
pub fn persistent(session: &EmbeddedSession, name: &[String]) -> Result<Option<SessionFunction>> {
    let scope = Scope::new(session);
    let Ok(id) = scope.table_id(name) else { return Ok(None) };
    scope.catalog().function(&id).map(|record| session_function(&record)).transpose()
}

pub fn drop_function(session: &EmbeddedSession, name: &Name, if_exists: bool, temporary: bool) -> Result<Rows> {
    let missing = |name: String| ROUTINE_NOT_FOUND.with("routineName", name);
    if temporary {
        let only = temporary_name(name).map(str::to_lowercase).unwrap_or_default();
        let removed = session.state.write().functions.remove(&only).is_some();
        return if removed || if_exists { done() } else { Err(missing(quote(name))) };
    }
    if built_in(name).is_some() {
        return Err(FORBIDDEN_OPERATION
            .with("statement", "DROP")
            .with("objectType", "FUNCTION")
            .with("objectName", quote(name)));
    }
    let scope = Scope::new(session);
    if let [only] = name.as_slice()
        && scope.state.functions.contains_key(&only.to_lowercase())
    {
        return Err(DROP_TEMPORARY_FUNCTION_WORD
            .with("name", only)
            .with("cmd", "DROP FUNCTION")
            .with("hintStr", " Please use DROP TEMPORARY FUNCTION to drop a temporary function."));
    }
    let id: TableId = scope.table_id(name)?;
    if scope.catalog().function(&id).is_none() {
        return if if_exists { done() } else { Err(missing(id.quoted_short())) };
    }
    scope.catalog().drop_function(&id)?;
    done()
}

/// `REFRESH FUNCTION`: nothing of a function is kept between queries.
pub fn refresh(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    let scope = Scope::new(session);
    match find(&scope, name)? {
        Some(Found::BuiltIn(_)) => Err(REFRESH_BUILTIN_FUNCTION.with("functionName", name.join("."))),
        Some(Found::Temporary(_) | Found::Persistent(_)) => done(),
        None => Err(ROUTINE_NOT_FOUND.with("routineName", scope.table_id(name)?.quoted_short())),
    }
}
