//! Names of calls: operators with their signs, functions by the name Spark prints, default arguments filled in.

use hearth_plan::expression::{FunctionCall, SortDirection, TypedLiteralKind};
use hearth_plan::{Expr, ExprNode};
use hearth_types::Value;
use hearth_types::ddl::quote_if_needed;

use crate::expression::named_argument::positional;
use crate::expression::variant_path::last_name;

use super::{chain, collated, list, sort_order, sql as text};

/// Functions that print under another name than they are called by. Lower case on the left.
const PRINTED: &[(&str, &str)] = &[
    ("array_agg", "collect_list"),
    ("rank", "RANK"),
    ("dense_rank", "DENSE_RANK"),
    ("percent_rank", "PERCENT_RANK"),
    ("ceil", "CEIL"),
    ("floor", "FLOOR"),
    ("power", "POWER"),
    ("sqrt", "SQRT"),
    ("cbrt", "CBRT"),
    ("signum", "SIGNUM"),
    ("exp", "EXP"),
    ("expm1", "EXPM1"),
    ("log10", "LOG10"),
    ("log2", "LOG2"),
    ("log1p", "LOG1P"),
    ("log", "LOG"),
    ("pi", "PI"),
    ("e", "E"),
    ("sin", "SIN"),
    ("sinh", "SINH"),
    ("cos", "COS"),
    ("cosh", "COSH"),
    ("tan", "TAN"),
    ("tanh", "TANH"),
    ("cot", "COT"),
    ("csc", "CSC"),
    ("sec", "SEC"),
    ("asin", "ASIN"),
    ("acos", "ACOS"),
    ("atan", "ATAN"),
    ("asinh", "ASINH"),
    ("acosh", "ACOSH"),
    ("atanh", "ATANH"),
    ("atan2", "ATAN2"),
    ("hypot", "HYPOT"),
    ("degrees", "DEGREES"),
    ("radians", "RADIANS"),
    ("rlike", "RLIKE"),
    ("regexp", "REGEXP"),
    ("regexp_like", "REGEXP_LIKE"),
    ("spark_partition_id", "SPARK_PARTITION_ID"),
    ("random", "rand"),
    ("current_database", "current_schema"),
    ("to_varchar", "to_char"),
    ("curdate", "current_date"),
    ("dateadd", "date_add"),
    ("string_agg", "listagg"),
];

