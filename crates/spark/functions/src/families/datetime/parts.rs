//! Builders that take parts of dates, timestamps and intervals, cut them, and move them.

use hearth_base::Result;
use hearth_base::condition::{INVALID_DATETIME_UNIT, INVALID_EXTRACT_FIELD};
use hearth_types::DataType;

use super::setting;
use crate::call::Call;
use crate::coercion;
use crate::inputs::Input::{Boolean, Date, Int, Text, Timestamp};
use crate::inputs::{coerced, expect, lenient, strict};
use crate::kernels::datetime::arithmetic::{self, Unit};
use crate::kernels::datetime::fields::{self, DatePart, IntervalPart, TimePart};
use crate::kernels::invoke::any_nullable;
use crate::kernels::rowwise::call_rows;
use crate::typed::Typed;
use crate::wrong_number;

const SECONDS: DataType = DataType::Decimal { precision: 8, scale: 6 };

macro_rules! date_parts {
    ($($name:ident $part:ident;)*) => {
        $(pub fn $name(mut call: Call<'_>) -> Result<Typed> {
            let [value] = call.take()?;
            date_part_of(&call, 0, value, DatePart::$part)
        })*
    };
}

date_parts! {
    year Year;
    quarter Quarter;
    month Month;
    day Day;
    dayofyear DayOfYear;
    dayofweek DayOfWeek;
    weekday Weekday;
    weekofyear Week;
}

fn date_part_of(call: &Call<'_>, index: usize, value: Typed, part: DatePart) -> Result<Typed> {
    let value = coercion::date(call, index, value)?;
    let nullable = value.nullable;
    call_rows("date_part_of_date", vec![value], (DataType::Integer, nullable), part, fields::of_date)
}

pub fn hour(call: Call<'_>) -> Result<Typed> {
    clock_part(call, TimePart::Hour)
}

pub fn minute(call: Call<'_>) -> Result<Typed> {
    clock_part(call, TimePart::Minute)
}

pub fn second(call: Call<'_>) -> Result<Typed> {
    clock_part(call, TimePart::Second)
}

