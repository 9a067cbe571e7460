//! Pauses between tries: each twice the one before, up to a bound, with some chance in it so that many who wait do not
//! come back in the same moment.

use std::time::{Duration, Instant};

use rand::Rng;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Tries that failed without anything new between them.
#[derive(Debug)]
pub(crate) struct Tries {
    most: u32,
    within: Duration,
    failed: u32,
    since: Option<Instant>,
}

impl Tries {
    /// `most` tries after the first failure, the last of them beginning `within` this time of it.
    pub(crate) fn new(most: u32, within: Duration) -> Self {
        Self { most, within, failed: 0, since: None }
    }

    /// Counts a failure. How long to wait before the next try; `None` when it is enough.
    pub(crate) fn failed(&mut self) -> Option<Duration> {
        let elapsed = self.since.get_or_insert_with(Instant::now).elapsed();
        self.failed += 1;
        if self.failed > self.most || elapsed >= self.within {
            return None;
        }
        let pause = FIRST.saturating_mul(1 << (self.failed - 1).min(16)).min(LONGEST);
        let chance = rand::rng().random_range(0.5..=1.0);
        Some(pause.mul_f64(chance).min(self.within.saturating_sub(elapsed)))
    }

    /// Something went well: what comes counts anew.
    pub(crate) fn succeeded(&mut self) {
        self.failed = 0;
        self.since = None;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn tries_end_by_number_and_by_time() {
        let mut tries = Tries::new(2, Duration::from_secs(60));
        assert!(tries.failed().unwrap() <= FIRST);
        assert!(tries.failed().unwrap() <= FIRST * 2);
        assert_eq!(tries.failed(), None);
        tries.succeeded();
        assert!(tries.failed().is_some());
        assert_eq!(Tries::new(9, Duration::ZERO).failed(), None);
        assert_eq!(Tries::new(0, Duration::from_secs(60)).failed(), None);
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let mut tries = Tries::new(100, Duration::from_secs(3600));
        let pauses: Vec<Duration> = (0..40).map(|_| tries.failed().unwrap()).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[39] >= LONGEST / 2 && pauses[39] <= LONGEST);
    }
}
