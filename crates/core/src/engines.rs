//! The engines of a server by name: which there are, who may use which, how many sessions each has.
//!
//! One of them is the default. A rule on a principal names another one, or says which ones the principal may use at all.
//! What `*` says holds for everybody in whose own rule it is not said.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use hearth_base::condition::{INVALID_REQUEST, PERMISSION_DENIED, UNKNOWN_ENGINE};
use hearth_base::{Error, PrincipalId, Result};
use parking_lot::Mutex;

use crate::allowance::{Allowance, Cap, WorkLimits};
use crate::engine::{Engine, Health};
use crate::{Admission, Principal};

/// The setting of a session that names its engine.
pub const ENGINE_SETTING: &str = "hearth.engine";
/// The rule of everybody who has none.
pub const EVERYBODY: &str = "*";
/// A warehouse's id, so no engine's name.
const RESERVED: &str = "default";
/// Characters of a name.
const MAX_NAME: usize = 63;

/// What an engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// In this process.
    Embedded,
    /// A Spark that is called.
    Cluster,
    /// A Spark or a server like this one that calls and pulls.
    Worker,
}

impl EngineKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Cluster => "cluster",
            Self::Worker => "worker",
        }
    }
}

/// An engine as the server's settings have it.
#[derive(Debug)]
pub struct NamedEngine {
    pub name: Arc<str>,
    pub kind: EngineKind,
    pub engine: Arc<dyn Engine>,
    /// For people: where it is.
    pub description: String,
    allowance: Allowance,
}

/// What the settings say of one principal, or of everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrincipalRule {
    /// The engine of sessions that name none.
    pub engine: Option<String>,
    /// The engines that may be used; empty: all.
    pub engines: Vec<String>,
    /// Counted for each principal by itself.
    pub limits: WorkLimits,
}

/// All engines of a server.
#[derive(Debug)]
pub struct Engines {
    engines: BTreeMap<Arc<str>, Arc<NamedEngine>>,
    default: Arc<str>,
    rules: HashMap<String, Rule>,
    everybody: Rule,
    seats: Mutex<Seats>,
}

/// A rule with what `*` adds to it.
#[derive(Debug)]
struct Rule {
    home: Arc<str>,
    allowed: Vec<String>,
    /// Whose list `allowed` is.
    owner: String,
    allowance: Allowance,
}

/// How many sessions there are.
#[derive(Debug, Default)]
struct Seats {
    engines: HashMap<Arc<str>, usize>,
    principals: HashMap<PrincipalId, usize>,
}

/// A session's place among those of an engine or a principal; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Seat {
    engines: Arc<Engines>,
    of: SeatOf,
}

#[derive(Debug)]
enum SeatOf {
    Engine(Arc<str>),
    Principal(PrincipalId),
}

/// How an engine is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineStatus {
    pub name: Arc<str>,
    pub kind: EngineKind,
    pub description: String,
    pub is_default: bool,
    pub health: Health,
    /// Open sessions that have used it.
    pub sessions: usize,
    pub running: usize,
    pub queued: usize,
}

impl NamedEngine {
    pub fn new(name: &str, kind: EngineKind, engine: Arc<dyn Engine>) -> Self {
        Self { name: name.into(), kind, engine, description: String::new(), allowance: Allowance::default() }
    }

    #[must_use]
    pub fn limited(mut self, limits: &WorkLimits) -> Self {
        self.allowance = Allowance::of(&format!("engines.{}", self.name), limits);
        self
    }

    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    pub fn allowance(&self) -> &Allowance {
        &self.allowance
    }
}

