//! A session's settings: Spark's names, Spark's checks.
//!
//! `catalogue` is the table of Spark's own settings. A key that is not in it is kept and given back, as Spark does;
//! what Hearth makes of a setting stands in `effect`.

pub mod catalogue;
pub mod effect;
mod warehouse;

use std::collections::{BTreeMap, HashMap};

use hearth_base::condition::{
    CANNOT_MODIFY_CONFIG, CANNOT_MODIFY_STATIC_CONFIG, INVALID_CONF_VALUE_TIME_ZONE, INVALID_REQUEST,
    SQL_CONF_NOT_FOUND,
};
use hearth_base::{Error, Result};
use hearth_core::engine::{ConfigAnswer, ConfigRequest};
use hearth_functions::SessionSettings;
use hearth_sql::Dialect;

use catalogue::Scope;
use warehouse::Short;

pub const ANSI: &str = "spark.sql.ansi.enabled";
pub const TIME_ZONE: &str = "spark.sql.session.timeZone";
const CASE_SENSITIVE: &str = "spark.sql.caseSensitive";
const TIME_TYPE: &str = "spark.sql.timeType.enabled";
const TIMESTAMP_TYPE: &str = "spark.sql.timestampType";
const MAP_KEY_POLICY: &str = "spark.sql.mapKeyDedupPolicy";
const SIZE_OF_NULL: &str = "spark.sql.legacy.sizeOfNull";
const PRECISION_LOSS: &str = "spark.sql.decimalOperations.allowPrecisionLoss";

/// Settings that Spark warns about, because a Connect client always gets Arrow.
const NOT_FOR_CLIENTS: [&str; 3] = [
    "spark.sql.execution.arrow.enabled",
    "spark.sql.execution.arrow.pyspark.enabled",
    "spark.sql.execution.arrow.pyspark.fallback.enabled",
];

/// What a session has set, over Spark's defaults.
#[derive(Debug, Clone, Default)]
pub struct SessionConfig {
    set: BTreeMap<String, String>,
}

impl SessionConfig {
    pub fn new() -> Self {
        Self::default()
    }

    /// The value in force; `None` when it is neither set nor has a default.
    pub fn get(&self, key: &str) -> Option<&str> {
        if let Some(short) = warehouse::find(key) {
            let given = self.set.get(short.name).map(String::as_str);
            let sparks = || match short.spark {
                Some(TIME_ZONE) => Some(self.time_zone()),
                Some(key) => self.get(key),
                None => None,
            };
            return given.or_else(sparks).or(Some(short.default));
        }
        if let Some(value) = self.set.get(key) {
            return Some(value);
        }
        let entry = catalogue::find(key)?;
        entry.default.or_else(|| self.get(entry.fallback?))
    }

    /// What was set, without defaults.
    pub fn overrides(&self) -> &BTreeMap<String, String> {
        &self.set
    }

    /// `overrides` as the analyzer takes them.
    pub fn to_map(&self) -> HashMap<String, String> {
        self.set.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// What a view or a function keeps of the settings of the session that makes it.
    pub fn captured(&self) -> Vec<(String, String)> {
        let sql = self.set.iter().filter(|(key, _)| key.starts_with("spark.sql."));
        sql.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// How texts that were kept with captured settings are read.
    pub fn captured_dialect(captured: &[(String, String)]) -> Dialect {
        Dialect::of(|key| captured.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str()))
    }

    /// Settings as they were captured, over Spark's defaults.
    pub fn of_captured(captured: &[(String, String)]) -> Self {
        Self { set: captured.iter().cloned().collect() }
    }

    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        check_modifiable(key)?;
        self.set_default(key, value)
    }

