//! The most frequent items: Java's `ItemsSketch`, with its hash map, because ties come in that map's order.
//!
//! Up to three quarters of the map's size counts are exact. Then the map is purged: the median of a sample of counts is
//! taken off all of them, and those that fall to nothing are dropped.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, StructArray};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use hearth_base::condition::APPROX_TOP_K_SKETCH_SIZE_NOT_MATCH;

use crate::kernels::aggregate::fold::Fold;
use crate::kernels::aggregate::udaf::list_scalar;
use crate::kernels::invoke::{bad_array, raise};

const SAMPLE: usize = 1024;
const SMALLEST_LG: u8 = 3;
/// The map of a sketch whose size is not said.
const LARGEST_ITEMS: i32 = 1_000_000;

/// The base two logarithm of the map that tracks so many items.
fn lg_of(items: i32) -> u8 {
    let slots = (f64::from(items) / 0.75).ceil();
    (slots.log2().ceil() as u8).max(SMALLEST_LG)
}

#[derive(Debug, Clone)]
struct Slot {
    item: ScalarValue,
    hash: i32,
    count: i64,
}

/// The map, with the NULLs beside it.
#[derive(Debug, Clone)]
pub struct Frequencies {
    lg_max: u8,
    slots: Vec<Option<Slot>>,
    active: usize,
    weight: i64,
    offset: i64,
    nulls: i64,
    /// The number of items of the sketches that were combined.
    tracked: Option<i32>,
}

fn spread(hash: i32) -> u64 {
    let mut key = i64::from(hash) as u64;
    key ^= key >> 33;
    key = key.wrapping_mul(0xff51_afd7_ed55_8ccd);
    key ^= key >> 33;
    key = key.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    key ^ (key >> 33)
}

/// `Object.hashCode` of the value that Java has for an item.
fn java_hash(item: &ScalarValue) -> i32 {
    let folded = |value: i64| (value ^ ((value as u64) >> 32) as i64) as i32;
    match item {
        ScalarValue::Boolean(Some(value)) => {
            if *value {
                1231
            } else {
                1237
            }
        }
        ScalarValue::Int8(Some(value)) => i32::from(*value),
        ScalarValue::Int16(Some(value)) => i32::from(*value),
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => *value,
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => folded(*value),
        ScalarValue::Float32(Some(value)) => value.to_bits() as i32,
        ScalarValue::Float64(Some(value)) => folded(value.to_bits() as i64),
        ScalarValue::Utf8(Some(text)) => {
            text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
        }
        ScalarValue::Decimal128(Some(value), _, _) => folded(*value as i64),
        _ => 0,
    }
}

impl Frequencies {
    fn new(lg_max: u8) -> Self {
        Self { lg_max, slots: vec![None; 1 << SMALLEST_LG], active: 0, weight: 0, offset: 0, nulls: 0, tracked: None }
    }

    /// The slot of an item, or the empty one where it belongs.
    fn place(slots: &[Option<Slot>], item: &ScalarValue, hash: i32) -> usize {
        let mask = slots.len() - 1;
        let mut place = spread(hash) as usize & mask;
        while slots[place].as_ref().is_some_and(|slot| slot.hash != hash || slot.item != *item) {
            place = (place + 1) & mask;
        }
        place
    }

    fn update(&mut self, item: ScalarValue, hash: i32, count: i64) {
        self.weight += count;
        let place = Self::place(&self.slots, &item, hash);
        if let Some(slot) = &mut self.slots[place] {
            slot.count += count;
            return;
        }
        self.slots[place] = Some(Slot { item, hash, count });
        self.active += 1;
        if self.active > self.slots.len() * 3 / 4 {
            if self.slots.len() < 1 << self.lg_max {
                self.rebuild(self.slots.len() * 2);
            } else {
                self.purge();
            }
        }
    }

