//! `UNION`, `INTERSECT`, `EXCEPT`: by position and by name, with Spark's widening.

use std::sync::Arc;

use datafusion::common::{Column as PlanColumn, JoinType, NullEquality};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, Union};
use hearth_base::condition::{
    FIELD_NOT_FOUND, INCOMPATIBLE_COLUMN_TYPE, NUM_COLUMNS_MISMATCH, SET_OPERATION_ON_MAP_TYPE,
    SET_OPERATION_ON_VARIANT_TYPE, UNRESOLVED_COLUMN_AMONG_FIELD_NAMES,
};
use hearth_base::{Error, Result};
use hearth_functions::call::ordinal;
use hearth_functions::families::lambda::elements::each_element;
use hearth_functions::{Typed, cast, coercion, extract_field};
use hearth_plan::relation::{SetOp, SetOpKind};
use hearth_plan::{Relation, RelationNode};
use hearth_types::{DataType, StructField, StructType};

use crate::analyzer::{Analyzer, Env, plan_error, unsupported};
use crate::expression::extract::{make_struct, null_if_null};
use crate::rel::{Item, Rel};
use crate::scope::{Column, Scope, same_name};

impl Analyzer<'_> {
    pub fn set_op(&self, operation: &SetOp, env: Env<'_>) -> Result<Rel> {
        if operation.kind == SetOpKind::Union && operation.all && !operation.by_name {
            let (mut inputs, mut inner) = (Vec::new(), Vec::new());
            self.union_inputs(operation, (&mut inputs, &mut inner), env)?;
            let union = self.union_all(inputs, env)?;
            // The unions of a chain have the columns of the whole.
            for plan_id in inner {
                self.plan_outputs.borrow_mut().entry(plan_id).or_default().push(union.scope.columns.clone());
            }
            return Ok(union);
        }
        let left = self.relation(&operation.left, env)?;
        let mut right = self.relation(&operation.right, env)?;
        let mut left = left;
        if operation.by_name {
            (left, right) = self.by_name(left, right, operation.allow_missing_columns)?;
        }
        match operation.kind {
            SetOpKind::Union => {
                let union = self.union_all(vec![left, right], env)?;
                if operation.all { Ok(union) } else { self.distinct_rel(union) }
            }
            SetOpKind::Intersect => {
                let both = self.intersect_or_except(left, right, (JoinType::LeftSemi, operation.all), env)?;
                Ok(self.as_left(operation, both))
            }
            SetOpKind::Except => {
                let rest = self.intersect_or_except(left, right, (JoinType::LeftAnti, operation.all), env)?;
                Ok(self.as_left(operation, rest))
            }
        }
    }

    /// The columns of `INTERSECT` and `EXCEPT` are those of the left side also for who has that DataFrame.
    fn as_left(&self, operation: &SetOp, result: Rel) -> Rel {
        if let Some(plan_id) = operation.left.plan_id {
            let columns = result.scope.columns.clone();
            self.plan_outputs.borrow_mut().entry(plan_id).or_default().push(columns);
        }
        result
    }

    /// A chain of `UNION ALL` becomes one node.
    fn union_inputs(
        &self,
        operation: &SetOp,
        (inputs, plan_ids): (&mut Vec<Rel>, &mut Vec<i64>),
        env: Env<'_>,
    ) -> Result<()> {
        for side in [&operation.left, &operation.right] {
            match plain_union(side) {
                Some(inner) => {
                    plan_ids.extend(side.plan_id);
                    self.union_inputs(inner, (&mut *inputs, &mut *plan_ids), env)?;
                }
                None => inputs.push(self.relation(side, env)?),
            }
        }
        Ok(())
    }

    pub(crate) fn union_all(&self, inputs: Vec<Rel>, env: Env<'_>) -> Result<Rel> {
        let schema = self.common_schema("UNION", &inputs, env)?;
        if schema.fields.is_empty() {
            return unsupported("UNION of relations without columns");
        }
        let plans = inputs
            .into_iter()
            .map(|input| self.as_schema(input, &schema, env)?.positional().map(Arc::new))
            .collect::<Result<Vec<_>>>()?;
        let union = Union::try_new_with_loose_types(plans).map_err(plan_error)?;
        self.rename(LogicalPlan::Union(union), &schema, &Arc::default())
    }

    /// The names of the first input with the common types of all.
    fn common_schema(&self, operator: &str, inputs: &[Rel], env: Env<'_>) -> Result<StructType> {
        let Some(first) = inputs.first() else { return Err(Error::internal("a set operation without inputs")) };
        let mut fields: Vec<StructField> = first.scope.schema().fields.to_vec();
        for (number, input) in inputs.iter().enumerate().skip(1) {
            let columns = &input.scope.columns;
            if columns.len() != fields.len() {
                return Err(NUM_COLUMNS_MISMATCH
                    .with("operator", operator)
                    .with("firstNumColumns", fields.len())
                    .with("invalidOrdinalNum", ordinal(number + 1))
                    .with("invalidNumColumns", columns.len()));
            }
            for (index, (field, column)) in fields.iter_mut().zip(columns).enumerate() {
                let types = [field.data_type.clone(), column.data_type.clone()];
                let common = coercion::common_type(&types, env.settings)
                    .filter(|_| same_collation(&types))
                    .ok_or_else(|| {
                        INCOMPATIBLE_COLUMN_TYPE
                            .with("operator", operator)
                            .with("columnOrdinalNumber", ordinal(index + 1))
                            .with("tableOrdinalNumber", ordinal(number + 1))
                            .with("dataType1", types[1].quoted_sql())
                            .with("dataType2", types[0].quoted_sql())
                            .with("hint", "")
                    })?;
                field.data_type = common;
                field.nullable |= column.nullable;
            }
        }
        Ok(StructType::new(fields))
    }

    /// The columns of `input` cast to the types of a schema of the same length.
    pub(crate) fn as_schema(&self, input: Rel, schema: &StructType, env: Env<'_>) -> Result<Rel> {
        let same =
            input.scope.columns.iter().zip(schema.fields.iter()).all(|(c, field)| c.data_type == field.data_type);
        if same {
            return Ok(input);
        }
        let mode = cast::CastMode::of(env.settings);
        let items = input
            .scope
            .columns
            .iter()
            .zip(schema.fields.iter())
            .map(|(column, field)| {
                if column.data_type == field.data_type {
                    return Ok(Item::column(column));
                }
                let value = cast::cast(column.typed(), &field.data_type, mode, env.settings)?;
                Ok(Item { value, id: None, ..Item::column(column) })
            })
            .collect::<Result<Vec<_>>>()?;
        self.project_items(input, &items)
    }

    /// The right side in the order of the left one; missing columns become NULL when that is allowed.
    fn by_name(&self, left: Rel, right: Rel, allow_missing: bool) -> Result<(Rel, Rel)> {
        let find = |scope: &Scope, name: &str| -> Result<Option<Column>> {
            let positions = scope.positions(name, self.case_sensitive);
            match positions.as_slice() {
                [] if allow_missing => Ok(None),
                [] => Err(unknown_field(name, scope)),
                [index] => Ok(Some(scope.columns[*index].clone())),
                _ => Err(hearth_base::condition::COLUMN_ALREADY_EXISTS.with("columnName", format!("`{name}`"))),
            }
        };
        for side in [&left, &right] {
            if let Some(name) = repeated_name(&side.scope, self.case_sensitive) {
                return Err(hearth_base::condition::COLUMN_ALREADY_EXISTS.with("columnName", format!("`{name}`")));
            }
        }
        let mut right_items = Vec::new();
        let mut left_items: Vec<Item> = left.scope.columns.iter().map(Item::column).collect();
        for (index, column) in left.scope.columns.iter().enumerate() {
            right_items.push(match find(&right.scope, &column.name)? {
                Some(found) if allow_missing && found.data_type != column.data_type => {
                    let merged = self.merged(&column.data_type, &found.data_type, true);
                    left_items[index] = self.with_fields(column, &merged, true)?;
                    self.with_fields(&found, &merged, true)?
                }
                // The fields of structs are found by their names as the columns are.
                Some(found) if found.data_type != column.data_type => {
                    let merged = self.merged(&column.data_type, &found.data_type, false);
                    self.with_fields(&found, &merged, false)?
                }
                Some(found) => Item::column(&found),
                None => null_item(column)?,
            });
        }
        for column in &right.scope.columns {
            if left.scope.positions(&column.name, self.case_sensitive).is_empty() {
                if !allow_missing {
                    return Err(unknown_field(&column.name, &left.scope));
                }
                left_items.push(null_item(column)?);
                right_items.push(Item::column(column));
            }
        }
        Ok((self.project_items(left, &left_items)?, self.project_items(right, &right_items)?))
    }

    /// The fields of both structs, those of the left one first, also within arrays; any other type is the left one.
    /// With `fills`, what only one has is NULL in the other.
    fn merged(&self, left: &DataType, right: &DataType, fills: bool) -> DataType {
        if let (DataType::Array(mine), DataType::Array(other)) = (left, right) {
            return DataType::array(self.merged(&mine.element, &other.element, fills), mine.contains_null);
        }
        let (DataType::Struct(mine), DataType::Struct(other)) = (left, right) else { return left.clone() };
        let find = |fields: &StructType, name: &str| -> Option<StructField> {
            fields.fields.iter().find(|field| same_name(&field.name, name, self.case_sensitive)).cloned()
        };
        let mut fields: Vec<StructField> = Vec::new();
        for field in mine.fields.iter() {
            fields.push(match find(other, &field.name) {
                Some(theirs) => {
                    StructField { data_type: self.merged(&field.data_type, &theirs.data_type, fills), ..field.clone() }
                }
                None => StructField { nullable: field.nullable || fills, ..field.clone() },
            });
        }
        let added = other.fields.iter().filter(|field| find(mine, &field.name).is_none());
        fields.extend(added.map(|field| StructField { nullable: field.nullable || fills, ..field.clone() }));
        DataType::structure(fields)
    }

    /// A column with the fields of a merged type; those that it lacks are NULL.
    fn with_fields(&self, column: &Column, to: &DataType, fills: bool) -> Result<Item> {
        let value = self.with_field_values(column.typed(), to, fills)?;
        Ok(Item { value, id: None, ..Item::column(column) })
    }

    fn with_field_values(&self, value: Typed, to: &DataType, fills: bool) -> Result<Typed> {
        if let (DataType::Array(from), DataType::Array(wanted)) = (&value.data_type, to)
            && from.element != wanted.element
            && holds_struct(&from.element)
        {
            let step = |element| self.with_field_values(element, &wanted.element, fills);
            return each_element(value, self.new_id().plan_name(), step);
        }
        let (DataType::Struct(from), DataType::Struct(wanted)) = (value.data_type.clone(), to) else {
            return Ok(value);
        };
        let mut fields = Vec::with_capacity(wanted.fields.len());
        for field in wanted.fields.iter() {
            let same = |known: &StructField| same_name(&known.name, &field.name, self.case_sensitive);
            let made = match from.fields.iter().position(same) {
                Some(index) => self.with_field_values(extract_field(value.clone(), index)?, &field.data_type, fills)?,
                None if !fills => return Err(no_such_field(&field.name, &from)),
                None => crate::expression::literal::typed(&hearth_types::Value::Null(field.data_type.clone()))?,
            };
            fields.push((Arc::clone(&field.name), made));
        }
        Ok(null_if_null(&value, make_struct(fields)))
    }

    /// `INTERSECT` is a semi join, `EXCEPT` an anti join, NULLs being equal. With `ALL`, rows are numbered within equal
    /// rows first, so that the join counts copies.
    fn intersect_or_except(&self, left: Rel, right: Rel, how: (JoinType, bool), env: Env<'_>) -> Result<Rel> {
        let (join_type, all) = how;
        let operator = match (join_type == JoinType::LeftSemi, all) {
            (true, false) => "INTERSECT",
            (true, true) => "INTERSECT ALL",
            (false, false) => "EXCEPT",
            (false, true) => "EXCEPT ALL",
        };
        check_no_maps(&left.scope)?;
        check_no_maps(&right.scope)?;
        let inputs = [left, right];
        let schema = self.common_schema(operator, &inputs, env)?;
        let mut schema_fields = schema.fields.to_vec();
        let [left, right] = &inputs;
        for ((field, left), right) in schema_fields.iter_mut().zip(&left.scope.columns).zip(&right.scope.columns) {
            field.nullable = left.nullable && (join_type == JoinType::LeftAnti || right.nullable);
        }
        let [mut left, right] = inputs;
        if all {
            left = self.without_negative_zeros(left)?;
        }
        left = self.without_nested_zeros(self.as_schema(left, &schema, env)?)?;
        let right = self.without_nested_zeros(self.as_schema(right, &schema, env)?)?;
        let mut left = self.materialised(left, &schema)?;
        let mut right = self.materialised(right, &schema)?;
        if !all {
            left = self.distinct_rel(left)?;
        }
        let mut keys: (Vec<PlanColumn>, Vec<PlanColumn>) = (names(&left.scope), names(&right.scope));
        let scope = left.scope.clone();
        if all {
            let (left_plan, left_number) = self.numbered(&left)?;
            let (right_plan, right_number) = self.numbered(&right)?;
            left = left.with_plan(left_plan);
            right = right.with_plan(right_plan);
            keys.0.push(left_number);
            keys.1.push(right_number);
        }
        let left = self.with_collation_keys(left, &mut keys.0)?;
        let right = self.with_collation_keys(right, &mut keys.1)?;
        let plan = LogicalPlanBuilder::new(left.plan)
            .join_detailed(right.plan, join_type, keys, None, NullEquality::NullEqualsNull)
            .and_then(LogicalPlanBuilder::build)
            .map_err(plan_error)?;
        let columns = scope
            .columns
            .iter()
            .zip(schema_fields)
            .map(|(column, field)| Column { nullable: field.nullable, ..column.clone() })
            .collect();
        Ok(Rel::new(plan, Scope::new(columns)))
    }

    /// Rows that are counted come out as they are compared.
    fn without_negative_zeros(&self, rel: Rel) -> Result<Rel> {
        if !rel.scope.columns.iter().any(|column| matches!(column.data_type, DataType::Float | DataType::Double)) {
            return Ok(rel);
        }
        let item = |column: &Column| {
            let value = hearth_functions::collation::distinct_key(column.typed());
            Item { value, id: None, ..Item::column(column) }
        };
        let items: Vec<Item> = rel.scope.columns.iter().map(item).collect();
        self.project_items(rel, &items)
    }

    /// The zeros without a sign that stand inside of other values.
    pub(crate) fn without_nested_zeros(&self, rel: Rel) -> Result<Rel> {
        let nested = |column: &Column| matches!(column.data_type, DataType::Array(_) | DataType::Struct(_));
        let changes = |column: &Column| nested(column) && hearth_functions::collation::holds_floats(&column.data_type);
        if !rel.scope.columns.iter().any(changes) {
            return Ok(rel);
        }
        let item = |column: &Column| match changes(column) {
            true => {
                let value = hearth_functions::collation::nested_key(column.typed());
                Item { value, ..Item::column(column) }
            }
            false => Item::column(column),
        };
        let items: Vec<Item> = rel.scope.columns.iter().map(item).collect();
        self.project_items(rel, &items)
    }

    /// Every column once, under an id of its own: two columns of a scope may be the same one.
    fn materialised(&self, rel: Rel, schema: &StructType) -> Result<Rel> {
        let plan = rel.positional()?;
        self.rename(plan, schema, &Arc::default())
    }

    /// Beside columns with a collation what is compared in their places, whose names take those of the columns.
    fn with_collation_keys(&self, rel: Rel, names: &mut [PlanColumn]) -> Result<Rel> {
        let mut outputs: Vec<PlanExpr> = rel.plan.schema().columns().into_iter().map(PlanExpr::Column).collect();
        let columns = outputs.len();
        for (column, name) in rel.scope.columns.iter().zip(names) {
            let key = hearth_functions::collation::key(column.typed())?.expr;
            if key != column.id.expr() {
                let id = self.new_id().plan_name();
                *name = PlanColumn::new_unqualified(id.clone());
                outputs.push(key.alias(id));
            }
        }
        if outputs.len() == columns {
            return Ok(rel);
        }
        let plan = crate::rel::project(rel.plan.clone(), outputs)?;
        Ok(rel.with_plan(plan))
    }

    /// Numbers equal rows from 1.
    fn numbered(&self, rel: &Rel) -> Result<(LogicalPlan, PlanColumn)> {
        use datafusion::logical_expr::ExprFunctionExt;
        let keys: Vec<PlanExpr> = rel.scope.columns.iter().map(|column| column.id.expr()).collect();
        let compared =
            rel.scope.columns.iter().map(|column| Ok(hearth_functions::collation::key(column.typed())?.expr));
        let number = datafusion::functions_window::expr_fn::row_number()
            .partition_by(compared.collect::<Result<_>>()?)
            .build()
            .map_err(plan_error)?;
        let name = number.schema_name().to_string();
        let id = self.new_id();
        let plan = LogicalPlanBuilder::window_plan(rel.plan.clone(), [number]).map_err(plan_error)?;
        let mut outputs = keys;
        outputs.push(PlanExpr::Column(PlanColumn::new_unqualified(name)).alias(id.plan_name()));
        Ok((crate::rel::project(plan, outputs)?, PlanColumn::new_unqualified(id.plan_name())))
    }
}

