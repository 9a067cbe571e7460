//! Makes DataFusion scalar functions out of kernels.
//!
//! A kernel is one Rust function over `ColumnarValue`s (`call`) or over arrays (`call_arrays`); what it needs besides its
//! arguments (a time zone, the ANSI flag, types) is its state. Two functions are equal when name, state and result type
//! are; so a name belongs to one kernel. Calls whose arguments are all constants are computed at once; if that fails
//! the call stays, and fails when it runs (or never, in a branch that is not taken).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion::logical_expr::expr::{ScalarFunction, schema_name_from_exprs};
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::typed::Typed;

/// A kernel with state `S` over columnar values and a number of rows.
pub type Kernel<S> = fn(&S, &[ColumnarValue], usize) -> DfResult<ColumnarValue>;
/// A kernel with state `S` over arrays of one length. With constant arguments only, that length is 1.
pub type ArrayKernel<S> = fn(&S, &[ArrayRef]) -> DfResult<ArrayRef>;

/// What a kernel's state must be.
pub trait State: fmt::Debug + Clone + Eq + Hash + Send + Sync + 'static {}
impl<T: fmt::Debug + Clone + Eq + Hash + Send + Sync + 'static> State for T {}

/// One kernel as a DataFusion function.
#[derive(Debug, Clone)]
pub struct SparkUdf<S> {
    name: &'static str,
    state: S,
    result: ArrowType,
    nullable: bool,
    signature: Signature,
    body: Body<S>,
}

#[derive(Debug, Clone)]
enum Body<S> {
    Columnar(Kernel<S>),
    Arrays(ArrayKernel<S>),
}

impl<S: State> SparkUdf<S> {
    pub fn new(name: &'static str, state: S, result: ArrowType, nullable: bool, kernel: Kernel<S>) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, state, result, nullable, signature, body: Body::Columnar(kernel) }
    }

    pub fn of_arrays(name: &'static str, state: S, result: ArrowType, nullable: bool, kernel: ArrayKernel<S>) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, state, result, nullable, signature, body: Body::Arrays(kernel) }
    }

    pub fn state(&self) -> &S {
        &self.state
    }

    /// The same function with another state.
    #[must_use]
    pub fn with_state(self, state: S) -> Self {
        Self { state, ..self }
    }

    /// Never computed ahead, and once per row even when the arguments are constants.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.signature = Signature::user_defined(Volatility::Volatile);
        self
    }

    fn evaluate(&self, arguments: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
        match &self.body {
            Body::Columnar(kernel) => kernel(&self.state, arguments, rows),
            Body::Arrays(kernel) => {
                let constant = self.signature.volatility != Volatility::Volatile
                    && arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
                let length = if constant { 1 } else { rows };
                let arrays =
                    arguments.iter().map(|argument| argument.to_array(length)).collect::<DfResult<Vec<_>>>()?;
                let result = kernel(&self.state, &arrays)?;
                if constant && result.len() == 1 {
                    return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
                }
                Ok(ColumnarValue::Array(result))
            }
        }
    }
}

impl<S: State> PartialEq for SparkUdf<S> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.result == other.result
            && self.nullable == other.nullable
            && self.signature.volatility == other.signature.volatility
            && self.state == other.state
    }
}

impl<S: State> Eq for SparkUdf<S> {}

impl<S: State> Hash for SparkUdf<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.result.hash(state);
        self.state.hash(state);
    }
}

impl<S: State> ScalarUDFImpl for SparkUdf<S> {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, args: &[Expr]) -> DfResult<String> {
        schema_name(self.name, args)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[ArrowType]) -> DfResult<ArrowType> {
        Ok(self.result.clone())
    }

    /// Nullable also when an argument is: an outer join may have made it so after the call was typed.
    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let nullable = self.nullable || args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name, self.result.clone(), nullable)))
    }

    /// Arguments are coerced before a call is built.
    fn coerce_types(&self, arg_types: &[ArrowType]) -> DfResult<Vec<ArrowType>> {
        Ok(arg_types.to_vec())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        self.evaluate(&args.args, args.number_rows)
    }
}

/// Expressions inside of a call that its name shows.
const NAMED_EXPRESSIONS: usize = 32;