    fn rebuild(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![None; size]);
        for slot in old.into_iter().flatten() {
            let place = Self::place(&self.slots, &slot.item, slot.hash);
            self.slots[place] = Some(slot);
        }
    }

    fn purge(&mut self) {
        let mut sample: Vec<i64> = self.slots.iter().flatten().take(SAMPLE).map(|slot| slot.count).collect();
        let middle = sample.len() / 2;
        let (_, median, _) = sample.select_nth_unstable(middle);
        let median = *median;
        for slot in &mut self.slots {
            if let Some(held) = slot {
                held.count -= median;
                if held.count <= 0 {
                    *slot = None;
                    self.active -= 1;
                }
            }
        }
        self.offset += median;
        self.rebuild(self.slots.len());
    }

    fn add(&mut self, values: &ArrayRef) -> DfResult<()> {
        for row in 0..values.len() {
            if values.is_null(row) {
                self.nulls += 1;
                continue;
            }
            let item = ScalarValue::try_from_array(values, row)?;
            let hash = java_hash(&item);
            self.update(item, hash, 1);
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self) {
        let weight = self.weight + other.weight;
        for slot in other.in_order() {
            self.update(slot.item.clone(), slot.hash, slot.count);
        }
        self.offset += other.offset;
        self.nulls += other.nulls;
        self.weight = weight;
    }

    /// In the order of Java's iterator, which takes steps of the golden ratio.
    fn in_order(&self) -> impl Iterator<Item = &Slot> {
        let size = self.slots.len();
        let stride = (size as f64 * 0.618_033_988_749_894_9) as usize | 1;
        (0..size).filter_map(move |step| self.slots[(step * stride) & (size - 1)].as_ref())
    }

    /// Items and counts, the most frequent first; NULL comes behind items of its count.
    fn top(&self, k: usize, item: &ArrowType) -> DfResult<Vec<(ScalarValue, i64)>> {
        let mut rows: Vec<_> = self.in_order().map(|slot| (slot.item.clone(), slot.count + self.offset)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.1));
        if self.nulls > 0 {
            let place = rows.partition_point(|row| row.1 >= self.nulls);
            rows.insert(place, (ScalarValue::try_from(item)?, self.nulls));
        }
        rows.truncate(k);
        Ok(rows)
    }
}

