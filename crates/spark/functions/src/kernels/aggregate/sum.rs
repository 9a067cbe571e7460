//! `sum` that notices overflow.
//!
//! DataFusion's `sum` wraps. Where the result type is so wide that no real input can overflow it (ints, decimals of at
//! most 28 digits) DataFusion's is used; this one is for `bigint` and wide decimals. ANSI raises at the addition that
//! overflows; otherwise (`try_sum`, ANSI off for decimals) the sum is NULL.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, BooleanArray, PrimitiveArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Int64Type};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::physical_expr::NullState;
use hearth_base::condition::{ARITHMETIC_OVERFLOW, INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION};

use super::udaf::Plan;
use crate::kernels::invoke::raise;

/// What happens when the sum does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overflow {
    Raise,
    /// As `Raise`, with the error of intervals, whose microseconds or months are summed.
    RaiseInterval,
    Null,
}

/// `input` and `result` are `Int64`, or decimals of one scale.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CheckedSum {
    pub input: ArrowType,
    pub result: ArrowType,
    pub overflow: Overflow,
}

impl CheckedSum {
    /// The largest magnitude of the result.
    fn limit(&self) -> i128 {
        match self.result {
            ArrowType::Decimal128(precision, _) => 10_i128.pow(u32::from(precision)) - 1,
            _ => i128::from(i64::MAX),
        }
    }
}

impl Plan for CheckedSum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.input.clone()]
    }

    fn result(&self) -> ArrowType {
        self.result.clone()
    }

    fn state(&self) -> Vec<ArrowType> {
        vec![self.result.clone(), ArrowType::Boolean]
    }

    fn accumulator(&self) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(SumOfAll { plan: self.clone(), sum: 0, rows: 0, overflowed: false }))
    }

    fn sliding(&self) -> DfResult<Box<dyn Accumulator>> {
        self.accumulator()
    }

    fn groups(&self) -> Option<Box<dyn GroupsAccumulator>> {
        Some(match self.result {
            ArrowType::Decimal128(..) => Box::new(SumOfGroups::<Decimal128Type>::new(self.clone())),
            _ => Box::new(SumOfGroups::<Int64Type>::new(self.clone())),
        })
    }
}

fn overflow_error(plan: &CheckedSum) -> DataFusionError {
    if plan.overflow == Overflow::RaiseInterval {
        return raise(INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION.with("functionName", "`try_add`"));
    }
    let (message, alternative) = match plan.result {
        ArrowType::Decimal128(..) => ("Overflow in sum of decimals", "try_sum"),
        _ => ("overflow", "try_add"),
    };
    raise(
        ARITHMETIC_OVERFLOW
            .with("message", message)
            .with("alternative", format!(" Use '{alternative}' to tolerate overflow and return NULL instead."))
            .with("config", "\"spark.sql.ansi.enabled\""),
    )
}

/// One sum, 128 bits wide, so that a moving frame can take rows back.
#[derive(Debug)]
struct SumOfAll {
    plan: CheckedSum,
    sum: i128,
    rows: u64,
    overflowed: bool,
}

impl SumOfAll {
    fn each(&mut self, array: &ArrayRef, add: fn(i128, i128) -> (i128, bool)) {
        let mut sum = self.sum;
        let mut overflowed = false;
        let mut step = |value: i128| {
            let (next, over) = add(sum, value);
            sum = next;
            overflowed |= over;
        };
        match array.data_type() {
            ArrowType::Decimal128(..) => array.as_primitive::<Decimal128Type>().iter().flatten().for_each(&mut step),
            _ => array.as_primitive::<Int64Type>().iter().flatten().for_each(|value| step(i128::from(value))),
        }
        self.sum = sum;
        self.overflowed |= overflowed;
    }

    fn checked(&self) -> DfResult<Option<i128>> {
        let limit = self.plan.limit();
        let low = if matches!(self.plan.result, ArrowType::Int64) { -limit - 1 } else { -limit };
        if !self.overflowed && (low..=limit).contains(&self.sum) {
            return Ok(Some(self.sum));
        }
        match self.plan.overflow {
            Overflow::Raise | Overflow::RaiseInterval => Err(overflow_error(&self.plan)),
            Overflow::Null => Ok(None),
        }
    }

    fn scalar(&self, value: Option<i128>) -> ScalarValue {
        match self.plan.result {
            ArrowType::Decimal128(precision, scale) => ScalarValue::Decimal128(value, precision, scale),
            _ => ScalarValue::Int64(value.map(|value| value as i64)),
        }
    }
}

