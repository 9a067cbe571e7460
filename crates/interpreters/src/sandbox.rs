//! Puts a launch into bubblewrap: the machine read-only, a private `/tmp`, own process numbers, and of the server's
//! folders only what the interpreter needs.
//!
//! Not `--die-with-parent`: interpreters outlive the server. The network is shared, since the server is reached over it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hearth_base::Result;
use hearth_base::condition::INTERPRETER_MISSING;

use crate::settings::{InterpreterSettings, Sandbox};
use crate::spawn::{Launch, find_program};

/// Folders below hidden ones that must be seen all the same.
pub(crate) struct Visible {
    /// The private folder, which is written to.
    pub(crate) private: PathBuf,
    pub(crate) read: Vec<PathBuf>,
}

pub(crate) fn wrap(settings: &InterpreterSettings, launch: Launch, visible: &Visible) -> Result<Launch> {
    match settings.sandbox {
        Sandbox::None => Ok(launch),
        Sandbox::Bubblewrap => {
            let program = find_program("bwrap").ok_or_else(|| {
                INTERPRETER_MISSING
                    .with("kind", "of all languages (interpreter.sandbox is bubblewrap)")
                    .with("missing", "bwrap")
                    .with("command", "apt-get install bubblewrap")
            })?;
            let args = arguments(settings, &launch, visible);
            Ok(Launch { program, args, ..launch })
        }
    }
}

fn arguments(settings: &InterpreterSettings, launch: &Launch, visible: &Visible) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut add =
        |words: &[&dyn AsRef<std::ffi::OsStr>]| args.extend(words.iter().map(|word| word.as_ref().to_owned()));
    add(&[&"--ro-bind", &"/", &"/", &"--dev", &"/dev", &"--unshare-pid", &"--unshare-ipc", &"--proc", &"/proc"]);
    add(&[&"--tmpfs", &"/tmp"]);
    for hidden in settings.hidden.iter().chain([&settings.folder]) {
        add(&[&"--tmpfs", hidden]);
    }
    for path in visible.read.iter().filter(|path| is_hidden(settings, path)) {
        add(&[&"--ro-bind", path, path]);
    }
    let current = launch.current_folder(&visible.private);
    add(&[&"--bind", &visible.private, &visible.private, &"--chdir", &current]);
    add(&[&"--", &launch.program]);
    args.extend(launch.args.iter().cloned());
    args
}

fn is_hidden(settings: &InterpreterSettings, path: &Path) -> bool {
    let folders = settings.hidden.iter().chain([&settings.folder]).map(PathBuf::as_path);
    folders.chain([Path::new("/tmp")]).any(|folder| path.starts_with(folder))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_bound_again_where_it_is_needed() {
        let settings = InterpreterSettings {
            folder: "/data/interpreters".into(),
            hidden: vec!["/data".into()],
            sandbox: Sandbox::Bubblewrap,
            ..InterpreterSettings::default()
        };
        let launch = Launch { program: "/usr/bin/python3".into(), args: vec!["-c".into()], ..Launch::default() };
        let visible = Visible {
            private: "/data/interpreters/1".into(),
            read: vec!["/data/interpreters/programs".into(), "/usr/lib/python3".into()],
        };
        let args: Vec<String> =
            arguments(&settings, &launch, &visible).into_iter().map(|arg| arg.into_string().unwrap()).collect();
        let text = args.join(" ");
        let end = "--tmpfs /tmp --tmpfs /data --tmpfs /data/interpreters --ro-bind /data/interpreters/programs \
                   /data/interpreters/programs --bind /data/interpreters/1 /data/interpreters/1 --chdir \
                   /data/interpreters/1 -- /usr/bin/python3 -c";
        assert!(text.ends_with(end), "{text}");
        assert!(!text.contains("die-with-parent"));
    }
}
