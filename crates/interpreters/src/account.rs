//! Users of the operating system that an interpreter may run as.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use hearth_base::Result;
use hearth_base::condition::INTERPRETER_REFUSED;
use tokio::process::Command;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// Looks the user up as the system does (files, directory services).
    pub(crate) async fn find(name: &str) -> Result<Self> {
        let refused = |message: String| INTERPRETER_REFUSED.with("message", message);
        if !rustix::process::geteuid().is_root() {
            return Err(refused(format!("code can run as the user `{name}` only when the server runs as root")));
        }
        if name.starts_with('-') {
            return Err(refused(format!("`{name}` is not a user's name")));
        }
        let found =
            Command::new("getent").args(["passwd", name]).stdin(Stdio::null()).kill_on_drop(true).output().await;
        let line = match found {
            Ok(found) => String::from_utf8_lossy(&found.stdout).into_owned(),
            Err(_) => fs::read_to_string("/etc/passwd").unwrap_or_default(),
        };
        Self::from_lines(&line, name)
            .ok_or_else(|| refused(format!("there is no user `{name}` on this machine, or it is root")))
    }

    /// Root is nobody's user to run code as.
    fn from_lines(lines: &str, name: &str) -> Option<Self> {
        let fields: Vec<&str> =
            lines.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
        let uid = fields.get(2)?.parse().ok().filter(|uid| *uid != 0)?;
        Some(Self { name: name.to_owned(), uid, gid: fields.get(3)?.parse().ok()? })
    }

    /// Whether the account can pass all folders on the way to `path`. Blocks.
    pub(crate) fn can_reach(&self, path: &Path) -> Result<()> {
        let closed = path.ancestors().skip(1).find(|folder| {
            fs::metadata(folder).is_ok_and(|metadata| {
                let mode = metadata.permissions().mode();
                let bit = if metadata.uid() == self.uid {
                    0o100
                } else if metadata.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                mode & bit == 0
            })
        });
        let Some(closed) = closed else { return Ok(()) };
        let message = format!(
            "the user `{}` cannot pass the folder {} of the server (chmod o+x lets it)",
            self.name,
            closed.display()
        );
        Err(INTERPRETER_REFUSED.with("message", message))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_and_root_is_none() {
        let lines = "root:x:0:0::/root:/bin/sh\nada:x:1001:1002:Ada:/home/ada:/bin/sh\n";
        let ada = Account { name: "ada".to_owned(), uid: 1001, gid: 1002 };
        assert_eq!(Account::from_lines(lines, "ada"), Some(ada));
        assert_eq!(Account::from_lines(lines, "root"), None);
        assert_eq!(Account::from_lines(lines, "ad"), None);
    }
}
