//! Arithmetic of dates, timestamps, times and intervals.
//!
//! Days and months are added to the wall clock of the session's zone, time to the instant (`DateTimeUtils`). Overflow is
//! an error in every mode but `try_`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveBuilder};
use datafusion::arrow::datatypes::{
    Date32Type, DurationMicrosecondType, Float64Type, Int32Type, Int64Type, IntervalMonthDayNano,
    IntervalMonthDayNanoType, IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use datafusion::common::Result as DfResult;
use hearth_base::condition::{
    DATETIME_OVERFLOW, INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION, INTERVAL_DIVIDED_BY_ZERO,
    INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION,
};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::datetime_text::{civil_from_days, days_from_civil, days_in_month};
use hearth_types::{DataType, Zone};

use crate::kernels::invoke::{bad_array, raise};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What is computed, left and right in the order of the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    DatePlusDays,
    DatePlusMonths,
    DatePlusInterval,
    /// The same, where hours and less are an error.
    DatePlusDaysOfInterval,
    TimestampPlusMonths,
    TimestampPlusMicros,
    TimestampPlusInterval,
    TimePlusMicros,
    DateMinusDate,
    TimestampMinusTimestamp,
    TimeMinusTime,
    MonthsPlusMonths,
    MicrosPlusMicros,
    IntervalPlusInterval,
    MonthsTimes,
    MicrosTimes,
    IntervalTimes,
    MonthsTimesWhole,
    MicrosTimesWhole,
    MonthsBy,
    MicrosBy,
    IntervalBy,
    MonthsIn,
    MicrosIn,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Temporal {
    pub action: Action,
    /// Subtract instead of add.
    pub minus: bool,
    /// Overflow gives NULL.
    pub tolerant: bool,
    pub result: DataType,
    pub time_zone: Arc<str>,
    /// The function that gives NULL where this fails, for errors.
    pub tolerant_name: &'static str,
}

impl Temporal {
    fn signed(&self, value: i64) -> Option<i64> {
        if self.minus { value.checked_neg() } else { Some(value) }
    }

    fn fail<T>(&self, error: impl FnOnce() -> Error) -> Result<Option<T>> {
        if self.tolerant { Ok(None) } else { Err(error()) }
    }

    fn date_error(&self) -> Error {
        DATETIME_OVERFLOW.with("operation", "adding to a date or timestamp")
    }

    fn interval_error(&self) -> Error {
        INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION.with("functionName", format!("`{}`", self.tolerant_name))
    }
}

type Micros = TimestampMicrosecondType;
type Months = IntervalYearMonthType;
type Span = DurationMicrosecondType;
type Calendar = IntervalMonthDayNanoType;

impl Temporal {
    /// The zone of the wall clock that days and months are added to.
    fn zone(&self) -> Zone {
        match self.result {
            DataType::TimestampNtz => Zone::UTC,
            _ => Zone::parse(&self.time_zone).unwrap_or(Zone::UTC),
        }
    }

    fn date_or(&self, days: Option<i64>) -> Result<Option<i32>> {
        match days.and_then(|days| i32::try_from(days).ok()) {
            Some(days) => Ok(Some(days)),
            None => self.fail(|| self.date_error()),
        }
    }

    fn instant_or(&self, micros: Option<i64>) -> Result<Option<i64>> {
        match micros {
            Some(micros) => Ok(Some(micros)),
            None => self.fail(|| self.date_error()),
        }
    }

    fn months_or(&self, months: Option<i64>) -> Result<Option<i32>> {
        match months.and_then(|months| i32::try_from(months).ok()) {
            Some(months) => Ok(Some(months)),
            None => self.fail(|| self.interval_error()),
        }
    }

    fn span_or(&self, micros: Option<i64>) -> Result<Option<i64>> {
        match micros {
            Some(micros) => Ok(Some(micros)),
            None => self.fail(|| self.interval_error()),
        }
    }
}

/// The kernel: two arrays of one length.
pub fn evaluate(plan: &Temporal, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    if let Some(answer) = points(plan, arrays).or_else(|| lengths(plan, arrays)) {
        return answer;
    }
    scaled(plan, arrays)
}

/// Points in time that are moved.
fn points(plan: &Temporal, arrays: &[ArrayRef]) -> Option<DfResult<ArrayRef>> {
    let zone = plan.zone();
    let answer = match plan.action {
        Action::DatePlusDays => each::<Date32Type, Int32Type, Date32Type>(plan, arrays, |day, days| {
            Ok(Some(if plan.minus { day.wrapping_sub(days) } else { day.wrapping_add(days) }))
        }),
        Action::DatePlusMonths => each::<Date32Type, Months, Date32Type>(plan, arrays, |day, months| {
            plan.date_or(plan.signed(i64::from(months)).and_then(|months| add_months(i64::from(day), months)))
        }),
        Action::DatePlusInterval | Action::DatePlusDaysOfInterval => {
            each::<Date32Type, Calendar, Date32Type>(plan, arrays, |day, interval| {
                if plan.action == Action::DatePlusDaysOfInterval && interval.nanoseconds != 0 {
                    return Err(INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION.error());
                }
                let months = plan.signed(i64::from(interval.months));
                let days = plan.signed(i64::from(interval.days) + interval.nanoseconds / 1000 / MICROS_PER_DAY);
                plan.date_or(
                    months
                        .and_then(|months| add_months(i64::from(day), months))
                        .zip(days)
                        .map(|(day, days)| day + days),
                )
            })
        }
        Action::TimestampPlusMonths => each::<Micros, Months, Micros>(plan, arrays, |micros, months| {
            let months = plan.signed(i64::from(months));
            plan.instant_or(months.and_then(|months| add_to_timestamp(micros, (months, 0, 0), &zone)))
        }),
        Action::TimestampPlusMicros => {
            each::<Micros, Span, Micros>(plan, arrays, |micros, span| {
                let span = plan.signed(span);
                plan.instant_or(span.and_then(|span| {
                    add_to_timestamp(micros, (0, span / MICROS_PER_DAY, span % MICROS_PER_DAY), &zone)
                }))
            })
        }
        Action::TimestampPlusInterval => each::<Micros, Calendar, Micros>(plan, arrays, |micros, interval| {
            let sign = if plan.minus { -1 } else { 1 };
            let parts = (
                sign * i64::from(interval.months),
                sign * i64::from(interval.days),
                sign * (interval.nanoseconds / 1000),
            );
            plan.instant_or(add_to_timestamp(micros, parts, &zone))
        }),
        Action::TimePlusMicros => {
            each::<Time64NanosecondType, Span, Time64NanosecondType>(plan, arrays, |nanos, span| {
                let moved =
                    plan.signed(span).and_then(|span| span.checked_mul(1000)).and_then(|span| nanos.checked_add(span));
                plan.instant_or(moved.filter(|nanos| (0..MICROS_PER_DAY * 1000).contains(nanos)))
            })
        }
        _ => return None,
    };
    Some(answer)
}

/// Distances of points, and sums of intervals.
fn lengths(plan: &Temporal, arrays: &[ArrayRef]) -> Option<DfResult<ArrayRef>> {
    let zone = plan.zone();
    let answer = match plan.action {
        Action::DateMinusDate => each::<Date32Type, Date32Type, Span>(plan, arrays, |left, right| {
            plan.span_or((i64::from(left) - i64::from(right)).checked_mul(MICROS_PER_DAY))
        }),
        Action::TimestampMinusTimestamp => each::<Micros, Micros, Span>(plan, arrays, |left, right| {
            plan.span_or(zone.to_local(left).checked_sub(zone.to_local(right)))
        }),
        Action::TimeMinusTime => {
            each::<Time64NanosecondType, Time64NanosecondType, Span>(plan, arrays, |left, right| {
                Ok(Some((left - right) / 1000))
            })
        }
        Action::MonthsPlusMonths => each::<Months, Months, Months>(plan, arrays, |left, right| {
            plan.months_or(plan.signed(i64::from(right)).map(|right| i64::from(left) + right))
        }),
        Action::MicrosPlusMicros => each::<Span, Span, Span>(plan, arrays, |left, right| {
            plan.span_or(if plan.minus { left.checked_sub(right) } else { left.checked_add(right) })
        }),
        Action::IntervalPlusInterval => each::<Calendar, Calendar, Calendar>(plan, arrays, |left, right| {
            match add_intervals(left, right, plan.minus) {
                Some(sum) => Ok(Some(sum)),
                None => plan.fail(|| plan.interval_error()),
            }
        }),
        _ => return None,
    };
    Some(answer)
}

/// Intervals times and by numbers, and by each other.
fn scaled(plan: &Temporal, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    match plan.action {
        Action::MonthsTimes => each::<Months, Float64Type, Months>(plan, arrays, |left, factor| {
            plan.months_or(rounded(f64::from(left) * factor))
        }),
        Action::MicrosTimes => {
            each::<Span, Float64Type, Span>(plan, arrays, |left, factor| plan.span_or(rounded(left as f64 * factor)))
        }
        Action::MonthsTimesWhole => each::<Months, Int64Type, Months>(plan, arrays, |left, factor| {
            plan.months_or(i64::from(left).checked_mul(factor))
        }),
        Action::MicrosTimesWhole => {
            each::<Span, Int64Type, Span>(plan, arrays, |left, factor| plan.span_or(left.checked_mul(factor)))
        }
        Action::IntervalTimes => each::<Calendar, Float64Type, Calendar>(plan, arrays, |left, factor| {
            match scale_interval(left, |part| part * factor) {
                Some(product) => Ok(Some(product)),
                None => plan.fail(|| plan.interval_error()),
            }
        }),
        Action::MonthsBy => each::<Months, Float64Type, Months>(plan, arrays, |left, divisor| {
            if divisor == 0.0 { plan.fail(by_zero) } else { plan.months_or(rounded(f64::from(left) / divisor)) }
        }),
        Action::MicrosBy => each::<Span, Float64Type, Span>(plan, arrays, |left, divisor| {
            if divisor == 0.0 { plan.fail(by_zero) } else { plan.span_or(rounded(left as f64 / divisor)) }
        }),
        Action::IntervalBy => each::<Calendar, Float64Type, Calendar>(plan, arrays, |left, divisor| {
            if divisor == 0.0 {
                return plan.fail(by_zero);
            }
            match scale_interval(left, |part| part / divisor) {
                Some(quotient) => Ok(Some(quotient)),
                None => plan.fail(|| plan.interval_error()),
            }
        }),
        Action::MonthsIn => each::<Months, Months, Int64Type>(plan, arrays, |left, right| match right {
            0 => plan.fail(by_zero),
            right => Ok(Some(i64::from(left) / i64::from(right))),
        }),
        Action::MicrosIn => each::<Span, Span, Int64Type>(plan, arrays, |left, right| match right {
            0 => plan.fail(by_zero),
            right => Ok(Some(left.wrapping_div(right))),
        }),
        _ => Err(raise(Error::internal("datetime arithmetic that is none"))),
    }
}

fn by_zero() -> Error {
    INTERVAL_DIVIDED_BY_ZERO.error()
}

fn each<L: ArrowPrimitiveType, R: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    plan: &Temporal,
    arrays: &[ArrayRef],
    f: impl Fn(L::Native, R::Native) -> Result<Option<O::Native>>,
) -> DfResult<ArrayRef> {
    let [left, right] = arrays else {
        return Err(raise(Error::internal("datetime arithmetic takes two arguments")));
    };
    let lefts = left.as_primitive_opt::<L>().ok_or_else(|| bad_array("datetime arithmetic", left.data_type()))?;
    let rights = right.as_primitive_opt::<R>().ok_or_else(|| bad_array("datetime arithmetic", right.data_type()))?;
    let mut output = PrimitiveBuilder::<O>::with_capacity(lefts.len());
    for row in 0..lefts.len() {
        if lefts.is_null(row) || rights.is_null(row) {
            output.append_null();
        } else {
            output.append_option(f(lefts.value(row), rights.value(row)).map_err(raise)?);
        }
    }
    Ok(Arc::new(output.finish().with_data_type(to_engine_arrow(&plan.result))))
}

