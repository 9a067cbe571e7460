//! Calls: the function table, the functions that only the analyzer can build, SQL functions of the session.

use hearth_base::condition::{
    INVALID_USAGE_OF_STAR_OR_REGEX, NOT_A_SCALAR_FUNCTION, PARTITION_TRANSFORM_OUTSIDE, REQUIRES_SINGLE_PART_NAMESPACE,
    UNRESOLVED_ROUTINE,
};
use hearth_base::{Error, Result};
use hearth_functions::families::internal;
use hearth_functions::row::{Builder, Family};
use hearth_functions::table::check_arity;
use hearth_functions::{AggregateModifiers, Argument, Call, FunctionRow, Typed, lookup};
use hearth_plan::expression::{FunctionCall, SubqueryKind};
use hearth_plan::{Expr, ExprNode, Origin};
use hearth_types::{DataType, Value};

use super::context::Cx;
use super::named_argument::positional;
use super::pipe;
use crate::analyzer::{Analyzer, unsupported};
use crate::naming;
use crate::scope::quote_name;
use crate::view::SessionFunction;

impl Analyzer<'_> {
    pub fn function(&self, call: &FunctionCall, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
        if let Some(part) = pipe::part_of(call) {
            return self.pipe_value(part, cx);
        }
        if let Some(value) = self.chain(expr, cx)? {
            return Ok(value);
        }
        if let Some(negated) = self.negated_subquery(call, cx)? {
            return Ok(negated);
        }
        if let Some(found) = self.variant_path(call, cx)? {
            return Ok(found);
        }
        if let Some(written) = sql_form(call) {
            let typed = self.function(&written, expr, cx)?;
            let nullable =
                typed.nullable || call.name.iter().any(|name| name.ends_with("likeany") || name.ends_with("likeall"));
            return Ok(Typed { nullable, ..typed });
        }
        if let Some(ordered) = positional(call)? {
            return self.function(&ordered, expr, cx);
        }
        let name = builtin_name(&call.name);
        if let Some(SessionFunction::Sql(function)) = self.session_function(&call.name)
            && (call.is_user_defined || name.and_then(lookup).is_none())
        {
            return self.sql_function(function, call, cx);
        }
        // SQL does not know these, and says where a call stands; clients have them.
        let from_client = call.is_internal || !matches!(expr.origin.as_deref(), Some(Origin::Sql { .. }));
        if from_client && name == Some("distributed_sequence_id") {
            return Ok(row_index());
        }
        let internal = || name.filter(|_| from_client).and_then(internal::lookup);
        let Some(row) = name.and_then(lookup).or_else(internal) else {
            return Err(match partition_transform(&call.name).filter(|_| from_client) {
                Some(transform) => transform_outside(transform),
                None => self.no_such_function(&call.name, cx),
            });
        };
        if call.arguments.is_empty()
            && let Some(typed) = self.input_file(row.name, cx)?
        {
            return Ok(typed);
        }
        let only_table = !matches!(row.builder, Builder::Generator(_)) || TABLES.contains(&row.name);
        if gives_table(row) && only_table {
            return Err(NOT_A_SCALAR_FUNCTION.with("functionName", quote_name(&[row.name])));
        }
        match row.builder {
            Builder::Scalar(_) if has_aggregate_clause(call).is_some() => Err(unsupported_clause(row, call)),
            Builder::Scalar(build) => {
                super::collated::build(row, call, self.checked_call(row, call, expr, cx.nested())?, build)
                    .map_err(|error| unbound_lambdas(error, call, expr))
            }
            Builder::Aggregate(_) => self.aggregate_call(row, call, expr, cx),
            Builder::Window(_) => {
                let call = self.checked_call(row, call, expr, cx.nested())?;
                Err(window_expected(row, &call))
            }
            Builder::Generator(_) => super::generator::misplaced(expr, cx),
            Builder::Analyzer(_) => self.analyzer_function(row, call, expr, cx),
            Builder::Missing(reason) => unsupported(&format!("the function {} ({reason})", row.name)),
        }
    }

    /// `NOT IN (subquery)` and `NOT EXISTS (…)`: one node, so that DataFusion makes an anti join of it.
    fn negated_subquery(&self, call: &FunctionCall, cx: Cx<'_>) -> Result<Option<Typed>> {
        let [name] = call.name.as_slice() else { return Ok(None) };
        if name != "!" && !name.eq_ignore_ascii_case("not") {
            return Ok(None);
        }
        match call.arguments.as_slice() {
            [Expr { node: ExprNode::Subquery(subquery), .. }]
                if matches!(subquery.kind, SubqueryKind::In { .. } | SubqueryKind::Exists) =>
            {
                self.subquery((subquery, None), true, cx).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn session_function(&self, name: &[String]) -> Option<&SessionFunction> {
        self.view.functions.get(&name.join(".").to_lowercase())
    }

    pub(crate) fn no_such_function(&self, name: &[String], cx: Cx<'_>) -> Error {
        let parts: Vec<&str> = name.iter().map(String::as_str).collect();
        let settings = cx.env.settings;
        if parts.len() > 2 && !parts[0].eq_ignore_ascii_case(&settings.current_catalog) {
            return REQUIRES_SINGLE_PART_NAMESPACE
                .with("sessionCatalog", &settings.current_catalog)
                .with("identifier", quote_name(&parts));
        }
        let current = quote_name(&[&settings.current_catalog, &settings.current_database]);
        UNRESOLVED_ROUTINE
            .with("routineName", quote_name(&parts))
            .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, {current}]"))
    }

    /// A call with its arguments typed and counted.
    pub(crate) fn checked_call<'c>(
        &'c self,
        row: &'c FunctionRow,
        call: &'c FunctionCall,
        expr: &'c Expr,
        cx: Cx<'c>,
    ) -> Result<Call<'c>> {
        // `count(DISTINCT *)` counts combinations of all columns.
        let star_name = if call.distinct && row.name == "count" { "" } else { row.name };
        let arguments = self.arguments(star_name, &call.arguments, cx)?;
        let mut values = Vec::with_capacity(arguments.len());
        for argument in &arguments {
            values.push(self.argument(argument, cx)?);
        }
        self.pad_texts(row.name, &mut values, cx)?;
        let call = Call {
            name: call.name.last().map_or(row.name, String::as_str),
            session: cx.env.settings,
            arguments: values,
            modifiers: AggregateModifiers { ignore_nulls: call.ignore_nulls, ..AggregateModifiers::default() },
            argument_sql: arguments.iter().map(|argument| naming::sql(&self.with_paths(argument, cx))).collect(),
            sql: replaced(row.name, naming::sql(&self.with_paths(expr, cx))),
        };
        check_arity(row, &call)?;
        Ok(call)
    }

    /// The arguments with stars spread out and `struct` fields named.
    pub(super) fn arguments(&self, name: &str, arguments: &[Expr], cx: Cx<'_>) -> Result<Vec<Expr>> {
        let mut spread = Vec::with_capacity(arguments.len());
        for argument in arguments {
            if name == "count" && is_whole_row(argument) {
                spread.push(Expr::literal(Value::Integer(1)));
                continue;
            }
            if let ExprNode::Star { target: Some(target), .. } = &argument.node
                && name == "count"
            {
                let parts: Vec<&str> = target.iter().map(String::as_str).collect();
                return Err(hearth_base::condition::STAR_OF_TABLE_IN_COUNT.with("tableName", quote_name(&parts)));
            }
            if let (Some(operator), ExprNode::Star { .. }) = (arithmetic(name, arguments.len()), &argument.node)
                && matches!(argument.origin.as_deref(), Some(Origin::Sql { .. }))
            {
                return Err(INVALID_USAGE_OF_STAR_OR_REGEX
                    .with("elem", "'*'")
                    .with("prettyName", format!("expression `{operator}`")));
            }
            match self.spread_star(argument, cx)? {
                Some(columns) => spread.extend(columns),
                None => spread.push(argument.clone()),
            }
        }
        if name != "struct" {
            return Ok(spread);
        }
        let named = spread.into_iter().enumerate().map(|(index, value)| {
            let name = naming::field_name(&value).unwrap_or_else(|| format!("col{}", index + 1));
            ExprNode::Alias { expr: Box::new(value), names: vec![name], metadata: None }
        });
        Ok(named.map(Expr::new).collect())
    }

    /// The columns that an argument means when it is a star, also one that is still text.
    pub(crate) fn spread_star(&self, argument: &Expr, cx: Cx<'_>) -> Result<Option<Vec<Expr>>> {
        match &argument.node {
            ExprNode::Star { target, plan_id, except } => {
                self.star_expressions(target.as_deref(), *plan_id, except, cx).map(Some)
            }
            ExprNode::SqlText(text) if text.trim() == "*" => self.star_expressions(None, None, &[], cx).map(Some),
            _ => Ok(None),
        }
    }

    fn argument<'c>(&'c self, argument: &Expr, cx: Cx<'c>) -> Result<Argument<'c>> {
        match &argument.node {
            ExprNode::Lambda { body, arguments } => {
                Ok(self.lambda_argument(body.as_ref().clone(), arguments.clone(), cx))
            }
            _ => Ok(Argument::Value(self.expression(argument, cx)?)),
        }
    }

    /// A built-in function over values that are typed already.
    pub(crate) fn call(&self, name: &str, values: Vec<Typed>, cx: Cx<'_>) -> Result<Typed> {
        let Some(row) = lookup(name) else { return Err(Error::internal(format!("no function {name}"))) };
        let sql: Vec<String> = values.iter().map(|value| value.expr.to_string()).collect();
        let call = Call {
            name: row.name,
            session: cx.env.settings,
            sql: format!("{name}({})", sql.join(", ")),
            argument_sql: sql,
            arguments: values.into_iter().map(Argument::Value).collect(),
            modifiers: AggregateModifiers::default(),
        };
        check_arity(row, &call)?;
        match row.builder {
            Builder::Scalar(build) | Builder::Aggregate(build) => build(call),
            Builder::Analyzer(_) => self.session_value(row.name, cx),
            Builder::Window(_) | Builder::Generator(_) => Err(Error::internal(format!("{name} is no plain function"))),
            Builder::Missing(reason) => unsupported(&format!("the function {name} ({reason})")),
        }
    }

    /// Functions that need the grouping, the plan or the session.
    fn analyzer_function(&self, row: &FunctionRow, call: &FunctionCall, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
        match row.name {
            "grouping" => self.grouping(&call.arguments, cx),
            "grouping_id" => self.grouping_id(&call.arguments, cx),
            "struct" => self.structure(call, expr, cx),
            "window" | "session_window" => self.time_window(call, cx),
            "window_time" => self.window_time(call, cx),
            name => self.session_value(name, cx),
        }
    }

    /// What the session knows: its user, its current catalog and database.
    fn session_value(&self, name: &str, cx: Cx<'_>) -> Result<Typed> {
        let settings = cx.env.settings;
        let text = match name {
            "current_user" | "user" | "session_user" => &settings.user,
            "current_catalog" => &settings.current_catalog,
            "current_database" | "current_schema" => &settings.current_database,
            "current_timezone" => &settings.time_zone,
            other => return unsupported(&format!("the function {other} in this place")),
        };
        super::literal::typed(&Value::string(text.as_str()))
    }

    /// `struct(…)` is `named_struct` with the names that its arguments have.
    fn structure(&self, call: &FunctionCall, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
        let Some(row) = lookup("named_struct") else { return unsupported("the function named_struct") };
        let arguments = self.arguments("struct", &call.arguments, cx)?;
        let mut named = Vec::with_capacity(arguments.len() * 2);
        for argument in arguments {
            if let ExprNode::Alias { expr, names, .. } = argument.node {
                named.push(Expr::literal(Value::string(names.join("."))));
                named.push(*expr);
            }
        }
        let call = FunctionCall::new(vec!["named_struct".to_owned()], named);
        match row.builder {
            Builder::Scalar(build) => build(self.checked_call(row, &call, expr, cx.nested())?),
            _ => unsupported("the function named_struct"),
        }
    }
}