/// Java's bytes of a sketch and, behind them, the number of NULLs.
fn write(sketch: &Frequencies) -> DfResult<Vec<u8>> {
    const FAMILY: u8 = 10;
    const EMPTY: u8 = 5;
    let lg = sketch.slots.len().trailing_zeros() as u8;
    let mut bytes = if sketch.active == 0 {
        vec![1, 1, FAMILY, sketch.lg_max, lg, EMPTY, 0, 0]
    } else {
        let slots: Vec<&Slot> = sketch.slots.iter().flatten().collect();
        let mut bytes = vec![4, 1, FAMILY, sketch.lg_max, lg, 0, 0, 0];
        bytes.extend((sketch.active as i32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(sketch.weight.to_le_bytes());
        bytes.extend(sketch.offset.to_le_bytes());
        slots.iter().for_each(|slot| bytes.extend(slot.count.to_le_bytes()));
        for slot in slots {
            write_item(&mut bytes, &slot.item)?;
        }
        bytes
    };
    bytes.extend(sketch.nulls.to_be_bytes());
    Ok(bytes)
}

fn write_item(bytes: &mut Vec<u8>, item: &ScalarValue) -> DfResult<()> {
    match item {
        ScalarValue::Boolean(Some(value)) => bytes.push(u8::from(*value)),
        ScalarValue::Int8(Some(value)) => bytes.extend([2, *value as u8]),
        ScalarValue::Int16(Some(value)) => {
            bytes.push(3);
            bytes.extend(value.to_le_bytes());
        }
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => {
            bytes.push(9);
            bytes.extend(value.to_le_bytes());
        }
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => {
            bytes.push(12);
            bytes.extend(value.to_le_bytes());
        }
        ScalarValue::Float32(Some(value)) => {
            bytes.push(6);
            bytes.extend(value.to_le_bytes());
        }
        ScalarValue::Float64(Some(value)) => {
            bytes.push(4);
            bytes.extend(value.to_le_bytes());
        }
        ScalarValue::Utf8(Some(text)) => {
            bytes.extend((text.len() as i32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        ScalarValue::Decimal128(Some(value), _, _) => bytes.extend(value.to_le_bytes()),
        other => return Err(bad_array("approx_top_k", &other.data_type())),
    }
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> DfResult<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or_else(broken)?;
        self.0 = rest;
        Ok(*head)
    }

    /// A number behind the byte that says its type.
    fn number<const N: usize>(&mut self) -> DfResult<[u8; N]> {
        self.take::<1>()?;
        self.take::<N>()
    }

    fn item(&mut self, item: &ArrowType) -> DfResult<ScalarValue> {
        Ok(match item {
            ArrowType::Boolean => ScalarValue::Boolean(Some(self.take::<1>()?[0] != 0)),
            ArrowType::Int8 => ScalarValue::Int8(Some(i8::from_le_bytes(self.number()?))),
            ArrowType::Int16 => ScalarValue::Int16(Some(i16::from_le_bytes(self.number()?))),
            ArrowType::Int32 => ScalarValue::Int32(Some(i32::from_le_bytes(self.number()?))),
            ArrowType::Date32 => ScalarValue::Date32(Some(i32::from_le_bytes(self.number()?))),
            ArrowType::Int64 => ScalarValue::Int64(Some(i64::from_le_bytes(self.number()?))),
            ArrowType::Timestamp(_, zone) => {
                ScalarValue::TimestampMicrosecond(Some(i64::from_le_bytes(self.number()?)), zone.clone())
            }
            ArrowType::Float32 => ScalarValue::Float32(Some(f32::from_le_bytes(self.number()?))),
            ArrowType::Float64 => ScalarValue::Float64(Some(f64::from_le_bytes(self.number()?))),
            ArrowType::Utf8 => {
                let length = i32::from_le_bytes(self.take()?);
                let length = usize::try_from(length).map_err(|_| broken())?;
                let (text, rest) = self.0.split_at_checked(length).ok_or_else(broken)?;
                self.0 = rest;
                ScalarValue::Utf8(Some(String::from_utf8(text.to_vec()).map_err(|_| broken())?))
            }
            ArrowType::Decimal128(precision, scale) => {
                ScalarValue::Decimal128(Some(i128::from_le_bytes(self.take()?)), *precision, *scale)
            }
            other => return Err(bad_array("approx_top_k", other)),
        })
    }
}

fn broken() -> DataFusionError {
    DataFusionError::Execution("the bytes are no sketch of frequent items".to_owned())
}

fn read(bytes: &[u8], item: &ArrowType) -> DfResult<Frequencies> {
    let mut reader = Reader(bytes);
    let head: [u8; 8] = reader.take()?;
    let mut sketch = Frequencies::new(head[3]);
    if head[0] == 4 {
        let active = i32::from_le_bytes(reader.take()?);
        reader.take::<4>()?;
        let weight = i64::from_le_bytes(reader.take()?);
        let offset = i64::from_le_bytes(reader.take()?);
        let mut counts = Vec::new();
        for _ in 0..active {
            counts.push(i64::from_le_bytes(reader.take()?));
        }
        for count in counts {
            let value = reader.item(item)?;
            let hash = java_hash(&value);
            sketch.update(value, hash, count);
        }
        (sketch.weight, sketch.offset) = (weight, offset);
    }
    sketch.nulls = i64::from_be_bytes(reader.take()?);
    Ok(sketch)
}

/// What `approx_top_k` and the functions of its states give.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The first `k` items.
    Items { k: i32 },
    /// The sketch as a struct, with the type of its items as DDL.
    State { ddl: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopK {
    pub name: &'static str,
    pub item: ArrowType,
    /// Rows are states, not items.
    pub combine: bool,
    /// `-1` takes the number of the states, which must be the same for all.
    pub tracked: i32,
    pub answer: Answer,
    pub input: ArrowType,
    pub result: ArrowType,
}

impl TopK {
    fn take_state(&self, state: &mut Frequencies, row: &ScalarValue) -> DfResult<()> {
        let ScalarValue::Struct(row) = row else { return Ok(()) };
        let bytes = row.column(0).as_binary::<i32>();
        let tracked = row.column(1).as_primitive::<datafusion::arrow::datatypes::Int32Type>().value(0);
        match state.tracked {
            Some(known) if self.tracked < 0 && known != tracked => {
                return Err(raise(APPROX_TOP_K_SKETCH_SIZE_NOT_MATCH.with("size1", known).with("size2", tracked)));
            }
            _ => state.tracked = Some(tracked),
        }
        state.merge(&read(bytes.value(0), &self.item)?);
        Ok(())
    }
}

impl Fold for TopK {
    type State = Frequencies;

    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.input.clone()]
    }

    fn result(&self) -> ArrowType {
        self.result.clone()
    }

    fn start(&self) -> DfResult<Frequencies> {
        Ok(Frequencies::new(lg_of(if self.tracked < 0 { LARGEST_ITEMS } else { self.tracked })))
    }

    fn add(&self, state: &mut Frequencies, values: &[ArrayRef]) -> DfResult<()> {
        if !self.combine {
            return state.add(&values[0]);
        }
        for row in (0..values[0].len()).filter(|row| values[0].is_valid(*row)) {
            self.take_state(state, &ScalarValue::try_from_array(&values[0], row)?)?;
        }
        Ok(())
    }

    fn save(&self, state: &Frequencies) -> DfResult<Vec<u8>> {
        let mut bytes = state.tracked.unwrap_or(-1).to_be_bytes().to_vec();
        bytes.extend(write(state)?);
        Ok(bytes)
    }

    fn merge(&self, state: &mut Frequencies, saved: &[u8]) -> DfResult<()> {
        let mut reader = Reader(saved);
        let tracked = i32::from_be_bytes(reader.take()?);
        if tracked >= 0 {
            if let Some(known) = state.tracked.filter(|known| self.tracked < 0 && *known != tracked) {
                return Err(raise(APPROX_TOP_K_SKETCH_SIZE_NOT_MATCH.with("size1", known).with("size2", tracked)));
            }
            state.tracked = Some(tracked);
        }
        state.merge(&read(reader.0, &self.item)?);
        Ok(())
    }

    fn finish(&self, state: &Frequencies) -> DfResult<ScalarValue> {
        match &self.answer {
            Answer::Items { k } => items(state, *k as usize, &self.item, &self.result),
            Answer::State { ddl } => {
                let ArrowType::Struct(fields) = &self.result else {
                    return Err(bad_array(self.name, &self.result));
                };
                let tracked = if self.tracked < 0 { state.tracked.unwrap_or(10_000) } else { self.tracked };
                let columns = vec![
                    ScalarValue::Binary(Some(write(state)?)).to_array()?,
                    ScalarValue::Int32(Some(tracked)).to_array()?,
                    ScalarValue::try_from(&self.item)?.to_array()?,
                    ScalarValue::Utf8(Some(ddl.clone())).to_array()?,
                ];
                Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(fields.clone(), columns, None)?)))
            }
        }
    }

    fn size(&self, state: &Frequencies) -> usize {
        state.slots.capacity() * size_of::<Option<Slot>>()
    }
}

