//! What gathered rows become: lists, texts, modes, percentiles, histograms.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Float64Array, ListArray, StringArray, StructArray, UInt32Array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{SortColumn, SortOptions, cast, lexsort_to_indices, sort_to_indices, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};

use crate::kernels::collection::shape::{comparable, conform, encode};
use crate::kernels::invoke::bad_array;

/// The last step of a gathering aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Finish {
    /// All values.
    List,
    /// All values in the order of the other arguments.
    OrderedList { order: Vec<SortOptions> },
    /// Each value once.
    Set,
    /// All values as one text, in the order of the other arguments.
    Join { delimiter: Vec<u8>, order: Vec<SortOptions> },
    /// The most frequent value; of several the smallest, or the largest.
    Mode { largest: bool },
    /// Percentiles of the numbers in the first argument; frequencies in the second, where there is one.
    Percentile { fractions: Fractions, kind: Percentile, descending: bool },
    /// Elements at percentiles.
    Element { fractions: Fractions },
    /// The `k` values at the largest or smallest keys.
    Top { k: usize, largest: bool },
    /// Bins of a histogram.
    Histogram { bins: usize },
    /// Of rows with the same key, which is the last argument, the first alone.
    Distinct(Box<Finish>),
}

/// Percentages (the bits of doubles), and whether the answer is an array of one value per percentage.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fractions {
    pub bits: Vec<u64>,
    pub array: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Percentile {
    /// Between two values, linearly.
    Continuous,
    /// The first value whose cumulative share reaches the percentage.
    Discrete,
}

impl Fractions {
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.bits.iter().map(|bits| f64::from_bits(*bits))
    }
}

impl Finish {
    /// Whether no rows give a value too, not NULL.
    pub fn is_total(&self) -> bool {
        match self {
            Self::Distinct(finish) => finish.is_total(),
            finish => matches!(finish, Self::List | Self::OrderedList { .. } | Self::Set),
        }
    }

    pub fn apply(&self, columns: &[ArrayRef], result: &ArrowType) -> DfResult<ScalarValue> {
        let values = &columns[0];
        if values.is_empty() && !self.is_total() {
            return ScalarValue::try_from(result);
        }
        match self {
            Self::List => list(Arc::clone(values), result),
            Self::OrderedList { order } => list(ordered(columns, order)?, result),
            Self::Set => list(take(values, &first_of_each(values)?, None)?, result),
            Self::Join { delimiter, order } => join(columns, delimiter, order, result),
            // Keys, where there are any, tell which values are one.
            Self::Mode { largest } => mode(values, columns.get(1).unwrap_or(values), *largest),
            Self::Distinct(finish) => {
                let (keys, columns) = columns.split_last().ok_or_else(|| bad_array("distinct", result))?;
                let places = first_of_each(keys)?;
                let columns = columns.iter().map(|column| Ok(take(column, &places, None)?));
                finish.apply(&columns.collect::<DfResult<Vec<_>>>()?, result)
            }
            Self::Percentile { fractions, kind, descending } => {
                let numbers = weighted(columns)?;
                let found = fractions.values().map(|fraction| {
                    let fraction = if *descending { 1.0 - fraction } else { fraction };
                    Some(kind.of(&numbers, fraction))
                });
                let found: ArrayRef = Arc::new(found.collect::<Float64Array>());
                answer(found, fractions.array, result)
            }
            Self::Element { fractions } => answer(elements(values, fractions)?, fractions.array, result),
            Self::Top { k, largest } => top(columns, *k, *largest, result),
            Self::Histogram { bins } => histogram(values, *bins, result),
        }
    }
}

/// One list as a scalar of exactly the type `result`.
fn list(values: ArrayRef, result: &ArrowType) -> DfResult<ScalarValue> {
    let ArrowType::List(field) = result else { return Err(bad_array("collect_list", result)) };
    let values = conform(&values, field.data_type())?;
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    Ok(ScalarValue::List(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None)?)))
}

/// `values` as a list, or its only element.
fn answer(values: ArrayRef, array: bool, result: &ArrowType) -> DfResult<ScalarValue> {
    if array {
        return list(values, result);
    }
    // Intervals and other types come from doubles.
    ScalarValue::try_from_array(&number_as(&values, result)?, 0)
}

fn number_as(values: &ArrayRef, result: &ArrowType) -> DfResult<ArrayRef> {
    if values.data_type() == result {
        return Ok(Arc::clone(values));
    }
    match result {
        ArrowType::Duration(_) => Ok(cast(&cast(values, &ArrowType::Int64)?, result)?),
        ArrowType::Interval(_) => Ok(cast(&cast(values, &ArrowType::Int32)?, result)?),
        _ => Ok(cast(values, result)?),
    }
}

fn first_of_each(values: &ArrayRef) -> DfResult<UInt32Array> {
    let (_, rows) = encode(&[values], SortOptions::default())?;
    let mut seen = std::collections::HashSet::new();
    let rows = &rows[0];
    Ok((0..rows.num_rows()).filter(|row| seen.insert(rows.row(*row))).map(|row| row as u32).collect::<Vec<_>>().into())
}

