//! Texts of single values, appended to a byte buffer.
//!
//! Numbers, dates and intervals read as Spark's casts to string; timestamps as Spark's JSON writer prints them, binary as
//! base64. All of these are ASCII and need no escape in JSON or CSV.

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hearth_types::Zone;
use hearth_types::datetime_text::{MICROS_PER_DAY, MICROS_PER_SECOND, write_date};
use hearth_types::number_text::write_decimal_plain;

/// `fmt::Write` over the output.
pub(super) struct Appender<'a>(pub(super) &'a mut Vec<u8>);

impl Write for Appender<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

pub(super) fn push_integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(Digits::<20>::of(value.unsigned_abs()).as_bytes());
}

/// `12.30`: plain, with all digits of its scale.
pub(super) fn push_decimal(out: &mut Vec<u8>, unscaled: i128, scale: i8) -> fmt::Result {
    let (Ok(small), Ok(places)) = (u64::try_from(unscaled.unsigned_abs()), usize::try_from(scale)) else {
        return write_decimal_plain(&mut Appender(out), unscaled, scale);
    };
    // One digit stands before the point, and no scale has more than 127.
    let mut digits = Digits::<128>::of(small);
    digits.pad(places + 1);
    if unscaled < 0 {
        out.push(b'-');
    }
    let (whole, fraction) = digits.as_bytes().split_at(digits.as_bytes().len() - places);
    out.extend_from_slice(whole);
    if places > 0 {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    Ok(())
}

pub(super) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) -> fmt::Result {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).map_err(|_| fmt::Error)?;
    out.truncate(start + written);
    Ok(())
}

/// `2021-01-01T10:00:00.000-08:00`: Spark's JSON form, but with six digits of the second where three would lose some.
pub(super) fn push_timestamp(out: &mut Vec<u8>, micros: i64, zone: &Zone) -> fmt::Result {
    let offset = zone.offset_at(micros);
    // By parts, as the wall clock of the last instants does not fit.
    let time = micros.rem_euclid(MICROS_PER_DAY) + i64::from(offset) * MICROS_PER_SECOND;
    let days = micros.div_euclid(MICROS_PER_DAY) + time.div_euclid(MICROS_PER_DAY);
    push_clock(out, days, time.rem_euclid(MICROS_PER_DAY))?;
    push_offset(out, offset);
    Ok(())
}

/// A wall clock, without an offset.
pub(super) fn push_timestamp_ntz(out: &mut Vec<u8>, micros: i64) -> fmt::Result {
    push_clock(out, micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY))
}

fn push_clock(out: &mut Vec<u8>, days: i64, micros_of_day: i64) -> fmt::Result {
    write_date(&mut Appender(out), i32::try_from(days).map_err(|_| fmt::Error)?)?;
    let micros = micros_of_day.unsigned_abs();
    let seconds = micros / 1_000_000;
    let fraction = micros % 1_000_000;
    let mut text = *b"T00:00:00.000000";
    put_two(&mut text[1..3], seconds / 3600);
    put_two(&mut text[4..6], seconds / 60 % 60);
    put_two(&mut text[7..9], seconds % 60);
    put_two(&mut text[10..12], fraction / 10_000);
    put_two(&mut text[12..14], fraction / 100 % 100);
    put_two(&mut text[14..16], fraction % 100);
    let end = if fraction.is_multiple_of(1000) { 13 } else { 16 };
    out.extend_from_slice(&text[..end]);
    Ok(())
}

/// As `ISO_OFFSET_TIME` has it: `Z`, `-08:00`, and with seconds where local mean time needs them, `-07:52:58`.
fn push_offset(out: &mut Vec<u8>, seconds: i32) {
    if seconds == 0 {
        out.push(b'Z');
        return;
    }
    let size = u64::from(seconds.unsigned_abs());
    let mut text = *b"+00:00:00";
    if seconds < 0 {
        text[0] = b'-';
    }
    put_two(&mut text[1..3], size / 3600);
    put_two(&mut text[4..6], size / 60 % 60);
    put_two(&mut text[7..9], size % 60);
    let end = if size.is_multiple_of(60) { 6 } else { 9 };
    out.extend_from_slice(&text[..end]);
}

fn put_two(place: &mut [u8], number: u64) {
    place[0] = b'0' + (number / 10 % 10) as u8;
    place[1] = b'0' + (number % 10) as u8;
}

/// Decimal digits, filled from the right; `N` is room for a `u64` at least.
struct Digits<const N: usize> {
    bytes: [u8; N],
    start: usize,
}

impl<const N: usize> Digits<N> {
    fn of(number: u64) -> Self {
        let mut digits = Self { bytes: [b'0'; N], start: N };
        digits.push(number);
        digits
    }

    fn push(&mut self, mut number: u64) {
        loop {
            self.start -= 1;
            self.bytes[self.start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return;
            }
        }
    }

