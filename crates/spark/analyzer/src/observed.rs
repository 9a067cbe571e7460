//! `observe`: rows pass a node of the plan on their way, and a query of its own is asked of them.
//!
//! The query of an observation stands over `ObservedRows`, a leaf in place of the rows. Who runs the plan gives that
//! leaf what passes `Observed`, so the rows are computed once.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column as PlanColumn, DFSchema, DFSchemaRef, Result as DfResult};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use hearth_base::Result;
use hearth_types::StructType;
use parking_lot::Mutex;

use crate::analyzer::plan_error;

/// The metrics of one name at one place of a plan.
#[derive(Debug)]
pub struct Observation {
    pub name: String,
    /// One row; positional columns. Its rows are those of `ObservedRows`.
    pub plan: LogicalPlan,
    pub schema: StructType,
    /// What belongs to the one who runs the plan.
    pub run: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

impl PartialEq for Observation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.plan == other.plan
    }
}

impl Eq for Observation {}

/// Rows that pass, unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    pub input: LogicalPlan,
    pub observation: Arc<Observation>,
    /// What the metrics read.
    pub columns: Vec<PlanColumn>,
}

impl Observed {
    /// The plan over a leaf for its rows, as `metrics` makes it.
    pub(crate) fn over(
        input: LogicalPlan,
        columns: Vec<PlanColumn>,
        name: &str,
        metrics: impl FnOnce(LogicalPlan) -> Result<(LogicalPlan, StructType)>,
    ) -> Result<LogicalPlan> {
        let rows = ObservedRows::with(input.schema(), &columns).map_err(plan_error)?;
        let (plan, schema) = metrics(LogicalPlan::Extension(Extension { node: Arc::new(rows) }))?;
        let observation = Arc::new(Observation { name: name.to_owned(), plan, schema, run: Mutex::default() });
        let observed = Self { input, observation, columns };
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(observed) }))
    }

    /// The node of this kind that an extension is.
    pub fn of(node: &dyn UserDefinedLogicalNode) -> Option<&Self> {
        node.as_any().downcast_ref()
    }
}

/// The observations of a plan, the last of each name.
pub(crate) fn observations(plan: &LogicalPlan) -> Result<Vec<Arc<Observation>>> {
    let mut found: Vec<Arc<Observation>> = Vec::new();
    let visited = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Extension(extension) = node
            && let Some(observed) = Observed::of(extension.node.as_ref())
        {
            found.retain(|known| known.name != observed.observation.name);
            found.push(Arc::clone(&observed.observation));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    visited.map_err(plan_error)?;
    Ok(found)
}

impl PartialOrd for Observed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input).filter(|order| *order != Ordering::Equal || self == other)
    }
}

impl Hash for Observed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.observation.name.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Observed {
    fn name(&self) -> &'static str {
        "Observed"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observed: {}", self.observation.name)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let Some(input) = inputs.pop() else {
            return Err(DataFusionError::Internal("An observation has one input".to_owned()));
        };
        Ok(Self { input, observation: Arc::clone(&self.observation), columns: self.columns.clone() })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let schema = self.input.schema();
        let observed = self.columns.iter().filter_map(|column| schema.maybe_index_of_column(column));
        let mut needed: Vec<usize> = output_columns.iter().copied().chain(observed).collect();
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }
}

/// The rows that pass an observation, with the columns that its metrics read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObservedRows {
    schema: DFSchemaRef,
}

impl ObservedRows {
    fn with(schema: &DFSchema, columns: &[PlanColumn]) -> DfResult<Self> {
        let fields = columns.iter().map(|column| {
            let (qualifier, field) = schema.qualified_field_from_column(column)?;
            Ok((qualifier.cloned(), Arc::clone(field)))
        });
        let fields = fields.collect::<DfResult<Vec<_>>>()?;
        Ok(Self { schema: Arc::new(DFSchema::new_with_metadata(fields, schema.metadata().clone())?) })
    }

    /// The node of this kind that an extension is.
    pub fn of(node: &dyn UserDefinedLogicalNode) -> Option<&Self> {
        node.as_any().downcast_ref()
    }

    pub fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }
}

impl PartialOrd for ObservedRows {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for ObservedRows {
    fn name(&self) -> &'static str {
        "ObservedRows"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        Vec::new()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObservedRows")
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, _inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(self.clone())
    }
}