fn is_whole_row(argument: &Expr) -> bool {
    match &argument.node {
        ExprNode::Star { target: None, except, .. } => except.is_empty(),
        ExprNode::SqlText(text) => text.trim() == "*",
        _ => false,
    }
}

/// The call behind a form of SQL that is no function: a row in parentheses, `LIKE ANY (…)`.
fn sql_form(call: &FunctionCall) -> Option<FunctionCall> {
    let [name] = call.name.as_slice() else { return None };
    let (joined, negated) = match name.strip_prefix('#')? {
        "struct" => {
            let name = vec!["struct".to_owned()];
            return Some(FunctionCall { name, ..call.clone() });
        }
        "likeany" => ("or", false),
        "likeall" => ("and", false),
        "notlikeany" => ("or", true),
        "notlikeall" => ("and", true),
        _ => return None,
    };
    let (value, patterns) = call.arguments.split_first()?;
    let tests = patterns.iter().map(|pattern| {
        let test = Expr::function("like", vec![value.clone(), pattern.clone()]);
        if negated { Expr::function("not", vec![test]) } else { test }
    });
    match tests.reduce(|left, right| Expr::function(joined, vec![left, right]))?.node {
        ExprNode::Function(call) => Some(*call),
        _ => None,
    }
}

/// Spark binds the parameters of a lambda when the other arguments have fitting types: until then they print as written.
fn unbound_lambdas(error: Error, call: &FunctionCall, expr: &Expr) -> Error {
    let takes_lambda = call.arguments.iter().any(|argument| matches!(argument.node, ExprNode::Lambda { .. }));
    let sorts = call.name.last().is_some_and(|name| name.eq_ignore_ascii_case("array_sort"));
    let mismatch = [
        hearth_base::condition::DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE,
        hearth_base::condition::DATATYPE_MISMATCH_MAP_ZIP_WITH_DIFF_TYPES,
    ]
    .contains(&error.condition());
    let of_lambda = |(name, value): &(&str, String)| *name == "inputSql" && value.starts_with("\"lambdafunction(");
    if !(takes_lambda || sorts) || !mismatch || error.parameters().iter().any(of_lambda) {
        return error;
    }
    let text = format!("\"{}\"", naming::unbound(expr));
    let renamed = error.parameters().iter().fold(Error::new(error.condition()), |made, (name, value)| {
        made.with(name, if *name == "sqlExpr" { &text } else { value })
    });
    error.contexts().iter().cloned().fold(renamed, Error::at)
}

