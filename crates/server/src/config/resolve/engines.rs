//! The engines beside the embedded one, and what users may ask of them: `[engines.NAME]` and `[principals.NAME]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use hearth_base::ByteSize;
use hearth_core::allowance::WorkLimits;
use hearth_core::engines::PrincipalRule;

use super::{Values, names};
use crate::config::{Mistake, Origin};
use crate::settings::{self, FAMILIES, Value};

/// The engine that is always there.
pub const EMBEDDED: &str = "embedded";
/// The longest name of an engine; it is a warehouse's id too.
const MAX_NAME: usize = 63;

#[derive(Debug)]
pub struct EngineTables {
    pub default: String,
    /// By name, without `embedded`.
    pub engines: BTreeMap<String, EngineTable>,
    pub embedded_limits: WorkLimits,
    pub principals: Vec<(String, PrincipalRule)>,
}

#[derive(Debug)]
pub struct EngineTable {
    pub kind: EngineKindTable,
    pub limits: WorkLimits,
}

#[derive(Debug)]
pub enum EngineKindTable {
    Cluster(ClusterTable),
    Local(LocalTable),
    Worker(WorkerTable),
}

#[derive(Debug)]
pub struct ClusterTable {
    pub url: String,
    pub token: Option<String>,
    pub tls_ca: Option<PathBuf>,
    pub times: ClusterTimes,
}

#[derive(Debug)]
pub struct LocalTable {
    pub master: String,
    pub python: PathBuf,
    pub spark_home: Option<PathBuf>,
    pub java: Option<PathBuf>,
    pub conf: Vec<(String, String)>,
    pub start_timeout: Duration,
    pub times: ClusterTimes,
}

#[derive(Debug)]
pub struct WorkerTable {
    /// `None`: everybody.
    pub workers: Option<Vec<String>>,
    pub lease: Duration,
    pub worker_timeout: Duration,
    pub answer_buffer: ByteSize,
    pub push_wait: Duration,
    pub max_requests: usize,
    pub max_queued_size: ByteSize,
    pub max_bound_sessions: usize,
    pub max_workers: usize,
    pub max_attempts: usize,
}

#[derive(Debug, Clone, Copy)]
pub struct ClusterTimes {
    pub connect: Duration,
    pub reattach: Duration,
    pub refused: Duration,
    pub call: Duration,
    pub quiet: Duration,
}

impl EngineTables {
    /// The embedded engine alone, without limits of its own.
    pub fn embedded_only() -> Self {
        Self {
            default: EMBEDDED.to_owned(),
            engines: BTreeMap::new(),
            embedded_limits: WorkLimits::default(),
            principals: Vec::new(),
        }
    }
}

impl Values {
    pub(super) fn engine_tables(&mut self) -> EngineTables {
        let (embedded, others): (BTreeSet<_>, BTreeSet<_>) =
            self.instances("engines").into_iter().partition(|name| name == EMBEDDED);
        let embedded_limits = if embedded.is_empty() { WorkLimits::default() } else { self.embedded_limits() };
        let mut engines = BTreeMap::new();
        for name in others {
            self.check_name(&name);
            if let Some(kind) = self.engine_kind(&name) {
                let limits = self.limit_table("engines", &name);
                engines.insert(name, EngineTable { kind, limits });
            }
        }
        let is_known = |name: &str| name == EMBEDDED || engines.contains_key(name);
        let default: String = self.get("default_engine");
        if !is_known(&default) {
            self.wrong("default_engine", &format!("there is no table [engines.{default}]"));
        }
        let mut principals = Vec::new();
        for name in self.instances("principals") {
            let engine = Some(self.member::<String>("principals", &name, "engine")).filter(|text| !text.is_empty());
            let listed = names(&self.member::<String>("principals", &name, "engines"));
            for asked in engine.iter().chain(&listed).filter(|asked| !is_known(asked)) {
                let at = format!("principals.{name}.engine");
                self.wrong(&at, &format!("there is no table [engines.{asked}]"));
            }
            let limits = self.limit_table("principals", &name);
            principals.push((name, PrincipalRule { engine, engines: listed, limits }));
        }
        EngineTables { default, engines, embedded_limits, principals }
    }

    /// The names of the tables below a prefix.
    fn instances(&self, prefix: &str) -> BTreeSet<String> {
        let members = self.raw.values.keys().filter_map(|name| settings::member(name));
        members.filter(|(family, ..)| family.prefix == prefix).map(|(_, instance, _)| instance.to_owned()).collect()
    }

    fn embedded_limits(&mut self) -> WorkLimits {
        let kind: String = self.member("engines", EMBEDDED, "kind");
        if !kind.is_empty() && kind != EMBEDDED {
            self.wrong("engines.embedded.kind", "the name embedded is taken by the engine in this process");
        }
        self.limit_table("engines", EMBEDDED)
    }

