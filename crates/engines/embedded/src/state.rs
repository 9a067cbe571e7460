//! What a session of the embedded engine holds: settings, where it stands, views, functions, variables, kept relations.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use hearth_analyzer::{SessionFunction, Variable};
use hearth_base::Result;
use hearth_plan::{Expr, Relation};

use crate::cached::Persisted;
use crate::config::SessionConfig;

/// The mutable state of a session. Cloned for a snapshot and for `CloneSession`; the large parts are shared.
#[derive(Debug, Clone)]
pub struct SessionState {
    pub config: SessionConfig,
    pub catalog: String,
    pub database: Vec<String>,
    /// Temporary views by lower-case name.
    pub views: HashMap<String, TempView>,
    /// Temporary functions by lower-case name.
    pub functions: HashMap<String, SessionFunction>,
    /// Variables by lower-case name.
    pub variables: HashMap<String, Variable>,
    /// What `SET VARIABLE v = DEFAULT` gives, by the same names.
    pub variable_defaults: HashMap<String, Expr>,
    /// Checkpoints by relation id: the plan that reads them.
    pub remote: HashMap<String, Arc<Relation>>,
    /// Persisted relations and cached tables.
    pub persisted: Vec<Persisted>,
    /// Artifacts by checked name (`cache/HASH`, `pyfiles/a.py`).
    pub artifacts: HashMap<String, PathBuf>,
}

/// A temporary view: the relation it stands for.
#[derive(Debug, Clone)]
pub struct TempView {
    /// As typed.
    pub name: String,
    pub query: Arc<Relation>,
    pub columns: Option<hearth_types::StructType>,
    pub comment: Option<String>,
    pub properties: Vec<(String, String)>,
    /// The text, when the view was made in SQL.
    pub text: Option<String>,
    pub schema: hearth_types::StructType,
    /// The settings under which its query is read.
    pub config: Vec<(String, String)>,
}

impl SessionState {
    pub fn new(defaults: &[(String, String)]) -> Result<Self> {
        let mut config = SessionConfig::new();
        for (key, value) in defaults {
            config.set(key, value)?;
        }
        Ok(Self {
            config,
            catalog: crate::catalog::SPARK_CATALOG.to_owned(),
            database: vec![crate::catalog::DEFAULT_DATABASE.to_owned()],
            views: HashMap::new(),
            functions: HashMap::new(),
            variables: HashMap::new(),
            variable_defaults: HashMap::new(),
            remote: HashMap::new(),
            persisted: Vec::new(),
            artifacts: HashMap::new(),
        })
    }
}
