//! `SET`, `RESET`, `SET TIME ZONE`.

use hearth_base::Result;
use hearth_base::condition::{INVALID_CONF_VALUE_TIME_ZONE, SET_VARIABLE_USING_SET};
use hearth_plan::Expr;
use hearth_plan::identifier::quote;
use hearth_types::Value;

use super::insert::evaluate;
use super::rows::{Column, table, text};
use crate::config::{TIME_ZONE, catalogue};
use crate::run::Rows;
use crate::session::EmbeddedSession;

const PAIR: [Column; 2] = [text("key"), text("value")];
const MICROS_PER_SECOND: i64 = 1_000_000;

fn pair(key: &str, value: &str) -> Result<Rows> {
    table(&PAIR, vec![vec![key.into(), value.into()]])
}

pub fn set(session: &EmbeddedSession, key: &str, value: &str) -> Result<Rows> {
    if session.state.read().variables.contains_key(&key.to_lowercase()) {
        return Err(SET_VARIABLE_USING_SET.with("variableName", quote(&[key.to_owned()])));
    }
    session.state.write().config.set(key, value)?;
    pair(key, value)
}

/// `SET`, `SET -v`, `SET key`
pub fn show(session: &EmbeddedSession, key: Option<&String>, verbose: bool) -> Result<Rows> {
    let state = session.state.read();
    let config = &state.config;
    match key {
        Some(key) if key == TIME_ZONE => pair(key, config.time_zone()),
        Some(key) => pair(key, config.get(key).unwrap_or("<undefined>")),
        None if verbose => {
            let rows = catalogue::all().map(|entry| {
                let value = config.get(entry.key).unwrap_or("<undefined>");
                vec![entry.key.into(), value.into(), effect_of(entry.key).into(), "".into()]
            });
            table(&[text("key"), text("value"), text("meaning"), text("Since version")], rows.collect())
        }
        None => {
            let pairs = config.overrides().iter();
            table(&PAIR, pairs.map(|(key, value)| vec![key.as_str().into(), value.as_str().into()]).collect())
        }
    }
}

fn effect_of(key: &str) -> &'static str {
    let found = crate::config::effect::EFFECTS.iter().find(|(known, _)| *known == key);
    found.map_or("kept, without effect", |(_, effect)| effect)
}

pub fn reset(session: &EmbeddedSession, key: Option<&String>) -> Result<()> {
    let mut state = session.state.write();
    match key {
        Some(key) => state.config.unset(key),
        None => {
            state.config.reset();
            Ok(())
        }
    }
}

/// `SET TIME ZONE 'Europe/Paris' | LOCAL | INTERVAL …`; local is UTC here.
pub async fn set_time_zone(session: &EmbeddedSession, zone: Option<&Expr>) -> Result<Rows> {
    let Some(expr) = zone else { return set(session, TIME_ZONE, "Etc/UTC") };
    let zone = match evaluate(session, expr.clone()).await? {
        Value::String(zone) => zone.to_string(),
        Value::DayTimeInterval { microseconds, .. } => offset(microseconds),
        Value::CalendarInterval { months: 0, days: 0, microseconds } => offset(microseconds),
        other => {
            let text = format!("{other:?}");
            return Err(INVALID_CONF_VALUE_TIME_ZONE.with("confName", TIME_ZONE).with("confValue", text));
        }
    };
    set(session, TIME_ZONE, &zone)
}

/// `+10:00`, with seconds if there are any.
fn offset(microseconds: i64) -> String {
    let seconds = (microseconds / MICROS_PER_SECOND).abs();
    let sign = if microseconds < 0 { '-' } else { '+' };
    let text = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 == 0 { text } else { format!("{text}:{:02}", seconds % 60) }
}
