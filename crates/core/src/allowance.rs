//! How much one engine or one principal may have at once, and what a refusal says of it.
//!
//! `WorkLimits` is what the settings say. An `Allowance` is the same with the name of the setting beside each number, so
//! that whoever is refused knows what to change.

use std::time::Duration;

use hearth_base::Error;
use hearth_base::condition::{LIMIT_EXCEEDED, OPERATION_TIMEOUT};

/// Limits of an engine, or of a principal; what is `None` is not limited here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkLimits {
    /// Open sessions.
    pub max_sessions: Option<usize>,
    /// Operations that run at once; more wait.
    pub max_running: Option<usize>,
    /// Operations that wait; more are refused.
    pub max_queued: Option<usize>,
    /// Plans and SQL run at most so long.
    pub statement_timeout: Option<Duration>,
}

/// A number and the setting that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    pub most: usize,
    /// `engines.spark.max_queued`
    pub setting: String,
}

/// A time after which work is stopped, and the setting that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeCap {
    pub after: Duration,
    pub setting: String,
}

/// Limits with their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    pub sessions: Option<Cap>,
    pub running: Option<Cap>,
    pub queued: Option<Cap>,
    pub timeout: Option<TimeCap>,
}

impl Cap {
    /// The refusal of one more.
    pub fn exceeded(&self, what: &str) -> Error {
        LIMIT_EXCEEDED.with("what", what).with("limit", &self.setting).with("value", self.most)
    }
}

impl TimeCap {
    /// The bound of a door, which the client knows as the operation's own.
    pub fn of_operation(after: Duration) -> Self {
        Self { after, setting: "its timeout".to_owned() }
    }

    /// What is said of work that ran longer.
    pub fn exceeded(&self) -> Error {
        let value = if self.after.subsec_nanos() == 0 {
            format!("{} s", self.after.as_secs())
        } else {
            format!("{:?}", self.after)
        };
        OPERATION_TIMEOUT.with("limit", &self.setting).with("value", value)
    }
}

impl Allowance {
    /// The limits of `owner`, which is the table of the settings: `engines.spark`.
    pub fn of(owner: &str, limits: &WorkLimits) -> Self {
        let cap = |most: Option<usize>, name: &str| most.map(|most| Cap { most, setting: format!("{owner}.{name}") });
        Self {
            sessions: cap(limits.max_sessions, "max_sessions"),
            // Without a place nothing would ever run.
            running: cap(limits.max_running.map(|most| most.max(1)), "max_running"),
            queued: cap(limits.max_queued, "max_queued"),
            timeout: limits
                .statement_timeout
                .map(|after| TimeCap { after, setting: format!("{owner}.statement_timeout") }),
        }
    }

    /// These limits, and `others` where these say nothing.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            sessions: self.sessions.or_else(|| others.sessions.clone()),
            running: self.running.or_else(|| others.running.clone()),
            queued: self.queued.or_else(|| others.queued.clone()),
            timeout: self.timeout.or_else(|| others.timeout.clone()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_setting_and_its_value() {
        let limits = WorkLimits { max_queued: Some(3), max_running: Some(0), ..WorkLimits::default() };
        let allowance = Allowance::of("engines.spark", &limits);
        let error = allowance.queued.unwrap().exceeded("The number of waiting operations");
        assert_eq!(error.text(), "The number of waiting operations is over engines.spark.max_queued (3).");
        assert_eq!(allowance.running.map(|cap| cap.most), Some(1), "none would be for ever");
        assert_eq!(allowance.sessions, None);
    }

    #[test]
    fn a_time_is_said_as_it_was_set() {
        let text = |after| TimeCap { after, setting: "principals.ada.statement_timeout".to_owned() }.exceeded().text();
        let named = "The operation ran longer than principals.ada.statement_timeout";
        assert_eq!(text(Duration::from_secs(90)), format!("{named} (90 s)."));
        assert_eq!(text(Duration::from_millis(250)), format!("{named} (250ms)."));
    }

    #[test]
    fn own_limits_come_first() {
        let one = |owner: &str, running, queued| {
            let limits = WorkLimits { max_running: running, max_queued: queued, ..WorkLimits::default() };
            Allowance::of(owner, &limits)
        };
        let merged = one("principals.ada", Some(2), None).or(&one("principals.*", Some(9), Some(9)));
        assert_eq!(merged.running.unwrap().setting, "principals.ada.max_running");
        assert_eq!(merged.queued.unwrap().setting, "principals.*.max_queued");
    }
}
