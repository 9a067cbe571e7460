//! What we read from plans that real PySpark wrote (`tests/golden/plans`, recorded by its `record.py`).
//!
//! All must read, the telling ones read as they should, and mistakes have Spark's conditions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hearth_plan::expression::{CastMode, SortDirection, TypeRef};
use hearth_plan::relation::{Grouping, GroupingItem, JoinConstraint, JoinKind};
use hearth_plan::{Expr, ExprNode, Plan, RelationNode, from_proto};
use hearth_proto::connect as pb;
use hearth_proto::connect::relation::RelType;
use hearth_types::{DataType, Value};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/plans")
}

fn recorded(name: &str) -> Plan {
    let wire = fs::read(folder().join(format!("{name}.bin"))).unwrap();
    from_proto::decode_plan(wire.into()).unwrap()
}

fn relation(name: &str) -> RelationNode {
    match recorded(name) {
        Plan::Relation(relation) => relation.node,
        Plan::Command(command) => panic!("{command:?}"),
    }
}

#[test]
fn every_recorded_plan_is_read() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            let plan = from_proto::decode_plan(fs::read(&path).unwrap().into());
            assert!(plan.is_ok(), "{}: {}", path.display(), plan.unwrap_err());
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

/// Whatever a client sends comes out as a plan or as an error.
#[test]
fn mutated_plans_never_panic() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let wire = fs::read(&path).unwrap();
        for at in 0..wire.len() {
            for change in [1, 8, 0x80, 0xff] {
                let mut mutated = wire.clone();
                mutated[at] ^= change;
                drop(from_proto::decode_plan(mutated.into()));
            }
            drop(from_proto::decode_plan(wire[..at].to_vec().into()));
        }
    }
}

fn names(expressions: &[Expr]) -> Vec<String> {
    let name = |expression: &Expr| match &expression.node {
        ExprNode::Attribute { name, .. } => name.join("/"),
        other => format!("{other:?}").chars().take_while(|c| c.is_alphabetic()).collect(),
    };
    expressions.iter().map(name).collect()
}

#[test]
fn projection_keeps_names_and_types_apart() {
    let RelationNode::Project { expressions, .. } = relation("project") else { panic!() };
    let ExprNode::Alias { expr, names, .. } = &expressions[2].node else { panic!() };
    assert_eq!(names, &["z"]);
    assert!(matches!(&expr.node, ExprNode::Attribute { name, .. } if name == &["x.y"]));
    let ExprNode::Cast { to, mode, .. } = &expressions[3].node else { panic!() };
    assert_eq!((to, *mode), (&TypeRef::Text("bigint".into()), CastMode::Session));
    let stars: Vec<_> = expressions[4..].iter().map(|star| &star.node).collect();
    assert!(matches!(stars[0], ExprNode::Star { target: None, plan_id: None, .. }));
    assert!(matches!(stars[1], ExprNode::Star { target: Some(target), .. } if target == &["s"]));
    assert!(matches!(stars[2], ExprNode::Star { target: None, plan_id: Some(_), .. }));
}

#[test]
fn rollup_puts_the_grouping_in_front() {
    let RelationNode::Aggregate { grouping: Grouping::Items(items), expressions, .. } = relation("rollup") else {
        panic!()
    };
    assert!(matches!(&items[..], [GroupingItem::Rollup(sets)] if sets.len() == 2));
    assert_eq!(names(&expressions), ["a", "b", "Function"]);
}

#[test]
fn joins_by_columns_and_by_condition() {
    let RelationNode::Join(join) = relation("join_using") else { panic!() };
    assert_eq!(join.kind, JoinKind::LeftOuter);
    assert_eq!(join.constraint, JoinConstraint::Using(vec!["id".into(), "k".into()]));
    let RelationNode::Join(join) = relation("lateral_join") else { panic!() };
    assert!(join.lateral && matches!(join.constraint, JoinConstraint::On(_)));
}

#[test]
fn literals_have_their_types() {
    let RelationNode::Project { expressions, .. } = relation("literals") else { panic!() };
    let value = |index: usize| match &expressions[index].node {
        ExprNode::Literal(value) => value.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value(0), Value::Null(DataType::Null));
    assert_eq!(value(3), Value::Long(1 << 40));
    assert_eq!(value(7), Value::Decimal { unscaled: 12345, precision: 10, scale: 3 });
    assert_eq!(value(8), Value::Date(18321));
}

#[test]
fn sort_directions_are_read() {
    let RelationNode::Sort { order, is_global, .. } = relation("sort") else { panic!() };
    assert!(!is_global);
    assert_eq!(order[0].direction, SortDirection::Descending);
}

fn deep_limits(levels: i32) -> Bytes {
    // Built from inside out, on the wire: nothing here recurses.
    let mut wire = prost::Message::encode_to_vec(&pb::Relation {
        common: None,
        rel_type: Some(RelType::Range(pb::Range::default())),
    });
    for _ in 1..levels {
        for number in [1, 8] {
            let mut outer = Vec::new();
            prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut outer);
            prost::encoding::encode_varint(wire.len() as u64, &mut outer);
            outer.extend_from_slice(&wire);
            wire = outer;
        }
    }
    wire.into()
}