/// Arguments that Spark fills in and prints: the name, the number of arguments given, what comes behind.
const DEFAULTS: &[(&str, usize, &str)] = &[
    ("round", 1, "0"),
    ("bround", 1, "0"),
    ("percentile", 2, "1"),
    ("percentile_approx", 2, "10000"),
    ("approx_percentile", 2, "10000"),
    ("lpad", 2, " "),
    ("rpad", 2, " "),
    ("split", 2, "-1"),
    ("locate", 2, "1"),
    ("position", 2, "1"),
    ("regexp_replace", 3, "1"),
    ("regexp_extract", 2, "1"),
    ("regexp_extract_all", 2, "1"),
    ("current_time", 0, "6"),
    ("unix_timestamp", 0, "current_timestamp(), yyyy-MM-dd HH:mm:ss"),
    ("unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"),
    ("to_unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"),
    ("from_unixtime", 1, "yyyy-MM-dd HH:mm:ss"),
    ("sort_array", 1, "true"),
    ("str_to_map", 1, ",, :"),
    ("str_to_map", 2, ":"),
    ("lag", 0, "NULL, 1, NULL"),
    ("lag", 1, "1, NULL"),
    ("lag", 2, "NULL"),
    ("lead", 0, "NULL, 1, NULL"),
    ("lead", 1, "1, NULL"),
    ("ntile", 0, "1"),
    ("lead", 2, "NULL"),
    ("listagg", 1, "NULL"),
    ("string_agg", 1, "NULL"),
    ("overlay", 3, "-1"),
    ("substring", 2, "2147483647"),
    ("substr", 2, "2147483647"),
    ("months_between", 2, "true"),
    ("make_interval", 0, "0, 0, 0, 0, 0, 0, 0.000000"),
    ("make_interval", 1, "0, 0, 0, 0, 0, 0.000000"),
    ("make_interval", 2, "0, 0, 0, 0, 0.000000"),
    ("make_interval", 3, "0, 0, 0, 0.000000"),
    ("make_interval", 4, "0, 0, 0.000000"),
    ("make_interval", 5, "0, 0.000000"),
    ("make_interval", 6, "0.000000"),
    ("try_make_interval", 1, "0, 0, 0, 0, 0, 0.000000"),
    ("try_make_interval", 2, "0, 0, 0, 0, 0.000000"),
    ("try_make_interval", 3, "0, 0, 0, 0.000000"),
    ("try_make_interval", 4, "0, 0, 0.000000"),
    ("try_make_interval", 5, "0, 0.000000"),
    ("try_make_interval", 6, "0.000000"),
    ("make_dt_interval", 0, "0, 0, 0, 0.000000"),
    ("make_dt_interval", 1, "0, 0, 0.000000"),
    ("make_dt_interval", 2, "0, 0.000000"),
    ("make_dt_interval", 3, "0.000000"),
    ("make_ym_interval", 0, "0, 0"),
    ("make_ym_interval", 1, "0"),
    ("mask", 1, "X, x, n, NULL"),
    ("mask", 2, "x, n, NULL"),
    ("mask", 3, "n, NULL"),
    ("mask", 4, "NULL"),
    ("regexp_instr", 2, "0"),
    ("replace", 2, ""),
    ("vector_norm", 1, "2.0"),
    ("vector_normalize", 1, "2.0"),
    ("sentences", 1, ", "),
    ("sentences", 2, ""),
    ("st_asbinary", 1, "NDR"),
    ("st_geomfromwkb", 1, "0"),
    ("from_avro", 2, "NULL"),
    ("to_avro", 1, "NULL"),
    ("schema_of_avro", 1, "NULL"),
    ("aes_encrypt", 2, "GCM, DEFAULT, , "),
    ("aes_encrypt", 3, "DEFAULT, , "),
    ("aes_encrypt", 4, ", "),
    ("aes_encrypt", 5, ""),
    ("aes_decrypt", 2, "GCM, DEFAULT, "),
    ("aes_decrypt", 3, "DEFAULT, "),
    ("aes_decrypt", 4, ""),
    ("try_aes_decrypt", 2, "GCM, DEFAULT, "),
    ("try_aes_decrypt", 3, "DEFAULT, "),
    ("try_aes_decrypt", 4, ""),
    ("hll_sketch_agg", 1, "12"),
    ("hll_union", 2, "false"),
    ("hll_union_agg", 1, "false"),
    ("theta_sketch_agg", 1, "12"),
    ("theta_union", 2, "12"),
    ("theta_union_agg", 1, "12"),
    ("approx_top_k", 1, "5, 10000"),
    ("approx_top_k", 2, "10000"),
    ("approx_top_k_accumulate", 1, "10000"),
    ("approx_top_k_combine", 1, "-1"),
    ("approx_top_k_estimate", 1, "5"),
    ("tuple_sketch_agg_double", 2, "12, sum"),
    ("tuple_sketch_agg_double", 3, "sum"),
    ("tuple_sketch_summary_double", 1, "sum"),
    ("tuple_union_double", 2, "12, sum"),
    ("tuple_union_double", 3, "sum"),
    ("tuple_union_theta_double", 2, "12, sum"),
    ("tuple_union_theta_double", 3, "sum"),
    ("tuple_union_agg_double", 1, "12, sum"),
    ("tuple_union_agg_double", 2, "sum"),
    ("tuple_intersection_double", 2, "sum"),
    ("tuple_intersection_theta_double", 2, "sum"),
    ("tuple_intersection_agg_double", 1, "sum"),
    ("tuple_sketch_agg_integer", 2, "12, sum"),
    ("tuple_sketch_agg_integer", 3, "sum"),
    ("tuple_sketch_summary_integer", 1, "sum"),
    ("tuple_union_integer", 2, "12, sum"),
    ("tuple_union_integer", 3, "sum"),
    ("tuple_union_theta_integer", 2, "12, sum"),
    ("tuple_union_theta_integer", 3, "sum"),
    ("tuple_union_agg_integer", 1, "12, sum"),
    ("tuple_union_agg_integer", 2, "sum"),
    ("tuple_intersection_integer", 2, "sum"),
    ("tuple_intersection_theta_integer", 2, "sum"),
    ("tuple_intersection_agg_integer", 1, "sum"),
];

