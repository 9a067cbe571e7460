//! SQL text as a relation, with its parameters.

use hearth_base::Result;
use hearth_plan::Plan;
use hearth_plan::relation::SqlText;
use hearth_sql::Dialect;

use crate::analyzer::{Analyzer, Env, Parameters, unsupported};
use crate::rel::Rel;

impl Analyzer<'_> {
    /// How the session's texts are read.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::of(|key| self.view.config.get(key).map(String::as_str))
    }

    pub fn sql_text(&self, text: &SqlText, env: Env<'_>) -> Result<Rel> {
        match hearth_sql::parse_bound_in(text, |key| self.view.config.get(key).map(String::as_str))? {
            Plan::Relation(relation) => {
                let parameters = Parameters { arguments: &[], function: None, rel: None, outer: None };
                self.relation(&relation, Env { parameters: Some(&parameters), ..env })
            }
            Plan::Command(_) => unsupported("a command as an input of a query"),
        }
    }
}
