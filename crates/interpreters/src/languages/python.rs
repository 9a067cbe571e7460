//! Python: any interpreter with the Spark Connect client of PySpark 4.

use std::path::{Path, PathBuf};

use hearth_base::Result;
use hearth_core::interpreter::Language;
use serde::Deserialize;

use super::Program;
use crate::check::{self, Missing};
use crate::host::Shared;
use crate::spawn::{Launch, find_program};
use crate::start::{Origin, start_error};

/// Says as JSON what this Python has, without importing it: that takes a second.
const FACTS: &str = r#"
import importlib.metadata, importlib.util, json, os, platform, sys, sysconfig
def there(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
def version(*packages):
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
spark = importlib.util.find_spec("pyspark")
home = os.path.dirname(spark.origin) if spark and spark.origin else None
modules = {"pandas": "pandas", "pyarrow": "pyarrow", "grpc": "grpcio", "grpc_status": "grpcio-status",
           "google.rpc": "googleapis-common-protos", "google.protobuf": "protobuf"}
missing = [package for module, package in modules.items() if not there(module)]
library = sysconfig.get_config_var("INSTSONAME") or ""
folders = [sysconfig.get_config_var(name) or "" for name in ("LIBDIR", "LIBPL")]
folders += [os.path.join(folder, sysconfig.get_config_var("MULTIARCH") or "") for folder in folders]
print(json.dumps({
    "version": platform.python_version(),
    "executable": sys.executable,
    "spark": version("pyspark", "pyspark-client", "pyspark-connect"),
    "home": home,
    "connects": bool(home) and os.path.isfile(os.path.join(home, "sql", "connect", "session.py")),
    "jars": bool(home) and os.path.isdir(os.path.join(home, "jars")),
    "missing": missing,
    "site": sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
    "prefixes": sorted({sys.prefix, sys.base_prefix}),
    "shared": ".so" in library and any(os.path.exists(os.path.join(folder, library)) for folder in folders),
}))
"#;

/// What a Python has.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PythonParts {
    pub(crate) version: String,
    pub(crate) executable: PathBuf,
    spark: Option<String>,
    pub(crate) home: Option<PathBuf>,
    connects: bool,
    /// Whether its PySpark is a whole Spark.
    pub(crate) jars: bool,
    missing: Vec<String>,
    pub(crate) site: Vec<PathBuf>,
    pub(crate) prefixes: Vec<PathBuf>,
    /// Whether R can load it.
    pub(crate) shared: bool,
}

impl PythonParts {
    fn lacks(&self) -> Option<String> {
        let is_old = self.spark.as_deref().is_some_and(|version| !is_new_enough(version));
        let mut missing = Vec::new();
        match &self.spark {
            Some(version) if is_old => missing.push(format!("pyspark 4 (there is {version})")),
            Some(_) | None if !self.connects => missing.push("pyspark 4".to_owned()),
            Some(_) | None => {}
        }
        missing.extend(self.missing.iter().cloned());
        (!missing.is_empty()).then(|| missing.join(", "))
    }

    /// The package that brings what is missing without taking away what is there.
    fn package(&self) -> &'static str {
        if self.jars { "pyspark[connect]==4.2.*" } else { "pyspark-client==4.2.*" }
    }

    fn describe(&self) -> String {
        let spark = self.spark.as_deref().unwrap_or("of unknown version");
        format!("Python {} with pyspark {spark} ({})", self.version, self.executable.display())
    }
}

fn is_new_enough(version: &str) -> bool {
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 4)
}

/// What this Python has; why it does not run, else. Looked up once while nothing is missing.
pub(crate) async fn parts(shared: &Shared, python: &Path) -> std::result::Result<PythonParts, String> {
    if let Some(parts) = shared.checks.pythons.lock().get(python) {
        return Ok(parts.clone());
    }
    let text = check::ask(python, &["-c", FACTS]).await?;
    let last = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    let parts: PythonParts = serde_json::from_str(last).map_err(|error| format!("{}: {error}", python.display()))?;
    if parts.lacks().is_none() {
        shared.checks.pythons.lock().insert(python.to_owned(), parts.clone());
    }
    Ok(parts)
}

pub(crate) async fn check(shared: &Shared, python: &Path) -> std::result::Result<String, Missing> {
    lacking(shared, python, "pyspark").await.map(|parts| parts.describe())
}

/// The parts of a Python that has all that sessions of this kind need of it.
pub(crate) async fn lacking(
    shared: &Shared,
    python: &Path,
    kind: &'static str,
) -> std::result::Result<PythonParts, Missing> {
    if find_program(&python.to_string_lossy()).is_none() {
        let missing = format!("a Python ({} is not found)", python.display());
        let command = "apt-get install python3 python3-venv python3-pip".to_owned();
        return Err(Missing { kind, missing, command });
    }
    let install = |package| format!("{} -m pip install '{package}'", python.display());
    match parts(shared, python).await {
        Ok(parts) => match parts.lacks() {
            None => Ok(parts),
            Some(missing) => Err(Missing { kind, missing, command: install(parts.package()) }),
        },
        Err(problem) => {
            let missing = format!("a Python that runs ({problem})");
            Err(Missing { kind, missing, command: install("pyspark-client==4.2.*") })
        }
    }
}

pub(crate) async fn program(shared: &Shared, origin: &Origin) -> Result<Program> {
    let failed = |problem| start_error(Language::Python, problem);
    let program = find_program(&origin.python.to_string_lossy())
        .ok_or_else(|| failed(format!("{} is not found", origin.python.display())))?;
    let parts = parts(shared, &origin.python).await.map_err(failed)?;
    let script = shared.programs().await?.join("python").join("hearth_interpreter");
    let launch = Launch { program, args: vec![script.into()], ..Launch::default() };
    let reads = parts.prefixes.iter().chain(&parts.site).cloned().chain(origin.venv_folder()).collect();
    Ok(Program { launch, reads })
}
