//! `INSERT` into tables and directories.

use std::sync::Arc;

use hearth_analyzer::{Analyzed, Observation, StoreAssignment, WriteTarget, align_for_write};
use hearth_base::condition::{
    CANNOT_WRITE_INTO_V1_TABLE, DEFAULT_PLACEMENT_INVALID, EXPECT_TABLE_NOT_VIEW, HIVE_SUPPORT_REQUIRED,
    INSERT_PARTITION_COLUMN_ARITY_MISMATCH, INVALID_DEFAULT_DATA_TYPE, INVALID_DEFAULT_NOT_CONSTANT,
    INVALID_DEFAULT_SUBQUERY, UNSUPPORTED_INSERT_RDD_BASED, UNSUPPORTED_OVERWRITE_TABLE,
};
use hearth_base::{Error, Result};
use hearth_plan::command::{Insert, InsertMode, InsertTarget};
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_plan::{Expr, ExprNode, Options, Relation, RelationNode};
use hearth_types::metadata::CURRENT_DEFAULT;
use hearth_types::{DataType, StructField, StructType, Value};

use super::alter::unresolved;
use super::lookup::{Found, Scope, table_name};
use super::overflow::Assignments;
use super::rows::nothing;
use super::write::{FileWrite, files, format_named, is_dynamic};
use super::{Written, columns, delta, in_place, partition, path, rewrite, table};
use crate::catalog::{DELTA, SAMPLES_CATALOG, TableRecord};
use crate::resolve;
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use crate::sinks::WriteMode;
use crate::sources::reads_below;
use crate::value;

pub async fn insert(session: &EmbeddedSession, insert: &Insert) -> Result<Written> {
    match &insert.target {
        InsertTarget::Table(name) => into_table(session, insert, name, false).await,
        InsertTarget::Directory { path, format, options, local: _ } => {
            let directory = Directory { path: path.as_deref(), format, options };
            into_directory(session, &insert.query, &directory).await
        }
    }
}

/// `FROM … INSERT … INSERT …`: one after another.
pub async fn several(session: &EmbeddedSession, inserts: &[Insert]) -> Result<Rows> {
    for each in inserts {
        insert(session, each).await?;
    }
    Ok(nothing())
}

/// As `INSERT OVERWRITE` where only the partitions that get rows are replaced.
pub async fn overwrite_partitions(session: &EmbeddedSession, insert: &Insert) -> Result<Written> {
    match &insert.target {
        InsertTarget::Table(name) => into_table(session, insert, name, true).await,
        InsertTarget::Directory { .. } => Err(Error::internal("a directory has no partitions")),
    }
}

struct Directory<'a> {
    path: Option<&'a str>,
    format: &'a str,
    options: &'a Options,
}

/// `INSERT OVERWRITE DIRECTORY`
async fn into_directory(session: &EmbeddedSession, query: &Relation, directory: &Directory<'_>) -> Result<Written> {
    if directory.format.is_empty() {
        return Err(HIVE_SUPPORT_REQUIRED.with("cmd", "INSERT OVERWRITE DIRECTORY with the Hive format"));
    }
    let mut options = directory.options.clone();
    let option = super::options::take(&mut options, "path");
    let Some(path) = directory.path.or(option.as_deref()) else {
        return Err(hearth_base::condition::PATH_NOT_SPECIFIED.error());
    };
    let analyzed = run::analyze(session, query).await?;
    columns::check_unique(analyzed.schema.fields.iter().map(|field| &*field.name))?;
    let write = FileWrite {
        format: &format_named(directory.format)?,
        path: &path::target(path, session)?,
        partition_columns: &[],
        mode: WriteMode::Overwrite,
        options: &options,
        static_partition: &[],
    };
    let rows = files(session, &analyzed, write).await?;
    Ok(Written { metrics: analyzed.metrics, rows })
}