/// Spark takes any number of further arguments here, and forgets them.
fn clock_part(mut call: Call<'_>, part: TimePart) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let value = values.next().ok_or_else(|| hearth_base::Error::internal("a part of no time"))?;
    if values.next().is_some() {
        call.sql = format!("{}({})", call.name, call.argument_sql.first().map_or("", String::as_str));
    }
    if matches!(value.data_type, DataType::Time { .. }) {
        call.check_time()?;
        return super::clock::part(value, part);
    }
    let fits = coercion::implicit_type(&value.data_type, &DataType::Timestamp, call.session.ansi).is_some();
    if !fits && value.data_type != DataType::TimestampNtz {
        return Err(call.unexpected_type(0, "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"", &value.data_type));
    }
    time_part_of(&call, 0, value, part)
}

fn time_part_of(call: &Call<'_>, index: usize, value: Typed, part: TimePart) -> Result<Typed> {
    if value.data_type == DataType::TimestampNtz {
        let nullable = value.nullable;
        return call_rows(
            "time_part_of_clock",
            vec![value],
            (DataType::Integer, nullable),
            part,
            fields::of_wall_clock,
        );
    }
    let value = coercion::timestamp(call, index, value)?;
    let nullable = value.nullable;
    let state = (part, setting(call));
    call_rows("time_part_of_timestamp", vec![value], (DataType::Integer, nullable), state, fields::of_timestamp)
}

pub fn dayname(call: Call<'_>) -> Result<Typed> {
    strict(call, "dayname", &[Date], DataType::STRING, DatePart::Weekday, fields::name)
}

pub fn monthname(call: Call<'_>) -> Result<Typed> {
    strict(call, "monthname", &[Date], DataType::STRING, DatePart::Month, fields::name)
}

/// `date_part(field, source)`, `extract(field FROM source)`
pub fn date_part(mut call: Call<'_>) -> Result<Typed> {
    let [field, source] = call.take()?;
    let name = field.literal_str().filter(|_| field.data_type.is_string());
    let name = name.ok_or_else(|| crate::coercion::not_foldable(&call, "field", &DataType::STRING))?;
    let name = name.to_ascii_uppercase();
    let part = if source.data_type.is_interval() {
        interval_field(&source.data_type, &name).map(|part| interval_part_of(source.clone(), part))
    } else {
        let is_time = matches!(source.data_type, DataType::Time { .. });
        let field = datetime_field(&name).filter(|field| !is_time || !matches!(field, DatetimeField::Date(_)));
        if is_time && field.is_some() {
            call.check_time()?;
        }
        field.map(|field| match field {
            DatetimeField::Time(part) if is_time => super::clock::part(source.clone(), part),
            DatetimeField::Seconds if is_time => super::clock::seconds_with_fraction(source.clone()),
            DatetimeField::Date(part) => date_part_of(&call, 1, source.clone(), part),
            DatetimeField::Time(part) => time_part_of(&call, 1, source.clone(), part),
            DatetimeField::Seconds => seconds_of(&call, source.clone()),
        })
    };
    part.unwrap_or_else(|| {
        Err(INVALID_EXTRACT_FIELD
            .with("field", format!("`{}`", field.literal_str().unwrap_or_default()))
            .with("expr", format!("\"{}\"", call.argument_sql.get(1).map_or("", String::as_str))))
    })
}

enum DatetimeField {
    Date(DatePart),
    Time(TimePart),
    Seconds,
}

fn datetime_field(name: &str) -> Option<DatetimeField> {
    Some(match name {
        "YEAR" | "Y" | "YEARS" | "YR" | "YRS" => DatetimeField::Date(DatePart::Year),
        "YEAROFWEEK" => DatetimeField::Date(DatePart::YearOfWeek),
        "QUARTER" | "QTR" => DatetimeField::Date(DatePart::Quarter),
        "MONTH" | "MON" | "MONS" | "MONTHS" => DatetimeField::Date(DatePart::Month),
        "WEEK" | "W" | "WEEKS" => DatetimeField::Date(DatePart::Week),
        "DAY" | "D" | "DAYS" => DatetimeField::Date(DatePart::Day),
        "DAYOFWEEK" | "DOW" => DatetimeField::Date(DatePart::DayOfWeek),
        "DAYOFWEEK_ISO" | "DOW_ISO" => DatetimeField::Date(DatePart::DayOfWeekIso),
        "DOY" => DatetimeField::Date(DatePart::DayOfYear),
        "HOUR" | "H" | "HOURS" | "HR" | "HRS" => DatetimeField::Time(TimePart::Hour),
        "MINUTE" | "M" | "MIN" | "MINS" | "MINUTES" => DatetimeField::Time(TimePart::Minute),
        "SECOND" | "S" | "SEC" | "SECONDS" | "SECS" => DatetimeField::Seconds,
        _ => return None,
    })
}

fn seconds_of(call: &Call<'_>, source: Typed) -> Result<Typed> {
    let (value, state) = if source.data_type == DataType::TimestampNtz {
        (source, None)
    } else {
        (coercion::timestamp(call, 1, source)?, Some(setting(call)))
    };
    let nullable = value.nullable;
    call_rows("seconds_with_fraction", vec![value], (SECONDS, nullable), state, fields::seconds_with_fraction)
}

fn interval_field(data_type: &DataType, name: &str) -> Option<IntervalPart> {
    let part = match name {
        "YEAR" | "Y" | "YEARS" | "YR" | "YRS" => IntervalPart::Year,
        "QUARTER" | "QTR" => IntervalPart::Quarter,
        "MONTH" | "MON" | "MONS" | "MONTHS" => IntervalPart::Month,
        "DAY" | "D" | "DAYS" => IntervalPart::Day,
        "HOUR" | "H" | "HOURS" | "HR" | "HRS" => IntervalPart::Hour,
        "MINUTE" | "M" | "MIN" | "MINS" | "MINUTES" => IntervalPart::Minute,
        "SECOND" | "S" | "SEC" | "SECONDS" | "SECS" => IntervalPart::Second,
        _ => return None,
    };
    let of_months = matches!(part, IntervalPart::Year | IntervalPart::Quarter | IntervalPart::Month);
    let there = match data_type {
        DataType::YearMonthInterval { .. } => of_months,
        DataType::DayTimeInterval { .. } => !of_months,
        _ => true,
    };
    there.then_some(part)
}

fn interval_part_of(source: Typed, part: IntervalPart) -> Result<Typed> {
    let nullable = source.nullable;
    match part {
        IntervalPart::Second => {
            call_rows("interval_seconds", vec![source], (SECONDS, nullable), part, fields::of_interval_seconds)
        }
        IntervalPart::Year | IntervalPart::Day => {
            call_rows("interval_int", vec![source], (DataType::Integer, nullable), part, fields::of_interval_int)
        }
        IntervalPart::Quarter | IntervalPart::Month | IntervalPart::Hour | IntervalPart::Minute => {
            call_rows("interval_byte", vec![source], (DataType::Byte, nullable), part, fields::of_interval_byte)
        }
    }
}

/// With three arguments the first is a unit, as in `timestampadd`.
/// A number of days is no wider than an integer; text may be one.
/// Times of day are not tried here.
fn expect_date(call: &Call<'_>) -> Result<()> {
    expect(call, 0, "\"DATE\"", |data_type| !matches!(data_type, DataType::Time { .. }))
}

fn expect_days(call: &Call<'_>) -> Result<()> {
    expect(call, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")", |data_type| {
        matches!(data_type, DataType::Integer | DataType::Short | DataType::Byte) || data_type.is_string()
    })
}

pub fn date_add(call: Call<'_>) -> Result<Typed> {
    if call.len() == 3 {
        return timestampadd(call);
    }
    expect_date(&call)?;
    expect_days(&call)?;
    strict(call, "date_add", &[Date, Int], DataType::Date, 1, arithmetic::add_days)
}

pub fn date_sub(call: Call<'_>) -> Result<Typed> {
    expect_date(&call)?;
    expect_days(&call)?;
    strict(call, "date_sub", &[Date, Int], DataType::Date, -1, arithmetic::add_days)
}

/// With three arguments the first is a unit, as in `timestampdiff`.
pub fn datediff(call: Call<'_>) -> Result<Typed> {
    if call.len() == 3 {
        return timestampdiff(call);
    }
    strict(call, "datediff", &[Date, Date], DataType::Integer, (), arithmetic::days_between)
}

fn unit(call: &Call<'_>, value: &Typed) -> Result<Unit> {
    let name = value.literal_str().ok_or_else(|| wrong_number::wrong(call.name, "2", 3))?;
    Unit::parse(name).ok_or_else(|| {
        INVALID_DATETIME_UNIT
            .with("functionName", format!("`{}`", call.name))
            .with("parameter", "`unit`")
            .with("invalidValue", format!("'{name}'"))
    })
}

/// The setting for values of a type: a wall clock has no zone, which is as being in UTC.
fn clock_setting(call: &Call<'_>, data_type: &DataType) -> super::Setting {
    let mut setting = setting(call);
    if *data_type == DataType::TimestampNtz {
        setting.zone = "UTC".into();
    }
    setting
}

pub fn timestampadd(mut call: Call<'_>) -> Result<Typed> {
    let [name, count, start] = call.take()?;
    let unit = unit(&call, &name)?;
    let count = coercion::long(&call, 1, count)?;
    let start = if start.data_type == DataType::TimestampNtz { start } else { coercion::timestamp(&call, 2, start)? };
    let data_type = start.data_type.clone();
    let state = (unit, clock_setting(&call, &data_type));
    let values = vec![count, start];
    let nullable = any_nullable(&values);
    call_rows("timestampadd", values, (data_type, nullable), state, arithmetic::add_units)
}

pub fn timestampdiff(mut call: Call<'_>) -> Result<Typed> {
    let [name, start, end] = call.take()?;
    let unit = unit(&call, &name)?;
    let start = coercion::timestamp(&call, 1, start)?;
    let end = coercion::timestamp(&call, 2, end)?;
    let values = vec![start, end];
    let nullable = any_nullable(&values);
    let state = (unit, setting(&call));
    call_rows("timestampdiff", values, (DataType::Long, nullable), state, arithmetic::units_between)
}

pub fn add_months(call: Call<'_>) -> Result<Typed> {
    strict(call, "add_months", &[Date, Int], DataType::Date, (), arithmetic::add_months)
}

pub fn months_between(mut call: Call<'_>) -> Result<Typed> {
    let mut values = coerced(&mut call, &[Timestamp, Timestamp, Boolean])?;
    if values.len() == 2 {
        values.push(Typed::new(datafusion::logical_expr::lit(true), DataType::Boolean, false));
    }
    let nullable = any_nullable(&values);
    call_rows("months_between", values, (DataType::Double, nullable), setting(&call), arithmetic::months_between)
}

pub fn last_day(call: Call<'_>) -> Result<Typed> {
    strict(call, "last_day", &[Date], DataType::Date, (), arithmetic::last_day)
}

pub fn next_day(call: Call<'_>) -> Result<Typed> {
    let ansi = call.session.ansi;
    lenient(call, "next_day", &[Date, Text], DataType::Date, ansi, arithmetic::next_day)
}

pub fn trunc(call: Call<'_>) -> Result<Typed> {
    lenient(call, "trunc", &[Date, Text], DataType::Date, (), arithmetic::truncate_date)
}

pub fn date_trunc(call: Call<'_>) -> Result<Typed> {
    let state = setting(&call);
    lenient(call, "date_trunc", &[Text, Timestamp], DataType::Timestamp, state, arithmetic::truncate_timestamp)
}
