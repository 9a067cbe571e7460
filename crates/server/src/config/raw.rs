//! What was typed, by name: file, then environment, then flags; the later wins.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{Mistake, Origin};
use crate::cli::{CommonArguments, ServeArguments};
use crate::settings::{self, SETTINGS, SPARK_PREFIX};

/// Variables that start as ours do and are no settings: of the command line, and what the repository's scripts read.
const NOT_SETTINGS: [&str; 6] = [
    "HEARTH_CONFIG",
    "HEARTH_WORKER_TOKEN",
    "HEARTH_WORKER_ENGINE_TOKEN",
    "HEARTH_BIN",
    "HEARTH_PROFILE",
    "HEARTH_CACHE",
];
const PREFIX: &str = "HEARTH_";

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub text: String,
    pub origin: Origin,
}

/// Texts by the name of their setting, and what went wrong on the way.
#[derive(Debug, Default)]
pub struct RawConfig {
    pub values: BTreeMap<String, Given>,
    pub mistakes: Vec<Mistake>,
}

impl RawConfig {
    /// Reads the file that was named, the process's environment, and the flags.
    pub fn gather(arguments: &ServeArguments) -> Self {
        let mut raw = Self::default();
        if let Some(path) = &arguments.common.config {
            raw.read_file(path);
        }
        raw.read_environment(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))),
        );
        raw.read_flags(arguments);
        raw.read_livy_conf();
        raw
    }

    /// For commands that take no flags of a server.
    pub fn gather_common(common: CommonArguments) -> Self {
        Self::gather(&ServeArguments { common, ..ServeArguments::default() })
    }

    fn mistake(&mut self, origin: Origin, message: impl Into<String>) {
        self.mistakes.push(Mistake { origin: Some(origin), message: message.into() });
    }

    fn put(&mut self, name: &str, text: String, origin: Origin) {
        if let Some((family, instance, key)) = settings::member(name) {
            if family.find(key).is_none() {
                let known = family.rows.iter().map(|setting| setting.name);
                let message = format!("`{}.{instance}` has no setting `{key}`", family.prefix);
                return self.unknown(&message, settings::suggestion(key, known), origin);
            }
        } else if settings::find(name).is_none() && !name.starts_with(SPARK_PREFIX) {
            let known = SETTINGS.iter().map(|setting| setting.name);
            return self.unknown(&format!("there is no setting `{name}`"), settings::suggestion(name, known), origin);
        }
        self.values.insert(name.to_owned(), Given { text, origin });
    }

    /// Takes a text only where none was given.
    pub(super) fn put_if_free(&mut self, name: &str, text: String, origin: Origin) {
        if !self.values.contains_key(name) {
            self.put(name, text, origin);
        }
    }

    fn unknown(&mut self, message: &str, suggestion: Option<&str>, origin: Origin) {
        let hint = suggestion.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        self.mistake(origin, format!("{message}{hint}"));
    }

    fn read_file(&mut self, path: &Path) {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => self.read_toml(&name, &text),
            Err(error) => self.mistake(Origin::Flag(format!("--config {name}")), error.to_string()),
        }
    }

    pub(crate) fn read_toml(&mut self, path: &str, text: &str) {
        let line_of = |place: usize| text.get(..place).map_or(1, |before| before.matches('\n').count() + 1);
        let origin = |place| Origin::File { path: path.to_owned(), line: line_of(place) };
        match DeTable::parse(text) {
            Ok(table) => self.read_table("", table.get_ref(), &origin),
            Err(error) => {
                let place = error.span().map_or(0, |span| span.start);
                self.mistake(origin(place), error.message().to_owned());
            }
        }
    }

    fn read_table(&mut self, prefix: &str, table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let origin_here = origin(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => self.read_table(&format!("{name}."), inner, origin),
                DeValue::String(text) => self.put(&name, text.to_string(), origin_here),
                DeValue::Boolean(flag) => self.put(&name, flag.to_string(), origin_here),
                DeValue::Integer(number) => self.put(&name, number.to_string(), origin_here),
                DeValue::Float(number) => self.put(&name, number.to_string(), origin_here),
                DeValue::Datetime(_) | DeValue::Array(_) => {
                    self.mistake(origin_here, format!("`{name}` takes text, a number, true or false"));
                }
            }
        }
    }

    pub(super) fn read_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let names: BTreeMap<String, &str> =
            SETTINGS.iter().map(|setting| (settings::environment_name(setting.name), setting.name)).collect();
        for (variable, text) in variables {
            if !variable.starts_with(PREFIX) || NOT_SETTINGS.contains(&variable.as_str()) {
                continue;
            }
            let origin = Origin::Environment(variable.clone());
            match names.get(&variable) {
                Some(name) => self.put(name, text, origin),
                None => {
                    let suggestion = settings::suggestion(&variable, names.keys().map(String::as_str));
                    self.unknown("there is no such setting", suggestion, origin);
                }
            }
        }
    }

    pub(super) fn read_flags(&mut self, arguments: &ServeArguments) {
        if let Some(spark) = &arguments.spark {
            self.read_spark(spark);
        }
        for assignment in &arguments.common.set {
            let origin = Origin::Flag(format!("--set {assignment}"));
            match assignment.split_once('=') {
                Some((name, text)) => self.put(name.trim(), text.trim().to_owned(), origin),
                None => self.mistake(origin, "give it as name=value"),
            }
        }
        let texts = [
            ("--data-dir", "data_dir", &arguments.common.data_dir),
            ("--grpc", "grpc.address", &arguments.grpc),
            ("--http", "http.address", &arguments.http),
            ("--ready-file", "ready_file", &arguments.ready_file),
            ("--tls-cert", "tls.cert", &arguments.tls_cert),
            ("--tls-key", "tls.key", &arguments.tls_key),
        ];
        for (flag, name, text) in texts {
            if let Some(text) = text {
                self.put(name, text.clone(), Origin::Flag(flag.to_owned()));
            }
        }
        let switches = [
            ("--require-token", "auth.require_token", arguments.require_token),
            ("--tls-self-signed", "tls.self_signed", arguments.tls_self_signed),
            ("--insecure", "listener.insecure", arguments.insecure),
        ];
        for (flag, name, on) in switches {
            if on {
                self.put(name, "true".to_owned(), Origin::Flag(flag.to_owned()));
            }
        }
    }

    /// `--spark`: an engine of that name, which runs what names no other.
    fn read_spark(&mut self, spark: &str) {
        let (kind, key, text) = match spark {
            "local" => ("local", "master", "local[*]"),
            url if url.starts_with("sc://") => ("cluster", "url", url),
            master => ("local", "master", master),
        };
        let texts =
            [("engines.spark.kind", kind), (&format!("engines.spark.{key}"), text), ("default_engine", "spark")];
        for (name, text) in texts {
            self.put(name, text.to_owned(), Origin::Flag(format!("--spark {spark}")));
        }
    }
}
