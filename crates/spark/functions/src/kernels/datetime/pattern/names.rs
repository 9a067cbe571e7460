//! English names, as the US locale of Java's CLDR data has them.

use super::Field;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Monday.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// Regions that a zone's short name stands for when it is read.
pub(super) const ABBREVIATIONS: [(&str, &str); 22] = [
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("AKST", "America/Anchorage"),
    ("AKDT", "America/Anchorage"),
    ("HST", "Pacific/Honolulu"),
    ("GMT", "UTC"),
    ("UTC", "UTC"),
    ("BST", "Europe/London"),
    ("CET", "Europe/Paris"),
    ("CEST", "Europe/Paris"),
    ("EET", "Europe/Bucharest"),
    ("EEST", "Europe/Bucharest"),
    ("MSK", "Europe/Moscow"),
    ("JST", "Asia/Tokyo"),
    ("IST", "Asia/Kolkata"),
    ("KST", "Asia/Seoul"),
];

/// Full names of zones by their short ones.
const ZONES: [(&str, &str); 24] = [
    ("PST", "Pacific Standard Time"),
    ("PDT", "Pacific Daylight Time"),
    ("MST", "Mountain Standard Time"),
    ("MDT", "Mountain Daylight Time"),
    ("CST", "Central Standard Time"),
    ("CDT", "Central Daylight Time"),
    ("EST", "Eastern Standard Time"),
    ("EDT", "Eastern Daylight Time"),
    ("AKST", "Alaska Standard Time"),
    ("AKDT", "Alaska Daylight Time"),
    ("HST", "Hawaii-Aleutian Standard Time"),
    ("GMT", "Greenwich Mean Time"),
    ("UTC", "Coordinated Universal Time"),
    ("BST", "British Summer Time"),
    ("CET", "Central European Standard Time"),
    ("CEST", "Central European Summer Time"),
    ("EET", "Eastern European Standard Time"),
    ("EEST", "Eastern European Summer Time"),
    ("WET", "Western European Standard Time"),
    ("WEST", "Western European Summer Time"),
    ("MSK", "Moscow Standard Time"),
    ("JST", "Japan Standard Time"),
    ("IST", "India Standard Time"),
    ("KST", "Korean Standard Time"),
];

pub(super) fn zone_full_name(short: &str) -> &str {
    ZONES.iter().find(|(name, _)| *name == short).map_or(short, |(_, full)| full)
}

/// The name of a field's value; `None` when it has none.
pub(super) fn name(field: Field, value: i64, full: bool) -> Option<&'static str> {
    let (names, base): (&[&'static str], i64) = match field {
        Field::Month => (&MONTHS, 1),
        Field::DayOfWeek => (&DAYS, 1),
        Field::Quarter if full => (&QUARTERS, 1),
        Field::Quarter => (&["Q1", "Q2", "Q3", "Q4"], 1),
        Field::Era if full => (&["Before Christ", "Anno Domini"], 0),
        Field::Era => (&["BC", "AD"], 0),
        Field::HalfOfDay => (&["AM", "PM"], 0),
        Field::Year
        | Field::YearOfEra
        | Field::Day
        | Field::DayOfYear
        | Field::AlignedWeek
        | Field::Hour
        | Field::ClockHour
        | Field::HourOfHalf
        | Field::ClockHourOfHalf
        | Field::Minute
        | Field::Second => return None,
    };
    let name = names.get(usize::try_from(value - base).ok()?)?;
    let short = !full && matches!(field, Field::Month | Field::DayOfWeek);
    if short { name.get(..3) } else { Some(name) }
}

/// The value whose name starts `text` (without case), and the name's length.
pub(super) fn read(field: Field, full: bool, text: &str) -> Option<(i64, usize)> {
    (0..=12)
        .filter_map(|value| name(field, value, full).map(|name| (value, name)))
        .filter(|(_, name)| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
        .max_by_key(|(_, name)| name.len())
        .map(|(value, name)| (value, name.len()))
}