/// Where a row stands among all rows, from 0.
fn row_index() -> Typed {
    let number = datafusion::functions_window::expr_fn::row_number();
    let number = datafusion::logical_expr::cast(number, datafusion::arrow::datatypes::DataType::Int64);
    Typed::new(number - datafusion::logical_expr::lit(1_i64), DataType::Long, false)
}

/// The name to look up among the built-ins: plain, or qualified with `builtin` or `system.builtin`.
pub(crate) fn builtin_name(name: &[String]) -> Option<&str> {
    match name {
        [only] => Some(only),
        [builtin, only] if builtin.eq_ignore_ascii_case("builtin") => Some(only),
        [system, builtin, only] if system.eq_ignore_ascii_case("system") && builtin.eq_ignore_ascii_case("builtin") => {
            Some(only)
        }
        _ => None,
    }
}

/// A clause that only aggregates and window functions take.
fn has_aggregate_clause(call: &FunctionCall) -> Option<&'static str> {
    if call.distinct {
        return Some("DISTINCT");
    }
    if call.filter.is_some() {
        return Some("FILTER CLAUSE");
    }
    match call.ignore_nulls {
        Some(true) => Some("IGNORE NULLS"),
        Some(false) | None if !call.within_group.is_empty() => Some("WITHIN GROUP (ORDER BY ...)"),
        Some(false) | None => None,
    }
}