/// The list of structs that the first `k` items make.
fn items(sketch: &Frequencies, k: usize, item: &ArrowType, result: &ArrowType) -> DfResult<ScalarValue> {
    let rows = sketch.top(k, item)?;
    let counts: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.1)).collect::<Int64Array>());
    let values = match rows.is_empty() {
        true => datafusion::arrow::array::new_empty_array(item),
        false => ScalarValue::iter_to_array(rows.into_iter().map(|row| row.0))?,
    };
    let ArrowType::List(element) = result else { return Err(bad_array("approx_top_k", result)) };
    let ArrowType::Struct(fields) = element.data_type() else { return Err(bad_array("approx_top_k", result)) };
    let structs: ArrayRef = Arc::new(StructArray::try_new(fields.clone(), vec![values, counts], None)?);
    let ScalarValue::List(list) = list_scalar(structs) else { return Err(bad_array("approx_top_k", result)) };
    let (_, offsets, values, nulls) = list.as_ref().clone().into_parts();
    let list = datafusion::arrow::array::ListArray::try_new(Arc::clone(element), offsets, values, nulls)?;
    Ok(ScalarValue::List(Arc::new(list)))
}

/// What `approx_top_k_estimate` needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Estimate {
    pub item: ArrowType,
    pub k: i32,
    pub result: ArrowType,
}

pub fn estimate(state: &Estimate, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let states = arrays[0].as_struct();
    let bytes = states.column(0).as_binary::<i32>();
    let tracked = states.column(1).as_primitive::<datafusion::arrow::datatypes::Int32Type>();
    let rows = (0..states.len()).map(|row| {
        if states.is_null(row) {
            return ScalarValue::try_from(&state.result);
        }
        if tracked.value(row) < state.k {
            return Err(raise(less_than_k(tracked.value(row), state.k)));
        }
        items(&read(bytes.value(row), &state.item)?, state.k as usize, &state.item, &state.result)
    });
    let rows = rows.collect::<DfResult<Vec<_>>>()?;
    if rows.is_empty() {
        return Ok(datafusion::arrow::array::new_empty_array(&state.result));
    }
    ScalarValue::iter_to_array(rows)
}

pub fn less_than_k(tracked: i32, k: i32) -> hearth_base::Error {
    hearth_base::condition::APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K.with("maxItemsTracked", tracked).with("k", k)
}