impl Engines {
    /// Engines, the name of the default one, and the rules on principals by name. An error when a name is none.
    pub fn new(engines: Vec<NamedEngine>, default: &str, rules: Vec<(String, PrincipalRule)>) -> Result<Self> {
        let mut known = BTreeMap::new();
        for engine in engines {
            check_name(&engine.name)?;
            let name = Arc::clone(&engine.name);
            if known.insert(Arc::clone(&name), Arc::new(engine)).is_some() {
                return Err(wrong(format!("there are two engines {name}")));
            }
        }
        let find = |name: &str, what: String| {
            let names = || known.keys().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
            known
                .get_key_value(name)
                .map(|(name, _)| Arc::clone(name))
                .ok_or_else(|| wrong(format!("{what}: there is no engine {name}, only {}", names())))
        };
        let default = find(default, "the default engine".to_owned())?;
        for (principal, rule) in &rules {
            for name in rule.engine.iter().chain(&rule.engines) {
                find(name, format!("principals.{principal}"))?;
            }
        }
        let mut rules: HashMap<String, PrincipalRule> = rules.into_iter().collect();
        let shared = rules.remove(EVERYBODY).unwrap_or_default();
        let merge = |name: &str, own: &PrincipalRule| {
            let rule = Rule::merged(name, own, &shared, &default)?;
            find(&rule.home, format!("principals.{name}.engine"))?;
            Ok::<_, Error>(rule)
        };
        let everybody = merge(EVERYBODY, &PrincipalRule::default())?;
        let rules = rules.iter().map(|(name, own)| Ok((name.clone(), merge(name, own)?))).collect::<Result<_>>()?;
        Ok(Self { engines: known, default, rules, everybody, seats: Mutex::default() })
    }

    /// One engine, `embedded`, for everybody.
    pub fn single(engine: Arc<dyn Engine>) -> Self {
        let engine = Arc::new(NamedEngine::new("embedded", EngineKind::Embedded, engine));
        let name = Arc::clone(&engine.name);
        let everybody = Rule {
            home: Arc::clone(&name),
            allowed: Vec::new(),
            owner: EVERYBODY.to_owned(),
            allowance: Allowance::default(),
        };
        Self {
            engines: BTreeMap::from([(Arc::clone(&name), engine)]),
            default: name,
            rules: HashMap::new(),
            everybody,
            seats: Mutex::default(),
        }
    }

    pub fn default_engine(&self) -> &str {
        &self.default
    }

    pub fn get(&self, name: &str) -> Option<&Arc<NamedEngine>> {
        self.engines.get(name)
    }

    /// All engines, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<NamedEngine>> {
        self.engines.values()
    }

    /// The engine that `principal` gets who asks for `asked`, or for none by name.
    pub fn choose(&self, principal: &Principal, asked: Option<&str>) -> Result<Arc<NamedEngine>> {
        let rule = self.rule(&principal.id);
        let name = asked.unwrap_or(&rule.home);
        let Some(engine) = self.engines.get(name) else {
            return Err(UNKNOWN_ENGINE.with("engine", name).with("engines", self.usable(rule).join(", ")));
        };
        if !rule.allows(name) {
            let allowed = rule.allowed.join(", ");
            let message = format!(
                "{} may not use the engine {name}: principals.{}.engines allows {allowed}.",
                principal.id, rule.owner
            );
            return Err(PERMISSION_DENIED.with("message", message));
        }
        Ok(Arc::clone(engine))
    }

    /// The limits of a principal.
    pub fn allowance(&self, principal: &PrincipalId) -> &Allowance {
        &self.rule(principal).allowance
    }

    fn rule(&self, principal: &PrincipalId) -> &Rule {
        self.rules.get(principal.as_str()).unwrap_or(&self.everybody)
    }

    fn usable(&self, rule: &Rule) -> Vec<&str> {
        self.engines.keys().map(AsRef::as_ref).filter(|name| rule.allows(name)).collect()
    }

    /// A place for one more session of a principal.
    pub(crate) fn seat_of_principal(self: &Arc<Self>, principal: &PrincipalId) -> Result<Seat> {
        let most = self.allowance(principal).sessions.as_ref();
        let what = || format!("The number of open sessions of {principal}");
        sit(&mut self.seats.lock().principals, principal, most, what)?;
        Ok(Seat { engines: Arc::clone(self), of: SeatOf::Principal(principal.clone()) })
    }

    /// A place for one more session on an engine.
    pub(crate) fn seat_of_engine(self: &Arc<Self>, engine: &NamedEngine) -> Result<Seat> {
        let most = engine.allowance.sessions.as_ref();
        let what = || format!("The number of open sessions on the engine {}", engine.name);
        sit(&mut self.seats.lock().engines, &engine.name, most, what)?;
        Ok(Seat { engines: Arc::clone(self), of: SeatOf::Engine(Arc::clone(&engine.name)) })
    }

    /// How all engines are now, by name.
    pub fn statuses(&self, admission: &Admission) -> Vec<EngineStatus> {
        let sessions = self.seats.lock().engines.clone();
        let status = |engine: &Arc<NamedEngine>| {
            let (running, queued) = admission.load_of(&engine.name);
            EngineStatus {
                name: Arc::clone(&engine.name),
                kind: engine.kind,
                description: engine.description.clone(),
                is_default: engine.name == self.default,
                health: engine.engine.health(),
                sessions: sessions.get(&engine.name).copied().unwrap_or_default(),
                running,
                queued,
            }
        };
        self.all().map(status).collect()
    }

    /// Shuts all engines down, at the same time.
    pub async fn shutdown(&self) {
        futures::future::join_all(self.all().map(|engine| engine.engine.shutdown())).await;
    }
}

