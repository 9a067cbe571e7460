//! Common table expressions: analysed anew at each use; recursive ones as DataFusion's recursive query.

use std::sync::Arc;

use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::JoinType;
use datafusion::common::tree_node::TreeNode;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, TableScanBuilder};
use hearth_base::Result;
use hearth_base::condition::{
    ASSIGNMENT_ARITY_MISMATCH, INVALID_RECURSIVE_CTE, INVALID_RECURSIVE_REFERENCE_PLACE, NUM_COLUMNS_MISMATCH,
    RECURSION_TYPE_MISMATCH, UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE,
};
use hearth_plan::expression::WindowSpec;
use hearth_plan::relation::{Cte, SetOp, SetOpKind};
use hearth_plan::{Relation, RelationNode};
use hearth_types::{DataType, StructType};

use crate::analyzer::{Analyzer, CteFrame, Env, References, WindowFrame, WorkingTable, plan_error};
use crate::rel::Rel;
use crate::scope::{Column, Scope};

/// `MAX RECURSION LEVEL` in other words, for the session.
const LEVEL_LIMIT: &str = "spark.sql.cteRecursionLevelLimit";
const DEFAULT_LEVELS: &str = "100";

/// Stands before the limit in the name that a recursive query has in the plan.
const LEVELS: &str = " levels ";

impl Analyzer<'_> {
    pub fn with_cte(&self, input: &Relation, ctes: &[Cte], recursive: bool, env: Env<'_>) -> Result<Rel> {
        let Some((first, rest)) = ctes.split_first() else { return self.relation(input, env) };
        let frame = CteFrame { definition: first, env, recursive, working: None, parent: env.ctes };
        self.with_cte(input, rest, recursive, Env { ctes: Some(&frame), ..env })
    }

    /// A use of a common table expression.
    pub(crate) fn cte_use(&self, frame: &CteFrame<'_>, env: Env<'_>) -> Result<Rel> {
        if let Some(working) = frame.working {
            return Ok(qualified(self.working_rel(working)?, &frame.definition.name));
        }
        let inner = Env { depth: env.depth, ..frame.env };
        let definition = frame.definition;
        if frame.recursive && mentions_itself(definition) {
            return self.recursive_cte(frame, inner);
        }
        let rel = self.relation(&definition.query, inner)?;
        Ok(qualified(named_columns(rel, &definition.columns)?, &definition.name))
    }

    fn recursive_cte(&self, frame: &CteFrame<'_>, env: Env<'_>) -> Result<Rel> {
        let definition = frame.definition;
        let Some((operation, aliases)) = recursive_union(&definition.query) else {
            return Err(INVALID_RECURSIVE_CTE.error());
        };
        if !operation.all {
            return Err(UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE.error());
        }
        if crate::mentions::names_table(&operation.left, &definition.name) {
            return Err(INVALID_RECURSIVE_CTE.error());
        }
        let start = named_columns(named_columns(self.relation(&operation.left, env)?, aliases)?, &definition.columns)?;
        let schema = start.scope.schema();
        let start_plan = start.positional()?;
        let limit = match definition.max_recursion {
            Some(limit) => limit.to_string(),
            None => self.view.config.get(LEVEL_LIMIT).cloned().unwrap_or_else(|| DEFAULT_LEVELS.to_owned()),
        };
        let name = format!("{}#{}{LEVELS}{limit}", definition.name, self.new_id().0);
        let work_schema = Arc::new(nullable_schema(&start_plan));
        let work_table = CteWorkTable::new(&name, work_schema);
        let source = provider_as_source(Arc::new(work_table));
        let reference = datafusion::common::TableReference::bare(name.as_str());
        let scan = TableScanBuilder::new(reference, source).build().map_err(plan_error)?;
        let scan = LogicalPlan::TableScan(scan);
        let columns = start.scope.columns.iter().map(|column| Column { nullable: true, ..column.clone() }).collect();
        let working = WorkingTable { plan_columns: scan.schema().columns(), plan: scan, columns };
        let step_frame =
            CteFrame { definition, env: frame.env, recursive: true, working: Some(&working), parent: frame.env.ctes };
        let step = self.relation(&operation.right, Env { ctes: Some(&step_frame), ..env })?;
        if step.scope.columns.len() != schema.fields.len() {
            return Err(NUM_COLUMNS_MISMATCH
                .with("operator", "UNION")
                .with("firstNumColumns", schema.fields.len())
                .with("invalidOrdinalNum", "second")
                .with("invalidNumColumns", step.scope.columns.len()));
        }
        if let Some((field, column)) = schema.fields.iter().zip(&step.scope.columns).find(|(field, column)| {
            column.data_type != DataType::Null && !same_but_nulls(&field.data_type, &column.data_type)
        }) {
            return Err(RECURSION_TYPE_MISMATCH
                .with("left", format!("\"{}\"", field.data_type.sql()))
                .with("right", format!("\"{}\"", column.data_type.sql())));
        }
        if misplaced(&step.plan, &name, false) {
            return Err(INVALID_RECURSIVE_REFERENCE_PLACE.error());
        }
        let nullable: Vec<bool> = step.scope.columns.iter().map(|column| column.nullable).collect();
        let step = self.as_schema(step, &schema, env)?;
        let plan = LogicalPlanBuilder::new(start_plan)
            .to_recursive_query(name, step.positional()?, !operation.all)
            .and_then(LogicalPlanBuilder::build)
            .map_err(plan_error)?;
        let fields = schema.fields.iter().zip(nullable).map(|(field, nullable)| hearth_types::StructField {
            nullable: field.nullable || nullable,
            ..field.clone()
        });
        let rel = self.rename(plan, &StructType::new(fields), &Arc::default())?;
        Ok(qualified(rel, &definition.name))
    }

    pub fn with_windows(&self, input: &Relation, windows: &[(String, WindowSpec)], env: Env<'_>) -> Result<Rel> {
        let frame = WindowFrame { windows, parent: env.windows };
        self.relation(input, Env { windows: Some(&frame), ..env })
    }

    pub fn with_relations(&self, root: &Relation, references: &[Relation], env: Env<'_>) -> Result<Rel> {
        let frame = References { relations: references, parent: env.references };
        // A DataFrame over SQL text brings the views that the text names as aliased references.
        let ctes: Vec<Cte> = references.iter().filter_map(named_reference).collect();
        let env = Env { references: Some(&frame), ..env };
        self.with_cte(root, &ctes, false, env)
    }
}

