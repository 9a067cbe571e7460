//! `sequence`: numbers, dates and timestamps in steps.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, ListArray, TimestampMicrosecondArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Date32Type, DurationMicrosecondType, Int64Type, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType, TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result as DfResult};
use hearth_base::Error;
use hearth_base::condition::INVALID_REQUEST;
use hearth_types::Zone;
use hearth_types::datetime_text::{civil_from_days, days_from_civil, days_in_month};

use super::shape::{Shaped, conform};
use crate::kernels::invoke::{bad_array, raise};
use crate::kernels::room;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// `ByteArrayMethods.MAX_ROUNDED_ARRAY_LENGTH`.
const MAX_LENGTH: usize = 2_147_483_632;

fn illegal(start: i64, stop: i64, step: impl std::fmt::Display) -> DataFusionError {
    // A bare IllegalArgumentException in Spark, which has no condition.
    let message = format!("requirement failed: Illegal sequence boundaries: {start} to {stop} by {step}");
    raise(INVALID_REQUEST.with("message", message))
}

/// The values of all rows and how many each row has.
#[derive(Default)]
struct Steps {
    values: Vec<i64>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Steps {
    fn end(&mut self, before: usize, valid: bool) {
        self.lengths.push(self.values.len() - before);
        self.valid.push(valid);
    }

    fn finish(self, values: ArrayRef, result: &ArrowType) -> DfResult<ArrayRef> {
        let ArrowType::List(field) = result else { return Err(bad_array("sequence", result)) };
        let values = conform(&values, field.data_type())?;
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let nulls = Some(NullBuffer::from(self.valid));
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?))
    }
}

/// Kernel: `sequence(start, stop[, step])` of integers of one type; without a step 1, or -1 when it goes down.
pub fn integers(shaped: &Shaped<()>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let longs: Vec<ArrayRef> = arrays.iter().map(|array| cast(array, &ArrowType::Int64)).collect::<Result<_, _>>()?;
    let (starts, stops) = (longs[0].as_primitive::<Int64Type>(), longs[1].as_primitive::<Int64Type>());
    let by = longs.get(2).map(|array| array.as_primitive::<Int64Type>());
    let mut steps = Steps::default();
    for row in 0..starts.len() {
        let before = steps.values.len();
        if starts.is_null(row) || stops.is_null(row) || by.is_some_and(|by| by.is_null(row)) {
            steps.end(before, false);
            continue;
        }
        let (start, stop) = (starts.value(row), stops.value(row));
        let step = by.map_or(if start <= stop { 1 } else { -1 }, |by| by.value(row));
        let forward = (step > 0 && start <= stop) || (step < 0 && start >= stop) || (step == 0 && start == stop);
        if !forward {
            return Err(illegal(start, stop, step));
        }
        if step == 0 {
            steps.values.push(start);
        } else {
            let count = (i128::from(stop) - i128::from(start)) / i128::from(step) + 1;
            if count as usize > MAX_LENGTH {
                return Err(raise(Error::unsupported(format!("a sequence of {count} elements"))));
            }
            room::check_elements("the sequence", before + count as usize).map_err(raise)?;
            steps.values.extend((0..count as i64).map(|index| start.wrapping_add(step.wrapping_mul(index))));
        }
        steps.end(before, true);
    }
    let values: ArrayRef = Arc::new(Int64Array::from(std::mem::take(&mut steps.values)));
    steps.finish(values, &shaped.result)
}

/// Months, days and microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    months: i64,
    days: i64,
    micros: i64,
}

impl Step {
    fn read(array: &ArrayRef, row: usize) -> DfResult<Option<Self>> {
        if array.is_null(row) {
            return Ok(None);
        }
        let (months, days, micros) = match array.data_type() {
            ArrowType::Interval(IntervalUnit::YearMonth) => {
                (i64::from(array.as_primitive::<IntervalYearMonthType>().value(row)), 0, 0)
            }
            ArrowType::Duration(_) => (0, 0, array.as_primitive::<DurationMicrosecondType>().value(row)),
            ArrowType::Interval(IntervalUnit::MonthDayNano) => {
                let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
                (i64::from(value.months), i64::from(value.days), value.nanoseconds / 1000)
            }
            other => return Err(bad_array("sequence", other)),
        };
        Ok(Some(Self { months, days, micros }))
    }

    /// Roughly how long it is: only the sign and the bound on the number of steps depend on it.
    fn estimate(self) -> i64 {
        self.months * 28 * MICROS_PER_DAY + self.days * MICROS_PER_DAY + self.micros
    }

