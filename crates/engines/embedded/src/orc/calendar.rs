//! Days and instants before 15 October 1582 in the hybrid calendar, which ORC files count in unless they say otherwise:
//! the same year, month and day as in the proleptic one, as Spark keeps them.

const FIRST_GREGORIAN_DAY: i32 = -141_427;
const DAY_MICROS: i64 = 86_400_000_000;
/// The Julian day of 1 January 1970.
const EPOCH_JULIAN_DAY: i64 = 2_440_588;
/// The last ten days that the hybrid calendar has not.
const FIRST_MISSING_DAY: i32 = -141_437;

/// A day of the proleptic calendar in the hybrid one.
pub fn day_to_hybrid(day: i32) -> i32 {
    if day >= FIRST_MISSING_DAY {
        return day.max(FIRST_GREGORIAN_DAY);
    }
    let (year, month, day_of_month) = civil(i64::from(day));
    saturated(julian_day(year, month, day_of_month) - EPOCH_JULIAN_DAY)
}

/// A day of the hybrid calendar in the proleptic one.
pub fn day_to_proleptic(day: i32) -> i32 {
    if day >= FIRST_GREGORIAN_DAY {
        return day;
    }
    let (year, month, day_of_month) = julian_civil(i64::from(day) + EPOCH_JULIAN_DAY);
    // A leap day that only the Julian calendar has is the first of March.
    saturated(days_from_civil(year, month, 1) + day_of_month - 1)
}

/// An instant, by its day in UTC.
pub fn micros_to_hybrid(micros: i64) -> i64 {
    with_day(micros, day_to_hybrid)
}

pub fn micros_to_proleptic(micros: i64) -> i64 {
    with_day(micros, day_to_proleptic)
}

fn with_day(micros: i64, moved: fn(i32) -> i32) -> i64 {
    if micros >= i64::from(FIRST_GREGORIAN_DAY) * DAY_MICROS {
        return micros;
    }
    let (day, time) = (micros.div_euclid(DAY_MICROS), micros.rem_euclid(DAY_MICROS));
    match i32::try_from(day) {
        Ok(day) => i64::from(moved(day)).saturating_mul(DAY_MICROS).saturating_add(time),
        Err(_) => micros,
    }
}

fn saturated(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(i32::MIN)
}

/// Year, month and day of a proleptic day.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let moved = (5 * of_year + 2) / 153;
    let month = if moved < 10 { moved + 3 } else { moved - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * moved + 2) / 5 + 1)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The Julian day of a date of the Julian calendar.
fn julian_day(year: i64, month: i64, day: i64) -> i64 {
    let before_march = i64::from(month <= 2);
    let (years, months) = (year + 4800 - before_march, month + 12 * before_march - 3);
    day + (153 * months + 2) / 5 + 365 * years + years.div_euclid(4) - 32_083
}

fn julian_civil(julian_day: i64) -> (i64, i64, i64) {
    let quarters = 4 * (julian_day + 1401) + 3;
    let rest = 5 * (quarters.rem_euclid(1461) / 4) + 2;
    let month = (rest / 153 + 2) % 12 + 1;
    (quarters.div_euclid(1461) - 4716 + (14 - month) / 12, month, rest % 153 / 5 + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_their_digits() {
        // 0001-01-01 and 1582-10-04.
        assert_eq!(day_to_hybrid(-719_162), -719_164);
        assert_eq!(day_to_hybrid(-141_438), -141_428);
        // 1582-10-05 to 1582-10-14 are not there.
        assert_eq!(day_to_hybrid(-141_437), -141_427);
        assert_eq!(day_to_hybrid(-141_427), -141_427);
        for day in [-719_162, -500_000, -141_438, -141_427, 0, 20_000] {
            assert_eq!(day_to_proleptic(day_to_hybrid(day)), day);
        }
    }

    #[test]
    fn instants_keep_their_time() {
        let noon = -719_162 * DAY_MICROS + DAY_MICROS / 2;
        assert_eq!(micros_to_hybrid(noon), -719_164 * DAY_MICROS + DAY_MICROS / 2);
        assert_eq!(micros_to_proleptic(micros_to_hybrid(noon)), noon);
        assert_eq!(micros_to_hybrid(-1), -1);
    }
}
