//! `_metadata` of parquet files: what a file tells of itself, and `row_index`, the number of a row in its file.
//!
//! The reader counts rows in a column of its own, which a projection above the scan puts into the struct.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType as Arrow, Field, FieldRef, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::logical_expr::ident;
use datafusion::parquet::arrow::RowNumber;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use hearth_analyzer::FILE_METADATA;
use hearth_base::Error;
use hearth_functions::Typed;
use hearth_functions::kernels::rowwise::{Args, call_rows};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField};

use super::super::layout::metadata_type;

/// The column in which the reader counts.
pub const ROW: &str = "\u{1}row";

fn data_type() -> DataType {
    let DataType::Struct(structure) = metadata_type() else { return metadata_type() };
    let row_index = StructField::new("row_index", DataType::Long, false);
    DataType::structure(structure.fields.iter().cloned().chain([row_index]))
}

/// The hidden column in the engine's form.
pub fn field() -> Field {
    Field::new(FILE_METADATA, to_engine_arrow(&data_type()), false)
}

/// What makes the reader count.
pub fn counter() -> FieldRef {
    Arc::new(Field::new(ROW, Arrow::Int64, false).with_extension_type(RowNumber))
}

/// The columns of `projected` over a scan that has them, the counter behind.
pub fn with_rows(
    scan: Arc<dyn ExecutionPlan>,
    projected: &SchemaRef,
    state: &dyn Session,
) -> DfResult<Arc<dyn ExecutionPlan>> {
    let known = scan.schema();
    let struct_of_rows = || -> DfResult<_> {
        let values = vec![
            Typed::new(ident(FILE_METADATA), metadata_type(), false),
            Typed::new(ident(ROW), DataType::Long, false),
        ];
        let joined = call_rows("file_metadata", values, (data_type(), false), data_type(), join)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        state.create_physical_expr(joined.expr, &DFSchema::try_from(Arc::clone(&known))?)
    };
    let columns = projected.fields().iter().map(|field| {
        let expr = match field.name() == FILE_METADATA {
            true => struct_of_rows()?,
            false => Arc::new(Column::new_with_schema(field.name(), &known)?),
        };
        Ok(ProjectionExpr { expr, alias: field.name().clone() })
    });
    let columns = columns.collect::<DfResult<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, scan)?))
}

/// Puts the number of the row behind what the file tells of itself.
fn join(data_type: &DataType, args: &Args) -> hearth_base::Result<ArrayRef> {
    let column = |index: usize| -> hearth_base::Result<ArrayRef> {
        let (array, step) = args.raw(index)?;
        if step == 1 {
            return Ok(Arc::clone(array));
        }
        take(array.as_ref(), &UInt32Array::from(vec![0; args.rows()]), None).map_err(Error::internal)
    };
    let (told, rows) = (column(0)?, column(1)?);
    let Arrow::Struct(fields) = to_engine_arrow(data_type) else {
        return Err(Error::internal("what a file tells of itself is no struct"));
    };
    let columns: Vec<ArrayRef> = told.as_struct().columns().iter().cloned().chain([rows]).collect();
    let joined = StructArray::try_new(fields, columns, told.nulls().cloned()).map_err(Error::internal)?;
    Ok(Arc::new(joined))
}