/// Functions that are casts: Spark prints a cast that was not written as one as its argument.
const CASTS: &[&str] = &[
    "bigint",
    "binary",
    "boolean",
    "date",
    "decimal",
    "double",
    "float",
    "int",
    "smallint",
    "string",
    "timestamp",
    "tinyint",
];

pub(super) fn is_cast(call: &FunctionCall) -> bool {
    call.arguments.len() == 1 && CASTS.contains(&lower_name(call).as_str())
}

pub(super) fn lower_name(call: &FunctionCall) -> String {
    call.name.last().map(|name| name.to_lowercase()).unwrap_or_default()
}

pub(super) fn sql(call: &FunctionCall) -> String {
    if let [marker, routine] = call.name.as_slice()
        && marker == super::ROUTINE
    {
        return format!("{routine}({})", list(&call.arguments));
    }
    if let Ok(Some(ordered)) = positional(call) {
        return sql(&ordered);
    }
    if let Some(marked) = collated::marked(call) {
        return sql(&marked);
    }
    if let Some(text) = chain::text_of(call) {
        return text;
    }
    let name = lower_name(call);
    let arguments = call.arguments.as_slice();
    if let ([value], true) = (arguments, is_cast(call)) {
        return text(value);
    }
    let base = operator(&name, arguments).or_else(|| special(&name, arguments)).unwrap_or_else(|| plain(&name, call));
    let mut out = base;
    if !call.within_group.is_empty() {
        out.push_str(&format!(" WITHIN GROUP (ORDER BY {})", within_group(&name, call)));
    }
    if let Some(filter) = &call.filter {
        out.push_str(&format!(" FILTER (WHERE {})", text(filter)));
    }
    out
}

/// Signs between, before and behind operands.
fn operator(name: &str, arguments: &[Expr]) -> Option<String> {
    Some(match (name, arguments) {
        (
            "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<" | "<=" | ">" | ">=" | "<=>" | "<<" | ">>" | ">>>",
            [left, right],
        ) => {
            format!("({} {name} {})", text(left), text(right))
        }
        ("div", [left, right]) => format!("({} div {})", text(left), text(right)),
        ("=" | "==", [left, right]) => format!("({} = {})", text(left), text(right)),
        ("!=" | "<>", [left, right]) => format!("(NOT ({} = {}))", text(left), text(right)),
        ("and", [left, right]) => format!("({} AND {})", text(left), text(right)),
        ("or", [left, right]) => format!("({} OR {})", text(left), text(right)),
        ("not" | "!", [value]) => format!("(NOT {})", text(value)),
        ("-", [value]) => format!("(- {})", text(value)),
        ("+" | "positive", [value]) => format!("(+ {})", text(value)),
        ("~", [value]) => format!("~{}", text(value)),
        ("||", [_, _, ..]) => format!("concat({})", list(arguments)),
        ("isnull", [value]) => format!("({} IS NULL)", text(value)),
        ("isnotnull", [value]) => format!("({} IS NOT NULL)", text(value)),
        ("in", [value, options @ ..]) => format!("({} IN ({}))", text(value), list(options)),
        ("like", [value, pattern]) => format!("{} LIKE {}", text(value), text(pattern)),
        ("like", [value, pattern, escape]) => {
            format!("{} LIKE {} ESCAPE '{}'", text(value), text(pattern), text(escape))
        }
        ("ilike", [value, pattern, escape]) => {
            format!("ilike({}, {}, '{}')", text(value), text(pattern), text(escape))
        }
        _ => return None,
    })
}

