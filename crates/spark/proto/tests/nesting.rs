//! Hostile and deep messages: an error or a plan, never a crash.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use hearth_proto::connect::plan::compressed_operation::OpType as CompressedType;
use hearth_proto::connect::plan::{CompressedOperation, OpType};
use hearth_proto::connect::relation::RelType;
use hearth_proto::connect::{
    AnalyzePlanRequest, Command, CompressionCodec, ConfigRequest, ExecutePlanRequest, Limit, Plan, Relation,
};
use hearth_proto::decode::{DecodeError, decode_message, decode_plan, decode_relation};
use hearth_proto::limits::{MAX_MESSAGE_ITEMS, MAX_PLAN_DEPTH};
use prost::Message;

/// Wraps `inner` into the field `number` of an outer message.
fn wrap(number: u32, inner: &[u8]) -> Vec<u8> {
    let mut outer = Vec::with_capacity(inner.len() + 12);
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut outer);
    prost::encoding::encode_varint(inner.len() as u64, &mut outer);
    outer.extend_from_slice(inner);
    outer
}

/// Bytes of `levels` messages in one another; `path` are the field numbers that lead from one to the next.
fn nested(path: &[u32], levels: usize) -> Vec<u8> {
    (1..levels).fold(Vec::new(), |inner, _| path.iter().rev().fold(inner, |inner, &number| wrap(number, &inner)))
}

/// Relation.limit.input
const LIMITS: [u32; 2] = [8, 1];
/// Expression.window.frame_spec.lower.value: the longest way from an expression to the next.
const FRAMES: [u32; 4] = [11, 4, 2, 3];
/// Relation.ml_relation.fetch.methods.args.input: the longest way from a relation to the next.
const FETCHES: [u32; 5] = [300, 2, 2, 2, 2];
/// Expression.alias.expr
const ALIASES: [u32; 2] = [6, 1];
/// DataType.struct.fields.data_type
const STRUCTS: [u32; 3] = [21, 1, 2];
/// Expression.Literal.array.elements
const ARRAYS: [u32; 2] = [22, 2];

fn relation(wire: Vec<u8>) -> Result<Relation, DecodeError> {
    decode_relation(wire.into(), MAX_PLAN_DEPTH)
}

fn limits_of(relation: &Relation) -> usize {
    let mut levels = 1;
    let mut at = relation;
    while let Some(RelType::Limit(limit)) = &at.rel_type {
        let Some(input) = &limit.input else { break };
        levels += 1;
        at = input;
    }
    levels
}