fn names(scope: &Scope) -> Vec<PlanColumn> {
    scope.columns.iter().map(|column| PlanColumn::new_unqualified(column.id.plan_name())).collect()
}

fn plain_union(relation: &Relation) -> Option<&SetOp> {
    match &relation.node {
        RelationNode::SetOp(inner) if inner.kind == SetOpKind::Union && inner.all && !inner.by_name => Some(inner),
        _ => None,
    }
}

fn no_such_field(name: &str, known: &StructType) -> Error {
    let names: Vec<String> = known.fields.iter().map(|field| format!("`{}`", field.name)).collect();
    FIELD_NOT_FOUND.with("fieldName", format!("`{name}`")).with("fields", names.join(", "))
}

fn holds_struct(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(_) => true,
        DataType::Array(array) => holds_struct(&array.element),
        _ => false,
    }
}

fn unknown_field(name: &str, scope: &Scope) -> Error {
    let names: Vec<&str> = scope.columns.iter().map(|column| column.name.as_ref()).collect();
    UNRESOLVED_COLUMN_AMONG_FIELD_NAMES.with("colName", name).with("fieldNames", names.join(", "))
}

/// A name that two columns have.
fn repeated_name(scope: &Scope, case_sensitive: bool) -> Option<String> {
    let names: Vec<String> = scope
        .columns
        .iter()
        .map(|column| if case_sensitive { column.name.to_string() } else { column.name.to_lowercase() })
        .collect();
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name.clone())
}

