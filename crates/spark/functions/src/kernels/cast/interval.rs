//! Intervals from text and from and to numbers.
//!
//! A number counts the interval's last field. Overflow is an error in every mode, as in Spark; only `try_cast` hides it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, PrimitiveBuilder, StringArray};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, DurationMicrosecondType, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
};
use datafusion::common::Result as DfResult;
use hearth_base::Error;
use hearth_base::condition::{INVALID_INTERVAL_FORMAT_UNMATCHED, INVALID_INTERVAL_FORMAT_UNMATCHED_WITH_NOTICE};
use hearth_types::interval_parse::{string_to_day_time, string_to_interval, string_to_year_month};
use hearth_types::{DataType, DayTimeField, YearMonthField};

use super::{CastPlan, map_values, report};
use crate::cast::CastMode;
use crate::kernels::decimal;
use crate::kernels::invoke::raise;

const MONTHS_PER_YEAR: i32 = 12;

fn month_unit(end: YearMonthField) -> i32 {
    match end {
        YearMonthField::Year => MONTHS_PER_YEAR,
        YearMonthField::Month => 1,
    }
}

fn micro_unit(end: DayTimeField) -> i64 {
    match end {
        DayTimeField::Day => 86_400_000_000,
        DayTimeField::Hour => 3_600_000_000,
        DayTimeField::Minute => 60_000_000,
        DayTimeField::Second => 1_000_000,
    }
}

pub fn cast(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef> {
    use DataType as T;
    match (&plan.from, &plan.to) {
        (T::YearMonthInterval { .. }, T::YearMonthInterval { end, .. }) => {
            let unit = month_unit(*end);
            map_values::<IntervalYearMonthType, IntervalYearMonthType>(array, plan, |months| {
                Ok(Some(months - months % unit))
            })
        }
        (T::DayTimeInterval { .. }, T::DayTimeInterval { end, .. }) => {
            // Seconds keep their fraction.
            let unit = if *end == DayTimeField::Second { 1 } else { micro_unit(*end) };
            map_values::<DurationMicrosecondType, DurationMicrosecondType>(array, plan, |micros| {
                Ok(Some(micros - micros % unit))
            })
        }
        (T::YearMonthInterval { end, .. }, _) => {
            let unit = i64::from(month_unit(*end));
            let months = map_longs::<IntervalYearMonthType>(plan, array)?;
            to_number(plan, &months, unit)
        }
        (T::DayTimeInterval { end, .. }, _) => {
            let micros = map_longs::<DurationMicrosecondType>(plan, array)?;
            to_number(plan, &micros, micro_unit(*end))
        }
        (_, T::YearMonthInterval { end, .. }) => {
            let unit = i64::from(month_unit(*end));
            from_number::<IntervalYearMonthType>(plan, array, unit, |value| i32::try_from(value).ok())
        }
        (_, T::DayTimeInterval { end, .. }) => {
            from_number::<DurationMicrosecondType>(plan, array, micro_unit(*end), |value| i64::try_from(value).ok())
        }
        _ => Err(plan.bad_array(array)),
    }
}

fn map_longs<F: ArrowPrimitiveType>(plan: &CastPlan, array: &ArrayRef) -> DfResult<ArrayRef>
where
    F::Native: Into<i64>,
{
    let long = plan.part(&plan.from, &DataType::Long);
    map_values::<F, Int64Type>(array, &long, |value| Ok(Some(value.into())))
}

/// Counts of `unit` in longs, as the wanted number.
fn to_number(plan: &CastPlan, longs: &ArrayRef, unit: i64) -> DfResult<ArrayRef> {
    fn whole<T: ArrowPrimitiveType>(
        plan: &CastPlan,
        longs: &ArrayRef,
        unit: i64,
        narrow: fn(i64) -> Option<T::Native>,
    ) -> DfResult<ArrayRef> {
        map_values::<Int64Type, T>(longs, plan, |value| match narrow(value / unit) {
            Some(count) => Ok(Some(count)),
            None => always_refuse(plan, || report::overflow(literal(plan, value), &plan.from, &plan.to)),
        })
    }
    match plan.to {
        DataType::Byte => whole::<Int8Type>(plan, longs, unit, |value| i8::try_from(value).ok()),
        DataType::Short => whole::<Int16Type>(plan, longs, unit, |value| i16::try_from(value).ok()),
        DataType::Integer => whole::<Int32Type>(plan, longs, unit, |value| i32::try_from(value).ok()),
        DataType::Long => whole::<Int64Type>(plan, longs, unit, Some),
        DataType::Decimal { precision, scale } => map_values::<Int64Type, Decimal128Type>(longs, plan, |value| {
            let shifted = decimal::rescale(i128::from(value), 0, 38, scale);
            let counted = shifted.map(|value| divide_half_up(value, i128::from(unit)));
            match counted.filter(|value| decimal::fits(*value, precision)) {
                Some(unscaled) => Ok(Some(unscaled)),
                None => always_refuse(plan, || {
                    let digits = if matches!(plan.from, DataType::YearMonthInterval { .. }) { 0 } else { 6 };
                    let exact = decimal::rescale(i128::from(value), 0, 38, digits).unwrap_or(0);
                    report::out_of_range(
                        report::decimal_text(divide_half_up(exact, i128::from(unit)), digits),
                        precision,
                        scale,
                    )
                }),
            }
        }),
        _ => Err(plan.bad_array(longs)),
    }
}

fn literal(plan: &CastPlan, value: i64) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = match plan.from {
        DataType::YearMonthInterval { start, end } => hearth_types::datetime_text::write_year_month_interval(
            &mut text,
            i32::try_from(value).unwrap_or(i32::MAX),
            start,
            end,
        ),
        DataType::DayTimeInterval { start, end } => {
            hearth_types::datetime_text::write_day_time_interval(&mut text, value, start, end)
        }
        _ => Ok(()),
    };
    text
}

