//! The patterns of `SHOW … LIKE` (`StringUtils.filterPattern`): alternatives between `|`, `*` for anything, the rest a
//! regular expression, all without case.

use regex::{Regex, RegexBuilder};

/// A name must match one of the alternatives as a whole. Alternatives that are no regular expression match nothing.
#[derive(Debug)]
pub struct Pattern(Option<Vec<Regex>>);

impl Pattern {
    /// `None` matches all names.
    pub fn new(text: Option<&str>) -> Self {
        Self(text.map(|text| text.trim().split('|').filter_map(alternative).collect()))
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

    #[test]
    fn stars_bars_and_classes() {
        let names = ["t1", "t2", "other", "T3"];
        let find = |text: &str| -> Vec<&str> {
            let pattern = Pattern::new(Some(text));
            names.into_iter().filter(|name| pattern.matches(name)).collect()
        };
        assert_eq!(find("t*"), ["t1", "t2", "T3"]);
        assert_eq!(find("t1|other"), ["t1", "other"]);
        assert_eq!(find("t[12]"), ["t1", "t2"]);
        assert_eq!(find("("), [""; 0]);
        assert!(Pattern::new(None).matches("anything"));
    }
}
