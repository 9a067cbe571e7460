//! `WITH [RECURSIVE] name [(columns)] [MAX RECURSION LEVEL n] AS (query), …`

use hearth_base::Result;
use hearth_base::condition::{DUPLICATED_CTE_NAMES, OPERATION_NOT_ALLOWED};
use hearth_plan::relation::Cte;
use hearth_plan::{Relation, RelationNode};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// The names of a `WITH` and whether they may refer to themselves.
#[derive(Clone)]
pub(crate) struct Ctes {
    ctes: Vec<Cte>,
    recursive: bool,
}

impl Parser<'_> {
    pub(crate) fn ctes(&mut self) -> Result<Option<Ctes>> {
        if !self.at(K::With) {
            return Ok(None);
        }
        let is_statement = self.start() == self.statement_start;
        self.advance();
        let recursive = self.at(K::Recursive) && self.kind_at(1).is_name() && self.keyword_at(1) != Some(K::As);
        if recursive {
            self.advance();
        }
        let start = self.start();
        let ctes = self.comma_list(Self::cte)?;
        for (index, cte) in ctes.iter().enumerate() {
            if ctes[..index].iter().any(|earlier| earlier.name.eq_ignore_ascii_case(&cte.name)) {
                let error = DUPLICATED_CTE_NAMES.with("duplicateNames", format!("`{}`", cte.name));
                let error = if is_statement { self.about_statement(error) } else { self.about(start, error) };
                self.defer(error);
            }
        }
        if !recursive && ctes.iter().any(|cte| cte.max_recursion.is_some()) {
            let what = "Cannot specify MAX RECURSION LEVEL when the CTE is not marked as RECURSIVE";
            self.defer(self.about_statement(OPERATION_NOT_ALLOWED.with("message", what)));
        }
        Ok(Some(Ctes { ctes, recursive }))
    }

    fn cte(&mut self) -> Result<Cte> {
        let name = self.identifier()?;
        let has_columns = self.at_kind(TokenKind::LeftParen) && !self.starts_query_at(1);
        let columns = if has_columns && self.kind_at(1).is_name() { self.identifier_list()? } else { Vec::new() };
        let max_recursion =
            if self.accept_all(&[K::Max, K::Recursion, K::Level]) { Some(self.integer()?) } else { None };
        self.accept(K::As);
        if !self.at_kind(TokenKind::LeftParen) {
            return Err(self.unexpected());
        }
        let query = self.parenthesized_query()?;
        Ok(Cte { name, columns, query, max_recursion })
    }

    pub(crate) fn with_ctes(&self, start: usize, ctes: Option<Ctes>, input: Relation) -> Relation {
        let Some(Ctes { ctes, recursive }) = ctes else { return input };
        self.relation(start, RelationNode::WithCte { input: Box::new(input), ctes, recursive })
    }
}
