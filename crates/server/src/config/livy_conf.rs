//! Reading a `livy.conf`: lines of `key = value` as Apache Livy has them, for whoever comes from there.
//!
//! What it says holds where neither Hearth's own file, nor the environment, nor a flag says otherwise. Keys that mean
//! nothing here are passed over; those whose meaning would be missed are mistakes.

use std::path::Path;

use super::{Mistake, Origin, RawConfig};

/// Livy's keys and what they set here.
const KEYS: &[(&str, Target)] = &[
    ("livy.server.csrf-protection.enabled", Target::Same("livy.csrf_header")),
    ("livy.server.csrf_protection.enabled", Target::Same("livy.csrf_header")),
    ("livy.server.security-headers.enabled", Target::Same("livy.security_headers")),
    ("livy.impersonation.enabled", Target::Same("livy.impersonation")),
    ("livy.superusers", Target::Same("livy.superusers")),
    ("livy.server.access-control.enabled", Target::Same("livy.access_control")),
    ("livy.server.access_control.enabled", Target::Same("livy.access_control")),
    ("livy.server.access-control.allowed-users", Target::Same("livy.allowed_users")),
    ("livy.server.access-control.users", Target::Same("livy.modify_users")),
    ("livy.server.access_control.users", Target::Same("livy.modify_users")),
    ("livy.server.access-control.modify-users", Target::Same("livy.modify_users")),
    ("livy.server.access-control.view-users", Target::Same("livy.view_users")),
    ("livy.server.session.timeout", Target::Time("livy.idle_timeout")),
    ("livy.server.session.timeout-check.skip-busy", Target::Opposite("livy.busy_times_out")),
    ("livy.server.session.ttl", Target::Time("livy.ttl")),
    ("livy.server.session.state-retain.sec", Target::Time("livy.state_retention")),
    ("livy.server.session.max-creation", Target::Same("livy.max_starting")),
    ("livy.spark.master", Target::Same("livy.spark_master")),
    ("livy.cache-log.size", Target::Same("livy.log_lines")),
    ("livy.file.upload.max.size", Target::Same("livy.max_upload")),
    ("livy.file.local-dir-whitelist", Target::Same("livy.local_folders")),
    ("livy.rsc.retained-statements", Target::Same("livy.retained_statements")),
    ("livy.rsc.retained_statements", Target::Same("livy.retained_statements")),
    ("livy.rsc.sql.num-rows", Target::Same("livy.sql_rows")),
    ("livy.rsc.job-cancel.timeout", Target::Time("interpreter.cancel_grace")),
    ("livy.rsc.job_cancel.timeout", Target::Time("interpreter.cancel_grace")),
];

