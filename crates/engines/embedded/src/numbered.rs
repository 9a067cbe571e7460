//! `spark_partition_id()`, `monotonically_increasing_id()`, `rand(seed)`: what depends on the partition that a row is in.
//!
//! An expression does not see its partition, the operator around it does: projections and filters with such a call are
//! made anew for each partition, with the partition's number in the place of the call.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use datafusion::arrow::array::{Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use hearth_functions::kernels::random;

const PARTITION: &str = "spark_partition_id";
const ROW: &str = "spark_increasing_id";
const RANDOM: [&str; 2] = ["spark_rand", "spark_randn"];
/// The bits of a row's number within its partition, as in Spark.
const ROW_BITS: u32 = 33;

/// Makes the operators whose expressions need the number of their partition know it.
pub fn by_partition(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let numbered = plan.transform_up(|node| {
        if expressions(&node).iter().any(has_number) {
            return Ok(Transformed::yes(Arc::new(Numbered { node })));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(numbered.data)
}

fn expressions(node: &Arc<dyn ExecutionPlan>) -> Vec<Arc<dyn PhysicalExpr>> {
    let any = node.as_ref() as &dyn std::any::Any;
    if let Some(projection) = any.downcast_ref::<ProjectionExec>() {
        return projection.expr().iter().map(|shown| Arc::clone(&shown.expr)).collect();
    }
    match any.downcast_ref::<FilterExec>() {
        Some(filter) => vec![Arc::clone(filter.predicate())],
        None => Vec::new(),
    }
}

fn has_number(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.exists(|expr| Ok(function_name(expr).is_some_and(is_of_partition))).unwrap_or(false)
}

fn is_of_partition(name: &str) -> bool {
    name == PARTITION || name == ROW || RANDOM.contains(&name)
}

/// A draw with the partition's own sequence.
fn drawn(expr: &Arc<dyn PhysicalExpr>, partition: usize) -> Option<Arc<dyn PhysicalExpr>> {
    let call = (expr.as_ref() as &dyn std::any::Any).downcast_ref::<ScalarFunctionExpr>()?;
    let function = Arc::new(random::of_partition(call.fun(), partition)?);
    let field = Arc::new(Field::new(call.name(), call.return_type().clone(), call.nullable()));
    let options = Arc::new(call.config_options().clone());
    Some(Arc::new(ScalarFunctionExpr::new(call.name(), function, call.args().to_vec(), field, options)))
}

fn function_name(expr: &Arc<dyn PhysicalExpr>) -> Option<&str> {
    let any = expr.as_ref() as &dyn std::any::Any;
    any.downcast_ref::<ScalarFunctionExpr>().map(ScalarFunctionExpr::name)
}

fn in_partition(expr: Arc<dyn PhysicalExpr>, partition: usize) -> DfResult<Arc<dyn PhysicalExpr>> {
    let number = i32::try_from(partition).unwrap_or(i32::MAX);
    let placed = expr.transform_up(|expr| {
        let made: Option<Arc<dyn PhysicalExpr>> = match function_name(&expr) {
            Some(PARTITION) => Some(Arc::new(Literal::new(ScalarValue::Int32(Some(number))))),
            Some(ROW) => Some(Arc::new(RowNumber { next: AtomicI64::new(i64::from(number) << ROW_BITS) })),
            Some(name) if RANDOM.contains(&name) => drawn(&expr, partition),
            _ => None,
        };
        Ok(made.map_or(Transformed::no(expr), Transformed::yes))
    })?;
    Ok(placed.data)
}

/// An operator that is another one in each partition.
#[derive(Debug)]
struct Numbered {
    node: Arc<dyn ExecutionPlan>,
}

impl Numbered {
    fn of_partition(&self, partition: usize) -> DfResult<Arc<dyn ExecutionPlan>> {
        let any = self.node.as_ref() as &dyn std::any::Any;
        if let Some(projection) = any.downcast_ref::<ProjectionExec>() {
            let shown = projection.expr().iter().map(|shown| {
                let expr = in_partition(Arc::clone(&shown.expr), partition)?;
                Ok(ProjectionExpr { expr, alias: shown.alias.clone() })
            });
            let shown = shown.collect::<DfResult<Vec<_>>>()?;
            return Ok(Arc::new(ProjectionExec::try_new(shown, Arc::clone(projection.input()))?));
        }
        match any.downcast_ref::<FilterExec>() {
            Some(filter) => {
                let predicate = in_partition(Arc::clone(filter.predicate()), partition)?;
                let projection = filter.projection().as_deref().map(<[usize]>::to_vec);
                let made = FilterExecBuilder::new(predicate, Arc::clone(filter.input()));
                Ok(Arc::new(made.apply_projection(projection)?.build()?))
            }
            None => Ok(Arc::clone(&self.node)),
        }
    }
}

impl DisplayAs for Numbered {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt_as(format, f)
    }
}

impl ExecutionPlan for Numbered {
    fn name(&self) -> &'static str {
        "Numbered"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.node.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.node.children()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        self.node.apply_expressions(visit)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        let options = datafusion::physical_plan::execution_plan::ReplaceChildrenOptions::new(
            datafusion::physical_plan::execution_plan::ChildrenPropertiesMode::Recompute,
        );
        Ok(Arc::new(Self { node: Arc::clone(&self.node).replace_children(children, options)? }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        self.of_partition(partition)?.execute(partition, context)
    }
}

/// The next number for each row of one partition.
#[derive(Debug)]
struct RowNumber {
    next: AtomicI64,
}

impl PartialEq for RowNumber {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for RowNumber {}

impl Hash for RowNumber {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl fmt::Display for RowNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ROW)
    }
}

impl PhysicalExpr for RowNumber {
    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let rows = i64::try_from(batch.num_rows()).unwrap_or(0);
        let first = self.next.fetch_add(rows, Ordering::Relaxed);
        Ok(ColumnarValue::Array(Arc::new(Int64Array::from_iter_values(first..first + rows))))
    }

    fn return_field(&self, _input_schema: &Schema) -> DfResult<FieldRef> {
        Ok(Arc::new(Field::new(ROW, DataType::Int64, false)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn PhysicalExpr>>) -> DfResult<Arc<dyn PhysicalExpr>> {
        Ok(self)
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("monotonically_increasing_id()")
    }
}