/// A call's name in a plan, which nothing but people reads: columns are named by ids. DataFusion asks for it with each
/// type of each expression at each level, so a chain of hundreds of calls would be spelled out millions of times.
pub fn schema_name(name: &str, args: &[Expr]) -> DfResult<String> {
    let mut left = NAMED_EXPRESSIONS;
    for arg in args {
        arg.apply(|_| {
            left = left.saturating_sub(1);
            Ok(if left == 0 { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
    }
    if left == 0 {
        return Ok(format!("{name}(…)"));
    }
    Ok(format!("{name}({})", schema_name_from_exprs(args)?))
}

/// Calls a stateless kernel over columnar values. `result` is type and nullability.
pub fn call(name: &'static str, arguments: Vec<Typed>, result: (DataType, bool), kernel: Kernel<()>) -> Result<Typed> {
    call_with(name, (), arguments, result, kernel)
}

/// Calls a kernel with state over columnar values.
pub fn call_with<S: State>(
    name: &'static str,
    state: S,
    arguments: Vec<Typed>,
    (data_type, nullable): (DataType, bool),
    kernel: Kernel<S>,
) -> Result<Typed> {
    let udf = SparkUdf::new(name, state, to_engine_arrow(&data_type), nullable, kernel);
    Ok(apply(udf, arguments, data_type))
}

/// Calls a stateless kernel over arrays.
pub fn call_arrays(
    name: &'static str,
    arguments: Vec<Typed>,
    result: (DataType, bool),
    kernel: ArrayKernel<()>,
) -> Result<Typed> {
    call_arrays_with(name, (), arguments, result, kernel)
}

/// Calls a kernel with state over arrays.
pub fn call_arrays_with<S: State>(
    name: &'static str,
    state: S,
    arguments: Vec<Typed>,
    (data_type, nullable): (DataType, bool),
    kernel: ArrayKernel<S>,
) -> Result<Typed> {
    let udf = SparkUdf::of_arrays(name, state, to_engine_arrow(&data_type), nullable, kernel);
    Ok(apply(udf, arguments, data_type))
}

/// Calls `udf`, or computes the call when all arguments are constants and it does not fail.
pub fn apply<S: State>(udf: SparkUdf<S>, arguments: Vec<Typed>, data_type: DataType) -> Typed {
    let nullable = udf.nullable;
    let folded = fold(&udf, &arguments);
    match folded {
        Some(value) => {
            // Spark types a call before it computes it: what the function promises stays, whatever came out.
            let nullable = nullable || value.is_null();
            Typed::new(Expr::Literal(value, None), data_type, nullable)
        }
        None => native(&Arc::new(ScalarUDF::new_from_impl(udf)), arguments, data_type, nullable),
    }
}

fn fold<S: State>(udf: &SparkUdf<S>, arguments: &[Typed]) -> Option<ScalarValue> {
    if udf.signature.volatility != Volatility::Immutable {
        return None;
    }
    let constants = arguments
        .iter()
        .map(|argument| argument.literal().cloned().map(ColumnarValue::Scalar))
        .collect::<Option<Vec<_>>>()?;
    match udf.evaluate(&constants, 1).ok()? {
        ColumnarValue::Scalar(value) => Some(value),
        ColumnarValue::Array(array) if array.len() == 1 => ScalarValue::try_from_array(&array, 0).ok(),
        ColumnarValue::Array(_) => None,
    }
}

/// Calls any DataFusion function on arguments that fit its signature already.
pub fn native(udf: &Arc<ScalarUDF>, arguments: Vec<Typed>, data_type: DataType, nullable: bool) -> Typed {
    let args = arguments.into_iter().map(|argument| argument.expr).collect();
    Typed::new(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(udf), args)), data_type, nullable)
}

/// One of our errors on its way through DataFusion.
pub fn raise(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// A defect: a kernel got an array that its builder should not have let through.
pub fn bad_array(kernel: &str, actual: &ArrowType) -> DataFusionError {
    raise(Error::internal(format!("{kernel} got an array of {actual}")))
}

/// Whether any argument can be NULL: the nullability of most functions.
pub fn any_nullable(arguments: &[Typed]) -> bool {
    arguments.iter().any(|argument| argument.nullable)
}

/// Casts to the engine's Arrow type; for functions of DataFusion that answer in another form (a string view, say).
pub fn as_engine_type(value: Typed) -> Typed {
    let arrow_type = to_engine_arrow(&value.data_type);
    Typed { expr: Expr::Cast(Cast::new(Box::new(value.expr), arrow_type)), ..value }
}
