//! `df.na`: fill, drop, replace.

use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Expr as PlanExpr, Operator, lit};
use hearth_base::Result;
use hearth_base::condition::UNRESOLVED_COLUMN_WITH_SUGGESTION;
use hearth_functions::{Typed, cast};
use hearth_plan::Relation;
use hearth_types::{DataType, Value};

use super::block::filter;
use crate::analyzer::{Analyzer, Env};
use crate::expression::context::{Clause, Cx};
use crate::expression::literal;
use crate::rel::{Item, Rel};
use crate::scope::{Column, quote_name};

impl Analyzer<'_> {
    /// One value for all columns, or one for each named column. A value fills only columns of its kind.
    pub fn fill_na(&self, input: &Relation, names: &[String], values: &[Value], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        for name in names {
            self.field_named(&input, name)?;
        }
        let items = input
            .scope
            .columns
            .iter()
            .map(|column| {
                let named =
                    names.iter().position(|name| crate::scope::same_name(name, &column.name, self.case_sensitive));
                let value = match (names.is_empty(), named) {
                    (true, _) => values.first(),
                    (false, Some(index)) => values.get(index).or(values.first()),
                    (false, None) => None,
                };
                match value {
                    Some(value) if fits(value, &column.data_type) => self.filled(column, value, env),
                    _ => Ok(Item::column(column)),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        self.project_items(input, &items)
    }

    fn filled(&self, column: &Column, value: &Value, env: Env<'_>) -> Result<Item> {
        let settings = env.settings;
        let fill = cast::cast(literal::typed(value)?, &column.data_type, cast::CastMode::of(settings), settings)?;
        let nothing = Rel::one_row();
        let cx = Cx::new(env, &nothing, Clause::Select);
        let present = match column.data_type {
            DataType::Double | DataType::Float => {
                let null =
                    Typed::new(PlanExpr::Literal(null_of(&column.data_type)?, None), column.data_type.clone(), true);
                self.call("nanvl", vec![column.typed(), null], cx)?
            }
            _ => column.typed(),
        };
        // Spark does not trust a fraction to become an integer.
        let cut = matches!(value, Value::Double(_) | Value::Float(_)) && column.data_type.is_integral();
        let nullable = fill.nullable || (cut && column.nullable);
        let filled = self.call("coalesce", vec![present, fill], cx)?;
        Ok(Item {
            value: Typed::new(filled.expr, column.data_type.clone(), nullable),
            id: None,
            ..Item::column(column)
        })
    }

    /// Keeps rows with at least `min_non_nulls` values (all, if not given) in the named columns (all, if none).
    pub fn drop_na(&self, input: &Relation, names: &[String], min_non_nulls: Option<i32>, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let columns: Vec<Column> = if names.is_empty() {
            input.scope.columns.clone()
        } else {
            names.iter().map(|name| self.field_named(&input, name)).collect::<Result<_>>()?
        };
        let present = |column: &Column| {
            let value = column.id.expr();
            match column.data_type {
                DataType::Double | DataType::Float => {
                    let nan = datafusion::functions::math::expr_fn::isnan(value.clone());
                    value.is_not_null().and(PlanExpr::Not(Box::new(nan)))
                }
                _ => value.is_not_null(),
            }
        };
        let needed = usize::try_from(min_non_nulls.unwrap_or(i32::MAX)).unwrap_or(0);
        let predicate = if needed >= columns.len() && min_non_nulls.is_none() {
            columns.iter().map(present).reduce(PlanExpr::and)
        } else {
            let counted = columns.iter().map(|column| {
                PlanExpr::Case(Case::new(
                    None,
                    vec![(Box::new(present(column)), Box::new(lit(1_i32)))],
                    Some(Box::new(lit(0_i32))),
                ))
            });
            let total =
                counted.reduce(|left, right| datafusion::logical_expr::binary_expr(left, Operator::Plus, right));
            total.map(|total| total.gt_eq(lit(min_non_nulls.unwrap_or(i32::MAX))))
        };
        match predicate {
            Some(predicate) => {
                let plan = filter(input.plan.clone(), predicate)?;
                Ok(input.with_plan(plan))
            }
            None => Ok(input),
        }
    }

    /// Replaces values in columns of the values' kind.
    pub fn replace(
        &self,
        input: &Relation,
        names: &[String],
        replacements: &[(Value, Value)],
        env: Env<'_>,
    ) -> Result<Rel> {
        let input = self.relation(input, env)?;
        for name in names {
            self.field_named(&input, name)?;
        }
        let items = input
            .scope
            .columns
            .iter()
            .map(|column| {
                let named = names.is_empty()
                    || names.iter().any(|name| crate::scope::same_name(name, &column.name, self.case_sensitive));
                if !named {
                    return Ok(Item::column(column));
                }
                self.replaced(column, replacements, env)
            })
            .collect::<Result<Vec<_>>>()?;
        self.project_items(input, &items)
    }

    fn replaced(&self, column: &Column, replacements: &[(Value, Value)], env: Env<'_>) -> Result<Item> {
        let settings = env.settings;
        let mode = cast::CastMode::Legacy;
        let mut branches = Vec::new();
        let mut nullable = column.nullable;
        for (from, to) in replacements {
            if !from.is_null() && !fits(from, &column.data_type) {
                continue;
            }
            // Numbers meet as doubles: 1.5 is no value of an integer column.
            let (number, strict) = (column.data_type.is_numeric(), cast::CastMode::of(settings));
            let to_value = literal::typed(to)?;
            let to_value = match number && !to.is_null() {
                true => cast::cast(
                    cast::cast(to_value, &DataType::Double, mode, settings)?,
                    &column.data_type,
                    strict,
                    settings,
                )?,
                false => cast::cast(to_value, &column.data_type, mode, settings)?,
            };
            nullable |= to_value.nullable;
            let matches = if from.is_null() {
                column.id.expr().is_null()
            } else if number {
                let from = cast::cast(literal::typed(from)?, &DataType::Double, mode, settings)?;
                cast::cast(column.typed(), &DataType::Double, mode, settings)?.expr.eq(from.expr)
            } else {
                let from = cast::cast(literal::typed(from)?, &column.data_type, mode, settings)?;
                column.id.expr().eq(from.expr)
            };
            branches.push((Box::new(matches), Box::new(to_value.expr)));
        }
        if branches.is_empty() {
            return Ok(Item::column(column));
        }
        let case = PlanExpr::Case(Case::new(None, branches, Some(Box::new(column.id.expr()))));
        Ok(Item { value: Typed::new(case, column.data_type.clone(), nullable), id: None, ..Item::column(column) })
    }

    /// A column by its plain name, as schemas are asked for one: an error lists all of them in their order.
    pub(crate) fn field_named(&self, input: &Rel, name: &str) -> Result<Column> {
        self.named_column(input, name).map_err(|error| {
            if error.condition() != UNRESOLVED_COLUMN_WITH_SUGGESTION {
                return error;
            }
            let fields: Vec<_> = input.scope.columns.iter().map(|column| quote_name(&[&column.name])).collect();
            UNRESOLVED_COLUMN_WITH_SUGGESTION
                .with("objectName", quote_name(&[name]))
                .with("proposal", fields.join(", "))
        })
    }

    /// A column by its plain name.
    pub(crate) fn named_column(&self, input: &Rel, name: &str) -> Result<Column> {
        let parts = match hearth_sql::parse_multipart_identifier(name) {
            Ok(parts) => parts,
            Err(_) => vec![name.to_owned()],
        };
        match input.scope.find(&parts, self.case_sensitive)? {
            Some(found) if found.fields == 0 => Ok(found.column.clone()),
            _ => Err(input.scope.unresolved(&parts)),
        }
    }
}

/// Numbers fill numbers, text fills text, booleans fill booleans.
fn fits(value: &Value, column: &DataType) -> bool {
    let kind = value.data_type();
    (kind.is_numeric() && column.is_numeric())
        || (kind.is_string() && column.is_string())
        || (kind == DataType::Boolean && *column == DataType::Boolean)
}

fn null_of(data_type: &DataType) -> Result<datafusion::common::ScalarValue> {
    literal::scalar(&Value::Null(data_type.clone()))
}
