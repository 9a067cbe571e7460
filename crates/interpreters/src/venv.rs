//! Python packages of a session: a virtual environment over the session's Python, kept for the next session that wants
//! the same.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use hearth_base::condition::INTERPRETER_REFUSED;
use hearth_base::{Error, Result};
use hearth_core::interpreter::Language;
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::folder::Folder;
use crate::host::Shared;
use crate::instance::{blocking, interrupted};
use crate::languages::python;
use crate::processes::{self, ID_VARIABLE};
use crate::settings::InterpreterSettings;
use crate::start::{Origin, start_error};
use crate::{log, programs};

/// Of pip's last lines, what an error shows.
const LAST_LINES: usize = 5;
/// In an environment that is whole.
const COMPLETE: &str = "hearth-complete";
/// Environments that are kept; those that were not used for longest go.
const KEPT: usize = 16;
/// What pip needs of the server's environment to reach its index.
const PIP_VARIABLES: [&str; 11] = [
    "PATH",
    "LANG",
    "LC_ALL",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
];

/// The requirements in the text of a setting: separated by commas or lines, where a comma before a comparison and in
/// brackets belongs to the requirement.
pub(crate) fn parse(settings: &InterpreterSettings, text: &str) -> Result<Vec<String>> {
    let refused = |message: String| INTERPRETER_REFUSED.with("message", message);
    let mut requirements = vec![String::new()];
    let mut depth = 0;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            '\n' => {
                requirements.push(String::new());
                continue;
            }
            ',' if depth == 0 => {
                while characters.next_if(|next| *next == ' ').is_some() {}
                if !characters.peek().is_some_and(|next| "<>=!~".contains(*next)) {
                    requirements.push(String::new());
                    continue;
                }
            }
            _ => {}
        }
        if let Some(last) = requirements.last_mut() {
            last.push(character);
        }
    }
    let mut requirements: Vec<String> = requirements.iter().map(|one| one.trim().to_owned()).collect();
    requirements.retain(|one| !one.is_empty() && !one.starts_with('#'));
    if let Some(option) = requirements.iter().find(|one| one.starts_with('-')) {
        return Err(refused(format!("`{option}` is not a requirement but an option of pip")));
    }
    if !requirements.is_empty() && !settings.session_requirements {
        return Err(refused("sessions may not name requirements (interpreter.session_requirements)".to_owned()));
    }
    Ok(requirements)
}

impl Origin {
    /// The environment that its Python is in, if it is one of ours.
    pub(crate) fn venv_folder(&self) -> Option<PathBuf> {
        let is_ours = !self.requirements.is_empty();
        is_ours.then(|| self.python.ancestors().nth(2).map(Path::to_owned)).flatten()
    }
}

/// The Python of an environment with the origin's requirements, made unless it is there.
pub(crate) async fn prepare(shared: &Shared, origin: &Origin, place: (&str, &Folder)) -> Result<PathBuf> {
    let failed = |message: String| start_error(Language::Python, message);
    let parts = python::parts(shared, &origin.python).await.map_err(failed)?;
    let folder = shared.settings.folder.join("venvs").join(key(origin, &parts.executable, &parts.version));
    let made = folder.join("bin").join("python");
    // Two sessions that want the same make it once.
    let _one = shared.preparing.lock().await;
    if folder.join(COMPLETE).exists() {
        // Its time says when it was used last. What cannot be noted counts as not used.
        let _ = fs::write(folder.join(COMPLETE), "");
        return Ok(made);
    }
    let (fresh, account) = (folder.clone(), origin.account.clone());
    let cleared = blocking(move || clear(&fresh, account.as_ref())).await.ok_or_else(interrupted)?;
    cleared.map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    let step = |args: Vec<OsString>| Step { shared, origin, place, program: PathBuf::new(), args };
    let venv = ["-m", "venv", "--system-site-packages"].map(OsString::from);
    let mut create = step(venv.into_iter().chain([folder.clone().into()]).collect());
    create.program = parts.executable;
    create.run().await?;
    // A venv made from a venv sees the packages of the system and not those of the venv it came from.
    let site = folder.join("lib").join(format!("python{}", minor(&parts.version))).join("site-packages");
    let parents: Vec<String> = parts.site.iter().map(|path| path.display().to_string()).collect();
    fs::write(site.join("hearth-parent.pth"), parents.join("\n"))
        .map_err(|error| failed(format!("{}: {error}", site.display())))?;
    let pip = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"];
    let args = pip.map(OsString::from).into_iter().chain(origin.requirements.iter().map(OsString::from));
    let mut install = step(args.collect());
    install.program = made.clone();
    install.run().await?;
    fs::write(folder.join(COMPLETE), "").map_err(|error| failed(error.to_string()))?;
    let all = shared.settings.folder.join("venvs");
    blocking(move || prune(&all, KEPT)).await;
    Ok(made)
}

fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn key(origin: &Origin, executable: &Path, version: &str) -> String {
    let mut hasher = Sha256::new();
    let account = origin.account.as_ref().map(|account| account.name.as_str()).unwrap_or_default();
    let mut requirements = origin.requirements.clone();
    requirements.sort();
    for part in [executable.to_string_lossy().as_ref(), version, account, &requirements.join("\n")] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    programs::short(hasher)
}