/// The values in the order of their keys, which are the other columns.
fn ordered(columns: &[ArrayRef], order: &[SortOptions]) -> DfResult<ArrayRef> {
    if order.is_empty() {
        return Ok(Arc::clone(&columns[0]));
    }
    // Without keys of their own the values are the keys.
    let keys = if columns.len() > 1 { &columns[1..] } else { columns };
    let keys: Vec<_> = keys
        .iter()
        .zip(order)
        .map(|(key, options)| Ok(SortColumn { values: comparable(key)?, options: Some(*options) }))
        .collect::<DfResult<_>>()?;
    Ok(take(&columns[0], &lexsort_to_indices(&keys, None)?, None)?)
}

fn join(columns: &[ArrayRef], delimiter: &[u8], order: &[SortOptions], result: &ArrowType) -> DfResult<ScalarValue> {
    let values = ordered(columns, order)?;
    let bytes = cast(&values, &ArrowType::Binary)?;
    let parts: Vec<&[u8]> = bytes.as_binary::<i32>().iter().flatten().collect();
    let joined = parts.join(delimiter);
    let array: ArrayRef = Arc::new(BinaryArray::from_iter_values([joined]));
    match result {
        ArrowType::Binary => ScalarValue::try_from_array(&array, 0),
        _ => {
            let text: StringArray = cast(&array, &ArrowType::Utf8)?.as_string::<i32>().clone();
            ScalarValue::try_from_array(&text, 0)
        }
    }
}

fn mode(values: &ArrayRef, keys: &ArrayRef, largest: bool) -> DfResult<ScalarValue> {
    let (_, rows) = encode(&[keys], SortOptions::default())?;
    let rows = &rows[0];
    let mut counts: HashMap<_, (u64, usize)> = HashMap::new();
    for index in 0..rows.num_rows() {
        counts.entry(rows.row(index)).or_insert((0, index)).0 += 1;
    }
    let best = counts.iter().max_by(|(row, (count, _)), (other, (other_count, _))| {
        count.cmp(other_count).then_with(|| if largest { row.cmp(other) } else { other.cmp(row) })
    });
    match best {
        Some((_, (_, index))) => ScalarValue::try_from_array(values, *index),
        None => ScalarValue::try_from(values.data_type()),
    }
}

/// Sorted distinct numbers with the number of rows up to and with each.
struct Weighted {
    values: Vec<f64>,
    cumulative: Vec<i64>,
}

fn as_doubles(values: &ArrayRef) -> DfResult<ArrayRef> {
    Ok(match values.data_type() {
        ArrowType::Duration(_) => cast(&cast(values, &ArrowType::Int64)?, &ArrowType::Float64)?,
        ArrowType::Interval(_) => cast(&cast(values, &ArrowType::Int32)?, &ArrowType::Float64)?,
        _ => cast(values, &ArrowType::Float64)?,
    })
}

fn weighted(columns: &[ArrayRef]) -> DfResult<Weighted> {
    let values = as_doubles(&columns[0])?;
    let values = values.as_primitive::<Float64Type>();
    let weights = columns.get(1).map(|column| cast(column, &ArrowType::Int64)).transpose()?;
    let weight = |row: usize| match &weights {
        None => 1,
        Some(weights) if weights.is_null(row) => 0,
        Some(weights) => weights.as_primitive::<Int64Type>().value(row).max(0),
    };
    let mut pairs: Vec<(f64, i64)> = (0..values.len()).map(|row| (values.value(row), weight(row))).collect();
    pairs.retain(|(_, weight)| *weight > 0);
    pairs.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut total = 0;
    let (values, cumulative) = pairs
        .into_iter()
        .map(|(value, weight)| {
            total += weight;
            (value, total)
        })
        .unzip();
    Ok(Weighted { values, cumulative })
}

impl Weighted {
    /// The value in place `position`, counted from 0.
    fn at(&self, position: i64) -> f64 {
        let index = self.cumulative.partition_point(|count| *count <= position);
        self.values.get(index).or(self.values.last()).copied().unwrap_or(f64::NAN)
    }
}

impl Percentile {
    fn of(self, numbers: &Weighted, fraction: f64) -> f64 {
        let total = numbers.cumulative.last().copied().unwrap_or(0);
        match self {
            Self::Discrete => {
                let rank = (fraction * total as f64).ceil() as i64;
                numbers.at((rank - 1).max(0))
            }
            Self::Continuous => {
                let position = (total - 1) as f64 * fraction;
                let (lower, higher) = (position.floor(), position.ceil());
                let low = numbers.at(lower as i64);
                let high = numbers.at(higher as i64);
                if lower == higher || low == high {
                    return low;
                }
                (higher - position) * low + (position - lower) * high
            }
        }
    }
}

