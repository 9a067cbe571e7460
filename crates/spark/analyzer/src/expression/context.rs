//! `Cx`: where an expression stands, which decides what its names mean and what it may contain.

use std::cell::RefCell;

use datafusion::logical_expr::Expr;
use hearth_base::Error;
use hearth_functions::Typed;

use crate::analyzer::Env;
use crate::rel::{Item, Rel};
use crate::relation::block::GeneratorStep;
use crate::scope::ColumnId;

/// The clause an expression belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    Select,
    Where,
    GroupBy,
    Having,
    OrderBy,
    Join,
    Values,
}

#[derive(Clone, Copy)]
pub(crate) struct Cx<'c> {
    pub env: Env<'c>,
    /// What names are looked up in.
    pub rel: &'c Rel,
    /// The output list so far: aliases that later expressions may use.
    pub output: &'c [Item],
    pub clause: Clause,
    pub grouped: Option<&'c Grouped>,
    pub inside_aggregate: bool,
    pub lambda: Option<&'c LambdaFrame<'c>>,
    /// Where a generator of the output list puts itself; `None` where none may stand.
    pub generators: Option<&'c RefCell<Vec<GeneratorStep>>>,
    /// In `HAVING`: where subqueries put the aggregates of this query that they ask for.
    pub outer_aggregates: Option<&'c RefCell<Vec<(ColumnId, Expr)>>>,
}

/// The grouping of the block an expression stands in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grouped {
    /// All grouping expressions, each once.
    pub keys: Vec<Expr>,
    /// `GROUPING SETS`, `ROLLUP`, `CUBE`: each set as positions in `keys`.
    pub sets: Option<Vec<Vec<usize>>>,
    /// What to group by in place of a key whose type has a collation; the key's own value is the first of the group.
    pub collated: Vec<(usize, Expr)>,
    /// What to group by in place of a key that holds zeros of both signs, which are one; its value is that of the group.
    pub normalized: Vec<(usize, Expr)>,
    /// The refusal of a key that is a window function.
    pub window_key: Option<Error>,
}

/// The parameters of a lambda while its body is typed.
pub(crate) struct LambdaFrame<'c> {
    pub variables: Vec<(String, Typed)>,
    pub parent: Option<&'c LambdaFrame<'c>>,
}

impl<'c> Cx<'c> {
    pub fn new(env: Env<'c>, rel: &'c Rel, clause: Clause) -> Self {
        Self {
            env,
            rel,
            output: &[],
            clause,
            grouped: None,
            inside_aggregate: false,
            lambda: None,
            generators: None,
            outer_aggregates: None,
        }
    }

    #[must_use]
    pub fn inside_aggregate(self) -> Self {
        Self { inside_aggregate: true, generators: None, ..self }
    }

    /// For the arguments of anything: a generator may not stand there.
    #[must_use]
    pub fn nested(self) -> Self {
        Self { generators: None, ..self }
    }

    /// Whether an output alias goes before a column of the input with the same name.
    pub fn output_first(&self) -> bool {
        self.clause == Clause::OrderBy && !self.inside_aggregate
    }
}
