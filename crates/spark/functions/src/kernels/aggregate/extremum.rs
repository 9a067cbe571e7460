//! `max_by` and `min_by`: the value at the largest or smallest key.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, make_comparator, new_null_array};
use datafusion::arrow::compute::{SortOptions, concat};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::udaf::Plan;
use crate::kernels::collection::shape::comparable;

/// Rows with a NULL key do not count. Of equal keys the last wins, as in Spark's `max_by`, or the first, as in its `max`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Extremum {
    pub value: ArrowType,
    pub key: ArrowType,
    pub largest: bool,
    pub first: bool,
}

impl Plan for Extremum {
    fn name(&self) -> &'static str {
        if self.largest { "max_by" } else { "min_by" }
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.value.clone(), self.key.clone()]
    }

    fn result(&self) -> ArrowType {
        self.value.clone()
    }

    fn state(&self) -> Vec<ArrowType> {
        self.inputs()
    }

    fn accumulator(&self) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(Best {
            largest: self.largest,
            first: self.first,
            value: new_null_array(&self.value, 1),
            key: new_null_array(&self.key, 1),
        }))
    }
}

#[derive(Debug)]
struct Best {
    largest: bool,
    first: bool,
    /// One row each.
    value: ArrayRef,
    key: ArrayRef,
}

impl Accumulator for Best {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let keys = concat(&[self.key.as_ref(), values[1].as_ref()])?;
        let keys = comparable(&keys)?;
        let compare = make_comparator(&keys, &keys, SortOptions::default())?;
        let mut best: Option<usize> = keys.is_valid(0).then_some(0);
        for row in 1..keys.len() {
            if keys.is_null(row) {
                continue;
            }
            let better = best.is_none_or(|held| match compare(row, held) {
                Ordering::Equal => !self.first,
                Ordering::Greater => self.largest,
                Ordering::Less => !self.largest,
            });
            if better {
                best = Some(row);
            }
        }
        if let Some(row) = best.filter(|row| *row > 0) {
            self.value = values[0].slice(row - 1, 1);
            self.key = values[1].slice(row - 1, 1);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        ScalarValue::try_from_array(&self.value, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + 64
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::try_from_array(&self.value, 0)?, ScalarValue::try_from_array(&self.key, 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        self.update_batch(&[Arc::clone(&states[0]), Arc::clone(&states[1])])
    }
}
