//! Common table expressions: analysed anew at each use; recursive ones as DataFusion's recursive query.

mod place;

use std::sync::Arc;

use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, TableScanBuilder};
use hearth_base::Result;
use hearth_base::condition::{
    ASSIGNMENT_ARITY_MISMATCH, INVALID_RECURSIVE_CTE, INVALID_RECURSIVE_REFERENCE_PLACE, NUM_COLUMNS_MISMATCH,
    RECURSION_TYPE_MISMATCH, UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE,
};
use hearth_functions::coercion;
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

const ROW_LIMIT: &str = "spark.sql.cteRecursionRowLimit";
const DEFAULT_ROWS: &str = "1000000";

/// Stands before the limits in the name that a recursive query has in the plan.
const LIMITS: &str = " limits ";

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
        self.recursive_query(frame, &definition.query, &[], env)
    }

    /// The query of a recursive expression, below the names and expressions of a `WITH` that stand around its union.
    fn recursive_query(&self, frame: &CteFrame<'_>, query: &Relation, aliases: &[String], env: Env<'_>) -> Result<Rel> {
        match &query.node {
            RelationNode::SetOp(operation) if operation.kind == SetOpKind::Union => {
                self.recursive_union(frame, operation, aliases, env)
            }
            RelationNode::Distinct { input } => self.recursive_query(frame, input, aliases, env),
            RelationNode::SubqueryAlias { input, columns, .. } => {
                self.recursive_query(frame, input, if aliases.is_empty() { columns.as_slice() } else { aliases }, env)
            }
            RelationNode::WithCte { input, ctes, recursive } => {
                let own = &frame.definition.name;
                if ctes.iter().any(|cte| crate::mentions::names_table(&cte.query, own)) {
                    return Err(INVALID_RECURSIVE_CTE.error());
                }
                self.inside_cte(ctes, *recursive, env, &|env| self.recursive_query(frame, input, aliases, env))
            }
            _ => Err(INVALID_RECURSIVE_CTE.error()),
        }
    }

    fn inside_cte(
        &self,
        ctes: &[Cte],
        recursive: bool,
        env: Env<'_>,
        query: &dyn Fn(Env<'_>) -> Result<Rel>,
    ) -> Result<Rel> {
        let Some((first, rest)) = ctes.split_first() else { return query(env) };
        let frame = CteFrame { definition: first, env, recursive, working: None, parent: env.ctes };
        self.inside_cte(rest, recursive, Env { ctes: Some(&frame), ..env }, query)
    }

    fn recursive_union(
        &self,
        frame: &CteFrame<'_>,
        operation: &SetOp,
        aliases: &[String],
        env: Env<'_>,
    ) -> Result<Rel> {
        let definition = frame.definition;
        if !operation.all {
            return Err(UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE.error());
        }
        if crate::mentions::names_table(&operation.left, &definition.name) {
            return Err(INVALID_RECURSIVE_CTE.error());
        }
        let start = named_columns(named_columns(self.relation(&operation.left, env)?, aliases)?, &definition.columns)?;
        // What a step gives may be NULL anywhere.
        let columns: Vec<Column> =
            start.scope.columns.iter().map(|c| Column { data_type: all_nullable(&c.data_type), ..c.clone() }).collect();
        let schema = Scope::new(columns.clone()).schema();
        let start_plan = self.as_schema(start, &schema, env)?.positional()?;
        let name = self.recursion_name(definition);
        let reference = datafusion::common::TableReference::bare(working_table(&name));
        let work_table = CteWorkTable::new(&working_table(&name), Arc::new(nullable_schema(&start_plan)));
        let source = provider_as_source(Arc::new(work_table));
        let scan = TableScanBuilder::new(reference, source).build().map_err(plan_error)?;
        let scan = LogicalPlan::TableScan(scan);
        let columns = columns.into_iter().map(|column| Column { nullable: true, ..column }).collect();
        let working = WorkingTable { plan_columns: scan.schema().columns(), plan: scan, columns };
        let step_frame =
            CteFrame { definition, env: frame.env, recursive: true, working: Some(&working), parent: env.ctes };
        let misplaced = place::misplaced(&operation.right, &definition.name);
        let step = match self.relation(&operation.right, Env { ctes: Some(&step_frame), ..env }) {
            Err(_) if misplaced => return Err(INVALID_RECURSIVE_REFERENCE_PLACE.error()),
            step => step?,
        };
        check_step(&schema, &step, env)?;
        let table = working_table(&name);
        if misplaced
            || (!place::has_set_difference(&operation.right) && place::below_aggregate(&step.plan, &table, false))
        {
            return Err(INVALID_RECURSIVE_REFERENCE_PLACE.error());
        }
        let nullable: Vec<bool> = step.scope.columns.iter().map(|column| column.nullable).collect();
        let step = self.as_schema(step, &schema, env)?;
        let plan = LogicalPlanBuilder::new(start_plan)
            .to_recursive_query(name, step.positional()?, false)
            .and_then(LogicalPlanBuilder::build)
            .map_err(plan_error)?;
        let fields = schema.fields.iter().zip(nullable).map(|(field, nullable)| hearth_types::StructField {
            nullable: field.nullable || nullable,
            ..field.clone()
        });
        let rel = self.rename(plan, &StructType::new(fields), &Arc::default())?;
        Ok(qualified(rel, &definition.name))
    }

    /// The name that a recursive query has in the plan: its own, a number, and its limits.
    fn recursion_name(&self, definition: &Cte) -> String {
        let setting =
            |key: &str, default: &str| self.view.config.get(key).cloned().unwrap_or_else(|| default.to_owned());
        let levels = match definition.max_recursion {
            Some(limit) => limit.to_string(),
            None => setting(LEVEL_LIMIT, DEFAULT_LEVELS),
        };
        let rows = setting(ROW_LIMIT, DEFAULT_ROWS);
        format!("{}#{}{LIMITS}{levels} {rows}", definition.name, self.new_id().0)
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

/// The columns of a step must be those of the start, or widen to them.
fn check_step(schema: &StructType, step: &Rel, env: Env<'_>) -> Result<()> {
    if step.scope.columns.len() != schema.fields.len() {
        return Err(NUM_COLUMNS_MISMATCH
            .with("operator", "UNION")
            .with("firstNumColumns", schema.fields.len())
            .with("invalidOrdinalNum", "second")
            .with("invalidNumColumns", step.scope.columns.len()));
    }
    for (field, column) in schema.fields.iter().zip(&step.scope.columns) {
        let widened = coercion::common_type(&[field.data_type.clone(), column.data_type.clone()], env.settings);
        let fits = [widened.as_ref(), Some(&column.data_type)]
            .into_iter()
            .flatten()
            .any(|data_type| same_shape(&field.data_type, data_type));
        if !fits {
            return Err(RECURSION_TYPE_MISMATCH
                .with("left", format!("\"{}\"", field.data_type.sql()))
                .with("right", format!("\"{}\"", column.data_type.sql())));
        }
    }
    Ok(())
}

/// Types that differ in nothing but names and what may be NULL inside of them.
fn same_shape(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::Array(left), DataType::Array(right)) => same_shape(&left.element, &right.element),
        (DataType::Map(left), DataType::Map(right)) => {
            same_shape(&left.key, &right.key) && same_shape(&left.value, &right.value)
        }
        (DataType::Struct(left), DataType::Struct(right)) => {
            left.fields.len() == right.fields.len()
                && left.fields.iter().zip(right.fields.iter()).all(|(l, r)| same_shape(&l.data_type, &r.data_type))
        }
        (left, right) => left == right,
    }
}

fn all_nullable(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Array(array) => DataType::array(all_nullable(&array.element), true),
        DataType::Map(map) => DataType::map(all_nullable(&map.key), all_nullable(&map.value), true),
        DataType::Struct(structure) => DataType::Struct(StructType::new(structure.fields.iter().map(|field| {
            hearth_types::StructField { nullable: true, data_type: all_nullable(&field.data_type), ..field.clone() }
        }))),
        other => other.clone(),
    }
}

/// How far a recursive query may go; `None` is without a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecursionLimits {
    pub levels: Option<usize>,
    pub rows: Option<usize>,
}

/// The limits of a recursive query, from the name it has in the plan.
pub fn recursion_limits(name: &str) -> RecursionLimits {
    let Some((_, limits)) = name.rsplit_once(LIMITS) else { return RecursionLimits::default() };
    let mut limits =
        limits.split(' ').map(|limit| limit.parse::<i64>().ok().and_then(|limit| usize::try_from(limit).ok()));
    RecursionLimits { levels: limits.next().flatten(), rows: limits.next().flatten() }
}

/// The name of the table in which a step finds the rows of the last one. It is not the query's own, by which DataFusion
/// would bind a single scan.
pub fn working_table(query: &str) -> String {
    format!("last step of {query}")
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