#[test]
fn a_thousand_levels_decode_and_drop_on_a_small_stack() {
    let work = || {
        let deep = relation(nested(&LIMITS, 1000)).unwrap();
        assert_eq!(limits_of(&deep), 1000);
        drop(deep);
        drop(relation(nested(&FETCHES, 1000)).unwrap());
        // Relation.filter.condition, then expressions.
        let frames = wrap(4, &wrap(2, &nested(&FRAMES, 1000)));
        drop(relation(frames).unwrap());
        let aliases = wrap(4, &wrap(2, &nested(&ALIASES, 1000)));
        drop(relation(aliases).unwrap());
        // Relation.to_schema.schema, then types.
        drop(relation(wrap(26, &wrap(2, &nested(&STRUCTS, 1000)))).unwrap());
        // Relation.filter.condition.literal, then literals.
        drop(relation(wrap(4, &wrap(2, &wrap(1, &nested(&ARRAYS, 1000))))).unwrap());
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn the_limit_counts_levels_exactly() {
    assert!(relation(nested(&LIMITS, MAX_PLAN_DEPTH)).is_ok());
    let too_deep = Err(DecodeError::TooDeep { limit: MAX_PLAN_DEPTH });
    assert_eq!(relation(nested(&LIMITS, MAX_PLAN_DEPTH + 1)).map(drop), too_deep);
    assert!(decode_relation(nested(&LIMITS, 5).into(), 5).is_ok());
    assert_eq!(decode_relation(nested(&LIMITS, 6).into(), 5).map(drop), Err(DecodeError::TooDeep { limit: 5 }));
}

#[test]
fn kinds_of_nodes_count_together() {
    let half = MAX_PLAN_DEPTH / 2;
    let mixed = |expressions| {
        let filter = wrap(4, &wrap(2, &nested(&ALIASES, expressions)));
        (1..half).fold(filter, |inner, _| wrap(8, &wrap(1, &inner)))
    };
    assert!(relation(mixed(half)).is_ok());
    assert_eq!(relation(mixed(half + 1)).map(drop), Err(DecodeError::TooDeep { limit: MAX_PLAN_DEPTH }));
}

#[test]
fn far_too_deep_is_refused_without_recursion() {
    // Building outwards one level at a time would be quadratic, so lengths are written backwards.
    let mut reversed: Vec<u8> = Vec::new();
    for _ in 0..200_000 {
        for number in [1_u32, 8] {
            let mut head = Vec::new();
            prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut head);
            prost::encoding::encode_varint(reversed.len() as u64, &mut head);
            reversed.extend(head.iter().rev());
        }
    }
    reversed.reverse();
    assert_eq!(relation(reversed).map(drop), Err(DecodeError::TooDeep { limit: MAX_PLAN_DEPTH }));
}

#[test]
fn groups_are_refused_everywhere() {
    let groups = [0xfb, 0x3e].repeat(1 << 20);
    for wire in [groups.clone(), wrap(8, &groups)] {
        assert!(matches!(relation(wire), Err(DecodeError::Malformed(_))));
    }
    let request = decode_message::<ConfigRequest>(groups.into(), MAX_PLAN_DEPTH);
    assert!(matches!(request, Err(DecodeError::Malformed(_))));
}

#[test]
fn many_small_parts_are_refused() {
    // ConfigRequest.operation.unset.keys, each an empty string.
    let keys = [0x0a, 0].repeat(MAX_MESSAGE_ITEMS);
    let request = wrap(3, &wrap(6, &keys));
    let decoded = decode_message::<ConfigRequest>(request.into(), MAX_PLAN_DEPTH);
    assert_eq!(decoded.map(drop), Err(DecodeError::TooMany { limit: MAX_MESSAGE_ITEMS }));
}

fn sample_plan() -> Plan {
    let input = decode_relation(nested(&LIMITS, 3).into(), 10).unwrap();
    let limit = Limit { input: Some(Box::new(input)), limit: 300 };
    let root = Relation { common: None, rel_type: Some(RelType::Limit(Box::new(limit))) };
    Plan { op_type: Some(OpType::Root(root)) }
}

#[test]
fn truncated_and_mutated_bytes_never_crash() {
    let wire = sample_plan().encode_to_vec();
    for end in 0..wire.len() {
        let cut = decode_plan(wire[..end].to_vec().into(), MAX_PLAN_DEPTH);
        assert_eq!(cut.is_ok(), end == 0, "{end}");
    }
    for at in 0..wire.len() {
        for value in 0..=u8::MAX {
            let mut mutated = wire.clone();
            mutated[at] = value;
            // Whatever comes out, it comes out.
            let _ = decode_plan(mutated.into(), MAX_PLAN_DEPTH);
        }
    }
}

#[test]
fn wrong_wire_type_of_a_known_field_is_malformed() {
    // Plan.root as a number.
    assert!(matches!(decode_plan(Bytes::from_static(&[0x08, 1]), 10), Err(DecodeError::Malformed(_))));
}

#[test]
fn compressed_plans_are_inflated() {
    let Some(OpType::Root(root)) = sample_plan().op_type else { panic!() };
    let compress = |data: Vec<u8>, op_type: CompressedType| {
        let data = zstd::encode_all(&data[..], 1).unwrap().into();
        let operation =
            CompressedOperation { data, op_type: op_type.into(), compression_codec: CompressionCodec::Zstd.into() };
        let plan = Plan { op_type: Some(OpType::CompressedOperation(operation)) };
        decode_plan(plan.encode_to_vec().into(), MAX_PLAN_DEPTH)
    };
    assert_eq!(compress(root.encode_to_vec(), CompressedType::Relation).unwrap(), sample_plan());
    let command = Plan { op_type: Some(OpType::Command(Command::default())) };
    assert_eq!(compress(Vec::new(), CompressedType::Command).unwrap(), command);
    assert!(matches!(compress(Vec::new(), CompressedType::Unspecified), Err(DecodeError::Malformed(_))));
    let too_deep = compress(nested(&LIMITS, MAX_PLAN_DEPTH + 1), CompressedType::Relation);
    assert_eq!(too_deep, Err(DecodeError::TooDeep { limit: MAX_PLAN_DEPTH }));
}

#[test]
fn requests_carry_plans_byte_for_byte() {
    // A plan with a field that no schema knows.
    let mut plan = sample_plan().encode_to_vec();
    plan.extend(wrap(77, b"from the future"));
    let request = ExecutePlanRequest { session_id: "s".into(), plan: plan.clone().into(), ..Default::default() };
    let decoded: ExecutePlanRequest = decode_message(request.encode_to_vec().into(), MAX_PLAN_DEPTH).unwrap();
    assert_eq!(decoded.plan, plan);
    // AnalyzePlanRequest.schema.plan, on the wire as any client writes it.
    let schema = wrap(4, &wrap(1, &plan));
    let decoded: AnalyzePlanRequest = decode_message(schema.clone().into(), MAX_PLAN_DEPTH).unwrap();
    assert_eq!(decoded.encode_to_vec(), schema);
}
