//! R: base R with reticulate, over the Python that sessions use. The process that speaks the protocol is Python; R is
//! its child.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use hearth_base::Result;

use super::{Program, python};
use crate::check::{self, Missing};
use crate::host::Shared;
use crate::spawn::find_program;
use crate::start::Origin;

const KIND: &str = "sparkr";
const COMMAND: &str = "apt-get install r-base-core r-cran-reticulate r-cran-jsonlite";
/// Says the version of R and which packages are there.
const FACTS: &str = r#"cat(as.character(getRversion()), nzchar(system.file(package = "reticulate")), nzchar(system.file(package = "jsonlite")))"#;

pub(crate) async fn check(shared: &Shared, with: &Path) -> std::result::Result<String, Missing> {
    let missing = |missing: String| Missing { kind: KIND, missing, command: COMMAND.to_owned() };
    let r = find_program(&shared.settings.r.to_string_lossy())
        .ok_or_else(|| missing(format!("R ({} is not found)", shared.settings.r.display())))?;
    let said = check::ask(&r, &["--vanilla", "-e", FACTS]).await.map_err(missing)?;
    let words: Vec<&str> = said.split_whitespace().collect();
    let [version, reticulate, jsonlite] = words[..] else { return Err(missing(format!("R that runs ({said})"))) };
    let packages = [("reticulate", reticulate), ("jsonlite", jsonlite)];
    let lacking: Vec<&str> = packages.iter().filter(|(_, there)| *there != "TRUE").map(|(name, _)| *name).collect();
    if !lacking.is_empty() {
        return Err(missing(format!("R's packages {}", lacking.join(", "))));
    }
    let parts = python::lacking(shared, with, KIND).await?;
    if !parts.shared {
        let missing = format!("a shared library of Python {}, which R loads", parts.version);
        let version: Vec<&str> = parts.version.split('.').take(2).collect();
        let command = format!("apt-get install libpython{}", version.join("."));
        return Err(Missing { kind: KIND, missing, command });
    }
    Ok(format!("R {version} with reticulate, and Python {} ({})", parts.version, parts.executable.display()))
}

pub(crate) async fn program(shared: &Shared, origin: &Origin) -> Result<Program> {
    let mut program = python::program(shared, origin).await?;
    let folder = shared.programs().await?;
    program.launch.args = vec![folder.join("r").join("main.py").into()];
    let set = |name: &str, value: OsString| (OsString::from(name), value);
    let python = program.launch.program.clone();
    program.launch.environment.push(set("RETICULATE_PYTHON", python.into()));
    program.launch.environment.push(set("PYTHONPATH", folder.join("python").into()));
    program.launch.environment.extend(path(&shared.settings.r).map(|path| set("PATH", path)));
    Ok(program)
}

/// The path with the folder of an R that is not on it in front.
fn path(r: &Path) -> Option<OsString> {
    let folder = r.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([folder.to_owned()].into_iter().chain(env::split_paths(&path))).ok()
}
