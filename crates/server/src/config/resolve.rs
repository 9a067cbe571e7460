//! `Config`: what was typed, checked and with its types.

pub(crate) mod engines;
mod livy;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hearth_base::{ByteSize, Clock};
use hearth_connect::rest::RestSettings;
use hearth_connect::{ConnectSettings, GrpcSettings};
use hearth_core::Limits;
use hearth_embedded::samples::SampleSettings;
use hearth_embedded::{EngineSettings, ScriptLimits};
use hearth_interpreters::InterpreterSettings;
use hearth_kit::{BrowserGuard, Exposure, TlsSettings};
use hearth_livy::LivySettings;
use hearth_statements::StatementsSettings;

use engines::EngineTables;

use super::{Mistake, Mistakes, RawConfig};
use crate::settings::{self, Kind, SPARK_PREFIX, Share, Value};
use crate::{data_dir, logging, machine};

/// Everything a server needs to know.
#[derive(Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub ready_file: Option<PathBuf>,
    pub log: String,
    pub log_format: logging::Format,
    pub grpc_address: SocketAddr,
    pub http_address: SocketAddr,
    pub insecure: bool,
    pub require_token: bool,
    pub tls: Option<TlsSettings>,
    pub threads: Threads,
    pub drain_grace: Duration,
    pub limits: Limits,
    pub fsync: bool,
    pub grpc: GrpcSettings,
    pub connect: ConnectSettings,
    pub rest: RestSettings,
    pub statements: StatementsSettings,
    pub browser: BrowserGuard,
    pub livy: LivySettings,
    pub interpreters: InterpreterSettings,
    /// Of the engine `embedded`.
    pub engine: EngineSettings,
    pub engines: EngineTables,
}

#[derive(Debug, Clone)]
pub struct Threads {
    pub io: usize,
    pub work: usize,
    pub work_stack: ByteSize,
}

impl Config {
    /// Reads every setting; all mistakes together.
    pub fn resolve(raw: RawConfig) -> Result<Self, Mistakes> {
        let mut values = Values { raw, asked: BTreeMap::new() };
        let config = values.config();
        if values.raw.mistakes.is_empty() { Ok(config) } else { Err(Mistakes(values.raw.mistakes)) }
    }

    pub fn exposure(&self) -> Exposure {
        Exposure { tokens: self.require_token, tls: self.tls.is_some(), insecure: self.insecure }
    }
}

struct Values {
    raw: RawConfig,
    /// What was read so far, and as what.
    asked: BTreeMap<&'static str, Kind>,
}

impl Values {
    /// The value of a setting; of its default when what was typed does not read.
    fn get<T: Value>(&mut self, name: &'static str) -> T {
        self.asked.insert(name, T::KIND);
        let default = settings::find(name).map_or("", |setting| setting.default);
        if let Some(given) = self.raw.values.get(name) {
            match T::parse(&given.text) {
                Ok(value) => return value,
                Err(message) => {
                    let mistake = Mistake { origin: Some(given.origin.clone()), message: format!("{name}: {message}") };
                    self.raw.mistakes.push(mistake);
                }
            }
        }
        #[expect(clippy::expect_used, reason = "a test reads every default of the table")]
        T::parse(default).expect("the default of a setting reads")
    }

    /// A count that makes no sense as 0.
    fn positive(&mut self, name: &'static str) -> usize {
        let count = self.get(name);
        if count == 0 {
            let origin = self.raw.values.get(name).map(|given| given.origin.clone());
            self.raw.mistakes.push(Mistake { origin, message: format!("{name}: must be at least 1") });
        }
        count
    }

    fn config(&mut self) -> Config {
        let data_dir = self.get::<Option<PathBuf>>("data_dir").unwrap_or_else(data_dir::default_path);
        // Child processes have a current folder of their own.
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        Config {
            ready_file: self.get("ready_file"),
            log: self.get("log"),
            log_format: self.log_format(),
            grpc_address: self.get("grpc.address"),
            http_address: self.get("http.address"),
            insecure: self.get("listener.insecure"),
            require_token: self.get("auth.require_token"),
            tls: self.tls(&data_dir),
            threads: self.threads(),
            drain_grace: self.get("server.drain_grace"),
            limits: self.limits(),
            fsync: self.get("store.fsync"),
            grpc: self.grpc(),
            connect: self.connect(),
            rest: self.rest(),
            statements: self.statements(),
            browser: self.browser(),
            livy: self.livy(),
            interpreters: self.interpreters(&data_dir),
            engine: self.engine(&data_dir),
            engines: self.engine_tables(),
            data_dir,
        }
    }

