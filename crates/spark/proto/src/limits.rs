//! What a message from outside may be at most. Over a limit is an error with the limit's name, never a crash.

/// Levels of relations, expressions, literals and types in one another. Spark's own default is the same number for all
/// messages together, so every plan that Spark takes passes here.
pub const MAX_PLAN_DEPTH: usize = 1024;

/// Size of a plan after decompression, as `spark.connect.maxPlanSize` has it.
pub const MAX_DECOMPRESSED_PLAN_BYTES: usize = 512 << 20;

/// Messages, strings and byte arrays in one message. An empty one takes two bytes on the wire and a few hundred in
/// memory, so that the size on the wire alone bounds nothing.
pub const MAX_MESSAGE_ITEMS: usize = 8 << 20;

/// Messages in one another per level of depth: no cycle of the schema has that many between two counted ones. Ends the
/// walk should a later schema have one.
pub(crate) const MESSAGES_PER_LEVEL: usize = 8;
