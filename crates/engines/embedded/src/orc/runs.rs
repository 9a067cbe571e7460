//! Bytes in run lengths, and bits in such bytes.

const MIN_RUN: usize = 3;
const MAX_RUN: usize = 130;
const MAX_LITERALS: usize = 128;

/// Bytes as runs of equal ones and stretches of others.
pub fn of_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let run = bytes[at..].iter().take(MAX_RUN).take_while(|byte| **byte == bytes[at]).count();
        if run < MIN_RUN {
            at += 1;
            continue;
        }
        literals(&mut out, &bytes[start..at]);
        out.extend([(run - MIN_RUN).to_le_bytes()[0], bytes[at]]);
        at += run;
        start = at;
    }
    literals(&mut out, &bytes[start..]);
    out
}

fn literals(out: &mut Vec<u8>, bytes: &[u8]) {
    for part in bytes.chunks(MAX_LITERALS) {
        out.push((256 - part.len()).to_le_bytes()[0]);
        out.extend_from_slice(part);
    }
}

/// Bits, the first of a byte in its highest place.
#[derive(Debug, Default)]
pub struct Bits {
    bytes: Vec<u8>,
    used: u8,
    /// How many are not set.
    pub unset: usize,
}

impl Bits {
    pub fn push(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        match self.bytes.last_mut() {
            Some(last) if bit => *last |= 0x80 >> self.used,
            Some(_) | None => self.unset += 1,
        }
        self.used = (self.used + 1) % 8;
    }

    pub fn memory(&self) -> usize {
        self.bytes.len()
    }

    /// All bits since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        let taken = std::mem::take(self);
        of_bytes(&taken.bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_are_those_of_the_specification() {
        assert_eq!(of_bytes(&[0; 100]), [0x61, 0x00]);
        assert_eq!(of_bytes(&[0x44, 0x45]), [0xfe, 0x44, 0x45]);
        assert_eq!(of_bytes(&[1, 2, 2, 2, 3]), [0xff, 1, 0, 2, 0xff, 3]);
    }

    #[test]
    fn bits_start_at_the_top() {
        let mut bits = Bits::default();
        [true, false, false, false, false, false, false, false].into_iter().for_each(|bit| bits.push(bit));
        assert_eq!(bits.unset, 7);
        assert_eq!(bits.take(), [0xff, 0x80]);
        assert_eq!(bits.take(), [0_u8; 0]);
    }
}