    /// As `set`, for the server's own start settings, which may be static ones.
    pub fn set_default(&mut self, key: &str, value: &str) -> Result<()> {
        if let Some(short) = warehouse::find(key) {
            return self.set_short(short, value);
        }
        if let Some(entry) = catalogue::find(key) {
            entry.check(value)?;
        }
        if key == TIME_ZONE && hearth_types::zone::Zone::parse(value).is_none() {
            return Err(INVALID_CONF_VALUE_TIME_ZONE.with("confValue", value).with("confName", key));
        }
        // A short name that means this setting now has this value, not the one that it was given.
        if let Some(short) = warehouse::of_spark(key) {
            self.set.remove(short.name);
        }
        self.set.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Sets what a short name of SQL warehouses means; the name keeps the value as it was given.
    fn set_short(&mut self, short: &Short, value: &str) -> Result<()> {
        let value = value.trim().trim_matches(['\'', '"']);
        if value.eq_ignore_ascii_case("DEFAULT") {
            return self.unset(short.name);
        }
        if let Some(key) = short.spark {
            self.set_default(key, value)?;
        }
        self.set.insert(short.name.to_owned(), value.to_owned());
        Ok(())
    }

    pub fn unset(&mut self, key: &str) -> Result<()> {
        check_modifiable(key)?;
        if let Some(short) = warehouse::find(key) {
            self.set.remove(short.name);
            if let Some(key) = short.spark {
                self.set.remove(key);
            }
        }
        self.set.remove(key);
        Ok(())
    }

    /// `RESET`
    pub fn reset(&mut self) {
        self.set.retain(|key, _| !is_modifiable(key));
    }

    /// A setting that is true or false.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// One request of `Config`, answered as Spark's `SparkConnectConfigHandler` does.
    pub fn answer(&mut self, request: ConfigRequest) -> Result<ConfigAnswer> {
        let mut answer = self.answer_pairs(request)?;
        for (key, _) in &answer.pairs {
            if NOT_FOR_CLIENTS.contains(&key.as_str()) {
                answer.warnings.push(format!("The setting '{key}' has no effect in Spark Connect."));
            }
        }
        Ok(answer)
    }

    fn answer_pairs(&mut self, request: ConfigRequest) -> Result<ConfigAnswer> {
        let mut answer = ConfigAnswer::default();
        match request {
            ConfigRequest::Set { pairs, silent } => self.set_all(pairs, silent, &mut answer)?,
            ConfigRequest::Get { keys } => {
                for key in keys {
                    let value = self.get(&key).ok_or_else(|| not_found(&key))?.to_owned();
                    answer.pairs.push((key, Some(value)));
                }
            }
            ConfigRequest::GetWithDefault { pairs } => {
                for (key, default) in pairs {
                    if let (Some(entry), Some(default), None) = (catalogue::find(&key), &default, self.set.get(&key)) {
                        entry.check(default)?;
                    }
                    let value = self.set.get(&key).cloned().or(default);
                    answer.pairs.push((key, value));
                }
            }
            ConfigRequest::GetOption { keys } => {
                for key in keys {
                    let value = self.get(&key).map(ToOwned::to_owned);
                    answer.pairs.push((key, value));
                }
            }
            ConfigRequest::GetAll { prefix } => {
                let prefix = prefix.unwrap_or_default();
                let matching = self.set.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value)));
                answer.pairs.extend(matching.map(|(key, value)| (key.to_owned(), Some(value.clone()))));
            }
            ConfigRequest::Unset { keys } => {
                for key in keys {
                    self.unset(&key)?;
                    answer.pairs.push((key, None));
                }
            }
            ConfigRequest::IsModifiable { keys } => {
                let pairs = keys.into_iter().map(|key| (is_modifiable(&key).to_string(), key));
                answer.pairs.extend(pairs.map(|(value, key)| (key, Some(value))));
            }
        }
        Ok(answer)
    }

    fn set_all(&mut self, pairs: Vec<(String, Option<String>)>, silent: bool, answer: &mut ConfigAnswer) -> Result<()> {
        for (key, value) in pairs {
            let value = value.ok_or_else(|| INVALID_REQUEST.with("message", format!("{key} is set to no value")))?;
            match self.set(&key, &value) {
                Ok(()) => answer.pairs.push((key, Some(value))),
                Err(error) if silent => answer.warnings.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the type TIME may be used.
    pub fn time_type(&self) -> bool {
        self.flag(TIME_TYPE)
    }

    /// Whether TIMESTAMP in a type means TIMESTAMP_NTZ.
    pub fn timestamps_are_wall_clocks(&self) -> bool {
        self.get(TIMESTAMP_TYPE).is_some_and(|value| value.eq_ignore_ascii_case("TIMESTAMP_NTZ"))
    }

    /// The settings that functions depend on.
    pub fn settings(&self, place: Place<'_>) -> SessionSettings {
        SessionSettings {
            ansi: self.flag(ANSI),
            time_zone: self.time_zone().to_owned(),
            time_type: self.flag(TIME_TYPE),
            timestamp_ntz_default: self.timestamps_are_wall_clocks(),
            map_key_last_wins: self.get(MAP_KEY_POLICY).is_some_and(|v| v.eq_ignore_ascii_case("LAST_WIN")),
            legacy_size_of_null: self.flag(SIZE_OF_NULL) && !self.flag(ANSI),
            case_sensitive: self.flag(CASE_SENSITIVE),
            decimal_precision_loss: self.flag(PRECISION_LOSS),
            current_catalog: place.catalog.to_owned(),
            current_database: place.database.to_owned(),
            user: place.user.to_owned(),
            statement_micros: place.statement_micros,
            spark_version: crate::SPARK_VERSION.to_owned(),
        }
    }

    /// The session time zone; UTC unless set, where Spark takes the machine's.
    pub fn time_zone(&self) -> &str {
        self.set.get(TIME_ZONE).map_or("Etc/UTC", String::as_str)
    }
}

/// What `settings` needs beside the settings.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub catalog: &'a str,
    pub database: &'a str,
    pub user: &'a str,
    pub statement_micros: i64,
}

/// Whether a session may change `key`. Unknown keys outside Spark's core may be set, as in Spark.
fn is_modifiable(key: &str) -> bool {
    warehouse::find(key).is_some() || catalogue::find(key).is_some_and(|entry| entry.scope == Scope::Session)
}

fn check_modifiable(key: &str) -> Result<()> {
    match catalogue::find(key).map(|entry| entry.scope) {
        Some(Scope::Static) => Err(CANNOT_MODIFY_STATIC_CONFIG.with("key", format!("\"{key}\""))),
        Some(Scope::Core) => Err(CANNOT_MODIFY_CONFIG
            .with("key", format!("\"{key}\""))
            .with("docroot", "https://spark.apache.org/docs/latest")),
        Some(Scope::Session) | None => Ok(()),
    }
}

fn not_found(key: &str) -> Error {
    SQL_CONF_NOT_FOUND.with("sqlConf", format!("\"{key}\""))
}
