//! `transpose`: columns become rows. The names of the new columns are values of the index column, so the rows are asked
//! for first; `spark.sql.transposeMaxValues` bounds them.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlanBuilder;
use hearth_base::condition::{
    TRANSPOSE_EXCEED_ROW_LIMIT, TRANSPOSE_INVALID_INDEX_COLUMN, TRANSPOSE_NO_LEAST_COMMON_TYPE,
};
use hearth_base::{Error, Result};
use hearth_functions::{cast, coercion};
use hearth_plan::{Expr, Relation};
use hearth_types::arrow::{to_engine_arrow, to_engine_schema};
use hearth_types::{DataType, StructField, StructType};

use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::rel::{Item, Rel};
use crate::scope::Column;
use crate::view::LocalRows;

const MAX_VALUES: usize = 500;
const LIMIT_SETTING: &str = "spark.sql.transposeMaxValues";

impl Analyzer<'_> {
    pub fn transpose(&self, input: &Relation, index: &[Expr], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let index = match index {
            [] => input.scope.columns.first().cloned(),
            [expr] => {
                let cx = Cx::new(env, &input, Clause::Select);
                let typed = self.expression(expr, cx)?;
                let column = self.column_of(&typed, cx).cloned();
                Some(column.ok_or_else(|| invalid_index("Index column must be an atomic attribute"))?)
            }
            _ => return Err(invalid_index("There must be one index column")),
        };
        let Some(index) = index else { return Ok(input) };
        if matches!(index.data_type, DataType::Array { .. } | DataType::Map(_) | DataType::Struct(_)) {
            return Err(invalid_index(&format!("its type is {}", index.data_type.sql())));
        }
        let others: Vec<Column> = input.scope.columns.iter().filter(|column| column.id != index.id).cloned().collect();
        let common = common_type(&others, env)?;
        let rows = self.index_rows(&input, &index, (&others, &common), env)?;
        self.rows(&transposed(rows, &others, &common)?)
    }

    /// The name of each row, and its values as one type, in the order of the index.
    fn index_rows(
        &self,
        input: &Rel,
        index: &Column,
        (others, common): (&[Column], &DataType),
        env: Env<'_>,
    ) -> Result<&[RecordBatch]> {
        let limit = self.view.number(LIMIT_SETTING, MAX_VALUES);
        let mode = cast::CastMode::of(env.settings);
        let mut items = vec![Item::named(cast::cast(index.typed(), &DataType::STRING, mode, env.settings)?, "name")];
        for column in others {
            items.push(Item::named(cast::cast(column.typed(), common, mode, env.settings)?, Arc::clone(&column.name)));
        }
        let rows = self.ask(|| {
            let plan = LogicalPlanBuilder::new(input.plan.clone())
                .filter(index.id.expr().is_not_null())
                .and_then(|builder| builder.sort([index.id.expr().sort(true, true)]))
                .and_then(|builder| builder.limit(0, Some(limit + 1)))
                .and_then(LogicalPlanBuilder::build)
                .map_err(plan_error)?;
            let rel = self.project_items(input.clone().with_plan(plan), &items)?;
            Ok((rel.positional()?, rel.scope.schema()))
        })?;
        if rows.iter().map(RecordBatch::num_rows).sum::<usize>() > limit {
            return Err(TRANSPOSE_EXCEED_ROW_LIMIT.with("maxValues", limit).with("config", LIMIT_SETTING));
        }
        Ok(rows)
    }
}

fn invalid_index(reason: &str) -> Error {
    TRANSPOSE_INVALID_INDEX_COLUMN.with("reason", reason)
}

/// One type for all values. Spark does not turn numbers into text here.
fn common_type(columns: &[Column], env: Env<'_>) -> Result<DataType> {
    let mut common: Option<DataType> = None;
    for column in columns {
        let next = match common {
            None => column.data_type.clone(),
            Some(known) => {
                let mixed = known.is_string() != column.data_type.is_string()
                    && known != DataType::Null
                    && column.data_type != DataType::Null;
                let types = [known, column.data_type.clone()];
                let found = if mixed { None } else { coercion::common_type(&types, env.settings) };
                let [known, other] = types;
                found.ok_or_else(|| {
                    TRANSPOSE_NO_LEAST_COMMON_TYPE
                        .with("dt1", format!("\"{}\"", known.sql()))
                        .with("dt2", format!("\"{}\"", other.sql()))
                })?
            }
        };
        common = Some(next);
    }
    Ok(common.unwrap_or(DataType::STRING))
}

fn transposed(batches: &[RecordBatch], columns: &[Column], common: &DataType) -> Result<LocalRows> {
    let mut fields = vec![StructField::new("key", DataType::STRING, false)];
    let mut rows: Vec<Vec<ScalarValue>> =
        columns.iter().map(|column| vec![ScalarValue::from(column.name.as_ref())]).collect();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let name = ScalarValue::try_from_array(batch.column(0), row).map_err(plan_error)?;
            let name = name.try_as_str().flatten().unwrap_or("null").to_owned();
            fields.push(StructField::new(name, common.clone(), true));
            for (index, values) in rows.iter_mut().enumerate() {
                values.push(ScalarValue::try_from_array(batch.column(index + 1), row).map_err(plan_error)?);
            }
        }
    }
    let schema = StructType::new(fields);
    if rows.is_empty() {
        return Ok(LocalRows { schema, batches: Vec::new() });
    }
    let engine = to_engine_schema(&schema);
    let mut arrays = Vec::with_capacity(schema.fields.len());
    for (index, field) in schema.fields.iter().enumerate() {
        let values = rows.iter().filter_map(|row| row.get(index).cloned());
        let array = ScalarValue::iter_to_array(values).map_err(plan_error)?;
        let engine_type = to_engine_arrow(&field.data_type);
        arrays.push(datafusion::arrow::compute::cast(&array, &engine_type).map_err(Error::internal)?);
    }
    let batch = RecordBatch::try_new(engine, arrays).map_err(Error::internal)?;
    Ok(LocalRows { schema, batches: vec![batch] })
}
