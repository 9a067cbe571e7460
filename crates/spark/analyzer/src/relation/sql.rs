//! SQL text as a relation, with its parameters.

use hearth_base::Result;
use hearth_plan::Plan;
use hearth_plan::relation::SqlText;

use crate::analyzer::{Analyzer, Env, Parameters, unsupported};
use crate::rel::Rel;

impl Analyzer<'_> {
    pub fn sql_text(&self, text: &SqlText, env: Env<'_>) -> Result<Rel> {
        match hearth_sql::parse_bound(text)? {
            Plan::Relation(relation) => {
                let parameters = Parameters { arguments: &[], function: None, rel: None, outer: None };
                self.relation(&relation, Env { parameters: Some(&parameters), ..env })
            }
            Plan::Command(_) => unsupported("a command as an input of a query"),
        }
    }
}