async fn into_table(session: &EmbeddedSession, insert: &Insert, name: &TableName, dynamic: bool) -> Result<Written> {
    let parts = table_name(session, name).await?;
    let record = in_place(Some(name), delta::target(session, &parts).await)?;
    if let InsertMode::ReplaceWhere(condition) = &insert.mode {
        if !session.is_warehouse() && record.format() != DELTA {
            return Err(CANNOT_WRITE_INTO_V1_TABLE.with("identifier", record.id.quoted()));
        }
        let new = in_order(insert, &record)?;
        let rows = rewrite::replace_where(session, &record, new, condition).await?;
        return Ok(Written { metrics: Vec::new(), rows });
    }
    let _together = session.shared.catalog.together(&record.id).await;
    partition::check_columns(&record, insert.partition.iter().map(|(name, _)| name))?;
    let fixed = partition::values(session, &record, &insert.partition).await?;
    if insert.if_partition_not_exists && !partition::matching(&record, &fixed)?.is_empty() {
        return Ok(Written::default());
    }
    let (aligned, metrics, assignments) = aligned(session, insert, &record).await?;
    if !session.is_warehouse() && record.format() != DELTA {
        partition::check_spec(&record, &insert.partition)?;
    }
    let is_partitioned = fixed.len() < record.partition_columns.len();
    let mode = match insert.mode {
        InsertMode::Append => WriteMode::Append,
        InsertMode::Overwrite | InsertMode::ReplaceWhere(_) => {
            let dynamic = dynamic || is_dynamic(session, &record.options);
            if dynamic && is_partitioned { WriteMode::OverwritePartitions } else { WriteMode::Overwrite }
        }
    };
    if mode == WriteMode::Overwrite {
        check_not_read(session, &aligned, &record)?;
    }
    let write = FileWrite {
        format: record.format(),
        path: &table::folder_of(&record)?,
        partition_columns: &record.partition_columns,
        mode,
        options: &record.options,
        static_partition: &fixed,
    };
    let rows = files(session, &aligned, write).await.map_err(|error| assignments.explain(error))?;
    table::forget_statistics(session, &record)?;
    Ok(Written { metrics, rows })
}

/// Refuses, as Spark does, that a table of files is overwritten by a query that reads it.
pub fn check_not_read(session: &EmbeddedSession, query: &Analyzed, record: &TableRecord) -> Result<()> {
    if session.is_warehouse() || record.format() == DELTA {
        return Ok(());
    }
    match reads_below(&query.plan, &table::folder_of(record)?)? {
        true => Err(UNSUPPORTED_OVERWRITE_TABLE.with("table", record.id.quoted())),
        false => Ok(()),
    }
}

/// The query of an insertion with the columns of the table, in their order and by their names.
fn in_order(insert: &Insert, record: &TableRecord) -> Result<Relation> {
    if insert.by_name {
        let columns = record.schema.fields.iter().map(|field| Expr::column(&*field.name));
        return Ok(rewrite::project(insert.query.as_ref().clone(), columns.collect()));
    }
    if !insert.columns.is_empty() {
        return Err(Error::unsupported("INSERT … (columns) REPLACE WHERE"));
    }
    Ok(Relation::new(RelationNode::SubqueryAlias {
        input: insert.query.clone(),
        alias: record.id.name.clone(),
        qualifier: Vec::new(),
        columns: record.schema.fields.iter().map(|field| field.name.to_string()).collect(),
    }))
}

/// Puts the rows of a query, which are in the order of the table's columns, in the place of all that the table has.
/// `operation` is what a Delta table's history calls it.
pub async fn replace_rows(
    session: &EmbeddedSession,
    record: &TableRecord,
    query: Relation,
    operation: hearth_delta::Operation,
) -> Result<u64> {
    let insert = Insert {
        target: InsertTarget::Table(TableName::from(record.id.parts())),
        partition: Vec::new(),
        if_partition_not_exists: false,
        columns: Vec::new(),
        by_name: false,
        mode: InsertMode::Overwrite,
        query: Box::new(query),
    };
    let (aligned, _, _) = aligned(session, &insert, record).await?;
    let write = FileWrite {
        format: record.format(),
        path: &table::folder_of(record)?,
        partition_columns: &record.partition_columns,
        mode: WriteMode::Overwrite,
        options: &record.options,
        static_partition: &[],
    };
    let rows = if record.format() == DELTA {
        let extra = delta::Extra { operation: Some(operation), described: None };
        delta::write(session, &aligned, &write, extra).await?
    } else {
        files(session, &aligned, write).await?
    };
    table::forget_statistics(session, record)?;
    Ok(rows)
}

