//! What a name prints as inside of a larger expression: the way to a field, a variable with its value. Both become bare
//! text, since a name would be taken for a column's.

use std::borrow::Cow;

use hearth_plan::{Expr, ExprNode};
use hearth_types::DataType;

use super::context::Cx;
use crate::analyzer::Analyzer;
use crate::naming;
use crate::scope::same_name;

impl Analyzer<'_> {
    /// `s.x` and `m[k]`: a field that was reached by a dotted name, with all of its path but the table's name.
    pub(super) fn path_text(&self, name: &[String], cx: Cx<'_>) -> Option<String> {
        if name.len() < 2 {
            return None;
        }
        let found = cx.rel.scope.find(name, self.case_sensitive).ok()??;
        if found.fields == 0 {
            return None;
        }
        let path = &name[name.len() - found.fields - 1..];
        let mut text = path.first()?.clone();
        let mut data_type = found.column.data_type.clone();
        for part in &path[1..] {
            data_type = match &data_type {
                DataType::Map(map) => {
                    text = format!("{text}[{part}]");
                    map.value.clone()
                }
                of_struct => {
                    text = format!("{text}.{part}");
                    self.field_type(of_struct, part)?
                }
            };
        }
        Some(text)
    }

    fn field_type(&self, data_type: &DataType, name: &str) -> Option<DataType> {
        match data_type {
            DataType::Struct(structure) => {
                let mut fields = structure.fields.iter();
                fields.find(|field| same_name(&field.name, name, self.case_sensitive)).map(|f| f.data_type.clone())
            }
            DataType::Array(array) => {
                let element = self.field_type(&array.element, name)?;
                Some(DataType::array(element, true))
            }
            _ => None,
        }
    }

    /// How a name shows that stands for a variable.
    pub(super) fn variable_shown(&self, name: &[String], cx: Cx<'_>) -> Option<String> {
        let last = name.last()?.to_lowercase();
        if !matches!(cx.rel.scope.find(name, self.case_sensitive), Ok(None)) {
            return None;
        }
        match self.view.variable_with_label(name)? {
            (None, variable) => naming::variable::shown(&["system", "session", &last], variable),
            (Some(label), variable) => naming::variable::shown(&["local", label, &last], variable),
        }
    }

    /// An expression whose dotted names are the paths that they mean, for its text in errors.
    pub(super) fn with_paths<'e>(&self, expr: &'e Expr, cx: Cx<'_>) -> Cow<'e, Expr> {
        if !has_paths(expr) {
            return Cow::Borrowed(expr);
        }
        let mut shown = expr.clone();
        self.put_paths(&mut shown, &mut Vec::new(), cx);
        Cow::Owned(shown)
    }

    /// A lambda's body with paths and variables; the parameters of the lambdas around a name hide both.
    pub(super) fn lambda_shown(&self, expr: &mut Expr, cx: Cx<'_>) {
        self.put_paths(expr, &mut Vec::new(), cx);
    }

    fn put_paths(&self, expr: &mut Expr, parameters: &mut Vec<String>, cx: Cx<'_>) {
        match &mut expr.node {
            ExprNode::Attribute { name, .. } => {
                let is_parameter = |known: &String| name.first().is_some_and(|first| same_name(known, first, false));
                if parameters.iter().any(is_parameter) {
                    return;
                }
                let in_lambda = !parameters.is_empty();
                let variable = || self.variable_shown(name, cx).filter(|_| in_lambda);
                if let Some(text) = self.path_text(name, cx).or_else(variable) {
                    expr.node = ExprNode::Extension(text);
                }
            }
            ExprNode::Function(call) => {
                let parts = call.arguments.iter_mut().chain(call.filter.iter_mut());
                parts.for_each(|part| self.put_paths(part, parameters, cx));
            }
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => self.put_paths(expr, parameters, cx),
            ExprNode::Extract { child, extraction } => {
                self.put_paths(child, parameters, cx);
                self.put_paths(extraction, parameters, cx);
            }
            ExprNode::Lambda { body, arguments } => {
                let outer = parameters.len();
                parameters.extend(arguments.iter().cloned());
                self.put_paths(body, parameters, cx);
                parameters.truncate(outer);
            }
            _ => {}
        }
    }
}

/// Whether dotted names stand in an expression.
fn has_paths(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Attribute { name, .. } => name.len() > 1,
        ExprNode::Function(call) => call.arguments.iter().chain(&call.filter).any(has_paths),
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => has_paths(expr),
        ExprNode::Extract { child, extraction } => has_paths(child) || has_paths(extraction),
        ExprNode::Lambda { body, .. } => has_paths(body),
        _ => false,
    }
}
