//! `Scripted`: rows of text that a program reads and writes. Who runs the plan runs the program.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use datafusion::common::{DFSchemaRef, Result as DfResult};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use hearth_plan::relation::TextRows;

/// All columns, of the input and of the node, are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    pub input: LogicalPlan,
    /// What the shell runs.
    pub script: String,
    pub input_rows: TextRows,
    pub output_rows: TextRows,
    pub schema: DFSchemaRef,
}

impl Scripted {
    /// The node of this kind that an extension is.
    pub fn of(node: &dyn UserDefinedLogicalNode) -> Option<&Self> {
        node.as_any().downcast_ref()
    }
}

impl PartialOrd for Scripted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input).filter(|order| *order != Ordering::Equal || self == other)
    }
}

impl Hash for Scripted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.script.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Scripted {
    fn name(&self) -> &'static str {
        "Scripted"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scripted: {}", self.script)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let Some(input) = inputs.pop() else {
            return Err(DataFusionError::Internal("A script has one input".to_owned()));
        };
        Ok(Self { input, ..self.clone() })
    }
}
