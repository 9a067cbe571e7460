//! `vector_sum` and `vector_avg`: sums of vectors, element by element. Vectors with a NULL element are left out.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::Accumulator;
use hearth_base::condition::VECTOR_DIMENSION_MISMATCH;

use super::udaf::{Plan, list_scalar};
use crate::kernels::invoke::raise;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VectorTotal {
    pub name: &'static str,
    pub average: bool,
}

impl Plan for VectorTotal {
    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.result()]
    }

    fn result(&self) -> ArrowType {
        ArrowType::List(Arc::new(datafusion::arrow::datatypes::Field::new("element", ArrowType::Float32, true)))
    }

    fn state(&self) -> Vec<ArrowType> {
        vec![ArrowType::new_list(ArrowType::Float32, true), ArrowType::Int64]
    }

    fn accumulator(&self) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(Total { plan: self.clone(), sums: None, count: 0 }))
    }
}

#[derive(Debug)]
struct Total {
    plan: VectorTotal,
    /// The sums, or for averages the averages so far.
    sums: Option<Vec<f32>>,
    count: i64,
}

impl Total {
    fn add(&mut self, vector: &[f32], weight: i64) -> DfResult<()> {
        self.count += weight;
        let Some(sums) = &mut self.sums else {
            self.sums = Some(vector.to_vec());
            return Ok(());
        };
        if sums.len() != vector.len() {
            return Err(raise(
                VECTOR_DIMENSION_MISMATCH
                    .with("functionName", format!("`{}`", self.plan.name))
                    .with("leftDim", sums.len())
                    .with("rightDim", vector.len()),
            ));
        }
        let share = weight as f32 / self.count as f32;
        for (sum, value) in sums.iter_mut().zip(vector) {
            *sum += if self.plan.average { (value - *sum) * share } else { *value };
        }
        Ok(())
    }

    fn add_rows(&mut self, lists: &ArrayRef, weights: Option<&ArrayRef>) -> DfResult<()> {
        let lists = lists.as_list::<i32>();
        for row in 0..lists.len() {
            if lists.is_null(row) {
                continue;
            }
            let value = lists.value(row);
            let vector = value.as_primitive::<Float32Type>();
            if vector.null_count() == 0 {
                let weight = weights.map_or(1, |weights| weights.as_primitive::<Int64Type>().value(row));
                self.add(vector.values(), weight)?;
            }
        }
        Ok(())
    }

    fn list(&self, item: &ArrowType) -> DfResult<ScalarValue> {
        match &self.sums {
            Some(sums) => {
                let list = list_scalar(Arc::new(Float32Array::from(sums.clone())));
                list.cast_to(item)
            }
            None => ScalarValue::try_from(item),
        }
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.add_rows(&values[0], None)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        self.list(&self.plan.result())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.sums.as_ref().map_or(0, |sums| sums.capacity() * size_of::<f32>())
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let list = self.list(&ArrowType::new_list(ArrowType::Float32, true))?;
        Ok(vec![list, ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        self.add_rows(&states[0], Some(&states[1]))
    }
}
