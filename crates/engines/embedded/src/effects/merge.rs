//! `MERGE INTO` for clients of SQL warehouses, as up to three queries over target and source whose union becomes the
//! table: target rows that a source row matches, target rows without one, source rows without one.
//!
//! A pair of rows counts as a match only where a `WHEN MATCHED` clause takes it, so a target row comes out once; that
//! two source rows take the same target row is an error, unless all they do is delete it.

use hearth_base::condition::MERGE_CARDINALITY_VIOLATION;
use hearth_base::{Error, Result};
use hearth_plan::command::MergeInto;
use hearth_plan::expression::{MergeAction, MergeActionKind};
use hearth_plan::relation::{Grouping, GroupingItem, Join, JoinConstraint, JoinKind, NameForm};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};
use hearth_types::{StructField, Value};

use super::insert::{self, default_of};
use super::rewrite::{Target, attribute, filter, holds, project, stored, union};
use super::rows::{long, table};
use super::write::count;
use crate::run::Rows;
use crate::session::EmbeddedSession;

/// Columns that mark rows while they are joined.
const ROW: &str = "__hearth_row";
const SOURCE: &str = "__hearth_source";
/// The name of a source without one.
const UNNAMED_SOURCE: &str = "__hearth_rows";
const ACTION: &str = "__hearth_action";
/// The action of rows that stay as they are.
const KEEP: i32 = 0;

#[derive(Default)]
struct Counts {
    updated: u64,
    deleted: u64,
    inserted: u64,
}

pub async fn merge(session: &EmbeddedSession, merge: &MergeInto) -> Result<Rows> {
    if merge.schema_evolution {
        return Err(Error::unsupported("MERGE WITH SCHEMA EVOLUTION"));
    }
    let target = Target::new(session, &merge.target, merge.target_alias.as_ref()).await?;
    let named = with_source_name(merge);
    let merging = Merging { session, merge: &named, target, source: source_name(&named.source) };
    let _alone = session.shared.catalog.alone(&merging.target.record.id).await;
    let mut counts = Counts::default();
    let mut rows = merging.matched(&mut counts).await?;
    if !merge.actions.not_matched_by_source.is_empty() {
        rows = union(rows, merging.not_matched_by_source(&mut counts).await?);
    }
    for (index, action) in merge.actions.not_matched.iter().enumerate() {
        let new = merging.not_matched(index, action)?;
        counts.inserted += count(session, &new).await?;
        rows = union(rows, new);
    }
    let affected = counts.updated + counts.deleted + counts.inserted;
    if affected > 0 {
        let operation = hearth_delta::Operation::Merge { predicate: None };
        insert::replace_rows(session, &merging.target.record, rows, operation).await?;
    }
    let columns =
        [long("num_affected_rows"), long("num_updated_rows"), long("num_deleted_rows"), long("num_inserted_rows")];
    let numbers = [affected, counts.updated, counts.deleted, counts.inserted];
    table(&columns, vec![numbers.map(|number| i64::try_from(number).unwrap_or(i64::MAX).into()).to_vec()])
}

/// The merge with a name for its source, which a DataFrame has not.
fn with_source_name(merge: &MergeInto) -> MergeInto {
    let mut merge = merge.clone();
    if source_name(&merge.source).is_none() {
        *merge.source = Relation::new(RelationNode::SubqueryAlias {
            input: merge.source.clone(),
            alias: UNNAMED_SOURCE.to_owned(),
            qualifier: Vec::new(),
            columns: Vec::new(),
        });
    }
    merge
}

/// What the source's columns can be qualified with.
fn source_name(source: &Relation) -> Option<Vec<String>> {
    match &source.node {
        RelationNode::SubqueryAlias { alias, .. } => Some(vec![alias.clone()]),
        RelationNode::WithCte { input, .. } => source_name(input),
        RelationNode::NamedTable(table) => match &table.name.form {
            NameForm::Plain(name) => Some(name.clone()),
            NameForm::Identifier(_) => None,
        },
        _ => None,
    }
}

struct Merging<'a> {
    session: &'a EmbeddedSession,
    merge: &'a MergeInto,
    target: Target,
    source: Option<Vec<String>>,
}