fn named_reference(relation: &Relation) -> Option<Cte> {
    match &relation.node {
        RelationNode::SubqueryAlias { alias, .. } => {
            Some(Cte { name: alias.clone(), columns: Vec::new(), query: relation.clone(), max_recursion: None })
        }
        _ => None,
    }
}

fn mentions_itself(cte: &Cte) -> bool {
    crate::mentions::names_table(&cte.query, &cte.name)
}

/// Whether a step reads the working table where Spark does not let it: below an aggregate or a window, on the side of an
/// outer join whose rows may be left out, or in a scalar subquery.
fn misplaced(plan: &LogicalPlan, name: &str, forbidden: bool) -> bool {
    let sides = |left: &LogicalPlan, right: &LogicalPlan, (no_left, no_right): (bool, bool)| {
        misplaced(left, name, forbidden || no_left) || misplaced(right, name, forbidden || no_right)
    };
    let in_subquery = plan.expressions().iter().any(|expr| {
        expr.exists(|expr| match expr {
            datafusion::logical_expr::Expr::ScalarSubquery(subquery) => Ok(misplaced(&subquery.subquery, name, true)),
            _ => Ok(false),
        })
        .unwrap_or(false)
    });
    in_subquery
        || match plan {
            LogicalPlan::TableScan(scan) => forbidden && scan.table_name.table() == name,
            // DISTINCT, which is allowed, is a grouping without aggregates.
            LogicalPlan::Aggregate(aggregate) => {
                misplaced(&aggregate.input, name, forbidden || !aggregate.aggr_expr.is_empty())
            }
            LogicalPlan::Window(window) => misplaced(&window.input, name, true),
            LogicalPlan::Join(join) => {
                let places = match join.join_type {
                    JoinType::Inner => (false, false),
                    JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (false, true),
                    JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (true, false),
                    JoinType::Full => (true, true),
                };
                sides(&join.left, &join.right, places)
            }
            other => other.inputs().into_iter().any(|input| misplaced(input, name, forbidden)),
        }
}

/// The union of a recursive query, and the column names around it.
fn recursive_union(query: &Relation) -> Option<(&SetOp, &[String])> {
    match &query.node {
        RelationNode::SetOp(operation) if operation.kind == SetOpKind::Union => Some((operation, &[])),
        RelationNode::Distinct { input } => recursive_union(input),
        RelationNode::SubqueryAlias { input, columns, .. } => {
            let (operation, inner) = recursive_union(input)?;
            Some((operation, if columns.is_empty() { inner } else { columns }))
        }
        _ => None,
    }
}

/// Types that differ in nothing but what may be NULL inside of them.
fn same_but_nulls(left: &DataType, right: &DataType) -> bool {
    let simple = |data_type: &DataType| data_type.simple_string();
    left == right || simple(left) == simple(right)
}

/// How many levels a recursive query may go down, from the name it has in the plan; `None` is without a limit.
pub fn recursion_levels(name: &str) -> Option<usize> {
    let (_, limit) = name.rsplit_once(LEVELS)?;
    limit.parse::<i64>().ok().and_then(|limit| usize::try_from(limit).ok())
}

fn nullable_schema(plan: &LogicalPlan) -> datafusion::arrow::datatypes::Schema {
    let fields: Vec<_> =
        plan.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    datafusion::arrow::datatypes::Schema::new(fields)
}

fn named_columns(rel: Rel, names: &[String]) -> Result<Rel> {
    if names.is_empty() {
        return Ok(rel);
    }
    if names.len() != rel.scope.columns.len() {
        return Err(ASSIGNMENT_ARITY_MISMATCH.with("numTarget", rel.scope.columns.len()).with("numExpr", names.len()));
    }
    let columns = rel
        .scope
        .columns
        .iter()
        .zip(names)
        .map(|(column, name)| Column { name: name.as_str().into(), ..column.clone() })
        .collect();
    Ok(Rel::new(rel.plan, Scope::new(columns)))
}

fn qualified(rel: Rel, name: &str) -> Rel {
    let qualifier: Arc<[String]> = [name.to_owned()].into();
    let columns =
        rel.scope.columns.iter().map(|column| Column { qualifier: Arc::clone(&qualifier), ..column.clone() }).collect();
    Rel::new(rel.plan, Scope::new(columns))
}
