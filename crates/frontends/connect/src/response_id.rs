//! Response ids: where in an answer a response stands.
//!
//! To clients they are opaque UUIDs. Here the item's index and the part of the item are written into the UUID (version
//! 8), so that a reattach finds its place without a table, after a restart too.

use hearth_base::condition::CURSOR_NOT_FOUND;
use hearth_base::{OperationId, Result};
use uuid::Uuid;

/// A place in an answer: an item of the result log, and for items that are sent in parts, which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub item: u64,
    pub part: u16,
    /// The last part of its item: the next response belongs to the next item.
    pub last_part: bool,
    pub part_size: PartSize,
}

/// How large the parts are in which a client takes large batches. It is part of the id, because a client that comes
/// back does not say it again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartSize(u8);

/// Bits of the item's index; a result has fewer items.
const ITEM_BITS: u32 = 48;
/// Stands for "before the first item".
const NO_ITEM: u64 = (1 << ITEM_BITS) - 1;
/// Bits of `PartSize`.
const SIZE_BITS: u32 = 4;
const SMALLEST_PART: usize = 16 * 1024;

impl PartSize {
    /// Batches are sent whole.
    pub const WHOLE: Self = Self(0);
    /// What a client gets that has no wish.
    pub const DEFAULT: Self = Self(12);

    /// The largest size up to `bytes`, from 16 KiB to 128 MiB.
    pub fn up_to(bytes: usize) -> Self {
        let doublings = (bytes / SMALLEST_PART).max(1).ilog2().min((1 << SIZE_BITS) - 2);
        Self(u8::try_from(doublings + 1).unwrap_or(1))
    }

    /// `None` for whole batches.
    pub fn bytes(self) -> Option<usize> {
        (self.0 > 0).then(|| SMALLEST_PART << (self.0 - 1))
    }
}

impl Place {
    /// A place that is a whole item.
    pub fn whole(item: u64) -> Self {
        Self { item, part: 0, last_part: true, part_size: PartSize::WHOLE }
    }

    /// Where a client stands that has had nothing but progress.
    pub fn start() -> Self {
        Self::whole(NO_ITEM)
    }

    /// The last item that a client which is at this place has wholly.
    pub fn last_whole_item(self) -> Option<u64> {
        match self.item {
            NO_ITEM => None,
            item if self.last_part => Some(item),
            item => item.checked_sub(1),
        }
    }

    /// The id of the response at this place of `operation`.
    pub fn id(self, operation: &OperationId) -> String {
        let high = fingerprint(operation) << 16;
        let item = self.item & NO_ITEM;
        let low = (item << SIZE_BITS | u64::from(self.part_size.0)) << 1 | u64::from(self.last_part);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&high.to_be_bytes()[..6]);
        bytes[6..8].copy_from_slice(&(self.part & 0x0fff).to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Uuid::new_v8(bytes).to_string()
    }

    /// The place that `id` of `operation` stands for; an error for an id that this operation never gave out.
    pub fn read(id: &str, operation: &OperationId) -> Result<Self> {
        let not_found = || CURSOR_NOT_FOUND.with("responseId", id);
        let uuid = Uuid::try_parse(id).map_err(|_| not_found())?;
        let bytes = uuid.as_bytes();
        let mut high = [0; 8];
        high[..6].copy_from_slice(&bytes[..6]);
        if u64::from_be_bytes(high) >> 16 != fingerprint(operation) & 0xffff_ffff_ffff {
            return Err(not_found());
        }
        let part = u16::from_be_bytes([bytes[6] & 0x0f, bytes[7]]);
        let mut low = [0; 8];
        low.copy_from_slice(&bytes[8..]);
        let low = u64::from_be_bytes(low) & (u64::MAX >> 2);
        let size = PartSize(u8::try_from(low >> 1 & ((1 << SIZE_BITS) - 1)).unwrap_or_default());
        Ok(Self { item: low >> (1 + SIZE_BITS), part, last_part: low & 1 == 1, part_size: size })
    }

    /// Where the answer goes on behind this place: item and part.
    pub fn next(self) -> (u64, u16) {
        match self.item {
            NO_ITEM => (0, 0),
            item if self.last_part => (item + 1, 0),
            item => (item, self.part + 1),
        }
    }
}

/// 48 bits of the operation's id, so that an id of another operation is not taken for a place in this one.
fn fingerprint(operation: &OperationId) -> u64 {
    let text = operation.as_str().bytes();
    // FNV-1a: stable across versions and runs, which a hasher of the standard library is not.
    text.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 16
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_from_its_id() {
        let operation = OperationId::new("1b671a64-40d5-491e-99b0-da01ff1f3341");
        for place in [
            Place::whole(0),
            Place { item: 1, part: 0, last_part: false, part_size: PartSize::DEFAULT },
            Place { item: 7_000_000_000, part: 4095, last_part: true, part_size: PartSize::up_to(1 << 30) },
        ] {
            assert_eq!(Place::read(&place.id(&operation), &operation).unwrap(), place);
        }
    }

    #[test]
    fn part_sizes_stay_within_what_was_asked() {
        assert_eq!(PartSize::up_to(100_000).bytes(), Some(65_536));
        assert_eq!(PartSize::up_to(1).bytes(), Some(16 * 1024));
        assert_eq!(PartSize::DEFAULT.bytes(), Some(32 << 20));
        assert_eq!(PartSize::WHOLE.bytes(), None);
    }

    #[test]
    fn who_has_had_only_progress_begins_at_the_first_item() {
        let operation = OperationId::new("1b671a64-40d5-491e-99b0-da01ff1f3341");
        let start = Place::read(&Place::start().id(&operation), &operation).unwrap();
        assert_eq!((start.next(), start.last_whole_item()), ((0, 0), None));
        let part = Place { last_part: false, ..Place::whole(3) };
        assert_eq!((part.next(), part.last_whole_item()), ((3, 1), Some(2)));
    }

    #[test]
    fn an_id_of_another_operation_is_not_found() {
        let one = OperationId::new("1b671a64-40d5-491e-99b0-da01ff1f3341");
        let other = OperationId::new("2b671a64-40d5-491e-99b0-da01ff1f3341");
        assert!(Place::read(&Place::whole(3).id(&one), &other).is_err());
        assert!(Place::read("not-a-uuid", &one).is_err());
    }
}
