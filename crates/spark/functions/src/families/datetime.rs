//! Date, timestamp and interval functions.

mod bucket;
mod clock;
mod convert;
mod parts;

pub use convert::format_datetime;

use crate::call::Call;
use crate::kernels::datetime::Setting;
use crate::row::Family::Datetime as F;
use crate::row::{Arity, FunctionRow, analyzer, scalar};

/// What kernels need to know of the session.
fn setting(call: &Call<'_>) -> Setting {
    Setting { zone: call.session.time_zone.as_str().into(), ansi: call.session.ansi }
}

const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("add_months", F, TWO, parts::add_months)
        .example("add_months('2016-08-31', 1)", "2016-09-30")
        .summary("The date some months later."),
    scalar("convert_timezone", F, Arity::Range(2, 3), convert::convert_timezone)
        .example(
            "convert_timezone('Europe/Brussels', 'America/Los_Angeles', timestamp_ntz'2021-12-06 00:00:00')",
            "2021-12-05 15:00:00",
        )
        .summary("A wall clock of one zone as that of another."),
    scalar("curdate", F, Arity::Exact(0), convert::current_date).summary("Today in the session's zone."),
    scalar("current_date", F, Arity::Exact(0), convert::current_date).summary("Today in the session's zone."),
    scalar("current_time", F, Arity::Range(0, 1), convert::current_time)
        .summary("The time of day in the session's zone."),
    scalar("current_timestamp", F, Arity::Exact(0), convert::current_timestamp).summary("When the statement started."),
    scalar("current_timezone", F, Arity::Exact(0), convert::current_timezone)
        .example("current_timezone()", "America/Los_Angeles")
        .summary("The session's zone."),
    scalar("date_add", F, Arity::Range(2, 3), parts::date_add)
        .example("date_add('2016-07-30', 1)", "2016-07-31")
        .summary("The date some days later."),
    scalar("date_diff", F, Arity::Range(2, 3), parts::datediff)
        .example("date_diff('2009-07-31', '2009-07-30')", "1")
        .summary("Days from the second to the first."),
    scalar("date_format", F, TWO, convert::date_format)
        .example("date_format('2016-04-08', 'y')", "2016")
        .summary("A timestamp by a pattern."),
    scalar("date_from_unix_date", F, ONE, convert::date_from_unix_date)
        .example("date_from_unix_date(1)", "1970-01-02")
        .summary("The date so many days after 1970-01-01."),
    scalar("date_part", F, TWO, parts::date_part)
        .example("date_part('YEAR', TIMESTAMP '2019-08-12 01:00:00.123456')", "2019")
        .summary("A part of a date, timestamp or interval."),
    scalar("date_sub", F, TWO, parts::date_sub)
        .example("date_sub('2016-07-30', 1)", "2016-07-29")
        .summary("The date some days earlier."),
    scalar("date_trunc", F, TWO, parts::date_trunc)
        .example("date_trunc('HOUR', '2015-03-05T09:32:05.359')", "2015-03-05 09:00:00")
        .summary("A timestamp cut to a unit."),
    scalar("dateadd", F, Arity::Range(2, 3), parts::date_add)
        .example("dateadd('2016-07-30', 1)", "2016-07-31")
        .summary("The date some days later."),
    scalar("datediff", F, Arity::Range(2, 3), parts::datediff)
        .example("datediff('2009-07-31', '2009-07-30')", "1")
        .summary("Days from the second to the first."),
    scalar("datepart", F, TWO, parts::date_part)
        .example("datepart('doy', DATE'2019-08-12')", "224")
        .summary("A part of a date, timestamp or interval."),
    scalar("day", F, ONE, parts::day).example("day('2009-07-30')", "30").summary("Day of the month."),
    scalar("dayname", F, ONE, parts::dayname)
        .example("dayname(DATE'2008-02-20')", "Wed")
        .summary("The short name of the day."),
    scalar("dayofmonth", F, ONE, parts::day).example("dayofmonth('2009-07-30')", "30").summary("Day of the month."),
    scalar("dayofweek", F, ONE, parts::dayofweek)
        .example("dayofweek('2009-07-30')", "5")
        .summary("Day of the week, Sunday is 1."),
    scalar("dayofyear", F, ONE, parts::dayofyear).example("dayofyear('2016-04-09')", "100").summary("Day of the year."),
    scalar("extract", F, TWO, parts::date_part)
        .example("extract(SECONDS FROM TIMESTAMP'2019-10-01 00:00:01.000001')", "1.000001")
        .summary("A part of a date, timestamp or interval."),
    scalar("from_unixtime", F, Arity::Range(1, 2), convert::from_unixtime)
        .example("from_unixtime(0, 'yyyy-MM-dd HH:mm:ss')", "1969-12-31 16:00:00")
        .summary("Seconds since 1970 as text."),
    scalar("from_utc_timestamp", F, TWO, convert::from_utc_timestamp)
        .example("from_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-31 09:00:00")
        .summary("A UTC clock as the clock of a zone."),
    scalar("hour", F, Arity::AtLeast(1), parts::hour)
        .example("hour('2018-02-14 12:58:59')", "12")
        .summary("Hour of the day."),
    scalar("last_day", F, ONE, parts::last_day)
        .example("last_day('2009-01-12')", "2009-01-31")
        .summary("The last day of the month."),
    scalar("localtimestamp", F, Arity::Exact(0), convert::localtimestamp)
        .summary("The wall clock in the session's zone."),
    scalar("make_date", F, Arity::Exact(3), convert::make_date)
        .example("make_date(2013, 7, 15)", "2013-07-15")
        .summary("A date from its parts."),
    scalar("make_dt_interval", F, Arity::Range(0, 4), convert::make_dt_interval)
        .example("make_dt_interval(1, 12, 30, 01.001001)", "INTERVAL '1 12:30:01.001001' DAY TO SECOND")
        .summary("A day-time interval from its parts."),
    scalar("make_interval", F, Arity::Range(0, 7), convert::make_interval)
        .example(
            "make_interval(100, 11, 1, 1, 12, 30, 01.001001)",
            "100 years 11 months 8 days 12 hours 30 minutes 1.001001 seconds",
        )
        .summary("An interval from its parts."),
    scalar("make_time", F, Arity::Exact(3), clock::make_time)
        .summary("A time of day from its parts. Refused unless spark.sql.timeType.enabled is set."),
    scalar("make_timestamp", F, Arity::OneOf(&[2, 3, 6, 7]), convert::make_timestamp)
        .example("make_timestamp(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")
        .summary("A timestamp from its parts."),
    scalar("make_timestamp_ltz", F, Arity::OneOf(&[2, 3, 6, 7]), convert::make_timestamp_ltz)
        .example("make_timestamp_ltz(2014, 12, 28, 6, 30, 45.887, 'CET')", "2014-12-27 21:30:45.887")
        .summary("An instant from its parts."),
    scalar("make_timestamp_ntz", F, Arity::OneOf(&[2, 6]), convert::make_timestamp_ntz)
        .example("make_timestamp_ntz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")
        .summary("A wall clock from its parts."),
    scalar("make_ym_interval", F, Arity::Range(0, 2), convert::make_ym_interval)
        .example("cast(make_ym_interval(1, 2) as string)", "INTERVAL '1-2' YEAR TO MONTH")
        .summary("A year-month interval from its parts."),
    scalar("minute", F, Arity::AtLeast(1), parts::minute)
        .example("minute('2009-07-30 12:58:59')", "58")
        .summary("Minute of the hour."),
    scalar("month", F, ONE, parts::month).example("month('2016-07-30')", "7").summary("Month of the year."),
    scalar("monthname", F, ONE, parts::monthname)
        .example("monthname('2008-02-20')", "Feb")
        .summary("The short name of the month."),
    scalar("months_between", F, Arity::Range(2, 3), parts::months_between)
        .example("months_between('1997-02-28 10:30:00', '1996-10-30')", "3.94959677")
        .summary("Months from the second to the first."),
    scalar("next_day", F, TWO, parts::next_day)
        .example("next_day('2015-01-14', 'TU')", "2015-01-20")
        .summary("The next such day of the week."),
    scalar("now", F, Arity::Exact(0), convert::current_timestamp).summary("When the statement started."),
    scalar("quarter", F, ONE, parts::quarter).example("quarter('2016-08-31')", "3").summary("Quarter of the year."),
    scalar("second", F, Arity::AtLeast(1), parts::second)
        .example("second('2009-07-30 12:58:59')", "59")
        .summary("Second of the minute."),
    analyzer("session_window", F, TWO, "grouping by session windows"),
    scalar("time_bucket", F, Arity::Range(2, 3), bucket::time_bucket)
        .summary("The start of the bucket of time that an instant falls into."),
    scalar("time_diff", F, Arity::Exact(3), clock::time_diff)
        .summary("Whole units from one time of day to another. Refused unless spark.sql.timeType.enabled is set."),
    scalar("time_from_micros", F, ONE, clock::time_from_micros).summary(
        "The time of day so many microseconds after midnight. Refused unless spark.sql.timeType.enabled is set.",
    ),
    scalar("time_from_millis", F, ONE, clock::time_from_millis).summary(
        "The time of day so many milliseconds after midnight. Refused unless spark.sql.timeType.enabled is set.",
    ),
    scalar("time_from_seconds", F, ONE, clock::time_from_seconds)
        .summary("The time of day so many seconds after midnight. Refused unless spark.sql.timeType.enabled is set."),
    scalar("time_to_micros", F, ONE, clock::time_to_micros)
        .summary("Microseconds since midnight. Refused unless spark.sql.timeType.enabled is set."),
    scalar("time_to_millis", F, ONE, clock::time_to_millis)
        .summary("Milliseconds since midnight. Refused unless spark.sql.timeType.enabled is set."),
    scalar("time_to_seconds", F, ONE, clock::time_to_seconds)
        .summary("Seconds since midnight. Refused unless spark.sql.timeType.enabled is set."),
    scalar("time_trunc", F, TWO, clock::time_trunc)
        .summary("A time of day cut to a unit. Refused unless spark.sql.timeType.enabled is set."),
    scalar("timestamp_micros", F, ONE, convert::timestamp_micros)
        .example("timestamp_micros(1230219000123123)", "2008-12-25 07:30:00.123123")
        .summary("The instant so many microseconds after 1970."),
    scalar("timestamp_millis", F, ONE, convert::timestamp_millis)
        .example("timestamp_millis(1230219000123)", "2008-12-25 07:30:00.123")
        .summary("The instant so many milliseconds after 1970."),
    scalar("timestamp_seconds", F, ONE, convert::timestamp_seconds)
        .example("timestamp_seconds(1230219000.123)", "2008-12-25 07:30:00.123")
        .summary("The instant so many seconds after 1970."),
    scalar("timestampadd", F, Arity::Exact(3), parts::timestampadd)
        .example("timestampadd(MONTH, 1, TIMESTAMP'2022-01-31 00:00:00')", "2022-02-28 00:00:00")
        .summary("A timestamp some units later."),
    scalar("timestampdiff", F, Arity::Exact(3), parts::timestampdiff)
        .example("timestampdiff(MONTH, TIMESTAMP'2021-02-28 12:00:00', TIMESTAMP'2021-03-28 12:00:00')", "1")
        .summary("Whole units from one timestamp to another."),
    scalar("to_date", F, Arity::Range(1, 2), convert::to_date)
        .example("to_date('2016-12-31', 'yyyy-MM-dd')", "2016-12-31")
        .summary("A date from text, by a pattern."),
    scalar("to_time", F, Arity::Range(1, 2), clock::to_time)
        .summary("Text as a time of day. Refused unless spark.sql.timeType.enabled is set."),
    scalar("to_timestamp", F, Arity::Range(1, 2), convert::to_timestamp)
        .example("to_timestamp('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00")
        .summary("A timestamp from text, by a pattern."),
    scalar("to_timestamp_ltz", F, Arity::Range(1, 2), convert::to_timestamp_ltz)
        .example("to_timestamp_ltz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00")
        .summary("An instant from text, by a pattern."),
    scalar("to_timestamp_ntz", F, Arity::Range(1, 2), convert::to_timestamp_ntz)
        .example("to_timestamp_ntz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00")
        .summary("A wall clock from text, by a pattern."),
    scalar("to_unix_timestamp", F, Arity::Range(1, 2), convert::to_unix_timestamp)
        .example("to_unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460098800")
        .summary("Seconds since 1970 of text, by a pattern."),
    scalar("to_utc_timestamp", F, TWO, convert::to_utc_timestamp)
        .example("to_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-30 15:00:00")
        .summary("The clock of a zone as a UTC clock."),
    scalar("trunc", F, TWO, parts::trunc)
        .example("trunc('2019-08-04', 'week')", "2019-07-29")
        .summary("A date cut to a unit."),
    scalar("try_make_interval", F, Arity::Range(1, 7), convert::try_make_interval)
        .example("try_make_interval(2147483647)", "NULL")
        .summary("As make_interval, NULL on overflow."),
    scalar("try_make_timestamp", F, Arity::OneOf(&[2, 3, 6, 7]), convert::try_make_timestamp)
        .example("try_make_timestamp(2014, 13, 28, 6, 30, 45.887)", "NULL")
        .summary("As make_timestamp, NULL for what does not exist."),
    scalar("try_make_timestamp_ltz", F, Arity::OneOf(&[2, 3, 6, 7]), convert::try_make_timestamp_ltz)
        .example("try_make_timestamp_ltz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")
        .summary("As make_timestamp_ltz, NULL for what does not exist."),
    scalar("try_make_timestamp_ntz", F, Arity::OneOf(&[2, 6]), convert::try_make_timestamp_ntz)
        .example("try_make_timestamp_ntz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")
        .summary("As make_timestamp_ntz, NULL for what does not exist."),
    scalar("try_to_date", F, Arity::Range(1, 2), convert::try_to_date)
        .example("try_to_date('foo', 'yyyy-MM-dd')", "NULL")
        .summary("As to_date, NULL for text that does not fit."),
    scalar("try_to_time", F, Arity::Range(1, 2), clock::try_to_time)
        .summary("Text as a time of day, NULL where it is none. Refused unless spark.sql.timeType.enabled is set."),
    scalar("try_to_timestamp", F, Arity::Range(1, 2), convert::try_to_timestamp)
        .example("try_to_timestamp('foo', 'yyyy-MM-dd')", "NULL")
        .summary("As to_timestamp, NULL for text that does not fit."),
    scalar("unix_date", F, ONE, convert::unix_date)
        .example("unix_date(DATE'1970-01-02')", "1")
        .summary("Days since 1970-01-01."),
    scalar("unix_micros", F, ONE, convert::unix_micros)
        .example("unix_micros(TIMESTAMP'1970-01-01 00:00:01Z')", "1000000")
        .summary("Microseconds since 1970."),
    scalar("unix_millis", F, ONE, convert::unix_millis)
        .example("unix_millis(TIMESTAMP'1970-01-01 00:00:01Z')", "1000")
        .summary("Milliseconds since 1970."),
    scalar("unix_seconds", F, ONE, convert::unix_seconds)
        .example("unix_seconds(TIMESTAMP'1970-01-01 00:00:01Z')", "1")
        .summary("Seconds since 1970."),
    scalar("unix_timestamp", F, Arity::Range(0, 2), convert::unix_timestamp)
        .example("unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460098800")
        .summary("Seconds since 1970 of text, by a pattern, or of now."),
    scalar("weekday", F, ONE, parts::weekday)
        .example("weekday('2009-07-30')", "3")
        .summary("Day of the week, Monday is 0."),
    scalar("weekofyear", F, ONE, parts::weekofyear)
        .example("weekofyear('2008-02-20')", "8")
        .summary("ISO week of the year."),
    analyzer("window", F, Arity::Range(2, 4), "grouping by time windows"),
    analyzer("window_time", F, ONE, "grouping by time windows"),
    scalar("year", F, ONE, parts::year).example("year('2016-07-30')", "2016").summary("The year."),
];