/// Forms that are neither operators nor `name(arguments)`.
fn special(name: &str, arguments: &[Expr]) -> Option<String> {
    Some(match (name, arguments) {
        ("when", branches) => case(branches),
        ("time_bucket", [size, time]) => {
            let kind = match &time.node {
                ExprNode::TypedLiteral { kind: TypedLiteralKind::TimestampNtz, .. } => "TIMESTAMP_NTZ",
                _ => "TIMESTAMP",
            };
            format!("time_bucket({}, {}, {kind} '1970-01-01 00:00:00')", text(size), text(time))
        }
        ("if", [condition, yes, no]) => format!("(IF({}, {}, {}))", text(condition), text(yes), text(no)),
        ("count", [Expr { node: ExprNode::Star { target: None, .. }, .. }]) => return None,
        ("trim", [what, source]) => format!("TRIM(BOTH {} FROM {})", text(what), text(source)),
        ("ltrim", [what, source]) => format!("TRIM(LEADING {} FROM {})", text(what), text(source)),
        ("rtrim", [what, source]) => format!("TRIM(TRAILING {} FROM {})", text(what), text(source)),
        ("datepart", [field, source]) => format!("datepart({} FROM {})", text(field), text(source)),
        ("#moved", [value, interval]) => format!("{} + {}", text(value), text(interval)),
        ("#moved_back", [value, interval]) => format!("{} - {}", text(value), text(interval)),
        ("#map_value", [map, key]) => format!("{}[{}]", text(map), text(key)),
        ("extract", [field, source]) => format!("extract({} FROM {})", text(field), text(source)),
        ("log", [value]) => format!("LOG(E(), {})", text(value)),
        ("ceil" | "ceiling" | "floor", [_, _]) => format!("{name}({})", list(arguments)),
        ("lpad" | "rpad", [value @ Expr { node: ExprNode::Literal(Value::Binary(_)), .. }, length]) => {
            format!("{name}({}, {}, X'00')", text(value), text(length))
        }
        ("try_make_timestamp", [fields @ .., _]) if fields.len() == 6 => format!("{name}({})", list(fields)),
        ("ilike", [value, pattern, _]) => format!("ilike({}, {})", text(value), text(pattern)),
        ("nth_value", [value, offset, Expr { node: ExprNode::Literal(Value::Boolean(ignored)), .. }]) => {
            let nulls = if *ignored { " ignore nulls" } else { "" };
            format!("nth_value({}, {}){nulls}", text(value), text(offset))
        }
        // The seed is not shown.
        ("try_to_time", _) => format!("try_to_time(to_time({}))", list(arguments)),
        ("uuid", [_]) => "uuid()".to_owned(),
        ("shuffle", [values, _]) => format!("shuffle({})", text(values)),
        ("mode", [value, Expr { node: ExprNode::Literal(Value::Boolean(false)), .. }]) => {
            format!("mode({})", text(value))
        }
        ("mode", [value, _]) => format!("mode() WITHIN GROUP (ORDER BY {} DESC)", text(value)),
        ("approx_count_distinct" | "to_json" | "to_csv" | "to_xml" | "schema_of_csv" | "schema_of_xml", [value, _]) => {
            format!("{name}({})", text(value))
        }
        ("schema_of_json", [value, _]) => format!("schema_of_json({})", text(value)),
        ("convert_timezone", [_, _]) => format!("convert_timezone(current_timezone(), {})", list(arguments)),
        ("array_sort", [values]) => format!("array_sort({}, {DEFAULT_COMPARATOR})", text(values)),
        ("from_json", [_, schema, ..]) if is_map_schema(schema) => "entries".to_owned(),
        ("assert_true", [value]) => format!("assert_true({0}, '{0}' is not true!)", text(value)),
        ("raise_error", [message]) => {
            format!("raise_error(USER_RAISED_EXCEPTION, map(errorMessage, {}))", text(message))
        }
        ("from_json" | "from_csv" | "from_xml", [value, ..]) => format!("{name}({})", text(value)),
        ("variant_get" | "try_variant_get", [value, path, ..]) => format!("{name}({}, {})", text(value), text(path)),
        ("#variant_path", [value, path]) => match last_name(name, arguments) {
            Some(last) => format!("variant_get({}, {}) AS {}", text(value), text(path), quote_if_needed(&last)),
            None => format!("variant_get({}, {})", text(value), text(path)),
        },
        ("#struct", fields) => format!("named_struct({})", named_fields(fields)),
        ("#likeany", [value, ..]) => format!("likeany({})", text(value)),
        ("#likeall", [value, ..]) => format!("likeall({})", text(value)),
        ("#notlikeany", [value, ..]) => format!("notlikeany({})", text(value)),
        ("#notlikeall", [value, ..]) => format!("notlikeall({})", text(value)),
        ("first" | "first_value" | "last" | "last_value" | "any_value", [value, _]) => {
            format!("{name}({})", text(value))
        }
        ("window" | "session_window", _) => name.to_owned(),
        _ => return collations(name, arguments).or_else(|| higher_order(name, arguments)),
    })
}

