//! The types of settings: how a value is read from text.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hearth_base::ByteSize;

/// What kind of text a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Path,
    Flag,
    Count,
    Number,
    Size,
    Duration,
    Address,
    Share,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Path => "path",
            Self::Flag => "true or false",
            Self::Count => "count",
            Self::Number => "number",
            Self::Size => "size (`64k`, `128m`, `1g`)",
            Self::Duration => "duration (`500ms`, `30s`, `10m`, `2h`, `7d`)",
            Self::Address => "address and port",
            Self::Share => "size, or share of the machine's memory (`60%`)",
        }
    }
}

/// A Rust type that a kind of setting reads as.
pub trait Value: Sized {
    const KIND: Kind;

    fn parse(text: &str) -> Result<Self, String>;
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for Option<PathBuf> {
    const KIND: Kind = Kind::Path;

    fn parse(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Flag;

    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("`{text}` is neither true nor false")),
        }
    }
}

impl Value for usize {
    const KIND: Kind = Kind::Count;

    fn parse(text: &str) -> Result<Self, String> {
        text.replace('_', "").parse().map_err(|_| format!("`{text}` is not a count"))
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        let number: Self = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        if number.is_finite() && number >= 0.0 { Ok(number) } else { Err(format!("`{text}` is not a positive number")) }
    }
}

impl Value for ByteSize {
    const KIND: Kind = Kind::Size;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl Value for Duration {
    const KIND: Kind = Kind::Duration;

    fn parse(text: &str) -> Result<Self, String> {
        parse_duration(text)
    }
}

impl Value for SocketAddr {
    const KIND: Kind = Kind::Address;

    fn parse(text: &str) -> Result<Self, String> {
        let spelled = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let text = spelled.as_deref().unwrap_or(text);
        text.parse().map_err(|_| format!("`{text}` is not an address such as 127.0.0.1:15002"))
    }
}

/// A size, or so many hundredths of a whole that is known later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    Size(ByteSize),
    Percent(u64),
}

impl Share {
    pub fn of(self, whole: ByteSize) -> ByteSize {
        match self {
            Self::Size(size) => size,
            Self::Percent(percent) => ByteSize(whole.bytes() / 100 * percent),
        }
    }
}

impl Value for Share {
    const KIND: Kind = Kind::Share;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().strip_suffix('%') {
            None => text.parse().map(Self::Size),
            Some(percent) => match percent.trim().parse() {
                Ok(percent @ 1..=100) => Ok(Self::Percent(percent)),
                _ => Err(format!("`{text}` is not a share between 1% and 100%")),
            },
        }
    }
}

/// `500ms`, `30s`, `10m`, `2h`, `7d`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let millis: u64 = match text[digits..].trim() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        unit => return Err(format!("`{unit}` is not a unit of time (use ms, s, m, h or d)")),
    };
    let number: u64 = text[..digits].parse().map_err(|_| format!("`{text}` is not a duration such as 30s"))?;
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_or_say_what_is_wrong() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(parse_duration("7"), Ok(Duration::from_secs(7)));
        assert!(parse_duration("7 weeks").is_err());
        assert!(parse_duration("99999999999999999d").is_err());
        assert_eq!(Share::parse("60%").map(|share| share.of(ByteSize(1000))), Ok(ByteSize(600)));
        assert_eq!(Share::parse("2g"), Ok(Share::Size(ByteSize::gib(2))));
        assert!(Share::parse("0%").is_err());
        assert_eq!(SocketAddr::parse("localhost:7"), Ok(([127, 0, 0, 1], 7).into()));
        assert!(SocketAddr::parse("7").is_err());
        assert_eq!(usize::parse("10_000"), Ok(10_000));
        assert!(f64::parse("NaN").is_err());
    }
}
