//! Whole numbers in the second form of ORC's run lengths: short repeats, runs of a fixed step, and packed bits.

/// How many numbers one run may have.
const MAX_RUN: usize = 512;
/// Fewer equal numbers are no run of their own.
const MIN_REPEAT: usize = 3;
/// Fewer numbers of a fixed step are packed.
const MIN_STEPS: usize = 8;
const MAX_SHORT_REPEAT: usize = 10;

/// Numbers that are written as they come.
#[derive(Debug)]
pub struct Integers {
    signed: bool,
    waiting: Vec<i64>,
    out: Vec<u8>,
}

impl Integers {
    pub fn new(signed: bool) -> Self {
        Self { signed, waiting: Vec::with_capacity(MAX_RUN), out: Vec::new() }
    }

    pub fn push(&mut self, value: i64) {
        self.waiting.push(value);
        if self.waiting.len() == MAX_RUN {
            self.write_waiting();
        }
    }

    pub fn memory(&self) -> usize {
        self.out.len() + self.waiting.len() * size_of::<i64>()
    }

    /// All that was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        self.write_waiting();
        std::mem::take(&mut self.out)
    }

    fn write_waiting(&mut self) {
        let values = std::mem::take(&mut self.waiting);
        let (mut start, mut at) = (0, 0);
        while at < values.len() {
            let rest = &values[at..];
            let equal = equal_run(rest);
            let steps = if equal >= MIN_REPEAT { 0 } else { step_run(rest) };
            if equal < MIN_REPEAT && steps < MIN_STEPS {
                at += 1;
                continue;
            }
            self.direct(&values[start..at]);
            let length = if equal >= MIN_REPEAT { equal } else { steps };
            if (MIN_REPEAT..=MAX_SHORT_REPEAT).contains(&equal) {
                self.short_repeat(rest[0], equal);
            } else {
                self.steps(&rest[..length]);
            }
            at += length;
            start = at;
        }
        self.direct(&values[start..]);
        self.waiting = values;
        self.waiting.clear();
    }

    fn coded(&self, value: i64) -> u64 {
        if self.signed { zigzag(value) } else { value.cast_unsigned() }
    }

    fn short_repeat(&mut self, value: i64, count: usize) {
        let value = self.coded(value);
        let width = (bits(value).div_ceil(8)).max(1);
        self.out.push(small((width - 1) << 3 | (count - MIN_REPEAT)));
        self.out.extend_from_slice(&value.to_be_bytes()[8 - width..]);
    }

    /// Numbers that grow or shrink by the same step, or stay.
    fn steps(&mut self, values: &[i64]) {
        let rest = values.len() - 1;
        self.out.push(small(0xc0 | rest >> 8));
        self.out.push(small(rest & 0xff));
        let first = u128::from(self.coded(values[0]));
        put_varint(&mut self.out, first);
        put_varint(&mut self.out, u128::from(zigzag(values[1].wrapping_sub(values[0]))));
    }

    fn direct(&mut self, values: &[i64]) {
        if values.is_empty() {
            return;
        }
        let widest = values.iter().map(|value| bits(self.coded(*value))).max().unwrap_or(1);
        let (width, code) = packed_width(widest);
        let rest = values.len() - 1;
        self.out.push(small(0x40 | code << 1 | rest >> 8));
        self.out.push(small(rest & 0xff));
        let (mut held, mut free) = (0_u8, 8);
        for value in values {
            let (value, mut left) = (self.coded(*value), width);
            while left > 0 {
                let now = left.min(free);
                let part = (value >> (left - now)) & ((1_u64 << now) - 1);
                held |= (part << (free - now)).to_le_bytes()[0];
                (left, free) = (left - now, free - now);
                if free == 0 {
                    self.out.push(held);
                    (held, free) = (0, 8);
                }
            }
        }
        if free < 8 {
            self.out.push(held);
        }
    }
}

fn small(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

fn bits(value: u64) -> usize {
    (64 - value.leading_zeros()) as usize
}

/// The next width that numbers are packed in, and its code.
fn packed_width(bits: usize) -> (usize, usize) {
    const WIDTHS: [(usize, usize); 11] =
        [(1, 0), (2, 1), (4, 3), (8, 7), (16, 15), (24, 23), (32, 27), (40, 28), (48, 29), (56, 30), (64, 31)];
    WIDTHS.into_iter().find(|(width, _)| *width >= bits).unwrap_or((64, 31))
}

fn equal_run(values: &[i64]) -> usize {
    values.iter().take_while(|value| **value == values[0]).count()
}

/// How many numbers have the step between the first two. Steps that would overflow are none.
fn step_run(values: &[i64]) -> usize {
    let Some(step) = values.get(1).and_then(|second| second.checked_sub(values[0])) else { return 0 };
    1 + values.windows(2).take_while(|pair| pair[1].checked_sub(pair[0]) == Some(step)).count()
}

pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Seven bits at a time, the lowest first.
pub fn put_varint(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn written(signed: bool, values: &[i64]) -> Vec<u8> {
        let mut integers = Integers::new(signed);
        values.iter().for_each(|value| integers.push(*value));
        integers.take()
    }

    #[test]
    fn runs_are_those_of_the_specification() {
        assert_eq!(written(false, &[10_000; 5]), [0x0a, 0x27, 0x10]);
        assert_eq!(
            written(false, &[23713, 43806, 57005, 48879]),
            [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef]
        );
        assert_eq!(written(false, &[5; 100]), [0xc0, 99, 5, 0]);
        assert_eq!(written(true, &(0..20).collect::<Vec<_>>()), [0xc0, 19, 0, 2]);
    }

    #[test]
    fn extremes_are_packed_in_full() {
        let bytes = written(true, &[i64::MIN, i64::MAX]);
        assert_eq!(bytes.len(), 2 + 16);
        assert_eq!(bytes[2..10], [0xff; 8]);
        assert_eq!(bytes[10..], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]);
    }
}