#[derive(Debug, Clone, Copy)]
enum Target {
    Same(&'static str),
    /// `true` there is `false` here.
    Opposite(&'static str),
    Time(&'static str),
}

impl RawConfig {
    /// Reads the file that `livy.conf_file` names, if it names one.
    pub(super) fn read_livy_conf(&mut self) {
        let Some(path) = self.values.get("livy.conf_file").map(|given| given.text.clone()) else { return };
        match std::fs::read_to_string(Path::new(&path)) {
            Ok(text) => self.read_livy_lines(&path, &text),
            Err(error) => {
                let origin = self.values.get("livy.conf_file").map(|given| given.origin.clone());
                self.mistakes.push(Mistake { origin, message: format!("{path}: {error}") });
            }
        }
    }

    pub(super) fn read_livy_lines(&mut self, path: &str, text: &str) {
        let pairs: Vec<(usize, &str, &str)> = text.lines().enumerate().filter_map(pair).collect();
        let value = |key: &str| pairs.iter().rev().find(|(_, name, _)| *name == key).map(|(_, _, value)| *value);
        // The last of equal keys counts, as in a properties file.
        for (line, key, text) in pairs.iter().rev() {
            let origin = || Origin::File { path: path.to_owned(), line: *line };
            if let Some(message) = refused(key, text) {
                self.mistakes.push(Mistake { origin: Some(origin()), message });
                continue;
            }
            match KEYS.iter().find(|(name, _)| name == key) {
                Some((_, Target::Same(name))) => self.put_if_free(name, (*text).to_owned(), origin()),
                Some((_, Target::Opposite(name))) => {
                    self.put_if_free(name, (!text.eq_ignore_ascii_case("true")).to_string(), origin());
                }
                Some((_, Target::Time(name))) => self.put_if_free(name, time(text), origin()),
                None => tracing::debug!(key, "means nothing here"),
            }
        }
        self.read_livy_switches(path, &value);
    }

    /// What several keys say together.
    fn read_livy_switches<'a>(&mut self, path: &str, value: &dyn Fn(&str) -> Option<&'a str>) {
        let origin = || Origin::File { path: path.to_owned(), line: 1 };
        let (host, port) = (value("livy.server.host"), value("livy.server.port"));
        if host.is_some() || port.is_some() {
            let address = format!("{}:{}", host.unwrap_or("127.0.0.1"), port.unwrap_or("8998"));
            self.put_if_free("http.address", address, origin());
        }
        // The one is on in Livy when nothing is said, the other is off.
        if value("livy.server.session.timeout-check") == Some("false") {
            self.values
                .insert("livy.idle_timeout".to_owned(), super::raw::Given { text: "0s".to_owned(), origin: origin() });
        }
        if value("livy.server.session.ttl-check") != Some("true") && value("livy.server.session.ttl").is_some() {
            self.values.insert("livy.ttl".to_owned(), super::raw::Given { text: "0s".to_owned(), origin: origin() });
        }
        match value("livy.server.recovery.mode") {
            Some("off") => self.put_if_free("livy.recovery", "false".to_owned(), origin()),
            Some("recovery") => self.put_if_free("livy.recovery", "true".to_owned(), origin()),
            Some(_) | None => {}
        }
    }
}

/// The key and value of a line; nothing for blank ones and comments.
fn pair((index, line): (usize, &str)) -> Option<(usize, &str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') || line.starts_with('!') {
        return None;
    }
    let cut = line.find(|c: char| c == '=' || c == ':' || c.is_whitespace()).unwrap_or(line.len());
    let value = line[cut..].trim_start_matches(|c: char| c == '=' || c == ':' || c.is_whitespace());
    Some((index + 1, &line[..cut], value))
}

/// Why a line cannot be passed over.
fn refused(key: &str, value: &str) -> Option<String> {
    match key {
        "livy.server.auth.type" if !value.is_empty() && value != "none" => Some(format!(
            "{key}: Hearth does not know `{value}`; callers show who they are by tokens (auth.require_token)"
        )),
        "livy.keystore" if !value.is_empty() => Some(format!("{key}: TLS takes PEM files here (tls.cert and tls.key)")),
        _ => None,
    }
}

/// Livy's time strings as ours: a bare number is milliseconds there.
fn time(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    if lower.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{lower}ms");
    }
    match lower.strip_suffix("us").and_then(|number| number.trim().parse::<u64>().ok()) {
        Some(micros) => format!("{}ms", micros / 1_000),
        None => lower,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_livy_conf_holds_where_nothing_else_says_otherwise() {
        let mut raw = RawConfig::default();
        let variables = [("HEARTH_LIVY_SQL_ROWS".to_owned(), "7".to_owned())];
        raw.read_environment(variables.into_iter());
        let lines = "# comment\nlivy.rsc.sql.num-rows = 5\nlivy.server.csrf-protection.enabled=true\n\
                     livy.server.session.timeout 90000\nlivy.server.session.timeout-check.skip-busy: false\n\
                     livy.server.session.ttl = 8h\nlivy.server.port = 9000\nlivy.repl.enable-hive-context = false\n\
                     livy.superusers = ada, bob\n";
        raw.read_livy_lines("livy.conf", lines);
        let config = Config::resolve(raw).unwrap();
        assert_eq!((config.livy.sql_rows, config.livy.csrf_header, config.livy.busy_times_out), (7, true, true));
        assert_eq!(config.livy.idle_timeout, Some(std::time::Duration::from_secs(90)));
        assert_eq!(config.livy.ttl, None);
        assert_eq!(config.livy.superusers, ["ada", "bob"]);
        assert_eq!(config.http_address.port(), 9000);
    }

    #[test]
    fn what_cannot_be_passed_over_is_a_mistake_with_its_line() {
        let mut raw = RawConfig::default();
        raw.read_livy_lines("livy.conf", "\nlivy.server.auth.type = kerberos\nlivy.keystore = a.jks\n");
        let mistakes: Vec<_> = raw.mistakes.iter().map(ToString::to_string).collect();
        assert!(mistakes[1].starts_with("livy.conf:2: livy.server.auth.type"), "{mistakes:?}");
        assert!(mistakes[0].contains("tls.cert"), "{mistakes:?}");
    }
}
