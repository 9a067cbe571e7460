//! `UNPIVOT`: columns become rows.

use std::sync::Arc;

use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder};
use hearth_base::Result;
use hearth_base::condition::{
    UNPIVOT_REQUIRES_VALUE_COLUMNS, UNPIVOT_VALUE_DATA_TYPE_MISMATCH, UNPIVOT_VALUE_SIZE_MISMATCH,
};
use hearth_functions::{Typed, cast, coercion};
use hearth_plan::relation::{Unpivot, UnpivotValue};
use hearth_types::{StructField, StructType, Value};

use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::expression::literal;
use crate::rel::{Item, Rel};
use crate::scope::{Column, ColumnId, Scope};

/// The types of one value column, each with the columns that have it, as the error shows them.
fn types_of_groups(groups: &[Group], index: usize) -> String {
    let mut types: Vec<(String, Vec<String>)> = Vec::new();
    for (name, values) in groups {
        let Some(value) = values.get(index) else { continue };
        let data_type = format!("\"{}\"", value.data_type.sql());
        let name = crate::scope::quote_name(&[name]);
        match types.iter_mut().find(|(known, _)| *known == data_type) {
            Some((_, names)) => names.push(name),
            None => types.push((data_type, vec![name])),
        }
    }
    types.sort();
    let shown: Vec<_> =
        types.into_iter().map(|(data_type, names)| format!("{data_type} ({})", names.join(", "))).collect();
    shown.join(", ")
}

/// One value of an unpivot: its name and its columns.
type Group = (String, Vec<Typed>);

impl Analyzer<'_> {
    pub fn unpivot(&self, unpivot: &Unpivot, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(&unpivot.input, env)?;
        let cx = Cx::new(env, &input, Clause::Select);
        let given_ids = match &unpivot.ids {
            Some(ids) => Some(self.items(ids, cx)?.0),
            None => None,
        };
        let given_values = match &unpivot.values {
            Some(values) => Some(self.unpivot_groups(values, cx)?),
            None => None,
        };
        let (ids, groups) = complete(&input, given_ids, given_values);
        if groups.is_empty() {
            return Err(UNPIVOT_REQUIRES_VALUE_COLUMNS.error());
        }
        self.unpivoted((&input, &ids), groups, unpivot, env)
    }

    fn unpivot_groups(&self, values: &[UnpivotValue], cx: Cx<'_>) -> Result<Vec<Group>> {
        let mut groups = Vec::with_capacity(values.len());
        for value in values {
            let (items, _) = self.items(&value.expressions, cx)?;
            let single = value.expressions.len() == 1 && value.alias.is_none();
            if single && items.len() != 1 {
                groups.extend(items.into_iter().map(|item| (item.name.to_string(), vec![item.value])));
                continue;
            }
            let name = value
                .alias
                .clone()
                .unwrap_or_else(|| items.iter().map(|item| item.name.to_string()).collect::<Vec<_>>().join("_"));
            groups.push((name, items.into_iter().map(|item| item.value).collect()));
        }
        Ok(groups)
    }

    /// One copy of the input for each group, one after the other in a row's order of groups.
    fn unpivoted(
        &self,
        (input, ids): (&Rel, &[Item]),
        groups: Vec<Group>,
        unpivot: &Unpivot,
        env: Env<'_>,
    ) -> Result<Rel> {
        let width = unpivot.value_columns.len();
        if groups.iter().any(|(_, values)| values.len() != width) {
            return Err(UNPIVOT_VALUE_SIZE_MISMATCH.with("names", width));
        }
        let mut fields = Vec::with_capacity(width);
        for index in 0..width {
            let types: Vec<_> =
                groups.iter().filter_map(|(_, values)| values.get(index).map(|v| v.data_type.clone())).collect();
            // Numbers do not become text here (`UnpivotCoercion`).
            let mixed = types.iter().any(|known| known.is_string())
                && types.iter().any(|known| !known.is_string() && *known != hearth_types::DataType::Null);
            let common = coercion::common_type(&types, env.settings)
                .filter(|_| !mixed)
                .ok_or_else(|| UNPIVOT_VALUE_DATA_TYPE_MISMATCH.with("types", types_of_groups(&groups, index)))?;
            fields.push(StructField::new(unpivot.value_columns[index].as_str(), common, true));
        }
        let mode = cast::CastMode::of(env.settings);
        let mut rows: Vec<(Vec<Typed>, String)> = Vec::with_capacity(groups.len());
        for (name, values) in groups {
            let cast_values = values
                .into_iter()
                .zip(&fields)
                .map(|(value, field)| cast::cast(value, &field.data_type, mode, env.settings))
                .collect::<Result<Vec<_>>>()?;
            rows.push((cast_values, name));
        }
        let list = self.rows_list(&rows, &fields)?;
        let element = StructType::new(list.1);
        let columns = element.fields.iter().map(|field| hearth_functions::GeneratedColumn {
            name: field.name.to_string(),
            data_type: field.data_type.clone(),
            nullable: field.nullable,
        });
        let generated =
            hearth_functions::Generated { list: list.0, columns: columns.collect(), elements_are_structs: true };
        let step = self.generator_step(generated, false);
        let mut plan = self.generate(input.plan.clone(), &step, step.generated.list.expr.clone())?;
        let values = &step.ids[1..];
        if !unpivot.include_nulls {
            let all_null = values.iter().map(|id| id.expr().is_null()).reduce(PlanExpr::and);
            if let Some(all_null) = all_null {
                let some = PlanExpr::Not(Box::new(all_null));
                plan = LogicalPlanBuilder::new(plan)
                    .filter(some)
                    .and_then(LogicalPlanBuilder::build)
                    .map_err(plan_error)?;
            }
        }
        let mut items: Vec<Item> = ids.to_vec();
        let mut made = crate::expression::generator::generator_items(&step, &[])?;
        if let Some(variable) = made.first_mut() {
            variable.name = unpivot.variable_column.as_str().into();
            variable.value.nullable = false;
        }
        for (item, name) in made.iter_mut().skip(1).zip(&unpivot.value_columns) {
            item.name = name.as_str().into();
        }
        items.extend(made);
        if !unpivot.include_nulls {
            unambiguous(&items, unpivot, self.case_sensitive)?;
        }
        self.project_items(Rel::new(plan, input.scope.clone()), &items)
    }

    /// The groups as an array of structs: the name, then the values.
    fn rows_list(&self, rows: &[(Vec<Typed>, String)], fields: &[StructField]) -> Result<(Typed, Vec<StructField>)> {
        let mut all = vec![StructField::new("#name", hearth_types::DataType::STRING, false)];
        all.extend(
            fields
                .iter()
                .enumerate()
                .map(|(index, field)| StructField::new(format!("#value{index}"), field.data_type.clone(), true)),
        );
        let mut elements = Vec::with_capacity(rows.len());
        for (values, name) in rows {
            let mut parts: Vec<(Arc<str>, Typed)> =
                vec![(Arc::clone(&all[0].name), literal::typed(&Value::string(name.as_str()))?)];
            for (value, field) in values.iter().zip(&all[1..]) {
                parts.push((Arc::clone(&field.name), value.clone()));
            }
            elements.push(crate::expression::extract::make_struct(parts).expr);
        }
        let list = datafusion::functions_nested::expr_fn::make_array(elements);
        let data_type = hearth_types::DataType::array(hearth_types::DataType::structure(all.clone()), false);
        Ok((Typed::new(list, data_type, false), all))
    }
}