/// Rows with maps cannot be compared (`CheckAnalysis.mapColumnInSetOperation`).
pub(crate) fn check_no_maps(scope: &Scope) -> Result<()> {
    match scope.columns.iter().find(|column| holds_map(&column.data_type)) {
        Some(column) => Err(SET_OPERATION_ON_MAP_TYPE
            .with("colName", format!("`{}`", column.name))
            .with("dataType", column.data_type.quoted_sql())),
        None => check_no_variants(scope),
    }
}

fn check_no_variants(scope: &Scope) -> Result<()> {
    match scope.columns.iter().find(|column| holds_variant(&column.data_type)) {
        Some(column) => Err(SET_OPERATION_ON_VARIANT_TYPE
            .with("colName", format!("`{}`", column.name))
            .with("dataType", column.data_type.quoted_sql())),
        None => Ok(()),
    }
}

pub(crate) fn holds_variant(data_type: &DataType) -> bool {
    match data_type {
        DataType::Variant => true,
        DataType::Array(array) => holds_variant(&array.element),
        DataType::Map(map) => holds_variant(&map.key) || holds_variant(&map.value),
        DataType::Struct(structure) => structure.fields.iter().any(|field| holds_variant(&field.data_type)),
        _ => false,
    }
}

pub(crate) fn holds_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_) => true,
        DataType::Array(array) => holds_map(&array.element),
        DataType::Struct(structure) => structure.fields.iter().any(|field| holds_map(&field.data_type)),
        _ => false,
    }
}

fn null_item(column: &Column) -> Result<Item> {
    let value = hearth_types::Value::Null(column.data_type.clone());
    let typed: Typed = crate::expression::literal::typed(&value)?;
    let _: &DataType = &typed.data_type;
    Ok(Item::named(typed, Arc::clone(&column.name)))
}

/// Strings of different collations do not meet in a column: which one is meant nobody has said.
pub(super) fn same_collation(types: &[DataType]) -> bool {
    let mut collations = types.iter().filter_map(|data_type| match data_type {
        DataType::String { collation } => Some(collation.as_deref().unwrap_or(hearth_types::collation::BINARY)),
        _ => None,
    });
    collations.next().is_none_or(|first| collations.all(|other| other == first))
}
