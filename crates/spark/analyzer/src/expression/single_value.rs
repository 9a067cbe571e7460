//! `single_value`: the value of a scalar subquery, as an aggregate: NULL of no rows, an error of several.
//!
//! As an aggregate it is a subquery that DataFusion can decorrelate, and it has one row whatever the subquery finds.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use hearth_base::condition::SCALAR_SUBQUERY_TOO_MANY_ROWS;
use hearth_functions::kernels::invoke::raise;
use hearth_plan::Origin;

use crate::analyzer::placed;

/// `origin` is where the subquery was written.
pub(crate) fn single_value(value: Expr, origin: Option<Arc<Origin>>) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    AggregateUDF::new_from_impl(SingleValue { signature, origin }).call(vec![value])
}

#[derive(Debug)]
struct SingleValue {
    signature: Signature,
    origin: Option<Arc<Origin>>,
}

/// Equal subqueries are one, wherever they were written.
impl PartialEq for SingleValue {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

impl Eq for SingleValue {}

impl Hash for SingleValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

impl AggregateUDFImpl for SingleValue {
    fn name(&self) -> &'static str {
        "single_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[ArrowType]) -> DfResult<ArrowType> {
        Ok(arg_types.first().cloned().unwrap_or(ArrowType::Null))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let value = ScalarValue::try_new_null(args.return_field.data_type())?;
        Ok(Box::new(Single { value, seen: false, origin: self.origin.clone() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        Ok(vec![
            Arc::new(Field::new(format!("{}[value]", args.name), args.return_field.data_type().clone(), true)),
            Arc::new(Field::new(format!("{}[seen]", args.name), ArrowType::Boolean, true)),
        ])
    }
}

#[derive(Debug)]
struct Single {
    value: ScalarValue,
    seen: bool,
    origin: Option<Arc<Origin>>,
}

impl Single {
    fn take(&mut self, values: &ArrayRef, row: usize) -> DfResult<()> {
        if self.seen {
            let error = SCALAR_SUBQUERY_TOO_MANY_ROWS.error();
            return Err(raise(match &self.origin {
                Some(origin) => placed(error, origin),
                None => error,
            }));
        }
        self.seen = true;
        self.value = ScalarValue::try_from_array(values, row)?;
        Ok(())
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let Some(values) = values.first() else { return Ok(()) };
        // A second row fails already; there is no need to look at more.
        (0..values.len().min(2)).try_for_each(|row| self.take(values, row))
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.value.size()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), ScalarValue::Boolean(Some(self.seen))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let [values, seen] = states else { return Ok(()) };
        let seen = seen.as_boolean();
        for row in 0..values.len() {
            if seen.is_valid(row) && seen.value(row) {
                self.take(values, row)?;
            }
        }
        Ok(())
    }
}