    fn log_format(&mut self) -> logging::Format {
        let text: String = self.get("log_format");
        logging::Format::parse(&text).unwrap_or_else(|message| {
            let origin = self.raw.values.get("log_format").map(|given| given.origin.clone());
            self.raw.mistakes.push(Mistake { origin, message });
            logging::Format::Text
        })
    }

    fn tls(&mut self, data_dir: &std::path::Path) -> Option<TlsSettings> {
        let (certificate, key): (Option<PathBuf>, Option<PathBuf>) = (self.get("tls.cert"), self.get("tls.key"));
        let (self_signed, names): (bool, String) = (self.get("tls.self_signed"), self.get("tls.names"));
        match (certificate, key, self_signed) {
            (None, None, false) => None,
            (Some(certificate), Some(key), false) => Some(TlsSettings::Given { certificate, key }),
            (None, None, true) => {
                let names = names.split(',').map(|name| name.trim().to_owned()).collect();
                Some(TlsSettings::SelfSigned { folder: data_dir.join("tls"), names })
            }
            (Some(_), None, _) | (None, Some(_), _) | (Some(_), Some(_), true) => {
                let message = "TLS takes tls.cert and tls.key together, or tls.self_signed alone".to_owned();
                self.raw.mistakes.push(Mistake { origin: None, message });
                None
            }
        }
    }

    fn threads(&mut self) -> Threads {
        let io = match self.get("server.io_threads") {
            0 => (machine::cores() / 2).clamp(1, 4),
            count => count,
        };
        let work = match self.get("server.work_threads") {
            0 => machine::cores(),
            count => count,
        };
        Threads { io, work, work_stack: self.get("server.work_stack") }
    }

    fn limits(&mut self) -> Limits {
        Limits {
            max_sessions: self.positive("session.max"),
            session_idle_timeout: self.get("session.idle_timeout"),
            max_tombstones: self.get("session.max_tombstones"),
            max_errors_per_session: self.get("session.max_errors"),
            max_running_operations: self.positive("operation.max_running"),
            max_queued_operations: self.get("operation.max_queued"),
            operation_retention: self.get("operation.retention"),
            abandon_timeout: self.get("operation.abandon_timeout"),
            max_recent_operations: self.get("operation.max_recent"),
            history_retention: self.get("history.retention"),
            result_memory: self.get("result.memory"),
            max_result_size: self.get("result.max_size"),
            chunk_size: self.get("result.chunk_size"),
            chunk_rows: self.positive("result.chunk_rows"),
        }
    }

    fn grpc(&mut self) -> GrpcSettings {
        GrpcSettings {
            max_message_size: self.get("connect.max_message_size"),
            max_metadata_size: self.get("connect.max_metadata_size"),
            keepalive_interval: self.get("connect.keepalive_interval"),
            keepalive_timeout: self.get("connect.keepalive_timeout"),
            reflection: self.get("connect.reflection"),
        }
    }

    fn connect(&mut self) -> ConnectSettings {
        ConnectSettings {
            stream_duration: self.get("connect.stream_duration"),
            stream_size: self.get("connect.stream_size"),
            progress_interval: self.get("connect.progress_interval"),
            max_artifact_size: self.get("connect.max_artifact_size"),
            max_artifacts_size: self.get("connect.max_artifacts_size"),
        }
    }

    fn rest(&mut self) -> RestSettings {
        RestSettings {
            max_message_size: self.get("connect.max_message_size"),
            wait: self.get("rest.wait"),
            max_result_size: self.get("rest.max_result_size"),
            result_memory: self.get("rest.result_memory"),
            max_results: self.get("rest.max_results"),
            result_retention: self.get("rest.result_retention"),
            max_uploads: self.get("rest.max_uploads"),
            upload_timeout: self.get("rest.upload_timeout"),
        }
    }

    fn statements(&mut self) -> StatementsSettings {
        let public_url: String = self.get("statements.public_url");
        StatementsSettings {
            inline_limit: self.get("statements.inline_limit"),
            external_limit: self.get("statements.external_limit"),
            attachment_limit: self.get("statements.attachment_limit"),
            max_text: self.get("statements.max_text"),
            timeout: self.get("statements.timeout"),
            poll_timeout: self.get("statements.poll_timeout"),
            link_lifetime: self.get("statements.link_lifetime"),
            public_url: Some(public_url).filter(|url| !url.is_empty()),
            tls: false,
        }
    }

