//! SQL scripts: `BEGIN … END` as a tree of statements.
//!
//! The parser checks labels and the order of declarations, so a tree is well-formed. Labels and names of conditions are
//! folded (labels to lower case, conditions to upper case), names of variables and cursors stay as typed. Nothing here
//! says what a statement does: that is a `Plan`.

use crate::{Expr, Name, Plan, Relation};

#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    pub body: Block,
    /// A statement about cursors is somewhere inside.
    pub has_cursors: bool,
    /// A `CONTINUE` handler is somewhere inside.
    pub has_continue_handlers: bool,
}

/// `[label:] BEGIN … END`: a scope of variables, cursors and handlers.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub label: Option<String>,
    pub handlers: Vec<Handler>,
    pub statements: Vec<Statement>,
}

/// `DECLARE EXIT|CONTINUE HANDLER FOR … statement`
#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    pub continues: bool,
    /// Names of conditions, in upper case.
    pub conditions: Vec<String>,
    pub sqlstates: Vec<String>,
    pub on_exception: bool,
    pub on_not_found: bool,
    pub body: HandlerBody,
}

#[derive(Debug, Clone, PartialEq)]
pub enum HandlerBody {
    Block(Block),
    Plan(Box<Plan>),
}

/// The condition of `IF` and its like, with the text that an error shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub expr: Expr,
    pub text: String,
}

/// A condition and the statements behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    pub condition: Condition,
    pub body: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    Plan(Plan),
    Block(Block),
    /// `IF`, and `CASE` whose conditions are written out.
    If {
        branches: Vec<Branch>,
        otherwise: Vec<Statement>,
    },
    While {
        label: Option<String>,
        condition: Condition,
        body: Vec<Statement>,
    },
    Repeat {
        label: Option<String>,
        body: Vec<Statement>,
        until: Condition,
    },
    Loop {
        label: Option<String>,
        body: Vec<Statement>,
    },
    For {
        label: Option<String>,
        /// The name that qualifies the columns of the row.
        variable: Option<String>,
        query: Relation,
        body: Vec<Statement>,
    },
    Leave(String),
    Iterate(String),
    DeclareCursor {
        name: String,
        /// The query's text: parameters get their values when the cursor opens.
        text: String,
    },
    Open {
        cursor: Name,
        arguments: Vec<Expr>,
    },
    Fetch {
        cursor: Name,
        into: Vec<Name>,
    },
    Close {
        cursor: Name,
    },
}