#[test]
fn deep_plans_are_read_and_dropped_on_a_small_stack() {
    let work = || {
        let deep = from_proto::decode_relation(deep_limits(1024)).unwrap();
        assert!(matches!(deep.node, RelationNode::Limit { .. }));
        drop(deep);
        let error = from_proto::decode_relation(deep_limits(1025)).unwrap_err();
        assert_eq!(error.condition().name, "HEARTH_PLAN_DEPTH_LIMIT");
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

type Mistake = (Option<RelType>, &'static str, &'static [(&'static str, &'static str)]);

/// Conditions and parameters as Spark 4.2 answers the same messages.
fn mistakes() -> Vec<Mistake> {
    let range = || Some(Box::new(pb::Relation { common: None, rel_type: Some(RelType::Range(pb::Range::default())) }));
    let join = pb::Join { left: range(), right: range(), ..Default::default() };
    let set_op = pb::SetOperation { left_input: range(), right_input: range(), ..Default::default() };
    let source =
        pb::read::DataSource { format: Some("csv".into()), predicates: vec!["a".into()], ..Default::default() };
    let read = pb::Read { is_streaming: false, read_type: Some(pb::read::ReadType::DataSource(source)) };
    vec![
        (None, "INVALID_ONE_OF_FIELD_NOT_SET", &[("fullName", "spark.connect.Relation"), ("name", "RELTYPE_NOT_SET")]),
        (
            Some(RelType::Unknown(pb::Unknown {})),
            "INVALID_ONE_OF_FIELD_NOT_SUPPORTED",
            &[("fullName", "spark.connect.Relation"), ("name", "UNKNOWN"), ("number", "999")],
        ),
        (Some(RelType::Filter(Box::default())), "ASSERTION_FAILURE", &[("message", "")]),
        (
            Some(RelType::Filter(Box::new(pb::Filter { input: range(), condition: None }))),
            "INVALID_ONE_OF_FIELD_NOT_SET",
            &[("fullName", "spark.connect.Expression"), ("name", "EXPRTYPE_NOT_SET")],
        ),
        (Some(RelType::Join(Box::default())), "ASSERTION_FAILURE", &[("message", "Both join sides must be present")]),
        (
            Some(RelType::Join(Box::new(join))),
            "INVALID_ENUM",
            &[("fullName", "spark.connect.Join.JoinType"), ("name", "JOIN_TYPE_UNSPECIFIED"), ("number", "0")],
        ),
        (
            Some(RelType::SetOp(Box::new(set_op))),
            "INVALID_ENUM",
            &[
                ("fullName", "spark.connect.SetOperation.SetOpType"),
                ("name", "SET_OP_TYPE_UNSPECIFIED"),
                ("number", "0"),
            ],
        ),
        (
            Some(RelType::Sort(Box::new(pb::Sort { input: range(), ..Default::default() }))),
            "ASSERTION_FAILURE",
            &[("message", "'order' must be present and contain elements.")],
        ),
        (
            Some(RelType::Deduplicate(Box::new(pb::Deduplicate { input: range(), ..Default::default() }))),
            "DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL",
            &[],
        ),
        (
            Some(RelType::FillNa(Box::new(pb::NaFill { input: range(), ..Default::default() }))),
            "NA_FILL_VALUES_EMPTY",
            &[],
        ),
        (Some(RelType::Aggregate(Box::default())), "AGGREGATE_NEEDS_PLAN_INPUT", &[]),
        (
            Some(RelType::Catalog(pb::Catalog::default())),
            "INVALID_ONE_OF_FIELD_NOT_SET",
            &[("fullName", "spark.connect.Catalog"), ("name", "CATTYPE_NOT_SET")],
        ),
        (Some(RelType::LocalRelation(pb::LocalRelation::default())), "SCHEMA_REQUIRED_FOR_LOCAL_RELATION", &[]),
        (
            Some(RelType::ChunkedCachedLocalRelation(pb::ChunkedCachedLocalRelation::default())),
            "CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA",
            &[],
        ),
        (Some(RelType::Read(read)), "PREDICATES_NOT_SUPPORTED_FOR_DATA_SOURCE", &[("format", "csv")]),
    ]
}

#[test]
fn mistakes_have_sparks_conditions() {
    for (rel_type, condition, parameters) in mistakes() {
        let error = from_proto::relation(pb::Relation { common: None, rel_type }).unwrap_err();
        assert_eq!(error.condition().name, format!("CONNECT_INVALID_PLAN.{condition}"));
        let ours: Vec<_> = error.parameters().iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(ours, parameters, "{condition}");
    }
    let garbage = from_proto::decode_plan(Bytes::from_static(b"\x0a\xff")).unwrap_err();
    assert_eq!(garbage.condition().name, "CONNECT_INVALID_PLAN.CANNOT_PARSE");
    let empty = from_proto::decode_plan(Bytes::new()).unwrap_err();
    assert_eq!(empty.parameters()[1].1, "OPTYPE_NOT_SET");
}

#[test]
fn schema_text_is_read_where_a_type_must_stand() {
    let unparsed = |text: &str| pb::DataType {
        kind: Some(pb::data_type::Kind::Unparsed(pb::data_type::Unparsed { data_type_string: text.into() })),
    };
    let schema = |text: &str| {
        let input = Some(Box::new(pb::Relation { common: None, rel_type: Some(RelType::Range(pb::Range::default())) }));
        let rel_type = Some(RelType::ToSchema(Box::new(pb::ToSchema { input, schema: Some(unparsed(text)) })));
        match from_proto::relation(pb::Relation { common: None, rel_type }).map(|relation| relation.node) {
            Ok(RelationNode::ToSchema { schema, .. }) => Ok(schema.simple_string()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.condition().name),
        }
    };
    assert_eq!(schema("a INT, b STRING"), Ok("struct<a:int,b:string>".into()));
    assert_eq!(schema("struct<a: int>"), Ok("struct<a:int>".into()));
    assert_eq!(schema("a: int, b: string"), Ok("struct<a:int,b:string>".into()));
    assert!(schema("a b c d").is_err());
}