/// An empty folder of the account's own.
fn clear(folder: &Path, account: Option<&crate::account::Account>) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    account.map_or(Ok(()), |account| std::os::unix::fs::chown(folder, Some(account.uid), Some(account.gid)))
}

/// Removes the environments that were not used for longest, but for those that a process runs from. Blocks.
fn prune(folder: &Path, kept: usize) {
    let all = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let used = |path: &Path| fs::metadata(path.join(COMPLETE)).and_then(|metadata| metadata.modified()).ok();
    let mut all: Vec<_> = all.filter_map(|path| Some((used(&path)?, path))).collect();
    all.sort_by(|one, other| other.cmp(one));
    let surplus: Vec<PathBuf> = all.into_iter().skip(kept).map(|(_, path)| path).collect();
    if surplus.is_empty() {
        return;
    }
    let commands = processes::command_lines();
    for path in surplus {
        let program = path.join("bin").to_string_lossy().into_owned();
        let is_used = commands.iter().any(|command| command.contains(&program));
        if !is_used && let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(folder = %path.display(), %error, "an old environment stays behind");
        }
    }
}

/// A program that is run while the environment is made. Its output goes to the session's log.
struct Step<'a> {
    shared: &'a Shared,
    origin: &'a Origin,
    place: (&'a str, &'a Folder),
    program: PathBuf,
    args: Vec<OsString>,
}

impl Step<'_> {
    async fn run(self) -> Result<()> {
        let (id, folder) = self.place;
        let limit = self.shared.settings.requirements_timeout;
        let failed = |message: String| start_error(Language::Python, message);
        let mut command = self.command().map_err(|error| failed(error.to_string()))?;
        let mut child = command.spawn().map_err(|error| failed(format!("{}: {error}", self.program.display())))?;
        // The session's id is in its environment, so whatever it starts is found.
        let kill = Kill(Some(id.to_owned()));
        let status = tokio::time::timeout(limit, child.wait()).await;
        kill.now().await;
        match status {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(self.error(folder, status)),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => {
                let text =
                    format!("installing its packages takes longer than {limit:?} (interpreter.requirements_timeout)");
                Err(failed(text))
            }
        }
    }

    fn command(&self) -> std::io::Result<Command> {
        let (id, folder) = self.place;
        let account = self.origin.account.as_ref();
        let mut command = Command::new(&self.program);
        let pip = |name: &str| name.starts_with("PIP_") || PIP_VARIABLES.contains(&name);
        command
            .args(&self.args)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(pip)))
            .env("HOME", folder.home())
            .env("TMPDIR", folder.temporary())
            .env(ID_VARIABLE, id)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(folder.open_log(&folder.stdout(), account)?)
            .stderr(folder.open_log(&folder.stderr(), account)?)
            .process_group(0)
            .kill_on_drop(true);
        if let Some(account) = account {
            command.uid(account.uid).gid(account.gid);
        }
        Ok(command)
    }

    fn error(&self, folder: &Folder, status: ExitStatus) -> Error {
        let lines = [folder.stdout(), folder.stderr()].map(|path| log::tail(&path, LAST_LINES)).concat();
        start_error(Language::Python, format!("its packages cannot be installed ({status}):\n{}", lines.join("\n")))
    }
}

/// Kills what a step left, also when the step is given up.
struct Kill(Option<String>);

impl Kill {
    /// Waits for it: what is started next carries the same id.
    async fn now(mut self) {
        if let Some(id) = self.0.take() {
            blocking(move || processes::kill_family(&id, None)).await;
        }
    }
}

impl Drop for Kill {
    fn drop(&mut self) {
        if let Some(id) = self.0.take() {
            // Not waited for: nothing is started in its place.
            drop(tokio::task::spawn_blocking(move || processes::kill_family(&id, None)));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        parse(&InterpreterSettings::default(), text).unwrap()
    }

    #[test]
    fn commas_of_a_requirement_stay_in_it() {
        assert_eq!(
            parsed("six, pandas>=1,<3,requests[socks,security]==2\n# no\n\nattrs"),
            ["six", "pandas>=1,<3", "requests[socks,security]==2", "attrs"]
        );
        assert!(parsed(" ").is_empty());
    }

    #[test]
    fn environments_that_nobody_uses_make_room() {
        let folder = tempfile::tempdir().unwrap();
        for (age, name) in ["newest", "newer", "old"].iter().enumerate() {
            let marker = folder.path().join(name).join(COMPLETE);
            fs::create_dir_all(marker.parent().unwrap()).unwrap();
            let used = std::time::SystemTime::now() - std::time::Duration::from_secs(60 * age as u64);
            fs::File::create(marker).unwrap().set_modified(used).unwrap();
        }
        prune(folder.path(), 2);
        let left = ["newest", "newer", "old"].map(|name| folder.path().join(name).exists());
        assert_eq!(left, [true, true, false]);
    }

    #[test]
    fn options_of_pip_are_no_requirements() {
        let error = parse(&InterpreterSettings::default(), "six,--index-url=http://x").unwrap_err();
        assert!(error.to_string().contains("--index-url"), "{error}");
        let settings = InterpreterSettings { session_requirements: false, ..InterpreterSettings::default() };
        assert!(parse(&settings, "six").is_err() && parse(&settings, "").is_ok());
    }
}
