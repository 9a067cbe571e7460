//! `align_for_write`: the rows of a query as the columns of a table, by position or by name, with Spark's store
//! assignment casts.

mod shape;

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use hearth_base::condition::{
    AMBIGUOUS_DATA_COLUMN, CANNOT_SAFELY_CAST, DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, EXTRA_COLUMNS,
    INSERT_NOT_ENOUGH_DATA_COLUMNS, INSERT_TOO_MANY_DATA_COLUMNS,
};
use hearth_base::{Error, Result};
use hearth_functions::kernels::collection::arrange::arranged;
use hearth_functions::kernels::string::lengths;
use hearth_functions::{Typed, cast, coercion};
use hearth_types::{DataType, StructField, StructType, Value};

use crate::analyzer::Analyzer;
use crate::expression::literal;
use crate::rel::{Item, Rel};
use crate::scope::{Column, Scope, quote_name, same_name};
use crate::view::SessionView;
use crate::{Analyzed, expression::cast::without_lengths};

/// `spark.sql.storeAssignmentPolicy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreAssignment {
    #[default]
    Ansi,
    Legacy,
    Strict,
    /// As `Ansi`, and text goes into columns of any type that it can be cast to: what SQL warehouses take.
    Warehouse,
}

/// How the columns of a query find those of a table.
#[derive(Debug, Clone)]
pub struct WriteTarget<'a> {
    /// For errors.
    pub table: &'a str,
    pub schema: &'a StructType,
    pub by_name: bool,
    /// `INSERT INTO t (b, a)`: the columns that the query's columns go to, in order. Others get their default.
    pub columns: &'a [String],
    /// Values for columns that the query does not give, by position in the schema.
    pub defaults: &'a [Option<Value>],
    pub policy: StoreAssignment,
}

/// The query with one column for each of the table's, in the table's order, names and types.
pub fn align_for_write(analyzed: &Analyzed, view: &SessionView, target: &WriteTarget<'_>) -> Result<Analyzed> {
    let analyzer = Analyzer::new(view);
    let rel = positional_rel(analyzed, &analyzer)?;
    let names: Vec<String> = if target.by_name {
        rel.scope.columns.iter().map(|column| column.name.to_string()).collect()
    } else if target.columns.is_empty() {
        target.schema.fields.iter().map(|field| field.name.to_string()).collect()
    } else {
        target.columns.to_vec()
    };
    let same = |left: &str, right: &str| same_name(left, right, view.settings.case_sensitive);
    check_counts(&rel.scope, &names, target)?;
    if target.by_name {
        let twice =
            names.iter().enumerate().find(|(index, name)| names[..*index].iter().any(|known| same(known, name)));
        if let Some((_, name)) = twice {
            return Err(AMBIGUOUS_DATA_COLUMN.with("tableName", target.table).with("colName", quote_name(&[name])));
        }
    }
    if let Some(extra) = names.iter().find(|name| !target.schema.fields.iter().any(|field| same(&field.name, name))) {
        return Err(EXTRA_COLUMNS.with("tableName", target.table).with("extraColumns", quote_name(&[extra])));
    }
    let mut items = Vec::with_capacity(target.schema.fields.len());
    for (index, field) in target.schema.fields.iter().enumerate() {
        let position = names.iter().position(|name| same(name, &field.name));
        let value = match position.and_then(|position| rel.scope.columns.get(position)) {
            Some(column) => assigned(column, field, view, target)?,
            None => {
                let default = target.defaults.get(index).cloned().flatten();
                let value = literal::typed(&default.unwrap_or_else(|| Value::Null(without_lengths(&field.data_type))))?;
                cast::cast(value, &without_lengths(&field.data_type), cast::CastMode::Ansi, &view.settings)?
            }
        };
        items.push(Item::named(value, Arc::clone(&field.name)));
    }
    let aligned = analyzer.project_items(rel, &items)?;
    Ok(Analyzed {
        plan: aligned.positional()?,
        schema: target.schema.clone(),
        metrics: Vec::new(),
        render: None,
        partitions: analyzed.partitions,
        variables: Vec::new(),
    })
}

fn check_counts(scope: &Scope, names: &[String], target: &WriteTarget<'_>) -> Result<()> {
    let (given, wanted) = (scope.columns.len(), names.len());
    let is_too_wide = target.by_name && given > target.schema.fields.len();
    if given == wanted && !is_too_wide {
        return Ok(());
    }
    let list = |names: Vec<String>| names.iter().map(|name| quote_name(&[name])).collect::<Vec<_>>().join(", ");
    let condition =
        if given > wanted || is_too_wide { INSERT_TOO_MANY_DATA_COLUMNS } else { INSERT_NOT_ENOUGH_DATA_COLUMNS };
    Err(condition
        .with("tableName", target.table)
        .with("tableColumns", list(names.to_vec()))
        .with("dataColumns", list(scope.columns.iter().map(|column| column.name.to_string()).collect())))
}