/// What says a collation, and constants that have one.
fn collations(name: &str, arguments: &[Expr]) -> Option<String> {
    Some(match (name, arguments) {
        ("#collated", [value, collation]) => format!("'{}' collate {}", text(value), text(collation)),
        ("#without_cast", [value]) => text(value),
        // A name is shown without the words that stand before it.
        ("collate", [value, Expr { node: ExprNode::Literal(Value::String(collation)), .. }]) => {
            format!("collate({}, {})", text(value), collation.rsplit('.').next().unwrap_or(collation))
        }
        _ => return None,
    })
}

/// Calls whose functions may be written as plain values.
fn higher_order(name: &str, arguments: &[Expr]) -> Option<String> {
    Some(match (name, arguments) {
        ("aggregate" | "reduce", [values, start, merge]) => format!(
            "{name}({}, {}, {}, lambdafunction(namedlambdavariable(), namedlambdavariable()))",
            text(values),
            text(start),
            as_lambda(merge, 2)
        ),
        ("aggregate" | "reduce", [values, start, merge, finish]) => {
            let (merge, finish) = (as_lambda(merge, 2), as_lambda(finish, 1));
            format!("{name}({}, {}, {merge}, {finish})", text(values), text(start))
        }
        ("transform" | "filter" | "exists" | "forall", [values, function]) => {
            format!("{name}({}, {})", text(values), as_lambda(function, 1))
        }
        ("array_sort" | "map_filter" | "transform_keys" | "transform_values", [values, function]) => {
            format!("{name}({}, {})", text(values), as_lambda(function, 2))
        }
        ("zip_with", [left, right, function]) => {
            format!("{name}({}, {}, {})", text(left), text(right), as_lambda(function, 2))
        }
        ("map_zip_with", [left, right, function]) => {
            format!("{name}({}, {}, {})", text(left), text(right), as_lambda(function, 3))
        }
        _ => return None,
    })
}

/// The same with parameters that are not bound yet.
pub(super) const UNBOUND_COMPARATOR: &str = "lambdafunction((IF(((left IS NULL) AND (right IS NULL)), 0, \
    (IF((left IS NULL), 1, (IF((right IS NULL), -1, (IF((left < right), -1, (IF((left > right), 1, 0)))))))))), left, right)";

/// A function as an argument: a value in its place is one that does not look at its parameters.
fn as_lambda(function: &Expr, parameters: usize) -> String {
    match &function.node {
        ExprNode::Lambda { .. } => text(function),
        ExprNode::Function(call) if call.name == ["lambdafunction"] => text(function),
        _ => format!("lambdafunction({}{})", text(function), ", namedlambdavariable()".repeat(parameters)),
    }
}