    fn check_name(&mut self, name: &str) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.len() > MAX_NAME || !name.chars().all(plain) || name == "default" {
            let message = "the name of an engine is of a-z, 0-9, - and _, at most 63 of them, and not `default`";
            self.wrong(&format!("engines.{name}.kind"), message);
        }
    }

    fn engine_kind(&mut self, name: &str) -> Option<EngineKindTable> {
        let kind: String = self.member("engines", name, "kind");
        let times = ClusterTimes {
            connect: self.member("engines", name, "connect_timeout"),
            reattach: self.member("engines", name, "reattach_timeout"),
            refused: self.member("engines", name, "refused_timeout"),
            call: self.member("engines", name, "call_timeout"),
            quiet: self.member("engines", name, "quiet_timeout"),
        };
        match kind.as_str() {
            "cluster" => Some(self.cluster(name, times)),
            "local" => Some(self.local(name, times)),
            "worker" => Some(self.worker(name)),
            other => {
                let message = format!("`{other}` is none of: cluster, local, worker");
                self.wrong(&format!("engines.{name}.kind"), &message);
                None
            }
        }
    }

    fn cluster(&mut self, name: &str, times: ClusterTimes) -> EngineKindTable {
        let url: String = self.member("engines", name, "url");
        if !url.starts_with("sc://") {
            self.wrong(&format!("engines.{name}.url"), "give it as sc://host:port");
        }
        let mut token = Some(self.member::<String>("engines", name, "token")).filter(|token| !token.is_empty());
        if let Some(path) = self.member::<Option<PathBuf>>("engines", name, "token_file") {
            match std::fs::read_to_string(&path) {
                Ok(text) => token = Some(text.trim().to_owned()),
                Err(error) => self.wrong(&format!("engines.{name}.token_file"), &error.to_string()),
            }
        }
        EngineKindTable::Cluster(ClusterTable { url, token, tls_ca: self.member("engines", name, "tls_ca"), times })
    }

    fn local(&mut self, name: &str, times: ClusterTimes) -> EngineKindTable {
        let python = self.member::<Option<PathBuf>>("engines", name, "python");
        let python = python.or_else(|| self.get::<Option<PathBuf>>("interpreter.python"));
        let memory: String = self.member("engines", name, "driver_memory");
        let mut conf = vec![("spark.driver.memory".to_owned(), memory)];
        for pair in names(&self.member::<String>("engines", name, "conf")) {
            match pair.split_once('=') {
                Some((key, value)) => conf.push((key.trim().to_owned(), value.trim().to_owned())),
                None => self.wrong(&format!("engines.{name}.conf"), &format!("`{pair}` is not name=value")),
            }
        }
        EngineKindTable::Local(LocalTable {
            master: self.member("engines", name, "master"),
            python: python.unwrap_or_else(|| PathBuf::from("python3")),
            spark_home: self.member("engines", name, "spark_home"),
            java: self.member("engines", name, "java"),
            conf,
            start_timeout: self.member("engines", name, "start_timeout"),
            times,
        })
    }

    fn worker(&mut self, name: &str) -> EngineKindTable {
        let listed = names(&self.member::<String>("engines", name, "workers"));
        // Whoever may pull sees other users' requests: where tokens are asked for, that is nobody until it is said.
        let open = listed.is_empty() && !self.get::<bool>("auth.require_token");
        EngineKindTable::Worker(WorkerTable {
            workers: (!open).then_some(listed),
            lease: self.member("engines", name, "lease"),
            worker_timeout: self.member("engines", name, "worker_timeout"),
            answer_buffer: self.member("engines", name, "answer_buffer"),
            push_wait: self.member("engines", name, "push_wait"),
            max_requests: self.member("engines", name, "max_requests"),
            max_queued_size: self.member("engines", name, "max_queued_size"),
            max_bound_sessions: self.member("engines", name, "max_bound_sessions"),
            max_workers: self.member("engines", name, "max_workers"),
            max_attempts: self.member("engines", name, "max_attempts"),
        })
    }

    fn limit_table(&mut self, prefix: &str, name: &str) -> WorkLimits {
        let mut count = |key| Some(self.member::<usize>(prefix, name, key)).filter(|count| *count > 0);
        WorkLimits {
            max_sessions: count("max_sessions"),
            max_running: count("max_running"),
            max_queued: count("max_queued"),
            statement_timeout: Some(self.member::<Duration>(prefix, name, "statement_timeout"))
                .filter(|time| !time.is_zero()),
        }
    }

    /// The value of a setting of a table that the user named; of its default when nothing was typed.
    fn member<T: Value>(&mut self, prefix: &str, instance: &str, key: &str) -> T {
        let row = FAMILIES.iter().find(|family| family.prefix == prefix).and_then(|family| family.find(key));
        let default = row.map_or("", |row| row.default);
        let name = format!("{prefix}.{instance}.{key}");
        if let Some(given) = self.raw.values.get(&name) {
            match T::parse(&given.text) {
                Ok(value) => return value,
                Err(message) => self.wrong(&name, &message),
            }
        }
        #[expect(clippy::expect_used, reason = "a test reads every default of the tables")]
        T::parse(default).expect("the default of a setting reads")
    }

    /// A mistake of the setting `name`, or of its table where it is not given.
    fn wrong(&mut self, name: &str, message: &str) {
        let origin: Option<Origin> = self.raw.values.get(name).map(|given| given.origin.clone());
        self.raw.mistakes.push(Mistake { origin, message: format!("{name}: {message}") });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::config::{Config, RawConfig};

    fn config(text: &str) -> Result<EngineTables, String> {
        let mut raw = RawConfig::default();
        raw.read_toml("f", text);
        Config::resolve(raw).map(|config| config.engines).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn tables_of_all_kinds_read() {
        let text = r#"
            default_engine = "spark"
            [engines.spark]
            kind = "cluster"
            url = "sc://127.0.0.1:15002"
            max_running = 4
            [engines.here]
            kind = "local"
            conf = "spark.ui.enabled=false, spark.sql.shuffle.partitions=2"
            [engines.edge]
            kind = "worker"
            workers = "svc"
            [engines.embedded]
            statement_timeout = "5m"
            [principals."alice@example.com"]
            engine = "edge"
            engines = "edge,spark"
            max_sessions = 2
        "#;
        let tables = config(text).unwrap();
        assert_eq!(tables.default, "spark");
        assert_eq!(tables.engines["spark"].limits.max_running, Some(4));
        let EngineKindTable::Local(LocalTable { conf, master, .. }) = &tables.engines["here"].kind else {
            panic!("a local Spark")
        };
        assert_eq!((master.as_str(), conf.len()), ("local[*]", 3));
        let EngineKindTable::Worker(WorkerTable { workers, lease, .. }) = &tables.engines["edge"].kind else {
            panic!("workers")
        };
        assert_eq!((workers.as_deref(), *lease), (Some(&["svc".to_owned()][..]), Duration::from_secs(60)));
        assert_eq!(tables.embedded_limits.statement_timeout, Some(Duration::from_secs(300)));
        let (name, alice) = &tables.principals[0];
        assert_eq!(name, "alice@example.com");
        assert_eq!((alice.engine.as_deref(), alice.limits.max_sessions), (Some("edge"), Some(2)));
    }

    #[test]
    fn mistakes_name_their_table() {
        let text = "default_engine = \"x\"\n[engines.a]\nkind = \"cloud\"\n[engines.b]\nkind = \"cluster\"\nurll = \"u\"\n\
                    [engines.embedded]\nkind = \"cluster\"\n[principals.p]\nengine = \"q\"\n[engines.default]\nkind = \"worker\"\n";
        let mistakes = config(text).unwrap_err();
        for expected in [
            "default_engine: there is no table [engines.x]",
            "f:3: engines.a.kind: `cloud` is none of",
            "`engines.b` has no setting `urll`; did you mean `url`?",
            "engines.b.url: give it as sc://host:port",
            "f:8: engines.embedded.kind: the name embedded is taken",
            "principals.p.engine: there is no table [engines.q]",
            "engines.default.kind: the name of an engine",
        ] {
            assert!(mistakes.contains(expected), "{expected} is not in:\n{mistakes}");
        }
    }

    #[test]
    fn workers_may_be_anybody_only_without_tokens() {
        let workers = |text: &str| match config(text).unwrap().engines.remove("w").unwrap().kind {
            EngineKindTable::Worker(table) => table.workers,
            EngineKindTable::Cluster(_) | EngineKindTable::Local(_) => panic!("workers"),
        };
        assert_eq!(workers("[engines.w]\nkind = \"worker\"\n"), None);
        assert_eq!(workers("auth.require_token = true\n[engines.w]\nkind = \"worker\"\n"), Some(Vec::new()));
    }

    #[test]
    fn every_default_of_the_tables_reads() {
        for text in [
            "[engines.a]\nkind = \"cluster\"\nurl = \"sc://h:1\"\n",
            "[engines.a]\nkind = \"local\"\n",
            "[engines.a]\nkind = \"worker\"\n",
            "[principals.a]\nengine = \"\"\n",
        ] {
            config(text).unwrap();
        }
    }
}