    /// `start` (microseconds) and `times` steps in `zone`.
    fn from(self, start: i64, times: i64, zone: &Zone) -> Option<i64> {
        if self.months == 0 && self.days == 0 {
            return start.checked_add(self.micros.checked_mul(times)?);
        }
        let local = zone.to_local(start);
        let (day, time) = (local.div_euclid(MICROS_PER_DAY), local.rem_euclid(MICROS_PER_DAY));
        let day = add_months(day, self.months.checked_mul(times)?)?.checked_add(self.days.checked_mul(times)?)?;
        let local = day.checked_mul(MICROS_PER_DAY)?.checked_add(time)?;
        zone.to_instant(local)?.checked_add(self.micros.checked_mul(times)?)
    }
}

fn add_months(day: i64, months: i64) -> Option<i64> {
    if months == 0 {
        return Some(day);
    }
    let (year, month, of_month) = civil_from_days(day);
    let total = year.checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) as u32 + 1);
    Some(days_from_civil(year, month, of_month.min(days_in_month(year, month))))
}

/// The session's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InZone(pub String);

/// Kernel: `sequence(start, stop, step)` of dates or timestamps; without a step a day, or a day back.
pub fn moments(shaped: &Shaped<InZone>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let is_date = matches!(arrays[0].data_type(), ArrowType::Date32);
    let local = is_date || matches!(arrays[0].data_type(), ArrowType::Timestamp(_, None));
    let zone = if local { Zone::UTC } else { Zone::parse(&shaped.state.0).unwrap_or(Zone::UTC) };
    let micros = |array: &ArrayRef, row: usize| -> Option<i64> {
        array.is_valid(row).then(|| {
            if is_date {
                i64::from(array.as_primitive::<Date32Type>().value(row)) * MICROS_PER_DAY
            } else {
                array.as_primitive::<TimestampMicrosecondType>().value(row)
            }
        })
    };
    let mut steps = Steps::default();
    for row in 0..arrays[0].len() {
        let before = steps.values.len();
        let (Some(start), Some(stop)) = (micros(&arrays[0], row), micros(&arrays[1], row)) else {
            steps.end(before, false);
            continue;
        };
        let step = match arrays.get(2) {
            Some(array) => Step::read(array, row)?,
            None => Some(Step { months: 0, days: if start <= stop { 1 } else { -1 }, micros: 0 }),
        };
        let Some(step) = step else {
            steps.end(before, false);
            continue;
        };
        walk(&mut steps.values, (start, stop), step, &zone)?;
        steps.end(before, true);
    }
    let values = std::mem::take(&mut steps.values);
    let values: ArrayRef = if is_date {
        Arc::new(Date32Array::from_iter_values(values.into_iter().map(|value| value.div_euclid(MICROS_PER_DAY) as i32)))
    } else {
        let ArrowType::List(field) = &shaped.result else { return Err(bad_array("sequence", &shaped.result)) };
        Arc::new(TimestampMicrosecondArray::from(values).with_data_type(field.data_type().clone()))
    };
    steps.finish(values, &shaped.result)
}

fn walk(values: &mut Vec<i64>, (start, stop): (i64, i64), step: Step, zone: &Zone) -> DfResult<()> {
    let estimate = step.estimate();
    if estimate == 0 || (start != stop && (estimate > 0) != (start < stop)) {
        if estimate == 0 && start == stop {
            values.push(start);
            return Ok(());
        }
        return Err(illegal(start, stop, estimate));
    }
    if (stop.abs_diff(start) / estimate.unsigned_abs()) as usize > MAX_LENGTH {
        return Err(raise(Error::unsupported("a sequence of more than 2147483632 elements")));
    }
    let count = stop.abs_diff(start) / estimate.unsigned_abs();
    room::check_elements("the sequence", values.len() + usize::try_from(count).unwrap_or(usize::MAX)).map_err(raise)?;
    for times in 0.. {
        match step.from(start, times, zone) {
            Some(value) if (estimate > 0 && value <= stop) || (estimate < 0 && value >= stop) => values.push(value),
            _ => break,
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Recorded from Spark 4.2: `sequence(date'2020-01-31', date'2020-04-30', interval 1 month)`.
    #[test]
    fn months_are_counted_from_the_start() {
        let day = |year, month, day| days_from_civil(year, month, day) * MICROS_PER_DAY;
        let mut values = Vec::new();
        let step = Step { months: 1, days: 0, micros: 0 };
        walk(&mut values, (day(2020, 1, 31), day(2020, 4, 30)), step, &Zone::UTC).unwrap();
        assert_eq!(values, [day(2020, 1, 31), day(2020, 2, 29), day(2020, 3, 31), day(2020, 4, 30)]);
        assert!(walk(&mut values, (1, 0), step, &Zone::UTC).is_err());
    }
}