/// Rows of NULLs are left out by the names of the value columns, which must mean one column of the answer each.
fn unambiguous(items: &[Item], unpivot: &Unpivot, case_sensitive: bool) -> Result<()> {
    let column = |(index, item): (usize, &Item)| Column {
        id: ColumnId(index as u64),
        name: Arc::clone(&item.name),
        qualifier: Arc::clone(&item.qualifier),
        data_type: item.value.data_type.clone(),
        nullable: item.value.nullable,
        metadata: None,
    };
    let scope = Scope::new(items.iter().enumerate().map(column).collect());
    unpivot.value_columns.iter().try_for_each(|name| scope.find(std::slice::from_ref(name), case_sensitive).map(|_| ()))
}

/// What is not given: ids are the columns that are no values, values those that are no ids.
fn complete(input: &Rel, ids: Option<Vec<Item>>, values: Option<Vec<Group>>) -> (Vec<Item>, Vec<Group>) {
    let columns = || input.scope.columns.iter().map(Item::column);
    match (ids, values) {
        (Some(ids), Some(values)) => (ids, values),
        (Some(ids), None) => {
            let values = columns()
                .filter(|column| !ids.iter().any(|id| id.value.expr == column.value.expr))
                .map(|column| (column.name.to_string(), vec![column.value]))
                .collect();
            (ids, values)
        }
        (None, Some(values)) => {
            let used =
                |column: &Item| values.iter().any(|(_, group)| group.iter().any(|v| v.expr == column.value.expr));
            let ids = columns().filter(|column| !used(column)).collect();
            (ids, values)
        }
        (None, None) => (Vec::new(), columns().map(|column| (column.name.to_string(), vec![column.value])).collect()),
    }
}
