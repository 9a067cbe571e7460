//! The settings of Livy's door, of interpreters, and of what browsers may do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth_interpreters::{InterpreterSettings, Sandbox};
use hearth_kit::BrowserGuard;
use hearth_livy::LivySettings;

use super::{Values, names};
use crate::config::Mistake;

impl Values {
    pub(super) fn browser(&mut self) -> BrowserGuard {
        let address: std::net::SocketAddr = self.get("http.address");
        BrowserGuard {
            allowed_hosts: self.list("http.allowed_hosts"),
            allowed_origins: self.list("http.allowed_origins"),
            loopback: address.ip().is_loopback(),
        }
    }

    pub(super) fn livy(&mut self) -> LivySettings {
        // It was read with the other sources, where it counts least.
        self.get::<Option<PathBuf>>("livy.conf_file");
        LivySettings {
            sql_rows: self.get("livy.sql_rows"),
            retained_statements: self.positive("livy.retained_statements"),
            retained_output: self.get("livy.retained_output"),
            max_waiting: self.positive("livy.max_waiting"),
            max_sessions: self.positive("livy.max_sessions"),
            max_starting: self.positive("livy.max_starting"),
            idle_timeout: self.span("livy.idle_timeout"),
            busy_times_out: self.get("livy.busy_times_out"),
            ttl: self.span("livy.ttl"),
            state_retention: self.get("livy.state_retention"),
            statement_timeout: self.span("livy.statement_timeout"),
            log_lines: self.positive("livy.log_lines"),
            max_upload: self.get("livy.max_upload"),
            csrf_header: self.get("livy.csrf_header"),
            security_headers: self.get("livy.security_headers"),
            ignore_unknown_fields: self.choice("livy.unknown_fields", &["refuse", "ignore"]) == "ignore",
            impersonation: self.get("livy.impersonation"),
            run_as_proxy_user: self.get("livy.run_as_proxy_user"),
            superusers: self.list("livy.superusers"),
            access_control: self.get("livy.access_control"),
            allowed_users: self.list("livy.allowed_users"),
            modify_users: self.list("livy.modify_users"),
            view_users: self.list("livy.view_users"),
            local_folders: self.list("livy.local_folders").into_iter().map(PathBuf::from).collect(),
            conf_refused: self.list("livy.conf_refused"),
            spark_submit: self.get("livy.spark_submit"),
            spark_master: self.get("livy.spark_master"),
            recovery: self.get("livy.recovery"),
            authenticated: self.get("auth.require_token"),
        }
    }

    pub(super) fn interpreters(&mut self, data_dir: &Path) -> InterpreterSettings {
        let sandbox = self.choice("interpreter.sandbox", &["none", "bubblewrap"]);
        InterpreterSettings {
            folder: data_dir.join("interpreters"),
            python: self.program("interpreter.python", "python3"),
            r: self.program("interpreter.r", "Rscript"),
            java: self.get("interpreter.java"),
            spark_home: self.get("interpreter.spark_home"),
            pool: self.get("interpreter.pool"),
            pool_at_start: self.get("interpreter.pool_at_start"),
            memory: self.get("interpreter.memory"),
            processes: self.positive("interpreter.processes"),
            max_output: self.get("interpreter.max_output"),
            cancel_grace: self.get("interpreter.cancel_grace"),
            start_timeout: self.get("interpreter.start_timeout"),
            orphan_timeout: self.get("interpreter.orphan_timeout"),
            environment: self.list("interpreter.environment"),
            sandbox: Sandbox::from_name(&sandbox).unwrap_or(Sandbox::None),
            hidden: vec![data_dir.to_owned()],
            log_size: self.get("interpreter.log_size"),
            session_requirements: self.get("interpreter.session_requirements"),
            requirements_timeout: self.get("interpreter.requirements_timeout"),
        }
    }

    /// Names that commas separate.
    fn list(&mut self, name: &'static str) -> Vec<String> {
        names(&self.get::<String>(name))
    }

    /// A span of time that 0 switches off.
    fn span(&mut self, name: &'static str) -> Option<Duration> {
        Some(self.get::<Duration>(name)).filter(|span| !span.is_zero())
    }

    fn program(&mut self, name: &'static str, default: &str) -> PathBuf {
        self.get::<Option<PathBuf>>(name).unwrap_or_else(|| PathBuf::from(default))
    }

    /// One of a few words.
    fn choice(&mut self, name: &'static str, words: &[&str]) -> String {
        let word: String = self.get(name);
        if !words.contains(&word.as_str()) {
            let origin = self.raw.values.get(name).map(|given| given.origin.clone());
            let message = format!("{name}: `{word}` is none of: {}", words.join(", "));
            self.raw.mistakes.push(Mistake { origin, message });
        }
        word
    }
}
