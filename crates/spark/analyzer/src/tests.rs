//! Queries end to end, with answers recorded from Spark 4.2.

use hearth_base::QueryContext;
use hearth_plan::relation::AsOfJoin;
use hearth_plan::{Expr, Relation, RelationNode};

use crate::testing::{TestSession, parse};

/// Expressions of `testing/names.tsv` that differ from Spark, with the reason.
const KNOWN: &[(&str, &str)] = &[
    ("s like any ('a','b')", "the parser writes LIKE ANY as OR"),
    ("s like all ('a','b')", "the parser writes LIKE ALL as AND"),
    ("s not like any ('a','b')", "the parser writes NOT LIKE ANY as OR"),
    ("array_sort(arr)", "Spark prints its own comparator"),
    ("(a, b)", "a row constructor is a struct here"),
    ("make_interval(1)", "Spark prints the defaults"),
    ("time'10:11:12'", "TIME is switched off, as it is by default in Spark Connect"),
    ("session_user", "the parser makes a call of it, which Spark prints as session_user()"),
];

/// Expressions whose nullability the function crate states more narrowly than Spark does.
const NARROWER: &[&str] = &[
    "a/2",
    "a%2",
    "a div 2",
    "cast('1' as int)",
    "try_cast(a as string)",
    "arr[0]",
    "element_at(arr, 1)",
    "sqrt(a)",
    "sign(a)",
    "signum(a)",
    "mod(a,2)",
    "pmod(a,2)",
    "exp(a)",
    "try_to_number('1','9')",
];

/// Names, types and nullability of expressions: `testing/names.tsv` is recorded from Spark.
#[test]
fn unnamed_columns_are_called_as_in_spark() {
    let session = TestSession::new();
    let mut wrong = Vec::new();
    for line in include_str!("testing/names.tsv").lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [expr, name, data_type, nullable] = parts.as_slice() else { panic!("{line}") };
        if KNOWN.iter().any(|(known, _)| known == expr) {
            continue;
        }
        let expr = expr.replace("\\n", "\\\\n");
        match session.analyze(&format!("select {expr} from t")) {
            Ok(analyzed) => {
                let field = &analyzed.schema.fields[0];
                let narrower = NARROWER.contains(&expr.as_str());
                let nullability = if narrower { (*nullable).to_owned() } else { field.nullable.to_string() };
                let ours = (field.name.replace('\n', "\\n"), field.data_type.simple_string(), nullability);
                if (ours.0.as_str(), ours.1.as_str(), ours.2.as_str()) != (*name, *data_type, *nullable) {
                    wrong.push(format!("{expr}: {ours:?} instead of {name} {data_type} {nullable}"));
                }
            }
            Err(error) => wrong.push(format!("{expr}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What DataFusion needs to see to do well: columns bare in joins and filters, filters at the scans.
#[test]
fn plans_stay_open_to_the_optimizer() {
    let session = TestSession::new();
    let sql = "select e.name from emp e, dept d where e.dept = d.dept and e.id > 1 and d.title = 'eng'";
    let plan = session.optimized(sql).unwrap();
    assert!(plan.contains("Inner Join: #"), "{plan}");
    assert!(plan.contains("emp.id > Int32(1)"), "{plan}");
    assert!(plan.contains("dept.title = Utf8(\"eng\")"), "{plan}");
}

/// `testing/queries.tsv`: SQL, then its rows.
#[test]
fn queries_answer_as_spark() {
    let session = TestSession::new();
    let mut wrong = Vec::new();
    for line in include_str!("testing/queries.tsv").lines().filter(|line| !line.starts_with('#')) {
        let Some((sql, expected)) = line.split_once('\t') else { panic!("{line}") };
        let answer = match session.sorted_rows(sql) {
            Ok(rows) => rows,
            Err(error) => format!("ERR {} {}", error.condition().name, error),
        };
        let same = match expected.strip_prefix("ERR ") {
            Some(condition) => answer.split(' ').nth(1) == Some(condition),
            None => answer == expected,
        };
        if !same {
            wrong.push(format!("{sql}\n  ours:  {answer}\n  spark: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn transpose_and_as_of_join_answer_as_spark() {
    let session = TestSession::new();
    let table = |sql: &str| Box::new(parse(sql).unwrap());
    let rows = table("select * from values ('a', 1, 2), ('b', 3, 4) as t(k, x, y)");
    let transposed = Relation::new(RelationNode::Transpose { input: rows, index: Vec::new() });
    assert_eq!(session.answer(&transposed).unwrap(), "key|a|b :: x|1|3;y|2|4");

    let join = |direction: &str, join_type: &str, allow_exact_matches| {
        let join = AsOfJoin {
            left: table("select * from values (1, 5), (2, 10), (3, 0) as l(id, a)"),
            right: table("select * from values (4, 40), (5, 50), (9, 90), (11, 110) as r(b, v)"),
            left_as_of: Expr::column("a"),
            right_as_of: Expr::column("b"),
            condition: None,
            using: Vec::new(),
            join_type: join_type.to_owned(),
            tolerance: None,
            allow_exact_matches,
            direction: direction.to_owned(),
        };
        session.answer(&Relation::new(RelationNode::AsOfJoin(Box::new(join))))
    };
    assert_eq!(join("backward", "inner", true).unwrap(), "id|a|b|v :: 1|5|5|50;2|10|9|90");
    assert_eq!(join("forward", "inner", true).unwrap(), "id|a|b|v :: 1|5|5|50;2|10|11|110;3|0|4|40");
    assert_eq!(join("backward", "left", true).unwrap(), "id|a|b|v :: 1|5|5|50;2|10|9|90;3|0|NULL|NULL");
    assert_eq!(join("backward", "inner", false).unwrap(), "id|a|b|v :: 1|5|4|40;2|10|9|90");
    assert_eq!(join("x", "inner", true).unwrap_err().condition().name, "AS_OF_JOIN.UNSUPPORTED_DIRECTION");
}

/// A failure of the tenth batch points at the expression.
#[test]
fn runtime_errors_know_where_they_were_written() {
    let session = TestSession::new();
    let error = session.rows("select 10 / (id - 2) from emp").unwrap_err();
    let [QueryContext::Sql { fragment, start, stop, .. }] = error.contexts() else { panic!("{error:?}") };
    assert_eq!((fragment.as_str(), *start, *stop), ("10 / (id - 2)", 7, 19));
}
