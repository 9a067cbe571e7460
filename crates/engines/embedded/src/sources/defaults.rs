//! What columns have in files that are older than they: the default that they were made with.
//!
//! The default stands in the field's metadata as a literal, so nothing is to be computed here but a cast of its text.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory, replace_columns_with_literals,
};
use hearth_base::Result;
use hearth_functions::SessionSettings;
use hearth_plan::{Expr, ExprNode};
use hearth_types::{StructField, Value};

use super::layout::partition_value;

/// As in Spark: the metadata of a field that has a default.
const EXISTS_DEFAULT: &str = "EXISTS_DEFAULT";

/// The values of columns by name, of those that have one.
pub type Defaults = HashMap<String, ScalarValue>;

pub fn of(columns: &[StructField], settings: &SessionSettings) -> Result<Defaults> {
    let mut defaults = Defaults::new();
    for field in columns {
        let text = field.metadata_text(EXISTS_DEFAULT);
        let parsed = text.and_then(|text| hearth_sql::parse_expression(&text).ok());
        if let Some(text) = parsed.and_then(|expr| literal_text(&expr)) {
            defaults.insert(field.name.to_string(), partition_value(Some(text), field, settings)?);
        }
    }
    Ok(defaults)
}

/// A literal, or a cast of one, as text; NULL and what must be computed have none.
fn literal_text(expr: &Expr) -> Option<String> {
    match &expr.node {
        ExprNode::TypedLiteral { text, .. } => Some(text.to_string()),
        ExprNode::Cast { expr, .. } => literal_text(expr),
        ExprNode::Literal(value) => match value {
            Value::String(text) => Some(text.to_string()),
            Value::Boolean(flag) => Some(flag.to_string()),
            Value::Byte(number) => Some(number.to_string()),
            Value::Short(number) => Some(number.to_string()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Long(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Double(number) => Some(number.to_string()),
            value @ Value::Decimal { .. } => crate::effects::literal_text(value).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Puts defaults in the place of columns that a file has not.
#[derive(Debug)]
pub struct WithDefaults(pub Arc<Defaults>);

impl PhysicalExprAdapterFactory for WithDefaults {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> DfResult<Arc<dyn PhysicalExprAdapter>> {
        let missing = self.0.iter().filter(|(name, _)| physical.index_of(name).is_err());
        let missing = missing.map(|(name, value)| (name.clone(), value.clone())).collect();
        let inner = DefaultPhysicalExprAdapterFactory.create(logical, physical)?;
        Ok(Arc::new(Adapter { missing, inner }))
    }
}

#[derive(Debug)]
struct Adapter {
    missing: Defaults,
    inner: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> DfResult<Arc<dyn PhysicalExpr>> {
        self.inner.rewrite(replace_columns_with_literals(expr, &self.missing)?)
    }
}
