//! Starts a process as `PROTOCOL.md` says: own session, own folder, and an environment without anything of the server's.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::account::Account;
use crate::folder::Folder;
use crate::processes::ID_VARIABLE;
use crate::settings::InterpreterSettings;

/// Of the server's environment, besides what settings name.
const INHERITED: [&str; 4] = ["PATH", "LANG", "LC_ALL", "TZ"];

/// What is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// Beside what every interpreter gets.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Whether `home/` is its current folder from the start, and not the private folder.
    pub(crate) starts_at_home: bool,
}

impl Launch {
    /// The folder that it starts in.
    pub(crate) fn current_folder(&self, private: &Path) -> PathBuf {
        if self.starts_at_home { private.join("home") } else { private.to_owned() }
    }
}

/// `setsid` of util-linux or busybox: a session of its own without `unsafe` between fork and exec. It becomes the
/// program, under the same process number.
static SETSID: LazyLock<Option<PathBuf>> = LazyLock::new(|| find_program("setsid"));

/// Looks for a program on the path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The environment of an interpreter.
pub(crate) fn environment(settings: &InterpreterSettings, id: &str, folder: &Folder) -> Vec<(OsString, OsString)> {
    let names = INHERITED.iter().copied().chain(settings.environment.iter().map(String::as_str));
    let mut variables: Vec<(OsString, OsString)> =
        names.filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?))).collect();
    variables.push(("HOME".into(), folder.home().into()));
    variables.push(("TMPDIR".into(), folder.temporary().into()));
    variables.push((ID_VARIABLE.into(), id.into()));
    variables.push(("HEARTH_ORPHAN_TIMEOUT".into(), seconds(settings.orphan_timeout).into()));
    variables
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

/// Starts it in the folder, with output going to the logs. Blocks, and needs the runtime.
pub(crate) fn spawn(launch: &Launch, folder: &Folder, account: Option<&Account>) -> io::Result<Child> {
    let mut command = match SETSID.as_ref() {
        Some(setsid) => {
            let mut command = std::process::Command::new(setsid);
            command.arg(&launch.program);
            command
        }
        None => {
            let mut command = std::process::Command::new(&launch.program);
            command.process_group(0);
            command
        }
    };
    command
        .args(&launch.args)
        .env_clear()
        .envs(launch.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(launch.current_folder(folder.path()))
        .stdin(Stdio::null())
        .stdout(folder.open_log(&folder.stdout(), account)?)
        .stderr(folder.open_log(&folder.stderr(), account)?);
    if let Some(account) = account {
        // Given a user, the standard library leaves the server's supplementary groups behind too.
        command.uid(account.uid).gid(account.gid);
    }
    Command::from(command).spawn()
}
