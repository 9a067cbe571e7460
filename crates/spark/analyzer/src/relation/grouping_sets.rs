//! Grouping sets as DataFusion takes them.
//!
//! It wants each set once, mistakes a key without columns for one value in all sets, and loses computed keys that it
//! moves. So equal sets are computed once and their rows repeated, and keys are columns made before.

use std::hash::{Hash, Hasher};

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Column as PlanColumn, Result as DfResult, ScalarValue};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{
    Aggregate, ColumnarValue, Expr, GroupingSet, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, lit,
};
use hearth_base::Result;
use hearth_functions::{Generated, GeneratedColumn, Typed};
use hearth_types::DataType;

use crate::analyzer::Analyzer;
use crate::expression::context::Grouped;
use crate::rel::project;

impl Analyzer<'_> {
    /// Columns in the place of keys that are computed: DataFusion's rewrites lose what they find inside of sets.
    pub(super) fn computed_keys(&self, input: LogicalPlan, keys: &mut [Expr]) -> Result<LogicalPlan> {
        let mut outputs: Vec<Expr> = (0..input.schema().fields().len())
            .map(|at| Expr::Column(input.schema().qualified_field(at).into()))
            .collect();
        let known = outputs.len();
        for key in keys.iter_mut().filter(|key| !matches!(key, Expr::Column(_))) {
            let name = self.new_id().plan_name();
            let computed = std::mem::replace(key, Expr::Column(PlanColumn::new_unqualified(&name)));
            outputs.push(self.without_columns(computed).alias(name));
        }
        if outputs.len() == known { Ok(input) } else { project(input, outputs) }
    }

    /// A constant key as a call that nobody takes for a constant: where a set leaves it out it is NULL.
    fn without_columns(&self, key: Expr) -> Expr {
        if !key.column_refs().is_empty() || key.is_volatile() {
            return key;
        }
        match self.constant(&Typed::new(key.clone(), DataType::Null, true)) {
            Ok(value) => ScalarUDF::new_from_impl(ConstantKey::new(value)).call(Vec::new()),
            Err(_) => key,
        }
    }

    /// The rows of sets that were written several times, as often as they were.
    pub(super) fn repeated_sets(&self, plan: LogicalPlan, grouped: &Grouped) -> Result<LogicalPlan> {
        let Some(sets) = &grouped.sets else { return Ok(plan) };
        let distinct = distinct_sets(sets);
        if distinct.len() == sets.len() {
            return Ok(plan);
        }
        let copies = |set: &[usize]| {
            let count = sets.iter().filter(|known| *known == set).count();
            datafusion::functions_nested::expr_fn::make_array(vec![lit(true); count])
        };
        let list = match (grouped.keys.is_empty(), distinct.as_slice()) {
            // Without keys there is one set, the empty one.
            (true, [only, ..]) => copies(only),
            _ => {
                let id = Expr::Column(PlanColumn::new_unqualified(Aggregate::INTERNAL_GROUPING_ID));
                let id = Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(id), ArrowType::Int64));
                let branch = |set: &&Vec<usize>| {
                    (Box::new(id.clone().eq(lit(grouping_id(set, grouped.keys.len())))), Box::new(copies(set)))
                };
                let once = datafusion::functions_nested::expr_fn::make_array(vec![lit(true)]);
                Expr::Case(Case::new(None, distinct.iter().map(branch).collect(), Some(Box::new(once))))
            }
        };
        let list = Typed::new(list, DataType::array(DataType::Boolean, false), false);
        let column = GeneratedColumn { name: "copy".into(), data_type: DataType::Boolean, nullable: false };
        let step = self.generator_step(Generated { list, columns: vec![column], elements_are_structs: false }, false);
        self.generate(plan, &step, step.generated.list.expr.clone())
    }
}

/// The grouping for DataFusion: keys, or the sets of keys.
pub(super) fn group_expressions(grouped: &Grouped, keys: Vec<Expr>) -> Vec<Expr> {
    let Some(sets) = &grouped.sets else { return keys };
    if keys.is_empty() {
        return Vec::new();
    }
    let set = |set: &&Vec<usize>| -> Vec<Expr> { set.iter().map(|index| keys[*index].clone()).collect() };
    vec![Expr::GroupingSet(GroupingSet::GroupingSets(distinct_sets(sets).iter().map(set).collect()))]
}

fn distinct_sets(sets: &[Vec<usize>]) -> Vec<&Vec<usize>> {
    let mut distinct: Vec<&Vec<usize>> = Vec::new();
    for set in sets {
        if !distinct.contains(&set) {
            distinct.push(set);
        }
    }
    distinct
}

/// DataFusion's number of a set: a bit per key, the first key highest, 1 where the set leaves it out.
fn grouping_id(set: &[usize], keys: usize) -> i64 {
    (0..keys).fold(0, |bits, key| (bits << 1) | i64::from(!set.contains(&key)))
}

/// A call without arguments that gives one value. Volatile, so that it is neither folded nor moved.
#[derive(Debug)]
struct ConstantKey {
    value: ScalarValue,
    signature: Signature,
}

impl ConstantKey {
    fn new(value: ScalarValue) -> Self {
        Self { value, signature: Signature::nullary(Volatility::Volatile) }
    }
}

impl PartialEq for ConstantKey {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for ConstantKey {}

impl Hash for ConstantKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl ScalarUDFImpl for ConstantKey {
    fn name(&self) -> &'static str {
        "constant_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> DfResult<ArrowType> {
        Ok(self.value.data_type())
    }

    fn invoke_with_args(&self, _arguments: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}
