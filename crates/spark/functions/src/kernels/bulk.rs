//! Loops over whole arrays: all rows are computed, and what was wrong with any of them is known afterwards.
//!
//! The check of a row is a mask as wide as its value, so that the loop stays vectorised; `pulp` compiles it for the
//! instructions that the machine has. NULLs are computed as well: what hides behind them may be wrong without harm, so a
//! mask that is not clear means "look row by row" and no more.

use std::ops::BitOr;

use pulp::Arch;

/// What is found wrong with rows, put together with `|`.
pub trait Mask: Copy + Default + BitOr<Output = Self> {}
impl<T: Copy + Default + BitOr<Output = T>> Mask for T {}

/// Two masks at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Both<M>(pub M, pub M);

impl<M: Mask> BitOr for Both<M> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0, self.1 | other.1)
    }
}

/// `f` of each value. `f` must be small enough to be inlined: what is called is not compiled for the machine.
pub fn map<A: Copy, O, M: Mask>(values: &[A], f: impl Fn(A) -> (O, M)) -> (Vec<O>, M) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut found = M::default();
            let computed = values
                .iter()
                .map(|value| {
                    let (result, mask) = f(*value);
                    found = found | mask;
                    result
                })
                .collect();
            (computed, found)
        },
    )
}

/// `f` of each pair; as with `map`.
pub fn zip<A: Copy, B: Copy, O, M: Mask>(left: &[A], right: &[B], f: impl Fn(A, B) -> (O, M)) -> (Vec<O>, M) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut found = M::default();
            let computed = left
                .iter()
                .zip(right)
                .map(|(left, right)| {
                    let (result, mask) = f(*left, *right);
                    found = found | mask;
                    result
                })
                .collect();
            (computed, found)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_computed_and_masks_put_together() {
        let values: Vec<i64> = (0..1_000).collect();
        let low = |value: i64| (value as u8, value & !0xff);
        assert_eq!(map(&values[..256], low), ((0..=255).collect(), 0));
        assert_eq!(map(&values, low).1, 0x300);
        let sum = |left: i64, right: i64| (left + right, Both(left, right));
        assert_eq!(zip(&[1, 2], &[4, 8], sum), (vec![5, 10], Both(3, 12)));
    }
}
