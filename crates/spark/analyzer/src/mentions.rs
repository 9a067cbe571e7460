//! `mentions`: every name a plan uses that lives outside of it, so that the engine can look them up before the analysis.
//!
//! Names of common table expressions shadow tables. SQL text inside nodes is parsed; text that does not parse is left
//! for the analysis to complain about. A view's body is not looked into: the engine asks for it with `View` as place.

mod walk;

use std::collections::HashMap;

use hearth_plan::relation::{DataSource, NamedTable};
use hearth_plan::{Command, Name, Plan, Relation};

use crate::view::{Place, TableKey};

/// What a plan mentions, each thing once.
#[derive(Debug, Clone, Default)]
pub struct Mentions {
    pub tables: Vec<TableMention>,
    pub sources: Vec<DataSource>,
    /// Keys of cached local relations with the hashes they are made of.
    pub local: Vec<LocalMention>,
    /// Ids of relations that the server keeps.
    pub remote: Vec<String>,
    /// Names of called functions that are no built-ins, and of table functions.
    pub functions: Vec<Name>,
    /// Names that are made by an expression (`IDENTIFIER(:name)`): parameters must be put in first.
    pub computed_names: usize,
}

#[derive(Debug, Clone)]
pub struct TableMention {
    /// Where `SessionView::tables` expects the answer.
    pub key: TableKey,
    /// As written.
    pub name: Name,
    pub table: NamedTable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMention {
    /// Where `SessionView::local` expects the rows, see `local_key`.
    pub key: String,
    pub data_hashes: Vec<String>,
    pub schema_hash: Option<String>,
    /// The data are Arrow bytes in chunks; otherwise one whole encoded local relation.
    pub is_chunked: bool,
}

/// How names are to be read.
#[derive(Debug, Clone, Default)]
pub struct MentionOptions {
    pub place: Place,
    pub case_sensitive: bool,
    /// Settings by their key, as far as they are not Spark's defaults: they may change what a text means.
    pub config: HashMap<String, String>,
}

/// What a relation mentions.
pub fn mentions(relation: &Relation, options: &MentionOptions) -> Mentions {
    let mut walk = walk::Walk::new(options);
    walk.relation(relation);
    walk.mentions
}

/// What the relations and expressions of a command mention. The tables a command changes are not among them: the
/// command itself names those.
pub fn command_mentions(command: &Command, options: &MentionOptions) -> Mentions {
    let mut walk = walk::Walk::new(options);
    walk.command(command);
    walk.mentions
}

pub fn plan_mentions(plan: &Plan, options: &MentionOptions) -> Mentions {
    match plan {
        Plan::Relation(relation) => mentions(relation, options),
        Plan::Command(command) => command_mentions(command, options),
    }
}

/// Whether a query reads a table of this plain name.
pub(crate) fn names_table(query: &Relation, name: &str) -> bool {
    let options = MentionOptions::default();
    let found = mentions(query, &options);
    found.tables.iter().any(|table| matches!(table.name.as_slice(), [only] if only.eq_ignore_ascii_case(name)))
}
