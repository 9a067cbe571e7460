//! DataFrame calls as plan nodes, with answers recorded from Spark 4.2's DataFrame API over the same rows.

use hearth_plan::expression::{NullOrdering, SortDirection, SortOrder};
use hearth_plan::relation::{Join, JoinConstraint, JoinKind, Pivot, SetOp, SetOpKind, Unpivot, UnpivotValue};
use hearth_plan::{Expr, ExprNode, Relation, RelationNode as Node};
use hearth_types::Value;

use super::{TestSession, parse};

fn emp() -> Box<Relation> {
    Box::new(Relation { plan_id: Some(1), ..parse("select * from emp").unwrap() })
}

fn select(names: &[&str]) -> Box<Relation> {
    let expressions = names.iter().map(|name| Expr::column(*name)).collect();
    Box::new(Relation::new(Node::Project { input: emp(), expressions }))
}

fn of_emp(name: &str) -> Expr {
    Expr::new(ExprNode::Attribute { name: vec![name.to_owned()], plan_id: Some(1), is_metadata: false })
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn cases() -> Vec<(&'static str, Node, &'static str)> {
    let upper = Expr::function("upper", vec![Expr::column("name")]);
    let plus = Expr::function("+", vec![Expr::column("id"), Expr::literal(Value::Integer(1))]);
    let self_join = Join {
        left: Box::new(Relation { plan_id: Some(2), ..*emp() }),
        right: Box::new(Relation { plan_id: Some(3), ..*emp() }),
        kind: JoinKind::Inner,
        constraint: JoinConstraint::On(Expr::function(
            "==",
            vec![
                Expr::new(ExprNode::Attribute { name: strings(&["id"]), plan_id: Some(2), is_metadata: false }),
                Expr::new(ExprNode::Attribute { name: strings(&["id"]), plan_id: Some(3), is_metadata: false }),
            ],
        )),
        lateral: false,
        structs: None,
    };
    vec![
        (
            "distinct by name",
            Node::Deduplicate {
                input: select(&["dept"]),
                names: strings(&["dept"]),
                all_columns: false,
                within_watermark: false,
            },
            "dept :: 10;20;NULL",
        ),
        (
            "withColumns",
            Node::WithColumns {
                input: emp(),
                columns: vec![("NAME".to_owned(), upper, None), ("x".to_owned(), plus, None)],
            },
            "id|NAME|dept|pay|x :: 1|ANN|10|100.00|2;2|BOB|10|200.00|3;3|CID|20|300.00|4;4|DAN|NULL|50.00|5",
        ),
        (
            "renamed and dropped",
            Node::Drop {
                input: Box::new(Relation::new(Node::WithColumnsRenamed {
                    input: emp(),
                    renames: vec![("ID".to_owned(), "k".to_owned())],
                })),
                columns: Vec::new(),
                names: strings(&["pay", "zzz"]),
            },
            "k|name|dept :: 1|ann|10;2|bob|10;3|cid|20;4|dan|NULL",
        ),
        (
            "toDF",
            Node::ToDf { input: select(&["id", "name"]), names: strings(&["a", "b"]) },
            "a|b :: 1|ann;2|bob;3|cid;4|dan",
        ),
        (
            "na.fill",
            Node::FillNa { input: emp(), columns: Vec::new(), values: vec![Value::Long(7)] },
            "id|name|dept|pay :: 1|ann|10|100.00;2|bob|10|200.00;3|cid|20|300.00;4|dan|7|50.00",
        ),
        (
            "na.drop",
            Node::DropNa { input: emp(), columns: Vec::new(), min_non_nulls: None },
            "id|name|dept|pay :: 1|ann|10|100.00;2|bob|10|200.00;3|cid|20|300.00",
        ),
        (
            "na.drop with a threshold",
            Node::DropNa { input: emp(), columns: Vec::new(), min_non_nulls: Some(4) },
            "id|name|dept|pay :: 1|ann|10|100.00;2|bob|10|200.00;3|cid|20|300.00",
        ),
        (
            "na.replace",
            Node::Replace {
                input: emp(),
                columns: strings(&["name"]),
                replacements: vec![(Value::string("ann"), Value::string("eve"))],
            },
            "id|name|dept|pay :: 1|eve|10|100.00;2|bob|10|200.00;3|cid|20|300.00;4|dan|NULL|50.00",
        ),
        (
            "describe",
            Node::Describe { input: emp(), columns: strings(&["id", "pay"]) },
            "summary|id|pay :: count|4|4;max|4|300.00;mean|2.5|162.500000;min|1|50.00;\
             stddev|1.2909944487358056|110.86778913041725",
        ),
        (
            "summary",
            Node::Summary { input: emp(), statistics: strings(&["count", "25%", "75%"]) },
            "summary|id|name|dept|pay :: 25%|1|NULL|10|50.0;75%|3|NULL|20|200.0;count|4|4|3|4",
        ),
        (
            "crosstab",
            Node::Crosstab { input: emp(), column1: "dept".to_owned(), column2: "name".to_owned() },
            "dept_name|ann|bob|cid|dan :: 10|1|1|0|0;20|0|0|1|0;null|0|0|0|1",
        ),
        (
            "unpivot",
            Node::Unpivot(Unpivot {
                input: emp(),
                ids: Some(vec![Expr::column("id")]),
                values: Some(vec![UnpivotValue { expressions: vec![Expr::column("dept")], alias: None }]),
                variable_column: "var".to_owned(),
                value_columns: strings(&["val"]),
                include_nulls: true,
            }),
            "id|var|val :: 1|dept|10;2|dept|10;3|dept|20;4|dept|NULL",
        ),
        (
            "unionByName with missing columns",
            Node::SetOp(SetOp {
                left: select(&["id", "name"]),
                right: select(&["name", "pay"]),
                kind: SetOpKind::Union,
                all: true,
                by_name: true,
                allow_missing_columns: true,
            }),
            "id|name|pay :: 1|ann|NULL;2|bob|NULL;3|cid|NULL;4|dan|NULL;NULL|ann|100.00;NULL|bob|200.00;\
             NULL|cid|300.00;NULL|dan|50.00",
        ),
        (
            "pivot without values",
            Node::Pivot(Box::new(Pivot {
                input: emp(),
                grouping: Some(vec![Expr::column("name")]),
                columns: vec![Expr::column("dept")],
                values: Vec::new(),
                aggregates: vec![Expr::function("sum", vec![Expr::column("id")])],
            })),
            "name|null|10|20 :: ann|NULL|1|NULL;bob|NULL|2|NULL;cid|NULL|NULL|3;dan|4|NULL|NULL",
        ),
        (
            "sort by a column below the projection",
            Node::Sort {
                input: select(&["name"]),
                order: vec![SortOrder {
                    child: of_emp("pay"),
                    direction: SortDirection::Descending,
                    nulls: NullOrdering::Default,
                }],
                is_global: true,
            },
            "name :: ann;bob;cid;dan",
        ),
        (
            "filter by a column below the projection",
            Node::Filter {
                input: select(&["name"]),
                condition: Expr::function(">", vec![of_emp("pay"), Expr::literal(Value::Integer(100))]),
            },
            "name :: bob;cid",
        ),
        (
            "self-join by plan ids",
            Node::Project {
                input: Box::new(Relation::new(Node::Join(Box::new(self_join)))),
                expressions: vec![Expr::new(ExprNode::Attribute {
                    name: strings(&["name"]),
                    plan_id: Some(3),
                    is_metadata: false,
                })],
            },
            "name :: ann;bob;cid;dan",
        ),
        (
            "approxQuantile",
            Node::ApproxQuantile {
                input: emp(),
                columns: strings(&["pay"]),
                probabilities: vec![0.5],
                relative_error: 0.0,
            },
            "approx_quantile :: [[100.0]]",
        ),
        (
            "cov",
            Node::Cov { input: emp(), column1: "id".to_owned(), column2: "id".to_owned() },
            "cov :: 1.6666666666666667",
        ),
    ]
}

#[test]
fn data_frame_calls_answer_as_in_spark() {
    let session = TestSession::new();
    let mut wrong = Vec::new();
    for (what, node, expected) in cases() {
        let answer = match session.answer(&Relation::new(node)) {
            Ok(answer) => answer,
            Err(error) => error.to_string(),
        };
        if answer != expected {
            wrong.push(format!("{what}\n  ours:  {answer}\n  spark: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn one_relation_on_both_sides_is_ambiguous() {
    let session = TestSession::new();
    let join = Join {
        left: emp(),
        right: emp(),
        kind: JoinKind::Inner,
        constraint: JoinConstraint::On(Expr::function("==", vec![of_emp("id"), of_emp("id")])),
        lateral: false,
        structs: None,
    };
    let error = session.answer(&Relation::new(Node::Join(Box::new(join)))).unwrap_err();
    assert_eq!(error.condition().name, "AMBIGUOUS_COLUMN_REFERENCE");
}
