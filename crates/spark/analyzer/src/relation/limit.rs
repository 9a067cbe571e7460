//! `LIMIT`, `OFFSET`, `tail`, `DISTINCT`, `dropDuplicates`.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder, lit};
use hearth_base::condition::{
    DEDUPLICATE_UNKNOWN_COLUMN, DEDUPLICATE_WITHIN_WATERMARK_OF_BATCH, INVALID_LIMIT_LIKE_EXPRESSION_DATA_TYPE,
    INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE, INVALID_LIMIT_LIKE_EXPRESSION_IS_NULL,
    INVALID_LIMIT_LIKE_EXPRESSION_IS_UNFOLDABLE,
};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast};
use hearth_plan::{Expr, Relation};
use hearth_types::{DataType, StructField, StructType};

use super::block::Block;
use crate::analyzer::{Analyzer, Env, located, plan_error};
use crate::expression::context::{Clause, Cx, Grouped};
use crate::naming;
use crate::rel::{Item, Rel};

impl Analyzer<'_> {
    pub fn limit(&self, input: &Relation, limit: &Expr, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let rows =
            self.row_count("limit", limit, env).map_err(|error| self.unfoldable("limit", limit, &input, error))?;
        self.skip_fetch(input, 0, Some(rows))
    }

    pub fn offset(&self, input: &Relation, offset: &Expr, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let rows =
            self.row_count("offset", offset, env).map_err(|error| self.unfoldable("offset", offset, &input, error))?;
        self.skip_fetch(input, rows, None)
    }

    /// At most `rows` rows.
    pub(crate) fn first_rows(&self, input: &Relation, rows: usize, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        self.skip_fetch(input, 0, Some(rows))
    }

    fn skip_fetch(&self, input: Rel, skip: usize, fetch: Option<usize>) -> Result<Rel> {
        let plan = input.builder().limit(skip, fetch).and_then(LogicalPlanBuilder::build).map_err(plan_error)?;
        Ok(input.with_plan(plan))
    }

    /// The last rows: needs the number of rows, which is asked for.
    pub fn tail(&self, input: &Relation, limit: &Expr, env: Env<'_>) -> Result<Rel> {
        let rows = self.row_count("tail", limit, env)?;
        let input = self.relation(input, env)?;
        let answer = self.ask(|| {
            let count = datafusion::functions_aggregate::expr_fn::count(lit(1_i64)).alias("#count");
            let plan = input.builder().aggregate(Vec::<PlanExpr>::new(), [count]).and_then(LogicalPlanBuilder::build);
            let schema = StructType::new([StructField::new("count", DataType::Long, false)]);
            Ok((plan.map_err(plan_error)?, schema))
        })?;
        let total = answer.first().and_then(|batch| ScalarValue::try_from_array(batch.column(0), 0).ok());
        let Some(ScalarValue::Int64(Some(total))) = total else { return Err(Error::internal("no row count for tail")) };
        let skip = usize::try_from(total).unwrap_or(0).saturating_sub(rows);
        self.skip_fetch(input, skip, None)
    }

    /// A limit that names a column is no constant; other names are unknown.
    fn unfoldable(&self, what: &str, expr: &Expr, input: &Rel, error: Error) -> Error {
        let hearth_plan::ExprNode::Attribute { name, .. } = &expr.node else { return error };
        match input.scope.find(name, self.case_sensitive) {
            Ok(Some(_)) => INVALID_LIMIT_LIKE_EXPRESSION_IS_UNFOLDABLE
                .with("name", what)
                .with("expr", format!("\"{}\"", naming::sql(expr))),
            Ok(None) => input.scope.unresolved(name),
            Err(_) => error,
        }
    }

    /// The value of a `LIMIT`, `OFFSET` or the like: a constant that is not negative.
    pub(crate) fn row_count(&self, what: &str, expr: &Expr, env: Env<'_>) -> Result<usize> {
        located(expr.origin.as_ref(), self.checked_row_count(what, expr, env))
    }

    fn checked_row_count(&self, what: &str, expr: &Expr, env: Env<'_>) -> Result<usize> {
        let nothing = Rel::one_row();
        let typed = self.expression(expr, Cx::new(env, &nothing, Clause::Values))?;
        if typed.data_type != DataType::Integer {
            return Err(INVALID_LIMIT_LIKE_EXPRESSION_DATA_TYPE
                .with("name", what)
                .with("expr", format!("\"{}\"", naming::sql(expr)))
                .with("dataType", format!("\"{}\"", typed.data_type.sql())));
        }
        let typed = cast::cast(typed, &DataType::Long, cast::CastMode::Ansi, env.settings)?;
        match self.constant(&typed)? {
            ScalarValue::Int64(Some(rows)) => usize::try_from(rows).map_err(|_| {
                INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE
                    .with("name", what)
                    .with("expr", format!("\"{}\"", naming::sql(expr)))
                    .with("v", rows)
            }),
            _ => Err(INVALID_LIMIT_LIKE_EXPRESSION_IS_NULL
                .with("name", what)
                .with("expr", format!("\"{}\"", naming::sql(expr)))),
        }
    }

    pub fn distinct(&self, input: &Relation, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        self.distinct_rel(input)
    }

    pub(crate) fn distinct_rel(&self, input: Rel) -> Result<Rel> {
        if input.scope.columns.is_empty() {
            return Ok(input);
        }
        super::set_op::check_no_maps(&input.scope)?;
        let input = self.without_nested_zeros(input)?;
        let scope = crate::scope::Scope::new(input.scope.columns.clone());
        let collated = |column: &crate::scope::Column| {
            hearth_functions::collation::key(Typed::new(column.id.expr(), column.data_type.clone(), column.nullable))
        };
        let mut grouped = Grouped::default();
        for column in &scope.columns {
            let folded = collated(column)?.expr;
            if folded != column.id.expr() {
                grouped.collated.push((grouped.keys.len(), folded));
            }
            grouped.keys.push(column.id.expr());
        }
        if !grouped.collated.is_empty() {
            let items = scope.columns.iter().map(Item::column).collect();
            let mut block = Block::new(input, items, Vec::new());
            block.grouped = Some(grouped);
            let rel = self.block_rel(block)?;
            return Ok(Rel { block: None, ..rel });
        }
        let mut ids = std::collections::HashSet::new();
        let keys: Vec<PlanExpr> =
            scope.columns.iter().filter(|column| ids.insert(column.id)).map(|column| column.id.expr()).collect();
        let plan = input
            .builder()
            .aggregate(keys, Vec::<PlanExpr>::new())
            .and_then(LogicalPlanBuilder::build)
            .map_err(plan_error)?;
        Ok(Rel::new(plan, scope))
    }

    /// `dropDuplicates`: one row for each combination of the columns; the others take their first value.
    pub fn deduplicate(&self, input: &Relation, names: &[String], flags: (bool, bool), env: Env<'_>) -> Result<Rel> {
        let (all_columns, within_watermark) = flags;
        if within_watermark {
            return Err(DEDUPLICATE_WITHIN_WATERMARK_OF_BATCH
                .with("msg", "dropDuplicatesWithinWatermark is not supported with batch DataFrames/DataSets"));
        }
        let input = self.relation(input, env)?;
        if all_columns || names.is_empty() {
            return self.distinct_rel(input);
        }
        let mut grouped = Grouped::default();
        for name in names {
            let positions = input.scope.positions(name, self.case_sensitive);
            if positions.is_empty() {
                let names: Vec<&str> = input.scope.columns.iter().map(|column| column.name.as_ref()).collect();
                return Err(DEDUPLICATE_UNKNOWN_COLUMN.with("colName", name).with("fieldNames", names.join(", ")));
            }
            grouped.keys.extend(positions.into_iter().map(|index| input.scope.columns[index].id.expr()));
        }
        let items = input
            .scope
            .columns
            .iter()
            .map(|column| {
                if grouped.keys.contains(&column.id.expr()) {
                    return Item::column(column);
                }
                let first = datafusion::functions_aggregate::expr_fn::first_value(column.id.expr(), Vec::new());
                let value = Typed::new(first, column.data_type.clone(), column.nullable);
                Item { value, id: None, ..Item::column(column) }
            })
            .collect();
        let mut block = Block::new(input, items, Vec::new());
        block.grouped = Some(grouped);
        let rel = self.block_rel(block)?;
        Ok(Rel { block: None, ..rel })
    }
}