/// What `array_sort` compares with when nothing else is given: ascending, NULLs last.
const DEFAULT_COMPARATOR: &str = "lambdafunction((IF(((namedlambdavariable() IS NULL) AND \
    (namedlambdavariable() IS NULL)), 0, (IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), \
    -1, (IF((namedlambdavariable() < namedlambdavariable()), -1, (IF((namedlambdavariable() > \
    namedlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())";

/// Spark names the one field of a parsed map so.
fn is_map_schema(schema: &Expr) -> bool {
    match &schema.node {
        ExprNode::Literal(Value::String(schema)) => {
            matches!(hearth_types::ddl::parse_data_type(schema), Ok(hearth_types::DataType::Map(_)))
        }
        _ => false,
    }
}

/// The fields of a row in parentheses, with the names that they get.
fn named_fields(fields: &[Expr]) -> String {
    let named = fields.iter().enumerate().map(|(index, field)| {
        let name = super::field_name(field).unwrap_or_else(|| format!("col{}", index + 1));
        let value = match &field.node {
            ExprNode::Alias { expr, .. } => text(expr),
            _ => text(field),
        };
        format!("{name}, {value}")
    });
    named.collect::<Vec<_>>().join(", ")
}

/// `CASE WHEN …`: pairs of condition and value; an odd one out is the `ELSE`.
fn case(branches: &[Expr]) -> String {
    let mut out = "CASE".to_owned();
    let mut pairs = branches.chunks_exact(2);
    for pair in pairs.by_ref() {
        if let [condition, value] = pair {
            out.push_str(&format!(" WHEN {} THEN {}", text(condition), text(value)));
        }
    }
    if let [otherwise] = pairs.remainder() {
        out.push_str(&format!(" ELSE {}", text(otherwise)));
    }
    out.push_str(" END");
    out
}

fn plain(name: &str, call: &FunctionCall) -> String {
    let name = match (name, call.ignore_nulls) {
        // The clause makes a new call, which forgets the name that was written.
        ("first_value", Some(true)) => "first",
        ("last_value", Some(true)) => "last",
        _ => name,
    };
    // Only with an order does Spark print the function that `string_agg` stands for.
    let own = name == "string_agg" && call.within_group.is_empty();
    let printed = PRINTED.iter().find(|(known, _)| *known == name && !own).map_or(name, |(_, printed)| printed);
    // A date and a time make the same expression under both names.
    let of_date = matches!(name, "make_timestamp_ltz" | "try_make_timestamp_ltz") && call.arguments.len() <= 3;
    let printed = if of_date { "make_timestamp" } else { printed };
    let mut arguments: Vec<String> = call
        .arguments
        .iter()
        .map(|argument| match &argument.node {
            ExprNode::Star { target: None, .. } if name == "count" => "1".to_owned(),
            ExprNode::SqlText(star) if name == "count" && star.trim() == "*" => "1".to_owned(),
            _ => text(argument),
        })
        .collect();
    let given = arguments.len();
    if let Some((_, _, more)) = DEFAULTS.iter().find(|(known, count, _)| *known == name && *count == given) {
        let collation = call.arguments.first().filter(|_| name == "mask").and_then(collated::explicit_collation);
        arguments.push(collation.map_or_else(|| (*more).to_owned(), |collation| collated::letters(more, &collation)));
    }
    let distinct = if call.distinct { "DISTINCT " } else { "" };
    let nulls = if name == "nth_value" && call.ignore_nulls == Some(true) { " ignore nulls" } else { "" };
    format!("{printed}({distinct}{}){nulls}", arguments.join(", "))
}

/// Percentiles print a bare ascending order, `mode` the order it looks for.
fn within_group(name: &str, call: &FunctionCall) -> String {
    let orders: Vec<String> = call
        .within_group
        .iter()
        .map(|order| match (name, order.direction) {
            ("percentile_cont" | "percentile_disc", SortDirection::Ascending) => text(&order.child),
            ("percentile_cont" | "percentile_disc", SortDirection::Descending) => {
                format!("{} DESC", text(&order.child))
            }
            ("mode", _) => format!("{} DESC", text(&order.child)),
            _ => sort_order(order),
        })
        .collect();
    orders.join(", ")
}
