//! The log: to standard error, as text or JSON lines.

use std::io::IsTerminal;

use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

impl Format {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("log_format: `{text}` is neither text nor json")),
        }
    }
}

/// Starts logging. `directives` as in `tracing_subscriber::EnvFilter`.
pub fn start(directives: &str, format: Format) -> Result<()> {
    let filter = EnvFilter::try_new(directives).map_err(|error| anyhow!("the setting log does not read: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        Format::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => log.json().try_init(),
    };
    started.map_err(|error| anyhow!("the log does not start: {error}"))
}
