//! `Rel`: an analysed relation, and the small steps from one to the next.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::{Column as PlanColumn, DFSchemaRef};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection};
use hearth_base::Result;
use hearth_functions::Typed;
use hearth_types::StructType;
use hearth_types::arrow::from_arrow_field;

use crate::analyzer::{Analyzer, plan_error};
use crate::relation::block::Block;
use crate::scope::{Column, ColumnId, FILE_METADATA, Scope};

/// A DataFusion plan with the scope that the user sees of it.
#[derive(Debug, Clone)]
pub(crate) struct Rel {
    pub plan: LogicalPlan,
    pub scope: Scope,
    /// The `SELECT` this came from, while `HAVING`, `QUALIFY` and `ORDER BY` may still reach behind it.
    pub block: Option<Arc<Block>>,
}

/// An expression of an output list with the name it gets.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub value: Typed,
    pub name: Arc<str>,
    pub qualifier: Arc<[String]>,
    pub metadata: Option<Arc<str>>,
    /// A plain column keeps its id.
    pub id: Option<ColumnId>,
}

impl Item {
    pub fn column(column: &Column) -> Self {
        Self {
            value: column.typed(),
            name: Arc::clone(&column.name),
            qualifier: Arc::clone(&column.qualifier),
            metadata: column.metadata.clone(),
            id: Some(column.id),
        }
    }

    pub fn named(value: Typed, name: impl Into<Arc<str>>) -> Self {
        Self { value, name: name.into(), qualifier: Arc::default(), metadata: None, id: None }
    }
}

impl Rel {
    pub fn new(plan: LogicalPlan, scope: Scope) -> Self {
        Self { plan, scope, block: None }
    }

    pub fn schema(&self) -> &DFSchemaRef {
        self.plan.schema()
    }

    /// Another plan with the same columns.
    #[must_use]
    pub fn with_plan(self, plan: LogicalPlan) -> Self {
        Self { plan, scope: self.scope, block: None }
    }

    pub fn builder(&self) -> LogicalPlanBuilder {
        LogicalPlanBuilder::new(self.plan.clone())
    }

    /// The plan with exactly the scope's columns in the scope's order, under names that are all different.
    pub fn positional(&self) -> Result<LogicalPlan> {
        let mut seen = HashSet::new();
        let exact = self.plan.schema().fields().len() == self.scope.columns.len()
            && self.scope.columns.iter().enumerate().all(|(index, column)| {
                seen.insert(column.id) && *self.plan.schema().field(index).name() == column.id.plan_name()
            });
        if exact {
            return Ok(self.plan.clone());
        }
        let mut seen = HashSet::new();
        let expressions = self.scope.columns.iter().enumerate().map(|(index, column)| {
            if seen.insert(column.id) {
                column.id.expr()
            } else {
                column.id.expr().alias(format!("#{}_{index}", column.id.0))
            }
        });
        project(self.plan.clone(), expressions.collect())
    }
}

/// A projection. The expressions' names must all be different.
pub(crate) fn project(plan: LogicalPlan, expressions: Vec<Expr>) -> Result<LogicalPlan> {
    Projection::try_new(expressions, Arc::new(plan)).map(LogicalPlan::Projection).map_err(plan_error)
}

/// Every column of a plan, as expressions.
pub(crate) fn all_columns(plan: &LogicalPlan) -> Vec<Expr> {
    plan.schema().columns().into_iter().map(Expr::Column).collect()
}

impl Analyzer<'_> {
    /// Columns with new ids over the columns of a plan that were named elsewhere (a scan, `VALUES`, a union).
    pub fn rename(&self, plan: LogicalPlan, schema: &StructType, qualifier: &Arc<[String]>) -> Result<Rel> {
        let columns: Vec<PlanColumn> = plan.schema().columns();
        let mut expressions = Vec::with_capacity(columns.len());
        let mut scope = Vec::with_capacity(columns.len());
        let mut hidden = Vec::new();
        if columns.len() == schema.fields.len() + 1
            && let Some(last) = columns.last().filter(|column| column.name == FILE_METADATA)
        {
            let id = self.new_id();
            expressions.push(Expr::Column(last.clone()).alias(id.plan_name()));
            let field = from_arrow_field(plan.schema().field(schema.fields.len()))?;
            hidden.push(Column {
                id,
                name: FILE_METADATA.into(),
                qualifier: Arc::clone(qualifier),
                data_type: field.data_type,
                nullable: false,
                metadata: None,
            });
        }
        for (field, source) in schema.fields.iter().zip(columns) {
            let id = self.new_id();
            expressions.push(Expr::Column(source).alias(id.plan_name()));
            scope.push(Column {
                id,
                name: Arc::clone(&field.name),
                qualifier: Arc::clone(qualifier),
                data_type: field.data_type.clone(),
                nullable: field.nullable,
                metadata: field.metadata.clone(),
            });
        }
        if expressions.is_empty() {
            return Ok(Rel::new(plan, Scope::default()));
        }
        Ok(Rel::new(project(plan, expressions)?, Scope { columns: scope, hidden }))
    }

    /// The columns of an output list, and the expressions that make them (each once).
    pub fn output(&self, items: &[Item]) -> (Vec<Expr>, Vec<Column>) {
        let mut expressions: Vec<Expr> = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(items.len());
        for item in items {
            let id = item.id.unwrap_or_else(|| self.new_id());
            if seen.insert(id) {
                expressions.push(match item.id {
                    Some(_) => named(item.value.expr.clone(), id),
                    None => item.value.expr.clone().alias(id.plan_name()),
                });
            }
            columns.push(Column {
                id,
                name: Arc::clone(&item.name),
                qualifier: Arc::clone(&item.qualifier),
                data_type: item.value.data_type.clone(),
                nullable: item.value.nullable,
                metadata: item.metadata.clone(),
            });
        }
        (expressions, columns)
    }

    /// A plain projection: no aggregates, windows or generators inside.
    pub fn project_items(&self, input: Rel, items: &[Item]) -> Result<Rel> {
        let (expressions, columns) = self.output(items);
        Ok(Rel::new(project(input.plan, expressions)?, Scope::new(columns)))
    }
}

/// The expression under the name of a column, without an alias when it is that column already.
fn named(expr: Expr, id: ColumnId) -> Expr {
    match &expr {
        Expr::Column(column) if column.relation.is_none() && column.name == id.plan_name() => expr,
        _ => expr.alias(id.plan_name()),
    }
}