/// Elements at percentiles: Spark's sketch is exact for as many rows as its accuracy.
fn elements(values: &ArrayRef, fractions: &Fractions) -> DfResult<ArrayRef> {
    let order = sort_to_indices(&comparable(values)?, None, None)?;
    let last = order.len().saturating_sub(1);
    let picked: UInt32Array = fractions
        .values()
        .map(|fraction| {
            let rank = (fraction * order.len() as f64).ceil() as usize;
            Some(order.value(rank.saturating_sub(1).min(last)))
        })
        .collect();
    Ok(take(values, &picked, None)?)
}

fn top(columns: &[ArrayRef], k: usize, largest: bool, result: &ArrowType) -> DfResult<ScalarValue> {
    // The key comes first, so that rows without one are gone already.
    let options = SortOptions { descending: largest, nulls_first: false };
    let order = sort_to_indices(&comparable(&columns[0])?, Some(options), Some(k))?;
    list(take(&columns[1], &order, None)?, result)
}

/// Bins as Hive's `NumericHistogram` keeps them: a new value is a bin of its own, and when there are too many the two
/// nearest become one.
fn histogram(values: &ArrayRef, bins: usize, result: &ArrowType) -> DfResult<ScalarValue> {
    let ArrowType::List(field) = result else { return Err(bad_array("histogram_numeric", result)) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(bad_array("histogram_numeric", result)) };
    let doubles = as_doubles(values)?;
    let mut held: Vec<(f64, f64)> = Vec::with_capacity(bins + 1);
    for value in doubles.as_primitive::<Float64Type>().iter().flatten() {
        add_to_bins(&mut held, value, bins);
    }
    let x: ArrayRef = Arc::new(held.iter().map(|bin| Some(bin.0)).collect::<Float64Array>());
    let y: ArrayRef = Arc::new(held.iter().map(|bin| Some(bin.1)).collect::<Float64Array>());
    let columns = vec![number_as(&x, fields[0].data_type())?, y];
    list(Arc::new(StructArray::try_new(fields.clone(), columns, None)?), result)
}

fn add_to_bins(held: &mut Vec<(f64, f64)>, value: f64, bins: usize) {
    match held.binary_search_by(|bin| bin.0.partial_cmp(&value).unwrap_or(Ordering::Less)) {
        Ok(index) => held[index].1 += 1.0,
        Err(index) => held.insert(index, (value, 1.0)),
    }
    if held.len() <= bins {
        return;
    }
    let nearest = (1..held.len()).min_by(|left, right| {
        let gap = |index: usize| held[index].0 - held[index - 1].0;
        gap(*left).total_cmp(&gap(*right))
    });
    if let Some(index) = nearest {
        let (x, y) = held.remove(index);
        let (left, weight) = held[index - 1];
        let total = weight + y;
        held[index - 1] = ((left * weight + x * y) / total, total);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::array::Int32Array;

    use super::*;

    fn ints() -> ArrayRef {
        Arc::new(Int32Array::from(vec![1, 2, 5, 2]))
    }

    fn fractions(values: &[f64]) -> Fractions {
        Fractions { bits: values.iter().map(|value| value.to_bits()).collect(), array: false }
    }

    /// Values recorded from Spark 4.2.
    #[test]
    fn percentiles_are_sparks() {
        let double = ArrowType::Float64;
        let percentile = |fraction: f64, kind| {
            let finish = Finish::Percentile { fractions: fractions(&[fraction]), kind, descending: false };
            finish.apply(&[ints()], &double).unwrap()
        };
        assert_eq!(percentile(0.3, Percentile::Continuous), ScalarValue::Float64(Some(1.9)));
        assert_eq!(percentile(0.75, Percentile::Continuous), ScalarValue::Float64(Some(2.75)));
        assert_eq!(percentile(0.3, Percentile::Discrete), ScalarValue::Float64(Some(2.0)));
        let element = Finish::Element { fractions: fractions(&[0.9]) };
        assert_eq!(element.apply(&[ints()], &ArrowType::Int32).unwrap(), ScalarValue::Int32(Some(5)));
        let weighted =
            Finish::Percentile { fractions: fractions(&[0.5]), kind: Percentile::Continuous, descending: false };
        assert_eq!(weighted.apply(&[ints(), ints()], &double).unwrap(), ScalarValue::Float64(Some(3.5)));
    }

    #[test]
    fn modes_break_ties_by_order() {
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 1, 2, 3]));
        let mode = |largest| Finish::Mode { largest }.apply(&[Arc::clone(&values)], &ArrowType::Int32).unwrap();
        assert_eq!(mode(false), ScalarValue::Int32(Some(1)));
        assert_eq!(mode(true), ScalarValue::Int32(Some(2)));
    }

    #[test]
    fn histograms_join_the_nearest_bins() {
        let mut bins = Vec::new();
        [1.0, 2.0, 5.0, 2.0].into_iter().for_each(|value| add_to_bins(&mut bins, value, 2));
        assert_eq!(bins.iter().map(|bin| bin.1).collect::<Vec<_>>(), [3.0, 1.0]);
        assert_eq!(bins[1].0, 5.0);
    }
}