/// The table that rows go into.
pub fn target(scope: &Scope<'_>, name: &[String]) -> Result<Arc<TableRecord>> {
    let not_view = |view: String| EXPECT_TABLE_NOT_VIEW.with("viewName", view).with("operation", "INSERT");
    let record = match scope.find(name)? {
        None => return Err(scope.relation_not_found(name)),
        Some(Found::Table(record)) if !record.is_view() => record,
        Some(Found::Table(record)) => return Err(not_view(record.id.quoted())),
        // A view that a DataFrame made is no view to Spark here, only rows.
        Some(Found::Temporary(view) | Found::GlobalTemporary(view)) if view.text.is_none() => {
            return Err(UNSUPPORTED_INSERT_RDD_BASED.error());
        }
        Some(Found::Temporary(_) | Found::GlobalTemporary(_)) => return Err(not_view(quote(name))),
    };
    if record.id.catalog == SAMPLES_CATALOG {
        return Err(super::alter::refused(&record, "append in batch mode"));
    }
    Ok(record)
}

/// The error for a write that file tables do not take.
pub fn v1_table(scope: &Scope<'_>, name: &[String]) -> Result<Error> {
    let record = target(scope, name)?;
    Ok(CANNOT_WRITE_INTO_V1_TABLE.with("identifier", record.id.quoted()))
}

pub fn is_always_true(condition: &Expr) -> bool {
    matches!(condition.node, ExprNode::Literal(Value::Boolean(true)))
}

/// The query with the table's columns, fixed partition values among them.
async fn aligned(
    session: &EmbeddedSession,
    insert: &Insert,
    record: &TableRecord,
) -> Result<(Analyzed, Vec<Arc<Observation>>, Assignments)> {
    let fixed: Vec<&(String, Option<Expr>)> = insert.partition.iter().filter(|(_, value)| value.is_some()).collect();
    let is_fixed = |name: &str| fixed.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
    check_list(&insert.columns, &record.schema)?;
    let given: Vec<String> = if insert.columns.is_empty() {
        let names = record.schema.fields.iter().map(|field| field.name.to_string());
        names.filter(|name| !is_fixed(name)).collect()
    } else {
        insert.columns.clone()
    };
    let query = with_defaults(&insert.query, &given, &record.schema)?;
    let analyzed = run::analyze(session, &query).await?;
    if !fixed.is_empty() && insert.columns.is_empty() && !insert.by_name {
        check_arity(record, &fixed, given.len(), &analyzed.schema)?;
    }
    let mut defaults = Vec::with_capacity(record.schema.fields.len());
    for field in record.schema.fields.iter() {
        let value = fixed.iter().find(|(column, _)| column.eq_ignore_ascii_case(&field.name));
        let expr = match value.and_then(|(_, value)| value.clone()) {
            Some(expr) => Some(expr),
            None => default_of(field)?,
        };
        defaults.push(match expr {
            Some(expr) => Some(cast_value(session, expr, field).await?),
            None => None,
        });
    }
    let state = session.snapshot();
    let view = hearth_analyzer::SessionView::new(resolve::settings(session, &state));
    let policy = match state.config.get("spark.sql.storeAssignmentPolicy").map(str::to_uppercase).as_deref() {
        Some("LEGACY") => StoreAssignment::Legacy,
        Some("STRICT") => StoreAssignment::Strict,
        Some(_) | None if session.is_warehouse() => StoreAssignment::Warehouse,
        Some(_) | None => StoreAssignment::Ansi,
    };
    let target = WriteTarget {
        table: &record.id.quoted(),
        schema: &record.schema,
        by_name: insert.by_name,
        columns: &given,
        defaults: &defaults,
        policy,
    };
    let assignments = Assignments::new(&analyzed.schema, &given, &record.schema, insert.by_name);
    let aligned = align_for_write(&analyzed, &view, &target).map_err(|error| assignments.explain(error))?;
    Ok((aligned, analyzed.metrics, assignments))
}