/// Counts one more, unless that is too many.
fn sit<K: Hash + Eq + Clone>(
    counts: &mut HashMap<K, usize>,
    of: &K,
    most: Option<&Cap>,
    what: impl FnOnce() -> String,
) -> Result<()> {
    let count = counts.get(of).copied().unwrap_or_default();
    if let Some(cap) = most.filter(|cap| count >= cap.most) {
        return Err(cap.exceeded(&what()));
    }
    counts.insert(of.clone(), count + 1);
    Ok(())
}

/// Counts one less; who has none is not listed.
fn rise<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(of);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.engines.seats.lock();
        match &self.of {
            SeatOf::Engine(name) => rise(&mut seats.engines, name),
            SeatOf::Principal(principal) => rise(&mut seats.principals, principal),
        }
    }
}

impl Rule {
    fn merged(name: &str, own: &PrincipalRule, shared: &PrincipalRule, default: &str) -> Result<Self> {
        let (owner, allowed) = if own.engines.is_empty() { (EVERYBODY, &shared.engines) } else { (name, &own.engines) };
        let allows = |engine: &&String| allowed.is_empty() || allowed.contains(engine);
        if let Some(engine) = own.engine.as_ref().filter(|engine| !allows(engine)) {
            return Err(wrong(format!("principals.{name}.engine: {engine} is not among principals.{owner}.engines")));
        }
        let default = default.to_owned();
        let candidates = own.engine.iter().chain(&shared.engine).chain([&default]).chain(allowed);
        let home = candidates.into_iter().find(allows).unwrap_or(&default);
        let limits = |owner: &str, rule: &PrincipalRule| Allowance::of(&format!("principals.{owner}"), &rule.limits);
        Ok(Self {
            home: home.as_str().into(),
            allowed: allowed.clone(),
            owner: owner.to_owned(),
            allowance: limits(name, own).or(&limits(EVERYBODY, shared)),
        })
    }

    fn allows(&self, engine: &str) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|allowed| allowed == engine)
    }
}

/// Names stand in settings, paths, labels of metrics and ids of warehouses.
fn check_name(name: &str) -> Result<()> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME || name == RESERVED || !name.bytes().all(is_word) {
        return Err(wrong(format!(
            "'{name}' is no name for an engine: it takes up to {MAX_NAME} of a-z, 0-9, - and _, and is not {RESERVED}"
        )));
    }
    Ok(())
}

fn wrong(message: String) -> Error {
    INVALID_REQUEST.with("message", message)
}