    fn engine(&mut self, data_dir: &std::path::Path) -> EngineSettings {
        let spark = self.raw.values.iter().filter(|(name, _)| name.starts_with(SPARK_PREFIX));
        let session_defaults = spark.map(|(name, given)| (name.clone(), given.text.clone())).collect();
        EngineSettings {
            data_folder: data_dir.to_owned(),
            memory: self.get::<Share>("engine.memory").of(machine::memory()),
            spill_limit: self.get("engine.spill_limit"),
            partitions: match self.get("engine.partitions") {
                0 => machine::cores(),
                count => count,
            },
            transform_scripts: self.get("engine.transform_scripts"),
            samples: SampleSettings {
                tpch_scale: self.get("samples.tpch_scale"),
                tpcds_scale: self.get("samples.tpcds_scale"),
                folder: self.get("samples.folder"),
            },
            script: ScriptLimits {
                result: self.get("script.max_result_size"),
                variable: self.get("script.max_variable_size"),
            },
            catalogs: names(&self.get::<String>("catalog.names")),
            session_defaults,
            clock: Clock::system(),
        }
    }
}

/// The names in a list that commas separate.
fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::cli::{CommonArguments, ServeArguments};
    use crate::settings::SETTINGS;

    fn mistakes(raw: RawConfig) -> Vec<String> {
        Config::resolve(raw).unwrap_err().0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_setting_of_the_table_is_read_and_every_default_reads() {
        let mut values = Values { raw: RawConfig::default(), asked: BTreeMap::new() };
        values.config();
        assert_eq!(values.raw.mistakes, []);
        let table: BTreeMap<_, _> = SETTINGS.iter().map(|setting| (setting.name, setting.kind)).collect();
        assert_eq!(values.asked, table);
    }

    #[test]
    fn the_tables_defaults_are_those_of_the_crates() {
        let config = Config::resolve(RawConfig::default()).unwrap();
        assert_eq!(format!("{:?}", config.limits), format!("{:?}", Limits::default()));
        assert_eq!(format!("{:?}", config.grpc), format!("{:?}", GrpcSettings::default()));
        assert_eq!(format!("{:?}", config.connect), format!("{:?}", ConnectSettings::default()));
        assert_eq!(format!("{:?}", config.rest), format!("{:?}", RestSettings::default()));
        assert_eq!(config.engine.samples, SampleSettings::default());
        assert_eq!(config.engine.script, ScriptLimits::default());
    }

    #[test]
    fn all_mistakes_are_reported_at_once_with_their_places() {
        let mut raw = RawConfig::default();
        raw.read_toml("hearth.toml", "[session]\nidle_timeout = \"soon\"\nmaxx = 3\n\n[grpc]\naddress = [1]\n");
        let variables = [("HEARTH_RESULT_MEMORY", "much"), ("HEARTH_SESION_MAX", "1"), ("HOME", "/")];
        raw.read_environment(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter());
        let found = mistakes(raw).join("\n");
        for expected in [
            "hearth.toml:2: session.idle_timeout: `soon` is not",
            "hearth.toml:3: there is no setting `session.maxx`; did you mean `session.max`?",
            "hearth.toml:6: `grpc.address` takes text",
            "HEARTH_RESULT_MEMORY: result.memory: ",
            "HEARTH_SESION_MAX: there is no such setting; did you mean `HEARTH_SESSION_MAX`?",
        ] {
            assert!(found.contains(expected), "{expected} is not in:\n{found}");
        }
        assert_eq!(found.lines().count(), 5, "{found}");
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let mut raw = RawConfig::default();
        raw.read_toml("f", "session.max = 1\noperation.max_queued = 1\nresult.chunk_rows = 1\n[spark]\nsql.x = true\n");
        let variables = [("HEARTH_SESSION_MAX", "2"), ("HEARTH_OPERATION_MAX_QUEUED", "2")];
        raw.read_environment(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter());
        let set = vec!["session.max=3".to_owned()];
        raw.read_flags(&ServeArguments {
            common: CommonArguments { set, ..CommonArguments::default() },
            ..ServeArguments::default()
        });
        let config = Config::resolve(raw).unwrap();
        let limits = config.limits;
        assert_eq!((limits.max_sessions, limits.max_queued_operations, limits.chunk_rows), (3, 2, 1));
        assert_eq!(config.engine.session_defaults, [("spark.sql.x".to_owned(), "true".to_owned())]);
    }

    #[test]
    fn half_of_a_certificate_is_a_mistake() {
        let mut raw = RawConfig::default();
        raw.read_toml("f", "tls.cert = \"a.pem\"\n");
        assert!(mistakes(raw)[0].contains("tls.key"));
    }
}
