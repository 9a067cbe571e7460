//! The unresolved plan: what a client asked for, nothing resolved.
//!
//! One vocabulary for both languages: the SQL parser and `from_proto` build the same nodes, so the analyzer has one
//! input. Names are as typed, types may still be text, SQL inside expressions may still be text. Nothing here knows a
//! catalog, a session or DataFusion.

pub mod catalog;
pub mod command;
pub mod expression;
pub mod from_proto;
pub mod identifier;
pub mod origin;
pub mod relation;
pub mod script;
mod table_name;
pub mod to_proto;

pub use catalog::CatalogOp;
pub use command::Command;
pub use expression::{Expr, ExprNode};
pub use origin::Origin;
pub use relation::{Relation, RelationNode};
pub use script::Script;

/// A name in parts, as typed: `a.b.c` has three. Case is kept; comparing is the analyzer's business.
pub type Name = Vec<String>;

/// `OPTIONS (...)`, `TBLPROPERTIES (...)`: keys and values in the order given.
pub type Options = Vec<(String, String)>;

/// What one request or one SQL statement says.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    Relation(Relation),
    Command(Command),
}
