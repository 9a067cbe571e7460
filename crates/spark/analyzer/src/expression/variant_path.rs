//! `value:path.to[0]`: what stands at a path of a variant. Not a function: the value must be a variant already.

use hearth_base::Result;
use hearth_base::condition::COLUMN_IS_NOT_VARIANT_TYPE;
use hearth_functions::Typed;
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::{DataType, Value};

use super::context::Cx;
use crate::analyzer::Analyzer;

/// How the parser calls it.
const NAME: &str = "#variant_path";

impl Analyzer<'_> {
    /// `None` when the call is something else.
    pub(super) fn variant_path(&self, call: &FunctionCall, cx: Cx<'_>) -> Result<Option<Typed>> {
        let [name] = call.name.as_slice() else { return Ok(None) };
        let Some((value, path)) = parts(name, &call.arguments) else { return Ok(None) };
        let value = self.expression(value, cx.nested())?;
        if value.data_type != DataType::Variant {
            return Err(COLUMN_IS_NOT_VARIANT_TYPE.error());
        }
        let path = super::literal::typed(&Value::string(path))?;
        self.call("variant_get", vec![value, path], cx).map(Some)
    }
}

fn parts<'e>(name: &str, arguments: &'e [Expr]) -> Option<(&'e Expr, &'e str)> {
    match arguments {
        [value, Expr { node: ExprNode::Literal(Value::String(path)), .. }] if name == NAME => Some((value, path)),
        _ => None,
    }
}

/// The name that a path gives to its column: the last one in it.
pub(crate) fn path_name(call: &FunctionCall) -> Option<String> {
    let [name] = call.name.as_slice() else { return None };
    last_name(name, &call.arguments)
}

/// `path_name` of a call's parts.
pub(crate) fn last_name(name: &str, arguments: &[Expr]) -> Option<String> {
    let (_, path) = parts(name, arguments)?;
    hearth_functions::kernels::variant::get::Path::parse(path)?.last_name().map(ToOwned::to_owned)
}