/// With fixed partition values the query has as many columns as are left.
fn check_arity(
    record: &TableRecord,
    fixed: &[&(String, Option<Expr>)],
    wanted: usize,
    query: &StructType,
) -> Result<()> {
    if query.fields.len() == wanted {
        return Ok(());
    }
    let list =
        |names: &mut dyn Iterator<Item = String>| names.map(|name| quote(&[name])).collect::<Vec<_>>().join(", ");
    Err(INSERT_PARTITION_COLUMN_ARITY_MISMATCH
        .with("tableName", record.id.quoted())
        .with("tableColumns", list(&mut record.schema.fields.iter().map(|field| field.name.to_string())))
        .with("staticPartCols", list(&mut fixed.iter().map(|(name, _)| name.clone())))
        .with("dataColumns", list(&mut query.fields.iter().map(|field| field.name.to_string()))))
}

/// A column list names columns of the table, each once.
fn check_list(names: &[String], schema: &StructType) -> Result<()> {
    columns::check_unique(names.iter().map(String::as_str))?;
    let known = |name: &str| schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(unresolved(schema, std::slice::from_ref(name))),
        None => Ok(()),
    }
}

/// The expression of a column's default.
pub fn default_of(field: &StructField) -> Result<Option<Expr>> {
    field.metadata_text(CURRENT_DEFAULT).map(|text| hearth_sql::parse_expression(&text)).transpose()
}

/// Refuses a default that is no constant of the column's type.
pub async fn check_default(session: &EmbeddedSession, field: &StructField, statement: &str) -> Result<()> {
    let Some(expr) = default_of(field)? else { return Ok(()) };
    let about = |error: hearth_base::condition::Condition| {
        error
            .with("statement", statement)
            .with("colName", quote(&[field.name.to_string()]))
            .with("defaultValue", field.metadata_text(CURRENT_DEFAULT).unwrap_or_default())
    };
    if matches!(expr.node, ExprNode::Subquery(_)) {
        return Err(about(INVALID_DEFAULT_SUBQUERY));
    }
    let one_row = Box::new(Relation::new(RelationNode::OneRow));
    let query = Relation::new(RelationNode::Project { input: one_row, expressions: vec![expr.clone()] });
    let analyzed = run::analyze(session, &query).await.map_err(|error| {
        let is_column = error.condition().name.starts_with("UNRESOLVED_COLUMN");
        if is_column { about(INVALID_DEFAULT_NOT_CONSTANT) } else { error }
    })?;
    if !analyzed.variables.is_empty() {
        return Err(about(INVALID_DEFAULT_NOT_CONSTANT));
    }
    if let Some(value) = analyzed.schema.fields.first()
        && (is_text(&value.data_type) && !is_text(&field.data_type)
            || is_narrowed(&expr, &value.data_type, &field.data_type))
    {
        return Err(about(INVALID_DEFAULT_DATA_TYPE)
            .with("expectedType", format!("\"{}\"", field.data_type.sql()))
            .with("actualType", format!("\"{}\"", value.data_type.sql())));
    }
    cast_value(session, expr, field).await.map(drop)
}

/// A new column's default as older files have it: the value that it has now.
pub async fn with_constant_default(session: &EmbeddedSession, field: StructField) -> Result<StructField> {
    let Some(expr) = default_of(&field)? else { return Ok(field) };
    let value = cast_value(session, expr, &field).await?;
    Ok(match super::parameter::literal(&value) {
        Ok(text) => field.with_metadata_text(columns::EXISTS_DEFAULT, &text),
        Err(_) => field,
    })
}

