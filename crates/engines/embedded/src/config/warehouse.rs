//! Settings by the short names that clients of SQL warehouses use, in any case.
//!
//! Some mean one of Spark's settings: setting one sets the other. The rest is kept and given back. None of these names
//! is one of Spark's, so they mean the same in all sessions.

use super::{ANSI, TIME_ZONE};

pub struct Short {
    pub name: &'static str,
    /// The setting of Spark that this is.
    pub spark: Option<&'static str>,
    /// What a session starts with, where Spark's setting does not say it.
    pub default: &'static str,
}

const SHORT: &[Short] = &[
    Short { name: "ANSI_MODE", spark: Some(ANSI), default: "true" },
    Short { name: "ENABLE_PHOTON", spark: None, default: "true" },
    Short { name: "LEGACY_TIME_PARSER_POLICY", spark: Some("spark.sql.legacy.timeParserPolicy"), default: "EXCEPTION" },
    Short { name: "MAX_FILE_PARTITION_BYTES", spark: Some("spark.sql.files.maxPartitionBytes"), default: "128m" },
    Short { name: "QUERY_TAGS", spark: None, default: "" },
    Short { name: "READ_ONLY_EXTERNAL_METASTORE", spark: None, default: "false" },
    Short { name: "STATEMENT_TIMEOUT", spark: None, default: "172800" },
    Short { name: "TIMEZONE", spark: Some(TIME_ZONE), default: "UTC" },
    Short { name: "USE_CACHED_RESULT", spark: None, default: "true" },
];

pub fn find(key: &str) -> Option<&'static Short> {
    SHORT.iter().find(|short| short.name.eq_ignore_ascii_case(key))
}

/// The short name of a setting of Spark.
pub fn of_spark(key: &str) -> Option<&'static Short> {
    SHORT.iter().find(|short| short.spark == Some(key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use crate::config::{ANSI, SessionConfig};

    #[test]
    fn a_short_name_sets_sparks_setting_and_keeps_the_value_as_given() {
        let mut config = SessionConfig::new();
        assert_eq!(config.get("ansi_mode"), Some("true"));
        config.set("ansi_mode", "FALSE").unwrap();
        assert_eq!((config.get("ANSI_MODE"), config.flag(ANSI)), (Some("FALSE"), false));
        config.set(ANSI, "true").unwrap();
        assert_eq!(config.get("ANSI_MODE"), Some("true"));
        config.set("TIMEZONE", "'America/Los_Angeles'").unwrap();
        assert_eq!((config.get("timezone"), config.time_zone()), (Some("America/Los_Angeles"), "America/Los_Angeles"));
        config.set("TimeZone", "DEFAULT").unwrap();
        assert_eq!(config.time_zone(), "Etc/UTC");
        config.set("STATEMENT_TIMEOUT", "60").unwrap();
        config.set("max_file_partition_bytes", "64m").unwrap();
        config.reset();
        assert_eq!(config.get("statement_timeout"), Some("172800"));
        assert!(config.overrides().is_empty());
    }

    #[test]
    fn a_bad_value_is_refused_as_sparks_setting_refuses_it() {
        let mut config = SessionConfig::new();
        assert!(config.set("ANSI_MODE", "maybe").is_err());
        assert!(config.set("TIMEZONE", "Nowhere/Land").is_err());
        assert!(config.overrides().is_empty());
    }
}
