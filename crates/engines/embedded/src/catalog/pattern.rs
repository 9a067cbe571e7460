//! The patterns of `SHOW … LIKE`.
//!
//! Spark's (`StringUtils.filterPattern`): alternatives between `|`, `*` for anything, the rest a regular expression, all
//! without case. Drivers of SQL warehouses send these, and patterns of SQL as well: `%` for anything, `_` for one sign.

use hearth_sql::drivers;
use regex::{Regex, RegexBuilder};

/// A name must match one of the alternatives as a whole. Alternatives that are no regular expression match nothing.
#[derive(Debug)]
pub struct Pattern(Option<Vec<Regex>>);

impl Pattern {
    /// As Spark reads it. `None` matches all names.
    pub fn new(text: Option<&str>) -> Self {
        Self(text.map(|text| text.trim().split('|').filter_map(alternative).collect()))
    }

    /// As drivers mean it.
    pub fn of_driver(text: Option<&str>) -> Self {
        Self::new(text.map(drivers::spark_pattern).as_deref())
    }

    pub fn matches(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.is_match(name)))
    }
}

fn alternative(text: &str) -> Option<Regex> {
    let pattern = format!("^(?:{})$", text.replace('*', ".*"));
    RegexBuilder::new(&pattern).case_insensitive(true).size_limit(1 << 20).build().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn find(pattern: &Pattern) -> Vec<&'static str> {
        ["t1", "t2", "other", "T3", "t_1", "tx1"].into_iter().filter(|name| pattern.matches(name)).collect()
    }

    #[test]
    fn stars_bars_and_classes() {
        let find = |text: &str| find(&Pattern::new(Some(text)));
        assert_eq!(find("t*"), ["t1", "t2", "T3", "t_1", "tx1"]);
        assert_eq!(find("t1|other"), ["t1", "other"]);
        assert_eq!(find("t[12]"), ["t1", "t2"]);
        assert_eq!(find("("), [""; 0]);
        assert_eq!(find("t%"), [""; 0]);
        assert!(Pattern::new(None).matches("anything"));
    }

    #[test]
    fn drivers_write_patterns_of_sql_and_of_spark() {
        let find = |text: &str| find(&Pattern::of_driver(Some(text)));
        assert_eq!(find("t%"), ["t1", "t2", "T3", "t_1", "tx1"]);
        assert_eq!(find("%"), ["t1", "t2", "other", "T3", "t_1", "tx1"]);
        assert_eq!(find("t_"), ["t1", "t2", "T3"]);
        assert_eq!(find("t_1"), ["t_1", "tx1"]);
        assert_eq!(find("t_%1"), ["t_1", "tx1"]);
        assert_eq!(find("t\\_1"), ["t_1"]);
        assert_eq!(find("t.1"), ["t_1", "tx1"]);
        assert_eq!(find("t_*"), ["t_1"]);
        assert_eq!(find("other"), ["other"]);
    }
}
