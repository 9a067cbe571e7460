//! The compiled program and the archive of its classes, made once for these sources, jars and this Java:
//! `cache/scala-<hash>/` below the folder of the interpreters.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use hearth_base::Result;
use hearth_core::interpreter::Language;
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::recipe::{Recipe, Words};
use super::{Parts, heap};
use crate::host::Shared;
use crate::instance::{blocking, interrupted};
use crate::programs;
use crate::start::start_error;

const PROGRAM: &str = "interpreter.jar";
const ARCHIVE: &str = "classes.jsa";
/// Says that there is no archive that works here, so that it is not tried at every start.
const NO_ARCHIVE: &str = "no-archive";
/// For one step: a minute on a machine that does nothing else.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Of what a step wrote, what an error shows.
const LAST_LINES: usize = 10;

pub(super) struct Compiled {
    pub(super) folder: PathBuf,
}

impl Compiled {
    fn program(&self) -> PathBuf {
        self.folder.join(PROGRAM)
    }

    pub(super) fn archive(&self) -> Option<PathBuf> {
        Some(self.folder.join(ARCHIVE)).filter(|archive| archive.is_file())
    }

    /// The program comes before Spark's jars.
    pub(super) fn class_path(&self, parts: &Parts) -> Vec<PathBuf> {
        [self.program()].into_iter().chain(parts.jars.iter().cloned()).collect()
    }
}

/// The compiled program; compiles it unless it is there.
pub(super) async fn compiled(shared: &Shared, recipe: &Recipe, parts: &Parts, sources: &Path) -> Result<Compiled> {
    let (jars, java) = (parts.jars.clone(), parts.java_version.clone());
    let hash = blocking(move || key(&jars, &java)).await.ok_or_else(interrupted)?;
    let hash = hash.map_err(|error| start_error(Language::Scala, error))?;
    let compiled = Compiled { folder: shared.settings.folder.join("cache").join(format!("scala-{hash}")) };
    if compiled.program().is_file() {
        return Ok(compiled);
    }
    let _one = shared.preparing.lock().await;
    if compiled.program().is_file() {
        return Ok(compiled);
    }
    let step = Step::new(&compiled)?;
    let output = step.folder.join(PROGRAM);
    let words = Words {
        java: &parts.java,
        jars: &parts.jars,
        heap: &heap(shared),
        archive: None,
        output: Some(&output),
        sources: &sources_in(&sources.join("src")),
    };
    step.run(recipe.expand(&recipe.compile, &words)).await?;
    fs::rename(&output, compiled.program()).map_err(|error| start_error(Language::Scala, error))?;
    let current = compiled.folder.clone();
    blocking(move || remove_others(&current)).await;
    Ok(compiled)
}

/// Makes the archive, and tries it: a Java may crash on one.
pub(super) async fn train(shared: &Shared, recipe: &Recipe, parts: &Parts, compiled: &Compiled) -> Result<()> {
    let refused = compiled.folder.join(NO_ARCHIVE);
    let _one = shared.preparing.lock().await;
    if compiled.archive().is_some() || refused.exists() {
        return Ok(());
    }
    let step = Step::new(compiled)?;
    let archive = step.folder.join(ARCHIVE);
    let words = Words {
        java: &parts.java,
        jars: &compiled.class_path(parts),
        heap: &heap(shared),
        archive: Some(&archive),
        output: None,
        sources: &[],
    };
    let trained = async {
        step.run(recipe.expand(&recipe.train, &words)).await?;
        step.run(recipe.expand(&recipe.verify, &words)).await?;
        fs::rename(&archive, compiled.folder.join(ARCHIVE)).map_err(|error| start_error(Language::Scala, error))
    };
    let trained = trained.await;
    if trained.is_err() {
        // What cannot be noted is tried again.
        let _ = fs::write(refused, "");
    }
    trained
}

/// Removes what was compiled from other sources or jars. A JVM that runs from it holds its files open. Blocks.
fn remove_others(current: &Path) {
    let siblings = current.parent().map(fs::read_dir).into_iter().flatten().flatten().flatten();
    let is_other =
        |entry: &fs::DirEntry| entry.path() != current && entry.file_name().to_string_lossy().starts_with("scala-");
    for other in siblings.filter(is_other) {
        if let Err(error) = fs::remove_dir_all(other.path()) {
            tracing::warn!(folder = %other.path().display(), %error, "an old program stays behind");
        }
    }
}

/// All that the compiled program depends on. Blocks.
fn key(jars: &[PathBuf], java: &str) -> io::Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(programs::hash_of("scala/"));
    hasher.update(java);
    for jar in jars {
        let metadata = fs::metadata(jar)?;
        hasher.update(format!("\n{} {} {}", jar.display(), metadata.size(), metadata.mtime()));
    }
    Ok(programs::short(hasher))
}

/// Every source file, sorted.
fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "scala") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A folder that one step works in, removed with all that is left in it.
struct Step {
    folder: PathBuf,
}

impl Step {
    fn new(compiled: &Compiled) -> Result<Self> {
        let folder = compiled.folder.join(format!("partial-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).map_err(|error| start_error(Language::Scala, error))?;
        Ok(Self { folder })
    }

    async fn run(&self, argv: Vec<OsString>) -> Result<()> {
        let failed = |message: String| start_error(Language::Scala, message);
        let mut argv = argv.into_iter();
        let program = argv.next().unwrap_or_default();
        let inherited = ["PATH", "LANG", "LC_ALL", "TZ"].into_iter();
        let output = Command::new(program)
            .args(argv)
            .env_clear()
            .envs(inherited.filter_map(|name| Some((name, std::env::var_os(name)?))))
            .env("HOME", &self.folder)
            .env("TMPDIR", &self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(LIMIT, output)
            .await
            .map_err(|_| failed(format!("preparing it takes longer than {LIMIT:?}")))?
            .map_err(|error| failed(format!("preparing it: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        Err(failed(format!("preparing it fails ({}):\n{last}", output.status)))
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "a folder stays behind");
        }
    }
}