/// The day so many months later, or the last of its month.
pub fn add_months(days: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil_from_days(days);
    let total = year.checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
    let year = total.div_euclid(12);
    let month = u32::try_from(total.rem_euclid(12)).ok()? + 1;
    Some(days_from_civil(year, month, day.min(days_in_month(year, month))))
}

/// Months and days on the wall clock, then microseconds on the instant.
fn add_to_timestamp(micros: i64, (months, days, rest): (i64, i64, i64), zone: &Zone) -> Option<i64> {
    let moved = if months == 0 && days == 0 {
        micros
    } else {
        let local = zone.to_local(micros);
        let day = add_months(local.div_euclid(MICROS_PER_DAY), months)?.checked_add(days)?;
        zone.to_instant(day.checked_mul(MICROS_PER_DAY)?.checked_add(local.rem_euclid(MICROS_PER_DAY))?)?
    };
    moved.checked_add(rest)
}

fn add_intervals(left: IntervalMonthDayNano, right: IntervalMonthDayNano, minus: bool) -> Option<IntervalMonthDayNano> {
    if minus {
        return Some(IntervalMonthDayNano::new(
            left.months.checked_sub(right.months)?,
            left.days.checked_sub(right.days)?,
            left.nanoseconds.checked_sub(right.nanoseconds)?,
        ));
    }
    Some(IntervalMonthDayNano::new(
        left.months.checked_add(right.months)?,
        left.days.checked_add(right.days)?,
        left.nanoseconds.checked_add(right.nanoseconds)?,
    ))
}

/// Months lose their fraction, days give theirs to the time.
fn scale_interval(interval: IntervalMonthDayNano, scale: impl Fn(f64) -> f64) -> Option<IntervalMonthDayNano> {
    let months = whole_i32(scale(f64::from(interval.months)))?;
    let exact_days = scale(f64::from(interval.days));
    let days = whole_i32(exact_days)?;
    let micros =
        scale((interval.nanoseconds / 1000) as f64) + MICROS_PER_DAY as f64 * (exact_days - exact_days.trunc());
    Some(IntervalMonthDayNano::new(months, days, rounded(micros)?.checked_mul(1000)?))
}

fn whole_i32(value: f64) -> Option<i32> {
    let whole = value.trunc();
    (whole >= f64::from(i32::MIN) && whole <= f64::from(i32::MAX)).then_some(whole as i32)
}

/// The nearest integer, halves away from zero.
fn rounded(value: f64) -> Option<i64> {
    let rounded = value.round();
    (rounded >= i64::MIN as f64 && rounded < i64::MAX as f64).then_some(rounded as i64)
}
