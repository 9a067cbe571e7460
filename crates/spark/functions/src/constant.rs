//! Why an argument that must be a constant has no value: what it is computed of fails.

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use hearth_base::Error;

use crate::typed::Typed;

/// The error that computing a value gives, which DataFusion's folding of constants passes over. `None` where the value
/// depends on rows, or is there.
pub fn failure(value: &Typed) -> Option<Error> {
    failure_of(&value.expr)
}

/// As `failure`, of an expression.
pub fn failure_of(expr: &Expr) -> Option<Error> {
    if !expr.column_refs().is_empty() || expr.is_volatile() {
        return None;
    }
    let computed =
        create_physical_expr(expr, &DFSchema::empty(), &ExecutionProps::new(), &PhysicalPlanningContext::default());
    let computed = computed.ok()?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Schema::empty().into(), Vec::new(), &options).ok()?;
    own(computed.evaluate(&row).err()?)
}

fn own(error: DataFusionError) -> Option<Error> {
    match error {
        DataFusionError::External(source) => source.downcast::<Error>().ok().map(|own| *own),
        DataFusionError::Context(_, inner) => own(*inner),
        _ => None,
    }
}
