//! Moments to text.

use chrono::TimeZone;
use chrono_tz::OffsetName;
use hearth_types::datetime_text::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil};
use hearth_types::zone::Zone;

use super::{Field, Item, OffsetForm, Pattern, SignStyle, names};

/// A wall clock, with the zone that it is in.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Microseconds of the wall clock.
    pub local: i64,
    /// Seconds east of Greenwich.
    pub offset: i32,
    pub zone: &'a Zone,
    /// The zone's name as the session has it.
    pub zone_id: &'a str,
}

impl<'a> Moment<'a> {
    /// An instant in a zone.
    pub fn of_instant(micros: i64, zone: &'a Zone, zone_id: &'a str) -> Self {
        let offset = zone.offset_at(micros);
        Self { local: micros.saturating_add(i64::from(offset) * MICROS_PER_SECOND), offset, zone, zone_id }
    }

    fn field(&self, field: Field) -> i64 {
        let days = self.local.div_euclid(MICROS_PER_DAY);
        let seconds = self.local.rem_euclid(MICROS_PER_DAY) / MICROS_PER_SECOND;
        let (year, month, day) = civil_from_days(days);
        let (month, day, hour) = (i64::from(month), i64::from(day), seconds / 3600);
        match field {
            Field::Era => i64::from(year > 0),
            Field::Year => year,
            Field::YearOfEra => {
                if year > 0 {
                    year
                } else {
                    1 - year
                }
            }
            Field::Quarter => (month + 2) / 3,
            Field::Month => month,
            Field::Day => day,
            Field::DayOfYear => days - days_from_civil(year, 1, 1) + 1,
            Field::AlignedWeek => (day - 1) % 7 + 1,
            Field::DayOfWeek => (days + 3).rem_euclid(7) + 1,
            Field::HalfOfDay => hour / 12,
            Field::Hour => hour,
            Field::ClockHour => (hour + 23) % 24 + 1,
            Field::HourOfHalf => hour % 12,
            Field::ClockHourOfHalf => (hour + 11) % 12 + 1,
            Field::Minute => seconds / 60 % 60,
            Field::Second => seconds % 60,
        }
    }

    fn zone_name(&self) -> String {
        match self.zone {
            Zone::Fixed(_) => self.zone_id.to_owned(),
            Zone::Region(region) => {
                let utc = self.local.saturating_sub(i64::from(self.offset) * MICROS_PER_SECOND);
                let moment = chrono::DateTime::from_timestamp_micros(utc).unwrap_or_default().naive_utc();
                let offset = region.offset_from_utc_datetime(&moment);
                match offset.abbreviation().filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
                    Some(name) => name.to_owned(),
                    None => {
                        let mut text = String::new();
                        localized_offset(&mut text, self.offset, true);
                        text
                    }
                }
            }
        }
    }
}

impl Pattern {
    /// Appends the moment's text. `None` when a number is longer than the pattern allows.
    pub fn format(&self, moment: &Moment<'_>, out: &mut String) -> Option<()> {
        write_items(&self.items, moment, out)
    }
}

fn write_items(items: &[Item], moment: &Moment<'_>, out: &mut String) -> Option<()> {
    for item in items {
        match item {
            Item::Literal(text) => out.push_str(text),
            Item::Number { field, min, max, sign, .. } => {
                let value = moment.field(*field);
                let digits = value.unsigned_abs().to_string();
                if digits.len() > *max {
                    return None;
                }
                if value < 0 {
                    out.push('-');
                } else if *sign == SignStyle::ExceedsPad && digits.len() > *min {
                    out.push('+');
                }
                out.extend(std::iter::repeat_n('0', min.saturating_sub(digits.len())));
                out.push_str(&digits);
            }
            Item::ShortYear { field, .. } => push_two(out, moment.field(*field).unsigned_abs() % 100),
            Item::Fraction { max, .. } => {
                let nanos = moment.local.rem_euclid(MICROS_PER_SECOND) * 1000;
                let digits = format!("{nanos:09}");
                out.push_str(&digits[..(*max).min(9)]);
            }
            Item::Text { field, full } => out.push_str(names::name(*field, moment.field(*field), *full)?),
            Item::ZoneId => out.push_str(moment.zone_id),
            Item::ZoneName { full } => {
                let name = moment.zone_name();
                out.push_str(if *full { names::zone_full_name(&name) } else { &name });
            }
            Item::Offset { form, zero } => {
                if moment.offset == 0 {
                    out.push_str(zero);
                } else {
                    write_offset(out, moment.offset, *form);
                }
            }
            Item::LocalizedOffset { full } => localized_offset(out, moment.offset, *full),
            Item::Optional(items) => {
                let length = out.len();
                if write_items(items, moment, out).is_none() {
                    out.truncate(length);
                }
            }
        }
    }
    Some(())
}

fn push_two(out: &mut String, value: u64) {
    out.push(char::from(b'0' + (value / 10 % 10) as u8));
    out.push(char::from(b'0' + (value % 10) as u8));
}

/// Sign, hours, minutes and seconds.
fn split(offset: i32) -> (char, u64, u64, u64) {
    let total = u64::from(offset.unsigned_abs());
    (if offset < 0 { '-' } else { '+' }, total / 3600, total / 60 % 60, total % 60)
}

fn write_offset(out: &mut String, offset: i32, form: OffsetForm) {
    let (sign, hours, minutes, seconds) = split(offset);
    let colon = matches!(form, OffsetForm::HourColonMinute | OffsetForm::HourColonMinuteMaybeSecond);
    let with_seconds = matches!(form, OffsetForm::HourMinuteMaybeSecond | OffsetForm::HourColonMinuteMaybeSecond);
    out.push(sign);
    push_two(out, hours);
    if form == OffsetForm::HourMaybeMinute && minutes == 0 {
        return;
    }
    if colon {
        out.push(':');
    }
    push_two(out, minutes);
    if with_seconds && seconds != 0 {
        if colon {
            out.push(':');
        }
        push_two(out, seconds);
    }
}

/// `GMT-8`, `GMT+05:30`.
fn localized_offset(out: &mut String, offset: i32, full: bool) {
    out.push_str("GMT");
    if offset == 0 {
        return;
    }
    let (sign, hours, minutes, seconds) = split(offset);
    out.push(sign);
    if full || hours > 9 {
        push_two(out, hours);
    } else {
        out.push(char::from(b'0' + hours as u8));
    }
    if full || minutes != 0 || seconds != 0 {
        out.push(':');
        push_two(out, minutes);
    }
    if seconds != 0 {
        out.push(':');
        push_two(out, seconds);
    }
}