fn unsupported_clause(row: &FunctionRow, call: &FunctionCall) -> Error {
    hearth_base::condition::FUNCTION_WITH_UNSUPPORTED_SYNTAX
        .with("prettyName", quote_name(&[row.name]))
        .with("syntax", has_aggregate_clause(call).unwrap_or_default())
}

/// The call as errors show it: some functions are another one in Spark by then.
fn replaced(name: &str, sql: String) -> String {
    let other = match name {
        "try_aes_decrypt" => "aes_decrypt",
        "try_element_at" => "element_at",
        "make_timestamp_ltz" | "try_make_timestamp" | "try_make_timestamp_ltz" => "make_timestamp",
        "try_make_timestamp_ntz" => "make_timestamp_ntz",
        "try_parse_url" => "parse_url",
        _ => return sql,
    };
    match sql.split_once('(') {
        Some((_, arguments)) => format!("{other}({arguments}"),
        None => sql,
    }
}

/// A transform of `partitionedBy`, which Spark knows as a function only to refuse it elsewhere.
fn partition_transform(name: &[String]) -> Option<&'static str> {
    let [name] = name else { return None };
    ["years", "months", "days", "hours", "bucket"].into_iter().find(|known| name.eq_ignore_ascii_case(known))
}

fn transform_outside(transform: &str) -> Error {
    PARTITION_TRANSFORM_OUTSIDE.with("expression", format!("\"{transform}(boundreference())\""))
}

