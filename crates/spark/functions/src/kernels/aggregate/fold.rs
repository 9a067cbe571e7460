//! Aggregates that fold rows into one small state: bitmaps, sketches.
//!
//! A `Fold` says how rows come in, how a state travels as bytes from a partial aggregate to the final one, and what the
//! answer is. The answer of no rows is that of the state at the start.

use std::fmt;
use std::hash::Hash;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::udaf::Plan;

pub trait Fold: fmt::Debug + Clone + Eq + Hash + Send + Sync + 'static {
    type State: fmt::Debug + Send + Sync;

    fn name(&self) -> &'static str;
    fn inputs(&self) -> Vec<ArrowType>;
    fn result(&self) -> ArrowType {
        ArrowType::Binary
    }
    fn start(&self) -> DfResult<Self::State>;
    fn add(&self, state: &mut Self::State, values: &[ArrayRef]) -> DfResult<()>;
    fn save(&self, state: &Self::State) -> DfResult<Vec<u8>>;
    fn merge(&self, state: &mut Self::State, saved: &[u8]) -> DfResult<()>;
    fn finish(&self, state: &Self::State) -> DfResult<ScalarValue>;
    /// How much memory a state takes, in bytes.
    fn size(&self, state: &Self::State) -> usize;
}

/// A fold as the plan of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Folding<F>(pub F);

impl<F: Fold> Plan for Folding<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn inputs(&self) -> Vec<ArrowType> {
        self.0.inputs()
    }

    fn result(&self) -> ArrowType {
        self.0.result()
    }

    fn state(&self) -> Vec<ArrowType> {
        vec![ArrowType::Binary]
    }

    fn accumulator(&self) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(Folded { state: self.0.start()?, fold: self.0.clone() }))
    }

    fn empty(&self) -> DfResult<ScalarValue> {
        self.0.finish(&self.0.start()?)
    }

    fn nullable(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Folded<F: Fold> {
    fold: F,
    state: F::State,
}

impl<F: Fold> Accumulator for Folded<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.fold.add(&mut self.state, values)
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        self.fold.finish(&self.state)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.fold.size(&self.state)
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.fold.save(&self.state)?))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let saved = states[0].as_binary::<i32>();
        for row in (0..saved.len()).filter(|row| saved.is_valid(*row)) {
            self.fold.merge(&mut self.state, saved.value(row))?;
        }
        Ok(())
    }
}
