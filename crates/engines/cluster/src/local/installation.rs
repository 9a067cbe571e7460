//! Finds a whole Spark and a Java, and says what to install when one is missing.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::LocalSparkSettings;

/// Importing pyspark takes a moment on a cold disk.
const LOOK_TIMEOUT: Duration = Duration::from_secs(30);
const FOLDER_OF_PYSPARK: &str =
    "import importlib.util as u, os; s = u.find_spec('pyspark'); print(os.path.dirname(s.origin) if s else '')";

/// What is needed to start a Spark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    pub(super) spark_home: PathBuf,
    /// `None` leaves it to the path.
    pub(super) java_home: Option<PathBuf>,
    /// The one that was asked for, as a path where it could be found.
    pub(super) python: PathBuf,
    /// Spark 4 and later, which carry the server in their own jars.
    pub(super) has_connect: bool,
}

impl Installation {
    pub(super) async fn find(settings: &LocalSparkSettings) -> Result<Self, String> {
        let java_home = java_home(settings.java.as_deref())?;
        let python = on_path(&settings.python).unwrap_or_else(|| settings.python.clone());
        let spark_home = match &settings.spark_home {
            Some(folder) => folder.clone(),
            None => pyspark(&python).await?,
        };
        let has_connect = has_connect(&spark_home)?;
        if !has_connect && !brings_connect(&settings.conf) {
            return Err(format!(
                "the Spark in {} has no Spark Connect server among its jars: use Spark 4 or later, or add it with \
                 `spark.jars.packages`",
                spark_home.display()
            ));
        }
        Ok(Self { spark_home, java_home, python, has_connect })
    }
}

async fn pyspark(python: &Path) -> Result<PathBuf, String> {
    let shown = python.display();
    let install = format!("install it with `{shown} -m pip install 'pyspark[connect]'`");
    let mut command = Command::new(python);
    command.args(["-c", FOLDER_OF_PYSPARK]).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LOOK_TIMEOUT, command.output())
        .await
        .map_err(|_| format!("`{shown}` did not answer within {LOOK_TIMEOUT:?}"))?
        .map_err(|error| format!("`{shown}` cannot be run ({error}): name a Python that has pyspark"))?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || folder.is_empty() {
        return Err(format!("`{shown}` has no pyspark: {install}"));
    }
    if !Path::new(&folder).join("jars").is_dir() {
        return Err(format!("the pyspark of `{shown}` is only a client, without Spark's jars: {install}"));
    }
    Ok(PathBuf::from(folder))
}

/// Whether Spark's own jars hold the server. An error when there are none.
fn has_connect(spark_home: &Path) -> Result<bool, String> {
    let jars = spark_home.join("jars");
    let entries = std::fs::read_dir(&jars)
        .map_err(|error| format!("{} is no Spark: {}: {error}", spark_home.display(), jars.display()))?;
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.any(|name| name.starts_with("spark-connect_") && name.ends_with(".jar")))
}

fn brings_connect(conf: &[(String, String)]) -> bool {
    let places = ["spark.jars.packages", "spark.jars"];
    conf.iter().any(|(name, value)| places.contains(&name.as_str()) && value.contains("spark-connect"))
}

/// Where Spark's own scripts are to look for Java.
fn java_home(java: Option<&Path>) -> Result<Option<PathBuf>, String> {
    const INSTALL: &str = "Spark 4 needs Java 17 or 21: install it, with `apt-get install openjdk-17-jre-headless` say";
    if let Some(java) = java {
        let found = on_path(java).ok_or_else(|| format!("there is no Java at {}. {INSTALL}", java.display()))?;
        let real = found.canonicalize().map_err(|error| format!("{}: {error}", found.display()))?;
        return match real.parent().filter(|folder| folder.ends_with("bin")).and_then(Path::parent) {
            Some(home) => Ok(Some(home.to_owned())),
            None => Err(format!("{} is not the `bin/java` of a Java", real.display())),
        };
    }
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    match home {
        Some(home) if home.join("bin/java").is_file() => Ok(Some(home)),
        Some(home) => Err(format!("JAVA_HOME is {}, where there is no `bin/java`. {INSTALL}", home.display())),
        None if on_path(Path::new("java")).is_some() => Ok(None),
        None => Err(format!("there is no Java on the path and no JAVA_HOME. {INSTALL}")),
    }
}

fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return Some(program.to_owned()).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn what_is_missing_is_told_with_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        let java = program(folder.path(), "jdk/bin/java", "#!/bin/sh\n");
        let settings =
            |python: PathBuf| LocalSparkSettings { python, java: Some(java.clone()), ..LocalSparkSettings::default() };
        let missing = Installation::find(&settings(folder.path().join("no/python"))).await.unwrap_err();
        assert!(missing.contains("cannot be run"), "{missing}");
        let without = program(folder.path(), "py0", "#!/bin/sh\necho\n");
        let error = Installation::find(&settings(without)).await.unwrap_err();
        assert!(error.contains("has no pyspark") && error.contains("pip install"), "{error}");
        let client = program(folder.path(), "py1", &format!("#!/bin/sh\necho {}\n", folder.path().display()));
        let error = Installation::find(&settings(client.clone())).await.unwrap_err();
        assert!(error.contains("only a client"), "{error}");
        std::fs::create_dir(folder.path().join("jars")).unwrap();
        let error = Installation::find(&settings(client.clone())).await.unwrap_err();
        assert!(error.contains("no Spark Connect server"), "{error}");
        program(folder.path(), "jars/spark-connect_2.13-4.2.0.jar", "");
        let found = Installation::find(&settings(client)).await.unwrap();
        assert_eq!(found.spark_home, folder.path());
        assert_eq!(found.java_home, Some(folder.path().join("jdk").canonicalize().unwrap()));
        let no_java = LocalSparkSettings { java: Some(folder.path().join("no/java")), ..LocalSparkSettings::default() };
        let error = Installation::find(&no_java).await.unwrap_err();
        assert!(error.contains("no Java") && error.contains("apt-get install"), "{error}");
    }
}