fn window_expected(row: &FunctionRow, call: &Call<'_>) -> Error {
    let mut arguments = call.argument_sql.clone();
    let shown = match row.name {
        // Rankings have no arguments that count.
        "rank" | "dense_rank" | "percent_rank" => format!("{}()", row.name.to_uppercase()),
        "lag" | "lead" => {
            arguments.extend(["1".to_owned(), "NULL".to_owned()].into_iter().skip(arguments.len().saturating_sub(1)));
            format!("{}({})", row.name, arguments.join(", "))
        }
        "nth_value" => {
            // Whether NULLs count is told by a clause.
            arguments.truncate(2);
            format!("nth_value({})", arguments.join(", "))
        }
        "ntile" if arguments.is_empty() => "ntile(1)".to_owned(),
        name => format!("{name}({})", arguments.join(", ")),
    };
    hearth_base::condition::WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE.with("funcName", format!("\"{shown}\""))
}

/// Generators that stand in `FROM` alone.
const TABLES: [&str; 2] = ["collations", "sql_keywords"];

fn gives_table(row: &FunctionRow) -> bool {
    matches!(row.family, Family::Table | Family::Generator)
}

/// The type of a function's answer when only the type counts.
pub(crate) fn is_boolean(typed: &Typed) -> bool {
    typed.data_type == DataType::Boolean
}

/// What Spark calls an operator of SQL, which is no call and so takes no star.
fn arithmetic(name: &str, operands: usize) -> Option<&'static str> {
    match (name, operands) {
        ("+", 2) => Some("add"),
        ("-", 2) => Some("subtract"),
        ("*", 2) => Some("multiply"),
        ("/", 2) => Some("divide"),
        ("-" | "negative", 1) => Some("unaryminus"),
        _ => None,
    }
}
