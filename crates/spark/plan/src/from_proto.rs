//! From the messages of Spark Connect to the unresolved plan.
//!
//! [`decode_plan`] and [`decode_relation`] start from bytes; the rest starts from messages. Each oneof has one dispatch
//! with one line per arm, and a family file per group of arms below it. A missing required message is read as an empty
//! one, as protobuf does, so that what it lacks is named at the place where it is lacking.
//!
//! Plans nest up to `MAX_PLAN_DEPTH` levels; the recursive entries grow the stack.

mod catalog;
mod command;
mod expression;
mod invalid;
mod literal;
mod origin;
mod relation;
mod types;

use std::collections::BTreeMap;

use bytes::Bytes;
use hearth_base::Result;
use hearth_proto::connect as pb;
use hearth_proto::connect::plan::OpType;
use hearth_proto::decode::{self, decode_message};
use hearth_proto::limits::MAX_PLAN_DEPTH;

use crate::{Options, Plan, Relation, RelationNode};

pub use expression::expression;
pub use literal::value;
pub use relation::relation;
pub use types::{data_type, type_ref};

/// Enough for one level of any node in unoptimised code, and the step in which the stack grows.
const STACK_RED_ZONE: usize = 128 << 10;
const STACK_STEP: usize = 4 << 20;

/// Runs one level of a recursion.
fn with_stack<R>(level: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(STACK_RED_ZONE, STACK_STEP, level)
}

/// The plan of a request, from its bytes.
pub fn decode_plan(wire: Bytes) -> Result<Plan> {
    plan(decode_message_of_plan(wire)?)
}

/// The message of a plan, decompressed, for who needs more of it than its translation.
pub fn decode_message_of_plan(wire: Bytes) -> Result<pb::Plan> {
    decode::decode_plan(wire, MAX_PLAN_DEPTH).map_err(invalid::undecodable)
}

/// A relation that a request carries on its own, from its bytes.
pub fn decode_relation(wire: Bytes) -> Result<Relation> {
    relation(decode::decode_relation(wire, MAX_PLAN_DEPTH).map_err(invalid::undecodable)?)
}

/// The local relation that a client uploaded as the artifact `cache/<hash>`.
pub fn decode_local_relation(wire: Bytes) -> Result<RelationNode> {
    relation::local(decode_message(wire, MAX_PLAN_DEPTH).map_err(invalid::undecodable)?)
}

/// A decoded plan. Decompression is behind us: `decode_plan` has no compressed operation left in it.
pub fn plan(plan: pb::Plan) -> Result<Plan> {
    match plan.op_type {
        Some(OpType::Root(root)) => Ok(Plan::Relation(relation(root)?)),
        Some(OpType::Command(proto)) => Ok(Plan::Command(command::command(proto)?)),
        Some(OpType::CompressedOperation(_)) | None => Err(invalid::not_set("spark.connect.Plan", "op_type")),
    }
}

/// The value of an enum field, or an error that names the enum.
fn known<E: TryFrom<i32>>(number: i32, full_name: &'static str) -> Result<E> {
    E::try_from(number).map_err(|_| invalid::enum_value(full_name, "UNRECOGNIZED", number))
}

/// A field that holds a message, boxed or not; an absent one is empty.
fn message<M: Default>(field: Option<Box<M>>) -> M {
    field.map(|boxed| *boxed).unwrap_or_default()
}

fn options(map: BTreeMap<String, String>) -> Options {
    map.into_iter().collect()
}
