//! `DELETE`, `UPDATE` and `INSERT … REPLACE WHERE` for clients of SQL warehouses; `MERGE` stands in `merge`.
//!
//! Tables are files that do not change, so what stays of a table is written anew and takes the old files' place at the
//! end. One statement at a time changes a table like this, and no rows go in meanwhile. Spark refuses these statements
//! for tables of files, and so does Hearth for Spark's clients.

use std::sync::Arc;

use hearth_base::{Error, Result};
use hearth_delta::Operation;
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_plan::identifier::quote;
use hearth_plan::relation::{NamedTable, SetOp, SetOpKind, TableName};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};
use hearth_types::{DataType, StructField, Value};

use super::alter::unresolved;
use super::insert::{self, default_of};
use super::lookup::table_name;
use super::rows::{long, table};
use super::write::count;
use crate::catalog::TableRecord;
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;

/// A table that is to be changed, and what its columns are called meanwhile.
pub struct Target {
    pub record: Arc<TableRecord>,
    alias: Option<String>,
}

impl Target {
    pub async fn new(session: &EmbeddedSession, name: &TableName, alias: Option<&String>) -> Result<Self> {
        let name = table_name(session, name).await?;
        Ok(Self { record: super::delta::target(session, &name).await?, alias: alias.cloned() })
    }

    /// The table's rows.
    pub fn rows(&self) -> Relation {
        let name = TableName::from(self.record.id.parts());
        let table = NamedTable { name, options: Vec::new(), is_streaming: false, travel: None };
        let input = Relation::new(RelationNode::NamedTable(table));
        match &self.alias {
            None => input,
            Some(alias) => Relation::new(RelationNode::SubqueryAlias {
                input: Box::new(input),
                alias: alias.clone(),
                qualifier: Vec::new(),
                columns: Vec::new(),
            }),
        }
    }

    /// A column of the table.
    pub fn column(&self, field: &StructField) -> Expr {
        let mut name = self.alias.clone().map_or_else(|| self.record.id.parts(), |alias| vec![alias]);
        name.push(field.name.to_string());
        attribute(name)
    }

    /// What the columns become; those that are not assigned are `None`.
    pub fn assigned(&self, assignments: &[(Expr, Expr)]) -> Result<Vec<Option<Expr>>> {
        let fields = &self.record.schema.fields;
        let mut values = vec![None; fields.len()];
        for (column, value) in assignments {
            let ExprNode::Attribute { name, .. } = &column.node else {
                return Err(Error::unsupported("an assignment to something that is no column"));
            };
            let position = |name: &String| fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
            let Some(index) = name.last().and_then(position) else {
                return Err(unresolved(&self.record.schema, name));
            };
            values[index] = Some(stored(value, &fields[index])?);
        }
        Ok(values)
    }
}

pub fn attribute(name: Vec<String>) -> Expr {
    Expr::new(ExprNode::Attribute { name, plan_id: None, is_metadata: false })
}

/// A value as a column holds it.
pub fn stored(value: &Expr, field: &StructField) -> Result<Expr> {
    let value = match value.node {
        ExprNode::Default => default_of(field)?.unwrap_or_else(|| Expr::literal(Value::Null(DataType::Null))),
        _ => value.clone(),
    };
    let to = TypeRef::Known(field.data_type.clone());
    Ok(Expr::new(ExprNode::Cast { expr: Box::new(value), to, mode: CastMode::Ansi }))
}

/// A condition that is true or false; NULL is false, and no condition is true.
pub fn holds(condition: Option<&Expr>) -> Expr {
    let truth = Expr::literal(Value::Boolean(true));
    match condition {
        None => truth,
        Some(condition) => Expr::function("<=>", vec![condition.clone(), truth]),
    }
}

pub fn filter(input: Relation, condition: Expr) -> Relation {
    Relation::new(RelationNode::Filter { input: Box::new(input), condition })
}

pub fn project(input: Relation, expressions: Vec<Expr>) -> Relation {
    Relation::new(RelationNode::Project { input: Box::new(input), expressions })
}

pub fn union(left: Relation, right: Relation) -> Relation {
    Relation::new(RelationNode::SetOp(SetOp {
        left: Box::new(left),
        right: Box::new(right),
        kind: SetOpKind::Union,
        all: true,
        by_name: false,
        allow_missing_columns: false,
    }))
}

fn affected(count: u64) -> Result<Rows> {
    table(&[long("num_affected_rows")], vec![vec![i64::try_from(count).unwrap_or(i64::MAX).into()]])
}

pub async fn delete(
    session: &EmbeddedSession,
    name: &TableName,
    alias: Option<&String>,
    condition: Option<&Expr>,
) -> Result<Rows> {
    let target = Target::new(session, name, alias).await?;
    let _alone = session.shared.catalog.alone(&target.record.id).await;
    let gone = count(session, &filter(target.rows(), holds(condition))).await?;
    if gone > 0 {
        let stays = Expr::function("not", vec![holds(condition)]);
        let operation = Operation::Delete { predicate: None };
        insert::replace_rows(session, &target.record, filter(target.rows(), stays), operation).await?;
    }
    affected(gone)
}

pub async fn update(
    session: &EmbeddedSession,
    name: &TableName,
    alias: Option<&String>,
    assignments: &[(Expr, Expr)],
    condition: Option<&Expr>,
) -> Result<Rows> {
    let target = Target::new(session, name, alias).await?;
    let values = target.assigned(assignments)?;
    let columns = target.record.schema.fields.iter().zip(values).map(|(field, value)| {
        let old = target.column(field);
        let column = match value {
            Some(value) => Expr::function("when", vec![holds(condition), value, old]),
            None => old,
        };
        column.alias(&*field.name)
    });
    let changed = project(target.rows(), columns.collect());
    let _alone = session.shared.catalog.alone(&target.record.id).await;
    // A mistake in the assignments shows although no row may match.
    run::analyze(session, &changed).await?;
    let matching = count(session, &filter(target.rows(), holds(condition))).await?;
    if matching > 0 {
        insert::replace_rows(session, &target.record, changed, Operation::Update { predicate: None }).await?;
    }
    affected(matching)
}

/// `INSERT INTO t REPLACE WHERE condition`: rows that match go, and those of the query come, which must match.
pub async fn replace_where(
    session: &EmbeddedSession,
    record: &Arc<TableRecord>,
    new: Relation,
    condition: &Expr,
) -> Result<u64> {
    let target = Target { record: Arc::clone(record), alias: None };
    let _alone = session.shared.catalog.alone(&record.id).await;
    let wrong = filter(new.clone(), Expr::function("not", vec![holds(Some(condition))]));
    if count(session, &wrong).await? > 0 {
        return Err(hearth_base::condition::REPLACE_WHERE_MISMATCH.with("tableName", quote(&record.id.parts())));
    }
    let rows = count(session, &new).await?;
    let stays = filter(target.rows(), Expr::function("not", vec![holds(Some(condition))]));
    let partition_columns = record.partition_columns.clone();
    let operation = Operation::Write { overwrite: true, partition_columns, predicate: None };
    insert::replace_rows(session, record, union(stays, new), operation).await?;
    Ok(rows)
}
