//! `freqItems`: for each column the values that may be frequent, found in one pass with a bounded number of counters
//! (Karp, Shenker and Papadimitriou, as in Spark's `CollectFrequentItems`).

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use hearth_base::Result;
use hearth_functions::Typed;
use hearth_plan::Relation;
use hearth_types::DataType;

use super::block::Block;
use crate::analyzer::{Analyzer, Env};
use crate::expression::context::Grouped;
use crate::rel::{Item, Rel};
use crate::relation::stat::illegal;

/// The share of the rows that makes a value frequent, when none is given.
const DEFAULT_SUPPORT: f64 = 0.01;

/// The least share: it bounds the counters at 10,000 a column, as Spark does.
const LEAST_SUPPORT: f64 = 1e-4;

impl Analyzer<'_> {
    pub fn freq_items(&self, input: &Relation, columns: &[String], support: Option<f64>, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let support = support.unwrap_or(DEFAULT_SUPPORT);
        if !(LEAST_SUPPORT..=1.0).contains(&support) {
            return Err(illegal(format!("Support must be in [{LEAST_SUPPORT}, 1], but got {support:?}.")));
        }
        let counters = (1.0 / support) as usize;
        let mut items = Vec::with_capacity(columns.len());
        for name in columns {
            let column = self.named_column(&input, name)?;
            let function = FrequentItems { counters, signature: Signature::any(1, Volatility::Immutable) };
            let call = AggregateUDF::new_from_impl(function).call(vec![column.id.expr()]);
            let data_type = DataType::array(column.data_type.clone(), column.nullable);
            items.push(Item::named(Typed::new(call, data_type, false), format!("{}_freqItems", column.name)));
        }
        let mut block = Block::new(input, items, Vec::new());
        block.grouped = Some(Grouped::default());
        let rel = self.block_rel(block)?;
        Ok(Rel { block: None, ..rel })
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FrequentItems {
    counters: usize,
    signature: Signature,
}

fn list_of(element: &ArrowType) -> ArrowType {
    ArrowType::List(Arc::new(Field::new_list_field(element.clone(), true)))
}

impl AggregateUDFImpl for FrequentItems {
    fn name(&self) -> &'static str {
        "freq_items"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[ArrowType]) -> DfResult<ArrowType> {
        Ok(list_of(arg_types.first().unwrap_or(&ArrowType::Null)))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let ArrowType::List(element) = args.return_field.data_type() else {
            return Err(DataFusionError::Internal("freq_items gives a list".to_owned()));
        };
        let element = element.data_type().clone();
        Ok(Box::new(Counters { limit: self.counters, element, counts: HashMap::new(), order: Vec::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        Ok(vec![
            Arc::new(Field::new(format!("{}[items]", args.name), args.return_field.data_type().clone(), true)),
            Arc::new(Field::new(format!("{}[counts]", args.name), list_of(&ArrowType::Int64), true)),
        ])
    }
}

/// At most `limit` values with their counts; `order` is the order in which they came.
#[derive(Debug)]
struct Counters {
    limit: usize,
    element: ArrowType,
    counts: HashMap<ScalarValue, i64>,
    order: Vec<ScalarValue>,
}

impl Counters {
    fn add(&mut self, value: ScalarValue, count: i64) {
        if let Some(known) = self.counts.get_mut(&value) {
            *known += count;
            return;
        }
        if self.counts.len() < self.limit {
            self.order.push(value.clone());
            self.counts.insert(value, count);
            return;
        }
        let least = self.counts.values().copied().min().unwrap_or(0);
        let taken = least.min(count);
        if count >= least {
            self.order.push(value.clone());
            self.counts.insert(value, count);
            self.counts.retain(|_, known| *known > least);
            let counts = &self.counts;
            self.order.retain(|known| counts.contains_key(known));
        }
        self.counts.values_mut().for_each(|known| *known -= taken);
    }

    fn items(&self) -> ScalarValue {
        ScalarValue::List(ScalarValue::new_list_nullable(&self.order, &self.element))
    }
}

impl Accumulator for Counters {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        let Some(values) = values.first() else { return Ok(()) };
        for row in 0..values.len() {
            self.add(ScalarValue::try_from_array(values, row)?, 1);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        Ok(self.items())
    }

    fn size(&self) -> usize {
        let values: usize = self.order.iter().map(ScalarValue::size).sum();
        size_of_val(self) + 2 * values
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let counts: Vec<ScalarValue> =
            self.order.iter().map(|value| ScalarValue::Int64(self.counts.get(value).copied())).collect();
        Ok(vec![self.items(), ScalarValue::List(ScalarValue::new_list_nullable(&counts, &ArrowType::Int64))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        let [items, counts] = states else { return Ok(()) };
        let (items, counts) = (items.as_list::<i32>(), counts.as_list::<i32>());
        for row in 0..items.len() {
            let (values, numbers) = (items.value(row), counts.value(row));
            let numbers = numbers.as_primitive::<Int64Type>();
            for index in 0..values.len() {
                self.add(ScalarValue::try_from_array(&values, index)?, numbers.value(index));
            }
        }
        Ok(())
    }
}