fn assigned(column: &Column, field: &StructField, view: &SessionView, target: &WriteTarget<'_>) -> Result<Typed> {
    let to = without_lengths(&field.data_type);
    if column.data_type == to {
        return lengths::stored(column.typed(), &field.data_type);
    }
    let mut value = column.typed();
    let case_sensitive = view.settings.case_sensitive;
    if target.policy != StoreAssignment::Legacy {
        let path = vec![field.name.to_string()];
        shape::Shape { target, case_sensitive, path }.check(&value.data_type, &to)?;
    }
    if target.by_name {
        value = arranged(value, &to, case_sensitive)?;
    }
    let from = value.data_type.clone();
    let allowed = match target.policy {
        StoreAssignment::Legacy => cast::can_cast(&from, &to, false),
        StoreAssignment::Ansi => coercion::ansi_store_assignable(&from, &to),
        StoreAssignment::Warehouse => {
            coercion::ansi_store_assignable(&from, &to) || from.is_string() && cast::can_cast(&from, &to, true)
        }
        StoreAssignment::Strict => strictly_assignable(&column.data_type, &to),
    };
    let has_time = |data_type: &DataType| matches!(data_type, DataType::Time { .. });
    if !allowed && (has_time(&from) && to.is_datetime() || from.is_datetime() && has_time(&to)) {
        // Spark takes all of them for points in time, and then knows no such cast.
        return Err(DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION
            .with("sqlExpr", format!("\"{}\"", column.name))
            .with("srcType", format!("\"{}\"", from.sql()))
            .with("targetType", format!("\"{}\"", to.sql())));
    }
    if !allowed {
        if target.policy == StoreAssignment::Legacy {
            return Err(DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION
                .with("sqlExpr", format!("\"{}\"", column.name))
                .with("srcType", format!("\"{}\"", from.sql()))
                .with("targetType", format!("\"{}\"", to.sql())));
        }
        return Err(cannot_assign(&from, field, &to, target));
    }
    let mode = if target.policy == StoreAssignment::Legacy { cast::CastMode::Legacy } else { cast::CastMode::Ansi };
    cast::cast(value, &to, mode, &view.settings).and_then(|value| lengths::stored(value, &field.data_type))
}

fn cannot_assign(from: &DataType, field: &StructField, to: &DataType, target: &WriteTarget<'_>) -> Error {
    let mut path = vec![field.name.to_string()];
    let (from, to) = misfit(from, to, &mut path);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    CANNOT_SAFELY_CAST
        .with("tableName", target.table)
        .with("colName", quote_name(&path))
        .with("srcType", format!("\"{}\"", from.sql()))
        .with("targetType", format!("\"{}\"", to.sql()))
}

/// What loses nothing, as `STRICT` asks; not even NULL goes into a column without a cast.
fn strictly_assignable(from: &DataType, to: &DataType) -> bool {
    let void = *from == DataType::Null;
    let bytes = from.is_string() && *to == DataType::Binary;
    !void && !bytes && coercion::up_castable(from, to)
}

/// The part of a value that does not fit into its place, and the way to it.
fn misfit(from: &DataType, to: &DataType, path: &mut Vec<String>) -> (DataType, DataType) {
    match (from, to) {
        (DataType::Struct(left), DataType::Struct(right)) if left.fields.len() == right.fields.len() => {
            let mut pairs = left.fields.iter().zip(right.fields.iter());
            let fits = |left: &StructField, right: &StructField| {
                coercion::ansi_store_assignable(&left.data_type, &right.data_type)
            };
            if let Some((left, right)) = pairs.find(|(left, right)| !fits(left, right)) {
                path.push(right.name.to_string());
                return misfit(&left.data_type, &right.data_type, path);
            }
        }
        (DataType::Array(left), DataType::Array(right)) => {
            path.push("element".to_owned());
            return misfit(&left.element, &right.element, path);
        }
        (DataType::Map(left), DataType::Map(right)) => {
            if !coercion::ansi_store_assignable(&left.key, &right.key) {
                path.push("key".to_owned());
                return misfit(&left.key, &right.key, path);
            }
            path.push("value".to_owned());
            return misfit(&left.value, &right.value, path);
        }
        (_, _) => {}
    }
    (from.clone(), to.clone())
}

/// An analysed plan as a relation again, under new ids.
pub(crate) fn positional_rel(analyzed: &Analyzed, analyzer: &Analyzer<'_>) -> Result<Rel> {
    // Ids of this round must not meet those inside the plan.
    analyzer.skip_ids(highest_id(&analyzed.plan) + 1);
    analyzer.rename(analyzed.plan.clone(), &analyzed.schema, &Arc::default())
}

fn highest_id(plan: &LogicalPlan) -> u64 {
    use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
    let mut highest = 0;
    let _ = plan.apply(|node| {
        for field in node.schema().fields() {
            let digits = field.name().strip_prefix('#').unwrap_or_default();
            let number = digits.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
            highest = highest.max(number);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    highest
}