fn divide_half_up(value: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (value / divisor, value % divisor);
    if remainder.abs() * 2 >= divisor { quotient + value.signum() } else { quotient }
}

fn from_number<T: ArrowPrimitiveType>(
    plan: &CastPlan,
    array: &ArrayRef,
    unit: i64,
    narrow: fn(i128) -> Option<T::Native>,
) -> DfResult<ArrayRef> {
    if let DataType::Decimal { scale, .. } = plan.from {
        return map_values::<Decimal128Type, T>(array, plan, |value| {
            let counted =
                value.checked_mul(i128::from(unit)).map(|value| decimal::divide_half_up(value, scale.unsigned_abs()));
            match counted.and_then(narrow) {
                Some(value) => Ok(Some(value)),
                None => always_refuse(plan, || {
                    report::overflow(report::decimal_literal(value, scale), &plan.from, &plan.to)
                }),
            }
        });
    }
    let longs = arrow_cast(array, &ArrowType::Int64)?;
    map_values::<Int64Type, T>(&longs, plan, |value| match narrow(i128::from(value) * i128::from(unit)) {
        Some(value) => Ok(Some(value)),
        None => {
            always_refuse(plan, || report::overflow(report::integer_literal(value, &plan.from), &plan.from, &plan.to))
        }
    })
}

/// The error, in every mode but `try_cast`.
fn always_refuse<T>(plan: &CastPlan, error: impl FnOnce() -> Error) -> DfResult<Option<T>> {
    if plan.mode == CastMode::Try { Ok(None) } else { Err(raise(error())) }
}

pub fn from_text(plan: &CastPlan, text: &StringArray) -> DfResult<ArrayRef> {
    match plan.to {
        DataType::YearMonthInterval { start, end } => {
            let mut output = PrimitiveBuilder::<IntervalYearMonthType>::with_capacity(text.len());
            for value in text {
                let months = value.map(|value| match string_to_year_month(value, start, end) {
                    Some(months) => Ok(Some(months)),
                    None => always_refuse(plan, || unmatched(value, &plan.to)),
                });
                output.append_option(months.transpose()?.flatten());
            }
            Ok(Arc::new(output.finish()))
        }
        DataType::DayTimeInterval { start, end } => {
            let mut output = PrimitiveBuilder::<DurationMicrosecondType>::with_capacity(text.len());
            for value in text {
                let micros = value.map(|value| match string_to_day_time(value, start, end) {
                    Some(micros) => Ok(Some(micros)),
                    None => always_refuse(plan, || unmatched(value, &plan.to)),
                });
                output.append_option(micros.transpose()?.flatten());
            }
            Ok(Arc::new(output.finish()))
        }
        _ => {
            // A calendar interval that does not parse is NULL in every mode.
            let mut output = PrimitiveBuilder::<IntervalMonthDayNanoType>::with_capacity(text.len());
            for value in text {
                output.append_option(value.and_then(string_to_interval).and_then(|interval| {
                    let nanos = interval.microseconds.checked_mul(1000)?;
                    Some(IntervalMonthDayNano::new(interval.months, interval.days, nanos))
                }));
            }
            Ok(Arc::new(output.finish()))
        }
    }
}

/// The error of a text that is not an interval of the wanted fields; it shows the forms that are.
fn unmatched(text: &str, to: &DataType) -> Error {
    let (kind, start, end, pattern, condition) = match to {
        DataType::YearMonthInterval { start, end } => {
            let letters = [(0, "y"), (1, "m")];
            let pattern = pattern(&letters, *start as usize, *end as usize);
            ("year-month", start.name(), end.name(), pattern, INVALID_INTERVAL_FORMAT_UNMATCHED)
        }
        DataType::DayTimeInterval { start, end } => {
            let letters = [(0, "d"), (1, "h"), (2, "m"), (3, "s.n")];
            let pattern = pattern(&letters, *start as usize, *end as usize);
            ("day-time", start.name(), end.name(), pattern, INVALID_INTERVAL_FORMAT_UNMATCHED_WITH_NOTICE)
        }
        other => return report::invalid_text(text, &DataType::STRING, other),
    };
    let fields = if start == end { start.to_owned() } else { format!("{start} to {end}") };
    let sign = "[+|-]";
    let upper = fields.to_uppercase();
    condition
        .with("input", text)
        .with("intervalStr", kind)
        .with("supportedFormat", format!("`{sign}{pattern}`, `INTERVAL {sign}'{sign}{pattern}' {upper}`"))
        .with("typeName", format!("interval {}", fields.to_lowercase()))
}

fn pattern(letters: &[(usize, &str)], start: usize, end: usize) -> String {
    let mut pattern = String::new();
    for (place, letter) in letters.iter().filter(|(place, _)| (start..=end).contains(place)) {
        if *place > start {
            pattern.push(match (letters.len(), place) {
                (2, _) => '-',
                (_, 1) => ' ',
                _ => ':',
            });
        }
        pattern.push_str(letter);
    }
    pattern
}