/// Whether a number that is no constant, or one that is too large, goes into a narrower column.
fn is_narrowed(expr: &Expr, from: &DataType, to: &DataType) -> bool {
    let is_number = from.is_integral() || matches!(from, DataType::Float | DataType::Double);
    if !is_number || !to.is_integral() || hearth_functions::coercion::up_castable(from, to) {
        return false;
    }
    let limit = match to {
        DataType::Byte => i64::from(i8::MAX),
        DataType::Short => i64::from(i16::MAX),
        DataType::Integer => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    match &expr.node {
        ExprNode::Literal(Value::Integer(number)) => i64::from(*number) > limit,
        ExprNode::Literal(Value::Long(number)) => *number > limit,
        ExprNode::Function(call) if call.name.as_slice() == ["-"] && call.arguments.len() == 1 => {
            call.arguments.iter().any(|inner| is_narrowed(inner, from, to))
        }
        _ => true,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. })
}

/// The value of an expression as a column of this type holds it.
async fn cast_value(session: &EmbeddedSession, expr: Expr, field: &StructField) -> Result<Value> {
    let cast = Expr::new(ExprNode::Cast {
        expr: Box::new(expr),
        to: TypeRef::Known(field.data_type.clone()),
        mode: CastMode::Ansi,
    });
    evaluate(session, cast).await
}

/// The value of an expression without columns; subqueries are run.
pub async fn evaluate(session: &EmbeddedSession, expr: Expr) -> Result<Value> {
    let one_row = Box::new(Relation::new(RelationNode::OneRow));
    let query = Relation::new(RelationNode::Project { input: one_row, expressions: vec![expr] });
    let (schema, batches) = run::collect(session, &query).await?;
    let row = value::first_row(&schema, &batches)?;
    Ok(row.into_iter().next().unwrap_or(Value::Null(DataType::Null)))
}

/// Puts the columns' defaults where the query says `DEFAULT`.
fn with_defaults(query: &Relation, columns: &[String], schema: &StructType) -> Result<Relation> {
    let default = |index: usize| -> Result<Expr> {
        let name = columns.get(index).map_or("", String::as_str);
        let Some(field) = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)) else {
            return Ok(Expr::literal(Value::Null(DataType::Null)));
        };
        let expr = default_of(field)?.unwrap_or_else(|| Expr::literal(Value::Null(field.data_type.clone())));
        Ok(Expr::new(ExprNode::Cast {
            expr: Box::new(expr),
            to: TypeRef::Known(field.data_type.clone()),
            mode: CastMode::Ansi,
        }))
    };
    let replaced = |row: &[Expr]| -> Result<Vec<Expr>> {
        if row.iter().any(has_inner_default) {
            return Err(DEFAULT_PLACEMENT_INVALID.error());
        }
        row.iter()
            .enumerate()
            .map(|(index, expr)| if is_default(expr) { default(index) } else { Ok(expr.clone()) })
            .collect()
    };
    let mut query = query.clone();
    match &mut query.node {
        RelationNode::InlineTable { rows } => {
            *rows = rows.iter().map(|row| replaced(row)).collect::<Result<_>>()?;
        }
        RelationNode::Project { expressions, .. } => *expressions = replaced(expressions)?,
        RelationNode::SubqueryAlias { input, .. } => **input = with_defaults(input, columns, schema)?,
        _ => {}
    }
    Ok(query)
}

/// `DEFAULT + 1`: a default stands alone.
fn has_inner_default(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Function(call) => call.arguments.iter().any(|inner| is_default(inner) || has_inner_default(inner)),
        ExprNode::Cast { expr, .. } | ExprNode::Alias { expr, .. } => is_default(expr) || has_inner_default(expr),
        _ => false,
    }
}

fn is_default(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Default => true,
        ExprNode::Attribute { name, plan_id: None, .. } => {
            matches!(name.as_slice(), [only] if only.eq_ignore_ascii_case("default"))
        }
        _ => false,
    }
}