    /// Zeros in front, up to `width` digits.
    fn pad(&mut self, width: usize) {
        self.start = self.start.min(N - width.min(N));
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"|".to_vec();
        write(&mut out);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    /// Recorded from Spark 4.2.0: `to_json(struct(timestamp_micros(m)))` in the zone.
    const TIMESTAMPS: &[(&str, i64, &str)] = &[
        ("UTC", 1_609_495_200_000_000, "2021-01-01T10:00:00.000Z"),
        ("UTC", 1_625_133_600_123_000, "2021-07-01T10:00:00.123Z"),
        ("UTC", -62_135_596_800_000_000, "0001-01-01T00:00:00.000Z"),
        ("UTC", -63_500_000_000_000_000, "-0043-10-07T07:06:40.000Z"),
        ("UTC", 253_402_400_000_000_000, "+10000-01-02T03:33:20.000Z"),
        ("America/Los_Angeles", 1_609_524_000_000_000, "2021-01-01T10:00:00.000-08:00"),
        ("America/Los_Angeles", 1_625_133_600_123_000, "2021-07-01T03:00:00.123-07:00"),
        ("America/Los_Angeles", -5_000_000_000_000_000, "1811-07-23T07:13:42.000-07:52:58"),
        ("America/Los_Angeles", -62_135_596_800_000_000, "0000-12-31T16:07:02.000-07:52:58"),
        ("America/Los_Angeles", 253_402_400_000_000_000, "+10000-01-01T19:33:20.000-08:00"),
        ("Asia/Kolkata", 0, "1970-01-01T05:30:00.000+05:30"),
        ("Asia/Kolkata", -5_000_000_000_000_000, "1811-07-23T21:00:08.000+05:53:28"),
        ("Europe/London", 0, "1970-01-01T01:00:00.000+01:00"),
        ("Europe/London", 1_609_495_200_000_000, "2021-01-01T10:00:00.000Z"),
        ("Europe/London", -5_000_000_000_000_000, "1811-07-23T15:05:25.000-00:01:15"),
        ("+18:00", 253_402_400_000_000_000, "+10000-01-02T21:33:20.000+18:00"),
        ("GMT-3", 0, "1969-12-31T21:00:00.000-03:00"),
        ("+00:00:30", 0, "1970-01-01T00:00:30.000+00:00:30"),
        ("-01:02:03", -63_500_000_000_000_000, "-0043-10-07T06:04:37.000-01:02:03"),
    ];

    /// The same, but Spark cuts these to three digits (`…59.999Z`, `…05.224…`).
    const FINE_TIMESTAMPS: &[(&str, i64, &str)] = &[
        ("UTC", -1, "1969-12-31T23:59:59.999999Z"),
        ("UTC", -1001, "1969-12-31T23:59:59.998999Z"),
        ("UTC", 1_625_133_600_123_456, "2021-07-01T10:00:00.123456Z"),
        ("UTC", i64::MAX, "+294247-01-10T04:00:54.775807Z"),
        ("America/Los_Angeles", i64::MIN, "-290308-12-21T12:06:07.224192-07:52:58"),
        ("+18:00", i64::MAX, "+294247-01-10T22:00:54.775807+18:00"),
        ("Asia/Kolkata", 253_402_300_799_999_999, "+10000-01-01T05:29:59.999999+05:30"),
    ];

    #[test]
    fn timestamps_read_as_sparks_json_and_lose_no_digits() {
        for (zone, micros, expected) in TIMESTAMPS.iter().chain(FINE_TIMESTAMPS) {
            let zone = Zone::parse(zone).unwrap();
            assert_eq!(text(|out| push_timestamp(out, *micros, &zone).unwrap()), *expected);
        }
    }

    #[test]
    fn wall_clocks_have_no_offset() {
        // Spark 4.2.0, `to_json` of `timestamp_ntz`.
        let cases = [
            (1_609_495_200_000_000, "2021-01-01T10:00:00.000"),
            (-63_549_356_276_500_000, "-0044-03-15T01:02:03.500"),
            (253_402_300_800_000_000, "+10000-01-01T00:00:00.000"),
        ];
        for (micros, expected) in cases {
            assert_eq!(text(|out| push_timestamp_ntz(out, micros).unwrap()), expected);
        }
        assert_eq!(
            text(|out| push_timestamp_ntz(out, 1_609_495_200_123_456).unwrap()),
            "2021-01-01T10:00:00.123456",
            "Spark cuts this to .123"
        );
    }

    #[test]
    fn decimals_are_plain_and_have_all_digits_of_their_scale() {
        // Spark 4.2.0, casts to string.
        let cases = [
            (1234, 2, "12.34"),
            (0, 8, "0.00000000"),
            (-1, 8, "-0.00000001"),
            (-5, 1, "-0.5"),
            (922_337_203_685_477_580_799, 2, "9223372036854775807.99"),
            (99_999_999_999_999_999_999_999_999_999_999_999_999, 0, "99999999999999999999999999999999999999"),
        ];
        for (unscaled, scale, expected) in cases {
            assert_eq!(text(|out| push_decimal(out, unscaled, scale).unwrap()), expected);
        }
    }

    #[test]
    fn own_digits_agree_with_the_types_crate() {
        for unscaled in [0, 1, -9, 10, 99, 100, -12_345_678_901, i128::from(u64::MAX), i128::from(u64::MAX) + 1] {
            for scale in [0, 1, 2, 10, 20, 38] {
                let mut expected = String::new();
                write_decimal_plain(&mut expected, unscaled, scale).unwrap();
                assert_eq!(text(|out| push_decimal(out, unscaled, scale).unwrap()), expected);
            }
        }
        for value in [0, 7, -10, 12_345, i64::MAX, i64::MIN] {
            assert_eq!(text(|out| push_integer(out, value)), value.to_string());
        }
    }

    #[test]
    fn binary_is_base64_with_padding() {
        // Spark 4.2.0, `base64(unhex(…))`.
        let cases: [(&[u8], &str); 3] = [(b"", ""), (b"\x00\xff\x10", "AP8Q"), (b"\x00\xff\x10\xaa", "AP8Qqg==")];
        for (bytes, expected) in cases {
            assert_eq!(text(|out| push_base64(out, bytes).unwrap()), expected);
        }
    }
}
