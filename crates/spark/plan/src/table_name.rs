//! Names of tables as statements write them.

use std::sync::Arc;

use crate::{Expr, Name, Origin};

/// A table's name, and where it stands in a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct TableName {
    pub form: NameForm,
    pub origin: Option<Arc<Origin>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NameForm {
    Plain(Name),
    /// `IDENTIFIER(expr)`
    Identifier(Box<Expr>),
}

impl TableName {
    pub fn identifier(expr: Expr) -> Self {
        Self { form: NameForm::Identifier(Box::new(expr)), origin: None }
    }
}

impl From<Name> for TableName {
    fn from(name: Name) -> Self {
        Self { form: NameForm::Plain(name), origin: None }
    }
}
