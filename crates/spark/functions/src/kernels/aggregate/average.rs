//! The last step of `avg`: a sum over a count, for decimals and intervals.
//!
//! Spark divides decimals with HALF_UP to four more digits; DataFusion's `avg` truncates. The sum and the count are
//! aggregates of their own, so that `sum(x)`, `avg(x)` and `count(x)` of one query share them.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, DurationMicrosecondArray, IntervalYearMonthArray,
};
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Decimal128Type, DurationMicrosecondType, Int64Type, IntervalYearMonthType,
};
use datafusion::common::Result as DfResult;
use hearth_base::condition::NUMERIC_VALUE_OUT_OF_RANGE;

use crate::kernels::invoke::{bad_array, raise};

/// Digits that the quotient has more than the sum, its precision and scale, and what to do when it does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecimalAverage {
    pub extra: u32,
    pub precision: u8,
    pub scale: i8,
    pub ansi: bool,
}

/// Kernel: `sum / count`.
pub fn decimal_average(state: &DecimalAverage, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let sums = arrays[0].as_primitive::<Decimal128Type>();
    let counts = arrays[1].as_primitive::<Int64Type>();
    let limit = 10_i128.pow(u32::from(state.precision));
    let factor = 10_i128.pow(state.extra);
    let mut values = Vec::with_capacity(sums.len());
    for (sum, count) in sums.iter().zip(counts.iter()) {
        let (Some(sum), Some(count)) = (sum, count) else {
            values.push(None);
            continue;
        };
        if count == 0 {
            values.push(None);
            continue;
        }
        let quotient = divide(sum, i128::from(count), factor).filter(|value| value.abs() < limit);
        if quotient.is_none() && state.ansi {
            return Err(raise(
                NUMERIC_VALUE_OUT_OF_RANGE
                    .with("value", format!("{sum}E-{} / {count}", state.scale - state.extra as i8))
                    .with("precision", state.precision)
                    .with("scale", state.scale)
                    .with("config", "\"spark.sql.ansi.enabled\""),
            ));
        }
        values.push(quotient);
    }
    Ok(Arc::new(Decimal128Array::from(values).with_precision_and_scale(state.precision, state.scale)?))
}

/// `sum * factor / count`, rounded half up (away from zero), or `None` when it leaves 128 bits.
fn divide(sum: i128, count: i128, factor: i128) -> Option<i128> {
    let whole = (sum / count).checked_mul(factor)?;
    // The remainder is below 2^63 and the factor at most 10^4: no overflow.
    let rest = (sum % count) * factor;
    let (mut part, left) = (rest / count, rest % count);
    if left.abs() * 2 >= count {
        part += left.signum();
    }
    whole.checked_add(part)
}

/// Kernel: the average of an interval, rounded half up to its unit.
pub fn interval_average(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let counts = arrays[1].as_primitive::<Int64Type>();
    let average = |sum: Option<i64>, count: Option<i64>| {
        let (sum, count) = (i128::from(sum?), i128::from(count?));
        if count == 0 { None } else { divide(sum, count, 1).and_then(|value| i64::try_from(value).ok()) }
    };
    match arrays[0].data_type() {
        ArrowType::Duration(_) => {
            let sums = arrays[0].as_primitive::<DurationMicrosecondType>();
            let values = sums.iter().zip(counts.iter()).map(|(sum, count)| average(sum, count));
            Ok(Arc::new(values.collect::<DurationMicrosecondArray>()))
        }
        ArrowType::Interval(_) => {
            let sums = arrays[0].as_primitive::<IntervalYearMonthType>();
            let values = sums
                .iter()
                .zip(counts.iter())
                .map(|(sum, count)| average(sum.map(i64::from), count).and_then(|months| i32::try_from(months).ok()));
            Ok(Arc::new(values.collect::<IntervalYearMonthArray>()))
        }
        other => Err(bad_array("avg", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_round_half_away_from_zero() {
        assert_eq!(divide(5, 3, 10_000), Some(16_667));
        assert_eq!(divide(-5, 3, 10_000), Some(-16_667));
        assert_eq!(divide(1, 8, 100), Some(13));
        assert_eq!(divide(i128::MAX, 1, 10), None);
    }
}
