//! What is built, read off the dispatch itself: an arm that goes to `unsupported` is not built, one that goes to the
//! module `refused` is refused by Spark as well. So the page cannot say something else than the code does.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Unsupported,
    /// As Spark does.
    Refused,
    Built,
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
/// arrow, or on the first line of its block, is a call of `unsupported`.
pub fn coverage_of(kind: &'static str, prefix: &str, source: &str) -> Vec<Coverage> {
    let mut rows = Vec::new();
    let mut lines = source.lines().map(str::trim_start).peekable();
    while let Some(line) = lines.next() {
        let (Some(arm), Some((_, action))) = (line.strip_prefix(prefix), line.split_once("=>")) else { continue };
        let name: String = arm.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        let action = match action.trim() {
            "{" => lines.peek().copied().unwrap_or_default(),
            action => action,
        };
        let status = if action.starts_with("unsupported(") || action.starts_with("self.unbuilt_") {
            Status::Unsupported
        } else if action.starts_with("refused::") {
            Status::Refused
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
    fn what_stands_behind_the_arrow_decides() {
        let source = "X::A => unsupported(\"a\"),\nX::B { b } => {\n    refused::b(b).await\n}\nX::C => {\n    c();\n";
        let rows = coverage_of("x", "X::", source);
        let found: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.status)).collect();
        assert_eq!(found, [("A", Status::Unsupported), ("B", Status::Refused), ("C", Status::Built)]);
    }

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
