//! `time_bucket`: the start of the interval, counted from an origin, that an instant falls into.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use hearth_base::Result;
use hearth_types::Zone;
use hearth_types::datetime_text::{MICROS_PER_DAY, civil_from_days};

use super::arithmetic::date_plus_months;
use super::{overflow, zone};
use crate::kernels::rowwise::Args;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// The session's zone; wall clocks have none.
    pub zone: Option<Arc<str>>,
    pub size: Size,
    /// Microseconds, as the values are.
    pub origin: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    Months(i64),
    Micros(i64),
}

/// The wall clock some months later, on the same day or the month's last.
fn plus_months(local: i64, months: i64) -> Option<i64> {
    let days = date_plus_months(local.div_euclid(MICROS_PER_DAY), months)?;
    days.checked_mul(MICROS_PER_DAY)?.checked_add(local.rem_euclid(MICROS_PER_DAY))
}

fn month_number(local: i64) -> i64 {
    let (year, month, _) = civil_from_days(local.div_euclid(MICROS_PER_DAY));
    year * 12 + i64::from(month)
}

/// The bucket of a wall clock, on the wall clock.
fn start(size: Size, origin: i64, local: i64) -> Option<i64> {
    match size {
        Size::Micros(size) => origin.checked_add(local.checked_sub(origin)?.div_euclid(size).checked_mul(size)?),
        Size::Months(size) => {
            let number = (month_number(local) - month_number(origin)).div_euclid(size);
            let found = plus_months(origin, number * size)?;
            // Within a month the day and the time decide.
            if found > local { plus_months(origin, (number - 1) * size) } else { Some(found) }
        }
    }
}

pub fn time_bucket(bucket: &Bucket, args: &Args) -> Result<ArrayRef> {
    let micros = args.column::<TimestampMicrosecondType>(0)?;
    // Only days and months follow the zone's clock: hours are the same everywhere.
    let by_clock = match bucket.size {
        Size::Months(_) => true,
        Size::Micros(size) => size >= MICROS_PER_DAY,
    };
    let zone: Option<Zone> = match &bucket.zone {
        Some(name) if by_clock => Some(zone(name)?),
        Some(_) | None => None,
    };
    let origin = zone.map_or(bucket.origin, |zone| zone.to_local(bucket.origin));
    args.try_values::<TimestampMicrosecondType>(|row| {
        let Some(micros) = micros.get(row) else { return Ok(None) };
        let local = zone.map_or(micros, |zone| zone.to_local(micros));
        let found = start(bucket.size, origin, local);
        let found = found.and_then(|found| zone.map_or(Some(found), |zone| zone.to_instant(found)));
        found.map(Some).ok_or_else(|| overflow("time_bucket"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_the_months_end() {
        let day = |day: i64| day * MICROS_PER_DAY;
        let january_31 = day(19_753);
        assert_eq!(start(Size::Months(1), january_31, day(19_812)), Some(day(19_782)));
        assert_eq!(start(Size::Micros(MICROS_PER_DAY), 0, -1), Some(-MICROS_PER_DAY));
    }
}