fn number(value: i32) -> Expr {
    Expr::literal(Value::Integer(value))
}

fn code(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

fn star() -> Expr {
    Expr::new(ExprNode::Star { target: None, plan_id: None, except: Vec::new() })
}

fn any(conditions: impl Iterator<Item = Expr>) -> Expr {
    let either = |left, right| Expr::function("or", vec![left, right]);
    conditions.reduce(either).unwrap_or_else(|| Expr::literal(Value::Boolean(false)))
}

/// Which clause takes a row: the first whose condition holds.
fn action_of(clauses: &[MergeAction], otherwise: i32) -> Expr {
    let mut arguments = Vec::new();
    for (index, clause) in clauses.iter().enumerate() {
        arguments.extend([holds(clause.condition.as_ref()), number(code(index))]);
    }
    arguments.push(number(otherwise));
    if arguments.len() == 1 { number(otherwise) } else { Expr::function("when", arguments) }
}

fn is_action(index: usize) -> Expr {
    Expr::function("==", vec![attribute(vec![ACTION.to_owned()]), number(code(index))])
}

fn is_delete(clause: &MergeAction) -> bool {
    clause.kind == MergeActionKind::Delete
}

impl Merging<'_> {
    fn join(&self, left: Relation, right: Relation, kind: JoinKind, on: Expr) -> Relation {
        Relation::new(RelationNode::Join(Box::new(Join {
            left: Box::new(left),
            right: Box::new(right),
            kind,
            constraint: JoinConstraint::On(on),
            lateral: false,
            structs: None,
        })))
    }

    fn source_rows(&self) -> Relation {
        self.merge.source.as_ref().clone()
    }

    /// Target rows, with the source row that a clause takes them with. Rows that match none of the source are left out
    /// when they have clauses of their own.
    async fn matched(&self, counts: &mut Counts) -> Result<Relation> {
        let clauses = &self.merge.actions.matched;
        let mut left = self.target.rows();
        if !self.merge.actions.not_matched_by_source.is_empty() {
            left = self.join(left, self.source_rows(), JoinKind::LeftSemi, self.merge.condition.clone());
        }
        let row = Expr::function("monotonically_increasing_id", Vec::new()).alias(ROW);
        let left = project(left, vec![star(), row]);
        let right = project(self.source_rows(), vec![star(), Expr::literal(Value::Boolean(true)).alias(SOURCE)]);
        let taken = any(clauses.iter().map(|clause| holds(clause.condition.as_ref())));
        let on = Expr::function("and", vec![self.merge.condition.clone(), taken]);
        let joined = self.join(left, right, JoinKind::LeftOuter, on);
        let has_source = Expr::function("isnotnull", vec![attribute(vec![SOURCE.to_owned()])]);
        let action = Expr::function("when", vec![has_source, action_of(clauses, KEEP), number(KEEP)]).alias(ACTION);
        let rows = project(joined, vec![star(), action]);
        self.check_single(&rows, clauses).await?;
        self.count_actions(&rows, clauses, counts).await?;
        self.changed(rows, clauses)
    }

    /// Target rows that no source row matches.
    async fn not_matched_by_source(&self, counts: &mut Counts) -> Result<Relation> {
        let clauses = &self.merge.actions.not_matched_by_source;
        let on = self.merge.condition.clone();
        let rows = self.join(self.target.rows(), self.source_rows(), JoinKind::LeftAnti, on);
        let row = Expr::function("monotonically_increasing_id", Vec::new()).alias(ROW);
        let rows = project(rows, vec![star(), row, action_of(clauses, KEEP).alias(ACTION)]);
        self.count_actions(&rows, clauses, counts).await?;
        self.changed(rows, clauses)
    }

    /// Source rows that match no target row and that one clause takes.
    fn not_matched(&self, index: usize, clause: &MergeAction) -> Result<Relation> {
        let on = self.merge.condition.clone();
        let rows = self.join(self.source_rows(), self.target.rows(), JoinKind::LeftAnti, on);
        let action = action_of(&self.merge.actions.not_matched, KEEP).alias(ACTION);
        let rows = filter(project(rows, vec![star(), action]), is_action(index));
        let values = match clause.kind {
            MergeActionKind::InsertStar => self.source_columns()?,
            MergeActionKind::Insert
            | MergeActionKind::Delete
            | MergeActionKind::Update
            | MergeActionKind::UpdateStar => self.target.assigned(&clause.assignments)?,
        };
        let fields = self.target.record.schema.fields.iter();
        let columns = fields.zip(values).map(|(field, value)| {
            let value = match value {
                Some(value) => value,
                None => stored(&default_of(field)?.unwrap_or_else(|| Expr::new(ExprNode::Default)), field)?,
            };
            Ok(value.alias(&*field.name))
        });
        Ok(project(rows, columns.collect::<Result<_>>()?))
    }

    /// The source's columns in the place of the target's of the same names.
    fn source_columns(&self) -> Result<Vec<Option<Expr>>> {
        let Some(name) = &self.source else {
            return Err(Error::unsupported("MERGE with * and a source without a name"));
        };
        let value = |field: &StructField| {
            let name = name.iter().cloned().chain([field.name.to_string()]).collect();
            stored(&attribute(name), field).map(Some)
        };
        self.target.record.schema.fields.iter().map(value).collect()
    }

    /// The rows that stay, changed as their clauses say, with the target's columns.
    fn changed(&self, rows: Relation, clauses: &[MergeAction]) -> Result<Relation> {
        let mut updates = Vec::new();
        for (index, clause) in clauses.iter().enumerate() {
            let values = match clause.kind {
                MergeActionKind::UpdateStar => self.source_columns()?,
                MergeActionKind::Update => self.target.assigned(&clause.assignments)?,
                MergeActionKind::Delete | MergeActionKind::Insert | MergeActionKind::InsertStar => continue,
            };
            updates.push((index, values));
        }
        let columns = self.target.record.schema.fields.iter().enumerate().map(|(column, field)| {
            let mut arguments = Vec::new();
            for (index, values) in &updates {
                if let Some(value) = &values[column] {
                    arguments.extend([is_action(*index), value.clone()]);
                }
            }
            let old = self.target.column(field);
            if arguments.is_empty() {
                return old.alias(&*field.name);
            }
            arguments.push(old);
            Expr::function("when", arguments).alias(&*field.name)
        });
        let deletes = clauses.iter().enumerate().filter(|(_, clause)| is_delete(clause));
        let gone = any(deletes.map(|(index, _)| is_action(index)));
        Ok(project(filter(rows, Expr::function("not", vec![gone])), columns.collect()))
    }

    async fn count_actions(&self, rows: &Relation, clauses: &[MergeAction], counts: &mut Counts) -> Result<()> {
        for (index, clause) in clauses.iter().enumerate() {
            // A row that several source rows delete is deleted once.
            let number = count(self.session, &by_row(filter(rows.clone(), is_action(index)))).await?;
            if is_delete(clause) {
                counts.deleted += number;
            } else {
                counts.updated += number;
            }
        }
        Ok(())
    }

    /// Refuses that several source rows take one target row.
    async fn check_single(&self, rows: &Relation, clauses: &[MergeAction]) -> Result<()> {
        if clauses.iter().all(is_delete) {
            return Ok(());
        }
        let is_taken = Expr::function("!=", vec![attribute(vec![ACTION.to_owned()]), number(KEEP)]);
        let groups = by_row(filter(rows.clone(), is_taken));
        let several = Expr::function(">", vec![Expr::column("rows"), number(1)]);
        if count(self.session, &filter(groups, several)).await? > 0 {
            return Err(MERGE_CARDINALITY_VIOLATION.error());
        }
        Ok(())
    }
}

/// One row for each target row: how many rows it has become.
fn by_row(rows: Relation) -> Relation {
    let row = || attribute(vec![ROW.to_owned()]);
    Relation::new(RelationNode::Aggregate {
        input: Box::new(rows),
        grouping: Grouping::Items(vec![GroupingItem::Expr(row())]),
        expressions: vec![row(), Expr::function("count", vec![number(1)]).alias("rows")],
    })
}
