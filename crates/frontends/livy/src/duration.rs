//! Livy's time strings: `30s`, `2h`, `500` (milliseconds).

use std::time::Duration;

/// Reads a time string. What is wrong with it is said in Livy's words.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let lower = text.to_lowercase();
    let unsigned = lower.strip_prefix('-').unwrap_or(&lower);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (number, suffix) = unsigned.split_at(digits);
    if number.is_empty() || !suffix.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(format!("Invalid time string: {text}"));
    }
    let signed = &lower[..lower.len() - suffix.len()];
    let value: i64 = signed.parse().map_err(|_| format!("For input string: \"{signed}\""))?;
    let millis = |factor: u64| Duration::from_millis(value.unsigned_abs().saturating_mul(factor));
    let duration = match suffix {
        "us" => Duration::from_micros(value.unsigned_abs()),
        "" | "ms" => millis(1),
        "s" => millis(1_000),
        "m" | "min" => millis(60_000),
        "h" => millis(3_600_000),
        "d" => millis(86_400_000),
        _ => return Err(format!("Invalid suffix: \"{suffix}\"")),
    };
    if value < 0 {
        return Err(format!("Invalid value: {value}"));
    }
    Ok(duration)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_those_of_livy() {
        for (text, millis) in [
            ("500", 500),
            ("500ms", 500),
            ("30s", 30_000),
            ("2m", 120_000),
            ("2min", 120_000),
            ("1H", 3_600_000),
            ("1d", 86_400_000),
            ("2000us", 2),
            ("0", 0),
            ("-0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_in_livys_words() {
        for (text, message) in [
            ("abc", "Invalid time string: abc"),
            ("", "Invalid time string: "),
            ("-", "Invalid time string: -"),
            (" 5s", "Invalid time string:  5s"),
            ("5 s", "Invalid time string: 5 s"),
            ("1.5h", "Invalid time string: 1.5h"),
            ("5Q", "Invalid suffix: \"q\""),
            ("5sec", "Invalid suffix: \"sec\""),
            ("-1", "Invalid value: -1"),
            ("-5h", "Invalid value: -5"),
            ("99999999999999999999s", "For input string: \"99999999999999999999\""),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_number_with_a_unit_is_read(number in 0..i64::MAX, unit in "(us|ms|s|m|min|h|d)?") {
            let text = format!("{number}{unit}");
            prop_assert!(parse(&text).is_ok());
        }
    }
}
