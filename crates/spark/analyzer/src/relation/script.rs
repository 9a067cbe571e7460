//! `SELECT TRANSFORM(…) USING 'script'`: values become text, lines of text pass a program, and text becomes values.
//!
//! The program's node knows text alone. What a value is as text, and what text is no value of a type, is said with
//! Spark's own functions around it: nested values are JSON, numbers bear no blanks, and what does not convert is NULL.

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::logical_expr::{Extension, LogicalPlan};
use hearth_base::Result;
use hearth_base::condition::TRANSFORM_TYPE;
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_plan::relation::ScriptTransform;
use hearth_plan::{Expr, ExprNode};
use hearth_types::arrow::to_engine_schema;
use hearth_types::{DataType, StructField, StructType, Value};

use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::rel::{Item, Rel};
use crate::scope::{Column, Scope};
use crate::scripted::Scripted;

/// The name of Spark's operator, for errors.
const OPERATOR: &str = "SparkScriptTransformation";

impl Analyzer<'_> {
    pub fn script_transform(&self, transform: &ScriptTransform, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(&transform.input, env)?;
        let fields = match &transform.columns {
            Some(fields) => fields.clone(),
            None => ["key", "value"].map(|name| StructField::new(name, DataType::STRING, true)).to_vec(),
        };
        let text = self.as_texts(input, env)?;
        let lines = self.through(transform, &text, fields.len())?;
        let expressions = fields.iter().enumerate().map(|(index, field)| value_of(index, field));
        let expressions = expressions.collect::<Result<Vec<_>>>()?;
        let (items, _) = self.items(&expressions, Cx::new(env, &lines, Clause::Select))?;
        let items: Vec<Item> = items
            .into_iter()
            .zip(&fields)
            .map(|(item, field)| {
                let mut value = item.value;
                value.nullable = field.nullable;
                value.data_type = field.data_type.clone();
                Item::named(value, Arc::clone(&field.name))
            })
            .collect();
        self.project_items(lines, &items)
    }

    /// The columns as text, under names of their own.
    fn as_texts(&self, input: Rel, env: Env<'_>) -> Result<Rel> {
        let types: Vec<DataType> = input.scope.columns.iter().map(|column| column.data_type.clone()).collect();
        let numbered = input.scope.columns.iter().enumerate();
        let items: Vec<Item> = numbered.map(|(index, column)| Item::named(column.typed(), text_name(index))).collect();
        let input = self.project_items(input, &items)?;
        let texts: Vec<Expr> = types.iter().enumerate().map(|(index, data_type)| text_of(index, data_type)).collect();
        let (items, _) = self.items(&texts, Cx::new(env, &input, Clause::Select))?;
        self.project_items(input, &items)
    }

    /// What the program gives for these columns.
    fn through(&self, transform: &ScriptTransform, text: &Rel, width: usize) -> Result<Rel> {
        let columns: Vec<Column> = (0..width)
            .map(|index| Column {
                id: self.new_id(),
                name: text_name(index).into(),
                qualifier: Arc::default(),
                data_type: DataType::STRING,
                nullable: true,
                metadata: None,
            })
            .collect();
        let plan_field = |column: &Column| StructField::new(column.id.plan_name(), DataType::STRING, true);
        let schema = to_engine_schema(&StructType::new(columns.iter().map(plan_field)));
        let node = Scripted {
            input: text.positional()?,
            script: transform.script.clone(),
            input_rows: transform.input_rows.clone(),
            output_rows: transform.output_rows.clone(),
            schema: Arc::new(DFSchema::try_from(schema).map_err(plan_error)?),
        };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok(Rel::new(plan, Scope::new(columns)))
    }
}

fn text_name(index: usize) -> String {
    format!("c{index}")
}

fn is_nested(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Array(_) | DataType::Map(_) | DataType::Struct(_))
}

/// A column as text.
fn text_of(index: usize, data_type: &DataType) -> Expr {
    let column = Expr::column(text_name(index));
    if is_nested(data_type) {
        return Expr::function("to_json", vec![column]);
    }
    cast(column, DataType::STRING)
}

/// Text as a value of a field's type.
fn value_of(index: usize, field: &StructField) -> Result<Expr> {
    let text = || Expr::column(text_name(index));
    let data_type = &field.data_type;
    if *data_type == DataType::STRING {
        return Ok(text());
    }
    if is_nested(data_type) {
        return Ok(Expr::function("from_json", vec![text(), Expr::literal(Value::string(data_type.sql()))]));
    }
    let value = cast(text(), data_type.clone());
    let only = match data_type {
        DataType::Byte | DataType::Short | DataType::Integer | DataType::Long | DataType::Decimal { .. } => {
            Expr::function("==", vec![Expr::function("trim", vec![text()]), text()])
        }
        DataType::Boolean => {
            let lower = Expr::function("lower", vec![text()]);
            let word = |word: &str| Expr::literal(Value::string(word));
            Expr::function("in", vec![lower, word("true"), word("false")])
        }
        DataType::Null | DataType::Variant => {
            return Err(TRANSFORM_TYPE.with("nodeName", OPERATOR).with("dt", format!("{data_type:?}Type$")));
        }
        _ => return Ok(value),
    };
    Ok(Expr::function("when", vec![only, value]))
}

fn cast(value: Expr, to: DataType) -> Expr {
    Expr::new(ExprNode::Cast { expr: Box::new(value), to: TypeRef::Known(to), mode: CastMode::Try })
}
