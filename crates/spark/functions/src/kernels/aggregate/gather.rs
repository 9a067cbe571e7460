//! Aggregates that need all rows of a group: they are held, and `finish` makes the answer of them.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::{filter, is_not_null};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::finish::Finish;
use super::udaf::{Plan, concat_all, list_scalar, state_values};

/// Rows whose first argument is NULL are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gather {
    pub name: &'static str,
    pub inputs: Vec<ArrowType>,
    pub result: ArrowType,
    pub finish: Finish,
}

impl Plan for Gather {
    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        self.inputs.clone()
    }

    fn result(&self) -> ArrowType {
        self.result.clone()
    }

    fn state(&self) -> Vec<ArrowType> {
        self.inputs.iter().map(|input| ArrowType::new_list(input.clone(), true)).collect()
    }

    fn accumulator(&self) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(Gathered { plan: self.clone(), chunks: vec![Vec::new(); self.inputs.len()], compact_at: 32 }))
    }

    fn empty(&self) -> DfResult<ScalarValue> {
        self.accumulator()?.evaluate()
    }

    fn nullable(&self) -> bool {
        !self.finish.is_total()
    }
}

#[derive(Debug)]
struct Gathered {
    plan: Gather,
    /// Per argument, the batches so far.
    chunks: Vec<Vec<ArrayRef>>,
    compact_at: usize,
}

impl Gathered {
    fn columns(&self) -> DfResult<Vec<ArrayRef>> {
        self.chunks.iter().zip(&self.plan.inputs).map(|(chunks, input)| concat_all(chunks, input)).collect()
    }

    fn push(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        if values[0].is_empty() {
            return Ok(());
        }
        for (chunks, value) in self.chunks.iter_mut().zip(values) {
            chunks.push(Arc::clone(value));
        }
        // A group gets a small slice of every batch; joined now and then, they do not keep the batches alive.
        if self.chunks[0].len() >= self.compact_at {
            self.chunks = self.columns()?.into_iter().map(|column| vec![column]).collect();
            self.compact_at *= 2;
        }
        Ok(())
    }
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        if values[0].logical_null_count() == 0 {
            return self.push(values);
        }
        let keep = is_not_null(&values[0])?;
        let kept: Vec<_> = values.iter().map(|value| filter(value, &keep)).collect::<Result<_, _>>()?;
        self.push(&kept)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let columns = self.columns()?;
        self.plan.finish.apply(&columns, &self.plan.result)
    }

    fn size(&self) -> usize {
        let held = |array: &ArrayRef| array.to_data().get_slice_memory_size().unwrap_or(0);
        size_of_val(self) + self.chunks.iter().flatten().map(held).sum::<usize>()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(self.columns()?.into_iter().map(list_scalar).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let values: Vec<_> = states.iter().map(state_values).collect();
        self.push(&values)
    }
}
