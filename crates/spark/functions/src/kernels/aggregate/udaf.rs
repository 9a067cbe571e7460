//! DataFusion aggregates from plans: what is the same for all of them.
//!
//! A `Plan` is what an aggregate computes, with the types known. Arguments come coerced. `DISTINCT` is a filter in front
//! of the accumulator; a sliding window runs the accumulator again over the rows of each frame, because Spark does so
//! and floating point sums that are taken back are not exact.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};

use crate::kernels::collection::shape::comparable;

/// What an aggregate computes.
pub trait Plan: fmt::Debug + Clone + Eq + Hash + Send + Sync + 'static {
    fn name(&self) -> &'static str;
    /// Types of the arguments, coerced.
    fn inputs(&self) -> Vec<ArrowType>;
    fn result(&self) -> ArrowType;
    /// The columns that go from a partial aggregate to the final one.
    fn state(&self) -> Vec<ArrowType>;
    fn accumulator(&self) -> DfResult<Box<dyn Accumulator>>;
    /// An accumulator for all groups at once, where there is one.
    fn groups(&self) -> Option<Box<dyn GroupsAccumulator>> {
        None
    }
    /// The accumulator of a frame that moves.
    fn sliding(&self) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(Replay { plan: self.clone(), batches: VecDeque::new() }))
    }
    /// The answer of no rows.
    fn empty(&self) -> DfResult<ScalarValue> {
        ScalarValue::try_from(&self.result())
    }
    fn nullable(&self) -> bool {
        true
    }
}

/// A plan as a DataFusion aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlannedAggregate<P> {
    plan: P,
    signature: Signature,
}

impl<P> PlannedAggregate<P> {
    pub fn plan(&self) -> &P {
        &self.plan
    }
}

/// Makes the DataFusion function of a plan.
pub fn udaf<P: Plan>(plan: P) -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::from(PlannedAggregate { plan, signature }))
}

impl<P: Plan> AggregateUDFImpl for PlannedAggregate<P> {
    fn name(&self) -> &str {
        self.plan.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[ArrowType]) -> DfResult<ArrowType> {
        Ok(self.plan.result())
    }

    fn is_nullable(&self) -> bool {
        self.plan.nullable()
    }

    fn coerce_types(&self, arg_types: &[ArrowType]) -> DfResult<Vec<ArrowType>> {
        let inputs = self.plan.inputs();
        Ok(if inputs.len() == arg_types.len() { inputs } else { arg_types.to_vec() })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let inner = self.plan.accumulator()?;
        if args.is_distinct {
            return Ok(Box::new(Distinct::new(inner, &self.plan.inputs())?));
        }
        Ok(inner)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        let types: Vec<ArrowType> = if args.is_distinct {
            self.plan.inputs().iter().map(|input| ArrowType::new_list(input.clone(), true)).collect()
        } else {
            self.plan.state()
        };
        let fields = types.into_iter().enumerate();
        Ok(fields.map(|(index, data)| Arc::new(Field::new(format!("{}[{index}]", args.name), data, true))).collect())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct && self.plan.groups().is_some()
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs<'_>) -> DfResult<Box<dyn GroupsAccumulator>> {
        self.plan.groups().ok_or_else(|| {
            datafusion::common::DataFusionError::Internal(format!("{} has no grouped form", self.plan.name()))
        })
    }

    fn create_sliding_accumulator(&self, _args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        self.plan.sliding()
    }

    fn default_value(&self, _data_type: &ArrowType) -> DfResult<ScalarValue> {
        self.plan.empty()
    }
}

/// A list scalar of one array, for states.
pub fn list_scalar(values: ArrayRef) -> ScalarValue {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    ScalarValue::List(Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([values.len()]), values, None)))
}

/// The values of all lists of a state column, one after the other.
pub fn state_values(column: &ArrayRef) -> ArrayRef {
    let lists = column.as_list::<i32>();
    let (Some(first), Some(last)) = (lists.value_offsets().first(), lists.value_offsets().last()) else {
        return lists.values().slice(0, 0);
    };
    lists.values().slice(*first as usize, (*last - *first) as usize)
}

/// Passes each combination of argument values once.
struct Distinct {
    inner: Box<dyn Accumulator>,
    converter: RowConverter,
    seen: HashSet<OwnedRow>,
    kept: Vec<Vec<ArrayRef>>,
    inputs: Vec<ArrowType>,
}

impl fmt::Debug for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distinct").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

impl Distinct {
    fn new(inner: Box<dyn Accumulator>, inputs: &[ArrowType]) -> DfResult<Self> {
        let fields = inputs.iter().map(|input| SortField::new(input.clone())).collect();
        let converter = RowConverter::new(fields)?;
        let kept = vec![Vec::new(); inputs.len()];
        Ok(Self { inner, converter, seen: HashSet::new(), kept, inputs: inputs.to_vec() })
    }

    fn concatenated(&self) -> DfResult<Vec<ArrayRef>> {
        self.kept.iter().zip(&self.inputs).map(|(chunks, input)| concat_all(chunks, input)).collect()
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let normal: Vec<_> = values.iter().map(comparable).collect::<DfResult<_>>()?;
        let rows = self.converter.convert_columns(&normal)?;
        let fresh: Vec<u32> = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| self.seen.insert(row.owned()).then_some(index as u32))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let fresh = UInt32Array::from(fresh);
        for (kept, value) in self.kept.iter_mut().zip(values) {
            kept.push(take(value, &fresh, None)?);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let values = self.concatenated()?;
        self.inner.update_batch(&values)?;
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        let kept: usize = self.kept.iter().flatten().map(|array| array.get_array_memory_size()).sum();
        size_of_val(self) + kept * 3
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(self.concatenated()?.into_iter().map(list_scalar).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let values: Vec<_> = states.iter().map(state_values).collect();
        self.update_batch(&values)
    }
}

/// One array of many; an empty one of none.
pub fn concat_all(chunks: &[ArrayRef], data_type: &ArrowType) -> DfResult<ArrayRef> {
    match chunks {
        [] => Ok(datafusion::arrow::array::new_empty_array(data_type)),
        [only] => Ok(Arc::clone(only)),
        many => {
            let arrays: Vec<&dyn Array> = many.iter().map(AsRef::as_ref).collect();
            Ok(concat(&arrays)?)
        }
    }
}

/// The rows of a moving frame, aggregated anew whenever they are asked for.
#[derive(Debug)]
struct Replay<P> {
    plan: P,
    batches: VecDeque<Vec<ArrayRef>>,
}

impl<P: Plan> Accumulator for Replay<P> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        if values.first().is_some_and(|first| !first.is_empty()) {
            self.batches.push_back(values.to_vec());
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let mut gone = values.first().map_or(0, |first| first.len());
        while gone > 0 {
            let Some(front) = self.batches.front_mut() else { return Ok(()) };
            let length = front.first().map_or(0, |first| first.len());
            if length <= gone {
                gone -= length;
                self.batches.pop_front();
            } else {
                for column in front.iter_mut() {
                    *column = column.slice(gone, length - gone);
                }
                gone = 0;
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let mut accumulator = self.plan.accumulator()?;
        for batch in &self.batches {
            accumulator.update_batch(batch)?;
        }
        accumulator.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.batches.iter().flatten().map(|array| array.get_array_memory_size()).sum::<usize>()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let mut accumulator = self.plan.accumulator()?;
        for batch in &self.batches {
            accumulator.update_batch(batch)?;
        }
        accumulator.state()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> DfResult<()> {
        datafusion::common::internal_err!("a window does not merge states")
    }
}
