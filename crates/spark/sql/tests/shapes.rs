//! What statements become: names of operators, precedence, the order in which the nodes of a query are stacked, places.
//!
//! The expected forms follow what real Spark's parser prints for the same text (`parsePlan(…).toString()`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_plan::expression::FunctionCall;
use hearth_plan::relation::{Grouping, SetOpKind};
use hearth_plan::{Command, Expr, ExprNode, Origin, Plan, Relation, RelationNode};
use hearth_sql::{parse_expression, parse_multipart_identifier, parse_statement, parse_statements};
use hearth_types::Value;

/// `name(argument, …)`; other nodes shortly.
fn show(expr: &Expr) -> String {
    match &expr.node {
        ExprNode::Function(call) => {
            let FunctionCall { name, arguments, .. } = call.as_ref();
            format!("{}({})", name.join("."), arguments.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        ExprNode::Attribute { name, .. } => name.join("."),
        ExprNode::LambdaVariable { name } => format!("${}", name.join(".")),
        ExprNode::Lambda { body, arguments } => format!("({}) -> {}", arguments.join(", "), show(body)),
        ExprNode::Alias { expr, names, .. } => format!("{} AS {}", show(expr), names.join(",")),
        ExprNode::Cast { expr, to, mode } => format!("{mode:?}({} {to:?})", show(expr)),
        ExprNode::Extract { child, extraction } => format!("{}[{}]", show(child), show(extraction)),
        ExprNode::TypedLiteral { kind, text } => format!("{kind:?}<{text}>"),
        ExprNode::Literal(Value::String(text)) => format!("'{text}'"),
        ExprNode::Literal(Value::Integer(value)) => value.to_string(),
        ExprNode::Literal(Value::Null(_)) => "null".to_owned(),
        ExprNode::Literal(value) => format!("{value:?}"),
        ExprNode::Subquery(_) => "query".to_owned(),
        other => format!("{other:?}"),
    }
}

fn expression(text: &str) -> String {
    show(&parse_expression(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

/// The nodes of a query from the outside, where there is one input.
fn nodes(text: &str) -> String {
    let Plan::Relation(mut relation) = parse_statement(text).unwrap() else { panic!("not a query: {text}") };
    let mut names = Vec::new();
    loop {
        let debug = format!("{:?}", relation.node);
        names.push(debug.split(['{', '(', ' ']).next().unwrap_or_default().to_owned());
        relation = match input(relation) {
            Some(input) => input,
            None => return names.join(" "),
        };
    }
}

fn input(relation: Relation) -> Option<Relation> {
    match relation.node {
        RelationNode::Project { input, .. }
        | RelationNode::Filter { input, .. }
        | RelationNode::Having { input, .. }
        | RelationNode::Qualify { input, .. }
        | RelationNode::Aggregate { input, .. }
        | RelationNode::Distinct { input }
        | RelationNode::WithWindows { input, .. }
        | RelationNode::Sort { input, .. }
        | RelationNode::Limit { input, .. }
        | RelationNode::Offset { input, .. }
        | RelationNode::Hint { input, .. } => Some(*input),
        _ => None,
    }
}

#[test]
fn operators_bind_as_in_spark() {
    for (text, expected) in [
        ("1 + 2 * 3 - 4", "-(+(1, *(2, 3)), 4)"),
        ("-a ^ 2", "^(-(a), 2)"),
        ("a | b & c", "|(a, &(b, c))"),
        ("a << 2 + 1", "<<(a, +(2, 1))"),
        ("a || b", "concat(a, b)"),
        ("a <> b", "not(==(a, b))"),
        ("NOT a AND b OR c", "or(and(not(a), b), c)"),
        ("a NOT BETWEEN 1 AND 2 AND b", "and(not(between(a, 1, 2)), b)"),
        ("a IS NOT DISTINCT FROM b", "<=>(a, b)"),
        ("a IS NOT TRUE", "not(<=>(a, Boolean(true)))"),
        ("a NOT IN (1, 2)", "not(in(a, 1, 2))"),
        ("a LIKE ANY ('x', 'y')", "#likeany(a, 'x', 'y')"),
        ("a LIKE ANY ('x', b)", "or(like(a, 'x'), like(a, b))"),
        ("a NOT LIKE ALL ('x', 'y')", "#notlikeall(a, 'x', 'y')"),
        ("-2147483648", "-2147483648"),
        ("2147483648", "Long(2147483648)"),
        ("1e3", "Double(1000.0)"),
        ("5 DIV 2", "div(5, 2)"),
    ] {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn special_calls_become_functions() {
    for (text, expected) in [
        ("CASE a WHEN 1 THEN 'x' ELSE 'y' END", "when(==(a, 1), 'x', 'y')"),
        ("TRIM(LEADING 'x' FROM a)", "ltrim('x', a)"),
        ("SUBSTRING(a FROM 1 FOR 2)", "substring(a, 1, 2)"),
        ("POSITION('a' IN b)", "locate('a', b)"),
        ("EXTRACT(year FROM a)", "extract('year', a)"),
        ("DATEADD(MONTH, 1, a)", "timestampadd('MONTH', 1, a)"),
        ("dateadd(a, 1)", "dateadd(a, 1)"),
        ("count(*)", "count(1)"),
        ("CURRENT_DATE", "current_date()"),
        ("user", "user"),
        ("transform(a, (x, i) -> x.b + i + c)", "transform(a, (x, i) -> +(+($x.b, $i), c))"),
        ("a.b.c[1].d", "a.b.c[1]['d']"),
        ("(a).b", "a.b"),
        ("(a, b)", "#struct(a, b)"),
        ("((SELECT 1) + 1)", "+(query, 1)"),
        ("a:b.c[0]", "#variant_path(a, '$.b.c[0]')"),
        ("INTERVAL 1 DAY '2' hours", "Interval<1 day '2' hours>"),
        ("INTERVAL '1-2' YEAR TO MONTH", "Interval<'1-2' year to month>"),
        ("DATE '2020-01-01'", "Date<2020-01-01>"),
        ("explode(m) AS (k, v)", "explode(m) AS k,v"),
    ] {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn nodes_are_stacked_in_sparks_order() {
    let all = "SELECT /*+ h */ DISTINCT a FROM t WHERE b GROUP BY a HAVING c WINDOW w AS (ORDER BY a) QUALIFY d \
               ORDER BY a LIMIT 1 OFFSET 2";
    assert_eq!(nodes(all), "Limit Offset Sort Hint WithWindows Distinct Qualify Having Aggregate Filter NamedTable");
    assert_eq!(nodes("SELECT a HAVING b"), "Having Aggregate OneRow");
    assert_eq!(nodes("FROM t |> WHERE a |> SELECT b"), "Project Filter NamedTable");
}

#[test]
fn intersect_binds_tighter_than_union() {
    let Plan::Relation(relation) = parse_statement("SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3").unwrap() else {
        panic!("not a query")
    };
    let RelationNode::SetOp(union) = relation.node else { panic!("not a set operation") };
    assert_eq!((union.kind, union.all), (SetOpKind::Union, true));
    assert!(matches!(union.right.node, RelationNode::SetOp(right) if right.kind == SetOpKind::Intersect));
}

#[test]
fn a_join_behind_a_comma_joins_to_all_on_its_left() {
    let Plan::Relation(relation) = parse_statement("SELECT * FROM a, b JOIN c ON a.x = c.x").unwrap() else {
        panic!("not a query")
    };
    let RelationNode::Join(join) = input(relation).unwrap().node else { panic!("not a join") };
    assert!(matches!(join.left.node, RelationNode::Join(_)));
}

#[test]
fn keywords_are_names_where_nothing_else_fits() {
    assert_eq!(nodes("SELECT a FROM t GROUP BY ALL"), "Aggregate NamedTable");
    let Plan::Relation(relation) = parse_statement("SELECT a FROM t GROUP BY ALL").unwrap() else { panic!() };
    assert!(matches!(relation.node, RelationNode::Aggregate { grouping: Grouping::All, .. }));
    assert_eq!(expression("order"), "order");
    assert_eq!(parse_multipart_identifier("a.`b c`.select").unwrap(), ["a", "b c", "select"]);
}

#[test]
fn origins_are_places_in_the_text() {
    let expr = parse_expression("a + foo(b)").unwrap();
    let ExprNode::Function(plus) = expr.node else { panic!("not a call") };
    let Some(Origin::Sql { text, start, stop }) = plus.arguments[1].origin.as_deref() else { panic!("no origin") };
    assert_eq!(&text[*start as usize..=*stop as usize], "foo(b)");
}

#[test]
fn errors_print_as_spark_prints_them() {
    let error = parse_statement("SELECT\n  a,\n  b\nFRM t\nWHERE x").unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("[PARSE_SYNTAX_ERROR] Syntax error at or near 't'. SQLSTATE: 42601 (line 4, pos 4)"));
    assert!(message.contains("\n\n== SQL ==\nSELECT\n  a,\n  b\nFRM t\n----^^^\nWHERE x"), "{message}");
    let error = parse_statement("SELECT * FRM t").unwrap_err();
    assert_eq!(error.parameters()[1].1, ": extra input 't'");
    let error = parse_statement("SELECT cast(1 as foo)").unwrap_err().to_string();
    let place = "\n== SQL (line 1, position 18) ==\nSELECT cast(1 as foo)\n                 ^^^\n";
    assert!(error.ends_with(place), "{error}");
}

#[test]
fn texts_are_split_into_statements_and_scripts_kept_whole() {
    let plans = parse_statements("SELECT 1; ;\nSET a.b = c d; BEGIN SELECT 1; SELECT 2; END; SELECT ';'").unwrap();
    assert_eq!(plans.len(), 4);
    assert_eq!(plans[1], Plan::Command(Command::SetConfig { key: "a.b".into(), value: "c d".into() }));
    assert!(matches!(&plans[2], Plan::Command(Command::Script(_))));
}

/// The statement's operation on the catalog.
fn operation(text: &str) -> hearth_plan::CatalogOp {
    match parse_statement(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Plan::Command(Command::Catalog(operation)) => *operation,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn statements_of_warehouse_drivers_say_what_is_asked() {
    use hearth_plan::CatalogOp;
    use hearth_plan::catalog::{Metadata, MetadataKind as Kind};
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    for (text, kind, [catalog, schema, object, column]) in [
        ("SHOW SCHEMAS IN ALL CATALOGS", Kind::Schemas, ["", "", "", ""]),
        ("SHOW SCHEMAS IN ALL CATALOGS LIKE 'd%'", Kind::Schemas, ["", "d%", "", ""]),
        ("SHOW TABLES IN ALL CATALOGS", Kind::Tables, ["", "", "", ""]),
        ("SHOW TABLES IN CATALOG main SCHEMA LIKE 's' LIKE '%'", Kind::Tables, ["main", "s", "%", ""]),
        ("SHOW TABLES IN CATALOG `a-b` LIKE 't'", Kind::Tables, ["a-b", "", "t", ""]),
        ("SHOW COLUMNS IN CATALOG c SCHEMA LIKE 's' TABLE LIKE 't'", Kind::Columns, ["c", "s", "t", ""]),
        ("SHOW COLUMNS IN CATALOG c SCHEMA LIKE 's' TABLE LIKE 't' LIKE 'x'", Kind::Columns, ["c", "s", "t", "x"]),
        ("SHOW COLUMNS IN CATALOG c TABLE LIKE 't'", Kind::Columns, ["c", "", "t", ""]),
        ("SHOW FUNCTIONS IN CATALOG c SCHEMA LIKE 's' LIKE 'f'", Kind::Functions, ["c", "s", "f", ""]),
        ("SHOW KEYS IN CATALOG `c` IN SCHEMA `s` IN TABLE `t`", Kind::PrimaryKeys, ["c", "s", "t", ""]),
        ("SHOW FOREIGN KEYS IN CATALOG c IN SCHEMA s IN TABLE t", Kind::ForeignKeys, ["c", "s", "t", ""]),
    ] {
        let (catalog, schema, object, column) = (some(catalog), some(schema), some(object), some(column));
        let expected = Metadata { kind, catalog, schema, object, column };
        assert_eq!(operation(text), CatalogOp::ListMetadata(Box::new(expected)), "{text}");
    }
}

#[test]
fn sparks_own_forms_win_over_those_of_warehouses() {
    use hearth_plan::CatalogOp;
    use hearth_plan::catalog::Style;
    let database = Some(vec!["catalog".to_owned()]);
    let tables = |pattern: Option<&str>| CatalogOp::ListTables {
        database: database.clone(),
        pattern: pattern.map(ToOwned::to_owned),
        style: Style::Sql,
    };
    assert_eq!(operation("SHOW TABLES IN catalog"), tables(None));
    assert_eq!(operation("SHOW TABLES IN catalog LIKE 'x'"), tables(Some("x")));
    assert!(matches!(operation("SHOW COLUMNS IN catalog IN db"), CatalogOp::ListColumns { .. }));
    assert!(matches!(operation("USE catalog"), CatalogOp::SetCurrentDatabase { .. }));
    assert!(matches!(operation("USE CATALOG main"), CatalogOp::SetCurrentCatalog { name } if name == "main"));
    assert!(matches!(operation("USE SCHEMA main"), CatalogOp::SetCurrentDatabase { .. }));
    assert!(matches!(
        operation("CREATE CATALOG IF NOT EXISTS x"),
        CatalogOp::CreateCatalog { if_not_exists: true, .. }
    ));
    assert!(matches!(operation("DROP CATALOG x CASCADE"), CatalogOp::DropCatalog { cascade: true, .. }));
    assert!(matches!(operation("OPTIMIZE a.b WHERE c > 1 ZORDER BY (d, e)"), CatalogOp::OptimizeTable { .. }));
}

#[test]
fn a_script_is_a_tree_and_its_words_may_be_names() {
    use hearth_plan::script::Statement;
    let text = "BEGIN\n  DECLARE i INT = 0;\n  l: WHILE i < 3 DO SET i = i + 1; IF i = 2 THEN ITERATE l; END IF; END WHILE l;\n  \
                FOR r AS SELECT 1 AS n DO SELECT CASE WHEN true THEN r.n END; END FOR;\n  SELECT if(true, 1, 2) AS begin;\nEND";
    let Ok(Plan::Command(Command::Script(script))) = parse_statement(text) else { panic!("no script") };
    assert!(matches!(
        script.body.statements.as_slice(),
        [Statement::Plan(_), Statement::While { .. }, Statement::For { .. }, Statement::Plan(_)]
    ));
    assert_eq!(parse_statements(&format!("{text}; SELECT 1;")).unwrap().len(), 2);
    assert!(parse_statement("BEGIN SELECT :p; END").is_ok());
    let broken = |text: &str| parse_statement(text).unwrap_err().name().to_owned();
    assert_eq!(broken("BEGIN SELECT 1 END"), "PARSE_SYNTAX_ERROR");
    assert_eq!(broken("BEGIN LEAVE nowhere; END"), "INVALID_LABEL_USAGE.DOES_NOT_EXIST");
    assert_eq!(broken("BEGIN SELECT 1; DECLARE x INT; END"), "INVALID_VARIABLE_DECLARATION.ONLY_AT_BEGINNING");
}
