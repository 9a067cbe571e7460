//! Sizes with their unit in the type.

use std::fmt;
use std::str::FromStr;

/// A number of bytes. Reads `512`, `64k`, `128MiB`, `1g` (powers of 1024).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

impl ByteSize {
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    pub const fn kib(count: u64) -> Self {
        Self(count * 1024)
    }

    pub const fn mib(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }

    pub const fn gib(count: u64) -> Self {
        Self(count * 1024 * 1024 * 1024)
    }

    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// For lengths of buffers on this machine.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units.iter().find(|(size, _)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some((size, unit)) => write!(f, "{} {unit}", self.0 / size),
            None => write!(f, "{} B", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let shift = match text[digits..].trim() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            unit => return Err(format!("`{unit}` is not a unit of size (use b, k, m, g or t)")),
        };
        let number: u64 = text[..digits].parse().map_err(|_| format!("`{text}` is not a size such as 128m"))?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(|| format!("`{text}` is too large"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_and_print() {
        assert_eq!("128MiB".parse(), Ok(ByteSize::mib(128)));
        assert_eq!("1g".parse(), Ok(ByteSize::gib(1)));
        assert_eq!(ByteSize::mib(1536).to_string(), "1536 MiB");
        assert!("12 parsecs".parse::<ByteSize>().is_err());
        assert!("99999999999t".parse::<ByteSize>().is_err());
    }
}
