//! A small buffer on the stack for the text of one number or time.
//!
//! Texts of values are written digit by digit here and go out in one `write_str`, which keeps `fmt` machinery out of
//! the inner loops of casts.

use std::fmt;

const CAPACITY: usize = 96;

pub(crate) struct TextBuffer {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl TextBuffer {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    /// Adds an ASCII byte; what does not fit is dropped (nothing we write comes near the capacity).
    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(*byte);
        }
    }

    /// Exactly two digits of a number under 100.
    pub(crate) fn push_two(&mut self, number: u32) {
        self.push(b'0' + (number / 10 % 10) as u8);
        self.push(b'0' + (number % 10) as u8);
    }

    /// A number with at least `width` digits.
    pub(crate) fn push_padded(&mut self, number: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        let mut rest = number;
        while rest > 0 || digits.len() - start < width.min(20) {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.push_bytes(&digits[start..]);
    }

    /// `.` and the digits of `fraction` out of `width`, without trailing zeros; nothing for zero.
    pub(crate) fn push_fraction(&mut self, fraction: u64, width: usize) {
        if fraction == 0 {
            return;
        }
        self.push(b'.');
        self.push_padded(fraction, width);
        while self.len > 0 && self.bytes[self.len - 1] == b'0' {
            self.len -= 1;
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn write_to(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(std::str::from_utf8(self.as_bytes()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Write for TextBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_bytes(text.as_bytes());
        Ok(())
    }
}
