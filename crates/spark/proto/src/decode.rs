//! Decoding of messages from outside: the nesting is checked first, then decoding gets the stack that it needs.
//!
//! A decoded plan may be [`MAX_PLAN_DEPTH`] levels deep. Dropping it takes little stack; walking it by recursion takes
//! what the walker makes of it, so walkers of plans grow their stack too (`stacker`).

use bytes::Bytes;
use prost::{Message, Name};

use crate::compression::decompress;
use crate::connect::plan::OpType;
use crate::connect::plan::compressed_operation::OpType as CompressedType;
use crate::connect::{Command, Plan, Relation};
use crate::limits::MAX_PLAN_DEPTH;
use crate::nesting;

/// What decoding takes per message in one another, and on top: four times what was measured of unoptimised code.
const STACK_PER_MESSAGE: usize = 12 << 10;
const STACK_BASE: usize = 128 << 10;

/// Why bytes are no message that we take. Limits are named in [`crate::limits`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the wire format, or not of the schema.
    #[error("the message is malformed: {0}")]
    Malformed(&'static str),
    /// More levels of relations, expressions, literals and types in one another than allowed.
    #[error("the plan nests deeper than {limit} levels")]
    TooDeep { limit: usize },
    /// More bytes after decompression than allowed.
    #[error("the plan is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// More messages and strings than allowed.
    #[error("the message has more than {limit} parts")]
    TooMany { limit: usize },
    /// Compressed in a way that we do not know.
    #[error("the plan is compressed with the unknown codec {codec}")]
    UnknownCodec { codec: i32 },
}

/// Decodes a plan. A compressed one is decompressed: what comes back is a relation, a command, or nothing when the
/// client sent neither.
pub fn decode_plan(wire: Bytes, max_depth: usize) -> Result<Plan, DecodeError> {
    let plan: Plan = decode_message(wire, max_depth)?;
    let Some(OpType::CompressedOperation(compressed)) = &plan.op_type else {
        return Ok(plan);
    };
    let inner = decompress(compressed)?;
    let op_type = match compressed.op_type() {
        CompressedType::Unspecified => return Err(DecodeError::Malformed("a compressed operation of no known type")),
        CompressedType::Relation => OpType::Root(decode_relation(inner, max_depth)?),
        CompressedType::Command => OpType::Command(decode_message::<Command>(inner, max_depth)?),
    };
    Ok(Plan { op_type: Some(op_type) })
}

/// Decodes a relation that stands alone, as the requests about persistence have it.
pub fn decode_relation(wire: Bytes, max_depth: usize) -> Result<Relation, DecodeError> {
    decode_message(wire, max_depth)
}

/// Decodes any message of this crate. Byte fields share the memory of `wire`.
pub fn decode_message<M: Message + Name + Default>(wire: Bytes, max_depth: usize) -> Result<M, DecodeError> {
    let nesting = nesting::check(&M::full_name(), &wire, max_depth.min(MAX_PLAN_DEPTH))?;
    let stack = STACK_BASE + nesting * STACK_PER_MESSAGE;
    stacker::maybe_grow(stack, stack, || M::decode(wire))
        .map_err(|_| DecodeError::Malformed("a field of another type than the schema has"))
}