impl Accumulator for SumOfAll {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.rows += (values[0].len() - values[0].null_count()) as u64;
        self.each(&values[0], i128::overflowing_add);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        self.rows -= (values[0].len() - values[0].null_count()) as u64;
        self.each(&values[0], i128::overflowing_sub);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let sum = if self.rows == 0 && !self.overflowed { None } else { self.checked()? };
        Ok(self.scalar(sum))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let sum = self.evaluate()?;
        let overflowed = sum.is_null() && (self.rows > 0 || self.overflowed);
        Ok(vec![sum, ScalarValue::Boolean(Some(overflowed))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        self.overflowed |= states[1].as_boolean().true_count() > 0;
        self.update_batch(&states[..1])
    }
}

/// One sum per group, in the result's own width: the hot path of most reports.
struct SumOfGroups<T: ArrowPrimitiveType> {
    plan: CheckedSum,
    sums: Vec<T::Native>,
    seen: NullState,
    /// Groups that overflowed; empty until one does, and always with `Overflow::Raise`.
    overflowed: Vec<bool>,
}

impl<T: ArrowPrimitiveType + Send> SumOfGroups<T>
where
    T::Native: ArrowNativeTypeOp,
{
    fn new(plan: CheckedSum) -> Self {
        Self { plan, sums: Vec::new(), seen: NullState::new(), overflowed: Vec::new() }
    }

    fn add(
        &mut self,
        values: &PrimitiveArray<T>,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DfResult<()> {
        self.sums.resize(total, T::Native::ZERO);
        let sums = self.sums.as_mut_slice();
        let mut failed: Vec<usize> = Vec::new();
        self.seen.accumulate(groups, values, filter, total, |group, value| {
            let sum = &mut sums[group];
            match sum.add_checked(value) {
                Ok(next) => *sum = next,
                Err(_) => failed.push(group),
            }
        });
        if failed.is_empty() {
            return Ok(());
        }
        if self.plan.overflow != Overflow::Null {
            return Err(overflow_error(&self.plan));
        }
        self.mark(failed, total);
        Ok(())
    }

    fn mark(&mut self, groups: impl IntoIterator<Item = usize>, total: usize) {
        self.overflowed.resize(total, false);
        for group in groups {
            self.overflowed[group] = true;
        }
    }

    fn take_overflowed(&mut self, emit: EmitTo, count: usize) -> Option<Vec<bool>> {
        if self.overflowed.is_empty() {
            return None;
        }
        let total = count.max(self.overflowed.len());
        self.overflowed.resize(total, false);
        Some(emit.take_needed(&mut self.overflowed))
    }
}

impl<T: ArrowPrimitiveType + Send> GroupsAccumulator for SumOfGroups<T>
where
    T::Native: ArrowNativeTypeOp + Into<i128>,
{
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.add(values[0].as_primitive::<T>(), group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DfResult<ArrayRef> {
        let mut columns = self.state(emit_to)?;
        Ok(columns.swap_remove(0))
    }

    fn state(&mut self, emit_to: EmitTo) -> DfResult<Vec<ArrayRef>> {
        let sums = emit_to.take_needed(&mut self.sums);
        let count = sums.len();
        let nulls = self.seen.build(emit_to);
        let mut overflowed = self.take_overflowed(emit_to, count);
        if let ArrowType::Decimal128(..) = self.plan.result {
            let limit = self.plan.limit();
            let beyond = |sum: &T::Native| {
                let sum: i128 = (*sum).into();
                sum > limit || sum < -limit
            };
            if sums.iter().any(beyond) {
                if self.plan.overflow != Overflow::Null {
                    return Err(overflow_error(&self.plan));
                }
                let flags = overflowed.get_or_insert_with(|| vec![false; count]);
                flags.iter_mut().zip(&sums).for_each(|(flag, sum)| *flag |= beyond(sum));
            }
        }
        let mut array = PrimitiveArray::<T>::new(sums.into(), nulls).with_data_type(self.plan.result.clone());
        if let Some(flags) = &overflowed {
            let values = array.iter().zip(flags).map(|(sum, over)| if *over { None } else { sum });
            array = values.collect::<PrimitiveArray<T>>().with_data_type(self.plan.result.clone());
        }
        let flags = BooleanArray::from(overflowed.unwrap_or_else(|| vec![false; count]));
        Ok(vec![Arc::new(array), Arc::new(flags)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> DfResult<()> {
        self.add(values[0].as_primitive::<T>(), group_indices, None, total_num_groups)?;
        let flags = values[1].as_boolean();
        if flags.true_count() > 0 {
            let failed: Vec<usize> = group_indices
                .iter()
                .zip(flags.iter())
                .filter(|(_, flag)| *flag == Some(true))
                .map(|(g, _)| *g)
                .collect();
            self.mark(failed, total_num_groups);
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> DfResult<Vec<ArrayRef>> {
        let array = values[0].as_primitive::<T>();
        let array = match opt_filter {
            None => array.clone(),
            Some(filter) => {
                let kept = array.iter().zip(filter.iter()).map(|(value, keep)| value.filter(|_| keep == Some(true)));
                kept.collect::<PrimitiveArray<T>>()
            }
        };
        let flags = BooleanArray::from(vec![false; array.len()]);
        Ok(vec![Arc::new(array.with_data_type(self.plan.result.clone())), Arc::new(flags)])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.seen.size() + self.overflowed.capacity()
    }
}
