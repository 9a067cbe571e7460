//! The variables of a script: one scope for each block that is being run.
//!
//! The session of the script's statements holds them, so that names resolve where names are resolved. As in Spark, what
//! a handler sees of the blocks around it, it sees from the outside in.

use std::collections::HashMap;

use hearth_analyzer::{LocalScope, Variable};
use hearth_base::condition::{SCRIPT_LIMIT, VARIABLE_ALREADY_EXISTS};
use hearth_base::{ByteSize, Result};
use hearth_plan::Expr;
use hearth_plan::identifier::quote;
use parking_lot::RwLock;

#[derive(Debug, Clone)]
pub struct Local {
    pub variable: Variable,
    /// What `SET v = DEFAULT` gives.
    pub default: Option<Expr>,
}

#[derive(Debug)]
struct Scope {
    label: String,
    variables: HashMap<String, Local>,
}

/// Which variable of which scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    scope: usize,
    name: String,
}

/// The scopes of a running script, the innermost last.
#[derive(Debug)]
pub struct Scopes {
    stack: RwLock<Stack>,
    /// The most bytes of one variable's value.
    limit: ByteSize,
}

#[derive(Debug, Default)]
struct Stack {
    scopes: Vec<Scope>,
    /// So many outer scopes are looked through from the outside in: those around a handler.
    turned: usize,
}

/// Scopes that a handler does not see.
#[derive(Debug)]
pub struct Hidden {
    scopes: Vec<Scope>,
    turned: usize,
}

impl Scopes {
    pub fn new(limit: ByteSize) -> Self {
        Self { stack: RwLock::default(), limit }
    }

    /// Enters a scope; `label` in lower case.
    pub fn enter(&self, label: String) {
        self.stack.write().scopes.push(Scope { label, variables: HashMap::new() });
    }

    /// Leaves all scopes but the outermost `count`.
    pub fn leave(&self, count: usize) {
        self.stack.write().scopes.truncate(count);
    }

    /// Takes away the scopes inside of the outermost `count` while a handler of the last of them runs.
    pub fn hide(&self, count: usize) -> Hidden {
        let mut stack = self.stack.write();
        let from = count.min(stack.scopes.len());
        let scopes = stack.scopes.split_off(from);
        Hidden { scopes, turned: std::mem::replace(&mut stack.turned, count) }
    }

    /// Puts back what `hide` took.
    pub fn restore(&self, count: usize, hidden: Hidden) {
        let mut stack = self.stack.write();
        stack.scopes.truncate(count);
        stack.scopes.extend(hidden.scopes);
        stack.turned = hidden.turned;
    }

    /// Declares a variable in the innermost scope.
    pub fn declare(&self, name: &str, local: Local) -> Result<()> {
        self.check_size(&local.variable)?;
        let key = name.to_lowercase();
        let mut stack = self.stack.write();
        let Some(scope) = stack.scopes.last_mut() else { return Ok(()) };
        if scope.variables.contains_key(&key) {
            return Err(VARIABLE_ALREADY_EXISTS.with("variableName", quote(&[scope.label.clone(), key])));
        }
        scope.variables.insert(key, local);
        Ok(())
    }

    /// The variable of a name: `v`, `label.v`.
    pub fn find(&self, name: &[String]) -> Option<(Place, Local)> {
        let stack = self.stack.read();
        let (label, name) = match name {
            [only] => (None, only.to_lowercase()),
            [label, name] => (Some(label.to_lowercase()), name.to_lowercase()),
            _ => return None,
        };
        stack.order().find_map(|index| {
            let scope = stack.scopes.get(index)?;
            if label.as_ref().is_some_and(|label| *label != scope.label) {
                return None;
            }
            let local = scope.variables.get(&name)?.clone();
            Some((Place { scope: index, name: name.clone() }, local))
        })
    }

    pub fn set(&self, place: &Place, variable: Variable) -> Result<()> {
        self.check_size(&variable)?;
        let mut stack = self.stack.write();
        if let Some(local) = stack.scopes.get_mut(place.scope).and_then(|scope| scope.variables.get_mut(&place.name)) {
            local.variable = variable;
        }
        Ok(())
    }

    /// All variables for an analysis, in the order in which they are looked for.
    pub fn visible(&self) -> Vec<LocalScope> {
        let stack = self.stack.read();
        let scopes = stack.order().filter_map(|index| stack.scopes.get(index));
        scopes
            .map(|scope| LocalScope {
                label: scope.label.clone(),
                variables: scope.variables.iter().map(|(name, local)| (name.clone(), local.variable.clone())).collect(),
            })
            .collect()
    }

    /// A loop that doubles a string must not take all memory.
    fn check_size(&self, variable: &Variable) -> Result<()> {
        if variable.value.size() <= self.limit.as_usize() {
            return Ok(());
        }
        Err(SCRIPT_LIMIT.with("limit", "script.max_variable_size").with("value", self.limit))
    }
}

impl Stack {
    fn order(&self) -> impl Iterator<Item = usize> {
        let turned = self.turned.min(self.scopes.len());
        (turned..self.scopes.len()).rev().chain(0..turned)
    }
}
