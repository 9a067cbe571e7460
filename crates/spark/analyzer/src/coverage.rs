//! What is built, read off the dispatch itself: an arm that goes to `unsupported` is not built. So the page cannot say
//! something else than the code does.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Built,
    Unsupported,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// `relation`, `expression`, `command`, `catalog`
    pub kind: &'static str,
    /// The name of the plan's node.
    pub name: String,
    pub status: Status,
}

/// Relations and expressions. Commands and catalog operations are the engine's: `coverage_of` reads its dispatch.
pub fn coverage() -> Vec<Coverage> {
    let mut rows = coverage_of("relation", "Node::", include_str!("relation.rs"));
    rows.extend(coverage_of("expression", "ExprNode::", include_str!("expression.rs")));
    rows
}

/// The arms of a dispatch: `Prefix::Name … => …`, one after the other. An arm is unsupported when what stands behind its
/// arrow is a call of `unsupported`.
pub fn coverage_of(kind: &'static str, prefix: &str, source: &str) -> Vec<Coverage> {
    let mut rows = Vec::new();
    for line in source.lines().map(str::trim_start) {
        let (Some(arm), Some((_, action))) = (line.strip_prefix(prefix), line.split_once("=>")) else { continue };
        let name: String = arm.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        let action = action.trim_start();
        let status = if action.starts_with("unsupported(") || action.starts_with("self.unbuilt_") {
            Status::Unsupported
        } else {
            Status::Built
        };
        rows.push(Coverage { kind, name, status });
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_read_off_the_dispatch() {
        let rows = coverage();
        let status =
            |kind: &str, name: &str| rows.iter().find(|row| row.kind == kind && row.name == name).map(|row| row.status);
        assert_eq!(status("relation", "Join"), Some(Status::Built));
        assert_eq!(status("relation", "MapPartitions"), Some(Status::Unsupported));
        assert_eq!(status("expression", "Window"), Some(Status::Built));
        assert_eq!(status("expression", "TypedAggregate"), Some(Status::Unsupported));
        assert!(rows.iter().filter(|row| row.kind == "relation").count() >= 70);
    }
}
